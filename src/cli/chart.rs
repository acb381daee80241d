//! Arguments of `chart`.

use super::PremiseArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What a picture is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    /// A vector picture.
    Svg,
    /// A bitmap, twice as large for sharp screens.
    Png,
    /// The numbers in it.
    Csv,
}

/// What a picture is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// A white sheet.
    #[default]
    Light,
    /// A dark sheet.
    Dark,
}

/// Arguments of `chart`.
#[derive(Debug, Args)]
pub struct ChartArgs {
    /// What to draw; `windtunnel list` names the kinds.
    pub kind: String,
    /// A built-in name, a recording file, or transcripts (file or folder) [default: the
    /// scenario's].
    pub recording: Option<String>,
    /// Toggles, by id, e.g. `R1,R4` [default: all].
    #[arg(long, value_delimiter = ',', value_name = "IDS", conflicts_with = "scenario")]
    pub with: Vec<String>,
    /// Toggles and parameters (TOML).
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<String>,
    /// One parameter after the scenario, e.g. `R4.cap=200`; may be repeated.
    #[arg(long, value_name = "TOGGLE.KEY=VALUE")]
    pub set: Vec<String>,
    /// File to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What to write [default: by the ending of the file, else svg].
    #[arg(long, value_enum)]
    pub format: Option<PictureFormat>,
    /// Colours for a white or a dark sheet.
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeArg,
    /// Refuse transcripts of which anything had to be skipped.
    #[arg(long)]
    pub strict: bool,
    /// What the recording is read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}
