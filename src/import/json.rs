//! A JSON reader for measuring: strings are handed out raw, borrowed, never copied.
//!
//! It drives the same derived types as any serde format, with four differences that transcripts
//! ask for. `deserialize_bytes` and `deserialize_any` give a string's bytes as they stand, escapes
//! included ([`chars`] and [`decode`] know what they mean). Text that is no valid UTF-8 or UTF-16
//! is no error. Where a string is asked for by `deserialize_bytes`, any other scalar or object
//! counts as empty. What nobody asks for is passed over with no check but its brackets.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Nesting that is followed; deeper is a fault.
const MAX_DEPTH: u32 = 100;

/// Why bytes are no value of the wanted type. It never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes end within the value.
    #[error("cut short: the JSON ends too early")]
    CutShort,
    /// They are no JSON.
    #[error("no JSON: broken at byte {0}")]
    Broken(usize),
    /// They are JSON of another shape.
    #[error("a JSON value of an unknown shape")]
    Shape,
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Shape
    }
}

/// Reads one value that fills `bytes`.
///
/// # Errors
/// What is wrong with the bytes.
pub fn from_slice<'de, T: de::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
    let mut json = Json {
        bytes,
        at: 0,
        depth: 0,
    };
    let value = T::deserialize(&mut json)?;
    match json.peek() {
        Err(Fault::CutShort) => Ok(value),
        _ => Err(Fault::Broken(json.at)),
    }
}

/// Characters (code points) of a raw string: an escape is one, a surrogate pair too.
#[must_use]
pub fn chars(raw: &[u8]) -> u64 {
    let (mut starts, mut escapes, mut hard) = (0_u64, 0_u64, 0_u64);
    let mut before = 0_u8;
    // Sums of at most 255 fit a byte, which lets the compiler use wide lanes.
    for chunk in raw.chunks(255) {
        let sums = chunk.iter().fold((0_u8, 0_u8), |(starts, escapes), &byte| {
            (
                starts.wrapping_add(u8::from(byte & 0xC0 != 0x80)),
                escapes.wrapping_add(u8::from(byte == b'\\')),
            )
        });
        starts += u64::from(sums.0);
        escapes += u64::from(sums.1);
        if sums.1 > 0 {
            let across = u8::from(before == b'\\' && matches!(chunk[0], b'\\' | b'u'));
            let within = chunk.iter().zip(&chunk[1..]).fold(0_u8, |sum, (&a, &b)| {
                sum.wrapping_add(
                    u8::from(a == b'\\') & (u8::from(b == b'\\') | u8::from(b == b'u')),
                )
            });
            hard += u64::from(across) + u64::from(within);
        } else if before == b'\\' && chunk[0] == b'u' {
            hard += 1;
        }
        before = chunk[chunk.len() - 1];
    }
    if hard == 0 {
        starts - escapes
    } else {
        chars_by_escape(raw, starts)
    }
}

/// The slow way, for strings with `\\` or `\u` in them.
fn chars_by_escape(raw: &[u8], starts: u64) -> u64 {
    let (mut at, mut extra) = (0, 0_u64);
    while let Some(next) = memchr::memchr(b'\\', &raw[at.min(raw.len())..]) {
        at += next;
        let (_, length) = escape(&raw[at..]);
        extra += length as u64 - 1;
        at += length;
    }
    starts.saturating_sub(extra)
}

/// The character of an escape at the start of `raw`, and its length in bytes.
fn escape(raw: &[u8]) -> (char, usize) {
    let unit = |from: usize| {
        let digits = raw.get(from..from + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let simple = match raw.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let Some(high) = unit(0) else {
                return (char::REPLACEMENT_CHARACTER, 2);
            };
            if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (high, unit(6)) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return (
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                    12,
                );
            }
            return (
                char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
                6,
            );
        }
        Some(byte) if byte.is_ascii() => char::from(*byte),
        // Half an escape: the byte after it is not its own.
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

/// The text of a raw string; broken pieces become U+FFFD.
#[must_use]
pub fn decode(raw: &[u8]) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw) else {
        return String::from_utf8_lossy(raw);
    };
    let mut text = String::with_capacity(raw.len());
    let (mut from, mut at) = (0, first);
    loop {
        text.push_str(&String::from_utf8_lossy(&raw[from..at]));
        if at >= raw.len() {
            return Cow::Owned(text);
        }
        let (character, length) = escape(&raw[at..]);
        text.push(character);
        from = at + length;
        at = memchr::memchr(b'\\', &raw[from..]).map_or(raw.len(), |next| from + next);
    }
}

struct Json<'de> {
    bytes: &'de [u8],
    at: usize,
    depth: u32,
}

impl<'de> Json<'de> {
    fn broken<T>(&self) -> Result<T, Fault> {
        Err(Fault::Broken(self.at))
    }

    /// The next byte that is not blank.
    fn peek(&mut self) -> Result<u8, Fault> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Fault::CutShort)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Fault> {
        if self.peek()? != wanted {
            return self.broken();
        }
        self.at += 1;
        Ok(())
    }

    /// A string, raw.
    fn string(&mut self) -> Result<&'de [u8], Fault> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            let Some(next) = memchr::memchr(b'"', &self.bytes[self.at..]) else {
                return Err(Fault::CutShort);
            };
            let end = self.at + next;
            self.at = end + 1;
            let slashes = self.bytes[start..end]
                .iter()
                .rev()
                .take_while(|&&b| b == b'\\')
                .count();
            if slashes % 2 == 0 {
                return Ok(&self.bytes[start..end]);
            }
        }
    }

    /// `true`, `false`, `null` or a number, as it stands.
    fn scalar(&mut self) -> Result<&'de [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let scalar = &rest[..length];
        let known = matches!(scalar, b"true" | b"false" | b"null");
        let number = matches!(scalar.first(), Some(b'-' | b'0'..=b'9'))
            && scalar
                .iter()
                .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if !known && !number {
            return if length == rest.len() && length < 5 {
                Err(Fault::CutShort)
            } else {
                self.broken()
            };
        }
        self.at += length;
        Ok(scalar)
    }

    /// Passes over a value.
    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => self.scalar().map(|_| ()),
        }
    }

    fn skip_nested(&mut self) -> Result<(), Fault> {
        let mut open = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
        Err(Fault::CutShort)
    }

    /// Enters a list or an object.
    fn nested<T>(
        &mut self,
        close: u8,
        visit: impl FnOnce(Nested<'_, 'de>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.broken();
        }
        let value = visit(Nested {
            json: self,
            close,
            first: true,
        })?;
        self.depth -= 1;
        self.expect(close)?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Json<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek()? {
            b'"' => visitor.visit_borrowed_bytes(self.string()?),
            b'{' => self.nested(b'}', |nested| visitor.visit_map(nested)),
            b'[' => self.nested(b']', |nested| visitor.visit_seq(nested)),
            _ => match self.scalar()? {
                b"true" => visitor.visit_bool(true),
                b"false" => visitor.visit_bool(false),
                b"null" => visitor.visit_unit(),
                number => {
                    let text = std::str::from_utf8(number).unwrap_or_default();
                    if let Ok(number) = text.parse() {
                        visitor.visit_u64(number)
                    } else if let Ok(number) = text.parse() {
                        visitor.visit_i64(number)
                    } else {
                        match text.parse() {
                            Ok(number) => visitor.visit_f64(number),
                            Err(_) => self.broken(),
                        }
                    }
                }
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek()? == b'n' {
            self.scalar()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek()? == b'"' {
            return visitor.visit_borrowed_bytes(self.string()?);
        }
        self.skip()?;
        visitor.visit_borrowed_bytes(b"")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek()? != b'"' {
            return Err(Fault::Shape);
        }
        match decode(self.string()?) {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let raw = self.string()?;
        if memchr::memchr(b'\\', raw).is_some() {
            return visitor.visit_str(&decode(raw));
        }
        visitor.visit_borrowed_bytes(raw)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // A list is no object, whatever its length.
        match self.peek()? {
            b'{' => self.deserialize_any(visitor),
            b'"' | b'[' => Err(Fault::Shape),
            _ => self.scalar().and(Err(Fault::Shape)),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map enum
    }
}

/// Inside a list or an object.
struct Nested<'a, 'de> {
    json: &'a mut Json<'de>,
    close: u8,
    first: bool,
}

impl Nested<'_, '_> {
    /// Whether another element follows; the comma before it is taken.
    fn more(&mut self) -> Result<bool, Fault> {
        let next = self.json.peek()?;
        if next == self.close {
            return Ok(false);
        }
        if !std::mem::take(&mut self.first) {
            self.json.expect(b',')?;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Nested<'_, 'de> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if self.more()? {
            seed.deserialize(&mut *self.json).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for Nested<'_, 'de> {
    type Error = Fault;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        if !self.more()? {
            return Ok(None);
        }
        if self.json.peek()? != b'"' {
            return self.json.broken();
        }
        let key = seed.deserialize(&mut *self.json)?;
        self.json.expect(b':')?;
        Ok(Some(key))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn check_text(json: &str) {
        let truth: String = serde_json::from_str(json).unwrap_or_default();
        let raw = &json.as_bytes()[1..json.len() - 1];
        assert_eq!(decode(raw), truth, "{json}");
        assert_eq!(chars(raw), truth.chars().count() as u64, "{json}");
    }

    #[test]
    fn raw_strings_mean_what_json_says() {
        for text in [
            "",
            "abc",
            "žluťoučký kůň",
            "日本語 \u{1F469}",
            "\n\t\"\\/",
            "\\u0041\\\\n",
        ] {
            check_text(&serde_json::to_string(text).unwrap_or_default());
            check_text(&serde_json::to_string(&text.repeat(97)).unwrap_or_default());
        }
        check_text(r#""\ud83d\ude00 \u00e9\/""#);
        for shift in 0..6 {
            check_text(&format!(
                "\"{}{}\"",
                "x".repeat(250 + shift),
                r"\u0041\\u\n".repeat(40)
            ));
        }
    }

    #[test]
    fn broken_text_is_replaced() {
        for (raw, text) in [
            (&br"a\ud83d b"[..], "a\u{fffd} b"),
            (br"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (br"\u12", "\u{fffd}12"),
            (b"\xFFa", "\u{fffd}a"),
        ] {
            assert_eq!(decode(raw), text);
            assert_eq!(chars(raw), text.chars().count() as u64);
        }
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Sample {
        a: Option<f64>,
        b: Vec<i64>,
        c: String,
        d: Option<bool>,
    }

    fn check(json: &str) {
        let ours = from_slice::<Sample>(json.as_bytes()).ok();
        assert_eq!(ours, serde_json::from_str::<Sample>(json).ok(), "{json}");
    }

    #[test]
    fn values_agree_with_serde_json() {
        for json in [
            r#"{"a":1.5,"b":[1,-2,3],"c":"x\n\u0041","d":true}"#,
            r#" { "a" : null , "x":{"y":["z]}\"",{}]}, "b" : [ ] } "#,
            r#"{"\u0061":-3e2}"#,
            "{}",
            "",
            "{",
            "[1",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1}x",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":tru}",
            "{\"c\":1}",
            "{\"b\":[1 2]}",
            "{\"a\":1}{\"a\":2}",
        ] {
            check(json);
        }
    }

    #[test]
    fn faults_say_what_is_wrong() {
        let check = |json: &str, fault| {
            assert_eq!(from_slice::<Sample>(json.as_bytes()), Err(fault), "{json}");
        };
        check("{\"c\":\"x", Fault::CutShort);
        check("{\"x\":[{\"y\":1}", Fault::CutShort);
        check("{\"a\":nu", Fault::CutShort);
        check("nonsense", Fault::Broken(0));
        check("{\"c\":[]}", Fault::Shape);
        let deep = "[".repeat(100_000);
        assert!(from_slice::<serde_json::Value>(deep.as_bytes()).is_err());
        check(&deep, Fault::Shape);
    }
}
