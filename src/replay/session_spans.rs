//! From when to when each session of an island takes, for the clock.

use super::call_tokens::{CallSink, CallTokens};
use super::pass_with_plan_cache;
use crate::plan::{Chance, Island, Plan, PlanRun, ToggleSubset};

/// Replays one island under a subset of its bits: by session, in the order of the plan, from the
/// start of its first call to the end of its last one, milliseconds; `None` for a session without
/// a call.
#[must_use]
pub fn session_spans(
    plan: &Plan,
    island: &Island,
    subset: ToggleSubset,
) -> Vec<Option<(i64, i64)>> {
    let mut spans = SessionSpans(Vec::with_capacity(island.sessions.len()));
    pass_with_plan_cache(plan, island, subset, &mut spans);
    spans.0
}

/// Hears of sessions alone.
struct SessionSpans(Vec<Option<(i64, i64)>>);

impl CallSink for SessionSpans {
    fn begin_run(&mut self, _: &PlanRun) {}

    fn add_call(&mut self, _: &PlanRun, _: usize, _: &CallTokens) {}

    fn add_uncertain_call(&mut self, _: &PlanRun, _: usize, _: &CallTokens, _: Chance) {}

    fn close_session(&mut self) {
        self.0.push(None);
    }

    fn end_session(&mut self, from_ms: i64, to_ms: i64) {
        // A session is closed before its times are told.
        if let Some(last) = self.0.last_mut() {
            *last = Some((from_ms, to_ms));
        }
    }
}
