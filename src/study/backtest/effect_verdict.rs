//! What is said of a figure, in words.

use crate::study::stats::bootstrap::ConfidenceInterval;
use std::fmt;

/// What a figure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EffectDirection {
    /// A side has too few pipelines.
    #[default]
    TooFew,
    /// Its interval holds no change.
    NoChange,
    /// It fell.
    Fell,
    /// It rose.
    Rose,
}

/// What it did, and what else could have done it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EffectVerdict {
    /// What it did.
    pub change: EffectDirection,
    /// With so many looks, chance may do as much to one of them.
    pub by_chance: bool,
    /// Dates without a rollout show as much.
    pub as_placebo: bool,
}

impl EffectVerdict {
    /// The verdict on an interval of a ratio; on nothing without one.
    ///
    /// `p` is the chance of it under no change, raised for the number of looks, `placebo` the share
    /// of dates without a rollout that show as much; both are held against `alpha`.
    #[must_use]
    pub(crate) fn from_interval(
        interval: Option<ConfidenceInterval>,
        p: f64,
        placebo: Option<f64>,
        alpha: f64,
    ) -> Self {
        // The whole interval has to lie on one side of 1, which is no change.
        let change = match interval {
            None => EffectDirection::TooFew,
            Some(interval) if interval.high < 1.0 => EffectDirection::Fell,
            Some(interval) if interval.low > 1.0 => EffectDirection::Rose,
            Some(_) => EffectDirection::NoChange,
        };
        // Only what moved can have moved by chance, or as much as on other dates.
        let moved = matches!(change, EffectDirection::Fell | EffectDirection::Rose);
        let as_placebo = moved && placebo.is_some_and(|share| share > alpha);
        Self { change, by_chance: moved && p > alpha, as_placebo }
    }
}

impl fmt::Display for EffectVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.change {
            EffectDirection::TooFew => "too few pipelines",
            EffectDirection::NoChange => "no change seen",
            EffectDirection::Fell => "fell",
            EffectDirection::Rose => "rose",
        })?;
        f.write_str(match (self.as_placebo, self.by_chance) {
            (false, false) => "",
            (true, false) => ", but no more than dates without a rollout show",
            (false, true) => ", but with so many looks chance may do as much",
            (true, true) => ", but dates without a rollout show as much, and so may chance",
        })
    }
}

/// What is predicted: after divided by before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictedRatio {
    /// The likeliest ratio.
    pub ratio: f64,
    /// Its range, P10 to P90 where it comes from draws.
    pub range: ConfidenceInterval,
    /// Where it comes from.
    pub from: String,
}

crate::kinds::named_values! {
    /// A figure beside its prediction.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PredictionVerdict {
        /// The prediction is in the interval, no change is not.
        Holds = "as predicted",
        /// Both are in it.
        Inconclusive = "cannot tell the prediction from nothing",
        /// Less changed than was predicted.
        Less = "less than predicted",
        /// More changed than was predicted.
        More = "more than predicted",
    }
}

/// What was seen divided by what was predicted, with its interval, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionComparison {
    /// Seen over predicted.
    pub ratio: f64,
    /// From the low end over the prediction's high one to the high end over its low one.
    pub interval: ConfidenceInterval,
    /// In a word.
    pub verdict: PredictionVerdict,
}

impl PredictionComparison {
    /// Holds a ratio with its interval against a prediction.
    #[must_use]
    pub(crate) fn compare_ratio(
        seen: f64,
        interval: ConfidenceInterval,
        predicted: &PredictedRatio,
    ) -> Self {
        // As far apart as both ranges allow: low end by high end, and the reverse.
        let apart = ConfidenceInterval {
            low: interval.low / predicted.range.high,
            high: interval.high / predicted.range.low,
        };
        // Less is meant of the predicted change: of a fall a larger ratio, of a rise a smaller one.
        let falls = predicted.ratio <= 1.0;
        let verdict = match (apart.contains_value(1.0), interval.contains_value(1.0)) {
            (true, true) => PredictionVerdict::Inconclusive,
            (true, false) => PredictionVerdict::Holds,
            (false, _) if (apart.low > 1.0) == falls => PredictionVerdict::Less,
            (false, _) => PredictionVerdict::More,
        };
        Self { ratio: seen / predicted.ratio, interval: apart, verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> ConfidenceInterval {
        ConfidenceInterval { low, high }
    }

    #[test]
    fn verdicts_have_words() {
        let check = |interval, p, placebo, expect: &str| {
            assert_eq!(
                EffectVerdict::from_interval(interval, p, placebo, 0.05).to_string(),
                expect
            );
        };
        check(None, 1.0, None, "too few pipelines");
        check(Some(between(0.7, 1.1)), 0.2, Some(0.9), "no change seen");
        check(Some(between(0.7, 0.9)), 0.01, None, "fell");
        check(Some(between(1.1, 1.3)), 0.01, Some(0.0), "rose");
        let placebo = "fell, but no more than dates without a rollout show";
        check(Some(between(0.7, 0.9)), 0.01, Some(0.3), placebo);
        let chance = "fell, but with so many looks chance may do as much";
        check(Some(between(0.7, 0.9)), 0.06, Some(0.05), chance);
    }

    #[test]
    fn predictions_are_held_against_intervals() {
        let check = |interval: ConfidenceInterval, predicted: f64, expect| {
            let range = between(predicted, predicted);
            let predicted = PredictedRatio { ratio: predicted, range, from: String::new() };
            assert_eq!(
                PredictionComparison::compare_ratio(0.8, interval, &predicted).verdict,
                expect
            );
        };
        check(between(0.7, 0.9), 0.85, PredictionVerdict::Holds);
        check(between(0.7, 1.1), 0.85, PredictionVerdict::Inconclusive);
        check(between(0.7, 0.9), 0.5, PredictionVerdict::Less);
        check(between(0.7, 0.9), 0.95, PredictionVerdict::More);
        check(between(1.1, 1.2), 1.5, PredictionVerdict::Less);
        check(between(1.1, 1.2), 0.9, PredictionVerdict::Less);
    }
}
