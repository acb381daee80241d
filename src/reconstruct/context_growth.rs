//! The growth of a context, solved so that published totals are met to the token.
//!
//! Symbols: n calls, counted from 0; s the start context; `P[k]` what call k has cached when it is
//! done; `w[k]` what it writes. Then `P[k] = s + w[0] + .. + w[k]`, call k reads `P[k-1]` (the
//! first one s), and
//!
//! ```text
//! sum of reads  = n s + sum over k < n-1 of (w[0] + .. + w[k])
//! sum of writes = w[0] + .. + w[n-1]
//! ```
//!
//! Known events bring their tokens at their calls; every call gets one token, so that it writes;
//! the rest S of the writes follows the shape of law L7, `F[k] = S ((k+1) / n)^g` up to and
//! including call k. The sum of reads falls as g rises, so bisection finds two neighbouring
//! exponents between which the published sum lies. Both curves rise with k and the lower one
//! never exceeds the upper one, so a curve that follows the lower one up to some call and the
//! upper one after it rises too: that call is chosen so that the sum is met exactly. Growth is
//! never negative, and no token is lost.

use super::solved_before::SolvedBefore;
use crate::fixed_point::{self, ONE};
use crate::units::scale_by_ratio;
use std::sync::LazyLock;

/// Exponents above this are not looked for: all growth then falls on the last calls.
pub(crate) const MAX_EXPONENT: i64 = 64 * ONE;

/// What is to be met.
#[derive(Clone, Copy, Debug)]
pub struct GrowthProblem<'a> {
    /// Context that every call carries, tokens.
    pub start: i64,
    /// Sum of reads to meet.
    pub read: i64,
    /// Sum of writes to meet.
    pub write: i64,
    /// Tokens that known events bring, call by call: as many entries as calls.
    pub entering: &'a [i64],
}

/// A growth that meets the totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthSolution {
    /// Growth beyond the known events, call by call.
    pub smooth_growth: Vec<i64>,
    /// Its exponent in Q32.
    pub exponent: i64,
}

/// Why no growth meets the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthError {
    /// The events alone write more than was published.
    Overfull,
    /// Even growth at the last moment reads more than was published. The start would have to be
    /// so many tokens at most.
    StartAtMost(i64),
    /// Even growth at the first moment reads less than was published. The start would have to be
    /// so many tokens at least.
    StartAtLeast(i64),
}

/// What a growth has to meet: start, reads, writes, and what enters with each call.
pub(super) type GrowthKey = (i64, i64, i64, Vec<i64>);

/// Growths that were solved before.
pub(super) type SolvedGrowths = SolvedBefore<GrowthKey, GrowthSolution>;

/// The solution of a problem, as [`solve_growth`] finds it.
///
/// # Errors
/// As there.
pub(super) fn solve_growth_once(
    problem: &GrowthProblem<'_>,
    known: &mut SolvedGrowths,
) -> Result<GrowthSolution, GrowthError> {
    let GrowthProblem { start, read, write, entering } = *problem;
    known.solve_once((start, read, write, entering.to_vec()), || solve_growth(problem))
}

/// Solves for the growth exponent.
///
/// # Errors
/// Which way the totals are out of reach.
pub(crate) fn solve_growth(problem: &GrowthProblem) -> Result<GrowthSolution, GrowthError> {
    // Two totals are published and must both be met exactly: what was written fixes how much the
    // context grew, what was read fixes when.
    let calls = problem.entering.len() as i64;
    let smooth = problem.write - problem.entering.iter().sum::<i64>();
    if smooth < 0 || calls == 0 {
        return Err(GrowthError::Overfull);
    }
    // One token each where there are enough, so that every call writes and its cache is alive.
    let floor = i64::from(smooth >= calls);
    let curve = GrowthCurve::new(calls, smooth - floor * calls);
    // What enters with a call is read by every call after it, by the call itself never: it is
    // written there. The floor of one token is carried in the same way.
    let mut events = 0;
    for (at, &tokens) in problem.entering.iter().enumerate() {
        events += (tokens + floor) * (calls - 1 - at as i64);
    }
    // What is left of the published reads must come from the smooth curve.
    let target = problem.read - calls * problem.start - events;
    // Exponent 0 puts all growth on the first call, so that it is read most; the largest one puts
    // it on the last call, and nobody reads it.
    let (most, least) = (curve.sum_of_reads(0), curve.sum_of_reads(MAX_EXPONENT));
    // Out of reach: every call carries the start, so n tokens of reads are one token of start. The
    // bound is rounded to the side on which the totals can be met.
    if target > most {
        let start = (problem.read - events - most + calls - 1).div_euclid(calls);
        return Err(GrowthError::StartAtLeast(start));
    }
    if target < least {
        let start = (problem.read - events - least).div_euclid(calls);
        return Err(GrowthError::StartAtMost(start));
    }
    let (low, high) = bracket_exponent(&curve, target, (0, most), (MAX_EXPONENT, least));
    // The exponent of the lower end is reported; the curve lies between the two.
    let upto = meet_read_sum(curve.cumulative_growth(low), &curve.cumulative_growth(high), target);
    let mut before = 0;
    let growth = upto.into_iter().map(|upto| floor + upto - std::mem::replace(&mut before, upto));
    Ok(GrowthSolution { smooth_growth: growth.collect(), exponent: low })
}

/// The search stops here, at 2^-20: the rest is met token by token.
const PRECISION: i64 = 1 << 12;

/// Two neighbours on the grid of [`PRECISION`] whose sums hold the target between them; the first
/// one's reaches it. An end is an exponent and its sum.
///
/// A sum is almost linear in `1 / (g + 1)`, so that a straight line in it lands near the target;
/// every third step halves the bracket, whatever the line says.
fn bracket_exponent(
    curve: &GrowthCurve,
    target: i64,
    mut low: (i64, i64),
    mut high: (i64, i64),
) -> (i64, i64) {
    let mut steps = 0;
    while high.0 - low.0 > PRECISION {
        steps += 1;
        // Reads fall nearly as 1 / (g + 1), so that a line in that quantity lands close. Every
        // third step halves all the same: a line alone may creep along one end.
        let middle = if steps % 3 == 0 || low.1 == high.1 {
            i64::midpoint(low.0, high.0)
        } else {
            // Both ends as x = 1 / (g + 1); the line between them is followed to the target, and
            // its x turned back into an exponent.
            let [from, to] =
                [low.0, high.0].map(|exponent| scale_by_ratio(ONE, ONE, exponent + ONE));
            let at = from - scale_by_ratio(from - to, low.1 - target, low.1 - high.1);
            // Half a cell further, so that the cell of the target closes from both sides.
            scale_by_ratio(ONE, ONE, at.max(1)) - ONE + if steps % 2 == 0 { PRECISION } else { 0 }
        };
        // On the grid, and inside the bracket, so that every step makes it smaller.
        let cell = middle.div_euclid(PRECISION) * PRECISION;
        let middle = cell.clamp(low.0 + PRECISION, high.0 - PRECISION);
        let sum = curve.sum_of_reads(middle);
        if sum >= target {
            low = (middle, sum);
        } else {
            high = (middle, sum);
        }
    }
    (low.0, high.0)
}

/// Follows `lower` up to the call where the sum over all calls but the last meets `target`.
fn meet_read_sum(mut upper: Vec<i64>, lower: &[i64], target: i64) -> Vec<i64> {
    let last = upper.len() - 1;
    // Whole tokens: no exponent need meet the target exactly. Two neighbouring curves enclose it,
    // and between them the sum can be met to the token without a context that shrinks.
    let mut excess = upper[..last].iter().sum::<i64>() - target;
    for (high, &low) in upper[..last].iter_mut().zip(lower) {
        // From the first call on the curve steps down to the lower one, until what is over is
        // used up; one call may step down in part.
        let step = (*high - low).min(excess).max(0);
        *high -= step;
        excess -= step;
    }
    assert_eq!(excess, 0, "the curves bracket the target");
    upper
}

/// Logarithms of the numbers below 512, which every curve of so many calls asks for.
static LOGS: LazyLock<[i64; 512]> =
    LazyLock::new(|| std::array::from_fn(|k| log2_of_whole(k.max(1) as i64)));

/// log2 of a number of calls in Q32.
fn log2_of_count(calls: i64) -> i64 {
    LOGS.get(calls as usize).copied().unwrap_or_else(|| log2_of_whole(calls))
}

fn log2_of_whole(number: i64) -> i64 {
    fixed_point::log2(fixed_point::ratio_q32(number, 1))
}

/// `F[k] = S ((k+1) / n)^g` for one n and S.
struct GrowthCurve {
    smooth: i64,
    /// log2((k+1) / n) in Q32.
    logs: Vec<i64>,
}

impl GrowthCurve {
    fn new(calls: i64, smooth: i64) -> Self {
        // A quotient would lose bits that the difference of two logarithms keeps. The last call
        // stands at 1, whose logarithm is exactly 0.
        let whole = log2_of_count(calls);
        let logs = (1..calls).map(|k| (log2_of_count(k) - whole).min(0));
        Self { smooth, logs: logs.chain([0]).collect() }
    }

    fn growth_at(&self, log: i64, exponent: i64) -> i64 {
        // Below 2^-40 no token is left, and rounding must not lift a power above 1.
        let power = fixed_point::exp2(fixed_point::product_q32(exponent, log).max(-40 * ONE));
        fixed_point::scale_tokens(self.smooth, power.min(ONE))
    }

    fn cumulative_growth(&self, exponent: i64) -> Vec<i64> {
        self.logs.iter().map(|&log| self.growth_at(log, exponent)).collect()
    }

    /// The sum over all calls but the last: nobody reads what the last call writes.
    fn sum_of_reads(&self, exponent: i64) -> i64 {
        // What the last call adds is written and never read again.
        let read = &self.logs[..self.logs.len() - 1];
        read.iter().map(|&log| self.growth_at(log, exponent)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(start: i64, entering: &[i64], smooth: &[i64]) -> (i64, i64) {
        let (mut cached, mut read) = (start, 0);
        for (event, growth) in entering.iter().zip(smooth) {
            assert!(*growth >= 0);
            read += cached;
            cached += event + growth;
        }
        (read, cached - start)
    }

    fn check(calls: usize, read: i64, write: i64, events: &[(usize, i64)], exponent: &str) {
        let mut entering = vec![0; calls];
        for &(at, tokens) in events {
            entering[at] += tokens;
        }
        let problem = GrowthProblem { start: 12_000, read, write, entering: &entering };
        let solved = solve_growth(&problem).unwrap();
        assert_eq!(reads(12_000, &entering, &solved.smooth_growth), (read, write));
        assert_eq!(fixed_point::to_decimal(solved.exponent), exponent, "{calls} calls");
    }

    #[test]
    fn totals_are_met_to_the_token() {
        // Implement of order 774: 111 calls, 85.6 K on average.
        check(111, 9_500_000, 130_700, &[], "0.762");
        check(111, 9_500_001, 130_700, &[(1, 7_023), (5, 5_178)], "0.901");
        check(183, 9_500_000, 130_700, &[], "2.248");
        check(6, 139_300, 31_200, &[], "1.269");
    }

    #[test]
    fn what_cannot_be_says_what_start_could() {
        let at = |calls: usize, read| {
            let entering = vec![0; calls];
            solve_growth(&GrowthProblem { start: 12_000, read, write: 31_200, entering: &entering })
        };
        let Err(GrowthError::StartAtMost(start)) = at(18, 139_300) else {
            panic!("18 calls cannot read 139,300 tokens");
        };
        assert!((7_600..7_739).contains(&start), "{start}");
        assert!(matches!(at(3, 139_300), Err(GrowthError::StartAtLeast(_))));
    }
}
