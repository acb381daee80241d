//! The edges of the lattice: each toggle alone and last, and all of them, island by island.
//!
//! A toggle changes nothing on an island that it does not touch, so that few replays are needed
//! where many toggles meet many sessions.

use super::savings::Saving;
use crate::plan::{Plan, ToggleSubset};
use crate::replay::replay_island;

/// What toggles save alone, last and together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarginalSavings {
    /// All together.
    pub joint: Saving,
    /// Each with no other one on.
    pub alone: Vec<Saving>,
    /// Each with all others on before.
    pub last: Vec<Saving>,
}

impl MarginalSavings {
    /// Replays the edges of a plan with so many toggles.
    #[must_use]
    pub fn from_plan(plan: &Plan, toggles: usize) -> Self {
        let none = vec![Saving::default(); toggles];
        let mut edges = Self { joint: Saving::default(), alone: none.clone(), last: none };
        for island in plan.islands.iter().filter(|island| island.touched_by != 0) {
            let all = island.touched_by;
            let before = replay_island(plan, island, 0);
            let saving = |subset: ToggleSubset| {
                Saving::between_outcomes(plan, &before, &replay_island(plan, island, subset))
            };
            let joint = saving(all);
            edges.joint = edges.joint + joint;
            for at in (0..toggles).filter(|at| all >> at & 1 == 1) {
                edges.alone[at] = edges.alone[at] + saving(1 << at);
                edges.last[at] = edges.last[at] + (joint - saving(all & !(1 << at)));
            }
        }
        edges
    }
}
