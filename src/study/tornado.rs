//! The tornado: what each parameter alone can move, the others at their modes.

use super::compare::subset_of_first;
use super::edges::Edges;
use super::experiment::{Experiment, World};
use super::headline::Headline;
use super::openings;
use super::sides::{Saving, Side};
use crate::intervene::{Range, Shape, Unit};
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::reconstruct::reconstruct_with;
use crate::reconstruct::routes::lay;
use crate::recording::Recording;

/// What one parameter moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swing {
    /// The toggle; empty for what a source leaves open.
    pub toggle: &'static str,
    /// The parameter, or what is open.
    pub key: String,
    /// What it counts.
    pub unit: Unit,
    /// Its range; for call counts the sums over all sessions.
    pub range: Range,
    /// The joint saving at its low end.
    pub low: Saving,
    /// The joint saving at its high end.
    pub high: Saving,
    /// What each toggle saves on its own at the low and at the high end, in the headline's figure;
    /// told where unknowns make the bands wide, empty elsewhere.
    pub alone: Vec<(i64, i64)>,
}

impl Swing {
    /// By how much the joint saving differs between the ends.
    #[must_use]
    pub fn width(&self, headline: Headline) -> i64 {
        (headline.of(&self.high) - headline.of(&self.low)).abs()
    }
}

/// What makes the band of a toggle wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The parameter with its toggle, or what is open.
    pub what: String,
    /// What the toggle saves on its own at its low end.
    pub low: i64,
    /// The same at its high end.
    pub high: i64,
}

/// What moves the joint saving, and what moves each toggle most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tornado {
    /// Every parameter that has a range and moves the joint saving, the widest swing first.
    pub swings: Vec<Swing>,
    /// For each toggle what moves it most; `None` where nothing does, or nobody asked.
    pub reasons: Vec<Option<Reason>>,
}

/// Moves every parameter that has a range.
///
/// # Errors
/// A model without a price.
pub fn tornado(experiment: &Experiment<'_>) -> Result<Tornado, MissingPrice> {
    let recording = experiment.recording();
    let modes = experiment.patches(recording);
    let mut swings = Vec::new();
    for (index, chosen) in experiment.chosen.iter().enumerate() {
        let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
        for (at, (spec, &range)) in specs.filter(|(_, (_, range))| range.low < range.high) {
            let end = |value| {
                let mut patches = modes.clone();
                patches[index] = experiment.patch(recording, index, &chosen.params.with(at, value));
                End::of(experiment, recording, &patches)
            };
            let ends = (end(range.low)?, end(range.high)?);
            swings.push(swing((chosen.id(), spec.key), spec.unit, range, ends));
        }
    }
    swings.extend(calls(experiment)?);
    swings.extend(unknowns(experiment)?);
    let toggles = experiment.chosen.len();
    let reasons = (0..toggles).map(|at| reason(&swings, at)).collect();
    swings.retain(|swing| swing.low != swing.high);
    let headline = experiment.headline();
    swings.sort_by(|a, b| {
        let key = |swing: &Swing| (-swing.width(headline), swing.toggle);
        key(a).cmp(&key(b)).then_with(|| a.key.cmp(&b.key))
    });
    Ok(Tornado { swings, reasons })
}

/// What moves a toggle most on its own.
fn reason(swings: &[Swing], at: usize) -> Option<Reason> {
    let width = |swing: &&Swing| swing.alone.get(at).map_or(0, |(low, high)| (high - low).abs());
    // Of equals the first one: a parameter of a toggle before what is open.
    let widest = swings.iter().rev().max_by_key(width).filter(|swing| width(swing) > 0)?;
    let (low, high) = widest.alone[at];
    let what = format!("{} {}", widest.toggle, widest.key).trim().to_owned();
    Some(Reason { what, low, high })
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
        ends.push((sum, End::of(experiment, &other.recording, &patches)?));
    }
    let mode = fit.recording.calls.len() as i64;
    let (Some((high, at_high)), Some((low, at_low))) = (ends.pop(), ends.pop()) else {
        return Ok(None);
    };
    let range = Range { low, mode, high, shape: Shape::Pert };
    Ok(Some(swing(("", "calls of all sessions"), Unit::Count, range, (at_low, at_high))))
}

/// Every unknown of reported routes at both ends of its range. An end that no calls meet is left
/// out with its unknown.
fn unknowns(experiment: &Experiment<'_>) -> Result<Vec<Swing>, MissingPrice> {
    let World::Routes { routes, .. } = experiment.world else {
        return Ok(Vec::new());
    };
    let mut swings = Vec::new();
    for (at, unknown) in routes.unknowns.iter().enumerate() {
        let end = |value| {
            let mut values = routes.modes();
            values[at] = value;
            let Ok(laid) = lay(routes, &values) else { return Ok(None) };
            let patches = experiment.patches(&laid.recording);
            End::of(experiment, &laid.recording, &patches).map(Some)
        };
        if unknown.low < unknown.high
            && let (Some(low), Some(high)) = (end(unknown.low)?, end(unknown.high)?)
        {
            let range = openings::range(unknown);
            swings.push(swing(("", &unknown.id), openings::unit(unknown), range, (low, high)));
        }
    }
    Ok(swings)
}

fn swing(
    (toggle, key): (&'static str, &str),
    unit: Unit,
    range: Range,
    (low, high): (End, End),
) -> Swing {
    let alone = low.alone.into_iter().zip(high.alone).collect();
    Swing { toggle, key: key.to_owned(), unit, range, low: low.joint, high: high.joint, alone }
}

/// What is saved at one end of a range.
struct End {
    joint: Saving,
    /// Each toggle on its own; empty where nobody asks.
    alone: Vec<i64>,
}

impl End {
    fn of(
        experiment: &Experiment<'_>,
        recording: &Recording,
        patches: &[Patch],
    ) -> Result<Self, MissingPrice> {
        let plan = experiment.plan(recording, patches)?;
        if matches!(experiment.world, World::Routes { .. }) {
            let edges = Edges::of(&plan, patches.len());
            let headline = experiment.headline();
            let alone = edges.alone.iter().map(|saving| headline.of(saving)).collect();
            return Ok(Self { joint: edges.joint, alone });
        }
        let all = subset_of_first(patches.len());
        let joint = Saving::between(&Side::totals(&plan, 0), &Side::totals(&plan, all));
        Ok(Self { joint, alone: Vec::new() })
    }
}
