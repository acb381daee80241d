//! E9: denied action not tried again.
//!
//! What: an action that the forge denied is recorded and not tried again.
//!
//! Why it should pay: the answer stays the same.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), repeated delete or permission attempts. No number is
//! published: the share is asked for, and bounded by the 4.01M tokens of generation and
//! maintenance.
//!
//! Lies: a permission that is granted later goes unnoticed until the record is cleared.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Denied action not tried again.
pub static E9: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E9",
    title: "denied action not tried again",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a ledger of boundaries, read before an action",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[named_work::asked_share(
        "share of generation and maintenance spent on actions that were denied before",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
