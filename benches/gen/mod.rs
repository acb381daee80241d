//! Trees of made-up transcripts, the same bytes for the same seed.
//!
//! Records are about 5 KB, as in real trees: a response with text and a tool use, then its result
//! with a copy of it in `toolUseResult`.

pub mod codex;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

const WORDS: [&str; 12] = [
    "let",
    "context",
    "token\\n",
    "  fn",
    "self.value",
    "=>",
    "error",
    "\\\"path\\\"",
    "úterý",
    "match",
    "\\tNone",
    "import",
];

/// Bytes of one transcript.
const FILE: u64 = 4 << 20;

/// Writes at least `bytes` bytes below `root`; returns how many.
///
/// # Errors
/// What the disk says.
pub fn tree(root: &Path, bytes: u64, seed: u64) -> io::Result<u64> {
    let mut done = 0;
    let mut number = 0_u64;
    while done < bytes {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ number);
        let folder = root.join(format!("-home-u-p{}", number % 8));
        fs::create_dir_all(&folder)?;
        let mut file =
            io::BufWriter::new(fs::File::create(folder.join(format!("{number}.jsonl")))?);
        done += session(&mut file, number, FILE.min(bytes - done), &mut rng)?;
        file.flush()?;
        number += 1;
    }
    Ok(done)
}

/// Writes one file of at least `bytes` bytes below `root`, one session; returns how many.
///
/// # Errors
/// What the disk says.
pub fn one_file(root: &Path, bytes: u64, seed: u64) -> io::Result<u64> {
    let folder = root.join("-home-u-p0");
    fs::create_dir_all(&folder)?;
    let mut file = io::BufWriter::new(fs::File::create(folder.join("0.jsonl"))?);
    let done = session(&mut file, 0, bytes, &mut ChaCha8Rng::seed_from_u64(seed))?;
    file.flush()?;
    Ok(done)
}

/// Writes a tree of so many sessions of one call each below `root`: one file a session, or one file
/// for all of them. What is quadratic in sessions shows here first.
///
/// # Errors
/// What the disk says.
pub fn one_call_sessions(root: &Path, sessions: u64, one_file: bool, seed: u64) -> io::Result<()> {
    let folder = root.join("-home-u-p0");
    fs::create_dir_all(&folder)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Vec::new();
    for number in 0..sessions {
        let lines = pair(number, 0, 20_000, 500, &mut rng);
        if one_file {
            all.extend_from_slice(lines.as_bytes());
        } else {
            fs::write(folder.join(format!("{number}.jsonl")), lines)?;
        }
    }
    if one_file { fs::write(folder.join("all.jsonl"), all) } else { Ok(()) }
}

fn session(out: &mut dyn Write, number: u64, bytes: u64, rng: &mut impl Rng) -> io::Result<u64> {
    let mut done = 0;
    let mut context = 20_000_u64;
    for call in 0.. {
        let growth = rng.random_range(200..2_000);
        let lines = pair(number, call, context, growth, rng);
        out.write_all(lines.as_bytes())?;
        done += lines.len() as u64;
        context = if context > 160_000 { 20_000 } else { context + growth };
        if done >= bytes {
            break;
        }
    }
    Ok(done)
}

fn text(chars: usize, rng: &mut impl Rng) -> String {
    let mut text = String::with_capacity(chars + 16);
    while text.len() < chars {
        text.push_str(WORDS[rng.random_range(0..WORDS.len())]);
        text.push(' ');
    }
    text
}

fn pair(session: u64, call: u64, context: u64, growth: u64, rng: &mut impl Rng) -> String {
    let size = rng.random_range(1_000..4_000);
    let (prose, body) = (text(size, rng), text(size, rng));
    let second = call * 7 % 60;
    let minute = call * 7 / 60 % 60;
    let common = format!(
        "\"isSidechain\":false,\"userType\":\"external\",\"cwd\":\"/home/u/p\",\"sessionId\":\"s{session}\",\
         \"version\":\"2.1.217\",\"gitBranch\":\"main\",\"timestamp\":\"2026-10-01T00:{minute:02}:{second:02}.123Z\""
    );
    let mut lines = String::with_capacity(4 * size);
    let _ = writeln!(
        lines,
        "{{\"parentUuid\":\"u{call}\",{common},\"message\":{{\"model\":\"claude-opus-4-8\",\
         \"id\":\"msg_{session}_{call}\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[\
         {{\"type\":\"text\",\"text\":\"{prose}\"}},{{\"type\":\"tool_use\",\"id\":\"t_{session}_{call}\",\
         \"name\":\"Bash\",\"input\":{{\"command\":\"cd /x && cargo test -p y 2>&1 | tail -20\",\
         \"description\":\"{}\"}}}}],\"stop_reason\":\"tool_use\",\"usage\":{{\"input_tokens\":3,\
         \"cache_creation_input_tokens\":{growth},\"cache_read_input_tokens\":{context},\
         \"cache_creation\":{{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":{growth}}},\
         \"output_tokens\":{}}}}},\"requestId\":\"req_{session}_{call}\",\"type\":\"assistant\",\"uuid\":\"a{call}\"}}",
        text(size, rng),
        growth / 2
    );
    let _ = writeln!(
        lines,
        "{{\"parentUuid\":\"a{call}\",{common},\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":[\
         {{\"tool_use_id\":\"t_{session}_{call}\",\"type\":\"tool_result\",\"content\":\"{body}\",\
         \"is_error\":false}}]}},\"uuid\":\"u{}\",\"toolUseResult\":{{\"stdout\":\"{}\",\"stderr\":\"\"}}}}",
        call + 1,
        body
    );
    lines
}
