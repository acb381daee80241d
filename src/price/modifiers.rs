//! What a condition of a call does to its price: declared rows beside the book, none in code.
//!
//! A row holds for the models that it names, by their ids in the book. A condition that a record
//! tells and no row prices leaves the standard price, and is named beside the sum.

use super::TokenPrices;
use crate::quantity::parse_decimal;
use crate::recording::PriceModifiers;
use crate::units::{BASIS_POINTS, PicoUsd, scale_by_ratio};

/// The embedded rows. Sources are in their `source` column.
pub(super) const EMBEDDED: &[u8] = include_bytes!("modifiers.csv");

/// Conditions by the names that rows give them.
pub(crate) const NAMED: [(&str, PriceModifiers); 6] = [
    ("fast", PriceModifiers::FAST),
    ("batch", PriceModifiers::BATCH),
    ("flex", PriceModifiers::FLEX),
    ("priority", PriceModifiers::PRIORITY),
    ("us_only", PriceModifiers::US_ONLY),
    ("regional", PriceModifiers::REGIONAL),
];

/// One web search of the provider: $10 a thousand.
/// Source: platform.claude.com/docs/en/about-claude/pricing, web search tool, 2026-08-22.
const WEB_SEARCH_PICO_USD: i128 = 10_000_000_000;

/// What so many searches cost beside their tokens.
#[must_use]
pub(crate) fn search_fee(searches: u32) -> PicoUsd {
    PicoUsd(WEB_SEARCH_PICO_USD * i128::from(searches))
}

/// One condition at the models of one row.
#[derive(Clone, Debug)]
pub(super) struct ModifierRow {
    modifier: PriceModifiers,
    multiplier_bp: i64,
    models: Vec<String>,
}

/// Reads the rows; those that cannot be read are left out, which a test refuses.
pub(super) fn parse_rows(csv: &[u8]) -> Vec<ModifierRow> {
    let mut reader = csv::Reader::from_reader(csv);
    reader.records().flatten().filter_map(|record| parse_row(&record)).collect()
}

fn parse_row(record: &csv::StringRecord) -> Option<ModifierRow> {
    let (_, modifier) = NAMED.into_iter().find(|(name, _)| *name == &record[0])?;
    let multiplier = parse_decimal(&record[1], i128::from(BASIS_POINTS))?;
    let multiplier_bp = i64::try_from(multiplier.value).ok()?;
    let models = record[2].split(' ').map(str::to_owned).collect();
    Some(ModifierRow { modifier, multiplier_bp, models })
}

/// The multipliers of a model under some conditions, and the conditions that no row prices.
pub(super) fn multipliers_of(
    rows: &[ModifierRow],
    model: &str,
    conditions: PriceModifiers,
) -> (Vec<i64>, PriceModifiers) {
    let own = rows
        .iter()
        .filter(|row| conditions.contains(row.modifier) && row.models.iter().any(|m| m == model));
    let (mut multipliers, mut open) = (Vec::new(), conditions);
    for row in own {
        multipliers.push(row.multiplier_bp);
        // What stays open has no price: it is named, and changes nothing.
        open.remove(row.modifier);
    }
    (multipliers, open)
}

/// All classes times a multiplier: cache prices stack with it, and so does the long band.
pub(super) fn scale_prices(prices: &TokenPrices, multiplier_bp: i64) -> TokenPrices {
    let prices = prices.by_class();
    TokenPrices::from_classes(
        prices.map(|price| scale_by_ratio(price, multiplier_bp, BASIS_POINTS)),
    )
}

/// Conditions in words: `fast, us_only`.
#[must_use]
pub(crate) fn words_of(conditions: PriceModifiers) -> String {
    let told = NAMED.iter().filter(|(_, modifier)| conditions.contains(*modifier));
    told.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::PriceBook;

    #[test]
    fn every_embedded_row_can_be_read_and_names_models_of_the_book() {
        let text = std::str::from_utf8(EMBEDDED).unwrap();
        let lines = text.lines().count();
        let rows = parse_rows(EMBEDDED);
        assert_eq!(rows.len(), lines - 1);
        let book = PriceBook::embedded();
        let mut seen = std::collections::BTreeSet::new();
        for row in &rows {
            assert!(row.multiplier_bp > 0);
            for model in &row.models {
                assert!(book.has_id(model), "{model}");
                assert!(seen.insert((row.modifier, model.clone())), "{model} twice");
            }
        }
        assert!(text.lines().skip(1).all(|line| line.contains("20") || line.contains("api-fast")));
    }

    #[test]
    fn multipliers_stack_and_the_rest_stays_open() {
        let rows = parse_rows(EMBEDDED);
        let both = PriceModifiers::FAST | PriceModifiers::US_ONLY;
        let (multipliers, open) = multipliers_of(&rows, "claude-opus-5", both);
        assert_eq!((multipliers, open), (vec![20_000, 11_000], PriceModifiers::empty()));
        let told = PriceModifiers::PRIORITY | PriceModifiers::BATCH;
        let (multipliers, open) = multipliers_of(&rows, "claude-sonnet-4-6", told);
        assert_eq!((multipliers, open), (vec![5_000], PriceModifiers::PRIORITY));
        assert_eq!(words_of(both), "fast, us_only");
    }
}
