//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`replay_untouched_rows`], a handful of additions on one row and on what its run shares.
//! Everything else, and every call that still has to answer for an earlier one, takes the road
//! through [`replay_row_with_event`]. Sessions under other rules, and those that go on from another
//! one, are the matter of [`super::ruled_sessions`].

use super::call::{make_following_call, replay_uneventful_row, sum_row_deltas};
use super::call_tokens::CallSink;
use super::cycle::CycleTally;
use super::pass_context::PassContext;
use super::ruled_sessions::{self, SessionEnds};
use super::schedule::{Schedule, ScheduleRecorder};
use super::session_state::{INITIAL_STATE, SessionState};
use super::uncertain_row::replay_row_with_event;
use crate::cache::Policy;
use crate::ids::NO_INDEX;
use crate::plan::{
    Island, PlacingBits, Plan, PlanRow, PlanRun, PlannedSession, RowDeltas, SessionRules,
    ToggleSubset,
};
use crate::units::BASIS_POINTS;
use std::ops::Range;

/// Replays `plan` under `subset` and tells `sink` every call that is made.
pub(crate) fn pass_over_plan<P: Policy, S: CallSink>(
    plan: &Plan,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) {
    for island in &plan.islands {
        let schedule = plan
            .needs_schedule(island, subset)
            .then(|| record_schedule(plan, island, subset, policy));
        pass_over_island(
            &PassContext { plan, subset, policy, schedule: schedule.as_ref() },
            island,
            sink,
        );
    }
}

/// Where contexts start over or are cleared under those bits of a subset that decide it.
pub(super) fn record_schedule<P: Policy>(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
    policy: &P,
) -> Schedule {
    let mut recorder = ScheduleRecorder::new(plan, island);
    let placing = plan.placing_bits(island, subset);
    // Each session under its placing bits alone, so that nothing else moves a place.
    let pass = |at| PassContext { plan, subset: placing.of_session(at), policy, schedule: None };
    pass_over_sessions(plan, island, &placing, pass, &mut recorder);
    recorder.into_schedule()
}

/// Replays the sessions of one island.
pub(super) fn pass_over_island<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    island: &Island,
    sink: &mut S,
) {
    let placing = pass.plan.placing_bits(island, pass.subset);
    let touching = pass.subset & island.touched_by;
    // Where nothing is on but what decides the places, they are decided afresh.
    let pass_of = |at| {
        let schedule = pass.schedule.filter(|_| placing.of_session(at) != touching);
        PassContext { schedule, ..*pass }
    };
    pass_over_sessions(pass.plan, island, &placing, pass_of, sink);
}

/// Replays the sessions of one island, each as its pass says.
fn pass_over_sessions<'a, P: Policy + 'a, S: CallSink>(
    plan: &Plan,
    island: &Island,
    placing: &PlacingBits,
    pass_of: impl Fn(usize) -> PassContext<'a, P>,
    sink: &mut S,
) {
    // A session stands behind every one that it may go on from, so that its end is known by now.
    let mut ends = SessionEnds::new(plan, island);
    for (place, at) in island.sessions.clone().enumerate() {
        let planned = &plan.sessions[at as usize];
        let pass = pass_of(place);
        let rules = plan.rules_of_session(planned, pass.subset);
        let from = plan.resumed_from(planned, pass.subset).and_then(|from| ends.take_end(from));
        // The plain road takes compactions where they were recorded. Where toggles that decide
        // their places are on, they may be anywhere, and where a later session may have to clear
        // old results, the earlier ones must remember them.
        let is_plain = rules == SessionRules::default()
            && from.is_none()
            && !ends.need_results
            && !(planned.compacts && placing.of_session(place) != 0);
        let end = if is_plain {
            replay_plain_session(&pass, planned, sink).into()
        } else {
            ruled_sessions::replay_ruled_session(&pass, (planned, from), &rules, sink)
        };
        report_session_end(plan, &end.state, sink);
        ends.push(end);
    }
}

/// Replays one session that nothing came before.
fn replay_plain_session<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    planned: &PlannedSession,
    sink: &mut S,
) -> SessionState {
    let plan = pass.plan;
    let rows = plan.rows_of_session(planned);
    let mut state = SessionState { cycle: CycleTally::starting_at(rows.start), ..INITIAL_STATE };
    for run in plan.runs_of_session(planned) {
        let other;
        // Most runs have no variants, and are used where they lie.
        let run = if run.variants == 0 {
            run
        } else {
            other = plan.run_under(run, pass.subset, &SessionRules::default());
            &other
        };
        // An entry on another tier expires by other rules: the next call has to look.
        state.is_unsettled |= state.tier != run.tier;
        sink.begin_run(run);
        replay_row_range(pass, run, run.row_range(), &mut state, sink);
    }
    // The last cycle ends with the session.
    state.cycle.add_rows_before(pass.schedule, rows.end);
    state
}

/// Replays some rows of a run.
#[inline]
pub(super) fn replay_row_range<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    range: Range<usize>,
    state: &mut SessionState,
    sink: &mut S,
) {
    let plan = pass.plan;
    let Range { start: mut index, end } = range;
    while index < end {
        index += replay_untouched_rows(pass, run, (index, &plan.rows[index..end]), state, sink);
        if index == end {
            break;
        }
        // The row that the plain road stopped at: a bit touches it, or something happens at it.
        let deltas = sum_row_deltas(plan, &plan.rows[index], pass.subset);
        replay_row(pass, run, (index, &deltas), state, sink);
        index += 1;
    }
}

/// Replays one row of which a subset changes `deltas`.
#[inline]
pub(super) fn replay_row<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    (index, deltas): (usize, &RowDeltas),
    state: &mut SessionState,
    sink: &mut S,
) {
    // Two reasons for the long road: the last call left something to answer for, or something
    // happens here.
    let row = &pass.plan.rows[index];
    let luck = pass.plan.event_of_row(row).only_luck(run.tier);
    let goes_on = match luck {
        Some(_) => state.goes_on_plainly(run.tier),
        None => !state.is_unsettled && row.event == NO_INDEX,
    };
    if goes_on {
        replay_uneventful_row(pass, run, (index, deltas, luck), state, sink);
    } else {
        replay_row_with_event(pass, run, (index, deltas), state, sink);
    }
}

/// The plain road: rows that the subset does not touch and at which nothing happens, as far as
/// they go, counted in the tokens of the recording. Returns how many they were.
#[inline]
fn replay_untouched_rows<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    (first, rows): (usize, &[PlanRow]),
    state: &mut SessionState,
    sink: &mut S,
) -> usize {
    // Calls of another tokenizer are told scaled, which this loop does not do.
    if state.is_unsettled || run.scale_bp != BASIS_POINTS || rows[0].event != NO_INDEX {
        return 0;
    }
    // A copy, because what the loop carries belongs into registers.
    let mut own = *state;
    let mut count = 0;
    for (at, row) in rows.iter().enumerate() {
        if row.touched_by & pass.subset != 0 || row.event != NO_INDEX {
            break;
        }
        let made = make_following_call(
            &mut own,
            run,
            (first + at, row),
            (row.inputs, row.outputs, 0),
            (pass.policy, None),
        );
        // A schedule makes every call that no bit touches.
        own.cycle.reads += made.read;
        own.cycle.contexts += made.context;
        sink.add_call(run, first + at, &made);
        count += 1;
    }
    *state = own;
    count
}

pub(super) fn report_session_end<S: CallSink>(plan: &Plan, state: &SessionState, sink: &mut S) {
    sink.close_session();
    if state.has_made_call {
        sink.end_session(state.first_start_ms, state.start_ms + plan.duration_ms[state.row]);
    }
}
