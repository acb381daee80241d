//! Text in lines: broken between words, and never inside a number or before its unit.

use unicode_width::UnicodeWidthStr;

/// The units that a number is written with behind a blank.
const UNITS: [&str; 6] = ["k", "M", "G", "%", "d", "s"];

/// How many columns of a terminal a text takes.
#[must_use]
pub fn text_width(text: &str) -> usize {
    text.width()
}

/// Whether a line may not be broken between two words: `22.8` and `M`, `1h` and `24m`.
#[must_use]
pub fn stay_together(before: &str, after: &str) -> bool {
    let after = after.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '%');
    let ends_in_digit = before.ends_with(|c: char| c.is_ascii_digit());
    if ends_in_digit && UNITS.contains(&after) {
        return true;
    }
    is_part_of_span(before) && is_part_of_span(after)
}

/// Whether a word is a number of days, hours, minutes or seconds: `24m`.
fn is_part_of_span(word: &str) -> bool {
    let number = word.trim_end_matches(['d', 'h', 'm', 's']);
    number.len() + 1 == word.len() && number.ends_with(|c: char| c.is_ascii_digit())
}

/// The words of a text; those that stay together are one, with blanks in it.
#[must_use]
pub fn split_into_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if stay_together(last.rsplit(' ').next().unwrap_or(last), word) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The width of the widest word.
#[must_use]
pub fn widest_word(text: &str) -> usize {
    split_into_words(text).iter().map(|word| text_width(word)).max().unwrap_or(0)
}

/// A text in lines of at most so many columns; one word that is longer is shortened in front, since
/// the end of a path or an id tells more than its beginning.
#[must_use]
pub fn wrap_words(text: &str, width: usize) -> Vec<String> {
    // A text that fits keeps its blanks as they are.
    if text_width(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in split_into_words(text) {
        let word = shorten_in_front(&word, width);
        let last = lines.last_mut().expect("a first line");
        if last.is_empty() {
            last.push_str(&word);
        } else if text_width(last) + 1 + text_width(&word) <= width {
            last.push(' ');
            last.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// A text of at most so many columns: with `...` in place of its beginning.
fn shorten_in_front(word: &str, width: usize) -> String {
    if text_width(word) <= width {
        return word.to_owned();
    }
    let mut kept = String::new();
    for c in word.chars().rev() {
        if text_width(&kept) + text_width(c.encode_utf8(&mut [0; 4])) + 3 > width {
            break;
        }
        kept.insert(0, c);
    }
    format!("...{kept}")
}

/// As much of a list of settings as fits on one line, ended by ` ...` where some are left out.
#[must_use]
pub fn shorten_at_end(text: &str, width: usize) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    // After a comma or a semicolon where there is one: half a setting is none.
    let room = width.saturating_sub(4);
    let first = wrap_words(text, room).into_iter().next().unwrap_or_default();
    let end = first.rfind([',', ';']).filter(|end| *end > 0);
    format!("{} ...", &first[..end.map_or(first.len(), |end| end + 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, width: usize, expect: &[&str]) {
        assert_eq!(wrap_words(text, width), expect, "{text} in {width}");
        assert!(wrap_words(text, width).iter().all(|line| text_width(line) <= width.max(4)));
    }

    #[test]
    fn numbers_keep_their_units() {
        check("saves 22.8 M of 893 M", 12, &["saves 22.8 M", "of 893 M"]);
        check("it takes 1h 24m today", 13, &["it takes", "1h 24m today"]);
        check("5 sets of 3 sizes", 8, &["5 sets", "of 3", "sizes"]);
        check("is 27 %, or 4 d", 6, &["is", "27 %,", "or 4 d"]);
    }

    #[test]
    fn a_long_word_loses_its_beginning() {
        check("see /home/user/projects/x.jsonl", 12, &["see", "...s/x.jsonl"]);
        check("\u{65e5}\u{672c}\u{8a9e}", 5, &["...\u{8a9e}"]);
    }

    #[test]
    fn a_list_ends_after_a_whole_setting() {
        let text = "deny unused tools, deferred MCP tools, shorter CLAUDE.md";
        assert_eq!(shorten_at_end(text, 80), text);
        assert_eq!(shorten_at_end(text, 50), "deny unused tools, deferred MCP tools, ...");
        assert_eq!(shorten_at_end("one setting without a comma", 20), "one setting ...");
    }
}
