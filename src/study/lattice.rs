//! Every subset of the toggles at once.
//!
//! What a subset does to an island depends on the bits that touch the island alone, so that each
//! island is replayed once for every subset of its own bits, and any subset of all toggles is a
//! sum of islands. Sums are exact: tokens and pico-dollars are integers.

use super::sides::Saving;
use crate::plan::{Island, Plan, Subset};
use crate::replay::{self, Outcome};
use rayon::prelude::*;

/// Islands that more toggles touch than this have no exact lattice.
pub const MOST_BITS: u32 = 16;

/// Rows to visit, all subsets together, below which threads cost more than they save.
const WORTH_THREADS: u64 = 1 << 18;

/// What every subset of the toggles saves.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// How many toggles there are.
    pub toggles: usize,
    /// What every subset saves, by the bits that count; islands that the same bits touch share a
    /// table.
    pub islands: Vec<Table>,
}

/// Islands that the same bits touch, and what each subset of these bits saves there against none.
#[derive(Clone, Debug)]
pub struct Table {
    /// The bits that touch them.
    pub bits: Subset,
    /// Entry k is the subset whose j-th lowest bit is bit j of k.
    pub savings: Vec<Saving>,
}

impl Lattice {
    /// Replays every island under every subset of its bits; `None` if one has too many.
    #[must_use]
    pub fn of(plan: &Plan, toggles: usize) -> Option<Self> {
        if plan.islands.iter().any(|island| island.touched_by.count_ones() > MOST_BITS) {
            return None;
        }
        Some(Self { toggles, islands: tables(plan, |_| true) })
    }

    /// What a subset saves.
    #[must_use]
    pub fn saving(&self, subset: Subset) -> Saving {
        self.islands.iter().map(|island| *island.saving(subset)).sum()
    }
}

/// The tables of chosen islands, in the order of their bits.
pub(super) fn tables(plan: &Plan, chosen: impl Fn(&&Island) -> bool) -> Vec<Table> {
    let touched = plan.islands.iter().filter(|island| island.touched_by != 0).filter(chosen);
    let mut islands: Vec<&Island> = touched.collect();
    islands.sort_by_key(|island| island.touched_by);
    let rows = |island: &Island| (plan.rows_of(island) as u64) << island.touched_by.count_ones();
    let alike: Vec<&[&Island]> = islands.chunk_by(|a, b| a.touched_by == b.touched_by).collect();
    let parallel = islands.iter().map(|island| rows(island)).sum::<u64>() > WORTH_THREADS;
    if parallel {
        alike.into_par_iter().map(|islands| Table::of(plan, islands, true)).collect()
    } else {
        alike.into_iter().map(|islands| Table::of(plan, islands, false)).collect()
    }
}

impl Table {
    fn of(plan: &Plan, islands: &[&Island], parallel: bool) -> Self {
        let bits = islands.first().map_or(0, |island| island.touched_by);
        let before: Vec<Outcome> =
            islands.iter().map(|island| replay::replay_island(plan, island, 0)).collect();
        let saving = |index: u64| {
            let subset = spread(index, bits);
            let of = |(island, before): (&&Island, &Outcome)| {
                let outcome = replay::replay_island(plan, island, subset);
                Saving::of_outcomes(plan, before, &outcome)
            };
            islands.iter().zip(&before).map(of).sum()
        };
        let count = 1 << bits.count_ones();
        let savings = if parallel {
            (0..count).into_par_iter().map(saving).collect()
        } else {
            (0..count).map(saving).collect()
        };
        Self { bits, savings }
    }

    /// What a subset saves in these islands.
    #[must_use]
    pub fn saving(&self, subset: Subset) -> &Saving {
        &self.savings[gather(subset, self.bits) as usize]
    }
}

/// Puts the lowest bits of `index` on the bits of `mask`, in order.
#[must_use]
pub fn spread(index: u64, mut mask: Subset) -> Subset {
    let (mut subset, mut at) = (0, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        if index >> at & 1 == 1 {
            subset |= lowest;
        }
        mask ^= lowest;
        at += 1;
    }
    subset
}

/// The other way round: the bits of `subset` that are in `mask`, packed.
#[must_use]
pub fn gather(subset: Subset, mut mask: Subset) -> u64 {
    let (mut index, mut at) = (0, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        if subset & lowest != 0 {
            index |= 1 << at;
        }
        mask ^= lowest;
        at += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_and_gathered() {
        for (index, mask, subset) in [
            (0, 0b1011, 0),
            (0b101, 0b1011, 0b1001),
            (0b111, 0b1011, 0b1011),
            (1, 1 << 63, 1 << 63),
        ] {
            assert_eq!(spread(index, mask), subset);
            assert_eq!(gather(subset, mask), index);
        }
        assert_eq!(gather(0b1111, 0b1010), 0b11);
    }
}
