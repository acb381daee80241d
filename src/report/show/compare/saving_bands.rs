//! Savings and their bands for programs.

use crate::report::json::{MoneyJson as CostJson, ShareJson};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::uncertainty::SavingBands;
use crate::units::PicoUsd;
use serde::Serialize;

/// The 10th, 50th and 90th percentile in reads and dollars; null without draws.
#[derive(Serialize)]
pub struct SavingBandJson {
    pub p10: Option<SavingPointJson>,
    pub p50: Option<SavingPointJson>,
    pub p90: Option<SavingPointJson>,
}

#[derive(Serialize)]
pub struct SavingPointJson {
    pub read: i64,
    /// Told where the comparison is told in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<i64>,
    #[serde(flatten)]
    pub cost: CostJson,
}

impl SavingPointJson {
    pub fn from_saving(headline: HeadlineMetric, saving: &Saving) -> Self {
        let all = HeadlineMetric::Tokens.amount_in_saving(saving);
        Self::new(headline, (saving.usage.read, all, saving.total_money()))
    }

    pub fn new(headline: HeadlineMetric, (read, tokens, cost): (i64, i64, PicoUsd)) -> Self {
        let tokens = (headline == HeadlineMetric::Tokens).then_some(tokens);
        Self { read, tokens, cost: cost.into() }
    }
}

impl SavingBandJson {
    pub fn from_bands(headline: HeadlineMetric, bands: Option<SavingBands>) -> Self {
        let Some(SavingBands { read, tokens, cost, .. }) = bands else {
            return Self { p10: None, p50: None, p90: None };
        };
        // Each figure has its own percentiles: the draw of a point's reads may be another one than
        // that of its dollars.
        let [p10, p50, p90] = [
            (read.p10, tokens.p10, cost.p10),
            (read.p50, tokens.p50, cost.p50),
            (read.p90, tokens.p90, cost.p90),
        ]
        .map(|figures| Some(SavingPointJson::new(headline, figures)));
        Self { p10, p50, p90 }
    }
}

#[derive(Serialize)]
pub struct ShareBandJson {
    pub p10: ShareJson,
    pub p50: ShareJson,
    pub p90: ShareJson,
}

impl From<CredibleBand<i64>> for ShareBandJson {
    fn from(band: CredibleBand<i64>) -> Self {
        let CredibleBand { p10, p50, p90 } = band.map(ShareJson);
        Self { p10, p50, p90 }
    }
}
