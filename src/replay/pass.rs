//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`replay_plain_session`], a handful of additions on one row and on what its run shares. Everything else, and
//! every call that still has to answer for an earlier one, takes the road through [`replay_eventful_row`].
//! Sessions under other rules, and those that go on from another one, are the matter of
//! [`super::ruled_sessions`].

use super::call_tokens::{CallSink, CallTokens, ContextOnset};
use super::context_entry;
use super::ruled_sessions::{self, SessionEnds};
use super::session_state::{INITIAL_STATE, SessionState};
use crate::cache::{self, CacheLookup, CachedPrefix, Policy};
use crate::ids::NO_INDEX;
use crate::plan::{
    CallEvent, Island, Plan, PlanRow, PlanRun, PlannedSession, RowDeltas, SessionRules,
    ToggleSubset,
};
use crate::recording::{CacheBreak, CacheTier, Shock};
use crate::units::BASIS_POINTS;
use std::ops::Range;

/// What a subset changes of a row.
#[inline]
pub(super) fn sum_row_deltas(plan: &Plan, row: &PlanRow, subset: ToggleSubset) -> RowDeltas {
    let mut sum = RowDeltas::default();
    if row.touched_by & subset == 0 {
        return sum;
    }
    for term in &plan.terms[row.first_term as usize..] {
        if term.applies_to(subset) {
            sum += term.deltas;
        }
        if term.last {
            break;
        }
    }
    sum
}

/// Replays `plan` under `subset` and tells `sink` every call that is made.
pub fn pass_over_plan<P: Policy, S: CallSink>(
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
pub fn pass_over_island<P: Policy, S: CallSink>(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) {
    let mut ends = SessionEnds::new(plan, island);
    for at in island.sessions.clone() {
        let planned = &plan.sessions[at as usize];
        let rules = plan.rules_of_session(planned, subset);
        let from = plan.resumed_from(planned, subset).and_then(|from| ends.end_of_session(from));
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
    for run in &plan.runs[planned.runs.start as usize..planned.runs.end as usize] {
        let other;
        let run = if run.variants == 0 {
            run
        } else {
            other = plan.run_under(run, subset, &SessionRules::default());
            &other
        };
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
        state.prompt += inputs;
        state.carried_outputs += outputs;
    } else {
        let sizes = (inputs, outputs, deltas.later_ms);
        let made = make_following_call(state, run, (index, row), sizes, policy);
        report_call(sink, run, index, &made);
    }
    state.saved_ms += deltas.saved_ms;
}

/// Tells a call in the tokens of its price.
#[inline]
pub(super) fn report_call<S: CallSink>(
    sink: &mut S,
    run: &PlanRun,
    index: usize,
    made: &CallTokens,
) {
    if run.scale_bp == BASIS_POINTS {
        sink.add_call(run, index, made);
    } else {
        report_scaled_call(sink, run, index, *made);
    }
}

/// Kept apart, so that the sink is not built into the plain road twice.
#[cold]
#[inline(never)]
fn report_scaled_call<S: CallSink>(sink: &mut S, run: &PlanRun, index: usize, made: CallTokens) {
    sink.add_call(run, index, &made.scaled_by(run.scale_bp));
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
    if state.is_unsettled || run.scale_bp != BASIS_POINTS {
        return 0;
    }
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

/// Makes a call that goes on from the call before, `later_ms` later than recorded.
#[inline]
fn make_following_call<P: Policy>(
    state: &mut SessionState,
    run: &PlanRun,
    (index, row): (usize, &PlanRow),
    (inputs, outputs, later_ms): (i64, i64, i64),
    policy: &P,
) -> CallTokens {
    state.prompt += inputs;
    let start_ms = row.start_ms + later_ms - state.saved_ms;
    let read = policy.read_tokens(&plain_lookup(state, run, run.tier, start_ms));
    debug_assert!((0..=state.prompt).contains(&read), "the policy reads {read}");
    make_call(state, run, (index, row), (start_ms, read, outputs, 0))
}

pub(super) fn report_session_end<S: CallSink>(plan: &Plan, state: &SessionState, sink: &mut S) {
    if state.has_made_call {
        sink.end_session(state.first_start_ms, state.start_ms + plan.duration_ms[state.row]);
    }
}

/// The look of a plain call into the cache.
#[inline]
pub(super) fn plain_lookup(
    state: &SessionState,
    run: &PlanRun,
    tier: CacheTier,
    start_ms: i64,
) -> CacheLookup {
    let gap_ms = start_ms - state.touched_ms;
    CacheLookup {
        prior: Some(CachedPrefix { cached: state.cached, gap_ms, tier }),
        context: state.prompt,
        static_prefix: run.static_prefix,
        warm_prefix: run.warm_prefix,
        cache_break: CacheBreak::No,
    }
}

/// Makes the call of a row that reads `read`, produces `outputs` beside what was carried to it,
/// and writes `off_tier` of what it writes to the other tier.
#[inline]
fn make_call(
    state: &mut SessionState,
    run: &PlanRun,
    (index, row): (usize, &PlanRow),
    (start_ms, read, outputs, off_tier): (i64, i64, i64, i64),
) -> CallTokens {
    let context = state.prompt;
    let (read, fresh) = if context >= run.min_cached {
        (read, row.fresh.min(context - read))
    } else {
        (0, context)
    };
    let outputs = outputs + state.carried_outputs;
    let output = outputs.min(row.visible_output_limit);
    state.prompt = context + outputs;
    state.cached = cache::cached_prefix_tokens(run.tier, context, fresh);
    state.touched_ms = start_ms + row.touched_after_ms;
    state.carried_outputs = 0;
    state.start_ms = start_ms;
    state.row = index;
    (state.tier, state.price) = (run.tier, run.price);
    let off_tier = if off_tier == 0 { 0 } else { off_tier.min(context - read - fresh) };
    let hidden = outputs - output;
    CallTokens {
        context,
        fresh,
        read,
        off_tier,
        output,
        hidden,
        start_ms,
        onset: ContextOnset::GoesOn,
    }
}

/// What a call reads: by its luck if it looks up what an automatic cache kept, else by the law and
/// what that did not explain.
pub(super) fn tokens_read<P: Policy>(
    event: &CallEvent,
    policy: &P,
    lookup: &CacheLookup,
    shock: Shock,
) -> i64 {
    match event.luck {
        Some(luck) if lookup.prior.is_some_and(|prior| prior.tier == CacheTier::Automatic) => {
            luck.read_tokens(policy, lookup)
        }
        _ => cache::read_with_shock(policy, lookup, shock),
    }
}

/// One row at which something happens, or that has to answer for an earlier one.
pub(super) fn replay_eventful_row<P: Policy>(
    state: &mut SessionState,
    plan: &Plan,
    run: &PlanRun,
    index: usize,
    deltas: &RowDeltas,
    subset: ToggleSubset,
    policy: &P,
) -> Option<CallTokens> {
    let row = &plan.rows[index];
    let event = plan.event_of_row(row);
    if event.inserted_by != 0 && event.inserted_by & subset == 0 {
        return None;
    }
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    let entry = context_entry::decide_entry(state, run, event, subset);
    let (cache_break, shock) = context_entry::cache_break_and_shock(state, event, entry, subset);
    let onset = state.onset.max(context_entry::onset_of_entry(state, event, entry));
    context_entry::enter_inputs(state, (event, entry), (inputs, deltas));
    let made = if deltas.dropped {
        // Luck belongs to a look; where none is made it does not wait for the next one.
        let shock = if event.luck.is_some() { Shock::None } else { shock };
        (state.carried_break, state.carried_shock) = (cache_break, shock);
        state.carried_outputs += outputs;
        state.onset = onset;
        None
    } else {
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
        state.onset = ContextOnset::GoesOn;
        let start_ms = row.start_ms + deltas.later_ms - state.saved_ms;
        let plain = plain_lookup(state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.has_cache_entry);
        let lookup = CacheLookup { prior, cache_break, ..plain };
        let read = tokens_read(event, policy, &lookup, shock);
        if !state.has_made_call {
            (state.has_made_call, state.first_start_ms) = (true, start_ms);
        }
        state.has_cache_entry = true;
        let off_tier = if run.one_tier { 0 } else { event.off_tier };
        Some(CallTokens {
            onset,
            ..make_call(state, run, (index, row), (start_ms, read, outputs, off_tier))
        })
    };
    state.saved_ms += deltas.saved_ms;
    state.is_unsettled = !state.has_made_call
        || state.tier != run.tier
        || state.carried_break != CacheBreak::No
        || state.onset != ContextOnset::GoesOn
        || state.carried_shock != Shock::None;
    made
}
