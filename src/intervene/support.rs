//! What several interventions look for: runs of calls, the results of a call, waiting.

use super::PlaceShare;
use crate::plan::{DroppedCall, InsertedCall, Patch, PatchPlace, TRIGGERS};
use crate::recording::{
    Block, BlockKind, BlockMarks, CallMarks, ContextRestart, Recording, Session,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// Output tokens of a tool use that starts something or looks at something.
/// Source: a short command with its framing. Confidence: J.
pub const TOOL_USE_OUTPUT: i64 = 60;

/// How long a call takes whatever it says. Source: MODEL.md, "Durations". Confidence: M.
const CALL_MS: i64 = 2_500;

/// How long it takes for each token that it says. Source: MODEL.md, "Durations". Confidence: M.
pub const TOKEN_MS: i64 = 15;

/// Output tokens of a compaction: its summary. Source: summaries of 11 compactions in 147
/// transcripts, by their characters: 2,580-5,190, median 3,470; thinking not told, 2026-11-20.
/// Confidence: L.
pub const SUMMARY_OUTPUT: i64 = 3_500;

/// Tokens that a context starts over with beside the static prefix. Source: contexts behind the
/// same 11 compactions: 18.7-47.9 K, median 29.4 K, 2026-11-20. Confidence: L.
pub const LEFT_AFTER_COMPACTION: i64 = 29_000;

/// Tokens that a call brings which looks up what a lost context held. Source: mean result of calls
/// that read a known file again behind a compaction, median of 9, 2026-11-20. Confidence: L.
const LOOKED_UP_TOKENS: i64 = 3_900;

/// The most calls that look up what one place lost: a limit, against memory.
/// Confidence: J.
const MOST_LOOK_UPS: i64 = 100;

/// Tools that look at something and change nothing, so that several may run at once.
const READ_ONLY_TOOLS: [&str; 7] =
    ["Read", "Grep", "Glob", "LS", "NotebookRead", "WebFetch", "WebSearch"];

/// How long a call of so many output tokens takes.
pub fn writing_ms(output: i64) -> i64 {
    CALL_MS + TOKEN_MS * output
}

/// A call that fetches `tokens` after the call `after`.
pub fn fetch_call(after: usize, tokens: i64) -> InsertedCall {
    InsertedCall {
        after: after as u32,
        input: tokens,
        output: TOOL_USE_OUTPUT,
        duration_ms: writing_ms(TOOL_USE_OUTPUT),
    }
}

/// Calls after the call `after` that look up again what a context held that was lost there.
pub fn repeated_look_ups(after: usize, calls: i64) -> impl Iterator<Item = InsertedCall> {
    (0..calls.min(MOST_LOOK_UPS)).map(move |_| fetch_call(after, LOOKED_UP_TOKENS))
}

/// Calls that fetch the content of a block beyond its first `cap` tokens, so many at a time.
pub fn fetch_rest_of_block(block: &Block, cap: i64) -> impl Iterator<Item = InsertedCall> {
    let (after, rest) = (block.call as usize, (block.tokens - cap).max(0));
    // Parts of at most the cap, unless that would take too many calls.
    let part = cap.max(rest / MOST_LOOK_UPS + 1);
    // The last part is what is left, so that all parts add up to the rest.
    (0..(rest + part - 1) / part).map(move |at| fetch_call(after, part.min(rest - at * part)))
}

/// A call that fetches the content of a block that was kept out of the context.
pub fn fetch_whole_block(block: &Block) -> InsertedCall {
    fetch_call(block.call as usize, block.tokens)
}

/// A poll with what it said and brought, as a place that is there or not.
pub fn poll_place(recording: &Recording, poll: usize, frees_time: bool) -> PatchPlace {
    // Thinking may be about more than the poll, and is not lost with it.
    let said = blocks_of_call(recording, poll)
        .filter(|(_, block)| block.kind.is_output() && block.kind != BlockKind::Thinking);
    let brought = results_of_call(recording, poll);
    PatchPlace {
        dropped_calls: vec![DroppedCall { call: poll as u32, frees_time }],
        dropped_blocks: said.chain(brought).map(|(index, _)| index).collect(),
        ..PatchPlace::default()
    }
}

/// Maximal runs of consecutive calls of one session that satisfy `belongs` and that no person's
/// prompt divides: nothing can be batched across a request that was not there yet.
pub fn find_call_runs(recording: &Recording, belongs: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    for session in &recording.sessions {
        let mut from = None;
        for at in session.call_range() {
            // The run before a person's prompt ends there, even if that call would go on with it.
            if is_asked_by_person(recording, at)
                && let Some(start) = from.take()
            {
                runs.push(start..at);
            }
            match (belongs(at), from) {
                (true, None) => from = Some(at),
                (false, Some(start)) => {
                    runs.push(start..at);
                    from = None;
                }
                _ => {}
            }
        }
        // The last run ends with its session.
        if let Some(start) = from {
            runs.push(start..session.call_range().end);
        }
    }
    runs
}

/// The blocks of a call with their indexes.
pub fn blocks_of_call(recording: &Recording, call: usize) -> impl Iterator<Item = (u32, &Block)> {
    recording.calls[call].block_range().map(|at| (at as u32, &recording.blocks[at]))
}

/// The results of the tools that a call used: they enter the context of a later call.
pub fn results_of_call(recording: &Recording, call: usize) -> impl Iterator<Item = (u32, &Block)> {
    blocks_of_call(recording, call)
        .filter(|(_, block)| block.kind == BlockKind::ToolInput)
        .filter_map(|(_, block)| block.peer_block())
        .map(|peer| (peer as u32, &recording.blocks[peer]))
}

/// The tool uses of a call.
pub fn tool_uses_of_call(
    recording: &Recording,
    call: usize,
) -> impl Iterator<Item = (u32, &Block)> {
    blocks_of_call(recording, call).filter(|(_, block)| block.kind == BlockKind::ToolInput)
}

/// Whether a call uses tools, and only such that look and change nothing.
pub fn is_read_only_call(recording: &Recording, call: usize) -> bool {
    let about = BlockMarks::READ | BlockMarks::SEARCH;
    let mut uses = tool_uses_of_call(recording, call).peekable();
    // Without a tool use it looks at nothing: it is an answer.
    uses.peek().is_some()
        && uses.all(|(_, block)| {
            // By name, or by the importer's mark where a harness reads and searches in a shell.
            READ_ONLY_TOOLS.contains(&recording.tool_name(block.tool))
                || block.marks.intersects(about)
        })
}

/// Whether a call answers a person's prompt.
pub fn is_asked_by_person(recording: &Recording, call: usize) -> bool {
    recording.calls[call].marks.contains(CallMarks::HUMAN)
}

/// Whether the context goes on at a call from the call before.
pub fn context_goes_on(recording: &Recording, call: usize) -> bool {
    recording.calls[call].restart == ContextRestart::No
}

/// The prompt that stood before a call said anything new: context and output of the call before.
/// The call must not be the first one of the recording.
pub fn prompt_before_call(recording: &Recording, call: usize) -> i64 {
    let before = &recording.calls[call - 1];
    before.usage.context_tokens() + before.produced_tokens()
}

/// What a compaction or a fresh start put in the place of the context.
pub fn restart_tokens(recording: &Recording, call: usize) -> i64 {
    let blocks = blocks_of_call(recording, call)
        .filter(|(_, block)| matches!(block.kind, BlockKind::System | BlockKind::Summary));
    blocks.map(|(_, block)| block.tokens).sum()
}

/// Whether a recorded compaction would happen at its place if `gone` tokens fewer stood there: the
/// harness compacts at the trigger of its window.
pub fn still_compacts(recording: &Recording, call: usize, gone: i64) -> bool {
    let before = prompt_before_call(recording, call);
    // A compaction below every known trigger had a trigger of its own: any smaller prompt misses
    // it.
    let window = TRIGGERS.iter().find(|(from, window)| (*from..*window).contains(&before));
    before - gone >= window.map_or(before, |(from, _)| *from)
}

/// Time from the touch of a call's cache entry to the start of the next call of its session.
pub fn gap_ms_after_call(recording: &Recording, call: usize) -> i64 {
    // Concurrent calls may start before the last one was over.
    (recording.calls[call + 1].start_ms - recording.calls[call].touched_ms).max(0)
}

/// A share of the calls of a range made once more: each enters and produces what the call that it
/// follows did. Calls at which a context starts over are no pattern for another one.
pub fn repeat_share_of_calls(
    recording: &Recording,
    calls: Range<usize>,
    share: &mut PlaceShare,
    patch: &mut Patch,
) {
    for at in calls.filter(|&at| context_goes_on(recording, at)) {
        // Only calls that go on count, so that the share is one of the pattern that is repeated.
        let call = &recording.calls[at];
        let inputs = blocks_of_call(recording, at).filter(|(_, block)| !block.kind.is_output());
        patch.insert_call(
            share.next_at_call(recording, at),
            InsertedCall {
                after: at as u32,
                input: inputs.map(|(_, block)| block.tokens).sum(),
                output: call.produced_tokens(),
                // Its own time alone: what passed behind it, tools or a person, is not waited for
                // again.
                duration_ms: call.end_ms - call.start_ms,
            },
        );
    }
}

/// Tokens of the system prompt and tools with which a session starts.
pub fn system_tokens_of_session(recording: &Recording, session: &Session) -> i64 {
    let first = session.call_range().next();
    let system = first.into_iter().flat_map(|at| system_blocks_of_call(recording, at));
    system.map(|(_, block)| block.tokens).sum()
}

/// The system blocks of a call.
pub fn system_blocks_of_call(
    recording: &Recording,
    call: usize,
) -> impl Iterator<Item = (u32, &Block)> {
    blocks_of_call(recording, call).filter(|(_, block)| block.kind == BlockKind::System)
}

/// The sessions that made a call, with their indexes.
pub fn sessions_with_calls(recording: &Recording) -> impl Iterator<Item = (u32, &Session)> {
    let all = recording.sessions.iter().enumerate();
    all.filter(|(_, session)| session.calls > 0).map(|(at, session)| (at as u32, session))
}

/// A note on the names of steps that no session has; `None` if all are known.
pub fn note_unknown_steps(recording: &Recording, names: &[String]) -> Option<String> {
    // A misspelt name finds nothing, which would look like a toggle that saves nothing.
    let steps: BTreeSet<&String> = recording.sessions.iter().map(|session| &session.step).collect();
    let absent = names.iter().filter(|name| !steps.contains(name)).map(String::as_str);
    let absent: Vec<&str> = absent.collect();
    (!absent.is_empty()).then(|| format!("no session of step {}", absent.join(", ")))
}

/// Time from the start of a call to the start of the next one in its session; 0 for the last.
pub fn ms_until_next_call(recording: &Recording, call: usize) -> i64 {
    let session = &recording.sessions[recording.calls[call].session as usize];
    if call + 1 < session.call_range().end {
        (recording.calls[call + 1].start_ms - recording.calls[call].start_ms).max(0)
    } else {
        // Behind the last call of a session nobody waits.
        0
    }
}

/// Whether a call starts a run of the whole suite that really ran.
pub fn is_full_suite_run(recording: &Recording, call: usize) -> bool {
    // An aborted run tested nothing; it is R5's matter.
    let marks = recording.calls[call].marks;
    marks.contains(CallMarks::TEST_RUN | CallMarks::FULL_SUITE)
        && !marks.contains(CallMarks::ABORTED_RUN)
}

/// The result blocks of test runs, with the call that started each.
pub fn test_result_blocks(recording: &Recording) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for (index, block) in recording.blocks.iter().enumerate() {
        if block.kind == BlockKind::ToolResult && block.marks.contains(BlockMarks::TEST_RUN) {
            // The result may have entered several calls after the one that started the run.
            // A result whose use is not recorded counts for the call that it enters.
            let started = block.peer_block().map_or(block.call, |peer| recording.blocks[peer].call);
            found.push((index as u32, started));
        }
    }
    found
}

pub mod named_work;
pub mod packets;
pub mod queue_sessions;
pub mod told_orchestrator;

#[cfg(test)]
pub mod test_recordings;
