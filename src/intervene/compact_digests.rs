//! C4: Shorter controller updates.
//!
//! What: a digest that the orchestrator sends to the controller holds a title and a note of bounded
//! length, no plan and no body of the source.
//!
//! Why it should pay: a packet stays in the context of every later call of its session.
//!
//! Formula: the packet of a digest of t tokens becomes min(t, `compact`): saved are t - `compact`
//! tokens of first input and as many reads in each call behind it. It never grows.
//!
//! Source: agentic-cockpit: title of at most 200 characters, note of at most 800; compact against
//! verbose 761 and 1,023 characters (short), 1,262 and 5,823 (long note), 1,327 and 13,538 (with a
//! plan); four characters a token on Codex.
//!
//! Lies: what the digest leaves out the controller may open from disk, in a call more. Compact is
//! the default, so that recordings of newer cockpits have nothing left to save.

use super::support::packets::active_invocations;
use super::{
    BuildGrade, Confidence, EnvSetting, Intervention, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams,
};
use crate::plan::Patch;
use crate::recording::{BlockMarks, Recording};

/// Compact digests.
pub static C4: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_ORCH_AUTOPILOT_DIGEST_MODE",
        default: "compact",
        recommended: "compact",
        what: "digests with a title and a short note, no plan and no body",
    }]);

static CARD: ToggleCard = ToggleCard {
    id: "C4",
    title: "Shorter controller updates",
    source: "exec budget, fix 4 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_ORCH_AUTOPILOT_DIGEST_MODE=compact",
    grade: BuildGrade { effort: 0, risk: 1 },
    params: &[ParamSpec {
        key: "compact",
        unit: ParamUnit::Tokens,
        low: 190,
        mode: 316,
        high: 332,
        asked: false,
        confidence: Confidence::FewCases,
        what: "tokens of a compact digest",
        source: "agentic-cockpit's own builders: 761, 1,262 and 1,327 characters, 4.0 a token",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let compact = params.get("compact");
    // Skills and the snapshot of the same prompt are other toggles' matter.
    for one in active_invocations(recording).iter().filter(|one| one.is_digest()) {
        let packets = one.marked_prompt_blocks(recording, BlockMarks::PACKET);
        let before = patch.replaced_blocks.len();
        // A packet that is compact already does not grow.
        let longer = packets.filter(|(_, tokens)| *tokens > compact);
        patch.replaced_blocks.extend(longer.map(|(block, _)| (block, compact)));
        patch.found_places += u32::from(patch.replaced_blocks.len() > before);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(line: &str, compact: i64, expect: &[i64]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("compact", compact));
        let patch = C4.build_patch(&recording_from_lines(&[line]), &params);
        let sizes: Vec<i64> = patch.replaced_blocks.iter().map(|(_, to)| *to).collect();
        assert_eq!((patch.found_places as usize, &sizes[..]), (expect.len(), expect), "{line}");
    }

    #[test]
    fn packets_of_digests_shrink_and_never_grow() {
        check("#a/D/r1/T:S - #a/U/r1 -", 316, &[316]);
        check("#a/D/r1/T:S -", 1_500, &[]);
        check("#a/D/r1/T:S -", 9_000, &[]);
        check("#a/U/r1 -", 316, &[]);
    }
}
