//! Fields as JSON objects, and the schema of those objects.

use super::{ColumnField, ColumnShape, FieldValue, shapes_of};
use crate::report::json::JsonValue;
use crate::report::view::ColumnKind;
use std::borrow::Cow;

/// A row as an object: the fields that have a name.
#[must_use]
pub fn object_json<R>(fields: &[ColumnField<'_, R>], row: &R) -> JsonValue {
    let mut entries = Vec::with_capacity(fields.len());
    for field in fields.iter().filter(|field| !field.shape.name.is_empty()) {
        let value = match &field.value {
            FieldValue::Cell(cell) => JsonValue::from(cell(row)),
            FieldValue::Nested(json) => json(row).unwrap_or(JsonValue::Null),
        };
        add_entry(&mut entries, &field.shape, value);
    }
    JsonValue::Object(entries)
}

/// Adds the value of a field, unless it is missing and to be left out.
fn add_entry(
    entries: &mut Vec<(Cow<'static, str>, JsonValue)>,
    field: &ColumnShape,
    value: JsonValue,
) {
    if !(field.is_omitted && value == JsonValue::Null) {
        entries.push((field.name.clone(), value));
    }
}

/// Rows as a list of objects.
#[must_use]
pub fn rows_json<R>(fields: &[ColumnField<'_, R>], rows: impl IntoIterator<Item = R>) -> JsonValue {
    JsonValue::List(rows.into_iter().map(|row| object_json(fields, &row)).collect())
}

/// The JSON schema of an object with these fields.
#[must_use]
pub fn object_schema<R>(fields: &[ColumnField<'_, R>]) -> JsonValue {
    schema_of_shapes(&shapes_of(fields))
}

fn schema_of_shapes(fields: &[&ColumnShape]) -> JsonValue {
    let named = fields.iter().filter(|field| !field.name.is_empty());
    let properties = named.clone().map(|field| (field.name.clone(), field_schema(field))).collect();
    let required = named.filter(|field| !field.is_omitted);
    let required = required.map(|field| JsonValue::Text(field.name.to_string())).collect();
    JsonValue::object([
        ("type", "object".into()),
        ("properties", JsonValue::Object(properties)),
        ("required", JsonValue::List(required)),
        ("additionalProperties", JsonValue::Flag(false)),
    ])
}

/// The JSON schema of what [`versioned_json`](crate::report::json::versioned_json) makes of an
/// object with these fields.
#[must_use]
pub fn versioned_schema<R>(
    schema: &str,
    schema_version: u32,
    fields: &[ColumnField<'_, R>],
) -> JsonValue {
    schema_in_envelope(format!("windtunnel.{schema}/{schema_version}"), object_schema(fields))
}

fn schema_in_envelope(name: String, body: JsonValue) -> JsonValue {
    let envelope = [
        ColumnField::text("schema", "", "name and version of this schema", |()| ""),
        ColumnField::text("version", "", "version of the program", |()| ""),
    ];
    let (JsonValue::Object(mut whole), JsonValue::Object(body)) = (object_schema(&envelope), body)
    else {
        unreachable!("the schema of an object is an object")
    };
    // The keys of the envelope stand in front of those of the body, as they do in the output.
    for ((_, front), (_, back)) in whole.iter_mut().zip(body) {
        match (front, back) {
            (JsonValue::Object(front), JsonValue::Object(back)) => front.extend(back),
            (JsonValue::List(front), JsonValue::List(back)) => front.extend(back),
            _ => {}
        }
    }
    let draft = "https://json-schema.org/draft/2020-12/schema";
    whole.insert(0, ("$schema".into(), draft.into()));
    whole.insert(1, ("title".into(), JsonValue::Text(name)));
    JsonValue::Object(whole)
}

/// The JSON schema of a list.
#[must_use]
pub fn list_schema(items: JsonValue) -> JsonValue {
    JsonValue::object([("type", "array".into()), ("items", items)])
}

/// The JSON schema of one value: its type, what it is and its unit.
fn field_schema(field: &ColumnShape) -> JsonValue {
    let mut schema = match &field.nested_schema {
        Some(JsonValue::Object(entries)) => entries.clone(),
        _ => cell_schema(field),
    };
    // Of a recording of which no dollars can be said every amount is null.
    let is_money = matches!(field.kind, ColumnKind::Money | ColumnKind::PicoUsd);
    if (field.is_optional || is_money) && !field.is_omitted {
        for (key, value) in &mut schema {
            if **key == *"type" {
                add_type(value, "null");
            }
        }
    }
    schema.insert(1, ("description".into(), field.about.into()));
    if !field.unit.is_empty() {
        schema.insert(2, ("unit".into(), field.unit.into()));
    }
    // Under which heading CSV has it; a list or an object is a table of its own there.
    if !field.heading.is_empty() && field.nested_schema.is_none() {
        let headings = field.table_column().headings_for_programs().join(", ");
        schema.push(("csv".into(), JsonValue::Text(headings)));
    }
    JsonValue::Object(schema)
}

/// The type of a single value, or of both ends of a range.
fn cell_schema(field: &ColumnShape) -> Vec<(Cow<'static, str>, JsonValue)> {
    let name: JsonValue = match field.kind {
        ColumnKind::Text => "string".into(),
        ColumnKind::Flag => "boolean".into(),
        ColumnKind::Texts => {
            let items = JsonValue::object([("type", "string".into())]);
            return vec![("type".into(), "array".into()), ("items".into(), items)];
        }
        ColumnKind::Tokens | ColumnKind::Count | ColumnKind::Duration | ColumnKind::PicoUsd => {
            "integer".into()
        }
        ColumnKind::Share | ColumnKind::Fraction | ColumnKind::Money | ColumnKind::Number => {
            "number".into()
        }
        ColumnKind::Mixed => JsonValue::List(vec!["number".into(), "string".into()]),
    };
    if !field.is_ranged {
        return vec![("type".into(), name)];
    }
    // A range whose ends are the same is written as a single value.
    let mut either = name.clone();
    add_type(&mut either, "array");
    let items = JsonValue::object([("type", name)]);
    vec![("type".into(), either), ("items".into(), items)]
}

/// Allows values of one more type.
fn add_type(types: &mut JsonValue, name: &str) {
    match types {
        JsonValue::List(types) => types.push(name.into()),
        one => *one = JsonValue::List(vec![one.clone(), name.into()]),
    }
}
