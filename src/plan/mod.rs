//! From patches to a plan: the columns that the pass reads.
//!
//! An intervention says what it would change as a [`Patch`]: facts about calls and blocks of one
//! recording. [`Plan::compile`] merges the patches of all chosen interventions, one bit each, into
//! rows. Any subset of the bits is then one linear pass over the rows, with no re-planning.
//!
//! What the pass reads of most calls is one [`Row`], a cache line. What calls in a row share is
//! said once, in their [`Run`]; what a subset may change is a list of [`Term`]s; whatever else may
//! happen at a call is an [`Event`]. All four are flat arrays.

mod compile;
mod merged;
mod patch;
mod term;

pub use compile::TRIGGERS;
pub use patch::{DroppedCall, InsertedCall, Patch};
pub use term::{Deltas, Term};

use crate::ids::NONE;
use crate::price::PriceRow;
use crate::recording::{CacheBreak, Restart, Shock, Tier};
use std::ops::Range;

/// A set of interventions, one bit each, in the order given to [`Plan::compile`].
pub type Subset = u64;

/// The most interventions one plan can hold.
pub const MAX_TOGGLES: usize = 64;

/// One call as the pass sees it: 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Bits that change its amounts or drop it.
    pub touched_by: Subset,
    /// Tokens of its inputs with every bit off.
    pub inputs: i64,
    /// Tokens of its outputs with every bit off.
    pub outputs: i64,
    /// The most output that its usage shows; what it produces beyond that is hidden.
    pub shown: i64,
    /// Fresh tokens as recorded; no limit for a call that writes no cache.
    pub fresh: i64,
    /// When it started.
    pub start_ms: i64,
    /// From its start to the moment from which its cache entry ages.
    pub touched_after_ms: i64,
    /// First of its terms in [`Plan::terms`], if a bit touches it.
    pub first_term: u32,
    /// Its place in [`Plan::events`]; [`NONE`] for a call like most.
    pub event: u32,
}

/// What may happen at a call beside going on from the call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Bits that create the call; 0 for a recorded one.
    pub insert: Subset,
    /// Tokens written to the tier that is not the call's own, as recorded.
    pub off_tier: i64,
    /// Context that vanished before it.
    pub cut: i64,
    /// For an automatic compaction: context from which on the harness compacts.
    pub threshold: i64,
    /// For an automatic compaction: its inputs that exist only because of it, every bit off.
    pub restart_inputs: i64,
    /// What the law does not explain.
    pub shock: Shock,
    /// Whether the context starts over.
    pub restart: Restart,
    /// A known event that breaks the cache.
    pub cache_break: CacheBreak,
}

impl Event {
    /// Nothing happens.
    pub const NOTHING: Self = Self {
        insert: 0,
        off_tier: 0,
        cut: 0,
        threshold: 0,
        restart_inputs: 0,
        shock: Shock::None,
        restart: Restart::No,
        cache_break: CacheBreak::No,
    };
}

/// Rows of one session, one after the other, that share everything here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// First of its rows.
    pub first_row: u32,
    /// How many rows it has.
    pub rows: u32,
    /// Whether it is the first run of its session.
    pub opens: bool,
    /// Tier that its calls write to.
    pub tier: Tier,
    /// Index of its price in [`Plan::prices`].
    pub price: u16,
    /// Contexts below this size are not cached: the model's minimum, or 0 for calls that were
    /// recorded to cache less than that and for calls that write no cache.
    pub min_cached: i64,
    /// Contexts above this size are priced in the long band.
    pub long_above: i64,
    /// The session's static prefix.
    pub static_prefix: i64,
    /// The session's warm prefix.
    pub warm_prefix: i64,
}

impl Run {
    /// The indexes of its rows.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let first = self.first_row as usize;
        first..first + self.rows as usize
    }
}

/// A recording and patches, ready for the pass.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What rows share, in their order.
    pub runs: Vec<Run>,
    /// Rows in order, session by session.
    pub rows: Vec<Row>,
    /// What a subset changes, row by row.
    pub terms: Vec<Term>,
    /// What may happen at single calls, row by row.
    pub events: Vec<Event>,
    /// How long the call of each row takes.
    pub duration_ms: Vec<i64>,
    /// Index of the recorded call of each row, or of the call that an inserted one follows.
    pub call_of: Vec<u32>,
    /// The prices that the runs refer to.
    pub prices: Vec<PriceRow>,
}

impl Plan {
    /// What may happen at the call of a row.
    #[inline]
    #[must_use]
    pub fn event(&self, row: &Row) -> &Event {
        debug_assert!(row.event == NONE || (row.event as usize) < self.events.len());
        self.events.get(row.event as usize).unwrap_or(&Event::NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_cache_line() {
        assert_eq!(size_of::<Row>(), 64);
    }
}
