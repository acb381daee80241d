//! G13: Ping the cache during waits.
//!
//! What: while a session waits for a person or a long command, a request that writes nothing
//! (`max_tokens: 0`) reads its cache shortly before it would end.
//!
//! Why it should pay: a read of the context costs a tenth or less of writing it again.
//!
//! Formula: a wait of g on a tier of lifetime L takes k = the number of requests, each L - a after
//! the last touch (a = `ahead_ms`), up to `most`: cost k x C reads. If they bridge the wait, C
//! tokens are read that would have been written. With w and r the prices of a write and a read the
//! break-even is at k = w / r - 1: 11.5 requests on five minutes (w = 1.25, r = 0.1 of input), so
//! 55 minutes; 19 on one hour.
//!
//! Which sessions count: those with a wait that is longer than the lifetime and short enough to be
//! bridged, behind which the recorded cache was lost, and by nothing else.
//!
//! Source: the provider's prompt-caching page (pre-warming, lifetime starts over with a hit),
//! 2026-08-22. Keeping caches across a person's pauses would have saved 12.8 % of the cost of
//! 4,265 sessions (TraceLab, arXiv 2606.30560).
//!
//! Lies: nobody knows in advance how long a wait will be, so the waits that are longer than
//! `most` requests can bridge pay for them in vain, and the end of a session pays nothing although
//! it looks like a wait. No harness is known to do it.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams, support,
};
use crate::plan::{Patch, SessionRules, WarmingRule};
use crate::recording::{CacheBreak, Recording, Shock};

/// Warm cache.
pub static G13: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G13",
    title: "Ping the cache during waits",
    source: "provider's prompt-caching page, 2026-08-22; TraceLab, arXiv 2606.30560",
    knob: "a proxy or hook that sends max_tokens: 0 with the same prefix",
    grade: BuildGrade { effort: 3, risk: 1 },
    params: &[
        ParamSpec {
            key: "ahead_ms",
            unit: ParamUnit::Milliseconds,
            low: 10_000,
            mode: 30_000,
            high: 60_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "how long before the end of the lifetime a request is sent",
            source: "last hit at 299.9 s of 300; the rest is for the way; judgement, 2026-11",
        },
        ParamSpec {
            key: "most",
            unit: ParamUnit::Count,
            low: 1,
            mode: 6,
            high: 11,
            asked: false,
            confidence: Confidence::Judgement,
            what: "requests in one wait, at most",
            source: "high: break-even on five minutes; mode: half an hour; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let warming = WarmingRule { ahead_ms: params.get("ahead_ms"), most: params.get("most") };
    for (index, session) in support::sessions_with_calls(recording) {
        // What stands before the first call of a session is no wait of it.
        let waits = session
            .call_range()
            .skip(1)
            .filter(|&at| is_bridgeable_wait(recording, at - 1, &warming));
        let waits = waits.count() as u32;
        if waits > 0 {
            patch.found_places += waits;
            // The rule holds for the whole session: nobody knows in advance how long a wait will
            // be, so those that are too long pay for their requests as well.
            let rules = SessionRules { warming: Some(warming), ..SessionRules::default() };
            patch.session_rules.push((index, rules));
        }
    }
    patch
}

/// Whether the wait behind a call lost its cache, and requests could have kept it.
fn is_bridgeable_wait(recording: &Recording, at: usize, warming: &WarmingRule) -> bool {
    let ttl_ms = recording.calls[at].tier.ttl_ms();
    // Each request carries the entry on by the lifetime less the head start. Calls without a tier
    // have no lifetime, and nothing to keep.
    let step_ms = (ttl_ms - warming.ahead_ms).max(0);
    let gap_ms = support::gap_ms_after_call(recording, at);
    let next = &recording.calls[at + 1];
    // A cache that outlived its lifetime, as some did, needed no request.
    let lost = !matches!(next.shock, Shock::Survived(_));
    // Where something else broke the cache as well, warmth would not have kept it.
    let alone = support::context_goes_on(recording, at + 1) && next.cache_break == CacheBreak::No;
    // From the moment at which the entry ends up to where the last allowed request still reaches.
    (ttl_ms.max(1)..ttl_ms + warming.most * step_ms).contains(&gap_ms) && lost && alone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, most: i64, found: u32) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("most", most));
        let patch =
            G13.build_patch(&support::test_recordings::recording_from_lines(&[line]), &params);
        assert_eq!(
            (patch.found_places, patch.session_rules.len()),
            (found, usize::from(found > 0)),
            "{line}"
        );
    }

    #[test]
    fn a_wait_counts_if_it_can_be_bridged() {
        // A call with a tool use ages from its start; one request reaches 300 + 270 seconds.
        check("R1 @299/R2 -", 1, 0);
        check("R1 @300/R2 -", 1, 1);
        check("R1 @569/R2 @400/R3 -", 1, 2);
        check("R1 @570/R2 -", 1, 0);
        check("R1 @570/R2 -", 2, 1);
        check("tier=1h R1 @570/R2 @4000/-", 1, 1);
    }

    #[test]
    fn a_cache_lost_for_another_reason_cannot_be_kept() {
        check("R1 @400/!R2 -", 1, 0);
        check("R1 @400/~R2 -", 1, 0);
        check("R1 @400/*R2 -", 1, 0);
    }

    #[test]
    fn no_request_keeps_nothing() {
        check("R1 @400/R2 -", 0, 0);
    }
}
