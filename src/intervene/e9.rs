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

use super::{Card, Grade, Intervention, ParamSpec, Params, TextSpec, Unit, support};
use crate::plan::Patch;
use crate::recording::Recording;

/// Denied action not tried again.
pub struct E9;

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["generation and maintenance"];

static CARD: Card = Card {
    id: "E9",
    title: "denied action not tried again",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a ledger of boundaries, read before an action",
    grade: Grade { effort: 1, risk: 1 },
    params: &[ParamSpec {
        key: "share",
        unit: Unit::BasisPoints,
        low: 0,
        mode: 5_000,
        high: 10_000,
        asked: true,
        what: "share of generation and maintenance spent on actions that were denied before",
        source: "no source says; bounds: nothing and all of it, mode: the middle",
    }],
    texts: &[TextSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds that it stops; generation and maintenance if none is named",
    }],
    file: include_str!("e9.rs"),
};

impl Intervention for E9 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        let names = support::named::or(params.names("names"), &NAMES);
        support::named::take(recording, &names, params.get("share"))
    }
}
