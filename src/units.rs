//! Token classes, money and time: the units every other module counts in.
//!
//! All amounts are integers. Money is pico-dollars (10^-12 USD), so that one token at any published
//! price is a whole number: 1 USD per million tokens is 1,000,000 pico-dollars per token.

use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// The five token classes in the order used everywhere.
pub const TOKEN_CLASSES: [&str; 5] = ["fresh", "read", "write_5m", "write_1h", "output"];

/// Tokens of one or many calls, by class.
///
/// Signed, because the difference of two usages is a usage too (a saving, possibly negative).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens behind the last cache breakpoint: neither read from nor written to the cache.
    pub fresh: i64,
    /// Input tokens read from the prompt cache.
    pub read: i64,
    /// Input tokens written to the five-minute cache.
    pub write_5m: i64,
    /// Input tokens written to the one-hour cache.
    pub write_1h: i64,
    /// Output tokens, thinking included, as recorded by the source.
    pub output: i64,
}

impl Usage {
    /// Prompt size: fresh + read + both writes.
    #[must_use]
    pub fn context_tokens(&self) -> i64 {
        self.fresh + self.read + self.write_tokens()
    }

    /// Tokens written to either cache tier.
    #[must_use]
    pub fn write_tokens(&self) -> i64 {
        self.write_5m + self.write_1h
    }

    /// The classes in the order of [`TOKEN_CLASSES`].
    #[must_use]
    pub fn by_class(&self) -> [i64; 5] {
        [self.fresh, self.read, self.write_5m, self.write_1h, self.output]
    }

    /// Whether every class is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.by_class() == [0; 5]
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            fresh: self.fresh + other.fresh,
            read: self.read + other.read,
            write_5m: self.write_5m + other.write_5m,
            write_1h: self.write_1h + other.write_1h,
            output: self.output + other.output,
        }
    }
}

impl Sub for Usage {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            fresh: self.fresh - other.fresh,
            read: self.read - other.read,
            write_5m: self.write_5m - other.write_5m,
            write_1h: self.write_1h - other.write_1h,
            output: self.output - other.output,
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

/// An amount of money in pico-dollars.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct PicoUsd(pub i128);

impl PicoUsd {
    /// Pico-dollars in one dollar.
    pub(crate) const PER_USD: i128 = 1_000_000_000_000;

    /// The amount in millionths of a dollar, cut off.
    #[must_use]
    pub(crate) fn micro_usd(self) -> i64 {
        i64::try_from(self.0 / 1_000_000).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    /// Its share of another amount in ten-thousandths.
    #[must_use]
    pub(crate) fn share_bp(self, whole: Self) -> i64 {
        // Millionths of a dollar fit in a word, and a share has no more digits.
        ratio_bp(self.micro_usd(), whole.micro_usd())
    }

    /// The amount as an exact decimal string in dollars, twelve places, e.g. `-1.500000000000`.
    #[must_use]
    pub fn exact_decimal(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        // The sign stands apart: -0.5 would lose it with its whole part of 0.
        let abs = self.0.unsigned_abs();
        let per_usd = Self::PER_USD.unsigned_abs();
        format!("{sign}{}.{:012}", abs / per_usd, abs % per_usd)
    }
}

impl Add for PicoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for PicoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for PicoUsd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for PicoUsd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

/// One ten-thousandth, the unit of every share inside the model.
pub(crate) const BASIS_POINTS: i64 = 10_000;

/// `amount * share_bp / 10_000`, rounded half up. The one place where a share is applied to tokens.
#[must_use]
pub(crate) fn share_of(amount: i64, share_bp: i64) -> i64 {
    let product = amount * share_bp;
    // Half up, below zero too: floor of the value and a half.
    (product + BASIS_POINTS / 2).div_euclid(BASIS_POINTS)
}

/// `part / whole` in ten-thousandths, rounded half up; 0 of nothing.
#[must_use]
pub(crate) fn ratio_bp(part: i64, whole: i64) -> i64 {
    scale_by_ratio(part, BASIS_POINTS, whole)
}

/// `amount * numerator / denominator`, rounded half up; 0 when the denominator is 0.
#[must_use]
#[inline]
pub(crate) fn scale_by_ratio(amount: i64, numerator: i64, denominator: i64) -> i64 {
    // A share of nothing is none.
    if denominator == 0 {
        return 0;
    }
    // Most amounts leave room in a word, of which a division takes a tenth of the time.
    let in_a_word = amount.checked_mul(numerator).and_then(|product| {
        let (twice, over) = (product.checked_mul(2)?, denominator.checked_mul(2)?);
        Some(twice.checked_add(denominator)?.div_euclid(over))
    });
    in_a_word.unwrap_or_else(|| scale_by_wide_ratio(amount, numerator, denominator))
}

/// The same beyond a word.
fn scale_by_wide_ratio(amount: i64, numerator: i64, denominator: i64) -> i64 {
    let product = i128::from(amount) * i128::from(numerator);
    let denominator = i128::from(denominator);
    // Half up in whole numbers: floor of (2 p + d) / 2 d.
    let rounded = (2 * product + denominator).div_euclid(2 * denominator);
    saturate_to_i64(rounded)
}

/// An amount in a word, or the nearest that one holds.
#[must_use]
pub(crate) fn saturate_to_i64(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}

/// Splits `total` in proportion to `weights`; the parts add up to `total` exactly.
///
/// Largest-remainder by running sum: part k is the rounded cumulative share up to k minus the one
/// before, so that no rounding is lost. With all weights zero everything goes to the last part.
#[must_use]
pub(crate) fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i64 = weights.iter().sum();
    // What adds up already is its own parts.
    if sum == total && sum != 0 {
        return weights.to_vec();
    }
    let mut seen = 0;
    let mut given = 0;
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        // Each part ends where the running share does, so that rounding never piles up.
        seen += weight;
        let upto = match (sum, index + 1 == weights.len()) {
            // The last part takes what is left, also where nothing has a weight.
            (_, true) => total,
            (0, false) => 0,
            _ => scale_by_ratio(total, seen, sum),
        };
        parts.push(upto - given);
        given = upto;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apportioned_parts_add_up() {
        for (total, weights) in
            [(10, vec![1, 1, 1]), (-7, vec![3, 0, 9]), (5, vec![0, 0]), (0, vec![1])]
        {
            assert_eq!(apportion(total, &weights).iter().sum::<i64>(), total);
        }
        assert_eq!(apportion(10, &[1, 3]), vec![3, 7]);
        assert_eq!(apportion(10, &[4, 0, -1, 7]), vec![4, 0, -1, 7]);
        assert_eq!(apportion(0, &[3, -3]), vec![0, 0]);
    }

    #[test]
    fn shares_round_half_up() {
        assert_eq!(share_of(5, 5_000), 3);
        assert_eq!(share_of(1_000, 139), 14);
        assert_eq!(scale_by_ratio(7, 1, 2), 4);
        assert_eq!(scale_by_ratio(-7, 1, 2), -3);
        assert_eq!(scale_by_ratio(7, 1, 0), 0);
        // In a word and beyond it the same.
        for amount in [-1_000_003, -7, 0, 5, 2_000_001] {
            for (numerator, denominator) in [(3, 7), (-5, 2), (9, -4), (1 << 40, 1 << 41)] {
                let wide = scale_by_wide_ratio(amount, numerator, denominator);
                assert_eq!(scale_by_ratio(amount, numerator, denominator), wide, "{amount}");
            }
        }
        assert_eq!(scale_by_ratio(i64::MAX, 3, 4), 6_917_529_027_641_081_855);
    }

    #[test]
    fn money_prints_exactly() {
        assert_eq!(PicoUsd(1_500_000_000_000).exact_decimal(), "1.500000000000");
        assert_eq!(PicoUsd(-5).exact_decimal(), "-0.000000000005");
        assert_eq!(PicoUsd(1_999_999).micro_usd(), 1);
        assert_eq!(PicoUsd(i128::MIN).micro_usd(), i64::MIN);
        assert_eq!(PicoUsd(1_000_000).share_bp(PicoUsd(3_000_000)), 3_333);
        assert_eq!(ratio_bp(1, 0), 0);
    }
}
