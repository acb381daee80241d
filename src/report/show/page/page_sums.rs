//! The sums that a page follows: their names, and how each is written.

use super::PageSource;
use crate::plan::ToggleSubset;
use crate::report::format;
use crate::report::html;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::minutes::SubsetMinutes;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::subset_lookup::SubsetLookup;
use crate::units::{PicoUsd, ratio_bp, saturate_to_i64};
use std::fmt::Write as _;

/// How a sum is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageUnit {
    Count,
    Tokens,
    Money,
    Time,
}

impl PageUnit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Time => "time",
        }
    }

    pub fn format_amount(self, amount: i128) -> String {
        let small = saturate_to_i64(amount);
        match self {
            Self::Count => format::format_integer(small, false),
            Self::Tokens => format::format_tokens(small, false),
            Self::Money => format::plain_money(PicoUsd(amount)),
            Self::Time => format::plain_duration(small),
        }
    }

    /// A share of a sum in basis points.
    pub fn share_bp(self, part: i128, whole: i128) -> i64 {
        if self == Self::Money {
            return PicoUsd(part).share_bp(PicoUsd(whole));
        }
        let [part, whole] = [part, whole].map(saturate_to_i64);
        ratio_bp(part, whole)
    }
}

/// One sum.
pub struct PageSum {
    /// Its name for programs.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    pub unit: PageUnit,
    pub amount_of: fn(&Saving) -> i128,
}

const fn new_sum(
    name: &'static str,
    words: &'static str,
    unit: PageUnit,
    of: fn(&Saving) -> i128,
) -> PageSum {
    PageSum { name, label: words, unit, amount_of: of }
}

/// Every sum, in the order in which tables hold them.
pub const SUMS: [PageSum; 10] = [
    new_sum("calls", "calls", PageUnit::Count, |saving| saving.calls.into()),
    new_sum("fresh", "new input", PageUnit::Tokens, |saving| saving.usage.fresh.into()),
    new_sum("read", "cache reads", PageUnit::Tokens, |saving| saving.usage.read.into()),
    new_sum("write_5m", "cache writes, 5 min", PageUnit::Tokens, |saving| {
        saving.usage.write_5m.into()
    }),
    new_sum("write_1h", "cache writes, 1 h", PageUnit::Tokens, |saving| {
        saving.usage.write_1h.into()
    }),
    new_sum("output", "output", PageUnit::Tokens, |saving| saving.usage.output.into()),
    new_sum("output_hidden", "output not in the log", PageUnit::Tokens, |saving| {
        saving.hidden_output.into()
    }),
    new_sum("cost_pico_usd", "dollars", PageUnit::Money, |saving| saving.total_money().0),
    new_sum("cost_hidden_pico_usd", "of these, output not in the log", PageUnit::Money, |saving| {
        saving.cost.hidden.0
    }),
    new_sum("session_ms", "session time", PageUnit::Time, |saving| saving.session_ms.into()),
];

/// The places of the sums that make up a headline's figure.
pub fn headline_sums(headline: HeadlineMetric) -> Vec<usize> {
    let names: &[&str] = match headline {
        HeadlineMetric::Reads => &["read"],
        HeadlineMetric::Tokens => {
            &["fresh", "read", "write_5m", "write_1h", "output", "output_hidden"]
        }
    };
    (0..SUMS.len()).filter(|at| names.contains(&SUMS[*at].name)).collect()
}

/// All tokens together, where a comparison is told in them.
const TOKENS: PageSum = new_sum("tokens", "tokens", PageUnit::Tokens, |saving| {
    HeadlineMetric::Tokens.amount_in_saving(saving).into()
});

/// The wall clock: no sum over sessions, with a table of its own behind those of the others.
pub struct ClockSum {
    /// Nothing ticked, milliseconds.
    pub before_ms: i64,
    /// What every subset of the tickable toggles saves.
    pub saved: SubsetMinutes,
}

/// Its name for programs.
pub const CLOCK_NAME: &str = "wall_clock_ms";

/// Sums of money stand above all others: the first question is what it costs.
fn display_order(has_token_row: bool) -> Vec<&'static PageSum> {
    let (mut sums, others): (Vec<_>, Vec<_>) =
        SUMS.iter().partition(|sum| sum.unit == PageUnit::Money);
    sums.extend(has_token_row.then_some(&TOKENS));
    sums.extend(others);
    sums
}

/// A row of totals: today, with what is ticked, saved.
struct TotalRow<'a> {
    name: &'a str,
    label: &'a str,
    unit: PageUnit,
    before: i128,
    saved: i128,
    /// The amounts in which it is told first of all, if in any.
    leads_in: Option<&'static str>,
    is_hidden: bool,
}

impl TotalRow<'_> {
    fn push_html(&self, rows: &mut String) {
        let (a, c) = (self.before, self.saved);
        let class = self.leads_in.map(|unit| format!(" class=\"head-{unit}\"")).unwrap_or_default();
        let hidden = if self.is_hidden { " hidden" } else { "" };
        let _ = write!(rows, "<tr{class}{hidden}><th scope=\"row\">{}</th>", self.label);
        for (side, amount) in [("before", a), ("after", a - c), ("saved", c)] {
            let words = html::escape_html(&self.unit.format_amount(amount));
            let _ = write!(
                rows,
                "<td class=\"n\" data-total=\"{}\" data-side=\"{side}\" \
                 data-value=\"{amount}\">{words}</td>",
                self.name
            );
        }
        let share = format::plain_share(self.unit.share_bp(c, a));
        // Nothing is no share of nothing.
        let share = if a == 0 { format::MISSING.to_owned() } else { share };
        let _ = writeln!(rows, "<td class=\"n\" data-share=\"{}\">{share}</td></tr>", self.name);
    }
}

impl PageSource<'_> {
    /// The wall clock as it follows the ticks; `None` where no source tells one, or so many toggles
    /// move it that not every subset was run.
    pub(super) fn clock_sum(&self, lookup: &SubsetLookup) -> Option<ClockSum> {
        let study = self.report.comparison_report.comparison.minutes.as_ref()?;
        let saved = study.by_subset.as_ref()?.with_only(lookup.bits);
        Some(ClockSum { before_ms: study.before_ms, saved })
    }

    /// The sums today and with some toggles on, as rows of a table.
    pub(super) fn total_rows(
        &self,
        lookup: &SubsetLookup,
        opening: ToggleSubset,
        clock: Option<&ClockSum>,
    ) -> String {
        let comparison = self.report.comparison_report.comparison;
        let (before, saved) =
            (Saving::from(&comparison.baseline), lookup.lattice.saving_of_subset(opening));
        let has_token_row = comparison.headline == HeadlineMetric::Tokens;
        let mut rows = String::new();
        for sum in display_order(has_token_row) {
            let (a, c) = ((sum.amount_of)(&before), (sum.amount_of)(&saved));
            // A row that is nothing under every subset would only take room; the script finds all
            // rows, so that it is hidden and not left out.
            let mut entries = lookup.lattice.tables.iter().flat_map(|table| &table.savings);
            let is_nothing = a == 0 && !entries.any(|entry| (sum.amount_of)(entry) != 0);
            let row = TotalRow {
                name: sum.name,
                label: sum.label,
                unit: sum.unit,
                before: a,
                saved: c,
                leads_in: if sum.name == "cost_pico_usd" {
                    Some("money")
                } else {
                    (sum.name == comparison.headline.metric_name()).then_some("tokens")
                },
                // Without classes of tokens only their sum means anything.
                is_hidden: is_nothing || (!comparison.has_dollars && sum.name != TOKENS.name),
            };
            row.push_html(&mut rows);
        }
        if let Some(clock) = clock {
            let row = TotalRow {
                name: CLOCK_NAME,
                label: "wall clock",
                unit: PageUnit::Time,
                before: clock.before_ms.into(),
                saved: clock.saved.saved_by_subset(opening).into(),
                leads_in: None,
                is_hidden: false,
            };
            row.push_html(&mut rows);
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
        for headline in [HeadlineMetric::Reads, HeadlineMetric::Tokens] {
            let sum: i128 =
                headline_sums(headline).iter().map(|at| (SUMS[*at].amount_of)(&saving)).sum();
            assert_eq!(sum, i128::from(headline.amount_in_saving(&saving)), "{headline:?}");
        }
    }
}
