//! What the toggles would yield on orders that ran beside a pipeline and of which no tokens are
//! told: what a session of the same step yields in the pipeline, times the sessions of the order.

use super::experiment::Experiment;
use super::savings::totals_by_step;
use crate::plan::{Patch, Plan};
use crate::price::MissingPrice;
use crate::reconstruct::order_as_told::ToldStep;
use crate::reconstruct::{ReportedPipeline, reconstruct};
use crate::recording::Recording;
use crate::units::{scale_by_ratio, share_of};
use std::collections::BTreeMap;

/// What a session of another order reads of one of the same step, ten-thousandths. Source: step
/// tables of orders 774 and 775. Confidence: L.
pub(crate) const SESSION_RATIO_BP: [i64; 2] = [3_500, 15_000];

/// What one toggle would yield on one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOrderSaving {
    /// The order.
    pub order: String,
    /// The toggle, by number.
    pub toggle: usize,
    /// Sessions of steps in which the toggle saves anything.
    pub sessions: i64,
    /// The least and the most cache reads, or why there is no figure.
    pub reads: Result<[i64; 2], MissingFigure>,
}

/// Why a toggle has no figure on an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingFigure {
    /// This would have to be told.
    NotTold(String),
    /// It moves no tokens: the notes of its patch.
    MovesNothing(Vec<String>),
}

/// Toggles as they act on a pipeline, bit k of the plan is the k-th.
#[derive(Clone, Copy, Debug)]
pub struct ActingToggles<'a> {
    /// Their ids.
    pub ids: &'a [&'a str],
    /// What each changes.
    pub patches: &'a [Patch],
    /// All of them.
    pub plan: &'a Plan,
}

/// What toggles would yield, each on its own, order by order.
#[must_use]
pub fn savings_on_other_orders(
    reported: &ReportedPipeline,
    recording: &Recording,
    toggles: ActingToggles<'_>,
) -> Vec<OtherOrderSaving> {
    let Some(night) = &reported.night else { return Vec::new() };
    // How many sessions of each step every other order has.
    let mut orders: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for stage in night.stages.iter().filter(|stage| stage.order != reported.name) {
        *orders.entry(&stage.order).or_default().entry(&stage.step).or_default() += 1;
    }
    let before = totals_by_step(recording, toggles.plan, 0);
    let mut savings = Vec::new();
    for (order, sessions_of) in orders {
        for (bit, (id, patch)) in toggles.ids.iter().zip(toggles.patches).enumerate() {
            let after = totals_by_step(recording, toggles.plan, 1 << bit);
            let (mut sum, mut sessions) = (0, 0);
            for (was, is) in before.iter().zip(&after) {
                let count = sessions_of.get(was.name.as_str()).copied().unwrap_or(0);
                let saved = was.usage.read - is.usage.read;
                sum += scale_by_ratio(saved, count, was.sessions);
                sessions += if saved == 0 { 0 } else { count };
            }
            let untold = night.untold_toggles.iter().find(|untold| untold.toggle == *id);
            // What the source recommends and no token follows from is said with its reason.
            let is_moot = patch.is_empty() && reported.claim_on_toggle(id).is_some();
            if sum == 0 && !(is_moot && patch.found_places > 0) {
                continue;
            }
            let mut ends = SESSION_RATIO_BP.map(|ratio| share_of(sum, ratio));
            // What costs costs more in a larger session.
            ends.sort_unstable();
            let reads = match untold {
                Some(untold) => Err(MissingFigure::NotTold(untold.missing.clone())),
                None if is_moot => Err(MissingFigure::MovesNothing(patch.notes.clone())),
                None => Ok(ends),
            };
            savings.push(OtherOrderSaving {
                order: order.to_owned(),
                toggle: bit,
                sessions,
                reads,
            });
        }
    }
    savings
}

/// An order as the source of another one tells it, beside its own finished table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderAsTold {
    /// The pipeline whose source tells of it.
    pub beside: String,
    /// The sessions that are told, step by step.
    pub steps: Vec<ToldStep>,
    /// What toggles would yield on them that find nothing in the finished table.
    pub savings: Vec<OtherOrderSaving>,
    /// What the summary of the order leaves out of the orchestrator: the share that the other
    /// pipeline does not have, the least and the most cache reads.
    pub orchestrator: Option<[i64; 2]>,
}

/// What is told of the order of an experiment elsewhere; `None` where nothing is.
///
/// # Errors
/// A model without a price.
pub(crate) fn order_as_told(
    experiment: &Experiment<'_>,
    own_patches: &[Patch],
    ids: &[&str],
) -> Result<Option<OrderAsTold>, MissingPrice> {
    let Some((reported, lens)) = experiment.published_pipeline().zip(experiment.source.lens())
    else {
        return Ok(None);
    };
    let Some(beside) = reported.pipeline_beside() else { return Ok(None) };
    let steps = reported.steps_as_told(&beside);
    // A built-in pipeline has calls; without them there is nothing to compare with.
    let Some(fit) = reconstruct(&beside, lens).ok().filter(|_| !steps.is_empty()) else {
        return Ok(None);
    };
    let patches = experiment.patches_at_means(&fit.recording);
    let plan = experiment.compile_plan(&fit.recording, &patches)?;
    let toggles = ActingToggles { ids, patches: &patches, plan: &plan };
    let mut savings = savings_on_other_orders(&beside, &fit.recording, toggles);
    // What the finished table itself shows is replayed there.
    savings.retain(|one| one.order == reported.name && own_patches[one.toggle].found_places == 0);
    let orchestrator = beside.other_orders_of_orchestrator();
    Ok(Some(OrderAsTold { beside: beside.name, steps, savings, orchestrator }))
}
