//! What calls do over time, for the pictures that show it.

use super::ChartSource;
use crate::recording::{Basis, Recording};
use crate::study::inspect::call_costs::{
    TimedCallCost, call_costs_over_time, call_starts_over_time,
};

/// The calls of both sides in the order of their starts, nothing on and the fixes of the picture.
///
/// # Errors
/// Why nothing can be shown over time.
pub fn moments_of_sides(source: &ChartSource<'_>) -> Result<[Vec<TimedCallCost>; 2], String> {
    let sides = call_costs_over_time(source.comparison_report.comparison, source.fixes());
    check_times(&start_times_ms(&sides[0]))?;
    Ok(sides)
}

/// When the calls of both sides start that are expected, in order.
///
/// # Errors
/// As [`moments_of_sides`].
pub fn starts_of_sides(source: &ChartSource<'_>) -> Result<[Vec<i64>; 2], String> {
    let sides = call_starts_over_time(source.comparison_report.comparison, source.fixes());
    check_times(&sides[0])?;
    Ok(sides)
}

/// Refuses times that show nothing.
///
/// # Errors
/// As [`moments_of_sides`].
pub fn check_times(starts: &[i64]) -> Result<(), String> {
    match starts {
        [first, .., last] if first != last => Ok(()),
        [_, _, ..] => Err("its source says nothing about the times of calls".to_owned()),
        _ => Err("it takes two calls to show anything over time".to_owned()),
    }
}

/// When calls start, in their order.
pub fn start_times_ms(moments: &[TimedCallCost]) -> Vec<i64> {
    moments.iter().map(|moment| moment.start_ms).collect()
}

/// What is to be known about the times of a recording.
pub fn times_note(recording: &Recording) -> &'static str {
    let mut bases = recording.sessions.iter().map(|session| session.times_basis);
    // What is made up altogether is said before what is made up here and there.
    if bases.clone().any(|basis| basis == Basis::Reconstructed) {
        "The source tells no times of calls: they are laid out by published totals and assumed \
         pauses."
    } else if bases.any(|basis| basis != Basis::Billed) {
        "Times of some calls are missing in the source and estimated."
    } else {
        ""
    }
}
