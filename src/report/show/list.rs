//! What there is: recordings, scenarios, toggles; and one toggle at length.

use super::{parameter_cell, typed_parameter};
use crate::intervene::{ALL, NameListSpec, ParamSpec, ToggleCard};
use crate::report::columns::{ColumnField, object_json};
use crate::report::format::effort_words;
use crate::report::json;
use crate::report::view::ColumnKind;
use crate::report::{ReportDocument, RichText, Section, TableView};

/// A built-in thing and what it is.
#[derive(Clone, Debug)]
pub struct BuiltinEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
}

/// Everything that is built in but the toggles.
#[derive(Clone, Debug)]
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
    let mut toggles = TableView::from_fields("Toggles", &card_fields(), all_cards());
    let asking = all_cards().filter(|card| card.params.iter().any(|spec| spec.asked));
    toggles.add_footnote(format!(
        "no source gives a number that these need, and `explain` says which: {}",
        asking.map(|card| card.id).collect::<Vec<_>>().join(", ")
    ));
    let mut section = Section::new("Built in")
        .with_table(entries_table("Recordings", &listed.recordings))
        .with_table(entries_table("Scenarios", &listed.scenarios))
        .with_table(entries_table("Rollouts and criteria", &listed.rollouts));
    if !listed.charts.is_empty() {
        section = section.with_table(entries_table("Charts", &listed.charts));
    }
    let mut document = ReportDocument::new("What there is");
    document.add_section(section.with_table(toggles));
    document
}

/// For programs.
#[must_use]
pub fn list_json(listed: &BuiltinList) -> Vec<u8> {
    json::versioned_json("list", 1, &object_json(&list_fields(), &listed))
}

fn all_cards() -> impl Iterator<Item = &'static ToggleCard> {
    ALL.iter().map(|toggle| toggle.card())
}

fn entries_table(title: &str, entries: &[BuiltinEntry]) -> TableView {
    TableView::from_fields(title, &entry_fields(), entries)
}

fn entry_fields<'a>() -> Vec<ColumnField<'a, &'a BuiltinEntry>> {
    type Field<'a> = ColumnField<'a, &'a BuiltinEntry>;
    vec![
        Field::text("name", "name", "its name", |entry| entry.name.as_str()),
        Field::text("about", "about", "what it is", |entry| entry.about.as_str()),
    ]
}

/// What `list --format json` has.
pub(super) fn list_fields<'a>() -> Vec<ColumnField<'a, &'a BuiltinList>> {
    type Field<'a> = ColumnField<'a, &'a BuiltinList>;
    vec![
        Field::rows("recordings", "recordings", entry_fields(), |it| {
            it.recordings.iter().collect()
        }),
        Field::rows("scenarios", "scenarios", entry_fields(), |it| it.scenarios.iter().collect()),
        Field::rows("rollouts", "rollouts and success criteria", entry_fields(), |it| {
            it.rollouts.iter().collect()
        }),
        Field::rows("charts", "kinds of charts", entry_fields(), |it| it.charts.iter().collect()),
        Field::rows("toggles", "toggles", card_fields(), |_| all_cards().collect()),
    ]
}

/// The card of a toggle.
fn card_fields<'a>() -> Vec<ColumnField<'a, &'a ToggleCard>> {
    type Field<'a> = ColumnField<'a, &'a ToggleCard>;
    vec![
        Field::text("id", "id", "its id", |card| card.id),
        Field::text("title", "title", "its title", |card| card.title),
        Field::text("source", "source", "who proposed it", |card| card.source),
        Field::text("knob", "knob", "what to turn", |card| card.knob),
        Field::count("effort", "", "in points of about half a day", |card| card.grade.effort),
        Field::count("risk", "", "1 to 3", |card| card.grade.risk),
        Field::rows("params", "its parameters", param_fields(), |card| {
            card.params.iter().collect()
        }),
        Field::rows(
            "names",
            "lists of names that it needs to be told",
            name_list_fields(),
            |card| card.name_lists.iter().collect(),
        ),
    ]
}

fn name_list_fields<'a>() -> Vec<ColumnField<'a, &'a NameListSpec>> {
    type Field<'a> = ColumnField<'a, &'a NameListSpec>;
    vec![
        Field::text("key", "key", "its key in a scenario", |spec| spec.key),
        Field::count("most", "most", "how many names it takes", |spec| spec.most),
        Field::text("what", "what", "what it is", |spec| spec.what),
    ]
}

fn param_fields<'a>() -> Vec<ColumnField<'a, &'a ParamSpec>> {
    type Field<'a> = ColumnField<'a, &'a ParamSpec>;
    vec![
        Field::text("key", "key", "its key in a scenario", |spec| spec.key),
        Field::text("unit", "", "its unit", |spec| spec.unit.name()),
        Field::text("", "unit", "its unit", |spec| spec.unit.told_name()),
        Field::count("low", "", "the lowest value", |spec| spec.low),
        Field::count("mode", "", "the likeliest value", |spec| spec.mode),
        Field::count("high", "", "the highest value", |spec| spec.high),
        Field::from_cells(ColumnKind::Mixed, "", "low", "the same in words", |spec| {
            parameter_cell(spec.unit, spec.low)
        }),
        Field::from_cells(ColumnKind::Mixed, "", "mode", "the same in words", |spec| {
            parameter_cell(spec.unit, spec.mode)
        }),
        Field::from_cells(ColumnKind::Mixed, "", "high", "the same in words", |spec| {
            parameter_cell(spec.unit, spec.high)
        }),
        Field::flag("asked", "", "that no source gives it: the user has to", |spec| {
            spec.asked.then_some(true)
        })
        .left_out_if_missing(),
        Field::text("what", "what", "what it is", |spec| spec.what),
        Field::text("source", "source", "where the values come from", |spec| spec.source),
    ]
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
        "Effort: {}, risk {} of 3: judgement, to be edited in a scenario.",
        effort_words(card.grade.effort),
        card.grade.risk
    ));
    document.add_section(section);
    if !card.name_lists.is_empty() {
        document.add_section(
            Section::new("Names it needs to be told").with_table(TableView::from_fields(
                "Names",
                &name_list_fields(),
                card.name_lists,
            )),
        );
    }
    if !card.params.is_empty() {
        document.add_section(Section::new("Parameters").with_table(params_table(card)));
    }
    document
}

/// The parameters of a toggle.
#[must_use]
pub fn params_table(card: &ToggleCard) -> TableView {
    let mut view = TableView::from_fields("Parameters", &param_fields(), card.params);
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
    format!("--set {}.{}={}", card.id, spec.key, typed_parameter(spec.unit, spec.mode))
}

/// One toggle at length, for programs.
#[must_use]
pub fn card_json(card: &ToggleCard) -> Vec<u8> {
    json::versioned_json("explain", 1, &object_json(&explain_fields(), &card))
}

/// What `explain --format json` has of a toggle.
pub(super) fn explain_fields<'a>() -> Vec<ColumnField<'a, &'a ToggleCard>> {
    type Field<'a> = ColumnField<'a, &'a ToggleCard>;
    let mut fields = card_fields();
    fields.push(Field::text("docs", "", "what it does", |card| card.file_docs()));
    fields
}
