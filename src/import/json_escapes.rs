//! Raw JSON strings: what their escapes mean, counted without decoding.

use std::borrow::Cow;

/// Bytes that are looked at in one go. Counts of them fit a byte, which lets the compiler use wide
/// lanes; blocks that need a closer look are short.
const BLOCK: usize = 64;

/// The block at the start of `raw`, and the same block one byte on.
fn leading_block(raw: &[u8]) -> Option<(&[u8; BLOCK], &[u8; BLOCK])> {
    Some((raw.first_chunk()?, raw.get(1..)?.first_chunk()?))
}

/// One in every byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of every byte that is zero; of bytes above the first such one it may err.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// How many of the first 24 bytes, eight at a time, come before any quote and any backslash.
#[inline]
pub(super) fn plain_prefix_length(text: &[u8]) -> usize {
    let mut at = 0;
    while at < 24
        && let Some(word) = text[at..].first_chunk().copied().map(u64::from_le_bytes)
    {
        // A byte that equals the wanted one is zero after the exclusive or. The lowest bit that
        // is set belongs to the first such byte.
        let found = zero_bytes(word ^ (ONES * u64::from(b'"')))
            | zero_bytes(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

/// Where a raw string ends: the place of its closing quote. `text` does not start within an escape.
pub(super) fn find_closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((block, next)) = leading_block(rest)
            && block[0] != b'"'
            && !may_close_string(block, next)
        {
            // A backslash at the end of a block takes the byte behind it along.
            at += BLOCK + usize::from(block[BLOCK - 1] == b'\\');
            continue;
        }
        let stop = at + BLOCK.min(rest.len());
        while at < stop {
            match memchr::memchr2(b'"', b'\\', &text[at..stop]) {
                None => at = stop,
                Some(next) if text[at + next] == b'"' => return Some(at + next),
                Some(next) => at += next + 2,
            }
        }
    }
    None
}

/// Whether a quote stands behind no backslash, or two backslashes leave it open.
fn may_close_string(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> bool {
    let shown = block.iter().zip(next).fold(0_u8, |shown, (&byte, &next)| {
        let slash = u8::from(byte == b'\\');
        let quote = u8::from(next == b'"');
        shown | (quote & (slash ^ 1)) | (slash & u8::from(next == b'\\'))
    });
    shown != 0
}

/// Characters (code points) of a raw string: an escape is one, a surrogate pair too.
pub(super) fn count_chars(raw: &[u8]) -> u64 {
    let (mut at, mut total) = (0, 0_u64);
    while at < raw.len() {
        let rest = &raw[at..];
        let simple = leading_block(rest).and_then(|(block, next)| count_simple_chars(block, next));
        let (length, chars) = match simple {
            Some(chars) => (BLOCK, chars),
            None => count_chars_by_escape(rest),
        };
        at += length;
        total += chars;
    }
    total
}

/// Characters of a block, if all its escapes are a backslash and one more byte.
fn count_simple_chars(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> Option<u64> {
    let (chars, hard) =
        block.iter().zip(next).fold((0_u8, 0_u8), |(chars, hard), (&byte, &next)| {
            let slash = u8::from(byte == b'\\');
            // Bytes that go on with a character are none of their own.
            let start = u8::from(byte & 0xC0 != 0x80);
            // A backslash before a backslash, a `u` or a longer character needs a closer look.
            let long = u8::from(next == b'\\') | u8::from(next == b'u') | u8::from(next >= 0x80);
            (chars + (start & (slash ^ 1)), hard | (slash & long))
        });
    (hard == 0).then_some(u64::from(chars))
}

/// Length and characters of a block, escape by escape; the last may reach beyond it.
fn count_chars_by_escape(raw: &[u8]) -> (usize, u64) {
    let stop = raw.len().min(BLOCK);
    let (mut at, mut extra) = (0, 0);
    while at < stop {
        let Some(next) = memchr::memchr(b'\\', &raw[at..stop]) else {
            at = stop;
            break;
        };
        at += next;
        // An escape of several bytes is one character.
        let (_, length) = decode_escape(&raw[at..]);
        extra += length as u64 - 1;
        at += length;
    }
    let starts = raw[..at].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64;
    (at, starts - extra)
}

/// The character of an escape at the start of `raw`, and its length in bytes.
fn decode_escape(raw: &[u8]) -> (char, usize) {
    let simple = match raw.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let Some(high) = utf16_unit(raw, 0) else {
                return (char::REPLACEMENT_CHARACTER, 2);
            };
            // Characters beyond the basic plane are written as two units, high before low.
            if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (high, utf16_unit(raw, 6)) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
            }
            return (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
        }
        Some(byte) if byte.is_ascii() => char::from(*byte),
        // Half an escape: the byte after it is not its own.
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

/// The value of `\uXXXX` at a place of a raw string.
fn utf16_unit(raw: &[u8], from: usize) -> Option<u32> {
    let digits = raw.get(from..from + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The text of a raw string; broken pieces become U+FFFD.
pub(super) fn decode_string(raw: &[u8]) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw) else {
        return String::from_utf8_lossy(raw);
    };
    let mut text = Vec::with_capacity(raw.len());
    let (mut from, mut at) = (0, first);
    while at < raw.len() {
        text.extend_from_slice(&raw[from..at]);
        let (character, length) = decode_escape(&raw[at..]);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        from = at + length;
        at = memchr::memchr(b'\\', &raw[from..]).map_or(raw.len(), |next| from + next);
    }
    text.extend_from_slice(&raw[from..]);
    // What is broken stays apart from what was decoded: that begins and ends with whole characters.
    Cow::Owned(
        String::from_utf8(text)
            .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(json: &str) {
        let truth: String = serde_json::from_str(json).unwrap_or_default();
        let raw = &json.as_bytes()[1..json.len() - 1];
        assert_eq!(decode_string(raw), truth, "{json}");
        assert_eq!(count_chars(raw), truth.chars().count() as u64, "{json}");
    }

    #[test]
    fn raw_strings_mean_what_json_says() {
        for text in ["", "abc", "žluťoučký kůň", "日本語 \u{1F469}", "\n\t\"\\/", "\\u0041\\\\n"]
        {
            check_text(&serde_json::to_string(text).unwrap_or_default());
            check_text(&serde_json::to_string(&text.repeat(97)).unwrap_or_default());
        }
        check_text(r#""\ud83d\ude00 \u00e9\/""#);
        for shift in 0..6 {
            check_text(&format!("\"{}{}\"", "x".repeat(250 + shift), r"\u0041\\u\n".repeat(40)));
        }
    }

    #[test]
    fn broken_text_is_replaced() {
        for (raw, text) in [
            (&br"a\ud83d b"[..], "a\u{fffd} b"),
            (br"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (br"\u12", "\u{fffd}12"),
            (b"\xFFa", "\u{fffd}a"),
            (b"a\\\xC3\xA9", "a\u{fffd}é"),
            (b"\xE2\x82\\u00e9\xC3", "\u{fffd}é\u{fffd}"),
        ] {
            assert_eq!(decode_string(raw), text);
            assert_eq!(count_chars(raw), text.chars().count() as u64);
            let (raw, text) = ([raw, &[b' '; 70]].concat(), format!("{text}{}", " ".repeat(70)));
            assert_eq!(count_chars(&raw), text.chars().count() as u64);
        }
    }

    #[test]
    fn a_string_ends_at_the_first_quote_that_is_not_escaped() {
        for piece in ["x", r"\\", r#"\""#, r#"\\\""#, r"\u0041\n", r"\ud83d\ude00", "é"] {
            for shift in 0..2 * BLOCK {
                let inner = format!("{}{}", "-".repeat(shift), piece.repeat(shift % 7 + 40));
                let text = format!("{inner}\",\"more\\\\\"");
                assert_eq!(find_closing_quote(text.as_bytes()), Some(inner.len()), "{text}");
                assert_eq!(find_closing_quote(inner.as_bytes()), None, "{inner}");
                assert_eq!(
                    count_chars(inner.as_bytes()),
                    decode_string(inner.as_bytes()).chars().count() as u64
                );
                let plain = text.find(['"', '\\']).unwrap_or(text.len()).min(24);
                assert_eq!(plain_prefix_length(text.as_bytes()), plain, "{text}");
            }
        }
    }
}
