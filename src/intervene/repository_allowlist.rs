//! E8: repository allowlist.
//!
//! What: searches and sessions keep to repositories on a list.
//!
//! Why it should pay: broad searches wander into unrelated clones, and repositories without a
//! reliable signal return nothing.
//!
//! Formula: share x tokens of generation and maintenance. With other rules on the same work the
//! larger share counts: a floor for both together.
//!
//! Source: operational economics (2026-06-11), whole-workspace scans and low-return repositories.
//! No number is published: the share is asked for, and bounded by the 4.01M tokens of generation
//! and maintenance.
//!
//! Lies: a repository that would have paid is never seen.

use super::support::named_work;
use super::{BuildGrade, Intervention, ToggleCard};

/// Repository allowlist.
pub static E8: Intervention = Intervention::new(&CARD, named_work::take_maintenance_share);

static CARD: ToggleCard = ToggleCard {
    id: "E8",
    title: "repository allowlist",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "an allowlist and an ignore list of the search tools",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[named_work::asked_share(
        "share of generation and maintenance spent outside the list",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};
