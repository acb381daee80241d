//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`replay_untouched_rows`], a handful of additions on one row and on what its run shares.
//! Everything else, and every call that still has to answer for an earlier one, takes the road
//! through [`replay_eventful_row`]. Sessions under other rules, and those that go on from another
//! one, are the matter of [`super::ruled_sessions`].

use super::call::{make_following_call, replay_eventful_row, report_call, sum_row_deltas};
use super::call_tokens::CallSink;
use super::ruled_sessions::{self, SessionEnds};
use super::session_state::{INITIAL_STATE, SessionState};
use crate::cache::Policy;
use crate::ids::NO_INDEX;
use crate::plan::{
    Island, Plan, PlanRow, PlanRun, PlannedSession, RowDeltas, SessionRules, ToggleSubset,
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
        pass_over_island(plan, island, subset, policy, sink);
    }
}

/// Replays the sessions of one island.
pub(crate) fn pass_over_island<P: Policy, S: CallSink>(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) {
    // A session stands behind every one that it may go on from, so that its end is known by now.
    let mut ends = SessionEnds::new(plan, island);
    for at in island.sessions.clone() {
        let planned = &plan.sessions[at as usize];
        let rules = plan.rules_of_session(planned, subset);
        let from = plan.resumed_from(planned, subset).and_then(|from| ends.end_of_session(from));
        // Where a later session may have to clear old results, the earlier ones must remember them,
        // which the plain road does not.
        let end = if rules == SessionRules::default() && from.is_none() && !ends.need_results {
            replay_plain_session(plan, planned, subset, policy, sink).into()
        } else {
            ruled_sessions::replay_ruled_session(
                plan,
                (planned, from),
                &rules,
                subset,
                policy,
                sink,
            )
        };
        report_session_end(plan, &end.state, sink);
        ends.push(end);
    }
}

/// Replays one session that nothing came before.
fn replay_plain_session<P: Policy, S: CallSink>(
    plan: &Plan,
    planned: &PlannedSession,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) -> SessionState {
    let mut state = INITIAL_STATE;
    for run in plan.runs_of_session(planned) {
        let other;
        let run = if run.variants == 0 {
            run
        } else {
            other = plan.run_under(run, subset, &SessionRules::default());
            &other
        };
        // An entry on another tier expires by other rules: the next call has to look.
        state.is_unsettled |= state.tier != run.tier;
        sink.begin_run(run);
        replay_row_range(plan, run, run.row_range(), &mut state, subset, policy, sink);
    }
    state
}

/// Replays some rows of a run.
#[inline]
pub(super) fn replay_row_range<P: Policy, S: CallSink>(
    plan: &Plan,
    run: &PlanRun,
    range: Range<usize>,
    state: &mut SessionState,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) {
    let Range { start: mut index, end } = range;
    while index < end {
        index += replay_untouched_rows(
            state,
            run,
            (index, &plan.rows[index..end]),
            subset,
            policy,
            sink,
        );
        if index == end {
            break;
        }
        // The row that the plain road stopped at: a bit touches it, something happens at it, or a
        // deferred compaction is due.
        let deltas = sum_row_deltas(plan, &plan.rows[index], subset);
        replay_row(plan, run, (index, &deltas), state, subset, policy, sink);
        index += 1;
    }
}

/// Replays one row of which a subset changes `deltas`.
#[inline]
pub(super) fn replay_row<P: Policy, S: CallSink>(
    plan: &Plan,
    run: &PlanRun,
    (index, deltas): (usize, &RowDeltas),
    state: &mut SessionState,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) {
    let row = &plan.rows[index];
    // Three reasons for the long road: the last call left something to answer for, something
    // happens here, or a compaction that was put off has become due.
    if state.is_unsettled || row.event != NO_INDEX || state.prompt >= state.compaction_due_at() {
        if let Some(made) = replay_eventful_row(state, plan, run, index, deltas, subset, policy) {
            report_call(sink, run, index, &made);
        }
    } else {
        replay_uneventful_row(run, (index, row), deltas, state, policy, sink);
    }
}

/// One row at which nothing happens but what a subset changes.
#[inline]
pub(super) fn replay_uneventful_row<P: Policy, S: CallSink>(
    run: &PlanRun,
    (index, row): (usize, &PlanRow),
    deltas: &RowDeltas,
    state: &mut SessionState,
    policy: &P,
    sink: &mut S,
) {
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    if deltas.dropped {
        // What the call would have brought stays in the prompt, for the next one that is made, and
        // what it would have said and is not dropped moves to that one's output.
        state.prompt += inputs;
        state.carried_outputs += outputs;
    } else {
        let sizes = (inputs, outputs, deltas.later_ms);
        let made = make_following_call(state, run, (index, row), sizes, policy);
        report_call(sink, run, index, &made);
    }
    state.saved_ms += deltas.saved_ms;
}

/// The plain road: rows that the subset does not touch and at which nothing happens, as far as
/// they go, counted in the tokens of the recording. Returns how many they were.
#[inline]
fn replay_untouched_rows<P: Policy, S: CallSink>(
    state: &mut SessionState,
    run: &PlanRun,
    (first, rows): (usize, &[PlanRow]),
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) -> usize {
    // Calls of another tokenizer are told scaled, which this loop does not do.
    if state.is_unsettled || run.scale_bp != BASIS_POINTS {
        return 0;
    }
    // Constant within the loop: no row that it walks defers a compaction.
    let due = state.compaction_due_at();
    // A copy, because what the loop carries belongs into registers.
    let mut own = *state;
    let mut count = 0;
    for (at, row) in rows.iter().enumerate() {
        if row.touched_by & subset != 0 || row.event != NO_INDEX || own.prompt >= due {
            break;
        }
        let made = make_following_call(
            &mut own,
            run,
            (first + at, row),
            (row.inputs, row.outputs, 0),
            policy,
        );
        sink.add_call(run, first + at, &made);
        count += 1;
    }
    *state = own;
    count
}

pub(super) fn report_session_end<S: CallSink>(plan: &Plan, state: &SessionState, sink: &mut S) {
    if state.has_made_call {
        sink.end_session(state.first_start_ms, state.start_ms + plan.duration_ms[state.row]);
    }
}
