//! The tornado: what each parameter alone can move, the others at their means.

use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::marginal_savings::joint_and_alone;
use super::open_counts;
use super::savings::Saving;
use crate::intervene::{ParamRange, ParamUnit, RangeShape};
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::reconstruct::{LayoutScratch, RecordingSource, reconstruct_with_call_counts};
use crate::recording::Recording;

/// What one parameter moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavingSwing {
    /// The toggle; empty for what a source leaves open.
    pub toggle: &'static str,
    /// The parameter, or what is open.
    pub key: String,
    /// What it counts.
    pub unit: ParamUnit,
    /// Its range; for call counts the sums over all sessions.
    pub range: ParamRange,
    /// The joint saving at its low end.
    pub low: Saving,
    /// The joint saving at its high end.
    pub high: Saving,
    /// What each toggle saves on its own at the low and at the high end, in the headline's figure;
    /// told of open facts and where unknowns make the bands wide, empty elsewhere.
    pub alone: Vec<(i64, i64)>,
}

impl SavingSwing {
    /// By how much the joint saving differs between the ends.
    #[must_use]
    pub fn swing_width(&self, headline: HeadlineMetric) -> i64 {
        (headline.amount_in_saving(&self.high) - headline.amount_in_saving(&self.low)).abs()
    }
}

/// What makes the band of a toggle wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandReason {
    /// The parameter with its toggle, or what is open.
    pub what: String,
    /// What the toggle saves on its own at its low end.
    pub low: i64,
    /// The same at its high end.
    pub high: i64,
}

/// What moves the joint saving, and what moves each toggle most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TornadoSwings {
    /// Every parameter that has a range and moves the joint saving, the widest swing first.
    pub swings: Vec<SavingSwing>,
    /// For each toggle what moves it most; `None` where nothing does, or nobody asked.
    pub reasons: Vec<Option<BandReason>>,
}

/// Moves every parameter that has a range.
///
/// # Errors
/// A model without a price.
pub fn measure_swings(experiment: &Experiment<'_>) -> Result<TornadoSwings, MissingPrice> {
    let recording = experiment.base_recording();
    // One parameter at a time, all others at their means: the swing is that parameter's own.
    let modes = experiment.patches_at_means(recording);
    // Open facts are told as such; only where a source leaves ranges unknown is there a widest one.
    let has_ranges = experiment.source.routes().is_some();
    // What a toggle saves alone hangs on its own patch: at the ends of a parameter all others save
    // what they do at the means.
    let all: Vec<usize> = (0..modes.len()).collect();
    let at_means = RangeEndSaving::replay_patches(experiment, recording, &modes, &all)?.alone;
    let mut swings = Vec::new();
    for (index, chosen) in experiment.chosen.iter().enumerate() {
        let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
        for (at, (spec, &range)) in specs.filter(|(_, (_, range))| range.low < range.high) {
            // One parameter at its end, all others at their means.
            let [low, high] = [range.low, range.high].map(|value| {
                let mut patches = modes.clone();
                let params = chosen.params.with_value(at, value);
                // Only the patch of this toggle hangs on the parameter.
                patches[index] = experiment.patch_for_toggle(recording, index, &params);
                let told = if has_ranges || range.is_open_fact() { &[index][..] } else { &[] };
                let end = RangeEndSaving::replay_patches(experiment, recording, &patches, told)?;
                Ok(end.among_others(told, &at_means))
            });
            let name = (chosen.id(), spec.key);
            swings.push(swing_between_ends(name, spec.unit, range, (low?, high?)));
        }
    }
    swings.extend(swing_call_counts(experiment)?);
    swings.extend(swing_unknowns(experiment)?);
    let toggles = experiment.chosen.len();
    let reasons =
        (0..toggles).map(|at| widest_swing_of_toggle(&swings, at).filter(|_| has_ranges)).collect();
    // Only now: a parameter that leaves the joint saving alone may still move its toggle. Of an
    // open fact that is told.
    swings.retain(|swing| {
        let moves_toggle = swing.alone.iter().any(|(low, high)| low != high);
        swing.low != swing.high || (swing.range.is_open_fact() && moves_toggle)
    });
    let headline = experiment.headline_metric();
    swings.sort_by(|a, b| {
        let wider_first = b.swing_width(headline).cmp(&a.swing_width(headline));
        wider_first.then_with(|| (a.toggle, &a.key).cmp(&(b.toggle, &b.key)))
    });
    Ok(TornadoSwings { swings, reasons })
}

/// What moves a toggle most on its own.
fn widest_swing_of_toggle(swings: &[SavingSwing], at: usize) -> Option<BandReason> {
    let width =
        |swing: &&SavingSwing| swing.alone.get(at).map_or(0, |(low, high)| (high - low).abs());
    // Of equals the first one: a parameter of a toggle before what is open.
    let widest = swings.iter().rev().max_by_key(width).filter(|swing| width(swing) > 0)?;
    let (low, high) = widest.alone[at];
    let what = format!("{} {}", widest.toggle, widest.key).trim().to_owned();
    Some(BandReason { what, low, high })
}

/// All sessions of a reported pipeline at the low, and at the high end of their calls.
fn swing_call_counts(experiment: &Experiment<'_>) -> Result<Option<SavingSwing>, MissingPrice> {
    let RecordingSource::Pipeline { reported, lens, fit } = experiment.source else {
        return Ok(None);
    };
    let mut ends = Vec::new();
    for high in [false, true] {
        let given: Vec<(String, u32)> = fit
            .sessions
            .iter()
            .map(|one| {
                let (fewest, most) = one.calls_range;
                (one.id.clone(), if high { most } else { fewest })
            })
            .collect();
        let sum: i64 = given.iter().map(|(_, calls)| i64::from(*calls)).sum();
        // At the ends of all ranges together the published totals may be out of reach. Then there
        // is no swing to tell, which is not an error of the input.
        let Ok(other) = reconstruct_with_call_counts(reported, *lens, &given) else {
            return Ok(None);
        };
        let patches = experiment.patches_at_means(&other.recording);
        ends.push((
            sum,
            RangeEndSaving::replay_patches(experiment, &other.recording, &patches, &[])?,
        ));
    }
    // Ends were pushed low first, and are popped in the reverse order.
    let mode = fit.recording.calls.len() as i64;
    let (Some((high, at_high)), Some((low, at_low))) = (ends.pop(), ends.pop()) else {
        return Ok(None);
    };
    let range = ParamRange::spread_between((low, mode, high), RangeShape::Pert);
    Ok(Some(swing_between_ends(
        ("", "calls of all sessions"),
        ParamUnit::Count,
        range,
        (at_low, at_high),
    )))
}

/// Every unknown of a source at both ends of its range. An end that no calls meet is left
/// out with its unknown.
fn swing_unknowns(experiment: &Experiment<'_>) -> Result<Vec<SavingSwing>, MissingPrice> {
    let unknowns = experiment.source.unknowns();
    let all: Vec<usize> = (0..experiment.chosen.len()).collect();
    let mut swings = Vec::new();
    let mut kept = LayoutScratch::default();
    for (at, unknown) in unknowns.iter().enumerate() {
        if unknown.low >= unknown.high {
            continue;
        }
        let [low, high] = [unknown.low, unknown.high].map(|value| {
            // The others keep their modes, as with parameters.
            let mut values: Vec<i64> = unknowns.iter().map(|unknown| unknown.mode).collect();
            values[at] = value;
            // Values that contradict the source have no calls, and no swing.
            let Some(recording) = experiment.source.recording_with_unknowns(&values, &mut kept)
            else {
                return Ok(None);
            };
            let patches = experiment.patches_at_means(&recording);
            RangeEndSaving::replay_patches(experiment, &recording, &patches, &all).map(Some)
        });
        if let (Some(low), Some(high)) = (low?, high?) {
            let range = open_counts::unknown_range(unknown);
            swings.push(swing_between_ends(
                ("", &unknown.id),
                open_counts::unknown_unit(unknown),
                range,
                (low, high),
            ));
        }
    }
    Ok(swings)
}

fn swing_between_ends(
    (toggle, key): (&'static str, &str),
    unit: ParamUnit,
    range: ParamRange,
    (low, high): (RangeEndSaving, RangeEndSaving),
) -> SavingSwing {
    let alone = low.alone.into_iter().zip(high.alone).collect();
    SavingSwing {
        toggle,
        key: key.to_owned(),
        unit,
        range,
        low: low.joint,
        high: high.joint,
        alone,
    }
}

/// What is saved at one end of a range.
struct RangeEndSaving {
    joint: Saving,
    /// Each toggle on its own; empty where nobody asks.
    alone: Vec<i64>,
}

impl RangeEndSaving {
    /// Replays patches, and some of the toggles alone: each costs a replay.
    fn replay_patches(
        experiment: &Experiment<'_>,
        recording: &Recording,
        patches: &[Patch],
        told: &[usize],
    ) -> Result<Self, MissingPrice> {
        let plan = experiment.compile_touched(recording, patches)?;
        let (joint, alone) = joint_and_alone(&plan, told);
        let headline = experiment.headline_metric();
        let alone = alone.iter().map(|saving| headline.amount_in_saving(saving)).collect();
        Ok(Self { joint, alone })
    }

    /// The same with the toggles that were not replayed, where any was: they save what `others` has
    /// of them.
    fn among_others(self, told: &[usize], others: &[i64]) -> Self {
        if told.is_empty() {
            return self;
        }
        let mut alone = others.to_vec();
        for (toggle, own) in told.iter().zip(self.alone) {
            alone[*toggle] = own;
        }
        Self { alone, ..self }
    }
}
