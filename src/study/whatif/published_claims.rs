//! Published savings: what a source says that toggles save, alone or together.

use super::headline::HeadlineMetric;
use super::savings::Saving;
use crate::reconstruct::figure::FigureUnit;
use crate::reconstruct::routes::{RouteClaim, RouteRow};
use crate::reconstruct::{Figure, ReportedPipeline, ReportedRoutes};
use crate::units::share_of;
use std::ops::RangeInclusive;

/// A published saving of one toggle or of several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedClaim {
    /// Its id: the toggle's for a claim on one toggle.
    pub id: String,
    /// The toggles that should save it.
    pub toggles: Vec<String>,
    /// The step it speaks of; empty for the whole pipeline.
    pub step: String,
    /// What falls: `read`, `tokens` or `calls`.
    pub metric: String,
    /// By how much, lowest and highest, as published.
    pub saving: RangeInclusive<i64>,
    /// The same with the rounding of its figures: what a verdict allows it.
    pub rounded: RangeInclusive<i64>,
    /// The same as a share of the baseline in ten-thousandths, where the source prints one.
    pub share_bp: Option<RangeInclusive<i64>>,
    /// Whether nothing is claimed but that it falls: by one token, or by all there are.
    pub is_direction: bool,
}

/// Every claim of a reported pipeline that names a number.
#[must_use]
pub fn claims_of_pipeline(reported: &ReportedPipeline) -> Vec<PublishedClaim> {
    let mut claims = Vec::new();
    for claim in &reported.claims {
        if let Some((low, high)) = claim.saving_bounds() {
            claims.push(PublishedClaim {
                id: claim.toggle.clone(),
                toggles: vec![claim.toggle.clone()],
                step: String::new(),
                metric: claim.metric.clone(),
                saving: low..=high,
                rounded: low - rounding_slack(low)..=high + rounding_slack(high),
                share_bp: None,
                is_direction: false,
            });
        }
    }
    for combined in &reported.combined {
        let (from, to) = (&combined.from, &combined.to);
        let (low, high) = (from.low - to.high, from.high - to.low);
        claims.push(PublishedClaim {
            id: combined.id.clone(),
            toggles: combined.toggles.clone(),
            step: combined.step.clone(),
            metric: combined.metric.clone(),
            saving: low..=high,
            rounded: low - rounding_slack(to.high)..=high + rounding_slack(to.low),
            share_bp: combined.share.as_ref().map(|share: &Figure| share.low..=share.high),
            is_direction: false,
        });
    }
    claims
}

/// Every claim of reported routes that names a number or a direction.
#[must_use]
pub fn claims_of_routes(routes: &ReportedRoutes) -> Vec<PublishedClaim> {
    routes.claims.iter().filter_map(|claim| claim_of_route(routes, claim)).collect()
}

fn claim_of_route(routes: &ReportedRoutes, claim: &RouteClaim) -> Option<PublishedClaim> {
    let of = || routes.matching_rows(&claim.agent, &claim.kind);
    let whole: i64 = of().map(|row: &RouteRow| row.tokens.value()).sum();
    let (saving, rounded) = match &claim.saving {
        Some(share) if share.unit == FigureUnit::Share => {
            let at = |bp: i64| share_of(whole, bp);
            let (low, high, half) = (share.low, share.high, share.half_unit);
            (at(low)..=at(high), at(low - half)..=at(high + half))
        }
        Some(saving) => {
            let (low, high) = (saving.low, saving.high);
            (low..=high, low - rounding_slack(low)..=high + rounding_slack(high))
        }
        None if claim.falls => (1..=whole, 1..=whole),
        None => return None,
    };
    // One toggle is judged on everything that it saves; several on the one route that they name.
    let is_one_route = !claim.agent.is_empty() && of().count() == 1;
    let step = if is_one_route && claim.toggles.len() > 1 {
        ReportedRoutes::route_name(&claim.agent, &claim.kind)
    } else {
        String::new()
    };
    Some(PublishedClaim {
        id: claim.id.clone(),
        toggles: claim.toggles.clone(),
        step,
        metric: HeadlineMetric::Tokens.metric_name().to_owned(),
        saving,
        rounded,
        share_bp: None,
        is_direction: claim.saving.is_none(),
    })
}

/// An estimate is as fine as its last digit that is not zero: 200K may be 150K to 250K.
fn rounding_slack(estimate: i64) -> i64 {
    let mut unit = 1;
    while estimate != 0 && estimate % (unit * 10) == 0 {
        unit *= 10;
    }
    unit / 2
}

impl PublishedClaim {
    /// A saving in the claim's metric.
    #[must_use]
    pub fn amount_saved(&self, saving: &Saving) -> i64 {
        match self.metric.as_str() {
            "calls" => saving.calls,
            "tokens" => HeadlineMetric::Tokens.amount_in_saving(saving),
            _ => HeadlineMetric::Reads.amount_in_saving(saving),
        }
    }
}
