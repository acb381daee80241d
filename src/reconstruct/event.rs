//! Events of a reported pipeline: what is known to have happened in its sessions.

use super::call_tally::CallTally;
use super::figure::{Figure, FigureSource, OpenFigure};
use serde::Deserialize;

/// How a test run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestRunResult {
    /// It died on its environment before a test ran.
    Aborted,
    /// Some tests failed.
    Failed,
    /// All tests passed.
    Passed,
}

/// Something that happened at a known or assumed place. `at` is the share of a session's calls
/// made before it, and an assumption; `why` is its reason.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReportedEvent {
    /// Every session from a step on reads the plan file first.
    PlanRead {
        /// The first step that does.
        from_step: String,
        /// Characters of the plan file.
        chars: Figure,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
    /// Responses without a tool use.
    Narration {
        /// Its session.
        session: String,
        /// Those with text.
        text_only: Figure,
        /// Those with thinking.
        thinking_only: Figure,
        /// Tool calls that directly follow such a response.
        before_tool: Figure,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
    /// A subagent's report enters the context.
    Report {
        /// Its session.
        session: String,
        /// Its characters.
        chars: OpenFigure,
        /// Where.
        at: OpenFigure,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
    /// The same edit at many places, one after another.
    EditSites {
        /// Its session.
        session: String,
        /// How many places.
        sites: Figure,
        /// Published calls at each.
        calls_a_site: CallTally,
        /// Where the middle of them stands.
        at: OpenFigure,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
    /// A file read again and again. Where the session has edit sites, these are their reads.
    FileReads {
        /// Its session.
        session: String,
        /// The file.
        file: String,
        /// How often.
        times: Figure,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
    /// A run of the whole test suite.
    TestRun {
        /// Its session.
        session: String,
        /// How it ended.
        result: TestRunResult,
        /// Failed tests, where published.
        #[serde(default)]
        failures: Option<Figure>,
        /// Characters of its output, where published.
        #[serde(default)]
        chars: Option<OpenFigure>,
        /// Where.
        at: OpenFigure,
        /// Calls that looked whether it had ended.
        #[serde(default)]
        polls: Option<CallTally>,
        /// The unknown that says which run of the session they looked at, counted from 1; where
        /// nothing is drawn it is this one.
        #[serde(default)]
        polled_run: Option<String>,
        /// Whether its failures are said to pass when they run alone.
        #[serde(default)]
        passes_alone: bool,
        /// Where this was published.
        source: FigureSource,
        /// Why it stands where it stands.
        why: String,
    },
}

impl ReportedEvent {
    /// The session that it happened in; `None` for an event of many sessions.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Self::PlanRead { .. } => None,
            Self::Narration { session, .. }
            | Self::Report { session, .. }
            | Self::EditSites { session, .. }
            | Self::FileReads { session, .. }
            | Self::TestRun { session, .. } => Some(session),
        }
    }

    /// The same, to be changed.
    pub(super) fn session_id_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::PlanRead { .. } => None,
            Self::Narration { session, .. }
            | Self::Report { session, .. }
            | Self::EditSites { session, .. }
            | Self::FileReads { session, .. }
            | Self::TestRun { session, .. } => Some(session),
        }
    }

    /// Its figures that may be open.
    pub(super) fn open_figures(&mut self) -> Vec<&mut OpenFigure> {
        match self {
            Self::Report { chars, at, .. } => vec![chars, at],
            Self::EditSites { at, .. } => vec![at],
            Self::TestRun { chars, at, .. } => chars.iter_mut().chain([at]).collect(),
            Self::PlanRead { .. } | Self::Narration { .. } | Self::FileReads { .. } => Vec::new(),
        }
    }

    /// The unknown that says which run its polls looked at.
    pub(super) fn polled_run(&self) -> Option<&str> {
        match self {
            Self::TestRun { polled_run, .. } => polled_run.as_deref(),
            _ => None,
        }
    }

    /// Whether it is a test run that died on its environment.
    pub(super) fn is_aborted_run(&self) -> bool {
        matches!(self, Self::TestRun { result: TestRunResult::Aborted, .. })
    }
}
