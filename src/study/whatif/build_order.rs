//! In which order to build: a chain of unbeaten sets.
//!
//! A set is *unbeaten* if no set of the sweep with the same or less effort saves more, and none
//! with less effort saves as much. The order starts with the best set of what takes no effort, goes
//! on through unbeaten sets that hold each other, and encloses the largest area under saving over
//! effort. So no prefix of it is beaten by any other set, by construction. Where no larger unbeaten
//! set holds the last one, a step swaps one toggle for another, and says so.

use super::swept_subset::{SweepEntry, SweepMetric, SweepToggle};
use crate::plan::ToggleSubset;
use crate::units::BASIS_POINTS;
use std::cmp::Reverse;

/// A swap that adds less than this part of what the best set saves is not worth undoing something.
const WORTH: i128 = 100;
/// Unbeaten sets of one effort that are looked at; more than one save the same to the last digit.
const MOST_TIES: usize = 16;
/// The part of what the best set saves that is enough to say where one may stop, in
/// ten-thousandths.
const ENOUGH_BP: i128 = 6_667;

/// Every subset of some toggles; entry k is subset k.
#[derive(Clone, Copy, Debug)]
pub struct SweptSets<'a> {
    /// The toggles.
    pub toggles: &'a [SweepToggle],
    /// Their subsets.
    pub entries: &'a [SweepEntry],
    /// What counts.
    pub metric: SweepMetric,
}

impl SweptSets<'_> {
    fn saved(&self, subset: ToggleSubset) -> i128 {
        self.entries[subset as usize].saved_amount(self.metric)
    }
}

/// One step of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStep {
    /// What to build: toggles of the sweep, those of no effort first, then what adds most. Several
    /// pay only together.
    pub built: Vec<usize>,
    /// What was built before and is given up for it.
    pub dropped: Vec<usize>,
    /// Everything that is built then.
    pub subset: ToggleSubset,
}

/// The order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOrder {
    /// Subsets that no other beats in saving without more effort, one for each effort.
    pub pareto: Vec<ToggleSubset>,
    /// What to build, one after the other; sets that grow in effort and in saving.
    pub steps: Vec<BuildStep>,
    /// After how many steps one may stop: two thirds of what the best set saves are reached.
    pub enough: usize,
    /// What these steps reach of it, in ten-thousandths.
    pub reached_bp: i64,
    /// The step to the best set of all, where it is not worth what it gives up.
    pub best_of_all: Option<BuildStep>,
    /// Toggles in none of the steps that add nothing after them, or too little for their effort.
    pub add_nothing: Vec<usize>,
    /// Toggles that cost after them.
    pub costs: Vec<usize>,
}

/// The order of a sweep: the one that every command, picture and page tells.
#[must_use]
pub fn order_building(sweep: &SweptSets<'_>) -> BuildOrder {
    let chain = UnbeatenSets::from_sweep(sweep);
    let path = chain.path_of_steps();
    let mut front: Vec<&SweepEntry> = chain.sets.iter().collect();
    front.dedup_by_key(|entry| entry.effort);
    let pareto = front.iter().map(|entry| entry.subset).collect();
    let mut order = BuildOrder { pareto, ..BuildOrder::default() };
    let mut before: ToggleSubset = 0;
    for &at in &path {
        let subset = chain.sets[at].subset;
        // Only where no setting saves anything the first set is the empty one.
        if subset != before {
            order.steps.push(step_between(sweep, before, subset));
        }
        before = subset;
    }
    let best = chain.sets.last().map_or(0, |entry| entry.subset);
    if best != before {
        order.best_of_all = Some(step_between(sweep, before, best));
    }
    let most = sweep.saved(best);
    // Without a step nothing is saved, and nothing is a share of it.
    let reached_bp =
        order.steps.iter().map(|step| sweep.saved(step.subset) * i128::from(BASIS_POINTS) / most);
    if let Some((at, bp)) = reached_bp.enumerate().find(|(_, bp)| *bp >= ENOUGH_BP) {
        order.enough = at + 1;
        order.reached_bp = i64::try_from(bp).unwrap_or(BASIS_POINTS);
    }
    for at in 0..sweep.toggles.len() {
        // What a step gave up, or a better set would build, is told there.
        let mut told = order.steps.iter().chain(&order.best_of_all);
        let is_told = told.any(|step| step.built.contains(&at));
        if is_told || before >> at & 1 == 1 {
            continue;
        }
        if sweep.saved(before | 1 << at) < sweep.saved(before) {
            order.costs.push(at);
        } else {
            order.add_nothing.push(at);
        }
    }
    order
}

fn step_between(sweep: &SweptSets<'_>, before: ToggleSubset, after: ToggleSubset) -> BuildStep {
    let [mut left, dropped] = [after & !before, before & !after].map(|subset| {
        let toggles = (0..sweep.toggles.len()).filter(|at| subset >> at & 1 == 1);
        toggles.collect::<Vec<usize>>()
    });
    let mut built = Vec::new();
    let mut here = before & after;
    // Within a package: settings first, then what adds most to what is there.
    while !left.is_empty() {
        // Anew for each that is built: what the others add hangs on what is there.
        left.sort_by_key(|&at| {
            let grade = sweep.toggles[at].grade;
            (Reverse(grade.effort > 0), sweep.saved(here | 1 << at), Reverse((grade.risk, at)))
        });
        let Some(next) = left.pop() else { break };
        here |= 1 << next;
        built.push(next);
    }
    BuildStep { built, dropped, subset: after }
}

/// The unbeaten sets of a sweep, by effort, and the best way on from each of them.
struct UnbeatenSets {
    metric: SweepMetric,
    sets: Vec<SweepEntry>,
    /// For each set the area under saving over effort of the best chain that begins with it.
    areas: Vec<i128>,
    /// For each set the one that follows in that chain.
    next: Vec<Option<usize>>,
}

impl UnbeatenSets {
    fn from_sweep(sweep: &SweptSets<'_>) -> Self {
        let sets = unbeaten_sets(sweep);
        let mut chain = Self {
            metric: sweep.metric,
            areas: vec![0; sets.len()],
            next: vec![None; sets.len()],
            sets,
        };
        // Backwards: what follows a set is known before the set itself.
        for at in (0..chain.sets.len()).rev() {
            let nested = (at + 1..chain.sets.len()).filter(|&other| chain.grows_into(at, other));
            chain.next[at] = chain.best_way_on(at, nested);
            chain.areas[at] = chain.next[at]
                .map_or_else(|| chain.area_until_end(at), |next| chain.area_through(at, next));
        }
        chain
    }

    /// The steps by their numbers: a nested chain, then swaps as long as they are worth it.
    fn path_of_steps(&self) -> Vec<usize> {
        let effortless = self.sets.iter().take_while(|entry| entry.effort == self.sets[0].effort);
        let start = (0..effortless.count()).max_by_key(|&at| (self.areas[at], Reverse(at)));
        let Some(start) = start else { return Vec::new() };
        let mut path = self.chain_from(start);
        let best = self.saved(self.sets.len() - 1);
        while let Some(&last) = path.last() {
            let richer =
                (last + 1..self.sets.len()).filter(|&at| self.saved(at) > self.saved(last));
            // The fewest things to undo; of these the largest area.
            let fewest = richer.clone().map(|at| self.dropped_count(last, at)).min();
            let swaps = richer.filter(|&at| Some(self.dropped_count(last, at)) == fewest);
            let Some(swap) = self.best_way_on(last, swaps) else { break };
            let then = self.chain_from(swap);
            let reached = then.last().map_or(0, |&at| self.saved(at));
            if (reached - self.saved(last)) * WORTH < best {
                break;
            }
            path.extend(then);
        }
        path
    }

    fn chain_from(&self, start: usize) -> Vec<usize> {
        std::iter::successors(Some(start), |&at| self.next[at]).collect()
    }

    /// The set that encloses the most area behind `at`; of equal ones fewer toggles, lower risk,
    /// id.
    fn best_way_on(&self, at: usize, others: impl Iterator<Item = usize>) -> Option<usize> {
        others.min_by_key(|&other| {
            let entry = &self.sets[other];
            let ties = (entry.toggle_count(), entry.risk, entry.subset);
            (-self.area_through(at, other), ties)
        })
    }

    fn saved(&self, at: usize) -> i128 {
        self.sets[at].saved_amount(self.metric)
    }

    fn grows_into(&self, at: usize, other: usize) -> bool {
        self.dropped_count(at, other) == 0 && self.saved(other) > self.saved(at)
    }

    fn dropped_count(&self, at: usize, other: usize) -> u32 {
        (self.sets[at].subset & !self.sets[other].subset).count_ones()
    }

    fn area_between(&self, at: usize, until: u32) -> i128 {
        self.saved(at) * i128::from(until - self.sets[at].effort)
    }

    fn area_until_end(&self, at: usize) -> i128 {
        self.area_between(at, self.sets.last().map_or(0, |entry| entry.effort))
    }

    fn area_through(&self, at: usize, next: usize) -> i128 {
        self.area_between(at, self.sets[next].effort) + self.areas[next]
    }
}

/// The unbeaten sets by effort; of sets that take and save the same those that hold no other one.
fn unbeaten_sets(sweep: &SweptSets<'_>) -> Vec<SweepEntry> {
    let metric = sweep.metric;
    let mut order: Vec<&SweepEntry> = sweep.entries.iter().collect();
    // By effort, and for one effort what saves most first: the first that saves more is unbeaten.
    order.sort_by_key(|entry| {
        let ties = (entry.toggle_count(), entry.risk, entry.subset);
        (entry.effort, -entry.saved_amount(metric), ties)
    });
    let mut sets: Vec<SweepEntry> = Vec::new();
    let mut most: Option<(i128, u32)> = None;
    let mut ties = 0;
    for entry in order {
        let here = (entry.saved_amount(metric), entry.effort);
        if most.is_none_or(|(saved, _)| here.0 > saved) {
            (most, ties) = (Some(here), sets.len());
        // Sets that take and save the same are kept side by side, as far as there is room.
        } else if most != Some(here) || sets.len() - ties >= MOST_TIES {
            continue;
        }
        // A toggle that saves nothing and takes nothing makes no other set of it.
        let smaller = sets[ties..].iter().any(|set| set.subset & !entry.subset == 0);
        if !smaller {
            sets.push(*entry);
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::BuildGrade;
    use proptest::prelude::*;

    /// Toggles of some efforts, and what each subset saves.
    fn sweep_of(
        efforts: &[u32],
        saved: impl Fn(ToggleSubset) -> i64,
    ) -> (Vec<SweepToggle>, Vec<SweepEntry>) {
        let toggles = efforts.iter().map(|&effort| SweepToggle {
            id: "T",
            title: "toggle",
            knob: "knob",
            grade: BuildGrade { effort, risk: 1 },
            found: 1,
        });
        let entry = |subset: ToggleSubset| {
            let on = (0..efforts.len()).filter(|at| subset >> at & 1 == 1);
            let effort = on.map(|at| efforts[at]).sum();
            SweepEntry { subset, read: saved(subset), effort, risk: 1, ..SweepEntry::default() }
        };
        (toggles.collect(), (0..1 << efforts.len()).map(entry).collect())
    }

    fn order_of((toggles, entries): &(Vec<SweepToggle>, Vec<SweepEntry>)) -> BuildOrder {
        order_building(&SweptSets { toggles, entries, metric: SweepMetric::Reads })
    }

    /// What a list of toggles saves where some pairs add or take something.
    fn sum_with_pairs(
        alone: &[i64],
        pairs: &[(usize, usize, i64)],
    ) -> impl Fn(ToggleSubset) -> i64 {
        let (alone, pairs) = (alone.to_vec(), pairs.to_vec());
        move |subset| {
            let on = |at: usize| subset >> at & 1 == 1;
            let singles: i64 = (0..alone.len()).filter(|&at| on(at)).map(|at| alone[at]).sum();
            let both = pairs.iter().filter(|(a, b, _)| on(*a) && on(*b));
            singles + both.map(|(_, _, more)| more).sum::<i64>()
        }
    }

    fn built(order: &BuildOrder) -> Vec<(Vec<usize>, Vec<usize>)> {
        order.steps.iter().map(|step| (step.built.clone(), step.dropped.clone())).collect()
    }

    #[test]
    fn what_saves_most_for_its_effort_comes_first() {
        // 0 saves 14 for 1, 1 saves 20 for 2, 2 saves 1 for 1, 3 costs.
        let sweep = sweep_of(&[1, 2, 1, 1], sum_with_pairs(&[14, 20, 1, -3], &[]));
        let order = order_of(&sweep);
        let want = [vec![0], vec![1], vec![2]].map(|built| (built, vec![]));
        assert_eq!(built(&order), want);
        assert_eq!((order.costs, order.add_nothing), (vec![3], vec![]));
        assert_eq!(order.best_of_all, None);
    }

    #[test]
    fn settings_come_first_as_one_package_and_the_largest_leads() {
        let sweep = sweep_of(&[2, 0, 0, 0], sum_with_pairs(&[90, 5, 20, 0], &[]));
        let order = order_of(&sweep);
        assert_eq!(built(&order), [(vec![2, 1], vec![]), (vec![0], vec![])]);
        assert_eq!(order.add_nothing, [3]);
    }

    #[test]
    fn what_pays_only_together_is_one_step() {
        let sweep = sweep_of(&[1, 1, 1], sum_with_pairs(&[30, 0, 0], &[(1, 2, 20)]));
        assert_eq!(built(&order_of(&sweep)), [(vec![0], vec![]), (vec![1, 2], vec![])]);
    }

    #[test]
    fn a_swap_says_what_it_gives_up() {
        // 1 saves what 0 does and more, for more effort.
        let sweep = sweep_of(&[1, 5], sum_with_pairs(&[50, 100], &[(0, 1, -60)]));
        assert_eq!(built(&order_of(&sweep)), [(vec![0], vec![]), (vec![1], vec![0])]);
        // One part in two hundred is not worth it, and is told all the same.
        let sweep = sweep_of(&[1, 5], sum_with_pairs(&[200, 201], &[(0, 1, -300)]));
        let order = order_of(&sweep);
        assert_eq!(built(&order), [(vec![0], vec![])]);
        let step = BuildStep { built: vec![1], dropped: vec![0], subset: 0b10 };
        assert_eq!(order.best_of_all, Some(step));
    }

    #[test]
    fn nothing_that_saves_is_no_order() {
        let order = order_of(&sweep_of(&[0, 2], sum_with_pairs(&[-1, 0], &[])));
        assert_eq!((order.steps.len(), order.best_of_all), (0, None));
        assert_eq!((order.costs, order.add_nothing), (vec![0], vec![1]));
    }

    proptest! {
        /// No set of the sweep beats a prefix: none saves more for the same effort or less.
        #[test]
        fn no_set_beats_a_prefix(
            efforts in prop::collection::vec(0_u32..5, 1..7),
            alone in prop::collection::vec(-20_i64..100, 7),
            pairs in prop::collection::vec((0_usize..7, 0_usize..7, -90_i64..40), 0..9),
        ) {
            let alone = &alone[..efforts.len()];
            let sweep = sweep_of(&efforts, sum_with_pairs(alone, &pairs));
            let order = order_of(&sweep);
            let mut before = 0;
            for step in &order.steps {
                let here = &sweep.1[step.subset as usize];
                for other in sweep.1.iter().filter(|other| other.effort <= here.effort) {
                    prop_assert!(other.read <= here.read, "{other:?} beats {here:?}");
                }
                let was = &sweep.1[before as usize];
                prop_assert!(was.read < here.read && was.effort <= here.effort);
                let dropped = step.dropped.iter().fold(0, |set, at| set | 1 << at);
                let added = step.built.iter().fold(0, |set, at| set | 1 << at);
                prop_assert_eq!((before & !dropped) | added, step.subset);
                before = step.subset;
            }
            // The last one is the best of all, or the best of all is told.
            let best = sweep.1.iter().map(|entry| entry.read).max();
            let last = order.best_of_all.as_ref().map_or(before, |step| step.subset);
            prop_assert_eq!(best, Some(sweep.1[last as usize].read));
        }
    }
}
