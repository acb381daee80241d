//! Which bits say where contexts start over or are cleared.

use super::{Island, Plan, ToggleSubset};

/// The bits of a subset that say where contexts start over or are cleared, session by session.
/// Sessions that go on from each other under the subset share them.
#[derive(Clone, Debug)]
pub(crate) enum PlacingBits {
    /// Of all sessions alike.
    Shared(ToggleSubset),
    /// Of each session of an island.
    Own(Vec<ToggleSubset>),
}

impl PlacingBits {
    /// Of a session, by its place in the island.
    pub(crate) fn of_session(&self, at: usize) -> ToggleSubset {
        match self {
            Self::Shared(bits) => *bits,
            Self::Own(bits) => bits[at],
        }
    }
}

impl Plan {
    /// The bits of a subset that say where contexts of an island start over or are cleared.
    pub(crate) fn placing_bits(&self, island: &Island, subset: ToggleSubset) -> PlacingBits {
        let first = island.sessions.start as usize;
        let sessions = &self.sessions[first..island.sessions.end as usize];
        if sessions.len() == 1 || subset & island.placed_by == 0 {
            return PlacingBits::Shared(subset & island.placed_by);
        }
        // The head of each chain of sessions that go on from each other. One that is spawned stands
        // with the session that spawns it.
        let mut head: Vec<usize> = Vec::with_capacity(sessions.len());
        for (at, session) in sessions.iter().enumerate() {
            let from = self.resumed_from(session, subset).map(|from| from - first);
            let parent = (at > 0 && sessions[at - 1].session == session.session).then(|| at - 1);
            head.push(from.or(parent).map_or(at, |before| head[before]));
        }
        let mut bits = vec![0; sessions.len()];
        for (session, head) in sessions.iter().zip(&head) {
            bits[*head] |= session.placed_by & subset;
        }
        PlacingBits::Own(head.into_iter().map(|head| bits[head]).collect())
    }

    /// Whether a subset changes contexts of an island that end at a threshold: then it is measured
    /// on the places that its placing bits alone give.
    pub(crate) fn needs_schedule(&self, island: &Island, subset: ToggleSubset) -> bool {
        let touching = subset & island.touched_by;
        // Where nothing compacts and no rule places anything, no context ends by itself.
        if !island.compacts && touching & island.ruled_by == 0 {
            return false;
        }
        match self.placing_bits(island, subset) {
            // Where nothing else is on, the places are decided by the pass itself.
            PlacingBits::Shared(bits) => bits != touching,
            PlacingBits::Own(bits) => bits.iter().any(|bits| *bits != touching),
        }
    }
}
