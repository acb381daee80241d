//! The edges of the lattice: each toggle alone and last, and all of them, island by island.
//!
//! A toggle changes nothing on an island that it does not touch, so that few replays are needed
//! where many toggles meet many sessions.

use super::savings::{PipelineTotals, Saving};
use crate::plan::{Island, Plan, ToggleSubset};
use crate::replay::IslandReplays;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What toggles save alone, last and together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarginalSavings {
    /// All together.
    pub joint: Saving,
    /// Each with no other one on.
    pub alone: Vec<Saving>,
    /// Each with all others on before.
    pub last: Vec<Saving>,
    /// Sets that were asked for besides.
    pub sets: Vec<Saving>,
}

impl MarginalSavings {
    /// Replays what each of so many toggles saves alone and last, what all of them save, and what
    /// some sets do.
    pub(crate) fn with_sets(plan: &Plan, toggles: usize, sets: &[ToggleSubset]) -> Self {
        let none = |count| vec![Saving::default(); count];
        let mut savings = Self {
            joint: Saving::default(),
            alone: none(toggles),
            last: none(toggles),
            sets: none(sets.len()),
        };
        let touched = plan.islands.iter().filter(|island| island.touched_by != 0);
        for (island, count) in plan.group_alike_islands(touched) {
            let all = island.touched_by;
            let mut replays = IslandReplays::new(plan, island);
            let before = PipelineTotals::from_outcome(plan, replays.replay_subset(0));
            let joint = saving_of_subset(plan, &mut replays, &before, all);
            savings.joint = savings.joint + joint.repeated(count);
            // Few of the sets differ on one island, and most of them are known by then.
            let mut known = BTreeMap::from([(0, Saving::default()), (all, joint)]);
            for toggle in touching_toggles(island, toggles) {
                let alone = saving_of_subset(plan, &mut replays, &before, 1 << toggle);
                known.insert(1 << toggle, alone);
                // Last is what is missing where all others are on and this one is not.
                let others = saving_of_subset(plan, &mut replays, &before, all & !(1 << toggle));
                savings.alone[toggle] = savings.alone[toggle] + alone.repeated(count);
                savings.last[toggle] = savings.last[toggle] + (joint - others).repeated(count);
                known.insert(all & !(1 << toggle), others);
            }
            for (set, sum) in sets.iter().zip(&mut savings.sets) {
                let saving = known
                    .entry(set & all)
                    .or_insert_with(|| saving_of_subset(plan, &mut replays, &before, set & all));
                *sum = *sum + saving.repeated(count);
            }
        }
        savings
    }
}

/// What so many toggles save together, and what each of some of them saves alone, in their order.
pub(crate) fn joint_and_alone(plan: &Plan, chosen: &[usize]) -> (Saving, Vec<Saving>) {
    let (mut joint, mut alone) = (Saving::default(), vec![Saving::default(); chosen.len()]);
    let touched = plan.islands.iter().filter(|island| island.touched_by != 0);
    // Islands that are alike are replayed once and counted so many times.
    for (island, count) in plan.group_alike_islands(touched) {
        let mut replays = IslandReplays::new(plan, island);
        let before = PipelineTotals::from_outcome(plan, replays.replay_subset(0));
        let mut saving =
            |subset| saving_of_subset(plan, &mut replays, &before, subset).repeated(count);
        joint = joint + saving(island.touched_by);
        for (toggle, sum) in chosen.iter().zip(&mut alone) {
            // A toggle saves nothing on an island that it does not touch.
            if island.touched_by >> toggle & 1 == 1 {
                *sum = *sum + saving(1 << toggle);
            }
        }
    }
    (joint, alone)
}

/// What the two toggles of each pair save less together than one by one; pairs that meet in no
/// island are left out.
pub(crate) fn savings_shared_by_pairs(
    plan: &Plan,
    toggles: usize,
) -> BTreeMap<(usize, usize), Saving> {
    let by_island: Vec<Vec<((usize, usize), Saving)>> = plan
        .islands
        .par_iter()
        .filter(|island| island.touched_by.count_ones() > 1)
        .map(|island| shared_on_island(plan, island, toggles))
        .collect();
    // Summed in the order of the islands, whatever thread was done first.
    let mut shared: BTreeMap<(usize, usize), Saving> = BTreeMap::new();
    for (pair, saving) in by_island.into_iter().flatten() {
        let sum = shared.entry(pair).or_default();
        *sum = *sum + saving;
    }
    shared
}

fn shared_on_island(plan: &Plan, island: &Island, toggles: usize) -> Vec<((usize, usize), Saving)> {
    let mut replays = IslandReplays::new(plan, island);
    let before = PipelineTotals::from_outcome(plan, replays.replay_subset(0));
    let alone: Vec<(usize, Saving)> = touching_toggles(island, toggles)
        .map(|toggle| (toggle, saving_of_subset(plan, &mut replays, &before, 1 << toggle)))
        .collect();
    let mut shared = Vec::new();
    for (at, &(one, first)) in alone.iter().enumerate() {
        for &(other, second) in &alone[at + 1..] {
            // What both save less together than each by itself: they meet on the same tokens.
            let both = saving_of_subset(plan, &mut replays, &before, 1 << one | 1 << other);
            shared.push(((one, other), first + second - both));
        }
    }
    shared
}

/// What each of so many toggles saves alone, over the whole plan.
pub(crate) fn savings_alone(plan: &Plan, toggles: usize) -> Vec<Saving> {
    let by_island: Vec<Vec<(usize, Saving)>> = plan
        .islands
        .par_iter()
        .filter(|island| island.touched_by != 0)
        .map(|island| replay_toggles_alone(plan, island, toggles).1)
        .collect();
    // Added in the order of the islands, so that threads decide nothing.
    let mut savings = vec![Saving::default(); toggles];
    for (toggle, saving) in by_island.into_iter().flatten() {
        savings[toggle] = savings[toggle] + saving;
    }
    savings
}

/// An island with nothing toggled, and what each toggle that touches it saves there alone.
pub(super) fn replay_toggles_alone(
    plan: &Plan,
    island: &Island,
    toggles: usize,
) -> (PipelineTotals, Vec<(usize, Saving)>) {
    let mut replays = IslandReplays::new(plan, island);
    let before = PipelineTotals::from_outcome(plan, replays.replay_subset(0));
    let alone = touching_toggles(island, toggles)
        .map(|toggle| (toggle, saving_of_subset(plan, &mut replays, &before, 1 << toggle)));
    let alone = alone.collect();
    (before, alone)
}

fn touching_toggles(island: &Island, toggles: usize) -> impl Iterator<Item = usize> {
    (0..toggles).filter(|toggle| island.touched_by >> toggle & 1 == 1)
}

fn saving_of_subset(
    plan: &Plan,
    replays: &mut IslandReplays<'_>,
    before: &PipelineTotals,
    subset: ToggleSubset,
) -> Saving {
    Saving::between_totals(
        before,
        &PipelineTotals::from_outcome(plan, replays.replay_subset(subset)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Patch;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::scenario::{ChosenToggle, Scenario};

    #[test]
    fn what_no_patch_touches_saves_nothing() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let (toggles, pricing) = (Scenario::all_toggles().toggles, Pricing::embedded());
        let mut left_out = 0;
        for one in &toggles {
            let patches = [one.toggle.build_patch(&recording, &one.params)];
            let whole = Plan::compile(&recording, &patches, &pricing).expect("prices");
            let touched = Plan::compile_touched(&recording, &patches, &pricing).expect("prices");
            let savings = [&whole, &touched].map(|plan| MarginalSavings::with_sets(plan, 1, &[]));
            assert_eq!(savings[0], savings[1], "{}", one.id());
            left_out += whole.sessions.len() - touched.sessions.len();
        }
        assert!(left_out > toggles.len(), "{left_out}");
    }

    #[test]
    fn fewer_replays_say_the_same() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let (toggles, pricing) = (Scenario::all_toggles().toggles, Pricing::embedded());
        let build = |one: &ChosenToggle| one.toggle.build_patch(&recording, &one.params);
        let patches: Vec<Patch> = toggles.iter().map(build).collect();
        let plan = Plan::compile_touched(&recording, &patches, &pricing).expect("prices");
        let all = MarginalSavings::with_sets(&plan, patches.len(), &[]);
        let acting = (0..patches.len()).filter(|at| all.alone[*at] != Saving::default());
        let some: Vec<usize> = acting.step_by(2).collect();
        assert!(some.len() > 2, "{some:?}");
        let alone = some.iter().map(|at| all.alone[*at]).collect();
        assert_eq!(joint_and_alone(&plan, &some), (all.joint, alone));
    }
}
