//! R8: Count the orchestrator's tokens.
//!
//! What: the summary of a pipeline lists its steps and leaves out the session that dispatched
//! them. This toggle adds its attributed share as a row.
//!
//! Why it should pay: it does not. It makes the total true, and larger.
//!
//! Formula: true total = reported total + share of the orchestrator; understatement = share of the
//! orchestrator / true total.
//!
//! Source: order 774, recommendation R8 (issue 792): 4.7M of 8.7M cache reads, 54 %.
//!
//! Lies: how turns that serve several pipelines are split is a rule, not a measurement.

use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::ids::NO_INDEX;
use crate::plan::Patch;
use crate::recording::{Recording, Role};

/// Orchestrator in the summary.
pub static R8: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R8",
    title: "Count the orchestrator's tokens",
    source: "order 774, R8 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "token_summary_hook: add the orchestrator's row",
    grade: BuildGrade { effort: 4, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let sessions = recording.sessions.iter().filter(|s| s.role == Role::Orchestrator).count();
    // A published total may hold the orchestrator as a remainder without a session.
    let rows = recording.remainders.iter().filter(|rest| rest.session == NO_INDEX).count();
    let found = (sessions + rows) as u32;
    let notes = if found == 0 {
        Vec::new()
    } else {
        vec!["no saving: the total becomes true, and larger".to_owned()]
    };
    // A note and no fact: the published sum becomes true, and no call changes.
    Patch { found_places: found, notes, ..Patch::default() }
}
