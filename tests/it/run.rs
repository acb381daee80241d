//! Starts the program as a user does, and asks simple questions about what it said.

use crate::import_bad_input::{prompt, response};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program, its input closed and nothing from the environment that changes its looks or leads
/// to the transcripts of whoever runs the tests. Tables
/// have all the room they can use; the looks of narrower screens have tests of their own.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(args).stdin(Stdio::null()).env_remove("NO_COLOR").env("RUST_BACKTRACE", "0");
    command.env("COLUMNS", "1000");
    command.env("HOME", "/nonexistent").env_remove("CLAUDE_CONFIG_DIR").env_remove("CODEX_HOME");
    // Nothing that another run has kept.
    command.env("WINDTUNNEL_CACHE", "off");
    command
}

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let Output { status, stdout, stderr } = output;
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

/// Runs to the end, whatever comes out; only a panic is never accepted.
pub fn run(args: &[&str]) -> Ran {
    let ran = Ran::from(program(args).output().expect("the program starts"));
    assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    ran
}

/// The standard output of a run that must succeed.
pub fn ok(args: &[&str]) -> String {
    let ran = run(args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    ran.out
}

/// The JSON of a run that must succeed.
pub fn json(args: &[&str]) -> Value {
    let out = ok(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// A run that must be refused: exit code 2, nothing on standard output, and one line on standard
/// error that holds each of `words`.
pub fn refused(args: &[&str], words: &[&str]) {
    let ran = run(args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {}", ran.err);
    assert!(ran.err.starts_with("windtunnel: ") && ran.err.ends_with('\n'), "{args:?}: {ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{args:?}: {}", ran.err);
    assert!(!ran.err.contains("  "), "{args:?}: {}", ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{args:?}: no {word:?} in {}", ran.err);
    }
}

/// A folder of one test's own, with the given files.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, bytes) in files {
            folder.file(name, bytes);
        }
        folder
    }

    /// Adds a file and gives its path.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        self.at(name)
    }

    /// The path of a name inside.
    pub fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Its own path.
    pub fn path(&self) -> &str {
        self.0.path().to_str().expect("UTF-8")
    }
}

/// A session of two calls.
pub fn session() -> String {
    [prompt("\"hi\""), response("a", 0, 5), response("b", 100, 6)].concat()
}

/// A file or folder of this repository.
pub fn here(name: &str) -> String {
    root(name).to_str().expect("UTF-8").to_owned()
}

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
