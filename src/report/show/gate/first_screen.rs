//! The gate's first screen: the verdict in a line, the figures that decide, why, and what next.

use super::defects::{defect_sentences, place_name, sorted_defects};
use super::fields::mean_cell;
use super::sentences::{format_mean, limit_phrase, note_sentences};
use super::{GateReport, to_basis_points};
use crate::report::document::LabelledRemark;
use crate::report::format::{self, NumberStyle};
use crate::report::view::KEPT;
use crate::report::{CellValue, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::gate::{
    ChangeSubject, FigureKey, GateMetric, GateOutcome, GateRow, GateScope, GrowthCause, MetricUnit,
    RowVerdict, share_bp,
};

/// Rows of the table.
const MOST_ROWS: usize = 6;
/// Places that are named for what grew, and what is told of each.
const MOST_CAUSES: usize = 2;
const MOST_CHANGES: usize = 3;
/// Notes that are told; the others are counted.
const MOST_NOTES: usize = 2;

impl GateReport<'_> {
    /// The first screen. `accepts` says whether the candidate can be made the new baseline.
    #[must_use]
    pub fn first_screen(&self, accepts: bool) -> Section {
        let outcome = self.gate.outcome();
        let mut section = Section::new("").with_decision(self.decision_lines());
        let rows: Vec<&GateRow> = self.limited_rows().collect();
        // What holds says so in one line; a table shows what does not.
        if outcome != GateOutcome::Passes || rows.iter().any(|it| super::needs_a_look(it.verdict)) {
            section = section.with_table(deciding_rows_table(&rows));
        }
        section.with_remarks(self.remarks(rows.len(), accepts))
    }

    /// The verdict, and what it rests on.
    pub(super) fn decision_lines(&self) -> Vec<String> {
        let gate = self.gate;
        let rows: Vec<&GateRow> = self.limited_rows().collect();
        let [unsure, holding] = [RowVerdict::Unsure, RowVerdict::Within]
            .map(|verdict| rows.iter().filter(|row| row.verdict == verdict).count());
        match gate.outcome() {
            GateOutcome::Refused => {
                let worst = self.leading_row(RowVerdict::Beyond).map(row_phrase);
                vec![format!("FAIL {}", worst.unwrap_or_default())]
            }
            GateOutcome::NotJudged => {
                // Of several defects the worst that the budget does not allow decides; it names its
                // way out.
                let stopping = sorted_defects(gate).into_iter().find(|it| !it.is_allowed());
                let (problem, way_out) = stopping.map(defect_sentences).unwrap_or_default();
                let place = stopping.map_or("", place_name);
                let others = match holding {
                    // A reader of a CI log is told the code, which stands nowhere else.
                    0 => "exit 2".to_owned(),
                    _ => format!("{}; exit 2", count_phrase(holding, "other limit holds")),
                };
                vec![format!("? cannot judge: {place}: {problem}"), format!("{way_out}; {others}")]
            }
            GateOutcome::Passes => {
                let limits = count_phrase(rows.len(), "limit holds");
                let limits = match unsure {
                    0 if gate.defects.is_empty() => format!("{holding} of {limits}"),
                    0 => format!("{holding} of {limits}, with what the budget allows"),
                    _ => format!("{holding} of {limits}, {unsure} may be chance"),
                };
                // A row that chance may explain is the one to look at; without any the largest that
                // holds.
                let first = self.leading_row(RowVerdict::Unsure).map(row_phrase);
                let first = first.or_else(|| self.leading_row(RowVerdict::Within).map(row_phrase));
                let first = first.map_or_else(String::new, |words| format!("; {words}"));
                vec![format!("pass {limits}{first}")]
            }
        }
    }

    /// Of the rows with a verdict the one to name: money before tokens before others, of the whole
    /// before a part.
    fn leading_row(&self, verdict: RowVerdict) -> Option<&GateRow> {
        let rows = self.gate.rows.iter().filter(|row| row.verdict == verdict);
        rows.min_by_key(|row| {
            let unit = match row.key.metric.unit() {
                MetricUnit::Money => 0,
                MetricUnit::Tokens if row.key.metric == GateMetric::Tokens => 1,
                _ => 2,
            };
            (row.key.scope != GateScope::Total, unit)
        })
    }

    fn remarks(&self, limits: usize, accepts: bool) -> Vec<LabelledRemark> {
        let gate = self.gate;
        let mut remarks = Vec::new();
        if limits > MOST_ROWS && gate.outcome() != GateOutcome::Passes {
            let more = count_phrase(limits - MOST_ROWS, "more limit");
            remarks.push(LabelledRemark::new("and", format!("{more}: --details")));
        }
        for cause in gate.causes.iter().take(MOST_CAUSES) {
            remarks.push(LabelledRemark::new("grew", cause_phrase(cause)));
        }
        if let Some(remedy) = gate.remedies.first() {
            let part = format::plain_share(share_bp(remedy.saved_growth, remedy.total_growth));
            let words = format!("{} {} takes back {part}", remedy.id, remedy.title);
            remarks.push(LabelledRemark::new("undo", words));
        }
        let notes = note_sentences(gate);
        for note in notes.iter().take(MOST_NOTES) {
            remarks.push(LabelledRemark::new("note", note.as_str()));
        }
        if notes.len() > MOST_NOTES {
            let more = count_phrase(notes.len() - MOST_NOTES, "more note");
            remarks.push(LabelledRemark::new("note", format!("{more}: --details")));
        }
        // Told only where it would be taken: what was not judged is no baseline.
        if accepts && gate.outcome() == GateOutcome::Refused {
            let words = "the same command with --update makes the candidate the baseline";
            remarks.push(LabelledRemark::new("accept", words));
        }
        remarks.push(LabelledRemark::new("more", "--details, --provenance, windtunnel compare"));
        remarks
    }
}

/// The failing rows first, then those that moved most.
fn deciding_rows_table(rows: &[&GateRow]) -> TableView {
    let has_chance = rows.iter().any(|row| row.interval.is_some());
    let mut columns = vec![
        TableColumn::text("").with_rank(KEPT),
        TableColumn::text("metric").with_rank(KEPT),
        TableColumn::mixed("baseline").with_rank(3),
        TableColumn::mixed("candidate").with_rank(4),
        TableColumn::share("change").with_sign().with_rank(5),
        TableColumn::text("limit").with_rank(2).flush_right(),
    ];
    if has_chance {
        columns.push(TableColumn::share("may be").with_sign().with_ranges().from_width(120));
    }
    let mut view = TableView::new("", columns).for_first_screen();
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| {
        let [rank, other_rank] = [a, b].map(|row| super::severity_rank(row.verdict));
        let [moved, other_moved] = [a, b].map(|row| row.change.map_or(0.0, f64::abs));
        // Within one verdict what moved most, in either direction, comes first.
        rank.cmp(&other_rank).then_with(|| other_moved.total_cmp(&moved))
    });
    for row in rows.iter().take(MOST_ROWS) {
        let mut cells = vec![
            verdict_cell(row.verdict),
            TableCell::text(key_phrase(&row.key)),
            mean_cell(row, row.baseline),
            mean_cell(row, row.candidate),
            TableCell::from_option(row.change.map(|it| CellValue::Share(to_basis_points(it)))),
            TableCell::text(limit_phrase(row.key.metric.unit(), &row.limit)),
        ];
        if has_chance {
            cells.push(super::fields::interval_cell(row));
        }
        view.add_row(cells);
    }
    view
}

/// How many of something: `1 limit holds`, `4 limits hold`.
fn count_phrase(count: usize, noun: &str) -> String {
    let words = match (count, noun.strip_suffix(" holds")) {
        (1, _) => noun.to_owned(),
        (_, Some(noun)) => format!("{noun}s hold"),
        _ => format!("{noun}s"),
    };
    format!("{count} {words}")
}

pub(super) fn verdict_cell(verdict: RowVerdict) -> TableCell {
    let (word, tone) = match verdict {
        RowVerdict::Beyond => ("FAIL", Tone::Bad),
        RowVerdict::Unsure => ("chance", Tone::Strong),
        RowVerdict::Unjudged => ("?", Tone::Strong),
        RowVerdict::Within | RowVerdict::Unlimited => ("ok", Tone::Plain),
    };
    TableCell::text(word).with_tone(tone)
}

/// A metric in plain words.
pub(super) fn metric_words(metric: GateMetric) -> &'static str {
    match metric {
        GateMetric::Sessions => "sessions",
        GateMetric::Calls => "calls",
        GateMetric::Fresh => "new input",
        GateMetric::Read => "cache reads",
        GateMetric::Write5m => "cache writes, 5 min",
        GateMetric::Write1h => "cache writes, 1 h",
        GateMetric::Output => "output",
        GateMetric::Tokens => "tokens",
        GateMetric::Dollars => "dollars",
        GateMetric::PeakContext => "largest context",
        GateMetric::RequestsAMinute => "requests a minute",
        GateMetric::Uses => "uses",
        GateMetric::Added => "tokens added",
        GateMetric::Carried => "tokens read again",
    }
}

/// What a figure is: `calls`, `dollars of step assess`.
fn key_phrase(key: &FigureKey) -> String {
    let metric = metric_words(key.metric);
    match key.scope {
        GateScope::Total => metric.to_owned(),
        _ => format!("{metric} of {}", super::key_place(key)),
    }
}

/// A row in one phrase: `$7.33 more: dollars $25.22 -> $32.55 (+29.1 %), allowed +2 %`.
fn row_phrase(row: &GateRow) -> String {
    let unit = row.key.metric.unit();
    let [before, after] = [row.baseline, row.candidate]
        .map(|mean| mean.map_or_else(|| "none".to_owned(), |mean| format_mean(unit, mean)));
    let signed = NumberStyle { signed: true, ..NumberStyle::default() };
    let change = row.change.map(to_basis_points);
    let change =
        change.map_or_else(String::new, |bp| format!(" ({})", format::format_share(bp, signed)));
    let limit = limit_phrase(unit, &row.limit);
    // Two equal figures and a change of nothing would be three ways to say one thing.
    if row.baseline.is_some() && row.change == Some(0.0) {
        return format!("{} {after}, as before", key_phrase(&row.key));
    }
    let allowed = if limit.is_empty() { limit } else { format!(", allowed {limit}") };
    format!("{} {before} -> {after}{change}{allowed}", key_phrase(&row.key))
}

/// What grew, in one line.
fn cause_phrase(cause: &GrowthCause) -> String {
    let place = match cause.name.as_str() {
        "" => "whole run".to_owned(),
        name => format!("{} {name}", cause.scope),
    };
    let changes = cause.changes.iter().take(MOST_CHANGES).map(|change| {
        let (what, unit) = match &change.subject {
            ChangeSubject::Metric(metric) => (metric_words(*metric).to_owned(), metric.unit()),
            ChangeSubject::Context => ("context a call".to_owned(), MetricUnit::Tokens),
            ChangeSubject::Kind(kind, metric) => (kind.replace('_', " "), metric.unit()),
        };
        let [from, to] =
            [change.from, change.to].map(|mean| format_mean(unit, mean.unwrap_or_default()));
        format!("{what} {from} -> {to}")
    });
    format!("{place}: {}", changes.collect::<Vec<_>>().join(", "))
}
