//! What follows from a whole session: estimates, marks of calls, restarts and cache breaks.
//!
//! Cache breaks (MODEL.md, "Cache law"): a model switch loses everything; compaction, a session
//! start or synthetic record in between, a switch of thinking or effort, a context that shrank, the
//! first load of tools and more tool results than the provider looks back over lose the messages.

use crate::models::{self, ModelFacts, harness_version::HarnessVersion};
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{
    BlockKind, BlockMarks, CacheBreak, CallMarks, ContextRestart, RawBlock, RawCall, RawSession,
    ToldMissReason,
};

/// A context that shrinks below this many percent of the one before was cleared or rewound.
const FRESH_BELOW_PERCENT: i64 = 50;

/// A context that shrinks below this many percent lost its cached messages.
const BREAK_BELOW_PERCENT: i64 = 99;

/// The tool that loads the definitions of other tools.
const TOOL_LOADER: &str = "ToolSearch";

/// The first version of the harness in which a tool load leaves the cache alone, whatever the
/// model. Source: MODEL.md, "Cache law".
const TOOL_LOADS_KEEP_CACHE_FROM: HarnessVersion = HarnessVersion(2, 1, 206);

/// Most tool results of one step: with their tool uses they are the blocks that the provider looks
/// back over for a cached prefix. Source: MODEL.md, "Cache law".
const LOOKBACK_RESULTS: usize = 10;

/// What happened between two calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CallTransition {
    /// A compaction, by its trigger.
    pub compacted: Option<ContextRestart>,
    /// The session was started anew on the same history.
    pub resumed: bool,
    /// Thinking was switched on or off, or the effort changed.
    pub effort_switched: bool,
    /// The harness named results that left the context, which goes on without them.
    pub results_cleared: bool,
}

/// Thinking that has a signature, its text withheld or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct HiddenThinking {
    /// Its call.
    pub call: u32,
    /// Which of the outputs of that it is.
    pub output: u32,
    /// Characters of its signature.
    pub signature_chars: u64,
    /// Its tokens, where usage tells them.
    pub told: Option<i64>,
}

/// Completes `session`. `transitions` say what happened before each call; `hidden` where thinking
/// is withheld.
pub(super) fn complete_session(
    session: &mut RawSession,
    transitions: &[CallTransition],
    hidden: &[HiddenThinking],
) {
    let RawSession { models, tools, calls, .. } = session;
    let tokenizers: Vec<Tokenizer> =
        models.iter().map(|model| Tokenizer::of_model(model)).collect();
    for hidden in hidden {
        let call = &mut calls[hidden.call as usize];
        let tokenizer = tokenizers[usize::from(call.model)];
        let block = &mut call.outputs[hidden.output as usize];
        // The text has its own estimate below: what the signature says of it comes on top. Newer
        // models show a summary where they show anything, the older family the thinking itself.
        let text = estimate::estimate_tokens(tokenizer, block.kind, "", block.chars);
        let is_summary = block.chars == 0 || tokenizer == Tokenizer::Claude47;
        let by_signature =
            estimate::hidden_thinking_tokens(tokenizer, hidden.signature_chars).max(text);
        let estimated = if is_summary { by_signature } else { text };
        block.estimate = hidden.told.unwrap_or(estimated) - text;
    }
    // Pictures have their estimate already: what their text adds, if anything, comes on top.
    for call in calls.iter_mut() {
        let tokenizer = tokenizers[usize::from(call.model)];
        for block in call.inputs.iter_mut().chain(&mut call.outputs) {
            let tool = block.tool.map_or("", |tool| &tools[usize::from(tool)]);
            block.estimate += estimate::estimate_tokens(tokenizer, block.kind, tool, block.chars);
        }
        mark_call(call);
    }
    // The first call has none before it: what happened there began the session.
    for (index, &transition) in transitions.iter().enumerate().skip(1) {
        let model = &models[usize::from(calls[index].model)];
        mark_transition(calls, index, transition, &models::facts_of_model(model));
    }
    mark_first_tool_load(session, &tokenizers);
}

/// The first load of tools of a session changes the list of tools, which stands before everything
/// else: models from 4.7 on lost all messages with it, until a version of the harness that appends
/// them instead.
fn mark_first_tool_load(session: &mut RawSession, tokenizers: &[Tokenizer]) {
    let version = HarnessVersion::parse(&session.version);
    let Some(loader) = session.tools.iter().position(|tool| tool == TOOL_LOADER) else { return };
    if version.is_none_or(|version| version >= TOOL_LOADS_KEEP_CACHE_FROM) {
        return;
    }
    let loads = session.calls.iter().position(|call| {
        let mut tools = call.outputs.iter().filter_map(|block| block.tool);
        tools.any(|tool| usize::from(tool) == loader)
    });
    // The new list of tools goes out with the call after the one that loads.
    let next = loads.and_then(|at| session.calls.get_mut(at + 1));
    let Some(call) = next.filter(|call| tokenizers[usize::from(call.model)] == Tokenizer::Claude47)
    else {
        return;
    };
    call.marks |= CallMarks::FIRST_TOOL_LOAD;
    call.cache_break = call.cache_break.max(CacheBreak::ToStatic);
}

/// Marks of a call that follow from its own blocks.
fn mark_call(call: &mut RawCall) {
    let tool_uses = call.outputs.iter().filter(|block| block.kind == BlockKind::ToolInput);
    let Some(of_any) = tool_uses.clone().map(|block| block.marks).reduce(|a, b| a | b) else {
        return;
    };
    let mut marks = CallMarks::empty();
    marks.set(CallMarks::TEST_RUN, of_any.contains(BlockMarks::TEST_RUN));
    marks.set(CallMarks::FULL_SUITE, of_any.contains(BlockMarks::FULL_SUITE));
    // A call that does anything beside waiting is no poll.
    let only_polls = tool_uses.clone().all(|block| block.marks.contains(BlockMarks::POLL));
    marks.set(CallMarks::POLL, only_polls);
    call.marks |= marks;
    // Text beside a tool use is told to nobody who would answer.
    for block in call.outputs.iter_mut().filter(|block| block.kind == BlockKind::Text) {
        block.marks |= BlockMarks::PROSE;
    }
}

/// What the provider says that broke the cache. Of a changed message it does not say where, so that
/// what survived stays a shock. Source: MODEL.md, "Cache law".
fn told_break(told: ToldMissReason) -> CacheBreak {
    match told {
        ToldMissReason::ToolsChanged | ToldMissReason::SystemChanged => CacheBreak::ToStatic,
        ToldMissReason::ModelChanged => CacheBreak::ToZero,
        _ => CacheBreak::No,
    }
}

/// What follows from a call and the one before it: restarts, cache breaks, narration.
fn mark_transition(
    calls: &mut [RawCall],
    index: usize,
    transition: CallTransition,
    facts: &ModelFacts,
) {
    let first_context = calls[0].usage.context_tokens();
    let (head, tail) = calls.split_at_mut(index);
    let (Some(prev), Some(call)) = (head.last_mut(), tail.first_mut()) else {
        return;
    };
    let (before, now) = (prev.usage.context_tokens(), call.usage.context_tokens());
    let shrunk = now * 100 < before * BREAK_BELOW_PERCENT;
    // A compaction explains any loss of context, and so do results that were cleared; without
    // them, half of it is gone for a reason that nobody wrote down: it was cleared or rewound.
    if let Some(restart) = transition.compacted {
        call.restart = restart;
        call.cache_break = CacheBreak::ToStatic;
    } else if shrunk && !transition.results_cleared && now * 100 < before * FRESH_BELOW_PERCENT {
        call.restart = ContextRestart::Fresh;
        let inputs: i64 = call.inputs.iter().map(|block| block.estimate).sum();
        let history = now - inputs - first_context;
        if history > 0 {
            // A rewind keeps a part of the history: it is neither prompt nor system.
            call.inputs.push(RawBlock::from_size(BlockKind::Unattributed, 0, history));
        }
    }
    if transition.effort_switched && call.cache_break == CacheBreak::No {
        call.cache_break = CacheBreak::ToStatic;
        // The switch is marked where it alone explains that less was read than was there.
        let is_only_cause = !transition.resumed && !shrunk && prev.model == call.model;
        let lost_cache = call.usage.read < before - prev.usage.fresh;
        call.marks.set(CallMarks::EFFORT_SWITCH, is_only_cause && lost_cache);
    }
    // The provider finds no cached prefix behind so many new blocks; an automatic cache looks for
    // none, it compares the prompt from its start.
    let results = call.inputs.iter();
    let results =
        results.filter(|block| matches!(block.kind, BlockKind::ToolResult | BlockKind::Report));
    let looks_back = facts.tokenizer != Tokenizer::Gpt;
    let is_beyond_lookback = looks_back && results.count() > LOOKBACK_RESULTS;
    call.marks.set(CallMarks::BEYOND_LOOKBACK, is_beyond_lookback);
    // A prompt at which the harness drops a turn's reasoning shrinks the context and loses that
    // turn alone (`Recording::turn_dropped_at`).
    let is_prompt = call.inputs.iter().any(|block| block.kind == BlockKind::User);
    let drops_turn = facts.drops_reasoning && is_prompt && call.restart == ContextRestart::No;
    // The causes that follow lose at least as much: the strongest is set last.
    if transition.resumed || shrunk && !drops_turn || is_beyond_lookback {
        call.cache_break = CacheBreak::ToStatic;
    }
    call.cache_break = call.cache_break.max(told_break(call.facts.told_miss));
    if prev.model != call.model {
        call.cache_break = CacheBreak::ToZero;
    }
    // The model went on by itself: nobody spoke between the two calls.
    let goes_on = call.restart == ContextRestart::No
        && !call.marks.contains(CallMarks::HUMAN)
        && !call.inputs.iter().any(|b| matches!(b.kind, BlockKind::User | BlockKind::Summary));
    let acts = prev.outputs.iter().any(|block| block.kind == BlockKind::ToolInput);
    let speaks = prev.outputs.iter().any(|block| block.kind == BlockKind::Text);
    if goes_on && !acts && !prev.outputs.is_empty() {
        prev.marks |= if speaks { CallMarks::NARRATION } else { CallMarks::THINKING_ONLY };
    }
}
