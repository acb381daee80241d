//! Invocations: agents that packets of an orchestrator woke, and the calls made for each.

use super::Recording;
use std::ops::Range;

/// What an orchestrator hands to an agent; all of it names, no text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    /// The source's id of it; a retry has the same.
    pub id: String,
    /// The agent that it wakes.
    pub agent: String,
    /// What it asks for, e.g. `EXECUTE`.
    pub kind: String,
    /// The piece of work that it belongs to.
    pub root: String,
    /// For a digest: what it tells of, e.g. `TASK_COMPLETE:STATUS`; empty otherwise.
    pub source: String,
}

/// An agent woken by a packet. Its calls go from `call` to the next invocation of the session or
/// the session's end; of several at the same call the last one has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Index of the first call made for it.
    pub call: u32,
    /// The packet.
    pub packet: Packet,
}

/// The kind of packet that tells a controller what happened.
pub(crate) const DIGEST_KIND: &str = "ORCHESTRATOR_UPDATE";

impl Packet {
    /// Whether it tells a controller what happened.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.kind == DIGEST_KIND
    }
}

impl Recording {
    /// The calls of invocation `index`; none where a later one took its place.
    #[must_use]
    pub fn calls_of_invocation(&self, index: usize) -> Range<usize> {
        let first = self.invocations[index].call as usize;
        let end = self.sessions[self.calls[first].session as usize].call_range().end;
        let next = self.invocations.get(index + 1).map_or(end, |next| next.call as usize);
        first..next.min(end)
    }
}
