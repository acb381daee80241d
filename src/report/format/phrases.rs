//! Amounts and counts as sentences have them, and effort in days.

use super::{
    NumberStyle, format_days, format_duration, format_integer, format_money, format_share,
};
use crate::units::PicoUsd;

/// Dollars and cents, without a sign.
#[must_use]
pub fn plain_money(amount: PicoUsd) -> String {
    format_money(amount, NumberStyle::default())
}

/// A share in basis points as percent, without a sign.
#[must_use]
pub fn plain_share(bp: i64) -> String {
    format_share(bp, NumberStyle::default())
}

/// A time in its two largest units.
#[must_use]
pub fn plain_duration(ms: i64) -> String {
    format_duration(ms, NumberStyle::default())
}

/// A regular noun for so many things: `call`, `calls`.
#[must_use]
pub fn noun_for_count(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{noun}{plural}")
}

/// How many of something: `1 call`, `1,234 calls`.
#[must_use]
pub fn count_of_nouns(count: usize, noun: &str) -> String {
    format!("{} {}", format_integer(count as i64, false), noun_for_count(count, noun))
}

/// Points of about half a day as days in a sentence.
#[must_use]
pub fn effort_words(points: u32) -> String {
    match points {
        0 => "no effort".to_owned(),
        1 => "half a day".to_owned(),
        2 => "1 day".to_owned(),
        points if points.is_multiple_of(2) => format!("{} days", points / 2),
        points => format!("{}.5 days", points / 2),
    }
}

/// The same in thousandths of a day, for tables whose figures are summed.
#[must_use]
pub fn effort_days(points: u32) -> i64 {
    i64::from(points) * 500
}

/// The same in a column: `setting`, `0.5 d`.
#[must_use]
pub fn effort_cell(points: u32) -> String {
    match points {
        0 => "setting".to_owned(),
        points => format_days(points),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_days() {
        for (points, words) in
            [(0, "no effort"), (1, "half a day"), (2, "1 day"), (3, "1.5 days"), (8, "4 days")]
        {
            assert_eq!(effort_words(points), words);
        }
    }

    #[test]
    fn one_thing_is_no_plural() {
        for (count, words) in [(0, "0 calls"), (1, "1 call"), (1_234, "1,234 calls")] {
            assert_eq!(count_of_nouns(count, "call"), words);
        }
    }
}
