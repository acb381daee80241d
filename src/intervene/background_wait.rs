//! R7: one background wait instead of a poll loop.
//!
//! What: a session that waits for something slow looks again and again (`sleep 60`, `tail`, `ps`).
//! Started in the background, the work wakes the session once, when it is done.
//!
//! Why it should pay: every look re-reads the whole context and leaves its output behind.
//!
//! Formula: a run of m polling calls keeps k of them, the last ones, which see the result: saved
//! reads are about the sum of the contexts of the others. The wait itself stays: no time is saved,
//! and the gap before the call that sees the result grows by all the others. Beyond the cache
//! lifetime that call re-writes the whole context; on a five-minute cache a six-minute wait costs
//! one full re-write, on a one-hour cache nothing.
//!
//! Source: order 774, recommendation R7 (issue 792): 22 polling calls, 20 fewer.
//!
//! Lies: looks that found something to do and did it are not in a run of polls and stay.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::{CallMarks, Recording};

/// One background wait.
pub static R7: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R7",
    title: "one background wait for a poll loop",
    source: "order 774, R7 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "run_in_background for test runs, no sleep loops",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[ParamSpec {
        key: "keep",
        unit: ParamUnit::Count,
        low: 1,
        mode: 1,
        high: 2,
        asked: false,
        confidence: Confidence::Judgement,
        what: "polls of a loop that remain",
        source: "mode: one wait; high: the source's 22 polls, 20 fewer",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // At least one poll stays: somebody has to see the result.
    let keep = usize::try_from(params.get("keep")).unwrap_or(1).max(1);
    // A person's prompt ends a loop: what is waited for behind it is another matter.
    let runs = support::find_call_runs(recording, |at| {
        recording.calls[at].marks.contains(CallMarks::POLL)
    });
    for polls in runs {
        if polls.len() <= keep {
            continue;
        }
        // Places are polls and not loops, because the source counts polls (22, of which 20 go).
        patch.found_places += polls.len() as u32;
        // The last polls stay: they see how the work ended.
        for poll in polls.start..polls.end - keep {
            // `false`: the work takes as long as it did. So the gap before the kept poll grows, and
            // may outlive the cache, which is then written again.
            support::drop_poll(recording, &mut patch, poll, false);
        }
    }
    patch
}
