//! What the parameters, the unknown call counts and other unknowns leave open.
//!
//! Everything is replayed once for each draw: other parameters, other call counts or unknowns
//! where a source left them open, another luck of automatic caches, the same shocks. Draw k means
//! the same for every toggle and every subset, so that differences are differences. Bands are
//! quantiles of the draws (nearest rank); they hold the parameters, what is open, and the error of
//! a difference: each draw has a normal one, whose size has its 90th percentile at
//! [`DIFFERENCE_ERROR_BP`], and everything that is saved in it is off by that share.

use super::candidate_sets::CandidateSets;
use super::claim_probabilities::{ClaimProbability, claim_probabilities};
use super::draw_outcome::{DrawOutcome, ToggleDraw};
use super::experiment::Experiment;
use super::first_question::{
    DrawnClaim, DrawnResults, FirstQuestion, OpenFact, find_first_question,
};
use super::lattice::SubsetLattice;
use super::load_bands::{DrawnLoads, LoadBands};
use super::marginal_savings::MarginalSavings;
use super::observed_savings;
use super::open_counts::{DrawScratch, OpenCounts};
use super::parameter_draws::{self, ParameterDraws};
use super::published_claims::PublishedClaim;
use super::saving_bands::{DrawnSet, SavingBands, saving_bands};
use super::savings::{Saving, saving_in_step};
use super::shapley::share_out_lattice;
use super::untoggled::{UntoggledCalls, amounts_in_step};
use super::verdict::DIFFERENCE_ERROR_BP;
use crate::fixed_point::ONE;
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::price::MissingPrice;
use crate::reconstruct::routes::WINDOW_DAYS;
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::backtest::ObservedEffect;
use crate::study::progress::WorkMeter;
use crate::study::stats::quantile::CredibleBand;
use crate::study::stats::random_draws::draw_normal;
use crate::units::{BASIS_POINTS, ratio_bp, scale_by_ratio};
use rayon::prelude::*;

/// One toggle in all draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToggleBands {
    /// Its share in the joint saving, over the first [`Uncertainty::shapley_draws`] draws; `None`
    /// where even a few lattices were too much work.
    pub shapley: Option<SavingBands>,
    /// On its own.
    pub alone: SavingBands,
    /// After all the others.
    pub last: SavingBands,
}

/// What all draws say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncertainty {
    /// How many draws were made.
    pub draws: u32,
    /// In how many of them, the first ones, every subset was replayed.
    pub shapley_draws: u32,
    /// Draws whose call counts met no calls and were taken at the likeliest counts instead.
    pub unmet_draws: u32,
    /// The toggles.
    pub toggles: Vec<ToggleBands>,
    /// All together.
    pub joint: SavingBands,
    /// All together, as a share of the baseline in ten-thousandths: the headline's figure,
    /// dollars.
    pub joint_bp: (CredibleBand<i64>, CredibleBand<i64>),
    /// The claims: each toggle's first, then those on several.
    pub claims: Vec<ClaimDraws>,
    /// What the toggles of each observation save, a share in ten-thousandths.
    pub observed_bp: Vec<CredibleBand<i64>>,
    /// How busy agents are that packets wake; `None` where no packet does, or times are a record.
    pub loads: Option<LoadBands>,
    /// The open fact that, known, would change most; `None` where none changes anything.
    pub first_question: Option<FirstQuestion>,
    /// The sets that the experiment asks for.
    pub sets: Vec<DrawnSet>,
}

/// A claim in all draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimDraws {
    /// The claim's id.
    pub claim: String,
    /// What is saved in its metric; by one toggle alone.
    pub saved: CredibleBand<i64>,
    /// The most in any draw, without the error of a difference.
    pub most: i64,
    /// How likely the claim is reached, in each way that it can be read.
    pub probabilities: Vec<ClaimProbability>,
}

/// Rows that one study may replay in its lattices: the draws after those that use them up go
/// without Shapley values.
const MOST_ROWS: u64 = 100_000_000;

/// Fewer lattices than this make no band; they are made whatever it takes, up to ten times
/// [`MOST_ROWS`].
const FEWEST_LATTICES: u64 = 50;

/// Makes all draws of an experiment.
///
/// # Errors
/// A model without a price.
pub fn study_uncertainty(
    experiment: &Experiment<'_>,
    plan: &Plan,
) -> Result<Uncertainty, MissingPrice> {
    let (lab, drawn) = draw_outcomes(experiment, plan)?;
    let mut facts = lab.draws.open_facts(experiment.chosen);
    facts.extend(lab.openings.open_facts(experiment.source));
    let first_question = lab.first_question(&drawn, &facts);
    Ok(Uncertainty { first_question, ..summarise_draws(experiment, &drawn, lab.lattices) })
}

/// Replays every draw.
fn draw_outcomes<'a>(
    experiment: &'a Experiment<'a>,
    plan: &Plan,
) -> Result<(DrawSetup<'a>, Vec<DrawOutcome>), MissingPrice> {
    let count = experiment.draws;
    let observations = observed_savings::observations_to_compare(experiment);
    let steps = observations.iter().map(|(observed, _)| observed.step_name().to_owned());
    let lab = DrawSetup {
        untoggled: UntoggledCalls::replay_steady(experiment, steps)?,
        experiment,
        draws: ParameterDraws::draw_for_toggles(experiment.chosen, experiment.seed, count),
        openings: OpenCounts::draw_from_source(experiment.source, experiment.seed, count),
        errors: draw_difference_errors(experiment.seed, count),
        candidates: CandidateSets::from_plan(experiment, plan),
        lattices: affordable_lattices(SubsetLattice::rows_to_replay(plan), count),
        observations,
    };
    let meter = WorkMeter::new(experiment.progress, count.into());
    let drawn: Vec<DrawOutcome> = (0..count)
        .into_par_iter()
        .map_init(DrawScratch::default, |scratch, k| {
            let drawn = lab.replay_draw(k, scratch);
            meter.add(1);
            drawn
        })
        .collect::<Result<_, _>>()?;
    Ok((lab, drawn))
}

/// In how many draws every subset is replayed, where that takes so many rows each time.
fn affordable_lattices(work: u64, count: u32) -> u32 {
    let lattices = match MOST_ROWS / work.max(1) {
        // Shares over the first draws only are still a band, as long as there are enough of them.
        few if few >= FEWEST_LATTICES => few,
        // A dear lattice is paid for the fewest draws that make a band, up to ten times the work.
        _ if work <= 10 * MOST_ROWS / FEWEST_LATTICES => FEWEST_LATTICES,
        _ => 0,
    };
    u32::try_from(lattices).unwrap_or(u32::MAX).min(count)
}

struct DrawSetup<'a> {
    experiment: &'a Experiment<'a>,
    untoggled: UntoggledCalls<'a>,
    draws: ParameterDraws,
    openings: OpenCounts,
    errors: Vec<i64>,
    candidates: Option<CandidateSets>,
    lattices: u32,
    observations: Vec<(ObservedEffect, ToggleSubset)>,
}

impl DrawSetup<'_> {
    fn replay_draw(&self, k: u32, scratch: &mut DrawScratch) -> Result<DrawOutcome, MissingPrice> {
        let Experiment { chosen, claims, .. } = self.experiment;
        let source = self.experiment.source;
        let (other, met) = self.openings.recording_in_draw(source, k, scratch);
        // Where no calls meet the drawn counts, the likeliest ones stand in; `unmet_draws` counts
        // that.
        let recording = other.as_ref().unwrap_or(self.experiment.base_recording());
        let patches: Vec<_> = (0..chosen.len())
            .map(|at| {
                self.experiment.patch_for_toggle(
                    recording,
                    at,
                    &self.draws.params_in_draw(chosen, at, k),
                )
            })
            .collect();
        // Of recorded calls a draw compiles and replays what its patches touch: everywhere else
        // nothing is saved.
        let mut plan = match &other {
            Some(other) => self.experiment.compile_plan(other, &patches)?,
            None => self.experiment.compile_touched(recording, &patches)?,
        };
        parameter_draws::draw_cache_luck(self.experiment.seed, recording, &mut plan, k);
        let headline = self.experiment.headline_metric();
        // With other call counts or other luck the pipeline costs something else without any toggle
        // too, and only differences within a draw are savings.
        let lucky = self.untoggled.lucky_in_draw(self.experiment, k);
        let before = |step: &str| match &other {
            Some(other) => amounts_in_step(headline, other, &plan, step),
            None => self.untoggled.amounts(&lucky, step),
        };
        // Shapley shares need every subset, which is dear: the first draws have them, as many as
        // can be paid for. All other bands need a few replays a draw.
        let lattice =
            if k < self.lattices { SubsetLattice::from_plan(&plan, chosen.len()) } else { None };
        let (marginal, shapley) = match &lattice {
            Some(lattice) => {
                let (marginal, shapley) = share_out_lattice(lattice);
                (marginal, Some(shapley))
            }
            None => (MarginalSavings::with_sets(&plan, chosen.len(), self.experiment.sets), None),
        };
        // With a lattice every set is looked up; without one it was replayed with the edges.
        let asked = match &lattice {
            Some(lattice) => {
                let sets = self.experiment.sets.iter();
                sets.map(|set| lattice.saving_of_subset(*set)).collect()
            }
            None => marginal.sets.clone(),
        };
        let sets = match (&self.candidates, &lattice) {
            (Some(candidates), Some(lattice)) => candidates.saved_amounts(lattice),
            _ => Vec::new(),
        };
        let toggles: Vec<ToggleDraw> = (0..chosen.len())
            .map(|at| ToggleDraw {
                shapley: shapley.as_ref().map(|shares| shares[at]),
                alone: marginal.alone[at],
                last: marginal.last[at],
            })
            .collect();
        let claims: Vec<(i64, Saving)> = claims
            .iter()
            .map(|claim| {
                let replayed = (&plan, lattice.as_ref());
                self.saving_of_claim(claim, recording, replayed, &patches, &toggles)
            })
            .collect();
        let observed_bp = self.observations.iter().map(|observation| {
            let saved = observed_savings::amount_saved(recording, &plan, observation, headline);
            ratio_bp(saved, before(observation.0.step_name()).0)
        });
        let outcome = DrawOutcome {
            met,
            before: before(""),
            observed_bp: observed_bp.collect(),
            loads: self.loads_in_draw(recording, &plan, k),
            joint: marginal.joint,
            exact_claims: claims.iter().map(|(amount, _)| *amount).collect(),
            claims,
            toggles,
            sets,
            asked,
        };
        Ok(outcome.with_error(self.errors[k as usize]))
    }

    /// How busy agents are in a draw, in the first ones of a source without times.
    fn loads_in_draw(&self, recording: &Recording, plan: &Plan, k: u32) -> Option<DrawnLoads> {
        let routes = self.experiment.source.routes()?;
        let days = self.openings.value_in_draw(routes, WINDOW_DAYS, k);
        let (toggles, limit) = (self.experiment.chosen.len(), self.experiment.requests_a_minute);
        DrawnLoads::in_draw(recording, plan, toggles, limit, (days?, k))
    }

    /// What to find out first, from everything that was drawn.
    fn first_question(&self, drawn: &[DrawOutcome], facts: &[OpenFact]) -> Option<FirstQuestion> {
        let headline = self.experiment.headline_metric();
        let claims = self.experiment.claims.iter().enumerate().map(|(at, claim)| {
            let bound = drawn.iter().map(|draw| draw.exact_claims[at]).max().unwrap_or_default();
            let saved = drawn.iter().map(|draw| draw.claims[at].0).collect();
            DrawnClaim { claim, bound, saved }
        });
        let results = DrawnResults {
            effort: self.candidates.as_ref().map_or(0, |it| it.effort),
            sets: drawn
                .iter()
                .map(|draw| draw.sets.clone())
                .take_while(|sets| !sets.is_empty())
                .collect(),
            claims: claims.collect(),
            joint: drawn.iter().map(|draw| headline.amount_in_saving(&draw.joint)).collect(),
        };
        find_first_question(facts, &results, self.experiment.seed)
    }

    /// What a claim's toggles save: one of them on its own, several together; of its step, where it
    /// has one.
    fn saving_of_claim(
        &self,
        claim: &PublishedClaim,
        recording: &Recording,
        (plan, lattice): (&Plan, Option<&SubsetLattice>),
        patches: &[Patch],
        toggles: &[ToggleDraw],
    ) -> (i64, Saving) {
        let Some(indexes) = self.experiment.indexes_of(&claim.toggles) else {
            return Default::default();
        };
        // Already replayed: one toggle on the whole pipeline is what it saves alone.
        if let ([only], "") = (&indexes[..], &*claim.step) {
            let alone = toggles[*only].alone;
            return (claim.amount_saved(&alone), alone);
        }
        let subset = indexes.iter().fold(0, |subset, index| subset | 1 << index);
        let saving = match lattice {
            Some(lattice) if claim.step.is_empty() => lattice.saving_of_subset(subset),
            _ => saving_in_step(recording, plan, subset, &claim.step),
        };
        let patches = indexes.iter().map(|&index| &patches[index]);
        (claim.amount_saved_by(&saving, recording, patches), saving)
    }
}

/// The error of a difference in each draw, as a factor in 2^-32.
fn draw_difference_errors(seed: Seed, count: u32) -> Vec<i64> {
    let mut rng = seed.random_stream("difference error", &[]);
    // The 90th percentile of |e| is that of a normal distribution at 1.645 deviations.
    (0..count)
        .map(|_| {
            let error = scale_by_ratio(
                draw_normal(&mut rng),
                DIFFERENCE_ERROR_BP * 1_000,
                BASIS_POINTS * 1_645,
            );
            // The error is a factor around 1, in Q32.
            ONE + error
        })
        .collect()
}

fn summarise_draws(
    experiment: &Experiment<'_>,
    drawn: &[DrawOutcome],
    lattices: u32,
) -> Uncertainty {
    let headline = experiment.headline_metric();
    let observations = drawn.first().map_or(0, |draw| draw.observed_bp.len());
    let claims = experiment.claims.iter().enumerate().map(|(at, claim)| ClaimDraws {
        claim: claim.id.clone(),
        saved: CredibleBand::from_values(drawn.iter().map(|draw| draw.claims[at].0)),
        most: drawn.iter().map(|draw| draw.exact_claims[at]).max().unwrap_or_default(),
        probabilities: claim_probabilities(headline, claim, at, drawn),
    });
    Uncertainty {
        draws: drawn.len() as u32,
        shapley_draws: lattices,
        unmet_draws: drawn.iter().filter(|draw| !draw.met).count() as u32,
        toggles: (0..experiment.chosen.len())
            .map(|at| toggle_bands(drawn, &drawn[..lattices as usize], at))
            .collect(),
        joint: saving_bands(drawn, |draw| &draw.joint),
        joint_bp: (
            CredibleBand::from_values(
                drawn
                    .iter()
                    .map(|draw| ratio_bp(headline.amount_in_saving(&draw.joint), draw.before.0)),
            ),
            CredibleBand::from_values(
                drawn.iter().map(|draw| draw.joint.total_money().share_bp(draw.before.1)),
            ),
        ),
        claims: claims.collect(),
        observed_bp: (0..observations)
            .map(|at| CredibleBand::from_values(drawn.iter().map(|draw| draw.observed_bp[at])))
            .collect(),
        sets: drawn_sets(experiment, drawn),
        loads: LoadBands::from_draws(drawn.iter().filter_map(|draw| draw.loads.as_ref())),
        first_question: None,
    }
}

/// The sets that the experiment asks for, in all draws.
fn drawn_sets(experiment: &Experiment<'_>, drawn: &[DrawOutcome]) -> Vec<DrawnSet> {
    let sets = experiment.sets.iter().enumerate();
    sets.map(|(at, subset)| DrawnSet::from_draws(*subset, drawn, |draw| &draw.asked[at])).collect()
}

/// One toggle in all draws, and its share in those in which every subset was replayed.
fn toggle_bands(drawn: &[DrawOutcome], with_lattice: &[DrawOutcome], at: usize) -> ToggleBands {
    ToggleBands {
        // One draw without shares would leave a band of the others that means something else.
        shapley: with_lattice
            .iter()
            .map(|draw| draw.toggles[at].shapley.as_ref())
            .collect::<Option<Vec<&Saving>>>()
            .filter(|shares| !shares.is_empty())
            .map(|shares| saving_bands(&shares, |share| *share)),
        alone: saving_bands(drawn, |draw| &draw.toggles[at].alone),
        last: saving_bands(drawn, |draw| &draw.toggles[at].last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, RecordingSource, builtin_pipeline, reconstruct};
    use crate::scenario::{Scenario, toggles_by_id};

    #[test]
    fn what_is_quoted_is_the_mean_of_the_draws() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        let source = RecordingSource::Pipeline { reported, lens: Lens::Message, fit };
        let toggles = toggles_by_id(["R1", "R2", "R3", "R4", "R5", "R6", "R7"]).expect("toggles");
        let scenario = Scenario { draws: 300, ..Scenario::with_toggles(&toggles) };
        let (toggles, pricing) = (scenario.split_awaiting_toggles(), Pricing::embedded());
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let recording = experiment.base_recording();
        let plan = experiment.compile_plan(recording, &experiment.patches_at_means(recording));
        let plan = plan.expect("prices");
        let quoted = MarginalSavings::from_plan(&plan, experiment.chosen.len());
        let (_, drawn) = draw_outcomes(&experiment, &plan).expect("prices");
        for (at, quoted) in quoted.alone.iter().enumerate() {
            let values = drawn.iter().map(|draw| draw.toggles[at].alone.usage.read as f64);
            let values: Vec<f64> = values.collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            let error = (spread / values.len() as f64 / values.len() as f64).sqrt();
            let slack = 3.0 * error + 0.02 * mean.abs();
            let off = quoted.usage.read as f64 - mean;
            let id = experiment.chosen[at].id();
            assert!(off.abs() <= slack, "{id}: {} quoted, {mean:.0} drawn", quoted.usage.read);
        }
    }

    #[test]
    fn lattices_are_made_as_far_as_they_are_affordable() {
        for (work, count, want) in [
            (0, 1_000, 1_000),
            (100_000, 1_000, 1_000),
            (1_000_000, 1_000, 100),
            (20_000_000, 1_000, 50),
            (20_000_001, 1_000, 0),
            (20_000_000, 20, 20),
            (u64::MAX, 1_000, 0),
        ] {
            assert_eq!(affordable_lattices(work, count), want, "{work} rows, {count} draws");
        }
    }

    #[test]
    fn bands_are_nearest_ranks() {
        let check = |values: &[i64], want: (i64, i64, i64)| {
            let CredibleBand { p10, p50, p90 } = CredibleBand::from_values(values.iter().copied());
            assert_eq!((p10, p50, p90), want, "{values:?}");
        };
        check(&[], (0, 0, 0));
        check(&[7], (7, 7, 7));
        check(&[3, 1, 2], (1, 2, 3));
        check(&(1..=1_000).rev().collect::<Vec<_>>(), (100, 500, 900));
    }
}
