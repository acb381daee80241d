//! What the pass carries from row to row of a session.

use super::made::Onset;
use crate::recording::{CacheBreak, Shock, Tier};

/// What the pass carries from row to row of a session.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// The prompt as it stands: context and output of the last call made, and what calls that are
    /// not made have added to it or cut from it since.
    pub(super) prompt: i64,
    /// Prefix that the last call made has cached.
    pub(super) cached: i64,
    /// From when its cache entry ages.
    pub(super) touched_ms: i64,
    /// Outputs left behind by calls that are not made, for the next one that is.
    pub(super) carried_outputs: i64,
    /// Time that has not passed so far.
    pub(super) saved_ms: i64,
    /// When the first call made started.
    pub(super) from_ms: i64,
    /// When the last call made started, and its row.
    pub(super) start_ms: i64,
    pub(super) row: usize,
    /// Whether the next call cannot take the plain road: nothing is cached yet, or on another
    /// tier, or a break or shock waits for it.
    pub(super) unsettled: bool,
    /// Whether a call was made.
    pub(super) made: bool,
    /// Whether there is a cache entry to look up, alive or not.
    pub(super) entered: bool,
    /// Tier that the last call made wrote to, and its price.
    pub(super) tier: Tier,
    pub(super) price: u16,
    pub(super) carried_break: CacheBreak,
    pub(super) carried_shock: Shock,
    /// Whether calls that are not made had the context start over.
    pub(super) onset: Onset,
    /// A compaction that was not needed where it was recorded: (its threshold, its inputs).
    pub(super) deferred: Option<(i64, i64)>,
    /// Whether the context is that of another session which has made a call.
    pub(super) resumed: bool,
    /// Whether the next call is the recorded first one of a session that goes on from another.
    pub(super) opening: bool,
    /// Whether the context was compacted just now, by a call that met what was due to the next.
    pub(super) compacted: bool,
}

pub(super) const OPEN: State = State {
    prompt: 0,
    cached: 0,
    touched_ms: 0,
    carried_outputs: 0,
    saved_ms: 0,
    from_ms: 0,
    start_ms: 0,
    row: 0,
    unsettled: true,
    made: false,
    entered: false,
    tier: Tier::Uncached,
    price: 0,
    carried_break: CacheBreak::No,
    carried_shock: Shock::None,
    onset: Onset::GoesOn,
    deferred: None,
    resumed: false,
    opening: false,
    compacted: false,
};

impl State {
    /// Drops the prompt, not the clock.
    pub(super) fn forget(&mut self) {
        self.prompt = 0;
        self.deferred = None;
    }

    /// The start of a session that goes on from where this one ended.
    pub(super) fn resume(&self) -> Self {
        Self {
            carried_outputs: 0,
            unsettled: true,
            made: false,
            carried_break: CacheBreak::No,
            carried_shock: Shock::None,
            onset: Onset::GoesOn,
            resumed: self.sent(),
            opening: true,
            ..*self
        }
    }

    /// The prompt from which on a deferred compaction is due, unless a rule says otherwise.
    #[inline]
    pub(super) fn due(&self) -> i64 {
        self.deferred.map_or(i64::MAX, |(threshold, _)| threshold)
    }

    /// Whether any of the context was sent.
    pub(super) fn sent(&self) -> bool {
        self.made || self.resumed
    }
}
