//! One look: a figure around a rollout, the same around dates without one, and in other windows.

use super::backtest_metrics::{BacktestMetric, SizeCovariate};
use super::backtest_sample::{BacktestSample, MetricQuestion, StretchLevels, StretchMember};
use super::effect_verdict::{EffectVerdict, PredictedRatio, PredictionComparison};
use super::pipeline_sides::PipelinePlacement;
use super::rollout_batches::{self, ExclusionReason, FEWEST_PIPELINES, RolloutBatch};
use super::{BacktestData, BacktestSettings};
use crate::seed::Seed;
use crate::study::stats::bootstrap::{ConfidenceInterval, central_interval};
use std::collections::BTreeMap;

/// A figure around one rollout. Ratios are after divided by before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutEffect {
    /// Pipelines before.
    pub before: u32,
    /// Pipelines after.
    pub after: u32,
    /// Of medians.
    pub raw: Option<f64>,
    /// Where it lies.
    pub raw_interval: Option<ConfidenceInterval>,
    /// Of means.
    pub means: Option<f64>,
    /// For pipelines of one size; `None` where there is nothing to adjust for, or too few.
    pub adjusted: Option<f64>,
    /// Where `adjusted` lies, or else `raw`; `None` with too few pipelines.
    pub interval: Option<ConfidenceInterval>,
    /// The chance of a ratio as far from 1 where nothing changed.
    pub p_value: Option<f64>,
    /// The same, raised for the number of looks.
    pub p_value_corrected: Option<f64>,
    /// Share of the placebo dates that show as much.
    pub placebo: Option<f64>,
    /// What is predicted.
    pub predicted: Option<PredictedRatio>,
    /// What was seen against it.
    pub difference: Option<PredictionComparison>,
    /// What is said of it.
    pub verdict: EffectVerdict,
}

/// A metric of a group around every rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricEffects {
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: BacktestMetric,
    /// By how much it grows with each size: exponents, and for kinds of pipelines logarithms.
    pub slopes: Vec<(String, Option<f64>)>,
    /// Sizes that nothing tells.
    pub unknown: Vec<SizeCovariate>,
    /// Pipelines on a side that take no part, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
    /// One for each era.
    pub effects: Vec<RolloutEffect>,
    /// The ratio at each date without a rollout.
    pub placebos: Vec<(i64, f64)>,
}

impl MetricEffects {
    /// What it is about.
    #[must_use]
    pub(crate) fn group_label(&self) -> &str {
        self.step.as_deref().unwrap_or("total")
    }
}

/// A figure in another window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowEffect {
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: BacktestMetric,
    /// The era, from 0.
    pub batch: usize,
    /// The window, milliseconds.
    pub window_ms: i64,
    /// What is seen in it: counts, ratios and interval.
    pub effect: RolloutEffect,
}

/// Everything that looks share.
pub struct EffectEstimator<'a> {
    data: &'a BacktestData,
    settings: &'a BacktestSettings,
    batches: &'a [RolloutBatch],
    window_ms: i64,
    members: Vec<StretchMember<'a>>,
    /// The same without a window.
    members_without_window: Vec<StretchMember<'a>>,
    /// Pipelines too far from every rollout.
    pub outside: u32,
    /// Pipelines on no side, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
}

impl<'a> EffectEstimator<'a> {
    /// Places every pipeline.
    #[must_use]
    pub fn new(
        data: &'a BacktestData,
        settings: &'a BacktestSettings,
        batches: &'a [RolloutBatch],
        window_ms: i64,
    ) -> Self {
        let PipelinePlacement { members, outside, excluded } = data.place_pipelines(window_ms);
        // Dates without a rollout may lie anywhere in the history.
        let members_without_window = data.place_pipelines(i64::MAX).members;
        Self {
            data,
            settings,
            batches,
            window_ms,
            members,
            members_without_window,
            outside,
            excluded,
        }
    }

    /// Looks at a figure around every rollout.
    #[must_use]
    pub(crate) fn estimate_metric(&self, question: &MetricQuestion<'_>) -> MetricEffects {
        let sample = BacktestSample::from_members(&self.members, self.batches.len() + 1, question);
        let (levels, mut looks) = self.estimate_effects(&sample);
        // How many dates without a rollout show at least as much, in either direction.
        let placebos = self.estimate_placebos(question);
        for look in &mut looks {
            // Without an interval nothing is said to have moved.
            let Some(seen) = look.adjusted.or(look.raw).filter(|_| look.interval.is_some()) else {
                continue;
            };
            let count =
                placebos.iter().filter(|(_, ratio)| ratio.ln().abs() >= seen.ln().abs()).count();
            look.placebo = (!placebos.is_empty()).then(|| count as f64 / placebos.len() as f64);
        }
        let slopes = levels.slopes.iter().copied();
        MetricEffects {
            step: question.step.map(str::to_owned),
            metric: question.metric,
            slopes: sample.sizes.iter().cloned().zip(slopes).collect(),
            unknown: sample.unknown.clone(),
            excluded: sample.excluded.clone(),
            effects: looks,
            placebos,
        }
    }

    /// Looks at a figure in other windows.
    #[must_use]
    pub(crate) fn estimate_in_windows(&self, question: &MetricQuestion<'_>) -> Vec<WindowEffect> {
        let mut rows = Vec::new();
        for window_ms in &self.settings.windows_ms {
            // A wider window takes in more pipelines, and a narrower one fewer: all is placed anew.
            let placed = self.data.place_pipelines(*window_ms).members;
            let sample = BacktestSample::from_members(&placed, self.batches.len() + 1, question);
            let (_, looks) = self.estimate_effects(&sample);
            rows.extend(looks.into_iter().enumerate().map(|(era, look)| WindowEffect {
                step: question.step.map(str::to_owned),
                metric: question.metric,
                batch: era,
                window_ms: *window_ms,
                effect: look,
            }));
        }
        rows
    }

    /// Ratios and intervals around every rollout, with the levels that they come from.
    fn estimate_effects(&self, sample: &BacktestSample) -> (StretchLevels, Vec<RolloutEffect>) {
        let (counts, levels) = (sample.counts_by_stretch(), sample.estimate_levels());
        // Draws cost time: none are made where no rollout has enough pipelines on both sides.
        let is_wanted = (0..self.batches.len()).any(|batch| has_enough(&counts, batch));
        let count = if is_wanted { self.settings.draws } else { 0 };
        let drawn = sample.bootstrap_levels(Seed(self.settings.seed), count);
        let effects = (0..self.batches.len())
            .map(|batch| self.estimate_effect(batch, &counts, &levels, &drawn))
            .collect();
        (levels, effects)
    }

    /// Ratios and intervals around one rollout.
    fn estimate_effect(
        &self,
        batch: usize,
        counts: &[u32],
        levels: &StretchLevels,
        drawn: &[StretchLevels],
    ) -> RolloutEffect {
        let mut effect = RolloutEffect {
            before: counts[batch],
            after: counts[batch + 1],
            raw: StretchLevels::change_at(&levels.raw, batch).map(f64::exp),
            means: StretchLevels::change_at(&levels.mean, batch).map(f64::exp),
            ..RolloutEffect::default()
        };
        // Too few for an estimate: counts and medians are told, and no interval.
        if !has_enough(counts, batch) {
            return effect;
        }
        effect.adjusted = StretchLevels::change_at(&levels.adjusted, batch).map(f64::exp);
        effect.raw_interval = self.bootstrap_interval(drawn.iter().map(|one| &one.raw[..]), batch);
        // Which estimate counts is decided once, by the pipelines as they are: a draw in which no
        // size tells anything has no adjusted level, and falls out.
        let is_adjusted = levels.adjusted.iter().any(Option::is_some);
        let best: Vec<&[Option<f64>]> = drawn
            .iter()
            .map(|one| if is_adjusted { &one.adjusted[..] } else { &one.raw[..] })
            .collect();
        effect.interval = if is_adjusted {
            self.bootstrap_interval(best.iter().copied(), batch)
        } else {
            effect.raw_interval
        };
        let changes: Vec<f64> =
            best.iter().filter_map(|levels| StretchLevels::change_at(levels, batch)).collect();
        // From the draws of the interval, so that the two cannot contradict each other.
        effect.p_value = two_sided_p_value(&changes);
        effect
    }

    fn bootstrap_interval<'b>(
        &self,
        drawn: impl Iterator<Item = &'b [Option<f64>]>,
        era: usize,
    ) -> Option<ConfidenceInterval> {
        let steps = drawn.filter_map(|levels| StretchLevels::change_at(levels, era));
        let ends = central_interval(steps.collect(), self.settings.confidence)?;
        // The exponential keeps the order: ends of logarithms become ends of ratios.
        Some(ConfidenceInterval { low: ends.low.exp(), high: ends.high.exp() })
    }

    /// The same estimator at dates without a rollout: within each stretch, in the same window as
    /// far as the stretch reaches.
    fn estimate_placebos(&self, question: &MetricQuestion<'_>) -> Vec<(i64, f64)> {
        let mut found = Vec::new();
        for stretch in 0..=self.batches.len() {
            let calm: Vec<&StretchMember<'a>> = self
                .members_without_window
                .iter()
                .filter(|member| member.stretch == stretch)
                .collect();
            let first = calm.iter().filter_map(|member| member.pipeline.end_ms).min();
            let last = calm.iter().filter_map(|member| member.pipeline.end_ms).max();
            let (Some(first), Some(last)) = (first, last) else { continue };
            let step = self.settings.placebo_ms;
            // Two given windows have no width of their own; then it is that of the stretch.
            let window = if self.window_ms > 0 { self.window_ms } else { last - first };
            // Dates are multiples of the step, so that no pipeline decides where they lie.
            let mut at_ms = (first.div_euclid(step) + 1) * step;
            while at_ms <= last {
                let ratio = placebo_ratio(&calm, at_ms, window, question);
                found.extend(ratio.map(|ratio| (at_ms, ratio)));
                at_ms += step;
            }
        }
        found
    }
}

/// Whether both sides of a rollout have pipelines enough to be compared.
fn has_enough(counts: &[u32], batch: usize) -> bool {
    counts[batch] >= FEWEST_PIPELINES && counts[batch + 1] >= FEWEST_PIPELINES
}

/// What the estimator shows at a date without a rollout; `None` with too few pipelines on a side.
fn placebo_ratio(
    members: &[&StretchMember<'_>],
    at_ms: i64,
    window_ms: i64,
    question: &MetricQuestion<'_>,
) -> Option<f64> {
    // A rollout that never was, so that sides are chosen as around a real one.
    let date = [RolloutBatch { from_ms: at_ms, to_ms: at_ms, ..RolloutBatch::default() }];
    let sides: Vec<StretchMember<'_>> = members
        .iter()
        .filter_map(|member| {
            let pipeline = member.pipeline;
            let side = rollout_batches::stretch_of_pipeline(pipeline, &date, window_ms).ok()??;
            Some(StretchMember { stretch: side, pipeline })
        })
        .collect();
    let sample = BacktestSample::from_members(&sides, 2, question);
    if sample.counts_by_stretch().into_iter().any(|count| count < FEWEST_PIPELINES) {
        return None;
    }
    StretchLevels::change_at(sample.estimate_levels().adjusted_or_raw(), 0).map(f64::exp)
}

/// Twice the share of draws on the rarer side of no change, one added to both counts so that no
/// chance is nought.
fn two_sided_p_value(drawn: &[f64]) -> Option<f64> {
    if drawn.is_empty() {
        return None;
    }
    // A draw of no change at all counts on both sides.
    let below = drawn.iter().filter(|step| **step <= 0.0).count();
    let above = drawn.iter().filter(|step| **step >= 0.0).count();
    let rarer = below.min(above) as f64;
    Some((2.0 * (rarer + 1.0) / (drawn.len() as f64 + 1.0)).min(1.0))
}
