//! The sessions that patches name: everywhere else a recording stays as it is.

use super::{Patch, PatchPlace};
use crate::recording::Recording;

/// The sessions in which any patch may change something, in order.
pub(super) fn touched_sessions(recording: &Recording, patches: &[Patch]) -> Vec<u32> {
    let mut touched =
        TouchedSessions { recording, is_touched: vec![false; recording.sessions.len()] };
    for patch in patches {
        touched.add_patch(patch);
    }
    let sessions = touched.is_touched.iter().enumerate();
    sessions.filter(|(_, is_touched)| **is_touched).map(|(at, _)| at as u32).collect()
}

struct TouchedSessions<'a> {
    recording: &'a Recording,
    is_touched: Vec<bool>,
}

impl TouchedSessions<'_> {
    /// Every list of a patch is taken apart by name, so that a new one cannot be forgotten here.
    fn add_patch(&mut self, patch: &Patch) {
        let Patch {
            found_places: _,
            dropped_calls,
            dropped_blocks,
            replaced_blocks,
            // By itself a warm call changes nothing: the sizes that hang on it are told below.
            warmed_calls: _,
            replaced_if_warm,
            saved_ms,
            inserted_calls,
            healed_calls,
            restarted_calls,
            spawned_sessions,
            resumed_sessions,
            remodelled_sessions,
            leaner_sessions,
            session_rules,
            uncertain_places,
            dispatching: _,
            notes: _,
        } = patch;
        self.add_calls(dropped_calls.iter().map(|dropped| dropped.call));
        self.add_blocks(dropped_blocks.iter().copied());
        self.add_blocks(replaced_blocks.iter().chain(replaced_if_warm).map(|(block, _)| *block));
        self.add_calls(saved_ms.iter().chain(restarted_calls).map(|(call, _)| *call));
        self.add_calls(inserted_calls.iter().map(|new| new.after));
        self.add_calls(healed_calls.iter().copied());
        self.add_calls(spawned_sessions.iter().map(|new| new.by));
        self.add_sessions(resumed_sessions.iter().flat_map(|one| [one.session, one.from]));
        self.add_sessions(remodelled_sessions.iter().map(|(session, _)| *session));
        self.add_sessions(leaner_sessions.iter().map(|(session, _)| *session));
        self.add_sessions(session_rules.iter().map(|(session, _)| *session));
        for (_, place) in uncertain_places {
            let PatchPlace { dropped_calls, dropped_blocks, inserted_calls, spawned_sessions } =
                place;
            self.add_calls(dropped_calls.iter().map(|dropped| dropped.call));
            self.add_blocks(dropped_blocks.iter().copied());
            self.add_calls(inserted_calls.iter().map(|new| new.after));
            self.add_calls(spawned_sessions.iter().map(|new| new.by));
        }
    }

    fn add_sessions(&mut self, sessions: impl Iterator<Item = u32>) {
        for session in sessions {
            self.is_touched[session as usize] = true;
        }
    }

    fn add_calls(&mut self, calls: impl Iterator<Item = u32>) {
        let recording = self.recording;
        self.add_sessions(calls.map(|call| recording.calls[call as usize].session));
    }

    fn add_blocks(&mut self, blocks: impl Iterator<Item = u32>) {
        let recording = self.recording;
        self.add_calls(blocks.map(|block| recording.blocks[block as usize].call));
    }
}
