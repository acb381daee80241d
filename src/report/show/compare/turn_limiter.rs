//! Turns at once and requests a minute, before and after.

use super::ComparisonReport;
use crate::clock::turn_limiter::LimiterLoad;
use crate::report::columns::{ColumnField, fields_of_part};
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::inspect::agent_latency::{LatencyBand, LatencySides};
use crate::study::inspect::agent_loads::{LoadComparison, ToggleLoad};
use crate::study::stats::quantile::CredibleBand;

/// One side under one limiter.
struct LimiterSide<'a> {
    limiter: &'a LoadComparison,
    side: &'static str,
    load: &'a LimiterLoad,
    /// Of its turns, over draws.
    latency: Option<LatencyBand>,
}

impl ComparisonReport<'_> {
    /// Each limiter with the latencies of its turns over draws.
    pub(super) fn limiter_rows(&self) -> Vec<LimiterRow<'_>> {
        let rows = self.loads.iter().enumerate();
        rows.map(|(at, loads)| (loads, self.latencies.get(at).copied())).collect()
    }

    /// The limiter, where packets wake agents.
    pub(in crate::report::show) fn limiter_section(&self) -> Option<Section> {
        let first = self.loads.first()?;
        // Each limiter has two rows that differ in nothing but the toggles.
        let rows = self.loads.iter().enumerate().flat_map(|(at, limiter)| {
            let bands = self.latencies.get(at).map(|sides| sides.map(Some)).unwrap_or_default();
            let sides = [("before", &limiter.before), ("after", &limiter.after)].into_iter();
            let sides = sides.zip(bands);
            sides.map(|((side, load), latency)| LimiterSide { limiter, side, load, latency })
        });
        let title = "Limiter: turns at once and requests a minute";
        let mut view = TableView::from_fields(title, &side_fields(), rows);
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
             counts no requests; waited: how much later turns ended, summed; latency: from a \
             packet to the end of its turn",
        );
        if !self.latencies.is_empty() {
            view.add_footnote(
                "latency is P10 to P90 over draws of call times, pauses and roots, of which the \
                 source tells nothing",
            );
        }
        view.add_footnote(provider);
        Some(Section::new("Turns and requests").with_table(view))
    }
}

fn side_fields<'a>() -> Vec<ColumnField<'a, LimiterSide<'a>>> {
    type Field<'a> = ColumnField<'a, LimiterSide<'a>>;
    let mut fields = vec![
        Field::text("", "at once", "the most turns at once", |row| {
            let turns = row.limiter.limits.turns;
            turns.map_or("no bound".to_owned(), |turns| format!("{turns} turns"))
        }),
        Field::text("", "side", "before or after", |row| row.side),
    ];
    fields.extend(fields_of_part(load_fields(), |row: &LimiterSide<'a>| row.load));
    let mean = |row: &LimiterSide<'a>| {
        latency_cell(row.latency.map(|it| it.mean_ms), row.load.mean_latency_ms)
    };
    let p90 = |row: &LimiterSide<'a>| {
        latency_cell(row.latency.map(|it| it.p90_ms), row.load.p90_latency_ms)
    };
    let kind = ColumnKind::Duration;
    fields.extend([
        Field::from_cells(kind, "", "latency, mean", "packet to end of turn", mean).with_ranges(),
        Field::from_cells(kind, "", "latency, P90", "the same for 90 %", p90).with_ranges(),
    ]);
    fields
}

/// A latency where it is known, a band of it where it is drawn.
fn latency_cell(band: Option<CredibleBand<i64>>, known_ms: i64) -> TableCell {
    band.map_or_else(
        || TableCell::duration(known_ms),
        |band| {
            let band = band.map(CellValue::Duration);
            TableCell::from_range(band.p10, band.p90)
        },
    )
}

fn load_fields<'a>() -> Vec<ColumnField<'a, &'a LimiterLoad>> {
    type Field<'a> = ColumnField<'a, &'a LimiterLoad>;
    vec![
        Field::count("turns", "turns", "what agents do about one packet", |load| load.turns),
        Field::count("peak_turns", "turns at once, peak", "the most turns at once", |load| {
            load.peak_turns
        }),
        Field::count("requests", "requests", "requests that were let through", |load| {
            load.requests
        }),
        Field::count("peak_requests_a_minute", "a minute, peak", "the most in a minute", |load| {
            load.peak_a_minute
        }),
        Field::count("p95_requests_a_minute", "a minute, P95", "the same for 95 %", |load| {
            load.p95_a_minute
        }),
        Field::count("refused", "refused", "requests that were refused", |load| load.refused),
        Field::duration("waited_ms", "waited", "how much later turns ended, summed", |load| {
            load.waited_ms
        }),
        Field::duration("mean_latency_ms", "", "packet to end of turn", |load| {
            load.mean_latency_ms
        }),
        Field::duration("p90_latency_ms", "", "the same for 90 %", |load| load.p90_latency_ms),
        Field::duration("waited_for_agent_ms", "", "of that, on an earlier packet", |load| {
            load.waits.agent_ms
        }),
        Field::duration("waited_for_place_ms", "", "of that, on a free place", |load| {
            load.waits.place_ms
        }),
        Field::duration("waited_for_provider_ms", "", "of that, after a refusal", |load| {
            load.waits.provider_ms
        }),
    ]
}

/// A limiter, and the latencies of its turns over draws.
pub(super) type LimiterRow<'a> = (&'a LoadComparison, Option<LatencySides>);

/// A limiter for programs.
pub(super) fn limiter_fields<'a>() -> Vec<ColumnField<'a, LimiterRow<'a>>> {
    type Field<'a> = ColumnField<'a, LimiterRow<'a>>;
    vec![
        Field::count("turns_at_once", "", "the most turns at once; null without a bound", |it| {
            it.0.limits.turns
        }),
        Field::count("requests_a_minute", "", "what the provider lets through, if known", |it| {
            it.0.limits.requests_a_minute
        }),
        Field::object("before", "nothing toggled", load_fields(), |it| &it.0.before),
        Field::object("after", "everything toggled", load_fields(), |it| &it.0.after),
        Field::optional_object("latency_before", "over draws", latency_fields(), |it| {
            it.1.map(|sides| sides[0])
        })
        .left_out_if_missing(),
        Field::optional_object("latency_after", "the same", latency_fields(), |it| {
            it.1.map(|sides| sides[1])
        })
        .left_out_if_missing(),
        Field::rows("toggles", "each toggle", toggle_fields(), |it| it.0.toggles.iter().collect()),
    ]
}

/// A latency over draws, for programs.
fn latency_fields<'a>() -> Vec<ColumnField<'a, LatencyBand>> {
    type Field<'a> = ColumnField<'a, LatencyBand>;
    vec![
        Field::duration("mean_p10_ms", "", "of the mean over turns", |it| it.mean_ms.p10),
        Field::duration("mean_p50_ms", "", "of the mean over turns", |it| it.mean_ms.p50),
        Field::duration("mean_p90_ms", "", "of the mean over turns", |it| it.mean_ms.p90),
        Field::duration("p90_p10_ms", "", "of what nine of ten have", |it| it.p90_ms.p10),
        Field::duration("p90_p50_ms", "", "of what nine of ten have", |it| it.p90_ms.p50),
        Field::duration("p90_p90_ms", "", "of what nine of ten have", |it| it.p90_ms.p90),
    ]
}

/// What a toggle does to the load, for programs.
fn toggle_fields<'a>() -> Vec<ColumnField<'a, &'a ToggleLoad>> {
    type Field<'a> = ColumnField<'a, &'a ToggleLoad>;
    vec![
        Field::text("id", "", "its id", |it| it.id),
        Field::object("alone", "with it alone", load_fields(), |it| &it.alone),
        Field::object("without", "with all the others", load_fields(), |it| &it.without),
    ]
}
