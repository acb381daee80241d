//! What a check finds: which check it was, its verdict, and the figures behind it with their units.

use crate::kinds::named_values;
use crate::reconstruct::figure::{Figure, FigureUnit};
use serde::Serialize;

named_values! {
    /// How bad a finding is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FindingSeverity {
        /// Cannot be.
        Error = "error",
        /// Contradicts another figure of the same text.
        Warning = "warning",
        /// Holds, or is worth knowing.
        Info = "info",
    }
}

impl FindingSeverity {
    /// A note where a check holds, else a contradiction.
    pub(super) fn warning_unless(holds: bool) -> Self {
        if holds { Self::Info } else { Self::Warning }
    }

    /// A note where a check holds, else something that cannot be.
    pub(super) fn error_unless(holds: bool) -> Self {
        if holds { Self::Info } else { Self::Error }
    }
}

/// An amount in its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FigureAmount {
    Tokens(i64),
    /// Tokens of an exact table: every digit counts, because others are subtracted from them.
    ExactTokens(i64),
    Characters(i64),
    Count(i64),
    /// Ten-thousandths.
    Share(i64),
    /// Milliseconds.
    Duration(i64),
    /// A number without a unit: so many of `10^-places`.
    Decimal {
        scaled: i64,
        places: u32,
    },
    /// What a figure is of: a step, a session, an agent.
    Name(String),
}

/// A figure of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FindingFigure {
    /// What it is, as formulas and sentences call it; several of one name are a list.
    pub name: &'static str,
    /// How much it is.
    pub amount: FigureAmount,
    /// How its source prints it; `None` of what was computed.
    pub printed: Option<String>,
}

impl FindingFigure {
    /// Its number, whatever its unit; `None` of a name.
    pub(crate) fn number(&self) -> Option<i64> {
        match self.amount {
            FigureAmount::Tokens(n)
            | FigureAmount::ExactTokens(n)
            | FigureAmount::Characters(n)
            | FigureAmount::Count(n)
            | FigureAmount::Share(n)
            | FigureAmount::Duration(n) => Some(n),
            FigureAmount::Decimal { scaled, .. } => Some(scaled),
            FigureAmount::Name(_) => None,
        }
    }
}

/// One thing that the audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// A stable id in kebab case.
    pub id: String,
    /// Which check it is.
    pub(crate) check: AuditCheck,
    /// How bad it is.
    pub severity: FindingSeverity,
    /// The figures that it was computed from, and the results.
    pub(crate) figures: Vec<FindingFigure>,
    /// The same for each of several sessions, steps, factors or routes.
    pub(crate) rows: Vec<Vec<FindingFigure>>,
}

impl AuditFinding {
    pub(crate) fn new(
        id: impl Into<String>,
        check: AuditCheck,
        severity: FindingSeverity,
        figures: Vec<FindingFigure>,
    ) -> Self {
        Self { id: id.into(), check, severity, figures, rows: Vec::new() }
    }

    pub(super) fn with_rows(self, rows: Vec<Vec<FindingFigure>>) -> Self {
        Self { rows, ..self }
    }
}

fn computed(name: &'static str, amount: FigureAmount) -> FindingFigure {
    FindingFigure { name, amount, printed: None }
}

pub(crate) fn tokens(name: &'static str, amount: i64) -> FindingFigure {
    computed(name, FigureAmount::Tokens(amount))
}

pub(super) fn exact_tokens(name: &'static str, amount: i64) -> FindingFigure {
    computed(name, FigureAmount::ExactTokens(amount))
}

pub(super) fn characters(name: &'static str, amount: i64) -> FindingFigure {
    computed(name, FigureAmount::Characters(amount))
}

pub(crate) fn count(name: &'static str, amount: impl TryInto<i64>) -> FindingFigure {
    computed(name, FigureAmount::Count(amount.try_into().unwrap_or(i64::MAX)))
}

/// A share in ten-thousandths.
pub(crate) fn share(name: &'static str, basis_points: i64) -> FindingFigure {
    computed(name, FigureAmount::Share(basis_points))
}

pub(crate) fn decimal(name: &'static str, scaled: i64, places: u32) -> FindingFigure {
    computed(name, FigureAmount::Decimal { scaled, places })
}

pub(super) fn duration(name: &'static str, milliseconds: i64) -> FindingFigure {
    computed(name, FigureAmount::Duration(milliseconds))
}

/// What other figures are of.
pub(super) fn label(name: &'static str, words: &str) -> FindingFigure {
    computed(name, FigureAmount::Name(words.to_owned()))
}

/// A figure of the source, with the words that it has there.
pub(super) fn stated(name: &'static str, figure: &Figure) -> FindingFigure {
    let printed = Some(figure.text.clone());
    FindingFigure { printed, ..in_unit_of(name, figure, figure.value()) }
}

/// A number of things of the source, with the words that it has there.
pub(super) fn stated_count(name: &'static str, figure: &Figure) -> FindingFigure {
    FindingFigure { printed: Some(figure.text.clone()), ..count(name, figure.value()) }
}

/// A computed value in the unit of a figure of the source.
pub(super) fn in_unit_of(name: &'static str, figure: &Figure, value: i64) -> FindingFigure {
    match figure.unit {
        FigureUnit::Time => duration(name, value),
        FigureUnit::Share => share(name, value),
        // A figure in no other unit is of tokens; numbers of things are `stated_count`.
        FigureUnit::Count => tokens(name, value),
    }
}

/// Which check a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuditCheck {
    // What a call can be.
    LensImpossible,
    ReadsBelowStart,
    GrowthExponents,
    ImplementContext,
    MeanContext,
    RecordsPerCall,
    KnownRecordsPerCall,
    FittedCalls,
    CacheTier,
    PollCycles,
    // Tables against their totals.
    ColumnTotal,
    InventorySum,
    InventoryAgrees,
    ExcludedSession,
    OrchestratorShare,
    OrchestratorUnit,
    CrashRecords,
    CrashClusters,
    CrashFingerprints,
    Dispatches,
    OrderAsTold,
    CallKinds,
    // Single claims.
    ClaimProduct,
    NonToolTurns,
    ReportTokens,
    TestOutput,
    RoundTrips,
    PollsLeft,
    ClaimedAttribution,
    ClaimedRecords,
    ClaimedEach,
    ClaimedCharacters,
    ClaimedAlone,
    NothingClaimed,
    // Combined claims.
    CombinedCalls,
    CombinedSum,
    CombinedSteps,
    CombinedShare,
    // Reported routes.
    PrintedMean,
    RouteMeans,
    RouteTotal,
    AgentRemainder,
    BucketTotal,
    SourcesOfOthers,
    UnlistedSources,
    SourceCeiling,
    DuplicateAgent,
    CountingError,
    TokenClasses,
    FewestCalls,
    TokensPerEvent,
    PostedShare,
    PrintedRatio,
    ClaimedDirection,
    ClaimedWithoutNumber,
    Unknowns,
    // Recorded transcripts.
    RecordsAsCalls,
    OutputPlaceholders,
    UnexplainedReads,
    UnattributedGrowth,
}

impl AuditCheck {
    /// Its name, in kebab case.
    pub(crate) fn name(self) -> String {
        // The derived name is the one that files have had; an enum without data is a string.
        let name = serde_json::to_value(self).ok();
        name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What is computed and held against what, in the names of the figures; empty where a finding
    /// only repeats what its source says.
    pub(crate) fn formula(self) -> &'static str {
        match self {
            Self::LensImpossible
            | Self::ClaimedAlone
            | Self::ClaimedCharacters
            | Self::NothingClaimed
            | Self::ClaimedDirection
            | Self::CountingError
            | Self::TokenClasses
            | Self::ClaimedWithoutNumber
            | Self::Unknowns => "",
            Self::ReadsBelowStart => "each row: mean = read / calls; holds if mean >= start",
            Self::GrowthExponents => "each row: holds if exponent <= limit",
            Self::ImplementContext => "mean = read / calls; holds if within stated / 20 of stated",
            Self::MeanContext => {
                "low to high = calls * stated; mean_published = read / published; mean_fitted = \
                 read / fitted"
            }
            Self::RecordsPerCall => "factor = raw / total",
            Self::KnownRecordsPerCall => "each row: factor = records / calls",
            Self::FittedCalls => {
                "ordinary = rows whose exponent is real; holds if ordinary = sessions"
            }
            Self::CacheTier => "rewritten = runs * mean; holds if rewritten > written",
            Self::PollCycles => "each = polls * sleep; cycles = polls / 3 * sleep",
            Self::ColumnTotal => "sum = sum of cells; off = |sum - total|; holds if off <= slack",
            Self::InventorySum => "sum = sum of cells; off = |sum - step|; holds if off <= slack",
            Self::InventoryAgrees => "each row: sum within rounding of step",
            Self::ExcludedSession => "with = total + read",
            Self::OrchestratorShare => "sum = total + attributed; missing = attributed / sum",
            Self::OrchestratorUnit => {
                "counted = calls / median; most = counted * last; reads = read / median; \
                 attributed = share * reads; missing = attributed / sum; contradicted if \
                 read > most"
            }
            Self::CrashRecords => "records = reuse + orphans; orphans = 3 * triplets",
            Self::CrashClusters => "groups = sum of placed; told = reports in these sessions",
            Self::CrashFingerprints => {
                "looks = milliseconds / snapshots; holds if orphans = triplets * in_group"
            }
            Self::Dispatches => "told = sessions of both orders; holds if dispatches = told",
            Self::OrderAsTold => "rows = sessions told step by step; later = finished - told",
            Self::CallKinds => {
                "calls = tools + text_only + thinking; tools = before + after_tool + 1"
            }
            Self::ClaimProduct => {
                "product = product of (from - to) over rows; holds if within a tenth of claimed"
            }
            Self::NonToolTurns => "all = turns * context; left = (turns - stay) * context",
            Self::ReportTokens => {
                "low, high = chars * rate / 1000; total = tokens * calls; holds if low <= stated"
            }
            Self::TestOutput => {
                "printed = characters of (runs - aborted); needed = claimed / tokens; holds if \
                 printed >= stated"
            }
            Self::RoundTrips => {
                "each = claimed / trips; mean = read / calls; holds if each <= mean"
            }
            Self::PollsLeft => "left = polls - gone; product = left * context",
            Self::ClaimedAttribution => "attributed = share * read",
            Self::ClaimedRecords => "left = records - orphans",
            Self::ClaimedEach => "each = claimed / count",
            Self::CombinedCalls => "left = from - sum of fewer; holds if within a tenth of to",
            Self::CombinedSum => {
                "saved = sum of savings; left = from - saved; holds if to has left"
            }
            Self::CombinedSteps => {
                "left = whole - sum of (from - to) over rows; holds if to has left"
            }
            Self::CombinedShare => "low = 1 - high_left / from; high = 1 - low_left / from",
            Self::PrintedMean => "mean = tokens / invocations; holds if printed has mean",
            Self::RouteMeans => "each row: mean = tokens / invocations",
            Self::RouteTotal => "tokens, invocations = sums over routes",
            Self::AgentRemainder => "left = total - sum of rows; left_count = all - woken",
            Self::BucketTotal => {
                "sum = sum of buckets; off = |sum - stated|; holds if off <= slack"
            }
            Self::SourcesOfOthers => "beyond = listed - own; holds if beyond <= 0",
            Self::UnlistedSources => "left = all - listed; holds if left >= 0",
            Self::SourceCeiling => "part = most / all",
            Self::DuplicateAgent => "invocations = own + others; part = most / whole",
            Self::FewestCalls => "each row: calls = tokens / (window * invocations)",
            Self::TokensPerEvent => "each = tokens / events",
            Self::PostedShare => "part = posted / candidates",
            Self::PrintedRatio => "quotient = dividend / divisor; holds if printed = quotient",
            Self::RecordsAsCalls => "factor = naive / counted",
            Self::OutputPlaceholders => "hidden = estimated output beyond the recorded one",
            Self::UnexplainedReads => "lost = context - fresh - read, over evicted calls",
            Self::UnattributedGrowth => "part = hidden / all",
        }
    }
}
