//! D3: A blocking answer is final.
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

use super::support::packets::{active_invocations, cold_start_tokens, controller_agents};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// A blocking answer is made final.
pub static D3: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "D3",
    title: "A blocking answer is final",
    source: "decisions log, 2026-02-28 (003_e0e226d26c810f23.txt)",
    knob: "consult worker of 2026-02-28 or later",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    // No recording holds the answers of consultants. Controllers consult them, so the toggle
    // applies where there is one, and once: how often an answer blocked is not known.
    let woken = active_invocations(recording);
    let controllers = controller_agents(&woken);
    if controllers.is_empty() {
        return Patch::default();
    }
    let mut notes = vec!["no call saved: the answer was given and blocks either way".to_owned()];
    notes.extend(cold_start_tokens(recording, &woken, &controllers).map(|tokens| {
        format!(
            "a stop after which the controller is started again costs a cold start, {tokens} \
             tokens; how many answers were malformed is told nowhere"
        )
    }));
    Patch { found_places: 1, notes, ..Patch::default() }
}
