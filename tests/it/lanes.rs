//! The lanes against the plain pass: every subset, every cache policy, to the token.

use crate::generated::{Case, Tape, compile, patch, recordings};
use proptest::collection::vec;
use proptest::prelude::*;
use windtunnel::cache::CachePolicy;
use windtunnel::intervene::Intervention;
use windtunnel::plan::{
    ClearingRule, CompactionRule, Patch, Plan, ResumedSession, SessionRules, SpawnedCall,
    SpawnedSession, ToggleSubset, WarmingRule,
};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens};
use windtunnel::recording::{
    Basis, BlockKind, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart, HarnessTotals,
    RawBlock, RawCall, RawSession, Recording, RecordingBuilder, Role,
};
use windtunnel::replay::{IslandLanes, replay_island};
use windtunnel::scenario::Scenario;
use windtunnel::units::Usage;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// Puts the lowest bits of `index` on the bits of `mask`.
fn spread(index: u64, mask: ToggleSubset) -> ToggleSubset {
    let places = (0..64).filter(|place| mask >> place & 1 == 1).enumerate();
    places.fold(0, |subset, (at, place)| subset | (index >> at & 1) << place)
}

/// Holds every lane of every `step`-th block to the pass.
fn check(plan: &Plan, step: usize) {
    for island in &plan.islands {
        let lanes = IslandLanes::new(plan, island);
        let shared = lanes.shared_bits();
        let mut met = 0;
        for block in (0..1_u64 << shared.count_ones()).step_by(step) {
            let fixed = spread(block, shared);
            lanes.replay_block(fixed, |lane, outcome| {
                let subset = lanes.subset_of_lane(fixed, lane);
                let plain = replay_island(plan, island, subset);
                assert_eq!(*outcome, plain, "subset {subset:b} of {:b}", island.touched_by);
                met += 1;
            });
        }
        let blocks = (1_usize << shared.count_ones()).div_ceil(step);
        assert_eq!(met, blocks << lanes.lane_bits().len());
    }
}

fn check_policies(plan: &Plan, step: usize) {
    for (cache, _) in CachePolicy::NAMED {
        check(&plan.clone().with_cache(cache), step);
    }
}

/// Several patches of every kind.
fn patches(tape: &mut Tape, recording: &Recording, general: bool) -> Vec<Patch> {
    let count = if recording.calls.is_empty() { 0 } else { 1 + tape.below(9) };
    let one = |tape: &mut Tape| {
        let mut one = patch(tape, recording);
        if tape.once_in(4) {
            extend(tape, recording, &mut one, general);
        }
        one
    };
    (0..count).map(|_| one(tape)).collect()
}

fn extend(tape: &mut Tape, recording: &Recording, patch: &mut Patch, general: bool) {
    let call = tape.below(recording.calls.len() as i64) as u32;
    let session = recording.calls[call as usize].session;
    match tape.below(if general { 8 } else { 3 }) {
        0 => patch.healed_calls.push(call),
        1 => patch.restarted_calls.push((call, tape.below(20_000))),
        2 => patch.leaner_sessions.push((session, tape.below(9_000))),
        3 => patch.remodelled_sessions.push((session, "claude-haiku-5-5".to_owned())),
        4 => patch.remodelled_sessions.push((session, "claude-opus-4-6".to_owned())),
        5 => {
            let calls = (0..=tape.below(3)).map(|_| SpawnedCall {
                input: 9_000,
                output: 70,
                duration_ms: 9,
            });
            patch.spawned_sessions.push(SpawnedSession { by: call, calls: calls.collect() });
        }
        6 if session > 0 => {
            patch.resumed_sessions.push(ResumedSession { session, from: session - 1 });
        }
        _ => patch.session_rules.push((session, rules(tape))),
    }
}

fn rules(tape: &mut Tape) -> SessionRules {
    let mut rules = SessionRules::default();
    match tape.below(4) {
        0 => rules.tier = Some(CacheTier::OneHour),
        1 => {
            rules.compaction = Some(CompactionRule { threshold: 60_000, output: 900, left: 2_000 });
        }
        2 => {
            let (trigger, keep) = (30_000, 1);
            rules.clearing = Some(ClearingRule { trigger, keep, at_least: 500, stub: 20 });
        }
        _ => rules.warming = Some(WarmingRule { most: 3, ahead_ms: 20_000 }),
    }
    rules
}

/// A long session in which little happens, so that stretches are long.
fn calm(tape: &mut Tape) -> Recording {
    let mut builder = RecordingBuilder::new("calm", "test");
    for session in 0..=tape.below(2) {
        let mut calls: Vec<RawCall> = Vec::new();
        let (mut clock, mut cached, mut prompt) = (0, 0, 12_000 + tape.below(9_000));
        for at in 0..20 + tape.below(50) {
            let new = 20 + tape.below(3_000);
            let kind = if at == 0 { BlockKind::User } else { BlockKind::ToolResult };
            let mut input = RawBlock::from_size(kind, 4 * new as u64, new);
            if at > 0 {
                (input.tool, input.peer) = (Some(0), Some((at as u32 - 1, 0)));
            }
            let out = 1 + tape.below(600);
            let output = RawBlock::from_size(BlockKind::ToolInput, 4 * out as u64, out);
            let (context, gap) = (prompt + new, if tape.once_in(20) { 400_000 } else { 9_000 });
            // Some calls say less than they produce.
            let placeholder = tape.once_in(4);
            let fresh =
                if tape.once_in(5) { tape.below(new + 20).min(context - cached) } else { 3 };
            let write_5m = context - cached - fresh;
            let output_tokens = if placeholder { 1 } else { out };
            let usage =
                Usage { fresh, read: cached, write_5m, output: output_tokens, ..Usage::default() };
            calls.push(RawCall {
                model: if session == 0 { 0 } else { 2 },
                start_ms: clock,
                end_ms: clock + 4_000,
                records: 2,
                usage,
                placeholder,
                marks: CallMarks::empty(),
                facts: CallFacts::default(),
                restart: if at == 0 { ContextRestart::Fresh } else { ContextRestart::No },
                cache_break: CacheBreak::No,
                inputs: vec![input],
                outputs: vec![output],
            });
            clock += gap;
            prompt = context + out;
            cached = if gap < 300_000 { context - fresh } else { 0 };
        }
        builder.push_session(RawSession {
            id: format!("s{session}"),
            file: String::new(),
            pipeline: "p".to_owned(),
            step: "step".to_owned(),
            version: String::new(),
            role: Role::Main,
            records: calls.len() as u32,
            static_prefix: Some(5_000),
            models: crate::generated::MODELS.iter().map(|model| model.0.to_owned()).collect(),
            tools: vec!["Bash".to_owned()],
            labels: Vec::new(),
            calls,
            invocations: Vec::new(),
            tier: None,
            usage_basis: Basis::Billed,
            blocks_basis: Basis::Estimated,
            times_basis: Basis::Billed,
            source: String::new(),
            harness_totals: HarnessTotals::default(),
        });
    }
    builder.finish()
}

/// Recordings of both kinds with up to nine patches.
fn wide_cases(general: bool) -> impl Strategy<Value = Case> {
    let wild = recordings();
    let calm = vec(any::<u32>(), 0..900).prop_map(|tape| calm(&mut Tape::new(tape)));
    (prop_oneof![wild, calm], vec(any::<u32>(), 0..250)).prop_map(move |(recording, tape)| {
        let patches = patches(&mut Tape::new(tape), &recording, general);
        Case { recording, patches, subset: 0 }
    })
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn lanes_and_the_plain_pass_agree(case in wide_cases(false)) {
        check_policies(&case.plan(), 1);
    }

    #[test]
    fn lanes_agree_under_rules_and_other_models(case in wide_cases(true)) {
        check(&case.plan(), 1);
    }
}

#[test]
fn lanes_agree_on_order_774() {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    for lens in [Lens::Message, Lens::Record] {
        let fit = reconstruct::reconstruct(&reported, lens).expect("order-774 has a fit");
        let chosen = Scenario::all_toggles().toggles;
        let patch = |of: &Intervention, params| of.build_patch(&fit.recording, params);
        let patches: Vec<Patch> = chosen.iter().map(|one| patch(one.toggle, &one.params)).collect();
        let compile = |patches: &[Patch]| {
            Plan::compile(&fit.recording, patches, &Pricing::embedded()).expect("priced")
        };
        check_policies(&compile(&patches[..7]), 1);
        check(&compile(&patches), 97);
    }
}

#[test]
fn plans_without_rows_have_lanes() {
    let nothing = RecordingBuilder::new("empty", "test").finish();
    check(&compile(&nothing, &[]), 1);
    check(&compile(&nothing, &[Patch::default()]), 1);
}
