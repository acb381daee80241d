//! Several recordings at once: a row for each, and the whole.

use crate::price::Pricing;
use crate::recording::Recording;
use crate::study::inspect::summary::{self, RecordingSummary, RecordingTotals};
use std::collections::BTreeSet;

/// One of several recordings, on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecording {
    /// Its name.
    pub name: String,
    /// The formats that its sessions came from; `None` for the whole.
    pub source: Option<String>,
    /// How many sessions it has.
    pub sessions: i64,
    /// What they add up to.
    pub totals: RecordingTotals,
}

impl SourceRecording {
    /// The row of a recording.
    #[must_use]
    pub fn from_recording(recording: &Recording, pricing: &Pricing) -> Self {
        let sources: BTreeSet<&str> =
            recording.sessions.iter().map(|session| recording.source_of_session(session)).collect();
        let sessions = summary::totals_by_session(recording, pricing);
        Self {
            name: recording.name.clone(),
            source: Some(sources.into_iter().collect::<Vec<_>>().join(", ")),
            sessions: sessions.len() as i64,
            totals: RecordingTotals::sum_sessions(&sessions),
        }
    }
}

/// Sessions and calls that several parts have in common, counted beyond the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedCounts {
    /// Sessions.
    pub sessions: i64,
    /// Calls.
    pub calls: i64,
}

impl SharedCounts {
    /// What the parts have more than the whole.
    #[must_use]
    pub fn from_parts(parts: &[SourceRecording], whole: &RecordingSummary) -> Self {
        let sessions: i64 = parts.iter().map(|part| part.sessions).sum();
        let calls: i64 = parts.iter().map(|part| part.totals.calls).sum();
        Self { sessions: sessions - whole.sessions.len() as i64, calls: calls - whole.totals.calls }
    }
}
