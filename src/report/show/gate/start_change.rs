//! What a changed start costs: `windtunnel.gate-start/1`.

use super::first_screen::{metric_words, verdict_cell};
use super::sentences::{amount_value, judgement_word, limit_phrase};
use crate::kinds::Role;
use crate::report::columns::{ColumnField, object_json};
use crate::report::document::LabelledRemark;
use crate::report::format::{self, NumberStyle};
use crate::report::json;
use crate::report::view::{ColumnKind, KEPT};
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::gate::start_change::{
    StartCost, StartFigure, StartGate, StartPart, StartSize, TokenBand,
};
use crate::study::gate::{GateOutcome, MetricUnit, RowVerdict, share_bp};
use crate::units::PicoUsd;

/// Pipelines on the first screen.
const MOST_ROWS: usize = 5;

/// A gate on the start and everything that it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct StartReport<'a> {
    /// The numbers.
    pub gate: &'a StartGate,
    /// Where they come from, a line each.
    pub sources: &'a [String],
}

/// A figure of a pipeline.
type CostRow<'a> = (&'a StartCost, &'a StartFigure);

impl<'a> StartReport<'a> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("gate-start", 1, &object_json(&start_fields(), self))
    }

    /// The first screen.
    #[must_use]
    pub fn first_screen(&self) -> Section {
        let mut section = Section::new("").with_decision(self.decision_lines());
        section = section.with_table(self.parts_table());
        let mut rows: Vec<CostRow<'a>> =
            self.gate.costs.iter().filter_map(|cost| Some((cost, leading_figure(cost)?))).collect();
        rows.sort_by_key(|(_, figure)| (figure.verdict as u8, std::cmp::Reverse(moved(figure))));
        section = section.with_table(costs_table(rows.iter().take(MOST_ROWS).copied()));
        section.with_remarks(self.remarks(rows.len()))
    }

    /// For people: every figure of every pipeline.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new("");
        let rows: Vec<CostRow<'a>> = self.rows();
        let mut view = TableView::from_fields("Figures", &figure_fields(), rows);
        view.add_footnote(
            "between the least and the largest size that the changed parts may have in tokens",
        );
        let parts = self.parts_table();
        document.add_section(Section::new("Start").with_table(parts).with_table(view));
        document.add_sources(self.sources);
        document
    }

    fn rows(&self) -> Vec<CostRow<'a>> {
        let costs = self.gate.costs.iter();
        costs.flat_map(|cost| cost.figures.iter().map(move |figure| (cost, figure))).collect()
    }

    /// The change of the start of a main thread.
    fn whole_change(&self) -> TokenBand {
        self.gate.change.start_change(Role::Main, self.gate.tokenizer())
    }

    /// The verdict, and the pipeline that it rests on.
    fn decision_lines(&self) -> Vec<String> {
        let word = match self.gate.outcome() {
            GateOutcome::Passes => "pass",
            GateOutcome::Refused => "FAIL",
            GateOutcome::NotJudged => "?",
        };
        let change = self.whole_change();
        // Two starts of one size may still differ in words; the replay counts tokens alone.
        if change == [0; 3] {
            return vec![format!("{word} both starts are of one size: nothing changes")];
        }
        let [low, middle, high] = change.map(|tokens| format::format_tokens(tokens.abs(), false));
        let grows = if change[1] < 0 { "shrinks" } else { "grows" };
        // What shrinks is told without its sign, which turns its ends round.
        let [low, high] = if change[1] < 0 { [high, low] } else { [low, high] };
        let mut lines = vec![format!(
            "{word} the start {grows} by {middle} tokens ({low} to {high}, estimated)"
        )];
        // The worst verdict, of these money before tokens, of these the pipeline that moves most.
        let judged = self.rows().into_iter().filter(|(_, it)| it.verdict != RowVerdict::Unlimited);
        let worst = judged.min_by_key(|(_, it)| {
            let is_money = it.metric.unit() == MetricUnit::Money;
            (it.verdict as u8, !is_money, std::cmp::Reverse(moved(it)))
        });
        if let Some((cost, figure)) = worst {
            lines.push(cost_phrase(cost, figure));
        }
        if self.gate.outcome() == GateOutcome::NotJudged {
            lines.push(
                "calls without a price: add rows with --prices, or allow them in the budget; exit 2"
                    .to_owned(),
            );
        }
        lines
    }

    /// The parts that either folder has.
    fn parts_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("part of the start").with_rank(KEPT),
            TableColumn::tokens("before").with_rank(3),
            TableColumn::tokens("after").with_rank(3),
            TableColumn::tokens("change").with_sign().with_ranges().with_rank(KEPT),
            TableColumn::text("what of it").with_rank(1),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        let parts = StartPart::NAMED.iter().filter(|(part, _)| self.gate.change.has_part(*part));
        for (part, name) in parts {
            let row = PartRow { gate: self.gate, part: *part };
            let [low, _, high] = row.change();
            let [before, after] = row.tokens();
            view.add_row(vec![
                TableCell::text(format!("{name} ({})", row.items_phrase())),
                TableCell::tokens(before),
                TableCell::tokens(after),
                TableCell::from_range(CellValue::Tokens(low), CellValue::Tokens(high)),
                TableCell::text(what_enters(*part)),
            ]);
        }
        view
    }

    fn remarks(&self, pipelines: usize) -> Vec<LabelledRemark> {
        let gate = self.gate;
        let mut remarks = Vec::new();
        if pipelines > MOST_ROWS {
            let words = format!("{} more: --details", pipelines - MOST_ROWS);
            remarks.push(LabelledRemark::new("and", words));
        }
        // A session without its first call in the record cannot be given another start.
        let (sessions, unseen) = gate.costs.iter().fold((0, 0), |(sessions, unseen), cost| {
            (sessions + cost.sessions, unseen + cost.unseen)
        });
        let basis = format!(
            "sizes are estimates from characters, as {} counts; {sessions} recorded sessions \
             replayed with the other start, no new run",
            gate.model
        );
        remarks.push(LabelledRemark::new("basis", basis));
        if unseen > 0 {
            let words = format!("{unseen} sessions show no start and stay as they are");
            remarks.push(LabelledRemark::new("note", words));
        }
        remarks.push(LabelledRemark::new(
            "more",
            "--details, --format markdown, windtunnel explain G7",
        ));
        remarks
    }
}

/// A part of both starts.
struct PartRow<'a> {
    gate: &'a StartGate,
    part: StartPart,
}

impl PartRow<'_> {
    /// Before and after.
    fn sizes(&self) -> [StartSize; 2] {
        self.gate.change.part(self.part)
    }

    fn tokens(&self) -> [i64; 2] {
        let tokenizer = self.gate.tokenizer();
        self.sizes()
            .map(|size| crate::recording::estimate::estimate_start_band(tokenizer, size.chars)[1])
    }

    fn change(&self) -> TokenBand {
        self.gate.change.part_change(self.part, self.gate.tokenizer())
    }

    /// How many there are: `3`, or `3 -> 5`.
    fn items_phrase(&self) -> String {
        let [before, after] = self.sizes().map(|size| size.items);
        if before == after { before.to_string() } else { format!("{before} -> {after}") }
    }
}

/// What of a part a session starts with.
fn what_enters(part: StartPart) -> &'static str {
    match part {
        StartPart::SystemPrompt => "all",
        StartPart::Memory => "all, subagents too",
        StartPart::Skills | StartPart::Agents => "name, description",
        StartPart::Tools => "schema, subagents too",
    }
}

/// The figure that a pipeline is told by: what is beyond its limit, else money where there is some.
fn leading_figure(cost: &StartCost) -> Option<&StartFigure> {
    let beyond = cost.figures.iter().find(|figure| figure.verdict == RowVerdict::Beyond);
    beyond.or(cost.figures.first())
}

/// How far a figure moves, as a part of what it was.
fn moved(figure: &StartFigure) -> i64 {
    share_bp(figure.after[1] - figure.before, figure.before).abs()
}

/// `order-774: dollars $22.87 -> $24.07 (+5.2 %), allowed +2 %`.
fn cost_phrase(cost: &StartCost, figure: &StartFigure) -> String {
    let unit = figure.metric.unit();
    let [before, after] = [figure.before, figure.after[1]]
        .map(|value| format::format_value(&amount_value(unit, value), NumberStyle::default()));
    let signed = NumberStyle { signed: true, ..NumberStyle::default() };
    let change = format::format_share(change_bp(figure, 1), signed);
    let limit = limit_phrase(unit, &figure.limit);
    let may_be = match figure.verdict {
        RowVerdict::Unsure => ", beyond it at an end of the estimate",
        _ => "",
    };
    let name = &cost.name;
    let metric = metric_words(figure.metric);
    format!("{name}: {metric} {before} -> {after} ({change}), allowed {limit}{may_be}")
}

fn change_bp(figure: &StartFigure, end: usize) -> i64 {
    share_bp(figure.after[end] - figure.before, figure.before)
}

/// A share of the changes at both ends.
fn band_cell(figure: &StartFigure) -> TableCell {
    let [a, b, c] = [0, 1, 2].map(|end| change_bp(figure, end));
    // More tokens are not always dearer: beyond a smallest prefix a cache begins to pay.
    let (low, high) = (a.min(b).min(c), a.max(b).max(c));
    TableCell::from_range(CellValue::Share(low), CellValue::Share(high))
}

fn costs_table<'a>(rows: impl Iterator<Item = CostRow<'a>>) -> TableView {
    let columns = vec![
        TableColumn::text("").with_rank(KEPT),
        TableColumn::text("pipeline").with_rank(KEPT),
        TableColumn::text("metric").with_rank(2),
        TableColumn::mixed("today").with_rank(3),
        TableColumn::mixed("with it").with_rank(4),
        TableColumn::share("change").with_sign().with_ranges().with_rank(5),
        TableColumn::text("limit").with_rank(2).flush_right(),
    ];
    let mut view = TableView::new("", columns).for_first_screen();
    for (cost, figure) in rows {
        let unit = figure.metric.unit();
        view.add_row(vec![
            verdict_cell(figure.verdict),
            TableCell::text(&cost.name),
            TableCell::text(metric_words(figure.metric)),
            TableCell::new(amount_value(unit, figure.before)),
            TableCell::new(amount_value(unit, figure.after[1])),
            band_cell(figure),
            TableCell::text(limit_phrase(unit, &figure.limit)),
        ]);
    }
    view
}

fn figure_fields<'a>() -> Vec<ColumnField<'a, CostRow<'a>>> {
    type Field<'a> = ColumnField<'a, CostRow<'a>>;
    vec![
        Field::text("pipeline", "pipeline", "the pipeline, or the recording", |row| {
            row.0.name.as_str()
        }),
        Field::count("sessions", "sessions", "sessions with the other start", |row| row.0.sessions),
        Field::count("unseen", "", "sessions that show no start", |row| row.0.unseen),
        Field::text("metric", "metric", "the metric", |row| row.1.metric.name()),
        amount_field("today", "as recorded", None),
        amount_field("least", "at the least size", Some(0)),
        amount_field("usual", "at the usual size", Some(1)),
        amount_field("largest", "at the largest size", Some(2)),
        number_field("before", "as recorded", None),
        number_field("low", "with the other start, at the least size", Some(0)),
        number_field("middle", "at the usual size", Some(1)),
        number_field("high", "at the largest size", Some(2)),
        Field::share("change", "change", "growth at the usual size", |row| {
            Some(change_bp(row.1, 1))
        })
        .with_sign(),
        Field::text("limit", "limit", "what may be, in words", |row| {
            limit_phrase(row.1.metric.unit(), &row.1.limit)
        }),
        Field::text("judged", "judged", "beyond, within, not judged, or empty", |row| {
            match row.1.verdict {
                RowVerdict::Unsure => "may be",
                other => judgement_word(other),
            }
        }),
    ]
}

/// A figure for people: as recorded, or with the other start at one of three sizes.
fn amount_field<'a>(
    heading: &'static str,
    about: &'static str,
    size: Option<usize>,
) -> ColumnField<'a, CostRow<'a>> {
    ColumnField::from_cells(ColumnKind::Mixed, "", heading, about, move |row: &CostRow<'a>| {
        TableCell::new(amount_value(row.1.metric.unit(), figure_at_size(row.1, size)))
    })
}

/// The same for programs.
fn number_field<'a>(
    name: &'static str,
    about: &'static str,
    size: Option<usize>,
) -> ColumnField<'a, CostRow<'a>> {
    let field = ColumnField::pico_usd(name, "", about, move |row: &CostRow<'a>| {
        PicoUsd(figure_at_size(row.1, size))
    });
    field.in_unit("unit of the metric; dollars in 10^-12 USD")
}

fn figure_at_size(figure: &StartFigure, size: Option<usize>) -> i128 {
    size.map_or(figure.before, |size| figure.after[size])
}

fn part_fields<'a>() -> Vec<ColumnField<'a, PartRow<'a>>> {
    type Field<'a> = ColumnField<'a, PartRow<'a>>;
    vec![
        Field::text("part", "", "the part", |row| row.part.name()),
        Field::count("items_before", "", "files, skills, agents or tools before", |row| {
            row.sizes()[0].items
        }),
        Field::count("items_after", "", "the same after", |row| row.sizes()[1].items),
        Field::count("chars_before", "", "characters that enter the start", |row| {
            row.sizes()[0].chars
        }),
        Field::count("chars_after", "", "the same after", |row| row.sizes()[1].chars),
        Field::tokens("low", "", "change in tokens, at the lowest rate", |row| row.change()[0]),
        Field::tokens("middle", "", "at the usual rate", |row| row.change()[1]),
        Field::tokens("high", "", "at the highest rate", |row| row.change()[2]),
    ]
}

/// What `gate-start --format json` has.
pub(in crate::report::show) fn start_fields<'a>() -> Vec<ColumnField<'a, StartReport<'a>>> {
    type Field<'a> = ColumnField<'a, StartReport<'a>>;
    vec![
        Field::text("outcome", "", "pass, fail or not judged", |it| match it.gate.outcome() {
            GateOutcome::Passes => "pass",
            GateOutcome::Refused => "fail",
            GateOutcome::NotJudged => "not judged",
        }),
        Field::texts("decision", "", "the same in words", StartReport::decision_lines),
        Field::text("model", "", "whose tokens sizes are told in", |it| it.gate.model.as_str()),
        Field::rows("parts", "what a start is made of; sizes are estimates", part_fields(), |it| {
            let gate = it.gate;
            let parts = StartPart::NAMED.iter().filter(|(part, _)| gate.change.has_part(*part));
            parts.map(|(part, _)| PartRow { gate, part: *part }).collect()
        }),
        Field::rows("figures", "what the change costs", figure_fields(), StartReport::rows),
        Field::texts("sources", "", "where the numbers come from", |it| it.sources.to_vec()),
    ]
}
