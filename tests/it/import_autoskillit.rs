//! AutoSkillit's log root: which session was which step, joined with what other files show of it.

use crate::run::{Folder, here, json, ok, refused, run};
use serde_json::Value;
use std::path::Path;
use windtunnel::import::{ImportOptions, ImportResult, import_transcripts};
use windtunnel::recording::{Basis, CrashCounts, Role, Session};
use windtunnel::units::Usage;

const ROOT: &str = "tests/fixtures/autoskillit";

fn imported(path: &str) -> ImportResult {
    import_transcripts(&[here(path).into()], &ImportOptions::default(), &|_, _| {})
        .expect("a log root")
}

fn session<'a>(imported: &'a ImportResult, id: &str) -> &'a Session {
    let found = imported.recording.sessions.iter().find(|session| session.id == id);
    found.unwrap_or_else(|| panic!("no session {id}"))
}

/// What was billed with a session beyond its calls.
fn rest(imported: &ImportResult, id: &str) -> Usage {
    let recording = &imported.recording;
    let of = |session: u32| recording.sessions[session as usize].id == id;
    recording.remainders.iter().filter(|rest| of(rest.session)).map(|rest| rest.usage).sum()
}

#[test]
fn a_session_is_joined_with_its_transcript() {
    let imported = imported(ROOT);
    let plan = session(&imported, "s-plan");
    assert_eq!((&*plan.pipeline, &*plan.step, plan.calls, plan.records), ("774", "plan", 3, 6));
    assert_eq!(imported.recording.source_of_session(plan), "claude-code");
    assert_eq!(plan.harness_totals.calls, Some(3));
    assert_eq!(
        (plan.harness_totals.duration_ms, plan.harness_totals.peak_context),
        (Some(42_500), Some(1_800))
    );
    assert!(rest(&imported, "s-plan").is_zero(), "its totals are those of its calls");
    assert_eq!(imported.recording.source, "mixed");
}

#[test]
fn totals_stand_in_where_no_file_shows_a_call() {
    let imported = imported(ROOT);
    let told = session(&imported, "s-impl");
    assert_eq!((told.calls, told.harness_totals.calls, told.records), (0, Some(4), 9));
    assert_eq!((told.usage_basis, told.harness_totals.unfinished), (Basis::Billed, false));
    let want = Usage { fresh: 40, read: 250_000, write_5m: 30_000, write_1h: 0, output: 7_000 };
    assert_eq!(rest(&imported, "s-impl"), want);
    // Before #1850 the step stood in another field, and before #546 the kitchen.
    let old = session(&imported, "s-old");
    assert_eq!((&*old.pipeline, &*old.step, old.harness_totals.calls), ("kitchen-1", "plan", None));
    assert_eq!(rest(&imported, "s-old").read, 7_000);
    let fleet = session(&imported, "s-fleet");
    assert_eq!((&*fleet.pipeline, &*fleet.step), ("fleet-3", "dispatch:fleet-3"));
}

#[test]
fn a_killed_session_is_flagged_and_its_stdout_taken_before_its_totals() {
    let imported = imported(ROOT);
    let again = session(&imported, "s-impl-again");
    assert_eq!((&*again.step, again.calls, again.records), ("implement", 2, 4));
    assert_eq!(imported.recording.source_of_session(again), "stream-json");
    let calls = &imported.recording.calls[again.call_range()];
    let usage: Usage = calls.iter().map(|call| call.usage).sum();
    assert_eq!((usage.read, usage.write_tokens()), (3_000, 400), "half of what the log says");
    assert!(rest(&imported, "s-impl-again").is_zero() && again.harness_totals.unfinished);
    let review = session(&imported, "s-review");
    assert_eq!((review.usage_basis, review.harness_totals.unfinished), (Basis::Estimated, true));
    assert!(imported.notes.iter().any(|note| note.to_string().contains("without a result: 2")));
}

#[test]
fn crash_records_are_sorted_and_the_fence_is_kept() {
    let imported = imported(ROOT);
    let want = CrashCounts { records: 8, pid_reuse: 2, orphans: 6 };
    assert_eq!(imported.recording.crashes, want);
    let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    let notes = notes.join("\n");
    assert!(notes.contains("6 orphans (groups: 2 of 3)"), "{notes}");
    assert!(notes.contains("2026-04-10T00:00:00+00:00): 1"), "{notes}");
    let ids: Vec<&str> = imported.recording.sessions.iter().map(|s| s.id.as_str()).collect();
    assert!(!ids.contains(&"s-cleared") && !ids.iter().any(|id| id.starts_with("crashed_")));
    assert_eq!((ids.len(), imported.skip_counts.total()), (8, 0));
}

#[test]
fn an_orchestrator_is_shared_out_by_its_dispatches() {
    let imported = imported(ROOT);
    let orchestrator = session(&imported, "orch");
    assert_eq!((orchestrator.role, orchestrator.calls), (Role::Orchestrator, 5));
    let told: Vec<(u32, &str, &str)> = imported
        .recording
        .invocations
        .iter()
        .map(|one| {
            let call = one.call - orchestrator.first_call;
            (call, one.packet.root.as_str(), one.packet.source.as_str())
        })
        .collect();
    let want =
        [(0, "774", "plan"), (2, "774", "implement"), (2, "775", "plan"), (3, "775", "review")];
    assert_eq!(told, want);
    let row = |order: &str| {
        let told = json(&["steps", &here(ROOT), "--order", order]);
        let steps = told["steps"].as_array().expect("rows").clone();
        steps.into_iter().find(|row| row["orchestrator"] == true).expect("the orchestrator")
    };
    let (first, second) = (row("774"), row("775"));
    // Calls 1 and 2 are 774's, call 3 is shared, calls 4 and 5 are 775's.
    assert_eq!((&first["read"], &second["read"]), (&4_500.into(), &10_500.into()));
    assert_eq!((&first["fresh"], &second["output"]), (&25.into(), &20.into()));
    let sum = |key: &str| first[key].as_i64().unwrap() + second[key].as_i64().unwrap();
    assert_eq!((sum("calls"), sum("records"), sum("write_5m"), sum("output")), (5, 6, 500, 40));
}

#[test]
fn orders_add_up_to_the_whole() {
    let read = |args: &[&str]| json(&[&["steps", &here(ROOT)], args].concat())["total"].clone();
    let whole = read(&[]);
    let orders = ["774", "775", "fleet-3", "kitchen-1"];
    let parts: Vec<Value> = orders.iter().map(|order| read(&["--order", order])).collect();
    for key in ["calls", "records", "fresh", "read", "write_5m", "write_1h", "output"] {
        let sum: i64 = parts.iter().map(|part| part[key].as_i64().expect("a count")).sum();
        assert_eq!(Some(sum), whole[key].as_i64(), "{key}");
    }
    let inspected = json(&["inspect", &here(ROOT)]);
    for key in ["fresh", "read", "write_5m", "write_1h", "output"] {
        assert_eq!(inspected["totals"][key], whole[key], "{key}");
    }
}

#[test]
fn the_table_of_a_pull_request_is_as_the_harness_writes_it() {
    let table = ok(&["steps", &here(ROOT), "--order", "774", "--format", "markdown"]);
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(table.lines().next(), Some("## Token Usage Summary"));
    assert_eq!(
        rows[0],
        "| Step | Model | count | uncached | output | cache_read | peak_ctx | turns | calls | \
         cache_write | time |"
    );
    let model = "claude-sonnet-4-6";
    assert_eq!(
        rows[2..],
        [
            format!("| plan | {model} | 1 | 12 | 60 | 3.6k | 1.8k | 6 | 3 | 900 | 42s |"),
            format!(
                "| implement | {model} | 2 | 50 | 7.0k | 253.0k | 80.0k | 13 | 6 | 30.4k | 11m 1s |"
            ),
            "| review | unstated | 1 | 10 | 600 | 50.0k | 9.0k | 6 | ? | 4.0k | 30s |".to_owned(),
            format!(
                "| orchestrator | {model} | 1 | 25 | 20 | 4.5k | 5.0k | 3 | 3 | 250 | 15m 0s |"
            ),
            format!(
                "| **Total** | **{model}, unstated** | **5** | **97** | **7.7k** | **311.1k** | \
                 **80.0k** | **28** | **12** | **35.5k** | **27m 14s** |"
            ),
        ]
    );
    refused(&["steps", &here(ROOT), "--order", "776"], &["776", "774, 775"]);
}

#[test]
fn any_recording_has_steps() {
    let told = json(&["steps", "order-774"]);
    let inspected = json(&["inspect", "order-774"]);
    for key in ["calls", "records", "output"] {
        assert_eq!(told["total"][key], inspected["totals"][key], "{key}");
    }
    // The orchestrator, of which a total is published, has a row and a part in the sum.
    let read = |total: &serde_json::Value| total["read"].as_i64().expect("a number");
    assert_eq!(read(&told["total"]), read(&inspected["totals"]) + 2_360_804);
    let csv = ok(&["steps", "order-774", "--format", "csv"]);
    assert!(csv.starts_with("step,model,sessions,calls,records,fresh_tokens"), "{csv}");
}

#[test]
fn dispatches_are_placed_by_time_where_the_transcript_names_none() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(ROOT);
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("a fixture");
    let quiet = read("projects/-repo/orch.jsonl").replace("run_skill", "start");
    let index = read("logs/sessions.jsonl");
    let folder = Folder::new(&[
        ("logs/sessions.jsonl", index.as_bytes()),
        ("projects/orch.jsonl", quiet.as_bytes()),
    ]);
    let imported =
        import_transcripts(&[folder.path().into()], &ImportOptions::default(), &|_, _| {})
            .expect("calls");
    let orchestrator = session(&imported, "orch");
    assert_eq!(orchestrator.role, Role::Orchestrator);
    let told: Vec<(u32, &str)> = imported
        .recording
        .invocations
        .iter()
        .map(|one| (one.call, one.packet.root.as_str()))
        .collect();
    // Starts 10:00:05, 10:05 and 10:06 lie after call 1; 10:20 after call 3, 10:40 after call 5.
    assert_eq!(told, [(0, "774"), (0, "774"), (0, "775"), (1, "774"), (3, "774")]);
}

#[test]
fn broken_and_foreign_files_are_said_and_change_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(ROOT);
    let read = |name: &str| std::fs::read(root.join(name)).expect("a fixture");
    let mut index = read("logs/sessions.jsonl");
    index.extend_from_slice(b"{\"no\":1}\nnot json\n{\"dir_name\":\"cut\"");
    let tokens = "{\"session_label\":\"x\",\"input_tokens\":-5,\"output_tokens\":1}";
    let folder = Folder::new(&[
        ("sessions.jsonl", &index),
        ("sessions/s-impl/token_usage.json", tokens.as_bytes()),
        ("sessions/s-review/summary.json", b"[]"),
        ("elsewhere/summary.json", b"{\"a\":1}"),
        ("notes.txt", b"nothing of a transcript\n"),
        ("projects/s-plan.jsonl", &read("projects/-repo/s-plan.jsonl")),
    ]);
    let imported =
        import_transcripts(&[folder.path().into()], &ImportOptions::default(), &|_, _| {})
            .expect("calls");
    let told: Vec<String> = imported.skips.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    for words in ["'dir_name'", "line 19", "input_tokens: -5", "not one JSON object"] {
        assert!(told.iter().any(|skip| skip.contains(words)), "{words}: {told:?}");
    }
    assert_eq!(imported.recording.calls.len(), 3);
    let strict = run(&["import", folder.path(), "--strict"]);
    assert_eq!(strict.code, Some(2), "{}", strict.err);
}

#[test]
fn a_transcript_that_the_log_names_is_read_where_it_lies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(ROOT);
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("a fixture");
    let transcript = read("projects/-repo/s-plan.jsonl");
    let aside = transcript.replace("\"id\":\"p", "\"id\":\"q").replace("r-p", "r-q");
    let there = Folder::new(&[
        ("s-plan.jsonl", transcript.as_bytes()),
        ("s-plan/subagents/agent-7.jsonl", aside.as_bytes()),
    ]);
    let named = there.at("s-plan.jsonl");
    let index =
        read("logs/sessions.jsonl").replace("/elsewhere/projects/-repo/s-plan.jsonl", &named);
    let folder = Folder::new(&[("sessions.jsonl", index.as_bytes())]);
    let imported =
        import_transcripts(&[folder.path().into()], &ImportOptions::default(), &|_, _| {})
            .expect("calls");
    let told: Vec<(&str, &str, &str, u32)> = imported
        .recording
        .sessions
        .iter()
        .map(|one| (one.id.as_str(), one.file.as_str(), one.step.as_str(), one.calls))
        .collect();
    let main = ("s-plan", "s-plan.jsonl", "plan", 3);
    assert_eq!(told, [main, ("s-plan/agent-7", "s-plan/subagents/agent-7.jsonl", "plan", 3)]);
    // Named as an argument too, it counts once.
    let both = [folder.path().into(), there.path().into()];
    let imported = import_transcripts(&both, &ImportOptions::default(), &|_, _| {}).expect("calls");
    assert_eq!((imported.recording.calls.len(), imported.copies), (6, 0));
}

#[test]
fn a_saved_recording_tells_the_same() {
    let folder = Folder::new(&[]);
    let saved = folder.at("log.json");
    ok(&["import", &here(ROOT), "--output", &saved]);
    let (now, then) = (json(&["steps", &here(ROOT)]), json(&["steps", &saved]));
    assert_eq!((&now["steps"], &now["total"]), (&then["steps"], &then["total"]));
}
