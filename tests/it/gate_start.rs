//! The gate on the start: what a larger CLAUDE.md, skills or tools cost in recorded sessions, by
//! hand, from both sides, and without a word of what stands in the folders.

use crate::run::{Folder, here, program, refused, run};
use crate::small::{call, record};
use serde_json::Value;
use windtunnel::recording::BlockKind::{Text, ToolInput, ToolResult, User};
use windtunnel::recording::format;

/// Two calls that start with 18,000 tokens of system part and 2,000 of prompt.
fn recorded() -> Vec<u8> {
    format::to_json(&record(vec![
        call(0, 20_000, 0, &[(User, 2_000)], &[(ToolInput, 100)]),
        call(10, 20_300, 20_000, &[(ToolResult, 200)], &[(Text, 100)]),
    ]))
}

/// `before` and `after` with a CLAUDE.md of so many characters, and the recording.
fn folders(before: usize, after: usize) -> Folder {
    Folder::new(&[
        ("before/CLAUDE.md", "x".repeat(before).as_bytes()),
        ("after/CLAUDE.md", "x".repeat(after).as_bytes()),
        ("run.json", &recorded()),
        ("lifted.toml", b"schema = \"windtunnel.budget/1\"\ndefaults = false\n"),
    ])
}

fn gate(folder: &Folder, sides: [&str; 2], more: &[&str]) -> (Option<i32>, Value) {
    let [before, after] = sides.map(|side| folder.at(side));
    let recording = folder.at("run.json");
    let args = [&["gate-start", &before, &after, &recording, "--json"], more].concat();
    let ran = run(&args);
    let shown = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{args:?}: {}", ran.err));
    (ran.code, shown)
}

/// The figure of a metric: as recorded, and at the least, the usual and the largest size.
fn figure(shown: &Value, metric: &str) -> [i64; 4] {
    let figures = shown["figures"].as_array().expect("figures");
    let found = figures.iter().find(|figure| figure["metric"] == metric).expect("the metric");
    ["before", "low", "middle", "high"].map(|key| found[key].as_i64().expect("a number"))
}

#[test]
fn a_larger_start_costs_what_its_calls_carry() {
    let folder = folders(1_000, 3_000);
    let (code, shown) = gate(&folder, ["before", "after"], &[]);
    // 2,000 characters more, at 325, 400 and 460 tokens a thousand: 650, 800, 920.
    let part = &shown["parts"][0];
    assert_eq!(part["part"], "CLAUDE.md");
    assert_eq!([&part["low"], &part["middle"], &part["high"]], [650, 800, 920]);
    // Written by the first call, read by the second.
    assert_eq!(figure(&shown, "read"), [20_000, 20_650, 20_800, 20_920]);
    assert_eq!(figure(&shown, "peak_context"), [20_300, 20_950, 21_100, 21_220]);
    assert_eq!(figure(&shown, "tokens"), [40_500, 41_800, 42_100, 42_340]);
    // A written token is 5 millionths of a dollar, a read one a fifth of one.
    let [before, _, middle, _] = figure(&shown, "dollars");
    assert_eq!(middle - before, (800 * 5 + 800 / 5) * 1_000_000);
    // 1,600 of 40,500 tokens are more than 2 %.
    assert_eq!((code, &shown["outcome"]), (Some(1), &Value::from("fail")));
    let (code, shown) =
        gate(&folder, ["before", "after"], &["--budget", &folder.at("lifted.toml")]);
    assert_eq!((code, &shown["outcome"]), (Some(0), &Value::from("pass")));
}

#[test]
fn sides_exchanged_give_back_what_they_cost_and_equal_ones_cost_nothing() {
    let folder = folders(1_000, 3_000);
    let (_, more) = gate(&folder, ["before", "after"], &[]);
    let (code, less) = gate(&folder, ["after", "before"], &[]);
    assert_eq!(code, Some(0));
    let (_, same) = gate(&folder, ["after", "after"], &[]);
    for metric in ["dollars", "tokens", "read", "peak_context"] {
        let [before, low, middle, high] = figure(&more, metric);
        assert_eq!(
            figure(&less, metric),
            [before, 2 * before - high, 2 * before - middle, 2 * before - low],
            "{metric}"
        );
        assert_eq!(figure(&same, metric), [before; 4], "{metric}");
    }
    assert!(same["decision"][0].as_str().is_some_and(|it| it.contains("nothing changes")));
}

#[test]
fn the_first_screen_has_the_decision_and_fits() {
    let folder = folders(1_000, 3_000);
    let [before, after] = ["before", "after"].map(|side| folder.at(side));
    let args = ["gate-start", &before, &after, "order-774"];
    for columns in ["80", "100", "120"] {
        let output = program(&args).env("COLUMNS", columns).output().expect("a run");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.starts_with("pass the start grows by 600 tokens (500 to 740, esti"), "{text}");
        assert!(text.contains("order-774: dollars $22.87 -> $"), "{text}");
        assert!(text.lines().count() <= 24, "{text}");
        let width: usize = columns.parse().expect("a width");
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
    }
}

#[test]
fn no_word_of_the_folders_is_told() {
    let folder = folders(1, 1);
    let skill = "---\nname: canaria\ndescription: canaria canaria\n---\ncanaria\n";
    for name in ["skills/canaria/SKILL.md", "agents/canaria.md", "rules/canaria.md"] {
        folder.file(&format!("after/.claude/{name}"), skill.as_bytes());
    }
    folder.file("after/system-prompt.md", b"canaria");
    folder.file("after/tools.json", b"[{\"name\": \"canaria\"}, {\"name\": \"b\"}]");
    let [before, after, recording] = ["before", "after", "run.json"].map(|name| folder.at(name));
    for format in ["table", "json", "csv", "markdown"] {
        let args = ["gate-start", &before, &after, &recording, "--details", "--format", format];
        let ran = run(&args);
        assert!(!ran.out.contains("canaria") && !ran.err.contains("canaria"), "{ran:?}");
        assert!(ran.out.contains("tools") && ran.out.contains("agents"), "{ran:?}");
    }
    let (_, shown) = gate(&folder, ["before", "after"], &[]);
    let parts = shown["parts"].as_array().expect("parts");
    let items: Vec<_> = parts
        .iter()
        .map(|part| (part["part"].as_str().expect("a name"), part["items_after"].as_i64()))
        .collect();
    let want = [("system prompt", 1), ("CLAUDE.md", 2), ("skills", 1), ("agents", 1), ("tools", 2)];
    assert_eq!(items, want.map(|(name, count)| (name, Some(count))));
}

#[test]
fn what_is_no_start_is_refused() {
    let folder = folders(1, 1);
    let [before, none] = ["before", "none"].map(|name| folder.at(name));
    refused(&["gate-start", &before, &none, "order-774"], &["none: no such folder"]);
    let empty = here("tests/fixtures/probes");
    refused(&["gate-start", &empty, &empty, "order-774"], &["nothing that a session", "CLAUDE.md"]);
    folder.file("after/tools.json", b"{");
    let after = folder.at("after");
    refused(&["gate-start", &before, &after, "order-774"], &["tools.json is no JSON of tools"]);
}
