//! Which commands run tests, and whether they run the whole suite.
//!
//! A run is a part as soon as it names a file, a test, a package or a pattern.

use super::shell_commands::SimpleCommand;

/// How much of a test suite a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TestScope {
    /// No file, test, package or pattern is named.
    Full,
    /// One is.
    Part,
}

/// Whether a command runs tests, and how many.
pub(super) fn scope_of_test_run(command: &SimpleCommand) -> Option<TestScope> {
    match command.program_name() {
        "cargo" => cargo_scope(command),
        "pytest" | "py.test" | "unittest" => pytest_scope(command),
        "go" => go_scope(command),
        "npm" | "pnpm" | "yarn" | "bun" | "deno" => package_script_scope(command),
        "make" | "gmake" | "just" | "task" | "rake" | "mage" | "ninja" | "mise" => {
            task_runner_scope(command)
        }
        "tox" | "nox" => tox_scope(command),
        "mvn" | "mvnw" | "gradle" | "gradlew" | "sbt" => jvm_scope(command),
        "playwright" | "cypress" if matches!(command.word_at(1), "test" | "run") => {
            let valued = ["-g", "--grep", "--spec", "--project"];
            Some(scope_of_words(words_from(command, 2), &valued, &[]))
        }
        "node" if command.has_word("--test") => {
            Some(scope_of_words(words_from(command, 1), &[], &[]))
        }
        "ctest" if !has_any_flag(command, &["-N", "--version"]) => {
            let valued = ["-R", "-L", "-I", "--tests-regex"];
            Some(scope_of_words(words_from(command, 1), &valued, &[]))
        }
        "dotnet" | "swift" | "mix" | "rails" | "flutter" | "dart" | "bazel" | "zig"
        | "composer" => {
            // `zig build test`: the step of a build.
            let from = 2 + usize::from(command.word_at(1) == "build");
            (command.word_at(from - 1) == "test")
                .then(|| scope_of_words(words_from(command, from), &["--filter", "--name"], &[]))
        }
        program => {
            test_runner_scope(program, command).or_else(|| test_script_scope(program, command))
        }
    }
}

fn words_from(command: &SimpleCommand, from: usize) -> &[String] {
    command.words.get(from..).unwrap_or_default()
}

fn has_any_flag(command: &SimpleCommand, flags: &[&str]) -> bool {
    flags.iter().any(|flag| command.has_word(flag))
}

fn part_if_named(named: bool) -> TestScope {
    if named { TestScope::Part } else { TestScope::Full }
}

fn cargo_scope(command: &SimpleCommand) -> Option<TestScope> {
    // `cargo +nightly test`: the toolchain comes first.
    let at = 1 + usize::from(command.word_at(1).starts_with('+'));
    let from = match (command.word_at(at), command.word_at(at + 1)) {
        ("test" | "t" | "tarpaulin" | "llvm-cov", _) => at + 1,
        ("nextest", "run" | "r") | ("miri" | "insta" | "hack", "test") => at + 2,
        _ => return None,
    };
    if has_any_flag(command, &["--no-run", "--list", "--help"]) {
        return None;
    }
    let valued = ["-p", "--package", "--test", "--bin", "--example", "-E"];
    Some(scope_of_words(words_from(command, from), &valued, &["--lib", "--doc"]))
}

fn pytest_scope(command: &SimpleCommand) -> Option<TestScope> {
    if has_any_flag(command, &["--collect-only", "--co", "--version", "--help"]) {
        return None;
    }
    let words: Vec<String> =
        words_from(command, 1).iter().filter(|w| !is_suite_root(w)).cloned().collect();
    let narrowing = ["--lf", "--last-failed", "--ff", "--failed-first"];
    Some(scope_of_words(&words, &["-k", "-m", "--deselect"], &narrowing))
}

fn go_scope(command: &SimpleCommand) -> Option<TestScope> {
    if command.word_at(1) != "test" || has_any_flag(command, &["-list", "-c"]) {
        return None;
    }
    let words = words_from(command, 2);
    // Without a pattern of packages go tests the current one alone.
    let whole = words.iter().any(|word| matches!(word.as_str(), "./..." | "..." | "all"));
    let named = words.iter().any(|word| word.starts_with("-run"));
    Some(part_if_named(!whole || named))
}

/// `npm test`, `pnpm run test:ci`, `yarn workspace x test`.
fn package_script_scope(command: &SimpleCommand) -> Option<TestScope> {
    let words = words_from(command, 1);
    let at = words.iter().position(|word| is_test_script(word))?;
    let (before, after) = (&words[..at], &words[at + 1..]);
    // `npm install test` names a package, not a script.
    let other_commands = ["install", "add", "i", "remove", "ci", "why", "view"];
    if before.iter().any(|word| other_commands.contains(&word.as_str())) {
        return None;
    }
    let valued = ["--filter", "-F", "-w", "--workspace", "-t", "--testNamePattern", "--grep"];
    let named = before.iter().any(|word| valued.contains(&word.as_str()) || word == "workspace");
    let after = scope_of_words(after, &valued, &[]);
    Some(part_if_named(named || after == TestScope::Part))
}

fn test_runner_scope(program: &str, command: &SimpleCommand) -> Option<TestScope> {
    let known = matches!(
        program,
        "jest" | "vitest" | "mocha" | "ava" | "tap" | "rspec" | "phpunit" | "gotestsum" | "karma"
    );
    if !known || has_any_flag(command, &["--version", "--help", "--listTests"]) {
        return None;
    }
    // `vitest run x`: the second word says how it runs, and names no test.
    let from = 1 + usize::from(matches!(command.word_at(1), "run" | "watch" | "start"));
    let valued = ["-t", "--grep", "-g", "--testNamePattern", "--testPathPattern"];
    Some(scope_of_words(words_from(command, from), &valued, &[]))
}

fn jvm_scope(command: &SimpleCommand) -> Option<TestScope> {
    let words = words_from(command, 1);
    let names_module = words.iter().any(|word| word.starts_with(':') && word.ends_with(":test"));
    let runs_all = words.iter().any(|word| matches!(word.as_str(), "test" | "verify" | "check"));
    let names_tests = words.iter().any(|word| {
        word.starts_with("-Dtest=")
            || word.starts_with("-Dit.test=")
            || matches!(word.as_str(), "--tests" | "-pl" | "--projects")
    });
    (names_module || runs_all).then(|| part_if_named(names_module || names_tests))
}

fn tox_scope(command: &SimpleCommand) -> Option<TestScope> {
    let words = words_from(command, 1);
    let listed = has_any_flag(command, &["--version", "-l", "--list", "--notest"]);
    // What stands behind `--` goes to the runner inside, as its filter.
    let dashes = words.iter().position(|word| word == "--");
    (!listed).then(|| part_if_named(dashes.is_some_and(|at| at + 1 < words.len())))
}

/// Whether words after the program narrow the run: a value flag of `valued`, a flag of
/// `narrowing`, or any word that is no flag.
fn scope_of_words(words: &[String], valued: &[&str], narrowing: &[&str]) -> TestScope {
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
        let (flag, has_value) =
            word.split_once('=').map_or((word, false), |(flag, _)| (flag, true));
        if valued.contains(&flag) || narrowing.contains(&word) {
            return TestScope::Part;
        }
        if PLAIN_VALUES.contains(&flag) && !has_value {
            // The next word is this flag's value and names no test.
            at += 1;
        } else if !word.starts_with('-') && !word.is_empty() {
            return TestScope::Part;
        }
        at += 1;
    }
    TestScope::Full
}

/// A folder that holds the whole suite.
fn is_suite_root(word: &str) -> bool {
    matches!(
        word.trim_start_matches("./").trim_end_matches('/'),
        "" | "." | "test" | "tests" | "discover"
    )
}

fn is_test_script(word: &str) -> bool {
    matches!(word, "test" | "t" | "tests") || word.starts_with("test:") || word.starts_with("test-")
}

/// Task runners: a target whose name starts with `test`, or `check`.
fn task_runner_scope(command: &SimpleCommand) -> Option<TestScope> {
    let words = command.words.get(1..).unwrap_or_default();
    let program = command.program_name();
    // `mise run test` and `mise test` run the same task.
    let words = if program == "mise" {
        let task = words.first().is_some_and(|word| matches!(word.as_str(), "run" | "r"));
        words.get(usize::from(task)..).unwrap_or_default()
    } else {
        words
    };
    let at = words.iter().position(|word| is_test_target(word))?;
    let more = words.get(at + 1..).unwrap_or_default();
    let named = more.iter().any(|word| {
        // `make test FILE=x` runs a part; other assignments set how, not what.
        let assigned = word.split_once('=').is_some_and(|(name, _)| {
            matches!(
                name,
                "TEST" | "TESTS" | "FILE" | "PKG" | "T" | "TEST_ARGS" | "ARGS" | "PYTEST_ARGS"
            )
        });
        assigned || (!word.starts_with('-') && !word.contains('=') && !is_test_target(word))
    });
    Some(part_if_named(named))
}

fn is_test_target(word: &str) -> bool {
    word.starts_with("test")
        || word == "check"
        || word.ends_with(":test")
        || word.ends_with("-test")
}

/// A script whose name says that it runs tests.
fn test_script_scope(program: &str, command: &SimpleCommand) -> Option<TestScope> {
    // Without an interpreter a script is known by its path: `test` alone is the shell's own.
    let shell = matches!(program, "bash" | "sh" | "zsh" | "python" | "python3");
    let (path, from) = if shell { (command.word_at(1), 2) } else { (command.word_at(0), 1) };
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
    .then(|| scope_of_words(command.words.get(from..).unwrap_or_default(), &[], &[]))
}
