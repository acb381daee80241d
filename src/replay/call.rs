//! One call: what it finds in the context and in the cache, what it uses, and who is told of it.
//!
//! [`super::pass`] walks the rows of plain sessions and [`super::ruled_sessions`] those of sessions
//! under other rules; both make their calls here.

use super::call_tokens::{CallSink, CallTokens, ContextOnset};
use super::context_entry::{self, CycleStep, EnteringRow};
use super::cycle::{CycleTally, Settlement};
use super::cycle_end::{CycleEnd, CycleEndKind};
use super::pass_context::PassContext;
use super::session_state::SessionState;
use crate::cache::entry_lifetime::EntryLifetime;
use crate::cache::{self, CacheLookup, CachedPrefix, Policy};
use crate::plan::{CallEvent, Chance, Plan, PlanRow, PlanRun, RowDeltas, ToggleSubset};
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
    // Most calls keep their model's tokens: the short way is inlined.
    if run.scale_bp == BASIS_POINTS || S::COUNTS_RECORDED_TOKENS {
        sink.add_call(run, index, made);
    } else {
        report_scaled_call(sink, run, index, *made);
    }
}

/// Tells a call that is made with a chance alone.
fn report_perhaps<S: CallSink>(
    sink: &mut S,
    run: &PlanRun,
    index: usize,
    made: &CallTokens,
    chance: Chance,
) {
    if chance == Chance::SURE {
        report_call(sink, run, index, made);
    } else if S::COUNTS_RECORDED_TOKENS {
        sink.add_uncertain_call(run, index, made, chance);
    } else {
        sink.add_uncertain_call(run, index, &made.scaled_by(run.scale_bp), chance);
    }
}

/// Kept apart, so that the sink is not built into the plain road twice.
#[cold]
#[inline(never)]
fn report_scaled_call<S: CallSink>(sink: &mut S, run: &PlanRun, index: usize, made: CallTokens) {
    sink.add_call(run, index, &made.scaled_by(run.scale_bp));
}

/// Makes a call that goes on from the call before, `later_ms` later than recorded; its look into an
/// automatic cache may have some luck.
#[inline]
pub(super) fn make_following_call<P: Policy>(
    state: &mut SessionState,
    run: &PlanRun,
    (index, row): (usize, &PlanRow),
    (inputs, outputs, later_ms): (i64, i64, i64),
    (policy, luck): (&P, Option<&EntryLifetime>),
) -> CallTokens {
    state.prompt += inputs;
    let start_ms = row.start_ms + later_ms - state.saved_ms;
    let lookup = plain_lookup(state, run, run.tier, start_ms);
    let read = match luck {
        Some(luck) => luck.read_tokens(policy, &lookup),
        None => policy.read_tokens(&lookup),
    };
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

/// The context has ended by itself before a row, at a prompt of `top`, of which `left` is left.
pub(super) fn end_cycle<P, S: CallSink>(
    pass: &PassContext<'_, P>,
    state: &mut SessionState,
    (row, kind, top): (usize, CycleEndKind, i64),
    left: i64,
    sink: &mut S,
) {
    state.cycle.add_rows_before(pass.schedule, row);
    match pass.schedule {
        None => {
            let floor = state.cycle.floor_below(top);
            let has_shrunk = top >= left;
            sink.end_cycle(CycleEnd { row: row as u32, kind, floor, top, has_shrunk });
        }
        // Told with the next call, which is the first one of the new context.
        Some(schedule) => {
            if let Some(end) = schedule.end_at_row(row, kind) {
                let taken_back = state.cycle.settle(end, top);
                state.settlement = state.settlement.followed_by(taken_back);
            }
        }
    }
    state.cycle = CycleTally::starting_at(row);
}

/// Tells what compactions before a call take back, in the tokens of its price.
fn report_settlement<S: CallSink>(
    state: &mut SessionState,
    run: &PlanRun,
    (made, chance): (&CallTokens, Chance),
    sink: &mut S,
) {
    // Taken out: it is told with one call and with no other.
    let settlement = std::mem::replace(&mut state.settlement, Settlement::NOTHING);
    if settlement != Settlement::NOTHING {
        let taken_back = settlement.tokens_with_call(made).scaled_by(run.scale_bp);
        sink.settle_cycles(run, &taken_back.by_chance(chance));
    }
}

/// One row at which something happens, or that has to answer for an earlier one. Tells its call,
/// if it makes one, and what compactions before it take back, both by the chance of all this.
pub(super) fn replay_eventful_row<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    (index, deltas): (usize, &RowDeltas),
    state: &mut SessionState,
    chance: Chance,
    sink: &mut S,
) -> Option<CallTokens> {
    let PassContext { plan, subset, policy, schedule } = *pass;
    let row = &plan.rows[index];
    let event = plan.event_of_row(row);
    if event.inserted_by != 0 && event.inserted_by & subset == 0 {
        return None;
    }
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    // In this order: how the call finds the context, what breaks the cache there, and only then the
    // inputs, because both questions are about the prompt before they enter.
    let entering = EnteringRow { index, event, deltas };
    let entry = context_entry::decide_entry(state, run, &entering, (subset, schedule));
    match context_entry::cycle_step_at_entry(event, entry) {
        CycleStep::Ends(kind) => {
            let left = context_entry::tokens_left(state, &entering);
            end_cycle(pass, state, (index, kind, state.prompt), left, sink);
        }
        // By hand, or the first call: what was saved before stays saved.
        CycleStep::IsCutShort => state.cycle = CycleTally::starting_at(index),
        CycleStep::GoesOn => {}
    }
    let (cache_break, shock) = context_entry::cache_break_and_shock(state, event, entry, subset);
    let onset = state.onset.max(context_entry::onset_of_entry(state, event, entry));
    context_entry::enter_inputs(state, &entering, entry, inputs);
    if !state.awaits_compaction && !state.awaits_clearing {
        state.cycle.meet_prompt(state.prompt);
    }
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
        let made = CallTokens { onset, ..made };
        report_perhaps(sink, run, index, &made, chance);
        report_settlement(state, run, (&made, chance), sink);
        Some(made)
    };
    state.cycle.count_call(schedule, index, made.as_ref());
    state.saved_ms += deltas.saved_ms;
    // The plain road looks for no answer that a side request may have cached, takes a live entry on
    // the run's tier for granted, and nothing carried over.
    state.is_unsettled = !state.has_made_call
        || state.tier != run.tier
        || state.carried_break != CacheBreak::No
        || state.onset != ContextOnset::GoesOn
        || state.carried_shock != Shock::None
        || state.settlement != Settlement::NOTHING
        || state.answer != 0;
    made
}

/// One row at which nothing happens but what a subset changes, and a look with some luck. Returns
/// its call, if it is made.
#[inline]
pub(super) fn replay_uneventful_row<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    (index, deltas, luck): (usize, &RowDeltas, Option<&EntryLifetime>),
    state: &mut SessionState,
    sink: &mut S,
) -> Option<CallTokens> {
    let row = &pass.plan.rows[index];
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    let made = if deltas.dropped {
        // What the call would have brought stays in the prompt, for the next one that is made, and
        // what it would have said and is not dropped moves to that one's output.
        state.prompt += inputs;
        state.carried_outputs += outputs;
        None
    } else {
        let sizes = (inputs, outputs, deltas.later_ms);
        let made = make_following_call(state, run, (index, row), sizes, (pass.policy, luck));
        report_call(sink, run, index, &made);
        Some(made)
    };
    state.cycle.count_call(pass.schedule, index, made.as_ref());
    state.saved_ms += deltas.saved_ms;
    made
}
