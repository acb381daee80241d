//! One lane: the state of a subset, what it has used, and its step over a stretch.

use super::cache_behaviour::CacheBehaviour;
use super::stretch::{RowStretch, StretchTotals};
use crate::plan::{Chance, PlanRun};
use crate::recording::CacheTier;
use crate::replay::call_tokens::{CallSink, CallTokens};
use crate::replay::session_state::{INITIAL_STATE, SessionState};
use crate::units::Usage;

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
    /// Calls of the session so far, in 1/65,536.
    pub(super) session_calls: i64,
    pub(super) peak_context: i64,
    pub(super) session_ms: i64,
    /// Reads that later compactions take back.
    pub(super) taken_back: i64,
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
        let totals = &mut *self.totals;
        totals.session_calls += Chance::SURE.parts();
        totals.peak_context = totals.peak_context.max(made.context);
        if made.context > run.long_above {
            self.bands[1].add_calls(run.tier, *made);
            return;
        }
        totals.sum.context += made.context;
        totals.sum.fresh += made.fresh;
        totals.sum.read += made.read;
        totals.sum.off_tier += made.off_tier;
        totals.sum.output += made.output;
        totals.sum.hidden += made.hidden;
    }

    fn add_uncertain_call(&mut self, run: &PlanRun, _: usize, made: &CallTokens, chance: Chance) {
        let totals = &mut *self.totals;
        totals.session_calls += chance.parts();
        // A peak is no mean: the call counts for it where it is made more often than not.
        if 2 * chance.parts() >= Chance::SURE.parts() {
            totals.peak_context = totals.peak_context.max(made.context);
        }
        let long = usize::from(made.context > run.long_above);
        self.bands[long].add_calls(run.tier, made.by_chance(chance));
    }

    fn close_session(&mut self) {
        self.totals.calls += Chance::whole_number(std::mem::take(&mut self.totals.session_calls));
    }

    fn end_session(&mut self, from_ms: i64, to_ms: i64) {
        self.totals.session_ms += to_ms - from_ms;
    }

    fn settle_cycles(&mut self, run: &PlanRun, taken_back: &CallTokens) {
        self.totals.taken_back += taken_back.read;
        self.bands[0].add_calls(run.tier, *taken_back);
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
        behaviour: CacheBehaviour,
        stretch: &RowStretch,
        sums: &StretchTotals,
    ) -> bool {
        let state = &mut self.state;
        if state.is_unsettled {
            return false;
        }
        let RowStretch { call_count, first, end, .. } = stretch;
        // Outputs that calls left behind that this lane does not make.
        let carried = state.carried_outputs;
        // The sums hold only if the first call reads all that was cached before it. For the later
        // calls the stretch has checked that, for every lane at once.
        let start_ms = first.start_ms - state.saved_ms;
        let expired = behaviour.expires && start_ms - state.touched_ms >= run.tier.ttl_ms();
        let uncached = state.prompt + first.inputs < run.min_cached;
        let too_fresh = state.prompt - state.cached + first.inputs < first.fresh;
        // What is carried joins the first call's output, of which the usage may show a part only.
        let hides_carried = carried != 0 && (carried < 0 || first.may_hide);
        if expired || uncached || too_fresh || hides_carried {
            return false;
        }
        // The first call's output stands in the context of all later ones, but not in its own.
        let carried_on = if *call_count > 1 { carried } else { 0 };
        let last = state.prompt + sums.prompt - sums.last + carried_on;
        // Contexts only grow here, so that the last one decides for all.
        if last > run.long_above {
            return false;
        }
        // The sum of the formula above, in totals that the stretch has gathered for all lanes.
        let context = call_count * (state.prompt + sums.prompt + carried) - carried - sums.behind;
        let totals = &mut self.totals;
        totals.session_calls += call_count * Chance::SURE.parts();
        totals.peak_context = totals.peak_context.max(last);
        totals.sum.context += context;
        totals.sum.fresh += stretch.fresh;
        if behaviour.reads {
            // Each call reads what the one before it has cached: its whole context less what was
            // fresh there. The last call's context is read by nobody yet.
            let read = state.cached + context - last - (stretch.fresh - end.fresh);
            totals.sum.read += read;
            state.cycle.reads += read;
            state.cycle.contexts += context;
        }
        state.cycle.count_missing(stretch.missing);
        totals.sum.output += sums.output + carried;
        totals.sum.hidden += stretch.hidden;
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
