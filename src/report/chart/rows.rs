//! Rows one under another: labels at the left, amounts along an axis at the bottom.

use super::sheet::{GRID, Sheet, Type, body, fitted, width_of};
use super::theme::Hue;
use super::{Axis, Unit};

/// Between the rows and the end of what stands under them, in pixels.
pub const UNDER: i32 = 44;

/// The place of rows on a sheet, in tenths of a pixel.
pub struct Rows {
    /// Where the axis starts.
    pub left: i32,
    /// Where it ends.
    pub right: i32,
    /// Above the first row.
    pub top: i32,
    /// Under the last row.
    pub bottom: i32,
    row: i32,
    axis: Axis,
    unit: Unit,
}

impl Rows {
    /// Rows of a height in pixels under `top`, over the width from `left` to `right`, for amounts
    /// between `ends`; with zero on the axis if bars start there.
    pub fn new(
        (left, right): (i32, i32),
        (top, rows, row): (i32, usize, i32),
        ends: (i128, i128),
        has_zero: bool,
        unit: Unit,
    ) -> Self {
        let height = i32::try_from(rows).expect("few rows") * row;
        Self {
            left: left * GRID,
            right: right * GRID,
            top: top * GRID,
            bottom: (top + height) * GRID,
            row,
            axis: axis(ends, has_zero, unit, right - left),
            unit,
        }
    }

    /// The place of an amount.
    pub fn x(&self, amount: i128) -> i32 {
        self.axis.place(amount, self.left, self.right)
    }

    /// The middle of a row.
    pub fn y(&self, row: usize) -> i32 {
        self.top + (i32::try_from(row).expect("few rows") * self.row + self.row / 2) * GRID
    }

    /// Lines at the ticks with their words, and what the axis counts. Words that would run into
    /// those before them are left out, which only huge numbers need.
    pub fn grid(&self, sheet: &mut Sheet, words: &str) {
        let mut free = i32::MIN;
        for tick in self.axis.ticks() {
            let x = self.x(tick);
            let colour = if tick == 0 { Hue::Grey } else { Hue::Rule };
            sheet.line(vec![(x, self.top), (x, self.bottom)], 10, colour);
            let words = self.unit.tick(tick);
            let half = (width_of(&words, 11) / 2 + 2) * GRID;
            if x - half >= free {
                sheet.text(&words, (x, self.bottom + 13 * GRID), body(11).centre());
                free = x + half;
            }
        }
        let middle = i32::midpoint(self.left, self.right);
        let how = body(12).hue(Hue::Grey).centre();
        let words = fitted(words, how, (self.right - self.left) / GRID + 60);
        sheet.text(&words, (middle, self.bottom + 32 * GRID), how);
    }

    /// What a row is, flush right beside `x`, a pixel's tenth, in so many pixels.
    pub fn label(sheet: &mut Sheet, words: &str, (x, y): (i32, i32), width: i32, how: Type) {
        let how = how.right();
        sheet.text(&fitted(words, how, width), (x, y), how);
    }
}

/// The axis with as many ticks as their words leave room for in `width` pixels.
fn axis((low, high): (i128, i128), has_zero: bool, unit: Unit, width: i32) -> Axis {
    let of = |most| {
        let axis = if has_zero { Axis::new } else { Axis::without_zero };
        axis(low, high, most)
    };
    let fits = |axis: &Axis| {
        let widths = axis.ticks().map(|tick| width_of(&unit.tick(tick), 11) + 12);
        let steps = i32::try_from(axis.ticks().count() - 1).expect("few ticks");
        widths.max().unwrap_or(0) * steps <= width
    };
    (3..=8).rev().map(of).find(fits).unwrap_or_else(|| of(2))
}

/// The widest of some words in pixels.
pub fn widest<'a>(words: impl IntoIterator<Item = &'a str>, size: i32) -> i32 {
    words.into_iter().map(|words| width_of(words, size)).max().unwrap_or(0)
}
