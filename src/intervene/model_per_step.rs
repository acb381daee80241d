//! G8: Cheaper model for some steps.
//!
//! What: the sessions of the named steps (all sessions, if none is named) run on the named model.
//!
//! Why it should pay: prices differ by a factor of 5 and more between models of one family.
//!
//! Formula: every token class of the session at the other model's price. A share `more_calls` of
//! the calls is made once more, each entering and producing what the call that it follows did.
//! Model switches inside the session no longer happen: each saves the write of its context at the
//! price of a write less that of a read.
//!
//! Source: price book (MODEL.md, "Price"). How many more calls a cheaper model takes is known of
//! no pair of models; one task varies by a factor of up to 30 in tokens on one model (arXiv
//! 2604.22750).
//!
//! Lies: whether the other model can do the work is not modelled, nor that a better one may need
//! fewer calls. Token counts of another tokenizer are the replay's concern (MODEL.md, "Known
//! lies"). A model switch that falls together with a compaction is left as it is.

use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, PlaceShare,
    ToggleCard, ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::{CacheBreak, Recording, Session};

/// Model per step.
pub static G8: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G8",
    title: "Cheaper model for some steps",
    source: "price book; arXiv 2604.22750",
    knob: "--model, model in agent files and skills, CLAUDE_CODE_SUBAGENT_MODEL",
    grade: BuildGrade { effort: 1, risk: 3 },
    params: &[ParamSpec {
        key: "more_calls",
        unit: ParamUnit::BasisPoints,
        low: 0,
        mode: 8_500,
        high: 10_000,
        asked: false,
        confidence: Confidence::FewCases,
        what: "share of calls made once more on the other model",
        source: "the same 34 tasks on a small and on a larger model: calls x 1.85 in the median, \
                 x 0.59 to x 5.3 from P10 to P90, measured 2026-11-28; more than twice the calls \
                 cannot be said",
    }],
    name_lists: &[
        NameListSpec { key: "model", most: 1, what: "the model to run on" },
        NameListSpec { key: "steps", most: 100, what: "the steps that move; all if none is named" },
    ],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // There is no plausible default: which model could do the work is the user's to say.
    let Some(model) = params.names_of_list("model").first() else {
        patch.notes.push("names no model: set `model` in a scenario".to_owned());
        return patch;
    };
    let steps = params.names_of_list("steps");
    patch.notes.extend(support::note_unknown_steps(recording, steps));
    let mut more_calls = PlaceShare::new(params, "more_calls");
    for (index, session) in support::sessions_with_calls(recording) {
        let meant = steps.is_empty() || steps.contains(&session.step);
        // A session that ran on the model already would change nothing.
        let mut calls = recording.calls[session.call_range()].iter();
        if !meant || calls.all(|call| recording.model_name(call.model) == model) {
            continue;
        }
        patch.found_places += 1;
        patch.remodelled_sessions.push((index, model.clone()));
        // On one model nothing switches, so that these cache losses do not happen.
        patch.healed_calls.extend(model_switches(recording, session));
        support::repeat_share_of_calls(
            recording,
            session.call_range(),
            &mut more_calls,
            &mut patch,
        );
    }
    patch
}

/// The calls at which a session went on on another model.
fn model_switches(recording: &Recording, session: &Session) -> impl Iterator<Item = u32> {
    let calls = session.call_range().skip(1);
    calls
        .filter(|&at| {
            // A break to nothing where the model changes is the switch's doing. With a compaction
            // in the same place the cache is lost in any case.
            recording.calls[at].cache_break == CacheBreak::ToZero
                && recording.calls[at].model != recording.calls[at - 1].model
                && support::context_goes_on(recording, at)
        })
        .map(|at| at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{inserted_calls, recording_from_lines};

    const OPUS: &str = "claude-opus-4-6";
    const HAIKU: &str = "claude-haiku-4-5";

    fn patch(lines: &[&str], model: &str, steps: &[&str], more_calls: i64) -> Patch {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("more_calls", more_calls));
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("model", names(&[model])));
        assert!(params.set_names("steps", names(steps)));
        G8.build_patch(&recording_from_lines(lines), &params)
    }

    fn check(lines: &[&str], model: &str, steps: &[&str], moved: &[u32]) {
        let patch = patch(lines, model, steps, 0);
        let met: Vec<u32> = patch.remodelled_sessions.iter().map(|(session, _)| *session).collect();
        assert_eq!(met, moved, "{lines:?}");
        assert_eq!(patch.found_places as usize, moved.len());
    }

    #[test]
    fn sessions_of_the_steps_move_unless_they_are_there() {
        check(&["step=a R1 -", "step=b -"], HAIKU, &[], &[0, 1]);
        check(&["step=a R1 -", "step=b -"], HAIKU, &["b"], &[1]);
        check(&["step=a R1 -", "step=b model=claude-haiku-4-5 -"], HAIKU, &[], &[0]);
        check(&["step=a R1 -"], OPUS, &[], &[]);
        check(&["step=a R1 ~-"], OPUS, &[], &[0]);
    }

    #[test]
    fn without_a_model_nothing_is_found_and_the_key_is_named() {
        let patch =
            G8.build_patch(&recording_from_lines(&["R1 -"]), &ToggleParams::modes_of_card(&CARD));
        assert!(patch.is_empty() && patch.found_places == 0);
        assert!(patch.notes[0].contains("`model`"));
    }

    #[test]
    fn a_step_that_nobody_made_is_told() {
        let patch = patch(&["step=a -"], HAIKU, &["x"], 0);
        assert_eq!((patch.found_places, &patch.notes[0][..]), (0, "no session of step x"));
    }

    #[test]
    fn switches_inside_a_session_do_not_happen() {
        assert_eq!(patch(&["R1 ~R2 ~!-"], HAIKU, &[], 0).healed_calls, [1]);
    }

    #[test]
    fn more_calls_repeat_what_was_done() {
        let patch = patch(&["R1:900 R2:700 -"], HAIKU, &[], 5_000);
        let inserted = inserted_calls(&patch);
        let chances = patch.uncertain_places.iter().map(|(chance, _)| chance.of_amount(100));
        assert_eq!(chances.collect::<Vec<i64>>(), [50, 50]);
        let met: Vec<(u32, i64, i64)> =
            inserted.iter().map(|new| (new.after, new.input, new.output)).collect();
        assert_eq!(met, [(1, 900, 80), (2, 700, 30)]);
    }
}
