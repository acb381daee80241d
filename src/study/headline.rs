//! What a comparison is told in: cache reads, or all tokens where a source publishes nothing finer.

use super::sides::{Saving, Side};
use crate::units::Usage;

/// The figure that tables, claims and verdicts are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Headline {
    /// Cache reads.
    #[default]
    Reads,
    /// Input, cached or not, and output.
    Tokens,
}

impl Headline {
    /// A saving in this figure.
    #[must_use]
    pub fn of(self, saving: &Saving) -> i64 {
        self.of_usage(&saving.usage) + self.hidden(saving.hidden_output)
    }

    /// A side in this figure.
    #[must_use]
    pub fn of_side(self, side: &Side) -> i64 {
        self.of(&Saving::from(side))
    }

    /// Usage in this figure.
    #[must_use]
    pub fn of_usage(self, usage: &Usage) -> i64 {
        match self {
            Self::Reads => usage.read,
            Self::Tokens => usage.context() + usage.output,
        }
    }

    fn hidden(self, output: i64) -> i64 {
        match self {
            Self::Reads => 0,
            Self::Tokens => output,
        }
    }

    /// Its name as the metric of a claim.
    #[must_use]
    pub fn metric(self) -> &'static str {
        match self {
            Self::Reads => "read",
            Self::Tokens => "tokens",
        }
    }

    /// Its name as a column.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Tokens => "tokens",
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Reads => "cache reads",
            Self::Tokens => "tokens",
        }
    }
}
