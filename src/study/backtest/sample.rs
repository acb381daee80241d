//! One figure of many pipelines: medians, and levels for pipelines of one size.

use super::era::Left;
use super::fit::least_squares;
use super::metric::{Metric, Size};
use super::table::{Figures, Pipeline};
use crate::seed::Seed;
use crate::study::resample::{Strata, draws, median};
use std::collections::{BTreeMap, BTreeSet};

/// A pipeline and the stretch between rollouts that it lies in.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its stretch, from 0.
    pub stretch: usize,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
}

/// What is asked of each pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The step; `None` for all of them together.
    pub step: Option<&'a str>,
    /// What is counted.
    pub metric: Metric,
    /// What it is adjusted for.
    pub adjust: &'a [Size],
}

impl Question<'_> {
    /// The figures that it is about; `None` where a pipeline has no such step.
    fn figures<'a>(&self, pipeline: &'a Pipeline) -> Option<&'a Figures> {
        self.step.map_or(Some(&pipeline.total), |step| pipeline.steps.get(step))
    }

    /// Whether any pipeline has an answer.
    #[must_use]
    pub fn is_known<'a>(&self, all: impl IntoIterator<Item = &'a Pipeline>) -> bool {
        all.into_iter().any(|one| {
            self.figures(one).is_some_and(|figures| self.metric.of(figures, one.lines).is_some())
        })
    }
}

/// One pipeline's answer.
struct Unit {
    stretch: usize,
    value: (f64, f64),
    /// Its logarithm, which regressions are about.
    log: f64,
    sizes: Vec<f64>,
}

/// All answers that can be used.
pub struct Sample {
    units: Vec<Unit>,
    stretches: usize,
    /// The sizes that it is adjusted for, a name each; kinds of pipelines have several.
    pub sizes: Vec<String>,
    /// Sizes that no pipeline knows.
    pub unknown: Vec<Size>,
    /// Pipelines that take no part, by reason.
    pub left: BTreeMap<Left, u32>,
}

/// What a sample says of each stretch, as logarithms; `None` of an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// Of the median.
    pub raw: Vec<Option<f64>>,
    /// Of the sum of numerators over that of denominators: the mean.
    pub mean: Vec<Option<f64>>,
    /// Of a pipeline of one size; all `None` where there is nothing to adjust for.
    pub adjusted: Vec<Option<f64>>,
    /// By how much the logarithm grows with each size; `None` of one that says nothing new.
    pub slopes: Vec<Option<f64>>,
}

impl Levels {
    /// From the stretch before rollout `at` to the one after it.
    #[must_use]
    pub fn step(levels: &[Option<f64>], at: usize) -> Option<f64> {
        Some((*levels.get(at + 1)?)? - (*levels.get(at)?)?)
    }

    /// The adjusted levels, or the raw ones where there are none.
    #[must_use]
    pub fn best(&self) -> &[Option<f64>] {
        if self.adjusted.iter().any(Option::is_some) { &self.adjusted } else { &self.raw }
    }
}

impl Sample {
    /// Asks every member.
    #[must_use]
    pub fn of(members: &[Member<'_>], stretches: usize, question: &Question<'_>) -> Self {
        let with_step = || {
            let figures = |one: &&Member<'_>| question.figures(one.pipeline).is_some();
            members.iter().filter(figures)
        };
        let wanted = question.adjust.iter().copied().filter(|size| question.metric.takes(*size));
        let is_known = |size: &Size| {
            let known = |one: &Member<'_>| match size {
                Size::Recipe => !one.pipeline.recipe.is_empty(),
                size => question
                    .figures(one.pipeline)
                    .is_some_and(|figures| size.of(figures, one.pipeline).is_some()),
            };
            with_step().any(known)
        };
        let (known, unknown): (Vec<Size>, Vec<Size>) = wanted.partition(is_known);
        let asked = known.contains(&Size::Recipe);
        let recipes: BTreeSet<&str> =
            with_step().filter(|_| asked).map(|one| one.pipeline.recipe.as_str()).collect();
        // The first kind of pipeline is what the others are told from.
        let kinds: Vec<&str> = recipes.into_iter().skip(1).collect();
        let numbers = || known.iter().copied().filter(|size| *size != Size::Recipe);
        let kind = |name: &&str| format!("recipe {name}");
        let mut sample = Self {
            units: Vec::new(),
            stretches,
            sizes: numbers().map(|size| size.to_string()).chain(kinds.iter().map(kind)).collect(),
            unknown,
            left: BTreeMap::new(),
        };
        for member in with_step() {
            match unit(member, question, numbers(), &kinds) {
                Ok(unit) => sample.units.push(unit),
                Err(left) => *sample.left.entry(left).or_default() += 1,
            }
        }
        sample
    }

    /// Units of each stretch.
    #[must_use]
    pub fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.stretches];
        self.units.iter().for_each(|unit| counts[unit.stretch] += 1);
        counts
    }

    /// What all units say.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels_of(&(0..self.units.len()).collect::<Vec<_>>())
    }

    /// What so many draws say, each with as many units of every stretch as it has.
    #[must_use]
    pub fn drawn(&self, seed: Seed, count: u32) -> Vec<Levels> {
        let strata = Strata::of(self.units.iter().map(|unit| unit.stretch));
        draws((&strata, seed, "backtest"), count, |drawn| Some(self.levels_of(drawn)))
    }

    fn levels_of(&self, drawn: &[usize]) -> Levels {
        let of = |stretch: usize| {
            drawn.iter().map(|at| &self.units[*at]).filter(move |unit| unit.stretch == stretch)
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
            let units = || drawn.iter().map(|at| &self.units[*at]);
            let level = |stretch: usize| -> Vec<f64> {
                units().map(|unit| f64::from(u8::from(unit.stretch == stretch))).collect()
            };
            let size = |at: usize| -> Vec<f64> { units().map(|unit| unit.sizes[at]).collect() };
            let columns: Vec<Vec<f64>> =
                stretches().map(level).chain((0..self.sizes.len()).map(size)).collect();
            let y: Vec<f64> = units().map(|unit| unit.log).collect();
            adjusted = least_squares(&columns, &y);
            slopes = adjusted.split_off(self.stretches);
            // Sizes that are the same everywhere adjust nothing.
            if slopes.iter().all(Option::is_none) {
                adjusted.fill(None);
            }
        }
        Levels { raw, mean, adjusted, slopes }
    }
}

fn unit(
    member: &Member<'_>,
    question: &Question<'_>,
    numbers: impl Iterator<Item = Size>,
    kinds: &[&str],
) -> Result<Unit, Left> {
    let pipeline = member.pipeline;
    let figures = question.figures(pipeline).ok_or(Left::NoValue)?;
    let sizes = numbers.map(|size| {
        let missing = if size == Size::Lines { Left::NoLines } else { Left::NoSessions };
        let value = size.of(figures, pipeline).filter(|value| *value > 0).ok_or(missing)?;
        Ok((value as f64).ln())
    });
    let mut sizes: Vec<f64> = sizes.collect::<Result<_, Left>>()?;
    sizes.extend(kinds.iter().map(|kind| f64::from(u8::from(*kind == pipeline.recipe))));
    let (above, below) = question.metric.of(figures, pipeline.lines).ok_or(Left::NoValue)?;
    if above <= 0 || below <= 0 {
        return Err(Left::NoValue);
    }
    let value = (above as f64, below as f64);
    Ok(Unit { stretch: member.stretch, value, log: (value.0 / value.1).ln(), sizes })
}
