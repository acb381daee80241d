//! T1: One orchestrator per order.
//!
//! What: each order is run by an orchestrator of its own, in place of one that runs several at
//! once in one context.
//!
//! Why it should pay: what is dispatched for one order stands in the context that the next
//! dispatch of the other order reads. Two short contexts are read for less than one long one.
//!
//! Formula: with C(k) what call k of N reads and D dispatches, saved = sum over all C - sum over
//! the orders of the first N d / D of C, where an order has d of the D dispatches. Each starts with
//! what the one starts with (MODEL.md, "Orchestrators").
//!
//! Source: order 774 (issue 792): one orchestrator ran orders 774 and 775 for five hours, 26
//! dispatches; its cost is "harder to reduce without architectural changes to multi-order session
//! management". The source proposes no such change: it is ours.
//!
//! Lies: only an orchestrator that is told as a total is met, beside the sessions and in none of
//! their sums; one whose calls are recorded is a session like any other, and nothing is found.
//! How long it takes is in the table of hours, policy by policy.

use super::support::told_orchestrator::patch_of_told_orchestrator;
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::{DispatchChange, Patch};
use crate::recording::Recording;

/// One orchestrator an order.
pub static T1: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "T1",
    title: "One orchestrator per order",
    source: "order 774, the orchestrator's cost (issue 792, 001_c56936729c28e10c.txt)",
    knob: "start an order in a session of its own",
    grade: BuildGrade { effort: 3, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let change = DispatchChange { one_per_order: true, ..DispatchChange::default() };
    patch_of_told_orchestrator(recording, change)
}
