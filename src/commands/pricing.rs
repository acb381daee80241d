//! From arguments to prices: the book, and what a model that nobody names is priced as.

use super::load::is_built_in;
use super::load_scenario::load_scenario;
use super::{AtPlace, CommandError};
use crate::cli::PremiseArgs;
use crate::price::{PriceBook, Pricing};
use crate::scenario::Scenario;
use crate::store;
use std::path::PathBuf;

/// The only recording of a command line: the same name twice is one, as it is when recordings are
/// merged. Empty where there are several or none.
pub fn only_recording(recordings: &[String]) -> &str {
    match recordings.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => first,
        _ => "",
    }
}

/// The model that a built-in recording is priced as, with whatever toggles it is run.
fn builtin_model(recording: &str) -> Result<Option<String>, CommandError> {
    if !is_built_in(recording) {
        return Ok(None);
    }
    Ok(load_scenario(recording, None, &[])?.model)
}

/// The price book and its assumptions: one bill of a recording, in every command.
pub fn load_pricing(
    premises: &PremiseArgs,
    scenario: &Scenario,
    recordings: &[String],
) -> Result<Pricing, CommandError> {
    let mut pricing = Pricing::embedded();
    // The later one takes precedence: that of the command line.
    let books = scenario.prices.iter().map(PathBuf::from).chain(premises.prices.clone());
    for path in books {
        let book = PriceBook::parse_csv(&store::read_file(&path)?).at(path.display())?;
        pricing.book = pricing.book.overridden_by(&book);
    }
    // Looking each model up here refuses a scenario that names one without a price before anything
    // is replayed.
    pricing.substitutes.clone_from(&scenario.models);
    for (from, _) in &scenario.models {
        pricing.find_price(from, None)?;
    }
    // Calls that name no model are priced as this one, which therefore needs a price.
    let only = match only_recording(recordings) {
        "" if recordings.is_empty() => &scenario.recording,
        only => only,
    };
    let of_recording = builtin_model(only)?;
    let said = premises.model.as_ref().or(scenario.model.as_ref());
    if let Some(model) = said.or(of_recording.as_ref()) {
        pricing.assumed_model.clone_from(model);
        pricing.find_price(crate::price::UNSTATED_MODEL, None)?;
    }
    pricing.date = scenario.date;
    Ok(pricing)
}
