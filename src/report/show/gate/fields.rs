//! What the gate has in its tables and in its JSON, each column once: `windtunnel.gate/1`.

use super::defects::{defect_fields, sorted_defects};
use super::{GateReport, key_place, sentences, to_basis_points};
use crate::report::columns::{ColumnField, heading_if};
use crate::report::view::ColumnKind;
use crate::report::{CellValue, TableCell, Tone};
use crate::study::gate::{
    ChangeSubject, ComparisonDesign, ExactMean, FigureChange, FigureLimit, GateOutcome, GateRow,
    GrowthCause, MetricUnit, RowVerdict, SideSummary, ToggleRemedy,
};
use crate::units::PicoUsd;

/// A whole number in the unit of a metric; money is in pico-dollars.
fn amount_field<'a, R>(
    name: &'static str,
    about: &'static str,
    amount: impl Fn(&R) -> Option<i128> + 'a,
) -> ColumnField<'a, R> {
    ColumnField::pico_usd(name, "", about, move |row| amount(row).map(PicoUsd))
        .in_unit("unit of the metric")
}

/// An exact mean: the sum over the samples, and how many they are.
fn mean_fields<'a>() -> Vec<ColumnField<'a, ExactMean>> {
    type Field<'a> = ColumnField<'a, ExactMean>;
    vec![
        amount_field("sum", "the sum over the samples", |mean: &ExactMean| Some(mean.sum)),
        Field::count("of", "", "how many samples", |mean| mean.count),
    ]
}

fn limit_fields<'a>() -> Vec<ColumnField<'a, FigureLimit>> {
    type Field<'a> = ColumnField<'a, FigureLimit>;
    vec![
        Field::share("grows", "", "by which part it may grow", |limit| limit.grows_bp),
        amount_field("grows_by", "by how much it may grow", |limit: &FigureLimit| limit.grows_by),
        Field::share("falls", "", "by which part it may fall", |limit| limit.falls_bp),
        amount_field("at_most", "the most that may be", |limit: &FigureLimit| limit.at_most),
        amount_field("at_least", "the least that must be", |limit: &FigureLimit| limit.at_least),
        Field::share("at_least_share", "", "the least of the whole", |limit| limit.at_least_bp),
    ]
}

/// The verdict on a row, stressed where it matters.
fn verdict_cell(verdict: RowVerdict) -> TableCell {
    TableCell::text(sentences::judgement_word(verdict)).with_tone(match verdict {
        RowVerdict::Beyond => Tone::Bad,
        RowVerdict::Unsure | RowVerdict::Unjudged => Tone::Strong,
        RowVerdict::Within | RowVerdict::Unlimited => Tone::Plain,
    })
}

/// A mean for people, in the unit of its row.
pub(super) fn mean_cell(row: &GateRow, mean: Option<ExactMean>) -> TableCell {
    TableCell::from_option(mean.map(|mean| sentences::mean_value(row.key.metric.unit(), mean)))
}

/// What the change may be but for chance.
pub(super) fn interval_cell(row: &GateRow) -> TableCell {
    row.interval.map_or_else(TableCell::missing, |ends| {
        let [low, high] = [ends.low, ends.high].map(to_basis_points);
        TableCell::from_range(CellValue::Share(low), CellValue::Share(high))
    })
}

/// Rows of the gate. People get the interval and the limits only where a row has some.
pub(super) fn row_fields<'a>(
    has_chance: bool,
    is_limited: bool,
) -> Vec<ColumnField<'a, &'a GateRow>> {
    type Field<'a> = ColumnField<'a, &'a GateRow>;
    vec![
        Field::text("", "of", "what it is of, in words", |row| key_place(&row.key)),
        Field::text("scope", "", "total, pipeline, step, ...", |row| row.key.scope.to_string()),
        Field::text("name", "", "which of them; empty for the whole", |row| row.key.name.as_str()),
        Field::text("metric", "metric", "the metric", |row| row.key.metric.to_string()),
        Field::text("unit", "", "its unit", |row| unit_name(row.key.metric.unit())),
        Field::optional_object("baseline", "mean before", mean_fields(), |row| row.baseline),
        Field::optional_object("candidate", "mean after", mean_fields(), |row| row.candidate),
        Field::from_cells(ColumnKind::Mixed, "", "baseline", "mean before", |row| {
            mean_cell(row, row.baseline)
        }),
        Field::from_cells(ColumnKind::Mixed, "", "candidate", "mean after", |row| {
            mean_cell(row, row.candidate)
        }),
        Field::share("change", "change", "growth as a part of the baseline", |row| {
            row.change.map(to_basis_points)
        })
        .with_sign(),
        Field::share("low", "", "the least that the growth may be", |row| {
            row.interval.map(|ends| to_basis_points(ends.low))
        }),
        Field::share("high", "", "the most that the growth may be", |row| {
            row.interval.map(|ends| to_basis_points(ends.high))
        }),
        Field::from_cells(
            ColumnKind::Share,
            "",
            heading_if(has_chance, "may be"),
            "both ends",
            |row| interval_cell(row),
        )
        .with_sign()
        .with_ranges(),
        Field::object("limit", "what may be", limit_fields(), |row| row.limit),
        Field::text("", heading_if(is_limited, "limit"), "what may be, in words", |row| {
            sentences::limit_phrase(row.key.metric.unit(), &row.limit)
        }),
        Field::text(
            "judged",
            "",
            "beyond, unsure, within or free of a limit, or unjudged",
            |row| match row.verdict {
                RowVerdict::Beyond => "beyond",
                RowVerdict::Unsure => "unsure",
                RowVerdict::Within => "within",
                RowVerdict::Unlimited => "free",
                RowVerdict::Unjudged => "unjudged",
            },
        ),
        Field::from_cells(
            ColumnKind::Text,
            "",
            heading_if(is_limited, "verdict"),
            "in words",
            |row| verdict_cell(row.verdict),
        ),
    ]
}

fn unit_name(unit: MetricUnit) -> &'static str {
    match unit {
        MetricUnit::Count => "count",
        MetricUnit::Tokens => "tokens",
        MetricUnit::Money => "pico_usd",
    }
}

/// The kind of calls or blocks that a change is of, its metric and the unit of that.
fn subject_parts(change: &FigureChange) -> (Option<String>, String, MetricUnit) {
    match &change.subject {
        ChangeSubject::Context => (None, "context_a_call".to_owned(), MetricUnit::Tokens),
        ChangeSubject::Metric(metric) => (None, metric.to_string(), metric.unit()),
        ChangeSubject::Kind(kind, metric) => {
            (Some(kind.clone()), metric.to_string(), metric.unit())
        }
    }
}

fn change_fields<'a>() -> Vec<ColumnField<'a, &'a FigureChange>> {
    type Field<'a> = ColumnField<'a, &'a FigureChange>;
    vec![
        Field::text("kind", "", "of which calls or blocks; null for all of the place", |change| {
            subject_parts(change).0
        }),
        Field::text("metric", "", "the metric", |change| subject_parts(change).1),
        Field::text("unit", "", "its unit", |change| unit_name(subject_parts(change).2)),
        Field::optional_object("baseline", "mean before", mean_fields(), |change| change.from),
        Field::optional_object("candidate", "mean after", mean_fields(), |change| change.to),
    ]
}

fn cause_fields<'a>() -> Vec<ColumnField<'a, &'a GrowthCause>> {
    type Field<'a> = ColumnField<'a, &'a GrowthCause>;
    vec![
        Field::text("scope", "", "total, pipeline, step, ...", |cause| cause.scope.to_string()),
        Field::text("name", "", "which of them; empty for the whole", |cause| cause.name.as_str()),
        Field::text("metric", "", "the metric that grew", |cause| cause.metric.to_string()),
        Field::text("unit", "", "its unit", |cause| unit_name(cause.metric.unit())),
        amount_field("grew", "by so much", |cause: &&GrowthCause| Some(cause.growth)),
        amount_field("of", "of so much", |cause: &&GrowthCause| Some(cause.total_growth)),
        Field::rows("changes", "what changed, the most telling first", change_fields(), |cause| {
            cause.changes.iter().collect()
        }),
        Field::text("words", "", "the same in words", |cause| sentences::cause_sentence(cause)),
    ]
}

fn remedy_fields<'a>() -> Vec<ColumnField<'a, &'a ToggleRemedy>> {
    type Field<'a> = ColumnField<'a, &'a ToggleRemedy>;
    vec![
        Field::text("toggle", "", "its id", |remedy| remedy.id.as_str()),
        Field::text("title", "", "its title", |remedy| remedy.title.as_str()),
        amount_field("undoes", "so much", |remedy: &&ToggleRemedy| Some(remedy.saved_growth)),
        amount_field("of", "of so much growth", |remedy: &&ToggleRemedy| Some(remedy.total_growth)),
    ]
}

fn side_fields<'a>() -> Vec<ColumnField<'a, &'a SideSummary>> {
    type Field<'a> = ColumnField<'a, &'a SideSummary>;
    vec![
        Field::text("name", "", "its name", |side| side.name.as_str()),
        Field::count("samples", "", "its samples", |side| side.samples),
        Field::texts("digests", "", "digests of its recordings", |side| side.digests.clone()),
    ]
}

/// What `gate --format json` has. Tokens and counts are integers, money pico-dollars, shares parts
/// of one.
pub(in crate::report::show) fn report_fields<'a>() -> Vec<ColumnField<'a, &'a GateReport<'a>>> {
    type Field<'a> = ColumnField<'a, &'a GateReport<'a>>;
    vec![
        Field::flag("passes", "", "whether the gate passes", |it| {
            it.gate.outcome() == GateOutcome::Passes
        }),
        Field::flag("judged", "", "whether anything can be said: the exit code is not 2", |it| {
            it.gate.outcome() != GateOutcome::NotJudged
        }),
        Field::text("verdict", "", "the same in words", |it| sentences::verdict_sentence(it.gate)),
        Field::texts("decision", "", "what the first screen says", |it| it.decision_lines()),
        Field::object("baseline", "what is compared with", side_fields(), |it| &it.gate.baseline),
        Field::object("candidate", "what is judged", side_fields(), |it| &it.gate.candidate),
        Field::text("design", "", "how samples were compared", |it| match it.gate.design {
            ComparisonDesign::Single => "single",
            ComparisonDesign::Paired => "paired",
            ComparisonDesign::Stratified => "stratified",
            ComparisonDesign::Pooled => "pooled",
        }),
        Field::share("confidence", "", "of all limits of a scope together", |it| {
            to_basis_points(it.gate.confidence)
        }),
        Field::rows("defects", "what stands against a judgement", defect_fields(), |it| {
            sorted_defects(it.gate)
        }),
        Field::rows("rows", "metric by metric", row_fields(true, true), |it| {
            it.gate.rows.iter().collect()
        }),
        Field::rows("causes", "what grew", cause_fields(), |it| it.gate.causes.iter().collect()),
        Field::rows("remedies", "toggles that would undo it", remedy_fields(), |it| {
            it.gate.remedies.iter().collect()
        }),
        Field::texts("notes", "", "what a reader should know", |it| {
            super::sentences::note_sentences(it.gate)
        }),
        Field::texts("sources", "", "where the numbers come from", |it| it.sources.to_vec()),
    ]
}
