//! Sessions that come from other sessions: what they replay of these is not counted again.
//!
//! Forks and subagents open with a copy of their parent's events: in a burst, with the original
//! times or with new ones. A leading call is a copy if the parent has it (same usage, same running
//! total), or if the file itself says that it is older than the session. A session that starts its
//! own counter has nothing in common with its parent's calls and keeps all of its own.

use super::parsed_file::{ForkLineage, ReadFile};
use super::skip::SkipReason;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A replay writes its calls faster than any model answers. Source: MODEL.md, "Accounting".
pub(super) const BURST_MS: i64 = 250;

/// Steps from a session to the root of its family that are followed: deeper is a loop.
const MOST_STEPS: usize = 64;

/// Place of a draft: file and index.
pub(super) type DraftPlace = (usize, usize);

/// Lineages by the id of their session, which several files may hold.
type LineagesById<'a> = HashMap<&'a str, Vec<&'a ForkLineage>>;

/// Finds what drafts replay of other sessions: how many of their first calls are copies. Names the
/// family of each by its root, and says where a parent is missing.
pub(super) fn find_replayed_calls(read: &mut [ReadFile]) -> BTreeMap<DraftPlace, usize> {
    let mut by_id: LineagesById<'_> = HashMap::new();
    for (_, lineage) in lineages_of_drafts(read) {
        by_id.entry(&lineage.session_id).or_default().push(lineage);
    }
    let mut replayed = BTreeMap::new();
    let mut roots: Vec<(DraftPlace, String)> = Vec::new();
    // By session, so that the same rollout under another name is told of once.
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut orphans: Vec<(usize, u64, SkipReason)> = Vec::new();
    for (place, child) in lineages_of_drafts(read) {
        let Some(nearest) = child.parents.first() else { continue };
        roots.push((place, oldest_ancestor(nearest, &by_id).to_owned()));
        // Where files name each other as parents, the older one is nobody's copy.
        let shared = child
            .parents
            .iter()
            .filter_map(|id| by_id.get(id.as_str()))
            .flatten()
            .filter(|parent| parent.age_order() < child.age_order())
            .map(|parent| count_shared_calls(child, parent))
            .max();
        // Without a parent to compare with, the burst at the start is all there is to go by.
        let calls = shared.unwrap_or(child.burst_calls).max(child.older_calls);
        if calls == 0 {
            continue;
        }
        replayed.insert(place, calls);
        if shared.is_none() && told.insert(&child.session_id) {
            let reason = SkipReason::OrphanedCopies { calls, parent: nearest.clone() };
            orphans.push((place.0, child.call_fingerprints[0].line, reason));
        }
    }
    for ((file, index), root) in roots {
        read[file].1.drafts[index].session.pipeline = root;
    }
    for (file, line, reason) in orphans {
        read[file].1.add_skip(line, reason);
    }
    replayed
}

fn lineages_of_drafts(read: &[ReadFile]) -> impl Iterator<Item = (DraftPlace, &ForkLineage)> {
    read.iter().enumerate().flat_map(|(file, (_, parsed))| {
        let drafts = parsed.drafts.iter().enumerate();
        drafts.filter_map(move |(at, draft)| Some(((file, at), draft.lineage.as_ref()?)))
    })
}

/// The oldest known ancestor.
fn oldest_ancestor<'a>(id: &'a str, by_id: &LineagesById<'a>) -> &'a str {
    let mut root = id;
    // Bounded, since files may claim to descend from each other.
    for _ in 0..MOST_STEPS {
        let known = by_id.get(root).and_then(|all| all.first());
        match known.and_then(|lineage| lineage.parents.first()) {
            Some(parent) => root = parent,
            None => break,
        }
    }
    root
}

/// How many leading calls of `child` are calls of `parent`.
fn count_shared_calls(child: &ForkLineage, parent: &ForkLineage) -> usize {
    // A copy may leave calls of its parent out, but never changes their order.
    let mut of_parent = parent.call_fingerprints.iter();
    let same = child
        .call_fingerprints
        .iter()
        .take_while(|own| of_parent.any(|other| other.fingerprint == own.fingerprint))
        .count();
    // One call that happens to have the numbers of one of the parent's proves nothing.
    let by_chance = same == 1 && child.own_counter && !child.copies && child.burst_calls == 0;
    if by_chance || (same == 0 && child.own_counter) {
        return 0;
    }
    // The rest of the burst is the parent's too where the counter has not passed the fork.
    let total_at_fork = parent
        .call_fingerprints
        .iter()
        .rfind(|call| call.at_ms <= child.started_ms)
        .map_or(0, |call| call.total);
    let rest_of_burst = &child.call_fingerprints[same..child.burst_calls.max(same)];
    same + rest_of_burst.iter().take_while(|call| call.total <= total_at_fork).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::parsed_file::CallFingerprint;

    /// A thread with these running totals, one call a second from the given time on.
    fn thread(totals: &[i64], started_ms: i64) -> ForkLineage {
        let mark = |(at, &total): (usize, &i64)| {
            let at_ms = started_ms + 1_000 * at as i64;
            CallFingerprint { fingerprint: total as u64, total, at_ms, line: at as u64 + 1 }
        };
        let marks = totals.iter().enumerate().map(mark).collect();
        ForkLineage {
            own_counter: true,
            started_ms,
            call_fingerprints: marks,
            ..ForkLineage::default()
        }
    }

    fn check(child: &ForkLineage, parent: &ForkLineage, expect: usize) {
        assert_eq!(count_shared_calls(child, parent), expect, "{child:?}");
    }

    #[test]
    fn what_the_parent_has_is_a_copy() {
        let parent = thread(&[10, 20, 30, 40], 0);
        check(&thread(&[10, 20, 30, 45], 5_000), &parent, 3);
        check(&thread(&[10, 30, 55], 5_000), &parent, 2);
        check(&thread(&[11, 20, 30], 5_000), &parent, 0);
        check(&thread(&[], 5_000), &parent, 0);
    }

    #[test]
    fn one_number_in_common_is_chance_unless_the_file_says_that_it_copied() {
        let parent = thread(&[10, 20, 30, 40], 0);
        let own = thread(&[10, 25], 5_000);
        check(&own, &parent, 0);
        check(&ForkLineage { copies: true, ..own.clone() }, &parent, 1);
        check(&ForkLineage { burst_calls: 1, ..own }, &parent, 1);
    }

    #[test]
    fn a_burst_below_the_fork_is_a_copy_too() {
        let parent = thread(&[10, 20, 30, 40], 0);
        let child = ForkLineage { burst_calls: 4, ..thread(&[10, 20, 22, 30, 52], 5_000) };
        check(&child, &parent, 4);
        let beyond = ForkLineage { burst_calls: 3, ..thread(&[10, 20, 41], 5_000) };
        check(&beyond, &parent, 2);
        let own = ForkLineage { burst_calls: 2, ..thread(&[5, 9], 5_000) };
        check(&own, &parent, 0);
    }
}
