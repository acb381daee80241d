//! A view: one table as typed values, built once per command and walked by every renderer.
//!
//! A cell holds the value itself (integer tokens, pico-dollars, basis points, milliseconds), never
//! its text, so that the terminal, Markdown and CSV cannot disagree. Words are chosen in
//! [`super::format`], nowhere else.

mod table_column;

pub use table_column::{Alignment, ColumnKind, KEPT, TableColumn};

use crate::units::PicoUsd;
use std::collections::BTreeMap;

/// One value with its unit in the type.
#[derive(Clone, Debug, PartialEq)]
pub enum CellValue {
    /// Words. May come from a recording: escaped when rendered.
    Text(String),
    /// Tokens.
    Tokens(i64),
    /// A plain count.
    Count(i64),
    /// A share in basis points.
    Share(i64),
    /// Money.
    Money(PicoUsd),
    /// A duration in milliseconds.
    Duration(i64),
    /// A number in thousandths.
    Number(i64),
    /// Several words.
    Texts(Vec<String>),
    /// Yes or no.
    Flag(bool),
    /// A part of one.
    Fraction(f64),
    /// Money, to be written in whole pico-dollars.
    PicoUsd(PicoUsd),
}

impl CellValue {
    /// The kind of column that this value may stand in.
    #[must_use]
    pub fn column_kind(&self) -> ColumnKind {
        match self {
            Self::Text(_) => ColumnKind::Text,
            Self::Tokens(_) => ColumnKind::Tokens,
            Self::Count(_) => ColumnKind::Count,
            Self::Share(_) => ColumnKind::Share,
            Self::Money(_) => ColumnKind::Money,
            Self::Duration(_) => ColumnKind::Duration,
            Self::Number(_) => ColumnKind::Number,
            Self::Texts(_) => ColumnKind::Texts,
            Self::Flag(_) => ColumnKind::Flag,
            Self::Fraction(_) => ColumnKind::Fraction,
            Self::PicoUsd(_) => ColumnKind::PicoUsd,
        }
    }
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub enum CellContent {
    /// Nothing is known, or nothing applies. Never zero in disguise.
    Missing,
    /// One value.
    One(CellValue),
    /// From the first to the second, both included.
    Range(CellValue, CellValue),
}

/// How a cell is stressed where the output can do so; it never changes the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As the rest.
    #[default]
    Plain,
    /// A total, a headline.
    Strong,
    /// Background knowledge.
    Muted,
    /// Good news: a claim that holds, a saving.
    Good,
    /// Bad news: a claim that cannot be, a cost.
    Bad,
}

/// One cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCell {
    /// What it says.
    pub content: CellContent,
    /// How it is stressed.
    pub tone: Tone,
}

impl TableCell {
    /// A cell with one value.
    #[must_use]
    pub fn new(value: CellValue) -> Self {
        Self { content: CellContent::One(value), tone: Tone::Plain }
    }

    /// A cell that knows nothing.
    #[must_use]
    pub fn missing() -> Self {
        Self { content: CellContent::Missing, tone: Tone::Plain }
    }

    /// A cell with a range; a single value where both ends are the same.
    ///
    /// # Panics
    /// If the ends differ in kind.
    #[must_use]
    pub fn from_range(low: CellValue, high: CellValue) -> Self {
        assert_eq!(low.column_kind(), high.column_kind(), "a range of one kind");
        if low == high {
            return Self::new(low);
        }
        Self { content: CellContent::Range(low, high), tone: Tone::Plain }
    }

    /// A cell of words.
    #[must_use]
    pub fn text(words: impl Into<String>) -> Self {
        Self::new(CellValue::Text(words.into()))
    }

    /// A cell of tokens.
    #[must_use]
    pub fn tokens(tokens: i64) -> Self {
        Self::new(CellValue::Tokens(tokens))
    }

    /// A cell with a count.
    #[must_use]
    pub fn count(count: i64) -> Self {
        Self::new(CellValue::Count(count))
    }

    /// A cell with a share in basis points.
    #[must_use]
    pub fn share(share_bp: i64) -> Self {
        Self::new(CellValue::Share(share_bp))
    }

    /// A cell with `part / whole` as a share; missing where the whole is zero.
    #[must_use]
    pub fn share_of_whole(part: i64, whole: i64) -> Self {
        if whole == 0 {
            return Self::missing();
        }
        Self::share(crate::units::scale_by_ratio(part, crate::units::BASIS_POINTS, whole))
    }

    /// A cell of money.
    #[must_use]
    pub fn money(amount: PicoUsd) -> Self {
        Self::new(CellValue::Money(amount))
    }

    /// A cell with a duration in milliseconds.
    #[must_use]
    pub fn duration(ms: i64) -> Self {
        Self::new(CellValue::Duration(ms))
    }

    /// A cell with a number in thousandths.
    #[must_use]
    pub fn number(thousandths: i64) -> Self {
        Self::new(CellValue::Number(thousandths))
    }

    /// The cell of an optional value; missing where there is none.
    #[must_use]
    pub fn from_option(value: Option<CellValue>) -> Self {
        value.map_or_else(Self::missing, Self::new)
    }

    /// The same cell, stressed.
    #[must_use]
    pub fn with_tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// The kind of its value; `None` where it is missing.
    #[must_use]
    pub fn column_kind(&self) -> Option<ColumnKind> {
        match &self.content {
            CellContent::Missing => None,
            CellContent::One(value) | CellContent::Range(value, _) => Some(value.column_kind()),
        }
    }
}

/// How a table is set on a screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableLook {
    /// Among others: with a rule under its headings, and what does not fit is named.
    #[default]
    Full,
    /// The one table of a first screen: without a rule, headings on one line.
    FirstScreen,
}

/// One table: title, columns, rows, footnotes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableView {
    /// What the table shows; also its name in CSV.
    pub title: String,
    /// The columns from left to right.
    pub columns: Vec<TableColumn>,
    /// The rows from top to bottom; each has one cell a column.
    pub rows: Vec<Vec<TableCell>>,
    /// What stands under a row, by its number, where a screen is too narrow to have it in the row:
    /// for people on a terminal alone.
    pub lines_under: BTreeMap<usize, String>,
    /// How it is set on a screen.
    pub look: TableLook,
    /// Remarks under the table.
    pub footnotes: Vec<String>,
    /// Where the numbers come from: digests, price book, version, seed.
    pub provenance: Vec<String>,
}

impl TableColumn {
    /// What programs know the column by, one name for each end of a range: lower case, words joined
    /// by `_`, the unit last unless the words already name it.
    #[must_use]
    pub fn headings_for_programs(&self) -> Vec<String> {
        let unit = match self.kind {
            ColumnKind::Tokens => "tokens",
            ColumnKind::Money => "usd",
            ColumnKind::Duration => "ms",
            ColumnKind::Share | ColumnKind::Fraction => "share",
            ColumnKind::PicoUsd => "pico_usd",
            _ => "",
        };
        let heading = snake_case_words(&self.heading);
        // `Tokens saved` already names its unit; `Read` does not.
        let unit = if heading.split('_').any(|word| word == unit) { "" } else { unit };
        let ends: &[&str] = if self.ranged { &["low", "high"] } else { &[""] };
        let names = ends.iter().map(|end| {
            let words = [heading.as_str(), end, unit].into_iter().filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join("_")
        });
        names.collect()
    }
}

/// Lower case words of letters and digits, joined by `_`.
#[must_use]
pub fn snake_case_words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

impl TableView {
    /// An empty table.
    #[must_use]
    pub fn new(title: impl Into<String>, columns: Vec<TableColumn>) -> Self {
        Self { title: title.into(), columns, ..Self::default() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If the row does not fit the columns: too long, too short, or a cell of another kind.
    pub fn add_row(&mut self, cells: Vec<TableCell>) -> &mut Self {
        assert_eq!(cells.len(), self.columns.len(), "cells of a row in `{}`", self.title);
        for (cell, column) in cells.iter().zip(&self.columns) {
            // Cells of one column share a unit, but for columns that say in each cell what it is.
            let fits = match column.kind {
                ColumnKind::Mixed => true,
                kind => cell.column_kind().is_none_or(|met| met == kind),
            };
            assert!(fits, "{cell:?} under `{}` in `{}`", column.heading, self.title);
            let is_range = matches!(cell.content, CellContent::Range(..));
            assert!(column.ranged || !is_range, "range under `{}`", column.heading);
        }
        self.rows.push(cells);
        self
    }

    /// Adds a row of totals: as [`TableView::add_row`], with every plain cell stressed.
    ///
    /// # Panics
    /// As [`TableView::add_row`].
    pub fn add_total(&mut self, cells: Vec<TableCell>) -> &mut Self {
        let stressed = cells.into_iter().map(|cell| match cell.tone {
            Tone::Plain => cell.with_tone(Tone::Strong),
            _ => cell,
        });
        self.add_row(stressed.collect())
    }

    /// Adds a line under the last row.
    pub fn add_line_under(&mut self, text: impl Into<String>) -> &mut Self {
        if let Some(last) = self.rows.len().checked_sub(1) {
            self.lines_under.insert(last, text.into());
        }
        self
    }

    /// The same table as the one of a first screen.
    #[must_use]
    pub fn for_first_screen(self) -> Self {
        Self { look: TableLook::FirstScreen, ..self }
    }

    /// Adds a remark under the table.
    pub fn add_footnote(&mut self, text: impl Into<String>) -> &mut Self {
        self.footnotes.push(text.into());
        self
    }

    /// Adds a line on where the numbers come from.
    pub fn add_source(&mut self, text: impl Into<String>) -> &mut Self {
        self.provenance.push(text.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_one_point_is_a_value() {
        assert_eq!(
            TableCell::from_range(CellValue::Tokens(5), CellValue::Tokens(5)),
            TableCell::tokens(5)
        );
        assert_eq!(TableCell::share_of_whole(1, 0), TableCell::missing());
        assert_eq!(TableCell::share_of_whole(1, 3), TableCell::share(3_333));
    }

    #[test]
    #[should_panic(expected = "under `Read`")]
    fn a_cell_of_another_kind_is_refused() {
        TableView::new("t", vec![TableColumn::tokens("Read")]).add_row(vec![TableCell::count(1)]);
    }

    #[test]
    #[should_panic(expected = "range under `Read`")]
    fn a_range_needs_a_column_with_room_for_it() {
        let range = TableCell::from_range(CellValue::Tokens(1), CellValue::Tokens(2));
        TableView::new("t", vec![TableColumn::tokens("Read")]).add_row(vec![range]);
    }

    #[test]
    #[should_panic(expected = "cells of a row")]
    fn a_short_row_is_refused() {
        TableView::new("t", vec![TableColumn::tokens("Read")]).add_row(vec![]);
    }

    #[test]
    fn totals_are_stressed_unless_they_say_otherwise() {
        let mut view = TableView::new("t", vec![TableColumn::count("a"), TableColumn::count("b")]);
        view.add_total(vec![TableCell::count(1), TableCell::count(2).with_tone(Tone::Bad)]);
        assert_eq!(view.rows[0][0].tone, Tone::Strong);
        assert_eq!(view.rows[0][1].tone, Tone::Bad);
    }
}
