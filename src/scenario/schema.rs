//! The JSON schema of scenarios, for editors: made from the table of keys that the parser checks
//! with, and from the cards of the toggles.

use super::SCHEMA;
use super::keys::{self, Holds, Key};
use crate::intervene::{self, Card, Unit};
use serde_json::{Map, Value, json};

/// The units that a parameter may have, by the names that their ranges have in the schema.
const UNITS: [(Unit, &str); 4] = [
    (Unit::Tokens, "tokens"),
    (Unit::Count, "count"),
    (Unit::BasisPoints, "ten_thousandths"),
    (Unit::Milliseconds, "milliseconds"),
];

/// The schema as JSON text.
///
/// # Panics
/// Never: JSON values serialise.
#[must_use]
pub fn json() -> Vec<u8> {
    let ranges = UNITS.iter().map(|(unit, name)| ((*name).to_owned(), range(*unit)));
    let mut schema = table(&keys::TOP);
    for (key, value) in [
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("title", json!(format!("A scenario of windtunnel ({SCHEMA})"))),
        ("required", json!(["schema"])),
        ("definitions", Value::Object(ranges.collect())),
    ] {
        schema[key] = value;
    }
    let mut bytes = serde_json::to_vec_pretty(&schema).expect("JSON values serialise");
    bytes.push(b'\n');
    bytes
}

/// A table that has these keys and no other.
fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), described(of(key.holds), key.what))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn described(mut schema: Value, what: &str) -> Value {
    schema["description"] = json!(what);
    schema
}

fn of(holds: Holds) -> Value {
    match holds {
        Holds::Schema => json!({ "enum": [SCHEMA] }),
        Holds::Text => text(),
        Holds::OneOf(names) => json!({ "enum": names() }),
        Holds::Whole(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Holds::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Holds::Day => json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" }),
        Holds::Moment => json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}" }),
        Holds::SomeOf(names) => one_or_some(&json!({ "enum": names() }), 1, usize::MAX),
        Holds::Patterns => one_or_some(&json!({ "type": "string" }), 1, usize::MAX),
        Holds::Names(most) => one_or_some(&text(), 0, most),
        Holds::Range(unit) => {
            let name = UNITS.iter().find(|(known, _)| *known == unit).map_or("", |(_, name)| name);
            json!({ "allOf": [{ "$ref": format!("#/definitions/{name}") }] })
        }
        Holds::Select => table(&keys::SELECT),
        Holds::Models => json!({ "type": "object", "additionalProperties": text() }),
        Holds::Toggles => {
            let cards = intervene::ALL.iter().map(|one| one.card());
            let toggles: Map<String, Value> =
                cards.map(|card| (card.id.to_owned(), toggle(card))).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": toggles })
        }
    }
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn one_or_some(one: &Value, least: usize, most: usize) -> Value {
    let mut some = json!({ "type": "array", "items": one, "minItems": least });
    if most < usize::MAX {
        some["maxItems"] = json!(most);
    }
    json!({ "anyOf": [one, some] })
}

/// The values of a parameter: a whole number, or a table of which some keys are needed.
fn range(unit: Unit) -> Value {
    let (least, most) = unit.bounds();
    let mut spread = table(&keys::of_range(unit));
    let uniform = json!({ "shape": { "enum": ["uniform"] } });
    spread["anyOf"] = json!([
        { "required": ["low", "mode", "high"] },
        { "required": ["low", "high", "shape"], "properties": uniform },
        { "required": ["value"] },
    ]);
    json!({ "anyOf": [{ "type": "integer", "minimum": least, "maximum": most }, spread] })
}

/// A toggle: its parameters as its card has them, its names, its grade.
fn toggle(card: &'static Card) -> Value {
    let mut schema = described(table(&keys::of_card(card)), card.title);
    for spec in card.params {
        schema["properties"][spec.key]["description"] = json!(format!(
            "{}{}; {}, on the card {} | {} | {}; source: {}",
            if spec.asked { "asked for, no source gives it: " } else { "" },
            spec.what,
            spec.unit.name(),
            spec.low,
            spec.mode,
            spec.high,
            spec.source
        ));
    }
    schema
}
