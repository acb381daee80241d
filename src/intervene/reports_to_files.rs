//! R3: Subagent reports go to files.
//!
//! What: a subagent writes its report to a file and returns one line that names it. The session
//! reads the file only if it needs it.
//!
//! Why it should pay: a report stays in the context of every later call.
//!
//! Formula: a report of t tokens that enters at call i of n becomes a line of l tokens: saved
//! reads are about (t - l) x (n - i - 1), saved writes t - l. A share b of the reports is read
//! back: those cost one more call with the report as its input.
//!
//! Source: order 774, recommendation R3 (issue 792): two reports of 18K and 21K
//! characters.
//!
//! Lies: if most reports are needed, nothing is saved and a call is added for each; `read_back`
//! has no measured source, so its range is wide.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::{BlockKind, Recording};

/// Reports to files.
pub static R3: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R3",
    title: "Subagent reports go to files",
    source: "order 774, R3 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "subagent prompt: write the report to a file, return one line",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[
        ParamSpec {
            key: "line",
            unit: ParamUnit::Tokens,
            low: 20,
            mode: 60,
            high: 200,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens of the line that stays",
            source: "a path and a sentence at 3.5 characters a token; judgement, 2026-11",
        },
        ParamSpec {
            key: "read_back",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 2_500,
            high: 7_500,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of reports that are read after all",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let line = params.get("line");
    let mut read_back = PlaceShare::new(params, "read_back");
    for (index, block) in recording.blocks.iter().enumerate() {
        // A report that is shorter than the line would grow.
        if block.kind != BlockKind::Report || block.tokens <= line {
            continue;
        }
        patch.found_places += 1;
        // From the start: put in its place later, the line would break the cache before it.
        patch.replaced_blocks.push((index as u32, line));
        let chance = read_back.next_at_call(recording, block.call as usize);
        patch.insert_call(chance, support::fetch_whole_block(block));
    }
    patch
}
