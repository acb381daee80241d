//! Scenarios computed by hand, with the arithmetic beside the numbers.

use crate::generated::compile;
use crate::small::{
    MODEL, block, call, contexts, drop_call, insert, made, record, record_on, replace, restarted,
    session,
};
use windtunnel::plan::{CompactionRule, DroppedCall, Patch, SessionRules};
use windtunnel::recording::BlockKind::{self, Text, ToolInput, ToolResult, User};
use windtunnel::recording::{
    CacheBreak, CacheTier, ContextRestart, RawBlock, RawCall, Recording, RecordingBuilder, format,
};
use windtunnel::replay::{replay_plan, tally_outcome};
use windtunnel::units::{PicoUsd, Usage};

/// A test run and six looks at it, a minute apart, then a call that goes on:
/// each adds a tool use of 100 tokens and its result of 200 to the 20,000 at the start.
fn polls(tier: CacheTier) -> (Recording, Patch) {
    let calls = (0..8).map(|k| {
        let context = 20_000 + 300 * k;
        let read = if k == 0 { 0 } else { context - 300 };
        let inputs: &[_] = if k == 0 { &[] } else { &[(ToolResult, 200)] };
        call(60 * k, context, read, inputs, &[(ToolInput, 100)])
    });
    let recording = record_on(MODEL, tier, calls.collect());
    // Polls 1 to 5 go with their tool uses; their results are inputs of calls 2 to 6.
    let mut patch = Patch::default();
    for poll in 1..=5 {
        patch.dropped_calls.push(DroppedCall { call: poll, frees_time: false });
    }
    for (index, block) in recording.blocks.iter().enumerate() {
        let said = block.kind == ToolInput && (1..=5).contains(&block.call);
        let seen = block.kind == ToolResult && (2..=6).contains(&block.call);
        if said || seen {
            patch.dropped_blocks.push(index as u32);
        }
    }
    (recording, patch)
}

#[test]
fn dropped_polls_open_a_gap_that_costs_one_rewrite_on_the_short_cache() {
    let (recording, patch) = polls(CacheTier::FiveMinutes);
    // Reads: 20,000 + 20,300 + .. + 21,800 = 7 x 20,000 + 300 x 21. Writes: 20,000 + 7 x 300.
    let recorded = recording.total_usage();
    assert_eq!((recorded.read, recorded.write_5m), (146_300, 22_100));
    let want = vec![
        (0, 0, 0, 20_000, 100),
        // 20,000 + 100 + the result of the run, 200; six minutes after the touch: all re-written.
        (360, 0, 0, 20_300, 100),
        (420, 0, 20_300, 300, 100),
    ];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn dropped_polls_cost_nothing_on_the_long_cache() {
    let (recording, patch) = polls(CacheTier::OneHour);
    let want = vec![(0, 0, 0, 20_000, 100), (360, 0, 20_000, 300, 100), (420, 0, 20_300, 300, 100)];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn dropped_polls_that_free_their_time_open_no_gap() {
    let (recording, mut patch) = polls(CacheTier::FiveMinutes);
    patch.dropped_calls.iter_mut().for_each(|dropped| dropped.frees_time = true);
    // Five waits of 60 s go: what came at 360 s comes at 60 s.
    let want = vec![(0, 0, 0, 20_000, 100), (60, 0, 20_000, 300, 100), (120, 0, 20_300, 300, 100)];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn dropped_prose_saves_its_output_once_and_its_context_ever_after() {
    let recording = record(vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        call(10, 20_300, 20_000, &[(ToolResult, 200)], &[(Text, 70), (ToolInput, 30)]),
        call(20, 20_600, 20_300, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(30, 20_900, 20_600, &[(ToolResult, 200)], &[(Text, 50)]),
    ]);
    let patch = Patch { dropped_blocks: vec![block(&recording, Text, 70)], ..Patch::default() };
    let want = vec![
        (0, 0, 0, 20_000, 100),
        (10, 0, 20_000, 300, 30),
        // 20,300 + 30 + 200: 70 less, and 70 less is written.
        (20, 0, 20_300, 230, 100),
        (30, 0, 20_530, 300, 50),
    ];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn of_two_sizes_for_one_block_the_smallest_wins() {
    let recording = record(vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        call(10, 24_100, 20_000, &[(ToolResult, 4_000)], &[(Text, 10)]),
    ]);
    let result = block(&recording, ToolResult, 4_000);
    let (small, smaller) = (replace(result, 900), replace(result, 300));
    let gone = Patch { dropped_blocks: vec![result], ..Patch::default() };
    let plan = compile(&recording, &[small, smaller, gone]);
    // 20,000 + 100 + what is left of the result.
    for (subset, context) in
        [(0, 24_100), (1, 21_000), (2, 20_400), (3, 20_400), (4, 20_100), (7, 20_100)]
    {
        assert_eq!(replay_plan(&plan, subset).peak_context, context, "{subset:b}");
    }
}

/// Two calls a minute apart, with room for a call between them.
fn pair(tier: CacheTier) -> Recording {
    let calls = vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        call(60, 20_300, 20_000, &[(ToolResult, 200)], &[(Text, 50)]),
    ];
    record_on(MODEL, tier, calls)
}

#[test]
fn an_inserted_call_pays_its_context_once_and_makes_the_next_one_late() {
    let patch = insert(0, 5_000, 40, 600);
    let want = |last| {
        let inserted = (5, 0, 20_000, 100 + 5_000, 40);
        vec![(0, 0, 0, 20_000, 100), inserted, last]
    };
    // It starts at the end of the first, 5 s; ten minutes later the short cache has expired.
    // 25,100 + 40 + 200 = 25,340.
    let short = made(&pair(CacheTier::FiveMinutes), std::slice::from_ref(&patch));
    assert_eq!(short, want((660, 0, 0, 25_340, 50)));
    let long = made(&pair(CacheTier::OneHour), &[patch]);
    assert_eq!(long, want((660, 0, 25_100, 240, 50)));
}

#[test]
fn calls_inserted_at_one_place_come_in_one_order() {
    let recording = pair(CacheTier::OneHour);
    let (large, small) = (insert(0, 5_000, 40, 1), insert(0, 10, 5, 1));
    // The small one first: 20,000 + 100 + 10, + 5 + 5,000, + 40 + 200.
    let want = vec![20_000, 20_110, 25_115, 25_355];
    assert_eq!(contexts(&recording, &[large.clone(), small.clone()]), want);
    assert_eq!(contexts(&recording, &[small, large]), want);
}

#[test]
fn a_call_inserted_where_time_is_saved_does_not_start_in_the_past() {
    let calls = vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        call(20, 20_300, 20_000, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(1_000, 20_600, 20_300, &[(ToolResult, 200)], &[(Text, 50)]),
    ];
    let recording = record_on(MODEL, CacheTier::OneHour, calls);
    let starts =
        |patches: &[Patch]| made(&recording, patches).iter().map(|row| row.0).collect::<Vec<_>>();
    // In place of the dropped call; the next one follows its ten seconds.
    assert_eq!(starts(&[drop_call(1, true), insert(1, 10, 10, 10)]), [0, 20, 30]);
    // 900 of the 975 idle seconds go: the inserted call comes at the end of the call, 25 s.
    let saved = Patch { saved_ms: vec![(1, 900_000)], ..Patch::default() };
    assert_eq!(starts(&[saved, insert(1, 10, 10, 10)]), [0, 20, 25, 110]);
}

/// Grows to 100,200 tokens and is compacted to the static part, a summary and a prompt of 300;
/// then a result of 60,000 comes in.
fn compacted() -> Recording {
    let after = restarted(
        ContextRestart::AutoCompacted,
        call(20, 24_300, 15_000, &[(BlockKind::Summary, 5_000), (User, 300)], &[(ToolInput, 100)]),
    );
    record(vec![
        call(0, 20_000, 0, &[(User, 1_000)], &[(ToolInput, 100)]),
        call(10, 100_100, 20_000, &[(ToolResult, 80_000)], &[(ToolInput, 100)]),
        after,
        call(30, 84_400, 24_300, &[(ToolResult, 60_000)], &[(ToolInput, 100)]),
        call(40, 84_700, 84_400, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(50, 84_850, 84_700, &[(ToolResult, 50)], &[(Text, 9)]),
    ])
}

/// Sizes given by a toggle that sets the threshold too: it says itself where contexts start over.
fn with_threshold(replaced_blocks: Vec<(u32, i64)>) -> Patch {
    let rule = CompactionRule { threshold: 100_200, output: 0, left: 0 };
    let rules = SessionRules { compaction: Some(rule), ..SessionRules::default() };
    Patch { replaced_blocks, session_rules: vec![(0, rules)], ..Patch::default() }
}

#[test]
fn a_compaction_waits_until_its_threshold_is_reached() {
    let recording = compacted();
    let patch = with_threshold(vec![(block(&recording, ToolResult, 80_000), 30_000)]);
    let want = vec![
        (0, 0, 0, 20_000, 100),
        // 20,000 + 100 + 30,000.
        (10, 0, 20_000, 30_100, 100),
        // 50,200 stand, 100,200 would compact: only the prompt of 300 enters.
        (20, 0, 50_100, 400, 100),
        // 50,600 stand: still not. + 60,000.
        (30, 0, 50_500, 60_100, 100),
        // 110,700 stand: now. The system part of 19,000, the summary of 5,000 and 200.
        (40, 0, 15_000, 9_200, 100),
        // 24,200 + 100 + 50.
        (50, 0, 24_200, 150, 9),
    ];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn a_compaction_may_never_be_needed() {
    let recording = compacted();
    let patches = [with_threshold(vec![
        (block(&recording, ToolResult, 80_000), 30_000),
        (block(&recording, ToolResult, 60_000), 1_000),
    ])];
    // 50,100, + 100 + 300, + 100 + 1,000, + 100 + 200, + 100 + 50.
    let want = vec![20_000, 50_100, 50_500, 51_600, 51_900, 52_050];
    assert_eq!(contexts(&recording, &patches), want);
}

#[test]
fn a_patched_summary_waits_with_its_compaction() {
    let recording = compacted();
    let patches = [with_threshold(vec![
        (block(&recording, ToolResult, 80_000), 30_000),
        (block(&recording, BlockKind::Summary, 5_000), 2_000),
    ])];
    // As above, but the compaction leaves 19,000 + 2,000 and 200, then 100 + 50.
    let want = vec![20_000, 50_100, 50_500, 110_600, 21_200, 21_350];
    assert_eq!(contexts(&recording, &patches), want);
}

/// The second of three calls finds the cache emptied although it should be alive.
fn evicted() -> Recording {
    record(vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        call(10, 20_300, 0, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(20, 20_600, 20_300, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(30, 20_900, 20_600, &[(ToolResult, 200)], &[(Text, 9)]),
    ])
}

#[test]
fn the_weather_of_a_dropped_call_meets_the_next_one() {
    let recording = evicted();
    let want = vec![
        (0, 0, 0, 20_000, 100),
        // Its own result, the one before and both tool uses, the dropped one produced here.
        // 20,000 + 100 + 200 + 200, all written, because the eviction happens now.
        (20, 0, 0, 20_500, 200),
        (30, 0, 20_500, 400, 9),
    ];
    assert_eq!(made(&recording, &[drop_call(1, false)]), want);
}

#[test]
fn the_strongest_of_the_breaks_that_meet_counts() {
    let mut switched = call(10, 20_300, 0, &[(ToolResult, 200)], &[(ToolInput, 100)]);
    switched.cache_break = CacheBreak::ToZero;
    let compacted = call(20, 20_100, 15_000, &[(BlockKind::Summary, 100)], &[(ToolInput, 100)]);
    let recording = record(vec![
        call(0, 20_000, 0, &[], &[(ToolInput, 100)]),
        switched,
        restarted(ContextRestart::ManualCompacted, compacted),
    ]);
    // What the switch lost is not back because of the compaction: nothing is read.
    let rows = made(&recording, &[drop_call(1, false)]);
    assert_eq!(rows[1], (20, 0, 0, 20_100, 200));
}

#[test]
fn a_later_cut_reaches_what_a_dropped_call_left() {
    let recording = record(vec![
        call(0, 1_000, 0, &[], &[]),
        call(10, 6_000, 1_000, &[(ToolResult, 5_000)], &[]),
        // 4,500 tokens vanish.
        call(20, 1_500, 1_000, &[], &[]),
    ]);
    assert_eq!(recording.calls[2].cut, 4_500);
    assert_eq!(contexts(&recording, &[drop_call(1, false)]), [1_000, 1_500]);
}

#[test]
fn a_prompt_that_shrinks_by_more_than_it_held_is_recorded_whole() {
    // 1,000 tokens before, an input estimated at 500, and only 100 after.
    let recording = record(vec![
        call(0, 1_000, 0, &[], &[]),
        call(10, 100, 0, &[(ToolResult, 500)], &[(Text, 9)]),
    ]);
    assert_eq!(contexts(&recording, &[]), [1_000, 100]);
    assert_eq!((recording.calls[1].cut, recording.blocks[1].tokens), (1_000, 100));
}

#[test]
fn a_prompt_below_the_smallest_cacheable_one_is_fresh() {
    // claude-opus-4-6 caches from 4,096 tokens on.
    let calls = vec![
        call(0, 5_000, 0, &[(User, 3_000)], &[(ToolInput, 100)]),
        call(10, 5_300, 5_000, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        call(20, 6_400, 5_300, &[(ToolResult, 1_000)], &[(Text, 9)]),
    ];
    let recording = record_on("claude-opus-4-6", CacheTier::FiveMinutes, calls);
    let patch = replace(block(&recording, User, 3_000), 1_000);
    let want = vec![
        (0, 3_000, 0, 0, 100),
        (10, 3_300, 0, 0, 100),
        // 3,300 + 100 + 1,000: large enough, and nothing was cached before.
        (20, 0, 0, 4_400, 9),
    ];
    assert_eq!(made(&recording, &[patch]), want);
}

#[test]
fn money_is_exact_to_the_pico_dollar() {
    let opus = |start_s, usage| RawCall { usage, ..call(start_s, 0, 0, &[], &[]) };
    let gpt = |start_s, usage| RawCall { model: 1, ..opus(start_s, usage) };
    let first = Usage { fresh: 3, write_1h: 20_000, output: 100, ..Usage::default() };
    let mut second =
        opus(10, Usage { read: 20_000, write_5m: 40, write_1h: 63, output: 1, fresh: 3 });
    second.placeholder = true;
    second.outputs = vec![RawBlock::from_size(Text, 0, 51)];
    let long = Usage { fresh: 100_000, read: 180_000, output: 10, ..Usage::default() };
    let short = Usage { fresh: 72_000, read: 200_000, output: 10, ..Usage::default() };
    let mut builder = RecordingBuilder::new("money", "test");
    builder.push_session(session(&["claude-opus-4-6"], vec![opus(0, first), second]));
    builder.push_session(session(&["", "gpt-5.4"], vec![gpt(0, long)]));
    builder.push_session(session(&["", "gpt-5.4"], vec![gpt(0, short)]));
    let plan = compile(&builder.finish(), &[]);
    let cost = tally_outcome(&plan, &replay_plan(&plan, 0));
    // claude-opus-4-6, millionths of a dollar a token: fresh 5, read 0.5, 5-minute write 6.25,
    // 1-hour write 10, output 25.
    //   6 x 5 + 20,000 x 0.5 + 40 x 6.25 + 20,063 x 10 + 101 x 25 = 213,435
    // gpt-5.4: 2.5, 0.25, output 15; above 272,000 tokens 5, 0.5 and 22.5.
    //   280,000: 100,000 x 5 + 180,000 x 0.5 + 10 x 22.5 = 590,225
    //   272,000:  72,000 x 2.5 + 200,000 x 0.25 + 10 x 15 = 230,150
    // Together 1,033,810 millionths of a dollar, a million pico-dollars each.
    assert_eq!(cost.recorded, PicoUsd(1_033_810_000_000));
    assert_eq!(cost.recorded.exact_decimal(), "1.033810000000");
    // 50 of the 51 tokens that the placeholder hides, at 25.
    assert_eq!(cost.hidden, PicoUsd(1_250_000_000));
}

#[test]
fn the_version_before_is_read_and_does_not_know_what_is_new() {
    let new = String::from_utf8(format::to_json(&evicted())).expect("JSON is text");
    let old = new.replace("windtunnel.recording/2", "windtunnel.recording/1");
    let read = format::from_json(old.as_bytes()).expect("the version before");
    assert_eq!(read.skips, None);
    assert_eq!(format::to_json(&read), new.as_bytes());
    let other = new.replace("windtunnel.recording/2", "windtunnel.recording/3");
    let refused = format::from_json(other.as_bytes()).expect_err("a version to come").to_string();
    assert!(refused.contains("windtunnel.recording/3"), "{refused}");
}

#[test]
fn numbers_beyond_reason_are_refused() {
    let text = String::from_utf8(format::to_json(&evicted())).expect("JSON is text");
    assert!(format::from_json(text.as_bytes()).is_ok());
    let huge = i64::MAX.to_string();
    for (column, met, word) in [
        ("\"static_prefix\":15000", "15000", "prefix"),
        ("\"start_ms\":[0,", "[0", "time"),
        ("\"end_ms\":[5000,", "5000", "time"),
        ("\"touched_ms\":[0,", "[0", "time"),
        ("\"read\":[0,0,", "[0", "usage"),
        ("\"output\":[100,", "100", "usage"),
        ("\"output_hidden\":[0,", "[0", "hidden"),
        ("\"cut\":[0,", "[0", "cut"),
        ("\"shock\":[\"\",\"evicted 0\"", "evicted 0", "shock"),
        ("\"tokens\":[20000,", "20000", "blocks times calls"),
    ] {
        assert!(text.contains(column), "{column} is not in the file");
        let digits = met.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number = met.replace(digits, &huge);
        let edited = text.replace(column, &column.replacen(met, &number, 1));
        let error = format::from_json(edited.as_bytes()).expect_err(column).to_string();
        assert!(error.contains(word), "{column}: {error}");
    }
}

#[test]
fn a_small_file_cannot_ask_for_four_billion_calls() {
    let text = String::from_utf8(format::to_json(&evicted())).expect("JSON is text");
    let edited = text.replace("\"calls\":4,", "\"calls\":4294967295,");
    assert_ne!(edited, text);
    let error = format::from_json(edited.as_bytes()).expect_err("too many calls").to_string();
    assert!(error.contains("4 values for 4294967295 rows"), "{error}");
}
