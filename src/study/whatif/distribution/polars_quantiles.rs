//! Quantiles by polars: one row a finding, grouped by toggle.

use super::{DistributionPoints, FindingMeasures, GroupFinding, MeasurePoints};
use polars::prelude::SortMultipleOptions;
use polars::prelude::{Column, DataFrame, GroupBy, PolarsResult, QuantileMethod};

const TOGGLE: &str = "toggle";
const NAMES: FindingMeasures<&str> = ["read", "cost", "read_bp", "cost_bp"];

/// The points of each toggle's findings; no value may be larger than a float holds exactly.
pub(super) fn points_by_polars(
    found: &[GroupFinding],
    toggles: usize,
    groups: usize,
) -> PolarsResult<Vec<MeasurePoints>> {
    let mut all = found.to_vec();
    let mut found_in = vec![0; toggles];
    for one in found {
        found_in[one.toggle] += 1;
    }
    for (toggle, &found_in) in found_in.iter().enumerate() {
        let nothing = GroupFinding { toggle, measures: [0; 4] };
        all.extend(std::iter::repeat_n(nothing, groups.saturating_sub(found_in)));
    }
    let (found, all) = (findings_frame(found)?, findings_frame(&all)?);
    let (some, all) = (found.group_by([TOGGLE])?, all.group_by([TOGGLE])?);
    let at = |groups: &GroupBy<'_>, quantile| quantiles_by_toggle(groups, toggles, quantile);
    let (median, p90, max) = (at(&some, 0.5)?, at(&some, 0.9)?, at(&some, 1.0)?);
    let median_of_all = at(&all, 0.5)?;
    let of = |toggle: usize| {
        let points = |measure: usize| {
            let at = |of: &[FindingMeasures<i128>]| of[toggle][measure];
            let (median, p90, max) = (at(&median), at(&p90), at(&max));
            DistributionPoints { median, p90, max, median_of_all: at(&median_of_all) }
        };
        (found_in[toggle] > 0).then(|| std::array::from_fn(points))
    };
    Ok((0..toggles).map(of).collect())
}

/// One row a finding.
fn findings_frame(found: &[GroupFinding]) -> PolarsResult<DataFrame> {
    let toggles: Vec<u32> = found.iter().map(|one| one.toggle as u32).collect();
    let mut columns = vec![Column::new(TOGGLE.into(), toggles)];
    columns.extend(NAMES.iter().enumerate().map(|(measure, name)| {
        let values: Vec<i64> = found.iter().map(|one| one.measures[measure] as i64).collect();
        Column::new((*name).into(), values)
    }));
    DataFrame::new(found.len(), columns)
}

/// One quantile of every measure by toggle, the nearest rank; zeros where a toggle has no rows.
fn quantiles_by_toggle(
    groups: &GroupBy<'_>,
    toggles: usize,
    quantile: f64,
) -> PolarsResult<Vec<FindingMeasures<i128>>> {
    #[expect(deprecated, reason = "the lazy engine is a large build for one quantile")]
    let table = groups.quantile(quantile, QuantileMethod::Equiprobable)?;
    // Group order is unspecified.
    let table = table.sort([TOGGLE], SortMultipleOptions::default())?;
    let mut found = vec![[0; 4]; toggles];
    let of = table.column(TOGGLE)?.u32()?;
    for (measure, column) in table.columns().iter().skip(1).enumerate() {
        for (toggle, value) in of.iter().zip(column.f64()?.iter()) {
            let (toggle, value) = (toggle.unwrap_or_default(), value.unwrap_or_default());
            found[toggle as usize][measure] = value as i128;
        }
    }
    Ok(found)
}

/// What polars adds up: toggle, reads, pico-dollars.
#[cfg(test)]
pub(super) fn sums_by_toggle(found: &[GroupFinding]) -> PolarsResult<Vec<(u32, i64, i64)>> {
    #[expect(deprecated, reason = "the lazy engine is a large build for one sum")]
    let table = findings_frame(found)?.group_by([TOGGLE])?.select(["read", "cost"]).sum()?;
    let table = table.sort([TOGGLE], SortMultipleOptions::default())?;
    let of = table.column(TOGGLE)?.u32()?.iter().map(Option::unwrap_or_default);
    let read = table.column("read_sum")?.i64()?.iter().map(Option::unwrap_or_default);
    let cost = table.column("cost_sum")?.i64()?.iter().map(Option::unwrap_or_default);
    Ok(of.zip(read).zip(cost).map(|((of, read), cost)| (of, read, cost)).collect())
}
