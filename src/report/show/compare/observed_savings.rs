//! What was seen after rollouts, beside what was claimed and what the replay predicts.

use super::ComparisonReport;
use super::saving_bands::share_band_fields;
use crate::report::columns::ColumnField;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, RichText, Section, TableCell, TableView};
use crate::study::backtest::EffectRatio;
use crate::study::backtest::ObservedEffect;
use crate::study::whatif::observed_savings::ObservedSaving;

impl ComparisonReport<'_> {
    /// The whole section; `None` where nothing was seen.
    #[must_use]
    pub fn observed_section(&self) -> Option<Section> {
        let observations =
            self.observations.filter(|_| !self.comparison.observed_savings.is_empty())?;
        let sha: String = observations.sha256.chars().take(16).collect();
        let words = format!(
            " (sha256 {sha}), up to {} before and after; written by ",
            crate::report::format::format_short(&CellValue::Duration(observations.window_ms))
        );
        let from = RichText::new()
            .with_plain("From ")
            .with_code(observations.source.as_str())
            .with_plain(words)
            .with_code("windtunnel backtest --observations");
        let from = from.with_plain(", which makes the same figures of the same table again.");
        let section = Section::new("Seen after the rollout").with_paragraph(from);
        let verdicts = self.comparison.observed_savings.iter().map(|one| {
            let ObservedEffect { rollout, verdict, .. } = &one.observed;
            format!("{}, {rollout}: {verdict}.", observed_scope(one))
        });
        Some(section.with_table(self.observed_table()).with_bullets(verdicts))
    }

    /// Share saved as claimed, predicted and seen, rollout by rollout.
    #[must_use]
    pub fn observed_table(&self) -> TableView {
        let title = format!("Share of {} saved", self.comparison.headline.sentence_words());
        let rows = &self.comparison.observed_savings;
        let mut view = TableView::from_fields(title, &observed_fields(), rows);
        view.add_footnote(
            "claimed: the single claims summed, of this pipeline; predicted: P10 to P90 of the \
             replay of these toggles together, on this pipeline; seen: medians of many pipelines, \
             then pipelines of like changed lines and sessions, with its interval; dates: share of \
             dates without a rollout that show as large a change",
        );
        view
    }
}

fn share_range(low: i64, high: i64) -> TableCell {
    TableCell::from_range(CellValue::Share(low), CellValue::Share(high))
}

/// What an observation is about, in words.
fn observed_scope(one: &ObservedSaving) -> String {
    match one.observed.step_name() {
        "" => "the whole pipeline".to_owned(),
        step => format!("step {step}"),
    }
}

/// A share that may be below zero and, for people, may be a range.
fn signed_share<'a>(
    heading: &'static str,
    about: &'static str,
    cell: impl Fn(&&'a ObservedSaving) -> TableCell + 'a,
) -> ColumnField<'a, &'a ObservedSaving> {
    ColumnField::from_cells(ColumnKind::Share, "", heading, about, cell).with_sign().with_ranges()
}

/// What was seen after rollouts, in tables and for programs.
pub(super) fn observed_fields<'a>() -> Vec<ColumnField<'a, &'a ObservedSaving>> {
    type Field<'a> = ColumnField<'a, &'a ObservedSaving>;
    vec![
        Field::text("", "of", "what it is about", |it| observed_scope(it)),
        Field::text("of", "", "the same, by name", |it| it.observed.group.as_str()),
        Field::texts("toggles", "", "what was rolled out", |it| it.observed.toggles.clone()),
        Field::text("", "rolled out", "the same", |it| it.observed.toggles.join("+")),
        Field::share("claimed_low", "", "the least of the single claims, summed", |it| {
            it.claimed_bp.as_ref().map(|it| *it.start())
        }),
        Field::share("claimed_high", "", "the most of them", |it| {
            it.claimed_bp.as_ref().map(|it| *it.end())
        }),
        signed_share("claimed", "both", |it| {
            let claimed = it.claimed_bp.as_ref();
            claimed.map_or_else(TableCell::missing, |it| share_range(*it.start(), *it.end()))
        }),
        Field::share("predicted", "", "what the replay saves", |it| it.predicted_bp),
        Field::optional_object("predicted_draws", "over the draws", share_band_fields(), |it| {
            it.predicted
        }),
        signed_share("predicted", "P10 to P90 of the draws", |it| {
            // Without draws both ends are the single share that the replay saves.
            let ends = it.predicted.map(|band| (band.p10, band.p90));
            let (low, high) = ends.unwrap_or((it.predicted_bp, it.predicted_bp));
            share_range(low, high)
        }),
        Field::count("", "pipelines before", "pipelines before", |it| it.observed.before),
        Field::count("", "after", "pipelines after", |it| it.observed.after),
        Field::share("seen_raw", "seen, raw", "what fell from median to median", |it| {
            it.observed.raw.map(EffectRatio::saved_bp)
        })
        .with_sign()
        .with_ranges(),
        Field::share("seen", "", "the same of one size, where that is known", |it| it.saved_bp()),
        Field::share("", "seen, of one size", "the same", |it| {
            it.observed.adjusted.map(EffectRatio::saved_bp)
        })
        .with_sign()
        .with_ranges(),
        Field::share("seen_low", "", "the least that it may be", |it| *it.interval_bp().start()),
        Field::share("seen_high", "", "the most that it may be", |it| *it.interval_bp().end()),
        signed_share("may be", "both", |it| {
            let interval = it.interval_bp();
            share_range(*interval.start(), *interval.end())
        }),
        Field::share("placebo", "dates that show as much", "of dates without a rollout", |it| {
            it.observed.placebo.map(|share| share.0)
        })
        .with_sign()
        .with_ranges(),
        Field::text("verdict", "", "the verdict in words", |it| it.observed.verdict.as_str()),
    ]
}
