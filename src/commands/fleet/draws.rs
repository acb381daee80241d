//! `windtunnel fleet draws`.

use crate::cli::FleetDrawsArgs;
use crate::commands::audience::Audience;
use crate::commands::comparison_run::ComparedSets;
use crate::commands::experiment_inputs::ExperimentInputs;
use crate::commands::progress::{TRIALS, with_progress};
use crate::commands::{CommandResult, load};
use crate::study::whatif::draw_lines::write_draws;
use crate::study::whatif::experiment::Experiment;

pub fn run(args: &FleetDrawsArgs) -> CommandResult {
    // Lines are read elsewhere.
    let inputs = ExperimentInputs::from_args(&args.experiment, Audience::Anybody)?;
    let sets = ComparedSets::of_inputs(&inputs).asked;
    let last = args.first.saturating_add(args.count.unwrap_or(u32::MAX));
    let lines = inputs.with_experiment(&sets, |experiment| {
        with_progress(TRIALS, |progress| {
            write_draws(&Experiment { progress, ..experiment.clone() }, args.first..last)
        })
    })?;
    Ok(load::finish_command(lines, &inputs.loaded))
}
