//! The hours in which a pipeline ran, beside another one and under one orchestrator: what is told
//! of them, and ranges where nothing is.

use super::figure::{Figure, FigureSource, FigureUnit};
use super::published_file::{ReportedError, ValueChecker};
use crate::units::BASIS_POINTS;
use serde::Deserialize;

/// What is told of how orders ran side by side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedNight {
    /// From the orchestrator's start to its end.
    pub elapsed: Figure,
    /// Sessions that it dispatched, for all orders.
    pub dispatches: Figure,
    /// How long a dispatch takes it.
    pub dispatch_time: Figure,
    /// How long a test run of its own takes, where it makes any.
    pub suite_time: Figure,
    /// Steps before which it would test.
    pub tested_steps: Vec<String>,
    /// Toggles of which nothing is told for the other orders.
    pub untold_toggles: Vec<String>,
    /// How it handed sessions out, with the chance that it was so.
    pub policies: Vec<PolicyChance>,
    /// How likely its sum of reads is one over records and not over calls, ten-thousandths.
    pub orchestrator_over_records: i64,
    /// The same of sessions that the table of steps leaves out.
    pub excluded_over_records: i64,
    /// Stages beside those of the table, order by order.
    pub stages: Vec<NightStage>,
    /// Where the times come from, and what is judgement.
    pub why: String,
    /// Where this was published.
    pub source: FigureSource,
}

/// A way of handing out, and how likely it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyChance {
    /// What it is.
    pub policy: ToldPolicy,
    /// Its chance, ten-thousandths.
    pub chance: i64,
}

/// How one orchestrator serves several orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToldPolicy {
    /// A dispatch blocks it.
    Serial,
    /// One turn dispatches for all orders and waits for all of them.
    Lockstep,
    /// Dispatches run in the background.
    Free,
}

/// A stage of one session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NightStage {
    /// The order; stages of the pipeline itself follow those of its table.
    pub order: String,
    /// The step.
    pub step: String,
    /// How long it takes.
    pub time: Figure,
}

impl ReportedNight {
    /// Checks units and chances.
    pub(super) fn check_values(&self, checker: ValueChecker) -> Result<(), ReportedError> {
        let times = [
            ("elapsed", &self.elapsed),
            ("dispatch_time", &self.dispatch_time),
            ("suite_time", &self.suite_time),
        ];
        for (field, figure) in times {
            checker.require_unit(figure, FigureUnit::Time, &format!("night.{field}"))?;
        }
        for (at, stage) in self.stages.iter().enumerate() {
            let field = format!("night.stages.{at}.time");
            checker.require_unit(&stage.time, FigureUnit::Time, &field)?;
        }
        checker.require_unit(&self.dispatches, FigureUnit::Count, "night.dispatches")?;
        let (text, some) = (&self.dispatches.text, self.dispatches.value());
        checker.require((1..=10_000).contains(&some), "night.dispatches", text, "1 to 10,000")?;
        let chances = [self.orchestrator_over_records, self.excluded_over_records];
        let parts = self.policies.iter().map(|one| one.chance);
        let in_range = |chance: i64| (0..=BASIS_POINTS).contains(&chance);
        let fit = chances.into_iter().chain(parts.clone()).all(in_range);
        // Checked before they are added up, so that no sum overflows.
        let fit = fit && parts.sum::<i64>() == BASIS_POINTS;
        let wanted = "chances from 0 to 10,000; those of the policies make 10,000";
        checker.require(fit, "night.policies", "chances", wanted)
    }
}
