//! Savings over many sessions, as programs see them, and the lattice as a file.

use crate::laws::{data, imported};
use crate::run::{Folder, here, json, ok, refused, session};
use serde_json::Value;
use std::fs;
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{Patch, Plan};
use windtunnel::price::Pricing;
use windtunnel::replay;
use windtunnel::study::whatif::distribution::{SessionGrouping, distribute_savings};
use windtunnel::study::whatif::savings::{PipelineTotals, Saving};

const PROBES: &str = "tests/fixtures/probes";

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// A distribution in machine output against the same toggle alone.
fn check_distribution(told: &Value, each: &str) {
    let toggles = items(&told["toggles"]);
    let distribution = items(&told["distribution"]);
    assert_eq!(toggles.len(), distribution.len(), "one a toggle");
    for (toggle, of) in toggles.iter().zip(distribution) {
        assert_eq!((&of["toggle"], &of["each"]), (&toggle["id"], &each.into()));
        assert_eq!(of["read"]["sum"], toggle["alone"]["read"], "{of}");
        let whole = |usd: &Value| usd.as_f64().expect("dollars");
        let alone = whole(&toggle["alone"]["cost_usd"]);
        assert!((whole(&of["usd"]["sum"]) - alone).abs() < 1e-9, "{of}");
        let count = |key: &str| of[key].as_u64().expect("a count");
        assert!(count("costs_in") <= count("found_in") && count("found_in") <= count("groups"));
        if toggle["found"] == 0 {
            assert_eq!(count("found_in"), 0, "no saving without its target: {of}");
        }
        for part in ["read", "usd"] {
            for point in ["median", "p90", "max", "median_of_all"] {
                assert_eq!(of[part][point].is_null(), count("found_in") == 0, "{of}");
            }
        }
        for part in ["share_of_reads", "share_of_usd"] {
            assert_eq!(of[part].is_null(), count("found_in") == 0, "{of}");
        }
        let point = |name: &str| of["read"][name].as_i64().unwrap_or_default();
        assert!(point("median") <= point("p90") && point("p90") <= point("max"), "{of}");
    }
}

#[test]
fn compare_spreads_savings_over_groups() {
    for recording in [here(PROBES), "order-774".to_owned()] {
        for (_, each) in SessionGrouping::NAMED {
            check_distribution(&json(&["compare", &recording, "--each", each]), each);
        }
    }
    let told = json(&["compare", &here(PROBES)]);
    assert!(told.get("distribution").is_none(), "only where asked");
    let text = ok(&["compare", &here(PROBES), "--each", "pipeline", "--details"]);
    assert!(text.contains("Pipeline by pipeline") && text.contains("median"), "{text}");
    assert!(text.contains("nothing to change here for"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 180), "{text}");
    assert!(!ok(&["compare", &here(PROBES), "--details"]).contains("Session by session"));
}

#[test]
fn only_a_report_of_many_sessions_spreads_them() {
    let folder = Folder::new(&[("one/s.jsonl", session().as_bytes())]);
    let written = |recording: &str, name: &str| {
        ok(&["report", recording, "--out", &folder.at(name)]);
        let report = fs::read_to_string(folder.at(&format!("{name}/report.md"))).expect("a report");
        let table = fs::read_to_string(folder.at(&format!("{name}/distribution.csv"))).ok();
        assert_eq!(report.contains("Session by session"), table.is_some(), "{name}");
        table
    };
    assert_eq!(written("order-774", "order"), None);
    assert_eq!(written(&folder.at("one"), "a"), None, "one session");
    let table = written(&here(PROBES), "probes").expect("many sessions");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let headings = reader.headers().expect("a header").clone();
    for name in ["toggle", "sessions", "found_in", "reads_sum_tokens", "dollars_median_usd"] {
        assert!(headings.iter().any(|heading| heading == name), "{name}: {headings:?}");
    }
    // A toggle that waits for a number has no figure.
    let waits = |one: &&&intervene::Intervention| one.card().params.iter().any(|spec| spec.asked);
    let figures = intervene::ALL.iter().filter(|one| !waits(one)).count();
    assert!(figures < intervene::ALL.len());
    assert_eq!(reader.records().count(), figures);
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn on_real_sessions_no_toggle_saves_without_its_target() {
    let path = data("claude/PackmindHub+context-evaluator");
    let recording = imported(&path).recording;
    let patch = |one: &&intervene::Intervention| {
        one.build_patch(&recording, &ToggleParams::modes_of_card(one.card()))
    };
    let patches: Vec<Patch> = intervene::ALL.iter().map(patch).collect();
    let plan = Plan::compile(&recording, &patches, &Pricing::embedded()).expect("prices");
    for island in &plan.islands {
        let before = replay::replay_island(&plan, island, 0);
        for toggle in (0..patches.len()).filter(|at| island.touched_by >> at & 1 == 0) {
            assert_eq!(replay::replay_island(&plan, island, 1 << toggle), before, "{toggle}");
        }
    }
    let spread = distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Session);
    let before = PipelineTotals::replay_totals(&plan, 0);
    for (toggle, (patch, one)) in patches.iter().zip(&spread.toggles).enumerate() {
        let alone =
            Saving::between_totals(&before, &PipelineTotals::replay_totals(&plan, 1 << toggle));
        assert_eq!(one.saving, alone, "{toggle}");
        let nothing = one.saving == Saving::default() && one.found_in == 0;
        assert!(patch.found_places > 0 || nothing, "{toggle}: {one:?}");
    }
    assert!(spread.toggles.iter().any(|one| one.found_in > 1));
}

#[test]
#[cfg(feature = "tables")]
fn a_lattice_is_a_parquet_file() {
    let folder = Folder::new(&[]);
    let written = |name: &str| {
        ok(&["sweep", "order-774", "--with", "R1,R2,R4", "--out", &folder.at(name)]);
        fs::read(folder.at(name)).expect("a file")
    };
    let bytes = written("one.parquet");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert_eq!(bytes, written("TWO.PARQUET"));
}

#[test]
fn a_lattice_is_written_in_known_formats_only() {
    let folder = Folder::new(&[]);
    let to = |name: &str, words: &[&str]| {
        refused(&["sweep", "order-774", "--with", "R1", "--out", &folder.at(name)], words);
        assert!(fs::read(folder.at(name)).is_err(), "{name} is not written");
    };
    to("lattice.xls", &["lattice.xls", ".csv, .json and .parquet"]);
    to("lattice", &[".csv"]);
    #[cfg(not(feature = "tables"))]
    to("lattice.parquet", &["--out", "without the feature 'tables'", ".csv or .json"]);
}
