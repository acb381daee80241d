//! Amounts as people type them, read by one rule that knows what a field holds.
//!
//! | field holds | is typed | is read in |
//! |---|---|---|
//! | tokens | `9500000`, `9.5M`, `9.5 M`, `870.9k`, `45,276` | tokens |
//! | a count | `12`, `1,000`, `3k` | ones |
//! | a share | `30 %`, `30%`, `0.3` | ten-thousandths |
//! | a time | `12m57s`, `1h 24m`, `90s`, `500ms`, `2d`, `1w` | milliseconds |
//! | money | `$5`, `$0.50`, `$1.2k` | pico-dollars |
//!
//! The same string is a different amount in another field, or none: `30%` is never 3,000 tokens,
//! and `1m` in a field of tokens is refused with a word about `1M`. Nothing is rounded: an amount
//! that is no whole number of its unit is no amount.

use crate::toml_reader::{TomlEntry, TomlError, TomlNode, bad_value_error};
use crate::units::{BASIS_POINTS, PicoUsd};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityKind {
    /// Tokens or characters.
    Tokens,
    /// Calls, sessions, runs.
    Count,
    /// A part of a whole.
    Share,
    /// A time.
    Duration,
    /// Dollars.
    Money,
}

/// An amount in the unit of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The amount.
    pub value: i128,
    /// What one unit of its last printed digit is worth.
    pub last_digit: i128,
}

/// What a letter behind a number multiplies it by.
const MAGNITUDES: [(&str, i128); 4] =
    [("k", 1_000), ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];

/// The parts of a time from the largest to the smallest, in milliseconds.
const TIME_PARTS: [(&str, i128); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", HOUR_MS as i128),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// A stretch of time in milliseconds: whole hours, at least one, as in `36h`, `7d` or `2w`.
pub(crate) fn read_span_ms(text: &str) -> Option<i64> {
    let span_ms = i64::try_from(QuantityKind::Duration.read(text)?.value).ok()?;
    (span_ms > 0 && span_ms % HOUR_MS == 0).then_some(span_ms)
}

impl QuantityKind {
    /// Reads an amount of this kind; `None` where the text is none.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Quantity> {
        let text = text.trim();
        match self {
            Self::Tokens | Self::Count => read_magnitude(text, 1),
            Self::Money => read_magnitude(text.strip_prefix('$')?.trim_start(), PicoUsd::PER_USD),
            // A bare whole number could be per cent as well as a part of one: it is no share.
            Self::Share => match text.strip_suffix('%') {
                Some(percent) => parse_decimal(percent.trim_end(), i128::from(BASIS_POINTS) / 100),
                None if text.contains('.') => parse_part_of_one(text),
                None => None,
            },
            Self::Duration => read_duration(text),
        }
    }

    /// The same of a value in a file, which may be a bare number where that has one meaning only.
    #[must_use]
    pub(crate) fn read_node(self, node: &TomlNode) -> Option<Quantity> {
        match (self, node) {
            (_, TomlNode::Text(text)) => self.read(text),
            (Self::Tokens | Self::Count, TomlNode::Whole(number)) => bare_number(*number, 1),
            (Self::Money, TomlNode::Whole(number)) => bare_number(*number, PicoUsd::PER_USD),
            (Self::Share, TomlNode::Whole(number @ (0 | 1))) => {
                bare_number(*number, i128::from(BASIS_POINTS))
            }
            (Self::Duration, TomlNode::Whole(0)) => bare_number(0, 1),
            (Self::Share, TomlNode::Float(digits)) => parse_part_of_one(digits),
            (Self::Money, TomlNode::Float(digits)) => parse_decimal(digits, PicoUsd::PER_USD),
            _ => None,
        }
    }

    /// Reads a value of a file.
    ///
    /// # Errors
    /// What was met and what would do.
    pub(crate) fn read_entry(self, key: &str, entry: &TomlEntry) -> Result<i128, TomlError> {
        let read = self.read_node(&entry.node);
        read.map(|quantity| quantity.value).ok_or_else(|| {
            let wanted = format!("{}{}", self.wanted_text(), self.way_out(&entry.as_typed));
            bad_value_error(key, entry, &wanted)
        })
    }

    /// What would do, in words.
    #[must_use]
    pub(crate) fn wanted_text(self) -> &'static str {
        match self {
            Self::Tokens => "tokens such as 150000, \"150 k\" or \"1.5 M\"",
            Self::Count => "a whole number",
            Self::Share => "a share such as \"30 %\" or 0.3",
            Self::Duration => "a time such as \"12m57s\" or \"1h 24m\"",
            Self::Money => "dollars such as \"$0.50\"",
        }
    }

    /// What was likely meant by a text that is no amount of this kind; starts with a blank, or is
    /// empty.
    #[must_use]
    pub(crate) fn way_out(self, as_typed: &str) -> String {
        let typed = as_typed.trim_matches(['"', '\'']);
        let number = typed.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ' || c == '%');
        let is_number = !number.is_empty() && parse_decimal(number, 1_000_000).is_some();
        match (self, &typed[number.len()..]) {
            (Self::Tokens | Self::Count, "m") if is_number => {
                format!(" (a million is \"{number}M\"; \"{typed}\" is a time)")
            }
            (Self::Tokens | Self::Count, unit) if unit.contains('%') => {
                " (a share has no place here)".to_owned()
            }
            (Self::Share, "") if is_number => format!(" ({number} per cent is \"{number} %\")"),
            (Self::Duration, "") if is_number => format!(" ({number} seconds are \"{number}s\")"),
            (Self::Duration, "M") if is_number => format!(" (minutes are \"{number}m\")"),
            (Self::Money, "") if is_number => format!(" (dollars are \"${number}\")"),
            _ => String::new(),
        }
    }
}

/// A number of a file, not below zero, in units of `scale`.
fn bare_number(number: i64, scale: i128) -> Option<Quantity> {
    (number >= 0).then(|| Quantity { value: i128::from(number) * scale, last_digit: scale })
}

/// A share as a part of one. What is more than one was likely meant in per cent.
fn parse_part_of_one(text: &str) -> Option<Quantity> {
    let share = parse_decimal(text, i128::from(BASIS_POINTS));
    share.filter(|share| share.value <= i128::from(BASIS_POINTS))
}

/// A number and the letter behind it.
fn read_magnitude(text: &str, scale: i128) -> Option<Quantity> {
    let named = MAGNITUDES.iter().find_map(|(end, times)| Some((text.strip_suffix(end)?, *times)));
    let (digits, times) = named.unwrap_or((text, 1));
    parse_decimal(digits.trim_end(), scale * times)
}

/// A time in parts of falling size.
fn read_duration(text: &str) -> Option<Quantity> {
    let (mut total, mut last) = (0_i128, i128::MAX);
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let tail = &rest[digits..];
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (_, unit) = TIME_PARTS.iter().find(|(name, _)| *name == &tail[..letters])?;
        let part = rest[..digits].trim();
        // Parts fall in size, so that `5m 1h` and `5m3m` are refused.
        if *unit >= last || part.contains(',') {
            return None;
        }
        let part = parse_decimal(part, *unit)?;
        total += part.value;
        last = part.last_digit;
        rest = tail[letters..].trim_start();
    }
    (last < i128::MAX).then_some(Quantity { value: total, last_digit: last })
}

/// Most digits before and behind the point: their product with any scale here fits.
const MOST_DIGITS: usize = 15;

/// `text * scale`, where that is a whole number; thousands may be parted by commas.
#[must_use]
pub fn parse_decimal(text: &str, scale: i128) -> Option<Quantity> {
    let (whole, places) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, places)) => (whole, places),
        None => (text, ""),
    };
    let whole = without_commas(whole)?;
    let has_digits_only = whole.bytes().chain(places.bytes()).all(|b| b.is_ascii_digit());
    let fits = (1..=MOST_DIGITS).contains(&whole.len()) && places.len() <= MOST_DIGITS;
    if !has_digits_only || !fits {
        return None;
    }
    // Every place makes the last digit worth a tenth; where nothing whole is left of the unit
    // (`1.5` sessions), the text is no amount.
    let below = 10_i128.pow(u32::try_from(places.len()).ok()?);
    if scale % below != 0 {
        return None;
    }
    let last_digit = scale / below;
    let digits: i128 = format!("{whole}{places}").parse().ok()?;
    Some(Quantity { value: digits * last_digit, last_digit })
}

/// A number whose thousands may be parted by commas: then all of them are.
fn without_commas(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    // With a comma all thousands must have theirs: `1000,000` or `1,00` is a slip of the pen.
    let is_full = first.len() == text.len()
        || (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    is_full.then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::QuantityKind::{Count, Duration, Money, Share, Tokens};
    use super::*;

    #[test]
    fn what_a_text_means_depends_on_the_field() {
        for (kind, text, value) in [
            (Tokens, "9.5M", 9_500_000),
            (Tokens, " 9.5 M ", 9_500_000),
            (Tokens, "45,276", 45_276),
            (Tokens, "1.5G", 1_500_000_000),
            (Count, "12", 12),
            (Count, "3k", 3_000),
            (Share, "30 %", 3_000),
            (Share, "30%", 3_000),
            (Share, "0.25%", 25),
            (Share, "0.3", 3_000),
            (Share, "120 %", 12_000),
            (Duration, "12m57s", 777_000),
            (Duration, "1h 24m", 5_040_000),
            (Duration, "1.5h", 5_400_000),
            (Duration, "500ms", 500),
            (Duration, "2d", 172_800_000),
            (Money, "$5", 5 * PicoUsd::PER_USD),
            (Money, "$0.50", PicoUsd::PER_USD / 2),
            (Money, "$1.2k", 1_200 * PicoUsd::PER_USD),
        ] {
            assert_eq!(kind.read(text).map(|it| it.value), Some(value), "{kind:?} {text}");
        }
        for (kind, text) in [
            (Tokens, "30%"),
            (Tokens, "1m"),
            (Tokens, "1.5"),
            (Tokens, "-5"),
            (Tokens, ""),
            (Tokens, "1000,000"),
            (Count, "$5"),
            (Share, "30"),
            (Share, "1"),
            (Share, "1.5"),
            (Share, "0.00001"),
            (Share, "30k"),
            (Duration, "90"),
            (Duration, "5m3m"),
            (Duration, "5m 1h"),
            (Duration, "1,000s"),
            (Duration, ""),
            (Money, "5"),
            (Money, "$"),
            (Money, "$1.2345678901234"),
            (Tokens, "99999999999999999999"),
        ] {
            assert_eq!(kind.read(text), None, "{kind:?} {text}");
        }
    }

    #[test]
    fn spans_are_whole_hours() {
        for (text, hours) in [("24h", 24), ("7d", 168), ("2w", 336), ("7 d", 168), ("1d 12h", 36)] {
            assert_eq!(read_span_ms(text), Some(hours * HOUR_MS), "{text}");
        }
        for text in ["", "d", "7", "0d", "-1d", "+1d", "7m", "7\u{e9}", "9999999999999999w"] {
            assert_eq!(read_span_ms(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_likely_meant_is_said() {
        assert!(Tokens.way_out("\"1m\"").contains("a million is \"1M\""));
        assert!(Tokens.way_out("\"30%\"").contains("a share has no place"));
        assert!(Share.way_out("30").contains("\"30 %\""));
        assert!(Duration.way_out("90").contains("\"90s\""));
        assert_eq!(Tokens.way_out("\"many\""), "");
    }
}
