//! The command line as its users and their programs see it: the contract of the machine output,
//! formats, files, and the arithmetic that every comparison must keep.

use crate::import_bad_input::{prompt, response};
use crate::import_marks::{result, using};
use crate::run::{Folder, Ran, here, json, ok, program, refused, run, session};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use windtunnel::intervene;

/// The ids of all toggles, as the program lists them.
fn toggle_ids() -> Vec<&'static str> {
    intervene::ALL.iter().map(|one| one.card().id).collect()
}

/// The toggles of the scenario of order 774.
const SHIPPED: [&str; 9] = ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9"];
const CLASSES: [&str; 5] = ["fresh", "read", "write_5m", "write_1h", "output"];
const PROBES: &str = "tests/fixtures/probes";
const SOURCES: &str = "tests/fixtures/rollout-metrics/c11_source_table_ignores_agent/sessions";
const NARRATED: &str = "tests/fixtures/probes/00_plain";

// ---- the contract -----------------------------------------------------------------------------

/// What each key promises wherever it stands: integers, money with its integer, shares.
fn check_types(value: &Value, place: &str) {
    let counts = [
        "calls",
        "records",
        "found",
        "tokens_touched",
        "peak_context",
        "line",
        "blocks",
        "tokens",
        "low",
        "high",
        "session_ms",
        "output_hidden",
        "baseline_tokens",
        "overlap",
        "cost_pico_usd",
    ];
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let place = format!("{place}.{key}");
                let is_count = CLASSES.contains(&key.as_str()) || counts.contains(&key.as_str());
                assert!(!is_count || field.is_i64(), "{place}: {field} is no integer");
                let is_money = key.ends_with("_usd") && !key.starts_with("verdict");
                assert!(!is_money || field.is_number(), "{place}: {field} is no number");
                assert!(
                    key != "cost_usd" || fields.contains_key("cost_pico_usd"),
                    "{place} without its pico-dollars"
                );
                check_types(field, &place);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                check_types(item, &format!("{place}[{at}]"));
            }
        }
        _ => {}
    }
}

/// Dollars and the pico-dollars after them are the same decimal, digit for digit.
fn check_money(text: &str) -> usize {
    let value = |line: &str, key: &str| {
        let rest = line.trim().strip_prefix(&format!("\"{key}\": "))?;
        Some(rest.trim_end_matches(',').to_owned())
    };
    let mut seen = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(usd) = value(line, "cost_usd") else { continue };
        let after = lines.peek().and_then(|line| value(line, "cost_pico_usd"));
        let pico = after.expect("pico-dollars beside");
        let (whole, part) = usd.split_once('.').expect("a decimal");
        let digits = format!("{whole}{part:0<12}");
        let (sign, digits) =
            digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
        let digits = digits.trim_start_matches('0');
        let same = if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") };
        assert_eq!(same, pico, "{usd}");
        seen += 1;
    }
    seen
}

fn check_envelope(value: &Value, schema: &str) {
    assert_eq!(value["schema"], schema);
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    check_types(value, schema);
}

/// Every one of `keys` is there.
fn has(value: &Value, keys: &[&str]) {
    let fields = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    for key in keys {
        assert!(fields.contains_key(*key), "no {key} in {:?}", fields.keys());
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"))
}

fn ids(value: &Value) -> Vec<&str> {
    items(value).iter().filter_map(|one| one["id"].as_str()).collect()
}

#[test]
fn inspect_keeps_its_contract() {
    let told = json(&["inspect", &here(PROBES), "--fidelity"]);
    check_envelope(&told, "windtunnel.inspect/1");
    let (calls, money) = (["calls", "records"], ["cost_usd", "cost_pico_usd"]);
    let sums = [&calls[..], &CLASSES, &money].concat();
    has(&told["totals"], &sums);
    has(&told["totals"], &["sessions"]);
    let sessions = items(&told["sessions"]);
    assert_eq!(number(&told["totals"]["sessions"]), sessions.len() as i64);
    for session in sessions {
        has(session, &sums);
        has(session, &["id", "file", "model", "peak_context"]);
        assert!(session["file"].as_str().is_some_and(|file| !file.starts_with('/')), "{session}");
    }
    // The sessions add up to the totals, in every column.
    for key in calls.iter().chain(&CLASSES).chain(["cost_pico_usd"].iter()) {
        let sum: i64 = sessions.iter().map(|session| number(&session[key])).sum();
        assert_eq!(sum, number(&told["totals"][key]), "{key}");
    }
    assert_eq!(ids(&told["toggles"]), toggle_ids());
    for toggle in items(&told["toggles"]) {
        has(toggle, &["found", "tokens_touched"]);
    }
    for part in ["law", "content"] {
        has(&told["fidelity"][part], &["median", "p90", "p99"]);
        for quantile in ["median", "p90", "p99"] {
            let share = told["fidelity"][part][quantile].as_f64();
            assert!(share.is_some_and(|share| (0.0..=10.0).contains(&share)), "{share:?}");
        }
    }
    for group in items(&told["held_out"]) {
        has(group, &["group", "sessions", "left_out"]);
        // Probes are too short to be halved: what is not known is null.
        assert!(group["error"].is_null() && group["coverage"].is_null(), "{group}");
    }
    assert!(!items(&told["skipped"]).is_empty(), "07_truncated_lines has some");
    for skip in items(&told["skipped"]) {
        has(skip, &["file", "line", "reason"]);
    }
    let plain = json(&["inspect", &here(PROBES)]);
    assert!(plain.get("fidelity").is_none(), "only where asked");
    assert!(plain.get("held_out").is_none(), "only where asked");
}

#[test]
fn compare_keeps_its_contract() {
    let told = json(&["compare", "order-774"]);
    check_envelope(&told, "windtunnel.compare/1");
    assert_eq!((&told["recording"], &told["lens"]), (&"order-774".into(), &"message".into()));
    let side = [&["calls", "cost_usd", "cost_pico_usd", "peak_context"][..], &CLASSES].concat();
    has(&told["baseline"], &side);
    has(&told["variant"], &side);
    assert_eq!(ids(&told["toggles"]), SHIPPED);
    for toggle in items(&told["toggles"]) {
        has(toggle, &["title", "claimed", "alone", "last", "verdict"]);
        let saving = [&["calls", "cost_usd", "cost_pico_usd"][..], &CLASSES].concat();
        has(&toggle["alone"], &saving);
        has(&toggle["last"], &saving);
        let claimed = &toggle["claimed"];
        if !claimed.is_null() {
            has(claimed, &["metric", "low", "high"]);
            assert!(number(&claimed["low"]) <= number(&claimed["high"]), "{toggle}");
        }
        let words = ["holds", "too high", "too low", "cannot be", "open", "not testable"];
        assert!(toggle["verdict"].as_str().is_some_and(|word| words.contains(&word)), "{toggle}");
    }
    check_findings(&told["findings"]);
}

#[test]
fn audit_list_and_explain_keep_their_contract() {
    for recording in ["order-774".to_owned(), "order-775".to_owned(), here(PROBES)] {
        let told = json(&["audit", &recording]);
        check_envelope(&told, "windtunnel.audit/1");
        check_findings(&told["findings"]);
    }
    let told = json(&["list"]);
    check_envelope(&told, "windtunnel.list/1");
    for kind in ["recordings", "scenarios"] {
        let names = items(&told[kind]).iter().map(|one| &one["name"]);
        assert!(names.clone().any(|name| name == "order-774"), "{kind}");
        for name in names {
            let name = name.as_str().expect("a name");
            let args = if kind == "recordings" {
                vec!["audit", name]
            } else {
                vec!["compare", "order-774", "--scenario", name]
            };
            ok(&args);
        }
    }
    assert_eq!(ids(&told["toggles"]), toggle_ids());
    for toggle in items(&told["toggles"]) {
        has(toggle, &["title", "source", "knob"]);
        let id = toggle["id"].as_str().expect("an id");
        let card = json(&["explain", &id.to_lowercase()]);
        check_envelope(&card, "windtunnel.explain/1");
        assert_eq!(card["title"], toggle["title"]);
        let text = ok(&["explain", id]);
        assert!(text.contains("Knob:") && text.contains("Source:"), "{text}");
    }
}

fn check_findings(findings: &Value) {
    let mut seen = BTreeSet::new();
    for finding in items(findings) {
        has(finding, &["id", "severity", "text", "arithmetic"]);
        let severity = finding["severity"].as_str().expect("a word");
        assert!(["error", "warning", "info"].contains(&severity), "{finding}");
        for key in ["text", "arithmetic"] {
            assert!(finding[key].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
        let fresh = seen.insert((finding["id"].to_string(), finding["arithmetic"].to_string()));
        assert!(fresh, "said twice: {finding}");
    }
    assert!(!seen.is_empty());
}

#[test]
fn dollars_and_pico_dollars_are_one_number() {
    let runs: [&[&str]; 3] = [
        &["compare", "order-774", "--format", "json"],
        &["compare", "order-775", "--model", "claude-haiku-4-5", "--format", "json"],
        &["inspect", &here(PROBES), "--format", "json"],
    ];
    for args in runs {
        assert!(check_money(&ok(args)) > 8, "{args:?}");
    }
}

// ---- comparisons ------------------------------------------------------------------------------

const SUMMED: [&str; 9] = [
    "calls",
    "fresh",
    "read",
    "write_5m",
    "write_1h",
    "output",
    "output_hidden",
    "cost_pico_usd",
    "session_ms",
];

fn toggle<'a>(told: &'a Value, id: &str) -> &'a Value {
    let found = items(&told["toggles"]).iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_saving_is_the_baseline_less_the_variant() {
    let with: [&[&str]; 4] = [&[], &["--with", "R2"], &["--with", "R3,R7"], &["--lens", "record"]];
    for recording in ["order-774".to_owned(), "order-775".to_owned(), here(PROBES)] {
        for more in with {
            let told = json(&[&["compare", &recording], more].concat());
            let joint = &told["joint"]["saving"];
            for key in SUMMED {
                let fall = number(&told["baseline"][key]) - number(&told["variant"][key]);
                assert_eq!(number(&joint[key]), fall, "{recording} {more:?} {key}");
            }
            if let [one] = items(&told["toggles"]) {
                assert_eq!((&one["alone"], &one["last"]), (joint, joint), "{recording} {more:?}");
            }
        }
    }
}

#[test]
fn a_toggle_off_is_a_toggle_absent() {
    let all = json(&["compare", "order-774"]);
    for id in SHIPPED {
        let only = json(&["compare", "order-774", "--with", id]);
        let (one, other) = (toggle(&only, id), toggle(&all, id));
        for key in ["alone", "claimed", "found", "tokens_touched", "bound"] {
            assert_eq!(one[key], other[key], "{id} {key}");
        }
        assert_eq!(only["baseline"], all["baseline"], "{id}");
        // What it saves last is what the others leave.
        let rest: Vec<&str> = SHIPPED.into_iter().filter(|other| *other != id).collect();
        let without = json(&["compare", "order-774", "--with", &rest.join(",")]);
        for key in SUMMED {
            let last = number(&without["variant"][key]) - number(&all["variant"][key]);
            assert_eq!(number(&other["last"][key]), last, "{id} {key}");
        }
    }
}

#[test]
fn toggles_may_be_named_in_any_way() {
    let expect = ok(&["compare", "order-774", "--with", "R1,R2", "--format", "json"]);
    let ways: [&[&str]; 5] = [
        &["--with", "R2,R1"],
        &["--with", "r1,r2"],
        &["--with", "R1,R2,R1,r2"],
        &["--with", "R2", "--with", "R1"],
        &["--with=R2,R1"],
    ];
    for way in ways {
        let met = ok(&[&["compare", "order-774", "--format", "json"], way].concat());
        assert_eq!(met, expect, "{way:?}");
    }
}

#[test]
fn the_lens_changes_the_number_of_calls() {
    let message = json(&["compare", "order-774", "--lens", "message"]);
    let record = json(&["compare", "order-774", "--lens", "record"]);
    assert_eq!(message, json(&["compare", "order-774"]));
    assert_eq!(record["lens"], "record");
    for class in CLASSES {
        assert_eq!(message["baseline"][class], record["baseline"][class], "as published");
    }
    let calls = |told: &Value| number(&told["baseline"]["calls"]);
    assert!(calls(&record) > calls(&message));
    // The source's own premise: narration is calls of their own.
    assert!(number(&toggle(&record, "R1")["alone"]["calls"]) > 50);
    assert_eq!(number(&toggle(&message, "R1")["alone"]["calls"]), 0);
}

/// A copy without anything that depends on prices.
fn without_money(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            // What to do is decided by dollars.
            let priced = |key: &str| {
                key.ends_with("_usd")
                    || key.starts_with("assumed")
                    || ["prices_digest", "decision"].contains(&key)
            };
            let kept = fields.iter().filter(|(key, _)| !priced(key));
            Value::Object(kept.map(|(key, one)| (key.clone(), without_money(one))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_money).collect()),
        other => other.clone(),
    }
}

#[test]
fn a_model_changes_dollars_and_nothing_else() {
    let opus = json(&["compare", "order-774"]);
    let sonnet = json(&["compare", "order-774", "--model", "claude-sonnet-4-6"]);
    assert_eq!(without_money(&opus), without_money(&sonnet));
    let cost = |told: &Value| number(&told["baseline"]["cost_pico_usd"]);
    assert!(cost(&sonnet) < cost(&opus));
    assert_eq!(sonnet["provenance"]["assumed_model"], "claude-sonnet-4-6");
    assert!(ok(&["compare", "order-774", "--model", "claude-sonnet-4-6"]).contains("sonnet-4-6"));
}

const HEAD: &str = "model,input,output,cache_read,cache_write_5m,cache_write_1h\n";

#[test]
fn a_price_book_overrides_the_built_in_one() {
    let folder = Folder::new(&[]);
    let book = format!("{HEAD}claude-opus-4-6,1,1,1,1,1\nmine-1,2,2,2,2,2\n");
    let book = folder.file("prices.csv", book.as_bytes());
    let told = json(&["compare", "order-774", "--prices", &book]);
    let side = &told["baseline"];
    let tokens: i64 = CLASSES.iter().map(|class| number(&side[class])).sum();
    assert_eq!(number(&side["cost_pico_usd"]), tokens * 1_000_000, "a dollar a million");
    let mine = json(&["compare", "order-774", "--prices", &book, "--model", "mine-1"]);
    assert_eq!(number(&mine["baseline"]["cost_pico_usd"]), tokens * 2_000_000);
    assert_ne!(told["provenance"]["prices_digest"], mine["schema"]);
    // The book that comes with the program is a book that can be given back to it.
    let own = folder.file("own.csv", ok(&["explain", "prices"]).as_bytes());
    let same = json(&["compare", "order-774", "--prices", &own]);
    assert_eq!(same["baseline"], json(&["compare", "order-774"])["baseline"]);
}

#[test]
fn a_scenario_sets_toggles_and_parameters() {
    let folder = Folder::new(&[]);
    let text = "schema = \"windtunnel.scenario/1\"\nlens = \"record\"\n[toggles.R2]\n\
                calls_per_site = 9\n[toggles.R7]\n";
    let path = folder.file("mine.toml", text.as_bytes());
    let told = json(&["compare", "order-774", "--scenario", &path]);
    assert_eq!(ids(&told["toggles"]), ["R2", "R7"]);
    assert_eq!(told["lens"], "record");
    let told = json(&["compare", "order-774", "--scenario", &path, "--lens", "message"]);
    assert_eq!(told["lens"], "message", "the command line wins");
    let built_in = json(&["compare", "order-774", "--scenario", "order-774"]);
    assert_eq!(built_in, json(&["compare", "order-774"]));
}

#[test]
fn a_suite_is_run_once_a_turn() {
    let suite = |id: &str, read: u32| {
        let run = using(id, read, "Bash", r#"{"command":"cargo test"}"#);
        [run, result(id, "test result: ok. 9 passed", false)].concat()
    };
    let found = |lines: &[String]| {
        let folder = Folder::new(&[("s.jsonl", lines.concat().as_bytes())]);
        let told = json(&["inspect", &folder.at("s.jsonl")]);
        toggle(&told, "R6")["found"].clone()
    };
    let (ask, done) = (prompt("\"fix it\""), response("4", 400, 5));
    let again = [ask.clone(), suite("1", 0), suite("2", 100), suite("3", 200), done.clone()];
    assert_eq!(found(&again), 2, "all but the last");
    // Each of two requests ends with its own run.
    let other = prompt("\"fix that\"");
    let twice = [ask, suite("1", 0), response("5", 300, 5), other, suite("2", 100), done];
    assert_eq!(found(&twice), 0);
}

// ---- files ------------------------------------------------------------------------------------

#[test]
fn a_report_is_written_and_the_same_twice() {
    let folder = Folder::new(&[]);
    let written = |name: &str| {
        let out = folder.at(name);
        let told = ok(&["report", "order-774", "--out", &out, "--details"]);
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for folder in [out.clone(), format!("{out}/charts")] {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| entry.path().is_file()) {
                let name = entry.file_name().to_string_lossy().into_owned();
                assert!(told.contains(&name), "{name} is not told of");
                files.push((name, fs::read(entry.path()).expect("a file")));
            }
        }
        files.sort();
        assert!(
            files.len() > if cfg!(feature = "charts") { 30 } else { 5 },
            "{} files",
            files.len()
        );
        files
    };
    let (one, two) = (written("one"), written("deep/two"));
    assert_eq!(one, two);
    for name in ["report.md", "compare.json", "audit.json", "toggles.csv", "order.csv"] {
        let (_, bytes) = one.iter().find(|(other, _)| other == name).expect(name);
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(folder.path()) && !text.contains("/home/"), "{name}");
        assert!(text.ends_with('\n'), "{name}");
        if name.ends_with("csv") {
            check_csv(&text);
        }
    }
    let compared = ok(&["compare", "order-774", "--format", "json"]);
    assert_eq!(fs::read(folder.at("one/compare.json")).expect("a file"), compared.as_bytes());
    let audited = ok(&["audit", "order-774", "--format", "json"]);
    assert_eq!(fs::read(folder.at("one/audit.json")).expect("a file"), audited.as_bytes());
    check_markdown(&fs::read_to_string(folder.at("one/report.md")).expect("a file"));
}

#[test]
fn a_report_of_transcripts_goes_to_a_folder_of_its_name() {
    let folder = Folder::new(&[("mine/s.jsonl", session().as_bytes())]);
    let done = program(&["report", "mine"]).current_dir(folder.path()).output().expect("a run");
    let ran = Ran::from(done);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(fs::read(folder.at("reports/mine/report.md")).is_ok(), "{}", ran.out);
}

#[test]
fn a_recording_says_what_its_transcripts_say() {
    let folder = Folder::new(&[]);
    let (one, two) = (folder.at("one.json"), folder.at("deep/two.json"));
    // By default it is called by its file, and on standard output by its kind.
    let named = ["import", &here(PROBES), "--name", "claude-code"];
    let told = ok(&[&named[..], &["-o", &one]].concat());
    assert!(told.contains("sessions") && told.contains("sha256"), "{told}");
    ok(&[&named[..], &["--output", &two]].concat());
    let bytes = fs::read(&one).expect("a recording");
    assert_eq!(bytes, fs::read(&two).expect("a recording"));
    assert_eq!(bytes, ok(&["import", &here(PROBES)]).as_bytes(), "or to standard output");
    for command in ["inspect", "compare", "audit"] {
        let mut of_file = json(&[command, &one]);
        let mut of_folder = json(&[command, &here(PROBES)]);
        for told in [&mut of_file, &mut of_folder] {
            let fields = told.as_object_mut().expect("an object");
            // What was passed over is a fact of the transcripts, not of the recording.
            fields.remove("skipped");
            fields.remove("skips");
            fields.remove("copies");
        }
        assert_eq!(of_file, of_folder, "{command}");
    }
    let renamed = folder.at("named.json");
    ok(&["import", &here(PROBES), "--name", "fancy", "-o", &renamed]);
    assert_eq!(json(&["inspect", &renamed])["recording"], "fancy");
}

#[test]
fn order_and_threads_change_no_byte() {
    let paths: Vec<String> =
        ["00_plain", "01_split_same_usage", "02_split_growing_output", "05_subagents_dir"]
            .iter()
            .map(|name| here(&format!("{PROBES}/{name}")))
            .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let backwards: Vec<&str> = paths.iter().rev().copied().collect();
    let twice: Vec<&str> = paths.iter().chain(&paths).copied().collect();
    for command in ["inspect", "import"] {
        let format: &[&str] = if command == "inspect" { &["--format", "json"] } else { &[] };
        let run = |paths: &[&str], threads: &str| {
            let mut program = program(&[&[command], format, paths].concat());
            let output = program.env("RAYON_NUM_THREADS", threads).output().expect("a run");
            assert!(output.status.success());
            output.stdout
        };
        let expect = run(&paths, "1");
        assert!(run(&paths, "2") == expect, "{command}: threads");
        assert!(run(&backwards, "2") == expect, "{command}: order");
        assert!(run(&twice, "1") == expect, "{command}: repetition");
    }
}

// ---- formats ----------------------------------------------------------------------------------

/// A run of every command that takes a format.
fn printing() -> Vec<Vec<String>> {
    let owned = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect();
    vec![
        owned(&["list"]),
        owned(&["explain", "R7"]),
        owned(&["compare", "order-774"]),
        owned(&["compare", "order-775", "--with", "R1"]),
        owned(&["compare", &here(NARRATED)]),
        owned(&["inspect", "order-774"]),
        owned(&["inspect", &here(PROBES), "--fidelity", "--rows", "0"]),
        owned(&["audit", "order-774"]),
        owned(&["audit", &here(PROBES)]),
        owned(&["routes", &here(SOURCES), "--since", "2026-02-06"]),
        owned(&["routes", "order-774"]),
    ]
}

fn in_format(args: &[String], format: &str) -> String {
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    args.extend(["--format", format]);
    ok(&args)
}

#[test]
fn a_pipe_gets_no_escape_codes() {
    for args in printing() {
        for format in ["table", "markdown", "csv", "json"] {
            let text = in_format(&args, format);
            let odd = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(odd), "{args:?} {format}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{args:?} {format}");
        }
        let blanks = in_format(&args, "table");
        assert!(blanks.lines().all(|line| line.trim_end() == line), "{args:?}: blanks at an end");
        let shown: Vec<&str> = args.iter().map(String::as_str).collect();
        let no_color = program(&shown).env("NO_COLOR", "1").output().expect("a run");
        assert_eq!(String::from_utf8_lossy(&no_color.stdout), blanks, "{args:?}");
    }
}

#[test]
fn tables_fit_a_wide_screen() {
    for args in printing() {
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = program(&words).env("COLUMNS", "180").output().expect("a run");
        assert!(ran.status.success(), "{args:?}");
        for line in String::from_utf8(ran.stdout).expect("UTF-8").lines() {
            assert!(line.chars().count() <= 180, "{args:?}: {line}");
        }
    }
}

fn check_csv(text: &str) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().expect("a header").clone();
    let names: BTreeSet<&str> = headings.iter().collect();
    assert_eq!(names.len(), headings.len(), "a heading comes twice: {headings:?}");
    let rows: Vec<_> = reader.records().map(|row| row.expect("as wide as its header")).collect();
    assert!(!rows.is_empty());
    for row in rows {
        for (name, field) in headings.iter().zip(&row) {
            let unit = name.rsplit('_').next().unwrap_or_default();
            let whole = ["tokens", "count", "ms"].contains(&unit);
            let number = whole || ["usd", "share"].contains(&unit);
            if number && !field.is_empty() && name != "tokens" {
                assert!(field.parse::<f64>().is_ok(), "{name}: {field:?}");
                assert!(!whole || field.parse::<i64>().is_ok(), "{name}: {field:?}");
            }
            // Nothing is rounded for reading.
            let shortened = field.split_once(' ').is_some_and(|(number, unit)| {
                ["k", "M", "G", "%"].contains(&unit)
                    && number.trim_start_matches('+').replace(',', "").parse::<f64>().is_ok()
            });
            assert!(!shortened && !field.starts_with('$'), "{name}: {field:?}");
        }
    }
}

#[test]
fn csv_is_one_rectangle_of_exact_values() {
    for args in printing() {
        check_csv(&in_format(&args, "csv"));
    }
    let before_and_after = ["compare", "order-774", "--table", "before_and_after"];
    let text = in_format(&before_and_after.map(str::to_owned), "csv");
    assert!(text.contains("22644800") && text.contains("22.8719"), "{text}");
}

/// Every table has a header, a rule and rows of one width.
fn check_markdown(text: &str) -> usize {
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    let mut tables = 0;
    for (at, line) in lines.iter().enumerate() {
        if !line.starts_with('|') {
            continue;
        }
        assert!(line.ends_with('|'), "{line}");
        let above = at.checked_sub(1).map_or("", |above| lines[above]);
        if above.starts_with('|') {
            assert_eq!(cells(above), cells(line), "{line}");
        } else {
            assert!(above.is_empty(), "a table needs an empty line before it: {above}");
            let rule = lines.get(at + 1).copied().unwrap_or_default();
            assert!(rule.starts_with("| -") && rule.chars().all(|c| "|-: ".contains(c)), "{rule}");
            tables += 1;
        }
    }
    tables
}

#[test]
fn markdown_tables_are_well_formed() {
    for args in printing() {
        assert!(check_markdown(&in_format(&args, "markdown")) > 0, "{args:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let big: [&[&str]; 4] = [
        &["import", &here(PROBES)],
        &["explain", "prices"],
        &["compare", "order-774"],
        &["completions", "zsh"],
    ];
    for args in big {
        for bytes in [0, 10] {
            let mut command = program(args);
            let mut child =
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
            let mut stdout = child.stdout.take().expect("a pipe");
            let mut head = vec![0; bytes];
            stdout.read_exact(&mut head).expect("a beginning");
            drop(stdout);
            let ran = Ran::from(child.wait_with_output().expect("an end"));
            assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
            assert!(!ran.err.contains("panicked") && !ran.err.contains("pipe"), "{}", ran.err);
        }
    }
}

// ---- help -------------------------------------------------------------------------------------

#[test]
fn help_is_short() {
    let commands = [
        "report",
        "compare",
        "inspect",
        "audit",
        "import",
        "steps",
        "export",
        "list",
        "explain",
        "completions",
    ];
    let overview = ok(&["--help"]);
    for command in commands {
        assert!(overview.contains(command), "{command}");
        for flag in ["-h", "--help"] {
            let help = ok(&[command, flag]);
            // What every command that replays takes stands under a heading of its own.
            let own = help.split("\nExperiment:").next().unwrap_or_default();
            let own = own.split("\nSelection:").next().unwrap_or_default();
            let flags = own.lines().filter(|line| line.trim_start().starts_with('-'));
            // A value that is explained starts with a dash and ends its name with a colon.
            let flags = flags.filter(|line| !line.trim_start().starts_with("- ")).count();
            assert!((1..=10).contains(&flags), "{command} {flag}: {flags} flags");
            let wide = help.lines().find(|line| line.chars().count() > 100);
            assert_eq!(wide, None, "{command} {flag}");
            assert!(help.matches("[default: 12").count() < 2, "{help}");
        }
    }
    assert!(ok(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    for args in [&[][..], &["frobnicate"], &["scenario"], &["compare", "order-774", "--fast"]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.contains("Usage"), "{args:?}: {}", ran.err);
    }
}

#[test]
#[cfg(not(feature = "tables"))]
fn a_lean_program_says_what_it_lacks() {
    refused(&["inspect", "order-774", "--by", "kind"], &["--by", "without the feature 'tables'"]);
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = ok(&["completions", shell]);
        for word in ["windtunnel", "compare", "inspect", "fidelity"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"]).code, Some(2));
}

#[test]
fn unknown_topics_say_where_the_known_ones_are() {
    refused(&["explain", "R0"], &["R0", "is it 'R1'", "`windtunnel list` names all"]);
    refused(&["explain", "prizes"], &["prizes", "`windtunnel list` names all"]);
    refused(&["explain", ""], &["`windtunnel list` names all"]);
    assert!(ok(&["explain", "prices"]).starts_with("model,"));
}
