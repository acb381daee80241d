//! From values to words: the one place where a number becomes text.
//!
//! Integers all the way; halves are rounded away from zero, so that a saving and the same loss
//! read alike.

use super::view::{Cell, Column, Content, Value};
use crate::units::PicoUsd;
use std::borrow::Cow;

/// What stands where nothing is known.
pub const MISSING: &str = "-";

/// How a number is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// A `+` before positive numbers.
    pub signed: bool,
    /// All digits rather than `22.8 M`.
    pub exact: bool,
}

impl From<&Column> for Figures {
    fn from(column: &Column) -> Self {
        Self { signed: column.signed, exact: column.exact }
    }
}

/// A cell in words, cleaned but not escaped for any format.
#[must_use]
pub fn cell(cell: &Cell, figures: Figures) -> String {
    match &cell.content {
        Content::Missing => MISSING.to_owned(),
        Content::One(one) => value(one, figures),
        Content::Range(low, high) => format!("{} to {}", value(low, figures), value(high, figures)),
    }
}

/// A value in words, cleaned but not escaped for any format.
#[must_use]
pub fn value(value: &Value, figures: Figures) -> String {
    match value {
        Value::Text(words) => clean(words).into_owned(),
        Value::Tokens(n) if !figures.exact => tokens(*n, figures.signed),
        Value::Tokens(n) | Value::Count(n) => integer(*n, figures.signed),
        Value::Share(bp) => share(*bp, figures),
        Value::Money(amount) => money(*amount, figures),
        Value::Duration(ms) => duration(*ms, figures),
        Value::Number(thousandths) => number(*thousandths, figures.signed),
    }
}

/// The sign of a number as text.
fn sign(negative: bool, zero: bool, signed: bool) -> &'static str {
    match (negative, zero, signed) {
        (true, false, _) => "-",
        (false, false, true) => "+",
        _ => "",
    }
}

/// `n / unit`, halves rounded up.
fn rounded(n: u128, unit: u128) -> u128 {
    (n + unit / 2) / unit
}

/// Digits in groups of three: `1,234,567`.
fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// All digits: `1,234,567`, `-12`.
#[must_use]
pub fn integer(n: i64, signed: bool) -> String {
    format!("{}{}", sign(n < 0, n == 0, signed), grouped(u128::from(n.unsigned_abs())))
}

/// A value in words without places and units that say nothing: `5 M`, `$20`, `50 %`, `2h`.
#[must_use]
pub fn short(value: &Value) -> String {
    let words = self::value(value, Figures::default());
    match value {
        Value::Tokens(_) | Value::Share(_) => words.replace(".0 ", " "),
        Value::Money(_) => words.trim_end_matches(".00").to_owned(),
        Value::Duration(0) => "0".to_owned(),
        Value::Duration(_) => {
            let words = words.replace(".0s", "s");
            let zero = [" 0h", " 0m", " 0s"].iter().find_map(|zero| words.strip_suffix(zero));
            zero.unwrap_or(&words).to_owned()
        }
        Value::Text(_) | Value::Count(_) | Value::Number(_) => words,
    }
}

/// Text with its whole numbers of five digits and more in groups of three.
#[must_use]
pub fn with_groups(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "._".contains(c);
    let mut grouped_text = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = is_word(first);
        let end = rest.find(|c| is_word(c) != in_word).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let number = part.parse().ok().filter(|_| in_word && part.len() >= 5);
        match number {
            Some(number) if part.bytes().all(|byte| byte.is_ascii_digit()) => {
                grouped_text.push_str(&grouped(number));
            }
            _ => grouped_text.push_str(part),
        }
        rest = behind;
    }
    grouped_text
}

/// Tokens to a decimal place: `22.8 M`, `870.9 k`, below ten thousand all digits.
#[must_use]
pub fn tokens(n: i64, signed: bool) -> String {
    let size = u128::from(n.unsigned_abs());
    let sign = sign(n < 0, n == 0, signed);
    if size < 10_000 {
        return format!("{sign}{}", grouped(size));
    }
    // The unit is chosen after rounding, so that 999,950 is `1.0 M` and never `1000.0 k`.
    for (unit, name) in [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")] {
        let tenths = rounded(size, unit / 10);
        if tenths < 10_000 || name == "G" {
            return format!("{sign}{}.{} {name}", grouped(tenths / 10), tenths % 10);
        }
    }
    unreachable!("the last unit takes all")
}

/// Tokens as AutoSkillit's tables in pull requests have them: `1.2M`, `45.0k`, `999`. Halves go to
/// the even digit, as its language formats floats.
#[must_use]
pub fn pull_request_tokens(n: i64) -> String {
    match n {
        1_000_000.. => format!("{:.1}M", n as f64 / 1e6),
        1_000.. => format!("{:.1}k", n as f64 / 1e3),
        _ => n.to_string(),
    }
}

/// Durations in the same tables: `42s`, `7m 3s`, `1h 24m`; what is below is dropped.
#[must_use]
pub fn pull_request_time(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        3_600.. => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        60.. => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{seconds}s"),
    }
}

/// A share in basis points as percent: `12.3 %`; two places below one percent or when exact.
#[must_use]
pub fn share(bp: i64, figures: Figures) -> String {
    let size = bp.unsigned_abs();
    if figures.exact || (size < 100 && !size.is_multiple_of(10)) {
        let sign = sign(bp < 0, bp == 0, figures.signed);
        return format!("{sign}{}.{:02} %", size / 100, size % 100);
    }
    let tenths = rounded(u128::from(size), 10);
    let sign = sign(bp < 0, bp == 0, figures.signed);
    format!("{sign}{}.{} %", tenths / 10, tenths % 10)
}

/// Dollars and cents: `$12.34`; four places below a cent; all twelve when exact.
#[must_use]
pub fn money(amount: PicoUsd, figures: Figures) -> String {
    let size = amount.0.unsigned_abs();
    let sign = sign(amount.0 < 0, size == 0, figures.signed);
    let per_usd = PicoUsd::PER_USD.unsigned_abs();
    if figures.exact {
        let places = format!("{:012}", size % per_usd);
        let kept = places.trim_end_matches('0').len().max(2);
        return format!("{sign}${}.{}", grouped(size / per_usd), &places[..kept]);
    }
    let cents = rounded(size, per_usd / 100);
    if cents == 0 && size > 0 {
        let parts = rounded(size, per_usd / 10_000);
        return match parts {
            0 => format!("{sign}<$0.0001"),
            _ => format!("{sign}$0.{parts:04}"),
        };
    }
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

/// A duration in its two largest units: `1h 24m`, `12m 57s`, `8.4s`, `350ms`.
#[must_use]
pub fn duration(ms: i64, figures: Figures) -> String {
    let size = ms.unsigned_abs();
    let sign = sign(ms < 0, ms == 0, figures.signed);
    if figures.exact {
        return format!("{sign}{}ms", grouped(u128::from(size)));
    }
    let (seconds, minutes) = ((size + 500) / 1_000, (size + 30_000) / 60_000);
    let words = match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{size}ms"),
        1_000..59_950 => {
            let tenths = (size + 50) / 100;
            format!("{}.{}s", tenths / 10, tenths % 10)
        }
        59_950..3_599_500 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_599_500..86_370_000 => format!("{}h {}m", minutes / 60, minutes % 60),
        _ => format!("{}d {}h", rounded_hours(size) / 24, rounded_hours(size) % 24),
    };
    format!("{sign}{words}")
}

fn rounded_hours(ms: u64) -> u64 {
    (ms + 1_800_000) / 3_600_000
}

/// A number in thousandths: `0.776`, `1.99`; trailing zeros after the second place fall away.
#[must_use]
pub fn number(thousandths: i64, signed: bool) -> String {
    let size = thousandths.unsigned_abs();
    let sign = sign(thousandths < 0, thousandths == 0, signed);
    let whole = grouped(u128::from(size / 1_000));
    match size % 1_000 {
        rest if rest % 10 == 0 => format!("{sign}{whole}.{:02}", rest / 10),
        rest => format!("{sign}{whole}.{rest:03}"),
    }
}

/// A value for machines: integers in full, dollars and shares as exact decimals, no separators.
#[must_use]
pub fn raw(value: &Value) -> String {
    match value {
        Value::Text(words) => clean(words).into_owned(),
        Value::Tokens(n) | Value::Count(n) | Value::Duration(n) => n.to_string(),
        Value::Share(bp) => decimal(i128::from(*bp), 4),
        Value::Number(thousandths) => decimal(i128::from(*thousandths), 3),
        Value::Money(amount) => decimal(amount.0, 12),
    }
}

/// `n / 10^places` as the shortest exact decimal with at least one place: `12.5`, `-0.0`.
#[must_use]
pub fn decimal(n: i128, places: u32) -> String {
    let one = 10_u128.pow(places);
    let size = n.unsigned_abs();
    let fraction = format!("{:0width$}", size % one, width = places as usize);
    let kept = fraction.trim_end_matches('0').len().max(1);
    format!("{}{}.{}", sign(n < 0, n == 0, false), size / one, &fraction[..kept])
}

/// Foreign text made harmless for any screen: escape sequences, control characters and invisible
/// direction marks are gone, line breaks and tabs are blanks.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\t' | '\r' => kept.push(' '),
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            c if c.is_control() || is_invisible(c) => {}
            c => kept.push(c),
        }
    }
    Cow::Owned(kept)
}

/// Characters of no width that can reorder or hide what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Drops what follows an ESC: a control sequence, a string up to its end, or one character.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_control_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && chars.next() == Some('\\')) {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Drops parameters and the final letter of a control sequence.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Figures = Figures { signed: false, exact: false };
    const SIGNED: Figures = Figures { signed: true, exact: false };
    const EXACT: Figures = Figures { signed: false, exact: true };

    fn check(given: Value, figures: Figures, expect: &str) {
        assert_eq!(value(&given, figures), expect, "{given:?} {figures:?}");
    }

    #[test]
    fn short_words_say_no_zeros() {
        for (value, expect) in [
            (Value::Tokens(5_000_000), "5 M"),
            (Value::Tokens(2_500_000), "2.5 M"),
            (Value::Tokens(0), "0"),
            (Value::Money(PicoUsd(20 * PicoUsd::PER_USD)), "$20"),
            (Value::Money(PicoUsd(PicoUsd::PER_USD / 2)), "$0.50"),
            (Value::Share(5_000), "50 %"),
            (Value::Share(5_050), "50.5 %"),
            (Value::Duration(0), "0"),
            (Value::Duration(20_000), "20s"),
            (Value::Duration(600_000), "10m"),
            (Value::Duration(5_400_000), "1h 30m"),
            (Value::Duration(86_400_000), "1d"),
            (Value::Count(1_200), "1,200"),
        ] {
            assert_eq!(short(&value), expect, "{value:?}");
        }
    }

    #[test]
    fn whole_numbers_in_text_are_grouped() {
        let text = "miss 893346723 tokens of 2026, 0.1234567 and 9768e31d; 12345.";
        let grouped = "miss 893,346,723 tokens of 2026, 0.1234567 and 9768e31d; 12345.";
        assert_eq!(with_groups(text), grouped);
        assert_eq!(with_groups("22000, é 10000"), "22,000, é 10,000");
        assert_eq!(with_groups(""), "");
    }

    #[test]
    fn tokens_are_short_or_exact() {
        check(Value::Tokens(22_840_000), PLAIN, "22.8 M");
        check(Value::Tokens(870_949), PLAIN, "870.9 k");
        check(Value::Tokens(870_950), PLAIN, "871.0 k");
        check(Value::Tokens(9_999), PLAIN, "9,999");
        check(Value::Tokens(10_000), PLAIN, "10.0 k");
        check(Value::Tokens(999_949), PLAIN, "999.9 k");
        check(Value::Tokens(999_950), PLAIN, "1.0 M");
        check(Value::Tokens(2_345_678_901_234), PLAIN, "2,345.7 G");
        check(Value::Tokens(0), PLAIN, "0");
        check(Value::Tokens(0), SIGNED, "0");
        check(Value::Tokens(-5_250_000), SIGNED, "-5.3 M");
        check(Value::Tokens(5_250_000), SIGNED, "+5.3 M");
        check(Value::Tokens(22_840_123), EXACT, "22,840,123");
        check(Value::Tokens(i64::MIN), EXACT, "-9,223,372,036,854,775,808");
        check(Value::Count(-1_234), PLAIN, "-1,234");
        check(Value::Count(12), SIGNED, "+12");
    }

    #[test]
    fn shares_are_percent() {
        check(Value::Share(1_234), PLAIN, "12.3 %");
        check(Value::Share(1_235), PLAIN, "12.4 %");
        check(Value::Share(1_235), EXACT, "12.35 %");
        check(Value::Share(6), PLAIN, "0.06 %");
        check(Value::Share(10), PLAIN, "0.1 %");
        check(Value::Share(-4_685), SIGNED, "-46.9 %");
        check(Value::Share(4_685), SIGNED, "+46.9 %");
        check(Value::Share(0), SIGNED, "0.0 %");
        check(Value::Share(10_000), PLAIN, "100.0 %");
    }

    #[test]
    fn money_is_dollars() {
        check(Value::Money(PicoUsd(12_340_000_000_000)), PLAIN, "$12.34");
        check(Value::Money(PicoUsd(12_345_000_000_000)), PLAIN, "$12.35");
        check(Value::Money(PicoUsd(1_234_567_890_000_000_000)), PLAIN, "$1,234,567.89");
        check(Value::Money(PicoUsd(4_200_000_000)), PLAIN, "$0.0042");
        check(Value::Money(PicoUsd(5_000_000_000)), PLAIN, "$0.01");
        check(Value::Money(PicoUsd(42)), PLAIN, "<$0.0001");
        check(Value::Money(PicoUsd(0)), SIGNED, "$0.00");
        check(Value::Money(PicoUsd(-1_500_000_000_000)), PLAIN, "-$1.50");
        check(Value::Money(PicoUsd(1_500_000_000_000)), SIGNED, "+$1.50");
        check(Value::Money(PicoUsd(1_234_567_800_000)), EXACT, "$1.2345678");
        check(Value::Money(PicoUsd(2_000_000_000_000)), EXACT, "$2.00");
    }

    #[test]
    fn durations_have_two_units() {
        check(Value::Duration(0), PLAIN, "0s");
        check(Value::Duration(350), PLAIN, "350ms");
        check(Value::Duration(8_449), PLAIN, "8.4s");
        check(Value::Duration(59_949), PLAIN, "59.9s");
        check(Value::Duration(59_950), PLAIN, "1m 0s");
        check(Value::Duration(777_000), PLAIN, "12m 57s");
        check(Value::Duration(3_599_500), PLAIN, "1h 0m");
        check(Value::Duration(5_040_000), PLAIN, "1h 24m");
        check(Value::Duration(86_370_000), PLAIN, "1d 0h");
        check(Value::Duration(90_000_000_000), PLAIN, "1041d 16h");
        check(Value::Duration(-61_000), SIGNED, "-1m 1s");
        check(Value::Duration(61_000), EXACT, "61,000ms");
    }

    #[test]
    fn numbers_keep_two_or_three_places() {
        check(Value::Number(776), PLAIN, "0.776");
        check(Value::Number(1_990), PLAIN, "1.99");
        check(Value::Number(-2_000), PLAIN, "-2.00");
        check(Value::Number(1_500), SIGNED, "+1.50");
    }

    #[test]
    fn machines_get_the_whole_value() {
        for (value, expect) in [
            (Value::Tokens(-22_840_123), "-22840123"),
            (Value::Share(4_685), "0.4685"),
            (Value::Share(10_000), "1.0"),
            (Value::Number(-1_990), "-1.99"),
            (Value::Money(PicoUsd(1)), "0.000000000001"),
            (Value::Money(PicoUsd(-12_500_000_000_000)), "-12.5"),
            (Value::Money(PicoUsd(0)), "0.0"),
            (Value::Duration(61_000), "61000"),
        ] {
            assert_eq!(raw(&value), expect);
        }
    }

    #[test]
    fn ranges_and_gaps_have_words() {
        let range = Cell::range(Value::Tokens(12_000_000), Value::Tokens(14_000_000));
        assert_eq!(cell(&range, PLAIN), "12.0 M to 14.0 M");
        assert_eq!(cell(&Cell::missing(), SIGNED), "-");
    }

    #[test]
    fn foreign_text_is_harmless() {
        for (given, expect) in [
            ("plain", "plain"),
            ("a\nb\tc\r\nd", "a b c d"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended", ""),
            ("\u{9b}2Jgone", "gone"),
            ("a\u{202e}b\u{200b}c\u{0}d\u{7f}", "abcd"),
            ("caf\u{e9} \u{4f60}", "caf\u{e9} \u{4f60}"),
        ] {
            assert_eq!(clean(given), expect, "{given:?}");
        }
    }
}
