//! TOML as a tree that remembers its lines and how each value was typed, and what can be wrong with
//! a file: the one reader of scenarios, budgets, rollouts, queues and published totals. The last
//! may be JSON, which becomes the same tree (`json`).
//!
//! Whoever reads a format walks the tree key by key. An error says the line, the key with its
//! table, what was met, and what would do, with the nearest name where one was mistyped.

mod json;

pub(crate) use json::parse_json_document;

use std::fmt;
use toml::de::{DeTable, DeValue};

/// A file that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TomlError {
    /// The line of the file, from 1; 0 where there is none.
    pub line: usize,
    /// What is wrong.
    pub fault: TomlFault,
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Line 0: an argument of the command line, which stands on no line.
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for TomlError {}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TomlFault {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Toml(String),
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// A key that means nothing here.
    #[error("unknown key '{key}'{near}; known are {known}")]
    Key {
        /// The key, with its table.
        key: String,
        /// A hint, starting with a space, or empty.
        near: String,
        /// The keys that would mean something.
        known: String,
    },
    /// A value that cannot be.
    #[error("'{key}' is {met}, wanted {wanted}")]
    Value {
        /// The key.
        key: String,
        /// What the file says.
        met: String,
        /// What would do.
        wanted: String,
    },
}

impl TomlFault {
    /// The key that is wrong, where the file could be read.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Toml(_) | Self::Json(_) => None,
            Self::Key { key, .. } | Self::Value { key, .. } => Some(key),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct TomlEntry {
    /// Its line, from 1; 0 where there is no file.
    pub line: usize,
    /// How it was typed, in one short line.
    pub as_typed: String,
    /// What it is.
    pub node: TomlNode,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum TomlNode {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction or an exponent, in digits: whoever may hold floats makes one.
    Float(String),
    /// A date or a time, as typed.
    Date(String),
    /// True or false.
    Boolean(bool),
    /// An array.
    List(Vec<TomlEntry>),
    /// A table: keys with their lines, in the order of the file.
    Table(Vec<TomlField>),
    /// Anything else: no format has a place for it.
    Other,
}

/// A key of a table and its value.
#[derive(Clone, Debug)]
pub(crate) struct TomlField {
    pub key: String,
    /// The line of the key.
    pub line: usize,
    pub entry: TomlEntry,
}

/// Most characters of a value in a message.
const MOST_SHOWN_CHARS: usize = 80;

/// Reads a document.
pub(crate) fn parse_document(text: &str) -> Result<Vec<TomlField>, TomlError> {
    let table = DeTable::parse(text).map_err(|error| toml_error(text, &error))?;
    Ok(collect_fields(text, table.get_ref()))
}

/// What a document says in its `schema`; `None` where it says nothing, or is none.
pub(crate) fn schema_of_document(text: &str) -> Option<String> {
    // What is no TOML at all has no schema: who reads it says why.
    let fields = parse_document(text).ok()?;
    let schema = fields.into_iter().find(|field| field.key == "schema")?;
    if let TomlNode::Text(schema) = schema.entry.node { Some(schema) } else { None }
}

/// Reads one value, as it may stand behind a key.
pub(crate) fn parse_value(text: &str) -> Result<TomlEntry, TomlError> {
    let value = DeValue::parse(text).map_err(|error| toml_error(text, &error))?;
    // An argument stands on no line of a file.
    Ok(TomlEntry {
        line: 0,
        ..build_entry(text, value.span().start, value.span().end, value.get_ref())
    })
}

fn toml_error(text: &str, error: &toml::de::Error) -> TomlError {
    // One mistake is one line of output.
    let why = error.message().trim().replace('\n', ", ");
    let line = error.span().map_or(0, |span| line_number_at(text, span.start));
    TomlError { line, fault: TomlFault::Toml(why) }
}

fn line_number_at(text: &str, at: usize) -> usize {
    // Lines count from 1, as editors count them.
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

fn collect_fields(text: &str, table: &DeTable<'_>) -> Vec<TomlField> {
    let mut fields: Vec<(usize, TomlField)> = table
        .iter()
        .map(|(key, value)| {
            let (at, span) = (key.span().start, value.span());
            let line = line_number_at(text, at);
            let entry = build_entry(text, span.start, span.end, value.get_ref());
            (at, TomlField { key: key.get_ref().to_string(), line, entry })
        })
        .collect();
    // Tables come sorted by name; mistakes are told in the order of the file.
    fields.sort_by_key(|(at, _)| *at);
    fields.into_iter().map(|(_, field)| field).collect()
}

fn build_entry(text: &str, from: usize, to: usize, value: &DeValue<'_>) -> TomlEntry {
    let node = match value {
        DeValue::String(text) => TomlNode::Text(text.to_string()),
        // Beyond 64 bits it is no number that anybody takes.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(TomlNode::Other, TomlNode::Whole),
        DeValue::Datetime(at) => TomlNode::Date(at.to_string()),
        DeValue::Array(items) => TomlNode::List(
            items
                .iter()
                .map(|one| build_entry(text, one.span().start, one.span().end, one.get_ref()))
                .collect(),
        ),
        DeValue::Table(table) => TomlNode::Table(collect_fields(text, table)),
        // As typed: who takes it decides how it is rounded.
        DeValue::Float(number) => TomlNode::Float(number.as_str().to_owned()),
        DeValue::Boolean(value) => TomlNode::Boolean(*value),
    };
    // The spelling of the file, not the parsed value: `0x10` is told as it was written.
    let met = shorten_typed(text.get(from..to).unwrap_or_default());
    TomlEntry { line: line_number_at(text, from), as_typed: met, node }
}

/// A value as typed, in one short line.
fn shorten_typed(typed: &str) -> String {
    let mut met = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if met.chars().count() > MOST_SHOWN_CHARS {
        // By characters, so that none is cut in two.
        met = met.chars().take(MOST_SHOWN_CHARS).chain("...".chars()).collect();
    }
    // Quotes around nothing would say less.
    if met.is_empty() {
        "empty".clone_into(&mut met);
    }
    met
}

impl TomlEntry {
    /// What stands where a key is missing.
    pub(crate) fn missing() -> Self {
        Self { line: 0, as_typed: "missing".to_owned(), node: TomlNode::Other }
    }

    /// A word of the command line.
    pub(crate) fn argument(word: &str) -> Self {
        Self { line: 0, as_typed: word.to_owned(), node: TomlNode::Text(word.to_owned()) }
    }

    /// A string.
    pub(crate) fn as_text(&self, key: &str, wanted: &str) -> Result<&str, TomlError> {
        match &self.node {
            TomlNode::Text(text) => Ok(text),
            _ => Err(bad_value_error(key, self, wanted)),
        }
    }

    /// The values of an array.
    pub(crate) fn as_list(&self, key: &str, wanted: &str) -> Result<&[Self], TomlError> {
        match &self.node {
            TomlNode::List(items) => Ok(items),
            _ => Err(bad_value_error(key, self, wanted)),
        }
    }

    /// The keys of a table.
    pub(crate) fn as_table(&self, key: &str, wanted: &str) -> Result<&[TomlField], TomlError> {
        match &self.node {
            TomlNode::Table(fields) => Ok(fields),
            _ => Err(bad_value_error(key, self, wanted)),
        }
    }

    /// The value of a name, from a table of names.
    pub(crate) fn as_named<T: Copy>(
        &self,
        key: &str,
        named: &[(T, &'static str)],
    ) -> Result<T, TomlError> {
        // What is no text is near to no name.
        let met = if let TomlNode::Text(text) = &self.node { text.as_str() } else { "" };
        named.iter().find(|(_, name)| *name == met).map(|(value, _)| *value).ok_or_else(|| {
            let known = named.iter().map(|(_, name)| *name);
            let near = nearest_name_hint(met, known.clone());
            bad_value_error(key, self, &format!("one of {}{near}", join_names(known)))
        })
    }
}

/// A value that cannot be.
pub(crate) fn bad_value_error(key: &str, met: &TomlEntry, wanted: &str) -> TomlError {
    let (key, met_value, wanted) = (key.to_owned(), met.as_typed.clone(), wanted.to_owned());
    TomlError { line: met.line, fault: TomlFault::Value { key, met: met_value, wanted } }
}

/// A key of a table that means nothing there.
pub(crate) fn unknown_key_error<'a>(
    place: &str,
    field: &TomlField,
    known: impl Iterator<Item = &'a str> + Clone,
) -> TomlError {
    let near = nearest_name_hint(&field.key, known.clone());
    let (key, known) = (key_path(place, &field.key), join_names(known));
    TomlError { line: field.line, fault: TomlFault::Key { key, near, known } }
}

/// A key with the table that it stands in.
pub(crate) fn key_path(place: &str, key: &str) -> String {
    // A key that TOML wants in quotes is told in quotes, so that it can be searched for.
    let is_bare =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let key = if is_bare { key.to_owned() } else { format!("\"{key}\"") };
    if place.is_empty() { key } else { format!("{place}.{key}") }
}

pub(crate) fn join_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// ` (is it 'x'?)` for the closest of the known names, or nothing if none is close.
pub(crate) fn nearest_name_hint<'a>(met: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest_name(met, known).map_or(String::new(), |name| format!(" (is it '{name}'?)"))
}

/// The nearest of some names, where one is near.
pub(crate) fn nearest_name<'a, T: AsRef<str> + Ord + ?Sized>(
    met: &str,
    known: impl Iterator<Item = &'a T>,
) -> Option<&'a T> {
    // Capitals are no difference to somebody who mistyped.
    let met = met.to_lowercase();
    known
        .map(|name| (strsim::osa_distance(&met, &name.as_ref().to_lowercase()), name))
        .filter(|(distance, name)| {
            let length = name.as_ref().len();
            // Two letters, or a third of a long name; as many as it has would make anything near.
            *distance <= 2.max(length / 3) && *distance < length
        })
        // Of equally near ones the first by name, whatever their order.
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_line() {
        let text = "a = 1\n\n[b.c]\nd = [\n  \"x\",\n  2,\n]\ne = { f = 0x10 }\n";
        let fields = parse_document(text).unwrap();
        let lines: Vec<_> = fields.iter().map(|field| (field.key.as_str(), field.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 3)]);
        let inside = |field: &TomlField| match &field.entry.node {
            TomlNode::Table(fields) => fields.clone(),
            other => panic!("{other:?}"),
        };
        let c = inside(&inside(&fields[1])[0]);
        assert_eq!((c[0].key.as_str(), c[0].line, c[1].line), ("d", 4, 8));
        let TomlNode::List(items) = &c[0].entry.node else { panic!("{c:?}") };
        assert_eq!((items[0].line, items[1].line, items[1].as_typed.as_str()), (5, 6, "2"));
        assert_eq!(c[0].entry.as_typed, "[ \"x\", 2, ]");
        assert!(matches!(inside(&c[1])[0].entry.node, TomlNode::Whole(16)));
    }

    #[test]
    fn one_value_is_read_alone() {
        assert!(matches!(parse_value("-7").unwrap().node, TomlNode::Whole(-7)));
        assert!(matches!(parse_value("2026-04-13").unwrap().node, TomlNode::Date(_)));
        assert!(matches!(parse_value("99999999999999999999").unwrap().node, TomlNode::Other));
        assert!(parse_value("1\nx = 2").is_err());
        assert!(parse_value("plain words").is_err());
    }
}
