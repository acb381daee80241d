//! D4: Refuse if context is missing.
//!
//! What: a consultant may no longer answer that it knows too little: it must ask for another round,
//! or say what a person has to provide.
//!
//! Why it should pay: it does not pay in tokens. An answer that blocks for want of context is
//! replaced by work: more rounds, or a person's.
//!
//! Formula: of the gated invocations a share `insufficient` would have ended so. Of these a share
//! `human` goes to a person and adds no call; each of the others adds `rounds` consults, as large
//! as a consult is.
//!
//! Which: as the consult gate, packets of any kind to the agents that are told digests.
//!
//! Source: decisions log, 2026-02-28: reason codes `opus_consult_iterate` and
//! `opus_human_input_required`. How often a consultant knew too little is published nowhere.
//!
//! Lies: it counts the further rounds only; the first one belongs to the consult gate. What the
//! work gains from an answer is not modelled, nor how long a person takes.

use super::support::packets::{active_invocations, controller_agents};
use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Chance, Patch, PatchPlace, SpawnedCall, SpawnedSession};
use crate::recording::Recording;

/// No answers for want of context.
pub static D4: Intervention = Intervention::new(&CARD, build_patch);

/// The most rounds of one consult. Source: as the consult gate. Confidence: H.
const MOST_ROUNDS: i64 = 200;

static CARD: ToggleCard = ToggleCard {
    id: "D4",
    title: "Refuse if context is missing",
    source: "decisions log, 2026-02-28 (003_e0e226d26c810f23.txt)",
    knob: "consult worker of 2026-02-28 or later: closed set of reason codes",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[
        ParamSpec {
            key: "insufficient",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 1_000,
            high: 10_000,
            asked: true,
            confidence: Confidence::Judgement,
            what: "share of the consults that would have ended for want of context",
            source: "no source says; bounds: none and all of them, mode: judgement",
        },
        ParamSpec {
            key: "human",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 5_000,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of these that goes to a person instead of another round",
            source: "no measurement known; judgement, 2026-11",
        },
        ParamSpec {
            key: "rounds",
            unit: ParamUnit::Count,
            low: 1,
            mode: 1,
            high: 3,
            asked: false,
            confidence: Confidence::Judgement,
            what: "further rounds of the others, at most 200",
            source: "no measurement known; judgement, 2026-11",
        },
        ParamSpec {
            key: "consult",
            unit: ParamUnit::Tokens,
            low: 10_500,
            mode: 23_000,
            high: 50_400,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that a consult takes in",
            source: "as the consult gate: system prompt and packet",
        },
        ParamSpec {
            key: "answer",
            unit: ParamUnit::Tokens,
            low: 200,
            mode: 800,
            high: 2_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that it answers",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // One share inside the other: `human` counts only consults that would have ended so.
    let mut insufficient = PlaceShare::new(params, "insufficient");
    let mut human = PlaceShare::new(params, "human");
    let rounds = params.get("rounds").min(MOST_ROUNDS);
    let output = params.get("answer");
    let duration_ms = support::writing_ms(output);
    let call = SpawnedCall { input: params.get("consult"), output, duration_ms };
    let woken = active_invocations(recording);
    let controllers = controller_agents(&woken);
    let (mut people, mut consults) = (0, 0);
    for one in woken.iter().filter(|one| controllers.contains(&one.packet.agent.as_str())) {
        patch.found_places += 1;
        // The share that knew enough answers as before.
        let asks = insufficient.next_at_call(recording, one.calls.start);
        let person = human.next_at_call(recording, one.calls.start);
        // A person answers instead of the consultant: no call, and no time that a recording knows.
        people += asks.and(person).parts();
        let consults_anew = asks.and(person.inverse());
        consults += rounds * consults_anew.parts();
        // Behind the work of the invocation, as every consult of the gate.
        let by = one.calls.end as u32 - 1;
        let spawned = (0..rounds).map(|_| SpawnedSession { by, calls: vec![call] });
        let place = PatchPlace { spawned_sessions: spawned.collect(), ..PatchPlace::default() };
        patch.add_place(consults_anew, place);
    }
    if patch.found_places > 0 {
        patch.notes.push(format!(
            "{} further consults, {} questions to a person",
            Chance::whole_number(consults),
            Chance::whole_number(people)
        ));
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(insufficient: i64, human: i64, rounds: i64, spawned: &[u32], people: usize) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        let set = [("insufficient", insufficient), ("human", human), ("rounds", rounds)];
        assert!(set.iter().all(|(key, value)| params.set_value(key, *value)));
        let lines = ["#a/D/r1/T:S R1 - #a/U/r1 -", "#b/E/r1 -"];
        let patch = D4.build_patch(&recording_from_lines(&lines), &params);
        let met: Vec<u32> = patch.spawned_sessions.iter().map(|it| it.by).collect();
        assert_eq!((patch.found_places, &met[..]), (2, spawned));
        let note = format!("{} further consults, {people} questions to a person", spawned.len());
        assert_eq!(patch.notes, [note]);
    }

    #[test]
    fn more_rounds_or_a_person() {
        check(0, 5_000, 1, &[], 0);
        check(10_000, 0, 2, &[1, 1, 2, 2], 0);
        check(10_000, 10_000, 2, &[], 2);
        // Half of two people and half of two consults are expected, none of them for sure.
        let lines = ["#a/D/r1/T:S R1 - #a/U/r1 -", "#b/E/r1 -"];
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("insufficient", 10_000) && params.set_value("human", 5_000));
        assert!(params.set_value("rounds", 1));
        let patch = D4.build_patch(&recording_from_lines(&lines), &params);
        assert_eq!(patch.notes, ["1 further consults, 1 questions to a person"]);
        let chances: Vec<i64> =
            patch.uncertain_places.iter().map(|(it, _)| it.of_amount(100)).collect();
        assert_eq!((patch.spawned_sessions.len(), &chances[..]), (0, &[50, 50][..]));
    }
}
