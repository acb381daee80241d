//! Success criteria on two windows: what was wanted, what came, and what cannot be said.

use super::fields::{interval_column, interval_field, ratio_field, source_fields};
use super::{
    BacktestSource, format_minute, format_percent, skip_lines, source_lines, to_thousandths,
};
use crate::price::DAY_MS;
use crate::recording::name_of_value;
use crate::report::columns::{ColumnField, list_schema, object_json};
use crate::report::format::format_integer;
use crate::report::json::{self, JsonValue};
use crate::report::view::ColumnKind;
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableView, Tone};
use crate::study::backtest::BacktestSettings;
use crate::study::backtest::success_criteria::{
    CriteriaComparison, CriterionDoubt, CriterionMeasure, CriterionOutcome, CriterionResult,
    SuccessCriterion,
};

/// Criteria and everything they are shown with.
pub struct CriteriaReport<'a> {
    /// What the file calls them.
    pub title: &'a str,
    /// The numbers.
    pub criteria: &'a CriteriaComparison,
    /// How they were looked at.
    pub settings: &'a BacktestSettings,
    /// Where they come from.
    pub sources: &'a [BacktestSource],
}

/// What to do where rollouts may have moved.
const BOTH_HOMES: &str = "rollouts may have moved (CODEX_HOME isolation, C7): name the old home \
                          and the new ones, and measure again";

impl CriteriaReport<'_> {
    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let title = if self.title.is_empty() { "Success criteria" } else { self.title };
        let mut document = ReportDocument::new(title);
        let CriteriaComparison { windows, executed, agents_gone: gone, results: judged } =
            self.criteria;
        let mut section =
            Section::new("Success criteria").with_bullets(judged.iter().map(criterion_sentence));
        section = section.with_table(self.criteria_table());
        let mut lines: Vec<String> = Vec::new();
        let days = windows.map(|(since, until)| {
            let days = (until - since) as f64 / DAY_MS as f64;
            format!(
                "{} to {} ({} days)",
                format_minute(since),
                format_minute(until),
                crate::report::format::format_thousandths((days * 1e2).round() as i64 * 10, false)
            )
        });
        lines.push(format!(
            "Before: {}; after: {}. Totals and counts are told a day, because windows differ in \
             length.",
            days[0], days[1]
        ));
        let [before, after] = executed.map(|count| format_integer(i64::from(count), false));
        lines.push(format!(
            "Invocations that did work (EXECUTE): {before} before, {after} after: where there is \
             less work, there is less to tell of."
        ));
        if !gone.is_empty() {
            lines.push(format!(
                "Not seen in the second window, and seen in the first: {}. Switched off, or its \
                 rollouts lie elsewhere.",
                gone.join(", ")
            ));
        }
        for source in self.sources {
            lines.extend(source.notes.iter().map(|note| format!("{}: {note}", source.name)));
            lines.extend(skip_lines(source));
        }
        document.add_section(section.with_bullets(lines));
        document.add_section(Section::new("Method").with_bullets([
            "Every call counts once, with the packet that woke its agent; an invocation counts in \
             the window in which its first call ends, retries included."
                .to_owned(),
            format!(
                "Intervals ({}): draws of whole days for totals and counts, of whole pieces of \
                 work (roots) for averages; none with fewer than five of them on a side. \"By \
                 enough\" is what the file of criteria says, as a ratio of the two values.",
                format_percent(self.settings.confidence)
            ),
        ]));
        document.add_sources(source_lines(self.sources));
        document
    }

    fn criteria_table(&self) -> TableView {
        let rows = &self.criteria.results;
        let mut view = TableView::from_fields("Success criteria", &criterion_fields(), rows);
        view.add_footnote("tokens and invocations: a day; average: tokens an invocation");
        view
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("criteria", 1, &object_json(&report_fields(), &self))
    }
}

/// A figure for people: invocations in thousandths, tokens whole.
fn figure_cell(result: &CriterionResult, value: Option<f64>) -> TableCell {
    // Invocations a day are few, so that their fractions count.
    TableCell::from_option(value.map(|value| match result.criterion.measure {
        CriterionMeasure::Invocations => CellValue::Number(to_thousandths(value)),
        _ => CellValue::Tokens(value.round() as i64),
    }))
}

fn outcome_cell(outcome: CriterionOutcome) -> TableCell {
    let word = name_of_value(&CriterionOutcome::NAMED, outcome);
    TableCell::text(word).with_tone(match outcome {
        CriterionOutcome::Met => Tone::Good,
        CriterionOutcome::NotMet => Tone::Bad,
        CriterionOutcome::NotMeasured => Tone::Strong,
        _ => Tone::Plain,
    })
}

/// A criterion and what came of it.
fn criterion_fields<'a>() -> Vec<ColumnField<'a, &'a CriterionResult>> {
    type Row<'a> = &'a CriterionResult;
    type Field<'a> = ColumnField<'a, &'a CriterionResult>;
    vec![
        Field::text("name", "criterion", "its name", |it| it.criterion.name.as_str()),
        Field::text("", "of", "what it is about", |it| criterion_place(&it.criterion)),
        Field::text("agent", "", "the agent", |it| it.criterion.agent.as_str()),
        Field::text("kind", "", "the kind of work; empty for all", |it| it.criterion.kind.as_str()),
        Field::text("measure", "", "what is measured", |it| {
            name_of_value(&CriterionMeasure::NAMED, it.criterion.measure)
        }),
        Field::tokens("before", "", "before", |it| it.before.map(|value| value.round() as i64)),
        Field::tokens("after", "", "after", |it| it.after.map(|value| value.round() as i64)),
        Field::from_cells(ColumnKind::Mixed, "", "before", "before", |it| {
            figure_cell(it, it.before)
        }),
        Field::from_cells(ColumnKind::Mixed, "", "after", "after", |it| figure_cell(it, it.after)),
        ratio_field("ratio", "after by before", |it: &Row<'a>| it.ratio),
        Field::number("", "ratio", "after by before", |it| it.ratio.map(to_thousandths)),
        interval_field("interval", "where it lies", |it: &Row<'a>| it.interval),
        interval_column("interval", "where it lies", |it: &Row<'a>| it.interval),
        ratio_field("falls_by", "the part by which it is to fall", |it: &Row<'a>| {
            Some(it.criterion.falls_by)
        }),
        Field::number("", "wanted at most", "the ratio that was wanted", |it| {
            to_thousandths(1.0 - it.criterion.falls_by)
        }),
        Field::text("outcome", "", "what came of it", |it| {
            name_of_value(&CriterionOutcome::NAMED, it.outcome)
        }),
        Field::from_cells(ColumnKind::Text, "", "verdict", "what came of it", |it| {
            outcome_cell(it.outcome)
        }),
        Field::texts("doubts", "", "why it cannot be said", |it| {
            let doubts = it.doubts.iter();
            doubts.map(|doubt| doubt_sentence(doubt, &it.criterion)).collect::<Vec<_>>()
        }),
        Field::text("source", "", "who wants it", |it| it.criterion.source.as_str()),
    ]
}

/// What `backtest --format json` has of success criteria: `windtunnel.criteria/1`.
pub(in crate::report::show) fn report_fields<'a>() -> Vec<ColumnField<'a, &'a CriteriaReport<'a>>> {
    type Field<'a> = ColumnField<'a, &'a CriteriaReport<'a>>;
    let texts = list_schema(JsonValue::object([("type", "string".into())]));
    let counts = list_schema(JsonValue::object([("type", "integer".into())]));
    vec![
        Field::nested("windows", "from and to of both", list_schema(texts), |it| {
            let windows = it
                .criteria
                .windows
                .map(|(since, until)| JsonValue::List([since, until].map(instant_json).to_vec()));
            Some(JsonValue::List(windows.to_vec()))
        }),
        Field::nested("executed", "invocations that did work, in both", counts, |it| {
            let counts = it.criteria.executed.map(|n| JsonValue::Integer(i128::from(n)));
            Some(JsonValue::List(counts.to_vec()))
        }),
        Field::texts("gone", "", "agents that are not seen any more", |it| {
            it.criteria.agents_gone.clone()
        }),
        Field::rows("criteria", "criterion by criterion", criterion_fields(), |it| {
            it.criteria.results.iter().collect()
        }),
        Field::rows("sources", "where they come from", source_fields(), |it| {
            it.sources.iter().collect()
        }),
    ]
}

fn instant_json(at_ms: i64) -> JsonValue {
    let instant = jiff::Timestamp::from_millisecond(at_ms);
    JsonValue::Text(instant.map(|at| at.to_string()).unwrap_or_default())
}

/// What a criterion is about.
fn criterion_place(criterion: &SuccessCriterion) -> String {
    match criterion.kind.as_str() {
        "" => criterion.agent.clone(),
        kind => format!("{} / {kind}", criterion.agent),
    }
}

fn criterion_sentence(one: &CriterionResult) -> String {
    let CriterionResult { criterion, ratio, outcome, doubts, .. } = one;
    let word = name_of_value(&CriterionOutcome::NAMED, *outcome);
    // A doubt comes before any ratio: with one no fall is believed.
    if !doubts.is_empty() {
        let why: Vec<String> =
            doubts.iter().map(|doubt| doubt_sentence(doubt, criterion)).collect();
        return format!("{}: {word}: {}.", criterion.name, why.join("; "));
    }
    match ratio {
        None => format!("{}: {word}: there is nothing to compare.", criterion.name),
        Some(ratio) => {
            format!(
                "{}: {word} ({} times what it was).",
                criterion.name,
                super::format_two_places(*ratio)
            )
        }
    }
}

/// A doubt in words, with what to do.
fn doubt_sentence(doubt: &CriterionDoubt, criterion: &SuccessCriterion) -> String {
    let agent = &criterion.agent;
    match doubt {
        CriterionDoubt::Damaged { lost } => format!(
            "lines or files of the rollouts that are lost (cut or unreadable): {lost}; what is \
             lost looks saved"
        ),
        CriterionDoubt::NothingBefore => {
            format!(
                "{} is nowhere in the first window: there is nothing to fall",
                criterion_place(criterion)
            )
        }
        CriterionDoubt::AgentGone => {
            format!("{agent} is in the first window and nowhere in the second: {BOTH_HOMES}")
        }
        CriterionDoubt::WorkersGone => format!(
            "digests of the second window tell of finished work (TASK_COMPLETE:EXECUTE), but no \
             invocation there did any: {BOTH_HOMES}"
        ),
        CriterionDoubt::DigestsGone => format!(
            "work was done in the second window, but no digest told of it, and no fast path takes \
             those (TASK_COMPLETE:EXECUTE): {BOTH_HOMES}"
        ),
        CriterionDoubt::AgentSilent { since_ms } => format!(
            "the last invocation of {agent} is of {}, and the window goes on for longer than any \
             of its pauses before: {BOTH_HOMES}",
            format_minute(*since_ms)
        ),
    }
}
