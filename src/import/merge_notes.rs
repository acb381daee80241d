//! What a reader should know of the files together: copies, branches, and what stands nowhere.

use super::copied_calls::{DraftOrder, OriginalCalls};
use super::parsed_file::ReadFile;
use super::skip::ImportNote;
use crate::recording::Remainder;
use std::collections::{BTreeMap, BTreeSet};

/// The notes of an import, while every file still has its copies.
pub(super) fn notes_of_files(
    read: &[ReadFile],
    order: &DraftOrder,
    originals: &OriginalCalls,
) -> Vec<ImportNote> {
    let (mut copies, mut branches, mut untold) = (0, 0, 0);
    for &(file, index) in &order.places {
        let draft = &read[file].1.drafts[index];
        let is_counted = |at: usize| !originals.contains_key(&(file, index, at));
        let is_empty = !(0..draft.identities.len()).any(is_counted);
        // A session that goes on in another file copies nothing; a copy that holds a call of its
        // own has branched off.
        let mut own = originals.range((file, index, 0)..(file, index + 1, 0));
        let is_copy = is_empty || own.any(|(copy, original)| copy != original);
        // Progress records retell a subagent as a matter of course: that is no copy of a file.
        if is_copy && order.lesser_copies.contains(&(file, index)) && !draft.is_retold {
            *(if is_empty { &mut copies } else { &mut branches }) += 1;
        }
        let calls = draft.identities.iter().enumerate().filter(|(_, identity)| identity.is_untold);
        // A call that a running total alone tells of may stand beside one that is told.
        let sums = draft.beyond.iter().filter(|(call, _)| is_counted(**call as usize));
        let sums = sums.flat_map(|(_, more)| more);
        untold += calls.filter(|(at, _)| is_counted(*at)).count();
        untold += sums.filter(|more| more.why == Remainder::UNTOLD_CALL).count();
    }
    let mut notes = Vec::new();
    if copies + branches > 0 {
        notes.push(ImportNote::CopiedSessions { copies, branches });
    }
    notes.extend(note_missing_agents(read));
    if untold > 0 {
        notes.push(ImportNote::UntoldCalls(untold));
    }
    notes
}

/// Subagents that reported what they used, and whose calls no file shows.
fn note_missing_agents(read: &[ReadFile]) -> Option<ImportNote> {
    let drafts = read.iter().flat_map(|(_, parsed)| &parsed.drafts);
    let shown: BTreeSet<&str> = drafts.map(|draft| draft.session.id.as_str()).collect();
    let mut missing: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, tokens) in read.iter().flat_map(|(_, parsed)| &parsed.reported_agents) {
        if !shown.contains(id.as_str()) {
            // A subagent that was asked again reports again: its last context is its largest.
            let known = missing.entry(id).or_default();
            *known = (*known).max(*tokens);
        }
    }
    let (agents, tokens) = (missing.len(), missing.values().sum());
    (agents > 0).then_some(ImportNote::MissingSubagents { agents, tokens })
}
