//! The look back: what changed after a rollout, and whether the rollout explains it.
//!
//! A look is one figure (a metric of a step, or of whole pipelines) around one rollout. Beside the
//! ratio of medians stands the one for pipelines of one size: least squares on logarithms, with a
//! level for each stretch between rollouts and a slope for each size. Intervals draw pipelines
//! again, stretch by stretch. What dates without a rollout show under the same estimator says how
//! much of it is drift. Source: MODEL.md, "Look back".

pub mod backtest_metrics;
pub mod backtest_sample;
pub mod effect_verdict;
mod observations_file;
pub mod pipeline_figures;
mod pipeline_sides;
pub mod rollout_batches;
mod rollout_effects;
pub mod rollouts_file;
pub mod success_criteria;

pub use backtest_metrics::{BacktestMetric, SizeCovariate};
pub use effect_verdict::{
    EffectDirection, EffectVerdict, PredictedRatio, PredictionComparison, PredictionVerdict,
};
pub use observations_file::{
    BadObservations, EffectRatio, Observations, ObservedEffect, SCHEMA, TOTAL_GROUP,
};
pub use pipeline_sides::{BacktestData, StartCoverage};
pub use rollout_batches::{ExclusionReason, FEWEST_PIPELINES, Rollout, RolloutBatch};
pub use rollout_effects::{MetricEffects, RolloutEffect, WindowEffect};

use crate::price::DAY_MS;
use crate::study::progress::{ProgressListener, WorkMeter};
use crate::study::stats::bootstrap::holm_adjusted;
use crate::toml_reader::nearest_name_hint;
use backtest_sample::MetricQuestion;
use pipeline_figures::PipelineFigures;
use std::collections::BTreeMap;

/// The widest window that is taken where nobody names one, days. Source: MODEL.md, "Look back".
pub const WIDEST_WINDOW_DAYS: i64 = 14;

/// Draws of the bootstrap unless somebody says otherwise: the ends of a 95 % interval are each the
/// 50th of them. Source: MODEL.md, "Look back".
pub const DEFAULT_DRAWS: u32 = 2_000;

/// Windows that a figure is looked at in to see how it depends on them, days. Source: MODEL.md,
/// "Look back".
pub const WINDOWS_DAYS: [i64; 6] = [3, 5, 7, 9, 14, 30];

/// What is looked at unless somebody says otherwise, where a table knows it.
pub const DEFAULT_METRICS: [BacktestMetric; 4] = [
    BacktestMetric::Read,
    BacktestMetric::Tokens,
    BacktestMetric::Output,
    BacktestMetric::ReadPerLine,
];

/// What is looked at, and how.
#[derive(Clone, Debug)]
pub struct BacktestSettings {
    /// Metrics; empty for [`DEFAULT_METRICS`]. The first one is looked at in several windows.
    pub metrics: Vec<BacktestMetric>,
    /// Steps, beside whole pipelines.
    pub steps: Vec<String>,
    /// What they are adjusted for.
    pub adjust: Vec<SizeCovariate>,
    /// Pipelines up to this long before and after a rollout take part, milliseconds; `None` for as
    /// much as the shorter side has, at most two weeks.
    pub window_ms: Option<i64>,
    /// Other windows to look at, milliseconds.
    pub windows_ms: Vec<i64>,
    /// Milliseconds from one placebo date to the next.
    pub placebo_ms: i64,
    /// Draws of the bootstrap.
    pub draws: u32,
    /// Confidence of the intervals, 0 to 1.
    pub confidence: f64,
    /// The seed.
    pub seed: u64,
}

impl Default for BacktestSettings {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            steps: Vec::new(),
            adjust: vec![SizeCovariate::Lines, SizeCovariate::Sessions, SizeCovariate::Recipe],
            window_ms: None,
            windows_ms: WINDOWS_DAYS.map(|days| days * DAY_MS).to_vec(),
            placebo_ms: DAY_MS,
            draws: DEFAULT_DRAWS,
            confidence: 0.95,
            seed: crate::scenario::DEFAULT_SEED,
        }
    }
}

/// Each item where it stands first.
pub(crate) fn first_occurrences<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    for item in items {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

/// A prediction and the figure that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutPrediction {
    /// The era, from 0.
    pub batch: usize,
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: BacktestMetric,
    /// What is predicted.
    pub predicted: PredictedRatio,
}

/// The whole look back.
#[derive(Clone, Debug, Default)]
pub struct BacktestResult {
    /// The rollouts, those that cannot be told apart together; one without dates for two windows.
    pub batches: Vec<RolloutBatch>,
    /// Whether two windows were given rather than dates.
    pub has_windows: bool,
    /// The window, milliseconds; 0 for two given ones.
    pub window_ms: i64,
    /// Pipelines that were read.
    pub pipelines: u32,
    /// Of these, too far from every rollout.
    pub outside: u32,
    /// Pipelines that lie on no side, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
    /// What is known of when pipelines started.
    pub starts: StartCoverage,
    /// One each of the groups and metrics.
    pub metric_effects: Vec<MetricEffects>,
    /// The first metric in several windows.
    pub window_effects: Vec<WindowEffect>,
    /// Figures that a chance was worked out for.
    pub tested_figures: u32,
}

/// A look back that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// Nothing to look at.
    #[error("no pipeline in {0}: a step table needs rows, a recording sessions")]
    NoPipelines(&'static str),
    /// Two windows of the same pipelines.
    #[error(
        "every pipeline of the {0} window is in the other one too: a look back needs runs from \
         before and runs from after; `gate` compares recordings of the same sessions"
    )]
    SamePipelines(&'static str),
    /// A step that no pipeline has.
    #[error("no step '{step}'{near}; there are {known}")]
    UnknownStep {
        /// What was asked for.
        step: String,
        /// What it is near to, in brackets, or nothing.
        near: String,
        /// What there is.
        known: String,
    },
}

/// Looks back.
///
/// # Errors
/// A step that no pipeline has.
pub(crate) fn run_backtest(
    data: &BacktestData,
    settings: &BacktestSettings,
    predictions: &[RolloutPrediction],
    progress: ProgressListener<'_>,
) -> Result<BacktestResult, BacktestError> {
    let (all, eras) = (data.all_pipelines(), data.rollout_batches());
    // Before anything is computed: a misspelt step would look like one that nothing tells of.
    check_known_steps(&all, &settings.steps)?;
    let has_windows = data.has_windows();
    let window_ms = if has_windows {
        0
    } else {
        settings.window_ms.unwrap_or_else(|| default_window_ms(&all, &eras))
    };
    let lab = rollout_effects::EffectEstimator::new(data, settings, &eras, window_ms);
    let mut result = BacktestResult {
        has_windows,
        window_ms,
        // What is in both windows was taken out of each of them.
        pipelines: all.len() as u32 + 2 * data.count_in_both_windows(),
        outside: lab.outside,
        excluded: lab.excluded.clone(),
        starts: data.start_coverage(),
        ..BacktestResult::default()
    };
    if data.count_in_both_windows() > 0 {
        result.excluded.insert(ExclusionReason::InBothWindows, data.count_in_both_windows());
    }
    let metrics = selected_metrics(&all, settings);
    let adjust = &settings.adjust;
    // Of the first metric also in every window.
    let questions = (1 + settings.steps.len()) * (metrics.len() + usize::from(!has_windows));
    let meter = WorkMeter::new(progress, questions as u64);
    // Whole pipelines first, then each step that was asked for.
    for step in std::iter::once(None).chain(settings.steps.iter().map(|s| Some(s.as_str()))) {
        for (index, &metric) in metrics.iter().enumerate() {
            let question = MetricQuestion { step, metric, adjust };
            result.metric_effects.push(lab.estimate_metric(&question));
            meter.add(1);
            // Two given windows have no other ones to compare them with.
            // Of one metric alone, because every window takes a bootstrap of its own.
            if index == 0 && !has_windows {
                result.window_effects.extend(lab.estimate_in_windows(&question));
                meter.add(1);
            }
        }
    }
    // Only now: every chance is raised for how many looks there were.
    judge_effects(&mut result, settings, predictions);
    result.batches = eras;
    Ok(result)
}

/// As much as the shorter side has, at most [`WIDEST_WINDOW_DAYS`].
fn default_window_ms(all: &[&PipelineFigures], eras: &[RolloutBatch]) -> i64 {
    // By ends, because an end decides on which side a pipeline lies.
    let first_end = all.iter().filter_map(|one| one.end_ms).min();
    let last_end = all.iter().filter_map(|one| one.end_ms).max();
    let most = WIDEST_WINDOW_DAYS * DAY_MS;
    let (Some(first), Some(last)) = (eras.first(), eras.last()) else { return most };
    let before = first_end.map_or(0, |end| first.from_ms - end);
    let after = last_end.map_or(0, |end| end - last.to_ms);
    // With nothing on a side no window is too wide.
    if before <= 0 || after <= 0 { most } else { before.min(after).min(most) }
}

fn check_known_steps(all: &[&PipelineFigures], steps: &[String]) -> Result<(), BacktestError> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for step in all.iter().flat_map(|one| one.steps.keys()) {
        *known.entry(step).or_default() += 1;
    }
    let Some(step) = steps.iter().find(|step| !known.contains_key(step.as_str())) else {
        return Ok(());
    };
    let near = nearest_name_hint(step, known.keys().copied());
    let mut names: Vec<(&str, u32)> =
        known.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    // The commonest steps first: a mistyped one is most likely among them.
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let names: Vec<&str> = names.iter().take(20).map(|(name, _)| *name).collect();
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(BacktestError::UnknownStep { step: step.clone(), near, known })
}

/// The metrics asked for, or the usual ones that any pipeline knows.
fn selected_metrics(all: &[&PipelineFigures], settings: &BacktestSettings) -> Vec<BacktestMetric> {
    if !settings.metrics.is_empty() {
        return settings.metrics.clone();
    }
    // Only usual metrics are passed over in silence; one that was asked for stays.
    DEFAULT_METRICS
        .into_iter()
        .filter(|&metric| {
            MetricQuestion { step: None, metric, adjust: &[] }.is_known(all.iter().copied())
        })
        .collect()
}

/// Raises the chances for the number of looks, and says what follows.
fn judge_effects(
    result: &mut BacktestResult,
    settings: &BacktestSettings,
    predictions: &[RolloutPrediction],
) {
    let effects = result.metric_effects.iter().flat_map(|metric| &metric.effects);
    // A figure without a chance tested nothing, and makes no other one less certain.
    let p_values: Vec<f64> = effects.filter_map(|effect| effect.p_value).collect();
    result.tested_figures = p_values.len() as u32;
    // Corrected values come in the order of the tested figures, which is that of the loop below.
    let mut corrected = holm_adjusted(&p_values).into_iter();
    let alpha = 1.0 - settings.confidence;
    for metric in &mut result.metric_effects {
        for (batch, effect) in metric.effects.iter_mut().enumerate() {
            effect.p_value_corrected = effect.p_value.and_then(|_| corrected.next());
            // Where no chance was worked out, the worst one stands in.
            let p = effect.p_value_corrected.unwrap_or(1.0);
            effect.verdict =
                EffectVerdict::from_interval(effect.interval, p, effect.placebo, alpha);
            effect.predicted = predictions
                .iter()
                .find(|one| {
                    (one.batch, &one.step, one.metric) == (batch, &metric.step, metric.metric)
                })
                .map(|one| one.predicted.clone());
            // A prediction is held against the figure that the interval belongs to.
            let best = effect.adjusted.or(effect.raw);
            if let (Some(seen), Some(interval), Some(predicted)) =
                (best, effect.interval, &effect.predicted)
            {
                effect.difference =
                    Some(PredictionComparison::compare_ratio(seen, interval, predicted));
            }
        }
    }
}

impl BacktestResult {
    /// Everything that was seen, for a report.
    #[must_use]
    pub(crate) fn to_observations(
        &self,
        settings: &BacktestSettings,
        source: &str,
        sha256: &str,
    ) -> Observations {
        let mut observed = Vec::new();
        for metric in &self.metric_effects {
            for (batch, effect) in self.batches.iter().zip(&metric.effects) {
                observed.push(self.observed_effect(metric, batch, effect));
            }
        }
        Observations {
            schema: SCHEMA.to_owned(),
            source: source.to_owned(),
            sha256: sha256.to_owned(),
            window_ms: self.window_ms,
            confidence: EffectRatio::from_f64(settings.confidence),
            draws: settings.draws,
            seed: settings.seed,
            looks: self.tested_figures,
            observed,
        }
    }

    fn observed_effect(
        &self,
        metric: &MetricEffects,
        batch: &RolloutBatch,
        effect: &RolloutEffect,
    ) -> ObservedEffect {
        // Two given windows have no date of a rollout.
        let [from, to] = if self.has_windows {
            [String::new(), String::new()]
        } else {
            [batch.from_ms, batch.to_ms].map(rfc3339)
        };
        let predicted = effect.predicted.as_ref();
        ObservedEffect {
            toggles: batch.toggle_ids(),
            rollout: batch.name(),
            from,
            to,
            group: metric.group_label().to_owned(),
            metric: metric.metric.to_string(),
            before: effect.before,
            after: effect.after,
            raw: effect.raw.map(EffectRatio::from_f64),
            adjusted: effect.adjusted.map(EffectRatio::from_f64),
            low: effect.interval.map(|interval| EffectRatio::from_f64(interval.low)),
            high: effect.interval.map(|interval| EffectRatio::from_f64(interval.high)),
            placebo: effect.placebo.map(EffectRatio::from_f64),
            placebos: metric.placebos.len() as u32,
            predicted: predicted.map(|predicted| EffectRatio::from_f64(predicted.ratio)),
            verdict: effect.verdict.to_string(),
        }
    }
}

fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default()
}
