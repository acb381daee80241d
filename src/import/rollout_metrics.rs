//! Rollouts as agentic-cockpit's `rollout-metrics` script reads them.
//!
//! Its reading is kept with its oddities, so that its output can be printed again: no event is
//! deduplicated, a missing total is a zero, the front matter of a packet is searched by patterns
//! because it never parses. The arithmetic is `study/script.rs`'s. For figures that are right,
//! import the rollouts.
//!
//! Only files named `rollout-*.jsonl` count, in the order of their paths. A line that is no JSON is
//! passed over in silence, as there.

use super::line_reader::{LineReader, SourceLine};
use super::timestamps::parse_ms;
use crate::store::{self, FoundFile, SearchError};
use crate::study::rollout_script::{PacketPrompt, ScriptFile, ScriptMetrics};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// What a prompt with a packet holds.
const MARKER: &str = "--- TASK PACKET ---";

/// What the script is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetricsQuery {
    /// First millisecond of the window.
    pub since_ms: i64,
    /// Last millisecond of the window.
    pub until_ms: i64,
    /// Count only prompts that hold this text; empty for all.
    pub prompt_filter: String,
}

/// Rollouts that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RolloutReadError {
    /// There are none.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// One of them.
    #[error("{file}: {reason}")]
    File {
        /// Its label.
        file: String,
        /// What the system says.
        reason: io::Error,
    },
}

/// Reads the rollouts of a folder.
///
/// # Errors
/// A folder without rollouts, or a file that cannot be read.
pub(crate) fn read_rollout_metrics(
    folder: &Path,
    query: &MetricsQuery,
) -> Result<ScriptMetrics, RolloutReadError> {
    let found = store::find_files(&[PathBuf::from(folder)], &[".jsonl"])?;
    let mut metrics = ScriptMetrics::default();
    for found in found.files {
        let name = found.label.rsplit('/').next().unwrap_or_default();
        if !name.starts_with("rollout-") {
            continue;
        }
        read_rollout(&found, query, &mut metrics)
            .map_err(|reason| RolloutReadError::File { file: found.label, reason })?;
    }
    Ok(metrics)
}

fn read_rollout(
    found: &FoundFile,
    query: &MetricsQuery,
    metrics: &mut ScriptMetrics,
) -> io::Result<()> {
    let mut source = store::open_found_file(found)?;
    let mut lines = LineReader::new(&mut source, &|_| false);
    let mut file = metrics.begin_file();
    while let Some(line) = lines.next_line()? {
        // What no memory should hold is no event.
        let SourceLine::Text(line) = line else { continue };
        // Readline ends a line at these as well.
        for line in String::from_utf8_lossy(line).split(['\r', '\u{2028}', '\u{2029}']) {
            count_event(trim_js_blanks(line), query, &mut file, metrics);
        }
    }
    Ok(())
}

/// Without what JavaScript takes for blanks at both ends.
fn trim_js_blanks(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn count_event(
    line: &str,
    query: &MetricsQuery,
    file: &mut ScriptFile,
    metrics: &mut ScriptMetrics,
) {
    let Ok(event) = serde_json::from_str::<Value>(line) else { return };
    let at_ms = event.get("timestamp").and_then(Value::as_str).and_then(date_ms);
    // An event without a time is in every window.
    if at_ms.is_some_and(|ms| ms < query.since_ms || ms > query.until_ms) {
        return;
    }
    let payload = event.get("payload");
    match event.get("type").and_then(Value::as_str) {
        Some("response_item") => {
            if let Some(text) = payload.and_then(packet_text) {
                let counts = query.prompt_filter.is_empty() || text.contains(&query.prompt_filter);
                file.read_prompt(metrics, counts.then(|| parse_prompt(text)));
            }
        }
        Some("event_msg") => {
            let is_count = payload.and_then(|it| it.get("type")).and_then(Value::as_str);
            if is_count == Some("token_count") {
                let total =
                    payload.and_then(|it| it.pointer("/info/total_token_usage/total_tokens"));
                // The script takes a missing total for a zero, and so does this.
                if let Some(total) = js_number(total.unwrap_or(&Value::Null)) {
                    file.read_running_total(metrics, total);
                }
            }
        }
        _ => {}
    }
}

/// A time as JavaScript reads the two forms that it is bound to: a day, or an instant.
pub(crate) fn date_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let day = format!("{text}T00:00:00Z");
    let is_day = text.len() == 10 && !text.contains('T');
    parse_ms(if is_day { day.as_bytes() } else { text.as_bytes() })
}

/// A number as JavaScript makes one of a value: nothing is 0. Fractions are rounded.
fn js_number(value: &Value) -> Option<i64> {
    let float = match value {
        Value::Null | Value::Bool(false) => 0.0,
        Value::Bool(true) => 1.0,
        Value::Number(number) => number.as_f64()?,
        Value::String(text) if trim_js_blanks(text).is_empty() => 0.0,
        Value::String(text) => trim_js_blanks(text).parse().ok()?,
        Value::Array(items) if items.is_empty() => 0.0,
        Value::Array(_) | Value::Object(_) => return None,
    };
    // Beyond these doubles are no whole numbers any more.
    (float.abs() < 9e15).then(|| float.round() as i64)
}

/// The text of a user's message that holds a packet.
fn packet_text(payload: &Value) -> Option<&str> {
    if payload.get("role").and_then(Value::as_str) != Some("user") {
        return None;
    }
    let mut texts = payload.get("content")?.as_array()?.iter().filter_map(|item| {
        let is_text = item.get("type")?.as_str() == Some("input_text");
        item.get("text")?.as_str().filter(|_| is_text)
    });
    texts.find(|text| text.contains(MARKER))
}

fn parse_prompt(text: &str) -> PacketPrompt {
    let block = front_matter(text).map_or("", trim_js_blanks);
    let meta: Option<Value> = serde_json::from_str(block).ok();
    let meta = meta.as_ref();
    // The script looks for the kind in another order than for everything else.
    let kind = parsed_text(meta, "/signals/kind")
        .or_else(|| find_signal_kind(block))
        .or_else(|| find_plain(block, "kind"))
        .or_else(|| find_quoted(block, "kind"));
    let kind = kind.map(trim_js_blanks).filter(|kind| !kind.is_empty()).unwrap_or("UNKNOWN");
    PacketPrompt {
        agent: find_agent(text).map_or("", trim_js_blanks).to_owned(),
        kind: kind.to_owned(),
        root: find_field(meta, block, "/signals/rootId", "rootId"),
        source: find_field(meta, block, "/signals/sourceKind", "sourceKind"),
        completed: find_field(meta, block, "/references/completedTaskKind", "completedTaskKind"),
    }
}

/// A text of the front matter, where that is JSON.
fn parsed_text<'a>(meta: Option<&'a Value>, pointer: &str) -> Option<&'a str> {
    let text = meta?.pointer(pointer)?.as_str().map(trim_js_blanks);
    text.filter(|text| !text.is_empty())
}

/// A field of the front matter, however it is written; empty where it is not.
fn find_field(meta: Option<&Value>, block: &str, pointer: &str, key: &str) -> String {
    let text = parsed_text(meta, pointer)
        .or_else(|| find_quoted(block, key))
        .or_else(|| find_plain(block, key));
    trim_js_blanks(text.unwrap_or_default()).to_owned()
}

/// `/\bYou are the agent "([^"]+)"/`
fn find_agent(text: &str) -> Option<&str> {
    let words = "You are the agent \"";
    let mut found = text.match_indices(words).filter(|(at, _)| {
        // The pattern asks for a word boundary, which JavaScript knows for ASCII alone.
        let before = text[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    found.find_map(|(at, _)| text_until_quote(&text[at + words.len()..]))
}

/// What stands before the next quote, if that is anything.
fn text_until_quote(text: &str) -> Option<&str> {
    text.split_once('"').map(|(inside, _)| inside).filter(|inside| !inside.is_empty())
}

/// From the marker on, `/---\s*\r?\n([\s\S]*?)\r?\n---\s*\r?\n/`: the shortest text between two
/// lines of dashes. The first line of dashes is the end of the marker's own, which is why the front
/// matter behind it never parses.
fn front_matter(text: &str) -> Option<&str> {
    let tail = &text[text.find(MARKER)?..];
    let dashes = (0..tail.len()).filter(|&at| tail[at..].starts_with("---"));
    dashes.map(|at| &tail[at + 3..]).find_map(|after| {
        let blank = after.len() - after.trim_start_matches(is_js_blank).len();
        // The blanks may end at any of their line ends, the last one first.
        let ends = after[..blank].rmatch_indices('\n').map(|(at, _)| &after[at + 1..]);
        ends.into_iter().find_map(text_up_to_dashes)
    })
}

fn is_js_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// What stands before the first line of dashes.
fn text_up_to_dashes(text: &str) -> Option<&str> {
    let mut ends = text.match_indices("\n---").filter(|(at, _)| {
        let after = &text[at + 4..];
        // As the script's blanks, among which a line break must be.
        let blank = after.len() - after.trim_start_matches(is_js_blank).len();
        after[..blank].contains('\n')
    });
    let (at, _) = ends.next()?;
    let before = &text[..at];
    Some(before.strip_suffix('\r').unwrap_or(before))
}

/// `/\s*:\s*"([^"]+)"/` at the start of a text.
fn quoted_value(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(is_js_blank).strip_prefix(':')?;
    text_until_quote(rest.trim_start_matches(is_js_blank).strip_prefix('"')?)
}

/// `/"KEY"\s*:\s*"([^"]+)"/`
fn find_quoted<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let key = format!("\"{key}\"");
    block.match_indices(&key).find_map(|(at, _)| quoted_value(&block[at + key.len()..]))
}

/// `/^\s*KEY:\s*([^\n#]+)/m`
fn find_plain<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let starts = std::iter::once(0).chain(block.match_indices('\n').map(|(at, _)| at + 1));
    starts.map(|at| block[at..].trim_start_matches(is_js_blank)).find_map(|line| {
        let rest = line.strip_prefix(key)?.strip_prefix(':')?;
        let body = rest.trim_start_matches(is_js_blank);
        let blank = &rest[..rest.len() - body.len()];
        match body.split(['\n', '#']).next().filter(|body| !body.is_empty()) {
            Some(body) => Some(body),
            // Nothing but a blank is left for the value.
            None if blank.contains(|c| c != '\n') => Some(""),
            None => None,
        }
    })
}

/// `/"signals"\s*:\s*\{[\s\S]{0,400}?"kind"\s*:\s*"([^"]+)"/`
fn find_signal_kind(block: &str) -> Option<&str> {
    const SIGNALS: &str = "\"signals\"";
    const KIND: &str = "\"kind\"";
    block.match_indices(SIGNALS).find_map(|(at, _)| {
        let rest = block[at + SIGNALS.len()..].trim_start_matches(is_js_blank).strip_prefix(':')?;
        let inside = rest.trim_start_matches(is_js_blank).strip_prefix('{')?;
        let near = inside.match_indices(KIND);
        // The script's pattern counts UTF-16 units.
        let mut near = near.filter(|(at, _)| inside[..*at].encode_utf16().count() <= 400);
        near.find_map(|(at, _)| quoted_value(&inside[at + KIND.len()..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: [&str; 5]) {
        let met = parse_prompt(text);
        let met = [met.agent, met.kind, met.root, met.source, met.completed];
        assert_eq!(met, expect, "{text}");
    }

    #[test]
    fn front_matter_is_searched_by_patterns() {
        let nothing = ["", "UNKNOWN", "", "", ""];
        check("--- TASK PACKET ---", nothing);
        check("--- TASK PACKET ---\n---\nkind: A # b\nrootId: r\n---\nx", ["", "A", "r", "", ""]);
        check(
            "You are the agent \"a\"\n--- TASK PACKET ---\r\n---\r\n{\"kind\": \"no\", \
             \"signals\": {\"kind\": \"K\", \"rootId\": \"r\", \"sourceKind\": \"S\"},\r\n\
             \"completedTaskKind\": \"C\"}\r\n---\r\n",
            ["a", "K", "r", "S", "C"],
        );
        check("xYou are the agent \"a\" You are the agent \"b \"", ["b", "UNKNOWN", "", "", ""]);
        check("--- TASK PACKET ---\nkind: A\n---\n", ["", "A", "", "", ""]);
        check("--- TASK PACKET ---\nkind: A\n--- x\n", nothing);
        check("--- TASK PACKET ---\nkind:  #A\n\"kind\": \"B\"\n---\n", nothing);
    }

    #[test]
    fn a_kind_too_far_behind_its_signals_is_any_kind() {
        let of = |gap: usize| {
            let gap = " ".repeat(gap);
            format!(
                "--- TASK PACKET ---\n\"kind\": \"A\" \"signals\": {{{gap}\"kind\": \"B\"\n---\n"
            )
        };
        check(&of(400), ["", "B", "", "", ""]);
        check(&of(401), ["", "A", "", "", ""]);
    }

    #[test]
    fn nothing_is_zero() {
        let of = |text: &str| js_number(&serde_json::from_str(text).expect("JSON"));
        assert_eq!([of("null"), of("\"\""), of("[]"), of("true")], [0, 0, 0, 1].map(Some));
        assert_eq!([of("12"), of("\" 12 \""), of("12.0")], [12; 3].map(Some));
        assert_eq!([of("{}"), of("\"x\""), of("1e300")], [None; 3]);
    }

    #[test]
    fn days_begin_in_utc() {
        assert_eq!(date_ms("2026-02-06"), Some(1_770_336_000_000));
        assert_eq!(date_ms("2026-02-06T00:00:00.000Z"), Some(1_770_336_000_000));
        assert_eq!([date_ms("yesterday"), date_ms("")], [None, None]);
    }
}
