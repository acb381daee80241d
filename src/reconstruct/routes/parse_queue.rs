//! Reading a user's own queue: a short TOML file with the schema `windtunnel.queue/1`.
//!
//! ```toml
//! schema = "windtunnel.queue/1"
//!
//! [queue]
//! requests = 34
//! cycles = { count = 56, every = "6h" }
//! session = { tokens = 177000, search = 0.2 }
//! signal = [{ kind = "failing-check", rate = 0.04 }]
//! today = { escalate = "every-cycle", stop_after = 0, duplicates = 0.1, arrive = 0.03 }
//!
//! [buckets]
//! "doctor/daily macro" = 6160000
//! ```
//!
//! A key that is left out is not filled in: its toggles ask for it and have bounds.

use super::super::figure::{Figure, FigureSource, LARGEST_FIGURE};
use super::super::reported::{Assumption, SourceDocument};
use super::queue::{DeniedActions, ReportedQueue, SignalRate};
use super::{DayRange, ReportedRoutes, RouteRow, SCHEMA};
use crate::quantity::QuantityKind;
use crate::recording::QueueReason;
use crate::toml_reader::{
    TomlEntry, TomlError, TomlNode, bad_value_error, key_path, parse_document, unknown_key_error,
};
use crate::units::BASIS_POINTS;

/// The schema of a queue.
pub const QUEUE_SCHEMA: &str = "windtunnel.queue/1";

/// What works on a queue where nothing else is said: the bucket that the toggles know.
const AGENT: &str = "generation and maintenance";

/// The most requests, cycles, actions or tries of a queue: a limit, against memory.
/// Confidence: J.
const MOST_COUNT: i64 = 10_000;

/// The most sessions of a queue: a limit, against memory. Confidence: J.
const MOST_PLACES: i64 = 20_000;

/// The most tokens of a session or a bucket: as of any figure. Confidence: J.
const MOST_TOKENS: i64 = 3_000_000_000;

/// Whether a TOML text without a schema is meant as a queue: by its tables.
#[must_use]
pub fn has_queue_tables(text: &str) -> bool {
    let fields = parse_document(text).unwrap_or_default();
    fields.iter().any(|field| field.key == "queue" || field.key == "buckets")
}

/// Reads a queue.
///
/// # Errors
/// What cannot be read: its line, its key, and what would do.
pub fn parse_queue_toml(name: &str, text: &str) -> Result<ReportedRoutes, TomlError> {
    let fields = parse_document(text)?;
    let mut queue = None;
    let mut rows = Vec::new();
    let mut schema = &TomlEntry::missing();
    for field in &fields {
        match field.key.as_str() {
            "schema" => schema = &field.entry,
            "queue" => queue = Some(read_queue(&field.entry)?),
            "buckets" => rows = read_buckets(&field.entry)?,
            _ => {
                let known = ["schema", "queue", "buckets"];
                return Err(unknown_key_error("", field, known.into_iter()));
            }
        }
    }
    if schema.as_text("schema", QUEUE_SCHEMA)? != QUEUE_SCHEMA {
        return Err(bad_value_error("schema", schema, QUEUE_SCHEMA));
    }
    let Some(queue) = queue else {
        return Err(bad_value_error("queue", &TomlEntry::missing(), "a table, [queue]"));
    };
    if rows.iter().any(|row| row.step_name() == queue.agent) {
        let met = TomlEntry { as_typed: format!("'{}'", queue.agent), ..TomlEntry::missing() };
        return Err(bad_value_error(
            "buckets",
            &met,
            "names beside the one who works on the queue",
        ));
    }
    // Without cycles the sessions are one bucket, as a source publishes it.
    if !queue.has_sessions() {
        rows.push(bucket_row(&queue.agent, queue.tokens.unwrap_or(0)));
    }
    Ok(routes_of_queue(name, queue, rows))
}

/// A queue and its buckets in the shape of published routes, of which nothing else is told.
fn routes_of_queue(name: &str, queue: ReportedQueue, rows: Vec<RouteRow>) -> ReportedRoutes {
    let file = name.rsplit('/').next().unwrap_or(name);
    let name = file.strip_suffix(".toml").unwrap_or(file).to_owned();
    let day = jiff::civil::Date::constant(1970, 1, 1);
    let classes = Assumption {
        id: "token-classes".to_owned(),
        value: "of no stated class".to_owned(),
        range: "any".to_owned(),
        why: "a queue gives one sum a session".to_owned(),
    };
    ReportedRoutes {
        schema: SCHEMA.to_owned(),
        title: "a queue of requests".to_owned(),
        // Times order sessions and say nothing else.
        window: DayRange { first: day, last: day, source: own_source() },
        documents: vec![SourceDocument {
            id: OWN.to_owned(),
            file: file.to_owned(),
            title: "the user's own figures".to_owned(),
        }],
        controllers: Vec::new(),
        totals: Vec::new(),
        rows,
        queue: Some(queue),
        counting_errors: Vec::new(),
        views: Vec::new(),
        statements: Vec::new(),
        ratios: Vec::new(),
        claims: Vec::new(),
        unknowns: Vec::new(),
        assumptions: vec![classes],
        name,
    }
}

/// The document that a user's figures come from.
const OWN: &str = "own";

fn own_source() -> FigureSource {
    FigureSource { document: OWN.to_owned(), section: "queue".to_owned() }
}

fn bucket_row(name: &str, tokens: i64) -> RouteRow {
    let (agent, kind) = name.split_once('/').unwrap_or((name, ""));
    RouteRow {
        agent: agent.to_owned(),
        kind: kind.to_owned(),
        tokens: Figure::of_count(tokens),
        invocations: None,
        mean: None,
        source: own_source(),
    }
}

/// Tokens of other loops, by name.
fn read_buckets(entry: &TomlEntry) -> Result<Vec<RouteRow>, TomlError> {
    let fields = entry.as_table("buckets", "a table of names with their tokens")?;
    let mut rows = Vec::with_capacity(fields.len());
    for field in fields {
        let key = key_path("buckets", &field.key);
        let tokens = read_whole(&key, &field.entry, 1, MOST_TOKENS)?;
        rows.push(bucket_row(&field.key, tokens));
    }
    Ok(rows)
}

fn read_queue(entry: &TomlEntry) -> Result<ReportedQueue, TomlError> {
    const KNOWN: [&str; 7] =
        ["agent", "requests", "cycles", "session", "tokens", "signal", "today"];
    let mut queue = ReportedQueue { agent: AGENT.to_owned(), ..ReportedQueue::default() };
    for field in entry.as_table("queue", "a table, [queue]")? {
        let (key, value) = (key_path("queue", &field.key), &field.entry);
        match field.key.as_str() {
            "agent" => value.as_text(&key, "a name")?.clone_into(&mut queue.agent),
            "requests" => queue.requests = Some(read_whole(&key, value, 1, MOST_COUNT)?),
            "cycles" => read_cycles(&key, value, &mut queue)?,
            "session" => read_session(&key, value, &mut queue)?,
            "tokens" => queue.tokens = Some(read_whole(&key, value, 1, MOST_TOKENS)?),
            "signal" => queue.signals = Some(read_signals(&key, value)?),
            "today" => read_today(&key, value, &mut queue)?,
            _ => return Err(unknown_key_error("queue", field, KNOWN.into_iter())),
        }
    }
    check_queue(&queue, entry)?;
    Ok(queue)
}

/// What a queue cannot do without, and what would be too much.
fn check_queue(queue: &ReportedQueue, entry: &TomlEntry) -> Result<(), TomlError> {
    let missing = TomlEntry { line: entry.line, ..TomlEntry::missing() };
    let refuse = |key: &str, met: &TomlEntry, wanted: &str| Err(bad_value_error(key, met, wanted));
    match (queue.session_tokens, queue.tokens) {
        (None, None) => {
            return refuse(
                "queue.session.tokens",
                &missing,
                "the tokens of one session, or those of all as 'queue.tokens': no bound can be \
                 told without",
            );
        }
        (Some(_), Some(both)) => {
            let met = TomlEntry { as_typed: both.to_string(), ..missing };
            return refuse("queue.tokens", &met, "this or 'queue.session.tokens', not both");
        }
        _ => {}
    }
    let needs_places = queue.session_tokens.is_some() && queue.places().is_none();
    if needs_places {
        let key = if queue.requests.is_none() { "queue.requests" } else { "queue.cycles.count" };
        return refuse(key, &missing, "a count: the size of one session alone gives no total");
    }
    if queue.places().is_some_and(|places| places > MOST_PLACES) {
        let places = queue.places().unwrap_or(0);
        let met = TomlEntry { as_typed: format!("{places} requests and cycles"), ..missing };
        return refuse("queue", &met, &format!("at most {MOST_PLACES} of both together"));
    }
    // Each session needs a token.
    if queue.tokens.is_some_and(|tokens| queue.places().is_some_and(|places| places > tokens)) {
        let met = TomlEntry { as_typed: queue.tokens.unwrap_or(0).to_string(), ..missing };
        return refuse("queue.tokens", &met, "a token at least for each request and cycle");
    }
    Ok(())
}

fn read_cycles(key: &str, entry: &TomlEntry, queue: &mut ReportedQueue) -> Result<(), TomlError> {
    for field in entry.as_table(key, "a table, e.g. { count = 56, every = \"6h\" }")? {
        let (at, value) = (key_path(key, &field.key), &field.entry);
        match field.key.as_str() {
            "count" => queue.cycles = Some(read_whole(&at, value, 1, MOST_COUNT)?),
            "every" => {
                let time = i64::try_from(QuantityKind::Duration.read_entry(&at, value)?).ok();
                let time = time.filter(|time| (1..=LARGEST_FIGURE).contains(time));
                let wanted = "a time, e.g. \"6h\"";
                queue.every_ms = Some(time.ok_or_else(|| bad_value_error(&at, value, wanted))?);
            }
            _ => return Err(unknown_key_error(key, field, ["count", "every"].into_iter())),
        }
    }
    Ok(())
}

fn read_session(key: &str, entry: &TomlEntry, queue: &mut ReportedQueue) -> Result<(), TomlError> {
    for field in entry.as_table(key, "a table, e.g. { tokens = 177000, search = 0.2 }")? {
        let (at, value) = (key_path(key, &field.key), &field.entry);
        match field.key.as_str() {
            "tokens" => queue.session_tokens = Some(read_whole(&at, value, 1, MOST_TOKENS)?),
            "search" => queue.search_bp = Some(read_share(&at, value)?),
            _ => return Err(unknown_key_error(key, field, ["tokens", "search"].into_iter())),
        }
    }
    Ok(())
}

fn read_signals(key: &str, entry: &TomlEntry) -> Result<Vec<SignalRate>, TomlError> {
    let wanted = "a list, e.g. [{ kind = \"failing-check\", rate = 0.04 }]";
    let mut signals = Vec::new();
    for item in entry.as_list(key, wanted)? {
        let mut rate = SignalRate { kind: String::new(), rate_bp: 0, seen: Vec::new() };
        for field in item.as_table(key, wanted)? {
            let (at, value) = (key_path(key, &field.key), &field.entry);
            match field.key.as_str() {
                "kind" => {
                    let named = QueueReason::SIGNALS.map(|signal| (signal, signal.name()));
                    value.as_named(&at, &named)?.name().clone_into(&mut rate.kind);
                }
                "rate" => rate.rate_bp = read_share(&at, value)?,
                "seen" => rate.seen = read_places(&at, value)?,
                _ => {
                    return Err(unknown_key_error(
                        key,
                        field,
                        ["kind", "rate", "seen"].into_iter(),
                    ));
                }
            }
        }
        if rate.kind.is_empty() {
            let missing = TomlEntry { line: item.line, ..TomlEntry::missing() };
            return Err(bad_value_error(&key_path(key, "kind"), &missing, "what is shown"));
        }
        signals.push(rate);
    }
    Ok(signals)
}

/// Requests and cycles, both from 1: `[[1, 2], [3, 1]]`.
fn read_places(key: &str, entry: &TomlEntry) -> Result<Vec<(i64, i64)>, TomlError> {
    let wanted = "a list of requests and cycles, e.g. [[1, 2], [3, 1]]";
    let mut places = Vec::new();
    for item in entry.as_list(key, wanted)? {
        match item.as_list(key, wanted)? {
            [request, cycle] => places.push((
                read_whole(key, request, 1, MOST_COUNT)?,
                read_whole(key, cycle, 1, MOST_COUNT)?,
            )),
            _ => return Err(bad_value_error(key, item, wanted)),
        }
    }
    Ok(places)
}

fn read_today(key: &str, entry: &TomlEntry, queue: &mut ReportedQueue) -> Result<(), TomlError> {
    const KNOWN: [&str; 6] = ["escalate", "stop_after", "duplicates", "closed", "arrive", "denied"];
    for field in entry.as_table(key, "a table, e.g. { escalate = \"every-cycle\" }")? {
        let (at, value) = (key_path(key, &field.key), &field.entry);
        match field.key.as_str() {
            "escalate" => {
                let named = [(false, "every-cycle"), (true, "on-signal")];
                queue.escalates_on_signal = value.as_named(&at, &named)?;
            }
            "stop_after" => queue.stop_after = read_whole(&at, value, 0, MOST_COUNT)?,
            "duplicates" => queue.duplicates_bp = Some(read_share(&at, value)?),
            "closed" => queue.closed_bp = Some(read_share(&at, value)?),
            "arrive" => queue.arrivals_bp = read_share(&at, value)?,
            "denied" => queue.denied = Some(read_denied(&at, value)?),
            _ => return Err(unknown_key_error(key, field, KNOWN.into_iter())),
        }
    }
    Ok(())
}

fn read_denied(key: &str, entry: &TomlEntry) -> Result<DeniedActions, TomlError> {
    let wanted = "a table, e.g. { actions = 2, tries = 5 }";
    let mut denied = DeniedActions { actions: 0, tries: 0 };
    for field in entry.as_table(key, wanted)? {
        let at = key_path(key, &field.key);
        let count = read_whole(&at, &field.entry, 0, 100)?;
        match field.key.as_str() {
            "actions" => denied.actions = count,
            "tries" => denied.tries = count,
            _ => return Err(unknown_key_error(key, field, ["actions", "tries"].into_iter())),
        }
    }
    Ok(denied)
}

fn read_whole(key: &str, entry: &TomlEntry, least: i64, most: i64) -> Result<i64, TomlError> {
    match entry.node {
        TomlNode::Whole(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(bad_value_error(key, entry, &format!("a whole number from {least} to {most}"))),
    }
}

/// A share of a whole, in ten-thousandths.
fn read_share(key: &str, entry: &TomlEntry) -> Result<i64, TomlError> {
    let share = i64::try_from(QuantityKind::Share.read_entry(key, entry)?).ok();
    let share = share.filter(|share| (0..=BASIS_POINTS).contains(share));
    share
        .ok_or_else(|| bad_value_error(key, entry, "a share from 0 to 100 %, e.g. 0.04 or \"4 %\""))
}
