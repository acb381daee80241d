//! Text from inputs: nothing private leaves the machine, and no name steers what shows it.
//!
//! Every command that takes transcripts is run in every format that it has. First on fixtures in
//! which every string that is not needed to read them is replaced; then on sessions whose names are
//! written to be obeyed.

use crate::import_bad_input::prompt;
use crate::run::{Folder, here, program};
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

/// Keys of ids, by which a gate and a look back match their sides, and what stands in their place.
const IDS: [&str; 6] =
    ["id", "sessionId", "session_id", "thread_id", "parent_thread_id", "forked_from_id"];
const CANARY_ID: &str = "identita";

/// Runs of all commands that take transcripts; `FORMAT` stands for each format of the command.
const RUNS: [&str; 16] = [
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
            let word = if IDS.contains(&key) { CANARY_ID } else { CANARY };
            let next = format!("{word}{}", known.len());
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
    let mut calls = 0;
    for left in run_all(&side, &other) {
        for (name, text) in &left.texts {
            // What the user typed may be said to him again where nothing else can be told.
            let text = text.replace(&side, "SIDE").replace(&other, "OTHER");
            let is_told = |line: &&str| {
                let is_matched = ["gate ", "backtest "].iter().any(|it| left.args.starts_with(it));
                line.contains(CANARY) || line.contains(CANARY_ID) && !is_matched
            };
            let line = text.lines().find(is_told);
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

/// Names that want to be obeyed: by a terminal, a CI, Markdown, a spreadsheet, XML, a browser.
const HOSTILE: [&str; 9] = [
    "gpt-9\n::add-mask::the\n::error file=a.rs,line=1::injected",
    "::warning::x ##[group]y ##vso[task.complete]z",
    "\u{1b}]8;;http://evil.example\u{7}red\u{1b}[31m\u{9b}2J",
    "\u{202e}desrever\u{2066}\u{200b}\u{feff}",
    "=cmd|' /C calc'!A0",
    "@everyone see #1 and GH-2 at https://evil.example or www.evil.example",
    "\u{fffe}\u{ffff}\u{1fffe} ]]> <b>&\"'",
    "+1+2",
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
