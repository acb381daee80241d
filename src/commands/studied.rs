//! A comparison with everything that it is shown with: what `compare`, `report` and `chart` share.

use super::asked::{Asked, Ready};
use super::{Failure, load};
use crate::recording::Recording;
use crate::report::show::Provenance;
use crate::report::show::compare::Shown;
use crate::study::audit::{self, Finding};
use crate::study::compare::{Comparison, compare};
use crate::study::hygiene;
use crate::study::limiter::Loads;
use crate::study::spread::{Each, Spread, spread};
use crate::study::sweep::{Metric, Sweep, sweep};

/// A finished comparison.
pub struct Studied {
    /// What was compared, on what.
    pub ready: Ready,
    /// The numbers.
    pub comparison: Comparison,
    /// What the audit found; for transcripts only where that was asked for.
    pub findings: Vec<Finding>,
    /// How savings are spread, where that was asked for.
    pub spread: Option<Spread>,
    /// Where it comes from.
    pub provenance: Provenance,
    loads: Vec<Loads>,
}

impl Studied {
    /// Loads what is asked for and compares it.
    pub fn of(asked: &Asked<'_>) -> Result<Self, Failure> {
        Self::drawn(asked.load()?)
    }

    /// Compares at the modes alone, which is quicker: without bands and probabilities.
    #[cfg(feature = "charts")]
    pub fn without_draws(asked: &Asked<'_>) -> Result<Self, Failure> {
        let mut ready = asked.load()?;
        ready.scenario.draws = 0;
        Self::drawn(ready)
    }

    fn drawn(ready: Ready) -> Result<Self, Failure> {
        let Ready { scenario, lens, pricing, loaded } = &ready;
        let claims = load::claims(loaded, scenario);
        let toggles = scenario.parts();
        let experiment = load::experiment(loaded, *lens, (scenario, &toggles), pricing, &claims);
        let comparison = compare(&experiment)?;
        let known = loaded.fit.as_ref().map(|fit| (*lens, fit));
        let of_routes = || loaded.routes.as_ref().map(|(routes, _)| audit::audit_routes(routes));
        let findings = loaded.reported.as_ref().map(|it| audit::audit_knowing(it, known));
        let findings = findings.or_else(of_routes).unwrap_or_default();
        let loads = load::loads(loaded, scenario, &comparison);
        let provenance = Provenance::of(&loaded.recording, pricing, scenario);
        Ok(Self { ready, comparison, findings, spread: None, provenance, loads })
    }

    /// What was replayed.
    pub fn recording(&self) -> &Recording {
        &self.ready.loaded.recording
    }

    /// Whether it is known only from published totals.
    pub fn is_reported(&self) -> bool {
        self.ready.loaded.reported.is_some() || self.ready.loaded.routes.is_some()
    }

    /// Also looks for what is wrong with the data of transcripts.
    pub fn check_data(&mut self) {
        if !self.is_reported() {
            self.findings = hygiene::check(self.recording());
        }
    }

    /// Also spreads the savings over parts of the recording.
    pub fn spread_over(&mut self, each: Each) {
        let count = self.comparison.toggles.len();
        self.spread = Some(spread(self.recording(), &self.comparison.plan, count, each));
    }

    /// Every subset of its toggles, ranked by what its figures are told in; or why not.
    pub fn sweep(&self) -> Result<Sweep, String> {
        let Ready { scenario, lens, pricing, loaded } = &self.ready;
        let toggles = scenario.parts();
        let experiment = load::experiment(loaded, *lens, (scenario, &toggles), pricing, &[]);
        sweep(&experiment, Metric::of(&experiment)).map_err(|error| error.to_string())
    }

    /// The comparison as it is shown.
    pub fn shown(&self) -> Shown<'_> {
        let loaded = &self.ready.loaded;
        Shown {
            comparison: &self.comparison,
            lens: loaded.reported.as_ref().map(|_| self.ready.lens),
            reported: loaded.reported.as_ref(),
            routes: loaded.routes.as_ref().map(|(routes, _)| routes),
            observed: loaded.observed.as_ref(),
            findings: &self.findings,
            loads: &self.loads,
            spread: self.spread.as_ref(),
            provenance: &self.provenance,
        }
    }
}

#[cfg(all(test, feature = "charts"))]
mod tests {
    use super::*;
    use crate::cli::Premises;
    use crate::reconstruct;
    use crate::report::show::charts::{ALL, Source};

    #[test]
    fn pictures_of_what_is_built_in_have_no_flaws() {
        for name in reconstruct::builtin_names() {
            let premises = &Premises { lens: None, model: None, prices: None };
            let recording = Some(name);
            let asked = Asked {
                recording,
                scenario: None,
                with: &[],
                set: &[],
                premises,
                strict: false,
                observed: None,
            };
            let mut ready = asked.load().map_err(|failure| failure.0).unwrap();
            ready.scenario.draws = 20;
            let studied = Studied::drawn(ready).map_err(|failure| failure.0).unwrap();
            let sweep = studied.sweep();
            let shown = &studied.shown();
            let sweep = sweep.as_ref().map_err(String::as_str);
            let source = Source { shown, recording: studied.recording(), sweep };
            for kind in &ALL {
                match (kind.make)(&source) {
                    Ok(chart) => {
                        let flaws = chart.sheet().flaws();
                        assert!(flaws.is_empty(), "{} of {name}: {flaws:#?}", kind.id);
                        assert!(!chart.data().rows.is_empty(), "{} of {name}", kind.id);
                    }
                    Err(reason) => {
                        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
                    }
                }
            }
        }
    }
}
