//! What one draw of an experiment says.

use super::load_bands::DrawnLoads;
use super::savings::Saving;
use crate::fixed_point::ONE;
use crate::units::{PicoUsd, scale_by_ratio};
use serde::{Deserialize, Serialize};

/// What one draw says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// What the candidates for building save; empty without a lattice.
    pub(super) sets: Vec<i64>,
    /// What the sets that the experiment asks for save.
    pub(super) asked: Vec<Saving>,
}

/// One toggle in one draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToggleDraw {
    pub(super) shapley: Option<Saving>,
    pub(super) alone: Saving,
    pub(super) last: Saving,
}

impl DrawOutcome {
    /// The same with everything that is saved off by a factor in 2^-32. What was there before is no
    /// difference, and the choice among sets is the same under any factor.
    pub(super) fn with_error(mut self, factor: i64) -> Self {
        self.joint = self.joint.scaled_by_q32(factor);
        for saving in &mut self.asked {
            *saving = saving.scaled_by_q32(factor);
        }
        for toggle in &mut self.toggles {
            toggle.alone = toggle.alone.scaled_by_q32(factor);
            toggle.last = toggle.last.scaled_by_q32(factor);
            toggle.shapley = toggle.shapley.map(|share| share.scaled_by_q32(factor));
        }
        for (amount, saving) in &mut self.claims {
            *amount = scale_by_ratio(*amount, factor, ONE);
            *saving = saving.scaled_by_q32(factor);
        }
        for share in &mut self.observed_bp {
            *share = scale_by_ratio(*share, factor, ONE);
        }
        self
    }
}
