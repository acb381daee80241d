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

use super::{Card, Grade, Intervention, ParamSpec, Params, TextSpec, Unit, support};
use crate::plan::Patch;
use crate::recording::Recording;

/// Dedupe before generation.
pub struct E7;

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["generation and maintenance"];

static CARD: Card = Card {
    id: "E7",
    title: "dedupe before generation",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "a key of the candidate in the ledger, looked up first",
    grade: Grade { effort: 2, risk: 1 },
    params: &[ParamSpec {
        key: "share",
        unit: Unit::BasisPoints,
        low: 0,
        mode: 5_000,
        high: 10_000,
        asked: true,
        what: "share of generation and maintenance that repeats what the ledger holds",
        source: "no source says; bounds: nothing and all of it, mode: the middle",
    }],
    texts: &[TextSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds that it stops; generation and maintenance if none is named",
    }],
    file: include_str!("e7.rs"),
};

impl Intervention for E7 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        let names = support::named::or(params.names("names"), &NAMES);
        support::named::take(recording, &names, params.get("share"))
    }
}
