//! Savings and their bands for programs.

use crate::report::columns::{ColumnField, fields_of_part};
use crate::report::show::money_fields;
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::compare::Comparison;
use crate::study::whatif::draw_count::BandEnds;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::saving_bands::SavingBands;
use crate::study::whatif::savings::Saving;
use crate::units::PicoUsd;

/// One saving: reads, tokens of all classes, money.
pub(super) type SavingPoint = (i64, i64, PicoUsd);

pub(super) fn point_of_saving(saving: &Saving) -> SavingPoint {
    let tokens = HeadlineMetric::Tokens.amount_in_saving(saving);
    (saving.usage.read, tokens, saving.total_money())
}

/// A saving; tokens where the comparison is told in them.
pub(super) fn point_fields<'a>(headline: HeadlineMetric) -> Vec<ColumnField<'a, SavingPoint>> {
    type Field<'a> = ColumnField<'a, SavingPoint>;
    let mut fields = vec![
        Field::tokens("read", "", "cache reads", |point| point.0),
        Field::tokens("tokens", "", "tokens of all classes", move |point| {
            (headline == HeadlineMetric::Tokens).then_some(point.1)
        })
        .left_out_if_missing(),
    ];
    fields.extend(fields_of_part(money_fields(), |point: &SavingPoint| point.2));
    fields
}

/// The 10th, 50th and 90th percentile; null without draws. Each figure has its own: the draw of a
/// point's reads may be another one than that of its dollars.
pub(super) fn band_fields<'a>(
    headline: HeadlineMetric,
) -> Vec<ColumnField<'a, Option<SavingBands>>> {
    type Field<'a> = ColumnField<'a, Option<SavingBands>>;
    vec![
        Field::optional_object("p10", "one draw in ten is below", point_fields(headline), |it| {
            it.map(|it| (it.read.p10, it.tokens.p10, it.cost.p10))
        }),
        Field::optional_object("p50", "the middle draw", point_fields(headline), |it| {
            it.map(|it| (it.read.p50, it.tokens.p50, it.cost.p50))
        }),
        Field::optional_object("p90", "one draw in ten is above", point_fields(headline), |it| {
            it.map(|it| (it.read.p90, it.tokens.p90, it.cost.p90))
        }),
    ]
}

/// A share with its band.
pub(super) fn share_band_fields<'a>() -> Vec<ColumnField<'a, CredibleBand<i64>>> {
    type Field<'a> = ColumnField<'a, CredibleBand<i64>>;
    vec![
        Field::share("p10", "", "one draw in ten is below", |band| band.p10),
        Field::share("p50", "", "the middle draw", |band| band.p50),
        Field::share("p90", "", "one draw in ten is above", |band| band.p90),
    ]
}

/// Between which shares of dollars the ends of the joint band lie.
pub(super) fn band_ends_field<'a>() -> ColumnField<'a, &'a Comparison> {
    type Field<'a> = ColumnField<'a, BandEnds<i64>>;
    let ends = vec![
        Field::share("p10_low", "", "the least that P10 may be", |ends| ends.p10.0),
        Field::share("p10_high", "", "the most", |ends| ends.p10.1),
        Field::share("p90_low", "", "the least that P90 may be", |ends| ends.p90.0),
        Field::share("p90_high", "", "the most", |ends| ends.p90.1),
    ];
    ColumnField::optional_object(
        "ends_of_share_of_dollars",
        "between which shares its ends lie, nine times in ten; of fewer than 1,000 draws",
        ends,
        |it: &&Comparison| it.uncertainty.as_ref()?.joint_ends_bp.map(|it| it.1),
    )
    .left_out_if_missing()
}
