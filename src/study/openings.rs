//! What a source leaves open, drawn: call counts of sessions, or the unknowns of routes.
//!
//! Draw k of one of them never depends on another one, nor on the toggles.

use super::draws::{draw, weighted};
use super::experiment::World;
use crate::intervene::{Range, Shape, Unit};
use crate::reconstruct::routes::{Unknown, UnknownUnit, lay};
use crate::reconstruct::{SessionFit, reconstruct_with};
use crate::recording::Recording;
use crate::seed::Seed;

/// Everything open in each draw.
#[derive(Clone, Debug)]
pub enum Openings {
    /// Nothing: the calls were recorded.
    None,
    /// Call counts, by session.
    Counts(Vec<(String, Vec<u32>)>),
    /// Unknowns, in their order.
    Unknowns(Vec<Vec<i64>>),
}

impl Openings {
    /// Draws everything `count` times.
    #[must_use]
    pub fn of(world: &World<'_>, seed: Seed, count: u32) -> Self {
        match world {
            World::Recorded(_) => Self::None,
            World::Reported { fit, .. } => {
                let open = fit.sessions.iter().filter(|session| session.weights.len() > 1);
                let session = |session: &SessionFit| {
                    let mut rng = seed.stream("calls", session.id.as_bytes());
                    let draw = |_| weighted(&session.weights, &mut rng).unwrap_or(session.calls);
                    (session.id.clone(), (0..count).map(draw).collect())
                };
                Self::Counts(open.map(session).collect())
            }
            World::Routes { routes, .. } => {
                let unknown = |unknown: &Unknown| {
                    let mut rng = seed.stream("unknown", unknown.id.as_bytes());
                    let range = range(unknown);
                    (0..count).map(|_| draw(&range, &mut rng)).collect()
                };
                Self::Unknowns(routes.unknowns.iter().map(unknown).collect())
            }
        }
    }

    /// The recording of draw k, and whether calls meet what was drawn. `None` where there is only
    /// one recording, or none that meets it.
    #[must_use]
    pub fn recording(&self, world: &World<'_>, k: u32) -> (Option<Recording>, bool) {
        let other = match (self, world) {
            (Self::Counts(counts), World::Reported { reported, lens, .. }) => {
                let given: Vec<(String, u32)> =
                    counts.iter().map(|(id, draws)| (id.clone(), draws[k as usize])).collect();
                reconstruct_with(reported, *lens, &given).ok().map(|other| other.recording)
            }
            (Self::Unknowns(unknowns), World::Routes { routes, .. }) => {
                let values: Vec<i64> = unknowns.iter().map(|draws| draws[k as usize]).collect();
                lay(routes, &values).ok().map(|laid| laid.recording)
            }
            _ => return (None, true),
        };
        let met = other.is_some();
        (other, met)
    }
}

/// An unknown as the range of a parameter.
#[must_use]
pub fn range(unknown: &Unknown) -> Range {
    let &Unknown { low, mode, high, .. } = unknown;
    if low == high { Range::fixed(mode) } else { Range { low, mode, high, shape: Shape::Pert } }
}

/// What an unknown counts.
#[must_use]
pub fn unit(unknown: &Unknown) -> Unit {
    match unknown.unit {
        UnknownUnit::Tokens => Unit::Tokens,
        UnknownUnit::Count => Unit::Count,
        UnknownUnit::Share => Unit::BasisPoints,
        UnknownUnit::Ms => Unit::Milliseconds,
    }
}
