//! N2: Handle finished STATUS in code.
//!
//! What: the list of the digest fast-path with its first candidate on it: digests of
//! `TASK_COMPLETE:STATUS` are acknowledged by the worker itself.
//!
//! Why it should pay: a status report asks for no decision.
//!
//! Formula: as the digest fast-path: all calls of such an invocation are dropped with what they
//! brought and said, for a share `done` of them. A call that both would drop is dropped once.
//!
//! Source: cockpit exec budget, next step 2: `TASK_COMPLETE:STATUS`, 14,862,595 tokens in 16
//! digests (6.0 % of all digests, of both controllers), and `TASK_COMPLETE:TASK_COMPLETE`, which
//! nothing in the normal flow sends. `EXECUTE` waits until receipts are read.
//!
//! Lies: as the digest fast-path. How many of the reports were of work not done is not published.

use super::support::packets::{DONE_SHARE_SPEC, acknowledge_digests};
use super::{
    BuildGrade, EnvSetting, Intervention, NameListSpec, PlaceShare, ToggleCard, ToggleParams,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// The fast-path for completed status reports.
pub static N2: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_AUTOPILOT_DIGEST_FASTPATH_ALLOWLIST",
        default: "",
        recommended: "TASK_COMPLETE:STATUS",
        what: "sources of digests that need no controller, with commas between them",
    }]);

/// The first candidate of the source.
const CANDIDATE: &str = "TASK_COMPLETE:STATUS";

static CARD: ToggleCard = ToggleCard {
    id: "N2",
    title: "Handle finished STATUS in code",
    source: "exec budget, step 2 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_AUTOPILOT_DIGEST_FASTPATH_ALLOWLIST=TASK_COMPLETE:STATUS",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[DONE_SHARE_SPEC],
    name_lists: &[NameListSpec {
        key: "allow",
        most: 100,
        what: "sources that need no controller; TASK_COMPLETE:STATUS if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let named = params.names_of_list("allow");
    let candidates = [CANDIDATE.to_owned()];
    // The candidate of the source stands in for a list that nobody wrote.
    let listed = if named.is_empty() { &candidates[..] } else { named };
    acknowledge_digests(recording, listed, &mut PlaceShare::new(params, "done"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    #[test]
    fn status_reports_are_acknowledged() {
        let line = "#a/D/r1/TASK_COMPLETE:STATUS - #a/D/r1/TASK_COMPLETE:EXECUTE -";
        let patch =
            N2.build_patch(&recording_from_lines(&[line]), &ToggleParams::modes_of_card(&CARD));
        let met: Vec<u32> = patch.dropped_calls.iter().map(|it| it.call).collect();
        assert_eq!((patch.found_places, &met[..], patch.notes.len()), (1, &[0][..], 1));
        let patch = N2.build_patch(
            &recording_from_lines(&["#a/D/r1/OTHER:X -"]),
            &ToggleParams::modes_of_card(&CARD),
        );
        assert_eq!(patch.notes, ["no digest of TASK_COMPLETE:STATUS"]);
    }
}
