//! R6: failing tests first, the full suite once.
//!
//! What: while a session repairs failures it runs only the failing tests; the full suite runs
//! once, at the end. Where a human speaks in between, the work before has ended, and so has its
//! run: it stays.
//!
//! Why it should pay: a targeted run prints little, ends in seconds, and needs no polling.
//!
//! Formula: of the full-suite runs of a turn all but the last become targeted: their output
//! becomes min(t, targeted), the calls that polled them disappear, and the wait shrinks to the
//! time of a targeted run. Sometimes the final run fails after all: then one more full run is
//! added.
//!
//! Source: order 774, recommendation R6 (issue 792): runs of 5-7 minutes against
//! 10-20 seconds.
//!
//! Lies: failures that only the full suite shows (parallel load, test order) are found later; the
//! extra run stands for them, not the longer repair.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams, support,
};
use crate::plan::{InsertedCall, Patch};
use crate::recording::{BlockMarks, CallMarks, Recording};

/// Failing tests first.
pub static R6: Intervention = Intervention::new(&CARD, build_patch);

/// How long a targeted run takes. Source: order 774 names 10-20 seconds. Confidence: J.
const TARGETED_MS: i64 = 15_000;

static CARD: ToggleCard = ToggleCard {
    id: "R6",
    title: "failing tests first, full suite once",
    source: "order 774, R6 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "resolve-failures skill: run the failing files until they pass, then the suite",
    grade: BuildGrade { effort: 3, risk: 2 },
    params: &[
        ParamSpec {
            key: "targeted",
            unit: ParamUnit::Tokens,
            low: 100,
            mode: 400,
            high: 1_500,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that a targeted run prints",
            source: "a few files instead of thousands of tests; judgement, 2026-11",
        },
        ParamSpec {
            key: "extra_runs",
            unit: ParamUnit::Count,
            low: 0,
            mode: 0,
            high: 1,
            asked: false,
            confidence: Confidence::Judgement,
            what: "full runs added per session because the final one failed",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let targeted = params.get("targeted");
    for session in &recording.sessions {
        // One full run is the one that the fix keeps; there must be an earlier one to save.
        let runs: Vec<usize> =
            session.call_range().filter(|&at| support::is_full_suite_run(recording, at)).collect();
        let Some((&last, earlier)) = runs.split_last().filter(|(_, rest)| !rest.is_empty()) else {
            continue;
        };
        for (k, &at) in earlier.iter().enumerate() {
            // Up to the next full run, everything is about this one.
            let until = runs[k + 1];
            // A person who speaks in between ends the repair, and with it its full run.
            if (at + 1..=until).any(|at| support::is_asked_by_person(recording, at)) {
                continue;
            }
            patch.found_places += 1;
            make_targeted(recording, &mut patch, at, until, targeted);
        }
        // The final run fails after all and is made once more: with its whole output and its wait.
        let full: i64 = full_run_results(recording, last).map(|(_, tokens)| tokens).sum();
        for _ in 0..params.get("extra_runs") {
            patch.inserted_calls.push(InsertedCall {
                after: last as u32,
                input: full,
                output: support::TOOL_USE_OUTPUT,
                duration_ms: support::ms_until_next_call(recording, last),
            });
        }
    }
    patch
}

fn full_run_results(recording: &Recording, at: usize) -> impl Iterator<Item = (u32, i64)> {
    support::results_of_call(recording, at)
        .filter(|(_, block)| block.marks.contains(BlockMarks::TEST_RUN))
        .map(|(index, block)| (index, block.tokens))
}

fn make_targeted(recording: &Recording, patch: &mut Patch, at: usize, until: usize, targeted: i64) {
    // A run that printed less than a targeted one does not grow.
    let shrunk = full_run_results(recording, at).filter(|(_, tokens)| *tokens > targeted);
    patch.replaced_blocks.extend(shrunk.map(|(index, _)| (index, targeted)));
    // A run that ended sooner than a targeted one saves no time and costs none.
    let wait = support::ms_until_next_call(recording, at);
    if wait > TARGETED_MS {
        patch.saved_ms.push((at as u32, wait - TARGETED_MS));
    }
    // The polls that follow the run, up to the next one, are about it.
    for poll in at + 1..until {
        if recording.calls[poll].marks.contains(CallMarks::POLL) {
            // `true`: here the work itself is shorter, so that the time of the polls goes with
            // them.
            support::drop_poll(recording, patch, poll, true);
        }
    }
}
