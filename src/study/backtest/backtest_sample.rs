//! One figure of many pipelines: medians, and levels for pipelines of one size.

use super::backtest_metrics::{BacktestMetric, SizeCovariate};
use super::pipeline_figures::{PipelineFigures, StepFigures};
use super::rollout_batches::ExclusionReason;
use crate::seed::Seed;
use crate::study::stats::bootstrap::{BootstrapStrata, bootstrap_estimates};
use crate::study::stats::least_squares::solve_least_squares;
use crate::study::stats::quantile::median;
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

    /// Whether a pipeline tells a size.
    fn has_size(&self, size: SizeCovariate, pipeline: &PipelineFigures) -> bool {
        match size {
            SizeCovariate::Recipe => !pipeline.recipe.is_empty(),
            size => self
                .step_figures(pipeline)
                .is_some_and(|figures| size.numeric_value(figures, pipeline).is_some()),
        }
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
    pub(crate) fn change_at(levels: &[Option<f64>], at: usize) -> Option<f64> {
        Some((*levels.get(at + 1)?)? - (*levels.get(at)?)?)
    }

    /// The adjusted levels, or the raw ones where there are none.
    #[must_use]
    pub(crate) fn adjusted_or_raw(&self) -> &[Option<f64>] {
        if self.adjusted.iter().any(Option::is_some) { &self.adjusted } else { &self.raw }
    }
}

impl BacktestSample {
    /// Asks every member.
    #[must_use]
    pub(crate) fn from_members(
        members: &[StretchMember<'_>],
        stretches: usize,
        question: &MetricQuestion<'_>,
    ) -> Self {
        // A pipeline without the step is no pipeline of zero: it is not asked at all.
        let with_step: Vec<&StretchMember<'_>> = members
            .iter()
            .filter(|member| question.step_figures(member.pipeline).is_some())
            .collect();
        // Adjusting for a size that no pipeline tells would leave none, so that it is only named.
        let (known, unknown): (Vec<SizeCovariate>, Vec<SizeCovariate>) = question
            .adjust
            .iter()
            .copied()
            .filter(|size| question.metric.is_adjusted_for(*size))
            .partition(|size| with_step.iter().any(|one| question.has_size(*size, one.pipeline)));
        let numbers: Vec<SizeCovariate> =
            known.iter().copied().filter(|size| *size != SizeCovariate::Recipe).collect();
        let recipes: BTreeSet<&str> = if known.contains(&SizeCovariate::Recipe) {
            with_step.iter().map(|one| one.pipeline.recipe.as_str()).collect()
        } else {
            BTreeSet::new()
        };
        // The first kind of pipeline is what the others are told from: a column for it as well
        // would repeat what the levels of the stretches say together.
        let kinds: Vec<&str> = recipes.into_iter().skip(1).collect();
        let size_names = numbers.iter().map(ToString::to_string);
        let mut sample = Self {
            values: Vec::new(),
            stretches,
            sizes: size_names.chain(kinds.iter().map(|name| format!("recipe {name}"))).collect(),
            unknown,
            excluded: BTreeMap::new(),
        };
        for member in with_step {
            match pipeline_value(member, question, &numbers, &kinds) {
                Ok(value) => sample.values.push(value),
                Err(reason) => *sample.excluded.entry(reason).or_default() += 1,
            }
        }
        sample
    }

    /// Units of each stretch.
    #[must_use]
    pub(crate) fn counts_by_stretch(&self) -> Vec<u32> {
        let mut counts = vec![0; self.stretches];
        self.values.iter().for_each(|unit| counts[unit.stretch] += 1);
        counts
    }

    /// What all units say.
    #[must_use]
    pub(crate) fn estimate_levels(&self) -> StretchLevels {
        self.levels_of_draw(&(0..self.values.len()).collect::<Vec<_>>())
    }

    /// What so many draws say, each with as many units of every stretch as it has.
    #[must_use]
    pub(crate) fn bootstrap_levels(&self, seed: Seed, count: u32) -> Vec<StretchLevels> {
        // Stretches are strata: in every draw each side is as large as it is.
        let strata = BootstrapStrata::from_keys(self.values.iter().map(|unit| unit.stretch));
        bootstrap_estimates((&strata, seed, "backtest"), count, |drawn| {
            Some(self.levels_of_draw(drawn))
        })
    }

    fn levels_of_draw(&self, drawn: &[usize]) -> StretchLevels {
        let drawn: Vec<&PipelineValue> = drawn.iter().map(|at| &self.values[*at]).collect();
        let mut by_stretch: Vec<Vec<&PipelineValue>> = vec![Vec::new(); self.stretches];
        for value in &drawn {
            by_stretch[value.stretch].push(value);
        }
        // Logarithms keep the order, so that this is the logarithm of the median.
        let raw =
            by_stretch.iter().map(|values| median(values.iter().map(|value| value.log))).collect();
        let mean = by_stretch.iter().map(|values| mean_level(values)).collect();
        let (mut adjusted, mut slopes) = (vec![None; self.stretches], Vec::new());
        if !self.sizes.is_empty() {
            // A column for each stretch, 1 for the pipelines in it, then one for each size: without
            // a common constant the coefficients of the former are the levels themselves.
            let levels = (0..self.stretches).map(|stretch| {
                drawn.iter().map(|value| f64::from(u8::from(value.stretch == stretch))).collect()
            });
            let sizes = (0..self.sizes.len())
                .map(|size| drawn.iter().map(|value| value.sizes[size]).collect());
            let columns: Vec<Vec<f64>> = levels.chain(sizes).collect();
            let logs: Vec<f64> = drawn.iter().map(|value| value.log).collect();
            adjusted = solve_least_squares(&columns, &logs);
            slopes = adjusted.split_off(self.stretches);
            // Sizes that are the same everywhere adjust nothing.
            if slopes.iter().all(Option::is_none) {
                adjusted.fill(None);
            }
        }
        StretchLevels { raw, mean, adjusted, slopes }
    }
}

/// The logarithm of a mean: of sums, because a pipeline of many sessions counts for many.
fn mean_level(values: &[&PipelineValue]) -> Option<f64> {
    let (above, below) = values
        .iter()
        .fold((0.0, 0.0), |(above, below), value| (above + value.value.0, below + value.value.1));
    (below > 0.0).then(|| (above / below).ln())
}

/// One pipeline's answer, or why it has none.
fn pipeline_value(
    member: &StretchMember<'_>,
    question: &MetricQuestion<'_>,
    numbers: &[SizeCovariate],
    kinds: &[&str],
) -> Result<PipelineValue, ExclusionReason> {
    let pipeline = member.pipeline;
    let figures = question.step_figures(pipeline).ok_or(ExclusionReason::NoValue)?;
    let mut sizes: Vec<f64> = Vec::new();
    for size in numbers {
        let missing = match size {
            SizeCovariate::Lines => ExclusionReason::NoLines,
            _ => ExclusionReason::NoSessions,
        };
        // Zero has no logarithm and counts as unknown.
        let value = size.numeric_value(figures, pipeline).filter(|value| *value > 0);
        sizes.push((value.ok_or(missing)? as f64).ln());
    }
    // A kind of pipeline is a column of its own, 1 for pipelines of it.
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
