//! What comes of an argument: a recording, and what a reader should know of it.

use super::Messages;
use super::audience::{Audience, typed_name};
use super::import_facts::ImportFacts;
use crate::reconstruct::RecordingSource;
use crate::recording::Recording;
use crate::store;
use crate::study::backtest::Observations;
use std::path::Path;

/// A recording, where it came from and what a reader should know of that.
pub struct LoadedRecording {
    /// The calls, and what was published beside them.
    pub source: RecordingSource,
    /// What the importer says about transcripts.
    pub import: ImportFacts,
    /// What was seen after rollouts of its toggles.
    pub observations: Option<Observations>,
    /// How much of it a scenario selected; empty for all.
    pub selection_note: Messages,
}

impl From<RecordingSource> for LoadedRecording {
    fn from(source: RecordingSource) -> Self {
        let (import, selection_note) = (ImportFacts::default(), Messages::default());
        Self { source, import, observations: None, selection_note }
    }
}

impl LoadedRecording {
    /// The calls.
    pub fn recording(&self) -> &Recording {
        self.source.recording()
    }

    /// A part of it. What was published or billed speaks of the whole, so that a part is a plain
    /// recording.
    pub fn into_part(self, part: Recording) -> Self {
        let (all, some) = (self.recording().sessions.len(), part.sessions.len());
        // A selection of everything is no part: claims and bills still speak of it.
        if some == all {
            return self;
        }
        let published = if self.source.is_published() {
            "; published claims speak of all of them and are not judged"
        } else {
            ""
        };
        let name = format!("{}.part", part.name);
        Self {
            source: RecordingSource::Recorded(Recording { name, ..part }),
            import: ImportFacts { billed_usd: None, ..self.import },
            observations: None,
            selection_note: Messages::of_line(format!(
                "{some} of {all} sessions selected{published}"
            )),
        }
    }

    /// One line each for standard error about what was selected and what was skipped, or nothing.
    pub fn stderr_messages(&self) -> Messages {
        let mut messages = self.selection_note.clone();
        self.import.write_messages(&mut messages);
        messages
    }

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
