//! From patches to a plan: the columns that the pass reads.
//!
//! An intervention says what it would change as a [`Patch`]: facts about calls and blocks of one
//! recording. [`Plan::compile`] merges the patches of all chosen interventions, one bit each, into
//! rows. Any subset of the bits is then one linear pass over the rows, with no re-planning.
//!
//! What the pass reads of most calls is one [`PlanRow`], a cache line. What calls in a row share is
//! said once, in their [`PlanRun`]; what a subset may change is a list of [`DeltaTerm`]s; whatever
//! else may happen at a call is a [`CallEvent`]. All four are flat arrays.
//!
//! Sessions do not know of each other, but where one may go on from another. Those that hang
//! together are an [`Island`]: what a subset does to one island depends on the bits that touch it
//! and on nothing else, so that sums over all subsets are sums over islands.

mod alike_islands;
mod call_event;
mod chance;
mod compile;
mod delta_terms;
mod dispatch_change;
mod islands;
mod merged_patches;
mod patch;
mod placing_bits;
mod rows;
mod run_variants;
mod session_facts;
mod touched_sessions;

pub(crate) use crate::models::TRIGGERS;
pub use call_event::{CallEvent, UncertainDrop};
pub use chance::Chance;
pub use delta_terms::{DeltaTerm, RowDeltas};
pub use dispatch_change::DispatchChange;
pub use patch::{
    ClearingRule, CompactionRule, DroppedCall, InsertedCall, Patch, PatchPlace, ResumedSession,
    SessionRules, SpawnedCall, SpawnedSession, WarmingRule,
};
pub(crate) use placing_bits::PlacingBits;
pub use run_variants::RunVariant;

use crate::cache::{CachePolicy, CacheRules};
use crate::ids::NO_INDEX;
use crate::price::PriceRow;
use crate::recording::CacheTier;
use crate::units::PicoUsd;
use std::ops::Range;

/// A set of interventions, one bit each, in the order given to [`Plan::compile`].
pub type ToggleSubset = u64;

/// The most interventions one plan can hold.
pub const MAX_TOGGLES: usize = 64;

/// One call as the pass sees it: 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Bits that change its amounts or drop it.
    pub touched_by: ToggleSubset,
    /// Tokens of its inputs with every bit off.
    pub inputs: i64,
    /// Tokens of its outputs with every bit off.
    pub outputs: i64,
    /// The most output that its usage shows; what it produces beyond that is hidden.
    pub visible_output_limit: i64,
    /// Fresh tokens as recorded; no limit for a call that writes no cache.
    pub fresh: i64,
    /// When it started.
    pub start_ms: i64,
    /// From its start to the moment from which its cache entry ages.
    pub touched_after_ms: i64,
    /// First of its terms in [`Plan::terms`], if a bit touches it.
    pub first_term: u32,
    /// Its place in [`Plan::events`]; [`NO_INDEX`] for a call like most.
    pub event: u32,
}

/// Rows of one session, one after the other, that share everything here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRun {
    /// First of its rows.
    pub first_row: u32,
    /// How many rows it has.
    pub rows: u32,
    /// Tier that its calls write to.
    pub tier: CacheTier,
    /// Index of its price in [`Plan::prices`].
    pub price: u16,
    /// Contexts below this size, in recorded tokens, are not cached: the model's minimum, or 0
    /// for calls that were recorded to cache less than that and for calls that write no cache.
    pub min_cached: i64,
    /// Contexts above this size, in the tokens of its price's model, are priced in the long band.
    pub long_above: i64,
    /// The session's static prefix.
    pub static_prefix: i64,
    /// The session's warm prefix.
    pub warm_prefix: i64,
    /// What its harness decides about its cache.
    pub cache_rules: CacheRules,
    /// Whether a rule puts everything on its tier.
    pub one_tier: bool,
    /// Where a rule says from which prompt on the context is compacted.
    pub compact_at: Option<i64>,
    /// Tokens of its price's model per 10,000 recorded ones: another family counts otherwise.
    pub scale_bp: i64,
    /// First of its variants in [`Plan::variants`].
    pub first_variant: u32,
    /// How many variants it has.
    pub variants: u32,
}

impl PlanRun {
    /// The indexes of its rows.
    #[must_use]
    pub fn row_range(&self) -> Range<usize> {
        let first = self.first_row as usize;
        first..first + self.rows as usize
    }
}

/// One session as the pass sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSession {
    /// Index of the recorded session, or of the one that starts it.
    pub session: u32,
    /// Its runs.
    pub runs: Range<u32>,
    /// Its rules in [`Plan::rules`].
    pub rules: Range<u32>,
    /// Sessions that it may go on from: its part of [`Plan::resumes`].
    pub resumes: Range<u32>,
    /// Bits that say where its context starts over or is cleared: rules of compaction and clearing,
    /// restarts, and sessions to go on from.
    pub placed_by: ToggleSubset,
    /// Whether its context was compacted automatically.
    pub compacts: bool,
}

/// Sessions that hang together, neighbours in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Island {
    /// Its sessions in [`Plan::sessions`].
    pub sessions: Range<u32>,
    /// Bits that change anything in it.
    pub touched_by: ToggleSubset,
    /// Of these, bits that say where the context of any of its sessions starts over or is cleared.
    pub placed_by: ToggleSubset,
    /// Of these, bits with a rule of compaction or clearing.
    pub ruled_by: ToggleSubset,
    /// Whether a context was compacted automatically.
    pub compacts: bool,
}

/// A recording and patches, ready for the pass.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Sessions that hang together, in order.
    pub islands: Vec<Island>,
    /// Sessions, island by island; one that another goes on from stands before it.
    pub sessions: Vec<PlannedSession>,
    /// What rows share, in their order.
    pub runs: Vec<PlanRun>,
    /// What a bit changes about all rows of a run.
    pub variants: Vec<(ToggleSubset, RunVariant)>,
    /// Rules of cache and compaction, with the bit that brings them.
    pub rules: Vec<(ToggleSubset, SessionRules)>,
    /// Sessions to go on from: bit, and index in [`Plan::sessions`].
    pub resumes: Vec<(ToggleSubset, u32)>,
    /// Rows in order, session by session.
    pub rows: Vec<PlanRow>,
    /// What a subset changes, row by row.
    pub terms: Vec<DeltaTerm>,
    /// What may happen at single calls, row by row.
    pub events: Vec<CallEvent>,
    /// Toggles that drop a call with some chance, row by row.
    pub uncertain_drops: Vec<UncertainDrop>,
    /// How long the call of each row takes.
    pub duration_ms: Vec<i64>,
    /// Index of the recorded call of each row, or of the call that an inserted one follows.
    pub call_of: Vec<u32>,
    /// Tool results that enter with each row: tokens with every bit off, and how many. Empty
    /// where no rule clears any. Calls in addition have none.
    pub results: Vec<(i64, i64)>,
    /// The prices that the runs refer to.
    pub prices: Vec<PriceRow>,
    /// What web searches of recorded calls cost beside their tokens, by row in order. A toggle
    /// changes none of it.
    pub search_fees: Vec<(u32, PicoUsd)>,
    /// The cache that is replayed with.
    pub cache: CachePolicy,
}

impl Plan {
    /// The same plan, to be replayed with another cache.
    #[must_use]
    pub fn with_cache(self, cache: CachePolicy) -> Self {
        Self { cache, ..self }
    }

    /// Whether luck decides what any call of a planned session reads.
    pub(crate) fn has_luck(&self, planned: usize) -> bool {
        let rows = &self.rows[self.rows_of_session(&self.sessions[planned])];
        rows.iter().any(|row| self.event_of_row(row).luck.is_some())
    }

    /// Gives every look into an automatic cache another luck, drawn by `draw` session by session in
    /// order: it is told the session's index in the recording and the lucks that agree with what
    /// was recorded.
    pub(crate) fn draw_luck(&mut self, mut draw: impl FnMut(u32, Range<i64>) -> i64) {
        for planned in &self.sessions {
            let runs = &self.runs[planned.runs.start as usize..planned.runs.end as usize];
            for run in runs {
                for row in &self.rows[run.row_range()] {
                    // A row without an event has an index behind all of them.
                    let event = self.events.get_mut(row.event as usize);
                    if let Some(luck) = event.and_then(|event| event.luck.as_mut()) {
                        *luck = luck.with_draw(draw(planned.session, luck.draw_range()));
                    }
                }
            }
        }
    }

    /// What may happen at the call of a row.
    #[inline]
    #[must_use]
    pub fn event_of_row(&self, row: &PlanRow) -> &CallEvent {
        debug_assert!(row.event == NO_INDEX || (row.event as usize) < self.events.len());
        self.events.get(row.event as usize).unwrap_or(&CallEvent::NOTHING)
    }

    /// The toggles of a subset that drop a call with some chance.
    pub(crate) fn uncertain_drops_of_event(
        &self,
        event: &CallEvent,
        subset: ToggleSubset,
    ) -> impl Iterator<Item = &UncertainDrop> {
        // Without any the list is empty from its end on, so that both cases are one type.
        let has_none = event.perhaps_dropped_by & subset == 0;
        let from =
            if has_none { self.uncertain_drops.len() } else { event.first_uncertain as usize };
        let mut more = true;
        self.uncertain_drops[from..]
            .iter()
            .take_while(move |drop| std::mem::replace(&mut more, !drop.last))
            .filter(move |drop| drop.bit & subset != 0)
    }

    /// The terms of a row.
    #[inline]
    pub(crate) fn terms_of_row(&self, row: &PlanRow) -> impl Iterator<Item = &DeltaTerm> {
        // Without a bit that touches it a row has no terms, and its first one is another row's.
        let from = if row.touched_by == 0 { self.terms.len() } else { row.first_term as usize };
        let mut more = true;
        self.terms[from..].iter().take_while(move |term| std::mem::replace(&mut more, !term.last))
    }

    /// The planned sessions of an island.
    #[must_use]
    pub fn sessions_of_island(&self, island: &Island) -> &[PlannedSession] {
        &self.sessions[island.sessions.start as usize..island.sessions.end as usize]
    }

    /// How many rows an island has.
    #[must_use]
    pub(crate) fn row_count_of_island(&self, island: &Island) -> usize {
        let sessions = self.sessions_of_island(island);
        let runs = sessions.iter().flat_map(|session| self.runs_of_session(session));
        runs.map(|run| run.rows as usize).sum()
    }

    /// The runs of a session.
    #[inline]
    #[must_use]
    pub(crate) fn runs_of_session(&self, session: &PlannedSession) -> &[PlanRun] {
        &self.runs[session.runs.start as usize..session.runs.end as usize]
    }

    /// The rows of a session.
    #[must_use]
    pub(crate) fn rows_of_session(&self, session: &PlannedSession) -> Range<usize> {
        // Runs of one session are neighbours, and so are their rows.
        let runs = self.runs_of_session(session);
        let first = runs.first().map_or(0, |run| run.row_range().start);
        first..runs.last().map_or(first, |run| run.row_range().end)
    }

    /// The rules of a session under a subset.
    #[must_use]
    pub(crate) fn rules_of_session(
        &self,
        session: &PlannedSession,
        subset: ToggleSubset,
    ) -> SessionRules {
        let own = &self.rules[session.rules.start as usize..session.rules.end as usize];
        let on = own.iter().filter(|(bit, _)| bit & subset != 0);
        // Rules of several toggles for one session hold together.
        on.fold(SessionRules::default(), |all, (_, rules)| all.combined_with(rules))
    }

    /// The session that a session goes on from under a subset: of several the last one.
    #[must_use]
    pub fn resumed_from(&self, session: &PlannedSession, subset: ToggleSubset) -> Option<usize> {
        let own = &self.resumes[session.resumes.start as usize..session.resumes.end as usize];
        own.iter().filter(|(bit, _)| bit & subset != 0).map(|(_, from)| *from as usize).max()
    }

    /// A run under a subset and rules.
    #[must_use]
    pub(crate) fn run_under(
        &self,
        run: &PlanRun,
        subset: ToggleSubset,
        rules: &SessionRules,
    ) -> PlanRun {
        let first = run.first_variant as usize;
        let own = &self.variants[first..first + run.variants as usize];
        let mut run = run.clone();
        for (_, variant) in own.iter().filter(|(bit, _)| bit & subset != 0) {
            variant.apply_to_run(&mut run);
        }
        // A rule moves calls between the tiers that a client can choose. An automatic cache, and
        // calls that write none, stay what they are.
        if let Some(tier) = rules.tier
            && [run.tier, tier]
                .iter()
                .all(|tier| matches!(tier, CacheTier::FiveMinutes | CacheTier::OneHour))
        {
            (run.tier, run.one_tier) = (tier, true);
        }
        run.compact_at = rules.compaction.map(|compaction| compaction.threshold);
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_cache_line() {
        assert_eq!(size_of::<PlanRow>(), 64);
    }
}
