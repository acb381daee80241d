//! A row whose call is made with a chance alone: each way that it may go is replayed, and what
//! follows goes on from their mean.
//!
//! Prompts and what is cached are sums of sizes, so that the mean of the ways carries on as the
//! mean of all that could follow, and one pass stands for all of them. What is no amount (whether a
//! cache entry is there, what breaks it, when it was touched) is that of the likeliest way.

use super::call::{replay_eventful_row, sum_row_deltas};
use super::call_tokens::{CallSink, CallTokens};
use super::pass_context::PassContext;
use super::session_state::SessionState;
use crate::cache::Policy;
use crate::plan::{Chance, PlanRun, RowDeltas};

/// One row at which something happens, or that has to answer for an earlier one, however likely.
pub(super) fn replay_row_with_event<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    run: &PlanRun,
    (index, deltas): (usize, &RowDeltas),
    state: &mut SessionState,
    sink: &mut S,
) -> Option<CallTokens> {
    let row = &pass.plan.rows[index];
    let event = pass.plan.event_of_row(row);
    if event.chance == Chance::SURE && event.perhaps_dropped_by & pass.subset == 0 {
        return replay_eventful_row(pass, run, (index, deltas), state, Chance::SURE, sink);
    }
    if event.inserted_by & pass.subset == 0 && event.inserted_by != 0 {
        return None;
    }
    // A session in addition is there as a whole or not at all: its calls have its chance, and find
    // what the calls before them have left.
    if event.is_spawned {
        return replay_eventful_row(pass, run, (index, deltas), state, event.chance, sink);
    }
    let mut mean = MeanState::default();
    let mut told = None;
    if event.inserted_by != 0 {
        let mut made = *state;
        told = replay_eventful_row(pass, run, (index, deltas), &mut made, event.chance, sink);
        mean.add_way(&mut made, event.chance);
        mean.add_way(state, event.chance.inverse());
    } else {
        // Listed once more for each way: there are one or two of them, fewer than a list is worth.
        let drops = || pass.plan.uncertain_drops_of_event(event, pass.subset).enumerate();
        for ways in 0..1_u32 << drops().count() {
            let (mut chance, mut subset) = (Chance::SURE, pass.subset);
            for (at, drop) in drops() {
                let happens = ways >> at & 1 == 1;
                chance = chance.and(if happens { drop.chance } else { drop.chance.inverse() });
                subset |= if happens { drop.happened } else { 0 };
            }
            let deltas = sum_row_deltas(pass.plan, row, subset);
            let mut way = *state;
            told =
                replay_eventful_row(pass, run, (index, &deltas), &mut way, chance, sink).or(told);
            mean.add_way(&mut way, chance);
        }
    }
    mean.write_to(state);
    told
}

/// The mean of several ways, each with its chance.
#[derive(Default)]
struct MeanState {
    /// Sums of amounts times chances, in 1/65,536.
    sums: [i128; AMOUNTS],
    /// The same of the summary of a compaction that was put off.
    summaries: i128,
    likeliest: Option<(Chance, SessionState)>,
}

/// Amounts of a state that are carried on by their mean.
const AMOUNTS: usize = 14;

/// These amounts, the prompt first.
fn amounts_of_state(state: &mut SessionState) -> [&mut i64; AMOUNTS] {
    let SessionState { prompt, cached, answer, carried_outputs, saved_ms, .. } = state;
    let [reads, contexts, missing, fewer_reads, smaller_contexts, calls, floor] =
        state.cycle.amounts();
    let [taken_back, not_needed] = state.settlement.amounts();
    [
        prompt,
        cached,
        answer,
        carried_outputs,
        saved_ms,
        reads,
        contexts,
        missing,
        fewer_reads,
        smaller_contexts,
        calls,
        floor,
        taken_back,
        not_needed,
    ]
}

impl MeanState {
    /// Adds a way that ends in a state, which stays what it is.
    fn add_way(&mut self, state: &mut SessionState, chance: Chance) {
        let parts = i128::from(chance.parts());
        // What is no amount (marks, places) is taken from the likeliest way.
        if self.likeliest.as_ref().is_none_or(|(most, _)| chance > *most) {
            self.likeliest = Some((chance, *state));
        }
        for (sum, amount) in self.sums.iter_mut().zip(amounts_of_state(state)) {
            *sum += i128::from(*amount) * parts;
        }
        // The prompt carries a part of a token between rows, in 1/65,536.
        self.sums[0] += (i128::from(state.prompt_parts) * parts) >> 16;
        let summary = state.deferred_compaction.map_or(0, |(_, summary)| summary);
        self.summaries += i128::from(summary) * parts;
    }

    /// Makes a state that of the likeliest way, with the amounts of the mean. In its place: a state
    /// is some 250 bytes, and such rows are many.
    fn write_to(&self, state: &mut SessionState) {
        if let Some((_, likeliest)) = &self.likeliest {
            *state = *likeliest;
        }
        // What is left of the prompt below a token is kept, so that many places lose nothing.
        state.prompt_parts = (self.sums[0] & 0xffff) as i64;
        for (amount, sum) in amounts_of_state(state).into_iter().zip(self.sums) {
            *amount = (sum >> 16) as i64;
        }
        if let Some((_, summary)) = &mut state.deferred_compaction {
            *summary = (self.summaries >> 16) as i64;
        }
        // No more is cached than stands there.
        state.cached = state.cached.min(state.prompt);
    }
}
