//! What the gate can find: how large a growth must be, with so many recordings a side.

use super::to_basis_points;
use crate::recording::name_of_value;
use crate::report::format;
use crate::report::json::{self, ShareJson};
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::gate::power::{
    COMPARISONS, DetectionRate, FOUND_SHARE, GROWTHS_BP, PowerTable, RECORDINGS, SESSIONS,
    SideRelation,
};
use serde::Serialize;

/// Recordings a side whose power curves are shown; those of the others are in the JSON.
const CURVE_RECORDINGS: usize = 5;

/// The power of some metrics and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct PowerReport<'a> {
    /// Metric by metric.
    pub powers: &'a [PowerTable],
    /// Where the numbers come from, a line each.
    pub sources: &'a [String],
}

#[derive(Serialize)]
struct GatePowerJson<'a> {
    metrics: Vec<PowerJson>,
    sources: &'a [String],
}

#[derive(Serialize)]
struct PowerJson {
    metric: String,
    sessions: usize,
    spread: ShareJson,
    spread_within: Option<ShareJson>,
    found: Vec<PowerPointJson>,
}

#[derive(Serialize)]
struct PowerPointJson {
    sides: &'static str,
    sessions: usize,
    recordings: usize,
    growth: ShareJson,
    share: ShareJson,
}

impl PowerReport<'_> {
    /// For people: the smallest growth that is found, by recordings a side.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new("");
        for power in self.powers {
            let mut columns =
                vec![TableColumn::text("both sides"), TableColumn::count("sessions each")];
            columns.extend(RECORDINGS.map(|count| TableColumn::share(format!("{count} a side"))));
            let title = format!("The smallest growth of {} that is found", power.noise.metric);
            let mut view = TableView::new(title, columns);
            for (how, name) in SideRelation::NAMED {
                for sessions in SESSIONS {
                    let found = RECORDINGS.map(|count| power.smallest_found(how, sessions, count));
                    let mut cells = vec![TableCell::text(name), TableCell::count(sessions as i64)];
                    cells.extend(
                        found.map(|bp| bp.map_or_else(TableCell::missing, TableCell::share)),
                    );
                    view.add_row(cells);
                }
            }
            let number = |of: f64| format::format_thousandths((of * 1_000.0).round() as i64, false);
            let noise = &power.noise;
            let within = noise.within.map_or_else(String::new, |within| {
                format!(", within their recordings by {}", number(within))
            });
            view.add_footnote(format!(
                "found in {} of {COMPARISONS} comparisons or more; drawn from {} sessions, whose \
                 logarithms deviate by {}{within}",
                (FOUND_SHARE * f64::from(COMPARISONS)).round(),
                noise.sessions,
                number(noise.spread)
            ));
            document.add_section(
                Section::new("").with_table(view).with_table(power_curves_table(power)),
            );
        }
        for line in self.sources {
            document.add_source(line);
        }
        document
    }

    /// For programs: every growth, and in which share of the comparisons it is found.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let found = |one: &DetectionRate| PowerPointJson {
            sides: name_of_value(&SideRelation::NAMED, one.how),
            sessions: one.sessions,
            recordings: one.recordings,
            growth: ShareJson(one.growth_bp),
            share: ShareJson(to_basis_points(one.share)),
        };
        let metrics = self.powers.iter().map(|power| PowerJson {
            metric: power.noise.metric.to_string(),
            sessions: power.noise.sessions,
            spread: ShareJson(to_basis_points(power.noise.spread)),
            spread_within: power.noise.within.map(|within| ShareJson(to_basis_points(within))),
            found: power.rates.iter().map(found).collect(),
        });
        let body = GatePowerJson { metrics: metrics.collect(), sources: self.sources };
        json::versioned_json("gate-power", 1, &body)
    }
}

/// The share of comparisons in which each growth is found, a row a curve.
fn power_curves_table(power: &PowerTable) -> TableView {
    let mut columns = vec![TableColumn::text("both sides"), TableColumn::count("sessions each")];
    columns.extend(
        GROWTHS_BP.map(|bp| TableColumn::share(format::format_short(&CellValue::Share(bp)))),
    );
    let metric = power.noise.metric;
    let title = format!("How often a growth of {metric} is found, {CURVE_RECORDINGS} a side");
    let mut view = TableView::new(title, columns);
    for (how, name) in SideRelation::NAMED {
        for sessions in SESSIONS {
            let share = |bp| power.share_found(how, sessions, CURVE_RECORDINGS, bp);
            let mut cells = vec![TableCell::text(name), TableCell::count(sessions as i64)];
            cells.extend(GROWTHS_BP.map(|growth| {
                share(growth).map_or_else(TableCell::missing, |share| {
                    TableCell::share(to_basis_points(share))
                })
            }));
            view.add_row(cells);
        }
    }
    view
}
