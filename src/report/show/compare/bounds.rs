//! Bounds, and which numbers the user has to give.

use super::{ComparisonReport, verdict_tone};
use crate::report::format::format_integer;
use crate::report::{Section, TableCell, TableColumn, TableView};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::saving_bounds::SavingBound;
use crate::study::whatif::verdict::ClaimVerdict;
use serde::Serialize;

impl ComparisonReport<'_> {
    /// What toggles save at either end where a number is missing; `None` where none is.
    #[must_use]
    pub fn bounds_section(&self) -> Option<Section> {
        let bounds = &self.comparison.bounds;
        // Bounds are found for every toggle with an asked parameter; they are shown where the number
        // is still missing.
        let asking: Vec<String> = bounds.iter().flat_map(missing_number_hints).collect();
        if asking.is_empty() {
            return None;
        }
        let section = Section::new("Bounds, where no source gives a number");
        Some(section.with_table(self.bounds_table()).with_bullets(asking))
    }

    /// The ends, toggle by toggle.
    #[must_use]
    pub fn bounds_table(&self) -> TableView {
        let headline = self.comparison.headline;
        let before = headline.amount_in_totals(&self.comparison.baseline);
        let mut view = TableView::new(
            format!("Saved {}, each on its own", headline.sentence_words()),
            vec![
                TableColumn::text("toggle"),
                TableColumn::count("found"),
                TableColumn::tokens("at the low end").with_sign(),
                TableColumn::tokens("at the high end").with_sign(),
                TableColumn::share("at most, of all"),
                TableColumn::text("asked for"),
                TableColumn::text("claim"),
            ],
        );
        for bound in &self.comparison.bounds {
            let (low, high) =
                (headline.amount_in_saving(&bound.low), headline.amount_in_saving(&bound.high));
            let asked: Vec<&str> = bound.asked.iter().map(|spec| spec.key).collect();
            let claim = bound.claim.as_ref().map_or("", |_| bound_word(bound));
            view.add_row(vec![
                TableCell::text(format!("{} {}", bound.id, bound.title)),
                TableCell::count(i64::from(bound.found)),
                TableCell::tokens(low),
                TableCell::tokens(high),
                TableCell::share_of_whole(low.max(high), before),
                TableCell::text(asked.join(", ")),
                TableCell::text(claim).with_tone(verdict_tone(bound.verdict)),
            ]);
        }
        view.add_footnote(
            "a toggle that waits for a number takes no part in what is said of all together; two \
             that touch the same work do not add up",
        );
        view
    }

    pub(super) fn bounds_json(&self) -> Vec<BoundJson<'_>> {
        let headline = self.comparison.headline;
        self.comparison.bounds.iter().map(|bound| BoundJson::from_bound(headline, bound)).collect()
    }
}

/// The word for a claim beside bounds: what could be reached is not reached yet.
pub(in crate::report::show) fn bound_word(bound: &SavingBound) -> &'static str {
    match bound.verdict {
        ClaimVerdict::CannotBe | ClaimVerdict::Overstated => bound.verdict.verdict_word(),
        _ => "can be",
    }
}

/// One line for each number that is missing, and how to give it.
fn missing_number_hints(bound: &SavingBound) -> Vec<String> {
    let hints = bound.asked.iter().map(|spec| {
        let unit = match spec.unit.name() {
            "count" => String::new(),
            unit => format!(" {unit}"),
        };
        format!(
            "{id} waits for {key}: {what}, {low} to {high}{unit}; no source says. Give yours with \
             `--set {id}.{key}={mode}`, or with `{key} = {mode}` under [toggles.{id}] in a \
             scenario ({mode} is an example).",
            id = bound.id,
            key = spec.key,
            what = spec.what,
            low = format_integer(spec.low, false),
            high = format_integer(spec.high, false),
            mode = spec.mode
        )
    });
    hints.collect()
}

/// Bounds for programs.
#[derive(Serialize)]
pub(super) struct BoundJson<'a> {
    id: &'a str,
    title: &'static str,
    found: u32,
    metric: &'static str,
    low: i64,
    high: i64,
    /// What has to be given before there is a figure.
    asked: Vec<AskedParameterJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct AskedParameterJson {
    parameter: &'static str,
    unit: &'static str,
    what: &'static str,
    low: i64,
    high: i64,
    /// What to add to the command line, with an example.
    set: String,
    /// The key in a scenario.
    scenario: String,
}

impl<'a> BoundJson<'a> {
    fn from_bound(headline: HeadlineMetric, bound: &'a SavingBound) -> Self {
        let asked = bound.asked.iter().map(|spec| AskedParameterJson {
            parameter: spec.key,
            unit: spec.unit.name(),
            what: spec.what,
            low: spec.low,
            high: spec.high,
            set: format!("--set {}.{}={}", bound.id, spec.key, spec.mode),
            scenario: format!("toggles.{}.{}", bound.id, spec.key),
        });
        Self {
            id: &bound.id,
            title: bound.title,
            found: bound.found,
            metric: headline.metric_name(),
            low: headline.amount_in_saving(&bound.low),
            high: headline.amount_in_saving(&bound.high),
            asked: asked.collect(),
            verdict: bound.claim.as_ref().map(|_| bound_word(bound)),
        }
    }
}
