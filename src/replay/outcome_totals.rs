//! The sums of a replay: tokens by price and prompt-size band.

use super::ReplayOutcome;
use super::call_tokens::{CallSink, CallTokens};
use crate::plan::{Chance, Plan, PlanRun};
use crate::recording::CacheTier;
use crate::units::Usage;

/// Adds calls up. Those of one run and its short band go to a sum of their own, which joins its
/// price when the run is over.
#[derive(Clone, Debug)]
pub(super) struct OutcomeTotals {
    outcome: ReplayOutcome,
    /// The sum of the run so far.
    sum: CallTokens,
    /// Calls of the session so far, in 1/65,536.
    session_calls: i64,
    /// The short band of its price.
    band: usize,
    tier: CacheTier,
}

impl OutcomeTotals {
    pub(super) fn new(plan: &Plan) -> Self {
        let bands = 2 * plan.prices.len();
        let by_price = vec![Usage::default(); bands];
        let outcome =
            ReplayOutcome { by_price, hidden_by_price: vec![0; bands], ..ReplayOutcome::default() };
        let (sum, tier) = (CallTokens::NOTHING, CacheTier::Uncached);
        Self { outcome, sum, session_calls: 0, band: 0, tier }
    }

    /// Joins calls to a band.
    fn add_to_band(&mut self, band: usize, tier: CacheTier, made: CallTokens) {
        self.outcome.by_price[band] += made.usage_on_tier(tier);
        self.outcome.hidden_by_price[band] += made.hidden;
    }

    /// Joins a call of the run to its long band.
    #[cold]
    #[inline(never)]
    fn add_to_long_band(&mut self, tier: CacheTier, made: CallTokens) {
        self.add_to_band(self.band + 1, tier, made);
    }

    /// Joins the sum of the run to its price.
    fn flush_run(&mut self) {
        let sum = std::mem::replace(&mut self.sum, CallTokens::NOTHING);
        if sum != CallTokens::NOTHING {
            self.add_to_band(self.band, self.tier, sum);
        }
    }

    /// Forgets all calls, for another replay.
    pub(super) fn clear(&mut self) {
        let ReplayOutcome {
            calls,
            by_price,
            hidden_by_price,
            peak_context,
            session_ms,
            taken_back,
        } = &mut self.outcome;
        (*calls, *peak_context, *session_ms, *taken_back) = (0, 0, 0, 0);
        by_price.fill(Usage::default());
        hidden_by_price.fill(0);
        (self.sum, self.session_calls) = (CallTokens::NOTHING, 0);
    }

    /// The sum of all calls.
    pub(super) fn close(&mut self) -> &ReplayOutcome {
        self.flush_run();
        &self.outcome
    }

    pub(super) fn into_outcome(mut self) -> ReplayOutcome {
        self.flush_run();
        self.outcome
    }
}

impl CallSink for OutcomeTotals {
    #[inline]
    fn begin_run(&mut self, run: &PlanRun) {
        self.flush_run();
        (self.band, self.tier) = (2 * usize::from(run.price), run.tier);
    }

    #[expect(clippy::inline_always, reason = "called, it halves the speed of the plain road")]
    #[inline(always)]
    fn add_call(&mut self, run: &PlanRun, _: usize, made: &CallTokens) {
        self.session_calls += Chance::SURE.parts();
        self.outcome.peak_context = self.outcome.peak_context.max(made.context);
        if made.context > run.long_above {
            self.add_to_long_band(run.tier, *made);
        } else {
            self.sum.context += made.context;
            self.sum.fresh += made.fresh;
            self.sum.read += made.read;
            self.sum.off_tier += made.off_tier;
            self.sum.output += made.output;
            self.sum.hidden += made.hidden;
        }
    }

    fn add_uncertain_call(&mut self, run: &PlanRun, _: usize, made: &CallTokens, chance: Chance) {
        self.session_calls += chance.parts();
        // The largest context is that of calls that are likelier made than not.
        if 2 * chance.parts() >= Chance::SURE.parts() {
            self.outcome.peak_context = self.outcome.peak_context.max(made.context);
        }
        let long = usize::from(made.context > run.long_above);
        self.add_to_band(self.band + long, run.tier, made.by_chance(chance));
    }

    fn close_session(&mut self) {
        self.outcome.calls += Chance::whole_number(std::mem::take(&mut self.session_calls));
    }

    #[inline]
    fn end_session(&mut self, from_ms: i64, to_ms: i64) {
        self.outcome.session_ms += to_ms - from_ms;
    }

    fn settle_cycles(&mut self, run: &PlanRun, taken_back: &CallTokens) {
        self.outcome.taken_back += taken_back.read;
        self.outcome.by_price[self.band] += taken_back.usage_on_tier(run.tier);
    }
}
