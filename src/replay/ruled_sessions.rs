//! Sessions under other rules of cache and compaction, and sessions that go on from another one.
//!
//! The rules act between calls; the call itself is that of [`super::call`]. Before a call, in this
//! order: a wait is bridged by calls that only read; a prompt that has reached the threshold is
//! compacted by a call of its own; a prompt that would reach the trigger loses its old tool
//! results, and the cache with everything behind the first of them.

use super::call;
use super::call_tokens::{CallSink, CallTokens};
use super::context_entry::{self, ContextEntry, EnteringRow};
use super::cycle_end::CycleEndKind;
use super::pass_context::PassContext;
use super::quiet_rows::replay_quiet_rows;
use super::session_state::{INITIAL_STATE, SessionState};
use super::tool_results::{ToolResults, prompt_of_coming_call};
use super::uncertain_row::replay_row_with_event;
use crate::cache::{self, CacheLookup, Policy};
use crate::plan::{
    ClearingRule, CompactionRule, Island, Plan, PlanRun, PlannedSession, SessionRules, WarmingRule,
};
use crate::recording::{CacheBreak, CacheTier, Shock};
use std::ops::Range;

/// How a session ended.
#[derive(Clone)]
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

    /// The end of a session of the plan, for one that goes on from it. The first to do so goes on
    /// with the calls since the context started over, too: what they save is given back once.
    pub(super) fn take_end(&mut self, session: usize) -> Option<SessionEnd> {
        let end = self.ended.get_mut(session.checked_sub(self.first)?)?;
        let taken = end.clone();
        end.state.cycle.forget_calls();
        Some(taken)
    }
}

/// Replays one session under `rules`, or going on from the end of another.
pub(super) fn replay_ruled_session<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    (planned, from): (&PlannedSession, Option<SessionEnd>),
    rules: &SessionRules,
    sink: &mut S,
) -> SessionEnd {
    let PassContext { plan, subset, schedule, .. } = *pass;
    let rows = plan.rows_of_session(planned);
    // A session that goes on from another one starts with that one's context and cache, as they are
    // under this very subset.
    let (mut state, mut results) = match from {
        Some(SessionEnd { state, results }) => (state.resumed_state(), results.resumed_results()),
        None => (INITIAL_STATE, ToolResults::default()),
    };
    state.cycle.continue_at(rows.start);
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
        let Range { start: mut index, end } = run.row_range();
        while index < end {
            let session = (&mut state, &mut results);
            // Most rows go on from the row before, and no rule acts at them.
            let (quiet, mut is_made) =
                replay_quiet_rows(pass, (run, rules), index..end, session, sink);
            index += quiet;
            if quiet == 0 {
                let waited_on = before.as_ref().unwrap_or(run);
                let session = (&mut state, &mut results);
                is_made =
                    replay_row_under_rules(pass, (run, waited_on, rules), index, session, sink);
                index += 1;
            }
            // Waits are priced by model and tokenizer. A run that shares both stands for the next
            // ones, which spares a copy for every run.
            let is_alike =
                |before: &PlanRun| (before.price, before.scale_bp) == (run.price, run.scale_bp);
            if is_made && !before.as_ref().is_some_and(is_alike) {
                before = Some(run.clone());
            }
        }
    }
    state.cycle.add_rows_before(schedule, rows.end);
    SessionEnd { state, results }
}

/// Replays one row, before which rules may act; a wait before it is kept warm as `before` has it.
/// Returns whether its call is made.
fn replay_row_under_rules<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    (run, before, rules): (&PlanRun, &PlanRun, &SessionRules),
    index: usize,
    (state, results): (&mut SessionState, &mut ToolResults),
    sink: &mut S,
) -> bool {
    let PassContext { plan, subset, schedule, .. } = *pass;
    let row = &plan.rows[index];
    let event = plan.event_of_row(row);
    if event.inserted_by != 0 && event.inserted_by & subset == 0 {
        return false;
    }
    let deltas = call::sum_row_deltas(plan, row, subset);
    // A call that is not made bridges no wait and compacts nothing, and what no call has sent yet
    // stands in no cache.
    let entering = EnteringRow { index, event, deltas: &deltas };
    let is_sent = !deltas.dropped && state.was_sent();
    let start_ms = row.start_ms + deltas.later_ms - state.saved_ms;
    let pending = PendingCall { pass, run, entering, is_sent, start_ms };
    if let Some(warming) = rules.warming.filter(|_| is_sent) {
        pending.keep_cache_warm(state, before, warming, sink);
    }
    if let Some(compaction) = rules.compaction {
        pending.compact_prompt(state, compaction, sink);
    }
    // Decided anew: a compaction by rule may have changed the prompt, and with it whether a
    // recorded one is due.
    let entry = context_entry::decide_entry(state, run, &entering, (subset, schedule));
    results.forget_lost_results(state, event, entry);
    if let Some(clearing) = rules.clearing {
        pending.clear_results(state, results, (clearing, entry), sink);
    }
    let made = replay_row_with_event(pass, run, (index, &deltas), state, sink);
    let end = made.map_or(state.prompt, |made| made.context);
    results.add_results_of_row(plan, (index, &deltas), end);
    made.is_some()
}

/// A call that comes next.
struct PendingCall<'a, P> {
    pass: &'a PassContext<'a, P>,
    run: &'a PlanRun,
    entering: EnteringRow<'a>,
    /// Whether it is made, in a context of which something was sent.
    is_sent: bool,
    /// When it starts.
    start_ms: i64,
}

impl<P: Policy> PendingCall<'_, P> {
    /// Bridges a wait that the cache would not outlive, or tries to. Whoever does it cannot know
    /// what comes after the wait.
    fn keep_cache_warm<S: CallSink>(
        &self,
        state: &mut SessionState,
        before: &PlanRun,
        WarmingRule { most, ahead_ms }: WarmingRule,
        sink: &mut S,
    ) {
        let ttl_ms = state.tier.ttl_ms();
        let every_ms = ttl_ms - ahead_ms;
        let gap_ms = self.start_ms - state.touched_ms;
        // At the end of its lifetime an entry is gone.
        if state.cached == 0 || gap_ms < ttl_ms || !(1..ttl_ms).contains(&every_ms) {
            return;
        }
        // Each request reads the whole cached prefix `ahead_ms` before the entry would end, and the
        // lifetime starts over with it.
        let needed = (gap_ms - ttl_ms) / every_ms + 1;
        sink.begin_run(before);
        // The side request after a turn is long over when the first of them leaves.
        state.cached += std::mem::take(&mut state.answer);
        for _ in 0..needed.min(most) {
            state.touched_ms += every_ms;
            let (read, start_ms) = (state.cached, state.touched_ms);
            let made = CallTokens { context: read, read, start_ms, ..CallTokens::NOTHING };
            call::report_call(sink, before, self.entering.index, &made);
        }
        sink.begin_run(self.run);
    }

    /// Compacts the prompt, where the schedule says so or, without one, where it has reached the
    /// threshold and the context goes on.
    fn compact_prompt<S: CallSink>(
        &self,
        state: &mut SessionState,
        rule: CompactionRule,
        sink: &mut S,
    ) {
        let PassContext { subset, schedule, .. } = *self.pass;
        let (run, index, context) = (self.run, self.entering.index, state.prompt);
        let kind = CycleEndKind::ByRule;
        if schedule.is_some_and(|schedule| schedule.end_at_row(index, kind).is_some()) {
            call::end_cycle(self.pass, state, (index, kind, context), 0, sink);
            state.awaits_compaction = true;
        }
        let entry = context_entry::decide_entry(state, run, &self.entering, (subset, schedule));
        let is_due = match schedule {
            Some(_) => state.awaits_compaction,
            None => context >= rule.threshold,
        };
        // A recorded compaction that was deferred comes first: then the context does not go on.
        if !is_due || !self.is_sent || entry != ContextEntry::GoesOn {
            return;
        }
        state.awaits_compaction = false;
        // A prompt that is no larger than what would be left is not compacted.
        if context <= run.static_prefix + rule.left {
            return;
        }
        if schedule.is_none() {
            call::end_cycle(self.pass, state, (index, kind, context), 0, sink);
        }
        self.make_compacting_call(state, rule, sink);
    }

    /// The call that compacts.
    fn make_compacting_call<S: CallSink>(
        &self,
        state: &mut SessionState,
        CompactionRule { output, left, .. }: CompactionRule,
        sink: &mut S,
    ) {
        let PassContext { policy, subset, .. } = *self.pass;
        let EnteringRow { index, event, .. } = self.entering;
        let (run, context, start_ms) = (self.run, state.prompt, self.start_ms);
        let (cache_break, shock) =
            context_entry::cache_break_and_shock(state, event, ContextEntry::GoesOn, subset);
        let plain = call::plain_lookup(state, run, state.tier, start_ms);
        let prior = plain.prior.filter(|_| state.has_cache_entry);
        let lookup = CacheLookup { prior, cache_break, ..plain };
        let read = call::tokens_read(event, policy, &lookup, shock);
        // On a tier of its own the rest of the prompt is written, as with any call there; where
        // nothing is billed as written it is fresh.
        let (read, fresh) = match run.tier {
            _ if context < run.min_cached => (0, context),
            CacheTier::Uncached | CacheTier::Automatic => (read, context - read),
            CacheTier::FiveMinutes | CacheTier::OneHour => (read, 0),
        };
        let made = CallTokens { context, fresh, read, output, start_ms, ..CallTokens::NOTHING };
        call::report_call(sink, run, index, &made);
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

    /// Clears old results, where the schedule says so or, without one, where the prompt of the
    /// call would reach the trigger and there is enough to clear.
    fn clear_results<S: CallSink>(
        &self,
        state: &mut SessionState,
        results: &mut ToolResults,
        (rule, entry): (ClearingRule, ContextEntry),
        sink: &mut S,
    ) {
        let PassContext { plan, schedule, .. } = *self.pass;
        let EnteringRow { index, deltas, .. } = self.entering;
        let prompt = prompt_of_coming_call(plan, (index, deltas, entry), state);
        let end = (index, CycleEndKind::Cleared, prompt);
        // Without a schedule the threshold decides, and the place is noted for those that follow
        // it.
        let Some(schedule) = schedule else {
            if self.is_sent
                && prompt >= rule.trigger
                && results.clear_old_results(rule, rule.at_least, plan, (index, deltas), state)
            {
                call::end_cycle(self.pass, state, end, 0, sink);
            }
            return;
        };
        // The place is given: the cycle ends there even if the call of this row is not made.
        if schedule.end_at_row(index, CycleEndKind::Cleared).is_some() {
            call::end_cycle(self.pass, state, end, 0, sink);
            state.awaits_clearing = true;
        }
        if state.awaits_clearing && self.is_sent {
            state.awaits_clearing = false;
            // What is cleared depends on the results that are there: the least amount was met when
            // the place was found.
            results.clear_old_results(rule, 0, plan, (index, deltas), state);
        }
    }
}
