//! Text from inputs: nothing private leaves the machine, and no name steers what shows it.
//!
//! Every command that takes transcripts is run in every format that it has. First on fixtures in
//! which every string that is not needed to read them is replaced; then on sessions whose names are
//! written to be obeyed.

use crate::import_bad_input::prompt;
use crate::run::{Folder, here, ok, program, run};
use clap::CommandFactory as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in every replaced string, and in the name of the folder around a fixture.
const CANARY: &str = "canaria";

/// Keys whose values say what a record is, or name a tool, a model, an agent or a step: these stay.
const KEPT: [&str; 39] = [
    "type",
    "subtype",
    "role",
    "timestamp",
    "ts",
    "start_ts",
    "updated_at",
    "version",
    "name",
    "model",
    "model_identifier",
    "advisorModel",
    "service_tier",
    "stop_reason",
    "speed",
    "status",
    "trigger",
    "originator",
    "cli_version",
    "model_provider",
    "source",
    "claude_code_version",
    "cli_subtype",
    "inference_geo",
    "event",
    "kind",
    "key",
    "mode",
    "step_name",
    "order_id",
    "session_label",
    "agentType",
    "kitchen_id",
    "pipeline_id",
    "dispatch_id",
    "dir_name",
    "claude_code_log",
    "effort",
    "output_tokens",
];

/// Runs of all commands that take transcripts; `FORMAT` stands for each format of the command.
const RUNS: [&str; 18] = [
    "inspect SIDE --strict --format FORMAT",
    "inspect SIDE --fidelity --rows 0 --format FORMAT",
    "inspect SIDE OTHER --by folder,session,source,day,kind --format FORMAT",
    "compare SIDE --draws 0 --each session --format FORMAT",
    "compare SIDE OTHER --with R1,R4 --draws 0 --each folder --format FORMAT",
    "sweep SIDE --with R1,R4 --draws 0 --format FORMAT",
    "steps SIDE --format FORMAT",
    "routes SIDE --format FORMAT",
    "audit SIDE --format FORMAT",
    "backtest SIDE OTHER --format FORMAT",
    "gate --baseline SIDE --candidate OTHER --each session --format FORMAT",
    "gate --baseline written.json --candidate SIDE --update",
    "gate-start SIDE OTHER OTHER --details --format FORMAT",
    "chart growth SIDE --format FORMAT",
    "import SIDE",
    "scenario new SIDE",
    "export SIDE --csv written --format FORMAT",
    "report SIDE --draws 0 --out written",
];

/// The formats of a command.
fn formats(command: &str) -> Vec<String> {
    let cli = windtunnel::Cli::command();
    let command = cli.find_subcommand(command).expect("a command of clap's own list");
    let format = command.get_arguments().find(|argument| argument.get_id() == "format");
    let values = format.map(clap::Arg::get_possible_values).unwrap_or_default();
    let names = values.iter().map(|value| value.get_name().to_owned());
    names.filter(|name| name != "png").collect()
}

/// One run and everything that it left.
struct Left {
    args: String,
    format: String,
    /// By name; standard output and standard error are `stdout` and `stderr`.
    texts: BTreeMap<String, String>,
}

/// All runs, in all formats, on two folders.
fn run_all(side: &str, other: &str) -> Vec<Left> {
    let mut all = Vec::new();
    // A lean build draws nothing.
    let is_drawn = |line: &&str| cfg!(feature = "charts") || !line.starts_with("chart ");
    for line in RUNS.into_iter().filter(is_drawn) {
        let known = formats(line.split(' ').next().unwrap_or_default());
        let formats = if line.contains("FORMAT") { known } else { vec![String::new()] };
        assert!(!formats.is_empty(), "{line}");
        for format in formats {
            let work = Folder::new(&[]);
            let words = line.split(' ').map(|word| match word {
                "SIDE" => side,
                "OTHER" => other,
                "FORMAT" => &format,
                word => word,
            });
            let args: Vec<&str> = words.collect();
            let ran = program(&args).current_dir(work.path()).output().unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            let mut texts = BTreeMap::from([
                ("stdout".to_owned(), text(ran.stdout)),
                ("stderr".to_owned(), text(ran.stderr)),
            ]);
            assert!(!texts["stderr"].contains("panicked"), "{args:?}: {}", texts["stderr"]);
            for file in files_below(Path::new(work.path())) {
                let name = file.strip_prefix(work.path()).unwrap().display().to_string();
                texts.insert(name, text(fs::read(&file).unwrap()));
            }
            let is_shown = texts.iter().any(|(name, text)| name != "stderr" && !text.is_empty());
            assert!(is_shown || ran.status.code() == Some(2), "{args:?} left nothing");
            all.push(Left { args: args.join(" "), format, texts });
        }
    }
    all
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// Replaces strings; the same string by the same one, so that references still hold.
fn replace_strings(value: &mut Value, key: &str, known: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) if !text.is_empty() && !KEPT.contains(&key) => {
            let next = format!("{CANARY}{}", known.len());
            let replaced = known.entry(text.clone()).or_insert(next);
            text.clone_from(replaced);
        }
        Value::Array(all) => all.iter_mut().for_each(|one| replace_strings(one, key, known)),
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(key, one)| replace_strings(one, key, known));
        }
        _ => {}
    }
}

/// A copy of a fixture below a folder that is named like a project, its strings replaced.
fn with_canaries(fixture: &str, to: &Path) {
    let mut known = BTreeMap::new();
    for file in files_below(Path::new(&here(fixture))) {
        let name = file.strip_prefix(here(fixture)).unwrap();
        let target = to.join(name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let lines = text.lines().map(|line| match serde_json::from_str::<Value>(line) {
            Ok(mut value) => {
                replace_strings(&mut value, "", &mut known);
                value.to_string() + "\n"
            }
            // What is no JSON is damage, and of that the reason and the place are told.
            Err(_) => format!("{CANARY} {line}\n"),
        });
        fs::write(target, lines.collect::<String>()).unwrap();
    }
}

fn check_canaries(fixture: &str) {
    let folder = Folder::new(&[]);
    let side = folder.at(&format!("side/-home-{CANARY}-src-acme"));
    let other = folder.at(&format!("other/-home-{CANARY}-src-other"));
    with_canaries(fixture, Path::new(&side));
    with_canaries("tests/fixtures/probes/01_split_same_usage", Path::new(&other));
    for name in ["CLAUDE.md", &format!(".claude/skills/{CANARY}/SKILL.md")] {
        let file = Path::new(&side).join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, CANARY).unwrap();
    }
    let mut calls = 0;
    for left in run_all(&side, &other) {
        for (name, text) in &left.texts {
            // What the user typed may be said to him again where nothing else can be told.
            let text = text.replace(&side, "SIDE").replace(&other, "OTHER");
            let line = text.lines().find(|line| line.contains(CANARY));
            assert!(line.is_none(), "{fixture}: {}: {name}: {}", left.args, line.unwrap());
        }
        calls += usize::from(left.args.starts_with("inspect") && !left.texts["stdout"].is_empty());
    }
    assert!(calls > 0, "{fixture}: nothing could be read any more");
}

#[test]
fn nothing_private_of_claude_code_leaves_the_machine() {
    check_canaries("tests/fixtures/probes");
}

#[test]
fn nothing_private_of_codex_leaves_the_machine() {
    check_canaries("tests/fixtures/codex-probes");
}

#[test]
fn nothing_private_of_an_orchestrator_leaves_the_machine() {
    check_canaries("tests/fixtures/autoskillit");
}

#[test]
fn nothing_private_of_packets_leaves_the_machine() {
    check_canaries("tests/fixtures/rollout-metrics");
}

/// A session of a name, with a call every second; `first` is the number of the first one.
fn named_session(name: &str, first: u32, calls: u32) -> String {
    let row = |at: u32| {
        let (minute, second) = (at / 60, at % 60);
        let message = serde_json::json!({
            "type": "assistant", "sessionId": name, "uuid": format!("u-{at}"),
            "version": "2.1.200", "timestamp": format!("2026-01-01T00:{minute:02}:{second:02}Z"),
            "requestId": format!("r{at}"),
            "message": {
                "id": format!("m{at}"), "model": "claude-opus-4-6",
                "content": [{"type": "text", "text": "a"}],
                "usage": {"input_tokens": 1, "cache_read_input_tokens": 0,
                    "cache_creation_input_tokens": 100 + at, "output_tokens": 7},
            },
        });
        message.to_string() + "\n"
    };
    (first..first + calls).map(row).collect()
}

/// Calls and sessions of recordings as `inspect` tells them.
fn calls_and_sessions(paths: &[&str]) -> (Value, Value) {
    let shown = ok(&[&["inspect"], paths, &["--format", "json"]].concat());
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let totals = &shown["totals"];
    (totals["calls"].clone(), totals["sessions"].clone())
}

#[test]
fn recordings_with_hidden_ids_add_up_as_their_folders_do() {
    let folder = Folder::new(&[
        ("one/p/alice.jsonl", named_session("alice", 0, 3).as_bytes()),
        ("one/p/bob.jsonl", named_session("bob", 600, 4).as_bytes()),
        // A copy of bob's that went on, and somebody else's first session.
        ("two/q/bob.jsonl", named_session("bob", 600, 9).as_bytes()),
        ("two/q/carol.jsonl", named_session("carol", 1200, 5).as_bytes()),
    ]);
    let (one, two) = (folder.at("one"), folder.at("two"));
    let (first, second) = (folder.at("1.json"), folder.at("2.json"));
    ok(&["import", &one, "-o", &first]);
    ok(&["import", &two, "-o", &second]);
    let together = calls_and_sessions(&[&one, &two]);
    assert_eq!(together, (Value::from(17), Value::from(3)));
    for paths in [[&first, &second], [&first, &two], [&one, &second]] {
        assert_eq!(calls_and_sessions(&paths.map(String::as_str)), together, "{paths:?}");
    }
}

#[test]
fn what_is_typed_is_looked_up_among_real_names() {
    let folder = Folder::new(&[
        ("one/p/alice.jsonl", named_session("alice", 0, 3).as_bytes()),
        ("one/p/bob.jsonl", named_session("bob", 600, 4).as_bytes()),
    ]);
    let one = folder.at("one");
    let scenario = |session: &str| {
        let text = format!(
            "schema = \"windtunnel.scenario/1\"\nname = \"a\"\n\
             [select]\nsession = [\"{session}\"]\n"
        );
        folder.file("scenario.toml", text.as_bytes())
    };
    let part = |session: &str| {
        ok(&["inspect", &one, "--scenario", &scenario(session), "--format", "json"])
    };
    let shown: Value = serde_json::from_str(&part("bob")).unwrap();
    assert_eq!(shown["totals"]["calls"], 4);
    // What was typed stays as it was typed, and stands nowhere else.
    assert_eq!(part("bob").replace("select session: bob", "").matches("bob").count(), 0);
    // A name that was shown is one too, and an error lists no other.
    let imported: Value = serde_json::from_str(&ok(&["import", &one])).unwrap();
    let hidden = imported["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert!(hidden.starts_with("session-"), "{hidden}");
    part(&hidden);
    let ran = run(&["inspect", &one, "--scenario", &scenario("dave")]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("session-") && !ran.err.contains("alice"), "{}", ran.err);
    let ran = run(&["steps", &one, "--order", "dave"]);
    assert!(ran.code == Some(2) && !ran.err.contains("alice"), "{}", ran.err);
    let steps = ok(&["steps", &one, "--order", "bob", "--format", "csv"]);
    assert!(steps.lines().count() > 1, "{steps}");
    let packets = here("tests/fixtures/rollout-metrics");
    let rows = |filter: &str| {
        let args = ["routes", &packets, "--prompt-filter", filter, "--format", "json"];
        serde_json::from_str::<Value>(&ok(&args)).unwrap()
    };
    assert_eq!(rows("no such packet")["agents"], serde_json::json!([]));
    let real = rows("root_KEEP");
    let shown = real["roots"][0]["root"].as_str().unwrap();
    assert!(shown.starts_with("root-"), "{real}");
    assert_eq!(rows(shown)["inside"], real["inside"]);
}

#[test]
fn a_users_own_published_figures_are_hidden_and_those_of_the_program_are_not() {
    let text = std::fs::read_to_string(here("recorded/order-774.json")).unwrap();
    let folder = Folder::new(&[("one/p/alice.jsonl", named_session("alice", 0, 3).as_bytes())]);
    // The id of an inventory is a name, wherever it stands.
    let own = folder.file("own.json", text.replace("9768e31d", CANARY).as_bytes());
    for command in ["inspect", "audit", "steps"] {
        for format in formats(command) {
            let shown = ok(&[command, &own, "--format", &format]);
            assert!(!shown.contains(CANARY), "{command} {format}");
        }
    }
    let shown = ok(&["inspect", &own, "--format", "json"]);
    assert!(shown.contains("\"session-") && shown.contains("14b6a3bc"), "{shown}");
    // What is built in stays what it is beside a recording whose names are hidden.
    let ids = |args: &[&str]| -> Vec<String> {
        let shown: Value =
            serde_json::from_str(&ok(&[args, &["--format", "json"]].concat())).unwrap();
        let sessions = shown["sessions"].as_array().unwrap();
        sessions.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let (alone, beside) =
        (ids(&["inspect", "order-774"]), ids(&["inspect", "order-774", &folder.at("one")]));
    assert!(alone.iter().all(|id| beside.contains(id)), "{alone:?} {beside:?}");
    assert!(beside.iter().all(|id| id != "alice"), "{beside:?}");
}

/// Names that want to be obeyed: by a terminal, a CI, Markdown, a spreadsheet, XML, a browser.
const HOSTILE: [&str; 10] = [
    "gpt-9\n::add-mask::the\n::error file=a.rs,line=1::injected",
    "::warning::x ##[group]y ##vso[task.complete]z",
    "\u{1b}]8;;http://evil.example\u{7}red\u{1b}[31m\u{9b}2J",
    "\u{202e}desrever\u{2066}\u{200b}\u{feff}",
    "=cmd|' /C calc'!A0",
    "@everyone see #1 and GH-2 at https://evil.example or www.evil.example",
    "\u{fffe}\u{ffff}\u{1fffe} ]]> <b>&\"'",
    "+1+2",
    "claude-x\u{9b}2Jx\u{202e}y",
    "[a](http://evil.example) ![b](x) `c` | d",
];

/// A session whose model, tool and folder are hostile.
fn hostile_session(name: &str) -> String {
    let row = |id: &str, read: u32| {
        let message = serde_json::json!({
            "type": "assistant", "sessionId": name, "uuid": format!("u-{id}"),
            "version": "2.1.200", "timestamp": "2026-01-01T00:00:10Z", "requestId": id,
            "cwd": name, "gitBranch": name,
            "message": {
                "id": id, "model": name,
                "content": [{"type": "tool_use", "id": id, "name": name, "input": {"a": name}}],
                "usage": {"input_tokens": 1, "cache_read_input_tokens": read,
                    "cache_creation_input_tokens": 100, "output_tokens": 7},
            },
        });
        message.to_string() + "\n"
    };
    [prompt("\"hi\""), row("a", 0), row("b", 100), "{broken\n".to_owned()].concat()
}

fn is_obeyed_by_terminals(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{1fffe}')
}

/// The spreadsheet's rule: a field that begins like this is computed, unless it is a number.
fn is_formula(field: &str) -> bool {
    field.trim_start().starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err()
}

fn check_csv(place: &str, text: &str) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    for record in reader.records() {
        let formula = record.unwrap().iter().find(|field| is_formula(field)).map(str::to_owned);
        assert_eq!(formula, None, "{place}");
    }
}

fn check_markdown(place: &str, text: &str) {
    let lower = text.to_lowercase();
    for link in ["://", "www.e", "@e", "#1", "gh-2", "](http", "![b]"] {
        assert!(!lower.contains(link), "{place}: {link}");
    }
}

fn check_xml(place: &str, text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{place}: {error}"),
        }
    }
}

#[test]
fn no_name_steers_what_shows_it() {
    let files: Vec<(String, String)> = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, name)| (format!("side/p{at}/s{at}.jsonl"), hostile_session(name)))
        .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let folder = Folder::new(&files);
    folder.file("other/s.jsonl", hostile_session("plain").as_bytes());
    for left in run_all(&folder.at("side"), &folder.at("other")) {
        for (name, text) in &left.texts {
            let place = format!("{} {name}", left.args);
            let obeyed = text.chars().find(|c| is_obeyed_by_terminals(*c));
            assert_eq!(obeyed, None, "{place}");
            let is_page = Path::new(name).extension().is_some_and(|ending| ending == "html");
            let commands = text.lines().map(str::trim_start).filter(|line| {
                line.starts_with("::") || line.contains("##[") || line.contains("##vso[")
            });
            // A gate gives commands of its own, and to no other line.
            let own = |line: &&str| {
                left.format == "github" && line.starts_with("::") && {
                    ["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own))
                }
            };
            let foreign: Vec<&str> = commands.filter(|line| !own(line)).collect();
            assert!(is_page || foreign.is_empty(), "{place}: {foreign:?}");
            let kind = match (name.as_str(), left.format.as_str()) {
                ("stdout", format) => format,
                (file, _) => file.rsplit('.').next().unwrap_or_default(),
            };
            match kind {
                "csv" => check_csv(&place, text),
                "markdown" | "md" => check_markdown(&place, text),
                "junit" | "svg" => check_xml(&place, text),
                "json" if !text.is_empty() => {
                    serde_json::from_str::<Value>(text).unwrap();
                }
                _ => {}
            }
        }
    }
}
