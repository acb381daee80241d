//! Bounds, and which numbers the user has to give.

use super::{ComparisonReport, verdict_tone};
use crate::intervene::{ParamSpec, ParamUnit};
use crate::report::columns::ColumnField;
use crate::report::format::{self, NumberStyle};
use crate::report::show::{parameter_cell, typed_parameter};
use crate::report::view::ColumnKind;
use crate::report::{Section, TableCell, TableView};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::saving_bounds::SavingBound;
use crate::study::whatif::verdict::ClaimVerdict;

impl ComparisonReport<'_> {
    /// What toggles save at either end where a number is missing; `None` where none is.
    #[must_use]
    pub fn bounds_section(&self) -> Option<Section> {
        let bounds = &self.comparison.bounds;
        // Bounds are found for every toggle with an asked parameter; they are shown where the
        // number is still missing.
        let asking: Vec<String> = bounds.iter().flat_map(missing_number_hints).collect();
        if asking.is_empty() {
            return None;
        }
        let mut section = Section::new("Bounds, where no source gives a number");
        if let Some(lever) = self.largest_lever() {
            section = section.with_paragraph(lever);
        }
        let waiting = bounds.iter().filter(|bound| !bound.asked.is_empty());
        let notes = waiting.filter(|bound| !bound.notes.is_empty()).map(|bound| {
            format!("{}: {}", bound.id, format::group_digits_in_text(&bound.notes.join("; ")))
        });
        let bullets = asking.into_iter().chain(notes);
        Some(section.with_table(self.bounds_table()).with_bullets(bullets))
    }

    /// The toggle that could save more than any other, where it waits for a number: what decides
    /// it.
    fn largest_lever(&self) -> Option<String> {
        let headline = self.comparison.headline;
        let waiting = self.comparison.bounds.iter().filter(|bound| !bound.asked.is_empty());
        // Reads of an orchestrator are no part of what the sessions read.
        let waiting = waiting.filter(|bound| !bound.is_beside);
        let largest =
            waiting.max_by_key(|bound| (bound.most(headline), std::cmp::Reverse(&bound.id)))?;
        let alone = self.comparison.toggles.iter().map(|it| headline.amount_in_saving(&it.alone));
        if largest.most(headline) <= alone.max().unwrap_or(0).max(0) {
            return None;
        }
        let before = headline.amount_in_totals(&self.comparison.baseline);
        let asked = largest.asked.first()?;
        Some(format!(
            "The largest lever is {} ({}): it could save up to {} of {} {}, and {} decides: {}.",
            largest.title,
            largest.id,
            format::format_tokens(largest.most(headline), false),
            format::format_tokens(before, false),
            headline.sentence_words(),
            asked.key,
            asked.what
        ))
    }

    /// The ends, toggle by toggle.
    #[must_use]
    pub fn bounds_table(&self) -> TableView {
        let headline = self.comparison.headline;
        let before = headline.amount_in_totals(&self.comparison.baseline);
        let title = format!("Saved {}, each on its own", headline.sentence_words());
        let orchestrator = self
            .comparison
            .whole
            .as_ref()
            .map_or(0, |whole| whole.orchestrator_reads.into_iter().max().unwrap_or(0));
        let fields = bound_fields(headline, (before, orchestrator));
        let mut view = TableView::from_fields(title, &fields, &self.comparison.bounds);
        view.add_footnote(
            "a toggle that waits for a number takes no part in what is said of all together; two \
             that touch the same work do not add up",
        );
        let beside = self.comparison.bounds.iter().filter(|bound| bound.is_beside);
        let beside: Vec<&str> = beside.map(|bound| &*bound.id).collect();
        if !beside.is_empty() {
            view.add_footnote(format!(
                "{}: reads of the orchestrator for all orders, in no sum of the sessions",
                beside.join(", ")
            ));
        }
        view
    }
}

/// The word for a claim beside bounds: what could be reached is not reached yet.
pub(in crate::report::show) fn bound_word(bound: &SavingBound) -> &'static str {
    match bound.verdict {
        ClaimVerdict::CannotBe | ClaimVerdict::TooHigh => bound.verdict.verdict_word(),
        _ => "can be",
    }
}

/// One line for each number that is missing, and how to give it.
fn missing_number_hints(bound: &SavingBound) -> Vec<String> {
    let hints = bound.asked.iter().map(|spec| {
        let figures = NumberStyle::default();
        let [low, high] = [spec.low, spec.high]
            .map(|value| format::format_cell(&parameter_cell(spec.unit, value), figures));
        let unit = match spec.unit {
            ParamUnit::Tokens => " tokens",
            ParamUnit::Milliseconds => " ms",
            _ => "",
        };
        format!(
            "{id} waits for {key}: {what}, {low} to {high}{unit}; no source says. Give yours with \
             `--set {id}.{key}={mode}`, or with `{key} = {mode}` under [toggles.{id}] in a \
             scenario ({mode} is an example).",
            id = bound.id,
            key = spec.key,
            what = spec.what,
            mode = typed_parameter(spec.unit, spec.mode)
        )
    });
    hints.collect()
}

/// Bounds in tables and for programs; before any toggle there is what the sessions have, and what
/// an orchestrator beside them reads at the most.
pub(super) fn bound_fields<'a>(
    headline: HeadlineMetric,
    (before, orchestrator): (i64, i64),
) -> Vec<ColumnField<'a, &'a SavingBound>> {
    type Field<'a> = ColumnField<'a, &'a SavingBound>;
    vec![
        Field::text("id", "", "the id, or several that stand together", |it| it.id.as_str()),
        Field::text("title", "", "the title", |it| it.title),
        Field::text("", "toggle", "both", |it| format!("{} {}", it.id, it.title)),
        Field::count("found", "found", "places where it applies", |it| it.found),
        Field::text("metric", "", "what the ends count", move |_| headline.metric_name()),
        Field::tokens(
            "low",
            "at least",
            "saved at the least friendly ends of what is open",
            move |it| headline.amount_in_saving(&it.low),
        )
        .with_sign(),
        Field::tokens("high", "at most", "saved at their friendliest ends", move |it| {
            headline.amount_in_saving(&it.high)
        })
        .with_sign(),
        Field::from_cells(ColumnKind::Share, "", "of all", "the larger end", move |it| {
            let [low, high] = [&it.low, &it.high].map(|end| headline.amount_in_saving(end));
            TableCell::share_of_whole(
                low.max(high),
                if it.is_beside { orchestrator } else { before },
            )
        }),
        Field::flag(
            "of_orchestrator",
            "",
            "whether the ends are reads of an orchestrator, in no sum of the sessions",
            |it| it.is_beside.then_some(true),
        )
        .left_out_if_missing(),
        Field::rows(
            "asked",
            "what has to be given before there is a figure",
            asked_fields(),
            |it| it.asked.iter().map(|spec| AskedNumber { bound: it, spec }).collect(),
        ),
        Field::text("", "asked for", "the same, by their keys", |it| {
            it.asked.iter().map(|spec| spec.key).collect::<Vec<_>>().join(", ")
        }),
        Field::text("verdict", "", "what the bounds say about the claim", |it| {
            it.claim.as_ref().map(|_| bound_word(it))
        })
        .left_out_if_missing(),
        Field::from_cells(ColumnKind::Text, "", "claim", "the same", |it| {
            let word = it.claim.as_ref().map_or("", |_| bound_word(it));
            TableCell::text(word).with_tone(verdict_tone(it.verdict))
        }),
    ]
}

/// A number that a toggle waits for.
struct AskedNumber<'a> {
    bound: &'a SavingBound,
    spec: &'static ParamSpec,
}

fn asked_fields<'a>() -> Vec<ColumnField<'a, AskedNumber<'a>>> {
    type Field<'a> = ColumnField<'a, AskedNumber<'a>>;
    vec![
        Field::text("parameter", "", "its key", |it| it.spec.key),
        Field::text("unit", "", "its unit", |it| it.spec.unit.name()),
        Field::text("what", "", "what it is", |it| it.spec.what),
        Field::count("low", "", "the least that it may be", |it| it.spec.low),
        Field::count("high", "", "the most that it may be", |it| it.spec.high),
        Field::text("set", "", "what to add to the command line, with an example", |it| {
            format!("--set {}.{}={}", it.bound.id, it.spec.key, it.spec.mode)
        }),
        Field::text("scenario", "", "its key in a scenario", |it| {
            format!("toggles.{}.{}", it.bound.id, it.spec.key)
        }),
    ]
}
