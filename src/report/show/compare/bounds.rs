//! Bounds, and which numbers the user has to give.

use super::{Shown, tone};
use crate::report::format::integer;
use crate::report::{Cell, Column, Section, View};
use crate::study::bounds::Bound;
use crate::study::claims::Verdict;
use crate::study::headline::Headline;
use serde::Serialize;

impl Shown<'_> {
    /// What toggles save at either end where a number is missing; `None` where none is.
    #[must_use]
    pub fn bounds(&self) -> Option<Section> {
        let bounds = &self.comparison.bounds;
        let asking: Vec<String> = bounds.iter().flat_map(asked_for).collect();
        if asking.is_empty() {
            return None;
        }
        let section = Section::new("Bounds, where no source gives a number");
        Some(section.table(self.bounds_view()).bullets(asking))
    }

    /// The ends, toggle by toggle.
    #[must_use]
    pub fn bounds_view(&self) -> View {
        let headline = self.comparison.headline;
        let before = headline.of_side(&self.comparison.baseline);
        let mut view = View::new(
            format!("Saved {}, each on its own", headline.words()),
            vec![
                Column::text("toggle"),
                Column::count("found"),
                Column::tokens("at the low end").signed(),
                Column::tokens("at the high end").signed(),
                Column::share("at most, of all"),
                Column::text("asked for"),
                Column::text("claim"),
            ],
        );
        for bound in &self.comparison.bounds {
            let (low, high) = (headline.of(&bound.low), headline.of(&bound.high));
            let asked: Vec<&str> = bound.asked.iter().map(|spec| spec.key).collect();
            let claim = bound.claim.as_ref().map_or("", |_| bound_word(bound));
            view.row(vec![
                Cell::text(format!("{} {}", bound.id, bound.title)),
                Cell::count(i64::from(bound.found)),
                Cell::tokens(low),
                Cell::tokens(high),
                Cell::part(low.max(high), before),
                Cell::text(asked.join(", ")),
                Cell::text(claim).tone(tone(bound.verdict)),
            ]);
        }
        view.footnote(
            "a toggle that waits for a number takes no part in what is said of all together; two \
             that touch the same work do not add up",
        );
        view
    }

    pub(super) fn bounds_json(&self) -> Vec<BoundJson<'_>> {
        let headline = self.comparison.headline;
        self.comparison.bounds.iter().map(|bound| BoundJson::of(headline, bound)).collect()
    }
}

/// The word for a claim beside bounds: what could be reached is not reached yet.
pub(in crate::report::show) fn bound_word(bound: &Bound) -> &'static str {
    match bound.verdict {
        Verdict::CannotBe | Verdict::Overstated => bound.verdict.word(),
        _ => "can be",
    }
}

/// One line for each number that is missing, and how to give it.
fn asked_for(bound: &Bound) -> Vec<String> {
    let line = |spec: &&'static crate::intervene::ParamSpec| {
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
            low = integer(spec.low, false),
            high = integer(spec.high, false),
            mode = spec.mode
        )
    };
    bound.asked.iter().map(line).collect()
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
    asked: Vec<AskedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct AskedJson {
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
    fn of(headline: Headline, bound: &'a Bound) -> Self {
        let asked = bound.asked.iter().map(|spec| AskedJson {
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
            metric: headline.metric(),
            low: headline.of(&bound.low),
            high: headline.of(&bound.high),
            asked: asked.collect(),
            verdict: bound.claim.as_ref().map(|_| bound_word(bound)),
        }
    }
}
