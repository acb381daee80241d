//! The context of every call, session by session, and where its cache or the context itself is
//! lost.

use crate::plan::{Plan, Subset};
use crate::recording::Recording;
use crate::replay::{self, CallRow, Onset};
use crate::units::part_bp;
use std::cmp::Reverse;

/// A call misses the cache if it reads less than this share, in basis points, of what the call
/// before left there. Reads fall short either by a little (what a harness strips, the steps of an
/// automatic cache) or by nearly everything: on the transcripts that the cache law is tested with,
/// 2026-11-21, of 5,154 calls that go on from another 135 read less than nine tenths of it, 113 of
/// these less than half.
pub const HIT_BP: i64 = 9_000;

/// What is lost at a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Nothing.
    #[default]
    No,
    /// The cache, while the context goes on.
    Missed,
    /// The context, because it was compacted.
    Compacted,
}

/// One call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Its context, tokens.
    pub context: i64,
    /// What is lost at it.
    pub loss: Loss,
}

/// The sessions of a recording, those that read most first.
#[must_use]
pub fn by_reads(recording: &Recording) -> Vec<usize> {
    let read = |at: usize| -> i64 {
        recording.calls[recording.sessions[at].range()].iter().map(|call| call.usage.read).sum()
    };
    let mut order: Vec<usize> = (0..recording.sessions.len()).collect();
    order.sort_by_cached_key(|&at| (Reverse(read(at)), at));
    order
}

/// The calls of each session of a recording that are made under a subset, in order. Sessions that
/// only a toggle starts are left out.
#[must_use]
pub fn contexts(recording: &Recording, plan: &Plan, subset: Subset) -> Vec<Vec<Point>> {
    let mut by_session: Vec<Option<Vec<Point>>> = vec![None; recording.sessions.len()];
    let mut rows = replay::replay_rows(plan, subset).into_iter().peekable();
    for planned in &plan.sessions {
        let Some(last) = plan.runs[..planned.runs.end as usize].last() else { continue };
        let (mut points, mut before) = (Vec::new(), None);
        while let Some(row) = rows.next_if(|row| (row.row as usize) < last.range().end) {
            let context = row.outcome.usage.context();
            points.push(Point { context, loss: loss(before.as_ref(), &row) });
            before = Some(row);
        }
        // Sessions that a toggle starts stand behind the one that starts them.
        by_session[planned.session as usize].get_or_insert(points);
    }
    by_session.into_iter().map(Option::unwrap_or_default).collect()
}

/// What is lost at a call that follows another one of its session. A first call loses nothing.
pub(super) fn loss(before: Option<&CallRow>, row: &CallRow) -> Loss {
    let Some(before) = before else { return Loss::No };
    let usage = &row.outcome.usage;
    let promised = before.left.min(usage.context());
    match row.onset {
        Onset::Compacted => Loss::Compacted,
        Onset::GoesOn if part_bp(usage.read, promised) < HIT_BP && promised > 0 => Loss::Missed,
        Onset::GoesOn | Onset::StartsOver => Loss::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::CallOutcome;
    use crate::units::Usage;

    fn row(read: i64, rest: i64, onset: Onset) -> CallRow {
        let usage = Usage { read, write_5m: rest, ..Usage::default() };
        let outcome = CallOutcome { usage, hidden: 0, start_ms: 0 };
        CallRow { row: 0, outcome, band: 0, onset, left: usage.context() }
    }

    #[test]
    fn what_is_lost_is_told_apart() {
        let before = row(90_000, 10_000, Onset::GoesOn);
        for (read, rest, onset, expect) in [
            (100_000, 5_000, Onset::GoesOn, Loss::No),
            (90_000, 15_000, Onset::GoesOn, Loss::No),
            (89_990, 15_010, Onset::GoesOn, Loss::Missed),
            (0, 105_000, Onset::GoesOn, Loss::Missed),
            // A context that shrank cannot read more than itself.
            (40_000, 1_000, Onset::GoesOn, Loss::No),
            (20_000, 30_000, Onset::Compacted, Loss::Compacted),
            (0, 30_000, Onset::StartsOver, Loss::No),
        ] {
            assert_eq!(loss(Some(&before), &row(read, rest, onset)), expect, "{read} {onset:?}");
        }
        assert_eq!(loss(None, &row(0, 30_000, Onset::StartsOver)), Loss::No);
        // Nothing was left: nothing can be missed.
        let none = CallRow { left: 0, ..before };
        assert_eq!(loss(Some(&none), &row(0, 105_000, Onset::GoesOn)), Loss::No);
    }
}
