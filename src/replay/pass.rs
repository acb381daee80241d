//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`pass`], a handful of additions on one row and on what its run shares. Everything else, and
//! every call that still has to answer for an earlier one, takes the road through [`eventful`].

use crate::cache::{self, Lookup, Policy, Prior};
use crate::ids::NONE;
use crate::plan::{Deltas, Event, Plan, Row, Run, Subset};
use crate::recording::{CacheBreak, Restart, Shock, Tier};
use crate::units::Usage;

/// Who listens to the pass.
pub trait Sink {
    /// The calls that follow belong to another run.
    fn run(&mut self, run: &Run);
    /// A call is made.
    fn call(&mut self, run: &Run, row: usize, made: &Made);
    /// A session that made at least one call is over.
    fn session(&mut self, from_ms: i64, to_ms: i64);
}

/// What one call uses, as the pass counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Prompt size.
    pub context: i64,
    /// Of the prompt: neither read nor written.
    pub fresh: i64,
    /// Of the prompt: read from the cache. The rest is written.
    pub read: i64,
    /// Of what is written: to the tier that is not the run's.
    pub off_tier: i64,
    /// Recorded output.
    pub output: i64,
    /// Tokens produced beyond the recorded output.
    pub hidden: i64,
    /// When it starts.
    pub start_ms: i64,
}

impl Made {
    /// Its usage, or that of a sum of calls, where `tier` is the tier of the run.
    #[inline]
    #[must_use]
    pub fn usage(&self, tier: Tier) -> Usage {
        let Self { fresh, read, output, off_tier, .. } = *self;
        let own_tier = self.context - read - fresh - off_tier;
        let (write_5m, write_1h) = match tier {
            Tier::OneHour => (off_tier, own_tier),
            Tier::FiveMinutes | Tier::Uncached => (own_tier, off_tier),
        };
        Usage { fresh, read, write_5m, write_1h, output }
    }
}

/// What the pass carries from row to row of a session.
#[derive(Clone, Copy)]
struct State {
    /// The prompt as it stands: context and output of the last call made, and what calls that are
    /// not made have added to it or cut from it since.
    prompt: i64,
    /// Prefix that the last call made has cached.
    cached: i64,
    /// From when its cache entry ages.
    touched_ms: i64,
    /// Outputs left behind by calls that are not made, for the next one that is.
    carried_outputs: i64,
    /// Time that has not passed so far.
    saved_ms: i64,
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
    /// Tier that the last call made wrote to.
    tier: Tier,
    carried_break: CacheBreak,
    carried_shock: Shock,
    /// A compaction that was not needed where it was recorded: (threshold, its inputs).
    deferred: Option<(i64, i64)>,
}

const OPEN: State = State {
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
    tier: Tier::Uncached,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    deferred: None,
};

/// What a subset changes of a row.
#[inline]
fn deltas(plan: &Plan, row: &Row, subset: Subset) -> Deltas {
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
    let mut state = OPEN;
    for run in &plan.runs {
        if run.opens {
            close(plan, &state, sink);
            state = OPEN;
        }
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
                    sink.call(run, index, &made);
                }
            } else {
                let inputs = row.inputs + deltas.inputs;
                let outputs = row.outputs + deltas.outputs;
                if deltas.dropped {
                    state.prompt += inputs;
                    state.carried_outputs += outputs;
                } else {
                    let made = go_on(&mut state, run, (index, row), (inputs, outputs), policy);
                    sink.call(run, index, &made);
                }
                state.saved_ms += deltas.saved_ms;
            }
            index += 1;
        }
    }
    close(plan, &state, sink);
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
        sink.call(run, first + at, &made);
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
fn lookup(state: &State, run: &Run, tier: Tier, start_ms: i64) -> Lookup {
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
    state.tier = run.tier;
    let off_tier = if off_tier == 0 { 0 } else { off_tier.min(context - read - fresh) };
    Made { context, fresh, read, off_tier, output, hidden: outputs - output, start_ms }
}

/// One row at which something happens, or that has to answer for an earlier one.
fn eventful<P: Policy>(
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
    let mut inputs = row.inputs + deltas.inputs;
    let outputs = row.outputs + deltas.outputs;
    let restart_inputs = event.restart_inputs + deltas.restart_inputs;
    let (own_break, own_shock) = restart(&mut state, event, &mut inputs, restart_inputs);
    state.prompt = (state.prompt - event.cut).max(0) + inputs;
    let cache_break = own_break.max(state.carried_break);
    let shock = if own_shock == Shock::None { state.carried_shock } else { own_shock };
    let dropped = deltas.dropped;
    let made = if dropped {
        (state.carried_break, state.carried_shock) = (cache_break, shock);
        state.carried_outputs += outputs;
        None
    } else {
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
        let start_ms = row.start_ms + deltas.later_ms - state.saved_ms;
        let plain = lookup(&state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.made);
        let read = cache::with_shock(policy, &Lookup { prior, cache_break, ..plain }, shock);
        if !state.made {
            (state.made, state.from_ms) = (true, start_ms);
        }
        Some(make(&mut state, run, (index, row), (start_ms, read, outputs, event.off_tier)))
    };
    state.saved_ms += deltas.saved_ms;
    state.unsettled = !state.made
        || state.tier != run.tier
        || state.deferred.is_some()
        || state.carried_break != CacheBreak::No
        || state.carried_shock != Shock::None;
    (state, made)
}

/// Decides whether the context starts over at this row; returns what breaks its cache.
fn restart(
    state: &mut State,
    event: &Event,
    inputs: &mut i64,
    restart_inputs: i64,
) -> (CacheBreak, Shock) {
    match event.restart {
        Restart::No => match state.deferred {
            Some((threshold, summary)) if state.prompt >= threshold => {
                *inputs += summary;
                state.forget();
                (event.cache_break.max(CacheBreak::ToStatic), Shock::None)
            }
            _ => (event.cache_break, event.shock),
        },
        Restart::AutoCompacted if state.prompt < event.threshold => {
            *inputs -= restart_inputs;
            state.deferred = Some((event.threshold, restart_inputs));
            // The loss of the messages belongs to the compaction, a model switch does not.
            let stays = event.cache_break == CacheBreak::ToZero;
            (if stays { CacheBreak::ToZero } else { CacheBreak::No }, Shock::None)
        }
        Restart::AutoCompacted | Restart::ManualCompacted | Restart::Fresh => {
            state.forget();
            (event.cache_break, event.shock)
        }
    }
}

impl State {
    /// Drops the prompt, not the clock.
    fn forget(&mut self) {
        self.prompt = 0;
        self.deferred = None;
    }
}
