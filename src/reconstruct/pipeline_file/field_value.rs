//! Single values of a file of published totals: what a field takes, in one spelling.

use super::super::figure::{Figure, FigureUnit};
use super::field_key::FieldKind;
use crate::quantity::{QuantityKind, parse_decimal};
use crate::toml_reader::{TomlEntry, TomlNode, nearest_name_hint};
use crate::units::BASIS_POINTS;
use serde_json::{Value, json};

/// What would do and what was likely meant.
pub(super) fn wanted_with_way_out(kind: FieldKind, entry: &TomlEntry) -> String {
    let typed = entry.as_typed.as_str();
    let way_out = match kind {
        FieldKind::Amount(amount) | FieldKind::OpenAmount(amount) => amount.way_out(typed),
        FieldKind::Saving if !typed.contains('%') => QuantityKind::Tokens.way_out(typed),
        FieldKind::Tally => QuantityKind::Count.way_out(typed),
        FieldKind::OneOf(names) => {
            nearest_name_hint(typed.trim_matches(['"', '\'']), names.iter().copied())
        }
        _ => String::new(),
    };
    format!("{}{way_out}", kind.wanted_text())
}

/// A value that needs nothing but itself to be judged.
pub(super) fn plain_value(kind: FieldKind, entry: &TomlEntry) -> Option<Value> {
    match (kind, &entry.node) {
        (FieldKind::Schema(name), TomlNode::Text(text)) => (text == name).then(|| json!(text)),
        (FieldKind::Name | FieldKind::Declared(_), TomlNode::Text(text)) => {
            (!text.trim().is_empty()).then(|| json!(text))
        }
        (FieldKind::Text, TomlNode::Text(text)) => Some(json!(text)),
        // Of a pull request the number alone is as good.
        (FieldKind::Text, TomlNode::Whole(number)) => Some(json!(number.to_string())),
        (FieldKind::Texts, TomlNode::List(items)) => items
            .iter()
            .map(|item| plain_value(FieldKind::Text, item))
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array),
        (FieldKind::Day, TomlNode::Text(text) | TomlNode::Date(text)) => {
            text.parse::<jiff::civil::Date>().ok().map(|day| json!(day.to_string()))
        }
        (FieldKind::Amount(kind) | FieldKind::OpenAmount(kind), _) => {
            figure_text(kind, entry).map(Value::String)
        }
        (FieldKind::AmountLeft, _) => figure_text(QuantityKind::Tokens, entry).map(Value::String),
        (FieldKind::AnyAmount, TomlNode::Text(text)) => {
            Figure::parse(text.trim()).ok().map(|figure| json!(figure.text))
        }
        (FieldKind::AnyAmount, _) => figure_text(QuantityKind::Count, entry).map(Value::String),
        (FieldKind::Saving, _) => [QuantityKind::Tokens, QuantityKind::Share]
            .into_iter()
            .find_map(|kind| figure_text(kind, entry))
            .map(Value::String),
        (FieldKind::Whole(least, most), TomlNode::Whole(number)) => {
            (least..=most).contains(number).then(|| json!(number))
        }
        (FieldKind::Weights, TomlNode::List(items)) => items
            .iter()
            .map(|item| match item.node {
                TomlNode::Whole(weight) => u16::try_from(weight).ok().map(|weight| json!(weight)),
                _ => None,
            })
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array),
        (FieldKind::Flag, TomlNode::Boolean(value)) => Some(json!(value)),
        (FieldKind::OneOf(names), TomlNode::Text(text)) => {
            names.contains(&text.as_str()).then(|| json!(text))
        }
        _ => None,
    }
}

/// Whether a figure counts what its place counts.
pub(super) fn fits_kind(figure: &Figure, kind: QuantityKind) -> bool {
    match kind {
        QuantityKind::Tokens | QuantityKind::Count => figure.unit == FigureUnit::Count,
        QuantityKind::Duration => figure.unit == FigureUnit::Time,
        QuantityKind::Share => figure.unit == FigureUnit::Share && figure.high <= BASIS_POINTS,
        // Nothing published here is money.
        QuantityKind::Money => false,
    }
}

/// A published figure of a kind, as a text that [`Figure`] reads; `None` where it is none.
pub(super) fn figure_text(kind: QuantityKind, entry: &TomlEntry) -> Option<String> {
    let text = match (&entry.node, kind) {
        // A part of one is a share where one is wanted, and nowhere else.
        (TomlNode::Text(text), QuantityKind::Share) if !text.contains('%') => {
            let parts = QuantityKind::Share.read(text).map(|share| share.value);
            percent_text(parts.or_else(|| (text.trim() == "0").then_some(0))?)
        }
        (TomlNode::Text(text), _) => text.trim().to_owned(),
        (node, QuantityKind::Share) => percent_text(kind.read_node(node)?.value),
        (node, QuantityKind::Duration) => format!("{}s", kind.read_node(node)?.value),
        (node, _) => kind.read_node(node)?.value.to_string(),
    };
    let figure = Figure::parse(&text).ok()?;
    fits_kind(&figure, kind).then_some(text)
}

/// Ten-thousandths as per cent, exactly: `3025` is `30.25%`.
fn percent_text(ten_thousandths: i128) -> String {
    let mut digits = format!("{ten_thousandths:03}");
    digits.insert(digits.len() - 2, '.');
    let trimmed = digits.trim_end_matches('0').trim_end_matches('.');
    debug_assert!(parse_decimal(trimmed, 100).is_some_and(|it| it.value == ten_thousandths));
    format!("{trimmed}%")
}
