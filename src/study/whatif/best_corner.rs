//! The most that toggles could save: every parameter at its friendliest end, and no less than what
//! they touch there holds and carries.

use super::experiment::{Experiment, subset_of_first};
use super::published_claims::PublishedClaim;
use super::savings::Saving;
use super::tokens_held::tokens_held_and_carried;
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::recording::Recording;
use std::collections::BTreeSet;

/// A search over the corners of the parameters.
pub(crate) struct BestCornerSearch<'a> {
    pub(crate) experiment: &'a Experiment<'a>,
    pub(crate) recording: &'a Recording,
}

impl BestCornerSearch<'_> {
    /// The most that these toggles save at any corner tried: in a claim's metric, and in millionths
    /// of a dollar.
    pub(crate) fn best_saving(
        &self,
        indexes: &[usize],
        claim: &PublishedClaim,
    ) -> Result<(i64, i64), MissingPrice> {
        // In the claim's metric and in money, each at its own best corner.
        let mut best = (i64::MIN, i64::MIN);
        let corners: Vec<Vec<Patch>> =
            indexes.iter().map(|&index| self.patches_at_corners(index)).collect();
        // Toggles are improved one after the other until a whole round improves nothing.
        let mut picked: Vec<usize> = vec![0; corners.len()];
        // Rounds come back to what was tried before, which is no better the second time.
        let mut tried: BTreeSet<Vec<usize>> = BTreeSet::new();
        let mut here = i64::MIN;
        loop {
            let before = here;
            for turn in 0..corners.len() {
                let mut friendliest = picked[turn];
                for corner in 0..corners[turn].len() {
                    picked[turn] = corner;
                    if !tried.insert(picked.clone()) {
                        continue;
                    }
                    let patches: Vec<Patch> =
                        corners.iter().zip(&picked).map(|(of, &at)| of[at].clone()).collect();
                    let saving = self.saving_of_patches(&patches)?;
                    let saved = claim.amount_saved_by(&saving, self.recording, &patches);
                    best = (best.0.max(saved), best.1.max(saving.total_money().micro_usd()));
                    // Corners are tried and prove nothing; what is not there cannot be saved.
                    if !claim.is_of_counts()
                        && let Some(held) = tokens_held_and_carried(self.recording, &patches)
                    {
                        best.0 = best.0.max(held);
                    }
                    if saved > here {
                        (here, friendliest) = (saved, corner);
                    }
                }
                picked[turn] = friendliest;
            }
            // A lone toggle has no other one to be improved against: one round sees all of its
            // corners.
            if here == before || corners.len() < 2 {
                return Ok(best);
            }
        }
    }

    /// The patches of a toggle at the corners of its parameters, each one once: where a parameter
    /// changes nothing, one patch stands for several corners.
    fn patches_at_corners(&self, index: usize) -> Vec<Patch> {
        let mut patches: Vec<Patch> = Vec::new();
        for params in self.experiment.chosen[index].range_corners() {
            let patch = self.experiment.patch_for_toggle(self.recording, index, &params);
            // What it tells of its parameters is no change.
            let patch = Patch { notes: Vec::new(), ..patch };
            if !patches.contains(&patch) {
                patches.push(patch);
            }
        }
        patches
    }

    /// What patches save together.
    fn saving_of_patches(&self, patches: &[Patch]) -> Result<Saving, MissingPrice> {
        let plan = self.experiment.compile_touched(self.recording, patches)?;
        Ok(Saving::of_subset(&plan, subset_of_first(patches.len())))
    }

    /// The same for a claim on one step: the best of its sessions alone.
    pub(crate) fn best_saving_in_step(
        &self,
        indexes: &[usize],
        claim: &PublishedClaim,
    ) -> Result<(i64, i64), MissingPrice> {
        if claim.step.is_empty() {
            return self.best_saving(indexes, claim);
        }
        // Sessions of other steps would only be replayed for nothing.
        let only = self.recording.recording_of_step(&claim.step);
        BestCornerSearch { experiment: self.experiment, recording: &only }
            .best_saving(indexes, claim)
    }
}
