//! `windtunnel fleet`: parts of an import and of a study, for an engine that spreads them.

mod draws;
#[cfg(feature = "fleet")]
mod parts;

use super::{CommandOutput, CommandResult};
use crate::cli::{FleetCommand, FleetEngine};

pub fn run(command: &FleetCommand) -> CommandResult {
    match command {
        #[cfg(feature = "fleet")]
        FleetCommand::Files(args) => parts::list_files(args),
        #[cfg(feature = "fleet")]
        FleetCommand::Keys => parts::tell_keys(),
        #[cfg(feature = "fleet")]
        FleetCommand::Plan => parts::make_plan(),
        #[cfg(feature = "fleet")]
        FleetCommand::Map(args) => parts::import_part(args),
        #[cfg(feature = "fleet")]
        FleetCommand::Merge(args) => parts::merge_parts(args),
        FleetCommand::Sets(args) => draws::find_sets(args),
        FleetCommand::Cut(args) => draws::cut(args),
        FleetCommand::Draws(args) => draws::run(args),
        FleetCommand::Driver { engine } => Ok(print_driver(*engine)),
    }
}

/// The drivers come with the program and call it, so that they are of one version.
fn print_driver(engine: FleetEngine) -> CommandOutput {
    let text = match engine {
        FleetEngine::Spark => include_str!("fleet/spark_driver.py"),
        FleetEngine::Ray => include_str!("fleet/ray_driver.py"),
    };
    CommandOutput { stdout: text.into(), ..CommandOutput::default() }
}
