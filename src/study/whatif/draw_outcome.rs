//! What one draw of an experiment says.

use super::load_bands::DrawnLoads;
use super::savings::Saving;
use crate::units::PicoUsd;

/// What one draw says: everything that is saved is off by the error of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DrawOutcome {
    pub(super) met: bool,
    /// Before: the headline's figure and money.
    pub(super) before: (i64, PicoUsd),
    pub(super) joint: Saving,
    pub(super) toggles: Vec<ToggleDraw>,
    /// What each claim's toggles save in its metric, and all they save.
    pub(super) claims: Vec<(i64, Saving)>,
    /// What the toggles of each observation save, a share in ten-thousandths.
    pub(super) observed_bp: Vec<i64>,
    /// What each claim's toggles save without the error of a difference: no error makes possible
    /// what is not.
    pub(super) exact_claims: Vec<i64>,
    /// How busy agents are; no error of a difference is in it.
    pub(super) loads: Option<DrawnLoads>,
    /// What the candidates for building save; empty without a lattice. The choice among them is the
    /// same under any error.
    pub(super) sets: Vec<i64>,
    /// What the sets that the experiment asks for save.
    pub(super) asked: Vec<Saving>,
}

/// One toggle in one draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToggleDraw {
    pub(super) shapley: Option<Saving>,
    pub(super) alone: Saving,
    pub(super) last: Saving,
}
