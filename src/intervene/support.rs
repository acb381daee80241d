//! What several interventions look for: runs of calls, the results of a call, waiting.

use crate::plan::{DroppedCall, InsertedCall, Patch};
use crate::recording::{Block, BlockKind, BlockMarks, CallMarks, Recording};
use std::ops::Range;

/// Output tokens of a tool use that starts something or looks at something.
/// Source: MODEL.md, "Toggle constants".
pub const TOOL_USE_OUTPUT: i64 = 60;

/// How long a call of so few output tokens takes. Source: MODEL.md, "Toggle constants".
const LOOK_MS: i64 = 3_400;

/// A call that fetches the content of a block that was kept out of the context.
pub fn look_up(block: &Block) -> InsertedCall {
    InsertedCall {
        after: block.call,
        input: block.tokens,
        output: TOOL_USE_OUTPUT,
        duration_ms: LOOK_MS,
    }
}

/// Drops a polling call with what it said and what it saw; its thinking moves on.
pub fn drop_poll(recording: &Recording, patch: &mut Patch, poll: usize, frees_time: bool) {
    patch.dropped_calls.push(DroppedCall { call: poll as u32, frees_time });
    let said = blocks(recording, poll)
        .filter(|(_, block)| block.kind.is_output() && block.kind != BlockKind::Thinking);
    patch.dropped_blocks.extend(said.map(|(index, _)| index));
    patch.dropped_blocks.extend(results(recording, poll).map(|(index, _)| index));
}

/// Maximal runs of consecutive calls of one session that satisfy `belongs` and that no person's
/// prompt divides: nothing can be batched across a request that was not there yet.
pub fn runs(recording: &Recording, belongs: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    for session in &recording.sessions {
        let mut from = None;
        for at in session.range() {
            if recording.calls[at].marks.contains(CallMarks::HUMAN)
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
        if let Some(start) = from {
            runs.push(start..session.range().end);
        }
    }
    runs
}

/// The blocks of a call with their indexes.
pub fn blocks(recording: &Recording, call: usize) -> impl Iterator<Item = (u32, &Block)> {
    recording.calls[call].range().map(|at| (at as u32, &recording.blocks[at]))
}

/// The results of the tools that a call used: they enter the context of a later call.
pub fn results(recording: &Recording, call: usize) -> impl Iterator<Item = (u32, &Block)> {
    blocks(recording, call)
        .filter(|(_, block)| block.kind == BlockKind::ToolInput)
        .filter_map(|(_, block)| block.peer())
        .map(|peer| (peer as u32, &recording.blocks[peer]))
}

/// Time from the start of a call to the start of the next one in its session; 0 for the last.
pub fn wait_ms(recording: &Recording, call: usize) -> i64 {
    let session = &recording.sessions[recording.calls[call].session as usize];
    if call + 1 < session.range().end {
        (recording.calls[call + 1].start_ms - recording.calls[call].start_ms).max(0)
    } else {
        0
    }
}

/// Whether a call starts a run of the whole suite that really ran.
pub fn is_full_run(recording: &Recording, call: usize) -> bool {
    let marks = recording.calls[call].marks;
    marks.contains(CallMarks::TEST_RUN | CallMarks::FULL_SUITE)
        && !marks.contains(CallMarks::ABORTED_RUN)
}

/// The result blocks of test runs, with the call that started each.
pub fn test_results(recording: &Recording) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for (index, block) in recording.blocks.iter().enumerate() {
        if block.kind == BlockKind::ToolResult && block.marks.contains(BlockMarks::TEST_RUN) {
            let started = block.peer().map_or(block.call, |peer| recording.blocks[peer].call);
            found.push((index as u32, started));
        }
    }
    found
}
