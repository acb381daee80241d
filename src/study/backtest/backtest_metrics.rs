//! What is looked at, and what it is adjusted for.

use super::pipeline_figures::{PipelineFigures, StepFigures, StepQuantity};
use std::fmt;

crate::kinds::named_values! {
    /// A figure of a pipeline, or of one step of it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum BacktestMetric {
        /// Cache reads, tokens.
        Read = "read",
        /// Input, cached or not, and output, tokens.
        Tokens = "tokens",
        /// Uncached input, tokens.
        Fresh = "fresh",
        /// Cache writes, tokens.
        Write = "write",
        /// Output, tokens.
        Output = "output",
        /// Sessions.
        Sessions = "sessions",
        /// Seconds of all sessions.
        Seconds = "seconds",
        /// Calls.
        Calls = "calls",
        /// Cache reads for each line changed.
        ReadPerLine = "read_per_line",
        /// Cache reads for each session.
        ReadPerSession = "read_per_session",
    }
}

impl BacktestMetric {
    /// Its value as a numerator and a denominator; `None` where either is unknown.
    #[must_use]
    pub(crate) fn numerator_and_denominator(
        self,
        figures: &StepFigures,
        lines: Option<i64>,
    ) -> Option<(i64, i64)> {
        use StepQuantity::{Calls, Fresh, Output, Read, Seconds, Sessions, Write};
        // A figure that nobody wrote down makes a sum unknown rather than smaller.
        let sum = |parts: &[StepQuantity]| -> Option<i64> {
            parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(figures[*part as usize]?))
        };
        Some(match self {
            Self::Read => (sum(&[Read])?, 1),
            Self::Tokens => (sum(&[Fresh, Read, Write, Output])?, 1),
            Self::Fresh => (sum(&[Fresh])?, 1),
            Self::Write => (sum(&[Write])?, 1),
            Self::Output => (sum(&[Output])?, 1),
            Self::Sessions => (sum(&[Sessions])?, 1),
            Self::Seconds => (sum(&[Seconds])?, 1),
            Self::Calls => (sum(&[Calls])?, 1),
            // Lines come from tables alone: a recording of transcripts does not know them.
            Self::ReadPerLine => (sum(&[Read])?, lines?),
            Self::ReadPerSession => (sum(&[Read])?, sum(&[Sessions])?),
        })
    }

    /// Whether it is adjusted for something: not for itself, and not where it is told per size
    /// already, because on logarithms that would be the same figure as without.
    #[must_use]
    pub(crate) fn is_adjusted_for(self, size: SizeCovariate) -> bool {
        match self {
            Self::ReadPerLine | Self::ReadPerSession => false,
            Self::Sessions => size != SizeCovariate::Sessions,
            _ => true,
        }
    }
}

impl fmt::Display for BacktestMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

crate::kinds::named_values! {
    /// What tells how large a piece of work was.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum SizeCovariate {
        /// Lines changed, as a logarithm.
        Lines = "lines",
        /// Sessions, as a logarithm: how often a step was run again.
        Sessions = "sessions",
        /// The kind of pipeline: a level for each.
        Recipe = "recipe",
    }
}

impl SizeCovariate {
    /// Its value where it is a number.
    #[must_use]
    pub(crate) fn numeric_value(
        self,
        figures: &StepFigures,
        pipeline: &PipelineFigures,
    ) -> Option<i64> {
        match self {
            Self::Lines => pipeline.lines,
            Self::Sessions => figures[StepQuantity::Sessions as usize],
            // A kind is no number: it gets a level of its own.
            Self::Recipe => None,
        }
    }
}

impl fmt::Display for SizeCovariate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
