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

use super::support::named;
use super::{Card, Grade, Intervention, Params};
use crate::plan::Patch;
use crate::recording::Recording;

/// Repository allowlist.
pub struct E8;

static CARD: Card = Card {
    id: "E8",
    title: "repository allowlist",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "an allowlist and an ignore list of the search tools",
    grade: Grade { effort: 1, risk: 2 },
    params: &[named::asked_share("share of generation and maintenance spent outside the list")],
    texts: &[named::STOPPED],
    file: include_str!("e8.rs"),
};

impl Intervention for E8 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        named::take_asked(recording, params, &named::MAINTENANCE)
    }
}
