//! Prices: absolute, dated, per model and prompt-size band, under declared modifiers; no guess.
//!
//! A model is found by its exact id or by a declared alias ([`names`]). A call without a price does
//! not stop an answer: its tokens stand under a row of their own that adds nothing to the dollars
//! ([`PriceRow::is_unpriced`]), and [`coverage::PriceCoverage`] names them beside every sum.

mod book;
mod book_entry;
pub mod coverage;
pub(crate) mod modifiers;

pub use book::PriceBook;
pub use book_entry::BadPriceBook;

use crate::models::{self, names};
use crate::recording::PriceModifiers;
use crate::units::{PicoUsd, Usage};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The model name of recordings whose source does not name one.
pub const UNSTATED_MODEL: &str = "unstated";

/// The model of tokens whose source does not tell input, cached input and output apart: whatever
/// made them, no dollars can be said of them.
pub const UNKNOWN_CLASSES: &str = "classes-unknown";

/// The assumption for [`UNSTATED_MODEL`] unless the user makes another.
/// Source: issue 792 names none; the model of the time (April 2026).
pub(crate) const DEFAULT_ASSUMED_MODEL: &str = "claude-opus-4-6";

/// Pico-dollars per token, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenPrices {
    /// Uncached input.
    pub fresh: i64,
    /// Cache read.
    pub read: i64,
    /// Cache write, five minutes.
    pub write_5m: i64,
    /// Cache write, one hour.
    pub write_1h: i64,
    /// Output.
    pub output: i64,
}

impl TokenPrices {
    /// The price of so many tokens.
    #[must_use]
    pub(crate) fn cost_of_usage(&self, usage: &Usage) -> PicoUsd {
        self.cost_by_class(usage).into_iter().sum()
    }

    /// The same, class by class in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
    #[inline]
    pub(crate) fn cost_by_class(&self, usage: &Usage) -> [PicoUsd; 5] {
        let (tokens, prices) = (usage.by_class(), self.by_class());
        std::array::from_fn(|at| PicoUsd(i128::from(tokens[at]) * i128::from(prices[at])))
    }

    /// Prices in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
    pub(crate) fn from_classes([fresh, read, write_5m, write_1h, output]: [i64; 5]) -> Self {
        Self { fresh, read, write_5m, write_1h, output }
    }

    /// The same, taken apart.
    pub(crate) fn by_class(&self) -> [i64; 5] {
        [self.fresh, self.read, self.write_5m, self.write_1h, self.output]
    }
}

/// The price that some calls of a plan pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// The model as priced.
    pub model: String,
    /// Up to the threshold.
    pub base: TokenPrices,
    /// Beyond it.
    pub long: TokenPrices,
    /// Contexts above this size pay the long band.
    pub long_above: i64,
    /// Contexts below this size are silently not cached.
    pub min_cached: i64,
    /// Whether it stands for tokens without a price, which add nothing to the dollars.
    pub is_unpriced: bool,
}

impl PriceRow {
    /// What a token of a prompt of `context` tokens costs: above a limit some models charge more.
    #[must_use]
    pub(crate) fn prices_at(&self, context: i64) -> &TokenPrices {
        if context > self.long_above { &self.long } else { &self.base }
    }
}

/// The price of a call, and what is to be said of it.
#[derive(Clone, Debug)]
struct FoundPrice {
    row: PriceRow,
    /// The last day that the source of the price names, where the call is later.
    extended_beyond: Option<Date>,
    /// Conditions that are told and have no price: they cost what is standard.
    standard_for: PriceModifiers,
}

/// A model that has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingPrice {
    /// The model is in no price book.
    #[error(
        "no price for model '{model}'{near}: add a row for it with --prices FILE \
         (same columns as `windtunnel explain prices` shows)"
    )]
    Model {
        /// The model as recorded.
        model: String,
        /// A hint, starting with a space, or empty.
        near: String,
    },
    /// The model has prices, none on that day.
    #[error("no price for model '{model}' on {date}: add a row for that date with --prices FILE")]
    Date {
        /// The model as recorded.
        model: String,
        /// The day of the call.
        date: Date,
    },
}

/// Whether dollars can be said of calls by these models: not where all that is told of any of them
/// is a sum over classes that cost ten times as much as each other.
#[must_use]
pub fn tells_token_classes(models: &[String]) -> bool {
    models.iter().all(|model| model != UNKNOWN_CLASSES)
}

/// A price book and the assumptions under which it is used.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The book.
    pub book: PriceBook,
    /// What [`UNSTATED_MODEL`] stands for.
    pub assumed_model: String,
    /// Price every call as of this day instead of its own.
    pub date: Option<Date>,
    /// Models and what each is priced as instead, before and after the toggles alike.
    pub substitutes: Vec<(String, String)>,
}

impl Pricing {
    /// The embedded price book under the default assumption.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            book: PriceBook::embedded(),
            assumed_model: DEFAULT_ASSUMED_MODEL.to_owned(),
            date: None,
            substitutes: Vec::new(),
        }
    }

    /// Starts resolving the models of one recording.
    #[must_use]
    pub(crate) fn start_resolver(&self) -> PriceResolver<'_> {
        PriceResolver { pricing: self, rows: Vec::new(), known_prices: BTreeMap::new(), last: None }
    }

    /// The model that made a call: the recorded one, or what an unstated one stands for.
    #[must_use]
    pub(crate) fn actual_model<'a>(&'a self, model: &'a str) -> &'a str {
        if model == UNSTATED_MODEL { &self.assumed_model } else { model }
    }

    /// The model that a recorded model is priced as. Each model is replaced once: of `a = b` and
    /// `b = a` both hold.
    #[must_use]
    pub(crate) fn priced_model<'a>(&'a self, model: &'a str) -> &'a str {
        let made_by = self.actual_model(model);
        let exact = self.substitutes.iter().find(|(from, _)| from == made_by);
        // A name written exactly so goes before another way to write the same model.
        let mut all = self.substitutes.iter();
        let substitute =
            exact.or_else(|| all.find(|(from, _)| names::is_same_model(from, made_by)));
        substitute.map_or(made_by, |(_, to)| to)
    }

    /// Tokens that the model which `target` is priced as counts where the maker of a recorded call
    /// counted 10,000; `None` where no ratio is known, and tokens stay as they are.
    #[must_use]
    pub(crate) fn tokenizer_scale_bp(&self, recorded: &str, target: &str) -> Option<i64> {
        models::tokenizer_ratio_bp(self.actual_model(recorded), self.priced_model(target))
    }

    /// The price of one model, or of what it is priced as, at one moment; the newest one where the
    /// moment is unknown.
    ///
    /// # Errors
    /// The model has no price then.
    pub(crate) fn find_price(
        &self,
        model: &str,
        at_ms: Option<i64>,
    ) -> Result<PriceRow, MissingPrice> {
        self.find_call_price(model, at_ms, PriceModifiers::empty()).map(|found| found.row)
    }

    fn find_call_price(
        &self,
        model: &str,
        at_ms: Option<i64>,
        conditions: PriceModifiers,
    ) -> Result<FoundPrice, MissingPrice> {
        let name = self.priced_model(model);
        // Whether somebody put this model there, an assumption or the user.
        let chosen = model == UNSTATED_MODEL || name != model;
        let (row, extended_beyond) = match self.date.or(at_ms.and_then(told_day)) {
            Some(date) => match self.book.price_on_day(name, date) {
                // A model that was put there may be younger than the pipeline: then its newest
                // price stands.
                Err(MissingPrice::Date { .. }) if chosen => (self.book.newest_price(name)?, None),
                found => found.map(|it| (it.row, it.extended_beyond))?,
            },
            None => (self.book.newest_price(name)?, None),
        };
        let (row, standard_for) = self.book.under_conditions(row, conditions);
        let min_cached = models::facts_of_model(name).smallest_prefix;
        Ok(FoundPrice { row: PriceRow { min_cached, ..row }, extended_beyond, standard_for })
    }

    /// The row of tokens of a model that has no price.
    fn unpriced_row(&self, model: &str) -> PriceRow {
        let name = self.priced_model(model);
        let min_cached = models::facts_of_model(name).smallest_prefix;
        PriceRow { is_unpriced: true, min_cached, ..book::free_price_row(name) }
    }
}

/// Resolves models to prices and numbers them.
#[derive(Debug)]
pub struct PriceResolver<'a> {
    pricing: &'a Pricing,
    rows: Vec<PriceRow>,
    /// By model, day since the epoch and conditions.
    known_prices: BTreeMap<PriceKey, u16>,
    /// The last answer: calls of one session come one after the other.
    last: Option<(PriceKey, u16)>,
}

/// What calls must share to cost the same: model, day since the epoch, conditions.
type PriceKey = (String, i64, PriceModifiers);

impl PriceResolver<'_> {
    /// The number of the price that `model` pays at a time (milliseconds since the epoch) under the
    /// conditions of a call. Without a price it is that of a row that adds nothing to the dollars.
    pub(crate) fn resolve_price(
        &mut self,
        model: &str,
        at_ms: i64,
        conditions: PriceModifiers,
    ) -> u16 {
        // Prices change from day to day at most, so that a day and a model are one look-up; times
        // that stand on no calendar, and all where the user gives a day, are one day together.
        let is_told = at_ms >= FIRST_TOLD_MS && self.pricing.date.is_none();
        let day = if is_told { at_ms.div_euclid(DAY_MS) } else { 0 };
        if let Some(((last, same_day, same), index)) = &self.last
            && last == model
            && (*same_day, *same) == (day, conditions)
        {
            return *index;
        }
        let key = (model.to_owned(), day, conditions);
        let index = match self.known_prices.get(&key) {
            Some(&known) => known,
            None => {
                let found = self.pricing.find_call_price(model, Some(at_ms), conditions);
                let row = found.map_or_else(|_| self.pricing.unpriced_row(model), |it| it.row);
                let index = self.number_of_price(row);
                self.known_prices.insert(key.clone(), index);
                index
            }
        };
        self.last = Some((key, index));
        index
    }

    /// The number of the price of a model that a toggle puts in the place of a priced or unpriced
    /// one: what it would replace has no price either way, or both have one.
    ///
    /// # Errors
    /// The model has no price at all.
    pub(crate) fn resolve_other_price(
        &mut self,
        own: u16,
        other: &str,
        at_ms: i64,
        conditions: PriceModifiers,
    ) -> Result<u16, MissingPrice> {
        let pricing = self.pricing;
        let found = match pricing.find_call_price(other, Some(at_ms), conditions) {
            // It may be younger than the calls that it would make.
            Err(MissingPrice::Date { .. }) => pricing.find_call_price(other, None, conditions),
            found => found,
        }?;
        // Dollars out of nothing would be a cost that the toggle does not bring.
        if self.row_at(own).is_unpriced {
            return Ok(self.number_of_price(pricing.unpriced_row(other)));
        }
        Ok(self.number_of_price(found.row))
    }

    /// The number of a price, a new one if it was not met before.
    pub(crate) fn number_of_price(&mut self, row: PriceRow) -> u16 {
        let known = self.rows.iter().position(|known| *known == row);
        known.unwrap_or_else(|| {
            self.rows.push(row);
            self.rows.len() - 1
        }) as u16
    }

    /// The price of a number.
    #[must_use]
    pub(crate) fn row_at(&self, index: u16) -> &PriceRow {
        &self.rows[usize::from(index)]
    }

    /// The prices in the order of their numbers.
    #[must_use]
    pub(crate) fn into_rows(self) -> Vec<PriceRow> {
        self.rows
    }
}

/// Times before 2000-01-01 stand on no calendar: such calls have a place within their pipeline, and
/// no day. Source: no model is as old; transcripts without times count from zero, 2026-11-29.
pub(crate) const FIRST_TOLD_MS: i64 = 946_684_800_000;

/// The day of a time in UTC; `None` of one that stands on no calendar.
pub(crate) fn told_day(at_ms: i64) -> Option<Date> {
    (at_ms >= FIRST_TOLD_MS).then(|| utc_day_of(at_ms))
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// The day of a time in UTC.
#[must_use]
pub(crate) fn utc_day_of(at_ms: i64) -> Date {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or(Date::MIN, |at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)], model: &str, priced: &str, scale_bp: Option<i64>) {
        let instead = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let pricing = Pricing { substitutes: instead, ..Pricing::embedded() };
        assert_eq!(pricing.priced_model(model), priced, "{pairs:?}");
        assert_eq!(pricing.tokenizer_scale_bp(model, model), scale_bp, "{pairs:?}");
        let row = pricing.find_price(model, Some(0));
        let plain = Pricing::embedded().book.newest_price(priced);
        let bases = (row.map(|row| row.base), plain.map(|row| row.base));
        assert!(bases.0.is_err() || bases.0 == bases.1, "{bases:?}");
    }

    #[test]
    fn models_are_priced_as_others() {
        let (old, new) = ("claude-opus-4-6", "claude-opus-4-7");
        check(&[], old, old, Some(10_000));
        check(&[(old, new)], old, new, Some(13_000));
        check(&[(old, new)], "claude-opus-4-6-20260205", new, Some(13_000));
        check(&[(old, new)], UNSTATED_MODEL, new, Some(13_000));
        check(&[(old, new), (new, old)], old, new, Some(13_000));
        check(&[(old, new), (new, old)], new, old, Some(7_692));
        check(&[("claude-opus-4-6[1m]", "gpt-5"), (old, new)], old, new, Some(13_000));
        check(&[(old, "gpt-5.4")], old, "gpt-5.4", None);
        check(&[(old, new)], "gpt-5.4", "gpt-5.4", Some(10_000));
    }

    #[test]
    fn a_model_younger_than_its_calls_is_priced_by_its_newest_row() {
        let instead = vec![("claude-opus-4-6".to_owned(), "gpt-6-sol".to_owned())];
        let pricing = Pricing { substitutes: instead, ..Pricing::embedded() };
        let newest = pricing.book.newest_price("gpt-6-sol").unwrap().base;
        assert_eq!(pricing.find_price("claude-opus-4-6", Some(0)).unwrap().base, newest);
        let before = Some(FIRST_TOLD_MS);
        assert!(pricing.find_price("gpt-6-sol", before).is_err(), "the calls' own model");
        let undated = pricing.find_price("gpt-6-sol", Some(0)).unwrap();
        assert_eq!(undated.base, newest, "a call without a time");
    }
}
