//! Several recordings at once: a row for each, and the whole.

use super::totals_cells;
use crate::price::Pricing;
use crate::recording::Recording;
use crate::report::{TableCell, TableColumn, TableView};
use crate::study::inspect::summary::{self, RecordingSummary, RecordingTotals};
use std::collections::BTreeSet;

/// One of several recordings, on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecording {
    /// Its name.
    pub name: String,
    /// The formats that its sessions came from.
    pub source: String,
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
        let (sessions, _) = summary::totals_by_session(recording, pricing);
        Self {
            name: recording.name.clone(),
            source: sources.into_iter().collect::<Vec<_>>().join(", "),
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

/// The table of the parts and the whole.
#[must_use]
pub fn recordings_table(parts: &[SourceRecording], whole: &RecordingSummary) -> TableView {
    let mut columns = vec![
        TableColumn::text("recording"),
        TableColumn::text("source"),
        TableColumn::count("sessions"),
        TableColumn::count("calls"),
        TableColumn::count("records"),
    ];
    columns.extend(
        ["fresh", "read", "write_5m", "write_1h", "output", "peak"].map(TableColumn::tokens),
    );
    columns.extend([TableColumn::money("cost"), TableColumn::share("cached")]);
    let mut view = TableView::new("Each on its own, and the whole", columns);
    let row = |name: &str, source: TableCell, sessions: i64, totals: &RecordingTotals| {
        let mut row = vec![TableCell::text(name), source, TableCell::count(sessions)];
        row.extend(totals_cells(totals));
        row.push(TableCell::share_of_whole(totals.usage.read, totals.usage.context_tokens()));
        row
    };
    for part in parts {
        let source = TableCell::text(&part.source);
        view.add_row(row(&part.name, source, part.sessions, &part.totals));
    }
    view.add_total(row("whole", TableCell::missing(), whole.sessions.len() as i64, &whole.totals));
    view.add_footnote("cached: the share of the prompts that was read from a cache");
    let SharedCounts { sessions, calls } = SharedCounts::from_parts(parts, whole);
    if (sessions, calls) != (0, 0) {
        let many = |count: i64, one: &str| match count {
            1 => format!("1 {one}"),
            many => format!("{many} {one}s"),
        };
        let (sessions, calls) = (many(sessions, "session"), many(calls, "call"));
        view.add_footnote(format!(
            "what is in more than one of them counts once in the whole: {sessions}, {calls}"
        ));
    }
    view
}
