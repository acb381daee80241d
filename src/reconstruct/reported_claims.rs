//! Savings that somebody published of a pipeline.

use super::figure::{Figure, FigureSource, FigureUnit};
use serde::Deserialize;

/// One factor of a claim's own arithmetic: a figure, or the difference of two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFactor {
    /// What it counts.
    pub what: String,
    /// The figure, or what it was before.
    pub from: Figure,
    /// What it would be after.
    #[serde(default)]
    pub to: Option<Figure>,
}

impl ClaimFactor {
    /// Its value.
    #[must_use]
    pub(crate) fn factor_value(&self) -> i64 {
        self.from.value() - self.to.as_ref().map_or(0, Figure::value)
    }
}

/// A saving that somebody published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedClaim {
    /// The toggle that should save it.
    pub toggle: String,
    /// What is saved: `read`, or `none`.
    pub metric: String,
    /// The saving as the claim's headline has it; positive where tokens fall.
    #[serde(default)]
    pub saving: Option<Figure>,
    /// The wider saving of its text.
    #[serde(default)]
    pub range: Option<Figure>,
    /// The source's own arithmetic: their product should be the saving.
    #[serde(default)]
    pub factors: Vec<ClaimFactor>,
    /// Where it was published.
    pub source: FigureSource,
}

impl ReportedClaim {
    /// Whether it says its saving as a share of the whole.
    #[must_use]
    pub(crate) fn is_share(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| saving.unit == FigureUnit::Share)
    }

    /// The lowest and the highest saving that the text names.
    #[must_use]
    pub fn saving_bounds(&self) -> Option<(i64, i64)> {
        let (saving, range) = (self.saving.as_ref()?, self.range.as_ref());
        // A headline may lie outside of its own range: the bounds hold both.
        let low = range.map_or(saving.low, |r| r.low.min(saving.low));
        let high = range.map_or(saving.high, |r| r.high.max(saving.high));
        Some((low, high))
    }
}

/// A saving claimed for several toggles together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CombinedClaim {
    /// Its id.
    pub id: String,
    /// The step it speaks of; empty for all.
    pub step: String,
    /// What changes: `read` or `calls`.
    pub metric: String,
    /// The toggles.
    pub toggles: Vec<String>,
    /// Before.
    pub from: Figure,
    /// After.
    pub to: Figure,
    /// The saving as a share, where printed.
    #[serde(default)]
    pub share: Option<Figure>,
    /// Where it was published.
    pub source: FigureSource,
}
