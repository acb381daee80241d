//! Visitors that measure text instead of keeping it.
//!
//! Strings come raw, escapes included (`json.rs`): nothing is copied that is only counted.
//! Characters are code points.

use crate::import::json_escapes::{count_chars, decode_string};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// How much of a text is looked at, in bytes: enough for a command or an error message.
pub(super) const SAMPLE: usize = 4_096;

/// A short string: an id, a name, a time stamp. Empty where absent or null.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShortText<'a>(pub &'a [u8]);

impl<'a> ShortText<'a> {
    /// As text; broken bytes are replaced.
    pub fn to_text(self) -> Cow<'a, str> {
        decode_string(self.0)
    }

    /// A 64-bit fingerprint, for tables within one file.
    pub fn text_hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.0)
    }
}

/// A string with its measure; dropped with the record.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct MeasuredText<'a> {
    /// Characters.
    pub chars: u64,
    raw: &'a [u8],
}

impl<'a> MeasuredText<'a> {
    /// The measure of a raw string.
    pub fn from_raw(raw: &'a [u8]) -> Self {
        Self { chars: count_chars(raw), raw }
    }

    /// Its first [`SAMPLE`] bytes, raw.
    pub fn leading_sample(&self) -> &'a [u8] {
        &self.raw[..self.raw.len().min(SAMPLE)]
    }

    /// A fingerprint of the whole; 0 for none.
    pub fn text_hash(&self) -> u64 {
        if self.raw.is_empty() { 0 } else { xxhash_rust::xxh3::xxh3_64(self.raw) }
    }
}

/// A string that only needs its length.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextLength(pub u64);

/// Any value that only matters if it is an object of the wanted shape.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LenientObject<T>(pub Option<T>);

/// An object whose content does not matter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct IgnoredObject {}

struct ShortTextVisitor;
struct MeasuredTextVisitor;
struct TextLengthVisitor;

/// Methods of a visitor to which all numbers, `true`, `false` and `null` are the same.
macro_rules! visit_scalars_as {
    ($value:expr) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}
pub(super) use visit_scalars_as;

/// A visitor that takes a raw string, or null as empty.
macro_rules! string_visitor {
    ($visitor:ty, $out:ty, $of:expr) => {
        impl<'de> Visitor<'de> for $visitor {
            type Value = $out;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_bytes<E: Error>(self, raw: &'de [u8]) -> Result<Self::Value, E> {
                Ok($of(raw))
            }
        }
    };
}

string_visitor!(ShortTextVisitor, ShortText<'de>, ShortText);
string_visitor!(TextLengthVisitor, TextLength, |raw: &[u8]| TextLength(count_chars(raw)));
string_visitor!(MeasuredTextVisitor, MeasuredText<'de>, MeasuredText::from_raw);

impl<'de: 'a, 'a> Deserialize<'de> for ShortText<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_bytes(ShortTextVisitor)
    }
}

impl<'de> Deserialize<'de> for TextLength {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_bytes(TextLengthVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MeasuredText<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_bytes(MeasuredTextVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LenientObject<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct LenientObjectVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for LenientObjectVisitor<T> {
            type Value = LenientObject<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                // Its own fields are read as ever: a wrong one in there is a fault.
                let inner = serde::de::value::MapAccessDeserializer::new(map);
                Ok(LenientObject(Some(T::deserialize(inner)?)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(LenientObject(None))
            }
            fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self::Value, E> {
                Ok(LenientObject(None))
            }
            visit_scalars_as!(LenientObject(None));
        }
        d.deserialize_any(LenientObjectVisitor(std::marker::PhantomData))
    }
}

/// A JSON value measured as compact JSON with its strings decoded; its telling fields are kept
/// while the record is looked at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct MeasuredInput {
    /// Characters of the compact form.
    pub chars: u64,
    /// `command` or its like.
    pub command: String,
    /// Fingerprint of the path of the file concerned; 0 if there is none.
    pub path: u64,
    /// Whether the path ends like a file name does (`x.rs`), not like a folder's.
    pub path_is_file: bool,
    /// Fingerprint of `offset`, `limit` and `pages`.
    pub range: u64,
    /// `order_id` and `step_name`: names that an orchestrator gives what it dispatches.
    pub order: String,
    /// See above.
    pub step: String,
}

impl<'de> Deserialize<'de> for MeasuredInput {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut input = Self::default();
        input.chars = d.deserialize_any(JsonMeasure { top: Some(&mut input), key: b"" })?;
        Ok(input)
    }
}

/// Length of any value as compact JSON.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct JsonLength(pub u64);

impl<'de> Deserialize<'de> for JsonLength {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(JsonMeasure { top: None, key: b"" }).map(Self)
    }
}

/// Counts the characters of a value; at the top level it also notes the telling fields.
struct JsonMeasure<'a, 'k> {
    top: Option<&'a mut MeasuredInput>,
    key: &'k [u8],
}

impl<'de> DeserializeSeed<'de> for JsonMeasure<'_, '_> {
    type Value = u64;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<u64, D::Error> {
        d.deserialize_any(self)
    }
}

fn decimal_digits(value: u64) -> u64 {
    u64::from(value.checked_ilog10().unwrap_or(0)) + 1
}

impl<'de> Visitor<'de> for JsonMeasure<'_, '_> {
    type Value = u64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<u64, E> {
        Ok(if v { 4 } else { 5 })
    }
    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Ok(4)
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<u64, E> {
        self.note_number(v.unsigned_abs());
        Ok(decimal_digits(v.unsigned_abs()) + u64::from(v < 0))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<u64, E> {
        self.note_number(v);
        Ok(decimal_digits(v))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<u64, E> {
        Ok(v.to_string().len() as u64)
    }
    fn visit_bytes<E: Error>(self, raw: &[u8]) -> Result<u64, E> {
        if let Some(input) = self.top {
            note_text(input, self.key, raw);
        }
        Ok(count_chars(raw) + 2)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        let (mut total, mut count) = (2, 0_u64);
        // Two brackets, and a comma between any two elements.
        while let Some(length) = seq.next_element_seed(JsonMeasure { top: None, key: b"" })? {
            total += length;
            count += 1;
        }
        Ok(total + count.saturating_sub(1))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let (mut total, mut count) = (2, 0_u64);
        // Borrowed anew for each field: only one of them is looked at at a time.
        let mut top = self.top;
        while let Some(key) = map.next_key::<ShortText<'de>>()? {
            // A key stands between quotes and before a colon.
            total += count_chars(key.0) + 3;
            // Telling fields are those of the value itself, not those of objects inside it.
            let inner = if self.key.is_empty() { top.as_deref_mut() } else { None };
            total += map.next_value_seed(JsonMeasure { top: inner, key: key.0 })?;
            count += 1;
        }
        Ok(total + count.saturating_sub(1))
    }
}

impl JsonMeasure<'_, '_> {
    fn note_number(self, value: u64) {
        if let (Some(input), b"offset" | b"limit" | b"pages") = (self.top, self.key) {
            // One more than the value: an offset of 0 differs from none.
            let place = xxhash_rust::xxh3::xxh3_64(self.key);
            input.range ^= place.wrapping_mul(value.wrapping_add(1));
        }
    }
}

/// Most bytes of a name that are kept.
const NAME: usize = 64;

fn note_text(input: &mut MeasuredInput, key: &[u8], raw: &[u8]) {
    match key {
        b"command" | b"cmd" => {
            input.command = decode_string(&raw[..raw.len().min(SAMPLE)]).into_owned();
        }
        b"file_path" | b"path" | b"notebook_path" => {
            input.path = xxhash_rust::xxh3::xxh3_64(raw).max(1);
            // A dot that does not begin the name: `.git` is no file of that kind.
            let name = raw.rsplit(|&byte| byte == b'/').next().unwrap_or(raw);
            input.path_is_file = name.iter().skip(1).any(|&byte| byte == b'.');
        }
        b"order_id" => input.order = decode_string(&raw[..raw.len().min(NAME)]).into_owned(),
        b"step_name" => input.step = decode_string(&raw[..raw.len().min(NAME)]).into_owned(),
        b"pages" | b"offset" | b"limit" => {
            // Fields may come in any order: their fingerprints are combined by exclusive or.
            let place = xxhash_rust::xxh3::xxh3_64(key);
            input.range ^= place.wrapping_mul(xxhash_rust::xxh3::xxh3_64(raw));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json_reader;

    #[test]
    fn inputs_are_measured_as_compact_json() {
        for text in [
            r#"{"command":"ls","timeout":-5,"a":[1,2,{"b":null}],"c":true,"d":{},"e":[]}"#,
            r#"{"file_path":"/a/b.rs","offset":10,"limit":20}"#,
            "[]",
            "\"x\"",
        ] {
            let input: MeasuredInput = json_reader::from_slice(text.as_bytes()).unwrap_or_default();
            assert_eq!(input.chars, text.len() as u64, "{text}");
        }
        let input: MeasuredInput =
            json_reader::from_slice(br#"{"command": "l\u0073"}"#).unwrap_or_default();
        assert_eq!((input.chars, input.command.as_str()), (16, "ls"));
    }
}
