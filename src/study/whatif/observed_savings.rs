//! What was seen after a rollout, beside what was claimed and what the replay predicts.
//!
//! Fixes that came out together are seen together: nobody can tell one of them apart from the
//! others, so that a claim on one is judged against all that fell (it cannot have saved more), and
//! a claim on more than was rolled out is not judged at all.

use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::published_claims::PublishedClaim;
use super::savings::saving_in_step;
use super::untoggled::amounts_in_step;
use super::verdict::{ClaimJudge, ClaimJudgement, ClaimVerdict};
use crate::plan::{Plan, ToggleSubset};
use crate::recording::Recording;
use crate::study::backtest::{EffectRatio, ObservedEffect};
use crate::study::stats::quantile::CredibleBand;
use crate::units::{ratio_bp, share_of};
use std::ops::RangeInclusive;

/// An observation is laid to the rollout where at most one placebo date in twenty shows as much.
/// Source: MODEL.md, "Look back".
const DRIFT_BP: i64 = 500;

/// One observation beside the replay of the same toggles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedSaving {
    /// What was seen.
    pub observed: ObservedEffect,
    /// What the pipeline, or the step, has before, in the headline's figure.
    pub before: i64,
    /// What the replay saves, a share in ten-thousandths.
    pub predicted_bp: i64,
    /// The same over the draws; `None` without.
    pub predicted: Option<CredibleBand<i64>>,
    /// What is claimed for these toggles one by one, summed, a share in ten-thousandths; `None`
    /// for a step, and where nothing is claimed.
    pub claimed_bp: Option<RangeInclusive<i64>>,
}

/// The observations that speak of chosen toggles in the figure of the comparison, with the subset
/// of their toggles.
pub(crate) fn observations_to_compare(
    experiment: &Experiment<'_>,
) -> Vec<(ObservedEffect, ToggleSubset)> {
    let metric = experiment.headline_metric().metric_name();
    // Only what can be set beside the replay: in its metric, with toggles and a ratio.
    let told = experiment.observed.iter().filter(|one| {
        one.metric == metric && !one.toggles.is_empty() && one.adjusted.or(one.raw).is_some()
    });
    told.filter_map(|one| {
        // A rollout of a toggle that is not run here cannot be compared.
        let indexes = experiment.indexes_of(&one.toggles)?;
        Some((one.clone(), indexes.iter().fold(0, |subset, index| subset | 1 << index)))
    })
    .collect()
}

/// What the toggles of an observation save in its pipeline or step, in the headline's figure.
pub(crate) fn amount_saved(
    recording: &Recording,
    plan: &Plan,
    (observed, subset): &(ObservedEffect, ToggleSubset),
    headline: HeadlineMetric,
) -> i64 {
    let saving = saving_in_step(recording, plan, *subset, observed.step_name());
    headline.amount_in_saving(&saving)
}

/// All observations beside the replay.
pub(crate) fn compare_observations(
    experiment: &Experiment<'_>,
    plan: &Plan,
    predicted: Option<&[CredibleBand<i64>]>,
) -> Vec<ObservedSaving> {
    let told = observations_to_compare(experiment).into_iter().enumerate();
    told.map(|(at, told)| {
        let (recording, headline) = (experiment.base_recording(), experiment.headline_metric());
        let saved = amount_saved(recording, plan, &told, headline);
        let (before, _) = amounts_in_step(headline, recording, plan, told.0.step_name());
        let (observed, _) = told;
        ObservedSaving {
            before,
            predicted_bp: ratio_bp(saved, before),
            // Draws exist only where the experiment has some; they keep the order of the
            // observations.
            predicted: predicted.map(|bands| bands[at]),
            claimed_bp: claimed_bp(experiment, &observed, before),
            observed,
        }
    })
    .collect()
}

/// The sum of the single claims on the toggles of an observation.
fn claimed_bp(
    experiment: &Experiment<'_>,
    observed: &ObservedEffect,
    before: i64,
) -> Option<RangeInclusive<i64>> {
    let claims: Vec<&PublishedClaim> = experiment
        .claims
        .iter()
        .filter(|claim| claim.metric == observed.metric && claim.step == observed.step_name())
        // Claims on several toggles would count what they share twice.
        .filter(|claim| matches!(&claim.toggles[..], [only] if observed.toggles.contains(only)))
        .filter(|claim| !claim.is_direction)
        .collect();
    // Claims are made one by one while the rollout brought all toggles at once: their sum is what
    // the claimants promised for it.
    let low = claims.iter().map(|claim| claim.saving.start()).sum();
    let high = claims.iter().map(|claim| claim.saving.end()).sum();
    (!claims.is_empty()).then(|| ratio_bp(low, before)..=ratio_bp(high, before))
}

impl ObservedSaving {
    /// What was saved in pipelines of one size, a share in ten-thousandths; of all sizes where
    /// nobody knows them.
    #[must_use]
    pub fn saved_bp(&self) -> i64 {
        let ratio = self.observed.adjusted.or(self.observed.raw);
        ratio.map_or(0, EffectRatio::saved_bp)
    }

    /// Where that lies with the confidence of the observations.
    #[must_use]
    pub fn interval_bp(&self) -> RangeInclusive<i64> {
        // More left over means less saved: the high end of the ratio is the low end of the saving.
        let ends = (self.observed.high, self.observed.low);
        let (Some(high), Some(low)) = ends else { return self.saved_bp()..=self.saved_bp() };
        high.saved_bp()..=low.saved_bp()
    }

    /// Whether it is about what a claim is about, and all of the claim's toggles had come out.
    fn speaks_of(&self, claim: &PublishedClaim) -> bool {
        self.observed.metric == claim.metric
            && self.observed.step_name() == claim.step
            && claim.toggles.iter().all(|toggle| self.observed.toggles.contains(toggle))
    }

    /// Whether dates without a rollout show as much.
    #[must_use]
    pub fn may_be_drift(&self) -> bool {
        // Without dates to compare with, drift is not ruled out.
        self.observed.placebo.is_none_or(|share| share.0 > DRIFT_BP)
    }
}

impl ClaimJudgement {
    /// By what was seen after a rollout of the claim's toggles, alone or with others.
    #[must_use]
    pub fn by_observation(claim: &PublishedClaim, seen: &[ObservedSaving]) -> Self {
        // Of several rollouts with the claim's toggles the one with the fewest others tells most.
        let Some(one) = seen
            .iter()
            .filter(|one| one.speaks_of(claim))
            .min_by_key(|one| one.observed.toggles.len())
        else {
            return Self {
                by: ClaimJudge::Observation,
                verdict: ClaimVerdict::NotTestable,
                evidence_range: None,
            };
        };
        let (low, high) = one.interval_bp().into_inner();
        let (low, high) = (share_of(one.before, low), share_of(one.before, high));
        let is_all = one.observed.toggles.len() == claim.toggles.len();
        // What came out together fell together: too small a fall refutes each of the claims, a fall
        // that is large enough proves none of them unless it was this toggle alone.
        let verdict = if *claim.rounded.start() > high {
            ClaimVerdict::TooHigh
        } else if !is_all || low <= 0 || one.may_be_drift() {
            ClaimVerdict::Open
        } else if *claim.rounded.end() < low {
            ClaimVerdict::TooLow
        } else {
            ClaimVerdict::Holds
        };
        Self { by: ClaimJudge::Observation, verdict, evidence_range: Some(low..=high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(
        toggles: &[&str],
        (adjusted, low, high): (i64, i64, i64),
        placebo: i64,
    ) -> ObservedSaving {
        let ratio = |n| Some(EffectRatio(n));
        let observed = ObservedEffect {
            toggles: toggles.iter().map(|id| (*id).to_owned()).collect(),
            group: "total".to_owned(),
            metric: "read".to_owned(),
            raw: ratio(6_000),
            adjusted: ratio(adjusted),
            low: ratio(low),
            high: ratio(high),
            placebo: ratio(placebo),
            ..ObservedEffect::default()
        };
        ObservedSaving {
            observed,
            before: 1_000,
            predicted_bp: 300,
            predicted: None,
            claimed_bp: None,
        }
    }

    fn check(toggles: &[&str], saving: (i64, i64), seen: &[ObservedSaving], verdict: ClaimVerdict) {
        let claim = PublishedClaim {
            id: "x".to_owned(),
            toggles: toggles.iter().map(|id| (*id).to_owned()).collect(),
            step: String::new(),
            metric: "read".to_owned(),
            saving: saving.0..=saving.1,
            rounded: saving.0..=saving.1,
            share_bp: None,
            is_direction: false,
        };
        let judged = ClaimJudgement::by_observation(&claim, seen);
        assert_eq!(judged.verdict, verdict, "{toggles:?} {saving:?}");
    }

    #[test]
    fn a_claim_is_judged_by_what_fell_where_its_toggles_were_rolled_out() {
        let both = [seen(&["R1", "R4"], (7_500, 6_000, 9_500), 200)];
        check(&["R1", "R4"], (100, 200), &both, ClaimVerdict::Holds);
        check(&["R1", "R4"], (401, 500), &both, ClaimVerdict::TooHigh);
        check(&["R1", "R4"], (10, 40), &both, ClaimVerdict::TooLow);
        // One of two cannot have saved more than both, and nobody knows how much it did.
        check(&["R1"], (401, 500), &both, ClaimVerdict::TooHigh);
        check(&["R1"], (10, 40), &both, ClaimVerdict::Open);
        check(&["R1", "R2"], (100, 200), &both, ClaimVerdict::NotTestable);
        check(&["R1"], (1, 2), &[], ClaimVerdict::NotTestable);
    }

    #[test]
    fn drift_and_an_interval_that_holds_nothing_leave_it_open() {
        let drift = [seen(&["R1"], (7_500, 6_000, 9_500), 501)];
        check(&["R1"], (100, 200), &drift, ClaimVerdict::Open);
        let none = [seen(&["R1"], (9_000, 7_000, 10_100), 0)];
        check(&["R1"], (100, 200), &none, ClaimVerdict::Open);
        check(&["R1"], (301, 400), &none, ClaimVerdict::TooHigh);
        // The narrower observation counts.
        let two = [
            seen(&["R1", "R4"], (7_500, 6_000, 9_500), 0),
            seen(&["R1"], (9_500, 9_400, 9_600), 0),
        ];
        check(&["R1"], (100, 200), &two, ClaimVerdict::TooHigh);
    }

    #[test]
    fn shares_saved_are_what_ratios_leave() {
        let one = seen(&["R1"], (7_500, 6_000, 9_500), 0);
        assert_eq!((one.saved_bp(), one.interval_bp()), (2_500, 500..=4_000));
    }
}
