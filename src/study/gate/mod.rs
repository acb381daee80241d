//! The gate: whether a change makes a pipeline dearer than its baseline.
//!
//! Either side is some samples, mostly one a recording. Both are measured alike: replayed under one
//! cache policy, without what the cache law did not explain, and priced from one price book on one
//! day, so that neither prices nor the cache's luck can fail a change. A row of the result is one
//! metric of one place; its limit comes from a budget. Where there are several samples on both
//! sides a bootstrap says how far the figures could lie apart by chance, and only a growth that is
//! beyond its limit with that in mind fails.

mod arrangement;
pub mod baseline;
pub mod budget;
mod figure_limit;
mod figure_lines;
pub mod gate_cache;
pub mod growth_causes;
pub mod judgement;
pub mod measurement;
mod noise_bootstrap;
mod noise_group;
mod note;
mod place_coverage;
pub mod power;
mod residual_picks;
mod row_draft;
mod sample_figures;
pub mod side_defects;
pub mod start_change;
pub(crate) mod unjudged_limits;

pub use figure_limit::FigureLimit;
pub(crate) use note::{GateNote, PlaceChange, SampleMatchKey};
pub use sample_figures::JOINT_SAVING;
pub use side_defects::{DefectKind, DefectPlace, GateDefect, LimitPlace, SideDefects};

use crate::study::stats::bootstrap::ConfidenceInterval;
use crate::units::{BASIS_POINTS, saturate_to_i64};
use std::collections::BTreeMap;
use std::fmt;

crate::kinds::named_values! {
    /// What a figure is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum GateScope {
        /// A whole sample.
        Total = "total",
        /// One pipeline of it.
        Pipeline = "pipeline",
        /// One step.
        Step = "step",
        /// One tool.
        Tool = "tool",
        /// One model, by the name that it is priced as.
        Model = "model",
        /// One kind of block, or one kind of call: what explains a growth.
        Cause = "cause",
        /// What a toggle would save.
        Saving = "saving",
    }
}

crate::kinds::named_values! {
    /// What is counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum GateMetric {
        /// Sessions, subagents not counted.
        Sessions = "sessions",
        /// Calls.
        Calls = "calls",
        /// Uncached input, tokens.
        Fresh = "fresh",
        /// Cache reads, tokens.
        Read = "read",
        /// Writes to the five-minute cache, tokens.
        Write5m = "write_5m",
        /// Writes to the one-hour cache, tokens.
        Write1h = "write_1h",
        /// Output, tokens; what placeholders hide is estimated.
        Output = "output",
        /// Input, cached or not, and output.
        Tokens = "tokens",
        /// Money, pico-dollars.
        Dollars = "dollars",
        /// The largest context of any call, tokens.
        PeakContext = "peak_context",
        /// The most calls that start within any minute.
        RequestsAMinute = "requests_a_minute",
        /// Uses of a tool; blocks of a kind.
        Uses = "uses",
        /// Tokens of these blocks, counted once.
        Added = "added",
        /// The same counted once for each later call that carries them.
        Carried = "carried",
    }
}

/// What a metric is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Plain counts.
    Count,
    /// Tokens.
    Tokens,
    /// Pico-dollars.
    Money,
}

impl GateScope {
    /// Whether such a place has a figure of this metric.
    #[must_use]
    pub(crate) fn has_metric(self, metric: GateMetric) -> bool {
        use GateMetric::{Added, Calls, Carried, Dollars, Read, Tokens, Uses};
        match self {
            Self::Total | Self::Pipeline | Self::Step => !matches!(metric, Uses | Added | Carried),
            Self::Tool => matches!(metric, Uses | Added | Carried),
            Self::Model => matches!(metric, Calls | Tokens | Dollars),
            Self::Cause => matches!(metric, Calls | Tokens | Uses | Added | Carried),
            Self::Saving => matches!(metric, Calls | Read | Tokens | Dollars),
        }
    }
}

impl GateMetric {
    /// What it is told in.
    #[must_use]
    pub fn unit(self) -> MetricUnit {
        match self {
            Self::Sessions | Self::Calls | Self::RequestsAMinute | Self::Uses => MetricUnit::Count,
            Self::Dollars => MetricUnit::Money,
            _ => MetricUnit::Tokens,
        }
    }
}

/// One metric of one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FigureKey {
    /// What it is about.
    pub scope: GateScope,
    /// Its name, e.g. of the step; empty for the total.
    pub name: String,
    /// What is counted.
    pub metric: GateMetric,
}

/// What was measured of one sample: one recording, or one pipeline or session of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateSample {
    /// Its name: of the recording, the pipeline or the session.
    pub name: String,
    /// The pipelines that it holds, sorted, or where nobody named one a digest of its sessions;
    /// what samples of both sides are matched by.
    pub pipelines: Vec<String>,
    /// All figures; what is not there did not happen.
    pub figures: BTreeMap<FigureKey, i128>,
}

/// One side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateSide {
    /// Its name, and where it comes from.
    pub summary: SideSummary,
    /// Its samples, in the order of their names.
    pub samples: Vec<GateSample>,
}

/// An exact mean: a sum over some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactMean {
    /// The sum, in the metric's unit.
    pub sum: i128,
    /// How many samples.
    pub count: u32,
}

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowVerdict {
    /// Beyond its limit, and not by chance: the gate says no.
    Beyond,
    /// Beyond its limit in these samples, but chance alone may do as much: passes, and says so.
    Unsure,
    /// Within its limit.
    Within,
    /// It has no limit.
    Unlimited,
    /// It has a limit, and a defect of a side leaves nothing to be said.
    Unjudged,
}

/// One metric of one place on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRow {
    /// What it is.
    pub key: FigureKey,
    /// The mean over the samples of the baseline; `None` where the place is not there.
    pub baseline: Option<ExactMean>,
    /// The same of the candidate.
    pub candidate: Option<ExactMean>,
    /// Growth as a part of the baseline, from 0; `None` where that is nothing.
    pub change: Option<f64>,
    /// Where the growth lies with the gate's confidence; `None` without several samples.
    pub interval: Option<ConfidenceInterval>,
    /// Its limit.
    pub limit: FigureLimit,
    /// What follows.
    pub verdict: RowVerdict,
}

impl ExactMean {
    /// `times` the mean, rounded half up; 0 of no samples.
    #[must_use]
    pub(crate) fn rounded_multiple(self, times: i128) -> i128 {
        let of = i128::from(self.count.max(1));
        (2 * times * self.sum + of).div_euclid(2 * of)
    }
}

/// `part` of `whole` in ten-thousandths, rounded half up; 0 of nothing.
#[must_use]
pub(crate) fn share_bp(part: i128, whole: i128) -> i64 {
    let (part, whole) = (part * whole.signum(), whole.abs());
    let scaled = 2 * part * i128::from(BASIS_POINTS) + whole;
    saturate_to_i64(scaled.div_euclid((2 * whole).max(1)))
}

/// A part of what grew, and what changed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthCause {
    /// What it is about.
    pub scope: GateScope,
    /// Its name; empty for the whole.
    pub name: String,
    /// What changed, the most telling first.
    pub changes: Vec<FigureChange>,
    /// The metric that it is a part of.
    pub metric: GateMetric,
    /// By so much, in that metric's unit.
    pub growth: i128,
    /// Of so much altogether.
    pub total_growth: i128,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureChange {
    /// What it is.
    pub subject: ChangeSubject,
    /// The mean over the samples of the baseline.
    pub from: Option<ExactMean>,
    /// The same of the candidate.
    pub to: Option<ExactMean>,
}

/// What a change is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSubject {
    /// A metric of the place.
    Metric(GateMetric),
    /// The context of a call, tokens.
    Context,
    /// A metric of one kind of calls or blocks there.
    Kind(String, GateMetric),
}

/// A toggle that would save at least a part of what grew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToggleRemedy {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How much more it saves on the candidate than on the baseline, in the metric's unit.
    pub saved_growth: i128,
    /// Of so much growth.
    pub total_growth: i128,
}

/// One side as it is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideSummary {
    /// Its name.
    pub name: String,
    /// Samples.
    pub samples: u32,
    /// Digests of its recordings, in order.
    pub digests: Vec<String>,
    /// How much is wrong with it, by kind; what is not there is sound.
    pub defects: SideDefects,
}

/// How samples of both sides were held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonDesign {
    /// One sample a side: the figures as they are, nothing is known of chance.
    Single,
    /// Each sample has its counterpart: the same pipelines on both sides.
    Paired,
    /// Samples of the same pipelines are held against each other, several a side.
    Stratified,
    /// All against all.
    Pooled,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq)]
pub struct GateResult {
    /// The one side.
    pub baseline: SideSummary,
    /// The other side.
    pub candidate: SideSummary,
    /// How they were compared.
    pub design: ComparisonDesign,
    /// Confidence of the intervals of all limited rows of one scope together, 0 to 1.
    pub confidence: f64,
    /// The rows: those with a limit, then whatever else explains; in the order of their keys.
    pub rows: Vec<GateRow>,
    /// What grew, the largest part first; empty where nothing is beyond a limit.
    pub causes: Vec<GrowthCause>,
    /// Toggles that would undo it, the best first.
    pub remedies: Vec<ToggleRemedy>,
    /// What stands against a judgement, allowed by the budget or not.
    pub defects: Vec<GateDefect>,
    /// What a reader should know: steps that came, went or were renamed, prices that changed.
    pub(crate) notes: Vec<GateNote>,
    /// What was noted when the sides were read and measured, in sentences.
    pub input_notes: Vec<String>,
}

/// What a gate comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateOutcome {
    /// The change may pass.
    Passes,
    /// It may not: a figure is beyond its limit.
    Refused,
    /// Nothing says whether it may: a side has a defect that the budget does not allow.
    NotJudged,
}

impl GateResult {
    /// What it comes to. A figure that could be judged and is beyond its limit decides.
    #[must_use]
    pub(crate) fn outcome(&self) -> GateOutcome {
        if self.rows.iter().any(|row| row.verdict == RowVerdict::Beyond) {
            // Before the defects: what could be judged is beyond its limit whatever else is wrong.
            GateOutcome::Refused
        } else if self.defects.iter().any(|defect| !defect.is_allowed()) {
            GateOutcome::NotJudged
        } else {
            GateOutcome::Passes
        }
    }
}

impl fmt::Display for GateScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for GateMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
