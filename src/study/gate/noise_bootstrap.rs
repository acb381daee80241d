//! What chance alone may do to an estimate.
//!
//! A studentised, smoothed bootstrap for very few units. Each estimate is a sum over units with
//! weights; what a unit deviates from the others of its kind, relative to its weight, is its
//! residual. A draw makes every unit anew out of [`PARTS_PER_UNIT`](super::residual_picks)
//! residuals, drawn with replacement, each times a weight that is uniform around 0, so that a draw
//! has the deviation of the residuals but none of their gaps: plain percentiles of three or five
//! units are far too narrow. From each draw the estimate and its error are computed as from the
//! samples. The largest ratio of the two over all tests of a scope, which share the draw and so
//! keep their correlation, has a quantile: so many errors may lie between an estimate and its limit
//! by chance. `MODEL.md` has the measured rates of false alarm.

use super::arrangement::SampleArrangement;
use super::noise_group::NoiseGroup;
use super::residual_picks::{LANES, LaneValues, ResidualPicks, draw_picks, picked_noise};
use super::{ComparisonDesign, ExactMean};
use crate::seed::Seed;
use crate::study::stats::quantile::quantile_of_sorted;
use rayon::prelude::*;

/// An error below this share is none: rounding. Source: MODEL.md, "The gate".
const ROUNDING_ERROR: f64 = 1e-12;

/// One figure of a row, how far it is from its limit, and its noise.
#[derive(Clone, Debug)]
pub(super) struct LimitTest {
    /// On the scale on which its noise is a sum.
    pub value: f64,
    /// Whether that is a logarithm.
    pub log: bool,
    /// Its error; 0 where the samples show none.
    pub error: f64,
    groups: Vec<NoiseGroup>,
    lognormal: bool,
    /// Whether one side has a single unit and takes the noise of the other one's.
    borrows_noise: bool,
}

impl LimitTest {
    /// The growth from one side to the other; `None` where nothing is known of chance.
    pub(crate) fn growth_test(
        by: &SampleArrangement,
        figures: [&[Vec<i128>]; 2],
        means: [ExactMean; 2],
    ) -> Option<Self> {
        let [old_mean, new_mean] = means.map(mean_value);
        // Growth is a factor: on logarithms its noise is a sum. Where a side has nothing there is
        // no logarithm, and the growth is told as a part of the side that has something.
        let log = old_mean > 0.0 && new_mean > 0.0;
        let scale = if old_mean == 0.0 { new_mean.abs() } else { old_mean.abs() };
        let change = if scale > 0.0 { (new_mean - old_mean) / scale } else { 0.0 };
        let value = if log { (new_mean / old_mean).ln() } else { change };
        match by.design {
            ComparisonDesign::Single => None,
            ComparisonDesign::Paired => {
                let (weights, deviations) = pair_deviations(figures, [old_mean, new_mean], log);
                let one_stratum = vec![0; weights.len()];
                let group = NoiseGroup::from_deviations(0, weights, one_stratum, &deviations);
                Some(Self::from_groups(value, log, false, &[(group, deviations)]))
            }
            ComparisonDesign::Stratified | ComparisonDesign::Pooled => {
                let mut all = figures.iter().flat_map(|side| side.iter().flatten());
                let lognormal = log && all.all(|figure| *figure > 0);
                let scales = if log { [old_mean, new_mean] } else { [scale, scale] };
                let sides = [0, 1].map(|side| {
                    unpaired_noise(side, figures[side], scales[side], (log, lognormal))
                });
                Some(Self::from_groups(value, log, lognormal, &sides))
            }
        }
    }

    /// What the candidate's samples have, or their part of another figure of the same samples, and
    /// the unit that it is told in. `None` with a single sample.
    pub(crate) fn level_test(figures: &[i128], of: Option<&[i128]>) -> Option<(Self, f64)> {
        let n = figures.len();
        if n < 2 {
            return None;
        }
        // A level without a whole is a mean: its part of as many ones as there are samples.
        let ones = vec![1; n];
        let whole = of.unwrap_or(&ones);
        let part = figures.iter().map(|figure| *figure as f64).sum::<f64>();
        let all = whole.iter().map(|figure| *figure as f64).sum::<f64>();
        let ratio = if all == 0.0 { 0.0 } else { part / all };
        let size: f64 = figures.iter().map(|one| (*one as f64).abs()).sum();
        // In units of their sum, so that figures of any unit have errors of one size.
        let scale = if part == 0.0 { size } else { part.abs() };
        let weights: Vec<f64> = whole
            .iter()
            .map(|one| if all == 0.0 { 1.0 / n as f64 } else { *one as f64 / all })
            .collect();
        let deviations: Vec<f64> = figures
            .iter()
            .zip(whole)
            .map(|(figure, whole)| {
                // How far a sample lies from what its size makes expected.
                let away = *figure as f64 - ratio * *whole as f64;
                if scale > 0.0 { away / scale } else { 0.0 }
            })
            .collect();
        let value = if scale > 0.0 { part / scale } else { 0.0 };
        let group = NoiseGroup::from_deviations(1, weights, vec![0; n], &deviations);
        let test = Self::from_groups(value, false, false, &[(group, deviations)]);
        Some((test, if all == 0.0 { scale } else { scale / all }))
    }

    fn from_groups(
        value: f64,
        log: bool,
        lognormal: bool,
        parts: &[(NoiseGroup, Vec<f64>)],
    ) -> Self {
        let groups: Vec<NoiseGroup> = parts.iter().map(|(group, _)| group.clone()).collect();
        let squares: Vec<f64> = parts
            .iter()
            .map(|(group, deviations)| {
                group.variance_factor * deviations.iter().map(|one| one * one).sum::<f64>()
            })
            .collect();
        // A single sample shows no noise of its own: it takes that of the other side.
        let borrows_noise =
            groups.len() == 2 && groups.iter().any(|group| group.weights.len() == 1);
        let mut test = Self { value, log, error: 0.0, groups, lognormal, borrows_noise };
        test.error = test.squared_error(&squares).sqrt();
        if test.error < ROUNDING_ERROR {
            test.error = 0.0;
        }
        test
    }

    /// The squared error of all groups: a single unit has that of one of the other side's.
    fn squared_error(&self, squares: &[f64]) -> f64 {
        let own: f64 = squares.iter().sum();
        if !self.borrows_noise {
            return own;
        }
        // Groups of one unit tell no noise: theirs is taken from the groups that do.
        let known: f64 = self
            .groups
            .iter()
            .filter(|group| group.weights.len() > 1)
            .map(|group| group.weights.iter().map(|one| one * one).sum::<f64>())
            .sum();
        if known > 0.0 { own * (1.0 + 1.0 / known) } else { own }
    }

    /// How many errors the noise of each draw makes.
    fn drawn_errors(&self, picks: &[Vec<ResidualPicks>; 2]) -> LaneValues {
        let (mut value, mut squares) = ([0.0; LANES], [[0.0; LANES]; 2]);
        let last = self.groups.len() - 1;
        for (at, group) in self.groups.iter().enumerate() {
            // The lone sample has a residual of zero, which would say that it has no noise.
            let from = if self.borrows_noise && group.weights.len() == 1 {
                &self.groups[last - at].residuals
            } else {
                &group.residuals
            };
            let units = group.weights.len();
            let values: Vec<LaneValues> = picks[group.draws][..units]
                .iter()
                .map(|picks| {
                    let noise = picked_noise(picks, from);
                    if self.lognormal { noise.map(f64::exp) } else { noise }
                })
                .collect();
            let [whole, squared] = group.noise_and_error(&values, self.lognormal);
            squares[at] = squared;
            for (value, whole) in value.iter_mut().zip(whole) {
                // Growth is the candidate less the baseline, which is the first of two groups.
                *value += if at == 0 && last == 1 { -whole } else { whole };
            }
        }
        std::array::from_fn(|lane| {
            // A studentised draw: the value in errors of that very draw, not of the data. A draw
            // that is far off and noisy counts no more than a near and quiet one.
            let squares = squares.map(|squares| squares[lane]);
            let error = self.squared_error(&squares[..=last]).sqrt();
            if error > 0.0 { value[lane] / error } else { 0.0 }
        })
    }
}

/// How many errors may lie between any of the estimates and its limit by chance: beyond it lies a
/// share of `1 - confidence` of the draws. Each test comes with its direction: 1 where more is
/// beyond, -1 where less is, 0 where both are.
pub(super) fn joint_chance_errors(
    tests: &[(&LimitTest, i8)],
    by: &SampleArrangement,
    (confidence, count): (f64, u32),
    seed: Seed,
) -> f64 {
    // Where nothing can be chance nothing is drawn.
    if !tests.iter().any(|(test, _)| test.error > 0.0) {
        return 0.0;
    }
    // Drawn in lanes of several draws each; what is drawn too much is cut off below.
    let units = units_per_side(by);
    let drawn: Vec<LaneValues> = (0..count.div_ceil(LANES as u32))
        .into_par_iter()
        .map(|at| largest_errors(tests, &draw_picks(units, at * LANES as u32, seed)))
        .collect();
    error_quantile(drawn.into_iter().flatten().take(count as usize), confidence)
}

/// The draws of one arrangement, kept for many tests.
pub(super) struct BootstrapDraws {
    count: usize,
    picks: Vec<[Vec<ResidualPicks>; 2]>,
}

impl BootstrapDraws {
    /// Makes them.
    pub(crate) fn draw_for(by: &SampleArrangement, count: u32, seed: Seed) -> Self {
        let units = units_per_side(by);
        let lanes = 0..count.div_ceil(LANES as u32);
        let picks = lanes.map(|at| draw_picks(units, at * LANES as u32, seed)).collect();
        Self { count: count as usize, picks }
    }

    /// The same as [`joint_chance_errors`] for one test of growth.
    pub(crate) fn single_chance_errors(&self, test: &LimitTest, confidence: f64) -> f64 {
        let drawn = self.picks.iter().flat_map(|picks| largest_errors(&[(test, 1)], picks));
        error_quantile(drawn.take(self.count), confidence)
    }
}

/// The most errors that each draw makes in the direction of any test.
fn largest_errors(tests: &[(&LimitTest, i8)], picks: &[Vec<ResidualPicks>; 2]) -> LaneValues {
    let mut largest = [0.0; LANES];
    // In units of each test's own error, so that money and counts can be compared.
    for (test, direction) in tests.iter().filter(|(test, _)| test.error > 0.0) {
        for (most, drawn) in largest.iter_mut().zip(test.drawn_errors(picks)) {
            let beyond = match direction {
                0 => drawn.abs(),
                1 => drawn,
                _ => -drawn,
            };
            *most = f64::max(*most, beyond);
        }
    }
    largest
}

/// How many errors a share of the draws keeps within.
fn error_quantile(drawn: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut drawn: Vec<f64> = drawn.collect();
    drawn.sort_by(f64::total_cmp);
    quantile_of_sorted(&drawn, share).unwrap_or(0.0)
}

/// Units of either side.
fn units_per_side(by: &SampleArrangement) -> [usize; 2] {
    [0, 1].map(|side: usize| {
        let samples = by.strata[side].iter().map(Vec::len).sum();
        match by.design {
            // A pair is one unit, however many samples make it.
            ComparisonDesign::Paired => by.strata[0].len().max(samples),
            _ => samples,
        }
    })
}

/// What each pair of an exact match weighs, and how far its growth lies from the growth of all.
fn pair_deviations(
    figures: [&[Vec<i128>]; 2],
    [old_mean, new_mean]: [f64; 2],
    log: bool,
) -> (Vec<f64>, Vec<f64>) {
    let [old, new] = figures.map(stratum_means);
    let n = old.len() as f64;
    let scale = if old_mean == 0.0 { new_mean.abs() } else { old_mean.abs() };
    old.iter()
        .zip(&new)
        .map(|(old, new)| {
            if log {
                // The first-order change of ln(new mean / old mean) that this pair stands for: what
                // both sides share within the pair cancels, which is what pairing is for.
                let (old_part, new_part) = (old / (old_mean * n), new / (new_mean * n));
                return (f64::midpoint(old_part, new_part), new_part - old_part);
            }
            // Where one side has nothing there is no ratio: each pair's difference is measured from
            // the mean difference, as a part of the side that has something.
            let away = (new - old) - (new_mean - old_mean);
            (1.0 / n, if scale > 0.0 { away / scale / n } else { 0.0 })
        })
        .unzip()
}

fn mean_value(mean: ExactMean) -> f64 {
    mean.sum as f64 / f64::from(mean.count.max(1))
}

fn stratum_means(figures: &[Vec<i128>]) -> Vec<f64> {
    figures
        .iter()
        .map(|stratum| {
            stratum.iter().map(|one| *one as f64).sum::<f64>() / stratum.len().max(1) as f64
        })
        .collect()
}

/// The units of one side of an unpaired comparison and what each adds to the estimate beyond its
/// stratum's mean. Residuals of lognormal figures are those of their logarithms.
fn unpaired_noise(
    side: usize,
    figures: &[Vec<i128>],
    scale: f64,
    (log, lognormal): (bool, bool),
) -> (NoiseGroup, Vec<f64>) {
    let means = stratum_means(figures);
    let count = means.len() as f64;
    let (mut weights, mut strata, mut deviations, mut logs) = (vec![], vec![], vec![], vec![]);
    for (at, (stratum, mean)) in figures.iter().zip(&means).enumerate() {
        let n = stratum.len() as f64;
        // On logarithms a stratum weighs as much as its share of the estimate.
        let part = if log { mean / (scale * count) } else { 1.0 / count };
        // Costs of a run are skewed to the right; where all are positive, noise is drawn around the
        // mean of the logarithms and carried back by the exponential.
        let log_mean = stratum.iter().map(|one| (*one as f64).ln()).sum::<f64>() / n;
        for figure in stratum {
            let figure = *figure as f64;
            weights.push(part / n);
            strata.push(at);
            let away = if scale > 0.0 { (figure - mean) / (scale * n * count) } else { 0.0 };
            deviations.push(away);
            logs.push(if lognormal { (figure.ln() - log_mean) * part / n } else { away });
        }
    }
    (NoiseGroup::from_deviations(side, weights, strata, &logs), deviations)
}
