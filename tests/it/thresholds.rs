//! No saving rests on where a recording happens to end: on hand cases and on real transcripts.

use crate::generated::Case;
use crate::laws::{data, imported};
use crate::small::{block, call, record, replace, restarted};
use crate::twin::check;
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{CompactionRule, Patch, Plan, SessionRules};
use windtunnel::price::Pricing;
use windtunnel::recording::BlockKind::{self, Text, ToolInput, ToolResult, User};
use windtunnel::recording::{ContextRestart, Recording};
use windtunnel::replay::{ReplayOutcome, replay_calls, replay_plan};

/// Reads saved where compactions stay, taken back by them, and both together.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reads {
    direct: i64,
    moved: i64,
}

impl Reads {
    fn saved(self) -> i64 {
        self.direct + self.moved
    }
}

fn reads_saved(recording: &Recording, patches: &[Patch]) -> Reads {
    let pricing = Pricing { date: Some(jiff::civil::date(2026, 10, 10)), ..Pricing::embedded() };
    let plan = Plan::compile(recording, patches, &pricing).expect("priced");
    let [before, after] = [0, (1 << patches.len()) - 1].map(|subset| replay_plan(&plan, subset));
    let read = |outcome: &ReplayOutcome| outcome.total_usage().read;
    let moved = before.taken_back - after.taken_back;
    assert_eq!(before.taken_back, 0);
    Reads { direct: read(&before) - read(&after) - moved, moved }
}

/// Two cycles: the first grows from 20,000 to 100,200 tokens and is compacted, the second is open.
/// The prose is `prose` tokens in the second call.
fn compacted(restart: ContextRestart, prose: i64) -> Recording {
    let after = restarted(
        restart,
        call(40, 24_300, 15_000, &[(BlockKind::Summary, 5_000), (User, 300)], &[(ToolInput, 100)]),
    );
    record(vec![
        call(0, 20_000, 0, &[(User, 1_000)], &[(Text, prose), (ToolInput, 100)]),
        call(10, 20_200 + prose, 20_000, &[(ToolResult, 100)], &[(ToolInput, 100)]),
        call(20, 20_400 + prose, 20_200 + prose, &[(ToolResult, 100)], &[(ToolInput, 100)]),
        call(30, 100_100, 20_400 + prose, &[(ToolResult, 79_600 - prose)], &[(ToolInput, 100)]),
        after,
        call(50, 24_500, 24_300, &[(ToolResult, 100)], &[(Text, 9)]),
    ])
}

#[test]
fn a_compaction_takes_back_what_sizes_save_before_it() {
    let recording = compacted(ContextRestart::AutoCompacted, 1_000);
    let patch = replace(block(&recording, Text, 1_000), 0);
    // Two calls read it. The floor is what it was, and 79,200 of 80,200 still grow.
    let reads = reads_saved(&recording, std::slice::from_ref(&patch));
    assert_eq!(reads, Reads { direct: 2_000, moved: -2_000 });
    // By hand it comes when it comes, and nothing is taken back.
    let by_hand = compacted(ContextRestart::ManualCompacted, 1_000);
    assert_eq!(reads_saved(&by_hand, &[patch]), Reads { direct: 2_000, moved: 0 });
}

#[test]
fn what_ends_before_the_next_compaction_keeps_its_part() {
    let recording = compacted(ContextRestart::AutoCompacted, 60_150);
    // 60,150 of 80,200 are gone: x = 3/4, k = 2 - 4/3, of two reads a third is taken back.
    let patch = replace(block(&recording, Text, 60_150), 0);
    let reads = reads_saved(&recording, &[patch]);
    assert_eq!(reads, Reads { direct: 120_300, moved: -40_100 });
}

#[test]
fn a_call_that_is_not_made_keeps_its_saving() {
    let recording = compacted(ContextRestart::AutoCompacted, 1_000);
    let mut patch = Patch::default();
    patch.drop_call_and_blocks(&recording, 2, false);
    // It read 21,200; of what it brought and said 200 are read once behind it.
    let reads = reads_saved(&recording, &[patch]);
    assert_eq!(reads, Reads { direct: 21_200 + 200, moved: -200 });
}

/// A rule compacts at a call that is not made, and before the next one a recorded compaction is
/// put off: the first comes with the next call, the second where it would without the other toggle.
#[test]
fn a_compaction_that_waits_for_a_call_takes_no_place_of_another() {
    let compacted = call(20, 25_300, 0, &[(BlockKind::Summary, 5_000), (User, 300)], &[]);
    let recording = record(vec![
        call(0, 40_000, 0, &[(User, 20_000)], &[(ToolInput, 100)]),
        call(10, 40_300, 40_000, &[(ToolResult, 200)], &[(ToolInput, 100)]),
        restarted(ContextRestart::AutoCompacted, compacted),
        call(30, 70_300, 25_300, &[(User, 45_000)], &[]),
        call(40, 70_400, 70_300, &[(User, 100)], &[]),
    ]);
    let rule = CompactionRule { threshold: 40_000, output: 500, left: 1_000 };
    let rules = SessionRules { compaction: Some(rule), ..SessionRules::default() };
    let compacts = Patch { session_rules: vec![(0, rules)], ..Patch::default() };
    let mut drops = Patch::default();
    drops.drop_call_and_blocks(&recording, 1, false);
    let case = Case { recording, patches: vec![compacts, drops], subset: 3 };
    let made = replay_calls(&case.plan(), case.subset);
    let contexts: Vec<i64> = made.iter().map(|row| row.outcome.usage.context_tokens()).collect();
    // Not the second call, one of the rule's before the fourth, the recorded one before the last.
    let summary = 25_000;
    assert_eq!(contexts.last(), Some(&(summary + 100)), "{contexts:?}");
    check(&case).expect("the slow twin says the same");
}

#[test]
fn an_open_cycle_keeps_everything() {
    let recording = compacted(ContextRestart::AutoCompacted, 1_000);
    let patch = replace(block(&recording, User, 300), 0);
    // One call reads the 300 behind the compaction.
    assert_eq!(reads_saved(&recording, &[patch]), Reads { direct: 300, moved: 0 });
}

/// Sessions of the shared data that were compacted by themselves, one file each.
fn sessions_that_compact() -> Vec<(String, Recording)> {
    let mut found = Vec::new();
    for folder in ["entireio+cli", "PackmindHub+context-evaluator"] {
        let folder = data("claude").join(folder);
        let entries = std::fs::read_dir(&folder).expect("a folder of transcripts");
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|it| it == "jsonl")) {
            // The mark of a compaction: files without one need not be imported.
            let bytes = std::fs::read(path).expect("a transcript");
            let mark = b"compact_boundary";
            if !bytes.windows(mark.len()).any(|window| window == mark) {
                continue;
            }
            let recording = imported(path).recording;
            let compacts = |call: &windtunnel::recording::Call| {
                matches!(
                    call.restart,
                    ContextRestart::AutoCompacted | ContextRestart::ManualCompacted
                )
            };
            if recording.calls.iter().any(compacts) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                found.push((name, recording));
            }
        }
    }
    found
}

/// R1 with a share of the prose left out.
fn narration_suppressed(recording: &Recording, compliance_bp: i64) -> Patch {
    let toggle = intervene::find_by_id("R1").expect("R1 is a toggle");
    let mut params = ToggleParams::modes_of_card(toggle.card());
    assert!(params.set_value("compliance", compliance_bp));
    toggle.build_patch(recording, &params)
}

/// Tokens that a patch of sizes takes from the contexts of later calls, up to the next start.
fn tokens_carried(recording: &Recording, patch: &Patch) -> i64 {
    let dropped = patch.dropped_blocks.iter().map(|&block| (block, 0));
    let sizes = patch.replaced_blocks.iter().copied().chain(dropped);
    let carried = sizes.map(|(index, tokens)| {
        let block = &recording.blocks[index as usize];
        let session = &recording.sessions[recording.calls[block.call as usize].session as usize];
        let later = &recording.calls[block.call as usize + 1..session.call_range().end];
        let calls = later.iter().take_while(|call| call.restart == ContextRestart::No).count();
        (block.tokens - tokens) * calls as i64
    });
    carried.sum()
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn prose_saves_no_more_than_it_is_carried_in_sessions_that_compact() {
    let sessions = sessions_that_compact();
    assert!(sessions.len() >= 11, "{}", sessions.len());
    for (name, recording) in sessions {
        let patch = narration_suppressed(&recording, 10_000);
        let carried = tokens_carried(&recording, &patch);
        let reads = reads_saved(&recording, &[patch]);
        assert!((0..=reads.direct).contains(&reads.saved()), "{name}: {reads:?}");
        assert!(reads.direct <= carried, "{name}: {reads:?} of {carried}");
    }
}
#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn a_sweep_of_compliance_never_turns_in_sessions_that_compact() {
    for (name, recording) in sessions_that_compact() {
        let mut before = 0;
        for compliance_bp in (0..=10_000).step_by(400) {
            let patch = narration_suppressed(&recording, compliance_bp);
            let saved = reads_saved(&recording, &[patch]).saved();
            assert!(saved >= before, "{name} at {compliance_bp}: {saved} after {before}");
            before = saved;
        }
    }
}
