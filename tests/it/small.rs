//! Small recordings to compute by hand, and what is asked of them.

use crate::generated::compile;
use windtunnel::plan::{DroppedCall, InsertedCall, Patch};
use windtunnel::recording::{
    Basis, BlockKind, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart, HarnessTotals,
    RawBlock, RawCall, RawSession, Recording, RecordingBuilder, Role,
};
use windtunnel::replay::replay_calls;
use windtunnel::units::Usage;

/// The model of most scenarios: no smallest cacheable prompt, one price band.
pub const MODEL: &str = "claude-opus-5-5";

/// What survives a loss of the messages, in every scenario.
pub const STATIC_PREFIX: i64 = 15_000;

/// A call as recorded: what it reads; the rest of its context is written.
pub fn call(
    start_s: i64,
    context: i64,
    read: i64,
    inputs: &[(BlockKind, i64)],
    outputs: &[(BlockKind, i64)],
) -> RawCall {
    let block = |&(kind, tokens): &(BlockKind, i64)| RawBlock::from_size(kind, 0, tokens);
    let output = outputs.iter().map(|(_, tokens)| tokens).sum();
    RawCall {
        model: 0,
        start_ms: start_s * 1_000,
        end_ms: start_s * 1_000 + 5_000,
        records: 1,
        usage: Usage { read, write_5m: context - read, output, ..Usage::default() },
        placeholder: false,
        marks: CallMarks::empty(),
        facts: CallFacts::default(),
        restart: ContextRestart::No,
        cache_break: CacheBreak::No,
        inputs: inputs.iter().map(block).collect(),
        outputs: outputs.iter().map(block).collect(),
    }
}

/// The same call with a restart of the context that breaks the cache down to the static prefix.
pub fn restarted(restart: ContextRestart, call: RawCall) -> RawCall {
    RawCall { restart, cache_break: CacheBreak::ToStatic, ..call }
}

pub fn session(models: &[&str], calls: Vec<RawCall>) -> RawSession {
    RawSession {
        id: "s".to_owned(),
        file: String::new(),
        pipeline: String::new(),
        step: String::new(),
        version: String::new(),
        role: Role::Main,
        records: calls.len() as u32,
        static_prefix: Some(STATIC_PREFIX),
        models: models.iter().map(|&name| name.to_owned()).collect(),
        tools: Vec::new(),
        labels: Vec::new(),
        calls,
        invocations: Vec::new(),
        tier: None,
        usage_basis: Basis::Billed,
        blocks_basis: Basis::Billed,
        times_basis: Basis::Billed,
        source: String::new(),
        harness_totals: HarnessTotals::default(),
    }
}

/// A recording of one session that writes to `tier`.
pub fn record_on(model: &str, tier: CacheTier, mut calls: Vec<RawCall>) -> Recording {
    for Usage { write_5m, write_1h, .. } in calls.iter_mut().map(|call| &mut call.usage) {
        if tier == CacheTier::OneHour {
            std::mem::swap(write_5m, write_1h);
        }
    }
    let mut builder = RecordingBuilder::new("hand", "test");
    builder.push_session(session(&[model], calls));
    builder.finish()
}

pub fn record(calls: Vec<RawCall>) -> Recording {
    record_on(MODEL, CacheTier::FiveMinutes, calls)
}

/// The calls made with every patch on: start in seconds, fresh, read, written, produced.
pub fn made(recording: &Recording, patches: &[Patch]) -> Vec<(i64, i64, i64, i64, i64)> {
    let plan = compile(recording, patches);
    let rows = replay_calls(&plan, (1 << patches.len()) - 1);
    let told = rows.iter().map(|row| {
        let Usage { fresh, read, output, .. } = row.outcome.usage;
        (row.outcome.start_ms / 1_000, fresh, read, row.outcome.usage.write_tokens(), output)
    });
    told.collect()
}

/// Contexts of the calls made with every patch on.
pub fn contexts(recording: &Recording, patches: &[Patch]) -> Vec<i64> {
    let rows = made(recording, patches);
    rows.iter().map(|(_, fresh, read, written, _)| fresh + read + written).collect()
}

/// The index of the only block of a kind with so many tokens.
pub fn block(recording: &Recording, kind: BlockKind, tokens: i64) -> u32 {
    let mut found = (0..recording.blocks.len())
        .filter(|&at| (recording.blocks[at].kind, recording.blocks[at].tokens) == (kind, tokens));
    let first = found.next().expect("a block of that kind and size");
    assert!(found.next().is_none(), "two blocks of {tokens} tokens");
    first as u32
}

pub fn drop_call(call: u32, frees_time: bool) -> Patch {
    Patch { dropped_calls: vec![DroppedCall { call, frees_time }], ..Patch::default() }
}

pub fn replace(block: u32, tokens: i64) -> Patch {
    Patch { replaced_blocks: vec![(block, tokens)], ..Patch::default() }
}

pub fn insert(after: u32, input: i64, output: i64, duration_s: i64) -> Patch {
    let duration_ms = duration_s * 1_000;
    Patch {
        inserted_calls: vec![InsertedCall { after, input, output, duration_ms }],
        ..Patch::default()
    }
}
