//! A published sum over records, which the open counts of calls have to meet.
//!
//! Who sums cache reads over records counts those of a call as often as it has records. A session
//! of R records that read r tokens in n calls adds about `x(n) = r R / n`: the fewer calls, the
//! larger the sum. Of all weights of the open counts that meet the published sum in expectation
//! those are taken that lie nearest to the weights of the laws: `w(n) 2^(lambda x(n))`, with one
//! lambda for all sessions.

use super::call_count::{self, CallCount, Lens};
use super::call_tally::RECORDS_PER_CALL_HUNDREDTHS;
use super::reported::ReportedPipeline;
use super::solved_before::SolvedBefore;
use super::step_split::SessionPlan;
use crate::fixed_point::{self, ONE};
use crate::units::scale_by_ratio;

/// The id of the statement that holds the sum.
const RAW_READS: &str = "raw-read-sum";

/// No lambda beyond this is looked for, in Q32 by million tokens: a million tokens more or less
/// then weigh 2^8 times as much.
const MOST_LAMBDA: i64 = 8 * ONE;

/// Steps of the bisection: a lambda to 2^-12, far below one call.
const STEPS: u32 = 16;

/// What open counts were found to meet a sum: by the sum, and by the reads, records and weights of
/// all sessions.
pub(super) type MetSums = SolvedBefore<(i64, Vec<SessionWeights>), Vec<CallCount>>;

type SessionWeights = (i64, Option<u32>, Vec<(u32, i64)>);

/// The counts of sessions that are open, where a sum over records is published; by session. `plans`
/// are those of all sessions before anybody asks for the sum.
pub(super) fn counts_meeting_sum(
    reported: &ReportedPipeline,
    lens: Lens,
    plans: &[Vec<SessionPlan>],
    known: &mut MetSums,
) -> Vec<(String, CallCount)> {
    let Some(published) = reported.stated_figure(RAW_READS).filter(|_| lens == Lens::Message)
    else {
        return Vec::new();
    };
    let plans: Vec<&SessionPlan> =
        plans.iter().flatten().filter(|plan| !plan.count.weights.is_empty()).collect();
    if plans.iter().all(|plan| plan.count.weights.len() == 1) {
        return Vec::new();
    }
    let key =
        plans.iter().map(|plan| (plan.read, plan.calls_published, plan.count.weights.clone()));
    let met = known.solve_once((published.value(), key.collect()), || {
        counts_at_sum(&plans, published.value()).ok_or(())
    });
    let ids = open_plans(&plans).map(|plan| plan.totals.id.clone());
    // A sum that no counts reach constrains nothing: the laws alone stand.
    ids.zip(met.unwrap_or_default()).collect()
}

fn open_plans<'a>(plans: &'a [&SessionPlan]) -> impl Iterator<Item = &'a SessionPlan> {
    plans.iter().copied().filter(|plan| plan.count.weights.len() > 1)
}

/// The counts of all open plans; `None` where none of them reach the sum.
fn counts_at_sum(plans: &[&SessionPlan], published: i64) -> Option<Vec<CallCount>> {
    let (mut low, mut high) = (-MOST_LAMBDA, MOST_LAMBDA);
    let sum_at = |lambda: i64| -> i64 { plans.iter().map(|plan| expected_sum(plan, lambda)).sum() };
    if !(sum_at(low)..=sum_at(high)).contains(&published) {
        return None;
    }
    for _ in 0..STEPS {
        let middle = i64::midpoint(low, high);
        if sum_at(middle) < published {
            low = middle;
        } else {
            high = middle;
        }
    }
    let counts =
        open_plans(plans).map(|plan| call_count::count_from_weights(tilted_weights(plan, high)));
    Some(counts.collect())
}

/// What a session adds to a sum over records with `n` calls.
fn summed_over_records(plan: &SessionPlan, n: u32) -> i64 {
    match plan.calls_published {
        Some(records) => scale_by_ratio(plan.read, i64::from(records), i64::from(n.max(1))),
        None => scale_by_ratio(plan.read, RECORDS_PER_CALL_HUNDREDTHS, 100),
    }
}

/// The weights of a session's counts under a lambda; the largest factor is 1.
fn tilted_weights(plan: &SessionPlan, lambda: i64) -> Vec<(u32, i64)> {
    let exponent = |n: u32| {
        let millions = fixed_point::ratio_q32(summed_over_records(plan, n), 1_000_000);
        fixed_point::product_q32(lambda, millions)
    };
    // A count of no weight stays without one, and must not set the scale.
    let met = plan.count.weights.iter().filter(|(_, weight)| *weight > 0);
    let most = met.clone().map(|&(n, _)| exponent(n)).max().unwrap_or_default();
    let tilted = met.map(|&(n, weight)| {
        let factor = fixed_point::exp2((exponent(n) - most).max(-30 * ONE));
        (n, fixed_point::product_q32(weight, factor))
    });
    tilted.collect()
}

fn expected_sum(plan: &SessionPlan, lambda: i64) -> i64 {
    if let [(n, _)] = plan.count.weights[..] {
        return summed_over_records(plan, n);
    }
    let (mut sum, mut all) = (0_i128, 0_i128);
    for (n, weight) in tilted_weights(plan, lambda) {
        sum += i128::from(weight) * i128::from(summed_over_records(plan, n));
        all += i128::from(weight);
    }
    i64::try_from(sum / all.max(1)).unwrap_or(i64::MAX)
}
