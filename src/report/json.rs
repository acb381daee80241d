//! Machine output: objects with a schema name and version.
//!
//! A command declares its object in [`columns`](super::columns) or serialises a struct of its own;
//! this module gives it the envelope and the units. Token counts are integers, shares numbers
//! between 0 and 1, money dollars with the pico-dollars beside.

use super::format::format_decimal;
use super::view::{CellContent, CellValue, TableCell};
use crate::units::{PicoUsd, Usage};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// `body` as pretty JSON with `schema` (its name and version, `windtunnel.compare/1`) and
/// `version` (of this program) in front, ended by a line break.
///
/// # Panics
/// If `body` does not serialise to an object, or has a key that is not a string.
#[must_use]
pub fn versioned_json<T: Serialize>(schema: &str, schema_version: u32, body: &T) -> Vec<u8> {
    #[derive(Serialize)]
    struct VersionedEnvelope<'a, T> {
        schema: String,
        version: &'static str,
        #[serde(flatten)]
        body: &'a T,
    }
    let schema = format!("windtunnel.{schema}/{schema_version}");
    pretty_json(&VersionedEnvelope { schema, version: env!("CARGO_PKG_VERSION"), body })
}

/// Any value as pretty JSON, ended by a line break.
///
/// # Panics
/// If a map has a key that is not a string.
#[must_use]
pub fn pretty_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("own types serialise");
    bytes.push(b'\n');
    bytes
}

/// Money as two fields, to be flattened into a struct: dollars for people, pico-dollars for sums.
#[derive(Clone, Debug, Serialize)]
pub struct MoneyJson {
    /// Dollars, all places.
    pub cost_usd: UsdJson,
    /// The same in pico-dollars.
    pub cost_pico_usd: i128,
}

impl From<PicoUsd> for MoneyJson {
    fn from(amount: PicoUsd) -> Self {
        Self { cost_usd: UsdJson(amount), cost_pico_usd: amount.0 }
    }
}

/// Money as one JSON number in dollars, written from the integer: no place is lost or made up.
#[derive(Clone, Copy, Debug)]
pub struct UsdJson(pub PicoUsd);

impl Serialize for UsdJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_decimal(self.0.0, 12, serializer)
    }
}

/// A share in basis points as a JSON number, where 1.0 is the whole.
#[derive(Clone, Copy, Debug)]
pub struct ShareJson(pub i64);

impl Serialize for ShareJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_decimal(i128::from(self.0), 4, serializer)
    }
}

/// A number in thousandths as a JSON number.
#[derive(Clone, Copy, Debug)]
pub struct ThousandthsJson(pub i64);

impl Serialize for ThousandthsJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_decimal(i128::from(self.0), 3, serializer)
    }
}

fn serialize_decimal<S: Serializer>(
    n: i128,
    places: u32,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let raw = RawValue::from_string(format_decimal(n, places)).expect("a decimal is JSON");
    raw.serialize(serializer)
}

/// The five token classes in their order, to be flattened into a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokensJson {
    /// Uncached input.
    pub fresh: i64,
    /// Cache reads.
    pub read: i64,
    /// Writes to the five-minute cache.
    pub write_5m: i64,
    /// Writes to the one-hour cache.
    pub write_1h: i64,
    /// Output.
    pub output: i64,
}

impl From<Usage> for TokensJson {
    fn from(usage: Usage) -> Self {
        let [fresh, read, write_5m, write_1h, output] = usage.by_class();
        Self { fresh, read, write_5m, write_1h, output }
    }
}

/// Any JSON value; keys keep their order, and numbers every digit.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonValue {
    /// Nothing is known.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i128),
    /// The number divided by ten to the power of the places.
    Decimal(i128, u32),
    /// A float.
    Float(f64),
    /// Words.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl JsonValue {
    /// An object of some keys.
    pub fn object(entries: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl From<&str> for JsonValue {
    fn from(words: &str) -> Self {
        Self::Text(words.to_owned())
    }
}

impl From<CellValue> for JsonValue {
    fn from(value: CellValue) -> Self {
        match value {
            CellValue::Text(words) => Self::Text(words),
            CellValue::Texts(list) => Self::List(list.into_iter().map(Self::Text).collect()),
            CellValue::Flag(flag) => Self::Flag(flag),
            CellValue::Tokens(n) | CellValue::Count(n) | CellValue::Duration(n) => {
                Self::Integer(i128::from(n))
            }
            CellValue::Share(bp) => Self::Decimal(i128::from(bp), 4),
            CellValue::Number(thousandths) => Self::Decimal(i128::from(thousandths), 3),
            CellValue::Money(amount) => Self::Decimal(amount.0, 12),
            CellValue::PicoUsd(amount) => Self::Integer(amount.0),
            CellValue::Fraction(part) => Self::Float(part),
        }
    }
}

impl From<TableCell> for JsonValue {
    /// A range is the list of its ends; the tone has no place in JSON.
    fn from(cell: TableCell) -> Self {
        match cell.content {
            CellContent::Missing => Self::Null,
            CellContent::One(value) => value.into(),
            CellContent::Range(low, high) => Self::List(vec![low.into(), high.into()]),
        }
    }
}

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Integer(n) => serializer.serialize_i128(*n),
            Self::Decimal(n, places) => serialize_decimal(*n, *places, serializer),
            Self::Float(n) => serializer.serialize_f64(*n),
            Self::Text(words) => serializer.serialize_str(words),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        id: &'static str,
        #[serde(flatten)]
        tokens: TokensJson,
        #[serde(flatten)]
        cost: MoneyJson,
        share: ShareJson,
        exponent: ThousandthsJson,
    }

    fn check(pico: i128, expect: &str) {
        let text = serde_json::to_string(&MoneyJson::from(PicoUsd(pico))).unwrap();
        assert_eq!(text, expect);
    }

    #[test]
    fn money_is_exact() {
        check(0, r#"{"cost_usd":0.0,"cost_pico_usd":0}"#);
        check(1, r#"{"cost_usd":0.000000000001,"cost_pico_usd":1}"#);
        check(-12_500_000_000_000, r#"{"cost_usd":-12.5,"cost_pico_usd":-12500000000000}"#);
        check(
            9_007_199_254_740_993_000_001,
            r#"{"cost_usd":9007199254.740993000001,"cost_pico_usd":9007199254740993000001}"#,
        );
    }

    #[test]
    fn the_envelope_stands_in_front() {
        let row = Row {
            id: "R1",
            tokens: Usage { read: 7, output: 1, ..Usage::default() }.into(),
            cost: PicoUsd(1_500_000_000_000).into(),
            share: ShareJson(4_685),
            exponent: ThousandthsJson(776),
        };
        let text = String::from_utf8(versioned_json("compare", 1, &row)).unwrap();
        let start = format!(
            "{{\n  \"schema\": \"windtunnel.compare/1\",\n  \"version\": \"{}\",\n  \
             \"id\": \"R1\",",
            env!("CARGO_PKG_VERSION")
        );
        assert!(text.starts_with(&start), "{text}");
        assert!(
            text.contains("\"write_1h\": 0,\n  \"output\": 1,\n  \"cost_usd\": 1.5,"),
            "{text}"
        );
        assert!(text.ends_with("\"share\": 0.4685,\n  \"exponent\": 0.776\n}\n"), "{text}");
    }
}
