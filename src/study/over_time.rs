//! What calls cost and when they start, on both sides of a comparison.

use super::compare::{Comparison, subset_of_first};
use super::sides::Saving;
use crate::plan::Subset;
use crate::replay;

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it starts.
    pub start_ms: i64,
    /// What it costs.
    pub cost: Saving,
}

/// The calls of both sides in the order of their starts, nothing and everything toggled.
#[must_use]
pub fn over_time(comparison: &Comparison) -> [Vec<Moment>; 2] {
    let of = |subset: Subset| {
        let rows = replay::replay_rows(&comparison.plan, subset);
        let moment = |row: &replay::CallRow| Moment {
            start_ms: row.outcome.start_ms,
            cost: Saving::of_call(&comparison.plan, row),
        };
        let mut moments: Vec<Moment> = rows.iter().map(moment).collect();
        moments.sort_by_key(|moment| moment.start_ms);
        moments
    };
    [of(0), of(subset_of_first(comparison.toggles.len()))]
}
