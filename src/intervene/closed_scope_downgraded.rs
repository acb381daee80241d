//! E10: closed-scope work downgraded.
//!
//! What: requests whose scope was closed are closed or left to ordinary review.
//!
//! Why it should pay: nothing is paid for them any more.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), closed-scope loops and self-closed requests. No
//! number is published: the share is asked for, and bounded by the 4.01M tokens of generation and
//! maintenance.
//!
//! Lies: a patch may be useful all the same; who maintains it pays elsewhere.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Closed-scope work downgraded.
pub static E10: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E10",
    title: "closed-scope work downgraded",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "the state of the issue, read before a session starts",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance spent on closed scopes",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
