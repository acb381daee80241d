//! From a grown thread to the calls of a session, and from a bucket to its one call.

use super::super::MODEL;
use super::prompt::{PromptPart, Prompts};
use super::thread::Grown;
use crate::cache::STEP;
use crate::recording::{
    Basis, BlockKind, CacheBreak, CallMarks, Packet, RawBlock, RawCall, RawSession, Restart, Role,
    Tier,
};
use crate::units::{BASIS_POINTS, Usage};

/// The tool that calls use: no source names one.
const TOOL: &str = "unstated";

/// An invocation of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// The packet.
    pub packet: Packet,
    /// Its tokens.
    pub tokens: i64,
    /// Whether it is tried again.
    pub retried: bool,
}

/// When the calls of an agent are made, milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When the next call starts.
    pub now: i64,
    /// From the start of one call to that of the next.
    pub call: i64,
    /// From the end of one invocation to the start of the next.
    pub gap: i64,
}

/// A share of things, spread evenly.
#[derive(Clone, Copy, Debug)]
pub struct Even {
    share_bp: i64,
    due: i64,
}

impl Even {
    /// A share in ten-thousandths.
    pub fn new(share_bp: i64) -> Self {
        Self { share_bp, due: BASIS_POINTS / 2 }
    }

    /// Whether the next thing is one of them.
    pub fn takes(&mut self) -> bool {
        self.due += self.share_bp;
        let takes = self.due >= BASIS_POINTS;
        self.due -= if takes { BASIS_POINTS } else { 0 };
        takes
    }
}

/// A thread as a session.
pub fn session(
    (id, pipeline, step): (String, &str, &str),
    (woken, grown): (&[Woken], &Grown),
    prompts: &Prompts,
    hits: &mut Even,
    clock: &mut Clock,
) -> RawSession {
    let mut raw = blank(id, pipeline, step, grown.base);
    let mut left_in_cache = grown.base - grown.base % STEP;
    for (at, call) in grown.calls.iter().enumerate() {
        let wakes = call.prompt.filter(|(_, again)| !again).map(|(invocation, _)| invocation);
        if let Some(invocation) = wakes {
            clock.now += if at == 0 { 0 } else { clock.gap };
            raw.invocations.push((at as u32, woken[invocation].packet.clone()));
        }
        let parts = call.prompt.map_or_else(Vec::new, |(invocation, _)| {
            let is_digest = !woken[invocation].packet.source.is_empty();
            prompts.parts(is_digest, grown.most_prompt).to_vec()
        });
        let hit = hits.takes();
        let read = if hit { left_in_cache.min(call.context) } else { 0 };
        left_in_cache = call.context - call.context % STEP;
        let inputs = inputs(&raw.calls, grown, at, &parts);
        let ends = grown.calls.get(at + 1).is_none_or(|next| next.prompt.is_some());
        let said = if ends { BlockKind::Text } else { BlockKind::ToolInput };
        let tool = (!ends).then_some(0);
        let output = RawBlock { tool, ..RawBlock::plain(said, 0, call.output) };
        raw.calls.push(RawCall {
            model: 0,
            start_ms: clock.now,
            end_ms: clock.now + clock.call * 9 / 10,
            records: 1,
            usage: Usage {
                fresh: call.context - read,
                read,
                output: call.output,
                ..Usage::default()
            },
            placeholder: false,
            marks: CallMarks::empty(),
            restart: match (at, call.compacted) {
                (0, _) => Restart::Fresh,
                (_, true) => Restart::AutoCompacted,
                _ => Restart::No,
            },
            cache_break: CacheBreak::No,
            inputs,
            outputs: vec![output],
        });
        clock.now += clock.call;
    }
    clock.now += clock.gap;
    raw.records = raw.calls.len() as u32;
    raw
}

/// What enters with a call: what a context starts over with, the prompt, and the rest of the
/// growth as the result of the tool use before.
fn inputs(before: &[RawCall], grown: &Grown, at: usize, parts: &[PromptPart]) -> Vec<RawBlock> {
    let call = &grown.calls[at];
    let mut blocks = Vec::with_capacity(parts.len() + 3);
    let starts = at == 0 || call.compacted;
    let mut rest = call.context;
    if starts {
        let base = if at == 0 { grown.base } else { grown.base.min(grown.left) };
        blocks.push(RawBlock::plain(BlockKind::System, 0, base));
        rest -= base;
        if at > 0 {
            blocks.push(RawBlock::plain(BlockKind::Summary, 0, grown.left - base));
            rest -= grown.left - base;
        }
    } else {
        let before = &before[at - 1].usage;
        rest -= before.context() + before.output;
    }
    for part in parts {
        let chars = u64::try_from(part.chars).unwrap_or(0);
        let block = RawBlock::plain(BlockKind::User, chars, part.tokens);
        blocks.push(RawBlock { marks: part.marks, ..block });
        rest -= part.tokens;
    }
    // A retry follows on a closing answer, as a packet does: growth there is no tool's.
    if starts || call.prompt.is_some() {
        blocks.push(RawBlock::plain(BlockKind::Unattributed, 0, rest));
    } else {
        let (tool, peer) = (Some(0), Some((at as u32 - 1, 0)));
        let result = RawBlock::plain(BlockKind::ToolResult, 0, rest);
        blocks.push(RawBlock { tool, peer, ..result });
    }
    blocks
}

/// A bucket as a session: one call holds all of its tokens, so that any share can come off.
/// Nothing is known of their class: they stand as input that no cache gave.
pub fn bucket((id, pipeline, step): (String, &str, &str), tokens: i64, at_ms: i64) -> RawSession {
    let mut raw = blank(id, pipeline, step, 0);
    raw.records = 1;
    raw.calls.push(RawCall {
        model: 0,
        start_ms: at_ms,
        end_ms: at_ms,
        records: 1,
        usage: Usage { fresh: tokens, ..Usage::default() },
        placeholder: false,
        marks: CallMarks::empty(),
        restart: Restart::Fresh,
        cache_break: CacheBreak::No,
        inputs: vec![RawBlock::plain(BlockKind::Unattributed, 0, tokens)],
        outputs: Vec::new(),
    });
    raw
}

fn blank(id: String, pipeline: &str, step: &str, base: i64) -> RawSession {
    RawSession {
        pipeline: pipeline.to_owned(),
        step: step.to_owned(),
        static_prefix: Some(base),
        tier: Some(Tier::Automatic),
        models: vec![MODEL.to_owned()],
        tools: vec![TOOL.to_owned()],
        usage_basis: Basis::Published,
        blocks_basis: Basis::Reconstructed,
        times_basis: Basis::Reconstructed,
        ..RawSession::new(id, "", Role::Main)
    }
}
