//! C5: Keep the app server running.
//!
//! What: one process of the harness stays up for an agent, instead of one process for every
//! attempt.
//!
//! Why it should pay: it does not pay in tokens. A process that stays up starts faster and scans
//! its state once; prompts, sessions and caches are the same.
//!
//! Formula: tokens saved = 0. Counted are the starts of a process: one an invocation before, one an
//! agent after.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08), worker: both engines are given the same prompt
//! and the same session to resume. The exec budget names process cold-starts only.
//!
//! Lies: the time of a cold start is not in a recording, so that none is saved.

use super::support::packets::active_invocations;
use super::{BuildGrade, EnvSetting, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// Persistent app-server.
pub static C5: Intervention = Intervention::new(&CARD, build_patch).with_env_settings(&[
    EnvSetting {
        name: "AGENTIC_CODEX_ENGINE",
        default: "exec",
        recommended: "app-server",
        what: "how the harness is run: a process for every attempt, or a server",
    },
    EnvSetting {
        name: "AGENTIC_CODEX_APP_SERVER_PERSIST",
        default: "1",
        recommended: "1",
        what: "keep the server of an agent up between packets",
    },
]);

static CARD: ToggleCard = ToggleCard {
    id: "C5",
    title: "Keep the app server running",
    source: "exec budget, fix 5 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_CODEX_ENGINE=app-server, .._APP_SERVER_PERSIST=1",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let woken = active_invocations(recording);
    let mut agents: Vec<&str> = woken.iter().map(|one| one.packet.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    // One start an invocation as recorded, one an agent after the fix.
    let (starts, processes) = (woken.len(), agents.len());
    // Every agent here was woken at least once, so that this is never negative.
    let found = u32::try_from(starts - processes).unwrap_or(u32::MAX);
    let note = format!("no tokens: {starts} starts of a process become {processes}");
    let notes = if found > 0 { vec![note] } else { Vec::new() };
    Patch { found_places: found, notes, ..Patch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    #[test]
    fn starts_of_processes_are_counted_and_no_token_moves() {
        let lines = ["#a/U/r1 - #a/D/r1/T:S -", "#b/E/r1 -", "-"];
        let patch =
            C5.build_patch(&recording_from_lines(&lines), &ToggleParams::modes_of_card(&CARD));
        assert!(patch.is_empty());
        assert_eq!(patch.found_places, 1);
        assert_eq!(patch.notes, ["no tokens: 3 starts of a process become 2"]);
    }
}
