//! What stands against a judgement: parts of a side that are lost, empty, without a price or
//! without a time to be trusted, and limits without a figure.
//!
//! A defect makes a pipeline look cheaper than it is, or its baseline dearer. So the limits that it
//! touches are not judged, and the gate does not pass, unless the budget allows so many of its kind
//! (`[allow]`).

use super::{GateMetric, GateScope};
use crate::kinds::named_values;
use crate::price::Pricing;
use crate::price::coverage::PriceCoverage;
use crate::recording::{CallsWithoutTimes, Recording};
use std::collections::BTreeMap;

named_values! {
    /// What is wrong with what a gate is given.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum DefectKind {
        /// Lines, files and folders of a side that are lost.
        Damaged = "damaged",
        /// Recordings of a side without any call or bill.
        Empty = "empty",
        /// Calls and bills of a side without a price.
        Unpriced = "unpriced",
        /// Calls of a side whose times were filled in, because theirs cannot be.
        Filled = "filled",
        /// Calls of a side whose source tells no times.
        Untimed = "untimed",
        /// Limits of which neither side has the figure.
        Unmeasured = "unmeasured",
    }
}

/// How much is wrong with a side, by kind.
pub type SideDefects = BTreeMap<DefectKind, u64>;

/// One thing that stands against a judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateDefect {
    /// What it is.
    pub kind: DefectKind,
    /// Where it is.
    pub place: DefectPlace,
    /// How many lines and files, recordings, calls or limits.
    pub count: u64,
    /// How many of them the budget allows.
    pub allowed: u64,
}

/// Where a defect is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectPlace {
    /// What is held against.
    Baseline,
    /// What changed.
    Candidate,
    /// These limits.
    Limits(Vec<LimitPlace>),
}

/// What a limit is for that neither side has a figure of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitPlace {
    /// Its scope.
    pub scope: GateScope,
    /// A place of it; `None` for every one.
    pub name: Option<String>,
    /// Its metric.
    pub metric: GateMetric,
    /// The place of the sides that has nearly this name, if there is one.
    pub near: Option<String>,
    /// The places that the sides have in this scope.
    pub known: Vec<String>,
}

impl GateDefect {
    /// Whether the budget lets it pass.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.count <= self.allowed
    }
}

impl DefectKind {
    /// Whether nothing at all can be said of a side that has it.
    pub(super) fn is_fatal(self) -> bool {
        matches!(self, Self::Damaged | Self::Empty)
    }

    /// Whether a figure of this metric says nothing where a side has such a defect.
    pub(super) fn touches(self, metric: GateMetric) -> bool {
        match self {
            Self::Damaged | Self::Empty | Self::Unmeasured => true,
            Self::Unpriced => metric == GateMetric::Dollars,
            Self::Untimed => metric == GateMetric::RequestsAMinute,
            // What a cache still holds depends on the time since the call before.
            Self::Filled => matches!(
                metric,
                GateMetric::RequestsAMinute
                    | GateMetric::Fresh
                    | GateMetric::Read
                    | GateMetric::Write5m
                    | GateMetric::Write1h
                    | GateMetric::Dollars
            ),
        }
    }

    /// Whether what the budget allows of it is judged like everything else. Dollars without a
    /// price and limits without a figure stay unjudged, and only do not stop the gate.
    pub(super) fn is_judged_where_allowed(self) -> bool {
        !matches!(self, Self::Unpriced | Self::Unmeasured)
    }
}

/// What is wrong with a recording under some prices.
#[must_use]
pub(crate) fn defects_of_recording(recording: &Recording, pricing: &Pricing) -> SideDefects {
    let is_empty = recording.calls.is_empty() && recording.remainders.is_empty();
    let coverage = PriceCoverage::of_recording(recording, pricing);
    // A bill without calls counts as one.
    let unpriced = [coverage.unpriced, coverage.unclassed].map(|part| match part.calls {
        0 => i64::from(part.tokens > 0),
        calls => calls,
    });
    let CallsWithoutTimes { filled, untimed } = recording.calls_without_times();
    let counts = [
        (DefectKind::Damaged, recording.skips.map_or(0, |skips| skips.damage)),
        (DefectKind::Empty, u64::from(is_empty)),
        (DefectKind::Unpriced, unpriced.iter().sum::<i64>().unsigned_abs()),
        (DefectKind::Filled, filled),
        (DefectKind::Untimed, untimed),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Adds what is wrong with another part of a side.
pub(crate) fn add_defects(side: &mut SideDefects, more: SideDefects) {
    for (kind, count) in more {
        let sum = side.entry(kind).or_default();
        *sum = sum.saturating_add(count);
    }
}
