//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`session`], a handful of additions on one row and on what its run shares. Everything else, and
//! every call that still has to answer for an earlier one, takes the road through [`eventful`].
//! Sessions under other rules, and those that go on from another one, are the matter of
//! [`super::ruled`].

use super::entry;
use super::made::{Made, Onset, Sink};
use super::ruled::{self, Ends};
use super::state::{OPEN, State};
use crate::cache::{self, Lookup, Policy, Prior};
use crate::ids::NONE;
use crate::plan::{Deltas, Event, Island, Plan, Planned, Row, Rules, Run, Subset};
use crate::recording::{CacheBreak, Shock, Tier};
use crate::units::BASIS_POINTS;
use std::ops::Range;

/// What a subset changes of a row.
#[inline]
pub(super) fn deltas(plan: &Plan, row: &Row, subset: Subset) -> Deltas {
    let mut sum = Deltas::default();
    if row.touched_by & subset == 0 {
        return sum;
    }
    for term in &plan.terms[row.first_term as usize..] {
        if term.counts(subset) {
            sum += term.deltas;
        }
        if term.last {
            break;
        }
    }
    sum
}

/// Replays `plan` under `subset` and tells `sink` every call that is made.
pub fn pass<P: Policy, S: Sink>(plan: &Plan, subset: Subset, policy: &P, sink: &mut S) {
    for island in &plan.islands {
        pass_island(plan, island, subset, policy, sink);
    }
}

/// Replays the sessions of one island.
pub fn pass_island<P: Policy, S: Sink>(
    plan: &Plan,
    island: &Island,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) {
    let mut ends = Ends::new(plan, island);
    for at in island.sessions.clone() {
        let planned = &plan.sessions[at as usize];
        let rules = plan.rules_of(planned, subset);
        let from = plan.resumed_from(planned, subset).and_then(|from| ends.of(from));
        let end = if rules == Rules::default() && from.is_none() && !ends.need_results {
            session(plan, planned, subset, policy, sink).into()
        } else {
            ruled::session(plan, (planned, from), &rules, subset, policy, sink)
        };
        close(plan, &end.state, sink);
        ends.push(end);
    }
}

/// Replays one session that nothing came before.
fn session<P: Policy, S: Sink>(
    plan: &Plan,
    planned: &Planned,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) -> State {
    let mut state = OPEN;
    for run in &plan.runs[planned.runs.start as usize..planned.runs.end as usize] {
        let other;
        let run = if run.variants == 0 {
            run
        } else {
            other = plan.run_under(run, subset, &Rules::default());
            &other
        };
        state.unsettled |= state.tier != run.tier;
        sink.run(run);
        rows(plan, run, run.range(), &mut state, subset, policy, sink);
    }
    state
}

/// Replays some rows of a run.
#[inline]
pub(super) fn rows<P: Policy, S: Sink>(
    plan: &Plan,
    run: &Run,
    range: Range<usize>,
    state: &mut State,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) {
    let Range { start: mut index, end } = range;
    while index < end {
        index += plain(state, run, (index, &plan.rows[index..end]), subset, policy, sink);
        if index == end {
            break;
        }
        let deltas = deltas(plan, &plan.rows[index], subset);
        row(plan, run, (index, &deltas), state, subset, policy, sink);
        index += 1;
    }
}

/// Replays one row of which a subset changes `deltas`.
#[inline]
pub(super) fn row<P: Policy, S: Sink>(
    plan: &Plan,
    run: &Run,
    (index, deltas): (usize, &Deltas),
    state: &mut State,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) {
    let row = &plan.rows[index];
    if state.unsettled || row.event != NONE || state.prompt >= state.due() {
        if let Some(made) = eventful(state, plan, run, index, deltas, subset, policy) {
            tell(sink, run, index, &made);
        }
    } else {
        uneventful(run, (index, row), deltas, state, policy, sink);
    }
}

/// One row at which nothing happens but what a subset changes.
#[inline]
pub(super) fn uneventful<P: Policy, S: Sink>(
    run: &Run,
    (index, row): (usize, &Row),
    deltas: &Deltas,
    state: &mut State,
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
        let made = go_on(state, run, (index, row), sizes, policy);
        tell(sink, run, index, &made);
    }
    state.saved_ms += deltas.saved_ms;
}

/// Tells a call in the tokens of its price.
#[inline]
pub(super) fn tell<S: Sink>(sink: &mut S, run: &Run, index: usize, made: &Made) {
    if run.scale_bp == BASIS_POINTS {
        sink.call(run, index, made);
    } else {
        tell_scaled(sink, run, index, *made);
    }
}

/// Kept apart, so that the sink is not built into the plain road twice.
#[cold]
#[inline(never)]
fn tell_scaled<S: Sink>(sink: &mut S, run: &Run, index: usize, made: Made) {
    sink.call(run, index, &made.scaled(run.scale_bp));
}

/// The plain road: rows that the subset does not touch and at which nothing happens, as far as
/// they go, counted in the tokens of the recording. Returns how many they were.
#[inline]
fn plain<P: Policy, S: Sink>(
    state: &mut State,
    run: &Run,
    (first, rows): (usize, &[Row]),
    subset: Subset,
    policy: &P,
    sink: &mut S,
) -> usize {
    if state.unsettled || run.scale_bp != BASIS_POINTS {
        return 0;
    }
    let due = state.due();
    // A copy, because what the loop carries belongs into registers.
    let mut own = *state;
    let mut count = 0;
    for (at, row) in rows.iter().enumerate() {
        if row.touched_by & subset != 0 || row.event != NONE || own.prompt >= due {
            break;
        }
        let made = go_on(&mut own, run, (first + at, row), (row.inputs, row.outputs, 0), policy);
        sink.call(run, first + at, &made);
        count += 1;
    }
    *state = own;
    count
}

/// Makes a call that goes on from the call before, `later_ms` later than recorded.
#[inline]
fn go_on<P: Policy>(
    state: &mut State,
    run: &Run,
    (index, row): (usize, &Row),
    (inputs, outputs, later_ms): (i64, i64, i64),
    policy: &P,
) -> Made {
    state.prompt += inputs;
    let start_ms = row.start_ms + later_ms - state.saved_ms;
    let read = policy.read(&lookup(state, run, run.tier, start_ms));
    debug_assert!((0..=state.prompt).contains(&read), "the policy reads {read}");
    make(state, run, (index, row), (start_ms, read, outputs, 0))
}

pub(super) fn close<S: Sink>(plan: &Plan, state: &State, sink: &mut S) {
    if state.made {
        sink.session(state.from_ms, state.start_ms + plan.duration_ms[state.row]);
    }
}

/// The look of a plain call into the cache.
#[inline]
pub(super) fn lookup(state: &State, run: &Run, tier: Tier, start_ms: i64) -> Lookup {
    let gap_ms = start_ms - state.touched_ms;
    Lookup {
        prior: Some(Prior { cached: state.cached, gap_ms, tier }),
        context: state.prompt,
        static_prefix: run.static_prefix,
        warm_prefix: run.warm_prefix,
        cache_break: CacheBreak::No,
    }
}

/// Makes the call of a row that reads `read`, produces `outputs` beside what was carried to it,
/// and writes `off_tier` of what it writes to the other tier.
#[inline]
fn make(
    state: &mut State,
    run: &Run,
    (index, row): (usize, &Row),
    (start_ms, read, outputs, off_tier): (i64, i64, i64, i64),
) -> Made {
    let context = state.prompt;
    let (read, fresh) = if context >= run.min_cached {
        (read, row.fresh.min(context - read))
    } else {
        (0, context)
    };
    let outputs = outputs + state.carried_outputs;
    let output = outputs.min(row.shown);
    state.prompt = context + outputs;
    state.cached = cache::left(run.tier, context, fresh);
    state.touched_ms = start_ms + row.touched_after_ms;
    state.carried_outputs = 0;
    state.start_ms = start_ms;
    state.row = index;
    (state.tier, state.price) = (run.tier, run.price);
    let off_tier = if off_tier == 0 { 0 } else { off_tier.min(context - read - fresh) };
    let hidden = outputs - output;
    Made { context, fresh, read, off_tier, output, hidden, start_ms, onset: Onset::GoesOn }
}

/// What a call reads: by its luck if it looks up what an automatic cache kept, else by the law and
/// what that did not explain.
pub(super) fn look<P: Policy>(event: &Event, policy: &P, lookup: &Lookup, shock: Shock) -> i64 {
    match event.luck {
        Some(luck) if lookup.prior.is_some_and(|prior| prior.tier == Tier::Automatic) => {
            luck.read(policy, lookup)
        }
        _ => cache::with_shock(policy, lookup, shock),
    }
}

/// One row at which something happens, or that has to answer for an earlier one.
pub(super) fn eventful<P: Policy>(
    state: &mut State,
    plan: &Plan,
    run: &Run,
    index: usize,
    deltas: &Deltas,
    subset: Subset,
    policy: &P,
) -> Option<Made> {
    let row = &plan.rows[index];
    let event = plan.event(row);
    if event.insert != 0 && event.insert & subset == 0 {
        return None;
    }
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    let entry = entry::of(state, run, event, subset);
    let (cache_break, shock) = entry::weather(state, event, entry, subset);
    let onset = state.onset.max(entry::onset(state, event, entry));
    entry::enter(state, (event, entry), (inputs, deltas));
    let made = if deltas.dropped {
        // Luck belongs to a look; where none is made it does not wait for the next one.
        let shock = if event.luck.is_some() { Shock::None } else { shock };
        (state.carried_break, state.carried_shock) = (cache_break, shock);
        state.carried_outputs += outputs;
        state.onset = onset;
        None
    } else {
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
        state.onset = Onset::GoesOn;
        let start_ms = row.start_ms + deltas.later_ms - state.saved_ms;
        let plain = lookup(state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.entered);
        let lookup = Lookup { prior, cache_break, ..plain };
        let read = look(event, policy, &lookup, shock);
        if !state.made {
            (state.made, state.from_ms) = (true, start_ms);
        }
        state.entered = true;
        let off_tier = if run.one_tier { 0 } else { event.off_tier };
        Some(Made { onset, ..make(state, run, (index, row), (start_ms, read, outputs, off_tier)) })
    };
    state.saved_ms += deltas.saved_ms;
    state.unsettled = !state.made
        || state.tier != run.tier
        || state.carried_break != CacheBreak::No
        || state.onset != Onset::GoesOn
        || state.carried_shock != Shock::None;
    made
}
