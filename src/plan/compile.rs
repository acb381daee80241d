//! Compiling: one row a call, one term a difference, one run for what rows share.

use super::merged::{Merged, Walk, idle_ms};
use super::term::Terms;
use super::{Deltas, Event, InsertedCall, MAX_TOGGLES, Patch, Plan, Row, Run, Subset};
use crate::ids::NONE;
use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{BlockKind, Call, Recording, Restart, Tier};

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
        let calls = recording.calls.len();
        let merged = Merged::new(recording, patches);
        let mut compiler = Compiler {
            recording,
            merged: &merged,
            walk: Walk::new(&merged),
            terms: Terms::default(),
            plan: Self {
                rows: Vec::with_capacity(calls),
                duration_ms: Vec::with_capacity(calls),
                call_of: Vec::with_capacity(calls),
                ..Self::default()
            },
        };
        let mut prices = pricing.resolver();
        for session in &recording.sessions {
            for at in session.range() {
                let call = &recording.calls[at];
                let price = prices.resolve(recording.model(call.model), call.start_ms)?;
                compiler.run(at, price, prices.row(price));
                let saved = compiler.walk.saved(at);
                compiler.recorded(at, saved.clone());
                compiler.inserted(at, saved);
            }
        }
        debug_assert!(
            compiler.walk.is_done(),
            "a patch speaks of what the recording does not hold"
        );
        Ok(Self { prices: prices.finish(), ..compiler.plan })
    }
}

struct Compiler<'a> {
    recording: &'a Recording,
    merged: &'a Merged,
    walk: Walk<'a>,
    terms: Terms,
    plan: Plan,
}

impl Compiler<'_> {
    /// Opens a new run for a call unless it shares everything with the call before.
    fn run(&mut self, at: usize, price: u16, prices: &PriceRow) {
        let call = &self.recording.calls[at];
        let session = &self.recording.sessions[call.session as usize];
        let opens = session.first_call as usize == at;
        // The smallest context known to be cached.
        let context = call.usage.context();
        let known = if context > call.usage.fresh { context } else { i64::MAX };
        let cached_below = known < prices.min_cached || call.tier == Tier::Uncached;
        let min_cached = if cached_below { 0 } else { prices.min_cached };
        let key = (call.tier, price, min_cached);
        if !opens
            && let Some(last) = self.plan.runs.last()
            && (last.tier, last.price, last.min_cached) == key
        {
            return;
        }
        self.plan.runs.push(Run {
            first_row: self.plan.rows.len() as u32,
            rows: 0,
            opens,
            tier: call.tier,
            price,
            min_cached,
            long_above: prices.long_above,
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
        });
    }

    fn recorded(&mut self, at: usize, saved: impl Iterator<Item = (Subset, i64)>) {
        let recording = self.recording;
        let call = &recording.calls[at];
        let (mut inputs, mut outputs, mut restart_inputs) = (0, 0, 0);
        for index in call.range() {
            let block = &recording.blocks[index];
            let of_restart = call.restart == Restart::AutoCompacted
                && matches!(block.kind, BlockKind::System | BlockKind::Summary);
            let delta = move |to: i64| {
                let by = to - block.tokens;
                match (block.kind.is_output(), of_restart) {
                    (true, _) => Deltas { outputs: by, ..Deltas::default() },
                    (false, true) => Deltas { inputs: by, restart_inputs: by, ..Deltas::default() },
                    (false, false) => Deltas { inputs: by, ..Deltas::default() },
                }
            };
            self.terms.choose(self.walk.sizes(index).map(|(bits, to)| (bits, delta(to))));
            if block.kind.is_output() {
                outputs += block.tokens;
            } else {
                inputs += block.tokens;
                restart_inputs += if of_restart { block.tokens } else { 0 };
            }
        }
        self.terms.choose(saved.map(save));
        self.terms.choose(self.merged.dropped(at));
        let event = Event {
            insert: 0,
            off_tier: off_tier(call),
            cut: call.cut,
            threshold: self.threshold(at),
            restart_inputs,
            shock: call.shock,
            restart: call.restart,
            cache_break: call.cache_break,
        };
        let row = Row {
            inputs,
            outputs,
            shown: if call.output_hidden > 0 { call.usage.output } else { i64::MAX },
            fresh: fresh(call),
            start_ms: call.start_ms,
            touched_after_ms: call.touched_ms - call.start_ms,
            ..Row::EMPTY
        };
        self.push(at, row, event, call.end_ms - call.start_ms);
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

    fn inserted(&mut self, at: usize, saved: impl Iterator<Item = (Subset, i64)> + Clone) {
        let call = &self.recording.calls[at];
        for &(bit, new) in self.walk.inserted(at) {
            let InsertedCall { input, output, duration_ms, .. } = new;
            self.terms.choose(std::iter::once(save((bit, -duration_ms))));
            // Saved time comes off the idle time after the call first, then off the call itself:
            // this part of it still passes before the inserted call starts.
            let idle_ms = idle_ms(self.recording, at);
            self.terms.choose(saved.clone().map(|(bit, saved_ms)| {
                (bit, Deltas { later_ms: saved_ms.min(idle_ms), ..Deltas::default() })
            }));
            let row = Row {
                inputs: input,
                outputs: output,
                shown: i64::MAX,
                fresh: fresh(call),
                start_ms: call.end_ms,
                ..Row::EMPTY
            };
            self.push(at, row, Event { insert: bit, ..Event::NOTHING }, duration_ms);
        }
    }

    /// Adds a row with the terms collected for it.
    fn push(&mut self, at: usize, row: Row, event: Event, duration_ms: i64) {
        let plan = &mut self.plan;
        let first_term = plan.terms.len() as u32;
        let touched_by = self.terms.finish(&mut plan.terms);
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

/// Fresh tokens of a call; where nothing is written, all that is not read is fresh.
fn fresh(call: &Call) -> i64 {
    if call.tier == Tier::Uncached { i64::MAX } else { call.usage.fresh }
}

/// Tokens that a call wrote to the tier that is not its own.
fn off_tier(call: &Call) -> i64 {
    match call.tier {
        Tier::OneHour => call.usage.write_5m,
        Tier::FiveMinutes => call.usage.write_1h,
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
