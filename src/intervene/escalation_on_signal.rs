//! E5: Start a session only on a signal.
//!
//! What: a request gets a session only where it shows a concrete trigger: failing checks, changes
//! requested, a merge conflict, stale text, an owner's word; else it is watched by cheap calls to
//! the forge.
//!
//! Why it should pay: most requests show nothing new from one cycle to the next.
//!
//! Formula: of a queue the sessions that no signal and no arrival started, each with its tokens.
//! Where cycles and signals are not told, an asked share of the tokens of generation and
//! maintenance.
//!
//! Source: operational economics (2026-06-11), watch all, reason selectively; escalate only on
//! signal. 34 requests are open and generation and maintenance used 4.01M tokens; cycles, signal
//! rates and the size of a session are published nowhere, so that the saving lies between nothing
//! and 4.01M.
//!
//! Lies: a trigger that is not on the list is missed. Watching costs no tokens here.

use super::support::{named_work, queue_sessions};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording};

/// Escalate on signal.
pub static E5: Intervention =
    Intervention::new(&CARD, build_patch).answered_by_queue(QueueReason::SignalUntold);

static CARD: ToggleCard = ToggleCard {
    id: "E5",
    title: "Start a session only on a signal",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a check of the forge before a session starts",
    grade: BuildGrade { effort: 3, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance that no trigger asks for (cycles and signals of the \
         queue are not told)",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    queue_sessions::stop_sessions(recording, params, QueueReason::SignalUntold, |session| {
        session.is_for(QueueReason::Routine)
    })
}
