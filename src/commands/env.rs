//! `windtunnel env`.

use super::session_selection::{select_sessions, selection_from_args};
use super::{Audience, CommandError, CommandOutput, CommandResult, LoadOptions, load};
use crate::cli::EnvArgs;
use crate::report::show::env as show;
use crate::scenario::{self, Scenario};
use crate::store::OutputFiles;
use crate::study::inspect::summary::{self, ToggleFinding};

pub fn run(args: &EnvArgs) -> CommandResult {
    let scenario = if args.with.is_empty() {
        Scenario::all_toggles()
    } else {
        Scenario::with_toggles(&scenario::toggles_by_id(args.with.iter().map(String::as_str))?)
    };
    // Most toggles are changes of code: only those that a setting switches on belong into an
    // environment.
    let mut chosen = scenario.toggles.clone();
    chosen.retain(|one| !one.toggle.env_settings().is_empty());
    if chosen.is_empty() {
        let known = Scenario::all_toggles().toggles;
        let known = known.iter().filter(|one| !one.toggle.env_settings().is_empty());
        let known: Vec<&str> = known.map(scenario::ChosenToggle::id).collect();
        return Err(CommandError::argument(
            format!("--with {}", args.with.join(",")),
            format!(
                "no setting of the environment switches that on; {} have one",
                known.join(", ")
            ),
        ));
    }
    let selection = selection_from_args(&args.selection)?;
    let mut done = CommandOutput::default();
    let found: Option<(String, Vec<ToggleFinding>)> = match &args.recording {
        // Without a recording the file holds the settings, and nothing of what they save.
        None if !selection.selects_everything() => {
            return Err(CommandError::argument(
                "",
                "sessions are selected, and no recording is named",
            )
            .with_hint("name one, and its figures stand beside the settings"));
        }
        None => None,
        Some(recording) => {
            let lens = load::choose_lens(&args.premises, &scenario);
            let pricing = super::pricing::load_pricing(
                &args.premises,
                &scenario,
                std::slice::from_ref(recording),
            )?;
            let loaded = load::load_recording(
                recording,
                LoadOptions { lens, strict: false, audience: Audience::Anybody },
            )?;
            let loaded = select_sessions(loaded, &selection)?;
            done.messages = loaded.stderr_messages();
            let found = summary::find_toggles(loaded.recording(), &chosen, &pricing)?;
            Some((loaded.source.into_recording().name, found))
        }
    };
    let toggles: Vec<_> = chosen.iter().map(|one| one.toggle).collect();
    let replayed = found.as_ref().map(|(name, found)| (name.as_str(), found.as_slice()));
    let bytes = show::environment_file(&toggles, replayed);
    match &args.out {
        None => done.stdout = bytes,
        Some(path) => {
            OutputFiles::beside_inputs(&args.recording, args.overwrite.force)
                .write_file(path, &bytes)?;
            done.messages.add(format!("wrote {}", path.display()));
        }
    }
    Ok(done)
}
