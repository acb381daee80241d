//! What there is: recordings, scenarios, toggles; and one toggle at length.

use crate::intervene::{ALL, ParamSpec, ToggleCard};
use crate::report::json;
use crate::report::{ReportDocument, RichText, Section, TableCell, TableColumn, TableView};
use serde::Serialize;

/// A built-in thing and what it is.
#[derive(Clone, Debug, Serialize)]
pub struct BuiltinEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
}

/// Everything that is built in but the toggles.
#[derive(Clone, Debug, Serialize)]
pub struct BuiltinList {
    /// Recordings.
    pub recordings: Vec<BuiltinEntry>,
    /// Scenarios.
    pub scenarios: Vec<BuiltinEntry>,
    /// Rollouts and success criteria for `backtest`.
    pub rollouts: Vec<BuiltinEntry>,
    /// Kinds of charts; none in a build without them.
    pub charts: Vec<BuiltinEntry>,
}

/// For people.
#[must_use]
pub fn list_document(listed: &BuiltinList) -> ReportDocument {
    let mut document = ReportDocument::new("What there is");
    let named = |title: &str, items: &[BuiltinEntry]| {
        let mut view =
            TableView::new(title, vec![TableColumn::text("name"), TableColumn::text("about")]);
        for item in items {
            view.add_row(vec![TableCell::text(&item.name), TableCell::text(&item.about)]);
        }
        view
    };
    let mut toggles = TableView::new(
        "Toggles",
        vec![
            TableColumn::text("id"),
            TableColumn::text("title"),
            TableColumn::text("source"),
            TableColumn::text("knob"),
        ],
    );
    for card in ALL.iter().map(|one| one.card()) {
        toggles
            .add_row([card.id, card.title, card.source, card.knob].map(TableCell::text).to_vec());
    }
    let asks = |card: &&ToggleCard| card.params.iter().any(|spec| spec.asked);
    let asking: Vec<&str> =
        ALL.iter().map(|one| one.card()).filter(asks).map(|card| card.id).collect();
    toggles.add_footnote(format!(
        "no source gives a number that these need, and `explain` says which: {}",
        asking.join(", ")
    ));
    let mut section = Section::new("Built in")
        .with_table(named("Recordings", &listed.recordings))
        .with_table(named("Scenarios", &listed.scenarios))
        .with_table(named("Rollouts and criteria", &listed.rollouts));
    if !listed.charts.is_empty() {
        section = section.with_table(named("Charts", &listed.charts));
    }
    document.add_section(section.with_table(toggles));
    document
}

/// For programs.
#[must_use]
pub fn list_json(listed: &BuiltinList) -> Vec<u8> {
    #[derive(Serialize)]
    struct ListJson<'a> {
        #[serde(flatten)]
        listed: &'a BuiltinList,
        toggles: Vec<CardJson>,
    }
    let toggles = ALL.iter().map(|one| CardJson::from_card(one.card())).collect();
    json::versioned_json("list", 1, &ListJson { listed, toggles })
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
    names: Vec<NameListJson>,
}

#[derive(Serialize)]
struct NameListJson {
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
    fn from_card(card: &ToggleCard) -> Self {
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
                .name_lists
                .iter()
                .map(|spec| NameListJson { key: spec.key, most: spec.most, what: spec.what })
                .collect(),
        }
    }
}

/// One toggle at length.
#[must_use]
pub fn card_document(card: &ToggleCard) -> ReportDocument {
    let mut document = ReportDocument::new(format!("{}: {}", card.id, card.title));
    let docs = card.file_docs();
    let mut section = Section::new("What it does");
    // The first paragraph repeats the title.
    for paragraph in docs.split("\n\n").skip(1) {
        section =
            section.with_paragraph(paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    section = section.with_paragraph(RichText::new().with_plain("Knob: ").with_plain(card.knob));
    section = section.with_paragraph(format!(
        "Effort {} in points of about half a day, risk {} of 3: judgement, to be edited in a \
         scenario.",
        card.grade.effort, card.grade.risk
    ));
    document.add_section(section);
    if !card.name_lists.is_empty() {
        document.add_section(
            Section::new("Names it needs to be told").with_table(name_lists_table(card)),
        );
    }
    if !card.params.is_empty() {
        document.add_section(Section::new("Parameters").with_table(params_table(card)));
    }
    document
}

fn name_lists_table(card: &ToggleCard) -> TableView {
    let columns =
        vec![TableColumn::text("key"), TableColumn::count("most"), TableColumn::text("what")];
    let mut view = TableView::new("Names", columns);
    for spec in card.name_lists {
        let most = i64::try_from(spec.most).unwrap_or(i64::MAX);
        view.add_row(vec![
            TableCell::text(spec.key),
            TableCell::count(most),
            TableCell::text(spec.what),
        ]);
    }
    view
}

/// The parameters of a toggle.
#[must_use]
pub fn params_table(card: &ToggleCard) -> TableView {
    let mut view = TableView::new(
        "Parameters",
        vec![
            TableColumn::text("key"),
            TableColumn::text("unit"),
            TableColumn::count("low"),
            TableColumn::count("mode"),
            TableColumn::count("high"),
            TableColumn::text("what"),
            TableColumn::text("source"),
        ],
    );
    for spec in card.params {
        view.add_row(vec![
            TableCell::text(spec.key),
            TableCell::text(spec.unit.name()),
            TableCell::count(spec.low),
            TableCell::count(spec.mode),
            TableCell::count(spec.high),
            TableCell::text(spec.what),
            TableCell::text(spec.source),
        ]);
    }
    for spec in card.params.iter().filter(|spec| spec.asked) {
        view.add_footnote(format!(
            "{key} is asked for: no source gives it; until it is set ({set}, or in a scenario) the \
             toggle has bounds, from low to high, and no figure",
            key = spec.key,
            set = set_argument(card, spec),
        ));
    }
    view
}

/// How to give a parameter, with the mode of its card as an example.
#[must_use]
pub fn set_argument(card: &ToggleCard, spec: &ParamSpec) -> String {
    format!("--set {}.{}={}", card.id, spec.key, spec.mode)
}

/// One toggle at length, for programs.
#[must_use]
pub fn card_json(card: &ToggleCard) -> Vec<u8> {
    #[derive(Serialize)]
    struct ExplainJson {
        #[serde(flatten)]
        card: CardJson,
        docs: String,
    }
    json::versioned_json(
        "explain",
        1,
        &ExplainJson { card: CardJson::from_card(card), docs: card.file_docs() },
    )
}
