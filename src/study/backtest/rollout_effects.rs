//! One look: a figure around a rollout, the same around dates without one, and in other windows.

use super::backtest_metrics::{BacktestMetric, SizeCovariate};
use super::backtest_sample::{BacktestSample, MetricQuestion, StretchLevels, StretchMember};
use super::effect_verdict::{EffectVerdict, PredictedRatio, PredictionComparison};
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
    pub fn group_label(&self) -> &str {
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

/// Pipelines with the stretches that they lie in.
#[derive(Clone, Debug, Default)]
pub struct PipelinePlacement<'a> {
    /// Those that lie in one.
    pub members: Vec<StretchMember<'a>>,
    /// How many are too far from every rollout.
    pub outside: u32,
    /// How many lie on no side, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
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
    pub fn estimate_metric(&self, question: &MetricQuestion<'_>) -> MetricEffects {
        let sample = BacktestSample::from_members(&self.members, self.batches.len() + 1, question);
        let (levels, mut looks) = self.estimate_effects(&sample);
        let placebos = self.estimate_placebos(question);
        for look in &mut looks {
            let Some(seen) = look.adjusted.or(look.raw).filter(|_| look.interval.is_some()) else {
                continue;
            };
            let as_much = |(_, ratio): &&(i64, f64)| ratio.ln().abs() >= seen.ln().abs();
            let count = placebos.iter().filter(as_much).count();
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
    pub fn estimate_in_windows(&self, question: &MetricQuestion<'_>) -> Vec<WindowEffect> {
        let mut rows = Vec::new();
        for window_ms in &self.settings.windows_ms {
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
        let enough =
            |era: usize| counts[era] >= FEWEST_PIPELINES && counts[era + 1] >= FEWEST_PIPELINES;
        let wanted = (0..self.batches.len()).any(enough);
        let count = if wanted { self.settings.draws } else { 0 };
        let drawn = sample.bootstrap_levels(Seed(self.settings.seed), count);
        let is_adjusted = levels.adjusted.iter().any(Option::is_some);
        let look = |era: usize| {
            let ratio =
                |levels: &[Option<f64>]| StretchLevels::change_at(levels, era).map(f64::exp);
            let mut look = RolloutEffect {
                before: counts[era],
                after: counts[era + 1],
                raw: ratio(&levels.raw),
                means: ratio(&levels.mean),
                ..RolloutEffect::default()
            };
            if enough(era) {
                look.adjusted = ratio(&levels.adjusted);
                look.raw_interval =
                    self.bootstrap_interval(drawn.iter().map(|one| &one.raw[..]), era);
                let best = |one: &StretchLevels| -> Option<f64> {
                    StretchLevels::change_at(
                        if is_adjusted { &one.adjusted } else { &one.raw },
                        era,
                    )
                };
                look.interval = if is_adjusted {
                    self.bootstrap_interval(drawn.iter().map(|one| &one.adjusted[..]), era)
                } else {
                    look.raw_interval
                };
                look.p_value =
                    two_sided_p_value(&drawn.iter().filter_map(best).collect::<Vec<_>>());
            }
            look
        };
        let looks = (0..self.batches.len()).map(look).collect();
        (levels, looks)
    }

    fn bootstrap_interval<'b>(
        &self,
        drawn: impl Iterator<Item = &'b [Option<f64>]>,
        era: usize,
    ) -> Option<ConfidenceInterval> {
        let steps = drawn.filter_map(|levels| StretchLevels::change_at(levels, era));
        let ends = central_interval(steps.collect(), self.settings.confidence)?;
        Some(ConfidenceInterval { low: ends.low.exp(), high: ends.high.exp() })
    }

    /// The same estimator at dates without a rollout: within each stretch, in the same window as
    /// far as the stretch reaches.
    fn estimate_placebos(&self, question: &MetricQuestion<'_>) -> Vec<(i64, f64)> {
        let mut found = Vec::new();
        for stretch in 0..=self.batches.len() {
            let calm = || {
                self.members_without_window.iter().filter(move |member| member.stretch == stretch)
            };
            let ends = || calm().filter_map(|member| member.pipeline.end_ms);
            let (Some(first), Some(last)) = (ends().min(), ends().max()) else { continue };
            let step = self.settings.placebo_ms;
            let window = if self.window_ms > 0 { self.window_ms } else { last - first };
            let mut at_ms = (first.div_euclid(step) + 1) * step;
            while at_ms <= last {
                let era =
                    [RolloutBatch { from_ms: at_ms, to_ms: at_ms, ..RolloutBatch::default() }];
                let side = |member: &StretchMember<'a>| {
                    let stretch =
                        rollout_batches::stretch_of_pipeline(member.pipeline, &era, window)
                            .ok()??;
                    Some(StretchMember { stretch, ..*member })
                };
                let sides: Vec<StretchMember<'_>> = calm().filter_map(side).collect();
                let sample = BacktestSample::from_members(&sides, 2, question);
                if sample.counts_by_stretch().into_iter().all(|count| count >= FEWEST_PIPELINES) {
                    let ratio =
                        StretchLevels::change_at(sample.estimate_levels().adjusted_or_raw(), 0);
                    found.extend(ratio.map(|ratio| (at_ms, ratio.exp())));
                }
                at_ms += step;
            }
        }
        found
    }
}

/// Twice the share of draws on the rarer side of no change, one added to both counts so that no
/// chance is nought.
fn two_sided_p_value(drawn: &[f64]) -> Option<f64> {
    if drawn.is_empty() {
        return None;
    }
    let below = drawn.iter().filter(|step| **step <= 0.0).count();
    let above = drawn.iter().filter(|step| **step >= 0.0).count();
    let rarer = below.min(above) as f64;
    Some((2.0 * (rarer + 1.0) / (drawn.len() as f64 + 1.0)).min(1.0))
}
