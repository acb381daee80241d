//! Replay: one linear pass over a plan under any subset of toggles.
//!
//! The pass is a free function over rows. It simulates the context, the cache and compaction
//! afresh; what the law did not explain when the pipeline was recorded happens again ([`Shock`]).
//! A checked plan cannot fail, so the pass returns a plain value.
//!
//! [`Shock`]: crate::recording::Shock

mod entry;
mod lanes;
mod made;
mod pass;
mod results;
mod ruled;
mod state;

pub use lanes::Lanes;
pub use made::{Made, Onset, Sink};
pub use pass::{pass, pass_island};

use crate::cache::none::Never;
use crate::cache::perfect::Forever;
use crate::cache::ttl::Ttl;
use crate::cache::{self, CachePolicy, Policy};
use crate::plan::{Island, Plan, Run, Subset};
use crate::price::{Price, PriceRow};
use crate::recording::Tier;
use crate::units::{PicoUsd, Usage};

/// What a pipeline costs under one subset of toggles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Calls made.
    pub calls: i64,
    /// Tokens by price and prompt-size band: entry 2p is price p, entry 2p + 1 its long band.
    pub by_price: Vec<Usage>,
    /// Tokens produced beyond the recorded output, likewise.
    pub hidden_by_price: Vec<i64>,
    /// The largest context of any call.
    pub peak_context: i64,
    /// Session time, summed over sessions, milliseconds.
    pub session_ms: i64,
}

impl Outcome {
    /// Tokens of all prices together.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.by_price.iter().copied().sum()
    }

    /// Tokens produced beyond the recorded output.
    #[must_use]
    pub fn hidden_output(&self) -> i64 {
        self.hidden_by_price.iter().sum()
    }
}

/// Replays a plan under a subset of its toggles.
#[must_use]
pub fn replay(plan: &Plan, subset: Subset) -> Outcome {
    let mut totals = Totals::new(plan);
    for island in &plan.islands {
        pass_cached(plan, island, subset, &mut totals);
    }
    totals.finish()
}

/// Replays a plan under a subset of its toggles with another cache than the plan names.
#[must_use]
pub fn replay_with<P: Policy>(plan: &Plan, subset: Subset, policy: &P) -> Outcome {
    let mut totals = Totals::new(plan);
    pass(plan, subset, policy, &mut totals);
    totals.finish()
}

/// Replays one island under a subset of its bits.
#[must_use]
pub fn replay_island(plan: &Plan, island: &Island, subset: Subset) -> Outcome {
    let mut totals = Totals::new(plan);
    pass_cached(plan, island, subset, &mut totals);
    totals.finish()
}

/// The pass with the cache that the plan names.
fn pass_cached<S: Sink>(plan: &Plan, island: &Island, subset: Subset, sink: &mut S) {
    match plan.cache {
        CachePolicy::Measured => pass_island(plan, island, subset, &Ttl, sink),
        CachePolicy::None => pass_island(plan, island, subset, &Never, sink),
        CachePolicy::Perfect => pass_island(plan, island, subset, &Forever, sink),
    }
}

/// What one call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// Its usage.
    pub usage: Usage,
    /// Tokens produced beyond the recorded output.
    pub hidden: i64,
    /// When it starts.
    pub start_ms: i64,
}

/// One call of a replay, for tables by step and for charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Index of the row in the plan.
    pub row: u32,
    /// What it cost.
    pub outcome: CallOutcome,
    /// Where its tokens stand in [`Outcome::by_price`].
    pub band: u32,
    /// How its context comes about.
    pub onset: Onset,
    /// Prefix that it leaves in the cache, tokens.
    pub left: i64,
}

/// Replays a plan and keeps every call that is made.
#[must_use]
pub fn replay_rows(plan: &Plan, subset: Subset) -> Vec<CallRow> {
    let mut rows = Vec::with_capacity(plan.rows.len());
    for island in &plan.islands {
        pass_cached(plan, island, subset, &mut rows);
    }
    rows
}

/// Replays one island and keeps every call that is made.
#[must_use]
pub fn replay_island_rows(plan: &Plan, island: &Island, subset: Subset) -> Vec<CallRow> {
    let mut rows = Vec::with_capacity(plan.rows_of(island));
    pass_cached(plan, island, subset, &mut rows);
    rows
}

/// Adds calls up. Those of one run and its short band go to a sum of their own, which joins its
/// price when the run is over.
#[derive(Debug)]
struct Totals {
    outcome: Outcome,
    /// The sum of the run so far.
    sum: Made,
    /// The short band of its price.
    band: usize,
    tier: Tier,
}

impl Totals {
    fn new(plan: &Plan) -> Self {
        let bands = 2 * plan.prices.len();
        let by_price = vec![Usage::default(); bands];
        let outcome = Outcome { by_price, hidden_by_price: vec![0; bands], ..Outcome::default() };
        Self { outcome, sum: Made::NOTHING, band: 0, tier: Tier::Uncached }
    }

    /// Joins calls to a band.
    fn join(&mut self, band: usize, tier: Tier, made: Made) {
        self.outcome.by_price[band] += made.usage(tier);
        self.outcome.hidden_by_price[band] += made.hidden;
    }

    /// Joins a call of the run to its long band.
    #[cold]
    #[inline(never)]
    fn join_long(&mut self, tier: Tier, made: Made) {
        self.join(self.band + 1, tier, made);
    }

    /// Joins the sum of the run to its price.
    fn flush(&mut self) {
        let sum = std::mem::replace(&mut self.sum, Made::NOTHING);
        if sum != Made::NOTHING {
            self.join(self.band, self.tier, sum);
        }
    }

    fn finish(mut self) -> Outcome {
        self.flush();
        self.outcome
    }
}

impl Sink for Totals {
    #[inline]
    fn run(&mut self, run: &Run) {
        self.flush();
        (self.band, self.tier) = (2 * usize::from(run.price), run.tier);
    }

    #[expect(clippy::inline_always, reason = "called, it halves the speed of the plain road")]
    #[inline(always)]
    fn call(&mut self, run: &Run, _: usize, made: &Made) {
        self.outcome.calls += 1;
        self.outcome.peak_context = self.outcome.peak_context.max(made.context);
        if made.context > run.long_above {
            self.join_long(run.tier, *made);
        } else {
            self.sum.context += made.context;
            self.sum.fresh += made.fresh;
            self.sum.read += made.read;
            self.sum.off_tier += made.off_tier;
            self.sum.output += made.output;
            self.sum.hidden += made.hidden;
        }
    }

    #[inline]
    fn session(&mut self, from_ms: i64, to_ms: i64) {
        self.outcome.session_ms += to_ms - from_ms;
    }
}

impl Sink for Vec<CallRow> {
    fn run(&mut self, _: &Run) {}

    #[inline]
    fn call(&mut self, run: &Run, row: usize, made: &Made) {
        let Made { context, fresh, hidden, start_ms, onset, .. } = *made;
        let outcome = CallOutcome { usage: made.usage(run.tier), hidden, start_ms };
        let band = 2 * u32::from(run.price) + u32::from(context > run.long_above);
        let is_cached = context >= run.min_cached;
        let left = if is_cached { cache::left(run.tier, context, fresh) } else { 0 };
        self.push(CallRow { row: row as u32, outcome, band, onset, left });
    }

    fn session(&mut self, _: i64, _: i64) {}
}

/// Money, once, after the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The recorded classes.
    pub recorded: PicoUsd,
    /// Output that usage does not show, at the output price.
    pub hidden: PicoUsd,
}

/// Prices an outcome.
#[must_use]
pub fn tally(plan: &Plan, outcome: &Outcome) -> Cost {
    tally_bands(&plan.prices, &outcome.by_price, &outcome.hidden_by_price)
}

/// Prices tokens by price and prompt-size band, as [`Outcome`] holds them. The only place where
/// tokens become money.
#[must_use]
pub fn tally_bands(prices: &[PriceRow], by_price: &[Usage], hidden: &[i64]) -> Cost {
    let mut cost = Cost::default();
    for (index, (usage, hidden)) in by_price.iter().zip(hidden).enumerate() {
        let of = in_band(prices, index, usage, *hidden);
        cost.recorded += of.recorded;
        cost.hidden += of.hidden;
    }
    cost
}

/// Prices one call.
#[must_use]
pub fn tally_call(plan: &Plan, call: &CallRow) -> Cost {
    in_band(&plan.prices, call.band as usize, &call.outcome.usage, call.outcome.hidden)
}

/// Prices tokens of one band.
fn in_band(prices: &[PriceRow], band: usize, usage: &Usage, hidden: i64) -> Cost {
    let row = &prices[band / 2];
    let price: &Price = if band.is_multiple_of(2) { &row.base } else { &row.long };
    let hidden = Usage { output: hidden, ..Usage::default() };
    Cost { recorded: price.of(usage), hidden: price.of(&hidden) }
}
