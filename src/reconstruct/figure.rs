//! Published figures: what a text prints, kept as printed.
//!
//! A figure stands in a file as the string that was published, e.g. `870.9k`, `~5.1M`, `6m 18s`,
//! `12-14M`, `54%`, `165+`, `303,323,485`. The parser derives what the string means: the value,
//! half a unit of the last printed digit (how far rounding can have moved it), and whether the
//! author marked it as approximate. Nobody else interprets such strings.
//!
//! Figures stop at `LARGEST_FIGURE`, so that the product of any two still fits an `i64`.
//!
//! Units: counts are whole numbers, times milliseconds, shares ten-thousandths.

use crate::quantity::QuantityKind;
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// The largest figure that is read: far beyond any pipeline, safely below an overflow.
pub(crate) const LARGEST_FIGURE: i64 = 3_000_000_000;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureUnit {
    /// Tokens, characters, calls, sessions.
    Count,
    /// Milliseconds.
    Time,
    /// Ten-thousandths.
    Share,
}

/// A figure as printed, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Figure {
    /// The string as published.
    pub text: String,
    /// What it counts.
    pub unit: FigureUnit,
    /// Its value, or the lower end of a range.
    pub low: i64,
    /// Its value, or the upper end of a range.
    pub high: i64,
    /// How far rounding to the last printed digit can have moved it.
    pub half_unit: i64,
    /// Whether it is marked as approximate.
    pub approx: bool,
    /// Whether it is a lower bound (`165+`).
    pub at_least: bool,
}

/// A string that is no figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no figure: wanted one like 870.9k, ~5.1M, 12-14M, 6m 18s, 54%, 165+ or 45,276, up \
     to 3000M"
)]
pub struct BadFigure {
    /// The string.
    pub text: String,
}

/// Where a figure was published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSource {
    /// Id of a [`SourceDocument`](super::reported::SourceDocument).
    pub document: String,
    /// The section in it.
    pub section: String,
}

impl Figure {
    /// Reads a published figure.
    ///
    /// # Errors
    /// The string itself, if it is no figure.
    pub fn parse(text: &str) -> Result<Self, BadFigure> {
        parse_figure(text).ok_or_else(|| BadFigure { text: text.to_owned() })
    }

    /// A count that nobody rounded.
    #[must_use]
    pub(crate) fn of_count(value: i64) -> Self {
        Self {
            text: value.to_string(),
            unit: FigureUnit::Count,
            low: value,
            high: value,
            half_unit: 0,
            approx: false,
            at_least: false,
        }
    }

    /// Its value: the middle of a range.
    #[must_use]
    pub fn value(&self) -> i64 {
        i64::midpoint(self.low, self.high)
    }

    /// The same figure with another value, which is exact.
    #[must_use]
    pub(crate) fn with_value(&self, value: i64) -> Self {
        let text = value.to_string();
        Self { text, low: value, high: value, half_unit: 0, ..self.clone() }
    }

    /// Whether `value` could have been printed as this figure.
    #[must_use]
    pub(crate) fn is_consistent_with(&self, value: i64) -> bool {
        (self.low - self.half_unit..=self.high + self.half_unit).contains(&value)
    }
}

/// A figure that may be open: `50% sites-place` is 50 % unless the unknown of that id is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OpenFigure {
    /// The figure as published or taken.
    pub figure: Figure,
    /// The id of the unknown that it is drawn as.
    pub fact: Option<String>,
}

impl OpenFigure {
    /// Takes the value of its unknown, if it has one and that has a value.
    pub(super) fn resolve(&mut self, value_of: impl Fn(&str) -> Option<i64>) {
        if let Some(value) = self.fact.as_deref().and_then(value_of) {
            self.figure = self.figure.with_value(value);
        }
    }
}

impl Deref for OpenFigure {
    type Target = Figure;
    fn deref(&self) -> &Figure {
        &self.figure
    }
}

impl TryFrom<String> for OpenFigure {
    type Error = BadFigure;
    fn try_from(text: String) -> Result<Self, BadFigure> {
        // A blank may stand before a unit, too: what is a figure as a whole names no unknown.
        if let Ok(figure) = Figure::parse(&text) {
            return Ok(Self { figure, fact: None });
        }
        let (figure, fact) = text.rsplit_once(' ').unwrap_or((&text, ""));
        Ok(Self { figure: Figure::parse(figure)?, fact: Some(fact.to_owned()) })
    }
}

impl TryFrom<String> for Figure {
    type Error = BadFigure;
    fn try_from(text: String) -> Result<Self, BadFigure> {
        Self::parse(&text)
    }
}

impl From<Figure> for String {
    fn from(figure: Figure) -> Self {
        figure.text
    }
}

fn parse_figure(text: &str) -> Option<Figure> {
    // The marks at both ends say how the author meant it and leave the amount: `~`, `+`.
    let approx = text.starts_with('~');
    let body = text.strip_prefix('~').unwrap_or(text).trim();
    let at_least = body.ends_with('+');
    let body = body.strip_suffix('+').unwrap_or(body);
    let (unit, low, high, half_unit) = if let Some((low, high)) = body.split_once('-') {
        let (low, high) = (low.trim_end(), high.trim_start());
        let (unit, upper, half) = parse_amount(high)?;
        // The lower end of `12-14M` has no suffix of its own; that of `5m-1h` has.
        let (lower_unit, lower, _) = if low.ends_with(|c: char| c.is_ascii_digit()) {
            parse_amount(&format!("{low}{}", unit_suffix(high)))?
        } else {
            parse_amount(low)?
        };
        // Both ends were rounded to the digit that the upper one shows.
        (unit == lower_unit && lower <= upper).then_some((unit, lower, upper, half))?
    } else {
        let (unit, value, half) = parse_amount(body)?;
        (unit, value, value, half)
    };
    (high <= LARGEST_FIGURE).then(|| Figure {
        text: text.to_owned(),
        unit,
        low,
        high,
        half_unit,
        approx,
        at_least,
    })
}

/// What stands behind the last number of a text.
fn unit_suffix(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
}

/// One amount as printed, with what its unit says that it counts.
fn parse_amount(text: &str) -> Option<(FigureUnit, i64, i64)> {
    let (unit, kind) = match unit_suffix(text).trim_start() {
        "%" => (FigureUnit::Share, QuantityKind::Share),
        times if times.ends_with(['d', 'h', 'm', 's']) => {
            (FigureUnit::Time, QuantityKind::Duration)
        }
        _ => (FigureUnit::Count, QuantityKind::Tokens),
    };
    let read = kind.read(text)?;
    let (value, last) = (i64::try_from(read.value).ok()?, i64::try_from(read.last_digit).ok()?);
    // The last digit of a plain count is exact: sessions and records are not rounded.
    Some((unit, value, if last == 1 { 0 } else { last / 2 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, unit: FigureUnit, low: i64, high: i64, half_unit: i64, approx: bool) {
        let figure = Figure::parse(text).unwrap();
        assert_eq!(
            (figure.unit, figure.low, figure.high, figure.half_unit, figure.approx),
            (unit, low, high, half_unit, approx),
            "{text}"
        );
        assert_eq!(String::from(figure), text);
    }

    #[test]
    fn counts() {
        check("870.9k", FigureUnit::Count, 870_900, 870_900, 50, false);
        check("870.9K", FigureUnit::Count, 870_900, 870_900, 50, false);
        check("1.0M", FigureUnit::Count, 1_000_000, 1_000_000, 50_000, false);
        check("~5.1M", FigureUnit::Count, 5_100_000, 5_100_000, 50_000, true);
        check("28", FigureUnit::Count, 28, 28, 0, false);
        check("~12K", FigureUnit::Count, 12_000, 12_000, 500, true);
        check("~12-14M", FigureUnit::Count, 12_000_000, 14_000_000, 500_000, true);
        check("3-4K", FigureUnit::Count, 3_000, 4_000, 500, false);
        check("303,323,485", FigureUnit::Count, 303_323_485, 303_323_485, 0, false);
        check("45,276", FigureUnit::Count, 45_276, 45_276, 0, false);
        check("1,000-2,000", FigureUnit::Count, 1_000, 2_000, 0, false);
        check("9.5 M", FigureUnit::Count, 9_500_000, 9_500_000, 50_000, false);
        check("12 - 14 M", FigureUnit::Count, 12_000_000, 14_000_000, 500_000, false);
        check("1,234.5K", FigureUnit::Count, 1_234_500, 1_234_500, 50, false);
        assert!(Figure::parse("165+").unwrap().at_least);
    }

    #[test]
    fn times_and_shares() {
        check("6m 18s", FigureUnit::Time, 378_000, 378_000, 500, false);
        check("22m55s", FigureUnit::Time, 1_375_000, 1_375_000, 500, false);
        check("1h 24m", FigureUnit::Time, 5_040_000, 5_040_000, 30_000, false);
        check("~45m", FigureUnit::Time, 2_700_000, 2_700_000, 30_000, true);
        check("5-7m", FigureUnit::Time, 300_000, 420_000, 30_000, false);
        check("5m-1h", FigureUnit::Time, 300_000, 3_600_000, 1_800_000, false);
        check("54%", FigureUnit::Share, 5_400, 5_400, 50, false);
        check("30 %", FigureUnit::Share, 3_000, 3_000, 50, false);
        check("40-47%", FigureUnit::Share, 4_000, 4_700, 50, false);
    }

    #[test]
    fn other_strings_are_refused() {
        for text in [
            "",
            "~",
            "x",
            "12x",
            "1.k",
            "k",
            "1..2M",
            "-5M",
            "5m 1h",
            "5m3m",
            "1.2345678M",
            "14-12M",
            "12-5m",
            "1,00",
            "1,0000",
            ",100",
            "1,000,",
            "1,,000",
            "1000,000",
            "1.000,5k",
            "1,000s",
            "3,000,000,001",
            "99999999999999999999",
            "9223372036854775807M",
            "3001M",
            "5 5",
            "5 x",
            "+",
        ] {
            assert_eq!(Figure::parse(text), Err(BadFigure { text: text.to_owned() }), "{text}");
        }
    }
}
