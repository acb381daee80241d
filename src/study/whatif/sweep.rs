//! The sweep: every subset of the toggles, ranked, against what it takes to build.

use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::lattice::SubsetLattice;
use super::savings::{PipelineTotals, Saving};
use crate::intervene::BuildGrade;
use crate::kinds::named_values;
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::price::MissingPrice;
use crate::units::PicoUsd;
use rayon::prelude::*;

/// The most toggles that one sweep takes: a million subsets.
pub const MOST_TOGGLES: usize = 20;

named_values! {
    /// What a subset is ranked by.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum SweepMetric {
        /// Money, hidden output included.
        #[default]
        Dollars = "dollars",
        /// Cache reads.
        Reads = "reads",
        /// Input, cached or not, and output.
        Tokens = "tokens",
        /// Calls.
        Calls = "calls",
    }
}

impl SweepMetric {
    /// What subsets are ranked by where nobody says: dollars, unless they mean nothing.
    #[must_use]
    pub fn default_for(experiment: &Experiment<'_>) -> Self {
        if experiment.has_dollars() { Self::Dollars } else { Self::Tokens }
    }
}

/// One toggle of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepToggle {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it takes to build it, and what may go wrong.
    pub grade: BuildGrade,
    /// Places where it applies.
    pub found: u32,
}

/// One subset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepEntry {
    /// Its toggles: bit k is toggle k of the sweep.
    pub subset: ToggleSubset,
    /// Cache reads that it saves.
    pub read: i64,
    /// Tokens that it saves.
    pub tokens: i64,
    /// Calls that it saves.
    pub calls: i64,
    /// Money that it saves, hidden output included.
    pub cost: PicoUsd,
    /// Sum of the efforts.
    pub effort: u32,
    /// The highest risk.
    pub risk: u32,
}

impl SweepEntry {
    /// How many toggles it has.
    #[must_use]
    pub fn toggle_count(&self) -> usize {
        self.subset.count_ones() as usize
    }

    /// What it saves in the figure that the sweep is told in.
    #[must_use]
    pub fn headline_amount(&self, headline: HeadlineMetric) -> i64 {
        match headline {
            HeadlineMetric::Reads => self.read,
            HeadlineMetric::Tokens => self.tokens,
        }
    }

    /// What it saves, in a metric.
    #[must_use]
    pub fn saved_amount(&self, metric: SweepMetric) -> i128 {
        match metric {
            SweepMetric::Dollars => self.cost.0,
            SweepMetric::Reads => i128::from(self.read),
            SweepMetric::Tokens => i128::from(self.tokens),
            SweepMetric::Calls => i128::from(self.calls),
        }
    }
}

/// Every subset of the toggles that change anything.
#[derive(Clone, Debug)]
pub struct SubsetSweep {
    /// What it is told in.
    pub headline: HeadlineMetric,
    /// Whether dollars can be said.
    pub has_dollars: bool,
    /// What it is ranked by.
    pub metric: SweepMetric,
    /// The toggles.
    pub toggles: Vec<SweepToggle>,
    /// Toggles that change nothing here and take no part: id and title.
    pub idle: Vec<(&'static str, &'static str)>,
    /// Toggles that wait for a number that no source gives: id and title.
    pub waiting: Vec<(&'static str, &'static str)>,
    /// Nothing toggled.
    pub baseline: PipelineTotals,
    /// All subsets; entry k is subset k.
    pub entries: Vec<SweepEntry>,
    /// Subsets that no other beats in saving without more effort, by effort.
    pub pareto: Vec<ToggleSubset>,
    /// The best subset of each size, from none to all.
    pub best_by_size: Vec<ToggleSubset>,
    /// Toggles in the order in which each adds most to those before it.
    pub greedy_order: Vec<usize>,
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
    let (mut toggles, mut idle, mut patches): (_, _, Vec<Patch>) = (Vec::new(), Vec::new(), vec![]);
    for (chosen, patch) in experiment.chosen.iter().zip(experiment.patches_at_modes(recording)) {
        let card = chosen.toggle.card();
        let (id, title, grade) = (card.id, card.title, chosen.grade);
        // Idle toggles would double the subsets for nothing.
        if patch.is_empty() {
            idle.push((id, title));
        } else {
            toggles.push(SweepToggle { id, title, grade, found: patch.found_places });
            patches.push(patch);
        }
    }
    // Each toggle doubles the subsets.
    if toggles.len() > MOST_TOGGLES {
        return Err(SweepError::TooMany(toggles.len()));
    }
    let plan: Plan = experiment.compile_plan(recording, &patches)?;
    let lattice = SubsetLattice::from_plan(&plan, toggles.len()).ok_or(SweepError::TooDense)?;
    let entries = sweep_entries(&lattice, &toggles);
    Ok(SubsetSweep {
        headline: experiment.headline_metric(),
        metric,
        has_dollars: experiment.has_dollars(),
        baseline: PipelineTotals::replay_with_peak(&plan, 0),
        pareto: pareto_front(&entries, metric),
        best_by_size: best_subset_by_size(&entries, toggles.len(), metric),
        greedy_order: order_greedily(&entries, toggles.len(), metric),
        toggles,
        idle,
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
        let on = toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        let grades = on.map(|(_, toggle)| toggle.grade);
        // Efforts add up, while a set is as risky as its riskiest toggle.
        let (effort, risk) =
            grades.fold((0, 0), |(effort, risk), of| (effort + of.effort, of.risk.max(risk)));
        SweepEntry {
            subset,
            read: saving.usage.read,
            tokens: HeadlineMetric::Tokens.amount_in_saving(&saving),
            calls: saving.calls,
            cost: saving.total_money(),
            effort,
            risk,
        }
    })
    .collect()
}

/// Better first: more saved, then less effort, then fewer toggles, then the earlier ones.
fn rank_key(entry: &SweepEntry, metric: SweepMetric) -> (i128, u32, usize, ToggleSubset) {
    // The largest saving first; of equal ones the one that is easier to build.
    (-entry.saved_amount(metric), entry.effort, entry.toggle_count(), entry.subset)
}

/// Subsets that no other beats: going up in effort, each saves more than all before it.
fn pareto_front(entries: &[SweepEntry], metric: SweepMetric) -> Vec<ToggleSubset> {
    let mut order: Vec<&SweepEntry> = entries.iter().collect();
    order.sort_by_key(|entry| (entry.effort, rank_key(entry, metric)));
    let mut most = i128::MIN;
    let front = order.into_iter().filter(|entry| {
        // Of equal effort the best comes first, so that only it can be on the front.
        let beats = entry.saved_amount(metric) > most;
        most = most.max(entry.saved_amount(metric));
        beats
    });
    front.map(|entry| entry.subset).collect()
}

fn best_subset_by_size(
    entries: &[SweepEntry],
    toggles: usize,
    metric: SweepMetric,
) -> Vec<ToggleSubset> {
    let mut best: Vec<Option<&SweepEntry>> = vec![None; toggles + 1];
    for entry in entries {
        let slot = &mut best[entry.toggle_count()];
        if slot.is_none_or(|other| rank_key(entry, metric) < rank_key(other, metric)) {
            *slot = Some(entry);
        }
    }
    best.into_iter().flatten().map(|entry| entry.subset).collect()
}

fn order_greedily(entries: &[SweepEntry], toggles: usize, metric: SweepMetric) -> Vec<usize> {
    let (mut order, mut subset): (Vec<usize>, ToggleSubset) = (Vec::new(), 0);
    while order.len() < toggles {
        let left = (0..toggles).filter(|at| subset >> at & 1 == 0);
        // Entry k is subset k: the set so far with one more toggle is looked up.
        let next = left.min_by_key(|&at| rank_key(&entries[(subset | 1 << at) as usize], metric));
        let Some(at) = next else { break };
        subset |= 1 << at;
        order.push(at);
    }
    order
}

impl SubsetSweep {
    /// The entry of a subset.
    #[must_use]
    pub fn entry_of_subset(&self, subset: ToggleSubset) -> &SweepEntry {
        &self.entries[subset as usize]
    }

    /// The ids of a subset's toggles.
    #[must_use]
    pub fn toggle_ids(&self, subset: ToggleSubset) -> Vec<&'static str> {
        let on = self.toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        on.map(|(_, toggle)| toggle.id).collect()
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

    #[test]
    fn fronts_best_sets_and_orders_by_hand() {
        // A saves 10 for 2, B saves 9 for 1, C costs 1 for 0; A and B share 8.
        let entries = entries_of(&[(10, 2), (9, 1), (-1, 0)], 8);
        assert_eq!(pareto_front(&entries, SweepMetric::Reads), [0b000, 0b010, 0b001, 0b011]);
        assert_eq!(
            best_subset_by_size(&entries, 3, SweepMetric::Reads),
            [0b000, 0b001, 0b011, 0b111]
        );
        assert_eq!(order_greedily(&entries, 3, SweepMetric::Reads), [0, 1, 2]);
    }

    #[test]
    fn ties_go_to_less_effort_then_fewer_toggles() {
        let entries = entries_of(&[(5, 3), (5, 1), (0, 0)], 5);
        assert_eq!(pareto_front(&entries, SweepMetric::Reads), [0b000, 0b010]);
        assert_eq!(best_subset_by_size(&entries, 3, SweepMetric::Reads)[1], 0b010);
    }
}
