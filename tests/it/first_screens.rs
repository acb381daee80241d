//! First screens: the answer on one screen, numbers whole at every width, and figures that are
//! those of JSON.

use crate::run::{Folder, Ran, json, program};
use serde_json::Value;
use std::collections::BTreeSet;

/// Published sources of each kind: a pipeline in dollars, routes with unknowns, tokens only.
const SOURCES: [&str; 3] = ["order-774", "cockpit-2026-02", "economics-2026-06"];
const WIDTHS: [&str; 4] = ["80", "100", "120", "200"];
/// Few trials, where only the layout counts.
const QUICK: [&str; 2] = ["--draws", "100"];

/// What a command prints on a screen of so many columns.
fn screen(columns: &str, args: &[&str]) -> String {
    let ran = Ran::from(program(args).env("COLUMNS", columns).output().expect("a run"));
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    ran.out
}

/// No line is wider than the screen; `lines` is how many there may be.
fn check_fits(columns: &str, args: &[&str], lines: usize) -> String {
    let text = screen(columns, args);
    let width: usize = columns.parse().expect("a width");
    for line in text.lines() {
        assert!(line.chars().count() <= width, "{args:?} at {columns}:\n{line}");
    }
    assert!(text.lines().count() <= lines, "{args:?} at {columns}:\n{text}");
    text
}

/// The numbers of a text: digits with what joins them.
fn numbers(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    text.split(|c| !is_part(c))
        .map(|number| number.trim_matches(['.', ',']))
        .filter(|number| !number.is_empty())
        .collect()
}

fn check_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("first_screen__{name}"), text));
}

#[test]
fn the_answer_is_on_one_screen() {
    for source in SOURCES {
        let folder = Folder::new(&[]);
        let out = folder.at("report");
        for (command, lines) in [("compare", 24), ("sweep", 20)] {
            for columns in WIDTHS {
                let text = check_fits(columns, &[&[command, source], &QUICK[..]].concat(), lines);
                check_snapshot(&format!("{command}_{source}_{columns}"), &text);
            }
        }
        let text = check_fits("80", &[&["report", source, "--out", &out], &QUICK[..]].concat(), 15);
        assert!(text.contains("report.md"), "{text}");
    }
}

#[test]
fn the_decision_is_the_same_on_every_screen_and_in_json() {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for source in SOURCES {
        let compare = [&["compare", source], &QUICK[..]].concat();
        let all = json(&compare);
        let decision = &all["decision"];
        let lines: Vec<&str> =
            decision["lines"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
        assert!(!lines.is_empty(), "{source}");
        let text = flat(&screen("80", &compare));
        let markdown = screen("80", &[&compare[..], &["--format", "markdown"]].concat());
        for line in &lines {
            assert!(text.contains(&flat(line)), "{source}: {line}\n{text}");
        }
        assert!(markdown.starts_with("# ") && markdown.contains(lines[0]), "{source}: {markdown}");
        // The middle figure lies within its band, and a sweep has the same one.
        let [saved, p10, p90] = ["saved", "p10", "p90"].map(|key| decision[key].as_f64());
        let swept = json(&["sweep", source])["decision"]["saved"].as_f64();
        assert_eq!(saved, swept, "{source}");
        if let (Some(saved), Some(p10), Some(p90)) = (saved, p10, p90) {
            assert!(p10 <= saved && saved <= p90, "{source}: {p10} to {p90}, not {saved}");
        }
    }
}

#[test]
fn no_number_breaks_at_any_width() {
    let quick = |args: &[&'static str]| [args, &QUICK[..]].concat();
    let commands: [Vec<&str>; 9] = [
        quick(&["compare", "order-774", "--details"]),
        quick(&["compare", "cockpit-2026-02", "--details"]),
        quick(&["compare", "economics-2026-06", "--details"]),
        quick(&["compare", "order-775", "--details"]),
        vec!["sweep", "order-774", "--details"],
        vec!["inspect", "order-774"],
        vec!["inspect", "cockpit-2026-02"],
        vec!["audit", "order-774"],
        vec!["list"],
    ];
    for args in commands {
        let widest = screen("1000", &args);
        let known = numbers(&widest);
        for columns in ["40", "60"].into_iter().chain(WIDTHS) {
            let text = check_fits(columns, &args, usize::MAX);
            // What a narrow screen leaves out is named there, and nothing else is new.
            let text: Vec<&str> =
                text.lines().filter(|line| !line.starts_with("on a wider screen")).collect();
            let text = text.join("\n");
            let broken: Vec<&str> = numbers(&text).difference(&known).copied().collect();
            assert!(broken.is_empty(), "{args:?} at {columns}: {broken:?}\n{text}");
        }
    }
}

#[test]
fn parameters_and_digests_wait_until_they_are_asked_for() {
    let compare = |more: &[&'static str]| {
        screen("80", &[&["compare", "order-774"], &QUICK[..], more].concat())
    };
    let (plain, details) = (compare(&[]), compare(&["--details"]));
    for text in [&plain, &details] {
        assert!(!text.contains("sha256"), "{text}");
    }
    let asked = compare(&["--provenance"]);
    assert!(asked.starts_with(plain.trim_end()) && asked.contains("sha256"), "{asked}");
    let markdown = compare(&["--format", "markdown"]);
    assert!(markdown.contains("sha256"), "{markdown}");
}

#[test]
fn where_it_went_and_what_cannot_be_are_on_one_screen() {
    for source in SOURCES.into_iter().chain(["order-775"]) {
        for command in ["inspect", "audit"] {
            for columns in WIDTHS {
                let text = check_fits(columns, &[command, source], 24);
                check_snapshot(&format!("{command}_{source}_{columns}"), &text);
            }
        }
        // What the classes cost adds up to what the first line says.
        let text = screen("200", &["inspect", source]);
        let dollars = |line: &str| -> Option<i64> {
            let cents = line.split('$').nth(1)?.split_whitespace().next()?;
            cents.replace([',', '.'], "").parse().ok()
        };
        let spent = text.lines().next().and_then(dollars);
        let rows = text.lines().skip(3).take_while(|line| !line.is_empty());
        let parts: Vec<i64> = rows.filter_map(dollars).collect();
        if let Some(spent) = spent {
            let sum: i64 = parts.iter().sum();
            assert!(!parts.is_empty() && (spent - sum).abs() <= 3, "{spent} {parts:?}: {text}");
        }
    }
}

#[test]
fn a_gate_says_the_word_first_and_what_decides() {
    let folder = Folder::new(&[(
        "budget.toml",
        b"schema = \"windtunnel.budget/1\"\n[limits.step.implment]\ncalls = { grows = \"2 %\" }\n",
    )]);
    let budget = folder.at("budget.toml");
    let gate = ["gate", "--baseline", "recorded/order-774.baseline.json", "--candidate"];
    for (name, more, code, word) in [
        ("pass", vec!["order-774"], 0, "pass"),
        ("fail", vec!["order-775"], 1, "FAIL"),
        ("unjudged", vec!["order-774", "--budget", &budget], 2, "? cannot judge"),
    ] {
        let args = [&gate[..], &more].concat();
        for columns in WIDTHS {
            let ran = program(&args).env("COLUMNS", columns).output().expect("a run");
            let ran = Ran::from(ran);
            assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.err);
            let width: usize = columns.parse().expect("a width");
            let is_wide = |line: &str| line.chars().count() > width;
            let fits = !ran.out.lines().any(is_wide) && ran.out.lines().count() <= 24;
            assert!(fits, "{}", ran.out);
            assert!(ran.out.starts_with(word), "{}", ran.out);
            check_snapshot(&format!("gate_{name}_{columns}"), &ran.out);
        }
        let told = Ran::from(program(&[&args[..], &["--json"]].concat()).output().expect("a run"));
        let told: Value = serde_json::from_str(&told.out).expect("JSON");
        assert!(told["decision"][0].as_str().expect("a line").starts_with(word), "{told}");
    }
}

#[test]
fn a_look_back_says_whether_anything_is_proven() {
    let table = table_of_runs();
    let folder = Folder::new(&[("steps.csv", table.as_bytes())]);
    let steps = folder.at("steps.csv");
    let args = ["backtest", &steps, "--at", "2026-03-15T00:00:00Z", "--metric", "read"];
    let text = check_fits("80", &args, 24);
    // Each run reads half of what it did.
    assert!(text.starts_with("Cache reads fell by 50 %"), "{text}");
    let told = json(&args);
    assert!(told["decision"][0].as_str().expect("a line").contains("fell by 50"), "{told}");
    let few = ["backtest", &steps, "--at", "2026-03-02T00:00:00Z", "--metric", "read"];
    let ran = Ran::from(program(&few).output().expect("a run"));
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.out.starts_with("Cannot say what"), "{}", ran.out);
}

/// Two runs a day in March; from the 15th on they read half as much.
fn table_of_runs() -> String {
    let head =
        "pr,merged_utc,started_utc,step,fresh,output,read,write,sessions,additions,deletions";
    let row = |run: u32| {
        let (day, hour) = (run / 2 + 1, 6 + 12 * (run % 2));
        let read = 1_000_000 + 1_000 * (run % 28 * 7 % 11);
        let read = if day < 15 { read } else { read / 2 };
        let [start, end] =
            [hour - 1, hour].map(|hour| format!("2026-03-{day:02}T{hour:02}:00:00Z"));
        format!("{run},{end},{start},all,10,10,{read},10,1,10,0")
    };
    let rows: Vec<String> = (0..56).map(row).collect();
    format!("{head}\n{}\n", rows.join("\n"))
}
