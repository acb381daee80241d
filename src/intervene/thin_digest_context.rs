//! C3: Short context on warm updates.
//!
//! What: the prompt of a digest carries a thin snapshot of open tasks and receipts instead of the
//! full one, if the session is warm.
//!
//! Why it should pay: the full snapshot is the largest part of a digest's prompt, and a warm
//! session has seen one.
//!
//! Formula: a snapshot of t tokens becomes `thin` x t: saved are t (1 - thin) tokens of first input
//! and as many reads in each call behind it in the session. What was recorded thin is not made
//! thinner than it would have been.
//!
//! Source: agentic-cockpit, its own prompt builders on a made-up bus (idle, typical, busy, full),
//! in characters full and thin: 6.0 and 0.5 K, 15.7 and 3.6 K, 36.2 and 7.3 K, 48.7 and 11.6 K.
//!
//! Lies: it needs a warm bootstrap or sessions reused by root: without warmth it saves nothing. A
//! controller that sees less may ask for more; no call is added.

use super::support::packets::{ActiveInvocation, active_invocations};
use super::{
    BuildGrade, Confidence, EnvSetting, Intervention, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams,
};
use crate::plan::Patch;
use crate::recording::{BlockMarks, Recording};
use crate::units::share_of;

/// Thin context on warm digests.
pub static C3: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_AUTOPILOT_CONTEXT_MODE",
        default: "auto with a warm start, else full",
        recommended: "auto",
        what: "thin snapshots for digests in warm sessions, full ones elsewhere",
    }]);

static CARD: ToggleCard = ToggleCard {
    id: "C3",
    title: "Short context on warm updates",
    source: "exec budget, fix 3 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_AUTOPILOT_CONTEXT_MODE=auto",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[ParamSpec {
        key: "thin",
        unit: ParamUnit::BasisPoints,
        low: 830,
        mode: 2_290,
        high: 2_380,
        asked: false,
        confidence: Confidence::FewCases,
        what: "share of a full snapshot that a thin one has",
        source: "agentic-cockpit's own builders: idle, typical, full bus, 2026-11",
    }],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    for one in active_invocations(recording).iter().filter(|one| one.is_digest()) {
        let thinner = thinned_snapshots(recording, one, params.get("thin"));
        patch.found_places += u32::from(!thinner.is_empty());
        // Only a session that has seen a full snapshot can do with a thin one.
        patch.replaced_if_warm.extend(thinner);
    }
    if patch.found_places > 0 {
        patch.notes.push("without warmth it saves nothing".to_owned());
    }
    patch
}

/// The snapshots of an invocation that would be thinner.
fn thinned_snapshots(
    recording: &Recording,
    one: &ActiveInvocation<'_>,
    thin_bp: i64,
) -> Vec<(u32, i64)> {
    let full = one.marked_prompt_blocks(recording, BlockMarks::SNAPSHOT);
    let thin = full.map(|(block, tokens)| (block, tokens, share_of(tokens, thin_bp)));
    // What would not shrink is left as it is.
    thin.filter(|(_, tokens, to)| to < tokens).map(|(block, _, to)| (block, to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(line: &str, thin: i64, expect: &[i64]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("thin", thin));
        let patch = C3.build_patch(&recording_from_lines(&[line]), &params);
        let sizes: Vec<i64> = patch.replaced_if_warm.iter().map(|(_, to)| *to).collect();
        assert_eq!((patch.found_places as usize, &sizes[..]), (expect.len(), expect), "{line}");
        assert!(patch.warmed_calls.is_empty(), "it makes nothing warm");
    }

    #[test]
    fn snapshots_of_digests_become_thin_where_it_is_warm() {
        check("#a/D/r1/T:S - #a/U/r1 - #a/D/r1/T:S -", 2_500, &[1_000, 1_000]);
        check("#a/D/r1/T:S -", 10_000, &[]);
        check("#a/U/r1 -", 2_500, &[]);
    }
}
