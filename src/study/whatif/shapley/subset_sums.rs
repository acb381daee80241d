//! Weighted sums over all subsets of a table, for each bit and each pair of bits.
//!
//! With v(T) the value of subset T of k bits, t of them on, and w(s) = s! (k - s - 1)! / k!,
//!
//! ```text
//! phi_i = sum over T with i of  (w(t - 1) + w(t)) v(T)  -  sum over all T of  w(t) v(T)
//! ```
//!
//! so that one weighted column and its sums over "T with i" are all there is to compute. Folding
//! the column in half, bit by bit, gives all of these sums in two additions a subset. Pairs are the
//! same with w(s) = s! (k - s - 2)! / (k - 1)!, where a subset counts w(t - 2) with both bits,
//! -w(t - 1) with one of them and w(t) with none.

/// Common denominator of all weights: the least common multiple of 1 to 16, because
/// k (k - 1 over s) divides that of 1 to k, and no exact table has more than 16 bits.
pub(super) const DENOMINATOR: i128 = 720_720;

/// Weights for a number of bits, and the columns that they are applied to.
#[derive(Default)]
pub(super) struct ShapleyWeights {
    bits: usize,
    /// Numerators of w(s) for single bits and for pairs.
    single_weights: Vec<i128>,
    pair_weights: Vec<i128>,
    values: Vec<i128>,
    column: Vec<i128>,
    half: Vec<i128>,
    bit_sums: Vec<i128>,
}

impl ShapleyWeights {
    /// For tables of so many bits.
    pub(super) fn resize_for_bits(&mut self, bits: usize) {
        self.bits = bits;
        fill_weights(&mut self.single_weights, bits);
        fill_weights(&mut self.pair_weights, bits.saturating_sub(1));
        self.bit_sums.resize(bits, 0);
    }

    /// Takes the values of all subsets; whether any of them is not 0.
    pub(super) fn load_values(&mut self, values: impl Iterator<Item = i128>) -> bool {
        self.values.clear();
        let mut any = 0;
        self.values.extend(values.inspect(|value| any |= value));
        debug_assert_eq!(self.values.len(), 1 << self.bits, "a value a subset");
        any != 0
    }

    /// Tells the numerator of every bit's Shapley value.
    pub(super) fn for_each_single(&mut self, mut tell: impl FnMut(usize, i128)) {
        let weights = &self.single_weights;
        // A gain is what subsets with the bit save less what those without it do. Written as one
        // sum over all subsets and one over those with the bit, every bit is served by the same two
        // columns.
        let all: i128 = weigh_by_size(&self.values, |t| weight_below_size(weights, t, 0)).sum();
        self.column.clear();
        self.column.extend(weigh_by_size(&self.values, |t| {
            weight_below_size(weights, t, 1) + weight_below_size(weights, t, 0)
        }));
        fold_bit_sums(&mut self.column, self.bits, |bit, sum| tell(bit, sum - all));
    }

    /// Tells the numerator of every pair's interaction, the smaller bit first.
    pub(super) fn for_each_pair(&mut self, mut tell: impl FnMut(usize, usize, i128)) {
        let Self { pair_weights: two, values, column, half, bit_sums: singles, .. } = self;
        let none: i128 = weigh_by_size(values, |t| weight_below_size(two, t, 0)).sum();
        column.clear();
        column.extend(weigh_by_size(values, |t| {
            weight_below_size(two, t, 1) + weight_below_size(two, t, 0)
        }));
        fold_bit_sums(column, self.bits, |bit, sum| singles[bit] = sum);
        // With both bits on a subset counts w(t - 2). What is taken off for either bit and added
        // for none holds such subsets too: the two other weights make up for that.
        column.clear();
        column.extend(weigh_by_size(values, |t| {
            weight_below_size(two, t, 2)
                + 2 * weight_below_size(two, t, 1)
                + weight_below_size(two, t, 0)
        }));
        for j in (1..self.bits).rev() {
            // The upper half has this bit on; added onto the lower half it is summed over.
            let (lower, upper) = column.split_at_mut(1 << j);
            half.clear();
            half.extend_from_slice(upper);
            fold_bit_sums(half, j, |i, sum| tell(i, j, sum - singles[i] - singles[j] + none));
            lower.iter_mut().zip(upper).for_each(|(low, high)| *low += *high);
            column.truncate(1 << j);
        }
    }
}

/// Numerators of s! (k - s - 1)! / k! = 1 / (k (k - 1 over s)).
fn fill_weights(weights: &mut Vec<i128>, bits: usize) {
    weights.clear();
    let k = bits as i128;
    let mut over = 1;
    for s in 0..k {
        weights.push(DENOMINATOR / (k * over));
        // From one binomial coefficient to the next, without a remainder.
        over = over * (k - 1 - s) / (s + 1);
    }
}

/// The weight of `less` bits fewer than `t`; 0 where there is none.
fn weight_below_size(weights: &[i128], t: usize, less: usize) -> i128 {
    t.checked_sub(less).and_then(|s| weights.get(s)).copied().unwrap_or_default()
}

/// Values times the weight of their number of bits.
fn weigh_by_size(values: &[i128], of: impl Fn(usize) -> i128) -> impl Iterator<Item = i128> {
    // A subset counts by how many of its bits are on: seventeen weights for any table.
    let mut by_size = [0; 17];
    for (t, weight) in by_size.iter_mut().enumerate() {
        *weight = of(t);
    }
    let sized = values.iter().enumerate();
    sized.map(move |(subset, value)| value * by_size[subset.count_ones() as usize])
}

/// Tells, for every bit, the sum over all subsets with it.
fn fold_bit_sums(column: &mut Vec<i128>, bits: usize, mut tell: impl FnMut(usize, i128)) {
    for bit in (0..bits).rev() {
        let (lower, upper) = column.split_at_mut(1 << bit);
        let mut sum = 0;
        for (low, high) in lower.iter_mut().zip(upper) {
            sum += *high;
            // Then the bit is forgotten: what had it and what had not is one.
            *low += *high;
        }
        tell(bit, sum);
        column.truncate(1 << bit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[i128], singles: &[i128], pairs: &[i128]) {
        let mut weights = ShapleyWeights::default();
        weights.resize_for_bits(values.len().trailing_zeros() as usize);
        weights.load_values(values.iter().copied());
        let (mut met, mut both) = (vec![0; singles.len()], Vec::new());
        weights.for_each_single(|bit, sum| met[bit] = sum);
        weights.for_each_pair(|i, j, sum| both.push((j, i, sum)));
        both.sort_unstable();
        assert_eq!(met, singles.iter().map(|one| one * DENOMINATOR / 6).collect::<Vec<_>>());
        let both: Vec<i128> = both.into_iter().map(|(.., sum)| sum).collect();
        assert_eq!(both, pairs.iter().map(|one| one * DENOMINATOR / 6).collect::<Vec<_>>());
    }

    #[test]
    fn games_by_hand_in_sixths() {
        check(&[0], &[], &[]);
        check(&[0, 7], &[42], &[]);
        // v(1) = 10, v(2) = 4, v(12) = 11: 1 adds 10 first and 7 last, 2 adds 4 and 1.
        check(&[0, 10, 4, 11], &[51, 15], &[-18]);
        // The glove game: a left hand (0) and two right ones; a pair is worth 1. The left one is
        // late enough in 4 of 6 orders, each right one in 1. Pairs, S being empty or the third:
        // 01: (1 + (1 - 1 - 0 + 0)) / 2, and 12: (0 + (1 - 1 - 1 + 0)) / 2.
        check(&[0, 0, 0, 1, 0, 1, 0, 1], &[4, 1, 1], &[3, 3, -3]);
        // v(0) = 6, v(1) = 12, v(01) = 42, v(2) = 18, v(02) = 24, v(12) = 30, v(012) = 60.
        // 0: (2*6 + 30 + 6 + 2*30)/6 = 18; 1: (2*12 + 36 + 12 + 2*36)/6 = 24;
        // 2: (2*18 + 18 + 18 + 2*18)/6 = 18. Pairs: (24 + 24)/2, (0 + 0)/2, (0 + 0)/2.
        check(&[0, 6, 12, 42, 18, 24, 30, 60], &[108, 144, 108], &[144, 0, 0]);
    }

    #[test]
    fn the_denominator_holds_every_weight() {
        for bits in 1..=16 {
            let mut weights = Vec::new();
            fill_weights(&mut weights, bits);
            let mut over = 1;
            let mut sum = 0;
            for (s, weight) in weights.iter().enumerate() {
                assert_eq!(weight * over * bits as i128, DENOMINATOR, "{s} of {bits}");
                sum += weight * over;
                over = over * (bits - 1 - s) as i128 / (s + 1) as i128;
            }
            assert_eq!(sum, DENOMINATOR);
        }
    }
}
