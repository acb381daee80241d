//! Shares are expectations: one replay with chances against all ways that places may go, and sums
//! that know nothing of other sessions.

use crate::generated::compile;
use crate::small::{MODEL, call, record_on, session};
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{Chance, DroppedCall, InsertedCall, Patch, PatchPlace};
use windtunnel::price::Pricing;
use windtunnel::recording::BlockKind::{System, ToolInput, ToolResult};
use windtunnel::recording::{CacheTier, RawCall, Recording, RecordingBuilder};
use windtunnel::replay::replay_plan;
use windtunnel::seed::Seed;
use windtunnel::study::whatif::savings::Saving;
use windtunnel::study::whatif::shapley::Attribution;

/// Calls that each say 100 tokens and see a result: 20,000 at the start, then what `results` say.
fn calls(results: &[i64]) -> Vec<RawCall> {
    let mut context = 20_000;
    let mut calls = vec![call(0, context, 0, &[(System, 9_000)], &[(ToolInput, 100)])];
    for (at, &result) in results.iter().enumerate() {
        let read = context;
        context += 100 + result;
        let start_s = 20 * (at as i64 + 1);
        calls.push(call(start_s, context, read, &[(ToolResult, result)], &[(ToolInput, 100)]));
    }
    calls
}

const RESULTS: [i64; 14] =
    [400, 9_000, 300, 12_000, 400, 7_000, 400, 400, 6_500, 400, 400, 20_000, 400, 400];

fn inserted(after: u32, input: i64) -> PatchPlace {
    let call = InsertedCall { after, input, output: 70, duration_ms: 3_000 };
    PatchPlace { inserted_calls: vec![call], ..PatchPlace::default() }
}

fn dropped(recording: &Recording, call: u32, with_blocks: bool) -> PatchPlace {
    let blocks = recording.calls[call as usize].block_range().map(|block| block as u32);
    PatchPlace {
        dropped_calls: vec![DroppedCall { call, frees_time: true }],
        dropped_blocks: if with_blocks { blocks.collect() } else { Vec::new() },
        ..PatchPlace::default()
    }
}

/// Calls and tokens that places leave, each with its chance.
fn replayed(recording: &Recording, places: &[(Chance, PatchPlace)]) -> [i64; 4] {
    let mut patch = Patch::default();
    for (chance, place) in places {
        patch.add_place(*chance, place.clone());
    }
    let outcome = replay_plan(&compile(recording, &[patch]), 1);
    let usage = outcome.total_usage();
    [outcome.calls, usage.read, usage.context_tokens() - usage.read, usage.output]
}

/// The mean over all ways that places may go, in thousandths.
fn enumerated(recording: &Recording, places: &[(i64, PatchPlace)]) -> [i64; 4] {
    let mut sums = [0_i128; 4];
    let whole = 10_000_i128.pow(places.len() as u32);
    for ways in 0..1_u32 << places.len() {
        let mut weight = 1_i128;
        let way = places.iter().enumerate().map(|(at, (share_bp, place))| {
            let happens = ways >> at & 1 == 1;
            weight *= i128::from(if happens { *share_bp } else { 10_000 - share_bp });
            (if happens { Chance::SURE } else { Chance::NEVER }, place.clone())
        });
        let way: Vec<(Chance, PatchPlace)> = way.collect();
        for (sum, figure) in sums.iter_mut().zip(replayed(recording, &way)) {
            *sum += weight * i128::from(figure);
        }
    }
    sums.map(|sum| (sum * 1_000 / whole) as i64)
}

fn check(places: &[(i64, PatchPlace)]) {
    let recording = record_on(MODEL, CacheTier::OneHour, calls(&RESULTS));
    let chances: Vec<(Chance, PatchPlace)> = places
        .iter()
        .map(|(share_bp, place)| (Chance::from_basis_points(*share_bp), place.clone()))
        .collect();
    let met = replayed(&recording, &chances);
    let want = enumerated(&recording, places);
    // Less than a token a place and call behind it.
    let slack = 1_000 * (RESULTS.len() * places.len().max(2)) as i64;
    for (met, want) in met.into_iter().zip(want) {
        assert!((1_000 * met - want).abs() <= slack, "{met} for {want} in {places:?}");
    }
    assert!((1_000 * met[0] - want[0]).abs() <= 501, "{met:?} for {want:?}");
}

#[test]
fn one_replay_with_chances_is_the_mean_of_all_ways() {
    let recording = record_on(MODEL, CacheTier::OneHour, calls(&RESULTS));
    check(&[(2_500, inserted(2, 9_000))]);
    check(&[(2_500, inserted(2, 9_000)), (8_000, inserted(4, 12_000)), (100, inserted(9, 300))]);
    check(&[(5_000, dropped(&recording, 4, true))]);
    check(&[(5_000, dropped(&recording, 4, false))]);
    let both = [(8_611, dropped(&recording, 2, false)), (3_000, dropped(&recording, 3, true))];
    check(&both);
    check(&[both.as_slice(), &[(2_500, inserted(3, 5_000)), (6_000, inserted(7, 900))]].concat());
    let all = [2, 4, 5, 6, 9, 11].map(|call| (4_000, dropped(&recording, call, call % 2 == 0)));
    check(&all);
}

#[test]
fn what_a_place_saves_grows_with_its_chance() {
    let recording = record_on(MODEL, CacheTier::OneHour, calls(&RESULTS));
    let mut before = i64::MAX;
    for share_bp in (0..=10_000).step_by(100) {
        let chance = Chance::from_basis_points(share_bp);
        let places = [2, 5, 9].map(|call| (chance, dropped(&recording, call, true)));
        let [_, read, ..] = replayed(&recording, &places);
        assert!(read <= before, "{share_bp}: {read} after {before}");
        before = read;
    }
}

/// Sessions by name, in this order.
fn recorded(sessions: &[(&str, &[i64])]) -> Recording {
    let mut builder = RecordingBuilder::new("several", "test");
    for (name, results) in sessions {
        let mut raw = session(&[MODEL], calls(results));
        (*name).clone_into(&mut raw.id);
        builder.push_session(raw);
    }
    builder.finish()
}

/// G4, G7 and R5's like at shares between none and all, shared out.
fn shared_out(recording: &Recording, draw: Option<u32>) -> Attribution {
    let shares = [("G4", "look_up", 2_500), ("G7", "needed", 1_000), ("G5", "insist", 2_500)];
    let patches = shares.map(|(id, share, value)| {
        let toggle = intervene::find_by_id(id).expect("a toggle");
        let mut params = ToggleParams::modes_of_card(toggle.card());
        assert!(params.set_value(share, value));
        let params = match draw {
            Some(k) => params.in_draw(Seed(774).draw_key(id, k)),
            None => params,
        };
        toggle.build_patch(recording, &params)
    });
    let pricing = Pricing { date: Some(jiff::civil::date(2026, 10, 10)), ..Pricing::embedded() };
    let plan = windtunnel::plan::Plan::compile(recording, &patches, &pricing).expect("priced");
    Attribution::from_plan(&plan, patches.len(), Seed(774))
}

const OTHER: [i64; 6] = [6_000, 300, 300, 15_000, 300, 300];

#[test]
fn two_folders_together_save_what_both_save() {
    for draw in [None, Some(0), Some(7)] {
        let one = shared_out(&recorded(&[("a", &RESULTS), ("b", &OTHER)]), draw);
        let other = shared_out(&recorded(&[("c", &OTHER[1..])]), draw);
        let both = [("a", &RESULTS[..]), ("b", &OTHER), ("c", &OTHER[1..])];
        let both = shared_out(&recorded(&both), draw);
        assert_ne!(one.joint, Saving::default());
        assert_eq!(both.joint, one.joint + other.joint, "{draw:?}");
        for toggle in 0..3 {
            assert_eq!(both.alone[toggle], one.alone[toggle] + other.alone[toggle]);
            assert_eq!(both.last[toggle], one.last[toggle] + other.last[toggle]);
            // Rounded once in each folder.
            let sum = one.shapley[toggle] + other.shapley[toggle];
            assert!((both.shapley[toggle].usage.read - sum.usage.read).abs() <= 2);
        }
    }
}

#[test]
fn neither_order_nor_other_sessions_decide_a_place() {
    let in_order = recorded(&[("a", &RESULTS), ("b", &OTHER), ("c", &OTHER[1..])]);
    let reversed = recorded(&[("c", &OTHER[1..]), ("b", &OTHER), ("a", &RESULTS)]);
    for draw in [None, Some(0), Some(1), Some(2)] {
        assert_eq!(shared_out(&in_order, draw), shared_out(&reversed, draw), "{draw:?}");
    }
}

#[test]
fn the_mean_of_draws_is_the_expectation() {
    let recording = recorded(&[("a", &RESULTS), ("b", &OTHER)]);
    let expected = shared_out(&recording, None).alone[0].usage.read as f64;
    let draws: Vec<f64> =
        (0..400).map(|k| shared_out(&recording, Some(k)).alone[0].usage.read as f64).collect();
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let squares: f64 = draws.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = (squares / draws.len() as f64 / (draws.len() - 1) as f64).sqrt();
    assert!((mean - expected).abs() <= 3.0 * error, "{mean} +- {error}, not {expected}");
}
