//! The look back's first screen: whether the history proves anything, then how much.

use super::{BacktestReport, era_name, format_percent};
use crate::report::document::LabelledRemark;
use crate::report::view::KEPT;
use crate::report::{CellValue, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::backtest::{
    BacktestMetric, EffectDirection, FEWEST_PIPELINES, MetricEffects, RolloutBatch, RolloutEffect,
};
use crate::study::stats::bootstrap::ConfidenceInterval;

/// Rollouts of the table.
const MOST_ROWS: usize = 6;

impl BacktestReport<'_> {
    /// The first screen: the first metric of the first group around each rollout.
    #[must_use]
    pub fn first_screen(&self) -> Section {
        let Some(study) = self.result.metric_effects.first() else { return Section::new("") };
        let batches = &self.result.batches;
        let predicts = study.effects.iter().any(|effect| effect.predicted.is_some());
        let mut columns = vec![
            TableColumn::text("rollout").with_rank(KEPT),
            TableColumn::text("runs").flush_right().with_rank(2),
            TableColumn::share("change").with_sign().with_rank(KEPT),
            TableColumn::share(format_percent(self.settings.confidence))
                .with_sign()
                .with_ranges()
                .with_rank(4),
        ];
        if predicts {
            let predicted = TableColumn::share("predicted").with_sign().with_ranges();
            columns.push(predicted.with_rank(3));
        }
        columns.push(TableColumn::text("moved alike").flush_right().with_rank(1));
        columns.push(TableColumn::text("verdict").with_rank(5));
        let mut view = TableView::new("", columns).for_first_screen();
        for (batch, effect) in batches.iter().zip(&study.effects).take(MOST_ROWS) {
            let change = effect.adjusted.or(effect.raw);
            let (verdict, tone) = verdict_word(effect);
            let mut cells = vec![
                TableCell::text(self.rollout_words(batch)),
                TableCell::text(format!("{} | {}", effect.before, effect.after)),
                TableCell::from_option(change.map(|ratio| CellValue::Share(growth_bp(ratio)))),
                effect.interval.map_or_else(TableCell::missing, growth_range),
            ];
            if predicts {
                let predicted = effect.predicted.as_ref();
                cells.push(predicted.map_or_else(TableCell::missing, |it| growth_range(it.range)));
            }
            cells.push(TableCell::text(placebo_words(study, effect).unwrap_or_else(missing)));
            cells.push(TableCell::text(verdict).with_tone(tone));
            view.add_row(cells);
        }
        let section = Section::new("").with_decision(self.decision_lines()).with_table(view);
        section.with_remarks(self.remarks(study))
    }

    /// What the first rollout that has a prediction, else the first one, did.
    pub(super) fn decision_lines(&self) -> Vec<String> {
        let Some(study) = self.result.metric_effects.first() else { return Vec::new() };
        let predicted = study.effects.iter().position(|effect| effect.predicted.is_some());
        let at = predicted.unwrap_or(0);
        let (Some(batch), Some(effect)) = (self.result.batches.get(at), study.effects.get(at))
        else {
            return Vec::new();
        };
        let what = metric_words(study.metric);
        let what = match &study.step {
            Some(step) => format!("{what} of step {step}"),
            None => what.to_owned(),
        };
        let name = self.rollout_words(batch);
        let Some((ratio, ends)) = effect.adjusted.or(effect.raw).zip(effect.interval) else {
            return vec![format!(
                "Cannot say what {name} did: {} runs before it and {} after it, and \
                 {FEWEST_PIPELINES} of each are needed.",
                effect.before, effect.after
            )];
        };
        let moved = format!(
            "{what} {} by {} after {name}",
            if ratio < 1.0 { "fell" } else { "rose" },
            format_percent((ratio - 1.0).abs())
        );
        let range = format!("{} to {}", signed_percent(ends.low), signed_percent(ends.high));
        let mut lines = vec![match effect.verdict.change {
            EffectDirection::TooFew => format!("Cannot say what {name} did: too few runs."),
            EffectDirection::NoChange => {
                format!("No change is seen after {name}: {what} moved by {range}.")
            }
            _ if effect.verdict.as_placebo => {
                let alike = placebo_words(study, effect).unwrap_or_default();
                format!(
                    "Not proven: {moved}, but on {alike} dates when nothing was rolled out they \
                     moved as far."
                )
            }
            _ if effect.verdict.by_chance => {
                format!("Not proven: {moved} ({range}), and chance alone may do as much.")
            }
            _ => format!("{} ({range}).", capitalized(&moved)),
        }];
        if let Some(predicted) = &effect.predicted {
            let ConfidenceInterval { low, high } = predicted.range;
            let (low, high) = (signed_percent(low), signed_percent(high));
            lines.push(format!("{low} to {high} was predicted."));
        }
        lines
    }

    fn remarks(&self, study: &MetricEffects) -> Vec<LabelledRemark> {
        let result = self.result;
        let sizes: Vec<String> = self.settings.adjust.iter().map(ToString::to_string).collect();
        let mut basis = format!("{} runs; {} of the whole", result.pipelines, study.metric);
        if let Some(step) = &study.step {
            basis = format!("{} runs; {} of step {step}", result.pipelines, study.metric);
        }
        if study.effects.iter().any(|effect| effect.adjusted.is_some()) && !sizes.is_empty() {
            basis = format!("{basis}, for runs of like {}", sizes.join(", "));
        }
        basis = format!("{basis}; {} intervals", format_percent(self.settings.confidence));
        let mut remarks = vec![LabelledRemark::new("basis", basis)];
        let grouped = result.batches.iter().filter(|batch| batch.rollouts.len() > 1);
        for batch in grouped.take(1) {
            let words = format!(
                "{} rollouts lie too close together to be told apart: one row",
                batch.rollouts.len()
            );
            remarks.push(LabelledRemark::new("note", words));
        }
        if result.batches.len() > MOST_ROWS {
            let more = result.batches.len() - MOST_ROWS;
            remarks.push(LabelledRemark::new("and", format!("{more} more rollouts: --details")));
        }
        let unread: u64 = self.sources.iter().map(|source| source.skip_count).sum();
        if unread > 0 {
            let words = format!("{unread} rows or lines could not be read: --details");
            remarks.push(LabelledRemark::new("note", words));
        }
        let next = "--details (other metrics and windows), --step NAME, --observations FILE";
        remarks.push(LabelledRemark::new("more", next));
        remarks
    }

    /// A batch by its day and its fixes, else its name.
    fn rollout_words(&self, batch: &RolloutBatch) -> String {
        let fixes = batch.toggle_ids();
        let day = super::format_minute(batch.from_ms);
        let day = day.split('T').next().unwrap_or_default();
        match (self.result.has_windows, &fixes[..]) {
            (true, _) => "the second window".to_owned(),
            (_, []) => match era_name(batch, false) {
                name if name.starts_with(day) => name,
                name => format!("{name}, {day}"),
            },
            (_, fixes) => format!("{}, {day}", fixes.join(" ")),
        }
    }
}

fn missing() -> String {
    crate::report::format::MISSING.to_owned()
}

/// A ratio as growth in basis points.
fn growth_bp(ratio: f64) -> i64 {
    ((ratio - 1.0) * 1e4).round() as i64
}

fn growth_range(ends: ConfidenceInterval) -> TableCell {
    let [low, high] = [ends.low, ends.high].map(|ratio| CellValue::Share(growth_bp(ratio)));
    TableCell::from_range(low, high)
}

/// A ratio as growth in percent with its sign.
fn signed_percent(ratio: f64) -> String {
    let percent = format_percent((ratio - 1.0).abs());
    format!("{}{percent}", if ratio < 1.0 { "-" } else { "+" })
}

fn capitalized(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Dates without a rollout around which a figure moved as far: `10 of 21`.
fn placebo_words(study: &MetricEffects, effect: &RolloutEffect) -> Option<String> {
    let dates = study.placebos.len();
    // From the share back to the dates that it was made of.
    effect.placebo.map(|part| format!("{} of {dates}", (part * dates as f64).round()))
}

/// What the history says: good news of a look back is never more than a fall that stands out.
fn verdict_word(effect: &RolloutEffect) -> (&'static str, Tone) {
    match effect.verdict.change {
        EffectDirection::TooFew => ("too few runs", Tone::Muted),
        EffectDirection::NoChange => ("no change", Tone::Plain),
        _ if effect.verdict.as_placebo || effect.verdict.by_chance => ("not proven", Tone::Plain),
        EffectDirection::Fell => ("fell", Tone::Strong),
        EffectDirection::Rose => ("rose", Tone::Strong),
    }
}

/// A metric in plain words.
fn metric_words(metric: BacktestMetric) -> &'static str {
    match metric {
        BacktestMetric::Read => "cache reads",
        BacktestMetric::Tokens => "tokens",
        BacktestMetric::Fresh => "new input",
        BacktestMetric::Write => "cache writes",
        BacktestMetric::Output => "output",
        BacktestMetric::Sessions => "sessions",
        BacktestMetric::Seconds => "seconds",
        BacktestMetric::Calls => "calls",
        BacktestMetric::ReadPerLine => "cache reads for each line changed",
        BacktestMetric::ReadPerSession => "cache reads for each session",
    }
}
