//! A reported pipeline: published totals, each with its source, and nothing invented.
//!
//! What a file of the schema `windtunnel.reported/1` holds; `pipeline_file` reads it.
//! Figures stay as printed ([`Figure`]); what somebody had to assume stands apart in `assumptions`,
//! with a range and a reason, so that it can print beside every result that rests on it.

use super::call_count::Lens;
use super::call_tally::{CallTally, RECORDS_PER_CALL_HUNDREDTHS, TallyUnit};
use super::crash_records::ReportedCrashes;
use super::event::ReportedEvent;
use super::figure::{Figure, FigureSource};
use super::night::ReportedNight;
use super::reported_claims::{CombinedClaim, ReportedClaim};
use super::unknown::UnknownQuantity;
use crate::units::scale_by_ratio;
use serde::Deserialize;

/// The schema that this reader understands.
pub const SCHEMA: &str = "windtunnel.reported/1";

/// A pipeline known only from published totals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedPipeline {
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
    pub day: PipelineDay,
    /// The texts that the figures come from.
    pub documents: Vec<SourceDocument>,
    /// The table of steps.
    pub steps: ReportedStepTable,
    /// The inventory of sessions, where one was published.
    #[serde(default)]
    pub inventory: Option<SessionInventory>,
    /// The session that dispatched the others.
    #[serde(default)]
    pub orchestrator: Option<ReportedOrchestrator>,
    /// The hours in which it ran, where more is told than times of sessions.
    #[serde(default)]
    pub night: Option<ReportedNight>,
    /// Records of crashed processes.
    #[serde(default)]
    pub crashes: Option<ReportedCrashes>,
    /// The built-in pipeline whose source tells of this one while it ran; empty if none does.
    #[serde(default)]
    pub ran_beside: String,
    /// Single figures that the text states.
    #[serde(default)]
    pub statements: Vec<StatedFigure>,
    /// Things that happened at known places.
    #[serde(default)]
    pub events: Vec<ReportedEvent>,
    /// Savings that the text claims, one for each recommendation.
    #[serde(default)]
    pub claims: Vec<ReportedClaim>,
    /// Savings that the text claims for several together.
    #[serde(default)]
    pub combined: Vec<CombinedClaim>,
    /// What nobody published, as ranges and chances that are drawn.
    #[serde(default)]
    pub unknowns: Vec<UnknownQuantity>,
    /// What is assumed, not published.
    #[serde(default)]
    pub assumptions: Vec<Assumption>,
    /// The ids of those of them that the file does not say: its reader filled them in.
    #[serde(default)]
    pub unsaid: Vec<String>,
}

impl ReportedPipeline {
    /// What the file does not say and is assumed, in a sentence; `None` where it says everything.
    #[must_use]
    pub fn unsaid_in_words(&self) -> Option<String> {
        let filled_in = self.assumptions.iter().filter(|one| self.unsaid.contains(&one.id));
        let parts: Vec<String> = filled_in
            .map(|one| match one.range.as_str() {
                "" => format!("{} = {}", one.id, one.value),
                range => format!("{} = {} ({range})", one.id, one.value),
            })
            .collect();
        let list = parts.join(", ");
        (!parts.is_empty()).then(|| format!("not said in the file, so it is assumed: {list}"))
    }

    /// The whole that a share of a metric is one of, as published: cache reads, or all tokens.
    #[must_use]
    pub(crate) fn claimed_whole(&self, metric: &str) -> i64 {
        let rows = &self.steps.rows;
        let reads: i64 = rows.iter().map(|row| row.read.value()).sum();
        let others = rows.iter().flat_map(|row| [&row.fresh, &row.write, &row.output]);
        if metric == "tokens" { reads + others.map(Figure::value).sum::<i64>() } else { reads }
    }

    /// Whether its numbers of calls are all taken for calls, so that no lens decides.
    #[must_use]
    pub(crate) fn counts_calls_only(&self) -> bool {
        let mut rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        rows.all(|row| row.calls.unit == TallyUnit::Calls)
    }
}

/// The day that a pipeline ran.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineDay {
    /// The day in UTC.
    pub utc: jiff::civil::Date,
    /// Where it was published.
    pub source: FigureSource,
}

/// The first millisecond of a day in UTC, since the epoch.
pub(super) fn start_of_day_ms(day: jiff::civil::Date) -> i64 {
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC);
    midnight.map_or(0, |at| at.timestamp().as_millisecond())
}

impl PipelineDay {
    /// Its first millisecond since the epoch.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        start_of_day_ms(self.utc)
    }
}

/// A text that figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDocument {
    /// Its id in [`FigureSource::document`].
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
}

/// The table of steps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedStepTable {
    /// Where it was published.
    pub source: FigureSource,
    /// Its rows in order.
    pub rows: Vec<ReportedStepRow>,
    /// Its last row as printed, where one was.
    #[serde(default)]
    pub total: ReportedTotalRow,
}

impl ReportedStepTable {
    /// The sum of a column: as the total row prints it, or else added up.
    #[must_use]
    pub(crate) fn printed_or_summed(
        &self,
        printed: fn(&ReportedTotalRow) -> Option<&Figure>,
        cell: fn(&ReportedStepRow) -> &Figure,
    ) -> Figure {
        let sum = || Figure::of_count(self.rows.iter().map(|row| cell(row).value()).sum());
        printed(&self.total).cloned().unwrap_or_else(sum)
    }

    /// All cache reads.
    #[must_use]
    pub(crate) fn total_reads(&self) -> Figure {
        self.printed_or_summed(|total| total.read.as_ref(), |row| &row.read)
    }
}

/// Totals of one step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedStepRow {
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
    /// Time, where published.
    #[serde(default)]
    pub time: Option<Figure>,
}

/// The total row of the table of steps: the columns that it prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ReportedTotalRow {
    /// Uncached input tokens.
    #[serde(default)]
    pub fresh: Option<Figure>,
    /// Output tokens.
    #[serde(default)]
    pub output: Option<Figure>,
    /// Cache reads.
    #[serde(default)]
    pub read: Option<Figure>,
    /// Cache writes.
    #[serde(default)]
    pub write: Option<Figure>,
    /// Sessions.
    #[serde(default)]
    pub sessions: Option<Figure>,
    /// Time.
    #[serde(default)]
    pub time: Option<Figure>,
}

impl ReportedTotalRow {
    /// Whether it prints anything.
    #[must_use]
    pub(crate) fn is_printed(&self) -> bool {
        *self != Self::default()
    }
}

/// The inventory of sessions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionInventory {
    /// Where it was published.
    pub source: FigureSource,
    /// Its rows in order.
    pub rows: Vec<InventoryRow>,
}

/// Totals of one session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryRow {
    /// Its id, as far as printed.
    pub id: String,
    /// The step whose totals contain it; empty if none does.
    pub step: String,
    /// Its name in the inventory.
    pub label: String,
    /// Calls as published: what they are is a question of the lens.
    pub calls: CallTally,
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
pub struct ReportedOrchestrator {
    /// Its id, as far as printed.
    pub id: String,
    /// Time.
    pub time: Figure,
    /// Calls as published.
    pub calls: CallTally,
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
    pub source: FigureSource,
}

impl ReportedOrchestrator {
    /// Its calls: a number of records counts about two of them a call (law L1).
    #[must_use]
    pub(crate) fn calls_made(&self, lens: Lens) -> i64 {
        self.calls_at(records_of_lens(lens))
    }

    /// Its cache reads: where calls were counted by records, so were the reads that they add up to.
    #[must_use]
    pub(crate) fn reads_of_calls(&self, lens: Lens) -> i64 {
        self.reads_at(records_of_lens(lens))
    }

    /// Its calls with so many records a call, hundredths.
    #[must_use]
    pub(crate) fn calls_at(&self, records_a_call: i64) -> i64 {
        self.as_calls(self.calls.value(), records_a_call)
    }

    /// Its cache reads with so many records a call, hundredths.
    #[must_use]
    pub(crate) fn reads_at(&self, records_a_call: i64) -> i64 {
        self.as_calls(self.read.value(), records_a_call)
    }

    /// Cache reads laid at this pipeline's door: the share of the whole, finer than as printed.
    #[must_use]
    pub(crate) fn attributed_reads(&self, lens: Lens) -> i64 {
        crate::units::share_of(self.reads_of_calls(lens), self.attributed_share.value())
    }

    fn as_calls(&self, over_published: i64, records_a_call: i64) -> i64 {
        match &self.calls.unit {
            TallyUnit::Records => scale_by_ratio(over_published, 100, records_a_call),
            _ => over_published,
        }
    }
}

/// Records a call under a lens, hundredths.
fn records_of_lens(lens: Lens) -> i64 {
    match lens {
        Lens::Message => RECORDS_PER_CALL_HUNDREDTHS,
        Lens::Record => 100,
    }
}

/// A single figure that the text states.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedFigure {
    /// Its id.
    pub id: String,
    /// The figure.
    pub value: Figure,
    /// What it is.
    pub text: String,
    /// Where it was published.
    pub source: FigureSource,
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
