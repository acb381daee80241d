//! Quantiles without polars: sort and pick.

use super::{DistributionPoints, GroupFinding, MeasurePoints};
use crate::study::whatif::uncertainty::band_of_values;

/// The points of each toggle's findings.
pub(super) fn points_by_sorting(
    found: &[GroupFinding],
    toggles: usize,
    groups: usize,
) -> Vec<MeasurePoints> {
    let of = |toggle: usize| {
        let own: Vec<&GroupFinding> = found.iter().filter(|one| one.toggle == toggle).collect();
        let zeros = groups.saturating_sub(own.len());
        let points = |measure: usize| {
            let values = || own.iter().map(|one| one.measures[measure]);
            let (some, all) = (
                band_of_values(values()),
                band_of_values(values().chain(std::iter::repeat_n(0, zeros))),
            );
            let max = values().max().unwrap_or_default();
            DistributionPoints { median: some.p50, p90: some.p90, max, median_of_all: all.p50 }
        };
        (!own.is_empty()).then(|| std::array::from_fn(points))
    };
    (0..toggles).map(of).collect()
}
