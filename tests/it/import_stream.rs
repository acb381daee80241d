//! stream-json: calls, subagents and what was billed beyond them.

use crate::import_bad_input::import_bytes;
use windtunnel::import::{ImportOptions, ImportResult};
use windtunnel::recording::{CallMarks, PriceModifiers, Role};
use windtunnel::units::Usage;

pub fn message(id: &str, parent: &str, model: &str) -> String {
    format!(
        "{{\"type\":\"assistant\",\"session_id\":\"s\",\"parent_tool_use_id\":{parent},\"message\":{{\"id\":\"{id}\",\
         \"model\":\"{model}\",\"content\":[{{\"type\":\"text\",\"text\":\"{}\"}}],\"usage\":{{\"input_tokens\":10,\
         \"cache_creation_input_tokens\":100,\"cache_read_input_tokens\":1000,\"output_tokens\":1}}}}}}\n",
        "word ".repeat(100)
    )
}

pub fn result(session: &str, input: u32, output: u32, usd: f64) -> String {
    format!(
        "{{\"type\":\"result\",\"session_id\":\"{session}\",\"duration_ms\":9000,\"total_cost_usd\":{usd},\
         \"usage\":{{\"cache_creation\":{{\"ephemeral_1h_input_tokens\":0}}}},\"modelUsage\":{{\
         \"us.claude-x-v1:0\":{{\"inputTokens\":{input},\"outputTokens\":{output},\
         \"cacheReadInputTokens\":3000,\"cacheCreationInputTokens\":300}},\
         \"claude-h\":{{\"inputTokens\":7,\"outputTokens\":2}}}}}}\n"
    )
}

fn billed_usd(imported: &ImportResult) -> f64 {
    imported.billed_cost.iter().map(|cost| cost.usd).sum()
}

#[test]
fn calls_and_remainders_add_up_to_what_was_billed() {
    let init = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\",\"claude_code_version\":\"2.1.300\"}\n";
    let text = format!(
        "{init}{}{}{}{}",
        message("a", "null", "claude-x"),
        message("b", "\"toolu_1\"", "claude-x"),
        message("a", "null", "claude-x"),
        result("s", 50, 400, 0.25)
    );
    let imported = import_bytes(text.as_bytes());
    let recording = &imported.recording;
    assert_eq!(recording.source, "stream-json");
    let told: Vec<(&str, Role, u32)> =
        recording.sessions.iter().map(|s| (s.version.as_str(), s.role, s.calls)).collect();
    assert_eq!(told, [("2.1.300", Role::Main, 1), ("2.1.300", Role::Subagent, 1)]);
    let rest: Usage = recording.remainders.iter().map(|rest| rest.usage).sum();
    let billed = Usage { fresh: 57, read: 3_000, write_5m: 300, write_1h: 0, output: 402 };
    assert_eq!(recording.total_usage() + rest, billed);
    assert!(recording.calls[0].marks.contains(CallMarks::PLACEHOLDER));
    assert!(recording.calls[0].end_ms > recording.calls[0].start_ms);
    assert_eq!(imported.billed_cost.len(), 1);
}

#[test]
fn a_running_total_counts_once_and_a_new_process_again() {
    let restated = format!("{}{}", result("s", 50, 400, 0.25), result("s", 90, 500, 0.5));
    let imported = import_bytes(restated.as_bytes());
    let fresh: i64 = imported.recording.remainders.iter().map(|rest| rest.usage.fresh).sum();
    assert_eq!(fresh, 97);
    assert!((billed_usd(&imported) - 0.5).abs() < 1e-12);
    let again = format!("{restated}{}{}", result("s", 20, 30, 0.125), result("t", 1, 1, 0.25));
    let imported = import_bytes(again.as_bytes());
    let fresh: i64 = imported.recording.remainders.iter().map(|rest| rest.usage.fresh).sum();
    assert_eq!(fresh, 97 + 27 + 8);
    assert!((billed_usd(&imported) - 0.875).abs() < 1e-12);
    assert_eq!(imported.recording.sessions.len(), 2);
}

#[test]
fn a_total_below_what_was_shown_is_a_new_process() {
    // Each run states more than the one before, and less than the calls of both.
    let run = |ids: &[&str], output| {
        let calls = ids.iter().map(|id| message(id, "null", "claude-x"));
        format!("{}{}", calls.collect::<String>(), result("s", 50, output, 0.25))
    };
    let text = format!("{}{}", run(&["a", "b", "c"], 10), run(&["d", "e", "f"], 20));
    let imported = import_bytes(text.as_bytes());
    let twice = Usage { fresh: 114, read: 6_000, write_5m: 600, write_1h: 0, output: 34 };
    assert_eq!(billed(&imported), twice);
}

#[test]
fn a_bill_confirms_output_that_the_log_hides() {
    let text = format!("{}{}", message("a", "null", "claude-x"), result("s", 50, 400, 0.25));
    let imported = import_bytes(text.as_bytes());
    let recording = &imported.recording;
    // Hundred words were written where one token is told.
    let [call] = &recording.calls[..] else { panic!("{:?}", recording.calls) };
    assert_eq!((call.output_hidden, call.usage.output > 50), (0, true));
    assert_eq!(billed(&imported).output, 402);
}

#[test]
fn a_bill_of_copies_confirms_output_of_the_session_that_keeps_them() {
    let call = message("a", "null", "claude-x");
    let billed_copy = format!("{call}{}", result("s", 50, 400, 0.25));
    let longer = format!("{call}{}", message("b", "null", "claude-x"));
    for names in [["a.jsonl", "b.jsonl"], ["b.jsonl", "a.jsonl"]] {
        let imported = folder(&[(names[0], longer.clone()), (names[1], billed_copy.clone())]);
        let first = &imported.recording.calls[0];
        assert_eq!((first.output_hidden, first.usage.output > 50), (0, true), "{names:?}");
    }
}

#[test]
fn what_was_billed_beyond_the_calls_has_their_conditions() {
    let fast =
        |text: String| text.replace("\"input_tokens\"", "\"speed\":\"fast\",\"input_tokens\"");
    let run = |second: String| {
        let text = format!("{}{second}", fast(message("a", "null", "claude-x")));
        let text = text + &result("s", 50, 400, 0.25);
        let recording = import_bytes(text.as_bytes()).recording;
        recording.remainders.iter().map(|rest| rest.modifiers).collect::<Vec<_>>()
    };
    let none = PriceModifiers::empty();
    assert_eq!(run(fast(message("b", "null", "claude-x"))), [none, PriceModifiers::FAST]);
    assert_eq!(run(message("b", "null", "claude-x")), [none, none]);
}

/// Imports files of these names and contents.
fn folder(files: &[(&str, String)]) -> ImportResult {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let folder = crate::run::Folder::new(&files);
    let paths = [folder.path().into()];
    windtunnel::import::import_transcripts(&paths, &ImportOptions::default(), &|_, _| {})
        .expect("calls")
}

fn billed(imported: &ImportResult) -> Usage {
    let rest: Usage = imported.recording.remainders.iter().map(|rest| rest.usage).sum();
    imported.recording.total_usage() + rest
}

#[test]
fn outputs_of_any_name_are_found_and_others_passed_over() {
    let text = |id: &str| message(id, "null", "claude-x").replace("\"s\"", &format!("\"{id}\""));
    let imported = folder(&[
        ("a.json", text("a")),
        ("b.log", format!("starting up\n{}", text("b"))),
        ("c.txt", text("c")),
        ("d.out", text("d")),
        ("e.ndjson", text("e")),
        ("package.json", "{\"name\":\"x\"}".to_owned()),
        ("notes.txt", "a note\n".to_owned()),
    ]);
    let ids: Vec<&str> = imported.recording.sessions.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e"]);
    let told: Vec<String> = imported.skips.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "only the line that is no event: {told:?}");
    assert!(told[0].starts_with("b.log, line 1"), "{told:?}");
}

#[test]
fn a_transcript_of_the_same_session_counts_each_response_once() {
    let stream = format!(
        "{}{}{}",
        message("a", "null", "claude-x"),
        message("b", "\"toolu_1\"", "claude-x"),
        result("s", 50, 400, 0.25)
    );
    let transcript = |id: &str, file: &str, output: u32| {
        format!(
            "{{\"type\":\"assistant\",\"sessionId\":\"s\",\"uuid\":\"{file}{id}\",\"requestId\":\"r-{id}\",\"timestamp\":\"2026-03-01T10:00:00.000Z\",\
             \"message\":{{\"id\":\"{id}\",\"model\":\"claude-x\",\"content\":[{{\"type\":\"text\",\"text\":\"word\"}}],\"usage\":{{\"input_tokens\":10,\
             \"cache_creation_input_tokens\":100,\"cache_read_input_tokens\":1000,\"output_tokens\":{output}}}}}}}\n"
        )
    };
    let alone = folder(&[("run.log", stream.clone())]);
    let want = Usage { fresh: 57, read: 3_000, write_5m: 300, write_1h: 0, output: 402 };
    assert_eq!(billed(&alone), want);
    // Main thread and subagent are known better; a second subagent is not in the stream at all.
    let mixed = folder(&[
        ("run.log", stream),
        ("p/s.jsonl", transcript("a", "m", 150)),
        ("p/s/subagents/agent-1.jsonl", transcript("b", "s", 120)),
        ("p/s/subagents/agent-2.jsonl", transcript("c", "s", 90)),
    ]);
    assert_eq!((mixed.recording.calls.len(), mixed.copies), (3, 2));
    assert_eq!(billed(&mixed), want, "the bill covers all of it");
    assert!(mixed.recording.calls.iter().all(|call| call.usage.output > 1), "with their output");
    assert!(mixed.recording.calls.iter().all(|call| call.start_ms > 0), "and their times");
    let sources: Vec<&str> =
        mixed.recording.sessions.iter().map(|s| mixed.recording.source_of_session(s)).collect();
    assert_eq!(sources, ["claude-code"; 3]);
}
