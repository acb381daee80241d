//! What islands add up to while shares are made: numerators over one denominator.

use super::subset_sums::ShapleyWeights;
use crate::plan::ToggleSubset;
use crate::study::whatif::lattice::SavingsTable;
use crate::study::whatif::savings::Saving;

/// The figures of a saving, one by one: calls, tokens by class, hidden output, money recorded and
/// hidden, time, and reads that later compactions take back.
pub(in super::super) type SavingFigures<T> = [T; FIGURE_COUNT];

/// Figures of a saving.
pub(super) const FIGURE_COUNT: usize = 11;

/// One figure of a saving.
pub(super) const FIGURE_GETTERS: SavingFigures<fn(&Saving) -> i128> = [
    |saving| saving.calls.into(),
    |saving| saving.usage.fresh.into(),
    |saving| saving.usage.read.into(),
    |saving| saving.usage.write_5m.into(),
    |saving| saving.usage.write_1h.into(),
    |saving| saving.usage.output.into(),
    |saving| saving.hidden_output.into(),
    |saving| saving.cost.recorded.0,
    |saving| saving.cost.hidden.0,
    |saving| saving.session_ms.into(),
    |saving| saving.moved.into(),
];

/// What islands add up to, before the one rounding.
pub(super) struct AttributionSums {
    /// Numerators over [`DENOMINATOR`](super::subset_sums::DENOMINATOR), by toggle.
    pub(super) shapley: Vec<SavingFigures<i128>>,
    /// Likewise, for toggles `i < j` at `j (j - 1) / 2 + i`; empty where pairs are not asked for.
    pub(super) interaction: Vec<SavingFigures<i128>>,
    pub(super) alone: Vec<Saving>,
    pub(super) last: Vec<Saving>,
    pub(super) joint: Saving,
    weights: ShapleyWeights,
}

/// The place of a pair, the smaller one first.
pub(super) fn pair_index(i: usize, j: usize) -> usize {
    debug_assert!(i < j, "{i} and {j} are no pair in order");
    j * (j - 1) / 2 + i
}

impl AttributionSums {
    pub(super) fn new(toggles: usize) -> Self {
        let pairs = toggles * toggles.saturating_sub(1) / 2;
        Self { interaction: vec![[0; FIGURE_COUNT]; pairs], ..Self::without_interaction(toggles) }
    }

    /// The same without pairs, which take most of the time.
    pub(super) fn without_interaction(toggles: usize) -> Self {
        Self {
            shapley: vec![[0; FIGURE_COUNT]; toggles],
            interaction: Vec::new(),
            alone: vec![Saving::default(); toggles],
            last: vec![Saving::default(); toggles],
            joint: Saving::default(),
            weights: ShapleyWeights::default(),
        }
    }

    /// Adds an island with all its subsets.
    pub(super) fn add_table(&mut self, table: &SavingsTable) {
        let mut left = table.bits;
        // The toggles of the table, lowest bit first: its bit k is toggle `toggles[k]` of the plan.
        let toggles: Vec<usize> = std::iter::from_fn(|| {
            // The lowest bit that is left is taken, and then cleared.
            let toggle = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (toggle < ToggleSubset::BITS as usize).then_some(toggle)
        })
        .collect();
        self.add_marginal_savings(table.bits, |subset| *table.saving_of_subset(subset));
        self.weights.resize_for_bits(toggles.len());
        for (figure, of) in FIGURE_GETTERS.iter().enumerate() {
            let AttributionSums { shapley, interaction, weights, .. } = self;
            // Most islands have figures that no subset moves (a class of tokens that is never
            // billed).
            if !weights.load_values(table.savings.iter().map(of)) {
                continue;
            }
            weights.for_each_single(|bit, sum| shapley[toggles[bit]][figure] += sum);
            if !interaction.is_empty() {
                weights.for_each_pair(|i, j, sum| {
                    interaction[pair_index(toggles[i], toggles[j])][figure] += sum;
                });
            }
        }
    }

    /// Adds what an island saves under all its bits, under each alone, and without each.
    pub(super) fn add_marginal_savings(
        &mut self,
        bits: ToggleSubset,
        saving: impl Fn(ToggleSubset) -> Saving,
    ) {
        // Alone is what a toggle saves when nothing else is on, last what it adds when everything
        // else is: where toggles overlap the share lies between the two.
        let all = saving(bits);
        self.joint = self.joint + all;
        let mut left = bits;
        while left != 0 {
            let toggle = left.trailing_zeros() as usize;
            left &= left - 1;
            self.alone[toggle] = self.alone[toggle] + saving(1 << toggle);
            self.last[toggle] = self.last[toggle] + (all - saving(bits & !(1 << toggle)));
        }
    }
}
