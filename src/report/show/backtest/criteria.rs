//! Success criteria on two windows: what was wanted, what came, and what cannot be said.

use super::json::BacktestSourceJson;
use super::{
    BacktestSource, format_minute, format_percent, interval_cell, ratio_cell, skip_lines,
    source_lines,
};
use crate::price::DAY_MS;
use crate::recording::name_of_value;
use crate::report::format::format_integer;
use crate::report::json;
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::backtest::success_criteria::{
    CriteriaComparison, CriterionDoubt, CriterionMeasure, CriterionOutcome, CriterionResult,
    SuccessCriterion,
};
use crate::study::backtest::{BacktestSettings, EffectRatio};
use serde::Serialize;

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
        for line in source_lines(self.sources) {
            document.add_source(line);
        }
        document
    }

    fn criteria_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("criterion"),
            TableColumn::text("of"),
            TableColumn::mixed("before"),
            TableColumn::mixed("after"),
            TableColumn::number("ratio"),
            TableColumn::number("interval").with_ranges(),
            TableColumn::number("wanted at most"),
            TableColumn::text("verdict"),
        ];
        let mut view = TableView::new("Success criteria", columns);
        for one in &self.criteria.results {
            let SuccessCriterion { name, measure, falls_by, .. } = &one.criterion;
            let value = |value: Option<f64>| {
                TableCell::from_option(value.map(|value| match measure {
                    CriterionMeasure::Invocations => {
                        CellValue::Number((value * 1e3).round() as i64)
                    }
                    _ => CellValue::Tokens(value.round() as i64),
                }))
            };
            let tone = match one.outcome {
                CriterionOutcome::Met => Tone::Good,
                CriterionOutcome::NotMet => Tone::Bad,
                CriterionOutcome::NotMeasured => Tone::Strong,
                _ => Tone::Plain,
            };
            view.add_row(vec![
                TableCell::text(name),
                TableCell::text(criterion_place(&one.criterion)),
                value(one.before),
                value(one.after),
                ratio_cell(one.ratio),
                interval_cell(one.interval),
                ratio_cell(Some(1.0 - falls_by)),
                TableCell::text(name_of_value(&CriterionOutcome::NAMED, one.outcome))
                    .with_tone(tone),
            ]);
        }
        view.add_footnote("tokens and invocations: a day; average: tokens an invocation");
        view
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let CriteriaComparison { windows, executed, agents_gone: gone, results: judged } =
            self.criteria;
        let iso = |ms: i64| {
            jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
        };
        let one = |one: &CriterionResult| CriterionJson {
            name: one.criterion.name.clone(),
            agent: one.criterion.agent.clone(),
            kind: one.criterion.kind.clone(),
            measure: name_of_value(&CriterionMeasure::NAMED, one.criterion.measure),
            before: one.before.map(|value| value.round() as i64),
            after: one.after.map(|value| value.round() as i64),
            ratio: one.ratio.map(EffectRatio::from_f64),
            interval: one.interval.map(|ends| [ends.low, ends.high].map(EffectRatio::from_f64)),
            falls_by: EffectRatio::from_f64(one.criterion.falls_by),
            outcome: name_of_value(&CriterionOutcome::NAMED, one.outcome),
            doubts: one.doubts.iter().map(|doubt| doubt_sentence(doubt, &one.criterion)).collect(),
            source: one.criterion.source.clone(),
        };
        let body = CriteriaJson {
            windows: windows.map(|(since, until)| [iso(since), iso(until)]),
            executed: *executed,
            gone: gone.clone(),
            criteria: judged.iter().map(one).collect(),
            sources: self.sources.iter().map(BacktestSourceJson::from).collect(),
        };
        json::versioned_json("criteria", 1, &body)
    }
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

#[derive(Serialize)]
struct CriteriaJson {
    windows: [[String; 2]; 2],
    /// Invocations that did work, before and after.
    executed: [u32; 2],
    gone: Vec<String>,
    criteria: Vec<CriterionJson>,
    sources: Vec<BacktestSourceJson>,
}

#[derive(Serialize)]
struct CriterionJson {
    name: String,
    agent: String,
    kind: String,
    measure: &'static str,
    before: Option<i64>,
    after: Option<i64>,
    ratio: Option<EffectRatio>,
    interval: Option<[EffectRatio; 2]>,
    falls_by: EffectRatio,
    outcome: &'static str,
    doubts: Vec<String>,
    source: String,
}
