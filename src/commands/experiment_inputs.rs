//! From arguments to everything that an experiment needs: what is run, on what, priced how.

use super::audience::{Audience, LoadOptions};
use super::error::{AtPlace, CommandError};
use super::load::{self, LoadedRecording};
use super::load_scenario::load_scenario;
use super::session_selection::{narrow_selection, select_sessions};
use crate::cli::{ExperimentArgs, ToggleArgs};
use crate::plan::ToggleSubset;
use crate::price::Pricing;
use crate::price::coverage::PriceCoverage;
use crate::recording::Recording;
use crate::scenario::{self, ChosenToggle, Scenario};
use crate::study::whatif::agent_loads::{self, LoadComparison};
use crate::study::whatif::compare::Comparison;
use crate::study::whatif::experiment::Experiment;
use crate::study::whatif::published_claims::{
    PublishedClaim, claims_of_pipeline, claims_of_routes,
};

/// Everything that an experiment takes, loaded and checked.
pub struct ExperimentInputs {
    /// What is run.
    pub scenario: Scenario,
    /// How it is priced.
    pub pricing: Pricing,
    /// On what: the part of the recording that the scenario selects.
    pub loaded: LoadedRecording,
}

impl ExperimentInputs {
    /// Loads everything that the command line names.
    pub fn from_args(args: &ExperimentArgs, audience: Audience) -> Result<Self, CommandError> {
        Self::from_args_or_part(args, audience, |_| false)
    }

    /// The same where the recording may be a part of what the command line selects: such a part is
    /// neither selected again, nor does it have to hold everything that is named.
    pub fn from_args_or_part(
        args: &ExperimentArgs,
        audience: Audience,
        is_part: impl Fn(&Recording) -> bool,
    ) -> Result<Self, CommandError> {
        // The built-in scenario of a recording speaks of that recording alone.
        let lead = super::pricing::only_recording(&args.recordings);
        let mut scenario = scenario_from_args(&args.toggles, lead)?;
        // The command line goes before the scenario.
        scenario.seed = args.seed.unwrap_or(scenario.seed);
        scenario.draws = args.draws.or(scenario.draws);
        narrow_selection(&mut scenario.select, &args.selection)?;
        // Lens and prices are settled before anything is read: the calls of a pipeline depend on
        // the lens, and a price book that cannot be read should not cost an import.
        let lens = load::choose_lens(&args.premises, &scenario);
        let pricing = super::pricing::load_pricing(&args.premises, &scenario, &args.recordings)?;
        let loaded = load_recordings(
            &args.recordings,
            (&args.toggles, &scenario),
            LoadOptions { lens, strict: args.strict, audience },
            None,
        )?;
        let loaded = if is_part(loaded.recording()) {
            loaded.for_audience()
        } else {
            apply_selection(loaded, &scenario, &pricing)?
        };
        scenario.settle_answered(loaded.recording());
        // Its provenance asks for the coverage once more; without `--strict` that is soon enough.
        if args.strict {
            let coverage = PriceCoverage::of_recording(loaded.recording(), &pricing);
            load::refuse_unpriced(&coverage, true)?;
        }
        Ok(Self { scenario, pricing, loaded })
    }

    /// Does something with the experiment, in which some sets of toggles are drawn too.
    pub fn with_experiment<T>(
        &self,
        sets: &[ToggleSubset],
        work: impl FnOnce(&Experiment<'_>) -> T,
    ) -> T {
        let Self { scenario, pricing, loaded } = self;
        let claims = claims_about_recording(loaded, scenario);
        // Toggles that wait for a number of the user have bounds but no figure, and take no part in
        // the sums.
        let toggles = scenario.split_awaiting_toggles();
        let experiment = build_experiment(loaded, (scenario, &toggles), pricing, &claims);
        work(&Experiment { sets, ..experiment })
    }
}

/// The scenario of the command line, with the parameters that are set after it. `recording` is
/// where a built-in scenario is looked for if nothing else is said.
pub fn scenario_from_args(args: &ToggleArgs, recording: &str) -> Result<Scenario, CommandError> {
    let mut mistakes = Vec::new();
    let loaded = load_scenario(recording, args.scenario.as_deref(), &args.with);
    // Settings are looked at all the same, so that all mistakes are told at once.
    let mut scenario = loaded.unwrap_or_else(|error| {
        mistakes.push(error);
        Scenario::all_toggles()
    });
    for setting in &args.set {
        let set = scenario::set_parameter(&mut scenario, setting);
        mistakes.extend(set.at(format!("--set {setting}")).err());
    }
    CommandError::from_mistakes(mistakes).map_or(Ok(scenario), Err)
}

/// The recordings of the command line as one, or the one that the scenario names; `each` sees
/// every argument as it is on its own where there are several. What the scenario knows of figures
/// that the source leaves open is no longer open.
pub fn load_recordings(
    recordings: &[String],
    (args, scenario): (&ToggleArgs, &Scenario),
    options: LoadOptions,
    each: Option<&mut dyn FnMut(&Recording)>,
) -> Result<LoadedRecording, CommandError> {
    let loaded = match recordings {
        [] => load_scenarios_recording((args, scenario), options)?,
        _ => load::load_merged_recording(recordings, options, each)?,
    };
    // Whatever was loaded: a figure that the scenario gives is no longer drawn.
    let source = loaded.source.with_known_figures(&scenario.source)?;
    Ok(LoadedRecording { source, ..loaded })
}

/// The recording that a scenario names.
fn load_scenarios_recording(
    (args, scenario): (&ToggleArgs, &Scenario),
    options: LoadOptions,
) -> Result<LoadedRecording, CommandError> {
    let file = args.scenario.as_deref().unwrap_or_default();
    if scenario.recording.is_empty() {
        return Err(CommandError::content(file, "there is no 'recording' in it")
            .with_hint("add one, or name one on the command line"));
    }
    // Both places are told: the key that names it, and the file in which that stands.
    load::load_recording(&scenario.recording, options).at("'recording'").at(file)
}

/// The part of a recording that a scenario speaks of, with the names that may be seen.
pub fn apply_selection(
    loaded: LoadedRecording,
    scenario: &Scenario,
    pricing: &Pricing,
) -> Result<LoadedRecording, CommandError> {
    let loaded = select_sessions(loaded, &scenario.select)?;
    // A substitute for a model that made no call here is a typing error more often than not.
    scenario::check_models(pricing, loaded.recording())?;
    Ok(loaded)
}

/// What is claimed about a recording; of routes what is claimed for toggles that take part.
pub fn claims_about_recording(
    loaded: &LoadedRecording,
    scenario: &Scenario,
) -> Vec<PublishedClaim> {
    if let Some(routes) = loaded.source.routes() {
        let mut claims = claims_of_routes(routes);
        // A claim about a toggle that is not run could not be judged.
        claims.retain(|claim| {
            let mut ids = claim.toggles.iter();
            ids.all(|id| scenario.toggles.iter().any(|chosen| chosen.id() == id))
        });
        return claims;
    }
    loaded.source.pipeline().map(claims_of_pipeline).unwrap_or_default()
}

/// What is compared.
pub fn build_experiment<'a>(
    loaded: &'a LoadedRecording,
    (scenario, toggles): (&'a Scenario, &'a (Vec<ChosenToggle>, Vec<ChosenToggle>)),
    pricing: &'a Pricing,
    claims: &'a [PublishedClaim],
) -> Experiment<'a> {
    Experiment {
        claims,
        observed: loaded.observations.as_ref().map_or(&[], |it| &it.observed),
        ..Experiment::for_scenario(&loaded.source, scenario, toggles, pricing)
    }
}

/// How busy agents are that packets wake, before and after, limiter by limiter.
pub fn agent_loads(experiment: &Experiment<'_>, comparison: &Comparison) -> Vec<LoadComparison> {
    // A queue's times order its sessions; nobody told how long one takes.
    if experiment.source.routes().is_some_and(|routes| routes.queue.is_some()) {
        return Vec::new();
    }
    let ids: Vec<&'static str> = comparison.toggles.iter().map(|toggle| toggle.id).collect();
    let most = experiment.requests_a_minute;
    let recording = experiment.base_recording();
    agent_loads::compare_loads(recording, &comparison.plan, &ids, most)
}
