//! The tokens of JSON text: strings as they stand, scalars, brackets, and values passed over.

use super::json_escapes;
use super::json_fault::JsonFault;
use std::collections::HashMap;

/// Bytes of JSON and how far they were read.
#[derive(Clone, Copy)]
pub(super) struct JsonScanner<'de> {
    pub(super) bytes: &'de [u8],
    pub(super) at: usize,
}

impl<'de> JsonScanner<'de> {
    pub(super) fn broken_here<T>(&self) -> Result<T, JsonFault> {
        Err(JsonFault::Broken(self.at))
    }

    /// The next byte that is not blank.
    #[inline]
    pub(super) fn peek_byte(&mut self) -> Result<u8, JsonFault> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(JsonFault::CutShort)
    }

    #[inline]
    pub(super) fn expect_byte(&mut self, wanted: u8) -> Result<(), JsonFault> {
        if self.peek_byte()? != wanted {
            return self.broken_here();
        }
        self.at += 1;
        Ok(())
    }

    /// A string, raw.
    #[inline]
    pub(super) fn read_string(&mut self) -> Result<&'de [u8], JsonFault> {
        self.read_string_and_escapes().map(|(raw, _)| raw)
    }

    /// A string, raw, and whether it may have escapes.
    pub(super) fn read_string_and_escapes(&mut self) -> Result<(&'de [u8], bool), JsonFault> {
        self.expect_byte(b'"')?;
        let start = self.at;
        let rest = &self.bytes[start..];
        // Names and ids are short: a plain loop ends before a wide search has begun.
        let plain = json_escapes::plain_prefix_length(rest);
        if rest.get(plain) == Some(&b'"') {
            self.at = start + plain + 1;
            return Ok((&rest[..plain], false));
        }
        let Some(more) = json_escapes::find_closing_quote(&rest[plain..]) else {
            return Err(JsonFault::CutShort);
        };
        self.at = start + plain + more + 1;
        Ok((&rest[..plain + more], true))
    }

    /// `true`, `false`, `null` or a number, as it stands.
    #[inline]
    pub(super) fn read_scalar(&mut self) -> Result<&'de [u8], JsonFault> {
        let rest = &self.bytes[self.at..];
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
        let length = end.unwrap_or(rest.len());
        let scalar = &rest[..length];
        let is_word = matches!(scalar, b"true" | b"false" | b"null");
        let is_number = matches!(scalar.first(), Some(b'-' | b'0'..=b'9'))
            && scalar.iter().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if !is_word && !is_number {
            // A word of fewer than five bytes at the end may be the start of `false`.
            return if length == rest.len() && length < 5 {
                Err(JsonFault::CutShort)
            } else {
                self.broken_here()
            };
        }
        self.at += length;
        Ok(scalar)
    }

    /// A whole number of few digits, as most are; nothing is read where another value stands.
    #[inline]
    pub(super) fn read_small_number(&mut self) -> Option<u64> {
        let rest = &self.bytes[self.at..];
        // Nineteen digits fit.
        let digits = rest.iter().take(19).take_while(|byte| byte.is_ascii_digit());
        let add = |(length, sum), digit: &u8| (length + 1, sum * 10 + u64::from(digit - b'0'));
        let (length, number) = digits.fold((0, 0_u64), add);
        let is_all = length > 0 && matches!(rest.get(length), Some(b',' | b'}' | b']'));
        self.at += if is_all { length } else { 0 };
        is_all.then_some(number)
    }

    /// Passes over a value.
    pub(super) fn skip_value(&mut self) -> Result<(), JsonFault> {
        match self.peek_byte()? {
            b'"' => self.read_string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => self.read_scalar().map(|_| ()),
        }
    }

    /// Passes over a list or an object with no stack: only its strings and brackets matter.
    pub(super) fn skip_nested(&mut self) -> Result<(), JsonFault> {
        let mut open = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                // Brackets inside strings are text.
                b'"' => {
                    self.read_string()?;
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
        Err(JsonFault::CutShort)
    }

    /// Where each key of the object that was entered stands for the last time.
    pub(super) fn find_last_places(&self) -> Result<HashMap<&'de [u8], usize>, JsonFault> {
        let mut ahead = *self;
        let mut places = HashMap::new();
        while ahead.peek_byte()? == b'"' {
            let place = ahead.at;
            places.insert(ahead.read_string()?, place);
            ahead.expect_byte(b':')?;
            ahead.skip_value()?;
            if ahead.peek_byte()? == b',' {
                ahead.at += 1;
            }
        }
        Ok(places)
    }
}
