//! The forest: what is claimed against what the replay says, each toggle and several together.

use super::super::compare::bounds::bound_word;
use super::super::compare::{claim_verdict_word, combined_claim_name};
use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{
    ChartUnit, ForestChart, ForestClaim, ForestPanel, ForestReplay, ForestRow,
};
use crate::report::format;
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::compare::{CombinedClaimResult, ToggleResult};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::observed_savings::ObservedSaving;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::saving_bounds::SavingBound;
use crate::study::whatif::uncertainty::ClaimDraws;
use crate::study::whatif::verdict::{ClaimJudge, ClaimJudgement, DIFFERENCE_ERROR_BP};
use crate::units::share_of;
use std::ops::RangeInclusive;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let headline = comparison.headline;
    let Some(uncertainty) = &comparison.uncertainty else {
        return Err("without draws there are no bands".to_owned());
    };
    let mut panels = ForestPanels { headline, panels: Vec::new() };
    for toggle in &comparison.toggles {
        let claim = toggle.claim.as_ref();
        let metric = claim.map_or(headline.metric_name(), |claim| &claim.metric);
        let draws =
            claim.and_then(|claim| uncertainty.claims.iter().find(|it| it.claim == claim.id));
        if let Some(row) = row_of_toggle(toggle, draws, headline) {
            panels.add_row("each fix on its own", metric, row);
        }
    }
    // Claims on calls need an axis of their own: they come after those on tokens.
    let (calls, tokens): (Vec<_>, Vec<_>) =
        comparison.combined.iter().partition(|result| result.claim.is_of_counts());
    for result in tokens.into_iter().chain(calls) {
        let row = row_of_combined_claim(result);
        panels.add_row("several fixes together", &result.claim.metric, row);
    }
    for observed in &comparison.observed_savings {
        let row = row_of_observation(observed);
        panels.add_row("rolled out together", headline.metric_name(), row);
    }
    for bound in comparison.bounds.iter().filter(|bound| !bound.asked.is_empty()) {
        let row = row_of_bound(bound, headline);
        panels.add_row("fixes that need a number of yours", headline.metric_name(), row);
    }
    let panels = panels.panels;
    if panels.is_empty() {
        return Err("no fix saves anything, and none is claimed to".to_owned());
    }
    let has_claims =
        panels.iter().flat_map(|p| &p.rows).any(|row| row.claimed != ForestClaim::Nothing);
    let title = if has_claims {
        "What the list claims, and what the replay saves"
    } else {
        "What the replay saves"
    };
    let error = format::plain_share(DIFFERENCE_ERROR_BP);
    Ok(Box::new(ForestChart {
        title: title.to_owned(),
        widened: format!("these, the model's own error of {error}, no more than the best case"),
        panels,
        footer: source.footer_lines(),
    }))
}

/// Panels as rows come in, each where the first row of its heading and unit came.
struct ForestPanels {
    headline: HeadlineMetric,
    panels: Vec<ForestPanel>,
}

impl ForestPanels {
    fn add_row(&mut self, heading: &str, metric: &str, row: ForestRow) {
        let (unit, axis, heading) = match metric {
            "calls" | "records" => {
                (ChartUnit::Count, format!("saved {metric}"), format!("{heading}: {metric}"))
            }
            _ => {
                let axis = format!("saved {}", axis_words(self.headline));
                (ChartUnit::Tokens, axis, heading.to_owned())
            }
        };
        match self.panels.iter_mut().find(|panel| panel.heading == heading) {
            Some(panel) => panel.rows.push(row),
            None => self.panels.push(ForestPanel { heading, axis, unit, rows: vec![row] }),
        }
    }
}

/// A toggle that waits for a number: what it saves at both ends of what that may be.
fn row_of_bound(bound: &SavingBound, headline: HeadlineMetric) -> ForestRow {
    let asked: Vec<&str> = bound.asked.iter().map(|spec| spec.key).collect();
    ForestRow {
        label: format!("{} {}", bound.id, bound.title),
        note: format!("give: {}", asked.join(", ")),
        replayed: ForestReplay::Bounds(
            headline.amount_in_saving(&bound.low).into(),
            headline.amount_in_saving(&bound.high).into(),
        ),
        claimed: bound.claim.as_ref().map_or(ForestClaim::Nothing, claim_range),
        at_most: None,
        observed: None,
        verdict: bound.claim.as_ref().map_or("", |_| bound_word(bound)).to_owned(),
    }
}

/// A toggle that finds something or of which something is claimed.
fn row_of_toggle(
    toggle: &ToggleResult,
    draws: Option<&ClaimDraws>,
    headline: HeadlineMetric,
) -> Option<ForestRow> {
    let label = format!("{} {}", toggle.id, toggle.title);
    let band = toggle.bands.map(|bands| bands.alone.headline_band(headline));
    let Some(claim) = &toggle.claim else {
        // A verdict would rest on the draws: so does the line of a toggle without a claim.
        let (band, alone) = (band?, headline.amount_in_saving(&toggle.alone));
        let judged = band.p10..=band.p90;
        return (judged != (0..=0)).then(|| ForestRow {
            label,
            note: String::new(),
            replayed: replay_band(alone, band, &judged),
            claimed: ForestClaim::Nothing,
            at_most: None,
            observed: None,
            verdict: "no claim".to_owned(),
        });
    };
    // A claim may count something else than the headline does: its own draws come first.
    let band = draws.map(|draws| draws.saved).or(band);
    Some(ForestRow {
        label,
        note: String::new(),
        replayed: model_band(claim.amount_saved(&toggle.alone), band, &toggle.judgements),
        claimed: claim_range(claim),
        at_most: toggle.bound.map(i128::from),
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
        replayed: model_band(result.replayed, band, &result.judgements),
        claimed: claim_range(claim),
        at_most: Some(result.bound.into()),
        observed: None,
        verdict: claim_verdict_word(claim, result.verdict).to_owned(),
    }
}

/// Toggles that came out together: the sum of what is claimed for them, their replay, and what was
/// seen, all as amounts of this pipeline.
fn row_of_observation(one: &ObservedSaving) -> ForestRow {
    let (low, high) = amounts_of_shares(one, &one.interval_bp());
    let scope = match one.observed.step_name() {
        "" => "the whole pipeline",
        step => step,
    };
    ForestRow {
        label: one.observed.toggles.join("+"),
        note: scope.to_owned(),
        replayed: one.predicted.map_or(ForestReplay::Nothing, |band| {
            let range = band.p10..=band.p90;
            let [p10, expected, p90] =
                [band.p10, one.predicted_bp, band.p90].map(|bp| share_of(one.before, bp).into());
            ForestReplay::Band {
                p10_expected_p90: (p10, expected, p90),
                judged: amounts_of_shares(one, &range),
            }
        }),
        claimed: one.claimed_bp.as_ref().map_or(ForestClaim::Nothing, |range| {
            let saving = amounts_of_shares(one, range);
            ForestClaim::Range { saving, rounded: saving }
        }),
        at_most: None,
        observed: Some((share_of(one.before, one.saved_bp()).into(), low, high)),
        verdict: if one.may_be_drift() { "may be drift" } else { "" }.to_owned(),
    }
}

/// Shares in basis points as amounts of this pipeline: what was observed are medians over others.
fn amounts_of_shares(one: &ObservedSaving, shares_bp: &RangeInclusive<i64>) -> (i128, i128) {
    let [low, high] =
        [shares_bp.start(), shares_bp.end()].map(|bp| share_of(one.before, *bp).into());
    (low, high)
}

/// The ends of a range as amounts of a chart.
fn wide_ends(range: &RangeInclusive<i64>) -> (i128, i128) {
    ((*range.start()).into(), (*range.end()).into())
}

/// What is expected and its band beside what the model's verdict rests on.
fn model_band(
    expected: i64,
    band: Option<CredibleBand<i64>>,
    judgements: &[ClaimJudgement],
) -> ForestReplay {
    let by_model = judgements.iter().find(|one| one.by == ClaimJudge::Model);
    let against = by_model.and_then(|one| one.evidence_range.as_ref());
    band.zip(against)
        .map_or(ForestReplay::Nothing, |(band, range)| replay_band(expected, band, range))
}

fn replay_band(
    expected: i64,
    band: CredibleBand<i64>,
    range: &RangeInclusive<i64>,
) -> ForestReplay {
    let p10_expected_p90 = (band.p10.into(), expected.into(), band.p90.into());
    ForestReplay::Band { p10_expected_p90, judged: wide_ends(range) }
}

fn claim_range(claim: &PublishedClaim) -> ForestClaim {
    if claim.is_direction {
        return ForestClaim::Falls;
    }
    ForestClaim::Range { saving: wide_ends(&claim.saving), rounded: wide_ends(&claim.rounded) }
}
