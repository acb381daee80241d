//! The look back for programs: `windtunnel.backtest/1`.

use super::{BacktestReport, BacktestSource, era_name};
use crate::recording::name_of_value;
use crate::report::json;
use crate::study::backtest::{
    EffectRatio, ExclusionReason, MetricEffects, PredictionVerdict, RolloutEffect,
};
use crate::study::stats::bootstrap::ConfidenceInterval;
use serde::Serialize;
use std::collections::BTreeMap;

impl BacktestReport<'_> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let (result, settings) = (self.result, self.settings);
        let iso = |ms: i64| jiff::Timestamp::from_millisecond(ms).ok().map(|at| at.to_string());
        let iso = |ms: i64| if result.has_windows { None } else { iso(ms) };
        let eras = result.batches.iter().enumerate();
        let era = |(at, era): (usize, &crate::study::backtest::RolloutBatch)| RolloutEraJson {
            name: era_name(era, result.has_windows),
            from: iso(era.from_ms),
            to: iso(era.to_ms),
            toggles: era.toggle_ids(),
            between: era.between.clone(),
            looks: result
                .metric_effects
                .iter()
                .map(|study| look_to_json(study, &study.effects[at]))
                .collect(),
        };
        let window = |one: &crate::study::backtest::WindowEffect| OtherWindowJson {
            group: one.step.clone().unwrap_or_else(|| "total".to_owned()),
            metric: one.metric.to_string(),
            rollout: era_name(&result.batches[one.batch], result.has_windows),
            window_ms: one.window_ms,
            before: one.effect.before,
            after: one.effect.after,
            raw: one.effect.raw.map(EffectRatio::from_f64),
            adjusted: one.effect.adjusted.map(EffectRatio::from_f64),
            interval: interval_ratios(one.effect.interval),
        };
        let body = BacktestJson {
            window_ms: result.window_ms,
            pipelines: result.pipelines,
            outside: result.outside,
            left_out: left_out_counts(&result.excluded),
            starts_unknown: result.starts.unknown,
            longest_ms: result.starts.longest_ms,
            looks: result.tested_figures,
            confidence: EffectRatio::from_f64(settings.confidence),
            draws: settings.draws,
            seed: settings.seed,
            adjust: settings.adjust.iter().map(ToString::to_string).collect(),
            rollouts: eras.map(era).collect(),
            windows: result.window_effects.iter().map(window).collect(),
            placebos: result.metric_effects.iter().map(placebos_to_json).collect(),
            sources: self.sources.iter().map(BacktestSourceJson::from).collect(),
        };
        json::versioned_json("backtest", 1, &body)
    }
}

fn interval_ratios(interval: Option<ConfidenceInterval>) -> Option<[EffectRatio; 2]> {
    interval.map(|ends| [ends.low, ends.high].map(EffectRatio::from_f64))
}

fn left_out_counts(reasons: &BTreeMap<ExclusionReason, u32>) -> BTreeMap<&'static str, u32> {
    reasons
        .iter()
        .map(|(left, count)| (name_of_value(&ExclusionReason::NAMED, *left), *count))
        .collect()
}

fn look_to_json(study: &MetricEffects, look: &RolloutEffect) -> BeforeAfterJson {
    BeforeAfterJson {
        group: study.group_label().to_owned(),
        metric: study.metric.to_string(),
        before: look.before,
        after: look.after,
        raw: look.raw.map(EffectRatio::from_f64),
        raw_interval: interval_ratios(look.raw_interval),
        means: look.means.map(EffectRatio::from_f64),
        adjusted: look.adjusted.map(EffectRatio::from_f64),
        interval: interval_ratios(look.interval),
        p: look.p_value.map(EffectRatio::from_f64),
        p_raised: look.p_value_corrected.map(EffectRatio::from_f64),
        placebo: look.placebo.map(EffectRatio::from_f64),
        verdict: look.verdict.to_string(),
        prediction: look.predicted.as_ref().map(|predicted| PredictionJson {
            ratio: EffectRatio::from_f64(predicted.ratio),
            range: [predicted.range.low, predicted.range.high].map(EffectRatio::from_f64),
            from: predicted.from.clone(),
            seen_over_predicted: look.difference.map(|it| EffectRatio::from_f64(it.ratio)),
            interval: interval_ratios(look.difference.map(|it| it.interval)),
            verdict: look.difference.map(|it| name_of_value(&PredictionVerdict::NAMED, it.verdict)),
        }),
        left_out: left_out_counts(&study.excluded),
    }
}

fn placebos_to_json(study: &MetricEffects) -> PlaceboJson {
    let date = |(at_ms, ratio): &(i64, f64)| PlaceboDateJson {
        date: jiff::Timestamp::from_millisecond(*at_ms)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        ratio: EffectRatio::from_f64(*ratio),
    };
    PlaceboJson {
        group: study.group_label().to_owned(),
        metric: study.metric.to_string(),
        slopes: study
            .slopes
            .iter()
            .map(|(size, slope)| (size.clone(), slope.map(EffectRatio::from_f64)))
            .collect(),
        not_adjusted_for: study.unknown.iter().map(ToString::to_string).collect(),
        dates: study.placebos.iter().map(date).collect(),
    }
}

#[derive(Serialize)]
struct BacktestJson {
    /// 0 for two windows.
    window_ms: i64,
    pipelines: u32,
    outside: u32,
    left_out: BTreeMap<&'static str, u32>,
    starts_unknown: u32,
    longest_ms: Option<i64>,
    looks: u32,
    confidence: EffectRatio,
    draws: u32,
    seed: u64,
    adjust: Vec<String>,
    rollouts: Vec<RolloutEraJson>,
    windows: Vec<OtherWindowJson>,
    placebos: Vec<PlaceboJson>,
    sources: Vec<BacktestSourceJson>,
}

#[derive(Serialize)]
struct RolloutEraJson {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    toggles: Vec<String>,
    between: Vec<u32>,
    looks: Vec<BeforeAfterJson>,
}

#[derive(Serialize)]
struct BeforeAfterJson {
    group: String,
    metric: String,
    before: u32,
    after: u32,
    raw: Option<EffectRatio>,
    raw_interval: Option<[EffectRatio; 2]>,
    means: Option<EffectRatio>,
    adjusted: Option<EffectRatio>,
    interval: Option<[EffectRatio; 2]>,
    p: Option<EffectRatio>,
    p_raised: Option<EffectRatio>,
    placebo: Option<EffectRatio>,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<PredictionJson>,
    left_out: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
struct PredictionJson {
    ratio: EffectRatio,
    range: [EffectRatio; 2],
    from: String,
    seen_over_predicted: Option<EffectRatio>,
    interval: Option<[EffectRatio; 2]>,
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct OtherWindowJson {
    group: String,
    metric: String,
    rollout: String,
    window_ms: i64,
    before: u32,
    after: u32,
    raw: Option<EffectRatio>,
    adjusted: Option<EffectRatio>,
    interval: Option<[EffectRatio; 2]>,
}

#[derive(Serialize)]
struct PlaceboJson {
    group: String,
    metric: String,
    slopes: BTreeMap<String, Option<EffectRatio>>,
    not_adjusted_for: Vec<String>,
    dates: Vec<PlaceboDateJson>,
}

#[derive(Serialize)]
struct PlaceboDateJson {
    date: String,
    ratio: EffectRatio,
}

/// An input for programs.
#[derive(Serialize)]
pub(super) struct BacktestSourceJson {
    name: String,
    sha256: String,
    skipped: u64,
    skips: Vec<String>,
    notes: Vec<String>,
}

impl From<&BacktestSource> for BacktestSourceJson {
    fn from(told: &BacktestSource) -> Self {
        let BacktestSource { name, sha256, skip_count, skips, notes } = told.clone();
        Self { name, sha256, skipped: skip_count, skips, notes }
    }
}
