//! The patches of all chosen interventions, merged by call and by block.

use super::{Deltas, InsertedCall, Patch, Subset};
use crate::recording::Recording;
use std::ops::Range;

/// The patches of all interventions, by call and by block.
pub(super) struct Merged {
    call_drop: Vec<Subset>,
    block_drop: Vec<Subset>,
    /// Sorted: (block, tokens, bit).
    replaced: Vec<(u32, i64, Subset)>,
    /// Sorted: (call, milliseconds, bit).
    saved: Vec<(u32, i64, Subset)>,
    /// Sorted by call, then by content.
    pub(super) inserted: Vec<(Subset, InsertedCall)>,
}

impl Merged {
    pub(super) fn new(recording: &Recording, patches: &[Patch]) -> Self {
        let mut merged = Self {
            call_drop: vec![0; recording.calls.len()],
            block_drop: vec![0; recording.blocks.len()],
            replaced: Vec::new(),
            saved: Vec::new(),
            inserted: Vec::new(),
        };
        for (index, patch) in patches.iter().enumerate() {
            let bit = 1 << index;
            for dropped in &patch.dropped_calls {
                merged.call_drop[dropped.call as usize] |= bit;
                if dropped.frees_time {
                    let ms = time_until_next(recording, dropped.call as usize);
                    merged.saved.push((dropped.call, ms, bit));
                }
            }
            for &block in &patch.dropped_blocks {
                merged.block_drop[block as usize] |= bit;
            }
            let replaced = patch.replaced_blocks.iter();
            merged.replaced.extend(replaced.map(|&(block, tokens)| (block, tokens, bit)));
            merged.saved.extend(patch.saved_ms.iter().map(|&(call, ms)| (call, ms, bit)));
            merged.inserted.extend(patch.inserted.iter().map(|&inserted| (bit, inserted)));
        }
        merged.replaced.sort_unstable();
        merged.saved.sort_unstable();
        // By content, so that the order of the interventions does not matter.
        merged.inserted.sort_by_key(|(_, new)| (new.after, new.input, new.output, new.duration_ms));
        merged
    }

    /// Sizes of a block, in order of precedence: none at all, then the smallest one.
    pub(super) fn sizes(&self, block: usize) -> impl Iterator<Item = (Subset, i64)> {
        let dropped = std::iter::once((self.block_drop[block], 0)).filter(|(bits, _)| *bits != 0);
        let values = slice_of(&self.replaced, block).iter();
        dropped.chain(values.map(|&(_, tokens, bit)| (bit, tokens)))
    }

    /// Time saved after a call, in order of precedence: the longest.
    pub(super) fn saved(&self, call: usize) -> impl Iterator<Item = (Subset, i64)> {
        slice_of(&self.saved, call).iter().rev().map(|&(_, ms, bit)| (bit, ms))
    }

    /// Bits that drop a call, if there are any.
    pub(super) fn dropped(&self, call: usize) -> impl Iterator<Item = (Subset, Deltas)> {
        let dropped = Deltas { dropped: true, ..Deltas::default() };
        std::iter::once((self.call_drop[call], dropped)).filter(|(bits, _)| *bits != 0)
    }

    /// Places in `inserted` of the calls that follow a call.
    pub(super) fn inserted_after(&self, call: usize) -> Range<usize> {
        let from = self.inserted.partition_point(|(_, new)| (new.after as usize) < call);
        let rest = &self.inserted[from..];
        from..from + rest.partition_point(|(_, new)| new.after as usize == call)
    }
}

/// The entries of one call or block.
fn slice_of(sorted: &[(u32, i64, Subset)], key: usize) -> &[(u32, i64, Subset)] {
    let rest = &sorted[sorted.partition_point(|entry| (entry.0 as usize) < key)..];
    &rest[..rest.partition_point(|entry| entry.0 as usize == key)]
}

/// Time from the end of a call to the start of the next one in its session.
pub(super) fn idle_ms(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    (time_until_next(recording, at) - (call.end_ms - call.start_ms)).max(0)
}

/// Time from the start of a call to the start of the next one in its session (or to its own end).
fn time_until_next(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    let end = recording.sessions[call.session as usize].range().end;
    let until = if at + 1 < end { recording.calls[at + 1].start_ms } else { call.end_ms };
    (until - call.start_ms).max(0)
}
