//! Machine output: objects with a schema name and version.
//!
//! A command declares its object in [`columns`](super::columns);
//! this module gives it the envelope and the units. Token counts are integers, shares numbers
//! between 0 and 1, money dollars with the pico-dollars beside.

use super::foreign_text::is_escaped_in_json;
use super::format::format_decimal;
use super::view::{CellContent, CellValue, TableCell};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

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
    escape_invisible(bytes)
}

/// JSON in which no character is left that a terminal would obey, or that hides another. Outside of
/// strings it has none but line breaks, so that each becomes the escape of the same character.
#[must_use]
pub fn escape_invisible(json: Vec<u8>) -> Vec<u8> {
    escaped_invisible(&json).unwrap_or(json)
}

/// The escaped form, where anything is to be escaped.
fn escaped_invisible(json: &[u8]) -> Option<Vec<u8>> {
    // Most JSON is plain, and large.
    if json.is_ascii() && !json.contains(&b'\x7f') {
        return None;
    }
    let json = std::str::from_utf8(json).ok()?;
    if !json.chars().any(is_escaped_in_json) {
        return None;
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_escaped_in_json(c) {
            // The units of UTF-16: two for what lies above the first plane.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Some(escaped.into_bytes())
}

/// The same for JSON that comes piece by piece, each of whole characters.
pub struct EscapedSink<'a>(pub &'a mut dyn io::Write);

impl io::Write for EscapedSink<'_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.0.write_all(escaped_invisible(json).as_deref().unwrap_or(json))?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn serialize_decimal<S: Serializer>(
    n: i128,
    places: u32,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    // As raw text, because a float would lose digits of pico-dollars.
    let raw = RawValue::from_string(format_decimal(n, places)).expect("a decimal is JSON");
    raw.serialize(serializer)
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

    /// The same with every amount of money unknown, unless dollars can be said at all: a zero would
    /// pass for a bill.
    #[must_use]
    pub(crate) fn without_money_unless(self, has_dollars: bool) -> Self {
        match self {
            unchanged if has_dollars => unchanged,
            Self::List(all) => {
                Self::List(all.into_iter().map(|one| one.without_money_unless(false)).collect())
            }
            Self::Object(entries) => {
                let entries = entries.into_iter().map(|(key, value)| {
                    // Money is known by its key, in both units that it is told in.
                    let is_money = key.starts_with("cost_") && key.ends_with("_usd");
                    let value =
                        if is_money { Self::Null } else { value.without_money_unless(false) };
                    (key, value)
                });
                Self::Object(entries.collect())
            }
            other => other,
        }
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

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_the_same() {
        let text = "a\u{9b}2J\u{202e}b\u{1b}[0m\u{e0041}\n\u{fffe}caf\u{e9}";
        let bytes = pretty_json(&[text]);
        let expect = "[\n  \"a\\u009b2J\\u202eb\\u001b[0m\\udb40\\udc41\\n\\ufffecaf\u{e9}\"\n]\n";
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expect);
        assert_eq!(serde_json::from_slice::<Vec<String>>(&bytes).unwrap(), [text]);
        let mut piecewise = Vec::new();
        serde_json::to_writer_pretty(EscapedSink(&mut piecewise), &[text]).unwrap();
        assert_eq!([&piecewise[..], b"\n"].concat(), bytes);
    }
    use crate::units::PicoUsd;

    fn check(pico: i128, expect: &str) {
        let money = JsonValue::from(CellValue::Money(PicoUsd(pico)));
        assert_eq!(serde_json::to_string(&money).unwrap(), expect);
    }

    #[test]
    fn money_is_exact() {
        check(0, "0.0");
        check(1, "0.000000000001");
        check(-12_500_000_000_000, "-12.5");
        check(9_007_199_254_740_993_000_001, "9007199254.740993000001");
    }

    #[test]
    fn the_envelope_stands_in_front() {
        let row = JsonValue::object([
            ("id", "R1".into()),
            ("cost_pico_usd", CellValue::PicoUsd(PicoUsd(i128::MAX)).into()),
            ("share", CellValue::Share(4_685).into()),
            ("exponent", CellValue::Number(776).into()),
        ]);
        let text = String::from_utf8(versioned_json("compare", 1, &row)).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        let expect = format!(
            "{{\n  \"schema\": \"windtunnel.compare/1\",\n  \"version\": \"{version}\",\n  \
             \"id\": \"R1\",\n  \"cost_pico_usd\": {},\n  \"share\": 0.4685,\n  \
             \"exponent\": 0.776\n}}\n",
            i128::MAX
        );
        assert_eq!(text, expect);
    }
}
