//! E6: stop-loss on stale work.
//!
//! What: requests that stay dirty and unanswered are watched only and get no session until somebody
//! says something new.
//!
//! Why it should pay: old requests come up in every cycle and end nowhere.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), stop losing trades; two old requests made most of
//! the ledger's churn. No number is published: the share is asked for, and bounded by the 4.01M
//! tokens of generation and maintenance.
//!
//! Lies: work that would have been taken after one more push is lost.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Stop-loss on stale work.
pub static E6: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E6",
    title: "stop-loss on stale work",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "an age and a number of fruitless cycles in the queue",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance that goes into stale work",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
