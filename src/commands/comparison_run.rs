//! A comparison with everything that it is shown with: what `compare`, `report` and `chart` share.

use super::experiment_request::{ExperimentInputs, ExperimentRequest};
use super::{CommandError, load};
use crate::recording::Recording;
use crate::report::show::Provenance;
use crate::report::show::compare::ComparisonReport;
use crate::study::audit::{self, AuditFinding};
use crate::study::inspect::data_checks;
use crate::study::inspect::turn_limiter::LoadComparison;
use crate::study::whatif::compare::{Comparison, compare_toggles};
use crate::study::whatif::distribution::{GroupedSavings, SessionGrouping, distribute_savings};
use crate::study::whatif::sweep::{SubsetSweep, SweepMetric, sweep_subsets};

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
}

impl ComparisonRun {
    /// Loads what is asked for and compares it.
    pub fn from_request(asked: &ExperimentRequest<'_>) -> Result<Self, CommandError> {
        Self::compare_inputs(asked.load_inputs()?)
    }

    /// Compares at the modes alone, which is quicker: without bands and probabilities.
    #[cfg(feature = "charts")]
    pub fn without_draws(asked: &ExperimentRequest<'_>) -> Result<Self, CommandError> {
        let mut ready = asked.load_inputs()?;
        ready.scenario.draws = 0;
        Self::compare_inputs(ready)
    }

    fn compare_inputs(ready: ExperimentInputs) -> Result<Self, CommandError> {
        let ExperimentInputs { scenario, lens, pricing, loaded } = &ready;
        let claims = load::claims_about_recording(loaded, scenario);
        let toggles = scenario.split_awaiting_toggles();
        let experiment =
            load::build_experiment(loaded, *lens, (scenario, &toggles), pricing, &claims);
        let comparison = compare_toggles(&experiment)?;
        let known = loaded.fit.as_ref().map(|fit| (*lens, fit));
        let of_routes = || loaded.routes.as_ref().map(|(routes, _)| audit::audit_routes(routes));
        let findings =
            loaded.reported.as_ref().map(|it| audit::audit_with_reconstruction(it, known));
        let findings = findings.or_else(of_routes).unwrap_or_default();
        let loads = load::agent_loads(loaded, scenario, &comparison);
        let provenance = Provenance::for_scenario(&loaded.recording, pricing, scenario);
        Ok(Self { inputs: ready, comparison, findings, spread: None, provenance, loads })
    }

    /// What was replayed.
    pub fn recording(&self) -> &Recording {
        &self.inputs.loaded.recording
    }

    /// Whether it is known only from published totals.
    pub fn is_reported(&self) -> bool {
        self.inputs.loaded.reported.is_some() || self.inputs.loaded.routes.is_some()
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

    /// Every subset of its toggles, ranked by what its figures are told in; or why not.
    pub fn sweep_subsets(&self) -> Result<SubsetSweep, String> {
        let ExperimentInputs { scenario, lens, pricing, loaded } = &self.inputs;
        let toggles = scenario.split_awaiting_toggles();
        let experiment = load::build_experiment(loaded, *lens, (scenario, &toggles), pricing, &[]);
        sweep_subsets(&experiment, SweepMetric::default_for(&experiment))
            .map_err(|error| error.to_string())
    }

    /// The comparison as it is shown.
    pub fn comparison_view(&self) -> ComparisonReport<'_> {
        let loaded = &self.inputs.loaded;
        ComparisonReport {
            comparison: &self.comparison,
            lens: loaded.reported.as_ref().map(|_| self.inputs.lens),
            reported: loaded.reported.as_ref(),
            routes: loaded.routes.as_ref().map(|(routes, _)| routes),
            observations: loaded.observations.as_ref(),
            findings: &self.findings,
            loads: &self.loads,
            distribution: self.spread.as_ref(),
            provenance: &self.provenance,
        }
    }
}

#[cfg(all(test, feature = "charts"))]
mod tests {
    use super::*;
    use crate::cli::PremiseArgs;
    use crate::reconstruct;
    use crate::report::show::charts::{ALL, ChartSource};

    #[test]
    fn pictures_of_what_is_built_in_have_no_flaws() {
        for name in reconstruct::builtin_names() {
            let premises = &PremiseArgs { lens: None, model: None, prices: None };
            let recording = Some(name);
            let asked = ExperimentRequest {
                recording,
                scenario: None,
                with: &[],
                set: &[],
                premises,
                strict: false,
                observed: None,
            };
            let mut ready = asked.load_inputs().map_err(|failure| failure.0).unwrap();
            ready.scenario.draws = 20;
            let studied =
                ComparisonRun::compare_inputs(ready).map_err(|failure| failure.0).unwrap();
            let sweep = studied.sweep_subsets();
            let shown = &studied.comparison_view();
            let sweep = sweep.as_ref().map_err(String::as_str);
            let source =
                ChartSource { comparison_report: shown, recording: studied.recording(), sweep };
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
