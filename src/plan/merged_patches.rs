//! The patches of all chosen interventions, merged by call and by block.

use super::delta_terms::ConditionalChoice;
use super::{Chance, InsertedCall, Patch, PatchPlace, RowDeltas, ToggleSubset, UncertainDrop};
use crate::recording::{BlockKind, Recording};

/// A call or a block, a value, and the bit that gives it.
type PatchedValue = (u32, i64, ToggleSubset);

/// The patches of all interventions, by call and by block.
pub(super) struct MergedPatches {
    /// Sorted: (call, bits that drop it).
    dropped_calls: Vec<(u32, ToggleSubset)>,
    /// Sorted: (block, bits that drop it).
    dropped_blocks: Vec<(u32, ToggleSubset)>,
    /// Sorted: (block, tokens, bit).
    replaced: Vec<PatchedValue>,
    /// Sorted: (block, tokens, bit), and the bits of which one must be on too.
    if_warm: Vec<(PatchedValue, ToggleSubset)>,
    /// Sorted: (call, milliseconds, bit).
    saved: Vec<PatchedValue>,
    /// Sorted by call, then by content.
    inserted: Vec<(ToggleSubset, Chance, InsertedCall)>,
    /// Sorted: (call, bit).
    healed: Vec<(u32, ToggleSubset)>,
    /// Sorted: (call, tokens, bit).
    restarted: Vec<PatchedValue>,
    /// Sorted by call.
    uncertain: Vec<(u32, UncertainDrop)>,
    /// Bits that stand for a place of a toggle, with the toggle's bit.
    happened: Vec<(ToggleSubset, ToggleSubset)>,
}

impl MergedPatches {
    pub(super) fn new(recording: &Recording, patches: &[Patch]) -> Self {
        let mut merged = Self {
            dropped_calls: Vec::new(),
            dropped_blocks: Vec::new(),
            replaced: Vec::new(),
            if_warm: Vec::new(),
            saved: Vec::new(),
            inserted: Vec::new(),
            healed: Vec::new(),
            restarted: Vec::new(),
            uncertain: Vec::new(),
            happened: Vec::new(),
        };
        for (index, patch) in patches.iter().enumerate() {
            let bit = 1 << index;
            for dropped in &patch.dropped_calls {
                merged.dropped_calls.push((dropped.call, bit));
                // Where nobody waits, the time up to the next call goes with the call.
                if dropped.frees_time {
                    let ms = ms_until_next_start(recording, dropped.call as usize);
                    merged.saved.push((dropped.call, ms, bit));
                }
            }
            merged.dropped_blocks.extend(patch.dropped_blocks.iter().map(|&block| (block, bit)));
            let replaced = patch.replaced_blocks.iter();
            merged.replaced.extend(replaced.map(|&(block, tokens)| (block, tokens, bit)));
            merged.saved.extend(patch.saved_ms.iter().map(|&(call, ms)| (call, ms, bit)));
            let inserted = patch.inserted_calls.iter();
            merged.inserted.extend(inserted.map(|&new| (bit, Chance::SURE, new)));
            for (chance, place) in &patch.uncertain_places {
                merged.add_uncertain_place(recording, place, (bit, *chance));
            }
            merged.healed.extend(patch.healed_calls.iter().map(|&call| (call, bit)));
            let restarted = patch.restarted_calls.iter();
            merged.restarted.extend(restarted.map(|&(call, tokens)| (call, tokens, bit)));
            for &(session, less) in &patch.leaner_sessions {
                // A leaner prefix is a smaller size of system blocks; as such it competes with
                // other sizes of the same block, and the smallest counts.
                merged.shrink_system_part(recording, session, (less, bit));
            }
        }
        // Sorted by place first, so that a cursor meets them in order, and then by value, so that
        // what takes precedence is at one end.
        merged.if_warm = sizes_needing_warmth(recording, patches);
        unite_bits(&mut merged.dropped_calls);
        unite_bits(&mut merged.dropped_blocks);
        merged.healed.sort_unstable();
        merged.restarted.sort_unstable();
        merged.replaced.sort_unstable();
        merged.saved.sort_unstable();
        // By content, so that the order of the interventions does not matter.
        merged.inserted.sort_by_key(|(_, chance, new)| {
            (new.after, new.input, new.output, new.duration_ms, *chance)
        });
        merged.close_uncertain_drops();
        merged
    }

    /// Adds a place at which a toggle acts with some chance.
    fn add_uncertain_place(
        &mut self,
        recording: &Recording,
        place: &PatchPlace,
        (bit, chance): (ToggleSubset, Chance),
    ) {
        // A call that is inserted with a chance carries it; one that is dropped hangs on a bit of
        // its own.
        self.inserted.extend(place.inserted_calls.iter().map(|&new| (bit, chance, new)));
        let happened = if place.dropped_calls.is_empty() { 0 } else { self.happened_bit(bit) };
        for dropped in &place.dropped_calls {
            self.dropped_calls.push((dropped.call, happened));
            let drop = UncertainDrop { bit, happened, chance, last: false };
            self.uncertain.push((dropped.call, drop));
            if dropped.frees_time {
                let ms = ms_until_next_start(recording, dropped.call as usize);
                self.saved.push((dropped.call, ms, happened));
            }
        }
        for &index in &place.dropped_blocks {
            let block = &recording.blocks[index as usize];
            // A block goes with its call, or counts by its chance where its call stays.
            if place.dropped_calls.iter().any(|dropped| dropped.call == block.call) {
                self.dropped_blocks.push((index, happened));
            } else {
                let gone = chance.of_amount(block.tokens);
                self.replaced.push((index, block.tokens - gone, bit));
            }
        }
    }

    /// The bit that stands for the places of a toggle: from the highest down, above all toggles.
    fn happened_bit(&mut self, bit: ToggleSubset) -> ToggleSubset {
        if let Some((happened, _)) = self.happened.iter().find(|(_, of)| *of == bit) {
            return *happened;
        }
        let happened = (1 << (ToggleSubset::BITS - 1)) >> self.happened.len();
        self.happened.push((happened, bit));
        happened
    }

    /// Sorts the chances of each call; a toggle that names a call twice drops it by the larger one.
    fn close_uncertain_drops(&mut self) {
        self.uncertain
            .sort_by_key(|(call, drop)| (*call, drop.bit, std::cmp::Reverse(drop.chance)));
        self.uncertain.dedup_by_key(|(call, drop)| (*call, drop.bit));
        // The pass reads the drops of one call up to the one that is marked as the last.
        for at in 0..self.uncertain.len() {
            let next = self.uncertain.get(at + 1).map(|(call, _)| *call);
            self.uncertain[at].1.last = next != Some(self.uncertain[at].0);
        }
    }

    /// Bits of toggles, for bits of toggles and of their places.
    pub(super) fn toggle_bits(&self, bits: ToggleSubset) -> ToggleSubset {
        self.happened.iter().fold(bits, |bits, (happened, bit)| {
            if bits & happened == 0 { bits } else { bits & !happened | bit }
        })
    }

    /// Makes the system part smaller wherever it enters a session, or larger.
    fn shrink_system_part(
        &mut self,
        recording: &Recording,
        session: u32,
        (less, bit): (i64, ToggleSubset),
    ) {
        // A system part may be several blocks, and may enter again after a restart. Each time the
        // same total comes off it, from its first blocks on.
        let most = less.min(system_part_tokens(recording, session));
        for at in recording.sessions[session as usize].call_range() {
            let mut less = most;
            for index in recording.calls[at].block_range() {
                let block = &recording.blocks[index];
                if block.kind == BlockKind::System {
                    let gone = less.min(block.tokens);
                    self.replaced.push((index as u32, block.tokens - gone, bit));
                    less -= gone;
                }
            }
        }
    }
}

/// Sorts bits by call or block, those of one together.
fn unite_bits(bits: &mut Vec<(u32, ToggleSubset)>) {
    bits.sort_unstable();
    bits.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        kept.1 |= if is_same { later.1 } else { 0 };
        is_same
    });
}

/// Sizes that need more than their own bit, in order.
fn sizes_needing_warmth(
    recording: &Recording,
    patches: &[Patch],
) -> Vec<(PatchedValue, ToggleSubset)> {
    // All warm calls of all patches first: a size of one toggle may hang on the warmth that another
    // toggle gives.
    let mut warmed: Vec<(u32, ToggleSubset)> = Vec::new();
    for (index, patch) in patches.iter().enumerate() {
        warmed.extend(patch.warmed_calls.iter().map(|&call| (call, 1 << index)));
    }
    warmed.sort_unstable();
    let mut sizes = Vec::new();
    for (index, patch) in patches.iter().enumerate() {
        for &(block, tokens) in &patch.replaced_if_warm {
            // Warmth is a fact about a call, a size one about a block: they meet at the block's
            // call.
            let call = recording.blocks[block as usize].call;
            let mut rest = skip_before(&warmed, |(warm, _)| *warm < call);
            let bits = take_matching(&mut rest, |(warm, _)| *warm == call);
            let bits = bits.iter().fold(0, |all, (_, bit)| all | bit);
            // Where no toggle makes the call warm, the size never counts.
            if bits != 0 {
                sizes.push(((block, tokens, 1 << index), bits));
            }
        }
    }
    sizes.sort_unstable();
    sizes
}

/// Sizes in order of precedence, those that need more than their own bit among the others.
pub(super) fn order_by_size(
    sizes: impl Iterator<Item = (ToggleSubset, i64)>,
    if_warm: &[(PatchedValue, ToggleSubset)],
) -> Vec<ConditionalChoice<i64>> {
    let mut all: Vec<ConditionalChoice<i64>> =
        sizes.map(|(bits, tokens)| (bits, None, tokens)).collect();
    all.extend(if_warm.iter().map(|&((_, tokens, bit), warm)| {
        // What makes its own calls warm needs no other.
        (bit, (warm & bit == 0).then_some(warm), tokens)
    }));
    // The smallest size counts; the sort is stable, so that of equal sizes the one without a
    // condition stands first.
    all.sort_by_key(|&(_, _, tokens)| tokens);
    all
}

/// What is merged, met in the order of the calls and blocks of a session.
pub(super) struct PatchCursor<'a> {
    dropped_calls: &'a [(u32, ToggleSubset)],
    dropped_blocks: &'a [(u32, ToggleSubset)],
    replaced: &'a [PatchedValue],
    if_warm: &'a [(PatchedValue, ToggleSubset)],
    saved: &'a [PatchedValue],
    inserted: &'a [(ToggleSubset, Chance, InsertedCall)],
    healed: &'a [(u32, ToggleSubset)],
    restarted: &'a [PatchedValue],
    uncertain: &'a [(u32, UncertainDrop)],
}

impl<'a> PatchCursor<'a> {
    /// From a call and a block on.
    // All lists are sorted by call or block, so that each is cut by a binary search.
    pub(super) fn starting_at(merged: &'a MergedPatches, call: usize, block: usize) -> Self {
        let MergedPatches { dropped_calls, dropped_blocks, replaced, if_warm, .. } = merged;
        let MergedPatches { saved, inserted, healed, restarted, uncertain, .. } = merged;
        Self {
            dropped_calls: skip_before(dropped_calls, |entry| (entry.0 as usize) < call),
            dropped_blocks: skip_before(dropped_blocks, |entry| (entry.0 as usize) < block),
            replaced: skip_before(replaced, |entry| (entry.0 as usize) < block),
            if_warm: skip_before(if_warm, |(entry, _)| (entry.0 as usize) < block),
            saved: skip_before(saved, |entry| (entry.0 as usize) < call),
            inserted: skip_before(inserted, |(_, _, new)| (new.after as usize) < call),
            healed: skip_before(healed, |entry| (entry.0 as usize) < call),
            restarted: skip_before(restarted, |entry| (entry.0 as usize) < call),
            uncertain: skip_before(uncertain, |entry| (entry.0 as usize) < call),
        }
    }

    /// Whether no patch changes a block from the next one up to `end`.
    pub(super) fn leaves_blocks_before(&self, end: usize) -> bool {
        // The lists are sorted: their first entries tell.
        let dropped = self.dropped_blocks.first().map(|entry| entry.0);
        let replaced = self.replaced.first().map(|entry| entry.0);
        let if_warm = self.if_warm.first().map(|(entry, _)| entry.0);
        [dropped, replaced, if_warm].into_iter().flatten().all(|block| block as usize >= end)
    }

    /// Sizes of the next block, in order of precedence: none at all, then the smallest one.
    pub(super) fn block_sizes(
        &mut self,
        block: usize,
    ) -> impl Iterator<Item = (ToggleSubset, i64)> + 'a {
        // A dropped block is one of size 0, which no other size can be better than.
        let dropped = take_matching(&mut self.dropped_blocks, |entry| entry.0 as usize == block);
        let values = take_matching(&mut self.replaced, |entry| entry.0 as usize == block);
        let dropped = dropped.iter().map(|&(_, bits)| (bits, 0));
        dropped.chain(values.iter().map(|&(_, tokens, bit)| (bit, tokens)))
    }

    /// Sizes that the next block has where its call is warm.
    pub(super) fn block_sizes_if_warm(
        &mut self,
        block: usize,
    ) -> &'a [(PatchedValue, ToggleSubset)] {
        take_matching(&mut self.if_warm, |(entry, _)| entry.0 as usize == block)
    }

    /// Bits that drop the next call, if there are any.
    pub(super) fn dropping_bits(
        &mut self,
        call: usize,
    ) -> impl Iterator<Item = (ToggleSubset, RowDeltas)> + 'a {
        let entries = take_matching(&mut self.dropped_calls, |entry| entry.0 as usize == call);
        let dropped = RowDeltas { dropped: true, ..RowDeltas::default() };
        entries.iter().map(move |&(_, bits)| (bits, dropped))
    }

    /// Time saved after the next call, in order of precedence: the longest.
    pub(super) fn saved_ms_choices(
        &mut self,
        call: usize,
    ) -> impl Iterator<Item = (ToggleSubset, i64)> + Clone + 'a {
        let values = take_matching(&mut self.saved, |entry| entry.0 as usize == call);
        values.iter().rev().map(|&(_, ms, bit)| (bit, ms))
    }

    /// The calls that follow the next call.
    pub(super) fn inserted_calls(
        &mut self,
        call: usize,
    ) -> &'a [(ToggleSubset, Chance, InsertedCall)] {
        take_matching(&mut self.inserted, |(_, _, new)| new.after as usize == call)
    }

    /// Toggles that drop the next call with some chance.
    pub(super) fn uncertain_drops(&mut self, call: usize) -> &'a [(u32, UncertainDrop)] {
        take_matching(&mut self.uncertain, |entry| entry.0 as usize == call)
    }

    /// Bits under which the cache break of the next call does not happen.
    pub(super) fn healing_bits(&mut self, call: usize) -> ToggleSubset {
        let bits = take_matching(&mut self.healed, |entry| entry.0 as usize == call);
        bits.iter().fold(0, |all, (_, bit)| all | bit)
    }

    /// What the context would start over with at the next call, in order of precedence: the
    /// largest start.
    pub(super) fn restart_size_choices(
        &mut self,
        call: usize,
    ) -> impl Iterator<Item = (ToggleSubset, i64)> + Clone + 'a {
        let entries = take_matching(&mut self.restarted, |entry| entry.0 as usize == call);
        entries.iter().rev().map(|&(_, tokens, bit)| (bit, tokens))
    }
}

/// The system part that a session starts with, tokens.
pub(super) fn system_part_tokens(recording: &Recording, session: u32) -> i64 {
    let Some(first) = recording.sessions[session as usize].call_range().next() else { return 0 };
    let blocks = recording.blocks_of_call(first).iter();
    blocks.filter(|block| block.kind == BlockKind::System).map(|block| block.tokens).sum()
}

/// Leaves out what is sorted before.
fn skip_before<T>(all: &[T], before: impl Fn(&T) -> bool) -> &[T] {
    &all[all.partition_point(before)..]
}

/// Takes the entries off the start that belong to one call or block: there are few.
fn take_matching<'a, T>(rest: &mut &'a [T], belongs: impl Fn(&T) -> bool) -> &'a [T] {
    let count = rest.iter().take_while(|entry| belongs(entry)).count();
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

/// Time from the end of a call to the start of the next one in its session.
pub(super) fn idle_ms_after_call(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    (ms_until_next_start(recording, at) - (call.end_ms - call.start_ms)).max(0)
}

/// Time from the start of a call to the start of the next one in its session (or to its own end).
fn ms_until_next_start(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    let end = recording.sessions[call.session as usize].call_range().end;
    let until = if at + 1 < end { recording.calls[at + 1].start_ms } else { call.end_ms };
    (until - call.start_ms).max(0)
}
