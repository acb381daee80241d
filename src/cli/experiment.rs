//! What an experiment is run with: declared once, for every command that replays.

use super::{SelectionArgs, named_value};
use crate::reconstruct::Lens;
use crate::scenario::{MOST_DRAWS, MOST_SEED};
use clap::{Args, value_parser};
use std::path::{Path, PathBuf};

/// Which toggles take part, with which parameters.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Experiment")]
pub struct ToggleArgs {
    /// Toggles, by id, e.g. `R1,R4` [default: those of the built-in scenario of the recording, else
    /// all].
    #[arg(long, value_delimiter = ',', value_name = "IDS", conflicts_with = "scenario")]
    pub with: Vec<String>,
    /// Toggles, parameters and what they are tried on (TOML, or the name of a built-in scenario).
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<String>,
    /// One parameter after the scenario, e.g. `R4.cap=200`, or a figure that the source leaves open
    /// and you know, `source.ID=VALUE`; may be repeated.
    #[arg(long, value_name = "TOGGLE.KEY=VALUE")]
    pub set: Vec<String>,
}

/// What a recording is read and priced under.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Experiment")]
pub struct PremiseArgs {
    /// Whether a published number of API calls counts transcript records (message: a model call
    /// has about two) or model calls (record); nothing else depends on it [default: message].
    #[arg(long, value_parser = named_value::<Lens>())]
    pub lens: Option<Lens>,
    /// The model that a source without a named model is priced as [default: claude-opus-4-6].
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// A price book (CSV) whose rows take precedence over the built-in one.
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

impl PremiseArgs {
    /// The files that are read beside recordings.
    pub(crate) fn input_files(&self) -> impl Iterator<Item = &Path> {
        self.prices.iter().map(PathBuf::as_path)
    }
}

/// Recordings and everything that they are replayed with.
#[derive(Clone, Debug, Default, Args)]
pub struct ExperimentArgs {
    /// Built-in names, recordings, queues (TOML), or transcripts (files or folders), in any mix
    /// and as one: what is in several of them counts once [default: the scenario's, else where
    /// agents write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The toggles.
    #[command(flatten)]
    pub toggles: ToggleArgs,
    /// Seed of the draws, instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..=MOST_SEED))]
    pub seed: Option<u64>,
    /// Draws of the uncertainty study, instead of the scenario's; 0 for no bands [default: 1000, of
    /// more than 20,000 calls fewer].
    #[arg(
        long,
        value_name = "N",
        value_parser = value_parser!(u32).range(..=i64::from(MOST_DRAWS))
    )]
    pub draws: Option<u32>,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// What the recordings are read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}

impl ExperimentArgs {
    /// The files that are read: what names none of them is a built-in name.
    pub(crate) fn input_files(&self) -> impl Iterator<Item = &Path> {
        let named = self.recordings.iter().chain(&self.toggles.scenario).map(Path::new);
        named.chain(self.premises.input_files())
    }
}
