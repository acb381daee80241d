//! D2: Second opinion before acting.
//!
//! What: before a controller acts on a packet, and before it closes the work, another model is
//! consulted: packets go to and fro in bounded rounds. Accepted answers are closed without a
//! digest to the controller.
//!
//! Why it should pay: it does not pay, it costs; what it is to buy is quality, which no recording
//! shows. Closing accepted answers quietly is what keeps it from costing far more.
//!
//! Formula: a gated invocation adds `phases` x `rounds` x `stages` calls, each a session of its own
//! of `system` + `packet` tokens that answers in `answer` tokens. Advisory is 1 round x 1 stage,
//! the gate goes up to 200 x 2. Every answer that is not closed quietly adds a digest: what an
//! average digest of the recording uses. Both figures are told beside the replay.
//!
//! Which: packets of the named kinds to controllers, the agents that are told digests.
//!
//! Source: decisions log, 2026-02-28; agentic-cockpit `eca8e3c` (2026-03-31): a fresh call of
//! about 20,000 tokens of system prompt and at most 12,000 characters of packet; kinds of the gate.
//!
//! Lies: the consultant is another model of another vendor: here it has the model and the tokens of
//! the call that it is consulted about (a scenario can move it). Retries of malformed answers are
//! left out. What the controller does about an answer is not modelled; a gate that blocks asks for
//! work that no recording holds.

use super::support::packets::{active_invocations, controller_agents, digests_by_agent};
use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Patch, SpawnedCall, SpawnedSession};
use crate::recording::{DIGEST_KIND, Recording};

/// Consult gate.
pub static D2: Intervention = Intervention::new(&CARD, build_patch);

/// The most rounds of a consult. Source: the gate's own cap, agentic-cockpit eca8e3c, 2026-03-31.
/// Confidence: H.
const MOST_ROUNDS: i64 = 200;

/// The most stages of a round. Source: likewise. Confidence: H.
const MOST_STAGES: i64 = 2;

/// Before execution and after review. Source: decisions log, 2026-02-28. Confidence: H.
const PHASES: i64 = 2;

/// The kinds of packets that are gated, where none is named: the gate's default, 2026-03-31.
const KINDS: [&str; 4] = ["USER_REQUEST", "PLAN_REQUEST", DIGEST_KIND, "EXECUTE"];

static CARD: ToggleCard = ToggleCard {
    id: "D2",
    title: "Second opinion before acting",
    source: "decisions log, 2026-02-28 (003_e0e226d26c810f23.txt)",
    knob: "AGENTIC_OPUS_CONSULT_MODE=advisory, or gate",
    grade: BuildGrade { effort: 4, risk: 2 },
    params: &[
        ParamSpec {
            key: "rounds",
            unit: ParamUnit::Count,
            low: 1,
            mode: 1,
            high: 3,
            asked: false,
            confidence: Confidence::Judgement,
            what: "rounds of a consult, at most 200",
            source: "mode: advisory; high: judgement; the gate's cap stands in a note",
        },
        ParamSpec {
            key: "stages",
            unit: ParamUnit::Count,
            low: 1,
            mode: 1,
            high: 2,
            asked: false,
            confidence: Confidence::Judgement,
            what: "stages of a round, at most 2",
            source: "mode: advisory; high: the gate's cap, eca8e3c",
        },
        ParamSpec {
            key: "phases",
            unit: ParamUnit::Count,
            low: 1,
            mode: 2,
            high: 2,
            asked: false,
            confidence: Confidence::Judgement,
            what: "phases: before the work, and before it is closed, at most 2",
            source: "decisions log: before execution and after review; low: one of them",
        },
        ParamSpec {
            key: "system",
            unit: ParamUnit::Tokens,
            low: 10_000,
            mode: 20_000,
            high: 47_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that a consultant starts with",
            source: "mode: measured on eca8e3c, about; low and high: as of a subagent",
        },
        ParamSpec {
            key: "packet",
            unit: ParamUnit::Tokens,
            low: 500,
            mode: 3_000,
            high: 3_400,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens of the packet that it is asked with",
            source: "at most 12,000 characters, 4.0 or 3.5 a token; low: judgement",
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
    name_lists: &[NameListSpec {
        key: "kinds",
        most: 20,
        what: "kinds of packets that are gated; if none is named USER_REQUEST, PLAN_REQUEST, \
               ORCHESTRATOR_UPDATE and EXECUTE",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // A scenario may ask for any count, but the gate stops at its caps.
    let [rounds, stages, phases] =
        [("rounds", MOST_ROUNDS), ("stages", MOST_STAGES), ("phases", PHASES)]
            .map(|(key, most)| params.get(key).min(most));
    // Each consult is a fresh session of one call: the consultant keeps no context.
    let consults = rounds * stages * phases;
    let [system, packet, answer] = ["system", "packet", "answer"].map(|key| params.get(key));
    let call = SpawnedCall {
        input: system + packet,
        output: answer,
        duration_ms: support::writing_ms(answer),
    };
    let kinds = params.names_of_list("kinds");
    let woken = active_invocations(recording);
    // Workers act on their packets at once; only controllers, who are told digests, consult.
    let controllers = controller_agents(&woken);
    for one in &woken {
        let agent = one.packet.agent.as_str();
        if !controllers.contains(&agent) || !is_gated(&one.packet.kind, kinds) {
            continue;
        }
        patch.found_places += 1;
        // Consults follow the work of the invocation, whatever their phase: what they cost does not
        // depend on when they are made.
        let by = one.calls.end as u32 - 1;
        patch
            .spawned_sessions
            .extend((0..consults).map(|_| SpawnedSession { by, calls: vec![call] }));
    }
    if patch.found_places > 0 {
        let gated = i64::from(patch.found_places);
        let each = call.input + call.output;
        let cap = gated * MOST_ROUNDS * MOST_STAGES * phases;
        patch.notes.push(format!(
            "{consults} consults an invocation, {} s in which a gate that blocks keeps the \
             controller waiting; at the cap of {MOST_ROUNDS} rounds x \
             {MOST_STAGES} stages x {phases} phases {cap} calls and {} tokens",
            consults * call.duration_ms / 1_000,
            cap * each
        ));
        // Told beside the replay: which answers are accepted is in no recording, so that none of
        // these digests can be dropped.
        let (count, tokens) = digests_by_agent(&woken, recording)
            .into_values()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        // These digests would come with the gate: the recording has none of them to save.
        let average = tokens / count.max(1);
        patch.notes.push(format!(
            "the gate costs up to {} tokens more, {average} a digest, where its {} answers wake \
             the controller and are not closed quietly",
            gated * consults * average,
            gated * consults
        ));
    }
    patch
}

/// Whether packets of a kind are gated: those named, or else the default ones.
fn is_gated(kind: &str, named: &[String]) -> bool {
    match named {
        [] => KINDS.contains(&kind),
        _ => named.iter().any(|known| known == kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(set: &[(&str, i64)], kinds: &[&str], spawned: &[u32]) -> Patch {
        let lines = ["#a/D/r1/T:S R1 - #a/U/r1 - #a/NOTE/r1 -", "#b/E/r1 -"];
        let mut params = ToggleParams::modes_of_card(&CARD);
        for (key, value) in set {
            assert!(params.set_value(key, *value), "{key}");
        }
        let names = kinds.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("kinds", names));
        let patch = D2.build_patch(&recording_from_lines(&lines), &params);
        let met: Vec<u32> = patch.spawned_sessions.iter().map(|it| it.by).collect();
        assert_eq!(met, spawned, "{set:?}");
        patch
    }

    #[test]
    fn controllers_are_gated_by_kind() {
        let patch = check(&[], &[], &[1, 1, 2, 2]);
        assert_eq!(patch.found_places, 2);
        let call = SpawnedCall { input: 23_000, output: 800, duration_ms: 14_500 };
        assert_eq!(patch.spawned_sessions[0].calls, [call]);
        check(&[("phases", 1)], &["NOTE"], &[3]);
        check(&[("rounds", 2), ("stages", 9), ("phases", 1)], &["NOTE"], &[3, 3, 3, 3]);
        check(&[("rounds", 0)], &[], &[]);
    }

    #[test]
    fn the_cap_and_what_is_closed_quietly_are_told() {
        let notes = check(&[], &[], &[1, 1, 2, 2]).notes;
        // 2 x 200 x 2 x 2 calls of 23,800 tokens.
        assert!(notes[0].ends_with("1600 calls and 38080000 tokens"), "{}", notes[0]);
        assert!(notes[1].contains("where its 4 answers wake the controller"), "{}", notes[1]);
    }

    #[test]
    fn the_cap_bounds_what_can_be_asked_for() {
        let patch = check(&[("rounds", 1_000_000_000), ("phases", 1)], &["NOTE"], &[3; 200]);
        assert_eq!(patch.found_places, 1);
    }
}
