//! Every subset of the toggles at once.
//!
//! What a subset does to an island depends on the bits that touch the island alone, so that each
//! island is replayed once for every subset of its own bits, and any subset of all toggles is a
//! sum of islands. Sums are exact: tokens and pico-dollars are integers.

use super::sides::Saving;
use crate::plan::{Island, Plan, Subset};
use crate::replay;
use rayon::prelude::*;

/// Islands that more toggles touch than this have no exact lattice.
pub const MOST_BITS: u32 = 16;

/// What every subset of the toggles saves.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// How many toggles there are.
    pub toggles: usize,
    /// The islands, each with what every subset of its bits saves there.
    pub islands: Vec<Table>,
}

/// One island: its bits, and what each subset of them saves against none.
#[derive(Clone, Debug)]
pub struct Table {
    /// The bits that touch it.
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
        let touched = plan.islands.par_iter().filter(|island| island.touched_by != 0);
        Some(Self { toggles, islands: touched.map(|island| Table::of(plan, island)).collect() })
    }

    /// What a subset saves.
    #[must_use]
    pub fn saving(&self, subset: Subset) -> Saving {
        self.islands.iter().map(|island| *island.saving(subset)).sum()
    }
}

impl Table {
    fn of(plan: &Plan, island: &Island) -> Self {
        let bits = island.touched_by;
        let before = replay::replay_island(plan, island, 0);
        let saving = |index: u64| {
            let outcome = replay::replay_island(plan, island, spread(index, bits));
            Saving::of_outcomes(plan, &before, &outcome)
        };
        let count = 1 << bits.count_ones();
        Self { bits, savings: (0..count).into_par_iter().map(saving).collect() }
    }

    /// What a subset saves in this island.
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
