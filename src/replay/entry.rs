//! How a call enters the context: whether that goes on or starts over, what breaks its cache and
//! what comes in.

use super::made::Onset;
use super::state::State;
use crate::plan::{Deltas, Event, Run, Subset};
use crate::recording::{CacheBreak, Restart, Shock};

/// How a call finds the context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It goes on.
    GoesOn,
    /// It goes on although it was compacted here: the threshold is not reached.
    Deferred,
    /// It starts over, with a summary that was deferred.
    Due,
    /// It starts over because a toggle says so.
    Restarted,
    /// It starts over as recorded.
    Recorded,
}

/// Decides whether the context starts over at a row.
pub(super) fn of(state: &State, run: &Run, event: &Event, subset: Subset) -> Entry {
    let goes_on = || match state.deferred {
        Some((met, _)) if state.prompt >= threshold(run, met) => Entry::Due,
        _ => Entry::GoesOn,
    };
    match event.restart {
        _ if state.opening => goes_on(),
        Restart::No if event.restarted & subset != 0 => Entry::Restarted,
        Restart::No => goes_on(),
        Restart::AutoCompacted if state.prompt < threshold(run, event.threshold) => Entry::Deferred,
        Restart::AutoCompacted | Restart::ManualCompacted | Restart::Fresh => Entry::Recorded,
    }
}

/// What a row does to the context that its call meets.
pub(super) fn onset(state: &State, event: &Event, entry: Entry) -> Onset {
    match entry {
        Entry::GoesOn | Entry::Deferred if state.compacted => Onset::Compacted,
        Entry::GoesOn | Entry::Deferred => Onset::GoesOn,
        Entry::Due => Onset::Compacted,
        Entry::Recorded if event.restart != Restart::Fresh => Onset::Compacted,
        Entry::Recorded | Entry::Restarted => Onset::StartsOver,
    }
}

/// Where a recorded compaction happens: its own threshold, or that of the rule.
fn threshold(run: &Run, recorded: i64) -> i64 {
    run.compact_at.unwrap_or(recorded)
}

/// What breaks the cache at a call, and what the law does not explain there: its own or what was
/// carried to it.
pub(super) fn weather(
    state: &State,
    event: &Event,
    entry: Entry,
    subset: Subset,
) -> (CacheBreak, Shock) {
    let (mut cache_break, mut shock) = (event.cache_break, event.shock);
    if event.healed & subset != 0 || state.compacted {
        // A context that starts over has lost its messages all the same.
        let lost = if entry == Entry::GoesOn { CacheBreak::No } else { CacheBreak::ToStatic };
        (cache_break, shock) = (cache_break.min(lost), Shock::None);
    }
    match entry {
        // What a first call finds says nothing about one that goes on.
        Entry::GoesOn if state.opening => shock = Shock::None,
        Entry::GoesOn | Entry::Recorded => {}
        Entry::Due | Entry::Restarted => {
            (cache_break, shock) = (cache_break.max(CacheBreak::ToStatic), Shock::None);
        }
        Entry::Deferred => {
            // The loss of the messages belongs to the compaction, a model switch does not.
            let stays = cache_break == CacheBreak::ToZero;
            cache_break = if stays { CacheBreak::ToZero } else { CacheBreak::No };
            shock = Shock::None;
        }
    }
    if shock == Shock::None {
        shock = state.carried_shock;
    }
    (cache_break.max(state.carried_break), shock)
}

/// Brings the inputs of a row into the prompt, which may start over before.
pub(super) fn enter(
    state: &mut State,
    (event, entry): (&Event, Entry),
    (mut inputs, deltas): (i64, &Deltas),
) {
    match entry {
        Entry::GoesOn => {}
        Entry::Deferred => {
            let summary = event.restart_inputs + deltas.restart_inputs;
            inputs -= summary;
            state.deferred = Some((event.threshold, summary));
        }
        Entry::Due => {
            inputs += state.deferred.map_or(0, |(_, summary)| summary);
            state.forget();
        }
        Entry::Restarted => {
            inputs += deltas.start;
            state.forget();
        }
        Entry::Recorded => state.forget(),
    }
    // What vanished has gone with the messages that were compacted.
    let cut = if state.compacted { 0 } else { event.cut };
    state.prompt = (state.prompt - cut).max(0) + inputs;
    (state.opening, state.compacted) = (false, false);
}
