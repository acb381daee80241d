//! The sweep: every subset of the toggles, ranked, against what it takes to build.

use super::experiment::Experiment;
use super::headline::Headline;
use super::lattice::Lattice;
use super::sides::{Saving, Side};
use crate::intervene::Grade;
use crate::plan::{Patch, Plan, Subset};
use crate::price::MissingPrice;
use crate::units::PicoUsd;
use rayon::prelude::*;

/// The most toggles that one sweep takes: a million subsets.
pub const MOST_TOGGLES: usize = 20;

/// What a subset is ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Money, hidden output included.
    #[default]
    Dollars,
    /// Cache reads.
    Reads,
    /// Input, cached or not, and output.
    Tokens,
    /// Calls.
    Calls,
}

impl Metric {
    /// What subsets are ranked by where nobody says: dollars, unless they mean nothing.
    #[must_use]
    pub fn of(experiment: &Experiment<'_>) -> Self {
        if experiment.has_dollars() { Self::Dollars } else { Self::Tokens }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dollars => "dollars",
            Self::Reads => "reads",
            Self::Tokens => "tokens",
            Self::Calls => "calls",
        }
    }
}

/// One toggle of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it takes to build it, and what may go wrong.
    pub grade: Grade,
    /// Places where it applies.
    pub found: u32,
}

/// One subset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its toggles: bit k is toggle k of the sweep.
    pub subset: Subset,
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

impl Entry {
    /// How many toggles it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.subset.count_ones() as usize
    }

    /// What it saves in the figure that the sweep is told in.
    #[must_use]
    pub fn of(&self, headline: Headline) -> i64 {
        match headline {
            Headline::Reads => self.read,
            Headline::Tokens => self.tokens,
        }
    }

    /// What it saves, in a metric.
    #[must_use]
    pub fn saved(&self, metric: Metric) -> i128 {
        match metric {
            Metric::Dollars => self.cost.0,
            Metric::Reads => i128::from(self.read),
            Metric::Tokens => i128::from(self.tokens),
            Metric::Calls => i128::from(self.calls),
        }
    }
}

/// Every subset of the toggles that change anything.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What it is told in.
    pub headline: Headline,
    /// What it is ranked by.
    pub metric: Metric,
    /// The toggles.
    pub toggles: Vec<Swept>,
    /// Toggles that change nothing here and take no part: id and title.
    pub idle: Vec<(&'static str, &'static str)>,
    /// Toggles that wait for a number that no source gives: id and title.
    pub waiting: Vec<(&'static str, &'static str)>,
    /// Nothing toggled.
    pub baseline: Side,
    /// All subsets; entry k is subset k.
    pub entries: Vec<Entry>,
    /// Subsets that no other beats in saving without more effort, by effort.
    pub pareto: Vec<Subset>,
    /// The best subset of each size, from none to all.
    pub best: Vec<Subset>,
    /// Toggles in the order in which each adds most to those before it.
    pub next: Vec<usize>,
}

/// A sweep that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSweep {
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
pub fn sweep(experiment: &Experiment<'_>, metric: Metric) -> Result<Sweep, BadSweep> {
    let recording = experiment.recording();
    let (mut toggles, mut idle, mut patches): (_, _, Vec<Patch>) = (Vec::new(), Vec::new(), vec![]);
    for (chosen, patch) in experiment.chosen.iter().zip(experiment.patches(recording)) {
        let card = chosen.toggle.card();
        let (id, title, grade) = (card.id, card.title, chosen.grade);
        if patch.is_empty() {
            idle.push((id, title));
        } else {
            toggles.push(Swept { id, title, grade, found: patch.found });
            patches.push(patch);
        }
    }
    if toggles.len() > MOST_TOGGLES {
        return Err(BadSweep::TooMany(toggles.len()));
    }
    let plan: Plan = experiment.plan(recording, &patches)?;
    let lattice = Lattice::of(&plan, toggles.len()).ok_or(BadSweep::TooDense)?;
    let entries = entries(&lattice, &toggles);
    Ok(Sweep {
        headline: experiment.headline(),
        metric,
        baseline: Side::replay(&plan, 0),
        pareto: pareto(&entries, metric),
        best: best(&entries, toggles.len(), metric),
        next: next(&entries, toggles.len(), metric),
        toggles,
        idle,
        waiting: experiment.waiting.iter().map(|one| (one.id(), one.toggle.card().title)).collect(),
        entries,
    })
}

fn entries(lattice: &Lattice, toggles: &[Swept]) -> Vec<Entry> {
    let islands = lattice.indexes();
    let entry = |subset: Subset| {
        let saving: Saving =
            islands.iter().map(|(table, index)| table.savings[index.of(subset)]).sum();
        let on = toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        let grades = on.map(|(_, toggle)| toggle.grade);
        let (effort, risk) =
            grades.fold((0, 0), |(effort, risk), of| (effort + of.effort, of.risk.max(risk)));
        Entry {
            subset,
            read: saving.usage.read,
            tokens: Headline::Tokens.of(&saving),
            calls: saving.calls,
            cost: saving.money(),
            effort,
            risk,
        }
    };
    let all = (0..1_usize << toggles.len()).into_par_iter().with_min_len(1 << 10);
    all.map(|subset| entry(subset as Subset)).collect()
}

/// Better first: more saved, then less effort, then fewer toggles, then the earlier ones.
fn rank(entry: &Entry, metric: Metric) -> (i128, u32, usize, Subset) {
    (-entry.saved(metric), entry.effort, entry.size(), entry.subset)
}

/// Subsets that no other beats: going up in effort, each saves more than all before it.
fn pareto(entries: &[Entry], metric: Metric) -> Vec<Subset> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|entry| (entry.effort, rank(entry, metric)));
    let mut most = i128::MIN;
    let front = order.into_iter().filter(|entry| {
        let beats = entry.saved(metric) > most;
        most = most.max(entry.saved(metric));
        beats
    });
    front.map(|entry| entry.subset).collect()
}

fn best(entries: &[Entry], toggles: usize, metric: Metric) -> Vec<Subset> {
    let mut best: Vec<Option<&Entry>> = vec![None; toggles + 1];
    for entry in entries {
        let slot = &mut best[entry.size()];
        if slot.is_none_or(|other| rank(entry, metric) < rank(other, metric)) {
            *slot = Some(entry);
        }
    }
    best.into_iter().flatten().map(|entry| entry.subset).collect()
}

fn next(entries: &[Entry], toggles: usize, metric: Metric) -> Vec<usize> {
    let (mut order, mut subset): (Vec<usize>, Subset) = (Vec::new(), 0);
    while order.len() < toggles {
        let left = (0..toggles).filter(|at| subset >> at & 1 == 0);
        let with = |at: usize| &entries[(subset | 1 << at) as usize];
        let Some(at) = left.min_by_key(|&at| rank(with(at), metric)) else { break };
        subset |= 1 << at;
        order.push(at);
    }
    order
}

impl Sweep {
    /// The entry of a subset.
    #[must_use]
    pub fn entry(&self, subset: Subset) -> &Entry {
        &self.entries[subset as usize]
    }

    /// The ids of a subset's toggles.
    #[must_use]
    pub fn ids(&self, subset: Subset) -> Vec<&'static str> {
        let on = self.toggles.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        on.map(|(_, toggle)| toggle.id).collect()
    }

    /// The best subsets, best first.
    #[must_use]
    pub fn ranking(&self, count: usize) -> Vec<&Entry> {
        let mut order: Vec<&Entry> = self.entries.iter().collect();
        order.sort_by_key(|entry| rank(entry, self.metric));
        order.truncate(count);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of all subsets of toggles with these savings and efforts, less what two of them
    /// save twice.
    fn entries_of(toggles: &[(i64, u32)], twice: i64) -> Vec<Entry> {
        let entry = |subset: Subset| {
            let on = (0..toggles.len()).filter(|at| subset >> at & 1 == 1);
            let sum: (i64, u32) =
                on.fold((0, 0), |sum, at| (sum.0 + toggles[at].0, sum.1 + toggles[at].1));
            let read = sum.0 - if subset & 0b11 == 0b11 { twice } else { 0 };
            Entry { subset, read, effort: sum.1, ..Entry::default() }
        };
        (0..1 << toggles.len()).map(entry).collect()
    }

    #[test]
    fn fronts_best_sets_and_orders_by_hand() {
        // A saves 10 for 2, B saves 9 for 1, C costs 1 for 0; A and B share 8.
        let entries = entries_of(&[(10, 2), (9, 1), (-1, 0)], 8);
        assert_eq!(pareto(&entries, Metric::Reads), [0b000, 0b010, 0b001, 0b011]);
        assert_eq!(best(&entries, 3, Metric::Reads), [0b000, 0b001, 0b011, 0b111]);
        assert_eq!(next(&entries, 3, Metric::Reads), [0, 1, 2]);
    }

    #[test]
    fn ties_go_to_less_effort_then_fewer_toggles() {
        let entries = entries_of(&[(5, 3), (5, 1), (0, 0)], 5);
        assert_eq!(pareto(&entries, Metric::Reads), [0b000, 0b010]);
        assert_eq!(best(&entries, 3, Metric::Reads)[1], 0b010);
    }
}
