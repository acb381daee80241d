//! Rows of a session under rules at which no rule acts.
//!
//! Such a row, at which nothing else happens either, is that of a plain session: what could act is
//! looked at, and where all of it stays away the row takes the plain road.

use super::call::{self, replay_uneventful_row};
use super::call_tokens::CallSink;
use super::pass_context::PassContext;
use super::session_state::SessionState;
use super::tool_results::ToolResults;
use crate::cache::Policy;
use crate::ids::NO_INDEX;
use crate::plan::{PlanRun, SessionRules};
use std::ops::Range;

/// Replays rows of a run as far as no rule acts and nothing happens. Returns how many, and whether
/// a call of them was made.
pub(super) fn replay_quiet_rows<P: Policy, S: CallSink>(
    pass: &PassContext<'_, P>,
    (run, rules): (&PlanRun, &SessionRules),
    rows: Range<usize>,
    (state, results): (&mut SessionState, &mut ToolResults),
    sink: &mut S,
) -> (usize, bool) {
    // Something is due to the next row, which has to be looked at in full.
    if state.awaits_row() || state.tier != run.tier {
        return (0, false);
    }
    let plan = pass.plan;
    let limits = PromptLimits::of_session(pass, (run, rules), state);
    // Where the schedule lets the context end, the row is no quiet one.
    let end = pass.schedule.map_or(rows.end, |schedule| {
        schedule.next_end(rows.start).map_or(rows.end, |end| end.min(rows.end))
    });
    let mut is_made = false;
    for index in rows.start..end {
        let row = &plan.rows[index];
        let luck = plan.event_of_row(row).only_luck(run.tier);
        // Luck alone is no event for rules: it only says how long an entry is kept.
        if row.event != NO_INDEX && luck.is_none() {
            return (index - rows.start, is_made);
        }
        let deltas = call::sum_row_deltas(plan, row, pass.subset);
        let gap_ms = row.start_ms + deltas.later_ms - state.saved_ms - state.touched_ms;
        // Below every threshold, before and with what enters, and no warming that would act.
        let is_quiet = state.prompt < limits.before
            && state.prompt + row.inputs + deltas.inputs < limits.with_inputs
            && (rules.warming.is_none() || gap_ms < state.tier.ttl_ms());
        if !is_quiet {
            return (index - rows.start, is_made);
        }
        let made = replay_uneventful_row(pass, run, (index, &deltas, luck), state, sink);
        is_made |= made.is_some();
        let end = made.map_or(state.prompt, |made| made.context);
        results.add_results_of_row(plan, (index, &deltas), end);
    }
    (end - rows.start, is_made)
}

/// Prompts from which on a rule acts where no schedule says so.
struct PromptLimits {
    /// Of the prompt before the inputs of a call enter.
    before: i64,
    /// Of the prompt with them.
    with_inputs: i64,
}

impl PromptLimits {
    fn of_session<P: Policy>(
        pass: &PassContext<'_, P>,
        (run, rules): (&PlanRun, &SessionRules),
        state: &SessionState,
    ) -> Self {
        if pass.schedule.is_some() {
            return Self { before: i64::MAX, with_inputs: i64::MAX };
        }
        let deferred = state.deferred_compaction.map(|(recorded, _)| recorded);
        let compaction = rules.compaction.map(|rule| rule.threshold);
        // A rule's threshold stands for that of a recorded compaction, too.
        let before = run.compact_at.or(deferred).into_iter().chain(compaction).min();
        let clearing = rules.clearing.map(|rule| rule.trigger);
        // Without a limit no prompt is too long.
        let [before, with_inputs] = [before, clearing].map(|limit| limit.unwrap_or(i64::MAX));
        Self { before, with_inputs }
    }
}
