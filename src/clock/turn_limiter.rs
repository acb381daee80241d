//! Turns of agents: one at a time each, so many at once, and requests a minute.
//!
//! A turn is what an agent does about one packet: its calls, one after the other. A limiter lets so
//! many turns run at once, first come, first served; an agent runs its own one by one. A packet may
//! be sent by the end of another turn: it wakes its agent no earlier. Where a provider's limit is
//! told, a request beyond it is refused (429): the turn gives its place back, nobody starts a turn
//! before the shared cooldown is over, and the turn goes on with the refused request. The wait is
//! the longest of the provider's own (until its last minute has room), the back-off of this
//! attempt, and the least after a refusal.
//!
//! Source: agentic-cockpit `9c06a3aa` and `eca8e3c`, its worker; MODEL.md, "Limiter".

use super::{ClockStep, EventHeap};
use std::collections::VecDeque;

/// The window of a rate limit.
const MINUTE_MS: i64 = 60_000;
/// The first wait after a failed attempt; each further one doubles it.
const BACKOFF_MS: i64 = 250;
/// The longest of these waits.
const MOST_BACKOFF_MS: i64 = 30_000;
/// The shortest wait after a refusal.
const REFUSED_MS: i64 = 10_000;

/// What bounds the turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnLimits {
    /// Turns at once; `None` for no bound.
    pub turns: Option<usize>,
    /// Requests that the provider lets through in any minute; `None` if that is not known.
    pub requests_a_minute: Option<u32>,
}

/// How busy a cockpit was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimiterLoad {
    /// Turns.
    pub turns: i64,
    /// The most at once.
    pub peak_turns: i64,
    /// Requests that were let through.
    pub requests: i64,
    /// The most within any minute.
    pub peak_a_minute: i64,
    /// 95 % of the requests had at most so many in the minute that they end, themselves included.
    pub p95_a_minute: i64,
    /// Requests that were refused.
    pub refused: i64,
    /// How much later turns ended than they could have, summed, milliseconds.
    pub waited_ms: i64,
    /// The same by what they waited for.
    pub waits: TurnWaits,
    /// How long it is from a packet to the end of its turn, milliseconds: the mean over the turns
    /// whose packet another turn sends (digests); over all turns where none does.
    pub mean_latency_ms: i64,
    /// Nine of ten of the same turns end within so many milliseconds after their packet.
    pub p90_latency_ms: i64,
}

/// What an agent does about one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketTurn {
    /// The agent, by number.
    pub agent: usize,
    /// When it could start.
    pub from_ms: i64,
    /// The turn whose end sends its packet, one that stands before it.
    pub sent_by: Option<usize>,
    /// When its requests leave, from its start, in order; at least one.
    pub requests_ms: Vec<i64>,
    /// How long it takes.
    pub takes_ms: i64,
}

impl PacketTurn {
    /// The turn whose end sends the packet of this one, which has this number. A sender that does
    /// not stand before its packet is none.
    fn sender_before(&self, index: usize) -> Option<usize> {
        self.sent_by.filter(|&sender| sender < index)
    }
}

/// Why turns waited, summed over turns, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnWaits {
    /// Their agent was at work on an earlier packet.
    pub agent_ms: i64,
    /// No place was free.
    pub place_ms: i64,
    /// The provider had refused a request, theirs or another one's.
    pub provider_ms: i64,
}

/// Turns as they ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnRun {
    /// How busy everybody was.
    pub load: LimiterLoad,
    /// When requests were let through, in order.
    pub sent_ms: Vec<i64>,
    /// By turn: from when it could start, and when it ended.
    pub turns_ms: Vec<(i64, i64)>,
}

/// Runs turns, which stand in the order of their starts, under limits.
#[must_use]
pub fn run_turns(turns: &[PacketTurn], limits: TurnLimits) -> TurnRun {
    let mut clock = TurnClock::new(turns, limits);
    while let Some((now_ms, step, turn)) = clock.events.pop_earliest() {
        match step {
            ClockStep::End => clock.end_turn(now_ms, turn),
            ClockStep::Wake => clock.wake_agent(now_ms, turn),
            ClockStep::Start => clock.start_turn(now_ms, turn),
            ClockStep::Request => clock.send_request(now_ms, turn),
        }
    }
    clock.into_run()
}

/// An agent and the packets that wait for it.
#[derive(Clone, Debug, Default)]
struct AgentState {
    is_busy: bool,
    waiting: VecDeque<usize>,
}

/// The content of an event is a turn: turns stand in the order of what they are.
struct TurnClock<'a> {
    turns: &'a [PacketTurn],
    limits: TurnLimits,
    events: EventHeap<usize>,
    agents: Vec<AgentState>,
    /// By turn: the turns whose packets its end sends.
    sends: Vec<Vec<usize>>,
    /// Turns that wait for a place.
    waiting: VecDeque<usize>,
    running: usize,
    cooldown_ms: i64,
    /// By turn: its next request, and how often it was refused.
    next: Vec<usize>,
    refusals: Vec<u32>,
    /// By turn: since when it waits for its agent or a place.
    since_ms: Vec<i64>,
    run: TurnRun,
}

impl<'a> TurnClock<'a> {
    fn new(turns: &'a [PacketTurn], limits: TurnLimits) -> Self {
        let agents = turns.iter().map(|turn| turn.agent + 1).max().unwrap_or(0);
        let mut sends = vec![Vec::new(); turns.len()];
        let mut events = EventHeap::new();
        for (index, turn) in turns.iter().enumerate() {
            // A sender that is not made sends nothing: its packet comes by itself.
            match turn.sender_before(index) {
                Some(sender) => sends[sender].push(index),
                None => events.push_event(turn.from_ms, ClockStep::Wake, index),
            }
        }
        let load = LimiterLoad { turns: turns.len() as i64, ..LimiterLoad::default() };
        let turns_ms = turns.iter().map(|turn| (turn.from_ms, turn.from_ms)).collect();
        Self {
            turns,
            limits,
            events,
            agents: vec![AgentState::default(); agents],
            sends,
            waiting: VecDeque::new(),
            running: 0,
            cooldown_ms: i64::MIN,
            next: vec![0; turns.len()],
            refusals: vec![0; turns.len()],
            since_ms: vec![0; turns.len()],
            run: TurnRun { load, sent_ms: Vec::new(), turns_ms },
        }
    }

    /// A packet comes: its agent takes it up, now or after those that came before.
    fn wake_agent(&mut self, now_ms: i64, turn: usize) {
        self.run.turns_ms[turn].0 = now_ms;
        self.since_ms[turn] = now_ms;
        let agent = &mut self.agents[self.turns[turn].agent];
        // One turn of an agent at a time, in the order in which packets came.
        if agent.is_busy {
            agent.waiting.push_back(turn);
        } else {
            agent.is_busy = true;
            self.events.push_event(now_ms, ClockStep::Start, turn);
        }
    }

    fn start_turn(&mut self, now_ms: i64, turn: usize) {
        if now_ms < self.cooldown_ms {
            self.run.load.waits.provider_ms += self.cooldown_ms - now_ms;
            self.events.push_event(self.cooldown_ms, ClockStep::Start, turn);
        } else if self.limits.turns.is_some_and(|most| self.running >= most) {
            // All places are taken: the first in the queue takes the next one that is free.
            self.since_ms[turn] = now_ms;
            self.waiting.push_back(turn);
        } else {
            self.running += 1;
            self.run.load.peak_turns = self.run.load.peak_turns.max(self.running as i64);
            self.events.push_event(now_ms, ClockStep::Request, turn);
        }
    }

    /// Gives the place of a turn back, to whoever waits longest.
    fn free_place(&mut self, now_ms: i64) {
        self.running -= 1;
        if let Some(turn) = self.waiting.pop_front() {
            self.run.load.waits.place_ms += now_ms - self.since_ms[turn];
            self.events.push_event(now_ms, ClockStep::Start, turn);
        }
    }

    fn end_turn(&mut self, now_ms: i64, turn: usize) {
        self.free_place(now_ms);
        self.run.turns_ms[turn].1 = now_ms;
        // Whatever ends later than it did without limits has waited, on a place, on its agent or on
        // the provider.
        let ready_ms = self.run.turns_ms[turn].0;
        self.run.load.waited_ms += now_ms - (ready_ms + self.turns[turn].takes_ms);
        for packet in std::mem::take(&mut self.sends[turn]) {
            let at_ms = now_ms.max(self.turns[packet].from_ms);
            self.events.push_event(at_ms, ClockStep::Wake, packet);
        }
        // An agent does its own turns one by one, in the order in which their packets came.
        let agent = &mut self.agents[self.turns[turn].agent];
        match agent.waiting.pop_front() {
            Some(next) => {
                self.run.load.waits.agent_ms += now_ms - self.since_ms[next];
                self.events.push_event(now_ms, ClockStep::Start, next);
            }
            None => agent.is_busy = false,
        }
    }

    fn send_request(&mut self, now_ms: i64, turn: usize) {
        if let Some(wait_ms) = self.refusal_wait_ms(now_ms) {
            self.run.load.refused += 1;
            let attempt = self.refusals[turn];
            self.refusals[turn] = attempt.saturating_add(1);
            let wait_ms = wait_ms.max(backoff_ms(attempt)).max(REFUSED_MS);
            self.run.load.waits.provider_ms += wait_ms;
            // The cooldown is everybody's: no other turn starts before it is over either.
            self.cooldown_ms = self.cooldown_ms.max(now_ms + wait_ms);
            self.free_place(now_ms);
            self.events.push_event(now_ms + wait_ms, ClockStep::Start, turn);
            return;
        }
        let PacketTurn { requests_ms, takes_ms, .. } = &self.turns[turn];
        let [first_ms, last_ms] = [requests_ms[0], requests_ms[requests_ms.len() - 1]];
        // Where no provider refuses anything, what a turn asks for moves no other: it is one event.
        if self.limits.requests_a_minute.is_none() && last_ms < *takes_ms {
            let own = requests_ms.iter().map(|ms| now_ms + ms - first_ms);
            self.run.sent_ms.extend(own);
            self.events.push_event(now_ms + takes_ms - first_ms, ClockStep::End, turn);
            return;
        }
        self.run.sent_ms.push(now_ms);
        // A turn that was refused goes on with the request that it was refused, not from its
        // beginning.
        let at = self.next[turn];
        self.next[turn] += 1;
        let (step, until_ms) = match requests_ms.get(at + 1) {
            Some(next_ms) => (ClockStep::Request, *next_ms),
            None => (ClockStep::End, *takes_ms),
        };
        self.events.push_event(now_ms + until_ms - requests_ms[at], step, turn);
    }

    /// Whether the provider refuses a request, and how long until its last minute has room.
    fn refusal_wait_ms(&self, now_ms: i64) -> Option<i64> {
        let most = self.limits.requests_a_minute? as usize;
        let within = self.run.sent_ms.len()
            - self.run.sent_ms.partition_point(|ms| now_ms - ms >= MINUTE_MS);
        if within < most.max(1) {
            return None;
        }
        // Room comes when the oldest request that fills the limit is a minute old.
        let oldest = self.run.sent_ms[self.run.sent_ms.len() - most.max(1)];
        Some(oldest + MINUTE_MS - now_ms)
    }

    /// From packet to end, of the turns that tell how long somebody waits for an answer.
    fn sorted_latencies(&self) -> Vec<i64> {
        let all = 0..self.turns.len();
        let mut counted: Vec<usize> =
            all.clone().filter(|&at| self.turns[at].sender_before(at).is_some()).collect();
        // Where no turn sends a packet every turn is an answer to one from outside.
        if counted.is_empty() {
            counted = all.collect();
        }
        let spans = counted.into_iter().map(|at| self.run.turns_ms[at]);
        let mut latencies: Vec<i64> = spans.map(|(ready_ms, end_ms)| end_ms - ready_ms).collect();
        latencies.sort_unstable();
        latencies
    }

    fn into_run(mut self) -> TurnRun {
        self.run.sent_ms.sort_unstable();
        let mut counts = counts_in_last_minute(&self.run.sent_ms);
        counts.sort_unstable();
        let latencies = self.sorted_latencies();
        let load = LimiterLoad {
            requests: counts.len() as i64,
            peak_a_minute: counts.last().copied().unwrap_or(0),
            p95_a_minute: nearest_rank(&counts, 95),
            mean_latency_ms: latencies.iter().sum::<i64>() / (latencies.len() as i64).max(1),
            p90_latency_ms: nearest_rank(&latencies, 90),
            ..self.run.load
        };
        TurnRun { load, ..self.run }
    }
}

/// The smallest of some numbers in ascending order that so many of a hundred do not exceed; 0 of
/// none.
fn nearest_rank(sorted: &[i64], percent: usize) -> i64 {
    (sorted.len() * percent).div_ceil(100).checked_sub(1).map_or(0, |at| sorted[at])
}

/// How many of some times, which stand in order, lie in the minute that ends with each of them,
/// itself included.
#[must_use]
pub fn counts_in_last_minute(times_ms: &[i64]) -> Vec<i64> {
    let mut from = 0;
    let mut counts = Vec::with_capacity(times_ms.len());
    for (at, time) in times_ms.iter().enumerate() {
        // Times stand in order, so that the first one within the minute only ever moves up.
        while time - times_ms[from] >= MINUTE_MS {
            from += 1;
        }
        counts.push((at + 1 - from) as i64);
    }
    counts
}

/// The wait after an attempt, counted from 0.
fn backoff_ms(attempt: u32) -> i64 {
    BACKOFF_MS
        .checked_shl(attempt)
        .filter(|_| attempt < 32)
        .map_or(MOST_BACKOFF_MS, |ms| ms.min(MOST_BACKOFF_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn of requests every second.
    fn turn(agent: usize, from_s: i64, requests: i64) -> PacketTurn {
        PacketTurn {
            agent,
            from_ms: 1_000 * from_s,
            sent_by: None,
            requests_ms: (0..requests).map(|at| 1_000 * at).collect(),
            takes_ms: 1_000 * requests,
        }
    }

    fn load_under_limits(turns: &[PacketTurn], limits: TurnLimits) -> LimiterLoad {
        let load = run_turns(turns, limits).load;
        // Every wait has a cause.
        let TurnWaits { agent_ms, place_ms, provider_ms } = load.waits;
        assert_eq!(agent_ms + place_ms + provider_ms, load.waited_ms);
        load
    }

    fn limits(turns: usize) -> TurnLimits {
        TurnLimits { turns: Some(turns), requests_a_minute: None }
    }

    #[test]
    fn latency_is_from_the_packet_to_the_end_of_its_turn() {
        // One agent: 3 s from 0, then 2 s of a packet that came at 1 s: it ends at 5 s.
        let turns = [turn(0, 0, 3), turn(0, 1, 2)];
        let load = run_turns(&turns, TurnLimits::default()).load;
        assert_eq!((load.mean_latency_ms, load.p90_latency_ms), (3_500, 4_000));
        let none = run_turns(&[], TurnLimits::default()).load;
        assert_eq!((none.mean_latency_ms, none.p90_latency_ms), (0, 0));
    }

    #[test]
    fn turns_beyond_the_bound_wait_for_a_place() {
        let four: Vec<PacketTurn> = (0..4).map(|agent| turn(agent, 0, 10)).collect();
        let free = load_under_limits(&four, TurnLimits::default());
        assert_eq!((free.peak_turns, free.waited_ms, free.requests), (4, 0, 40));
        assert_eq!((free.peak_a_minute, free.p95_a_minute), (40, 38));
        let bound = load_under_limits(&four, limits(3));
        assert_eq!((bound.peak_turns, bound.waited_ms, bound.requests), (3, 10_000, 40));
        assert_eq!(load_under_limits(&four, limits(1)).waited_ms, 10_000 + 20_000 + 30_000);
        assert_eq!(load_under_limits(&[], limits(3)), LimiterLoad::default());
        // The fourth turn starts when the others end.
        let sent = run_turns(&four, limits(3)).sent_ms;
        assert_eq!((sent.len(), sent[29], sent[30], sent[39]), (40, 9_000, 10_000, 19_000));
    }

    #[test]
    fn an_agent_runs_its_turns_one_by_one() {
        let two = [turn(0, 0, 10), turn(0, 5, 10)];
        let met = load_under_limits(&two, limits(3));
        assert_eq!((met.peak_turns, met.waited_ms), (1, 5_000));
    }

    #[test]
    fn the_peak_is_of_any_minute() {
        // 30 requests, a minute after the first one 30 more: never more than 30 in a minute.
        let two = [turn(0, 0, 30), turn(1, 60, 30)];
        assert_eq!(load_under_limits(&two, limits(3)).peak_a_minute, 30);
        let closer = [turn(0, 0, 30), turn(1, 40, 30)];
        assert_eq!(load_under_limits(&closer, limits(3)).peak_a_minute, 50);
    }

    #[test]
    fn a_refused_request_waits_for_room_and_holds_the_others_back() {
        let own = TurnLimits { turns: Some(3), requests_a_minute: Some(4) };
        // Four requests at 0 to 3 s; the fifth, at 4 s, is refused: room at 60 s.
        let met = load_under_limits(&[turn(0, 0, 5)], own);
        assert_eq!((met.refused, met.waited_ms, met.peak_a_minute), (1, 56_000, 4));
        // Another agent starts no turn in the cooldown. At 60 s there is room for one of the two:
        // the second one is refused, and the least wait takes it to 70 s instead of 5 s.
        let met = load_under_limits(&[turn(0, 0, 5), turn(1, 5, 1)], own);
        assert_eq!((met.refused, met.waited_ms), (2, 56_000 + 65_000));
        // With room soon the least wait counts.
        let late =
            PacketTurn { requests_ms: vec![0, 1_000, 2_000, 3_000, 58_000], ..turn(0, 0, 59) };
        assert_eq!(load_under_limits(&[late], own).waited_ms, 10_000);
    }

    #[test]
    fn back_off_doubles_up_to_its_cap() {
        let met: Vec<i64> = [0, 1, 6, 7, 40, 70].map(backoff_ms).to_vec();
        assert_eq!(met, [250, 500, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn packets_wake_their_agent_when_their_sender_is_done() {
        // Workers A 60 s and B 30 s, one controller, digests of 40 s.
        let digest = |sender| PacketTurn { sent_by: Some(sender), ..turn(2, 0, 40) };
        let all = [turn(0, 0, 60), turn(1, 0, 30), digest(0), digest(1)];
        let latencies = |places| {
            let run = run_turns(&all, limits(places));
            let latency = |at: usize| (run.turns_ms[at].1 - run.turns_ms[at].0) / 1_000;
            (latency(2), latency(3), run.load.waits)
        };
        // Two places: B 30-70; A waits for the controller, 70-110.
        let ten = TurnWaits { agent_ms: 10_000, ..TurnWaits::default() };
        assert_eq!(latencies(2), (50, 40, ten));
        // One place: B works 60-90, A's digest 90-130, B's 130-170.
        let waits = TurnWaits { agent_ms: 40_000, place_ms: 90_000, provider_ms: 0 };
        assert_eq!(latencies(1), (70, 80, waits));
    }

    #[test]
    fn latency_is_that_of_sent_packets_where_there_are_any() {
        let digest = |sender| PacketTurn { sent_by: Some(sender), ..turn(2, 0, 40) };
        let all = [turn(0, 0, 60), turn(1, 0, 30), digest(0), digest(1)];
        // As above: the digests take 50 and 40 s; the work itself, 60 and 30 s, is not counted.
        let load = run_turns(&all, limits(2)).load;
        assert_eq!((load.mean_latency_ms, load.p90_latency_ms), (45_000, 50_000));
        // Without a digest every turn counts.
        let load = run_turns(&all[..2], limits(2)).load;
        assert_eq!((load.mean_latency_ms, load.p90_latency_ms), (45_000, 60_000));
        // A sender behind its packet is none.
        let odd = PacketTurn { sent_by: Some(1), ..turn(0, 0, 20) };
        let load = run_turns(&[odd, turn(1, 0, 40)], limits(2)).load;
        assert_eq!((load.mean_latency_ms, load.p90_latency_ms), (30_000, 40_000));
    }
}
