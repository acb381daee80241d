//! A file of published totals, read against the tables of its keys: every mistake is kept with its
//! line, and what is right goes on as plain values, each in one spelling.

use super::super::call_tally::{CallTally, TallyUnit};
use super::super::figure::{FigureUnit, OpenFigure};
use super::field_key::{AbsentField, FieldKey, FieldKind, KeyTable, NameKind};
use super::field_value::{figure_text, fits_kind, plain_value, wanted_with_way_out};
use super::pipeline_keys::{DAY, EVENT_KINDS, EVENTS, OWN_DOCUMENT, SOURCE};
use crate::quantity::QuantityKind;
use crate::toml_reader::{
    TomlEntry, TomlError, TomlFault, TomlField, TomlNode, bad_value_error, key_path,
    nearest_name_hint, unknown_key_error,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The id of the unknown that says what bare numbers of calls count, where that is unknown.
pub(in crate::reconstruct) const COUNTS_UNKNOWN: &str = "call-counts";

/// What was read of a file.
#[derive(Default)]
pub(in crate::reconstruct) struct TableReader {
    /// The word that stands for none beside a number of calls.
    pub bare_tally: String,
    /// Whether a number of calls had no word beside it.
    pub has_bare_tally: bool,
    /// What is wrong so far.
    pub mistakes: Vec<TomlError>,
    /// Where each key stands, by its path.
    entries: BTreeMap<String, TomlEntry>,
    declared: Vec<(NameKind, String)>,
    references: Vec<NameReference>,
}

/// A name that has to stand elsewhere.
struct NameReference {
    of: NameKind,
    name: String,
    place: String,
    entry: TomlEntry,
}

impl TableReader {
    /// A value at a place that cannot be.
    pub fn refuse(&mut self, place: &str, entry: &TomlEntry, wanted: &str) {
        self.mistakes.push(bad_value_error(place, entry, wanted));
    }

    /// The same of a place whose value was read before; it is told by its nearest table if the
    /// key itself is missing.
    pub fn refuse_place(&mut self, place: &str, met: &str, wanted: &str) {
        let mut nearest = place;
        let entry = loop {
            match (self.entries.get(nearest), nearest.rsplit_once('.')) {
                (Some(entry), _) => break entry.clone(),
                (None, Some((above, _))) => nearest = above,
                (None, None) => break TomlEntry::missing(),
            }
        };
        let entry = TomlEntry { as_typed: met.to_owned(), ..entry };
        self.refuse(place, &entry, wanted);
    }

    /// Whether something is wrong at a place or below it.
    pub fn is_wrong_below(&self, place: &str) -> bool {
        let mut wrong = self.mistakes.iter().filter_map(|mistake| mistake.fault.key());
        wrong.any(|key| {
            key.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Reads a table.
    pub fn read_table(
        &mut self,
        place: &str,
        line: usize,
        fields: &[TomlField],
        keys: &[FieldKey],
    ) -> Value {
        let mut values = Map::new();
        for field in fields {
            // Reading goes on behind a mistake, so that all of a file are told at once.
            let Some(key) = keys.iter().find(|key| key.name == field.key) else {
                let known = keys.iter().map(|key| key.name);
                self.mistakes.push(unknown_key_error(place, field, known));
                continue;
            };
            let at = key_path(place, key.name);
            // Kept by its path: a check of several figures later points to the line of one of them.
            self.entries.insert(at.clone(), field.entry.clone());
            if let Some(value) = self.read_value(&at, &field.entry, key.kind) {
                values.insert(key.name.to_owned(), value);
            }
        }
        for key in keys.iter().filter(|key| fields.iter().all(|field| field.key != key.name)) {
            let value = match key.absent {
                AbsentField::Refused => {
                    // The line of the table is the nearest place that something missing has.
                    let missing = TomlEntry { line, ..TomlEntry::missing() };
                    self.refuse(&key_path(place, key.name), &missing, &key.kind.wanted_text());
                    continue;
                }
                AbsentField::Nothing => continue,
                AbsentField::Text(text) => json!(text),
                AbsentField::OwnFigures => own_source(),
            };
            values.insert(key.name.to_owned(), value);
        }
        Value::Object(values)
    }

    /// The same of a table that lacks nothing: another one is left out of what is checked later.
    fn read_whole_table(
        &mut self,
        place: &str,
        line: usize,
        fields: &[TomlField],
        keys: &[FieldKey],
    ) -> Option<Value> {
        let value = self.read_table(place, line, fields, keys);
        let mut needed = keys.iter().filter(|key| key.absent != AbsentField::Nothing);
        needed.all(|key| value.get(key.name).is_some()).then_some(value)
    }

    fn read_value(&mut self, place: &str, entry: &TomlEntry, kind: FieldKind) -> Option<Value> {
        match (kind, &entry.node) {
            (FieldKind::Table(table), TomlNode::Table(fields)) => {
                self.read_whole_table(place, entry.line, fields, table.keys)
            }
            (FieldKind::Rows(table), TomlNode::List(items)) => {
                Some(self.read_rows(place, items, table))
            }
            (FieldKind::Events, TomlNode::List(items)) => Some(self.read_events(place, items)),
            (FieldKind::Source, TomlNode::Table(_)) => {
                self.read_value(place, entry, FieldKind::Table(&SOURCE))
            }
            (FieldKind::DayOfPipeline, TomlNode::Table(_)) => {
                self.read_value(place, entry, FieldKind::Table(&DAY))
            }
            (FieldKind::DayOfPipeline, _) => {
                let day = self.read_value(place, entry, FieldKind::Day)?;
                Some(json!({ "utc": day, "source": own_source() }))
            }
            (FieldKind::Source, TomlNode::Text(name)) => {
                self.refer(NameKind::Document, name, place, entry);
                Some(json!({ "document": name, "section": "" }))
            }
            (FieldKind::Reference(of), TomlNode::Text(name)) => {
                self.refer(of, name, place, entry);
                Some(json!(name))
            }
            (FieldKind::ReferenceOrNone(of), TomlNode::Text(name)) => {
                if !name.is_empty() {
                    self.refer(of, name, place, entry);
                }
                Some(json!(name))
            }
            (FieldKind::References(of), TomlNode::List(items)) => {
                let one = FieldKind::Reference(of);
                let names: Vec<Value> =
                    items.iter().filter_map(|item| self.read_value(place, item, one)).collect();
                (names.len() == items.len()).then_some(Value::Array(names))
            }
            (FieldKind::Declared(of), TomlNode::Text(name)) if !name.trim().is_empty() => {
                self.declare(of, name);
                Some(json!(name))
            }
            (FieldKind::Tally, _) => self.read_tally(place, entry),
            (FieldKind::OpenAmount(amount), TomlNode::Text(text)) if text.contains(' ') => {
                self.read_open_amount(place, entry, text, amount)
            }
            _ => {
                let value = plain_value(kind, entry);
                if value.is_none() {
                    self.refuse(place, entry, &wanted_with_way_out(kind, entry));
                }
                value
            }
        }
    }

    fn read_rows(&mut self, place: &str, items: &[TomlEntry], table: &KeyTable) -> Value {
        let mut seen = BTreeSet::new();
        let mut rows = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let TomlNode::Table(fields) = &item.node else {
                self.refuse(place, item, "a list of tables");
                continue;
            };
            let label = fields.iter().find(|field| Some(field.key.as_str()) == table.label);
            let name = label.and_then(|field| match &field.entry.node {
                TomlNode::Text(name) if !name.is_empty() => Some((name, &field.entry)),
                _ => None,
            });
            // A row without a name is told by its number, counted as people count.
            let number = (index + 1).to_string();
            let at = key_path(place, name.map_or(&number, |(name, _)| name));
            self.entries.insert(at.clone(), item.clone());
            if let Some((name, entry)) = name {
                // Of two rows of one name nobody knows which is meant: both may not stand.
                if !seen.insert(name.clone()) {
                    let twice = TomlEntry { as_typed: "there twice".to_owned(), ..entry.clone() };
                    self.refuse(&at, &twice, "each name once");
                    continue;
                }
                if let Some(of) = table.declares {
                    self.declared.push((of, name.clone()));
                }
            }
            rows.extend(self.read_whole_table(&at, item.line, fields, table.keys));
        }
        Value::Array(rows)
    }

    fn read_events(&mut self, place: &str, items: &[TomlEntry]) -> Value {
        let mut rows = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = key_path(place, &(index + 1).to_string());
            let TomlNode::Table(fields) = &item.node else {
                self.refuse(&at, item, "a table");
                continue;
            };
            let kind_path = key_path(&at, "kind");
            let kind = fields.iter().find(|field| field.key == "kind").map(|field| &field.entry);
            let named = match kind.map(|kind| (kind, &kind.node)) {
                Some((_, TomlNode::Text(kind))) => EVENTS.iter().find(|(known, _)| known == kind),
                _ => None,
            };
            // Without its kind nobody knows which keys an event has.
            let Some((_, table)) = named else {
                let missing = TomlEntry { line: item.line, ..TomlEntry::missing() };
                let kind = kind.unwrap_or(&missing);
                let wanted = wanted_with_way_out(FieldKind::OneOf(EVENT_KINDS), kind);
                self.refuse(&kind_path, kind, &wanted);
                continue;
            };
            rows.extend(self.read_whole_table(&at, item.line, fields, table.keys));
        }
        Value::Array(rows)
    }

    /// A number of calls, always with a word that says what it counts.
    fn read_tally(&mut self, place: &str, entry: &TomlEntry) -> Option<Value> {
        // Calls and records differ by half: a bare number gets the word that the file takes for
        // them.
        let bare = figure_text(QuantityKind::Count, entry);
        if let Some(number) = bare {
            self.has_bare_tally = true;
            return Some(json!(format!("{number} {}", self.bare_tally)));
        }
        let text = if let TomlNode::Text(text) = &entry.node { text.trim() } else { "" };
        let tally = CallTally::try_from(text.to_owned()).ok();
        let Some(tally) = tally.filter(|tally| tally.figure.unit == FigureUnit::Count) else {
            self.refuse(place, entry, &wanted_with_way_out(FieldKind::Tally, entry));
            return None;
        };
        if let TallyUnit::Open(fact) = &tally.unit {
            self.refer(NameKind::Unknown, fact, place, entry);
        }
        Some(json!(text))
    }

    /// A figure with the id of the unknown that it is drawn as.
    fn read_open_amount(
        &mut self,
        place: &str,
        entry: &TomlEntry,
        text: &str,
        kind: QuantityKind,
    ) -> Option<Value> {
        let alone = figure_text(kind, entry);
        if let Some(alone) = alone {
            return Some(json!(alone));
        }
        let open = OpenFigure::try_from(text.to_owned()).ok();
        let fact = open.and_then(|open| fits_kind(&open.figure, kind).then_some(open.fact?));
        let Some(fact) = fact else {
            self.refuse(place, entry, &wanted_with_way_out(FieldKind::OpenAmount(kind), entry));
            return None;
        };
        self.refer(NameKind::Unknown, &fact, place, entry);
        Some(json!(text))
    }

    fn refer(&mut self, of: NameKind, name: &str, place: &str, entry: &TomlEntry) {
        let (name, place, entry) = (name.to_owned(), place.to_owned(), entry.clone());
        self.references.push(NameReference { of, name, place, entry });
    }

    /// Refuses every name that stands nowhere; names of a kind that is not looked up are let pass.
    pub fn check_references(&mut self, known: &[(NameKind, &[&str])]) {
        for reference in std::mem::take(&mut self.references) {
            let NameReference { of, name, place, entry } = reference;
            // Names of toggles and documents come from outside the file, all others from its own
            // tables.
            let outside = known.iter().find(|(kind, _)| *kind == of);
            let names: Vec<&str> = match outside {
                Some((_, [])) => continue,
                Some((_, names)) => names.to_vec(),
                None => {
                    let own = self.declared.iter().filter(|(kind, _)| *kind == of);
                    own.map(|(_, name)| name.as_str()).collect()
                }
            };
            if names.contains(&name.as_str()) {
                continue;
            }
            let (wanted, words) = wanted_at(of, &entry);
            // A near miss is the better help; the list of all names only where there is none.
            let near = nearest_name_hint(&name, names.iter().chain(words).copied());
            let known = if near.is_empty() { known_words(of, &names) } else { near };
            let wanted = format!("{wanted}{known}");
            self.refuse(&place, &entry, &wanted);
        }
    }

    /// What was read, as its type and with its figures checked, or every mistake.
    pub fn finish<T: DeserializeOwned>(
        mut self,
        value: Value,
        check: impl FnOnce(&T, &mut Self),
    ) -> Result<T, Vec<TomlError>> {
        match serde_json::from_value::<T>(value) {
            Ok(read) => {
                check(&read, &mut self);
                if self.mistakes.is_empty() { Ok(read) } else { Err(self.mistakes) }
            }
            // With a mistake in it the whole has no shape, and the mistake is told.
            Err(_) if !self.mistakes.is_empty() => Err(self.mistakes),
            Err(error) => {
                let fault = TomlFault::Json(error.to_string());
                Err(vec![TomlError { line: 0, fault }])
            }
        }
    }

    /// Declares a name.
    pub fn declare(&mut self, of: NameKind, name: &str) {
        self.declared.push((of, name.to_owned()));
    }
}

/// What would do in the place of a name, and words that would: beside a number of calls two.
fn wanted_at(of: NameKind, entry: &TomlEntry) -> (&'static str, &'static [&'static str]) {
    let has_number = matches!(&entry.node, TomlNode::Text(text) if text.contains(' '));
    if of == NameKind::Unknown && has_number {
        ("records, calls or the id of an unknown behind the number", &["records", "calls"])
    } else {
        (of.wanted_text(), &[])
    }
}

/// Names that would do, where they are few.
fn known_words(of: NameKind, names: &[&str]) -> String {
    match names {
        [] => "; the file names none".to_owned(),
        _ if of == NameKind::Toggle || names.len() > 20 => String::new(),
        names => format!("; known are {}", names.join(", ")),
    }
}

/// The source of figures that nobody published.
pub(super) fn own_source() -> Value {
    json!({ "document": OWN_DOCUMENT, "section": "" })
}
