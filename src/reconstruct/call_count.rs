//! How many calls a session made, when only its records were counted.
//!
//! Claude Code writes one record per content block, so a published "API call" is a record, and a
//! call has about two (law L1). Why not divide by the median of 1.99 and be done? Because reads,
//! writes and calls together fix how fast the context grew (law L7): `prepare_pr` at 18 / 1.99 = 9
//! calls would need a growth exponent of about 8, which no real session shows, while 6 calls need
//! an ordinary one. So both laws weigh in. For a count n of calls
//!
//! * r = records / n has a median of 1.99 and 5-95 % between 1.46 and 2.83,
//! * g, the exponent that n needs, has a median of 0.71 and 5-95 % between 0.33 and 1.28,
//!
//! both taken as log-normal with a spread of its own on either side. The penalty is
//! `z(r)^2 + z(g)^2`; the least one wins, and `exp(-penalty / 2)` weighs the others. Sessions of
//! one step share one exponent, because only the step's writes are published.
//!
//! For the search g is taken from `1 / (g + 1) - 1 / (2 n) = (read / n - start) / write`, which is
//! the sum of the solver to the second order (Euler-Maclaurin); the exponent that is reported is
//! solved exactly afterwards.

use crate::fixed_point::{self, ONE};
use crate::kinds::named_values;
use crate::units::{apportion, scale_by_ratio};
use std::sync::LazyLock;

named_values! {
    /// What the published number of calls is taken for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Lens {
        /// Transcript records; several make a call (the default, because transcripts show it).
        #[default]
        Message = "message",
        /// Calls, as the source has it.
        Record = "record",
    }
}

/// What is known of a session's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallEvidence {
    /// So many calls.
    Calls(u32),
    /// So many records.
    Records(u32),
    /// Nothing: the exponent alone decides.
    Nothing,
}

/// A session of a step whose calls are to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UncountedSession {
    /// What is known.
    pub known: CallEvidence,
    /// Its cache reads.
    pub read: i64,
}

impl UncountedSession {
    /// How far the mean context of `n` calls lies above the start, tokens.
    fn mean_growth(&self, n: u32, start: i64) -> i64 {
        self.read / i64::from(n) - start
    }
}

/// How many calls a session made: the likeliest count and the weighed range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCount {
    /// The likeliest.
    pub calls: u32,
    /// 5 % of the weight lie below.
    pub low: u32,
    /// 5 % of the weight lie above.
    pub high: u32,
    /// Every possible count with its weight (Q32, the likeliest has about 1).
    pub weights: Vec<(u32, i64)>,
}

impl CallCount {
    /// A count that leaves no doubt.
    #[must_use]
    pub(crate) fn without_doubt(calls: u32) -> Self {
        Self { calls, low: calls, high: calls, weights: vec![(calls, ONE)] }
    }
}

/// A median with its 5-95 % range, log-normal on either side. Thousandths.
struct TwoSidedLogNormal {
    median: i64,
    below: i64,
    above: i64,
}

/// The 95th percentile of the normal distribution, in thousandths.
const Z95: i64 = 1_645;

impl TwoSidedLogNormal {
    /// Records per call. Source: MODEL.md, "Laws" L1, about 1,000 public transcripts.
    fn records_per_call() -> &'static Self {
        static LAW: LazyLock<TwoSidedLogNormal> =
            LazyLock::new(|| TwoSidedLogNormal::from_percentiles(1_990, 1_460, 2_830));
        &LAW
    }

    /// Growth exponent. Source: MODEL.md, "Laws" L7, 499 real sessions of 20 calls or more.
    fn growth_exponent() -> &'static Self {
        static LAW: LazyLock<TwoSidedLogNormal> =
            LazyLock::new(|| TwoSidedLogNormal::from_percentiles(710, 330, 1_280));
        &LAW
    }

    /// The law with a median and its 5 % and 95 % percentiles, all in thousandths.
    fn from_percentiles(median: i64, low: i64, high: i64) -> Self {
        // Both laws are log-normal: their spreads are of logarithms.
        let [median, low, high] =
            [median, low, high].map(|x| fixed_point::ln(fixed_point::ratio_q32(x, 1_000)));
        Self { median, below: median - low, above: high - median }
    }

    /// Squared distance of `x` (Q32) from the median in standard deviations (Q32).
    fn squared_z_score(&self, x: i64) -> i64 {
        // Each side of the median has a spread of its own, because the measured percentiles do not
        // lie evenly around it.
        let off = fixed_point::ln(x) - self.median;
        // The laws are skewed, so that each side of the median has a spread of its own.
        let spread = if off < 0 { self.below } else { self.above };
        // In deviations of a normal distribution: the spread is where its 95th percentile lies.
        let z = fixed_point::ratio_q32(off * Z95 / 1_000, spread);
        fixed_point::product_q32(z, z)
    }
}

/// The share of the growth that the mean read shows, plus its end correction: 1 / (g + 1).
fn growth_share(sessions: &[UncountedSession], counts: &[u32], write: i64, start: i64) -> i64 {
    // How far up the growth lies on average: near 0 all growth came last and nobody read it, near 1
    // it came first and everybody did.
    let grown: i64 = sessions.iter().zip(counts).map(|(one, &n)| one.mean_growth(n, start)).sum();
    let calls: i64 = counts.iter().map(|&n| i64::from(n)).sum();
    let sessions = i64::try_from(sessions.len()).unwrap_or(1);
    // Shares far outside 0..1 are all alike: no exponent serves.
    let write = write.max(1);
    fixed_point::ratio_q32(grown.clamp(-2 * write, 2 * write), write)
        + fixed_point::ratio_q32(sessions, 2 * calls.max(1))
}

/// The exponent (Q32) that these counts need, to the second order; `None` if none serves.
#[must_use]
pub(crate) fn needed_exponent(
    sessions: &[UncountedSession],
    counts: &[u32],
    write: i64,
    start: i64,
) -> Option<i64> {
    // With growth as k^g the mean share is 1 / (g + 1): solved for g. Outside of 0..1 no exponent
    // gives the published totals.
    let share = growth_share(sessions, counts, write, start);
    // The share is 1 / (g + 1): outside of 0 to 1 no positive exponent gives it.
    (1..ONE)
        .contains(&share)
        .then(|| scale_by_ratio(ONE, ONE, share) - ONE)
        .filter(|&exponent| exponent > 0)
}

/// How the writes of a step split among its sessions so that they share one exponent.
#[must_use]
pub(crate) fn write_weights(
    sessions: &[UncountedSession],
    counts: &[u32],
    write: i64,
    start: i64,
) -> Vec<i64> {
    let share = growth_share(sessions, counts, write, start);
    let mut weights = Vec::with_capacity(sessions.len());
    for (session, &n) in sessions.iter().zip(counts) {
        // The equation of the module's documentation, solved for the writes of this session: with
        // one exponent for all, writes are the mean growth over the share less the end correction.
        let part = share - fixed_point::ratio_q32(1, 2 * i64::from(n));
        let mean = session.mean_growth(n, start).max(1);
        weights.push(scale_by_ratio(mean, ONE, part.max(ONE / 1_000)));
    }
    weights
}

/// More combinations than this are not tried.
const MOST_COMBINATIONS: usize = 50_000;

/// Counts the calls of a step's sessions; `None` if no counts fit the published totals.
///
/// Sessions of one step are counted together, for they share an exponent; where that would be too
/// many combinations each is counted alone, with writes in proportion to its reads.
#[must_use]
pub(crate) fn count_calls(
    sessions: &[UncountedSession],
    write: i64,
    start: i64,
) -> Option<Vec<CallCount>> {
    let candidates: Vec<Vec<(u32, i64)>> =
        sessions.iter().map(|session| candidate_counts(session, write, start)).collect();
    if candidates.iter().any(Vec::is_empty) {
        return None;
    }
    // Sessions that share one published total of writes must be solved together, and combinations
    // multiply. Past the bound the writes are split by reads, and each session is solved alone:
    // less exact, but it ends.
    let combinations = candidates.iter().try_fold(1_usize, |all, list| all.checked_mul(list.len()));
    // Too many to try together: each session is counted alone, with writes by its reads.
    if sessions.len() > 1 && combinations.is_none_or(|all| all > MOST_COMBINATIONS) {
        let reads: Vec<i64> = sessions.iter().map(|session| session.read).collect();
        let mut counts = Vec::with_capacity(sessions.len());
        for (session, write) in sessions.iter().zip(apportion(write, &reads)) {
            counts.extend(count_calls(std::slice::from_ref(session), write, start)?);
        }
        return Some(counts);
    }
    // A penalty is a sum of squared z scores: the smallest is the likeliest combination.
    let tried = penalties_of_combinations(sessions, &candidates, write, start);
    let (least, best) = tried.iter().min()?;
    let mut counts = Vec::with_capacity(sessions.len());
    for (session, list) in candidates.iter().enumerate() {
        // A count weighs what all combinations weigh in which the session has it.
        let mut weights: Vec<(u32, i64)> = list.iter().map(|&(n, _)| (n, 0)).collect();
        for (penalty, at) in &tried {
            weights[at[session]].1 += weight_of_penalty(penalty - least);
        }
        counts.push(count_with_range(list[best[session]].0, weights));
    }
    Some(counts)
}

/// Every combination of candidates that some exponent serves, with its penalty; a combination is
/// the position of each session's count in its list.
fn penalties_of_combinations(
    sessions: &[UncountedSession],
    candidates: &[Vec<(u32, i64)>],
    write: i64,
    start: i64,
) -> Vec<(i64, Vec<usize>)> {
    let law = TwoSidedLogNormal::growth_exponent();
    let mut tried = Vec::new();
    let mut at = vec![0_usize; sessions.len()];
    let mut counts: Vec<u32> = candidates.iter().map(|list| list[0].0).collect();
    loop {
        // A combination that no exponent can serve contradicts the totals and is no candidate.
        if let Some(exponent) = needed_exponent(sessions, &counts, write, start) {
            let records: i64 = at.iter().zip(candidates).map(|(&i, list)| list[i].1).sum();
            tried.push((law.squared_z_score(exponent) + records, at.clone()));
        }
        // The next combination, counted up like a number whose last digit turns first.
        let Some(turn) = (0..at.len()).rev().find(|&i| at[i] + 1 < candidates[i].len()) else {
            return tried;
        };
        at[turn] += 1;
        at[turn + 1..].fill(0);
        for (i, list) in candidates.iter().enumerate().skip(turn) {
            counts[i] = list[at[i]].0;
        }
    }
}

/// Possible counts of a session with the penalty of their records per call.
fn candidate_counts(session: &UncountedSession, write: i64, start: i64) -> Vec<(u32, i64)> {
    match session.known {
        CallEvidence::Calls(calls) => vec![(calls, 0)],
        CallEvidence::Records(records) => {
            let law = TwoSidedLogNormal::records_per_call();
            let records = i64::from(records);
            // Beyond 4.5 and below 1.1 records per call lie fewer than one session in 1,000.
            let range = (records * 2 / 9).max(2)..=(records * 10 / 11).max(2);
            range
                .map(|n| {
                    let penalty = law.squared_z_score(fixed_point::ratio_q32(records, n));
                    (saturate_u32(n), penalty)
                })
                .collect()
        }
        CallEvidence::Nothing => {
            // A call reads at least the start and at most all that was ever written.
            let fewest = session.read / (start + write).max(1);
            let most = (session.read / start.max(1)).min(MAX_CALLS_TRIED);
            (fewest.max(2)..=most).map(|n| (saturate_u32(n), 0)).collect()
        }
    }
}

/// No session is taken to have made more calls than this.
pub(super) const MAX_CALLS_TRIED: i64 = 10_000;

/// A count as it is kept: no count that can be met exceeds `u32`.
pub(super) fn saturate_u32(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// `exp(-penalty / 2)` in Q32.
fn weight_of_penalty(penalty: i64) -> i64 {
    /// Half of log2 e in Q32.
    const HALF_LOG2_E: i64 = 3_098_164_009;
    // Beyond 2^-40 a weight is nothing in Q32, and the power need not be computed.
    fixed_point::exp2(-fixed_point::product_q32(penalty, HALF_LOG2_E).min(40 * ONE))
}

/// The heaviest of some counts, of equals the fewest calls.
pub(super) fn count_from_weights(weights: Vec<(u32, i64)>) -> CallCount {
    let heaviest = weights.iter().max_by_key(|(n, weight)| (*weight, std::cmp::Reverse(*n)));
    count_with_range(heaviest.map_or(1, |(n, _)| *n), weights)
}

/// The range that holds the middle 90 % of the weight.
fn count_with_range(calls: u32, weights: Vec<(u32, i64)>) -> CallCount {
    // The band is that of the weights, from the 5th to the 95th percentile, in whole calls.
    let all: i64 = weights.iter().map(|&(_, weight)| weight).sum();
    // The range that is shown holds the middle nine tenths of the weight.
    let [low, high] = [5, 95].map(|percent| {
        let wanted = scale_by_ratio(all, percent, 100);
        count_at_weight(&weights, wanted).unwrap_or(calls)
    });
    CallCount { calls, low, high, weights }
}

/// The first count with so much weight up to and including it.
fn count_at_weight(weights: &[(u32, i64)], wanted: i64) -> Option<u32> {
    let mut below = 0;
    for &(n, weight) in weights {
        below += weight;
        if below >= wanted {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(known: CallEvidence, read: i64, write: i64, expect: (u32, u32, u32)) {
        let counts = count_calls(&[UncountedSession { known, read }], write, 12_000).unwrap();
        let got = (counts[0].calls, counts[0].low, counts[0].high);
        assert_eq!(got, expect, "{known:?} {read} {write}");
    }

    #[test]
    fn both_laws_weigh_in() {
        check(CallEvidence::Calls(111), 9_500_000, 130_700, (111, 111, 111));
        // The plain quotient where the exponent is ordinary, fewer where it would be absurd.
        check(CallEvidence::Records(38), 870_900, 58_400, (19, 17, 23));
        check(CallEvidence::Records(18), 139_300, 31_200, (6, 5, 7));
        check(CallEvidence::Nothing, 962_100, 61_700, (21, 18, 26));
    }

    #[test]
    fn no_count_fits_what_cannot_be() {
        let session = UncountedSession { known: CallEvidence::Calls(18), read: 139_300 };
        assert_eq!(count_calls(&[session], 31_200, 12_000), None);
    }
}
