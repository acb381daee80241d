//! In which order to build: each time the toggle that adds most to what is built already.

use super::compare::Comparison;
use super::headline::HeadlineMetric;
use super::savings::{PipelineTotals, StepTotals, totals_by_step};
use super::sweep::{SubsetSweep, SweepMetric};
use crate::plan::ToggleSubset;
use crate::recording::Recording;

/// A toggle that adds less than this part of what the best set saves is not worth a place.
const WORTH: i128 = 100;
/// Places in the order.
const MOST: usize = 5;

/// One toggle in its place.
#[derive(Clone, Debug)]
pub struct BuildPlace {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Points of work, this toggle alone.
    pub effort: u32,
    /// The pipeline with this toggle and all before it.
    pub after: PipelineTotals,
    /// The step in which it saves most, as it was and as it is then.
    pub largest_step_fall: Option<(StepTotals, StepTotals)>,
}

/// The order.
#[derive(Clone, Debug, Default)]
pub struct BuildOrder {
    /// What it goes by.
    pub metric: SweepMetric,
    /// What to build, one after the other.
    pub places: Vec<BuildPlace>,
    /// What all of them save together, by the sweep's metric a share of the best set in
    /// ten-thousandths.
    pub reached_bp: i64,
    /// Toggles that add little or nothing after these: ids.
    pub negligible: Vec<&'static str>,
    /// Toggles that cost after these: ids.
    pub costs: Vec<&'static str>,
}

/// The order of a sweep of the same toggles that were compared.
#[must_use]
pub fn suggest_build_order(
    recording: &Recording,
    comparison: &Comparison,
    sweep: &SubsetSweep,
) -> BuildOrder {
    let saved = |subset: ToggleSubset| sweep.entry_of_subset(subset).saved_amount(sweep.metric);
    let best =
        sweep.entries.iter().map(|entry| entry.saved_amount(sweep.metric)).max().unwrap_or(0);
    let mut order = BuildOrder { metric: sweep.metric, ..BuildOrder::default() };
    let mut set: ToggleSubset = 0;
    let mut steps = totals_by_step(recording, &comparison.plan, 0);
    for &at in &sweep.greedy_order {
        let (toggle, with) = (&sweep.toggles[at], set | 1 << at);
        // Beyond the set so far, and not alone: later toggles find less left.
        let adds = saved(with) - saved(set);
        if adds < 0 {
            order.costs.push(toggle.id);
        // `adds * WORTH < best`: less than one part in so many of what the best set saves.
        } else if adds * WORTH < best || adds == 0 || order.places.len() == MOST {
            order.negligible.push(toggle.id);
        } else {
            // The sweep leaves idle toggles out, so that its bits are not those of the comparison.
            let compared = comparison_subset(comparison, sweep, with);
            let then = totals_by_step(recording, &comparison.plan, compared);
            order.places.push(BuildPlace {
                id: toggle.id,
                title: toggle.title,
                effort: toggle.grade.effort,
                after: PipelineTotals::replay_with_peak(&comparison.plan, compared),
                largest_step_fall: largest_fall(comparison.headline, &steps, &then),
            });
            (set, steps) = (with, then);
        }
    }
    // Where nothing can be saved, nothing is a share of it.
    if best > 0 {
        let share = saved(set) * i128::from(crate::units::BASIS_POINTS) / best;
        order.reached_bp = i64::try_from(share).unwrap_or(i64::MAX);
    }
    order
}

/// A subset of the sweep's toggles as one of the comparison's, which also holds idle ones.
fn comparison_subset(
    comparison: &Comparison,
    sweep: &SubsetSweep,
    subset: ToggleSubset,
) -> ToggleSubset {
    let ids = sweep.toggle_ids(subset);
    let bits = comparison.toggles.iter().enumerate().filter(|(_, toggle)| ids.contains(&toggle.id));
    bits.fold(0, |set, (bit, _)| set | 1 << bit)
}

fn largest_fall(
    headline: HeadlineMetric,
    was: &[StepTotals],
    is: &[StepTotals],
) -> Option<(StepTotals, StepTotals)> {
    let falls = was.iter().zip(is).map(|(was, is)| {
        let fall = headline.amount_in_usage(&was.usage) - headline.amount_in_usage(&is.usage);
        (fall, was, is)
    });
    // Of equal falls the step whose name comes first.
    let largest = falls
        .filter(|(fall, ..)| *fall > 0)
        .max_by_key(|(fall, was, _)| (*fall, std::cmp::Reverse(&was.name)));
    largest.map(|(_, was, is)| (was.clone(), is.clone()))
}
