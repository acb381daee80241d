//! From patches to a plan: the columns that the pass reads.
//!
//! An intervention says what it would change as a [`Patch`]: facts about calls and blocks of one
//! recording. [`Plan::compile`] merges the patches of all chosen interventions, one bit each, into
//! rows. Any subset of the bits is then one linear pass over the rows, with no re-planning.

use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{BlockKind, CacheBreak, Call, Recording, Restart, Shock, Tier};

/// A set of interventions, one bit each, in the order given to [`Plan::compile`].
pub type Subset = u64;

/// The most interventions one plan can hold.
pub const MAX_TOGGLES: usize = 64;

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
    /// For an automatic compaction: context at which it happened.
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
            threshold: before.map_or(0, |prev| prev.usage.context() + prev.produced()),
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

/// Tokens that a call wrote to the tier that is not its own.
fn off_tier(call: &Call) -> i64 {
    match call.tier {
        Tier::OneHour => call.usage.write_5m,
        Tier::FiveMinutes => call.usage.write_1h,
        Tier::Uncached => 0,
    }
}

/// The patches of all interventions, by call and by block.
struct Merged {
    call_drop: Vec<Subset>,
    block_drop: Vec<Subset>,
    /// Sorted by block: (block, bit, tokens).
    replaced: Vec<(u32, Subset, i64)>,
    /// Sorted by call: (call, bit, milliseconds).
    saved: Vec<(u32, Subset, i64)>,
    /// Sorted by call, then by content.
    inserted: Vec<(Subset, InsertedCall)>,
}

impl Merged {
    fn new(recording: &Recording, patches: &[Patch]) -> Self {
        let mut merged = Self {
            call_drop: vec![0; recording.calls.len()],
            block_drop: vec![0; recording.blocks.len()],
            replaced: Vec::new(),
            saved: Vec::new(),
            inserted: Vec::new(),
        };
        for (index, patch) in patches.iter().enumerate() {
            let bit = 1 << index;
            for dropped in &patch.dropped_calls {
                merged.call_drop[dropped.call as usize] |= bit;
                if dropped.frees_time {
                    let ms = time_until_next(recording, dropped.call as usize);
                    merged.saved.push((dropped.call, bit, ms));
                }
            }
            for &block in &patch.dropped_blocks {
                merged.block_drop[block as usize] |= bit;
            }
            let replaced = patch.replaced_blocks.iter();
            merged.replaced.extend(replaced.map(|&(block, tokens)| (block, bit, tokens)));
            merged.saved.extend(patch.saved_ms.iter().map(|&(call, ms)| (call, bit, ms)));
            merged.inserted.extend(patch.inserted.iter().map(|&inserted| (bit, inserted)));
        }
        merged.replaced.sort_unstable();
        merged.saved.sort_unstable();
        // By content, so that the order of the interventions does not matter.
        merged.inserted.sort_by_key(|(_, new)| (new.after, new.input, new.output, new.duration_ms));
        merged
    }

    fn block_fact(&self, block: usize, kind: FactKind, base: i64) -> Option<Fact> {
        let values = slice_of(&self.replaced, block);
        let drop = self.block_drop[block];
        (drop != 0 || !values.is_empty()).then(|| Fact { kind, base, drop, values })
    }

    fn time_fact(&self, call: usize) -> Option<Fact> {
        let values = slice_of(&self.saved, call);
        (!values.is_empty()).then_some(Fact { kind: FactKind::SavedMs, base: 0, drop: 0, values })
    }

    /// The part of the saved time that still passes before a call inserted after `call` starts:
    /// saved time comes off the idle time after the call first, then off the call itself.
    fn late_fact(&self, call: usize, idle_ms: i64) -> Option<Fact> {
        let fact = self.time_fact(call)?;
        let values = fact.values.iter().map(|&(bit, saved_ms)| (bit, saved_ms.min(idle_ms)));
        Some(Fact { kind: FactKind::LaterMs, values: values.collect(), ..fact })
    }

    fn inserted_after(&self, call: usize) -> &[(Subset, InsertedCall)] {
        let from = self.inserted.partition_point(|(_, new)| (new.after as usize) < call);
        let to = self.inserted.partition_point(|(_, new)| new.after as usize <= call);
        &self.inserted[from..to]
    }
}

fn slice_of(sorted: &[(u32, Subset, i64)], key: usize) -> Vec<(Subset, i64)> {
    let from = sorted.partition_point(|entry| (entry.0 as usize) < key);
    let rest = sorted[from..].iter().take_while(|entry| entry.0 as usize == key);
    rest.map(|&(_, bit, value)| (bit, value)).collect()
}

/// Time from the end of a call to the start of the next one in its session.
fn idle_ms(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    (time_until_next(recording, at) - (call.end_ms - call.start_ms)).max(0)
}

/// Time from the start of a call to the start of the next one in its session (or to its own end).
fn time_until_next(recording: &Recording, at: usize) -> i64 {
    let call = &recording.calls[at];
    let end = recording.sessions[call.session as usize].range().end;
    let until = if at + 1 < end { recording.calls[at + 1].start_ms } else { call.end_ms };
    (until - call.start_ms).max(0)
}
