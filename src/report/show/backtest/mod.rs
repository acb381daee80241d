//! The look back: what changed after a rollout, in words first.

pub mod criteria;
mod json;
mod words;

use crate::recording::name_of;
use crate::report::format::Figures;
use crate::report::format::{integer, number, share, short};
use crate::report::{Cell, Column, Document, Section, Tone, Value, View};
use crate::study::backtest::{Backtest, Change, Era, FEWEST, Left, Settings, Study, Windowed};
use crate::study::resample::Interval;
use std::collections::BTreeMap;

/// One input as it is told.
#[derive(Clone, Debug, Default)]
pub struct SourceTold {
    /// Its name.
    pub name: String,
    /// Its SHA-256, hexadecimal: of a table its bytes, of a recording its content.
    pub sha256: String,
    /// Rows or lines that could not be read.
    pub skipped: u64,
    /// The first of them, each with its place and the reason.
    pub skips: Vec<String>,
    /// What a reader should know of it.
    pub notes: Vec<String>,
}

/// A look back and everything it is shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub result: &'a Backtest,
    /// How they were looked at.
    pub settings: &'a Settings,
    /// Where they come from.
    pub sources: &'a [SourceTold],
}

/// Most reasons for skipped rows that people are shown.
const MOST_SKIPS: usize = 5;

/// A ratio in thousandths.
fn thousandths(ratio: f64) -> i64 {
    (ratio * 1e3).round() as i64
}

/// A ratio to two places, in a sentence.
fn two(ratio: f64) -> String {
    number((ratio * 1e2).round() as i64 * 10, false)
}

fn ratio(value: Option<f64>) -> Cell {
    Cell::maybe(value.map(thousandths).map(Value::Number))
}

fn interval(value: Option<Interval>) -> Cell {
    value.map_or_else(Cell::missing, |ends| {
        Cell::range(Value::Number(thousandths(ends.low)), Value::Number(thousandths(ends.high)))
    })
}

/// An instant to the minute.
fn minute(at_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = format!("{time:.0}");
    text.strip_suffix(":00Z").map_or(text.clone(), |text| format!("{text}Z"))
}

/// A share of 0 to 1 in percent.
fn percent(part: f64) -> String {
    let bp = (part * 1e4).round() as i64;
    share(bp, Figures::default()).replace(".0 ", " ")
}

/// What somebody calls a rollout, or its date.
fn era_name(era: &Era, has_windows: bool) -> String {
    match (era.name(), has_windows) {
        (_, true) => "the second window".to_owned(),
        (name, _) if name.is_empty() => minute(era.from_ms),
        (name, _) => name,
    }
}

impl Shown<'_> {
    fn title(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|one| one.name.as_str()).collect();
        format!("Look back: {}", names.join(", then "))
    }

    fn name(&self, era: &Era) -> String {
        era_name(era, self.result.has_windows)
    }

    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new(self.title());
        let result = self.result;
        let mut section = Section::new("What changed").bullets(self.sentences());
        let eras = self.eras();
        section = section.bullets(eras);
        for (at, era) in result.eras.iter().enumerate() {
            section = section.table(self.looks(at, era));
        }
        document.section(section);
        if !result.windows.is_empty() {
            let words = "One figure in several windows: where it depends on the window, the window \
                         decides it.";
            let section = Section::new("In other windows").paragraph(words);
            document.section(section.table(self.windows()));
        }
        document.section(self.placebos());
        document.section(self.left_out());
        document.section(Section::new("Method").bullets(self.method()));
        for line in sources(self.sources) {
            document.source(line);
        }
        document
    }

    /// Every figure around one rollout.
    fn looks(&self, at: usize, era: &Era) -> View {
        let predicts = self.result.studies.iter().any(|one| one.looks[at].predicted.is_some());
        let mut columns = vec![
            Column::text("of"),
            Column::text("metric"),
            Column::count("before"),
            Column::count("after"),
            Column::number("raw"),
            Column::number("adjusted"),
            Column::number("interval").ranged(),
            Column::number("chance"),
            Column::share("placebos"),
            Column::text("verdict"),
        ];
        if predicts {
            columns.push(Column::number("predicted").ranged());
            columns.push(Column::number("seen / predicted").ranged());
            columns.push(Column::text("against it"));
        }
        let mut view = View::new(format!("After {}", self.name(era)), columns);
        for study in &self.result.studies {
            let look = &study.looks[at];
            let tone = match look.verdict.change {
                _ if look.verdict.as_placebo || look.verdict.by_chance => Tone::Plain,
                Change::Fell => Tone::Good,
                Change::Rose => Tone::Bad,
                Change::TooFew => Tone::Muted,
                Change::Unseen => Tone::Plain,
            };
            let bp = |part: f64| Value::Share((part * 1e4).round() as i64);
            let mut cells = vec![
                Cell::text(study.group()),
                Cell::text(study.metric.to_string()),
                Cell::count(i64::from(look.before)),
                Cell::count(i64::from(look.after)),
                ratio(look.raw),
                ratio(look.adjusted),
                interval(look.interval),
                ratio(look.p_raised),
                Cell::maybe(look.placebo.map(bp)),
                Cell::text(look.verdict.to_string()).tone(tone),
            ];
            if predicts {
                let word = look.difference.map(|it| words::against(look, it.against));
                let said = look.predicted.as_ref().map(|it| it.range);
                cells.push(interval(said));
                cells.push(interval(look.difference.map(|it| it.interval)));
                cells.push(word.map_or_else(Cell::missing, Cell::text));
            }
            view.row(cells);
        }
        let confidence = percent(self.settings.confidence);
        view.footnote(format!(
            "after divided by before; raw: of medians; adjusted: for pipelines of one size; \
             interval: {confidence} of it, else of raw; chance: of as much where nothing changed, \
             raised for {} looks (Holm); placebos: share of dates without a rollout that show as \
             much",
            self.result.looks
        ));
        for study in &self.result.studies {
            view.footnotes.extend(words::slopes(study));
        }
        let froms = self.result.studies.iter().filter_map(|one| one.looks[at].predicted.as_ref());
        if let Some(predicted) = froms.into_iter().next() {
            view.footnote(format!("predicted: {}, P10 to P90 of its draws", predicted.from));
        }
        view
    }

    fn windows(&self) -> View {
        let columns = vec![
            Column::text("of"),
            Column::text("metric"),
            Column::text("after"),
            Column::text("window"),
            Column::count("before"),
            Column::count("after it"),
            Column::number("raw"),
            Column::number("adjusted"),
            Column::number("interval").ranged(),
        ];
        let mut view = View::new("In other windows", columns);
        for Windowed { step, metric, era, window_ms, look } in &self.result.windows {
            view.row(vec![
                Cell::text(step.as_deref().unwrap_or("total")),
                Cell::text(metric.to_string()),
                Cell::text(self.name(&self.result.eras[*era])),
                Cell::text(short(&Value::Duration(*window_ms))),
                Cell::count(i64::from(look.before)),
                Cell::count(i64::from(look.after)),
                ratio(look.raw),
                ratio(look.adjusted),
                interval(look.interval),
            ]);
        }
        view.footnote(
            "a window ends at the next rollout, if that comes first; these are not counted among \
             the looks: they question the figures above",
        );
        view
    }

    fn placebos(&self) -> Section {
        let section = Section::new("Dates without a rollout");
        let studies: Vec<&Study> =
            self.result.studies.iter().filter(|study| !study.placebos.is_empty()).collect();
        if studies.is_empty() {
            return section.paragraph(format!(
                "None has {FEWEST} pipelines before and after it: what drifts by itself is not \
                 known, and a fall may be drift."
            ));
        }
        let columns = vec![
            Column::text("of"),
            Column::text("metric"),
            Column::count("dates"),
            Column::number("lowest"),
            Column::number("middle"),
            Column::number("highest"),
        ];
        let mut view = View::new("The same figures around dates without a rollout", columns);
        for study in &studies {
            let mut sorted: Vec<f64> = study.placebos.iter().map(|(_, ratio)| *ratio).collect();
            sorted.sort_by(f64::total_cmp);
            view.row(vec![
                Cell::text(study.group()),
                Cell::text(study.metric.to_string()),
                Cell::count(sorted.len() as i64),
                ratio(sorted.first().copied()),
                ratio(sorted.get(sorted.len() / 2).copied()),
                ratio(sorted.last().copied()),
            ]);
        }
        view.footnote(
            "neighbouring dates share most of their pipelines: they are not so many independent \
             looks",
        );
        let section = section
            .paragraph(
                "Nothing was rolled out on them, as far as is known: what they show is drift.",
            )
            .table(view);
        section.table(self.each_date(&studies))
    }

    /// The first metric, date by date.
    fn each_date(&self, studies: &[&Study]) -> View {
        let first = self.result.studies.first().map(|study| study.metric);
        let shown = || studies.iter().filter(|study| Some(study.metric) == first);
        let mut columns = vec![Column::text("date")];
        columns.extend(shown().map(|study| Column::number(study.group())));
        let metric = first.map(|metric| metric.to_string()).unwrap_or_default();
        let mut view = View::new(format!("{metric}, date by date"), columns);
        let mut dates: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
        for (at, study) in shown().enumerate() {
            for (date, ratio) in &study.placebos {
                let row = dates.entry(*date).or_insert_with(|| vec![None; shown().count()]);
                row[at] = Some(*ratio);
            }
        }
        for (date, ratios) in dates {
            let cells = ratios.into_iter().map(ratio);
            view.row(std::iter::once(Cell::text(minute(date))).chain(cells).collect());
        }
        view
    }

    fn left_out(&self) -> Section {
        let result = self.result;
        let mut view = View::new(
            "Pipelines that take no part",
            vec![Column::text("of"), Column::text("why"), Column::count("pipelines")],
        );
        let mut add = |of: &str, why: &str, count: u32| {
            view.row(vec![Cell::text(of), Cell::text(why), Cell::count(i64::from(count))]);
        };
        for (left, count) in &result.left {
            add("all", name_of(&Left::NAMED, *left), *count);
        }
        if result.outside > 0 {
            add("all", "further than the window from every rollout", result.outside);
        }
        for study in &result.studies {
            for (left, count) in &study.left {
                let of = format!("{}, {}", study.group(), study.metric);
                add(&of, name_of(&Left::NAMED, *left), *count);
            }
        }
        let words = format!("{} pipelines were read.", integer(i64::from(result.pipelines), false));
        let mut section = Section::new("What is left out").paragraph(words);
        if !view.rows.is_empty() {
            section = section.table(view);
        }
        let mut lines = self.starts();
        for source in self.sources {
            lines.extend(source.notes.iter().map(|note| format!("{}: {note}", source.name)));
            lines.extend(skips(source));
        }
        section.bullets(lines)
    }
}

/// Where inputs come from.
fn sources(sources: &[SourceTold]) -> Vec<String> {
    let names: Vec<String> =
        sources.iter().map(|one| format!("{} sha256 {}", one.name, one.sha256)).collect();
    vec![format!("windtunnel {}; {}", env!("CARGO_PKG_VERSION"), names.join("; "))]
}

/// What of an input could not be read.
fn skips(source: &SourceTold) -> Vec<String> {
    let shown = source.skips.iter().take(MOST_SKIPS);
    let mut lines: Vec<String> =
        shown.map(|skip| format!("{}: skipped: {skip}", source.name)).collect();
    let more = source.skipped - (lines.len() as u64).min(source.skipped);
    if more > 0 {
        let more = integer(more as i64, false);
        lines.push(format!("{}: {more} more skipped (all of them: --format json)", source.name));
    }
    lines
}
