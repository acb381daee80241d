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
}

impl ResultLump {
    /// Tokens that clearing it would free.
    fn freed_tokens(&self, stub: i64) -> i64 {
        (self.tokens - stub * self.count).max(0)
    }
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
    let out = if entry == ContextEntry::CompactionDeferred { summary } else { 0 };
    let cut = if state.was_just_compacted { 0 } else { event.cut };
    (state.prompt - cut).max(0) + row.inputs + deltas.inputs - out
}

/// Tool results that stand in a context, the oldest first. None where no rule clears any.
#[derive(Clone, Default)]
pub(super) struct ToolResults {
    lumps: Vec<ResultLump>,
}

impl ToolResults {
    /// Meets a call that has not entered yet: what its context has lost is gone.
    pub(super) fn forget_lost_results(
        &mut self,
        state: &SessionState,
        event: &CallEvent,
        entry: ContextEntry,
    ) {
        if state.was_just_compacted || !entry.keeps_messages() {
            self.lumps.clear();
        }
        // What vanishes without a restart was the end of the prompt.
        let end = state.prompt - event.cut;
        while let Some(last) = self.lumps.last_mut().filter(|_| event.cut > 0) {
            last.tokens = last.tokens.min(end - last.position);
            if last.tokens > 0 {
                break;
            }
            self.lumps.pop();
        }
    }

    /// Clears old results, of which at least so many tokens must be freed; whether it did.
    pub(super) fn clear_old_results(
        &mut self,
        ClearingRule { keep, stub, .. }: ClearingRule,
        at_least: i64,
        plan: &Plan,
        (index, deltas): (usize, &RowDeltas),
        state: &mut SessionState,
    ) -> bool {
        // The newest that together are the ones to keep; those that enter now are the very newest.
        let mut newest_count = plan.results[index].1 + deltas.result_count;
        let newest = self.lumps.iter().rev().take_while(|lump| {
            let stays = newest_count < keep;
            newest_count += lump.count;
            stays
        });
        // Counted back from the newest until enough are kept; a lump that holds the last one to
        // keep stays whole.
        let old = self.lumps.len() - newest.count();
        let cleared: i64 = self.lumps[..old].iter().map(|lump| lump.freed_tokens(stub)).sum();
        let first = self.lumps[..old].iter().find(|lump| lump.freed_tokens(stub) > 0);
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
        self.lumps.drain(..old);
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
            self.lumps.push(ResultLump { position, tokens, count });
        }
    }
}
