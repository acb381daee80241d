//! E7: dedupe before generation.
//!
//! What: a candidate that the ledger holds already is not generated again.
//!
//! Why it should pay: the ledger holds 45,276 candidate records and 55 posted comments.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), duplicate public comments: what candidates cost in
//! tokens, and how many were repeated, is not published. No number is published: the share is asked
//! for, and bounded by the 4.01M tokens of generation and maintenance.
//!
//! Lies: a candidate that looks the same may have new grounds.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Dedupe before generation.
pub static E7: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E7",
    title: "dedupe before generation",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a key of the candidate in the ledger, looked up first",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[named_work::asked_share(
        "share of generation and maintenance that repeats what the ledger holds",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
