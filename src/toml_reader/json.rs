//! JSON as the same tree of lines and values as TOML: what reads the one reads the other.

use super::{TomlEntry, TomlError, TomlFault, TomlField, TomlNode, line_number_at, shorten_typed};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// No file of ours is nested deeper: a limit, against the stack.
const DEEPEST: usize = 32;

/// Reads a document.
pub(crate) fn parse_json_document(text: &str) -> Result<Vec<TomlField>, TomlError> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| json_error(text, 0, &error))?;
    match (JsonTree { text }).build_entry(raw, DEEPEST)?.node {
        TomlNode::Table(fields) => Ok(fields),
        _ => Err(fault(1, "wanted an object, { ... }")),
    }
}

fn fault(line: usize, why: &str) -> TomlError {
    TomlError { line, fault: TomlFault::Json(why.to_owned()) }
}

/// An error of a part that begins `at` so many bytes.
fn json_error(text: &str, at: usize, error: &serde_json::Error) -> TomlError {
    let message = error.to_string();
    // Its place stands in front already.
    let why = message.split(" at line ").next().unwrap_or(&message);
    fault(line_number_at(text, at) + error.line().saturating_sub(1), why)
}

/// A text whose parts are borrowed, so that each of them tells where it stands.
#[derive(Clone, Copy)]
struct JsonTree<'a> {
    text: &'a str,
}

impl<'a> JsonTree<'a> {
    /// Where a part of the text begins, in bytes.
    fn offset_of(self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn build_entry(self, raw: &'a RawValue, depth: usize) -> Result<TomlEntry, TomlError> {
        let typed = raw.get();
        let at = self.offset_of(typed);
        let line = line_number_at(self.text, at);
        if depth == 0 {
            return Err(fault(line, "nested too deeply"));
        }
        let wrong = |error: serde_json::Error| json_error(self.text, at, &error);
        let node = match typed.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(typed).map_err(wrong)?;
                TomlNode::Table(self.collect_fields(members, depth - 1)?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(typed).map_err(wrong)?;
                let items = items.into_iter().map(|item| self.build_entry(item, depth - 1));
                TomlNode::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => TomlNode::Text(serde_json::from_str(typed).map_err(wrong)?),
            Some(b't' | b'f') => TomlNode::Boolean(typed == "true"),
            Some(b'n') | None => TomlNode::Other,
            // Whatever is left is a number: of digits alone, or with a point or an exponent.
            Some(_) => match typed.parse() {
                Ok(whole) => TomlNode::Whole(whole),
                Err(_) => TomlNode::Float(typed.to_owned()),
            },
        };
        Ok(TomlEntry { line, as_typed: shorten_typed(typed), node })
    }

    fn collect_fields(
        self,
        members: Vec<(String, &'a RawValue)>,
        depth: usize,
    ) -> Result<Vec<TomlField>, TomlError> {
        let mut fields: Vec<TomlField> = Vec::with_capacity(members.len());
        for (key, raw) in members {
            let entry = self.build_entry(raw, depth)?;
            // What counts of two is nowhere written; TOML refuses it as well.
            if fields.iter().any(|known| known.key == key) {
                return Err(fault(entry.line, &format!("duplicate key '{key}'")));
            }
            // A key stands on the line of its value, or nearly so.
            fields.push(TomlField { key, line: entry.line, entry });
        }
        Ok(fields)
    }
}

/// The members of an object, in order, their values as they stand in the text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_text_is_the_tree_of_its_toml() {
        let json = "{\n \"a\": 1,\n \"b\": {\n  \"c\": [\"x\",\n   0.5, true, \"\\u00e9\"] } }\n";
        let fields = parse_json_document(json).unwrap();
        assert_eq!((fields[0].key.as_str(), fields[0].line), ("a", 2));
        assert!(matches!(fields[0].entry.node, TomlNode::Whole(1)));
        let TomlNode::Table(b) = &fields[1].entry.node else { panic!("{fields:?}") };
        let TomlNode::List(items) = &b[0].entry.node else { panic!("{b:?}") };
        let lines: Vec<usize> = items.iter().map(|item| item.line).collect();
        assert_eq!((b[0].line, lines), (4, vec![4, 5, 5, 5]));
        assert!(matches!(&items[1].node, TomlNode::Float(digits) if digits == "0.5"));
        assert!(matches!(items[2].node, TomlNode::Boolean(true)));
        assert!(matches!(&items[3].node, TomlNode::Text(text) if text == "\u{e9}"));
    }

    #[test]
    fn what_is_no_json_is_refused_by_line() {
        let refused = |text: &str| parse_json_document(text).unwrap_err().to_string();
        assert!(refused("{\n\"a\": 1\n\"b\": 2}").starts_with("line 3: not JSON: expected `,`"));
        assert!(refused("{\n\"a\": 1,\n\"a\": 2}").starts_with("line 3: not JSON: duplicate key"));
        assert!(refused("[1]").starts_with("line 1: not JSON: wanted an object"));
        assert!(refused(&format!("{{\"a\":{}", "[".repeat(100_000))).contains("not JSON"));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(refused(&deep).contains("nested too deeply"));
    }
}
