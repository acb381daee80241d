//! A transcript that is cut at line ends, doubled or shuffled comes to the same.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

use windtunnel::recording::Recording;
use windtunnel::units::Usage;

/// Transcripts of Claude Code: resumed, growing, split, with subagents' records.
const SESSIONS: [&[u8]; 2] = [
    include_bytes!(concat!(
        "../../fixtures/probes/02_split_growing_output/claude/projects/-p/",
        "24cc96d5-b5b2-43bf-808f-a40d081853c5.jsonl"
    )),
    include_bytes!(concat!(
        "../../fixtures/probes/01_split_same_usage/claude/projects/-p/",
        "77d47c22-2b2e-448c-9271-36f4fcee9d7e.jsonl"
    )),
];

fn check(bytes: &[u8]) {
    let Some((&which, choices)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(SESSIONS[usize::from(which) % SESSIONS.len()]);
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = [lines.clone(), Vec::new()];
    for pair in choices.chunks_exact(2).take(64) {
        let (what, at) = (pair[0] % 3, usize::from(pair[1]));
        let all: Vec<&str> = parts.concat();
        match what {
            // Doubled.
            0 => parts[at % 2].push(all[at % all.len()]),
            // Cut.
            1 => parts = [all[..at % all.len()].to_vec(), all[at % all.len()..].to_vec()],
            // Shuffled.
            _ => {
                let part = &mut parts[at % 2];
                if !part.is_empty() {
                    let turn = at % part.len();
                    part.rotate_left(turn);
                    let last = part.len() - 1;
                    part.swap(0, last);
                }
            }
        }
    }
    let [first, second] = parts.map(|part| part.join("\n") + "\n");
    let files = [("p/s.jsonl", first.as_bytes()), ("p/t.jsonl", second.as_bytes())];
    let whole = [("p/s.jsonl", text.as_bytes())];
    let [told, want] = [&files[..], &whole].map(|files| {
        target::import(&target::folder_of(files)).map(|it| totals(&it.recording)).ok()
    });
    assert_eq!(told, want);
}

fn totals(recording: &Recording) -> (Usage, usize) {
    (recording.total_usage(), recording.calls.len())
}

target!(check);
