//! A JSON reader for measuring: strings are handed out raw, borrowed, never copied.
//!
//! It drives the same derived types as any serde format, with six differences that transcripts
//! ask for. `deserialize_bytes` and `deserialize_any` give a string's bytes as they stand, escapes
//! included ([`super::json_escapes`] knows what they mean). Text that is no valid UTF-8 or UTF-16
//! is no error. Where a string is asked for by `deserialize_bytes`, any other scalar or object
//! counts as empty. Where an `f64` is asked for, a string that holds a number counts as that
//! number. What nobody asks for is passed over with no check but its brackets. Of a repeated key
//! the last value counts.

use super::checked_value::CheckedValue;
use super::json_escapes::decode_string;
use super::json_fault::JsonFault;
use super::json_scanner::JsonScanner;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;

/// Nesting that is followed; deeper is a fault.
const MAX_DEPTH: u32 = 100;

/// Reads one value that fills `bytes`. Of a key that stands twice the last value counts.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonFault> {
    match read_whole(JsonReader::new(bytes)) {
        // Rare: relays that merge objects write a key again. Only then are keys looked up ahead.
        Err(JsonFault::RepeatedKey) => {
            read_whole(JsonReader { last_key_wins: true, ..JsonReader::new(bytes) })
        }
        read => read,
    }
}

fn read_whole<'de, T: Deserialize<'de>>(mut json: JsonReader<'de>) -> Result<T, JsonFault> {
    let value = T::deserialize(&mut json)?;
    match json.scan.peek_byte() {
        // Nothing follows the value: that is as it should be.
        Err(JsonFault::CutShort) => Ok(value),
        _ => Err(JsonFault::Broken(json.scan.at)),
    }
}

/// The end of the value that begins at `at`, all of it looked at.
///
/// # Errors
/// What is wrong with it, and where that was seen.
pub(super) fn find_value_end(bytes: &[u8], at: usize) -> Result<usize, (JsonFault, usize)> {
    let mut json = JsonReader::new(bytes);
    json.scan.at = at;
    match CheckedValue::deserialize(&mut json) {
        Ok(_) => Ok(json.scan.at),
        Err(fault) => Err((fault, json.scan.at)),
    }
}

struct JsonReader<'de> {
    scan: JsonScanner<'de>,
    depth: u32,
    /// Of entries with one key in an object all but the last one are passed over.
    last_key_wins: bool,
}

impl<'de> JsonReader<'de> {
    fn new(bytes: &'de [u8]) -> Self {
        Self { scan: JsonScanner { bytes, at: 0 }, depth: 0, last_key_wins: false }
    }

    /// Enters a list or an object.
    #[inline]
    fn read_nested<T>(
        &mut self,
        close: u8,
        visit: impl FnOnce(NestedReader<'_, 'de>) -> Result<T, JsonFault>,
    ) -> Result<T, JsonFault> {
        self.scan.at += 1;
        // Each level is a frame on the stack: hostile nesting must not overflow it.
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.scan.broken_here();
        }
        let last_places = (self.last_key_wins && close == b'}')
            .then(|| self.scan.find_last_places())
            .transpose()?;
        let value = visit(NestedReader { json: self, close, first: true, last_places })?;
        self.depth -= 1;
        self.scan.expect_byte(close)?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut JsonReader<'de> {
    type Error = JsonFault;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        match self.scan.peek_byte()? {
            b'"' => visitor.visit_borrowed_bytes(self.scan.read_string()?),
            b'{' => self.read_nested(b'}', |nested| visitor.visit_map(nested)),
            b'[' => self.read_nested(b']', |nested| visitor.visit_seq(nested)),
            _ => {
                if let Some(number) = self.scan.read_small_number() {
                    return visitor.visit_u64(number);
                }
                match self.scan.read_scalar()? {
                    b"true" => visitor.visit_bool(true),
                    b"false" => visitor.visit_bool(false),
                    b"null" => visitor.visit_unit(),
                    number => {
                        let text = std::str::from_utf8(number).unwrap_or_default();
                        if let Ok(number) = text.parse::<u64>() {
                            // Whole numbers first: a count must not go through a float.
                            return visitor.visit_u64(number);
                        }
                        if let Ok(number) = text.parse::<i64>() {
                            return visitor.visit_i64(number);
                        }
                        text.parse::<f64>()
                            .map_or_else(|_| self.scan.broken_here(), |n| visitor.visit_f64(n))
                    }
                }
            }
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        // Of all values only `null` begins so.
        if self.scan.peek_byte()? == b'n' {
            self.scan.read_scalar()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        if self.scan.peek_byte()? == b'"' {
            return visitor.visit_borrowed_bytes(self.scan.read_string()?);
        }
        self.scan.skip_value()?;
        visitor.visit_borrowed_bytes(b"")
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        if self.scan.peek_byte()? != b'"' {
            return Err(JsonFault::Shape);
        }
        match decode_string(self.scan.read_string()?) {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        self.deserialize_string(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        // Field names are matched as bytes; only one with escapes has to be decoded first.
        match self.scan.read_string_and_escapes()? {
            (raw, true) => visitor.visit_str(&decode_string(raw)),
            (raw, false) => visitor.visit_borrowed_bytes(raw),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        self.scan.skip_value()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonFault> {
        // A list is no object, whatever its length.
        match self.scan.peek_byte()? {
            b'{' => self.deserialize_any(visitor),
            b'"' | b'[' => Err(JsonFault::Shape),
            _ => self.scan.read_scalar().and(Err(JsonFault::Shape)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        if self.scan.peek_byte()? != b'"' {
            return self.deserialize_any(visitor);
        }
        // Relays write counts as strings. What is no number there is of another shape, as before.
        let text = self.scan.read_string()?;
        let mut number = JsonScanner { bytes: text, at: 0 };
        match number.peek_byte() {
            Ok(b'-' | b'0'..=b'9') if number.read_scalar().is_ok_and(|all| all == text) => {
                JsonReader::new(text).deserialize_any(visitor)
            }
            _ => Err(JsonFault::Shape),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 char byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map enum
    }
}

/// Inside a list or an object.
struct NestedReader<'a, 'de> {
    json: &'a mut JsonReader<'de>,
    close: u8,
    first: bool,
    /// Where the last entry of each key stands, if only that one counts.
    last_places: Option<HashMap<&'de [u8], usize>>,
}

impl NestedReader<'_, '_> {
    /// Whether another element follows; the comma before it is taken.
    #[inline]
    fn has_next_element(&mut self) -> Result<bool, JsonFault> {
        let next = self.json.scan.peek_byte()?;
        if next == self.close {
            return Ok(false);
        }
        // No comma before the first element; one before the closing bracket is a fault.
        if !std::mem::take(&mut self.first) {
            self.json.scan.expect_byte(b',')?;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for NestedReader<'_, 'de> {
    type Error = JsonFault;
    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, JsonFault> {
        if self.has_next_element()? {
            seed.deserialize(&mut *self.json).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for NestedReader<'_, 'de> {
    type Error = JsonFault;
    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, JsonFault> {
        loop {
            if !self.has_next_element()? {
                return Ok(None);
            }
            if self.json.scan.peek_byte()? != b'"' {
                return self.json.scan.broken_here();
            }
            let Some(last_places) = &self.last_places else { break };
            let place = self.json.scan.at;
            if last_places.get(self.json.scan.read_string()?).is_none_or(|&last| last == place) {
                // Back to its quote: the seed reads the key itself.
                self.json.scan.at = place;
                break;
            }
            self.json.scan.expect_byte(b':')?;
            // The key comes again: this value does not count.
            self.json.scan.skip_value()?;
        }
        let key = seed.deserialize(&mut *self.json)?;
        self.json.scan.expect_byte(b':')?;
        Ok(Some(key))
    }
    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonFault> {
        seed.deserialize(&mut *self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

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
            "{\"a\":\"\"}",
            "{\"b\":[0,7,999999999999999999 ,9223372036854775807,-9223372036854775808]}",
            "{\"b\":[9223372036854775808]}",
            "{\"b\":[99999999999999999999]}",
            "{\"a\":18446744073709551616}",
            "{\"b\":[-]}",
            "{\"b\":[1x]}",
            "{\"a\":\"1 \"}",
            "{\"a\":\"null\"}",
        ] {
            check(json);
        }
    }

    #[test]
    fn a_number_may_be_written_as_a_string() {
        let read = |json: &str| from_slice::<Sample>(json.as_bytes()).map(|sample| sample.a);
        assert_eq!(read(r#"{"a":"90"}"#), Ok(Some(90.0)));
        assert_eq!(read(r#"{"a":"-1.5e2"}"#), Ok(Some(-150.0)));
        assert_eq!(read(r#"{"a":"ninety"}"#), Err(JsonFault::Shape));
    }

    #[test]
    fn of_a_repeated_key_the_last_value_counts() {
        let read = |json: &str| from_slice::<Vec<Sample>>(json.as_bytes());
        let last = Sample { a: Some(2.0), c: "x".to_owned(), ..Sample::default() };
        assert_eq!(read(r#"[{"a":1,"c":"x","a":2}]"#), Ok(vec![last]));
        let other = Sample { a: Some(3.0), ..Sample::default() };
        assert_eq!(
            read(r#"[{"c":"y","b":[1],"c":"","a":3,"b":[]},{}]"#),
            Ok(vec![other, Sample::default()])
        );
        // One written with escapes is not found ahead.
        assert_eq!(read(r#"[{"a":1,"\u0061":2}]"#), Err(JsonFault::RepeatedKey));
        assert_eq!(read(r#"[{"a":1,"a":2"#), Err(JsonFault::CutShort));
    }

    #[test]
    fn a_value_ends_where_its_last_bracket_stands() {
        assert_eq!(find_value_end(b" {\"a\":[1,{}]} {}", 1), Ok(13));
        assert_eq!(find_value_end(b"{\"a\":\"x{\"b\":1}", 0), Err((JsonFault::Broken(9), 9)));
        assert_eq!(find_value_end(b"{\"a\":{\"b\":1}", 0), Err((JsonFault::CutShort, 12)));
    }

    #[test]
    fn faults_say_what_is_wrong() {
        let check = |json: &str, fault| {
            assert_eq!(from_slice::<Sample>(json.as_bytes()), Err(fault), "{json}");
        };
        check("{\"c\":\"x", JsonFault::CutShort);
        check("{\"x\":[{\"y\":1}", JsonFault::CutShort);
        check("{\"a\":nu", JsonFault::CutShort);
        check("nonsense", JsonFault::Broken(0));
        check("{\"c\":[]}", JsonFault::Shape);
        let deep = "[".repeat(100_000);
        assert!(from_slice::<serde_json::Value>(deep.as_bytes()).is_err());
        check(&deep, JsonFault::Shape);
    }
}
