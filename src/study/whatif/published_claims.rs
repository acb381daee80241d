//! Published savings: what a source says that toggles save, alone or together.

use super::headline::HeadlineMetric;
use super::savings::{Saving, totals_by_step};
use crate::plan::{Chance, Patch, PatchPlace, Plan};
use crate::reconstruct::figure::FigureUnit;
use crate::reconstruct::reported_claims::ReportedClaim;
use crate::reconstruct::routes::{RouteClaim, RouteRow};
use crate::reconstruct::{Figure, ReportedPipeline, ReportedRoutes};
use crate::recording::Recording;
use crate::units::share_of;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What falls: `read`, `tokens`, `calls`, or `records` where calls were counted by those.
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
            // A share is one of the whole that falls, and known to half of its last digit.
            let whole = reported.claimed_whole(&claim.metric);
            let share = claim.saving.as_ref().filter(|saving| saving.unit == FigureUnit::Share);
            let [low, high, half] = match share {
                Some(share) => [low, high, share.half_unit].map(|bp| share_of(whole, bp)),
                None => [low, high, half_step_of_claims(reported, &claim.metric)],
            };
            claims.push(PublishedClaim {
                id: claim.toggle.clone(),
                toggles: vec![claim.toggle.clone()],
                step: String::new(),
                metric: claim.metric.clone(),
                saving: low..=high,
                rounded: low - half..=high + half,
                share_bp: None,
                is_direction: false,
            });
        }
    }
    for combined in &reported.combined {
        let (from, to) = (&combined.from, &combined.to);
        // The least fall is from the low end of before to the high end of after.
        let (low, high) = (from.low - to.high, from.high - to.low);
        // What was there before is a measured total; what should be left is the estimate.
        let half = half_step_of_claims(reported, &combined.metric);
        claims.push(PublishedClaim {
            id: combined.id.clone(),
            toggles: combined.toggles.clone(),
            step: combined.step.clone(),
            metric: combined.metric.clone(),
            saving: low..=high,
            rounded: low - half..=high + half,
            share_bp: combined.share.as_ref().map(|share: &Figure| share.low..=share.high),
            is_direction: false,
        });
    }
    claims
}

/// Half of the step in which the author of a pipeline's claims rounds amounts of a metric.
fn half_step_of_claims(reported: &ReportedPipeline, metric: &str) -> i64 {
    let single = reported.claims.iter().filter(|claim| claim.metric == metric);
    let single = single.filter(|claim| !claim.is_share());
    let bounds = single.filter_map(ReportedClaim::saving_bounds);
    let combined = reported.combined.iter().filter(|claim| claim.metric == metric);
    let reached = combined.map(|claim| (claim.to.low, claim.to.high));
    author_step(bounds.chain(reached).flat_map(|(low, high)| [low, high])) / 2
}

/// Every claim of reported routes that names a number or a direction.
#[must_use]
pub fn claims_of_routes(routes: &ReportedRoutes) -> Vec<PublishedClaim> {
    let savings = routes.claims.iter().filter_map(|claim| claim.saving.as_ref());
    let amounts = savings.filter(|saving| saving.unit != FigureUnit::Share);
    let half_step = author_step(amounts.flat_map(|saving| [saving.low, saving.high])) / 2;
    routes.claims.iter().filter_map(|claim| claim_of_route(routes, claim, half_step)).collect()
}

fn claim_of_route(
    routes: &ReportedRoutes,
    claim: &RouteClaim,
    half_step: i64,
) -> Option<PublishedClaim> {
    let rows: Vec<&RouteRow> = routes.matching_rows(&claim.agent, &claim.kind).collect();
    let whole: i64 = rows.iter().map(|row| row.tokens.value()).sum();
    let (saving, rounded) = match &claim.saving {
        Some(share) if share.unit == FigureUnit::Share => {
            let (low, high, half) = (share.low, share.high, share.half_unit);
            (
                share_of(whole, low)..=share_of(whole, high),
                share_of(whole, low - half)..=share_of(whole, high + half),
            )
        }
        Some(saving) => {
            let (low, high, half) = (saving.low, saving.high, half_step);
            (low..=high, low - half..=high + half)
        }
        // A fall of no told size is anything from one token to all of them.
        None if claim.falls => (1..=whole, 1..=whole),
        None => return None,
    };
    // One toggle is judged on everything that it saves; several on the one route that they name.
    let is_one_route = !claim.agent.is_empty() && rows.len() == 1;
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

/// The step in which an author prints the figures of a list: the largest of 1, 2 and 5 times a
/// power of ten that divides all of them; 0 without any.
fn author_step(figures: impl Iterator<Item = i64>) -> i64 {
    let common = figures.fold(0, greatest_common_divisor);
    let mut step = 0;
    let mut power = 1;
    while power <= common {
        // Ascending, so that the last one that divides all is the largest.
        for multiple in [1, 2, 5] {
            if common % (multiple * power) == 0 {
                step = multiple * power;
            }
        }
        power *= 10;
    }
    step
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Whether a session is one of a step; an empty name stands for any.
fn is_in_step(recording: &Recording, session: u32, step: &str) -> bool {
    step.is_empty() || recording.sessions[session as usize].step == step
}

fn records_of_step(recording: &Recording, step: &str) -> i64 {
    let calls = recording.calls.iter().filter(|call| is_in_step(recording, call.session, step));
    calls.map(|call| i64::from(call.records)).sum()
}

/// Transcript records that patches spare in a step: all of a dropped call, and one for each piece
/// of output dropped from a call that stays (law L1: a record a content block). A call in addition
/// counts as one.
fn records_saved<'a>(
    recording: &Recording,
    patches: impl IntoIterator<Item = &'a Patch>,
    step: &str,
) -> i64 {
    // How likely calls and pieces of output stay: what several toggles drop is spared once.
    let (mut calls, mut blocks) = (BTreeMap::new(), BTreeMap::new());
    // In parts of a record.
    let mut saved = 0;
    for patch in patches {
        let sure = PatchPlace {
            dropped_calls: patch.dropped_calls.clone(),
            dropped_blocks: patch.dropped_blocks.clone(),
            inserted_calls: patch.inserted_calls.clone(),
            ..PatchPlace::default()
        };
        let places = patch.uncertain_places.iter().map(|(chance, place)| (*chance, place));
        for (chance, place) in places.chain([(Chance::SURE, &sure)]) {
            let with_call: BTreeSet<u32> = place.dropped_calls.iter().map(|it| it.call).collect();
            for &call in &with_call {
                lower_chance(&mut calls, call, chance);
            }
            // What goes with its call is a record of that call.
            let alone =
                |&&block: &&u32| !with_call.contains(&recording.blocks[block as usize].call);
            for &block in place.dropped_blocks.iter().filter(alone) {
                lower_chance(&mut blocks, block, chance);
            }
            let inserted = place.inserted_calls.iter().map(|inserted| inserted.after);
            let inserted = inserted.filter(|&after| is_call_in_step(recording, after, step));
            saved -= chance.parts() * inserted.count() as i64;
        }
    }
    for (&call, stays) in calls.iter().filter(|(call, _)| is_call_in_step(recording, **call, step))
    {
        saved += stays.inverse().parts() * i64::from(recording.calls[call as usize].records);
    }
    for (index, stays) in blocks {
        let block = &recording.blocks[index as usize];
        if block.kind.is_output() && is_call_in_step(recording, block.call, step) {
            let call_stays = calls.get(&block.call).copied().unwrap_or(Chance::SURE);
            saved += stays.inverse().and(call_stays).parts();
        }
    }
    Chance::whole_number(saved)
}

fn is_call_in_step(recording: &Recording, call: u32, step: &str) -> bool {
    is_in_step(recording, recording.calls[call as usize].session, step)
}

impl PublishedClaim {
    /// What the pipeline, or the step that it speaks of, has before, in its metric.
    pub(crate) fn baseline_amount(&self, recording: &Recording, plan: &Plan) -> i64 {
        let steps = totals_by_step(recording, plan, 0);
        let own = steps.iter().filter(|step| self.step.is_empty() || step.name == self.step);
        own.map(|step| match self.metric.as_str() {
            "calls" => step.calls,
            "tokens" => HeadlineMetric::Tokens.amount_in_usage(&step.usage),
            "records" => records_of_step(recording, &step.name),
            _ => step.usage.read,
        })
        .sum()
    }

    /// What patches save in the claim's metric: a claim is judged in the unit in which it was made,
    /// and records are no part of a replay.
    #[must_use]
    pub fn amount_saved_by<'a>(
        &self,
        saving: &Saving,
        recording: &Recording,
        patches: impl IntoIterator<Item = &'a Patch>,
    ) -> i64 {
        match self.metric.as_str() {
            "records" => records_saved(recording, patches, &self.step),
            _ => self.amount_saved(saving),
        }
    }

    /// The name of its metric where it counts calls or records, and no tokens.
    #[must_use]
    pub fn counted_metric(&self) -> Option<&'static str> {
        ["calls", "records"].into_iter().find(|metric| self.metric == *metric)
    }

    /// Whether it counts calls or records, and no tokens.
    #[must_use]
    pub fn is_of_counts(&self) -> bool {
        self.counted_metric().is_some()
    }

    /// A saving in the claim's metric, for claims on tokens or calls.
    #[must_use]
    pub fn amount_saved(&self, saving: &Saving) -> i64 {
        match self.metric.as_str() {
            "calls" => saving.calls,
            "tokens" => HeadlineMetric::Tokens.amount_in_saving(saving),
            _ => HeadlineMetric::Reads.amount_in_saving(saving),
        }
    }
}

/// Lowers the chance that a call or a block stays by that of another place which drops it.
fn lower_chance(stays: &mut BTreeMap<u32, Chance>, index: u32, chance: Chance) {
    let before = stays.entry(index).or_insert(Chance::SURE);
    *before = before.and(chance.inverse());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_of_a_list_is_the_largest_that_divides_every_figure() {
        for (figures, step) in [
            (&[5_000_000, 6_000_000, 3_000_000, 500_000, 200_000, 1_000_000][..], 100_000),
            (&[1_500_000, 2_000_000], 500_000),
            (&[12_000, 4_000], 2_000),
            (&[100], 100),
            (&[83], 1),
            (&[-60, 90], 10),
            (&[0, 40], 20),
            (&[], 0),
            (&[0], 0),
        ] {
            assert_eq!(author_step(figures.iter().copied()), step, "{figures:?}");
        }
    }
}
