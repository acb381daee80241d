//! N3: Measure again afterwards.
//!
//! What: after the rollout the routes are measured again over a window of the same length.
//!
//! Why it should pay: it does not pay by itself. It says whether the others did.
//!
//! Formula: tokens saved = 0. Success, says the source, is that tokens and invocations of the
//! controller's digests drop materially, and that the average of a digest decreases: told for each
//! agent, because a mix of two falls when the dearer one is switched off.
//!
//! Source: cockpit exec budget, next step 3: a day after the rollout.
//!
//! Lies: a day is not another day: fewer packets are no saving. Compare averages per invocation,
//! and totals only per packet sent. Measure the folders of all agents (see the home folder of each
//! agent), and with `windtunnel routes`: the old script loses the first count of every file and
//! counts forks twice (`--compat rollout-metrics` shows what it would have said).

use super::support::packets::{active_invocations, digests_by_agent};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// Measured again.
pub static N3: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "N3",
    title: "Measure again afterwards",
    source: "exec budget, step 3 (000_0d00219600a8c6bf.txt)",
    knob: "windtunnel routes --since DAY --until DAY, before and after",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // The average before the rollout is what the next measurement is held against: of one agent,
    // because the mix of two controllers falls when the dearer one is switched off.
    for (agent, (count, tokens)) in digests_by_agent(&active_invocations(recording), recording) {
        patch.found_places += u32::try_from(count).unwrap_or(u32::MAX);
        patch.notes.push(format!(
            "no tokens: the average to beat is {} tokens a digest of {agent}, of {count}",
            tokens / count
        ));
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{
        PROMPT, PROMPTED, SYSTEM, recording_from_lines,
    };

    #[test]
    fn the_average_to_beat_is_told() {
        let lines = ["#a/D/r1/T:S -", "#a/D/r1/T:S -", "#a/U/r1 -"];
        let patch =
            N3.build_patch(&recording_from_lines(&lines), &ToggleParams::modes_of_card(&CARD));
        let each = SYSTEM + PROMPT + PROMPTED.iter().sum::<i64>() + 30;
        assert!(patch.is_empty() && patch.found_places == 2);
        let told = format!("no tokens: the average to beat is {each} tokens a digest of a, of 2");
        assert_eq!(patch.notes, [told]);
    }
}
