//! Routes: what the packets cost that wake agents, by agent and kind, by source, by root.
//!
//! Every call counts once, in the window in which it ends, with all its tokens (context and
//! output). It belongs to the invocation that it was made for; calls outside packets are told
//! apart. An invocation counts in the window in which its first call ends; one whose agent was
//! woken by the same packet before is a retry and told apart.

use crate::recording::{DIGEST_KIND, Packet, Recording};
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteWindow {
    /// From this millisecond on.
    pub since_ms: Option<i64>,
    /// Up to the millisecond before this one.
    pub until_ms: Option<i64>,
    /// Of these invocations, by their indexes; `None` for all.
    pub invocations: Option<BTreeSet<usize>>,
}

impl RouteWindow {
    fn contains_time(&self, at_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| at_ms >= since)
            && self.until_ms.is_none_or(|until| at_ms < until)
    }
}

/// Indexes of invocations by packets whose id, agent, kind, root or source holds a text.
#[must_use]
pub fn invocations_that_hold(recording: &Recording, text: &str) -> BTreeSet<usize> {
    let holding = recording.invocations.iter().enumerate().filter(|(_, invocation)| {
        let Packet { id, agent, kind, root, source } = &invocation.packet;
        [id, agent, kind, root, source].iter().any(|name| name.contains(text))
    });
    holding.map(|(index, _)| index).collect()
}

/// What some invocations cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCost {
    /// Packets: invocations without retries.
    pub packets: i64,
    /// Invocations by a packet that woke the agent before.
    pub retries: i64,
    /// Calls.
    pub calls: i64,
    /// Tokens by class.
    pub usage: Usage,
}

impl RouteCost {
    /// Context and output of all calls.
    #[must_use]
    pub fn total_tokens(&self) -> i64 {
        self.usage.context_tokens() + self.usage.output
    }

    /// Tokens an invocation, retries included, rounded half up; `None` without any.
    #[must_use]
    pub fn tokens_per_invocation(&self) -> Option<i64> {
        let count = self.packets + self.retries;
        (count > 0).then(|| (2 * self.total_tokens() + count).div_euclid(2 * count))
    }

    fn add_cost(&mut self, other: &Self) {
        self.packets += other.packets;
        self.retries += other.retries;
        self.calls += other.calls;
        self.usage += other.usage;
    }
}

/// A name of several parts and what it costs.
pub type RouteCostRow = (Vec<String>, RouteCost);

/// The tables of a window, dearest rows first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTables {
    /// All calls for packets that are counted.
    pub inside: RouteCost,
    /// Calls outside packets; none where packets are filtered.
    pub outside: Option<RouteCost>,
    /// Billed beyond the calls, of any time.
    pub remainder_tokens: i64,
    /// By agent.
    pub agents: Vec<RouteCostRow>,
    /// By agent and kind.
    pub routes: Vec<RouteCostRow>,
    /// Digests by agent and source.
    pub sources: Vec<RouteCostRow>,
    /// By root.
    pub roots: Vec<RouteCostRow>,
}

/// Adds the routes of a window up.
#[must_use]
pub fn tabulate_routes(recording: &Recording, window: &RouteWindow) -> RouteTables {
    let mut sums = RouteTableSums::default();
    let mut outside: Vec<bool> = vec![true; recording.calls.len()];
    let mut order: Vec<usize> = (0..recording.invocations.len()).collect();
    let starts_ms =
        |index: &usize| recording.calls[recording.invocations[*index].call as usize].start_ms;
    order.sort_by_key(|index| (starts_ms(index), *index));
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut inside = RouteCost::default();
    for index in order {
        let calls = recording.calls_of_invocation(index);
        let packet = &recording.invocations[index].packet;
        // Whether or not the window takes it, a call for a packet is none outside packets.
        outside[calls.clone()].fill(false);
        if calls.is_empty() {
            continue;
        }
        // A packet without an id cannot be told from another one: it is never a retry.
        let is_new = packet.id.is_empty() || known.insert((&packet.agent, &packet.id));
        if window.invocations.as_ref().is_some_and(|taken| !taken.contains(&index)) {
            continue;
        }
        let mut cost = cost_of_calls(recording, calls.clone(), window);
        if window.contains_time(recording.calls[calls.start].end_ms) {
            (cost.packets, cost.retries) = (i64::from(is_new), i64::from(!is_new));
        }
        if cost != RouteCost::default() {
            inside.add_cost(&cost);
            sums.add_packet(packet, &cost);
        }
    }
    let alone = (0..outside.len()).filter(|at| outside[*at]);
    let outside = window.invocations.is_none().then(|| cost_of_calls(recording, alone, window));
    let beyond =
        recording.remainders.iter().map(|rest| rest.usage.context_tokens() + rest.usage.output);
    RouteTables {
        inside,
        outside,
        remainder_tokens: beyond.sum(),
        agents: dearest_first(sums.agents),
        routes: dearest_first(sums.routes),
        sources: dearest_first(sums.sources),
        roots: dearest_first(sums.roots),
    }
}

/// Calls that end in the window.
fn cost_of_calls(
    recording: &Recording,
    calls: impl Iterator<Item = usize>,
    window: &RouteWindow,
) -> RouteCost {
    let mut cost = RouteCost::default();
    for call in
        calls.map(|at| &recording.calls[at]).filter(|call| window.contains_time(call.end_ms))
    {
        cost.calls += 1;
        cost.usage += call.usage;
    }
    cost
}

#[derive(Default)]
struct RouteTableSums {
    agents: BTreeMap<Vec<String>, RouteCost>,
    routes: BTreeMap<Vec<String>, RouteCost>,
    sources: BTreeMap<Vec<String>, RouteCost>,
    roots: BTreeMap<Vec<String>, RouteCost>,
}

impl RouteTableSums {
    fn add_packet(&mut self, packet: &Packet, cost: &RouteCost) {
        let Packet { agent, kind, root, source, .. } = packet;
        self.agents.entry(vec![agent.clone()]).or_default().add_cost(cost);
        self.routes.entry(vec![agent.clone(), kind.clone()]).or_default().add_cost(cost);
        // Only a digest tells of a source.
        if kind == DIGEST_KIND {
            self.sources.entry(vec![agent.clone(), source.clone()]).or_default().add_cost(cost);
        }
        if !root.is_empty() {
            self.roots.entry(vec![root.clone()]).or_default().add_cost(cost);
        }
    }
}

/// Dearest first, of equals by name.
fn dearest_first(rows: BTreeMap<Vec<String>, RouteCost>) -> Vec<RouteCostRow> {
    let mut rows: Vec<RouteCostRow> = rows.into_iter().collect();
    rows.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.total_tokens()));
    rows
}
