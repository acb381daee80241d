//! What can be typed about the look back.

use super::{DetailArgs, OverwriteArgs, PrintArgs, SelectionArgs};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// A step table (CSV), a built-in name, a recording file, or transcripts (file or folder): one
    /// with --at or --rollouts, or two, before and after.
    #[arg(required = true, num_args = 1..=2, value_name = "BEFORE [AFTER]")]
    pub inputs: Vec<String>,
    /// Which of their sessions take part, where they are recordings.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// When something was rolled out, e.g. 2026-04-14T05:20:00Z; several with commas [default:
    /// those of --rollouts].
    #[arg(long, value_delimiter = ',', value_name = "TIMES")]
    pub at: Vec<String>,
    /// Rollouts with their toggles, and how to look at them (TOML, or built in:
    /// autoskillit-rollouts, cockpit-criteria).
    #[arg(long, value_name = "FILE")]
    pub rollouts: Option<String>,
    /// Pipelines this long before and after a rollout, e.g. 9d [default: what the shorter side has,
    /// at most 14d].
    #[arg(long, value_name = "SPAN")]
    pub window: Option<String>,
    /// Metrics, the first one also in other windows: read, tokens, fresh, write, output, sessions,
    /// seconds, calls, `read_per_line`, `read_per_session` [default: read, tokens, output,
    /// `read_per_line`].
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub metric: Vec<String>,
    /// Steps to look at, beside whole pipelines.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub step: Vec<String>,
    /// Lines changed, for recordings: CSV with pipeline, additions, deletions.
    #[arg(long, value_name = "FILE")]
    pub sizes: Option<PathBuf>,
    /// What was predicted: after divided by before, e.g. 0.97, or a recording to replay with the
    /// toggles on.
    #[arg(long, value_name = "RATIO|RECORDING")]
    pub predict: Option<String>,
    /// Toggles that were rolled out, by id, e.g. `R1,R4` [default: those of --rollouts].
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    pub with: Vec<String>,
    /// Also write what was seen to a file, for `report` (JSON).
    #[arg(long, value_name = "FILE")]
    pub observations: Option<PathBuf>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse tables and transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
}
