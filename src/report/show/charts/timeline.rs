//! What calls do over time, for the pictures that show it.

use super::Source;
use crate::plan::Subset;
use crate::recording::{Basis, Recording};
use crate::replay::{self, CallRow};
use crate::study::compare::subset_of_first;

/// The calls of both sides in the order of their starts, nothing and everything toggled.
///
/// # Errors
/// Why nothing can be shown over time.
pub fn sides(source: &Source<'_>) -> Result<[Vec<CallRow>; 2], String> {
    let comparison = source.shown.comparison;
    let of = |subset: Subset| {
        let mut rows = replay::replay_rows(&comparison.plan, subset);
        rows.sort_by_key(|row| row.outcome.start_ms);
        rows
    };
    let (before, after) = (of(0), of(subset_of_first(comparison.toggles.len())));
    let [first, .., last] = &before[..] else {
        return Err("it takes two calls to show anything over time".to_owned());
    };
    if first.outcome.start_ms == last.outcome.start_ms {
        return Err("its source says nothing about the times of calls".to_owned());
    }
    Ok([before, after])
}

/// When calls start, in their order.
pub fn starts_ms(rows: &[CallRow]) -> Vec<i64> {
    rows.iter().map(|row| row.outcome.start_ms).collect()
}

/// What is to be known about the times of a recording.
pub fn note(recording: &Recording) -> &'static str {
    let any = |basis| recording.sessions.iter().any(|session| session.times_basis == basis);
    if any(Basis::Reconstructed) {
        "The source tells no times of calls: they are laid out by published totals and assumed \
         pauses."
    } else if any(Basis::Estimated) || any(Basis::Published) {
        "Times of some calls are missing in the source and estimated."
    } else {
        ""
    }
}
