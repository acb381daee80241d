//! R5: Check environment before tests.
//!
//! What: a test run that dies on its environment (a stale virtual environment, a missing module)
//! tests nothing. A check before the first run repairs the environment without the model.
//!
//! Why it should pay: the aborted run costs a round trip with the full context, and its output
//! stays.
//!
//! Formula: every aborted run disappears with its call, its command and its output: saved reads
//! are its context plus its blocks carried through the rest of the session.
//!
//! Source: order 774, recommendation R5 (issue 792): two aborted runs.
//!
//! Lies: the calls that repaired the environment by hand stay in the replay, because a recording
//! does not say which ones they were. The toggle is worth that much more where they exist.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{DroppedCall, Patch, PatchPlace};
use crate::recording::{BlockKind, BlockMarks, CallMarks, Recording};

/// Environment checked first.
pub static R5: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R5",
    title: "Check environment before tests",
    source: "order 774, R5 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "install-worktree: recreate the environment, check it before the first test run",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[ParamSpec {
        key: "prevented",
        unit: ParamUnit::BasisPoints,
        low: 5_000,
        mode: 10_000,
        high: 10_000,
        asked: false,
        confidence: Confidence::Judgement,
        what: "share of aborted runs that the check prevents",
        source: "mode: both of the source's aborts had the one cause that the fix removes",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let mut prevented = PlaceShare::new(params, "prevented");
    for (at, call) in recording.calls.iter().enumerate() {
        if !call.marks.contains(CallMarks::ABORTED_RUN) {
            continue;
        }
        // A place is counted before the share is taken: the table tells how many there were.
        patch.found_places += 1;
        let mut place = PatchPlace::default();
        // A call that did other work as well stays; only its run disappears.
        let only = support::blocks_of_call(recording, at)
            .filter(|(_, block)| block.kind == BlockKind::ToolInput)
            .all(|(_, block)| block.marks.contains(BlockMarks::ABORTED_RUN));
        if only {
            // Nobody waits for a run that is not made.
            place.dropped_calls.push(DroppedCall { call: at as u32, frees_time: true });
        }
        for (index, block) in support::blocks_of_call(recording, at) {
            let of_run = block.marks.contains(BlockMarks::ABORTED_RUN);
            if of_run && block.kind.is_output() || only && block.kind == BlockKind::Text {
                place.dropped_blocks.push(index);
            }
        }
        // The output enters with a later call, which stays.
        place.dropped_blocks.extend(
            support::results_of_call(recording, at)
                .filter(|(_, block)| block.marks.contains(BlockMarks::ABORTED_RUN))
                .map(|(index, _)| index),
        );
        patch.add_place(prevented.next_at_call(recording, at), place);
    }
    patch
}
