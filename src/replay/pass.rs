//! The pass itself.
//!
//! Most calls go on from the call before and nothing happens at them: they take the plain road in
//! [`pass`], a handful of additions on one row and on what its run shares. Everything else, and
//! every call that still has to answer for an earlier one, takes the road through [`eventful`].

use crate::cache::{self, Lookup, Policy, Prior};
use crate::ids::NONE;
use crate::plan::{Amount, Event, Plan, Row, Run, Subset};
use crate::recording::{CacheBreak, Restart, Shock, Tier};
use crate::units::Usage;

/// Who listens to the pass.
pub trait Sink {
    /// The calls that follow share a price.
    fn run(&mut self, run: &Run);
    /// A call is made with a prompt of `context` tokens.
    fn call(&mut self, row: usize, context: i64, made: &CallOutcome);
    /// A session that made at least one call is over.
    fn session(&mut self, from_ms: i64, to_ms: i64);
}

/// What one call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// Its usage.
    pub usage: Usage,
    /// Tokens produced beyond the recorded output.
    pub hidden: i64,
    /// When it starts.
    pub start_ms: i64,
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
    from_ms: i64,
    to_ms: i64,
    /// Whether the next call cannot take the plain road: nothing is cached yet, or one of the
    /// fields below waits for it.
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
    to_ms: 0,
    unsettled: true,
    made: false,
    tier: Tier::Uncached,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    deferred: None,
};

/// What a subset changes of a row, by [`Amount`].
type Deltas = [i64; Amount::COUNT];

#[inline]
fn deltas(plan: &Plan, row: &Row, subset: Subset) -> Deltas {
    let mut sum = [0; Amount::COUNT];
    if row.touched_by & subset == 0 {
        return sum;
    }
    for term in &plan.terms[row.first_term as usize..] {
        sum[term.amount as usize] += term.under(subset);
        if term.last {
            break;
        }
    }
    sum
}

fn of(deltas: &Deltas, amount: Amount) -> i64 {
    deltas[amount as usize]
}

/// Replays `plan` under `subset` and tells `sink` every call that is made.
pub fn pass<P: Policy, S: Sink>(plan: &Plan, subset: Subset, policy: &P, sink: &mut S) {
    let mut state = OPEN;
    for run in &plan.runs {
        if run.opens {
            close(&state, sink);
            state = OPEN;
        }
        sink.run(run);
        let first = run.first_row as usize;
        for (index, row) in plan.rows[run.range()].iter().enumerate() {
            let index = first + index;
            let deltas = deltas(plan, row, subset);
            if state.unsettled || row.event != NONE {
                let made;
                (state, made) = eventful(state, plan, run, index, &deltas, subset, policy);
                if let Some((context, made)) = made {
                    sink.call(index, context, &made);
                }
                continue;
            }
            state.prompt += row.inputs + of(&deltas, Amount::Inputs);
            let outputs = row.outputs + of(&deltas, Amount::Outputs);
            if of(&deltas, Amount::Dropped) > 0 {
                state.carried_outputs += outputs;
            } else {
                let start_ms = row.start_ms - state.saved_ms;
                let context = state.prompt;
                let read = policy.read(&lookup(&state, run, start_ms)).clamp(0, context);
                let duration_ms = plan.duration_ms[index];
                let made = make(&mut state, run, row, (start_ms, duration_ms), (read, outputs, 0));
                sink.call(index, context, &made);
            }
            state.saved_ms += of(&deltas, Amount::SavedMs);
        }
    }
    close(&state, sink);
}

fn close<S: Sink>(state: &State, sink: &mut S) {
    if state.made {
        sink.session(state.from_ms, state.to_ms);
    }
}

/// The look of a plain call into the cache.
#[inline]
fn lookup(state: &State, run: &Run, start_ms: i64) -> Lookup {
    let gap_ms = start_ms - state.touched_ms;
    Lookup {
        prior: Some(Prior { cached: state.cached, gap_ms, tier: state.tier }),
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
    row: &Row,
    (start_ms, duration_ms): (i64, i64),
    (read, outputs, off_tier): (i64, i64, i64),
) -> CallOutcome {
    let context = state.prompt;
    let (read, fresh) = if context >= run.min_cached {
        (read, row.fresh.min(context - read))
    } else {
        (0, context)
    };
    let write = context - read - fresh;
    let off_tier = off_tier.min(write);
    let (write_5m, write_1h) = match run.tier {
        Tier::OneHour => (off_tier, write - off_tier),
        Tier::FiveMinutes | Tier::Uncached => (write - off_tier, off_tier),
    };
    let outputs = outputs + state.carried_outputs;
    let output = outputs.min(row.shown);
    state.prompt = context + outputs;
    state.cached = context - fresh;
    state.touched_ms = start_ms + row.touched_after_ms;
    state.carried_outputs = 0;
    state.to_ms = start_ms + duration_ms;
    state.tier = run.tier;
    let usage = Usage { fresh, read, write_5m, write_1h, output };
    CallOutcome { usage, hidden: outputs - output, start_ms }
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
) -> (State, Option<(i64, CallOutcome)>) {
    let row = &plan.rows[index];
    let event = plan.event(row);
    if event.insert != 0 && event.insert & subset == 0 {
        return (state, None);
    }
    let restart_inputs = of(deltas, Amount::RestartInputs);
    let mut inputs = row.inputs + of(deltas, Amount::Inputs) + restart_inputs;
    let outputs = row.outputs + of(deltas, Amount::Outputs);
    let restart_inputs = event.restart_inputs + restart_inputs;
    let (own_break, own_shock) = restart(&mut state, event, &mut inputs, restart_inputs);
    state.prompt = (state.prompt - event.cut).max(0) + inputs;
    let cache_break = own_break.max(state.carried_break);
    let shock = if own_shock == Shock::None { state.carried_shock } else { own_shock };
    let dropped = of(deltas, Amount::Dropped) > 0;
    let made = if dropped {
        (state.carried_break, state.carried_shock) = (cache_break, shock);
        state.carried_outputs += outputs;
        None
    } else {
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
        let start_ms = row.start_ms + of(deltas, Amount::LaterMs) - state.saved_ms;
        let plain = lookup(&state, run, start_ms);
        let prior = plain.prior.filter(|_| state.made);
        let read = cache::with_shock(policy, &Lookup { prior, cache_break, ..plain }, shock);
        if !state.made {
            (state.made, state.from_ms) = (true, start_ms);
        }
        let (context, times) = (state.prompt, (start_ms, plan.duration_ms[index]));
        Some((context, make(&mut state, run, row, times, (read, outputs, event.off_tier))))
    };
    state.saved_ms += of(deltas, Amount::SavedMs);
    state.unsettled = !state.made
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
