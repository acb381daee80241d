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

#[derive(Serialize, Deserialize)]
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
    let file = RecordingFile::from(recording);
    let mut entries = vec![
        ("schema", json_bytes(&file.schema)),
        ("name", json_bytes(&file.name)),
        ("source", json_bytes(&file.source)),
        ("models", json_bytes(&file.models)),
        ("tools", json_bytes(&file.tools)),
    ];
    // What a recording does not have is left out, so that small ones stay small.
    if !file.labels.is_empty() {
        entries.push(("labels", json_bytes(&file.labels)));
    }
    if let Some(skips) = &file.skips {
        entries.push(("skips", json_bytes(skips)));
    }
    entries.push(("crashes", json_bytes(&file.crashes)));
    entries.push(("sessions", json_lines(&file.sessions)));
    if !file.invocations.is_empty() {
        entries.push(("invocations", json_lines(&file.invocations)));
    }
    entries.push(("remainders", json_lines(&file.remainders)));
    entries.push(("calls", json_columns(&file.calls)));
    entries.push(("blocks", json_columns(&file.blocks)));
    let mut out = Vec::new();
    for (key, value) in entries {
        out.extend_from_slice(if out.is_empty() { b"{\n" } else { b",\n" });
        out.extend_from_slice(format!("\"{key}\":").as_bytes());
        out.extend_from_slice(&value);
    }
    out.extend_from_slice(b"\n}\n");
    out
}

/// Serialising plain numbers and strings into memory cannot fail.
fn json_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A list with one line an element.
fn json_lines<T: Serialize>(values: &[T]) -> Vec<u8> {
    let items: Vec<Vec<u8>> = values.iter().map(json_bytes).collect();
    if items.is_empty() {
        return b"[]".to_vec();
    }
    [b"[\n".to_vec(), items.join(&b",\n"[..]), b"\n]".to_vec()].concat()
}

/// An object of columns with one line a column.
fn json_columns<T: Serialize>(value: &T) -> Vec<u8> {
    let text = json_bytes(value);
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
    if met == OLD_SCHEMA {
        // Its shocks are what another law left unexplained.
        recording.explain_reads_anew();
    }
    recording.check_balance()?;
    Ok(recording)
}

impl From<&Recording> for RecordingFile {
    fn from(recording: &Recording) -> Self {
        let mut calls = CallColumns::default();
        recording.calls.iter().for_each(|call| calls.push_call(call));
        let mut blocks = BlockColumns::default();
        recording.blocks.iter().for_each(|block| blocks.push_block(block));
        Self {
            schema: SCHEMA.to_owned(),
            name: recording.name.clone(),
            source: recording.source.clone(),
            models: recording.models.clone(),
            tools: recording.tools.clone(),
            labels: recording.labels.clone(),
            skips: recording.skips.map(SkipsOnDisk::from),
            crashes: recording.crashes.into(),
            sessions: recording.sessions.iter().map(SessionOnDisk::from).collect(),
            invocations: recording.invocations.iter().map(InvocationOnDisk::from).collect(),
            remainders: recording.remainders.iter().map(RemainderOnDisk::from).collect(),
            calls,
            blocks,
        }
    }
}
