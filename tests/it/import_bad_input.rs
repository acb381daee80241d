//! Bad input: every case says what survives and what is skipped, and nothing panics.

use crate::laws::imported;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use windtunnel::import::{ImportError, ImportOptions, ImportResult, import_transcripts};
use windtunnel::recording::Recording;
use windtunnel::store::SearchError;

/// A response with one text block.
pub fn response(id: &str, read: u32, output: u32) -> String {
    format!(
        "{{\"type\":\"assistant\",\"sessionId\":\"s\",\"uuid\":\"u-{id}\",\"version\":\"2.1.200\",\
         \"timestamp\":\"2026-01-01T00:00:10Z\",\"requestId\":\"r-{id}\",\
         \"message\":{{\"id\":\"{id}\",\
         \"model\":\"claude-sonnet-4-5\",\"content\":[{{\"type\":\"text\",\"text\":\"hello\"}}],\
         \"usage\":{{\"input_tokens\":1,\"cache_read_input_tokens\":{read},\
         \"cache_creation_input_tokens\":100,\"output_tokens\":{output}}}}}}}\n"
    )
}

/// A prompt: every one is a row of its own.
pub fn prompt(content: &str) -> String {
    static ROWS: AtomicU64 = AtomicU64::new(0);
    let row = ROWS.fetch_add(1, Ordering::Relaxed);
    format!(
        "{{\"type\":\"user\",\"sessionId\":\"s\",\"uuid\":\"p-{row}\",\
         \"timestamp\":\"2026-01-01T00:00:00Z\",\
         \"message\":{{\"role\":\"user\",\"content\":{content}}}}}\n"
    )
}

/// Imports the files of a fresh folder.
pub fn import_files(files: &[(&str, &[u8])]) -> Result<ImportResult, ImportError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    import_transcripts(&[folder.path().to_path_buf()], &ImportOptions::default(), &|_, _| {})
}

/// Imports one file's bytes.
pub fn import_bytes(bytes: &[u8]) -> ImportResult {
    match import_files(&[("s.jsonl", bytes)]) {
        Ok(imported) => imported,
        Err(error) => panic!("{error}"),
    }
}

fn reasons(imported: &ImportResult) -> Vec<(u64, String)> {
    imported.skips.iter().map(|skip| (skip.line, skip.reason.to_string())).collect()
}

fn outputs(recording: &Recording) -> Vec<i64> {
    recording.calls.iter().map(|call| call.usage.output).collect()
}

#[test]
fn a_cut_last_line_is_a_skip() {
    let whole = format!("{}{}", prompt("\"hi\""), response("a", 0, 5));
    let text = format!("{whole}{}", &response("b", 0, 6)[..200]);
    let imported = import_bytes(text.as_bytes());
    assert_eq!(outputs(&imported.recording), [5]);
    assert_eq!(reasons(&imported), [(3, "cut short: the JSON ends too early".to_owned())]);
}

#[test]
fn a_mark_and_carriage_returns_change_nothing() {
    let text = format!("{}{}", prompt("\"hi\""), response("a", 0, 5));
    let plain = import_bytes(text.as_bytes());
    let odd = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let odd = import_bytes(odd.as_bytes());
    assert_eq!(plain.recording, odd.recording);
    assert!(odd.skips.is_empty());
}

#[test]
fn blanks_after_colons_change_nothing() {
    let text = format!("{}{}", prompt("\"hi\""), response("a", 0, 5));
    let spaced = text.replace("\":", "\": ").replace(",\"", ", \"");
    assert_eq!(import_bytes(text.as_bytes()).recording, import_bytes(spaced.as_bytes()).recording);
}

#[test]
fn broken_text_is_measured() {
    let lone = format!("{}{}", prompt(r#""a\ud83d b""#), response("a", 0, 5));
    let lone = import_bytes(lone.as_bytes());
    assert!(lone.skips.is_empty());
    let mut bytes = prompt("\"aX b\"").into_bytes();
    let at = bytes.iter().position(|&byte| byte == b'X').expect("an X");
    bytes[at] = 0xFF;
    bytes.extend(
        response("a", 0, 5).replace("\"text\":\"hello\"", "\"text\":\"h\\udc00llo\"").bytes(),
    );
    let broken = import_bytes(&bytes);
    assert!(broken.skips.is_empty());
    for imported in [lone, broken] {
        let chars: Vec<u32> = imported.recording.blocks.iter().map(|block| block.chars).collect();
        assert_eq!(chars, [0, 4, 5], "system, prompt, answer");
    }
}

#[test]
fn broken_text_in_names_and_inputs_is_repaired() {
    let input =
        r#"[{"type":"tool_use","id":"t","name":"Ba\ud800sh","input":{"command":"a\udc00"}}]"#;
    let text = response("a", 0, 5).replace(r#"[{"type":"text","text":"hello"}]"#, input);
    let imported = import_bytes(text.as_bytes());
    assert!(imported.skips.is_empty(), "{:?}", imported.skips);
    assert_eq!(imported.recording.tools, ["Ba\u{fffd}sh"]);
}

#[test]
fn unknown_records_are_normal() {
    let text = format!(
        "{}{}{}{}",
        "{\"type\":\"quantum-flux\",\"sessionId\":\"s\",\"message\":17,\"data\":\"x\"}\n",
        "{\"type\":\"progress\",\"data\":[1],\"timestamp\":null}\n",
        response("a", 0, 5),
        "{\"type\":\"later\",\"timestamp\":{\"not\":\"text\"}}\n",
    );
    assert!(import_bytes(text.as_bytes()).skips.is_empty());
}

#[test]
fn what_is_no_record_is_told_without_its_text() {
    let text = format!(
        "{}[1,\"secret\"]\nsecret\n{{\"type\":\"user\",\
         \"message\":{{\"content\":{{\"secret\":1}}}}}}\n",
        response("a", 0, 5)
    );
    let imported = import_bytes(text.as_bytes());
    assert_eq!(imported.skip_counts.total(), 3);
    assert!(imported.skips.iter().all(|skip| !skip.reason.to_string().contains("secret")));
}

#[test]
fn many_bad_lines_are_counted_not_kept() {
    let text = format!("{}{}", response("a", 0, 5), "nonsense\n".repeat(5_000));
    let imported = import_bytes(text.as_bytes());
    assert_eq!(imported.skip_counts.total(), 5_000);
    assert_eq!(imported.skips.len(), 101);
}

#[test]
fn synthetic_records_and_api_errors_are_no_calls() {
    let synthetic = response("b", 0, 9).replace("claude-sonnet-4-5", "<synthetic>");
    let error = response("c", 0, 9).replace("\"uuid\"", "\"isApiErrorMessage\":true,\"uuid\"");
    let text = format!("{}{synthetic}{error}", response("a", 0, 5));
    assert_eq!(outputs(&import_bytes(text.as_bytes()).recording), [5]);
}

#[test]
fn an_overlong_line_is_passed_over() {
    let mut bytes = response("a", 0, 5).into_bytes();
    bytes.extend(b"{\"type\":\"user\",\"x\":\"");
    bytes.resize(bytes.len() + (65 << 20), b'x');
    bytes.extend(b"\"}\n");
    bytes.extend(response("b", 0, 6).bytes());
    let imported = import_bytes(&bytes);
    assert_eq!(outputs(&imported.recording), [5, 6]);
    assert_eq!(imported.skips.len(), 1);
    assert!(
        imported.skips[0].reason.to_string().starts_with("line of 681574"),
        "{:?}",
        imported.skips
    );
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    fs::write(inner.join("s.jsonl"), response("a", 0, 5)).expect("a file");
    std::os::unix::fs::symlink(folder.path(), inner.join("up")).expect("a link");
    std::os::unix::fs::symlink("nowhere", inner.join("dangling.jsonl")).expect("a link");
    let imported = imported(folder.path());
    assert_eq!(outputs(&imported.recording), [5]);
    assert_eq!(imported.recording.sessions[0].file, "inner/s.jsonl");
    assert_eq!(imported.skips.len(), 1, "the dangling link");
}

#[cfg(unix)]
#[test]
fn a_closed_folder_is_a_skip() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.jsonl"), response("a", 0, 5)).expect("a file");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("a mode");
    if fs::read_dir(&closed).is_ok() {
        eprintln!("skipped: this user may read closed folders");
        return;
    }
    let imported = imported(folder.path());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(imported.skips.len(), 1);
    assert_eq!(imported.skips[0].file, "closed/");
}

#[test]
fn errors_say_what_is_wrong() {
    let check =
        |files: &[(&str, &[u8])]| import_files(files).map(|_| ()).map_err(|e| e.to_string());
    let import = |path: &Path| {
        let paths: [PathBuf; 1] = [path.to_path_buf()];
        import_transcripts(&paths, &ImportOptions::default(), &|_, _| {}).map(|_| ())
    };
    let nowhere = import(Path::new("/no/such/place"));
    assert!(matches!(nowhere, Err(ImportError::Search(SearchError::NotFound { .. }))));
    let empty = check(&[]).expect_err("an empty folder");
    assert!(empty.contains("the folder is empty"), "{empty}");
    let other = check(&[("a.txt", b"x")]).expect_err("no transcripts");
    assert!(other.contains("no transcripts in this folder"), "{other}");
    let none = check(&[("a.jsonl", b"{}\n")]).expect_err("no calls");
    assert!(none.contains("format: 0, lines or files skipped: 1, the first: a.jsonl: "), "{none}");
    let none = check(&[("a.jsonl", prompt("\"hi\"").as_bytes())]).expect_err("no calls");
    assert!(none.contains("no calls found; files of a known format: 1, "), "{none}");
}

#[test]
fn strict_makes_the_first_skip_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!("{}nonsense\n", response("a", 0, 5));
    fs::write(folder.path().join("s.jsonl"), text).expect("a file");
    let options = ImportOptions { strict: true, ..ImportOptions::default() };
    let error = import_transcripts(&[folder.path().to_path_buf()], &options, &|_, _| {});
    let error = error.map(|_| ()).expect_err("a strict skip").to_string();
    assert!(error.starts_with("s.jsonl, line 2: no JSON"), "{error}");
}

#[test]
fn no_text_enters_a_recording() {
    let tool = r#"[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"secret"}},
        {"type":"thinking","thinking":"secret","signature":"secret"}]"#
        .replace('\n', "");
    let text = format!(
        "{}{}{}{}",
        prompt("\"secret\""),
        response("a", 0, 5).replace("hello", "secret"),
        response("b", 0, 5).replace(r#"[{"type":"text","text":"hello"}]"#, &tool),
        prompt(r#"[{"type":"tool_result","tool_use_id":"t","content":"secret"}]"#),
    );
    let imported = import_bytes(text.as_bytes());
    assert!(!format!("{imported:?}").contains("secret"));
}

#[test]
fn progress_hears_of_every_byte() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = response("a", 0, 5);
    fs::write(folder.path().join("a.jsonl"), &text).expect("a file");
    fs::write(folder.path().join("b.jsonl"), &text).expect("a file");
    let (most, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let imported = import_transcripts(
        &[folder.path().to_path_buf()],
        &ImportOptions::default(),
        &|done, all| {
            most.fetch_max(done, Ordering::Relaxed);
            total.store(all, Ordering::Relaxed);
        },
    );
    let bytes = 2 * text.len() as u64;
    assert_eq!(imported.map(|imported| imported.bytes).ok(), Some(bytes));
    assert_eq!((most.into_inner(), total.into_inner()), (bytes, bytes));
}
