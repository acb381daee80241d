//! Placeholder until the attribution branch is merged.
use super::sides::Saving;
use crate::plan::Plan;
use crate::seed::Seed;

/// Shares.
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    /// By toggle.
    pub shapley: Vec<Saving>,
    /// By pair.
    pub interaction: Vec<Vec<Saving>>,
}

impl Attribution {
    /// Of a plan.
    #[must_use]
    pub fn of(_: &Plan, toggles: usize, _: Seed) -> Self {
        let none = vec![Saving::default(); toggles];
        Self { interaction: vec![none.clone(); toggles], shapley: none }
    }
}
