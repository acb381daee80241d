//! Rules, chains, models and prefixes computed by hand: what a saving costs elsewhere must show.
//!
//! Prices are those of `claude-opus-5-5`, in millionths of a dollar a token: read 0.2, written for
//! five minutes 5, for an hour 8, output 20.

use crate::generated::compile;
use crate::small::{MODEL, block, call, made, record, record_on, restarted, session};
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{
    ClearingRule, CompactionRule, Patch, ResumedSession, SessionRules, WarmingRule,
};
use windtunnel::recording::BlockKind::{Summary, System, Text, ToolInput, ToolResult, User};
use windtunnel::recording::{
    CacheBreak, CacheTier, CallMarks, ContextRestart, RawCall, Recording, RecordingBuilder,
};
use windtunnel::replay::{replay_plan, tally_outcome};
use windtunnel::study::inspect::cache_misses::MissCause;
use windtunnel::study::inspect::call_contexts::{CallContext, ContextLoss, contexts_by_session};
use windtunnel::units::Usage;

/// One millionth of a dollar, in pico-dollars.
const MICRO: i128 = 1_000_000;

/// Pico-dollars that a patch saves.
fn saved(recording: &Recording, patch: &Patch) -> i128 {
    let plan = compile(recording, std::slice::from_ref(patch));
    let cost = |subset| tally_outcome(&plan, &replay_plan(&plan, subset)).recorded.0;
    cost(0) - cost(1)
}

/// Tokens read and written without and with a patch.
fn read_and_written(recording: &Recording, patch: &Patch) -> [(i64, i64); 2] {
    let plan = compile(recording, std::slice::from_ref(patch));
    [0, 1].map(|subset| {
        let usage = replay_plan(&plan, subset).total_usage();
        (usage.read, usage.write_tokens())
    })
}

fn rules(rules: SessionRules) -> Patch {
    Patch { session_rules: vec![(0, rules)], ..Patch::default() }
}

/// A session of calls that read everything before and add a result and a tool use of 100: (start
/// in seconds, result).
fn steps(start: i64, steps: &[(i64, i64)]) -> Vec<RawCall> {
    let mut context = start;
    let first = call(0, start, 0, &[], &[(ToolInput, 100)]);
    let later = steps.iter().map(|&(start_s, result)| {
        let before = context;
        context += 100 + result;
        call(start_s, context, before, &[(ToolResult, result)], &[(ToolInput, 100)])
    });
    std::iter::once(first).chain(later).collect()
}

/// A test run started in the background and six polls, a minute apart, then a call that goes on.
fn six_minutes_of_polls(tier: CacheTier) -> Recording {
    let minutes: Vec<(i64, i64)> = (1..8).map(|minute| (60 * minute, 200)).collect();
    let mut calls = steps(20_000, &minutes);
    for (at, call) in calls.iter_mut().enumerate() {
        if (1..=6).contains(&at) {
            call.marks = CallMarks::POLL;
        }
        call.inputs.iter_mut().for_each(|result| result.peer = Some((at as u32 - 1, 0)));
    }
    record_on(MODEL, tier, calls)
}

fn r7(recording: &Recording) -> Patch {
    let r7 = intervene::find_by_id("R7").expect("registered");
    let mut params = ToggleParams::modes_of_card(r7.card());
    assert!(params.set_value("compliance", 10_000));
    let patch = r7.build_patch(recording, &params);
    assert_eq!((patch.found_places, patch.dropped_calls.len()), (6, 5));
    patch
}

#[test]
fn r7_opens_a_gap_that_re_writes_the_context_once_on_the_short_cache() {
    let recording = six_minutes_of_polls(CacheTier::FiveMinutes);
    let patch = r7(&recording);
    let want = vec![
        (0, 0, 0, 20_000, 100),
        // The last poll stays. 20,000 + 100 + 200, six minutes after the touch.
        (360, 0, 0, 20_300, 100),
        (420, 0, 20_300, 300, 100),
    ];
    assert_eq!(made(&recording, std::slice::from_ref(&patch)), want);
    // Without: 20,000 + 20,300 + .. + 21,800 = 7 x 20,000 + 300 x 21; 20,000 + 7 x 300.
    assert_eq!(read_and_written(&recording, &patch), [(146_300, 22_100), (20_300, 40_600)]);
    // 126,000 x 0.2 + 5 x 100 x 20 = 35,200 saved, 18,500 x 5 = 92,500 spent.
    assert_eq!(saved(&recording, &patch), -57_300 * MICRO);
}

#[test]
fn r7_re_writes_nothing_on_the_long_cache() {
    let recording = six_minutes_of_polls(CacheTier::OneHour);
    let patch = r7(&recording);
    let want = vec![(0, 0, 0, 20_000, 100), (360, 0, 20_000, 300, 100), (420, 0, 20_300, 300, 100)];
    assert_eq!(made(&recording, std::slice::from_ref(&patch)), want);
    assert_eq!(read_and_written(&recording, &patch), [(146_300, 22_100), (40_300, 20_600)]);
    // 106,000 x 0.2 + 1,500 x 8 + 500 x 20.
    assert_eq!(saved(&recording, &patch), 43_200 * MICRO);
}

#[test]
fn clearing_re_writes_what_stands_behind_the_first_cleared_result() {
    let results = [(10, 5_000), (20, 4_000), (30, 3_000), (40, 2_000), (50, 500)];
    let recording = record(steps(20_000, &results));
    let clearing = ClearingRule { trigger: 34_400, keep: 2, at_least: 0, stub: 10 };
    let of = |clearing| rules(SessionRules { clearing: Some(clearing), ..SessionRules::default() });
    let want = vec![
        (0, 0, 0, 20_000, 100),
        (10, 0, 20_000, 5_100, 100),
        (20, 0, 25_100, 4_100, 100),
        (30, 0, 29_200, 3_100, 100),
        // 34,400 would stand. 2,000 come in, 3,000 stay, 5,000 and 4,000 become 10 each. They
        // begin at 20,100; behind: 10 + 100 + 10 + 100 + 3,000 + 100 + 2,000.
        (40, 0, 20_100, 5_320, 100),
        (50, 0, 25_420, 600, 100),
    ];
    assert_eq!(made(&recording, &[of(clearing)]), want);
    // Without: 32,300 read and 2,100 written, then 34,400 and 600.
    // 12,200 + 8,980 fewer reads, 3,220 more writes.
    assert_eq!(saved(&recording, &of(clearing)), (21_180 / 5 - 3_220 * 5) * MICRO);
    // The last call could clear 3,000 too: 12,000 - 30. It makes 35,000 without.
    let worth_more = ClearingRule { at_least: 11_971, ..clearing };
    assert_eq!(saved(&recording, &of(worth_more)), 0);
    let later = ClearingRule { trigger: 35_001, ..clearing };
    assert_eq!(saved(&recording, &of(later)), 0);
}

/// Session A leaves a history of 60,000, its closing output of 100 included; session B starts
/// `pause_s` after A's touch with a bootstrap of 20,000, a prompt of 300 and `calls` calls.
fn chain(calls: i64, pause_s: i64) -> (Recording, Patch) {
    let mut builder = RecordingBuilder::new("chain", "test");
    builder.push_session(session(&[MODEL], vec![call(0, 59_900, 0, &[], &[(Text, 100)])]));
    let mut of_b: Vec<RawCall> = (0..calls)
        .map(|at| {
            // The touch of A is its end, at 5 s.
            let (start_s, context) = (5 + pause_s + 10 * at, 20_300 + 300 * at);
            let (read, kind, new) = match at {
                0 => (0, User, 300),
                _ => (context - 300, ToolResult, 200),
            };
            call(start_s, context, read, &[(kind, new)], &[(ToolInput, 100)])
        })
        .collect();
    of_b[0].usage.read = 0;
    builder.push_session(session(&[MODEL], of_b));
    let recording = builder.finish();
    let bootstrap = block(&recording, System, 20_000);
    let resumed = vec![ResumedSession { session: 1, from: 0 }];
    (
        recording,
        Patch { resumed_sessions: resumed, dropped_blocks: vec![bootstrap], ..Patch::default() },
    )
}

#[test]
fn a_resumed_session_pays_for_its_history_with_every_call() {
    // With r and w the prices of a read and of a write, b the bootstrap saved, h the history, o of
    // it not cached yet, and n calls: B alone writes b where the resumed one reads h - o and
    // writes o; each of its n - 1 later calls reads h instead of b. Saved:
    //     w (b - o) - r (h - o) - r (n - 1) (h - b)
    // which is 0 at n = 1 + (w (b - o) - r (h - o)) / (r (h - b))
    //     = 1 + (5 x 19,900 - 0.2 x 59,900) / (0.2 x 40,000) = 11.94
    let (b, h, o) = (20_000, 60_000, 100);
    for n in 1..=20 {
        let (recording, patch) = chain(n, 60);
        let formula = 5 * (b - o) - (h - o) / 5 - i128::from(n - 1) * (h - b) / 5;
        assert_eq!(saved(&recording, &patch), formula * MICRO, "{n} calls");
        assert_eq!(formula > 0, n <= 11, "{n} calls");
    }
    // Nearly even at both sides.
    assert_eq!(saved(&chain(11, 60).0, &chain(11, 60).1), 7_520 * MICRO);
    assert_eq!(saved(&chain(12, 60).0, &chain(12, 60).1), -480 * MICRO);
}

#[test]
fn a_late_resume_re_writes_the_whole_history() {
    let (recording, patch) = chain(2, 299);
    let of_b = |rows: Vec<_>| rows[1..].to_vec();
    let live = vec![(304, 0, 59_900, 400, 100), (314, 0, 60_300, 300, 100)];
    assert_eq!(of_b(made(&recording, &[patch])), live);
    let (recording, patch) = chain(2, 300);
    // 60,000 + 300, all of it; the bootstrap would have been 20,300.
    let late = vec![(305, 0, 0, 60_300, 100), (315, 0, 60_300, 300, 100)];
    assert_eq!(of_b(made(&recording, std::slice::from_ref(&patch))), late);
    // 40,000 more written, and read once.
    assert_eq!(saved(&recording, &patch), -(40_000 * 5 + 40_000 / 5) * MICRO);
}

#[test]
fn an_hour_costs_more_to_write_and_saves_a_re_write() {
    let patch = rules(SessionRules { tier: Some(CacheTier::OneHour), ..SessionRules::default() });
    // After ten minutes the short cache has lost everything.
    let mut pause = steps(20_000, &[(600, 200), (620, 200)]);
    pause[1].usage = Usage { read: 0, write_5m: 20_300, output: 100, ..Usage::default() };
    let recording = record(pause);
    assert_eq!(read_and_written(&recording, &patch), [(20_300, 40_600), (40_300, 20_600)]);
    // 40,600 x 5 - 20,600 x 8, less 20,000 x 0.2.
    assert_eq!(saved(&recording, &patch), 34_200 * MICRO);
    // Without the pause the longer life is bought in vain: 20,600 x 3.
    let recording = record(steps(20_000, &[(10, 200), (20, 200)]));
    assert_eq!(saved(&recording, &patch), -61_800 * MICRO);
}

/// Two calls, the second one so many seconds after the first, on the five-minute cache.
fn wait(seconds: i64) -> Recording {
    let mut calls = steps(20_000, &[(seconds, 200)]);
    calls[1].usage = Usage { read: 0, write_5m: 20_300, output: 100, ..Usage::default() };
    record(calls)
}

#[test]
fn a_cache_kept_warm_costs_a_read_every_four_minutes() {
    let warm = |most| {
        let warming = Some(WarmingRule { most, ahead_ms: 60_000 });
        rules(SessionRules { warming, ..SessionRules::default() })
    };
    let ping = |start_s| (start_s, 0, 20_000, 0, 0);
    // 720 s + 300 s are more than 840 s, 480 s + 300 s are not.
    let want =
        vec![(0, 0, 0, 20_000, 100), ping(240), ping(480), ping(720), (840, 0, 20_000, 300, 100)];
    assert_eq!(made(&wait(840), &[warm(3)]), want);
    // Four reads of 20,000 for one write.
    assert_eq!(saved(&wait(840), &warm(3)), (20_000 * 5 - 4 * 20_000 / 5) * MICRO);
    // Two calls do not bridge it: they are paid, and so is the re-write.
    let want = vec![(0, 0, 0, 20_000, 100), ping(240), ping(480), (840, 0, 0, 20_300, 100)];
    assert_eq!(made(&wait(840), &[warm(2)]), want);
    assert_eq!(saved(&wait(840), &warm(2)), -2 * 20_000 / 5 * MICRO);
    // k calls and a read for one write: even at k = 5 / 0.2 - 1 = 24; k are needed from
    // 300 + 240 (k - 1) seconds on.
    for (k, want) in [(23, 4_000), (24, 0), (25, -4_000)] {
        let recording = wait(300 + 240 * (k - 1));
        assert_eq!(saved(&recording, &warm(99)), want * MICRO, "{k} calls");
        assert_eq!(made(&recording, &[warm(99)]).len() as i64, 2 + k);
    }
}

#[test]
fn a_compaction_pays_for_its_call_before_it_saves() {
    let compaction = CompactionRule { threshold: 32_300, output: 1_000, left: 2_000 };
    let patch = rules(SessionRules { compaction: Some(compaction), ..SessionRules::default() });
    let recording = |later: i64| {
        let mut results = vec![(10, 8_000), (20, 4_000)];
        results.extend((0..=later).map(|at| (30 + 10 * at, 200)));
        record(steps(20_000, &results))
    };
    let want = vec![
        (0, 0, 0, 20_000, 100),
        (10, 0, 20_000, 8_100, 100),
        (20, 0, 28_100, 4_100, 100),
        // 32,300 stand: they are read but for the last output, and summed up.
        (30, 0, 32_200, 100, 1_000),
        // The static prefix of 15,000, the 2,000 that are left, and 200.
        (30, 0, 15_000, 2_200, 100),
        (40, 0, 17_200, 300, 100),
    ];
    assert_eq!(made(&recording(1), std::slice::from_ref(&patch)), want);
    // The call: 32,200 x 0.2 + 100 x 5 + 1,000 x 20 = 26,940. The next: 17,200 fewer reads, 1,900
    // more writes: 6,060. Each later one reads 15,300 less: 3,060; eleven of them pay for it.
    for later in [0, 1, 10, 11] {
        let want = 3_060 * i128::from(later) - 33_000;
        assert_eq!(saved(&recording(later), &patch), want * MICRO, "{later} later calls");
        assert_eq!(want > 0, later > 10);
    }
    // Not reached: 20,100, 28,200 and at last 32,300 stood before a call.
    let late = CompactionRule { threshold: 32_301, ..compaction };
    let patch = rules(SessionRules { compaction: Some(late), ..SessionRules::default() });
    assert_eq!(saved(&recording(0), &patch), 0);
}

#[test]
fn another_model_counts_and_prices_otherwise() {
    let on_haiku = |session| (session, "claude-haiku-5-5".to_owned());
    let usage = |fresh, read, write_5m, output| RawCall {
        usage: Usage { fresh, read, write_5m, write_1h: 0, output },
        ..call(0, 0, 0, &[], &[])
    };
    let mut second = usage(3, 20_000, 301, 50);
    (second.start_ms, second.end_ms) = (10_000, 15_000);
    let mut first = usage(3, 0, 20_000, 101);
    first.outputs = call(0, 0, 0, &[], &[(ToolInput, 101)]).outputs;
    let recording = record_on("claude-opus-4-6", CacheTier::FiveMinutes, vec![first, second]);
    let patch = Patch { remodelled_sessions: vec![on_haiku(0)], ..Patch::default() };
    let plan = compile(&recording, std::slice::from_ref(&patch));
    // 13 new tokens for 10 old ones, each class of each call rounded for itself.
    // 3.9, 26,000 and 131.3; 3.9, 26,000, 391.3 and 65.
    let want = vec![(0, 4, 0, 26_000, 131), (10, 4, 26_000, 391, 65)];
    assert_eq!(made(&recording, &[patch]), want);
    // fresh 0.1, read 0.01, written 0.125, output 0.5:
    //   8 x 0.1 + 26,000 x 0.01 + 26,391 x 0.125 + 196 x 0.5 = 3,657.675
    assert_eq!(
        tally_outcome(&plan, &replay_plan(&plan, 1)).recorded.exact_decimal(),
        "0.003657675000"
    );
    // claude-opus-4-6, fresh 5, read 0.5, written 6.25, output 25:
    //   6 x 5 + 20,000 x 0.5 + 20,301 x 6.25 + 151 x 25 = 140,686.25
    assert_eq!(
        tally_outcome(&plan, &replay_plan(&plan, 0)).recorded.exact_decimal(),
        "0.140686250000"
    );
    // 76,923 are 99,999.9, in the band up to 100,000; 76,924 are 100,001.2, five times dearer.
    for (tokens, want) in [(76_923, "0.012500000000"), (76_924, "0.062500625000")] {
        let calls = vec![usage(0, 0, tokens, 0)];
        let recording = record_on("claude-opus-4-6", CacheTier::FiveMinutes, calls);
        let patch = Patch { remodelled_sessions: vec![on_haiku(0)], ..Patch::default() };
        let plan = compile(&recording, &[patch]);
        assert_eq!(tally_outcome(&plan, &replay_plan(&plan, 1)).recorded.exact_decimal(), want);
    }
}

#[test]
fn a_leaner_prefix_is_carried_by_no_call_and_survives_smaller() {
    let by_hand = call(20, 21_000, 15_000, &[(Summary, 3_000)], &[(Text, 9)]);
    let recording = record(vec![
        call(0, 20_000, 0, &[(User, 2_000)], &[(ToolInput, 100)]),
        call(10, 20_300, 20_000, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        restarted(ContextRestart::ManualCompacted, by_hand),
    ]);
    let leaner = |less| Patch { leaner_sessions: vec![(0, less)], ..Patch::default() };
    let want = vec![
        // 18,000 - 4,000 + 2,000.
        (0, 0, 0, 16_000, 100),
        (10, 0, 16_000, 300, 100),
        // 14,000 + 3,000, of which 15,000 - 4,000 survive.
        (20, 0, 11_000, 6_000, 9),
    ];
    assert_eq!(made(&recording, &[leaner(4_000)]), want);
    // Two reads of 4,000 less, and one write.
    assert_eq!(saved(&recording, &leaner(4_000)), (2 * 4_000 / 5 + 4_000 * 5) * MICRO);
    // There are 18,000 to take, and 15,000 to survive.
    let want = vec![(0, 0, 0, 2_000, 100), (10, 0, 2_000, 300, 100), (20, 0, 0, 3_000, 9)];
    assert_eq!(made(&recording, &[leaner(99_000)]), want);
}

#[test]
fn a_larger_prefix_is_read_by_every_call_and_survives_larger() {
    let by_hand = call(20, 21_000, 15_000, &[(Summary, 3_000)], &[(Text, 9)]);
    let recording = record(vec![
        call(0, 20_000, 0, &[(User, 2_000)], &[(ToolInput, 100)]),
        call(10, 20_300, 20_000, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        restarted(ContextRestart::ManualCompacted, by_hand),
    ]);
    let larger = |more: i64| Patch { leaner_sessions: vec![(0, -more)], ..Patch::default() };
    let want = vec![
        // 20,000 + 4,000.
        (0, 0, 0, 24_000, 100),
        (10, 0, 24_000, 300, 100),
        // 18,000 + 4,000 + 3,000, of which 15,000 + 4,000 survive.
        (20, 0, 19_000, 6_000, 9),
    ];
    assert_eq!(made(&recording, &[larger(4_000)]), want);
    // What a leaner prefix saves a larger one costs: two reads and one write.
    assert_eq!(saved(&recording, &larger(4_000)), -(2 * 4_000 / 5 + 4_000 * 5) * MICRO);
    // Of a larger and a smaller one the smaller counts, in any order.
    let leaner = Patch { leaner_sessions: vec![(0, 4_000)], ..Patch::default() };
    let both = [larger(4_000), leaner.clone()];
    assert_eq!(made(&recording, &both), made(&recording, std::slice::from_ref(&leaner)));
    assert_eq!(made(&recording, &[leaner.clone(), larger(4_000)]), made(&recording, &[leaner]));
}

/// The causes of the misses of the first session, under some toggles.
fn causes(recording: &Recording, ids: &[&str]) -> Vec<MissCause> {
    let patches: Vec<Patch> = ids
        .iter()
        .map(|id| {
            let toggle = intervene::find_by_id(id).expect("a toggle");
            toggle.build_patch(recording, &ToggleParams::modes_of_card(toggle.card()))
        })
        .collect();
    let plan = compile(recording, &patches);
    let calls = contexts_by_session(recording, &plan, (1 << ids.len()) - 1).remove(0);
    let cause = |call: CallContext| match call.loss {
        ContextLoss::Missed(cause) => Some(cause),
        ContextLoss::No | ContextLoss::Compacted => None,
    };
    calls.into_iter().filter_map(cause).collect()
}

#[test]
fn a_toggle_that_removes_a_cause_removes_its_misses() {
    // Each call adds 2,000 tokens. The second reads nothing after six minutes, the third the static
    // prefix because its effort was switched, the fourth the same because the provider lost it.
    let step = |start_s: i64, context: i64, read: i64| {
        call(start_s, context, read, &[(ToolResult, 1_900)], &[(ToolInput, 100)])
    };
    let mut calls = vec![
        call(0, 30_000, 15_000, &[], &[(ToolInput, 100)]),
        step(360, 32_000, 0),
        step(400, 34_000, 15_000),
        step(440, 36_000, 15_000),
        step(480, 38_000, 36_000),
    ];
    calls[2].cache_break = CacheBreak::ToStatic;
    calls[2].marks = CallMarks::EFFORT_SWITCH;
    let recording = record(calls);
    use MissCause::{Evicted, Expired, Switch};
    assert_eq!(causes(&recording, &[]), [Expired, Switch, Evicted]);
    // No switches; an hour instead of five minutes; both; kept warm across the wait.
    assert_eq!(causes(&recording, &["G11"]), [Expired, Evicted]);
    assert_eq!(causes(&recording, &["G1"]), [Switch, Evicted]);
    assert_eq!(causes(&recording, &["G1", "G11"]), [Evicted]);
    assert_eq!(causes(&recording, &["G13"]), [Switch, Evicted]);
}
