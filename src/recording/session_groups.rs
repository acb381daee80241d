//! A recording cut into parts of whole groups of sessions, so that no part has a say in another.
//!
//! What ties sessions is coarse, and no toggle looks further:
//!
//! * a pipeline, and an id or what stands before its stroke: steps go on from each other, places of
//!   a share are counted by id, a subagent belongs to its session;
//! * packets: all sessions that one woke hang together, since agents and roots tie any of them;
//! * a tool's use and its result, where they stand in two sessions.
//!
//! Where packets started the sessions of a queue nothing is cut: what such a queue does not tell is
//! asked of all sessions.

use super::public_names::owner_of_id;
use super::{Recording, hex_prefix};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Which part takes each session, and what names the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordingCut {
    part_of_session: Vec<usize>,
    /// The digests of the parts as recordings of their own, hexadecimal.
    pub(crate) digests: Vec<String>,
}

impl RecordingCut {
    /// The recording as the only part.
    pub(crate) fn whole(recording: &Recording) -> Self {
        Self::of_parts(recording, vec![0; recording.sessions.len()], 1)
    }

    /// At most so many parts, of about as many calls each; fewer where there are fewer groups.
    pub(crate) fn into_groups(recording: &Recording, most: usize) -> Self {
        let groups = session_groups(recording);
        if groups.len().min(most) <= 1 {
            return Self::whole(recording);
        }
        let sessions = |group: &[usize]| -> usize {
            // A session without calls weighs something, so that every part gets a group.
            group.iter().map(|&at| 1 + recording.sessions[at].calls as usize).sum()
        };
        let mut groups: Vec<(usize, Vec<usize>)> =
            groups.into_iter().map(|group| (sessions(&group), group)).collect();
        // The largest first, each to the part that has least; the first one where several have.
        groups.sort_by_key(|(weight, group)| (Reverse(*weight), group[0]));
        let count = groups.len().min(most);
        let mut parts: BinaryHeap<Reverse<(usize, usize)>> =
            (0..count).map(|part| Reverse((0, part))).collect();
        let mut part_of_session = vec![0; recording.sessions.len()];
        for (weight, group) in groups {
            let Some(Reverse((held, part))) = parts.pop() else { break };
            for session in group {
                part_of_session[session] = part;
            }
            parts.push(Reverse((held + weight, part)));
        }
        Self::of_parts(recording, part_of_session, count)
    }

    fn of_parts(recording: &Recording, part_of_session: Vec<usize>, count: usize) -> Self {
        let digests = match count {
            1 => vec![recording.recording_digest()],
            _ => recording.digests_of_parts(&part_of_session, count),
        };
        let digests = digests.iter().map(|digest| hex_prefix(digest, digest.len())).collect();
        Self { part_of_session, digests }
    }

    /// A part as a recording of its own, with the names and ids of the whole.
    pub(crate) fn part(&self, recording: &Recording, part: usize) -> Recording {
        recording.filter_by_index(|session| self.part_of_session[session] == part)
    }
}

/// The sessions of each group in order; groups stand in the order of their first sessions.
fn session_groups(recording: &Recording) -> Vec<Vec<usize>> {
    let sessions = &recording.sessions;
    let mut ties = Ties::none(sessions.len());
    let mut first_of: HashMap<&str, usize> = HashMap::new();
    for (at, session) in sessions.iter().enumerate() {
        let names = [owner_of_id(&session.id), &session.pipeline];
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            ties.join(*first_of.entry(name).or_insert(at), at);
        }
    }
    let session_of = |call: u32| recording.calls[call as usize].session as usize;
    for pair in recording.invocations.windows(2) {
        ties.join(session_of(pair[0].call), session_of(pair[1].call));
    }
    for block in &recording.blocks {
        if let Some(peer) = block.peer_block() {
            ties.join(session_of(block.call), session_of(recording.blocks[peer].call));
        }
    }
    if recording.invocations.iter().any(|one| one.packet.queue_reasons().is_some()) {
        for at in 1..sessions.len() {
            ties.join(0, at);
        }
    }
    ties.into_groups()
}

/// What hangs together: trees, each under the first of its members.
pub(crate) struct Ties(Vec<usize>);

impl Ties {
    /// So many members, none of which hang together.
    pub(crate) fn none(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The root of a tree; the way to it gets shorter.
    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    /// Two members hang together: the root that comes later goes under the earlier one.
    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }

    /// The members of each tree in order; trees stand in the order of their first members.
    pub(crate) fn into_groups(mut self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut group_of: Vec<Option<usize>> = vec![None; self.0.len()];
        for at in 0..self.0.len() {
            let group = *group_of[self.root(at)].get_or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(at);
        }
        groups
    }
}
