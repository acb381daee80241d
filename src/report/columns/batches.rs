//! Columns of plain values in batches: what Parquet files and long CSV files are written from.
//!
//! Rows are asked for batch by batch, so that what is held beside the source is one batch, however
//! long the table.

use super::{ColumnField, ColumnShape};
use crate::report::view::{CellContent, CellValue, ColumnKind, TableCell};

/// Rows of one batch.
const ROWS_PER_BATCH: usize = 1 << 16;

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnValues {
    /// Yes or no.
    Flags(Vec<bool>),
    /// Whole numbers.
    Numbers(Vec<i64>),
    /// Whole numbers, or nothing where nothing is known.
    OptionalNumbers(Vec<Option<i64>>),
    /// Words.
    Texts(Vec<String>),
}

impl ColumnValues {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Flags(flags) => flags.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::OptionalNumbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ColumnShape {
    /// The type of its values, in the words of the documentation.
    #[must_use]
    pub fn data_type(&self) -> &'static str {
        match self.kind {
            ColumnKind::Flag => "bool",
            ColumnKind::Text | ColumnKind::Texts => "string",
            _ if self.is_optional => "int64 or null",
            _ => "int64",
        }
    }
}

impl<R> ColumnField<'_, R> {
    /// Its values in some rows.
    fn read_values(&self, rows: impl Iterator<Item = R>) -> ColumnValues {
        let cells = rows.map(|row| self.cell(&row));
        match self.shape.kind {
            ColumnKind::Flag => ColumnValues::Flags(
                cells.map(|cell| only_value(cell) == Some(CellValue::Flag(true))).collect(),
            ),
            ColumnKind::Text | ColumnKind::Texts => ColumnValues::Texts(
                cells
                    .map(|cell| match only_value(cell) {
                        Some(CellValue::Text(words)) => words,
                        Some(CellValue::Texts(list)) => list.join(", "),
                        _ => String::new(),
                    })
                    .collect(),
            ),
            _ if self.shape.is_optional => {
                ColumnValues::OptionalNumbers(cells.map(whole_number).collect())
            }
            _ => ColumnValues::Numbers(
                cells.map(|cell| whole_number(cell).unwrap_or_default()).collect(),
            ),
        }
    }
}

/// The value of a cell that is no range.
fn only_value(cell: TableCell) -> Option<CellValue> {
    match cell.content {
        CellContent::One(value) => Some(value),
        CellContent::Missing | CellContent::Range(..) => None,
    }
}

/// The whole number in a cell.
fn whole_number(cell: TableCell) -> Option<i64> {
    match only_value(cell)? {
        CellValue::Tokens(n)
        | CellValue::Count(n)
        | CellValue::Share(n)
        | CellValue::Duration(n)
        | CellValue::Number(n) => Some(n),
        CellValue::PicoUsd(amount) | CellValue::Money(amount) => i64::try_from(amount.0).ok(),
        CellValue::Text(_) | CellValue::Texts(_) | CellValue::Flag(_) | CellValue::Fraction(_) => {
            None
        }
    }
}

/// The rows of a table in batches, each made from its number; an empty table is one empty batch,
/// so that it has its columns.
pub fn column_batches<'a, R: 'a>(
    fields: Vec<ColumnField<'a, R>>,
    rows: usize,
    row_at: impl Fn(usize) -> R + Copy + 'a,
) -> impl Iterator<Item = Vec<(String, ColumnValues)>> + 'a {
    let starts = (0..rows.max(1)).step_by(ROWS_PER_BATCH);
    starts.map(move |start| {
        let range = start..rows.min(start + ROWS_PER_BATCH);
        let named = fields.iter().filter(|field| !field.shape.name.is_empty());
        let columns = named.map(|field| {
            (field.shape.name.clone().into_owned(), field.read_values(range.clone().map(row_at)))
        });
        columns.collect()
    })
}
