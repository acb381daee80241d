//! Raw JSON strings: what their escapes mean, counted without decoding.

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
