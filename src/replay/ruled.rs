//! Sessions under other rules of cache and compaction, and sessions that go on from another one.
//!
//! The rules act between calls; the call itself is the pass's. Before a call: a prompt that has
//! reached the threshold is compacted by a call of its own; a wait is bridged by calls that only
//! read; a prompt that would reach the trigger loses its old tool results, and the cache with
//! everything behind the first of them.

use super::made::{Made, Sink};
use super::pass;
use super::state::{OPEN, State};
use crate::cache::Policy;
use crate::plan::{
    Clearing, Compaction, Deltas, Island, Plan, Planned, Row, Rules, Run, Subset, Warming,
};
use crate::recording::{Restart, Tier};

/// How the sessions of an island ended, where others may go on from them.
pub(super) struct Ends {
    first: usize,
    kept: bool,
    states: Vec<State>,
}

impl Ends {
    pub(super) fn new(island: &Island) -> Self {
        let kept = island.sessions.len() > 1;
        Self { first: island.sessions.start as usize, kept, states: Vec::new() }
    }

    pub(super) fn push(&mut self, state: State) {
        if self.kept {
            self.states.push(state);
        }
    }

    /// The end of a session of the plan that made a call.
    pub(super) fn of(&self, session: usize) -> Option<&State> {
        self.states.get(session.checked_sub(self.first)?).filter(|end| end.cached > 0)
    }
}

/// Tool results that still stand in the context.
struct Standing {
    /// Where they begin, tokens from the start of the prompt.
    position: i64,
    tokens: i64,
    count: i64,
}

/// Replays one session under `rules`, or going on from the end of another.
pub(super) fn session<P: Policy, S: Sink>(
    plan: &Plan,
    (planned, from): (&Planned, Option<&State>),
    rules: &Rules,
    subset: Subset,
    policy: &P,
    sink: &mut S,
) -> State {
    let mut state = from.map_or(OPEN, State::resume);
    let mut standing: Vec<Standing> = Vec::new();
    let first = plan.runs.get(planned.runs.start as usize).map_or(0, |run| run.first_row);
    for run in &plan.runs[planned.runs.start as usize..planned.runs.end as usize] {
        let run = &plan.run_under(run, subset, rules);
        sink.run(run);
        if from.is_some_and(|from| from.price != run.price) && first == run.first_row {
            // Another model finds nothing of what this one left.
            state.cached = 0;
        }
        for index in run.range() {
            let row = &plan.rows[index];
            let event = plan.event(row);
            if event.insert != 0 && event.insert & subset == 0 {
                continue;
            }
            let deltas = pass::deltas(plan, row, subset);
            let starts_over = event.restart != Restart::No || event.restarted.0 & subset != 0;
            let mut road = Road { run, index, state: &mut state, policy, sink };
            if !deltas.dropped && !starts_over && road.state.cached > 0 {
                let start_ms = row.start_ms + deltas.later_ms - road.state.saved_ms;
                if let Some(warming) = rules.warming {
                    road.warm(warming, start_ms);
                }
                if let Some(compaction) = rules.compaction {
                    road.compact(compaction, start_ms);
                }
                if let Some(clearing) = rules.clearing {
                    let inputs = row.inputs + deltas.inputs - event.cut;
                    road.clear(clearing, inputs, &mut standing);
                }
            }
            let starts = state.starts;
            let made;
            (state, made) = pass::eventful(state, plan, run, index, &deltas, subset, policy);
            if let Some(made) = made {
                pass::tell(sink, run, index, &made);
            }
            if state.starts != starts {
                standing.clear();
            }
            if rules.clearing.is_some() {
                stand(plan, index, &deltas, &state, &mut standing);
            }
        }
    }
    state
}

/// Remembers the tool results of a row that has entered the prompt.
fn stand(plan: &Plan, index: usize, deltas: &Deltas, state: &State, standing: &mut Vec<Standing>) {
    let (tokens, count) = plan.results[index];
    let tokens = tokens + deltas.results;
    if tokens > 0 {
        let row: &Row = &plan.rows[index];
        let outputs = if deltas.dropped { 0 } else { row.outputs + deltas.outputs };
        let position = (state.prompt - outputs - row.inputs - deltas.inputs).max(0);
        standing.push(Standing { position, tokens, count });
    }
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
    /// Bridges a wait that the cache would not outlive, or tries to.
    fn warm(&mut self, Warming { most, ahead_ms }: Warming, start_ms: i64) {
        let ttl_ms = self.state.tier.ttl_ms();
        let every_ms = ttl_ms - ahead_ms;
        let gap_ms = start_ms - self.state.touched_ms;
        if self.state.tier == Tier::Uncached || gap_ms < ttl_ms || every_ms <= 0 {
            return;
        }
        let needed = (gap_ms - ttl_ms) / every_ms + 1;
        for _ in 0..needed.min(most) {
            self.state.touched_ms += every_ms;
            let read = self.state.cached;
            self.tell(&Made { context: read, read, ..Made::NOTHING }, self.state.touched_ms);
        }
    }

    /// Compacts a prompt that has reached the threshold.
    fn compact(&mut self, compaction: Compaction, start_ms: i64) {
        let Compaction { threshold, output, left } = compaction;
        let prompt = self.state.prompt;
        // A context that is no larger than what would be left is not compacted.
        if prompt < threshold || prompt <= self.run.static_prefix + left {
            return;
        }
        let lookup = pass::lookup(self.state, self.run, self.state.tier, start_ms);
        let read = self.policy.read(&lookup);
        self.tell(&Made { context: prompt, read, output, ..Made::NOTHING }, start_ms);
        self.state.forget();
        self.state.prompt = self.run.static_prefix + left;
        self.state.cached = self.run.static_prefix;
        self.state.touched_ms = start_ms;
    }

    /// Clears old tool results if the coming prompt reaches the trigger.
    fn clear(&mut self, clearing: Clearing, inputs: i64, standing: &mut Vec<Standing>) {
        let Clearing { trigger, keep, at_least, stub } = clearing;
        if self.state.prompt + inputs < trigger {
            return;
        }
        // The newest that together are the ones to keep.
        let mut kept = 0;
        let newest = standing.iter().rev().take_while(|results| {
            let stays = kept < keep;
            kept += results.count;
            stays
        });
        let old = standing.len() - newest.count();
        let worth = |results: &Standing| (results.tokens - stub * results.count).max(0);
        let cleared: i64 = standing[..old].iter().map(worth).sum();
        if cleared == 0 || cleared < at_least {
            return;
        }
        let first = standing[..old].iter().find(|results| worth(results) > 0);
        let position = first.map_or(0, |results| results.position);
        self.state.cached = self.state.cached.min(position);
        self.state.prompt -= cleared;
        standing.drain(..old);
        for results in standing {
            results.position -= cleared;
        }
    }

    fn tell(&mut self, made: &Made, start_ms: i64) {
        pass::tell(self.sink, self.run, self.index, &Made { start_ms, ..*made });
    }
}
