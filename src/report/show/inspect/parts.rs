//! Several recordings at once: a row for each, and the whole.

use super::totals_cells;
use crate::price::Pricing;
use crate::recording::Recording;
use crate::report::{Cell, Column, View};
use crate::study::summary::{self, Summary, Totals};
use std::collections::BTreeSet;

/// One of several recordings, on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The formats that its sessions came from.
    pub source: String,
    /// How many sessions it has.
    pub sessions: i64,
    /// What they add up to.
    pub totals: Totals,
}

impl Part {
    /// The row of a recording.
    #[must_use]
    pub fn of(recording: &Recording, pricing: &Pricing) -> Self {
        let sources: BTreeSet<&str> =
            recording.sessions.iter().map(|session| recording.source_of(session)).collect();
        let (sessions, _) = summary::sessions(recording, pricing);
        Self {
            name: recording.name.clone(),
            source: sources.into_iter().collect::<Vec<_>>().join(", "),
            sessions: sessions.len() as i64,
            totals: Totals::of(&sessions),
        }
    }
}

/// Sessions and calls that several parts have in common, counted beyond the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Sessions.
    pub sessions: i64,
    /// Calls.
    pub calls: i64,
}

impl Shared {
    /// What the parts have more than the whole.
    #[must_use]
    pub fn of(parts: &[Part], whole: &Summary) -> Self {
        let sessions: i64 = parts.iter().map(|part| part.sessions).sum();
        let calls: i64 = parts.iter().map(|part| part.totals.calls).sum();
        Self { sessions: sessions - whole.sessions.len() as i64, calls: calls - whole.totals.calls }
    }
}

/// The table of the parts and the whole.
#[must_use]
pub fn view(parts: &[Part], whole: &Summary) -> View {
    let mut columns = vec![
        Column::text("recording"),
        Column::text("source"),
        Column::count("sessions"),
        Column::count("calls"),
        Column::count("records"),
    ];
    columns.extend(["fresh", "read", "write_5m", "write_1h", "output", "peak"].map(Column::tokens));
    columns.extend([Column::money("cost"), Column::share("cached")]);
    let mut view = View::new("Each on its own, and the whole", columns);
    let row = |name: &str, source: Cell, sessions: i64, totals: &Totals| {
        let mut row = vec![Cell::text(name), source, Cell::count(sessions)];
        row.extend(totals_cells(totals));
        row.push(Cell::part(totals.usage.read, totals.usage.context()));
        row
    };
    for part in parts {
        let source = Cell::text(&part.source);
        view.row(row(&part.name, source, part.sessions, &part.totals));
    }
    view.total(row("whole", Cell::missing(), whole.sessions.len() as i64, &whole.totals));
    view.footnote("cached: the share of the prompts that was read from a cache");
    let Shared { sessions, calls } = Shared::of(parts, whole);
    if (sessions, calls) != (0, 0) {
        let many = |count: i64, one: &str| match count {
            1 => format!("1 {one}"),
            many => format!("{many} {one}s"),
        };
        let (sessions, calls) = (many(sessions, "session"), many(calls, "call"));
        view.footnote(format!(
            "what is in more than one of them counts once in the whole: {sessions}, {calls}"
        ));
    }
    view
}
