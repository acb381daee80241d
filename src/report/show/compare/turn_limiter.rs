//! Turns at once and requests a minute, before and after.

use super::ComparisonReport;
use crate::clock::turn_limiter::LimiterLoad;
use crate::report::columns::{ColumnField, fields_of_part};
use crate::report::format;
use crate::report::{Section, TableView};
use crate::study::whatif::agent_loads::{LoadComparison, ToggleLoad};

/// What a latency is.
const LATENCY: &str = "packet to end of turn; of digests alone where they are laid out";

/// One side under one limiter.
struct LimiterSide<'a> {
    limiter: &'a LoadComparison,
    side: &'static str,
    load: &'a LimiterLoad,
}

impl ComparisonReport<'_> {
    /// The limiter, where packets wake agents.
    pub(in crate::report::show) fn limiter_section(&self) -> Option<Section> {
        let first = self.loads.first()?;
        // Each limiter has two rows that differ in nothing but the toggles.
        let rows = self.loads.iter().flat_map(|limiter| {
            [("before", &limiter.before), ("after", &limiter.after)]
                .map(|(side, load)| LimiterSide { limiter, side, load })
        });
        let title = "Limiter: turns at once and requests a minute";
        // Where times are laid out from totals latency is a band, in a table of its own.
        let bands = self.load_bands_table();
        let mut view = TableView::from_fields(title, &side_fields(bands.is_none()), rows);
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
        let section = Section::new("Turns and requests").with_table(view);
        Some(bands.into_iter().fold(section, Section::with_table))
    }
}

fn side_fields<'a>(has_latency: bool) -> Vec<ColumnField<'a, LimiterSide<'a>>> {
    type Field<'a> = ColumnField<'a, LimiterSide<'a>>;
    let mut fields = vec![
        Field::text("", "at once", "the most turns at once", |row| {
            let turns = row.limiter.limits.turns;
            turns.map_or("no bound".to_owned(), |turns| format!("{turns} turns"))
        }),
        Field::text("", "side", "before or after", |row| row.side),
    ];
    fields.extend(fields_of_part(load_fields(), |row: &LimiterSide<'a>| row.load));
    if has_latency {
        fields.extend([
            Field::duration("", "latency, mean", LATENCY, |row| row.load.mean_latency_ms),
            Field::duration("", "latency, P90", "the same for 90 %", |row| row.load.p90_latency_ms),
        ]);
    }
    fields
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
        Field::duration("mean_latency_ms", "", LATENCY, |load| load.mean_latency_ms),
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

/// A limiter for programs.
pub(super) fn limiter_fields<'a>() -> Vec<ColumnField<'a, &'a LoadComparison>> {
    type Field<'a> = ColumnField<'a, &'a LoadComparison>;
    vec![
        Field::count("turns_at_once", "", "the most turns at once; null without a bound", |it| {
            it.limits.turns
        }),
        Field::count("requests_a_minute", "", "what the provider lets through, if known", |it| {
            it.limits.requests_a_minute
        }),
        Field::object("before", "nothing toggled", load_fields(), |it| &it.before),
        Field::object("after", "everything toggled", load_fields(), |it| &it.after),
        Field::rows("toggles", "each toggle", toggle_fields(), |it| it.toggles.iter().collect()),
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
