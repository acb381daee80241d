//! Units whose noise is alike, and what draws of it come to.

use super::residual_picks::{LANES, LaneValues};

/// Units whose noise is alike once it is divided by their weights.
#[derive(Clone, Debug)]
pub(super) struct NoiseGroup {
    /// Which of the two sides' draws it takes; pairs take the first one's.
    pub(super) draws: usize,
    /// Weights; 1 together.
    pub(super) weights: Vec<f64>,
    /// The stratum of each unit.
    strata: Vec<usize>,
    /// The weights of the units of each stratum, summed.
    stratum_weights: Vec<f64>,
    /// By unit, in units of its weight, as wide as the noise is.
    pub(super) residuals: Vec<f64>,
    /// Variance of the whole for each squared deviation, as weights and strata have it.
    pub(super) variance_factor: f64,
}

impl NoiseGroup {
    /// From the deviations of the units' shares of an estimate.
    pub(super) fn from_deviations(
        draws: usize,
        weights: Vec<f64>,
        strata: Vec<usize>,
        deviations: &[f64],
    ) -> Self {
        let count = strata.iter().max().map_or(0, |last| last + 1);
        // By stratum: the sum of its weights, and that of their squares.
        let mut sums = vec![(0.0, 0.0); count];
        for (weight, at) in weights.iter().zip(&strata) {
            sums[*at].0 += weight;
            sums[*at].1 += weight * weight;
        }
        // A deviation is from the mean of its stratum, which it is a part of itself: of its
        // variance only a share is seen. The factor gives back what is not.
        let all: f64 = sums.iter().map(|(_, squares)| squares).sum();
        let kept: f64 = weights
            .iter()
            .zip(&strata)
            .map(|(weight, at)| {
                let (sum, squares) = sums[*at];
                if sum == 0.0 {
                    return 0.0;
                }
                weight * weight * (1.0 - 2.0 * weight / sum + squares / (sum * sum))
            })
            .sum();
        let variance_factor = if kept > 0.0 { all / kept } else { 0.0 };
        // Residuals lie around their mean; they are spread to the width that the units' noise has.
        let freedom = weights.len().saturating_sub(count).max(1) as f64;
        let wider = (weights.len() as f64 / freedom).sqrt();
        let mut residuals: Vec<f64> = deviations
            .iter()
            .zip(&weights)
            .map(|(deviation, weight)| if *weight > 0.0 { deviation / weight } else { 0.0 })
            .collect();
        let mean = residuals.iter().sum::<f64>() / residuals.len().max(1) as f64;
        for one in &mut residuals {
            *one = (*one - mean) * wider;
        }
        let stratum_weights = sums.into_iter().map(|(sum, _)| sum).collect();
        Self { draws, weights, strata, stratum_weights, residuals, variance_factor }
    }

    /// Noise of some units and the squared error that they show, in each draw. `values` are the
    /// noises of the units; lognormal ones are 1 without any.
    pub(super) fn noise_and_error(
        &self,
        values: &[LaneValues],
        lognormal: bool,
    ) -> [LaneValues; 2] {
        let mut means = vec![[0.0; LANES]; self.stratum_weights.len()];
        for ((value, weight), at) in values.iter().zip(&self.weights).zip(&self.strata) {
            for (sum, value) in means[*at].iter_mut().zip(value) {
                *sum += value * weight;
            }
        }
        let mut whole = [-0.0; LANES];
        for (sums, weight) in means.iter_mut().zip(&self.stratum_weights) {
            for (whole, sum) in whole.iter_mut().zip(sums) {
                *whole += *sum;
                *sum /= weight;
            }
        }
        let mut squares = [-0.0; LANES];
        for ((value, weight), at) in values.iter().zip(&self.weights).zip(&self.strata) {
            // What weighs nothing has no deviation.
            if self.stratum_weights[*at] > 0.0 {
                for ((square, value), mean) in squares.iter_mut().zip(value).zip(&means[*at]) {
                    let away = weight * (value - mean);
                    *square += away * away;
                }
            }
        }
        let squared = std::array::from_fn(|lane| {
            // The error of a logarithm is relative to what it is the logarithm of.
            let scale = if lognormal { 1.0 / (whole[lane] * whole[lane]) } else { 1.0 };
            self.variance_factor * squares[lane] * scale
        });
        [if lognormal { whole.map(f64::ln) } else { whole }, squared]
    }
}
