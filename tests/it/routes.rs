//! Routes of packets: the old script's figures to the byte, the right ones beside them, windows,
//! the limiter, and the environment as a file.

use crate::cockpit::recording;
use crate::run::{Folder, here, json, ok, refused, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use windtunnel::intervene;
use windtunnel::recording::format;

const CASES: &str = "tests/fixtures/rollout-metrics";

/// A case of the metrics script: its name, its arguments and its true total.
struct Case {
    name: String,
    args: Vec<String>,
    truth: i64,
}

fn cases() -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(here(CASES))
        .expect("the cases")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let case = |name: String| {
        let text = fs::read(here(&format!("{CASES}/{name}/case.json"))).expect("a case");
        let told: Value = serde_json::from_slice(&text).expect("JSON");
        let args = told["args"].as_array().expect("arguments").iter();
        let args = args.map(|arg| arg.as_str().expect("text").to_owned()).collect();
        Case { name, args, truth: told["truth"].as_i64().expect("a truth") }
    };
    names.into_iter().map(case).collect()
}

/// The command of a case, with more arguments.
fn routes(case: &Case, more: &[&str]) -> Vec<String> {
    let folder = here(&format!("{CASES}/{}/sessions", case.name));
    let more = more.iter().map(|&arg| arg.to_owned());
    ["routes".to_owned(), folder].into_iter().chain(case.args.iter().cloned()).chain(more).collect()
}

#[test]
fn the_old_script_is_printed_to_the_byte() {
    let cases = cases();
    assert_eq!(cases.len(), 18);
    for case in &cases {
        let path = here(&format!("{CASES}/{}/output.txt", case.name));
        let wanted = fs::read_to_string(path).expect("what the script printed");
        let args = routes(case, &["--compat", "rollout-metrics"]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        // The folder is printed as given.
        let (_, rest) = wanted.split_once('\n').expect("lines");
        assert_eq!(ok(&args), format!("sessionsDir: {}\n{rest}", args[1]), "{}", case.name);
    }
}

#[test]
fn the_right_total_is_the_truth() {
    for case in cases() {
        let args = routes(&case, &[]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let told = json(&args);
        let tokens = |value: &Value| value["tokens"].as_i64().unwrap_or(0);
        let all = tokens(&told["inside"]) + tokens(&told["outside"]);
        assert_eq!(all, case.truth, "{}", case.name);
        for table in ["agents", "routes"] {
            let rows = told[table].as_array().expect("rows");
            let sum: i64 = rows.iter().map(tokens).sum();
            assert_eq!(sum, tokens(&told["inside"]), "{table} of {}", case.name);
        }
    }
}

fn case(name: &str) -> Case {
    let found = cases().into_iter().find(|case| case.name.starts_with(name));
    found.unwrap_or_else(|| panic!("no case {name}"))
}

/// Cells of the rows of a table of a case.
fn rows(case: &Case, table: &str, keys: &[&str]) -> Vec<Vec<String>> {
    let args = routes(case, &[]);
    let told = json(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let rows = told[table].as_array().expect("rows").iter();
    let cells = |row: &Value| {
        keys.iter().map(|key| row[*key].to_string().trim_matches('"').to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn sources_are_told_by_agent_and_retries_apart() {
    let met = rows(&case("c11"), "sources", &["agent", "source"]);
    let agents: BTreeSet<&String> = met.iter().map(|row| &row[0]).collect();
    assert_eq!(agents.len(), 2, "{met:?}");
    let met = rows(&case("c09"), "routes", &["packets", "retries", "tokens", "average"]);
    assert_eq!(met, [["1", "2", "82500", "27500"]]);
}

#[test]
fn a_window_takes_its_last_day_whole() {
    let folder = here(&format!("{CASES}/{}/sessions", case("c14").name));
    let inside = |args: &[&str]| {
        let told = json(&[&["routes", &folder], args].concat());
        told["inside"]["tokens"].as_i64().expect("tokens")
    };
    let all = inside(&[]);
    assert_eq!(inside(&["--until", "2026-02-08"]), all);
    let until_midnight = inside(&["--until", "2026-02-08T00:00:00Z"]);
    assert!(until_midnight < all);
    assert_eq!(inside(&["--until", "2026-02-07"]), until_midnight);
    assert_eq!(inside(&["--since", "2026-02-08"]), all - until_midnight);
    let told = unbroken(&ok(&["routes", &folder, "--until", "2026-02-07"]));
    assert!(told.contains("from the first call to before 2026-02-08T00:00:00.000Z, UTC"), "{told}");
}

#[test]
fn what_lies_outside_packets_is_told() {
    let told = unbroken(&ok(&["routes", &here(&format!("{CASES}/{}/sessions", case("c08").name))]));
    assert!(told.contains("No packet woke an agent") && told.contains("60,900"), "{told}");
}

#[test]
fn a_bad_window_or_folder_is_refused() {
    let folder = here(&format!("{CASES}/{}/sessions", case("c08").name));
    refused(&["routes", &folder, "--since", "monday"], &["--since monday", "2026-02-06"]);
    let compat = ["routes", &folder, "--compat", "rollout-metrics"];
    refused(&compat, &["--until"]);
    let compat = [&compat[..], &["--until", "2026-02-08"]].concat();
    refused(&[&compat[..], &["--format", "csv"]].concat(), &["--format"]);
    refused(&[&compat[..], &[&folder]].concat(), &["one folder"]);
    let absent = format!("{folder}/absent");
    let compat = ["routes", &absent, "--compat", "rollout-metrics", "--until", "2026-02-08"];
    refused(&compat, &["no such file"]);
}

/// Words of a text, wherever its lines were broken.
fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const STATUS: &str = "TASK_COMPLETE:STATUS";

/// A recording of three agents, as a file.
fn saved(folder: &Folder) -> String {
    let made = recording(&[
        &[("daddy", "r", STATUS, 2), ("daddy", "r", "TASK_COMPLETE:EXECUTE", 3)],
        &[("daddy", "r", STATUS, 2)],
        &[("autopilot", "r", STATUS, 2)],
    ]);
    folder.file("cockpit.json", &format::to_json(&made))
}

#[test]
fn compare_tells_turns_and_requests_under_the_limiter() {
    let folder = Folder::new(&[]);
    let made = saved(&folder);
    let told = json(&["compare", &made, "--with", "C2,N2"]);
    let limiter = told["limiter"].as_array().expect("a limiter");
    let bounds: Vec<&Value> = limiter.iter().map(|one| &one["turns_at_once"]).collect();
    assert_eq!(bounds, [&Value::Null, &3.into(), &6.into()]);
    for one in limiter {
        assert_eq!((&one["before"]["turns"], &one["after"]["turns"]), (&4.into(), &1.into()));
        assert_eq!(one["before"]["requests"], told["baseline"]["calls"]);
        assert_eq!(one["after"]["requests"], told["variant"]["calls"]);
        assert_eq!(one["before"]["refused"], 0);
    }
    // Each toggle alone is what a comparison with nothing else on has after it.
    for (at, id) in ["C2", "N2"].into_iter().enumerate() {
        let alone = json(&["compare", &made, "--with", id]);
        for (one, own) in limiter.iter().zip(alone["limiter"].as_array().expect("a limiter")) {
            assert_eq!(one["toggles"][at]["id"], id);
            assert_eq!(one["toggles"][at]["alone"], own["after"]);
            assert_eq!(one["toggles"][1 - at]["without"], own["after"]);
        }
    }
    let text = unbroken(&ok(&["compare", &made, "--with", "C2", "--details"]));
    assert!(text.contains("break-even: a resumed session pays"), "{text}");
    assert!(text.contains("`requests_a_minute`"), "{text}");
    let toml =
        "schema = \"windtunnel.scenario/1\"\nrequests_a_minute = 1\ndraws = 0\n[toggles.C1]\n";
    let scenario = folder.file("mine.toml", toml.as_bytes());
    let text = unbroken(&ok(&["compare", &made, "--scenario", &scenario, "--details"]));
    assert!(text.contains("refuses requests beyond 1 a minute"), "{text}");
    let plain = json(&["compare", "order-774", "--with", "R1"]);
    assert!(plain.get("limiter").is_none(), "no packets, no limiter");
}

#[test]
fn the_environment_is_a_file_that_a_shell_reads() {
    let folder = Folder::new(&[]);
    let text = ok(&["env"]);
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line
            .strip_prefix("export ")
            .and_then(|rest| rest.split_once('='))
            .unwrap_or_else(|| panic!("{line}"));
        assert!(names.insert(name.to_owned()), "{name} twice");
        assert!(!value.is_empty() && !value.contains(' '), "{line}");
    }
    let settings = intervene::ALL.iter().flat_map(|one| one.env_settings());
    let known: BTreeSet<String> = settings.map(|setting| setting.name.to_owned()).collect();
    assert_eq!(names, known);
    assert!(names.len() >= 10 && text.contains("no figures"));
    assert!(text.lines().all(|line| line.chars().count() <= 100));

    let made = saved(&folder);
    let path = folder.at("cockpit.env");
    let ran = run(&["env", &made, "--with", "C7,N2", "-o", &path]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    let file = fs::read_to_string(&path).expect("the file");
    let text = unbroken(&file.replace("\n# ", " "));
    assert!(text.contains("Modelled by N2") && text.contains("alone it saves"), "{text}");
    assert!(text.contains("measuring trap") && text.contains("places, no tokens"), "{text}");
    assert_eq!(file.lines().filter(|line| line.starts_with("export ")).count(), 2);
    refused(&["env", "--with", "R1"], &["R1", "C1"]);
}

#[test]
fn all_mistakes_of_published_routes_are_told_at_once() {
    let mut text = fs::read_to_string(here("recorded/cockpit-2026-02.json")).expect("a file");
    for (good, bad) in [
        ("\"controllers\"", "\"controlers\""),
        ("\"236,390,117\"", "\"30%\""),
        ("\"unit\": \"count\"", "\"unit\": \"cuont\""),
        ("\"toggles\": [\"N1\"]", "\"toggles\": [\"N11\"]"),
    ] {
        assert!(text.contains(good), "{good}");
        text = text.replacen(good, bad, 1);
    }
    let folder = Folder::new(&[("mine.json", text.as_bytes())]);
    let ran = run(&["audit", &folder.at("mine.json")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    for words in [
        "unknown key 'controlers' (is it 'controllers'?)",
        "'rows.1.tokens' is \"30%\", wanted tokens",
        "unit' is \"cuont\", wanted one of tokens, count, share, ms, chance (is it 'count'?)",
        "'claims.N1.toggles' is \"N11\", wanted the id of a toggle",
    ] {
        let line = ran.err.lines().find(|line| line.contains(words));
        assert!(line.is_some_and(|line| line.contains(": line ")), "{words}: {}", ran.err);
    }
    // Where the figures are right one by one, what they say together is told.
    let good = fs::read_to_string(here("recorded/cockpit-2026-02.json")).expect("a file");
    let low = good.replacen("\"303,323,485\"", "\"303\"", 1);
    let path = folder.file("low.json", low.as_bytes());
    refused(&["audit", &path], &["totals.daddy-autopilot.tokens", "at least the sum of its rows"]);
}
