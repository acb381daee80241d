//! What is said of a figure, in words.

use crate::study::resample::Interval;
use std::fmt;

/// What a figure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// A side has too few pipelines.
    #[default]
    TooFew,
    /// Its interval holds no change.
    Unseen,
    /// It fell.
    Fell,
    /// It rose.
    Rose,
}

/// What it did, and what else could have done it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What it did.
    pub change: Change,
    /// With so many looks, chance may do as much to one of them.
    pub by_chance: bool,
    /// Dates without a rollout show as much.
    pub as_placebo: bool,
}

impl Verdict {
    /// The verdict on an interval of a ratio; on nothing without one.
    ///
    /// `p` is the chance of it under no change, raised for the number of looks, `placebo` the share
    /// of dates without a rollout that show as much; both are held against `alpha`.
    #[must_use]
    pub fn of(interval: Option<Interval>, p: f64, placebo: Option<f64>, alpha: f64) -> Self {
        let change = match interval {
            None => Change::TooFew,
            Some(interval) if interval.high < 1.0 => Change::Fell,
            Some(interval) if interval.low > 1.0 => Change::Rose,
            Some(_) => Change::Unseen,
        };
        let moved = matches!(change, Change::Fell | Change::Rose);
        let as_placebo = moved && placebo.is_some_and(|share| share > alpha);
        Self { change, by_chance: moved && p > alpha, as_placebo }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.change {
            Change::TooFew => "too few pipelines",
            Change::Unseen => "no change seen",
            Change::Fell => "fell",
            Change::Rose => "rose",
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
pub struct Predicted {
    /// The likeliest ratio.
    pub ratio: f64,
    /// Its range, P10 to P90 where it comes from draws.
    pub range: Interval,
    /// Where it comes from.
    pub from: String,
}

/// A figure beside its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The prediction is in the interval, no change is not.
    Holds,
    /// Both are in it.
    Untold,
    /// Less changed than was predicted.
    Less,
    /// More changed than was predicted.
    More,
}

impl Against {
    /// All of them, in words.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::Holds, "as predicted"),
        (Self::Untold, "cannot tell the prediction from nothing"),
        (Self::Less, "less than predicted"),
        (Self::More, "more than predicted"),
    ];
}

/// What was seen divided by what was predicted, with its interval, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Seen over predicted.
    pub ratio: f64,
    /// From the low end over the prediction's high one to the high end over its low one.
    pub interval: Interval,
    /// In a word.
    pub against: Against,
}

impl Difference {
    /// Holds a ratio with its interval against a prediction.
    #[must_use]
    pub fn of(seen: f64, interval: Interval, predicted: &Predicted) -> Self {
        let apart = Interval {
            low: interval.low / predicted.range.high,
            high: interval.high / predicted.range.low,
        };
        let falls = predicted.ratio <= 1.0;
        let against = match (apart.holds(1.0), interval.holds(1.0)) {
            (true, true) => Against::Untold,
            (true, false) => Against::Holds,
            (false, _) if (apart.low > 1.0) == falls => Against::Less,
            (false, _) => Against::More,
        };
        Self { ratio: seen / predicted.ratio, interval: apart, against }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    #[test]
    fn verdicts_have_words() {
        let check = |interval, p, placebo, expect: &str| {
            assert_eq!(Verdict::of(interval, p, placebo, 0.05).to_string(), expect);
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
        let check = |interval: Interval, predicted: f64, expect| {
            let range = between(predicted, predicted);
            let predicted = Predicted { ratio: predicted, range, from: String::new() };
            assert_eq!(Difference::of(0.8, interval, &predicted).against, expect);
        };
        check(between(0.7, 0.9), 0.85, Against::Holds);
        check(between(0.7, 1.1), 0.85, Against::Untold);
        check(between(0.7, 0.9), 0.5, Against::Less);
        check(between(0.7, 0.9), 0.95, Against::More);
        check(between(1.1, 1.2), 1.5, Against::Less);
        check(between(1.1, 1.2), 0.9, Against::Less);
    }
}
