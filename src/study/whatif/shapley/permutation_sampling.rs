//! Shapley values of what has too many toggles for a table: the mean over permutations.
//!
//! Every permutation shares the joint saving out completely, so that any mean of them adds up to
//! it. Each is followed by its reverse: what is met early in one is met late in the other, and
//! their errors cancel in part. Two neighbours in a permutation enter as one in the mean over
//! permutations of pairs, and so give one sample of their interaction.

use super::attribution_sums::{
    AttributionSums, FIGURE_COUNT, FIGURE_GETTERS, SavingFigures, pair_index,
};
use super::subset_sums::DENOMINATOR;
use crate::plan::{Island, Plan, ToggleSubset};
use crate::replay::{self, IslandReplays};
use crate::seed::Seed;
use crate::study::whatif::savings::{PipelineTotals, Saving};
use rand::Rng;
use rayon::prelude::*;

/// Permutations of one island, half of them the reverse of the other half. It divides the
/// denominator of the exact values.
const PERMUTATIONS: i128 = 1_008;

/// Variances of the Shapley value of one toggle: calls, reads, money, time.
pub(super) type ShapleyVariance = [f64; 4];

/// How far the Shapley value of one toggle may be off: the standard deviation of its estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandardError {
    /// Of calls.
    pub calls: f64,
    /// Of tokens read.
    pub read: f64,
    /// Of money, recorded and hidden together, pico-dollars.
    pub cost_pico_usd: f64,
    /// Of session time, milliseconds.
    pub session_ms: f64,
}

impl StandardError {
    pub(super) fn from_variance(variance: &ShapleyVariance) -> Self {
        let [calls, read, cost_pico_usd, session_ms] = variance.map(f64::sqrt);
        Self { calls, read, cost_pico_usd, session_ms }
    }
}

/// Adds one island to `sums`, and the variances of its estimates, which are independent of those of
/// other islands.
pub(super) fn add_sampled_island(
    plan: &Plan,
    island: &Island,
    seed: Seed,
    sums: &mut AttributionSums,
    variance: &mut [ShapleyVariance],
) {
    // Keyed by what the island holds and not by its number: other sessions in the recording do not
    // change its draws.
    let stream = seed.random_stream("shapley", &island_content_bytes(plan, island));
    let permutations = draw_permutations(island.touched_by, stream);
    // What is needed of an island is replayed once, however many orders ask for it.
    let memo = SubsetMemo::from_island(plan, island, &permutations);
    add_sampled_values(&permutations, &memo, island.touched_by, sums, variance);
}

/// Adds what subsets of some toggles save that are asked for one by one. Pairs are left out, so
/// that `sums` must have none.
pub(super) fn add_sampled_subsets(
    toggles: ToggleSubset,
    stream: impl Rng,
    mut saving_of_subset: impl FnMut(ToggleSubset) -> Saving,
    sums: &mut AttributionSums,
    variance: &mut [ShapleyVariance],
) {
    let permutations = draw_permutations(toggles, stream);
    // Asked for once each, however many permutations pass by a subset.
    let asked = subsets_on_the_way(&permutations, toggles, false).into_iter();
    let savings = asked.map(|subset| (subset, saving_of_subset(subset))).collect();
    add_sampled_values(&permutations, &SubsetMemo { savings }, toggles, sums, variance);
}

/// Adds the means over permutations, and the variances of these.
fn add_sampled_values(
    permutations: &[Vec<usize>],
    memo: &SubsetMemo,
    bits: ToggleSubset,
    sums: &mut AttributionSums,
    variance: &mut [ShapleyVariance],
) {
    sums.add_marginal_savings(bits, |subset| memo.saving_of_subset(subset));
    let toggles = sums.shapley.len();
    let mut spread = vec![[(0.0, 0.0); 4]; toggles];
    // By pair: the sum of what the two save beyond their parts, and in how many orders they stood
    // side by side.
    let mut neighbours = vec![([0_i128; FIGURE_COUNT], 0_i128); sums.interaction.len()];
    // A permutation and its reverse are one sample: only pairs are independent of each other.
    for both in permutations.chunks(2) {
        let mut gains: Vec<SavingFigures<i128>> = vec![[0; FIGURE_COUNT]; toggles];
        for order in both {
            let mut subset = 0;
            for (at, &toggle) in order.iter().enumerate() {
                let after = subset | 1 << toggle;
                let gain = memo.saving_of_subset(after) - memo.saving_of_subset(subset);
                add_figures(&mut gains[toggle], FIGURE_GETTERS.map(|of| of(&gain)));
                // What the pair saves together beyond its two parts, with everything before it
                // switched on.
                if let Some(&next) = order.get(at + 1).filter(|_| !neighbours.is_empty()) {
                    let without =
                        memo.saving_of_subset(subset | 1 << next) - memo.saving_of_subset(subset);
                    let with =
                        memo.saving_of_subset(after | 1 << next) - memo.saving_of_subset(after);
                    let (sum, count) =
                        &mut neighbours[pair_index(toggle.min(next), toggle.max(next))];
                    add_figures(sum, FIGURE_GETTERS.map(|of| of(&(with - without))));
                    *count += 1;
                }
                subset = after;
            }
        }
        for (toggle, gain) in gains.iter().enumerate() {
            // In the unit of the exact numerators, so that sampled and exact islands add up.
            let weight = DENOMINATOR / PERMUTATIONS;
            add_figures(&mut sums.shapley[toggle], gain.map(|figure| figure * weight));
            let told = [gain[0], gain[2], gain[7] + gain[8], gain[9]];
            for ((sum, squares), figure) in spread[toggle].iter_mut().zip(told) {
                let mean = figure as f64 / both.len() as f64;
                *sum += mean;
                *squares += mean * mean;
            }
        }
    }
    for (interaction, (sum, count)) in sums.interaction.iter_mut().zip(neighbours) {
        if count > 0 {
            add_figures(interaction, sum.map(|figure| (figure * DENOMINATOR).div_euclid(count)));
        }
    }
    // Variance of a mean: that of the samples by their number.
    let count = permutations.len().div_ceil(2) as f64;
    for (variance, spread) in variance.iter_mut().zip(spread) {
        for (variance, (sum, squares)) in variance.iter_mut().zip(spread) {
            // Rounding may bring a variance below zero where all samples agree.
            *variance += ((squares - sum * sum / count) / (count - 1.0) / count).max(0.0);
        }
    }
}

fn add_figures(sum: &mut SavingFigures<i128>, figures: SavingFigures<i128>) {
    sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
}

/// Orders of some toggles, each with its reverse.
fn draw_permutations(toggles: ToggleSubset, mut stream: impl Rng) -> Vec<Vec<usize>> {
    let bits = (0..ToggleSubset::BITS as usize).filter(|bit| toggles >> bit & 1 == 1);
    let mut order: Vec<usize> = bits.collect();
    let mut all = Vec::new();
    for _ in 0..PERMUTATIONS / 2 {
        for at in (1..order.len()).rev() {
            // The upper half of a product is below its factor: no bias worth a second draw.
            let wide = u128::from(stream.next_u64()) * (at as u128 + 1);
            order.swap(at, (wide >> 64) as usize);
        }
        // An order and its reverse err in opposite directions where toggles overlap, so that their
        // mean has less noise than two orders drawn freely.
        all.push(order.clone());
        all.push(order.iter().rev().copied().collect());
    }
    all
}

/// What the recording says about an island, as bytes.
fn island_content_bytes(plan: &Plan, island: &Island) -> Vec<u8> {
    let sessions = plan.sessions_of_island(island);
    let runs = sessions
        .iter()
        .flat_map(|session| &plan.runs[session.runs.start as usize..session.runs.end as usize]);
    let rows = runs.flat_map(|run| &plan.rows[run.row_range()]);
    // Calls that a toggle would make are no part of what was recorded.
    let recorded = rows.filter(|row| plan.event_of_row(row).inserted_by == 0);
    recorded
        .flat_map(|row| [row.start_ms, row.inputs, row.outputs])
        .flat_map(i64::to_le_bytes)
        .collect()
}

/// What the subsets on the way save, each replayed once.
struct SubsetMemo {
    /// Sorted by subset.
    savings: Vec<(ToggleSubset, Saving)>,
}

impl SubsetMemo {
    fn from_island(plan: &Plan, island: &Island, permutations: &[Vec<usize>]) -> Self {
        let subsets = subsets_on_the_way(permutations, island.touched_by, true);
        let before = PipelineTotals::from_outcome(plan, &replay::replay_island(plan, island, 0));
        // Each thread keeps its schedules; `collect` keeps the order of the subsets.
        let savings = subsets.into_par_iter().map_init(
            || IslandReplays::new(plan, island),
            |replays, subset| {
                let after = PipelineTotals::from_outcome(plan, replays.replay_subset(subset));
                (subset, Saving::between_totals(&before, &after))
            },
        );
        Self { savings: savings.collect() }
    }

    fn saving_of_subset(&self, subset: ToggleSubset) -> Saving {
        let at = self.savings.binary_search_by_key(&subset, |(known, _)| *known);
        self.savings[at.expect("every subset on the way is replayed")].1
    }
}

/// The subsets that some orders of toggles pass through, in order; with the neighbours that the
/// interaction of pairs takes, if asked for.
fn subsets_on_the_way(
    permutations: &[Vec<usize>],
    toggles: ToggleSubset,
    has_pairs: bool,
) -> Vec<ToggleSubset> {
    let mut subsets = vec![0];
    for order in permutations {
        let mut subset: ToggleSubset = 0;
        for (at, &toggle) in order.iter().enumerate() {
            // Its neighbour in its place.
            let next = order.get(at + 1).filter(|_| has_pairs);
            subsets.extend(next.map(|&next| subset | 1 << next));
            subset |= 1 << toggle;
            subsets.push(subset);
        }
    }
    // What each toggle saves alone and last is told exactly, not sampled.
    for toggle in permutations.first().into_iter().flatten() {
        subsets.extend([1 << toggle, toggles & !(1 << toggle)]);
    }
    // Orders share many subsets: each is replayed once.
    subsets.sort_unstable();
    subsets.dedup();
    subsets
}
