//! Minutes: what toggles do to the wall clock of a published pipeline.
//!
//! The replay says how long each session takes under a subset of toggles, the clock how long the
//! whole: stages follow each other, and one is over when the last of its sessions is. What is left
//! of a saving is therefore no sum over sessions, so that shares come from all subsets of the
//! toggles that can move time, of too many from sampled orders. A toggle that moves no time has
//! exactly none. MODEL.md, "Clock".

use super::experiment::{Experiment, subset_of_first};
use super::lanes::{LaneInputs, PipelineLanes, study_lanes};
use super::lattice::{gather_bits, spread_bits};
use super::night::{NightElapsed, study_night};
use super::savings::PipelineTotals;
use super::shapley::{share_out_sampled_times, share_out_values};
use super::uncounted_time::{UncountedTime, uncounted_times};
use crate::clock::pipeline::{DispatchPolicy, OrderStage, OrderWork, SpanKind, run_orders};
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay::session_spans::session_spans;
use crate::seed::Seed;
use std::collections::BTreeMap;

/// Of more toggles than this that can move time not all subsets are run: shares are means over
/// sampled orders.
pub const MOST_TIME_TOGGLES: usize = 12;

/// What one toggle does to the time of the pipeline, milliseconds less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToggleMinutes {
    /// On its own.
    pub alone_ms: i64,
    /// After all the others.
    pub last_ms: i64,
    /// Its share (Shapley) in all together.
    pub share_ms: i64,
    /// How far the share may be off, one standard deviation; `None` where it is exact.
    pub share_error_ms: Option<i64>,
    /// The most calls that start within any minute with it alone, in calls.
    pub peak_calls_a_minute: i64,
}

impl ToggleMinutes {
    /// Whether it changes when anything ends.
    #[must_use]
    pub fn moves_time(&self) -> bool {
        (self.alone_ms, self.last_ms, self.share_ms) != (0, 0, 0)
    }
}

/// What every subset of some toggles saves on the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubsetMinutes {
    /// The toggles; all others move no time.
    pub bits: ToggleSubset,
    /// Milliseconds less; entry k is the subset whose j-th lowest bit is bit j of k.
    pub saved_ms: Vec<i64>,
}

impl SubsetMinutes {
    /// What a subset of all toggles saves, milliseconds.
    #[must_use]
    pub fn saved_by_subset(&self, subset: ToggleSubset) -> i64 {
        self.saved_ms[gather_bits(subset, self.bits) as usize]
    }

    /// The same with every other toggle off.
    #[must_use]
    pub fn with_only(&self, bits: ToggleSubset) -> Self {
        let bits = self.bits & bits;
        let entries = 0..1_u64 << bits.count_ones();
        let saved = entries.map(|entry| self.saved_by_subset(spread_bits(entry, bits)));
        Self { bits, saved_ms: saved.collect() }
    }
}

/// A stage, and the session that decides when it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStage {
    /// Its step.
    pub step: String,
    /// The deciding session, nothing toggled.
    pub session_before: String,
    /// How long it takes, milliseconds.
    pub before_ms: i64,
    /// The deciding session, everything toggled.
    pub session_after: String,
    /// How long it takes.
    pub after_ms: i64,
}

/// The wall clock of a pipeline, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinutesStudy {
    /// Nothing toggled, from the start of the first session to the end of the last, milliseconds;
    /// pauses between sessions are not told and none.
    pub before_ms: i64,
    /// Everything toggled.
    pub after_ms: i64,
    /// By toggle.
    pub toggles: Vec<ToggleMinutes>,
    /// Every subset of the toggles that can move time; `None` where these are too many.
    pub by_subset: Option<SubsetMinutes>,
    /// The most calls that start within any minute, nothing and everything toggled, in calls.
    pub peak_calls_a_minute: [i64; 2],
    /// Time that toggles would free and that is not counted.
    pub uncounted: Vec<UncountedTime>,
    /// The critical path.
    pub path: Vec<PathStage>,
    /// When each session runs.
    pub lanes: PipelineLanes,
    /// The hours in which it ran beside other orders, policy by policy; empty where nothing is
    /// told of them, and without draws.
    pub night: Vec<NightElapsed>,
}

/// Studies the minutes of a published pipeline; `sides` are its totals with nothing and with
/// everything toggled, peaks included. `None` for other recordings, and where no toggle can move
/// time and nothing more is told.
#[must_use]
pub fn study_minutes(
    experiment: &Experiment<'_>,
    plan: &Plan,
    patches: &[Patch],
    sides: [&PipelineTotals; 2],
) -> Option<MinutesStudy> {
    study_minutes_with_samples_above(MOST_TIME_TOGGLES, experiment, plan, patches, sides)
}

/// The same with shares from sampled orders where more than `most` toggles can move time.
#[must_use]
pub fn study_minutes_with_samples_above(
    most: usize,
    experiment: &Experiment<'_>,
    plan: &Plan,
    patches: &[Patch],
    [baseline, with_all]: [&PipelineTotals; 2],
) -> Option<MinutesStudy> {
    let reported = experiment.published_pipeline()?;
    let recording = experiment.base_recording();
    let moving = patches.iter().enumerate().filter(|(_, patch)| patch.may_move_time());
    let moving = moving.fold(0, |bits: ToggleSubset, (bit, _)| bits | 1 << bit);
    if moving == 0 && reported.night.is_none() {
        return None;
    }
    // Who waits for whom is followed for the toggles alone that can move time.
    let mut chain = SessionChain::new(recording, plan, moving);
    let all = subset_of_first(patches.len());
    let (before_ms, after_ms) = (chain.elapsed_ms(0), chain.elapsed_ms(all));
    // All subsets of many toggles would be too many runs.
    let is_sampled = moving.count_ones() as usize > most;
    let by_subset = (!is_sampled).then(|| chain.subset_minutes(before_ms));
    let shares = match &by_subset {
        Some(by_subset) => exact_shares(by_subset),
        None => chain.sampled_shares(before_ms, experiment.seed),
    };
    let mut alone = Vec::with_capacity(patches.len());
    let mut toggles = Vec::with_capacity(patches.len());
    for bit in 0..patches.len() {
        let own = 1 << bit;
        let totals = PipelineTotals::replay_with_peak(plan, own);
        // What moves no time is no player: it has no share and no error.
        let (share_ms, error_ms) = shares.get(&bit).copied().unwrap_or_default();
        toggles.push(ToggleMinutes {
            alone_ms: before_ms - chain.elapsed_ms(own),
            last_ms: chain.elapsed_ms(all & !own) - after_ms,
            share_ms,
            share_error_ms: error_ms.filter(|_| moving & own != 0),
            peak_calls_a_minute: totals.peak_calls_a_minute,
        });
        alone.push(totals);
    }
    let peak_calls_a_minute = [baseline, with_all].map(|side| side.peak_calls_a_minute);
    let uncounted = uncounted_times(recording, patches, baseline, &alone, |toggle| {
        toggles[toggle].moves_time()
    });
    let sides = [0, all].map(|subset| chain.order_under(subset, &reported.name));
    let steps = chain.step_names();
    let lanes = study_lanes(&LaneInputs {
        reported,
        recording,
        plan,
        all,
        stages: &chain.stages,
        steps: &steps,
        sides: &sides,
    });
    Some(MinutesStudy {
        before_ms,
        after_ms,
        toggles,
        by_subset,
        peak_calls_a_minute,
        uncounted,
        path: chain.critical_path(&sides),
        lanes,
        night: study_night(reported, experiment, &steps, &sides),
    })
}

/// By bit: the share of a toggle and how far it may be off, milliseconds.
type TimeShares = BTreeMap<usize, (i64, Option<i64>)>;

/// The shares of toggles of which every subset is known.
fn exact_shares(by_subset: &SubsetMinutes) -> TimeShares {
    let bits = (0..64).filter(|bit| by_subset.bits >> bit & 1 == 1);
    let shares = share_out_values(&by_subset.saved_ms).into_iter();
    bits.zip(shares.map(|share| (share, None))).collect()
}

/// The sessions of a pipeline as a chain of stages, and how long they take under subsets.
struct SessionChain<'a> {
    recording: &'a Recording,
    plan: &'a Plan,
    /// Bits that can move time.
    moving: ToggleSubset,
    /// The sessions of each stage.
    stages: Vec<Vec<usize>>,
    /// By island and its own subset: how long its sessions take. A session hangs on the bits of its
    /// island alone.
    lengths: BTreeMap<(usize, ToggleSubset), Vec<(usize, i64)>>,
}

impl<'a> SessionChain<'a> {
    fn new(recording: &'a Recording, plan: &'a Plan, moving: ToggleSubset) -> Self {
        let stages = stages_of_recording(recording);
        Self { recording, plan, moving, stages, lengths: BTreeMap::new() }
    }

    /// How long each session of the recording takes, milliseconds.
    fn session_lengths(&mut self, subset: ToggleSubset) -> Vec<i64> {
        let mut lengths = vec![0; self.recording.sessions.len()];
        for (index, island) in self.plan.islands.iter().enumerate() {
            let own = subset & island.touched_by & self.moving;
            let of_island = self.lengths.entry((index, own)).or_insert_with(|| {
                let spans = session_spans(self.plan, island, own);
                let sessions = &self.plan.sessions[island.sessions.start as usize..];
                let mut known: BTreeMap<usize, i64> = BTreeMap::new();
                for (planned, span) in sessions.iter().zip(spans) {
                    // A session stands before those that it spawns, which bear its number.
                    let length = span.map_or(0, |(from_ms, to_ms)| to_ms - from_ms);
                    known.entry(planned.session as usize).or_insert(length);
                }
                known.into_iter().collect()
            });
            for &(session, length) in of_island.iter() {
                lengths[session] = length;
            }
        }
        lengths
    }

    fn order_under(&mut self, subset: ToggleSubset, name: &str) -> OrderWork {
        let lengths = self.session_lengths(subset);
        let stages = self.stages.iter().map(|sessions| OrderStage {
            sessions_ms: sessions.iter().map(|&session| lengths[session]).collect(),
            suite_ms: 0,
        });
        OrderWork { name: name.to_owned(), stages: stages.collect() }
    }

    /// How long the chain takes where nobody waits.
    fn elapsed_ms(&mut self, subset: ToggleSubset) -> i64 {
        let order = self.order_under(subset, "");
        run_orders(&[order], DispatchPolicy::OnePerOrder, 0).end_ms(None)
    }

    /// Every subset of the toggles that can move time.
    fn subset_minutes(&mut self, before_ms: i64) -> SubsetMinutes {
        let bits = self.moving;
        let subsets = (0..1_u64 << bits.count_ones()).map(|entry| spread_bits(entry, bits));
        let saved_ms = subsets.map(|subset| before_ms - self.elapsed_ms(subset)).collect();
        SubsetMinutes { bits, saved_ms }
    }

    /// Shares of the toggles that can move time from sampled orders, each with its error, by bit.
    fn sampled_shares(&mut self, before_ms: i64, seed: Seed) -> TimeShares {
        let moving = self.moving;
        // Keyed by how long the sessions take: names and the order of files move no draw.
        let mut lengths = self.session_lengths(0);
        lengths.sort_unstable();
        let content: Vec<u8> = lengths.into_iter().flat_map(i64::to_le_bytes).collect();
        let stream = seed.random_stream("minutes", &content);
        let shares =
            share_out_sampled_times(moving, stream, |subset| before_ms - self.elapsed_ms(subset));
        // Rounded up: an error that is told too small would be the worse mistake.
        let shares = shares.into_iter().enumerate();
        shares.map(|(bit, (share, error))| (bit, (share, Some(error.ceil() as i64)))).collect()
    }

    fn step_names(&self) -> Vec<&'a str> {
        let firsts = self.stages.iter().filter_map(|sessions| sessions.first());
        firsts.map(|&session| self.recording.sessions[session].step.as_str()).collect()
    }

    /// The id of the session that a span stands for; empty where it is none.
    fn session_of_span(&self, stage: usize, kind: SpanKind) -> String {
        match kind {
            SpanKind::Session(at) => self.recording.sessions[self.stages[stage][at]].id.clone(),
            SpanKind::Suite | SpanKind::Dispatch => String::new(),
        }
    }

    /// The deciding sessions of both sides, stage by stage.
    fn critical_path(&self, sides: &[OrderWork; 2]) -> Vec<PathStage> {
        let [before, after] = sides.each_ref().map(|order| {
            let run = run_orders(std::slice::from_ref(order), DispatchPolicy::OnePerOrder, 0);
            let mut path = run.critical_path();
            // Dispatches take no time here.
            path.retain(|span| span.kind != SpanKind::Dispatch);
            path
        });
        let steps = self.step_names();
        let pairs = before.iter().zip(&after);
        let stages = pairs.map(|(before, after)| PathStage {
            step: steps[before.stage].to_owned(),
            session_before: self.session_of_span(before.stage, before.kind),
            before_ms: before.to_ms - before.from_ms,
            session_after: self.session_of_span(after.stage, after.kind),
            after_ms: after.to_ms - after.from_ms,
        });
        stages.collect()
    }
}

/// The sessions with calls in stages: one begins where everything before it is over.
fn stages_of_recording(recording: &Recording) -> Vec<Vec<usize>> {
    let mut spans: Vec<(i64, i64, &str, usize)> = Vec::new();
    for (index, session) in recording.sessions.iter().enumerate() {
        let calls = &recording.calls[session.call_range()];
        if let (Some(first), Some(last)) = (calls.first(), calls.last()) {
            spans.push((first.start_ms, last.end_ms, &session.id, index));
        }
    }
    // By time and then by name, whatever order files came in.
    spans.sort_unstable();
    let mut stages: Vec<Vec<usize>> = Vec::new();
    let mut over_ms = i64::MIN;
    for (from_ms, to_ms, _, session) in spans {
        match stages.last_mut().filter(|_| from_ms < over_ms) {
            Some(stage) => stage.push(session),
            None => stages.push(vec![session]),
        }
        over_ms = over_ms.max(to_ms);
    }
    stages
}
