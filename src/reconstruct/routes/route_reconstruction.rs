//! Routes laid out as calls, for given values of the unknowns.
//!
//! Each route's tokens are shared evenly among the invocations of a source, and the sources of a
//! route follow each other as evenly as their numbers allow. A session holds
//! invocations of one route; the routes of an agent follow each other in time, agents run side by
//! side. Consecutive invocations belong to one root until the next one's turn comes.

use super::prompt::AgentPrompts;
use super::route_calls::{self, CallClock, EvenPicker, RouteInvocation};
use super::route_split::{self, Route};
use super::session_growth::{self, GrowthTarget, SessionContexts};
use super::{ReportedRoutes, RoutesError, UnknownValues};
use crate::recording::{Packet, Recording, RecordingBuilder, SpareMemory};
use crate::units::apportion;

/// Routes as calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteReconstruction {
    /// The calls.
    pub recording: Recording,
    /// The routes, in their order.
    pub routes: Vec<ReconstructedRoute>,
}

/// How a route was laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconstructedRoute {
    /// What is known about it.
    pub route: Route,
    /// Its sessions.
    pub sessions: i64,
    /// Its calls.
    pub calls: i64,
    /// Compactions in its sessions.
    pub compactions: i64,
}

/// Lays out reported routes; `values` are those of the unknowns, in their order.
///
/// # Errors
/// Something that is neither stated nor an unknown, or tables that do not fit each other.
pub fn reconstruct_routes(
    routes: &ReportedRoutes,
    values: &[i64],
) -> Result<RouteReconstruction, RoutesError> {
    reconstruct_routes_once_more(routes, values, &mut SpareMemory::default())
}

/// The same in the memory of a recording that nobody needs any more.
///
/// # Errors
/// As [`reconstruct_routes`].
pub(crate) fn reconstruct_routes_once_more(
    routes: &ReportedRoutes,
    values: &[i64],
    spare: &mut SpareMemory,
) -> Result<RouteReconstruction, RoutesError> {
    let values = UnknownValues { routes, values };
    let mut agents: Vec<AgentRoutes> = Vec::new();
    let mut order = Vec::new();
    for route in route_split::list_routes(&values)? {
        let known = agents.iter().position(|agent| agent.name == route.agent);
        let at = match known {
            Some(at) => at,
            None => {
                agents.push(AgentRoutes::for_route(&values, &route)?);
                agents.len() - 1
            }
        };
        order.push((at, agents[at].routes.len()));
        let grown = agents[at].grow_sessions(&values, &route)?;
        agents[at].routes.push((route, grown));
    }
    let mut builder = RecordingBuilder::in_memory_of(spare, &routes.name, "routes");
    for agent in &mut agents {
        agent.push_sessions(&values, &mut builder)?;
    }
    // Agents were pushed one after the other; the routes are told in the order of the source.
    let mut reconstructed = Vec::with_capacity(order.len());
    for (agent, at) in order {
        let (route, sessions) = &agents[agent].routes[at];
        // A bucket is a call, although no session was grown for it.
        let mut calls = i64::from(route.is_bucket);
        let mut compactions = 0;
        for session in sessions {
            calls += session.grown.calls.len() as i64;
            compactions += session.grown.calls.iter().filter(|call| call.compacted).count() as i64;
        }
        reconstructed.push(ReconstructedRoute {
            route: route.clone(),
            sessions: sessions.len() as i64,
            calls,
            compactions,
        });
    }
    reconstructed.extend(push_queue(routes, &mut builder));
    Ok(RouteReconstruction { routes: reconstructed, recording: builder.finish_sparing(spare) })
}

/// The sessions of a queue, where they can be told apart, behind those of the rows.
fn push_queue(
    routes: &ReportedRoutes,
    builder: &mut RecordingBuilder,
) -> Option<ReconstructedRoute> {
    let queue = routes.queue.as_ref()?;
    let route = queue.route()?;
    for session in queue.sessions(&routes.name, routes.window.span_ms().0) {
        builder.push_session(session);
    }
    // Each session is one call: nothing is told of what it did.
    let sessions = route.total_invocations();
    Some(ReconstructedRoute { route, sessions, calls: sessions, compactions: 0 })
}

/// Everything that one agent does.
struct AgentRoutes {
    name: String,
    prompts: Option<AgentPrompts>,
    routes: Vec<(Route, Vec<RouteSession>)>,
    /// Invocations so far.
    invocations_so_far: i64,
    retries: EvenPicker,
}

/// One session: its invocations and their calls.
struct RouteSession {
    invocations: Vec<RouteInvocation>,
    grown: SessionContexts,
}

impl AgentRoutes {
    fn for_route(values: &UnknownValues, route: &Route) -> Result<Self, RoutesError> {
        // Buckets need no unknown, so that a file of buckets may do without.
        let retries = match values.get("retries") {
            Err(_) if route.is_bucket => 0,
            known => known?,
        };
        Ok(Self {
            name: route.agent.clone(),
            prompts: None,
            routes: Vec::new(),
            invocations_so_far: 0,
            retries: EvenPicker::new(retries),
        })
    }

    /// The sessions of a route; none of a bucket.
    fn grow_sessions(
        &mut self,
        values: &UnknownValues,
        route: &Route,
    ) -> Result<Vec<RouteSession>, RoutesError> {
        if route.is_bucket {
            return Ok(Vec::new());
        }
        let prompts = AgentPrompts::for_agent(values, &self.name)?;
        self.prompts = Some(prompts);
        let is_controller = values.routes.is_controller(&self.name);
        let invocations = if is_controller { "controller-thread" } else { "worker-thread" };
        let most = usize::try_from(values.get(invocations)?).unwrap_or(1).max(1);
        let mut sessions = Vec::new();
        // A thread takes so many invocations; the next one starts a new session.
        for woken in self.invocations_in_order(values, route)?.chunks(most) {
            let tokens: Vec<i64> = woken.iter().map(|one| one.tokens).collect();
            let sizes: Vec<i64> =
                woken.iter().map(|one| prompts.prompt_tokens(one.is_digest())).collect();
            let retried: Vec<bool> = woken.iter().map(|one| one.retried).collect();
            let grown = session_growth::grow_session(&GrowthTarget {
                tokens: &tokens,
                prompts: &sizes,
                retried: &retried,
                growth: values.get("growth")?,
                base: values.get("base")?,
                after_compaction: values.get("left")?,
                trigger: values.get("compaction-trigger")?,
                mean_height_bp: values.get("mean-height")?,
                output_bp: values.get("output")?,
            });
            sessions.push(RouteSession { invocations: woken.to_vec(), grown });
        }
        Ok(sessions)
    }

    /// The invocations of a route in order.
    fn invocations_in_order(
        &mut self,
        values: &UnknownValues,
        route: &Route,
    ) -> Result<Vec<RouteInvocation>, RoutesError> {
        let (roots, run) = (values.get("roots")?.max(1), values.get("root-run")?.max(1));
        // The i-th of n stands at (2 i + 1) / 2 n of the way; ties go to the earlier source.
        let mut order: Vec<(i128, usize, i64)> = Vec::new();
        for (at, part) in route.parts.iter().enumerate() {
            // Invocations of a source cost the same, to the token.
            let each = apportion(part.tokens, &vec![1; part.invocations.max(0) as usize]);
            for (i, tokens) in each.into_iter().enumerate() {
                let place = ((2 * i as i128 + 1) << 64) / (2 * i128::from(part.invocations));
                order.push((place, at, tokens));
            }
        }
        order.sort_unstable_by_key(|&(place, at, _)| (place, at));
        let step = ReportedRoutes::route_name(&route.agent, &route.kind);
        let mut invocations = Vec::with_capacity(order.len());
        for (at, (_, part, tokens)) in order.into_iter().enumerate() {
            // Roots take turns, each for a run of invocations; the turns go on over all routes of
            // the agent.
            let root = self.invocations_so_far / run % roots;
            self.invocations_so_far += 1;
            invocations.push(RouteInvocation {
                packet: Packet {
                    id: format!("{step}-{}", at + 1),
                    agent: route.agent.clone(),
                    kind: route.kind.clone(),
                    root: format!("root-{}", root + 1),
                    source: route.parts[part].source.clone(),
                },
                tokens,
                retried: self.retries.takes_next(),
            });
        }
        Ok(invocations)
    }

    /// Pushes all sessions of the agent.
    fn push_sessions(
        &mut self,
        values: &UnknownValues,
        builder: &mut RecordingBuilder,
    ) -> Result<(), RoutesError> {
        let name = &values.routes.name;
        let (start_ms, end_ms) = values.window_ms();
        let mut clock = None;
        let mut hits = None;
        for (route, sessions) in &self.routes {
            let step = ReportedRoutes::route_name(&route.agent, &route.kind);
            if route.is_bucket {
                builder.push_session(route_calls::build_bucket_session(
                    (step.clone(), name, &step),
                    route.total_tokens(),
                    start_ms,
                ));
                continue;
            }
            // One clock and one row of hits for all routes of the agent, asked for only where a
            // route needs them: a file of buckets has no such unknowns.
            let clock = match &mut clock {
                Some(clock) => clock,
                none => none.insert(self.call_clock(values, (start_ms, end_ms))?),
            };
            let hits = match &mut hits {
                Some(hits) => hits,
                none => none.insert(EvenPicker::new(values.get("cached")?)),
            };
            let Some(prompts) = &self.prompts else { continue };
            for (at, RouteSession { invocations: woken, grown }) in sessions.iter().enumerate() {
                let names = (format!("{step}-thread-{}", at + 1), name.as_str(), step.as_str());
                let raw = route_calls::build_route_session(
                    names,
                    (woken, grown),
                    prompts,
                    hits,
                    (clock, builder.spare_lists()),
                );
                builder.push_session(raw);
            }
        }
        Ok(())
    }

    /// The times of an agent's calls: pauses, then calls, give way where the window is too short.
    fn call_clock(
        &self,
        values: &UnknownValues,
        span_ms: (i64, i64),
    ) -> Result<CallClock, RoutesError> {
        let (mut calls, mut invocations) = (0, 0);
        for session in self.routes.iter().flat_map(|(_, sessions)| sessions) {
            calls += session.grown.calls.len() as i64;
            invocations += session.invocations.len() as i64;
        }
        let span = span_ms.1 - span_ms.0;
        // Calls take no more time than the window has.
        let call_ms = values.get("call-time")?.min(span / calls.max(1));
        // Pauses share what the calls leave of it.
        let gap_ms = values.get("pause")?.min((span - calls.max(1) * call_ms) / invocations.max(1));
        Ok(CallClock { next_start_ms: span_ms.0, call_ms, gap_ms })
    }
}
