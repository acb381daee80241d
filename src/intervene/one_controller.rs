//! N1: One controller, not two.
//!
//! What: a second controller that runs beside the first one is switched off: its invocations are
//! not made.
//!
//! Why it should pay: both are told what happened, and each reads its own history to decide.
//!
//! Formula: each invocation of the named agents is dropped whole with the chance `saved`.
//! The others stand for work that the first controller does instead, as dear as it was. So the
//! saving lies between nothing and all that the agent used: the source prints no number.
//!
//! Source: cockpit exec budget (2026-02-07): agent `autopilot`, 37,433,353 tokens in 11 digests,
//! beside 212,106,508 in 101 of the other controller. With 103 digests sent, most were told to one
//! of the two only, so that "doubles the tax" does not follow. No source says how much of the work
//! would have moved.
//!
//! Lies: work that moves joins another history and costs what that one makes it cost, not what it
//! cost here.

use super::support::packets::{active_invocations, dropped_invocation};
use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, PlaceShare,
    ToggleCard, ToggleParams,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// One controller.
pub static N1: Intervention = Intervention::new(&CARD, build_patch);

/// The duplicate controller of the source, where none is named.
const DUPLICATE: &str = "autopilot";

static CARD: ToggleCard = ToggleCard {
    id: "N1",
    title: "One controller, not two",
    source: "exec budget, step 1 (000_0d00219600a8c6bf.txt)",
    knob: "one roster: no worker for the second controller",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[ParamSpec {
        key: "saved",
        unit: ParamUnit::BasisPoints,
        low: 0,
        mode: 5_000,
        high: 10_000,
        asked: true,
        confidence: Confidence::Judgement,
        what: "share of the duplicate's invocations that nobody makes instead",
        source: "no source says; bounds: none and all of them, mode: the middle",
    }],
    name_lists: &[NameListSpec {
        key: "agents",
        most: 10,
        what: "agents that duplicate a controller; autopilot if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let named = params.names_of_list("agents");
    let mut share = PlaceShare::new(params, "saved");
    let mut tokens = 0;
    for one in active_invocations(recording).iter().filter(|one| is_meant(&one.packet.agent, named))
    {
        // Every invocation of the duplicate counts as found; a share of them is dropped.
        patch.found_places += 1;
        // Whatever the share, all of it: the note tells the most that could be saved.
        tokens += one.total_tokens(recording);
        let chance = share.next_at_call(recording, one.calls.start);
        patch.add_place(chance, dropped_invocation(recording, one.calls.clone()));
    }
    if patch.found_places > 0 {
        patch.notes.push(format!(
            "saves between 0 and {tokens} tokens: none if the other controller makes up for \
             all of it, all if for nothing"
        ));
    }
    patch
}

/// Whether an agent is a duplicate controller: those named, or else the one of the source.
fn is_meant(agent: &str, named: &[String]) -> bool {
    match named {
        [] => agent == DUPLICATE,
        _ => named.iter().any(|name| name == agent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(agents: &[&str], saved: i64, found: u32, dropped: &[u32]) {
        let lines = ["#daddy/D/r1/T:S -", "#autopilot/D/r1/T:S - #autopilot/D/r1/T:S -"];
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("saved", saved));
        let names = agents.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("agents", names));
        let patch = N1.build_patch(&recording_from_lines(&lines), &params);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|it| it.call).collect();
        assert_eq!((patch.found_places, &met[..]), (found, dropped), "{agents:?}");
    }

    #[test]
    fn a_share_of_the_duplicates_invocations_is_saved() {
        check(&[], 10_000, 2, &[1, 2]);
        check(&[], 5_000, 2, &[]);
        check(&[], 0, 2, &[]);
        check(&["daddy"], 10_000, 1, &[0]);
        check(&["nobody"], 10_000, 0, &[]);
    }
}
