//! Which sessions hang together, and in which order they are replayed.

use super::ResumedSession;
use crate::recording::{Recording, Ties};

/// Some sessions, in order, island by island: an island stands where its first session stood, and
/// its sessions in order of time, so that one which another goes on from comes first.
pub(super) fn group_into_islands<'a>(
    sessions: &[u32],
    start_ms_of: impl Fn(u32) -> i64,
    resumed: impl Iterator<Item = &'a ResumedSession>,
) -> Vec<Vec<u32>> {
    let mut ties = Ties::none(sessions.len());
    for resumed in resumed {
        let places = [resumed.session, resumed.from].map(|one| sessions.binary_search(&one));
        if let [Ok(a), Ok(b)] = places {
            ties.join(a, b);
        }
    }
    // Islands in the order of their first sessions, so that the plan of a recording is always the
    // same.
    let islands = ties.into_groups().into_iter();
    let mut islands: Vec<Vec<u32>> =
        islands.map(|island| island.into_iter().map(|place| sessions[place]).collect()).collect();
    for island in &mut islands {
        // By time: what a session goes on from must be replayed before it. The index breaks ties,
        // so that equal starts do not leave the order to chance.
        island.sort_by_key(|&session| (start_ms_of(session), session));
    }
    islands
}

/// When the first call of a session starts.
pub(super) fn session_start_ms(recording: &Recording, session: u32) -> i64 {
    let first = recording.sessions[session as usize].first_call as usize;
    // A session without calls at the end of the recording starts after all others.
    recording.calls.get(first).map_or(i64::MAX, |call| call.start_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(starts_ms: &[i64], resumed: &[(u32, u32)], want: &[&[u32]]) {
        let of = |&(session, from): &(u32, u32)| ResumedSession { session, from };
        let resumed: Vec<ResumedSession> = resumed.iter().map(of).collect();
        let all: Vec<u32> = (0..starts_ms.len() as u32).collect();
        let start_ms_of = |session| starts_ms[session as usize];
        assert_eq!(group_into_islands(&all, start_ms_of, resumed.iter()), want, "{resumed:?}");
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
