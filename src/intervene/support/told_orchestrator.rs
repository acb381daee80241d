//! The orchestrator of which a recording tells a total alone.

use crate::ids::NO_INDEX;
use crate::plan::{DispatchChange, Patch};
use crate::recording::{Recording, Remainder};

/// What a change of the orchestrator comes to in a recording: found where one is told as a total,
/// and no call of any session moves.
pub fn patch_of_told_orchestrator(recording: &Recording, change: DispatchChange) -> Patch {
    // Its total stands beside all sessions, for no session shows its calls.
    let told = recording
        .remainders
        .iter()
        .filter(|rest| rest.session == NO_INDEX && rest.why == Remainder::ORCHESTRATOR);
    let found_places = told.count() as u32;
    if found_places == 0 {
        return Patch::default();
    }
    let note = "no call of the summary's sessions moves, and there are no dollars: no source names \
                the orchestrator's model";
    Patch {
        found_places,
        dispatching: Some(change),
        notes: vec![note.to_owned()],
        ..Patch::default()
    }
}
