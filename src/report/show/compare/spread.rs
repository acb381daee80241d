//! How savings are spread over sessions, or over other groups of them.

use super::Shown;
use crate::report::format;
use crate::report::json::{Share, Usd};
use crate::report::{Cell, Column, Section, View};
use crate::study::compare::ToggleResult;
use crate::study::spread::{Distribution, Points, Spread, Spreading};
use serde::Serialize;

impl Shown<'_> {
    /// The distribution over groups of sessions; `None` where it was not asked for.
    #[must_use]
    pub fn spread_section(&self) -> Option<Section> {
        let spread = self.spread?;
        let one = spread.each.name();
        let mut words = one.to_owned();
        words[..1].make_ascii_uppercase();
        let reads = format!("Cache reads saved by each toggle alone, {one} by {one}");
        let mut reads = self.spread_view(spread, &reads, &[READS]);
        let mut dollars = self.spread_view(spread, "The same in dollars", &[DOLLARS]);
        footnotes(spread, &mut reads);
        let idle = self.spread_rows(spread).filter(|(_, of)| of.found_in == 0);
        let idle: Vec<&str> = idle.map(|(toggle, _)| toggle.id).collect();
        if !idle.is_empty() {
            reads.footnote(format!("nothing to change here for {}", idle.join(", ")));
        }
        dollars.footnote(format!("costs in: {one}s where the toggle costs more than it saves"));
        Some(Section::new(format!("{words} by {one}")).table(reads).table(dollars))
    }

    /// The same as one wide table, for files.
    #[must_use]
    pub fn spread_table(&self) -> Option<View> {
        Some(self.spread_view(self.spread?, "distribution", &[READS, DOLLARS]))
    }

    fn spread_view(&self, spread: &Spread, title: &str, measures: &[Measure]) -> View {
        let is_wide = measures.len() > 1;
        let mut columns = vec![Column::text("toggle")];
        if is_wide {
            columns.push(Column::count(format!("{}s", spread.each.name())));
        }
        columns.push(Column::count("found in"));
        for measure in measures {
            let prefix = if is_wide { measure.prefix } else { "" };
            columns.extend((measure.columns)(prefix));
        }
        let mut view = View::new(title, columns);
        // A file holds every toggle, a table for people those that change anything.
        let rows = self.spread_rows(spread).filter(|(_, of)| is_wide || of.found_in > 0);
        for (toggle, spreading) in rows {
            let mut row = vec![Cell::text(format!("{} {}", toggle.id, toggle.title))];
            if is_wide {
                row.push(Cell::count(spread.groups as i64));
            }
            row.push(Cell::count(spreading.found_in as i64));
            row.extend(measures.iter().flat_map(|measure| (measure.cells)(spreading)));
            view.row(row);
        }
        view
    }

    fn spread_rows<'s>(
        &'s self,
        spread: &'s Spread,
    ) -> impl Iterator<Item = (&'s ToggleResult, &'s Spreading)> {
        self.comparison.toggles.iter().zip(&spread.toggles)
    }

    /// The distribution for programs.
    pub(super) fn spread_json(&self) -> Option<Vec<SpreadJson>> {
        let spread = self.spread?;
        let rows = self.spread_rows(spread);
        Some(rows.map(|(toggle, of)| SpreadJson::new(toggle.id, spread, of)).collect())
    }
}

/// Reads or dollars: what stands above its columns where both stand in one table, the columns, and
/// the cells of one toggle.
struct Measure {
    prefix: &'static str,
    columns: fn(&str) -> Vec<Column>,
    cells: fn(&Spreading) -> Vec<Cell>,
}

const READS: Measure = Measure {
    prefix: "reads ",
    columns: |prefix| {
        let amount = |name| Column::tokens(format!("{prefix}{name}")).signed();
        with_shares(prefix, AMOUNTS.map(amount).to_vec())
    },
    cells: |of| {
        let mut cells = vec![Cell::tokens(of.saving.usage.read)];
        cells.extend(points(of, |it| it.read.map(Cell::tokens)));
        cells.extend(shares(of, |it| it.read_bp));
        cells
    },
};

const DOLLARS: Measure = Measure {
    prefix: "dollars ",
    columns: |prefix| {
        let amount = |name| Column::money(format!("{prefix}{name}")).signed();
        let mut columns = vec![Column::count("costs in")];
        columns.extend(AMOUNTS.map(amount));
        with_shares(prefix, columns)
    },
    cells: |of| {
        let mut cells = vec![Cell::count(of.costs_in as i64), Cell::money(of.saving.money())];
        cells.extend(points(of, |it| it.cost.map(Cell::money)));
        cells.extend(shares(of, |it| it.cost_bp));
        cells
    },
};

const AMOUNTS: [&str; 4] = ["sum", "median", "P90", "max"];

fn with_shares(prefix: &str, mut columns: Vec<Column>) -> Vec<Column> {
    let share = |name| Column::share(format!("{prefix}{name}")).signed();
    columns.extend(["median share", "P90 share", "share, median of all"].map(share));
    columns
}

fn points(of: &Spreading, points: fn(Distribution) -> Points<Cell>) -> [Cell; 3] {
    let found = of.distribution.map(points);
    found.map_or_else(
        || [(); 3].map(|()| Cell::missing()),
        |Points { median, p90, max, .. }| [median, p90, max],
    )
}

fn shares(of: &Spreading, points: fn(Distribution) -> Points<i64>) -> [Cell; 3] {
    let found = of.distribution.map(points);
    found.map_or_else(
        || [(); 3].map(|()| Cell::missing()),
        |it| [it.median, it.p90, it.median_of_all].map(Cell::share),
    )
}

fn footnotes(spread: &Spread, view: &mut View) {
    let one = spread.each.name();
    let count = |n: usize, noun: &str| {
        let plural = if n == 1 { "" } else { "s" };
        format!("{} {noun}{plural}", format::integer(n as i64, false))
    };
    view.footnote(format!(
        "{}; found in: where the toggle changes anything; median, P90 and max over those, by \
         nearest rank; shares are of the {one}'s own",
        count(spread.groups, one)
    ));
    view.footnote("median of all: those without a finding count as zeros");
    if spread.chained > 0 {
        view.footnote(format!(
            "{} may go on from another one and counts with it",
            count(spread.chained, "session")
        ));
    }
}

/// One toggle's distribution.
#[derive(Serialize)]
pub(super) struct SpreadJson {
    toggle: &'static str,
    each: &'static str,
    groups: usize,
    /// Groups in which the toggle changes anything.
    found_in: usize,
    /// Groups in which it costs money instead.
    costs_in: usize,
    read: SumJson<i64>,
    usd: SumJson<Usd>,
    share_of_reads: Option<PointsJson<Share>>,
    share_of_usd: Option<PointsJson<Share>>,
}

#[derive(Serialize)]
struct SumJson<T> {
    sum: T,
    #[serde(flatten)]
    points: PointsJson<Option<T>>,
}

/// Over the groups with a finding; the last over all groups, the others as zeros.
#[derive(Serialize)]
struct PointsJson<T> {
    median: T,
    p90: T,
    max: T,
    median_of_all: T,
}

impl<T> From<Points<T>> for PointsJson<T> {
    fn from(points: Points<T>) -> Self {
        let Points { median, p90, max, median_of_all } = points;
        Self { median, p90, max, median_of_all }
    }
}

impl<T> SumJson<T> {
    fn new(sum: T, points: Option<Points<T>>) -> Self {
        let nothing = Points { median: None, p90: None, max: None, median_of_all: None };
        Self { sum, points: points.map_or(nothing, |points| points.map(Some)).into() }
    }
}

impl SpreadJson {
    fn new(toggle: &'static str, spread: &Spread, of: &Spreading) -> Self {
        let found = of.distribution;
        Self {
            toggle,
            each: spread.each.name(),
            groups: spread.groups,
            found_in: of.found_in,
            costs_in: of.costs_in,
            read: SumJson::new(of.saving.usage.read, found.map(|it| it.read)),
            usd: SumJson::new(Usd(of.saving.money()), found.map(|it| it.cost.map(Usd))),
            share_of_reads: found.map(|it| it.read_bp.map(Share).into()),
            share_of_usd: found.map(|it| it.cost_bp.map(Share).into()),
        }
    }
}
