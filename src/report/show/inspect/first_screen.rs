//! The first screen of an inspection: where the money went, why the cache was lost, what to fix.

use super::InspectReport;
use crate::intervene;
use crate::report::document::LabelledRemark;
use crate::report::format::{self, effort_cell};
use crate::report::show::session_names::SessionNames;
use crate::report::show::volume::{Volume, days_of_span, span_of_calls};
use crate::report::view::KEPT;
use crate::report::{CellValue, Section, TableCell, TableColumn, TableView};
use crate::study::inspect::cache_misses::{LawCoverage, MissCause, sum_misses_by_cause};
use crate::study::inspect::summary::ToggleFinding;
use crate::units::{PicoUsd, ratio_bp};

/// Causes of lost caches, and fixes, that are shown.
const MOST_CAUSES: usize = 3;
const MOST_FIXES: usize = 3;

/// One class of tokens.
struct ClassRow {
    name: &'static str,
    tokens: i64,
    cost: PicoUsd,
}

impl InspectReport<'_> {
    /// The first screen. `volume` is what amounts are said for.
    #[must_use]
    pub fn first_screen(&self, volume: Volume) -> Section {
        // Who asks for a grouping gets that.
        let bills = self.bills.map(|bills| self.bills_table(bills));
        if let Some(grouped) = bills.or_else(|| self.pivot.map(|it| self.pivot_table(it))) {
            let section = Section::new("").with_table(grouped.for_first_screen());
            return section.with_remarks(self.provenance.price_remark().into_iter().collect());
        }
        let rows = self.class_rows();
        let mut section = Section::new("").with_decision(self.decision_lines(&rows, volume));
        // One class without a bill is no division: the source tells totals only.
        if self.tells_classes(&rows) {
            section = section.with_table(self.classes_table(&rows));
        }
        if let Some(table) = self.lost_caches_table() {
            section = section.with_table(table);
        }
        if let Some(table) = self.fixes_table(volume) {
            section = section.with_table(table);
        }
        section.with_remarks(self.remarks())
    }

    fn class_rows(&self) -> Vec<ClassRow> {
        let totals = &self.summary.totals;
        let (usage, bill) = (totals.usage, totals.bill);
        let [fresh, read, write_5m, write_1h, output] = bill.by_class;
        let rows = [
            ("cache reads", usage.read, read),
            ("cache writes", usage.write_5m + usage.write_1h, write_5m + write_1h),
            ("output", usage.output, output),
            ("output not in the log", totals.hidden_output, bill.hidden_output),
            ("new input", usage.fresh, fresh),
        ];
        let mut rows: Vec<ClassRow> =
            rows.map(|(name, tokens, cost)| ClassRow { name, tokens, cost }).into();
        // A class that the source does not have is left out, rather than shown as nothing.
        rows.retain(|row| row.tokens != 0 || row.cost != PicoUsd(0));
        rows.sort_by_key(|row| (-row.cost.0, -row.tokens));
        rows
    }

    fn tells_classes(&self, rows: &[ClassRow]) -> bool {
        self.summary.totals.cost().is_some() || rows.len() > 1
    }

    /// What was spent on what, and what most of it pays for.
    fn decision_lines(&self, rows: &[ClassRow], volume: Volume) -> Vec<String> {
        let totals = &self.summary.totals;
        let calls = format::format_integer(totals.calls, false);
        let sessions = self.summary.sessions.len();
        let sessions = format!("{sessions} {}", format::noun_for_count(sessions, "session"));
        let tokens = totals.usage.by_class().iter().sum::<i64>() + totals.hidden_output;
        let spent = match totals.cost() {
            Some(cost) => format::plain_money(cost),
            None => format!("{} tokens", format::format_tokens(tokens, false)),
        };
        let days = span_of_calls(self.recording)
            .map_or_else(String::new, |span| format!(", {}", days_of_span(&span)));
        let month = match (volume, totals.cost()) {
            (Volume::Month { .. }, Some(cost)) => {
                let amount = volume.scaled(cost.0);
                let words = format::format_forecast_money(PicoUsd(amount), 0, false);
                format!("; {words} a month")
            }
            _ => String::new(),
        };
        let mut lines = vec![format!("{spent} in {sessions} ({calls} calls){days}{month}.")];
        if !self.tells_classes(rows) {
            lines[0] = format!("{spent}; its source does not split them.");
        } else if let Some(largest) = rows.first() {
            // Without a bill the largest class is told by its tokens: dear classes and large ones
            // differ.
            let share = match totals.cost() {
                Some(cost) if cost.0 > 0 => largest.cost.share_bp(cost),
                _ => ratio_bp(largest.tokens, tokens.max(1)),
            };
            let pays = match largest.name {
                "cache reads" => "context read again at every call".to_owned(),
                name => name.to_owned(),
            };
            let fix = self
                .best_fixes()
                .first()
                .map_or_else(String::new, |fix| format!("; start with {} {}", fix.id, fix.title));
            let share = format::format_share_in_sentence(share);
            let verb = if totals.cost().is_some() { "pays for" } else { "is" };
            lines.push(format!("{share} {verb} {pays}{fix}."));
        }
        lines
    }

    /// The classes of tokens, and beside them what is read again.
    fn classes_table(&self, rows: &[ClassRow]) -> TableView {
        let cost = self.summary.totals.cost();
        let mut columns =
            vec![TableColumn::text("where it went").with_rank(KEPT), TableColumn::tokens("tokens")];
        if cost.is_some() {
            columns.extend([TableColumn::money("dollars"), TableColumn::share("share")]);
        }
        columns.extend([TableColumn::text("what is read again"), TableColumn::share("of that")]);
        let mut view = TableView::new("", columns).for_first_screen();
        let re_read: i64 = self.summary.kinds.iter().map(|(_, group)| group.re_read_tokens).sum();
        let mut kinds = self.summary.kinds.iter();
        for row in rows {
            let mut cells = vec![TableCell::text(row.name), TableCell::tokens(row.tokens)];
            if let Some(cost) = cost {
                cells.push(TableCell::money(row.cost));
                cells.push(TableCell::from_option(
                    (cost.0 > 0).then(|| CellValue::Share(row.cost.share_bp(cost))),
                ));
            }
            cells.extend(match kinds.next().filter(|(_, group)| group.re_read_tokens > 0) {
                Some((kind, group)) => [
                    TableCell::text(kind_words(kind.name())),
                    TableCell::share_of_whole(group.re_read_tokens, re_read),
                ],
                None => [TableCell::text(""), TableCell::missing()],
            });
            view.add_row(cells);
        }
        view
    }

    /// Why caches were lost; `None` where none was.
    fn lost_caches_table(&self) -> Option<TableView> {
        let mut causes = sum_misses_by_cause(&self.summary.misses);
        causes.sort_by_key(|sum| -sum.cost.map_or(0, |cost| cost.0));
        causes.first()?;
        let columns = vec![
            TableColumn::text("cache lost, by cause").with_rank(KEPT),
            TableColumn::count("times"),
            TableColumn::money("dollars"),
            TableColumn::text("way out"),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        for sum in causes.iter().take(MOST_CAUSES) {
            let (words, way_out) = cause_words(sum.cause);
            view.add_row(vec![
                TableCell::text(words),
                TableCell::count(sum.calls),
                TableCell::from_option(sum.cost.map(CellValue::Money)),
                TableCell::text(way_out),
            ]);
        }
        Some(view)
    }

    /// The fixes that save most by themselves: money, else tokens.
    fn best_fixes(&self) -> Vec<&ToggleFinding> {
        let mut fixes: Vec<&ToggleFinding> =
            self.summary.toggles.iter().filter(|fix| self.saved_amount(fix) > 0).collect();
        fixes.sort_by_key(|fix| (-self.saved_amount(fix), fix.id));
        fixes.truncate(MOST_FIXES);
        fixes
    }

    fn saved_amount(&self, fix: &ToggleFinding) -> i128 {
        match fix.saved_cost {
            Some(cost) if self.summary.totals.cost().is_some() => cost.0,
            _ => fix.saved_tokens.unwrap_or(0).into(),
        }
    }

    fn fixes_table(&self, volume: Volume) -> Option<TableView> {
        let fixes = self.best_fixes();
        fixes.first()?;
        let has_dollars = self.summary.totals.cost().is_some();
        let amount = format!("alone, {}", volume.words());
        let amount =
            if has_dollars { TableColumn::money(amount) } else { TableColumn::tokens(amount) };
        let columns = vec![
            TableColumn::text("fix first").with_rank(KEPT),
            amount.as_forecast(),
            TableColumn::text("effort").flush_right(),
            TableColumn::count("places"),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        for fix in fixes {
            let saved = match fix.saved_cost.filter(|_| has_dollars) {
                Some(cost) => TableCell::money(PicoUsd(volume.scaled(cost.0))),
                None => TableCell::tokens(volume.scaled_tokens(fix.saved_tokens.unwrap_or(0))),
            };
            let effort =
                intervene::find_by_id(fix.id).map(|found| effort_cell(found.card().grade.effort));
            view.add_row(vec![
                TableCell::text(format!("{:<4}{}", fix.id, fix.title)),
                saved,
                TableCell::text(effort.unwrap_or_default()),
                TableCell::count(fix.found.into()),
            ]);
        }
        Some(view)
    }

    fn remarks(&self) -> Vec<LabelledRemark> {
        let mut remarks = Vec::new();
        if let Some(session) = self.dearest_session_words() {
            remarks.push(LabelledRemark::new("dearest", session));
        }
        if let Some(law) = LawCoverage::of_recording(self.recording, &self.summary.misses) {
            let words = format!(
                "the cache model repeats the billed reads of {} of {} calls",
                format::format_integer(law.repeated as i64, false),
                format::format_integer(law.calls as i64, false)
            );
            remarks.push(LabelledRemark::new("basis", words));
        }
        remarks.extend(self.provenance.price_remark());
        let mut notes = Vec::new();
        if self.skip_count > 0 {
            notes.push(format!("{} lines or files left out", self.skip_count));
        }
        if self.copies > 0 {
            notes.push(format!("{} copies counted once", self.copies));
        }
        if !notes.is_empty() {
            remarks.push(LabelledRemark::new("note", notes.join("; ")));
        }
        let next = "--by day|model|project, --details, windtunnel compare";
        remarks.push(LabelledRemark::new("more", next));
        remarks
    }

    /// The dearest session by name, with its calls and dollars.
    fn dearest_session_words(&self) -> Option<String> {
        let sessions = &self.summary.sessions;
        let dearest = sessions.iter().max_by_key(|session| {
            (session.totals.cost().map_or(0, |cost| cost.0), std::cmp::Reverse(session.index))
        });
        let dearest = dearest.filter(|_| sessions.len() > 1)?;
        let cost = dearest.totals.cost()?;
        let names = SessionNames::of_recording(self.recording);
        let name = names.name(dearest.index);
        Some(format!("{name} ({} calls) {}", dearest.totals.calls, format::plain_money(cost)))
    }
}

/// A kind of context in plain words.
fn kind_words(kind: &str) -> String {
    match kind {
        "system" => "start prompt and tools".to_owned(),
        "tool_input" => "tool calls".to_owned(),
        "tool_result" => "tool results".to_owned(),
        "unattributed" => "not explained by the log".to_owned(),
        "report" => "reports of subagents".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A cause in plain words, and the way out.
fn cause_words(cause: MissCause) -> (&'static str, &'static str) {
    match cause {
        MissCause::Expired => ("waited past the cache's life", "one-hour cache"),
        MissCause::Switch => ("model or effort switched", "keep both in a session"),
        MissCause::PromptChanged => ("start prompt or tools changed", "update between tasks"),
        MissCause::Compaction => ("context compacted or cleared", "-"),
        MissCause::ReasoningDropped => ("thinking dropped by the harness", "-"),
        MissCause::FirstToolLoad => ("tools loaded in mid-session", "load them at the start"),
        MissCause::Lookback => ("too many new pieces at once", "fewer results a call"),
        MissCause::Evicted => ("dropped by the provider", "none"),
        MissCause::Unknown => ("no cause in the log", "--details lists them"),
    }
}
