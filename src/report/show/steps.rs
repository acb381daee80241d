//! Token usage by step: a table for people, a section for pull requests, a body for programs.

use super::compare::order_as_told::{told_step_fields, told_steps_table};
use super::compare::whole_pipeline::{part_fields, whole_table};
use super::{Provenance, SHORT_CLASS_MEANINGS, usage_fields};
use crate::reconstruct::order_as_told::ToldStep;
use crate::reconstruct::whole_reads::PartReads;
use crate::report::columns::{ColumnField, cells_for_people, fields_of_part, object_json};
use crate::report::format::{format_pull_request_time, format_pull_request_tokens};
use crate::report::json;
use crate::report::{ReportDocument, Section, TableCell, TableView};
use crate::study::inspect::step_usage::{StepUsage, StepUsageRow};
use crate::units::TOKEN_CLASSES;

/// Steps and everything they are shown with.
pub struct StepsReport<'a> {
    /// The numbers.
    pub steps: &'a StepUsage,
    /// The pipeline that was asked for; `None` for all.
    pub order: Option<&'a str>,
    /// Cache reads of a published pipeline, part by part; empty of others.
    pub whole: &'a [PartReads],
    /// The order as the source of another pipeline tells it; empty where none does.
    pub as_told: &'a [ToldStep],
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
        let mut document = ReportDocument::new(self.title());
        document.add_section(Section::new("").with_table(self.to_table()));
        document.sections.extend(self.published_sections());
        document.add_sources(self.provenance.footer_lines());
        document
    }

    /// The table of steps alone: what CSV holds.
    #[must_use]
    pub fn to_table(&self) -> TableView {
        self.usage_table(&self.title(), "total", &step_usage_fields())
    }

    /// The whole of a published pipeline, and what another source tells of it.
    fn published_sections(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        let name = &self.provenance.recording;
        if !self.whole.is_empty() {
            let title = format!("The whole of {name}");
            sections.push(Section::new(title).with_table(whole_table(self.whole)));
        }
        if !self.as_told.is_empty() {
            let title = format!("{name} as the source of the order beside it tells it");
            sections.push(Section::new(title).with_table(told_steps_table(self.as_told)));
        }
        sections
    }

    /// The section of a pull request: columns and figures as AutoSkillit writes them, calls beside.
    #[must_use]
    pub fn to_pull_request(&self) -> ReportDocument {
        let view = self.usage_table("", "Total", &pull_request_fields());
        let mut document = ReportDocument::new("");
        document.add_section(Section::new("Token Usage Summary").with_table(view));
        document
    }

    /// A row for each step and the total, whose name stands in the first column.
    fn usage_table<'a>(
        &'a self,
        title: &str,
        total_name: &str,
        fields: &[StepField<'a>],
    ) -> TableView {
        let mut view = TableView::from_fields(title, fields, &self.steps.rows);
        let mut total = cells_for_people(fields, &&self.steps.total);
        total[0] = TableCell::text(total_name);
        view.add_total(total);
        for line in self.footnote_lines() {
            view.add_footnote(line);
        }
        view
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
        json::versioned_json("steps", 1, &object_json(&report_fields(), &self))
    }
}

type StepField<'a> = ColumnField<'a, &'a StepUsageRow>;

/// A step, with the units that `inspect` has.
fn step_usage_fields<'a>() -> Vec<StepField<'a>> {
    let mut fields = vec![
        StepField::text("step", "", "its name; empty for the total", |row| row.step.as_str()),
        StepField::text("", "step", "the same", |row| step_name(row)),
        StepField::flag("orchestrator", "", "whether it is the orchestrator", |row| {
            row.orchestrator
        }),
        StepField::texts("models", "model", "its models", |row| {
            row.models.iter().cloned().collect::<Vec<_>>()
        }),
        StepField::count("sessions", "sessions", "its sessions", |row| row.sessions),
        StepField::count("calls", "", "its calls", |row| row.calls),
        // People are not shown a zero that nobody has counted.
        StepField::count("", "calls", "the same, where they are known", |row| {
            (!has_uncounted_calls(row)).then_some(row.calls)
        }),
        StepField::count("records", "records", "transcript records", |row| row.records),
    ];
    let usage = usage_fields(TOKEN_CLASSES, SHORT_CLASS_MEANINGS);
    fields.extend(fields_of_part(usage, |row: &&'a StepUsageRow| row.usage));
    fields.extend([
        StepField::tokens("peak_read", "peak read", "largest cache read of a call", |row| {
            row.peak_read
        }),
        StepField::duration("time_ms", "time", "over parallel sessions added up", |row| {
            row.time_ms
        }),
        StepField::count("totals_only_sessions", "", "sessions without a transcript", |row| {
            row.totals_only
        }),
        StepField::count("uncounted_sessions", "", "sessions of uncounted calls", |row| {
            row.uncounted
        }),
        StepField::count("inflated_sessions", "", "sessions with totals too high", |row| {
            row.inflated
        }),
    ]);
    fields
}

/// A column of a pull request: a finished figure at the right.
fn pull_request_figure<'a>(
    heading: &'static str,
    figure: fn(&StepUsageRow) -> String,
) -> StepField<'a> {
    StepField::text("", heading, "as AutoSkillit writes it", move |row| figure(row)).flush_right()
}

/// A step as AutoSkillit's tables have it.
fn pull_request_fields<'a>() -> Vec<StepField<'a>> {
    vec![
        StepField::text("", "Step", "its name", |row| step_name(row)),
        StepField::texts("", "Model", "its models", |row| {
            row.models.iter().cloned().collect::<Vec<_>>()
        }),
        pull_request_figure("count", |row| row.sessions.to_string()),
        pull_request_figure("uncached", |row| format_pull_request_tokens(row.usage.fresh)),
        pull_request_figure("output", |row| format_pull_request_tokens(row.usage.output)),
        pull_request_figure("cache_read", |row| format_pull_request_tokens(row.usage.read)),
        pull_request_figure("peak_ctx", |row| format_pull_request_tokens(row.peak_read)),
        pull_request_figure("turns", |row| row.records.to_string()),
        pull_request_figure("calls", |row| {
            if has_uncounted_calls(row) { "?".to_owned() } else { row.calls.to_string() }
        }),
        pull_request_figure("cache_write", |row| {
            format_pull_request_tokens(row.usage.write_tokens())
        }),
        pull_request_figure("time", |row| format_pull_request_time(row.time_ms)),
    ]
}

/// What `steps --format json` has.
pub(super) fn report_fields<'a>() -> Vec<ColumnField<'a, &'a StepsReport<'a>>> {
    type Field<'a> = ColumnField<'a, &'a StepsReport<'a>>;
    vec![
        Field::text("recording", "", "its name", |it| it.provenance.recording.as_str()),
        Field::text("order", "", "the pipeline; null for all", |it| it.order),
        Field::rows("steps", "step by step", step_usage_fields(), |it| {
            it.steps.rows.iter().collect()
        }),
        Field::object("total", "all of them", step_usage_fields(), |it| &it.steps.total),
        Field::count("shared_orchestrators", "", "those that served other orders too", |it| {
            it.steps.shared
        }),
        Field::texts("notes", "", "what the sources say of themselves", |it| it.notes.to_vec()),
        Field::optional_rows(
            "whole",
            "cache reads of a published pipeline part by part, the sum last",
            part_fields(),
            |it| rows_if_any(it.whole),
        )
        .left_out_if_missing(),
        Field::optional_rows(
            "as_told",
            "the sessions that the source of another pipeline tells of",
            told_step_fields(),
            |it| rows_if_any(it.as_told),
        )
        .left_out_if_missing(),
        Provenance::field(|it: &&'a StepsReport<'a>| it.provenance),
    ]
}

/// Rows of a key that is left out where there are none.
fn rows_if_any<T>(rows: &[T]) -> Option<Vec<&T>> {
    (!rows.is_empty()).then(|| rows.iter().collect())
}

fn step_name(row: &StepUsageRow) -> &str {
    if row.step.is_empty() { NO_STEP } else { &row.step }
}

/// Whether nothing is known of the calls of a row.
fn has_uncounted_calls(row: &StepUsageRow) -> bool {
    row.calls == 0 && row.uncounted > 0
}
