//! The street: one file a command. A command turns arguments into bytes; `main` writes them.

mod agent_folders;
mod audience;
mod audit;
mod backtest;
#[cfg(feature = "charts")]
mod chart;
mod compare;
mod comparison_run;
mod completions;
mod env;
mod error;
mod experiment_inputs;
mod explain;
mod export;
mod fleet;
mod gate;
mod gate_start;
mod import;
mod import_facts;
mod inspect;
mod list;
mod load;
mod load_published;
mod load_scenario;
mod loaded_recording;
mod man;
mod messages;
mod new;
mod observations;
mod parse_cache;
mod pictures;
mod pricing;
mod progress;
mod report;
mod routes;
mod scenario;
mod schema;
mod session_selection;
mod steps;
mod sweep;

pub use messages::Messages;

use audience::{Audience, LoadOptions};
use error::{AtPlace, CommandError};
use session_selection::WANTED_INSTANT;

use crate::cli::{Cli, ColorArg, Command, DetailArgs, FormatChoice, OutputFormat, PrintArgs};
use crate::report::document::ShownParts;
use crate::report::{self as output, OutputStyle, ReportDocument, Section};
use crate::scenario::nearest_name_hint;
use clap::ColorChoice;
use std::io::IsTerminal as _;

/// Exit code of a result.
pub const EXIT_DONE: u8 = 0;
/// Exit code where nothing could be judged: bad input, a missing price.
pub const EXIT_NOT_JUDGED: u8 = 2;

/// What a command leaves behind.
#[derive(Debug, Default)]
pub struct CommandOutput {
    /// The result.
    pub stdout: Vec<u8>,
    /// What to tell the user beside it.
    pub messages: Messages,
    /// Exit code.
    pub code: u8,
}

type CommandResult = Result<CommandOutput, CommandError>;

/// Runs a command.
#[must_use]
pub fn run(typed: Cli) -> CommandOutput {
    let Cli { mut command, no_cache } = typed;
    parse_cache::choose_cache(!no_cache);
    let outcome = agent_folders::fill_in_folders(&mut command).and_then(|told| {
        let mut done = run_command(command)?;
        done.messages = [told, done.messages].into_iter().collect();
        Ok(done)
    });
    outcome.unwrap_or_else(|error| CommandOutput {
        messages: error.lines().into_iter().map(Messages::of_line).collect(),
        code: EXIT_NOT_JUDGED,
        ..CommandOutput::default()
    })
}

fn run_command(command: Command) -> CommandResult {
    match command {
        Command::Report(args) => report::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        #[cfg(feature = "charts")]
        Command::Chart(args) => chart::run(&args),
        #[cfg(not(feature = "charts"))]
        Command::Chart(_) => Err(CommandError::feature("", "this build has no charts")
            .with_hint("build it with the default features, or `--features charts`")),
        Command::Inspect(args) => inspect::run(&args),
        Command::Routes(args) => routes::run(&args),
        Command::Env(args) => env::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Gate(args) => gate::run(&args),
        Command::GateStart(args) => gate_start::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Steps(args) => steps::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Fleet(command) => fleet::run(&command),
        Command::New(command) => new::run(&command),
        Command::Scenario(command) => scenario::run(&command),
        Command::List(args) => list::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema { command, format } => schema::run(&command, format),
        Command::Man { command } => man::run(&command),
        Command::Completions { shell } => Ok(completions::run(shell)),
    }
}

/// How a result is printed.
#[derive(Clone, Copy, Debug)]
struct Printing<'a> {
    format: OutputFormat,
    /// The one table that is asked for.
    table: Option<&'a str>,
    color: ColorChoice,
}

impl From<OutputFormat> for Printing<'_> {
    fn from(format: OutputFormat) -> Self {
        Self { format, table: None, color: ColorChoice::Auto }
    }
}

impl From<ColorArg> for Printing<'_> {
    fn from(asked: ColorArg) -> Self {
        Self { color: asked.color, ..OutputFormat::Table.into() }
    }
}

impl<'a, F: FormatChoice> From<(OutputFormat, &'a PrintArgs<F>)> for Printing<'a> {
    fn from((format, asked): (OutputFormat, &'a PrintArgs<F>)) -> Self {
        Self { format, table: asked.table.as_deref(), color: asked.color.color }
    }
}

/// Renders a document in a format other than JSON, or the one table of it that is asked for.
fn render_document<'a>(
    document: &ReportDocument,
    printing: impl Into<Printing<'a>>,
) -> Result<Vec<u8>, CommandError> {
    let printing = printing.into();
    let Some(name) = printing.table else { return Ok(render_whole(document, printing)) };
    let tables = document.named_tables();
    // A name in full, or a beginning that only one has.
    let whole = tables.iter().find(|(known, _)| known == name);
    let mut begun = tables.iter().filter(|(known, _)| known.starts_with(name));
    let only = begun.next().filter(|_| begun.next().is_none());
    let Some((_, view)) = whole.or(only) else {
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        let near = nearest_name_hint(name, names.iter().copied());
        return Err(CommandError::argument("--table", format!("no table '{name}'{near}"))
            .with_hint(format!("there is {}", names.join(", "))));
    };
    Ok(render_whole(&ReportDocument::from((*view).clone()), printing))
}

fn render_whole(document: &ReportDocument, printing: Printing<'_>) -> Vec<u8> {
    let id = match printing.format {
        OutputFormat::Table | OutputFormat::Json => "table",
        OutputFormat::Csv => "csv",
        OutputFormat::Markdown => "markdown",
    };
    // Every name above is one of the registry; the fallback keeps a lookup from being a panic.
    let renderer = output::find_renderer(id).unwrap_or(output::ALL[0]);
    renderer.render(document, choose_style(printing))
}

/// Whether a person reads the messages.
#[expect(clippy::disallowed_methods, reason = "the street asks the terminal how to look")]
fn tells_a_person() -> bool {
    std::io::stderr().is_terminal()
}

/// Who will see a result of this format. Nothing but a table on a terminal is one's own: all else
/// is kept, sent or printed where others read it.
fn audience_of(format: OutputFormat) -> Audience {
    if format == OutputFormat::Table && is_terminal() {
        Audience::Oneself
    } else {
        Audience::Anybody
    }
}

/// Whether a person looks at the result as it is printed.
#[expect(clippy::disallowed_methods, reason = "the street asks the terminal how to look")]
fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Renders the answer of a command that has a first screen: for people on a screen that alone, or
/// what they ask for; in Markdown all of it; in CSV the tables behind it.
fn render_answer<'a>(
    first: Section,
    details: ReportDocument,
    printing: impl Into<Printing<'a>>,
    asked: DetailArgs,
) -> Result<Vec<u8>, CommandError> {
    let printing = printing.into();
    // Tables that can be asked for are those behind the first screen.
    if printing.table.is_some() {
        return render_document(&details, printing);
    }
    let shown = match printing.format {
        OutputFormat::Table | OutputFormat::Json => ShownParts {
            first: !asked.details,
            details: asked.details,
            provenance: asked.provenance,
        },
        OutputFormat::Csv => ShownParts { first: false, details: true, provenance: false },
        OutputFormat::Markdown => ShownParts { first: true, details: true, provenance: true },
    };
    render_document(&ReportDocument::from_answer(first, details, shown), printing)
}

/// The width where nobody can say it: of a pipe or a file.
const USUAL_WIDTH: u16 = 80;

#[expect(clippy::disallowed_methods, reason = "the street asks the terminal how to look")]
fn choose_style(printing: Printing<'_>) -> OutputStyle {
    // Width and colour are for people: CSV and Markdown are the same in a pipe and on a screen.
    if printing.format != OutputFormat::Table {
        return OutputStyle::default();
    }
    let no_color = std::env::var("NO_COLOR").ok();
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let terminal = is_terminal();
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = if terminal { terminal_size::terminal_size() } else { None };
    let seen = seen.map(|(terminal_size::Width(columns), _)| columns);
    let width = told.filter(|columns| *columns > 0).or(seen).unwrap_or(USUAL_WIDTH);
    let usual = OutputStyle::for_output(terminal && !is_dumb, no_color.as_deref());
    // Who says when to use colours is not asked again.
    let colour = match printing.color {
        ColorChoice::Auto => usual.colour,
        ColorChoice::Always => true,
        ColorChoice::Never => false,
    };
    OutputStyle { width: Some(width), colour, ..usual }
}
