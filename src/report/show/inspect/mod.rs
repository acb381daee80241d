//! Where the tokens went.

mod json;
mod source_recordings;

use super::Provenance;
use crate::recording::{Recording, Role, name_of_value};
use crate::report::format;
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::inspect::fidelity::{ErrorQuantiles, GroupFidelity};
use crate::study::inspect::holdout::{FEWEST_CALLS, GroupHoldout};
use crate::study::inspect::summary::{
    BlockGroup, RecordingSummary, RecordingTotals, SessionTotals,
};
use serde::Serialize;
pub use source_recordings::SourceRecording;

/// What the importer passed over, in this module's own words: doors do not know each other.
#[derive(Clone, Debug, Serialize)]
pub struct SkippedLine {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1; 0 stands for the whole file.
    pub line: u64,
    /// Why.
    pub reason: String,
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
    /// Blocks grouped as asked for.
    pub pivot: Option<&'a BlockPivot>,
    /// What was passed over, up to a limit for each file.
    pub skipped_lines: &'a [SkippedLine],
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

impl InspectReport<'_> {
    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new(format!("Inspect: {}", self.recording.name));
        if !self.parts.is_empty() {
            let together = source_recordings::recordings_table(self.parts, self.summary);
            document.add_section(Section::new("What was put together").with_table(together));
        }
        let mut where_to = Section::new("Where the tokens went").with_table(self.sessions_table());
        let has_calls = !self.recording.calls.is_empty();
        if has_calls {
            where_to = where_to.with_table(self.kinds_table());
        } else {
            where_to = where_to.with_paragraph(NO_CALLS);
        }
        if !self.summary.tools.is_empty() {
            where_to = where_to.with_table(self.tools_table());
        }
        document.add_section(where_to);
        if let Some(pivot) = self.pivot {
            document.add_section(Section::new("Grouped").with_table(self.pivot_table(pivot)));
        }
        if has_calls {
            document.add_section(
                Section::new("Which toggles find something").with_table(self.toggles_table()),
            );
        }
        if let Some(fidelity) = self.fidelity {
            let mut error =
                Section::new("The model's own error").with_table(fidelity_table(fidelity));
            if let Some(held_out) = self.held_out {
                error = error.with_table(holdout_table(held_out));
            }
            document.add_section(error);
        }
        if self.skip_count > 0 {
            document.add_section(Section::new("Passed over").with_table(self.skipped_table()));
        }
        for line in self.provenance.footer_lines() {
            document.add_source(line);
        }
        document
    }

    fn first_rows<'t, T>(&self, items: &'t [T]) -> &'t [T] {
        let rows = if self.rows == 0 { items.len() } else { self.rows.min(items.len()) };
        &items[..rows]
    }

    fn note_hidden_rows(&self, view: &mut TableView, all: usize) {
        let shown = if self.rows == 0 { all } else { self.rows.min(all) };
        if shown < all {
            view.add_footnote(format!("{} more; --rows 0 shows all", all - shown));
        }
    }

    fn sessions_table(&self) -> TableView {
        let mut view = TableView::new(
            "Sessions, dearest reads first",
            vec![
                TableColumn::text("session"),
                TableColumn::text("step"),
                TableColumn::text("model"),
                TableColumn::count("calls"),
                TableColumn::count("records"),
                TableColumn::tokens("fresh"),
                TableColumn::tokens("read"),
                TableColumn::tokens("write_5m"),
                TableColumn::tokens("write_1h"),
                TableColumn::tokens("output"),
                TableColumn::tokens("peak"),
                TableColumn::money("cost"),
            ],
        );
        let mut sessions: Vec<&SessionTotals> = self.summary.sessions.iter().collect();
        sessions.sort_by_key(|s| (-s.totals.usage.read, s.index));
        for session in self.first_rows(&sessions) {
            let about = &self.recording.sessions[session.index];
            let role = match about.role {
                Role::Main => String::new(),
                other => format!(" ({})", name_of_value(&Role::NAMED, other)),
            };
            let name = about.id.strip_prefix("agent-").unwrap_or(&about.id);
            let id: String = name.chars().take(8).collect();
            let mut row = vec![
                TableCell::text(format!("{id}{role}")),
                TableCell::text(&about.step),
                TableCell::text(session.models.join(", ")),
            ];
            row.extend(totals_cells(&session.totals));
            view.add_row(row);
        }
        let sum = match self.summary.sessions.len() {
            1 => "1 session".to_owned(),
            many => format!("{many} sessions"),
        };
        let mut total = vec![TableCell::text(sum), TableCell::missing(), TableCell::missing()];
        total.extend(totals_cells(&self.summary.totals));
        view.add_total(total);
        self.note_hidden_rows(&mut view, sessions.len());
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

    fn kinds_table(&self) -> TableView {
        let groups: Vec<(String, &BlockGroup)> =
            self.summary.kinds.iter().map(|(kind, g)| (kind.name().to_owned(), g)).collect();
        self.groups_table("Kinds of blocks, dearest re-reads first", "kind", &groups)
    }

    fn tools_table(&self) -> TableView {
        let groups: Vec<(String, &BlockGroup)> =
            self.summary.tools.iter().map(|(name, g)| (name.clone(), g)).collect();
        self.groups_table("Results of tools, dearest re-reads first", "tool", &groups)
    }

    fn groups_table(
        &self,
        title: &str,
        heading: &str,
        groups: &[(String, &BlockGroup)],
    ) -> TableView {
        let mut view = TableView::new(
            title,
            vec![
                TableColumn::text(heading),
                TableColumn::count("blocks"),
                TableColumn::tokens("tokens"),
                TableColumn::tokens("re-read"),
                TableColumn::share("of all re-reads"),
            ],
        );
        let all: i64 = self.summary.kinds.iter().map(|(_, group)| group.re_read_tokens).sum();
        for (name, group) in self.first_rows(groups) {
            view.add_row(vec![
                TableCell::text(name),
                TableCell::count(group.blocks),
                TableCell::tokens(group.tokens),
                TableCell::tokens(group.re_read_tokens),
                TableCell::share_of_whole(group.re_read_tokens, all),
            ]);
        }
        self.note_hidden_rows(&mut view, groups.len());
        view.add_footnote("re-read: tokens times the later calls that carried them");
        view
    }

    fn pivot_table(&self, pivot: &BlockPivot) -> TableView {
        let mut columns: Vec<TableColumn> =
            pivot.keys.iter().map(|key| TableColumn::text(*key)).collect();
        columns.push(TableColumn::count("blocks"));
        columns.push(TableColumn::tokens("tokens"));
        columns.push(TableColumn::tokens("re-read"));
        let mut view = TableView::new("Blocks, dearest re-reads first", columns);
        for (values, group) in self.first_rows(&pivot.rows) {
            let mut row: Vec<TableCell> = values.iter().map(TableCell::text).collect();
            row.push(TableCell::count(group.blocks));
            row.push(TableCell::tokens(group.tokens));
            row.push(TableCell::tokens(group.re_read_tokens));
            view.add_row(row);
        }
        self.note_hidden_rows(&mut view, pivot.rows.len());
        view
    }

    fn toggles_table(&self) -> TableView {
        let mut view = TableView::new(
            "Toggles",
            vec![
                TableColumn::text("toggle"),
                TableColumn::count("found"),
                TableColumn::tokens("touched"),
                TableColumn::tokens("saves reads, alone").with_sign(),
                TableColumn::share("of reads"),
                TableColumn::money("saves, alone").with_sign(),
            ],
        );
        let read = self.summary.totals.usage.read;
        let (idle, busy): (Vec<_>, Vec<_>) =
            self.summary.toggles.iter().partition(|toggle| toggle.found == 0);
        for toggle in busy {
            view.add_row(vec![
                TableCell::text(format!("{} {}", toggle.id, toggle.title)),
                TableCell::count(i64::from(toggle.found)),
                TableCell::tokens(toggle.touched),
                TableCell::from_option(toggle.saved_read.map(CellValue::Tokens)),
                toggle.saved_read.map_or_else(TableCell::missing, |saved| {
                    TableCell::share_of_whole(saved, read)
                }),
                TableCell::from_option(toggle.saved_cost.map(CellValue::Money)),
            ]);
        }
        if !idle.is_empty() {
            let idle: Vec<&str> = idle.iter().map(|toggle| toggle.id).collect();
            view.add_footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        view.add_footnote(
            "a shorter wait can turn writes into reads: reads then rise while the money falls",
        );
        view
    }

    fn skipped_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("file"),
            TableColumn::count("line"),
            TableColumn::text("reason"),
        ];
        let mut view =
            TableView::new("Lines and files passed over; line 0 is the whole file", columns);
        for skip in self.first_rows(self.skipped_lines) {
            let line = i64::try_from(skip.line).unwrap_or(i64::MAX);
            view.add_row(vec![
                TableCell::text(&skip.file),
                TableCell::count(line),
                TableCell::text(&skip.reason),
            ]);
        }
        self.note_hidden_rows(&mut view, usize::try_from(self.skip_count).unwrap_or(usize::MAX));
        view
    }
}

fn totals_cells(totals: &RecordingTotals) -> Vec<TableCell> {
    let usage = totals.usage;
    let mut cells = vec![TableCell::count(totals.calls), TableCell::count(totals.records)];
    cells.extend(usage.by_class().map(TableCell::tokens));
    cells.push(TableCell::tokens(totals.peak_context));
    cells.push(TableCell::from_option(totals.cost.map(CellValue::Money)));
    cells
}

/// The table of the model's own error.
#[must_use]
pub fn fidelity_table(fidelity: &[GroupFidelity]) -> TableView {
    let headings = [
        "law median %",
        "law p90 %",
        "law p99 %",
        "content median %",
        "content p90 %",
        "content p99 %",
    ];
    let mut columns = vec![TableColumn::text("sessions of"), TableColumn::count("sessions")];
    columns.extend(headings.map(TableColumn::number));
    let mut view = TableView::new("Error of a session's summed reads", columns);
    for one in fidelity {
        let mut row = vec![TableCell::text(&one.group), TableCell::count(one.sessions as i64)];
        let ErrorQuantiles { median, p90, p99 } = one.law;
        let content = one.content;
        let shares = [median, p90, p99, content.median, content.p90, content.p99];
        row.extend(shares.map(|share| TableCell::number((share * 100_000.0).round() as i64)));
        view.add_row(row);
    }
    view.add_footnote("law: billed contexts, shocks set aside, the cache law alone");
    view.add_footnote(
        "content: usage hidden, contexts from block sizes; the first context is given",
    );
    view
}

/// The table of the error on calls that were hidden.
#[must_use]
pub fn holdout_table(held_out: &[GroupHoldout]) -> TableView {
    let mut columns = vec![
        TableColumn::text("sessions of"),
        TableColumn::count("sessions"),
        TableColumn::count("left out"),
    ];
    columns.extend(
        ["error median", "error p90", "in 80 % band", "band width"].map(TableColumn::share),
    );
    let mut view =
        TableView::new("Held out: a later half's reads, predicted from the half before", columns);
    for one in held_out {
        let mut row = vec![
            TableCell::text(&one.group),
            TableCell::count(one.sessions as i64),
            TableCell::count(one.left_out as i64),
        ];
        row.extend(match one.figures {
            None => vec![TableCell::missing(); 4],
            Some(figures) => {
                let error = figures.error;
                let shares = [error.median, error.p90, figures.coverage, figures.width];
                shares.map(|share| TableCell::share((share * 10_000.0).round() as i64)).to_vec()
            }
        });
        view.add_row(row);
    }
    view.add_footnote(
        "known: usage of the first half, and how many calls follow; nothing else of them",
    );
    view.add_footnote(
        "in 80 % band: share of sessions; band width: mean, as a share of the prediction",
    );
    view.add_footnote(format!(
        "left out: fewer than {FEWEST_CALLS} calls, no reads in the later half, or not billed"
    ));
    view
}
