//! What a comparison is told in: cache reads, or all tokens where a source publishes nothing finer.

use super::savings::{PipelineTotals, Saving};
use crate::units::Usage;

/// The figure that tables, claims and verdicts are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadlineMetric {
    /// Cache reads.
    #[default]
    Reads,
    /// Input, cached or not, and output.
    Tokens,
}

impl HeadlineMetric {
    /// A saving in this figure.
    #[must_use]
    pub fn amount_in_saving(self, saving: &Saving) -> i64 {
        self.amount_in_usage(&saving.usage) + self.counted_hidden_output(saving.hidden_output)
    }

    /// A side in this figure.
    #[must_use]
    pub fn amount_in_totals(self, side: &PipelineTotals) -> i64 {
        self.amount_in_saving(&Saving::from(side))
    }

    /// Usage in this figure.
    #[must_use]
    pub fn amount_in_usage(self, usage: &Usage) -> i64 {
        match self {
            Self::Reads => usage.read,
            Self::Tokens => usage.context_tokens() + usage.output,
        }
    }

    fn counted_hidden_output(self, output: i64) -> i64 {
        match self {
            Self::Reads => 0,
            Self::Tokens => output,
        }
    }

    /// Its name as the metric of a claim.
    #[must_use]
    pub fn metric_name(self) -> &'static str {
        match self {
            Self::Reads => "read",
            Self::Tokens => "tokens",
        }
    }

    /// Its name as a column.
    #[must_use]
    pub fn column_noun(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Tokens => "tokens",
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub fn sentence_words(self) -> &'static str {
        match self {
            Self::Reads => "cache reads",
            Self::Tokens => "tokens",
        }
    }
}
