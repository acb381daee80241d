//! From arguments to everything that an experiment needs: what is run, on what, priced how.

use super::{CommandError, load, observations};
use crate::cli::PremiseArgs;
use crate::price::Pricing;
use crate::reconstruct::{self, Lens};
use crate::scenario::{self, Scenario};
use load::LoadedRecording;
use std::path::Path;

/// What the command line says about an experiment.
pub struct ExperimentRequest<'a> {
    /// The recording; `None` for the scenario's.
    pub recording: Option<&'a str>,
    /// A scenario: a file or a built-in name.
    pub scenario: Option<&'a str>,
    /// Toggles, where there is no scenario.
    pub with: &'a [String],
    /// Parameters that are set after the scenario.
    pub set: &'a [String],
    /// What the recording is read under.
    pub premises: &'a PremiseArgs,
    /// Refuse transcripts of which anything had to be skipped.
    pub strict: bool,
    /// What was seen after rollouts, instead of what comes with the recording.
    pub observed: Option<&'a Path>,
}

/// Everything that it takes, loaded and checked.
pub struct ExperimentInputs {
    /// What is run.
    pub scenario: Scenario,
    /// How published calls are read.
    pub lens: Lens,
    /// How it is priced.
    pub pricing: Pricing,
    /// On what: the part of the recording that the scenario selects.
    pub loaded: LoadedRecording,
}

impl ExperimentRequest<'_> {
    /// Loads everything.
    pub fn load_inputs(&self) -> Result<ExperimentInputs, CommandError> {
        if self.recording.is_none() && self.scenario.is_none() {
            let known: Vec<_> = reconstruct::builtin_names().collect();
            return Err(CommandError::new(format!(
                "no recording: name a file, a folder of transcripts or a built-in one ({}), or a \
                 --scenario that names one",
                known.join(", ")
            )));
        }
        let named = self.recording.unwrap_or_default();
        let mut scenario = load::load_scenario(named, self.scenario, self.with)?;
        for setting in self.set {
            scenario::set_parameter(&mut scenario, setting)
                .map_err(|error| CommandError::new(format!("--set {setting}: {error}")))?;
        }
        let lens = load::choose_lens(self.premises, &scenario);
        let pricing = load::load_pricing(self.premises, &scenario)?;
        let loaded = match (self.recording, self.scenario) {
            (Some(recording), _) => load::load_recording(recording, lens, self.strict)?,
            (None, file) => {
                self.load_recording_of_scenario(file.unwrap_or_default(), &scenario, lens)?
            }
        };
        let mut loaded = apply_selection(loaded, &scenario, &pricing)?;
        if let Some(path) = self.observed {
            loaded.observations = Some(observations::read_observations(path)?);
        }
        Ok(ExperimentInputs { scenario, lens, pricing, loaded })
    }

    /// The recording that a scenario names.
    fn load_recording_of_scenario(
        &self,
        file: &str,
        scenario: &Scenario,
        lens: Lens,
    ) -> Result<LoadedRecording, CommandError> {
        if scenario.recording.is_empty() {
            return Err(CommandError::new(format!(
                "{file}: there is no 'recording' in it: add one, or name one on the command line"
            )));
        }
        load::load_recording(&scenario.recording, lens, self.strict)
            .map_err(|CommandError(line)| CommandError(format!("{file}: 'recording': {line}")))
    }
}

/// The part of a recording that a scenario speaks of.
pub fn apply_selection(
    loaded: LoadedRecording,
    scenario: &Scenario,
    pricing: &Pricing,
) -> Result<LoadedRecording, CommandError> {
    let loaded = if scenario.select.selects_everything() {
        loaded
    } else {
        let part = scenario.select.select_part(&loaded.recording)?;
        loaded.into_part(part)
    };
    scenario::check_models(pricing, &loaded.recording)?;
    Ok(loaded)
}
