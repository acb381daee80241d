//! The price book: CSV, embedded, overridable; one row a model and period, each with its source.

use super::book_entry::{BadPriceBook, BookLine, PriceBookEntry, column_of, line_error};
use super::modifiers::{self, ModifierRow};
use super::{MissingPrice, PriceRow, TokenPrices};
use crate::models::names::{self, KnownIds};
use crate::recording::PriceModifiers;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The embedded book. Sources are in its `source` column.
const EMBEDDED: &[u8] = include_bytes!("prices.csv");

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
    /// Places of the entries of each id, in their order.
    places: BTreeMap<String, Vec<usize>>,
    known: KnownIds,
    modifiers: Vec<ModifierRow>,
    digest: [u8; 32],
    /// The newest day that its sources name.
    newest_source: Option<Date>,
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
    pub fn parse_csv(csv: &[u8]) -> Result<Self, BadPriceBook> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let headers = reader.headers().map_err(|e| line_error(1, &e.to_string()))?.clone();
        for wanted in ["model", "input", "output"] {
            if column_of(&headers, wanted).is_none() {
                return Err(line_error(1, &format!("no column '{wanted}'")));
            }
        }
        let mut entries = Vec::new();
        // A row that gives no price has a source all the same.
        let mut newest_source = None;
        for record in reader.records() {
            let record = record.map_err(|e| line_error(0, &e.to_string()))?;
            // Quoted cells may hold line breaks: the reader knows where a row began.
            let line = record.position().map_or(0, csv::Position::line);
            let row = BookLine { headers: &headers, record: &record, line };
            newest_source = newest_source.max(row.source_day());
            if let Some(entry) = PriceBookEntry::parse_record(row)? {
                entries.push(entry);
            }
        }
        let digest = Sha256::digest(csv).into();
        Ok(Self { newest_source, ..Self::from_entries(entries, Vec::new(), digest) })
    }

    /// This book with the rows of `other` taking precedence on the days that they hold for.
    #[must_use]
    pub(crate) fn overridden_by(&self, other: &Self) -> Self {
        // A row counts for every name of its model, but for those that have rows of their own.
        let same = other.entries.iter().flat_map(|entry| {
            let ids = self.places.keys().filter(|&id| !other.places.contains_key(id));
            let ids = ids.filter(|id| names::is_priced_alike(id, &entry.model));
            ids.map(|id| PriceBookEntry { model: id.clone(), ..entry.clone() })
        });
        // Of several rows for one day the later one counts.
        let entries = self.entries.iter().cloned().chain(same);
        let entries = entries.chain(other.entries.iter().cloned()).collect();
        let digest = Sha256::digest([self.digest, other.digest].concat()).into();
        let newest_source = self.newest_source.max(other.newest_source);
        Self { newest_source, ..Self::from_entries(entries, self.modifiers.clone(), digest) }
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
        // Equal prices have equal digests, whatever file they came from.
        let digest = Sha256::digest(format!("{entries:?}")).into();
        Self::from_entries(entries, Vec::new(), digest)
    }

    fn from_entries(
        entries: Vec<PriceBookEntry>,
        modifiers: Vec<ModifierRow>,
        digest: [u8; 32],
    ) -> Self {
        // The rows of a model keep the order of the file.
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            places.entry(entry.model.clone()).or_default().push(place);
        }
        let known = KnownIds::from_ids(places.keys().map(String::as_str));
        Self { entries, places, known, modifiers, digest, newest_source: None }
    }

    /// The rows of one id, in their order: of several for one day the later is the newer knowledge.
    fn rows_of_id(&self, id: &str) -> impl DoubleEndedIterator<Item = &PriceBookEntry> {
        self.places.get(id).into_iter().flatten().map(|&place| &self.entries[place])
    }

    /// Digest of the file it was read from.
    #[must_use]
    pub(crate) fn book_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The newest day that its sources name; `None` where none does.
    #[must_use]
    pub fn newest_source_day(&self) -> Option<Date> {
        self.newest_source
    }

    /// The price of `model` on a day.
    pub(super) fn price_on_day(&self, model: &str, on: Date) -> Result<DatedPrice, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(DatedPrice { row: free_price_row(model), extended_beyond: None });
        }
        let id = self.id_of_model(model)?;
        let own = || self.rows_of_id(id).rev();
        if let Some(entry) = own().find(|entry| entry.is_valid_on(on)) {
            return Ok(DatedPrice { row: entry.to_price_row(), extended_beyond: None });
        }
        // A last day that nobody is sure of leaves the price standing until another one is known.
        let ended = own().filter(|entry| entry.ends_uncertainly && entry.to < Some(on));
        let last = ended.max_by_key(|entry| entry.to);
        // A price with a sure end is missing after it: none is guessed.
        last.map(|entry| DatedPrice { row: entry.to_price_row(), extended_beyond: entry.to })
            .ok_or_else(|| MissingPrice::Date { model: model.to_owned(), date: on })
    }

    /// The newest price of `model`: the one that ends last, and of those without an end the later.
    pub(super) fn newest_price(&self, model: &str) -> Result<PriceRow, MissingPrice> {
        if model.ends_with(names::FREE_SUFFIX) {
            return Ok(free_price_row(model));
        }
        let id = self.id_of_model(model)?;
        let newest = self.rows_of_id(id).max_by_key(|entry| entry.to.unwrap_or(Date::MAX));
        newest.map(PriceBookEntry::to_price_row).ok_or_else(|| self.missing_model_error(model))
    }

    /// Whether what `model` costs depends on the day.
    pub(super) fn changes_with_time(&self, model: &str) -> bool {
        let Ok(id) = self.id_of_model(model) else { return false };
        self.rows_of_id(id).any(|entry| entry.from.is_some() || entry.to.is_some())
    }

    /// A price under the conditions of a call, and the conditions that have no price.
    pub(super) fn under_conditions(
        &self,
        price: PriceRow,
        conditions: PriceModifiers,
    ) -> (PriceRow, PriceModifiers) {
        if conditions.is_empty() {
            return (price, conditions);
        }
        // Rates that were kept of such calls stand as they are.
        let modified = format!("{} ({})", price.model, modifiers::words_of(conditions));
        if let Some(kept) = self.rows_of_id(&modified).next_back() {
            return (kept.to_price_row(), PriceModifiers::empty());
        }
        let (multipliers, open) =
            modifiers::multipliers_of(&self.modifiers, &price.model, conditions);
        let priced = conditions.difference(open);
        if priced.is_empty() {
            return (price, open);
        }
        // One after the other: several conditions multiply.
        let scaled = multipliers.iter().fold(price, |row, by| PriceRow {
            base: modifiers::scale_prices(&row.base, *by),
            long: modifiers::scale_prices(&row.long, *by),
            ..row
        });
        // The conditions stand in the name, so that rates of both can be kept beside each other.
        let model = format!("{} ({})", scaled.model, modifiers::words_of(priced));
        (PriceRow { model, ..scaled }, open)
    }

    /// Whether a row has exactly this id.
    #[cfg(test)]
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    /// The id under which the book has a model.
    fn id_of_model(&self, model: &str) -> Result<&str, MissingPrice> {
        self.known.find(model).ok_or_else(|| self.missing_model_error(model))
    }

    fn missing_model_error(&self, model: &str) -> MissingPrice {
        let near = names::nearest_known_id(model, self.known.iter())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use jiff::civil::date;

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
    fn an_override_counts_for_every_name_of_its_model() {
        let newest = |row: &str, model: &str| {
            let csv = format!("model,input,output\n{row},7,11\n");
            let own = PriceBook::parse_csv(csv.as_bytes()).unwrap();
            PriceBook::embedded().overridden_by(&own).newest_price(model).unwrap().base.fresh
        };
        for (row, model) in [
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
            ("anthropic/claude-opus-4.6", "claude-opus-4-6"),
            ("GPT-5.4", "gpt-5.4"),
            ("gpt-5.4-2026-03-05", "gpt-5.4"),
        ] {
            assert_eq!(newest(row, model), 7_000_000, "{row}");
        }
        // A reseller's price is its own, and so is a region's.
        assert_ne!(newest("openrouter/openai/gpt-5.4", "gpt-5.4"), 7_000_000);
        assert_ne!(newest("us.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"), 7_000_000);
        // Who names both means both.
        let csv = b"model,input,output\nclaude-sonnet-4-5-20250929,5,11\nclaude-sonnet-4-5,7,11\n";
        let book = PriceBook::embedded().overridden_by(&PriceBook::parse_csv(csv).unwrap());
        let dated = book.newest_price("claude-sonnet-4-5-20250929").unwrap();
        assert_eq!(dated.base.fresh, 5_000_000);
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
