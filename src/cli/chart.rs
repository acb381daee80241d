//! Arguments of `chart`.

use super::{ExperimentArgs, OverwriteArgs};
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
    /// What is replayed, and with what.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// File to write [default: standard output].
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
    /// What to write [default: by the ending of the file, else svg].
    #[arg(long, value_enum)]
    pub format: Option<PictureFormat>,
    /// Colours for a white or a dark sheet.
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeArg,
}
