//! How results are written: the format, how much of them, and over which files.

use clap::builder::ArgPredicate;
use clap::{Args, ColorChoice, ValueEnum};

/// How a result is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables for people.
    #[default]
    Table,
    /// Versioned JSON for programs.
    Json,
    /// Exact values of one table: the main one, or that of `--table`.
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

/// The formats of a command.
pub trait FormatChoice: ValueEnum + Default + Send + Sync + 'static {}

impl<F: ValueEnum + Default + Send + Sync + 'static> FormatChoice for F {}

/// How a result is written, in one of the formats `F`: declared once.
#[derive(Clone, Debug, Default, Args)]
pub struct PrintArgs<F: FormatChoice = OutputFormat> {
    /// How to write the result.
    #[arg(
        long,
        value_enum,
        default_value_t,
        default_value_if("json", ArgPredicate::IsPresent, "json")
    )]
    pub format: F,
    /// Short for `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// One table alone, by its name; a wrong name lists them all [default: in CSV the main one].
    #[arg(long, value_name = "NAME", conflicts_with = "json")]
    pub table: Option<String>,
    /// When a terminal gets colours.
    #[command(flatten)]
    pub color: ColorArg,
}

/// When to use colours: declared once.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ColorArg {
    /// When to use colours; `auto` is on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// What happens to files that are there already.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OverwriteArgs {
    /// Also replace files that this command did not write, or that were changed since.
    #[arg(long)]
    pub force: bool,
}
