//! What a toggle touches holds and carries: no toggle that only leaves out or shrinks saves more.
//!
//! A call that is not made spares its context and, where what it said is still said, its output
//! once, because that joins one call later. What goes from a block is spared where it enters or is
//! produced, and in every later call that carries it, up to the next start of its context. A
//! compaction that would leave more than what is left of the prompt does not happen: then what
//! stood above the prompt is carried on.

use crate::plan::Patch;
use crate::recording::{ContextRestart, Recording};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The most tokens that patches could spare together, every place sure; `None` where one of them
/// does more than to leave out, to shrink and to add: what restarts, resumes, rules or another
/// model change is not what they touch.
#[must_use]
pub fn tokens_held_and_carried<'a>(
    recording: &Recording,
    patches: impl IntoIterator<Item = &'a Patch>,
) -> Option<i64> {
    let (mut dropped, mut spared) = (BTreeSet::new(), BTreeMap::new());
    for patch in patches {
        let only_shrinks = patch.restarted_calls.is_empty()
            && patch.resumed_sessions.is_empty()
            && patch.remodelled_sessions.is_empty()
            && patch.leaner_sessions.is_empty()
            && patch.session_rules.is_empty();
        if !only_shrinks {
            return None;
        }
        dropped.extend(patch.all_dropped_calls().map(|it| it.call as usize));
        // A block that is dropped is one of which nothing is left.
        let gone = patch.all_dropped_blocks().map(|block| (block, 0));
        let sizes = patch.replaced_blocks.iter().chain(&patch.replaced_if_warm).copied();
        for (block, left) in gone.chain(sizes) {
            // Of several sizes for one block the one that spares most: all places are taken for
            // sure.
            let less = (recording.blocks[block as usize].tokens - left).max(0);
            let most = spared.entry(block as usize).or_insert(0);
            *most = less.max(*most);
        }
    }
    let calls = &recording.calls;
    // A call that is not made spares its whole context and what it produces.
    let of_calls: i64 = dropped
        .iter()
        .map(|&at| calls[at].usage.context_tokens() + calls[at].produced_tokens())
        .sum();
    let sessions = recording.sessions.iter();
    let of_blocks = sessions
        .map(|session| tokens_spared(recording, session.call_range(), (&dropped, &spared)))
        .sum::<i64>();
    Some(of_calls + of_blocks)
}

/// What blocks of less tokens spare in the calls of a session.
fn tokens_spared(
    recording: &Recording,
    calls: Range<usize>,
    (dropped, spared): (&BTreeSet<usize>, &BTreeMap<usize, i64>),
) -> i64 {
    // What dropped calls said and no call has said yet is missing from a prompt, too.
    let (mut sum, mut carried, mut prompt, mut unsaid) = (0, 0, 0, 0);
    // Blocks stand in the order of their calls: one walk over what is spared meets them all.
    let first = recording.calls.get(calls.start).map_or(0, |call| call.block_range().start);
    let mut spared = spared.range(first..).peekable();
    for at in calls {
        let call = &recording.calls[at];
        let context = call.usage.context_tokens();
        match call.restart {
            ContextRestart::No => {}
            // What is left of the prompt may be less than a compaction leaves, and stays then.
            ContextRestart::AutoCompacted => {
                let missing: i64 = carried + unsaid;
                carried = missing.min((context - (prompt - missing)).max(0));
            }
            ContextRestart::Fresh | ContextRestart::ManualCompacted => carried = 0,
        }
        let (mut entered, mut said) = (0, 0);
        let end = call.block_range().end;
        while let Some((block, less)) = spared.next_if(|(block, _)| **block < end) {
            let is_output = recording.blocks[*block].kind.is_output();
            *(if is_output { &mut said } else { &mut entered }) += less;
        }
        carried += entered;
        sum += carried + said;
        carried += said;
        prompt = context + call.produced_tokens();
        unsaid = if dropped.contains(&at) { unsaid + call.produced_tokens() } else { 0 };
    }
    sum
}
