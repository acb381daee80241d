//! One call: what it finds in the context and in the cache, what it uses, and who is told of it.
//!
//! [`super::pass`] walks the rows of plain sessions and [`super::ruled_sessions`] those of sessions
//! under other rules; both make their calls here.

use super::call_tokens::{CallSink, CallTokens, ContextOnset};
use super::context_entry;
use super::session_state::SessionState;
use crate::cache::{self, CacheLookup, CachedPrefix, Policy};
use crate::plan::{CallEvent, Plan, PlanRow, PlanRun, RowDeltas, ToggleSubset};
use crate::recording::{CacheBreak, CacheTier, Shock};
use crate::units::BASIS_POINTS;

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
        // The terms of a row stand together; the last one is marked, so that a row needs no count.
        if term.last {
            break;
        }
    }
    sum
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

/// Makes a call that goes on from the call before, `later_ms` later than recorded.
#[inline]
pub(super) fn make_following_call<P: Policy>(
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
        prior: Some(CachedPrefix { cached: state.cached, gap_ms, tier, answer: state.answer }),
        context: state.prompt,
        static_prefix: run.static_prefix,
        warm_prefix: run.warm_prefix,
        cache_break: CacheBreak::No,
        rules: run.cache_rules,
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
    // A prompt below the model's minimum is neither read nor written, whatever the policy finds.
    let context = state.prompt;
    let (read, fresh) = if context >= run.min_cached {
        (read, row.fresh.min(context - read))
    } else {
        (0, context)
    };
    let outputs = outputs + state.carried_outputs;
    // Of what a call produces its usage shows no more than recorded; the rest is hidden.
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
    // In this order: how the call finds the context, what breaks the cache there, and only then the
    // inputs, because both questions are about the prompt before they enter.
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
        // The first call of a session has nothing to look up but the prefix that others keep warm.
        let prior = plain.prior.filter(|_| state.has_cache_entry);
        let lookup = CacheLookup { prior, cache_break, ..plain };
        let read = tokens_read(event, policy, &lookup, shock);
        if !state.has_made_call {
            (state.has_made_call, state.first_start_ms) = (true, start_ms);
        }
        state.has_cache_entry = true;
        let off_tier = if run.one_tier { 0 } else { event.off_tier };
        let made = make_call(state, run, (index, row), (start_ms, read, outputs, off_tier));
        state.answer = if event.caches_answer { made.output + made.hidden } else { 0 };
        Some(CallTokens { onset, ..made })
    };
    state.saved_ms += deltas.saved_ms;
    // The plain road looks for no answer that a side request may have cached, takes a live entry on
    // the run's tier for granted, and nothing carried over.
    state.is_unsettled = !state.has_made_call
        || state.tier != run.tier
        || state.carried_break != CacheBreak::No
        || state.onset != ContextOnset::GoesOn
        || state.carried_shock != Shock::None
        || state.answer != 0;
    made
}
