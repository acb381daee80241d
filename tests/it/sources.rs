//! Several recordings at once, in any mix, and the tables that are made of them.

use crate::run::{Folder, here, json, ok, refused, run};
use serde_json::Value;
use std::collections::BTreeMap;

const PROBES: &str = "tests/fixtures/probes";
const ONE: &str = "tests/fixtures/probes/00_plain";
const OTHER: &str = "tests/fixtures/probes/05_subagents_dir";
const LOGS: &str = "tests/fixtures/autoskillit";
const SUMS: [&str; 7] = ["calls", "records", "fresh", "read", "write_5m", "write_1h", "output"];

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"))
}

#[test]
fn arguments_of_any_kind_are_rows_and_one_whole() {
    let folder = Folder::new(&[]);
    let saved = folder.at("one.json");
    ok(&["import", &here(OTHER), "--name", "05_subagents_dir", "--output", &saved]);
    let told = json(&["inspect", "order-774", &here(ONE), &saved, &here(LOGS)]);
    let parts = told["parts"].as_array().expect("parts");
    let names: Vec<&str> = parts.iter().filter_map(|part| part["name"].as_str()).collect();
    assert_eq!(names, ["00_plain", "05_subagents_dir", "autoskillit", "order-774"]);
    assert_eq!(parts[2]["source"], "autoskillit, claude-code, stream-json");
    for key in SUMS.iter().chain(&["sessions", "cost_pico_usd"]) {
        let sum: i64 = parts.iter().map(|part| number(&part[*key])).sum();
        assert_eq!(sum, number(&told["totals"][*key]), "{key}");
    }
    assert_eq!(told["shared"], serde_json::json!({"sessions": 0, "calls": 0}));
    for part in parts {
        let alone = match part["name"].as_str() {
            Some("order-774") => json(&["inspect", "order-774"]),
            Some("00_plain") => json(&["inspect", &here(ONE)]),
            Some("autoskillit") => json(&["inspect", &here(LOGS)]),
            _ => json(&["inspect", &saved]),
        };
        for key in SUMS {
            assert_eq!(part[key], alone["totals"][key], "{key} of {}", part["name"]);
        }
    }
}

#[test]
fn what_is_in_two_arguments_counts_once() {
    let folder = Folder::new(&[]);
    let saved = folder.at("one.json");
    ok(&["import", &here(ONE), "--output", &saved]);
    let whole = json(&["inspect", &here(PROBES)]);
    for others in [vec![here(ONE)], vec![saved.clone()], vec![saved, here(ONE)]] {
        let probes = here(PROBES);
        let mut args = vec!["inspect", &probes];
        args.extend(others.iter().map(String::as_str));
        let told = json(&args);
        for key in SUMS {
            assert_eq!(told["totals"][key], whole["totals"][key], "{key}");
        }
        let many = others.len() as i64;
        let shared = serde_json::json!({"sessions": many, "calls": 4 * many});
        assert_eq!(told["shared"], shared, "{args:?}");
        let table = ok(&[&args[..], &["--details"]].concat());
        assert!(table.contains("more than one of them counts once"), "{table}");
    }
}

#[test]
fn the_order_of_arguments_changes_nothing() {
    let (one, logs) = (here(ONE), here(LOGS));
    let forward = ok(&["inspect", "order-774", &one, &logs, "order-775"]);
    assert_eq!(forward, ok(&["inspect", &logs, "order-775", &one, "order-774"]));
}

/// The tables of a folder of CSV files: by table, by column, its values.
fn tables(folder: &Folder) -> BTreeMap<&'static str, BTreeMap<String, Vec<String>>> {
    let names = ["sessions", "calls", "blocks", "invocations", "remainders"];
    let read = |name: &'static str| {
        let mut reader = csv::Reader::from_path(folder.at(&format!("{name}.csv"))).expect(name);
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let mut columns: BTreeMap<String, Vec<String>> =
            header.iter().map(|key| (key.clone(), Vec::new())).collect();
        for row in reader.records() {
            for (key, value) in header.iter().zip(&row.expect("a row")) {
                columns.get_mut(key).expect("a column").push(value.to_owned());
            }
        }
        (name, columns)
    };
    names.into_iter().map(read).collect()
}

fn sum(column: &[String]) -> i64 {
    column.iter().map(|value| value.parse::<i64>().expect("a number")).sum()
}

#[test]
fn exported_tables_have_the_numbers_of_inspect() {
    let folder = Folder::new(&[]);
    let sources = [here(PROBES), here(LOGS), "order-774".to_owned()];
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let told = json(&[&["inspect"], &sources[..]].concat());
    let written = json(&[&["export", "--csv", folder.path()], &sources[..]].concat());
    let tables = tables(&folder);
    let files = written["files"].as_array().expect("files");
    assert_eq!(files.len(), tables.len());
    for file in files {
        let table = &tables[file["table"].as_str().expect("a name")];
        let rows = table.values().next().expect("a column").len();
        assert_eq!(file["rows"], rows, "{file}");
    }
    let (sessions, calls) = (&tables["sessions"], &tables["calls"]);
    assert_eq!(calls["call"].len() as i64, number(&told["totals"]["calls"]));
    for key in SUMS {
        assert_eq!(sum(&sessions[key]), number(&told["totals"][key]), "{key}");
    }
    for key in ["fresh", "read", "write_5m", "write_1h", "output"] {
        let rests = tables["remainders"]["session"].iter().zip(&tables["remainders"][key]);
        // What belongs to no session is in the table, and in no sum of sessions.
        let rests = rests.filter(|(session, _)| !session.is_empty());
        let rests: i64 = rests.map(|(_, tokens)| tokens.parse::<i64>().expect("a number")).sum();
        assert_eq!(sum(&calls[key]) + rests, number(&told["totals"][key]), "{key}");
    }
    assert_eq!(sum(&sessions["cost_pico_usd"]), number(&told["totals"]["cost_pico_usd"]));
    let kinds = told["kinds"].as_array().expect("kinds");
    for key in ["tokens", "re_read"] {
        let all: i64 = kinds.iter().map(|kind| number(&kind[key])).sum();
        assert_eq!(sum(&tables["blocks"][key]), all, "{key}");
    }
    // Session by session too, and each call's blocks are its own.
    for (at, session) in told["sessions"].as_array().expect("sessions").iter().enumerate() {
        assert_eq!(sessions["id"][at], session["id"].as_str().unwrap());
        assert_eq!(sessions["read"][at], session["read"].to_string());
    }
    assert_eq!(sum(&calls["blocks"]) as usize, tables["blocks"]["block"].len());
    let invocations = &tables["invocations"];
    let dispatches = invocations["agent"].iter().zip(&invocations["root"]);
    let dispatches = dispatches.filter(|(agent, _)| *agent == "orchestrator");
    let orders: Vec<&str> = dispatches.map(|(_, root)| root.as_str()).collect();
    assert_eq!(orders, ["774", "774", "775", "775"]);
}

#[test]
fn one_scenario_runs_over_a_mixed_folder() {
    let read = |file: &str| std::fs::read(here(&format!("tests/fixtures/{file}"))).expect("a file");
    let codex = "codex-probes/10_codex_plain/codex/sessions/2026/10/01/\
                 rollout-2026-10-01T00-00-00-7f171bb0-e273-4c00-b374-6396bb880315.jsonl";
    let claude = "probes/00_plain/claude/projects/-p/07173b6c-308f-4def-aa04-a63bbf6c2fa9.jsonl";
    let folder =
        Folder::new(&[("all/codex.jsonl", &read(codex)), ("all/claude.jsonl", &read(claude))]);
    let scenario = folder.file(
        "mixed.toml",
        b"schema = \"windtunnel.scenario/1\"\nrecording = \"all\"\ndraws = 40\n\
          [toggles.G4]\ncap = 500\n[toggles.G7]\ntokens = 2000\n",
    );
    let whole = json(&["inspect", &folder.at("all")]);
    assert_eq!(number(&whole["totals"]["calls"]), 11, "seven of Codex and four of Claude Code");
    let told = json(&["compare", "--scenario", &scenario]);
    assert_eq!(number(&told["baseline"]["calls"]), 11);
    let parts: i64 = [folder.at("all/codex.jsonl"), folder.at("all/claude.jsonl")]
        .iter()
        .map(|one| number(&json(&["inspect", one])["totals"]["read"]))
        .sum();
    assert_eq!(number(&whole["totals"]["read"]), parts);
    let told = ok(&["compare", "--scenario", &scenario, "--details"]);
    assert!(told.contains("the luck of automatic caches"), "{told}");
}

#[test]
fn every_exported_column_is_documented() {
    let folder = Folder::new(&[]);
    ok(&["export", "--csv", folder.path(), "order-774"]);
    let told = json(&["explain", "tables"]);
    let tables = tables(&folder);
    for table in told["tables"].as_array().expect("tables") {
        let columns = table["columns"].as_array().expect("columns");
        let mut names: Vec<&str> = columns.iter().filter_map(|one| one["name"].as_str()).collect();
        names.sort_unstable();
        let met: Vec<&str> =
            tables[table["name"].as_str().unwrap()].keys().map(String::as_str).collect();
        assert_eq!(names, met, "{}", table["name"]);
    }
}

#[test]
fn an_export_that_cannot_be_is_refused() {
    let ran = run(&["export", "order-774"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--parquet") && ran.err.contains("--csv"), "{}", ran.err);
    let folder = Folder::new(&[("taken", b"a file")]);
    let taken = folder.at("taken");
    refused(&["export", "--csv", &taken, "order-774"], &["taken", "cannot be"]);
    #[cfg(not(feature = "tables"))]
    refused(
        &["export", "--parquet", folder.path(), "order-774"],
        &["--parquet", "without the feature 'tables'", "--csv"],
    );
}

#[test]
#[cfg(feature = "tables")]
fn parquet_files_are_written_for_every_table() {
    let folder = Folder::new(&[]);
    let twice = Folder::new(&[]);
    for folder in [&folder, &twice] {
        ok(&["export", "--parquet", folder.path(), &here(LOGS), "order-774"]);
    }
    for table in ["sessions", "calls", "blocks", "invocations", "remainders"] {
        let file = format!("{table}.parquet");
        let bytes = std::fs::read(folder.at(&file)).expect("a file");
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{table}");
        assert_eq!(bytes, std::fs::read(twice.at(&file)).expect("a file"), "the same bytes");
    }
}

#[test]
#[cfg(feature = "tables")]
fn blocks_are_grouped_by_agent_and_source() {
    let told =
        json(&["inspect", &here(LOGS), "order-774", "--by", "source,agent,kind", "--rows", "0"]);
    let rows = told["by"].as_array().expect("rows");
    let of = |source: &str, agent: &str| {
        rows.iter().any(|row| row["keys"]["source"] == source && row["keys"]["agent"] == agent)
    };
    assert!(of("claude-code", "orchestrator") && of("reported", "main"), "{rows:?}");
    let tokens: i64 = rows.iter().map(|row| number(&row["tokens"])).sum();
    let kinds = told["kinds"].as_array().expect("kinds");
    assert_eq!(tokens, kinds.iter().map(|kind| number(&kind["tokens"])).sum::<i64>());
}
