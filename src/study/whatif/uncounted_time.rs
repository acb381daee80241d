//! Time that toggles would free and that the clock does not count: said, so that nobody takes none
//! for nothing.
//!
//! Prose that is not written takes no time to write, but the pass moves no call for it. A poll loop
//! that becomes one wait hears of the end at once, where the last look came late: the wait itself
//! stays as it was recorded. MODEL.md, "Clock".

use super::savings::PipelineTotals;
use crate::intervene::TOKEN_MS;
use crate::plan::Patch;
use crate::recording::{CallMarks, Recording};

/// How long a poll loop sleeps between two looks: a look comes late by half of it on average.
/// Source: issue 792, `sleep 60`, 2026-04-12. Confidence: M.
const POLL_SLEEP_MS: i64 = 60_000;

/// Why a toggle would free time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UncountedCause {
    /// Output that is not written, so many tokens.
    UnwrittenOutput(i64),
    /// The end of what poll loops wait for is heard of at once, so many loops.
    PollLoops(i64),
}

/// Time that a toggle would free and that is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UncountedTime {
    /// The toggle, by number.
    pub toggle: usize,
    /// Why.
    pub cause: UncountedCause,
    /// How much, milliseconds.
    pub expected_ms: i64,
    /// At most, milliseconds.
    pub most_ms: i64,
}

/// What is not counted of toggles that move no time on the clock; `alone` are the totals with each.
pub(super) fn uncounted_times(
    recording: &Recording,
    patches: &[Patch],
    baseline: &PipelineTotals,
    alone: &[PipelineTotals],
    moves_time: impl Fn(usize) -> bool,
) -> Vec<UncountedTime> {
    let mut uncounted = Vec::new();
    for (toggle, (patch, totals)) in patches.iter().zip(alone).enumerate() {
        // A call that is dropped with its time takes the time of its words along.
        if moves_time(toggle) {
            continue;
        }
        let output = baseline.usage.output - totals.usage.output;
        let loops = poll_loops_shortened(recording, patch);
        if loops > 0 {
            let (cause, most_ms) = (UncountedCause::PollLoops(loops), loops * POLL_SLEEP_MS);
            // The work ends anywhere within the last sleep, so that half of it is the mean.
            uncounted.push(UncountedTime { toggle, cause, expected_ms: most_ms / 2, most_ms });
        } else if output > 0 {
            let (cause, ms) = (UncountedCause::UnwrittenOutput(output), output * TOKEN_MS);
            uncounted.push(UncountedTime { toggle, cause, expected_ms: ms, most_ms: ms });
        }
    }
    uncounted
}

/// Loops of polls of which some are dropped while somebody still waits.
fn poll_loops_shortened(recording: &Recording, patch: &Patch) -> i64 {
    let dropped = patch.all_dropped_calls().filter(|one| !one.frees_time);
    let polls = dropped
        .map(|one| one.call)
        .filter(|&call| recording.calls[call as usize].marks.contains(CallMarks::POLL));
    let mut polls: Vec<u32> = polls.collect();
    polls.sort_unstable();
    polls.dedup();
    // Polls that follow each other are one loop.
    polls.chunk_by(|one, next| one + 1 == *next).count() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::DroppedCall;
    use crate::reconstruct::{self, Lens};

    #[test]
    fn polls_that_follow_each_other_are_one_loop() {
        let reported = reconstruct::builtin_pipeline("order-774").unwrap();
        let recording = reconstruct::reconstruct(&reported, Lens::Message).unwrap().recording;
        let polls = |call: &usize| recording.calls[*call].marks.contains(CallMarks::POLL);
        let polls: Vec<usize> = (0..recording.calls.len()).filter(polls).collect();
        let drop_calls = |calls: &[usize], frees_time: bool| {
            let dropped =
                calls.iter().map(|&call| DroppedCall { call: call as u32, frees_time }).collect();
            let patch = Patch { dropped_calls: dropped, ..Patch::default() };
            poll_loops_shortened(&recording, &patch)
        };
        assert_eq!(drop_calls(&polls[..3], false), 1);
        assert_eq!(drop_calls(&[polls[0], polls[2]], false), 2);
        assert_eq!(drop_calls(&polls[..3], true), 0, "their time goes with them");
        assert_eq!(drop_calls(&[0], false), 0, "no poll");
    }
}
