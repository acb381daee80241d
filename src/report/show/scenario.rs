//! What a scenario says, and where it differs from the cards of its toggles.

use crate::cache::CachePolicy;
use crate::intervene::{ParamRange, RangeShape};
use crate::price::Pricing;
use crate::reconstruct::Lens;
use crate::recording::name_of_value;
use crate::report::format::{format_integer, format_thousandths};
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, json};
use crate::scenario::{ChosenToggle, DEFAULT_DRAWS, DEFAULT_SEED, Scenario};
use crate::units::{BASIS_POINTS, scale_by_ratio};
use serde::Serialize;

/// What stands in a scenario that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
        let draws =
            (scenario.draws != DEFAULT_DRAWS).then(|| format_integer(scenario.draws.into(), false));
        let requests = i64::from(scenario.requests_a_minute);
        let requests = (requests > 0).then(|| format_integer(requests, false));
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
        RangeShape::Uniform | RangeShape::Triangular => {
            format!("{low} | {mode} | {high} {}", name_of_value(&RangeShape::NAMED, range.shape))
        }
    }
}

/// For people: those that can be used.
#[must_use]
pub fn check_document(files: &[(String, Result<ScenarioSummary, String>)]) -> ReportDocument {
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
            section = section.with_table(differences_table(&checked.changes));
        }
        document.add_section(section);
    }
    document
}

fn differences_table(changes: &[CardDifference]) -> TableView {
    let columns = ["toggle", "key", "card", "here"].map(TableColumn::text);
    let mut view = TableView::new("Not as on the cards", columns.to_vec());
    for change in changes {
        let cells = [change.toggle, change.key, &change.card, &change.here];
        view.add_row(cells.map(TableCell::text).to_vec());
    }
    view
}

/// For programs: all of them, in the order of the arguments.
#[must_use]
pub fn check_json(files: &[(String, Result<ScenarioSummary, String>)]) -> Vec<u8> {
    #[derive(Serialize)]
    struct ScenarioFileJson<'a> {
        file: &'a str,
        ok: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        #[serde(flatten)]
        checked: Option<&'a ScenarioSummary>,
    }
    #[derive(Serialize)]
    struct ScenarioCheckJson<'a> {
        files: Vec<ScenarioFileJson<'a>>,
    }
    let files = files.iter().map(|(file, checked)| ScenarioFileJson {
        file,
        ok: checked.is_ok(),
        error: checked.as_ref().err().map(String::as_str),
        checked: checked.as_ref().ok(),
    });
    json::versioned_json("scenario-check", 1, &ScenarioCheckJson { files: files.collect() })
}
