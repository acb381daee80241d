//! R1: No narration between tool calls.
//!
//! What: the model announces what it is about to do ("Let me now ...") beside or before a tool
//! use. A line in the system prompt of headless sessions asks it to act without announcing.
//!
//! Why it should pay: prose is output (the dearest class) and then stays in the context of every
//! later call. Only where a narration is a call of its own does suppressing it save a call.
//!
//! Formula: with prose blocks p of t(p) tokens in call i of n, and compliance c, saved reads are
//! about c x sum over p of t(p) x (n - i - 1), saved output c x sum t(p). A call that holds only
//! narration disappears: its context is not read again. Thinking of a call that disappears is not
//! lost, it moves into the next call.
//!
//! Source: order 774, recommendation R1 (issue 792): 72 non-tool turns to about 10. Measured law L2
//! (MODEL.md, "Laws"): text-only records share their call with a tool use, so under the message
//! lens there are no such calls to save.
//!
//! Lies: a model that may not think aloud can take worse turns; that is not modelled. The share
//! that obeys is a parameter, not a fact.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{DroppedCall, Patch, PatchPlace};
use crate::recording::{BlockKind, BlockMarks, CallMarks, Recording};

/// Narration suppressed.
pub static R1: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R1",
    title: "No narration between tool calls",
    source: "order 774, R1 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "system prompt of headless sessions: act without announcing",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[ParamSpec {
        key: "compliance",
        unit: ParamUnit::BasisPoints,
        low: 5_000,
        mode: 8_611,
        high: 10_000,
        asked: false,
        confidence: Confidence::Judgement,
        what: "share of narrations that disappear",
        source: "mode: the source's own 62 of 72; low and high: judgement, 2026-11",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let mut share = PlaceShare::new(params, "compliance");
    let alone = CallMarks::NARRATION | CallMarks::THINKING_ONLY;
    for (at, call) in recording.calls.iter().enumerate() {
        // In a call that is nothing but narration all text is narration; elsewhere only what is
        // marked.
        let text = support::blocks_of_call(recording, at)
            .filter(|(_, block)| block.kind == BlockKind::Text)
            .filter(|(_, block)| {
                call.marks.intersects(alone) || block.marks.contains(BlockMarks::PROSE)
            });
        let text: Vec<u32> = text.map(|(index, _)| index).collect();
        let is_call = call.marks.intersects(alone);
        // A call of thinking alone has no text, and yet is a call that disappears.
        if text.is_empty() && !is_call {
            continue;
        }
        patch.found_places += 1;
        // Only text goes: thinking of a dropped call moves to the next one.
        let mut place = PatchPlace { dropped_blocks: text, ..PatchPlace::default() };
        if is_call {
            // Nobody waits for an announcement.
            place.dropped_calls.push(DroppedCall { call: at as u32, frees_time: true });
        }
        patch.add_place(share.next_at_call(recording, at), place);
    }
    patch
}
