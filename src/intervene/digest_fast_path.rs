//! C6: Handle routine updates in code.
//!
//! What: digests whose source is on a list are acknowledged by the worker itself; the model is not
//! called.
//!
//! Why it should pay: the whole invocation is saved, and its part in the history of every later
//! call of the session.
//!
//! Formula: all calls of the invocation are dropped with what they brought and said. A share
//! `done` of the listed digests is taken: only those of work that is done are acknowledged. Nothing
//! is left on them for a warm bootstrap, a thin context or compact digests to save. The list is
//! empty unless a scenario fills it: entries are `source:kind` or `source:*`.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08), worker: acknowledged if listed and not
//! review-gated; at `eca8e3c` (2026-03-31) not of outcomes other than done either.
//!
//! Lies: what the controller would have done about the digest is not done. Digests of `EXECUTE`
//! are never taken, because most are review-gated and a recording does not say which: a list of
//! `TASK_COMPLETE:*` takes the others. A consult before execution would still be made. Where the
//! first invocation of a session is taken, its skills are taken too (see C1).

use super::support::packets::{
    ActiveInvocation, DONE_SHARE_SPEC, acknowledge_digests, active_invocations,
};
use super::{
    BuildGrade, EnvSetting, Intervention, NameListSpec, PlaceShare, ToggleCard, ToggleParams,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// Digest fast-path.
pub static C6: Intervention =
    Intervention::new(&CARD, build_patch).with_env_settings(&[EnvSetting {
        name: "AGENTIC_AUTOPILOT_DIGEST_FASTPATH",
        default: "0",
        recommended: "1",
        what: "acknowledge listed digests without calling the model",
    }]);

static CARD: ToggleCard = ToggleCard {
    id: "C6",
    title: "Handle routine updates in code",
    source: "exec budget, fix 6 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_AUTOPILOT_DIGEST_FASTPATH=1, .._ALLOWLIST",
    grade: BuildGrade { effort: 0, risk: 3 },
    params: &[DONE_SHARE_SPEC],
    name_lists: &[NameListSpec {
        key: "allow",
        most: 100,
        what: "sources that need no controller: source:kind or source:*; none unless named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let listed = params.names_of_list("allow");
    let mut patch = acknowledge_digests(recording, listed, &mut PlaceShare::new(params, "done"));
    // Only where there are digests that a list could take.
    if listed.is_empty() && active_invocations(recording).iter().any(ActiveInvocation::is_digest) {
        patch.notes.push("lists no source: set `allow` in a scenario".to_owned());
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(lines: &[&str], allow: &[&str], done: i64, dropped: &[u32], notes: &[&str]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("done", done));
        let names = allow.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("allow", names));
        let patch = C6.build_patch(&recording_from_lines(lines), &params);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|it| it.call).collect();
        let own = patch.notes.iter().filter(|note| note.contains("themselves hold")).count();
        assert_eq!(own, usize::from(patch.found_places > 0), "{:?}", patch.notes);
        let told = patch.notes[own..].join("; ");
        assert_eq!((&met[..], &told[..]), (dropped, &notes.join("; ")[..]));
    }

    const LINE: &str = "#a/U/r1 - #a/D/r1/T:STATUS R1 - #a/D/r1/T:EXECUTE - #b/E/r1 -";

    #[test]
    fn listed_digests_are_not_brought_to_the_model() {
        check(&[LINE], &["T:STATUS"], 10_000, &[1, 2], &[]);
        check(&[LINE], &[], 10_000, &[], &["lists no source: set `allow` in a scenario"]);
        check(&[LINE], &["T:PLAN"], 10_000, &[], &["no digest of T:PLAN"]);
        check(&[LINE, LINE], &["T:STATUS"], 5_000, &[], &[]);
    }

    #[test]
    fn reviewed_work_always_reaches_the_controller() {
        let stay = "1 listed digests of EXECUTE stay: their work is review-gated";
        check(&[LINE], &["T:EXECUTE"], 10_000, &[], &[stay]);
        check(&[LINE], &["T:*"], 10_000, &[1, 2], &[stay]);
    }

    #[test]
    fn what_a_session_starts_with_is_left_to_the_next_invocation() {
        let recording = recording_from_lines(&["#a/D/r1/T:STATUS - #a/U/r1 -"]);
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_names("allow", vec!["T:*".to_owned()]));
        let patch = C6.build_patch(&recording, &params);
        let blocks = recording.calls[0].blocks as usize;
        assert_eq!(patch.dropped_blocks.len(), blocks - 1, "all but the system prompt");
    }
}
