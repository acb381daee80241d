//! Text in UTF-16, as Windows shells write what is redirected to a file, as UTF-8.

use std::io::{self, Read};

/// How UTF-16 begins, by the order of its bytes. Source: RFC 2781, section 4.3.
pub(super) const LITTLE_ENDIAN: [u8; 2] = [0xFF, 0xFE];
/// Likewise.
pub(super) const BIG_ENDIAN: [u8; 2] = [0xFE, 0xFF];

/// Bytes that are decoded together.
const CHUNK: usize = 32 << 10;

/// Hands out as UTF-8 what its source holds as UTF-16 behind the byte order mark. A half of a pair
/// that stands alone becomes the replacement character: text is only measured.
pub(super) struct Utf16Source<R> {
    source: R,
    from_bytes: fn([u8; 2]) -> u16,
    /// What was read last; its first `kept` bytes are not decoded: at most half of a unit.
    raw: Vec<u8>,
    kept: usize,
    /// First half of a pair whose second half has not come yet.
    high_half: Option<u16>,
    text: String,
    at: usize,
}

impl<R: Read> Utf16Source<R> {
    /// Text of `source` in this order of bytes, or nothing where the mark names none.
    pub fn with_mark(mark: [u8; 2], source: R) -> Result<Self, R> {
        let from_bytes = match mark {
            LITTLE_ENDIAN => u16::from_le_bytes,
            BIG_ENDIAN => u16::from_be_bytes,
            _ => return Err(source),
        };
        let (raw, text) = (vec![0; CHUNK], String::new());
        Ok(Self { source, from_bytes, raw, kept: 0, high_half: None, text, at: 0 })
    }

    /// Decodes the next chunk; false at the end.
    fn decode_chunk(&mut self) -> io::Result<bool> {
        let read = self.source.read(&mut self.raw[self.kept..])?;
        let held = self.kept + read;
        // An odd byte waits for its other half in the next chunk.
        let whole = held - held % 2;
        self.at = 0;
        self.text.clear();
        let pairs = self.raw[..whole].chunks_exact(2);
        let units = pairs.map(|pair| (self.from_bytes)([pair[0], pair[1]]));
        let mut units: Vec<u16> = self.high_half.take().into_iter().chain(units).collect();
        let is_high_half = units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit));
        // So does the first half of a surrogate pair; at the end of the file it stays, and is
        // broken.
        if is_high_half && read > 0 {
            self.high_half = units.pop();
        }
        let decoded = char::decode_utf16(units);
        self.text.extend(decoded.map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        self.raw.copy_within(whole..held, 0);
        self.kept = held - whole;
        Ok(read > 0 || !self.text.is_empty())
    }
}

impl<R: Read> Read for Utf16Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            if !self.decode_chunk()? {
                return Ok(0);
            }
        }
        let read = (&self.text.as_bytes()[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mark: [u8; 2], bytes: &[u8]) -> String {
        let mut text = String::new();
        if let Ok(mut source) = Utf16Source::with_mark(mark, bytes) {
            source.read_to_string(&mut text).expect("a slice can be read");
        }
        text
    }

    #[test]
    fn both_orders_give_the_same_text() {
        let text = "{\"a\":\"\u{e9}\u{1F600}\"}\n".repeat(CHUNK / 8);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(LITTLE_ENDIAN, &little), text);
        assert_eq!(decode(BIG_ENDIAN, &big), text);
    }

    #[test]
    fn lone_halves_are_replaced() {
        assert_eq!(decode(BIG_ENDIAN, &[0xD8, 0x3D, 0, b'x']), "\u{FFFD}x");
        assert_eq!(decode(BIG_ENDIAN, &[0, b'x', 0xD8, 0x3D]), "x\u{FFFD}");
        assert_eq!(decode(BIG_ENDIAN, &[0, b'x', 0]), "x");
    }
}
