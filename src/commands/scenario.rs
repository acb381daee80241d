//! `windtunnel scenario`.

use super::experiment_inputs::apply_selection;
use super::load_scenario::load_scenario;
use super::{
    AtPlace, Audience, CommandError, CommandOutput, CommandResult, EXIT_NOT_JUDGED, LoadOptions,
    Messages, load, render_document,
};
use crate::cli::{OutputFormat, PremiseArgs, ScenarioCheckArgs, ScenarioCommand, ScenarioNewArgs};
use crate::report::foreign_text::clean_line;
use crate::report::show::scenario::{self as show, ScenarioSummary};
use crate::scenario::{self, LeftOutToggles, Scenario};
use crate::store::{self, OutputFiles};
use std::path::Path;

pub fn run(command: &ScenarioCommand) -> CommandResult {
    match command {
        ScenarioCommand::New(args) => write_new_scenario(args),
        ScenarioCommand::Check(args) => check_scenarios(args),
        ScenarioCommand::Schema => {
            Ok(CommandOutput { stdout: scenario::schema_json(), ..CommandOutput::default() })
        }
    }
}

fn write_new_scenario(args: &ScenarioNewArgs) -> CommandResult {
    let (mut scenario, left, messages) = propose_scenario(args)?;
    let Some(path) = &args.out else {
        let stdout = scenario::write_scenario(&scenario, &left).into_bytes();
        return Ok(CommandOutput { stdout, messages, ..CommandOutput::default() });
    };
    if store::path_exists(path) && !args.force {
        let problem = "there is such a file; --force overwrites it";
        return Err(CommandError::argument(path.display(), problem));
    }
    // The file names its recording from its own folder, wherever the command was typed.
    if !load::is_built_in(&scenario.recording) {
        let folder = path.parent().unwrap_or(Path::new(""));
        scenario.recording = store::path_from_folder(folder, Path::new(&scenario.recording));
    }
    let outputs = OutputFiles::beside_inputs([&args.recording], args.force);
    outputs.write_file(path, scenario::write_scenario(&scenario, &left).as_bytes())?;
    let path = path.display();
    let toggles = scenario.toggles.len();
    let next = format!("{path}: {toggles} toggles; next: windtunnel compare --scenario {path}");
    Ok(CommandOutput { stdout: clean_line(&next), messages, ..CommandOutput::default() })
}

/// The scenario to start from: the built-in one, or every toggle that finds something; which were
/// left out; and what to tell about the recording.
fn propose_scenario(
    args: &ScenarioNewArgs,
) -> Result<(Scenario, LeftOutToggles, Messages), CommandError> {
    let mut scenario = load_scenario(&args.recording, None, &[])?;
    // Only a built-in scenario names its recording.
    let has_own = !scenario.recording.is_empty();
    let loaded = load::load_recording(&args.recording, lenient(&scenario))?.for_audience();
    let recording = loaded.recording();
    let mut left = LeftOutToggles::default();
    if !args.with.is_empty() {
        scenario.replace_toggles(&scenario::toggles_by_id(args.with.iter().map(String::as_str))?);
    } else if !has_own {
        scenario.toggles.retain(|chosen| {
            let patch = chosen.toggle.build_patch(recording, &chosen.params);
            let finds = patch.found_places > 0 || !patch.is_empty();
            // One that could do more with names says so.
            let asks = !chosen.toggle.card().name_lists.is_empty() && !patch.notes.is_empty();
            match (finds, asks) {
                (true, _) => {}
                (false, false) => left.found_nothing.push(chosen.id()),
                (false, true) => left.need_names.push(chosen.id()),
            }
            finds
        });
    }
    // A built-in scenario keeps its settings but speaks of what the user named.
    scenario.name.clone_from(&recording.name);
    scenario.recording.clone_from(&args.recording);
    Ok((scenario, left, loaded.stderr_messages()))
}

fn check_scenarios(args: &ScenarioCheckArgs) -> CommandResult {
    let mut done = CommandOutput::default();
    let mut files = Vec::new();
    // One file with an error keeps no other from being checked.
    for file in &args.files {
        let checked = examine_file(file).map_err(|error| error.to_string());
        if let Err(line) = &checked {
            done.messages.add(line);
            done.code = EXIT_NOT_JUDGED;
        }
        files.push((file.clone(), checked));
    }
    done.stdout = match args.print.format {
        OutputFormat::Json => show::check_json(&files),
        // With nothing to show an empty table would only hide the messages.
        _ if files.iter().all(|(_, checked)| checked.is_err()) => Vec::new(),
        other => render_document(&show::check_document(&files), (other, &args.print))?,
    };
    Ok(done)
}

/// A scenario file is kept and sent, like everything else that is written.
fn lenient(scenario: &Scenario) -> LoadOptions {
    LoadOptions { lens: scenario.lens, strict: false, audience: Audience::Anybody }
}

/// Everything that can be wrong with a scenario. Its recording is read only where the scenario
/// speaks of what is in it.
fn examine_file(file: &str) -> Result<ScenarioSummary, CommandError> {
    let scenario = load_scenario("", Some(file), &[])?;
    examine_scenario(&scenario).at(file)
}

fn examine_scenario(scenario: &Scenario) -> Result<ScenarioSummary, CommandError> {
    let pricing = super::pricing::load_pricing(&PremiseArgs::default(), scenario, &[])?;
    let name = &scenario.recording;
    if !name.is_empty() && !load::is_built_in(name) && !store::path_exists(Path::new(name)) {
        let problem = "no built-in name, and there is no such file";
        return Err(CommandError::content(format!("'recording' is {name}"), problem));
    }
    let speaks_of_it = !scenario.select.selects_everything() || !scenario.models.is_empty();
    // Whether a selection leaves anything is known only on the recording.
    if speaks_of_it && !name.is_empty() {
        apply_selection(load::load_recording(name, lenient(scenario))?, scenario, &pricing)?;
    }
    Ok(ScenarioSummary::from_scenario(scenario, &pricing))
}
