//! G10: a step is left out.
//!
//! What: the sessions of the named steps are not held.
//!
//! Why it should pay: whatever they cost is saved whole.
//!
//! Formula: saved = usage of the sessions of the steps, and their time.
//!
//! Source: none; which steps a pipeline can do without is the user's to say.
//!
//! Lies: other steps may need what this one would have found, and then cost more. Nothing of that
//! is modelled: the figure is the most that can be saved.

use super::{Card, Grade, Intervention, Params, TextSpec, support};
use crate::plan::Patch;
use crate::recording::Recording;

/// Dropped steps.
pub struct G10;

static CARD: Card = Card {
    id: "G10",
    title: "a step left out",
    source: "the user's choice",
    knob: "the recipe of the pipeline",
    grade: Grade { effort: 1, risk: 3 },
    params: &[],
    texts: &[TextSpec { key: "steps", most: 100, what: "the steps that are left out" }],
    file: include_str!("g10.rs"),
};

impl Intervention for G10 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, params: &Params) -> Patch {
        let mut patch = Patch::default();
        let steps = params.names("steps");
        if steps.is_empty() {
            patch.notes.push("names no step: set `steps` in a scenario".to_owned());
        }
        patch.notes.extend(support::unknown_steps(recording, steps));
        for (_, session) in support::sessions(recording) {
            if steps.contains(&session.step) {
                patch.found += 1;
                for at in session.range() {
                    patch.drop_call_and_blocks(recording, at as u32, true);
                }
            }
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[&str], found: u32, dropped: &[u32]) {
        let recording = support::made::recording(&["step=a R1 -", "step=b -", "step=a -"]);
        let mut params = Params::modes(&CARD);
        let names = steps.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("steps", names));
        let patch = G10.patch(&recording, &params);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|dropped| dropped.call).collect();
        assert_eq!((patch.found, &met[..]), (found, dropped), "{steps:?}");
        let blocks = dropped.iter().map(|&call| recording.calls[call as usize].blocks).sum::<u32>();
        assert_eq!(patch.dropped_blocks.len(), blocks as usize);
    }

    #[test]
    fn named_steps_vanish_whole() {
        check(&["a"], 2, &[0, 1, 3]);
        check(&["b"], 1, &[2]);
        check(&["a", "b"], 3, &[0, 1, 2, 3]);
        check(&["x"], 0, &[]);
        check(&[], 0, &[]);
    }
}
