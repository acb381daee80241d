//! The look back: what changed after a rollout, and whether the rollout explains it.
//!
//! A look is one figure (a metric of a step, or of whole pipelines) around one rollout. Beside the
//! ratio of medians stands the one for pipelines of one size: least squares on logarithms, with a
//! level for each stretch between rollouts and a slope for each size. Intervals draw pipelines
//! again, stretch by stretch. What dates without a rollout show under the same estimator says how
//! much of it is drift. Source: MODEL.md, "Look back".

pub mod criteria;
mod data;
pub mod era;
pub mod fit;
mod look;
pub mod metric;
mod observed;
pub mod rollouts;
pub mod sample;
pub mod table;
pub mod verdict;

pub use data::{Data, Starts};
pub use era::{Era, FEWEST, Left, Rollout};
pub use look::{Look, Study, Windowed};
pub use metric::{Metric, Size};
pub use observed::{BadObservations, Observations, Observed, Ratio, SCHEMA, TOTAL};
pub use verdict::{Against, Change, Difference, Predicted, Verdict};

use crate::price::DAY_MS;
use crate::study::resample::holm;
use sample::Question;
use std::collections::BTreeMap;
use table::Pipeline;

/// The widest window that is taken where nobody names one, days. Source: MODEL.md, "Look back".
pub const WIDEST_DAYS: i64 = 14;

/// Draws of the bootstrap unless somebody says otherwise: the ends of a 95 % interval are each the
/// 50th of them. Source: MODEL.md, "Look back".
pub const DEFAULT_DRAWS: u32 = 2_000;

/// Windows that a figure is looked at in to see how it depends on them, days. Source: MODEL.md,
/// "Look back".
pub const WINDOWS_DAYS: [i64; 6] = [3, 5, 7, 9, 14, 30];

/// What is looked at unless somebody says otherwise, where a table knows it.
pub const DEFAULT_METRICS: [Metric; 4] =
    [Metric::Read, Metric::Tokens, Metric::Output, Metric::ReadPerLine];

/// What is looked at, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Metrics; empty for [`DEFAULT_METRICS`]. The first one is looked at in several windows.
    pub metrics: Vec<Metric>,
    /// Steps, beside whole pipelines.
    pub steps: Vec<String>,
    /// What they are adjusted for.
    pub adjust: Vec<Size>,
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            steps: Vec::new(),
            adjust: vec![Size::Lines, Size::Sessions, Size::Recipe],
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
pub fn each_once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
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
pub struct Prediction {
    /// The era, from 0.
    pub era: usize,
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: Metric,
    /// What is predicted.
    pub predicted: Predicted,
}

/// The whole look back.
#[derive(Clone, Debug, Default)]
pub struct Backtest {
    /// The rollouts, those that cannot be told apart together; one without dates for two windows.
    pub eras: Vec<Era>,
    /// Whether two windows were given rather than dates.
    pub has_windows: bool,
    /// The window, milliseconds; 0 for two given ones.
    pub window_ms: i64,
    /// Pipelines that were read.
    pub pipelines: u32,
    /// Of these, too far from every rollout.
    pub outside: u32,
    /// Pipelines that lie on no side, by reason.
    pub left: BTreeMap<Left, u32>,
    /// What is known of when pipelines started.
    pub starts: Starts,
    /// One each of the groups and metrics.
    pub studies: Vec<Study>,
    /// The first metric in several windows.
    pub windows: Vec<Windowed>,
    /// Figures that a chance was worked out for.
    pub looks: u32,
}

/// A look back that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLooked {
    /// Nothing to look at.
    #[error("no pipeline in {0}: a step table needs rows, a recording sessions")]
    Empty(&'static str),
    /// Two windows of the same pipelines.
    #[error(
        "every pipeline of the {0} window is in the other one too: a look back needs runs from \
         before and runs from after; `gate` compares recordings of the same sessions"
    )]
    Same(&'static str),
    /// A step that no pipeline has.
    #[error("no step '{step}'; there are {known}")]
    Step {
        /// What was asked for.
        step: String,
        /// What there is.
        known: String,
    },
}

/// Looks back.
///
/// # Errors
/// A step that no pipeline has.
pub fn backtest(
    data: &Data,
    settings: &Settings,
    predictions: &[Prediction],
) -> Result<Backtest, NotLooked> {
    let (all, eras) = (data.all(), data.eras());
    check_steps(&all, &settings.steps)?;
    let has_windows = data.has_windows();
    let own = || own_window(&all, &eras);
    let window_ms = if has_windows { 0 } else { settings.window_ms.unwrap_or_else(own) };
    let lab = look::Lab::of(data, settings, &eras, window_ms);
    let mut result = Backtest {
        has_windows,
        window_ms,
        pipelines: all.len() as u32 + 2 * data.twice(),
        outside: lab.outside,
        left: lab.left.clone(),
        starts: data.starts(),
        ..Backtest::default()
    };
    if data.twice() > 0 {
        result.left.insert(Left::Twice, data.twice());
    }
    let metrics = metrics(&all, settings);
    for step in std::iter::once(None).chain(settings.steps.iter().map(|s| Some(s.as_str()))) {
        let question = |metric| Question { step, metric, adjust: &settings.adjust };
        result.studies.extend(metrics.iter().map(|metric| lab.study(&question(*metric))));
        if let (Some(first), false) = (metrics.first(), has_windows) {
            result.windows.extend(lab.windowed(&question(*first)));
        }
    }
    judge(&mut result, settings, predictions);
    result.eras = eras;
    Ok(result)
}

/// As much as the shorter side has, at most [`WIDEST_DAYS`].
fn own_window(all: &[&Pipeline], eras: &[Era]) -> i64 {
    let ends = || all.iter().filter_map(|one| one.end_ms);
    let most = WIDEST_DAYS * DAY_MS;
    let (Some(first), Some(last)) = (eras.first(), eras.last()) else { return most };
    let before = ends().min().map_or(0, |end| first.from_ms - end);
    let after = ends().max().map_or(0, |end| end - last.to_ms);
    if before <= 0 || after <= 0 { most } else { before.min(after).min(most) }
}

fn check_steps(all: &[&Pipeline], steps: &[String]) -> Result<(), NotLooked> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for step in all.iter().flat_map(|one| one.steps.keys()) {
        *known.entry(step).or_default() += 1;
    }
    let Some(step) = steps.iter().find(|step| !known.contains_key(step.as_str())) else {
        return Ok(());
    };
    let mut names: Vec<(&str, u32)> =
        known.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let names: Vec<&str> = names.iter().take(20).map(|(name, _)| *name).collect();
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(NotLooked::Step { step: step.clone(), known })
}

/// The metrics asked for, or the usual ones that any pipeline knows.
fn metrics(all: &[&Pipeline], settings: &Settings) -> Vec<Metric> {
    if !settings.metrics.is_empty() {
        return settings.metrics.clone();
    }
    let is_known = |metric: &Metric| {
        let question = Question { step: None, metric: *metric, adjust: &[] };
        question.is_known(all.iter().copied())
    };
    DEFAULT_METRICS.into_iter().filter(is_known).collect()
}

/// Raises the chances for the number of looks, and says what follows.
fn judge(result: &mut Backtest, settings: &Settings, predictions: &[Prediction]) {
    let looks = || result.studies.iter().flat_map(|study| &study.looks);
    let chances: Vec<f64> = looks().filter_map(|look| look.p).collect();
    result.looks = chances.len() as u32;
    let mut raised = holm(&chances).into_iter();
    let alpha = 1.0 - settings.confidence;
    for study in &mut result.studies {
        for (era, look) in study.looks.iter_mut().enumerate() {
            look.p_raised = look.p.and_then(|_| raised.next());
            let p = look.p_raised.unwrap_or(1.0);
            look.verdict = Verdict::of(look.interval, p, look.placebo, alpha);
            let about = |one: &&Prediction| {
                (one.era, &one.step, one.metric) == (era, &study.step, study.metric)
            };
            look.predicted = predictions.iter().find(about).map(|one| one.predicted.clone());
            let best = look.adjusted.or(look.raw);
            if let (Some(seen), Some(interval), Some(predicted)) =
                (best, look.interval, &look.predicted)
            {
                look.difference = Some(Difference::of(seen, interval, predicted));
            }
        }
    }
}

impl Backtest {
    /// Everything that was seen, for a report.
    #[must_use]
    pub fn observations(&self, settings: &Settings, source: &str, sha256: &str) -> Observations {
        let iso = |ms: i64| {
            if self.has_windows {
                return String::new();
            }
            jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
        };
        let one = |study: &Study, era: &Era, look: &Look| Observed {
            toggles: era.toggles(),
            rollout: era.name(),
            from: iso(era.from_ms),
            to: iso(era.to_ms),
            group: study.group().to_owned(),
            metric: study.metric.to_string(),
            before: look.before,
            after: look.after,
            raw: look.raw.map(Ratio::of),
            adjusted: look.adjusted.map(Ratio::of),
            low: look.interval.map(|interval| Ratio::of(interval.low)),
            high: look.interval.map(|interval| Ratio::of(interval.high)),
            placebo: look.placebo.map(Ratio::of),
            placebos: study.placebos.len() as u32,
            predicted: look.predicted.as_ref().map(|predicted| Ratio::of(predicted.ratio)),
            verdict: look.verdict.to_string(),
        };
        let of = |study: &Study| -> Vec<Observed> {
            self.eras.iter().zip(&study.looks).map(|(era, look)| one(study, era, look)).collect()
        };
        Observations {
            schema: SCHEMA.to_owned(),
            source: source.to_owned(),
            sha256: sha256.to_owned(),
            window_ms: self.window_ms,
            confidence: Ratio::of(settings.confidence),
            draws: settings.draws,
            seed: settings.seed,
            looks: self.looks,
            observed: self.studies.iter().flat_map(of).collect(),
        }
    }
}
