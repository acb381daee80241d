//! `windtunnel fleet`: parts of an import and of a study, for an engine that spreads them.

#[cfg(feature = "fleet")]
pub(super) mod arrow_rows;
#[cfg(feature = "fleet")]
mod parts;

use super::CommandResult;
use crate::cli::FleetCommand;

#[cfg(feature = "fleet")]
pub fn run(command: &FleetCommand) -> CommandResult {
    match command {
        FleetCommand::Files(args) => parts::list_files(args),
        FleetCommand::Keys => parts::tell_keys(),
        FleetCommand::Plan => parts::make_plan(),
        FleetCommand::Map(args) => parts::import_part(args),
        FleetCommand::Merge(args) => parts::merge_parts(args),
    }
}

#[cfg(not(feature = "fleet"))]
pub fn run(_: &FleetCommand) -> CommandResult {
    Err(super::CommandError::feature("", "this build reads and writes no Arrow streams")
        .with_hint("build it with the default features, or `--features fleet`"))
}
