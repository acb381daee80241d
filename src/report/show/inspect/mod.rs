//! Where the tokens went.

mod bill_fields;
mod calibration;
mod error_fields;
mod fields;
mod first_screen;
mod recordings_table;
mod source_recordings;

use super::Provenance;
use crate::recording::Recording;
use crate::report::columns::{ColumnField, cells_for_people, object_json};
use crate::report::format;
use crate::report::json;
use crate::report::{ReportDocument, Section, TableCell, TableView};
use crate::study::inspect::bill_groups::BillGroup;
use crate::study::inspect::cache_misses::sum_misses_by_cause;
use crate::study::inspect::error_table::HarnessError;
use crate::study::inspect::fidelity::GroupFidelity;
use crate::study::inspect::holdout::FEWEST_CALLS;
use crate::study::inspect::holdout_scores::GroupHoldout;
use crate::study::inspect::summary::{BlockGroup, RecordingSummary};
pub(super) use fields::report_fields;
use fields::{GroupRow, MissRow, SessionRow, ToggleRow};
use recordings_table::recordings_table;
pub use source_recordings::SourceRecording;

/// What the importer passed over, in this module's own words: doors do not know each other.
#[derive(Clone, Debug)]
pub struct SkippedLine {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1; 0 stands for the whole file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Bills of calls that have something in common.
pub struct BillTable {
    /// The keys.
    pub keys: Vec<&'static str>,
    /// Their values and what belongs to them, in the order in which they are shown.
    pub rows: Vec<BillGroup>,
}

/// Blocks grouped by some keys.
pub struct BlockPivot {
    /// The keys.
    pub keys: Vec<&'static str>,
    /// Their values and what belongs to them, dearest re-reads first.
    pub rows: Vec<(Vec<String>, BlockGroup)>,
}

/// An inspection and everything it is shown with.
pub struct InspectReport<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// The numbers.
    pub summary: &'a RecordingSummary,
    /// Where there were several arguments: each on its own.
    pub parts: &'a [SourceRecording],
    /// The model's own error, where asked for.
    pub fidelity: Option<&'a [GroupFidelity]>,
    /// Its error on calls that were hidden from it, where asked for.
    pub held_out: Option<&'a [GroupHoldout]>,
    /// Its error by harness and versions, where asked for.
    pub by_harness: Option<&'a [HarnessError]>,
    /// Bills by what was asked for; then they are the answer, and no other table is printed.
    pub bills: Option<&'a BillTable>,
    /// Blocks grouped as asked for.
    pub pivot: Option<&'a BlockPivot>,
    /// What was passed over, up to a limit for each file.
    pub skips: &'a [SkippedLine],
    /// How much was passed over altogether.
    pub skip_count: u64,
    /// Copies of calls or of statements that were counted once.
    pub copies: u64,
    /// Dollars that the source itself names.
    pub billed_usd: Option<f64>,
    /// Rows of each table; 0 for all.
    pub rows: usize,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

/// What stands in for the tables of blocks and toggles.
const NO_CALLS: &str = "The sources tell totals only and no single call: there are no blocks to \
                        show and nothing to replay.";

impl<'a> InspectReport<'a> {
    /// For programs.
    #[must_use]
    pub fn to_json(&'a self) -> Vec<u8> {
        json::versioned_json("inspect", 1, &object_json(&report_fields(), &self))
    }

    /// What a user can publish of the model's error: no path, name or text. `None` where the error
    /// was not asked for.
    #[must_use]
    pub fn to_calibration(&'a self) -> Option<ReportDocument> {
        calibration::calibration_document(self)
    }

    /// For people.
    #[must_use]
    pub fn to_document(&'a self) -> ReportDocument {
        let mut document = ReportDocument::new(format!("Inspect: {}", self.recording.name));
        // Who asks for bills by keys gets these alone, in every format.
        if let Some(bills) = self.bills {
            let title = format!("By {}", bills.keys.join(", "));
            document.add_section(Section::new(title).with_table(self.bills_table(bills)));
            document.add_sources(self.provenance.footer_lines());
            return document;
        }
        // Only where several sources were named: one alone is the whole.
        if !self.parts.is_empty() {
            let together = recordings_table(self.parts, self.summary);
            document.add_section(Section::new("What was put together").with_table(together));
        }
        let mut where_to = Section::new("Where the tokens went").with_table(self.sessions_table());
        let has_calls = !self.recording.calls.is_empty();
        if has_calls {
            where_to = where_to.with_table(self.groups_table(
                "Kinds of blocks, dearest re-reads first",
                "kind",
                self.kind_rows(),
            ));
        } else {
            where_to = where_to.with_paragraph(NO_CALLS);
        }
        if !self.summary.tools.is_empty() {
            where_to = where_to.with_table(self.groups_table(
                "Results of tools, dearest re-reads first",
                "tool",
                self.tool_rows(),
            ));
        }
        document.add_section(where_to);
        if !self.summary.misses.is_empty() {
            document.add_section(self.misses_section());
        }
        if let Some(pivot) = self.pivot {
            let table = self.pivot_table(pivot);
            document.add_section(Section::new("Grouped").with_table(table));
        }
        if has_calls {
            document.add_section(
                Section::new("Which toggles find something").with_table(self.toggles_table()),
            );
        }
        if let Some(fidelity) = self.fidelity {
            let mut error =
                Section::new("The model's own error").with_table(fidelity_table(fidelity));
            if let Some(by_harness) = self.by_harness {
                error = error.with_table(calibration::harness_table(by_harness));
            }
            if let Some(held_out) = self.held_out {
                error = error.with_table(holdout_table(held_out));
            }
            document.add_section(error);
        }
        if self.skip_count > 0 {
            document.add_section(Section::new("Passed over").with_table(self.skipped_table()));
        }
        document.add_sources(self.provenance.footer_lines());
        document
    }

    /// Blocks grouped as asked for.
    fn pivot_table(&self, pivot: &BlockPivot) -> TableView {
        let fields = fields::pivot_fields(&pivot.keys);
        let title = "Blocks, dearest re-reads first";
        self.table_of_first_rows(title, &fields, pivot.rows.iter().collect())
    }

    /// The bills, and under them the totals of the whole recording.
    fn bills_table(&self, bills: &BillTable) -> TableView {
        let totals = &self.summary.totals;
        // The sum has no values of the keys: the first column says so, the others stay empty.
        let mut values = vec![String::new(); bills.keys.len()];
        if let Some(first) = values.first_mut() {
            "all".clone_into(first);
        }
        let whole = BillGroup {
            values,
            sessions: self.summary.sessions.len() as i64,
            totals: totals.clone(),
        };
        let fields = bill_fields::bill_fields(&bills.keys);
        let mut view = self.table_of_first_rows("Bills", &fields, bills.rows.iter().collect());
        // Where not all fit, money stays longest.
        for column in &mut view.columns {
            column.rank = match column.heading.as_str() {
                "cost" => 9,
                "calls" => 8,
                "cache reads" => 7,
                "cache writes" | "output" => 6,
                _ => column.rank,
            };
        }
        view.add_total_row(&fields, &&whole);
        if totals.hidden_output > 0 {
            view.add_footnote(format!(
                "cost: with {} of output tokens that the log does not show, estimated",
                format::format_tokens(totals.hidden_output, false)
            ));
        }
        view
    }

    /// The first rows of a table, as many as were asked for.
    fn first_rows<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.rows > 0 {
            rows.truncate(self.rows);
        }
        rows
    }

    /// A table of the first rows, and how many more there are.
    fn table_of_first_rows<R>(
        &self,
        title: &str,
        fields: &[ColumnField<'_, R>],
        rows: Vec<R>,
    ) -> TableView {
        let all = rows.len();
        let mut view = TableView::from_fields(title, fields, self.first_rows(rows));
        self.note_hidden_rows(&mut view, all);
        view
    }

    fn note_hidden_rows(&self, view: &mut TableView, all: usize) {
        let shown = if self.rows == 0 { all } else { self.rows.min(all) };
        if shown < all {
            view.add_footnote(format!("{} more; --rows 0 shows all", all - shown));
        }
    }

    fn session_rows(&'a self) -> Vec<SessionRow<'a>> {
        let recording = self.recording;
        self.summary.sessions.iter().map(|totals| SessionRow { recording, totals }).collect()
    }

    fn sessions_table(&'a self) -> TableView {
        let fields = fields::session_fields();
        let mut rows = self.session_rows();
        let all = rows.len();
        rows.sort_by_key(|row| (-row.totals.totals.usage.read, row.totals.index));
        let rows = self.first_rows(rows);
        let mut view = TableView::from_fields("Sessions, dearest reads first", &fields, rows);
        let sum = format!("{all} {}", format::noun_for_count(all, "session"));
        // The totals stand under the columns of sessions, whose first three name a session.
        let mut total = vec![TableCell::text(sum), TableCell::missing(), TableCell::missing()];
        total.extend(cells_for_people(&fields::totals_fields(), &&self.summary.totals));
        view.add_total(total);
        self.note_hidden_rows(&mut view, all);
        if self.summary.totals.hidden_output > 0 {
            view.add_footnote(format!(
                "{} of output tokens more are not in the usage (placeholder counts), estimated \
                 from the growth of contexts",
                format::format_tokens(self.summary.totals.hidden_output, false)
            ));
        }
        if self.copies > 0 {
            view.add_footnote(format!(
                "{} copies of what is counted once were left out",
                self.copies
            ));
        }
        if let Some(usd) = self.billed_usd {
            view.add_footnote(format!("the source itself names ${usd:.6}"));
        }
        view
    }

    /// Calls that missed the cache, dearest first.
    fn miss_rows(&'a self) -> Vec<MissRow<'a>> {
        let recording = self.recording;
        let mut misses: Vec<_> = self.summary.misses.iter().collect();
        misses.sort_by_key(|miss| (-miss.tokens, miss.call));
        misses.into_iter().map(|miss| MissRow { recording, miss }).collect()
    }

    fn misses_section(&'a self) -> Section {
        let causes = sum_misses_by_cause(&self.summary.misses);
        let causes = TableView::from_fields("By cause", &fields::miss_total_fields(), causes);
        let mut dearest =
            self.table_of_first_rows("Dearest calls", &fields::miss_fields(), self.miss_rows());
        dearest.add_footnote("cost: beyond a read; what a miss wrote or sent fresh");
        let words = calibration::law_coverage_words(self);
        Section::new("Why the cache was missed")
            .with_paragraph(words)
            .with_table(causes)
            .with_table(dearest)
    }

    fn group_row(&'a self, name: &'a str, group: &'a BlockGroup) -> GroupRow<'a> {
        // Shares of tools too are of all re-reads, so that both tables compare.
        let all = self.summary.kinds.iter().map(|(_, group)| group.re_read_tokens).sum();
        GroupRow { name, group, all }
    }

    fn kind_rows(&'a self) -> Vec<GroupRow<'a>> {
        let kinds = self.summary.kinds.iter();
        kinds.map(|(kind, group)| self.group_row(kind.name(), group)).collect()
    }

    fn tool_rows(&'a self) -> Vec<GroupRow<'a>> {
        self.summary.tools.iter().map(|(tool, group)| self.group_row(tool, group)).collect()
    }

    fn groups_table(
        &self,
        title: &str,
        heading: &'static str,
        rows: Vec<GroupRow<'_>>,
    ) -> TableView {
        let mut view = self.table_of_first_rows(title, &fields::group_fields(heading), rows);
        view.add_footnote("re-read: tokens times the later calls that carried them");
        view
    }

    fn toggle_rows(&'a self) -> Vec<ToggleRow<'a>> {
        let read = self.summary.totals.usage.read;
        self.summary.toggles.iter().map(|toggle| ToggleRow { toggle, read }).collect()
    }

    fn toggles_table(&'a self) -> TableView {
        let (idle, busy): (Vec<_>, Vec<_>) =
            self.toggle_rows().into_iter().partition(|row| row.toggle.found == 0);
        let mut view = TableView::from_fields("Toggles", &fields::toggle_fields(), busy);
        if !idle.is_empty() {
            let idle: Vec<&str> = idle.iter().map(|row| row.toggle.id).collect();
            view.add_footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        view.add_footnote(
            "a shorter wait can turn writes into reads: reads then rise while the money falls",
        );
        view
    }

    fn skipped_table(&self) -> TableView {
        let title = "Lines and files passed over; line 0 is the whole file";
        let rows = self.first_rows(self.skips.iter().collect());
        let mut view = TableView::from_fields(title, &fields::skip_fields(), rows);
        // More were passed over than are kept: the note counts all of them.
        self.note_hidden_rows(&mut view, usize::try_from(self.skip_count).unwrap_or(usize::MAX));
        view
    }
}

/// The table of the model's own error.
fn fidelity_table(fidelity: &[GroupFidelity]) -> TableView {
    let title = "Error of a session's summed reads";
    let mut view = TableView::from_fields(title, &error_fields::fidelity_fields(), fidelity);
    view.add_footnote("law: billed contexts, shocks set aside, the cache law alone");
    view.add_footnote(
        "content: usage hidden, contexts from block sizes; the first context is given",
    );
    view
}

/// The table of the error on calls that were hidden.
fn holdout_table(held_out: &[GroupHoldout]) -> TableView {
    let title = "Held out: a later half's reads, predicted from the half before";
    let mut view = TableView::from_fields(title, &error_fields::holdout_fields(), held_out);
    view.add_footnote(
        "known: usage of the first half, and how many calls follow; nothing else of them",
    );
    view.add_footnote(
        "in 80 % band, below, above: shares of sessions; band width: mean, of the prediction",
    );
    view.add_footnote(format!(
        "left out: fewer than {FEWEST_CALLS} calls, no reads in the later half, or not billed"
    ));
    view
}
