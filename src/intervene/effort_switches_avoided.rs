//! G11: Keep effort fixed in a session.
//!
//! What: a session keeps the effort and thinking setting that it started with.
//!
//! Why it should pay: the setting belongs to the key of the cache. A switch loses the messages,
//! and the next call writes the whole conversation again.
//!
//! Formula: a switch before a call of context C and static prefix S saves C - S tokens written,
//! which are read instead.
//!
//! Which switches count: those that the importer marks because they alone broke the cache
//! (MODEL.md, "Marks"), while its entry was alive. A switch of the model is no effort switch: it
//! belongs to the toggle that chooses models.
//!
//! Source: the provider's prompt-caching page, 2026-08-22, and the harness's: effort is part of
//! the key. Thinking switches were seen to break the cache from version 2.1.12 up to 2.1.38.
//!
//! Lies: the effort that a switch asked for had a reason; that the calls behind it would have
//! thought more or less is not modelled. Setting the default by name changes nothing, yet may be
//! marked if the cache was lost at that moment.

use super::{BuildGrade, Intervention, ToggleCard, ToggleParams, support};
use crate::plan::Patch;
use crate::recording::{CallMarks, Recording};

/// No effort switches.
pub static G11: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G11",
    title: "Keep effort fixed in a session",
    source: "provider's prompt-caching page and the harness's, 2026-08-22",
    knob: "effort and thinking set before a session starts, no /effort in it",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let healed: Vec<u32> = support::sessions_with_calls(recording)
        .flat_map(|(_, session)| session.call_range().skip(1))
        .filter(|&at| {
            // Behind a wait longer than the lifetime the cache was lost in any case.
            let alive = recording.calls[at - 1].tier.ttl_ms();
            recording.calls[at].marks.contains(CallMarks::EFFORT_SWITCH)
                && support::gap_ms_after_call(recording, at - 1) < alive
        })
        .map(|at| at as u32)
        .collect();
    // Without its break a call reads what the one before it had cached.
    Patch { found_places: healed.len() as u32, healed_calls: healed, ..Patch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(line: &str, healed: &[u32]) {
        let patch =
            G11.build_patch(&recording_from_lines(&[line]), &ToggleParams::modes_of_card(&CARD));
        assert_eq!(
            (patch.found_places as usize, &patch.healed_calls[..]),
            (healed.len(), healed),
            "{line}"
        );
    }

    #[test]
    fn marked_switches_are_healed_and_nothing_else() {
        check("R1 *R2 - h*-", &[1, 3]);
        check("R1 ~R2 !- h-", &[]);
        check("R1 @299/*R2 -", &[1]);
        check("R1 @300/*R2 -", &[]);
    }
}
