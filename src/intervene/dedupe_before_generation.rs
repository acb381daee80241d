//! E7: Look for duplicates first.
//!
//! What: a candidate that the ledger holds already is not generated again.
//!
//! Why it should pay: the ledger holds 45,276 candidate records and 55 posted comments, 823 to one.
//!
//! Formula: of a queue the sessions whose candidate stands in the ledger. Where that is not told,
//! an asked share of the tokens of generation and maintenance.
//!
//! Source: operational economics (2026-06-11), duplicate public comments: 4.01M tokens over 45,276
//! candidates are 89 tokens each, and hold at most 254 sessions as small as the one quota probe of
//! 15,806: not 1 candidate in 178 had a session of its own. How many were repeated and reached a
//! session is published nowhere, so that the saving lies between nothing and 4.01M.
//!
//! Lies: a candidate that looks the same may have new grounds.

use super::support::{named_work, queue_sessions};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording};

/// Dedupe before generation.
pub static E7: Intervention =
    Intervention::new(&CARD, build_patch).answered_by_queue(QueueReason::DuplicateUntold);

static CARD: ToggleCard = ToggleCard {
    id: "E7",
    title: "Look for duplicates first",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a key of the candidate in the ledger, looked up first",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[named_work::asked_share(
        "share of generation and maintenance that repeats what the ledger holds (duplicates that \
         reach a session are not told)",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    queue_sessions::stop_sessions(recording, params, QueueReason::DuplicateUntold, |session| {
        session.is_for(QueueReason::Duplicate)
    })
}
