//! R6: Run failing tests first.
//!
//! What: while a session repairs failures it runs only the failing tests; the full suite runs
//! once, at the end. Where a human speaks in between, the work before has ended, and so has its
//! run: it stays.
//!
//! Why it should pay: a targeted run prints little, ends in seconds, and needs no polling.
//!
//! Formula: of the full-suite runs of a turn the last stays, and the first as well, because it
//! finds out what fails: only with the chance `known` somebody knew that before. The runs between
//! become targeted, those whose failures pass when they run alone only with the chance `alone`,
//! because a targeted run of them finds nothing to repair. Of a run that becomes targeted with the
//! chance p the output is (1 - p) t + p min(t, targeted), a share p of the calls that polled it
//! disappears, and the wait shrinks by p of what a targeted run is shorter. Sometimes the final
//! run fails after all: then one more full run is added.
//!
//! Source: order 774, recommendation R6 (issue 792): runs of 5-7 minutes against
//! 10-20 seconds. Its own account of session 2 says that the test passes in isolation.
//!
//! Lies: failures that only the full suite shows (parallel load, test order) are found later; the
//! extra run stands for them, not the longer repair. No transcript tells which failures pass
//! alone: there every failure is taken to show.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Chance, InsertedCall, Patch};
use crate::recording::{BlockMarks, CallMarks, Recording};
use std::ops::Range;

/// Failing tests first.
pub static R6: Intervention = Intervention::new(&CARD, build_patch);

/// How long a targeted run takes. Source: order 774 names 10-20 seconds. Confidence: J.
const TARGETED_MS: i64 = 15_000;

static CARD: ToggleCard = ToggleCard {
    id: "R6",
    title: "Run failing tests first",
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
        ParamSpec {
            key: "known",
            unit: ParamUnit::Chance,
            low: 0,
            mode: 5_000,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "the failing tests were known before the first full run",
            source: "a step before may have run the suite: order 774 counts test_check among the \
                     calls of its orchestrator and does not tell their order",
        },
        ParamSpec {
            key: "alone",
            unit: ParamUnit::Chance,
            low: 0,
            mode: 500,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "failures that are said to pass alone show in a targeted run",
            source: "a flaky test may fail alone as well; judgement, 2026-11",
        },
        ParamSpec {
            key: "compliance",
            unit: ParamUnit::BasisPoints,
            low: 5_000,
            mode: 8_600,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of runs at which the instruction is followed",
            source: "mode: the one intention with a number, 62 of 72 (R1); low and high: \
                     judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let mut kept = KeptRuns::default();
    let mut chances = RunChances {
        followed: PlaceShare::new(params, "compliance"),
        known: PlaceShare::new(params, "known"),
        alone: PlaceShare::new(params, "alone"),
    };
    for session in &recording.sessions {
        // One full run is the one that the fix keeps; there must be an earlier one to save.
        let runs: Vec<usize> =
            session.call_range().filter(|&at| support::is_full_suite_run(recording, at)).collect();
        let Some((&last, earlier)) = runs.split_last().filter(|(_, rest)| !rest.is_empty()) else {
            continue;
        };
        let mut is_first = true;
        for (k, &at) in earlier.iter().enumerate() {
            // Up to the next full run, everything is about this one.
            let until = runs[k + 1];
            // A person who speaks in between ends the repair, and with it its full run; the next
            // one is the first of another repair.
            let ends_repair = (at + 1..=until).any(|at| support::is_asked_by_person(recording, at));
            let finds_out = std::mem::replace(&mut is_first, ends_repair);
            if ends_repair {
                continue;
            }
            kept.count_run(recording, at, finds_out);
            let chance = chances.of_run(recording, at, finds_out);
            if chance > Chance::NEVER {
                patch.found_places += 1;
                make_targeted(recording, &mut patch, at..until, params, chance);
            }
        }
        // The final run fails after all and is made once more: with its whole output and its wait.
        let full: i64 = full_run_results(recording, last).map(|(_, tokens)| tokens).sum();
        for run in 0.. {
            let chance = params.chance_of_more_than("extra_runs", run);
            if chance == Chance::NEVER {
                break;
            }
            patch.insert_call(
                chance,
                InsertedCall {
                    after: last as u32,
                    input: full,
                    output: support::TOOL_USE_OUTPUT,
                    duration_ms: support::ms_until_next_call(recording, last),
                },
            );
        }
    }
    patch.notes.extend(kept.note());
    patch
}

/// How likely runs become targeted ones.
struct RunChances {
    followed: PlaceShare,
    known: PlaceShare,
    alone: PlaceShare,
}

impl RunChances {
    fn of_run(&mut self, recording: &Recording, at: usize, finds_out: bool) -> Chance {
        let mut chance = self.followed.next_at_call(recording, at);
        if finds_out {
            chance = chance.and(self.known.next_at_call(recording, at));
        }
        // A targeted run of failures that pass alone finds nothing: the full suite is run all the
        // same.
        if recording.calls[at].marks.contains(CallMarks::PASSES_ALONE) {
            chance = chance.and(self.alone.next_at_call(recording, at));
        }
        chance
    }
}

/// Runs before the last one of a repair that a targeted run may not stand for.
#[derive(Default)]
struct KeptRuns {
    earlier: u32,
    finders: u32,
    passing_alone: u32,
}

impl KeptRuns {
    fn count_run(&mut self, recording: &Recording, at: usize, finds_out: bool) {
        self.earlier += 1;
        if recording.calls[at].marks.contains(CallMarks::PASSES_ALONE) {
            self.passing_alone += 1;
        } else if finds_out {
            self.finders += 1;
        }
    }

    fn note(&self) -> Option<String> {
        let Self { earlier, finders, passing_alone } = self;
        (finders + passing_alone > 0).then(|| {
            let alone = match passing_alone {
                0 => String::new(),
                _ => format!(", {passing_alone} have failures that pass alone (`alone`)"),
            };
            format!(
                "of {earlier} runs before the last one {finders} find out what fails (`known`)\
                 {alone}"
            )
        })
    }
}

fn full_run_results(recording: &Recording, at: usize) -> impl Iterator<Item = (u32, i64)> {
    support::results_of_call(recording, at)
        .filter(|(_, block)| block.marks.contains(BlockMarks::TEST_RUN))
        .map(|(index, block)| (index, block.tokens))
}

/// Makes the run at the start of a range targeted, with a chance; up to the next run, which ends
/// the range, everything is about it.
fn make_targeted(
    recording: &Recording,
    patch: &mut Patch,
    range: Range<usize>,
    params: &ToggleParams,
    chance: Chance,
) {
    let (at, targeted) = (range.start, params.get("targeted"));
    // A run that printed less than a targeted one does not grow. What a context carries is linear
    // in the size of its blocks, so that the expected size stands for both cases.
    let shrunk = full_run_results(recording, at).filter(|(_, tokens)| *tokens > targeted);
    patch.replaced_blocks.extend(
        shrunk.map(|(index, tokens)| (index, tokens - chance.of_amount(tokens - targeted))),
    );
    // A run that ended sooner than a targeted one saves no time and costs none.
    let wait = support::ms_until_next_call(recording, at);
    if wait > TARGETED_MS {
        patch.saved_ms.push((at as u32, chance.of_amount(wait - TARGETED_MS)));
    }
    // The polls that follow the run, up to the next one, are about it.
    for poll in at + 1..range.end {
        if recording.calls[poll].marks.contains(CallMarks::POLL) {
            // `true`: here the work itself is shorter, so that the time of the polls goes with
            // them.
            patch.add_place(chance, support::poll_place(recording, poll, true));
        }
    }
}
