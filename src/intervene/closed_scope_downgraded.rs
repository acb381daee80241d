//! E10: Less work on closed issues.
//!
//! What: requests whose scope was closed are closed or left to ordinary review.
//!
//! Why it should pay: nothing is paid for them any more.
//!
//! Formula: of a queue the sessions of requests whose scope was closed. Where that is not told, an
//! asked share of the tokens of generation and maintenance.
//!
//! Source: operational economics (2026-06-11), closed-scope loops and self-closed requests. How
//! many requests that were is published nowhere, so that the saving lies between nothing and 4.01M
//! tokens.
//!
//! Lies: a patch may be useful all the same; who maintains it pays elsewhere. A request counts as
//! closed for the whole window.

use super::support::{named_work, queue_sessions};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording};

/// Closed-scope work downgraded.
pub static E10: Intervention =
    Intervention::new(&CARD, build_patch).answered_by_queue(QueueReason::ScopeUntold);

static CARD: ToggleCard = ToggleCard {
    id: "E10",
    title: "Less work on closed issues",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "the state of the issue, read before a session starts",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance spent on closed scopes (which requests these are is \
         not told)",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    queue_sessions::stop_sessions(recording, params, QueueReason::ScopeUntold, |session| {
        session.is_for(QueueReason::ClosedScope)
    })
}
