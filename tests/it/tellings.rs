//! Other tellings of order 774: what all of R1 to R7 save where one open fact is told in another
//! way, each varied alone, against the band of everything drawn.

use crate::run::{Folder, json};
use serde_json::{Value, json as value};
use std::fmt::Write as _;
use std::sync::OnceLock;
use windtunnel::reconstruct::BUILTIN;

const SEVEN: &str = "R1,R2,R3,R4,R5,R6,R7";

/// A telling and what all toggles save in it, in reads.
struct Telling {
    words: String,
    saved: i64,
    /// Whether the band is held against it: polls, R6 and the calls of a site.
    holds_band: bool,
}

/// Everything that is told, with the joint saving, its P10 and its P90.
struct Tellings {
    quoted: [i64; 3],
    all: Vec<Telling>,
}

fn order_774() -> Value {
    let (_, text) = BUILTIN.iter().find(|(name, _)| name.contains("774")).expect("built in");
    serde_json::from_str(text).expect("JSON")
}

fn compared(pipeline: &Value, settings: &[String], draws: &str) -> Value {
    let folder = Folder::new(&[]);
    let path = folder.file("order.json", pipeline.to_string().as_bytes());
    let mut args = vec!["compare", &path, "--with", SEVEN, "--draws", draws];
    for setting in settings {
        args.extend(["--set", setting]);
    }
    json(&args)["joint"].take()
}

fn reads(saving: &Value) -> i64 {
    saving["read"].as_i64().unwrap_or_else(|| panic!("{saving}"))
}

/// The runs of session 2 in their order; one of them is polled.
fn runs(pipeline: &mut Value) -> Vec<&mut Value> {
    let events = pipeline["events"].as_array_mut().expect("events");
    let is_run = |event: &&mut Value| event["kind"] == "test_run" && event["session"] == "e2495448";
    events.iter_mut().filter(is_run).collect()
}

/// Order 774 with the polls at one of the runs, if given, and so many of them.
fn with_polls(run: Option<usize>, polls: &str) -> Value {
    let mut pipeline = order_774();
    let mut runs = runs(&mut pipeline);
    let polled = runs.iter().position(|run| run["polls"].is_string()).expect("a polled run");
    let at = run.map_or(polled, |run| run - 1);
    let told = runs[polled].as_object_mut().expect("an event");
    told.remove("polled_run");
    told.remove("polls");
    runs[at]["polls"] = value!(polls);
    pipeline
}

/// Order 774 with another share of the sites' records as calls.
fn with_site_share(share_bp: i64) -> Value {
    let mut pipeline = order_774();
    let mut unknowns = pipeline["unknowns"].as_array_mut().expect("unknowns").iter_mut();
    let unknown = unknowns.find(|unknown| unknown["id"] == "site-share").expect("drawn");
    for end in ["low", "mode", "high"] {
        unknown[end] = value!(share_bp);
    }
    pipeline
}

fn tellings() -> &'static Tellings {
    static TOLD: OnceLock<Tellings> = OnceLock::new();
    TOLD.get_or_init(|| {
        let drawn = compared(&order_774(), &[], "1000");
        let [low, high] = ["p10", "p90"].map(|end| reads(&drawn[end]));
        let mut all = Vec::new();
        let mut tell = |words: String, pipeline: &Value, setting: &[String], holds_band| {
            let saved = reads(&compared(pipeline, setting, "0")["saving"]);
            all.push(Telling { words, saved, holds_band });
        };
        for polls in [10, 12, 22] {
            let pipeline = with_polls(None, &format!("{polls} calls"));
            tell(format!("{polls} polls"), &pipeline, &[], true);
        }
        for run in 1..=4 {
            let pipeline = with_polls(Some(run), "22 poll-unit");
            tell(format!("polls at run {run}"), &pipeline, &[], true);
        }
        let order = order_774();
        for (words, setting, holds_band) in [
            ("R6 in session 1 only", "R6.alone=0", true),
            ("failures that pass alone show all the same", "R6.alone=10000", false),
            ("2 calls a site", "R2.calls_per_site=2", true),
            ("3 calls a site", "R2.calls_per_site=3", true),
            ("4 calls a site", "R2.calls_per_site=4", true),
            ("no report is read back", "R3.read_back=0", false),
            ("75 % of reports are read back", "R3.read_back=7500", false),
        ] {
            tell(words.to_owned(), &order, &[setting.to_owned()], holds_band);
        }
        for (calls, share_bp) in [(36, 5_000), (56, 7_778)] {
            tell(format!("{calls} calls of the sites"), &with_site_share(share_bp), &[], false);
        }
        Tellings { quoted: [reads(&drawn["saving"]), low, high], all }
    })
}

/// The table of MODEL.md.
pub fn table_of_tellings() -> String {
    let millions = |reads: i64| format!("{}.{:02}", reads / 1_000_000, reads / 10_000 % 100);
    let mut table =
        "| telling, all else as quoted | R1 to R7 save, M reads |\n|---|---|\n".to_owned();
    let [quoted, low, high] = tellings().quoted.map(millions);
    let _ = writeln!(table, "| quoted; P10 to P90 | {quoted}; {low} to {high} |");
    for telling in &tellings().all {
        let _ = writeln!(table, "| {} | {} |", telling.words, millions(telling.saved));
    }
    table
}

#[test]
fn the_joint_band_holds_every_telling_and_is_no_wider_than_twice_their_spread() {
    let Tellings { quoted: [quoted, low, high], all } = tellings();
    println!("{}", table_of_tellings());
    assert!(low <= quoted && quoted <= high, "{low} to {high}: {quoted}");
    for Telling { words, saved, .. } in all {
        assert!((low..=high).contains(&saved), "{words}: {saved} not in {low} to {high}");
    }
    let named = || all.iter().filter(|telling| telling.holds_band).map(|telling| telling.saved);
    let spread = named().max().unwrap_or(0) - named().min().unwrap_or(0);
    assert!(high - low <= 2 * spread, "{} of twice {spread}", high - low);
}
