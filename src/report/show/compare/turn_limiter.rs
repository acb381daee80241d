//! Turns at once and requests a minute, before and after.

use super::ComparisonReport;
use crate::report::format;
use crate::report::{Section, TableCell, TableColumn, TableView};
use crate::study::inspect::turn_limiter::{LimiterLoad, LoadComparison};
use serde::Serialize;

impl ComparisonReport<'_> {
    /// The limiter, where packets wake agents.
    pub(in crate::report::show) fn limiter_section(&self) -> Option<Section> {
        let first = self.loads.first()?;
        let mut view = TableView::new(
            "Limiter: turns at once and requests a minute",
            vec![
                TableColumn::text("at once"),
                TableColumn::text("side"),
                TableColumn::count("turns"),
                TableColumn::count("turns at once, peak"),
                TableColumn::count("requests"),
                TableColumn::count("a minute, peak"),
                TableColumn::count("a minute, P95"),
                TableColumn::count("refused"),
                TableColumn::duration("waited"),
            ],
        );
        for LoadComparison { limits, before, after } in self.loads {
            // Each limiter has two rows that differ in nothing but the toggles.
            let bound =
                limits.turns.map_or("no bound".to_owned(), |turns| format!("{turns} turns"));
            for (side, load) in [("before", before), ("after", after)] {
                let mut row = vec![TableCell::text(&bound), TableCell::text(side)];
                let counts = [load.turns, load.peak_turns, load.requests];
                row.extend(counts.map(TableCell::count));
                let counts = [load.peak_a_minute, load.p95_a_minute, load.refused];
                row.extend(counts.map(TableCell::count));
                row.push(TableCell::duration(load.waited_ms));
                view.add_row(row);
            }
        }
        let provider = match first.limits.requests_a_minute {
            None => "what the provider lets through is not known, so that nothing is refused: set \
                     `requests_a_minute` in a scenario"
                .to_owned(),
            Some(most) => format!(
                "the provider refuses requests beyond {} a minute",
                format::format_integer(i64::from(most), false)
            ),
        };
        view.add_footnote(
            "a turn is what an agent does about one packet; the cockpit's limiter bounds turns and \
             counts no requests; waited: how much later turns ended, summed",
        );
        view.add_footnote(provider);
        Some(Section::new("Turns and requests").with_table(view))
    }
}

#[derive(Serialize)]
pub(super) struct TurnLimiterJson {
    /// The most turns at once; none without a bound.
    turns_at_once: Option<usize>,
    /// What the provider lets through in a minute; none where that is not known.
    requests_a_minute: Option<u32>,
    before: TurnLoadJson,
    after: TurnLoadJson,
}

#[derive(Serialize)]
struct TurnLoadJson {
    turns: i64,
    peak_turns: i64,
    requests: i64,
    peak_requests_a_minute: i64,
    p95_requests_a_minute: i64,
    refused: i64,
    waited_ms: i64,
}

impl From<&LoadComparison> for TurnLimiterJson {
    fn from(loads: &LoadComparison) -> Self {
        let LoadComparison { limits, before, after } = loads;
        Self {
            turns_at_once: limits.turns,
            requests_a_minute: limits.requests_a_minute,
            before: before.into(),
            after: after.into(),
        }
    }
}

impl From<&LimiterLoad> for TurnLoadJson {
    fn from(load: &LimiterLoad) -> Self {
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
