//! A comparison with everything that it is shown with: what `compare`, `report` and `chart` share.

#[cfg(feature = "charts")]
use super::Audience;
use super::error::{AtPlace, CommandError};
use super::experiment_inputs::{self, ExperimentInputs};
use super::progress::{SETS, TRIALS, with_progress};
#[cfg(feature = "charts")]
use crate::cli::ExperimentArgs;
use crate::plan::ToggleSubset;
use crate::reconstruct::RecordingSource;
use crate::recording::Recording;
use crate::report::show::Provenance;
use crate::report::show::compare::ComparisonReport;
use crate::report::show::decision::Decision;
use crate::scenario::ChosenToggle;
use crate::store;
use crate::study::audit::{self, AuditFinding};
use crate::study::inspect::data_checks;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::compare::{Comparison, compare_with_draws};
use crate::study::whatif::distribution::{GroupedSavings, SessionGrouping, distribute_savings};
use crate::study::whatif::draw_lines::MadeDraws;
use crate::study::whatif::experiment::Experiment;
use crate::study::whatif::saving_bands::DrawnSet;
use crate::study::whatif::sweep::{SubsetSweep, sweep_subsets};
use crate::study::whatif::swept_subset::SweepMetric;
use std::path::Path;

/// A finished comparison.
pub struct ComparisonRun {
    /// What was compared, on what.
    pub inputs: ExperimentInputs,
    /// The numbers.
    pub comparison: Comparison,
    /// What the audit found; for transcripts only where that was asked for.
    pub findings: Vec<AuditFinding>,
    /// How savings are spread, where that was asked for.
    pub spread: Option<GroupedSavings>,
    /// Where it comes from.
    pub provenance: Provenance,
    loads: Vec<LoadComparison>,
    /// The sets of the order of building in all draws, by the bits of the sweep.
    drawn: Vec<DrawnSet>,
    /// Every subset; `None` before it is asked for.
    sweep: Option<Result<SubsetSweep, String>>,
}

impl ComparisonRun {
    /// Loads what is asked for and compares it.
    #[cfg(feature = "charts")]
    pub fn from_args(args: &ExperimentArgs, audience: Audience) -> Result<Self, CommandError> {
        Self::compare_inputs(ExperimentInputs::from_args(args, audience)?)
    }

    /// Compares at the means alone, which is quicker: without bands and probabilities.
    #[cfg(feature = "charts")]
    pub fn without_draws(args: &ExperimentArgs) -> Result<Self, CommandError> {
        // Pictures are files.
        let args = ExperimentArgs { draws: Some(0), ..args.clone() };
        Self::from_args(&args, Audience::Anybody)
    }

    /// Compares what is loaded.
    #[cfg(feature = "charts")]
    pub fn compare_inputs(inputs: ExperimentInputs) -> Result<Self, CommandError> {
        Self::compare_with_sets(inputs, (None, &[]), None)
    }

    /// The same, and every subset first: so that what the decision quotes is drawn with all else.
    /// Draws are taken from a file where there is one.
    pub fn compare_with_order(
        inputs: ExperimentInputs,
        drawn: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let ComparedSets { sweep, quoted, asked } = ComparedSets::of_inputs(&inputs);
        let mut run = Self::compare_with_sets(inputs, (Some(sweep), &asked), drawn)?;
        let drawn = run.comparison.uncertainty.iter().flat_map(|it| &it.sets);
        // Drawn by the bits of the comparison, quoted by those of the sweep.
        let drawn = quoted.iter().zip(drawn);
        run.drawn = drawn.map(|(set, drawn)| DrawnSet { subset: *set, ..drawn.clone() }).collect();
        Ok(run)
    }

    fn compare_with_sets(
        inputs: ExperimentInputs,
        (sweep, sets): (Option<Result<SubsetSweep, String>>, &[ToggleSubset]),
        drawn: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let ExperimentInputs { scenario, pricing, loaded } = &inputs;
        let (mut comparison, loads) = inputs.with_experiment(sets, |experiment| {
            let made = drawn.map(|path| read_draws(path, experiment)).transpose()?;
            let comparison = with_progress(TRIALS, |progress| {
                let experiment = Experiment { progress, ..experiment.clone() };
                compare_with_draws(&experiment, made.as_ref())
            })?;
            let loads = experiment_inputs::agent_loads(experiment, &comparison);
            Ok::<_, CommandError>((comparison, loads))
        })?;
        let findings = match &loaded.source {
            // Checking the data of transcripts takes a pass of its own: `check_data` does it where
            // it is shown.
            RecordingSource::Recorded(_) => Vec::new(),
            // The fit is known here, so that checks which need counted calls use those of the
            // replay.
            RecordingSource::Pipeline { reported, lens, fit } => {
                audit::audit_with_reconstruction(reported, Some((*lens, fit)))
            }
            RecordingSource::Routes { routes, .. } => audit::audit_routes(routes),
        };
        if loaded.source.routes().is_some() {
            // A figure has one clock: where times are laid out a digest comes when its work ends,
            // which the turns know and the calls by themselves do not.
            if let Some(free) = loads.iter().find(|load| load.limits.turns.is_none()) {
                comparison.baseline.peak_calls_a_minute = free.before.peak_a_minute;
                comparison.variant.peak_calls_a_minute = free.after.peak_a_minute;
            }
        }
        let provenance = Provenance::for_scenario(loaded.recording(), pricing, scenario);
        Ok(Self {
            inputs,
            comparison,
            findings,
            spread: None,
            provenance,
            loads,
            drawn: Vec::new(),
            sweep,
        })
    }

    /// What was replayed.
    pub fn recording(&self) -> &Recording {
        self.inputs.loaded.recording()
    }

    /// Whether it is known only from published totals.
    pub fn is_reported(&self) -> bool {
        self.inputs.loaded.source.is_published()
    }

    /// Also looks for what is wrong with the data of transcripts.
    pub fn check_data(&mut self) {
        if !self.is_reported() {
            self.findings = data_checks::check_recording_data(self.recording());
        }
    }

    /// Also spreads the savings over parts of the recording.
    pub fn spread_over(&mut self, each: SessionGrouping) {
        let count = self.comparison.toggles.len();
        self.spread =
            Some(distribute_savings(self.recording(), &self.comparison.plan, count, each));
    }

    /// Also replays every subset of its toggles, ranked by what its figures are told in: the order
    /// of building follows from these. It may be impossible, e.g. with too many toggles.
    #[cfg(feature = "charts")]
    pub fn sweep_subsets(&mut self) {
        if self.sweep.is_none() {
            self.sweep = Some(sweep_inputs(&self.inputs));
        }
    }

    /// The comparison as it is shown.
    pub fn comparison_view(&self) -> ComparisonReport<'_> {
        let loaded = &self.inputs.loaded;
        ComparisonReport {
            comparison: &self.comparison,
            source: &loaded.source,
            observations: loaded.observations.as_ref(),
            findings: &self.findings,
            loads: &self.loads,
            sweep: self
                .sweep
                .as_ref()
                .map_or(Err(""), |sweep| sweep.as_ref().map_err(String::as_str)),
            drawn: &self.drawn,
            distribution: self.spread.as_ref(),
            provenance: &self.provenance,
        }
    }
}

/// The sets whose savings a comparison quotes.
pub struct ComparedSets {
    sweep: Result<SubsetSweep, String>,
    /// By the bits of the sweep.
    quoted: Vec<ToggleSubset>,
    /// The same by the bits of the comparison.
    pub asked: Vec<ToggleSubset>,
}

impl ComparedSets {
    /// Replays every subset, and picks what the decision speaks of.
    pub fn of_inputs(inputs: &ExperimentInputs) -> Self {
        let sweep = sweep_inputs(inputs);
        let toggles = inputs.scenario.split_awaiting_toggles().0;
        let quoted = sweep.as_ref().map(Decision::quoted_sets).unwrap_or_default();
        let asked = sweep.as_ref().map_or_else(
            |_| Vec::new(),
            |sweep| {
                let ids = toggles.iter().map(ChosenToggle::id);
                quoted.iter().map(|set| sweep.subset_among(*set, ids.clone())).collect()
            },
        );
        Self { sweep, quoted, asked }
    }
}

/// The draws of an experiment that a file holds.
fn read_draws(path: &Path, experiment: &Experiment<'_>) -> Result<MadeDraws, CommandError> {
    MadeDraws::from_lines(&store::read_file(path)?, experiment).at(path.display())
}

/// Every subset of what is loaded, or why there are none.
fn sweep_inputs(inputs: &ExperimentInputs) -> Result<SubsetSweep, String> {
    let ExperimentInputs { scenario, pricing, loaded } = inputs;
    let toggles = scenario.split_awaiting_toggles();
    // A ranking needs no claims: what is published is judged by the comparison alone.
    let experiment =
        experiment_inputs::build_experiment(loaded, (scenario, &toggles), pricing, &[]);
    let metric = SweepMetric::default_for(&experiment);
    with_progress(SETS, |progress| sweep_subsets(&Experiment { progress, ..experiment }, metric))
        .map_err(|error| error.to_string())
}

#[cfg(all(test, feature = "charts"))]
mod tests {
    use super::*;
    use crate::reconstruct;
    use crate::report::show::charts::{ALL, ChartSource};

    #[test]
    fn pictures_of_what_is_built_in_have_no_flaws() {
        for name in reconstruct::builtin_names() {
            let args = ExperimentArgs {
                recordings: vec![name.to_owned()],
                draws: Some(20),
                ..ExperimentArgs::default()
            };
            let mut studied = ComparisonRun::from_args(&args, Audience::Anybody).unwrap();
            studied.sweep_subsets();
            let shown = &studied.comparison_view();
            let source = ChartSource { comparison_report: shown, recording: studied.recording() };
            for kind in &ALL {
                match (kind.make)(&source) {
                    Ok(chart) => {
                        let flaws = chart.draw_sheet().layout_flaws();
                        assert!(flaws.is_empty(), "{} of {name}: {flaws:#?}", kind.id);
                        assert!(!chart.data_table().rows.is_empty(), "{} of {name}", kind.id);
                    }
                    Err(reason) => {
                        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
                    }
                }
            }
        }
    }
}
