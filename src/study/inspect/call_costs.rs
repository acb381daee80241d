//! What calls cost and when they start, on both sides of a comparison.

use crate::plan::ToggleSubset;
use crate::replay;
use crate::study::whatif::compare::Comparison;
use crate::study::whatif::savings::Saving;

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct TimedCallCost {
    /// When it starts.
    pub start_ms: i64,
    /// What it costs.
    pub cost: Saving,
}

/// When the calls of both sides start that are expected, in order: nothing and some toggles on.
#[must_use]
pub fn call_starts_over_time(comparison: &Comparison, on: ToggleSubset) -> [Vec<i64>; 2] {
    [0, on].map(|subset| {
        let calls = replay::replay_calls(&comparison.plan, subset);
        // Of calls that are made with a chance as many as are expected.
        let expected = replay::expected_rows(&comparison.plan, &calls);
        let mut starts: Vec<i64> = expected.iter().map(|call| call.outcome.start_ms).collect();
        starts.sort_unstable();
        starts
    })
}

/// The calls of both sides in the order of their starts, nothing and some toggles on.
#[must_use]
pub fn call_costs_over_time(comparison: &Comparison, on: ToggleSubset) -> [Vec<TimedCallCost>; 2] {
    [0, on].map(|subset| {
        let mut calls: Vec<TimedCallCost> = replay::replay_calls(&comparison.plan, subset)
            .iter()
            .map(|call| TimedCallCost {
                start_ms: call.outcome.start_ms,
                cost: Saving::from_call(&comparison.plan, call),
            })
            .collect();
        // A replay goes session by session; sessions overlap.
        calls.sort_by_key(|call| call.start_ms);
        calls
    })
}
