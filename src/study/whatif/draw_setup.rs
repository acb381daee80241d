//! The draws of an experiment: each is replayed for itself, wherever and in whatever order.

use super::candidate_sets::CandidateSets;
use super::draw_outcome::DrawOutcome;
use super::draw_sums::{DrawSums, LatticeSums};
use super::experiment::Experiment;
use super::lattice::SubsetLattice;
use super::load_bands::DrawnLoads;
use super::marginal_savings::MarginalSavings;
use super::observed_savings;
use super::open_counts::{DrawScratch, OpenCounts};
use super::parameter_draws::{self, ParameterDraws};
use super::published_claims::PublishedClaim;
use super::savings::{PipelineTotals, Saving, totals_in_step};
use super::shapley::share_out_lattice;
use super::swept_subset::SweepMetric;
use super::untoggled::UntoggledCalls;
use super::verdict::DIFFERENCE_ERROR_BP;
use crate::fixed_point::ONE;
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::price::MissingPrice;
use crate::reconstruct::routes::WINDOW_DAYS;
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::backtest::ObservedEffect;
use crate::study::progress::WorkMeter;
use crate::study::stats::random_draws::draw_normal;
use crate::units::{BASIS_POINTS, scale_by_ratio};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Rows that one study may replay in its lattices: the draws after those that use them up go
/// without Shapley values.
const MOST_ROWS: u64 = 100_000_000;

/// Fewer lattices than this make no band; they are made whatever it takes, up to ten times
/// [`MOST_ROWS`].
const FEWEST_LATTICES: u64 = 50;

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

/// The draws in which every subset is replayed, which depends on all sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LatticeDraws {
    /// How many there are, the first ones.
    pub(super) count: u32,
    pub(super) candidates: Option<CandidateSets>,
}

impl LatticeDraws {
    /// Those of an experiment; `plan` is that of the means.
    pub(super) fn from_plan(experiment: &Experiment<'_>, plan: &Plan) -> Self {
        let work = SubsetLattice::rows_to_replay(plan);
        Self {
            count: affordable_lattices(work, experiment.draws),
            candidates: CandidateSets::from_plan(experiment, plan),
        }
    }
}

/// What all draws of an experiment share.
pub(super) struct DrawSetup<'a> {
    pub(super) experiment: &'a Experiment<'a>,
    untoggled: UntoggledCalls<'a>,
    pub(super) draws: ParameterDraws,
    pub(super) openings: OpenCounts,
    pub(super) lattices: LatticeDraws,
    observations: Vec<(ObservedEffect, ToggleSubset)>,
}

impl<'a> DrawSetup<'a> {
    /// Draws what is open.
    ///
    /// # Errors
    /// A model without a price.
    pub(super) fn prepare(
        experiment: &'a Experiment<'a>,
        lattices: LatticeDraws,
    ) -> Result<Self, MissingPrice> {
        let count = experiment.draws;
        let observations = observed_savings::observations_to_compare(experiment);
        let steps = observations.iter().map(|(observed, _)| observed.step_name().to_owned());
        Ok(Self {
            untoggled: UntoggledCalls::replay_steady(experiment, steps)?,
            experiment,
            draws: ParameterDraws::draw_for_toggles(experiment.chosen, experiment.seed, count),
            openings: OpenCounts::draw_from_source(experiment.source, experiment.seed, count),
            lattices,
            observations,
        })
    }

    /// What all draws say, in their order.
    ///
    /// # Errors
    /// A model without a price.
    pub(super) fn replay_all(&self) -> Result<Vec<DrawOutcome>, MissingPrice> {
        Ok(finish_draws(self.experiment, self.replay_draws(0..self.experiment.draws)?))
    }

    /// Replays some draws, in their order.
    ///
    /// # Errors
    /// A model without a price.
    pub(super) fn replay_draws(&self, draws: Range<u32>) -> Result<Vec<DrawSums>, MissingPrice> {
        let meter = WorkMeter::new(self.experiment.progress, draws.len() as u64);
        draws
            .into_par_iter()
            .map_init(DrawScratch::default, |scratch, k| {
                let drawn = self.replay_draw(k, scratch);
                meter.add(1);
                drawn
            })
            .collect()
    }

    fn replay_draw(&self, k: u32, scratch: &mut DrawScratch) -> Result<DrawSums, MissingPrice> {
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
            Some(other) => scratch.compile_plan(self.experiment, other, &patches)?,
            None => self.experiment.compile_touched(recording, &patches)?,
        };
        parameter_draws::draw_cache_luck(self.experiment.seed, recording, &mut plan, k);
        let headline = self.experiment.headline_metric();
        // With other call counts or other luck the pipeline costs something else without any toggle
        // too, and only differences within a draw are savings.
        let lucky = match &other {
            Some(_) => Plan::default(),
            None => self.untoggled.lucky_in_draw(self.experiment, k),
        };
        // Shapley shares need every subset, which is dear: the first draws have them, as many as
        // can be paid for. All other bands need a few replays a draw.
        let has_lattice = k < self.lattices.count;
        let lattice =
            if has_lattice { SubsetLattice::from_plan(&plan, chosen.len()) } else { None };
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
        let mut steps = StepReplays {
            recording,
            plan: &plan,
            lattice: lattice.as_ref(),
            known: BTreeMap::new(),
        };
        let lattice_sums = lattice.as_ref().zip(shapley).map(|(lattice, shapley)| {
            let metric = SweepMetric::default_for(self.experiment);
            let subsets = self.lattices.candidates.iter().flat_map(|it| &it.subsets);
            let savings = subsets.map(|subset| lattice.saving_of_subset(*subset));
            let candidates = savings.map(|saving| metric.amount_in_saving(&saving)).collect();
            LatticeSums { shapley, candidates }
        });
        let claims: Vec<(i64, Saving)> = claims
            .iter()
            .map(|claim| self.saving_of_claim(claim, &mut steps, &patches, &marginal.alone))
            .collect();
        let observed = self.observations.iter().map(|(observed, subset)| {
            let step = observed.step_name();
            (headline.amount_in_saving(&steps.saving(step, *subset)), step)
        });
        let observed: Vec<(i64, &str)> = observed.collect();
        let mut before = |step| match &other {
            Some(_) => {
                let totals = steps.totals(step, 0);
                (headline.amount_in_totals(&totals), totals.total_money())
            }
            None => self.untoggled.amounts(&lucky, step),
        };
        let sums = DrawSums {
            met,
            observed: observed.iter().map(|(saved, step)| (*saved, before(step).0)).collect(),
            before: before(""),
            loads: self.loads_in_draw(recording, &plan, k),
            joint: marginal.joint,
            alone: marginal.alone,
            last: marginal.last,
            claims,
            lattice: lattice_sums,
            asked,
        };
        scratch.keep_memory(other, plan);
        Ok(sums)
    }

    /// How busy agents are in a draw, in the first ones of a source without times.
    fn loads_in_draw(&self, recording: &Recording, plan: &Plan, k: u32) -> Option<DrawnLoads> {
        let routes = self.experiment.source.routes()?;
        let days = self.openings.value_in_draw(routes, WINDOW_DAYS, k);
        let (toggles, limit) = (self.experiment.chosen.len(), self.experiment.requests_a_minute);
        DrawnLoads::in_draw(recording, plan, toggles, limit, (days?, k))
    }

    /// What a claim's toggles save: one of them on its own, several together; of its step, where it
    /// has one.
    fn saving_of_claim<'c>(
        &self,
        claim: &'c PublishedClaim,
        steps: &mut StepReplays<'c>,
        patches: &[Patch],
        alone: &[Saving],
    ) -> (i64, Saving) {
        let Some(indexes) = self.experiment.indexes_of(&claim.toggles) else {
            return Default::default();
        };
        // Already replayed: one toggle on the whole pipeline is what it saves alone.
        if let ([only], "") = (&indexes[..], &*claim.step) {
            let alone = alone[*only];
            return (claim.amount_saved(&alone), alone);
        }
        let subset = indexes.iter().fold(0, |subset, index| subset | 1 << index);
        let saving = steps.saving(&claim.step, subset);
        let patches = indexes.iter().map(|&index| &patches[index]);
        (claim.amount_saved_by(&saving, steps.recording, patches), saving)
    }
}

/// What steps have and save in one draw: claims and observations ask for the same ones.
struct StepReplays<'a> {
    recording: &'a Recording,
    plan: &'a Plan,
    lattice: Option<&'a SubsetLattice>,
    /// By step and subset.
    known: BTreeMap<(&'a str, ToggleSubset), PipelineTotals>,
}

impl<'a> StepReplays<'a> {
    /// What a step has under a subset; everything where no step is named.
    fn totals(&mut self, step: &'a str, subset: ToggleSubset) -> PipelineTotals {
        let Self { recording, plan, ref mut known, .. } = *self;
        let replayed = || totals_in_step(recording, plan, subset, step);
        *known.entry((step, subset)).or_insert_with(replayed)
    }

    /// What a subset saves in a step, or everywhere.
    fn saving(&mut self, step: &'a str, subset: ToggleSubset) -> Saving {
        match self.lattice {
            Some(lattice) if step.is_empty() => lattice.saving_of_subset(subset),
            _ => Saving::between_totals(&self.totals(step, 0), &self.totals(step, subset)),
        }
    }
}

/// What draws say whose sums are those of all sessions: each with its error of a difference.
pub(super) fn finish_draws(experiment: &Experiment<'_>, sums: Vec<DrawSums>) -> Vec<DrawOutcome> {
    let errors = draw_difference_errors(experiment.seed, experiment.draws);
    sums.into_iter().zip(errors).map(|(sums, error)| sums.finish(experiment, error)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
