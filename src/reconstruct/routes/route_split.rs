//! Which invocations there were: rows, what totals leave beside them, and tables over them.

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
pub fn list_routes(values: &UnknownValues) -> Result<Vec<Route>, RoutesError> {
    let routes = values.routes;
    let mut all = Vec::new();
    for (at, row) in routes.rows.iter().enumerate() {
        let invocations = row.invocations.as_ref().map(super::Figure::value);
        all.push(route_without_sources(&row.agent, &row.kind, row.tokens.value(), invocations));
        let is_last = routes.rows[at + 1..].iter().all(|other| other.agent != row.agent);
        all.extend(remaining_route(routes, &row.agent).filter(|_| is_last));
    }
    for view in &routes.views {
        split_by_source(values, view, &mut all)?;
    }
    Ok(all)
}

fn route_without_sources(agent: &str, kind: &str, tokens: i64, invocations: Option<i64>) -> Route {
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
    let rows = || routes.matching_rows(agent, "");
    let tokens = total.tokens.value() - rows().map(|row| row.tokens.value()).sum::<i64>();
    let counted = |row: &super::RouteRow| row.invocations.as_ref().map_or(0, super::Figure::value);
    let left = |all: &super::Figure| all.value() - rows().map(counted).sum::<i64>();
    let invocations = total.invocations.as_ref().map(left).filter(|&left| left > 0);
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
    let overfull = |what, left| RoutesError::Overfull {
        name: values.routes.name.clone(),
        view: view.id.clone(),
        agent: first.agent.clone(),
        what,
        left,
    };
    for part in &left {
        if part.invocations < 0 {
            return Err(overfull("invocations", part.invocations));
        }
        if part.tokens < part.invocations || (part.invocations == 0 && part.tokens > 0) {
            return Err(overfull("tokens", part.tokens));
        }
    }
    left.retain(|part| part.invocations > 0);
    first.parts = left;
    Ok(())
}

/// The sources over all agents, the largest first, and what they leave.
fn source_margins(view: &OverlapTable, own: &[&mut Route]) -> Vec<RoutePart> {
    let part = |row: &super::OverlapRow| RoutePart {
        source: row.name.clone(),
        tokens: row.tokens.value(),
        invocations: row.invocations.value(),
    };
    let mut parts: Vec<RoutePart> = view.rows.iter().map(part).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.tokens));
    let sum = |of: fn(&RoutePart) -> i64| parts.iter().map(of).sum::<i64>();
    let tokens =
        own.iter().map(|route| route.total_tokens()).sum::<i64>() - sum(|part| part.tokens);
    let invocations = own.iter().map(|route| route.total_invocations()).sum::<i64>()
        - sum(|part| part.invocations);
    if tokens != 0 || invocations != 0 {
        parts.push(RoutePart { source: view.rest.clone(), tokens, invocations });
    }
    parts
}
