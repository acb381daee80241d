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
use columns::{BlockColumns, BlockRows, CallColumns, CallRows, require_length};
use rows::{CrashesOnDisk, InvocationOnDisk, RemainderOnDisk, SessionOnDisk, SkipsOnDisk};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;
use std::io;

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
    // Writing plain numbers and strings into memory cannot fail.
    let _ = write_json(recording, &mut out);
    out
}

/// Writes the canonical bytes as they are made, so that no more than the recording is in memory.
///
/// # Errors
/// What `out` says.
pub(crate) fn write_json(recording: &Recording, out: &mut dyn io::Write) -> io::Result<()> {
    put(out, "{\n", "schema", &SCHEMA)?;
    put(out, ",\n", "name", &recording.name)?;
    put(out, ",\n", "source", &recording.source)?;
    put(out, ",\n", "models", &recording.models)?;
    put(out, ",\n", "tools", &recording.tools)?;
    // What a recording does not have is left out, so that small ones stay small.
    if !recording.labels.is_empty() {
        put(out, ",\n", "labels", &recording.labels)?;
    }
    if let Some(skips) = recording.skips {
        put(out, ",\n", "skips", &SkipsOnDisk::from(skips))?;
    }
    put(out, ",\n", "crashes", &CrashesOnDisk::from(recording.crashes))?;
    put_lines(out, "sessions", recording.sessions.iter().map(SessionOnDisk::from))?;
    if !recording.invocations.is_empty() {
        let invocations = recording.invocations.iter().map(InvocationOnDisk::from);
        put_lines(out, "invocations", invocations)?;
    }
    put_lines(out, "remainders", recording.remainders.iter().map(RemainderOnDisk::from))?;
    put_columns(out, "calls", &CallRows(&recording.calls))?;
    put_columns(out, "blocks", &BlockRows(&recording.blocks))?;
    out.write_all(b"\n}\n")
}

fn put(out: &mut dyn io::Write, before: &str, key: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, "{before}\"{key}\":")?;
    Ok(serde_json::to_writer(out, value)?)
}

/// A list with one line an element.
fn put_lines<T: Serialize>(
    out: &mut dyn io::Write,
    key: &str,
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{key}\":[")?;
    let mut is_empty = true;
    for value in values {
        out.write_all(if is_empty { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &value)?;
        is_empty = false;
    }
    // An empty list stays on one line.
    out.write_all(if is_empty { b"]" } else { b"\n]" })
}

/// An object of columns with one line a column.
fn put_columns(out: &mut dyn io::Write, key: &str, columns: &impl Serialize) -> io::Result<()> {
    write!(out, ",\n\"{key}\":")?;
    Ok(columns.serialize(&mut serde_json::Serializer::with_formatter(out, ColumnLines))?)
}

/// Compact JSON but for line breaks between the entries of objects.
struct ColumnLines;

impl Formatter for ColumnLines {
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"{\n")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        out.write_all(if is_first { b"" } else { b",\n" })
    }
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
