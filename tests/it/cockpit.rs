//! How the toggles of packet-driven agents act on each other: replayed, by hand.

use crate::generated::compile;
use crate::small::{call, session};
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{Patch, Plan};
use windtunnel::recording::{
    BlockKind, BlockMarks, ContextRestart, Packet, RawBlock, RawCall, Recording, RecordingBuilder,
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
