//! The house rules as an ordinary test: floors, plug-ins, floats, sizes, dead files.
//!
//! Sources are read as text, stripped of comments and literals, and searched for paths. Every
//! check is a function from sources to complaints and has a test on a sample that it must refuse,
//! so that no check can pass by doing nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Each top-level module and its floor; imports point down or stay on their floor.
const FLOORS: [(&str, &[&str]); 6] = [
    (
        "ground",
        &["units", "ids", "seed", "fixed_point", "kinds", "models", "quantity", "toml_reader"],
    ),
    ("model", &["recording", "reconstruct", "plan", "price", "cache"]),
    ("tunnel", &["scenario", "intervene", "replay", "clock"]),
    ("office", &["study"]),
    ("doors", &["import", "store", "report"]),
    ("street", &["main", "cli", "commands"]),
];

/// Modules that never name each other, in either direction.
const STRANGERS: [(&str, &str); 2] = [("import", "report"), ("intervene", "replay")];

/// Folders whose files are plug-ins, and the files in them that all plug-ins may use.
const PLUGINS: [(&str, &[&str]); 4] = [
    ("cache", &[]),
    ("intervene", &["param_spec", "params", "support"]),
    (
        "import",
        &[
            "billed_remainders",
            "call_times",
            "checked_value",
            "decoded_source",
            "dispatches",
            "fork_lineage",
            "import_result",
            "importer",
            "json_escapes",
            "json_reader",
            "json_scanner",
            "thread_totals",
            "json_value_lines",
            "kept_import",
            "ledger",
            "line_reader",
            "measured_text",
            "merge",
            "merge_notes",
            "call_group",
            "copied_calls",
            "json_fault",
            "parsed_file",
            "prefix_facts",
            "price_words",
            "record_lines",
            "rollout_metrics",
            "session_completion",
            "shell_commands",
            "skip",
            "step_table",
            "test_commands",
            "timestamps",
            "tool_marks",
            "transcript",
            "utf16_source",
            "whole_records",
            "zstd_source",
        ],
    ),
    (
        "report",
        &[
            "chart",
            "columns",
            "csv",
            "document",
            "foreign_text",
            "format",
            "html",
            "json",
            "junit",
            "page",
            "parquet",
            "view",
        ],
    ),
];

/// Files that call each other because what they compute is recursive, and why.
const RECURSIONS: [(&[&str], &str); 0] = [];

/// Crates that only some modules may name.
const CRATES: [(&str, &[&str]); 14] = [
    ("rayon", &["study", "import"]),
    ("polars", &["study", "import", "report"]),
    ("polars_arrow", &["report"]),
    ("polars_parquet", &["report"]),
    ("plotters", &["report"]),
    ("ab_glyph", &["report"]),
    ("base64", &["report"]),
    ("dejavu", &["report"]),
    ("flate2", &["report", "import"]),
    ("png", &["report"]),
    ("quick_xml", &["report"]),
    ("unicode_width", &["report"]),
    ("indicatif", &["main", "cli", "commands"]),
    ("clap", &["main", "cli", "commands"]),
];

/// Floors of integers: no `f32`, no `f64`, no float literal.
const WITHOUT_FLOATS: [&str; 3] = ["ground", "model", "tunnel"];

/// Lines of a file without its tests.
const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 100;
const MAX_BLOB: u64 = 1024 * 1024;
const MAX_TRANSCRIPT: u64 = 512 * 1024;

// ---- the rules on this tree ------------------------------------------------------------------

#[test]
fn imports_point_down() {
    none(&sources("src"), upward);
}

#[test]
fn strangers_never_meet() {
    none(&sources("src"), meetings);
}

#[test]
fn plugins_never_call_each_other() {
    none(&sources("src"), siblings);
}

#[test]
fn nothing_goes_in_circles() {
    none(&sources("src"), circles_of_modules);
    none(&sources("src"), circles_of_files);
}

#[test]
fn crates_stay_in_their_rooms() {
    none(&sources("src"), misplaced_crates);
}

#[test]
fn the_model_has_no_floats() {
    none(&sources("src"), floats);
}

#[test]
fn files_and_lines_are_short() {
    none(&sources("src"), long_files);
    none(&[sources("src"), sources("tests"), sources("benches")].concat(), long_lines);
}

#[test]
fn no_file_is_dead() {
    none(&sources("src"), |all| dead(all, &["src/lib.rs", "src/main.rs"]));
    // A package of its own, each target of which is a root.
    let fuzz: Vec<String> = read_manifest("tests/fuzz/Cargo.toml");
    let shared = ["tests/it/main.rs", "tests/at_hand/build.rs", "tests/fuzz/src/target.rs"];
    let roots = shared.into_iter();
    let roots: Vec<&str> = roots.chain(fuzz.iter().map(String::as_str)).collect();
    none(&sources("tests"), |all| dead(all, &roots));
}

/// The files of a package's programs.
fn read_manifest(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let manifest: toml::Table = text.parse().expect("a manifest is TOML");
    let folder = path.trim_end_matches("Cargo.toml");
    let programs = manifest["bin"].as_array().expect("programs").iter();
    programs.map(|one| format!("{folder}{}", one["path"].as_str().expect("a path"))).collect()
}

#[test]
fn nothing_is_left_to_do() {
    none(&[sources("src"), sources("tests"), sources("benches")].concat(), unfinished);
}

#[test]
fn the_version_is_in_the_changelog() {
    let read = |name| std::fs::read_to_string(root().join(name)).unwrap_or_default();
    let complaint = unlogged(&read("Cargo.toml"), &read("CHANGELOG.md"));
    assert_eq!(complaint, None);
}

#[test]
fn nothing_large_is_tracked() {
    let large: Vec<String> = tracked()
        .into_iter()
        .filter_map(|path| {
            let bytes = std::fs::metadata(root().join(&path)).map_or(0, |data| data.len());
            oversize(&path, bytes)
        })
        .collect();
    assert!(large.is_empty(), "{}", large.join("\n"));
}

// ---- the same rules on samples that they must refuse ------------------------------------------

/// Complaints of one check about one small file.
fn check(rule: fn(&[Source]) -> Vec<String>, path: &str, text: &str, expect: &str) {
    let found = rule(&[Source::new(path, text)]).join("\n");
    assert_eq!(found.is_empty(), expect.is_empty(), "{path}: {text:?} gave {found:?}");
    assert!(found.contains(expect), "{path}: {text:?} gave {found:?}");
}

#[test]
fn upward_imports_are_seen() {
    check(upward, "src/units.rs", "use crate::plan::Plan;", "`plan` (model)");
    check(upward, "src/cache/ttl.rs", "use crate::{ids, study::audit::{A, B}};", "`study`");
    check(upward, "src/price/mod.rs", "fn f() { crate::report::find(\"x\"); }", "`report`");
    check(upward, "src/replay/pass.rs", "use super::super::commands::run;", "`commands`");
    check(upward, "src/seed.rs", "use windtunnel::cache;", "`cache`");
    check(upward, "src/guess.rs", "", "no floor");
    check(upward, "src/seed.rs", "use crate::guess::X;", "no floor");
    check(upward, "src/study/audit.rs", "use crate::{plan, units};", "");
    check(upward, "src/units.rs", "// crate::plan\nconst A: &str = \"crate::plan\";", "");
    check(upward, "src/units.rs", "#[cfg(test)]\nmod tests { use crate::plan::Plan; }", "");
    check(upward, "src/main.rs", "fn main() { windtunnel::commands::run(); }", "");
}

#[test]
fn strangers_are_seen() {
    check(meetings, "src/import/claude.rs", "use crate::report::View;", "`report`");
    check(meetings, "src/report/csv.rs", "use crate::import;", "`import`");
    check(meetings, "src/replay/mod.rs", "use crate::intervene::Bits;", "`intervene`");
    check(meetings, "src/intervene/r1.rs", "use crate::{plan, replay::pass};", "`replay`");
    check(meetings, "src/commands/compare.rs", "use crate::{intervene, replay};", "");
}

#[test]
fn calls_between_plugins_are_seen() {
    let check = |path: &str, text: &str, expect: &str| {
        let others = ["intervene/r2", "import/codex", "report/table", "report/csv", "report/view"];
        let others = others.iter().map(|name| Source::new(&format!("src/{name}.rs"), ""));
        let all: Vec<Source> = others.chain([Source::new(path, text)]).collect();
        let found = siblings(&all).join("\n");
        assert_eq!(found.is_empty(), expect.is_empty(), "{path}: {text:?} gave {found:?}");
        assert!(found.contains(expect), "{path}: {text:?} gave {found:?}");
    };
    check("src/intervene/r1.rs", "use super::r2::Patch;", "`r2`");
    check("src/import/claude/records.rs", "use crate::import::codex::X;", "`codex`");
    check("src/import/claude/records.rs", "use super::super::codex::X;", "`codex`");
    check("src/report/json.rs", "use crate::report::{format, table};", "`table`");
    check("src/report/json.rs", "use super::{Render, find, view::View, format::raw};", "");
    check("src/import/claude/records.rs", "use super::lines::L;", "");
    check("src/import/claude.rs", "use crate::import::claude::lines::L;", "");
    check("src/report/mod.rs", "pub const ALL: &[X] = &[table::T, self::csv::C];", "");
}

#[test]
fn circles_are_seen() {
    let check = |rule: fn(&[Source]) -> Vec<String>, files: &[(&str, &str)], expect: &[&str]| {
        let files: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        assert_eq!(rule(&files), expect);
    };
    let modules = [
        ("src/cache/mod.rs", "use crate::recording::Tier;"),
        ("src/recording.rs", "use crate::price::Price;"),
        ("src/price.rs", "fn f() { crate::cache::left(); }"),
        ("src/units.rs", "#[cfg(test)]\nmod tests { use crate::price::Price; }"),
        ("src/plan.rs", "use crate::{price, units};"),
    ];
    check(circles_of_modules, &modules, &["a circle: cache, price, recording"]);
    check(circles_of_modules, &modules[1..], &[]);
    let files = [
        // What a folder names of its files is theirs: `super::Raw` means `raw.rs`.
        ("src/recording/mod.rs", "mod raw;\npub use raw::{Raw, size as chars};\nstruct Own;"),
        ("src/recording/raw.rs", "use super::Own;\nuse super::calibrate::scale;"),
        ("src/recording/calibrate.rs", "use super::{Own, Raw};"),
        ("src/recording/check.rs", "use crate::recording::calibrate;"),
        ("src/price/mod.rs", "mod book;\nuse crate::recording::Raw;"),
        ("src/price/book.rs", "use super::Price;"),
    ];
    let circle = "a circle: src/recording/calibrate.rs, src/recording/raw.rs";
    check(circles_of_files, &files, &[circle]);
    check(circles_of_files, &[&files[..2], &files[3..]].concat(), &[]);
}

#[test]
fn crates_in_the_wrong_room_are_seen() {
    check(misplaced_crates, "src/replay/pass.rs", "use rayon::prelude::*;", "`rayon`");
    check(misplaced_crates, "src/price/mod.rs", "fn f() { polars::x(); }", "`polars`");
    check(misplaced_crates, "src/report/chart.rs", "use plotters::prelude::*;", "");
    check(misplaced_crates, "src/units.rs", "struct A { rayon: u8 }", "");
}

#[test]
fn floats_are_seen() {
    check(floats, "src/units.rs", "fn f(x: f64) {}", "src/units.rs:1");
    check(floats, "src/plan.rs", "\nlet x = 1.5;", "src/plan.rs:2");
    check(floats, "src/replay/mod.rs", "let x = y as f32;", "f32");
    check(floats, "src/plan.rs", "let x = 3e5;", "3e5");
    check(floats, "src/plan.rs", "let x = 3e-5;", "3e");
    check(floats, "src/plan.rs", "let x = 3_f64;", "3_f64");
    check(floats, "src/plan.rs", "let x = 10usize + 1_000i64; let y = 0xf64;", "");
    check(
        floats,
        "src/plan.rs",
        "let s = br#\"a \" 1.5\"#; let c = '\"'; let d = '\\''; f(\"1.5\")",
        "",
    );
    check(floats, "src/plan.rs", "let x = p.0.1; let r = 1..5; let y = 0x3e5; // 1.5", "");
    check(floats, "src/study/uncertainty.rs", "fn f(x: f64) {}", "");
    check(floats, "src/plan.rs", "#[cfg(test)] mod tests { const X: f64 = 1.0; }", "");
    check(floats, "src/plan.rs", "#[cfg(all(test, unix))] fn f() -> [u8; 2] { 1.5; }", "");
    check(floats, "src/plan.rs", "#[cfg(test)] mod tests {}\nconst X: f64 = 1.0;", "plan.rs:2");
}

#[test]
fn long_files_are_seen() {
    let lines = |count| "const A: u8 = 1;\n".repeat(count);
    check(long_files, "src/plan.rs", &lines(401), "401 lines");
    check(long_files, "src/plan.rs", &lines(400), "");
    let tests = |count| format!("{}\n#[cfg(test)]\nmod t {{\n{}}}\n", lines(count), lines(300));
    check(long_files, "src/plan.rs", &tests(399), "");
    check(long_files, "src/plan.rs", &tests(400), "401 lines");
    check(long_lines, "src/plan.rs", &format!("\n//{}", "\u{e9}".repeat(99)), "src/plan.rs:2");
    check(long_lines, "src/plan.rs", &format!("//{}", "\u{e9}".repeat(98)), "");
}

#[test]
fn dead_files_are_seen() {
    let check = |files: &[(&str, &str)], expect: &[&str]| {
        let files: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let found = dead(&files, &["src/lib.rs", "src/main.rs"]);
        assert_eq!(found.len(), expect.len(), "{found:?}");
        assert!(found.iter().zip(expect).all(|(got, want)| got.starts_with(want)), "{found:?}");
    };
    let root = ("src/lib.rs", "pub mod a;\n// mod c;\n#[cfg(feature = \"x\")]\npub(crate) mod d;");
    check(&[root, ("src/a.rs", ""), ("src/d.rs", "")], &[]);
    check(&[root, ("src/a/mod.rs", "mod b;"), ("src/a/b.rs", "")], &[]);
    check(&[root, ("src/a.rs", "mod b;"), ("src/a/b.rs", "mod e;"), ("src/a/b/e.rs", "")], &[]);
    check(&[root, ("src/a.rs", ""), ("src/c.rs", "mod e;")], &["src/c.rs"]);
    check(&[root, ("src/a.rs", ""), ("src/b.rs", ""), ("src/a/b.rs", "")], &["src/a/b", "src/b"]);
}

#[test]
fn unfinished_work_is_seen() {
    check(unfinished, "src/plan.rs", "fn f() { todo!() }", "todo!");
    check(unfinished, "src/plan.rs", "fn f() { unimplemented!(\"x\") }", "unimplemented!");
    check(unfinished, "tests/it/x.rs", "fn f() { dbg!(1); }", "dbg!");
    check(unfinished, "src/plan.rs", "fn todo() { let s = \"todo!\"; } // dbg!", "");
}

#[test]
fn a_version_without_entry_is_seen() {
    let cargo = "[package]\nname = \"x\"\nversion = \"1.2.0\"\n[dependencies]\nversion = \"9\"";
    assert_eq!(unlogged(cargo, "# Changes\n\n## 1.2.0 - 2026-11-20\n"), None);
    assert_eq!(unlogged(cargo, "## [1.2.0]\n"), None);
    assert!(unlogged(cargo, "## 1.2.01\n\nsince 1.2.0\n").is_some());
    assert!(unlogged(cargo, "").is_some());
}

#[test]
fn large_files_are_seen() {
    assert!(oversize("a.png", MAX_BLOB + 1).is_some());
    assert!(oversize("a.jsonl", MAX_TRANSCRIPT + 1).is_some());
    assert_eq!(oversize("a.json", MAX_TRANSCRIPT + 1), None);
    assert_eq!(oversize("a.jsonl", MAX_TRANSCRIPT), None);
}

#[test]
fn the_tree_is_found() {
    assert!(sources("src").len() > 10 && tracked().iter().any(|path| path == "src/lib.rs"));
}

// ---- rules ------------------------------------------------------------------------------------

fn upward(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all.iter().filter(|source| source.path != "src/lib.rs") {
        let Some(own) = floor_of(source.module()) else {
            found.push(format!("{}: no floor for this module in tidy.rs", source.path));
            continue;
        };
        for target in source.targets() {
            match floor_of(&target[0]) {
                // A path of one word may be a function of the crate's root.
                None if target.len() == 1 => {}
                None => found.push(format!("{}: `{}` has no floor", source.path, target[0])),
                Some(floor) if floor > own => found.push(format!(
                    "{} ({}) imports upward: `{}` ({})",
                    source.path, FLOORS[own].0, target[0], FLOORS[floor].0
                )),
                Some(_) => {}
            }
        }
    }
    found
}

fn meetings(all: &[Source]) -> Vec<String> {
    let both = STRANGERS.iter().flat_map(|(a, b)| [(a, b), (b, a)]);
    let pairs = both.flat_map(|pair| all.iter().map(move |source| (pair, source)));
    pairs
        .filter(|((own, other), source)| {
            source.module() == **own && source.targets().iter().any(|path| path[0] == **other)
        })
        .map(|((_, other), source)| format!("{}: must not know `{other}`", source.path))
        .collect()
}

fn siblings(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let plugins: BTreeSet<(String, String)> = all
        .iter()
        .filter_map(|source| Some((source.module().to_owned(), source.path()?.get(1)?.clone())))
        .collect();
    for source in all {
        let Some((_, shared)) = PLUGINS.iter().find(|(folder, _)| *folder == source.module())
        else {
            continue;
        };
        let path = source.path().unwrap_or_default();
        let Some(own) = path.get(1) else { continue };
        for target in source.targets().iter().filter(|target| target[0] == path[0]) {
            let Some(other) = target.get(1) else { continue };
            // What is no file is an item of the folder's `mod.rs`, which all may use.
            let is_file = plugins.contains(&(path[0].clone(), other.clone()));
            if is_file && other != own && !shared.contains(&other.as_str()) {
                found.push(format!("{}: plug-ins must not call `{other}`", source.path));
            }
        }
    }
    found
}

fn circles_of_modules(all: &[Source]) -> Vec<String> {
    let inner = all.iter().filter(|source| source.path != "src/lib.rs");
    let mut edges = Edges::new();
    for source in inner {
        let targets = source.targets().into_iter().map(|path| path[0].clone());
        let others = targets.filter(|module| module != source.module());
        edges.entry(source.module().to_owned()).or_default().extend(others);
    }
    circles(&edges).iter().map(|circle| format!("a circle: {}", circle.join(", "))).collect()
}

fn circles_of_files(all: &[Source]) -> Vec<String> {
    let files: BTreeMap<Vec<String>, &Source> =
        all.iter().filter_map(|source| Some((source.path()?, source))).collect();
    let named: BTreeMap<_, _> =
        files.iter().map(|(path, source)| (path.clone(), source.named_in_folder())).collect();
    let mut edges = Edges::new();
    for (own, source) in &files {
        let targets = source.targets().into_iter().map(|path| file_of(&path, &files, &named));
        // A folder's `mod.rs` and its files are one: each may name the other.
        let others = targets.filter(|file| !file.starts_with(own) && !own.starts_with(file));
        let paths = others.filter_map(|file| Some(files.get(&file)?.path.clone()));
        edges.entry(source.path.clone()).or_default().extend(paths);
    }
    let found: Vec<Vec<String>> = circles(&edges);
    let is_known = |circle: &Vec<String>| RECURSIONS.iter().any(|(files, _)| files == circle);
    let new = found.iter().filter(|circle| !is_known(circle));
    let mut complaints: Vec<String> =
        new.map(|circle| format!("a circle: {}", circle.join(", "))).collect();
    for (known, _) in &RECURSIONS {
        let is_here = known.iter().all(|path| all.iter().any(|source| source.path == *path));
        if is_here && !found.iter().any(|circle| circle == known) {
            complaints.push(format!("no circle any more, take it off RECURSIONS: {known:?}"));
        }
    }
    complaints
}

/// The file that a path leads to: as far as there are files, through what folders name of theirs.
fn file_of(
    path: &[String],
    files: &BTreeMap<Vec<String>, &Source>,
    named: &BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
) -> Vec<String> {
    let mut path = path.to_vec();
    // A name may be handed on several times, but not without end.
    for _ in 0..8 {
        let deepest = (0..=path.len()).rev().find(|&n| files.contains_key(&path[..n]));
        let Some(deepest) = deepest else { return Vec::new() };
        let item = path.get(deepest).and_then(|item| named[&path[..deepest]].get(item));
        match item {
            Some(target) if *target != path[..=deepest] => {
                path = [target, &path[deepest + 1..]].concat();
            }
            _ => return path[..deepest].to_vec(),
        }
    }
    path
}

/// What names what.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Groups of nodes that reach each other, each in order.
fn circles(edges: &Edges) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        edges.keys().map(|node| (node, reached_from(node, edges))).collect();
    let mut found: Vec<Vec<String>> = Vec::new();
    for (node, targets) in &reached {
        let circle = targets
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(node)));
        let circle: Vec<String> = circle.map(|other| (*other).clone()).collect();
        if circle.len() > 1 && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

/// Everything that a node names, and what that names in turn.
fn reached_from<'a>(node: &String, edges: &'a Edges) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = edges[node].iter().collect();
    while let Some(other) = next.pop() {
        if reached.insert(other) {
            next.extend(edges.get(other).into_iter().flatten());
        }
    }
    reached
}

fn misplaced_crates(all: &[Source]) -> Vec<String> {
    let pairs = CRATES.iter().flat_map(|one| all.iter().map(move |source| (one, source)));
    pairs
        .filter(|((name, rooms), source)| {
            !rooms.contains(&source.module()) && !paths_from(&source.code, name).is_empty()
        })
        .map(|((name, rooms), source)| format!("{}: `{name}` belongs to {rooms:?}", source.path))
        .collect()
}

fn floats(all: &[Source]) -> Vec<String> {
    let bare = |source: &&Source| {
        floor_of(source.module()).is_some_and(|floor| WITHOUT_FLOATS.contains(&FLOORS[floor].0))
    };
    let mut found = Vec::new();
    for source in all.iter().filter(bare) {
        for (at, line) in source.code.lines().enumerate() {
            if let Some(word) = float_in(line) {
                found.push(format!("{}:{}: float `{word}`", source.path, at + 1));
            }
        }
    }
    found
}

fn long_files(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all {
        let lines = source.text.lines().count() - source.test_lines;
        if lines > MAX_LINES {
            found.push(format!("{}: {lines} lines without tests", source.path));
        }
    }
    found
}

fn long_lines(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all {
        for (at, (line, code)) in source.text.lines().zip(source.stripped.lines()).enumerate() {
            // Foreign JSON in a test's literal stands on the line as it would stand in a file.
            let quotes = !source.path.starts_with("src/") && code.trim().len() < MAX_COLUMNS / 2;
            if line.chars().count() > MAX_COLUMNS && !(quotes && line.contains("\\\"")) {
                found.push(format!("{}:{}: over {MAX_COLUMNS} columns", source.path, at + 1));
            }
        }
    }
    found
}

fn dead(all: &[Source], roots: &[&str]) -> Vec<String> {
    let files: BTreeMap<&str, &Source> =
        all.iter().map(|source| (source.path.as_str(), source)).collect();
    let mut alive: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<String> = roots.iter().map(|&root| root.to_owned()).collect();
    while let Some(path) = next.pop() {
        let Some(source) = files.get(path.as_str()) else { continue };
        if !alive.insert(path.clone()) {
            continue;
        }
        let (folder, file) = path.rsplit_once('/').expect("a file in a folder");
        let folder = match file {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            file => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        for name in &source.declared {
            next.push(format!("{folder}/{name}.rs"));
            next.push(format!("{folder}/{name}/mod.rs"));
        }
    }
    let gone = files.keys().filter(|path| !alive.contains(**path));
    gone.map(|path| format!("{path}: no `mod` leads here")).collect()
}

fn unfinished(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all {
        for name in ["todo", "unimplemented", "dbg"] {
            let mut ends = word_ends(&source.stripped, name);
            if ends.any(|end| source.stripped[end..].starts_with('!')) {
                found.push(format!("{}: {name}! is left", source.path));
            }
        }
    }
    found
}

fn unlogged(cargo: &str, changelog: &str) -> Option<String> {
    let version = cargo.lines().find_map(|line| line.strip_prefix("version = "))?;
    let version = version.trim().trim_matches('"');
    let mut headings = changelog.lines().filter_map(|line| line.strip_prefix("## "));
    let is_logged = headings.any(|heading| {
        let words = heading.split(|c: char| c.is_whitespace() || c == '[' || c == ']');
        words.into_iter().any(|word| word.trim_start_matches('v') == version)
    });
    (!is_logged).then(|| format!("CHANGELOG.md has no `## {version}`"))
}

fn oversize(path: &str, bytes: u64) -> Option<String> {
    let is_transcript = path.to_ascii_lowercase().ends_with(".jsonl");
    let limit = if is_transcript { MAX_TRANSCRIPT } else { MAX_BLOB };
    (bytes > limit).then(|| format!("{path}: {bytes} bytes, {limit} allowed"))
}

// ---- reading sources --------------------------------------------------------------------------

/// One Rust file.
#[derive(Clone)]
struct Source {
    /// Path from the root of the package, with `/`.
    path: String,
    /// As it is on disk.
    text: String,
    /// Without comments and literals; line breaks are where they were.
    stripped: String,
    /// As `stripped`, and without the items under `#[cfg(test)]`.
    code: String,
    /// Lines of the items under `#[cfg(test)]`.
    test_lines: usize,
    /// Names of the files that it declares with `mod name;`, those of tests included.
    declared: Vec<String>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let stripped = strip(text);
        let (code, test_lines) = without_tests(&stripped);
        let declared = declared(&stripped);
        Self { path: path.to_owned(), text: text.to_owned(), stripped, code, test_lines, declared }
    }

    /// Path of the module within the crate: `["cache", "ttl"]`; `None` for the crate's root.
    fn path(&self) -> Option<Vec<String>> {
        let inner = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        (inner != "lib").then(|| inner.split('/').map(str::to_owned).collect())
    }

    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
    }

    /// Names that it brings in with `use`, with the paths that they stand for, from the root.
    fn named_in_folder(&self) -> BTreeMap<String, Vec<String>> {
        let own = self.path().unwrap_or_default();
        let mut found = BTreeMap::new();
        for end in word_ends(&self.code, "use") {
            let mut paths = Vec::new();
            tree(&self.code[end..], &[], &mut paths);
            for path in paths {
                let Some(name) = path.last().cloned() else { continue };
                let more = path.iter().take_while(|word| *word == "super").count();
                let full = match path[0].as_str() {
                    "crate" => path[1..].to_vec(),
                    "self" => [&own[..], &path[1..]].concat(),
                    "super" => [&own[..own.len().saturating_sub(more)], &path[more..]].concat(),
                    first if self.declared.iter().any(|child| child == first) => {
                        [&own[..], &path[..]].concat()
                    }
                    _ => continue,
                };
                found.insert(name, full);
            }
        }
        found
    }

    /// Every path into this crate that the code names, from the crate's root.
    fn targets(&self) -> Vec<Vec<String>> {
        let own = self.path().unwrap_or_default();
        let mut found = paths_from(&self.code, "crate");
        found.extend(paths_from(&self.code, env!("CARGO_PKG_NAME")));
        for path in paths_from(&self.code, "super") {
            let more = path.iter().take_while(|word| *word == "super").count();
            let up = own.len().saturating_sub(1 + more);
            found.push([&own[..up], &path[more..]].concat());
        }
        for path in paths_from(&self.code, "self") {
            found.push([own.clone(), path].concat());
        }
        found.retain(|path| path.first().is_some_and(|word| is_module(word)));
        found
    }
}

/// Modules are lower case; what is not is an item of the crate's root.
fn is_module(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// The paths that follow each `root::`, groups resolved; without the root itself.
fn paths_from(code: &str, root: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for end in word_ends(code, root) {
        let rest = code[end..].trim_start();
        let before = code[..end - root.len()].trim_end();
        // `pub(in crate::x)` names a path too; `x::self` and `a::super` end one.
        if let Some(rest) = rest.strip_prefix("::").filter(|_| !before.ends_with("::")) {
            tree(rest, &[], &mut found);
        }
    }
    found
}

/// Reads one use tree or path and returns what follows it.
fn tree<'a>(code: &'a str, prefix: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = tree(rest, prefix, found).trim_start();
            // A rename is no path: `a as b`.
            if let Some(renamed) = rest.strip_prefix("as ") {
                rest = renamed.trim_start().trim_start_matches(is_word).trim_start();
            }
            rest = match rest.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None => return rest.strip_prefix('}').unwrap_or(rest),
            };
            if let Some(rest) = rest.strip_prefix('}') {
                return rest;
            }
        }
    }
    let length = code.find(|c| !is_word(c)).unwrap_or(code.len());
    let (word, rest) = code.split_at(length);
    if word.is_empty() {
        found.push(prefix.to_vec());
        return rest.strip_prefix('*').unwrap_or(rest);
    }
    let path = [prefix, &[word.to_owned()]].concat();
    match rest.trim_start().strip_prefix("::") {
        Some(rest) if !rest.trim_start().starts_with('<') => tree(rest, &path, found),
        _ => {
            found.push(path);
            rest
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where each whole word `word` ends.
fn word_ends<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).filter_map(move |(at, _)| {
        let end = at + word.len();
        let is_whole = !code[..at].ends_with(is_word) && !code[end..].starts_with(is_word);
        is_whole.then_some(end)
    })
}

/// The first float type or literal of a line.
fn float_in(line: &str) -> Option<String> {
    let bytes: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let word: String = bytes[start..at].iter().collect();
        let is_field = start > 0 && bytes[start - 1] == '.';
        let is_decimal = word.chars().all(|c| c.is_ascii_digit() || c == '_');
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        let has_places = bytes.get(at) == Some(&'.')
            && bytes.get(at + 1).is_none_or(|c| *c != '.' && !c.is_alphabetic() && *c != '_');
        let digits = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        let power = digits.strip_prefix(['e', 'E']);
        let has_exponent =
            is_number && power.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic()));
        if matches!(word.as_str(), "f32" | "f64") || (is_number && matches!(digits, "f32" | "f64"))
        {
            return Some(word);
        }
        // `p.0.1` is a field of a field, `1..5` a range, `1.max(2)` a call.
        if !is_field && ((is_decimal && has_places) || has_exponent) {
            return Some(word);
        }
    }
    None
}

/// Names declared as `mod name;`.
fn declared(code: &str) -> Vec<String> {
    let names = word_ends(code, "mod").filter_map(|end| {
        let rest = code[end..].trim_start();
        let length = rest.find(|c| !is_word(c))?;
        let is_file = rest[length..].trim_start().starts_with(';');
        is_file.then(|| rest[..length].to_owned())
    });
    names.collect()
}

/// Blanks out every item that stands under `#[cfg(test)]`, and counts their lines.
fn without_tests(code: &str) -> (String, usize) {
    let mut kept = String::with_capacity(code.len());
    let mut lines = 0;
    let mut rest = code;
    let of_tests = |code: &str| {
        let forms = ["#[cfg(test)]", "#[cfg(all(test"];
        forms.iter().filter_map(|form| code.find(form)).min()
    };
    while let Some(at) = of_tests(rest) {
        kept.push_str(&rest[..at]);
        let item = &rest[at..at + end_of_item(&rest[at..])];
        kept.extend(item.chars().filter(|c| *c == '\n'));
        lines += item.lines().count();
        rest = &rest[at + item.len()..];
    }
    kept.push_str(rest);
    (kept, lines)
}

/// Where an item ends: at its `;`, or at the brace that closes its first one.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

/// Blanks out comments, strings and characters; line breaks stay.
fn strip(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = literal_or_comment(rest, kept.chars().next_back());
        if length == 0 {
            kept.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            kept.push(' ');
            kept.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        }
    }
    kept
}

/// Length of the comment or literal that starts here; 0 where none does.
fn literal_or_comment(code: &str, before: Option<char>) -> usize {
    let until = |end: &str, from: usize| {
        code[from..].find(end).map_or(code.len(), |at| from + at + end.len())
    };
    if code.starts_with("//") {
        return code.find('\n').unwrap_or(code.len());
    }
    if code.starts_with("/*") {
        return until("*/", 2);
    }
    if let Some(raw) =
        code.strip_prefix('r').filter(|_| !before.is_some_and(|c| is_word(c) && c != 'b'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
        }
    }
    let Some(quote @ ('"' | '\'')) = code.chars().next() else { return 0 };
    // A lifetime is a quote, a word, and no second quote.
    let second = code.chars().nth(2);
    if quote == '\'' && !code.starts_with("'\\") && second != Some('\'') {
        return 0;
    }
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    code.len()
}

// ---- reading the tree -------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(sources: &[Source], rule: impl Fn(&[Source]) -> Vec<String>) {
    let mut complaints = rule(sources);
    complaints.dedup();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Every Rust file under a folder, in the order of their paths.
fn sources(folder: &str) -> Vec<Source> {
    let is_rust = |path: &String| Path::new(path).extension().is_some_and(|ext| ext == "rs");
    let read = |path: String| {
        let text = std::fs::read_to_string(root().join(&path)).expect("a readable source");
        Source::new(&path, &text)
    };
    files_under(folder).into_iter().filter(is_rust).map(read).collect()
}

fn files_under(folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root().join(folder)) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.map(|entry| entry.expect("a readable folder")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if name != "target" && name != ".git" {
                found.extend(files_under(&path));
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Files under version control; all files where there is no repository.
fn tracked() -> Vec<String> {
    let listing = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    match listing {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            names.split_terminator('\0').map(str::to_owned).collect()
        }
        _ => files_under(""),
    }
}
