//! In which order to build, as every command tells it: a decision, a table, and what is left out.

use super::money_fields;
use crate::report::columns::{ColumnField, fields_of_part};
use crate::report::format::{self, effort_days, effort_words};
use crate::report::view::ColumnKind;
use crate::report::{RichText, Section, TableCell, TableView};
use crate::study::whatif::build_order::BuildStep;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::swept_subset::{SweepEntry, SweepMetric, SweepToggle};
use crate::units::saturate_to_i64;
use std::fmt::Write as _;

/// What to build first, of a sweep.
#[derive(Clone, Copy)]
pub struct BuildOrderReport<'a>(pub &'a SubsetSweep);

impl<'a> BuildOrderReport<'a> {
    /// What is decided, by lines that every screen has, and the table.
    #[must_use]
    pub fn section(self, decision: Vec<String>) -> Section {
        let mut section = Section::new("What to build first");
        if !decision.is_empty() {
            section = section.with_decision(decision);
        }
        if let Some(table) = self.table() {
            section = section.with_table(table);
        }
        section.with_bullets(self.points_on_the_rest())
    }

    /// A step in words: titles with their ids.
    fn step_words(self, step: &BuildStep) -> String {
        let mut words = self.list_of_toggles(&step.built);
        // Settings are no package: each of them is switched on by itself.
        let is_package = step.built.len() > 1 && self.own_effort(step) > 0;
        if is_package {
            words.push_str(" together");
        }
        if !step.dropped.is_empty() {
            let _ = write!(words, " instead of {}", self.list_of_toggles(&step.dropped));
        }
        words
    }

    fn list_of_toggles(self, toggles: &[usize]) -> String {
        let words = toggles.iter().map(|&at| toggle_words(&self.0.toggles[at]));
        let words: Vec<String> = words.collect();
        match &words[..] {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            words => words.join(""),
        }
    }

    fn own_effort(self, step: &BuildStep) -> u32 {
        step.built.iter().map(|&at| self.0.toggles[at].grade.effort).sum()
    }

    /// Every step; `None` where nothing saves.
    #[must_use]
    pub fn table(self) -> Option<TableView> {
        if self.0.order.steps.is_empty() {
            return None;
        }
        let fields = step_fields(self.0.headline, self.0.has_dollars);
        let mut view = TableView::from_fields("Build in this order", &fields, self.rows());
        view.add_footnote(format!(
            "no set of the same or less effort saves more than what stands until any row, by {}; \
             effort in days of work, 0 for a setting",
            self.0.metric.name()
        ));
        Some(view)
    }

    /// The steps with what stands before and after them.
    #[must_use]
    pub fn rows(self) -> Vec<BuildRow<'a>> {
        let mut before = self.0.entry_of_subset(0);
        let rows = self.0.order.steps.iter().map(|step| {
            let after = self.0.entry_of_subset(step.subset);
            let row = BuildRow { report: self, step, before, after };
            before = after;
            row
        });
        rows.collect()
    }

    /// What no step builds, and the best of all where it is none of the steps.
    #[must_use]
    pub fn points_on_the_rest(self) -> Vec<RichText> {
        let order = &self.0.order;
        let mut points = Vec::new();
        if let Some(step) = &order.best_of_all {
            // Measured from where the order ends, since that is what stands by then.
            let before = order.steps.last().map_or(0, |step| step.subset);
            let (before, after) =
                (self.0.entry_of_subset(before), self.0.entry_of_subset(step.subset));
            let more = match self.0.metric {
                SweepMetric::Dollars => format::plain_money(after.cost - before.cost),
                metric => {
                    let more = after.saved_amount(metric) - before.saved_amount(metric);
                    format::format_tokens(saturate_to_i64(more), false)
                }
            };
            let effort = effort_words(after.effort.saturating_sub(before.effort));
            let words = format!(" {}: {more} more for {effort}.", self.step_words(step));
            points.push(RichText::new().with_strong("The best of all sets:").with_plain(words));
        }
        for (lead, toggles) in [
            ("Adds little or nothing after these:", &order.add_nothing),
            ("Costs after these:", &order.costs),
        ] {
            if !toggles.is_empty() {
                let words = format!(" {}.", self.list_of_toggles(toggles));
                points.push(RichText::new().with_strong(lead).with_plain(words));
            }
        }
        if !self.0.beside.is_empty() {
            let ids: Vec<&str> = self.0.beside.iter().map(|(id, _)| *id).collect();
            let words = format!(
                " {}. They move no session, and no source names the orchestrator's model, so that \
                 they have a range of reads and no dollars to be ranked by.",
                ids.join(", ")
            );
            let lead = "In no set, because they change the orchestrator:";
            points.push(RichText::new().with_strong(lead).with_plain(words));
        }
        points
    }
}

/// One step, with the sets before and after it.
pub struct BuildRow<'a> {
    report: BuildOrderReport<'a>,
    step: &'a BuildStep,
    before: &'a SweepEntry,
    after: &'a SweepEntry,
}

impl BuildRow<'_> {
    /// What is built, in words.
    #[must_use]
    pub fn words(&self) -> String {
        self.report.step_words(self.step)
    }

    /// Points of work for what is built.
    #[must_use]
    pub fn own_effort(&self) -> u32 {
        self.report.own_effort(self.step)
    }

    /// What switches it on.
    #[must_use]
    pub fn knobs(&self) -> String {
        let knobs = self.step.built.iter().map(|&at| self.report.0.toggles[at].knob);
        knobs.collect::<Vec<_>>().join("; ")
    }

    fn ids(&self, toggles: &[usize]) -> Vec<String> {
        toggles.iter().map(|&at| self.report.0.toggles[at].id.to_owned()).collect()
    }
}

/// The steps in tables and for programs.
pub fn step_fields<'a>(
    headline: HeadlineMetric,
    has_dollars: bool,
) -> Vec<ColumnField<'a, BuildRow<'a>>> {
    type Field<'a> = ColumnField<'a, BuildRow<'a>>;
    let noun = headline.column_noun();
    let mut fields = vec![
        Field::texts("build", "", "what is built: ids", |row| row.ids(&row.step.built)),
        Field::texts("instead_of", "", "what is given up for it", |row| row.ids(&row.step.dropped)),
        Field::text("", "build", "the same by their titles", BuildRow::words),
        Field::count("effort", "", "points of about half a day for it", BuildRow::own_effort),
        Field::number("", "effort, days", "the same in days", |row: &BuildRow<'a>| {
            effort_days(row.own_effort())
        }),
        Field::tokens("", format!("adds, {noun}"), "saved on top", move |row| {
            row.after.headline_amount(headline) - row.before.headline_amount(headline)
        })
        .with_sign(),
    ];
    if has_dollars {
        let adds =
            Field::money("", "adds, $", "saved on top", |row| row.after.cost - row.before.cost);
        fields.push(adds.with_sign());
    }
    fields.push(
        Field::tokens("", format!("{noun} so far"), "saved by all until here", move |row| {
            row.after.headline_amount(headline)
        })
        .with_sign(),
    );
    if has_dollars {
        fields.push(Field::money("", "$ so far", "the same", |row| row.after.cost).with_sign());
        fields.push(Field::share("", "of $", "of all", |row| {
            row.after.cost.share_bp(row.report.0.baseline.total_money())
        }));
    } else {
        // Without dollars there is one share to tell, that of the figure that the sweep is told in.
        let heading = format!("of {noun}");
        fields.push(Field::from_cells(ColumnKind::Share, "", heading, "of all", move |row| {
            let all = headline.amount_in_totals(&row.report.0.baseline);
            TableCell::share_of_whole(row.after.headline_amount(headline), all)
        }));
    }
    fields.push(Field::text("knob", "switched on by", "what switches it on", BuildRow::knobs));
    fields.push(Field::object(
        "so_far",
        "what all until here save",
        saved_fields(headline),
        |row| row.after,
    ));
    fields
}

/// What a set saves, for programs.
pub(super) fn saved_fields<'a>(headline: HeadlineMetric) -> Vec<ColumnField<'a, &'a SweepEntry>> {
    type Field<'a> = ColumnField<'a, &'a SweepEntry>;
    let mut fields = vec![
        Field::tokens("read", "", "cache reads", |entry| entry.read),
        Field::tokens("tokens", "", "where the sweep is told in tokens", move |entry| {
            (headline == HeadlineMetric::Tokens).then_some(entry.tokens)
        })
        .left_out_if_missing(),
        Field::count("calls", "", "calls", |entry| entry.calls),
    ];
    fields.extend(fields_of_part(money_fields(), |entry: &&'a SweepEntry| entry.cost));
    fields
}

fn toggle_words(toggle: &SweepToggle) -> String {
    format!("{} ({})", toggle.title, toggle.id)
}
