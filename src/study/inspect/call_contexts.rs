//! The context of every call, session by session, and where its cache or the context itself is
//! lost.

use super::cache_misses::{self, MissCause};
use crate::plan::{Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay::{self, ContextOnset, ReplayedCall};
use crate::units::ratio_bp;
use std::cmp::Reverse;

/// A call misses the cache if it reads less than this share, in basis points, of what the call
/// before left there. Reads fall short either by a little (what a harness strips, the steps of an
/// automatic cache) or by nearly everything: on the transcripts that the cache law is tested with,
/// 2026-11-21, of 5,154 calls that go on from another 135 read less than nine tenths of it, 113 of
/// these less than half.
pub const HIT_BP: i64 = 9_000;

/// What is lost at a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContextLoss {
    /// Nothing.
    #[default]
    No,
    /// The cache, while the context goes on, and why.
    Missed(MissCause),
    /// The context, because it was compacted.
    Compacted,
}

/// One call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// Its number within its session as recorded, from 1; `None` of one that a toggle adds.
    pub number: Option<u32>,
    /// Its context, tokens.
    pub context: i64,
    /// What is lost at it.
    pub loss: ContextLoss,
}

/// The sessions of a recording, those that read most first.
#[must_use]
pub fn sessions_by_reads(recording: &Recording) -> Vec<usize> {
    let mut order: Vec<usize> = (0..recording.sessions.len()).collect();
    order.sort_by_cached_key(|&at| {
        let calls = &recording.calls[recording.sessions[at].call_range()];
        (Reverse(calls.iter().map(|call| call.usage.read).sum::<i64>()), at)
    });
    order
}

/// The calls of each session of a recording that are expected under a subset, in order, each as it
/// is where it is made. Sessions that only a toggle starts are left out.
#[must_use]
pub fn contexts_by_session(
    recording: &Recording,
    plan: &Plan,
    subset: ToggleSubset,
) -> Vec<Vec<CallContext>> {
    let mut by_session: Vec<Option<Vec<CallContext>>> = vec![None; recording.sessions.len()];
    let rows = replay::replay_calls(plan, subset);
    let mut rows = replay::expected_rows(plan, &rows).into_iter().peekable();
    for planned in &plan.sessions {
        let Some(last) = plan.runs[..planned.runs.end as usize].last() else { continue };
        let (mut points, mut before) = (Vec::new(), None);
        while let Some(row) = rows.next_if(|row| (row.row as usize) < last.row_range().end) {
            let context = row.as_made.context_tokens();
            let loss = explained_loss(recording, plan, before, row);
            let is_inserted = plan.event_of_row(&plan.rows[row.row as usize]).inserted_by != 0;
            // Of several calls of one row the last is the call itself.
            let is_last = rows.peek().is_none_or(|next| next.row != row.row);
            let session = &recording.sessions[planned.session as usize];
            let number = plan.call_of[row.row as usize].checked_sub(session.first_call);
            let number = number.filter(|_| is_last && !is_inserted).map(|number| number + 1);
            points.push(CallContext { number, context, loss });
            before = Some(row);
        }
        // Sessions that a toggle starts stand behind the one that starts them.
        by_session[planned.session as usize].get_or_insert(points);
    }
    by_session.into_iter().map(Option::unwrap_or_default).collect()
}

/// What is lost at a call of a replay, and why.
pub(crate) fn explained_loss(
    recording: &Recording,
    plan: &Plan,
    before: Option<&ReplayedCall>,
    row: &ReplayedCall,
) -> ContextLoss {
    match loss_at_call(before, row) {
        ContextLoss::Missed(_) => {
            ContextLoss::Missed(cause_in_replay(recording, plan, before, row))
        }
        other => other,
    }
}

/// Why a call misses in a replay: by the wait that it has there, and by what its record tells.
fn cause_in_replay(
    recording: &Recording,
    plan: &Plan,
    before: Option<&ReplayedCall>,
    row: &ReplayedCall,
) -> MissCause {
    let inserted = plan.event_of_row(&plan.rows[row.row as usize]).inserted_by != 0;
    // A call that a toggle adds has no record that could tell.
    let Some(before) = before.filter(|_| !inserted) else { return MissCause::Unknown };
    let touched = before.outcome.start_ms + plan.rows[before.row as usize].touched_after_ms;
    let at = plan.call_of[row.row as usize] as usize;
    cache_misses::cause_of_replayed_miss(recording, at, row.outcome.start_ms - touched)
}

/// What is lost at a call that follows another one of its session; the cause of a miss is another
/// question. A first call loses nothing.
pub(crate) fn loss_at_call(before: Option<&ReplayedCall>, row: &ReplayedCall) -> ContextLoss {
    let Some(before) = before else { return ContextLoss::No };
    let usage = &row.as_made;
    // No call can read more than its own context, whatever was left in the cache.
    let promised = before.left.min(usage.context_tokens());
    match row.onset {
        ContextOnset::Compacted => ContextLoss::Compacted,
        ContextOnset::GoesOn if ratio_bp(usage.read, promised) < HIT_BP && promised > 0 => {
            ContextLoss::Missed(MissCause::Unknown)
        }
        ContextOnset::GoesOn | ContextOnset::StartsOver => ContextLoss::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Chance;
    use crate::replay::CallOutcome;
    use crate::units::Usage;

    fn row(read: i64, rest: i64, onset: ContextOnset) -> ReplayedCall {
        let usage = Usage { read, write_5m: rest, ..Usage::default() };
        let outcome = CallOutcome { usage, hidden: 0, start_ms: 0 };
        let (left, taken_back) = (usage.context_tokens(), Usage::default());
        let (row, band, chance) = (0, 0, Chance::SURE);
        ReplayedCall { row, outcome, band, onset, left, taken_back, chance, as_made: usage }
    }

    #[test]
    fn what_is_lost_is_told_apart() {
        let before = row(90_000, 10_000, ContextOnset::GoesOn);
        for (read, rest, onset, expect) in [
            (100_000, 5_000, ContextOnset::GoesOn, ContextLoss::No),
            (90_000, 15_000, ContextOnset::GoesOn, ContextLoss::No),
            (89_990, 15_010, ContextOnset::GoesOn, ContextLoss::Missed(MissCause::Unknown)),
            (0, 105_000, ContextOnset::GoesOn, ContextLoss::Missed(MissCause::Unknown)),
            // A context that shrank cannot read more than itself.
            (40_000, 1_000, ContextOnset::GoesOn, ContextLoss::No),
            (20_000, 30_000, ContextOnset::Compacted, ContextLoss::Compacted),
            (0, 30_000, ContextOnset::StartsOver, ContextLoss::No),
        ] {
            assert_eq!(
                loss_at_call(Some(&before), &row(read, rest, onset)),
                expect,
                "{read} {onset:?}"
            );
        }
        assert_eq!(loss_at_call(None, &row(0, 30_000, ContextOnset::StartsOver)), ContextLoss::No);
        // Nothing was left: nothing can be missed.
        let none = ReplayedCall { left: 0, ..before };
        assert_eq!(
            loss_at_call(Some(&none), &row(0, 105_000, ContextOnset::GoesOn)),
            ContextLoss::No
        );
    }
}
