//! Bills by day, model, project and the like: their columns and their place in the JSON.

use super::InspectReport;
use crate::report::columns::{ColumnField, fields_of_part, list_schema, object_schema, rows_json};
use crate::report::json::JsonValue;
use crate::report::show::{CLASS_MEANINGS, HIDDEN_OUTPUT, usage_fields};
use crate::study::inspect::bill_groups::BillGroup;

/// Bills by keys that the user chose.
pub(super) fn bill_fields<'a>(keys: &[&'static str]) -> Vec<ColumnField<'a, &'a BillGroup>> {
    type Field<'a> = ColumnField<'a, &'a BillGroup>;
    let mut fields = key_fields(keys, |row: &&'a BillGroup| row.values.as_slice());
    fields.extend([
        Field::count("sessions", "sessions", "sessions of which something is in it", |row| {
            row.sessions
        }),
        Field::count("calls", "calls", "calls", |row| row.totals.calls),
    ]);
    let headings = ["new input", "cache reads", "", "", "output"];
    let usage = usage_fields(headings, CLASS_MEANINGS);
    fields.extend(fields_of_part(usage, |row: &&'a BillGroup| row.totals.usage));
    // People are shown one column of writes, in front of the output.
    let output = fields.len() - 1;
    let about = "input written to a cache, for however long";
    fields.insert(
        output,
        Field::tokens("", "cache writes", about, |row| {
            row.totals.usage.write_5m + row.totals.usage.write_1h
        }),
    );
    fields.extend([
        Field::tokens("output_hidden", "", HIDDEN_OUTPUT, |row| row.totals.hidden_output),
        Field::money("cost_usd", "cost", "money; null where a model has no price", |row| {
            row.totals.cost()
        }),
        Field::pico_usd("cost_pico_usd", "", "the same in pico-dollars", |row| row.totals.cost()),
    ]);
    fields
}

/// What rows have in common: an object for programs, a column a key for people.
pub(super) fn key_fields<'a, R: 'a>(
    keys: &[&'static str],
    values: impl Fn(&R) -> &'a [String] + Copy + 'a,
) -> Vec<ColumnField<'a, R>> {
    let text_schema = JsonValue::object([("type", "string".into())]);
    let schema =
        JsonValue::object([("type", "object".into()), ("additionalProperties", text_schema)]);
    let mut by_name: Vec<(usize, &'static str)> = keys.iter().copied().enumerate().collect();
    by_name.sort_by_key(|(_, key)| *key);
    let about = "what they have in common";
    let mut fields = vec![ColumnField::nested("keys", about, schema, move |row| {
        let pairs = by_name.iter().map(|(at, key)| (*key, values(row)[*at].as_str().into()));
        Some(JsonValue::object(pairs))
    })];
    for (at, key) in keys.iter().copied().enumerate() {
        fields.push(ColumnField::text("", key, about, move |row| values(row)[at].as_str()));
    }
    fields
}

/// Bills by what was asked for: the keys are those of the request.
pub(super) fn bills_field<'a>() -> ColumnField<'a, &'a InspectReport<'a>> {
    let schema = list_schema(object_schema(&bill_fields(&[])));
    ColumnField::nested(
        "bills_by",
        "bills by what was asked for",
        schema,
        |it: &&'a InspectReport<'a>| {
            let bills = it.bills?;
            Some(rows_json(&bill_fields(&bills.keys), bills.rows.iter()))
        },
    )
    .left_out_if_missing()
}
