//! The forest: what is claimed against what the replay says, each toggle and several together.

use super::super::compare::bounds::bound_word;
use super::super::compare::{claim_verdict_word, combined_claim_name};
use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{
    ChartUnit, ForestChart, ForestClaim, ForestPanel, ForestReplay, ForestRow,
};
use crate::report::format::{self, NumberStyle};
use crate::study::whatif::compare::{CombinedClaimResult, ToggleResult};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::observed_savings::ObservedSaving;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::uncertainty::{ClaimDraws, CredibleBand};
use crate::study::whatif::verdict::{
    ClaimJudge, ClaimJudgement, MODEL_ERROR_BP, widen_by_model_error,
};
use crate::units::share_of;
use std::ops::RangeInclusive;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let headline = comparison.headline;
    let Some(uncertainty) = &comparison.uncertainty else {
        return Err("without draws there are no bands".to_owned());
    };
    let draws = |claim: &PublishedClaim| uncertainty.claims.iter().find(|it| it.claim == claim.id);
    let mut panels: Vec<ForestPanel> = Vec::new();
    let mut put = |heading: &str, metric: &str, row: ForestRow| {
        let (unit, axis, heading) = match metric {
            "calls" => (ChartUnit::Count, "saved calls".to_owned(), format!("{heading}: calls")),
            _ => (ChartUnit::Tokens, format!("saved {}", axis_words(headline)), heading.to_owned()),
        };
        match panels.iter_mut().find(|panel| panel.heading == heading) {
            Some(panel) => panel.rows.push(row),
            None => panels.push(ForestPanel { heading, axis, unit, rows: vec![row] }),
        }
    };
    for toggle in &comparison.toggles {
        let metric = toggle.claim.as_ref().map_or(headline.metric_name(), |claim| &claim.metric);
        let row = row_of_toggle(toggle, toggle.claim.as_ref().and_then(draws), headline);
        if let Some(row) = row {
            put("each toggle on its own", metric, row);
        }
    }
    let (calls, tokens): (Vec<_>, Vec<_>) =
        comparison.combined.iter().partition(|result| result.claim.metric == "calls");
    for result in tokens.into_iter().chain(calls) {
        put("several toggles together", &result.claim.metric, row_of_combined_claim(result));
    }
    for one in &comparison.observed_savings {
        put("rolled out together", headline.metric_name(), row_of_observation(one));
    }
    for bound in comparison.bounds.iter().filter(|bound| !bound.asked.is_empty()) {
        let asked: Vec<&str> = bound.asked.iter().map(|spec| spec.key).collect();
        let row = ForestRow {
            label: format!("{} {}", bound.id, bound.title),
            note: format!("asked for: {}", asked.join(", ")),
            replayed: ForestReplay::Bounds(
                headline.amount_in_saving(&bound.low).into(),
                headline.amount_in_saving(&bound.high).into(),
            ),
            claimed: bound.claim.as_ref().map_or(ForestClaim::Nothing, claim_range),
            at_most: None,
            observed: None,
            verdict: bound.claim.as_ref().map_or("", |_| bound_word(bound)).to_owned(),
        };
        put("toggles that wait for a number", headline.metric_name(), row);
    }
    if panels.is_empty() {
        return Err("no toggle saves anything, and none is claimed to".to_owned());
    }
    let has_claims =
        panels.iter().flat_map(|p| &p.rows).any(|row| row.claimed != ForestClaim::Nothing);
    let claims = if has_claims { "what is claimed, and " } else { "" };
    let error = format::format_share(MODEL_ERROR_BP, NumberStyle::default());
    Ok(Box::new(ForestChart {
        title: format!("{}: {claims}what the replay saves", source.recording_name()),
        widened: format!("alone to last with P10 and P90, and the model's own error of {error}"),
        panels,
        footer: source.footer_lines(),
    }))
}

/// A toggle that finds something or of which something is claimed.
fn row_of_toggle(
    toggle: &ToggleResult,
    draws: Option<&ClaimDraws>,
    headline: HeadlineMetric,
) -> Option<ForestRow> {
    let label = format!("{} {}", toggle.id, toggle.title);
    let band = toggle.bands.map(|bands| bands.alone.headline_band(headline));
    let (alone, last) =
        (headline.amount_in_saving(&toggle.alone), headline.amount_in_saving(&toggle.last));
    let Some(claim) = &toggle.claim else {
        let band = band?;
        let (low, high) = (alone.min(last).min(band.p10), alone.max(last).max(band.p90));
        return ((low, high) != (0, 0)).then(|| ForestRow {
            label,
            note: String::new(),
            replayed: replay_band(band, &(low..=high)),
            claimed: ForestClaim::Nothing,
            at_most: None,
            observed: None,
            verdict: "no claim".to_owned(),
        });
    };
    let band = draws.map(|draws| draws.saved).or(band);
    Some(ForestRow {
        label,
        note: String::new(),
        replayed: model_band(band, &toggle.judgements),
        claimed: claim_range(claim),
        at_most: toggle.at_most.map(i128::from),
        observed: None,
        verdict: claim_verdict_word(claim, toggle.verdict).to_owned(),
    })
}

fn row_of_combined_claim(result: &CombinedClaimResult) -> ForestRow {
    let claim = &result.claim;
    let band = result.draws.as_ref().map(|draws| draws.saved);
    ForestRow {
        label: combined_claim_name(claim),
        note: claim.toggles.join("+"),
        replayed: model_band(band, &result.judgements),
        claimed: claim_range(claim),
        at_most: Some(result.at_most.into()),
        observed: None,
        verdict: claim_verdict_word(claim, result.verdict).to_owned(),
    }
}

/// Toggles that came out together: the sum of what is claimed for them, their replay, and what was
/// seen, all as amounts of this pipeline.
fn row_of_observation(one: &ObservedSaving) -> ForestRow {
    let amount = |bp: i64| i128::from(share_of(one.before, bp));
    let ends = |range: &RangeInclusive<i64>| (amount(*range.start()), amount(*range.end()));
    let (low, high) = ends(&one.interval_bp());
    let of = match one.observed.step_name() {
        "" => "the whole pipeline",
        step => step,
    };
    ForestRow {
        label: one.observed.toggles.join("+"),
        note: of.to_owned(),
        replayed: one.predicted.map_or(ForestReplay::Nothing, |band| {
            let range = band.p10.min(one.predicted_bp)..=band.p90.max(one.predicted_bp);
            let (low, high) = widen_by_model_error(&range).into_inner();
            let CredibleBand { p10, p50, p90 } = band.map(amount);
            ForestReplay::Band { percentiles: (p10, p50, p90), judged: (amount(low), amount(high)) }
        }),
        claimed: one.claimed_bp.as_ref().map_or(ForestClaim::Nothing, |range| {
            let saving = ends(range);
            ForestClaim::Range { saving, rounded: saving }
        }),
        at_most: None,
        observed: Some((amount(one.saved_bp()), low, high)),
        verdict: if one.may_be_drift() { "may be drift" } else { "" }.to_owned(),
    }
}

/// The band beside what the model's verdict rests on.
fn model_band(band: Option<CredibleBand<i64>>, judgements: &[ClaimJudgement]) -> ForestReplay {
    let by_model = judgements.iter().find(|one| one.by == ClaimJudge::Model);
    let against = by_model.and_then(|one| one.evidence_range.as_ref());
    band.zip(against).map_or(ForestReplay::Nothing, |(band, range)| replay_band(band, range))
}

fn replay_band(band: CredibleBand<i64>, range: &RangeInclusive<i64>) -> ForestReplay {
    let (low, high) = widen_by_model_error(range).into_inner();
    let CredibleBand { p10, p50, p90 } = band.map(i128::from);
    ForestReplay::Band { percentiles: (p10, p50, p90), judged: (low.into(), high.into()) }
}

fn claim_range(claim: &PublishedClaim) -> ForestClaim {
    if claim.is_direction {
        return ForestClaim::Falls;
    }
    let wide = |range: &RangeInclusive<i64>| ((*range.start()).into(), (*range.end()).into());
    ForestClaim::Range { saving: wide(&claim.saving), rounded: wide(&claim.rounded) }
}
