//! How savings are spread over sessions, or over other groups of them.

use super::ComparisonReport;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::distribution::{DistributionPoints, GroupedSavings, ToggleDistribution};

impl ComparisonReport<'_> {
    /// The distribution over groups of sessions; `None` where it was not asked for.
    #[must_use]
    pub fn distribution_section(&self) -> Option<Section> {
        let spread = self.distribution?;
        let one = spread.grouping.name();
        let mut words = one.to_owned();
        words[..1].make_ascii_uppercase();
        let reads = format!("Cache reads saved by each toggle alone, {one} by {one}");
        let mut reads = self.distribution_table(spread, &reads, &[DistributionMeasure::Reads]);
        let mut dollars =
            self.distribution_table(spread, "The same in dollars", &[DistributionMeasure::Dollars]);
        // Both tables have the same rows: what holds for both is said under the first.
        add_distribution_footnotes(spread, &mut reads);
        let idle = self.distribution_rows(spread).filter(|row| row.spread.found_in == 0);
        let idle: Vec<&str> = idle.map(|row| row.toggle.id).collect();
        if !idle.is_empty() {
            reads.add_footnote(format!("nothing to change here for {}", idle.join(", ")));
        }
        dollars.add_footnote(format!("costs in: {one}s where the toggle costs more than it saves"));
        Some(Section::new(format!("{words} by {one}")).with_table(reads).with_table(dollars))
    }

    /// The same as one wide table, for files.
    #[must_use]
    pub fn wide_distribution_table(&self) -> Option<TableView> {
        let measures = [DistributionMeasure::Reads, DistributionMeasure::Dollars];
        Some(self.distribution_table(self.distribution?, "distribution", &measures))
    }

    fn distribution_table(
        &self,
        savings: &GroupedSavings,
        title: &str,
        measures: &[DistributionMeasure],
    ) -> TableView {
        type Field<'a> = ColumnField<'a, DistributionRow<'a>>;
        let is_wide = measures.len() > 1;
        let mut fields = vec![Field::text("", "toggle", "its id and title", |row| {
            format!("{} {}", row.toggle.id, row.toggle.title)
        })];
        if is_wide {
            let heading = format!("{}s", savings.grouping.name());
            fields.push(Field::count("", heading, "groups", |row| row.savings.groups));
        }
        fields.push(Field::count("", "found in", "where it changes anything", |row| {
            row.spread.found_in
        }));
        for measure in measures {
            fields.extend(measure.table_fields(is_wide));
        }
        // A file holds every toggle, a table for people those that change anything.
        let rows = self.distribution_rows(savings);
        let rows = rows.filter(|row| is_wide || row.spread.found_in > 0);
        TableView::from_fields(title, &fields, rows)
    }

    pub(super) fn distribution_rows<'s>(
        &'s self,
        savings: &'s GroupedSavings,
    ) -> impl Iterator<Item = DistributionRow<'s>> {
        let toggles = self.comparison.toggles.iter().zip(&savings.toggles);
        toggles.map(move |(toggle, spread)| DistributionRow { toggle, savings, spread })
    }
}

/// One toggle's distribution, of those that are shown together.
pub(super) struct DistributionRow<'a> {
    toggle: &'a ToggleResult,
    savings: &'a GroupedSavings,
    spread: &'a ToggleDistribution,
}

/// What of a saving is spread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DistributionMeasure {
    Reads,
    Dollars,
}

/// The sum over all groups, and the points over those where something is found.
type SpreadAmounts = (CellValue, Option<DistributionPoints<CellValue>>);

/// A point of those where something is found.
type PointGetter = fn(&DistributionPoints<CellValue>) -> &CellValue;

const POINTS: [(&str, &str, PointGetter); 4] = [
    ("median", "half of those with a finding are below", |points| &points.median),
    ("p90", "nine of ten are below", |points| &points.p90),
    ("max", "the largest", |points| &points.max),
    ("median_of_all", "those without a finding count as zeros", |points| &points.median_of_all),
];

impl DistributionMeasure {
    fn kind(self) -> ColumnKind {
        if self == Self::Reads { ColumnKind::Tokens } else { ColumnKind::Money }
    }

    fn amounts(self, spread: &ToggleDistribution) -> SpreadAmounts {
        let (saving, points) = (&spread.saving, spread.distribution);
        match self {
            Self::Reads => (
                CellValue::Tokens(saving.usage.read),
                points.map(|points| points.read.map(CellValue::Tokens)),
            ),
            Self::Dollars => (
                CellValue::Money(saving.total_money()),
                points.map(|points| points.cost.map(CellValue::Money)),
            ),
        }
    }

    /// Of the groups' own amounts.
    fn shares(self, spread: &ToggleDistribution) -> Option<DistributionPoints<CellValue>> {
        let points = spread.distribution?;
        let shares_bp = if self == Self::Reads { points.read_bp } else { points.cost_bp };
        Some(shares_bp.map(CellValue::Share))
    }

    /// Its columns for people; where both measures stand in one table each column says whose it is.
    fn table_fields<'a>(self, is_wide: bool) -> Vec<ColumnField<'a, DistributionRow<'a>>> {
        type Field<'a> = ColumnField<'a, DistributionRow<'a>>;
        let prefix = match self {
            _ if !is_wide => "",
            Self::Reads => "reads ",
            Self::Dollars => "dollars ",
        };
        let mut fields = Vec::new();
        if self == Self::Dollars {
            fields.push(Field::count("", "costs in", "where it costs money", |row| {
                row.spread.costs_in
            }));
        }
        let heading = format!("{prefix}sum");
        fields.push(Field::from_cells(self.kind(), "", heading, "all groups", move |row| {
            TableCell::new(self.amounts(row.spread).0)
        }));
        let [median, p90, max, median_of_all] = POINTS.map(|(.., point)| point);
        for (name, point) in [("median", median), ("P90", p90), ("max", max)] {
            let heading = format!("{prefix}{name}");
            fields.push(Field::from_cells(self.kind(), "", heading, "amount", move |row| {
                TableCell::from_option(self.amounts(row.spread).1.as_ref().map(point).cloned())
            }));
        }
        let shares =
            [("median share", median), ("P90 share", p90), ("share, median of all", median_of_all)];
        for (name, point) in shares {
            let heading = format!("{prefix}{name}");
            fields.push(Field::from_cells(ColumnKind::Share, "", heading, "share", move |row| {
                TableCell::from_option(self.shares(row.spread).as_ref().map(point).cloned())
            }));
        }
        // Every amount may be below zero, the counts may not.
        let counts = usize::from(self == Self::Dollars);
        let amounts = fields.split_off(counts);
        fields.extend(amounts.into_iter().map(ColumnField::with_sign));
        fields
    }
}

/// The points over groups as keys.
fn point_fields<'a>(
    kind: ColumnKind,
) -> impl Iterator<Item = ColumnField<'a, Option<DistributionPoints<CellValue>>>> {
    POINTS.into_iter().map(move |(name, about, point)| {
        ColumnField::from_cells(kind, name, "", about, move |points: &Option<_>| {
            TableCell::from_option(points.as_ref().map(point).cloned())
        })
    })
}

fn amount_fields<'a>(kind: ColumnKind) -> Vec<ColumnField<'a, SpreadAmounts>> {
    let sum = ColumnField::from_cells(kind, "sum", "", "over all groups", |amounts| {
        let (sum, _): &SpreadAmounts = amounts;
        TableCell::new(sum.clone())
    });
    let points = point_fields(kind);
    std::iter::once(sum)
        .chain(points.map(|field| field.of_part(|amounts: &SpreadAmounts| amounts.1.clone())))
        .collect()
}

/// The distribution for programs.
pub(super) fn distribution_fields<'a>() -> Vec<ColumnField<'a, DistributionRow<'a>>> {
    use DistributionMeasure::{Dollars, Reads};
    type Field<'a> = ColumnField<'a, DistributionRow<'a>>;
    vec![
        Field::text("toggle", "", "its id", |row| row.toggle.id),
        Field::text("each", "", "what a group is", |row| row.savings.grouping.name()),
        Field::count("groups", "", "groups", |row| row.savings.groups),
        Field::count("found_in", "", "groups in which it changes anything", |row| {
            row.spread.found_in
        }),
        Field::count("costs_in", "", "groups in which it costs money instead", |row| {
            row.spread.costs_in
        }),
        Field::object("read", "cache reads saved", amount_fields(Reads.kind()), |row| {
            Reads.amounts(row.spread)
        }),
        Field::object("usd", "dollars saved", amount_fields(Dollars.kind()), |row| {
            Dollars.amounts(row.spread)
        }),
        Field::optional_object(
            "share_of_reads",
            "of the group's own",
            point_fields(ColumnKind::Share).collect(),
            |row| Reads.shares(row.spread).map(Some),
        ),
        Field::optional_object(
            "share_of_usd",
            "of the group's own",
            point_fields(ColumnKind::Share).collect(),
            |row| Dollars.shares(row.spread).map(Some),
        ),
    ]
}

fn add_distribution_footnotes(spread: &GroupedSavings, view: &mut TableView) {
    let one = spread.grouping.name();
    view.add_footnote(format!(
        "{}; found in: where the toggle changes anything; median, P90 and max over those, by \
         nearest rank; shares are of the {one}'s own",
        format::count_of_nouns(spread.groups, one)
    ));
    view.add_footnote("median of all: those without a finding count as zeros");
    if spread.chained > 0 {
        view.add_footnote(format!(
            "{} may go on from another one and counts with it",
            format::count_of_nouns(spread.chained, "session")
        ));
    }
}
