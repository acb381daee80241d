//! What can be typed about agents that packets wake.

use super::{OverwriteArgs, PremiseArgs, PrintArgs, SelectionArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Whose figures `routes` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompatScriptArg {
    /// Those of agentic-cockpit's script, errors and all, as it prints them.
    RolloutMetrics,
}

/// Arguments of `routes`.
#[derive(Debug, Args)]
pub struct RoutesArgs {
    /// Built-in names, recording files, or transcripts (files or folders) [default: where agents
    /// write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// What is counted. Agents live for days and are woken again and again: here the window is one
    /// of calls, each in the window in which it ends, and no session is left out for its start.
    /// With `--compat` a day of `--until` ends as it begins, as in the script.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Count packets whose id, agent, kind, root or source holds this; with `--compat`, prompts
    /// whose text does.
    #[arg(long, value_name = "TEXT")]
    pub prompt_filter: Option<String>,
    /// Print what another program would, to lay old figures beside new ones.
    #[arg(long, value_enum)]
    pub compat: Option<CompatScriptArg>,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// Rows of the table of roots; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
}

/// Arguments of `env`.
#[derive(Debug, Args)]
pub struct EnvArgs {
    /// A recording that the toggles are replayed on: a built-in name, a recording file, or
    /// transcripts [default: none, and no figures].
    pub recording: Option<String>,
    /// Which of its sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Toggles whose settings are written, by id, e.g. `C1,C2` [default: all that have some].
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    pub with: Vec<String>,
    /// File to write [default: standard output].
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
    /// What the recording is read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}
