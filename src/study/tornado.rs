//! The tornado: what each parameter alone can move, the others at their modes.

use super::compare::subset_of_first;
use super::experiment::{Experiment, World};
use super::sides::{Saving, Side};
use crate::intervene::{Range, Shape, Unit};
use crate::price::MissingPrice;
use crate::reconstruct::reconstruct_with;
use crate::recording::Recording;

/// What one parameter moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swing {
    /// The toggle; empty for the call counts of a reported pipeline.
    pub toggle: &'static str,
    /// The parameter.
    pub key: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Its range; for call counts the sums over all sessions.
    pub range: Range,
    /// The joint saving at its low end.
    pub low: Saving,
    /// The joint saving at its high end.
    pub high: Saving,
}

impl Swing {
    /// By how many reads the joint saving differs between the ends.
    #[must_use]
    pub fn width(&self) -> i64 {
        (self.high.usage.read - self.low.usage.read).abs()
    }
}

/// Every parameter that has a range, the widest swing first.
///
/// # Errors
/// A model without a price.
pub fn tornado(experiment: &Experiment<'_>) -> Result<Vec<Swing>, MissingPrice> {
    let recording = experiment.recording();
    let modes = experiment.patches(recording);
    let mut swings = Vec::new();
    for (index, chosen) in experiment.chosen.iter().enumerate() {
        let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
        for (at, (spec, &range)) in specs.filter(|(_, (_, range))| range.low < range.high) {
            let joint = |value| {
                let mut patches = modes.clone();
                patches[index] = experiment.patch(recording, index, &chosen.params.with(at, value));
                saving(experiment, recording, &patches)
            };
            let (low, high) = (joint(range.low)?, joint(range.high)?);
            let (toggle, key, unit) = (chosen.id(), spec.key, spec.unit);
            swings.push(Swing { toggle, key, unit, range, low, high });
        }
    }
    swings.extend(calls(experiment)?);
    swings.retain(|swing| swing.low != swing.high);
    swings.sort_by_key(|swing| (-swing.width(), swing.toggle, swing.key));
    Ok(swings)
}

/// All sessions of a reported pipeline at the low, and at the high end of their calls.
fn calls(experiment: &Experiment<'_>) -> Result<Option<Swing>, MissingPrice> {
    let World::Reported { reported, lens, fit } = experiment.world else {
        return Ok(None);
    };
    let mut ends = Vec::new();
    for high in [false, true] {
        let count = |range: (u32, u32)| if high { range.1 } else { range.0 };
        let given: Vec<(String, u32)> =
            fit.sessions.iter().map(|one| (one.id.clone(), count(one.calls_range))).collect();
        let sum: i64 = given.iter().map(|(_, calls)| i64::from(*calls)).sum();
        let Ok(other) = reconstruct_with(reported, lens, &given) else {
            return Ok(None);
        };
        let patches = experiment.patches(&other.recording);
        ends.push((sum, saving(experiment, &other.recording, &patches)?));
    }
    let mode = fit.recording.calls.len() as i64;
    let (low, high) = (ends[0], ends[1]);
    let range = Range { low: low.0, mode, high: high.0, shape: Shape::Pert };
    let (low, high) = (low.1, high.1);
    Ok(Some(Swing {
        toggle: "",
        key: "calls of all sessions",
        unit: Unit::Count,
        range,
        low,
        high,
    }))
}

fn saving(
    experiment: &Experiment<'_>,
    recording: &Recording,
    patches: &[crate::plan::Patch],
) -> Result<Saving, MissingPrice> {
    let plan = experiment.plan(recording, patches)?;
    let all = subset_of_first(patches.len());
    Ok(Saving::between(&Side::totals(&plan, 0), &Side::totals(&plan, all)))
}
