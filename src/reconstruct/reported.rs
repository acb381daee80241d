//! A reported pipeline: published totals, each with its source, and nothing invented.
//!
//! The shape of `recorded/*.json` (schema `windtunnel.reported/1`). Figures stay as printed
//! ([`Figure`]); what somebody had to assume stands apart in `assumptions`, with a range and a
//! reason, so that it can print beside every result that rests on it.

use super::event::Event;
use super::published::Figure;
use serde::Deserialize;

/// The schema that this reader understands.
pub const SCHEMA: &str = "windtunnel.reported/1";

/// A pipeline known only from published totals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// [`SCHEMA`].
    pub schema: String,
    /// Its name, e.g. `order-774`.
    pub name: String,
    /// What it worked on.
    pub title: String,
    /// The pull request that it made.
    pub pull_request: String,
    /// Lines added and removed, as printed; empty if unknown.
    pub changes: String,
    /// The day it ran: its times start there, and its prices are of that day.
    pub day: Day,
    /// The texts that the figures come from.
    pub documents: Vec<Document>,
    /// The table of steps.
    pub steps: Steps,
    /// The inventory of sessions, where one was published.
    #[serde(default)]
    pub inventory: Option<Inventory>,
    /// The session that dispatched the others.
    #[serde(default)]
    pub orchestrator: Option<Orchestrator>,
    /// Records of crashed processes.
    #[serde(default)]
    pub crashes: Option<CrashRecords>,
    /// Single figures that the text states.
    #[serde(default)]
    pub statements: Vec<Statement>,
    /// Things that happened at known places.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Savings that the text claims, one for each recommendation.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Savings that the text claims for several together.
    #[serde(default)]
    pub combined: Vec<Combined>,
    /// What is assumed, not published.
    #[serde(default)]
    pub assumptions: Vec<Assumption>,
}

/// The day that a pipeline ran.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The day in UTC.
    pub utc: jiff::civil::Date,
    /// Where it was published.
    pub source: Source,
}

impl Day {
    /// Its first millisecond since the epoch.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        let midnight = self.utc.to_zoned(jiff::tz::TimeZone::UTC);
        midnight.map_or(0, |at| at.timestamp().as_millisecond())
    }
}

/// A text that figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its id in [`Source::document`].
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
}

/// Where a figure was published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Id of a [`Document`].
    pub document: String,
    /// The section in it.
    pub section: String,
}

/// The table of steps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Where it was published.
    pub source: Source,
    /// Its rows in order.
    pub rows: Vec<StepRow>,
    /// Its last row as printed.
    pub total: TotalRow,
}

/// Totals of one step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRow {
    /// Its name.
    pub step: String,
    /// Uncached input tokens.
    pub fresh: Figure,
    /// Output tokens.
    pub output: Figure,
    /// Cache reads.
    pub read: Figure,
    /// Cache writes.
    pub write: Figure,
    /// Sessions.
    pub sessions: Figure,
    /// Time.
    pub time: Figure,
}

/// The total row of the table of steps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalRow {
    /// Uncached input tokens.
    pub fresh: Figure,
    /// Output tokens.
    pub output: Figure,
    /// Cache reads.
    pub read: Figure,
    /// Cache writes.
    pub write: Figure,
    /// Sessions.
    pub sessions: Figure,
    /// Time.
    pub time: Figure,
}

/// The inventory of sessions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Where it was published.
    pub source: Source,
    /// Its rows in order.
    pub rows: Vec<SessionRow>,
}

/// Totals of one session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRow {
    /// Its id, as far as printed.
    pub id: String,
    /// The step whose totals contain it; empty if none does.
    pub step: String,
    /// Its name in the inventory.
    pub label: String,
    /// Calls as published: what they are is a question of the lens.
    pub calls: Figure,
    /// Cache reads.
    pub read: Figure,
    /// Output tokens.
    pub output: Figure,
    /// Time.
    #[serde(default)]
    pub time: Option<Figure>,
    /// Tool calls, where published.
    #[serde(default)]
    pub tool_calls: Option<Figure>,
    /// Calls after deduplication, where published.
    #[serde(default)]
    pub deduplicated: Option<Figure>,
    /// A remark.
    #[serde(default)]
    pub note: Option<String>,
}

/// The session that dispatched the others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orchestrator {
    /// Its id, as far as printed.
    pub id: String,
    /// Time.
    pub time: Figure,
    /// Calls as published.
    pub calls: Figure,
    /// Tool calls.
    pub tool_calls: Figure,
    /// Calls that belong to no single pipeline.
    pub shared_calls: Figure,
    /// Cache reads, all of them.
    pub read: Figure,
    /// The share of them that is laid at this pipeline's door.
    pub attributed_share: Figure,
    /// The same in tokens, as printed.
    pub attributed_read: Figure,
    /// Context at its start.
    pub context_first: Figure,
    /// Context at its end.
    pub context_last: Figure,
    /// Where this was published.
    pub source: Source,
}

impl Orchestrator {
    /// Cache reads laid at this pipeline's door: the share of the whole, finer than as printed.
    #[must_use]
    pub fn attributed(&self) -> i64 {
        crate::units::share_of(self.read.value(), self.attributed_share.value())
    }
}

/// Records of crashed processes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashRecords {
    /// All of them.
    pub records: Figure,
    /// Process ids that were used again.
    pub pid_reuse: Figure,
    /// Processes that outlived their session.
    pub orphans: Figure,
    /// Groups of three among the orphans.
    pub triplets: Figure,
    /// Where this was published.
    pub source: Source,
}

/// A single figure that the text states.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// The figure.
    pub value: Figure,
    /// What it is.
    pub text: String,
    /// Where it was published.
    pub source: Source,
}

/// One factor of a claim's own arithmetic: a figure, or the difference of two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// What it counts.
    pub what: String,
    /// The figure, or what it was before.
    pub from: Figure,
    /// What it would be after.
    #[serde(default)]
    pub to: Option<Figure>,
}

impl Factor {
    /// Its value.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.from.value() - self.to.as_ref().map_or(0, Figure::value)
    }
}

/// A saving that somebody published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The toggle that should save it.
    pub toggle: String,
    /// What is saved: `read`, or `none`.
    pub metric: String,
    /// The saving as the claim's headline has it; positive where tokens fall.
    #[serde(default)]
    pub saving: Option<Figure>,
    /// The wider saving of its text.
    #[serde(default)]
    pub range: Option<Figure>,
    /// The source's own arithmetic: their product should be the saving.
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// Where it was published.
    pub source: Source,
}

impl Claim {
    /// The lowest and the highest saving that the text names.
    #[must_use]
    pub fn bounds(&self) -> Option<(i64, i64)> {
        let (saving, range) = (self.saving.as_ref()?, self.range.as_ref());
        let low = range.map_or(saving.low, |r| r.low.min(saving.low));
        let high = range.map_or(saving.high, |r| r.high.max(saving.high));
        Some((low, high))
    }
}

/// A saving claimed for several toggles together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combined {
    /// Its id.
    pub id: String,
    /// The step it speaks of; empty for all.
    pub step: String,
    /// What changes: `read` or `calls`.
    pub metric: String,
    /// The toggles.
    pub toggles: Vec<String>,
    /// Before.
    pub from: Figure,
    /// After.
    pub to: Figure,
    /// The saving as a share, where printed.
    #[serde(default)]
    pub share: Option<Figure>,
    /// Where it was published.
    pub source: Source,
}

/// What is assumed, not published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// Its id.
    pub id: String,
    /// What is taken.
    pub value: String,
    /// What it could be as well.
    pub range: String,
    /// Why it is taken.
    pub why: String,
}
