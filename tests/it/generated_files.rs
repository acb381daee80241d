//! What is written from the code: the tables of MODEL.md that repeat it, the schema of scenarios,
//! and the bill of materials. The test compares; with `WINDTUNNEL_REGENERATE=1` it writes.

use crate::bill_of_materials::bill_of_materials;
use crate::docs::{constants, read, sources};
use crate::figures::recommendation_table;
use crate::tellings::table_of_tellings;
use std::fmt::Write as _;
use std::path::Path;
use windtunnel::intervene::{self, ToggleCard};
use windtunnel::models::MODELS;
use windtunnel::reconstruct::pipeline_schema_json;
use windtunnel::recording::estimate::Tokenizer;
use windtunnel::scenario;

/// The command that writes everything that is generated.
pub const REGENERATE: &str = "WINDTUNNEL_REGENERATE=1 cargo test --test it generated_files";

const END: &str = "<!-- end -->";

fn cards() -> impl Iterator<Item = &'static ToggleCard> {
    intervene::ALL.iter().map(|one| one.card())
}

/// A number as the tables of MODEL.md have it: `15_000` or `15000` as 15,000.
fn grouped(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().filter(char::is_ascii_digit).collect();
    let mut text = String::new();
    for (at, digit) in digits.iter().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(*digit);
    }
    text
}

fn parameter_table() -> String {
    let mut table = "| toggle, parameter | low | mode | high | unit | source | confidence |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for card in cards() {
        for spec in card.params {
            let [low, mode, high] =
                [spec.low, spec.mode, spec.high].map(|value| grouped(&value.to_string()));
            let (unit, letter) = (spec.unit.name(), spec.confidence.letter());
            let _ = writeln!(
                table,
                "| {} {} | {low} | {mode} | {high} | {unit} | {} | {letter} |",
                card.id, spec.key, spec.source
            );
        }
    }
    table
}

/// The doc comment right above a constant, as one line.
fn docs_of_constant(source: &str, name: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let is_declared = |line: &&str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("const ").is_some_and(|rest| rest.starts_with(&format!("{name}:")))
    };
    let at = lines.iter().position(is_declared).expect("a constant at the margin of its file");
    let docs = lines[..at].iter().rev().map_while(|line| line.strip_prefix("/// "));
    let mut docs: Vec<&str> = docs.collect();
    docs.reverse();
    docs.join(" ")
}

fn constant_table() -> String {
    let mut table =
        "| constant | value | what, source, date | confidence |\n|---|---|---|---|\n".to_owned();
    for path in sources("src/intervene") {
        let source = read(&path);
        if path.ends_with("/test_recordings.rs") {
            continue;
        }
        for (name, kind, value) in constants(&source) {
            if !kind.starts_with(['i', 'u']) {
                continue;
            }
            let docs = docs_of_constant(&source, &name);
            let (docs, letter) = docs.split_once(" Confidence: ").unwrap_or_else(|| {
                panic!("{path}: say where {name} comes from: `/// .. Source: .. Confidence: J.`")
            });
            let short = path.trim_start_matches("src/");
            let (value, letter) = (grouped(&value), letter.trim_end_matches('.'));
            let _ = writeln!(table, "| `{short}::{name}` | {value} | {docs} | {letter} |");
        }
    }
    table
}

fn toggles_without_parameters() -> String {
    let without: Vec<&str> =
        cards().filter(|card| card.params.is_empty()).map(|card| card.id).collect();
    format!("Without parameters: {}.\n", without.join(", "))
}

fn grade_table() -> String {
    let mut table = "| toggle | effort | risk |\n|---|---|---|\n".to_owned();
    for card in cards() {
        let _ = writeln!(table, "| {} | {} | {} |", card.id, card.grade.effort, card.grade.risk);
    }
    table
}

fn model_table() -> String {
    let mut table =
        "| model starts with | tokenizer | smallest prefix | drops a turn's reasoning | hits, \
                     apart |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in &MODELS {
        let family = match row.tokenizer {
            Tokenizer::Claude4 => "old",
            Tokenizer::Claude47 => "new",
            Tokenizer::Gpt => "GPT",
            Tokenizer::Other => "others",
        };
        let prefix = grouped(&row.smallest_prefix.to_string());
        let drops = if row.drops_reasoning { "yes" } else { "" };
        let gpt = row.tokenizer == Tokenizer::Gpt;
        let step = if gpt { grouped(&row.hit_step.to_string()) } else { String::new() };
        let name = row.starts_with;
        let _ = writeln!(table, "| `{name}` | {family} | {prefix} | {drops} | {step} |");
    }
    table
}

/// A guide with another text between the marks of a generated part.
fn with_part(guide: &str, name: &str, part: &str) -> String {
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = guide.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest.split_once(END).expect("an end");
    format!("{before}{begin}{part}{END}{after}")
}

/// Every generated file, as it should be.
fn wanted_files() -> Vec<(&'static str, String)> {
    let mut model = read("MODEL.md");
    for (name, part) in [
        ("toggle parameters", parameter_table()),
        ("toggle constants", constant_table()),
        ("toggles without parameters", toggles_without_parameters()),
        ("toggle grades", grade_table()),
        ("models", model_table()),
        ("recommendations", recommendation_table()),
        ("tellings", table_of_tellings()),
    ] {
        model = with_part(&model, name, &part);
    }
    let schema = String::from_utf8(scenario::schema_json()).expect("JSON is text");
    vec![
        ("MODEL.md", model),
        ("scenarios/scenario.schema.json", schema),
        ("recorded/pipeline.schema.json", String::from_utf8(pipeline_schema_json()).expect("text")),
        (".ci/sbom.cdx.json", bill_of_materials(&read("Cargo.lock"))),
    ]
}

#[test]
fn generated_files_are_what_the_code_says() {
    let writes = std::env::var_os("WINDTUNNEL_REGENERATE").is_some();
    let mut stale = Vec::new();
    for (name, wanted) in wanted_files() {
        if read(name) == wanted {
            continue;
        }
        if writes {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            std::fs::write(&path, wanted).unwrap_or_else(|error| panic!("{name}: {error}"));
        } else {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "no longer what the code says: {stale:?}; run {REGENERATE}");
}

#[test]
fn parts_are_replaced_between_their_marks() {
    let guide =
        "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n<!-- generated: y -->\n<!-- end -->";
    let wanted = guide.replace("old\n", "new\n");
    assert_eq!(with_part(guide, "x", "new\n"), wanted);
    assert_eq!([grouped("7"), grouped("15_000"), grouped("1000000")], ["7", "15,000", "1,000,000"]);
}
