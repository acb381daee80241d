//! How busy agents are that packets wake, on both sides of a comparison.
//!
//! The turns of the replayed timeline run on the clock under the cockpit's limiter: without one,
//! and with its two settings. Calls outside packets take no turn and are left out. A turn that
//! waits does so in this study only: cache and money are those of the replay, where nobody waits.
//! Where times are no record but laid out from totals, a digest comes when the work ends that it
//! tells of: the k-th digest of a kind of work when the k-th piece of it does.
//!
//! Source: agentic-cockpit `9c06a3aa` and `eca8e3c`; MODEL.md, "Limiter".

use crate::clock::turn_limiter::{LimiterLoad, PacketTurn, TurnLimits, run_turns};
use crate::plan::{Plan, ToggleSubset};
use crate::recording::{Basis, Recording};
use crate::replay::{self, ReplayedCall};
use crate::study::whatif::experiment::subset_of_first;
use std::collections::{BTreeMap, BTreeSet};

/// Turns at once: the cockpit's default, and what it recommends.
pub const TURNS_AT_ONCE: [usize; 2] = [3, 6];

/// What one toggle does to the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToggleLoad {
    /// Its id.
    pub id: &'static str,
    /// With it alone.
    pub alone: LimiterLoad,
    /// With all the others and without it.
    pub without: LimiterLoad,
}

/// The load on both sides of a comparison under one limiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadComparison {
    /// What bounds the turns.
    pub limits: TurnLimits,
    /// Nothing toggled.
    pub before: LimiterLoad,
    /// Everything toggled.
    pub after: LimiterLoad,
    /// Each toggle.
    pub toggles: Vec<ToggleLoad>,
}

/// The load without a limiter, with the default one and with the recommended one, and what each
/// toggle (by bit) does to it; empty where no packet woke anybody.
#[must_use]
pub fn compare_loads(
    recording: &Recording,
    plan: &Plan,
    toggles: &[&'static str],
    requests_a_minute: Option<u32>,
) -> Vec<LoadComparison> {
    if recording.invocations.is_empty() {
        return Vec::new();
    }
    // A toggle that touches nothing changes no turn: its sides are replayed once, as those of
    // nothing and of everything.
    let touched = plan.islands.iter().fold(0, |bits, island| bits | island.touched_by);
    let all = subset_of_first(toggles.len()) & touched;
    let packets = RecordedPackets::of_recording(recording);
    let mut turns: BTreeMap<ToggleSubset, Vec<PacketTurn>> = BTreeMap::new();
    let sides = (0..toggles.len()).flat_map(|bit| [1 << bit & touched, all & !(1 << bit)]);
    for subset in sides.chain([0, all]) {
        // Replayed once and run through every limit: limits move when a turn starts, not what it
        // asks for.
        turns
            .entry(subset)
            .or_insert_with(|| packets.turns(plan, &replay::replay_calls(plan, subset)));
    }
    let bounds = [None].into_iter().chain(TURNS_AT_ONCE.map(Some));
    bounds
        .map(|most| {
            let limits = TurnLimits { turns: most, requests_a_minute };
            let loads: BTreeMap<ToggleSubset, LimiterLoad> = turns
                .iter()
                .map(|(subset, turns)| (*subset, run_turns(turns, limits).load))
                .collect();
            let toggles = toggles.iter().enumerate().map(|(bit, id)| ToggleLoad {
                id,
                alone: loads[&(1 << bit & touched)],
                without: loads[&(all & !(1 << bit))],
            });
            let toggles = toggles.collect();
            LoadComparison { limits, before: loads[&0], after: loads[&all], toggles }
        })
        .collect()
}

/// The agents that packets wake, numbered by name: which of two comes first must not depend on the
/// order of files.
pub(super) fn number_agents(recording: &Recording) -> BTreeMap<&str, usize> {
    let names = recording.invocations.iter().map(|one| one.packet.agent.as_str());
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().zip(0..).collect()
}

/// The turns of a replay, in the order in which they start.
#[cfg(feature = "charts")]
#[must_use]
pub fn replayed_turns(recording: &Recording, plan: &Plan, subset: ToggleSubset) -> Vec<PacketTurn> {
    RecordedPackets::of_recording(recording).turns(plan, &replay::replay_calls(plan, subset))
}

/// What a recording says of its packets, whatever is toggled.
pub(super) struct RecordedPackets<'a> {
    recording: &'a Recording,
    /// By call.
    invocation_of: Vec<Option<usize>>,
    /// By invocation: its agent.
    agents: Vec<usize>,
    /// The work that each digest tells of, by invocation.
    senders: Vec<Option<usize>>,
}

impl<'a> RecordedPackets<'a> {
    pub(super) fn of_recording(recording: &'a Recording) -> Self {
        let count = recording.invocations.len();
        // Calls before the first packet of a session belong to no invocation.
        let mut invocation_of = vec![None; recording.calls.len()];
        for index in 0..count {
            invocation_of[recording.calls_of_invocation(index)].fill(Some(index));
        }
        let numbers = number_agents(recording);
        let packets = recording.invocations.iter().map(|one| &one.packet);
        let agents = packets.map(|packet| numbers[packet.agent.as_str()]).collect();
        let mut senders = vec![None; count];
        for (digest, sender) in digest_senders(recording) {
            senders[digest] = Some(sender);
        }
        Self { recording, invocation_of, agents, senders }
    }

    /// The turns of the calls of a replay, in the order in which they start.
    pub(super) fn turns(&self, plan: &Plan, made: &[ReplayedCall]) -> Vec<PacketTurn> {
        let count = self.agents.len();
        // By invocation: the start and the end of each of its calls.
        let mut calls: Vec<Vec<(i64, i64)>> = (0..count)
            .map(|index| Vec::with_capacity(self.recording.calls_of_invocation(index).len()))
            .collect();
        for made in replay::expected_rows(plan, made) {
            let row = made.row as usize;
            if let Some(invocation) = self.invocation_of[plan.call_of[row] as usize] {
                let start_ms = made.outcome.start_ms;
                calls[invocation].push((start_ms, start_ms + plan.duration_ms[row]));
            }
        }
        let mut made: Vec<(usize, PacketTurn)> = Vec::with_capacity(count);
        for (invocation, mut calls) in calls.into_iter().enumerate() {
            // Calls of side sessions stand elsewhere in the plan than in time.
            calls.sort_unstable();
            let Some(&(from_ms, _)) = calls.first() else { continue };
            let to_ms = calls.iter().map(|call| call.1).max().unwrap_or(from_ms);
            // Relative to the start of the turn, because the limiter may start it later.
            let requests_ms = calls.iter().map(|call| call.0 - from_ms).collect();
            let (agent, takes_ms) = (self.agents[invocation], to_ms - from_ms);
            made.push((
                invocation,
                PacketTurn { agent, from_ms, sent_by: None, requests_ms, takes_ms },
            ));
        }
        // A digest could start when the work ends that it tells of, if that is made.
        let mut ends = vec![None; count];
        for (invocation, turn) in &made {
            ends[*invocation] = Some(turn.from_ms + turn.takes_ms);
        }
        for (invocation, turn) in &mut made {
            let sender = self.senders[*invocation].and_then(|sender| ends[sender]);
            turn.from_ms = sender.unwrap_or(turn.from_ms);
        }
        // First come, first served; the agent breaks ties.
        made.sort_by_key(|(_, turn)| (turn.from_ms, turn.agent));
        let mut place_of = vec![None; count];
        for (place, (invocation, _)) in made.iter().enumerate() {
            place_of[*invocation] = Some(place);
        }
        // The place of a sender is known once all stand in order.
        let turns = made.into_iter().map(|(invocation, turn)| {
            let sender = self.senders[invocation].and_then(|sender| place_of[sender]);
            PacketTurn { sent_by: sender, ..turn }
        });
        turns.collect()
    }
}

/// A time of a packet, its id, and the number of its invocation.
type TimedPacket<'a> = (i64, &'a str, usize);

/// The work that each digest tells of, by invocation. Nothing where times are a record: they say
/// themselves when a digest came.
fn digest_senders(recording: &Recording) -> BTreeMap<usize, usize> {
    let mut senders = BTreeMap::new();
    if recording.sessions.iter().any(|session| session.usage_basis != Basis::Published) {
        return senders;
    }
    // By kind of work: when each piece of it ends, and when each digest that tells of one starts.
    // The content of the packet breaks ties, so that the order of files does not.
    let mut kinds: BTreeMap<&str, [Vec<TimedPacket<'_>>; 2]> = BTreeMap::new();
    for (index, invocation) in recording.invocations.iter().enumerate() {
        let calls = &recording.calls[recording.calls_of_invocation(index)];
        let (Some(first), Some(last)) = (calls.first(), calls.last()) else { continue };
        let packet = &invocation.packet;
        let told = packet.source.split_once(':').map(|(_, kind)| kind);
        match (packet.is_digest(), told) {
            (true, Some(kind)) => {
                kinds.entry(kind).or_default()[1].push((first.start_ms, &packet.id, index));
            }
            (true, None) => {}
            (false, _) => {
                kinds.entry(&packet.kind).or_default()[0].push((last.end_ms, &packet.id, index));
            }
        }
    }
    for [mut ends, mut digests] in kinds.into_values() {
        ends.sort_unstable();
        digests.sort_unstable();
        // One that is left over tells of something outside the window.
        senders.extend(digests.iter().zip(&ends).map(|(digest, end)| (digest.2, end.2)));
    }
    senders
}
