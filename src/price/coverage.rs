//! What of a recording its dollars cover, and on what terms.
//!
//! One pass over calls and remainders, priced as everywhere else. What has no price is counted;
//! what is priced under a doubt is named: a condition as standard, a price beyond its last day, a
//! call without a time. Nothing is collected where nothing is to be said.

use super::modifiers;
use super::{
    FIRST_TOLD_MS, MissingPrice, PriceModifiers, Pricing, UNKNOWN_CLASSES, UNSTATED_MODEL,
};
use crate::recording::Recording;
use crate::units::Usage;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Calls, or bills without calls, and their tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoveredTokens {
    /// Calls.
    pub calls: i64,
    /// Tokens of all classes.
    pub tokens: i64,
}

/// What the dollars of a recording cover.
#[derive(Clone, Debug, Default)]
pub struct PriceCoverage {
    /// Everything.
    pub all: CoveredTokens,
    /// What is told as a sum over classes, so that no dollars can be said of it.
    pub unclassed: CoveredTokens,
    /// What has no price, and so no part in any dollars.
    pub unpriced: CoveredTokens,
    /// The models without a price, each with the reason and what it used.
    pub missing: BTreeMap<String, (MissingPrice, CoveredTokens)>,
    /// Conditions that are told and have no price, by name and model: calls that cost as standard.
    pub standard: BTreeMap<(&'static str, String), i64>,
    /// Models whose price stands beyond the last day of its source.
    pub extended: BTreeMap<String, Date>,
    /// Models whose price depends on the day, with the calls that tell none.
    pub undated: BTreeMap<String, i64>,
}

/// Whether dollars say anything of a recording: not where no call has a price.
#[must_use]
pub fn has_priced_calls(recording: &Recording, pricing: &Pricing) -> bool {
    let mut calls = recording.calls.iter();
    recording.calls.is_empty()
        || calls.any(|call| {
            let model = recording.model_name(call.model);
            pricing.find_call_price(model, Some(call.start_ms), call.facts.modifiers).is_ok()
        })
}

/// What calls share that are priced and told of alike.
type Terms<'a> = (&'a str, Option<i64>, PriceModifiers);

impl PriceCoverage {
    /// Of a recording under some prices.
    #[must_use]
    pub fn of_recording(recording: &Recording, pricing: &Pricing) -> Self {
        let mut used: BTreeMap<Terms<'_>, CoveredTokens> = BTreeMap::new();
        for call in &recording.calls {
            let day = call.start_ms.div_euclid(super::DAY_MS) * super::DAY_MS;
            let at_ms = (call.start_ms >= FIRST_TOLD_MS).then_some(day);
            let terms = (recording.model_name(call.model), at_ms, call.facts.modifiers);
            used.entry(terms).or_default().add(1, &call.usage);
        }
        for rest in &recording.remainders {
            // A bill is of its session's last day; where that session is unknown, of none.
            let session = recording.sessions.get(rest.session as usize);
            let last = session.and_then(|session| recording.calls[session.call_range()].last());
            let at_ms = last.map(|call| call.start_ms).filter(|ms| *ms >= FIRST_TOLD_MS);
            let terms = (recording.model_name(rest.model), at_ms, rest.modifiers);
            used.entry(terms).or_default().add(0, &rest.usage);
        }
        let mut coverage = Self::default();
        for (terms, tokens) in used {
            coverage.note_terms(terms, tokens, pricing);
        }
        coverage
    }

    fn note_terms(
        &mut self,
        (model, at_ms, conditions): Terms<'_>,
        used: CoveredTokens,
        pricing: &Pricing,
    ) {
        self.all.add_all(used);
        // No row of a price book could help: nobody knows what these tokens were.
        if model == UNKNOWN_CLASSES {
            self.unclassed.add_all(used);
            return;
        }
        let found = match pricing.find_call_price(model, at_ms, conditions) {
            Ok(found) => found,
            Err(missing) => {
                self.unpriced.add_all(used);
                let nothing = (missing, CoveredTokens::default());
                let (_, sum) = self.missing.entry(model.to_owned()).or_insert(nothing);
                sum.add_all(used);
                return;
            }
        };
        for (name, condition) in modifiers::NAMED {
            if found.standard_for.contains(condition) {
                *self.standard.entry((name, model.to_owned())).or_default() += used.calls;
            }
        }
        if let Some(last) = found.extended_beyond {
            self.extended.insert(model.to_owned(), last);
        }
        // Whoever chose the day or the model knows which price it is.
        let is_chosen = model == UNSTATED_MODEL || pricing.date.is_some();
        let name = pricing.priced_model(model);
        if at_ms.is_none() && !is_chosen && pricing.book.changes_with_time(name) {
            *self.undated.entry(model.to_owned()).or_default() += used.calls;
        }
    }

    /// The first reason why something has no price.
    #[must_use]
    pub fn first_missing(&self) -> Option<&MissingPrice> {
        self.missing.values().next().map(|(missing, _)| missing)
    }
}

impl CoveredTokens {
    fn add(&mut self, calls: i64, usage: &Usage) {
        self.add_all(Self { calls, tokens: usage.context_tokens() + usage.output });
    }

    fn add_all(&mut self, more: Self) {
        self.calls += more.calls;
        self.tokens += more.tokens;
    }
}
