//! How a call enters the context: whether that goes on or starts over, what breaks its cache and
//! what comes in.

use super::call_tokens::ContextOnset;
use super::cycle_end::CycleEndKind;
use super::schedule::Schedule;
use super::session_state::SessionState;
use crate::plan::{CallEvent, PlanRun, RowDeltas, ToggleSubset};
use crate::recording::{CacheBreak, ContextRestart, Shock};

/// How a call finds the context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContextEntry {
    /// It goes on.
    GoesOn,
    /// It goes on although it was compacted here: the threshold is not reached.
    CompactionDeferred,
    /// It goes on although the schedule compacts it here: what stands is less than what that would
    /// leave.
    CompactionSkipped,
    /// It starts over, with a summary that was deferred.
    CompactionDue,
    /// It starts over because a toggle says so.
    RestartedByToggle,
    /// It starts over as recorded.
    RestartedAsRecorded,
}

/// A row as the context meets it.
#[derive(Clone, Copy)]
pub(super) struct EnteringRow<'a> {
    pub(super) index: usize,
    pub(super) event: &'a CallEvent,
    /// What the subset changes of it.
    pub(super) deltas: &'a RowDeltas,
}

impl EnteringRow<'_> {
    /// What the context would start over with: the system part and a summary.
    fn summary(&self) -> i64 {
        self.event.restart_inputs + self.deltas.restart_inputs
    }
}

/// Decides whether the context starts over at a row: where the schedule says so, or without one
/// where the prompt has reached the threshold.
pub(super) fn decide_entry(
    state: &SessionState,
    run: &PlanRun,
    row: &EnteringRow<'_>,
    (subset, schedule): (ToggleSubset, Option<&Schedule>),
) -> ContextEntry {
    let EnteringRow { index, event, .. } = *row;
    match event.restart {
        // The recorded start of a session that goes on from another one does not happen.
        _ if state.is_resumed_first_call => entry_without_restart(state, run, index, schedule),
        ContextRestart::No if event.restarted_by & subset != 0 => ContextEntry::RestartedByToggle,
        ContextRestart::No => entry_without_restart(state, run, index, schedule),
        ContextRestart::AutoCompacted => match schedule {
            None if state.prompt < threshold_under_rule(run, event.threshold) => {
                ContextEntry::CompactionDeferred
            }
            None => ContextEntry::RestartedAsRecorded,
            Some(schedule) => match schedule.end_at_row(index, CycleEndKind::Recorded) {
                None => ContextEntry::CompactionDeferred,
                Some(end) if end.has_shrunk && state.prompt < row.summary() => {
                    ContextEntry::CompactionSkipped
                }
                Some(_) => ContextEntry::RestartedAsRecorded,
            },
        },
        ContextRestart::ManualCompacted | ContextRestart::Fresh => {
            ContextEntry::RestartedAsRecorded
        }
    }
}

/// How a call finds a context that does not start over here: a compaction that was put off may have
/// become due.
fn entry_without_restart(
    state: &SessionState,
    run: &PlanRun,
    index: usize,
    schedule: Option<&Schedule>,
) -> ContextEntry {
    let Some((recorded, summary)) = state.deferred_compaction else { return ContextEntry::GoesOn };
    match schedule {
        // Without a schedule the place is decided here; with one it was decided before, and is
        // read.
        None if state.prompt < threshold_under_rule(run, recorded) => ContextEntry::GoesOn,
        None => ContextEntry::CompactionDue,
        Some(schedule) => match schedule.end_at_row(index, CycleEndKind::Deferred) {
            None => ContextEntry::GoesOn,
            // Under these bits less than the summary is there: compacting would make it larger.
            Some(end) if end.has_shrunk && state.prompt < summary => {
                ContextEntry::CompactionSkipped
            }
            Some(_) => ContextEntry::CompactionDue,
        },
    }
}

/// What a compaction at a row leaves of the context: the row's summary, or the deferred one.
pub(super) fn tokens_left(state: &SessionState, row: &EnteringRow<'_>) -> i64 {
    if row.event.restart == ContextRestart::AutoCompacted {
        return row.summary();
    }
    state.deferred_compaction.map_or(0, |(_, summary)| summary)
}

/// What a row is to the cycle of calls before it.
pub(super) enum CycleStep {
    /// The cycle goes on.
    GoesOn,
    /// It ends by itself.
    Ends(CycleEndKind),
    /// The context starts over, and that is nothing that a threshold decides.
    IsCutShort,
}

/// How the cycle of calls before a row goes on or ends there.
pub(super) fn cycle_step_at_entry(event: &CallEvent, entry: ContextEntry) -> CycleStep {
    let is_recorded = event.restart == ContextRestart::AutoCompacted;
    match entry {
        ContextEntry::GoesOn | ContextEntry::CompactionDeferred => CycleStep::GoesOn,
        ContextEntry::CompactionDue => CycleStep::Ends(CycleEndKind::Deferred),
        // A skipped compaction ends the cycle all the same: on the schedule it stands there.
        ContextEntry::CompactionSkipped if !is_recorded => CycleStep::Ends(CycleEndKind::Deferred),
        ContextEntry::CompactionSkipped => CycleStep::Ends(CycleEndKind::Recorded),
        ContextEntry::RestartedAsRecorded if is_recorded => CycleStep::Ends(CycleEndKind::Recorded),
        // No threshold decides these: a context that did not end by itself settles nothing.
        ContextEntry::RestartedAsRecorded | ContextEntry::RestartedByToggle => {
            CycleStep::IsCutShort
        }
    }
}

impl ContextEntry {
    /// Whether what stood in the context before still stands in it.
    pub(super) fn keeps_messages(self) -> bool {
        matches!(self, Self::GoesOn | Self::CompactionDeferred | Self::CompactionSkipped)
    }
}

/// What a row does to the context that its call meets.
pub(super) fn onset_of_entry(
    state: &SessionState,
    event: &CallEvent,
    entry: ContextEntry,
) -> ContextOnset {
    match entry {
        // What was due to this call was done just before it: it meets a context that was compacted.
        _ if entry.keeps_messages() && state.was_just_compacted => ContextOnset::Compacted,
        _ if entry.keeps_messages() => ContextOnset::GoesOn,
        ContextEntry::CompactionDue => ContextOnset::Compacted,
        ContextEntry::RestartedAsRecorded if event.restart != ContextRestart::Fresh => {
            ContextOnset::Compacted
        }
        _ => ContextOnset::StartsOver,
    }
}

/// Where a recorded compaction happens: its own threshold, or that of the rule.
fn threshold_under_rule(run: &PlanRun, recorded: i64) -> i64 {
    run.compact_at.unwrap_or(recorded)
}

/// What breaks the cache at a call, and what the law does not explain there: its own or what was
/// carried to it.
pub(super) fn cache_break_and_shock(
    state: &SessionState,
    event: &CallEvent,
    entry: ContextEntry,
    subset: ToggleSubset,
) -> (CacheBreak, Shock) {
    let (mut cache_break, mut shock) = (event.cache_break, event.shock);
    // A call that compacted the context just now has met what was due here already.
    if event.healed_by & subset != 0 || state.was_just_compacted {
        // A context that starts over has lost its messages all the same.
        let lost =
            if entry == ContextEntry::GoesOn { CacheBreak::No } else { CacheBreak::ToStatic };
        (cache_break, shock) = (cache_break.min(lost), Shock::None);
    }
    match entry {
        // What a first call finds says nothing about one that goes on.
        ContextEntry::GoesOn if state.is_resumed_first_call => shock = Shock::None,
        ContextEntry::GoesOn | ContextEntry::RestartedAsRecorded => {}
        // Where the context starts over against the record, what the record did not explain belongs
        // to a context that is not there.
        ContextEntry::CompactionDue | ContextEntry::RestartedByToggle => {
            (cache_break, shock) = (cache_break.max(CacheBreak::ToStatic), Shock::None);
        }
        ContextEntry::CompactionDeferred | ContextEntry::CompactionSkipped => {
            // The loss of the messages belongs to the compaction, a model switch does not.
            let stays = cache_break == CacheBreak::ToZero;
            cache_break = if stays { CacheBreak::ToZero } else { CacheBreak::No };
            shock = Shock::None;
        }
    }
    // Calls that are not made hand their break and shock on. The call's own shock goes first; of
    // two breaks the one that loses more counts.
    if shock == Shock::None {
        shock = state.carried_shock;
    }
    (cache_break.max(state.carried_break), shock)
}

/// Brings the inputs of a row into the prompt, which may start over before.
pub(super) fn enter_inputs(
    state: &mut SessionState,
    row: &EnteringRow<'_>,
    entry: ContextEntry,
    mut inputs: i64,
) {
    let EnteringRow { event, deltas, .. } = *row;
    match entry {
        ContextEntry::GoesOn | ContextEntry::RestartedAsRecorded => {}
        ContextEntry::CompactionDeferred => {
            // The summary waits until the compaction is due; only the rest of the inputs enters.
            inputs -= row.summary();
            state.deferred_compaction = Some((event.threshold, row.summary()));
        }
        ContextEntry::CompactionSkipped => {
            // The summary of a deferred one waits no longer; that of a recorded one is the row's.
            if event.restart == ContextRestart::AutoCompacted {
                inputs -= row.summary();
            }
            state.deferred_compaction = None;
        }
        ContextEntry::CompactionDue => {
            inputs += state.deferred_compaction.map_or(0, |(_, summary)| summary);
        }
        ContextEntry::RestartedByToggle => inputs += deltas.start,
    }
    if !entry.keeps_messages() {
        state.drop_prompt();
        state.deferred_compaction = None;
    }
    // What vanished has gone with the messages that were compacted.
    let cut = if state.was_just_compacted { 0 } else { event.cut };
    state.prompt = (state.prompt - cut).max(0) + inputs;
    (state.is_resumed_first_call, state.was_just_compacted) = (false, false);
}
