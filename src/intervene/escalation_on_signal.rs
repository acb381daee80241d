//! E5: escalate on signal.
//!
//! What: a request is maintained by a full session only on a concrete trigger: failing checks,
//! changes requested, a merge conflict, an owner's word; else it is watched by cheap calls to the
//! forge.
//!
//! Why it should pay: most requests show nothing new from one cycle to the next.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), escalate only on signal. No number is published: the
//! share is asked for, and bounded by the 4.01M tokens of generation and maintenance.
//!
//! Lies: a trigger that is not on the list is missed.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Escalate on signal.
pub static E5: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E5",
    title: "escalate on signal",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a check of the forge before a session starts",
    grade: BuildGrade { effort: 3, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance that no trigger asks for",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
