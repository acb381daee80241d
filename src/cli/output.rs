//! How results are written: the format, how much of them, and over which files.

use clap::{Args, ValueEnum};

/// How a result is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables for people.
    #[default]
    Table,
    /// Versioned JSON for programs.
    Json,
    /// Exact values, one block a table.
    Csv,
    /// Tables for pull requests.
    Markdown,
}

/// What a command prints beside its first screen.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct DetailArgs {
    /// All tables behind the first screen.
    #[arg(long)]
    pub details: bool,
    /// Also parameters, seed and digests: enough to make the result again (always in Markdown, JSON
    /// and files).
    #[arg(long)]
    pub provenance: bool,
}

/// The short way to say in which format a result is wanted: declared once, read through the default
/// of `--format`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct JsonArg {
    /// Short for `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// What happens to files that are there already.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OverwriteArgs {
    /// Also replace files that this command did not write, or that were changed since.
    #[arg(long)]
    pub force: bool,
}
