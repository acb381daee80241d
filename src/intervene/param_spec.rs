//! What a number of an intervention counts, which values it may take, and who says so.

use crate::quantity::QuantityKind;
use crate::reconstruct::unknown::MOST_ANSWERS;
use crate::toml_reader::TomlNode;
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// The largest value of a parameter: keeps sums far from overflow. Confidence: H.
const MAX_VALUE: i64 = 1_000_000_000;

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamUnit {
    /// Tokens.
    Tokens,
    /// Calls, runs, sites.
    Count,
    /// A share in ten-thousandths.
    BasisPoints,
    /// Milliseconds.
    Milliseconds,
    /// How likely an open fact is, in ten-thousandths. A fact is so or not: a draw takes one of the
    /// two, a figure counts both by their weights.
    Chance,
    /// Calls, runs, sites: one of few whole numbers from the low end on, of these weights.
    WeightedCount(&'static [u16]),
}

impl ParamUnit {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Count | Self::WeightedCount(_) => "count",
            Self::BasisPoints => "1/10,000",
            Self::Milliseconds => "ms",
            Self::Chance => "chance, 1/10,000",
        }
    }

    /// Its name beside values as people read them, which have shares in per cent.
    #[must_use]
    pub fn told_name(self) -> &'static str {
        match self {
            Self::BasisPoints => "share",
            Self::Chance => "chance",
            _ => self.name(),
        }
    }

    /// The smallest and the largest value that a parameter of this unit may have.
    #[must_use]
    pub(crate) fn value_bounds(self) -> (i64, i64) {
        match self {
            Self::BasisPoints | Self::Chance => (0, BASIS_POINTS),
            Self::Count | Self::WeightedCount(_) | Self::Tokens | Self::Milliseconds => {
                (0, MAX_VALUE)
            }
        }
    }

    /// What a field of this unit holds, where an amount is typed with its unit.
    #[must_use]
    pub(crate) fn quantity_kind(self) -> QuantityKind {
        match self {
            Self::BasisPoints | Self::Chance => QuantityKind::Share,
            Self::Count | Self::WeightedCount(_) => QuantityKind::Count,
            Self::Tokens => QuantityKind::Tokens,
            Self::Milliseconds => QuantityKind::Duration,
        }
    }

    /// A value as typed: a bare whole number in this unit, or an amount with its own.
    #[must_use]
    pub(crate) fn value_of_node(self, node: &TomlNode) -> Option<i64> {
        let value = match node {
            TomlNode::Whole(value) => Some(*value),
            _ => self.quantity_kind().read_node(node).and_then(|it| i64::try_from(it.value).ok()),
        };
        value.filter(|value| self.admits_value(*value))
    }

    /// Whether a parameter of this unit may have this value.
    #[must_use]
    pub(crate) fn admits_value(self, value: i64) -> bool {
        let (least, most) = self.value_bounds();
        (least..=most).contains(&value)
    }

    /// What [`ParamUnit::admits_value`] asks for, in words.
    #[must_use]
    pub(crate) fn bounds_in_words(self) -> &'static str {
        match self {
            Self::BasisPoints | Self::Chance => {
                "a share such as \"30 %\" or 0.3, or 0 to 10,000 ten-thousandths"
            }
            Self::Count | Self::WeightedCount(_) => "a count of 0 to 1,000,000,000",
            Self::Tokens => "0 to 1,000,000,000 tokens",
            Self::Milliseconds => "a time such as \"5m\", or 0 to 1,000,000,000 ms",
        }
    }
}

/// How well a number is known (MODEL.md explains the letters).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// An official text, or arithmetic.
    Official,
    /// Measured by us on real transcripts, with n and date.
    Measured,
    /// Measured on few cases, or read off one repository.
    FewCases,
    /// Nobody measured it.
    Judgement,
}

impl Confidence {
    /// Its letter in the tables of MODEL.md.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Official => "H",
            Self::Measured => "M",
            Self::FewCases => "L",
            Self::Judgement => "J",
        }
    }
}

/// One parameter of an intervention: what it is, its range, and who says so.
#[derive(Debug)]
pub struct ParamSpec {
    /// Its key in scenarios.
    pub key: &'static str,
    /// What it counts.
    pub unit: ParamUnit,
    /// The lowest plausible value.
    pub low: i64,
    /// The value used unless a scenario says otherwise.
    pub mode: i64,
    /// The highest plausible value.
    pub high: i64,
    /// No source gives it: until the user does, its toggle has bounds and no figure.
    pub asked: bool,
    /// How well its range is known.
    pub confidence: Confidence,
    /// What it means.
    pub what: &'static str,
    /// Where the range comes from.
    pub source: &'static str,
}

crate::kinds::named_values! {
    /// How the belief in a parameter's values is spread over its range.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RangeShape {
        /// One value.
        Fixed = "fixed",
        /// All values alike.
        Uniform = "uniform",
        /// Rising to the mode and falling from it in straight lines.
        Triangular = "triangular",
        /// Beta with the mean `(low + 4 mode + high) / 6`: the mode counts more, the ends less.
        Pert = "pert",
        /// The low or the high end and nothing between, with the mode as their mean.
        TwoPoint = "two-point",
        /// Few whole numbers, from the low end to the high one, each with a weight of its own.
        Weighted = "weighted",
    }
}

/// The weights of the answers to an open fact, in their order; of other ranges none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerWeights([u16; MOST_ANSWERS]);

impl AnswerWeights {
    /// The weights of as many answers; `None` of less than two or too many of them, or where
    /// nothing weighs anything.
    #[must_use]
    pub(crate) fn from_weights(weights: &[u16]) -> Option<Self> {
        let mut slots = [0; MOST_ANSWERS];
        slots.get_mut(..weights.len())?.copy_from_slice(weights);
        let weighs = weights.len() > 1 && weights.iter().any(|weight| *weight > 0);
        weighs.then_some(Self(slots))
    }
}

/// The values that a parameter may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamRange {
    /// The lowest.
    pub low: i64,
    /// The one that counts where only one can.
    pub mode: i64,
    /// The highest.
    pub high: i64,
    /// How belief is spread between them.
    pub shape: RangeShape,
    /// The weights of a weighted range.
    pub weights: AnswerWeights,
}

impl ParamRange {
    /// One value.
    #[must_use]
    pub(crate) fn fixed_at(value: i64) -> Self {
        Self::spread_between((value, value, value), RangeShape::Fixed)
    }

    /// Low, mode and high of a shape that needs no weights.
    #[must_use]
    pub(crate) fn spread_between((low, mode, high): (i64, i64, i64), shape: RangeShape) -> Self {
        Self { low, mode, high, shape, weights: AnswerWeights::default() }
    }

    /// Whole numbers from `low` on, with their weights; `None` of weights that are none.
    #[must_use]
    pub(crate) fn weighted_from(low: i64, weights: &[u16]) -> Option<Self> {
        let most = weights.iter().max()?;
        // The first of the likeliest counts where only one can.
        let mode = low + weights.iter().position(|weight| weight == most)? as i64;
        let high = low + weights.len() as i64 - 1;
        let weights = AnswerWeights::from_weights(weights)?;
        Some(Self { low, mode, high, shape: RangeShape::Weighted, weights })
    }

    /// The range on a card.
    #[must_use]
    pub(crate) fn from_spec(spec: &ParamSpec) -> Self {
        Self::in_unit(spec.unit, spec.low, spec.mode, spec.high)
    }

    /// A range as PERT, and of an open fact as its two answers.
    #[must_use]
    pub(crate) fn in_unit(unit: ParamUnit, low: i64, mode: i64, high: i64) -> Self {
        match unit {
            // Without width there is nothing to draw from.
            _ if low == high => Self::fixed_at(mode),
            ParamUnit::WeightedCount(weights) => {
                Self::weighted_from(low, weights).unwrap_or_else(|| Self::fixed_at(mode))
            }
            ParamUnit::Chance => Self::spread_between((low, mode, high), RangeShape::TwoPoint),
            _ => Self::spread_between((low, mode, high), RangeShape::Pert),
        }
    }

    /// The answers to an open fact with their weights; of other ranges none.
    #[must_use]
    pub(crate) fn weighted_answers(&self) -> Vec<(i64, i64)> {
        let Self { low, mode, high, shape, weights } = *self;
        match shape {
            // The mode is the mean of the two ends, which says how much the high one weighs.
            RangeShape::TwoPoint => vec![(high, mode - low), (low, high - mode)],
            RangeShape::Weighted => {
                (low..=high).zip(weights.0).map(|(value, of)| (value, i64::from(of))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is drawn as one of few answers.
    #[must_use]
    pub(crate) fn is_open_fact(&self) -> bool {
        matches!(self.shape, RangeShape::TwoPoint | RangeShape::Weighted)
    }

    /// What it is worth on average, in ten-thousandths of its unit: the figure that is quoted
    /// stands in the middle of what the draws say, and not at the likeliest value of a lopsided
    /// range.
    #[must_use]
    pub(crate) fn mean_bp(&self) -> i64 {
        let Self { low, mode, high, shape, .. } = *self;
        let (sum, weight) = match shape {
            RangeShape::Uniform => (low + high, 2),
            RangeShape::Triangular => (low + mode + high, 3),
            RangeShape::Pert => (low + 4 * mode + high, 6),
            // The mode of a fact that is so or not is how likely it is so.
            RangeShape::Fixed | RangeShape::TwoPoint => (mode, 1),
            RangeShape::Weighted => {
                let answers = self.weighted_answers();
                let sum = answers.iter().map(|(value, weight)| value * weight).sum();
                (sum, answers.iter().map(|(_, weight)| weight).sum())
            }
        };
        scale_by_ratio(sum, BASIS_POINTS, weight)
    }

    /// Its low end, mode and high end, each value once.
    #[must_use]
    pub(crate) fn distinct_ends(&self) -> Vec<i64> {
        let mut ends = vec![self.low, self.mode, self.high];
        // Low, mode and high are in order, so that equal ones are neighbours.
        ends.dedup();
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_quoted_at_its_mean() {
        let check = |shape, (low, mode, high), mean_bp| {
            let range = ParamRange::spread_between((low, mode, high), shape);
            assert_eq!(range.mean_bp(), mean_bp, "{range:?}");
        };
        check(RangeShape::Fixed, (7, 7, 7), 70_000);
        check(RangeShape::Uniform, (0, 1, 5), 25_000);
        check(RangeShape::Triangular, (0, 0, 10), 33_333);
        check(RangeShape::Pert, (2, 2, 4), 23_333);
        let answers = ParamRange::weighted_from(2, &[6_000, 2_500, 1_500]).expect("weights");
        assert_eq!((answers.mode, answers.high, answers.mean_bp()), (2, 4, 25_500));
    }

    #[test]
    fn weights_of_nothing_are_none() {
        for weights in [&[][..], &[1], &[0, 0], &[1; MOST_ANSWERS + 1]] {
            assert_eq!(ParamRange::weighted_from(0, weights), None, "{weights:?}");
        }
    }
}
