//! From a script and its growth to the calls of a session.
//!
//! Every block gets its tokens here, to the token: known events keep their size, prose and
//! thinking take a little of the output, and what is left of the growth is the result of the tool
//! use before. Calibration then finds the estimates equal to the totals and changes nothing.

use super::script_call::{ResponseContent, ScriptCall, TOOLS};
use super::session_script::SessionScript;
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{
    Basis, BlockKind, BlockMarks, CacheBreak, ContextRestart, HarnessTotals, RawBlock, RawCall,
    RawSession, Role,
};
use crate::units::{Usage, apportion};

/// The model of every reconstructed call: no source names one.
pub const RECONSTRUCTED_MODEL: &str = "unstated";

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
pub fn build_session(
    totals: &PublishedTotals,
    script: &SessionScript,
    smooth: &[i64],
) -> RawSession {
    let usages = usage_of_calls(totals, script, smooth);
    let starts = call_times(totals, &script.calls);
    let records = apportion(i64::from(totals.records), &vec![1; usages.len()]);
    let mut calls: Vec<RawCall> = Vec::with_capacity(usages.len());
    for (k, &usage) in usages.iter().enumerate() {
        let (start_ms, end_ms) = starts[k];
        let inputs = match k.checked_sub(1) {
            None => first_inputs(totals.start, usage),
            Some(before) => {
                let grown = usage.context_tokens()
                    - usages[before].context_tokens()
                    - usages[before].output;
                input_blocks(script, k, grown, &calls)
            }
        };
        calls.push(RawCall {
            model: 0,
            start_ms,
            end_ms,
            records: u32::try_from(records[k]).unwrap_or(1),
            usage,
            placeholder: false,
            marks: script.calls[k].marks,
            restart: if k == 0 { ContextRestart::Fresh } else { ContextRestart::No },
            cache_break: CacheBreak::No,
            inputs,
            outputs: output_blocks(&script.calls[k], usage.output, totals.prose_chars),
        });
    }
    RawSession {
        id: totals.id.clone(),
        file: String::new(),
        pipeline: totals.pipeline.clone(),
        step: totals.step.clone(),
        version: String::new(),
        role: Role::Main,
        records: totals.records,
        static_prefix: Some(totals.start),
        models: vec![RECONSTRUCTED_MODEL.to_owned()],
        tools: TOOLS.iter().map(|&tool| tool.to_owned()).collect(),
        calls,
        invocations: Vec::new(),
        tier: None,
        usage_basis: Basis::Published,
        blocks_basis: Basis::Reconstructed,
        times_basis: Basis::Reconstructed,
        source: String::new(),
        harness_totals: HarnessTotals::default(),
    }
}

/// Usage call by call: fresh tokens evenly, output in proportion to the growth that it joins.
fn usage_of_calls(totals: &PublishedTotals, script: &SessionScript, smooth: &[i64]) -> Vec<Usage> {
    // The odd tokens go to the last calls, so that no call has less of them than the one before:
    // a context must not shrink.
    let calls = smooth.len() as i64;
    let fresh = |k: i64| totals.fresh / calls + i64::from(k >= calls - totals.fresh % calls);
    let outputs = split_output(totals.output, smooth);
    let mut cached = totals.start;
    let entering = script.entering_tokens();
    let usage = |(k, (&event, &growth)): (usize, (&i64, &i64))| {
        let read = cached;
        cached += event + growth;
        Usage {
            fresh: fresh(k as i64),
            read,
            write_1h: event + growth,
            output: outputs[k],
            ..Usage::default()
        }
    };
    entering.iter().zip(smooth).enumerate().map(usage).collect()
}

/// Output joins the context of the next call, so it may not exceed the growth there; what does
/// not fit is the last call's, which no context carries.
fn split_output(output: i64, smooth: &[i64]) -> Vec<i64> {
    let mut room = smooth[1..].to_vec();
    let mean = room.iter().sum::<i64>() / (room.len() as i64).max(1);
    room.push(mean);
    let mut parts = apportion(output, &room);
    let last = parts.len() - 1;
    for k in 0..last {
        let over = (parts[k] - room[k]).max(0);
        parts[k] -= over;
        parts[last] += over;
    }
    parts
}

/// Start and end of every call: known waits first, the rest of the time evenly.
fn call_times(totals: &PublishedTotals, slots: &[ScriptCall]) -> Vec<(i64, i64)> {
    let known: i64 = slots.iter().map(|slot| slot.wait_ms).sum();
    // Waits cannot take more than four fifths of the time.
    let waits = known.min(totals.time_ms / 5 * 4);
    let weights: Vec<i64> = slots.iter().map(|slot| slot.wait_ms).collect();
    let waits = if known == 0 { weights } else { apportion(waits, &weights) };
    let work = totals.time_ms - waits.iter().sum::<i64>();
    let work = apportion(work, &vec![1; slots.len()]);
    let mut clock = totals.begin_ms;
    let call = |(work, wait): (i64, i64)| {
        let start = clock;
        clock += work + wait;
        (start, start + work)
    };
    work.into_iter().zip(waits).map(call).collect()
}

/// The first call: the shared start, and what the dispatcher asked for.
fn first_inputs(start: i64, usage: Usage) -> Vec<RawBlock> {
    let prompt = usage.context_tokens() - start;
    vec![
        RawBlock::from_size(BlockKind::System, 0, start),
        RawBlock::from_size(BlockKind::User, 0, prompt),
    ]
}

/// What enters with call `k`: known results at their size, and the rest of the growth.
fn input_blocks(script: &SessionScript, k: usize, grown: i64, calls: &[RawCall]) -> Vec<RawBlock> {
    let before = &script.calls[k - 1];
    let tool_input = |call: usize| {
        let outputs = calls[call].outputs.len() as u32;
        Some((call as u32, outputs - 1))
    };
    let mut blocks: Vec<RawBlock> = script.arrivals[k]
        .iter()
        .map(|arrival| {
            let asked = &script.calls[arrival.answers];
            RawBlock {
                tool: Some(asked.tool),
                marks: asked.block_marks,
                file: asked.file,
                peer: tool_input(arrival.answers),
                ..RawBlock::from_size(arrival.kind, arrival.chars, arrival.tokens)
            }
        })
        .collect();
    let rest = grown - blocks.iter().map(|block| block.estimate).sum::<i64>();
    // A result of known size is the whole result; growth beyond it belongs to no tool.
    let answered = !before.response.uses_tool() || before.result.is_some();
    if !answered {
        blocks.push(RawBlock {
            tool: Some(before.tool),
            marks: before.block_marks,
            file: before.file,
            peer: tool_input(k - 1),
            ..RawBlock::from_size(BlockKind::ToolResult, 0, rest)
        });
    } else if rest > 0 {
        blocks.push(RawBlock::from_size(BlockKind::Unattributed, 0, rest));
    }
    blocks
}

/// What a call produces; its tool input comes last.
fn output_blocks(slot: &ScriptCall, output: i64, prose_chars: i64) -> Vec<RawBlock> {
    let chars = u64::try_from(prose_chars).unwrap_or(0);
    let prose =
        estimate::estimate_tokens(Tokenizer::Other, BlockKind::Text, "", chars).min(output / 3);
    let text = |tokens| RawBlock::from_size(BlockKind::Text, 0, tokens);
    let thinking = |tokens| RawBlock::from_size(BlockKind::Thinking, 0, tokens);
    let beside =
        RawBlock { marks: BlockMarks::PROSE, ..RawBlock::from_size(BlockKind::Text, chars, prose) };
    let mut blocks = match slot.response {
        ResponseContent::Prose => return vec![text(output)],
        ResponseContent::Thinking => return vec![thinking(output)],
        ResponseContent::Tool => vec![],
        ResponseContent::ProseAndTool => vec![beside],
        ResponseContent::ThinkingAndTool => vec![thinking(output / 3)],
        ResponseContent::AllThree => vec![thinking(output / 3), beside],
    };
    let rest = output - blocks.iter().map(|block| block.estimate).sum::<i64>();
    blocks.push(RawBlock {
        tool: Some(slot.tool),
        marks: slot.block_marks,
        file: slot.file,
        ..RawBlock::from_size(BlockKind::ToolInput, 0, rest)
    });
    blocks
}
