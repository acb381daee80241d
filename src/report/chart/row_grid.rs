//! Rows one under another: labels at the left, amounts along an axis at the bottom.

use super::sheet::{GRID, Sheet, TextStyle, body_text, cut_to_width, width_of};
use super::theme::Hue;
use super::{ChartAxis, ChartUnit, tick_hue};

/// Between the rows and the end of what stands under them, in pixels.
pub const AXIS_HEIGHT: i32 = 44;

/// The place of rows on a sheet, in tenths of a pixel.
pub struct RowGrid {
    /// Where the axis starts.
    pub left: i32,
    /// Where it ends.
    pub right: i32,
    /// Above the first row.
    pub top: i32,
    /// Under the last row.
    pub bottom: i32,
    row: i32,
    axis: ChartAxis,
    unit: ChartUnit,
}

impl RowGrid {
    /// Rows of a height in pixels under `top`, over the width from `left` to `right`, for amounts
    /// between `ends`; with zero on the axis if bars start there.
    pub fn new(
        (left, right): (i32, i32),
        (top, rows, row): (i32, usize, i32),
        ends: (i128, i128),
        has_zero: bool,
        unit: ChartUnit,
    ) -> Self {
        let height = i32::try_from(rows).expect("few rows") * row;
        Self {
            left: left * GRID,
            right: right * GRID,
            top: top * GRID,
            bottom: (top + height) * GRID,
            row,
            axis: fitting_axis(ends, has_zero, unit, right - left),
            unit,
        }
    }

    /// The place of an amount.
    pub fn amount_x(&self, amount: i128) -> i32 {
        self.axis.position_of(amount, self.left, self.right)
    }

    /// The middle of a row.
    pub fn row_y(&self, row: usize) -> i32 {
        self.top + (i32::try_from(row).expect("few rows") * self.row + self.row / 2) * GRID
    }

    /// Lines at the ticks with their words, and what the axis counts. Words that would run into
    /// those before them are left out, which only huge numbers need.
    pub fn draw_grid(&self, sheet: &mut Sheet, words: &str) {
        let mut free = i32::MIN;
        for tick in self.axis.tick_values() {
            let x = self.amount_x(tick);
            sheet.add_line(vec![(x, self.top), (x, self.bottom)], 10, tick_hue(tick));
            let words = self.unit.tick_label(tick);
            // Half of the words and a gap, to either side of the tick.
            let half = (width_of(&words, 11) / 2 + 2) * GRID;
            if x - half >= free {
                sheet.add_text(&words, (x, self.bottom + 13 * GRID), body_text(11).align_centre());
                free = x + half;
            }
        }
        let middle = i32::midpoint(self.left, self.right);
        let how = body_text(12).with_hue(Hue::Grey).align_centre();
        let words = cut_to_width(words, how, (self.right - self.left) / GRID + 60);
        sheet.add_text(&words, (middle, self.bottom + 32 * GRID), how);
    }

    /// What a row is, flush right beside `x`, a pixel's tenth, in so many pixels.
    pub fn draw_label(
        sheet: &mut Sheet,
        words: &str,
        (x, y): (i32, i32),
        width: i32,
        how: TextStyle,
    ) {
        let how = how.align_right();
        sheet.add_text(&cut_to_width(words, how, width), (x, y), how);
    }
}

/// The axis with as many ticks as their words leave room for in `width` pixels.
fn fitting_axis(
    (low, high): (i128, i128),
    has_zero: bool,
    unit: ChartUnit,
    width: i32,
) -> ChartAxis {
    let new_axis = if has_zero { ChartAxis::new } else { ChartAxis::without_zero };
    let axes = (3..=8).rev().map(|most| new_axis(low, high, most));
    // Fewer ticks until the words of two neighbours never meet; two steps are drawn in any case.
    let fitting = axes.into_iter().find(|axis| {
        let steps = i32::try_from(axis.tick_values().count() - 1).expect("few ticks");
        (axis.widest_tick_label(unit) + 12) * steps <= width
    });
    fitting.unwrap_or_else(|| new_axis(low, high, 2))
}

/// The widest of some words in pixels.
pub fn widest_text<'a>(words: impl IntoIterator<Item = &'a str>, size: i32) -> i32 {
    words.into_iter().map(|words| width_of(words, size)).max().unwrap_or(0)
}
