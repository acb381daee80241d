//! From a script and its growth to the calls of a session.
//!
//! Every block gets its tokens here, to the token: known events keep their size, prose and
//! thinking take a little of the output, and what is left of the growth is the result of the tool
//! use before. Calibration then finds the estimates equal to the totals and changes nothing.

use super::script_call::{ResponseContent, ScriptCall, TOOLS};
use super::session_script::SessionScript;
use crate::price::UNSTATED_MODEL;
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{
    Basis, BlockKind, BlockLists, BlockMarks, CacheBreak, CallFacts, ContextRestart, RawBlock,
    RawCall, RawSession, Role,
};
use crate::units::{Usage, apportion};

/// What one session must add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedTotals {
    /// Its id.
    pub id: String,
    /// Its pipeline.
    pub pipeline: String,
    /// Its step.
    pub step: String,
    /// Its start context.
    pub start: i64,
    /// Uncached input tokens.
    pub fresh: i64,
    /// Output tokens.
    pub output: i64,
    /// Its records.
    pub records: u32,
    /// When it began, milliseconds since the pipeline's start.
    pub begin_ms: i64,
    /// How long it took.
    pub time_ms: i64,
    /// Characters of one piece of prose.
    pub prose_chars: i64,
}

/// The calls of a session: `script` grown by `smooth`, adding up to `totals`.
#[must_use]
pub(crate) fn build_session(
    totals: &PublishedTotals,
    script: &SessionScript,
    smooth: &[i64],
    lists: &mut BlockLists,
) -> RawSession {
    let usages = usage_of_calls(totals, script, smooth);
    let starts = call_times(totals, &script.calls);
    // Records are not calls (law L1): a call may have left several, which are spread evenly.
    let records = apportion(i64::from(totals.records), &vec![1; usages.len()]);
    let mut calls: Vec<RawCall> = Vec::with_capacity(usages.len());
    for (k, &usage) in usages.iter().enumerate() {
        let (start_ms, end_ms) = starts[k];
        let mut inputs = lists.take_empty();
        match k.checked_sub(1) {
            None => push_first_inputs(&mut inputs, totals.start, usage),
            Some(before) => {
                // What the context has more than the one before and its output entered from
                // outside: results of tools, and what no text explains.
                let grown = usage.context_tokens()
                    - usages[before].context_tokens()
                    - usages[before].output;
                push_inputs(&mut inputs, script, (k, grown), &calls);
            }
        }
        let mut outputs = lists.take_empty();
        push_outputs(&mut outputs, &script.calls[k], usage.output, totals.prose_chars);
        calls.push(RawCall {
            model: 0,
            start_ms,
            end_ms,
            records: u32::try_from(records[k]).unwrap_or(1),
            usage,
            placeholder: false,
            marks: script.calls[k].marks,
            facts: CallFacts::default(),
            restart: if k == 0 { ContextRestart::Fresh } else { ContextRestart::No },
            cache_break: CacheBreak::No,
            inputs,
            outputs,
        });
    }
    RawSession {
        records: totals.records,
        tools: TOOLS.iter().map(|&tool| tool.to_owned()).collect(),
        calls,
        ..reconstructed_session(totals.id.clone(), &totals.pipeline, &totals.step, totals.start)
    }
}

/// A session that no transcript was read for, still without calls: usage is published, what a call
/// holds and when it was made is derived.
pub(super) fn reconstructed_session(
    id: String,
    pipeline: &str,
    step: &str,
    start: i64,
) -> RawSession {
    RawSession {
        pipeline: pipeline.to_owned(),
        step: step.to_owned(),
        static_prefix: Some(start),
        models: vec![UNSTATED_MODEL.to_owned()],
        usage_basis: Basis::Published,
        blocks_basis: Basis::Reconstructed,
        times_basis: Basis::Reconstructed,
        ..RawSession::new(id, "", Role::Main)
    }
}

/// Usage call by call: fresh tokens evenly, output in proportion to the growth that it joins.
fn usage_of_calls(totals: &PublishedTotals, script: &SessionScript, smooth: &[i64]) -> Vec<Usage> {
    // The odd tokens go to the last calls, so that no call has less of them than the one before:
    // a context must not shrink.
    let calls = smooth.len() as i64;
    let first_with_more = calls - totals.fresh % calls;
    let outputs = split_output(totals.output, smooth);
    let mut cached = totals.start;
    let mut usages = Vec::with_capacity(smooth.len());
    for (k, (event, growth)) in script.entering_tokens().into_iter().zip(smooth).enumerate() {
        // A call reads what the calls before it wrote, and writes what is new to the context. All
        // of it goes to the one-hour tier (assumption `cache-lifetime` of the source).
        usages.push(Usage {
            fresh: totals.fresh / calls + i64::from(k as i64 >= first_with_more),
            read: cached,
            write_1h: event + growth,
            output: outputs[k],
            ..Usage::default()
        });
        cached += event + growth;
    }
    usages
}

/// Output joins the context of the next call, so it may not exceed the growth there; what does
/// not fit is the last call's, which no context carries.
fn split_output(output: i64, smooth: &[i64]) -> Vec<i64> {
    // `room[k]` is the growth at call k + 1, where the output of call k enters. The last call has
    // none; it is given the mean, so that it gets an ordinary share.
    let mut room = smooth[1..].to_vec();
    let mean = room.iter().sum::<i64>() / (room.len() as i64).max(1);
    room.push(mean);
    // Output enters the context of the next call (law L4), so that no call may say more than the
    // context grows by after it. What is over goes to the last call, behind which nothing grows.
    let mut parts = apportion(output, &room);
    let last = parts.len() - 1;
    for k in 0..last {
        // Output joins the growth of the call behind: what is above that cannot have entered.
        let over = (parts[k] - room[k]).max(0);
        parts[k] -= over;
        parts[last] += over;
    }
    parts
}

/// Start and end of every call: known waits first, the rest of the time evenly among the calls
/// that no known wait holds.
fn call_times(totals: &PublishedTotals, slots: &[ScriptCall]) -> Vec<(i64, i64)> {
    let known: i64 = slots.iter().map(|slot| slot.wait_ms).sum();
    // Waits cannot take more than four fifths of the time.
    let waits = known.min(totals.time_ms / 5 * 4);
    let weights: Vec<i64> = slots.iter().map(|slot| slot.wait_ms).collect();
    let waits = if known == 0 { weights } else { apportion(waits, &weights) };
    let rest = totals.time_ms - waits.iter().sum::<i64>();
    let timed = slots.iter().filter(|slot| slot.wait_holds_call).count();
    // Where every call stands within a known wait there is nobody else to take the rest.
    let holds = |slot: &ScriptCall| slot.wait_holds_call && timed < slots.len();
    let weights: Vec<i64> = slots.iter().map(|slot| i64::from(!holds(slot))).collect();
    let mean = rest / weights.iter().sum::<i64>().max(1);
    let work = apportion(rest, &weights);
    let mut start = totals.begin_ms;
    let mut times = Vec::with_capacity(work.len());
    for ((slot, work), wait) in slots.iter().zip(work).zip(waits) {
        // A wait that holds its call is split: the call takes as long as others do.
        let own = if holds(slot) { mean.min(wait) } else { 0 };
        let (work, wait) = (work + own, wait - own);
        // The wait is that of the call's tool: it stands between its end and the next start.
        times.push((start, start + work));
        start += work + wait;
    }
    times
}

/// The first call: the shared start, and what the dispatcher asked for.
fn push_first_inputs(blocks: &mut Vec<RawBlock>, start: i64, usage: Usage) {
    // What the first context has beyond the static prefix is the task that the user gave.
    let prompt = usage.context_tokens() - start;
    blocks.push(RawBlock::from_size(BlockKind::System, 0, start));
    blocks.push(RawBlock::from_size(BlockKind::User, 0, prompt));
}

/// What enters with call `k`: known results at their size, and the rest of the growth.
fn push_inputs(
    blocks: &mut Vec<RawBlock>,
    script: &SessionScript,
    (k, grown): (usize, i64),
    calls: &[RawCall],
) {
    let before = &script.calls[k - 1];
    for arrival in &script.arrivals[k] {
        let asked = &script.calls[arrival.answers];
        let block = tool_block(asked, arrival.kind, arrival.chars, arrival.tokens);
        blocks.push(RawBlock { peer: Some(tool_input_of(calls, arrival.answers)), ..block });
    }
    // Known results first; what the published totals leave over belongs to the tool asked last, or
    // to nobody.
    let rest = grown - blocks.iter().map(|block| block.estimate).sum::<i64>();
    // A result of known size is the whole result; growth beyond it belongs to no tool.
    let answered = !before.response.uses_tool() || before.result.is_some();
    if !answered {
        let block = tool_block(before, BlockKind::ToolResult, 0, rest);
        blocks.push(RawBlock { peer: Some(tool_input_of(calls, k - 1)), ..block });
    } else if rest > 0 {
        blocks.push(RawBlock::from_size(BlockKind::Unattributed, 0, rest));
    }
}

/// A block of a call's tool use: its input or its result.
fn tool_block(call: &ScriptCall, kind: BlockKind, chars: u64, tokens: i64) -> RawBlock {
    RawBlock {
        tool: Some(call.tool),
        marks: call.block_marks,
        file: call.file,
        ..RawBlock::from_size(kind, chars, tokens)
    }
}

/// Where the tool input of a call stands, which is its last output.
fn tool_input_of(calls: &[RawCall], call: usize) -> (u32, u32) {
    (call as u32, calls[call].outputs.len() as u32 - 1)
}

/// What a call produces; its tool input comes last.
fn push_outputs(blocks: &mut Vec<RawBlock>, slot: &ScriptCall, output: i64, prose_chars: i64) {
    let chars = u64::try_from(prose_chars).unwrap_or(0);
    let prose =
        estimate::estimate_tokens(Tokenizer::Other, BlockKind::Text, "", chars).min(output / 3);
    let beside =
        RawBlock { marks: BlockMarks::PROSE, ..RawBlock::from_size(BlockKind::Text, chars, prose) };
    // A third of the output each for prose and thinking at most: the tool input is never empty.
    let thinking = RawBlock::from_size(BlockKind::Thinking, 0, output / 3);
    let with_tool = match slot.response {
        ResponseContent::Prose => {
            return blocks.push(RawBlock::from_size(BlockKind::Text, 0, output));
        }
        ResponseContent::Thinking => {
            return blocks.push(RawBlock::from_size(BlockKind::Thinking, 0, output));
        }
        ResponseContent::Tool => [None, None],
        ResponseContent::ProseAndTool => [None, Some(beside)],
        ResponseContent::ThinkingAndTool => [Some(thinking), None],
        ResponseContent::AllThree => [Some(thinking), Some(beside)],
    };
    blocks.extend(with_tool.into_iter().flatten());
    let rest = output - blocks.iter().map(|block| block.estimate).sum::<i64>();
    blocks.push(tool_block(slot, BlockKind::ToolInput, 0, rest));
}
