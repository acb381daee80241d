//! The guides against the tree: no constant without its row, no row without its constant.
//!
//! A row of MODEL.md whose first cell is `file.rs::NAME` names a constant below `src/`, or a
//! function whose numbers are the model's; its second cell is the value as the code has it. Other
//! tables are compared with what the library answers.

use crate::generated_files::REGENERATE;
use crate::laws::data;
use crate::run::{Folder, json};
use std::path::Path;
use windtunnel::recording::BlockKind;
use windtunnel::recording::estimate::{self, Tokenizer};

/// Folders and files whose numbers are the model's, or could pass for it.
const COVERED: [&str; 14] = [
    "cache",
    "clock",
    "fixed_point.rs",
    "import",
    "intervene",
    "models",
    "plan",
    "price",
    "recording",
    "reconstruct",
    "replay",
    "scenario",
    "study",
    "units.rs",
];

/// Constants that need no row, and why.
const NO_ROW: &[(&str, &str)] = &[
    ("reconstruct/script_call.rs::UNSTATED", "an index into the names of tools"),
    ("reconstruct/script_call.rs::READ", "likewise"),
    ("reconstruct/script_call.rs::EDIT", "likewise"),
    ("reconstruct/script_call.rs::GREP", "likewise"),
    ("reconstruct/script_call.rs::BASH", "likewise"),
    ("reconstruct/script_call.rs::TASK", "likewise"),
    ("import/parsed_file.rs::MOST", "slots of a table of names"),
    ("reconstruct/solved_before.rs::MOST_KEPT", "solutions that are kept in memory"),
    ("study/gate/residual_picks.rs::LANES", "draws that are summed side by side"),
    ("recording/public_names.rs::CONTENT_BYTES", "bytes of a digest in an id"),
    ("recording/public_names.rs::LONGEST_NAME", "characters of a name that is shown"),
    ("recording/public_names.rs::SHORTEST_HEX", "how long a number of letters is"),
    ("import/decoded_source.rs::GZIP", "bytes of a compressed format"),
    ("import/utf16_source.rs::LITTLE_ENDIAN", "bytes of the byte order mark"),
    ("import/utf16_source.rs::BIG_ENDIAN", "likewise"),
    ("import/zstd_source.rs::MAGIC", "bytes of the compressed format"),
    ("import/zstd_source.rs::END", "likewise"),
    ("import/zstd_source.rs::CHECKSUM", "likewise"),
    ("import/zstd_source.rs::SKIPPABLE", "likewise"),
    ("import/codex/session_identity.rs::UUID", "the length of an id"),
    ("import/json_escapes.rs::BLOCK", "bytes looked at together; moves no figure"),
    ("import/json_escapes.rs::ONES", "a bit pattern of that look"),
    (
        "replay/lanes/block_subsets.rs::WIDTH",
        "how many subsets are replayed together; moves no figure",
    ),
    ("replay/lanes/block_subsets.rs::LANES", "likewise"),
    ("reconstruct/pipeline_file/template.rs::COMMENT_WIDTH", "columns of a comment in a new file"),
    ("reconstruct/pipeline_file/mod.rs::MOST_TOLD", "mistakes that are told at once"),
    ("replay/cycle.rs::WHOLE", "parts of a whole, as in plan/chance.rs"),
    ("replay/uncertain_row.rs::AMOUNTS", "how many amounts a state has"),
    ("study/whatif/shapley/attribution_sums.rs::FIGURE_COUNT", "how many figures a saving has"),
    ("study/whatif/lattice.rs::WAITING", "what waits in memory at once; moves no figure"),
    ("study/inspect/context_curves.rs::HIT", "stands for no miss in a curve; no figure"),
    ("study/inspect/context_curves.rs::NOT_MADE", "stands for no call in a curve; no figure"),
    ("intervene/support/test_recordings.rs::SYSTEM", "a size of recordings made for unit tests"),
    ("intervene/support/test_recordings.rs::STATIC", "likewise"),
    ("intervene/support/test_recordings.rs::PROMPT", "likewise"),
    ("intervene/support/test_recordings.rs::USE", "likewise"),
    ("intervene/support/test_recordings.rs::PROMPTED", "likewise"),
];

pub fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below a folder of the package, as paths from the package.
pub fn sources(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join(folder)).expect("a readable folder").flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(sources(&path));
        } else if entry.path().extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A value without what only makes it readable.
fn bare(value: &str) -> String {
    value.chars().filter(|c| !matches!(c, '_' | ',' | ' ' | '`' | '"' | '\n')).collect()
}

/// The cells of the rows of a text's tables.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Rows that name a constant: (path below `src/`, name, value).
fn named(text: &str) -> Vec<(String, String, String)> {
    let one = |cells: Vec<&str>| {
        let (path, name) = cells.first()?.trim_matches('`').split_once(".rs::")?;
        Some((format!("{path}.rs"), name.to_owned(), (*cells.get(1)?).to_owned()))
    };
    rows(text).into_iter().filter_map(one).collect()
}

/// Constants of a source without its tests, with their types: (name, type, value).
pub fn constants(source: &str) -> Vec<(String, String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let one = |after: &str| {
        let (name, rest) = after.split_once(':')?;
        let is_name =
            name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let (kind, rest) = rest.split_once(" =")?;
        let value = rest.split_once(';')?.0;
        is_name.then(|| (name.to_owned(), kind.trim().to_owned(), value.trim().to_owned()))
    };
    source.split("const ").skip(1).filter_map(one).collect()
}

/// The body of the function of a name: up to the first line that closes it.
fn body<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let at = source.find(&format!("fn {name}("))?;
    let start = source[..at].rfind('\n').map_or(0, |line| line + 1);
    let indent = source[start..].len() - source[start..].trim_start_matches(' ').len();
    let end = source[at..].find(&format!("\n{}}}", " ".repeat(indent)))?;
    Some(&source[at..at + end])
}

/// What is wrong with one row.
fn complaint(source: &str, name: &str, value: &str) -> Option<String> {
    if name.chars().any(char::is_lowercase) {
        let Some(body) = body(source, name) else {
            return Some(format!("there is no function {name}"));
        };
        let words = |text: &str| -> Vec<String> {
            let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            split.map(bare).collect()
        };
        let met = words(body);
        // A comma between digits groups them, a comma and a space part two numbers.
        let wanted = value.split(", ").flat_map(|part| part.split(" and ")).map(bare);
        let absent: Vec<String> = wanted.filter(|number| !met.contains(number)).collect();
        return (!absent.is_empty()).then(|| format!("{name} does not hold {}", absent.join(", ")));
    }
    let constants = constants(source);
    match constants.iter().find(|(known, ..)| known == name) {
        None => Some(format!("there is no constant {name}")),
        Some((.., met)) if bare(met) != bare(value) => {
            Some(format!("{name} is {met}, MODEL.md has {value}"))
        }
        Some(_) => None,
    }
}

#[test]
fn every_row_is_what_the_code_has() {
    let mut found = Vec::new();
    for (path, name, value) in named(&read("MODEL.md")) {
        let source = read(&format!("src/{path}"));
        found.extend(complaint(&source, &name, &value).map(|what| format!("{path}: {what}")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn stale_rows_are_seen() {
    let source = "pub const A: i64 = 1_500;\nconst B: (i64, i64) = (23, 182);\n\
                  fn c(x: i64) -> i64 {\n    x * 67 + 1_000\n}\nfn d() -> i64 {\n    9\n}\n";
    assert_eq!(complaint(source, "A", "1,500"), None);
    assert_eq!(complaint(source, "B", "(23, 182)"), None);
    assert_eq!(complaint(source, "c", "67, 1,000"), None);
    assert!(complaint(source, "A", "1,501").is_some());
    assert!(complaint(source, "E", "1").is_some());
    assert!(complaint(source, "c", "9").is_some());
    assert!(complaint(source, "e", "9").is_some());
    let row = "| constant | value |\n|---|---|\n| `a/b.rs::A` | 1,500 | x |\n| other | 1 |";
    assert_eq!(named(row), [("a/b.rs".to_owned(), "A".to_owned(), "1,500".to_owned())]);
}

#[test]
fn every_constant_has_its_row() {
    let named: Vec<String> =
        named(&read("MODEL.md")).iter().map(|(path, name, _)| format!("{path}::{name}")).collect();
    let (mut missing, mut excused) = (Vec::new(), 0);
    for path in sources("src") {
        let short = path.trim_start_matches("src/");
        if !COVERED.iter().any(|part| short.split('/').next() == Some(part)) {
            continue;
        }
        for (name, kind, _) in constants(&read(&path)) {
            let number = kind.trim_start_matches(['(', '[']).starts_with(['i', 'u', 'f']);
            let place = format!("{short}::{name}");
            if NO_ROW.iter().any(|(known, _)| *known == place) {
                excused += 1;
            } else if number && !named.contains(&place) {
                missing.push(place);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no row in MODEL.md for\n{}\n(rows of src/intervene/ are written by {REGENERATE})",
        missing.join("\n")
    );
    assert_eq!(excused, NO_ROW.len(), "an excuse of NO_ROW is no longer needed");
}

#[test]
fn rates_are_what_the_table_says() {
    let text = read("MODEL.md");
    let mut met = Vec::new();
    for cells in rows(&text) {
        let kind = |(_, name): &&(BlockKind, &str)| cells[0] == format!("`{name}`");
        let Some((kind, _)) = BlockKind::NAMED.iter().find(kind) else { continue };
        let tools: Vec<&str> = cells[1].split(' ').map(|tool| tool.trim_matches('`')).collect();
        for tool in tools {
            let rate =
                |family| estimate::tokens_per_thousand_chars(family, *kind, tool).to_string();
            let families = [Tokenizer::Claude4, Tokenizer::Claude47, Tokenizer::Gpt];
            let rates = families.map(rate);
            assert_eq!(rates, cells[2..5], "{} {tool}", kind.name());
            assert_eq!(rate(Tokenizer::Other), rates[0]);
            met.push((*kind, tool));
        }
    }
    for (kind, name) in BlockKind::NAMED {
        assert!(met.contains(&(kind, "others")), "no row for other tools of {name}");
    }
}

#[test]
fn cited_titles_exist() {
    let text = read("MODEL.md");
    let titles: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let mut cited = 0;
    for path in sources("src") {
        // A citation may run over the end of a comment's line.
        let source = read(&path).replace("\n//! ", " ").replace("\n/// ", " ");
        for after in source.split("MODEL.md, \"").skip(1) {
            let title = after.split('"').next().unwrap_or_default();
            assert!(titles.contains(&title), "{path} cites \"{title}\" of MODEL.md");
            cited += 1;
        }
    }
    assert!(cited > 5, "{cited} citations");
    for link in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        let known = |title: &&str| title.to_lowercase().replace(' ', "-") == link;
        assert!(titles.iter().any(known), "MODEL.md links to #{link}");
    }
}

#[test]
fn guides_are_short_and_name_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for guide in ["MODEL.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(guide);
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('|')) {
            assert!(line.chars().count() <= 100, "{guide}:{}: over 100 columns", at + 1);
        }
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "benches/", "recorded/", "scenarios/", ".ci/"]
                .iter()
                .any(|folder| word.starts_with(folder));
            let is_pattern = word.contains(['<', '*', ' ', '{']);
            let path = word.split("::").next().unwrap_or_default();
            assert!(!is_path || is_pattern || root.join(path).exists(), "{guide} names {word}");
        }
    }
    assert!(read("ARCHITECTURE.md").lines().count() <= 150, "ARCHITECTURE.md: over 150 lines");
}

#[test]
fn the_readme_says_what_a_fresh_machine_does_not_test() {
    let tests = [sources("tests/it"), sources("src")].concat();
    let tests: String = tests.iter().map(|path| read(path)).collect();
    let ignored = |needs: &str| tests.matches(&format!("#[cfg_attr(not({needs}), ")).count();
    let [transcripts, browser, valgrind] =
        ["transcripts_at_hand", "browser_at_hand", "valgrind_at_hand"].map(ignored);
    let words = read("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let all = transcripts + browser + valgrind;
    for part in [
        format!("ignores {all} tests and says why: {transcripts} hold"),
        format!(" {browser} drive the page"),
        format!(" {valgrind} count instructions"),
    ] {
        assert!(words.contains(&part), "README.md should say: {part}");
    }
}

/// Shares of comparisons in the rows of MODEL.md's power curves, by sides and sessions.
fn power_curves() -> Vec<(String, u64, Vec<f64>)> {
    let text = read("MODEL.md");
    let table = text.split("### What the gate can find").nth(1).expect("the section");
    let table = table.split("\n\n").find(|part| part.starts_with("| both sides")).expect("a table");
    let row = |cells: Vec<&str>| {
        let share = |cell: &&str| cell.trim_end_matches(" %").parse().expect("a share");
        let sessions = cells[1].replace(',', "").parse().expect("a count");
        (cells[0].to_owned(), sessions, cells[2..].iter().map(share).collect())
    };
    rows(table).into_iter().skip(1).map(row).collect()
}

#[test]
fn the_guides_power_is_that_of_the_table() {
    let curves = power_curves();
    let growths = ["0.5 %", "1 %", "2 %", "3 %", "5 %", "10 %", "20 %", "50 %", "100 %"];
    let guide = read("GATE.md");
    let start = guide.find("| both sides have | sessions a recording |").expect("a table");
    let table = guide[start..].split("\n\n").next().expect("its rows");
    let mut sides = "";
    let mut seen = 0;
    for cells in rows(table).into_iter().skip(1) {
        // An empty cell goes on with the sides of the row above; the row of dashes has none.
        let named = ["same sessions", "same tasks", "any tasks"];
        sides = named.into_iter().find(|name| cells[0].contains(name)).unwrap_or(sides);
        let digits: String = cells[1].chars().filter(char::is_ascii_digit).collect();
        let Ok(sessions) = digits.parse::<u64>() else { continue };
        let (_, _, shares) = curves
            .iter()
            .find(|(name, count, _)| name == sides && *count == sessions)
            .expect("a row of the table");
        let smallest = shares.iter().position(|share| *share >= 80.0).expect("a growth is found");
        let power = format!("{} %", shares[3].round());
        assert_eq!(cells[2..], [growths[smallest], power.as_str()], "{sides}, {sessions}");
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[test]
fn drawn_power_curves_are_rows_of_the_table() {
    let rows = power_curves();
    let guide = read("GATE.md");
    let lines: Vec<Vec<f64>> = guide
        .lines()
        .filter_map(|line| line.trim().strip_prefix("line [")?.strip_suffix(']'))
        .map(|line| line.split(", ").map(|share| share.parse().expect("a share")).collect())
        .collect();
    let known = |line: &Vec<f64>| rows.iter().position(|(_, _, shares)| shares == line);
    let at: Vec<Option<usize>> = lines.iter().map(known).collect();
    let of = |at: &Option<usize>| at.map(|at| (rows[at].0.as_str(), rows[at].1));
    let told = [
        ("same sessions", 10),
        ("same sessions", 1),
        ("same tasks", 1_000),
        ("any tasks", 1_000),
        ("same tasks", 100),
        ("any tasks", 100),
    ];
    assert_eq!(at.iter().map(of).collect::<Vec<_>>(), told.map(Some));
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn power_curves_are_what_the_program_prints() {
    let data = data("claude");
    let mut folders: Vec<String> = std::fs::read_dir(data)
        .expect("a readable folder")
        .flatten()
        .map(|entry| entry.path().to_string_lossy().into_owned())
        // One repository has no call that was billed.
        .filter(|path| !path.contains("bastion"))
        .collect();
    folders.sort();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    // One line of all of them is cut.
    let budget = "schema = \"windtunnel.budget/1\"\n[allow]\ndamaged = 1\n";
    let folder = Folder::new(&[("budget.toml", budget.as_bytes())]);
    let budget = folder.at("budget.toml");
    let args = ["gate", "--power", "--budget", &budget, "--candidate"];
    let told = json(&[&args[..], &folders[..]].concat());
    let found = told["metrics"][0]["found"].as_array().expect("curves");
    for (sides, sessions, shares) in power_curves() {
        let curve: Vec<f64> = found
            .iter()
            .filter(|one| {
                one["sides"] == sides && one["recordings"] == 5 && one["sessions"] == sessions
            })
            .map(|one| (1e4 * one["share"].as_f64().expect("a share")).round() / 100.0)
            .collect();
        assert_eq!(curve, shares, "{sides}, {sessions} sessions");
    }
}
