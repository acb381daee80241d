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

use super::support::named;
use super::{Card, Grade, Intervention, Params};
use crate::plan::Patch;
use crate::recording::Recording;

/// Dedupe before generation.
pub struct E7;

static CARD: Card = Card {
    id: "E7",
    title: "dedupe before generation",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a key of the candidate in the ledger, looked up first",
    grade: Grade { effort: 2, risk: 1 },
    params: &[named::asked_share(
        "share of generation and maintenance that repeats what the ledger holds",
    )],
    texts: &[named::STOPPED],
    file: include_str!("e7.rs"),
};

impl Intervention for E7 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        named::take_asked(recording, params, &named::MAINTENANCE)
    }
}
