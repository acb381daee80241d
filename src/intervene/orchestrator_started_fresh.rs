//! T2: Restart a long orchestrator.
//!
//! What: after so many dispatches the orchestrator ends, and a fresh one goes on with a note of
//! what was done.
//!
//! Why it should pay: its context grows with every dispatch and is read by every later call. A
//! fresh one reads its start, the note, and what was dispatched since.
//!
//! Formula: with C(k) what call k of N reads and D dispatches, saved = sum over all C - sum over
//! the segments of the first N `after` / D of C, each call of a later segment with `handoff` tokens
//! more (MODEL.md, "Orchestrators").
//!
//! Source: order 774 (issue 792): the context of the orchestrator grew from 15 K to 98 K over 26
//! dispatches. The source proposes no such change: it is ours.
//!
//! Lies: only an orchestrator that is told as a total is met, beside the sessions and in none of
//! their sums; one whose calls are recorded is a session like any other, and nothing is found.
//! A fresh one writes its start to the cache again, which is not counted.

use super::support::told_orchestrator::patch_of_told_orchestrator;
use super::{BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams};
use crate::plan::{DispatchChange, Patch};
use crate::recording::Recording;

/// A fresh orchestrator after some dispatches.
pub static T2: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "T2",
    title: "Restart a long orchestrator",
    source: "order 774, the orchestrator's context (issue 792, 001_c56936729c28e10c.txt)",
    knob: "recipe: end the session after so many dispatches and start one with a note",
    grade: BuildGrade { effort: 3, risk: 2 },
    params: &[
        ParamSpec {
            key: "after",
            unit: ParamUnit::Count,
            low: 5,
            mode: 8,
            high: 13,
            asked: false,
            confidence: Confidence::Judgement,
            what: "dispatches after which a fresh one goes on; 0 for never",
            source: "a choice: a few, a part of an order, an order of 12 to 14; 2026-11",
        },
        ParamSpec {
            key: "handoff",
            unit: ParamUnit::Tokens,
            low: 0,
            mode: 1_000,
            high: 2_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "what it is told of what was before",
            source: "nothing to a page on what was done; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let (fresh_after, handoff) = (params.get("after"), params.get("handoff"));
    let change = DispatchChange { fresh_after, handoff, ..DispatchChange::default() };
    patch_of_told_orchestrator(recording, change)
}
