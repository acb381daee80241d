//! Minutes: what toggles do to the wall clock of a published pipeline.
//!
//! The replay says how long each session takes under a subset of toggles, the clock how long the
//! whole: stages follow each other, and one is over when the last of its sessions is. What is left
//! of a saving is therefore no sum over sessions, so that shares come from all subsets of the
//! toggles that can move time. A toggle that moves no time has exactly none. MODEL.md, "Clock".

use super::experiment::{Experiment, subset_of_first};
use super::lanes::{LaneInputs, PipelineLanes, study_lanes};
use super::lattice::{gather_bits, spread_bits};
use super::night::{NightElapsed, study_night};
use super::shapley::share_out_values;
use crate::clock::pipeline::{DispatchPolicy, OrderStage, OrderWork, SpanKind, run_orders};
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay::session_spans::session_spans;
use std::collections::BTreeMap;

/// More toggles than this that can move time have no shares: all their subsets would be too many.
pub const MOST_TIME_TOGGLES: usize = 12;

/// What one toggle does to the time of the pipeline, milliseconds less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToggleMinutes {
    /// On its own.
    pub alone_ms: i64,
    /// After all the others.
    pub last_ms: i64,
    /// Its share (Shapley) in all together; `None` where too many can move time.
    pub share_ms: Option<i64>,
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
    /// The critical path.
    pub path: Vec<PathStage>,
    /// When each session runs.
    pub lanes: PipelineLanes,
    /// The hours in which it ran beside other orders, policy by policy; empty where nothing is
    /// told of them, and without draws.
    pub night: Vec<NightElapsed>,
}

/// Studies the minutes of a published pipeline; `None` for other recordings, and where no toggle
/// can move time and nothing more is told.
#[must_use]
pub fn study_minutes(
    experiment: &Experiment<'_>,
    plan: &Plan,
    patches: &[Patch],
) -> Option<MinutesStudy> {
    let reported = experiment.published_pipeline()?;
    let recording = experiment.base_recording();
    let moving = patches.iter().enumerate().filter(|(_, patch)| patch.may_move_time());
    let moving = moving.fold(0, |bits: ToggleSubset, (bit, _)| bits | 1 << bit);
    if moving == 0 && reported.night.is_none() {
        return None;
    }
    let mut chain = SessionChain::new(recording, plan, moving);
    let all = subset_of_first(patches.len());
    let (before_ms, after_ms) = (chain.elapsed_ms(0), chain.elapsed_ms(all));
    let shares = chain.shares_of_moving(moving, before_ms);
    let mut toggles = Vec::with_capacity(patches.len());
    for bit in 0..patches.len() {
        let own = 1 << bit;
        // What moves no time is no player, and its share is known without any subset.
        let share_ms = if moving & own == 0 { Some(0) } else { shares.get(&bit).copied() };
        toggles.push(ToggleMinutes {
            alone_ms: before_ms - chain.elapsed_ms(own),
            last_ms: chain.elapsed_ms(all & !own) - after_ms,
            share_ms,
        });
    }
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
        path: chain.critical_path(&sides),
        lanes,
        night: study_night(reported, experiment, &steps, &sides),
    })
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

    /// The Shapley shares of the toggles that can move time, by bit; none if they are too many.
    fn shares_of_moving(&mut self, moving: ToggleSubset, before_ms: i64) -> BTreeMap<usize, i64> {
        let count = moving.count_ones() as usize;
        if count > MOST_TIME_TOGGLES {
            return BTreeMap::new();
        }
        let subsets = (0..1_u64 << count).map(|entry| spread_bits(entry, moving));
        let saved: Vec<i64> = subsets.map(|subset| before_ms - self.elapsed_ms(subset)).collect();
        let shares = share_out_values(&saved);
        let bits = (0..64).filter(|bit| moving >> bit & 1 == 1);
        bits.map(|bit| (bit, shares[gather_bits((1 << bit) - 1, moving).count_ones() as usize]))
            .collect()
    }

    fn step_names(&self) -> Vec<&'a str> {
        let firsts = self.stages.iter().filter_map(|sessions| sessions.first());
        firsts.map(|&session| self.recording.sessions[session].step.as_str()).collect()
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
        let session_of = |stage: usize, kind| match kind {
            SpanKind::Session(at) => self.recording.sessions[self.stages[stage][at]].id.clone(),
            SpanKind::Suite | SpanKind::Dispatch => String::new(),
        };
        let steps = self.step_names();
        let pairs = before.iter().zip(&after);
        let stages = pairs.map(|(before, after)| PathStage {
            step: steps[before.stage].to_owned(),
            session_before: session_of(before.stage, before.kind),
            before_ms: before.to_ms - before.from_ms,
            session_after: session_of(after.stage, after.kind),
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
