//! The comparison for programs, each key once.

use super::bounds::bound_fields;
use super::claim_fields::{claim_fields, combined_fields, judgement_fields, probability_fields};
use super::distribution::distribution_fields;
use super::first_question::first_question_fields;
use super::load_bands::load_band_fields;
use super::minutes::clock_fields;
use super::observed_savings::observed_fields;
use super::order_as_told::as_told_fields;
use super::queue::queue_fields;
use super::saving_bands::{
    band_ends_field, band_fields, point_fields, point_of_saving, share_band_fields,
};
use super::turn_limiter::limiter_fields;
use super::whole_pipeline::whole_fields;
use super::{ComparisonReport, ReportField};
use crate::intervene::ParamUnit;
use crate::reconstruct::Lens;
use crate::report::columns::{ColumnField, fields_of_part, object_json};
use crate::report::json;
use crate::report::show::audit::finding_fields;
use crate::report::show::build_order::{BuildOrderReport, step_fields};
use crate::report::show::decision::Decision;
use crate::report::show::{Provenance, parameter_cell, saving_fields, totals_fields};
use crate::report::view::ColumnKind;
use crate::study::whatif::compare::{Comparison, ToggleResult};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::remaining_saving::RemainingSaving;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::tornado::{BandReason, SavingSwing};

impl ComparisonReport<'_> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json(
            "compare",
            1,
            &object_json(&report_fields(self.comparison.headline), &self)
                .without_money_unless(self.comparison.has_dollars),
        )
    }
}

/// What to do first.
fn decision_field<'a>() -> ReportField<'a> {
    let about = "what to do first; left out where no sweep can be made";
    ReportField::optional_object("decision", about, Decision::fields(), |it| it.decision())
        .left_out_if_missing()
}

/// What `compare --format json` has.
pub(in crate::report::show) fn report_fields<'a>(headline: HeadlineMetric) -> Vec<ReportField<'a>> {
    let mut fields = vec![
        ReportField::text("recording", "", "its name", |it| it.provenance.recording.as_str()),
        ReportField::text("lens", "", "what published calls are taken for", |it| {
            it.source.lens().map(Lens::name)
        }),
        ReportField::optional_object(
            "headline",
            "what the comparison is told in, where that is not cache reads",
            headline_fields(),
            |it| (it.comparison.headline == HeadlineMetric::Tokens).then_some(it.comparison),
        )
        .left_out_if_missing(),
        decision_field(),
        ReportField::object("baseline", "nothing toggled", totals_fields(), |it| {
            &it.comparison.baseline
        }),
        ReportField::object("variant", "everything toggled", totals_fields(), |it| {
            &it.comparison.variant
        }),
        ReportField::rows("toggles", "each toggle", toggle_fields(headline), |it| {
            it.comparison.toggles.iter().collect()
        }),
        ReportField::object("joint", "all together", joint_fields(headline), |it| it.comparison),
        ReportField::optional_rows(
            "order",
            "what to build, step by step; left out where no sweep can be made",
            step_fields(headline, true),
            |it| Some(BuildOrderReport(it.sweep.ok()?).rows()),
        )
        .left_out_if_missing(),
        ReportField::rows(
            "interaction",
            "pairs of toggles whose savings depend on each other",
            pair_fields(headline, true),
            |it| it.comparison.interacting_pairs(),
        ),
        ReportField::optional_rows(
            "bounds",
            "toggles that wait for a number",
            bound_fields(headline, (0, 0)),
            |it| rows_if_any(&it.comparison.bounds),
        )
        .left_out_if_missing(),
        ReportField::rows(
            "tornado",
            "what each parameter alone moves, the others at their means",
            swing_fields(headline, true),
            |it| it.comparison.tornado.iter().collect(),
        ),
        ReportField::rows("combined", "claims on several toggles", combined_fields(), |it| {
            it.comparison.combined.iter().collect()
        }),
        ReportField::optional_rows(
            "seen",
            "what was seen after rollouts",
            observed_fields(),
            |it| rows_if_any(&it.comparison.observed_savings),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "limiter",
            "turns at once and requests a minute of agents that packets wake",
            limiter_fields(),
            |it| (!it.loads.is_empty()).then(|| it.loads.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "load_bands",
            "rates, waits and latency over draws, where a source of totals tells no times",
            load_band_fields(),
            |it| it.load_bands().map(|bands| bands.figures.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "queue",
            "the queue of requests: what is known, and what is asked for",
            queue_fields(),
            |it| {
                let figures = it.queue_figures();
                (!figures.is_empty()).then_some(figures)
            },
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "distribution",
            "how savings are spread over sessions, where asked for",
            distribution_fields(),
            |it| Some(it.distribution_rows(it.distribution?).collect()),
        )
        .left_out_if_missing(),
        ReportField::rows("findings", "what the audit found", finding_fields(true), |it| {
            it.findings.iter().collect()
        }),
    ];
    fields.extend(pipeline_fields());
    fields.push(Provenance::field(|it: &&'a ComparisonReport<'a>| it.provenance));
    fields
}

/// What is told of a published pipeline beside its toggles.
fn pipeline_fields<'a>() -> [ReportField<'a>; 3] {
    [
        ReportField::optional_object(
            "whole",
            "the whole pipeline with what its summary leaves out, where a source tells of that",
            whole_fields(),
            |it| it.comparison.whole.as_ref().map(|_| *it),
        )
        .left_out_if_missing(),
        ReportField::optional_object(
            "as_told",
            "the order as the source of another one tells it, where one does",
            as_told_fields(),
            |it| it.comparison.as_told.as_ref().map(|_| *it),
        )
        .left_out_if_missing(),
        ReportField::optional_object(
            "minutes",
            "the wall clock, where a source tells the times of sessions that follow each other",
            clock_fields(),
            |it| it.comparison.minutes.as_ref().map(|_| *it),
        )
        .left_out_if_missing(),
    ]
}

/// Rows of a key that is left out where there are none.
fn rows_if_any<T>(rows: &[T]) -> Option<Vec<&T>> {
    (!rows.is_empty()).then(|| rows.iter().collect())
}

fn headline_fields<'a>() -> Vec<ColumnField<'a, &'a Comparison>> {
    type Field<'a> = ColumnField<'a, &'a Comparison>;
    vec![
        Field::text("metric", "", "what it is", |it| it.headline.metric_name()),
        Field::flag("has_dollars", "", "whether the dollars mean anything", |it| it.has_dollars),
        Field::tokens("saved", "", "saved by all toggles", |it| {
            it.headline.amount_in_saving(&it.joint)
        }),
        Field::tokens("of", "", "out of so many", |it| it.headline.amount_in_totals(&it.baseline)),
    ]
}

fn joint_fields<'a>(headline: HeadlineMetric) -> Vec<ColumnField<'a, &'a Comparison>> {
    type Field<'a> = ColumnField<'a, &'a Comparison>;
    let mut fields = vec![Field::object("saving", "what is saved", saving_fields(), |it| it.joint)];
    fields.extend(fields_of_part(band_fields(headline), |it: &&'a Comparison| {
        it.uncertainty.as_ref().map(|it| it.joint)
    }));
    // The share stands under the name of what the headline counts, never under both.
    let of_tokens = Field::optional_object(
        "share_of_tokens",
        "as a share of the baseline",
        share_band_fields(),
        |it| {
            let uncertainty = it.uncertainty.as_ref();
            uncertainty.filter(|_| it.headline == HeadlineMetric::Tokens).map(|it| it.joint_bp.0)
        },
    );
    fields.extend([
        Field::optional_object(
            "share_of_reads",
            "as a share of the baseline",
            share_band_fields(),
            |it| {
                let uncertainty = it.uncertainty.as_ref();
                uncertainty.filter(|_| it.headline == HeadlineMetric::Reads).map(|it| it.joint_bp.0)
            },
        ),
        of_tokens.left_out_if_missing(),
        Field::optional_object("share_of_dollars", "the same", share_band_fields(), |it| {
            it.uncertainty.as_ref().map(|it| it.joint_bp.1)
        }),
        band_ends_field(),
        Field::tokens("overlap", "", "what a plain sum of the list counts twice", |it| it.overlap),
        Field::count("draws", "", "draws", |it| it.uncertainty.as_ref().map_or(0, |it| it.draws)),
        Field::count("shapley_draws", "", "draws behind the bands of Shapley values", |it| {
            it.uncertainty.as_ref().map_or(0, |it| it.shapley_draws)
        }),
        Field::count("draws_unmet", "", "draws whose call counts no calls met", |it| {
            it.uncertainty.as_ref().map_or(0, |it| it.unmet_draws)
        }),
        Field::optional_object(
            "find_out_first",
            "the open fact that, known, would change most",
            first_question_fields(),
            |it| it.uncertainty.as_ref()?.first_question.as_ref(),
        ),
        Field::rows("probability", "how likely claims are", probability_fields(Vec::new()), |it| {
            let claims = it.uncertainty.iter().flat_map(|it| &it.claims);
            claims.flat_map(|claim| &claim.probabilities).collect()
        }),
    ]);
    fields
}

/// What two toggles save together beyond the sum of both.
type TogglePair = (&'static str, &'static str, Saving);

/// Pairs in tables and for programs.
pub(super) fn pair_fields<'a>(
    headline: HeadlineMetric,
    has_dollars: bool,
) -> Vec<ColumnField<'a, TogglePair>> {
    type Field<'a> = ColumnField<'a, TogglePair>;
    let mut fields = vec![
        Field::texts("toggles", "", "both", |(one, other, _)| {
            vec![(*one).to_owned(), (*other).to_owned()]
        }),
        Field::text("", "pair", "both", |(one, other, _)| format!("{one} and {other}")),
        Field::tokens("", headline.column_noun(), "in the headline's figure", move |pair| {
            headline.amount_in_saving(&pair.2)
        })
        .with_sign(),
    ];
    if has_dollars {
        fields.push(Field::money("", "dollars", "money", |pair| pair.2.total_money()).with_sign());
    }
    fields.push(Field::count("calls", "calls", "calls", |pair| pair.2.calls).with_sign());
    fields.extend(fields_of_part(point_fields(headline), |pair: &TogglePair| {
        point_of_saving(&pair.2)
    }));
    fields
}

/// What parameters move, in tables and for programs.
pub(super) fn swing_fields<'a>(
    headline: HeadlineMetric,
    has_dollars: bool,
) -> Vec<ColumnField<'a, &'a SavingSwing>> {
    type Field<'a> = ColumnField<'a, &'a SavingSwing>;
    let noun = headline.column_noun();
    let mut fields = vec![
        Field::text("toggle", "", "its toggle; empty for an unknown", |it| it.toggle),
        Field::text("parameter", "", "its key", |it| it.key.as_str()),
        Field::text("", "parameter", "both", |it| {
            format!("{} {}", it.toggle, it.key).trim().to_owned()
        }),
        Field::text("unit", "", "its unit", |it| it.unit.name()),
        // A count needs no word beside it.
        Field::text("", "unit", "its unit", |it| {
            if it.unit.name() == ParamUnit::Count.name() { "" } else { it.unit.told_name() }
        }),
        Field::count("low", "", "its low end", |it| it.range.low),
        Field::count("mode", "", "its mode", |it| it.range.mode),
        Field::count("high", "", "its high end", |it| it.range.high),
        Field::from_cells(ColumnKind::Mixed, "", "low", "its low end", |it| {
            parameter_cell(it.unit, it.range.low)
        }),
        Field::from_cells(ColumnKind::Mixed, "", "high", "its high end", |it| {
            parameter_cell(it.unit, it.range.high)
        }),
        Field::object("saving_at_low", "saved there", point_fields(headline), |it| {
            point_of_saving(&it.low)
        }),
        Field::object("saving_at_high", "saved there", point_fields(headline), |it| {
            point_of_saving(&it.high)
        }),
        Field::tokens("", format!("{noun} at low"), "saved there", move |it| {
            headline.amount_in_saving(&it.low)
        })
        .with_sign(),
        Field::tokens("", format!("{noun} at high"), "saved there", move |it| {
            headline.amount_in_saving(&it.high)
        })
        .with_sign(),
    ];
    if has_dollars {
        fields.extend([
            Field::money("", "$ at low", "saved there", |it| it.low.total_money()).with_sign(),
            Field::money("", "$ at high", "saved there", |it| it.high.total_money()).with_sign(),
        ]);
    }
    fields
}

fn toggle_fields<'a>(headline: HeadlineMetric) -> Vec<ColumnField<'a, &'a ToggleResult>> {
    type Field<'a> = ColumnField<'a, &'a ToggleResult>;
    let mut fields = vec![
        Field::text("id", "", "its id", |it| it.id),
        Field::text("title", "", "its title", |it| it.title),
        Field::count("found", "", "places where it applies", |it| it.found),
        Field::flag(
            "of_orchestrator",
            "",
            "whether it changes an orchestrator beside the sessions; what it saves is in `whole`",
            |it| it.is_beside.then_some(true),
        )
        .left_out_if_missing(),
        Field::tokens("tokens_touched", "", "tokens that it touches", |it| it.touched),
        Field::optional_object("claimed", "what is claimed for it", claim_fields(), |it| {
            it.claim.as_ref()
        }),
        Field::object("alone", "saved on its own", saving_fields(), |it| it.alone),
        Field::object("last", "saved after all the others", saving_fields(), |it| it.last),
        Field::object("shapley", "its share in all together", point_fields(headline), |it| {
            point_of_saving(&it.share)
        }),
    ];
    // The band of the Shapley value has no name of its own.
    fields.extend(fields_of_part(band_fields(headline), |it: &&'a ToggleResult| {
        it.bands.and_then(|bands| bands.shapley)
    }));
    fields.extend([
        Field::object("alone_band", "of `alone`", band_fields(headline), |it| {
            it.bands.map(|bands| bands.alone)
        }),
        Field::object("last_band", "of `last`", band_fields(headline), |it| {
            it.bands.map(|bands| bands.last)
        }),
        Field::optional_object("wide_because", "what makes its band wide", reason_fields(), |it| {
            it.reason.as_ref()
        })
        .left_out_if_missing(),
        Field::count("effort", "", "points of about half a day", |it| it.grade.effort),
        Field::count("risk", "", "1 to 3", |it| it.grade.risk),
        Field::count("bound", "", "the most that it could save, in the claim's metric", |it| {
            it.bound
        }),
        Field::rows("judged", "who says what about the claim", judgement_fields(), |it| {
            it.judgements.iter().collect()
        }),
        Field::text("verdict", "", "whether the claim has the right size", |it| {
            it.verdict.verdict_word()
        }),
        Field::text("with_others", "", "what the other toggles leave of it", |it| {
            it.remaining.as_ref().map(RemainingSaving::words)
        }),
        Field::texts("notes", "", "what to tell the reader", |it| it.notes.clone()),
    ]);
    fields
}

fn reason_fields<'a>() -> Vec<ColumnField<'a, &'a BandReason>> {
    type Field<'a> = ColumnField<'a, &'a BandReason>;
    vec![
        Field::text("parameter", "", "what moves it most", |it| it.what.as_str()),
        Field::tokens("saving_at_low", "", "saved at its low end", |it| it.low),
        Field::tokens("saving_at_high", "", "saved at its high end", |it| it.high),
    ]
}
