//! The price book: CSV, embedded, overridable; one row a model and period, each with its source.

use super::{MissingPrice, PriceRow, TokenPrices};
use crate::models::names;
use jiff::civil::{Date, date};
use sha2::{Digest, Sha256};

/// The embedded book. Sources are in its `source` column.
const EMBEDDED: &[u8] = include_bytes!("prices.csv");

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
struct PriceBookEntry {
    model: String,
    base: [Option<i64>; 5],
    long: [Option<i64>; 5],
    long_above: Option<i64>,
    from: Option<Date>,
    to: Option<Date>,
}

/// All known prices.
#[derive(Clone, Debug)]
pub struct PriceBook {
    entries: Vec<PriceBookEntry>,
    digest: [u8; 32],
}

impl PriceBook {
    /// The book that comes with the program.
    ///
    /// # Panics
    /// Never: a test reads the embedded book.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse_csv(EMBEDDED).expect("the embedded price book is well formed")
    }

    /// The file that comes with the program, for a user who wants to write one.
    #[must_use]
    pub fn embedded_csv() -> &'static [u8] {
        EMBEDDED
    }

    /// Reads a book.
    ///
    /// # Errors
    /// A line that is not a price row.
    pub fn parse_csv(csv: &[u8]) -> Result<Self, BadPriceBook> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let headers = reader.headers().map_err(|e| line_error(1, &e.to_string()))?.clone();
        let column = |name: &str| headers.iter().position(|h| h.trim() == name);
        for wanted in ["model", "input", "output"] {
            if column(wanted).is_none() {
                return Err(line_error(1, &format!("no column '{wanted}'")));
            }
        }
        let mut entries = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| line_error(0, &e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let field = |name: &str| column(name).and_then(|c| record.get(c)).map_or("", str::trim);
            if let Some(entry) = PriceBookEntry::parse_record(line, &field)? {
                entries.push(entry);
            }
        }
        let digest = Sha256::digest(csv).into();
        Ok(Self { entries, digest })
    }

    /// This book with the rows of `other` taking precedence over its own.
    #[must_use]
    pub fn overridden_by(&self, other: &Self) -> Self {
        let kept = self.entries.iter().filter(|e| other.entries.iter().all(|o| o.model != e.model));
        let entries = kept.chain(&other.entries).cloned().collect();
        let digest = Sha256::digest([self.digest, other.digest].concat()).into();
        Self { entries, digest }
    }

    /// A book of these prices, whatever the day.
    #[must_use]
    pub fn from_fixed_prices<'a>(rows: impl IntoIterator<Item = &'a PriceRow>) -> Self {
        let band = |price: &TokenPrices| {
            let TokenPrices { fresh, read, write_5m, write_1h, output } = *price;
            [fresh, read, write_5m, write_1h, output].map(Some)
        };
        let entry = |row: &PriceRow| PriceBookEntry {
            model: row.model.clone(),
            base: band(&row.base),
            long: band(&row.long),
            long_above: Some(row.long_above),
            from: None,
            to: None,
        };
        let entries: Vec<PriceBookEntry> = rows.into_iter().map(entry).collect();
        let digest = Sha256::digest(format!("{entries:?}")).into();
        Self { entries, digest }
    }

    /// Digest of the file it was read from.
    #[must_use]
    pub fn book_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The price of `model` on a day.
    pub(super) fn price_on_day(&self, model: &str, on: Date) -> Result<PriceRow, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(free_price_row(model));
        }
        let ids = self.entries.iter().map(|entry| entry.model.as_str());
        let id = names::find_known_id(model, ids).ok_or_else(|| self.missing_model_error(model))?;
        // Of several rows for one period the later one is the newer knowledge.
        let entry =
            self.entries.iter().rev().find(|entry| entry.model == id && entry.is_valid_on(on));
        match entry {
            Some(entry) => Ok(entry.to_price_row()),
            None => Err(MissingPrice::Date { model: model.to_owned(), date: on }),
        }
    }

    /// The newest price of `model`, whatever its period.
    pub(super) fn newest_price(&self, model: &str) -> Result<PriceRow, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(free_price_row(model));
        }
        let ids = self.entries.iter().map(|entry| entry.model.as_str());
        let id = names::find_known_id(model, ids).ok_or_else(|| self.missing_model_error(model))?;
        let newest = self.entries.iter().rev().find(|entry| entry.model == id);
        newest.map(PriceBookEntry::to_price_row).ok_or_else(|| self.missing_model_error(model))
    }

    fn missing_model_error(&self, model: &str) -> MissingPrice {
        let bare = names::bare_name(model);
        let near = self
            .entries
            .iter()
            .map(|entry| (strsim::osa_distance(&entry.model, &bare), &entry.model))
            .filter(|(distance, _)| *distance <= 3)
            .min()
            .map_or(String::new(), |(_, id)| format!(" (is it '{id}'?)"));
        MissingPrice::Model { model: model.to_owned(), near }
    }
}

fn free_price_row(model: &str) -> PriceRow {
    PriceRow {
        model: model.to_owned(),
        base: TokenPrices::default(),
        long: TokenPrices::default(),
        long_above: i64::MAX,
        min_cached: 0,
    }
}

impl PriceBookEntry {
    fn parse_record<'a>(
        line: u64,
        field: &dyn Fn(&str) -> &'a str,
    ) -> Result<Option<Self>, BadPriceBook> {
        let money = |name: &str| parse_pico_price(line, name, field(name));
        let band = |prefix: &str| {
            Ok::<_, BadPriceBook>([
                money(&format!("{prefix}input"))?,
                money(&format!("{prefix}cache_read"))?,
                money(&format!("{prefix}cache_write_5m"))?,
                money(&format!("{prefix}cache_write_1h"))?,
                money(&format!("{prefix}output"))?,
            ])
        };
        let model = field("model");
        if model.is_empty() {
            return Err(line_error(line, "empty model"));
        }
        let base = band("")?;
        // Rows without plain prices (tiers in a note only) cannot be used and are left out.
        if base[0].is_none() || base[4].is_none() {
            return Ok(None);
        }
        let long_above = parse_tokens(line, "long_threshold_tokens", field)?;
        let window = parse_tokens(line, "context_window", field)?;
        // No prompt is larger than the window, so a band that starts beyond it is a slip of the pen.
        if let (Some(above), Some(window)) = (long_above, window)
            && above > window
        {
            let what = format!("long_threshold_tokens is {above}, beyond the window of {window}");
            return Err(line_error(line, &what));
        }
        Ok(Some(Self {
            model: model.to_owned(),
            base,
            long: band("long_")?,
            long_above,
            from: parse_day(line, field("effective_from"), false)?,
            to: parse_day(line, field("effective_to"), true)?,
        }))
    }

    fn is_valid_on(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }

    /// A class without a price of its own is billed as plain input: that is how providers that do
    /// not charge for writes bill them, and reads that they do not discount.
    fn to_price_row(&self) -> PriceRow {
        let price = |band: &[Option<i64>; 5], under: &[Option<i64>; 5]| {
            let class = |i: usize| band[i].or(under[i]);
            let input = class(0).unwrap_or(0);
            TokenPrices {
                fresh: input,
                read: class(1).unwrap_or(input),
                write_5m: class(2).unwrap_or(input),
                write_1h: class(3).unwrap_or(input),
                output: class(4).unwrap_or(0),
            }
        };
        PriceRow {
            model: self.model.clone(),
            base: price(&self.base, &self.base),
            long: price(&self.long, &self.base),
            long_above: self.long_above.unwrap_or(i64::MAX),
            min_cached: 0,
        }
    }
}

fn line_error(line: u64, what: &str) -> BadPriceBook {
    BadPriceBook { line, what: what.to_owned() }
}

/// Dollars per million tokens, as pico-dollars per token, exactly.
fn parse_pico_price(line: u64, name: &str, text: &str) -> Result<Option<i64>, BadPriceBook> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || line_error(line, &format!("{name} is '{text}', not dollars per million tokens"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > PICO_PER_USD_PER_MTOK_DIGITS {
        return Err(line_error(line, &format!("{name} is '{text}': more than six decimal places")));
    }
    let digits = format!("{whole}{fraction:0<PICO_PER_USD_PER_MTOK_DIGITS$}");
    if digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    digits.parse().map(Some).map_err(|_| wrong())
}

/// A whole number of tokens, where the field holds one.
fn parse_tokens<'a>(
    line: u64,
    name: &str,
    field: &dyn Fn(&str) -> &'a str,
) -> Result<Option<i64>, BadPriceBook> {
    match field(name) {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| line_error(line, &format!("{name} is '{text}', not a whole number"))),
    }
}

/// `2026-11-21`, `2026-09` or either with a question mark; a bare month is its first or last day.
fn parse_day(line: u64, text: &str, last: bool) -> Result<Option<Date>, BadPriceBook> {
    let text = text.trim_end_matches('?');
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || line_error(line, &format!("'{text}' is not a date (YYYY-MM-DD or YYYY-MM)"));
    let numbers: Vec<i16> =
        text.split('-').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    match numbers[..] {
        [year, month, day] => {
            Date::new(year, month as i8, day as i8).map(Some).map_err(|_| wrong())
        }
        [year, month] if (1..=12).contains(&month) && (1..=9_998).contains(&year) => {
            let first = date(year, month as i8, 1);
            Ok(Some(if last { first.last_of_month() } else { first }))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;

    fn price(model: &str, day: Date) -> TokenPrices {
        PriceBook::embedded().price_on_day(model, day).expect("a price").base
    }

    #[test]
    fn the_embedded_book_is_exact() {
        let opus = price("claude-opus-4-6", date(2026, 4, 13));
        let want = TokenPrices {
            fresh: 5_000_000,
            read: 500_000,
            write_5m: 6_250_000,
            write_1h: 10_000_000,
            output: 25_000_000,
        };
        assert_eq!(opus, want);
        assert_eq!(price("deepseek/deepseek-v4-pro", date(2026, 4, 13)).read, 3_625);
    }

    #[test]
    fn prices_follow_the_date() {
        assert_eq!(price("claude-sonnet-5-5", date(2026, 10, 6)).read, 200_000);
        assert_eq!(price("claude-sonnet-5-5", date(2026, 10, 7)).read, 100_000);
        assert_eq!(price("gpt-5.6-sol", date(2026, 8, 20)).fresh, 5_000_000);
        assert_eq!(price("gpt-5.6-sol", date(2026, 8, 21)).fresh, 4_000_000);
        let error = PriceBook::embedded().price_on_day("gpt-6-sol", date(2026, 9, 1));
        assert!(matches!(error, Err(MissingPrice::Date { .. })));
    }

    #[test]
    fn an_unknown_model_is_an_error_with_a_remedy() {
        let error =
            Pricing::embedded().find_price("claude-opus-4-66", None).unwrap_err().to_string();
        assert!(error.contains("'claude-opus-4-66'") && error.contains("--prices"), "{error}");
        assert!(error.contains("is it 'claude-opus-4-6'?"), "{error}");
        let free = Pricing::embedded().find_price("nvidia/nemotron:free", Some(0)).unwrap();
        assert_eq!(free.base, TokenPrices::default());
    }

    #[test]
    fn bad_books_say_where() {
        for (csv, line, word) in [
            ("model,input\nx,1\n", 1, "output"),
            ("model,input,output\nx,1,two\n", 2, "two"),
            ("model,input,output\nx,1.1234567,2\n", 2, "six decimal"),
            ("model,input,output,effective_from\nx,1,2,2026-13-01\n", 2, "not a date"),
            ("model,input,output\n,1,2\n", 2, "empty model"),
            ("model,input,output,context_window\nx,1,2,big\n", 2, "not a whole number"),
            (
                "model,input,output,long_threshold_tokens,context_window\nx,1,2,272000,200000\n",
                2,
                "beyond the window of 200000",
            ),
        ] {
            let error = PriceBook::parse_csv(csv.as_bytes()).unwrap_err();
            assert!(error.line == line && error.what.contains(word), "{error}");
        }
    }

    #[test]
    fn fixed_prices_hold_on_every_day() {
        let opus =
            PriceBook::embedded().price_on_day("claude-sonnet-5-5", date(2026, 10, 6)).unwrap();
        let book = PriceBook::embedded().overridden_by(&PriceBook::from_fixed_prices([&opus]));
        for day in [date(2020, 1, 1), date(2026, 10, 6), date(2026, 10, 7)] {
            assert_eq!(book.price_on_day("claude-sonnet-5-5", day).unwrap(), opus, "{day}");
        }
        assert_eq!(
            book.price_on_day("gpt-5.6-sol", date(2026, 8, 20)).unwrap().base.fresh,
            5_000_000
        );
    }

    #[test]
    fn an_override_replaces_all_rows_of_its_models() {
        let other = PriceBook::parse_csv(b"model,input,output\ngpt-5,1,2\nmine,3,4\n").unwrap();
        let book = PriceBook::embedded().overridden_by(&other);
        let today = date(2026, 11, 20);
        assert_eq!(book.price_on_day("gpt-5", today).unwrap().base.read, 1_000_000);
        assert_eq!(book.price_on_day("mine", today).unwrap().base.output, 4_000_000);
        assert_eq!(book.price_on_day("claude-opus-5", today).unwrap().base.output, 25_000_000);
    }
}
