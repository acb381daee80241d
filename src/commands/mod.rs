//! The street: one file a command. A command turns arguments into bytes; `main` writes them.

mod asked;
mod audit;
mod backtest;
#[cfg(feature = "charts")]
mod chart;
mod compare;
mod completions;
mod env;
mod explain;
mod export;
mod gate;
mod import;
mod inspect;
mod list;
mod load;
mod observed;
mod pictures;
mod report;
mod routes;
mod scenario;
mod steps;
mod studied;
mod sweep;

use crate::cli::{Command, Format};
use crate::report::{self as output, Document, Style};
use std::io::IsTerminal as _;

/// Exit code of a result.
pub const DONE: u8 = 0;
/// Exit code where nothing could be judged: bad input, a missing price.
pub const NOT_JUDGED: u8 = 2;

/// What a command leaves behind.
#[derive(Debug, Default)]
pub struct Done {
    /// The result.
    pub stdout: Vec<u8>,
    /// What to tell the user beside it.
    pub talk: String,
    /// Exit code.
    pub code: u8,
}

/// One line that says what, where and what to do.
#[derive(Debug)]
pub struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl Failure {
    fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

type Outcome = Result<Done, Failure>;

/// Runs a command.
#[must_use]
pub fn run(command: Command) -> Done {
    let outcome = match command {
        Command::Report(args) => report::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        #[cfg(feature = "charts")]
        Command::Chart(args) => chart::run(&args),
        #[cfg(not(feature = "charts"))]
        Command::Chart(_) => Err(Failure::new(
            "this build has no charts: build it with the default features, or `--features charts`",
        )),
        Command::Inspect(args) => inspect::run(&args),
        Command::Routes(args) => routes::run(&args),
        Command::Env(args) => env::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Gate(args) => gate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Steps(args) => steps::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Scenario(command) => scenario::run(&command),
        Command::List(args) => list::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Completions { shell } => Ok(completions::run(shell)),
    };
    outcome.unwrap_or_else(|Failure(line)| Done {
        talk: format!("windtunnel: {}\n", line.trim_end()),
        code: NOT_JUDGED,
        ..Done::default()
    })
}

/// Renders a document in a format other than JSON.
fn render(document: &Document, format: Format) -> Vec<u8> {
    let id = match format {
        Format::Table | Format::Json => "table",
        Format::Csv => "csv",
        Format::Markdown => "markdown",
    };
    let renderer = output::find(id).unwrap_or(output::ALL[0]);
    renderer.render(document, style(format))
}

/// Whether a person looks at the result as it is printed.
#[expect(clippy::disallowed_methods, reason = "the street asks the terminal how to look")]
fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

#[expect(clippy::disallowed_methods, reason = "the street asks the terminal how to look")]
fn style(format: Format) -> Style {
    let no_color = std::env::var("NO_COLOR").ok();
    let terminal = format == Format::Table && is_terminal();
    let width = if terminal { terminal_size::terminal_size() } else { None };
    let width = width.map(|(terminal_size::Width(columns), _)| columns);
    Style { width, ..Style::choose(terminal, no_color.as_deref()) }
}
