//! What was read before says the same as what is read now, and is used for nothing else.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, Ran, here, program, session};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

/// Files are kept once they are so old that their next change has another time.
const SETTLED: Duration = Duration::from_millis(2_100);

fn run_with(cache: &str, args: &[&str]) -> Ran {
    Ran::from(program(args).env("WINDTUNNEL_CACHE", cache).output().expect("the program starts"))
}

fn entries(cache: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).map(|all| all.flatten().map(|entry| entry.path()).collect());
    let mut entries: Vec<PathBuf> = entries.unwrap_or_default();
    entries.sort();
    entries
}

/// Transcripts with damage, copies, a bill and names.
fn folder() -> Folder {
    let resumed = [session(), response("c", 150, 7), "{\"cut".to_owned()].concat();
    let resumed = resumed.replace("\"sessionId\":\"s\"", "\"sessionId\":\"t\"");
    Folder::new(&[
        ("side/-home-alice-secret/s.jsonl", session().as_bytes()),
        ("side/-home-alice-secret/t.jsonl", resumed.as_bytes()),
        ("side/other/notes.jsonl", b"{\"kind\":\"of another program\"}\n"),
        ("alone/one.jsonl", session().as_bytes()),
    ])
}

/// Commands that read transcripts, each with its arguments.
fn commands(side: &str) -> Vec<Vec<&str>> {
    let fixed = [
        &["inspect"][..],
        &["inspect", "--details", "--provenance"],
        &["inspect", "--format", "json"],
        &["compare", "--draws", "3", "--format", "json"],
        &["steps", "--format", "csv"],
        &["import"],
    ];
    fixed.into_iter().map(|args| [args, &[side]].concat()).collect()
}

#[test]
fn a_second_run_says_the_same() {
    let folder = folder();
    let sources = [
        folder.at("side"),
        here("tests/fixtures/autoskillit"),
        here("tests/fixtures/codex-probes"),
        here("tests/fixtures/probes"),
    ];
    sleep(SETTLED);
    for (at, source) in sources.iter().enumerate() {
        let cache = folder.at(&format!("cache {at}/made"));
        for args in commands(source) {
            let plain = run_with("off", &args);
            assert_eq!(run_with(&cache, &args), plain, "{args:?}");
            // An old entry that is used is young again: the second run did not read the files.
            let [entry] = &entries(&cache)[..] else { panic!("one entry: {args:?}") };
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            File::open(entry).and_then(|file| file.set_modified(long_ago)).unwrap();
            assert_eq!(run_with(&cache, &args), plain, "{args:?}");
            assert_ne!(fs::metadata(entry).unwrap().modified().unwrap(), long_ago, "{args:?}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(Path::new(&cache)), 0o700);
            assert_eq!(mode(&entries(&cache)[0]), 0o600);
        }
    }
    // The same of an entry that holds another one's content, or a part of its own, or anything.
    let [entry, other] =
        [0, 1].map(|at| entries(&folder.at(&format!("cache {at}/made")))[0].clone());
    let (whole, other) = (fs::read(&entry).unwrap(), fs::read(other).unwrap());
    let mut flipped = whole.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let (cache, args) = (folder.at("cache 0/made"), ["inspect", "--format", "json", &sources[0]]);
    let plain = run_with("off", &args);
    for damaged in [&whole[..whole.len() / 2], &whole[..30], b"", b"notes", &flipped, &other] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(run_with(&cache, &args), plain);
        assert_eq!(fs::read(&entry).unwrap(), whole, "it is made anew");
    }
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert_eq!(run_with(&cache, &args), plain);
    // No path and no text of the machine: what a private recording holds.
    for word in [folder.path(), "\"hi\""] {
        assert!(!String::from_utf8_lossy(&whole).contains(word), "{word}");
    }
}

#[test]
fn a_file_that_changed_is_read_again() {
    let folder = folder();
    let (side, cache) = (folder.at("side"), folder.at("cache"));
    let args = ["inspect", "--format", "json", &side];
    let file = folder.at("side/-home-alice-secret/s.jsonl");
    let check = |what: &str| {
        let plain = run_with("off", &args);
        assert_eq!(run_with(&cache, &args), plain, "{what}");
        assert_eq!(run_with(&cache, &args), plain, "{what}");
        plain
    };
    sleep(SETTLED);
    let first = check("settled");
    let then = fs::metadata(&file).unwrap().modified().unwrap();
    // The same size and the same time: only the time of change is another one.
    let text = fs::read_to_string(&file).unwrap();
    let longer = text.replace("\"output_tokens\":6", "\"output_tokens\":9");
    assert_ne!(text, longer);
    fs::write(&file, &longer).unwrap();
    File::options().append(true).open(&file).and_then(|file| file.set_modified(then)).unwrap();
    sleep(SETTLED);
    assert_ne!(check("the same size and time"), first);
    // Changed twice in one moment.
    fs::write(&file, &text).unwrap();
    check("just written");
    fs::write(&file, &longer).unwrap();
    check("written again");
    folder.file("side/new.jsonl", [prompt("\"x\""), response("z", 10, 3)].concat().as_bytes());
    check("one more");
    fs::remove_file(&file).unwrap();
    check("one less");
}

#[test]
fn nothing_depends_on_it() {
    let folder = folder();
    let (side, cache) = (folder.at("side"), folder.at("cache"));
    let args = ["inspect", &side];
    sleep(SETTLED);
    let plain = run_with("off", &args);
    assert_eq!(run_with(&cache, &["inspect", &side, "--no-cache"]), plain);
    assert!(!Path::new(&cache).exists(), "it is not wanted");
    // A file where the folder should be, and one that others can write to.
    fs::write(&cache, "notes").unwrap();
    assert_eq!(run_with(&cache, &args), plain);
    assert_eq!(run_with(&folder.at("cache/below"), &args), plain);
    assert_eq!(fs::read(&cache).unwrap(), b"notes");
    fs::remove_file(&cache).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir(&cache).unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(run_with(&cache, &args), plain);
        assert_eq!(entries(&cache).len(), 0);
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Several at once.
    let start = || {
        let mut one = program(&args);
        let one = one.env("WINDTUNNEL_CACHE", &cache).stdout(Stdio::piped()).stderr(Stdio::piped());
        one.spawn().expect("the program starts")
    };
    let all: Vec<_> = (0..4).map(|_| start()).collect();
    for one in all {
        assert_eq!(Ran::from(one.wait_with_output().unwrap()), plain);
    }
    assert_eq!(entries(&cache).len(), 1);
}

#[test]
fn it_lies_where_caches_lie() {
    let folder = folder();
    let side = folder.at("side");
    fs::create_dir(folder.at("home")).unwrap();
    sleep(SETTLED);
    let run_at = |home: &str, xdg: Option<&str>| {
        let mut program = program(&["inspect", &side]);
        program.env_remove("WINDTUNNEL_CACHE").env("HOME", home).env_remove("XDG_CACHE_HOME");
        program.envs(xdg.map(|xdg| ("XDG_CACHE_HOME", xdg)));
        assert!(program.output().expect("it starts").status.success());
    };
    run_at(&folder.at("home"), None);
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    assert_eq!(entries(&folder.at(&format!("home/{usual}/windtunnel"))).len(), 1);
    run_at(&folder.at("home"), Some(&folder.at("xdg")));
    assert_eq!(entries(&folder.at("xdg/windtunnel")).len(), 1);
    // Nobody's home is made.
    run_at(&folder.at("nobody"), None);
    assert!(!Path::new(&folder.at("nobody")).exists());
}
