//! Text that comes from an input: names of models, tools, agents, steps, files, whatever they hold.
//!
//! Every medium has one door, which takes all text for foreign: [`clean_foreign_text`] for whatever
//! is looked at, and on top of it the escapes of the medium, in Markdown, HTML, SVG, XML, CSV and
//! workflow commands. JSON keeps every character and escapes what a terminal would obey.

use std::borrow::Cow;

/// Foreign text made harmless for any screen: escape sequences, control characters, invisible
/// direction marks and what XML forbids are gone, line breaks and tabs are blanks. Words that begin
/// like a command to a CI (`::error::`, `##[group]`) are set apart, because a line may begin there.
#[must_use]
pub fn clean_foreign_text(text: &str) -> Cow<'_, str> {
    // Most texts are harmless, and are not copied.
    if text.chars().all(is_harmless) {
        return set_commands_apart(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // CRLF is one line break, so that it becomes one blank.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\t' | '\r' => kept.push(' '),
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            c if is_harmless(c) => kept.push(c),
            _ => {}
        }
    }
    Cow::Owned(set_commands_apart(&kept).into_owned())
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !is_invisible(c) && !is_noncharacter(c)
}

/// A line of its own.
#[must_use]
pub fn clean_line(text: &str) -> Vec<u8> {
    let mut line = clean_foreign_text(text).into_owned().into_bytes();
    line.push(b'\n');
    line
}

/// What a CI would read as a command at the start of a line, with a blank in it. Source: GitHub's
/// "Workflow commands", Azure's "Logging commands", read 2026-11-29.
fn set_commands_apart(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        kept.push(c);
        // `a::b` within a word is a path of code, and no line begins there.
        let is_command = c == ':' && before.is_whitespace() && rest.starts_with(':');
        let is_logged = c == '#' && (rest.starts_with("#[") || rest.starts_with("#vso["));
        if is_command || is_logged {
            kept.push(' ');
        }
        before = c;
    }
    Cow::Owned(kept)
}

/// Code points that stand for no character; XML takes some of them for damage.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// Whether a character in JSON is written as an escape: a terminal that shows the JSON would obey
/// it, or hide something with it. Line breaks within strings are escaped anyhow, those between them
/// stay. Parsed, the text is the same.
#[must_use]
pub fn is_escaped_in_json(c: char) -> bool {
    c != '\n' && (c.is_control() || is_invisible(c) || is_noncharacter(c))
}

/// Characters of no width that can reorder or hide what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

type PeekableChars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Drops what follows an ESC: a control sequence, a string up to its end, or one character.
fn skip_escape(chars: &mut PeekableChars<'_>) {
    match chars.next() {
        Some('[') => skip_control_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A title or a link: it runs up to a bell or a string terminator, however long it is.
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && chars.next() == Some('\\')) {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Drops parameters and the final letter of a control sequence.
fn skip_control_sequence(chars: &mut PeekableChars<'_>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_harmless() {
        for (given, expect) in [
            ("plain", "plain"),
            ("a\nb\tc\r\nd", "a b c d"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended", ""),
            ("\u{9b}2Jgone", "gone"),
            ("a\u{202e}b\u{200b}c\u{0}d\u{7f}", "abcd"),
            ("a\u{fffe}b\u{ffff}c\u{fdd0}d\u{1fffe}e", "abcde"),
            ("gpt\n::error::x", "gpt : :error::x"),
            ("::add-mask::a std::fs b", ": :add-mask::a std::fs b"),
            ("##[group]a x##vso[task.b] ## c", "# #[group]a x# #vso[task.b] ## c"),
            ("caf\u{e9} \u{4f60}", "caf\u{e9} \u{4f60}"),
        ] {
            assert_eq!(clean_foreign_text(given), expect, "{given:?}");
        }
    }
}
