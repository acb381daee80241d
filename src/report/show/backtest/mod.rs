//! The look back: what changed after a rollout, in words first.

pub mod criteria;
mod fields;
mod first_screen;
mod sentences;

pub(super) use fields::report_fields;

use crate::recording::name_of_value;
use crate::report::columns::object_json;
use crate::report::format::{format_integer, format_thousandths, plain_share};
use crate::report::json;
use crate::report::{CellValue, ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::backtest::{
    BacktestResult, BacktestSettings, ExclusionReason, FEWEST_PIPELINES, MetricEffects,
    RolloutBatch,
};
use crate::study::stats::bootstrap::ConfidenceInterval;
use fields::{EffectRow, WindowRow};
use std::collections::BTreeMap;

/// One input as it is told.
#[derive(Clone, Debug, Default)]
pub struct BacktestSource {
    /// Its name.
    pub name: String,
    /// Its SHA-256, hexadecimal: of a table its bytes, of a recording its content.
    pub sha256: String,
    /// Rows or lines that could not be read.
    pub skip_count: u64,
    /// The first of them, each with its place and the reason.
    pub skips: Vec<String>,
    /// What a reader should know of it.
    pub notes: Vec<String>,
}

/// A look back and everything it is shown with.
pub struct BacktestReport<'a> {
    /// The numbers.
    pub result: &'a BacktestResult,
    /// How they were looked at.
    pub settings: &'a BacktestSettings,
    /// Where they come from.
    pub sources: &'a [BacktestSource],
}

/// Most reasons for skipped rows that people are shown.
const MOST_SKIPS: usize = 5;

/// A ratio in thousandths.
fn to_thousandths(ratio: f64) -> i64 {
    (ratio * 1e3).round() as i64
}

/// A ratio to two places, in a sentence.
fn format_two_places(ratio: f64) -> String {
    format_thousandths((ratio * 1e2).round() as i64 * 10, false)
}

fn ratio_cell(value: Option<f64>) -> TableCell {
    TableCell::from_option(value.map(to_thousandths).map(CellValue::Number))
}

fn interval_cell(value: Option<ConfidenceInterval>) -> TableCell {
    value.map_or_else(TableCell::missing, |ends| {
        TableCell::from_range(
            CellValue::Number(to_thousandths(ends.low)),
            CellValue::Number(to_thousandths(ends.high)),
        )
    })
}

/// An instant to the minute.
fn format_minute(at_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = format!("{time:.0}");
    text.strip_suffix(":00Z").map_or(text.clone(), |text| format!("{text}Z"))
}

/// A share of 0 to 1 in percent.
fn format_percent(part: f64) -> String {
    let bp = (part * 1e4).round() as i64;
    plain_share(bp).replace(".0 ", " ")
}

/// What somebody calls a rollout, or its date.
fn era_name(era: &RolloutBatch, has_windows: bool) -> String {
    match (era.name(), has_windows) {
        (_, true) => "the second window".to_owned(),
        (name, _) if name.is_empty() => format_minute(era.from_ms),
        (name, _) => name,
    }
}

impl BacktestReport<'_> {
    fn title(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|one| one.name.as_str()).collect();
        format!("Look back: {}", names.join(", then "))
    }

    fn rollout_name(&self, era: &RolloutBatch) -> String {
        era_name(era, self.result.has_windows)
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("backtest", 1, &object_json(&report_fields(), &self))
    }

    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new(self.title());
        let result = self.result;
        let mut section = Section::new("What changed").with_bullets(self.headline_sentences());
        let eras = self.rollout_lines();
        section = section.with_bullets(eras);
        for (at, era) in result.batches.iter().enumerate() {
            section = section.with_table(self.rollout_table(at, era));
        }
        document.add_section(section);
        if !result.window_effects.is_empty() {
            let words = "One figure in several windows: where it depends on the window, the window \
                         decides it.";
            let section = Section::new("In other windows").with_paragraph(words);
            document.add_section(section.with_table(self.other_windows_table()));
        }
        document.add_section(self.placebo_section());
        document.add_section(self.left_out_section());
        document.add_section(Section::new("Method").with_bullets(self.method_lines()));
        document.add_sources(source_lines(self.sources));
        document
    }

    /// Every figure around one rollout.
    fn rollout_table(&self, at: usize, era: &RolloutBatch) -> TableView {
        let predicts =
            self.result.metric_effects.iter().any(|one| one.effects[at].predicted.is_some());
        let title = format!("After {}", self.rollout_name(era));
        let fields = fields::effect_fields(predicts);
        let mut view = TableView::from_fields(title, &fields, self.effect_rows(at));
        let confidence = format_percent(self.settings.confidence);
        view.add_footnote(format!(
            "after divided by before; raw: of medians; adjusted: for pipelines of one size; \
             interval: {confidence} of it, else of raw; chance: of as much where nothing changed, \
             raised for {} looks (Holm); placebos: share of dates without a rollout that show as \
             much",
            self.result.tested_figures
        ));
        for study in &self.result.metric_effects {
            view.footnotes.extend(sentences::slope_lines(study));
        }
        let froms =
            self.result.metric_effects.iter().filter_map(|one| one.effects[at].predicted.as_ref());
        if let Some(predicted) = froms.into_iter().next() {
            view.add_footnote(format!("predicted: {}, P10 to P90 of its draws", predicted.from));
        }
        view
    }

    /// Every figure around the rollout of that number.
    fn effect_rows(&self, at: usize) -> Vec<EffectRow<'_>> {
        let all = self.result.metric_effects.iter();
        all.map(|figures| EffectRow { figures, effect: &figures.effects[at] }).collect()
    }

    fn window_rows(&self) -> Vec<WindowRow<'_>> {
        let windows = self.result.window_effects.iter();
        windows.map(|window| WindowRow { report: self, window }).collect()
    }

    fn other_windows_table(&self) -> TableView {
        let fields = fields::window_fields();
        let mut view = TableView::from_fields("In other windows", &fields, self.window_rows());
        view.add_footnote(
            "a window ends at the next rollout, if that comes first; these are not counted among \
             the looks: they question the figures above",
        );
        view
    }

    fn placebo_section(&self) -> Section {
        let section = Section::new("Dates without a rollout");
        let studies: Vec<&MetricEffects> =
            self.result.metric_effects.iter().filter(|study| !study.placebos.is_empty()).collect();
        if studies.is_empty() {
            return section.with_paragraph(format!(
                "None has {FEWEST_PIPELINES} pipelines before and after it: what drifts by itself \
                 is not known, and a fall may be drift."
            ));
        }
        let title = "The same figures around dates without a rollout";
        let rows = studies.iter().copied();
        let mut view = TableView::from_fields(title, &fields::placebo_fields(), rows);
        view.add_footnote(
            "neighbouring dates share most of their pipelines: they are not so many independent \
             looks",
        );
        let section = section
            .with_paragraph(
                "Nothing was rolled out on them, as far as is known: what they show is drift.",
            )
            .with_table(view);
        section.with_table(self.placebo_dates_table(&studies))
    }

    /// The first metric, date by date.
    fn placebo_dates_table(&self, studies: &[&MetricEffects]) -> TableView {
        // Date by date, all metrics would fill pages.
        let first = self.result.metric_effects.first().map(|study| study.metric);
        let shown: Vec<&&MetricEffects> =
            studies.iter().filter(|study| Some(study.metric) == first).collect();
        let mut columns = vec![TableColumn::text("date")];
        columns.extend(shown.iter().map(|study| TableColumn::number(study.group_label())));
        let metric = first.map(|metric| metric.to_string()).unwrap_or_default();
        let mut view = TableView::new(format!("{metric}, date by date"), columns);
        let mut dates: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
        for (at, study) in shown.iter().enumerate() {
            for (date, ratio) in &study.placebos {
                // Around a date some groups have enough pipelines and others have not.
                let row = dates.entry(*date).or_insert_with(|| vec![None; shown.len()]);
                row[at] = Some(*ratio);
            }
        }
        for (date, ratios) in dates {
            let cells = ratios.into_iter().map(ratio_cell);
            view.add_row(
                std::iter::once(TableCell::text(format_minute(date))).chain(cells).collect(),
            );
        }
        view
    }

    fn left_out_section(&self) -> Section {
        let result = self.result;
        let mut view = TableView::new(
            "Pipelines that take no part",
            vec![
                TableColumn::text("of"),
                TableColumn::text("why"),
                TableColumn::count("pipelines"),
            ],
        );
        let mut add = |of: &str, why: &str, count: u32| {
            view.add_row(vec![
                TableCell::text(of),
                TableCell::text(why),
                TableCell::count(i64::from(count)),
            ]);
        };
        for (left, count) in &result.excluded {
            add("all", name_of_value(&ExclusionReason::NAMED, *left), *count);
        }
        if result.outside > 0 {
            add("all", "further than the window from every rollout", result.outside);
        }
        for study in &result.metric_effects {
            for (left, count) in &study.excluded {
                let of = format!("{}, {}", study.group_label(), study.metric);
                add(&of, name_of_value(&ExclusionReason::NAMED, *left), *count);
            }
        }
        let words =
            format!("{} pipelines were read.", format_integer(i64::from(result.pipelines), false));
        let mut section = Section::new("What is left out").with_paragraph(words);
        if !view.rows.is_empty() {
            section = section.with_table(view);
        }
        let mut lines = self.unknown_start_lines();
        for source in self.sources {
            lines.extend(source.notes.iter().map(|note| format!("{}: {note}", source.name)));
            lines.extend(skip_lines(source));
        }
        section.with_bullets(lines)
    }
}

/// Where inputs come from.
fn source_lines(sources: &[BacktestSource]) -> Vec<String> {
    let names: Vec<String> =
        sources.iter().map(|one| format!("{} sha256 {}", one.name, one.sha256)).collect();
    vec![format!("windtunnel {}; {}", env!("CARGO_PKG_VERSION"), names.join("; "))]
}

/// What of an input could not be read.
fn skip_lines(source: &BacktestSource) -> Vec<String> {
    let shown = source.skips.iter().take(MOST_SKIPS);
    let mut lines: Vec<String> =
        shown.map(|skip| format!("{}: skipped: {skip}", source.name)).collect();
    // The list may be shorter than the count.
    let more = source.skip_count - (lines.len() as u64).min(source.skip_count);
    if more > 0 {
        let more = format_integer(more as i64, false);
        lines.push(format!("{}: {more} more skipped (all of them: --format json)", source.name));
    }
    lines
}
