//! Charts as SVG, drawn from plain structs.
//!
//! Same data, same bytes: positions are integers computed from integers, text is left to the
//! reader's generic sans-serif, and no font is loaded. Coordinates in SVG are whole numbers here,
//! so everything is drawn on a grid ten times as fine and shrunk by the `viewBox`. Colours are
//! those of Okabe and Ito (2008), which stay apart for colour-blind readers; what they say is also
//! said by place or by words.

mod canvas;
mod growth;
mod waterfall;

pub use growth::{Growth, Line};
pub use waterfall::{Step, Waterfall};

use super::format::{self, Figures};
use crate::units::PicoUsd;

/// What the numbers of a chart count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Tokens.
    Tokens,
    /// Pico-dollars.
    Money,
}

impl Unit {
    fn words(self, amount: i128, signed: bool) -> String {
        match self {
            Self::Tokens => format::tokens(saturated(amount), signed),
            Self::Money => format::money(PicoUsd(amount), Figures { signed, exact: false }),
        }
    }

    /// Words beside a tick, without places that say nothing: `5 M`, `$20`.
    fn tick(self, amount: i128) -> String {
        match self.words(amount, false) {
            _ if amount == 0 => "0".to_owned(),
            words if self == Self::Tokens => words.replace(".0 ", " "),
            words => words.trim_end_matches(".00").to_owned(),
        }
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
        let (low, high) = (low.min(0), high.max(1));
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

    fn check(low: i128, high: i128, expect: &[i128]) {
        assert_eq!(Axis::new(low, high, 6).ticks().collect::<Vec<_>>(), expect);
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
