//! Cells of the table of toggles.

use super::super::parameter_value;
use crate::intervene::ParamUnit;
use crate::report::format::{self, NumberStyle};
use crate::report::html::{self, escape_html};
use crate::report::view::{CellValue, TableCell};
use crate::units::PicoUsd;
use std::fmt::Write as _;

/// Tokens from the smaller to the larger of two amounts.
pub(super) fn range_cell(a: i64, b: i64) -> TableCell {
    TableCell::from_range(CellValue::Tokens(a.min(b)), CellValue::Tokens(a.max(b)))
}

/// Dollars from the smaller to the larger of two amounts.
pub(super) fn money_range_cell(a: PicoUsd, b: PicoUsd) -> TableCell {
    TableCell::from_range(CellValue::Money(a.min(b)), CellValue::Money(a.max(b)))
}

/// Adds small type under an amount, shown while amounts are in `unit`.
pub(super) fn push_band(out: &mut String, unit: &str, cell: &TableCell) {
    let words = escape_html(&format::format_cell(cell, NumberStyle::default()));
    let _ = write!(out, "<small class=\"band in-{unit}\">{words}</small>");
}

/// Adds a cell of a number under its heading.
pub(super) fn push_cell(out: &mut String, label: &str, cell: &TableCell) {
    let sort = html::sort_key(cell);
    let words = format::format_cell(cell, NumberStyle::default());
    // Of a range each end stays on one line.
    let ends: Vec<String> =
        words.split(" to ").map(|end| format!("<span>{}</span>", escape_html(end))).collect();
    let words = ends.join(" to ");
    let _ = write!(out, "<td class=\"n\" data-label=\"{label}\"{sort}>{words}</td>");
}

/// A value of a parameter, with its unit where that is asked for.
pub(super) fn parameter_amount(unit: ParamUnit, value: i64, says_unit: bool) -> String {
    let words = format::format_value(
        &parameter_value(unit, value),
        NumberStyle { exact: unit == ParamUnit::Tokens, ..NumberStyle::default() },
    );
    match unit {
        ParamUnit::Tokens if says_unit => format!("{words} tokens"),
        _ => words,
    }
}
