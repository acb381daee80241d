//! `windtunnel env`.

use super::{Done, Failure, Outcome, load};
use crate::cli::EnvArgs;
use crate::report::show::env as show;
use crate::scenario::{self, Scenario};
use crate::store;
use crate::study::summary::{self, Found};
use std::fmt::Write as _;

pub fn run(args: &EnvArgs) -> Outcome {
    let scenario = if args.with.is_empty() {
        Scenario::all_toggles()
    } else {
        Scenario::with(&scenario::toggles_of(args.with.iter().map(String::as_str))?)
    };
    let mut chosen = scenario.toggles.clone();
    chosen.retain(|one| !one.toggle.settings().is_empty());
    if chosen.is_empty() {
        let known = Scenario::all_toggles().toggles;
        let known = known.iter().filter(|one| !one.toggle.settings().is_empty());
        let known: Vec<&str> = known.map(scenario::Chosen::id).collect();
        return Err(Failure::new(format!(
            "--with {}: no setting of the environment switches that on; {} have one",
            args.with.join(","),
            known.join(", ")
        )));
    }
    let mut done = Done::default();
    let found: Option<(String, Vec<Found>)> = match &args.recording {
        None => None,
        Some(recording) => {
            let lens = load::lens(&args.premises, &scenario);
            let pricing = load::pricing(&args.premises, &scenario)?;
            let loaded = load::one(recording, lens, false)?;
            done.talk = loaded.talk();
            let found = summary::found_in(&loaded.recording, &chosen, &pricing)?;
            Some((loaded.recording.name, found))
        }
    };
    let toggles: Vec<_> = chosen.iter().map(|one| one.toggle).collect();
    let replayed = found.as_ref().map(|(name, found)| (name.as_str(), found.as_slice()));
    let bytes = show::file(&toggles, replayed);
    match &args.output {
        None => done.stdout = bytes,
        Some(path) => {
            store::save(path, &bytes)?;
            let _ = writeln!(done.talk, "windtunnel: wrote {}", path.display());
        }
    }
    Ok(done)
}
