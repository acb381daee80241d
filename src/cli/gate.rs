//! Arguments of `gate`.

use super::{
    DetailArgs, OverwriteArgs, PremiseArgs, PrintArgs, SelectionArgs, ToggleArgs, named_value,
};
use crate::scenario::MOST_SEED;
use crate::study::gate::measurement::SampleUnit;
use clap::{Args, ValueEnum, value_parser};
use jiff::civil::Date;
use std::path::PathBuf;

/// How the gate's word is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// Tables for people.
    #[default]
    Table,
    /// Versioned JSON for programs.
    Json,
    /// Exact values of one table: the main one, or that of `--table`.
    Csv,
    /// Tables for pull requests and job summaries.
    Markdown,
    /// Test results: a case each limit.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// What is held against: a committed baseline file, or recordings and transcripts as for the
    /// candidate.
    #[arg(long, num_args = 1.., value_name = "FILE", required_unless_present = "power")]
    pub baseline: Vec<String>,
    /// What changed: built-in names, recording files, or transcripts (files or folders), each one
    /// sample [default: the recording of the scenario].
    #[arg(long, num_args = 1.., value_name = "RECORDING")]
    pub candidate: Vec<String>,
    /// Which of their sessions take part; a baseline file is as it was written.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What may grow by how much (TOML, or built in: unmoved) [default: calls, tokens and dollars
    /// of the whole by 2 %, the largest context by 5 %].
    #[arg(long, value_name = "FILE")]
    pub budget: Option<PathBuf>,
    /// Write the baseline file from the candidate, tell what moved, and pass.
    #[arg(long, conflicts_with_all = ["out", "comment", "power"])]
    pub update: bool,
    /// What is one sample [default: that of the baseline file, else recording].
    #[arg(long, value_parser = named_value::<SampleUnit>(), value_name = "PART")]
    pub each: Option<SampleUnit>,
    /// Price every call as of this day [default: the day of the baseline file, else of the last
    /// call].
    #[arg(long, value_name = "DAY")]
    pub price_date: Option<Date>,
    /// Take what was recorded to be read from the cache, luck and all, instead of the cache law.
    #[arg(long)]
    pub as_billed: bool,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs<GateFormat>,
    /// Also write it to a file: .txt, .json, .csv, .md or .xml (test results); may be repeated.
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Vec<PathBuf>,
    /// Write Markdown for a pull request to a file: what is beyond its limit, or that nothing is.
    /// Its first line is a mark by which the comment of an earlier run is found and replaced.
    #[arg(long, value_name = "FILE")]
    pub comment: Option<PathBuf>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
    /// Print instead how large a growth is found with so many recordings a side.
    #[arg(long, conflicts_with_all = ["out", "comment"])]
    pub power: bool,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// Toggles whose savings are measured; a scenario also says what they are measured on where
    /// there is no candidate.
    #[command(flatten)]
    pub toggles: ToggleArgs,
    /// Seed of the draws, instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..=MOST_SEED))]
    pub seed: Option<u64>,
    /// What the recordings are read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}
