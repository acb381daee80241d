//! The bad case for a sweep: one long session that every toggle touches, at random places.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use windtunnel::plan::{DroppedCall, InsertedCall, Patch};
use windtunnel::recording::{
    Basis, BlockKind, CacheBreak, CallFacts, CallMarks, ContextRestart, HarnessTotals, RawBlock,
    RawCall, RawSession, Recording, RecordingBuilder, Role,
};
use windtunnel::units::Usage;

/// Context from which on the session compacts.
const COMPACTS: i64 = 160_000;

/// One session of so many calls: one wait in 50 outlives the cache, and the context starts over
/// when it is full.
pub fn recording(calls: usize) -> Recording {
    let mut rng = ChaCha8Rng::seed_from_u64(2_000);
    let mut made: Vec<RawCall> = Vec::with_capacity(calls);
    let (mut clock, mut prompt, mut cached) = (0, 15_000, 0);
    for at in 0..calls {
        let compacts = prompt > COMPACTS;
        if compacts {
            (prompt, cached) = (15_000, 12_000);
        }
        let new = rng.random_range(50..900);
        let out = rng.random_range(20..400);
        let kind = if at == 0 { BlockKind::User } else { BlockKind::ToolResult };
        let mut input = RawBlock::from_size(kind, 4 * new as u64, new);
        if at > 0 {
            (input.tool, input.peer) = (Some(0), Some((at as u32 - 1, 0)));
        }
        let mut inputs = vec![input];
        if compacts {
            inputs.insert(0, RawBlock::from_size(BlockKind::Summary, 12_000, 3_000));
            prompt += 3_000;
        }
        let context = prompt + new;
        let usage = Usage { fresh: 3, read: cached, output: out, ..Usage::default() };
        let gap =
            if rng.random_range(0..50) == 0 { 400_000 } else { rng.random_range(4_000..60_000) };
        made.push(RawCall {
            model: 0,
            start_ms: clock,
            end_ms: clock + 3_000,
            records: 2,
            usage: Usage { write_5m: context - cached - 3, ..usage },
            placeholder: false,
            marks: CallMarks::empty(),
            facts: CallFacts::default(),
            restart: if compacts {
                ContextRestart::AutoCompacted
            } else if at == 0 {
                ContextRestart::Fresh
            } else {
                ContextRestart::No
            },
            cache_break: if compacts { CacheBreak::ToStatic } else { CacheBreak::No },
            inputs,
            outputs: vec![RawBlock::from_size(BlockKind::ToolInput, 4 * out as u64, out)],
        });
        clock += gap;
        prompt = context + out;
        cached = if gap < 300_000 { context - 3 } else { 0 };
    }
    let mut builder = RecordingBuilder::new("dense", "bench");
    builder.push_session(RawSession {
        id: "s".to_owned(),
        file: String::new(),
        pipeline: "p".to_owned(),
        step: String::new(),
        version: String::new(),
        role: Role::Main,
        records: calls as u32,
        static_prefix: Some(12_000),
        models: vec!["claude-opus-4-6".to_owned()],
        tools: vec!["Bash".to_owned()],
        labels: Vec::new(),
        calls: made,
        invocations: Vec::new(),
        tier: None,
        usage_basis: Basis::Billed,
        blocks_basis: Basis::Estimated,
        times_basis: Basis::Billed,
        source: String::new(),
        harness_totals: HarnessTotals::default(),
    });
    builder.finish()
}

/// So many patches, each at one call in `one_in`: at a quarter of these places it makes a block
/// smaller, at a quarter it drops one, at a quarter it drops the call, and at a quarter it saves
/// time or makes a call.
pub fn patches(recording: &Recording, count: usize, one_in: u32) -> Vec<Patch> {
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    (0..count).map(|_| patch(recording, one_in, &mut rng)).collect()
}

fn patch(recording: &Recording, one_in: u32, rng: &mut impl Rng) -> Patch {
    let mut patch = Patch::default();
    for at in 1..recording.calls.len() {
        if rng.random_range(0..one_in) != 0 {
            continue;
        }
        let call = at as u32;
        let block = recording.calls[at].block_range().end as u32 - 2;
        match rng.random_range(0..4) {
            0 => patch.replaced_blocks.push((block, rng.random_range(10..60))),
            1 => patch.dropped_blocks.push(block),
            2 if rng.random_range(0..2) == 0 => {
                patch.drop_call_and_blocks(recording, call, true);
            }
            2 => patch.dropped_calls.push(DroppedCall { call, frees_time: false }),
            _ if rng.random_range(0..2) == 0 => patch.saved_ms.push((call, 2_000)),
            _ => patch.inserted_calls.push(InsertedCall {
                after: call,
                input: 90,
                output: 40,
                duration_ms: 2_000,
            }),
        }
    }
    patch
}
