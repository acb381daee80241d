//! D3: a blocking answer is made final.
//!
//! What: a consultant's answer that blocks and forgets to say that it is final is repaired before
//! it is checked, instead of being refused as malformed.
//!
//! Why it should pay: it does not pay in tokens. The answer was given and blocks the work either
//! way; what it saves is a hard stop for the wrong reason.
//!
//! Formula: calls saved = 0.
//!
//! Source: decisions log, 2026-02-28: `verdict=block` without `final=true`.
//!
//! Lies: whether a person started the work again after a hard stop, and what that cost, is in no
//! source.

use super::support::packets::{controllers, woken};
use super::{Card, Grade, Intervention, Params};
use crate::plan::Patch;
use crate::recording::Recording;

/// A blocking answer is made final.
pub struct D3;

static CARD: Card = Card {
    id: "D3",
    title: "blocking answers made final (no saving)",
    source: "decisions log, 2026-02-28 (003_e0e226d26c810f23.txt)",
    knob: "consult worker of 2026-02-28 or later",
    grade: Grade { effort: 1, risk: 1 },
    params: &[],
    texts: &[],
    file: include_str!("d3.rs"),
};

impl Intervention for D3 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, _: &Params) -> Patch {
        let found = u32::from(!controllers(&woken(recording)).is_empty());
        let note = "no call saved: the answer was given and blocks either way".to_owned();
        Patch {
            found,
            notes: (found > 0).then_some(note).into_iter().collect(),
            ..Patch::default()
        }
    }
}
