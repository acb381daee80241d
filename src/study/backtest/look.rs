//! One look: a figure around a rollout, the same around dates without one, and in other windows.

use super::era::{self, Era, FEWEST, Left};
use super::metric::{Metric, Size};
use super::sample::{Levels, Member, Question, Sample};
use super::verdict::{Difference, Predicted, Verdict};
use super::{Data, Settings};
use crate::seed::Seed;
use crate::study::resample::{Interval, middle};
use std::collections::BTreeMap;

/// A figure around one rollout. Ratios are after divided by before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Pipelines before.
    pub before: u32,
    /// Pipelines after.
    pub after: u32,
    /// Of medians.
    pub raw: Option<f64>,
    /// Where it lies.
    pub raw_interval: Option<Interval>,
    /// Of means.
    pub means: Option<f64>,
    /// For pipelines of one size; `None` where there is nothing to adjust for, or too few.
    pub adjusted: Option<f64>,
    /// Where `adjusted` lies, or else `raw`; `None` with too few pipelines.
    pub interval: Option<Interval>,
    /// The chance of a ratio as far from 1 where nothing changed.
    pub p: Option<f64>,
    /// The same, raised for the number of looks.
    pub p_raised: Option<f64>,
    /// Share of the placebo dates that show as much.
    pub placebo: Option<f64>,
    /// What is predicted.
    pub predicted: Option<Predicted>,
    /// What was seen against it.
    pub difference: Option<Difference>,
    /// What is said of it.
    pub verdict: Verdict,
}

/// A metric of a group around every rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: Metric,
    /// By how much it grows with each size: exponents, and for kinds of pipelines logarithms.
    pub slopes: Vec<(String, Option<f64>)>,
    /// Sizes that nothing tells.
    pub unknown: Vec<Size>,
    /// Pipelines on a side that take no part, by reason.
    pub left: BTreeMap<Left, u32>,
    /// One for each era.
    pub looks: Vec<Look>,
    /// The ratio at each date without a rollout.
    pub placebos: Vec<(i64, f64)>,
}

impl Study {
    /// What it is about.
    #[must_use]
    pub fn group(&self) -> &str {
        self.step.as_deref().unwrap_or("total")
    }
}

/// A figure in another window.
#[derive(Clone, Debug, PartialEq)]
pub struct Windowed {
    /// The step; `None` for whole pipelines.
    pub step: Option<String>,
    /// The metric.
    pub metric: Metric,
    /// The era, from 0.
    pub era: usize,
    /// The window, milliseconds.
    pub window_ms: i64,
    /// What is seen in it: counts, ratios and interval.
    pub look: Look,
}

/// Pipelines with the stretches that they lie in.
#[derive(Clone, Debug, Default)]
pub struct Placed<'a> {
    /// Those that lie in one.
    pub members: Vec<Member<'a>>,
    /// How many are too far from every rollout.
    pub outside: u32,
    /// How many lie on no side, by reason.
    pub left: BTreeMap<Left, u32>,
}

/// Everything that looks share.
pub struct Lab<'a> {
    data: &'a Data,
    settings: &'a Settings,
    eras: &'a [Era],
    window_ms: i64,
    placed: Vec<Member<'a>>,
    /// The same without a window.
    calm: Vec<Member<'a>>,
    /// Pipelines too far from every rollout.
    pub outside: u32,
    /// Pipelines on no side, by reason.
    pub left: BTreeMap<Left, u32>,
}

impl<'a> Lab<'a> {
    /// Places every pipeline.
    #[must_use]
    pub fn of(data: &'a Data, settings: &'a Settings, eras: &'a [Era], window_ms: i64) -> Self {
        let Placed { members: placed, outside, left } = data.placed(window_ms);
        let calm = data.placed(i64::MAX).members;
        Self { data, settings, eras, window_ms, placed, calm, outside, left }
    }

    /// Looks at a figure around every rollout.
    #[must_use]
    pub fn study(&self, question: &Question<'_>) -> Study {
        let sample = Sample::of(&self.placed, self.eras.len() + 1, question);
        let (levels, mut looks) = self.looks(&sample);
        let placebos = self.placebos(question);
        for look in &mut looks {
            let Some(seen) = look.adjusted.or(look.raw).filter(|_| look.interval.is_some()) else {
                continue;
            };
            let as_much = |(_, ratio): &&(i64, f64)| ratio.ln().abs() >= seen.ln().abs();
            let count = placebos.iter().filter(as_much).count();
            look.placebo = (!placebos.is_empty()).then(|| count as f64 / placebos.len() as f64);
        }
        let slopes = levels.slopes.iter().copied();
        Study {
            step: question.step.map(str::to_owned),
            metric: question.metric,
            slopes: sample.sizes.iter().cloned().zip(slopes).collect(),
            unknown: sample.unknown.clone(),
            left: sample.left.clone(),
            looks,
            placebos,
        }
    }

    /// Looks at a figure in other windows.
    #[must_use]
    pub fn windowed(&self, question: &Question<'_>) -> Vec<Windowed> {
        let mut rows = Vec::new();
        for window_ms in &self.settings.windows_ms {
            let placed = self.data.placed(*window_ms).members;
            let sample = Sample::of(&placed, self.eras.len() + 1, question);
            let (_, looks) = self.looks(&sample);
            rows.extend(looks.into_iter().enumerate().map(|(era, look)| Windowed {
                step: question.step.map(str::to_owned),
                metric: question.metric,
                era,
                window_ms: *window_ms,
                look,
            }));
        }
        rows
    }

    /// Ratios and intervals around every rollout, with the levels that they come from.
    fn looks(&self, sample: &Sample) -> (Levels, Vec<Look>) {
        let (counts, levels) = (sample.counts(), sample.levels());
        let enough = |era: usize| counts[era] >= FEWEST && counts[era + 1] >= FEWEST;
        let wanted = (0..self.eras.len()).any(enough);
        let count = if wanted { self.settings.draws } else { 0 };
        let drawn = sample.drawn(Seed(self.settings.seed), count);
        let is_adjusted = levels.adjusted.iter().any(Option::is_some);
        let look = |era: usize| {
            let ratio = |levels: &[Option<f64>]| Levels::step(levels, era).map(f64::exp);
            let mut look = Look {
                before: counts[era],
                after: counts[era + 1],
                raw: ratio(&levels.raw),
                means: ratio(&levels.mean),
                ..Look::default()
            };
            if enough(era) {
                look.adjusted = ratio(&levels.adjusted);
                look.raw_interval = self.interval(drawn.iter().map(|one| &one.raw[..]), era);
                let best = |one: &Levels| -> Option<f64> {
                    Levels::step(if is_adjusted { &one.adjusted } else { &one.raw }, era)
                };
                look.interval = if is_adjusted {
                    self.interval(drawn.iter().map(|one| &one.adjusted[..]), era)
                } else {
                    look.raw_interval
                };
                look.p = chance(&drawn.iter().filter_map(best).collect::<Vec<_>>());
            }
            look
        };
        let looks = (0..self.eras.len()).map(look).collect();
        (levels, looks)
    }

    fn interval<'b>(
        &self,
        drawn: impl Iterator<Item = &'b [Option<f64>]>,
        era: usize,
    ) -> Option<Interval> {
        let steps = drawn.filter_map(|levels| Levels::step(levels, era));
        let ends = middle(steps.collect(), self.settings.confidence)?;
        Some(Interval { low: ends.low.exp(), high: ends.high.exp() })
    }

    /// The same estimator at dates without a rollout: within each stretch, in the same window as
    /// far as the stretch reaches.
    fn placebos(&self, question: &Question<'_>) -> Vec<(i64, f64)> {
        let mut found = Vec::new();
        for stretch in 0..=self.eras.len() {
            let calm = || self.calm.iter().filter(move |member| member.stretch == stretch);
            let ends = || calm().filter_map(|member| member.pipeline.end_ms);
            let (Some(first), Some(last)) = (ends().min(), ends().max()) else { continue };
            let step = self.settings.placebo_ms;
            let window = if self.window_ms > 0 { self.window_ms } else { last - first };
            let mut at_ms = (first.div_euclid(step) + 1) * step;
            while at_ms <= last {
                let era = [Era { from_ms: at_ms, to_ms: at_ms, ..Era::default() }];
                let side = |member: &Member<'a>| {
                    let stretch = era::stretch(member.pipeline, &era, window).ok()??;
                    Some(Member { stretch, ..*member })
                };
                let sides: Vec<Member<'_>> = calm().filter_map(side).collect();
                let sample = Sample::of(&sides, 2, question);
                if sample.counts().into_iter().all(|count| count >= FEWEST) {
                    let ratio = Levels::step(sample.levels().best(), 0);
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
fn chance(drawn: &[f64]) -> Option<f64> {
    if drawn.is_empty() {
        return None;
    }
    let below = drawn.iter().filter(|step| **step <= 0.0).count();
    let above = drawn.iter().filter(|step| **step >= 0.0).count();
    let rarer = below.min(above) as f64;
    Some((2.0 * (rarer + 1.0) / (drawn.len() as f64 + 1.0)).min(1.0))
}
