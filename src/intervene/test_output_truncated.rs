//! R4: Short test output, log to a file.
//!
//! What: what a test run prints enters the context as a summary (counts, the names of the failing
//! tests, the first lines of each failure), not as the whole log.
//!
//! Why it should pay: every later call carries the log of every earlier run.
//!
//! Formula: a result of t tokens that enters at call i of n becomes min(t, cap): saved reads are
//! about (t - cap) x (n - i - 1), saved writes t - cap. A share of the truncated results is looked
//! up again: those cost one more call with the full text as its input.
//!
//! Source: order 774, recommendation R4 (issue 792): about 10K characters a run.
//!
//! Lies: the summary is assumed to be made when the run ends. Replacing an older output later
//! would break the cache at that place and re-write everything behind it; that variant is not
//! what this toggle does.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// Test output truncated.
pub static R4: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R4",
    title: "Short test output, log to a file",
    source: "order 774, R4 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "test task: print a summary, log to a file",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[
        ParamSpec {
            key: "cap",
            unit: ParamUnit::Tokens,
            low: 150,
            mode: 400,
            high: 1_200,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens of a summarised test run",
            source: "about 1,000 characters of summary and first failures; judgement, 2026-11",
        },
        ParamSpec {
            key: "look_up",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 0,
            high: 2_500,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of truncated results that are looked up in full",
            source: "mode: the source's premise (rarely consulted again); high: judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let cap = params.get("cap");
    let mut look_up = PlaceShare::new(params, "look_up");
    for (index, _) in support::test_result_blocks(recording) {
        let block = &recording.blocks[index as usize];
        // A short output is its own summary.
        if block.tokens <= cap {
            continue;
        }
        patch.found_places += 1;
        patch.replaced_blocks.push((index, cap));
        let chance = look_up.next_at_call(recording, block.call as usize);
        patch.insert_call(chance, support::fetch_whole_block(block));
    }
    patch
}
