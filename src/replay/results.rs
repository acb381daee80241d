//! Tool results that stand in a context, and clearing the old ones.

use super::entry::Entry;
use super::state::State;
use crate::plan::{Clearing, Deltas, Event, Plan};

/// The results of one call: a lump that is cleared as a whole.
#[derive(Clone, Copy)]
struct Lump {
    /// Where it begins, tokens from the start of the prompt.
    position: i64,
    tokens: i64,
    /// How many results it is.
    count: i64,
}

impl Lump {
    /// Tokens that clearing it would free.
    fn worth(&self, stub: i64) -> i64 {
        (self.tokens - stub * self.count).max(0)
    }
}

/// Tool results that stand in a context, the oldest first. None where no rule clears any.
#[derive(Clone, Default)]
pub(super) struct Results {
    lumps: Vec<Lump>,
}

impl Results {
    /// Meets a call that has not entered yet: what its context has lost is gone.
    pub(super) fn meet(&mut self, state: &State, event: &Event, entry: Entry) {
        if state.compacted || !matches!(entry, Entry::GoesOn | Entry::Deferred) {
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

    /// Clears old results if the prompt of the coming call reaches the trigger.
    pub(super) fn clear(
        &mut self,
        Clearing { trigger, keep, at_least, stub }: Clearing,
        plan: &Plan,
        (index, deltas, entry): (usize, &Deltas, Entry),
        state: &mut State,
    ) {
        let (row, event) = (&plan.rows[index], plan.event(&plan.rows[index]));
        let summary = event.restart_inputs + deltas.restart_inputs;
        let out = if entry == Entry::Deferred { summary } else { 0 };
        let cut = if state.compacted { 0 } else { event.cut };
        let prompt = (state.prompt - cut).max(0) + row.inputs + deltas.inputs - out;
        if prompt < trigger {
            return;
        }
        // The newest that together are the ones to keep; those that enter now are the very newest.
        let mut kept = plan.results[index].1 + deltas.result_count;
        let newest = self.lumps.iter().rev().take_while(|lump| {
            let stays = kept < keep;
            kept += lump.count;
            stays
        });
        let old = self.lumps.len() - newest.count();
        let cleared: i64 = self.lumps[..old].iter().map(|lump| lump.worth(stub)).sum();
        let first = self.lumps[..old].iter().find(|lump| lump.worth(stub) > 0);
        let Some(first) = first.filter(|_| cleared >= at_least) else { return };
        state.cached = state.cached.min(first.position);
        state.prompt -= cleared;
        self.lumps.drain(..old);
        for lump in &mut self.lumps {
            lump.position -= cleared;
        }
    }

    /// Remembers the results of a row that has entered a context which ends at `end` with the
    /// row's inputs. They stand behind its system part and summary and before its other inputs.
    pub(super) fn enter(&mut self, plan: &Plan, (index, deltas): (usize, &Deltas), end: i64) {
        let Some(&(tokens, count)) = plan.results.get(index) else { return };
        let (tokens, count) = (tokens + deltas.results, count + deltas.result_count);
        if tokens > 0 {
            let (row, event) = (&plan.rows[index], plan.event(&plan.rows[index]));
            let first = event.restart_inputs + deltas.restart_inputs;
            let position = end - (row.inputs + deltas.inputs - first);
            self.lumps.push(Lump { position, tokens, count });
        }
    }
}
