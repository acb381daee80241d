//! Files of published totals that users write: what is refused and how, what a small one is good
//! for, and the guide, whose commands are run.

use crate::cli_scenario::faults;
use crate::docs::read;
use crate::generated_files::REGENERATE;
use crate::run::{Folder, ok, program, run};
use serde_json::Value;
use std::path::Path;
use windtunnel::reconstruct::call_tally::TallyUnit;
use windtunnel::reconstruct::{BUILTIN, Lens, ReportedPipeline, reconstruct};

/// A good file in which one line is broken at a time.
const GOOD: &str = r#"schema = "windtunnel.reported/1"
name = "mine"
pull_request = 12
day = 2026-04-13
counts = "records"

[steps]
rows = [
{ step = "plan", fresh = "5.5k", output = "9k", read = "870.9k", write = "58.4k", time = "6m 18s" },
{ step = "build", fresh = 119, output = "46.6 k", read = "9.5 M", write = "130,700", sessions = 2 },
]
total = { read = "10.4M", time = "29m 13s" }

[inventory]
rows = [
  { id = "b1", step = "build", calls = 100, read = "5M", output = "20k" },
  { id = "b2", step = "build", calls = "90 records", read = "4.5M", output = "26.6k" },
]

[[documents]]
id = "pr"

[[statements]]
id = "start-context"
value = "~12K"
source = "pr"

[[claims]]
toggle = "R1"
metric = "read"
saving = "30 %"

[[combined]]
id = "both"
step = "build"
toggles = ["R1", "R4"]
from = "9.5M"
to = "~5M"

[[events]]
kind = "test_run"
session = "b1"
result = "failed"
chars = "10k output"
at = 0.8

[[unknowns]]
id = "output"
unit = "count"
low = 6000
mode = 10000
high = 15000
"#;

/// What is replaced by what, in which line the mistake is told, and with which words.
const MISTAKES: [(&str, &str, usize, &[&str]); 36] = [
    ("reported/1\"", "reported/2\"", 1, &["'schema' is", "wanted \"windtunnel.reported/1\""]),
    ("name = \"mine\"", "nmae = \"mine\"", 2, &["unknown key 'nmae' (is it 'name'?)"]),
    ("name = \"mine\"", "name = \"\"", 2, &["'name' is \"\"", "wanted a name"]),
    ("pull_request = 12", "pull_request = true", 3, &["'pull_request' is true"]),
    ("2026-04-13", "\"13 April\"", 4, &["'day'", "wanted a day such as"]),
    ("\"records\"\n", "\"record\"\n", 5, &["'counts'", "(is it 'records'?)"]),
    ("[steps]", "[step]", 7, &["unknown key 'step' (is it 'steps'?)"]),
    ("fresh = \"5.5k\"", "fresh = \"5.5x\"", 9, &["'steps.rows.plan.fresh' is \"5.5x\"", "tokens"]),
    ("fresh = \"5.5k\", ", "", 9, &["'steps.rows.plan.fresh' is missing, wanted tokens"]),
    (
        "read = \"870.9k\"",
        "raed = \"870.9k\"",
        9,
        &["unknown key 'steps.rows.plan.raed'", "'read'"],
    ),
    ("\"58.4k\"", "\"30%\"", 9, &["steps.rows.plan.write", "a share has no place here"]),
    ("\"6m 18s\"", "378", 9, &["steps.rows.plan.time", "378 seconds are \"378s\""]),
    ("\"6m 18s\"", "\"6M\"", 9, &["steps.rows.plan.time", "minutes are \"6m\""]),
    ("\"9.5 M\"", "\"1m\"", 10, &["a million is \"1M\"; \"1m\" is a time"]),
    ("fresh = 119", "fresh = -119", 10, &["steps.rows.build.fresh' is -119"]),
    ("\"130,700\"", "\"130,70\"", 10, &["steps.rows.build.write' is \"130,70\""]),
    ("sessions = 2", "sessions = 1.5", 10, &["steps.rows.build.sessions", "a whole number"]),
    ("sessions = 2", "sessions = 3", 10, &["steps.rows.build.sessions", "wanted 2, as many as"]),
    (
        "step = \"build\", fresh",
        "step = \"plan\", fresh",
        10,
        &["there twice, wanted each name once"],
    ),
    ("step = \"build\", calls = 100", "step = \"biuld\", calls = 100", 16, &["(is it 'build'?)"]),
    ("calls = 100", "calls = \"many\"", 16, &["inventory.rows.b1.calls", "a number of calls"]),
    ("calls = 100, read = \"5M\"", "calls = 2, read = \"8M\"", 16, &["its context window holds"]),
    ("\"90 records\"", "\"90 recrods\"", 17, &["(is it", "records, calls or the id of an unknown"]),
    ("source = \"pr\"", "source = \"rp\"", 26, &["the id of a document (is it 'pr'?)"]),
    ("\"~12K\"", "\"twelve\"", 25, &["statements.start-context.value", "a figure such as"]),
    ("toggle = \"R1\"", "toggle = \"Q1\"", 29, &["the id of a toggle", "(is it '"]),
    ("metric = \"read\"", "metric = \"bananas\"", 30, &["wanted one of read, tokens, calls"]),
    ("\"30 %\"", "\"130 %\"", 31, &["claims.R1.saving", "up to \"100 %\" of the whole"]),
    ("\"30 %\"", "\"1m\"", 31, &["claims.R1.saving", "a million is \"1M\""]),
    ("metric = \"read\"", "metric = \"calls\"", 31, &["claims.R1.saving", "of a share of calls"]),
    (
        "to = \"~5M\"",
        "to = \"40%\"",
        38,
        &["combined.both.to", "a saving in per cent goes into `share`"],
    ),
    ("kind = \"test_run\"", "kind = \"test-run\"", 41, &["events.1.kind", "(is it 'test_run'?)"]),
    ("session = \"b1\"", "session = \"b9\"", 42, &["a session of the inventory (is it 'b"]),
    ("at = 0.8", "at = \"150%\"", 45, &["events.1.at", "a share from 0 to 100 %"]),
    ("\"10k output\"", "\"10k outputs\"", 44, &["events.1.chars", "(is it 'output'?)"]),
    ("mode = 10000", "mode = 1", 47, &["unknowns.output", "low <= mode <= high"]),
];

#[test]
fn every_mistake_is_refused_with_its_line_and_a_way_out() {
    let folder = Folder::new(&[("mine.toml", GOOD.as_bytes())]);
    ok(&["audit", &folder.at("mine.toml")]);
    for (from, to, line, words) in MISTAKES {
        assert!(GOOD.contains(from), "{from}");
        let path = folder.file("bad.toml", GOOD.replacen(from, to, 1).as_bytes());
        let ran = run(&["audit", &path]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{to}: {}", ran.err);
        // One mistake may break what refers to it; each is told on a line of its own.
        let place = format!("bad.toml: line {line}: ");
        let told = ran
            .err
            .lines()
            .find(|told| told.contains(&place) && words.iter().all(|word| told.contains(word)));
        assert!(told.is_some(), "{to}: no {place}{words:?} in\n{}", ran.err);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut text = GOOD.to_owned();
    let picked = [1, 4, 7, 11, 21, 26, 31, 33];
    for (from, to, ..) in picked.map(|at| MISTAKES[at]) {
        text = text.replacen(from, to, 1);
    }
    let folder = Folder::new(&[("bad.toml", text.as_bytes())]);
    let ran = run(&["compare", &folder.at("bad.toml")]);
    assert_eq!(ran.code, Some(2));
    for (.., line, words) in picked.map(|at| MISTAKES[at]) {
        let told = ran.err.lines().any(|told| {
            told.contains(&format!("line {line}: ")) && words.iter().all(|it| told.contains(it))
        });
        // Without its kind nobody knows where an event has its place.
        assert!(told || line == 45, "line {line}: {words:?} in\n{}", ran.err);
    }
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with("windtunnel: ")), "{lines:?}");
}

#[test]
fn json_and_toml_are_one_format() {
    let value: Value = toml::from_str(&GOOD.replace("2026-04-13", "\"2026-04-13\"")).unwrap();
    let json = serde_json::to_string_pretty(&value).unwrap();
    let (toml, json) =
        (ReportedPipeline::parse_toml("mine", GOOD), ReportedPipeline::parse_json("mine", &json));
    let toml = toml.unwrap();
    assert_eq!(toml, json.unwrap());
    let rows = &toml.inventory.as_ref().unwrap().rows;
    assert_eq!(rows[0].calls.figure.text, "100");
    assert_eq!(rows[0].calls.unit, TallyUnit::Records, "the file says that they are");
}

/// The smallest file: what a pull request prints of two steps.
const SMALLEST: &str = r#"schema = "windtunnel.reported/1"
[steps]
rows = [
  { step = "plan",      fresh = "5.5k", output = "10.7k", read = "870.9k", write = "58.4k" },
  { step = "implement", fresh = "119",  output = "46.6k", read = "9.5M",   write = "130.7k" },
]
"#;

#[test]
fn a_file_of_at_most_twelve_lines_is_enough_for_every_command() {
    assert!(SMALLEST.lines().count() <= 12);
    let folder = Folder::new(&[("mine.toml", SMALLEST.as_bytes())]);
    let (path, out) = (folder.at("mine.toml"), folder.at("report"));
    let few = ["--draws", "20"];
    for command in [
        vec!["compare", &path, few[0], few[1]],
        vec!["inspect", &path],
        vec!["steps", &path],
        vec!["audit", &path],
        vec!["sweep", &path],
        vec!["report", &path, "--out", &out, few[0], few[1]],
    ] {
        let ran = run(&command);
        assert_eq!(ran.code, Some(0), "{command:?}: {}", ran.err);
        let told = "not said in the file, so it is assumed: source = own figures, day = 2026-";
        assert!(ran.err.contains(told), "{command:?}: {}", ran.err);
    }
    let report = std::fs::read_to_string(format!("{out}/report.md")).unwrap();
    assert!(report.contains("nobody published them"), "{report}");
}

#[test]
fn numbers_of_calls_are_halved_only_where_they_are_records() {
    let calls = |from: &str, to: &str| {
        let text = GOOD.replace("\"90 records\"", "90").replace(from, to);
        let reported = ReportedPipeline::parse_toml("mine", &text).unwrap();
        let fit = reconstruct(&reported, Lens::Message).unwrap();
        fit.sessions.iter().find(|fit| fit.id == "b1").unwrap().calls
    };
    assert_eq!(calls("counts = \"records\"\n", ""), 100);
    assert_eq!(calls("\"records\"", "\"calls\""), 100);
    assert_eq!(calls("\"records\"", "\"unknown\""), 100);
    assert!((50..90).contains(&calls("\"records\"", "\"records\"")));
    let text = GOOD.replace("\"90 records\"", "90").replace("counts = \"records\"\n", "");
    let said = ReportedPipeline::parse_toml("mine", &text).unwrap().unsaid_in_words().unwrap();
    assert!(said.contains("counts = calls (calls or records)"), "{said}");
}

#[test]
fn files_that_are_read_fit_the_schema() {
    let schema: Value = serde_json::from_str(&ok(&["schema", "new", "pipeline"])).unwrap();
    let mut files: Vec<Value> =
        BUILTIN.iter().map(|(_, json)| serde_json::from_str(json).unwrap()).collect();
    let new = ok(&["new", "pipeline"]).replace("2026-04-13", "\"2026-04-13\"");
    for toml in [new.as_str(), SMALLEST, &GOOD.replace("2026-04-13", "\"2026-04-13\"")] {
        files.push(toml::from_str(toml).unwrap());
    }
    for file in &files {
        assert_eq!(faults(&schema, &schema, file, ""), [""; 0]);
    }
    for (at, key, value) in [(4, "titel", "x"), (4, "day", "soon"), (4, "counts", "record")] {
        let mut file = files[at].clone();
        file[key] = value.into();
        assert!(!faults(&schema, &schema, &file, "").is_empty(), "{key}");
    }
}

// ---- the guide --------------------------------------------------------------------------------

/// A part of a guide between two fences, with what its first line says.
pub struct Block {
    /// The text behind the opening fence, e.g. `console`.
    pub kind: String,
    pub lines: Vec<String>,
    /// Where its first line stands in the guide, from 0.
    from: usize,
}

pub fn blocks(guide: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in guide.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(kind), false) => {
                found.push(Block { kind: kind.to_owned(), lines: Vec::new(), from: at + 1 });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => found.last_mut().unwrap().lines.push(line.to_owned()),
            (None, false) => {}
        }
    }
    found
}

/// What a command prints, errors behind results; as many lines as `lines` where those end in `...`.
fn printed(command: &str, folder: &Folder, lines: &[String]) -> Vec<String> {
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[0], "windtunnel", "{command}");
    // As in a pipe, which has 80 columns.
    let mut program = program(&words[1..]);
    let output = program.env_remove("COLUMNS").current_dir(folder.path()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let all: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.last().is_some_and(|last| last == "...") {
        let shown = all.into_iter().take(lines.len() - 1);
        return shown.chain(["...".to_owned()]).collect();
    }
    all
}

/// Every command of a guide is run in one folder, in order, on the files that it shows. A file is a
/// block that names it behind its fence (`text table.md`); `append` puts it behind what is there.
/// With `WINDTUNNEL_REGENERATE=1` the outputs are written into the guide.
fn check_guide(name: &str, fewest_commands: usize) {
    let guide = read(name);
    let folder = Folder::new(&[]);
    let mut outputs = Vec::new();
    for block in blocks(&guide) {
        let words: Vec<&str> = block.kind.split(' ').collect();
        let text = block.lines.join("\n") + "\n";
        match words[..] {
            ["console"] => {
                let command = block.lines[0].strip_prefix("$ ").expect("a command");
                let now = printed(command, &folder, &block.lines[1..]);
                outputs.push((block.from + 1..block.from + block.lines.len(), now));
            }
            [_, "append", name] => {
                let before = std::fs::read_to_string(folder.at(name)).unwrap();
                folder.file(name, (before + "\n" + &text).as_bytes());
            }
            [_, name] => {
                folder.file(name, text.as_bytes());
            }
            _ => {}
        }
    }
    assert!(outputs.len() >= fewest_commands, "{name}: {}", outputs.len());
    let mut wanted: Vec<String> = guide.lines().map(str::to_owned).collect();
    // From the end, so that the places of those before stay what they are.
    for (lines, now) in outputs.into_iter().rev() {
        wanted.splice(lines, now);
    }
    let wanted = wanted.join("\n") + "\n";
    if wanted != guide && std::env::var_os("WINDTUNNEL_REGENERATE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::write(path, wanted).unwrap();
        return;
    }
    assert_eq!(wanted, guide, "{name} is not what is printed; run {REGENERATE}");
}

#[test]
fn guides_print_what_the_program_prints() {
    check_guide("PIPELINES.md", 5);
    check_guide("README.md", 3);
}
