//! What stands against a judgement: damage, empty recordings, calls without a price or a time,
//! limits without a figure. Nothing of it passes unless the budget allows it, and every output says
//! it either way.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, Ran, ok, run};
use serde_json::Value;

/// Every way to write a gate's word, with the ending of its file.
const ENDINGS: [&str; 5] = ["txt", "md", "json", "xml", "csv"];

/// A session of six calls: 12 lines.
fn lines() -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    for at in 0..6_u32 {
        calls.push(prompt("\"go on\""));
        calls.push(response(&format!("c{at}"), 100 * at, 5));
    }
    calls
}

/// The same with every line from the third on cut in half: 10 lines are lost.
fn cut_lines() -> Vec<String> {
    let cut = |(at, line): (usize, String)| {
        if at < 2 { line } else { format!("{}\n", &line[..line.len() / 2]) }
    };
    lines().into_iter().enumerate().map(cut).collect()
}

/// A folder with a sound session and a damaged one, and budgets.
fn bench() -> Folder {
    let budget = |more: &str| {
        format!(
            "schema = \"windtunnel.budget/1\"\ndefaults = false\n[limits.total]\n\
             calls = {{ grows = \"3 %\" }}\n{more}"
        )
    };
    Folder::new(&[
        ("sound/s.jsonl", lines().concat().as_bytes()),
        ("cut/s.jsonl", cut_lines().concat().as_bytes()),
        ("none.toml", budget("").as_bytes()),
        ("nine.toml", budget("[allow]\ndamaged = 9\n").as_bytes()),
        ("ten.toml", budget("[allow]\ndamaged = 10\n").as_bytes()),
    ])
}

fn gate(folder: &Folder, baseline: &str, candidate: &str, more: &[&str]) -> Ran {
    let (baseline, candidate) = (folder.at(baseline), folder.at(candidate));
    run(&[&["gate", "--baseline", &baseline, "--candidate", &candidate, "--details"], more]
        .concat())
}

/// What each output of a gate says, annotations last.
fn outputs(folder: &Folder, baseline: &str, candidate: &str, budget: &str) -> Vec<String> {
    let files = ENDINGS.map(|ending| folder.at(&format!("gate.{ending}")));
    let budget = folder.at(budget);
    let mut more = vec!["--budget", &budget, "--format", "github"];
    for file in &files {
        more.extend(["--output", file]);
    }
    let ran = gate(folder, baseline, candidate, &more);
    let read = |file: &String| std::fs::read_to_string(file).expect("it was written");
    files.iter().map(read).chain([ran.out]).collect()
}

#[test]
fn a_damaged_side_is_not_judged_unless_the_budget_allows_as_much() {
    let folder = bench();
    let sides = [("sound", "cut", "candidate"), ("cut", "sound", "baseline")];
    for (baseline, candidate, damaged) in sides {
        for (budget, code) in [("none.toml", 2), ("nine.toml", 2)] {
            let ran = gate(&folder, baseline, candidate, &["--budget", &folder.at(budget)]);
            assert_eq!(ran.code, Some(code), "{damaged} {budget}: {}{}", ran.out, ran.err);
            assert!(ran.out.contains("the gate does not judge"), "{}", ran.out);
            let said = outputs(&folder, baseline, candidate, budget);
            for (ending, text) in ENDINGS.iter().chain(&["annotations"]).zip(&said) {
                let words = ["10 lines", damaged, "damaged = 10"];
                for word in words {
                    assert!(text.contains(word), "{damaged} {budget} {ending}: {word}: {text}");
                }
            }
            let told: Value = serde_json::from_str(&said[2]).expect("JSON");
            assert_eq!((&told["passes"], &told["judged"]), (&false.into(), &false.into()));
            assert_eq!(told["defects"][0]["count"], 10, "{told}");
            assert!(said[3].contains("<error "), "{}", said[3]);
            assert!(said[5].contains("::error "), "{}", said[5]);
        }
    }
    // One call instead of six is within its limit: it may pass where somebody says so, and what is
    // wrong is said all the same.
    let ran = gate(&folder, "sound", "cut", &["--budget", &folder.at("ten.toml")]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let said = outputs(&folder, "sound", "cut", "ten.toml");
    for (ending, text) in ENDINGS.iter().chain(&["annotations"]).zip(&said) {
        assert!(text.contains("10 lines") && text.contains("allow"), "{ending}: {text}");
    }
    assert!(said[3].contains("<skipped ") && !said[3].contains("<error "), "{}", said[3]);
    assert!(said[5].contains("::warning "), "{}", said[5]);
    // Against a damaged baseline everything looks dearer: that is judged where it is allowed.
    let ran = gate(&folder, "cut", "sound", &["--budget", &folder.at("ten.toml")]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
}

#[test]
fn the_damage_of_a_recording_is_known_after_the_import_and_in_every_part() {
    let folder = bench();
    let saved = folder.at("cut.json");
    ok(&["import", &folder.at("cut"), "-o", &saved]);
    let text = std::fs::read_to_string(&saved).expect("it was written");
    assert!(text.contains("\"skips\":{\"damage\":10,\"harmless\":0}"), "{}", &text[..400]);
    for (candidate, more) in [
        ("cut.json", &[][..]),
        ("cut.json", &["--each", "session"]),
        ("cut.json", &["--each", "pipeline"]),
    ] {
        let ran = gate(&folder, "sound", candidate, more);
        assert_eq!(ran.code, Some(2), "{candidate} {more:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("10 lines"), "{candidate} {more:?}: {}", ran.out);
    }
}

#[test]
fn a_baseline_is_not_written_from_damage_unless_the_budget_allows_it() {
    let folder = bench();
    let main = folder.at("main.json");
    let ran = gate(&folder, "main.json", "cut", &["--update"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    for word in ["10 lines", "damaged = 10", "[allow]"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    assert!(!std::path::Path::new(&main).exists());
    let ten = folder.at("ten.toml");
    let ran = gate(&folder, "main.json", "cut", &["--update", "--budget", &ten]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("10 lines"), "{}", ran.out);
    let text = std::fs::read_to_string(&main).expect("it was written");
    assert!(text.contains("\"defects\": {\"damaged\":10},\n"), "{text}");
    // Whoever judges by that file hears of it.
    let ran = gate(&folder, "main.json", "sound", &[]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("baseline: 10 lines"), "{}", ran.out);
    // Noise of damaged sessions is none.
    let cut = folder.at("cut");
    let ran = run(&["gate", "--power", "--candidate", &cut]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("10 lines"), "{}", ran.err);
}

#[test]
fn what_loses_nothing_stands_against_nothing() {
    let folder = bench();
    let zero = response("z", 0, 0).replace(
        "\"input_tokens\":1,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":100",
        "\"input_tokens\":0,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":0",
    );
    let text = [lines().concat(), zero].concat();
    folder.file("zero/s.jsonl", text.as_bytes());
    folder.file("zero/side.jsonl", b"{\"kind\":\"index\"}\n{\"kind\":\"index\"}\n");
    // A copy of the whole folder, too.
    folder.file("zero/copy/s.jsonl", text.as_bytes());
    let ran = gate(&folder, "sound", "zero", &["--budget", &folder.at("none.toml")]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("nothing lost"), "{}", ran.err);
    // A response that does not say what it used is another matter: its bill is lost.
    let silent = response("z", 0, 7).replace("\"usage\"", "\"use\"");
    folder.file("silent/s.jsonl", [lines().concat(), silent].concat().as_bytes());
    let ran = gate(&folder, "sound", "silent", &["--budget", &folder.at("none.toml")]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("damaged = 1"), "{}", ran.out);
    // What is harmless does not crowd out the damage behind it.
    let zeros = response("z", 0, 0).replace(
        "\"input_tokens\":1,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":100",
        "\"input_tokens\":0",
    );
    let text = [lines().concat(), zeros.repeat(300), "{\"cut\n".repeat(150)].concat();
    folder.file("many/s.jsonl", text.as_bytes());
    let ran = gate(&folder, "sound", "many", &["--budget", &folder.at("none.toml")]);
    assert!(ran.out.contains("150 lines"), "{}{}", ran.out, ran.err);
}

#[test]
fn an_unreadable_file_and_an_empty_recording_are_not_judged() {
    let folder = bench();
    folder.file("torn/s.jsonl", lines().concat().as_bytes());
    folder.file("torn/t.jsonl.gz", b"\x1f\x8b\x08\x00garbage");
    let ran = gate(&folder, "sound", "torn", &[]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("damaged = 1"), "{}", ran.out);
    // One of two candidates holds nothing: the mean of the other one is not what changed.
    let sound = folder.at("sound.json");
    ok(&["import", &folder.at("sound"), "-o", &sound]);
    let text = std::fs::read_to_string(&sound).expect("it was written");
    let empty = windtunnel::recording::format::to_json(&windtunnel::recording::Recording {
        name: "empty".to_owned(),
        ..Default::default()
    });
    let empty = folder.file("empty.json", &empty);
    let again = folder.file("again.json", text.as_bytes());
    let args = ["gate", "--details", "--baseline", &sound, "--candidate", &again, &empty];
    let ran = run(&args);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("empty = 1"), "{}", ran.out);
    let allowed = "schema = \"windtunnel.budget/1\"\ndefaults = false\n[allow]\nempty = 1\n";
    let allowed = folder.file("empty.toml", allowed.as_bytes());
    let ran = run(&[&args[..], &["--budget", &allowed]].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    // A baseline file of no sample is none.
    let main = folder.at("main.json");
    let ran = gate(&folder, "main.json", "sound", &["--update"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let text = std::fs::read_to_string(&main).expect("it was written");
    let from = text.find("\"samples\"").expect("samples");
    let hollow = format!("{}\"samples\": [],\n\"figures\": {{}}\n}}\n", &text[..from]);
    folder.file("main.json", hollow.as_bytes());
    let ran = gate(&folder, "main.json", "sound", &[]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("no sample"), "{}", ran.err);
}

#[test]
fn an_unpriced_share_leaves_tokens_judged_and_dollars_unjudged() {
    let folder = bench();
    let odd = lines().concat().replace("claude-sonnet-4-5", "nobody-knows-me-1");
    folder.file("odd/s.jsonl", odd.as_bytes());
    let budget = |limits: &str| {
        let text = format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n{limits}");
        folder.file("budget.toml", text.as_bytes())
    };
    let dollars = "[limits.total]\ndollars = { grows = \"2 %\" }\ncalls = { grows = \"2 %\" }\n";
    let ran = gate(&folder, "sound", "odd", &["--budget", &budget(dollars)]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("6 calls have no price"), "{}", ran.out);
    let told = gate(&folder, "sound", "odd", &["--budget", &budget(dollars), "--format", "json"]);
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    let rows = told["rows"].as_array().expect("rows");
    let judged = |metric: &str| {
        let row = rows.iter().find(|row| row["scope"] == "total" && row["metric"] == metric);
        row.unwrap_or_else(|| panic!("no {metric}"))["judged"].clone()
    };
    assert_eq!((judged("dollars"), judged("calls")), ("unjudged".into(), "within".into()));
    let allowed = format!("{dollars}[allow]\nunpriced = true\n");
    let ran = gate(&folder, "sound", "odd", &["--budget", &budget(&allowed)]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("not judged"), "{}", ran.out);
    // Without a limit in dollars nothing stands against it.
    let calls = "[limits.total]\ncalls = { grows = \"2 %\" }\n";
    let ran = gate(&folder, "sound", "odd", &["--budget", &budget(calls)]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    // A baseline file remembers that its dollars are not all.
    gate(&folder, "main.json", "odd", &["--update"]);
    let ran = gate(&folder, "main.json", "sound", &["--budget", &budget(dollars)]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("baseline: 6 calls have no price"), "{}", ran.out);
}

#[test]
fn first_screens_name_what_the_dollars_leave_out() {
    let folder = bench();
    let odd = lines().concat().replace("claude-sonnet-4-5", "nobody-knows-me-1");
    let odd = odd.replace("\"sessionId\":\"s\"", "\"sessionId\":\"o\"").replace("-c", "-o");
    folder.file("odd/o.jsonl", odd.replace("\"id\":\"c", "\"id\":\"o").as_bytes());
    let (sound, odd) = (folder.at("sound"), folder.at("odd"));
    for command in [&["inspect"][..], &["sweep", "--with", "G7,G10"]] {
        let told = ok(&[command, &[&sound, &odd, "--no-cache"]].concat());
        assert!(told.contains("dollars leave out 6 of 12 calls"), "{told}");
        assert!(told.contains("nobody-knows-me-1"), "{told}");
    }
    // Where no call has a price there are no dollars, and tokens decide.
    for command in ["compare", "sweep"] {
        let told = ok(&[command, &odd, "--no-cache", "--with", "G7"]);
        assert!(told.contains("tokens") && !told.contains('$'), "{told}");
    }
}

#[test]
fn calls_without_times_are_judged_at_the_newest_prices() {
    let folder = bench();
    let timed = lines().concat();
    let pieces = timed.split("\"timestamp\":\"").map(|piece| {
        piece
            .split_once("\",")
            .filter(|(time, _)| time.starts_with("2026"))
            .map_or(piece, |it| it.1)
    });
    folder.file("untimed/s.jsonl", pieces.collect::<String>().as_bytes());
    let ran = gate(&folder, "untimed", "untimed", &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

#[test]
fn a_limit_without_a_figure_is_not_judged_and_one_of_nothing_is() {
    let folder = bench();
    for (limit, code, words) in [
        ("[limits.step.nosuch]\ncalls = { grows = \"1 %\" }\n", 2, "limits.step.nosuch.calls"),
        ("[limits.total]\nuses = { at_most = 3 }\n", 2, "limits.total.uses"),
        ("[limits.tool]\nuses = { grows = \"1 %\" }\n", 2, "limits.tool.uses"),
        ("[limits.saving.all]\ndollars = { at_least = \"10 %\" }\n", 2, "--scenario"),
        ("[limits.step.nosuch]\ncalls = {}\n", 0, "passes"),
        (
            "[limits.step.nosuch]\ncalls = { grows = \"1 %\" }\n[allow]\nunmeasured = 1\n",
            0,
            "limits.step.nosuch.calls",
        ),
        // Nobody wrote to the one-hour cache: that is a figure.
        ("[limits.total]\nwrite_1h = { grows = \"1 %\" }\n", 0, "passes: 1 figure within limits"),
        ("[limits.total]\nwrite_1h = { at_least = 5 }\n", 1, "the gate says no"),
    ] {
        let text = format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n{limit}");
        let budget = folder.file("budget.toml", text.as_bytes());
        let ran = gate(&folder, "sound", "sound", &["--budget", &budget]);
        assert_eq!(ran.code, Some(code), "{limit}: {}{}", ran.out, ran.err);
        let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{limit}: {words}: {flat}");
    }
    for (allow, words) in [
        ("damage = 3", "'allow.damage' (is it 'damaged'?)"),
        ("damaged = true", "wanted a whole number"),
        ("unpriced = \"yes\"", "wanted a whole number, or true for all"),
        ("filled = -1", "wanted a whole number"),
    ] {
        let text =
            format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n[allow]\n{allow}\n");
        let budget = folder.file("budget.toml", text.as_bytes());
        let ran = gate(&folder, "sound", "sound", &["--budget", &budget]);
        assert_eq!(ran.code, Some(2), "{allow}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(words), "{allow}: {}", ran.err);
    }
}

#[test]
fn a_limit_on_requests_a_minute_needs_times() {
    let folder = bench();
    let untimed: String = lines().concat().replace("\"timestamp\":", "\"time\":");
    folder.file("untimed/s.jsonl", untimed.as_bytes());
    let text = "schema = \"windtunnel.budget/1\"\ndefaults = false\n[limits.total]\n\
                requests_a_minute = { grows = \"1 %\" }\ncalls = { grows = \"1 %\" }\n";
    let budget = folder.file("budget.toml", text.as_bytes());
    let ran = gate(&folder, "sound", "untimed", &["--budget", &budget]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("6 calls have no times"), "{}", ran.out);
    let budget = folder.file("budget.toml", format!("{text}[allow]\nuntimed = true\n").as_bytes());
    let ran = gate(&folder, "sound", "untimed", &["--budget", &budget]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let ran = gate(&folder, "sound", "untimed", &["--budget", &folder.at("none.toml")]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}
