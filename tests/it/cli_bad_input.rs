//! Bad input to the program: one clear line, the right exit code, nothing on standard output where
//! nothing could be judged; or a counted skip beside a result.

use crate::import_bad_input::response;
use crate::laws::data;
use crate::run::{Folder, here, json, ok, refused, run, session};
use serde_json::{Value, json as value};
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Commands that take transcripts.
const READING: [&str; 5] = ["inspect", "compare", "audit", "import", "report"];

fn all_refuse(path: &str, words: &[&str]) {
    for command in READING {
        refused(&[command, path], words);
    }
}

#[test]
fn nothing_to_read_is_refused() {
    let folder = Folder::new(&[("docs/notes.txt", b"hello"), ("blank/s.jsonl", b"")]);
    fs::create_dir(folder.at("empty")).expect("a folder");
    all_refuse(&folder.at("empty"), &["empty", "is empty", "transcripts"]);
    all_refuse(&folder.at("docs"), &["docs", "no transcripts", ".jsonl"]);
    all_refuse(&folder.at("absent"), &["absent", "no such file or folder"]);
    all_refuse(&folder.at("docs/notes.txt"), &["no calls", "not a transcript"]);
    all_refuse(&folder.at("blank"), &["no calls"]);
    all_refuse("order-77", &["'order-77'", "built-in", "order-774, order-775"]);
    all_refuse("", &["no file"]);
    refused(&["inspect", "order-774", &folder.at("absent")], &["absent"]);
}

#[test]
#[cfg(unix)]
fn what_is_closed_is_refused_or_skipped() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new(&[
        ("in/open.jsonl", session().as_bytes()),
        ("in/shut.jsonl", b"{}\n"),
        ("shut/a.jsonl", b"{}\n"),
    ]);
    let close = |name: &str| {
        fs::set_permissions(folder.at(name), fs::Permissions::from_mode(0o000)).expect("closed");
    };
    close("in/shut.jsonl");
    close("shut");
    let root_reads_all = fs::read(folder.at("in/shut.jsonl")).is_ok();
    if root_reads_all {
        eprintln!("skipped: this user may read everything");
    } else {
        all_refuse(&folder.at("in/shut.jsonl"), &["shut.jsonl", "cannot be read"]);
        all_refuse(&folder.at("shut"), &["shut", "cannot be read"]);
        let told = json(&["inspect", &folder.at("in")]);
        assert_eq!(told["totals"]["calls"], 2);
        assert_eq!(told["skips"], 1);
    }
    fs::set_permissions(folder.at("shut"), fs::Permissions::from_mode(0o700)).expect("open again");
}

#[test]
#[cfg(unix)]
fn a_loop_of_links_ends() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("a/b/s.jsonl", session().as_bytes())]);
    symlink(folder.at("a"), folder.at("a/b/up")).expect("a link");
    symlink(folder.at("nowhere"), folder.at("a/dead.jsonl")).expect("a link");
    symlink(folder.at("a/itself"), folder.at("a/itself")).expect("a link");
    let ran = run(&["inspect", &folder.at("a"), "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told["totals"]["calls"], 2);
    assert!(
        ran.err.contains("1 skipped") && ran.err.contains("file-2: No such file"),
        "{}",
        ran.err
    );
    refused(&["inspect", &folder.at("a/itself")], &["itself"]);
}

/// One session, and a line that cannot be used.
fn with_line(line: &[u8]) -> Folder {
    Folder::new(&[("s.jsonl", &[session().as_bytes(), line].concat())])
}

/// The line is counted and told of in one line, everything else stays, and `--strict` refuses.
fn check_skipped(folder: &Folder, reason: &str) {
    for command in READING {
        let out = folder.at("out");
        let more: &[&str] = if command == "report" { &["--out", &out] } else { &[] };
        let ran = run(&[&[command, &folder.at("s.jsonl")], more].concat());
        assert_eq!(ran.code, Some(0), "{command}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{command}: {}", ran.err);
        for word in ["1 skipped", "s.jsonl", "line 4", reason] {
            assert!(ran.err.contains(word), "{command}: no {word:?} in {}", ran.err);
        }
    }
    let told = json(&["inspect", &folder.at("s.jsonl")]);
    assert_eq!((&told["totals"]["calls"], &told["skips"]), (&2.into(), &1.into()));
    assert_eq!(told["skipped"][0]["line"], 4);
    for command in ["inspect", "compare", "import"] {
        refused(&[command, "--strict", &folder.at("s.jsonl")], &["line 4", reason, "strict"]);
    }
}

#[test]
fn half_a_line_is_skipped_and_counted() {
    let line = response("c", 0, 7);
    check_skipped(&with_line(&line.as_bytes()[..150]), "cut short");
    check_skipped(&with_line(b"{\"type\":\"assistant\",,}\n"), "no JSON");
    check_skipped(&with_line(b"\xff\xfe\x00garbage\n"), "no JSON");
}

#[test]
fn what_is_unknown_or_broken_inside_text_is_no_skip() {
    let more: [&[u8]; 3] = [
        b"{\"type\":\"quantum\",\"data\":1}\n",
        b"{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"a\xff\xfeb\"}}\n",
        b"\n\r\n  \n",
    ];
    for line in more {
        let ran = run(&["inspect", "--strict", &with_line(line).at("s.jsonl")]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{line:?}");
    }
}

#[test]
fn a_huge_line_is_skipped() {
    let folder = Folder::new(&[("s.jsonl", b"")]);
    let mut file = BufWriter::new(fs::File::create(folder.at("s.jsonl")).expect("a file"));
    file.write_all(session().as_bytes()).expect("written");
    file.write_all(b"{\"type\":\"user\",\"x\":\"").expect("written");
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..80 {
        file.write_all(&chunk).expect("written");
    }
    file.write_all(b"\"}\n").expect("written");
    file.into_inner().expect("written");
    let ran = run(&["inspect", &folder.at("s.jsonl"), "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("1 skipped") && ran.err.contains("line 4"), "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told["totals"]["calls"], 2);
}

#[test]
fn an_unknown_model_is_named_with_the_way_out() {
    let strange = session().replace("claude-sonnet-4-5", "gronk-7b");
    let folder = Folder::new(&[("s.jsonl", strange.as_bytes())]);
    let path = folder.at("s.jsonl");
    // Tokens are facts without a price; what the dollars leave out stands below every answer.
    let compared = ok(&["compare", &path, "--draws", "0", "--provenance"]);
    let none = "no dollars: no call has a price: gronk-7b (2 calls, 313 tokens)";
    assert!(compared.contains(none), "{compared}");
    assert!(compared.contains("gronk-7b") && compared.contains("--prices"), "{compared}");
    refused(&["compare", &path, "--strict"], &["gronk-7b", "--prices"]);
    let told = json(&["inspect", &path]);
    assert!(told["provenance"]["prices_notes"].to_string().contains("gronk-7b"), "{told}");
    assert_eq!(told["totals"]["calls"], 2);
    assert_eq!(told["totals"].get("cost_usd"), Some(&Value::Null), "unknown is not zero");
    // Prices of its own, and it is judged.
    let book = folder.file("prices.csv", b"model,input,output\ngronk-7b,1,2\n");
    ok(&["inspect", &path, "--prices", &book]);
    ok(&["compare", &path, "--prices", &book]);
    refused(&["compare", "order-774", "--model", "gpt-17"], &["gpt-17", "--prices"]);
    refused(&["compare", "order-774", "--model", "claude-opus-4-66"], &["is it 'claude-opus-4-6'"]);
}

#[test]
fn unknown_toggles_say_where_the_known_ones_are() {
    let words = ["'X9'", "is it 'E9'", "`windtunnel list` names all"];
    refused(&["compare", "order-774", "--with", "R1,X9"], &words);
    refused(&["compare", "order-774", "--with", "R22"], &["is it 'R2'"]);
    refused(&["compare", "order-774", "--with", "R1,,R2"], &["''"]);
    let ran = run(&["compare", "order-774", "--with", "R1", "--scenario", "order-774"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "one or the other");
}

#[test]
fn a_bad_scenario_is_refused() {
    let folder = Folder::new(&[]);
    let check = |body: &str, words: &[&str]| {
        let text = format!("schema = \"windtunnel.scenario/1\"\n{body}");
        let path = folder.file("mine.toml", text.as_bytes());
        for command in ["compare", "report"] {
            refused(&[command, "order-774", "--scenario", &path], words);
        }
    };
    check("sed = 1\n", &["mine.toml", "'sed'", "is it 'seed'"]);
    check("[toggles.R1]\ncomplience = 1\n", &["toggles.R1.complience", "is it 'compliance'"]);
    check("[toggles.R99]\n", &["mine.toml", "R99", "R9"]);
    check("lens = \"calls\"\n", &["lens", "\"record\""]);
    check("model = \"gronk-7b\"\n", &["gronk-7b", "--prices"]);
    check("= nonsense", &["mine.toml: line 2: not TOML: "]);
    let path = folder.file("v2.toml", b"schema = \"windtunnel.scenario/2\"\n");
    refused(&["compare", "order-774", "--scenario", &path], &["schema", "windtunnel.scenario/1"]);
    refused(&["compare", "order-774", "--scenario", &folder.at("none.toml")], &["none.toml"]);
    refused(&["compare", "order-774", "--scenario", folder.path()], &["cannot be read"]);
}

#[test]
fn a_bad_price_book_is_refused() {
    let folder = Folder::new(&[]);
    let check = |text: &[u8], words: &[&str]| {
        let path = folder.file("mine.csv", text);
        refused(&["compare", "order-774", "--prices", &path], words);
        refused(&["inspect", "order-774", "--prices", &path], words);
    };
    check(b"a,b\n1,2\n", &["mine.csv", "line 1", "'model'"]);
    check(b"model,input,output\nx,dear,2\n", &["mine.csv", "line 2", "dear"]);
    check(b"model,input,output\nx,-1,2\n", &["mine.csv", "line 2", "-1"]);
    check(b"model,input,output\n,1,2\n", &["mine.csv", "line 2", "model"]);
    check(b"", &["mine.csv", "line 1"]);
    check(b"\xff\xfe\n", &["mine.csv"]);
    refused(&["compare", "order-774", "--prices", &folder.at("none.csv")], &["none.csv"]);
}

/// A recording with one value changed.
fn edited(pointer: &str, new: &Value) -> Vec<u8> {
    let text = ok(&["import", &here("tests/fixtures/probes/00_plain")]);
    let mut recording: Value = serde_json::from_str(&text).expect("JSON");
    let place = recording.pointer_mut(pointer);
    *place.unwrap_or_else(|| panic!("no {pointer} in a recording")) = new.clone();
    recording.to_string().into_bytes()
}

#[test]
fn a_bad_recording_is_refused() {
    let folder = Folder::new(&[]);
    let check = |bytes: &[u8], words: &[&str]| {
        let path = folder.file("run.json", bytes);
        for command in ["inspect", "compare", "audit", "report"] {
            refused(&[command, &path], &[&["run.json"], words].concat());
        }
    };
    let whole = ok(&["import", &here("tests/fixtures/probes/00_plain")]);
    check(&whole.as_bytes()[..whole.len() / 2], &[]);
    check(b"", &[]);
    check(b"{}", &["schema"]);
    check(b"[1, 2]", &[]);
    check(b"{\"schema\": \"windtunnel.reported/1\"}", &[]);
    check(&edited("/schema", &value!("windtunnel.recording/99")), &["windtunnel.recording/99"]);
    // One token more than the blocks of its call hold.
    let recording: Value = serde_json::from_str(&whole).expect("JSON");
    let read = column(&recording, "read").expect("a column of reads");
    let old = recording.pointer(&read).and_then(Value::as_i64).expect("a number");
    check(&edited(&read, &value!(old + 1)), &["session"]);
    check(&edited(&read, &value!(-1)), &[]);
    check(&edited(&read, &value!(i64::MAX)), &[]);
    check(&edited(&read, &value!("many")), &[]);
}

/// The place of the last value of a column of numbers with this name.
fn column(value: &Value, name: &str) -> Option<String> {
    let fields = value.as_object()?;
    for (key, field) in fields {
        let numbers = field.as_array().filter(|all| all.iter().all(Value::is_i64));
        if let (true, Some(numbers)) = (key == name, numbers) {
            return Some(format!("/{key}/{}", numbers.len().checked_sub(1)?));
        }
        if let Some(rest) = column(field, name) {
            return Some(format!("/{key}{rest}"));
        }
    }
    None
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = Folder::new(&[("file", b"")]);
    let below = folder.at("file/out");
    refused(&["report", "order-774", "--out", &below], &["file", "cannot be"]);
    let probe = here("tests/fixtures/probes/00_plain");
    refused(&["import", &probe, "-o", &format!("{below}.json")], &["cannot be"]);
    refused(&["import", &probe, "-o", folder.path()], &["cannot be written"]);
    assert_eq!(fs::read(folder.at("file")).expect("still there"), b"");
}

#[test]
fn a_recording_can_be_shared_and_holds_no_text() {
    let secret = session().replace("hello", "hunter2").replace("hi", "swordfish");
    let folder = Folder::new(&[("s.jsonl", secret.as_bytes())]);
    let recording = ok(&["import", &folder.at("s.jsonl")]);
    assert!(!recording.contains("hunter2") && !recording.contains("swordfish"));
    assert!(!recording.contains(folder.path()));
}

// ---- real transcripts -------------------------------------------------------------------------

fn transcripts(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "jsonl") {
            found.push(path);
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Whether no response of a file says what it used: some proxies leave zeros.
fn is_without_usage(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    !text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).any(|record| {
        let usage = record["message"]["usage"].as_object();
        usage.is_some_and(|usage| usage.values().any(|n| n.as_i64().is_some_and(|n| n > 0)))
    })
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn every_real_transcript_is_inspected() {
    let root = data("claude");
    let mut files = Vec::new();
    transcripts(&root, &mut files);
    assert!(files.len() > 100);
    let mut calls = 0;
    for file in &files {
        let ran = run(&["inspect", text(file), "--format", "json"]);
        if ran.code == Some(2) && is_without_usage(file) {
            assert!(ran.err.contains("no calls"), "{}", ran.err);
            continue;
        }
        assert_eq!(ran.code, Some(0), "{}: {}", file.display(), ran.err);
        let told: Value = serde_json::from_str(&ran.out).expect("JSON");
        calls += told["totals"]["calls"].as_i64().expect("a count");
    }
    // Files copy each other's history: together they hold fewer calls, never more.
    let told = json(&["inspect", text(&root), "--fidelity"]);
    let together = told["totals"]["calls"].as_i64().expect("a count");
    assert!(0 < together && together <= calls, "{together} of {calls}");
    let groups = told["fidelity_by_group"].as_array().expect("groups");
    let long = groups.iter().find(|group| group["group"] == "20 calls or more").expect("a group");
    let law = &long["law"];
    assert!(law["median"].as_f64().expect("a share") <= 0.001, "{law}");
    assert!(law["p90"].as_f64().expect("a share") <= 0.02, "{law}");
    assert!(law["p99"].as_f64().expect("a share") <= 0.06, "{law}");
    let content = &long["content"];
    assert!(content["median"].as_f64().expect("a share") <= 0.03, "{content}");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn a_real_project_is_replayed() {
    let root = data("claude/entireio+cli");
    let told = json(&["compare", text(&root), "--with", "R2,R4,G1,G4"]);
    assert_eq!(told["lens"], Value::Null, "no published counts, no lens");
    assert!(told["toggles"].as_array().is_some_and(|all| all.iter().any(|t| t["found"] != 0)));
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn the_cost_of_result_events_is_what_they_say() {
    let file = data("result-events.jsonl");
    let folder = Folder::new(&[]);
    let told = json(&["inspect", text(&file)]);
    let events = fs::read_to_string(&file).expect("a file");
    let mut seen = std::collections::BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let usd = event["total_cost_usd"].as_f64().expect("a cost");
        seen.insert(event["session_id"].to_string(), (usd, line));
    }
    let close = |told: &Value, usd: f64| {
        let met = told["totals"]["cost_usd"].as_f64().expect("a cost");
        assert!((met - usd).abs() < 1e-9, "{met} against {usd}");
    };
    // Each one by itself for some, and all sessions at once.
    for (usd, line) in seen.values().step_by(9) {
        let one = folder.file("one.jsonl", line.as_bytes());
        close(&json(&["inspect", &one]), *usd);
    }
    let sessions = told["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), seen.len());
    for session in sessions {
        let met = session["cost_usd"].as_f64().expect("a cost");
        let (usd, _) = seen[&session["id"].to_string()];
        assert!((met - usd).abs() < 1e-9, "{session}: {usd}");
    }
}
