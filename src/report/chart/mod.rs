//! Charts as SVG and PNG, light and dark, drawn from plain structs.
//!
//! A chart lays itself out once as a [`Sheet`]; painters make files of it. Same data, same bytes:
//! positions are integers computed from integers, the font is embedded, colours come from a fixed
//! list that colour-blind readers can tell apart, and what a colour says is also said by place or
//! by words. Beside each picture lie its numbers, as a table.
//!
//! A new kind is one file with a [`Chart`] here and one file in `report/show/charts` that makes it
//! from the results of a study.

mod cost;
mod font;
mod forest;
mod growth;
mod interaction;
mod lanes;
mod png;
mod rate;
mod row_grid;
mod sheet;
mod steps;
mod svg;
mod sweep;
mod theme;
mod timeline;
mod tornado;
mod waterfall;

pub use cost::CostChart;
pub use forest::{ForestChart, ForestClaim, ForestPanel, ForestReplay, ForestRow};
pub use growth::{GrowthChart, SessionGrowth};
pub use interaction::{InteractionChart, InteractionToggle};
pub use lanes::{LaneKind, LanesChart};
pub use rate::{CallRateChart, CallRateSeries};
pub use sheet::Sheet;
pub use steps::{StepAmounts, StepsChart};
pub use sweep::{MarkedSet, SweepChart};
pub use theme::{THEMES, Theme, css_variables};
pub use timeline::Timeline;
pub use tornado::{TornadoBar, TornadoChart};
pub use waterfall::{WaterfallChart, WaterfallStep};

use self::sheet::{GRID, body_text, width_of};
use self::theme::Hue;
use super::format::{self, NumberStyle};
use super::view::{CellValue, TableCell, TableColumn, TableView};
use crate::units::{PicoUsd, saturate_to_i64};

/// One picture, as plain numbers.
pub trait Chart {
    /// The picture.
    fn draw_sheet(&self) -> Sheet;
    /// The numbers in it, as a table.
    fn data_table(&self) -> TableView;
}

impl Sheet {
    /// The file as SVG.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> Vec<u8> {
        svg::paint_svg(self, theme)
    }

    /// The picture as a part of a page that declares [`css_variables`]: it follows the page's
    /// colours.
    #[must_use]
    pub fn to_inline_svg(&self) -> String {
        // Of the light theme, whose colours the variables stand for.
        let svg = svg::paint_svg(self, Theme::Light);
        theme::use_css_variables(String::from_utf8(svg).expect("an SVG is text"))
    }

    /// The file as PNG, twice as large.
    #[must_use]
    pub fn to_png(&self, theme: Theme) -> Vec<u8> {
        png::paint_png(self, theme)
    }
}

/// What the numbers of a chart count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartUnit {
    /// Tokens.
    Tokens,
    /// Pico-dollars.
    Money,
    /// Things: calls, sets.
    Count,
}

impl ChartUnit {
    pub(in crate::report) fn format_amount(self, amount: i128, signed: bool) -> String {
        let style = NumberStyle { signed, ..NumberStyle::default() };
        format::format_value(&self.to_value(amount), style)
    }

    /// An amount as a value of a table.
    fn to_value(self, amount: i128) -> CellValue {
        match self {
            Self::Tokens => CellValue::Tokens(saturate_to_i64(amount)),
            Self::Money => CellValue::Money(PicoUsd(amount)),
            Self::Count => CellValue::Count(saturate_to_i64(amount)),
        }
    }

    /// An amount as a cell of a table.
    fn to_cell(self, amount: i128) -> TableCell {
        TableCell::new(self.to_value(amount))
    }

    /// A column for amounts.
    fn table_column(self, heading: &str) -> TableColumn {
        match self {
            Self::Tokens => TableColumn::tokens(heading),
            Self::Money => TableColumn::money(heading),
            Self::Count => TableColumn::count(heading),
        }
    }

    /// Words beside a tick, without places that say nothing: `5 M`, `$20`.
    fn tick_label(self, amount: i128) -> String {
        if amount == 0 { "0".to_owned() } else { format::format_short(&self.to_value(amount)) }
    }

    /// Words for a range; one amount where both ends are the same.
    fn format_range(self, (low, high): (i128, i128), signed: bool) -> String {
        let (low, high) = (self.format_amount(low, signed), self.format_amount(high, signed));
        if low == high { low } else { format!("{low} to {high}") }
    }
}

/// A linear axis of round ticks over a range of integers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ChartAxis {
    low: i128,
    high: i128,
    step: i128,
}

impl ChartAxis {
    /// The axis that covers zero and `low..=high` with at most `most` steps of 1, 2 or 5 x 10^k.
    fn new(low: i128, high: i128, most: i128) -> Self {
        Self::without_zero(low.min(0), high.max(1), most)
    }

    /// The same over `low..=high` alone, for bars that do not start at zero; two steps at least.
    fn without_zero(low: i128, high: i128, most: i128) -> Self {
        let high = high.max(low + 1);
        // Steps grow as 1, 2, 5, 10, 20, .. until few enough of them cover the range.
        let decades = std::iter::successors(Some(1_i128), |step| step.checked_mul(10));
        let steps = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]);
        let mut fitting =
            steps.filter(|step| next_multiple(high, *step) / step - low.div_euclid(*step) <= most);
        let step = fitting.next().expect("some step is large enough");
        Self { low: low.div_euclid(step) * step, high: next_multiple(high, step), step }
    }

    fn tick_values(&self) -> impl Iterator<Item = i128> {
        let count = (self.high - self.low) / self.step;
        (0..=count).map(|at| self.low + at * self.step)
    }

    /// Lines at the ticks between two sides of a panel, from `y.1` at the bottom to `y.0`, their
    /// words at the left; all in tenths of a pixel.
    fn draw_vertical(&self, sheet: &mut Sheet, unit: ChartUnit, x: (i32, i32), y: (i32, i32)) {
        for tick in self.tick_values() {
            let at = self.position_of(tick, y.1, y.0);
            sheet.add_line(vec![(x.0, at), (x.1, at)], 8, tick_hue(tick));
            let words = unit.tick_label(tick);
            sheet.add_text(&words, (x.0 - 6 * GRID, at), body_text(11).align_right());
        }
    }

    /// The widest words at its ticks, in pixels.
    fn widest_tick_label(&self, unit: ChartUnit) -> i32 {
        self.tick_values().map(|tick| width_of(&unit.tick_label(tick), 11)).max().unwrap_or(0)
    }

    /// The place of `value` on a stretch from `from` to `to`.
    fn position_of(&self, value: i128, from: i32, to: i32) -> i32 {
        let length = i128::from(to - from);
        // Multiplied first, so that the division alone rounds: the same place on every machine.
        let at = (value - self.low) * length / (self.high - self.low);
        from + i32::try_from(at).expect("a value on the axis")
    }
}

/// The colour of the line at a tick: zero stands out.
fn tick_hue(tick: i128) -> Hue {
    if tick == 0 { Hue::Grey } else { Hue::Rule }
}

/// The next multiple of `step` that is not below `value`.
fn next_multiple(value: i128, step: i128) -> i128 {
    // Rounded down and negated twice, which is rounded up.
    -(-value).div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every chart has to keep: no text over text or off the sheet, the same bytes again, all
    /// four files, and a table.
    pub(super) fn check_chart(chart: &dyn Chart) -> String {
        let sheet = chart.draw_sheet();
        assert_eq!(sheet.layout_flaws(), Vec::<String>::new(), "{}", sheet.title);
        for theme in THEMES {
            let svg = sheet.to_svg(theme);
            assert!(svg.starts_with(b"<svg width=\"") && svg.ends_with(b"</svg>\n"));
            assert_eq!(svg, chart.draw_sheet().to_svg(theme));
        }
        let inline = sheet.to_inline_svg();
        assert!(inline.contains("var(--paper)") && !inline.contains("=\"#"), "{}", sheet.title);
        assert!(!chart.data_table().columns.is_empty());
        String::from_utf8(sheet.to_svg(Theme::Light)).expect("an SVG is text")
    }

    fn check(low: i128, high: i128, expect: &[i128]) {
        assert_eq!(ChartAxis::new(low, high, 6).tick_values().collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_bitmap_is_twice_the_size_and_the_same_again() {
        let sheet = waterfall::tests::sample().draw_sheet();
        let file = sheet.to_png(Theme::Dark);
        assert_eq!(file, sheet.to_png(Theme::Dark));
        assert_ne!(file, sheet.to_png(Theme::Light));
        let reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let size = reader.info().size();
        let twice = |pixels: i32| pixels.unsigned_abs() * 2;
        assert_eq!(size, (twice(sheet.size.0), twice(sheet.size.1)));
    }

    #[test]
    fn ticks_are_round() {
        check(0, 23, &[0, 5, 10, 15, 20, 25]);
        check(9, 100, &[0, 20, 40, 60, 80, 100]);
        check(-3, 9, &[-5, 0, 5, 10]);
        check(0, 0, &[0, 1]);
    }

    #[test]
    fn ticks_have_short_words() {
        for (unit, amount, expect) in [
            (ChartUnit::Tokens, 0, "0"),
            (ChartUnit::Tokens, 5_000_000, "5 M"),
            (ChartUnit::Tokens, 2_500_000, "2.5 M"),
            (ChartUnit::Money, 20 * PicoUsd::PER_USD, "$20"),
            (ChartUnit::Money, PicoUsd::PER_USD / 2, "$0.50"),
        ] {
            assert_eq!(unit.tick_label(amount), expect);
        }
    }

    #[test]
    fn places_are_proportional() {
        let axis = ChartAxis::new(0, 100, 6);
        assert_eq!([0, 50, 100].map(|value| axis.position_of(value, 10, 210)), [10, 110, 210]);
        assert_eq!(axis.position_of(50, 200, 100), 150);
    }
}
