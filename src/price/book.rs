//! The price book: CSV, embedded, overridable; one row a model and period, each with its source.

use super::modifiers::{self, ModifierRow};
use super::{MissingPrice, PriceRow, TokenPrices};
use crate::models::names;
use crate::recording::PriceModifiers;
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
    /// Whether the last day is a guess, behind which the price goes on until another one is known.
    ends_uncertainly: bool,
}

/// A price of the book for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatedPrice {
    pub row: PriceRow,
    /// The last day that its source names, where the day asked for is beyond it.
    pub extended_beyond: Option<Date>,
}

/// All known prices.
#[derive(Clone, Debug)]
pub struct PriceBook {
    entries: Vec<PriceBookEntry>,
    modifiers: Vec<ModifierRow>,
    digest: [u8; 32],
}

impl PriceBook {
    /// The book that comes with the program.
    ///
    /// # Panics
    /// Never: a test reads the embedded book.
    #[must_use]
    pub fn embedded() -> Self {
        let book = Self::parse_csv(EMBEDDED).expect("the embedded price book is well formed");
        let digest = Sha256::digest([EMBEDDED, modifiers::EMBEDDED].concat()).into();
        Self { digest, modifiers: modifiers::parse_rows(modifiers::EMBEDDED), ..book }
    }

    /// The file that comes with the program, for a user who wants to write one.
    #[must_use]
    pub(crate) fn embedded_csv() -> &'static [u8] {
        EMBEDDED
    }

    /// Reads a book.
    ///
    /// # Errors
    /// A line that is not a price row.
    pub(crate) fn parse_csv(csv: &[u8]) -> Result<Self, BadPriceBook> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let headers = reader.headers().map_err(|e| line_error(1, &e.to_string()))?.clone();
        for wanted in ["model", "input", "output"] {
            if column_of(&headers, wanted).is_none() {
                return Err(line_error(1, &format!("no column '{wanted}'")));
            }
        }
        let mut entries = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| line_error(0, &e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = BookLine { headers: &headers, record: &record, line };
            if let Some(entry) = PriceBookEntry::parse_record(row)? {
                entries.push(entry);
            }
        }
        let digest = Sha256::digest(csv).into();
        Ok(Self { entries, modifiers: Vec::new(), digest })
    }

    /// This book with the rows of `other` taking precedence on the days that they hold for.
    #[must_use]
    pub(crate) fn overridden_by(&self, other: &Self) -> Self {
        // Of several rows for one day the later one counts.
        let entries = self.entries.iter().chain(&other.entries).cloned().collect();
        let digest = Sha256::digest([self.digest, other.digest].concat()).into();
        Self { entries, modifiers: self.modifiers.clone(), digest }
    }

    /// A book of these prices, whatever the day.
    #[must_use]
    pub(crate) fn from_fixed_prices<'a>(rows: impl IntoIterator<Item = &'a PriceRow>) -> Self {
        let mut entries = Vec::new();
        for row in rows {
            entries.push(PriceBookEntry {
                model: row.model.clone(),
                base: row.base.by_class().map(Some),
                long: row.long.by_class().map(Some),
                long_above: Some(row.long_above),
                from: None,
                to: None,
                ends_uncertainly: false,
            });
        }
        let digest = Sha256::digest(format!("{entries:?}")).into();
        Self { entries, modifiers: Vec::new(), digest }
    }

    /// Digest of the file it was read from.
    #[must_use]
    pub(crate) fn book_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The price of `model` on a day.
    pub(super) fn price_on_day(&self, model: &str, on: Date) -> Result<DatedPrice, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(DatedPrice { row: free_price_row(model), extended_beyond: None });
        }
        let id = self.id_of_model(model)?;
        // Of several rows for one period the later one is the newer knowledge.
        let own = || self.entries.iter().rev().filter(|entry| entry.model == id);
        if let Some(entry) = own().find(|entry| entry.is_valid_on(on)) {
            return Ok(DatedPrice { row: entry.to_price_row(), extended_beyond: None });
        }
        // A last day that nobody is sure of leaves the price standing until another one is known.
        let ended = own().filter(|entry| entry.ends_uncertainly && entry.to < Some(on));
        let last = ended.max_by_key(|entry| entry.to);
        last.map(|entry| DatedPrice { row: entry.to_price_row(), extended_beyond: entry.to })
            .ok_or_else(|| MissingPrice::Date { model: model.to_owned(), date: on })
    }

    /// The newest price of `model`: the one that ends last, and of those without an end the later.
    pub(super) fn newest_price(&self, model: &str) -> Result<PriceRow, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(free_price_row(model));
        }
        let id = self.id_of_model(model)?;
        let own = self.entries.iter().filter(|entry| entry.model == id);
        let newest = own.max_by_key(|entry| entry.to.unwrap_or(Date::MAX));
        newest.map(PriceBookEntry::to_price_row).ok_or_else(|| self.missing_model_error(model))
    }

    /// Whether what `model` costs depends on the day.
    pub(super) fn changes_with_time(&self, model: &str) -> bool {
        let Ok(id) = self.id_of_model(model) else { return false };
        let mut own = self.entries.iter().filter(|entry| entry.model == id);
        own.any(|entry| entry.from.is_some() || entry.to.is_some())
    }

    /// A price under the conditions of a call, and the conditions that have no price.
    pub(super) fn under_conditions(
        &self,
        price: PriceRow,
        conditions: PriceModifiers,
    ) -> (PriceRow, PriceModifiers) {
        // Rates that were kept of such calls stand as they are.
        let modified = format!("{} ({})", price.model, modifiers::words_of(conditions));
        if let Some(kept) = self.entries.iter().rev().find(|entry| entry.model == modified) {
            return (kept.to_price_row(), PriceModifiers::empty());
        }
        let (multipliers, open) =
            modifiers::multipliers_of(&self.modifiers, &price.model, conditions);
        let priced = conditions.difference(open);
        if priced.is_empty() {
            return (price, open);
        }
        let scaled = multipliers.iter().fold(price, |row, by| PriceRow {
            base: modifiers::scale_prices(&row.base, *by),
            long: modifiers::scale_prices(&row.long, *by),
            ..row
        });
        let model = format!("{} ({})", scaled.model, modifiers::words_of(priced));
        (PriceRow { model, ..scaled }, open)
    }

    /// Whether a row has exactly this id.
    #[cfg(test)]
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.model == id)
    }

    /// The id under which the book has a model.
    fn id_of_model(&self, model: &str) -> Result<&str, MissingPrice> {
        let ids = self.entries.iter().map(|entry| entry.model.as_str());
        names::find_known_id(model, ids).ok_or_else(|| self.missing_model_error(model))
    }

    fn missing_model_error(&self, model: &str) -> MissingPrice {
        let ids = self.entries.iter().map(|entry| entry.model.as_str());
        let near = names::nearest_known_id(model, ids)
            .map_or(String::new(), |id| format!(" (is it '{id}'?)"));
        MissingPrice::Model { model: model.to_owned(), near }
    }
}

pub(super) fn free_price_row(model: &str) -> PriceRow {
    PriceRow {
        model: model.to_owned(),
        base: TokenPrices::default(),
        long: TokenPrices::default(),
        long_above: i64::MAX,
        min_cached: 0,
        is_unpriced: false,
    }
}

fn column_of(headers: &csv::StringRecord, name: &str) -> Option<usize> {
    headers.iter().position(|header| header.trim() == name)
}

/// One line of a book, its fields by the names of their columns.
#[derive(Clone, Copy)]
struct BookLine<'a> {
    headers: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
    line: u64,
}

impl<'a> BookLine<'a> {
    /// A field; empty where the book has no such column.
    fn field(self, name: &str) -> &'a str {
        let column = column_of(self.headers, name);
        column.and_then(|column| self.record.get(column)).map_or("", str::trim)
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
    fn parse_record(row: BookLine<'_>) -> Result<Option<Self>, BadPriceBook> {
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

    fn is_valid_on(&self, on: Date) -> bool {
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

    fn to_price_row(&self) -> PriceRow {
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

fn line_error(line: u64, what: &str) -> BadPriceBook {
    BadPriceBook { line, what: what.to_owned() }
}

/// Dollars per million tokens, as pico-dollars per token, exactly.
fn parse_pico_price(line: u64, name: &str, text: &str) -> Result<Option<i64>, BadPriceBook> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = format!("{name} is '{text}', not dollars per million tokens");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > PICO_PER_USD_PER_MTOK_DIGITS {
        return Err(line_error(line, &format!("{name} is '{text}': more than six decimal places")));
    }
    // Six places are a whole number of pico-dollars a token: no price is rounded.
    let digits = format!("{whole}{fraction:0<PICO_PER_USD_PER_MTOK_DIGITS$}");
    if digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(line_error(line, &wrong));
    }
    digits.parse().map(Some).map_err(|_| line_error(line, &wrong))
}

/// `2026-11-21`, `2026-09` or either with a question mark; a bare month is its first or last day.
fn parse_day(line: u64, text: &str, last: bool) -> Result<Option<Date>, BadPriceBook> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;

    fn price(model: &str, day: Date) -> TokenPrices {
        PriceBook::embedded().price_on_day(model, day).expect("a price").row.base
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
            PriceBook::embedded().price_on_day("claude-sonnet-5-5", date(2026, 10, 6)).unwrap().row;
        let book = PriceBook::embedded().overridden_by(&PriceBook::from_fixed_prices([&opus]));
        for day in [date(2020, 1, 1), date(2026, 10, 6), date(2026, 10, 7)] {
            assert_eq!(book.price_on_day("claude-sonnet-5-5", day).unwrap().row, opus, "{day}");
        }
        assert_eq!(
            book.price_on_day("gpt-5.6-sol", date(2026, 8, 20)).unwrap().row.base.fresh,
            5_000_000
        );
    }

    #[test]
    fn an_override_holds_on_the_days_that_it_names() {
        let csv = b"model,input,output,effective_from,effective_to\ngpt-5,1,2,,\nmine,3,4,,\n\
                    claude-sonnet-5-5,9,9,2026-10-01,2026-10-03\n";
        let book = PriceBook::embedded().overridden_by(&PriceBook::parse_csv(csv).unwrap());
        let base = |model: &str, day: i8| {
            book.price_on_day(model, date(2026, 10, day)).expect("a price").row.base
        };
        assert_eq!(base("gpt-5", 20).read, 1_000_000);
        assert_eq!(base("mine", 20).output, 4_000_000);
        assert_eq!(base("claude-opus-5", 20).output, 25_000_000);
        let inputs = [1, 3, 4, 7].map(|day| base("claude-sonnet-5-5", day).fresh);
        assert_eq!(inputs, [9_000_000, 9_000_000, 2_000_000, 2_000_000]);
        assert_eq!(book.newest_price("claude-sonnet-5-5").unwrap().base.read, 100_000);
        assert_eq!(book.newest_price("gpt-5").unwrap().base.read, 1_000_000);
    }

    #[test]
    fn an_uncertain_end_does_not_end_a_price() {
        for model in ["gpt-5.6-sol", "gpt-5.6"] {
            let on = |day| PriceBook::embedded().price_on_day(model, day).unwrap();
            assert_eq!(on(date(2026, 11, 21)).extended_beyond, None);
            let beyond = on(date(2026, 11, 25));
            assert_eq!(beyond.row.base.fresh, 4_000_000);
            assert_eq!(beyond.extended_beyond, Some(date(2026, 11, 21)));
        }
        let ended = PriceBook::embedded().price_on_day("gemini-3.7-flash", date(2027, 1, 2));
        assert!(matches!(ended, Err(MissingPrice::Date { .. })));
    }

    #[test]
    fn every_spelling_of_every_model_finds_its_own_row() {
        let book = PriceBook::embedded();
        let ids: std::collections::BTreeSet<&str> =
            book.entries.iter().map(|entry| entry.model.as_str()).collect();
        let own =
            |id: &str| ids.iter().copied().filter(|other| names::is_same_model(id, other)).count();
        for id in &ids {
            assert_eq!(book.id_of_model(id).unwrap(), *id);
            let is_resold = id.starts_with("openrouter/");
            // Two ids of one model (an alias beside a vendor's id) may stand for each other.
            if is_resold || own(id) > 1 {
                assert_eq!(book.id_of_model(&id.to_uppercase()).unwrap(), *id);
                continue;
            }
            let tail = id.rsplit('/').next().unwrap();
            for written in [
                id.to_uppercase(),
                format!("{id}[1m]"),
                format!("{tail}:beta"),
                format!("openrouter/{id}"),
                format!("azure/{tail}"),
                format!("databricks-{tail}"),
                format!("us.anthropic.{tail}"),
                format!("bedrock/global.anthropic.{tail}"),
                format!("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.{tail}"),
                tail.replace('.', "-"),
            ] {
                assert_eq!(book.id_of_model(&written).ok(), Some(*id), "{written}");
            }
            // What is another model is not this one.
            for other in ["-mini-x", "-fast", "-codex-spark", "-high"] {
                let written = format!("{tail}{other}");
                assert_ne!(book.id_of_model(&written).ok(), Some(*id), "{written}");
            }
        }
    }

    #[test]
    fn every_row_names_its_source() {
        let mut reader = csv::Reader::from_reader(EMBEDDED);
        for record in reader.records() {
            let record = record.unwrap();
            let (source, note) = (&record[16], &record[17]);
            assert!(source.contains("202"), "{}: {source}", &record[0]);
            assert!(!source.contains("corpus") && !note.contains("corpus"), "{}", &record[0]);
        }
    }
}
