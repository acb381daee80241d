//! What commands write: whole or not at all, never over an input or a foreign file, and a result
//! that cannot be written is no success.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, here, ok, program, refused, run, session};
use clap::CommandFactory as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A run of each command that prints its result.
pub const PRINTED: [&[&str]; 22] = [
    &["compare", "order-774", "--draws", "0"],
    &["sweep", "order-774", "--with", "R1,R7", "--draws", "0"],
    &["chart", "growth", "order-774"],
    &["inspect", "order-774"],
    &["routes", "cockpit-2026-02"],
    &["env"],
    &["backtest", "SIDE", "OTHER"],
    &["audit", "order-774"],
    &["gate", "--baseline", "order-774", "--candidate", "order-774"],
    &["gate-start", "SIDE", "SIDE", "SIDE"],
    &["import", "SIDE"],
    &["steps", "order-774"],
    &["fleet", "driver", "spark"],
    &["fleet", "draws", "order-774", "--draws", "2"],
    &["new", "pipeline"],
    &["scenario", "new", "order-774"],
    &["list"],
    &["explain", "R7"],
    &["schema", "inspect"],
    &["completions", "bash"],
    &["man"],
    &["help"],
];

/// Commands whose result is a folder: what they print says what was written.
pub const FOLDERS: [(&[&str], &str); 2] =
    [(&["report", "SIDE", "--draws", "0"], "--out"), (&["export", "SIDE"], "--csv")];

/// Commands with the flag that names their file, and a name of its kind.
const FILES: [(&[&str], &str, &str); 9] = [
    (&["import", "SIDE"], "-o", "a.json"),
    (&["import", "SIDE"], "-o", "a.wtr"),
    (&["sweep", "order-774", "--with", "R1,R7", "--draws", "0"], "--out", "a.csv"),
    (&["sweep", "order-774", "--with", "R1,R7", "--draws", "0"], "--out", "a.json"),
    (&["chart", "growth", "order-774"], "-o", "a.svg"),
    (&["env"], "-o", "a.env"),
    (&["gate", "--baseline", "order-774", "--candidate", "order-774"], "-o", "a.md"),
    (&["gate", "--baseline", "order-774", "--candidate", "order-774"], "-o", "a.xml"),
    (&["gate", "--baseline", "order-774", "--candidate", "order-774"], "-o", "a.json"),
];

/// A lean build draws nothing.
fn is_built(args: &[&str]) -> bool {
    cfg!(feature = "charts") || args[0] != "chart"
}

/// The arguments with the folders of [`two_sessions`].
fn with_side<'a>(args: &[&'a str], side: &'a str, other: &'a str) -> Vec<&'a str> {
    let name = |arg: &&'a str| match *arg {
        "SIDE" => side,
        "OTHER" => other,
        arg => arg,
    };
    args.iter().map(name).collect()
}

fn two_sessions() -> Folder {
    let other = [prompt("\"hi\""), response("c", 50, 7), response("d", 150, 8)].concat();
    let other = other.replace("\"sessionId\":\"s\"", "\"sessionId\":\"t\"");
    Folder::new(&[
        ("side/s.jsonl", session().as_bytes()),
        ("side/CLAUDE.md", b"Test first."),
        ("other/t.jsonl", other.as_bytes()),
    ])
}

#[test]
fn every_command_stands_in_these_lists() {
    let listed = PRINTED.iter().copied().chain(FOLDERS.iter().map(|(args, _)| *args));
    let listed: BTreeSet<&str> =
        listed.map(|args| args[0]).filter(|name| *name != "help").collect();
    let command = windtunnel::Cli::command();
    let known: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(listed, known);
}

/// A full disk under standard output. There is such a device on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let folder = two_sessions();
    let (side, other) = (folder.at("side"), folder.at("other"));
    let tables = folder.at("tables");
    let in_folders = FOLDERS.iter().map(|(args, flag)| [args, &[*flag, &*tables][..]].concat());
    let printed = PRINTED.iter().filter(|args| is_built(args)).map(|args| args.to_vec());
    for args in printed.chain(in_folders) {
        let args = with_side(&args, &side, &other);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = program(&args).stdout(full).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("windtunnel: standard output: No space left"), "{args:?}: {said}");
        let _ = fs::remove_dir_all(&tables);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = program(&["inspect", "order-774", "--format", "json"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), ran.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn own_files_are_replaced_and_foreign_ones_are_not() {
    let folder = two_sessions();
    let side = folder.at("side");
    for (args, flag, name) in FILES.into_iter().filter(|(args, _, _)| is_built(args)) {
        let file = folder.at(name);
        let args = [with_side(args, &side, &side), vec![flag, &file]].concat();
        ok(&args);
        let written = fs::read(&file).unwrap();
        ok(&args);
        assert_eq!(fs::read(&file).unwrap(), written, "{args:?}");
        fs::write(&file, "notes, by hand\n").unwrap();
        let ran = run(&args);
        let is_told = ran.err.contains("--force replaces it");
        assert!(ran.code == Some(2) && is_told, "{args:?}: {ran:?}");
        assert_eq!(fs::read(&file).unwrap(), b"notes, by hand\n", "{args:?}");
        ok(&[args, vec!["--force"]].concat());
        assert_eq!(fs::read(&file).unwrap(), written);
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn two_results_have_two_files() {
    let folder = two_sessions();
    let (side, file) = (folder.at("side"), folder.at("a.md"));
    let gate = ["gate", "--baseline", &side, "--candidate", &side];
    let same = format!("{side}/../a.md");
    refused(&[&gate[..], &["-o", &file, "--comment", &same]].concat(), &["for two results"]);
    refused(&[&gate[..], &["-o", &file, "-o", &file]].concat(), &["for two results"]);
    refused(&["import", &side, "-o", "-"], &["-: is no file to write"]);
    ok(&[&gate[..], &["-o", &file, "--comment", &folder.at("b.md")]].concat());
}

#[test]
fn what_is_read_is_never_replaced() {
    let folder = two_sessions();
    let (side, file) = (folder.at("side"), folder.at("side/s.jsonl"));
    let recording = folder.at("r.json");
    ok(&["import", &side, "-o", &recording]);
    let base = folder.at("base.json");
    ok(&["gate", "--baseline", &base, "--candidate", &recording, "--update"]);
    let before: Vec<_> = [&file, &recording, &base].map(|path| fs::read(path).unwrap()).into();
    let is_input = ["is one of the inputs"];
    for force in [&[][..], &["--force"]] {
        let check = |args: &[&str]| refused(&[args, force].concat(), &is_input);
        check(&["import", &file, "-o", &file]);
        check(&["import", &side, "-o", &file]);
        check(&["gate", "--baseline", &base, "--candidate", &recording, "-o", &base]);
        check(&["sweep", &recording, "--draws", "0", "--out", &recording]);
    }
    let link = folder.at("link.json");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&file, &link).unwrap();
        refused(&["import", &file, "-o", &link], &is_input);
    }
    let after: Vec<_> = [&file, &recording, &base].map(|path| fs::read(path).unwrap()).into();
    assert_eq!(after, before);
}

/// Whether a folder is what its manifest says, and nothing else lies in it.
fn is_whole_set(folder: &Path) -> bool {
    let Ok(bytes) = fs::read(folder.join("manifest.json")) else { return false };
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let files = manifest["files"].as_object().unwrap();
    let is_as_written = |(name, digest): (&String, &Value)| {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        let found = Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        digest == &Value::String(found)
    };
    files.iter().all(is_as_written) && count_files(folder) == files.len() + 1
}

fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

#[cfg(feature = "charts")]
#[test]
fn a_report_takes_the_place_of_the_one_before_and_leaves_foreign_files() {
    let folder = two_sessions();
    let (side, out) = (folder.at("side"), folder.at("out"));
    let report = ["report", &*side, "--draws", "0", "--out", &*out];
    ok(&[&report[..], &["--png"]].concat());
    let with_pictures = count_files(Path::new(&out));
    assert!(is_whole_set(Path::new(&out)));
    ok(&report);
    assert!(is_whole_set(Path::new(&out)) && count_files(Path::new(&out)) < with_pictures);
    // A set with foreign files is renamed file by file: the same comes out.
    let notes = folder.file("out/notes.txt", b"mine");
    let deep = folder.file("out/charts/notes.txt", b"mine");
    ok(&[&report[..], &["--png"]].concat());
    assert_eq!(count_files(Path::new(&out)), with_pictures + 2);
    ok(&report);
    for path in [&notes, &deep] {
        assert_eq!(fs::read(path).unwrap(), b"mine");
        fs::remove_file(path).unwrap();
    }
    assert!(is_whole_set(Path::new(&out)));
    // What was changed by hand stays, and what is new lies beside it, each time anew.
    let (edited, beside) =
        (folder.file("out/report.md", b"changed"), folder.at("out/report.new.md"));
    for _ in 0..2 {
        let said = ok(&report);
        assert!(said.contains("report.md was edited by hand; the new text is in"), "{said}");
        assert_eq!(fs::read(&edited).unwrap(), b"changed");
        assert!(fs::metadata(&beside).unwrap().len() > 100);
    }
    // Where the new text is taken nothing stands beside it any more.
    fs::rename(&beside, &edited).unwrap();
    let said = ok(&report);
    assert!(!said.contains("edited by hand"), "{said}");
    assert!(is_whole_set(Path::new(&out)) && !Path::new(&beside).exists());
    fs::write(&edited, "changed").unwrap();
    ok(&[&report[..], &["--force"]].concat());
    assert!(is_whole_set(Path::new(&out)));
}

/// The largest file that a process may write stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let folder = two_sessions();
    let (side, recording, base, out) =
        (folder.at("side"), folder.at("r.json"), folder.at("b.json"), folder.at("out"));
    let commands: [&[&str]; 3] = [
        &["import", &side, "-o", &recording],
        &["gate", "--baseline", &base, "--candidate", "order-774", "--update"],
        &["report", &side, "--draws", "0", "--out", &out],
    ];
    for args in commands {
        ok(args);
    }
    let before = [&recording, &base].map(|path| fs::read(path).unwrap());
    for args in commands {
        let program = env!("CARGO_BIN_EXE_windtunnel");
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", program]).args(args);
        let ran = shell.env("WINDTUNNEL_CACHE", "off").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("cannot be written"), "{args:?}: {said}");
    }
    assert_eq!([&recording, &base].map(|path| fs::read(path).unwrap()), before);
    assert!(is_whole_set(Path::new(&out)));
    assert_eq!(left_over(folder.path()), 0, "nothing half written is left");
}

/// Files and folders on their way.
fn left_over(folder: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter(|name| name.to_string_lossy().ends_with(".windtunnel-partial")).count()
}

/// Stops a run at some moment after it has begun to write; whether it had.
fn stop_while_writing(child: &mut Child, folder: &str, moment: u32) -> bool {
    while left_over(folder) == 0 {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
    for _ in 0..moment {
        std::hint::black_box(left_over(folder));
    }
    let is_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    is_running
}

#[test]
fn a_run_that_is_stopped_leaves_the_old_or_the_new() {
    const RUNS: u32 = 100;
    let folder = two_sessions();
    let [one, two] = ["side", "other"].map(|name| folder.at(name));
    // Each file in a folder of its own, so that what is on its way is told apart.
    let [recording, base] = ["rec/r.json", "base/b.json"].map(|name| folder.at(name));
    let out = folder.at("rep/out");
    let commands = |side: &str| -> [Vec<String>; 3] {
        [
            vec!["import", side, "--name", "a", "-o", &recording],
            vec!["gate", "--baseline", &base, "--candidate", side, "--update"],
            vec!["report", side, "--draws", "0", "--out", &out],
        ]
        .map(|args| args.into_iter().map(str::to_owned).collect())
    };
    let read = |at: usize| match at {
        0 => fs::read(&recording).unwrap(),
        1 => fs::read(&base).unwrap(),
        _ => fs::read(Path::new(&out).join("manifest.json")).unwrap(),
    };
    for (at, place) in ["rec", "base", "rep"].into_iter().enumerate() {
        let [first, second] = [&one, &two].map(|side| commands(side)[at].clone());
        let run_whole = |args: &[String]| {
            ok(&args.iter().map(String::as_str).collect::<Vec<_>>());
            read(at)
        };
        let versions = [run_whole(&second), run_whole(&first)];
        let (mut stopped, mut run) = (0, 0);
        // On a machine where most runs end before they are stopped there are more of them, each
        // stopped as soon as it writes.
        while run < RUNS || (stopped <= RUNS / 10 && run < 10 * RUNS) {
            let args = if run % 2 == 0 { &second } else { &first };
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let mut child = program(&args);
            let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let moment = if run < RUNS { run % 25 } else { 0 };
            let is_stopped = stop_while_writing(&mut child, &folder.at(place), moment);
            stopped += u32::from(is_stopped);
            run += 1;
            assert!(versions.contains(&read(at)), "{args:?}: neither old nor new");
            assert!(at < 2 || is_whole_set(Path::new(&out)), "{args:?}: half a set");
        }
        assert!(stopped > RUNS / 10, "{place}: {stopped} of {run} were stopped while writing");
        // The next run clears what the stopped ones left.
        run_whole(&first);
        assert_eq!(left_over(&folder.at(place)), 0);
    }
}

#[test]
fn two_runs_on_one_target_leave_one_whole_result() {
    let folder = two_sessions();
    let side = folder.at("side");
    let sessions = here("tests/fixtures/probes/01_split_same_usage");
    let (recording, out) = (folder.at("r.json"), folder.at("out"));
    for _ in 0..10 {
        let runs = [&side, &sessions].into_iter().flat_map(|input| {
            let import = ["import", &**input, "--name", "a", "-o", &*recording];
            let report = ["report", &**input, "--draws", "0", "--out", &*out];
            [program(&import), program(&report)]
        });
        let runs: Vec<Child> =
            runs.map(|mut run| run.stdout(Stdio::null()).spawn().unwrap()).collect();
        for mut run in runs {
            assert!(run.wait().unwrap().success());
        }
        serde_json::from_slice::<Value>(&fs::read(&recording).unwrap()).unwrap();
        assert!(is_whole_set(Path::new(&out)));
    }
    assert_eq!(left_over(folder.path()), 0);
}
