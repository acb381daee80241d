//! Turns at once and requests a minute, with the limiter of the cockpit on the replayed timeline.
//!
//! A turn is what an agent does about one packet: its calls, one after the other. The cockpit lets
//! so many turns run at once, first come, first served; an agent runs its own one by one. It does
//! not count requests a minute: this study does. Where a provider's limit is told, a request
//! beyond it is refused (429): the turn gives its place back, nobody starts a turn before the
//! shared cooldown is over, and the turn goes on with the refused request. The wait is the longest
//! of the provider's own (until its last minute has room), the back-off of this attempt, and the
//! least after a refusal.
//!
//! Source: agentic-cockpit `9c06a3aa` and `eca8e3c`, its worker; MODEL.md, "Limiter". Calls outside
//! packets take no turn and are left out. A turn that waits does so in this study only: cache and
//! money are those of the replay, where nobody waits.

use crate::plan::{Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Turns at once: the cockpit's default, and what it recommends.
pub const TURNS_AT_ONCE: [usize; 2] = [3, 6];

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
}

/// The load on both sides of a comparison under one limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadComparison {
    /// What bounds the turns.
    pub limits: TurnLimits,
    /// Nothing toggled.
    pub before: LimiterLoad,
    /// Everything toggled.
    pub after: LimiterLoad,
}

/// The load without a limiter, with the default one and with the recommended one; empty where no
/// packet woke anybody.
#[must_use]
pub fn compare_loads(
    recording: &Recording,
    plan: &Plan,
    all: ToggleSubset,
    requests_a_minute: Option<u32>,
) -> Vec<LoadComparison> {
    if recording.invocations.is_empty() {
        return Vec::new();
    }
    // Replayed once and run through every limit: limits move when a turn starts, not what it asks
    // for.
    let (before, after) =
        (replayed_turns(recording, plan, 0), replayed_turns(recording, plan, all));
    let bounds = [None].into_iter().chain(TURNS_AT_ONCE.map(Some));
    bounds
        .map(|turns| {
            let limits = TurnLimits { turns, requests_a_minute };
            LoadComparison {
                limits,
                before: load_under_limits(&before, limits),
                after: load_under_limits(&after, limits),
            }
        })
        .collect()
}

/// What an agent does about one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketTurn {
    /// The agent, by number.
    pub agent: usize,
    /// When it could start.
    pub from_ms: i64,
    /// When its requests leave, from its start, in order; at least one.
    pub requests_ms: Vec<i64>,
    /// How long it takes.
    pub takes_ms: i64,
}

/// The turns of a replay, in the order in which they start.
#[must_use]
pub fn replayed_turns(recording: &Recording, plan: &Plan, subset: ToggleSubset) -> Vec<PacketTurn> {
    let mut invocation_of = vec![None; recording.calls.len()];
    for index in 0..recording.invocations.len() {
        invocation_of[recording.calls_of_invocation(index)].fill(Some(index));
    }
    // By invocation: the start and the end of each of its calls.
    let mut calls: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    let made = replay::replay_calls(plan, subset);
    for made in replay::expected_rows(plan, &made) {
        let row = made.row as usize;
        if let Some(invocation) = invocation_of[plan.call_of[row] as usize] {
            let start_ms = made.outcome.start_ms;
            let call = (start_ms, start_ms + plan.duration_ms[row]);
            calls.entry(invocation).or_default().push(call);
        }
    }
    let mut agents: BTreeMap<&str, usize> = BTreeMap::new();
    let mut turns = Vec::with_capacity(calls.len());
    for (invocation, mut calls) in calls {
        // Calls of side sessions stand elsewhere in the plan than in time.
        calls.sort_unstable();
        let next = agents.len();
        let agent = &recording.invocations[invocation].packet.agent;
        let agent = *agents.entry(agent).or_insert(next);
        let from_ms = calls[0].0;
        let to_ms = calls.iter().map(|call| call.1).max().unwrap_or(from_ms);
        // Relative to the start of the turn, because the limiter may start it later.
        let requests_ms = calls.iter().map(|call| call.0 - from_ms).collect();
        turns.push(PacketTurn { agent, from_ms, requests_ms, takes_ms: to_ms - from_ms });
    }
    // First come, first served; the agent breaks ties.
    turns.sort_by_key(|turn| (turn.from_ms, turn.agent));
    turns
}

/// Runs turns, which stand in the order of their starts, under limits.
#[must_use]
pub fn load_under_limits(turns: &[PacketTurn], limits: TurnLimits) -> LimiterLoad {
    LimiterSimulation::run(turns, limits).into_load()
}

/// When requests are let through under limits, in order.
#[cfg(any(test, feature = "charts"))]
#[must_use]
pub fn request_times_ms(turns: &[PacketTurn], limits: TurnLimits) -> Vec<i64> {
    LimiterSimulation::run(turns, limits).sent_ms
}

/// What happens next to a turn; at equal times a place is given back before it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TurnEvent {
    Release,
    Start,
    Request,
}

struct LimiterSimulation<'a> {
    turns: &'a [PacketTurn],
    limits: TurnLimits,
    /// By time, then by step and turn.
    steps: BinaryHeap<Reverse<(i64, TurnEvent, usize)>>,
    /// The turns of each agent that wait for an earlier one of its own.
    behind: Vec<VecDeque<usize>>,
    /// Turns that wait for a place.
    waiting: VecDeque<usize>,
    running: usize,
    cooldown_ms: i64,
    /// By turn: its next request, and how often it was refused.
    next: Vec<usize>,
    refusals: Vec<u32>,
    /// When requests left.
    sent_ms: Vec<i64>,
    load: LimiterLoad,
}

impl<'a> LimiterSimulation<'a> {
    fn run(turns: &'a [PacketTurn], limits: TurnLimits) -> Self {
        let mut cockpit = Self::new(turns, limits);
        while let Some(Reverse((now_ms, step, turn))) = cockpit.steps.pop() {
            match step {
                TurnEvent::Release => cockpit.end_turn(now_ms, turn),
                TurnEvent::Start => cockpit.start_turn(now_ms, turn),
                TurnEvent::Request => cockpit.send_request(now_ms, turn),
            }
        }
        cockpit
    }

    fn new(turns: &'a [PacketTurn], limits: TurnLimits) -> Self {
        let agents = turns.iter().map(|turn| turn.agent + 1).max().unwrap_or(0);
        // Each agent has a queue of its own, of which only the first turn is in the game.
        let mut behind = vec![VecDeque::new(); agents];
        for (index, turn) in turns.iter().enumerate() {
            behind[turn.agent].push_back(index);
        }
        let first = behind.iter_mut().filter_map(VecDeque::pop_front);
        let steps =
            first.map(|turn| Reverse((turns[turn].from_ms, TurnEvent::Start, turn))).collect();
        Self {
            turns,
            limits,
            steps,
            behind,
            waiting: VecDeque::new(),
            running: 0,
            cooldown_ms: i64::MIN,
            next: vec![0; turns.len()],
            refusals: vec![0; turns.len()],
            sent_ms: Vec::new(),
            load: LimiterLoad { turns: turns.len() as i64, ..LimiterLoad::default() },
        }
    }

    fn schedule_event(&mut self, at_ms: i64, step: TurnEvent, turn: usize) {
        self.steps.push(Reverse((at_ms, step, turn)));
    }

    fn start_turn(&mut self, now_ms: i64, turn: usize) {
        if now_ms < self.cooldown_ms {
            self.schedule_event(self.cooldown_ms, TurnEvent::Start, turn);
        } else if self.limits.turns.is_some_and(|most| self.running >= most) {
            self.waiting.push_back(turn);
        } else {
            self.running += 1;
            self.load.peak_turns = self.load.peak_turns.max(self.running as i64);
            self.schedule_event(now_ms, TurnEvent::Request, turn);
        }
    }

    /// Gives the place of a turn back, to whoever waits longest.
    fn free_place(&mut self, now_ms: i64) {
        self.running -= 1;
        if let Some(turn) = self.waiting.pop_front() {
            self.schedule_event(now_ms, TurnEvent::Start, turn);
        }
    }

    fn end_turn(&mut self, now_ms: i64, turn: usize) {
        self.free_place(now_ms);
        let PacketTurn { agent, from_ms, takes_ms, .. } = self.turns[turn];
        // Whatever ends later than it did without limits has waited, on a place, on its agent or on
        // the provider.
        self.load.waited_ms += now_ms - (from_ms + takes_ms);
        // An agent does its own turns one by one, and never before a packet has come.
        if let Some(next) = self.behind[agent].pop_front() {
            self.schedule_event(now_ms.max(self.turns[next].from_ms), TurnEvent::Start, next);
        }
    }

    fn send_request(&mut self, now_ms: i64, turn: usize) {
        if let Some(wait_ms) = self.refusal_wait_ms(now_ms) {
            self.load.refused += 1;
            let attempt = self.refusals[turn];
            self.refusals[turn] = attempt.saturating_add(1);
            let wait_ms = wait_ms.max(backoff_ms(attempt)).max(REFUSED_MS);
            // The cooldown is everybody's: no other turn starts before it is over either.
            self.cooldown_ms = self.cooldown_ms.max(now_ms + wait_ms);
            self.free_place(now_ms);
            self.schedule_event(now_ms + wait_ms, TurnEvent::Start, turn);
            return;
        }
        self.sent_ms.push(now_ms);
        let PacketTurn { requests_ms, takes_ms, .. } = &self.turns[turn];
        // A turn that was refused goes on with the request that it was refused, not from its
        // beginning.
        let at = self.next[turn];
        self.next[turn] += 1;
        let (step, until_ms) = match requests_ms.get(at + 1) {
            Some(next_ms) => (TurnEvent::Request, *next_ms),
            None => (TurnEvent::Release, *takes_ms),
        };
        self.schedule_event(now_ms + until_ms - requests_ms[at], step, turn);
    }

    /// Whether the provider refuses a request, and how long until its last minute has room.
    fn refusal_wait_ms(&self, now_ms: i64) -> Option<i64> {
        let most = self.limits.requests_a_minute? as usize;
        let within =
            self.sent_ms.len() - self.sent_ms.partition_point(|ms| now_ms - ms >= MINUTE_MS);
        if within < most.max(1) {
            return None;
        }
        // Room comes when the oldest request that fills the limit is a minute old.
        let oldest = self.sent_ms[self.sent_ms.len() - most.max(1)];
        Some(oldest + MINUTE_MS - now_ms)
    }

    fn into_load(self) -> LimiterLoad {
        let mut counts = counts_in_last_minute(&self.sent_ms);
        counts.sort_unstable();
        // Nearest rank, in integers.
        let p95 = (counts.len() * 95).div_ceil(100).checked_sub(1).map_or(0, |at| counts[at]);
        LimiterLoad {
            requests: counts.len() as i64,
            peak_a_minute: counts.last().copied().unwrap_or(0),
            p95_a_minute: p95,
            ..self.load
        }
    }
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
            requests_ms: (0..requests).map(|at| 1_000 * at).collect(),
            takes_ms: 1_000 * requests,
        }
    }

    fn limits(turns: usize) -> TurnLimits {
        TurnLimits { turns: Some(turns), requests_a_minute: None }
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
        let sent = request_times_ms(&four, limits(3));
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
}
