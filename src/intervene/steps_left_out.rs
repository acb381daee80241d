//! G10: Drop a step.
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

use super::{BuildGrade, Intervention, NameListSpec, ToggleCard, ToggleParams, support};
use crate::plan::Patch;
use crate::recording::Recording;

/// Dropped steps.
pub static G10: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G10",
    title: "Drop a step",
    source: "the user's choice",
    knob: "the recipe of the pipeline",
    grade: BuildGrade { effort: 1, risk: 3 },
    params: &[],
    name_lists: &[NameListSpec { key: "steps", most: 100, what: "the steps that are left out" }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let steps = params.names_of_list("steps");
    // Without a name it finds nothing, and the reader is told why.
    if steps.is_empty() {
        patch.notes.push("names no step: set `steps` in a scenario".to_owned());
    }
    patch.notes.extend(support::note_unknown_steps(recording, steps));
    for (_, session) in support::sessions_with_calls(recording) {
        if steps.contains(&session.step) {
            patch.found_places += 1;
            for at in session.call_range() {
                // `true`: nobody waits for a step that is not held.
                patch.drop_call_and_blocks(recording, at as u32, true);
            }
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[&str], found: u32, dropped: &[u32]) {
        let recording = support::test_recordings::recording_from_lines(&[
            "step=a R1 -",
            "step=b -",
            "step=a -",
        ]);
        let mut params = ToggleParams::modes_of_card(&CARD);
        let names = steps.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("steps", names));
        let patch = G10.build_patch(&recording, &params);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|dropped| dropped.call).collect();
        assert_eq!((patch.found_places, &met[..]), (found, dropped), "{steps:?}");
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
