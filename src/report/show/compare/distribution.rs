//! How savings are spread over sessions, or over other groups of them.

use super::ComparisonReport;
use crate::report::format;
use crate::report::json::{ShareJson, UsdJson};
use crate::report::{Section, TableCell, TableColumn, TableView};
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::distribution::{
    DistributionPoints, GroupedSavings, SavingDistribution, ToggleDistribution,
};
use serde::Serialize;

impl ComparisonReport<'_> {
    /// The distribution over groups of sessions; `None` where it was not asked for.
    #[must_use]
    pub fn distribution_section(&self) -> Option<Section> {
        let spread = self.distribution?;
        let one = spread.grouping.name();
        let mut words = one.to_owned();
        words[..1].make_ascii_uppercase();
        let reads = format!("Cache reads saved by each toggle alone, {one} by {one}");
        let mut reads = self.distribution_table(spread, &reads, &[READS]);
        let mut dollars = self.distribution_table(spread, "The same in dollars", &[DOLLARS]);
        // Both tables have the same rows: what holds for both is said under the first.
        add_distribution_footnotes(spread, &mut reads);
        let idle = self.distribution_rows(spread).filter(|(_, of)| of.found_in == 0);
        let idle: Vec<&str> = idle.map(|(toggle, _)| toggle.id).collect();
        if !idle.is_empty() {
            reads.add_footnote(format!("nothing to change here for {}", idle.join(", ")));
        }
        dollars.add_footnote(format!("costs in: {one}s where the toggle costs more than it saves"));
        Some(Section::new(format!("{words} by {one}")).with_table(reads).with_table(dollars))
    }

    /// The same as one wide table, for files.
    #[must_use]
    pub fn wide_distribution_table(&self) -> Option<TableView> {
        Some(self.distribution_table(self.distribution?, "distribution", &[READS, DOLLARS]))
    }

    fn distribution_table(
        &self,
        spread: &GroupedSavings,
        title: &str,
        measures: &[DistributionMeasure],
    ) -> TableView {
        let is_wide = measures.len() > 1;
        let mut columns = vec![TableColumn::text("toggle")];
        if is_wide {
            columns.push(TableColumn::count(format!("{}s", spread.grouping.name())));
        }
        columns.push(TableColumn::count("found in"));
        for measure in measures {
            let prefix = if is_wide { measure.prefix } else { "" };
            columns.extend((measure.columns)(prefix));
        }
        let mut view = TableView::new(title, columns);
        // A file holds every toggle, a table for people those that change anything.
        let rows = self.distribution_rows(spread).filter(|(_, of)| is_wide || of.found_in > 0);
        for (toggle, spreading) in rows {
            let mut row = vec![TableCell::text(format!("{} {}", toggle.id, toggle.title))];
            if is_wide {
                row.push(TableCell::count(spread.groups as i64));
            }
            row.push(TableCell::count(spreading.found_in as i64));
            row.extend(measures.iter().flat_map(|measure| (measure.cells)(spreading)));
            view.add_row(row);
        }
        view
    }

    fn distribution_rows<'s>(
        &'s self,
        spread: &'s GroupedSavings,
    ) -> impl Iterator<Item = (&'s ToggleResult, &'s ToggleDistribution)> {
        self.comparison.toggles.iter().zip(&spread.toggles)
    }

    /// The distribution for programs.
    pub(super) fn distribution_json(&self) -> Option<Vec<DistributionJson>> {
        let spread = self.distribution?;
        let rows = self.distribution_rows(spread);
        Some(rows.map(|(toggle, of)| DistributionJson::new(toggle.id, spread, of)).collect())
    }
}

/// Reads or dollars: what stands above its columns where both stand in one table, the columns, and
/// the cells of one toggle.
struct DistributionMeasure {
    prefix: &'static str,
    columns: fn(&str) -> Vec<TableColumn>,
    cells: fn(&ToggleDistribution) -> Vec<TableCell>,
}

const READS: DistributionMeasure = DistributionMeasure {
    prefix: "reads ",
    columns: |prefix| {
        let columns =
            AMOUNTS.map(|name| TableColumn::tokens(format!("{prefix}{name}")).with_sign());
        add_share_columns(prefix, columns.to_vec())
    },
    cells: |of| {
        let mut cells = vec![TableCell::tokens(of.saving.usage.read)];
        cells.extend(percentile_cells(of, |it| it.read.map(TableCell::tokens)));
        cells.extend(share_cells(of, |it| it.read_bp));
        cells
    },
};

const DOLLARS: DistributionMeasure = DistributionMeasure {
    prefix: "dollars ",
    columns: |prefix| {
        let mut columns = vec![TableColumn::count("costs in")];
        columns
            .extend(AMOUNTS.map(|name| TableColumn::money(format!("{prefix}{name}")).with_sign()));
        add_share_columns(prefix, columns)
    },
    cells: |of| {
        let mut cells =
            vec![TableCell::count(of.costs_in as i64), TableCell::money(of.saving.total_money())];
        cells.extend(percentile_cells(of, |it| it.cost.map(TableCell::money)));
        cells.extend(share_cells(of, |it| it.cost_bp));
        cells
    },
};

const AMOUNTS: [&str; 4] = ["sum", "median", "P90", "max"];

fn add_share_columns(prefix: &str, mut columns: Vec<TableColumn>) -> Vec<TableColumn> {
    columns.extend(
        ["median share", "P90 share", "share, median of all"]
            .map(|name| TableColumn::share(format!("{prefix}{name}")).with_sign()),
    );
    columns
}

fn percentile_cells(
    of: &ToggleDistribution,
    points: fn(SavingDistribution) -> DistributionPoints<TableCell>,
) -> [TableCell; 3] {
    let found = of.distribution.map(points);
    found.map_or_else(
        || [(); 3].map(|()| TableCell::missing()),
        |DistributionPoints { median, p90, max, .. }| [median, p90, max],
    )
}

fn share_cells(
    of: &ToggleDistribution,
    points: fn(SavingDistribution) -> DistributionPoints<i64>,
) -> [TableCell; 3] {
    let found = of.distribution.map(points);
    found.map_or_else(
        || [(); 3].map(|()| TableCell::missing()),
        |it| [it.median, it.p90, it.median_of_all].map(TableCell::share),
    )
}

fn count_of_nouns(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", format::format_integer(count as i64, false))
}

fn add_distribution_footnotes(spread: &GroupedSavings, view: &mut TableView) {
    let one = spread.grouping.name();
    view.add_footnote(format!(
        "{}; found in: where the toggle changes anything; median, P90 and max over those, by \
         nearest rank; shares are of the {one}'s own",
        count_of_nouns(spread.groups, one)
    ));
    view.add_footnote("median of all: those without a finding count as zeros");
    if spread.chained > 0 {
        view.add_footnote(format!(
            "{} may go on from another one and counts with it",
            count_of_nouns(spread.chained, "session")
        ));
    }
}

/// One toggle's distribution.
#[derive(Serialize)]
pub(super) struct DistributionJson {
    toggle: &'static str,
    each: &'static str,
    groups: usize,
    /// Groups in which the toggle changes anything.
    found_in: usize,
    /// Groups in which it costs money instead.
    costs_in: usize,
    read: DistributionSumJson<i64>,
    usd: DistributionSumJson<UsdJson>,
    share_of_reads: Option<DistributionPointsJson<ShareJson>>,
    share_of_usd: Option<DistributionPointsJson<ShareJson>>,
}

#[derive(Serialize)]
struct DistributionSumJson<T> {
    sum: T,
    #[serde(flatten)]
    points: DistributionPointsJson<Option<T>>,
}

/// Over the groups with a finding; the last over all groups, the others as zeros.
#[derive(Serialize)]
struct DistributionPointsJson<T> {
    median: T,
    p90: T,
    max: T,
    median_of_all: T,
}

impl<T> From<DistributionPoints<T>> for DistributionPointsJson<T> {
    fn from(points: DistributionPoints<T>) -> Self {
        let DistributionPoints { median, p90, max, median_of_all } = points;
        Self { median, p90, max, median_of_all }
    }
}

impl<T> DistributionSumJson<T> {
    fn new(sum: T, points: Option<DistributionPoints<T>>) -> Self {
        let nothing =
            DistributionPoints { median: None, p90: None, max: None, median_of_all: None };
        Self { sum, points: points.map_or(nothing, |points| points.map(Some)).into() }
    }
}

impl DistributionJson {
    fn new(toggle: &'static str, spread: &GroupedSavings, of: &ToggleDistribution) -> Self {
        let found = of.distribution;
        Self {
            toggle,
            each: spread.grouping.name(),
            groups: spread.groups,
            found_in: of.found_in,
            costs_in: of.costs_in,
            read: DistributionSumJson::new(of.saving.usage.read, found.map(|it| it.read)),
            usd: DistributionSumJson::new(
                UsdJson(of.saving.total_money()),
                found.map(|it| it.cost.map(UsdJson)),
            ),
            share_of_reads: found.map(|it| it.read_bp.map(ShareJson).into()),
            share_of_usd: found.map(|it| it.cost_bp.map(ShareJson).into()),
        }
    }
}
