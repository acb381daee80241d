//! Turns at once and requests a minute, before and after.

use super::Shown;
use crate::report::format;
use crate::report::{Cell, Column, Section, View};
use crate::study::limiter::{Load, Loads};
use serde::Serialize;

impl Shown<'_> {
    /// The limiter, where packets wake agents.
    pub(in crate::report::show) fn limiter(&self) -> Option<Section> {
        let first = self.loads.first()?;
        let mut view = View::new(
            "Limiter: turns at once and requests a minute",
            vec![
                Column::text("at once"),
                Column::text("side"),
                Column::count("turns"),
                Column::count("turns at once, peak"),
                Column::count("requests"),
                Column::count("a minute, peak"),
                Column::count("a minute, P95"),
                Column::count("refused"),
                Column::duration("waited"),
            ],
        );
        for Loads { limits, before, after } in self.loads {
            let bound =
                limits.turns.map_or("no bound".to_owned(), |turns| format!("{turns} turns"));
            for (side, load) in [("before", before), ("after", after)] {
                let mut row = vec![Cell::text(&bound), Cell::text(side)];
                let counts = [load.turns, load.peak_turns, load.requests];
                row.extend(counts.map(Cell::count));
                let counts = [load.peak_a_minute, load.p95_a_minute, load.refused];
                row.extend(counts.map(Cell::count));
                row.push(Cell::duration(load.waited_ms));
                view.row(row);
            }
        }
        let provider = match first.limits.requests_a_minute {
            None => "what the provider lets through is not known, so that nothing is refused: set \
                     `requests_a_minute` in a scenario"
                .to_owned(),
            Some(most) => format!(
                "the provider refuses requests beyond {} a minute",
                format::integer(i64::from(most), false)
            ),
        };
        view.footnote(
            "a turn is what an agent does about one packet; the cockpit's limiter bounds turns and \
             counts no requests; waited: how much later turns ended, summed",
        );
        view.footnote(provider);
        Some(Section::new("Turns and requests").table(view))
    }
}

#[derive(Serialize)]
pub(super) struct LoadsJson {
    /// The most turns at once; none without a bound.
    turns_at_once: Option<usize>,
    /// What the provider lets through in a minute; none where that is not known.
    requests_a_minute: Option<u32>,
    before: LoadJson,
    after: LoadJson,
}

#[derive(Serialize)]
struct LoadJson {
    turns: i64,
    peak_turns: i64,
    requests: i64,
    peak_requests_a_minute: i64,
    p95_requests_a_minute: i64,
    refused: i64,
    waited_ms: i64,
}

impl From<&Loads> for LoadsJson {
    fn from(loads: &Loads) -> Self {
        let Loads { limits, before, after } = loads;
        Self {
            turns_at_once: limits.turns,
            requests_a_minute: limits.requests_a_minute,
            before: before.into(),
            after: after.into(),
        }
    }
}

impl From<&Load> for LoadJson {
    fn from(load: &Load) -> Self {
        Self {
            turns: load.turns,
            peak_turns: load.peak_turns,
            requests: load.requests,
            peak_requests_a_minute: load.peak_a_minute,
            p95_requests_a_minute: load.p95_a_minute,
            refused: load.refused,
            waited_ms: load.waited_ms,
        }
    }
}
