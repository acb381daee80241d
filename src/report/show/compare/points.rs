//! Savings and their bands for programs.

use crate::report::json::{Cost as CostJson, Share};
use crate::study::headline::Headline;
use crate::study::sides::Saving;
use crate::study::uncertainty::{Band, Bands};
use crate::units::PicoUsd;
use serde::Serialize;

/// The 10th, 50th and 90th percentile in reads and dollars; null without draws.
#[derive(Serialize)]
pub struct BandJson {
    pub p10: Option<PointJson>,
    pub p50: Option<PointJson>,
    pub p90: Option<PointJson>,
}

#[derive(Serialize)]
pub struct PointJson {
    pub read: i64,
    /// Told where the comparison is told in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<i64>,
    #[serde(flatten)]
    pub cost: CostJson,
}

impl PointJson {
    pub fn of(headline: Headline, saving: &Saving) -> Self {
        let all = Headline::Tokens.of(saving);
        Self::new(headline, (saving.usage.read, all, saving.money()))
    }

    pub fn new(headline: Headline, (read, tokens, cost): (i64, i64, PicoUsd)) -> Self {
        let tokens = (headline == Headline::Tokens).then_some(tokens);
        Self { read, tokens, cost: cost.into() }
    }
}

impl BandJson {
    pub fn of(headline: Headline, bands: Option<Bands>) -> Self {
        let point = |of: fn(&Bands) -> (i64, i64, PicoUsd)| {
            Some(PointJson::new(headline, of(bands.as_ref()?)))
        };
        Self {
            p10: point(|it| (it.read.p10, it.tokens.p10, it.cost.p10)),
            p50: point(|it| (it.read.p50, it.tokens.p50, it.cost.p50)),
            p90: point(|it| (it.read.p90, it.tokens.p90, it.cost.p90)),
        }
    }
}

#[derive(Serialize)]
pub struct SharesJson {
    pub p10: Share,
    pub p50: Share,
    pub p90: Share,
}

impl From<Band<i64>> for SharesJson {
    fn from(band: Band<i64>) -> Self {
        let Band { p10, p50, p90 } = band.map(Share);
        Self { p10, p50, p90 }
    }
}
