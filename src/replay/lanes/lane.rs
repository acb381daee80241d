//! One lane: the state of a subset, what it has used, and its step over a stretch.

use super::stretch::{Stretch, Sums};
use crate::plan::Run;
use crate::recording::Tier;
use crate::replay::made::{Made, Sink};
use crate::replay::state::{OPEN, State};
use crate::units::Usage;

/// What a cache policy does to a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Law {
    /// Whether entries expire.
    pub(super) expires: bool,
    /// Whether live ones are read.
    reads: bool,
}

impl Law {
    pub(super) const MEASURED: Self = Self { expires: true, reads: true };
    pub(super) const NONE: Self = Self { expires: false, reads: false };
    pub(super) const PERFECT: Self = Self { expires: false, reads: true };
}

/// A subset on its way through the rows.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub(super) state: State,
    pub(super) till: Till,
}

impl Default for Lane {
    fn default() -> Self {
        Self { state: OPEN, till: Till::default() }
    }
}

/// What a lane has used.
#[derive(Clone, Copy, Default)]
pub(super) struct Till {
    pub(super) calls: i64,
    pub(super) peak_context: i64,
    pub(super) session_ms: i64,
    /// The calls of the run in the short band.
    pub(super) sum: Made,
}

/// What a lane has used at one price in one band.
#[derive(Clone, Copy, Default)]
pub(super) struct Band {
    pub(super) usage: Usage,
    pub(super) hidden: i64,
}

impl Band {
    #[inline(never)]
    pub(super) fn join(&mut self, tier: Tier, made: Made) {
        self.usage += made.usage(tier);
        self.hidden += made.hidden;
    }
}

/// Takes what the pass tells of one lane; its bands are those of the run's price.
pub(super) struct Purse<'a> {
    pub(super) till: &'a mut Till,
    pub(super) bands: &'a mut [Band],
}

impl Sink for Purse<'_> {
    fn run(&mut self, _: &Run) {}

    #[expect(clippy::inline_always, reason = "as in the plain pass")]
    #[inline(always)]
    fn call(&mut self, run: &Run, _: usize, made: &Made) {
        let till = &mut *self.till;
        till.calls += 1;
        till.peak_context = till.peak_context.max(made.context);
        if made.context > run.long_above {
            self.bands[1].join(run.tier, *made);
            return;
        }
        till.sum.context += made.context;
        till.sum.fresh += made.fresh;
        till.sum.read += made.read;
        till.sum.off_tier += made.off_tier;
        till.sum.output += made.output;
        till.sum.hidden += made.hidden;
    }

    fn session(&mut self, from_ms: i64, to_ms: i64) {
        self.till.session_ms += to_ms - from_ms;
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
    pub(super) fn add(&mut self, run: &Run, law: Law, stretch: &Stretch, sums: &Sums) -> bool {
        let state = &mut self.state;
        if state.unsettled {
            return false;
        }
        let Stretch { rows, first, end, .. } = stretch;
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
        if last > run.long_above || last >= state.due() {
            return false;
        }
        let context = rows * (state.prompt + sums.prompt + carried) - carried - sums.behind;
        let till = &mut self.till;
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
