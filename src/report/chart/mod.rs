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
mod png;
mod rate;
mod rows;
mod sheet;
mod steps;
mod svg;
mod sweep;
mod theme;
mod timeline;
mod tornado;
mod waterfall;

pub use cost::Cost;
pub use forest::{Claimed, Forest, Panel, Replayed, Row};
pub use growth::{Growth, Line};
pub use interaction::{Interaction, Toggle};
pub use rate::{Flow, Rate};
pub use sheet::Sheet;
pub use steps::{StepTokens, Steps};
pub use sweep::{Choice, Cloud};
pub use theme::{THEMES, Theme, variables};
pub use timeline::Timeline;
pub use tornado::{Swing, Tornado};
pub use waterfall::{Step, Waterfall};

use self::sheet::{GRID, body, width_of};
use self::theme::Hue;
use super::format::{self, Figures};
use super::view::{Column, Value, View};
use crate::units::PicoUsd;

/// One picture, as plain numbers.
pub trait Chart {
    /// The picture.
    fn sheet(&self) -> Sheet;
    /// The numbers in it, as a table.
    fn data(&self) -> View;
}

impl Sheet {
    /// The file as SVG.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> Vec<u8> {
        svg::paint(self, theme)
    }

    /// The picture as a part of a page that declares [`variables`]: it follows the page's colours.
    #[must_use]
    pub fn to_inline_svg(&self) -> String {
        let svg = svg::paint(self, Theme::Light);
        theme::with_variables(String::from_utf8(svg).expect("an SVG is text"))
    }

    /// The file as PNG, twice as large.
    #[must_use]
    pub fn to_png(&self, theme: Theme) -> Vec<u8> {
        png::paint(self, theme)
    }
}

/// What the numbers of a chart count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Tokens.
    Tokens,
    /// Pico-dollars.
    Money,
    /// Things: calls, sets.
    Count,
}

impl Unit {
    fn words(self, amount: i128, signed: bool) -> String {
        match self {
            Self::Tokens => format::tokens(saturated(amount), signed),
            Self::Money => format::money(PicoUsd(amount), Figures { signed, exact: false }),
            Self::Count => format::integer(saturated(amount), signed),
        }
    }

    /// An amount as a value of a table.
    fn value(self, amount: i128) -> Value {
        match self {
            Self::Tokens => Value::Tokens(saturated(amount)),
            Self::Money => Value::Money(PicoUsd(amount)),
            Self::Count => Value::Count(saturated(amount)),
        }
    }

    /// A column for amounts.
    fn column(self, heading: &str) -> Column {
        match self {
            Self::Tokens => Column::tokens(heading),
            Self::Money => Column::money(heading),
            Self::Count => Column::count(heading),
        }
    }

    /// Words beside a tick, without places that say nothing: `5 M`, `$20`.
    fn tick(self, amount: i128) -> String {
        if amount == 0 { "0".to_owned() } else { format::short(&self.value(amount)) }
    }

    /// Words for a range; one amount where both ends are the same.
    fn range(self, (low, high): (i128, i128), signed: bool) -> String {
        let (low, high) = (self.words(low, signed), self.words(high, signed));
        if low == high { low } else { format!("{low} to {high}") }
    }
}

fn saturated(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}

/// A linear axis of round ticks over a range of integers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Axis {
    low: i128,
    high: i128,
    step: i128,
}

impl Axis {
    /// The axis that covers zero and `low..=high` with at most `most` steps of 1, 2 or 5 x 10^k.
    fn new(low: i128, high: i128, most: i128) -> Self {
        Self::without_zero(low.min(0), high.max(1), most)
    }

    /// The same over `low..=high` alone, for bars that do not start at zero; two steps at least.
    fn without_zero(low: i128, high: i128, most: i128) -> Self {
        let high = high.max(low + 1);
        let decades = std::iter::successors(Some(1_i128), |step| step.checked_mul(10));
        let steps = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]);
        let mut fitting =
            steps.filter(|step| up(high, *step) / step - low.div_euclid(*step) <= most);
        let step = fitting.next().expect("some step is large enough");
        Self { low: low.div_euclid(step) * step, high: up(high, step), step }
    }

    fn ticks(&self) -> impl Iterator<Item = i128> {
        let count = (self.high - self.low) / self.step;
        (0..=count).map(|at| self.low + at * self.step)
    }

    /// Lines at the ticks between two sides of a panel, from `y.1` at the bottom to `y.0`, their
    /// words at the left; all in tenths of a pixel.
    fn rise(&self, sheet: &mut Sheet, unit: Unit, x: (i32, i32), y: (i32, i32)) {
        for tick in self.ticks() {
            let at = self.place(tick, y.1, y.0);
            let hue = if tick == 0 { Hue::Grey } else { Hue::Rule };
            sheet.line(vec![(x.0, at), (x.1, at)], 8, hue);
            sheet.text(&unit.tick(tick), (x.0 - 6 * GRID, at), body(11).right());
        }
    }

    /// The widest words at its ticks, in pixels.
    fn widest(&self, unit: Unit) -> i32 {
        self.ticks().map(|tick| width_of(&unit.tick(tick), 11)).max().unwrap_or(0)
    }

    /// The place of `value` on a stretch from `from` to `to`.
    fn place(&self, value: i128, from: i32, to: i32) -> i32 {
        let length = i128::from(to - from);
        let at = (value - self.low) * length / (self.high - self.low);
        from + i32::try_from(at).expect("a value on the axis")
    }
}

/// The next multiple of `step` that is not below `value`.
fn up(value: i128, step: i128) -> i128 {
    -(-value).div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every chart has to keep: no text over text or off the sheet, the same bytes again, all
    /// four files, and a table.
    pub(super) fn check_chart(chart: &dyn Chart) -> String {
        let sheet = chart.sheet();
        assert_eq!(sheet.flaws(), Vec::<String>::new(), "{}", sheet.title);
        for theme in THEMES {
            let svg = sheet.to_svg(theme);
            assert!(svg.starts_with(b"<svg width=\"") && svg.ends_with(b"</svg>\n"));
            assert_eq!(svg, chart.sheet().to_svg(theme));
        }
        let inline = sheet.to_inline_svg();
        assert!(inline.contains("var(--paper)") && !inline.contains("=\"#"), "{}", sheet.title);
        assert!(!chart.data().columns.is_empty());
        String::from_utf8(sheet.to_svg(Theme::Light)).expect("an SVG is text")
    }

    fn check(low: i128, high: i128, expect: &[i128]) {
        assert_eq!(Axis::new(low, high, 6).ticks().collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_bitmap_is_twice_the_size_and_the_same_again() {
        let sheet = waterfall::tests::sample().sheet();
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
            (Unit::Tokens, 0, "0"),
            (Unit::Tokens, 5_000_000, "5 M"),
            (Unit::Tokens, 2_500_000, "2.5 M"),
            (Unit::Money, 20 * PicoUsd::PER_USD, "$20"),
            (Unit::Money, PicoUsd::PER_USD / 2, "$0.50"),
        ] {
            assert_eq!(unit.tick(amount), expect);
        }
    }

    #[test]
    fn places_are_proportional() {
        let axis = Axis::new(0, 100, 6);
        assert_eq!([0, 50, 100].map(|value| axis.place(value, 10, 210)), [10, 110, 210]);
        assert_eq!(axis.place(50, 200, 100), 150);
    }
}
