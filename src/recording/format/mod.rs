//! The recording on disk: versioned JSON, columns, one line a column, so that small ones diff well;
//! or the same as binary columns, which are read at once.
//!
//! The types here mirror the model's types rather than being them, so that a change of the model
//! does not change the format by accident. Reading checks everything: a file that was edited by
//! hand is either whole or refused with the place and the reason.

mod binary;
mod binary_calls;
mod column_bytes;
mod columns;
mod rows;

pub use binary::to_columns;
pub(crate) use binary::{MAGIC, read_tables, write_tables};
pub(crate) use columns::{bitflags_text, shock_text};

use super::{BalanceError, Recording};
use columns::{BlockColumns, CallColumns, require_length};
use rows::{CrashesOnDisk, InvocationOnDisk, RemainderOnDisk, SessionOnDisk, SkipsOnDisk};
use serde::{Deserialize, Serialize};

/// Name and version of the format that is written.
pub(crate) const SCHEMA: &str = "windtunnel.recording/2";

/// The version before: without facts of calls, labels and skips, which are then not known.
pub(crate) const OLD_SCHEMA: &str = "windtunnel.recording/1";

/// A file that is no readable recording.
#[derive(Debug, thiserror::Error)]
pub enum BadRecording {
    /// Not JSON, or not of this shape.
    #[error("not a recording: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format or version.
    #[error("schema is '{met}', this version reads '{SCHEMA}' and '{OLD_SCHEMA}'")]
    Schema {
        /// What the file says.
        met: String,
    },
    /// Binary columns of another version.
    #[error("binary columns of another version: {met}")]
    Version {
        /// What the file says.
        met: String,
    },
    /// Binary columns that are no whole recording.
    #[error("not a whole recording in binary columns: {0}")]
    Columns(&'static str),
    /// A column or a name that does not fit.
    #[error("column '{column}', row {row}: {what}")]
    Column {
        /// The column.
        column: &'static str,
        /// The row.
        row: usize,
        /// What is wrong.
        what: String,
    },
    /// The books do not balance.
    #[error(transparent)]
    Books(#[from] BalanceError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordingFile {
    schema: String,
    name: String,
    source: String,
    models: Vec<String>,
    tools: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    skips: Option<SkipsOnDisk>,
    crashes: CrashesOnDisk,
    sessions: Vec<SessionOnDisk>,
    #[serde(default)]
    invocations: Vec<InvocationOnDisk>,
    remainders: Vec<RemainderOnDisk>,
    calls: CallColumns,
    blocks: BlockColumns,
}

/// The canonical bytes of a recording: equal recordings give equal bytes.
#[must_use]
pub fn to_json(recording: &Recording) -> Vec<u8> {
    let mut out = Vec::new();
    // One after the other: of what is large no more than one entry lies beside the result.
    let mut put = |key: &str, value: Vec<u8>| {
        out.extend_from_slice(if out.is_empty() { b"{\n" } else { b",\n" });
        out.extend_from_slice(format!("\"{key}\":").as_bytes());
        out.extend_from_slice(&value);
    };
    put("schema", json_bytes(&SCHEMA));
    put("name", json_bytes(&recording.name));
    put("source", json_bytes(&recording.source));
    put("models", json_bytes(&recording.models));
    put("tools", json_bytes(&recording.tools));
    // What a recording does not have is left out, so that small ones stay small.
    if !recording.labels.is_empty() {
        put("labels", json_bytes(&recording.labels));
    }
    if let Some(skips) = recording.skips {
        put("skips", json_bytes(&SkipsOnDisk::from(skips)));
    }
    put("crashes", json_bytes(&CrashesOnDisk::from(recording.crashes)));
    put("sessions", json_lines(recording.sessions.iter().map(SessionOnDisk::from)));
    if !recording.invocations.is_empty() {
        put("invocations", json_lines(recording.invocations.iter().map(InvocationOnDisk::from)));
    }
    put("remainders", json_lines(recording.remainders.iter().map(RemainderOnDisk::from)));
    put("calls", json_columns(&recording.calls, CallColumns::push_call));
    put("blocks", json_columns(&recording.blocks, BlockColumns::push_block));
    out.extend_from_slice(b"\n}\n");
    out
}

/// Serialising plain numbers and strings into memory cannot fail.
fn json_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A list with one line an element.
fn json_lines<T: Serialize>(values: impl Iterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        out.extend_from_slice(if out.is_empty() { b"[\n" } else { b",\n" });
        out.extend_from_slice(&json_bytes(&value));
    }
    out.extend_from_slice(if out.is_empty() { b"[]" } else { b"\n]" });
    out
}

/// Rows as an object of columns with one line a column.
fn json_columns<T: Default + Serialize, R>(rows: &[R], push: fn(&mut T, &R)) -> Vec<u8> {
    let mut columns = T::default();
    for row in rows {
        push(&mut columns, row);
    }
    let text = json_bytes(&columns);
    drop(columns);
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    // Strings are passed over whole, so that a brace or comma in a name breaks no line.
    for &byte in &text {
        match byte {
            _ if escaped => {}
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = quoted && byte == b'\\' && !escaped;
        if byte == b'}' && depth == 0 {
            out.push(b'\n');
        }
        out.push(byte);
        if depth == 1 && !quoted && matches!(byte, b'{' | b',') {
            out.push(b'\n');
        }
    }
    out
}

/// The schema that a file names; empty if it names none.
///
/// # Errors
/// It is no JSON object.
pub(crate) fn read_schema(bytes: &[u8]) -> Result<String, BadRecording> {
    #[derive(Deserialize)]
    struct SchemaHead {
        #[serde(default)]
        schema: String,
    }
    Ok(serde_json::from_slice::<SchemaHead>(bytes)?.schema)
}

/// Reads a recording in either form and checks it whole.
///
/// # Errors
/// What is wrong with the file, and where.
pub fn from_bytes(bytes: &[u8]) -> Result<Recording, BadRecording> {
    if bytes.starts_with(MAGIC) { binary::from_columns(bytes) } else { from_json(bytes) }
}

/// Reads a recording from JSON and checks it whole.
///
/// # Errors
/// As above.
pub fn from_json(bytes: &[u8]) -> Result<Recording, BadRecording> {
    // The schema is read first, so that a file of another version is told as such and not by the
    // first field that it lacks.
    let met = read_schema(bytes)?;
    if met != SCHEMA && met != OLD_SCHEMA {
        return Err(BadRecording::Schema { met });
    }
    let file: RecordingFile = serde_json::from_slice(bytes)?;
    let mut recording = Recording {
        name: file.name,
        source: file.source,
        models: file.models,
        tools: file.tools,
        labels: file.labels,
        skips: file.skips.map(SkipsOnDisk::into_skips),
        crashes: file.crashes.into_crashes(),
        ..Recording::default()
    };
    // Counted before anything is built, so that a small file cannot ask for much memory.
    let calls = file.sessions.iter().map(|session| session.calls as usize).sum();
    require_length("model", file.calls.len(), calls)?;
    // A session says how many calls it has; the calls stand one behind the other.
    let mut session_of = Vec::with_capacity(calls);
    for (row, session) in file.sessions.into_iter().enumerate() {
        let first_call = session_of.len() as u32;
        session_of.extend(std::iter::repeat_n(row as u32, session.calls as usize));
        recording.sessions.push(session.into_session(row, first_call)?);
    }
    recording.invocations =
        file.invocations.into_iter().map(InvocationOnDisk::into_invocation).collect();
    for (row, rest) in file.remainders.into_iter().enumerate() {
        recording.remainders.push(rest.into_remainder(row)?);
    }
    file.calls.read_calls(&session_of, &mut recording)?;
    file.blocks.read_blocks(&mut recording)?;
    if file.schema == OLD_SCHEMA {
        // Its shocks are what another law left unexplained.
        recording.explain_reads_anew();
    }
    recording.check_balance()?;
    Ok(recording)
}
