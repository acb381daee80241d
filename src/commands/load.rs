//! From an argument to a recording: a built-in name, a recording file, or transcripts.

use super::{CommandError, CommandOutput, observations};
use crate::cli::{LensArg, PremiseArgs};
use crate::import::{self, ImportError, ImportOptions, ImportResult, ImportSkip};
use crate::price::{PriceBook, Pricing};
use crate::reconstruct::routes::{self, RouteReconstruction};
use crate::reconstruct::{self, Lens, Reconstruction, ReportedPipeline, ReportedRoutes};
use crate::recording::{Recording, format};
use crate::scenario::{self, ChosenToggle, Scenario};
use crate::seed::Seed;
use crate::store;
use crate::study::backtest::Observations;
use crate::study::inspect::turn_limiter::{self, LoadComparison};
use crate::study::whatif::compare::{Comparison, subset_of_first};
use crate::study::whatif::experiment::{Experiment, ExperimentSource};
use crate::study::whatif::published_claims::{
    PublishedClaim, claims_of_pipeline, claims_of_routes,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The built-in scenarios, by the recording that they are about.
pub const BUILTIN_SCENARIOS: [(&str, &str); 3] = [
    ("order-774", include_str!("../../scenarios/order-774.toml")),
    ("cockpit-2026-02", include_str!("../../scenarios/cockpit-2026-02.toml")),
    ("economics-2026-06", include_str!("../../scenarios/economics-2026-06.toml")),
];

/// A recording and where it came from.
pub struct LoadedRecording {
    /// The recording.
    pub recording: Recording,
    /// For a reported pipeline: what was published.
    pub reported: Option<ReportedPipeline>,
    /// For a reported pipeline: how it was fitted.
    pub fit: Option<Reconstruction>,
    /// For reported routes: what was published, and the calls at the modes of its unknowns.
    pub routes: Option<(ReportedRoutes, RouteReconstruction)>,
    /// What the importer passed over.
    pub skips: Vec<ImportSkip>,
    /// How much it passed over altogether.
    pub skipped_count: u64,
    /// Copies of calls and of statements that were counted once.
    pub copies: u64,
    /// Costs that the source names, in dollars.
    pub billed_usd: Option<f64>,
    /// What a reader should know of the sources, a sentence each.
    pub notes: Vec<String>,
    /// What was seen after rollouts of its toggles.
    pub observations: Option<Observations>,
    /// How much of it a scenario selected; empty for all.
    pub selection_note: String,
}

impl LoadedRecording {
    /// A recording of which nothing was passed over and nothing published.
    fn from_recording(recording: Recording) -> Self {
        Self {
            recording,
            reported: None,
            fit: None,
            routes: None,
            skips: Vec::new(),
            skipped_count: 0,
            copies: 0,
            billed_usd: None,
            notes: Vec::new(),
            observations: None,
            selection_note: String::new(),
        }
    }

    /// A part of it. What was published or billed speaks of the whole, so that a part is a plain
    /// recording.
    pub fn into_part(self, part: Recording) -> Self {
        let (all, some) = (self.recording.sessions.len(), part.sessions.len());
        if some == all {
            return self;
        }
        let published = match (&self.reported, &self.routes) {
            (Some(_), _) | (_, Some(_)) => {
                "; published claims speak of all of them and are not judged"
            }
            (None, None) => "",
        };
        let selected = format!("windtunnel: {some} of {all} sessions selected{published}\n");
        let name = format!("{}.part", part.name);
        let recording = Recording { name, ..part };
        let (reported, fit, routes, observed) = (None, None, None, None);
        Self {
            recording,
            reported,
            fit,
            routes,
            observations: observed,
            billed_usd: None,
            selection_note: selected,
            ..self
        }
    }

    /// One line each for standard error about what was selected and what was skipped, or nothing.
    pub fn stderr_messages(&self) -> String {
        let mut talk = self.selection_note.clone();
        for note in &self.notes {
            let _ = writeln!(talk, "windtunnel: {note}");
        }
        if let Some(first) = self.skips.first() {
            let _ = writeln!(
                talk,
                "windtunnel: {} skipped, first: {first} (all of them: --format json)",
                self.skipped_count
            );
        }
        talk
    }
}

/// Loads one argument.
pub fn load_recording(
    argument: &str,
    lens: Lens,
    strict: bool,
) -> Result<LoadedRecording, CommandError> {
    if let Some(reported) = reconstruct::builtin_pipeline(argument) {
        let observed = observations::builtin_observations(argument)?;
        return Ok(LoadedRecording {
            observations: observed,
            ..reconstruct_pipeline(reported, lens)?
        });
    }
    if let Some(routes) = reconstruct::builtin_routes(argument) {
        return reconstruct_routes(routes);
    }
    if is_recording(argument) {
        return load_recording_file(argument, lens);
    }
    import_transcripts(&[argument.to_owned()], None, strict)
}

/// Loads several arguments of any kind, in any mix, as one recording: transcripts are imported
/// together, and a session that is in two recordings counts once. Where there are several, `each`
/// sees every argument as it is on its own, one at a time.
pub fn load_merged_recording(
    arguments: &[String],
    lens: Lens,
    strict: bool,
    each: Option<&mut dyn FnMut(&Recording)>,
) -> Result<LoadedRecording, CommandError> {
    // A repetition says nothing new.
    let arguments: Vec<&String> = arguments.iter().collect::<BTreeSet<_>>().into_iter().collect();
    if let [only] = arguments[..] {
        return load_recording(only, lens, strict);
    }
    let (files, folders): (Vec<&String>, Vec<&String>) =
        arguments.into_iter().partition(|argument| is_recording(argument));
    let parts = files
        .iter()
        .map(|argument| Ok(load_recording(argument, lens, strict)?.recording))
        .collect::<Result<Vec<_>, CommandError>>()?;
    let imported = import_folders(&folders, strict)?;
    if let Some(each) = each {
        parts.iter().for_each(&mut *each);
        match &imported {
            Some(only) if folders.len() == 1 => each(&only.recording),
            _ => {
                // What is wrong with one of them was said when they were read together.
                let alone =
                    |path: &&String| import_transcripts(&[(*path).clone()], None, false).ok();
                folders.iter().filter_map(alone).for_each(|loaded| each(&loaded.recording));
            }
        }
    }
    unite_with_imported(parts, imported)
}

/// Whether an argument is a recording already: a built-in name or a recording file.
fn is_recording(argument: &str) -> bool {
    let path = Path::new(argument);
    is_built_in(argument)
        || path.extension().is_some_and(|ending| ending == "json") && store::is_file(path)
}

fn import_folders(
    folders: &[&String],
    strict: bool,
) -> Result<Option<LoadedRecording>, CommandError> {
    let folders: Vec<String> = folders.iter().map(|folder| (*folder).clone()).collect();
    if folders.is_empty() { Ok(None) } else { import_transcripts(&folders, None, strict).map(Some) }
}

/// Recordings and what was imported, as one.
fn unite_with_imported(
    parts: Vec<Recording>,
    imported: Option<LoadedRecording>,
) -> Result<LoadedRecording, CommandError> {
    let Some(imported) = imported else {
        return Ok(LoadedRecording::from_recording(unite_recordings(
            &parts.iter().collect::<Vec<_>>(),
        )?));
    };
    if parts.is_empty() {
        return Ok(imported);
    }
    let all: Vec<&Recording> = parts.iter().chain([&imported.recording]).collect();
    let recording = unite_recordings(&all)?;
    Ok(LoadedRecording { recording, ..imported })
}

/// The order of arguments changes nothing: recordings are put together in the order of their names.
fn unite_recordings(parts: &[&Recording]) -> Result<Recording, CommandError> {
    let mut parts = parts.to_vec();
    parts.sort_by_cached_key(|part| (part.name.clone(), part.recording_digest()));
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.dedup();
    Ok(Recording::merge_recordings(&names.join("+"), &parts)?.recording)
}

fn reconstruct_pipeline(
    reported: ReportedPipeline,
    lens: Lens,
) -> Result<LoadedRecording, CommandError> {
    let fit = reconstruct::reconstruct(&reported, lens)?;
    let recording = fit.recording.clone();
    Ok(LoadedRecording {
        reported: Some(reported),
        fit: Some(fit),
        ..LoadedRecording::from_recording(recording)
    })
}

fn reconstruct_routes(routes: ReportedRoutes) -> Result<LoadedRecording, CommandError> {
    let laid = routes::reconstruct_routes(&routes, &routes.modes_of_unknowns())?;
    let recording = laid.recording.clone();
    Ok(LoadedRecording {
        routes: Some((routes, laid)),
        ..LoadedRecording::from_recording(recording)
    })
}

fn load_recording_file(argument: &str, lens: Lens) -> Result<LoadedRecording, CommandError> {
    let bytes = store::read_file(Path::new(argument))?;
    let schema = format::read_schema(&bytes).unwrap_or_default();
    if schema == reconstruct::reported::SCHEMA {
        return reconstruct_pipeline(
            ReportedPipeline::parse_json(argument, &String::from_utf8_lossy(&bytes))?,
            lens,
        );
    }
    if schema == routes::SCHEMA {
        return reconstruct_routes(ReportedRoutes::parse_json(
            argument,
            &String::from_utf8_lossy(&bytes),
        )?);
    }
    let recording = format::from_json(&bytes)
        .map_err(|error| CommandError::new(format!("{argument}: {error}")))?;
    Ok(LoadedRecording::from_recording(recording))
}

/// Imports transcripts, with a progress bar once it takes more than a second.
pub fn import_transcripts(
    arguments: &[String],
    name: Option<&str>,
    strict: bool,
) -> Result<LoadedRecording, CommandError> {
    if let [only] = arguments
        && !store::path_exists(Path::new(only))
        && !only.contains(['/', '\\', '.'])
    {
        let known: Vec<_> = reconstruct::builtin_names().collect();
        return Err(CommandError::new(format!(
            "'{only}' is no file, no folder and no built-in recording; built in are {}",
            known.join(", ")
        )));
    }
    let paths: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    let name = name.map_or_else(|| name_from_paths(&paths), str::to_owned);
    let bar = hidden_progress_bar();
    let progress = |done: u64, total: u64| {
        if bar.elapsed() > Duration::from_secs(1) && bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_length(total);
        bar.set_position(done);
    };
    let imported = import::import_transcripts(&paths, &ImportOptions { name, strict }, &progress);
    bar.finish_and_clear();
    let imported = imported.map_err(|error| match error {
        ImportError::NoCalls { .. } => {
            CommandError::new(format!("{}: {error}", arguments.join(", ")))
        }
        other => other.into(),
    })?;
    let ImportResult { recording, skips, skip_count: skipped, copies, billed_cost, notes, .. } =
        imported;
    let billed_usd =
        (!billed_cost.is_empty()).then(|| billed_cost.iter().map(|cost| cost.usd).sum());
    Ok(LoadedRecording {
        skips,
        skipped_count: skipped,
        copies,
        billed_usd,
        notes,
        ..LoadedRecording::from_recording(recording)
    })
}

fn hidden_progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("importing {bar:32} {bytes} of {total_bytes}, {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The last part of the first path: never where it lies on this machine.
fn name_from_paths(paths: &[PathBuf]) -> String {
    let mut names: Vec<String> = paths.iter().map(|path| store::base_name(path)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "recording".to_owned() } else { names.join("+") }
}

/// The scenario of a file, or of the toggles named, or the built-in one, or all toggles.
pub fn load_scenario(
    recording: &str,
    scenario: Option<&str>,
    with: &[String],
) -> Result<Scenario, CommandError> {
    if let Some(path) = scenario {
        if let Some((name, text)) = BUILTIN_SCENARIOS.iter().find(|(name, _)| *name == path) {
            return Ok(scenario::parse_scenario(name, text)?);
        }
        return scenario_file(path);
    }
    if !with.is_empty() {
        let toggles = scenario::toggles_by_id(with.iter().map(String::as_str))?;
        return Ok(Scenario::with_toggles(&toggles));
    }
    match BUILTIN_SCENARIOS.iter().find(|(name, _)| *name == recording) {
        Some((name, text)) => Ok(scenario::parse_scenario(name, text)?),
        None => Ok(Scenario::all_toggles()),
    }
}

/// The scenario of a file. Paths in it start at its folder.
fn scenario_file(path: &str) -> Result<Scenario, CommandError> {
    let bytes = store::read_file(Path::new(path))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| CommandError::new(format!("{path}: not TOML: {error}")))?;
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    let mut scenario = scenario::parse_scenario(&name, text)
        .map_err(|error| CommandError::new(format!("{path}: {error}")))?;
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let from_folder = |path: &str| folder.join(path).display().to_string();
    let recording = &scenario.recording;
    if !recording.is_empty() && !is_built_in(recording) {
        scenario.recording = from_folder(recording);
    }
    scenario.prices = scenario.prices.as_deref().map(from_folder);
    Ok(scenario)
}

/// Whether a recording of this name comes with the program.
pub fn is_built_in(name: &str) -> bool {
    reconstruct::builtin_names().any(|known| known == name)
}

/// The lens of the command line, or else of the scenario.
pub fn choose_lens(premises: &PremiseArgs, scenario: &Scenario) -> Lens {
    match premises.lens {
        None => scenario.lens,
        Some(LensArg::Message) => Lens::Message,
        Some(LensArg::Record) => Lens::Record,
    }
}

/// The price book and its assumptions.
pub fn load_pricing(premises: &PremiseArgs, scenario: &Scenario) -> Result<Pricing, CommandError> {
    let mut pricing = Pricing::embedded();
    // The later one takes precedence: that of the command line.
    let books = scenario.prices.iter().map(PathBuf::from).chain(premises.prices.clone());
    for path in books {
        let book = PriceBook::parse_csv(&store::read_file(&path)?)
            .map_err(|error| CommandError::new(format!("{}: {error}", path.display())))?;
        pricing.book = pricing.book.overridden_by(&book);
    }
    pricing.substitutes.clone_from(&scenario.models);
    for (from, _) in &scenario.models {
        pricing.find_price(from, None)?;
    }
    if let Some(model) = premises.model.as_ref().or(scenario.model.as_ref()) {
        pricing.assumed_model.clone_from(model);
        pricing.find_price(crate::price::UNSTATED_MODEL, None)?;
    }
    pricing.date = scenario.date;
    Ok(pricing)
}

/// What is claimed about a recording; of routes what is claimed for toggles that take part.
pub fn claims_about_recording(
    loaded: &LoadedRecording,
    scenario: &Scenario,
) -> Vec<PublishedClaim> {
    let takes_part = |id: &String| scenario.toggles.iter().any(|chosen| chosen.id() == id);
    if let Some((routes, _)) = &loaded.routes {
        let mut claims = claims_of_routes(routes);
        claims.retain(|claim| claim.toggles.iter().all(takes_part));
        return claims;
    }
    loaded.reported.as_ref().map(claims_of_pipeline).unwrap_or_default()
}

/// What is compared.
pub fn build_experiment<'a>(
    loaded: &'a LoadedRecording,
    lens: Lens,
    (scenario, toggles): (&'a Scenario, &'a (Vec<ChosenToggle>, Vec<ChosenToggle>)),
    pricing: &'a Pricing,
    claims: &'a [PublishedClaim],
) -> Experiment<'a> {
    let world = match (&loaded.reported, &loaded.fit, &loaded.routes) {
        (Some(reported), Some(fit), _) => ExperimentSource::Reported { reported, lens, fit },
        (_, _, Some((routes, laid))) => ExperimentSource::Routes { routes, laid },
        _ => ExperimentSource::Recorded(&loaded.recording),
    };
    Experiment {
        source: world,
        chosen: &toggles.0,
        waiting: &toggles.1,
        pricing,
        cache: scenario.cache,
        claims,
        observed: loaded.observations.as_ref().map_or(&[], |it| &it.observed),
        seed: Seed(scenario.seed),
        draws: scenario.draws,
    }
}

/// How busy agents are that packets wake, before and after.
pub fn agent_loads(
    loaded: &LoadedRecording,
    scenario: &Scenario,
    comparison: &Comparison,
) -> Vec<LoadComparison> {
    let all = subset_of_first(comparison.toggles.len());
    let most = Some(scenario.requests_a_minute).filter(|most| *most > 0);
    turn_limiter::compare_loads(&loaded.recording, &comparison.plan, all, most)
}

/// A finished command.
pub fn finish_command(stdout: Vec<u8>, loaded: &LoadedRecording) -> CommandOutput {
    CommandOutput { stdout, messages: loaded.stderr_messages(), code: super::EXIT_DONE }
}
