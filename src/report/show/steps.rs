//! Token usage by step: a table for people, a section for pull requests, a body for programs.

use super::Provenance;
use crate::report::format::{format_pull_request_time, format_pull_request_tokens};
use crate::report::json::{self, TokensJson};
use crate::report::view::Alignment;
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::inspect::step_usage::{StepUsage, StepUsageRow};
use serde::Serialize;

/// Steps and everything they are shown with.
pub struct StepsReport<'a> {
    /// The numbers.
    pub steps: &'a StepUsage,
    /// The pipeline that was asked for; `None` for all.
    pub order: Option<&'a str>,
    /// What the sources say of themselves.
    pub notes: &'a [String],
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

const NO_STEP: &str = "(no step)";

impl StepsReport<'_> {
    fn title(&self) -> String {
        let of = self.order.map_or_else(String::new, |order| format!(": order {order}"));
        format!("Token usage by step{of}")
    }

    /// For people and for spreadsheets.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut view = TableView::new(
            self.title(),
            vec![
                TableColumn::text("step"),
                TableColumn::text("model"),
                TableColumn::count("sessions"),
                TableColumn::count("calls"),
                TableColumn::count("records"),
                TableColumn::tokens("fresh"),
                TableColumn::tokens("read"),
                TableColumn::tokens("write_5m"),
                TableColumn::tokens("write_1h"),
                TableColumn::tokens("output"),
                TableColumn::tokens("peak read"),
                TableColumn::duration("time"),
            ],
        );
        let cells = |row: &StepUsageRow, name: &str| {
            let mut cells = vec![
                TableCell::text(name),
                TableCell::text(model_names(row)),
                TableCell::count(row.sessions),
                if has_uncounted_calls(row) {
                    TableCell::missing()
                } else {
                    TableCell::count(row.calls)
                },
                TableCell::count(row.records),
            ];
            cells.extend(row.usage.by_class().map(TableCell::tokens));
            cells.push(TableCell::tokens(row.peak_read));
            cells.push(TableCell::duration(row.time_ms));
            cells
        };
        for row in &self.steps.rows {
            view.add_row(cells(row, step_name(row)));
        }
        view.add_total(cells(&self.steps.total, "total"));
        for line in self.footnote_lines() {
            view.add_footnote(line);
        }
        let mut document = ReportDocument::new(self.title());
        document.add_section(Section::new("").with_table(view));
        for line in self.provenance.footer_lines() {
            document.add_source(line);
        }
        document
    }

    /// The section of a pull request: columns and figures as AutoSkillit writes them, calls beside.
    #[must_use]
    pub fn to_pull_request(&self) -> ReportDocument {
        let numbers = [
            "count",
            "uncached",
            "output",
            "cache_read",
            "peak_ctx",
            "turns",
            "calls",
            "cache_write",
            "time",
        ];
        let mut columns = vec![TableColumn::text("Step"), TableColumn::text("Model")];
        columns.extend(
            numbers.map(|name| TableColumn { align: Alignment::Right, ..TableColumn::text(name) }),
        );
        let mut view = TableView::new("", columns);
        let cells = |row: &StepUsageRow, name: &str| {
            let tokens = format_pull_request_tokens;
            let calls =
                if has_uncounted_calls(row) { "?".to_owned() } else { row.calls.to_string() };
            let mut cells = vec![name.to_owned(), model_names(row), row.sessions.to_string()];
            cells.extend([row.usage.fresh, row.usage.output, row.usage.read].map(tokens));
            cells.extend([tokens(row.peak_read), row.records.to_string(), calls]);
            cells.extend([tokens(row.usage.write_tokens()), format_pull_request_time(row.time_ms)]);
            cells.into_iter().map(TableCell::text).collect()
        };
        for row in &self.steps.rows {
            view.add_row(cells(row, step_name(row)));
        }
        view.add_total(cells(&self.steps.total, "Total"));
        for line in self.footnote_lines() {
            view.add_footnote(line);
        }
        let mut document = ReportDocument::new("");
        document.add_section(Section::new("Token Usage Summary").with_table(view));
        document
    }

    fn footnote_lines(&self) -> Vec<String> {
        let total = &self.steps.total;
        let mut lines = vec![
            "turns are transcript records, several for each call; time adds up over parallel \
             sessions; peak: the largest cache read of a call"
                .to_owned(),
        ];
        if total.totals_only > 0 {
            lines.push(format!(
                "sessions without a transcript, with the main thread's totals of the log: {}",
                total.totals_only
            ));
        }
        if total.uncounted > 0 {
            lines.push(format!("sessions whose calls nobody counted: {}", total.uncounted));
        }
        if total.inflated > 0 {
            lines.push(format!(
                "sessions that were killed, with totals added up over records, about twice too \
                 high: {}",
                total.inflated
            ));
        }
        if self.steps.rows.iter().all(|row| !row.orchestrator) {
            lines.push("no orchestrator among the sessions: its tokens are not in here".to_owned());
        }
        if self.steps.shared > 0 {
            lines.push(
                "the orchestrator served other orders too: its calls are shared out by its \
                 dispatches"
                    .to_owned(),
            );
        }
        lines
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json(
            "steps",
            1,
            &StepsJson {
                recording: &self.provenance.recording,
                order: self.order,
                steps: self.steps.rows.iter().map(StepRowJson::from).collect(),
                total: (&self.steps.total).into(),
                shared_orchestrators: self.steps.shared,
                notes: self.notes,
                provenance: self.provenance,
            },
        )
    }
}

fn step_name(row: &StepUsageRow) -> &str {
    if row.step.is_empty() { NO_STEP } else { &row.step }
}

fn model_names(row: &StepUsageRow) -> String {
    let models: Vec<&str> = row.models.iter().map(String::as_str).collect();
    models.join(", ")
}

/// Whether nothing is known of the calls of a row.
fn has_uncounted_calls(row: &StepUsageRow) -> bool {
    row.calls == 0 && row.uncounted > 0
}

#[derive(Serialize)]
struct StepsJson<'a> {
    recording: &'a str,
    order: Option<&'a str>,
    steps: Vec<StepRowJson<'a>>,
    total: StepRowJson<'a>,
    shared_orchestrators: i64,
    notes: &'a [String],
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct StepRowJson<'a> {
    step: &'a str,
    orchestrator: bool,
    models: Vec<&'a str>,
    sessions: i64,
    calls: i64,
    records: i64,
    #[serde(flatten)]
    tokens: TokensJson,
    peak_read: i64,
    time_ms: i64,
    totals_only_sessions: i64,
    uncounted_sessions: i64,
    inflated_sessions: i64,
}

impl<'a> From<&'a StepUsageRow> for StepRowJson<'a> {
    fn from(row: &'a StepUsageRow) -> Self {
        Self {
            step: &row.step,
            orchestrator: row.orchestrator,
            models: row.models.iter().map(String::as_str).collect(),
            sessions: row.sessions,
            calls: row.calls,
            records: row.records,
            tokens: row.usage.into(),
            peak_read: row.peak_read,
            time_ms: row.time_ms,
            totals_only_sessions: row.totals_only,
            uncounted_sessions: row.uncounted,
            inflated_sessions: row.inflated,
        }
    }
}
