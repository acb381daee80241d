//! The look back for programs: `windtunnel.backtest/1`.

use super::{Shown, SourceTold, era_name};
use crate::recording::name_of;
use crate::report::json;
use crate::study::backtest::{Against, Left, Look, Ratio, Study};
use crate::study::resample::Interval;
use serde::Serialize;
use std::collections::BTreeMap;

impl Shown<'_> {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let (result, settings) = (self.result, self.settings);
        let iso = |ms: i64| jiff::Timestamp::from_millisecond(ms).ok().map(|at| at.to_string());
        let iso = |ms: i64| if result.has_windows { None } else { iso(ms) };
        let eras = result.eras.iter().enumerate();
        let era = |(at, era): (usize, &crate::study::backtest::Era)| EraJson {
            name: era_name(era, result.has_windows),
            from: iso(era.from_ms),
            to: iso(era.to_ms),
            toggles: era.toggles(),
            between: era.between.clone(),
            looks: result.studies.iter().map(|study| look(study, &study.looks[at])).collect(),
        };
        let window = |one: &crate::study::backtest::Windowed| WindowJson {
            group: one.step.clone().unwrap_or_else(|| "total".to_owned()),
            metric: one.metric.to_string(),
            rollout: era_name(&result.eras[one.era], result.has_windows),
            window_ms: one.window_ms,
            before: one.look.before,
            after: one.look.after,
            raw: one.look.raw.map(Ratio::of),
            adjusted: one.look.adjusted.map(Ratio::of),
            interval: ends(one.look.interval),
        };
        let body = Body {
            window_ms: result.window_ms,
            pipelines: result.pipelines,
            outside: result.outside,
            left_out: left(&result.left),
            starts_unknown: result.starts.unknown,
            longest_ms: result.starts.longest_ms,
            looks: result.looks,
            confidence: Ratio::of(settings.confidence),
            draws: settings.draws,
            seed: settings.seed,
            adjust: settings.adjust.iter().map(ToString::to_string).collect(),
            rollouts: eras.map(era).collect(),
            windows: result.windows.iter().map(window).collect(),
            placebos: result.studies.iter().map(placebos).collect(),
            sources: self.sources.iter().map(SourceJson::from).collect(),
        };
        json::document("backtest", 1, &body)
    }
}

fn ends(interval: Option<Interval>) -> Option<[Ratio; 2]> {
    interval.map(|ends| [ends.low, ends.high].map(Ratio::of))
}

fn left(reasons: &BTreeMap<Left, u32>) -> BTreeMap<&'static str, u32> {
    reasons.iter().map(|(left, count)| (name_of(&Left::NAMED, *left), *count)).collect()
}

fn look(study: &Study, look: &Look) -> LookJson {
    LookJson {
        group: study.group().to_owned(),
        metric: study.metric.to_string(),
        before: look.before,
        after: look.after,
        raw: look.raw.map(Ratio::of),
        raw_interval: ends(look.raw_interval),
        means: look.means.map(Ratio::of),
        adjusted: look.adjusted.map(Ratio::of),
        interval: ends(look.interval),
        p: look.p.map(Ratio::of),
        p_raised: look.p_raised.map(Ratio::of),
        placebo: look.placebo.map(Ratio::of),
        verdict: look.verdict.to_string(),
        prediction: look.predicted.as_ref().map(|predicted| PredictionJson {
            ratio: Ratio::of(predicted.ratio),
            range: [predicted.range.low, predicted.range.high].map(Ratio::of),
            from: predicted.from.clone(),
            seen_over_predicted: look.difference.map(|it| Ratio::of(it.ratio)),
            interval: ends(look.difference.map(|it| it.interval)),
            verdict: look.difference.map(|it| name_of(&Against::NAMED, it.against)),
        }),
        left_out: left(&study.left),
    }
}

fn placebos(study: &Study) -> PlaceboJson {
    let date = |(at_ms, ratio): &(i64, f64)| DateJson {
        date: jiff::Timestamp::from_millisecond(*at_ms)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        ratio: Ratio::of(*ratio),
    };
    PlaceboJson {
        group: study.group().to_owned(),
        metric: study.metric.to_string(),
        slopes: study
            .slopes
            .iter()
            .map(|(size, slope)| (size.clone(), slope.map(Ratio::of)))
            .collect(),
        not_adjusted_for: study.unknown.iter().map(ToString::to_string).collect(),
        dates: study.placebos.iter().map(date).collect(),
    }
}

#[derive(Serialize)]
struct Body {
    /// 0 for two windows.
    window_ms: i64,
    pipelines: u32,
    outside: u32,
    left_out: BTreeMap<&'static str, u32>,
    starts_unknown: u32,
    longest_ms: Option<i64>,
    looks: u32,
    confidence: Ratio,
    draws: u32,
    seed: u64,
    adjust: Vec<String>,
    rollouts: Vec<EraJson>,
    windows: Vec<WindowJson>,
    placebos: Vec<PlaceboJson>,
    sources: Vec<SourceJson>,
}

#[derive(Serialize)]
struct EraJson {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    toggles: Vec<String>,
    between: Vec<u32>,
    looks: Vec<LookJson>,
}

#[derive(Serialize)]
struct LookJson {
    group: String,
    metric: String,
    before: u32,
    after: u32,
    raw: Option<Ratio>,
    raw_interval: Option<[Ratio; 2]>,
    means: Option<Ratio>,
    adjusted: Option<Ratio>,
    interval: Option<[Ratio; 2]>,
    p: Option<Ratio>,
    p_raised: Option<Ratio>,
    placebo: Option<Ratio>,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<PredictionJson>,
    left_out: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
struct PredictionJson {
    ratio: Ratio,
    range: [Ratio; 2],
    from: String,
    seen_over_predicted: Option<Ratio>,
    interval: Option<[Ratio; 2]>,
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct WindowJson {
    group: String,
    metric: String,
    rollout: String,
    window_ms: i64,
    before: u32,
    after: u32,
    raw: Option<Ratio>,
    adjusted: Option<Ratio>,
    interval: Option<[Ratio; 2]>,
}

#[derive(Serialize)]
struct PlaceboJson {
    group: String,
    metric: String,
    slopes: BTreeMap<String, Option<Ratio>>,
    not_adjusted_for: Vec<String>,
    dates: Vec<DateJson>,
}

#[derive(Serialize)]
struct DateJson {
    date: String,
    ratio: Ratio,
}

/// An input for programs.
#[derive(Serialize)]
pub(super) struct SourceJson {
    name: String,
    sha256: String,
    skipped: u64,
    skips: Vec<String>,
    notes: Vec<String>,
}

impl From<&SourceTold> for SourceJson {
    fn from(told: &SourceTold) -> Self {
        let SourceTold { name, sha256, skipped, skips, notes } = told.clone();
        Self { name, sha256, skipped, skips, notes }
    }
}
