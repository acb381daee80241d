//! Resampling: what a handful of recordings or pipelines leaves open.
//!
//! A bootstrap draws its units again, with replacement, stratum by stratum, so that whatever is
//! compared is compared within its kind. Draw k of a study is keyed by (seed, name of the study,
//! k): the same intervals for any number of threads.

use super::quantile::quantile_of_sorted;
use super::random_draws::draw_below;
use crate::seed::Seed;
use rayon::prelude::*;

/// Two ends, the low one first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConfidenceInterval {
    /// The low end.
    pub low: f64,
    /// The high end.
    pub high: f64,
}

impl ConfidenceInterval {
    /// Whether a value lies in it, ends included.
    #[must_use]
    pub fn contains_value(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Units, by number, that are drawn again among themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootstrapStrata(Vec<Vec<usize>>);

impl BootstrapStrata {
    /// The positions of `keys`: those of one key are a stratum.
    #[must_use]
    pub(crate) fn from_keys<K: Ord>(keys: impl IntoIterator<Item = K>) -> Self {
        // Sorted by key, because the order of strata decides which random numbers each one gets.
        let mut strata = std::collections::BTreeMap::new();
        for (at, key) in keys.into_iter().enumerate() {
            strata.entry(key).or_insert_with(Vec::new).push(at);
        }
        Self(strata.into_values().collect())
    }

    /// Units of a draw: as many of each stratum as it has.
    #[must_use]
    pub(crate) fn draw_units(&self, seed: Seed, study: &str, k: u32) -> Vec<usize> {
        // One stream a draw, so that any thread can make any draw.
        let mut rng = seed.random_stream(study, &k.to_le_bytes());
        let mut units = Vec::with_capacity(self.0.iter().map(Vec::len).sum());
        for stratum in &self.0 {
            // With replacement: the same unit may come up several times, another one never.
            for _ in stratum {
                units.push(stratum[draw_below(stratum.len() as i64, &mut rng) as usize]);
            }
        }
        units
    }
}

/// What `estimate` says of `count` draws, in the order of the draws; a draw of which it says
/// nothing is left out.
pub(crate) fn bootstrap_estimates<T: Send>(
    (strata, seed, study): (&BootstrapStrata, Seed, &str),
    count: u32,
    estimate: impl Fn(&[usize]) -> Option<T> + Sync,
) -> Vec<T> {
    // Draws are gathered in their order before those without an estimate are dropped, so that the
    // result does not depend on which thread came first.
    let estimates: Vec<Option<T>> =
        (0..count).into_par_iter().map(|k| estimate(&strata.draw_units(seed, study, k))).collect();
    estimates.into_iter().flatten().collect()
}

/// Where the middle `share` of the drawn values lies; `None` without any.
#[must_use]
pub(crate) fn central_interval(mut drawn: Vec<f64>, share: f64) -> Option<ConfidenceInterval> {
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - share) / 2.0;
    Some(ConfidenceInterval {
        low: quantile_of_sorted(&drawn, tail)?,
        high: quantile_of_sorted(&drawn, 1.0 - tail)?,
    })
}

/// Chances, each raised so that the first one below a threshold is a mistake with that chance at
/// most, however many were looked at (Holm 1979).
#[must_use]
pub(crate) fn holm_adjusted(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]).then(a.cmp(b)));
    let mut raised = vec![0.0; chances.len()];
    let mut highest: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        // The smallest chance counts for all looks, the next one for one look fewer; none may come
        // out below one before it, or a larger chance would pass where a smaller one fails.
        highest = highest.max((chances.len() - rank) as f64 * chances[at]).min(1.0);
        raised[at] = highest;
    }
    raised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_keeps_to_its_strata() {
        let strata = BootstrapStrata::from_keys(["a", "b", "a", "b", "c"]);
        for k in 0..200 {
            let drawn = strata.draw_units(Seed(1), "test", k);
            assert_eq!(drawn.len(), 5);
            assert!(drawn[..2].iter().all(|at| [0, 2].contains(at)), "{drawn:?}");
            assert!(drawn[2..4].iter().all(|at| [1, 3].contains(at)), "{drawn:?}");
            assert_eq!(drawn[4], 4);
        }
        assert_ne!(strata.draw_units(Seed(1), "test", 0), strata.draw_units(Seed(2), "test", 0));
    }

    #[test]
    fn units_are_drawn_alike() {
        let mut counts = [0_u32; 4];
        for drawn in bootstrap_estimates(
            (&BootstrapStrata::from_keys([(); 4]), Seed(7), "test"),
            5_000,
            |drawn| Some(drawn.to_vec()),
        ) {
            for at in drawn {
                counts[at] += 1;
            }
        }
        assert!(counts.iter().all(|count| count.abs_diff(5_000) < 250), "{counts:?}");
    }

    #[test]
    fn an_interval_leaves_the_same_share_out_on_either_side() {
        // The fifth of a hundred and the ninety-fifth.
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let expect = ConfidenceInterval { low: 5.0, high: 95.0 };
        assert_eq!(central_interval(values, 0.9), Some(expect));
        assert_eq!(central_interval(Vec::new(), 0.9), None);
    }

    #[test]
    fn chances_rise_with_the_number_of_looks() {
        assert_eq!(holm_adjusted(&[0.01, 0.04, 0.03]), vec![0.03, 0.06, 0.06]);
        assert_eq!(holm_adjusted(&[0.5, 0.9]), vec![1.0, 1.0]);
        assert!(holm_adjusted(&[]).is_empty());
    }
}
