//! What a getter of a column may give, and the cell that comes of it.

use crate::report::view::{CellValue, ColumnKind, TableCell};
use crate::units::PicoUsd;

/// A value that a column's kind turns into a cell.
pub trait CellInput {
    /// Whether it may be missing.
    const IS_OPTIONAL: bool = false;

    /// The cell under a column of that kind.
    fn into_cell(self, kind: ColumnKind) -> TableCell;
}

impl CellInput for i64 {
    /// # Panics
    /// If the kind has no whole numbers.
    fn into_cell(self, kind: ColumnKind) -> TableCell {
        TableCell::new(match kind {
            ColumnKind::Tokens => CellValue::Tokens(self),
            ColumnKind::Count => CellValue::Count(self),
            ColumnKind::Share => CellValue::Share(self),
            ColumnKind::Duration => CellValue::Duration(self),
            ColumnKind::Number => CellValue::Number(self),
            ColumnKind::PicoUsd => CellValue::PicoUsd(PicoUsd(i128::from(self))),
            other => panic!("a whole number under a column of kind {other:?}"),
        })
    }
}

impl CellInput for u32 {
    fn into_cell(self, kind: ColumnKind) -> TableCell {
        i64::from(self).into_cell(kind)
    }
}

impl CellInput for u64 {
    fn into_cell(self, kind: ColumnKind) -> TableCell {
        i64::try_from(self).unwrap_or(i64::MAX).into_cell(kind)
    }
}

impl CellInput for usize {
    fn into_cell(self, kind: ColumnKind) -> TableCell {
        i64::try_from(self).unwrap_or(i64::MAX).into_cell(kind)
    }
}

impl CellInput for bool {
    fn into_cell(self, _: ColumnKind) -> TableCell {
        TableCell::new(CellValue::Flag(self))
    }
}

impl CellInput for f64 {
    fn into_cell(self, _: ColumnKind) -> TableCell {
        TableCell::new(CellValue::Fraction(self))
    }
}

impl CellInput for PicoUsd {
    fn into_cell(self, kind: ColumnKind) -> TableCell {
        TableCell::new(match kind {
            ColumnKind::PicoUsd => CellValue::PicoUsd(self),
            _ => CellValue::Money(self),
        })
    }
}

impl CellInput for String {
    fn into_cell(self, _: ColumnKind) -> TableCell {
        TableCell::text(self)
    }
}

impl CellInput for &str {
    fn into_cell(self, _: ColumnKind) -> TableCell {
        TableCell::text(self)
    }
}

impl CellInput for Vec<String> {
    fn into_cell(self, _: ColumnKind) -> TableCell {
        TableCell::new(CellValue::Texts(self))
    }
}

impl<V: CellInput> CellInput for Option<V> {
    const IS_OPTIONAL: bool = true;

    fn into_cell(self, kind: ColumnKind) -> TableCell {
        self.map_or_else(TableCell::missing, |value| value.into_cell(kind))
    }
}
