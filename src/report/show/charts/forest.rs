//! The forest: what is claimed against what the replay says, each toggle and several together.

use super::super::compare::bounds::bound_word;
use super::super::compare::{combined_name, verdict_word};
use super::{Made, Source, axis_words};
use crate::report::chart::{Claimed, Forest, Panel, Replayed, Row, Unit};
use crate::report::format::{self, Figures};
use crate::study::claims::{By, Judgement, MODEL_ERROR_BP, widened};
use crate::study::compare::{CombinedResult, ToggleResult};
use crate::study::headline::Headline;
use crate::study::published::PublishedClaim;
use crate::study::seen::Seen;
use crate::study::uncertainty::{Band, ClaimDraws};
use crate::units::share_of;
use std::ops::RangeInclusive;

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let headline = comparison.headline;
    let Some(uncertainty) = &comparison.uncertainty else {
        return Err("without draws there are no bands".to_owned());
    };
    let draws = |claim: &PublishedClaim| uncertainty.claims.iter().find(|it| it.claim == claim.id);
    let mut panels: Vec<Panel> = Vec::new();
    let mut put = |heading: &str, metric: &str, row: Row| {
        let (unit, axis, heading) = match metric {
            "calls" => (Unit::Count, "saved calls".to_owned(), format!("{heading}: calls")),
            _ => (Unit::Tokens, format!("saved {}", axis_words(headline)), heading.to_owned()),
        };
        match panels.iter_mut().find(|panel| panel.heading == heading) {
            Some(panel) => panel.rows.push(row),
            None => panels.push(Panel { heading, axis, unit, rows: vec![row] }),
        }
    };
    for toggle in &comparison.toggles {
        let metric = toggle.claim.as_ref().map_or(headline.metric(), |claim| &claim.metric);
        let row = of_toggle(toggle, toggle.claim.as_ref().and_then(draws), headline);
        if let Some(row) = row {
            put("each toggle on its own", metric, row);
        }
    }
    let (calls, tokens): (Vec<_>, Vec<_>) =
        comparison.combined.iter().partition(|result| result.claim.metric == "calls");
    for result in tokens.into_iter().chain(calls) {
        put("several toggles together", &result.claim.metric, of_several(result));
    }
    for one in &comparison.seen {
        put("rolled out together", headline.metric(), of_seen(one));
    }
    for bound in comparison.bounds.iter().filter(|bound| !bound.asked.is_empty()) {
        let asked: Vec<&str> = bound.asked.iter().map(|spec| spec.key).collect();
        let row = Row {
            label: format!("{} {}", bound.id, bound.title),
            note: format!("asked for: {}", asked.join(", ")),
            replayed: Replayed::Bounds(
                headline.of(&bound.low).into(),
                headline.of(&bound.high).into(),
            ),
            claimed: bound.claim.as_ref().map_or(Claimed::Nothing, claimed),
            at_most: None,
            seen: None,
            verdict: bound.claim.as_ref().map_or("", |_| bound_word(bound)).to_owned(),
        };
        put("toggles that wait for a number", headline.metric(), row);
    }
    if panels.is_empty() {
        return Err("no toggle saves anything, and none is claimed to".to_owned());
    }
    let has_claims = panels.iter().flat_map(|p| &p.rows).any(|row| row.claimed != Claimed::Nothing);
    let claims = if has_claims { "what is claimed, and " } else { "" };
    let error = format::share(MODEL_ERROR_BP, Figures::default());
    Ok(Box::new(Forest {
        title: format!("{}: {claims}what the replay saves", source.name()),
        widened: format!("alone to last with P10 and P90, and the model's own error of {error}"),
        panels,
        footer: source.footer(),
    }))
}

/// A toggle that finds something or of which something is claimed.
fn of_toggle(toggle: &ToggleResult, draws: Option<&ClaimDraws>, headline: Headline) -> Option<Row> {
    let label = format!("{} {}", toggle.id, toggle.title);
    let band = toggle.bands.map(|bands| bands.alone.of(headline));
    let (alone, last) = (headline.of(&toggle.alone), headline.of(&toggle.last));
    let Some(claim) = &toggle.claim else {
        let band = band?;
        let (low, high) = (alone.min(last).min(band.p10), alone.max(last).max(band.p90));
        return ((low, high) != (0, 0)).then(|| Row {
            label,
            note: String::new(),
            replayed: replayed(band, &(low..=high)),
            claimed: Claimed::Nothing,
            at_most: None,
            seen: None,
            verdict: "no claim".to_owned(),
        });
    };
    let band = draws.map(|draws| draws.saved).or(band);
    Some(Row {
        label,
        note: String::new(),
        replayed: judged(band, &toggle.judged),
        claimed: claimed(claim),
        at_most: toggle.at_most.map(i128::from),
        seen: None,
        verdict: verdict_word(claim, toggle.verdict).to_owned(),
    })
}

fn of_several(result: &CombinedResult) -> Row {
    let claim = &result.claim;
    let band = result.draws.as_ref().map(|draws| draws.saved);
    Row {
        label: combined_name(claim),
        note: claim.toggles.join("+"),
        replayed: judged(band, &result.judged),
        claimed: claimed(claim),
        at_most: Some(result.at_most.into()),
        seen: None,
        verdict: verdict_word(claim, result.verdict).to_owned(),
    }
}

/// Toggles that came out together: the sum of what is claimed for them, their replay, and what was
/// seen, all as amounts of this pipeline.
fn of_seen(one: &Seen) -> Row {
    let amount = |bp: i64| i128::from(share_of(one.before, bp));
    let ends = |range: &RangeInclusive<i64>| (amount(*range.start()), amount(*range.end()));
    let (low, high) = ends(&one.interval_bp());
    let of = match one.observed.step() {
        "" => "the whole pipeline",
        step => step,
    };
    Row {
        label: one.observed.toggles.join("+"),
        note: of.to_owned(),
        replayed: one.predicted.map_or(Replayed::Nothing, |band| {
            let range = band.p10.min(one.predicted_bp)..=band.p90.max(one.predicted_bp);
            let (low, high) = widened(&range).into_inner();
            let Band { p10, p50, p90 } = band.map(amount);
            Replayed::Band { percentiles: (p10, p50, p90), judged: (amount(low), amount(high)) }
        }),
        claimed: one.claimed_bp.as_ref().map_or(Claimed::Nothing, |range| {
            let saving = ends(range);
            Claimed::Range { saving, rounded: saving }
        }),
        at_most: None,
        seen: Some((amount(one.saved_bp()), low, high)),
        verdict: if one.may_be_drift() { "may be drift" } else { "" }.to_owned(),
    }
}

/// The band beside what the model's verdict rests on.
fn judged(band: Option<Band<i64>>, judgements: &[Judgement]) -> Replayed {
    let by_model = judgements.iter().find(|one| one.by == By::Model);
    let against = by_model.and_then(|one| one.against.as_ref());
    band.zip(against).map_or(Replayed::Nothing, |(band, range)| replayed(band, range))
}

fn replayed(band: Band<i64>, range: &RangeInclusive<i64>) -> Replayed {
    let (low, high) = widened(range).into_inner();
    let Band { p10, p50, p90 } = band.map(i128::from);
    Replayed::Band { percentiles: (p10, p50, p90), judged: (low.into(), high.into()) }
}

fn claimed(claim: &PublishedClaim) -> Claimed {
    if claim.is_direction {
        return Claimed::Falls;
    }
    let wide = |range: &RangeInclusive<i64>| ((*range.start()).into(), (*range.end()).into());
    Claimed::Range { saving: wide(&claim.saving), rounded: wide(&claim.rounded) }
}
