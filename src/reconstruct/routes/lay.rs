//! Routes laid out as calls, for given values of the unknowns.
//!
//! Each route's tokens are shared evenly among the invocations of a source, and the sources of a
//! route follow each other as evenly as their numbers allow. A thread is a session and holds
//! invocations of one route; the routes of an agent follow each other in time, agents run side by
//! side. Consecutive invocations belong to one root until the next one's turn comes.

use super::calls::{self, Clock, Even, Woken};
use super::prompt::Prompts;
use super::split::{self, Route};
use super::thread::{self, Grown, Wanted};
use super::{Routes, RoutesError, Values};
use crate::recording::{Builder, Packet, Recording};
use crate::units::apportion;

/// Routes as calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laid {
    /// The calls.
    pub recording: Recording,
    /// The routes, in their order.
    pub routes: Vec<LaidRoute>,
}

impl Laid {
    /// Whether dollars can be said: a bucket tells nothing of the classes of its tokens.
    #[must_use]
    pub fn has_dollars(&self) -> bool {
        self.routes.iter().all(|one| !one.route.is_bucket)
    }
}

/// How a route was laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidRoute {
    /// What is known about it.
    pub route: Route,
    /// Its threads.
    pub threads: i64,
    /// Its calls.
    pub calls: i64,
    /// Compactions in its threads.
    pub compactions: i64,
}

/// Lays out reported routes; `values` are those of the unknowns, in their order.
///
/// # Errors
/// Something that is neither stated nor an unknown, or tables that do not fit each other.
pub fn lay(routes: &Routes, values: &[i64]) -> Result<Laid, RoutesError> {
    let values = Values { routes, values };
    let mut agents: Vec<Agent> = Vec::new();
    let mut order = Vec::new();
    for route in split::routes(&values)? {
        let known = agents.iter().position(|agent| agent.name == route.agent);
        let at = match known {
            Some(at) => at,
            None => {
                agents.push(Agent::of(&values, &route)?);
                agents.len() - 1
            }
        };
        order.push((at, agents[at].routes.len()));
        let grown = agents[at].grow(&values, &route)?;
        agents[at].routes.push((route, grown));
    }
    let mut builder = Builder::new(&routes.name, "routes");
    for agent in &mut agents {
        agent.push(&values, &mut builder)?;
    }
    let laid = |(agent, at): (usize, usize)| {
        let (route, threads): &(Route, Vec<Thread>) = &agents[agent].routes[at];
        let calls = || threads.iter().flat_map(|thread| &thread.grown.calls);
        LaidRoute {
            route: route.clone(),
            threads: threads.len() as i64,
            calls: if route.is_bucket { 1 } else { calls().count() as i64 },
            compactions: calls().filter(|call| call.compacted).count() as i64,
        }
    };
    Ok(Laid { routes: order.into_iter().map(laid).collect(), recording: builder.finish() })
}

/// Everything that one agent does.
struct Agent {
    name: String,
    prompts: Option<Prompts>,
    routes: Vec<(Route, Vec<Thread>)>,
    /// Invocations so far.
    woken: i64,
    retries: Even,
}

/// One thread: its invocations and their calls.
struct Thread {
    woken: Vec<Woken>,
    grown: Grown,
}

impl Agent {
    fn of(values: &Values, route: &Route) -> Result<Self, RoutesError> {
        // Buckets need no unknown, so that a file of buckets may do without.
        let retries = match values.get("retries") {
            Err(_) if route.is_bucket => 0,
            known => known?,
        };
        Ok(Self {
            name: route.agent.clone(),
            prompts: None,
            routes: Vec::new(),
            woken: 0,
            retries: Even::new(retries),
        })
    }

    /// The threads of a route; none of a bucket.
    fn grow(&mut self, values: &Values, route: &Route) -> Result<Vec<Thread>, RoutesError> {
        if route.is_bucket {
            return Ok(Vec::new());
        }
        let prompts = Prompts::of(values, &self.name)?;
        self.prompts = Some(prompts);
        let [context, thread] = if values.routes.is_controller(&self.name) {
            ["controller-context", "controller-thread"]
        } else {
            ["worker-context", "worker-thread"]
        };
        let most = usize::try_from(values.get(thread)?).unwrap_or(1).max(1);
        let mut threads = Vec::new();
        for woken in self.woken(values, route)?.chunks(most) {
            let of = |of: fn(&Woken) -> i64| woken.iter().map(of).collect::<Vec<i64>>();
            let is_digest = |one: &Woken| !one.packet.source.is_empty();
            let sizes: Vec<i64> = woken.iter().map(|w| prompts.tokens(is_digest(w))).collect();
            let retried: Vec<bool> = woken.iter().map(|one| one.retried).collect();
            let grown = thread::grow(&Wanted {
                tokens: &of(|one| one.tokens),
                prompts: &sizes,
                retried: &retried,
                mean: values.get(context)?,
                growth: values.get("growth")?,
                base: values.get("base")?,
                left: values.get("left")?,
                trigger: values.get("compaction-trigger")?,
                output_bp: values.get("output")?,
            });
            threads.push(Thread { woken: woken.to_vec(), grown });
        }
        Ok(threads)
    }

    /// The invocations of a route in order.
    fn woken(&mut self, values: &Values, route: &Route) -> Result<Vec<Woken>, RoutesError> {
        let (roots, run) = (values.get("roots")?.max(1), values.get("root-run")?.max(1));
        // The i-th of n stands at (2 i + 1) / 2 n of the way; ties go to the earlier source.
        let mut order: Vec<(i128, usize, i64)> = Vec::new();
        for (at, part) in route.parts.iter().enumerate() {
            let each = apportion(part.tokens, &vec![1; part.invocations.max(0) as usize]);
            let place = |i: usize| ((2 * i as i128 + 1) << 64) / (2 * i128::from(part.invocations));
            order.extend(each.into_iter().enumerate().map(|(i, tokens)| (place(i), at, tokens)));
        }
        order.sort_unstable_by_key(|&(place, at, _)| (place, at));
        let step = Routes::step(&route.agent, &route.kind);
        let one = |(at, (_, part, tokens)): (usize, (i128, usize, i64))| {
            let root = self.woken / run % roots;
            self.woken += 1;
            Woken {
                packet: Packet {
                    id: format!("{step}-{}", at + 1),
                    agent: route.agent.clone(),
                    kind: route.kind.clone(),
                    root: format!("root-{}", root + 1),
                    source: route.parts[part].source.clone(),
                },
                tokens,
                retried: self.retries.takes(),
            }
        };
        Ok(order.into_iter().enumerate().map(one).collect())
    }

    /// Pushes all sessions of the agent.
    fn push(&mut self, values: &Values, builder: &mut Builder) -> Result<(), RoutesError> {
        let name = &values.routes.name;
        let (start_ms, end_ms) = values.routes.window.span_ms();
        let mut clock = None;
        let mut hits = None;
        for (route, threads) in &self.routes {
            let step = Routes::step(&route.agent, &route.kind);
            if route.is_bucket {
                builder.push(calls::bucket((step.clone(), name, &step), route.tokens(), start_ms));
                continue;
            }
            let clock = match &mut clock {
                Some(clock) => clock,
                none => none.insert(self.clock(values, (start_ms, end_ms))?),
            };
            let hits = match &mut hits {
                Some(hits) => hits,
                none => none.insert(Even::new(values.get("cached")?)),
            };
            let Some(prompts) = &self.prompts else { continue };
            for (at, Thread { woken, grown }) in threads.iter().enumerate() {
                let names = (format!("{step}-thread-{}", at + 1), name.as_str(), step.as_str());
                builder.push(calls::session(names, (woken, grown), prompts, hits, clock));
            }
        }
        Ok(())
    }

    /// The times of an agent's calls: pauses, then calls, give way where the window is too short.
    fn clock(&self, values: &Values, span_ms: (i64, i64)) -> Result<Clock, RoutesError> {
        let threads = || self.routes.iter().flat_map(|(_, threads)| threads);
        let calls = threads().map(|thread| thread.grown.calls.len() as i64).sum::<i64>().max(1);
        let woken = threads().map(|thread| thread.woken.len() as i64).sum::<i64>().max(1);
        let span = span_ms.1 - span_ms.0;
        let call_ms = values.get("call-time")?.min(span / calls);
        let gap_ms = values.get("pause")?.min((span - calls * call_ms) / woken);
        Ok(Clock { now: span_ms.0, call: call_ms, gap: gap_ms })
    }
}
