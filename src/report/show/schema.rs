//! A JSON schema as a table for people.

use crate::report::json::JsonValue;
use crate::report::view::{TableCell, TableColumn, TableView};

/// The keys of a schema, each under the path that leads to it: its type, its unit, the column of
/// CSV that holds it, and what it means.
#[must_use]
pub fn schema_table(schema: &JsonValue) -> TableView {
    let columns = ["key", "type", "unit", "column in CSV", "meaning"].map(TableColumn::text);
    let mut view = TableView::new(text_of(schema, "title"), columns.into());
    add_properties(schema, "", &mut view);
    view
}

fn add_properties(schema: &JsonValue, path: &str, view: &mut TableView) {
    let Some(JsonValue::Object(properties)) = part_of(schema, "properties") else { return };
    for (key, property) in properties {
        let items = part_of(property, "items");
        let path = format!("{path}{key}{}", if items.is_some() { "[]" } else { "" });
        let cells = [
            path.clone(),
            type_in_words(property),
            text_of(property, "unit"),
            text_of(property, "csv"),
            text_of(property, "description"),
        ];
        view.add_row(cells.map(TableCell::text).into());
        add_properties(items.unwrap_or(property), &format!("{path}."), view);
    }
}

fn part_of<'a>(schema: &'a JsonValue, key: &str) -> Option<&'a JsonValue> {
    let JsonValue::Object(entries) = schema else { return None };
    entries.iter().find(|(known, _)| known == key).map(|(_, part)| part)
}

fn text_of(schema: &JsonValue, key: &str) -> String {
    match part_of(schema, key) {
        Some(JsonValue::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn type_in_words(schema: &JsonValue) -> String {
    match part_of(schema, "type") {
        Some(JsonValue::List(types)) => {
            let names = types.iter().filter_map(|one| match one {
                JsonValue::Text(name) => Some(name.as_str()),
                _ => None,
            });
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => text_of(schema, "type"),
    }
}
