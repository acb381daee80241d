//! What all draws say of a saving: its bands and its mean.

use super::headline::HeadlineMetric;
use super::savings::Saving;
use super::swept_subset::SweepMetric;
use crate::plan::ToggleSubset;
use crate::study::stats::quantile::CredibleBand;
use crate::units::{PicoUsd, saturate_to_i64};

/// A saving's bands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SavingBands {
    /// In cache reads.
    pub read: CredibleBand<i64>,
    /// In tokens.
    pub tokens: CredibleBand<i64>,
    /// In money, hidden output included.
    pub cost: CredibleBand<PicoUsd>,
}

impl SavingBands {
    /// In the figure that a comparison is told in.
    #[must_use]
    pub fn headline_band(&self, headline: HeadlineMetric) -> CredibleBand<i64> {
        match headline {
            HeadlineMetric::Reads => self.read,
            HeadlineMetric::Tokens => self.tokens,
        }
    }
}

/// The bands of a saving in some draws.
pub(super) fn saving_bands<'a, T>(drawn: &'a [T], of: impl Fn(&'a T) -> &'a Saving) -> SavingBands {
    SavingBands {
        read: CredibleBand::from_values(
            drawn.iter().map(|draw| HeadlineMetric::Reads.amount_in_saving(of(draw))),
        ),
        tokens: CredibleBand::from_values(
            drawn.iter().map(|draw| HeadlineMetric::Tokens.amount_in_saving(of(draw))),
        ),
        cost: CredibleBand::from_values(drawn.iter().map(|draw| of(draw).total_money())),
    }
}

/// A set of toggles in all draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawnSet {
    /// Its toggles: bit k is toggle k of the experiment.
    pub subset: ToggleSubset,
    /// The mean of what it saves: its expected value.
    pub mean: MeanSaving,
    /// What it saves.
    pub bands: SavingBands,
}

/// The mean of a saving over draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSaving {
    /// Cache reads.
    pub read: i64,
    /// Tokens.
    pub tokens: i64,
    /// Calls.
    pub calls: i64,
    /// Money, hidden output included.
    pub cost: PicoUsd,
}

impl MeanSaving {
    /// What sets are ranked by.
    #[must_use]
    pub fn amount(&self, metric: SweepMetric) -> i128 {
        match metric {
            SweepMetric::Dollars => self.cost.0,
            SweepMetric::Reads => self.read.into(),
            SweepMetric::Tokens => self.tokens.into(),
            SweepMetric::Calls => self.calls.into(),
        }
    }
}

impl DrawnSet {
    /// A set by what it saves in each draw.
    pub(super) fn from_draws<'a, T>(
        subset: ToggleSubset,
        drawn: &'a [T],
        of: impl Fn(&'a T) -> &'a Saving,
    ) -> Self {
        use SweepMetric::{Calls, Dollars, Reads, Tokens};
        // Means of the draws, rounded towards zero; without a draw they are zero.
        let [read, tokens, calls, cost] = [Reads, Tokens, Calls, Dollars].map(|metric| {
            let sum: i128 = drawn.iter().map(|draw| metric.amount_in_saving(of(draw))).sum();
            sum / i128::try_from(drawn.len().max(1)).unwrap_or(1)
        });
        let [read, tokens, calls] = [read, tokens, calls].map(saturate_to_i64);
        let mean = MeanSaving { read, tokens, calls, cost: PicoUsd(cost) };
        Self { subset, mean, bands: saving_bands(drawn, of) }
    }
}
