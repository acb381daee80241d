//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`session`], a handful of additions on one row and on what its run shares. Everything else, and
//! every call that still has to answer for an earlier one, takes the road through [`eventful`].
//! Sessions under other rules, and those that go on from another one, are the matter of
//! [`super::ruled`].

use super::entry;
use super::made::{Made, Sink};
use super::ruled::{self, Ends};
use crate::cache::{self, Lookup, Policy, Prior};
use crate::ids::NONE;
use crate::plan::{Deltas, Island, Plan, Planned, Row, Rules, Run, Subset};
use crate::recording::{CacheBreak, Shock, Tier};
use crate::units::BASIS_POINTS;

/// What the pass carries from row to row of a session.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// The prompt as it stands: context and output of the last call made, and what calls that are
    /// not made have added to it or cut from it since.
    pub(super) prompt: i64,
    /// Prefix that the last call made has cached.
    pub(super) cached: i64,
    /// From when its cache entry ages.
    pub(super) touched_ms: i64,
    /// Outputs left behind by calls that are not made, for the next one that is.
    carried_outputs: i64,
    /// Time that has not passed so far.
    pub(super) saved_ms: i64,
    /// When the first call made started.
    from_ms: i64,
    /// When the last call made started, and its row.
    start_ms: i64,
    row: usize,
    /// Whether the next call cannot take the plain road: nothing is cached yet, or on another
    /// tier, or one of the fields below waits for it.
    unsettled: bool,
    /// Whether a call was made.
    made: bool,
    /// Whether there is a cache entry to look up, alive or not.
    pub(super) entered: bool,
    /// Tier that the last call made wrote to, and its price.
    pub(super) tier: Tier,
    pub(super) price: u16,
    pub(super) carried_break: CacheBreak,
    pub(super) carried_shock: Shock,
    /// A compaction that was not needed where it was recorded: (its threshold, its inputs).
    pub(super) deferred: Option<(i64, i64)>,
    /// Whether the context is that of another session which has made a call.
    pub(super) resumed: bool,
    /// Whether the next call is the recorded first one of a session that goes on from another.
    pub(super) opening: bool,
    /// Whether the context was compacted just now, by a call that met what was due to the next.
    pub(super) compacted: bool,
}

pub(super) const OPEN: State = State {
    prompt: 0,
    cached: 0,
    touched_ms: 0,
    carried_outputs: 0,
    saved_ms: 0,
    from_ms: 0,
    start_ms: 0,
    row: 0,
    unsettled: true,
    made: false,
    entered: false,
    tier: Tier::Uncached,
    price: 0,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    deferred: None,
    resumed: false,
    opening: false,
    compacted: false,
};

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
        let mut index = run.first_row as usize;
        let end = run.range().end;
        while index < end {
            let rows = &plan.rows[index..end];
            index += plain(&mut state, run, (index, rows), subset, policy, sink);
            if index == end {
                break;
            }
            let row = &plan.rows[index];
            let deltas = deltas(plan, row, subset);
            if state.unsettled || row.event != NONE {
                let made;
                (state, made) = eventful(state, plan, run, index, &deltas, subset, policy);
                if let Some(made) = made {
                    tell(sink, run, index, &made);
                }
            } else {
                let inputs = row.inputs + deltas.inputs;
                let outputs = row.outputs + deltas.outputs;
                if deltas.dropped {
                    state.prompt += inputs;
                    state.carried_outputs += outputs;
                } else {
                    let made = go_on(&mut state, run, (index, row), (inputs, outputs), policy);
                    tell(sink, run, index, &made);
                }
                state.saved_ms += deltas.saved_ms;
            }
            index += 1;
        }
    }
    state
}

/// Tells a call in the tokens of its price.
#[inline]
pub(super) fn tell<S: Sink>(sink: &mut S, run: &Run, index: usize, made: &Made) {
    if run.scale_bp == BASIS_POINTS {
        sink.call(run, index, made);
    } else {
        sink.call(run, index, &made.scaled(run.scale_bp));
    }
}

/// The plain road: rows that the subset does not touch and at which nothing happens, as far as
/// they go. Returns how many they were.
#[inline]
fn plain<P: Policy, S: Sink>(
    state: &mut State,
    run: &Run,
    (first, rows): (usize, &[Row]),
    subset: Subset,
    policy: &P,
    sink: &mut S,
) -> usize {
    if state.unsettled {
        return 0;
    }
    for (at, row) in rows.iter().enumerate() {
        if row.touched_by & subset != 0 || row.event != NONE {
            return at;
        }
        let made = go_on(state, run, (first + at, row), (row.inputs, row.outputs), policy);
        tell(sink, run, first + at, &made);
    }
    rows.len()
}

/// Makes a call that goes on from the call before.
#[inline]
fn go_on<P: Policy>(
    state: &mut State,
    run: &Run,
    (index, row): (usize, &Row),
    (inputs, outputs): (i64, i64),
    policy: &P,
) -> Made {
    state.prompt += inputs;
    let start_ms = row.start_ms - state.saved_ms;
    let read = policy.read(&lookup(state, run, run.tier, start_ms));
    debug_assert!((0..=state.prompt).contains(&read), "the policy reads {read}");
    make(state, run, (index, row), (start_ms, read, outputs, 0))
}

fn close<S: Sink>(plan: &Plan, state: &State, sink: &mut S) {
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
    state.cached = context - fresh;
    state.touched_ms = start_ms + row.touched_after_ms;
    state.carried_outputs = 0;
    state.start_ms = start_ms;
    state.row = index;
    (state.tier, state.price) = (run.tier, run.price);
    let off_tier = if off_tier == 0 { 0 } else { off_tier.min(context - read - fresh) };
    Made { context, fresh, read, off_tier, output, hidden: outputs - output, start_ms }
}

/// One row at which something happens, or that has to answer for an earlier one.
pub(super) fn eventful<P: Policy>(
    mut state: State,
    plan: &Plan,
    run: &Run,
    index: usize,
    deltas: &Deltas,
    subset: Subset,
    policy: &P,
) -> (State, Option<Made>) {
    let row = &plan.rows[index];
    let event = plan.event(row);
    if event.insert != 0 && event.insert & subset == 0 {
        return (state, None);
    }
    let inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    let entry = entry::of(&state, run, event, subset);
    let (cache_break, shock) = entry::weather(&state, event, entry, subset);
    entry::enter(&mut state, (event, entry), (inputs, deltas));
    let dropped = deltas.dropped;
    let made = if dropped {
        (state.carried_break, state.carried_shock) = (cache_break, shock);
        state.carried_outputs += outputs;
        None
    } else {
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
        let start_ms = row.start_ms + deltas.later_ms - state.saved_ms;
        let plain = lookup(&state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.entered);
        let read = cache::with_shock(policy, &Lookup { prior, cache_break, ..plain }, shock);
        if !state.made {
            (state.made, state.from_ms) = (true, start_ms);
        }
        state.entered = true;
        let off_tier = if run.one_tier { 0 } else { event.off_tier };
        Some(make(&mut state, run, (index, row), (start_ms, read, outputs, off_tier)))
    };
    state.saved_ms += deltas.saved_ms;
    state.unsettled = !state.made
        || state.tier != run.tier
        || state.deferred.is_some()
        || state.carried_break != CacheBreak::No
        || state.carried_shock != Shock::None;
    (state, made)
}

impl State {
    /// Drops the prompt, not the clock.
    pub(super) fn forget(&mut self) {
        self.prompt = 0;
        self.deferred = None;
    }

    /// The start of a session that goes on from where this one ended.
    pub(super) fn resume(&self) -> Self {
        Self {
            carried_outputs: 0,
            unsettled: true,
            made: false,
            carried_break: CacheBreak::No,
            carried_shock: Shock::None,
            resumed: self.sent(),
            opening: true,
            ..*self
        }
    }

    /// Whether any of the context was sent.
    pub(super) fn sent(&self) -> bool {
        self.made || self.resumed
    }
}
