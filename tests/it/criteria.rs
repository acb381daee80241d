//! The cockpit's success criteria on two windows of rollouts: a real fall, a faked one, and an
//! average that falls while the total rises.

use crate::run::{Folder, json, ok, refused, run};
use crate::small::{MODEL, call, session};
use serde_json::Value;
use windtunnel::recording::{
    BlockKind, ContextRestart, Packet, Recording, RecordingBuilder, SkipCounts, format,
};

/// 2026-02-02T00:00:00Z, seconds.
const START_S: i64 = 1_769_990_400;
const DAY_S: i64 = 86_400;

/// An invocation: when (seconds after the start), agent, kind, source, tokens of its only call.
type Woken<'a> = (i64, &'a str, &'a str, &'a str, i64);

fn recording(all: &[Woken<'_>]) -> Recording {
    let mut builder = RecordingBuilder::new("cockpit", "test");
    for (at, &(start_s, agent, kind, source, tokens)) in all.iter().enumerate() {
        let mut made = call(START_S + start_s, tokens - 10, 0, &[], &[(BlockKind::Text, 10)]);
        made.inputs = vec![windtunnel::recording::RawBlock::from_size(BlockKind::User, 0, tokens)];
        made.restart = ContextRestart::Fresh;
        let mut raw = session(&[MODEL], vec![made]);
        raw.id = format!("s{at}");
        let [agent, kind, source] = [agent, kind, source].map(str::to_owned);
        let (id, root) = (format!("p{at}"), format!("r{}", at % 7));
        raw.invocations = vec![(0, Packet { id, agent, kind, root, source })];
        builder.push_session(raw);
    }
    builder.finish()
}

const DADDY: &str = "daddy-autopilot";
const DIGEST: &str = "ORCHESTRATOR_UPDATE";
const EXECUTED: &str = "TASK_COMPLETE:EXECUTE";

/// Days of work, each with six pieces of work and a digest of `tokens` on every `every`-th of them.
fn days(from: i64, count: i64, every: i64, tokens: i64) -> Vec<Woken<'static>> {
    let mut all = Vec::new();
    for at in 0..count * 6 {
        let start = from * DAY_S + at * DAY_S / 6;
        all.push((start, "frontend", "EXECUTE", "", 50_000));
        if at % every == 0 {
            // A little different each time, so that intervals have a width.
            all.push((start + 600, DADDY, DIGEST, EXECUTED, tokens + 100 * (at % 5)));
        }
    }
    all
}

struct Windows(Folder);

impl Windows {
    fn new(before: &[Woken<'_>], after: &[Woken<'_>]) -> Self {
        let bytes = |all: &[Woken<'_>]| format::to_json(&recording(all));
        Self(Folder::new(&[("before.json", &bytes(before)), ("after.json", &bytes(after))]))
    }

    fn args(&self) -> [String; 4] {
        let [before, after] = ["before.json", "after.json"].map(|name| self.0.at(name));
        [before, after, "--rollouts".to_owned(), "cockpit-criteria".to_owned()]
    }

    fn outcomes(&self) -> Vec<(String, f64)> {
        let args = self.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let told = json(&[&["backtest"], &args[..]].concat());
        let one = |one: &Value| {
            let ratio = one["ratio"].as_f64().unwrap_or(f64::NAN);
            (one["outcome"].as_str().expect("words").to_owned(), ratio)
        };
        told["criteria"].as_array().expect("criteria").iter().map(one).collect()
    }
}

fn near(met: &(String, f64), outcome: &str, ratio: f64) {
    assert!(met.0 == outcome && (met.1 - ratio).abs() < 0.02, "{met:?}, not {outcome} {ratio}");
}

#[test]
fn a_real_fall_meets_all_three() {
    // Every second digest is gone and the others are a quarter smaller, over a longer window: told
    // a day, totals fall to 0.5 x 0.75.
    let windows = Windows::new(&days(0, 7, 1, 40_000), &days(10, 14, 2, 30_000));
    let met = windows.outcomes();
    near(&met[0], "met", 0.375);
    near(&met[1], "met", 0.5);
    near(&met[2], "met", 0.75);
}

#[test]
fn an_average_may_fall_while_the_total_rises() {
    let windows = Windows::new(&days(0, 7, 2, 40_000), &days(10, 7, 1, 30_000));
    let met = windows.outcomes();
    near(&met[0], "not met: it did not fall", 1.5);
    near(&met[1], "not met: it did not fall", 2.0);
    near(&met[2], "met", 0.75);
}

#[test]
fn a_small_fall_is_less_than_wanted() {
    let windows = Windows::new(&days(0, 7, 1, 40_000), &days(10, 7, 1, 36_000));
    let met = windows.outcomes();
    near(&met[0], "fell, but by less than wanted", 0.9);
    near(&met[1], "not met: it did not fall", 1.0);
    near(&met[2], "met", 0.9);
}

#[test]
fn a_window_that_lost_lines_is_not_measured() {
    let windows = Windows::new(&days(0, 7, 1, 40_000), &days(10, 14, 2, 30_000));
    let skips = Some(SkipCounts { damage: 3, harmless: 1 });
    let cut = Recording { skips, ..recording(&days(10, 14, 2, 30_000)) };
    windows.0.file("after.json", &format::to_json(&cut));
    let args = windows.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = run(&[&["backtest"], &args[..]].concat());
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    for words in ["not measured", "unreadable): 3"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
}

/// What is said where nothing can be judged.
fn unmeasured(before: &[Woken<'_>], after: &[Woken<'_>], words: &[&str]) {
    let windows = Windows::new(before, after);
    let args = windows.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = run(&[&["backtest"], &args[..]].concat());
    let out = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(out.contains("digest tokens drop materially: not measured: "), "{out}");
    for word in words {
        assert!(out.contains(word), "no {word:?} in {out}");
    }
}

#[test]
fn a_folder_that_moved_is_no_fall() {
    let before = days(0, 7, 1, 40_000);
    let after = days(10, 7, 1, 40_000);
    let only = |agent: &str| -> Vec<Woken<'static>> {
        after.iter().copied().filter(|one| one.1 == agent).collect()
    };
    let both_homes = "name the old home and the new ones";
    // The controller's rollouts lie elsewhere.
    let gone = "daddy-autopilot is in the first window and nowhere in the second";
    unmeasured(&before, &only("frontend"), &[gone, both_homes]);
    // The workers' do.
    let words = ["digests of the second window tell of finished work", both_homes];
    unmeasured(&before, &only(DADDY), &words);
    // The controller moved on the second day.
    let moved = |one: &Woken<'_>| one.1 == "frontend" || one.0 < 12 * DAY_S;
    let part: Vec<_> = after.iter().copied().filter(moved).collect();
    let words = ["the last invocation of daddy-autopilot is of 2026-02-13T20:10", both_homes];
    unmeasured(&before, &part, &words);
    // It is there, but no digest of work is.
    let mut other = only("frontend");
    other.extend((0..6).map(|day| ((10 + day) * DAY_S, DADDY, "USER_REQUEST", "", 9_000)));
    unmeasured(&before, &other, &["work was done in the second window, but no digest told of it"]);
    // There was nothing before.
    let words = ["daddy-autopilot / ORCHESTRATOR_UPDATE is nowhere in the first window"];
    unmeasured(&only("frontend"), &days(20, 7, 1, 40_000), &words);
}

#[test]
fn one_folder_and_a_date_are_two_windows() {
    let mut all = days(0, 7, 1, 40_000);
    all.extend(days(7, 7, 2, 30_000));
    let folder = Folder::new(&[("all.json", &format::to_json(&recording(&all)))]);
    let (all, at) = (folder.at("all.json"), "2026-02-09");
    let args = ["backtest", &all, "--at", at, "--rollouts", "cockpit-criteria"];
    let told = json(&args);
    let windows = &told["windows"];
    assert_eq!((&windows[0][1], &windows[1][0]), (&windows[1][0], &windows[0][1]));
    assert_eq!(windows[1][0], "2026-02-09T00:00:00Z");
    assert_eq!(told["executed"], serde_json::json!([42, 42]));
    assert_eq!(told["criteria"][0]["outcome"], "met");
    assert!(ok(&args).contains("told a day"));
    let far = ["backtest", all.as_str(), "--at", "2030-01-01", "--rollouts", "cockpit-criteria"];
    refused(&far, &["no calls on one side"]);
    let table = folder.file("steps.csv", b"pr,read\n1,5\n");
    let two = ["backtest", &table, &table, "--rollouts", "cockpit-criteria"];
    refused(&two, &["a step table has no invocations"]);
}
