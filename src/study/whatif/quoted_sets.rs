//! What whoever makes draws of an experiment has to be told of the whole of it.

use super::draw_setup::LatticeDraws;
use super::experiment::Experiment;
use super::experiment_parts::{WHAT_DIFFERS, experiment_digest, recording_name};
use crate::plan::ToggleSubset;
use crate::price::MissingPrice;
use crate::recording::{Recording, RecordingCut, hex_prefix};
use serde::{Deserialize, Serialize};

/// The sets whose savings a comparison quotes, which take every subset to find, and what else is
/// decided over all sessions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotedSets {
    pub(super) experiment: String,
    /// The digest of the whole recording.
    recording: String,
    /// How many draws the experiment has: whoever makes them in parts need not know the rule.
    pub(crate) draws: u32,
    /// By the bits of the comparison.
    pub(crate) sets: Vec<ToggleSubset>,
    pub(super) lattices: LatticeDraws,
    /// The digests of the parts that the recording is cut into.
    parts: Vec<String>,
}

/// The part of a recording that draws are made of, and how many such parts there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrawnPart {
    pub(super) digest: String,
    pub(super) of: usize,
}

/// Sets that are not those of an experiment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSets {
    /// They cannot be read.
    #[error("no sets: {0}")]
    Broken(serde_json::Error),
    /// They are of another experiment.
    #[error("the sets are of another experiment: {}", WHAT_DIFFERS)]
    OtherExperiment,
}

impl QuotedSets {
    /// What is told of an experiment that has its sets, whose recording is cut so.
    ///
    /// # Errors
    /// A model without a price.
    pub(crate) fn of_experiment(
        experiment: &Experiment<'_>,
        cut: &RecordingCut,
    ) -> Result<Self, MissingPrice> {
        let recording = experiment.base_recording();
        let plan = experiment.compile_plan(recording, &experiment.patches_at_means(recording))?;
        let name = recording_name(experiment);
        Ok(Self {
            experiment: experiment_digest(experiment, &name),
            recording: name,
            draws: experiment.draws,
            sets: experiment.sets.to_vec(),
            lattices: LatticeDraws::from_plan(experiment, &plan),
            parts: cut.digests.clone(),
        })
    }

    /// The same for others.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers are JSON")
    }

    /// What was told before.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, BadSets> {
        serde_json::from_slice(bytes).map_err(BadSets::Broken)
    }

    /// How many parts there are.
    pub(crate) fn part_count(&self) -> usize {
        self.parts.len()
    }

    /// Whether a recording is one of the parts.
    pub(crate) fn has_part(&self, recording: &Recording) -> bool {
        let digest = recording.recording_digest();
        self.parts.contains(&hex_prefix(&digest, digest.len()))
    }

    /// The part that an experiment holds which has its sets: the whole, or one of those told.
    ///
    /// # Errors
    /// They were found for another one.
    pub(crate) fn find_part(&self, experiment: &Experiment<'_>) -> Result<DrawnPart, BadSets> {
        let digest = recording_name(experiment);
        let of = if digest == self.recording { 1 } else { self.parts.len() };
        let is_known = of == 1 || self.parts.contains(&digest);
        let is_known =
            is_known && self.experiment == experiment_digest(experiment, &self.recording);
        is_known.then_some(DrawnPart { digest, of }).ok_or(BadSets::OtherExperiment)
    }

    /// Whether the recording that they were found for is cut so.
    ///
    /// # Errors
    /// They were found for another one.
    pub(crate) fn check_cut(&self, cut: &RecordingCut) -> Result<(), BadSets> {
        (self.parts == cut.digests).then_some(()).ok_or(BadSets::OtherExperiment)
    }
}
