//! TOML as a tree that remembers its lines and how each value was typed.

use super::{BadScenario, Fault};
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its line, from 1; 0 where there is no file.
    pub line: usize,
    /// How it was typed, in one short line.
    pub met: String,
    /// What it is.
    pub node: Node,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A date or a time, as typed.
    Date(String),
    /// An array.
    List(Vec<Entry>),
    /// A table: keys with their lines, in the order of the file.
    Table(Vec<Field>),
    /// Anything else: no scenario has a place for it.
    Other,
}

/// A key of a table and its value.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub key: String,
    /// The line of the key.
    pub line: usize,
    pub entry: Entry,
}

/// Most characters of a value in a message.
const SHOWN: usize = 80;

/// Reads a document.
pub(crate) fn document(text: &str) -> Result<Vec<Field>, BadScenario> {
    let table = DeTable::parse(text).map_err(|error| refuse(text, &error))?;
    Ok(fields(text, table.get_ref()))
}

/// Reads one value, as it may stand behind a key.
pub(crate) fn value(text: &str) -> Result<Entry, BadScenario> {
    let value = DeValue::parse(text).map_err(|error| refuse(text, &error))?;
    Ok(Entry { line: 0, ..entry(text, value.span().start, value.span().end, value.get_ref()) })
}

fn refuse(text: &str, error: &toml::de::Error) -> BadScenario {
    let why = error.message().trim().replace('\n', ", ");
    let line = error.span().map_or(0, |span| line_of(text, span.start));
    BadScenario { line, fault: Fault::Toml(why) }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

fn fields(text: &str, table: &DeTable<'_>) -> Vec<Field> {
    let mut fields: Vec<(usize, Field)> = table
        .iter()
        .map(|(key, value)| {
            let (at, span) = (key.span().start, value.span());
            let line = line_of(text, at);
            let entry = entry(text, span.start, span.end, value.get_ref());
            (at, Field { key: key.get_ref().to_string(), line, entry })
        })
        .collect();
    fields.sort_by_key(|(at, _)| *at);
    fields.into_iter().map(|(_, field)| field).collect()
}

fn entry(text: &str, from: usize, to: usize, value: &DeValue<'_>) -> Entry {
    let node = match value {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Node::Other, Node::Whole)
        }
        DeValue::Datetime(at) => Node::Date(at.to_string()),
        DeValue::Array(items) => Node::List(
            items
                .iter()
                .map(|one| entry(text, one.span().start, one.span().end, one.get_ref()))
                .collect(),
        ),
        DeValue::Table(table) => Node::Table(fields(text, table)),
        DeValue::Float(_) | DeValue::Boolean(_) => Node::Other,
    };
    let typed = text.get(from..to).unwrap_or_default();
    let mut met = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if met.chars().count() > SHOWN {
        met = met.chars().take(SHOWN).chain("...".chars()).collect();
    }
    if met.is_empty() {
        "empty".clone_into(&mut met);
    }
    Entry { line: line_of(text, from), met, node }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_line() {
        let text = "a = 1\n\n[b.c]\nd = [\n  \"x\",\n  2,\n]\ne = { f = 0x10 }\n";
        let fields = document(text).unwrap();
        let lines: Vec<_> = fields.iter().map(|field| (field.key.as_str(), field.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 3)]);
        let inside = |field: &Field| match &field.entry.node {
            Node::Table(fields) => fields.clone(),
            other => panic!("{other:?}"),
        };
        let c = inside(&inside(&fields[1])[0]);
        assert_eq!((c[0].key.as_str(), c[0].line, c[1].line), ("d", 4, 8));
        let Node::List(items) = &c[0].entry.node else { panic!("{c:?}") };
        assert_eq!((items[0].line, items[1].line, items[1].met.as_str()), (5, 6, "2"));
        assert_eq!(c[0].entry.met, "[ \"x\", 2, ]");
        assert!(matches!(inside(&c[1])[0].entry.node, Node::Whole(16)));
    }

    #[test]
    fn one_value_is_read_alone() {
        assert!(matches!(value("-7").unwrap().node, Node::Whole(-7)));
        assert!(matches!(value("2026-04-13").unwrap().node, Node::Date(_)));
        assert!(matches!(value("99999999999999999999").unwrap().node, Node::Other));
        assert!(value("1\nx = 2").is_err());
        assert!(value("plain words").is_err());
    }
}
