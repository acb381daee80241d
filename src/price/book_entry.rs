//! One row of a price book, read from a line of CSV.

use super::{PriceRow, TokenPrices};
use crate::quantity::parse_decimal;
use crate::units::PicoUsd;
use jiff::civil::{Date, date};

/// Pico-dollars per token in one dollar per million tokens.
const PICO_PER_USD_PER_MTOK_DIGITS: usize = 6;

/// A price book that cannot be used; says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("price book line {line}: {what}")]
pub struct BadPriceBook {
    /// Line of the CSV.
    pub line: u64,
    /// What is wrong, and what was wanted.
    pub what: String,
}

/// One row: a model, a period, two bands.
#[derive(Clone, Debug)]
pub(super) struct PriceBookEntry {
    pub model: String,
    pub base: [Option<i64>; 5],
    pub long: [Option<i64>; 5],
    pub long_above: Option<i64>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Whether the last day is a guess, behind which the price goes on until another one is known.
    pub ends_uncertainly: bool,
}

pub(super) fn column_of(headers: &csv::StringRecord, name: &str) -> Option<usize> {
    headers.iter().position(|header| header.trim() == name)
}

/// One line of a book, its fields by the names of their columns.
#[derive(Clone, Copy)]
pub(super) struct BookLine<'a> {
    pub headers: &'a csv::StringRecord,
    pub record: &'a csv::StringRecord,
    pub line: u64,
}

impl<'a> BookLine<'a> {
    /// A field; empty where the book has no such column.
    fn field(self, name: &str) -> &'a str {
        let column = column_of(self.headers, name);
        column.and_then(|column| self.record.get(column)).map_or("", str::trim)
    }

    /// The day at the end of its source, in brackets as in `page (2026-08-22)`, where one is named.
    pub fn source_day(self) -> Option<Date> {
        let (_, day) = self.field("source").trim_end_matches(')').rsplit_once('(')?;
        day.parse().ok()
    }

    /// A whole number of tokens, where the field holds one.
    fn tokens(self, name: &str) -> Result<Option<i64>, BadPriceBook> {
        let text = self.field(name);
        if text.is_empty() {
            return Ok(None);
        }
        let what = format!("{name} is '{text}', not a whole number");
        text.parse().map(Some).map_err(|_| line_error(self.line, &what))
    }

    /// The prices of a band by class; a prefix tells its columns from those of the other one.
    fn band(self, prefix: &str) -> Result<[Option<i64>; 5], BadPriceBook> {
        let mut band = [None; 5];
        let classes = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"];
        for (price, class) in band.iter_mut().zip(classes) {
            let name = format!("{prefix}{class}");
            *price = parse_pico_price(self.line, &name, self.field(&name))?;
        }
        Ok(band)
    }
}

impl PriceBookEntry {
    /// Of a line; `None` where it has no plain prices.
    pub fn parse_record(row: BookLine<'_>) -> Result<Option<Self>, BadPriceBook> {
        let model = row.field("model");
        if model.is_empty() {
            return Err(line_error(row.line, "empty model"));
        }
        let base = row.band("")?;
        // Rows without plain prices (tiers in a note only) cannot be used and are left out.
        if base[0].is_none() || base[4].is_none() {
            return Ok(None);
        }
        let long_above = row.tokens("long_threshold_tokens")?;
        let window = row.tokens("context_window")?;
        // No prompt is larger than the window, so a band that starts beyond it is a slip of the
        // pen.
        if let (Some(above), Some(window)) = (long_above, window)
            && above > window
        {
            let what = format!("long_threshold_tokens is {above}, beyond the window of {window}");
            return Err(line_error(row.line, &what));
        }
        Ok(Some(Self {
            model: model.to_owned(),
            base,
            long: row.band("long_")?,
            long_above,
            from: parse_day(row.line, row.field("effective_from"), false)?,
            to: parse_day(row.line, row.field("effective_to"), true)?,
            ends_uncertainly: row.field("effective_to").ends_with('?'),
        }))
    }

    /// Whether a day lies in its period.
    pub fn is_valid_on(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }

    /// The prices of a band; where it names none, those below the threshold.
    ///
    /// A class without a price of its own is billed as plain input: that is how providers that do
    /// not charge for writes bill them, and reads that they do not discount.
    fn token_prices(&self, band: &[Option<i64>; 5]) -> TokenPrices {
        let [input, read, write_5m, write_1h, output] =
            std::array::from_fn(|class| band[class].or(self.base[class]));
        let fresh = input.unwrap_or(0);
        TokenPrices {
            fresh,
            read: read.unwrap_or(fresh),
            write_5m: write_5m.unwrap_or(fresh),
            write_1h: write_1h.unwrap_or(fresh),
            output: output.unwrap_or(0),
        }
    }

    /// As calls pay it.
    pub fn to_price_row(&self) -> PriceRow {
        PriceRow {
            model: self.model.clone(),
            base: self.token_prices(&self.base),
            long: self.token_prices(&self.long),
            long_above: self.long_above.unwrap_or(i64::MAX),
            min_cached: 0,
            is_unpriced: false,
        }
    }
}

/// What is wrong with a line.
pub(super) fn line_error(line: u64, what: &str) -> BadPriceBook {
    BadPriceBook { line, what: what.to_owned() }
}

/// Dollars per million tokens, as pico-dollars per token, exactly.
fn parse_pico_price(line: u64, name: &str, text: &str) -> Result<Option<i64>, BadPriceBook> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = format!("{name} is '{text}', not dollars per million tokens");
    // Six places are a whole number of pico-dollars a token: no price is rounded.
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    if places > PICO_PER_USD_PER_MTOK_DIGITS {
        return Err(line_error(line, &format!("{name} is '{text}': more than six decimal places")));
    }
    let price = parse_decimal(text, PicoUsd::PER_USD / 1_000_000)
        .and_then(|price| i64::try_from(price.value).ok());
    price.map(Some).ok_or_else(|| line_error(line, &wrong))
}

/// `2026-11-21`, `2026-09` or either with a question mark; a bare month is its first or last day.
fn parse_day(line: u64, text: &str, last: bool) -> Result<Option<Date>, BadPriceBook> {
    // Whether a day is uncertain is asked elsewhere.
    let text = text.trim_end_matches('?');
    if text.is_empty() {
        return Ok(None);
    }
    let numbers: Result<Vec<i16>, _> = text.split('-').map(str::parse).collect();
    let day = match numbers.unwrap_or_default()[..] {
        [year, month, day] => Date::new(year, month as i8, day as i8).ok(),
        [year, month] if (1..=12).contains(&month) && (1..=9_998).contains(&year) => {
            let first = date(year, month as i8, 1);
            Some(if last { first.last_of_month() } else { first })
        }
        _ => None,
    };
    let what = format!("'{text}' is not a date (YYYY-MM-DD or YYYY-MM)");
    day.map(Some).ok_or_else(|| line_error(line, &what))
}
