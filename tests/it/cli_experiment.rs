//! The flags of an experiment, which every command that replays takes alike, and several recordings
//! as one.

use crate::run::{Folder, json, ok, refused};
use serde_json::Value;

const BOTH: [&str; 2] = ["order-774", "order-775"];

fn ids(told: &Value) -> Vec<&str> {
    told["toggles"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect()
}

fn all(args: &[&[&'static str]]) -> Vec<&'static str> {
    args.concat()
}

#[test]
fn several_recordings_are_replayed_as_one() {
    let without_draws: &[&str] = &["--with", "R1,R4", "--draws", "0"];
    let calls = json(&all(&[&["inspect"], &BOTH]))["totals"]["calls"].clone();
    let compared = json(&all(&[&["compare"], &BOTH, without_draws]));
    assert_eq!(compared["recording"], "order-774+order-775");
    assert_eq!(compared["baseline"]["calls"], calls);
    let other_order = ["order-775", "order-774", "order-775"];
    assert_eq!(compared, json(&all(&[&["compare"], &other_order, without_draws])));
    let swept = json(&all(&[&["sweep"], &BOTH, without_draws]));
    assert_eq!((&swept["baseline"]["calls"], ids(&swept)), (&calls, vec!["R1", "R4"]));
    let folder = Folder::new(&[]);
    let out = folder.at("out");
    ok(&[&all(&[&["report"], &BOTH, without_draws])[..], &["--out", &out]].concat());
    let written = std::fs::read_to_string(folder.at("out/compare.json")).expect("written");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(written["baseline"]["calls"], calls);
}

#[cfg(feature = "charts")]
#[test]
fn several_recordings_are_drawn_as_one() {
    let waterfall = ["chart", "waterfall", "order-774", "order-775", "--with", "R1,R4"];
    let drawn = ok(&[&waterfall[..], &["--draws", "0", "--format", "csv"]].concat());
    assert!(drawn.contains("R4"), "{drawn}");
}

#[test]
fn a_name_twice_is_that_recording_with_its_scenario() {
    let twice = json(&["compare", "order-774", "order-774", "--draws", "0"]);
    assert_eq!(twice, json(&["compare", "order-774", "--draws", "0"]));
}

#[test]
fn seed_and_draws_override_the_scenario() {
    let run = |flags: &[&str]| {
        json(&[&["compare", "order-774", "--with", "R1,R4", "--draws", "20"], flags].concat())
    };
    let (first, second) = (run(&["--seed", "1"]), run(&["--seed", "2"]));
    assert_eq!(
        (&first["provenance"]["seed"], &second["provenance"]["seed"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        first["joint"]["saving"], second["joint"]["saving"],
        "the mode is no matter of chance"
    );
    assert_ne!(first["toggles"][0]["p90"], second["toggles"][0]["p90"]);
    assert_eq!(run(&["--seed", "774"]), run(&[]));
    let modes = json(&["compare", "order-774", "--with", "R1", "--draws", "0"]);
    assert_eq!(modes["toggles"][0]["p50"], Value::Null);
    assert_eq!(
        json(&["sweep", "order-774", "--with", "R1", "--seed", "9"])["provenance"]["seed"],
        9
    );
    let gate = [
        "gate",
        "--provenance",
        "--baseline",
        "order-774",
        "--candidate",
        "order-774",
        "--seed",
        "5",
    ];
    assert!(json(&gate)["sources"].to_string().contains("seed 5"));
    refused(&["compare", "order-774", "--set", "R4.cap=1", "--with", "R1"], &["R4", "take part"]);
}

#[test]
fn sweep_report_inspect_and_gate_take_toggles_and_parameters() {
    let joint = |cap: &'static str| {
        let args = ["sweep", "order-774", "--with", "R1,R4", "--set", cap];
        json(&args)["subsets"].to_string()
    };
    assert_ne!(joint("R4.cap=200"), joint("R4.cap=2000"));
    let folder = Folder::new(&[]);
    let out = folder.at("out");
    let flags = ["--with", "R1,R4", "--set", "R4.cap=200", "--draws", "0", "--strict"];
    ok(&[&["report", "order-774", "--out", &out], &flags[..]].concat());
    let written = std::fs::read_to_string(folder.at("out/compare.json")).expect("written");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(ids(&written), ["R1", "R4"]);
    let inspected = json(&["inspect", "order-774", "--with", "R4", "--set", "R4.cap=200"]);
    assert_eq!(ids(&inspected), ["R4"]);
    assert_ne!(inspected["toggles"], json(&["inspect", "order-774", "--with", "R4"])["toggles"]);
    let gate = ["gate", "--baseline", "order-774", "--candidate", "order-774"];
    let savings = |flags: &[&str]| {
        let told = json(&[&gate, flags].concat());
        let rows = told["rows"].as_array().into_iter().flatten();
        let savings = rows.filter(|row| row["scope"] == "saving");
        savings.map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let few = savings(&["--with", "R1"]);
    assert!(!few.is_empty() && few.iter().all(|name| name == "R1" || name == "all"), "{few:?}");
    assert!(savings(&[]).len() > few.len());
}

#[test]
fn inspect_takes_the_recording_and_the_part_of_a_scenario() {
    let body = "schema = \"windtunnel.scenario/1\"\nrecording = \"order-774\"\n[select]\n\
                step = \"implement\"\n[toggles.R4]\n";
    let folder = Folder::new(&[("mine.toml", body.as_bytes())]);
    let told = json(&["inspect", "--scenario", &folder.at("mine.toml")]);
    assert_eq!((&told["totals"]["sessions"], ids(&told)), (&1.into(), vec!["R4"]));
}

#[test]
fn toggles_of_the_orchestrator_stand_beside_the_sessions() {
    let compare = |set: &[&str]| {
        let with = ["compare", "order-774", "--with", "R2,T1,T2,T3", "--draws", "0"];
        json(&[&with[..], set].concat())
    };
    let waiting = compare(&["--set", "T2.after=8"]);
    let set = compare(&["--set", "T2.after=8", "--set", "T3.less=1000"]);
    let whole = &set["whole"];
    // One layout for all three: less than the sum of the three alone.
    let saved = |id: &str| {
        let rows = whole["what_ifs"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == id).expect("a row");
        row["saved_expected"].as_i64().expect("a figure")
    };
    let together = saved("T1+T2+T3");
    assert!(together < saved("T1") + saved("T2") + saved("T3"));
    assert!(together > saved("T1").max(saved("T2")).max(saved("T3")));
    // The sessions' saving and the orchestrator's make the whole after, and neither the other.
    let parts = whole["parts"].as_array().expect("parts");
    let expected = |part: usize, side: &str| parts[part][side].as_i64().expect("a figure");
    let by_sessions = expected(0, "expected") - expected(0, "after_expected");
    assert_eq!(by_sessions, set["joint"]["saving"]["read"].as_i64().expect("reads"));
    assert!(expected(1, "after_expected") < expected(1, "expected"));
    let known = [0, 1, 2].map(|part| expected(part, "after_expected"));
    assert_eq!(expected(parts.len() - 1, "after_expected"), known.iter().sum::<i64>());
    // What waits has bounds, and takes no part in the whole.
    let bound = &waiting["bounds"][0];
    assert_eq!((&bound["id"], &bound["of_orchestrator"]), (&"T3".into(), &true.into()));
    let after = |told: &serde_json::Value| told["whole"]["parts"][1]["after_expected"].as_i64();
    assert!(after(&waiting) > after(&set));
    // In the sessions they are null players, and in no set.
    let swept = json(&["sweep", "order-774", "--with", "R2,T1,T2"]);
    assert_eq!(swept["beside"], serde_json::json!(["T1", "T2"]));
    assert_eq!(swept["subsets"].as_array().map(Vec::len), Some(2));
    let elsewhere = json(&["compare", "order-775", "--with", "T1"]);
    assert_eq!(elsewhere["toggles"][0]["found"], 0);
}
