//! The rules of marks, case by case.

use crate::import_bad_input::{import_bytes, prompt, response};
use windtunnel::import::tool_marks::purpose_of_tool_use;
use windtunnel::recording::{BlockKind, BlockMarks, CacheBreak, CallMarks};

const RUN: BlockMarks = BlockMarks::TEST_RUN;
const FULL: BlockMarks = BlockMarks::TEST_RUN.union(BlockMarks::FULL_SUITE);
const POLL: BlockMarks = BlockMarks::POLL;
const NONE: BlockMarks = BlockMarks::empty();

fn check(expect: BlockMarks, commands: &[&str]) {
    for command in commands {
        assert_eq!(purpose_of_tool_use("Bash", command, false).marks, expect, "{command}");
    }
}

#[test]
fn whole_suites() {
    check(
        FULL,
        &[
            "cargo test",
            "cargo +nightly test --workspace --all-features",
            "cargo nextest run",
            "cd /a/b && cargo test 2>&1 | tail -20",
            "RUST_LOG=x timeout 60 cargo test -j 2",
            "pytest",
            "python -m pytest -q",
            "python3 -m pytest tests/ -x -n 4",
            "uv run pytest --cov=src",
            "go test ./...",
            "go test -v -race ./... | grep FAIL",
            "npm test",
            "npm run test",
            "yarn test",
            "pnpm -r test",
            "bun test",
            "npx jest",
            "npx vitest run",
            "mocha",
            "make test",
            "make check",
            "task test-check",
            "task test",
            "just test",
            "tox",
            "tox -e py312",
            "mvn -q test",
            "./gradlew test",
            "ctest --output-on-failure",
            "mise run test",
            "mise run test:ci",
            "bash -c 'cd x && npm test'",
            "./scripts/run_tests.sh",
            "dotnet test",
            "npm ci && npm test",
            "rtk bun run test",
            "rtk test bun run test",
        ],
    );
}

#[test]
fn parts_of_suites() {
    check(
        RUN,
        &[
            "cargo test -p core",
            "cargo test parse::",
            "cargo test --test it",
            "cargo test -- name",
            "cargo nextest run -E 'test(x)'",
            "pytest tests/test_a.py",
            "pytest tests/test_a.py::t",
            "pytest -k name",
            "pytest --lf",
            "go test ./pkg/a",
            "go test -run TestX ./...",
            "npm test -- a.test.ts",
            "npx jest src/a.test.ts",
            "npx vitest run src/a",
            "jest -t name",
            "pnpm --filter web test",
            "tox -- tests/a.py",
            "mvn test -Dtest=A",
            "gradle test --tests A",
            "gradle :core:test",
            "ctest -R name",
            "make test TEST=a",
            "npx playwright test a.spec.ts",
        ],
    );
}

#[test]
fn no_test_runs() {
    check(
        NONE,
        &[
            "",
            "ls",
            "cargo build",
            "cargo test --no-run",
            "pytest --collect-only",
            "echo 'cargo test'",
            "grep -rn pytest .",
            "cat test.sh",
            "git commit -m 'make test pass'",
            "go vet ./...",
            "npm install jest",
            "npm run build",
            "which pytest",
            "git log | tail -5",
            "rm -f a.log",
            "cargo build 2>&1 | tail -5",
            "cat src/a.log.rs",
            "pip install pytest",
            "cat <<EOF\nnpm test\nEOF",
        ],
    );
}

#[test]
fn polls() {
    check(
        POLL,
        &[
            "sleep 30",
            "sleep 60 && tail -20 /tmp/x.log",
            "sleep 5; cat /tmp/out.txt",
            "tail -f run.log",
            "tail -50 /tmp/claude/tasks/b1.output",
            "ps aux | grep node",
            "pgrep -f cargo",
            "gh run watch 1",
            "sleep 30 && gh pr checks 3",
            "kill -0 123 && echo alive",
        ],
    );
    check(
        NONE,
        &["gh run view 1", "cargo build & sleep 5", "tail -5 src/main.rs", "sleep 1 && ./start"],
    );
    assert_eq!(purpose_of_tool_use("BashOutput", "", false).marks, POLL);
    assert_eq!(purpose_of_tool_use("TaskOutput", "", false).marks, POLL);
    assert_eq!(purpose_of_tool_use("KillShell", "", false).marks, NONE);
}

/// A call with one tool use.
pub fn using(id: &str, read: u32, tool: &str, input: &str) -> String {
    let item = format!(r#"{{"type":"tool_use","id":"t-{id}","name":"{tool}","input":{input}}}"#);
    response(id, read, 5).replace(r#"{"type":"text","text":"hello"}"#, &item)
}

/// The result of that tool use.
pub fn result(id: &str, content: &str, error: bool) -> String {
    prompt(&format!(
        "[{{\"type\":\"tool_result\",\"tool_use_id\":\"t-{id}\",\"content\":\"{content}\",\
         \"is_error\":{error}}}]"
    ))
}

#[test]
fn reads_again_edits_and_searches_know_their_file() {
    let read = r#"{"file_path":"/a.rs"}"#;
    let text = [
        using("1", 0, "Read", read),
        result("1", "same", false),
        using("2", 100, "Read", read),
        result("2", "same", false),
        using("3", 200, "Read", r#"{"file_path":"/a.rs","offset":9}"#),
        result("3", "same", false),
        using("4", 300, "Edit", r#"{"file_path":"/b.rs"}"#),
        result("4", "done", false),
        using("5", 400, "Grep", r#"{"path":"/a.rs","pattern":"x"}"#),
        result("5", "hit", false),
        using("6", 500, "Read", read),
        result("6", "other", false),
        response("7", 600, 5),
    ];
    let recording = import_bytes(text.concat().as_bytes()).recording;
    let results: Vec<(BlockMarks, Option<u32>)> = recording
        .blocks
        .iter()
        .filter(|block| block.kind == BlockKind::ToolResult)
        .map(|block| (block.marks, block.file_number()))
        .collect();
    assert_eq!(
        results,
        [
            (BlockMarks::READ, Some(0)),
            (BlockMarks::READ | BlockMarks::REREAD | BlockMarks::SEEN_BEFORE, Some(0)),
            // Another range of a file that was read whole, and its lines after an edit.
            (BlockMarks::READ | BlockMarks::SEEN_BEFORE, Some(0)),
            (BlockMarks::EDIT, Some(1)),
            (BlockMarks::SEARCH, Some(0)),
            (BlockMarks::READ | BlockMarks::SEEN_BEFORE, Some(0)),
        ]
    );
    let block = recording.blocks.iter().position(|b| b.kind == BlockKind::ToolResult).expect("one");
    let peer = recording.blocks[block].peer_block().expect("a peer");
    assert_eq!(recording.blocks[peer].peer_block(), Some(block));
    assert_eq!(recording.blocks[peer].kind, BlockKind::ToolInput);
}

#[test]
fn an_aborted_run_shows_a_broken_environment_and_no_tests() {
    let check = |content: &str, error: bool, expect: bool| {
        let text = [
            using("1", 0, "Bash", r#"{"command":"pytest"}"#),
            result("1", content, error),
            response("2", 100, 5),
        ];
        let recording = import_bytes(text.concat().as_bytes()).recording;
        let marks = recording.calls[0].marks;
        assert!(marks.contains(CallMarks::TEST_RUN | CallMarks::FULL_SUITE));
        assert_eq!(marks.contains(CallMarks::ABORTED_RUN), expect, "{content}");
        let blocks = recording.blocks.iter().filter(|b| b.marks.contains(BlockMarks::ABORTED_RUN));
        assert_eq!(blocks.count(), if expect { 2 } else { 0 });
    };
    check("Exit code 127\\nbash: pytest: command not found", true, true);
    check("A virtual environment already exists at .venv", true, true);
    check("No module named pytest", true, true);
    check("Exit code 2\\nerror: unrecognized subcommand 'bun'\\n\\nUsage: x", true, true);
    check("No module named pytest", false, false);
    check("1 failed: No module named x", true, false);
    check("assertion failed", true, false);
}

#[test]
fn calls_know_who_opened_them_and_whether_they_only_talk() {
    let text = [
        prompt("\"please\""),
        response("1", 0, 5),
        using("2", 100, "Bash", r#"{"command":"sleep 5"}"#),
        result("2", "", false),
        response("3", 200, 5),
        prompt("\"<local-command-stdout>x</local-command-stdout>\""),
        response("4", 300, 5),
        using("5", 400, "Bash", r#"{"command":"gh run view 1"}"#),
        result("5", "pending", false),
        using("6", 500, "Bash", r#"{"command":"gh run view 1"}"#),
        // Another question, and a log, are no polls.
        using("7", 600, "Bash", r#"{"command":"gh run view 1 --json jobs"}"#),
        using("8", 700, "Bash", r#"{"command":"gh run view 1 --log-failed"}"#),
        using("9", 800, "Bash", r#"{"command":"gh run view 1 --log-failed"}"#),
    ];
    let recording = import_bytes(text.concat().as_bytes()).recording;
    let marks: Vec<CallMarks> = recording.calls.iter().map(|call| call.marks).collect();
    assert_eq!(
        marks,
        [
            CallMarks::HUMAN | CallMarks::NARRATION | CallMarks::ANSWER_CACHED,
            CallMarks::POLL,
            CallMarks::ANSWER_CACHED,
            CallMarks::NARRATION | CallMarks::ANSWER_CACHED,
            CallMarks::empty(),
            CallMarks::POLL,
            CallMarks::empty(),
            CallMarks::empty(),
            CallMarks::empty(),
        ]
    );
}

#[test]
fn a_switch_of_effort_breaks_the_cache_and_is_marked_where_nothing_else_does() {
    let with = |effort: &str, record: String| {
        record.replace(r#"{"type":"assistant","#, &format!(r#"{{"type":"assistant",{effort}"#))
    };
    let effort = |name: &str| format!(r#""effort":"{name}","#);
    // The same context, written anew.
    let lost = |record: String| {
        record.replace("creation_input_tokens\":100", "creation_input_tokens\":18200")
    };
    let text = [
        with(&effort("high"), response("1", 20_000, 5)),
        with(&effort("high"), response("2", 20_100, 5)),
        with(&effort("low"), lost(response("3", 2_100, 5))),
        // Who tells no effort, or tells it as no version does, has not switched it.
        with("", response("4", 20_300, 5)),
        with(r#""effort":{"level":1},"#, response("5", 20_400, 5)),
        with(&effort("low"), response("6", 20_500, 5)),
        // A switch that lost nothing.
        with(&effort("max"), response("8", 20_600, 5)),
        // The context shrank at the same time: that alone would have broken the cache.
        with(&effort("high"), response("7", 18_000, 5)),
    ];
    let recording = import_bytes(text.concat().as_bytes()).recording;
    let marked: Vec<(bool, CacheBreak)> = recording
        .calls
        .iter()
        .map(|call| (call.marks.contains(CallMarks::EFFORT_SWITCH), call.cache_break))
        .collect();
    let (no, to_static) = ((false, CacheBreak::No), CacheBreak::ToStatic);
    let silent = (false, to_static);
    assert_eq!(marked, [no, no, (true, to_static), no, no, no, silent, silent]);
}

#[test]
fn prose_beside_a_tool_use_is_marked() {
    let both =
        r#"{"type":"text","text":"hello"},{"type":"tool_use","id":"t","name":"Agent","input":{}}"#;
    let text = [
        response("1", 0, 5).replace(r#"{"type":"text","text":"hello"}"#, both),
        result("1", "no such use", false).replace("t-1", "t"),
        response("2", 100, 5),
    ];
    let recording = import_bytes(text.concat().as_bytes()).recording;
    let marked: Vec<(BlockKind, bool)> = recording
        .blocks
        .iter()
        .map(|block| (block.kind, block.marks.contains(BlockMarks::PROSE)))
        .collect();
    assert_eq!(
        marked,
        [
            (BlockKind::System, false),
            (BlockKind::Text, true),
            (BlockKind::ToolInput, false),
            (BlockKind::Report, false),
            (BlockKind::Text, false),
        ]
    );
}
