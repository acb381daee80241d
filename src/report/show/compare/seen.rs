//! What was seen after rollouts, beside what was claimed and what the replay predicts.

use super::Shown;
use super::points::SharesJson;
use crate::report::json::Share;
use crate::report::{Cell, Column, Section, Text, Value, View};
use crate::study::backtest::Observed;
use crate::study::seen::Seen;
use serde::Serialize;

impl Shown<'_> {
    /// The whole section; `None` where nothing was seen.
    #[must_use]
    pub fn seen(&self) -> Option<Section> {
        let observations = self.observed.filter(|_| !self.comparison.seen.is_empty())?;
        let sha: String = observations.sha256.chars().take(16).collect();
        let words = format!(
            " (sha256 {sha}), up to {} before and after; written by ",
            crate::report::format::short(&Value::Duration(observations.window_ms))
        );
        let from = Text::new()
            .plain("From ")
            .code(observations.source.as_str())
            .plain(words)
            .code("windtunnel backtest --observations");
        let from = from.plain(", which makes the same figures of the same table again.");
        let section = Section::new("Seen after the rollout").paragraph(from);
        let verdicts = self.comparison.seen.iter().map(|one| {
            let Observed { rollout, verdict, .. } = &one.observed;
            format!("{}, {rollout}: {verdict}.", of(one))
        });
        Some(section.table(self.seen_view()).bullets(verdicts))
    }

    /// Share saved as claimed, predicted and seen, rollout by rollout.
    #[must_use]
    pub fn seen_view(&self) -> View {
        let share = |heading: &str| Column::share(heading).signed().ranged();
        let mut view = View::new(
            format!("Share of {} saved", self.comparison.headline.words()),
            vec![
                Column::text("of"),
                Column::text("rolled out"),
                share("claimed"),
                share("predicted"),
                Column::count("pipelines before"),
                Column::count("after"),
                share("seen, raw"),
                share("seen, of one size"),
                share("may be"),
                share("dates that show as much"),
            ],
        );
        for one in &self.comparison.seen {
            let range = |low: i64, high: i64| Cell::range(Value::Share(low), Value::Share(high));
            let claimed = one.claimed_bp.as_ref();
            let predicted = one.predicted.map(|band| (band.p10, band.p90));
            let (low, high) = predicted.unwrap_or((one.predicted_bp, one.predicted_bp));
            let Observed { before, after, raw, adjusted, placebo, .. } = &one.observed;
            let saved = |ratio: Option<crate::study::backtest::Ratio>| {
                ratio.map_or_else(Cell::missing, |ratio| Cell::share(ratio.saved_bp()))
            };
            let interval = one.interval_bp();
            view.row(vec![
                Cell::text(of(one)),
                Cell::text(one.observed.toggles.join("+")),
                claimed.map_or_else(Cell::missing, |it| range(*it.start(), *it.end())),
                range(low, high),
                Cell::count(i64::from(*before)),
                Cell::count(i64::from(*after)),
                saved(*raw),
                saved(*adjusted),
                range(*interval.start(), *interval.end()),
                placebo.map_or_else(Cell::missing, |share| Cell::share(share.0)),
            ]);
        }
        view.footnote(
            "claimed: the single claims summed, of this pipeline; predicted: P10 to P90 of the \
             replay of these toggles together, on this pipeline; seen: medians of many pipelines, \
             then pipelines of like changed lines and sessions, with its interval; dates: share of \
             dates without a rollout that show as large a change",
        );
        view
    }
}

/// What an observation is about, in words.
fn of(one: &Seen) -> String {
    match one.observed.step() {
        "" => "the whole pipeline".to_owned(),
        step => format!("step {step}"),
    }
}

/// An observation for programs.
#[derive(Serialize)]
pub struct SeenJson<'a> {
    of: &'a str,
    toggles: &'a [String],
    claimed_low: Option<Share>,
    claimed_high: Option<Share>,
    predicted: Share,
    predicted_draws: Option<SharesJson>,
    seen_raw: Option<Share>,
    seen: Share,
    seen_low: Share,
    seen_high: Share,
    placebo: Option<Share>,
    verdict: &'a str,
}

impl<'a> From<&'a Seen> for SeenJson<'a> {
    fn from(one: &'a Seen) -> Self {
        let interval = one.interval_bp();
        Self {
            of: &one.observed.group,
            toggles: &one.observed.toggles,
            claimed_low: one.claimed_bp.as_ref().map(|it| Share(*it.start())),
            claimed_high: one.claimed_bp.as_ref().map(|it| Share(*it.end())),
            predicted: Share(one.predicted_bp),
            predicted_draws: one.predicted.map(SharesJson::from),
            seen_raw: one.observed.raw.map(|ratio| Share(ratio.saved_bp())),
            seen: Share(one.saved_bp()),
            seen_low: Share(*interval.start()),
            seen_high: Share(*interval.end()),
            placebo: one.observed.placebo.map(|share| Share(share.0)),
            verdict: &one.observed.verdict,
        }
    }
}
