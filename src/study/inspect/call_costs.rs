//! What calls cost and when they start, on both sides of a comparison.

use crate::plan::ToggleSubset;
use crate::replay;
use crate::study::whatif::compare::Comparison;
use crate::study::whatif::experiment::subset_of_first;
use crate::study::whatif::savings::Saving;

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct TimedCallCost {
    /// When it starts.
    pub start_ms: i64,
    /// What it costs.
    pub cost: Saving,
}

/// The calls of both sides in the order of their starts, nothing and everything toggled.
#[must_use]
pub fn call_costs_over_time(comparison: &Comparison) -> [Vec<TimedCallCost>; 2] {
    let of = |subset: ToggleSubset| {
        let rows = replay::replay_calls(&comparison.plan, subset);
        let moment = |row: &replay::ReplayedCall| TimedCallCost {
            start_ms: row.outcome.start_ms,
            cost: Saving::from_call(&comparison.plan, row),
        };
        let mut moments: Vec<TimedCallCost> = rows.iter().map(moment).collect();
        moments.sort_by_key(|moment| moment.start_ms);
        moments
    };
    [of(0), of(subset_of_first(comparison.toggles.len()))]
}
