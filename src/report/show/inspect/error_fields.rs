//! How far the model is off, in tables and in JSON.

use crate::report::columns::ColumnField;
use crate::study::inspect::error_table::HarnessError;
use crate::study::inspect::fidelity::{ErrorQuantiles, GroupFidelity};
use crate::study::inspect::holdout_scores::{GroupHoldout, HoldoutFigures};

fn quantile_fields<'a>() -> Vec<ColumnField<'a, ErrorQuantiles>> {
    type Field<'a> = ColumnField<'a, ErrorQuantiles>;
    vec![
        Field::fraction("median", "", "half of the sessions are better", |it| it.median),
        Field::fraction("p90", "", "nine of ten are better", |it| it.p90),
        Field::fraction("p99", "", "99 of 100 are better", |it| it.p99),
    ]
}

/// A share of error of a group.
type GroupShare = fn(&GroupFidelity) -> f64;

pub(super) fn fidelity_fields<'a>() -> Vec<ColumnField<'a, &'a GroupFidelity>> {
    type Field<'a> = ColumnField<'a, &'a GroupFidelity>;
    let law = "error of the cache law alone";
    let content = "error with usage hidden";
    let mut fields = vec![
        Field::text("group", "sessions of", "a folder, or all", |it| it.group.as_str()),
        Field::count("sessions", "sessions", "sessions with two calls and some read", |it| {
            it.sessions
        }),
        Field::object("law", law, quantile_fields(), |it| it.law),
        Field::object("content", content, quantile_fields(), |it| it.content),
    ];
    // For people in percent, to three places.
    let percents: [(&str, GroupShare); 6] = [
        ("law median %", |it| it.law.median),
        ("law p90 %", |it| it.law.p90),
        ("law p99 %", |it| it.law.p99),
        ("content median %", |it| it.content.median),
        ("content p90 %", |it| it.content.p90),
        ("content p99 %", |it| it.content.p99),
    ];
    fields.extend(percents.map(|(heading, share)| {
        Field::number("", heading, "the same", move |it| (share(it) * 100_000.0).round() as i64)
    }));
    fields.push(Field::fraction("law_bias", "", "its mean error with its sign", |it| it.law_bias));
    fields.push(Field::fraction("content_bias", "", "the same with usage hidden", |it| {
        it.content_bias
    }));
    fields
}

/// A figure of a group that has sessions.
fn holdout_figure<'a>(
    name: &'static str,
    heading: &'static str,
    about: &'static str,
    figure: fn(&HoldoutFigures) -> f64,
) -> ColumnField<'a, &'a GroupHoldout> {
    ColumnField::fraction(name, heading, about, move |it: &&GroupHoldout| {
        it.figures.as_ref().map(figure)
    })
}

pub(super) fn holdout_fields<'a>() -> Vec<ColumnField<'a, &'a GroupHoldout>> {
    type Field<'a> = ColumnField<'a, &'a GroupHoldout>;
    vec![
        Field::text("group", "sessions of", "a folder, or all", |it| it.group.as_str()),
        Field::count("sessions", "sessions", "sessions that were predicted", |it| it.sessions),
        Field::count("left_out", "left out", "sessions that were not", |it| it.left_out),
        Field::optional_object("error", "of the predicted reads", quantile_fields(), |it| {
            it.figures.map(|figures| figures.error)
        }),
        holdout_figure("", "error median", "of the predicted reads", |it| it.error.median),
        holdout_figure("", "error p90", "of the predicted reads", |it| it.error.p90),
        holdout_figure("coverage", "in 80 % band", "sessions within their band", |it| it.coverage),
        holdout_figure("below", "below", "sessions that read less", |it| it.below),
        holdout_figure("above", "above", "sessions that read more", |it| it.above),
        holdout_figure("width", "band width", "mean width, of the prediction", |it| it.width),
    ]
}

/// A share in percent to three places, for people.
fn percent_field<'a>(
    heading: &'static str,
    share: fn(&HarnessError) -> Option<f64>,
) -> ColumnField<'a, &'a HarnessError> {
    ColumnField::number("", heading, "the same", move |it: &&HarnessError| {
        share(it).map(|share| (share * 100_000.0).round() as i64)
    })
}

/// The error by harness and versions.
pub(super) fn harness_error_fields<'a>() -> Vec<ColumnField<'a, &'a HarnessError>> {
    type Field<'a> = ColumnField<'a, &'a HarnessError>;
    let mut fields = harness_name_fields();
    fields.extend([
        Field::object("reads_error", "of summed reads", quantile_fields(), |it| it.reads),
        Field::object("fresh_error", "of input that was not read", quantile_fields(), |it| {
            it.fresh
        }),
        Field::optional_object("cost_error", "of the dollars", quantile_fields(), |it| it.cost),
        percent_field("reads median %", |it| Some(it.reads.median)),
        percent_field("p90 %", |it| Some(it.reads.p90)),
        percent_field("p99 %", |it| Some(it.reads.p99)),
        percent_field("fresh median %", |it| Some(it.fresh.median)),
        percent_field("p90 %", |it| Some(it.fresh.p90)),
        percent_field("dollars median %", |it| it.cost.map(|cost| cost.median)),
        percent_field("p90 %", |it| it.cost.map(|cost| cost.p90)),
        Field::fraction("reads_bias", "", "error of all reads together, with its sign", |it| {
            it.reads_bias
        }),
        band_field("below", "", 0),
        band_field("coverage", "", 1),
        band_field("above", "", 2),
    ]);
    fields
}

/// Where the bill lies to the band, by harness and versions.
pub(super) fn harness_band_fields<'a>() -> Vec<ColumnField<'a, &'a HarnessError>> {
    let mut fields = harness_name_fields();
    fields.extend([
        band_field("below", "below", 0),
        band_field("coverage", "in 80 % band", 1),
        band_field("above", "above", 2),
    ]);
    fields
}

fn harness_name_fields<'a>() -> Vec<ColumnField<'a, &'a HarnessError>> {
    type Field<'a> = ColumnField<'a, &'a HarnessError>;
    vec![
        Field::text("harness", "harness", "the format of its transcripts", |it| {
            it.harness.as_str()
        }),
        Field::text("versions", "versions", "the oldest and the newest", |it| it.versions.as_str()),
        Field::text("prediction", "known", "what the prediction knows", |it| it.prediction.name()),
        Field::count("sessions", "sessions", "sessions that were predicted", |it| it.sessions),
    ]
}

fn band_field<'a>(
    name: &'static str,
    heading: &'static str,
    place: usize,
) -> ColumnField<'a, &'a HarnessError> {
    ColumnField::fraction(
        name,
        heading,
        "share of sessions, held out",
        move |it: &&HarnessError| it.band.map(|band| band[place]),
    )
}
