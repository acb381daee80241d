//! Which toggles every subset can be told of by look-up alone, and what each subset saves.
//!
//! A table holds every subset of the bits that touch an island, so that a page which answers by
//! look-up has room for so many toggles. Where there are more, those that a reader is told to build
//! stay, then those that save most alone.

use super::compare::Comparison;
use super::lattice::{MOST_BITS, SubsetLattice, mask_islands};
use crate::plan::{Plan, ToggleSubset};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Entries of all tables together, at most.
pub const MOST_ENTRIES: u64 = 1 << 17;

/// Rows to replay for the tables, all subsets together, at most.
const MOST_WORK: u64 = 1 << 30;

/// Toggles of which any subset can be looked up.
#[derive(Clone, Debug)]
pub struct SubsetLookup {
    /// Their bits. Toggles that change nothing are among them: they cost no entry.
    pub bits: ToggleSubset,
    /// The toggles behind them, those that move most first.
    pub order: Vec<usize>,
    /// What every subset of them saves, in as few tables as can be.
    pub lattice: SubsetLattice,
    /// The same with a table for all islands that the same bits touch.
    pub by_islands: SubsetLattice,
}

impl SubsetLookup {
    /// Chooses the toggles of a comparison, those of `best` before all others, and fills their
    /// tables.
    #[must_use]
    pub fn for_comparison(comparison: &Comparison, best: ToggleSubset) -> Self {
        let (plan, count) = (&comparison.plan, comparison.toggles.len());
        // The page holds a table of bounded size, in which only some toggles find room: those that
        // move most come first.
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&at| {
            let alone = &comparison.toggles[at].alone;
            let tokens = i128::from(comparison.headline.amount_in_saving(alone));
            let money = alone.total_money().0;
            // Money first where there is any: what saves dollars may cost reads.
            let sizes = if comparison.has_dollars { [money, tokens] } else { [tokens, money] };
            // By size, whatever its sign: a toggle that costs much is worth a look too.
            (best >> at & 1 == 0, Reverse(sizes.map(i128::abs)), at)
        });
        let bits = choose_toggles(&RowsByMask::from_plan(plan), &order, MOST_ENTRIES);
        order.retain(|toggle| bits >> toggle & 1 == 1);
        let by_islands = SubsetLattice::for_bits(plan, count, bits);
        let lattice = by_islands.clone().merge_nested_tables();
        Self { bits, order, lattice, by_islands }
    }

    /// Whether a toggle is among them.
    #[must_use]
    pub fn contains_toggle(&self, toggle: usize) -> bool {
        self.bits >> toggle & 1 == 1
    }
}

/// Rows by the bits that touch their island.
struct RowsByMask(BTreeMap<ToggleSubset, u64>);

impl RowsByMask {
    fn from_plan(plan: &Plan) -> Self {
        let mut rows = BTreeMap::new();
        for island in mask_islands(plan, ToggleSubset::MAX) {
            *rows.entry(island.touched_by).or_default() += plan.row_count_of_island(&island) as u64;
        }
        Self(rows)
    }

    /// Whether the tables of some bits hold at most so many entries and can be filled.
    fn fits_within(&self, bits: ToggleSubset, most: u64) -> bool {
        let mut masks = self.0.keys().map(|mask| mask & bits);
        let entries = count_table_entries(masks.clone());
        // No table has more bits than a lattice is exact for.
        if masks.any(|mask| mask.count_ones() > MOST_BITS) {
            return false;
        }
        // Two bounds: entries are bytes of the page, work is time to fill them.
        let work = self.0.iter().map(|(mask, rows)| rows << (mask & bits).count_ones());
        entries <= most && work.fold(0, u64::saturating_add) <= MOST_WORK
    }
}

/// Entries of the tables for islands that some masks of bits touch.
pub(super) fn count_table_entries(masks: impl Iterator<Item = ToggleSubset>) -> u64 {
    let mut masks: Vec<ToggleSubset> = masks.collect();
    // Largest first: a mask inside a larger one needs no table of its own, because islands that
    // fewer toggles touch are added to the table of more.
    masks.sort_by_key(|mask| (Reverse(mask.count_ones()), *mask));
    masks.dedup();
    let mut tables: Vec<ToggleSubset> = Vec::new();
    for mask in masks {
        if tables.iter().all(|larger| mask & !larger != 0) {
            tables.push(mask);
        }
    }
    tables.iter().map(|mask| 1_u64 << mask.count_ones()).sum()
}

/// The toggles that fit, the first of an order first.
fn choose_toggles(touched: &RowsByMask, order: &[usize], most: u64) -> ToggleSubset {
    order.iter().fold(0, |bits, toggle| {
        // A toggle that does not fit is passed over; a later one that touches less may still fit.
        let more = bits | 1 << toggle;
        if touched.fits_within(more, most) { more } else { bits }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{self, Lens, RecordingSource};
    use crate::scenario::Scenario;
    use crate::study::whatif::compare::compare_toggles;
    use crate::study::whatif::experiment::Experiment;
    use crate::study::whatif::measured_steps::comparison_subset;
    use crate::study::whatif::sweep::sweep_subsets;
    use crate::study::whatif::swept_subset::SweepMetric;

    fn check(masks: &[ToggleSubset], order: &[usize], most: u64, expect: ToggleSubset) {
        let touched = RowsByMask(masks.iter().map(|mask| (*mask, 1)).collect());
        assert_eq!(choose_toggles(&touched, order, most), expect, "{masks:?}");
    }

    #[test]
    fn what_saves_most_stays() {
        // Islands of toggles 0 to 2 and of toggle 3: 8 + 2 entries.
        check(&[0b0111, 0b1000], &[0, 1, 2, 3], 10, 0b1111);
        check(&[0b0111, 0b1000], &[2, 0, 1, 3], 7, 0b1101);
        // A table within another one costs nothing, nor does a toggle that touches nothing.
        check(&[0b011, 0b001, 0], &[0, 1, 2], 4, 0b111);
        let seventeen: Vec<usize> = (0..17).collect();
        check(&[0x1_ffff], &seventeen, u64::MAX, 0xffff);
    }

    #[test]
    fn tables_hold_the_dollars_of_every_set_of_the_sweep() {
        let reported = reconstruct::builtin_pipeline("order-774").unwrap();
        let fit = reconstruct::reconstruct(&reported, Lens::Message).unwrap();
        let scenario = Scenario::all_toggles();
        let toggles = scenario.split_awaiting_toggles();
        let source = RecordingSource::Pipeline { reported, lens: Lens::Message, fit };
        let pricing = Pricing::embedded();
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let experiment = Experiment { draws: 0, ..experiment };
        let comparison = compare_toggles(&experiment).unwrap();
        let sweep = sweep_subsets(&experiment, SweepMetric::Dollars).unwrap();
        let best = comparison_subset(&comparison, &sweep, sweep.best_subset());
        let kept = SubsetLookup::for_comparison(&comparison, best);
        assert!(best != 0 && best & !kept.bits == 0, "the best set has its tables");
        let mut compared = 0;
        for entry in &sweep.entries {
            let subset = comparison_subset(&comparison, &sweep, entry.subset);
            if subset & !kept.bits == 0 {
                compared += 1;
                let saving = kept.lattice.saving_of_subset(subset);
                assert_eq!((saving.total_money(), saving.calls), (entry.cost, entry.calls));
            }
        }
        assert!(compared > 1_000, "{compared}");
    }
}
