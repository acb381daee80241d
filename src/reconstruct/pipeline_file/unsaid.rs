//! What a file of published totals leaves unsaid and the model needs: each is assumed, stands among
//! the assumptions with its reason, and is drawn where it has a range.

use super::super::reported::SCHEMA;
use super::pipeline_keys::OWN_DOCUMENT;
use super::table_reader::{COUNTS_UNKNOWN, TableReader, own_source};
use serde_json::{Map, Value, json};

/// The day whose prices count where a file names none. Source: the price book as of this version,
/// 2026-11-29. Confidence: J.
const ASSUMED_DAY: &str = "2026-11-29";

/// What a session starts with where a file does not say: lowest, likeliest, highest, tokens.
/// Source: order 774 states about 12 K for every session of a Claude Code pipeline; 10 to 16 K is
/// what order 775 assumes beside it. Confidence: J.
const ASSUMED_START_CONTEXT: (i64, i64, i64) = (10_000, 12_000, 16_000);

/// Fills in a file that was read; `name` is the file's, `counts` what it says of its numbers of
/// calls.
pub(super) fn fill_in(value: &mut Value, name: &str, counts: Option<&str>, reader: &TableReader) {
    let Value::Object(file) = value else { return };
    file.remove("counts");
    // What is wrong with these is told already; the rest is checked all the same.
    file.entry("schema").or_insert_with(|| json!(SCHEMA));
    file.entry("steps").or_insert_with(|| json!({ "source": own_source(), "rows": [] }));
    file.entry("name").or_insert_with(|| json!(name_of_file(name)));
    if names_own_document(&Value::Object(file.clone())) {
        add_own_document(file, name);
    }
    if !file.contains_key("day") {
        file.insert("day".to_owned(), json!({ "utc": ASSUMED_DAY, "source": own_source() }));
        assume(file, "day", ASSUMED_DAY, "any", "the file names no day: prices are of this one");
    }
    let rows = file.get("steps").and_then(|steps| steps["rows"].as_array());
    if rows.is_some_and(|rows| rows.iter().any(|row| row.get("time").is_none())) {
        let why = "steps without a time: their sessions follow each other at once, and no minutes \
                   are told";
        assume(file, "time", "0s", "any", why);
    }
    if !is_said(file, &["statements", "assumptions", "unknowns"], "start-context") {
        let (low, mode, high) = ASSUMED_START_CONTEXT;
        let why = "the file does not say what a session starts with; about 12 K is stated for \
                   order 774";
        assume(file, "start-context", &mode.to_string(), &format!("{low}-{high}"), why);
        let what = "tokens that every session starts with";
        push(file, "unknowns", unknown("start-context", what, "tokens", (low, mode, high), why));
    }
    if !is_said(file, &["assumptions"], "cache-lifetime") {
        let why = "the file does not say for how long its cache was written; writes of an hour \
                   cost more than those of five minutes";
        assume(file, "cache-lifetime", "1h", "5m-1h", why);
    }
    match counts {
        None if reader.has_bare_tally => {
            let why = "the file does not say what its numbers of calls count; counts = \"records\" \
                       takes them for transcript records, of which a call has about two";
            assume(file, "counts", "calls", "calls or records", why);
        }
        Some("unknown") => {
            let what = "published numbers of calls count calls and not records";
            let why = "the file says that it is unknown: both are as likely";
            let one = unknown(COUNTS_UNKNOWN, what, "chance", (0, 5_000, 10_000), why);
            push(file, "unknowns", one);
        }
        _ => {}
    }
}

fn unknown(id: &str, what: &str, unit: &str, range: (i64, i64, i64), why: &str) -> Value {
    let (low, mode, high) = range;
    json!({ "id": id, "what": what, "unit": unit, "low": low, "mode": mode, "high": high,
            "why": why })
}

fn assume(file: &mut Map<String, Value>, id: &str, value: &str, range: &str, why: &str) {
    push(file, "assumptions", json!({ "id": id, "value": value, "range": range, "why": why }));
    push(file, "unsaid", json!(id));
}

fn push(file: &mut Map<String, Value>, table: &str, row: Value) {
    let rows = file.entry(table).or_insert_with(|| json!([]));
    if let Value::Array(rows) = rows {
        rows.push(row);
    }
}

/// Whether one of some tables has a row of this id.
fn is_said(file: &Map<String, Value>, tables: &[&str], id: &str) -> bool {
    let rows = tables.iter().filter_map(|table| file.get(*table)?.as_array()).flatten();
    rows.into_iter().any(|row| row["id"] == id)
}

/// Whether some figure has no source but its user.
fn names_own_document(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("document").is_some_and(|document| document == OWN_DOCUMENT)
                || fields.values().any(names_own_document)
        }
        Value::Array(items) => items.iter().any(names_own_document),
        _ => false,
    }
}

fn add_own_document(file: &mut Map<String, Value>, name: &str) {
    if is_said(file, &["documents"], OWN_DOCUMENT) {
        return;
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    let title = "own figures: no source is named";
    push(file, "documents", json!({ "id": OWN_DOCUMENT, "file": base, "title": title }));
    let why = "figures without a source: nobody published them, as far as the file says";
    assume(file, "source", "own figures", "", why);
}

/// The last part of a path without its ending.
fn name_of_file(path: &str) -> String {
    let base = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    if stem.is_empty() { "pipeline".to_owned() } else { stem.to_owned() }
}
