//! What a figure may do.

use crate::units::BASIS_POINTS;

/// What a row may do before the gate says no. What is not set does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FigureLimit {
    /// Growth, ten-thousandths of the baseline.
    pub grows_bp: Option<i64>,
    /// Growth in the metric's unit; with `grows_bp` a growth must be beyond both to count.
    pub grows_by: Option<i128>,
    /// Fall, ten-thousandths of the baseline: for savings, and for what must not move.
    pub falls_bp: Option<i64>,
    /// The most that the candidate may have, in the metric's unit.
    pub at_most: Option<i128>,
    /// The least that it must have, in the metric's unit.
    pub at_least: Option<i128>,
    /// The least that it must have, ten-thousandths of the candidate's total of this metric: for
    /// savings.
    pub at_least_bp: Option<i64>,
}

impl FigureLimit {
    /// Whether a growth is beyond both its share and its amount. The figures are parts of one
    /// denominator.
    pub(super) fn forbids_growth(&self, [before, after]: [i128; 2], denominator: i128) -> bool {
        let (bp, amount) = (self.grows_bp.unwrap_or(0), self.grows_by.unwrap_or(0));
        let grown = after.saturating_sub(before);
        (self.grows_bp.is_some() || self.grows_by.is_some())
            && grown > amount.saturating_mul(denominator)
            && is_beyond_share(grown, before, bp)
    }

    /// Whether a fall is beyond its share.
    pub(super) fn forbids_fall(&self, [before, after]: [i128; 2]) -> bool {
        self.falls_bp.is_some_and(|bp| is_beyond_share(before.saturating_sub(after), before, bp))
    }
}

/// Whether a change is more than so many ten-thousandths of a figure.
fn is_beyond_share(change: i128, of: i128, bp: i64) -> bool {
    change.saturating_mul(BASIS_POINTS.into()) > of.saturating_abs().saturating_mul(bp.into())
}
