//! E9: Do not retry denied actions.
//!
//! What: an action that the forge denied is recorded and not tried again.
//!
//! Why it should pay: the answer stays the same.
//!
//! Formula: of a queue the sessions of tries after the first one. Where tries are not told, an
//! asked share of the tokens of generation and maintenance.
//!
//! Source: operational economics (2026-06-11), repeated delete or permission attempts. How many
//! tries there were is published nowhere, so that the saving lies between nothing and 4.01M tokens.
//!
//! Lies: a permission that is granted later goes unnoticed until the record is cleared.

use super::support::{named_work, queue_sessions};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording};

/// Denied action not tried again.
pub static E9: Intervention =
    Intervention::new(&CARD, build_patch).answered_by_queue(QueueReason::DenialUntold);

static CARD: ToggleCard = ToggleCard {
    id: "E9",
    title: "Do not retry denied actions",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a ledger of boundaries, read before an action",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[named_work::asked_share(
        "share of generation and maintenance spent on actions that were denied before (tries of \
         an action are not told)",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    queue_sessions::stop_sessions(recording, params, QueueReason::DenialUntold, |session| {
        session.is_for(QueueReason::DeniedAgain)
    })
}
