//! What one draw adds up to over sessions: integers, before anything is divided or rounded.
//!
//! Sums of the parts of a recording are the sums of the whole. The error of a difference, ratios
//! and shares follow once, from the sums of all sessions.

use super::candidate_sets::rounded_amount;
use super::draw_outcome::{DrawOutcome, ToggleDraw};
use super::experiment::Experiment;
use super::load_bands::DrawnLoads;
use super::observed_savings::observations_to_compare;
use super::savings::Saving;
use super::shapley::{SavingFigures, round_shapley_values};
use super::swept_subset::SweepMetric;
use crate::fixed_point::ONE;
use crate::units::{PicoUsd, ratio_bp, scale_by_ratio};
use serde::{Deserialize, Serialize};

/// The sums of one draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DrawSums {
    /// Whether calls met the drawn counts.
    pub(super) met: bool,
    /// Before: the headline's figure and money.
    pub(super) before: (i64, PicoUsd),
    pub(super) joint: Saving,
    /// What each toggle saves alone, and after all the others.
    pub(super) alone: Vec<Saving>,
    pub(super) last: Vec<Saving>,
    /// What the sets that the experiment asks for save.
    pub(super) asked: Vec<Saving>,
    /// In draws in which every subset is replayed.
    pub(super) lattice: Option<LatticeSums>,
    /// What each claim's toggles save in its metric, and all they save. Like the rest behind it no
    /// sum: what is published is never cut.
    pub(super) claims: Vec<(i64, Saving)>,
    /// What the toggles of each observation save, and what was there before.
    pub(super) observed: Vec<(i64, i64)>,
    /// How busy agents are.
    pub(super) loads: Option<DrawnLoads>,
}

/// What follows from every subset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LatticeSums {
    /// The numerators of each toggle's Shapley value.
    pub(super) shapley: Vec<SavingFigures<i128>>,
    /// What the candidates for building save: pico-dollars, or tokens.
    pub(super) candidates: Vec<i128>,
}

impl DrawSums {
    /// Whether there is a figure for everything that is asked for.
    pub(super) fn is_whole(&self, experiment: &Experiment<'_>) -> bool {
        let Self { alone, last, asked, lattice, claims, observed, loads, .. } = self;
        let there = [alone, last, asked].map(Vec::len);
        let Experiment { chosen, claims: claimed, sets, .. } = experiment;
        let seen = observations_to_compare(experiment).len();
        there == [chosen.len(), chosen.len(), sets.len()]
            && (claims.len(), observed.len()) == (claimed.len(), seen)
            && lattice.as_ref().is_none_or(|it| it.shapley.len() == chosen.len())
            && loads.as_ref().is_none_or(DrawnLoads::is_whole)
    }

    /// Whether another one looks at the same candidates, where both have a lattice.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let both = self.lattice.as_ref().zip(other.lattice.as_ref());
        both.is_none_or(|(one, other)| one.candidates.len() == other.candidates.len())
    }

    /// Adds the same draw of other sessions, which has as many figures.
    pub(super) fn add(&mut self, other: &Self) {
        self.met &= other.met;
        self.before.0 += other.before.0;
        self.before.1 += other.before.1;
        self.joint = self.joint + other.joint;
        for (own, others) in [
            (&mut self.alone, &other.alone),
            (&mut self.last, &other.last),
            (&mut self.asked, &other.asked),
        ] {
            own.iter_mut().zip(others).for_each(|(sum, more)| *sum = *sum + *more);
        }
        // Where one part has too many subsets, so has the whole.
        self.lattice = self.lattice.take().zip(other.lattice.as_ref()).map(|(mut sums, more)| {
            let figures = sums.shapley.as_flattened_mut().iter_mut().chain(&mut sums.candidates);
            let others = more.shapley.as_flattened().iter().chain(&more.candidates);
            figures.zip(others).for_each(|(sum, more)| *sum += more);
            sums
        });
    }

    /// What the draw says, where everything that is saved is off by a factor in 2^-32. What was
    /// there before is no difference.
    pub(super) fn finish(self, experiment: &Experiment<'_>, factor: i64) -> DrawOutcome {
        let Self { joint, lattice, claims, .. } = self;
        let metric = SweepMetric::default_for(experiment);
        let (shapley, sets) = match lattice {
            None => (vec![None; self.alone.len()], Vec::new()),
            Some(sums) => {
                let shares = round_shapley_values(&joint, &sums.shapley);
                let amounts = sums.candidates.iter().map(|amount| rounded_amount(metric, *amount));
                (shares.into_iter().map(Some).collect(), amounts.collect())
            }
        };
        let off = |saving: &Saving| saving.scaled_by_q32(factor);
        let toggles = self.alone.iter().zip(&self.last).zip(shapley);
        let toggles = toggles.map(|((alone, last), shapley)| ToggleDraw {
            shapley: shapley.as_ref().map(off),
            alone: off(alone),
            last: off(last),
        });
        let observed = self.observed.iter().map(|(saved, before)| ratio_bp(*saved, *before));
        DrawOutcome {
            met: self.met,
            before: self.before,
            joint: off(&joint),
            toggles: toggles.collect(),
            observed_bp: observed.map(|share| scale_by_ratio(share, factor, ONE)).collect(),
            exact_claims: claims.iter().map(|(amount, _)| *amount).collect(),
            claims: claims
                .iter()
                .map(|(amount, saving)| (scale_by_ratio(*amount, factor, ONE), off(saving)))
                .collect(),
            loads: self.loads,
            sets,
            asked: self.asked.iter().map(off).collect(),
        }
    }
}
