//! G1: One-hour prompt cache.
//!
//! What: every prompt is written to the one-hour cache instead of the five-minute one.
//!
//! Why it should pay: a pause of more than five minutes loses the whole context, and the next call
//! writes it again at the price of a write. On the one-hour tier it is read.
//!
//! Formula: with C the context behind a gap of 5 to 60 minutes, w5 and w1 the prices of a write to
//! either tier and r that of a read, each such gap saves C x (w5 - r); every written token costs
//! w1 - w5 more. At the usual prices (input p: r = 0.1 p, w5 = 1.25 p, w1 = 2 p) a session must
//! bridge gaps of 0.65 of all that it writes, or it pays more than before.
//!
//! Source: the provider's prompt-caching page and the harness's environment variables, 2026-08-22.
//! API keys and other clouds start on five minutes, subscriptions on one hour.
//!
//! Lies: a subagent stays on five minutes unless `subagentPromptCacheTtl` is set too; the replay
//! moves both. One in ten gaps of 6 to 60 minutes missed the one-hour cache in real transcripts;
//! the replay has them all hit. A session that wrote to both tiers is moved whole.

use super::{BuildGrade, Intervention, ToggleCard, ToggleParams, support};
use crate::plan::{Patch, SessionRules};
use crate::recording::{CacheTier, Recording};

/// One-hour cache.
pub static G1: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G1",
    title: "One-hour prompt cache",
    source: "provider's prompt-caching page, 2026-08-22",
    knob: "ENABLE_PROMPT_CACHING_1H=1; settings promptCacheTtl and subagentPromptCacheTtl",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    for (index, session) in support::sessions_with_calls(recording) {
        let calls = &recording.calls[session.call_range()];
        // A session that never wrote the five-minute tier gains nothing, whatever else it did.
        if calls.iter().any(|call| call.usage.write_5m > 0) {
            patch.found_places += 1;
            // The whole session moves, also what it wrote to the hour already.
            let tier = Some(CacheTier::OneHour);
            patch.session_rules.push((index, SessionRules { tier, ..SessionRules::default() }));
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], found: u32) {
        let patch = G1.build_patch(
            &support::test_recordings::recording_from_lines(lines),
            &ToggleParams::modes_of_card(&CARD),
        );
        assert_eq!(
            (patch.found_places, patch.session_rules.len()),
            (found, found as usize),
            "{lines:?}"
        );
        assert!(
            patch.session_rules.iter().all(|(_, rules)| rules.tier == Some(CacheTier::OneHour))
        );
    }

    #[test]
    fn only_sessions_on_five_minutes_move() {
        check(&["R1 -"], 1);
        check(&["tier=1h R1 -"], 0);
        check(&["tier=1h R1 -", "role=sub R1 -", ""], 1);
    }
}
