//! The first screen of `sweep`: the front, one fix more in each row, and where one may stop.

use super::SweepReport;
use crate::report::document::LabelledRemark;
use crate::report::format;
use crate::report::format::{effort_cell, effort_words};
use crate::report::show::decision::{Decision, DecisionRow};
use crate::report::{Section, TableCell, TableColumn, TableView};

/// Rows of the first screen.
const MOST_ROWS: usize = 12;

impl<'a> SweepReport<'a> {
    /// The first screen: the order of building, and where one may stop.
    #[must_use]
    pub fn first_screen(&self) -> Section {
        let decision = self.decision();
        let rows = decision.rows();
        let Some(stop) = rows.iter().rfind(|row| row.is_decided) else {
            return Section::new("").with_decision(decision.lines()).with_remarks(self.more());
        };
        let reached = format::format_share_in_sentence(self.sweep.order.reached_bp);
        let sets = format::format_integer(self.sweep.entries.len() as i64, false);
        let effort = self.sweep.entry_of_subset(stop.subset).effort;
        // Where everything up to the stop is a setting, there are no days to name.
        let days = match effort {
            0 => "settings alone reach".to_owned(),
            1 | 2 => format!("{} reaches", effort_words(effort)),
            _ => format!("{} reach", effort_words(effort)),
        };
        let line = format!(
            "Stop after {}: {days} {reached} of what the best of all {sets} sets saves.",
            stop.toggle.id
        );
        Section::new("")
            .with_decision([line])
            .with_table(self.front_table(decision, &rows))
            .with_remarks(self.more())
    }

    /// One fix more in each row.
    fn front_table(&self, decision: Decision<'a>, rows: &[DecisionRow<'a>]) -> TableView {
        let columns = vec![
            TableColumn::text(""),
            TableColumn::text("build next"),
            TableColumn::text("effort").flush_right().with_rank(4),
            decision.amount_column("so far").with_rank(5),
            TableColumn::share("of all").with_rank(3),
            decision.amount_column("adds").with_rank(5),
            TableColumn::count("calls").with_sign().from_width(100),
            TableColumn::count("places").from_width(100),
            TableColumn::text("how").from_width(120),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        let total = decision.total();
        for row in rows.iter().take(MOST_ROWS) {
            let share = row.so_far * 10_000 / total.max(1);
            view.add_row(vec![
                TableCell::text(row.toggle.id),
                TableCell::text(row.toggle.title),
                TableCell::text(effort_cell(self.sweep.entry_of_subset(row.subset).effort)),
                TableCell::new(decision.amount_value(row.so_far)),
                TableCell::share(i64::try_from(share).unwrap_or_default()),
                TableCell::new(decision.amount_value(row.adds)),
                TableCell::count(-row.calls),
                TableCell::count(i64::from(row.toggle.found)),
                TableCell::text(row.toggle.knob),
            ]);
        }
        // The order may stop short of the best set; how far is said under the table.
        let best = self.sweep.best_entries(1);
        let best = best.first().map_or_else(String::new, |best| {
            let saved = decision.volume.scaled(best.saved_amount(self.sweep.metric));
            format!(
                "; the best of all saves {} for {}",
                decision.amount_words(saved),
                effort_words(best.effort)
            )
        });
        view.add_footnote(format!("no set of the same effort saves more{best}"));
        view
    }

    /// Where to look next.
    fn more(&self) -> Vec<LabelledRemark> {
        let mut remarks = Vec::new();
        if !self.sweep.waiting.is_empty() {
            let waiting: Vec<&str> = self.sweep.waiting.iter().map(|(id, _)| *id).collect();
            let text = format!("{} need a number of yours: windtunnel compare", waiting.join(", "));
            remarks.push(LabelledRemark::new("note", text));
        }
        remarks.extend(self.provenance.price_remark());
        let more = "--details, --out sets.csv, windtunnel chart sweep";
        remarks.push(LabelledRemark::new("more", more));
        remarks
    }
}
