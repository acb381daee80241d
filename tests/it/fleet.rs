//! An import in parts, as an engine starts it: rows in, rows out.

use crate::run::{Folder, Ran, here, ok, program};
use std::io::Write as _;
use std::process::Stdio;

/// Runs to the end with rows on standard input; what it printed, as bytes.
fn fed(args: &[&str], rows: &[u8]) -> (Ran, Vec<u8>) {
    let mut command = program(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let rows = rows.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&rows));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("written").expect("taken");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    (Ran { code: output.status.code(), out: String::new(), err }, output.stdout)
}

fn rows_of(args: &[&str], rows: &[u8]) -> Vec<u8> {
    let (ran, out) = fed(args, rows);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    out
}

#[test]
fn one_part_is_the_import() {
    let folder = Folder::new(&[]);
    let (whole, merged, plan) = (folder.at("a.wtr"), folder.at("b.wtr"), folder.at("plan.json"));
    for fixture in ["probes", "autoskillit"] {
        let transcripts = here(&format!("tests/fixtures/{fixture}"));
        let files = rows_of(&["fleet", "files", &transcripts], b"");
        let keys = rows_of(&["fleet", "keys"], &files);
        folder.file("plan.json", &rows_of(&["fleet", "plan"], &keys));
        let shards = rows_of(&["fleet", "map", "--plan", &plan], &files);
        let merge = ["fleet", "merge", "--name", "fleet", "-o", &merged, "--force"];
        let (told, _) = fed(&merge, &shards);
        let import = ["import", &transcripts, "--name", "fleet", "-o", &whole, "--force"];
        let want = Ran::from(program(&import).output().expect("the program starts"));
        assert_eq!((told.code, told.err), (want.code, want.err), "{fixture}");
        let [whole, merged] = [&whole, &merged].map(|path| std::fs::read(path).expect("written"));
        assert!(whole == merged, "{fixture}: another recording");
    }
}

#[test]
fn a_part_without_rows_gives_none() {
    let folder = Folder::new(&[]);
    let plan = folder.file("plan.json", &rows_of(&["fleet", "plan"], b""));
    let none = rows_of(&["fleet", "keys"], b"");
    // What has a schema and no rows is no less empty.
    assert_eq!(rows_of(&["fleet", "keys"], &rows_of(&["fleet", "keys"], b"")), none);
    let none = rows_of(&["fleet", "map", "--plan", &plan], b"");
    let (ran, _) = fed(&["fleet", "merge", "-o", &folder.at("x.wtr")], &none);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("no calls found"), "{}", ran.err);
}

#[test]
fn other_rows_are_refused() {
    let files = rows_of(&["fleet", "files", &here("tests/fixtures/probes")], b"");
    let keys = rows_of(&["fleet", "keys"], &files);
    let folder = Folder::new(&[("no-plan.json", b"{}")]);
    let no_plan = folder.at("no-plan.json");
    for (args, rows, word) in [
        (&["fleet", "keys"][..], &keys[..], "column 'label' is missing"),
        (&["fleet", "plan"], &files, "column 'fact' is missing"),
        (&["fleet", "keys"], b"label,path", "no whole Arrow IPC stream"),
        (&["fleet", "keys"], &files[..files.len() / 2], "no whole Arrow IPC stream"),
        (&["fleet", "map", "--plan", &no_plan], &files, "no-plan.json: the plan: "),
    ] {
        let (ran, out) = fed(args, rows);
        assert_eq!((ran.code, out.as_slice()), (Some(2), &b""[..]), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{args:?}: no {word:?} in {}", ran.err);
    }
}

#[test]
fn drivers_are_printed() {
    for (engine, word) in [("spark", "mapInArrow"), ("ray", "ray.remote")] {
        let text = ok(&["fleet", "driver", engine]);
        assert!(text.starts_with("#!/usr/bin/env python3\n") && text.contains(word), "{engine}");
    }
}
