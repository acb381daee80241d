//! Reported routes: published tokens of agents and kinds of work, and nothing invented.
//!
//! The shape of `recorded/*.json` with the schema `windtunnel.routes/1`. A row is a route (an agent
//! woken for a kind of work, with the number of its invocations) or a bucket (tokens of which no
//! number of anything is known). Figures stay as printed ([`Figure`]). What the source does not
//! tell is an [`UnknownQuantity`]: a range with a reason, so that a result that rests on it is a
//! band. `route_reconstruction` makes calls of it for given values of the unknowns.

mod parse_queue;
mod parse_routes;
mod prompt;
mod queue;
mod route_calls;
mod route_keys;
mod route_reconstruction;
mod route_split;
mod session_growth;
mod steady_state;

pub use parse_queue::{QUEUE_SCHEMA, has_queue_tables, parse_queue_toml};
pub use queue::{DeniedActions, ReportedQueue, SignalRate};
pub(crate) use route_reconstruction::reconstruct_routes_once_more;
pub use route_reconstruction::{ReconstructedRoute, RouteReconstruction, reconstruct_routes};
pub use route_split::{Route, RoutePart};

use super::figure::{Figure, FigureSource};
use super::published_file::stated_or_assumed;
use super::reported::{Assumption, SourceDocument, StatedFigure, start_of_day_ms};
use super::unknown::UnknownQuantity;
use crate::price::DAY_MS;
use serde::Deserialize;

/// The schema that this reader understands.
pub const SCHEMA: &str = "windtunnel.routes/1";

/// The unknown that says how many days the window holds.
pub const WINDOW_DAYS: &str = "window-days";

/// What is known about some agents from published totals only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedRoutes {
    /// [`SCHEMA`].
    pub schema: String,
    /// Its name, e.g. `cockpit-2026-02`.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The days that the figures speak of.
    pub window: DayRange,
    /// The texts that the figures come from.
    pub documents: Vec<SourceDocument>,
    /// Agents that hand out work: their prompts carry digests and a snapshot of the state.
    #[serde(default)]
    pub controllers: Vec<String>,
    /// Totals of agents over all their kinds.
    #[serde(default)]
    pub totals: Vec<AgentTotal>,
    /// The routes, in the order of the source.
    pub rows: Vec<RouteRow>,
    /// The queue of requests that an agent works on, where there is one.
    #[serde(default)]
    pub queue: Option<ReportedQueue>,
    /// What is known to be wrong with how its figures were counted.
    #[serde(default)]
    pub counting_errors: Vec<CountingError>,
    /// Tables that count the tokens of some rows once more, by something else.
    #[serde(default)]
    pub views: Vec<OverlapTable>,
    /// Single figures that the text states.
    #[serde(default)]
    pub statements: Vec<StatedFigure>,
    /// Quotients that the text states.
    #[serde(default)]
    pub ratios: Vec<StatedRatio>,
    /// What the text says that a change would save.
    #[serde(default)]
    pub claims: Vec<RouteClaim>,
    /// What nobody published.
    #[serde(default)]
    pub unknowns: Vec<UnknownQuantity>,
    /// What is assumed, not published.
    #[serde(default)]
    pub assumptions: Vec<Assumption>,
}

/// The days that figures speak of, both included, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayRange {
    /// The first day.
    pub first: jiff::civil::Date,
    /// The last day.
    pub last: jiff::civil::Date,
    /// Where it was published.
    pub source: FigureSource,
}

impl DayRange {
    /// Its first and its last millisecond since the epoch.
    #[must_use]
    pub fn span_ms(&self) -> (i64, i64) {
        // The last day belongs to the window, which ends where the next day begins.
        let end = self.last.tomorrow().unwrap_or(self.last);
        (start_of_day_ms(self.first), start_of_day_ms(end))
    }
}

/// The total of an agent: its rows, and what no row names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentTotal {
    /// The agent.
    pub agent: String,
    /// Its tokens.
    pub tokens: Figure,
    /// Its invocations, where published.
    #[serde(default)]
    pub invocations: Option<Figure>,
    /// Tokens of an invocation on average, where printed.
    #[serde(default)]
    pub mean: Option<Figure>,
    /// The kind that stands for what no row names.
    pub rest: String,
    /// Where it was published.
    pub source: FigureSource,
}

/// Tokens of one route, or of one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRow {
    /// The agent, or the bucket.
    pub agent: String,
    /// The kind of work; empty where the source has no kinds.
    #[serde(default)]
    pub kind: String,
    /// Input, cached or not, and output together.
    pub tokens: Figure,
    /// How often the agent was woken, where published.
    #[serde(default)]
    pub invocations: Option<Figure>,
    /// Tokens of an invocation on average, where printed.
    #[serde(default)]
    pub mean: Option<Figure>,
    /// Where it was published.
    pub source: FigureSource,
}

impl RouteRow {
    /// Its name as a step.
    #[must_use]
    pub(crate) fn step_name(&self) -> String {
        ReportedRoutes::route_name(&self.agent, &self.kind)
    }
}

/// A table over the same tokens as some rows: nothing of it is added to them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverlapTable {
    /// Its id.
    pub id: String,
    /// The kind whose rows, of all agents, it counts once more.
    pub kind: String,
    /// The name for what no row of it names.
    pub rest: String,
    /// Its rows.
    pub rows: Vec<OverlapRow>,
    /// Which agent has how many of them: unknowns, one for each place that is not the largest.
    #[serde(default)]
    pub split: Vec<OverlapSplit>,
    /// Where it was published.
    pub source: FigureSource,
}

/// A known error of the program that counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountingError {
    /// Its id.
    pub id: String,
    /// What goes wrong, and which way.
    pub text: String,
    /// Where it was found.
    pub source: FigureSource,
}

/// A row of a table over other rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverlapRow {
    /// What woke the agent, e.g. `TASK_COMPLETE:STATUS`.
    pub name: String,
    /// Tokens.
    pub tokens: Figure,
    /// Invocations.
    pub invocations: Figure,
}

/// How many invocations of an agent a row of an [`OverlapTable`] holds: an unknown says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverlapSplit {
    /// The agent.
    pub agent: String,
    /// The row's name, or that of the rest.
    pub name: String,
    /// The id of the unknown.
    pub unknown: String,
}

/// A quotient of two stated figures, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedRatio {
    /// The quotient, e.g. `3.09`.
    pub printed: String,
    /// The id of the statement that is divided.
    pub of: String,
    /// The id of the statement that it is divided by.
    pub by: String,
    /// Where it was published.
    pub source: FigureSource,
}

/// What a text says about a change: a number, a direction, or neither.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteClaim {
    /// Its id.
    pub id: String,
    /// The toggles that should save it.
    pub toggles: Vec<String>,
    /// What it says, in a few words.
    pub text: String,
    /// The saving, where a number is printed: tokens, or a share of what it speaks of.
    #[serde(default)]
    pub saving: Option<Figure>,
    /// Whether it says only that tokens fall.
    #[serde(default)]
    pub falls: bool,
    /// The agent that it speaks of; empty for all.
    #[serde(default)]
    pub agent: String,
    /// The kind that it speaks of; empty for all.
    #[serde(default)]
    pub kind: String,
    /// Where it was published.
    pub source: FigureSource,
}

/// Routes that cannot be made into calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutesError {
    /// Something that the calls rest on is neither stated nor assumed nor an unknown.
    #[error("{name}: neither `unknowns` nor `statements` nor `assumptions` hold `{id}`")]
    Missing {
        /// The routes.
        name: String,
        /// What is missing.
        id: String,
    },
    /// A table over other rows has more than they have.
    #[error("{name}: `{view}` leaves {left} for {what} of {agent}")]
    Overfull {
        /// The routes.
        name: String,
        /// The table.
        view: String,
        /// The agent.
        agent: String,
        /// Tokens or invocations.
        what: &'static str,
        /// What would be left: less than nothing, or too little.
        left: i64,
    },
}

impl ReportedRoutes {
    /// The modes of all unknowns, in their order.
    #[must_use]
    pub fn modes_of_unknowns(&self) -> Vec<i64> {
        self.unknowns.iter().map(|unknown| unknown.mode).collect()
    }

    /// A figure that the text states, or else an assumption's value.
    #[must_use]
    pub(crate) fn stated_or_assumed(&self, id: &str) -> Option<Figure> {
        stated_or_assumed(&self.statements, &self.assumptions, id)
    }

    /// What its tokens are, where that is assumed: which classes they hold.
    #[must_use]
    pub(crate) fn token_classes(&self) -> Option<&Assumption> {
        self.assumptions.iter().find(|assumed| assumed.id == "token-classes")
    }

    /// The rows that a claim or a table speaks of: an empty name stands for any.
    pub(crate) fn matching_rows<'a>(
        &'a self,
        agent: &'a str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a RouteRow> + 'a {
        self.rows.iter().filter(move |row| {
            (agent.is_empty() || row.agent == agent) && (kind.is_empty() || row.kind == kind)
        })
    }

    /// Whether an agent hands out work.
    #[must_use]
    pub(crate) fn is_controller(&self, agent: &str) -> bool {
        self.controllers.iter().any(|known| known == agent)
    }

    /// The name of a route as a step.
    #[must_use]
    pub fn route_name(agent: &str, kind: &str) -> String {
        if kind.is_empty() { agent.to_owned() } else { format!("{agent}/{kind}") }
    }
}

/// The values of the unknowns, by id.
#[derive(Clone, Copy, Debug)]
struct UnknownValues<'a> {
    routes: &'a ReportedRoutes,
    values: &'a [i64],
}

impl UnknownValues<'_> {
    /// The first and the last millisecond of the window. Where the source does not say how many of
    /// its days it holds, an unknown does: the first ones.
    fn window_ms(&self) -> (i64, i64) {
        let (start_ms, end_ms) = self.routes.window.span_ms();
        self.get(WINDOW_DAYS)
            .map_or((start_ms, end_ms), |days| (start_ms, start_ms + days * DAY_MS))
    }

    /// An unknown, or else a stated or assumed figure.
    fn get(&self, id: &str) -> Result<i64, RoutesError> {
        let routes = self.routes;
        let at = routes.unknowns.iter().position(|unknown| unknown.id == id);
        let value = at.and_then(|at| self.values.get(at)).copied();
        // What the source leaves open has values of its own; all else it states or assumes.
        let value = value.or_else(|| routes.stated_or_assumed(id).map(|figure| figure.value()));
        value.ok_or_else(|| RoutesError::Missing { name: routes.name.clone(), id: id.to_owned() })
    }
}
