//! The patches of all chosen interventions, merged by call and by block.

use super::{Fact, FactKind, InsertedCall, Patch, Subset};
use crate::recording::Recording;

/// The patches of all interventions, by call and by block.
pub(super) struct Merged {
    pub(super) call_drop: Vec<Subset>,
    block_drop: Vec<Subset>,
    /// Sorted by block: (block, bit, tokens).
    replaced: Vec<(u32, Subset, i64)>,
    /// Sorted by call: (call, bit, milliseconds).
    saved: Vec<(u32, Subset, i64)>,
    /// Sorted by call, then by content.
    inserted: Vec<(Subset, InsertedCall)>,
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
                    merged.saved.push((dropped.call, bit, ms));
                }
            }
            for &block in &patch.dropped_blocks {
                merged.block_drop[block as usize] |= bit;
            }
            let replaced = patch.replaced_blocks.iter();
            merged.replaced.extend(replaced.map(|&(block, tokens)| (block, bit, tokens)));
            merged.saved.extend(patch.saved_ms.iter().map(|&(call, ms)| (call, bit, ms)));
            merged.inserted.extend(patch.inserted.iter().map(|&inserted| (bit, inserted)));
        }
        merged.replaced.sort_unstable();
        merged.saved.sort_unstable();
        // By content, so that the order of the interventions does not matter.
        merged.inserted.sort_by_key(|(_, new)| (new.after, new.input, new.output, new.duration_ms));
        merged
    }

    pub(super) fn block_fact(&self, block: usize, kind: FactKind, base: i64) -> Option<Fact> {
        let values = slice_of(&self.replaced, block);
        let drop = self.block_drop[block];
        (drop != 0 || !values.is_empty()).then_some(Fact { kind, base, drop, values })
    }

    pub(super) fn time_fact(&self, call: usize) -> Option<Fact> {
        let values = slice_of(&self.saved, call);
        (!values.is_empty()).then_some(Fact { kind: FactKind::SavedMs, base: 0, drop: 0, values })
    }

    /// The part of the saved time that still passes before a call inserted after `call` starts:
    /// saved time comes off the idle time after the call first, then off the call itself.
    pub(super) fn late_fact(&self, call: usize, idle_ms: i64) -> Option<Fact> {
        let fact = self.time_fact(call)?;
        let values = fact.values.iter().map(|&(bit, saved_ms)| (bit, saved_ms.min(idle_ms)));
        Some(Fact { kind: FactKind::LaterMs, values: values.collect(), ..fact })
    }

    pub(super) fn inserted_after(&self, call: usize) -> &[(Subset, InsertedCall)] {
        let from = self.inserted.partition_point(|(_, new)| (new.after as usize) < call);
        let to = self.inserted.partition_point(|(_, new)| new.after as usize <= call);
        &self.inserted[from..to]
    }
}

fn slice_of(sorted: &[(u32, Subset, i64)], key: usize) -> Vec<(Subset, i64)> {
    let from = sorted.partition_point(|entry| (entry.0 as usize) < key);
    let rest = sorted[from..].iter().take_while(|entry| entry.0 as usize == key);
    rest.map(|&(_, bit, value)| (bit, value)).collect()
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
