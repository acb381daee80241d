//! The hours in which a pipeline ran, beside another one and under one orchestrator: what is told
//! of them, and ranges where nothing is.

use super::figure::{Figure, FigureSource};
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
    pub untold_toggles: Vec<UntoldToggle>,
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

/// A toggle for which a figure is missing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntoldToggle {
    /// Its id.
    pub toggle: String,
    /// What would have to be told.
    pub missing: String,
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
    /// The part of the order's work; empty where it has none.
    #[serde(default)]
    pub part: String,
    /// How it ended, where that is told.
    #[serde(default)]
    pub ended: String,
    /// How long it takes.
    pub time: Figure,
}
