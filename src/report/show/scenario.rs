//! What a scenario says, and where it differs from the cards of its toggles.

use crate::cache::CachePolicy;
use crate::intervene::{ParamRange, RangeShape};
use crate::price::Pricing;
use crate::reconstruct::Lens;
use crate::recording::name_of_value;
use crate::report::columns::{ColumnField, object_json};
use crate::report::format::{format_integer, format_thousandths};
use crate::report::{ReportDocument, Section, TableView, json};
use crate::scenario::{ChosenToggle, DEFAULT_SEED, Scenario};
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// What stands in a scenario that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioSummary {
    /// The recording that it names; empty for none.
    pub recording: String,
    /// Its toggles.
    pub toggles: Vec<&'static str>,
    /// What it sets beside the toggles.
    pub premises: Vec<String>,
    /// Where it differs from the cards.
    pub changes: Vec<CardDifference>,
}

/// A value that is not the card's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardDifference {
    /// The toggle.
    pub toggle: &'static str,
    /// The key in its table.
    pub key: &'static str,
    /// What the card says.
    pub card: String,
    /// What the scenario says.
    pub here: String,
}

impl ScenarioSummary {
    /// Of a scenario and the prices that it asks for.
    #[must_use]
    pub fn from_scenario(scenario: &Scenario, pricing: &Pricing) -> Self {
        let lens = name_of_value(&Lens::NAMED, scenario.lens);
        let date = scenario.date.map(|day| day.to_string());
        let seed = (scenario.seed != DEFAULT_SEED).then(|| scenario.seed.to_string());
        let draws = scenario.draws.map(|draws| format_integer(draws.into(), false));
        let requests = i64::from(scenario.requests_a_minute);
        let requests = (requests > 0).then(|| format_integer(requests, false));
        // What is as it would be without a scenario says nothing, and is left out.
        let of_cards = [
            ("lens", (scenario.lens != Lens::default()).then(|| lens.to_owned())),
            ("model", scenario.model.clone()),
            ("prices", scenario.prices.clone()),
            ("date", date),
            ("seed", seed),
            ("draws", draws),
            ("requests_a_minute", requests),
        ];
        let stated =
            of_cards.into_iter().filter_map(|(key, said)| Some(format!("{key}: {}", said?)));
        Self {
            recording: scenario.recording.clone(),
            toggles: scenario.toggles.iter().map(ChosenToggle::id).collect(),
            premises: stated.chain(premise_lines(scenario, pricing)).collect(),
            changes: scenario.toggles.iter().flat_map(card_differences).collect(),
        }
    }
}

/// What a scenario does to a recording before any toggle, one line each: part of it, another
/// cache, other models.
#[must_use]
pub fn premise_lines(scenario: &Scenario, pricing: &Pricing) -> Vec<String> {
    let mut lines = Vec::new();
    if scenario.cache != CachePolicy::default() {
        lines.push(format!("cache: {}", scenario.cache.name()));
    }
    for (key, values) in scenario.select.stated_keys() {
        lines.push(format!("select {key}: {}", values.join(", ")));
    }
    lines.extend(scenario.source.iter().map(|(id, value)| format!("source {id}: {value}")));
    for (from, to) in &pricing.substitutes {
        let tokens = match pricing.tokenizer_scale_bp(from, from) {
            None => "tokens as recorded, because no ratio of their tokenizers is known".to_owned(),
            Some(BASIS_POINTS) => "tokens as recorded, because both count alike".to_owned(),
            Some(ratio_bp) => {
                format!(
                    "tokens x {}",
                    format_thousandths(scale_by_ratio(ratio_bp, 1_000, BASIS_POINTS), false)
                )
            }
        };
        lines.push(format!("{from} priced as {to}: {tokens}"));
    }
    lines
}

fn card_differences(chosen: &ChosenToggle) -> Vec<CardDifference> {
    let card = chosen.toggle.card();
    let change = |key, card_says: String, here: String| CardDifference {
        toggle: card.id,
        key,
        card: card_says,
        here,
    };
    let ranges = card.params.iter().zip(&chosen.ranges);
    let ranges = ranges.map(|(spec, here)| {
        change(spec.key, format_range(&ParamRange::from_spec(spec)), format_range(here))
    });
    // Lists of names have no value on a card: any that is given is a difference.
    let texts = chosen.params.name_lists();
    let texts = texts.map(|(key, names)| change(key, String::new(), names.join(", ")));
    let (here, there) = (chosen.grade, card.grade);
    let grade = [("effort", there.effort, here.effort), ("risk", there.risk, here.risk)];
    let grade = grade.map(|(key, there, here)| change(key, there.to_string(), here.to_string()));
    let all = ranges.chain(texts).chain(grade);
    all.filter(|change| change.card != change.here).collect()
}

/// A range in words: `200`, `150 | 400 | 1,200`, `150 | 400 | 1,200 uniform`.
fn format_range(range: &ParamRange) -> String {
    let [low, mode, high] = [range.low, range.mode, range.high].map(|n| format_integer(n, false));
    match range.shape {
        RangeShape::Fixed => mode,
        RangeShape::Pert => format!("{low} | {mode} | {high}"),
        RangeShape::Weighted => {
            let answers = range.weighted_answers();
            let told = answers.iter().map(|(value, weight)| format!("{value} ({weight})"));
            told.collect::<Vec<_>>().join(" | ")
        }
        RangeShape::Uniform | RangeShape::Triangular | RangeShape::TwoPoint => {
            format!("{low} | {mode} | {high} {}", name_of_value(&RangeShape::NAMED, range.shape))
        }
    }
}

/// For people: those that can be used.
#[must_use]
pub fn check_document(files: &[CheckedScenario]) -> ReportDocument {
    let mut document = ReportDocument::default();
    for (file, checked) in files {
        let Ok(checked) = checked else { continue };
        let recording = match checked.recording.as_str() {
            "" => "none named; the command line must",
            name => name,
        };
        let lines = [
            format!("recording: {recording}"),
            format!("toggles: {}", if checked.toggles.is_empty() { "none" } else { "" })
                + &checked.toggles.join(", "),
        ];
        let mut section = Section::new(format!("{file}: ok"))
            .with_bullets(lines.into_iter().chain(checked.premises.iter().cloned()));
        if checked.changes.is_empty() {
            section = section.with_paragraph("All parameters are those of the cards.");
        } else {
            section = section.with_table(TableView::from_fields(
                "Not as on the cards",
                &difference_fields(),
                &checked.changes,
            ));
        }
        document.add_section(section);
    }
    document
}

/// Where scenarios differ from the cards.
fn difference_fields<'a>() -> Vec<ColumnField<'a, &'a CardDifference>> {
    type Field<'a> = ColumnField<'a, &'a CardDifference>;
    vec![
        Field::text("toggle", "toggle", "the toggle", |it| it.toggle),
        Field::text("key", "key", "the key in its table", |it| it.key),
        Field::text("card", "card", "what the card says", |it| it.card.as_str()),
        Field::text("here", "here", "what the scenario says", |it| it.here.as_str()),
    ]
}

/// A file and what stands in it, or why it cannot be used.
pub type CheckedScenario = (String, Result<ScenarioSummary, String>);

/// What is told of a file: without a summary where it cannot be used.
fn file_fields<'a>() -> Vec<ColumnField<'a, &'a CheckedScenario>> {
    type Field<'a> = ColumnField<'a, &'a CheckedScenario>;
    vec![
        Field::text("file", "", "the file", |(file, _)| file.as_str()),
        Field::flag("ok", "", "whether it can be used", |(_, checked)| checked.is_ok()),
        Field::text("error", "", "why not", |(_, checked)| {
            checked.as_ref().err().map(String::as_str)
        })
        .left_out_if_missing(),
        Field::text("recording", "", "the recording that it names; empty for none", |it| {
            summary_of(it).map(|summary| summary.recording.as_str())
        })
        .left_out_if_missing(),
        Field::texts("toggles", "", "its toggles", |it| {
            let summary = summary_of(it)?;
            Some(summary.toggles.iter().map(ToString::to_string).collect::<Vec<_>>())
        })
        .left_out_if_missing(),
        Field::texts("premises", "", "what it sets beside the toggles", |it| {
            summary_of(it).map(|summary| summary.premises.clone())
        })
        .left_out_if_missing(),
        Field::optional_rows(
            "changes",
            "where it differs from the cards",
            difference_fields(),
            |it| summary_of(it).map(|summary| summary.changes.iter().collect()),
        )
        .left_out_if_missing(),
    ]
}

fn summary_of((_, checked): &CheckedScenario) -> Option<&ScenarioSummary> {
    checked.as_ref().ok()
}

/// For programs: all of them, in the order of the arguments.
#[must_use]
pub fn check_json(files: &[CheckedScenario]) -> Vec<u8> {
    json::versioned_json("scenario-check", 1, &object_json(&check_fields(), &files))
}

/// What `scenario check --format json` has.
pub(super) fn check_fields<'a>() -> Vec<ColumnField<'a, &'a [CheckedScenario]>> {
    vec![ColumnField::rows("files", "all files", file_fields(), |it: &&'a [CheckedScenario]| {
        it.iter().collect()
    })]
}
