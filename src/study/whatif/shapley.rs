//! Who saved what: the joint saving of all toggles, shared out among them.
//!
//! Toggles overlap (what one drops another cannot shrink) and help each other, so that neither what
//! a toggle saves alone nor what it adds last adds up to the joint saving. Its Shapley value does:
//! the mean of what it adds, over all orders in which the toggles could be switched on,
//!
//! ```text
//! phi_i = sum over S without i of  s! (k - s - 1)! / k!  (v(S + i) - v(S))
//! ```
//!
//! for k toggles, s of them in S, and v the saving of a subset. It is symmetric, gives nothing to a
//! toggle that does nothing, keeps the sign of one that costs, and is additive: what a sum of
//! islands saves is shared out island by island, each over its own bits. Source: L. S. Shapley,
//! "A Value for n-Person Games", 1953.
//!
//! Pairs get the Shapley interaction index: the same mean, with the pair entering as one, of
//!
//! ```text
//! v(S + i + j) - v(S + i) - v(S + j) + v(S),    weights s! (k - s - 2)! / (k - 1)!
//! ```
//!
//! It is chosen because it is additive over islands too, does not change when a toggle that does
//! nothing joins, and has the same denominator. Below 0 the two save the same tokens, above 0 each
//! makes the other worth more. Source: M. Grabisch, M. Roubens, International Journal of Game
//! Theory 28, 1999, doi:10.1007/s001820050125.
//!
//! All of it is integers over one denominator; the only rounding stands in [`Attribution`]'s last
//! step, by largest remainder, so that the values add up to the joint saving exactly.

mod attribution_sums;
mod permutation_sampling;
mod subset_sums;

use super::lattice::{self, MOST_BITS, SubsetLattice};
use super::marginal_savings::MarginalSavings;
use super::savings::Saving;
use crate::plan::{Plan, ToggleSubset};
use crate::replay::ReplayCost;
use crate::seed::Seed;
use crate::units::{PicoUsd, Usage};
pub(super) use attribution_sums::SavingFigures;
use attribution_sums::{AttributionSums, FIGURE_COUNT, FIGURE_GETTERS, pair_index};
pub use permutation_sampling::StandardError;
use rand::Rng;
use std::cmp::Reverse;
use subset_sums::DENOMINATOR;

/// The joint saving of all toggles, shared out.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// What all toggles together save.
    pub joint: Saving,
    /// The Shapley value of each toggle. Every figure of them adds up to that of `joint`.
    pub shapley: Vec<Saving>,
    /// What each toggle saves with no other one on.
    pub alone: Vec<Saving>,
    /// What each toggle adds when all others are on.
    pub last: Vec<Saving>,
    /// The Shapley interaction index, toggle by toggle: symmetric, nothing on the diagonal. Every
    /// figure is rounded for itself, half up.
    pub interaction: Vec<Vec<Saving>>,
    /// How far the Shapley value of each toggle may be off, where an island had to be sampled;
    /// `None` if all of it is exact.
    pub standard_error: Option<Vec<StandardError>>,
}

impl Attribution {
    /// Shares out what `toggles` toggles save: exactly, but for islands that more than
    /// [`MOST_BITS`] of them touch; there over permutations drawn by `seed`.
    #[must_use]
    pub fn from_plan(plan: &Plan, toggles: usize, seed: Seed) -> Self {
        Self::with_samples_above(MOST_BITS, plan, toggles, seed)
    }

    /// The same with islands sampled that more than `bits` toggles touch.
    ///
    /// # Panics
    /// If `bits` is above [`MOST_BITS`].
    #[must_use]
    pub fn with_samples_above(bits: u32, plan: &Plan, toggles: usize, seed: Seed) -> Self {
        assert!(bits <= MOST_BITS, "{bits} bits have no exact lattice");
        let mut sums = AttributionSums::new(toggles);
        // Islands that few toggles touch are summed exactly; only the others are sampled.
        for table in &lattice::island_tables(plan, |island| island.touched_by.count_ones() <= bits)
        {
            sums.add_table(table);
        }
        let mut variance: Option<Vec<permutation_sampling::ShapleyVariance>> = None;
        // Past the bound an island has too many subsets to replay all; its shares are estimated
        // from drawn orders, with a standard error. All other islands stay exact.
        for island in plan.islands.iter().filter(|one| one.touched_by.count_ones() > bits) {
            let variance = variance.get_or_insert_with(|| vec![[0.0; 4]; toggles]);
            permutation_sampling::add_sampled_island(plan, island, seed, &mut sums, variance);
        }
        let errors = variance.map(|all| all.iter().map(StandardError::from_variance).collect());
        Self { standard_error: errors, ..Self::from(sums) }
    }
}

impl From<&SubsetLattice> for Attribution {
    fn from(lattice: &SubsetLattice) -> Self {
        let mut sums = AttributionSums::new(lattice.toggles);
        for table in &lattice.tables {
            sums.add_table(table);
        }
        Self::from(sums)
    }
}

/// The saving of these figures.
fn saving_from_figures(figures: SavingFigures<i128>) -> Saving {
    let small =
        |at: usize| i64::try_from(figures[at]).expect("a share is no larger than the whole");
    let usage = Usage {
        fresh: small(1),
        read: small(2),
        write_5m: small(3),
        write_1h: small(4),
        output: small(5),
    };
    let cost = ReplayCost { recorded: PicoUsd(figures[7]), hidden: PicoUsd(figures[8]) };
    Saving {
        calls: small(0),
        usage,
        hidden_output: small(6),
        cost,
        session_ms: small(9),
        moved: small(10),
    }
}

/// What toggles save alone, last and together, and the numerators of the Shapley value of each;
/// nothing of pairs.
#[must_use]
pub(super) fn share_out_lattice(
    lattice: &SubsetLattice,
) -> (MarginalSavings, Vec<SavingFigures<i128>>) {
    let mut sums = AttributionSums::without_interaction(lattice.toggles);
    for table in &lattice.tables {
        sums.add_table(table);
    }
    let AttributionSums { shapley, joint, alone, last, .. } = sums;
    (MarginalSavings { joint, alone, last, sets: Vec::new() }, shapley)
}

/// The Shapley values of numerators, figure by figure, so that in each of them the shares add up to
/// the joint saving to the token.
pub(super) fn round_shapley_values(
    joint: &Saving,
    numerators: &[SavingFigures<i128>],
) -> Vec<Saving> {
    let mut shapley = vec![[0; FIGURE_COUNT]; numerators.len()];
    for (figure, value_of) in FIGURE_GETTERS.iter().enumerate() {
        // Over one common denominator, so that shares are compared and rounded exactly.
        let numerators: Vec<i128> = numerators.iter().map(|share| share[figure]).collect();
        let shares = round_shares_to_total(value_of(joint), &numerators);
        for (toggle, share) in shares.into_iter().enumerate() {
            shapley[toggle][figure] = share;
        }
    }
    shapley.into_iter().map(saving_from_figures).collect()
}

impl From<AttributionSums> for Attribution {
    fn from(sums: AttributionSums) -> Self {
        let toggles = sums.shapley.len();
        let mut interaction = vec![vec![Saving::default(); toggles]; toggles];
        for (i, j) in (0..toggles).flat_map(|j| (0..j).map(move |i| (i, j))) {
            let numerators = sums.interaction[pair_index(i, j)];
            // An interaction is no share of anything: each is rounded for itself, half up.
            let rounded = numerators
                .map(|numerator| (2 * numerator + DENOMINATOR).div_euclid(2 * DENOMINATOR));
            interaction[i][j] = saving_from_figures(rounded);
            interaction[j][i] = interaction[i][j];
        }
        Self {
            joint: sums.joint,
            shapley: round_shapley_values(&sums.joint, &sums.shapley),
            alone: sums.alone,
            last: sums.last,
            interaction,
            standard_error: None,
        }
    }
}

/// The shares of toggles in one figure of which the value of every subset is known: entry k is the
/// subset of the bits of k, entry 0 is nothing. They add up to the last entry.
///
/// # Panics
/// If there are more than [`MOST_BITS`] bits.
#[must_use]
pub(crate) fn share_out_values(values: &[i64]) -> Vec<i64> {
    let bits = values.len().trailing_zeros();
    assert!(bits <= MOST_BITS, "{bits} bits have no exact lattice");
    let mut weights = subset_sums::ShapleyWeights::default();
    weights.resize_for_bits(bits as usize);
    weights.load_values(values.iter().map(|&value| value.into()));
    // Each bit's share, still to be divided by the denominator.
    let mut numerators = vec![0; bits as usize];
    weights.for_each_single(|bit, numerator| numerators[bit] = numerator);
    let total = values.last().copied().unwrap_or(0).into();
    let shares = round_shares_to_total(total, &numerators).into_iter();
    shares.map(|share| i64::try_from(share).expect("no larger than the whole")).collect()
}

/// The same where there are too many toggles for all of their subsets: means over sampled orders,
/// by bit, and how far each may be off (one standard deviation). They add up to what all save.
#[must_use]
pub(crate) fn share_out_sampled_times(
    toggles: ToggleSubset,
    stream: impl Rng,
    mut saved_ms: impl FnMut(ToggleSubset) -> i64,
) -> Vec<(i64, f64)> {
    // Bits up to the highest toggle; those between that cannot move time stay at zero.
    let count = (ToggleSubset::BITS - toggles.leading_zeros()) as usize;
    let mut sums = AttributionSums::without_interaction(count);
    let mut variance = vec![[0.0; 4]; count];
    permutation_sampling::add_sampled_subsets(
        toggles,
        stream,
        |subset| Saving { session_ms: saved_ms(subset), ..Saving::default() },
        &mut sums,
        &mut variance,
    );
    // Whole milliseconds that add up, and beside each the error of its mean.
    let errors = variance.iter().map(|one| StandardError::from_variance(one).session_ms);
    round_shapley_values(&sums.joint, &sums.shapley)
        .iter()
        .map(|share| share.session_ms)
        .zip(errors)
        .collect()
}

/// Rounds numerators that add up to `total` times the denominator, so that the shares add up to
/// `total`: all are rounded down, and what is missing goes to the largest remainders, one each. Of
/// equal remainders the lower bit comes first.
fn round_shares_to_total(total: i128, numerators: &[i128]) -> Vec<i128> {
    let mut shares: Vec<i128> = numerators.iter().map(|n| n.div_euclid(DENOMINATOR)).collect();
    let missing = total - shares.iter().sum::<i128>();
    debug_assert!((0..=numerators.len() as i128).contains(&missing), "{missing} are missing");
    // Rounding down loses less than one for each share, so that one each is enough.
    if missing > 0 {
        // The largest remainders first; the sort is stable, so that ties go to the toggle that was
        // named first.
        let mut order: Vec<usize> = (0..shares.len()).collect();
        // The largest remainder first: no toggle is favoured.
        order.sort_by_key(|&at| Reverse(numerators[at].rem_euclid(DENOMINATOR)));
        for &at in order.iter().take(missing as usize) {
            shares[at] += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: i128, parts: &[i128], of: i128, want: &[i128]) {
        let numerators: Vec<i128> = parts.iter().map(|part| part * DENOMINATOR / of).collect();
        assert_eq!(round_shares_to_total(total, &numerators), want, "{parts:?} of {of}");
    }

    #[test]
    fn one_figure_is_shared_out() {
        // The longer of two sessions, 10 and 8: X frees 6 of the first, Y 6 of the second.
        assert_eq!(share_out_values(&[0, 2, 0, 6]), [4, 2]);
        assert!(share_out_values(&[0]).is_empty());
        assert_eq!(share_out_values(&[0, 7]), [7]);
    }

    #[test]
    fn sampled_times_come_near_the_exact_ones_and_tell_how_near() {
        // Two sessions side by side, 90 and 80 s: toggle k frees some of one, every third of both.
        let value = |subset: ToggleSubset| {
            let mut lengths = [90_000_i64, 80_000];
            for bit in (0..13).filter(|bit| subset >> bit & 1 == 1) {
                let freed = 1_000 * (bit as i64 + 1);
                lengths[bit % 2] -= freed;
                lengths[1 - bit % 2] -= if bit % 3 == 0 { freed } else { 0 };
            }
            90_000 - lengths[0].max(lengths[1])
        };
        let subsets: Vec<i64> = (0..1_u64 << 13).map(value).collect();
        let exact = share_out_values(&subsets);
        let sample = |seed: u64| {
            let stream = crate::seed::Seed(seed).random_stream("minutes", b"");
            share_out_sampled_times((1 << 13) - 1, stream, value)
        };
        let sampled = sample(774);
        assert_eq!(sampled, sample(774));
        assert_ne!(sampled, sample(775));
        assert_eq!(sampled.iter().map(|one| one.0).sum::<i64>(), value((1 << 13) - 1));
        for (at, ((share, error), exact)) in sampled.iter().zip(exact).enumerate() {
            // What frees as much of both sessions adds the same in every order.
            assert_eq!(*error > 0.0, at % 3 != 0, "{at}: {error}");
            assert!(*error < 500.0, "{at}: {error}");
            assert!((share - exact).abs() as f64 <= 4.0 * error, "{at}: {share} {exact} {error}");
        }
        // Where every order says the same there is no error.
        let stream = crate::seed::Seed(774).random_stream("minutes", b"");
        let additive = |subset: ToggleSubset| 7 * i64::from(subset.count_ones());
        let sampled = share_out_sampled_times((1 << 14) - 1, stream, additive);
        assert_eq!(sampled, vec![(7, 0.0); 14]);
    }

    #[test]
    fn shares_are_rounded_to_the_total() {
        check(0, &[], 1, &[]);
        check(5, &[3, 2], 1, &[3, 2]);
        check(1, &[1, 1, 1], 3, &[1, 0, 0]);
        check(11, &[17, 5], 2, &[9, 2]);
        // The larger remainder is served first, and a toggle that costs keeps its sign.
        check(2, &[4, 2], 3, &[1, 1]);
        check(1, &[16, -10], 6, &[3, -2]);
        check(-1, &[-1, -1, 0], 2, &[0, -1, 0]);
    }
}
