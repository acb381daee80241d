//! Sessions under other rules of cache and compaction, and sessions that go on from another one.
//!
//! The rules act between calls; the call itself is the pass's. Before a call, in this order: a
//! wait is bridged by calls that only read; a prompt that has reached the threshold is compacted
//! by a call of its own; a prompt that would reach the trigger loses its old tool results, and the
//! cache with everything behind the first of them.

use super::entry::{self, Entry};
use super::made::{Made, Sink};
use super::pass;
use super::results::Results;
use super::state::{OPEN, State};
use crate::cache::{self, Lookup, Policy};
use crate::plan::{Compaction, Event, Island, Plan, Planned, Rules, Run, Subset, Warming};
use crate::recording::{CacheBreak, Shock, Tier};

/// How a session ended.
pub(super) struct End {
    pub(super) state: State,
    results: Results,
}

impl From<State> for End {
    fn from(state: State) -> Self {
        Self { state, results: Results::default() }
    }
}

/// How the sessions of an island ended, where others may go on from them.
pub(super) struct Ends {
    first: usize,
    kept: bool,
    /// Whether a session may have to clear what another one left.
    pub(super) need_results: bool,
    done: Vec<End>,
}

impl Ends {
    pub(super) fn new(plan: &Plan, island: &Island) -> Self {
        let kept = island.sessions.len() > 1;
        let first = island.sessions.start as usize;
        Self { first, kept, need_results: kept && !plan.results.is_empty(), done: Vec::new() }
    }

    pub(super) fn push(&mut self, end: End) {
        if self.kept {
            self.done.push(end);
        }
    }

    /// The end of a session of the plan.
    pub(super) fn of(&self, session: usize) -> Option<&End> {
        self.done.get(session.checked_sub(self.first)?)
    }
}

/// Replays one session under `rules`, or going on from the end of another.
pub(super) fn session<P: Policy, S: Sink>(
    plan: &Plan,
    (planned, from): (&Planned, Option<&End>),
    rules: &Rules,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) -> End {
    let mut state = from.map_or(OPEN, |from| from.state.resume());
    let mut results = from.map_or_else(Results::default, |from| from.results.clone());
    // The run of the last call made: a wait after it is kept warm on its model.
    let mut before: Option<Run> = None;
    for run in &plan.runs[planned.runs.start as usize..planned.runs.end as usize] {
        let run = &plan.run_under(run, subset, rules);
        sink.run(run);
        let model = |price: u16| &plan.prices[usize::from(price)].model;
        if state.opening && state.entered && model(state.price) != model(run.price) {
            // Another model finds what a first call finds.
            (state.entered, state.cached) = (false, 0);
        }
        for index in run.range() {
            let row = &plan.rows[index];
            let event = plan.event(row);
            if event.insert != 0 && event.insert & subset == 0 {
                continue;
            }
            let deltas = pass::deltas(plan, row, subset);
            let mut road = Road { run, index, state: &mut state, policy, sink };
            if !deltas.dropped && road.state.sent() {
                let start_ms = row.start_ms + deltas.later_ms - road.state.saved_ms;
                if let Some(warming) = rules.warming {
                    road.warm(before.as_ref().unwrap_or(run), warming, start_ms);
                }
                if let Some(compaction) = rules.compaction {
                    road.compact(compaction, (event, subset), start_ms);
                }
            }
            let entry = entry::of(&state, run, event, subset);
            results.meet(&state, event, entry);
            if let Some(clearing) = rules.clearing
                && !deltas.dropped
                && state.sent()
            {
                results.clear(clearing, plan, (index, &deltas, entry), &mut state);
            }
            let made = pass::eventful(&mut state, plan, run, index, &deltas, subset, policy);
            results.enter(plan, (index, &deltas), made.map_or(state.prompt, |made| made.context));
            if let Some(made) = made {
                pass::tell(sink, run, index, &made);
                let priced = |run: &Run| (run.price, run.scale_bp);
                before.take_if(|before| priced(before) != priced(run));
                before.get_or_insert_with(|| run.clone());
            }
        }
    }
    End { state, results }
}

/// Where a session stands before a call.
struct Road<'a, P, S> {
    run: &'a Run,
    index: usize,
    state: &'a mut State,
    policy: &'a P,
    sink: &'a mut S,
}

impl<P: Policy, S: Sink> Road<'_, P, S> {
    /// Bridges a wait that the cache would not outlive, or tries to. Whoever does it cannot know
    /// what comes after the wait.
    fn warm(&mut self, before: &Run, Warming { most, ahead_ms }: Warming, start_ms: i64) {
        let ttl_ms = self.state.tier.ttl_ms();
        let every_ms = ttl_ms - ahead_ms;
        let gap_ms = start_ms - self.state.touched_ms;
        // At the end of its lifetime an entry is gone.
        if self.state.cached == 0 || gap_ms < ttl_ms || !(1..ttl_ms).contains(&every_ms) {
            return;
        }
        let needed = (gap_ms - ttl_ms) / every_ms + 1;
        self.sink.run(before);
        for _ in 0..needed.min(most) {
            self.state.touched_ms += every_ms;
            let (read, start_ms) = (self.state.cached, self.state.touched_ms);
            let made = Made { context: read, read, start_ms, ..Made::NOTHING };
            pass::tell(self.sink, before, self.index, &made);
        }
        self.sink.run(self.run);
    }

    /// Compacts a prompt that has reached the threshold, where the context goes on.
    fn compact(
        &mut self,
        Compaction { threshold, output, left }: Compaction,
        (event, subset): (&Event, Subset),
        start_ms: i64,
    ) {
        let (state, run) = (&mut *self.state, self.run);
        let context = state.prompt;
        let goes_on = entry::of(state, run, event, subset) == Entry::GoesOn;
        // A recorded compaction that was deferred comes first: then the context does not go on. One
        // that is no larger than what would be left is not compacted.
        if !goes_on || context < threshold || context <= run.static_prefix + left {
            return;
        }
        let (cache_break, shock) = entry::weather(state, event, Entry::GoesOn, subset);
        let plain = pass::lookup(state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.entered);
        let lookup = Lookup { prior, cache_break, ..plain };
        let read = pass::look(event, self.policy, &lookup, shock);
        let (read, fresh) = match run.tier {
            _ if context < run.min_cached => (0, context),
            Tier::Uncached | Tier::Automatic => (read, context - read),
            Tier::FiveMinutes | Tier::OneHour => (read, 0),
        };
        let made = Made { context, fresh, read, output, start_ms, ..Made::NOTHING };
        pass::tell(self.sink, run, self.index, &made);
        state.forget();
        state.prompt = run.static_prefix + left;
        state.cached = run.static_prefix.min(cache::left(run.tier, context, fresh));
        state.touched_ms = start_ms;
        (state.entered, state.compacted) = (true, true);
        (state.tier, state.price) = (run.tier, run.price);
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
    }
}
