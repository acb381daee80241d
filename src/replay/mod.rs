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
use crate::plan::{Plan, Run, Subset};
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
    let mut totals = Totals::new(plan);
    pass(plan, subset, &Ttl, &mut totals);
    totals.finish()
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

/// Adds calls up. Those of one run and its short band go to a sum of their own, which joins its
/// price when the run is over.
#[derive(Debug, Default)]
struct Totals {
    outcome: Outcome,
    usage: Usage,
    hidden: i64,
    /// The short band of the run's price.
    band: usize,
    long_above: i64,
}

impl Totals {
    fn new(plan: &Plan) -> Self {
        let bands = 2 * plan.prices.len();
        let by_price = vec![Usage::default(); bands];
        let outcome = Outcome { by_price, hidden_by_price: vec![0; bands], ..Outcome::default() };
        Self { outcome, ..Self::default() }
    }

    /// Joins the sum of the run to its price.
    fn flush(&mut self) {
        let usage = std::mem::take(&mut self.usage);
        let hidden = std::mem::take(&mut self.hidden);
        if let Some(sum) = self.outcome.by_price.get_mut(self.band) {
            *sum += usage;
            self.outcome.hidden_by_price[self.band] += hidden;
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
        self.band = 2 * usize::from(run.price);
        self.long_above = run.long_above;
    }

    #[inline]
    fn call(&mut self, _: usize, context: i64, made: &CallOutcome) {
        self.outcome.calls += 1;
        self.outcome.peak_context = self.outcome.peak_context.max(context);
        if context > self.long_above {
            self.outcome.by_price[self.band + 1] += made.usage;
            self.outcome.hidden_by_price[self.band + 1] += made.hidden;
        } else {
            self.usage += made.usage;
            self.hidden += made.hidden;
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
    fn call(&mut self, row: usize, _: i64, made: &CallOutcome) {
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
