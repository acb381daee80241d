//! Automatic caches: hits are chance, draws are conditional on what was recorded.

use crate::generated::compile;
use crate::small::{call, session};
use windtunnel::intervene::ToggleParams;
use windtunnel::plan::{DroppedCall, Patch, Plan};
use windtunnel::reconstruct::{self, routes::reconstruct_routes};
use windtunnel::recording::BlockKind::{Text, ToolInput, ToolResult};
use windtunnel::recording::{CacheTier, RawCall, Recording, RecordingBuilder};
use windtunnel::replay::{replay_calls, replay_plan};
use windtunnel::scenario::toggles_by_id;
use windtunnel::seed::Seed;
use windtunnel::study::whatif::parameter_draws;
use windtunnel::units::Usage;

const MODEL: &str = "gpt-5.4";

/// A call on an automatic cache: what it does not read is fresh.
fn auto(start_s: i64, context: i64, read: i64, outputs: i64) -> RawCall {
    let kind = if outputs == 9 { Text } else { ToolInput };
    let mut call = call(start_s, context, read, &[(ToolResult, 1_180)], &[(kind, outputs)]);
    call.usage = Usage { fresh: context - read, read, output: outputs, ..Usage::default() };
    call
}

/// Sessions of three calls, 40 seconds apart, each a hit.
fn hits(sessions: usize) -> Recording {
    let mut builder = RecordingBuilder::new("hits", "test");
    for index in 0..sessions {
        let calls = vec![
            auto(0, 12_800, 6_400, 20),
            auto(40, 14_000, 12_800, 20),
            auto(80, 15_200, 13_952, 9),
        ];
        let mut one = session(&[MODEL], calls);
        (one.id, one.tier) = (format!("s{index}"), Some(CacheTier::Automatic));
        one.static_prefix = Some(6_400);
        builder.push_session(one);
    }
    builder.finish()
}

/// The second call of every session is not made, and no time is saved.
fn without_the_second(recording: &Recording) -> Patch {
    let dropped = recording.sessions.iter().map(|one| one.first_call + 1);
    let dropped_calls = dropped.map(|call| DroppedCall { call, frees_time: false }).collect();
    Patch { dropped_calls, ..Patch::default() }
}

fn drawn(recording: &Recording, plan: &Plan, seed: u64, k: u32) -> Plan {
    let mut plan = plan.clone();
    parameter_draws::draw_cache_luck(Seed(seed), recording, &mut plan, k);
    plan
}

#[test]
fn an_untouched_replay_is_exact_whatever_the_luck() {
    let recording = hits(3);
    let plan = compile(&recording, &[Patch::default()]);
    for k in 0..50 {
        let outcome = replay_plan(&drawn(&recording, &plan, 1, k), 0);
        assert_eq!(outcome.by_price.iter().copied().sum::<Usage>(), recording.total_usage(), "{k}");
    }
}

#[test]
fn the_plain_road_is_the_long_one_where_luck_is_all_there_is() {
    let routes = reconstruct::builtin_routes("cockpit-2026-02").expect("built in");
    let recording =
        reconstruct_routes(&routes, &routes.modes_of_unknowns()).expect("fits").recording;
    let toggles = toggles_by_id(["C1", "C2", "C3", "C4", "C5", "N1", "N2", "N5"]).expect("toggles");
    for key in [7, 8] {
        let patches: Vec<Patch> = toggles
            .iter()
            .map(|one| {
                one.build_patch(&recording, &ToggleParams::modes_of_card(one.card()).in_draw(key))
            })
            .collect();
        let plain = drawn(&recording, &compile(&recording, &patches), 1, key as u32);
        let mut long = plain.clone();
        for event in &mut long.events {
            event.is_only_luck = false;
        }
        assert_ne!(plain.events, long.events);
        let all = (1 << toggles.len()) - 1;
        let subsets = (0..toggles.len()).flat_map(|bit| [1 << bit, all & !(1 << bit)]);
        for subset in subsets.chain([0, all]) {
            let [plain, long] = [&plain, &long].map(|plan| replay_calls(plan, subset));
            assert!(plain == long, "{subset:b}");
        }
    }
}

#[test]
fn a_longer_wait_is_survived_as_often_as_the_curve_says() {
    // From 40 to 80 seconds: of 977 hits 928 stay hits.
    let recording = hits(40);
    let plan = compile(&recording, &[without_the_second(&recording)]);
    let (mut alive, mut all) = (0, 0);
    for k in 0..100 {
        for row in replay_calls(&drawn(&recording, &plan, 7, k), 1) {
            let Usage { fresh, read, .. } = row.outcome.usage;
            if row.outcome.start_ms == 80_000 {
                // What the dropped call produced is produced here.
                assert_eq!(fresh + read, 15_180);
                assert!(read == 12_800 || read == 6_400, "all of the first call, or its prefix");
                alive += i32::from(read == 12_800);
                all += 1;
            }
        }
    }
    let share = f64::from(alive) / f64::from(all);
    assert_eq!(all, 4_000);
    assert!((share - 928.0 / 977.0).abs() < 0.03, "{share}");
}

#[test]
fn luck_is_keyed_by_seed_session_and_draw() {
    let (few, many) = (hits(2), hits(5));
    let reads = |recording: &Recording, seed, k| -> Vec<i64> {
        let plan = compile(recording, &[without_the_second(recording)]);
        let rows = replay_calls(&drawn(recording, &plan, seed, k), 1);
        rows.iter().map(|row| row.outcome.usage.read).collect()
    };
    let draws = |recording: &Recording, seed| -> Vec<Vec<i64>> {
        (0..60).map(|k| reads(recording, seed, k)).collect()
    };
    let (a, b) = (draws(&few, 1), draws(&many, 1));
    // More sessions and another order of draws shift nobody's luck.
    for (a, b) in a.iter().zip(&b) {
        assert_eq!(a[..], b[..a.len()]);
    }
    assert_eq!(reads(&few, 1, 59), a[59]);
    assert_ne!(a, draws(&few, 2));
    assert!(a.iter().any(|one| *one != a[0]), "draws differ");
}

#[test]
fn a_rule_about_tiers_is_not_for_a_cache_that_nobody_chooses() {
    let recording = hits(1);
    let g1 = windtunnel::intervene::find_by_id("G1").expect("on the list");
    let patch =
        g1.build_patch(&recording, &windtunnel::intervene::ToggleParams::modes_of_card(g1.card()));
    let plan = compile(&recording, &[patch]);
    assert_eq!(replay_plan(&plan, 1), replay_plan(&plan, 0));
}
