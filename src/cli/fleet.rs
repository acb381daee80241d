//! Arguments of `fleet`.

use super::OverwriteArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The parts of an import and of a study that several machines share.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// The files of folders as rows of an Arrow stream: what the other commands are given in parts.
    Files(FleetFilesArgs),
    /// Rows of files in, what ties them to other files and what the plan has to know out.
    Keys,
    /// Rows of facts in, the plan that `fleet map` wants out.
    Plan,
    /// Rows of files that nothing ties to others in, their import as one row out.
    Map(FleetMapArgs),
    /// Rows of `fleet map` in, in any order: the recording that one import gives.
    Merge(FleetMergeArgs),
}

/// Arguments of `fleet files`.
#[derive(Debug, Args)]
pub struct FleetFilesArgs {
    /// Folders of transcripts.
    #[arg(required = true, value_name = "FOLDER")]
    pub paths: Vec<String>,
}

/// Arguments of `fleet map`.
#[derive(Debug, Args)]
pub struct FleetMapArgs {
    /// What `fleet plan` printed.
    #[arg(long, value_name = "FILE")]
    pub plan: PathBuf,
}

/// Arguments of `fleet merge`.
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
