//! Tool uses and their results: what they are for, which file, which belongs to which.
//!
//! Shell commands go through the same rules as every shell ([`super::super::tool_marks`]); Codex also reads and edits
//! files that way: `cat`, `sed -n` and their like are reads, a patch is an edit. Input to a running
//! program that says nothing only looks, so it is a poll.

use super::lenient_shapes::ContentPieces;
use super::session_builder::RolloutSessionBuilder;
use super::wire::{RolloutItem, ToolArguments};
use crate::import::json_escapes::{count_chars, decode_string};
use crate::import::measured_text::SAMPLE;
use crate::import::tool_marks::{self, ToolPurpose};
use crate::import::{intern_name, json_reader, shell_commands};
use crate::recording::{BlockKind, BlockMarks, RawBlock, estimate};
use xxhash_rust::xxh3::xxh3_64;

/// How many tool uses may lie between two looks at a forge for the second to be a poll.
/// Source: MODEL.md, "Marks".
const STATE_WINDOW: u32 = 3;

/// Arguments are looked into up to so many bytes.
const ARGUMENTS: usize = 64 << 10;

/// A tool use that waits for its result.
#[derive(Clone, Copy, Debug)]
pub struct RolloutToolUse {
    pub peer: (u32, u32),
    tool: u16,
    marks: BlockMarks,
    report: bool,
    file: Option<u32>,
    /// Fingerprint of path and range, for reads.
    read: Option<u64>,
    at_ms: Option<i64>,
}

/// What a tool use is for.
#[derive(Debug, Default)]
struct ToolAim {
    marks: BlockMarks,
    report: bool,
    /// The question, where it asks a forge for the state of something.
    asks: Option<u64>,
    /// Fingerprint of the path of its file.
    path: Option<u64>,
    /// Fingerprint of path and range, for reads.
    read: Option<u64>,
}

impl RolloutSessionBuilder {
    /// A tool use of the response in flight: name, arguments, the id that its result will name.
    pub(super) fn add_tool_use(&mut self, name: &str, raw: &[u8], id: &[u8], at_ms: Option<i64>) {
        let mut aim = aim_of_tool_use(name, raw);
        self.tool_uses += 1;
        if let Some(question) = aim.asks {
            let again =
                |(at, asked): (u32, u64)| asked == question && self.tool_uses - at <= STATE_WINDOW;
            if self.last_forge_question.is_some_and(again) {
                aim.marks |= BlockMarks::POLL;
            }
            self.last_forge_question = Some((self.tool_uses, question));
        }
        let file = aim.path.map(|path| {
            let next = self.files.len() as u32;
            *self.files.entry(path).or_insert(next)
        });
        let tool = intern_name(&mut self.session.tools, name);
        let ToolAim { marks, report, read, .. } = aim;
        let peer = self.next_output_place();
        self.uses
            .insert(xxh3_64(id), RolloutToolUse { peer, tool, marks, report, file, read, at_ms });
        let mut block = RawBlock::from_size(BlockKind::ToolInput, count_chars(raw), 0);
        (block.tool, block.marks, block.file) = (Some(tool), marks, file);
        self.add_output(block);
    }

    /// The result of a tool use.
    pub(super) fn add_tool_result(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) {
        let ContentPieces(pieces) = &item.output;
        let size = pieces.iter().map(|piece| count_chars(piece.text.0)).sum();
        let images = pieces.iter().filter(|piece| piece.is_image()).count();
        let mut block =
            RawBlock::from_size(BlockKind::ToolResult, size, images as i64 * estimate::PER_IMAGE);
        let first = pieces.first().map_or(&b""[..], |piece| piece.text.0);
        let failed = exit_code(first).is_some_and(|code| code != 0);
        if let Some(used) = self.uses.get(&item.call_id.text_hash()).copied() {
            block.kind = if used.report { BlockKind::Report } else { block.kind };
            (block.tool, block.marks, block.file) = (Some(used.tool), used.marks, used.file);
            block.peer = Some(used.peer);
            let took_ms = at_ms.zip(used.at_ms).map(|(at, from)| at - from);
            let mut more = BlockMarks::empty();
            let print = || {
                let prints = pieces.iter().map(|piece| xxh3_64(piece.text.0));
                prints.fold(0_u64, |print, next| print.rotate_left(7) ^ next)
            };
            if let Some(read) = used.read.filter(|_| !failed) {
                let print = print();
                more.set(BlockMarks::REREAD, self.reads.insert(read, print) == Some(print));
            }
            let tests = used.marks.contains(BlockMarks::TEST_RUN);
            let aborted = failed
                && tests
                && tool_marks::is_aborted_run(&strip_process_lines(first), size, took_ms);
            more.set(BlockMarks::ABORTED_RUN, aborted);
            block.marks |= more;
            self.mark_output(used.peer, more);
        }
        block.marks.set(BlockMarks::ERROR, failed);
        self.add_input(block, at_ms);
    }
}

fn aim_of_tool_use(name: &str, raw: &[u8]) -> ToolAim {
    match name {
        "shell" | "shell_command" | "exec_command" | "local_shell" | "container.exec" => {
            aim_of_arguments(raw)
        }
        "exec" => aim_of_script(&decode_string(&raw[..raw.len().min(SAMPLE)])),
        "apply_patch" => aim_of_patch(&decode_string(&raw[..raw.len().min(SAMPLE)])),
        "write_stdin" => {
            let text = decode_string(&raw[..raw.len().min(ARGUMENTS)]);
            let silent = json_reader::from_slice::<ToolArguments>(text.as_bytes())
                .is_ok_and(|arguments| arguments.chars.0.is_empty());
            ToolAim {
                marks: if silent { BlockMarks::POLL } else { BlockMarks::empty() },
                ..ToolAim::default()
            }
        }
        "wait" | "wait_agent" => ToolAim { report: true, ..ToolAim::default() },
        _ => ToolAim::default(),
    }
}

/// A shell's arguments: JSON with the command as a line or as words.
fn aim_of_arguments(raw: &[u8]) -> ToolAim {
    let text = decode_string(&raw[..raw.len().min(ARGUMENTS)]);
    let Ok(arguments) = json_reader::from_slice::<ToolArguments>(text.as_bytes()) else {
        return ToolAim::default();
    };
    let line = |raw: &[u8]| decode_string(&raw[..raw.len().min(SAMPLE)]).into_owned();
    let command = match arguments.command.0.as_slice() {
        [] => line(arguments.cmd.0),
        [one] => line(one.0),
        // `bash -lc SCRIPT`: the script is the line. Other words are joined.
        [first, flag, script, ..]
            if flag.0.ends_with(b"c") && flag.0.starts_with(b"-") && first.0.ends_with(b"sh") =>
        {
            line(script.0)
        }
        words => words.iter().map(|word| line(word.0)).collect::<Vec<_>>().join(" "),
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
    while let Some(at) = rest.find("cmd") {
        rest = rest[at + 3..].trim_start_matches(['"', '\'']);
        let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
            continue;
        };
        let inner = &value[1..];
        let mut escaped = false;
        let end = inner.find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or(inner.len());
        commands.push(decode_string(&inner.as_bytes()[..end]).into_owned());
        rest = &inner[end..];
    }
    if commands.is_empty() {
        // `write_stdin` of a script that sends nothing.
        let silent = script.contains("write_stdin") && script.contains("\"\"");
        let marks = if silent { BlockMarks::POLL } else { BlockMarks::empty() };
        return ToolAim { marks, ..ToolAim::default() };
    }
    aim_of_command(&commands.join("\n"))
}

fn aim_of_command(command: &str) -> ToolAim {
    if command.contains("*** Begin Patch") {
        return aim_of_patch(command);
    }
    let ToolPurpose { marks, asks_state, .. } =
        tool_marks::purpose_of_tool_use("shell", command, false);
    let mut aim = ToolAim { marks, ..ToolAim::default() };
    aim.asks = asks_state.then(|| xxh3_64(command.as_bytes()));
    if marks.is_empty()
        && let Some(path) = file_shown_by(command)
    {
        aim.marks = BlockMarks::READ;
        aim.path = Some(xxh3_64(path.as_bytes()));
        aim.read = Some(xxh3_64(command.as_bytes()));
    }
    aim
}

/// A patch edits the first file that it names.
fn aim_of_patch(patch: &str) -> ToolAim {
    let named = |line: &str| {
        let rest = line.trim_start().strip_prefix("*** ")?;
        let (verb, path) = rest.split_once(" File: ")?;
        matches!(verb, "Add" | "Update" | "Delete").then(|| xxh3_64(path.trim().as_bytes()))
    };
    // In a script the patch may be a string, its lines escaped.
    let path = patch.lines().flat_map(|line| line.split("\\n")).find_map(named);
    ToolAim { marks: BlockMarks::EDIT, path, ..ToolAim::default() }
}

/// The file that a command line does nothing but show, if there is one.
fn file_shown_by(command: &str) -> Option<String> {
    let commands = shell_commands::parse_commands(command);
    let mut shown = None;
    for simple in &commands {
        let program = simple.program_name();
        let shows = match program {
            "cat" | "nl" | "head" | "tail" | "bat" => true,
            "sed" => simple.has_word("-n"),
            "cd" | "pwd" => continue,
            "wc" | "grep" | "rg" | "sort" | "uniq" | "cut" | "awk" if simple.piped => continue,
            _ => return None,
        };
        if !shows {
            return None;
        }
        if simple.piped {
            continue;
        }
        let script = usize::from(program == "sed");
        let plain =
            |word: &&String| !word.starts_with('-') && !word.chars().all(|c| c.is_ascii_digit());
        let path = simple.words[1..].iter().filter(plain).nth(script);
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
        let at = memchr::memmem::rfind(part, sign)?;
        let digits = part[at + sign.len()..].trim_ascii_start();
        let length = digits.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
        std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
    })
}

/// A result without the lines about the process that stand before its output.
fn strip_process_lines(raw: &[u8]) -> Vec<u8> {
    let text = decode_string(&raw[..raw.len().min(SAMPLE)]).into_owned();
    let output = text.split_once("Output:\n").map_or(text.as_str(), |(_, output)| output);
    output.as_bytes().to_vec()
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
            assert_eq!(file_shown_by(command).as_deref(), path, "{command}");
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
