//! What the pass says: one call after the other, to whoever listens.

use super::cycle_end::CycleEnd;
use crate::plan::{Chance, PlanRun};
use crate::recording::CacheTier;
use crate::units::{BASIS_POINTS, Usage, scale_by_ratio};

/// Who listens to the pass.
pub trait CallSink {
    /// Whether it is told tokens as the pass counts them, and not those of the price's model.
    const COUNTS_RECORDED_TOKENS: bool = false;

    /// The calls that follow belong to another run.
    fn begin_run(&mut self, run: &PlanRun);
    /// A call is made.
    fn add_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens);
    /// A call is made with some chance: told as if it were made.
    fn add_uncertain_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens, chance: Chance);
    /// A session is over, whether it made a call or not.
    fn close_session(&mut self) {}
    /// A session that made at least one call is over.
    fn end_session(&mut self, from_ms: i64, to_ms: i64);
    /// A context has ended by itself.
    fn end_cycle(&mut self, _: CycleEnd) {}
    /// What compactions before the last call take back of what was saved, told of the same run:
    /// reads, and writes (below zero where some are spared).
    fn settle_cycles(&mut self, _: &PlanRun, _: &CallTokens) {}
}

/// Two listeners hear one pass, both in the same tokens.
impl<A: CallSink, B: CallSink> CallSink for (A, B) {
    const COUNTS_RECORDED_TOKENS: bool = {
        assert!(A::COUNTS_RECORDED_TOKENS == B::COUNTS_RECORDED_TOKENS);
        A::COUNTS_RECORDED_TOKENS
    };

    fn begin_run(&mut self, run: &PlanRun) {
        self.0.begin_run(run);
        self.1.begin_run(run);
    }

    #[inline]
    fn add_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens) {
        self.0.add_call(run, row, made);
        self.1.add_call(run, row, made);
    }

    fn add_uncertain_call(&mut self, run: &PlanRun, row: usize, made: &CallTokens, chance: Chance) {
        self.0.add_uncertain_call(run, row, made, chance);
        self.1.add_uncertain_call(run, row, made, chance);
    }

    fn close_session(&mut self) {
        self.0.close_session();
        self.1.close_session();
    }

    fn end_session(&mut self, from_ms: i64, to_ms: i64) {
        self.0.end_session(from_ms, to_ms);
        self.1.end_session(from_ms, to_ms);
    }

    fn end_cycle(&mut self, end: CycleEnd) {
        self.0.end_cycle(end);
        self.1.end_cycle(end);
    }

    fn settle_cycles(&mut self, run: &PlanRun, taken_back: &CallTokens) {
        self.0.settle_cycles(run, taken_back);
        self.1.settle_cycles(run, taken_back);
    }
}

/// How the context of a call comes about; of several that meet at one call the largest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextOnset {
    /// It goes on from the call before.
    #[default]
    GoesOn,
    /// It starts over: the first call of a session, a rewind, a toggle that says so.
    StartsOver,
    /// It starts over because it was compacted.
    Compacted,
}

/// What one call uses, as the pass counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTokens {
    /// Prompt size.
    pub context: i64,
    /// Of the prompt: neither read nor written.
    pub fresh: i64,
    /// Of the prompt: read from the cache. The rest is written.
    pub read: i64,
    /// Of what is written: to the tier that is not the run's.
    pub off_tier: i64,
    /// Recorded output.
    pub output: i64,
    /// Tokens produced beyond the recorded output.
    pub hidden: i64,
    /// When it starts.
    pub start_ms: i64,
    /// How its context comes about.
    pub onset: ContextOnset,
}

impl CallTokens {
    /// No tokens at all.
    pub(crate) const NOTHING: Self = Self {
        context: 0,
        fresh: 0,
        read: 0,
        off_tier: 0,
        output: 0,
        hidden: 0,
        start_ms: 0,
        onset: ContextOnset::GoesOn,
    };

    /// Its usage, or that of a sum of calls, where `tier` is the tier of the run.
    #[inline]
    #[must_use]
    pub(crate) fn usage_on_tier(&self, tier: CacheTier) -> Usage {
        let Self { fresh, read, output, off_tier, .. } = *self;
        // What was neither read nor fresh was written, to the tier of the run but for what is
        // known.
        let own_tier = self.context - read - fresh - off_tier;
        let (write_5m, write_1h) = match tier {
            CacheTier::OneHour => (off_tier, own_tier),
            CacheTier::FiveMinutes | CacheTier::Automatic | CacheTier::Uncached => {
                (own_tier, off_tier)
            }
        };
        Usage { fresh, read, write_5m, write_1h, output }
    }

    /// What it uses by its chance, each class rounded down for itself, so that it is never more
    /// where the chance is less.
    #[must_use]
    pub(crate) fn by_chance(&self, chance: Chance) -> Self {
        self.map_classes(|tokens| chance.of_amount(tokens))
    }

    /// The same text in tokens of another family.
    #[must_use]
    pub(crate) fn scaled_by(&self, scale_bp: i64) -> Self {
        self.map_classes(|tokens| scale_by_ratio(tokens, scale_bp, BASIS_POINTS))
    }

    /// The same with every class as `of` has it: each is rounded for itself, and the prompt is
    /// their sum.
    fn map_classes(&self, of: impl Fn(i64) -> i64) -> Self {
        let Self { context, fresh, read, off_tier, output, hidden, .. } = *self;
        let written = context - fresh - read - off_tier;
        let [fresh, read, off_tier, written, output, hidden] =
            [fresh, read, off_tier, written, output, hidden].map(of);
        Self {
            context: fresh + read + off_tier + written,
            fresh,
            read,
            off_tier,
            output,
            hidden,
            ..*self
        }
    }
}
