//! What the toggles would yield on orders that ran beside a pipeline and of which no tokens are
//! told: what a session of the same step yields in the pipeline, times the sessions of the order.

use super::savings::totals_by_step;
use crate::plan::Plan;
use crate::reconstruct::ReportedPipeline;
use crate::recording::Recording;
use crate::units::{scale_by_ratio, share_of};
use std::collections::BTreeMap;

/// What a session of another order reads of one of the same step, ten-thousandths. Source: step
/// tables of orders 774 and 775. Confidence: L.
const SESSION_RATIO_BP: [i64; 2] = [3_500, 15_000];

/// What one toggle would yield on one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOrderSaving {
    /// The order.
    pub order: String,
    /// The toggle, by number.
    pub toggle: usize,
    /// Sessions of steps in which the toggle saves anything.
    pub sessions: i64,
    /// The least and the most cache reads; `None` where nothing is told that it would need.
    pub reads: Option<[i64; 2]>,
}

/// What `toggles` toggles would yield, each on its own, order by order.
#[must_use]
pub fn savings_on_other_orders(
    reported: &ReportedPipeline,
    recording: &Recording,
    plan: &Plan,
    toggles: &[&str],
) -> Vec<OtherOrderSaving> {
    let Some(night) = &reported.night else { return Vec::new() };
    // How many sessions of each step every other order has.
    let mut orders: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for stage in night.stages.iter().filter(|stage| stage.order != reported.name) {
        *orders.entry(&stage.order).or_default().entry(&stage.step).or_default() += 1;
    }
    let before = totals_by_step(recording, plan, 0);
    let mut savings = Vec::new();
    for (order, sessions_of) in orders {
        for (bit, id) in toggles.iter().enumerate() {
            let after = totals_by_step(recording, plan, 1 << bit);
            let (mut sum, mut sessions) = (0, 0);
            for (was, is) in before.iter().zip(&after) {
                let count = sessions_of.get(was.name.as_str()).copied().unwrap_or(0);
                let saved = was.usage.read - is.usage.read;
                sum += scale_by_ratio(saved, count, was.sessions);
                sessions += if saved == 0 { 0 } else { count };
            }
            if sum == 0 {
                continue;
            }
            let is_told = !night.untold_toggles.iter().any(|untold| untold == id);
            let mut ends = SESSION_RATIO_BP.map(|ratio| share_of(sum, ratio));
            // What costs costs more in a larger session.
            ends.sort_unstable();
            savings.push(OtherOrderSaving {
                order: order.to_owned(),
                toggle: bit,
                sessions,
                reads: is_told.then_some(ends),
            });
        }
    }
    savings
}
