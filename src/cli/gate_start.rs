//! Arguments of `gate-start`.

use super::{DetailArgs, PremiseArgs, PrintArgs, SelectionArgs};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `gate-start`.
#[derive(Debug, Args)]
pub struct GateStartArgs {
    /// A folder of what sessions start with today: `CLAUDE.md`, `.claude/` with rules, skills,
    /// commands and agents, `system-prompt.md`, and `tools.json` with the schemas of tools.
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// The same with the change.
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// What the change is replayed on: built-in names, recording files, or transcripts (files or
    /// folders) [default: where agents write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What may grow by how much (TOML): the limits of the whole, for each pipeline [default:
    /// tokens and dollars by 2 %, the largest context by 5 %].
    #[arg(long, value_name = "FILE")]
    pub budget: Option<PathBuf>,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// What the recordings are read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}
