//! R7: Wait in background, do not poll.
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
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Chance, Patch};
use crate::recording::{CallMarks, Recording};

/// One background wait.
pub static R7: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R7",
    title: "Wait in background, do not poll",
    source: "order 774, R7 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "run_in_background for test runs, no sleep loops",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[
        ParamSpec {
            key: "keep",
            unit: ParamUnit::Count,
            low: 1,
            mode: 1,
            high: 2,
            asked: false,
            confidence: Confidence::Judgement,
            what: "polls of a loop that remain",
            source: "mode: one wait; high: the source's 22 polls, 20 fewer",
        },
        ParamSpec {
            key: "compliance",
            unit: ParamUnit::BasisPoints,
            low: 7_000,
            mode: 9_000,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of the other polls that disappear",
            source: "a mechanism and no intention: a run in the background wakes its session; \
                     judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // At least one poll stays: somebody has to see the result.
    let mut compliance = PlaceShare::new(params, "compliance");
    // A person's prompt ends a loop: what is waited for behind it is another matter.
    let runs = support::find_call_runs(recording, |at| {
        recording.calls[at].marks.contains(CallMarks::POLL)
    });
    for polls in runs {
        let keeps = |from_last: usize| params.chance_of_more_than("keep", from_last as i64);
        if keeps(polls.len() - 1) == Chance::SURE {
            continue;
        }
        // Places are polls and not loops, because the source counts polls (22, of which 20 go).
        patch.found_places += polls.len() as u32;
        // The last polls stay: they see how the work ended.
        for poll in polls.start..polls.end - 1 {
            let chance = compliance.next_at_call(recording, poll);
            let chance = chance.and(keeps(polls.end - 1 - poll).inverse());
            // `false`: the work takes as long as it did. So the gap before the kept poll grows, and
            // may outlive the cache, which is then written again.
            patch.add_place(chance, support::poll_place(recording, poll, false));
        }
    }
    patch
}
