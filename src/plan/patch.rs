//! What one intervention would change: facts about calls and blocks of one recording.

use super::chance::Chance;
use super::dispatch_change::DispatchChange;
use crate::recording::{CacheTier, Recording};

/// What one intervention would change in one recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Places where the intervention applies.
    pub found_places: u32,
    /// Calls that would not be made. Their surviving blocks move to the next call that stays.
    pub dropped_calls: Vec<DroppedCall>,
    /// Blocks that would not exist.
    pub dropped_blocks: Vec<u32>,
    /// Blocks that would have another size: (block, tokens).
    pub replaced_blocks: Vec<(u32, i64)>,
    /// Calls that would find their session warm: what it was told when it started still stands in
    /// its context. By itself this changes nothing.
    pub warmed_calls: Vec<u32>,
    /// Blocks that would have another size where their call is warm, because of this or another
    /// intervention: (block, tokens).
    pub replaced_if_warm: Vec<(u32, i64)>,
    /// Calls after which less time passes: (call, milliseconds).
    pub saved_ms: Vec<(u32, i64)>,
    /// Calls that would be made in addition.
    pub inserted_calls: Vec<InsertedCall>,
    /// Calls whose recorded cache break would not happen, known or not: no break and no shock. A
    /// context that starts over there still finds no more than the recorded break leaves, or the
    /// static prefix.
    pub healed_calls: Vec<u32>,
    /// Calls at which the context would start over, and what it would start with beside the
    /// call's own inputs, the system part included: (call, tokens). The cache breaks to the static
    /// prefix. Where the context starts over as recorded this changes nothing. Of several the
    /// largest counts.
    pub restarted_calls: Vec<(u32, i64)>,
    /// Sessions that would be made in addition.
    pub spawned_sessions: Vec<SpawnedSession>,
    /// Sessions that would go on from the end of another one.
    pub resumed_sessions: Vec<ResumedSession>,
    /// Sessions that would run on another model: (session, model). All calls run on it, so that
    /// a recorded model switch breaks nothing (as [`Self::healed_calls`]). Its price, bands,
    /// smallest cacheable prompt and tokenizer apply; tiers stay. Of several the last in the
    /// alphabet counts.
    pub remodelled_sessions: Vec<(u32, String)>,
    /// Sessions whose system prompt and tools would be smaller: (session, tokens less), at most
    /// the system part that the session starts with; below zero they are larger. The system part
    /// shrinks wherever it enters, both prefixes shrink, and so do the sessions that it would
    /// spawn. Of several the leanest counts.
    pub leaner_sessions: Vec<(u32, i64)>,
    /// Sessions under other rules of cache and compaction.
    pub session_rules: Vec<(u32, SessionRules)>,
    /// Places at which all this happens with a chance alone ([`Patch::add_place`]).
    pub uncertain_places: Vec<(Chance, PatchPlace)>,
    /// What changes about an orchestrator that only totals tell of; `None` where the toggle has
    /// nothing to do with one. It is no call of the recording: a plan has nothing of this.
    pub dispatching: Option<DispatchChange>,
    /// What to tell the reader beside the numbers.
    pub notes: Vec<String>,
}

impl Patch {
    /// Whether it changes nothing of the sessions, whatever it does to an orchestrator beside them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped_calls.is_empty()
            && self.dropped_blocks.is_empty()
            && self.replaced_blocks.is_empty()
            && self.warmed_calls.is_empty()
            && self.replaced_if_warm.is_empty()
            && self.saved_ms.is_empty()
            && self.inserted_calls.is_empty()
            && self.healed_calls.is_empty()
            && self.restarted_calls.is_empty()
            && self.spawned_sessions.is_empty()
            && self.resumed_sessions.is_empty()
            && self.remodelled_sessions.is_empty()
            && self.leaner_sessions.is_empty()
            && self.session_rules.is_empty()
            && self.uncertain_places.is_empty()
    }

    /// The calls that it drops, also those of places that act with a chance.
    pub fn all_dropped_calls(&self) -> impl Iterator<Item = &DroppedCall> {
        let places = self.uncertain_places.iter();
        self.dropped_calls.iter().chain(places.flat_map(|(_, place)| &place.dropped_calls))
    }

    /// The blocks that it drops, likewise.
    pub fn all_dropped_blocks(&self) -> impl Iterator<Item = u32> {
        let places = self.uncertain_places.iter();
        let blocks = self.dropped_blocks.iter();
        blocks.chain(places.flat_map(|(_, place)| &place.dropped_blocks)).copied()
    }

    /// Whether any session may take another time. Blocks, caches and rules move no call: they take
    /// no time in the replay.
    #[must_use]
    pub fn may_move_time(&self) -> bool {
        self.all_dropped_calls().next().is_some()
            || !self.saved_ms.is_empty()
            || !self.inserted_calls.is_empty()
            || !self.resumed_sessions.is_empty()
            || self.uncertain_places.iter().any(|(_, place)| !place.inserted_calls.is_empty())
    }

    /// Drops a call together with all its blocks.
    pub fn drop_call_and_blocks(&mut self, recording: &Recording, call: u32, frees_time: bool) {
        self.dropped_calls.push(DroppedCall { call, frees_time });
        let range = recording.calls[call as usize].block_range();
        self.dropped_blocks.extend(range.map(|block| block as u32));
    }
}

/// What a toggle changes at one place: all of it or nothing. Calls that it does not make are
/// dropped with those of their blocks that stand here; other blocks count by their chance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchPlace {
    /// Calls that would not be made.
    pub dropped_calls: Vec<DroppedCall>,
    /// Blocks that would not exist.
    pub dropped_blocks: Vec<u32>,
    /// Calls that would be made in addition.
    pub inserted_calls: Vec<InsertedCall>,
    /// Sessions that would be made in addition.
    pub spawned_sessions: Vec<SpawnedSession>,
}

impl Patch {
    /// Whether it drops any call with a chance.
    pub(super) fn drops_by_chance(&self) -> bool {
        self.uncertain_places.iter().any(|(_, place)| !place.dropped_calls.is_empty())
    }

    /// Adds a place at which the toggle acts with some chance.
    pub fn add_place(&mut self, chance: Chance, place: PatchPlace) {
        match chance {
            Chance::NEVER => {}
            // What is sure is part of the patch itself: chances alone need a place of their own.
            Chance::SURE => {
                self.dropped_calls.extend(place.dropped_calls);
                self.dropped_blocks.extend(place.dropped_blocks);
                self.inserted_calls.extend(place.inserted_calls);
                self.spawned_sessions.extend(place.spawned_sessions);
            }
            _ => self.uncertain_places.push((chance, place)),
        }
    }

    /// Adds a call that would be made with some chance.
    pub fn insert_call(&mut self, chance: Chance, call: InsertedCall) {
        self.add_place(chance, PatchPlace { inserted_calls: vec![call], ..PatchPlace::default() });
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

/// A session that would be made in addition, e.g. a subagent. It has the model, tier, fresh tokens
/// and prefixes of the call that starts it, and its session's rules, but goes on from no other
/// session. Its first call starts when that call was recorded to end. It is made even if another
/// toggle drops that call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnedSession {
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
/// that stood there, a deferred compaction included, and its first call looks up what the other
/// one left in the cache, as old as it is then. Blocks that would not be said again (its bootstrap)
/// are dropped by the same patch.
///
/// Both are taken to have the same system prompt and tools: the session keeps its own prefixes.
/// What nobody explained about its recorded first call happened to a first call and does not
/// happen. On another model it finds what a first call finds. Time saved before the end of the
/// other session moves it, so that the gap between them stays. Without a call of the other session
/// it starts with what that one's dropped calls leave in the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumedSession {
    /// The session.
    pub session: u32,
    /// The session that it goes on from; it must have been recorded to end before this one starts,
    /// or nothing changes. Of several the last to start counts.
    pub from: u32,
}

/// How cache and context would be run. Of several toggles' rules for one session the longest
/// lifetime, the lowest threshold, the lowest trigger and the most patient warming count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRules {
    /// The tier that everything would be written to, by sessions that write at all.
    pub tier: Option<CacheTier>,
    /// When the context would be compacted.
    pub compaction: Option<CompactionRule>,
    /// When old tool results would be cleared.
    pub clearing: Option<ClearingRule>,
    /// How a wait would be kept warm.
    pub warming: Option<WarmingRule>,
}

impl SessionRules {
    /// Whether they say where a context starts over or is cleared.
    #[must_use]
    pub(crate) fn sets_places(&self) -> bool {
        self.compaction.is_some() || self.clearing.is_some()
    }

    /// Both rules at once.
    #[must_use]
    pub(crate) fn combined_with(self, other: &Self) -> Self {
        Self {
            tier: merge_options(self.tier, other.tier, Ord::max),
            compaction: merge_options(self.compaction, other.compaction, Ord::min),
            clearing: merge_options(self.clearing, other.clearing, Ord::min),
            warming: merge_options(self.warming, other.warming, Ord::max),
        }
    }
}

fn merge_options<T>(a: Option<T>, b: Option<T>, choose: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(choose(a, b)),
        (a, b) => a.or(b),
    }
}

/// Automatic compaction at a threshold: one call that takes in the whole prompt and produces a
/// summary, then the context starts over. It comes before the call that would go on from that
/// prompt, at the same time, on its model, and meets the cache break and the shock due there.
///
/// A recorded automatic compaction then has this threshold too. Where it is reached there, it
/// happens as recorded, its call in no total; where not, it is deferred, and the next time that the
/// threshold is reached it happens in place of a compaction with a call. So a rule pays for the
/// compactions that it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompactionRule {
    /// Prompt from which on it happens, tokens.
    pub threshold: i64,
    /// Tokens that its call produces.
    pub output: i64,
    /// Tokens that the context starts over with beside the static prefix. A prompt that is no
    /// larger than both is not compacted.
    pub left: i64,
}

/// Clearing of old tool results (and reports): what is cleared leaves a stub, and everything behind
/// the first cleared result is written again. It happens before a call that is made and whose
/// context goes on.
///
/// The results that entered with one call are one lump: it stands behind the system part and
/// summary of that call and before its other inputs, and is cleared as a whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClearingRule {
    /// Prompt of the call from which on it happens, tokens.
    pub trigger: i64,
    /// Results that stay, the newest ones; those that enter with the call are the very newest, and
    /// stay in any case.
    pub keep: i64,
    /// Fewer tokens than this, stubs taken off, are not worth it.
    pub at_least: i64,
    /// Tokens that stand for a cleared result.
    pub stub: i64,
}

/// Calls that only read the cache, so that a wait does not outlive it. They bridge a wait between
/// two calls, whatever the second one is, and the wait before a session that goes on from another;
/// they are made on the model of the call before the wait, or of a session's first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WarmingRule {
    /// The most that are made in one wait; a longer wait loses the cache after all.
    pub most: i64,
    /// How long before the end of the lifetime one is made, milliseconds; nothing is made unless
    /// that is within the lifetime.
    pub ahead_ms: i64,
}
