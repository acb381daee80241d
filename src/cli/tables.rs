//! Arguments of the commands that give tables away.

use super::{OverwriteArgs, PremiseArgs, PrintArgs, SelectionArgs};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `steps`.
#[derive(Debug, Args)]
pub struct StepsArgs {
    /// Built-in names, recording files, or sources (log roots, transcripts), in any mix [default:
    /// where agents write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The pipeline, e.g. `774` [default: all of them together].
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse sources of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// What the recording is read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}

/// Arguments of `export`.
///
/// Five tables, one file each: `sessions`, `calls`, `blocks`, `invocations`, `remainders`. Rows are
/// numbered from 0; a column named after another table holds numbers of its rows. Sums of calls and
/// of remainders that belong to a session are those of `inspect`, to the token. Every column with
/// its type and unit: `windtunnel explain tables`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("tables").required(true).multiple(true))]
pub struct ExportArgs {
    /// Built-in names, recording files, or transcripts (files or folders), in any mix [default:
    /// where agents write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Folder to write Parquet files to: no compression, a row group each 65,536 rows.
    #[arg(long, value_name = "DIR", group = "tables")]
    pub parquet: Option<PathBuf>,
    /// Folder to write CSV files to.
    #[arg(long, value_name = "DIR", group = "tables")]
    pub csv: Option<PathBuf>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// What the recording is read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}
