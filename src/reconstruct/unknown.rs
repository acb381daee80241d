//! What no source tells: ranges and chances, each with its reason.

use serde::Deserialize;

/// The most answers that an open fact may have, each with a weight.
pub(crate) const MOST_ANSWERS: usize = 8;

/// What an unknown counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownUnit {
    /// Tokens.
    Tokens,
    /// Characters, invocations, pieces of work.
    Count,
    /// Ten-thousandths.
    Share,
    /// Milliseconds.
    Ms,
    /// How likely it is, in ten-thousandths: it is so or not, and nothing between.
    Chance,
}

/// What no source tells: a range and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownQuantity {
    /// Its id.
    pub id: String,
    /// What it is.
    pub what: String,
    /// What it counts.
    pub unit: UnknownUnit,
    /// The lowest plausible value.
    pub low: i64,
    /// The value that counts where only one can.
    pub mode: i64,
    /// The highest plausible value.
    pub high: i64,
    /// Where it has few answers: the weights of the whole numbers from low to high. Else empty.
    #[serde(default)]
    pub weights: Vec<u16>,
    /// Where the range comes from.
    pub why: String,
}
