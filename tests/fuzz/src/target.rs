//! What all targets share: the way in, a folder in memory, and an import.

#![allow(dead_code, reason = "each target takes what it needs")]

use clap::Parser as _;
use std::fs;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;
use windtunnel::import::{ImportError, ImportOptions, ImportResult, import_transcripts};
use windtunnel::recording::{Recording, format};

/// The way in: the fuzzer's, or a `main` that replays the files and folders it is given.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        #[cfg(feature = "fuzzer")]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $check(bytes));

        #[cfg(not(feature = "fuzzer"))]
        fn main() {
            let files =
                std::env::args_os().skip(1).flat_map(|path| target::files_of(path.as_ref()));
            let replayed = files.map(|file| $check(&std::fs::read(file).expect("a file"))).count();
            println!("replayed {replayed}");
        }
    };
}

/// A file, or the files of a folder.
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// A folder of some files; in memory where the system has such a place.
pub fn folder_of(files: &[(&str, &[u8])]) -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        let is_inside = Path::new(name).components().all(|it| matches!(it, Component::Normal(_)));
        // Names are part of the input: what cannot be a file is left out.
        if is_inside && fs::create_dir_all(path.parent().expect("a parent")).is_ok() {
            let _ = fs::write(path, bytes);
        }
    }
    folder
}

/// Runs a command on a file of a folder, or on the folder itself, whose name stands for `FILE`.
pub fn run_on(folder: &TempDir, name: &str, args: &[&str]) {
    let path = folder.path().join(name);
    let path = path.to_str().expect("a name of our own");
    let args = args.iter().map(|arg| if *arg == "FILE" { path } else { arg });
    let args = ["windtunnel"].into_iter().chain(args).chain(["--no-cache"]);
    let typed = windtunnel::Cli::try_parse_from(args);
    let _ = windtunnel::run(typed.expect("arguments of our own"));
}

/// Imports a folder, and checks what every import promises.
pub fn import(folder: &TempDir) -> Result<ImportResult, ImportError> {
    let options = ImportOptions { name: "fuzzed".to_owned(), ..ImportOptions::default() };
    let imported = import_transcripts(&[folder.path().to_owned()], &options, &|_, _| {})?;
    check_recording(&imported.recording);
    Ok(imported)
}

/// A recording's books balance, and it is read as it was written.
pub fn check_recording(recording: &Recording) {
    assert_eq!(recording.check_balance(), Ok(()));
    let bytes = format::to_json(recording);
    let read = format::from_json(&bytes).expect("what was written can be read");
    let columns = format::from_bytes(&format::to_columns(recording));
    assert_eq!(columns.expect("what was written can be read"), read);
    assert_eq!(format::to_json(&read), bytes);
}
