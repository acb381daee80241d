//! `windtunnel fleet sets`, `cut` and `draws`: a study in parts.

use crate::cli::{FleetCutArgs, FleetDrawsArgs, FleetSetsArgs};
use crate::commands::audience::Audience;
use crate::commands::comparison_run::ComparedSets;
use crate::commands::error::AtPlace as _;
use crate::commands::experiment_inputs::ExperimentInputs;
use crate::commands::progress::{TRIALS, with_progress};
use crate::commands::{CommandError, CommandResult, Messages, load};
use crate::recording::{RecordingCut, format};
use crate::report::foreign_text::clean_line;
use crate::store::{self, OutputFiles};
use crate::study::whatif::draw_lines::write_draws;
use crate::study::whatif::experiment::Experiment;
use crate::study::whatif::experiment_parts::{cut_experiment, reason_against_cut};
use crate::study::whatif::quoted_sets::QuotedSets;
use std::path::Path;

/// Calls of a part, where nobody says how many parts there are: small beside what a worker has, and
/// each takes a replay of its own before its first draw.
const CALLS_OF_A_PART: usize = 100_000;

/// What the draws of a comparison need to know of the whole.
pub fn find_sets(args: &FleetSetsArgs) -> CommandResult {
    let inputs = ExperimentInputs::from_args(&args.experiment, Audience::Anybody)?;
    let sets = ComparedSets::of_inputs(&inputs).asked;
    let calls = inputs.loaded.recording().calls.len();
    let most = args.parts.unwrap_or_else(|| calls.div_ceil(CALLS_OF_A_PART));
    let (told, reason) = inputs.with_experiment(&sets, |experiment| {
        let told = QuotedSets::of_experiment(experiment, &cut_experiment(experiment, most))?;
        Ok::<_, CommandError>((told, reason_against_cut(experiment)))
    })?;
    let mut output = load::finish_command(told.to_json(), &inputs.loaded);
    if told.part_count() < most {
        let reason = reason.unwrap_or_else(|| "no more groups of sessions stand alone".to_owned());
        let count = told.part_count();
        output.messages.extend([Messages::of_line(format!("{count} of {most} parts: {reason}"))]);
    }
    Ok(output)
}

/// The parts of a recording.
pub fn cut(args: &FleetCutArgs) -> CommandResult {
    let inputs = ExperimentInputs::from_args(&args.experiment, Audience::Anybody)?;
    if inputs.loaded.source.is_published() {
        let problem = "published totals are not cut: `fleet draws` takes them as they are";
        return Err(CommandError::content(&inputs.loaded.recording().name, problem));
    }
    let told = read_sets(&args.sets)?;
    let cut = inputs.with_experiment(&[], |one| cut_experiment(one, told.part_count()));
    told.check_cut(&cut).at(args.sets.display())?;
    let recording = inputs.loaded.recording();
    let part = |at| {
        let bytes = format::to_columns(&cut.part(recording, at));
        (format!("part-{:05}.{}", at + 1, load::COLUMNS_ENDING), bytes)
    };
    let files: Vec<(String, Vec<u8>)> = (0..told.part_count()).map(part).collect();
    let inputs_of = args.experiment.input_files().chain([&*args.sets]);
    OutputFiles::beside_inputs(inputs_of, args.overwrite.force).write_set(&args.out, &files)?;
    let wrote = clean_line(&format!("{}: {} parts", args.out.display(), files.len()));
    Ok(load::finish_command(wrote, &inputs.loaded))
}

/// Some draws of a comparison.
pub fn run(args: &FleetDrawsArgs) -> CommandResult {
    let told = args.sets.as_deref().map(read_sets).transpose()?;
    // Lines are read elsewhere.
    let mut inputs =
        ExperimentInputs::from_args_or_part(&args.experiment, Audience::Anybody, |recording| {
            told.as_ref().is_some_and(|told| told.has_part(recording))
        })?;
    let sets = match &told {
        Some(told) => {
            // A part by itself would be drawn more often.
            inputs.scenario.draws.get_or_insert(told.draws);
            told.sets.clone()
        }
        None => ComparedSets::of_inputs(&inputs).asked,
    };
    let last = args.first.saturating_add(args.count.unwrap_or(u32::MAX));
    let lines = inputs.with_experiment(&sets, |experiment| {
        let found = || {
            let whole = RecordingCut::whole(experiment.base_recording());
            QuotedSets::of_experiment(experiment, &whole)
        };
        let place = args.sets.as_deref().unwrap_or(Path::new("")).display();
        let told = told.map_or_else(found, Ok)?;
        let part = told.find_part(experiment).at(place)?;
        with_progress(TRIALS, |progress| {
            let experiment = Experiment { progress, ..experiment.clone() };
            Ok::<_, CommandError>(write_draws(&experiment, (&told, &part), args.first..last)?)
        })
    })?;
    Ok(load::finish_command(lines, &inputs.loaded))
}

fn read_sets(path: &Path) -> Result<QuotedSets, CommandError> {
    QuotedSets::from_json(&store::read_file(path)?).at(path.display())
}
