//! What the pass carries from row to row of a session.

use super::call_tokens::ContextOnset;
use super::cycle::{CycleTally, Settlement};
use crate::recording::{CacheBreak, CacheTier, Shock};

/// What the pass carries from row to row of a session.
#[derive(Clone, Copy)]
pub(super) struct SessionState {
    /// The prompt as it stands: context and output of the last call made, and what calls that are
    /// not made have added to it or cut from it since.
    pub(super) prompt: i64,
    /// What a mean of several ways has beyond its whole tokens, in 1/65,536.
    pub(super) prompt_parts: i64,
    /// Prefix that the last call made has cached.
    pub(super) cached: i64,
    /// Its answer, which a side request caches behind that.
    pub(super) answer: i64,
    /// From when its cache entry ages.
    pub(super) touched_ms: i64,
    /// Outputs left behind by calls that are not made, for the next one that is.
    pub(super) carried_outputs: i64,
    /// Time that has not passed so far.
    pub(super) saved_ms: i64,
    /// When the first call made started.
    pub(super) first_start_ms: i64,
    /// When the last call made started, and its row.
    pub(super) start_ms: i64,
    pub(super) row: usize,
    /// Whether the next call cannot take the plain road: nothing is cached yet, or on another
    /// tier, or a break or shock waits for it.
    pub(super) is_unsettled: bool,
    /// Whether a call was made.
    pub(super) has_made_call: bool,
    /// Whether there is a cache entry to look up, alive or not.
    pub(super) has_cache_entry: bool,
    /// Tier that the last call made wrote to, and its price.
    pub(super) tier: CacheTier,
    pub(super) price: u16,
    pub(super) carried_break: CacheBreak,
    pub(super) carried_shock: Shock,
    /// Whether calls that are not made had the context start over.
    pub(super) onset: ContextOnset,
    /// A compaction that was not needed where it was recorded: (its threshold, its inputs).
    pub(super) deferred_compaction: Option<(i64, i64)>,
    /// Whether the context is that of another session which has made a call.
    pub(super) resumes_sent_context: bool,
    /// Whether the next call is the recorded first one of a session that goes on from another.
    pub(super) is_resumed_first_call: bool,
    /// Whether the context was compacted just now, by a call that met what was due to the next.
    pub(super) was_just_compacted: bool,
    /// The calls since the context started over.
    pub(super) cycle: CycleTally,
    /// What the next call has to tell of compactions before it.
    pub(super) settlement: Settlement,
    /// Whether the schedule has compacted or cleared the context before a call that is not made:
    /// the next one that is comes after it.
    pub(super) awaits_compaction: bool,
    pub(super) awaits_clearing: bool,
}

pub(super) const INITIAL_STATE: SessionState = SessionState {
    prompt: 0,
    prompt_parts: 0,
    cached: 0,
    answer: 0,
    touched_ms: 0,
    carried_outputs: 0,
    saved_ms: 0,
    first_start_ms: 0,
    start_ms: 0,
    row: 0,
    is_unsettled: true,
    has_made_call: false,
    has_cache_entry: false,
    tier: CacheTier::Uncached,
    price: 0,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    onset: ContextOnset::GoesOn,
    deferred_compaction: None,
    resumes_sent_context: false,
    is_resumed_first_call: false,
    was_just_compacted: false,
    cycle: CycleTally::starting_at(0),
    settlement: Settlement::NOTHING,
    awaits_compaction: false,
    awaits_clearing: false,
};

impl SessionState {
    /// Drops the prompt, not the clock, and not a compaction that was put off: one by a rule takes
    /// no place of another.
    pub(super) fn drop_prompt(&mut self) {
        (self.prompt, self.prompt_parts) = (0, 0);
        (self.awaits_compaction, self.awaits_clearing) = (false, false);
    }

    /// The start of a session that goes on from where this one ended.
    pub(super) fn resumed_state(&self) -> Self {
        Self {
            carried_outputs: 0,
            is_unsettled: true,
            has_made_call: false,
            carried_break: CacheBreak::No,
            carried_shock: Shock::None,
            onset: ContextOnset::GoesOn,
            // Asked of the old session: the copy has not made a call of its own.
            resumes_sent_context: self.was_sent(),
            is_resumed_first_call: true,
            settlement: Settlement::NOTHING,
            ..*self
        }
    }

    /// Whether anything waits for the next row: what the schedule has decided, the first prompt of
    /// a cycle, or what a mean of several ways has left over that the likeliest of them has not.
    pub(super) fn awaits_row(&self) -> bool {
        self.is_unsettled
            || self.awaits_compaction
            || self.awaits_clearing
            || self.cycle.is_new()
            || self.answer != 0
            || self.settlement != Settlement::NOTHING
    }

    /// Whether a call on a tier only has to look up what the call before it left.
    #[inline]
    pub(super) fn goes_on_plainly(&self, tier: CacheTier) -> bool {
        !self.awaits_row() && self.tier == tier && self.deferred_compaction.is_none()
    }

    /// Whether any of the context was sent.
    pub(super) fn was_sent(&self) -> bool {
        self.has_made_call || self.resumes_sent_context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mean_of_ways_leaves_over_waits_for_the_next_row() {
        let mut cycle = CycleTally::starting_at(0);
        assert!(SessionState { is_unsettled: false, cycle, ..INITIAL_STATE }.awaits_row());
        cycle.meet_prompt(1_000);
        let settled = SessionState { is_unsettled: false, cycle, ..INITIAL_STATE };
        assert!(!settled.awaits_row());
        // The likeliest way has nothing to tell; another one has, by its chance.
        let mut settlement = Settlement::NOTHING;
        *settlement.amounts()[1] = 7;
        assert!(SessionState { settlement, ..settled }.awaits_row());
        assert!(SessionState { answer: 7, ..settled }.awaits_row());
    }
}
