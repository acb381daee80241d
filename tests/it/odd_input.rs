//! Odd input: bad clocks, lines beyond the limit, paths beyond the limit, pipes, empty records,
//! rollouts without ids. Each is mended or counted, and nothing else suffers from it.

use crate::import_bad_input::{import_bytes, import_files, prompt, response};
use crate::run::{Folder, json, ok, run};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use windtunnel::import::ImportResult;
use windtunnel::recording::{Basis, CallMarks};

/// 2026-01-01, milliseconds.
const DAY_MS: i64 = 1_767_225_600_000;

/// A prompt and its response at two minutes of the day, or with another stamp, as JSON.
fn call_at(id: u32, minute: u32, stamp: Option<&str>) -> String {
    let at = |minute: u32| {
        let own = format!("\"2026-01-01T00:{minute:02}:00Z\"");
        stamp.map_or(own, str::to_owned)
    };
    let prompt = prompt("\"go on\"").replace("\"2026-01-01T00:00:00Z\"", &at(minute));
    let response = response(&format!("c{id}"), 100 * id, 5);
    prompt + &response.replace("\"2026-01-01T00:00:10Z\"", &at(minute + 1))
}

/// When calls began, in minutes of the day.
fn minutes(imported: &ImportResult) -> Vec<i64> {
    let calls = imported.recording.calls.iter();
    calls.map(|call| (call.start_ms - DAY_MS) / 60_000).collect()
}

#[test]
fn one_bad_clock_moves_its_own_call_and_is_marked() {
    let text = |bad: Option<&str>| -> String {
        let calls = (0..5).map(|at| call_at(at, 4 * at, bad.filter(|_| at == 1)));
        calls.collect()
    };
    let sound = import_bytes(text(None).as_bytes());
    assert_eq!(minutes(&sound), [0, 4, 8, 12, 16]);
    assert_eq!(sound.recording.sessions[0].times_basis, Basis::Billed);
    for bad in [
        "\"9999-12-31T23:59:59Z\"",
        "\"1970-01-01T00:00:01Z\"",
        "\"1960-01-01T00:00:00Z\"",
        "\"2031-01-01T00:00:00Z\"",
        "\"2026-01-01T13:00:00Z\"",
        "\"2025-12-31T13:00:00Z\"",
        "\"soon\"",
        "null",
        "-5",
        "1e300",
    ] {
        let odd = import_bytes(text(Some(bad)).as_bytes());
        // The call began when the one before it was complete; nobody else moved.
        assert_eq!(minutes(&odd), [0, 1, 8, 12, 16], "{bad}");
        let filled =
            |call: &windtunnel::recording::Call| call.marks.contains(CallMarks::TIME_FILLED);
        let marked: Vec<bool> = odd.recording.calls.iter().map(filled).collect();
        assert_eq!(marked, [false, true, false, false, false], "{bad}");
        assert_eq!(odd.recording.sessions[0].times_basis, Basis::Filled, "{bad}");
        assert!(odd.skips.is_empty(), "{bad}: {:?}", odd.skips);
    }
    // A pause of weeks and a response that takes hours are no bad clocks.
    let later = call_at(7, 30, None).replace("2026-01-01T00", "2026-03-01T09");
    let paused = import_bytes((text(None) + &later).as_bytes());
    assert_eq!(paused.recording.sessions[0].times_basis, Basis::Billed);
}

#[test]
fn a_recording_says_that_times_were_filled_and_the_gate_asks_for_leave() {
    let text = |stamp: Option<&str>| -> String {
        (0..5).map(|at| call_at(at, 4 * at, stamp.filter(|_| at == 1))).collect()
    };
    let folder = Folder::new(&[
        ("sound/s.jsonl", text(None).as_bytes()),
        ("odd/s.jsonl", text(Some("\"9999-01-01T00:00:00Z\"")).as_bytes()),
    ]);
    let (sound, odd, saved) = (folder.at("sound"), folder.at("odd"), folder.at("odd.json"));
    ok(&["import", &odd, "-o", &saved]);
    let written = fs::read_to_string(&saved).expect("it was written");
    assert!(written.contains("\"times\":\"filled\"") && written.contains("time_filled"));
    for candidate in [&odd, &saved] {
        let ran = run(&["gate", "--details", "--baseline", &sound, "--candidate", candidate]);
        assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("1 call has a time that was filled in"), "{}", ran.out);
    }
    let budget = |text: &str| {
        let text =
            format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n[limits.total]\n{text}");
        folder.file("budget.toml", text.as_bytes())
    };
    // Calls are calls, whenever they were made.
    for (limits, code) in [
        ("calls = { grows = \"1 %\" }\n", 0),
        ("dollars = { grows = \"1 %\" }\n", 2),
        // Its pause is a guess, and the cache is lost in it.
        ("dollars = { grows = \"50 %\" }\n[allow]\nfilled = 1\n", 0),
        ("dollars = { grows = \"1 %\" }\n[allow]\nfilled = true\n", 1),
        ("requests_a_minute = { at_most = 9 }\n", 2),
    ] {
        let budget = budget(limits);
        let ran = run(&[
            "gate",
            "--details",
            "--baseline",
            &sound,
            "--candidate",
            &odd,
            "--budget",
            &budget,
        ]);
        assert_eq!(ran.code, Some(code), "{limits}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn a_first_line_beyond_the_limit_hides_nothing_behind_it() {
    let long = "x".repeat((64 << 20) + 100);
    // Two such lines before the first call, and a file that is one such line.
    let text = format!("{{\"a\":\"{long}\n{{\"b\":\"{long}\n{}", call_at(0, 0, None));
    let files = [("s.jsonl", text.as_bytes()), ("t.jsonl", &text.as_bytes()[..long.len()])];
    let imported = import_files(&files).expect("a call");
    assert_eq!((imported.recording.calls.len(), imported.skip_counts.damage), (1, 3));
    let told: Vec<(u64, String)> =
        imported.skips.iter().map(|skip| (skip.line, skip.reason.to_string())).collect();
    for (line, (told_line, reason)) in [1, 2].into_iter().zip(&told) {
        assert_eq!(*told_line, line);
        assert!(reason.ends_with("longer than 64 MiB"), "{reason}");
    }
    assert_eq!(told[2].1, "not a transcript of a known format");
}

#[test]
fn empty_records_are_counted_and_nothing_is_lost_with_them() {
    let session: String = (0..2).map(|at| call_at(at, 4 * at, None)).collect();
    let lines: Vec<&str> = session.trim_end().split('\n').collect();
    for (what, text) in [
        ("lines", format!("{session}{}", "{}\n".repeat(3_000))),
        ("one line", format!("{session}{}\n", "{ }".repeat(3_000))),
        ("an array", format!("[{}{}]", lines.join(","), ",{}".repeat(3_000))),
        ("nothing", format!("{session}{}{}", "null\n".repeat(1_500), "[]\n".repeat(1_500))),
    ] {
        let imported = import_bytes(text.as_bytes());
        let counts = imported.skip_counts;
        assert_eq!((counts.damage, counts.harmless), (0, 3_000), "{what}");
        assert_eq!(imported.recording.calls.len(), 2, "{what}");
        assert_eq!(imported.skips.len(), 101, "{what}");
    }
}

#[cfg(unix)]
fn make_pipe(path: &str) -> bool {
    Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())
}

#[test]
#[cfg(unix)]
fn a_pipe_is_read_once_by_name_and_counted_in_a_folder() {
    let session = call_at(0, 0, None);
    let folder = Folder::new(&[("mixed/s.jsonl", session.as_bytes())]);
    let file = folder.file("plain.jsonl", session.as_bytes());
    let pipe = folder.at("pipe");
    assert!(make_pipe(&pipe), "mkfifo is part of every Unix");
    // Whoever writes to a pipe waits for its reader: once, for a reader that opens it once.
    let calls = |name: &str| {
        let mut writer = Command::new("cp").args([&file, &pipe]).spawn().expect("cp");
        let told = json(&["inspect", name]);
        assert!(writer.wait().expect("cp").success());
        told["total"]["calls"].clone()
    };
    assert_eq!(calls(&pipe), json(&["inspect", &file])["total"]["calls"]);
    // In a folder nobody waits for one.
    assert!(make_pipe(&folder.at("mixed/never.jsonl")));
    let saved = folder.at("mixed.json");
    let ran = run(&["import", &folder.at("mixed"), "-o", &saved]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("file-2: a pipe or a device"), "{}", ran.err);
    let written = fs::read_to_string(&saved).expect("it was written");
    assert!(written.contains("\"skips\":{\"damage\":1,\"harmless\":0}"));
}

#[test]
#[cfg(unix)]
fn a_folder_deeper_than_the_system_goes_is_counted() {
    let folder = Folder::new(&[("deep/s.jsonl", call_at(0, 0, None).as_bytes())]);
    // Two trees that the system can name, one put below the other.
    let half = vec!["d".repeat(200); 12].join("/");
    let (upper, lower) = (folder.at(&format!("deep/{half}")), folder.at(&format!("low/{half}")));
    fs::create_dir_all(&upper).and_then(|()| fs::create_dir_all(&lower)).expect("folders");
    fs::write(format!("{lower}/t.jsonl"), call_at(0, 0, None)).expect("a file");
    fs::rename(folder.at("low"), format!("{upper}/low")).expect("moved");
    let ran = run(&["import", &folder.at("deep"), "-o", &folder.at("deep.json")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("1 skipped, 1 of them lost"), "{}", ran.err);
}

/// A rollout without a head: so many calls, each an hour's minute apart from `from`.
fn rollout(calls: u32, from: u32, output: u32) -> String {
    let mut text = String::new();
    let mut line = |minute: u32, kind: &str, payload: &str| {
        let _ = writeln!(
            text,
            "{{\"timestamp\":\"2026-01-01T00:{:02}:00Z\",\"type\":\"{kind}\",\
             \"payload\":{payload}}}",
            from + minute
        );
    };
    line(0, "turn_context", "{\"model\":\"gpt-5\"}");
    for at in 1..=calls {
        let counts = |input: u32, output: u32| {
            format!(
                "{{\"input_tokens\":{input},\"cached_input_tokens\":0,\"output_tokens\":{output}}}"
            )
        };
        let (total, last) = (counts(1_000 * at, output * at), counts(1_000, output));
        line(at, "response_item", "{\"type\":\"message\",\"role\":\"user\",\"content\":[]}");
        line(
            at,
            "event_msg",
            &format!(
                "{{\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{total},\
                 \"last_token_usage\":{last}}}}}"
            ),
        );
    }
    text
}

#[test]
fn rollouts_without_ids_are_told_apart_by_what_they_hold() {
    let (one, cut, other) = (rollout(4, 0, 50), rollout(2, 0, 50), rollout(3, 20, 60));
    let calls = |files: &[(&str, &str)]| {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let imported = import_files(&files).expect("calls");
        (imported.recording.sessions.len(), imported.recording.calls.len())
    };
    assert_eq!(calls(&[("a/run.jsonl", &one)]), (1, 4));
    // A copy under another name is a copy, and so is one that was made before it ended.
    assert_eq!(calls(&[("a/run.jsonl", &one), ("b/copy of run.jsonl", &one)]), (1, 4));
    assert_eq!(calls(&[("a/run.jsonl", &one), ("b/early.jsonl", &cut)]), (1, 4));
    assert_eq!(calls(&[("b/zlate.jsonl", &one), ("a/early.jsonl", &cut)]), (1, 4));
    // Two files of one name that hold other sessions are two.
    assert_eq!(calls(&[("a/run.jsonl", &one), ("b/run.jsonl", &other)]), (2, 7));
}
