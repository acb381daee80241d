//! Pictures as files: every kind of every built-in recording, the same on every run and for any
//! number of threads, and harmless whatever names are in it.

use crate::run::{Folder, ok, program, run, session};
use windtunnel::reconstruct::builtin_names;
use windtunnel::report::show::charts::ALL;

/// The file of one chart, or nothing where the program said in a line why there is none.
fn chart(kind: &str, recording: &str, format: &str, threads: &str) -> Option<Vec<u8>> {
    let mut command = program(&["chart", kind, recording, "--format", format]);
    let ran = command.env("RAYON_NUM_THREADS", threads).output().expect("the program starts");
    let talk = String::from_utf8(ran.stderr).expect("UTF-8");
    if ran.status.code() == Some(0) {
        assert!(!ran.stdout.is_empty(), "{kind} of {recording} as {format}");
        return Some(ran.stdout);
    }
    assert_eq!((ran.status.code(), talk.lines().count()), (Some(2), 1), "{talk}");
    assert!(talk.starts_with(&format!("windtunnel: there is no {kind} chart of ")), "{talk}");
    None
}

#[test]
fn every_kind_of_every_recording_is_there_or_says_why_not() {
    for recording in builtin_names() {
        for kind in ALL {
            let Some(svg) = chart(kind.id, recording, "svg", "4") else { continue };
            let svg = String::from_utf8(svg).expect("an SVG is text");
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{}", kind.id);
            let again = chart(kind.id, recording, "svg", "1").expect("the same");
            assert!(svg.as_bytes() == again, "{} of {recording} depends on threads", kind.id);
            let csv = chart(kind.id, recording, "csv", "4").expect("its numbers");
            assert!(csv.split(|byte| *byte == b'\n').count() > 2, "{}", kind.id);
        }
    }
}

#[test]
fn a_bitmap_is_the_same_on_every_run() {
    for kind in ["steps", "tornado", "interaction"] {
        let png = |threads| chart(kind, "order-774", "png", threads).expect("a picture");
        let (one, four) = (png("1"), png("4"));
        assert!(one.starts_with(b"\x89PNG") && one == four, "{kind}");
    }
}

#[test]
fn names_are_text_and_no_markup() {
    let hostile = "<img src=x onerror=alert(1)>";
    let lines = session().replace("\"sessionId\":\"s\"", &format!("\"sessionId\":\"{hostile}\""));
    let folder = Folder::new(&[("<script>alert(1)&.jsonl", lines.as_bytes())]);
    let path = folder.at("<script>alert(1)&.jsonl");
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
    assert!(ok(&["chart", "steps", &path]).contains("&lt;img src=x onerror=alert(1)&gt;"));
}
