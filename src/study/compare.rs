//! The comparison: every toggle alone, last, by its share, and all of them together.

use super::attribute::Attribution;
use super::audit;
use super::best::Best;
use super::bounds::{Bound, bounds};
use super::claims::{Evidence, Judgement, Verdict, judge};
use super::experiment::Experiment;
use super::headline::Headline;
use super::published::PublishedClaim;
use super::seen::{self, Seen};
use super::sides::{Saving, Side, Step, by_step, saving_of_step};
use super::tornado::{Reason, Swing, tornado};
use super::uncertainty::{self, Band, ClaimDraws, ToggleBands, Uncertainty};
use crate::intervene::{self, Grade, Params};
use crate::plan::{Patch, Plan, Subset};
use crate::price::MissingPrice;
use crate::recording::Recording;
use crate::units::{PicoUsd, part_bp};
use std::ops::RangeInclusive;

/// One toggle in a comparison.
#[derive(Clone, Debug)]
pub struct ToggleResult {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its parameters.
    pub params: Params,
    /// What it takes to build it, and what may go wrong.
    pub grade: Grade,
    /// Places where it applies.
    pub found: u32,
    /// Tokens that it touches.
    pub touched: i64,
    /// What it saves on its own.
    pub alone: Saving,
    /// What it saves after all the others.
    pub last: Saving,
    /// Its share in the joint saving (Shapley).
    pub share: Saving,
    /// What its parameters and the call counts leave open; `None` without draws.
    pub bands: Option<ToggleBands>,
    /// What makes its band wide, where a source leaves unknowns.
    pub reason: Option<Reason>,
    /// What its best corner saves on its own, in the claim's metric.
    pub at_most: Option<i64>,
    /// What is claimed for it.
    pub claim: Option<PublishedClaim>,
    /// What is said about the claim, in tokens, by its own arithmetic, by what is possible, by the
    /// replay and by history.
    pub judged: Vec<Judgement>,
    /// What follows from these.
    pub verdict: Verdict,
    /// The same in dollars: the claimed tokens at their class's price against all that is saved.
    pub verdict_usd: Verdict,
    /// What to tell the reader.
    pub notes: Vec<String>,
}

/// A claim on several toggles in a comparison.
#[derive(Clone, Debug)]
pub struct CombinedResult {
    /// The claim.
    pub claim: PublishedClaim,
    /// What the replay saves in its metric.
    pub replayed: i64,
    /// What the replay has before, in its metric.
    pub baseline: i64,
    /// What the best corners, or the best draw, save.
    pub at_most: i64,
    /// What all draws say; `None` without draws.
    pub draws: Option<ClaimDraws>,
    /// What is said about it, in the claim's metric.
    pub judged: Vec<Judgement>,
    /// What follows from these.
    pub verdict: Verdict,
    /// The claimed share against the share of dollars saved, where a share is claimed.
    pub verdict_usd: Option<Verdict>,
}

/// A finished comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What it is told in.
    pub headline: Headline,
    /// Whether its dollars mean anything.
    pub has_dollars: bool,
    /// Whether luck decides what any call reads.
    pub has_luck: bool,
    /// The plan that was replayed; bit k is toggle k.
    pub plan: Plan,
    /// Nothing toggled.
    pub baseline: Side,
    /// Everything toggled.
    pub variant: Side,
    /// Step by step, nothing toggled.
    pub baseline_steps: Vec<Step>,
    /// Step by step, everything toggled.
    pub variant_steps: Vec<Step>,
    /// Each toggle.
    pub toggles: Vec<ToggleResult>,
    /// All together.
    pub joint: Saving,
    /// Shares and interactions.
    pub attribution: Attribution,
    /// What the parameters and the call counts leave open; `None` without draws.
    pub uncertainty: Option<Uncertainty>,
    /// What each parameter alone can move.
    pub tornado: Vec<Swing>,
    /// What each toggle adds when they are switched on one after the other, in their order.
    pub stepwise: Vec<Saving>,
    /// Sum of the toggles alone minus the joint saving, in the headline's figure: what a plain sum
    /// of the list would count twice (negative where toggles help each other).
    pub overlap: i64,
    /// Claims on several toggles.
    pub combined: Vec<CombinedResult>,
    /// Toggles that wait for a number, and what they save at either end.
    pub bounds: Vec<Bound>,
    /// What was seen after rollouts of some of the toggles.
    pub seen: Vec<Seen>,
}

impl ToggleResult {
    /// The amount that is claimed for it in a headline's figure; `None` also where nothing but a
    /// direction is claimed.
    #[must_use]
    pub fn claimed(&self, headline: Headline) -> Option<&RangeInclusive<i64>> {
        let claim = self.claim.as_ref()?;
        let is_told = !claim.is_direction && claim.metric == headline.metric();
        is_told.then_some(&claim.saving)
    }
}

impl Comparison {
    /// Amounts claimed of the whole pipeline, in the headline's figure.
    pub fn whole_claims(&self) -> impl Iterator<Item = &CombinedResult> {
        let metric = self.headline.metric();
        self.combined.iter().filter(move |CombinedResult { claim, .. }| {
            claim.step.is_empty() && !claim.is_direction && claim.metric == metric
        })
    }

    /// The pairs of toggles whose savings depend on each other, the strongest first.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, &'static str, Saving)> {
        let mut pairs = Vec::new();
        for (a, one) in self.toggles.iter().enumerate() {
            for (b, other) in self.toggles.iter().enumerate().skip(a + 1) {
                let saving = self.attribution.interaction[a][b];
                if saving != Saving::default() {
                    pairs.push((one.id, other.id, saving));
                }
            }
        }
        let size = |saving: &Saving| -self.headline.of(saving).abs();
        pairs.sort_by_key(|(_, _, saving)| (size(saving), -saving.money().0.abs()));
        pairs
    }
}

/// Compares a pipeline with and without the chosen toggles.
///
/// # Errors
/// A model without a price.
pub fn compare(experiment: &Experiment<'_>) -> Result<Comparison, MissingPrice> {
    let recording = experiment.recording();
    let patches = experiment.patches(recording);
    let plan = experiment.plan(recording, &patches)?;
    let count = patches.len();
    let all = subset_of_first(count);
    let baseline = Side::replay(&plan, 0);
    let variant = Side::replay(&plan, all);
    let joint = Saving::between(&baseline, &variant);
    let attribution = Attribution::of(&plan, count, experiment.seed);
    let uncertainty = match experiment.draws {
        0 => None,
        _ => Some(uncertainty::study(experiment, &plan)?),
    };
    let best = Best { experiment, recording, baseline };
    let seen = seen::seen(experiment, &plan, uncertainty.as_ref());
    let court =
        Court { experiment, best, plan: &plan, uncertainty: uncertainty.as_ref(), seen: &seen };
    let tornado = tornado(experiment)?;
    let mut toggles = Vec::with_capacity(count);
    for (index, patch) in patches.iter().enumerate() {
        let reason = tornado.reasons[index].clone();
        toggles.push(ToggleResult { reason, ..court.toggle(index, patch, &attribution)? });
    }
    let on_the_way: Vec<Side> =
        (0..=count).map(|n| Side::totals(&plan, subset_of_first(n))).collect();
    let stepwise = on_the_way.windows(2).map(|pair| Saving::between(&pair[0], &pair[1])).collect();
    let headline = experiment.headline();
    let alone: i64 = toggles.iter().map(|toggle| headline.of(&toggle.alone)).sum();
    let mut combined = Vec::new();
    for claim in experiment.claims.iter().filter(|claim| claim.toggles.len() > 1) {
        combined.extend(court.combined(claim)?);
    }
    Ok(Comparison {
        headline,
        has_dollars: experiment.has_dollars(),
        has_luck: plan.events.iter().any(|event| event.luck.is_some()),
        baseline_steps: by_step(recording, &plan, 0),
        variant_steps: by_step(recording, &plan, all),
        tornado: tornado.swings,
        bounds: bounds(experiment)?,
        baseline,
        variant,
        toggles,
        joint,
        attribution,
        uncertainty,
        stepwise,
        overlap: alone - headline.of(&joint),
        combined,
        seen,
        plan,
    })
}

/// The subset of the first `n` toggles.
#[must_use]
pub fn subset_of_first(n: usize) -> Subset {
    if n >= 64 { Subset::MAX } else { (1 << n) - 1 }
}

/// Where claims are judged.
struct Court<'a> {
    experiment: &'a Experiment<'a>,
    best: Best<'a>,
    plan: &'a Plan,
    uncertainty: Option<&'a Uncertainty>,
    seen: &'a [Seen],
}

impl Court<'_> {
    fn toggle(
        &self,
        index: usize,
        patch: &Patch,
        attribution: &Attribution,
    ) -> Result<ToggleResult, MissingPrice> {
        let chosen = &self.experiment.chosen[index];
        let card = chosen.toggle.card();
        let (alone, last) = (attribution.alone[index], attribution.last[index]);
        let bands = self.uncertainty.map(|it| it.toggles[index]);
        let claim = self.experiment.claims.iter().find(|claim| claim.toggles == [card.id]);
        let mut result = ToggleResult {
            id: card.id,
            title: card.title,
            params: chosen.params.clone(),
            grade: chosen.grade,
            found: patch.found,
            touched: intervene::tokens_touched(self.best.recording, patch),
            alone,
            last,
            share: attribution.shapley[index],
            bands,
            reason: None,
            at_most: None,
            claim: claim.cloned(),
            judged: Vec::new(),
            verdict: Verdict::NotTestable,
            verdict_usd: Verdict::NotTestable,
            notes: patch.notes.clone(),
        };
        if let Some(claim) = claim.filter(|_| patch.found > 0) {
            let most = self.best.corner(&[index], claim)?;
            let draws = self.draws(claim);
            let at_most = most.0.max(draws.map_or(i64::MIN, |it| it.most));
            let replayed = around(claim.of(&alone), claim.of(&last), draws.map(|it| it.saved));
            let evidence = Evidence {
                claimed: claim.rounded.clone(),
                is_direction: claim.is_direction,
                replayed,
                at_most,
            };
            result.verdict = judge(&evidence);
            result.judged = self.judged(claim, &evidence);
            result.at_most = Some(at_most);
            if let Some(claimed) = self.worth(claim) {
                let cost = bands.map(|it| it.alone.cost.map(PicoUsd::micro));
                let replayed = around(alone.money().micro(), last.money().micro(), cost);
                result.verdict_usd =
                    judge(&Evidence { claimed, is_direction: false, replayed, at_most: most.1 });
            }
        }
        Ok(result)
    }

    fn draws(&self, claim: &PublishedClaim) -> Option<&ClaimDraws> {
        self.uncertainty?.claims.iter().find(|draws| draws.claim == claim.id)
    }

    /// The claimed tokens at the price of cache reads, in millionths of a dollar.
    fn worth(&self, claim: &PublishedClaim) -> Option<RangeInclusive<i64>> {
        let [price] = &self.plan.prices[..] else {
            return None;
        };
        let at = |tokens: i64| tokens * price.base.read / 1_000_000;
        (claim.metric == "read").then(|| at(*claim.rounded.start())..=at(*claim.rounded.end()))
    }

    /// What each authority says by itself.
    fn judged(&self, claim: &PublishedClaim, evidence: &Evidence) -> Vec<Judgement> {
        let reported = self.experiment.reported();
        let product = reported.and_then(|it| audit::claim_product(it, &claim.id));
        vec![
            Judgement::by_arithmetic(claim, product),
            Judgement::by_possibility(evidence),
            Judgement::by_model(evidence),
            Judgement::by_observation(claim, self.seen),
        ]
    }

    /// Judges a claim on several toggles; `None` if one of them is not among the chosen ones.
    fn combined(&self, claim: &PublishedClaim) -> Result<Option<CombinedResult>, MissingPrice> {
        let Some(indexes) = self.experiment.indexes_of(&claim.toggles) else {
            return Ok(None);
        };
        let subset = indexes.iter().fold(0, |subset, index| subset | 1 << index);
        let recording = self.best.recording;
        let saving = saving_of_step(recording, self.plan, subset, &claim.step);
        let baseline = before_in_step(recording, self.plan, claim);
        let draws = self.draws(claim);
        let most = self.best.of_step(&indexes, claim)?;
        let at_most = most.0.max(draws.map_or(i64::MIN, |it| it.most));
        let replayed = claim.of(&saving);
        let evidence = Evidence {
            claimed: claim.rounded.clone(),
            is_direction: claim.is_direction,
            replayed: around(replayed, replayed, draws.map(|it| it.saved)),
            at_most,
        };
        let verdict_usd = claim.share_bp.as_ref().map(|share| {
            let before = self.best.baseline.money().micro();
            let saved = |micro: i64| part_bp(micro, before);
            let met = saved(saving.money().micro());
            let evidence = Evidence {
                claimed: share.clone(),
                is_direction: false,
                replayed: met..=met,
                at_most: saved(most.1),
            };
            judge(&evidence)
        });
        Ok(Some(CombinedResult {
            claim: claim.clone(),
            replayed,
            baseline,
            at_most,
            draws: draws.cloned(),
            judged: self.judged(claim, &evidence),
            verdict: judge(&evidence),
            verdict_usd,
        }))
    }
}

/// What the pipeline, or the step that a claim speaks of, has before, in the claim's metric.
fn before_in_step(recording: &Recording, plan: &Plan, claim: &PublishedClaim) -> i64 {
    let own = by_step(recording, plan, 0);
    let own = own.iter().filter(|step| claim.step.is_empty() || step.name == claim.step);
    let in_metric = |step: &Step| match claim.metric.as_str() {
        "calls" => step.calls,
        "tokens" => Headline::Tokens.of_usage(&step.usage),
        _ => step.usage.read,
    };
    own.map(in_metric).sum()
}

/// The range of two savings and of what the draws leave open.
fn around(a: i64, b: i64, band: Option<Band<i64>>) -> RangeInclusive<i64> {
    let (low, high) = (a.min(b), a.max(b));
    band.map_or(low..=high, |band| low.min(band.p10)..=high.max(band.p90))
}
