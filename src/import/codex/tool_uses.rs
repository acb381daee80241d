//! Tool uses and their results as Codex writes them.
//!
//! Shell commands go through the same rules as every shell ([`tool_marks`]); Codex also reads and
//! edits files that way: `cat`, `sed -n` and their like are reads, a patch is an edit. Input to a
//! running program that says nothing only looks, so it is a poll.

use super::lenient_shapes::TextPiece;
use super::wire::{RolloutItem, ToolArguments};
use crate::import::json_escapes::{count_chars, decode_string};
use crate::import::json_reader;
use crate::import::measured_text::SAMPLE;
use crate::import::shell_commands::{self, SimpleCommand};
use crate::import::tool_marks;
use crate::import::transcript::{ToolResult, ToolUse};
use crate::recording::BlockMarks;
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// Arguments are looked into up to so many bytes.
const ARGUMENTS: usize = 64 << 10;

/// What a tool use is for.
#[derive(Debug, Default)]
struct ToolAim {
    marks: BlockMarks,
    is_report: bool,
    /// Fingerprint of the question, where it asks a forge for the state of something.
    forge_question: Option<u64>,
    /// Fingerprint of the path of its file.
    path: Option<u64>,
    /// Fingerprint of path and range, for reads.
    read: Option<u64>,
}

impl ToolAim {
    fn from_marks(marks: BlockMarks) -> Self {
        Self { marks, ..Self::default() }
    }
}

/// What a tool use is for, by its name and its raw arguments; `id` is what its result will name.
pub(super) fn describe_tool_use<'a>(name: &'a str, raw: &[u8], id: &[u8]) -> ToolUse<'a> {
    let ToolAim { marks, is_report, forge_question, path, read } = aim_of_tool_use(name, raw);
    let (id, chars) = (xxh3_64(id), count_chars(raw));
    ToolUse { id, name, chars, marks, is_report, forge_question, path, read }
}

/// Sizes of a result, and whether the process behind it failed.
pub(super) fn describe_result(item: &RolloutItem<'_>, at_ms: Option<i64>) -> ToolResult {
    let pieces = &item.output.0;
    ToolResult {
        id: item.call_id.text_hash(),
        chars: pieces.iter().map(|piece| count_chars(piece.text.0)).sum(),
        images: pieces.iter().filter(|piece| piece.is_image()).count(),
        failed: exit_code(first_text(pieces)).is_some_and(|code| code != 0),
        at_ms,
    }
}

/// A fingerprint of all pieces of a result, in their order.
pub(super) fn content_hash(pieces: &[TextPiece<'_>]) -> u64 {
    pieces.iter().fold(0, |hash, piece| hash.rotate_left(7) ^ xxh3_64(piece.text.0))
}

/// The start of a result without the lines about the process that stand before its output.
pub(super) fn leading_output(pieces: &[TextPiece<'_>]) -> Vec<u8> {
    let text = decode_start(first_text(pieces), SAMPLE);
    let output = text.split_once("Output:\n").map_or(&*text, |(_, output)| output);
    output.as_bytes().to_vec()
}

fn first_text<'a>(pieces: &[TextPiece<'a>]) -> &'a [u8] {
    pieces.first().map_or(b"", |piece| piece.text.0)
}

fn decode_start(raw: &[u8], most: usize) -> Cow<'_, str> {
    decode_string(&raw[..raw.len().min(most)])
}

fn aim_of_tool_use(name: &str, raw: &[u8]) -> ToolAim {
    match name {
        "shell" | "shell_command" | "exec_command" | "local_shell" | "container.exec" => {
            aim_of_arguments(raw)
        }
        "exec" => aim_of_script(&decode_start(raw, SAMPLE)),
        "apply_patch" => aim_of_patch(&decode_start(raw, SAMPLE)),
        "write_stdin" => {
            let text = decode_start(raw, ARGUMENTS);
            let is_silent = json_reader::from_slice::<ToolArguments>(text.as_bytes())
                .is_ok_and(|arguments| arguments.chars.0.is_empty());
            ToolAim::from_marks(poll_if(is_silent))
        }
        "wait" | "wait_agent" => ToolAim { is_report: true, ..ToolAim::default() },
        _ => ToolAim::default(),
    }
}

fn poll_if(is_silent: bool) -> BlockMarks {
    if is_silent { BlockMarks::POLL } else { BlockMarks::empty() }
}

/// A shell's arguments: JSON with the command as a line or as words.
fn aim_of_arguments(raw: &[u8]) -> ToolAim {
    let text = decode_start(raw, ARGUMENTS);
    let Ok(arguments) = json_reader::from_slice::<ToolArguments>(text.as_bytes()) else {
        return ToolAim::default();
    };
    let command = match arguments.command.0.as_slice() {
        [] => decode_start(arguments.cmd.0, SAMPLE),
        [one] => decode_start(one.0, SAMPLE),
        // `bash -lc SCRIPT`: the script is the line. Other words are joined.
        [first, flag, script, ..]
            if flag.0.ends_with(b"c") && flag.0.starts_with(b"-") && first.0.ends_with(b"sh") =>
        {
            decode_start(script.0, SAMPLE)
        }
        words => {
            let words: Vec<_> = words.iter().map(|word| decode_start(word.0, SAMPLE)).collect();
            words.join(" ").into()
        }
    };
    aim_of_command(&command)
}

/// A script that calls tools: what its shell calls run, or its patch.
fn aim_of_script(script: &str) -> ToolAim {
    if script.contains("*** Begin Patch") {
        return aim_of_patch(script);
    }
    let mut commands: Vec<String> = Vec::new();
    let mut rest = script;
    // The script is JavaScript, which nobody parses here: every `cmd: "..."` in it is a command,
    // whatever the quotes around key and value.
    while let Some(at) = rest.find("cmd") {
        rest = rest[at + 3..].trim_start_matches(['"', '\'']);
        let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
            continue;
        };
        let inner = &value[1..];
        let mut is_escaped = false;
        let closing = inner.find(|c| {
            let closes = c == quote && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            closes
        });
        let end = closing.unwrap_or(inner.len());
        commands.push(decode_string(&inner.as_bytes()[..end]).into_owned());
        rest = &inner[end..];
    }
    if commands.is_empty() {
        // `write_stdin` of a script that sends nothing.
        let is_silent = script.contains("write_stdin") && script.contains("\"\"");
        return ToolAim::from_marks(poll_if(is_silent));
    }
    aim_of_command(&commands.join("\n"))
}

fn aim_of_command(command: &str) -> ToolAim {
    if command.contains("*** Begin Patch") {
        return aim_of_patch(command);
    }
    let commands = shell_commands::parse_commands(command);
    let (marks, asks_state) = tool_marks::purpose_of_commands(&commands);
    let mut aim = ToolAim::from_marks(marks);
    aim.forge_question = asks_state.then(|| xxh3_64(command.as_bytes()));
    // What runs tests or waits may show a file in passing: it is no read.
    if marks.is_empty()
        && let Some(path) = file_shown_by(&commands)
    {
        aim.marks = BlockMarks::READ;
        aim.path = Some(xxh3_64(path.as_bytes()));
        aim.read = Some(xxh3_64(command.as_bytes()));
    }
    aim
}

/// A patch edits the first file that it names.
fn aim_of_patch(patch: &str) -> ToolAim {
    // In a script the patch may be a string, its lines escaped.
    let path = patch.lines().flat_map(|line| line.split("\\n")).find_map(patched_path);
    ToolAim { path, ..ToolAim::from_marks(BlockMarks::EDIT) }
}

/// Fingerprint of the path in `*** Update File: PATH` and its like.
fn patched_path(line: &str) -> Option<u64> {
    let (verb, path) = line.trim_start().strip_prefix("*** ")?.split_once(" File: ")?;
    matches!(verb, "Add" | "Update" | "Delete").then(|| xxh3_64(path.trim().as_bytes()))
}

/// The file that a command line does nothing but show, if there is one.
fn file_shown_by(commands: &[SimpleCommand]) -> Option<String> {
    let mut shown = None;
    for simple in commands {
        let program = simple.program_name();
        match program {
            "cat" | "nl" | "head" | "tail" | "bat" => {}
            // Without `-n` it may edit.
            "sed" if simple.has_word("-n") => {}
            "cd" | "pwd" => continue,
            "wc" | "grep" | "rg" | "sort" | "uniq" | "cut" | "awk" if simple.piped => continue,
            _ => return None,
        }
        // What reads from a pipe trims what another command shows.
        if simple.piped {
            continue;
        }
        // The first plain word is the file; for sed it is the second, after its script. Numbers
        // are values of flags (`head -n 20`).
        let mut plain_words = simple.words[1..]
            .iter()
            .filter(|word| !word.starts_with('-') && !word.chars().all(|c| c.is_ascii_digit()));
        let path = plain_words.nth(usize::from(program == "sed"));
        shown = shown.or_else(|| path.cloned());
    }
    shown
}

/// A result tells about its process in so many of its first or last bytes.
const ABOUT: usize = 256;

/// The exit code that a raw result tells: before its output, or behind it where it is JSON.
fn exit_code(raw: &[u8]) -> Option<i64> {
    let about = raw.len().min(ABOUT);
    let (head, tail) = (&raw[..about], &raw[raw.len() - about..]);
    let signs: [(&[u8], &[u8]); 3] =
        [(head, b"exited with code "), (head, b"Exit code: "), (tail, b"\"exit_code\\\":")];
    signs.iter().find_map(|(part, sign)| {
        // The last one: an output may quote another result.
        let at = memchr::memmem::find_iter(part, sign).last()?;
        let digits = part[at + sign.len()..].trim_ascii_start();
        let length = digits.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
        std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> String {
        let json = serde_json::to_string(text).unwrap_or_default();
        json[1..json.len() - 1].to_owned()
    }

    fn check(name: &str, text: &str, expect: BlockMarks) {
        assert_eq!(aim_of_tool_use(name, raw(text).as_bytes()).marks, expect, "{name} {text}");
    }

    #[test]
    fn shells_are_seen_through_their_arguments() {
        let tests = BlockMarks::TEST_RUN | BlockMarks::FULL_SUITE;
        check("exec_command", r#"{"cmd": "go version && go test ./...", "workdir": "/x"}"#, tests);
        check("shell", r#"{"command":["bash","-lc","cd x && cargo test"]}"#, tests);
        check("shell", r#"{"command":["cargo","test"]}"#, tests);
        check("shell_command", r#"{"command":"pytest a/test_b.py"}"#, BlockMarks::TEST_RUN);
        check("exec", r#"const r = await tools.exec_command({"cmd":"cargo test"});"#, tests);
        check("exec", "await tools.exec_command({cmd: 'pytest x.py'})", BlockMarks::TEST_RUN);
        check("exec_command", r#"{"cmd": "sleep 30; ps"}"#, BlockMarks::POLL);
        check("exec_command", r#"{"cmd": "ls"}"#, BlockMarks::empty());
        check("exec_command", "{\"cmd\": \"ls", BlockMarks::empty());
        check("update_plan", r#"{"plan": "cargo test"}"#, BlockMarks::empty());
    }

    #[test]
    fn silence_to_a_running_program_is_a_poll() {
        check(
            "write_stdin",
            r#"{"session_id": 1, "chars": "", "yield_time_ms": 1}"#,
            BlockMarks::POLL,
        );
        check("write_stdin", r#"{"session_id": 1}"#, BlockMarks::POLL);
        check("write_stdin", r#"{"session_id": 1, "chars": "y\n"}"#, BlockMarks::empty());
    }

    #[test]
    fn files_are_read_and_edited_by_commands() {
        for (command, path) in [
            ("sed -n '1,240p' src/a.rs", Some("src/a.rs")),
            ("cat a.md | head -5", Some("a.md")),
            ("cd x && nl -ba b.rs | sed -n '1,20p'", Some("b.rs")),
            ("head -n 20 c.rs", Some("c.rs")),
            ("sed -i s/a/b/ c.rs", None),
            ("cat a.md > b.md && make", None),
            ("rg x", None),
            ("cat", None),
        ] {
            let commands = shell_commands::parse_commands(command);
            assert_eq!(file_shown_by(&commands).as_deref(), path, "{command}");
        }
        check("exec_command", r#"{"cmd": "sed -n '1,9p' a.rs"}"#, BlockMarks::READ);
        check("apply_patch", "*** Begin Patch\n*** Update File: a.rs\n", BlockMarks::EDIT);
        check(
            "shell",
            r#"{"command":["apply_patch","*** Begin Patch\n*** Add File: a"]}"#,
            BlockMarks::EDIT,
        );
        let path = |text: &str| aim_of_tool_use("apply_patch", raw(text).as_bytes()).path;
        let first = path("*** Begin Patch\n*** Update File: a.rs\n@@\n");
        assert!(first.is_some());
        assert_eq!(first, path("*** Begin Patch\n*** Delete File: a.rs\n*** Add File: b\n"));
    }

    #[test]
    fn a_result_tells_its_exit_code() {
        for (text, code) in [
            ("Chunk ID: 1\nProcess exited with code 127\nOutput:\n", Some(127)),
            ("Exit code: 0\nWall time: 1 seconds", Some(0)),
            (r#"{"output":"x","metadata":{"exit_code":1,"duration_seconds":0.1}}"#, Some(1)),
            ("Process running with session ID 7", None),
            ("exited with code many", None),
        ] {
            assert_eq!(exit_code(raw(text).as_bytes()), code, "{text}");
        }
    }
}
