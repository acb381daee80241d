//! The whole report: what is claimed, what replay says, what the audit found, what nobody knows.

mod premise_tables;
mod summary;

use crate::reconstruct::whole_reads::WholePart;
use crate::reconstruct::{Figure, RecordingSource, ReportedPipeline};
use crate::report::show::compare::{ComparisonReport, lens_note};
use crate::report::show::session_names::SessionNames;
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::whatif::compare::Comparison;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::measured_steps::MeasuredStep;
use crate::study::whatif::savings::StepTotals;
use premise_tables::{assumptions_table, reconstruction_table, unknowns_table};
use std::cmp::Reverse;

/// A report and everything it is made from.
pub struct FullReport<'a> {
    /// The comparison with its provenance.
    pub comparison_report: ComparisonReport<'a>,
    /// What replays say after each step of the order of building; empty where no sweep can be made.
    pub measured_steps: &'a [MeasuredStep],
    /// Pictures beside the report: file name and what it shows.
    pub images: &'a [(String, &'static str)],
}

/// The picture of what runs and waits in time.
const LANES_PICTURE: &str = "charts/lanes.svg";

/// Steps that a document shows one by one; a published pipeline has no more.
const MOST_STEPS: usize = 20;

/// Pictures that stand with the table of toggles; the others follow at the end.
const BESIDE_TOGGLES: usize = 2;

impl FullReport<'_> {
    /// The report as a document.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let shown = &self.comparison_report;
        let comparison = shown.comparison;
        let title = match shown.source {
            RecordingSource::Pipeline { reported, .. } => {
                format!("{}: {}", reported.name, reported.title)
            }
            RecordingSource::Routes { routes, .. } => format!("{}: {}", routes.name, routes.title),
            RecordingSource::Recorded(_) => shown.provenance.recording.clone(),
        };
        let mut document = ReportDocument::new(title);
        document.add_section(self.summary_section());
        if let Some(table) = self.measure_table() {
            document.add_section(Section::new("Measure after each step").with_table(table));
        }
        // The order of a report: decision, what was paid, what toggles are worth, doubts, sources.
        let mut baseline = Section::new("Baseline by step");
        if let Some(note) = lens_note(shown.source, shown.findings) {
            baseline = baseline.with_paragraph(note);
        }
        document
            .add_section(baseline.with_table(self.short_step_table(&comparison.baseline_steps)));
        let mut toggles =
            Section::new("What each toggle is worth").with_table(shown.toggle_table());
        for table in shown.dollar_table_if_known().into_iter().chain(shown.time_table()) {
            toggles = toggles.with_table(table);
        }
        // Two pictures stand where they are read, beside the table; many would tear it apart.
        let others: Vec<_> = self.images.iter().filter(|(file, _)| file != LANES_PICTURE).collect();
        let (first, others) = others.split_at(others.len().min(BESIDE_TOGGLES));
        for (file, alt) in first {
            toggles = toggles.with_image(file, *alt);
        }
        document.add_section(toggles.with_bullets(shown.toggle_explanations()));
        document.sections.extend(shown.queue_section());
        document.sections.extend(shown.bounds_section());
        document.add_section(shown.joint_section().with_table(self.step_table_after()));
        document.sections.extend(shown.observed_section());
        document.sections.extend(shown.whole_section());
        document.sections.extend(shown.as_told_section());
        document.sections.extend(self.sections_in_time());
        document.sections.extend(shown.uncertainty_section());
        if let Some(spread) = shown.distribution_section() {
            document.add_section(spread);
        }
        if !shown.findings.is_empty() {
            let audit = Section::new("What the audit found");
            document.add_section(audit.with_table(crate::report::show::audit::findings_table(
                shown.findings,
                shown.source.is_published(),
            )));
        }
        if !others.is_empty() {
            let section = Section::new("More pictures");
            document.add_section(
                others.iter().fold(section, |section, (file, alt)| section.with_image(file, *alt)),
            );
        }
        document.add_section(self.unknowns_section());
        document.add_sources(shown.provenance.footer_lines());
        document
    }

    /// The wall clock, and the turns of agents; the picture of both stands with the first.
    fn sections_in_time(&self) -> Vec<Section> {
        let shown = &self.comparison_report;
        let mut sections: Vec<Section> =
            shown.minutes_section().into_iter().chain(shown.limiter_section()).collect();
        let lanes = self.images.iter().find(|(file, _)| file == LANES_PICTURE);
        if let (Some(first), Some((file, alt))) = (sections.first_mut(), lanes) {
            *first = std::mem::take(first).with_image(file, *alt);
        }
        sections
    }

    /// The table of all steps, with the printed total and the orchestrator where they are known.
    #[must_use]
    pub fn step_table(&self, steps: &[StepTotals]) -> TableView {
        let view = TableView::new("Tokens by step", step_columns(CLASS_KEYS));
        let rows = steps.iter().map(|step| step_row(&step.name, step));
        self.finish_step_table(view, rows.collect(), steps)
    }

    /// The same for people: sessions by their names; of many steps those that cost most, and the
    /// others in one row.
    fn short_step_table(&self, steps: &[StepTotals]) -> TableView {
        let names = SessionNames::of_recording(self.comparison_report.source.recording());
        let view = TableView::new("Tokens by step", step_columns(CLASS_WORDS));
        let (shown, others) = self.dearest_steps(steps);
        let rows =
            shown.iter().map(|&at| step_row(names.name_of_step(&steps[at].name), &steps[at]));
        let others = (!others.is_empty()).then(|| {
            // The others are one row, so that the rows still add up to the sum under them.
            let rest: Vec<StepTotals> = others.iter().map(|&at| steps[at].clone()).collect();
            step_row(&format!("{} more", rest.len()), &sum_of_steps(&rest))
        });
        self.finish_step_table(view, rows.chain(others).collect(), steps)
    }

    /// The places of the steps that a document shows one by one, and those of the others: the few
    /// of a published pipeline in its order, sessions of transcripts by what they cost.
    fn dearest_steps(&self, steps: &[StepTotals]) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..steps.len()).collect();
        if self.comparison_report.source.is_published() && steps.len() <= MOST_STEPS {
            return (order, Vec::new());
        }
        let headline = self.comparison_report.comparison.headline;
        order.sort_by_key(|&at| {
            let step = &steps[at];
            Reverse((step.token_money(), headline.amount_in_usage(&step.usage)))
        });
        let others = order.split_off(order.len().min(MOST_STEPS));
        (order, others)
    }

    fn finish_step_table(
        &self,
        mut view: TableView,
        rows: Vec<Vec<TableCell>>,
        steps: &[StepTotals],
    ) -> TableView {
        for row in rows {
            view.add_row(row);
        }
        let sum = sum_of_steps(steps);
        view.add_total(step_row("sum of the steps", &sum));
        let Some(reported) = self.comparison_report.source.pipeline() else {
            return view;
        };
        // Two totals on purpose: what the rounded steps add up to, and what the source prints.
        if reported.steps.total.is_printed() {
            view.add_total(printed_total_row(reported));
        }
        // Nobody tells whether the orchestrator's figures are sums over records: a range, and no
        // total with it but the whole, which has a table of its own.
        let whole = self.comparison_report.comparison.whole.as_ref();
        if let (Some(orchestrator), Some(whole)) = (&reported.orchestrator, whole) {
            let own = whole.parts.iter().find(|part| part.before.part == WholePart::Orchestrator);
            let reads = own.and_then(|part| part.before.reads);
            let name = format!("orchestrator, {} of it", orchestrator.attributed_share.text);
            let [fewest, most] = whole.orchestrator_calls.map(CellValue::Count);
            view.add_row(vec![
                TableCell::text(name),
                TableCell::from_range(fewest, most),
                TableCell::missing(),
                TableCell::missing(),
                reads.map_or_else(TableCell::missing, |[low, _, high]| {
                    TableCell::from_range(CellValue::Tokens(low), CellValue::Tokens(high))
                }),
                TableCell::missing(),
                TableCell::count(1),
                TableCell::duration(orchestrator.time.value()),
            ]);
            view.add_footnote(
                "the orchestrator's calls and reads are ranges, in neither total: the whole with \
                 it has a table of its own",
            );
        }
        view.add_footnote(
            "published figures are rounded; the steps are taken as printed, so their sum differs \
             from the printed total within rounding",
        );
        view
    }

    fn step_table_after(&self) -> TableView {
        let comparison: &Comparison = self.comparison_report.comparison;
        let headline = comparison.headline;
        let (noun, of) = match headline {
            HeadlineMetric::Reads => ("read", "step"),
            HeadlineMetric::Tokens => (headline.column_noun(), "route"),
        };
        let mut view = TableView::new(
            "Steps with all fixes on",
            vec![
                TableColumn::text(of),
                TableColumn::count("calls today"),
                TableColumn::count("calls with fixes"),
                TableColumn::tokens(format!("{noun} today")),
                TableColumn::tokens(format!("{noun} with fixes")),
                TableColumn::share("saved"),
            ],
        );
        let (before, after) = (&comparison.baseline_steps, &comparison.variant_steps);
        let names = SessionNames::of_recording(self.comparison_report.source.recording());
        let mut add_row = |name: &str, before: &StepTotals, after: &StepTotals| {
            let (was, is) =
                (headline.amount_in_usage(&before.usage), headline.amount_in_usage(&after.usage));
            view.add_row(vec![
                TableCell::text(name),
                TableCell::count(before.calls),
                TableCell::count(after.calls),
                TableCell::tokens(was),
                TableCell::tokens(is),
                TableCell::share_of_whole(was - is, was),
            ]);
        };
        let (shown, others) = self.dearest_steps(before);
        for at in shown {
            add_row(names.name_of_step(&before[at].name), &before[at], &after[at]);
        }
        if !others.is_empty() {
            let rest = |steps: &[StepTotals]| {
                sum_of_steps(&others.iter().map(|&at| steps[at].clone()).collect::<Vec<_>>())
            };
            add_row(&format!("{} more", others.len()), &rest(before), &rest(after));
        }
        view
    }

    /// What the model cannot know, and what was assumed instead.
    fn unknowns_section(&self) -> Section {
        let mut section = Section::new("What the model cannot know").with_bullets([
            "Whether a model obeys an instruction, and whether it needs more calls when it sees \
             less: these are parameters with ranges (`windtunnel explain R3`), never silence.",
            "Whether shorter contexts change what the model does next: a replay repeats the \
             recorded trajectory.",
        ]);
        if let Some(reported) = self.comparison_report.source.pipeline() {
            section = section.with_table(assumptions_table(&reported.assumptions));
        }
        if let Some(routes) = self.comparison_report.source.routes() {
            section = section
                .with_table(unknowns_table(routes))
                .with_table(assumptions_table(&routes.assumptions));
        }
        if let Some((_, fit)) = self.comparison_report.source.pipeline_fit() {
            section = section.with_table(reconstruction_table(fit));
            if !fit.notes.is_empty() {
                section = section.with_bullets(fit.notes.iter().map(String::as_str));
            }
        }
        section
    }
}

/// Classes of tokens as programs read them, and in words.
const CLASS_KEYS: [&str; 4] = ["fresh", "output", "read", "write"];
const CLASS_WORDS: [&str; 4] = ["new input", "output", "cache reads", "cache writes"];

fn step_columns([fresh, output, read, write]: [&str; 4]) -> Vec<TableColumn> {
    vec![
        TableColumn::text("step"),
        TableColumn::count("calls").with_ranges(),
        TableColumn::tokens(fresh),
        TableColumn::tokens(output),
        TableColumn::tokens(read).with_ranges(),
        TableColumn::tokens(write),
        TableColumn::count("sessions"),
        TableColumn::duration("time"),
    ]
}

fn step_row(name: &str, step: &StepTotals) -> Vec<TableCell> {
    vec![
        TableCell::text(name),
        TableCell::count(step.calls),
        TableCell::tokens(step.usage.fresh),
        TableCell::tokens(step.usage.output),
        TableCell::tokens(step.usage.read),
        TableCell::tokens(step.usage.write_tokens()),
        TableCell::count(step.sessions),
        TableCell::duration(step.session_ms),
    ]
}

fn sum_of_steps(steps: &[StepTotals]) -> StepTotals {
    StepTotals {
        name: String::new(),
        sessions: steps.iter().map(|step| step.sessions).sum(),
        calls: steps.iter().map(|step| step.calls).sum(),
        usage: steps.iter().map(|step| step.usage).sum(),
        cost_by_class: std::array::from_fn(|class| {
            steps.iter().map(|step| step.cost_by_class[class]).sum()
        }),
        session_ms: steps.iter().map(|step| step.session_ms).sum(),
    }
}

/// A column that the source does not add up has no cell.
fn printed_cell(figure: Option<&Figure>, cell_of: fn(i64) -> TableCell) -> TableCell {
    figure.map_or_else(TableCell::missing, |figure| cell_of(figure.value()))
}

fn printed_total_row(reported: &ReportedPipeline) -> Vec<TableCell> {
    let total = &reported.steps.total;
    vec![
        TableCell::text("total as printed"),
        TableCell::missing(),
        printed_cell(total.fresh.as_ref(), TableCell::tokens),
        printed_cell(total.output.as_ref(), TableCell::tokens),
        printed_cell(total.read.as_ref(), TableCell::tokens),
        printed_cell(total.write.as_ref(), TableCell::tokens),
        printed_cell(total.sessions.as_ref(), TableCell::count),
        printed_cell(total.time.as_ref(), TableCell::duration),
    ]
}
