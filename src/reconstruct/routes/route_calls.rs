//! From a grown session to the calls of a session, and from a bucket to its one call.

use super::super::session_calls::reconstructed_session;
use super::prompt::{AgentPrompts, PromptPart};
use super::session_growth::SessionContexts;
use crate::models::AUTOMATIC_LOOKUP_STEP;
use crate::price::UNKNOWN_CLASSES;
use crate::recording::{
    BlockKind, BlockLists, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart, Packet,
    RawBlock, RawCall, RawSession,
};
use crate::units::{BASIS_POINTS, Usage};

/// The tool that calls use: no source names one.
const UNSTATED_TOOL: &str = "unstated";

/// An invocation of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInvocation {
    /// The packet.
    pub packet: Packet,
    /// Its tokens.
    pub tokens: i64,
    /// Whether it is tried again.
    pub retried: bool,
}

impl RouteInvocation {
    /// Whether its packet tells a controller what happened.
    pub(super) fn is_digest(&self) -> bool {
        !self.packet.source.is_empty()
    }
}

/// When the calls of an agent are made, milliseconds.
#[expect(clippy::struct_field_names, reason = "the unit stands last in a name")]
#[derive(Clone, Copy, Debug)]
pub struct CallClock {
    /// When the next call starts.
    pub next_start_ms: i64,
    /// From the start of one call to that of the next.
    pub call_ms: i64,
    /// From the end of one invocation to the start of the next.
    pub gap_ms: i64,
}

/// A share of things, spread evenly.
#[derive(Clone, Copy, Debug)]
pub struct EvenPicker {
    share_bp: i64,
    due: i64,
}

impl EvenPicker {
    /// A share in ten-thousandths.
    pub fn new(share_bp: i64) -> Self {
        // From the half on: the first pick is in the middle of its stretch and not at its end.
        Self { share_bp, due: BASIS_POINTS / 2 }
    }

    /// Whether the next thing is one of them.
    pub(crate) fn takes_next(&mut self) -> bool {
        self.due += self.share_bp;
        let takes = self.due >= BASIS_POINTS;
        self.due -= if takes { BASIS_POINTS } else { 0 };
        takes
    }
}

/// The calls of an agent on routes, as a session.
pub(crate) fn build_route_session(
    (id, pipeline, step): (String, &str, &str),
    (woken, grown): (&[RouteInvocation], &SessionContexts),
    prompts: &AgentPrompts,
    hits: &mut EvenPicker,
    (clock, lists): (&mut CallClock, &mut BlockLists),
) -> RawSession {
    let mut raw = empty_session(id, pipeline, step, grown.base);
    raw.calls.reserve(grown.calls.len());
    let mut left_in_cache = grown.base - grown.base % AUTOMATIC_LOOKUP_STEP;
    for (at, call) in grown.calls.iter().enumerate() {
        // A call that opens an invocation takes its packet; a retry brings the prompt once more,
        // but is the same invocation and needs no pause.
        let wakes = call.prompt.filter(|(_, again)| !again).map(|(invocation, _)| invocation);
        if let Some(invocation) = wakes {
            // A thread begins with its first packet, before which nobody waits.
            clock.next_start_ms += if at == 0 { 0 } else { clock.gap_ms };
            raw.invocations.push((at as u32, woken[invocation].packet.clone()));
        }
        let parts = call.prompt.map(|(invocation, _)| {
            prompts.prompt_parts(woken[invocation].is_digest(), grown.most_prompt)
        });
        let parts = parts.as_ref().map_or(&[][..], |parts| parts);
        // A hit reads what the call before left, up to the step in which such a cache is looked up;
        // the first call finds what other sessions keep warm.
        let hit = hits.takes_next();
        let read = if hit { left_in_cache.min(call.context) } else { 0 };
        left_in_cache = call.context - call.context % AUTOMATIC_LOOKUP_STEP;
        let mut inputs = lists.take_empty();
        push_route_inputs(&mut inputs, &raw.calls, (grown, at), parts);
        // The last call of an invocation answers in text, every other one uses a tool.
        let ends = grown.calls.get(at + 1).is_none_or(|next| next.prompt.is_some());
        let said = if ends { BlockKind::Text } else { BlockKind::ToolInput };
        let tool = (!ends).then_some(0);
        let mut outputs = lists.take_empty();
        outputs.push(RawBlock { tool, ..RawBlock::from_size(said, 0, call.output) });
        raw.calls.push(RawCall {
            model: 0,
            start_ms: clock.next_start_ms,
            // A tenth of the time is the tool's.
            end_ms: clock.next_start_ms + clock.call_ms * 9 / 10,
            records: 1,
            usage: Usage {
                fresh: call.context - read,
                read,
                output: call.output,
                ..Usage::default()
            },
            placeholder: false,
            marks: CallMarks::empty(),
            facts: CallFacts::default(),
            restart: match (at, call.compacted) {
                (0, _) => ContextRestart::Fresh,
                (_, true) => ContextRestart::AutoCompacted,
                _ => ContextRestart::No,
            },
            cache_break: CacheBreak::No,
            inputs,
            outputs,
        });
        clock.next_start_ms += clock.call_ms;
    }
    clock.next_start_ms += clock.gap_ms;
    raw.records = raw.calls.len() as u32;
    raw
}

/// What enters with a call: what a context starts over with, the prompt, and the rest of the
/// growth as the result of the tool use before.
fn push_route_inputs(
    blocks: &mut Vec<RawBlock>,
    before: &[RawCall],
    (grown, at): (&SessionContexts, usize),
    parts: &[PromptPart],
) {
    let call = &grown.calls[at];
    let starts = at == 0 || call.compacted;
    let mut rest = call.context;
    if starts {
        // After a compaction the summary stands on the system part, which is never larger than
        // what the compaction left altogether.
        let base = if at == 0 { grown.base } else { grown.base.min(grown.after_compaction) };
        blocks.push(RawBlock::from_size(BlockKind::System, 0, base));
        rest -= base;
        if at > 0 {
            blocks.push(RawBlock::from_size(BlockKind::Summary, 0, grown.after_compaction - base));
            rest -= grown.after_compaction - base;
        }
    } else {
        // What the call before had and said stands in this context already.
        let before = &before[at - 1].usage;
        rest -= before.context_tokens() + before.output;
    }
    for part in parts {
        let chars = u64::try_from(part.chars).unwrap_or(0);
        let block = RawBlock::from_size(BlockKind::User, chars, part.tokens);
        blocks.push(RawBlock { marks: part.marks, ..block });
        rest -= part.tokens;
    }
    // A retry follows on a closing answer, as a packet does: growth there is no tool's.
    if starts || call.prompt.is_some() {
        blocks.push(RawBlock::from_size(BlockKind::Unattributed, 0, rest));
    } else {
        let (tool, peer) = (Some(0), Some((at as u32 - 1, 0)));
        let result = RawBlock::from_size(BlockKind::ToolResult, 0, rest);
        blocks.push(RawBlock { tool, peer, ..result });
    }
}

/// A bucket as a session: one call holds all of its tokens, so that any share can come off.
/// Nothing is known of their class: they stand as input that no cache gave.
pub(crate) fn build_bucket_session(
    (id, pipeline, step): (String, &str, &str),
    tokens: i64,
    at_ms: i64,
) -> RawSession {
    let mut raw = empty_session(id, pipeline, step, 0);
    raw.models = vec![UNKNOWN_CLASSES.to_owned()];
    raw.records = 1;
    raw.calls.push(RawCall {
        model: 0,
        start_ms: at_ms,
        end_ms: at_ms,
        records: 1,
        // Of no known class: any share of it can come off, and no money is told.
        usage: Usage { fresh: tokens, ..Usage::default() },
        placeholder: false,
        marks: CallMarks::empty(),
        facts: CallFacts::default(),
        restart: ContextRestart::Fresh,
        cache_break: CacheBreak::No,
        inputs: vec![RawBlock::from_size(BlockKind::Unattributed, 0, tokens)],
        outputs: Vec::new(),
    });
    raw
}

fn empty_session(id: String, pipeline: &str, step: &str, base: i64) -> RawSession {
    RawSession {
        tier: Some(CacheTier::Automatic),
        tools: vec![UNSTATED_TOOL.to_owned()],
        ..reconstructed_session(id, pipeline, step, base)
    }
}
