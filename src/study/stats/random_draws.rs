//! Random numbers of several distributions, in integers and fixed point: the same on every machine.

use crate::fixed_point::{self, ONE};
use rand::Rng;

/// A whole number from 0 to `count - 1`, all alike (up to 2^-64).
pub(crate) fn draw_below(count: i64, rng: &mut impl Rng) -> i64 {
    // The upper half of the product is the random number, scaled down to the range.
    ((u128::from(rng.next_u64()) * u128::from(count.unsigned_abs())) >> 64) as i64
}

/// How far above the low end a draw lies, of a triangular distribution so wide, with its mode so
/// far above the low end. By inversion: the square of the distance from an end is uniform.
pub(crate) fn draw_triangular(width: i64, mode: i64, rng: &mut impl Rng) -> i64 {
    // 2^31 steps keep the products below 2^128 for every width that a parameter may have.
    let step = u128::from(rng.next_u64() >> 33);
    let all_steps = 1_u128 << 31;
    let (width, mode) = (u128::from(width.unsigned_abs()), u128::from(mode.unsigned_abs()));
    // A share mode / width of the draws lies below the mode.
    let above_low = if step * width < mode * all_steps {
        // Below the mode a share u of the draws lies within sqrt(u width mode) of the low end.
        rounded_root(step * width * mode)
    } else {
        width - rounded_root((all_steps - step) * width * (width - mode))
    };
    above_low as i64
}

/// The rounded root of a number in 2^-31; four times the number has twice the root, whose last bit
/// is the half to round by.
fn rounded_root(square: u128) -> u128 {
    ((4 * square) >> 31).isqrt().div_ceil(2)
}

/// A share of the way from low to high, Q32, with the density of a PERT distribution whose mode is
/// at `mode` (Q32): `t^a (1 - t)^b` with `a = 4 mode` and `b = 4 (1 - mode)`. By rejection under
/// the density's peak, which takes fewer than three tries on average.
pub(crate) fn draw_pert(mode: i64, rng: &mut impl Rng) -> i64 {
    loop {
        // In the open interval, so that logarithms exist.
        let share = ((rng.next_u64() >> 32) as i64).clamp(1, ONE - 1);
        let accept = (rng.next_u64() >> 32) as i64;
        let log = pert_log_density(mode, share, mode)
            + pert_log_density(ONE - mode, ONE - share, ONE - mode);
        // Less than 2^-40 of the peak is as good as never; the power has no smaller value.
        if accept < fixed_point::exp2(log.clamp(-40 * ONE, 0)) {
            return share;
        }
    }
}

/// One factor of a PERT density against its peak, as a binary logarithm.
fn pert_log_density(weight: i64, at: i64, peak: i64) -> i64 {
    let log = fixed_point::log2(at) - fixed_point::log2(peak.max(1));
    4 * fixed_point::product_q32(weight, log)
}

/// One of the values, as often as its weight says; `None` without any.
pub(crate) fn draw_weighted<T: Copy>(weights: &[(T, i64)], rng: &mut impl Rng) -> Option<T> {
    let all: i64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut at = draw_below(all.max(1), rng);
    for &(value, weight) in weights {
        if at < weight {
            return Some(value);
        }
        at -= weight;
    }
    // Only where every weight is 0.
    weights.last().map(|(value, _)| *value)
}

/// A number from about a normal distribution, mean 0 and deviation 1, in 2^-32: the sum of twelve
/// uniform ones.
pub(crate) fn draw_normal(rng: &mut impl Rng) -> i64 {
    // Each has the mean 1/2 and the variance 1/12: twelve of them have 6 and 1.
    let sum: i64 = (0..12).map(|_| (rng.next_u64() >> 32) as i64).sum();
    sum - 6 * ONE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn weights_are_kept() {
        let mut rng = Seed(1).random_stream("test", b"weights");
        let drawn: Vec<u32> =
            (0..9_000).filter_map(|_| draw_weighted(&[(7, 1), (8, 0), (9, 2)], &mut rng)).collect();
        let nines = drawn.iter().filter(|&&value| value == 9).count();
        assert!((5_800..6_200).contains(&nines) && !drawn.contains(&8), "{nines}");
        assert_eq!(draw_weighted::<u32>(&[], &mut rng), None);
    }

    #[test]
    fn the_normal_is_about_normal() {
        let mut rng = Seed(1).random_stream("test", b"normal");
        let mut drawn: Vec<i64> = (0..20_000).map(|_| draw_normal(&mut rng)).collect();
        drawn.sort_unstable();
        let at = |share: usize| drawn[drawn.len() * share / 100] * 1_000 / ONE;
        assert!((at(95) - 1_645).abs() < 40 && at(50).abs() < 30, "{} {}", at(95), at(50));
    }
}
