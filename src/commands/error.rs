//! Why a command could not do its work: of which kind it is, where, what is wrong, what to do.
//!
//! Errors of the floors below stay what they are, behind the place where they were met. Only
//! [`super::run`] makes a line of them.

use crate::import::ImportError;
use crate::import::rollout_metrics::RolloutReadError;
use crate::import::start_folder::StartFolderError;
use crate::import::step_table::StepTableError;
use crate::price::{BadPriceBook, MissingPrice};
use crate::reconstruct::routes::RoutesError;
use crate::reconstruct::{KnownFigureError, NoStepTable, PipelineFileError, ReconstructError};
use crate::recording::BalanceError;
use crate::recording::format::BadRecording;
use crate::report::show::export::CostOverflow;
#[cfg(feature = "tables")]
use crate::report::show::sweep::SweepParquetError;
use crate::scenario::{ScenarioError, SelectionError, UnknownToggle};
use crate::store::{DiskError, OutputError};
use crate::study::backtest::{BacktestError, BadObservations};
use crate::study::gate::baseline::BadBaseline;
use crate::study::inspect::step_usage::NoSuchOrder;
use crate::study::whatif::draw_lines::BadDraws;
use crate::study::whatif::quoted_sets::BadSets;
use crate::study::whatif::sweep::SweepError;
use crate::toml_reader::TomlError;
use std::fmt;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// What was typed cannot be, or asks for what is not there.
    #[error("{0}")]
    Argument(Complaint),
    /// A file or a recording does not hold what the command needs.
    #[error("{0}")]
    Content(Complaint),
    /// This build cannot do it.
    #[error("{0}")]
    Feature(Complaint),
    /// Another error, met at a place: a file, a flag, a key.
    #[error("{place}: {error}")]
    At {
        /// The place.
        place: String,
        /// What was met there.
        error: Box<Self>,
    },
    /// Several mistakes of one command line.
    #[error("{}", self.lines().join("; "))]
    Several(Vec<Self>),
    /// A file that is no text.
    #[error("not TOML: {0}")]
    NotText(#[from] std::str::Utf8Error),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    StepTable(#[from] StepTableError),
    #[error(transparent)]
    StartFolder(#[from] StartFolderError),
    #[error(transparent)]
    RolloutMetrics(#[from] RolloutReadError),
    #[error(transparent)]
    Recording(#[from] BadRecording),
    #[error(transparent)]
    Balance(#[from] BalanceError),
    #[error(transparent)]
    PipelineFile(#[from] PipelineFileError),
    #[error(transparent)]
    NoStepTable(#[from] NoStepTable),
    #[error(transparent)]
    Routes(#[from] RoutesError),
    #[error(transparent)]
    Reconstruct(#[from] ReconstructError),
    #[error(transparent)]
    PriceBook(#[from] BadPriceBook),
    #[error(transparent)]
    Price(#[from] MissingPrice),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Toggle(#[from] UnknownToggle),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    KnownFigure(#[from] KnownFigureError),
    #[error(transparent)]
    Sweep(#[from] SweepError),
    #[error(transparent)]
    Draws(#[from] BadDraws),
    #[error(transparent)]
    Sets(#[from] BadSets),
    #[error(transparent)]
    Order(#[from] NoSuchOrder),
    #[error(transparent)]
    Backtest(#[from] BacktestError),
    #[error(transparent)]
    Observations(#[from] BadObservations),
    #[error(transparent)]
    Rollouts(#[from] TomlError),
    #[error(transparent)]
    Baseline(#[from] BadBaseline),
    #[error(transparent)]
    Cost(#[from] CostOverflow),
    #[cfg(feature = "tables")]
    #[error(transparent)]
    SweepParquet(#[from] SweepParquetError),
    #[cfg(feature = "tables")]
    #[error(transparent)]
    Table(#[from] crate::report::parquet::TableError),
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Rows(#[from] crate::report::arrow_rows::BadRows),
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Shard(#[from] crate::import::shards::BadShard),
}

/// What a user reads: where, what is wrong, what to do.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// The flag, the argument or the file; empty where the problem names it.
    place: String,
    problem: String,
    /// Empty where the problem says it already.
    hint: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.place, &self.problem, &self.hint];
        // A part that says nothing must leave no colon behind.
        let said: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&said.join(": "))
    }
}

impl Complaint {
    fn new(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        let (place, problem, hint) = (place.to_string(), problem.into(), String::new());
        Self { place, problem, hint }
    }
}

impl CommandError {
    /// An argument or a flag that cannot be used.
    pub(super) fn argument(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::Argument(Complaint::new(place, problem))
    }

    /// A file or a recording without what is needed of it.
    pub(super) fn content(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::Content(Complaint::new(place, problem))
    }

    /// Something that this build was made without.
    #[cfg_attr(
        all(feature = "tables", feature = "charts"),
        expect(
            dead_code,
            reason = "a build with every feature refuses nothing for the want of one"
        )
    )]
    pub(super) fn feature(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::Feature(Complaint::new(place, problem))
    }

    /// The mistakes of a command line as one error; `None` without any.
    pub(super) fn from_mistakes(mut mistakes: Vec<Self>) -> Option<Self> {
        if mistakes.len() < 2 { mistakes.pop() } else { Some(Self::Several(mistakes)) }
    }

    /// What a user reads: a line for each thing that is wrong.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::PipelineFile(error) => error.lines().collect(),
            Self::Several(mistakes) => {
                let told = mistakes.iter().flat_map(Self::lines);
                told.chain([format!("{} mistakes, nothing was run", mistakes.len())]).collect()
            }
            Self::At { place, error } => {
                error.lines().iter().map(|line| format!("{place}: {line}")).collect()
            }
            other => vec![other.to_string()],
        }
    }

    /// What to do about it.
    pub(super) fn with_hint(mut self, text: impl Into<String>) -> Self {
        // Errors of the floors below keep their words: only what this floor says takes a hint.
        if let Self::Argument(complaint) | Self::Content(complaint) | Self::Feature(complaint) =
            &mut self
        {
            complaint.hint = text.into();
        }
        self
    }
}

/// Says where an error was met.
pub(super) trait AtPlace<T> {
    /// The same with its place in front.
    fn at(self, place: impl fmt::Display) -> Result<T, CommandError>;
}

impl<T, E: Into<CommandError>> AtPlace<T> for Result<T, E> {
    fn at(self, place: impl fmt::Display) -> Result<T, CommandError> {
        self.map_err(|error| CommandError::At {
            place: place.to_string(),
            error: Box::new(error.into()),
        })
    }
}
