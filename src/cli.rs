//! What can be typed.

mod backtest;
mod chart;
mod cockpit;
mod experiment;
mod fleet;
mod gate;
mod gate_start;
mod new;
mod output;
mod selection;
mod tables;

pub use backtest::BacktestArgs;
pub use chart::ChartArgs;
#[cfg(feature = "charts")]
pub use chart::{PictureFormat, ThemeArg};
pub use cockpit::{CompatScriptArg, EnvArgs, RoutesArgs};
pub use experiment::{ExperimentArgs, PremiseArgs, ToggleArgs};
pub use fleet::{FleetCommand, FleetCutArgs, FleetDrawsArgs, FleetEngine, FleetSetsArgs};
#[cfg(feature = "fleet")]
pub use fleet::{FleetFilesArgs, FleetMapArgs, FleetMergeArgs};
pub use gate::{GateArgs, GateFormat};
pub use gate_start::GateStartArgs;
pub use new::{NewCommand, NewPipelineArgs};
pub use output::{ColorArg, DetailArgs, FormatChoice, OutputFormat, OverwriteArgs, PrintArgs};
pub use selection::SelectionArgs;
pub use tables::{ExportArgs, StepsArgs};

use crate::kinds::NamedValue;
use crate::study::whatif::distribution::SessionGrouping;
use crate::study::whatif::swept_subset::SweepMetric;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// A wind tunnel for LLM-agent pipelines: replay recorded sessions, toggle fixes, see what they
/// are worth before they ship. Nothing calls a model.
#[derive(Debug, Parser)]
#[command(name = "windtunnel", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Neither use nor keep what was read out of transcripts before.
    #[arg(long, global = true, hide_short_help = true)]
    pub no_cache: bool,
}

impl Cli {
    /// What was typed.
    ///
    /// # Errors
    /// What cannot be, help and version.
    pub fn from_typed(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(words)?;
        let mut typed = &matches;
        let mut names = Vec::new();
        while let Some((name, inner)) = typed.subcommand() {
            typed = inner;
            names.push(name);
        }
        // JSON is whole, however it was asked for.
        let word = |id| typed.try_get_raw(id).ok().flatten().and_then(|mut words| words.next());
        if word("table").is_some() && word("format").is_some_and(|format| format == "json") {
            let said = "the argument '--table <NAME>' cannot be used with '--format json'";
            // The usage that follows is that of the command, not of the program.
            let asked = names.into_iter().fold(&mut command, |command, name| {
                command.find_subcommand_mut(name).expect("what was matched is there")
            });
            return Err(asked.error(ErrorKind::ArgumentConflict, said));
        }
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// The choice among the values of a kind, by its names and with what they mean.
fn named_value<T: NamedValue>() -> impl TypedValueParser<Value = T> {
    let values = T::VALUES
        .iter()
        .map(|(value, name)| PossibleValue::new(*name).help(value.meaning()))
        .collect::<Vec<_>>();
    PossibleValuesParser::from(values)
        .map(|name| T::from_name(&name).expect("nothing but these names is let through"))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole report of a recording: tables, verdicts, charts, data, written to a folder.
    Report(ReportArgs),
    /// What-if: each toggle alone, last and together, against what is claimed for it.
    Compare(CompareArgs),
    /// Every subset of the toggles: ranking, Pareto front, best of each size, what the next adds.
    Sweep(SweepArgs),
    /// One picture as SVG, PNG or CSV: growth, waterfall, sweep and others.
    Chart(ChartArgs),
    /// Where the tokens went, what is wrong with the data, which toggles apply.
    Inspect(InspectArgs),
    /// What packets cost that wake agents: by agent and kind, source and root.
    Routes(RoutesArgs),
    /// The recommended environment of a cockpit, a comment to each setting.
    Env(EnvArgs),
    /// After a rollout: what changed, size for size, against dates without one and the prediction.
    Backtest(BacktestArgs),
    /// Whether a source's figures and claims can be true at all.
    Audit(AuditArgs),
    /// Whether a change makes a pipeline dearer than its baseline: for CI.
    Gate(GateArgs),
    /// What a changed start (system prompt, CLAUDE.md, skills, agents, tools) costs, without a run.
    GateStart(GateStartArgs),
    /// Transcripts to a shareable recording: sizes, kinds, times and usage, no text.
    Import(ImportArgs),
    /// Token usage by step of a pipeline, orchestrator included: the table of pull requests.
    Steps(StepsArgs),
    /// Sessions, calls and blocks as Parquet or CSV tables, for other programs.
    Export(ExportArgs),
    /// Parts of an import and of a study, for engines that spread them over machines.
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// A new file to fill in: published totals of your own pipeline.
    #[command(subcommand)]
    New(NewCommand),
    /// Scenario files: write a new one, check some, print the schema for editors.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Built-in recordings and scenarios, and all toggles.
    List(ListArgs),
    /// What a toggle does, by which formula, from which source, and when it lies.
    Explain(ExplainArgs),
    /// The JSON schema of what a command prints with `--format json`, or of a file that it writes.
    Schema {
        /// The command, e.g. `inspect`, `scenario check`, or `new pipeline`.
        #[arg(required = true)]
        command: Vec<String>,
        /// How to write it; markdown, csv and table list the keys with unit and meaning.
        #[arg(long, value_enum, default_value = "json")]
        format: OutputFormat,
    },
    /// The manual page of the program or of a command, for `man -l -`.
    Man {
        /// The command, e.g. `compare` or `scenario new` [default: the program].
        command: Vec<String>,
    },
    /// Completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What is replayed, and with what.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Folder to write [default: reports/NAME].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write the charts as PNG.
    #[arg(long)]
    pub png: bool,
    /// What `backtest --observations` wrote [default: what comes with the recording].
    #[arg(long, value_name = "FILE")]
    pub observed: Option<PathBuf>,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// When it has colours.
    #[command(flatten)]
    pub color: ColorArg,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// What is replayed, and with what.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Also spread the savings of each toggle over these: median, P90, share.
    #[arg(long, value_parser = named_value::<SessionGrouping>(), value_name = "GROUP")]
    pub each: Option<SessionGrouping>,
    /// Take the draws from a file of lines of `fleet draws`, in any order, instead of making them.
    #[arg(long, value_name = "FILE")]
    pub drawn: Option<PathBuf>,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
}

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// What is replayed, and with what.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// What subsets are ranked by; dollars, unless the source knows tokens only.
    #[arg(
        long = "rank-by",
        alias = "by",
        value_parser = named_value::<SweepMetric>(),
        value_name = "FIGURE"
    )]
    pub by: Option<SweepMetric>,
    /// Rows of the ranking; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// Also write all subsets to a file: .csv, .json or .parquet.
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Built-in names, recording files, or transcripts (files or folders), in any mix: what is in
    /// several of them counts once [default: the scenario's, else where agents write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Whether nobody named them: the folders of agents are one source, read once.
    #[arg(skip)]
    pub are_agent_folders: bool,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Also measure the model's own error on this recording; as Markdown: a calibration report
    /// that names no path, recording or text.
    #[arg(long)]
    pub fidelity: bool,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
    /// Refuse transcripts that are damaged: of which something is lost.
    #[arg(long)]
    pub strict: bool,
    /// The bill by these instead: day, model, project, folder, skill, server, agent, pipeline,
    /// step, session, source, version; with tool or kind the sizes of blocks, beside all else.
    #[arg(long, value_delimiter = ',', value_name = "KEYS")]
    pub by: Vec<String>,
    /// Rows of each table; 0 shows all [default: 12; csv: all].
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// The toggles that are looked for.
    #[command(flatten)]
    pub toggles: ToggleArgs,
    /// What the recording is read under.
    #[command(flatten)]
    pub premises: PremiseArgs,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Built-in names, recording files, or transcripts (files or folders) [default: where agents
    /// write].
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What is shown beside the first screen.
    #[command(flatten)]
    pub detail: DetailArgs,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Transcripts and recordings: files, folders, or `-` for standard input [default: where agents
    /// write].
    pub paths: Vec<String>,
    /// Which of their sessions take part.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// File to write: JSON, or binary columns where it ends in .wtr [default: standard output].
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Name of the recording [default: that of the first path].
    #[arg(long)]
    pub name: Option<String>,
    /// Refuse transcripts that are damaged: of which something is lost.
    #[arg(long)]
    pub strict: bool,
    /// What is there already.
    #[command(flatten)]
    pub overwrite: OverwriteArgs,
}

/// The commands on scenario files.
#[derive(Debug, Subcommand)]
pub enum ScenarioCommand {
    /// A complete scenario with everything that can be said in it, explained.
    New(ScenarioNewArgs),
    /// Whether scenario files can be used, and what they change.
    Check(ScenarioCheckArgs),
    /// The JSON schema of scenarios, for editors.
    Schema,
}

/// Arguments of `scenario new`.
#[derive(Debug, Args)]
pub struct ScenarioNewArgs {
    /// A built-in name, a recording file, or transcripts (file or folder).
    pub recording: String,
    /// Toggles, by id [default: those of the built-in scenario, or all that find something].
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    pub with: Vec<String>,
    /// File to write [default: standard output].
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the file.
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Arguments of `scenario check`.
#[derive(Debug, Args)]
pub struct ScenarioCheckArgs {
    /// Scenario files (TOML) or built-in names.
    #[arg(required = true)]
    pub files: Vec<String>,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A toggle's id, e.g. `R7`, or `prices`, or `tables` (of `export`).
    pub topic: String,
    /// How the result is written.
    #[command(flatten)]
    pub print: PrintArgs,
}
