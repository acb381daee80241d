//! Success criteria of a cockpit: whether what agents cost that packets wake fell by as much as was
//! wanted, from one window of rollouts to another.
//!
//! Windows of different length are compared a day. A state folder that moved takes its rollouts out
//! of sight, and what is out of sight looks saved: where one window lacks what it must hold,
//! nothing is judged.

use crate::price::DAY_MS;
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::resample::{Interval, Strata, draws, middle};
use std::collections::{BTreeMap, BTreeSet};

/// Days, or pieces of work, a window needs for an interval. Source: MODEL.md, "Look back".
const FEWEST_CLUSTERS: usize = 5;

/// The kind of packet that does the work.
const EXECUTE: &str = "EXECUTE";
/// What a digest of a finished one tells of. No fast path takes it: `explain C6`.
const EXECUTED: &str = "TASK_COMPLETE:EXECUTE";

/// What a criterion counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Tokens a day.
    Tokens,
    /// Invocations a day.
    Invocations,
    /// Tokens an invocation.
    Average,
}

impl Measure {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Tokens, "tokens"), (Self::Invocations, "invocations"), (Self::Average, "average")];
}

/// What has to fall, and by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// Its name.
    pub name: String,
    /// The agent.
    pub agent: String,
    /// The kind of packet; empty for all.
    pub kind: String,
    /// What is counted.
    pub measure: Measure,
    /// The part that has to go, 0 to 1.
    pub falls_by: f64,
    /// Where it comes from.
    pub source: String,
}

/// A window of a recording, milliseconds: from the first to before the second.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// Its first millisecond.
    pub since_ms: i64,
    /// The millisecond after its last one.
    pub until_ms: i64,
}

impl<'a> Span<'a> {
    /// All of a recording; `None` of one without calls.
    #[must_use]
    pub fn whole(recording: &'a Recording) -> Option<Self> {
        let since_ms = recording.calls.iter().map(|call| call.start_ms).min()?;
        let until_ms = recording.calls.iter().map(|call| call.end_ms).max()? + 1;
        Some(Self { recording, since_ms, until_ms })
    }

    /// The stretches before and after an instant, at most `window_ms` each, as far as the recording
    /// reaches; `None` where a side has nothing.
    #[must_use]
    pub fn around(recording: &'a Recording, at_ms: i64, window_ms: i64) -> Option<[Self; 2]> {
        let Self { since_ms: first, until_ms: last, .. } = Self::whole(recording)?;
        let (since_ms, until_ms) = (first.max(at_ms - window_ms), last.min(at_ms + window_ms));
        let before = Self { recording, since_ms, until_ms: at_ms };
        let after = Self { recording, since_ms: at_ms, until_ms };
        (since_ms < at_ms && at_ms < until_ms).then_some([before, after])
    }

    /// Its length in days.
    #[must_use]
    pub fn days(&self) -> f64 {
        (self.until_ms - self.since_ms) as f64 / DAY_MS as f64
    }
}

/// An invocation in a window.
struct Event<'a> {
    at_ms: i64,
    agent: &'a str,
    kind: &'a str,
    source: &'a str,
    root: &'a str,
    tokens: i64,
}

/// Why a fall may be no fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// There is nothing of it before.
    NothingBefore,
    /// The agent is wholly absent after.
    AgentGone,
    /// Digests tell of finished work, but no invocation did any.
    WorkersGone,
    /// Work was done, but no digest told of it.
    DigestsGone,
    /// The agent's rollouts end long before the window does.
    Silent {
        /// When its last invocation began.
        since_ms: i64,
    },
}

/// What is said of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It fell by as much as was wanted.
    Met,
    /// It did, but days or pieces of work differ so much that chance may do it.
    Unsure,
    /// It fell by less.
    TooLittle,
    /// It did not fall.
    NotMet,
    /// There is a doubt.
    NotMeasured,
}

impl Outcome {
    /// All of them, in words.
    pub const NAMED: [(Self, &'static str); 5] = [
        (Self::Met, "met"),
        (Self::Unsure, "fell by enough, but chance may do as much"),
        (Self::TooLittle, "fell, but by less than wanted"),
        (Self::NotMet, "not met: it did not fall"),
        (Self::NotMeasured, "not measured"),
    ];
}

/// A criterion on two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The criterion.
    pub criterion: Criterion,
    /// Its value before: a day, or an invocation; `None` without any.
    pub before: Option<f64>,
    /// Its value after.
    pub after: Option<f64>,
    /// After divided by before.
    pub ratio: Option<f64>,
    /// Where that lies; `None` with too few days or pieces of work.
    pub interval: Option<Interval>,
    /// What is said of it.
    pub outcome: Outcome,
    /// Why it may be no fall.
    pub doubts: Vec<Doubt>,
}

/// All criteria on two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Criteria {
    /// Each window: from, to.
    pub windows: [(i64, i64); 2],
    /// Invocations that did work, in each: how much there was to tell of.
    pub executed: [u32; 2],
    /// Other agents that are there before and not after.
    pub gone: Vec<String>,
    /// The criteria, as they stand.
    pub judged: Vec<Judged>,
}

/// Judges criteria on two windows. `draws` and `confidence` are the bootstrap's.
#[must_use]
pub fn judge(
    criteria: &[Criterion],
    spans: [Span<'_>; 2],
    (seed, count, confidence): (u64, u32, f64),
) -> Criteria {
    let events = spans.map(|span| events(&span));
    let agents =
        |side: usize| -> BTreeSet<&str> { events[side].iter().map(|event| event.agent).collect() };
    let (before, after) = (agents(0), agents(1));
    let asked = |agent: &&str| criteria.iter().any(|one| one.agent == *agent);
    let gone = before.difference(&after).filter(|agent| !asked(agent));
    let gone = gone.map(|agent| (*agent).to_owned()).collect();
    let does_work = |event: &&Event<'_>| event.kind == EXECUTE;
    let executed = [0, 1].map(|side| events[side].iter().filter(does_work).count() as u32);
    let judge = |criterion: &Criterion| {
        let doubts = doubts(criterion, &spans, &events, executed);
        let (values, interval) = values(criterion, &spans, &events, (seed, count, confidence));
        let ratio = values[0].filter(|before| *before > 0.0).zip(values[1]);
        let ratio = ratio.map(|(before, after)| after / before);
        let outcome = match ratio {
            _ if !doubts.is_empty() => Outcome::NotMeasured,
            None => Outcome::NotMeasured,
            Some(ratio) if ratio >= 1.0 => Outcome::NotMet,
            Some(ratio) if ratio > 1.0 - criterion.falls_by => Outcome::TooLittle,
            Some(_) if interval.is_some_and(|interval| interval.high >= 1.0) => Outcome::Unsure,
            Some(_) => Outcome::Met,
        };
        let [before, after] = values;
        let criterion = criterion.clone();
        Judged { criterion, before, after, ratio, interval, outcome, doubts }
    };
    let judged = criteria.iter().map(judge).collect();
    let windows = spans.map(|span| (span.since_ms, span.until_ms));
    Criteria { windows, executed, gone, judged }
}

/// Invocations whose first call ends in a window, with the tokens of their calls that end in it; in
/// the order of time.
fn events<'a>(span: &Span<'a>) -> Vec<Event<'a>> {
    let recording = span.recording;
    let inside = |at_ms: i64| (span.since_ms..span.until_ms).contains(&at_ms);
    let event = |index: usize| {
        let calls = &recording.calls[recording.calls_of(index)];
        let at_ms = calls.first().map(|call| call.end_ms).filter(|at_ms| inside(*at_ms))?;
        let counted = calls.iter().filter(|call| inside(call.end_ms));
        let tokens = counted.map(|call| call.usage.context() + call.usage.output).sum();
        let packet = &recording.invocations[index].packet;
        let (agent, kind) = (packet.agent.as_str(), packet.kind.as_str());
        let (source, root) = (packet.source.as_str(), packet.root.as_str());
        Some(Event { at_ms, agent, kind, source, root, tokens })
    };
    let mut events: Vec<Event<'_>> = (0..recording.invocations.len()).filter_map(event).collect();
    events.sort_by_key(|event| (event.at_ms, event.agent, event.kind, event.root, event.tokens));
    events
}

impl Criterion {
    fn takes(&self, event: &Event<'_>) -> bool {
        event.agent == self.agent && (self.kind.is_empty() || event.kind == self.kind)
    }
}

/// What speaks against taking a difference for a fall.
fn doubts(
    criterion: &Criterion,
    spans: &[Span<'_>; 2],
    [before, after]: &[Vec<Event<'_>>; 2],
    executed: [u32; 2],
) -> Vec<Doubt> {
    if !before.iter().any(|event| criterion.takes(event)) {
        return vec![Doubt::NothingBefore];
    }
    let mine = |events: &[Event<'_>]| -> Vec<i64> {
        let own = events.iter().filter(|event| event.agent == criterion.agent);
        own.map(|event| event.at_ms).collect()
    };
    let (then, now) = (mine(before), mine(after));
    let Some(last) = now.last() else { return vec![Doubt::AgentGone] };
    let mut doubts = Vec::new();
    let tells = |events: &[Event<'_>]| events.iter().any(|event| event.source == EXECUTED);
    if executed[0] > 0 && executed[1] == 0 && tells(after) {
        doubts.push(Doubt::WorkersGone);
    }
    if tells(before) && executed[1] > 0 && !tells(after) {
        doubts.push(Doubt::DigestsGone);
    }
    let span = spans[1];
    let (silent, half) = (span.until_ms - last, (span.until_ms - span.since_ms) / 2);
    let edges = [spans[0].since_ms].into_iter().chain(then.iter().copied());
    let pauses = edges.zip(then.iter().copied().chain([spans[0].until_ms]));
    let longest = pauses.map(|(from, to)| to - from).max().unwrap_or(0);
    if silent > longest && silent > half {
        doubts.push(Doubt::Silent { since_ms: *last });
    }
    doubts
}

/// Sums of one day or of one piece of work.
type Cluster = (f64, f64);

/// The value in each window, and where their ratio lies.
fn values(
    criterion: &Criterion,
    spans: &[Span<'_>; 2],
    events: &[Vec<Event<'_>>; 2],
    (seed, count, confidence): (u64, u32, f64),
) -> ([Option<f64>; 2], Option<Interval>) {
    let clusters: [Vec<Cluster>; 2] =
        [0, 1].map(|side| clusters(criterion, &spans[side], &events[side]));
    let value = |of: &mut dyn Iterator<Item = Cluster>| {
        let (above, below) = of.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (below > 0.0).then(|| above / below)
    };
    let values = [0, 1].map(|side: usize| value(&mut clusters[side].iter().copied()));
    if clusters.iter().any(|side| side.len() < FEWEST_CLUSTERS) {
        return (values, None);
    }
    let split = clusters[0].len();
    let all: Vec<Cluster> = clusters.concat();
    let strata = Strata::of((0..all.len()).map(|at| at >= split));
    let ratio = |drawn: &[usize]| {
        let side = |after: bool| {
            value(&mut drawn.iter().filter(|at| (**at >= split) == after).map(|at| all[*at]))
        };
        let (before, after) = side(false).zip(side(true))?;
        (before > 0.0).then(|| after / before)
    };
    let drawn = draws((&strata, Seed(seed), "backtest criteria"), count, ratio);
    (values, middle(drawn, confidence))
}

/// Totals by day, the rest of a day as a part of one; averages by piece of work, an invocation of
/// none for itself.
fn clusters(criterion: &Criterion, span: &Span<'_>, events: &[Event<'_>]) -> Vec<Cluster> {
    let own = || events.iter().filter(|event| criterion.takes(event));
    if criterion.measure == Measure::Average {
        let mut roots: BTreeMap<(&str, usize), Cluster> = BTreeMap::new();
        for (at, event) in own().enumerate() {
            let alone = if event.root.is_empty() { at + 1 } else { 0 };
            let sums = roots.entry((event.root, alone)).or_default();
            *sums = (sums.0 + event.tokens as f64, sums.1 + 1.0);
        }
        return roots.into_values().collect();
    }
    let mut days: Vec<Cluster> = Vec::new();
    let mut since = span.since_ms;
    while since < span.until_ms {
        let until = span.until_ms.min(since + DAY_MS);
        let inside = own().filter(|event| (since..until).contains(&event.at_ms));
        let sum = inside.map(|event| match criterion.measure {
            Measure::Tokens => event.tokens as f64,
            _ => 1.0,
        });
        days.push((sum.sum(), (until - since) as f64 / DAY_MS as f64));
        since = until;
    }
    days
}
