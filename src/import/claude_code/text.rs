//! Visitors that measure text instead of keeping it.
//!
//! Strings are taken as bytes: that is the one way to read lone surrogates and broken UTF-8
//! without an error, and it spares a validation. Characters are counted as code points.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::borrow::Cow;
use std::fmt;

/// How much of a text is looked at, in bytes: enough for a command or an error message.
pub const SAMPLE: usize = 4_096;

/// Number of characters in UTF-8 bytes: those that do not continue a sequence.
#[must_use]
pub fn chars(bytes: &[u8]) -> u64 {
    // Sums of at most 255 fit a byte, which lets the compiler use wide lanes.
    bytes
        .chunks(255)
        .map(|chunk| {
            let starts = chunk.iter().map(|&byte| u8::from(byte & 0xC0 != 0x80));
            u64::from(starts.fold(0_u8, |sum, start| sum.wrapping_add(start)))
        })
        .sum()
}

/// A short string: an id, a name, a time stamp. Empty where absent or null.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Short<'a>(pub Cow<'a, [u8]>);

impl Short<'_> {
    /// As text; broken bytes are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// A 64-bit fingerprint, for tables within one file.
    #[must_use]
    pub fn hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&self.0)
    }
}

/// The measure of one string.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// Characters.
    pub chars: u64,
    /// Fingerprint of the whole.
    pub hash: u64,
    /// Its first [`SAMPLE`] bytes; dropped with the record.
    pub sample: Cow<'a, [u8]>,
}

impl<'a> Text<'a> {
    /// The measure of bytes that outlive it.
    #[must_use]
    pub fn of_borrowed(bytes: &'a [u8]) -> Self {
        Self {
            chars: chars(bytes),
            hash: xxhash_rust::xxh3::xxh3_64(bytes),
            sample: Cow::Borrowed(&bytes[..bytes.len().min(SAMPLE)]),
        }
    }

    /// The measure of bytes that do not.
    #[must_use]
    pub fn of_copied(bytes: &[u8]) -> Self {
        let text = Text::of_borrowed(bytes);
        Self {
            chars: text.chars,
            hash: text.hash,
            sample: Cow::Owned(text.sample.into_owned()),
        }
    }
}

/// A string that only needs its length.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub u64);

/// Any value that only matters if it is an object of the wanted shape.
#[derive(Debug, Default)]
pub struct Lenient<T>(pub Option<T>);

struct ShortVisitor;
struct TextVisitor;
struct LengthVisitor;

/// The string half of a visitor that also accepts null and, for arrays, nothing.
macro_rules! string_visitor {
    ($visitor:ty, $out:ty, $borrowed:expr, $owned:expr) => {
        impl<'de> Visitor<'de> for $visitor {
            type Value = $out;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                d.deserialize_bytes(self)
            }
            fn visit_borrowed_bytes<E: Error>(self, v: &'de [u8]) -> Result<Self::Value, E> {
                Ok($borrowed(v))
            }
            fn visit_bytes<E: Error>(self, v: &[u8]) -> Result<Self::Value, E> {
                Ok($owned(v))
            }
            fn visit_borrowed_str<E: Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok($borrowed(v.as_bytes()))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok($owned(v.as_bytes()))
            }
        }
    };
}

string_visitor!(
    ShortVisitor,
    Short<'de>,
    |v: &'de [u8]| Short(Cow::Borrowed(v)),
    |v: &[u8]| Short(Cow::Owned(v.to_vec()))
);
string_visitor!(
    LengthVisitor,
    Length,
    |v: &[u8]| Length(chars(v)),
    |v: &[u8]| Length(chars(v))
);
string_visitor!(TextVisitor, Text<'de>, Text::of_borrowed, Text::of_copied);

impl<'de: 'a, 'a> Deserialize<'de> for Short<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_option(ShortVisitor)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_option(LengthVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_option(TextVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Lenient<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let inner = serde::de::value::MapAccessDeserializer::new(map);
                Ok(Lenient(Some(T::deserialize(inner)?)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Lenient(None))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
        }
        d.deserialize_any(Any(std::marker::PhantomData))
    }
}

/// A JSON value measured as compact JSON with its strings decoded; its telling fields are kept
/// while the record is looked at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Input {
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
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut input = Self::default();
        input.chars = d.deserialize_any(Measure {
            top: Some(&mut input),
            key: "",
        })?;
        Ok(input)
    }
}

/// Length of any value as compact JSON.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct JsonLength(pub u64);

impl<'de> Deserialize<'de> for JsonLength {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Measure { top: None, key: "" }).map(Self)
    }
}

/// Counts the characters of a value; at the top level it also notes the telling fields.
struct Measure<'a, 'k> {
    top: Option<&'a mut Input>,
    key: &'k str,
}

impl<'de> DeserializeSeed<'de> for Measure<'_, '_> {
    type Value = u64;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<u64, D::Error> {
        d.deserialize_any(self)
    }
}

fn digits(value: u64) -> u64 {
    u64::from(value.checked_ilog10().unwrap_or(0)) + 1
}

impl<'de> Visitor<'de> for Measure<'_, '_> {
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
        Ok(digits(v.unsigned_abs()) + u64::from(v < 0))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<u64, E> {
        self.note_number(v);
        Ok(digits(v))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<u64, E> {
        Ok(v.to_string().len() as u64)
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<u64, E> {
        if let Some(input) = self.top {
            note_text(input, self.key, v);
        }
        Ok(chars(v.as_bytes()) + 2)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        let (mut total, mut count) = (2, 0_u64);
        while let Some(length) = seq.next_element_seed(Measure { top: None, key: "" })? {
            total += length;
            count += 1;
        }
        Ok(total + count.saturating_sub(1))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let (mut total, mut count) = (2, 0_u64);
        let mut top = self.top;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            total += chars(key.as_bytes()) + 3;
            let inner = if self.key.is_empty() {
                top.as_deref_mut()
            } else {
                None
            };
            total += map.next_value_seed(Measure {
                top: inner,
                key: &key,
            })?;
            count += 1;
        }
        Ok(total + count.saturating_sub(1))
    }
}

impl Measure<'_, '_> {
    fn note_number(self, value: u64) {
        if let (Some(input), "offset" | "limit" | "pages") = (self.top, self.key) {
            let place = xxhash_rust::xxh3::xxh3_64(self.key.as_bytes());
            input.range ^= place.wrapping_mul(value.wrapping_add(1));
        }
    }
}

fn note_text(input: &mut Input, key: &str, value: &str) {
    match key {
        "command" | "cmd" => {
            let mut end = value.len().min(SAMPLE);
            while !value.is_char_boundary(end) {
                end -= 1;
            }
            value[..end].clone_into(&mut input.command);
        }
        "file_path" | "path" | "notebook_path" => {
            input.path = xxhash_rust::xxh3::xxh3_64(value.as_bytes()).max(1);
            let name = value.rsplit('/').next().unwrap_or(value);
            input.path_is_file = name.trim_start_matches('.').contains('.');
        }
        "pages" | "offset" | "limit" => {
            input.range ^= xxhash_rust::xxh3::xxh3_64(format!("{key}={value}").as_bytes());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_code_points() {
        for text in ["", "abc", "žluťoučký kůň", "日本語", "👩‍💻 x"] {
            assert_eq!(chars(text.as_bytes()), text.chars().count() as u64);
            let long = text.repeat(300);
            assert_eq!(chars(long.as_bytes()), long.chars().count() as u64);
        }
    }

    #[test]
    fn inputs_are_measured_as_compact_json() {
        for json in [
            r#"{"command":"ls","timeout":-5,"a":[1,2,{"b":null}],"c":true,"d":{},"e":[]}"#,
            r#"{"file_path":"/a/b.rs","offset":10,"limit":20}"#,
            "[]",
            "\"x\"",
        ] {
            let input: Input = serde_json::from_str(json).unwrap_or_default();
            assert_eq!(input.chars, json.len() as u64, "{json}");
        }
        let input: Input = serde_json::from_str(r#"{"command": "l\u0073"}"#).unwrap_or_default();
        assert_eq!((input.chars, input.command.as_str()), (16, "ls"));
    }

    #[test]
    fn lone_surrogates_and_broken_bytes_are_counted() {
        for (json, expect) in [(&br#""a\ud83d b""#[..], 4), (b"\"\xFFa\"", 2), (b"null", 0)] {
            let text: Option<Text> = serde_json::from_slice(json).ok();
            assert_eq!(text.map(|t| t.chars), Some(expect));
        }
    }
}
