//! The order of building in numbers: what to measure after each step.

use super::compare::Comparison;
use super::headline::HeadlineMetric;
use super::savings::{PipelineTotals, StepTotals, totals_by_step};
use super::sweep::SubsetSweep;
use crate::plan::ToggleSubset;
use crate::recording::Recording;

/// A step of the order in numbers: what a replay says after it.
#[derive(Clone, Debug)]
pub struct MeasuredStep {
    /// The pipeline with everything that is built then.
    pub after: PipelineTotals,
    /// The pipeline's step in which this one saves most, as it was and as it is then.
    pub largest_step_fall: Option<(StepTotals, StepTotals)>,
}

/// What replays say after each step of an order.
#[must_use]
pub fn measure_build_steps(
    recording: &Recording,
    comparison: &Comparison,
    sweep: &SubsetSweep,
) -> Vec<MeasuredStep> {
    let mut steps = totals_by_step(recording, &comparison.plan, 0);
    let measured = sweep.order.steps.iter().map(|step| {
        let compared = comparison_subset(comparison, sweep, step.subset);
        let then = totals_by_step(recording, &comparison.plan, compared);
        let largest_step_fall = largest_fall(comparison.headline, &steps, &then);
        // The next step is held against this one.
        steps = then;
        let after = PipelineTotals::replay_with_peak(&comparison.plan, compared);
        MeasuredStep { after, largest_step_fall }
    });
    measured.collect()
}

/// A subset of the sweep's toggles, which leaves idle ones out, as one of the comparison's.
#[must_use]
pub fn comparison_subset(
    comparison: &Comparison,
    sweep: &SubsetSweep,
    subset: ToggleSubset,
) -> ToggleSubset {
    sweep.subset_among(subset, comparison.toggles.iter().map(|toggle| toggle.id))
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
