//! What every subset saves while one parameter stands at another value than its mean.
//!
//! A value changes one patch. What it changes about the saving of a subset is told by islands that
//! this patch touches, so that only these are replayed again, and only with the toggle on. One
//! parameter moves at a time: all values of two together would be a table each.

use super::compare::Comparison;
use super::experiment::Experiment;
use super::lattice::{
    MOST_BITS, SavingsTable, SubsetLattice, island_work, mask_islands, spread_bits, tables_by_bits,
};
use super::savings::Saving;
use super::subset_lookup::{SubsetLookup, count_table_entries};
use crate::intervene::{ParamRange, RangeShape};
use crate::plan::{Island, Patch, Plan, ToggleSubset};
use crate::study::progress::ProgressListener;
use crate::units::BASIS_POINTS;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Values of a range that are replayed: its ends and equal steps between them.
pub const VALUES_PER_RANGE: i64 = 5;

/// Entries of all tables together, at most: half of what the subsets themselves may take.
pub const MOST_MOVED_ENTRIES: u64 = 1 << 16;

/// Rows to replay, all values together, at most.
const MOST_WORK: u64 = 1 << 28;

/// What a row of a plan takes that is compiled, in rows that are replayed.
const COMPILED_ROW_WORK: u64 = 16;

/// A parameter and the values that were replayed.
#[derive(Clone, Debug)]
pub struct MovedParameter {
    /// The bit of its toggle.
    pub toggle: usize,
    /// Its place on the card.
    pub param: usize,
    /// The values, the lowest first; the mean is none of them.
    pub values: Vec<MovedValue>,
}

/// What one value changes.
#[derive(Clone, Debug)]
pub struct MovedValue {
    /// In the unit of the parameter, as it is typed.
    pub value: i64,
    /// What a subset with the toggle saves more than at the mean, over the bits of the others.
    pub more: SubsetLattice,
}

/// All parameters that can be moved.
#[derive(Clone, Debug, Default)]
pub struct MovedParameters {
    /// Those that change anything, of the toggles that matter most first.
    pub parameters: Vec<MovedParameter>,
    /// How many there was no room for.
    pub left_out: usize,
}

/// A parameter before its values are replayed.
struct Candidate<'a> {
    toggle: usize,
    param: usize,
    values: Vec<i64>,
    /// What the islands of its toggle save at the mean.
    at_mean: Vec<&'a SavingsTable>,
}

impl MovedParameters {
    /// Replays the values of all parameters of the toggles in a look-up, as many as there is room
    /// for.
    #[must_use]
    pub fn for_lookup(
        experiment: &Experiment<'_>,
        comparison: &Comparison,
        lookup: &SubsetLookup,
    ) -> Self {
        let plan = &comparison.plan;
        let mut left_out = 0;
        let (mut entries, mut work) = (0, 0);
        let mut candidates = Vec::new();
        for &toggle in &lookup.order {
            let tables = lookup.by_islands.tables.iter();
            let at_mean: Vec<&SavingsTable> =
                tables.filter(|table| table.bits >> toggle & 1 == 1).collect();
            let chosen = &experiment.chosen[toggle];
            let masks = at_mean.iter().map(|table| table.bits & !(1 << toggle));
            let entries_each = count_table_entries(masks);
            // Each value is a patch of its own, and a plan that is compiled for it.
            let compiled = (plan.rows.len() as u64).saturating_mul(COMPILED_ROW_WORK);
            let touched = mask_islands(plan, lookup.bits);
            let work_each = touched
                .filter(|island| island.touched_by >> toggle & 1 == 1)
                .map(|island| island_work(plan, &island))
                .fold(compiled, u64::saturating_add);
            for (param, range) in chosen.ranges.iter().enumerate() {
                let values = values_of_range(range);
                if values.is_empty() || at_mean.is_empty() {
                    continue;
                }
                let count = values.len() as u64;
                let (entries_then, work_then) = (
                    entries + count * entries_each,
                    count.saturating_mul(work_each).saturating_add(work),
                );
                // Left out as it comes; a smaller one behind it may still fit.
                if entries_then > MOST_MOVED_ENTRIES || work_then > MOST_WORK {
                    left_out += 1;
                    continue;
                }
                (entries, work) = (entries_then, work_then);
                candidates.push(Candidate { toggle, param, values, at_mean: at_mean.clone() });
            }
        }
        let patches = experiment.patches_at_means(experiment.base_recording());
        let moved: Vec<Option<MovedParameter>> = candidates
            .par_iter()
            .map(|it| it.replay_values(experiment, (plan, &patches), lookup.bits))
            .collect();
        left_out += moved.iter().filter(|it| it.is_none()).count();
        // One that changes no table at any value moves nothing.
        let moved = moved.into_iter().flatten();
        let parameters = moved.filter(|it| it.values.iter().any(|one| !one.more.tables.is_empty()));
        Self { parameters: parameters.collect(), left_out }
    }
}

impl Candidate<'_> {
    /// Replays its values; `None` if there is one that cannot be.
    fn replay_values(
        &self,
        experiment: &Experiment<'_>,
        (plan, patches): (&Plan, &[Patch]),
        bits: ToggleSubset,
    ) -> Option<MovedParameter> {
        let values = self.values.iter().map(|&value| {
            let more = self.replay_value(experiment, (plan, patches), bits, value)?;
            Some(MovedValue { value, more })
        });
        let values = values.collect::<Option<Vec<_>>>()?;
        Some(MovedParameter { toggle: self.toggle, param: self.param, values })
    }

    fn replay_value(
        &self,
        experiment: &Experiment<'_>,
        (plan, patches): (&Plan, &[Patch]),
        bits: ToggleSubset,
        value: i64,
    ) -> Option<SubsetLattice> {
        let recording = experiment.base_recording();
        let params = experiment.chosen[self.toggle].params.with_value(self.param, value);
        let mut patches = patches.to_vec();
        patches[self.toggle] = experiment.patch_for_toggle(recording, self.toggle, &params);
        let moved = experiment.compile_plan(recording, &patches).ok()?;
        // Which sessions hang together may follow from a patch; then islands cannot be told apart.
        let has_same_islands = moved
            .islands
            .iter()
            .map(|it| &it.sessions)
            .eq(plan.islands.iter().map(|it| &it.sessions));
        let has_same_sessions = moved
            .sessions
            .iter()
            .map(|it| it.session)
            .eq(plan.sessions.iter().map(|it| it.session));
        let is_alike = has_same_islands && has_same_sessions;
        let masked: Vec<Island> = mask_islands(&moved, bits).collect();
        if !is_alike || masked.iter().any(|it| it.touched_by.count_ones() > MOST_BITS) {
            return None;
        }
        let bit = 1 << self.toggle;
        // An island that it touches at the mean, at this value, or both.
        let (touched, other): (Vec<_>, Vec<_>) = masked
            .into_iter()
            .zip(mask_islands(plan, bits))
            .filter(|(now, mean)| (now.touched_by | mean.touched_by) & bit != 0)
            .unzip();
        let unheard = ProgressListener::default();
        let newly = other.iter().filter(|mean| mean.touched_by & bit == 0);
        let newly = tables_by_bits(plan, newly, unheard);
        let at_mean = self.at_mean.iter().copied().chain(&newly);
        let now = tables_by_bits(&moved, touched.iter(), unheard);
        Some(difference_with_toggle(&now, at_mean, bit, experiment.chosen.len()))
    }
}

/// What subsets with a toggle save more by some tables than by others.
fn difference_with_toggle<'a>(
    now: &'a [SavingsTable],
    at_mean: impl Iterator<Item = &'a SavingsTable>,
    bit: ToggleSubset,
    toggles: usize,
) -> SubsetLattice {
    let mut by_bits: BTreeMap<ToggleSubset, Vec<Saving>> = BTreeMap::new();
    let signed = now.iter().map(|it| (it, false)).chain(at_mean.map(|it| (it, true)));
    for (table, is_less) in signed {
        // The toggle is on in all of these subsets, so that its own bit needs no table.
        let others = table.bits & !bit;
        let sums = by_bits
            .entry(others)
            .or_insert_with(|| vec![Saving::default(); 1 << others.count_ones()]);
        for (index, sum) in sums.iter_mut().enumerate() {
            let saving = *table.saving_of_subset(spread_bits(index as u64, others) | bit);
            *sum = if is_less { *sum - saving } else { *sum + saving };
        }
    }
    // A table of zeros would only make the page larger.
    let changed = by_bits
        .into_iter()
        .filter(|(_, savings)| savings.iter().any(|it| *it != Saving::default()));
    let tables = changed.map(|(bits, savings)| SavingsTable { bits, savings }).collect();
    SubsetLattice { toggles, tables }.merge_nested_tables()
}

/// The values of a range to replay: all answers of an open fact, else its ends and steps between;
/// without the mean, which is known.
fn values_of_range(range: &ParamRange) -> Vec<i64> {
    let mut values: Vec<i64> = match range.shape {
        RangeShape::Fixed => Vec::new(),
        RangeShape::TwoPoint | RangeShape::Weighted => {
            range.weighted_answers().into_iter().map(|(value, _)| value).collect()
        }
        RangeShape::Uniform | RangeShape::Triangular | RangeShape::Pert => {
            let last = VALUES_PER_RANGE - 1;
            (0..=last).map(|step| range.low + (range.high - range.low) * step / last).collect()
        }
    };
    values.sort_unstable();
    values.dedup();
    // Compared times 10,000, since the mean is in ten-thousandths.
    values.retain(|value| value * BASIS_POINTS != range.mean_bp());
    values
}
