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

#[test]
fn the_order_of_building_adds_up_and_ends_where_the_sweep_says() {
    let reads = ("order-774", "read", "adds_reads_tokens", "reads_after_tokens");
    let tokens = ("cockpit-2026-02", "tokens", "adds_tokens", "tokens_after");
    for (recording, key, adds, after) in [reads, tokens] {
        let folder = Folder::new(&[]);
        let out = folder.at("out");
        ok(&["report", recording, "--out", &out]);
        let rows = table(&fs::read_to_string(folder.at("out/order.csv")).expect("a file"));
        assert!(rows.len() > 3, "{rows:?}");
        for pair in rows.windows(2) {
            let fell = whole(&pair[0], after) - whole(&pair[1], after);
            assert_eq!(fell, whole(&pair[1], adds), "{recording}: {pair:?}");
        }
        let ids: Vec<&str> =
            rows[1..].iter().filter_map(|row| row["build"].split(' ').next()).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let swept = json(&["sweep", recording]);
        let sets = swept["subsets"].as_array().expect("subsets");
        let of = |set: &&Value| {
            let mut on: Vec<&str> =
                set["toggles"].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
            on.sort_unstable();
            on == sorted
        };
        let set = sets.iter().find(of).expect("the set that is built");
        let saved = set["saving"][key].as_i64().unwrap_or_else(|| panic!("{set}"));
        let built = whole(&rows[0], after) - whole(&rows[rows.len() - 1], after);
        assert_eq!(built, saved, "{recording}: {ids:?}");
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
        for lead in ["**Claimed:**", "**Replayed:**", "**Build first:**"] {
            assert!(summary.contains(lead), "{recording}: {lead} is missing in {summary}");
        }
        assert!(summary.lines().count() < 35, "{recording}: more than a screen: {summary}");
    }
}
