//! What commands print, whole, as reviewed snapshots (`tests/it/snapshots`): any figure or word
//! that moves is a difference to read.
//!
//! `INSTA_UPDATE=always cargo test --test it outputs` takes what is printed now; what has moved
//! then stands in `git diff`, and a moved figure has its line in the changelog.

use crate::run::run;
use std::fmt::Write as _;

/// What is left behind by a run: all three streams, so that a message to the user is reviewed too.
/// Paths are relative to the package, where tests run, so that they are as long everywhere.
fn printed(args: &[&str]) -> String {
    let ran = run(args);
    let mut text = format!("$ windtunnel {}\n{}", args.join(" "), ran.out);
    if !ran.err.is_empty() {
        let _ = write!(text, "--- standard error\n{}", ran.err);
    }
    if ran.code != Some(0) {
        let _ = writeln!(text, "--- exit code {:?}", ran.code.unwrap_or(-1));
    }
    text
}

fn check(name: &str, args: &[&str]) {
    let settings = insta::Settings::clone_current();
    settings.bind(|| insta::assert_snapshot!(name, printed(args)));
}

/// The same result in several formats; of what has a first screen all that stands behind it, too.
fn check_formats(name: &str, args: &[&str], formats: &[&str]) {
    for format in formats {
        let mut args = [args, &["--format", format]].concat();
        if *format == "table" && ["compare", "sweep"].contains(&args[0]) {
            args.extend(["--details", "--provenance"]);
        }
        check(&format!("{name}_{format}"), &args);
    }
}

const ALL: [&str; 4] = ["table", "csv", "markdown", "json"];
const FOR_PEOPLE: [&str; 1] = ["table"];

#[test]
fn compare_prints_what_was_reviewed() {
    check_formats("compare_order_774", &["compare", "order-774"], &ALL);
    check_formats(
        "compare_asked",
        &["compare", "economics-2026-06", "--set", "E4.share=5000"],
        &ALL,
    );
    for (name, recording) in [("order_775", "order-775"), ("cockpit", "cockpit-2026-02")] {
        check_formats(&format!("compare_{name}"), &["compare", recording], &FOR_PEOPLE);
    }
    check("compare_record_lens", &["compare", "order-774", "--lens", "record"]);
}

#[test]
fn sweep_prints_what_was_reviewed() {
    check_formats("sweep_order_774", &["sweep", "order-774"], &["table", "csv", "markdown"]);
    check("sweep_wide", &["sweep", "--scenario", "scenarios/order-774-wide.toml"]);
}

#[test]
fn inspect_and_audit_print_what_was_reviewed() {
    let recordings = ["order-774", "order-775", "cockpit-2026-02", "economics-2026-06"];
    for recording in recordings {
        check(&format!("inspect_{recording}"), &["inspect", recording]);
        check(&format!("audit_{recording}"), &["audit", recording]);
    }
    check_formats("audit_order_774", &["audit", "order-774"], &["csv", "markdown", "json"]);
    let probes = "tests/fixtures/probes";
    check_formats("inspect_probes", &["inspect", probes, "--fidelity"], &ALL);
    check("inspect_by_tool", &["inspect", "tests/fixtures/codex-probes"]);
}

#[test]
fn steps_and_routes_print_what_was_reviewed() {
    check_formats("steps_log_root", &["steps", "tests/fixtures/autoskillit"], &ALL);
    check_formats("routes_cases", &["routes", "tests/fixtures/rollout-metrics"], &ALL);
}

#[test]
fn the_gate_prints_what_was_reviewed() {
    let baseline = "recorded/order-774.baseline.json";
    let same = ["gate", "--baseline", baseline, "--candidate", "order-774"];
    let other = ["gate", "--baseline", baseline, "--candidate", "order-775"];
    check("gate_same", &same);
    check_formats("gate_other", &other, &["table", "csv", "markdown", "junit", "github"]);
    check("gate_other_lens", &[&same[..], &["--lens", "record"]].concat());
}

#[test]
fn guides_print_what_was_reviewed() {
    // The lean build has no charts to list.
    if cfg!(feature = "charts") {
        check_formats("list", &["list"], &["table", "csv", "markdown"]);
    }
    check("env", &["env"]);
    check("explain_toggle", &["explain", "R4"]);
    check("explain_tables", &["explain", "tables"]);
    check("scenario_new", &["scenario", "new", "order-774"]);
    check("scenario_check", &["scenario", "check", "scenarios/order-774.toml"]);
}

#[test]
fn refusals_print_what_was_reviewed() {
    check("refused_name", &["inspect", "no-such-thing"]);
    check("refused_toggle", &["compare", "order-774", "--with", "R99"]);
    check("refused_key", &["compare", "order-774", "--set", "R4.cup=200"]);
    check("refused_nothing", &["compare"]);
    check("refused_steps", &["steps", "order-774", "--order", "1"]);
}
