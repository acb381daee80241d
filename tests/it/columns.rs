//! Recordings in binary columns: the same as in JSON, for every command.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, here, ok, refused, session};
use std::fs;

/// Fixtures of all kinds of sources.
const SOURCES: [&str; 3] =
    ["tests/fixtures/autoskillit", "tests/fixtures/codex-probes", "tests/fixtures/probes"];

#[test]
fn both_forms_are_one_recording() {
    let folder = Folder::new(&[]);
    for (at, source) in SOURCES.into_iter().enumerate() {
        let source = here(source);
        let [json, columns, again, back] =
            ["a.json", "b.wtr", "c.wtr", "d.json"].map(|name| folder.at(&format!("{at}{name}")));
        ok(&["import", &source, "-o", &json, "--name", "x"]);
        ok(&["import", &source, "-o", &columns, "--name", "x"]);
        ok(&["import", &json, "-o", &again, "--name", "x"]);
        ok(&["import", &columns, "-o", &back, "--name", "x"]);
        let [json_bytes, columns_bytes, again, back] =
            [&json, &columns, &again, &back].map(|path| fs::read(path).unwrap());
        assert!(json_bytes == back && columns_bytes == again, "{source}");
        assert!(columns_bytes.len() * 2 < json_bytes.len(), "{source}");
        for args in [&["inspect", "--details"][..], &["steps"], &["inspect", "--format", "json"]] {
            let of = |path: &String| ok(&[args, &[path.as_str()]].concat());
            assert_eq!(of(&json), of(&columns), "{source}");
        }
    }
}

#[test]
fn a_form_is_told_by_its_content() {
    let folder = Folder::new(&[("side/s.jsonl", session().as_bytes())]);
    let (columns, other) = (folder.at("a.wtr"), folder.at("a.bin"));
    ok(&["import", &folder.at("side"), "-o", &columns, "--name", "x"]);
    let bytes = fs::read(&columns).unwrap();
    fs::write(&other, &bytes).unwrap();
    assert_eq!(ok(&["inspect", &other]), ok(&["inspect", &columns]));
    let half = folder.file("half.wtr", &bytes[..bytes.len() - 9]);
    refused(&["inspect", &half], &["half.wtr", "not a whole recording", "cut or damaged"]);
    let newer = folder.file("new.wtr", b"windtunnel.columns/7\nwhatever");
    refused(&["inspect", &newer], &["new.wtr", "another version: windtunnel.columns/7"]);
    let none = folder.file("none.wtr", b"notes");
    refused(&["inspect", &none], &["none.wtr", "not a recording"]);
}

#[test]
fn import_unites_recordings_and_transcripts() {
    let other = [prompt("\"hi\""), response("c", 50, 7), response("d", 150, 8)].concat();
    let other = other.replace("\"sessionId\":\"s\"", "\"sessionId\":\"t\"");
    let files = [("side/s.jsonl", session()), ("other/t.jsonl", other)];
    let folder = Folder::new(&files.each_ref().map(|(name, text)| (*name, text.as_bytes())));
    let (side, other) = (folder.at("side"), folder.at("other"));
    let [columns, json, united, mixed] =
        ["a.wtr", "b.json", "c.wtr", "d.wtr"].map(|name| folder.at(name));
    ok(&["import", &side, "-o", &columns]);
    ok(&["import", &other, "-o", &json]);
    let told = ok(&["import", &columns, &json, "-o", &united, "--name", "x"]);
    assert!(told.contains(": 2 sessions, 4 calls"), "{told}");
    ok(&["import", &json, &columns, &columns, "-o", &mixed, "--name", "x"]);
    assert_eq!(fs::read(&united).unwrap(), fs::read(&mixed).unwrap(), "the order says nothing");
    let told = ok(&["import", &columns, &other, "-o", &folder.at("e.json")]);
    assert!(told.contains(": 2 sessions, 4 calls"), "{told}");
}
