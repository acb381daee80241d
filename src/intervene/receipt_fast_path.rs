//! N5: the fast-path that reads receipts.
//!
//! What: a digest of `EXECUTE` is acknowledged by the worker itself if its receipt says done, no
//! commit and no follow-up. A skip that was wrong is noticed later: the digest is brought to the
//! controller after all, and a share of the worker's turns is made again.
//!
//! Why it should pay: digests of `EXECUTE` are most of what a controller is woken for.
//!
//! Formula, for each digest of `EXECUTE`: t tokens of its invocation, w of the worker's turn that
//! it tells of, and the shares `quiet`, `wrong` of the skipped, `again` of the wrong ones:
//! saved = quiet x (t - wrong x (t + again x w)), and the history that later calls no longer carry.
//! Nothing is left where wrong = t / (t + again x w). `quiet` is no larger than the share of
//! receipts without a commit, because a commit is never acknowledged unread.
//!
//! Source: cockpit exec budget (2026-02-07), next step 2: `TASK_COMPLETE:EXECUTE`, 204,870,505
//! tokens in 87 digests, 82 % of all digests, waits for a fast-path that reads receipts. How many
//! receipts ask for nothing, and how many skips would be wrong, is published nowhere: both are
//! asked for. At version eca8e3c (2026-03-31) digests of commits are not acknowledged.
//!
//! Which: digests whose source is of kind `EXECUTE`, of all controllers; the fast-paths by list
//! never take these. The k-th of them is taken to tell of the k-th turn of a worker on `EXECUTE`,
//! because both are as many.
//!
//! Lies: a digest that comes late is as dear as recorded; by then more history stands before it,
//! and its cache may be cold. What waits for the `delay` is told and not costed. Work that was
//! wrong and stays unnoticed costs nothing here. A consult before execution would still be made.

use super::support::packets::{
    ActiveInvocation, active_invocations, dropped_invocation, repeated_invocation,
};
use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams,
};
use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::{ratio_bp, share_of};

/// The fast-path that reads receipts.
pub static N5: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "N5",
    title: "Handle EXECUTE receipts in code",
    source: "exec budget, step 2 (000_0d00219600a8c6bf.txt)",
    knob: "a reader of receipts before the controller: done, no commit, no follow-up",
    grade: BuildGrade { effort: 2, risk: 3 },
    params: &[
        ParamSpec {
            key: "quiet",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 5_000,
            high: 10_000,
            asked: true,
            confidence: Confidence::Judgement,
            what: "share of EXECUTE's receipts that say done, no commit and no follow-up",
            source: "no source says; bounds: none and all of them, mode: the middle",
        },
        ParamSpec {
            key: "wrong",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 500,
            high: 2_500,
            asked: true,
            confidence: Confidence::Judgement,
            what: "share of the skipped digests that the controller should have seen",
            source: "no source says; high: about the break-even, mode: judgement, 2026-11",
        },
        ParamSpec {
            key: "again",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 5_000,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of the wrong skips after which the worker's turn is made again",
            source: "no measurement known; none and all of them, mode: the middle",
        },
        ParamSpec {
            key: "delay",
            unit: ParamUnit::Milliseconds,
            low: 600_000,
            mode: 3_600_000,
            high: 86_400_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "time until a wrong skip is noticed; it is told and moves no token",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let woken = active_invocations(recording);
    let digests: Vec<_> = woken.iter().filter(|one| one.tells_of_reviewed_work()).collect();
    let turns: Vec<_> = woken.iter().filter(|one| one.is_reviewed_work()).collect();
    let [mut quiet, mut wrong, mut again] =
        ["quiet", "wrong", "again"].map(|key| PlaceShare::new(params, key));
    for (at, digest) in digests.iter().enumerate() {
        let call = digest.calls.start;
        let (skipped, missed) =
            (quiet.next_at_call(recording, call), wrong.next_at_call(recording, call));
        let made_again = again.next_at_call(recording, call);
        // A digest that was skipped wrongly is brought after all, so that it is not saved.
        let saved = skipped.and(missed.inverse());
        patch.add_place(saved, dropped_invocation(recording, digest.calls.clone()));
        // Where there are fewer turns than digests, or more, they are met as evenly as can be.
        if let Some(turn) = turns.get(at * turns.len() / digests.len()) {
            let redone = skipped.and(missed).and(made_again);
            patch.add_place(redone, repeated_invocation(recording, turn));
        }
    }
    patch.found_places = digests.len() as u32;
    if !digests.is_empty() {
        let all = woken.iter().filter(|one| one.is_digest());
        let all = all.map(|one| one.total_tokens(recording)).sum();
        patch.notes = notes(&TurnSizes::of(recording, &digests, &turns), all, params);
    }
    patch
}

/// What a digest and the turn that it tells of hold, on average.
struct TurnSizes {
    digests: i64,
    digest_tokens: i64,
    turn_tokens: i64,
}

impl TurnSizes {
    fn of(
        recording: &Recording,
        digests: &[&ActiveInvocation<'_>],
        turns: &[&ActiveInvocation<'_>],
    ) -> Self {
        let [digest_tokens, all_turn_tokens] = [digests, turns]
            .map(|of| of.iter().map(|one| one.total_tokens(recording)).sum::<i64>());
        Self {
            digests: digests.len() as i64,
            digest_tokens,
            turn_tokens: all_turn_tokens / turns.len().max(1) as i64,
        }
    }
}

/// What decides, and from where on nothing is saved.
fn notes(sizes: &TurnSizes, all_digests: i64, params: &ToggleParams) -> Vec<String> {
    let (share, each) =
        (ratio_bp(sizes.digest_tokens, all_digests), sizes.digest_tokens / sizes.digests);
    // A wrong skip is noticed late: the turn is made again as far as the share says.
    let redone = share_of(sizes.turn_tokens, params.get("again"));
    let minutes = params.get("delay") / 60_000;
    vec![
        format!(
            "digests of EXECUTE hold {} tokens in {} invocations, {} % of all digests: the share \
             of receipts that ask for nothing decides",
            sizes.digest_tokens,
            sizes.digests,
            share / 100
        ),
        format!(
            "nothing is saved where {} % of the skips are wrong: a wrong one brings its digest \
             after all, {each} tokens, and {redone} of a worker's turn of {} made again; it is \
             noticed {minutes} minutes late",
            ratio_bp(each, each + redone) / 100,
            sizes.turn_tokens
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;
    use crate::plan::Chance;

    /// Two digests of EXECUTE, one of STATUS, and a worker's turn of two calls.
    const LINES: [&str; 2] =
        ["#a/D/r1/T:EXECUTE R1 - #a/D/r1/T:STATUS - #a/D/r1/T:EXECUTE -", "#b/EXECUTE/r1 R1 -"];

    fn build(set: &[(&str, i64)]) -> Patch {
        let mut params = ToggleParams::modes_of_card(&CARD);
        for (key, value) in set {
            assert!(params.set_value(key, *value), "{key}");
        }
        N5.build_patch(&recording_from_lines(&LINES), &params)
    }

    #[test]
    fn quiet_receipts_are_acknowledged() {
        let patch = build(&[("quiet", 10_000), ("wrong", 0)]);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|it| it.call).collect();
        assert_eq!((patch.found_places, &met[..]), (2, &[0, 1, 3][..]));
        assert!(patch.spawned_sessions.is_empty() && patch.uncertain_places.is_empty());
        let patch = build(&[("quiet", 0), ("wrong", 0)]);
        assert!(patch.is_empty() && patch.found_places == 2);
    }

    #[test]
    fn a_wrong_skip_brings_the_digest_and_the_turn_again() {
        let recording = recording_from_lines(&LINES);
        let patch = build(&[("quiet", 10_000), ("wrong", 10_000), ("again", 10_000)]);
        assert!(patch.dropped_calls.is_empty());
        let turn = &recording.sessions[1];
        let calls = &recording.calls[turn.call_range()];
        let held: i64 = calls.iter().map(|it| it.usage.context_tokens() + it.usage.output).sum();
        // Both digests are of the one turn that there is: it is made again, call by call.
        assert_eq!(patch.spawned_sessions.len(), 2);
        for spawned in &patch.spawned_sessions {
            let (mut context, mut all) = (0, 0);
            for call in &spawned.calls {
                context += call.input;
                all += context + call.output;
                context += call.output;
            }
            assert_eq!((spawned.calls.len(), all), (2, held));
        }
        // Half of the half: both shares count together.
        let patch = build(&[("quiet", 5_000), ("wrong", 5_000), ("again", 0)]);
        let chances: Vec<Chance> = patch.uncertain_places.iter().map(|(it, _)| *it).collect();
        assert_eq!(chances, [Chance::from_basis_points(2_500); 2]);
    }

    #[test]
    fn the_break_even_is_told() {
        let sizes = TurnSizes { digests: 87, digest_tokens: 204_870_505, turn_tokens: 6_105_269 };
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("again", 10_000));
        let told = notes(&sizes, 249_539_861, &params);
        assert!(told[0].contains("204870505 tokens in 87 invocations, 82 %"), "{told:?}");
        // 2,354,833 / (2,354,833 + 6,105,269) = 27.8 %.
        assert!(told[1].starts_with("nothing is saved where 27 % of the skips"), "{told:?}");
        assert!(params.set_value("again", 0));
        assert!(notes(&sizes, 1, &params)[1].contains("where 100 %"));
    }
}
