//! The rows, terms and runs of one session.

use super::compile::Compiler;
use super::merged::{idle_ms, in_order, system_part};
use super::{Deltas, Event, InsertedCall, Row, Run, Subset, Variant};
use crate::cache::{self, luck::Luck};
use crate::ids::{ModelId, NONE};
use crate::price::{MissingPrice, PriceRow};
use crate::recording::{BlockKind, CacheBreak, Call, Recording, Restart, Tier};
use crate::units::{BASIS_POINTS, scaled};

/// What calls must share to share a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Shared {
    model: ModelId,
    tier: Tier,
    price: u16,
    min_cached: i64,
    scale_bp: i64,
}

impl<'a> Compiler<'a> {
    /// Models and leaner prefixes that toggles give a session, in the order in which they count.
    pub(super) fn variants(&self, index: u32) -> Variants<'a> {
        let mut variants = Variants { models: Vec::new(), leaner: Vec::new() };
        for (at, patch) in self.patches.iter().enumerate() {
            let models = patch.remodelled.iter().filter(|(session, _)| *session == index);
            variants.models.extend(models.map(|(_, model)| (model.as_str(), 1 << at)));
            for (_, less) in patch.leaner.iter().filter(|(session, _)| *session == index) {
                variants.leaner.push((*less.min(&system_part(self.recording, index)), 1 << at));
            }
        }
        variants.models.sort_unstable();
        variants.leaner.sort_unstable_by(|a, b| b.cmp(a));
        variants
    }

    /// Opens a new run for a call unless it shares everything with the call before.
    pub(super) fn run(
        &mut self,
        at: usize,
        variants: &Variants<'_>,
        shared: &mut Option<Shared>,
    ) -> Result<(), MissingPrice> {
        let call = &self.recording.calls[at];
        let model = self.recording.model(call.model);
        let price = self.prices.resolve(model, call.start_ms)?;
        let row = self.prices.row(price);
        // The smallest context known to be cached.
        let context = call.usage.context();
        let known = if context > call.usage.fresh { context } else { i64::MAX };
        let cached_below = known < row.min_cached || call.tier == Tier::Uncached;
        let scale_bp = match shared {
            // Names are taken apart once a run, not once a call.
            Some(before) if before.model == call.model => before.scale_bp,
            _ => self.pricing.scale_bp(model, model).unwrap_or(BASIS_POINTS),
        };
        let limits = Limits::of(row, cached_below, scale_bp);
        let Limits { min_cached, .. } = limits;
        let own = Shared { model: call.model, tier: call.tier, price, min_cached, scale_bp };
        if *shared == Some(own) {
            return Ok(());
        }
        *shared = Some(own);
        let session = &self.recording.sessions[call.session as usize];
        let first_variant = self.plan.variants.len() as u32;
        for &(other, bit) in &variants.models {
            let price = self.prices.resolve(other, call.start_ms)?;
            let scale_bp = self.pricing.scale_bp(model, other).unwrap_or(BASIS_POINTS);
            let limits = Limits::of(self.prices.row(price), cached_below, scale_bp);
            let Limits { min_cached, long_above } = limits;
            let variant = Variant::Model { price, min_cached, long_above, scale_bp };
            self.plan.variants.push((bit, variant));
        }
        self.plan.variants.extend(variants.leaner.iter().map(|&(less, bit)| {
            let leaner = Variant::Leaner {
                static_prefix: (session.static_prefix - less).max(0),
                warm_prefix: (session.warm_prefix - less).max(0),
            };
            (bit, leaner)
        }));
        let own = self.plan.variants[first_variant as usize..].iter();
        self.touched_by |= own.fold(0, |all, (bit, _)| all | bit);
        self.plan.runs.push(Run {
            first_row: self.plan.rows.len() as u32,
            rows: 0,
            tier: call.tier,
            price,
            min_cached: limits.min_cached,
            long_above: limits.long_above,
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            one_tier: false,
            compact_at: None,
            scale_bp,
            first_variant,
            variants: self.plan.variants.len() as u32 - first_variant,
        });
        Ok(())
    }

    pub(super) fn recorded(
        &mut self,
        at: usize,
        variants: &Variants<'_>,
        saved: impl Iterator<Item = (Subset, i64)>,
    ) {
        let recording = self.recording;
        let call = &recording.calls[at];
        let first = recording.sessions[call.session as usize].first_call as usize;
        // On one model nothing switches.
        let switched = at > first
            && recording.calls[at - 1].model != call.model
            && call.cache_break == CacheBreak::ToZero;
        let one_model = variants.models.iter().fold(0, |all, (_, bit)| all | bit);
        let amounts = self.blocks(call);
        self.terms.choose(saved.map(save));
        self.terms.choose(self.merged.dropped(at));
        let restarted = self.walk.restarted(at);
        let start = |(bit, start)| (bit, Deltas { start, ..Deltas::default() });
        self.terms.choose(restarted.clone().map(start));
        let event = Event {
            insert: 0,
            off_tier: off_tier(call),
            cut: call.cut,
            threshold: self.threshold(at),
            restart_inputs: amounts.restart_inputs,
            shock: call.shock,
            luck: luck(recording, at),
            // Whatever a file says: the first call of a session starts it.
            restart: if at == first { Restart::Fresh } else { call.restart },
            cache_break: call.cache_break,
            healed: self.walk.healed(at) | if switched { one_model } else { 0 },
            restarted: restarted.fold(0, |all, (bit, _)| all | bit),
        };
        let row = Row {
            inputs: amounts.inputs,
            outputs: amounts.outputs,
            shown: if call.output_hidden > 0 { call.usage.output } else { i64::MAX },
            fresh: fresh(call),
            start_ms: call.start_ms,
            touched_after_ms: call.touched_ms - call.start_ms,
            ..Row::EMPTY
        };
        self.push(at, row, event, call.end_ms - call.start_ms);
        if self.clears {
            self.plan.results.push((amounts.results, amounts.result_count));
        }
    }

    /// What the blocks of a call amount to with every bit off; what bits change becomes terms.
    fn blocks(&mut self, call: &Call) -> Deltas {
        let mut amounts = Deltas::default();
        for index in call.range() {
            let block = &self.recording.blocks[index];
            let clears = self.clears;
            let of = move |tokens| Deltas::of(block.kind, tokens, clears);
            let own = of(block.tokens);
            let (sizes, if_warm) = (self.walk.sizes(index), self.walk.sizes_if_warm(index));
            if if_warm.is_empty() {
                self.terms.choose(sizes.map(|(bits, to)| (bits, of(to) - own)));
            } else {
                let sizes = in_order(sizes, if_warm).into_iter();
                self.terms.choose_given(sizes.map(|(bit, with, to)| (bit, with, of(to) - own)));
            }
            amounts += own;
        }
        amounts
    }

    /// For an automatic compaction: context from which on the harness compacts.
    fn threshold(&self, at: usize) -> i64 {
        let call = &self.recording.calls[at];
        let first = self.recording.sessions[call.session as usize].first_call as usize;
        if call.restart != Restart::AutoCompacted || at == first {
            return 0;
        }
        let before = &self.recording.calls[at - 1];
        trigger(before.usage.context() + before.produced())
    }

    pub(super) fn inserted(
        &mut self,
        at: usize,
        saved: impl Iterator<Item = (Subset, i64)> + Clone,
    ) {
        let call = &self.recording.calls[at];
        for &(bit, new) in self.walk.inserted(at) {
            self.terms.choose(std::iter::once(save((bit, -new.duration_ms))));
            // Saved time comes off the idle time after the call first, then off the call itself:
            // this part of it still passes before the inserted call starts.
            let idle_ms = idle_ms(self.recording, at);
            self.terms.choose(saved.clone().map(|(bit, saved_ms)| {
                (bit, Deltas { later_ms: saved_ms.min(idle_ms), ..Deltas::default() })
            }));
            self.additional(at, bit, new, call.end_ms);
        }
    }

    /// The row of a call that would be made in addition.
    pub(super) fn additional(&mut self, at: usize, bit: Subset, new: InsertedCall, start_ms: i64) {
        let InsertedCall { input, output, duration_ms, .. } = new;
        let row = Row {
            inputs: input,
            outputs: output,
            shown: i64::MAX,
            fresh: fresh(&self.recording.calls[at]),
            start_ms,
            ..Row::EMPTY
        };
        self.push(at, row, Event { insert: bit, ..Event::NOTHING }, duration_ms);
        if self.clears {
            self.plan.results.push((0, 0));
        }
    }

    /// Adds a row with the terms collected for it.
    fn push(&mut self, at: usize, row: Row, event: Event, duration_ms: i64) {
        let plan = &mut self.plan;
        let first_term = plan.terms.len() as u32;
        let touched_by = self.terms.finish(&mut plan.terms);
        self.touched_by |= touched_by | event.insert | event.healed | event.restarted;
        let index = if event == Event::NOTHING {
            NONE
        } else {
            plan.events.push(event);
            plan.events.len() as u32 - 1
        };
        plan.rows.push(Row { touched_by, first_term, event: index, ..row });
        plan.duration_ms.push(duration_ms);
        plan.call_of.push(at as u32);
        plan.runs.last_mut().expect("a row has a run").rows += 1;
    }
}

/// What toggles change about all calls of one session.
pub(super) struct Variants<'a> {
    /// Sorted by name.
    models: Vec<(&'a str, Subset)>,
    /// Tokens less, the leanest first.
    leaner: Vec<(i64, Subset)>,
}

impl Variants<'_> {
    /// What leaner prefixes take from a first context.
    pub(super) fn less_of(&self, context: i64) -> impl Iterator<Item = (Subset, Deltas)> {
        self.leaner.iter().map(move |&(less, bit)| {
            (bit, Deltas { inputs: -less.min(context), ..Deltas::default() })
        })
    }
}

/// Sizes at which a price changes its mind.
struct Limits {
    /// In recorded tokens, as the pass counts.
    min_cached: i64,
    /// In the model's own tokens, as calls are told.
    long_above: i64,
}

impl Limits {
    fn of(price: &PriceRow, cached_below: bool, scale_bp: i64) -> Self {
        let is_scaled = scale_bp != BASIS_POINTS;
        let in_recorded = |tokens| {
            if is_scaled { scaled(tokens, BASIS_POINTS, scale_bp) } else { tokens }
        };
        let min_cached = in_recorded(price.min_cached);
        Self { min_cached: if cached_below { 0 } else { min_cached }, long_above: price.long_above }
    }
}

impl Deltas {
    /// What a block amounts to; its size as a tool result only where a rule clears some.
    fn of(kind: BlockKind, tokens: i64, clears: bool) -> Self {
        let no = Self::default();
        match kind {
            kind if kind.is_output() => Self { outputs: tokens, ..no },
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

impl Row {
    const EMPTY: Self = Self {
        touched_by: 0,
        inputs: 0,
        outputs: 0,
        shown: 0,
        fresh: 0,
        start_ms: 0,
        touched_after_ms: 0,
        first_term: 0,
        event: NONE,
    };
}

fn save((bit, saved_ms): (Subset, i64)) -> (Subset, Deltas) {
    (bit, Deltas { saved_ms, ..Deltas::default() })
}

/// Fresh tokens of a call; where nothing is billed as written, all that is not read is fresh.
fn fresh(call: &Call) -> i64 {
    match call.tier {
        Tier::Uncached => i64::MAX,
        Tier::Automatic if call.usage.write() == 0 => i64::MAX,
        _ => call.usage.fresh,
    }
}

/// The luck of a call's look into an automatic cache. The first call of a session has one for the
/// case that it goes on from another session.
fn luck(recording: &Recording, at: usize) -> Option<Luck> {
    let call = &recording.calls[at];
    let session = &recording.sessions[call.session as usize];
    if call.tier != Tier::Automatic || call.cache_break != CacheBreak::No {
        return None;
    }
    if at == session.first_call as usize {
        return Some(Luck::OPEN);
    }
    let before = &recording.calls[at - 1];
    let lookup = cache::Lookup {
        prior: Some(cache::Prior {
            cached: cache::left(before.tier, before.usage.context(), before.usage.fresh),
            gap_ms: call.start_ms - before.touched_ms,
            tier: before.tier,
        }),
        context: call.usage.context(),
        static_prefix: session.static_prefix,
        warm_prefix: session.warm_prefix,
        cache_break: CacheBreak::No,
    };
    let goes_on = before.tier == Tier::Automatic && call.restart == Restart::No;
    goes_on.then(|| Luck::recorded(&lookup, call.usage.read))
}

/// Tokens that a call wrote to the tier that is not its own.
fn off_tier(call: &Call) -> i64 {
    match call.tier {
        Tier::OneHour => call.usage.write_5m,
        Tier::FiveMinutes | Tier::Automatic => call.usage.write_1h,
        Tier::Uncached => 0,
    }
}

/// Contexts from which on the harness compacts: window - 33,000 of the two window sizes.
/// Source: MODEL.md, "Laws" L5, 2026-08; windows of 200,000 and 1,000,000 tokens.
pub const TRIGGERS: [(i64, i64); 2] = [(167_000, 200_000), (967_000, 1_000_000)];

/// The trigger behind an automatic compaction that was met at `grown` tokens: the known one of
/// its window, or, below every known one, that very size.
fn trigger(grown: i64) -> i64 {
    let known = TRIGGERS.iter().find(|(from, window)| (*from..*window).contains(&grown));
    known.map_or(grown, |(from, _)| *from)
}
