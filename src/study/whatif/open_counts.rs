//! What a source leaves open, drawn: call counts of sessions, or the unknowns of routes.
//!
//! Draw k of one of them never depends on another one, nor on the toggles.

use super::parameter_draws::draw_from_range;
use crate::intervene::{ParamRange, ParamUnit, RangeShape};
use crate::reconstruct::routes::{UnknownQuantity, UnknownUnit, reconstruct_routes};
use crate::reconstruct::{RecordingSource, reconstruct_with_call_counts};
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::stats::random_draws::draw_weighted;

/// Everything open in each draw.
#[derive(Clone, Debug)]
pub enum OpenCounts {
    /// Nothing: the calls were recorded.
    None,
    /// Call counts, by session.
    Counts(Vec<(String, Vec<u32>)>),
    /// Unknowns, in their order.
    Unknowns(Vec<Vec<i64>>),
}

impl OpenCounts {
    /// Draws everything `count` times.
    #[must_use]
    pub fn draw_from_source(source: &RecordingSource, seed: Seed, count: u32) -> Self {
        match source {
            RecordingSource::Recorded(_) => Self::None,
            RecordingSource::Pipeline { fit, .. } => {
                let mut counts = Vec::new();
                for session in fit.sessions.iter().filter(|session| session.weights.len() > 1) {
                    // A stream of its own: another session shifts none of its draws.
                    let mut rng = seed.random_stream("calls", session.id.as_bytes());
                    let draws = (0..count).map(|_| {
                        draw_weighted(&session.weights, &mut rng).unwrap_or(session.calls)
                    });
                    counts.push((session.id.clone(), draws.collect()));
                }
                Self::Counts(counts)
            }
            RecordingSource::Routes { routes, .. } => {
                let draws = routes.unknowns.iter().map(|unknown| {
                    let mut rng = seed.random_stream("unknown", unknown.id.as_bytes());
                    let range = unknown_range(unknown);
                    (0..count).map(|_| draw_from_range(&range, &mut rng)).collect()
                });
                Self::Unknowns(draws.collect())
            }
        }
    }

    /// The recording of draw k, and whether calls meet what was drawn. `None` where there is only
    /// one recording, or none that meets it.
    #[must_use]
    pub fn recording_in_draw(&self, source: &RecordingSource, k: u32) -> (Option<Recording>, bool) {
        // A count is no patch: another number of calls is another recording, built anew from the
        // published totals.
        let other = match (self, source) {
            (Self::Counts(counts), RecordingSource::Pipeline { reported, lens, .. }) => {
                let given: Vec<(String, u32)> =
                    counts.iter().map(|(id, draws)| (id.clone(), draws[k as usize])).collect();
                reconstruct_with_call_counts(reported, *lens, &given)
                    .ok()
                    .map(|other| other.recording)
            }
            (Self::Unknowns(unknowns), RecordingSource::Routes { routes, .. }) => {
                let values: Vec<i64> = unknowns.iter().map(|draws| draws[k as usize]).collect();
                reconstruct_routes(routes, &values).ok().map(|laid| laid.recording)
            }
            _ => return (None, true),
        };
        let met = other.is_some();
        (other, met)
    }
}

/// An unknown as the range of a parameter.
#[must_use]
pub fn unknown_range(unknown: &UnknownQuantity) -> ParamRange {
    let &UnknownQuantity { low, mode, high, .. } = unknown;
    if low == high {
        ParamRange::fixed_at(mode)
    } else {
        ParamRange { low, mode, high, shape: RangeShape::Pert }
    }
}

/// What an unknown counts.
#[must_use]
pub fn unknown_unit(unknown: &UnknownQuantity) -> ParamUnit {
    match unknown.unit {
        UnknownUnit::Tokens => ParamUnit::Tokens,
        UnknownUnit::Count => ParamUnit::Count,
        UnknownUnit::Share => ParamUnit::BasisPoints,
        UnknownUnit::Ms => ParamUnit::Milliseconds,
    }
}
