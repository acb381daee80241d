//! The table of several recordings.

use super::fields::recording_fields;
use super::source_recordings::{SharedCounts, SourceRecording};
use crate::report::TableView;
use crate::report::format::noun_for_count;
use crate::study::inspect::summary::RecordingSummary;

/// The table of the parts and the whole.
pub(super) fn recordings_table(parts: &[SourceRecording], whole: &RecordingSummary) -> TableView {
    let whole_row = SourceRecording {
        name: "whole".to_owned(),
        source: None,
        sessions: whole.sessions.len() as i64,
        totals: whole.totals.clone(),
    };
    let fields = recording_fields();
    let mut view = TableView::from_fields("Each on its own, and the whole", &fields, parts);
    view.add_total_row(&fields, &&whole_row);
    view.add_footnote("cached: the share of the prompts that was read from a cache");
    let SharedCounts { sessions, calls } = SharedCounts::from_parts(parts, whole);
    if (sessions, calls) != (0, 0) {
        let nouns = [(sessions, "session"), (calls, "call")]
            .map(|(n, noun)| format!("{n} {}", noun_for_count(n as usize, noun)));
        view.add_footnote(format!(
            "what is in more than one of them counts once in the whole: {}",
            nouns.join(", ")
        ));
    }
    view
}
