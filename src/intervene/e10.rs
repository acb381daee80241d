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

use super::support::named;
use super::{Card, Grade, Intervention, Params};
use crate::plan::Patch;
use crate::recording::Recording;

/// Closed-scope work downgraded.
pub struct E10;

static CARD: Card = Card {
    id: "E10",
    title: "closed-scope work downgraded",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "the state of the issue, read before a session starts",
    grade: Grade { effort: 1, risk: 2 },
    params: &[named::asked_share("share of generation and maintenance spent on closed scopes")],
    texts: &[named::STOPPED],
    file: include_str!("e10.rs"),
};

impl Intervention for E10 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        named::take_asked(recording, params, &named::MAINTENANCE)
    }
}
