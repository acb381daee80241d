//! From patches to a plan: the columns that the pass reads.
//!
//! An intervention says what it would change as a [`Patch`]: facts about calls and blocks of one
//! recording. [`Plan::compile`] merges the patches of all chosen interventions, one bit each, into
//! rows. Any subset of the bits is then one linear pass over the rows, with no re-planning.

mod merged;
mod patch;

pub use patch::{DroppedCall, InsertedCall, Patch};

use merged::{Merged, idle_ms};

use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{BlockKind, CacheBreak, Call, Recording, Restart, Shock, Tier};

/// A set of interventions, one bit each, in the order given to [`Plan::compile`].
pub type Subset = u64;

/// The most interventions one plan can hold.
pub const MAX_TOGGLES: usize = 64;

/// One call as the pass sees it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Bits that drop it.
    pub drop: Subset,
    /// Bits that create it; 0 for a recorded call.
    pub insert: Subset,
    /// Tokens of its unpatched inputs.
    pub inputs: i64,
    /// Tokens of its unpatched outputs.
    pub outputs: i64,
    /// Tokens of all its outputs as recorded, patched or not.
    pub produced: i64,
    /// Of these, tokens that its usage does not show.
    pub hidden: i64,
    /// Fresh tokens as recorded.
    pub fresh: i64,
    /// Tokens written to the tier that is not the call's own, as recorded.
    pub off_tier: i64,
    /// Context that vanished before it.
    pub cut: i64,
    /// When it started.
    pub start_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// From its start to the moment from which its cache entry ages.
    pub touched_after_ms: i64,
    /// The session's static prefix.
    pub static_prefix: i64,
    /// The session's warm prefix.
    pub warm_prefix: i64,
    /// For an automatic compaction: context from which on the harness compacts.
    pub threshold: i64,
    /// For an automatic compaction: its unpatched inputs that exist only because of it.
    pub restart_inputs: i64,
    /// Contexts below this size are not cached: the model's minimum, or 0 for a call that was
    /// recorded to cache less than that.
    pub min_cached: i64,
    /// Contexts above this size are priced in the long band.
    pub long_above: i64,
    /// What the law does not explain.
    pub shock: Shock,
    /// First fact of it in [`Plan::facts`].
    pub first_fact: u32,
    /// How many facts it has.
    pub facts: u16,
    /// Index of its price in [`Plan::prices`].
    pub price: u16,
    /// Tier that it writes to.
    pub tier: Tier,
    /// Whether the context starts over.
    pub restart: Restart,
    /// A known event that breaks the cache.
    pub cache_break: CacheBreak,
    /// Whether it is the first row of its session.
    pub opens: bool,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// Tokens of an input block.
    Input,
    /// Tokens of an input block that exists only because of an automatic compaction.
    RestartInput,
    /// Tokens of an output block.
    Output,
    /// Milliseconds that do not pass after the call.
    SavedMs,
    /// Of an inserted call: milliseconds saved only after it, from the idle time that follows.
    LaterMs,
}

/// Something about one call that depends on the subset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// The value with every bit off.
    pub base: i64,
    /// Bits that make it zero.
    pub drop: Subset,
    /// Values by bit: the smallest active one wins for blocks, the largest for time.
    pub values: Vec<(Subset, i64)>,
}

impl Fact {
    /// Its value under a subset.
    #[inline]
    #[must_use]
    pub fn value(&self, subset: Subset) -> i64 {
        if self.drop & subset != 0 {
            return 0;
        }
        let active = self.values.iter().filter(|(bit, _)| bit & subset != 0);
        let active = active.map(|(_, value)| *value);
        let chosen = match self.kind {
            FactKind::SavedMs | FactKind::LaterMs => active.max(),
            FactKind::Input | FactKind::RestartInput | FactKind::Output => active.min(),
        };
        chosen.unwrap_or(self.base)
    }
}

/// A recording and patches, ready for the pass.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rows in order, session by session.
    pub rows: Vec<Row>,
    /// Facts, row by row.
    pub facts: Vec<Fact>,
    /// Index of the recorded call of each row, or of the call that an inserted one follows.
    pub call_of: Vec<u32>,
    /// The prices that the rows refer to.
    pub prices: Vec<PriceRow>,
}

impl Plan {
    /// Merges the patches; patch k answers to bit k.
    ///
    /// # Errors
    /// A model without a price on its date.
    ///
    /// # Panics
    /// If there are more than [`MAX_TOGGLES`] patches.
    pub fn compile(
        recording: &Recording,
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        assert!(patches.len() <= MAX_TOGGLES, "{} toggles in one plan", patches.len());
        let merged = Merged::new(recording, patches);
        let mut plan = Self {
            rows: Vec::with_capacity(recording.calls.len()),
            facts: Vec::new(),
            call_of: Vec::with_capacity(recording.calls.len()),
            prices: Vec::new(),
        };
        let mut prices = pricing.resolver();
        for session in &recording.sessions {
            for at in session.range() {
                let call = &recording.calls[at];
                let price = prices.resolve(recording.model(call.model), call.start_ms)?;
                plan.push_recorded(recording, &merged, at, price);
                let late = merged.late_fact(at, idle_ms(recording, at));
                for &(bit, inserted) in merged.inserted_after(at) {
                    plan.push_inserted(recording, at, bit, inserted, late.clone());
                }
            }
        }
        plan.prices = prices.finish();
        for row in &mut plan.rows {
            row.long_above = plan.prices[usize::from(row.price)].long_above;
            let min_cached = plan.prices[usize::from(row.price)].min_cached;
            row.min_cached = if row.min_cached < min_cached { 0 } else { min_cached };
        }
        Ok(plan)
    }

    fn push_recorded(&mut self, recording: &Recording, merged: &Merged, at: usize, price: u16) {
        let call = &recording.calls[at];
        let session = &recording.sessions[call.session as usize];
        let opens = session.first_call as usize == at;
        let before = (!opens).then(|| &recording.calls[at - 1]);
        let first_fact = self.facts.len() as u32;
        let (mut inputs, mut outputs, mut restart_inputs) = (0, 0, 0);
        for index in call.range() {
            let block = &recording.blocks[index];
            let of_restart = call.restart == Restart::AutoCompacted
                && matches!(block.kind, BlockKind::System | BlockKind::Summary);
            let kind = match (block.kind.is_output(), of_restart) {
                (true, _) => FactKind::Output,
                (false, true) => FactKind::RestartInput,
                (false, false) => FactKind::Input,
            };
            if let Some(fact) = merged.block_fact(index, kind, block.tokens) {
                self.facts.push(fact);
            } else if block.kind.is_output() {
                outputs += block.tokens;
            } else {
                inputs += block.tokens;
                if of_restart {
                    restart_inputs += block.tokens;
                }
            }
        }
        if let Some(fact) = merged.time_fact(at) {
            self.facts.push(fact);
        }
        let context = call.usage.context();
        self.rows.push(Row {
            drop: merged.call_drop[at],
            insert: 0,
            inputs,
            outputs,
            produced: call.produced(),
            hidden: call.output_hidden,
            fresh: call.usage.fresh,
            off_tier: off_tier(call),
            cut: call.cut,
            start_ms: call.start_ms,
            duration_ms: call.end_ms - call.start_ms,
            touched_after_ms: call.touched_ms - call.start_ms,
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            threshold: before.map_or(0, |prev| trigger(prev.usage.context() + prev.produced())),
            restart_inputs,
            // The smallest context known to be cached; compared with the model's minimum when
            // the price is filled in.
            min_cached: if context > call.usage.fresh { context } else { i64::MAX },
            long_above: i64::MAX,
            shock: call.shock,
            first_fact,
            facts: (self.facts.len() as u32 - first_fact) as u16,
            price,
            tier: call.tier,
            restart: call.restart,
            cache_break: call.cache_break,
            opens,
        });
        self.call_of.push(at as u32);
    }

    fn push_inserted(
        &mut self,
        recording: &Recording,
        at: usize,
        bit: Subset,
        new: InsertedCall,
        late: Option<Fact>,
    ) {
        let call = &recording.calls[at];
        let last = self.rows.last().expect("an inserted call follows a recorded one").clone();
        let first_fact = self.facts.len() as u32;
        self.facts.push(Fact {
            kind: FactKind::SavedMs,
            base: 0,
            drop: 0,
            values: vec![(bit, -new.duration_ms)],
        });
        self.facts.extend(late);
        self.rows.push(Row {
            drop: 0,
            insert: bit,
            inputs: new.input,
            outputs: new.output,
            produced: new.output,
            hidden: 0,
            fresh: call.usage.fresh,
            off_tier: 0,
            cut: 0,
            start_ms: call.end_ms,
            duration_ms: new.duration_ms,
            touched_after_ms: 0,
            threshold: 0,
            restart_inputs: 0,
            shock: Shock::None,
            first_fact,
            facts: (self.facts.len() as u32 - first_fact) as u16,
            restart: Restart::No,
            cache_break: CacheBreak::No,
            opens: false,
            ..last
        });
        self.call_of.push(at as u32);
    }
}

/// Contexts from which on the harness compacts: window - 33,000 of the two window sizes.
/// Source: MODEL.md, "Laws" L5, 2026-08; 200,000 and 1,000,000 tokens.
const TRIGGERS: [(i64, i64); 2] = [(167_000, 200_000), (967_000, 1_000_000)];

/// The trigger behind an automatic compaction that was met at `grown` tokens: the known one of
/// its window, or, below every known one, that very size.
fn trigger(grown: i64) -> i64 {
    let known = TRIGGERS.iter().find(|(from, window)| (*from..*window).contains(&grown));
    known.map_or(grown, |(from, _)| *from)
}

/// Tokens that a call wrote to the tier that is not its own.
fn off_tier(call: &Call) -> i64 {
    match call.tier {
        Tier::OneHour => call.usage.write_5m,
        Tier::FiveMinutes => call.usage.write_1h,
        Tier::Uncached => 0,
    }
}
