//! Random but valid recordings and patches, built from a tape of numbers.
//!
//! Everything is drawn from a [`Tape`], and a tape that has run out says 0, the plainest choice.
//! So a failing case shrinks by itself: a shorter tape is a shorter recording, a smaller number a
//! plainer one.

use proptest::collection::vec;
use proptest::prelude::*;
use windtunnel::plan::{
    ClearingRule, CompactionRule, DroppedCall, InsertedCall, Patch, Plan, ResumedSession,
    SessionRules, SpawnedCall, SpawnedSession, ToggleSubset, WarmingRule,
};
use windtunnel::price::Pricing;
use windtunnel::recording::{
    Basis, BlockKind, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart, HarnessTotals,
    RawBlock, RawCall, RawSession, Recording, RecordingBuilder, Role,
};
use windtunnel::units::Usage;

/// Models with prices: name, smallest cacheable prompt, largest prompt of the short band.
pub const MODELS: [(&str, i64, i64); 4] = [
    ("claude-opus-4-6", 4_096, i64::MAX),
    ("claude-opus-5-5", 0, i64::MAX),
    ("gpt-5.4", 1_024, 272_000),
    ("claude-haiku-5-5", 0, 100_000),
];

/// Gaps between the starts of two calls: plain, and around both lifetimes.
const GAPS_MS: [i64; 9] =
    [1_000, 60_000, 299_999, 300_000, 300_001, 400_000, 3_599_999, 3_600_000, 9_000_000];

/// Prompts to start from: below every minimum, between them, ordinary, near the price bands.
const STARTS: [i64; 6] = [15_000, 700, 3_000, 98_000, 268_000, 0];

/// A case: a recording, patches over it, and a subset of them.
#[derive(Clone, Debug)]
pub struct Case {
    /// The recording.
    pub recording: Recording,
    /// The patches; bit k is patch k.
    pub patches: Vec<Patch>,
    /// Which of them are on.
    pub subset: ToggleSubset,
}

impl Case {
    /// A case drawn from numbers: some for the recording, some for the patches.
    pub fn from_tapes(of_recording: Vec<u32>, of_patches: Vec<u32>, subset: ToggleSubset) -> Self {
        let recording = recording(&mut Tape::new(of_recording));
        let patches = patches(&mut Tape::new(of_patches), &recording);
        Self { recording, patches, subset }
    }

    /// The plan of all its patches.
    pub fn plan(&self) -> Plan {
        compile(&self.recording, &self.patches)
    }
}

/// Random cases.
pub fn cases() -> impl Strategy<Value = Case> {
    (vec(any::<u32>(), 0..600), vec(any::<u32>(), 0..120), any::<ToggleSubset>())
        .prop_map(|(calls, patches, subset)| Case::from_tapes(calls, patches, subset))
}

/// Random recordings.
pub fn recordings() -> impl Strategy<Value = Recording> {
    vec(any::<u32>(), 0..600).prop_map(|tape| recording(&mut Tape::new(tape)))
}

/// Compiles patches under the embedded prices of a day on which all of [`MODELS`] have one.
pub fn compile(recording: &Recording, patches: &[Patch]) -> Plan {
    let date = Some(jiff::civil::date(2026, 10, 10));
    let pricing = Pricing { date, ..Pricing::embedded() };
    Plan::compile(recording, patches, &pricing).expect("all generated models have a price")
}

/// Numbers to draw from; 0 when there are none left.
pub struct Tape(std::vec::IntoIter<u32>);

impl Tape {
    /// A tape of these numbers.
    pub fn new(numbers: Vec<u32>) -> Self {
        Self(numbers.into_iter())
    }

    /// A number below `end` (0 if that is 0).
    pub fn below(&mut self, end: i64) -> i64 {
        i64::from(self.0.next().unwrap_or(0)) % end.max(1)
    }

    /// True once in `n` draws.
    pub fn once_in(&mut self, n: i64) -> bool {
        self.below(n) == n - 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as i64) as usize]
    }
}

/// A recording of up to four sessions.
fn recording(tape: &mut Tape) -> Recording {
    let mut builder = RecordingBuilder::new("generated", "test");
    let mut end = 0;
    for index in 0..=tape.below(4) {
        // At the same time as the others, or after the one before.
        let from = if tape.once_in(3) { tape.below(100_000) } else { end + tape.pick(&GAPS_MS) };
        let session = session(tape, index, from);
        end = session.calls.last().map_or(end, |call| call.end_ms);
        builder.push_session(session);
    }
    if tape.once_in(3) {
        let usage = Usage { read: tape.below(90_000), output: 7, ..Usage::default() };
        builder.push_remainder(0, MODELS[0].0, usage, "a side call");
    }
    builder.finish()
}

fn session(tape: &mut Tape, index: i64, mut clock: i64) -> RawSession {
    let mut calls: Vec<RawCall> = Vec::new();
    let tier = tape.below(4);
    for at in 0..tape.below(12) {
        let before = calls.last();
        let call = call(tape, before, (at, tier), clock);
        clock += tape.pick(&GAPS_MS);
        calls.push(call);
    }
    RawSession {
        id: format!("s{index}"),
        file: String::new(),
        pipeline: "p".to_owned(),
        step: format!("step {index}"),
        version: tape.pick(&["", "2.1.60", "2.1.100", "2.1.200"]).to_owned(),
        role: Role::Main,
        records: calls.len() as u32,
        static_prefix: tape.once_in(3).then(|| tape.below(20_000)),
        models: MODELS.iter().map(|model| model.0.to_owned()).collect(),
        tools: vec!["Bash".to_owned(), "Read \"x\", \\y".to_owned()],
        labels: Vec::new(),
        calls,
        invocations: Vec::new(),
        tier: (tier == 3).then_some(CacheTier::Automatic),
        usage_basis: Basis::Billed,
        blocks_basis: Basis::Estimated,
        times_basis: Basis::Billed,
        source: String::new(),
        harness_totals: HarnessTotals::default(),
    }
}

/// One call, `at` its place in the session and `tier` the session's tier.
fn call(tape: &mut Tape, before: Option<&RawCall>, (at, tier): (i64, i64), start: i64) -> RawCall {
    let restart = match (before, tape.below(10)) {
        (None, _) | (_, 9) => ContextRestart::Fresh,
        (_, 8) => ContextRestart::ManualCompacted,
        (_, 6 | 7) => ContextRestart::AutoCompacted,
        _ => ContextRestart::No,
    };
    let model = if tape.once_in(8) { tape.below(4) as u16 } else { before.map_or(0, |c| c.model) };
    let switched = before.is_some_and(|call| call.model != model);
    let cache_break = match (switched, restart, tape.below(6)) {
        (true, _, 0..=4) => CacheBreak::ToZero,
        (_, ContextRestart::No, 0..=4) | (_, _, 5) => CacheBreak::No,
        _ => CacheBreak::ToStatic,
    };
    let inputs = blocks(tape, restart, at);
    let new: i64 = inputs.iter().map(|block| block.estimate).sum();
    let context = match before {
        Some(prev) if restart == ContextRestart::No => {
            let noise = tape.pick(&[0, 0, 0, 40, -25, -600, 5_000, -20_000, -300_000]);
            (prev.usage.context_tokens() + prev.usage.output + new + noise).max(tape.below(900))
        }
        _ => new + tape.pick(&STARTS) + tape.below(500),
    };
    let outputs = outputs(tape);
    let output: i64 = outputs.iter().map(|block| block.estimate).sum();
    let placeholder = tape.once_in(4);
    let output = if placeholder { output.min(tape.below(9)) } else { output + tape.below(30) };
    // A provider that caches by itself leaves nothing to choose.
    let tier = if tier != 3 && tape.once_in(10) { tape.below(3) } else { tier };
    let usage = Usage { output, ..usage(tape, before, context, tier) };
    let took = tape.below(20_000);
    let poll = if tape.once_in(4) { CallMarks::POLL } else { CallMarks::empty() };
    RawCall {
        model,
        start_ms: start,
        end_ms: start + took,
        records: 2,
        usage,
        placeholder,
        marks: poll,
        facts: CallFacts::default(),
        restart,
        cache_break,
        inputs,
        outputs,
    }
}

/// A prompt of `context` tokens, billed as the law has it or not.
fn usage(tape: &mut Tape, before: Option<&RawCall>, context: i64, tier: i64) -> Usage {
    let cached = before.map_or(0, |call| call.usage.context_tokens() - call.usage.fresh);
    let read = match tape.below(8) {
        0..=3 => cached,
        4 => 0,
        5 => tape.below(20_000),
        6 => tape.below(context + 1),
        _ => cached + 128 - tape.below(256),
    };
    let read = read.clamp(0, context);
    let rest = context - read;
    let fresh = match tape.below(6) {
        0..=4 if tier == 3 => rest,
        _ if tier == 0 => rest,
        0..=2 => 3.min(rest),
        3 => tape.below(rest + 1),
        4 => 0,
        _ => rest,
    };
    let write = rest - fresh;
    let other = if tape.once_in(6) { tape.below(write + 1) } else { 0 };
    let (write_5m, write_1h) =
        if tier == 1 { (write - other, other) } else { (other, write - other) };
    Usage { fresh, read, write_5m, write_1h, output: 0 }
}

fn blocks(tape: &mut Tape, restart: ContextRestart, at: i64) -> Vec<RawBlock> {
    let compacted =
        matches!(restart, ContextRestart::AutoCompacted | ContextRestart::ManualCompacted);
    let mut blocks = Vec::new();
    if compacted && !tape.once_in(4) {
        blocks.push(RawBlock::from_size(BlockKind::Summary, 0, 500 + tape.below(6_000)));
    }
    for _ in 0..tape.below(4) {
        let kind = tape.pick(&[BlockKind::ToolResult, BlockKind::User, BlockKind::Report]);
        let estimate = tape.pick(&[20, 0, 300, 4_000, 30_000]) + tape.below(50);
        let mut block = RawBlock::from_size(kind, 4 * estimate as u64, estimate);
        if kind == BlockKind::ToolResult && at > 0 {
            block.tool = Some(tape.below(2) as u16);
            block.peer = Some((at as u32 - 1, 0));
        }
        blocks.push(block);
    }
    blocks
}

fn outputs(tape: &mut Tape) -> Vec<RawBlock> {
    let kinds = [BlockKind::ToolInput, BlockKind::Text, BlockKind::Thinking];
    let block = |tape: &mut Tape| {
        let tokens = tape.below(800);
        RawBlock::from_size(tape.pick(&kinds), 3 * tokens as u64, tokens)
    };
    (0..tape.below(4)).map(|_| block(tape)).collect()
}

/// Up to four patches over a recording.
fn patches(tape: &mut Tape, recording: &Recording) -> Vec<Patch> {
    let count = if recording.calls.is_empty() { 0 } else { 1 + tape.below(4) };
    (0..count).map(|_| patch(tape, recording)).collect()
}

/// One patch over a recording with calls.
pub fn patch(tape: &mut Tape, recording: &Recording) -> Patch {
    let mut patch = Patch::default();
    for _ in 0..=tape.below(6) {
        let call = tape.below(recording.calls.len() as i64) as u32;
        let block = tape.below(recording.blocks.len() as i64) as u32;
        let frees_time = tape.once_in(2);
        let session = |tape: &mut Tape| tape.below(recording.sessions.len() as i64) as u32;
        match tape.below(17) {
            0 => patch.dropped_calls.push(DroppedCall { call, frees_time }),
            1 => patch.drop_call_and_blocks(recording, call, frees_time),
            2 | 3 | 15 | 16 if recording.blocks.is_empty() => {}
            2 => patch.dropped_blocks.push(block),
            3 => patch.replaced_blocks.push((block, tape.pick(&[30, 0, 900, 12_000]))),
            4 => patch.saved_ms.push((call, tape.pick(&GAPS_MS))),
            5 => patch.healed_calls.push(call),
            6 => patch.restarted_calls.push((call, tape.pick(&[16_000, 0, 120_000]))),
            7 => {
                let calls = (0..tape.below(4)).map(|_| spawned_call(tape)).collect();
                patch.spawned_sessions.push(SpawnedSession { by: call, calls });
            }
            8 => resume(tape, &mut patch, recording, None),
            9 => {
                for session in 1..recording.sessions.len() {
                    resume(tape, &mut patch, recording, Some(session as i64));
                }
            }
            10 => patch.remodelled_sessions.push((session(tape), tape.pick(&MODELS).0.to_owned())),
            11 => patch
                .leaner_sessions
                .push((session(tape), tape.pick(&[300, 0, 5_000, 400_000, -700]))),
            12 | 13 => {
                // For one session, or for all of them as toggles do.
                let (rules, all, one) = (rules(tape), tape.once_in(2), session(tape));
                let sessions = 0..recording.sessions.len() as u32;
                let own = sessions.filter(|session| all || *session == one);
                patch.session_rules.extend(own.map(|session| (session, rules)));
            }
            15 => {
                let call = tape.pick(&[call, recording.blocks[block as usize].call]);
                patch.warmed_calls.push(call);
            }
            16 => {
                patch.replaced_if_warm.push((block, tape.pick(&[40, 0, 800, 13_000])));
                if tape.once_in(2) {
                    patch.warmed_calls.push(recording.blocks[block as usize].call);
                }
            }
            _ => {
                let SpawnedCall { input, output, duration_ms } = spawned_call(tape);
                patch.inserted_calls.push(InsertedCall { after: call, input, output, duration_ms });
            }
        }
    }
    patch
}

fn spawned_call(tape: &mut Tape) -> SpawnedCall {
    let (input, output) = (tape.pick(&[0, 20_000, 300]) + tape.below(9_000), tape.below(400));
    SpawnedCall { input, output, duration_ms: tape.pick(&GAPS_MS) }
}

/// Lets a session go on from another, often the one before; with or without its bootstrap.
fn resume(tape: &mut Tape, patch: &mut Patch, recording: &Recording, which: Option<i64>) {
    let sessions = recording.sessions.len() as i64;
    let session = which.unwrap_or_else(|| tape.below(sessions));
    let from = if tape.once_in(3) { tape.below(sessions) } else { (session - 1).max(0) };
    patch.resumed_sessions.push(ResumedSession { session: session as u32, from: from as u32 });
    if let Some(first) = recording.sessions[session as usize].call_range().next()
        && !tape.once_in(3)
    {
        let start = recording.calls[first].first_block;
        let said = start..start + recording.calls[first].blocks;
        let is_bootstrap = |at: &u32| recording.blocks[*at as usize].kind == BlockKind::System;
        patch.dropped_blocks.extend(said.filter(is_bootstrap));
    }
}

fn rules(tape: &mut Tape) -> SessionRules {
    let sizes = [20_000, 0, 4_000, 60_000, 100_000, 1_000_000];
    let mut rules = SessionRules::default();
    for _ in 0..=tape.below(3) {
        match tape.below(4) {
            0 => {
                rules.tier = Some(tape.pick(&[
                    CacheTier::OneHour,
                    CacheTier::FiveMinutes,
                    CacheTier::Uncached,
                ]));
            }
            1 => {
                let (threshold, output) = (tape.pick(&sizes), tape.below(5_000));
                let left = tape.pick(&[0, 3_000, 50_000]);
                rules.compaction = Some(CompactionRule { threshold, output, left });
            }
            2 => {
                let (trigger, keep) = (tape.pick(&sizes), tape.below(4));
                let (at_least, stub) = (tape.pick(&[0, 1, 25_000]), tape.pick(&[10, 0, 4_000]));
                rules.clearing = Some(ClearingRule { trigger, keep, at_least, stub });
            }
            _ => {
                let ahead_ms = tape.pick(&[10_000, 299_999, 300_000, 0, 1, -5]);
                rules.warming = Some(WarmingRule { most: tape.below(5), ahead_ms });
            }
        }
    }
    rules
}
