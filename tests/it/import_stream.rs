//! stream-json: calls, subagents and what was billed beyond them.

use crate::import_bad_input::import_bytes;
use windtunnel::import::Imported;
use windtunnel::recording::{CallMarks, Role};
use windtunnel::units::Usage;

fn message(id: &str, parent: &str, model: &str) -> String {
    format!(
        "{{\"type\":\"assistant\",\"session_id\":\"s\",\"parent_tool_use_id\":{parent},\"message\":{{\"id\":\"{id}\",\
         \"model\":\"{model}\",\"content\":[{{\"type\":\"text\",\"text\":\"{}\"}}],\"usage\":{{\"input_tokens\":10,\
         \"cache_creation_input_tokens\":100,\"cache_read_input_tokens\":1000,\"output_tokens\":1}}}}}}\n",
        "word ".repeat(100)
    )
}

fn result(session: &str, input: u32, output: u32, usd: f64) -> String {
    format!(
        "{{\"type\":\"result\",\"session_id\":\"{session}\",\"duration_ms\":9000,\"total_cost_usd\":{usd},\
         \"usage\":{{\"cache_creation\":{{\"ephemeral_1h_input_tokens\":0}}}},\"modelUsage\":{{\
         \"us.claude-x-v1:0\":{{\"inputTokens\":{input},\"outputTokens\":{output},\
         \"cacheReadInputTokens\":3000,\"cacheCreationInputTokens\":300}},\
         \"claude-h\":{{\"inputTokens\":7,\"outputTokens\":2}}}}}}\n"
    )
}

fn billed_usd(imported: &Imported) -> f64 {
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
    let told: Vec<(&str, Role, u32)> = recording
        .sessions
        .iter()
        .map(|s| (s.version.as_str(), s.role, s.calls))
        .collect();
    assert_eq!(
        told,
        [("2.1.300", Role::Main, 1), ("2.1.300", Role::Subagent, 1)]
    );
    let rest: Usage = recording.remainders.iter().map(|rest| rest.usage).sum();
    let billed = Usage {
        fresh: 57,
        read: 3_000,
        write_5m: 300,
        write_1h: 0,
        output: 402,
    };
    assert_eq!(recording.usage() + rest, billed);
    assert!(recording.calls[0].marks.contains(CallMarks::PLACEHOLDER));
    assert!(recording.calls[0].end_ms > recording.calls[0].start_ms);
    assert_eq!(imported.billed_cost.len(), 1);
}

#[test]
fn a_running_total_counts_once_and_a_new_process_again() {
    let restated = format!(
        "{}{}",
        result("s", 50, 400, 0.25),
        result("s", 90, 500, 0.5)
    );
    let imported = import_bytes(restated.as_bytes());
    let fresh: i64 = imported
        .recording
        .remainders
        .iter()
        .map(|rest| rest.usage.fresh)
        .sum();
    assert_eq!(fresh, 97);
    assert!((billed_usd(&imported) - 0.5).abs() < 1e-12);
    let again = format!(
        "{restated}{}{}",
        result("s", 20, 30, 0.125),
        result("t", 1, 1, 0.25)
    );
    let imported = import_bytes(again.as_bytes());
    let fresh: i64 = imported
        .recording
        .remainders
        .iter()
        .map(|rest| rest.usage.fresh)
        .sum();
    assert_eq!(fresh, 97 + 27 + 8);
    assert!((billed_usd(&imported) - 0.875).abs() < 1e-12);
    assert_eq!(imported.recording.sessions.len(), 2);
}
