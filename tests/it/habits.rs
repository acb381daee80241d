//! What people type without thinking: the same short words do the same in every command.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, here, json, ok, refused};
use serde_json::Value;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens, RecordingSource};
use windtunnel::scenario::{Scenario, toggles_by_id};
use windtunnel::study::progress::ProgressListener;
use windtunnel::study::whatif::{Experiment, compare_toggles};

#[test]
fn json_is_short_for_its_format() {
    let probes = here("tests/fixtures/probes");
    let folder = Folder::new(&[("CLAUDE.md", b"Test first.")]);
    let starts = folder.path();
    for args in [
        &["inspect", "order-774"][..],
        &["compare", "order-774", "--with", "R4", "--draws", "0"],
        &["sweep", "order-774", "--with", "R4"],
        &["steps", "order-774"],
        &["audit", "order-774"],
        &["routes", &probes],
        &["list"],
        &["explain", "R4"],
        &["scenario", "check", "order-774"],
        &["gate", "--baseline", "order-774", "--candidate", "order-774"],
        &["gate-start", starts, starts, "order-774"],
    ] {
        let long = ok(&[args, &["--format", "json"]].concat());
        assert_eq!(ok(&[args, &["--json"]].concat()), long, "{args:?}");
        assert!(long.starts_with('{'), "{args:?}");
    }
    let both = ["list", "--json", "--format", "csv"];
    let ran = crate::run::run(&both);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn out_is_one_word_everywhere_and_the_old_one_still_works() {
    let folder = Folder::new(&[]);
    let written = |name: &str, args: &[&str]| {
        let path = folder.at(name);
        ok(&[args, &[path.as_str()]].concat());
        fs::read(&path).unwrap_or_else(|error| panic!("{args:?}: {error}"))
    };
    let probes = here("tests/fixtures/probes/00_plain");
    let import = ["import", &probes, "--name", "p"];
    let wanted = written("a.json", &[&import[..], &["--out"]].concat());
    for (name, flag) in [("b.json", "-o"), ("c.json", "--output")] {
        assert_eq!(written(name, &[&import[..], &[flag]].concat()), wanted, "{flag}");
    }
    written("sets.csv", &["sweep", "order-774", "--with", "R4", "-o"]);
    written("s.toml", &["scenario", "new", "order-774", "--out"]);
    written("a.env", &["env", "--out"]);
    let gate = ["gate", "--baseline", "order-774", "--candidate", "order-774"];
    written("gate.md", &[&gate[..], &["--out"]].concat());
    refused(&[&gate[..], &["-o", "gate.doc"]].concat(), &["gate.doc", ".md"]);
}

#[test]
fn shares_are_told_in_per_cent() {
    let text = ok(&["explain", "G4"]);
    assert!(text.contains("25.0 %") && !text.contains("1/10,000"), "{text}");
    let told = ok(&["compare", "order-774", "--with", "R4", "--draws", "0", "--provenance"]);
    assert!(told.contains("look_up=") && told.contains('%'), "{told}");
    let share = told.split("look_up=").nth(1).and_then(|rest| rest.split(')').next());
    assert!(share.is_some_and(|share| share.ends_with('%')), "{told}");
}

#[test]
fn a_bill_is_divided_by_day_model_project_skill_and_server() {
    let line = |text: String, id: &str, day: &str, more: &str| {
        text.replace("2026-01-01T00:00", &format!("2026-{day}"))
            .replace("\"s\"", &format!("\"{id}\""))
            .replace("\"version\"", &format!("{more}\"version\""))
    };
    let session = |id: &str, day: &str, more: &str| {
        line([prompt("\"hi\""), response(id, 900, 50)].concat(), id, day, more)
    };
    let skill = "\"attributionSkill\":\"review\",\"attributionMcpServer\":\"tracker\",";
    let folder = Folder::new(&[
        ("-home-me-one/a.jsonl", session("a", "03-01T23:30", skill).as_bytes()),
        ("-home-me-one/b.jsonl", session("b", "03-02T10:00", "").as_bytes()),
        ("-home-me-two/c.jsonl", session("c", "03-02T11:00", "").as_bytes()),
    ]);
    let rows = |args: &[&str]| {
        let told = json(&[&["inspect", folder.path(), "--by"], args].concat());
        let rows = told["bills_by"].as_array().expect("rows").clone();
        // The rows add up to the whole bill.
        for key in ["calls", "fresh", "read", "write_5m", "write_1h", "output", "cost_pico_usd"] {
            let sum: i64 = rows.iter().map(|row| row[key].as_i64().expect(key)).sum();
            assert_eq!(Some(sum), told["totals"][key].as_i64(), "{args:?}: {key}");
        }
        assert!(told["by"].is_null());
        let key = args[0];
        let calls = |row: &Value| row["calls"].as_i64().expect("calls");
        let name = |row: &Value| row["keys"][key].as_str().expect("a name").to_owned();
        rows.iter().map(|row| (name(row), calls(row))).collect::<Vec<_>>()
    };
    let owned = |pairs: &[(&str, i64)]| {
        pairs.iter().map(|(name, calls)| ((*name).to_owned(), *calls)).collect::<Vec<_>>()
    };
    assert_eq!(rows(&["day"]), owned(&[("2026-03-01", 1), ("2026-03-02", 2)]));
    assert_eq!(rows(&["day", "--timezone", "+02:00"]), owned(&[("2026-03-02", 3)]));
    assert_eq!(rows(&["model"]), owned(&[("claude-sonnet-4-5", 3)]));
    assert_eq!(rows(&["project"]), owned(&[("project-1", 2), ("project-2", 1)]));
    assert_eq!(rows(&["project", "--since", "2026-03-02"]).len(), 2);
    assert_eq!(rows(&["skill"]), owned(&[("", 2), ("review", 1)]));
    assert_eq!(rows(&["server"]), owned(&[("", 2), ("tracker", 1)]));
    // For people it is the answer, and the only table; in CSV it is one table as well.
    let text = ok(&["inspect", folder.path(), "--by", "day"]);
    assert!(text.contains("cache writes") && text.contains('$') && !text.contains("Toggles"));
    let csv = ok(&["inspect", folder.path(), "--by", "day,model", "--format", "csv"]);
    assert!(csv.contains("2026-03-02"), "{csv}");
    refused(&["inspect", folder.path(), "--by", "modell"], &["no key 'modell'", "is it 'model'?"]);
}

#[test]
fn names_that_are_nearly_right_are_told_and_all_mistakes_at_once() {
    for (args, words) in [
        (&["inspect", "order-77"][..], &["'order-77' is no file", "is it 'order-774'?"][..]),
        (&["compare", "order-774", "--with", "R22"], &["no toggle 'R22'", "(is it 'R2'?)"]),
        (&["compare", "order-774", "--with", "Q99,Z88"], &["'Q99'", "'Z88'", "`windtunnel list`"]),
        (&["explain", "G44"], &["no toggle 'G44'", "(is it 'G4'?)"]),
        (&["schema", "inspekt"], &["(is it 'inspect'?)"]),
        (&["steps", "order-774", "--order", "775"], &["no session of order '775'"]),
    ] {
        refused(args, words);
        let told = crate::run::run(args).err;
        assert!(told.len() < 320, "no list of everything: {told}");
    }
    let args = ["compare", "order-774", "--with", "R2,Q99", "--set", "R2.calls_per_cite=3"];
    let ran = crate::run::run(&args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines.len() == 3 && lines[0].contains("'Q99'"), "{}", ran.err);
    assert!(lines[1].contains("is it 'calls_per_site'?"), "{}", ran.err);
    assert_eq!(lines[2], "windtunnel: 2 mistakes, nothing was run");
}

#[test]
fn completions_know_what_is_built_in() {
    for (shell, words) in [
        ("bash", &["order-774", "R4", "economics-2026-06", "server"][..]),
        ("zsh", &["R4", "project"]),
        ("fish", &["R4"]),
    ] {
        let script = ok(&["completions", shell]);
        let title = windtunnel::intervene::ALL[0].card().title;
        assert!(shell == "bash" || script.contains(title), "{shell}: no {title}");
        for word in words {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        // A name that no help text has; fish is not told the values of arguments without a flag.
        let has_charts = script.contains("tornado");
        assert_eq!(has_charts, cfg!(feature = "charts") && shell != "fish", "{shell}");
    }
}

#[test]
fn every_draw_is_heard_of_and_moves_no_number() {
    let pipeline = reconstruct::builtin_pipeline("order-774").expect("built in");
    let lens = Lens::Message;
    let fit = reconstruct::reconstruct(&pipeline, lens).expect("fits");
    let source = RecordingSource::Pipeline { reported: pipeline, lens, fit };
    let scenario = Scenario::with_toggles(&toggles_by_id(["R4"]).expect("a toggle"));
    let (toggles, pricing) = (scenario.split_awaiting_toggles(), Pricing::embedded());
    let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
    let quiet = Experiment { draws: 40, ..experiment };
    let (heard, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let listener = |done: u64, all: u64| {
        assert!(done <= all && all == 40);
        heard.fetch_add(1, Ordering::Relaxed);
        most.fetch_max(done, Ordering::Relaxed);
    };
    let told = Experiment { progress: ProgressListener(&listener), ..quiet.clone() };
    let [quiet, told] = [quiet, told].map(|one| compare_toggles(&one).expect("priced"));
    assert_eq!((heard.into_inner(), most.into_inner()), (40, 40));
    assert_eq!(quiet.joint, told.joint);
}

#[test]
fn every_command_has_a_manual_page() {
    let page = ok(&["man"]);
    assert!(page.contains(".TH windtunnel 1") && page.contains("compare"), "{page}");
    for command in ["compare", "inspect", "gate", "report", "import", "export", "audit", "man"] {
        let page = ok(&["man", command]);
        assert!(page.contains(&format!("windtunnel-{command}")), "{page}");
    }
    assert!(ok(&["man", "scenario", "new"]).contains("windtunnel-scenario-new"));
    assert!(ok(&["man", "compare"]).contains("timezone"), "with its options");
    refused(&["man", "inspekt"], &["no command 'inspekt'", "is it 'inspect'?"]);
}
