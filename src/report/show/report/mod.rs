//! The whole report: what is claimed, what replay says, what the audit found, what nobody knows.

mod summary;

use crate::fixed;
use crate::reconstruct::reported::Assumption;
use crate::reconstruct::{Reconstruction, Reported, Routes};
use crate::report::show::compare::{Shown, lens_note};
use crate::report::{Cell, Column, Document, Section, View};
use crate::study::compare::Comparison;
use crate::study::headline::Headline;
use crate::study::order::Order;
use crate::study::sides::Step;
use crate::units::{Usage, part_bp};

/// A report and everything it is made from.
pub struct Full<'a> {
    /// The comparison with its provenance.
    pub shown: Shown<'a>,
    /// How a reported pipeline was fitted.
    pub fit: Option<&'a Reconstruction>,
    /// In which order to build; `None` where no sweep can be made.
    pub order: Option<&'a Order>,
    /// Pictures beside the report: file name and what it shows.
    pub images: &'a [(String, &'static str)],
}

/// Pictures that stand with the table of toggles; the others follow at the end.
const BESIDE_TOGGLES: usize = 2;

impl Full<'_> {
    /// The report as a document.
    #[must_use]
    pub fn document(&self) -> Document {
        let shown = &self.shown;
        let comparison = shown.comparison;
        let title = match (shown.reported, shown.routes) {
            (Some(reported), _) => format!("{}: {}", reported.name, reported.title),
            (_, Some(routes)) => format!("{}: {}", routes.name, routes.title),
            (None, None) => shown.provenance.recording.clone(),
        };
        let mut document = Document::new(title);
        document.section(self.summary());
        let mut baseline = Section::new("Baseline by step");
        if let Some(lens) = shown.lens {
            baseline = baseline.paragraph(lens_note(lens));
        }
        document.section(baseline.table(self.steps(&comparison.baseline_steps)));
        let mut toggles = Section::new("What each toggle is worth").table(shown.toggles());
        if let Some(dollars) = shown.dollars() {
            toggles = toggles.table(dollars);
        }
        let (first, others) = self.images.split_at(self.images.len().min(BESIDE_TOGGLES));
        for (file, alt) in first {
            toggles = toggles.image(file, *alt);
        }
        document.section(toggles.bullets(shown.explanations()));
        document.sections.extend(shown.bounds());
        document.section(shown.together().table(self.steps_after()));
        document.sections.extend(shown.seen());
        document.sections.extend(shown.limiter());
        document.sections.extend(shown.open());
        if let Some(spread) = shown.spread_section() {
            document.section(spread);
        }
        if !shown.findings.is_empty() {
            let audit = Section::new("What the audit found");
            let is_reported = shown.reported.is_some() || shown.routes.is_some();
            document.section(
                audit.table(crate::report::show::audit::view(shown.findings, is_reported)),
            );
        }
        if !others.is_empty() {
            let section = Section::new("More pictures");
            let add =
                |section: Section, (file, alt): &(String, &'static str)| section.image(file, *alt);
            document.section(others.iter().fold(section, add));
        }
        document.section(self.unknown());
        for line in shown.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// Share by which a summary without the orchestrator understates, and the true reads.
    fn understated(&self) -> Option<(i64, i64)> {
        let reported = self.shown.reported?;
        let orchestrator = reported.orchestrator.as_ref()?.attributed();
        let total = reported.steps.total.read.value() + orchestrator;
        Some((part_bp(orchestrator, total), total))
    }

    /// The table of steps, with the printed total and the orchestrator where they are known.
    #[must_use]
    pub fn steps(&self, steps: &[Step]) -> View {
        let mut view = View::new("Tokens by step", step_columns());
        for step in steps {
            view.row(step_row(&step.name, step));
        }
        let sum = summed(steps);
        view.total(step_row("sum of the steps", &sum));
        let Some(reported) = self.shown.reported else {
            return view;
        };
        view.total(printed_total(reported));
        if let Some(orchestrator) = &reported.orchestrator {
            let usage = Usage { read: orchestrator.attributed(), ..Usage::default() };
            let name = format!("orchestrator, {} of it", orchestrator.attributed_share.text);
            view.row(vec![
                Cell::text(name),
                Cell::count(orchestrator.calls.value()),
                Cell::missing(),
                Cell::missing(),
                Cell::tokens(usage.read),
                Cell::missing(),
                Cell::count(1),
                Cell::duration(orchestrator.time.value()),
            ]);
            let total = reported.steps.total.read.value() + usage.read;
            let mut row = vec![Cell::text("with the orchestrator"), Cell::missing()];
            row.extend([Cell::missing(), Cell::missing(), Cell::tokens(total)]);
            row.extend([Cell::missing(), Cell::missing(), Cell::missing()]);
            view.total(row);
        }
        view.footnote(
            "published figures are rounded; the steps are taken as printed, so their sum differs \
             from the printed total within rounding",
        );
        view
    }

    fn steps_after(&self) -> View {
        let comparison: &Comparison = self.shown.comparison;
        let headline = comparison.headline;
        let (noun, of) = match headline {
            Headline::Reads => ("read", "step"),
            Headline::Tokens => (headline.noun(), "route"),
        };
        let mut view = View::new(
            "Steps with all toggles on",
            vec![
                Column::text(of),
                Column::count("calls before"),
                Column::count("calls after"),
                Column::tokens(format!("{noun} before")),
                Column::tokens(format!("{noun} after")),
                Column::share("saved"),
            ],
        );
        for (before, after) in comparison.baseline_steps.iter().zip(&comparison.variant_steps) {
            let (was, is) = (headline.of_usage(&before.usage), headline.of_usage(&after.usage));
            view.row(vec![
                Cell::text(&before.name),
                Cell::count(before.calls),
                Cell::count(after.calls),
                Cell::tokens(was),
                Cell::tokens(is),
                Cell::part(was - is, was),
            ]);
        }
        view
    }

    /// What the model cannot know, and what was assumed instead.
    fn unknown(&self) -> Section {
        let mut section = Section::new("What the model cannot know").bullets([
            "Whether a model obeys an instruction, and whether it needs more calls when it sees \
             less: these are parameters with ranges (`windtunnel explain R3`), never silence.",
            "Whether shorter contexts change what the model does next: a replay repeats the \
             recorded trajectory.",
        ]);
        if let Some(reported) = self.shown.reported {
            section = section.table(assumed(&reported.assumptions));
        }
        if let Some(routes) = self.shown.routes {
            section = section.table(unknowns(routes)).table(assumed(&routes.assumptions));
        }
        if let Some(fit) = self.fit {
            section = section.table(fitted(fit));
            if !fit.notes.is_empty() {
                section = section.bullets(fit.notes.iter().map(String::as_str));
            }
        }
        section
    }
}

fn step_columns() -> Vec<Column> {
    vec![
        Column::text("step"),
        Column::count("calls"),
        Column::tokens("fresh"),
        Column::tokens("output"),
        Column::tokens("read"),
        Column::tokens("write"),
        Column::count("sessions"),
        Column::duration("time"),
    ]
}

fn step_row(name: &str, step: &Step) -> Vec<Cell> {
    vec![
        Cell::text(name),
        Cell::count(step.calls),
        Cell::tokens(step.usage.fresh),
        Cell::tokens(step.usage.output),
        Cell::tokens(step.usage.read),
        Cell::tokens(step.usage.write()),
        Cell::count(step.sessions),
        Cell::duration(step.session_ms),
    ]
}

fn summed(steps: &[Step]) -> Step {
    Step {
        name: String::new(),
        sessions: steps.iter().map(|step| step.sessions).sum(),
        calls: steps.iter().map(|step| step.calls).sum(),
        usage: steps.iter().map(|step| step.usage).sum(),
        session_ms: steps.iter().map(|step| step.session_ms).sum(),
    }
}

fn printed_total(reported: &Reported) -> Vec<Cell> {
    let total = &reported.steps.total;
    vec![
        Cell::text("total as printed"),
        Cell::missing(),
        Cell::tokens(total.fresh.value()),
        Cell::tokens(total.output.value()),
        Cell::tokens(total.read.value()),
        Cell::tokens(total.write.value()),
        Cell::count(total.sessions.value()),
        Cell::duration(total.time.value()),
    ]
}

fn unknowns(routes: &Routes) -> View {
    let mut view = View::new(
        "Not published: drawn from these ranges",
        vec![
            Column::text("unknown"),
            Column::text("what"),
            Column::count("low"),
            Column::count("mode"),
            Column::count("high"),
            Column::text("why"),
        ],
    );
    for one in &routes.unknowns {
        let ends = [one.low, one.mode, one.high].map(Cell::count);
        let mut row = vec![Cell::text(&one.id), Cell::text(&one.what)];
        row.extend(ends);
        row.push(Cell::text(&one.why));
        view.row(row);
    }
    view
}

fn assumed(assumptions: &[Assumption]) -> View {
    let columns = ["assumption", "value", "could be", "why"].map(Column::text).to_vec();
    let mut view = View::new("Assumed, because the source does not say", columns);
    for one in assumptions {
        view.row([&one.id, &one.value, &one.range, &one.why].map(Cell::text).to_vec());
    }
    view
}

fn fitted(fit: &Reconstruction) -> View {
    let mut view = View::new(
        "How sessions were reconstructed",
        vec![
            Column::text("session"),
            Column::text("step"),
            Column::count("published"),
            Column::count("calls"),
            Column::text("5-95 %"),
            Column::text("exponent"),
            Column::tokens("mean context"),
        ],
    );
    for session in &fit.sessions {
        let published = session.calls_published.map(|n| crate::report::Value::Count(i64::from(n)));
        let (low, high) = session.calls_range;
        let exponent = session.exponent.map_or_else(|| "none".to_owned(), fixed::to_decimal);
        view.row(vec![
            Cell::text(&session.id),
            Cell::text(&session.step),
            Cell::maybe(published),
            Cell::count(i64::from(session.calls)),
            Cell::text(format!("{low}-{high}")),
            Cell::text(exponent),
            Cell::tokens(session.mean_context),
        ]);
    }
    view.footnote(
        "exponent: context grows as (share of calls made)^exponent; real sessions have a median of \
         0.71, 98 % of them between 0.23 and 1.82",
    );
    view
}
