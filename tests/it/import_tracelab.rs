//! Round traces: tokens by harness, order, and rows that cannot be.

use crate::import_bad_input::import_bytes;
use windtunnel::recording::{BlockKind, CacheTier, CallMarks};
use windtunnel::units::Usage;

/// A row; `written` is null for Codex.
fn round(session: &str, index: u32, (total, read): (i64, i64), written: Option<i64>) -> String {
    let provider = if written.is_some() { "claude" } else { "codex" };
    let written = written.map_or("null".to_owned(), |tokens| tokens.to_string());
    let append = total - read;
    let minute = 10 + index;
    let (first, id) = match index {
        0 => ("\"event_type\":\"user_message\",\"content_chars\":40", "u"),
        _ => ("\"event_type\":\"tool_result\",\"result_chars\":900,\"tool_call_id\":\"t0\"", "t"),
    };
    format!(
        "{{\"provider\":\"{provider}\",\"session_id\":\"{session}\",\"round_index\":{index},\"round_id\":\"{session}{id}{index}\",\
         \"model\":\"claude-opus-4-8\",\"input_tokens_total\":{total},\"prefix_tokens\":{read},\"newly_append_tokens\":{append},\
         \"claude_cache_creation_input_tokens\":{written},\"output_tokens\":50,\"reasoning_output_tokens\":null,\
         \"timing_events\":[{{{first},\"timestamp\":\"2026-06-01T05:{minute}:00.000Z\"}},\
         {{\"event_type\":\"text\",\"content_chars\":30,\"timestamp\":\"2026-06-01T05:{minute}:05.000Z\"}},\
         {{\"event_type\":\"tool_call\",\"tool_name\":\"Bash\",\"tool_call_id\":\"t{index}\",\"timestamp\":\"2026-06-01T05:{minute}:09.000Z\"}}],\
         \"tools\":[{{\"tool_index\":0,\"tool_name\":\"Bash\",\"tool_call_id\":\"t{index}\",\"input_chars\":77,\"result_chars\":900}}]}}\n"
    )
}

#[test]
fn rounds_are_calls_in_the_order_of_their_index() {
    let text = [
        round("s", 1, (12_000, 9_000), Some(2_900)),
        round("x", 0, (9_000, 6_912), None),
        round("s", 0, (10_000, 6_000), Some(3_000)),
    ];
    let imported = import_bytes(text.concat().as_bytes());
    let recording = &imported.recording;
    assert_eq!((recording.source.as_str(), imported.skip_counts.total()), ("tracelab", 0));
    let ids: Vec<(&str, u32)> =
        recording.sessions.iter().map(|session| (session.id.as_str(), session.calls)).collect();
    assert_eq!(ids, [("s", 2), ("x", 1)]);
    let usage: Vec<Usage> = recording.calls.iter().map(|call| call.usage).collect();
    let claude = |fresh, read, write_5m| Usage { fresh, read, write_5m, write_1h: 0, output: 50 };
    assert_eq!(usage[..2], [claude(1_000, 6_000, 3_000), claude(100, 9_000, 2_900)]);
    assert_eq!(usage[2], claude(2_088, 6_912, 0));
    assert_eq!(recording.calls[2].tier, CacheTier::Automatic);
    assert!(recording.calls[0].marks.contains(CallMarks::HUMAN));
    assert_eq!(recording.calls[0].end_ms - recording.calls[0].start_ms, 9_000);
    let result =
        recording.blocks_of_call(1).iter().find(|block| block.kind == BlockKind::ToolResult);
    let result = result.expect("a result");
    assert_eq!((result.chars, recording.tool_name(result.tool)), (900, "Bash"));
    let input = &recording.blocks[result.peer_block().expect("its use")];
    assert_eq!((input.kind, input.chars), (BlockKind::ToolInput, 77));
}

#[test]
fn copies_of_a_round_count_once() {
    let row = round("s", 0, (10_000, 6_000), Some(3_000));
    let codex = round("x", 0, (9_000, 6_912), None);
    let other = codex.replace("\"output_tokens\":50", "\"output_tokens\":51");
    let imported = import_bytes([&*row, &*row, &*codex, &*codex, &*other].concat().as_bytes());
    assert_eq!((imported.recording.calls.len(), imported.copies), (3, 2));
}

#[test]
fn rounds_that_cannot_be_are_skipped_and_counted() {
    let good = round("s", 0, (10_000, 6_000), Some(3_000));
    let bad = [
        good.replace("\"prefix_tokens\":6000", "\"prefix_tokens\":6001"),
        good.replace("_input_tokens\":3000", "_input_tokens\":4001"),
        good.replace("_input_tokens\":3000", "_input_tokens\":null"),
        good.replace("\"claude\"", "\"gemini\""),
        good.replace("\"round_index\":0", "\"round_index\":-1"),
        good[..good.len() / 2].to_owned() + "\n",
    ];
    let imported = import_bytes((good + &bad.concat()).as_bytes());
    assert_eq!((imported.recording.calls.len(), imported.skip_counts.total()), (1, 6));
    let told: Vec<String> = imported.skips.iter().map(ToString::to_string).collect();
    for words in ["are not 10000", "more than 4000", "without claude_cache", "'gemini'", "-1 is no"]
    {
        assert!(told.iter().any(|skip| skip.contains(words)), "{words}: {told:?}");
    }
}
