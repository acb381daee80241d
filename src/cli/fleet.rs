//! Arguments of `fleet`.

use super::{ExperimentArgs, OverwriteArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The parts of an import and of a study that several machines share.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// The files of folders as rows of an Arrow stream: what the other commands are given in parts.
    #[cfg(feature = "fleet")]
    Files(FleetFilesArgs),
    /// Rows of files in, what ties them to other files and what the plan has to know out.
    #[cfg(feature = "fleet")]
    Keys,
    /// Rows of facts in, the plan that `fleet map` wants out.
    #[cfg(feature = "fleet")]
    Plan,
    /// Rows of files that nothing ties to others in, their import as one row out.
    #[cfg(feature = "fleet")]
    Map(FleetMapArgs),
    /// Rows of `fleet map` in, in any order: the recording that one import gives.
    #[cfg(feature = "fleet")]
    Merge(FleetMergeArgs),
    /// The sets of toggles that a comparison quotes, and what else `fleet draws` is told of the
    /// whole.
    Sets(FleetSetsArgs),
    /// The recording in parts whose draws add up, a file each.
    Cut(FleetCutArgs),
    /// Some draws of a comparison, a line of JSON each: `compare --drawn` takes them all.
    Draws(FleetDrawsArgs),
    /// A program that runs all of this on an engine, and compares.
    Driver {
        /// The engine.
        engine: FleetEngine,
    },
}

/// An engine that spreads work over machines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FleetEngine {
    /// Apache Spark, for `spark-submit`.
    Spark,
    /// Ray.
    Ray,
}

/// Arguments of `fleet files`.
#[cfg(feature = "fleet")]
#[derive(Debug, Args)]
pub struct FleetFilesArgs {
    /// Folders of transcripts.
    #[arg(required = true, value_name = "FOLDER")]
    pub paths: Vec<String>,
}

/// Arguments of `fleet map`.
#[cfg(feature = "fleet")]
#[derive(Debug, Args)]
pub struct FleetMapArgs {
    /// What `fleet plan` printed.
    #[arg(long, value_name = "FILE")]
    pub plan: PathBuf,
}

/// Arguments of `fleet merge`.
#[cfg(feature = "fleet")]
#[derive(Debug, Args)]
pub struct FleetMergeArgs {
    /// File to write: JSON, or binary columns where it ends in .wtr.
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: PathBuf,
    /// Name of the recording [default: that of the file].
    #[arg(long)]
    pub name: Option<String>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
}

/// Arguments of `fleet sets`.
#[derive(Debug, Args)]
pub struct FleetSetsArgs {
    /// What is replayed, and with what: the same as `compare` is told.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// How many parts the recording is cut into at most [default: one for each 100,000 calls].
    #[arg(long, value_name = "N")]
    pub parts: Option<usize>,
}

/// Arguments of `fleet cut`.
#[derive(Debug, Args)]
pub struct FleetCutArgs {
    /// What is replayed, and with what: the same as `fleet sets` was told.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// What `fleet sets` printed.
    #[arg(long, value_name = "FILE")]
    pub sets: PathBuf,
    /// Folder of the parts.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
}

/// Arguments of `fleet draws`.
#[derive(Debug, Args)]
pub struct FleetDrawsArgs {
    /// What is replayed, and with what: the same as `compare` is told, or a part of the recording.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// The first draw that is made; they are numbered from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub first: u32,
    /// How many are made at most [default: all that follow].
    #[arg(long, value_name = "N")]
    pub count: Option<u32>,
    /// What `fleet sets` printed; without it every call finds them again.
    #[arg(long, value_name = "FILE")]
    pub sets: Option<PathBuf>,
}
