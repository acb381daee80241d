//! From arguments to everything that an experiment needs: what is run, on what, priced how.

use super::{Failure, load, observed};
use crate::cli::Premises;
use crate::price::Pricing;
use crate::reconstruct::{self, Lens};
use crate::scenario::{self, Scenario};
use load::Loaded;
use std::path::Path;

/// What the command line says about an experiment.
pub struct Asked<'a> {
    /// The recording; `None` for the scenario's.
    pub recording: Option<&'a str>,
    /// A scenario: a file or a built-in name.
    pub scenario: Option<&'a str>,
    /// Toggles, where there is no scenario.
    pub with: &'a [String],
    /// Parameters that are set after the scenario.
    pub set: &'a [String],
    /// What the recording is read under.
    pub premises: &'a Premises,
    /// Refuse transcripts of which anything had to be skipped.
    pub strict: bool,
    /// What was seen after rollouts, instead of what comes with the recording.
    pub observed: Option<&'a Path>,
}

/// Everything that it takes, loaded and checked.
pub struct Ready {
    /// What is run.
    pub scenario: Scenario,
    /// How published calls are read.
    pub lens: Lens,
    /// How it is priced.
    pub pricing: Pricing,
    /// On what: the part of the recording that the scenario selects.
    pub loaded: Loaded,
}

impl Asked<'_> {
    /// Loads everything.
    pub fn load(&self) -> Result<Ready, Failure> {
        if self.recording.is_none() && self.scenario.is_none() {
            let known: Vec<_> = reconstruct::builtin_names().collect();
            return Err(Failure::new(format!(
                "no recording: name a file, a folder of transcripts or a built-in one ({}), or a \
                 --scenario that names one",
                known.join(", ")
            )));
        }
        let named = self.recording.unwrap_or_default();
        let mut scenario = load::scenario(named, self.scenario, self.with)?;
        for setting in self.set {
            scenario::set(&mut scenario, setting)
                .map_err(|error| Failure::new(format!("--set {setting}: {error}")))?;
        }
        let lens = load::lens(self.premises, &scenario);
        let pricing = load::pricing(self.premises, &scenario)?;
        let loaded = match (self.recording, self.scenario) {
            (Some(recording), _) => load::one(recording, lens, self.strict)?,
            (None, file) => self.named_in(file.unwrap_or_default(), &scenario, lens)?,
        };
        let mut loaded = select(loaded, &scenario, &pricing)?;
        if let Some(path) = self.observed {
            loaded.observed = Some(observed::read(path)?);
        }
        Ok(Ready { scenario, lens, pricing, loaded })
    }

    /// The recording that a scenario names.
    fn named_in(&self, file: &str, scenario: &Scenario, lens: Lens) -> Result<Loaded, Failure> {
        if scenario.recording.is_empty() {
            return Err(Failure::new(format!(
                "{file}: there is no 'recording' in it: add one, or name one on the command line"
            )));
        }
        load::one(&scenario.recording, lens, self.strict)
            .map_err(|Failure(line)| Failure(format!("{file}: 'recording': {line}")))
    }
}

/// The part of a recording that a scenario speaks of.
pub fn select(loaded: Loaded, scenario: &Scenario, pricing: &Pricing) -> Result<Loaded, Failure> {
    let loaded = if scenario.select.is_everything() {
        loaded
    } else {
        let part = scenario.select.of(&loaded.recording)?;
        loaded.only(part)
    };
    scenario::check_models(pricing, &loaded.recording)?;
    Ok(loaded)
}
