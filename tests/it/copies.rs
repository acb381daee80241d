//! Copies of sessions add nothing and cut nothing, and totals do not hang on where lines lie.

use crate::import_bad_input::{import_bytes, import_files, prompt, response};
use crate::laws::{data, imported};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use windtunnel::recording::{PriceModifiers, Recording, Remainder, format};
use windtunnel::units::Usage;

/// Tokens by model, of calls and remainders.
fn totals(recording: &Recording) -> BTreeMap<String, Usage> {
    let calls = recording.calls.iter().map(|call| (call.model, call.usage));
    let rests = recording.remainders.iter().map(|rest| (rest.model, rest.usage));
    let mut totals: BTreeMap<String, Usage> = BTreeMap::new();
    for (model, usage) in calls.chain(rests) {
        *totals.entry(recording.model_name(model).to_owned()).or_default() += usage;
    }
    totals
}

fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').collect()
}

/// The lines in an order that a number decides.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for last in (1..items.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
}

/// All files of a folder that match, the largest left out: they take long.
fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending)
                && entry.metadata().is_ok_and(|about| about.len() < 400_000)
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Imports a file cut in parts, whole and once more, and with its lines in another order.
fn check_claude_file(bytes: &[u8], seed: u64) {
    let Ok(whole) = import_files(&[("s.jsonl", bytes)]) else { return };
    let whole = totals(&whole.recording);
    let lines = lines_of(bytes);
    let cut = (seed as usize) % (lines.len() + 1);
    let (head, tail) = (lines[..cut].concat(), lines[cut..].concat());
    let parts: [(&str, &[u8]); 2] = [("s.jsonl", &head), ("s (2).jsonl", &tail)];
    let doubled = [bytes, b"\n", bytes].concat();
    let mut order = lines.clone();
    shuffle(&mut order, seed);
    // The last line may lack its end.
    let shuffled: Vec<u8> =
        order.into_iter().flat_map(|line| [line, b"\n"]).flatten().copied().collect();
    let twice: [(&str, &[u8]); 2] = [("a/s.jsonl", bytes), ("b/s.jsonl", bytes)];
    for (what, files) in [
        ("cut", &parts[..]),
        ("doubled", &[("s.jsonl", &doubled[..])]),
        ("shuffled", &[("s.jsonl", &shuffled[..])]),
        ("beside its copy", &twice[..]),
    ] {
        let met = import_files(files).expect("calls");
        assert_eq!(totals(&met.recording), whole, "{what}, seed {seed}");
    }
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn claude_totals_do_not_hang_on_where_lines_lie() {
    let folders = [data("claude"), data("newer/claude")];
    let files: Vec<PathBuf> =
        folders.iter().flat_map(|folder| files_below(folder, ".jsonl")).collect();
    assert!(files.len() > 50, "{}", files.len());
    for (at, file) in files.iter().enumerate() {
        check_claude_file(&fs::read(file).expect("a file"), 7_919 * at as u64 + 3);
    }
}

/// A rollout whole, beside a copy, beside an older copy, and in two parts of which the second
/// repeats the head and the model.
fn check_codex_file(bytes: &[u8], seed: u64) {
    let Ok(whole) = import_files(&[("s.jsonl", bytes)]) else { return };
    let whole = totals(&whole.recording);
    let lines = lines_of(bytes);
    let has = |line: &[u8], word: &str| {
        let head = &line[..line.len().min(300)];
        String::from_utf8_lossy(head).contains(word)
    };
    let cut = 1 + (seed as usize) % lines.len().max(2).saturating_sub(1);
    let (head, tail) = lines.split_at(cut.min(lines.len()));
    let mut second: Vec<&[u8]> = Vec::new();
    second.extend(head.iter().find(|line| has(line, "session_meta")));
    second.extend(head.iter().rfind(|line| has(line, "turn_context")));
    second.extend(tail);
    let (head, second) = (head.concat(), second.concat());
    let copies: [(&str, &[u8]); 3] =
        [("a/s.jsonl", bytes), ("b/s.jsonl", bytes), ("old.jsonl", &head)];
    let parts: [(&str, &[u8]); 2] = [("s.jsonl", &head), ("t.jsonl", &second)];
    for (what, files) in [("copies", &copies[..]), ("parts", &parts[..])] {
        let met = import_files(files).expect("calls");
        assert_eq!(totals(&met.recording), whole, "{what}, seed {seed}");
    }
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn codex_totals_do_not_hang_on_copies_and_parts() {
    let folders = [data("codex"), data("newer/codex")];
    let files: Vec<PathBuf> =
        folders.iter().flat_map(|folder| files_below(folder, ".jsonl")).collect();
    assert!(files.len() > 20, "{}", files.len());
    for (at, file) in files.iter().enumerate() {
        check_codex_file(&fs::read(file).expect("a file"), 7_919 * at as u64 + 3);
    }
}

/// Puts copies that hold a third and two thirds of each file beside them, under other names.
fn lay_growing_copies(folder: &Path, files: &[PathBuf]) {
    for file in files {
        let bytes = fs::read(file).expect("a file");
        let lines = lines_of(&bytes);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (third, copy) in [
            (1, format!("main/A copy of {name}")),
            (2, format!("main/{name}.sync-conflict.jsonl")),
            (2, format!("backup/{name}")),
        ] {
            let copy = folder.join(copy);
            fs::create_dir_all(copy.parent().expect("a parent")).expect("a folder");
            fs::write(copy, lines[..lines.len() * third / 3].concat()).expect("a copy");
        }
    }
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn growing_copies_change_nothing() {
    for (source, ending) in
        [("claude/entireio+cli", ".jsonl"), ("newer/claude", ".jsonl"), ("newer/codex", ".jsonl")]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let main = folder.path().join("main");
        fs::create_dir_all(&main).expect("a folder");
        let files: Vec<PathBuf> = files_below(&data(source), ending).into_iter().take(12).collect();
        for file in &files {
            fs::copy(file, main.join(file.file_name().unwrap_or_default())).expect("a copy");
        }
        let before = imported(folder.path());
        lay_growing_copies(folder.path(), &files);
        let after = imported(folder.path());
        assert_eq!(before.recording, after.recording, "{source}");
        assert!(after.copies > before.copies, "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn totals_of_a_session_do_not_hang_on_where_lines_lie(
        outputs in prop::collection::vec(1_u32..900, 1..9),
        seed in any::<u64>(),
    ) {
        let mut text = String::new();
        for (at, output) in outputs.iter().enumerate() {
            text += &prompt("\"go on\"");
            let whole = response(&format!("m{at}"), 100 * at as u32, *output);
            // A response is written in several rows, and its output grows.
            text += &response(&format!("m{at}"), 100 * at as u32, 1).replace("u-m", "first-u-m");
            text += &whole;
        }
        check_claude_file(text.as_bytes(), seed);
    }
}

#[test]
fn a_copy_with_a_call_of_its_own_is_a_branch() {
    let at = |text: String, second: u32| text.replace("00:00:10", &format!("00:00:{second}"));
    let shared = format!("{}{}", prompt("\"hi\""), at(response("a", 0, 5), 11));
    let full =
        format!("{shared}{}{}", at(response("b", 100, 6), 12), at(response("c", 200, 7), 13));
    let branch = format!("{shared}{}", at(response("x", 100, 9), 20));
    for names in [["a.jsonl", "b.jsonl"], ["z.jsonl", "b.jsonl"]] {
        let files = [(names[0], full.as_bytes()), (names[1], branch.as_bytes())];
        let imported = import_files(&files).expect("calls");
        let mut calls: Vec<u32> = imported.recording.sessions.iter().map(|s| s.calls).collect();
        calls.sort_unstable();
        assert_eq!(calls, [1, 3], "the fullest keeps all of its own");
        let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
        assert!(
            notes.iter().any(|note| note.contains("a session of their own each: 1")),
            "{notes:?}"
        );
    }
}

#[test]
fn every_sampling_is_a_remainder_with_its_copy_left_out() {
    let iterations = "\"iterations\":[{\"type\":\"message\",\"input_tokens\":1,\
        \"cache_creation_input_tokens\":100,\"output_tokens\":5},{\"type\":\"advisor_message\",\
        \"model\":\"claude-opus-4-5\",\"input_tokens\":70,\"output_tokens\":9}],\"input_tokens\"";
    let text = response("a", 0, 5).replacen("\"input_tokens\"", iterations, 1);
    let once = import_bytes(text.as_bytes()).recording;
    let files = [("s.jsonl", text.as_bytes()), ("old/s.jsonl", text.as_bytes())];
    let twice = import_files(&files).expect("calls").recording;
    for recording in [once, twice] {
        let [rest] = &recording.remainders[..] else { panic!("{:?}", recording.remainders) };
        assert_eq!((rest.usage.fresh, rest.usage.output, &*rest.why), (70, 9, Remainder::ADVISOR));
        assert_eq!(recording.model_name(rest.model), "claude-opus-4-5");
        assert_eq!(recording.total_usage().output, 5);
    }
}

#[test]
fn samplings_beyond_a_call_cost_under_the_conditions_of_its_response() {
    let sampling = "{\"input_tokens\":1,\"cache_creation_input_tokens\":50,\"output_tokens\":2}";
    let iterations = format!(
        "\"speed\":\"fast\",\"iterations\":[{sampling},{sampling},{{\"type\":\"advisor_message\",\
         \"model\":\"claude-opus-4-5\",\"input_tokens\":70,\"output_tokens\":9}}],\"input_tokens\""
    );
    let text = response("a", 0, 4)
        .replacen("\"input_tokens\":1", "\"input_tokens\":2", 1)
        .replacen("\"input_tokens\"", &iterations, 1);
    let recording = import_bytes(text.as_bytes()).recording;
    let mut seen: Vec<_> =
        recording.remainders.iter().map(|rest| (&*rest.why, rest.modifiers)).collect();
    seen.sort_unstable_by_key(|(why, _)| *why);
    // The advisor is another request, whose own usage tells no condition.
    let want = [
        (Remainder::ADVISOR, PriceModifiers::empty()),
        (Remainder::EARLIER_SAMPLING, PriceModifiers::FAST),
    ];
    assert_eq!(seen, want);
    let text = format::to_json(&recording);
    assert_eq!(format::from_json(&text).expect("a recording"), recording);
}

#[test]
fn equal_statements_of_a_response_each_tell_conditions() {
    let told = |condition: &str| {
        let more = format!("{condition},\"input_tokens\"");
        response("a", 0, 5).replacen("\"input_tokens\"", &more, 1)
    };
    let fast = told("\"speed\":\"fast\"");
    let searched = told("\"server_tool_use\":{\"web_search_requests\":2}");
    for lines in [format!("{fast}{searched}"), format!("{searched}{fast}")] {
        let calls = import_files(&[("s.jsonl", lines.as_bytes())]).expect("calls").recording.calls;
        let facts: Vec<_> = calls.iter().map(|call| call.facts).collect();
        assert_eq!(facts.len(), 1, "{lines}");
        assert_eq!((facts[0].modifiers, facts[0].web_searches), (PriceModifiers::FAST, 2));
    }
}

#[test]
fn the_conditions_of_a_price_come_with_the_fuller_usage() {
    let fast =
        |text: String| text.replacen("\"input_tokens\"", "\"speed\":\"fast\",\"input_tokens\"", 1);
    // The session with more calls is the fullest, and its first response was cut while it streamed.
    let cut = format!("{}{}", response("a", 0, 5), response("b", 100, 6));
    let told = fast(response("a", 0, 50));
    let files = [("s.jsonl", cut.as_bytes()), ("old/s.jsonl", told.as_bytes())];
    let calls = import_files(&files).expect("calls").recording.calls;
    let seen: Vec<_> = calls.iter().map(|call| (call.usage.output, call.facts.modifiers)).collect();
    assert_eq!(seen, [(50, PriceModifiers::FAST), (6, PriceModifiers::empty())]);
}
