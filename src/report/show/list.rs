//! What there is: recordings, scenarios, toggles; and one toggle at length.

use crate::intervene::{ALL, Card, ParamSpec};
use crate::report::json;
use crate::report::{Cell, Column, Document, Section, Text, View};
use serde::Serialize;

/// A built-in thing and what it is.
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
}

/// Everything that is built in but the toggles.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Recordings.
    pub recordings: Vec<Named>,
    /// Scenarios.
    pub scenarios: Vec<Named>,
    /// Rollouts and success criteria for `backtest`.
    pub rollouts: Vec<Named>,
    /// Kinds of charts; none in a build without them.
    pub charts: Vec<Named>,
}

/// For people.
#[must_use]
pub fn document(listed: &Listed) -> Document {
    let mut document = Document::new("What there is");
    let named = |title: &str, items: &[Named]| {
        let mut view = View::new(title, vec![Column::text("name"), Column::text("about")]);
        for item in items {
            view.row(vec![Cell::text(&item.name), Cell::text(&item.about)]);
        }
        view
    };
    let mut toggles = View::new(
        "Toggles",
        vec![
            Column::text("id"),
            Column::text("title"),
            Column::text("source"),
            Column::text("knob"),
        ],
    );
    for card in ALL.iter().map(|one| one.card()) {
        toggles.row([card.id, card.title, card.source, card.knob].map(Cell::text).to_vec());
    }
    let asks = |card: &&Card| card.params.iter().any(|spec| spec.asked);
    let asking: Vec<&str> =
        ALL.iter().map(|one| one.card()).filter(asks).map(|card| card.id).collect();
    toggles.footnote(format!(
        "no source gives a number that these need, and `explain` says which: {}",
        asking.join(", ")
    ));
    let mut section = Section::new("Built in")
        .table(named("Recordings", &listed.recordings))
        .table(named("Scenarios", &listed.scenarios))
        .table(named("Rollouts and criteria", &listed.rollouts));
    if !listed.charts.is_empty() {
        section = section.table(named("Charts", &listed.charts));
    }
    document.section(section.table(toggles));
    document
}

/// For programs.
#[must_use]
pub fn json(listed: &Listed) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(flatten)]
        listed: &'a Listed,
        toggles: Vec<CardJson>,
    }
    let toggles = ALL.iter().map(|one| CardJson::of(one.card())).collect();
    json::document("list", 1, &Body { listed, toggles })
}

#[derive(Serialize)]
struct CardJson {
    id: &'static str,
    title: &'static str,
    source: &'static str,
    knob: &'static str,
    /// In points of about half a day.
    effort: u32,
    /// 1 to 3.
    risk: u32,
    params: Vec<ParamJson>,
    /// Lists of names that it needs to be told.
    names: Vec<NamesJson>,
}

#[derive(Serialize)]
struct NamesJson {
    key: &'static str,
    most: usize,
    what: &'static str,
}

#[derive(Serialize)]
struct ParamJson {
    key: &'static str,
    unit: &'static str,
    low: i64,
    mode: i64,
    high: i64,
    /// That no source gives it: the user has to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    asked: bool,
    what: &'static str,
    source: &'static str,
}

impl CardJson {
    fn of(card: &Card) -> Self {
        let params = card.params.iter().map(|spec| ParamJson {
            key: spec.key,
            unit: spec.unit.name(),
            low: spec.low,
            mode: spec.mode,
            high: spec.high,
            asked: spec.asked,
            what: spec.what,
            source: spec.source,
        });
        Self {
            id: card.id,
            title: card.title,
            source: card.source,
            knob: card.knob,
            effort: card.grade.effort,
            risk: card.grade.risk,
            params: params.collect(),
            names: card
                .texts
                .iter()
                .map(|spec| NamesJson { key: spec.key, most: spec.most, what: spec.what })
                .collect(),
        }
    }
}

/// One toggle at length.
#[must_use]
pub fn card_document(card: &Card) -> Document {
    let mut document = Document::new(format!("{}: {}", card.id, card.title));
    let docs = card.docs();
    let mut section = Section::new("What it does");
    // The first paragraph repeats the title.
    for paragraph in docs.split("\n\n").skip(1) {
        section = section.paragraph(paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    section = section.paragraph(Text::new().plain("Knob: ").plain(card.knob));
    section = section.paragraph(format!(
        "Effort {} in points of about half a day, risk {} of 3: judgement, to be edited in a \
         scenario.",
        card.grade.effort, card.grade.risk
    ));
    document.section(section);
    if !card.texts.is_empty() {
        document.section(Section::new("Names it needs to be told").table(texts_view(card)));
    }
    if !card.params.is_empty() {
        document.section(Section::new("Parameters").table(params_view(card)));
    }
    document
}

fn texts_view(card: &Card) -> View {
    let columns = vec![Column::text("key"), Column::count("most"), Column::text("what")];
    let mut view = View::new("Names", columns);
    for spec in card.texts {
        let most = i64::try_from(spec.most).unwrap_or(i64::MAX);
        view.row(vec![Cell::text(spec.key), Cell::count(most), Cell::text(spec.what)]);
    }
    view
}

/// The parameters of a toggle.
#[must_use]
pub fn params_view(card: &Card) -> View {
    let mut view = View::new(
        "Parameters",
        vec![
            Column::text("key"),
            Column::text("unit"),
            Column::count("low"),
            Column::count("mode"),
            Column::count("high"),
            Column::text("what"),
            Column::text("source"),
        ],
    );
    for spec in card.params {
        view.row(vec![
            Cell::text(spec.key),
            Cell::text(spec.unit.name()),
            Cell::count(spec.low),
            Cell::count(spec.mode),
            Cell::count(spec.high),
            Cell::text(spec.what),
            Cell::text(spec.source),
        ]);
    }
    for spec in card.params.iter().filter(|spec| spec.asked) {
        view.footnote(format!(
            "{key} is asked for: no source gives it; until it is set ({set}, or in a scenario) the \
             toggle has bounds, from low to high, and no figure",
            key = spec.key,
            set = setting(card, spec),
        ));
    }
    view
}

/// How to give a parameter, with the mode of its card as an example.
#[must_use]
pub fn setting(card: &Card, spec: &ParamSpec) -> String {
    format!("--set {}.{}={}", card.id, spec.key, spec.mode)
}

/// One toggle at length, for programs.
#[must_use]
pub fn card_json(card: &Card) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body {
        #[serde(flatten)]
        card: CardJson,
        docs: String,
    }
    json::document("explain", 1, &Body { card: CardJson::of(card), docs: card.docs() })
}
