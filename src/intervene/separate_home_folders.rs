//! C7: Separate home folder per agent.
//!
//! What: every agent has a state folder of the harness to itself, instead of all sharing the
//! user's.
//!
//! Why it should pay: it does not pay in tokens. It keeps the index of one project's sessions out
//! of another's, and its error messages out of the panes.
//!
//! Formula: tokens saved = 0. The rollouts of the agents move to their own folders, so that a
//! measurement of the default folder afterwards finds fewer tokens, down to none at all: a drop
//! that nobody saved. Measure all folders, before and after.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08): `CODEX_HOME` of a worker is then a folder below
//! the bus; its metrics script reads `~/.codex/sessions` unless it is told another one.
//!
//! Lies: none in tokens. Credentials and settings have to be in each of the folders.

use super::support::packets::active_invocations;
use super::{BuildGrade, EnvSetting, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// One home folder an agent.
pub static C7: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_CODEX_HOME_MODE",
        default: "off",
        recommended: "agent",
        what: "a state folder for each agent; its rollouts move there, so measure all folders",
    }]);

static CARD: ToggleCard = ToggleCard {
    id: "C7",
    title: "Separate home folder per agent",
    source: "exec budget, fix 7 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_CODEX_HOME_MODE=agent",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let woken = active_invocations(recording);
    // What a measurement of the old folder alone would take for a saving.
    let tokens: i64 = woken.iter().map(|one| one.total_tokens(recording)).sum();
    let found = u32::try_from(woken.len()).unwrap_or(u32::MAX);
    let note = format!(
        "no tokens, a measuring trap: the rollouts of {found} invocations move out of the \
         default folder, where a new measurement would miss {tokens} tokens and show a false \
         drop"
    );
    let notes = if found > 0 { vec![note] } else { Vec::new() };
    Patch { found_places: found, notes, ..Patch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{
        PROMPT, PROMPTED, SYSTEM, recording_from_lines,
    };

    #[test]
    fn what_would_be_missed_is_named_and_nothing_is_saved() {
        let patch = C7.build_patch(
            &recording_from_lines(&["#a/U/r1 -", "-"]),
            &ToggleParams::modes_of_card(&CARD),
        );
        assert!(patch.is_empty() && patch.found_places == 1);
        let missed = SYSTEM + PROMPT + PROMPTED.iter().sum::<i64>() + 30;
        assert!(patch.notes[0].contains(&format!("miss {missed} tokens")), "{:?}", patch.notes);
        assert!(patch.notes[0].contains("measuring trap"));
    }
}
