//! Replay: one linear pass over a plan under any subset of toggles.
//!
//! The pass is a free function over rows. It simulates the context, the cache and compaction
//! afresh; what the law did not explain when the pipeline was recorded happens again
//! ([`Shock`](crate::recording::Shock)).
//! A checked plan cannot fail, so the pass returns a plain value.

mod call;
mod call_tokens;
mod context_entry;
mod cycle;
mod cycle_end;
mod expected_rows;
mod island_replays;
mod lanes;
mod outcome_totals;
mod pass;
mod pass_context;
mod quiet_rows;
mod ruled_sessions;
mod schedule;
pub mod session_spans;
mod session_state;
mod tool_results;
mod uncertain_row;

pub use call_tokens::{CallSink, CallTokens, ContextOnset};
pub use cycle_end::{CycleEnd, CycleEndKind};
pub use expected_rows::expected_rows;
pub use island_replays::IslandReplays;
pub use lanes::IslandLanes;
use outcome_totals::OutcomeTotals;
pub(crate) use pass::pass_over_plan;
use pass::{pass_over_island, record_schedule};
use pass_context::PassContext;
pub use schedule::Schedule;

use crate::cache::{self, CachePolicy, Policy};
use crate::cache::{none::NeverHitPolicy, perfect::PerfectPolicy, ttl::TtlPolicy};
use crate::plan::{Chance, Island, Plan, PlanRun, ToggleSubset};
use crate::price::{PriceRow, TokenPrices};
use crate::units::{PicoUsd, Usage};
use serde::{Deserialize, Serialize};

/// What a pipeline costs under one subset of toggles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayOutcome {
    /// Calls made; where some are made with a chance, their expected number, rounded by session.
    pub calls: i64,
    /// Tokens by price and prompt-size band: entry 2p is price p, entry 2p + 1 its long band.
    pub by_price: Vec<Usage>,
    /// Tokens produced beyond the recorded output, likewise.
    pub hidden_by_price: Vec<i64>,
    /// The largest context of any call.
    pub peak_context: i64,
    /// Session time, summed over sessions, milliseconds.
    pub session_ms: i64,
    /// Reads that later compactions take back of what was saved; they are among those above.
    pub taken_back: i64,
}

impl ReplayOutcome {
    /// Tokens of all prices together.
    #[must_use]
    pub fn total_usage(&self) -> Usage {
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
pub fn replay_plan(plan: &Plan, subset: ToggleSubset) -> ReplayOutcome {
    let mut totals = OutcomeTotals::new(plan);
    for island in &plan.islands {
        pass_with_plan_cache(plan, island, subset, &mut totals);
    }
    totals.into_outcome()
}

/// Replays a plan under a subset of its toggles with another cache than the plan names.
#[must_use]
pub(crate) fn replay_with_policy<P: Policy>(
    plan: &Plan,
    subset: ToggleSubset,
    policy: &P,
) -> ReplayOutcome {
    let mut totals = OutcomeTotals::new(plan);
    pass_over_plan(plan, subset, policy, &mut totals);
    totals.into_outcome()
}

/// Replays one island under a subset of its bits.
#[must_use]
pub fn replay_island(plan: &Plan, island: &Island, subset: ToggleSubset) -> ReplayOutcome {
    let mut totals = OutcomeTotals::new(plan);
    pass_with_plan_cache(plan, island, subset, &mut totals);
    totals.into_outcome()
}

/// The pass with the cache that the plan names.
fn pass_with_plan_cache<S: CallSink>(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
    sink: &mut S,
) {
    let schedule =
        plan.needs_schedule(island, subset).then(|| schedule_with_plan_cache(plan, island, subset));
    pass_on_schedule(plan, (island, subset), schedule.as_ref(), sink);
}

/// The same on places that are known.
fn pass_on_schedule<S: CallSink>(
    plan: &Plan,
    (island, subset): (&Island, ToggleSubset),
    schedule: Option<&Schedule>,
    sink: &mut S,
) {
    // One pass for each policy, so that the policy is inlined into its loop.
    match plan.cache {
        CachePolicy::Measured => {
            pass_over_island(
                &PassContext { plan, subset, policy: &TtlPolicy, schedule },
                island,
                sink,
            );
        }
        CachePolicy::None => {
            let pass = PassContext { plan, subset, policy: &NeverHitPolicy, schedule };
            pass_over_island(&pass, island, sink);
        }
        CachePolicy::Perfect => {
            let pass = PassContext { plan, subset, policy: &PerfectPolicy, schedule };
            pass_over_island(&pass, island, sink);
        }
    }
}

/// Where contexts start over or are cleared under those bits of a subset that decide it.
fn schedule_with_plan_cache(plan: &Plan, island: &Island, subset: ToggleSubset) -> Schedule {
    match plan.cache {
        CachePolicy::Measured => record_schedule(plan, island, subset, &TtlPolicy),
        CachePolicy::None => record_schedule(plan, island, subset, &NeverHitPolicy),
        CachePolicy::Perfect => record_schedule(plan, island, subset, &PerfectPolicy),
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
pub struct ReplayedCall {
    /// Index of the row in the plan.
    pub row: u32,
    /// What it cost.
    pub outcome: CallOutcome,
    /// Where its tokens stand in [`ReplayOutcome::by_price`].
    pub band: u32,
    /// How its context comes about.
    pub onset: ContextOnset,
    /// Prefix that it leaves in the cache, tokens.
    pub left: i64,
    /// What compactions before it take back of what was saved, at the short price of its run, and
    /// no part of its own usage: reads, and writes (below zero where some are spared).
    pub taken_back: Usage,
    /// How likely it is made; its usage is what is expected of it.
    pub chance: Chance,
    /// What it uses where it is made.
    pub as_made: Usage,
}

/// Replays a plan and keeps every call that is made.
#[must_use]
pub fn replay_calls(plan: &Plan, subset: ToggleSubset) -> Vec<ReplayedCall> {
    let mut rows = Vec::with_capacity(plan.rows.len());
    for island in &plan.islands {
        pass_with_plan_cache(plan, island, subset, &mut rows);
    }
    rows
}

/// The same, and what all of them cost, in one pass.
#[must_use]
pub(crate) fn replay_calls_with_outcome(
    plan: &Plan,
    subset: ToggleSubset,
) -> (Vec<ReplayedCall>, ReplayOutcome) {
    let mut told = (Vec::with_capacity(plan.rows.len()), OutcomeTotals::new(plan));
    for island in &plan.islands {
        pass_with_plan_cache(plan, island, subset, &mut told);
    }
    (told.0, told.1.into_outcome())
}

/// Replays one island and keeps every call that is made.
#[must_use]
pub(crate) fn replay_island_calls(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
) -> Vec<ReplayedCall> {
    let mut rows = Vec::with_capacity(plan.row_count_of_island(island));
    pass_with_plan_cache(plan, island, subset, &mut rows);
    rows
}

impl CallSink for Vec<ReplayedCall> {
    fn begin_run(&mut self, _: &PlanRun) {}

    #[inline]
    fn add_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens) {
        let CallTokens { context, fresh, hidden, start_ms, onset, .. } = *made;
        let outcome = CallOutcome { usage: made.usage_on_tier(run.tier), hidden, start_ms };
        // Two bands a price: below its threshold for long prompts, and above.
        let band = 2 * u32::from(run.price) + u32::from(context > run.long_above);
        // A prompt below the smallest prefix leaves nothing in the cache.
        let is_cached = context >= run.min_cached;
        let left =
            if is_cached { cache::cached_prefix_tokens(run.tier, context, fresh) } else { 0 };
        let taken_back = Usage::default();
        let (row, chance) = (row as u32, Chance::SURE);
        let as_made = outcome.usage;
        self.push(ReplayedCall { row, outcome, band, onset, left, taken_back, chance, as_made });
    }

    fn settle_cycles(&mut self, run: &PlanRun, taken_back: &CallTokens) {
        if let Some(last) = self.last_mut() {
            last.taken_back += taken_back.usage_on_tier(run.tier);
        }
    }

    fn add_uncertain_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens, chance: Chance) {
        self.add_call(run, row, made);
        if let Some(last) = self.last_mut() {
            let by_chance = made.by_chance(chance);
            last.outcome.usage = by_chance.usage_on_tier(run.tier);
            last.outcome.hidden = by_chance.hidden;
            last.chance = chance;
        }
    }

    fn end_session(&mut self, _: i64, _: i64) {}
}

/// Money, once, after the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayCost {
    /// The recorded classes.
    pub recorded: PicoUsd,
    /// Output that usage does not show, at the output price.
    pub hidden: PicoUsd,
}

/// Prices an outcome.
#[must_use]
pub fn tally_outcome(plan: &Plan, outcome: &ReplayOutcome) -> ReplayCost {
    let mut cost = ReplayCost::default();
    let bands = outcome.by_price.iter().zip(&outcome.hidden_by_price).enumerate();
    // Of many prices one island meets few.
    for (index, (usage, hidden)) in bands.filter(|(_, band)| *band != (&Usage::default(), &0)) {
        let of = cost_in_band(&plan.prices, index, usage, *hidden);
        cost.recorded += of.recorded;
        cost.hidden += of.hidden;
    }
    // Searches are billed apart from tokens, and no subset makes more or fewer of them.
    for (_, fee) in &plan.search_fees {
        cost.recorded += *fee;
    }
    cost
}

/// Prices one call.
#[must_use]
pub fn tally_call(plan: &Plan, call: &ReplayedCall) -> ReplayCost {
    let ReplayedCall { row, outcome: CallOutcome { usage, hidden, .. }, band, .. } = call;
    let mut cost = cost_in_band(&plan.prices, *band as usize, usage, *hidden);
    // Taken back at the prices of short prompts, whatever band the call is in.
    cost.recorded +=
        cost_in_band(&plan.prices, *band as usize / 2 * 2, &call.taken_back, 0).recorded;
    // Few rows have a fee: they stand in a list of their own, in order.
    if let Ok(at) = plan.search_fees.binary_search_by_key(row, |(row, _)| *row) {
        cost.recorded += plan.search_fees[at].1;
    }
    cost
}

/// The money of one call by class, in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
/// Output that usage does not show counts as output; fees for searches are of no class.
#[must_use]
pub fn tally_call_by_class(plan: &Plan, call: &ReplayedCall) -> [PicoUsd; 5] {
    let ReplayedCall { outcome: CallOutcome { usage, hidden, .. }, band, taken_back, .. } = call;
    let made = *usage + Usage { output: *hidden, ..Usage::default() };
    let own = prices_of_band(&plan.prices, *band as usize).cost_by_class(&made);
    let back = prices_of_band(&plan.prices, *band as usize / 2 * 2).cost_by_class(taken_back);
    std::array::from_fn(|at| own[at] + back[at])
}

/// The prices of a band: each row of the plan has one up to its threshold and one beyond it.
fn prices_of_band(prices: &[PriceRow], band: usize) -> &TokenPrices {
    let row = &prices[band / 2];
    if band.is_multiple_of(2) { &row.base } else { &row.long }
}

/// Prices tokens of one band.
fn cost_in_band(prices: &[PriceRow], band: usize, usage: &Usage, hidden: i64) -> ReplayCost {
    let price = prices_of_band(prices, band);
    let hidden = Usage { output: hidden, ..Usage::default() };
    ReplayCost { recorded: price.cost_of_usage(usage), hidden: price.cost_of_usage(&hidden) }
}
