//! The most that toggles could save: every parameter at its friendliest end.

use super::compare::subset_of_first;
use super::experiment::Experiment;
use super::published::PublishedClaim;
use super::sides::{Saving, Side};
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::recording::Recording;

/// A search over the corners of the parameters.
pub(super) struct Best<'a> {
    pub(super) experiment: &'a Experiment<'a>,
    pub(super) recording: &'a Recording,
    /// The recording without toggles.
    pub(super) baseline: Side,
}

impl Best<'_> {
    /// The most that these toggles save at any corner tried: in a claim's metric, and in millionths
    /// of a dollar.
    pub(super) fn corner(
        &self,
        indexes: &[usize],
        claim: &PublishedClaim,
    ) -> Result<(i64, i64), MissingPrice> {
        let mut best = (i64::MIN, i64::MIN);
        let corners: Vec<Vec<Patch>> = indexes
            .iter()
            .map(|&index| {
                let corners = self.experiment.chosen[index].corners();
                let patch = |params| self.experiment.patch(self.recording, index, params);
                corners.iter().map(patch).collect()
            })
            .collect();
        // Toggles are improved one after the other until a whole round improves nothing.
        let mut picked: Vec<usize> = vec![0; corners.len()];
        let mut here = i64::MIN;
        loop {
            let before = here;
            for turn in 0..corners.len() {
                let mut friendliest = picked[turn];
                for corner in 0..corners[turn].len() {
                    picked[turn] = corner;
                    let saving = self.saving(&corners, &picked)?;
                    let saved = claim.of(&saving);
                    best = (best.0.max(saved), best.1.max(saving.money().micro()));
                    if saved > here {
                        (here, friendliest) = (saved, corner);
                    }
                }
                picked[turn] = friendliest;
            }
            if here == before || corners.len() < 2 {
                return Ok(best);
            }
        }
    }

    /// What the picked corners save together.
    fn saving(&self, corners: &[Vec<Patch>], picked: &[usize]) -> Result<Saving, MissingPrice> {
        let patches: Vec<Patch> =
            corners.iter().zip(picked).map(|(of, &at)| of[at].clone()).collect();
        let plan = self.experiment.plan(self.recording, &patches)?;
        let side = Side::totals(&plan, subset_of_first(patches.len()));
        Ok(Saving::between(&self.baseline, &side))
    }

    /// The same for a claim on one step: the best of its sessions alone.
    pub(super) fn of_step(
        &self,
        indexes: &[usize],
        claim: &PublishedClaim,
    ) -> Result<(i64, i64), MissingPrice> {
        if claim.step.is_empty() {
            return self.corner(indexes, claim);
        }
        let only = self.recording.of_step(&claim.step);
        let plan = self.experiment.plan(&only, &[])?;
        let baseline = Side::totals(&plan, 0);
        Best { experiment: self.experiment, recording: &only, baseline }.corner(indexes, claim)
    }
}
