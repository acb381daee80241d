//! G5: Do not resend unchanged files.
//!
//! What: a file that is read again, with the same content still in the context, is answered with a
//! stub that says so.
//!
//! Why it should pay: the second copy is written once and carried by every later call.
//!
//! Formula: a repeated result of t tokens that enters at call i of n becomes a stub of s: saved
//! reads are about (t - s) x (n - i - 1), saved writes t - s. The call itself stays. A share
//! `insist` of the stubs is not believed: those cost one more call with the full content.
//!
//! Source: the harness's changelog: newer versions answer unchanged reads this way. A repeated
//! read is marked where path, range and content are the same (MODEL.md, "Marks").
//!
//! Lies: where another toggle clears, caps or delegates the first copy, the stub points at nothing.
//! A model that reads again because the first copy lies far back may work worse with a stub.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::{BlockKind, BlockMarks, Recording};

/// Repeated reads.
pub static G5: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G5",
    title: "Do not resend unchanged files",
    source: "harness's changelog: reads of unchanged files are answered from the context",
    knob: "a harness that does so, or a hook before Read",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[
        ParamSpec {
            key: "stub",
            unit: ParamUnit::Tokens,
            low: 40,
            mode: 80,
            high: 150,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens of the answer that stands for the content",
            source: "one or two sentences and 30 of framing (L4); judgement, 2026-11",
        },
        ParamSpec {
            key: "insist",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 0,
            high: 2_500,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of stubs after which the model reads the file all the same",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let stub = params.get("stub");
    let mut insist = PlaceShare::new(params, "insist");
    for (index, block) in recording.blocks.iter().enumerate() {
        // The importer marks a repeated read only if its first copy still stood in the context.
        let repeated =
            block.kind == BlockKind::ToolResult && block.marks.contains(BlockMarks::REREAD);
        // A result smaller than the stub is cheaper to send again.
        if !repeated || block.tokens <= stub {
            continue;
        }
        patch.found_places += 1;
        patch.replaced_blocks.push((index as u32, stub));
        let chance = insist.next_at_call(recording, block.call as usize);
        patch.insert_call(chance, support::fetch_whole_block(block));
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, insist: i64, found: u32, fetched: usize) {
        let recording = support::test_recordings::recording_from_lines(&[line]);
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("insist", insist));
        let patch = G5.build_patch(&recording, &params);
        let inserted = support::test_recordings::inserted_calls(&patch).len();
        assert_eq!((patch.found_places, inserted), (found, fetched), "{line}");
        let is_result = |block: u32| recording.blocks[block as usize].kind == BlockKind::ToolResult;
        assert!(patch.replaced_blocks.iter().all(|&(block, to)| is_result(block) && to == 80));
    }

    #[test]
    fn only_marked_results_above_the_stub_count() {
        check("R1:900 R1:900 -", 0, 0, 0);
        check("R1:900 R1':900 R1':900 -", 0, 2, 0);
        check("R1:70 R1':70 -", 0, 0, 0);
        check("R1:900 R1':900 R1':900 -", 5_000, 2, 2);
    }
}
