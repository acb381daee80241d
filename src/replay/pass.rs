//! The pass itself.

use crate::cache::{self, Lookup, Policy, Prior};
use crate::plan::{FactKind, Plan, Row, Subset};
use crate::recording::{CacheBreak, Restart, Shock, Tier};
use crate::units::Usage;

/// Who listens to the pass.
pub trait Sink {
    /// A call is made.
    fn call(&mut self, plan: &Plan, row: usize, made: &CallOutcome);
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
struct State {
    prior: Option<(Prior, i64)>,
    /// The prompt as it stands: context and output of the last call made, and what calls that are
    /// not made have added to it or cut from it since.
    prompt: i64,
    /// Left behind by calls that are not made, for the next one that is.
    carried_outputs: i64,
    carried_break: CacheBreak,
    carried_shock: Shock,
    /// Time that has not passed so far.
    saved_ms: i64,
    /// A compaction that was not needed where it was recorded: (threshold, its inputs).
    deferred: Option<(i64, i64)>,
    from_ms: i64,
    to_ms: i64,
}

const OPEN: State = State {
    prior: None,
    prompt: 0,
    carried_outputs: 0,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    saved_ms: 0,
    deferred: None,
    from_ms: 0,
    to_ms: 0,
};

/// What a row adds up to under a subset.
struct Amounts {
    inputs: i64,
    /// Of the inputs, those that exist only because of an automatic compaction.
    restart_inputs: i64,
    outputs: i64,
    saved_ms: i64,
    later_ms: i64,
}

#[inline]
fn amounts(plan: &Plan, row: &Row, subset: Subset) -> Amounts {
    let mut sum = Amounts {
        inputs: row.inputs,
        restart_inputs: row.restart_inputs,
        outputs: row.outputs,
        saved_ms: 0,
        later_ms: 0,
    };
    let first = row.first_fact as usize;
    for fact in &plan.facts[first..first + usize::from(row.facts)] {
        let value = fact.value(subset);
        match fact.kind {
            FactKind::Input => sum.inputs += value,
            FactKind::RestartInput => {
                sum.inputs += value;
                sum.restart_inputs += value;
            }
            FactKind::Output => sum.outputs += value,
            FactKind::SavedMs => sum.saved_ms += value,
            FactKind::LaterMs => sum.later_ms += value,
        }
    }
    sum
}

/// Replays `plan` under `subset` and tells `sink` every call that is made.
pub fn pass<P: Policy, S: Sink>(plan: &Plan, subset: Subset, policy: &P, sink: &mut S) {
    let mut state = OPEN;
    for (index, row) in plan.rows.iter().enumerate() {
        if row.opens {
            close(&state, sink);
            state = OPEN;
        }
        if row.insert != 0 && row.insert & subset == 0 {
            continue;
        }
        let mut sum = amounts(plan, row, subset);
        let (cache_break, shock) = restart(&mut state, row, &mut sum);
        state.prompt = (state.prompt - row.cut).max(0) + sum.inputs;
        if row.drop & subset != 0 {
            state.carried_outputs += sum.outputs;
            state.carried_break = state.carried_break.max(cache_break);
            if shock != Shock::None {
                state.carried_shock = shock;
            }
        } else {
            let made = make(&mut state, row, &sum, (cache_break, shock), policy);
            sink.call(plan, index, &made);
        }
        state.saved_ms += sum.saved_ms;
    }
    close(&state, sink);
}

fn close<S: Sink>(state: &State, sink: &mut S) {
    if state.prior.is_some() {
        sink.session(state.from_ms, state.to_ms);
    }
}

/// Decides whether the context starts over at this row; returns what breaks its cache.
#[inline]
fn restart(state: &mut State, row: &Row, sum: &mut Amounts) -> (CacheBreak, Shock) {
    match row.restart {
        Restart::No => {
            let Some((threshold, summary)) = state.deferred else {
                return (row.cache_break, row.shock);
            };
            if state.prompt < threshold {
                return (row.cache_break, row.shock);
            }
            sum.inputs += summary;
            state.forget();
            (row.cache_break.max(CacheBreak::ToStatic), Shock::None)
        }
        Restart::AutoCompacted if state.prompt < row.threshold => {
            sum.inputs -= sum.restart_inputs;
            state.deferred = Some((row.threshold, sum.restart_inputs));
            // The loss of the messages belongs to the compaction, a model switch does not.
            let stays = row.cache_break == CacheBreak::ToZero;
            (if stays { CacheBreak::ToZero } else { CacheBreak::No }, Shock::None)
        }
        Restart::AutoCompacted | Restart::ManualCompacted | Restart::Fresh => {
            state.forget();
            (row.cache_break, row.shock)
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

/// Makes the call of a row.
#[inline]
fn make<P: Policy>(
    state: &mut State,
    row: &Row,
    sum: &Amounts,
    (own_break, own_shock): (CacheBreak, Shock),
    policy: &P,
) -> CallOutcome {
    let outputs = sum.outputs + state.carried_outputs;
    let context = state.prompt;
    let cache_break = own_break.max(state.carried_break);
    let shock = if own_shock == Shock::None { state.carried_shock } else { own_shock };
    let start_ms = row.start_ms + sum.later_ms - state.saved_ms;
    let lookup = Lookup {
        prior: state.prior.map(|(prior, at_ms)| Prior { gap_ms: start_ms - at_ms, ..prior }),
        context,
        static_prefix: row.static_prefix,
        warm_prefix: row.warm_prefix,
        cache_break,
    };
    let read = cache::with_shock(policy, &lookup, shock);
    let cacheable = context >= row.min_cached && row.tier != Tier::Uncached;
    let (read, fresh) = match (cacheable, row.tier) {
        (true, _) => (read, row.fresh.min(context - read)),
        (false, Tier::Uncached) => (read, context - read),
        (false, _) => (0, context),
    };
    let write = context - read - fresh;
    let off_tier = row.off_tier.min(write);
    let (write_5m, write_1h) = match row.tier {
        Tier::OneHour => (off_tier, write - off_tier),
        Tier::FiveMinutes | Tier::Uncached => (write - off_tier, off_tier),
    };
    let hidden = if row.hidden > 0 { (row.hidden + outputs - row.produced).max(0) } else { 0 };
    if state.prior.is_none() {
        state.from_ms = start_ms;
    }
    state.to_ms = start_ms + row.duration_ms;
    let prior = Prior { cached: context - fresh, gap_ms: 0, tier: row.tier };
    *state = State {
        prior: Some((prior, start_ms + row.touched_after_ms)),
        prompt: context + outputs,
        carried_outputs: 0,
        carried_break: CacheBreak::No,
        carried_shock: Shock::None,
        ..*state
    };
    let usage = Usage { fresh, read, write_5m, write_1h, output: outputs - hidden };
    CallOutcome { usage, hidden, start_ms }
}
