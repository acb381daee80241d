//! The top of a report: what is claimed, what replay says, what to build and measure.

use crate::run::{Folder, json, ok};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// A table of exact values: a row is a map from heading to cell.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let named = |row: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|row| named(row.expect("a row"))).collect()
}

fn whole(row: &BTreeMap<String, String>, key: &str) -> i64 {
    let cell = row.get(key).unwrap_or_else(|| panic!("{key} of {row:?}"));
    cell.parse().unwrap_or_else(|_| panic!("{key} of {row:?}"))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn every_command_tells_the_same_order_and_no_set_beats_a_prefix_of_it() {
    for (recording, key) in [("order-774", "cost_usd"), ("cockpit-2026-02", "tokens")] {
        let folder = Folder::new(&[]);
        let out = folder.at("out");
        ok(&["report", recording, "--out", &out, "--draws", "20"]);
        let read = |name: &str| fs::read_to_string(folder.at(&format!("out/{name}"))).expect(name);
        let swept = json(&["sweep", recording]);
        let compared = json(&["compare", recording, "--draws", "0"]);
        let reported: Value = serde_json::from_str(&read("compare.json")).expect("JSON");
        assert_eq!(swept["order"], compared["order"], "{recording}");
        assert_eq!(swept["order"], reported["order"], "{recording}");
        // The command of the decision: what it saves has a band in a comparison alone.
        let decision = swept["decision"]["lines"][0].as_str().expect("a line");
        let (lead, _) = decision.split_once(": saves").expect("a command");
        assert!(read("report.md").contains(lead), "{recording}: {lead}");
        if cfg!(feature = "charts") {
            assert!(read("index.html").contains(lead), "{recording}: {lead}");
        }
        let steps = swept["order"].as_array().expect("steps");
        assert!(!steps.is_empty(), "{recording}: {steps:?}");
        let amount = |value: &Value| value[key].as_f64().unwrap_or_else(|| panic!("{value}"));
        let (mut built, mut effort) = (Vec::new(), 0);
        for step in steps {
            let dropped = texts(&step["instead_of"]);
            built.retain(|id| !dropped.contains(id));
            built.extend(texts(&step["build"]));
            let is_built = |set: &&Value| {
                let ids = texts(&set["toggles"]);
                ids.len() == built.len() && ids.iter().all(|id| built.contains(id))
            };
            let sets = swept["subsets"].as_array().expect("subsets");
            let set = sets.iter().find(is_built).expect("the set that is built");
            assert_eq!(set["saving"], step["so_far"], "{recording}: {built:?}");
            assert!(set["effort"].as_i64() >= Some(effort), "{step}");
            effort = set["effort"].as_i64().expect("points");
            let rivals = sets.iter().filter(|other| other["effort"].as_i64() <= Some(effort));
            for rival in rivals {
                assert!(amount(&rival["saving"]) <= amount(&set["saving"]), "{rival} beats {step}");
            }
        }
    }
}

#[test]
fn an_order_adds_up_to_what_is_measured_after_it() {
    let reads = ("order-774", "adds_reads_tokens", "reads_then_tokens");
    let tokens = ("cockpit-2026-02", "adds_tokens", "tokens_then");
    for (recording, adds, then) in [reads, tokens] {
        let folder = Folder::new(&[]);
        let out = folder.at("out");
        ok(&["report", recording, "--out", &out, "--draws", "20"]);
        let rows = |name: &str| table(&fs::read_to_string(folder.at(name)).expect("a file"));
        let (order, measured) = (rows("out/order.csv"), rows("out/measure.csv"));
        assert_eq!(order.len() + 1, measured.len(), "{recording}");
        for (step, pair) in order.iter().zip(measured.windows(2)) {
            let fell = whole(&pair[0], then) - whole(&pair[1], then);
            assert_eq!(fell, whole(step, adds), "{recording}: {pair:?}");
        }
    }
}

#[test]
fn one_screen_says_what_is_claimed_replayed_to_be_built_and_measured() {
    for recording in ["order-774", "order-775", "cockpit-2026-02", "economics-2026-06"] {
        let folder = Folder::new(&[]);
        let out = folder.at("out");
        ok(&["report", recording, "--out", &out]);
        let report = fs::read_to_string(folder.at("out/report.md")).expect("a file");
        let summary = report.split("\n## ").nth(1).expect("a first section");
        assert!(summary.starts_with("Summary\n"), "{summary}");
        for lead in ["**Claimed:**", "**Replayed:**"] {
            assert!(summary.contains(lead), "{recording}: {lead} is missing in {summary}");
        }
        let decides = ["**Build ", "**Change ", "**Nothing to build"];
        let decision = summary.lines().find(|line| line.starts_with("**")).unwrap_or_default();
        assert!(decides.iter().any(|lead| decision.starts_with(lead)), "{recording}: {summary}");
        assert!(summary.lines().count() < 35, "{recording}: more than a screen: {summary}");
    }
}
