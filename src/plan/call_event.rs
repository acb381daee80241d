//! What may happen at a call beside going on from the call before.

use super::{Chance, ToggleSubset};
use crate::cache::entry_lifetime::EntryLifetime;
use crate::recording::{CacheBreak, CacheTier, ContextRestart, Shock};

/// What may happen at a call beside going on from the call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEvent {
    /// Bits that create the call; 0 for a recorded one.
    pub inserted_by: ToggleSubset,
    /// Tokens written to the tier that is not the call's own, as recorded.
    pub off_tier: i64,
    /// Context that vanished before it.
    pub cut: i64,
    /// A side request caches its answer.
    pub caches_answer: bool,
    /// For an automatic compaction: context from which on the harness compacts.
    pub threshold: i64,
    /// Of its inputs, every bit off: the system part and a summary. Where an automatic compaction
    /// is deferred, they do not enter.
    pub restart_inputs: i64,
    /// What the law does not explain.
    pub shock: Shock,
    /// For a look into an automatic cache: its luck, which then stands for law and shock.
    pub luck: Option<EntryLifetime>,
    /// Whether that luck is all there is: the call goes on from the call before.
    pub is_only_luck: bool,
    /// Whether the context starts over.
    pub restart: ContextRestart,
    /// A known event that breaks the cache.
    pub cache_break: CacheBreak,
    /// Bits under which that event does not happen.
    pub healed_by: ToggleSubset,
    /// Bits under which the context starts over here.
    pub restarted_by: ToggleSubset,
    /// Of a call in addition: how likely it is made.
    pub chance: Chance,
    /// Of a call in addition: it stands in a session of its own, which is made or not as a whole.
    pub is_spawned: bool,
    /// Bits under which the call is not made with some chance.
    pub perhaps_dropped_by: ToggleSubset,
    /// First of these chances in [`super::Plan::uncertain_drops`], if there are any.
    pub first_uncertain: u32,
}

/// A toggle that drops a call with some chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UncertainDrop {
    /// Its bit.
    pub bit: ToggleSubset,
    /// A bit of no toggle: terms count under it where the call is dropped.
    pub happened: ToggleSubset,
    /// How likely.
    pub chance: Chance,
    /// Whether it is the last one of its call.
    pub last: bool,
}

impl CallEvent {
    /// Nothing happens.
    pub(crate) const NOTHING: Self = Self {
        inserted_by: 0,
        off_tier: 0,
        cut: 0,
        caches_answer: false,
        threshold: 0,
        restart_inputs: 0,
        shock: Shock::None,
        luck: None,
        is_only_luck: false,
        restart: ContextRestart::No,
        cache_break: CacheBreak::No,
        healed_by: 0,
        restarted_by: 0,
        chance: Chance::SURE,
        is_spawned: false,
        perhaps_dropped_by: 0,
        first_uncertain: 0,
    };

    /// The same, which says of itself whether it is nothing but a look with some luck. What the law
    /// does not explain stands behind the luck.
    #[must_use]
    pub(crate) fn told_apart(self) -> Self {
        let Self { shock, luck, .. } = self;
        let is_only_luck = luck.is_some() && self == Self { shock, luck, ..Self::NOTHING };
        Self { is_only_luck, ..self }
    }

    /// Its luck, where nothing else happens and the run looks up an automatic cache.
    #[inline]
    pub(crate) fn only_luck(&self, tier: CacheTier) -> Option<&EntryLifetime> {
        self.luck.as_ref().filter(|_| self.is_only_luck && tier == CacheTier::Automatic)
    }

    /// Bits under which the call is something else.
    #[must_use]
    pub(crate) fn touching_bits(&self) -> ToggleSubset {
        self.inserted_by | self.healed_by | self.restarted_by | self.perhaps_dropped_by
    }

    /// Whether nothing happens but that a toggle makes the call, if one does.
    #[must_use]
    pub(crate) fn is_only_inserted(&self) -> bool {
        let Self { inserted_by, is_spawned, .. } = *self;
        *self == Self { inserted_by, is_spawned, ..Self::NOTHING }
    }
}
