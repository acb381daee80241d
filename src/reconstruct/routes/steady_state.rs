//! How many calls a thread made, from its tokens and from how its context grows.
//!
//! Symbols: T tokens of the thread without its output, N its calls, m their mean context, g what a
//! call appends, Q all prompts together, b the context that it starts with, U the prompt at which
//! it is compacted, L what a compaction leaves, f where the mean of a rise lies between its two
//! ends (law L7). The thread appends G and rises in cycles: b to U, then L to U again and again,
//! the last one as far as is left of G:
//!
//! ```text
//! G = N g + Q,    N m = T,    m = sum of height (start + f height) / G over the cycles
//! ```
//!
//! Without a compaction m = b + f G. N m rises with N, so that bisection finds N, in
//! ten-thousandths of a call.

use crate::fixed_point::{self, ONE};
use crate::units::BASIS_POINTS;

/// How the context of a thread rises.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContextRise {
    /// Context before anybody spoke.
    pub(super) base: i64,
    /// Context that a compaction leaves.
    pub(super) after_compaction: i64,
    /// Prompt at which the harness compacts.
    pub(super) trigger: i64,
    /// Tokens that a call appends beside prompts, output included.
    pub(super) growth: i64,
    /// Tokens of all prompts, those of retries included.
    pub(super) prompts: i64,
    /// Where the mean of a rise lies between its start and its end, in ten-thousandths.
    pub(super) mean_height_bp: i64,
}

/// Means are kept in so many parts of a token: ten-thousandths, twice.
const MEAN_PARTS: i128 = 100_000_000;

impl ContextRise {
    /// The calls of a thread of so many tokens whose growth and contexts fit each other, in
    /// ten-thousandths.
    pub(super) fn steady_calls_bp(&self, tokens: i64) -> i64 {
        // No call is smaller than a token, so that there are no more calls than tokens.
        let (mut low, mut high) = (0, tokens.max(0).saturating_mul(BASIS_POINTS));
        let wanted = i128::from(high) * MEAN_PARTS;
        while low < high {
            let middle = high - (high - low) / 2;
            if i128::from(middle) * self.mean_of_calls(middle) <= wanted {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        low
    }

    /// Tokens that so many calls append with all prompts, in ten-thousandths.
    fn appended_bp(&self, calls_bp: i64) -> i128 {
        i128::from(calls_bp) * i128::from(self.growth)
            + i128::from(self.prompts) * i128::from(BASIS_POINTS)
    }

    /// Heights of the first cycle and of one behind a compaction: at least a token, whatever the
    /// trigger is, so that there is an end to them.
    fn heights(&self) -> [i64; 2] {
        [self.base, self.after_compaction].map(|start| (self.trigger - start).max(1))
    }

    /// The mean context of so many calls, in [`MEAN_PARTS`].
    fn mean_of_calls(&self, calls_bp: i64) -> i128 {
        let parts = i128::from(BASIS_POINTS);
        let appended = self.appended_bp(calls_bp);
        if appended == 0 {
            return i128::from(self.base) * MEAN_PARTS;
        }
        let [first, later] = self.heights().map(|height| i128::from(height) * parts);
        let [base, left] =
            [self.base, self.after_compaction].map(|start| i128::from(start) * MEAN_PARTS);
        // Height times mean of a rise; heights are in ten-thousandths as the share is.
        let rise =
            |start: i128, height: i128| height * (start + i128::from(self.mean_height_bp) * height);
        let begun = appended.min(first);
        let (whole, rest) = ((appended - begun) / later, (appended - begun) % later);
        (rise(base, begun) + whole * rise(left, later) + rise(left, rest)) / appended
    }

    /// The rises of so many calls: where each starts, and how high it goes; `None` where there
    /// would be more of them than calls.
    pub(super) fn rises_of_calls(&self, calls: i64) -> Option<Vec<(i64, i64)>> {
        let [first, later] = self.heights();
        let appended = (self.appended_bp(calls * BASIS_POINTS) / i128::from(BASIS_POINTS)) as i64;
        let mut left = appended - appended.min(first);
        if left / later >= calls {
            return None;
        }
        let mut rises = vec![(self.base, appended.min(first))];
        while left > 0 {
            rises.push((self.after_compaction, left.min(later)));
            left -= left.min(later);
        }
        Some(rises)
    }

    /// The context about the middle of call `at` of `calls`.
    pub(super) fn context_of_call(&self, at: i64, calls: i64) -> i64 {
        let appended = (self.appended_bp(calls * BASIS_POINTS) / i128::from(BASIS_POINTS)) as i64;
        let middle = i128::from(appended) * i128::from(2 * at + 1) / i128::from(2 * calls.max(1));
        let [first, later] = self.heights();
        let begun = appended.min(first);
        let beyond = middle as i64 - begun;
        // The height of the cycle that the call is in, and how far in it stands.
        let (start, height, reached) = if beyond < 0 {
            (self.base, begun, middle as i64)
        } else {
            let in_whole = beyond / later < (appended - begun) / later;
            let height = if in_whole { later } else { (appended - begun) % later };
            (self.after_compaction, height, beyond % later)
        };
        start + self.risen(reached, height)
    }

    /// How high a rise has come after a part of its calls: as u^(1/f - 1), whose mean is f.
    fn risen(&self, reached: i64, height: i64) -> i64 {
        if reached <= 0 || height <= 0 {
            return 0;
        }
        let exponent = fixed_point::ratio_q32(BASIS_POINTS, self.mean_height_bp.max(1)) - ONE;
        let log = fixed_point::log2(fixed_point::ratio_q32(reached.min(height), height).max(1));
        let power = fixed_point::product_q32(exponent, log.min(0)).max(-40 * ONE);
        fixed_point::scale_tokens(height, fixed_point::exp2(power).min(ONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Base 10 K, prompts of 8 K, 1 K a call; compacted at 244.8 K to 24 K.
    const RISE: ContextRise = ContextRise {
        base: 10_000,
        after_compaction: 24_000,
        trigger: 244_800,
        growth: 1_000,
        prompts: 8_000,
        mean_height_bp: 5_833,
    };

    /// The calls of a thread in ten-thousandths, and their mean context, rounded down.
    fn calls_and_mean(rise: ContextRise, tokens: i64) -> (i64, i64) {
        let calls_bp = rise.steady_calls_bp(tokens);
        (calls_bp, (rise.mean_of_calls(calls_bp) / MEAN_PARTS) as i64)
    }

    #[test]
    fn calls_and_mean_context_fit_each_other() {
        // Without a compaction m = [x + sqrt(x^2 + 4 f T g)] / 2, x = b + f Q = 14,666.4:
        // sqrt(215,103,289 + 9,332.8 M) = 97,713.6, m = 56,190 less a part.
        assert_eq!(calls_and_mean(RISE, 4_000_000), (711_871, 56_189));
        // The straight line: x = 14,000, sqrt(196 M + 8,000 M) = 90,532, m = 52,266.
        let straight = ContextRise { mean_height_bp: 5_000, ..RISE };
        assert_eq!(calls_and_mean(straight, 4_000_000), (765_317, 52_265));
        // Nothing appended: every call has the base.
        let flat = ContextRise { growth: 0, prompts: 0, ..RISE };
        assert_eq!(calls_and_mean(flat, 1_000_000), (1_000_000, 10_000));
    }

    #[test]
    fn a_long_thread_rises_again_and_again() {
        // The first rise has 226.8 calls of a mean of 10,000 + .5833 x 234,800 = 146,958.8; each
        // later one 220.8 of 24,000 + .5833 x 220,800 = 152,792.6. After two of these G = 676.4 K.
        let mean = RISE.mean_of_calls(6_684_000) / MEAN_PARTS;
        let area = 234_800.0 * 146_958.84 + 2.0 * 220_800.0 * 152_792.64;
        assert_eq!(mean as i64, (area / 676_400.0) as i64);
        // However long it is, the mean stays below that of the later rises.
        let (_, long) = calls_and_mean(RISE, 3_000_000_000);
        assert!((152_000..152_793).contains(&long), "{long}");
    }

    #[test]
    fn contexts_add_up_to_the_tokens() {
        for tokens in [400_000, 4_000_000, 40_000_000, 100_000_000] {
            let (calls_bp, mean_context) = calls_and_mean(RISE, tokens);
            let calls = calls_bp / BASIS_POINTS;
            let all: i64 = (0..calls).map(|at| RISE.context_of_call(at, calls)).sum();
            // A part of a call is left out, and a curve is summed at the middles of few calls.
            let wanted = calls * mean_context;
            assert!((all - wanted).abs() * 50 <= wanted, "{tokens}: {all} for {wanted}");
        }
    }
}
