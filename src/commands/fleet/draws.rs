//! `windtunnel fleet sets` and `draws`: a study in parts.

use crate::cli::{ExperimentArgs, FleetDrawsArgs};
use crate::commands::audience::Audience;
use crate::commands::comparison_run::ComparedSets;
use crate::commands::error::AtPlace as _;
use crate::commands::experiment_inputs::ExperimentInputs;
use crate::commands::progress::{TRIALS, with_progress};
use crate::commands::{CommandError, CommandResult, load};
use crate::store;
use crate::study::whatif::draw_lines::{QuotedSets, write_draws};
use crate::study::whatif::experiment::Experiment;
use std::path::Path;

/// The sets that a comparison quotes.
pub fn find_sets(args: &ExperimentArgs) -> CommandResult {
    let inputs = ExperimentInputs::from_args(args, Audience::Anybody)?;
    let sets = ComparedSets::of_inputs(&inputs).asked;
    let told = inputs.with_experiment(&sets, QuotedSets::to_json);
    Ok(load::finish_command(told, &inputs.loaded))
}

/// Some draws of a comparison.
pub fn run(args: &FleetDrawsArgs) -> CommandResult {
    // Lines are read elsewhere.
    let inputs = ExperimentInputs::from_args(&args.experiment, Audience::Anybody)?;
    let told = args.sets.as_deref().map(read_sets).transpose()?;
    let sets = match &told {
        Some((_, told)) => told.sets.clone(),
        None => ComparedSets::of_inputs(&inputs).asked,
    };
    let last = args.first.saturating_add(args.count.unwrap_or(u32::MAX));
    let lines = inputs.with_experiment(&sets, |experiment| {
        if let Some((path, told)) = &told {
            told.check(experiment).at(path.display())?;
        }
        with_progress(TRIALS, |progress| {
            let experiment = Experiment { progress, ..experiment.clone() };
            Ok::<_, CommandError>(write_draws(&experiment, args.first..last)?)
        })
    })?;
    Ok(load::finish_command(lines, &inputs.loaded))
}

fn read_sets(path: &Path) -> Result<(&Path, QuotedSets), CommandError> {
    let bytes = store::read_file(path)?;
    Ok((path, QuotedSets::from_json(&bytes).at(path.display())?))
}
