//! One table at a time, its fields explained, in colour or not.

use crate::run::{json, ok, program, refused, run};
use serde_json::Value;

const COMPARE: [&str; 5] = ["compare", "order-774", "--draws", "0", "--format"];

fn table_names(args: &[&str]) -> Vec<String> {
    let ran = run(&[args, &["--table", "no such table"]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    let (_, names) = ran.err.trim_end().split_once("there is ").expect("names");
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_table_is_a_file_of_its_own() {
    for command in [vec!["compare", "order-774", "--draws", "0"], vec!["inspect", "order-774"]] {
        let csv = [&command[..], &["--format", "csv"]].concat();
        let names = table_names(&csv);
        assert!(names.len() > 3, "{names:?}");
        let mut all: Vec<String> = Vec::new();
        for name in &names {
            let text = ok(&[&csv[..], &["--table", name]].concat());
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            let width = rows.headers().expect("a header").len();
            assert!(rows.records().all(|row| row.expect("a row").len() == width), "{name}");
            all.push(text);
        }
        // Without a name it is the first of them, and no two are alike.
        assert_eq!(ok(&csv), all[0], "{names:?}");
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), names.len(), "{names:?}");
    }
    // A beginning that only one has is enough; on a screen it is that table alone.
    let pairs = [&COMPARE[..4], &["--table", "pairs"]].concat();
    let text = ok(&pairs);
    assert!(text.starts_with("Pairs: what two") && !text.contains("Before and after"), "{text}");
    let unsure = [&COMPARE[..4], &["--table", "the_same"]].concat();
    refused(&unsure, &["no table 'the_same'", "the_same_in_dollars", "pairs"]);
    refused(&["list", "--table", "rekordings"], &["is it 'recordings'?"]);
    // JSON is whole, however it is asked for.
    for json in [&["--json"][..], &["--format", "json"]] {
        let ran = run(&[&["list", "--table", "recordings"], json].concat());
        assert!(ran.code == Some(2) && ran.err.contains("cannot be used with"), "{}", ran.err);
        assert!(ran.err.contains("Usage: windtunnel list "), "{}", ran.err);
    }
}

#[test]
fn every_key_is_explained_with_its_unit_and_its_column() {
    let commands = ["audit", "compare", "gate", "inspect", "steps", "sweep", "scenario check"];
    for command in commands {
        let typed: Vec<&str> = ["schema"].into_iter().chain(command.split(' ')).collect();
        let schema: Value = serde_json::from_str(&ok(&typed)).expect("JSON");
        let mut wanted = Vec::new();
        collect_keys(&schema, "", &mut wanted);
        let csv = ok(&[&typed[..], &["--format", "csv"]].concat());
        let rows: Vec<Vec<String>> = csv::Reader::from_reader(csv.as_bytes())
            .records()
            .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
            .collect();
        let mut met: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        // The reader of JSON here sorts keys.
        met.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(met, wanted, "{command}");
        // Each says what it is, and of what type.
        let silent: Vec<_> =
            rows.iter().filter(|it| it[1].is_empty() || it[4].is_empty()).collect();
        assert!(silent.is_empty(), "{command}: {silent:?}");
        let markdown = ok(&[&typed[..], &["--format", "markdown"]].concat());
        assert!(markdown.contains("| key "), "{markdown}");
    }
    // The columns of a table of CSV are found there.
    let explained = ok(&["schema", "steps", "--format", "csv"]);
    let steps = ok(&["steps", "order-774", "--format", "csv"]);
    for column in steps.lines().next().expect("a header").split(',') {
        assert!(explained.contains(column), "{column} in {explained}");
    }
    refused(&["schema", "new", "pipeline", "--format", "csv"], &["is JSON alone"]);
}

/// The keys of a schema, by the paths that lead to them.
fn collect_keys(schema: &Value, path: &str, keys: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (key, property) in properties {
        let is_list = property.get("items").is_some();
        let path = format!("{path}{key}{}", if is_list { "[]" } else { "" });
        keys.push(path.clone());
        collect_keys(
            if is_list { &property["items"] } else { property },
            &format!("{path}."),
            keys,
        );
    }
}

#[test]
fn colours_are_for_terminals_unless_somebody_says_so() {
    let out = |when: &[&str], no_color: &str| {
        let args = [&["list"], when].concat();
        let ran = program(&args).env("NO_COLOR", no_color).output().expect("a run");
        String::from_utf8(ran.stdout).expect("UTF-8")
    };
    for (when, no_color, is_coloured) in [
        (&[][..], "", false),
        (&["--color", "auto"], "", false),
        (&["--color", "never"], "", false),
        (&["--color", "always"], "", true),
        // What is typed now stands above what was set once.
        (&["--color", "always"], "1", true),
    ] {
        assert_eq!(out(when, no_color).contains('\u{1b}'), is_coloured, "{when:?} {no_color}");
    }
    // Files and programs get none.
    let markdown = ok(&["list", "--color", "always", "--format", "markdown"]);
    assert!(!markdown.contains('\u{1b}'), "{markdown}");
    assert_eq!(json(&["list", "--color", "always"]), json(&["list"]));
}
