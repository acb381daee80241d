//! Hazards from public bug reports, one small input each, with the right answer beside it
//! (`tests/fixtures/field-reports/*/case.json`): every case is run as a user would run it.

use crate::laws::imported;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use windtunnel::recording::{Block, ContextRestart};

/// Cases whose "right" contradicts another one. 098 and 164 are both calls of
/// `us.anthropic.claude-sonnet-4-6`, once at list price and once with the premium of a regional
/// profile; the premium is what the provider's page says.
const CONTRADICTED: &[&str] = &["098-model-us_anthropic_claude_sonnet_4_6_1m_"];

/// Totals that a case may name.
const TOTALS: [&str; 8] =
    ["sessions", "calls", "fresh", "read", "write_5m", "write_1h", "output", "cost_usd"];

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field-reports");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(root).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    cases.sort();
    cases
}

fn name_of(case: &Path) -> String {
    case.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Runs the command of a case in a copy of its folder, which the command may write to.
fn run_case(case: &Path) -> (Value, Output, tempfile::TempDir) {
    let text = fs::read_to_string(case.join("case.json")).expect("a case");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_folder(case, folder.path());
    let words = told["command"].as_array().expect("a command").iter();
    let output = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .env("WINDTUNNEL_CACHE", "off")
        .args(words.map(|word| word.as_str().expect("a word")))
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    (told, output, folder)
}

/// How the first context restarted that was compacted.
fn compaction_of(input: &Path) -> &'static str {
    let calls = imported(input).recording.calls;
    let mut restarts = calls.iter().rev().map(|call| call.restart);
    let compacted = restarts.find(|restart| {
        matches!(restart, ContextRestart::AutoCompacted | ContextRestart::ManualCompacted)
    });
    match compacted {
        Some(ContextRestart::ManualCompacted) => "manual",
        Some(_) => "auto",
        None => "none",
    }
}

/// The figures that are wrong, each with both values.
fn wrong_figures(case: &Path) -> Vec<String> {
    let (told, output, _folder) = run_case(case);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut wrong = Vec::new();
    for (key, want) in told["right"].as_object().into_iter().flatten() {
        let got = match key.as_str() {
            "exit" => Value::from(output.status.code()),
            "skips" => printed["skips"].clone(),
            "bash_re_read" => row(&printed, "tools", "name", "Bash")["re_read"].clone(),
            "restart" => Value::from(compaction_of(&case.join("input"))),
            key if TOTALS.contains(&key) => printed["totals"][key].clone(),
            // Figures of content have tests of their own below.
            _ => continue,
        };
        let is_near = |(a, b): (f64, f64)| (a - b).abs() < 1e-7;
        let is_right = if want.is_f64() {
            got.as_f64().zip(want.as_f64()).is_some_and(is_near)
        } else {
            got == *want
        };
        if !is_right {
            wrong.push(format!("{key} is {got} instead of {want}"));
        }
    }
    wrong
}

#[test]
fn every_report_is_answered_right() {
    let mut failures = Vec::new();
    for case in cases() {
        let (name, wrong) = (name_of(&case), wrong_figures(&case));
        match (CONTRADICTED.contains(&&*name), wrong.is_empty()) {
            (true, true) => failures.push(format!("{name} is right: take it off CONTRADICTED")),
            (false, false) => failures.push(format!("{name}: {}", wrong.join("; "))),
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let names: Vec<String> = cases().iter().map(|case| name_of(case)).collect();
    assert_eq!(names.len(), 167);
    assert!(CONTRADICTED.iter().all(|listed| names.iter().any(|name| name == listed)));
}

/// What `inspect` prints of a case, named by its number.
fn inspected(number: &str) -> (Value, Value) {
    let case = cases().into_iter().find(|case| name_of(case).starts_with(number));
    let (told, output, _folder) = run_case(&case.expect("the case"));
    (told["right"].clone(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// A row of a table of what is printed, by the value of one of its fields.
fn row<'a>(printed: &'a Value, table: &str, field: &str, name: &str) -> &'a Value {
    let rows = printed[table].as_array().expect("a table");
    rows.iter().find(|row| row[field] == name).unwrap_or(&Value::Null)
}

/// Blocks by kind: exactly these, each with its numbers as far as the case names them.
fn check_kinds(number: &str) {
    let (right, printed) = inspected(number);
    let kinds = right["kinds"].as_object().expect("kinds");
    assert_eq!(printed["kinds"].as_array().map(Vec::len), Some(kinds.len()), "{number}");
    for (kind, numbers) in kinds {
        let met = row(&printed, "kinds", "name", kind);
        for (field, want) in ["blocks", "tokens", "re_read"].iter().zip(numbers.as_array().unwrap())
        {
            assert_eq!(met[field], *want, "{number}: {field} of {kind}");
        }
    }
    for (toggle, want) in right["toggles"].as_object().expect("toggles") {
        let met = row(&printed, "toggles", "id", toggle);
        // What a toggle saves rests on its premises, which are newer than the case.
        if !want.is_array() {
            assert_eq!(met["found"], *want, "{number}: {toggle}");
        }
    }
    check_tools(number, &right, &printed);
}

fn check_tools(number: &str, right: &Value, printed: &Value) {
    let tools: BTreeMap<&String, &Value> =
        right["tools"].as_object().into_iter().flatten().collect();
    for (tool, blocks) in tools {
        assert_eq!(row(printed, "tools", "name", tool)["blocks"], *blocks, "{number}: {tool}");
    }
}

#[test]
fn rows_that_are_there_twice_enter_the_context_once() {
    check_kinds("131");
    check_kinds("132");
    for number in ["181", "182"] {
        let (right, printed) = inspected(number);
        let results = row(&printed, "kinds", "name", "tool_result");
        assert_eq!(results["blocks"], right["tr"], "{number}");
        check_tools(number, &right, &printed);
    }
}

#[test]
fn an_older_copy_changes_no_figure() {
    for number in ["221", "223"] {
        check_kinds(number);
        let (_, with_copy) = inspected(number);
        let alone = inspected_alone(number);
        for part in ["totals", "kinds", "tools", "toggles", "sessions"] {
            assert_eq!(
                with_copy[part].as_array().map(Vec::len),
                alone[part].as_array().map(Vec::len)
            );
            assert_eq!(
                without_files(&with_copy[part]),
                without_files(&alone[part]),
                "{number}: {part}"
            );
        }
    }
}

/// What `inspect` prints of the longest transcript of a case.
fn inspected_alone(number: &str) -> Value {
    let case = cases().into_iter().find(|case| name_of(case).starts_with(number));
    let mut open = vec![case.expect("the case").join("input")];
    let mut longest = (0, PathBuf::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("a folder").flatten().map(|entry| entry.path()));
        } else {
            longest = longest.max((fs::metadata(&path).expect("a file").len(), path));
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .env("WINDTUNNEL_CACHE", "off")
        .args(["inspect", "--format", "json"])
        .arg(longest.1)
        .output()
        .expect("the program runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The same without the names of files, which tell where a copy lay.
fn without_files(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_files).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| *key != "file");
            kept.map(|(key, field)| (key.clone(), without_files(field))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn the_context_is_that_of_one_sampling() {
    let (right, printed) = inspected("163");
    assert_eq!(printed["totals"]["peak_context"], right["peak"]);
}

#[test]
fn a_comment_about_nothing_is_empty() {
    let case = cases().into_iter().find(|case| name_of(case).starts_with("168"));
    let (told, output, folder) = run_case(&case.expect("the case"));
    let comment = fs::read(folder.path().join("comment.md")).expect("a comment");
    assert_eq!(Value::from(comment.len()), told["right"]["comment"]);
    assert!(!output.stdout.is_empty(), "the summary says something");
}

#[test]
fn a_cleared_result_ends_and_its_context_goes_on() {
    let case = cases().into_iter().find(|case| name_of(case).starts_with("154"));
    let recording = imported(&case.expect("the case").join("input")).recording;
    let ended: Vec<u32> = recording.blocks.iter().filter_map(Block::carried_calls).collect();
    assert_eq!(ended, [1], "one result, sent whole with its own call and with one more");
    let restarts = recording.calls.iter().skip(1).map(|call| call.restart);
    assert!(restarts.eq([ContextRestart::No; 4]), "nothing started over");
    let bytes = windtunnel::recording::format::to_json(&recording);
    let again = windtunnel::recording::format::from_json(&bytes).expect("reads");
    assert_eq!(again, recording);
    let mut stays = recording.clone();
    stays.blocks.iter_mut().for_each(|block| block.carried = u32::MAX);
    assert_ne!(stays.recording_digest(), recording.recording_digest());
}
