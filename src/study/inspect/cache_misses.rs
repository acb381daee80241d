//! Why calls missed the cache: each miss has one cause, from what the record tells and from the
//! rules of the law.

use crate::kinds::named_values;
use crate::price::Pricing;
use crate::recording::{
    Basis, CacheBreak, CacheTier, Call, CallMarks, ContextRestart, Recording, Session, Shock,
    ToldMissReason,
};
use crate::units::{PicoUsd, Usage};

/// A call missed if it read less than this many percent of what stood cached before it: a smaller
/// difference is a breakpoint elsewhere. Source: MODEL.md, "Cache law".
const MISSED_BELOW_PERCENT: i64 = 95;

/// A hit of an automatic cache falls short of what was cached by no more than this, tokens.
/// Source: MODEL.md, "Automatic caches": seven steps.
const STEPS_SHORT: i64 = 896;

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
        /// The harness dropped what was thought in the turn before.
        ReasoningDropped = "reasoning dropped",
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

named_values! {
    /// Who can do something about a miss: what pictures tell apart. Tables have the very cause.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum MissGroup {
        /// A wait.
        Expired = "expired",
        /// Something in the prompt or the settings was another one.
        Changed = "changed",
        /// The provider's side, which nobody can change, or nobody knows.
        Evicted = "evicted",
    }
}

impl MissCause {
    /// The group that a cause belongs to.
    #[must_use]
    pub fn group(self) -> MissGroup {
        match self {
            Self::Expired => MissGroup::Expired,
            Self::Evicted | Self::Unknown => MissGroup::Evicted,
            Self::Compaction
            | Self::Switch
            | Self::ReasoningDropped
            | Self::FirstToolLoad
            | Self::Lookback
            | Self::PromptChanged => MissGroup::Changed,
        }
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

/// The misses of a recording, in the order of its calls. Calls that nobody billed have none: what
/// a reconstruction reads is the law's and its own draw.
#[must_use]
pub fn find_cache_misses(recording: &Recording, pricing: &Pricing) -> Vec<CacheMiss> {
    let mut prices = pricing.start_resolver();
    let mut misses = Vec::new();
    for (index, session) in billed_sessions(recording) {
        // The first call of a session has nothing of its own to find.
        for at in session.call_range().skip(1) {
            let (before, call) = (&recording.calls[at - 1], &recording.calls[at]);
            let turn = recording.turn_dropped_at(at);
            let kept = turn.map(|began| recording.calls[began].cached_tokens());
            let Some((tokens, cause)) = miss_of_call(session, before, call, kept) else {
                continue;
            };
            let model = recording.model_name(call.model);
            let price = prices.resolve_price(model, call.start_ms, call.facts.modifiers);
            let row = prices.row_at(price);
            // What was paid for these tokens, less what reading them would have cost.
            let cost = (!row.is_unpriced).then(|| {
                let read = Usage { read: tokens, ..Usage::default() };
                let prices = row.prices_at(call.usage.context_tokens());
                prices.cost_of_usage(&paid_instead(call, tokens)) - prices.cost_of_usage(&read)
            });
            misses.push(CacheMiss { session: index, call: at, cause, tokens, cost });
        }
    }
    misses
}

/// The sessions whose usage was billed, with their indexes.
fn billed_sessions(recording: &Recording) -> impl Iterator<Item = (usize, &Session)> {
    let sessions = recording.sessions.iter().enumerate();
    sessions.filter(|(_, session)| session.usage_basis == Basis::Billed)
}

/// How many tokens a call did not read that stood cached, and why; `None` if it hit. `kept` is what
/// a prompt left of the entry, where one dropped the end of it.
fn miss_of_call(
    session: &Session,
    before: &Call,
    call: &Call,
    kept: Option<i64>,
) -> Option<(i64, MissCause)> {
    let lookup = session.lookup_of_call(Some(before), call);
    let prior = lookup.prior?;
    // No call can read more than its own context.
    let cached = prior.cached.min(lookup.context);
    let read = call.usage.read;
    if !misses_most_of(read, cached) {
        return None;
    }
    let cause = match kept {
        // All that was left was found: the rest is what the harness dropped.
        Some(kept) if !misses_most_of(read, kept.min(cached)) => MissCause::ReasoningDropped,
        _ => cause_of_miss(before, call, prior.gap_ms),
    };
    Some((cached - read, cause))
}

/// Whether so little was read of what stood cached that the call missed it.
fn misses_most_of(read: i64, cached: i64) -> bool {
    read * 100 < cached * MISSED_BELOW_PERCENT
}

/// Why a call misses in a replay, after the wait that it then has: what its record tells counts as
/// long as the call is made.
#[must_use]
pub(crate) fn cause_of_replayed_miss(recording: &Recording, at: usize, gap_ms: i64) -> MissCause {
    let session = &recording.sessions[recording.calls[at].session as usize];
    let call = &recording.calls[at];
    // The first call of a session has nothing before it that it could miss.
    let Some(before) = at.checked_sub(1).filter(|_| at > session.first_call as usize) else {
        return MissCause::Unknown;
    };
    let before = &recording.calls[before];
    let turn = recording.turn_dropped_at(at);
    let kept = turn.map(|began| recording.calls[began].cached_tokens());
    // What a prompt drops does not hang on the wait; every other cause is asked with the new one.
    match miss_of_call(session, before, call, kept) {
        Some((_, MissCause::ReasoningDropped)) => MissCause::ReasoningDropped,
        _ => cause_of_miss(before, call, gap_ms),
    }
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

/// Whether the law repeats the read of a call. An automatic cache is looked up in steps, of which
/// some of the last may be missing.
fn is_repeated(call: &Call) -> bool {
    match call.shock {
        Shock::None => true,
        Shock::Shift(by) => call.tier == CacheTier::Automatic && by.abs() <= STEPS_SHORT,
        _ => false,
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
                // One miss without a price leaves the sum of its cause without one.
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
    /// All billed calls.
    pub calls: usize,
    /// Those whose billed reads the law repeats to the token.
    pub repeated: usize,
    /// Misses that the law does not expect, by cause.
    pub misses: Vec<MissTotals>,
}

impl LawCoverage {
    /// Of a recording and its misses; `None` without a billed call.
    #[must_use]
    pub fn of_recording(recording: &Recording, misses: &[CacheMiss]) -> Option<Self> {
        let billed = billed_sessions(recording).flat_map(|(_, session)| session.call_range());
        let billed: Vec<&Call> = billed.map(|at| &recording.calls[at]).collect();
        let calls = Some(billed.len()).filter(|calls| *calls > 0)?;
        let repeated = billed.iter().filter(|call| is_repeated(call)).count();
        // What a prompt drops is known to be lost: the law repeats that, whatever shock stands for
        // it in a replay.
        let others = misses.iter().filter(|miss| !is_repeated(&recording.calls[miss.call]));
        let (dropped, unexpected): (Vec<CacheMiss>, Vec<CacheMiss>) =
            others.copied().partition(|miss| miss.cause == MissCause::ReasoningDropped);
        let repeated = repeated + dropped.len();
        let misses = sum_misses_by_cause(&unexpected);
        Some(Self { calls, repeated, misses })
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
    use crate::reconstruct;
    use crate::recording::CallFacts;

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
    fn a_reconstruction_has_no_billed_misses() {
        let reported = reconstruct::builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct::reconstruct(&reported, reconstruct::Lens::Message).expect("fits");
        let mut recording = fit.recording;
        let call = &mut recording.calls[5];
        (call.usage.read, call.usage.write_5m) = (0, call.usage.read);
        assert!(find_cache_misses(&recording, &Pricing::embedded()).is_empty());
        assert_eq!(LawCoverage::of_recording(&recording, &[]), None);
        // In a bill the same would be a miss.
        recording.sessions.iter_mut().for_each(|one| one.usage_basis = Basis::Billed);
        assert!(!find_cache_misses(&recording, &Pricing::embedded()).is_empty());
        let law = LawCoverage::of_recording(&recording, &[]).expect("billed calls");
        assert_eq!(law.calls, recording.calls.len());
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
