//! Which sessions hang together, and in which order they are replayed.

use super::ResumedSession;
use crate::recording::Recording;

/// Sessions, given by their starts, island by island: an island stands where its first session
/// stood, and its sessions in order of time, so that one which another goes on from comes first.
pub(super) fn group_into_islands<'a>(
    starts_ms: &[i64],
    resumed: impl Iterator<Item = &'a ResumedSession>,
) -> Vec<Vec<u32>> {
    // Sessions form trees, each under the island's first session: joining two trees puts the root
    // that comes later under the earlier one.
    let mut root: Vec<usize> = (0..starts_ms.len()).collect();
    for resumed in resumed {
        let (a, b) =
            (find_root(&root, resumed.session as usize), find_root(&root, resumed.from as usize));
        root[a.max(b)] = a.min(b);
    }
    // Islands in the order of their first sessions, so that the plan of a recording is always the
    // same.
    let mut islands: Vec<Vec<u32>> = Vec::new();
    let mut island_of: Vec<Option<usize>> = vec![None; root.len()];
    for session in 0..root.len() {
        let at = *island_of[find_root(&root, session)].get_or_insert_with(|| {
            islands.push(Vec::new());
            islands.len() - 1
        });
        islands[at].push(session as u32);
    }
    for island in &mut islands {
        // By time: what a session goes on from must be replayed before it. The index breaks ties,
        // so that equal starts do not leave the order to chance.
        island.sort_by_key(|&session| (starts_ms[session as usize], session));
    }
    islands
}

fn find_root(root: &[usize], mut at: usize) -> usize {
    while root[at] != at {
        at = root[at];
    }
    at
}

/// When the first call of each session starts.
pub(super) fn session_starts_ms(recording: &Recording) -> Vec<i64> {
    let first_calls =
        recording.sessions.iter().map(|session| recording.calls.get(session.first_call as usize));
    // A session without calls at the end of the recording starts after all others.
    first_calls.map(|call| call.map_or(i64::MAX, |call| call.start_ms)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(starts_ms: &[i64], resumed: &[(u32, u32)], want: &[&[u32]]) {
        let of = |&(session, from): &(u32, u32)| ResumedSession { session, from };
        let resumed: Vec<ResumedSession> = resumed.iter().map(of).collect();
        assert_eq!(group_into_islands(starts_ms, resumed.iter()), want, "{resumed:?}");
    }

    #[test]
    fn sessions_that_go_on_from_each_other_hang_together() {
        check(&[], &[], &[]);
        check(&[0, 10, 20], &[], &[&[0], &[1], &[2]]);
        check(&[0, 10, 20], &[(2, 0)], &[&[0, 2], &[1]]);
        check(&[20, 10, 0], &[(0, 2), (1, 2)], &[&[2, 1, 0]]);
        check(&[0, 1, 2, 3], &[(3, 2), (1, 0), (2, 1)], &[&[0, 1, 2, 3]]);
    }
}
