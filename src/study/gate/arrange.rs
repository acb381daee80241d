//! Which samples of the two sides are held against each other, and the exact means.

use super::{Design, Key, Mean, Sample, Side};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs are made of a part of the pipelines from so many common ones on; fewer leave too little
/// of either side. Source: MODEL.md, "The gate".
const COMMON: usize = 3;
/// Means over strata of unlike sizes have a common denominator up to here; beyond it the strata are
/// pooled. Source: MODEL.md, "The gate".
const MOST_OF: u64 = 1_000_000;

/// Which samples are compared: by stratum those of the baseline and those of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrangement {
    pub design: Design,
    pub strata: [Vec<Vec<usize>>; 2],
}

impl Arrangement {
    /// Arranges the samples of two sides. What is left out is told.
    pub fn of(baseline: &Side, candidate: &Side, notes: &mut Vec<String>) -> Self {
        let whole = |side: &Side| vec![(0..side.samples.len()).collect::<Vec<_>>()];
        let (groups, others) = (groups(baseline), groups(candidate));
        let common: Vec<&[String]> =
            groups.keys().copied().filter(|key| others.contains_key(key)).collect();
        let strata = || {
            let of = |groups: &BTreeMap<&[String], Vec<usize>>| -> Vec<Vec<usize>> {
                common.iter().map(|key| groups[key].clone()).collect()
            };
            [of(&groups), of(&others)]
        };
        let least = |n: usize| strata().iter().flatten().all(|stratum| stratum.len() >= n);
        let whole_sides = common.len() == groups.len() && common.len() == others.len();
        let design = if baseline.samples.len() <= 1 && candidate.samples.len() <= 1 {
            Design::Single
        } else if common.is_empty() {
            Design::Pooled
        } else if least(2) && (common.len() >= COMMON || whole_sides) && denominates(&strata()) {
            Design::Stratified
        } else if (common.len() >= COMMON || (common.len() >= 2 && whole_sides))
            && denominates(&strata())
        {
            Design::Paired
        } else {
            Design::Pooled
        };
        if matches!(design, Design::Single | Design::Pooled) {
            return Self { design, strata: [whole(baseline), whole(candidate)] };
        }
        for (side, groups) in [(baseline, &groups), (candidate, &others)] {
            let left = groups.iter().filter(|(key, _)| !common.contains(key));
            let names: Vec<&str> =
                left.flat_map(|(_, at)| at).map(|&at| side.samples[at].name.as_str()).collect();
            if !names.is_empty() {
                let (name, few) = (&side.named.name, super::places::few(&names));
                notes.push(format!(
                    "left out of {name}, because the other side has nothing of these pipelines: \
                     {few}"
                ));
            }
        }
        Self { design, strata: strata() }
    }

    /// Figures of a side (0 the baseline, 1 the candidate) by stratum.
    pub fn figures(&self, side: usize, samples: &[Sample], key: &Key) -> Vec<Vec<i128>> {
        let figure = |at: &usize| samples[*at].figures.get(key).copied().unwrap_or_default();
        self.strata[side].iter().map(|stratum| stratum.iter().map(figure).collect()).collect()
    }
}

/// The mean over strata of the means within them, exact.
pub(super) fn mean(figures: &[Vec<i128>]) -> Mean {
    let common = common(figures.iter().map(Vec::len));
    let of = |stratum: &Vec<i128>| {
        let sum: i128 = stratum.iter().fold(0, |sum, one| sum.saturating_add(*one));
        sum.saturating_mul(i128::from(common) / (stratum.len().max(1) as i128))
    };
    let sum = figures.iter().map(of).fold(0, i128::saturating_add);
    Mean { sum, of: (common * figures.len() as u64) as u32 }
}

/// Samples of each set of pipelines.
fn groups(side: &Side) -> BTreeMap<&[String], Vec<usize>> {
    let mut groups: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for (at, sample) in side.samples.iter().enumerate() {
        groups.entry(sample.pipelines.as_slice()).or_default().push(at);
    }
    groups
}

/// The least common multiple of some sizes, or more than [`MOST_OF`].
fn common(sizes: impl Iterator<Item = usize>) -> u64 {
    let sizes: BTreeSet<u64> = sizes.map(|size| size.max(1) as u64).collect();
    let gcd = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    sizes.into_iter().fold(
        1,
        |all, size| {
            if all > MOST_OF { all } else { all / gcd(all, size) * size }
        },
    )
}

fn denominates(strata: &[Vec<Vec<usize>>; 2]) -> bool {
    strata
        .iter()
        .all(|side| common(side.iter().map(Vec::len)).saturating_mul(side.len() as u64) <= MOST_OF)
}
