//! A tree of made-up Codex rollouts, the same bytes for the same seed.
//!
//! A call is about 8 KB in five to seven lines, as in real trees: hidden reasoning of 1 to 2 KB,
//! prose with a copy of it for the screen, a tool use, its output, sometimes a patch with a copy of
//! the change, and the running total. Every sixteenth rollout is a subagent's that replays a part
//! of the rollout before it.

use super::{FILE, text};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Context at which a thread compacts.
const FULL: u64 = 240_000;

/// Calls that a subagent replays of its parent.
const REPLAYED: u64 = 20;

/// Writes at least `bytes` bytes below `root`; returns how many.
///
/// # Errors
/// What the disk says.
pub fn tree(root: &Path, bytes: u64, seed: u64) -> io::Result<u64> {
    let mut done = 0;
    let mut number = 0_u64;
    while done < bytes {
        let folder = root.join(format!("sessions/2026/10/{:02}", number % 28 + 1));
        fs::create_dir_all(&folder)?;
        let name = format!("rollout-2026-10-01T00-00-00-{}.jsonl", id(number));
        let mut file = io::BufWriter::new(fs::File::create(folder.join(name))?);
        done += rollout(&mut file, number, FILE.min(bytes - done), seed)?;
        file.flush()?;
        number += 1;
    }
    Ok(done)
}

fn id(number: u64) -> String {
    format!("019f0000-0000-7000-8000-{number:012x}")
}

/// The running total of a thread.
struct Thread {
    context: u64,
    input: u64,
    cached: u64,
    output: u64,
    second: u64,
}

fn rollout(out: &mut dyn Write, number: u64, bytes: u64, seed: u64) -> io::Result<u64> {
    let child = number % 16 == 15;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ number);
    let mut thread = Thread { context: 24_000, input: 0, cached: 0, output: 0, second: 0 };
    let mut done = 0;
    let mut say = |lines: &str| {
        done += lines.len() as u64;
        out.write_all(lines.as_bytes()).map(|()| done)
    };
    say(&head(number, child, &mut rng))?;
    if child {
        // The same numbers as the parent's: its generator starts from the parent's seed.
        let mut parents = ChaCha8Rng::seed_from_u64(seed ^ (number - 1));
        let _ = head(number - 1, false, &mut parents);
        for call in 0..REPLAYED {
            let lines = round(call, &mut thread, &mut parents);
            say(&lines)?;
        }
        thread.second = 40_000;
    }
    for call in 0.. {
        let lines = round(call, &mut thread, &mut rng);
        if say(&lines)? >= bytes {
            break;
        }
    }
    Ok(done)
}

fn stamp(second: u64) -> String {
    let (hour, minute) = (second / 3_600 % 24, second / 60 % 60);
    format!("2026-10-{:02}T{hour:02}:{minute:02}:{:02}.123Z", second / 86_400 + 1, second % 60)
}

fn head(number: u64, child: bool, rng: &mut impl Rng) -> String {
    let at = stamp(if child { 40_000 } else { 0 });
    let source = if child {
        let parent = id(number - 1);
        format!(
            "{{\"subagent\":{{\"thread_spawn\":{{\"parent_thread_id\":\"{parent}\",\"depth\":1}}}}}},\
             \"forked_from_id\":\"{parent}\""
        )
    } else {
        "\"cli\"".to_owned()
    };
    let mut lines = String::new();
    let _ = writeln!(
        lines,
        "{{\"timestamp\":\"{at}\",\"type\":\"session_meta\",\"payload\":{{\"id\":\"{}\",\
         \"timestamp\":\"{at}\",\"cwd\":\"/x\",\"cli_version\":\"0.136.0\",\"source\":{source},\
         \"base_instructions\":{{\"text\":\"{}\"}}}}}}",
        id(number),
        text(20_000, rng)
    );
    let _ = writeln!(
        lines,
        "{{\"timestamp\":\"{at}\",\"type\":\"turn_context\",\"payload\":{{\"cwd\":\"/x\",\
         \"model\":\"gpt-5.5\",\"effort\":\"medium\",\"developer_instructions\":\"{}\"}}}}",
        text(6_000, rng)
    );
    let prompt = text(600, rng);
    let _ = writeln!(
        lines,
        "{{\"timestamp\":\"{at}\",\"type\":\"response_item\",\"payload\":{{\"type\":\"message\",\
         \"role\":\"user\",\"content\":[{{\"type\":\"input_text\",\"text\":\"{prompt}\"}}]}}}}"
    );
    let _ = writeln!(
        lines,
        "{{\"timestamp\":\"{at}\",\"type\":\"event_msg\",\"payload\":{{\"type\":\"user_message\",\
         \"message\":\"{prompt}\"}}}}"
    );
    lines
}

/// Base64 that says nothing.
fn encrypted(chars: usize, rng: &mut impl Rng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..chars).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}

fn round(call: u64, thread: &mut Thread, rng: &mut impl Rng) -> String {
    let mut lines = String::with_capacity(12_000);
    thread.second += rng.random_range(3..9);
    let at = stamp(thread.second);
    let mut say = |kind: &str, payload: String| {
        let _ = writeln!(
            lines,
            "{{\"timestamp\":\"{at}\",\"type\":\"{kind}\",\"payload\":{{{payload}}}}}"
        );
    };
    let hidden = encrypted(rng.random_range(1_000..2_000), rng);
    say(
        "response_item",
        format!(
            "\"type\":\"reasoning\",\"summary\":[],\"content\":null,\"encrypted_content\":\"{hidden}\""
        ),
    );
    if call.is_multiple_of(2) {
        let prose = text(250, rng);
        say("event_msg", format!("\"type\":\"agent_message\",\"message\":\"{prose}\""));
        say(
            "response_item",
            format!(
                "\"type\":\"message\",\"role\":\"assistant\",\"content\":[{{\"type\":\"output_text\",\
                 \"text\":\"{prose}\"}}]"
            ),
        );
    }
    let body = text(rng.random_range(500..7_000), rng);
    if call % 5 == 4 {
        let patch = text(900, rng);
        say(
            "response_item",
            format!(
                "\"type\":\"custom_tool_call\",\"call_id\":\"c{call}\",\"name\":\"apply_patch\",\
                 \"input\":\"*** Begin Patch\\n*** Update File: src/a{}.rs\\n{patch}\"",
                call % 7
            ),
        );
        say(
            "event_msg",
            format!(
                "\"type\":\"patch_apply_end\",\"call_id\":\"c{call}\",\"success\":true,\
                 \"changes\":{{\"src/a.rs\":{{\"type\":\"update\",\"unified_diff\":\"{patch}\"}}}}"
            ),
        );
        say(
            "response_item",
            format!(
                "\"type\":\"custom_tool_call_output\",\"call_id\":\"c{call}\",\
                 \"output\":\"Exit code: 0\\nOutput:\\nSuccess.\""
            ),
        );
    } else {
        let command =
            ["cargo test -p y", "sed -n '1,200p' src/a.rs", "rg -n x src"][call as usize % 3];
        say(
            "response_item",
            format!(
                "\"type\":\"function_call\",\"name\":\"exec_command\",\"call_id\":\"c{call}\",\
                 \"arguments\":\"{{\\\"cmd\\\": \\\"{command}\\\", \\\"workdir\\\": \\\"/x\\\"}}\""
            ),
        );
        say(
            "response_item",
            format!(
                "\"type\":\"function_call_output\",\"call_id\":\"c{call}\",\"output\":\"Process \
                 exited with code 0\\nOutput:\\n{body}\""
            ),
        );
    }
    let out = rng.random_range(100..600);
    let cached = thread.context / 128 * 128;
    let input = thread.context + rng.random_range(200..2_000);
    thread.context = if input > FULL { 24_000 } else { input + out };
    thread.input += input;
    thread.cached += cached;
    thread.output += out;
    let usage = |input: u64, cached: u64, output: u64| {
        format!(
            "{{\"input_tokens\":{input},\"cached_input_tokens\":{cached},\"output_tokens\":{output},\
             \"reasoning_output_tokens\":{},\"total_tokens\":{}}}",
            output / 4,
            input + output
        )
    };
    say(
        "event_msg",
        format!(
            "\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{},\"last_token_usage\":{},\
             \"model_context_window\":258400}},\"rate_limits\":{{\"limit_id\":\"codex\",\"primary\":\
             {{\"used_percent\":3.0,\"window_minutes\":300,\"resets_at\":1780240085}},\
             \"secondary\":{{\"used_percent\":1.0,\"window_minutes\":10080,\"resets_at\":1780808881}},\
             \"credits\":null,\"plan_type\":\"pro\"}}",
            usage(thread.input, thread.cached, thread.output),
            usage(input, cached, out)
        ),
    );
    lines
}
