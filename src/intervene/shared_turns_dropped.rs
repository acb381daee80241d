//! T4: Fewer turns of the orchestrator.
//!
//! What: turns between dispatches that serve no single order, thinking and talk, are not made.
//!
//! Why it should pay: only where such a turn is a call of its own, which reads the whole context.
//! Where it is a record that shares its call with a tool use, nothing but its words goes (R1).
//!
//! Formula: saved = 0 if the published figures are sums over records; `share` x shared turns /
//! calls x reads if they are sums over calls (MODEL.md, "Orchestrators").
//!
//! Source: order 774 (issue 792): 98 of 124 turns (79 %) are shared context, 8.7 M reads. No source
//! says how many of them could go, so the share is asked for; which of the two units holds decides
//! more, and has the chance of 80 % for records. The source proposes no such change: it is ours.
//!
//! Lies: only an orchestrator that is told as a total is met, beside the sessions and in none of
//! their sums; one whose calls are recorded is a session like any other, and nothing is found.
//! Words that are no longer said leave the context too, which is not counted.

use super::support::told_orchestrator::patch_of_told_orchestrator;
use super::{BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams};
use crate::plan::{DispatchChange, Patch};
use crate::recording::Recording;

/// Fewer shared turns of the orchestrator.
pub static T4: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "T4",
    title: "Fewer turns of the orchestrator",
    source: "order 774, shared turns (issue 792, 001_c56936729c28e10c.txt)",
    knob: "system prompt of the orchestrator: dispatch without announcing",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[ParamSpec {
        key: "share",
        unit: ParamUnit::BasisPoints,
        low: 0,
        mode: 5_000,
        high: 10_000,
        asked: true,
        confidence: Confidence::Judgement,
        what: "share of the shared turns that are not made",
        source: "no source says; bounds: none and all of them, mode: the middle",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let shared_turns_dropped = params.get("share");
    let change = DispatchChange { shared_turns_dropped, ..DispatchChange::default() };
    patch_of_told_orchestrator(recording, change)
}
