//! D1: Check agent roster at start.
//!
//! What: a cockpit whose roster has drifted from the canonical wiring of its controller does not
//! start, instead of patching the roster while it runs.
//!
//! Why it should pay: it does not pay in tokens. It keeps a second or misplaced controller from
//! being started unseen.
//!
//! Formula: tokens saved = 0. What a refused start would spare, the first context of a thread,
//! stands in a note: how many starts had drifted is published nowhere.
//!
//! Source: decisions log, 2026-02-23: dedicated `daddy-autopilot` entry, branch and folder.
//!
//! Lies: a second controller that it would have kept out is the matter of the toggle of one
//! controller, and is not counted here.

use super::support::packets::{active_invocations, cold_start_tokens, controller_agents};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// Roster validated at the start.
pub static D1: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "D1",
    title: "Check agent roster at start",
    source: "decisions log, 2026-02-23 (003_e0e226d26c810f23.txt)",
    knob: "VALUA_AUTOPILOT_DEDICATED_WORKTREE=1",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let woken = active_invocations(recording);
    let controllers = controller_agents(&woken);
    let cold = cold_start_tokens(recording, &woken, &controllers).map(|tokens| {
        format!(
            "a start that it refuses spares the cold start of a thread, {tokens} tokens; how many \
             starts had drifted is told nowhere"
        )
    });
    // Several controllers are what the check would have refused to start with.
    let (found, mut notes) = match &controllers[..] {
        [] => (0, Vec::new()),
        [only] => (1, vec![format!("no tokens: one controller, {only}")]),
        several => {
            let found = u32::try_from(several.len()).unwrap_or(u32::MAX);
            (found, vec![format!("no tokens: {found} controllers, {}", several.join(", "))])
        }
    };
    notes.extend(cold);
    Patch { found_places: found, notes, ..Patch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    #[test]
    fn controllers_are_named_and_no_token_moves() {
        let patch = D1.build_patch(
            &recording_from_lines(&["#b/D/r/T:S - #a/D/r/T:S -"]),
            &ToggleParams::modes_of_card(&CARD),
        );
        assert!(patch.is_empty() && patch.found_places == 2);
        assert_eq!(patch.notes[0], "no tokens: 2 controllers, a, b");
        assert!(patch.notes[1].ends_with("how many starts had drifted is told nowhere"));
    }
}
