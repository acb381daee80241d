//! Why calls missed the cache: each miss has one cause, from what the record tells and from the
//! rules of the law.

use crate::kinds::named_values;
use crate::price::Pricing;
use crate::recording::{
    CacheBreak, Call, CallMarks, ContextRestart, Recording, Session, Shock, ToldMissReason,
};
use crate::units::{PicoUsd, Usage};

/// A call missed if it read less than this many percent of what stood cached before it: a smaller
/// difference is a breakpoint elsewhere. Source: MODEL.md, "Cache law".
const MISSED_BELOW_PERCENT: i64 = 95;

named_values! {
    /// Why a call missed the cache; of several causes the first one here counts.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum MissCause {
        /// The context was compacted, cleared or rewound.
        Compaction = "compaction",
        /// The model was another one, or its effort or thinking.
        Switch = "model or effort switch",
        /// The entry had expired.
        Expired = "expired",
        /// The call before loaded tools for the first time.
        FirstToolLoad = "first tool load",
        /// More new blocks than the provider looks back over.
        Lookback = "lookback",
        /// The provider says that system prompt, tools or earlier messages were others, or the
        /// session was resumed.
        PromptChanged = "prompt changed",
        /// The entry was gone before its time.
        Evicted = "evicted",
        /// None of these.
        Unknown = "unknown",
    }
}

/// One call that missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheMiss {
    /// Index of the session.
    pub session: usize,
    /// Index of the call in the recording.
    pub call: usize,
    /// Why.
    pub cause: MissCause,
    /// Tokens that stood cached before it and that it did not read.
    pub tokens: i64,
    /// What they cost beyond a read; `None` where the model has no price.
    pub cost: Option<PicoUsd>,
}

/// The misses of one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissTotals {
    /// The cause.
    pub cause: MissCause,
    /// Calls that missed.
    pub calls: i64,
    /// Their tokens.
    pub tokens: i64,
    /// What they cost; `None` where one has no price.
    pub cost: Option<PicoUsd>,
}

/// The misses of a recording, in the order of its calls.
#[must_use]
pub fn find_cache_misses(recording: &Recording, pricing: &Pricing) -> Vec<CacheMiss> {
    let mut prices = pricing.start_resolver();
    let mut misses = Vec::new();
    for (index, session) in recording.sessions.iter().enumerate() {
        // The first call of a session has nothing of its own to find.
        for at in session.call_range().skip(1) {
            let (before, call) = (&recording.calls[at - 1], &recording.calls[at]);
            let Some((tokens, cause)) = miss_of_call(session, before, call) else { continue };
            let model = recording.model_name(call.model);
            let price = prices.resolve_price(model, call.start_ms, call.facts.modifiers);
            let row = prices.row_at(price);
            let cost = (!row.is_unpriced).then(|| {
                let is_long = call.usage.context_tokens() > row.long_above;
                let rates = if is_long { &row.long } else { &row.base };
                let read = Usage { read: tokens, ..Usage::default() };
                rates.cost_of_usage(&paid_instead(call, tokens)) - rates.cost_of_usage(&read)
            });
            misses.push(CacheMiss { session: index, call: at, cause, tokens, cost });
        }
    }
    misses
}

/// How many tokens a call did not read that stood cached, and why; `None` if it hit.
fn miss_of_call(session: &Session, before: &Call, call: &Call) -> Option<(i64, MissCause)> {
    let lookup = session.lookup_of_call(Some(before), call);
    let prior = lookup.prior?;
    let cached = prior.cached.min(lookup.context);
    let read = call.usage.read;
    let is_miss = read * 100 < cached * MISSED_BELOW_PERCENT;
    is_miss.then(|| (cached - read, cause_of_miss(before, call, prior.gap_ms)))
}

fn cause_of_miss(before: &Call, call: &Call, gap_ms: i64) -> MissCause {
    let told = call.facts.told_miss;
    // What happened to the context explains a loss whatever else is told; the provider's word comes
    // before rules that only make a loss likely.
    if call.restart != ContextRestart::No {
        MissCause::Compaction
    } else if call.cache_break == CacheBreak::ToZero
        || call.marks.contains(CallMarks::EFFORT_SWITCH)
        || told == ToldMissReason::ModelChanged
    {
        MissCause::Switch
    } else if gap_ms >= before.tier.ttl_ms() {
        MissCause::Expired
    } else if call.marks.contains(CallMarks::FIRST_TOOL_LOAD) {
        MissCause::FirstToolLoad
    } else if call.marks.contains(CallMarks::BEYOND_LOOKBACK) {
        MissCause::Lookback
    } else if call.cache_break == CacheBreak::ToStatic
        || matches!(
            told,
            ToldMissReason::ToolsChanged
                | ToldMissReason::SystemChanged
                | ToldMissReason::MessagesChanged
        )
    {
        MissCause::PromptChanged
    } else if told == ToldMissReason::PreviousMessageNotFound
        || matches!(call.shock, Shock::EvictedTo(_))
    {
        MissCause::Evicted
    } else {
        MissCause::Unknown
    }
}

/// As what a call paid for tokens that it did not find: written to its tier, or fresh where nothing
/// was written.
fn paid_instead(call: &Call, tokens: i64) -> Usage {
    let none = Usage::default();
    match (call.usage.write_1h > 0, call.usage.write_5m > 0) {
        (true, _) => Usage { write_1h: tokens, ..none },
        (false, true) => Usage { write_5m: tokens, ..none },
        (false, false) => Usage { fresh: tokens, ..none },
    }
}

/// Misses summed by cause, the one of most tokens first.
#[must_use]
pub fn sum_misses_by_cause(misses: &[CacheMiss]) -> Vec<MissTotals> {
    let mut sums: Vec<MissTotals> = MissCause::NAMED
        .iter()
        .map(|(cause, _)| {
            let own: Vec<&CacheMiss> = misses.iter().filter(|miss| miss.cause == *cause).collect();
            MissTotals {
                cause: *cause,
                calls: own.len() as i64,
                tokens: own.iter().map(|miss| miss.tokens).sum(),
                cost: own.iter().try_fold(PicoUsd::default(), |sum, miss| Some(sum + miss.cost?)),
            }
        })
        .filter(|sum| sum.calls > 0)
        .collect();
    sums.sort_by_key(|sum| (-sum.tokens, sum.cause));
    sums
}

/// How far the law repeats the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawCoverage {
    /// All calls.
    pub calls: usize,
    /// Those whose billed reads the law repeats to the token.
    pub repeated: usize,
    /// Misses that the law does not expect, by cause.
    pub misses: Vec<MissTotals>,
}

impl LawCoverage {
    /// Of a recording and its misses.
    #[must_use]
    pub fn of_recording(recording: &Recording, misses: &[CacheMiss]) -> Self {
        let calls = recording.calls.iter();
        let repeated = calls.filter(|call| call.shock == Shock::None).count();
        // A call that carries no shock read what the law says, a miss or not.
        let unexpected: Vec<CacheMiss> = misses
            .iter()
            .filter(|miss| recording.calls[miss.call].shock != Shock::None)
            .copied()
            .collect();
        let misses = sum_misses_by_cause(&unexpected);
        Self { calls: recording.calls.len(), repeated, misses }
    }

    /// What the unexpected misses cost beyond reads; `None` where one has no price.
    #[must_use]
    pub fn missed_cost(&self) -> Option<PicoUsd> {
        self.misses.iter().try_fold(PicoUsd::default(), |sum, miss| Some(sum + miss.cost?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{CacheTier, CallFacts};

    fn call(told_miss: ToldMissReason) -> Call {
        Call {
            session: 0,
            model: 0,
            start_ms: 0,
            end_ms: 0,
            touched_ms: 0,
            records: 1,
            usage: Usage { read: 1_000, write_1h: 99_000, ..Usage::default() },
            output_hidden: 0,
            tier: CacheTier::OneHour,
            marks: CallMarks::empty(),
            facts: CallFacts { told_miss, ..CallFacts::default() },
            restart: ContextRestart::No,
            cut: 0,
            cache_break: CacheBreak::No,
            shock: Shock::None,
            first_block: 0,
            blocks: 0,
        }
    }

    #[test]
    fn the_first_cause_that_applies_counts() {
        let before = call(ToldMissReason::Nothing);
        let cause = |call: &Call, gap_ms| cause_of_miss(&before, call, gap_ms);
        let mut plain = call(ToldMissReason::Nothing);
        assert_eq!(cause(&plain, 0), MissCause::Unknown);
        plain.shock = Shock::EvictedTo(0);
        assert_eq!(cause(&plain, 0), MissCause::Evicted);
        let mut told = call(ToldMissReason::ToolsChanged);
        assert_eq!(cause(&told, 0), MissCause::PromptChanged);
        told.marks = CallMarks::FIRST_TOOL_LOAD | CallMarks::BEYOND_LOOKBACK;
        assert_eq!(cause(&told, 0), MissCause::FirstToolLoad);
        assert_eq!(cause(&told, 3_600_000), MissCause::Expired);
        told.restart = ContextRestart::AutoCompacted;
        assert_eq!(cause(&told, 3_600_000), MissCause::Compaction);
        assert_eq!(cause(&call(ToldMissReason::ModelChanged), 0), MissCause::Switch);
    }

    #[test]
    fn sums_are_by_cause_and_the_largest_comes_first() {
        let miss = |cause, tokens| CacheMiss { session: 0, call: 1, cause, tokens, cost: None };
        let sums = sum_misses_by_cause(&[
            miss(MissCause::Expired, 5),
            miss(MissCause::Lookback, 9),
            miss(MissCause::Expired, 6),
        ]);
        let told: Vec<_> = sums.iter().map(|sum| (sum.cause, sum.calls, sum.tokens)).collect();
        assert_eq!(told, [(MissCause::Expired, 2, 11), (MissCause::Lookback, 1, 9)]);
    }
}
