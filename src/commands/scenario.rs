//! `windtunnel scenario`.

use super::asked::select;
use super::{Done, Failure, NOT_JUDGED, Outcome, load, render};
use crate::cli::{CheckArgs, Format, NewArgs, Premises, ScenarioCommand};
use crate::report::show::scenario::{self as show, Checked};
use crate::scenario::{self, Chosen, Left, Scenario};
use crate::store;
use std::fmt::Write as _;
use std::path::Path;

pub fn run(command: &ScenarioCommand) -> Outcome {
    match command {
        ScenarioCommand::New(args) => new(args),
        ScenarioCommand::Check(args) => Ok(check(args)),
        ScenarioCommand::Schema => Ok(Done { stdout: scenario::schema(), ..Done::default() }),
    }
}

fn new(args: &NewArgs) -> Outcome {
    let (mut scenario, left, talk) = proposed(args)?;
    let Some(path) = &args.output else {
        let stdout = scenario::write(&scenario, &left).into_bytes();
        return Ok(Done { stdout, talk, ..Done::default() });
    };
    if store::exists(path) && !args.force {
        let line = format!("{}: there is such a file; --force overwrites it", path.display());
        return Err(Failure::new(line));
    }
    if !load::is_built_in(&scenario.recording) {
        let folder = path.parent().unwrap_or(Path::new(""));
        scenario.recording = store::seen_from(folder, Path::new(&scenario.recording));
    }
    store::save(path, scenario::write(&scenario, &left).as_bytes())?;
    let path = path.display();
    let toggles = scenario.toggles.len();
    let stdout = format!("{path}: {toggles} toggles; next: windtunnel compare --scenario {path}\n");
    Ok(Done { stdout: stdout.into_bytes(), talk, ..Done::default() })
}

/// The scenario to start from: the built-in one, or every toggle that finds something; which were
/// left out; and what to tell about the recording.
fn proposed(args: &NewArgs) -> Result<(Scenario, Left, String), Failure> {
    let mut scenario = load::scenario(&args.recording, None, &[])?;
    let has_own = !scenario.recording.is_empty();
    let loaded = load::one(&args.recording, scenario.lens, false)?;
    let recording = &loaded.recording;
    let mut left = Left::default();
    if !args.with.is_empty() {
        let wanted = scenario::toggles_of(args.with.iter().map(String::as_str))?;
        let own = |id: &str| scenario.toggles.iter().find(|chosen| chosen.id() == id).cloned();
        let chosen = wanted.iter().map(|one| own(one.card().id).unwrap_or(Chosen::of(*one)));
        scenario.toggles = chosen.collect();
    } else if !has_own {
        scenario.toggles.retain(|chosen| {
            let patch = chosen.toggle.patch(recording, &chosen.params);
            let finds = patch.found > 0 || !patch.is_empty();
            // One that could do more with names says so.
            let asks = !chosen.toggle.card().texts.is_empty() && !patch.notes.is_empty();
            match (finds, asks) {
                (true, _) => {}
                (false, false) => left.found_nothing.push(chosen.id()),
                (false, true) => left.need_names.push(chosen.id()),
            }
            finds
        });
    }
    scenario.name.clone_from(&recording.name);
    scenario.recording.clone_from(&args.recording);
    Ok((scenario, left, loaded.talk()))
}

fn check(args: &CheckArgs) -> Done {
    let mut done = Done::default();
    let mut files = Vec::new();
    for file in &args.files {
        let checked = examine(file).map_err(|Failure(line)| {
            if line.starts_with(file) { line } else { format!("{file}: {line}") }
        });
        if let Err(line) = &checked {
            let _ = writeln!(done.talk, "windtunnel: {}", line.trim_end());
            done.code = NOT_JUDGED;
        }
        files.push((file.clone(), checked));
    }
    done.stdout = match args.format {
        Format::Json => show::json(&files),
        _ if files.iter().all(|(_, checked)| checked.is_err()) => Vec::new(),
        other => render(&show::document(&files), other),
    };
    done
}

/// Everything that can be wrong with a scenario. Its recording is read only where the scenario
/// speaks of what is in it.
fn examine(file: &str) -> Result<Checked, Failure> {
    let scenario = load::scenario("", Some(file), &[])?;
    let pricing = load::pricing(&Premises::default(), &scenario)?;
    let name = &scenario.recording;
    if !name.is_empty() && !load::is_built_in(name) && !store::exists(Path::new(name)) {
        let line = format!("'recording' is {name}: no built-in name, and there is no such file");
        return Err(Failure::new(line));
    }
    let speaks_of_it = !scenario.select.is_everything() || !scenario.models.is_empty();
    if speaks_of_it && !name.is_empty() {
        select(load::one(name, scenario.lens, false)?, &scenario, &pricing)?;
    }
    Ok(Checked::of(&scenario, &pricing))
}
