//! Draws that several machines make: in whatever ranges, of whatever parts, one comparison.

use crate::laws::data;
use crate::run::{Folder, here, ok, refused, run};
use serde_json::Value;

/// The draws of a comparison, made in so many parts; the last part comes first.
fn made_in_parts(experiment: &[&str], draws: u32, parts: u32) -> Vec<String> {
    let count = draws.div_ceil(parts);
    let sets = Folder::new(&[]);
    let sets = sets.file("sets.json", ok(&[&["fleet", "sets"], experiment].concat()).as_bytes());
    let part = |at: u32| {
        let (first, count) = ((at * count).to_string(), count.to_string());
        // Every other one finds the sets itself.
        let range = ["--first", &first, "--count", &count, "--sets", &sets];
        let range = if at.is_multiple_of(2) { &range[..] } else { &range[..4] };
        ok(&[&["fleet", "draws"], experiment, range].concat())
    };
    let lines: Vec<String> = (0..parts).rev().map(part).collect();
    lines.concat().lines().map(str::to_owned).collect()
}

/// Holds a comparison of draws that were made in parts against one that makes them itself.
fn check(experiment: &[&str], draws: u32, parts: &[u32], format: &[&str]) {
    let draws_text = draws.to_string();
    let experiment = [experiment, &["--draws", &draws_text]].concat();
    let compare = [&["compare"], &experiment[..], format].concat();
    let whole = ok(&compare);
    for &parts in parts {
        let mut lines = made_in_parts(&experiment, draws, parts);
        assert_eq!(lines.len(), draws as usize, "{compare:?} in {parts}");
        // A part that was made twice does no harm.
        lines.push(lines[0].clone());
        let folder = Folder::new(&[("drawn.jsonl", (lines.join("\n\n") + "\n").as_bytes())]);
        let from_parts = ok(&[&compare[..], &["--drawn", &folder.at("drawn.jsonl")]].concat());
        assert!(from_parts == whole, "{compare:?} in {parts} parts");
    }
}

#[test]
fn draws_made_in_parts_compare_as_those_made_at_once() {
    // Parts of one draw: a test beside the code.
    check(&["order-774", "--with", "R1,R4"], 16, &[1, 2, 7], &["--json"]);
    check(&["order-774", "--with", "R1,R4"], 16, &[2], &["--details"]);
    check(&["order-774", "--with", "R1,R4"], 16, &[2], &["--format", "markdown"]);
    check(&[&here("tests/fixtures/autoskillit")], 20, &[3], &["--json"]);
    check(&[&here("tests/fixtures/queues/by-hand.toml")], 8, &[8], &["--json"]);
}

/// The files of a recording cut into so many parts, and what `fleet sets` said.
fn cut(recordings: &[&str], flags: &[&str], parts: usize) -> (Folder, Vec<String>, String) {
    let folder = Folder::new(&[]);
    let (asked, experiment) = (parts.to_string(), [recordings, flags].concat());
    let told = run(&[&["fleet", "sets", "--parts", &asked], &experiment[..]].concat());
    let sets = folder.file("sets.json", told.out.as_bytes());
    let out = folder.at("parts");
    ok(&[&["fleet", "cut"], &experiment[..], &["--sets", &sets, "--out", &out]].concat());
    let mut files: Vec<String> = std::fs::read_dir(&out)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .filter(|file| file.extension().is_some_and(|ending| ending == "wtr"))
        .map(|file| file.to_str().expect("UTF-8").to_owned())
        .collect();
    files.sort_unstable();
    (folder, files, told.err)
}

/// The draws of a part in two ranges, the later one first.
fn draws_of_part(part: &str, flags: &[&str], sets: &str) -> String {
    let draws =
        |range: &[&str]| ok(&[&["fleet", "draws", part], flags, range, &["--sets", sets]].concat());
    draws(&["--first", "2"]) + &draws(&["--count", "2"])
}

/// Holds a comparison of draws that were made of parts against one that makes them itself.
fn check_parts(
    recordings: &[&str],
    flags: &[&str],
    (draws, asked, there): (u32, usize, usize),
    format: &[&str],
) {
    let draws = draws.to_string();
    let experiment = [flags, &["--draws", &draws]].concat();
    let compare = [&["compare"], recordings, &experiment, format].concat();
    let whole = ok(&compare);
    let (folder, files, said) = cut(recordings, &experiment, asked);
    assert_eq!(files.len(), there, "{compare:?}");
    assert_eq!(said.contains(&format!("{there} of {asked} parts: ")), there < asked, "{said}");
    // How many draws there are the sets know.
    let sets = folder.at("sets.json");
    let lines: Vec<String> =
        files.iter().rev().map(|part| draws_of_part(part, flags, &sets)).collect();
    let drawn = folder.file("drawn.jsonl", lines.concat().as_bytes());
    let from_parts = ok(&[&compare[..], &["--drawn", &drawn]].concat());
    assert!(from_parts == whole, "{compare:?} in {there} parts");
}

#[test]
fn draws_of_parts_compare_as_those_of_the_whole() {
    let fixtures = [here("tests/fixtures/probes"), here("tests/fixtures/autoskillit")];
    let fixtures = fixtures.each_ref().map(String::as_str);
    for (asked, there) in [(1, 1), (2, 2), (7, 7), (64, 12)] {
        check_parts(&fixtures, &[], (5, asked, there), &["--json"]);
    }
    check_parts(&fixtures, &["--set", "G5.insist=20"], (5, 3, 3), &["--details"]);
    // What parts do not hold is selected and priced all the same.
    let scenario = b"schema = \"windtunnel.scenario/1\"\n\
                     [select]\nstep = [\"\", \"implement\"]\n\
                     [models]\n\"claude-sonnet-4-6\" = \"claude-sonnet-4-5\"\n\
                     [toggles.G5]\n[toggles.G6]\n[toggles.G7]\n";
    let folder = Folder::new(&[("mine.toml", scenario)]);
    let flags = ["--scenario", &folder.at("mine.toml")];
    check_parts(&fixtures, &flags, (5, 4, 4), &["--json"]);
}

#[test]
fn parts_of_other_sets_are_refused() {
    let fixture = here("tests/fixtures/probes");
    let (folder, files, _) = cut(&[&fixture], &["--draws", "3"], 2);
    let (other, others, _) = cut(&[&fixture], &["--draws", "3"], 3);
    let sets = folder.at("sets.json");
    let words = ["sets.json: the sets are of another experiment: "];
    refused(&["fleet", "draws", &others[0], "--sets", &sets], &words);
    refused(&["fleet", "draws", &files[0], "--sets", &sets, "--seed", "1"], &words);
    let out = other.at("new");
    refused(&["fleet", "cut", &files[0], "--sets", &sets, "--out", &out], &words);
    let published = ["fleet", "cut", "order-774", "--sets", &sets, "--out", &out];
    refused(&published, &["order-774: published totals are not cut: `fleet draws` takes them"]);
    let lines = draws_of_part(&files[0], &[], &sets);
    let drawn = folder.file("drawn.jsonl", lines.as_bytes());
    let compare = ["compare", &fixture, "--draws", "3", "--drawn", &drawn];
    refused(&compare, &["drawn.jsonl: draw 0 is missing in part 2; there are 3 of 6"]);
}

#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
#[test]
fn draws_of_real_transcripts_may_be_made_in_parts() {
    let folder = Folder::new(&[]);
    let recording = folder.at("claude.wtr");
    ok(&["import", data("claude/entireio+entire-sem").to_str().unwrap(), "-o", &recording]);
    check(&[&recording], 20, &[4], &["--json"]);
    check_parts(&[&recording], &[], (4, 7, 7), &["--json"]);
}

#[test]
fn the_number_of_draws_is_told_and_what_few_of_them_leave_open() {
    let told = |draws: &[&str]| {
        let sets: Value = parsed(&[&["fleet", "sets", "order-774"], draws].concat());
        let compared = parsed(&[&["compare", "order-774", "--json"], draws].concat());
        let joint = compared["joint"].clone();
        assert_eq!(sets["draws"], joint["draws"], "{draws:?}");
        (sets["draws"].as_u64().expect("a number"), joint)
    };
    let (count, joint) = told(&[]);
    assert_eq!((count, joint.get("ends_of_share_of_dollars")), (1_000, None));
    let many = joint["share_of_dollars"].clone();
    let (count, joint) = told(&["--draws", "200"]);
    let ends = &joint["ends_of_share_of_dollars"];
    assert_eq!(count, 200);
    let share = |value: &Value| value.as_f64().expect("a share");
    for end in ["p10", "p90"] {
        let [low, high] = ["low", "high"].map(|side| share(&ends[format!("{end}_{side}")]));
        assert!(low < high, "{ends}");
        // The draws of a small number are the first of a larger one.
        for joint in [&joint["share_of_dollars"], &many] {
            assert!((low..=high).contains(&share(&joint[end])), "{end} of {joint}: {ends}");
        }
    }
    let real = here("tests/fixtures/autoskillit");
    for (compare, expect) in [
        (
            &["compare", &real, "--draws", "30"][..],
            "30 trials (P10, P90 of all together off by up to ",
        ),
        (
            &["compare", "order-774", "--draws", "30", "--details"],
            " Of so few, P10 of all together is ",
        ),
    ] {
        let words = ok(compare).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(expect), "{words}");
    }
}

fn parsed(arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(arguments)).expect("JSON")
}

#[test]
fn a_range_beyond_the_last_draw_is_empty() {
    let run = |range: &[&str]| {
        let lines = ok(&[&["fleet", "draws", "order-774", "--with", "R1"], range].concat());
        lines.lines().count()
    };
    assert_eq!(run(&["--draws", "5", "--first", "3", "--count", "4"]), 2);
    assert_eq!(run(&["--draws", "5", "--first", "3"]), 2);
    assert_eq!(run(&["--draws", "5", "--first", "5", "--count", "4294967295"]), 0);
    assert_eq!(run(&["--draws", "0"]), 0);
}

#[test]
fn lines_that_are_not_the_draws_of_an_experiment_are_refused() {
    let experiment = ["order-774", "--with", "R1", "--draws", "4"];
    let lines = ok(&[&["fleet", "draws"], &experiment[..]].concat());
    let lines: Vec<&str> = lines.lines().collect();
    let folder = Folder::new(&[]);
    let check = |flags: &[&str], lines: &[&str], words: &[&str]| {
        let drawn = folder.file("drawn.jsonl", lines.join("\n").as_bytes());
        let compare = [&["compare"], &experiment[..], flags, &["--drawn", &drawn]].concat();
        refused(&compare, &[words, &["drawn.jsonl: "]].concat());
    };
    check(&[], &lines[..2], &["draw 2 is missing; there are 2 of 4"]);
    check(&[], &[], &["draw 0 is missing; there are 0 of 4"]);
    for flags in
        [&["--seed", "1"][..], &["--set", "R1.compliance=50"], &["--model", "claude-sonnet-4-5"]]
    {
        check(flags, &lines, &["line 1: draw 0 is of another experiment: "]);
    }
    let other = lines[1].replace("\"draw\":1", "\"draw\":0");
    let again = [&lines[..], &[&other]].concat();
    check(&[], &again, &["line 5: draw 0 was changed since it was made"]);
    let cut = &lines[2][..lines[2].len() - 9];
    check(&[], &[lines[0], "", cut], &["line 3: not a draw: EOF while parsing"]);
    check(&[], &["[1]"], &["line 1: not a draw: "]);
    let more = lines[3].replace("\"draw\":3", "\"draw\":3,\"x\":1");
    check(&[], &[&more], &["line 1: not a draw: unknown field `x`"]);
}

#[test]
fn sets_of_another_experiment_are_refused() {
    let sets = ok(&["fleet", "sets", "order-774", "--with", "R1,R4", "--draws", "5"]);
    let folder = Folder::new(&[("sets.json", sets.as_bytes()), ("none.json", b"{}")]);
    let draws = ["fleet", "draws", "order-774", "--with", "R1,R4", "--draws"];
    let refuse = |draws_and_sets: [&str; 3], words: &[&str]| {
        refused(&[&draws[..], &draws_and_sets].concat(), words);
    };
    refuse(["6", "--sets", &folder.at("sets.json")], &["sets.json: the sets are of another"]);
    refuse(["5", "--sets", &folder.at("none.json")], &["none.json: no sets: "]);
}
