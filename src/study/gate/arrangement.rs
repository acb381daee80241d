//! Which samples of the two sides are held against each other, and the exact means.

use super::{
    ComparisonDesign, ExactMean, FigureKey, GateNote, GateSample, GateSide, SampleMatchKey,
};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs are made of a part of the pipelines, or names, from so many common ones on; fewer leave
/// too little of either side. Source: MODEL.md, "The gate".
const FEWEST_COMMON: usize = 3;
/// Means over strata of unlike sizes have a common denominator up to here; beyond it the strata are
/// pooled. Source: MODEL.md, "The gate".
const LARGEST_DENOMINATOR: u64 = 1_000_000;

/// Which samples are compared: by stratum those of the baseline and those of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SampleArrangement {
    pub design: ComparisonDesign,
    pub strata: [Vec<Vec<usize>>; 2],
}

impl SampleArrangement {
    /// Arranges the samples of two sides: by the pipelines that they hold, else by their names,
    /// else all against all. What is left out is noted.
    pub(crate) fn arrange_samples(
        baseline: &GateSide,
        candidate: &GateSide,
        notes: &mut Vec<GateNote>,
    ) -> Self {
        if baseline.samples.len() <= 1 && candidate.samples.len() <= 1 {
            let first_samples = baseline.samples.first().zip(candidate.samples.first());
            if first_samples.is_some_and(|(old, new)| old.pipelines != new.pipelines) {
                notes.push(GateNote::UnknownChance);
            }
            return Self::with_one_stratum(ComparisonDesign::Single, baseline, candidate);
        }
        // The same pipelines are the same work: nothing else matches samples as closely.
        let pipelines = SampleMatching::group_samples(baseline, candidate, |one| &one.pipelines);
        if let Some(design) = pipelines.matched_design() {
            let matched_by = SampleMatchKey::Pipelines;
            pipelines.note_unmatched([baseline, candidate], matched_by, notes);
            return Self { design, strata: pipelines.matched_strata() };
        }
        let names = SampleMatching::group_samples(baseline, candidate, |one| {
            std::slice::from_ref(&one.name)
        });
        // A name that all share tells nothing apart.
        if let Some(design) = names.matched_design().filter(|_| names.common.len() > 1) {
            notes.push(GateNote::MatchedByName);
            names.note_unmatched([baseline, candidate], SampleMatchKey::Name, notes);
            return Self { design, strata: names.matched_strata() };
        }
        Self::with_one_stratum(ComparisonDesign::Pooled, baseline, candidate)
    }

    /// All samples of a side together.
    fn with_one_stratum(
        design: ComparisonDesign,
        baseline: &GateSide,
        candidate: &GateSide,
    ) -> Self {
        let strata = [baseline, candidate].map(|side| vec![(0..side.samples.len()).collect()]);
        Self { design, strata }
    }

    /// Figures of both sides by stratum.
    pub(crate) fn figures_of_sides(
        &self,
        samples: [&[GateSample]; 2],
        key: &FigureKey,
    ) -> [Vec<Vec<i128>>; 2] {
        [0, 1].map(|side| self.stratum_figures(side, samples[side], key))
    }

    /// Figures of a side (0 the baseline, 1 the candidate) by stratum.
    fn stratum_figures(
        &self,
        side: usize,
        samples: &[GateSample],
        key: &FigureKey,
    ) -> Vec<Vec<i128>> {
        self.strata[side]
            .iter()
            .map(|stratum| {
                let own = stratum.iter().map(|at| samples[*at].figures.get(key));
                // What is not there did not happen.
                own.map(|figure| figure.copied().unwrap_or_default()).collect()
            })
            .collect()
    }
}

/// The mean over strata of the means within them, exact.
pub(super) fn mean_over_strata(figures: &[Vec<i128>]) -> ExactMean {
    let common = least_common_multiple(figures.iter().map(Vec::len));
    // Every mean is brought to the common denominator, so that the mean of means stays exact.
    let sum = figures
        .iter()
        .map(|stratum| {
            let sum: i128 = stratum.iter().fold(0, |sum, one| sum.saturating_add(*one));
            sum.saturating_mul(i128::from(common) / (stratum.len().max(1) as i128))
        })
        .fold(0, i128::saturating_add);
    ExactMean { sum, count: (common * figures.len() as u64) as u32 }
}

/// The samples of two sides by what they may be matched by.
struct SampleMatching<'a> {
    groups: [BTreeMap<&'a [String], Vec<usize>>; 2],
    /// What is on both sides.
    common: Vec<&'a [String]>,
}

impl<'a> SampleMatching<'a> {
    fn group_samples(
        baseline: &'a GateSide,
        candidate: &'a GateSide,
        by: fn(&GateSample) -> &[String],
    ) -> Self {
        let groups = [baseline, candidate].map(|side| {
            let mut groups: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
            for (at, sample) in side.samples.iter().enumerate() {
                groups.entry(by(sample)).or_default().push(at);
            }
            groups
        });
        let [old, new] = &groups;
        // In the order of the keys, so that draws are the same whatever the order of files.
        let common = old.keys().copied().filter(|key| new.contains_key(key)).collect();
        Self { groups, common }
    }

    /// How samples are held against each other so; `None` where too few have a counterpart.
    fn matched_design(&self) -> Option<ComparisonDesign> {
        let strata = self.matched_strata();
        // With several samples of each on both sides strata have noise of their own.
        let many = strata.iter().flatten().all(|stratum| stratum.len() >= 2);
        // Where nothing is left out even few are enough.
        let whole = self.groups.iter().all(|groups| groups.len() == self.common.len());
        let enough =
            |few: usize| self.common.len() >= FEWEST_COMMON || (whole && self.common.len() >= few);
        match has_small_denominator(&strata) {
            true if many && enough(1) => Some(ComparisonDesign::Stratified),
            true if enough(2) => Some(ComparisonDesign::Paired),
            _ => None,
        }
    }

    /// The samples of both sides by what is common.
    fn matched_strata(&self) -> [Vec<Vec<usize>>; 2] {
        [&self.groups[0], &self.groups[1]]
            .map(|groups| self.common.iter().map(|key| groups[key].clone()).collect())
    }

    fn note_unmatched(
        &self,
        sides: [&GateSide; 2],
        matched_by: SampleMatchKey,
        notes: &mut Vec<GateNote>,
    ) {
        // Looked up in the other side: a search through all that is common for each sample would
        // take the square of their number.
        let [old, new] = &self.groups;
        for (side, (groups, others)) in sides.into_iter().zip([(old, new), (new, old)]) {
            let samples: Vec<String> = groups
                .iter()
                .filter(|(key, _)| !others.contains_key(*key))
                .flat_map(|(_, indexes)| indexes)
                .map(|&index| side.samples[index].name.clone())
                .collect();
            if !samples.is_empty() {
                let side = side.summary.name.clone();
                notes.push(GateNote::Unmatched { side, matched_by, samples });
            }
        }
    }
}

/// The least common multiple of some sizes, or more than [`LARGEST_DENOMINATOR`].
fn least_common_multiple(sizes: impl Iterator<Item = usize>) -> u64 {
    let sizes: BTreeSet<u64> = sizes.map(|size| size.max(1) as u64).collect();
    sizes.into_iter().fold(1, |all, size| {
        // Large enough to be refused: to go on could overflow.
        if all > LARGEST_DENOMINATOR {
            all
        } else {
            all / greatest_common_divisor(all, size) * size
        }
    })
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn has_small_denominator(strata: &[Vec<Vec<usize>>; 2]) -> bool {
    strata.iter().all(|side| {
        least_common_multiple(side.iter().map(Vec::len)).saturating_mul(side.len() as u64)
            <= LARGEST_DENOMINATOR
    })
}
