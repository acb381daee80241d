//! How the toggles of packet-driven agents act on each other: replayed, by hand.

use crate::generated::compile;
use crate::run;
use crate::small::{call, session};
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{Patch, Plan};
use windtunnel::reconstruct;
use windtunnel::reconstruct::routes::reconstruct_routes;
use windtunnel::recording::{
    BlockKind, BlockMarks, ContextRestart, Packet, RawBlock, RawCall, RawSession, Recording,
    RecordingBuilder,
};
use windtunnel::replay::{ReplayOutcome, replay_plan};

const MODEL: &str = "claude-opus-5-5";
/// A day on which the model has a price: 2026-10-10.
const START_S: i64 = 1_791_590_400;
const SYSTEM: i64 = 20_000;
const SKILLS: i64 = 6_000;
const SNAPSHOT: i64 = 4_000;
const PACKET: i64 = 1_500;
const PROMPT: i64 = SKILLS + SNAPSHOT + PACKET;
const SAID: i64 = 500;

/// An invocation of a digest: agent, root, source, and how many calls it makes.
pub type Woken<'a> = (&'a str, &'a str, &'a str, usize);

/// Sessions of invocations, one after the other, a minute between calls.
pub fn recording(sessions: &[&[Woken<'_>]]) -> Recording {
    let mut builder = RecordingBuilder::new("cockpit", "test");
    let mut clock_s = START_S;
    for invocations in sessions {
        let mut calls: Vec<RawCall> = Vec::new();
        let mut packets = Vec::new();
        for &(agent, root, source, count) in *invocations {
            let packet = Packet {
                id: format!("{agent}{root}{clock_s}"),
                agent: agent.to_owned(),
                kind: "ORCHESTRATOR_UPDATE".to_owned(),
                root: root.to_owned(),
                source: source.to_owned(),
            };
            packets.push((calls.len() as u32, packet));
            for at in 0..count {
                let before = calls.last().map_or(0, |call| call.usage.context_tokens());
                let standing = if calls.is_empty() { SYSTEM } else { before + SAID };
                let context = standing + if at == 0 { PROMPT } else { 0 };
                let mut made = call(clock_s, context, before, &[], &[(BlockKind::Text, SAID)]);
                if at == 0 {
                    made.inputs = prompt();
                }
                if calls.is_empty() {
                    made.restart = ContextRestart::Fresh;
                }
                calls.push(made);
                clock_s += 60;
            }
        }
        let mut raw = session(&[MODEL], calls);
        raw.invocations = packets;
        builder.push_session(raw);
    }
    builder.finish()
}

fn prompt() -> Vec<RawBlock> {
    let parts = [
        (BlockMarks::SKILLS, SKILLS),
        (BlockMarks::SNAPSHOT, SNAPSHOT),
        (BlockMarks::PACKET, PACKET),
    ];
    let block = |(marks, tokens): (BlockMarks, i64)| RawBlock {
        marks,
        ..RawBlock::from_size(BlockKind::User, 4 * tokens as u64, tokens)
    };
    parts.map(block).to_vec()
}

/// The patches of some toggles, as their cards have them but for what is set.
fn patches(recording: &Recording, ids: &[&str]) -> Vec<Patch> {
    let patch = |id: &&str| {
        let toggle = intervene::find_by_id(id).expect("a toggle");
        let mut params = ToggleParams::modes_of_card(toggle.card());
        if *id == "C6" {
            assert!(params.set_names("allow", vec!["TASK_COMPLETE:STATUS".to_owned()]));
        }
        toggle.build_patch(recording, &params)
    };
    ids.iter().map(patch).collect()
}

/// Calls and summed contexts under some toggles together.
fn under(recording: &Recording, ids: &[&str]) -> (i64, i64) {
    let plan: Plan = compile(recording, &patches(recording, ids));
    let outcome: ReplayOutcome = replay_plan(&plan, (1 << ids.len()) - 1);
    (outcome.calls, outcome.total_usage().context_tokens())
}

/// What some toggles together save.
fn saved(recording: &Recording, ids: &[&str]) -> (i64, i64) {
    let (before, after) = (under(recording, &[]), under(recording, ids));
    (before.0 - after.0, before.1 - after.1)
}

const STATUS: &str = "TASK_COMPLETE:STATUS";
const EXECUTE: &str = "TASK_COMPLETE:EXECUTE";

#[test]
fn a_thin_context_saves_nothing_without_warmth() {
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", EXECUTE, 3)]]);
    assert_eq!(saved(&one, &["C3"]), (0, 0));
    // The second prompt enters three calls: skills with a warm bootstrap alone, and 77.1 % of the
    // snapshot with both.
    let thinner = SNAPSHOT - SNAPSHOT * 2_290 / 10_000;
    assert_eq!(saved(&one, &["C1"]), (0, 3 * SKILLS));
    assert_eq!(saved(&one, &["C1", "C3"]), (0, 3 * (SKILLS + thinner)));
    // A session that is reused is warm too, in whatever order the toggles stand.
    assert_eq!(saved(&one, &["C2", "C3"]), (0, 3 * thinner));
    assert_eq!(saved(&one, &["C3", "C2"]), (0, 3 * thinner));
}

#[test]
fn another_root_in_between_leaves_it_cold() {
    let one = recording(&[
        &[("a", "r", EXECUTE, 1)],
        &[("a", "other", EXECUTE, 1)],
        &[("a", "r", EXECUTE, 1)],
    ]);
    assert_eq!(saved(&one, &["C1"]), (0, 0));
    let reused = saved(&one, &["C2"]);
    assert_eq!(saved(&one, &["C1", "C2"]), reused, "resumed, but its record is another's");
    let straight = recording(&[&[("a", "r", EXECUTE, 1)], &[("a", "r", EXECUTE, 1)]]);
    let reused = saved(&straight, &["C2"]).1;
    assert_eq!(saved(&straight, &["C1", "C2"]).1, reused + SKILLS);
}

#[test]
fn the_fast_path_leaves_nothing_for_the_others_on_its_packet() {
    // Only the last invocation is warm, and it is acknowledged.
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", STATUS, 3)]]);
    let fast = saved(&one, &["C6"]);
    assert_eq!(fast.0, 3);
    assert!(saved(&one, &["C1", "C3"]).1 > 0 && saved(&one, &["C4"]).1 > 0);
    assert_eq!(saved(&one, &["C6", "C1"]), fast);
    assert_eq!(saved(&one, &["C1", "C3", "C6"]), fast);
    let compact = saved(&one, &["C4", "C6"]).1 - fast.1;
    assert_eq!(compact, 2 * (PACKET - 316), "of the other packet, in its two calls");
}

#[test]
fn two_lists_drop_a_call_once() {
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", STATUS, 3)]]);
    assert_eq!(saved(&one, &["C6", "N2"]), saved(&one, &["N2"]));
    assert_eq!(saved(&one, &["N2"]).0, 3);
}

#[test]
fn reuse_can_cost_more_than_the_bootstrap_it_saves() {
    // History: 20,000 + 11,500 + 500 = 32,000 at each of n calls, for a bootstrap of 20,000.
    let longer = |calls: usize| {
        let one = recording(&[&[("a", "r", EXECUTE, 1)], &[("a", "r", EXECUTE, calls)]]);
        saved(&one, &["C2"]).1
    };
    // Between the first and the last call nothing is looked up again here.
    for calls in [1, 2] {
        assert_eq!(longer(calls), -12_000 * calls as i64, "{calls} calls");
    }
    // Of 40 calls 38 are neither the first nor the last: a tenth of them looks up what is known.
    let one = recording(&[&[("a", "r", EXECUTE, 1)], &[("a", "r", EXECUTE, 40)]]);
    assert_eq!(saved(&one, &["C2"]).0, 4);
    let one = recording(&[&[("a", "r", EXECUTE, 1)], &[("a", "r", EXECUTE, 40)]]);
    let notes = patches(&one, &["C2"]).remove(0).notes;
    assert!(notes[0].starts_with("break-even: a resumed session pays up to "), "{notes:?}");
}

#[test]
fn what_moves_no_token_says_so() {
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", STATUS, 3)]]);
    for id in ["C5", "C7", "N3", "N4", "D1", "D3"] {
        let patch = patches(&one, &[id]).remove(0);
        assert_eq!(saved(&one, &[id]), (0, 0), "{id}");
        assert!(
            patch.found_places > 0 && patch.notes[0].starts_with("no "),
            "{id}: {:?}",
            patch.notes
        );
    }
}

#[test]
fn a_consult_gate_costs_a_session_for_each_consult() {
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", STATUS, 3)]]);
    assert_eq!(saved(&one, &["D2"]), (-4, -4 * 23_000));
}

/// A session of one call that a packet woke: the agent, the kind, the source, and the tokens.
fn lone_invocation(clock_s: i64, woken: (&str, &str, &str), tokens: i64) -> RawSession {
    let context = tokens - SAID;
    let mut made = call(clock_s, context, 0, &[], &[(BlockKind::Text, SAID)]);
    made.restart = ContextRestart::Fresh;
    let packet = Packet {
        id: clock_s.to_string(),
        agent: woken.0.to_owned(),
        kind: woken.1.to_owned(),
        root: "r".to_owned(),
        source: woken.2.to_owned(),
    };
    RawSession { invocations: vec![(0, packet)], ..session(&[MODEL], vec![made]) }
}

/// Tokens of all calls with the receipt's fast path, of digests of 100,000 tokens each and turns
/// of 300,000: quiet, wrong and again in ten-thousandths.
fn receipts_read(shares: [i64; 3]) -> (i64, i64) {
    let mut builder = RecordingBuilder::new("receipts", "test");
    for at in 0..4 {
        let clock_s = START_S + 600 * at;
        let turn = ("qa", "EXECUTE", "");
        builder.push_session(lone_invocation(clock_s, turn, 300_000));
        let digest = ("daddy", "ORCHESTRATOR_UPDATE", EXECUTE);
        builder.push_session(lone_invocation(clock_s + 300, digest, 100_000));
    }
    let recording = builder.finish();
    let toggle = intervene::find_by_id("N5").expect("a toggle");
    let mut params = ToggleParams::modes_of_card(toggle.card());
    for (key, share) in ["quiet", "wrong", "again"].iter().zip(shares) {
        assert!(params.set_value(key, share));
    }
    let plan = compile(&recording, &[toggle.build_patch(&recording, &params)]);
    let [before, after] = [0, 1].map(|subset| {
        let usage = replay_plan(&plan, subset).total_usage();
        usage.context_tokens() + usage.output
    });
    (before, before - after)
}

#[test]
fn a_receipt_that_asks_for_nothing_saves_its_digest_and_a_wrong_skip_costs_a_turn() {
    // 4 x quiet x (100,000 - wrong x (100,000 + again x 300,000)).
    assert_eq!(receipts_read([10_000, 0, 0]), (1_600_000, 400_000));
    assert_eq!(receipts_read([5_000, 0, 10_000]).1, 200_000);
    // The design's case: 200,000 saved, 200,000 made again.
    // Chances are parts of 65,536, and each of the calls rounds for itself.
    assert!(receipts_read([5_000, 2_500, 10_000]).1.abs() <= 16);
    assert!((receipts_read([5_000, 2_500, 0]).1 - 150_000).abs() <= 16);
    assert_eq!(receipts_read([10_000, 5_000, 10_000]).1, -400_000);
    assert_eq!(receipts_read([0, 10_000, 10_000]).1, 0);
}

#[test]
fn receipts_and_lists_take_what_neither_takes_from_the_other() {
    let one = recording(&[&[("a", "r", EXECUTE, 2), ("a", "r", STATUS, 3)]]);
    let fast = |ids: &[&str], every: &str| {
        let of = |id: &&str| {
            let toggle = intervene::find_by_id(id).expect("a toggle");
            let mut params = ToggleParams::modes_of_card(toggle.card());
            if *id == "C6" {
                assert!(params.set_names("allow", vec![every.to_owned()]));
            }
            if *id == "N5" {
                assert!(params.set_value("quiet", 10_000) && params.set_value("wrong", 0));
            }
            toggle.build_patch(&one, &params)
        };
        let plan = compile(&one, &ids.iter().map(of).collect::<Vec<_>>());
        one.calls.len() as i64 - replay_plan(&plan, (1 << ids.len()) - 1).calls
    };
    assert_eq!(fast(&["N5"], ""), 2, "EXECUTE alone");
    assert_eq!(fast(&["N5", "N2"], ""), 5);
    assert_eq!(fast(&["C6"], "TASK_COMPLETE:*"), 3, "a list leaves EXECUTE to its receipt");
    assert_eq!(fast(&["C6", "N5"], "TASK_COMPLETE:*"), 5, "both, each call once");
    assert_eq!(fast(&["C6", "N2", "N5"], "TASK_COMPLETE:*"), 5);
}

#[test]
fn each_completion_is_told_about_once_but_at_the_edge_of_the_window() {
    let routes = reconstruct::builtin_routes("cockpit-2026-02").expect("built in");
    let made = reconstruct_routes(&routes, &routes.modes_of_unknowns()).expect("fits").recording;
    let count = |is_meant: &dyn Fn(&Packet) -> bool| {
        made.invocations.iter().filter(|one| is_meant(&one.packet)).count()
    };
    let told = |kind: &str| count(&|it| it.source == format!("TASK_COMPLETE:{kind}"));
    let done = |kind: &str| count(&|it| it.kind == kind);
    assert_eq!([done("EXECUTE"), told("EXECUTE")], [86, 87]);
    assert_eq!([done("STATUS"), told("STATUS")], [15, 16]);
}

#[test]
fn the_cockpit_s_receipts_are_its_largest_lever() {
    let text =
        run::ok(&["compare", "cockpit-2026-02", "--draws=0", "--with", "N1,N5", "--details"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // All 87 digests, 204.9 M as published, and history that later calls no longer carry.
    assert!(text.contains("N5 Handle EXECUTE receipts in code 87 0 +230.6 M 25.8 %"), "{text}");
    assert!(text.contains("The largest lever is Handle EXECUTE receipts in code (N5)"));
    assert!(text.contains("quiet decides: share of EXECUTE's receipts that say done"), "{text}");
    assert!(text.contains("N1 One controller, not two 11 0 +37.4 M"), "{text}");
}
