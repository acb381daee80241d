//! Routes: what the packets cost that wake agents, by agent and kind, by source, by root.
//!
//! Every call counts once, in the window in which it ends, with all its tokens (context and
//! output). It belongs to the invocation that it was made for; calls outside packets are told
//! apart. An invocation counts in the window in which its first call ends; one whose agent was
//! woken by the same packet before is a retry and told apart.

use crate::recording::{DIGEST, Packet, Recording};
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// From this millisecond on.
    pub since_ms: Option<i64>,
    /// Up to the millisecond before this one.
    pub until_ms: Option<i64>,
    /// Of packets whose id, agent, kind, root or source holds this; empty for all.
    pub filter: String,
}

impl Window {
    fn holds(&self, at_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| at_ms >= since)
            && self.until_ms.is_none_or(|until| at_ms < until)
    }

    fn takes(&self, packet: &Packet) -> bool {
        let Packet { id, agent, kind, root, source } = packet;
        [id, agent, kind, root, source].iter().any(|text| text.contains(&self.filter))
    }
}

/// What some invocations cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Packets: invocations without retries.
    pub packets: i64,
    /// Invocations by a packet that woke the agent before.
    pub retries: i64,
    /// Calls.
    pub calls: i64,
    /// Tokens by class.
    pub usage: Usage,
}

impl Cost {
    /// Context and output of all calls.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.usage.context() + self.usage.output
    }

    /// Tokens an invocation, retries included, rounded half up; `None` without any.
    #[must_use]
    pub fn average(&self) -> Option<i64> {
        let count = self.packets + self.retries;
        (count > 0).then(|| (2 * self.tokens() + count).div_euclid(2 * count))
    }

    fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.retries += other.retries;
        self.calls += other.calls;
        self.usage += other.usage;
    }
}

/// A name of several parts and what it costs.
pub type Row = (Vec<String>, Cost);

/// The tables of a window, dearest rows first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// All calls for packets that are counted.
    pub inside: Cost,
    /// Calls outside packets; none where packets are filtered.
    pub outside: Option<Cost>,
    /// Billed beyond the calls, of any time.
    pub beyond: i64,
    /// By agent.
    pub agents: Vec<Row>,
    /// By agent and kind.
    pub routes: Vec<Row>,
    /// Digests by agent and source.
    pub sources: Vec<Row>,
    /// By root.
    pub roots: Vec<Row>,
}

/// Adds the routes of a window up.
#[must_use]
pub fn routes(recording: &Recording, window: &Window) -> Routes {
    let mut sums = Sums::default();
    let mut outside: Vec<bool> = vec![true; recording.calls.len()];
    let mut order: Vec<usize> = (0..recording.invocations.len()).collect();
    let starts_ms =
        |index: &usize| recording.calls[recording.invocations[*index].call as usize].start_ms;
    order.sort_by_key(|index| (starts_ms(index), *index));
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut inside = Cost::default();
    for index in order {
        let calls = recording.calls_of(index);
        let packet = &recording.invocations[index].packet;
        outside[calls.clone()].fill(false);
        if calls.is_empty() {
            continue;
        }
        let is_new = packet.id.is_empty() || known.insert((&packet.agent, &packet.id));
        if !window.takes(packet) {
            continue;
        }
        let mut cost = cost(recording, calls.clone(), window);
        if window.holds(recording.calls[calls.start].end_ms) {
            (cost.packets, cost.retries) = (i64::from(is_new), i64::from(!is_new));
        }
        if cost != Cost::default() {
            inside.add(&cost);
            sums.add(packet, &cost);
        }
    }
    let alone = (0..outside.len()).filter(|at| outside[*at]);
    let outside = window.filter.is_empty().then(|| cost(recording, alone, window));
    let beyond = recording.remainders.iter().map(|rest| rest.usage.context() + rest.usage.output);
    Routes {
        inside,
        outside,
        beyond: beyond.sum(),
        agents: dearest(sums.agents),
        routes: dearest(sums.routes),
        sources: dearest(sums.sources),
        roots: dearest(sums.roots),
    }
}

/// Calls that end in the window.
fn cost(recording: &Recording, calls: impl Iterator<Item = usize>, window: &Window) -> Cost {
    let mut cost = Cost::default();
    for call in calls.map(|at| &recording.calls[at]).filter(|call| window.holds(call.end_ms)) {
        cost.calls += 1;
        cost.usage += call.usage;
    }
    cost
}

#[derive(Default)]
struct Sums {
    agents: BTreeMap<Vec<String>, Cost>,
    routes: BTreeMap<Vec<String>, Cost>,
    sources: BTreeMap<Vec<String>, Cost>,
    roots: BTreeMap<Vec<String>, Cost>,
}

impl Sums {
    fn add(&mut self, packet: &Packet, cost: &Cost) {
        let Packet { agent, kind, root, source, .. } = packet;
        let name = |parts: &[&String]| parts.iter().map(|part| (*part).clone()).collect();
        self.agents.entry(name(&[agent])).or_default().add(cost);
        self.routes.entry(name(&[agent, kind])).or_default().add(cost);
        if kind == DIGEST {
            self.sources.entry(name(&[agent, source])).or_default().add(cost);
        }
        if !root.is_empty() {
            self.roots.entry(name(&[root])).or_default().add(cost);
        }
    }
}

/// Dearest first, of equals by name.
fn dearest(rows: BTreeMap<Vec<String>, Cost>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.into_iter().collect();
    rows.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.tokens()));
    rows
}
