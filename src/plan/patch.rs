//! What one intervention would change: facts about calls and blocks of one recording.

use crate::recording::{Recording, Tier};

/// What one intervention would change in one recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Places where the intervention applies.
    pub found: u32,
    /// Calls that would not be made. Their surviving blocks move to the next call that stays.
    pub dropped_calls: Vec<DroppedCall>,
    /// Blocks that would not exist.
    pub dropped_blocks: Vec<u32>,
    /// Blocks that would have another size: (block, tokens).
    pub replaced_blocks: Vec<(u32, i64)>,
    /// Calls after which less time passes: (call, milliseconds).
    pub saved_ms: Vec<(u32, i64)>,
    /// Calls that would be made in addition.
    pub inserted: Vec<InsertedCall>,
    /// Calls whose recorded cache break would not happen.
    pub healed: Vec<u32>,
    /// Calls at which the context would start over, and what it would start with beside the
    /// call's own inputs: (call, tokens).
    pub restarted: Vec<(u32, i64)>,
    /// Sessions that would be made in addition.
    pub spawned: Vec<Spawned>,
    /// Sessions that would go on from the end of another one.
    pub resumed: Vec<Resumed>,
    /// Sessions that would run on another model: (session, model).
    pub remodelled: Vec<(u32, String)>,
    /// Sessions whose system prompt and tools would be smaller: (session, tokens less).
    pub leaner: Vec<(u32, i64)>,
    /// Sessions under other rules of cache and compaction.
    pub rules: Vec<(u32, Rules)>,
    /// What to tell the reader beside the numbers.
    pub notes: Vec<String>,
}

impl Patch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped_calls.is_empty()
            && self.dropped_blocks.is_empty()
            && self.replaced_blocks.is_empty()
            && self.saved_ms.is_empty()
            && self.inserted.is_empty()
            && self.healed.is_empty()
            && self.restarted.is_empty()
            && self.spawned.is_empty()
            && self.resumed.is_empty()
            && self.remodelled.is_empty()
            && self.leaner.is_empty()
            && self.rules.is_empty()
    }

    /// Drops a call together with all its blocks.
    pub fn drop_call_and_blocks(&mut self, recording: &Recording, call: u32, frees_time: bool) {
        self.dropped_calls.push(DroppedCall { call, frees_time });
        let range = recording.calls[call as usize].range();
        self.dropped_blocks.extend(range.map(|block| block as u32));
    }
}

/// A call that would not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedCall {
    /// The call.
    pub call: u32,
    /// Whether the time until the next call goes with it (false: somebody still waits).
    pub frees_time: bool,
}

/// A call that would be made in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedCall {
    /// The recorded call that it follows.
    pub after: u32,
    /// Tokens that enter its context beside its predecessor's output.
    pub input: i64,
    /// Tokens that it produces.
    pub output: i64,
    /// Time that it takes, milliseconds.
    pub duration_ms: i64,
}

/// A session that would be made in addition, e.g. a subagent. It has the model, tier and prefixes
/// of the session of the call that starts it; its first call starts when that call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The recorded call that starts it.
    pub by: u32,
    /// Its calls; the input of the first one is its whole first context.
    pub calls: Vec<SpawnedCall>,
}

/// A call of a session that would be made in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnedCall {
    /// Tokens that enter its context beside its predecessor's output.
    pub input: i64,
    /// Tokens that it produces.
    pub output: i64,
    /// Time that it takes, milliseconds.
    pub duration_ms: i64,
}

/// A session that would go on from the end of another one: its context starts with everything
/// that stood there. Blocks that would not be said again (its bootstrap) are dropped by the same
/// patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The session.
    pub session: u32,
    /// The session that it goes on from; it must end before this one starts.
    pub from: u32,
}

/// How cache and context would be run. Of several toggles' rules for one session the longest
/// lifetime, the lowest threshold, the lowest trigger and the most patient warming count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The tier that everything would be written to.
    pub tier: Option<Tier>,
    /// When the context would be compacted.
    pub compaction: Option<Compaction>,
    /// When old tool results would be cleared.
    pub clearing: Option<Clearing>,
    /// How a wait would be kept warm.
    pub warming: Option<Warming>,
}

impl Rules {
    /// Both rules at once.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        Self {
            tier: merged(self.tier, other.tier, Ord::max),
            compaction: merged(self.compaction, other.compaction, Ord::min),
            clearing: merged(self.clearing, other.clearing, Ord::min),
            warming: merged(self.warming, other.warming, Ord::max),
        }
    }
}

fn merged<T>(a: Option<T>, b: Option<T>, choose: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(choose(a, b)),
        (a, b) => a.or(b),
    }
}

/// Automatic compaction at a threshold: one call that reads the whole prompt and writes a summary,
/// then the context starts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compaction {
    /// Prompt from which on it happens, tokens.
    pub threshold: i64,
    /// Tokens that its call produces.
    pub output: i64,
    /// Tokens that the context starts over with beside the static prefix.
    pub left: i64,
}

/// Clearing of old tool results: what is cleared leaves a stub, and everything behind the first
/// cleared result is written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clearing {
    /// Prompt from which on it happens, tokens.
    pub trigger: i64,
    /// Results that stay, the newest ones.
    pub keep: i64,
    /// Fewer tokens than this are not worth it.
    pub at_least: i64,
    /// Tokens that stand for a cleared result.
    pub stub: i64,
}

/// Calls that only read the cache, so that a wait does not outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warming {
    /// The most that are made in one wait; a longer wait loses the cache after all.
    pub most: i64,
    /// How long before the end of the lifetime one is made, milliseconds.
    pub ahead_ms: i64,
}
