//! Nothing is more than linear in sessions, calls, lines or inputs: instructions are counted, not
//! seconds.
//!
//! Commands run on inputs of n, 2n and 4n parts. On a straight line the second step takes twice as
//! many instructions as the first; so it does in every function, which is judged by itself, for a
//! short loop drowns in the sum. A test starts itself again under callgrind, which writes its
//! counts whenever the function is left that runs a command: one start for all of them.

#![expect(clippy::print_stdout, reason = "the ratios are for whoever asks with --nocapture")]

use crate::import_rollouts::{count, head, line};
use crate::import_stream::{message, result};
use crate::run::{Folder, ok};
use clap::Parser as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use windtunnel::Cli;

/// Tells a test that it runs under callgrind, and names the folder of its inputs.
const COUNTED: &str = "WINDTUNNEL_GROWTH";

/// Tells it that memory is to be laid out otherwise.
const SHIFTED: &str = "WINDTUNNEL_GROWTH_SHIFTED";

/// Runs of a command, in parts of `n`. The first one makes what is made once, and is not judged.
const RUNS: [u32; 4] = [1, 1, 2, 4];

/// What is taken for a straight line, in percent of one: sorting is a little more. A square is 200.
const LINE: i64 = 115;

/// The same for one function, and the instructions that it may need beyond that: one function may
/// sort, or come into play only where there is enough to do.
const FUNCTION_LINE: i64 = 150;
const NOISE: i64 = 30_000;

/// Functions that are uneven and cannot be worse than they should: the allocator's depend on what
/// is free, those of sorting on runs that are there, that of wide divisions on the figures. What
/// compares and what divides is judged as all else is.
const UNEVEN: [&str; 9] = [
    "__modti3",
    "malloc",
    "alloc_perturb",
    "_int_",
    "free",
    "unlink_chunk",
    "sysmalloc",
    "systrim",
    "core::slice::sort::",
];

/// Instructions by function.
type Counts = BTreeMap<String, i64>;

/// A command; `INPUT` is all inputs, `REC` their recording, `OUT` what is written.
type Args = &'static [&'static str];

const IMPORT: Args = &["import", "INPUT", "-o", "OUT.json", "--force"];

const BILLS: &str = "day,model,project,folder,skill,server,agent,pipeline,step,session,source";

/// Everything that looks at a recording.
const ALL: &[Args] = &[
    IMPORT,
    &["inspect", "REC"],
    &["inspect", "REC", "--by", BILLS, "--rows", "0", "--format", "json"],
    &["inspect", "REC", "--fidelity"],
    &["compare", "REC", "--draws", "2"],
    &["compare", "REC", "--draws", "0", "--each", "session"],
    &["sweep", "REC", "--draws", "0", "--with", "R1,R4,R7"],
    &["gate", "--baseline", "REC", "--candidate", "REC"],
    &["gate", "--baseline", "REC", "--candidate", "REC", "--each", "session"],
    &["steps", "REC"],
    &["export", "REC", "--csv", "OUT.csv", "--force"],
    #[cfg(feature = "charts")]
    &["chart", "growth", "REC", "--draws", "0", "-o", "OUT.svg", "--force"],
];

/// Runs a command in this process; callgrind writes its counts when this function is left.
#[inline(never)]
fn growth_counted_run(args: &[String]) -> u8 {
    let typed = std::iter::once("windtunnel").chain(args.iter().map(String::as_str));
    let done = windtunnel::run(Cli::parse_from(typed));
    assert!(done.code < 2, "{args:?}: {}", done.messages.as_str());
    done.code
}

/// Writes a file of an input and gives its path.
type Write<'a> = &'a dyn Fn(&str, &str) -> String;

/// Holds the commands to a straight line on inputs of n, 2n and 4n parts; `make` writes one of so
/// many parts and answers what is typed for it.
fn check(test: &str, n: u32, commands: &[Args], make: impl Fn(Write<'_>, u32) -> Vec<String>) {
    if let Ok(folder) = std::env::var(COUNTED) {
        return run_all(&folder, commands);
    }
    let folder = Folder::new(&[]);
    for parts in BTreeSet::from(RUNS) {
        let place = |name: &str| format!("{parts}/{name}");
        let write = |name: &str, text: &str| folder.file(&place(name), text.as_bytes());
        let inputs = make(&write, n * parts);
        folder.file(&format!("{parts}.inputs"), inputs.join("\n").as_bytes());
        let recording = folder.at(&format!("{parts}.rec.json"));
        let inputs = inputs.iter().map(String::as_str);
        ok(&["import", "-o", &recording].into_iter().chain(inputs).collect::<Vec<_>>());
    }
    // What is steep by chance is not so twice, where all lies elsewhere in memory: searches cost by
    // alignment.
    let (table, mut faults) = count_and_judge(test, &folder, commands, false);
    if !faults.is_empty() {
        let again = count_and_judge(test, &folder, commands, true).1;
        faults.retain(|place, _| again.contains_key(place));
    }
    println!("{test}\n{table}");
    assert!(faults.is_empty(), "more than linear:\n{table}{faults:#?}");
}

/// What is more than linear: a command, and of it a function or all of them, with its counts.
type Faults = BTreeMap<(String, String), [i64; 3]>;

/// Starts this test again under callgrind; the ratios as a table, and what is more than linear.
fn count_and_judge(
    test: &str,
    folder: &Folder,
    commands: &[Args],
    is_shifted: bool,
) -> (String, Faults) {
    let counts = folder.at("counts");
    let mut counted = Command::new("valgrind");
    counted.args(["--tool=callgrind", "--dump-after=*growth_counted_run*"]);
    counted.arg(format!("--callgrind-out-file={counts}"));
    counted.arg(std::env::current_exe().expect("this program"));
    counted.arg(format!("growth::{test}")).args(["--exact", "--test-threads=1"]);
    counted.env(COUNTED, folder.path()).env("RAYON_NUM_THREADS", "1");
    counted.env("HOME", "/nonexistent").env("WINDTUNNEL_CACHE", "off");
    // From 2 KB on the C library copies by an instruction that is counted for every byte, below by
    // some that take 32: as many bytes count alike only where it is never used.
    counted.env("GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=1073741824");
    if is_shifted {
        counted.env(SHIFTED, "1");
    }
    let ran = counted.output().expect("valgrind starts");
    let said = [&ran.stdout[..], &ran.stderr].concat();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&said));

    let (mut table, mut faults) = (String::new(), Faults::new());
    for (at, args) in commands.iter().enumerate() {
        let dump = |run: usize| read_counts(&format!("{counts}.{}", RUNS.len() * at + run + 1));
        judge(&args.join(" "), [1, 2, 3].map(dump), &mut table, &mut faults);
    }
    (table, faults)
}

fn run_all(folder: &str, commands: &[Args]) {
    // With its head this is three times 16 bytes: what is made after it is aligned otherwise.
    let bytes = if std::env::var(SHIFTED).is_ok() { 40 } else { 0 };
    let _shift = std::hint::black_box(Vec::<u8>::with_capacity(bytes));
    for args in commands {
        for (run, parts) in RUNS.into_iter().enumerate() {
            let inputs = fs::read_to_string(format!("{folder}/{parts}.inputs")).unwrap();
            let mut typed = Vec::new();
            for arg in *args {
                match *arg {
                    "INPUT" => typed.extend(inputs.lines().map(str::to_owned)),
                    "REC" => typed.push(format!("{folder}/{parts}.rec.json")),
                    // Each writes files of its own, so that none reads what was there.
                    arg => typed.push(arg.replace("OUT", &format!("{folder}/{run}.out"))),
                }
            }
            growth_counted_run(&typed);
        }
    }
}

/// What callgrind counted between two of its dumps.
fn read_counts(path: &str) -> Counts {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (mut names, mut counts) = (BTreeMap::new(), Counts::new());
    let (mut function, mut is_of_callee) = (String::new(), false);
    for line in text.lines() {
        // A name is told once and numbered: `fn=(7) name`, then `fn=(7)`.
        if let Some(told) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (id, name) = told.split_once(' ').unwrap_or((told, ""));
            let name = names.entry(id.to_owned()).or_insert_with(|| name.to_owned());
            if line.starts_with("fn=") {
                function.clone_from(name);
            }
        } else if line.starts_with("calls=") {
            is_of_callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<i64>().ok());
            if !std::mem::take(&mut is_of_callee) {
                *counts.entry(function.clone()).or_default() += cost.expect("a cost");
            }
        }
    }
    counts
}

/// Compares the second step with twice the first, in all and function by function.
fn judge(name: &str, counts: [Counts; 3], table: &mut String, faults: &mut Faults) {
    let steps = |costs: [i64; 3]| (costs[1] - costs[0], costs[2] - costs[1]);
    let sums = [0, 1, 2].map(|at| counts[at].values().sum::<i64>());
    let (first, whole) = steps(sums);
    let percent = |first: i64, second: i64| 50 * second / first.max(1);
    let _ = writeln!(table, "{:>4} % {:>9} {name}", percent(first, whole), sums[2]);
    if percent(first, whole) > LINE {
        faults.insert((name.to_owned(), String::new()), sums);
    }
    let own = |function: &&String| !UNEVEN.iter().any(|part| function.starts_with(part));
    for function in counts[2].keys().filter(own) {
        let costs = [0, 1, 2].map(|at| counts[at].get(function).copied().unwrap_or(0));
        let (first, second) = steps(costs);
        if second - 2 * first.max(0) * FUNCTION_LINE / 100 > NOISE {
            faults.insert((name.to_owned(), function.clone()), costs);
        }
    }
}

fn time(second: u32) -> String {
    let (day, hour, minute) = (second / 86_400 + 1, second / 3_600 % 24, second / 60 % 60);
    format!("2026-01-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

fn record(session: &str, id: &str, second: u32, kind: &str, more: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"sessionId\":\"{session}\",\"uuid\":\"{kind}-{session}-{id}\",\
         \"version\":\"2.1.200\",\"timestamp\":\"{}\",{more}}}\n",
        time(second)
    )
}

fn prompt(session: &str, id: &str, second: u32) -> String {
    record(
        session,
        id,
        second,
        "user",
        "\"message\":{\"role\":\"user\",\"content\":\"some words\"}",
    )
}

/// A response that uses a tool, and the result.
fn call(session: &str, at: u32, second: u32, tool: &str) -> String {
    let id = format!("{session}-{at}");
    // Contexts start over every eight calls, so that each part is like all others.
    let read = 20_000 + at % 8 * 400;
    let response = format!(
        "\"requestId\":\"r-{id}\",\"message\":{{\"id\":\"m-{id}\",\"model\":\"claude-sonnet-4-5\",\
         \"content\":[{{\"type\":\"text\",\"text\":\"hello\"}},{{\"type\":\"tool_use\",\"id\":\"t-{id}\",\
         \"name\":\"{tool}\",\"input\":{{\"command\":\"cargo test -p x\",\"file_path\":\"/f{at}\"}}}}],\
         \"usage\":{{\"input_tokens\":1,\"cache_read_input_tokens\":{read},\
         \"cache_creation_input_tokens\":400,\"output_tokens\":60}}}}"
    );
    let result = format!(
        "\"message\":{{\"role\":\"user\",\"content\":[{{\"type\":\"tool_result\",\
         \"tool_use_id\":\"t-{id}\",\"content\":\"{}\",\"is_error\":false}}]}}",
        "word ".repeat(40)
    );
    let result_id = format!("result-{at}");
    record(session, &at.to_string(), second, "assistant", &response)
        + &record(session, &result_id, second + 3, "user", &result)
}

const TOOLS: [&str; 4] = ["Bash", "Read", "Edit", "Grep"];

/// A session of so many calls, one every ten seconds.
fn session(name: &str, second: u32, calls: u32) -> String {
    let calls = (0..calls).map(|at| call(name, at, second + 5 + 10 * at, TOOLS[at as usize % 4]));
    prompt(name, "0", second) + &calls.collect::<String>()
}

/// When a session starts, in seconds: 64 of them are a day, so that days grow as they do.
fn start_of_session(at: u32) -> u32 {
    86_400 / 64 * at
}

/// The file of a session in a project of its own.
fn own_project(at: u32) -> (String, String) {
    let name = format!("s{at}");
    (format!("-home-u-p{at}/{name}.jsonl"), session(&name, start_of_session(at), 2))
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_sessions() {
    check("in_sessions", 64, ALL, |write, n| {
        let files = (0..n).map(own_project);
        let paths = files.map(|(name, text)| write(&format!("in/{name}"), &text));
        let paths: Vec<String> = paths.collect();
        vec![paths[0].split_once("/-home").expect("a project").0.to_owned()]
    });
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_calls_of_one_session() {
    check("in_calls_of_one_session", 64, ALL, |write, n| {
        vec![write("-home-u-p/s.jsonl", &session("s", 0, n))]
    });
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_lines_without_calls() {
    check("in_lines_without_calls", 1_024, &[IMPORT, &["inspect", "INPUT"]], |write, n| {
        let line = |at: u32| match at % 4 {
            0 => prompt("s", &format!("more-{at}"), 20 + at),
            1 => record("s", &at.to_string(), 20 + at, "progress", "\"data\":{\"type\":\"hook\"}"),
            2 => record("s", &at.to_string(), 20 + at, "system", "\"subtype\":\"x\""),
            _ => "{\"type\":\"assistant\",\"message\":{\"id\":\n".to_owned(),
        };
        let lines: String = (0..n).map(line).collect();
        vec![write(
            "-home-u-p/s.jsonl",
            &(session("s", 0, 1) + &lines + &call("s", 1, 20 + n, "Bash")),
        )]
    });
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_inputs_that_are_united() {
    let compare: Args = &["compare", "INPUT", "--draws", "0"];
    check(
        "in_inputs_that_are_united",
        64,
        &[IMPORT, &["inspect", "INPUT"], compare],
        |write, n| {
            // Every other one also holds the session of the one before it.
            let input = |at: u32| {
                let held = [at, at - at % 2].map(own_project);
                let paths = held.map(|(name, text)| write(&format!("in{at}/{name}"), &text));
                paths[0].split_once("/-home").expect("a project").0.to_owned()
            };
            (0..n).map(input).collect()
        },
    );
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_rollouts_that_are_forks() {
    check("in_rollouts_that_are_forks", 64, &[IMPORT], |write, n| {
        let rollout = |at: u32| {
            let fork = format!(",\"forked_from_id\":\"c{}\"", at.saturating_sub(1));
            let model = line(1, "turn_context", "\"model\":\"gpt-5.2-codex\"");
            let counts = count(4, (9_000 + at, 10), (9_000 + at, 10))
                + &count(90, (20_000 + at, 20), (11_000, 10));
            head(0, &format!("c{at}"), &fork) + &model + &counts
        };
        let write_one = |at| write(&format!("rollout-{at}.jsonl"), &rollout(at));
        (0..n).map(write_one).collect()
    });
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_runs_of_one_stream() {
    check("in_runs_of_one_stream", 64, &[IMPORT], |write, n| {
        let run = |at: u32| {
            let parents = ["null".to_owned(), format!("\"toolu_{at}\"")];
            let calls = parents
                .map(|parent| message(&format!("m{at}-{}", parent.len()), &parent, "claude-x"));
            (calls.concat() + &result("s", 50, 400, 0.25)).replace("\"s\"", &format!("\"s{at}\""))
        };
        let text: String = (0..n).map(run).collect();
        // The same file twice, under two names.
        vec![write("a/s.jsonl", &text), write("b/s.jsonl", &text)]
    });
}

#[test]
#[cfg_attr(not(valgrind_at_hand), ignore = "no valgrind: nothing counts instructions")]
fn in_sessions_of_a_log_root() {
    let backtest: Args = &["backtest", "REC", "--at", "2026-01-01T12:00:00Z"];
    let commands: &[Args] = &[IMPORT, &["steps", "REC"], backtest];
    check("in_sessions_of_a_log_root", 64, commands, |write, n| {
        let row = |at: u32| {
            let (name, text) = own_project(at);
            let transcript = write(&name, &text);
            format!(
                "{{\"session_id\":\"s{at}\",\"dir_name\":\"s{at}\",\"order_id\":\"{}\",\"step_name\":\"plan\",\
                 \"claude_code_log\":\"{transcript}\",\"input_tokens\":40,\"output_tokens\":700,\
                 \"cache_read_input_tokens\":250000,\"cache_creation_input_tokens\":3000,\
                 \"cwd\":\"/repo\",\"timestamp\":\"{}\",\"success\":true}}\n",
                at / 2,
                time(start_of_session(at) + 300)
            )
        };
        let rows: String = (0..n).map(row).collect();
        vec![write("logs/sessions.jsonl", &rows).replace("/sessions.jsonl", "")]
    });
}
