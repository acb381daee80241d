//! Tool results that stand in a context, and clearing the old ones.

use super::context_entry::ContextEntry;
use super::session_state::SessionState;
use crate::plan::{CallEvent, ClearingRule, Plan, RowDeltas};

/// The results of one call: a lump that is cleared as a whole.
#[derive(Clone, Copy)]
struct ResultLump {
    /// Where it begins, tokens from the start of the prompt.
    position: i64,
    tokens: i64,
    /// How many results it is.
    count: i64,
    /// Tokens that clearing it would free, told when it has become old.
    freed: i64,
}

/// The prompt that the call of a row would have, as `enter_inputs` will make it. Results are
/// cleared before the call enters, so that it is asked for ahead of time.
pub(super) fn prompt_of_coming_call(
    plan: &Plan,
    (index, deltas, entry): (usize, &RowDeltas, ContextEntry),
    state: &SessionState,
) -> i64 {
    let (row, event) = (&plan.rows[index], plan.event_of_row(&plan.rows[index]));
    let summary = event.restart_inputs + deltas.restart_inputs;
    // A compaction that is put off brings no summary.
    let out = if entry == ContextEntry::CompactionDeferred { summary } else { 0 };
    // What is cut went with the messages that were compacted.
    let cut = if state.was_just_compacted { 0 } else { event.cut };
    (state.prompt - cut).max(0) + row.inputs + deltas.inputs - out
}

/// Tool results that stand in a context, the oldest first. None where no rule clears any.
#[derive(Clone, Default)]
pub(super) struct ToolResults {
    lumps: Vec<ResultLump>,
    /// The first so many are old, as far as anybody has asked; how many results the others are.
    old: usize,
    kept: i64,
    /// What clearing the old ones would free; the first so many of them would free nothing.
    freed: i64,
    worthless: usize,
}

impl ToolResults {
    /// The results as a session finds them that goes on from another, maybe under another rule.
    pub(super) fn resumed_results(self) -> Self {
        let kept = self.lumps.iter().map(|lump| lump.count).sum();
        Self { lumps: self.lumps, kept, ..Self::default() }
    }

    /// Meets a call that has not entered yet: what its context has lost is gone.
    pub(super) fn forget_lost_results(
        &mut self,
        state: &SessionState,
        event: &CallEvent,
        entry: ContextEntry,
    ) {
        if state.was_just_compacted || !entry.keeps_messages() {
            *self = Self::default();
        }
        // What vanishes without a restart was the end of the prompt.
        let end = state.prompt - event.cut;
        while let Some(at) = self.lumps.len().checked_sub(1).filter(|_| event.cut > 0) {
            if at < self.old {
                self.keep_last_old();
            }
            let last = &mut self.lumps[at];
            last.tokens = last.tokens.min(end - last.position);
            if last.tokens > 0 {
                break;
            }
            self.kept -= last.count;
            self.lumps.pop();
        }
    }

    /// The newest of the old lumps is one to keep after all.
    fn keep_last_old(&mut self) {
        self.old -= 1;
        self.kept += self.lumps[self.old].count;
        self.freed -= self.lumps[self.old].freed;
        self.worthless = self.worthless.min(self.old);
    }

    /// Tells old lumps from those to keep: the newest that together are `keep` results, of which so
    /// many enter now. A lump that holds the last one to keep stays whole.
    fn age_lumps(&mut self, entering: i64, ClearingRule { keep, stub, .. }: ClearingRule) {
        // Fewer enter than before: the newest old lumps come back to those that are kept.
        while self.old > 0 && entering + self.kept < keep {
            self.keep_last_old();
        }
        while let Some(lump) = self.lumps.get_mut(self.old)
            && entering + self.kept - lump.count >= keep
        {
            lump.freed = (lump.tokens - stub * lump.count).max(0);
            self.kept -= lump.count;
            self.freed += lump.freed;
            self.old += 1;
        }
        // Lumps at the start that free nothing are passed over from now on.
        let worthless = self.lumps[self.worthless..self.old].iter();
        self.worthless += worthless.take_while(|lump| lump.freed == 0).count();
    }

    /// Clears old results, of which at least so many tokens must be freed; whether it did.
    pub(super) fn clear_old_results(
        &mut self,
        rule: ClearingRule,
        at_least: i64,
        plan: &Plan,
        (index, deltas): (usize, &RowDeltas),
        state: &mut SessionState,
    ) -> bool {
        self.age_lumps(plan.results[index].1 + deltas.result_count, rule);
        let cleared = self.freed;
        let first = self.lumps[..self.old].get(self.worthless).copied();
        // Clearing breaks the cache behind the first cleared result, so that too small a gain is
        // not worth it and the rule leaves it be.
        let Some(first) = first.filter(|_| cleared >= at_least) else { return false };
        // The cache holds up to the first result that changes. Everything behind it moves forward.
        // An answer is kept only if nothing before it changes.
        if first.position < state.cached + state.answer {
            state.answer = (first.position - state.cached).max(0);
        }
        state.cached = state.cached.min(first.position);
        state.prompt -= cleared;
        self.lumps.drain(..self.old);
        (self.old, self.freed, self.worthless) = (0, 0, 0);
        for lump in &mut self.lumps {
            lump.position -= cleared;
        }
        true
    }

    /// Remembers the results of a row that has entered a context which ends at `end` with the
    /// row's inputs. They stand behind its system part and summary and before its other inputs.
    pub(super) fn add_results_of_row(
        &mut self,
        plan: &Plan,
        (index, deltas): (usize, &RowDeltas),
        end: i64,
    ) {
        let Some(&(tokens, count)) = plan.results.get(index) else { return };
        let (tokens, count) = (tokens + deltas.results, count + deltas.result_count);
        if tokens > 0 {
            let (row, event) = (&plan.rows[index], plan.event_of_row(&plan.rows[index]));
            let first = event.restart_inputs + deltas.restart_inputs;
            // Counted from the end, because the call may have found any context before it.
            let position = end - (row.inputs + deltas.inputs - first);
            self.lumps.push(ResultLump { position, tokens, count, freed: 0 });
            self.kept += count;
        }
    }
}
