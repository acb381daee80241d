//! What a look back has in its tables and in its JSON, each column once: `windtunnel.backtest/1`.

use super::{BacktestReport, BacktestSource, era_name, interval_cell, sentences, to_thousandths};
use crate::recording::name_of_value;
use crate::report::columns::{ColumnField, heading_if, list_schema};
use crate::report::format::format_short;
use crate::report::json::JsonValue;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, TableCell, Tone};
use crate::study::backtest::{
    EffectDirection, EffectRatio, ExclusionReason, MetricEffects, PredictedRatio,
    PredictionVerdict, RolloutBatch, RolloutEffect, WindowEffect,
};
use crate::study::stats::bootstrap::ConfidenceInterval;
use std::collections::BTreeMap;

/// A ratio for programs, to four places.
pub(super) fn ratio_field<'a, R>(
    name: &'static str,
    about: &'static str,
    ratio: impl Fn(&R) -> Option<f64> + 'a,
) -> ColumnField<'a, R> {
    // Rounded as in files of observations, so that both tell the same ratio.
    ColumnField::fraction(name, "", about, move |row| {
        ratio(row).map(|ratio| EffectRatio::from_f64(ratio).as_f64())
    })
}

/// Both ends of an interval for programs; null where there is none.
pub(super) fn interval_field<'a, R>(
    name: &'static str,
    about: &'static str,
    interval: impl Fn(&R) -> Option<ConfidenceInterval> + 'a,
) -> ColumnField<'a, R> {
    let schema = list_schema(JsonValue::object([("type", "number".into())]));
    let field = ColumnField::nested(name, about, schema, move |row| {
        let ends = interval(row)?;
        let ends = [ends.low, ends.high].map(|end| EffectRatio::from_f64(end).as_f64());
        Some(JsonValue::List(ends.map(JsonValue::Float).to_vec()))
    });
    field.or_null()
}

/// An interval for people, in thousandths.
pub(super) fn interval_column<'a, R>(
    heading: &'static str,
    about: &'static str,
    interval: impl Fn(&R) -> Option<ConfidenceInterval> + 'a,
) -> ColumnField<'a, R> {
    let field = ColumnField::from_cells(ColumnKind::Number, "", heading, about, move |row| {
        interval_cell(interval(row))
    });
    field.with_ranges()
}

/// How many pipelines take no part, by reason.
fn left_out_field<'a, R>(
    reasons: impl Fn(&R) -> &'a BTreeMap<ExclusionReason, u32> + 'a,
) -> ColumnField<'a, R> {
    let schema = JsonValue::object([
        ("type", "object".into()),
        ("additionalProperties", JsonValue::object([("type", "integer".into())])),
    ]);
    ColumnField::nested("left_out", "pipelines by why they take no part", schema, move |row: &R| {
        // The names are sorted, as the keys of the object always were.
        let counts: BTreeMap<&'static str, u32> = reasons(row)
            .iter()
            .map(|(reason, count)| (name_of_value(&ExclusionReason::NAMED, *reason), *count))
            .collect();
        let counts = counts.into_iter();
        Some(JsonValue::object(
            counts.map(|(reason, count)| (reason, JsonValue::Integer(i128::from(count)))),
        ))
    })
}

/// One metric of one group around one rollout.
#[derive(Clone, Copy)]
pub(super) struct EffectRow<'a> {
    pub figures: &'a MetricEffects,
    pub effect: &'a RolloutEffect,
}

/// The verdict in words, stressed where neither drift nor chance explains it.
fn verdict_cell(effect: &RolloutEffect) -> TableCell {
    let verdict = &effect.verdict;
    TableCell::text(verdict.to_string()).with_tone(match verdict.change {
        // What drift or chance may have done is neither good news nor bad.
        _ if verdict.as_placebo || verdict.by_chance => Tone::Plain,
        EffectDirection::Fell => Tone::Good,
        EffectDirection::Rose => Tone::Bad,
        EffectDirection::TooFew => Tone::Muted,
        EffectDirection::NoChange => Tone::Plain,
    })
}

fn prediction_fields<'a>() -> Vec<ColumnField<'a, (&'a PredictedRatio, &'a RolloutEffect)>> {
    type Row<'a> = (&'a PredictedRatio, &'a RolloutEffect);
    type Field<'a> = ColumnField<'a, Row<'a>>;
    vec![
        ratio_field("ratio", "the ratio", |(predicted, _): &Row<'a>| Some(predicted.ratio)),
        interval_field("range", "P10 to P90 of its draws", |(predicted, _): &Row<'a>| {
            Some(predicted.range)
        }),
        Field::text("from", "", "where it comes from", |(predicted, _)| predicted.from.clone()),
        ratio_field("seen_over_predicted", "what was seen by it", |(_, effect): &Row<'a>| {
            effect.difference.map(|it| it.ratio)
        }),
        interval_field("interval", "where that lies", |(_, effect): &Row<'a>| {
            effect.difference.map(|it| it.interval)
        }),
        Field::text("verdict", "", "what follows", |(_, effect)| {
            effect.difference.map(|it| name_of_value(&PredictionVerdict::NAMED, it.verdict))
        }),
    ]
}

/// Figures around a rollout. People get the prediction only where there is one.
pub(super) fn effect_fields<'a>(has_prediction: bool) -> Vec<ColumnField<'a, EffectRow<'a>>> {
    type Row<'a> = EffectRow<'a>;
    type Field<'a> = ColumnField<'a, EffectRow<'a>>;
    vec![
        Field::text("group", "of", "a step, or the total", |row| row.figures.group_label()),
        Field::text("metric", "metric", "the metric", |row| row.figures.metric.to_string()),
        Field::count("before", "before", "pipelines before", |row| row.effect.before),
        Field::count("after", "after", "pipelines after", |row| row.effect.after),
        ratio_field("raw", "of medians", |row: &Row<'a>| row.effect.raw),
        Field::number("", "raw", "of medians", |row| row.effect.raw.map(to_thousandths)),
        interval_field("raw_interval", "where it lies", |row: &Row<'a>| row.effect.raw_interval),
        ratio_field("means", "of means", |row: &Row<'a>| row.effect.means),
        ratio_field("adjusted", "for pipelines of one size", |row: &Row<'a>| row.effect.adjusted),
        Field::number("", "adjusted", "for pipelines of one size", |row| {
            row.effect.adjusted.map(to_thousandths)
        }),
        interval_field("interval", "where it lies", |row: &Row<'a>| row.effect.interval),
        interval_column("interval", "where it lies", |row: &Row<'a>| row.effect.interval),
        ratio_field("p", "chance of as much without a change", |row: &Row<'a>| row.effect.p_value),
        ratio_field("p_raised", "the same, raised for the number of looks", |row: &Row<'a>| {
            row.effect.p_value_corrected
        }),
        Field::number("", "chance", "the same, raised for the number of looks", |row| {
            row.effect.p_value_corrected.map(to_thousandths)
        }),
        ratio_field("placebo", "of dates without a rollout", |row: &Row<'a>| row.effect.placebo),
        Field::fraction("", "placebos", "of dates without a rollout", |row| row.effect.placebo),
        Field::text("verdict", "", "what is said of it", |row| row.effect.verdict.to_string()),
        Field::from_cells(ColumnKind::Text, "", "verdict", "the same", |row| {
            verdict_cell(row.effect)
        }),
        Field::optional_object("prediction", "what was predicted", prediction_fields(), |row| {
            row.effect.predicted.as_ref().map(|predicted| (predicted, row.effect))
        })
        .left_out_if_missing(),
        interval_column(heading_if(has_prediction, "predicted"), "P10 to P90", |row: &Row<'a>| {
            row.effect.predicted.as_ref().map(|predicted| predicted.range)
        }),
        interval_column(
            heading_if(has_prediction, "seen / predicted"),
            "where it lies",
            |row: &Row<'a>| row.effect.difference.map(|it| it.interval),
        ),
        Field::text("", heading_if(has_prediction, "against it"), "what follows", |row| {
            let difference = row.effect.difference?;
            Some(sentences::prediction_verdict(row.effect, difference.verdict))
        }),
        left_out_field(|row: &Row<'a>| &row.figures.excluded),
    ]
}

/// An instant for programs.
fn instant_text(at_ms: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_string())
}

/// A rollout, or several that cannot be told apart.
#[derive(Clone, Copy)]
struct RolloutRow<'a> {
    report: &'a BacktestReport<'a>,
    at: usize,
    batch: &'a RolloutBatch,
}

impl RolloutRow<'_> {
    /// Two windows have no dates of a rollout.
    fn date(self, at_ms: i64) -> Option<String> {
        if self.report.result.has_windows { None } else { instant_text(at_ms) }
    }
}

fn rollout_fields<'a>() -> Vec<ColumnField<'a, RolloutRow<'a>>> {
    type Field<'a> = ColumnField<'a, RolloutRow<'a>>;
    let counts = list_schema(JsonValue::object([("type", "integer".into())]));
    vec![
        Field::text("name", "", "its name, or its date", |row| {
            era_name(row.batch, row.report.result.has_windows)
        }),
        Field::text("from", "", "when it began", |row| row.date(row.batch.from_ms))
            .left_out_if_missing(),
        Field::text("to", "", "when it was out", |row| row.date(row.batch.to_ms))
            .left_out_if_missing(),
        Field::texts("toggles", "", "what was rolled out", |row| row.batch.toggle_ids()),
        Field::nested("between", "pipelines between its rollouts", counts, |row| {
            let counts = row.batch.between.iter();
            Some(JsonValue::List(counts.map(|n| JsonValue::Integer(i128::from(*n))).collect()))
        }),
        Field::rows("looks", "every figure around it", effect_fields(true), |row| {
            row.report.effect_rows(row.at)
        }),
    ]
}

/// A figure in another window.
#[derive(Clone, Copy)]
pub(super) struct WindowRow<'a> {
    pub report: &'a BacktestReport<'a>,
    pub window: &'a WindowEffect,
}

impl WindowRow<'_> {
    fn rollout_name(self) -> String {
        self.report.rollout_name(&self.report.result.batches[self.window.batch])
    }
}

pub(super) fn window_fields<'a>() -> Vec<ColumnField<'a, WindowRow<'a>>> {
    type Row<'a> = WindowRow<'a>;
    type Field<'a> = ColumnField<'a, WindowRow<'a>>;
    vec![
        Field::text("group", "of", "a step, or the total", |row| {
            row.window.step.as_deref().unwrap_or("total")
        }),
        Field::text("metric", "metric", "the metric", |row| row.window.metric.to_string()),
        Field::text("rollout", "after", "the rollout", |row| row.rollout_name()),
        Field::duration("window_ms", "", "the window", |row| row.window.window_ms),
        Field::text("", "window", "the window", |row| {
            format_short(&CellValue::Duration(row.window.window_ms))
        }),
        Field::count("before", "before", "pipelines before", |row| row.window.effect.before),
        Field::count("after", "after it", "pipelines after", |row| row.window.effect.after),
        ratio_field("raw", "of medians", |row: &Row<'a>| row.window.effect.raw),
        Field::number("", "raw", "of medians", |row| row.window.effect.raw.map(to_thousandths)),
        ratio_field("adjusted", "for pipelines of one size", |row: &Row<'a>| {
            row.window.effect.adjusted
        }),
        Field::number("", "adjusted", "for pipelines of one size", |row| {
            row.window.effect.adjusted.map(to_thousandths)
        }),
        interval_field("interval", "where it lies", |row: &Row<'a>| row.window.effect.interval),
        interval_column("interval", "where it lies", |row: &Row<'a>| row.window.effect.interval),
    ]
}

/// A metric at the dates without a rollout.
pub(super) fn placebo_fields<'a>() -> Vec<ColumnField<'a, &'a MetricEffects>> {
    type Field<'a> = ColumnField<'a, &'a MetricEffects>;
    type DateField<'a> = ColumnField<'a, (i64, f64)>;
    let dates = vec![
        DateField::text("date", "", "the date", |(at_ms, _)| {
            instant_text(*at_ms).unwrap_or_default()
        }),
        ratio_field("ratio", "after by before", |(_, ratio): &(i64, f64)| Some(*ratio)),
    ];
    let number = JsonValue::List(vec!["number".into(), "null".into()]);
    let slopes = JsonValue::object([
        ("type", "object".into()),
        ("additionalProperties", JsonValue::object([("type", number)])),
    ]);
    vec![
        Field::text("group", "of", "a step, or the total", |it| it.group_label()),
        Field::text("metric", "metric", "the metric", |it| it.metric.to_string()),
        Field::nested("slopes", "by how much it grows with each size", slopes, |it| {
            let sorted: BTreeMap<&String, Option<f64>> =
                it.slopes.iter().map(|(size, slope)| (size, *slope)).collect();
            let entries = sorted.into_iter().map(|(size, slope)| {
                let slope = slope.map(|slope| EffectRatio::from_f64(slope).as_f64());
                (size.clone().into(), slope.map_or(JsonValue::Null, JsonValue::Float))
            });
            Some(JsonValue::Object(entries.collect()))
        }),
        Field::texts("not_adjusted_for", "", "sizes that nothing tells", |it| {
            it.unknown.iter().map(ToString::to_string).collect::<Vec<_>>()
        }),
        Field::rows("dates", "date by date", dates, |it| it.placebos.clone()),
        Field::count("", "dates", "how many dates", |it| it.placebos.len()),
        Field::number("", "lowest", "the lowest ratio", |it| placebo_rank(it, |_| 0)),
        Field::number("", "middle", "the middle one", |it| placebo_rank(it, |count| count / 2)),
        Field::number("", "highest", "the highest", |it| placebo_rank(it, |count| count - 1)),
    ]
}

/// The ratio of some rank among the dates, in thousandths; `rank` is asked only where there are
/// some.
fn placebo_rank(figures: &MetricEffects, rank: fn(usize) -> usize) -> Option<i64> {
    let mut ratios: Vec<f64> = figures.placebos.iter().map(|(_, ratio)| *ratio).collect();
    if ratios.is_empty() {
        return None;
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(rank(ratios.len())).copied().map(to_thousandths)
}

/// An input for programs.
pub(super) fn source_fields<'a>() -> Vec<ColumnField<'a, &'a BacktestSource>> {
    type Field<'a> = ColumnField<'a, &'a BacktestSource>;
    vec![
        Field::text("name", "", "its name", |source| source.name.as_str()),
        Field::text("sha256", "", "of its bytes or content", |source| source.sha256.as_str()),
        Field::count("skipped", "", "rows or lines that were skipped", |source| source.skip_count),
        Field::texts("skips", "", "the first of them", |source| source.skips.clone()),
        Field::texts("notes", "", "what a reader should know", |source| source.notes.clone()),
    ]
}

/// What `backtest --format json` has.
pub(in crate::report::show) fn report_fields<'a>() -> Vec<ColumnField<'a, &'a BacktestReport<'a>>> {
    type Row<'a> = &'a BacktestReport<'a>;
    type Field<'a> = ColumnField<'a, &'a BacktestReport<'a>>;
    vec![
        Field::texts("decision", "", "what the first screen says", |it| it.decision_lines()),
        Field::duration("window_ms", "", "the window; 0 for two windows", |it| it.result.window_ms),
        Field::count("pipelines", "", "pipelines that were read", |it| it.result.pipelines),
        Field::count("outside", "", "further from every rollout", |it| it.result.outside),
        left_out_field(|it: &Row<'a>| &it.result.excluded),
        Field::count("starts_unknown", "", "of unknown start", |it| it.result.starts.unknown),
        Field::duration("longest_ms", "", "the longest that is known", |it| {
            it.result.starts.longest_ms
        }),
        Field::count("looks", "", "figures that were tested", |it| it.result.tested_figures),
        ratio_field("confidence", "of intervals", |it: &Row<'a>| Some(it.settings.confidence)),
        Field::count("draws", "", "draws of the bootstrap", |it| it.settings.draws),
        Field::count("seed", "", "its seed", |it| it.settings.seed),
        Field::texts("adjust", "", "sizes that are adjusted for", |it| {
            it.settings.adjust.iter().map(ToString::to_string).collect::<Vec<_>>()
        }),
        Field::rows("rollouts", "rollout by rollout", rollout_fields(), |it| {
            let batches = it.result.batches.iter().enumerate();
            batches.map(|(at, batch)| RolloutRow { report: it, at, batch }).collect()
        }),
        Field::rows("windows", "in other windows", window_fields(), |it| it.window_rows()),
        Field::rows("placebos", "dates without a rollout", placebo_fields(), |it| {
            it.result.metric_effects.iter().collect()
        }),
        Field::rows("sources", "where they come from", source_fields(), |it| {
            it.sources.iter().collect()
        }),
    ]
}
