//! What was seen after rollouts, beside what was claimed and what the replay predicts.

use super::ComparisonReport;
use super::saving_bands::ShareBandJson;
use crate::report::json::ShareJson;
use crate::report::{CellValue, RichText, Section, TableCell, TableColumn, TableView};
use crate::study::backtest::ObservedEffect;
use crate::study::whatif::observed_savings::ObservedSaving;
use serde::Serialize;

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
        let mut view = TableView::new(
            format!("Share of {} saved", self.comparison.headline.sentence_words()),
            vec![
                TableColumn::text("of"),
                TableColumn::text("rolled out"),
                signed_share("claimed"),
                signed_share("predicted"),
                TableColumn::count("pipelines before"),
                TableColumn::count("after"),
                signed_share("seen, raw"),
                signed_share("seen, of one size"),
                signed_share("may be"),
                signed_share("dates that show as much"),
            ],
        );
        for one in &self.comparison.observed_savings {
            let claimed = one.claimed_bp.as_ref();
            // Without draws the prediction is a single share, a range of which both ends are equal.
            let predicted = one.predicted.map(|band| (band.p10, band.p90));
            let (low, high) = predicted.unwrap_or((one.predicted_bp, one.predicted_bp));
            let ObservedEffect { before, after, raw, adjusted, placebo, .. } = &one.observed;
            let [raw, adjusted] = [raw, adjusted].map(|ratio| {
                TableCell::from_option(ratio.map(|ratio| CellValue::Share(ratio.saved_bp())))
            });
            let interval = one.interval_bp();
            view.add_row(vec![
                TableCell::text(observed_scope(one)),
                TableCell::text(one.observed.toggles.join("+")),
                claimed.map_or_else(TableCell::missing, |it| share_range(*it.start(), *it.end())),
                share_range(low, high),
                TableCell::count(i64::from(*before)),
                TableCell::count(i64::from(*after)),
                raw,
                adjusted,
                share_range(*interval.start(), *interval.end()),
                placebo.map_or_else(TableCell::missing, |share| TableCell::share(share.0)),
            ]);
        }
        view.add_footnote(
            "claimed: the single claims summed, of this pipeline; predicted: P10 to P90 of the \
             replay of these toggles together, on this pipeline; seen: medians of many pipelines, \
             then pipelines of like changed lines and sessions, with its interval; dates: share of \
             dates without a rollout that show as large a change",
        );
        view
    }
}

/// A column of shares that may be below zero and may be ranges.
fn signed_share(heading: &str) -> TableColumn {
    TableColumn::share(heading).with_sign().with_ranges()
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

/// An observation for programs.
#[derive(Serialize)]
pub struct ObservedSavingJson<'a> {
    of: &'a str,
    toggles: &'a [String],
    claimed_low: Option<ShareJson>,
    claimed_high: Option<ShareJson>,
    predicted: ShareJson,
    predicted_draws: Option<ShareBandJson>,
    seen_raw: Option<ShareJson>,
    seen: ShareJson,
    seen_low: ShareJson,
    seen_high: ShareJson,
    placebo: Option<ShareJson>,
    verdict: &'a str,
}

impl<'a> From<&'a ObservedSaving> for ObservedSavingJson<'a> {
    fn from(one: &'a ObservedSaving) -> Self {
        let interval = one.interval_bp();
        Self {
            of: &one.observed.group,
            toggles: &one.observed.toggles,
            claimed_low: one.claimed_bp.as_ref().map(|it| ShareJson(*it.start())),
            claimed_high: one.claimed_bp.as_ref().map(|it| ShareJson(*it.end())),
            predicted: ShareJson(one.predicted_bp),
            predicted_draws: one.predicted.map(ShareBandJson::from),
            seen_raw: one.observed.raw.map(|ratio| ShareJson(ratio.saved_bp())),
            seen: ShareJson(one.saved_bp()),
            seen_low: ShareJson(*interval.start()),
            seen_high: ShareJson(*interval.end()),
            placebo: one.observed.placebo.map(|share| ShareJson(share.0)),
            verdict: &one.observed.verdict,
        }
    }
}
