//! Replay: one linear pass over a plan under any subset of toggles.
//!
//! The pass is a free function over rows. It simulates the context, the cache and compaction
//! afresh; what the law did not explain when the pipeline was recorded happens again ([`Shock`]).
//! A checked plan cannot fail, so the pass returns a plain value.
//!
//! [`Shock`]: crate::recording::Shock

mod pass;

pub use pass::{CallOutcome, Sink, pass};

use crate::cache::ttl::Ttl;
use crate::plan::{Plan, Subset};
use crate::price::Price;
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

/// Replays a plan under a subset of its toggles with the measured cache law.
#[must_use]
pub fn replay(plan: &Plan, subset: Subset) -> Outcome {
    let mut outcome = Outcome {
        by_price: vec![Usage::default(); 2 * plan.prices.len()],
        hidden_by_price: vec![0; 2 * plan.prices.len()],
        ..Outcome::default()
    };
    pass(plan, subset, &Ttl, &mut outcome);
    outcome
}

/// One call of a replay, for tables by step and for charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Index of the row in the plan.
    pub row: u32,
    /// What it cost.
    pub outcome: CallOutcome,
}

/// Replays a plan and keeps every call that is made.
#[must_use]
pub fn replay_rows(plan: &Plan, subset: Subset) -> Vec<CallRow> {
    let mut rows = Vec::with_capacity(plan.rows.len());
    pass(plan, subset, &Ttl, &mut rows);
    rows
}

impl Sink for Outcome {
    #[inline]
    fn call(&mut self, plan: &Plan, row: usize, made: &CallOutcome) {
        let row = &plan.rows[row];
        let context = made.usage.context();
        let band = 2 * usize::from(row.price) + usize::from(context > row.long_above);
        self.calls += 1;
        self.by_price[band] += made.usage;
        self.hidden_by_price[band] += made.hidden;
        self.peak_context = self.peak_context.max(context);
    }

    #[inline]
    fn session(&mut self, from_ms: i64, to_ms: i64) {
        self.session_ms += to_ms - from_ms;
    }
}

impl Sink for Vec<CallRow> {
    #[inline]
    fn call(&mut self, _: &Plan, row: usize, made: &CallOutcome) {
        self.push(CallRow { row: row as u32, outcome: *made });
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

/// Prices an outcome. The only place where tokens become money.
#[must_use]
pub fn tally(plan: &Plan, outcome: &Outcome) -> Cost {
    let mut cost = Cost::default();
    for (index, (usage, hidden)) in
        outcome.by_price.iter().zip(&outcome.hidden_by_price).enumerate()
    {
        let row = &plan.prices[index / 2];
        let price: &Price = if index % 2 == 0 { &row.base } else { &row.long };
        cost.recorded += price.of(usage);
        cost.hidden += price.of(&Usage { output: *hidden, ..Usage::default() });
    }
    cost
}
