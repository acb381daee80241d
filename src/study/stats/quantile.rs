//! Quantiles of a list of values: one rule for all studies.
//!
//! The rule is the nearest rank: the quantile of a share is the smallest value that at least this
//! share of all values does not exceed. It is always one of the values, so that it is exact for
//! integers, and the median of an even number of values is the lower one of the middle two.

/// What a rank may be too high by before it counts: `0.1 * 30.0` is a little above 3, and the 10th
/// percentile of thirty values is the third of them all the same.
const RANK_ROUNDING: f64 = 1e-9;

/// The quantile of values in ascending order; `None` of none. `share` goes from 0 to 1.
#[must_use]
pub(crate) fn quantile_of_sorted<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let rank = (share * sorted.len() as f64 - RANK_ROUNDING).ceil() as usize;
    // Ranks start at 1; a share of 0 asks for the first value as well.
    sorted.get(rank.saturating_sub(1)).or(sorted.last()).copied()
}

/// The middle one of some values in any order, of an even number the lower one of the middle two;
/// `None` without any.
#[must_use]
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, 0.5)
}

/// Deviations of a normal distribution between which nine in ten values lie.
const NINE_IN_TEN: f64 = 1.645;

/// Between which of some values in ascending order the quantile of a share of everything that they
/// are drawn from lies, nine times in ten; `None` of none.
///
/// How many values lie below it is binomial, and about normal: both ends are ranks, so that nothing
/// is assumed of how values are spread.
#[must_use]
pub(crate) fn range_of_quantile<T: Copy>(sorted: &[T], share: f64) -> Option<(T, T)> {
    let count = sorted.len() as f64;
    let middle = count * share;
    let slack = NINE_IN_TEN * (count * share * (1.0 - share)).sqrt();
    // A rank below the first value is the first: what lies beyond was not drawn.
    let ranks = [(middle - slack).floor(), (middle + slack).ceil()];
    let [low, high] =
        ranks.map(|rank| sorted.get((rank.max(1.0) as usize) - 1).or(sorted.last()).copied());
    low.zip(high)
}

/// The 10th, 50th and 90th percentile of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CredibleBand<T> {
    /// One draw in ten is below.
    pub p10: T,
    /// The middle one.
    pub p50: T,
    /// One draw in ten is above.
    pub p90: T,
}

impl<T> CredibleBand<T> {
    /// The same in another unit.
    pub fn map<U>(self, convert: impl Fn(T) -> U) -> CredibleBand<U> {
        CredibleBand { p10: convert(self.p10), p50: convert(self.p50), p90: convert(self.p90) }
    }
}

impl<T: Ord + Copy + Default> CredibleBand<T> {
    /// The band of some values in any order; zeros without any.
    pub fn from_values(values: impl Iterator<Item = T>) -> Self {
        let mut sorted: Vec<T> = values.collect();
        sorted.sort_unstable();
        let [p10, p50, p90] =
            [0.1, 0.5, 0.9].map(|share| quantile_of_sorted(&sorted, share).unwrap_or_default());
        Self { p10, p50, p90 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: i64, share: f64, expect: Option<i64>) {
        let sorted: Vec<i64> = (1..=count).collect();
        assert_eq!(quantile_of_sorted(&sorted, share), expect, "{share} of {count}");
    }

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        check(0, 0.5, None);
        check(1, 0.9, Some(1));
        check(4, 0.5, Some(2));
        check(5, 0.5, Some(3));
        check(30, 0.1, Some(3));
        check(100, 0.0, Some(1));
        check(100, 1.0, Some(100));
        check(2_000, (1.0 - 0.95) / 2.0, Some(50));
        for count in 1..500 {
            for percent in 1..=100 {
                let rank = (count * percent + 99) / 100;
                check(count, percent as f64 / 100.0, Some(rank));
            }
        }
    }

    #[test]
    fn the_range_of_a_quantile_holds_it_nine_times_in_ten() {
        use crate::seed::Seed;
        use crate::study::stats::random_draws::draw_below;
        assert_eq!(range_of_quantile::<i64>(&[], 0.1), None);
        assert_eq!(range_of_quantile(&[7], 0.1), Some((7, 7)));
        let mut rng = Seed(774).random_stream("range of a quantile", &[]);
        // The quantiles of whole numbers below 10,000 are known.
        for share in [0.1, 0.9] {
            let held = (0..2_000).filter(|_| {
                let mut drawn: Vec<i64> = (0..200).map(|_| draw_below(10_000, &mut rng)).collect();
                drawn.sort_unstable();
                let (low, high) = range_of_quantile(&drawn, share).expect("values");
                (low..=high).contains(&((share * 10_000.0) as i64))
            });
            let held = held.count();
            assert!((1_780..=1_900).contains(&held), "{share}: {held} of 2,000");
        }
    }

    #[test]
    fn a_median_is_one_of_the_values() {
        assert_eq!(median([3.0, 1.0, 2.0, 10.0]), Some(2.0));
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn a_band_of_nothing_is_zero() {
        assert_eq!(CredibleBand::<i64>::from_values([].into_iter()), CredibleBand::default());
        let band = CredibleBand::from_values(1..=10);
        assert_eq!((band.p10, band.p50, band.p90), (1, 5, 9));
    }
}
