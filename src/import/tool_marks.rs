//! Marks by stated rules: what a tool use was for, read from its name and its command.
//!
//! * **test run**: a shell command of which one part runs tests (`test_commands`): cargo, pytest,
//!   go, npm and kin, jest and kin, make/just/task/mise `test*`, tox, maven, gradle, ctest, others;
//!   seen through `cd x &&`, variables, pipes, `timeout 60`, `uv run`, `bash -c`.
//! * **full suite**: a test run that names no file, test, package or pattern.
//! * **aborted run**: a test run whose result is an error of at most 2,000 characters within 60
//!   seconds, with a phrase of `ENVIRONMENT` and none of `SUMMARY`.
//! * **poll**: `BashOutput`, `TaskOutput`, `AgentOutputTool`; a shell command that only waits and
//!   looks (`sleep`, `ps`, `tail` of a log, `gh run watch`); a `gh` status command that comes again
//!   in the same words within three tool uses.
//! * **edit, read, search**: by tool name, with the file's number.
//! * **report**: the result of `Task` or `Agent`.

use super::shell_commands::{self, SimpleCommand};
use super::test_commands::{TestScope, scope_of_test_run};
use crate::recording::BlockMarks;

/// What a tool use is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolPurpose {
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
pub fn purpose_of_tool_use(tool: &str, command: &str, path_is_file: bool) -> ToolPurpose {
    let mut purpose = ToolPurpose {
        marks: BlockMarks::empty(),
        asks_state: false,
        report: matches!(tool, "Task" | "Agent"),
        edits: matches!(tool, "Edit" | "MultiEdit" | "Write" | "NotebookEdit"),
    };
    match tool {
        "Bash" | "PowerShell" | "shell" => {
            let commands = shell_commands::parse_commands(command);
            (purpose.marks, purpose.asks_state) = purpose_of_commands(&commands);
        }
        "BashOutput" | "TaskOutput" | "AgentOutputTool" => purpose.marks = BlockMarks::POLL,
        "Read" | "NotebookRead" => purpose.marks = BlockMarks::READ,
        "Grep" | "Glob" if path_is_file => purpose.marks = BlockMarks::SEARCH,
        _ if purpose.edits => purpose.marks = BlockMarks::EDIT,
        _ => {}
    }
    purpose
}

/// The marks of a line of a shell, and whether it asks a forge for the state of something.
pub(super) fn purpose_of_commands(commands: &[SimpleCommand]) -> (BlockMarks, bool) {
    let runs: Vec<TestScope> = commands.iter().filter_map(scope_of_test_run).collect();
    let mut marks = BlockMarks::empty();
    // A line that runs tests is a test run, whatever else it does.
    if !runs.is_empty() {
        marks |= BlockMarks::TEST_RUN;
        marks.set(BlockMarks::FULL_SUITE, runs.contains(&TestScope::Full));
        return (marks, false);
    }
    marks.set(BlockMarks::POLL, is_poll(commands));
    // One look at a forge is a question; whether it is a poll shows when it comes again.
    (marks, commands.iter().any(asks_forge_state))
}

/// Whether a command asks a forge how something is doing.
fn asks_forge_state(command: &SimpleCommand) -> bool {
    command.program_name() == "gh"
        && matches!(
            (command.word_at(1), command.word_at(2)),
            ("run", "view" | "watch" | "list") | ("pr", "checks" | "status")
        )
        // A log is read to learn why something failed, not whether it is done.
        && !command.has_word("--log")
        && !command.has_word("--log-failed")
}

/// Whether a command line does nothing but wait and look at something still running.
fn is_poll(commands: &[SimpleCommand]) -> bool {
    // It has to wait or look, and may do nothing beside what helps with that.
    let waits = commands.iter().any(|c| c.program_name() == "sleep" || is_forge_watch(c));
    let looks = commands.iter().any(looks_at_running);
    let only = commands.iter().all(|c| {
        // What reads from a pipe only shapes what another command shows.
        c.piped
            || looks_at_running(c)
            || is_forge_watch(c)
            || asks_forge_state(c)
            || matches!(
                c.program_name(),
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

fn is_forge_watch(command: &SimpleCommand) -> bool {
    command.program_name() == "gh"
        && asks_forge_state(command)
        && (command.word_at(2) == "watch" || command.has_word("--watch"))
}

fn looks_at_running(command: &SimpleCommand) -> bool {
    match command.program_name() {
        "ps" | "pgrep" | "jobs" | "top" => true,
        "kill" => command.word_at(1) == "-0",
        "tail" => !command.piped && command.words.iter().any(|word| names_log(word)),
        _ => false,
    }
}

/// Whether a word is the path of a file that a running program writes to.
fn names_log(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    [".log", ".out", ".output", ".err"].iter().any(|ending| name.ends_with(ending))
        || word.contains("/tasks/")
        || name.contains("output")
}

/// Longest result of a test run that died before any test.
const ABORTED_CHARS: u64 = 2_000;

/// Longest time such a run takes, milliseconds.
const ABORTED_MS: i64 = 60_000;

/// Phrases of a broken environment, lower case.
const ENVIRONMENT: [&str; 29] = [
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
    "unrecognized subcommand",
    "unexpected argument",
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
const SUMMARY: [&str; 12] = [
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
pub(super) fn is_aborted_run(sample: &[u8], chars: u64, took_ms: Option<i64>) -> bool {
    if chars > ABORTED_CHARS || took_ms.is_some_and(|ms| ms > ABORTED_MS) {
        return false;
    }
    // A run that reached its tests may well print "no such file": its summary tells it apart.
    let text = String::from_utf8_lossy(sample).to_lowercase();
    ENVIRONMENT.iter().any(|phrase| text.contains(phrase))
        && !SUMMARY.iter().any(|phrase| text.contains(phrase))
}

/// The step of a recipe that a name stands for: without the number of a repetition at its end.
/// Labels (with a colon, or an opening bracket in front) are no such names.
pub(super) fn canonical_step(name: &str) -> String {
    if name.contains(':') || name.starts_with('(') {
        return name.to_owned();
    }
    // `implement-2` is the second run of `implement`; `step2` is a name of its own.
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem.strip_suffix('-') {
        Some(step) if stem.len() < name.len() && !step.is_empty() => step.to_owned(),
        _ => name.to_owned(),
    }
}
