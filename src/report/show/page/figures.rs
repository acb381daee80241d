//! The sums that a page follows: their names, and how each is written.

use super::Paged;
use crate::report::format::{self, Figures};
use crate::report::html;
use crate::study::headline::Headline;
use crate::study::kept::Kept;
use crate::study::sides::Saving;
use crate::units::{PicoUsd, part_bp};
use std::fmt::Write as _;

/// How a sum is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Tokens,
    Money,
    Time,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Time => "time",
        }
    }

    pub fn words(self, amount: i128) -> String {
        let small = i64::try_from(amount).unwrap_or(i64::MAX);
        match self {
            Self::Count => format::integer(small, false),
            Self::Tokens => format::tokens(small, false),
            Self::Money => format::money(PicoUsd(amount), Figures::default()),
            Self::Time => format::duration(small, Figures::default()),
        }
    }

    /// A share of a sum in basis points.
    pub fn part_bp(self, part: i128, whole: i128) -> i64 {
        if self == Self::Money {
            return PicoUsd(part).part_bp(PicoUsd(whole));
        }
        let small = |amount| i64::try_from(amount).unwrap_or(i64::MAX);
        part_bp(small(part), small(whole))
    }
}

/// One sum.
pub struct Sum {
    /// Its name for programs.
    pub name: &'static str,
    /// Its name for people.
    pub words: &'static str,
    pub unit: Unit,
    pub of: fn(&Saving) -> i128,
}

const fn sum(name: &'static str, words: &'static str, unit: Unit, of: fn(&Saving) -> i128) -> Sum {
    Sum { name, words, unit, of }
}

/// Every sum, in the order in which tables hold them.
pub const SUMS: [Sum; 10] = [
    sum("calls", "calls", Unit::Count, |saving| saving.calls.into()),
    sum("fresh", "fresh", Unit::Tokens, |saving| saving.usage.fresh.into()),
    sum("read", "read", Unit::Tokens, |saving| saving.usage.read.into()),
    sum("write_5m", "write_5m", Unit::Tokens, |saving| saving.usage.write_5m.into()),
    sum("write_1h", "write_1h", Unit::Tokens, |saving| saving.usage.write_1h.into()),
    sum("output", "output", Unit::Tokens, |saving| saving.usage.output.into()),
    sum("output_hidden", "output, hidden", Unit::Tokens, |saving| saving.hidden_output.into()),
    sum("cost_pico_usd", "dollars", Unit::Money, |saving| saving.cost.recorded.0),
    sum("cost_hidden_pico_usd", "dollars, hidden", Unit::Money, |saving| saving.cost.hidden.0),
    sum("session_ms", "session time", Unit::Time, |saving| saving.session_ms.into()),
];

/// The places of the sums that make up a headline's figure.
pub fn parts(headline: Headline) -> Vec<usize> {
    let names: &[&str] = match headline {
        Headline::Reads => &["read"],
        Headline::Tokens => &["fresh", "read", "write_5m", "write_1h", "output", "output_hidden"],
    };
    (0..SUMS.len()).filter(|at| names.contains(&SUMS[*at].name)).collect()
}

/// All tokens together, where a comparison is told in them.
const TOKENS: Sum =
    sum("tokens", "tokens", Unit::Tokens, |saving| Headline::Tokens.of(saving).into());

impl Paged<'_> {
    /// The sums before and with every tickable toggle on, as rows of a table.
    pub(super) fn totals(&self, kept: &Kept) -> String {
        let comparison = self.full.shown.comparison;
        let (before, saved) = (Saving::from(&comparison.baseline), kept.lattice.saving(kept.bits));
        let is_told = comparison.headline == Headline::Tokens;
        let mut rows = String::new();
        for sum in is_told.then_some(&TOKENS).into_iter().chain(&SUMS) {
            let (a, c) = ((sum.of)(&before), (sum.of)(&saved));
            let mut entries = kept.lattice.islands.iter().flat_map(|table| &table.savings);
            let is_nothing = a == 0 && !entries.any(|entry| (sum.of)(entry) != 0);
            // Without classes of tokens only their sum means anything.
            let hides = is_nothing || (!comparison.has_dollars && sum.name != TOKENS.name);
            let is_headline = sum.name == comparison.headline.metric();
            let class = if is_headline { " class=\"head\"" } else { "" };
            let hidden = if hides { " hidden" } else { "" };
            let _ = write!(rows, "<tr{class}{hidden}><th scope=\"row\">{}</th>", sum.words);
            for (side, amount) in [("before", a), ("after", a - c), ("saved", c)] {
                let words = html::escape(&sum.unit.words(amount));
                let _ = write!(
                    rows,
                    "<td class=\"n\" data-total=\"{}\" data-side=\"{side}\" \
                     data-value=\"{amount}\">{words}</td>",
                    sum.name
                );
            }
            let share = format::share(sum.unit.part_bp(c, a), Figures::default());
            let share = if a == 0 { format::MISSING.to_owned() } else { share };
            let _ = writeln!(rows, "<td class=\"n\" data-share=\"{}\">{share}</td></tr>", sum.name);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Usage;

    #[test]
    fn the_parts_of_a_headline_add_up() {
        let usage = Usage { fresh: 1, read: 20, write_5m: 300, write_1h: 4_000, output: 50_000 };
        let saving = Saving { usage, hidden_output: 600_000, calls: 7, ..Saving::default() };
        for headline in [Headline::Reads, Headline::Tokens] {
            let sum: i128 = parts(headline).iter().map(|at| (SUMS[*at].of)(&saving)).sum();
            assert_eq!(sum, i128::from(headline.of(&saving)), "{headline:?}");
        }
    }
}
