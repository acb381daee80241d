//! Marks by stated rules: what a tool use was for, read from its name and its command.
//!
//! | mark | rule |
//! |---|---|
//! | test run | a shell command of which one part runs tests ([`tests_of`]): cargo, pytest, go, npm and kin, jest and kin, make/just/task `test*`, tox, maven, gradle, ctest, and others; seen through `cd x &&`, variables, pipes, `timeout 60`, `uv run`, `bash -c` |
//! | full suite | a test run that names no file, test, package or pattern |
//! | aborted run | a test run whose result is an error of at most 2,000 characters within 60 seconds, with a phrase of [`ENVIRONMENT`] and none of [`SUMMARY`] |
//! | poll | `BashOutput`, `TaskOutput`, `AgentOutputTool`; a shell command that only waits and looks (`sleep`, `ps`, `tail` of a log, `gh run watch`); a `gh` status command that comes again within three tool uses |
//! | edit, read, search | by tool name, with the file's number |
//! | report | the result of `Task` or `Agent` |

use super::shell::{self, Simple};
use crate::recording::BlockMarks;

/// What a tool use is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Marks of its input and its result.
    pub marks: BlockMarks,
    /// It asks a forge for the state of something; a poll when it comes again soon.
    pub asks_state: bool,
    /// Its result is a subagent's report.
    pub report: bool,
    /// It edits its file.
    pub edits: bool,
}

/// The purpose of a use of `tool`; `command` is empty unless it is a shell.
#[must_use]
pub fn purpose(tool: &str, command: &str, path_is_file: bool) -> Purpose {
    let mut purpose = Purpose {
        marks: BlockMarks::empty(),
        asks_state: false,
        report: matches!(tool, "Task" | "Agent"),
        edits: matches!(tool, "Edit" | "MultiEdit" | "Write" | "NotebookEdit"),
    };
    match tool {
        "Bash" | "PowerShell" | "shell" => return of_command(purpose, command),
        "BashOutput" | "TaskOutput" | "AgentOutputTool" => purpose.marks = BlockMarks::POLL,
        "Read" | "NotebookRead" => purpose.marks = BlockMarks::READ,
        "Grep" | "Glob" if path_is_file => purpose.marks = BlockMarks::SEARCH,
        _ if purpose.edits => purpose.marks = BlockMarks::EDIT,
        _ => {}
    }
    purpose
}

fn of_command(mut purpose: Purpose, command: &str) -> Purpose {
    let commands = shell::parse(command);
    let runs: Vec<Scope> = commands.iter().filter_map(tests_of).collect();
    if !runs.is_empty() {
        purpose.marks |= BlockMarks::TEST_RUN;
        purpose
            .marks
            .set(BlockMarks::FULL_SUITE, runs.contains(&Scope::Full));
        return purpose;
    }
    purpose.asks_state = commands.iter().any(asks_state);
    purpose.marks.set(BlockMarks::POLL, is_poll(&commands));
    purpose
}

/// How much of a test suite a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No file, test, package or pattern is named.
    Full,
    /// One is.
    Part,
}

/// Whether a command runs tests, and how many.
#[must_use]
pub fn tests_of(command: &Simple) -> Option<Scope> {
    let (w1, w2) = (command.word(1), command.word(2));
    let rest = |from: usize| command.words.get(from..).unwrap_or_default();
    let without = |flags: &[&str]| !flags.iter().any(|flag| command.has(flag));
    match command.program() {
        "cargo" => {
            let at = if w1.starts_with('+') { 2 } else { 1 };
            let from = match (command.word(at), command.word(at + 1)) {
                ("test" | "t" | "tarpaulin" | "llvm-cov", _) => at + 1,
                ("nextest", "run" | "r") | ("miri" | "insta" | "hack", "test") => at + 2,
                _ => return None,
            };
            without(&["--no-run", "--list", "--help"]).then(|| {
                scope(
                    rest(from),
                    &["-p", "--package", "--test", "--bin", "--example", "-E"],
                    |flag| matches!(flag, "--lib" | "--doc"),
                )
            })
        }
        "pytest" | "py.test" | "unittest" => {
            without(&["--collect-only", "--co", "--version", "--help"]).then(|| {
                let rest: Vec<String> = rest(1).iter().filter(|w| !is_root(w)).cloned().collect();
                scope(&rest, &["-k", "-m", "--deselect"], |flag| {
                    matches!(flag, "--lf" | "--last-failed" | "--ff" | "--failed-first")
                })
            })
        }
        "go" if w1 == "test" && without(&["-list", "-c"]) => {
            let whole = rest(2)
                .iter()
                .any(|word| matches!(word.as_str(), "./..." | "..." | "all"));
            let named = rest(2).iter().any(|word| word.starts_with("-run"));
            Some(if whole && !named {
                Scope::Full
            } else {
                Scope::Part
            })
        }
        "npm" | "pnpm" | "yarn" | "bun" | "deno" => {
            let words = rest(1);
            let at = words.iter().position(|word| is_test_script(word))?;
            let leads = words[..at].iter().all(|w| {
                w.starts_with('-')
                    || matches!(
                        w.as_str(),
                        "run" | "run-script" | "workspace" | "workspaces"
                    )
                    || !matches!(w.as_str(), "install" | "add" | "i" | "remove" | "ci")
            });
            let valued = [
                "--filter",
                "-F",
                "-w",
                "--workspace",
                "-t",
                "--testNamePattern",
                "--grep",
            ];
            let before = scope(&words[..at], &valued, |_| false);
            let named = words[..at].iter().any(|w| valued.contains(&w.as_str()));
            let after = scope(&words[at + 1..], &valued, |flag| {
                flag.starts_with("--filter=")
            });
            let _ = before;
            leads.then_some(if named { Scope::Part } else { after })
        }
        "jest" | "vitest" | "mocha" | "ava" | "tap" | "rspec" | "phpunit" | "gotestsum"
        | "karma" => {
            let from = usize::from(matches!(w1, "run" | "watch" | "start")) + 1;
            without(&["--version", "--help", "--listTests"]).then(|| {
                scope(
                    rest(from),
                    &["-t", "--grep", "-g", "--testNamePattern"],
                    |f| f.starts_with("--testPathPattern"),
                )
            })
        }
        "playwright" | "cypress" if matches!(w1, "test" | "run") => Some(scope(
            rest(2),
            &["-g", "--grep", "--spec", "--project"],
            |_| false,
        )),
        "node" if command.has("--test") => Some(scope(rest(1), &[], |_| false)),
        "make" | "gmake" | "just" | "task" | "rake" | "mage" | "ninja" | "nox" | "tox" | "mise" => {
            task(command)
        }
        "mvn" | "mvnw" | "gradle" | "gradlew" | "sbt" => {
            let module = |w: &String| w.starts_with(':') && w.ends_with(":test");
            let runs = rest(1)
                .iter()
                .any(|w| matches!(w.as_str(), "test" | "verify" | "check") || module(w));
            let named = rest(1).iter().any(|w| {
                module(w)
                    || w.starts_with("-Dtest=")
                    || w.starts_with("-Dit.test=")
                    || matches!(w.as_str(), "--tests" | "-pl" | "--projects")
            });
            runs.then_some(if named { Scope::Part } else { Scope::Full })
        }
        "ctest" => without(&["-N", "--version"])
            .then(|| scope(rest(1), &["-R", "-L", "-I", "--tests-regex"], |_| false)),
        "dotnet" | "swift" | "mix" | "rails" | "flutter" | "dart" | "bazel" | "zig"
        | "elm-test" | "composer"
            if w1 == "test" || (w1 == "build" && w2 == "test") =>
        {
            Some(scope(rest(2), &["--filter", "--name"], |_| false))
        }
        program => script(program, command),
    }
}

/// Whether words after the program narrow the run: a value flag of `valued`, a flag that
/// `narrows`, or any word that is no flag.
fn scope(words: &[String], valued: &[&str], narrows: impl Fn(&str) -> bool) -> Scope {
    // Flags of several runners whose next word is a value, not a filter.
    const PLAIN_VALUES: [&str; 24] = [
        "-j",
        "-n",
        "--jobs",
        "--test-threads",
        "--features",
        "-F",
        "--color",
        "--target",
        "--profile",
        "--manifest-path",
        "--target-dir",
        "--timeout",
        "--maxfail",
        "--tb",
        "-c",
        "--config",
        "--reporter",
        "--cov",
        "--durations",
        "-C",
        "--retries",
        "-o",
        "--dist",
        "-W",
    ];
    let mut at = 0;
    while let Some(word) = words.get(at).map(String::as_str) {
        let (flag, has_value) = word
            .split_once('=')
            .map_or((word, false), |(flag, _)| (flag, true));
        if valued.contains(&flag) || narrows(word) {
            return Scope::Part;
        }
        if PLAIN_VALUES.contains(&flag) && !has_value {
            at += 1;
        } else if !word.starts_with('-') && !word.is_empty() {
            return Scope::Part;
        }
        at += 1;
    }
    Scope::Full
}

/// A folder that holds the whole suite.
fn is_root(word: &str) -> bool {
    matches!(
        word.trim_start_matches("./").trim_end_matches('/'),
        "" | "." | "test" | "tests" | "discover"
    )
}

fn is_test_script(word: &str) -> bool {
    matches!(word, "test" | "t" | "tests") || word.starts_with("test:") || word.starts_with("test-")
}

/// Task runners: a target whose name starts with `test`, or `check`.
fn task(command: &Simple) -> Option<Scope> {
    let words = command.words.get(1..).unwrap_or_default();
    let program = command.program();
    if matches!(program, "tox" | "nox") {
        let listed = ["--version", "-l", "--list", "--notest"]
            .iter()
            .any(|flag| command.has(flag));
        let named = words
            .iter()
            .position(|word| word == "--")
            .is_some_and(|at| at + 1 < words.len());
        return (!listed).then_some(if named { Scope::Part } else { Scope::Full });
    }
    let words = if program == "mise" {
        let task = words
            .first()
            .is_some_and(|word| matches!(word.as_str(), "run" | "r"));
        words.get(usize::from(task)..).unwrap_or_default()
    } else {
        words
    };
    let target = |word: &String| {
        word.starts_with("test")
            || word == "check"
            || word.ends_with(":test")
            || word.ends_with("-test")
    };
    let at = words.iter().position(target)?;
    let more = words.get(at + 1..).unwrap_or_default();
    let named = more.iter().any(|word| {
        let assigned = word.split_once('=').is_some_and(|(name, _)| {
            matches!(
                name,
                "TEST" | "TESTS" | "FILE" | "PKG" | "T" | "TEST_ARGS" | "ARGS" | "PYTEST_ARGS"
            )
        });
        assigned || (!word.starts_with('-') && !word.contains('=') && !target(word))
    });
    Some(if named { Scope::Part } else { Scope::Full })
}

/// A script whose name says that it runs tests.
fn script(program: &str, command: &Simple) -> Option<Scope> {
    let shell = matches!(program, "bash" | "sh" | "zsh" | "python" | "python3");
    let (path, from) = if shell {
        (command.word(1), 2)
    } else {
        (command.word(0), 1)
    };
    if !shell && !path.contains('/') {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.trim_end_matches(".sh").trim_end_matches(".py");
    matches!(
        stem,
        "test"
            | "tests"
            | "run_tests"
            | "run-tests"
            | "runtests"
            | "run_test"
            | "run-test"
            | "test_all"
            | "test-all"
    )
    .then(|| {
        scope(command.words.get(from..).unwrap_or_default(), &[], |_| {
            false
        })
    })
}

/// Whether a command asks a forge how something is doing.
fn asks_state(command: &Simple) -> bool {
    command.program() == "gh"
        && matches!(
            (command.word(1), command.word(2)),
            ("run", "view" | "watch" | "list") | ("pr", "checks" | "status")
        )
}

/// Whether a command line does nothing but wait and look at something still running.
fn is_poll(commands: &[Simple]) -> bool {
    let waits = commands
        .iter()
        .any(|c| c.program() == "sleep" || is_watch(c));
    let looks = commands.iter().any(looks_at_running);
    let only = commands.iter().all(|c| {
        c.piped
            || looks_at_running(c)
            || is_watch(c)
            || asks_state(c)
            || matches!(
                c.program(),
                "sleep"
                    | "cat"
                    | "head"
                    | "tail"
                    | "grep"
                    | "rg"
                    | "ls"
                    | "wc"
                    | "echo"
                    | "date"
                    | "true"
                    | "cd"
                    | "stat"
                    | "for"
                    | "done"
                    | "break"
                    | "["
                    | "test"
                    | "printf"
                    | "wait"
                    | "fi"
            )
    });
    only && (waits || looks)
}

fn is_watch(command: &Simple) -> bool {
    command.program() == "gh"
        && asks_state(command)
        && (command.word(2) == "watch" || command.has("--watch"))
}

fn looks_at_running(command: &Simple) -> bool {
    let log = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        [".log", ".out", ".output", ".err"]
            .iter()
            .any(|ending| name.ends_with(ending))
            || word.contains("/tasks/")
            || name.contains("output")
    };
    match command.program() {
        "ps" | "pgrep" | "jobs" | "top" => true,
        "kill" => command.word(1) == "-0",
        "tail" => !command.piped && command.words.iter().any(log),
        _ => false,
    }
}

/// Longest result of a test run that died before any test.
const ABORTED_CHARS: u64 = 2_000;

/// Longest time such a run takes, milliseconds.
const ABORTED_MS: i64 = 60_000;

/// Phrases of a broken environment, lower case.
pub const ENVIRONMENT: [&str; 27] = [
    "command not found",
    "exit code 127",
    "exit code 126",
    "no module named",
    "modulenotfounderror",
    "cannot find module",
    "importerror while loading conftest",
    "virtual environment already exists",
    "no virtual environment",
    "not a virtual environment",
    "could not find",
    "no such file or directory",
    "no such command",
    "no such subcommand",
    "error: no such",
    "unknown command",
    "unrecognized arguments",
    "missing script",
    "no rule to make target",
    "is not installed",
    "not recognized as",
    "permission denied",
    "cannot connect to the docker daemon",
    "failed to resolve",
    "failed to create virtual",
    "no tests ran",
    "err_module_not_found",
];

/// Phrases that only a run which reached its tests prints, lower case.
pub const SUMMARY: [&str; 12] = [
    " passed",
    " failed",
    "test result:",
    "tests passed",
    "tests failed",
    "tests run:",
    "tests:",
    "--- fail",
    "\nok  \t",
    "\nfail\t",
    "passing",
    "failing",
];

/// Whether a result of a test run shows that no test ran.
#[must_use]
pub fn aborted(sample: &[u8], chars: u64, took_ms: Option<i64>) -> bool {
    if chars > ABORTED_CHARS || took_ms.is_some_and(|ms| ms > ABORTED_MS) {
        return false;
    }
    let text = String::from_utf8_lossy(sample).to_lowercase();
    ENVIRONMENT.iter().any(|phrase| text.contains(phrase))
        && !SUMMARY.iter().any(|phrase| text.contains(phrase))
}
