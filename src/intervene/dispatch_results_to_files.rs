//! T3: Dispatch results go to files.
//!
//! What: a dispatched session writes its result to a file, and the orchestrator is given a line
//! that says where.
//!
//! Why it should pay: a result stands in the orchestrator's context and is read by every call after
//! it, as a report of a subagent is (R3).
//!
//! Formula: saved = `less` x sum over calls of the results that stand before each: c `less` D (D -
//! 1) / 2 for D dispatches of c calls (MODEL.md, "Orchestrators").
//!
//! Source: order 774 (issue 792): 26 of 41 tool calls are dispatches. No source tells the size of a
//! result, so it is asked for. It is at most the growth a dispatch, (98 K - 15 K) / 26 = 3,192
//! tokens; a larger number counts as that. The source proposes no such change: it is ours.
//!
//! Lies: only an orchestrator that is told as a total is met, beside the sessions and in none of
//! their sums; one whose calls are recorded is a session like any other, and nothing is found.
//! A result that is read back after all is not counted.

use super::support::told_orchestrator::patch_of_told_orchestrator;
use super::{BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams};
use crate::plan::{DispatchChange, Patch};
use crate::recording::Recording;

/// Results of dispatches to files.
pub static T3: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "T3",
    title: "Dispatch results go to files",
    source: "order 774, the orchestrator's tool calls (issue 792, 001_c56936729c28e10c.txt)",
    knob: "dispatch tool: write the result to a file, return one line",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[ParamSpec {
        key: "less",
        unit: ParamUnit::Tokens,
        low: 0,
        mode: 1_000,
        high: 3_192,
        asked: true,
        confidence: Confidence::Judgement,
        what: "how much smaller the result of a dispatch is in the orchestrator's context",
        source: "no source says; high: the growth a dispatch, (98 K - 15 K) / 26",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let change = DispatchChange { less_a_result: params.get("less"), ..DispatchChange::default() };
    patch_of_told_orchestrator(recording, change)
}
