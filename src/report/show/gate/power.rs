//! What the gate can find: how large a growth must be, with so many recordings a side.

use super::to_basis_points;
use crate::recording::name_of_value;
use crate::report::columns::{ColumnField, object_json};
use crate::report::format;
use crate::report::json;
use crate::report::{CellValue, ReportDocument, Section, TableView};
use crate::study::gate::power::{
    COMPARISONS, DetectionRate, FOUND_SHARE, GROWTHS_BP, PowerTable, RECORDINGS, SESSIONS,
    SideRelation,
};

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

fn rate_fields<'a>() -> Vec<ColumnField<'a, &'a DetectionRate>> {
    type Field<'a> = ColumnField<'a, &'a DetectionRate>;
    vec![
        Field::text("sides", "", "how both sides are related", |rate| {
            name_of_value(&SideRelation::NAMED, rate.how)
        }),
        Field::count("sessions", "", "sessions of a recording", |rate| rate.sessions),
        Field::count("recordings", "", "recordings a side", |rate| rate.recordings),
        Field::share("growth", "", "the growth", |rate| rate.growth_bp),
        Field::share("share", "", "of the comparisons, in which it is found", |rate| {
            to_basis_points(rate.share)
        }),
    ]
}

fn power_fields<'a>() -> Vec<ColumnField<'a, &'a PowerTable>> {
    type Field<'a> = ColumnField<'a, &'a PowerTable>;
    vec![
        Field::text("metric", "", "the metric", |power| power.noise.metric.to_string()),
        Field::count("sessions", "", "sessions that it was drawn from", |power| {
            power.noise.sessions
        }),
        Field::share("spread", "", "deviation of their logarithms", |power| {
            to_basis_points(power.noise.spread)
        }),
        Field::share("spread_within", "", "the same within their recordings", |power| {
            power.noise.within.map(to_basis_points)
        }),
        Field::rows("found", "every growth", rate_fields(), |power| power.rates.iter().collect()),
    ]
}

/// What `gate --power --format json` has.
fn report_fields<'a>() -> Vec<ColumnField<'a, &'a PowerReport<'a>>> {
    type Field<'a> = ColumnField<'a, &'a PowerReport<'a>>;
    vec![
        Field::rows("metrics", "metric by metric", power_fields(), |it| it.powers.iter().collect()),
        Field::texts("sources", "", "where the numbers come from", |it| it.sources.to_vec()),
    ]
}

/// A comparison of which the power is asked: how its sides are related, and their sessions.
type Comparison = (SideRelation, usize);

/// All comparisons, in the order of the tables.
fn comparisons() -> impl Iterator<Item = Comparison> {
    let relations = SideRelation::NAMED.into_iter();
    relations.flat_map(|(how, _)| SESSIONS.map(move |sessions| (how, sessions)))
}

/// What names a comparison; the figures stand in columns behind it.
fn comparison_fields<'a>() -> Vec<ColumnField<'a, Comparison>> {
    type Field<'a> = ColumnField<'a, Comparison>;
    vec![
        Field::text("", "both sides", "how they are related", |(how, _)| {
            name_of_value(&SideRelation::NAMED, *how)
        }),
        Field::count("", "sessions each", "sessions of a recording", |(_, sessions)| *sessions),
    ]
}

impl PowerReport<'_> {
    /// For people: the smallest growth that is found, by recordings a side.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new("");
        for power in self.powers {
            // One column for each number of recordings, beside those that say how they are
            // compared.
            let mut fields = comparison_fields();
            fields.extend(RECORDINGS.map(|count| {
                let heading = format!("{count} a side");
                let about = "the smallest growth that is found";
                ColumnField::share("", heading, about, move |(how, sessions): &Comparison| {
                    power.smallest_found(*how, *sessions, count)
                })
            }));
            let title = format!("The smallest growth of {} that is found", power.noise.metric);
            let mut view = TableView::from_fields(title, &fields, comparisons());
            let noise = &power.noise;
            let within = noise.within.map_or_else(String::new, |within| {
                format!(", within their recordings by {}", format_deviation(within))
            });
            view.add_footnote(format!(
                "found in {} of {COMPARISONS} comparisons or more; drawn from {} sessions, whose \
                 logarithms deviate by {}{within}",
                (FOUND_SHARE * f64::from(COMPARISONS)).round(),
                noise.sessions,
                format_deviation(noise.spread)
            ));
            document.add_section(
                Section::new("").with_table(view).with_table(power_curves_table(power)),
            );
        }
        document.add_sources(self.sources);
        document
    }

    /// For programs: every growth, and in which share of the comparisons it is found.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("gate-power", 1, &object_json(&report_fields(), &self))
    }
}

/// A deviation of logarithms.
fn format_deviation(deviation: f64) -> String {
    format::format_thousandths((deviation * 1_000.0).round() as i64, false)
}

/// The share of comparisons in which each growth is found, a row a curve.
fn power_curves_table(power: &PowerTable) -> TableView {
    let mut fields = comparison_fields();
    fields.extend(GROWTHS_BP.map(|growth| {
        let heading = format::format_short(&CellValue::Share(growth));
        let about = "of the comparisons, in which the growth is found";
        ColumnField::share("", heading, about, move |(how, sessions): &Comparison| {
            let share = power.share_found(*how, *sessions, CURVE_RECORDINGS, growth);
            share.map(to_basis_points)
        })
    }));
    let metric = power.noise.metric;
    let title = format!("How often a growth of {metric} is found, {CURVE_RECORDINGS} a side");
    TableView::from_fields(title, &fields, comparisons())
}
