//! Repair of lines that are JSON but for broken text: invalid UTF-8, lone surrogates.

/// The line with every broken piece of text replaced by U+FFFD.
#[must_use]
pub fn repair(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line).into_owned().into_bytes();
    let mut fixed = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            fixed.push(text[at]);
            at += 1;
            continue;
        }
        let end = match escape(&text[at..]) {
            None => at + 2,
            Some(0xD800..=0xDBFF) if matches!(escape(&text[at + 6..]), Some(0xDC00..=0xDFFF)) => {
                at + 12
            }
            Some(0xD800..=0xDFFF) => {
                fixed.extend(b"\\ufffd");
                at += 6;
                continue;
            }
            Some(_) => at + 6,
        };
        let end = end.min(text.len());
        fixed.extend(&text[at..end]);
        at = end;
    }
    fixed
}

/// The code of a `\uXXXX` at the start of `text`.
fn escape(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[u8], expect: &[u8]) {
        assert_eq!(repair(line), expect);
    }

    #[test]
    fn only_broken_text_changes() {
        check(br#""a\n\\ud83d""#, br#""a\n\\ud83d""#);
        check(br#""\ud83d\ude00""#, br#""\ud83d\ude00""#);
        check(br#""\ud83d x""#, br#""\ufffd x""#);
        check(br#""\ude00\ud83d""#, br#""\ufffd\ufffd""#);
        check(br#""\ud83d\ud83d\ude00""#, br#""\ufffd\ud83d\ude00""#);
        check(b"\"\xFF\"", "\"\u{FFFD}\"".as_bytes());
        check(br"\", br"\");
        check(br"\u12", br"\u12");
    }
}
