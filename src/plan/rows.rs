//! The rows, terms and runs of one session.

use super::compile::PlanCompiler;
use super::merged_patches::{idle_ms_after_call, order_by_size, system_part_tokens};
use super::{CallEvent, InsertedCall, PlanRow, PlanRun, RowDeltas, RunVariant, ToggleSubset};
use crate::cache::entry_lifetime::EntryLifetime;
use crate::ids::{ModelId, NO_INDEX};
use crate::models::TRIGGERS;
use crate::price::{MissingPrice, PriceRow, UNKNOWN_CLASSES};
use crate::recording::{
    BlockKind, CacheBreak, CacheTier, Call, CallMarks, ContextRestart, Recording,
};
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// What calls must share to share a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RunKey {
    model: ModelId,
    tier: CacheTier,
    price: u16,
    min_cached: i64,
    scale_bp: i64,
}

impl<'a> PlanCompiler<'a> {
    /// Models and leaner prefixes that toggles give a session, in the order in which they count.
    pub(super) fn variants_of_session(&self, index: u32) -> SessionVariants<'a> {
        let models = self.facts.models.of_session(index);
        let mut variants = SessionVariants {
            models: models.map(|(bit, model)| (*model, bit)).collect(),
            leaner: Vec::new(),
        };
        for (bit, less) in self.facts.leaner.of_session(index) {
            variants.leaner.push((*less.min(&system_part_tokens(self.recording, index)), bit));
        }
        // Of several models the last in the alphabet counts, of several prefixes the leanest: the
        // pass applies variants in this order, whatever the order of the toggles is.
        variants.models.sort_unstable();
        variants.leaner.sort_unstable_by(|a, b| b.cmp(a));
        variants
    }

    /// Opens a new run for a call unless it shares everything with the call before.
    pub(super) fn open_run_for_call(
        &mut self,
        at: usize,
        variants: &SessionVariants<'_>,
        shared: &mut Option<RunKey>,
    ) -> Result<(), MissingPrice> {
        let call = &self.recording.calls[at];
        let model = self.recording.model_name(call.model);
        let price = self.prices.resolve_price(model, call.start_ms, call.facts.modifiers);
        let scale_bp = self.scale_of_model(call.model);
        let row = self.prices.row_at(price);
        // A call that read or wrote a cache shows that its context is large enough to be cached,
        // whatever the table of minimums says.
        let context = call.usage.context_tokens();
        let known = if context > call.usage.fresh { context } else { i64::MAX };
        let cached_below = known < row.min_cached || call.tier == CacheTier::Uncached;
        let limits = PriceLimits::from_price(row, cached_below, scale_bp);
        let PriceLimits { min_cached, .. } = limits;
        let own = RunKey { model: call.model, tier: call.tier, price, min_cached, scale_bp };
        if *shared == Some(own) {
            return Ok(());
        }
        *shared = Some(own);
        let session = &self.recording.sessions[call.session as usize];
        let first_variant = self.plan.variants.len() as u32;
        for &(other, bit) in &variants.models {
            let price = self.prices.resolve_other_price(
                price,
                other,
                call.start_ms,
                call.facts.modifiers,
            )?;
            let scale_bp = self.pricing.tokenizer_scale_bp(model, other).unwrap_or(BASIS_POINTS);
            let limits = PriceLimits::from_price(self.prices.row_at(price), cached_below, scale_bp);
            let PriceLimits { min_cached, long_above } = limits;
            let variant = RunVariant::Model { price, min_cached, long_above, scale_bp };
            self.plan.variants.push((bit, variant));
        }
        // The last of a run's variants counts, so that the leanest is applied last.
        let leaner = variants.leaner.iter().rev();
        self.plan.variants.extend(
            leaner.map(|&(less, bit)| (bit, RunVariant::with_smaller_prefixes(session, less))),
        );
        let own = self.plan.variants[first_variant as usize..].iter();
        self.touched_by |= own.fold(0, |all, (bit, _)| all | bit);
        self.plan.runs.push(PlanRun {
            first_row: self.plan.rows.len() as u32,
            rows: 0,
            tier: call.tier,
            price,
            min_cached: limits.min_cached,
            long_above: limits.long_above,
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            cache_rules: session.cache_rules(),
            one_tier: false,
            compact_at: None,
            scale_bp,
            first_variant,
            variants: self.plan.variants.len() as u32 - first_variant,
        });
        Ok(())
    }

    pub(super) fn push_recorded_call(
        &mut self,
        at: usize,
        variants: &SessionVariants<'_>,
        saved: impl Iterator<Item = (ToggleSubset, i64)>,
    ) {
        let recording = self.recording;
        let call = &recording.calls[at];
        let first = recording.sessions[call.session as usize].first_call as usize;
        self.push_search_fees(call.facts.web_searches);
        let switched = at > first
            && recording.calls[at - 1].model != call.model
            && call.cache_break == CacheBreak::ToZero;
        let one_model = variants.models.iter().fold(0, |all, (_, bit)| all | bit);
        // One choice each for a block's size, the time saved, whether the call is made, and what
        // the context would start over with: what toggles do to one of these leaves the others
        // alone.
        let amounts = self.sum_blocks_of_call(call);
        self.terms.add_choice(saved.map(saved_ms_choice));
        self.terms.add_choice(self.patch_cursor.dropping_bits(at));
        let restarted = self.patch_cursor.restart_size_choices(at);
        self.terms.add_choice(
            restarted
                .clone()
                .map(|(bit, start)| (bit, RowDeltas { start, ..RowDeltas::default() })),
        );
        let uncertain = self.patch_cursor.uncertain_drops(at);
        let first_uncertain = self.plan.uncertain_drops.len() as u32;
        self.plan.uncertain_drops.extend(uncertain.iter().map(|(_, drop)| *drop));
        let event = CallEvent {
            inserted_by: 0,
            off_tier: off_tier_tokens(call),
            cut: call.cut,
            caches_answer: call.marks.contains(CallMarks::ANSWER_CACHED),
            threshold: self.recorded_compaction_threshold(at),
            restart_inputs: amounts.restart_inputs,
            shock: call.shock,
            luck: lookup_luck(recording, at),
            // Whatever a file says: the first call of a session starts it.
            restart: if at == first { ContextRestart::Fresh } else { call.restart },
            cache_break: call.cache_break,
            healed_by: self.patch_cursor.healing_bits(at) | if switched { one_model } else { 0 },
            restarted_by: restarted.fold(0, |all, (bit, _)| all | bit),
            perhaps_dropped_by: uncertain.iter().fold(0, |all, (_, drop)| all | drop.bit),
            first_uncertain: if uncertain.is_empty() { 0 } else { first_uncertain },
            ..CallEvent::NOTHING
        };
        let row = PlanRow {
            inputs: amounts.inputs,
            outputs: amounts.outputs,
            visible_output_limit: if call.output_hidden > 0 { call.usage.output } else { i64::MAX },
            fresh: fresh_token_limit(call),
            start_ms: call.start_ms,
            touched_after_ms: call.touched_ms - call.start_ms,
            ..PlanRow::EMPTY
        };
        self.push_row(at, row, event, call.end_ms - call.start_ms);
        if self.clears {
            self.plan.results.push((amounts.results, amounts.result_count));
        }
    }

    /// What the blocks of a call amount to with every bit off; what bits change becomes terms.
    fn sum_blocks_of_call(&mut self, call: &Call) -> RowDeltas {
        let mut amounts = RowDeltas::default();
        // Of most calls no patch changes a block.
        if self.patch_cursor.leaves_blocks_before(call.block_range().end) {
            for block in &self.recording.blocks[call.block_range()] {
                amounts += RowDeltas::from_block(block.kind, block.tokens, self.clears);
            }
            return amounts;
        }
        for index in call.block_range() {
            let block = &self.recording.blocks[index];
            let (kind, clears) = (block.kind, self.clears);
            let own = RowDeltas::from_block(kind, block.tokens, clears);
            let (sizes, if_warm) = (
                self.patch_cursor.block_sizes(index),
                self.patch_cursor.block_sizes_if_warm(index),
            );
            if if_warm.is_empty() {
                self.terms.add_choice(sizes.map(|(bits, tokens)| {
                    (bits, RowDeltas::from_block(kind, tokens, clears) - own)
                }));
            } else {
                let sizes = order_by_size(sizes, if_warm).into_iter();
                self.terms.add_conditional_choice(sizes.map(|(bit, with, tokens)| {
                    (bit, with, RowDeltas::from_block(kind, tokens, clears) - own)
                }));
            }
            amounts += own;
        }
        amounts
    }

    /// For an automatic compaction: context from which on the harness compacts.
    fn recorded_compaction_threshold(&self, at: usize) -> i64 {
        let call = &self.recording.calls[at];
        let first = self.recording.sessions[call.session as usize].first_call as usize;
        if call.restart != ContextRestart::AutoCompacted || at == first {
            return 0;
        }
        let before = &self.recording.calls[at - 1];
        let grown = before.usage.context_tokens() + before.produced_tokens();
        // The known trigger of its window, or, below every known one, that very size.
        let known = TRIGGERS.iter().find(|(from, window)| (*from..*window).contains(&grown));
        known.map_or(grown, |(from, _)| *from)
    }

    pub(super) fn push_inserted_calls(
        &mut self,
        at: usize,
        saved: impl Iterator<Item = (ToggleSubset, i64)> + Clone,
    ) {
        let call = &self.recording.calls[at];
        for &(bit, chance, new) in self.patch_cursor.inserted_calls(at) {
            // The call takes its time, and everything behind it is that much later.
            self.terms.add_choice(std::iter::once(saved_ms_choice((bit, -new.duration_ms))));
            // Saved time comes off the idle time after the call first, then off the call itself:
            // this part of it still passes before the inserted call starts.
            let idle_ms = idle_ms_after_call(self.recording, at);
            self.terms.add_choice(saved.clone().map(|(bit, saved_ms)| {
                (bit, RowDeltas { later_ms: saved_ms.min(idle_ms), ..RowDeltas::default() })
            }));
            let event = CallEvent { inserted_by: bit, chance, ..CallEvent::NOTHING };
            self.push_additional_call(at, event, new, call.end_ms);
        }
    }

    /// The row of a call that would be made in addition.
    pub(super) fn push_additional_call(
        &mut self,
        at: usize,
        event: CallEvent,
        new: InsertedCall,
        start_ms: i64,
    ) {
        let InsertedCall { input, output, duration_ms, .. } = new;
        let row = PlanRow {
            inputs: input,
            outputs: output,
            visible_output_limit: i64::MAX,
            fresh: fresh_token_limit(&self.recording.calls[at]),
            start_ms,
            ..PlanRow::EMPTY
        };
        self.push_row(at, row, event, duration_ms);
        if self.clears {
            self.plan.results.push((0, 0));
        }
    }

    /// Adds a row with the terms collected for it.
    fn push_row(&mut self, at: usize, row: PlanRow, event: CallEvent, duration_ms: i64) {
        let plan = &mut self.plan;
        let first_term = plan.terms.len() as u32;
        // An event's bits touch the island but not the row: the pass looks at a row with an event
        // in any case.
        let touched_by = self.merged.toggle_bits(self.terms.move_terms_to(&mut plan.terms));
        self.touched_by |= touched_by | event.touching_bits();
        self.restarted_by |= event.restarted_by;
        self.compacts |= event.restart == ContextRestart::AutoCompacted;
        let index = if event == CallEvent::NOTHING {
            NO_INDEX
        } else {
            plan.events.push(event.told_apart());
            plan.events.len() as u32 - 1
        };
        plan.rows.push(PlanRow { touched_by, first_term, event: index, ..row });
        plan.duration_ms.push(duration_ms);
        plan.call_of.push(at as u32);
        plan.runs.last_mut().expect("a row has a run").rows += 1;
    }
}

/// What toggles change about all calls of one session.
pub(super) struct SessionVariants<'a> {
    /// Sorted by name.
    models: Vec<(&'a str, ToggleSubset)>,
    /// Tokens less, the leanest first.
    leaner: Vec<(i64, ToggleSubset)>,
}

impl SessionVariants<'_> {
    /// What leaner prefixes take from a first context.
    pub(super) fn leaner_deltas(
        &self,
        context: i64,
    ) -> impl Iterator<Item = (ToggleSubset, RowDeltas)> {
        self.leaner.iter().map(move |&(less, bit)| {
            (bit, RowDeltas { inputs: -less.min(context), ..RowDeltas::default() })
        })
    }
}

/// Sizes at which a price changes its mind.
struct PriceLimits {
    /// In recorded tokens, as the pass counts.
    min_cached: i64,
    /// In the model's own tokens, as calls are told.
    long_above: i64,
}

impl PriceLimits {
    #[inline]
    fn from_price(price: &PriceRow, cached_below: bool, scale_bp: i64) -> Self {
        // The model's own count, of which scaling by one could move what stands for "never".
        let min_cached = match (cached_below, scale_bp) {
            (true, _) => 0,
            (false, BASIS_POINTS) => price.min_cached,
            (false, _) => scale_by_ratio(price.min_cached, BASIS_POINTS, scale_bp),
        };
        Self { min_cached, long_above: price.long_above }
    }
}

impl RowDeltas {
    /// What a block amounts to; its size as a tool result only where a rule clears some.
    fn from_block(kind: BlockKind, tokens: i64, clears: bool) -> Self {
        let no = Self::default();
        match kind {
            kind if kind.is_output() => Self { outputs: tokens, ..no },
            // These enter because the context starts over, and not where that does not happen.
            BlockKind::System | BlockKind::Summary => {
                Self { inputs: tokens, restart_inputs: tokens, ..no }
            }
            BlockKind::ToolResult | BlockKind::Report if clears => {
                let result_count = i64::from(tokens > 0);
                Self { inputs: tokens, results: tokens, result_count, ..no }
            }
            _ => Self { inputs: tokens, ..no },
        }
    }
}

impl PlanRow {
    const EMPTY: Self = Self {
        touched_by: 0,
        inputs: 0,
        outputs: 0,
        visible_output_limit: 0,
        fresh: 0,
        start_ms: 0,
        touched_after_ms: 0,
        first_term: 0,
        event: NO_INDEX,
    };
}

fn saved_ms_choice((bit, saved_ms): (ToggleSubset, i64)) -> (ToggleSubset, RowDeltas) {
    (bit, RowDeltas { saved_ms, ..RowDeltas::default() })
}

/// Fresh tokens of a call; where nothing is billed as written, all that is not read is fresh.
fn fresh_token_limit(call: &Call) -> i64 {
    match call.tier {
        CacheTier::Uncached => i64::MAX,
        CacheTier::Automatic if call.usage.write_tokens() == 0 => i64::MAX,
        _ => call.usage.fresh,
    }
}

/// The luck of a call's look into an automatic cache. The first call of a session has one for the
/// case that it goes on from another session.
fn lookup_luck(recording: &Recording, at: usize) -> Option<EntryLifetime> {
    let call = &recording.calls[at];
    let session = &recording.sessions[call.session as usize];
    // Tokens of no known class hold no read that luck could explain.
    let is_told = recording.model_name(call.model) != UNKNOWN_CLASSES;
    if !is_told || call.tier != CacheTier::Automatic || call.cache_break != CacheBreak::No {
        return None;
    }
    let curve = recording.hit_curve_of_call(at);
    if at == session.first_call as usize {
        return Some(EntryLifetime::unrecorded(curve));
    }
    // The luck that explains the recorded read is found by the same look that the pass makes.
    let before = &recording.calls[at - 1];
    let lookup = session.lookup_of_call(Some(before), call);
    let goes_on = before.tier == CacheTier::Automatic && call.restart == ContextRestart::No;
    let turn = recording.turn_dropped_at(at);
    let kept = turn.map_or(i64::MAX, |began| recording.calls[began].cached_tokens());
    goes_on.then(|| EntryLifetime::from_recorded_read(&lookup, kept, call.usage.read, curve))
}

/// Tokens that a call wrote to the tier that is not its own.
fn off_tier_tokens(call: &Call) -> i64 {
    match call.tier {
        CacheTier::OneHour => call.usage.write_5m,
        CacheTier::FiveMinutes | CacheTier::Automatic => call.usage.write_1h,
        CacheTier::Uncached => 0,
    }
}
