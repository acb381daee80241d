//! C1: Warm start of Codex.
//!
//! What: an agent that goes on in a session which it has told its skills does not tell them again:
//! the prompt of the packet leaves the `$skill` lines out, and with them the bodies that the
//! harness puts in their place.
//!
//! Why it should pay: skills are a good part of every prompt, and a prompt stays in the context of
//! every later call of its session.
//!
//! Formula: on every warm invocation the skills of t tokens enter with no call: saved are t
//! tokens of first input and t x (calls behind it in the session) of reads. An invocation is warm
//! if the one before of the same agent was in the same session. An agent keeps one record of
//! which session it has told: a packet of another root in between, in another session, breaks the
//! warmth although the session still knows. Reuse of sessions by root makes more of them warm.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08) and `eca8e3c` (2026-03-31): lines and bodies of
//! 7,051 characters for the controller (25,786 later), 4,300 to 13,000 for workers.
//!
//! Lies: whether the skills are the same is not seen: the cockpit compares a hash of their names,
//! and a packet of another kind may call for others. A session that was compacted since has lost
//! its skills and is warm all the same, here as there. If the invocation that told the skills is
//! not made (a fast-path), the next one leaves them out although nobody told them.

use super::support::packets::{active_invocations, recorded_warmth};
use super::{BuildGrade, EnvSetting, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{BlockMarks, Recording};

/// Warm bootstrap.
pub static C1: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_CODEX_WARM_START",
        default: "0",
        recommended: "1",
        what: "resume an agent's session and leave out the skills that it was told",
    }]);

static CARD: ToggleCard = ToggleCard {
    id: "C1",
    title: "Warm start of Codex",
    source: "exec budget, fix 1 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_CODEX_WARM_START=1",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let woken = active_invocations(recording);
    let mut cold = 0;
    for (one, warm) in woken.iter().zip(recorded_warmth(&woken)) {
        let skills: Vec<u32> = one
            .marked_prompt_blocks(recording, BlockMarks::SKILLS)
            .map(|(block, _)| block)
            .collect();
        if warm {
            // Warmth alone changes nothing: it lets toggles shrink what these calls bring.
            patch.warmed_calls.extend(one.calls_shrunk_by_warmth(recording));
            patch.found_places += u32::from(!skills.is_empty());
        } else {
            // The first prompt of a session is cold by nature and no loss.
            cold += u32::from(!skills.is_empty() && !one.opens_session(recording));
        }
        // Cold ones too: another toggle may make them warm.
        patch.replaced_if_warm.extend(skills.into_iter().map(|block| (block, 0)));
    }
    // Without skills there is nothing to leave out, and warmth alone is no finding.
    if patch.replaced_if_warm.is_empty() {
        return Patch::default();
    }
    if cold > 0 {
        patch.notes.push(format!(
            "{cold} invocations tell their skills again because the agent was in another \
             session in between"
        ));
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{PROMPTED, recording_from_lines};

    fn check(lines: &[&str], found: u32, warmed: &[u32]) {
        let recording = recording_from_lines(lines);
        let patch = C1.build_patch(&recording, &ToggleParams::modes_of_card(&CARD));
        assert_eq!((patch.found_places, &patch.warmed_calls[..]), (found, warmed), "{lines:?}");
        assert!(patch.replaced_if_warm.iter().all(|&(block, to)| {
            let block = &recording.blocks[block as usize];
            block.marks == BlockMarks::SKILLS && block.tokens == PROMPTED[0] && to == 0
        }));
        assert_eq!(patch.replaced_if_warm.len(), recording.invocations.len());
    }

    #[test]
    fn skills_are_told_once_a_session() {
        check(&["#a/U/r1 R1 - #a/D/r1/T:S -"], 1, &[2]);
        check(&["#a/U/r1 -", "#a/U/r1 -"], 0, &[]);
        check(&["#a/U/r1 - @100/#a/U/r1 -", "at=50 #a/U/r2 -"], 0, &[]);
        check(&["R1 -"], 0, &[]);
    }

    #[test]
    fn broken_warmth_is_told() {
        let recording = recording_from_lines(&["#a/U/r1 - @100/#a/U/r1 -", "at=50 #a/U/r2 -"]);
        let patch = C1.build_patch(&recording, &ToggleParams::modes_of_card(&CARD));
        assert!(patch.notes[0].starts_with("1 invocations"), "{:?}", patch.notes);
    }
}
