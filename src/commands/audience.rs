//! Who will see a result, and what may be named in it.

use super::load::LoadedRecording;
use crate::reconstruct::{Lens, RecordingSource};
use crate::store;
use std::path::Path;

/// How arguments are read.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// What a published number of calls counts.
    pub lens: Lens,
    /// Whether damage is an error.
    pub strict: bool,
    /// Whether only the one who asked will see the result.
    pub audience: Audience,
}

/// Who will see a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The one who asked, on a terminal.
    Oneself,
    /// Anybody: names of files, projects and folders are numbers, and ids that are names.
    Anybody,
    /// Anybody, but ids stay: samples of a gate are matched by them, and somebody typed a part of
    /// one to find it.
    AnybodyWithIds,
}

impl LoadedRecording {
    /// Calls an import as it was typed, the only one or the `nth` of several.
    pub(super) fn name_as_typed(&mut self, argument: &str, nth: usize, audience: Audience) {
        if audience != Audience::Oneself
            && let RecordingSource::Recorded(recording) = &mut self.source
        {
            let kind = format!("{} {nth}", recording.name);
            recording.name = typed_name(argument).unwrap_or(kind);
        }
    }

    /// Gives numbers to ids that are names, and for anybody to files and folders too. What comes
    /// with the program is published as it is.
    pub(super) fn for_audience(mut self, audience: Audience, arguments: &[&String]) -> Self {
        let RecordingSource::Recorded(recording) = &mut self.source else { return self };
        recording.cut_names();
        if audience != Audience::AnybodyWithIds {
            recording.hide_ids();
        }
        if audience != Audience::Oneself {
            // On a terminal the one who asked is told where to look, whoever sees the result.
            self.import.told_skip = self.import.first_skip().filter(|_| super::tells_a_person());
            let typed = arguments.iter().map(|argument| store::base_name(Path::new(argument)));
            let mut names = recording.hide_file_names(typed.collect());
            for skip in &mut self.import.skips {
                skip.file = names.name_file(&skip.file);
            }
        }
        self
    }
}

/// What was typed, as a name: not a folder that a harness named after a path.
pub fn typed_name(argument: &str) -> Option<String> {
    Some(store::base_name(Path::new(argument))).filter(|name| !name.starts_with('-'))
}
