//! Arguments of `new`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be written anew.
#[derive(Debug, Subcommand)]
pub enum NewCommand {
    /// A commented file of published totals: what each step of a pipeline used.
    Pipeline(NewPipelineArgs),
}

/// Arguments of `new pipeline`.
#[derive(Debug, Args)]
pub struct NewPipelineArgs {
    /// A step table to start from, as a pull request has it: Markdown, CSV, or copied from a page;
    /// `-` reads it from standard input.
    #[arg(long, value_name = "TABLE")]
    pub from: Option<PathBuf>,
    /// File to write [default: standard output].
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the file.
    #[arg(long, requires = "out")]
    pub force: bool,
}
