//! Success criteria of a cockpit: whether what agents cost that packets wake fell by as much as was
//! wanted, from one window of rollouts to another.
//!
//! Windows of different length are compared a day. A state folder that moved takes its rollouts out
//! of sight, and what is out of sight looks saved: where one window lacks what it must hold,
//! nothing is judged.

use crate::price::DAY_MS;
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::stats::bootstrap::{
    BootstrapStrata, ConfidenceInterval, bootstrap_estimates, central_interval,
};
use std::collections::{BTreeMap, BTreeSet};

/// Days, or pieces of work, a window needs for an interval. Source: MODEL.md, "Look back".
const FEWEST_CLUSTERS: usize = 5;

/// The kind of packet that does the work.
const EXECUTE_KIND: &str = "EXECUTE";
/// What a digest of a finished one tells of. No fast path takes it: `explain C6`.
const EXECUTED_DIGEST: &str = "TASK_COMPLETE:EXECUTE";

crate::kinds::named_values! {
    /// What a criterion counts.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CriterionMeasure {
        /// Tokens a day.
        Tokens = "tokens",
        /// Invocations a day.
        Invocations = "invocations",
        /// Tokens an invocation.
        Average = "average",
    }
}

/// What has to fall, and by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct SuccessCriterion {
    /// Its name.
    pub name: String,
    /// The agent.
    pub agent: String,
    /// The kind of packet; empty for all.
    pub kind: String,
    /// What is counted.
    pub measure: CriterionMeasure,
    /// The part that has to go, 0 to 1.
    pub falls_by: f64,
    /// Where it comes from.
    pub source: String,
}

/// A window of a recording, milliseconds: from the first to before the second.
#[derive(Clone, Copy, Debug)]
pub struct RecordingWindow<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// Its first millisecond.
    pub since_ms: i64,
    /// The millisecond after its last one.
    pub until_ms: i64,
}

impl<'a> RecordingWindow<'a> {
    /// All of a recording; `None` of one without calls.
    #[must_use]
    pub(crate) fn whole_recording(recording: &'a Recording) -> Option<Self> {
        let since_ms = recording.calls.iter().map(|call| call.start_ms).min()?;
        // The end is outside, and the last call has to be inside.
        let until_ms = recording.calls.iter().map(|call| call.end_ms).max()? + 1;
        Some(Self { recording, since_ms, until_ms })
    }

    /// The stretches before and after an instant, at most `window_ms` each, as far as the recording
    /// reaches; `None` where a side has nothing.
    #[must_use]
    pub(crate) fn split_around(
        recording: &'a Recording,
        at_ms: i64,
        window_ms: i64,
    ) -> Option<[Self; 2]> {
        let Self { since_ms: first, until_ms: last, .. } = Self::whole_recording(recording)?;
        let (since_ms, until_ms) = (first.max(at_ms - window_ms), last.min(at_ms + window_ms));
        let before = Self { recording, since_ms, until_ms: at_ms };
        let after = Self { recording, since_ms: at_ms, until_ms };
        // An instant at or beyond an end of the recording leaves one side empty.
        (since_ms < at_ms && at_ms < until_ms).then_some([before, after])
    }
}

/// An invocation in a window.
struct WindowInvocation<'a> {
    at_ms: i64,
    agent: &'a str,
    kind: &'a str,
    source: &'a str,
    root: &'a str,
    tokens: i64,
}

/// Why a fall may be no fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CriterionDoubt {
    /// Lines or files of a window were lost at the import.
    Damaged {
        /// How many, in both.
        lost: u64,
    },
    /// There is nothing of it before.
    NothingBefore,
    /// The agent is wholly absent after.
    AgentGone,
    /// Digests tell of finished work, but no invocation did any.
    WorkersGone,
    /// Work was done, but no digest told of it.
    DigestsGone,
    /// The agent's rollouts end long before the window does.
    AgentSilent {
        /// When its last invocation began.
        since_ms: i64,
    },
}

crate::kinds::named_values! {
    /// What is said of a criterion.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CriterionOutcome {
        /// It fell by as much as was wanted.
        Met = "met",
        /// It did, but days or pieces of work differ so much that chance may do it.
        Unsure = "fell by enough, but chance may do as much",
        /// It fell by less.
        TooLittle = "fell, but by less than wanted",
        /// It did not fall.
        NotMet = "not met: it did not fall",
        /// There is a doubt.
        NotMeasured = "not measured",
    }
}

/// A criterion on two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionResult {
    /// The criterion.
    pub criterion: SuccessCriterion,
    /// Its value before: a day, or an invocation; `None` without any.
    pub before: Option<f64>,
    /// Its value after.
    pub after: Option<f64>,
    /// After divided by before.
    pub ratio: Option<f64>,
    /// Where that lies; `None` with too few days or pieces of work.
    pub interval: Option<ConfidenceInterval>,
    /// What is said of it.
    pub outcome: CriterionOutcome,
    /// Why it may be no fall.
    pub doubts: Vec<CriterionDoubt>,
}

/// All criteria on two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct CriteriaComparison {
    /// Each window: from, to.
    pub windows: [(i64, i64); 2],
    /// Invocations that did work, in each: how much there was to tell of.
    pub executed: [u32; 2],
    /// Other agents that are there before and not after.
    pub agents_gone: Vec<String>,
    /// The criteria, as they stand.
    pub results: Vec<CriterionResult>,
}

/// Judges criteria on two windows. `draws` and `confidence` are the bootstrap's.
#[must_use]
pub(crate) fn judge_criteria(
    criteria: &[SuccessCriterion],
    spans: [RecordingWindow<'_>; 2],
    (seed, count, confidence): (u64, u32, f64),
) -> CriteriaComparison {
    let events = spans.map(|span| invocations_in_window(&span));
    let [before, after] = [0, 1].map(|side: usize| -> BTreeSet<&str> {
        events[side].iter().map(|event| event.agent).collect()
    });
    // What an agent of a criterion does is said by its doubts.
    let agents_gone = before
        .difference(&after)
        .filter(|agent| criteria.iter().all(|criterion| criterion.agent != **agent))
        .map(|agent| (*agent).to_owned())
        .collect();
    let executed = [0, 1].map(|side: usize| {
        events[side].iter().filter(|event| event.kind == EXECUTE_KIND).count() as u32
    });
    let results = criteria
        .iter()
        .map(|criterion| {
            let doubts = find_doubts(criterion, &spans, &events, executed);
            let (values, interval) =
                window_values(criterion, &spans, &events, (seed, count, confidence));
            CriterionResult::from_values(criterion.clone(), values, interval, doubts)
        })
        .collect();
    let windows = spans.map(|span| (span.since_ms, span.until_ms));
    CriteriaComparison { windows, executed, agents_gone, results }
}

impl CriterionResult {
    fn from_values(
        criterion: SuccessCriterion,
        [before, after]: [Option<f64>; 2],
        interval: Option<ConfidenceInterval>,
        doubts: Vec<CriterionDoubt>,
    ) -> Self {
        let ratio = before.filter(|before| *before > 0.0).zip(after);
        let ratio = ratio.map(|(before, after)| after / before);
        // What is out of sight looks saved: with a doubt no fall is believed.
        let outcome = match ratio {
            _ if !doubts.is_empty() => CriterionOutcome::NotMeasured,
            None => CriterionOutcome::NotMeasured,
            Some(ratio) if ratio >= 1.0 => CriterionOutcome::NotMet,
            Some(ratio) if ratio > 1.0 - criterion.falls_by => CriterionOutcome::TooLittle,
            // Only where all of the interval is a fall, chance is no explanation.
            Some(_) if interval.is_some_and(|interval| interval.high >= 1.0) => {
                CriterionOutcome::Unsure
            }
            Some(_) => CriterionOutcome::Met,
        };
        Self { criterion, before, after, ratio, interval, outcome, doubts }
    }
}

/// Invocations whose first call ends in a window, with the tokens of their calls that end in it; in
/// the order of time.
fn invocations_in_window<'a>(span: &RecordingWindow<'a>) -> Vec<WindowInvocation<'a>> {
    let mut events: Vec<WindowInvocation<'_>> = (0..span.recording.invocations.len())
        .filter_map(|index| invocation_in_window(span, index))
        .collect();
    // By more than time: what happened at one moment stands the same way in any order of files.
    events.sort_by_key(|event| (event.at_ms, event.agent, event.kind, event.root, event.tokens));
    events
}

fn invocation_in_window<'a>(
    span: &RecordingWindow<'a>,
    index: usize,
) -> Option<WindowInvocation<'a>> {
    let recording = span.recording;
    let calls = &recording.calls[recording.calls_of_invocation(index)];
    let window = span.since_ms..span.until_ms;
    // It belongs to the window in which its first call ended.
    let at_ms = calls.first().map(|call| call.end_ms).filter(|at_ms| window.contains(at_ms))?;
    // Later calls that end behind the window are not counted in it.
    let counted = calls.iter().filter(|call| window.contains(&call.end_ms));
    let tokens = counted.map(|call| call.usage.context_tokens() + call.usage.output).sum();
    let packet = &recording.invocations[index].packet;
    let (agent, kind) = (packet.agent.as_str(), packet.kind.as_str());
    let (source, root) = (packet.source.as_str(), packet.root.as_str());
    Some(WindowInvocation { at_ms, agent, kind, source, root, tokens })
}

impl SuccessCriterion {
    fn matches_invocation(&self, event: &WindowInvocation<'_>) -> bool {
        event.agent == self.agent && (self.kind.is_empty() || event.kind == self.kind)
    }
}

/// What speaks against taking a difference for a fall.
fn find_doubts(
    criterion: &SuccessCriterion,
    spans: &[RecordingWindow<'_>; 2],
    [before, after]: &[Vec<WindowInvocation<'_>>; 2],
    executed: [u32; 2],
) -> Vec<CriterionDoubt> {
    // Without anything before, no other doubt says more.
    if !before.iter().any(|event| criterion.matches_invocation(event)) {
        return vec![CriterionDoubt::NothingBefore];
    }
    let mut doubts = Vec::new();
    // Both windows may be of one recording, which lost everything once.
    let [first, second] = spans.each_ref().map(|span| span.recording);
    let second = (!std::ptr::eq(first, second)).then_some(second);
    let skips = [Some(first), second].into_iter().flatten().filter_map(|one| one.skips);
    let lost = skips.map(|skips| skips.damage).sum();
    if lost > 0 {
        doubts.push(CriterionDoubt::Damaged { lost });
    }
    let own_before = starts_of_agent(before, &criterion.agent);
    let own_after = starts_of_agent(after, &criterion.agent);
    let Some(last) = own_after.last() else {
        doubts.push(CriterionDoubt::AgentGone);
        return doubts;
    };
    // Work and the digests that tell of it come together: where one of them stops, its state folder
    // moved, and what it cost is out of sight rather than saved.
    let has_digests_before = before.iter().any(|event| event.source == EXECUTED_DIGEST);
    let has_digests_after = after.iter().any(|event| event.source == EXECUTED_DIGEST);
    if executed[0] > 0 && executed[1] == 0 && has_digests_after {
        doubts.push(CriterionDoubt::WorkersGone);
    }
    if has_digests_before && executed[1] > 0 && !has_digests_after {
        doubts.push(CriterionDoubt::DigestsGone);
    }
    // An agent may pause. It is silent if it pauses at the end of the second window for longer than
    // it ever did in the first one, and for more than half of the window.
    let span = spans[1];
    let (silent, half) = (span.until_ms - last, (span.until_ms - span.since_ms) / 2);
    // The edges of the window count too: an agent may wake late in it.
    let pause_starts = [spans[0].since_ms].into_iter().chain(own_before.iter().copied());
    let pauses = pause_starts.zip(own_before.iter().copied().chain([spans[0].until_ms]));
    let longest = pauses.map(|(from, to)| to - from).max().unwrap_or(0);
    if silent > longest && silent > half {
        doubts.push(CriterionDoubt::AgentSilent { since_ms: *last });
    }
    doubts
}

fn starts_of_agent(events: &[WindowInvocation<'_>], agent: &str) -> Vec<i64> {
    events.iter().filter(|event| event.agent == agent).map(|event| event.at_ms).collect()
}

/// Sums of one day or of one piece of work.
type ClusterSums = (f64, f64);

/// The value in each window, and where their ratio lies.
fn window_values(
    criterion: &SuccessCriterion,
    spans: &[RecordingWindow<'_>; 2],
    events: &[Vec<WindowInvocation<'_>>; 2],
    (seed, count, confidence): (u64, u32, f64),
) -> ([Option<f64>; 2], Option<ConfidenceInterval>) {
    let clusters: [Vec<ClusterSums>; 2] =
        [0, 1].map(|side| cluster_invocations(criterion, &spans[side], &events[side]));
    let values = [0, 1].map(|side: usize| quotient_of_sums(clusters[side].iter().copied()));
    // Few clusters repeat themselves in every draw, which would make the interval too narrow.
    if clusters.iter().any(|side| side.len() < FEWEST_CLUSTERS) {
        return (values, None);
    }
    // Clusters of both windows stand in one list, those of the second from `split` on; each window
    // is a stratum, so that every draw has as many clusters of it as there are.
    let split = clusters[0].len();
    let all: Vec<ClusterSums> = clusters.concat();
    let strata = BootstrapStrata::from_keys((0..all.len()).map(|at| at >= split));
    let drawn = bootstrap_estimates((&strata, Seed(seed), "backtest criteria"), count, |drawn| {
        let (before, after): (Vec<usize>, Vec<usize>) = drawn.iter().partition(|at| **at < split);
        let before = quotient_of_sums(before.into_iter().map(|at| all[at]))?;
        let after = quotient_of_sums(after.into_iter().map(|at| all[at]))?;
        (before > 0.0).then(|| after / before)
    });
    (values, central_interval(drawn, confidence))
}

/// The sum of the numerators by that of the denominators; `None` of nothing.
fn quotient_of_sums(clusters: impl Iterator<Item = ClusterSums>) -> Option<f64> {
    let (above, below) = clusters.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (below > 0.0).then(|| above / below)
}

/// Totals by day, the rest of a day as a part of one; averages by piece of work, an invocation of
/// none for itself.
fn cluster_invocations(
    criterion: &SuccessCriterion,
    span: &RecordingWindow<'_>,
    events: &[WindowInvocation<'_>],
) -> Vec<ClusterSums> {
    let own: Vec<&WindowInvocation<'_>> =
        events.iter().filter(|event| criterion.matches_invocation(event)).collect();
    if criterion.measure == CriterionMeasure::Average {
        let mut roots: BTreeMap<(&str, usize), ClusterSums> = BTreeMap::new();
        for (at, event) in own.iter().enumerate() {
            // Without a root nothing says which invocations belong together.
            let alone = if event.root.is_empty() { at + 1 } else { 0 };
            let sums = roots.entry((event.root, alone)).or_default();
            *sums = (sums.0 + event.tokens as f64, sums.1 + 1.0);
        }
        return roots.into_values().collect();
    }
    let mut days: Vec<ClusterSums> = Vec::new();
    let mut since = span.since_ms;
    // Days from the start of the window, not of the calendar: the last one may be a part.
    while since < span.until_ms {
        let until = span.until_ms.min(since + DAY_MS);
        let sum = own
            .iter()
            .filter(|event| (since..until).contains(&event.at_ms))
            .map(|event| match criterion.measure {
                CriterionMeasure::Tokens => event.tokens as f64,
                // Every other measure counts invocations.
                _ => 1.0,
            })
            .sum();
        days.push((sum, (until - since) as f64 / DAY_MS as f64));
        since = until;
    }
    days
}
