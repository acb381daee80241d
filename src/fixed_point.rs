//! Fixed-point logarithms and powers, so that the model needs no floating point.
//!
//! Library `pow` and `ln` differ between platforms in the last bit; a reconstructed pipeline must
//! not. Numbers are Q32: an `i64` holding value x 2^32. The absolute error is below 2^-26.

/// One in Q32.
pub const ONE: i64 = 1 << 32;

/// ln 2 in Q32.
const LN_2: i64 = 2_977_044_472;

/// Product of two Q32 numbers.
#[must_use]
pub(crate) fn product_q32(a: i64, b: i64) -> i64 {
    ((i128::from(a) * i128::from(b)) >> 32) as i64
}

/// `numerator / denominator` in Q32.
///
/// # Panics
/// If the denominator is not positive or the quotient does not fit.
#[must_use]
pub fn ratio_q32(numerator: i64, denominator: i64) -> i64 {
    assert!(denominator > 0, "ratio with denominator {denominator}");
    i64::try_from((i128::from(numerator) << 32) / i128::from(denominator)).expect("ratio fits Q32")
}

/// log2 of a positive Q32 number, in Q32.
///
/// # Panics
/// If `x` is not positive.
#[must_use]
pub(crate) fn log2(x: i64) -> i64 {
    assert!(x > 0, "log2 of {x}");
    let exponent = 31 - i64::from(x.leading_zeros());
    // Mantissa in [1, 2), held in Q62 for the repeated squaring.
    let mut mantissa = (x as u64) << (x.leading_zeros() - 1);
    let mut fraction = 0_i64;
    for bit in (0..32).rev() {
        mantissa = ((u128::from(mantissa) * u128::from(mantissa)) >> 62) as u64;
        let is_above = mantissa >> 63;
        mantissa >>= is_above;
        fraction |= (is_above as i64) << bit;
    }
    exponent * ONE + fraction
}

/// 2 to the power of a Q32 number, in Q32; 0 below 2^-32.
///
/// # Panics
/// If the result does not fit (exponent of 31 or more).
#[must_use]
pub(crate) fn exp2(x: i64) -> i64 {
    let whole = x >> 32;
    assert!(whole < 31, "exp2 overflows");
    if whole < -32 {
        return 0;
    }
    // e^(f ln 2) by its series; f ln 2 < 0.7, so 16 terms reach 2^-32.
    let f = product_q32(x & (ONE - 1), LN_2);
    let mut series = PowerSeries { f: f as u64, term: ONE as u64, sum: ONE as u64 };
    series.add_terms([1, 2, 3, 4]);
    series.add_terms([5, 6, 7, 8]);
    series.add_terms([9, 10, 11, 12]);
    series.add_terms([13, 14, 15, 16]);
    let sum = series.sum as i64;
    if whole >= 0 { sum << whole } else { sum >> -whole }
}

/// The terms of `e^f` in Q32, for f below 1: none of them leaves a word.
struct PowerSeries {
    f: u64,
    term: u64,
    sum: u64,
}

impl PowerSeries {
    /// The next four terms. Their numbers are constants, because to divide by one is to multiply.
    #[inline]
    fn add_terms(&mut self, numbers: [u64; 4]) {
        // Terms only fall: behind one of nothing there are none.
        if self.term > 0 {
            for number in numbers {
                self.term = ((self.term * self.f) >> 32) / number;
                self.sum += self.term;
            }
        }
    }
}

/// Natural logarithm of a positive Q32 number, in Q32.
#[must_use]
pub fn ln(x: i64) -> i64 {
    product_q32(log2(x), LN_2)
}

/// `tokens * factor` with a Q32 factor, rounded down.
#[must_use]
pub(crate) fn scale_tokens(tokens: i64, factor: i64) -> i64 {
    ((i128::from(tokens) * i128::from(factor)) >> 32) as i64
}

/// A Q32 number in thousandths, halves away from zero.
#[must_use]
pub fn to_thousandths(x: i64) -> i64 {
    let thousandths = (i128::from(x.unsigned_abs()) * 1_000 + (1 << 31)) >> 32;
    x.signum() * i64::try_from(thousandths).unwrap_or(i64::MAX)
}

/// A decimal string with three places of a Q32 number, rounded half up, e.g. `0.776`.
#[must_use]
pub fn to_decimal(x: i64) -> String {
    let sign = if x < 0 { "-" } else { "" };
    let thousandths = to_thousandths(x).unsigned_abs();
    format!("{sign}{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: i64, want: f64) {
        let got = got as f64 / ONE as f64;
        assert!((got - want).abs() < 2e-8, "{got} against {want}");
    }

    #[test]
    fn logarithms_and_powers_match_the_library() {
        for (n, d) in [(1, 3), (2, 1), (85, 52), (1, 1000), (7, 8), (199, 100)] {
            close(log2(ratio_q32(n, d)), (ratio_q32(n, d) as f64 / ONE as f64).log2());
            close(ln(ratio_q32(n, d)), (ratio_q32(n, d) as f64 / ONE as f64).ln());
        }
        close(exp2(ratio_q32(5, 2)), 2f64.powf(2.5));
        close(exp2(-ratio_q32(5, 2)), 2f64.powf(-2.5));
    }

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(log2(ONE), 0);
        assert_eq!(exp2(0), ONE);
        assert_eq!(to_decimal(ratio_q32(776, 1000)), "0.776");
    }
}
