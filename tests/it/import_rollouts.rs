//! Codex rollouts made here: threads that copy each other, compressed files, packets, bad input.

use crate::import_bad_input::import_files;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use windtunnel::import::ImportResult;
use windtunnel::recording::{
    Block, BlockKind, BlockMarks, CacheBreak, CacheTier, CallMarks, ContextRestart, Role,
};

/// One line; times are seconds after 2026-02-06T10:00.
pub fn line(second: u32, kind: &str, payload: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "{{\"timestamp\":\"2026-02-06T10:{minute:02}:{second:02}.000Z\",\"type\":\"{kind}\",\
         \"payload\":{{{payload}}}}}\n"
    )
}

/// The head of a thread, with more of its fields.
pub fn head(second: u32, id: &str, more: &str) -> String {
    line(second, "session_meta", &format!("\"id\":\"{id}\",\"cli_version\":\"0.136.0\"{more}"))
}

fn usage(input: u32, output: u32) -> String {
    format!(
        "{{\"input_tokens\":{input},\"cached_input_tokens\":{},\"output_tokens\":{output},\
         \"reasoning_output_tokens\":0,\"total_tokens\":{}}}",
        input / 2 / 128 * 128,
        input + output
    )
}

/// Running total and last usage.
pub fn count(second: u32, total: (u32, u32), last: (u32, u32)) -> String {
    let (total, last) = (usage(total.0, total.1), usage(last.0, last.1));
    let info = format!(
        "\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{total},\
         \"last_token_usage\":{last},\"model_context_window\":258400}}"
    );
    line(second, "event_msg", &info)
}

/// Calls of these inputs, ten tokens of output each, one every ten seconds, from a total on.
fn calls(from: u32, mut total: (u32, u32), inputs: &[u32]) -> String {
    let mut lines = String::new();
    for (at, &input) in (0_u32..).zip(inputs) {
        total = (total.0 + input, total.1 + 10);
        lines += &count(from + 10 * at, total, (input, 10));
    }
    lines
}

fn item(second: u32, payload: &str) -> String {
    line(second, "response_item", payload)
}

fn said(second: u32, role: &str, text: &str) -> String {
    let kind = if role == "assistant" { "output_text" } else { "input_text" };
    let text = serde_json::to_string(text).expect("text");
    let content = format!("[{{\"type\":\"{kind}\",\"text\":{text}}}]");
    item(second, &format!("\"type\":\"message\",\"role\":\"{role}\",\"content\":{content}"))
}

fn used(second: u32, id: &str, tool: &str, arguments: &str) -> String {
    let arguments = serde_json::to_string(arguments).expect("text");
    let fields = format!("\"name\":\"{tool}\",\"call_id\":\"{id}\",\"arguments\":{arguments}");
    item(second, &format!("\"type\":\"function_call\",{fields}"))
}

fn answered(second: u32, id: &str, output: &str) -> String {
    let output = serde_json::to_string(output).expect("text");
    let fields = format!("\"call_id\":\"{id}\",\"output\":{output}");
    item(second, &format!("\"type\":\"function_call_output\",{fields}"))
}

fn imported(files: &[(&str, &[u8])]) -> ImportResult {
    let imported = import_files(files).unwrap_or_else(|error| panic!("{error}"));
    imported.recording.check_balance().expect("books that balance");
    imported
}

fn one(text: &str) -> ImportResult {
    imported(&[("rollout-s.jsonl", text.as_bytes())])
}

/// Per session: id, pipeline, role and the contexts of its calls.
fn sessions(imported: &ImportResult) -> Vec<(&str, &str, Role, Vec<i64>)> {
    let recording = &imported.recording;
    let contexts = |range: std::ops::Range<usize>| {
        recording.calls[range].iter().map(|call| call.usage.context_tokens()).collect()
    };
    let sessions = recording.sessions.iter();
    sessions
        .map(|one| (one.id.as_str(), one.pipeline.as_str(), one.role, contexts(one.call_range())))
        .collect()
}

fn reasons(imported: &ImportResult) -> Vec<(u64, String)> {
    imported.skips.iter().map(|skip| (skip.line, skip.reason.to_string())).collect()
}

const SPAWNED: &str = ",\"source\":{\"subagent\":{\"thread_spawn\":{\"parent_thread_id\":\"p\"}}}";

// ---- threads that come from threads -----------------------------------------------------------

fn parent() -> String {
    head(0, "p", "") + &calls(10, (0, 0), &[1_000, 2_000, 3_000, 4_000])
}

fn family(child: &str) -> ImportResult {
    imported(&[("a.jsonl", parent().as_bytes()), ("b.jsonl", child.as_bytes())])
}

#[test]
fn a_replay_is_not_counted_whatever_its_times() {
    let heads = head(300, "c", SPAWNED) + &head(300, "p", "");
    let own = calls(320, (6_000, 30), &[5_000]);
    let burst: String = [(1_000, 1), (2_000, 2), (3_000, 3)]
        .iter()
        .scan((0, 0), |total, &(input, _)| {
            *total = (total.0 + input, total.1 + 10);
            Some(count(300, *total, (input, 10)))
        })
        .collect();
    let original = calls(10, (0, 0), &[1_000, 2_000, 3_000]);
    let fresh = calls(301, (0, 0), &[1_000, 2_000, 3_000]);
    for replay in [burst, original, fresh] {
        let imported = family(&format!("{heads}{replay}{own}"));
        let parents = ("p", "p", Role::Main, vec![1_000, 2_000, 3_000, 4_000]);
        let childs = ("c", "p", Role::Subagent, vec![5_000]);
        assert_eq!(sessions(&imported), [parents, childs], "{replay}");
        assert_eq!((imported.copies, imported.skip_counts.total()), (3, 0));
        // What it was given is a part of its first context.
        let first = imported.recording.blocks_of_call(4);
        assert_eq!(first.iter().map(|block| block.tokens).sum::<i64>(), 5_010);
    }
}

#[test]
fn a_child_with_a_counter_of_its_own_loses_nothing() {
    for inputs in [&[900, 950][..], &[1_000, 1_200], &[1_200, 2_000, 3_000]] {
        let child = head(300, "c", SPAWNED) + &calls(310, (0, 0), inputs);
        let imported = family(&child);
        let contexts: Vec<i64> = inputs.iter().map(|&input| i64::from(input)).collect();
        assert_eq!(sessions(&imported)[1], ("c", "p", Role::Subagent, contexts));
        assert_eq!((imported.copies, imported.skip_counts.total()), (0, 0));
    }
}

#[test]
fn a_replay_that_changed_on_its_way_ends_at_the_fork() {
    // The copy lacks a call and tells another one differently; its totals show whose they are.
    let replay = count(300, (1_000, 10), (1_000, 10)) + &count(300, (6_000, 30), (5_000, 20));
    let own = calls(320, (6_000, 30), &[5_000]);
    let imported = family(&format!("{}{replay}{own}", head(300, "c", SPAWNED)));
    assert_eq!(sessions(&imported)[1].3, [5_000]);
}

#[test]
fn a_missing_parent_is_said() {
    let replay = calls(10, (0, 0), &[1_000, 2_000]) + &calls(320, (3_000, 20), &[5_000]);
    let forked = head(300, "c", ",\"forked_from_id\":\"gone\"") + &replay;
    let alone = imported(&[("a.jsonl", forked.as_bytes())]);
    assert_eq!(sessions(&alone), [("c", "gone", Role::Main, vec![5_000])]);
    let reason = "2 calls that thread gone made, which is not among the files: copies are not \
                  counted";
    assert_eq!(reasons(&alone), [(2, reason.to_owned())]);
    // One that copied nothing has nothing to say.
    let spawned = head(300, "c", SPAWNED) + &calls(320, (0, 0), &[5_000, 5_100]);
    assert_eq!((one(&spawned).skip_counts.total(), one(&spawned).recording.calls.len()), (0, 2));
}

#[test]
fn a_thread_that_goes_on_in_another_file_is_no_copy() {
    let first = head(0, "t", "") + &calls(10, (0, 0), &[1_000, 2_000]);
    let own = calls(310, (3_000, 20), &[2_500]);
    let again = count(301, (3_000, 20), (2_000, 10));
    for (again, words) in [("", ""), (&*again, "files that repeat calls of a session and add")] {
        let second = head(300, "t", "") + again + &own;
        let imported = imported(&[("a.jsonl", first.as_bytes()), ("b.jsonl", second.as_bytes())]);
        assert_eq!(imported.recording.calls.len(), 3);
        let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
        assert!(notes.concat().starts_with(words) && notes.is_empty() == words.is_empty());
    }
}

#[test]
fn places_tell_what_is_older_than_a_thread() {
    let placed =
        |ordinal: u32, line: String| line.replacen('{', &format!("{{\"ordinal\":{ordinal},"), 1);
    let more = format!("{SPAWNED},\"subagent_history_start_ordinal\":3");
    let text = placed(0, head(300, "c", &more))
        + &placed(1, calls(310, (0, 0), &[1_000]))
        + &placed(2, calls(320, (1_000, 10), &[2_000]))
        + &placed(3, calls(330, (3_000, 20), &[4_000]));
    let imported = one(&text);
    assert_eq!(sessions(&imported)[0].3, [4_000]);
    assert_eq!(imported.skip_counts.total(), 1, "the parent is missing");
}

#[test]
fn a_family_has_the_name_of_its_root() {
    let child = head(300, "c", SPAWNED) + &calls(310, (0, 0), &[900, 950]);
    let spawned = ",\"parent_thread_id\":\"c\"";
    let grandchild = head(400, "g", spawned)
        + &calls(310, (0, 0), &[900, 950])
        + &calls(420, (1_850, 20), &[990]);
    let files = [("a", parent()), ("b", child), ("c", grandchild)];
    let named: Vec<(String, &[u8])> =
        files.iter().map(|(name, text)| (format!("{name}.jsonl"), text.as_bytes())).collect();
    let files: Vec<(&str, &[u8])> =
        named.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let imported = imported(&files);
    let met: Vec<(&str, Role, usize)> =
        sessions(&imported).iter().map(|one| (one.1, one.2, one.3.len())).collect();
    let expect = [("p", Role::Main, 4), ("p", Role::Subagent, 2), ("p", Role::Subagent, 1)];
    assert_eq!(met, expect);
    // A circle of parents ends, and keeps what only it has.
    let loops =
        [head(0, "x", ",\"parent_thread_id\":\"y\""), head(0, "y", ",\"parent_thread_id\":\"x\"")];
    let [x, y] = loops.map(|head| head + &calls(10, (0, 0), &[700, 800]));
    let circle = self::imported(&[("x.jsonl", x.as_bytes()), ("y.jsonl", y.as_bytes())]);
    assert_eq!(
        (circle.recording.calls.len(), circle.copies, circle.skip_counts.total()),
        (2, 2, 0)
    );
}

// ---- files -----------------------------------------------------------------------------------

#[test]
fn a_compressed_copy_counts_once() {
    let text = parent();
    let packed = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let plain = imported(&[("sessions/rollout-p.jsonl", text.as_bytes())]);
    let alone = imported(&[("sessions/rollout-p.jsonl.zst", &packed)]);
    let usage = plain.recording.total_usage();
    assert_eq!((alone.recording.total_usage(), alone.skip_counts.total()), (usage, 0));
    let earlier = text.lines().take(3).collect::<Vec<_>>().join("\n");
    for (name, other) in
        [("archived_sessions/rollout-p.jsonl", earlier.as_bytes()), ("a.jsonl", text.as_bytes())]
    {
        let both = imported(&[("sessions/rollout-p.jsonl.zst", &packed), (name, other)]);
        assert_eq!(both.recording.total_usage(), usage, "{name}");
        assert_eq!((both.recording.sessions.len(), both.skip_counts.total()), (1, 0), "{name}");
    }
}

#[test]
fn a_cut_compressed_file_keeps_what_was_read() {
    let inputs: Vec<u32> = (0..6_000).map(|at| 1_000 + at * 7 % 991).collect();
    let text = head(0, "p", "") + &calls(10, (0, 0), &inputs).replace(":09:", ":10:");
    let packed = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let cut = imported(&[("rollout-p.jsonl.zst", &packed[..packed.len() * 3 / 4])]);
    let calls = cut.recording.calls.len();
    assert!((2_000..6_000).contains(&calls), "{calls}");
    assert_eq!(cut.skip_counts.total(), 1);
    assert!(cut.skips[0].reason.to_string().contains("compressed data is cut"), "{}", cut.skips[0]);
    assert_eq!(cut.skips[0].line, calls as u64 + 2);
}

#[test]
fn bad_lines_are_skips_and_unknown_ones_are_not() {
    let mut bytes = parent().into_bytes();
    bytes.extend(line(60, "world_state", "\"full\":true").into_bytes());
    bytes.extend(line(60, "token_usage_summary", "\"usage\":{\"input_tokens\":9}").into_bytes());
    bytes.extend(
        line(60, "event_msg", "\"type\":\"entered_review_mode\",\"content\":7").into_bytes(),
    );
    bytes.extend(
        item(60, "\"type\":\"quantum\",\"output\":{\"content\":[]},\"action\":3").into_bytes(),
    );
    bytes.extend(line(60, "event_msg", "\"type\":\"token_count\",\"info\":null").into_bytes());
    bytes.extend(line(60, "event_msg", "\"type\":\"token_count\",\"info\":[1]").into_bytes());
    let clean = imported(&[("a.jsonl", &bytes)]);
    assert_eq!((clean.skip_counts.total(), clean.recording.calls.len()), (0, 4));
    let strange = count(70, (20_000, 50), (10_000, 10)).replace(":10000,", ":\"x\",");
    let negative = count(70, (20_000, 50), (10_000, 10)).replace(":10000,", ":-1,");
    let parts = count(70, (20_000, 50), (10_000, 10)).replace("_tokens\":4992", "_tokens\":14992");
    for (bad, reason) in [
        (strange.as_str(), "event_msg line of an unknown shape"),
        (&negative, "a token count below zero or beyond reason"),
        (&parts, "a part of the usage is larger than the whole"),
        ("\0\0\0\0\n", "4 NUL bytes, left by a write that never came"),
        (&count(70, (20_000, 50), (10_000, 10))[..150], "cut short: the JSON ends too early"),
    ] {
        let text = [&bytes, bad.as_bytes()].concat();
        let imported = imported(&[("a.jsonl", &text)]);
        assert_eq!((imported.skip_counts.total(), imported.recording.calls.len()), (1, 4), "{bad}");
        assert!(
            imported.skips[0].reason.to_string().starts_with(reason),
            "{bad}: {}",
            imported.skips[0]
        );
        assert_eq!(imported.skips[0].line, 12, "{bad}");
    }
}

#[test]
fn writers_that_take_turns_are_both_counted() {
    let mut lines: Vec<String> = vec![head(0, "p", "")];
    for at in 0..3 {
        lines.push(count(10 + at, (1_000 * (at + 1), 10 * (at + 1)), (1_000, 10)));
        lines.push(count(10 + at, (7_000 * (at + 1), 10 * (at + 1)), (7_000, 10)));
    }
    assert_eq!(one(&lines.concat()).recording.calls.len(), 6);
}

#[test]
fn broken_text_is_measured() {
    let mut bytes = head(0, "p", "").into_bytes();
    bytes.extend(said(1, "user", "aXb").replace('X', "\\ud83d").into_bytes());
    bytes.extend(
        said(2, "user", "aXb").into_bytes().iter().map(|&b| if b == b'X' { 0xFF } else { b }),
    );
    bytes.extend(calls(10, (0, 0), &[500]).into_bytes());
    let imported = imported(&[("a.jsonl", &bytes)]);
    assert_eq!(imported.skip_counts.total(), 0);
    let chars: Vec<u32> =
        imported.recording.blocks_of_call(0).iter().map(|block| block.chars).collect();
    assert_eq!(chars, [0, 3, 3, 0], "system, two prompts, output");
}

#[test]
fn files_without_calls_say_so() {
    for bytes in [&b""[..], b"\n\n", head(0, "p", "").as_bytes()] {
        let error = import_files(&[("a.jsonl", bytes)]).err().map(|error| error.to_string());
        assert!(error.is_some_and(
            |error| error.contains("no calls found") && error.contains("Codex rollouts")
        ));
    }
}

#[test]
fn a_head_without_its_end_is_known_by_its_start() {
    let text =
        head(0, "p", &format!(",\"base_instructions\":{{\"text\":\"{}\"}}", "x".repeat(90_000)));
    let text = text + &calls(10, (0, 0), &[30_000]);
    let imported = one(&text);
    assert_eq!(imported.recording.calls.len(), 1);
    let system: Vec<u32> =
        imported.recording.blocks_of_call(0).iter().map(|block| block.chars).collect();
    assert!(system.contains(&90_000), "{system:?}");
}

// ---- what a thread holds ---------------------------------------------------------------------

fn turn(second: u32, model: &str, effort: &str) -> String {
    line(second, "turn_context", &format!("\"model\":\"{model}\",\"effort\":\"{effort}\""))
}

fn event(second: u32, kind: &str) -> String {
    line(second, "event_msg", &format!("\"type\":\"{kind}\""))
}

fn kinds(blocks: &[Block]) -> Vec<BlockKind> {
    blocks.iter().map(|block| block.kind).collect()
}

#[test]
fn a_session_is_built_from_its_items() {
    let text = head(0, "p", ",\"base_instructions\":{\"text\":\"You are Codex.\"}")
        + &event(0, "task_started")
        + &said(0, "developer", "rules")
        + &said(0, "user", "<environment_context>x</environment_context>")
        + &turn(0, "gpt-5.4", "high")
        + &said(1, "user", "fix it")
        + &event(1, "user_message")
        + &item(3, "\"type\":\"reasoning\",\"encrypted_content\":\"QUJD\"")
        + &said(4, "assistant", "I run the tests.")
        + &used(5, "c1", "exec_command", "{\"cmd\": \"cargo test\"}")
        + &answered(65, "c1", "Process running with session ID 7\nOutput:\n")
        + &count(65, (5_000, 100), (5_000, 100))
            .replace("reasoning_output_tokens\":0", "reasoning_output_tokens\":40")
        + &used(68, "c2", "write_stdin", "{\"session_id\":7,\"chars\":\"\"}")
        + &answered(98, "c2", "Process exited with code 101\nOutput:\nfailed")
        + &count(98, (10_300, 130), (5_300, 30))
        + &said(100, "assistant", "It fails.")
        + &count(101, (15_900, 150), (5_600, 20));
    let imported = one(&text);
    assert_eq!(imported.skip_counts.total(), 0);
    let recording = &imported.recording;
    let session = &recording.sessions[0];
    assert_eq!((session.version.as_str(), recording.models[0].as_str()), ("0.136.0", "gpt-5.4"));
    use BlockKind::{System, Text, Thinking, ToolInput, ToolResult, Unattributed, User};
    let first = [System, System, System, System, User, Thinking, Text, ToolInput];
    assert_eq!(kinds(recording.blocks_of_call(0)), first);
    assert_eq!(kinds(recording.blocks_of_call(1)), [ToolResult, Unattributed, ToolInput]);
    assert_eq!(kinds(recording.blocks_of_call(2)), [ToolResult, Unattributed, Text]);
    let thinking = recording.blocks_of_call(0).iter().find(|block| block.kind == Thinking);
    assert_eq!(thinking.map(|block| block.tokens), Some(40), "reasoning is told");
    let times: Vec<(i64, i64)> = recording
        .calls
        .iter()
        .map(|call| (call.start_ms / 1_000 % 3_600, call.end_ms / 1_000 % 3_600))
        .collect();
    assert_eq!(times, [(1, 5), (65, 68), (98, 101)]);
    let marks: Vec<CallMarks> = recording.calls.iter().map(|call| call.marks).collect();
    let tests = CallMarks::TEST_RUN | CallMarks::FULL_SUITE;
    assert_eq!(marks, [CallMarks::HUMAN | tests, CallMarks::POLL, CallMarks::empty()]);
    assert!(recording.calls.iter().all(|call| call.tier == CacheTier::Automatic));
    assert!(recording.blocks_of_call(2)[0].marks.contains(BlockMarks::ERROR));
    let result = &recording.blocks_of_call(1)[0];
    assert_eq!(result.peer_block().map(|peer| recording.blocks[peer].kind), Some(ToolInput));
}

#[test]
fn switches_break_the_cache() {
    let text = head(0, "p", "")
        + &turn(0, "gpt-5.4", "high")
        + &calls(10, (0, 0), &[1_000])
        + &turn(11, "gpt-5.4", "low")
        + &calls(20, (1_000, 10), &[1_100])
        + &turn(21, "gpt-5.5", "low")
        + &calls(30, (2_100, 20), &[1_200])
        + &turn(31, "gpt-5.5", "low")
        + &calls(40, (3_300, 30), &[1_300]);
    let breaks: Vec<CacheBreak> =
        one(&text).recording.calls.iter().map(|call| call.cache_break).collect();
    use CacheBreak::{No, ToStatic, ToZero};
    assert_eq!(breaks, [No, ToStatic, ToZero, No]);
}

#[test]
fn a_compaction_starts_the_context_over() {
    let history = "[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\
                   \"text\":\"fix it\"}]},{\"type\":\"message\",\"role\":\"developer\",\"content\":\
                   [{\"type\":\"input_text\",\"text\":\"rules\"}]},{\"type\":\"compaction\",\
                   \"encrypted_content\":\"QUJD\"}]";
    let compacted = format!("\"message\":\"\",\"replacement_history\":{history}");
    let compacted = line(20, "compacted", &compacted) + &event(20, "context_compacted");
    let zero = count(20, (260_000, 20), (0, 0));
    let before = head(0, "p", "") + &said(1, "user", "fix it") + &event(1, "user_message");
    let after = calls(30, (260_000, 20), &[30_000]);
    let full = calls(5, (0, 0), &[20_000, 240_000]);
    let text = format!("{before}{full}{compacted}{zero}{after}");
    let imported = one(&text);
    let recording = &imported.recording;
    assert_eq!(recording.calls[2].restart, ContextRestart::AutoCompacted);
    assert_eq!(recording.calls[2].cache_break, CacheBreak::ToStatic);
    let blocks = recording.blocks_of_call(2);
    let summary: Vec<u32> =
        blocks.iter().filter(|block| block.kind == BlockKind::Summary).map(|b| b.chars).collect();
    assert_eq!(summary, [6]);
    // What nobody can read of it weighs the rest: 30,000 less the part that every context holds.
    let tokens =
        |kind| blocks.iter().filter(move |b| b.kind == kind).map(|b| b.tokens).sum::<i64>();
    assert_eq!((tokens(BlockKind::System), tokens(BlockKind::Summary)), (19_925, 10_075));
    // With room left, in a turn of its own, somebody asked for it.
    let small = calls(10, (0, 0), &[40_000]);
    let later = calls(30, (40_000, 10), &[30_000]);
    let text = format!("{before}{small}{}{compacted}{later}", event(19, "task_started"));
    assert_eq!(one(&text).recording.calls[1].restart, ContextRestart::ManualCompacted);
    // Older versions tell the summary, or only that there was one.
    let older = line(20, "compacted", "\"message\":\"we fixed it\"");
    for (older, chars) in [(older, Some(11)), (event(20, "context_compacted"), None)] {
        let imported = one(&format!("{before}{full}{older}{after}"));
        assert_eq!(imported.recording.calls[2].restart, ContextRestart::AutoCompacted);
        let summary = imported.recording.blocks_of_call(2).iter();
        let summary = summary.filter(|block| block.kind == BlockKind::Summary).map(|b| b.chars);
        assert_eq!(summary.collect::<Vec<_>>().last().copied(), chars);
    }
}

#[test]
fn a_response_that_was_broken_off_stays_in_the_context() {
    let text = head(0, "p", "")
        + &said(1, "user", "fix it")
        + &calls(10, (0, 0), &[1_000])
        + &said(11, "assistant", "I was just about to")
        + &used(12, "c1", "exec_command", "{\"cmd\":\"ls\"}")
        + &answered(13, "c1", "aborted by user")
        + &event(14, "turn_aborted")
        + &said(20, "user", "go on")
        + &said(22, "assistant", "Yes.")
        + &calls(23, (1_000, 10), &[1_100]);
    let imported = one(&text);
    let recording = &imported.recording;
    let kinds = kinds(recording.blocks_of_call(1));
    use BlockKind::{Text, ToolResult, Unattributed, User};
    assert_eq!(kinds, [Unattributed, ToolResult, User, Text]);
    assert_eq!(recording.blocks_of_call(1)[1].peer_block(), None);
    assert_eq!(recording.calls[1].start_ms / 1_000 % 60, 20);
}

#[test]
fn a_copied_history_is_no_output() {
    let history = said(300, "user", "fix it")
        + &used(300, "c1", "exec_command", "{\"cmd\":\"ls\"}")
        + &answered(300, "c1", "a.rs")
        + &said(300, "assistant", "There is one file.");
    let own = said(301, "user", "read it") + &said(305, "assistant", "Done.");
    let text = head(300, "c", SPAWNED) + &history + &own + &calls(306, (0, 0), &[9_000]);
    let imported = one(&text);
    use BlockKind::{System, Text, ToolResult, Unattributed, User};
    let expect = [System, User, Unattributed, ToolResult, User, Text];
    assert_eq!(kinds(imported.recording.blocks_of_call(0)), expect);
    // A prompt that comes while a tool runs takes nothing from the response.
    let text = head(0, "p", "")
        + &said(1, "user", "fix it")
        + &used(2, "c1", "exec_command", "{\"cmd\":\"ls\"}")
        + &said(3, "user", "hurry")
        + &answered(4, "c1", "a.rs")
        + &count(4, (1_000, 10), (1_000, 10))
        + &said(5, "assistant", "Done.")
        + &count(5, (2_100, 20), (1_100, 10));
    let imported = one(&text);
    assert_eq!(kinds(imported.recording.blocks_of_call(0)), [System, User, BlockKind::ToolInput]);
    assert_eq!(kinds(imported.recording.blocks_of_call(1)), [User, ToolResult, Text]);
}

#[test]
fn turns_taken_back_are_not_sent() {
    let text = head(0, "p", "")
        + &said(1, "user", "fix it")
        + &calls(10, (0, 0), &[1_000, 3_000])
        + &said(21, "user", "no, like this")
        + &line(22, "event_msg", "\"type\":\"thread_rolled_back\",\"num_turns\":1")
        + &said(23, "user", "so?")
        + &calls(30, (4_000, 20), &[1_100]);
    let imported = one(&text);
    let recording = &imported.recording;
    let prompts = recording.blocks_of_call(2).iter().filter(|block| block.kind == BlockKind::User);
    assert_eq!(prompts.map(|block| block.chars).collect::<Vec<_>>(), [3]);
    assert_eq!(recording.calls[2].restart, ContextRestart::Fresh);
}

#[test]
fn subagents_report() {
    let text = head(0, "p", "")
        + &used(1, "c1", "wait_agent", "{\"ids\":[\"x\"]}")
        + &count(2, (1_000, 10), (1_000, 10))
        + &answered(60, "c1", "{\"status\":{\"x\":{\"completed\":\"done\"}}}")
        + &said(61, "user", "<subagent_notification>done</subagent_notification>")
        + &item(
            62,
            "\"type\":\"agent_message\",\"content\":[{\"type\":\"input_text\",\"text\":\"done\"}]",
        )
        + &count(70, (2_200, 20), (1_200, 10));
    let imported = one(&text);
    let reports = imported.recording.blocks_of_call(1).iter();
    assert_eq!(reports.filter(|block| block.kind == BlockKind::Report).count(), 3);
}

// ---- packets ---------------------------------------------------------------------------------

fn packet(id: &str, agent: &str, kind: &str) -> String {
    format!(
        "$code-change\n$planning\n\n--- CONTEXT SNAPSHOT (deterministic) ---\nopen: 3\n\
         --- END CONTEXT ---\n\nYou are the agent \"{agent}\" running inside Agentic Cockpit.\n\n\
         --- TASK PACKET ---\n---\n{{\"id\":\"{id}\",\"to\":[\"{agent}\"],\"signals\":{{\"kind\":\"{kind}\",\
         \"rootId\":\"r\",\"sourceKind\":\"TASK_COMPLETE\"}},\"references\":{{\"completedTaskKind\":\
         \"STATUS\"}}}}\n---\n\nbody\n"
    )
}

#[test]
fn packets_open_invocations() {
    let text = head(0, "p", "")
        + &said(1, "user", &packet("p1", "daddy", "ORCHESTRATOR_UPDATE"))
        + &event(1, "user_message")
        + &said(1, "user", "<skill>\n<name>planning</name>\nplan\n</skill>")
        + &calls(10, (0, 0), &[9_000, 9_500])
        + &said(30, "user", &packet("p2", "daddy", "EXECUTE"))
        + &said(31, "user", &packet("p2", "daddy", "EXECUTE"))
        + &calls(40, (18_500, 20), &[12_000])
        + "\n"
        + &said(50, "user", &packet("p3", "qa", "STATUS"));
    let imported = one(&text);
    let recording = &imported.recording;
    let met: Vec<(u32, &str, &str, &str, &str)> = recording
        .invocations
        .iter()
        .map(|one| {
            let packet = &one.packet;
            let names = (packet.id.as_str(), packet.kind.as_str(), packet.root.as_str());
            (one.call, names.0, names.1, names.2, packet.source.as_str())
        })
        .collect();
    let digest = (0, "p1", "ORCHESTRATOR_UPDATE", "r", "TASK_COMPLETE:STATUS");
    let again = (2, "p2", "EXECUTE", "r", "");
    assert_eq!(met, [digest, again, again]);
    assert!(recording.invocations.iter().all(|one| one.packet.agent == "daddy"));
    assert_eq!(reasons(&imported), [(11, "a task packet for \"qa\" without any call".to_owned())]);
    let marked = |mark: BlockMarks| {
        let blocks = recording.blocks_of_call(0).iter().filter(|block| block.marks.contains(mark));
        blocks.map(|block| block.chars).collect::<Vec<_>>()
    };
    let of = |text: &str| text.chars().count() as u32;
    assert_eq!(marked(BlockMarks::SKILLS), [of("$code-change\n$planning\n\n"), 43]);
    assert_eq!(marked(BlockMarks::SNAPSHOT).len(), 1);
    let all = packet("p1", "daddy", "ORCHESTRATOR_UPDATE");
    let from = all.find("--- TASK").expect("a packet");
    assert_eq!(marked(BlockMarks::PACKET), [of(&all[from..])]);
    assert!(!recording.calls[0].marks.contains(CallMarks::HUMAN), "nobody typed it");
}

#[test]
fn a_packet_that_was_replayed_is_the_parents() {
    let prompt = said(1, "user", &packet("p1", "daddy", "EXECUTE"));
    let thread = prompt.clone() + &calls(10, (0, 0), &[9_000, 9_500]);
    let child = head(300, "c", SPAWNED) + &thread + &calls(320, (18_500, 20), &[10_000]);
    let parent = head(0, "p", "") + &thread;
    let imported = imported(&[("a.jsonl", parent.as_bytes()), ("b.jsonl", child.as_bytes())]);
    let calls: Vec<u32> = imported.recording.invocations.iter().map(|one| one.call).collect();
    assert_eq!((calls, imported.recording.calls.len()), (vec![0], 3));
}

#[test]
fn a_packet_that_cannot_be_read_is_said() {
    let prompt = "You are the agent \"qa\".\n--- TASK PACKET ---\n---\nkind: EXECUTE\n---\n";
    let text = head(0, "p", "") + &said(1, "user", prompt) + &calls(10, (0, 0), &[9_000]);
    let imported = one(&text);
    assert_eq!(reasons(&imported), [(2, "a task packet without JSON front matter".to_owned())]);
    assert_eq!(imported.recording.invocations[0].packet.agent, "qa");
}
