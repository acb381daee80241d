//! What patches say about whole sessions, found by session.

use super::{Chance, Patch, ResumedSession, SessionRules, SpawnedSession, ToggleSubset};
use crate::recording::Recording;

/// Facts of one kind, each with its session and the bit of its patch. They are sorted by session;
/// those of one session stand in the order of the patches.
pub(super) struct FactsBySession<T>(Vec<(u32, ToggleSubset, T)>);

impl<T> FactsBySession<T> {
    fn from_patches<'a, I: Iterator<Item = (u32, T)>>(
        patches: &'a [Patch],
        facts_of_patch: impl Fn(&'a Patch) -> I,
    ) -> Self {
        let mut facts = Vec::new();
        for (index, patch) in patches.iter().enumerate() {
            facts.extend(facts_of_patch(patch).map(|(session, fact)| (session, 1 << index, fact)));
        }
        // Stable, so that the patches keep their order within a session.
        facts.sort_by_key(|(session, ..)| *session);
        Self(facts)
    }

    /// The facts about one session.
    pub(super) fn of_session(&self, session: u32) -> impl Iterator<Item = (ToggleSubset, &T)> {
        let first = self.0.partition_point(|(other, ..)| *other < session);
        let own = self.0[first..].iter().take_while(move |(other, ..)| *other == session);
        own.map(|(_, bit, fact)| (*bit, fact))
    }
}

/// What all patches say about sessions. It is sorted once per plan: a search in the lists of every
/// patch for every session would take quadratic time in the number of sessions.
pub(super) struct SessionFacts<'a> {
    pub(super) rules: FactsBySession<SessionRules>,
    pub(super) resumed: FactsBySession<ResumedSession>,
    /// By the session of the call that starts them.
    pub(super) spawned: FactsBySession<(Chance, &'a SpawnedSession)>,
    /// Names of the models that a session would run on.
    pub(super) models: FactsBySession<&'a str>,
    /// Tokens that its system part would be smaller by.
    pub(super) leaner: FactsBySession<i64>,
}

impl<'a> SessionFacts<'a> {
    pub(super) fn new(recording: &Recording, patches: &'a [Patch]) -> Self {
        Self {
            rules: FactsBySession::from_patches(patches, |patch| {
                patch.session_rules.iter().copied()
            }),
            resumed: FactsBySession::from_patches(patches, |patch| {
                patch.resumed_sessions.iter().map(|resumed| (resumed.session, *resumed))
            }),
            spawned: FactsBySession::from_patches(patches, |patch| {
                let sure = patch.spawned_sessions.iter().map(|new| (Chance::SURE, new));
                let places = patch.uncertain_places.iter();
                let perhaps = places.flat_map(|(chance, place)| {
                    place.spawned_sessions.iter().map(|new| (*chance, new))
                });
                sure.chain(perhaps).map(|new: (Chance, &'a SpawnedSession)| {
                    (recording.calls[new.1.by as usize].session, new)
                })
            }),
            models: FactsBySession::from_patches(patches, |patch| {
                let remodelled = patch.remodelled_sessions.iter();
                remodelled.map(|(session, model)| (*session, model.as_str()))
            }),
            leaner: FactsBySession::from_patches(patches, |patch| {
                patch.leaner_sessions.iter().copied()
            }),
        }
    }
}
