//! G4: Cap tool output size.
//!
//! What: no tool result may be larger than a cap; the rest is cut off, with a word on how to get
//! it. Reports of subagents are no tool results here.
//!
//! Why it should pay: few results are large, and every later call carries them.
//!
//! Formula: a result of t > cap tokens that enters at call i of n becomes cap: saved reads are
//! about (t - cap) x (n - i - 1), saved writes t - cap. A share `look_up` of the capped results is
//! fetched in full after all, in calls of at most cap tokens each: those cost (t - cap) / cap
//! calls more, rounded up, and save nothing.
//!
//! Source: the harness's caps (30,000 characters of shell output, 25,000 tokens of a read or of an
//! MCP tool), environment variables page, 2026-08-22. In 147 public transcripts a read has 1,064
//! tokens in the median and 9,600 at 95 %, a shell command 176 and 3,000, 2026-11-20.
//!
//! Lies: what is cut off is taken to be the part that was not needed, or to be fetched at once.
//! How often it is needed was not measured.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Patch, PatchPlace};
use crate::recording::{BlockKind, Recording};

/// Capped results.
pub static G4: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G4",
    title: "Cap tool output size",
    source: "harness's environment variables page, 2026-08-22",
    knob: "BASH_MAX_OUTPUT_LENGTH, CLAUDE_CODE_FILE_READ_MAX_OUTPUT_TOKENS, MAX_MCP_OUTPUT_TOKENS",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[
        ParamSpec {
            key: "cap",
            unit: ParamUnit::Tokens,
            low: 2_500,
            mode: 5_000,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "the most tokens of one result",
            source: "10 % of reads are above 6,000 tokens, 5 % above 9,600; judgement, 2026-11",
        },
        ParamSpec {
            key: "look_up",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 2_500,
            high: 7_500,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of capped results that are fetched in full",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // A cap of nothing would need endless calls to fetch the rest.
    let cap = params.get("cap").max(1);
    let mut look_up = PlaceShare::new(params, "look_up");
    for (index, block) in recording.blocks.iter().enumerate() {
        // Reports of subagents are R3's matter.
        if block.kind != BlockKind::ToolResult || block.tokens <= cap {
            continue;
        }
        patch.found_places += 1;
        patch.replaced_blocks.push((index as u32, cap));
        // The parts of one result are fetched together or not at all.
        let inserted_calls = support::fetch_rest_of_block(block, cap).collect();
        let chance = look_up.next_at_call(recording, block.call as usize);
        patch.add_place(chance, PatchPlace { inserted_calls, ..PatchPlace::default() });
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, look_up: i64, replaced: &[i64], fetched: &[i64]) {
        let recording = support::test_recordings::recording_from_lines(&[line]);
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("look_up", look_up));
        let patch = G4.build_patch(&recording, &params);
        let before: Vec<i64> = patch
            .replaced_blocks
            .iter()
            .map(|&(block, _)| recording.blocks[block as usize].tokens)
            .collect();
        let inserted = support::test_recordings::inserted_calls(&patch);
        let inserted: Vec<i64> = inserted.iter().map(|new| new.input).collect();
        assert_eq!((before, inserted), (replaced.to_vec(), fetched.to_vec()), "{line}");
        assert_eq!(patch.found_places as usize, replaced.len());
        assert!(patch.replaced_blocks.iter().all(|&(_, tokens)| tokens == 5_000));
    }

    #[test]
    fn only_large_results_are_capped() {
        check("R1:5000 B:5001 -", 0, &[5_001], &[]);
        check("R1:5000 T:9000 -", 0, &[], &[]);
    }

    #[test]
    fn what_is_fetched_is_fetched_in_parts() {
        check("R1:12000 -", 10_000, &[12_000], &[5_000, 2_000]);
        check("R1:12000 R2:6000 -", 5_000, &[12_000, 6_000], &[5_000, 2_000, 1_000]);
    }
}
