//! One figure of many pipelines: medians, and levels for pipelines of one size.

use super::backtest_metrics::{BacktestMetric, SizeCovariate};
use super::least_squares::solve_least_squares;
use super::pipeline_figures::{PipelineFigures, StepFigures};
use super::rollout_batches::ExclusionReason;
use crate::seed::Seed;
use crate::study::stats::bootstrap::{BootstrapStrata, bootstrap_estimates, median};
use std::collections::{BTreeMap, BTreeSet};

/// A pipeline and the stretch between rollouts that it lies in.
#[derive(Clone, Copy, Debug)]
pub struct StretchMember<'a> {
    /// Its stretch, from 0.
    pub stretch: usize,
    /// The pipeline.
    pub pipeline: &'a PipelineFigures,
}

/// What is asked of each pipeline.
#[derive(Clone, Copy, Debug)]
pub struct MetricQuestion<'a> {
    /// The step; `None` for all of them together.
    pub step: Option<&'a str>,
    /// What is counted.
    pub metric: BacktestMetric,
    /// What it is adjusted for.
    pub adjust: &'a [SizeCovariate],
}

impl MetricQuestion<'_> {
    /// The figures that it is about; `None` where a pipeline has no such step.
    fn step_figures<'a>(&self, pipeline: &'a PipelineFigures) -> Option<&'a StepFigures> {
        self.step.map_or(Some(&pipeline.total), |step| pipeline.steps.get(step))
    }

    /// Whether any pipeline has an answer.
    #[must_use]
    pub fn is_known<'a>(&self, all: impl IntoIterator<Item = &'a PipelineFigures>) -> bool {
        all.into_iter().any(|one| {
            self.step_figures(one).is_some_and(|figures| {
                self.metric.numerator_and_denominator(figures, one.lines).is_some()
            })
        })
    }
}

/// One pipeline's answer.
struct PipelineValue {
    stretch: usize,
    value: (f64, f64),
    /// Its logarithm, which regressions are about.
    log: f64,
    sizes: Vec<f64>,
}

/// All answers that can be used.
pub struct BacktestSample {
    values: Vec<PipelineValue>,
    stretches: usize,
    /// The sizes that it is adjusted for, a name each; kinds of pipelines have several.
    pub sizes: Vec<String>,
    /// Sizes that no pipeline knows.
    pub unknown: Vec<SizeCovariate>,
    /// Pipelines that take no part, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
}

/// What a sample says of each stretch, as logarithms; `None` of an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StretchLevels {
    /// Of the median.
    pub raw: Vec<Option<f64>>,
    /// Of the sum of numerators over that of denominators: the mean.
    pub mean: Vec<Option<f64>>,
    /// Of a pipeline of one size; all `None` where there is nothing to adjust for.
    pub adjusted: Vec<Option<f64>>,
    /// By how much the logarithm grows with each size; `None` of one that says nothing new.
    pub slopes: Vec<Option<f64>>,
}

impl StretchLevels {
    /// From the stretch before rollout `at` to the one after it.
    #[must_use]
    pub fn change_at(levels: &[Option<f64>], at: usize) -> Option<f64> {
        Some((*levels.get(at + 1)?)? - (*levels.get(at)?)?)
    }

    /// The adjusted levels, or the raw ones where there are none.
    #[must_use]
    pub fn adjusted_or_raw(&self) -> &[Option<f64>] {
        if self.adjusted.iter().any(Option::is_some) { &self.adjusted } else { &self.raw }
    }
}

impl BacktestSample {
    /// Asks every member.
    #[must_use]
    pub fn from_members(
        members: &[StretchMember<'_>],
        stretches: usize,
        question: &MetricQuestion<'_>,
    ) -> Self {
        let with_step = || {
            let figures = |one: &&StretchMember<'_>| question.step_figures(one.pipeline).is_some();
            members.iter().filter(figures)
        };
        let wanted =
            question.adjust.iter().copied().filter(|size| question.metric.is_adjusted_for(*size));
        let is_known = |size: &SizeCovariate| {
            let known = |one: &StretchMember<'_>| match size {
                SizeCovariate::Recipe => !one.pipeline.recipe.is_empty(),
                size => question
                    .step_figures(one.pipeline)
                    .is_some_and(|figures| size.numeric_value(figures, one.pipeline).is_some()),
            };
            with_step().any(known)
        };
        let (known, unknown): (Vec<SizeCovariate>, Vec<SizeCovariate>) = wanted.partition(is_known);
        let asked = known.contains(&SizeCovariate::Recipe);
        let recipes: BTreeSet<&str> =
            with_step().filter(|_| asked).map(|one| one.pipeline.recipe.as_str()).collect();
        // The first kind of pipeline is what the others are told from.
        let kinds: Vec<&str> = recipes.into_iter().skip(1).collect();
        let numbers = || known.iter().copied().filter(|size| *size != SizeCovariate::Recipe);
        let kind = |name: &&str| format!("recipe {name}");
        let mut sample = Self {
            values: Vec::new(),
            stretches,
            sizes: numbers().map(|size| size.to_string()).chain(kinds.iter().map(kind)).collect(),
            unknown,
            excluded: BTreeMap::new(),
        };
        for member in with_step() {
            match pipeline_value(member, question, numbers(), &kinds) {
                Ok(unit) => sample.values.push(unit),
                Err(left) => *sample.excluded.entry(left).or_default() += 1,
            }
        }
        sample
    }

    /// Units of each stretch.
    #[must_use]
    pub fn counts_by_stretch(&self) -> Vec<u32> {
        let mut counts = vec![0; self.stretches];
        self.values.iter().for_each(|unit| counts[unit.stretch] += 1);
        counts
    }

    /// What all units say.
    #[must_use]
    pub fn estimate_levels(&self) -> StretchLevels {
        self.levels_of_draw(&(0..self.values.len()).collect::<Vec<_>>())
    }

    /// What so many draws say, each with as many units of every stretch as it has.
    #[must_use]
    pub fn bootstrap_levels(&self, seed: Seed, count: u32) -> Vec<StretchLevels> {
        let strata = BootstrapStrata::from_keys(self.values.iter().map(|unit| unit.stretch));
        bootstrap_estimates((&strata, seed, "backtest"), count, |drawn| {
            Some(self.levels_of_draw(drawn))
        })
    }

    fn levels_of_draw(&self, drawn: &[usize]) -> StretchLevels {
        let of = |stretch: usize| {
            drawn.iter().map(|at| &self.values[*at]).filter(move |unit| unit.stretch == stretch)
        };
        let stretches = || 0..self.stretches;
        let raw = stretches().map(|stretch| median(of(stretch).map(|unit| unit.log))).collect();
        let mean = |stretch: usize| {
            let (above, below) = of(stretch).fold((0.0, 0.0), |(above, below), unit| {
                (above + unit.value.0, below + unit.value.1)
            });
            (below > 0.0).then(|| (above / below).ln())
        };
        let mean = stretches().map(mean).collect();
        let (mut adjusted, mut slopes) = (vec![None; self.stretches], Vec::new());
        if !self.sizes.is_empty() {
            let units = || drawn.iter().map(|at| &self.values[*at]);
            let level = |stretch: usize| -> Vec<f64> {
                units().map(|unit| f64::from(u8::from(unit.stretch == stretch))).collect()
            };
            let size = |at: usize| -> Vec<f64> { units().map(|unit| unit.sizes[at]).collect() };
            let columns: Vec<Vec<f64>> =
                stretches().map(level).chain((0..self.sizes.len()).map(size)).collect();
            let y: Vec<f64> = units().map(|unit| unit.log).collect();
            adjusted = solve_least_squares(&columns, &y);
            slopes = adjusted.split_off(self.stretches);
            // Sizes that are the same everywhere adjust nothing.
            if slopes.iter().all(Option::is_none) {
                adjusted.fill(None);
            }
        }
        StretchLevels { raw, mean, adjusted, slopes }
    }
}

fn pipeline_value(
    member: &StretchMember<'_>,
    question: &MetricQuestion<'_>,
    numbers: impl Iterator<Item = SizeCovariate>,
    kinds: &[&str],
) -> Result<PipelineValue, ExclusionReason> {
    let pipeline = member.pipeline;
    let figures = question.step_figures(pipeline).ok_or(ExclusionReason::NoValue)?;
    let sizes = numbers.map(|size| {
        let missing = if size == SizeCovariate::Lines {
            ExclusionReason::NoLines
        } else {
            ExclusionReason::NoSessions
        };
        let value =
            size.numeric_value(figures, pipeline).filter(|value| *value > 0).ok_or(missing)?;
        Ok((value as f64).ln())
    });
    let mut sizes: Vec<f64> = sizes.collect::<Result<_, ExclusionReason>>()?;
    sizes.extend(kinds.iter().map(|kind| f64::from(u8::from(*kind == pipeline.recipe))));
    let (above, below) = question
        .metric
        .numerator_and_denominator(figures, pipeline.lines)
        .ok_or(ExclusionReason::NoValue)?;
    if above <= 0 || below <= 0 {
        return Err(ExclusionReason::NoValue);
    }
    let value = (above as f64, below as f64);
    Ok(PipelineValue { stretch: member.stretch, value, log: (value.0 / value.1).ln(), sizes })
}
