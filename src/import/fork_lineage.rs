//! Threads that come from other threads: what they replay of these is not counted again.
//!
//! Forks and subagents open with a copy of their parent's events: in a burst, with the original
//! times or with new ones. A leading call is a copy if the parent has it (same usage, same running
//! total), or if the file itself says that it is older than the thread. A thread that starts its
//! own counter has nothing in common with its parent's calls and keeps all of its own.

use super::ParsedFile;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A replay writes its calls faster than any model answers. Source: MODEL.md, "Accounting".
pub const BURST_MS: i64 = 250;

/// Steps from a thread to the root of its family that are followed: deeper is a loop.
const MOST_STEPS: usize = 64;

/// Where a thread comes from and what tells its calls from copies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForkLineage {
    /// The source's id of the thread.
    pub session_id: String,
    /// The threads that it may have copied from, the nearest first; empty for a root.
    pub parents: Vec<String>,
    /// It says that it copied: a fork, or its file holds the head of another thread.
    pub copies: bool,
    /// Its counter was at zero before its first call.
    pub own_counter: bool,
    /// Leading calls that are older than the thread, by their times or places.
    pub older_calls: usize,
    /// Leading calls that were written in a burst, older ones included.
    pub burst_calls: usize,
    /// When it began.
    pub started_ms: i64,
    /// Its calls as its file shows them, copies included.
    pub call_fingerprints: Vec<CallFingerprint>,
}

impl ForkLineage {
    /// Threads in the order of their beginning: a copy is always the younger one's.
    fn age_order(&self) -> (i64, &str) {
        (self.started_ms, &self.session_id)
    }
}

/// What identifies a call among the calls of a thread and of its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallFingerprint {
    /// Fingerprint of its usage and of the running total behind it.
    pub fingerprint: u64,
    /// The running total behind it, tokens.
    pub total: i64,
    /// When it was told.
    pub at_ms: i64,
    /// Its line.
    pub line: u64,
}

/// Place of a draft: file and index.
type DraftPlace = (usize, usize);

/// Finds what drafts replay of other threads: how many of their first calls are copies. Names the
/// family of each by its root, and says where a parent is missing.
pub fn find_replayed_calls(
    read: &mut [(Option<&'static str>, ParsedFile)],
) -> BTreeMap<DraftPlace, usize> {
    let mut threads: HashMap<&str, Vec<&ForkLineage>> = HashMap::new();
    for (_, lineage) in lineages_of_drafts(read) {
        threads.entry(&lineage.session_id).or_default().push(lineage);
    }
    let mut replayed = BTreeMap::new();
    let mut roots: Vec<(DraftPlace, String)> = Vec::new();
    let mut orphans: Vec<(DraftPlace, u64, String)> = Vec::new();
    for (place, child) in lineages_of_drafts(read) {
        let Some(nearest) = child.parents.first() else { continue };
        roots.push((place, oldest_ancestor(nearest, &threads).to_owned()));
        let known: Vec<&ForkLineage> = child
            .parents
            .iter()
            .filter_map(|id| threads.get(id.as_str()))
            .flatten()
            .copied()
            .filter(|parent| parent.age_order() < child.age_order())
            .collect();
        let copies = if known.is_empty() {
            child.older_calls.max(child.burst_calls)
        } else {
            known
                .iter()
                .map(|parent| count_shared_calls(child, parent))
                .max()
                .unwrap_or(0)
                .max(child.older_calls)
        };
        if copies > 0 {
            replayed.insert(place, copies);
        }
        if copies > 0 && known.is_empty() {
            let reason = format!(
                "{copies} calls that thread {nearest} made, which is not among the files: copies \
                 are not counted"
            );
            orphans.push((place, child.call_fingerprints[0].line, reason));
        }
    }
    let mut told: BTreeSet<String> = BTreeSet::new();
    for ((file, index), root) in roots {
        read[file].1.drafts[index].session.pipeline = root;
    }
    for ((file, index), line, reason) in orphans {
        // The same rollout under another name says nothing new.
        let thread = &read[file].1.drafts[index].lineage;
        let thread = thread.as_ref().map_or("", |lineage| &lineage.session_id);
        if told.insert(thread.to_owned()) {
            read[file].1.add_skip(line, reason);
        }
    }
    replayed
}

fn lineages_of_drafts<'a>(
    read: &'a [(Option<&'static str>, ParsedFile)],
) -> impl Iterator<Item = (DraftPlace, &'a ForkLineage)> {
    read.iter().enumerate().flat_map(|(file, (_, parsed))| {
        let drafts = parsed.drafts.iter().enumerate();
        drafts.filter_map(move |(at, draft)| Some(((file, at), draft.lineage.as_ref()?)))
    })
}

/// The oldest known ancestor.
fn oldest_ancestor<'a>(thread: &'a str, threads: &HashMap<&str, Vec<&'a ForkLineage>>) -> &'a str {
    let mut root = thread;
    for _ in 0..MOST_STEPS {
        let known = threads.get(root).and_then(|all| all.first());
        match known.and_then(|lineage| lineage.parents.first()) {
            Some(parent) => root = parent,
            None => break,
        }
    }
    root
}

/// How many leading calls of `child` are calls of `parent`.
fn count_shared_calls(child: &ForkLineage, parent: &ForkLineage) -> usize {
    let mut left = parent.call_fingerprints.iter();
    let same = child
        .call_fingerprints
        .iter()
        .take_while(|mark| left.any(|other| other.fingerprint == mark.fingerprint))
        .count();
    // One call that happens to have the numbers of one of the parent's proves nothing.
    let chance = same == 1 && child.own_counter && !child.copies && child.burst_calls == 0;
    if chance || (same == 0 && child.own_counter) {
        return 0;
    }
    // The rest of the burst is the parent's too where the counter has not passed the fork.
    let before = parent.call_fingerprints.iter().filter(|mark| mark.at_ms <= child.started_ms);
    let fork = before.map(|mark| mark.total).next_back().unwrap_or(0);
    let rest = child.call_fingerprints[same..child.burst_calls.max(same)].iter();
    same + rest.take_while(|mark| mark.total <= fork).count()
}

/// For each draft of a thread that several files hold: its place among them, the fullest first.
#[must_use]
pub fn rank_duplicate_drafts(
    read: &[(Option<&'static str>, ParsedFile)],
) -> BTreeMap<DraftPlace, usize> {
    let mut threads: BTreeMap<&str, Vec<(std::cmp::Reverse<usize>, DraftPlace)>> = BTreeMap::new();
    for (place, lineage) in lineages_of_drafts(read) {
        let fullest = std::cmp::Reverse(lineage.call_fingerprints.len());
        threads.entry(&lineage.session_id).or_default().push((fullest, place));
    }
    let several = threads.into_values().filter(|places| places.len() > 1);
    let ranked = several.flat_map(|mut places| {
        places.sort_unstable();
        places.into_iter().enumerate().map(|(rank, (_, place))| (place, rank))
    });
    ranked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
