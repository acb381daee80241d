//! Token usage by step: a table for people, a section for pull requests, a body for programs.

use super::Provenance;
use crate::report::format::{pull_request_time, pull_request_tokens};
use crate::report::json::{self, Tokens};
use crate::report::view::Align;
use crate::report::{Cell, Column, Document, Section, View};
use crate::study::steps::{StepRow, Steps};
use serde::Serialize;

/// Steps and everything they are shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub steps: &'a Steps,
    /// The pipeline that was asked for; `None` for all.
    pub order: Option<&'a str>,
    /// What the sources say of themselves.
    pub notes: &'a [String],
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

const NO_STEP: &str = "(no step)";

impl Shown<'_> {
    fn title(&self) -> String {
        let of = self.order.map_or_else(String::new, |order| format!(": order {order}"));
        format!("Token usage by step{of}")
    }

    /// For people and for spreadsheets.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut view = View::new(
            self.title(),
            vec![
                Column::text("step"),
                Column::text("model"),
                Column::count("sessions"),
                Column::count("calls"),
                Column::count("records"),
                Column::tokens("fresh"),
                Column::tokens("read"),
                Column::tokens("write_5m"),
                Column::tokens("write_1h"),
                Column::tokens("output"),
                Column::tokens("peak read"),
                Column::duration("time"),
            ],
        );
        let cells = |row: &StepRow, name: &str| {
            let mut cells = vec![
                Cell::text(name),
                Cell::text(models(row)),
                Cell::count(row.sessions),
                if no_calls(row) { Cell::missing() } else { Cell::count(row.calls) },
                Cell::count(row.records),
            ];
            cells.extend(row.usage.by_class().map(Cell::tokens));
            cells.push(Cell::tokens(row.peak_read));
            cells.push(Cell::duration(row.time_ms));
            cells
        };
        for row in &self.steps.rows {
            view.row(cells(row, step(row)));
        }
        view.total(cells(&self.steps.total, "total"));
        for line in self.footnotes() {
            view.footnote(line);
        }
        let mut document = Document::new(self.title());
        document.section(Section::new("").table(view));
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// The section of a pull request: columns and figures as AutoSkillit writes them, calls beside.
    #[must_use]
    pub fn pull_request(&self) -> Document {
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
        let mut columns = vec![Column::text("Step"), Column::text("Model")];
        columns.extend(numbers.map(|name| Column { align: Align::Right, ..Column::text(name) }));
        let mut view = View::new("", columns);
        let cells = |row: &StepRow, name: &str| {
            let tokens = pull_request_tokens;
            let calls = if no_calls(row) { "?".to_owned() } else { row.calls.to_string() };
            let mut cells = vec![name.to_owned(), models(row), row.sessions.to_string()];
            cells.extend([row.usage.fresh, row.usage.output, row.usage.read].map(tokens));
            cells.extend([tokens(row.peak_read), row.records.to_string(), calls]);
            cells.extend([tokens(row.usage.write()), pull_request_time(row.time_ms)]);
            cells.into_iter().map(Cell::text).collect()
        };
        for row in &self.steps.rows {
            view.row(cells(row, step(row)));
        }
        view.total(cells(&self.steps.total, "Total"));
        for line in self.footnotes() {
            view.footnote(line);
        }
        let mut document = Document::new("");
        document.section(Section::new("Token Usage Summary").table(view));
        document
    }

    fn footnotes(&self) -> Vec<String> {
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
    pub fn json(&self) -> Vec<u8> {
        json::document(
            "steps",
            1,
            &Body {
                recording: &self.provenance.recording,
                order: self.order,
                steps: self.steps.rows.iter().map(RowJson::from).collect(),
                total: (&self.steps.total).into(),
                shared_orchestrators: self.steps.shared,
                notes: self.notes,
                provenance: self.provenance,
            },
        )
    }
}

fn step(row: &StepRow) -> &str {
    if row.step.is_empty() { NO_STEP } else { &row.step }
}

fn models(row: &StepRow) -> String {
    let models: Vec<&str> = row.models.iter().map(String::as_str).collect();
    models.join(", ")
}

/// Whether nothing is known of the calls of a row.
fn no_calls(row: &StepRow) -> bool {
    row.calls == 0 && row.uncounted > 0
}

#[derive(Serialize)]
struct Body<'a> {
    recording: &'a str,
    order: Option<&'a str>,
    steps: Vec<RowJson<'a>>,
    total: RowJson<'a>,
    shared_orchestrators: i64,
    notes: &'a [String],
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct RowJson<'a> {
    step: &'a str,
    orchestrator: bool,
    models: Vec<&'a str>,
    sessions: i64,
    calls: i64,
    records: i64,
    #[serde(flatten)]
    tokens: Tokens,
    peak_read: i64,
    time_ms: i64,
    totals_only_sessions: i64,
    uncounted_sessions: i64,
    inflated_sessions: i64,
}

impl<'a> From<&'a StepRow> for RowJson<'a> {
    fn from(row: &'a StepRow) -> Self {
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
