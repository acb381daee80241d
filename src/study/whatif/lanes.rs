//! When each session of a pipeline runs, before and after, on the clock.
//!
//! Where the hours of a pipeline are told the other orders stand beside it, under the likeliest
//! policy, everything that is open at its middle; else its own sessions alone.

use super::night::orders_at_middle;
use crate::clock::pipeline::{ClockSpan, run_orders};
use crate::clock::pipeline::{DispatchPolicy, OrderWork, PipelineRun, SpanKind};
use crate::plan::{Plan, ToggleSubset};
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::night::{ReportedNight, ToldPolicy};
use crate::recording::{CallMarks, Recording};
use crate::replay;
use std::collections::BTreeMap;

/// From when to when something takes place, milliseconds.
pub type LaneSpan = (i64, i64);

/// One lane on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneSide {
    /// What could start and did not, each up to its start.
    pub waits_ms: Vec<LaneSpan>,
    /// What ran: a session, or the turns of an agent one after the other.
    pub runs_ms: Vec<LaneSpan>,
    /// Within these: runs of tests that a session waited for.
    pub tests_ms: Vec<LaneSpan>,
    /// Whether the end of everything waits for it.
    pub is_critical: bool,
}

/// One session, or one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineLane {
    /// Its order; empty for an agent.
    pub order: String,
    /// Its step; empty for an agent.
    pub step: String,
    /// The part of its step's work; empty where it has none, and for an agent.
    pub part: String,
    /// Which of the sessions of this part it is, from 1; `None` where it is the only one or has an
    /// id.
    pub repeat: Option<usize>,
    /// Its id, or the agent's name; empty for a session that is told of alone.
    pub session: String,
    /// Nothing toggled, and everything toggled.
    pub sides: [LaneSide; 2],
}

/// How the lanes of a pipeline came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineLanes {
    /// How stages are handed out.
    pub policy: DispatchPolicy,
    /// The sessions, in the order in which they start before.
    pub lanes: Vec<PipelineLane>,
}

/// What lanes are made from: the pipeline's own stages with the sessions of each.
pub(super) struct LaneInputs<'a> {
    pub(super) reported: &'a ReportedPipeline,
    pub(super) recording: &'a Recording,
    pub(super) plan: &'a Plan,
    pub(super) all: ToggleSubset,
    pub(super) stages: &'a [Vec<usize>],
    pub(super) steps: &'a [&'a str],
    pub(super) sides: &'a [OrderWork; 2],
}

/// The lanes of a pipeline.
pub(super) fn study_lanes(inputs: &LaneInputs<'_>) -> PipelineLanes {
    let night = inputs.reported.night.as_ref();
    let policy = night.map_or(DispatchPolicy::OnePerOrder, likeliest_policy);
    // Of a night that is told the likeliest policy is drawn, with everything open at its middle.
    let dispatch_ms = night.map_or(0, |night| night.dispatch_time.value());
    let sides = inputs.sides.each_ref().map(|own| {
        let orders = match night {
            Some(night) => orders_at_middle(night, own, inputs.steps),
            None => vec![own.clone()],
        };
        let run = run_orders(&orders, policy, dispatch_ms);
        (orders, run)
    });
    let tests = [0, inputs.all].map(|subset| tests_by_session(inputs, subset));
    let (orders, before) = &sides[0];
    let mut lanes = Vec::new();
    for span in before.spans.iter().filter(|span| is_session(span)) {
        let session = own_session(inputs, span);
        let sides = [0, 1].map(|side| lane_side(&sides[side].1, span, session, &tests[side]));
        let order = orders[span.order].name.clone();
        let session =
            session.map_or_else(String::new, |at| inputs.recording.sessions[at].id.clone());
        lanes.push(PipelineLane { session, sides, ..name_of_lane(inputs, span, order) });
    }
    PipelineLanes { policy, lanes }
}

fn likeliest_policy(night: &ReportedNight) -> DispatchPolicy {
    let likeliest = night.policies.iter().max_by_key(|one| one.chance);
    match likeliest.map(|one| one.policy) {
        Some(ToldPolicy::Serial) => DispatchPolicy::Serial,
        Some(ToldPolicy::Lockstep) => DispatchPolicy::Lockstep,
        Some(ToldPolicy::Free) => DispatchPolicy::Free,
        None => DispatchPolicy::OnePerOrder,
    }
}

fn is_session(span: &ClockSpan) -> bool {
    matches!(span.kind, SpanKind::Session(_))
}

/// The recorded session of a span of the pipeline's own stages.
fn own_session(inputs: &LaneInputs<'_>, span: &ClockSpan) -> Option<usize> {
    let SpanKind::Session(at) = span.kind else { return None };
    // The pipeline itself is the first order; stages that are told of alone follow its own.
    let stage = inputs.stages.get(span.stage).filter(|_| span.order == 0)?;
    stage.get(at).copied()
}

/// The order, the step and the part of a span.
fn name_of_lane(inputs: &LaneInputs<'_>, span: &ClockSpan, order: String) -> PipelineLane {
    let own = if span.order == 0 { inputs.steps.len() } else { 0 };
    if span.order == 0 && span.stage < own {
        let step = inputs.steps[span.stage].to_owned();
        return PipelineLane { order, step, ..PipelineLane::default() };
    }
    let stages = inputs.reported.night.iter().flat_map(|night| &night.stages);
    let of_order: Vec<_> = stages.filter(|stage| stage.order == order).collect();
    // Stages that are told of alone come behind the order's own.
    let at = span.stage - own;
    let Some(stage) = of_order.get(at) else {
        return PipelineLane { order, ..PipelineLane::default() };
    };
    // Repairs of one part have nothing that tells them apart but their order.
    let [count, repeat] = [&of_order[..], &of_order[..=at]].map(|stages| {
        let same = stages.iter().filter(|it| (&it.step, &it.part) == (&stage.step, &stage.part));
        same.count()
    });
    PipelineLane {
        step: stage.step.clone(),
        part: stage.part.clone(),
        repeat: (count > 1).then_some(repeat),
        order,
        ..PipelineLane::default()
    }
}

/// The same session on one side, which starts at another time.
fn lane_side(
    run: &PipelineRun,
    span: &ClockSpan,
    session: Option<usize>,
    tests: &BTreeMap<usize, Vec<LaneSpan>>,
) -> LaneSide {
    let own = run.spans.iter().find(|other| {
        (other.order, other.stage, other.kind) == (span.order, span.stage, span.kind)
    });
    let Some(own) = own else { return LaneSide::default() };
    let before = run.spans.iter().filter(|other| {
        other.order == span.order && other.stage + 1 == span.stage && is_session(other)
    });
    let tests = session.and_then(|session| tests.get(&session)).into_iter().flatten();
    let ready_ms = before.map(|other| other.to_ms).max().unwrap_or(0);
    let wait = (ready_ms, own.from_ms);
    LaneSide {
        waits_ms: (ready_ms < own.from_ms).then_some(wait).into_iter().collect(),
        runs_ms: vec![(own.from_ms, own.to_ms)],
        // Told from the start of the session.
        tests_ms: tests.map(|(from, to)| (own.from_ms + from, own.from_ms + to)).collect(),
        is_critical: run.critical_path().contains(own),
    }
}

/// By session: its runs of tests from its start on, each up to the next call that is made; calls
/// that poll a run belong to it.
fn tests_by_session(
    inputs: &LaneInputs<'_>,
    subset: ToggleSubset,
) -> BTreeMap<usize, Vec<LaneSpan>> {
    let (recording, plan) = (inputs.recording, inputs.plan);
    let mut tests: BTreeMap<usize, Vec<LaneSpan>> = BTreeMap::new();
    let mut starts: BTreeMap<usize, i64> = BTreeMap::new();
    let made = replay::replay_calls(plan, subset);
    let rows = replay::expected_rows(plan, &made);
    for (at, row) in rows.iter().enumerate() {
        let call = &recording.calls[plan.call_of[row.row as usize] as usize];
        let session = call.session as usize;
        let start_ms = row.outcome.start_ms;
        // Lanes move as a whole: times count from the start of the session.
        let first_ms = *starts.entry(session).or_insert(start_ms);
        if !call.marks.intersects(CallMarks::TEST_RUN | CallMarks::POLL) {
            continue;
        }
        // A run lasts until the next call, which saw its end; a last call has its duration alone.
        let next = rows.get(at + 1).filter(|next| {
            let call = &recording.calls[plan.call_of[next.row as usize] as usize];
            call.session as usize == session
        });
        let end_ms = next
            .map_or(start_ms + plan.duration_ms[row.row as usize], |next| next.outcome.start_ms);
        tests.entry(session).or_default().push((start_ms - first_ms, end_ms - first_ms));
    }
    tests
}
