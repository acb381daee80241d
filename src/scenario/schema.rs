//! The JSON schema of scenarios, for editors: made from the table of keys that the parser checks
//! with, and from the cards of the toggles.

use super::SCHEMA;
use super::keys::{self, ScenarioKey, ValueKind};
use crate::intervene::{self, ParamUnit, ToggleCard};
use crate::quantity::QuantityKind;
use crate::reconstruct::unknown::MOST_ANSWERS;
use serde_json::{Map, Value, json};

/// The units that a parameter may have, by the names that their ranges have in the schema.
const UNIT_NAMES: [(ParamUnit, &str); 5] = [
    (ParamUnit::Tokens, "tokens"),
    (ParamUnit::Count, "count"),
    (ParamUnit::BasisPoints, "ten_thousandths"),
    (ParamUnit::Milliseconds, "milliseconds"),
    (ParamUnit::Chance, "chance"),
];

/// The schema as JSON text.
///
/// # Panics
/// Never: JSON values serialise.
#[must_use]
pub fn schema_json() -> Vec<u8> {
    let ranges = UNIT_NAMES.iter().map(|(unit, name)| ((*name).to_owned(), range_schema(*unit)));
    let mut schema = table_schema(&keys::SCENARIO_KEYS);
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
fn table_schema(keys: &[ScenarioKey]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            (key.name.to_owned(), with_description(value_schema(key.value_kind), key.meaning))
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn with_description(mut schema: Value, what: &str) -> Value {
    schema["description"] = json!(what);
    schema
}

fn value_schema(holds: ValueKind) -> Value {
    match holds {
        ValueKind::Schema => json!({ "enum": [SCHEMA] }),
        ValueKind::Text => text_schema(),
        ValueKind::OneOf(names) => json!({ "enum": names() }),
        ValueKind::Whole(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        ValueKind::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        ValueKind::Day => json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" }),
        ValueKind::Moment => json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}" }),
        ValueKind::Span => json!({ "type": "string", "pattern": "^ *[0-9]" }),
        ValueKind::SomeOf(names) => one_or_some_schema(&json!({ "enum": names() }), 1, usize::MAX),
        ValueKind::Patterns => one_or_some_schema(&json!({ "type": "string" }), 1, usize::MAX),
        ValueKind::Names(most) => one_or_some_schema(&text_schema(), 0, most),
        ValueKind::Weights => {
            let weight = json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX });
            json!({ "type": "array", "items": weight, "minItems": 2, "maxItems": MOST_ANSWERS })
        }
        ValueKind::Range(unit) => {
            let name = UNIT_NAMES
                .iter()
                .find(|(known, _)| known.name() == unit.name())
                .map_or("", |(_, name)| name);
            // By reference, so that the schema says the range of each unit once.
            json!({ "allOf": [{ "$ref": format!("#/definitions/{name}") }] })
        }
        ValueKind::Amount(unit) => amount_schema(unit),
        ValueKind::Select => table_schema(&keys::SELECT_KEYS),
        ValueKind::Models => json!({ "type": "object", "additionalProperties": text_schema() }),
        ValueKind::Figures => {
            let figure = json!({ "type": "integer", "minimum": 0 });
            json!({ "type": "object", "additionalProperties": figure })
        }
        ValueKind::Toggles => {
            let cards = intervene::ALL.iter().map(|one| one.card());
            let toggles: Map<String, Value> =
                cards.map(|card| (card.id.to_owned(), toggle_schema(card))).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": toggles })
        }
    }
}

fn text_schema() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn one_or_some_schema(one: &Value, least: usize, most: usize) -> Value {
    let mut some = json!({ "type": "array", "items": one, "minItems": least });
    if most < usize::MAX {
        some["maxItems"] = json!(most);
    }
    json!({ "anyOf": [one, some] })
}

/// The values of a parameter: a whole number, or a table of which some keys are needed.
fn range_schema(unit: ParamUnit) -> Value {
    let mut spread = table_schema(&keys::keys_of_range(unit));
    let uniform = json!({ "shape": { "enum": ["uniform"] } });
    // What the parser takes, and nothing else: a uniform range needs no mode.
    spread["anyOf"] = json!([
        { "required": ["low", "mode", "high"] },
        { "required": ["low", "high", "shape"], "properties": uniform },
        { "required": ["low", "weights"] },
        { "required": ["value"] },
    ]);
    json!({ "anyOf": [amount_schema(unit), spread] })
}

/// A whole number in the unit of the card, a part of one for a share, or an amount with its unit.
fn amount_schema(unit: ParamUnit) -> Value {
    let (least, most) = unit.value_bounds();
    let bare = json!({ "type": "integer", "minimum": least, "maximum": most });
    let mut ways = vec![bare, json!({ "type": "string", "pattern": "^ *[0-9]" })];
    if unit.quantity_kind() == QuantityKind::Share {
        ways.push(json!({ "type": "number", "minimum": 0, "maximum": 1 }));
    }
    json!({ "anyOf": ways })
}

/// A toggle: its parameters as its card has them, its names, its grade.
fn toggle_schema(card: &'static ToggleCard) -> Value {
    let mut schema = with_description(table_schema(&keys::keys_of_card(card)), card.title);
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
