//! What comes of an argument: a recording, and what a reader should know of it.

use super::Messages;
use super::audience::Audience;
use super::import_facts::ImportFacts;
use crate::reconstruct::RecordingSource;
use crate::recording::Recording;
use crate::study::backtest::Observations;
use std::collections::BTreeSet;

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
    /// Who will see what is made of it.
    pub(super) audience: Audience,
    /// What was typed for an import that nobody named.
    pub(super) typed_name: Option<String>,
    /// The files that were typed.
    pub(super) typed_files: BTreeSet<String>,
    /// Whether all of it comes with the program.
    pub(super) is_built_in: bool,
    /// Ids of sessions and pipelines that come with the program, where others stand beside them.
    pub(super) published: BTreeSet<String>,
    /// Whether its names are hidden already.
    pub(super) is_hidden: bool,
}

/// What an import is called that nobody named.
#[derive(Clone, Copy, Debug)]
pub enum ImportName {
    /// After the kind of its source.
    Kind,
    /// As it was typed, if that is no path.
    Typed,
    /// As it was typed, or else with a number.
    TypedNth(usize),
}

impl From<RecordingSource> for LoadedRecording {
    fn from(source: RecordingSource) -> Self {
        Self {
            source,
            import: ImportFacts::default(),
            observations: None,
            selection_note: Messages::default(),
            audience: Audience::Anybody,
            typed_name: None,
            typed_files: BTreeSet::new(),
            is_built_in: false,
            published: BTreeSet::new(),
            is_hidden: false,
        }
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
            typed_name: self.typed_name.map(|typed| format!("{typed}.part")),
            ..self
        }
    }

    /// One line each for standard error about what was selected and what was skipped, or nothing.
    pub fn stderr_messages(&self) -> Messages {
        let mut messages = self.selection_note.clone();
        self.import.write_messages(&mut messages);
        messages
    }

    /// Decides what an import is called that nobody named. On a terminal that is what was typed; a
    /// path that was typed may end in the name of a project, which is for nobody else.
    pub fn name_import(&mut self, by: ImportName) {
        let (Some(typed), RecordingSource::Recorded(recording)) =
            (&self.typed_name, &mut self.source)
        else {
            return;
        };
        // Harnesses name folders after paths, with strokes in front.
        let is_path = typed.starts_with('-');
        recording.name = match by {
            _ if self.audience == Audience::Oneself => typed.clone(),
            ImportName::Typed | ImportName::TypedNth(_) if !is_path => typed.clone(),
            ImportName::TypedNth(nth) => format!("{} {nth}", recording.source),
            ImportName::Kind | ImportName::Typed => recording.source.clone(),
        };
    }

    /// The name for a folder of this machine: what was typed, where nothing else names it.
    pub fn local_name(&self) -> &str {
        self.typed_name.as_deref().unwrap_or(&self.recording().name)
    }

    /// Hides ids that are names, and for anybody files and folders too: once what was typed has
    /// been looked up among the real names. What comes with the program is published as it is.
    pub fn for_audience(mut self) -> Self {
        if self.is_built_in || std::mem::replace(&mut self.is_hidden, true) {
            return self;
        }
        self.source.hide_ids(&self.published);
        if self.audience != Audience::Oneself {
            // On a terminal the one who asked is told where to look, whoever sees the result.
            self.import.told_skip = self.import.first_skip().filter(|_| super::tells_a_person());
            let recording = self.source.recording_mut();
            let mut names = recording.hide_file_names(self.typed_files.clone());
            for skip in &mut self.import.skips {
                skip.file = names.name_file(&skip.file);
            }
        }
        self
    }
}
