//! Sessions under other rules of cache and compaction, and sessions that go on from another one.
//!
//! The rules act between calls; the call itself is that of [`super::call`]. Before a call, in this
//! order: a wait is bridged by calls that only read; a prompt that has reached the threshold is
//! compacted by a call of its own; a prompt that would reach the trigger loses its old tool
//! results, and the cache with everything behind the first of them.

use super::call;
use super::call_tokens::{CallSink, CallTokens};
use super::context_entry::{self, ContextEntry};
use super::session_state::{INITIAL_STATE, SessionState};
use super::tool_results::ToolResults;
use crate::cache::{self, CacheLookup, Policy};
use crate::plan::{
    CallEvent, CompactionRule, Island, Plan, PlanRun, PlannedSession, SessionRules, ToggleSubset,
    WarmingRule,
};
use crate::recording::{CacheBreak, CacheTier, Shock};

/// How a session ended.
pub(super) struct SessionEnd {
    pub(super) state: SessionState,
    results: ToolResults,
}

impl From<SessionState> for SessionEnd {
    fn from(state: SessionState) -> Self {
        Self { state, results: ToolResults::default() }
    }
}

/// How the sessions of an island ended, where others may go on from them.
pub(super) struct SessionEnds {
    first: usize,
    keeps_ends: bool,
    /// Whether a session may have to clear what another one left.
    pub(super) need_results: bool,
    ended: Vec<SessionEnd>,
}

impl SessionEnds {
    pub(super) fn new(plan: &Plan, island: &Island) -> Self {
        let keeps_ends = island.sessions.len() > 1;
        let first = island.sessions.start as usize;
        Self {
            first,
            keeps_ends,
            need_results: keeps_ends && !plan.results.is_empty(),
            ended: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, end: SessionEnd) {
        if self.keeps_ends {
            self.ended.push(end);
        }
    }

    /// The end of a session of the plan.
    pub(super) fn end_of_session(&self, session: usize) -> Option<&SessionEnd> {
        self.ended.get(session.checked_sub(self.first)?)
    }
}

/// Replays one session under `rules`, or going on from the end of another.
pub(super) fn replay_ruled_session<P: Policy, S: CallSink>(
    plan: &Plan,
    (planned, from): (&PlannedSession, Option<&SessionEnd>),
    rules: &SessionRules,
    subset: ToggleSubset,
    policy: &P,
    sink: &mut S,
) -> SessionEnd {
    // A session that goes on from another one starts with that one's context and cache, as they are
    // under this very subset.
    let mut state = from.map_or(INITIAL_STATE, |from| from.state.resumed_state());
    let mut results = from.map_or_else(ToolResults::default, |from| from.results.clone());
    // The run of the last call made: a wait after it is kept warm on its model.
    let mut before: Option<PlanRun> = None;
    for run in plan.runs_of_session(planned) {
        let run = &plan.run_under(run, subset, rules);
        sink.begin_run(run);
        let [model_before, model] =
            [state.price, run.price].map(|price| &plan.prices[usize::from(price)].model);
        if state.is_resumed_first_call && state.has_cache_entry && model_before != model {
            // Another model finds what a first call finds.
            (state.has_cache_entry, state.cached, state.answer) = (false, 0, 0);
        }
        for index in run.row_range() {
            let row = &plan.rows[index];
            let event = plan.event_of_row(row);
            if event.inserted_by != 0 && event.inserted_by & subset == 0 {
                continue;
            }
            let deltas = call::sum_row_deltas(plan, row, subset);
            // A call that is not made bridges no wait and compacts nothing, and what no call has
            // sent yet stands in no cache.
            let mut pending = PendingCall { run, index, state: &mut state, policy, sink };
            if !deltas.dropped && pending.state.was_sent() {
                let start_ms = row.start_ms + deltas.later_ms - pending.state.saved_ms;
                if let Some(warming) = rules.warming {
                    pending.keep_cache_warm(before.as_ref().unwrap_or(run), warming, start_ms);
                }
                if let Some(compaction) = rules.compaction {
                    pending.compact_prompt(compaction, (event, subset), start_ms);
                }
            }
            // Decided anew: a compaction by rule may have changed the prompt, and with it whether a
            // recorded one is due.
            let entry = context_entry::decide_entry(&state, run, event, subset);
            results.forget_lost_results(&state, event, entry);
            if let Some(clearing) = rules.clearing
                && !deltas.dropped
                && state.was_sent()
            {
                results.clear_old_results(clearing, plan, (index, &deltas, entry), &mut state);
            }
            let made =
                call::replay_eventful_row(&mut state, plan, run, index, &deltas, subset, policy);
            results.add_results_of_row(
                plan,
                (index, &deltas),
                made.map_or(state.prompt, |made| made.context),
            );
            if let Some(made) = made {
                call::report_call(sink, run, index, &made);
                // Waits are priced by model and tokenizer. A run that shares both stands for the
                // next ones, which spares a copy for every run.
                if before.as_ref().is_none_or(|before| {
                    (before.price, before.scale_bp) != (run.price, run.scale_bp)
                }) {
                    before = Some(run.clone());
                }
            }
        }
    }
    SessionEnd { state, results }
}

/// Where a session stands before a call.
struct PendingCall<'a, P, S> {
    run: &'a PlanRun,
    index: usize,
    state: &'a mut SessionState,
    policy: &'a P,
    sink: &'a mut S,
}

impl<P: Policy, S: CallSink> PendingCall<'_, P, S> {
    /// Bridges a wait that the cache would not outlive, or tries to. Whoever does it cannot know
    /// what comes after the wait.
    fn keep_cache_warm(
        &mut self,
        before: &PlanRun,
        WarmingRule { most, ahead_ms }: WarmingRule,
        start_ms: i64,
    ) {
        let ttl_ms = self.state.tier.ttl_ms();
        let every_ms = ttl_ms - ahead_ms;
        let gap_ms = start_ms - self.state.touched_ms;
        // At the end of its lifetime an entry is gone.
        if self.state.cached == 0 || gap_ms < ttl_ms || !(1..ttl_ms).contains(&every_ms) {
            return;
        }
        // Each request reads the whole cached prefix `ahead_ms` before the entry would end, and the
        // lifetime starts over with it.
        let needed = (gap_ms - ttl_ms) / every_ms + 1;
        self.sink.begin_run(before);
        // The side request after a turn is long over when the first of them leaves.
        self.state.cached += std::mem::take(&mut self.state.answer);
        for _ in 0..needed.min(most) {
            self.state.touched_ms += every_ms;
            let (read, start_ms) = (self.state.cached, self.state.touched_ms);
            let made = CallTokens { context: read, read, start_ms, ..CallTokens::NOTHING };
            call::report_call(self.sink, before, self.index, &made);
        }
        self.sink.begin_run(self.run);
    }

    /// Compacts a prompt that has reached the threshold, where the context goes on.
    fn compact_prompt(
        &mut self,
        CompactionRule { threshold, output, left }: CompactionRule,
        (event, subset): (&CallEvent, ToggleSubset),
        start_ms: i64,
    ) {
        let (state, run) = (&mut *self.state, self.run);
        let context = state.prompt;
        let goes_on =
            context_entry::decide_entry(state, run, event, subset) == ContextEntry::GoesOn;
        // A recorded compaction that was deferred comes first: then the context does not go on. One
        // that is no larger than what would be left is not compacted.
        if !goes_on || context < threshold || context <= run.static_prefix + left {
            return;
        }
        let (cache_break, shock) =
            context_entry::cache_break_and_shock(state, event, ContextEntry::GoesOn, subset);
        let plain = call::plain_lookup(state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.has_cache_entry);
        let lookup = CacheLookup { prior, cache_break, ..plain };
        let read = call::tokens_read(event, self.policy, &lookup, shock);
        // On a tier of its own the rest of the prompt is written, as with any call there; where
        // nothing is billed as written it is fresh.
        let (read, fresh) = match run.tier {
            _ if context < run.min_cached => (0, context),
            CacheTier::Uncached | CacheTier::Automatic => (read, context - read),
            CacheTier::FiveMinutes | CacheTier::OneHour => (read, 0),
        };
        let made = CallTokens { context, fresh, read, output, start_ms, ..CallTokens::NOTHING };
        call::report_call(self.sink, run, self.index, &made);
        // What goes on is the static prefix, still cached as far as this call cached it, and what
        // the compaction left, which is written with the next call.
        state.drop_prompt();
        state.prompt = run.static_prefix + left;
        state.cached = run.static_prefix.min(cache::cached_prefix_tokens(run.tier, context, fresh));
        (state.touched_ms, state.answer) = (start_ms, 0);
        (state.has_cache_entry, state.was_just_compacted) = (true, true);
        (state.tier, state.price) = (run.tier, run.price);
        (state.carried_break, state.carried_shock) = (CacheBreak::No, Shock::None);
    }
}
