//! `windtunnel completions`.

use super::CommandOutput;
use super::load_scenario::BUILTIN_SCENARIOS;
use crate::cli::Cli;
use crate::intervene;
use crate::reconstruct;
use crate::report::show::COMMANDS_WITH_SCHEMA;
use crate::study::inspect::group_key::GroupKey;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;

pub fn run(shell: Shell) -> CommandOutput {
    let mut stdout = Vec::new();
    let mut command = Cli::command().mut_subcommands(|sub| with_known_names(sub, shell));
    clap_complete::generate(shell, &mut command, "windtunnel", &mut stdout);
    CommandOutput { stdout, ..CommandOutput::default() }
}

/// The arguments of a command with the names that they may have. A parser takes more than these,
/// and says which name is near, so that they stand here and not where arguments are declared.
fn with_known_names(command: Command, shell: Shell) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| match known_names(&name, &arg, shell) {
        names if names.is_empty() => arg,
        names => arg.value_parser(PossibleValuesParser::new(names)),
    })
}

fn possible_values(names: &[&'static str]) -> Vec<PossibleValue> {
    names.iter().copied().map(PossibleValue::new).collect()
}

fn known_names(command: &str, arg: &Arg, shell: Shell) -> Vec<PossibleValue> {
    let cards = intervene::ALL.iter().map(|one| one.card());
    let toggles = cards.map(|card| PossibleValue::new(card.id).help(card.title));
    // Where a file may stand as well: only this shell still offers files where no name fits.
    let takes_files = shell == Shell::Bash;
    match (command, arg.get_id().as_str()) {
        (_, "with") => toggles.collect(),
        ("explain", "topic") => {
            let topics = ["prices", "tables"].into_iter().map(PossibleValue::new);
            topics.chain(toggles).collect()
        }
        ("chart", "kind") => chart_kinds(),
        ("inspect", "by") => possible_values(&GroupKey::NAMED.map(|(_, name)| name)),
        ("schema", "command") => possible_values(&COMMANDS_WITH_SCHEMA.map(|(name, _)| name)),
        (_, "scenario") if takes_files => possible_values(&BUILTIN_SCENARIOS.map(|(name, _)| name)),
        (_, "recordings" | "recording" | "candidate" | "baseline") if takes_files => {
            reconstruct::builtin_names().map(PossibleValue::new).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(feature = "charts")]
fn chart_kinds() -> Vec<PossibleValue> {
    let kinds = crate::report::show::charts::ALL.iter();
    kinds.map(|kind| PossibleValue::new(kind.id)).collect()
}

#[cfg(not(feature = "charts"))]
fn chart_kinds() -> Vec<PossibleValue> {
    Vec::new()
}
