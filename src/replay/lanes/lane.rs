//! One lane: the state of a subset, what it has used, and its step over a stretch.

use super::stretch::{RowStretch, StretchTotals};
use crate::plan::PlanRun;
use crate::recording::CacheTier;
use crate::replay::call_tokens::{CallSink, CallTokens};
use crate::replay::session_state::{INITIAL_STATE, SessionState};
use crate::units::Usage;

/// What a cache policy does to a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheBehaviour {
    /// Whether entries expire.
    pub(super) expires: bool,
    /// Whether live ones are read.
    reads: bool,
}

impl CacheBehaviour {
    pub(super) const MEASURED: Self = Self { expires: true, reads: true };
    pub(super) const NONE: Self = Self { expires: false, reads: false };
    pub(super) const PERFECT: Self = Self { expires: false, reads: true };
}

/// A subset on its way through the rows.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub(super) state: SessionState,
    pub(super) totals: LaneTotals,
}

impl Default for Lane {
    fn default() -> Self {
        Self { state: INITIAL_STATE, totals: LaneTotals::default() }
    }
}

/// What a lane has used.
#[derive(Clone, Copy, Default)]
pub(super) struct LaneTotals {
    pub(super) calls: i64,
    pub(super) peak_context: i64,
    pub(super) session_ms: i64,
    /// The calls of the run in the short band.
    pub(super) sum: CallTokens,
}

/// What a lane has used at one price in one band.
#[derive(Clone, Copy, Default)]
pub(super) struct BandTotals {
    pub(super) usage: Usage,
    pub(super) hidden: i64,
}

impl BandTotals {
    #[inline(never)]
    pub(super) fn add_calls(&mut self, tier: CacheTier, made: CallTokens) {
        self.usage += made.usage_on_tier(tier);
        self.hidden += made.hidden;
    }
}

/// Takes what the pass tells of one lane; its bands are those of the run's price.
pub(super) struct LaneSink<'a> {
    pub(super) totals: &'a mut LaneTotals,
    pub(super) bands: &'a mut [BandTotals],
}

impl CallSink for LaneSink<'_> {
    fn begin_run(&mut self, _: &PlanRun) {}

    #[expect(clippy::inline_always, reason = "as in the plain pass")]
    #[inline(always)]
    fn add_call(&mut self, run: &PlanRun, _: usize, made: &CallTokens) {
        let till = &mut *self.totals;
        till.calls += 1;
        till.peak_context = till.peak_context.max(made.context);
        if made.context > run.long_above {
            self.bands[1].add_calls(run.tier, *made);
            return;
        }
        till.sum.context += made.context;
        till.sum.fresh += made.fresh;
        till.sum.read += made.read;
        till.sum.off_tier += made.off_tier;
        till.sum.output += made.output;
        till.sum.hidden += made.hidden;
    }

    fn end_session(&mut self, from_ms: i64, to_ms: i64) {
        self.totals.session_ms += to_ms - from_ms;
    }
}

impl Lane {
    /// Goes over a stretch in one step, or says that it cannot, and has not moved. With p the
    /// prompt before it, and inputs I and outputs O of its n calls,
    ///
    /// ```text
    /// sum of contexts = n p + sum over i of (n - i) I[i] + (n - i - 1) O[i]
    /// sum of reads    = what the call before cached + all contexts but the last
    ///                   - all that is fresh but the last
    /// ```
    #[inline]
    pub(super) fn add_stretch(
        &mut self,
        run: &PlanRun,
        law: CacheBehaviour,
        stretch: &RowStretch,
        sums: &StretchTotals,
    ) -> bool {
        let state = &mut self.state;
        if state.is_unsettled {
            return false;
        }
        let RowStretch { call_count: rows, first, end, .. } = stretch;
        // Outputs that calls left behind that this lane does not make.
        let carried = state.carried_outputs;
        let start_ms = first.start_ms - state.saved_ms;
        let expired = law.expires && start_ms - state.touched_ms >= run.tier.ttl_ms();
        let uncached = state.prompt + first.inputs < run.min_cached;
        let too_fresh = state.prompt - state.cached + first.inputs < first.fresh;
        let hides = carried != 0 && (carried < 0 || first.may_hide);
        if expired || uncached || too_fresh || hides {
            return false;
        }
        let carried_on = if *rows > 1 { carried } else { 0 };
        let last = state.prompt + sums.prompt - sums.last + carried_on;
        // A compaction that was deferred is not due before the last call if that is below it.
        if last > run.long_above || last >= state.compaction_due_at() {
            return false;
        }
        let context = rows * (state.prompt + sums.prompt + carried) - carried - sums.behind;
        let till = &mut self.totals;
        till.calls += rows;
        till.peak_context = till.peak_context.max(last);
        till.sum.context += context;
        till.sum.fresh += stretch.fresh;
        if law.reads {
            till.sum.read += state.cached + context - last - (stretch.fresh - end.fresh);
        }
        till.sum.output += sums.output + carried;
        till.sum.hidden += stretch.hidden;
        state.prompt += sums.prompt + carried;
        state.cached = last - end.fresh;
        state.start_ms = end.start_ms - state.saved_ms;
        state.touched_ms = state.start_ms + end.touched_after_ms;
        state.carried_outputs = 0;
        state.saved_ms += stretch.saved_ms;
        state.row = end.row;
        true
    }
}
