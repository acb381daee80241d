//! The sweep: every subset of the toggles, ranked, against what it takes to build.

use super::build_order::{BuildOrder, SweptSets, order_building};
use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::lattice::SubsetLattice;
use super::savings::{PipelineTotals, Saving};
use super::swept_subset::{SweepEntry, SweepMetric, SweepToggle};
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::price::MissingPrice;
use rayon::prelude::*;

/// The most toggles that one sweep takes: a million subsets.
pub const MOST_TOGGLES: usize = 20;

/// Every subset of the toggles that change anything.
#[derive(Clone, Debug)]
pub struct SubsetSweep {
    /// What it is told in.
    pub headline: HeadlineMetric,
    /// Whether its dollars mean anything.
    pub has_dollars: bool,
    /// What it is ranked by.
    pub metric: SweepMetric,
    /// The toggles.
    pub toggles: Vec<SweepToggle>,
    /// Toggles that change nothing here and take no part: id and title.
    pub idle: Vec<(&'static str, &'static str)>,
    /// Toggles of an orchestrator beside the sessions: null players here, since no set of them
    /// moves a session, and its reads have no dollars to rank by. Id and title.
    pub beside: Vec<(&'static str, &'static str)>,
    /// Toggles that wait for a number that no source gives: id and title.
    pub waiting: Vec<(&'static str, &'static str)>,
    /// Nothing toggled.
    pub baseline: PipelineTotals,
    /// All subsets; entry k is subset k.
    pub entries: Vec<SweepEntry>,
    /// In which order to build.
    pub order: BuildOrder,
    /// The best subset of each size, from none to all.
    pub best_by_size: Vec<ToggleSubset>,
}

/// A sweep that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// Too many toggles.
    #[error("{0} toggles change something here, a sweep takes {MOST_TOGGLES}: choose with --with")]
    TooMany(usize),
    /// Too many toggles in one session.
    #[error(
        "more than {} toggles meet in one session: choose with --with",
        super::lattice::MOST_BITS
    )]
    TooDense,
    /// A model without a price.
    #[error(transparent)]
    Price(#[from] MissingPrice),
}

/// Sweeps all subsets of an experiment's toggles.
///
/// # Errors
/// Too many toggles, or a model without a price.
pub fn sweep_subsets(
    experiment: &Experiment<'_>,
    metric: SweepMetric,
) -> Result<SubsetSweep, SweepError> {
    let recording = experiment.base_recording();
    let (mut toggles, mut patches): (_, Vec<Patch>) = (Vec::new(), Vec::new());
    let (mut idle, mut beside) = (Vec::new(), Vec::new());
    for (chosen, patch) in experiment.chosen.iter().zip(experiment.patches_at_means(recording)) {
        // Idle toggles would double the subsets for nothing.
        if patch.is_empty() {
            let card = chosen.toggle.card();
            let left_out = if patch.dispatching.is_some() { &mut beside } else { &mut idle };
            left_out.push((card.id, card.title));
        } else {
            toggles.push(SweepToggle::from_chosen(chosen, patch.found_places));
            patches.push(patch);
        }
    }
    // Each toggle doubles the subsets.
    if toggles.len() > MOST_TOGGLES {
        return Err(SweepError::TooMany(toggles.len()));
    }
    let plan: Plan = experiment.compile_plan(recording, &patches)?;
    let lattice = SubsetLattice::with_progress(&plan, toggles.len(), experiment.progress)
        .ok_or(SweepError::TooDense)?;
    let entries = sweep_entries(&lattice, &toggles);
    let sets = SweptSets { toggles: &toggles, entries: &entries, metric };
    Ok(SubsetSweep {
        headline: experiment.headline_metric(),
        has_dollars: experiment.has_dollars(),
        order: order_building(&sets),
        metric,
        baseline: PipelineTotals::replay_with_peak(&plan, 0),
        best_by_size: best_subset_by_size(&entries, toggles.len(), metric),
        toggles,
        idle,
        beside,
        waiting: experiment.waiting.iter().map(|one| (one.id(), one.toggle.card().title)).collect(),
        entries,
    })
}

fn sweep_entries(lattice: &SubsetLattice, toggles: &[SweepToggle]) -> Vec<SweepEntry> {
    let islands = lattice.table_indexes();
    // Short pieces cost more to hand out than to sum up.
    let all = (0..1_usize << toggles.len()).into_par_iter().with_min_len(1 << 10);
    all.map(|subset| {
        let subset = subset as ToggleSubset;
        let saving: Saving =
            islands.iter().map(|(table, index)| table.savings[index.entry_index(subset)]).sum();
        SweepEntry::from_saving(subset, &saving, toggles)
    })
    .collect()
}

/// Better first: more saved, then less effort, then fewer toggles, then the earlier ones.
fn rank_key(entry: &SweepEntry, metric: SweepMetric) -> (i128, u32, usize, ToggleSubset) {
    // The largest saving first; of equal ones the one that is easier to build.
    (-entry.saved_amount(metric), entry.effort, entry.toggle_count(), entry.subset)
}

fn best_subset_by_size(
    entries: &[SweepEntry],
    toggles: usize,
    metric: SweepMetric,
) -> Vec<ToggleSubset> {
    let mut best: Vec<Option<&SweepEntry>> = vec![None; toggles + 1];
    for entry in entries {
        // A lower key is better; of equal ones the first in the sweep stays.
        let slot = &mut best[entry.toggle_count()];
        if slot.is_none_or(|other| rank_key(entry, metric) < rank_key(other, metric)) {
            *slot = Some(entry);
        }
    }
    best.into_iter().flatten().map(|entry| entry.subset).collect()
}

impl SubsetSweep {
    /// The entry of a subset.
    #[must_use]
    pub fn entry_of_subset(&self, subset: ToggleSubset) -> &SweepEntry {
        &self.entries[subset as usize]
    }

    /// The set that saves most: where the order of building ends, or the better one that it stops
    /// short of.
    #[cfg(any(test, feature = "charts"))]
    #[must_use]
    pub fn best_subset(&self) -> ToggleSubset {
        let last = self.order.best_of_all.as_ref().or(self.order.steps.last());
        last.map_or(0, |step| step.subset)
    }

    /// The toggles of that set in the order in which they are built.
    #[cfg(feature = "charts")]
    #[must_use]
    pub fn best_set_in_build_order(&self) -> Vec<usize> {
        let steps = self.order.steps.iter().chain(&self.order.best_of_all);
        let built = steps.flat_map(|step| step.built.iter().copied());
        let best = self.best_subset();
        let mut order: Vec<usize> = Vec::new();
        for at in built.filter(|at| best >> at & 1 == 1) {
            // What is given up and built again stands where it was built first.
            if !order.contains(&at) {
                order.push(at);
            }
        }
        order
    }

    /// The ids of a subset's toggles.
    #[must_use]
    pub fn toggle_ids(&self, subset: ToggleSubset) -> Vec<&'static str> {
        let on = self.toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        on.map(|(_, toggle)| toggle.id).collect()
    }

    /// The same subset by the bits of other toggles, of which a sweep leaves idle ones out.
    pub(crate) fn subset_among<'a>(
        &self,
        subset: ToggleSubset,
        ids: impl Iterator<Item = &'a str>,
    ) -> ToggleSubset {
        let on = self.toggle_ids(subset);
        let bits = ids.enumerate().filter(|(_, id)| on.contains(id));
        bits.fold(0, |set, (bit, _)| set | 1 << bit)
    }

    /// The best subsets, best first.
    #[must_use]
    pub fn best_entries(&self, count: usize) -> Vec<&SweepEntry> {
        let mut order: Vec<&SweepEntry> = self.entries.iter().collect();
        order.sort_by_key(|entry| rank_key(entry, self.metric));
        order.truncate(count);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of all subsets of toggles with these savings and efforts, less what two of them
    /// save twice.
    fn entries_of(toggles: &[(i64, u32)], twice: i64) -> Vec<SweepEntry> {
        let entry = |subset: ToggleSubset| {
            let on = (0..toggles.len()).filter(|at| subset >> at & 1 == 1);
            let sum: (i64, u32) =
                on.fold((0, 0), |sum, at| (sum.0 + toggles[at].0, sum.1 + toggles[at].1));
            let read = sum.0 - if subset & 0b11 == 0b11 { twice } else { 0 };
            SweepEntry { subset, read, effort: sum.1, ..SweepEntry::default() }
        };
        (0..1 << toggles.len()).map(entry).collect()
    }

    fn front(entries: &[SweepEntry]) -> Vec<ToggleSubset> {
        let metric = SweepMetric::Reads;
        order_building(&SweptSets { toggles: &[], entries, metric }).pareto
    }

    #[test]
    fn fronts_and_best_sets_by_hand() {
        // A saves 10 for 2, B saves 9 for 1, C costs 1 for 0; A and B share 8.
        let entries = entries_of(&[(10, 2), (9, 1), (-1, 0)], 8);
        assert_eq!(front(&entries), [0b000, 0b010, 0b001, 0b011]);
        assert_eq!(
            best_subset_by_size(&entries, 3, SweepMetric::Reads),
            [0b000, 0b001, 0b011, 0b111]
        );
    }

    #[test]
    fn ties_go_to_less_effort_then_fewer_toggles() {
        let entries = entries_of(&[(5, 3), (5, 1), (0, 0)], 5);
        assert_eq!(front(&entries), [0b000, 0b010]);
        assert_eq!(best_subset_by_size(&entries, 3, SweepMetric::Reads)[1], 0b010);
    }
}
