//! Forecasts: amounts that nobody will meet to the cent, written to the places that say something.

use super::{divide_rounded, group_digits, sign_prefix};
use crate::units::PicoUsd;

/// Money to so many places as the largest amount beside it has: none from $100 on, one from $10 on,
/// else two. What rounds to nothing is `<$1`.
#[must_use]
pub fn format_forecast_money(amount: PicoUsd, largest: u128, signed: bool) -> String {
    let per_usd = PicoUsd::PER_USD.unsigned_abs();
    let largest = largest.max(amount.0.unsigned_abs());
    let places: u32 = match largest / per_usd {
        100.. => 0,
        10.. => 1,
        _ => 2,
    };
    let size = amount.0.unsigned_abs();
    let sign = sign_prefix(amount.0 < 0, size == 0, signed);
    let steps = 10_u128.pow(places);
    let rounded = divide_rounded(size, per_usd / steps);
    if size == 0 {
        return "$0".to_owned();
    }
    // The smallest amount that can be written, rather than a zero that reads as free.
    let (sign, rounded, below) = if rounded == 0 { ("", 1, "<") } else { (sign, rounded, "") };
    let whole = group_digits(rounded / steps);
    match places {
        0 => format!("{below}{sign}${whole}"),
        _ => {
            let width = places as usize;
            format!("{below}{sign}${whole}.{:0width$}", rounded % steps)
        }
    }
}

/// Tokens to two or three digits: all below a thousand, then `1.5 k`, `188 k`, `2.6 M`, `1.53 G`.
#[must_use]
pub fn format_forecast_tokens(n: i64, signed: bool) -> String {
    let size = u128::from(n.unsigned_abs());
    let sign = sign_prefix(n < 0, n == 0, signed);
    if size < 1_000 {
        return format!("{sign}{size}");
    }
    // The unit is chosen after rounding, so that 999,600 is `1.0 M` and never `1000 k`.
    for (unit, name) in [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")] {
        if name == "G" {
            let hundredths = divide_rounded(size, unit / 100);
            let whole = group_digits(hundredths / 100);
            return format!("{sign}{whole}.{:02} {name}", hundredths % 100);
        }
        let (whole, tenths) = (divide_rounded(size, unit), divide_rounded(size, unit / 10));
        if tenths < 1_000 {
            return format!("{sign}{}.{} {name}", tenths / 10, tenths % 10);
        }
        if whole < 1_000 {
            return format!("{sign}{whole} {name}");
        }
    }
    unreachable!("the last unit takes all")
}

/// A share in a sentence: whole percents from ten on, one place below, `<0.1 %` for less than that.
#[must_use]
pub fn format_share_in_sentence(bp: i64) -> String {
    let size = u128::from(bp.unsigned_abs());
    let sign = sign_prefix(bp < 0, bp == 0, false);
    match size {
        0 => "0 %".to_owned(),
        1..5 => "<0.1 %".to_owned(),
        5..995 => {
            let tenths = divide_rounded(size, 10);
            match tenths % 10 {
                0 => format!("{sign}{} %", tenths / 10),
                place => format!("{sign}{}.{place} %", tenths / 10),
            }
        }
        _ => format!("{sign}{} %", divide_rounded(size, 100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_have_the_places_of_the_largest_amount() {
        for (cents, largest, expect) in [
            (14_740, 14_740, "$147"),
            (120, 14_740, "$1"),
            (40, 14_740, "<$1"),
            (310, 2_287, "$3.1"),
            (4, 2_287, "<$0.1"),
            (310, 310, "$3.10"),
            (-13, 310, "-$0.13"),
            (0, 310, "$0"),
            (128_241, 0, "$1,282"),
        ] {
            let cent = PicoUsd::PER_USD / 100;
            let largest = (cent * largest).unsigned_abs();
            assert_eq!(format_forecast_money(PicoUsd(cent * cents), largest, false), expect);
        }
    }

    #[test]
    fn tokens_have_two_or_three_digits() {
        for (n, expect) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0 k"),
            (99_940, "99.9 k"),
            (99_960, "100 k"),
            (999_400, "999 k"),
            (999_600, "1.0 M"),
            (-29_400_000, "-29.4 M"),
            (893_000_000, "893 M"),
            (1_530_000_000, "1.53 G"),
            (i64::MAX, "9,223,372,036.85 G"),
        ] {
            assert_eq!(format_forecast_tokens(n, false), expect);
        }
    }

    #[test]
    fn shares_in_sentences_are_short() {
        for (bp, expect) in [
            (0, "0 %"),
            (4, "<0.1 %"),
            (5, "0.1 %"),
            (560, "5.6 %"),
            (600, "6 %"),
            (994, "9.9 %"),
            (995, "10 %"),
            (-4_620, "-46 %"),
        ] {
            assert_eq!(format_share_in_sentence(bp), expect);
        }
    }
}
