//! TOML as a tree that remembers its lines and how each value was typed.

use super::{ScenarioError, ScenarioFault};
use toml::de::{DeTable, DeValue};

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
    /// A date or a time, as typed.
    Date(String),
    /// An array.
    List(Vec<TomlEntry>),
    /// A table: keys with their lines, in the order of the file.
    Table(Vec<TomlField>),
    /// Anything else: no scenario has a place for it.
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
pub(crate) fn parse_document(text: &str) -> Result<Vec<TomlField>, ScenarioError> {
    let table = DeTable::parse(text).map_err(|error| toml_error(text, &error))?;
    Ok(collect_fields(text, table.get_ref()))
}

/// Reads one value, as it may stand behind a key.
pub(crate) fn parse_value(text: &str) -> Result<TomlEntry, ScenarioError> {
    let value = DeValue::parse(text).map_err(|error| toml_error(text, &error))?;
    Ok(TomlEntry {
        line: 0,
        ..build_entry(text, value.span().start, value.span().end, value.get_ref())
    })
}

fn toml_error(text: &str, error: &toml::de::Error) -> ScenarioError {
    let why = error.message().trim().replace('\n', ", ");
    let line = error.span().map_or(0, |span| line_number_at(text, span.start));
    ScenarioError { line, fault: ScenarioFault::Toml(why) }
}

fn line_number_at(text: &str, at: usize) -> usize {
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
    fields.sort_by_key(|(at, _)| *at);
    fields.into_iter().map(|(_, field)| field).collect()
}

fn build_entry(text: &str, from: usize, to: usize, value: &DeValue<'_>) -> TomlEntry {
    let node = match value {
        DeValue::String(text) => TomlNode::Text(text.to_string()),
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
        DeValue::Float(_) | DeValue::Boolean(_) => TomlNode::Other,
    };
    let typed = text.get(from..to).unwrap_or_default();
    let mut met = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if met.chars().count() > MOST_SHOWN_CHARS {
        met = met.chars().take(MOST_SHOWN_CHARS).chain("...".chars()).collect();
    }
    if met.is_empty() {
        "empty".clone_into(&mut met);
    }
    TomlEntry { line: line_number_at(text, from), as_typed: met, node }
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
