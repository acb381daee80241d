//! Which invocations there were: rows, what totals leave beside them, and tables over them.

use super::super::figure::Figure;
use super::{OverlapTable, ReportedRoutes, RoutesError, UnknownValues};
use crate::units::scale_by_ratio;

/// A route whose tokens are known: its invocations, or one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The agent, or the bucket.
    pub agent: String,
    /// The kind of work.
    pub kind: String,
    /// Its tokens by what woke the agent; one nameless part where nothing is known about that.
    pub parts: Vec<RoutePart>,
    /// Whether no number of invocations is known.
    pub is_bucket: bool,
}

/// Invocations of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutePart {
    /// The source; empty if unknown.
    pub source: String,
    /// Tokens.
    pub tokens: i64,
    /// Invocations; 1 for a bucket.
    pub invocations: i64,
}

impl Route {
    /// Its tokens.
    #[must_use]
    pub fn total_tokens(&self) -> i64 {
        self.parts.iter().map(|part| part.tokens).sum()
    }

    /// Its invocations; 1 for a bucket.
    #[must_use]
    pub fn total_invocations(&self) -> i64 {
        self.parts.iter().map(|part| part.invocations).sum()
    }
}

/// All routes: the rows, each agent's followed by what its total leaves.
pub(crate) fn list_routes(values: &UnknownValues) -> Result<Vec<Route>, RoutesError> {
    let routes = values.routes;
    let mut all = Vec::new();
    for (at, row) in routes.rows.iter().enumerate() {
        let invocations = row.invocations.as_ref().map(Figure::value);
        all.push(route_without_sources(&row.agent, &row.kind, row.tokens.value(), invocations));
        // What an agent's total leaves beside its rows stands behind the last of them.
        let is_last = routes.rows[at + 1..].iter().all(|other| other.agent != row.agent);
        all.extend(remaining_route(routes, &row.agent).filter(|_| is_last));
    }
    for view in &routes.views {
        split_by_source(values, view, &mut all)?;
    }
    Ok(all)
}

fn route_without_sources(agent: &str, kind: &str, tokens: i64, invocations: Option<i64>) -> Route {
    // Nobody says how many runs a bucket holds: it counts as one.
    let part = RoutePart { source: String::new(), tokens, invocations: invocations.unwrap_or(1) };
    Route {
        agent: agent.to_owned(),
        kind: kind.to_owned(),
        parts: vec![part],
        is_bucket: invocations.is_none(),
    }
}

/// What an agent's total leaves beside its rows. A rest of tokens without invocations is a bucket.
fn remaining_route(routes: &ReportedRoutes, agent: &str) -> Option<Route> {
    let total = routes.totals.iter().find(|total| total.agent == agent)?;
    let mut tokens = total.tokens.value();
    let mut invocations = total.invocations.as_ref().map_or(0, Figure::value);
    for row in routes.matching_rows(agent, "") {
        tokens -= row.tokens.value();
        invocations -= row.invocations.as_ref().map_or(0, Figure::value);
    }
    // Without a number of invocations the rest is a bucket too.
    let invocations = (invocations > 0).then_some(invocations);
    (tokens > 0).then(|| route_without_sources(agent, &total.rest, tokens, invocations))
}

/// Gives the invocations of some routes their sources. The margins, tokens and invocations of each
/// agent and of each source, are met exactly; the places between them are the unknowns.
fn split_by_source(
    values: &UnknownValues,
    view: &OverlapTable,
    all: &mut [Route],
) -> Result<(), RoutesError> {
    let mut own: Vec<&mut Route> =
        all.iter_mut().filter(|route| route.kind == view.kind && !route.is_bucket).collect();
    // The largest route takes what the others leave.
    own.sort_by_key(|route| std::cmp::Reverse(route.total_tokens()));
    let mut left = source_margins(view, &own);
    let Some((first, others)) = own.split_first_mut() else { return Ok(()) };
    for route in others {
        let mut parts = Vec::new();
        let (mut tokens, mut invocations) = (route.total_tokens(), route.total_invocations());
        // Every source but the largest, which takes what is left of this route.
        for part in &left[1..] {
            // The unknown asks for some invocations; a route keeps at least one for the largest
            // source, and tokens follow the source's own mean.
            let asked = view.split.iter().find(|s| s.agent == route.agent && s.name == part.source);
            let asked = asked.map_or(Ok(0), |split| values.get(&split.unknown))?;
            let count = asked.min(part.invocations).min(invocations - 1).max(0);
            let each = scale_by_ratio(part.tokens, count, part.invocations).min(tokens - 1);
            (tokens, invocations) = (tokens - each, invocations - count);
            let source = part.source.clone();
            parts.push(RoutePart { source, tokens: each, invocations: count });
        }
        parts.insert(0, RoutePart { source: left[0].source.clone(), tokens, invocations });
        for (margin, part) in left.iter_mut().zip(&parts) {
            margin.tokens -= part.tokens;
            margin.invocations -= part.invocations;
        }
        parts.retain(|part| part.invocations > 0);
        route.parts = parts;
    }
    // What the others left must be something that the largest route can have: no less than no
    // invocations, and a token for each of them.
    for part in &left {
        let (what, left) = if part.invocations < 0 {
            ("invocations", part.invocations)
        } else if part.tokens < part.invocations || (part.invocations == 0 && part.tokens > 0) {
            ("tokens", part.tokens)
        } else {
            continue;
        };
        return Err(RoutesError::Overfull {
            name: values.routes.name.clone(),
            view: view.id.clone(),
            agent: first.agent.clone(),
            what,
            left,
        });
    }
    left.retain(|part| part.invocations > 0);
    first.parts = left;
    Ok(())
}

/// The sources over all agents, the largest first, and what they leave.
fn source_margins(view: &OverlapTable, own: &[&mut Route]) -> Vec<RoutePart> {
    let mut tokens: i64 = own.iter().map(|route| route.total_tokens()).sum();
    let mut invocations: i64 = own.iter().map(|route| route.total_invocations()).sum();
    let mut parts = Vec::with_capacity(view.rows.len() + 1);
    for row in &view.rows {
        let (source, row_tokens) = (row.name.clone(), row.tokens.value());
        let row_invocations = row.invocations.value();
        parts.push(RoutePart { source, tokens: row_tokens, invocations: row_invocations });
        tokens -= row_tokens;
        invocations -= row_invocations;
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.tokens));
    // What no row of the table names comes last, whatever its size: it is no source by itself.
    if tokens != 0 || invocations != 0 {
        parts.push(RoutePart { source: view.rest.clone(), tokens, invocations });
    }
    parts
}
