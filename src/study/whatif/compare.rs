//! The comparison: every toggle alone, last, by its share, and all of them together.

use super::best_corner::BestCornerSearch;
use super::draw_lines::MadeDraws;
use super::experiment::{Experiment, subset_of_first};
use super::headline::HeadlineMetric;
use super::minutes::{MinutesStudy, study_minutes};
use super::observed_savings::{self, ObservedSaving};
use super::other_orders::{ActingToggles, OrderAsTold, order_as_told};
use super::published_claims::PublishedClaim;
use super::remaining_saving::{RemainingSaving, remaining_savings};
use super::saving_bounds::{SavingBound, bound_waiting_toggles};
use super::savings::{PipelineTotals, Saving, StepTotals, saving_in_step, totals_by_step};
use super::shapley::Attribution;
use super::tornado::{BandReason, SavingSwing, measure_swings};
use super::uncertainty::{self, ClaimDraws, ToggleBands, Uncertainty};
use super::verdict::{
    ClaimEvidence, ClaimJudgement, ClaimVerdict, judge_claim, widen_by_difference_error,
};
use super::whole_pipeline::{WholePipeline, whole_of_pipeline};
use crate::intervene::{self, BuildGrade, ToggleParams};
use crate::plan::{Patch, Plan};
use crate::price::MissingPrice;
use crate::scenario::ChosenToggle;
use crate::study::audit;
use crate::units::ratio_bp;
use std::ops::RangeInclusive;

/// One toggle in a comparison.
#[derive(Clone, Debug)]
pub struct ToggleResult {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its parameters.
    pub params: ToggleParams,
    /// What it takes to build it, and what may go wrong.
    pub grade: BuildGrade,
    /// Places where it applies.
    pub found: u32,
    /// Whether it changes an orchestrator beside the sessions, and none of them.
    pub is_beside: bool,
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
    pub reason: Option<BandReason>,
    /// What is left of that with the others; `None` where it saves nothing.
    pub remaining: Option<RemainingSaving>,
    /// The most that it could save on its own, in the claim's metric.
    pub bound: Option<i64>,
    /// What is claimed for it.
    pub claim: Option<PublishedClaim>,
    /// What is said about the claim, in tokens, by its own arithmetic, by what is possible, by the
    /// replay and by history.
    pub judgements: Vec<ClaimJudgement>,
    /// Whether the claim has the right size.
    pub verdict: ClaimVerdict,
    /// What to tell the reader.
    pub notes: Vec<String>,
}

/// A claim on several toggles in a comparison.
#[derive(Clone, Debug)]
pub struct CombinedClaimResult {
    /// The claim.
    pub claim: PublishedClaim,
    /// What the replay saves in its metric.
    pub replayed: i64,
    /// What the replay has before, in its metric.
    pub baseline: i64,
    /// The most that they could save.
    pub bound: i64,
    /// What all draws say; `None` without draws.
    pub draws: Option<ClaimDraws>,
    /// What is said about it, in the claim's metric.
    pub judgements: Vec<ClaimJudgement>,
    /// What follows from these.
    pub verdict: ClaimVerdict,
    /// The claimed share against the share of dollars saved, where a share is claimed.
    pub verdict_usd: Option<ClaimVerdict>,
}

/// A finished comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What it is told in.
    pub headline: HeadlineMetric,
    /// Whether its dollars mean anything.
    pub has_dollars: bool,
    /// Whether luck decides what any call reads.
    pub has_luck: bool,
    /// The plan that was replayed; bit k is toggle k.
    pub plan: Plan,
    /// Nothing toggled.
    pub baseline: PipelineTotals,
    /// Everything toggled.
    pub variant: PipelineTotals,
    /// Step by step, nothing toggled.
    pub baseline_steps: Vec<StepTotals>,
    /// Step by step, everything toggled.
    pub variant_steps: Vec<StepTotals>,
    /// Each toggle.
    pub toggles: Vec<ToggleResult>,
    /// All together.
    pub joint: Saving,
    /// Shares and interactions.
    pub attribution: Attribution,
    /// What the parameters and the call counts leave open; `None` without draws.
    pub uncertainty: Option<Uncertainty>,
    /// What each parameter alone can move.
    pub tornado: Vec<SavingSwing>,
    /// What each toggle adds when they are switched on one after the other, in their order.
    pub stepwise: Vec<Saving>,
    /// Sum of the toggles alone minus the joint saving, in the headline's figure: what a plain sum
    /// of the list would count twice (negative where toggles help each other).
    pub overlap: i64,
    /// Claims on several toggles.
    pub combined: Vec<CombinedClaimResult>,
    /// Toggles that wait for a number, and what they save at either end.
    pub bounds: Vec<SavingBound>,
    /// What was seen after rollouts of some of the toggles.
    pub observed_savings: Vec<ObservedSaving>,
    /// What the summary of a published pipeline leaves out.
    pub whole: Option<WholePipeline>,
    /// The order as the source of another one tells it.
    pub as_told: Option<OrderAsTold>,
    /// The wall clock of a published pipeline.
    pub minutes: Option<MinutesStudy>,
}

impl ToggleResult {
    /// The amount that is claimed for it in a headline's figure; `None` also where nothing but a
    /// direction is claimed.
    #[must_use]
    pub fn claimed_range(&self, headline: HeadlineMetric) -> Option<&RangeInclusive<i64>> {
        let claim = self.claim.as_ref()?;
        let is_told = !claim.is_direction && claim.metric == headline.metric_name();
        is_told.then_some(&claim.saving)
    }
}

impl Comparison {
    /// Amounts claimed of the whole pipeline, in the headline's figure.
    pub fn whole_pipeline_claims(&self) -> impl Iterator<Item = &CombinedClaimResult> {
        let metric = self.headline.metric_name();
        self.combined.iter().filter(move |CombinedClaimResult { claim, .. }| {
            claim.step.is_empty() && !claim.is_direction && claim.metric == metric
        })
    }

    /// The pairs of toggles whose savings depend on each other, the strongest first.
    #[must_use]
    pub fn interacting_pairs(&self) -> Vec<(&'static str, &'static str, Saving)> {
        let mut pairs = Vec::new();
        for (a, one) in self.toggles.iter().enumerate() {
            for (b, other) in self.toggles.iter().enumerate().skip(a + 1) {
                let saving = self.attribution.interaction[a][b];
                if saving != Saving::default() {
                    pairs.push((one.id, other.id, saving));
                }
            }
        }
        // By size, whatever the sign: an overlap matters as much as a help.
        pairs.sort_by_key(|(_, _, saving)| {
            (-self.headline.amount_in_saving(saving).abs(), -saving.total_money().0.abs())
        });
        pairs
    }
}

/// Compares a pipeline with and without the chosen toggles.
///
/// # Errors
/// A model without a price.
pub fn compare_toggles(experiment: &Experiment<'_>) -> Result<Comparison, MissingPrice> {
    compare_with_draws(experiment, None)
}

/// The same with draws that were made elsewhere, if they were.
///
/// # Errors
/// A model without a price.
pub(crate) fn compare_with_draws(
    experiment: &Experiment<'_>,
    made: Option<&MadeDraws>,
) -> Result<Comparison, MissingPrice> {
    let recording = experiment.base_recording();
    let patches = experiment.patches_at_means(recording);
    let plan = experiment.compile_plan(recording, &patches)?;
    let count = patches.len();
    let all = subset_of_first(count);
    let baseline = PipelineTotals::replay_with_peak(&plan, 0);
    let variant = PipelineTotals::replay_with_peak(&plan, all);
    let joint = Saving::between_totals(&baseline, &variant);
    let attribution = Attribution::from_plan(&plan, count, experiment.seed);
    let uncertainty = match experiment.draws {
        0 => None,
        _ => Some(uncertainty::study_uncertainty(experiment, &plan, made)?),
    };
    let best = BestCornerSearch { experiment, recording };
    let seen = observed_savings::compare_observations(
        experiment,
        &plan,
        uncertainty.as_ref().map(|it| &it.observed_bp[..]),
    );
    let court = ComparisonContext {
        experiment,
        patches: &patches,
        best,
        baseline: &baseline,
        plan: &plan,
        uncertainty: uncertainty.as_ref(),
        observed_savings: &seen,
    };
    // Before the toggles, each of which is told what moves it most.
    let tornado = measure_swings(experiment)?;
    let ids: Vec<&'static str> = experiment.chosen.iter().map(ChosenToggle::id).collect();
    let headline = experiment.headline_metric();
    let remaining = remaining_savings(&plan, &ids, &attribution, headline);
    let mut toggles = Vec::with_capacity(count);
    for ((index, patch), remaining) in patches.iter().enumerate().zip(remaining) {
        let reason = tornado.reasons[index].clone();
        let judged = court.judge_toggle(index, patch, &attribution)?;
        toggles.push(ToggleResult { reason, remaining, ..judged });
    }
    // Toggles are switched on one after the other, in the order in which they were chosen.
    let on_the_way: Vec<PipelineTotals> =
        (0..=count).map(|n| PipelineTotals::replay_totals(&plan, subset_of_first(n))).collect();
    let pairs = on_the_way.windows(2).map(|it| Saving::between_totals(&it[0], &it[1]));
    let alone: i64 = toggles.iter().map(|it| headline.amount_in_saving(&it.alone)).sum();
    let mut combined = Vec::new();
    for claim in experiment.claims.iter().filter(|claim| claim.toggles.len() > 1) {
        combined.extend(court.judge_combined_claim(claim)?);
    }
    let acting = ActingToggles { ids: &ids, patches: &patches, plan: &plan };
    let whole = whole_of_pipeline(experiment, acting, (&joint, uncertainty.as_ref()));
    Ok(Comparison {
        headline,
        has_dollars: experiment.has_dollars(),
        has_luck: plan.events.iter().any(|event| event.luck.is_some()),
        minutes: study_minutes(experiment, &plan, &patches, [&baseline, &variant]),
        baseline_steps: totals_by_step(recording, &plan, 0),
        variant_steps: totals_by_step(recording, &plan, all),
        tornado: tornado.swings,
        bounds: bound_waiting_toggles(experiment)?,
        baseline,
        variant,
        toggles,
        joint,
        attribution,
        uncertainty,
        stepwise: pairs.collect(),
        // Alone each toggle counts what several would save; together that is saved once.
        overlap: alone - headline.amount_in_saving(&joint),
        combined,
        observed_savings: seen,
        whole,
        as_told: order_as_told(experiment, &patches, &ids)?,
        plan,
    })
}

/// Where claims are judged.
struct ComparisonContext<'a> {
    experiment: &'a Experiment<'a>,
    /// Of all toggles, at their means.
    patches: &'a [Patch],
    best: BestCornerSearch<'a>,
    /// Nothing toggled.
    baseline: &'a PipelineTotals,
    plan: &'a Plan,
    uncertainty: Option<&'a Uncertainty>,
    observed_savings: &'a [ObservedSaving],
}

impl ComparisonContext<'_> {
    fn judge_toggle(
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
            found: patch.found_places,
            is_beside: patch.dispatching.is_some(),
            touched: intervene::tokens_touched(self.best.recording, patch),
            alone,
            last,
            share: attribution.shapley[index],
            bands,
            reason: None,
            remaining: None,
            bound: None,
            claim: claim.cloned(),
            judgements: Vec::new(),
            verdict: ClaimVerdict::NotTestable,
            notes: patch.notes.clone(),
        };
        // A toggle that applies nowhere in this recording can be neither right nor wrong.
        if let Some(claim) = claim.filter(|_| patch.found_places > 0) {
            let most = self.best.best_saving(&[index], claim)?.0;
            let evidence = self.evidence_of_claim(claim, claim.amount_saved(&alone), most);
            result.verdict = judge_claim(&evidence);
            result.judgements = self.judge_by_each_judge(claim, &evidence);
            result.bound = Some(evidence.bound);
        }
        Ok(result)
    }

    /// A claim beside what the draws save, and the most that the best corner or a draw does.
    fn evidence_of_claim(&self, claim: &PublishedClaim, saved: i64, most: i64) -> ClaimEvidence {
        let draws = self.draws_of_claim(claim);
        // A draw may differ in call counts, which no corner of the parameters moves.
        let bound = most.max(saved).max(draws.map_or(i64::MIN, |it| it.most));
        // Draws hold the error of a difference; a single figure has it on either side.
        let band = draws.map_or_else(
            || widen_by_difference_error(&(saved..=saved)),
            |draws| draws.saved.p10..=draws.saved.p90,
        );
        ClaimEvidence::for_claim(claim, &band, bound)
    }

    fn draws_of_claim(&self, claim: &PublishedClaim) -> Option<&ClaimDraws> {
        self.uncertainty?.claims.iter().find(|draws| draws.claim == claim.id)
    }

    /// What each authority says by itself.
    fn judge_by_each_judge(
        &self,
        claim: &PublishedClaim,
        evidence: &ClaimEvidence,
    ) -> Vec<ClaimJudgement> {
        let reported = self.experiment.published_pipeline();
        let product = reported.and_then(|it| audit::claim_product(it, &claim.id));
        vec![
            ClaimJudgement::by_arithmetic(claim, product),
            ClaimJudgement::by_possibility(evidence),
            ClaimJudgement::by_model(evidence),
            ClaimJudgement::by_observation(claim, self.observed_savings),
        ]
    }

    /// Judges a claim on several toggles; `None` if one of them is not among the chosen ones.
    fn judge_combined_claim(
        &self,
        claim: &PublishedClaim,
    ) -> Result<Option<CombinedClaimResult>, MissingPrice> {
        let Some(indexes) = self.experiment.indexes_of(&claim.toggles) else {
            return Ok(None);
        };
        let subset = indexes.iter().fold(0, |subset, index| subset | 1 << index);
        let recording = self.best.recording;
        let saving = saving_in_step(recording, self.plan, subset, &claim.step);
        let draws = self.draws_of_claim(claim);
        let most = self.best.best_saving_in_step(&indexes, claim)?;
        let patches = indexes.iter().map(|&at| &self.patches[at]);
        let replayed = claim.amount_saved_by(&saving, recording, patches);
        let evidence = self.evidence_of_claim(claim, replayed, most.0);
        // A share of the money is held against the whole bill, whatever step the claim is of.
        let verdict_usd = claim.share_bp.as_ref().map(|share| {
            let before = self.baseline.total_money().micro_usd();
            let met = ratio_bp(saving.total_money().micro_usd(), before);
            let evidence = ClaimEvidence {
                claimed: share.clone(),
                is_direction: false,
                band: widen_by_difference_error(&(met..=met)),
                bound: ratio_bp(most.1, before).max(met),
            };
            judge_claim(&evidence)
        });
        Ok(Some(CombinedClaimResult {
            claim: claim.clone(),
            replayed,
            baseline: claim.baseline_amount(recording, self.plan),
            bound: evidence.bound,
            draws: draws.cloned(),
            judgements: self.judge_by_each_judge(claim, &evidence),
            verdict: judge_claim(&evidence),
            verdict_usd,
        }))
    }
}
