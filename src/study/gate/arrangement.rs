//! Which samples of the two sides are held against each other, and the exact means.

use super::{ComparisonDesign, ExactMean, FigureKey, GateSample, GateSide};
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
    /// else all against all. What is left out is told.
    pub fn arrange_samples<'s>(
        baseline: &'s GateSide,
        candidate: &'s GateSide,
        notes: &mut Vec<String>,
    ) -> Self {
        let whole = |side: &GateSide| vec![(0..side.samples.len()).collect::<Vec<_>>()];
        let alike = |design| Self { design, strata: [whole(baseline), whole(candidate)] };
        if baseline.samples.len() <= 1 && candidate.samples.len() <= 1 {
            let first = |side: &'s GateSide| side.samples.first().map(|one| &one.pipelines);
            if first(baseline).zip(first(candidate)).is_some_and(|(old, new)| old != new) {
                notes.push(
                    "one sample a side, and not of the same pipelines: how far chance goes is not \
                     known; several recordings a side, or --each pipeline, would tell"
                        .to_owned(),
                );
            }
            return alike(ComparisonDesign::Single);
        }
        let pipelines = SampleMatching::group_samples(baseline, candidate, |one| &one.pipelines);
        if let Some(design) = pipelines.matched_design() {
            pipelines.note_unmatched([baseline, candidate], "these pipelines", notes);
            return Self { design, strata: pipelines.matched_strata() };
        }
        let names = SampleMatching::group_samples(baseline, candidate, |one| {
            std::slice::from_ref(&one.name)
        });
        // A name that all share tells nothing apart.
        if let Some(design) = names.matched_design().filter(|_| names.common.len() > 1) {
            notes.push("samples are matched by their names".to_owned());
            names.note_unmatched([baseline, candidate], "that name", notes);
            return Self { design, strata: names.matched_strata() };
        }
        alike(ComparisonDesign::Pooled)
    }

    /// Figures of a side (0 the baseline, 1 the candidate) by stratum.
    pub fn stratum_figures(
        &self,
        side: usize,
        samples: &[GateSample],
        key: &FigureKey,
    ) -> Vec<Vec<i128>> {
        let figure = |at: &usize| samples[*at].figures.get(key).copied().unwrap_or_default();
        self.strata[side].iter().map(|stratum| stratum.iter().map(figure).collect()).collect()
    }
}

/// The mean over strata of the means within them, exact.
pub(super) fn mean_over_strata(figures: &[Vec<i128>]) -> ExactMean {
    let common = least_common_multiple(figures.iter().map(Vec::len));
    let of = |stratum: &Vec<i128>| {
        let sum: i128 = stratum.iter().fold(0, |sum, one| sum.saturating_add(*one));
        sum.saturating_mul(i128::from(common) / (stratum.len().max(1) as i128))
    };
    let sum = figures.iter().map(of).fold(0, i128::saturating_add);
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
        let common = old.keys().copied().filter(|key| new.contains_key(key)).collect();
        Self { groups, common }
    }

    /// How samples are held against each other so; `None` where too few have a counterpart.
    fn matched_design(&self) -> Option<ComparisonDesign> {
        let strata = self.matched_strata();
        let many = strata.iter().flatten().all(|stratum| stratum.len() >= 2);
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
        let of = |groups: &BTreeMap<&[String], Vec<usize>>| -> Vec<Vec<usize>> {
            self.common.iter().map(|key| groups[key].clone()).collect()
        };
        [of(&self.groups[0]), of(&self.groups[1])]
    }

    fn note_unmatched(&self, sides: [&GateSide; 2], of: &str, notes: &mut Vec<String>) {
        for (side, groups) in sides.into_iter().zip(&self.groups) {
            let left = groups.iter().filter(|(key, _)| !self.common.contains(key));
            let names: Vec<&str> =
                left.flat_map(|(_, at)| at).map(|&at| side.samples[at].name.as_str()).collect();
            if !names.is_empty() {
                let (name, few) =
                    (&side.summary.name, super::place_coverage::shorten_names(&names));
                notes.push(format!(
                    "left out of {name}, because the other side has nothing of {of}: {few}"
                ));
            }
        }
    }
}

/// The least common multiple of some sizes, or more than [`LARGEST_DENOMINATOR`].
fn least_common_multiple(sizes: impl Iterator<Item = usize>) -> u64 {
    let sizes: BTreeSet<u64> = sizes.map(|size| size.max(1) as u64).collect();
    let gcd = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    sizes.into_iter().fold(1, |all, size| {
        if all > LARGEST_DENOMINATOR { all } else { all / gcd(all, size) * size }
    })
}

fn has_small_denominator(strata: &[Vec<Vec<usize>>; 2]) -> bool {
    strata.iter().all(|side| {
        least_common_multiple(side.iter().map(Vec::len)).saturating_mul(side.len() as u64)
            <= LARGEST_DENOMINATOR
    })
}
