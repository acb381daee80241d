//! E8: Allowlist of repositories.
//!
//! What: searches and sessions keep to repositories on a list.
//!
//! Why it should pay: broad searches wander into unrelated clones, and repositories without a
//! reliable signal return nothing.
//!
//! Formula: a factor on the search of every session that is made: share x search. Of a queue that
//! does not tell what part of a session is search, and of a bucket, share x all of its tokens.
//!
//! Source: operational economics (2026-06-11), whole-workspace scans and low-return repositories.
//! Neither the part of a session that is search nor what a list spares is published, so that the
//! saving lies between nothing and 4.01M tokens.
//!
//! Lies: a repository that would have paid is never seen.

use super::support::queue_sessions::{queue_sessions, queue_tells};
use super::support::{blocks_of_call, named_work};
use super::{BuildGrade, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{BlockMarks, QueueReason, Recording};
use crate::units::share_of;

/// Repository allowlist.
pub static E8: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "E8",
    title: "Allowlist of repositories",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "an allowlist and an ignore list of the search tools",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[named_work::asked_share(
        "share that a list spares: of a queue's search where that is told, of generation and \
         maintenance otherwise",
    )],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    // What no queue tells is asked of all the tokens.
    let sessions = queue_sessions(recording);
    if !queue_tells(&sessions, QueueReason::SearchUntold) {
        return named_work::take_maintenance_share(recording, params);
    }
    let mut patch = Patch::default();
    let share = params.get("share");
    for at in sessions.into_iter().flat_map(|session| session.calls) {
        for (index, block) in blocks_of_call(recording, at) {
            if block.marks.contains(BlockMarks::SEARCH) {
                patch.found_places += 1;
                let left = block.tokens - share_of(block.tokens, share);
                if left < block.tokens {
                    patch.replaced_blocks.push((index, left));
                }
            }
        }
    }
    patch
}
