//! One subset of a sweep, and what subsets are ranked by.

use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::savings::Saving;
use crate::intervene::{BuildGrade, ToggleCard};
use crate::kinds::named_values;
use crate::plan::ToggleSubset;
use crate::scenario::ChosenToggle;
use crate::units::PicoUsd;

named_values! {
    /// What a subset is ranked by.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum SweepMetric {
        /// Money, hidden output included.
        #[default]
        Dollars = "dollars",
        /// Cache reads.
        Reads = "reads",
        /// Input, cached or not, and output.
        Tokens = "tokens",
        /// Calls.
        Calls = "calls",
    }
}

impl SweepMetric {
    /// What subsets are ranked by where nobody says: dollars, unless they mean nothing.
    #[must_use]
    pub fn default_for(experiment: &Experiment<'_>) -> Self {
        if experiment.has_dollars() { Self::Dollars } else { Self::Tokens }
    }

    /// Its name in a sentence.
    #[must_use]
    pub fn sentence_words(self) -> &'static str {
        match self {
            Self::Reads => HeadlineMetric::Reads.sentence_words(),
            other => other.name(),
        }
    }

    /// How much of it a saving is.
    #[must_use]
    pub(crate) fn amount_in_saving(self, saving: &Saving) -> i128 {
        match self {
            Self::Dollars => saving.total_money().0,
            Self::Reads => HeadlineMetric::Reads.amount_in_saving(saving).into(),
            Self::Tokens => HeadlineMetric::Tokens.amount_in_saving(saving).into(),
            Self::Calls => saving.calls.into(),
        }
    }
}

/// One toggle of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepToggle {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What switches it on in production.
    pub knob: &'static str,
    /// What it takes to build it, and what may go wrong.
    pub grade: BuildGrade,
    /// Places where it applies.
    pub found: u32,
}

impl SweepToggle {
    /// A toggle that applies in so many places.
    pub(crate) fn from_chosen(chosen: &ChosenToggle, found: u32) -> Self {
        let &ToggleCard { id, title, knob, .. } = chosen.toggle.card();
        Self { id, title, knob, grade: chosen.grade, found }
    }
}

/// One subset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepEntry {
    /// Its toggles: bit k is toggle k of the sweep.
    pub subset: ToggleSubset,
    /// Cache reads that it saves.
    pub read: i64,
    /// Tokens that it saves.
    pub tokens: i64,
    /// Calls that it saves.
    pub calls: i64,
    /// Money that it saves, hidden output included.
    pub cost: PicoUsd,
    /// Sum of the efforts.
    pub effort: u32,
    /// The highest risk.
    pub risk: u32,
}

impl SweepEntry {
    /// A subset of some toggles that saves so much.
    #[must_use]
    pub fn from_saving(subset: ToggleSubset, saving: &Saving, toggles: &[SweepToggle]) -> Self {
        let on = toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        let grades = on.map(|(_, toggle)| toggle.grade);
        // Efforts add up, while a set is as risky as its riskiest toggle.
        let (effort, risk) =
            grades.fold((0, 0), |(effort, risk), of| (effort + of.effort, of.risk.max(risk)));
        Self {
            subset,
            read: saving.usage.read,
            tokens: HeadlineMetric::Tokens.amount_in_saving(saving),
            calls: saving.calls,
            cost: saving.total_money(),
            effort,
            risk,
        }
    }

    /// How many toggles it has.
    #[must_use]
    pub fn toggle_count(&self) -> usize {
        self.subset.count_ones() as usize
    }

    /// What it saves in the figure that the sweep is told in.
    #[must_use]
    pub fn headline_amount(&self, headline: HeadlineMetric) -> i64 {
        match headline {
            HeadlineMetric::Reads => self.read,
            HeadlineMetric::Tokens => self.tokens,
        }
    }

    /// What it saves, in a metric.
    #[must_use]
    pub fn saved_amount(&self, metric: SweepMetric) -> i128 {
        match metric {
            SweepMetric::Dollars => self.cost.0,
            SweepMetric::Reads => i128::from(self.read),
            SweepMetric::Tokens => i128::from(self.tokens),
            SweepMetric::Calls => i128::from(self.calls),
        }
    }
}
