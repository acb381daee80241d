//! Pictures as files: every kind of every built-in recording, the same on every run and for any
//! number of threads, and harmless whatever names are in it.

use crate::run::{Folder, ok, program, refused, run, session};
use std::collections::BTreeMap;
use std::fs;
use windtunnel::reconstruct::builtin_names;
use windtunnel::report::show::charts::ALL;

/// The charts that a report writes, by their file names.
fn charts(recording: &str, threads: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Folder::new(&[]);
    let mut command = program(&["report", recording, "--out", folder.path()]);
    let ran = command.env("RAYON_NUM_THREADS", threads).output().expect("the program starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let files = fs::read_dir(folder.at("charts")).expect("charts").map(|file| {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("its bytes"))
    });
    files.collect()
}

#[test]
fn every_kind_of_every_recording_is_there_or_says_why_not() {
    for recording in builtin_names() {
        let files = charts(recording, "4");
        for kind in ALL {
            let file = |ending: &str| files.get(&format!("{}{ending}", kind.id));
            let Some(csv) = file(".csv") else {
                let words = format!("there is no {} chart of {recording}: ", kind.id);
                refused(&["chart", kind.id, recording], &[&words]);
                continue;
            };
            assert!(String::from_utf8_lossy(csv).lines().count() > 1, "{}", kind.id);
            for theme in ["", "-dark"] {
                let svg = file(&format!("{theme}.svg")).expect("a picture");
                let svg = String::from_utf8(svg.clone()).expect("an SVG is text");
                assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{}", kind.id);
            }
        }
        for (name, bytes) in charts(recording, "1") {
            assert!(files.get(&name) == Some(&bytes), "{name} of {recording} depends on threads");
        }
    }
}

#[test]
fn a_bitmap_is_the_same_on_every_run() {
    let args = ["chart", "steps", "economics-2026-06", "--format", "png"];
    let png = |threads| {
        let ran = program(&args).env("RAYON_NUM_THREADS", threads).output();
        ran.expect("the program starts").stdout
    };
    let (one, four) = (png("1"), png("4"));
    assert!(one.starts_with(b"\x89PNG") && one == four);
}

#[test]
fn names_are_text_and_no_markup() {
    let hostile = "<img src=x onerror=alert(1)>";
    let lines = session().replace("claude-sonnet-4-5", hostile).replace("\"s\"", "\"<img>\"");
    let folder = Folder::new(&[("s.jsonl", lines.as_bytes())]);
    let path = folder.at("named.json");
    let name = "<script>alert(1)&";
    ok(&["import", &folder.at("s.jsonl"), "--name", name, "-o", &path]);
    let mut drawn = 0;
    for kind in ALL {
        let ran = run(&["chart", kind.id, &path]);
        if ran.code != Some(0) {
            assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 1), "{}", ran.err);
            continue;
        }
        drawn += 1;
        for tag in ["<script", "<img"] {
            assert!(!ran.out.contains(tag), "{} of hostile names: {tag}", kind.id);
        }
        assert!(ran.out.contains("&lt;script&gt;alert(1)&amp;"), "{}", kind.id);
    }
    assert!(drawn > 1);
}
