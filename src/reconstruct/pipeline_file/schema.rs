//! The JSON schema of files of published totals, for editors: made from the tables that the reader
//! reads with.

use super::super::reported::SCHEMA;
use super::field_key::{AbsentField, FieldKey, FieldKind};
use super::pipeline_keys::{DAY, EVENTS, PIPELINE, SOURCE};
use crate::quantity::QuantityKind;
use serde_json::{Map, Value, json};

/// The schema as JSON text.
///
/// # Panics
/// Never: JSON values serialise.
#[must_use]
pub fn pipeline_schema_json() -> Vec<u8> {
    let mut schema = table_schema(PIPELINE.keys);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(format!("Published totals of a pipeline, for windtunnel ({SCHEMA})"));
    let mut bytes = serde_json::to_vec_pretty(&schema).expect("JSON values serialise");
    bytes.push(b'\n');
    bytes
}

/// A table that has these keys and no other.
fn table_schema(keys: &[FieldKey]) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = value_schema(key.kind);
        schema["description"] = json!(key.meaning);
        properties.insert(key.name.to_owned(), schema);
    }
    let needed: Vec<&str> =
        keys.iter().filter(|key| key.absent == AbsentField::Refused).map(|key| key.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": needed,
    })
}

fn value_schema(kind: FieldKind) -> Value {
    let name = json!({ "type": "string", "minLength": 1 });
    let day = json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" });
    match kind {
        FieldKind::Schema(name) => json!({ "enum": [name] }),
        FieldKind::Name | FieldKind::Declared(_) | FieldKind::Reference(_) => name,
        FieldKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        FieldKind::ReferenceOrNone(_) => json!({ "type": "string" }),
        FieldKind::References(_) => json!({ "type": "array", "items": name }),
        FieldKind::Text => json!({ "type": ["string", "integer"] }),
        FieldKind::Day => day,
        FieldKind::DayOfPipeline => json!({ "anyOf": [day, table_schema(DAY.keys)] }),
        FieldKind::Source => json!({ "anyOf": [name, table_schema(SOURCE.keys)] }),
        FieldKind::Amount(QuantityKind::Share) | FieldKind::OpenAmount(QuantityKind::Share) => {
            let part = json!({ "type": "number", "minimum": 0, "maximum": 1 });
            json!({ "anyOf": [amount_text(), part] })
        }
        FieldKind::Amount(_)
        | FieldKind::OpenAmount(_)
        | FieldKind::AmountLeft
        | FieldKind::AnyAmount
        | FieldKind::Saving
        | FieldKind::Tally => {
            json!({ "anyOf": [amount_text(), { "type": "integer", "minimum": 0 }] })
        }
        FieldKind::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        FieldKind::Weights => {
            let weight = json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX });
            json!({ "type": "array", "items": weight })
        }
        FieldKind::Flag => json!({ "type": "boolean" }),
        FieldKind::OneOf(names) => json!({ "enum": names }),
        FieldKind::Table(table) => table_schema(table.keys),
        FieldKind::Rows(table) => json!({ "type": "array", "items": table_schema(table.keys) }),
        FieldKind::Events => {
            let kinds = EVENTS.iter().map(|(kind, table)| {
                let mut schema = table_schema(table.keys);
                schema["properties"]["kind"] = json!({ "enum": [kind] });
                schema
            });
            json!({ "type": "array", "items": { "anyOf": kinds.collect::<Vec<Value>>() } })
        }
    }
}

/// A figure as printed: digits, whatever stands around them.
fn amount_text() -> Value {
    json!({ "type": "string", "pattern": "^ *~? *[0-9]" })
}
