//! R9: Stop orphaned subagents.
//!
//! What: subagent processes that outlive their session leave crash records in the diagnostics.
//! The fix ends them with their session.
//!
//! Why it should pay: it does not cost tokens and saves none; the processes are killed before
//! they call anything. It removes false alarms.
//!
//! Formula: crash records after = crash records - orphans.
//!
//! Source: order 774, recommendation R9 (issue 792): 41 records, 30 of them orphans
//! in 10 triplets, 11 duplicates of reused process ids, which remain.
//!
//! Lies: none known; transcripts do not hold crash records, so it finds nothing there.

use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// Orphans cleaned.
pub static R9: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R9",
    title: "Stop orphaned subagents",
    source: "order 774, R9 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "CLAUDE_CODE_EXIT_AFTER_STOP_DELAY for every subagent",
    grade: BuildGrade { effort: 2, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    let crashes = recording.crashes;
    let mut notes = Vec::new();
    // Crash records are no calls: there is a note and nothing to replay.
    if crashes.orphans > 0 {
        notes.push(format!(
            "no tokens: {} crash records become {}",
            crashes.records,
            // More orphans than records is a fault of the source, and no negative count.
            crashes.records - crashes.orphans.min(crashes.records)
        ));
    }
    Patch { found_places: crashes.orphans, notes, ..Patch::default() }
}
