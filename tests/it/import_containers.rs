//! Each format in each container: the same calls, to the token.

use crate::import_bad_input::{import_files, prompt, response};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Write as _;
use std::process::{Command, Stdio};
use windtunnel::import::{ImportResult, SkipReason};

fn text() -> String {
    [prompt("\"hi \u{e9}\u{1F600}\""), response("a", 0, 5), response("b", 100, 7)].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).and_then(|()| packed.finish()).expect("a vector can be written")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{FEFF}{text}").encode_utf16().flat_map(unit).collect()
}

/// The records as an array: pretty-printed as `jq .` prints it, and on one line.
fn arrays(text: &str) -> [String; 2] {
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let pretty = serde_json::to_string_pretty(&records).expect("values can be written");
    [pretty, serde_json::to_string(&records).expect("values can be written")]
}

fn import_one(name: &str, bytes: &[u8]) -> ImportResult {
    import_files(&[(name, bytes)]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn usages(imported: &ImportResult) -> Vec<(i64, i64)> {
    let calls = &imported.recording.calls;
    calls.iter().map(|call| (call.usage.read, call.usage.output)).collect()
}

#[test]
fn every_container_holds_the_same_calls() {
    let text = text();
    let plain = import_one("s.jsonl", text.as_bytes());
    let [pretty, one_line] = arrays(&text);
    for (name, bytes) in [
        ("s.jsonl.gz", gzip(text.as_bytes())),
        ("s.jsonl.zst", zstd(text.as_bytes())),
        ("s.jsonl", gzip(text.as_bytes())),
        ("s.jsonl", utf16(&text, u16::to_le_bytes)),
        ("s.jsonl", utf16(&text, u16::to_be_bytes)),
        ("s.jsonl.gz", gzip(&utf16(&text, u16::to_le_bytes))),
        ("s.jsonl", pretty.clone().into_bytes()),
        ("s.json", one_line.into_bytes()),
        ("s.json.zst", zstd(&utf16(&pretty, u16::to_be_bytes))),
        ("s.json", format!("\u{FEFF}{pretty}").into_bytes()),
        ("s.jsonl", text.replace('\n', "").into_bytes()),
        ("s.jsonl", text.replace("}\n", "\n}\n").into_bytes()),
    ] {
        let imported = import_one(name, &bytes);
        assert_eq!(usages(&imported), usages(&plain), "{name}");
        let tokens = |imported: &ImportResult| {
            imported.recording.blocks.iter().map(|block| block.tokens).collect::<Vec<_>>()
        };
        assert_eq!(tokens(&imported), tokens(&plain), "{name}");
        assert_eq!(imported.skips, [], "{name}");
    }
}

#[test]
fn what_is_whole_counts_and_what_is_not_is_told() {
    let (a, b) = (response("a", 0, 5), response("b", 100, 7));
    let (a, b) = (a.trim_end(), b.trim_end());
    for (line, skips) in [
        (format!("{a}{b}"), vec![]),
        (format!("{a}\0\0\n{b}\n\0\0\0"), vec![SkipReason::Padding(2), SkipReason::Padding(3)]),
        (format!("{a}\n\0\0{b}\n"), vec![SkipReason::Padding(2)]),
        (format!("{a}\n{}{b}\n", &a[..a.len() / 2]), vec![SkipReason::PartOfLine(1)]),
        (
            format!("[{a},{b},{}", &a[..40]),
            vec![SkipReason::Json(windtunnel::import::JsonFault::CutShort)],
        ),
    ] {
        let imported = import_one("s.jsonl", line.as_bytes());
        assert_eq!(usages(&imported), [(0, 5), (100, 7)], "{line}");
        let reasons: Vec<_> = imported.skips.iter().map(|skip| skip.reason.clone()).collect();
        assert_eq!(reasons, skips, "{line}");
        let counts = imported.recording.skips.map(|counts| (counts.damage, counts.harmless));
        assert_eq!(counts, Some((skips.len() as u64, 0)));
    }
}

#[test]
fn codex_exec_is_known_by_its_totals() {
    let text = "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"turn.started\"}\n\
                {\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":21294,\
                \"cached_input_tokens\":6912,\"output_tokens\":47}}\n";
    let imported = import_one("run.jsonl", text.as_bytes());
    let usages: Vec<_> = imported.recording.remainders.iter().map(|rest| rest.usage).collect();
    assert_eq!(usages.len(), 1);
    assert_eq!((usages[0].fresh, usages[0].read, usages[0].output), (14_382, 6_912, 47));
}

#[test]
fn a_run_and_its_rollout_count_once() {
    let counts = "{\"input_tokens\":90,\"cached_input_tokens\":30,\
                  \"cache_write_input_tokens\":40,\"output_tokens\":7,\"total_tokens\":97}";
    let rollout = format!(
        "{{\"timestamp\":\"2026-10-10T09:00:00Z\",\"type\":\"session_meta\",\
         \"payload\":{{\"id\":\"t\"}}}}\n\
         {{\"timestamp\":\"2026-10-10T09:00:01Z\",\"type\":\"turn_context\",\
         \"payload\":{{\"model\":\"gpt-5.4\"}}}}\n\
         {{\"timestamp\":\"2026-10-10T09:00:05Z\",\"type\":\"event_msg\",\
         \"payload\":{{\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{counts},\
         \"last_token_usage\":{counts}}}}}}}\n"
    );
    let write = ",\"cache_write_input_tokens\":40";
    for (input, write, left) in [(90, write, None), (90, "", None), (120, write, Some(30))] {
        let run = format!(
            "{{\"type\":\"thread.started\",\"thread_id\":\"t\"}}\n\
             {{\"type\":\"turn.completed\",\"usage\":{{\"input_tokens\":{input},\
             \"cached_input_tokens\":30{write},\"output_tokens\":7}}}}\n"
        );
        let files = [("rollout.jsonl", rollout.as_bytes()), ("run.jsonl", run.as_bytes())];
        let recording = import_files(&files).unwrap_or_else(|error| panic!("{error}")).recording;
        assert_eq!((recording.calls.len(), recording.sessions.len()), (1, 1));
        // What the rollout does not show is of its session and its model.
        let rests = recording.remainders.iter().map(|rest| (rest.session, rest.usage.fresh));
        assert_eq!(rests.collect::<Vec<_>>(), left.map(|fresh| (0, fresh)).as_slice());
        assert_eq!(recording.models, ["gpt-5.4"]);
    }
}

/// What `inspect` prints of arguments and standard input.
fn inspect(arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .env("WINDTUNNEL_CACHE", "off")
        .arg("inspect")
        .args(arguments)
        .args(["--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Dropping the handle ends the input.
    program.stdin.take().expect("a pipe").write_all(input).expect("the program reads");
    let output = program.wait_with_output().expect("the program ends");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn standard_input_may_hold_transcripts_or_a_recording() {
    let plain = inspect(&["-"], text().as_bytes());
    assert!(plain.0 && plain.1.contains("\"calls\": 2"), "{}", plain.1);
    assert_eq!(inspect(&["-"], &gzip(text().as_bytes())), plain);
    let recording =
        windtunnel::recording::format::to_json(&import_one("s.jsonl", text().as_bytes()).recording);
    for bytes in [gzip(&recording), zstd(&recording)] {
        let read = inspect(&["-"], &bytes);
        assert!(read.0 && read.1.contains("\"calls\": 2"), "{}", read.1);
    }
    if cfg!(unix) {
        assert!(inspect(&["/dev/stdin"], text().as_bytes()).0);
        let both = inspect(&["/dev/stdin", "order-774"], text().as_bytes());
        assert!(both.0 && !both.1.is_empty());
    }
}

#[test]
fn strict_refuses_damage_alone() {
    let check = |name: &str, bytes: &[u8]| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("s.jsonl"), text()).expect("a file");
        std::fs::write(folder.path().join(name), bytes).expect("a file");
        let options = windtunnel::import::ImportOptions { strict: true, ..Default::default() };
        let paths = [folder.path().to_path_buf()];
        windtunnel::import::import_transcripts(&paths, &options, &|_, _| {})
            .map(|imported| imported.recording.skips.map(|skips| (skips.damage, skips.harmless)))
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        check("history.jsonl", b"{\"display\":\"x\",\"sessionId\":\"s\"}\n"),
        Ok(Some((0, 1)))
    );
    assert!(check("other.jsonl", b"\0\0\0\n").is_err());
    assert!(check("other.jsonl", b"no JSON\n").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    #[test]
    fn any_bytes_behind_any_mark_never_panic(
        mark in prop::sample::select(vec![
            &b"\x1F\x8B\x08\0"[..], b"\x28\xB5\x2F\xFD", b"\xFF\xFE", b"\xFE\xFF",
            b"[", b"{\n", b"\0\0", b"{\"type\":\"user\"}{", b"\xEF\xBB\xBF[",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let _ = import_files(&[("s.jsonl", &[mark, &bytes].concat())]);
    }

    #[test]
    fn changed_containers_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        which in 0_usize..4,
    ) {
        let text = text();
        let [pretty, _] = arrays(&text);
        let mut bytes = match which {
            0 => gzip(text.as_bytes()),
            1 => utf16(&text, u16::to_le_bytes),
            2 => pretty.into_bytes(),
            _ => text.replace('\n', "").into_bytes(),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 2);
        if let Ok(imported) = import_files(&[("s.jsonl", &bytes)]) {
            prop_assert_eq!(imported.recording.check_balance(), Ok(()));
        }
    }
}
