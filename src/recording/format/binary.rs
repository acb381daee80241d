//! The recording as binary columns: the same content as the JSON form, read many times faster.
//!
//! ```text
//! windtunnel.columns/1\n | SHA-256 of the recording | XXH3 of the tables | tables
//! tables: head, sessions, calls, blocks, invocations, remainders, each column by column
//! ```
//!
//! Kinds and marks stand under their names, as in JSON, so that a list of kinds can grow without
//! another version. What JSON is checked for is checked here as well; the checksum tells damage
//! from a file that was made wrong.

use super::super::{
    Basis, CrashCounts, HarnessTotals, Invocation, Packet, PriceModifiers, Recording, Remainder,
    Role, Session, SkipCounts,
};
use super::BadRecording;
use super::binary_calls::{read_blocks, read_calls, write_blocks, write_calls};
use super::column_bytes::{ColumnReader, ColumnWriter};
use super::columns::{bitflags_text, parse_flags, parse_named};
use crate::units::Usage;
use xxhash_rust::xxh3::xxh3_64;

/// How every version of this form begins.
pub(crate) const MAGIC: &[u8] = b"windtunnel.columns/";

/// The version that is written and read, as the first line.
const FIRST_LINE: &[u8] = b"windtunnel.columns/1\n";

/// The recording as binary columns: equal recordings give equal bytes.
#[must_use]
pub fn to_columns(recording: &Recording) -> Vec<u8> {
    let rest = write_tables(recording);
    let digest = recording.recording_digest();
    [FIRST_LINE, &digest, &xxh3_64(&rest).to_le_bytes(), &rest].concat()
}

/// What stands behind the checksum.
pub(crate) fn write_tables(recording: &Recording) -> Vec<u8> {
    let mut writer = ColumnWriter::default();
    write_head(&mut writer, recording);
    write_sessions(&mut writer, &recording.sessions);
    write_calls(&mut writer, &recording.calls);
    write_blocks(&mut writer, &recording.blocks);
    write_invocations(&mut writer, &recording.invocations);
    write_remainders(&mut writer, &recording.remainders);
    writer.bytes
}

/// Reads a recording and checks it whole.
///
/// # Errors
/// What is wrong with the file, and where.
pub(super) fn from_columns(bytes: &[u8]) -> Result<Recording, BadRecording> {
    let Some(rest) = bytes.strip_prefix(FIRST_LINE) else {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let met = String::from_utf8_lossy(&line[..line.len().min(40)]).into_owned();
        return Err(BadRecording::Version { met });
    };
    // Behind the digest.
    let rest = rest.get(32..).and_then(<[u8]>::split_first_chunk::<8>);
    let (checksum, rest) = rest.ok_or(BadRecording::Columns("it ends too early"))?;
    if xxh3_64(rest).to_le_bytes() != *checksum {
        return Err(BadRecording::Columns("its checksum is another one: it is cut or damaged"));
    }
    read_tables(rest)
}

/// Reads what stands behind the checksum, and checks it whole.
///
/// # Errors
/// As above.
pub(crate) fn read_tables(rest: &[u8]) -> Result<Recording, BadRecording> {
    let mut reader = ColumnReader::new(rest);
    let mut recording = read_head(&mut reader)?;
    // In this order: how many calls there are is told by the sessions, and of blocks by the calls.
    recording.sessions = read_sessions(&mut reader)?;
    recording.calls = read_calls(&mut reader, &recording)?;
    recording.blocks = read_blocks(&mut reader, &recording.calls)?;
    recording.invocations = read_invocations(&mut reader)?;
    recording.remainders = read_remainders(&mut reader)?;
    reader.require_end()?;
    recording.check_balance()?;
    Ok(recording)
}

fn write_head(writer: &mut ColumnWriter, recording: &Recording) {
    writer.put_name(&recording.name);
    writer.put_name(&recording.source);
    for names in [&recording.models, &recording.tools, &recording.labels] {
        writer.put_number(names.len() as i64);
        for name in names {
            writer.put_name(name);
        }
    }
    let CrashCounts { records, pid_reuse, orphans } = recording.crashes;
    for count in [records, pid_reuse, orphans] {
        writer.put_number(count);
    }
    // None is not zero: an older recording does not tell how much was skipped.
    writer.put_number(i64::from(recording.skips.is_some()));
    let SkipCounts { damage, harmless } = recording.skips.unwrap_or_default();
    for count in [damage, harmless] {
        writer.put_number(count as i64);
    }
}

fn read_head(reader: &mut ColumnReader<'_>) -> Result<Recording, BadRecording> {
    let (name, source) = (reader.take_name()?.to_owned(), reader.take_name()?.to_owned());
    let (models, tools, labels) = (take_names(reader)?, take_names(reader)?, take_names(reader)?);
    let crashes = CrashCounts {
        records: reader.take_number("crash records")?,
        pid_reuse: reader.take_number("crash records")?,
        orphans: reader.take_number("crash records")?,
    };
    // Told apart from none: see `write_head`.
    let is_known = reader.take_number::<u8>("skips")? == 1;
    let [damage, harmless] =
        [reader.take_number("skips")?, reader.take_number("skips")?].map(|count: i64| count as u64);
    let skips = is_known.then_some(SkipCounts { damage, harmless });
    Ok(Recording { name, source, models, tools, labels, crashes, skips, ..Recording::default() })
}

fn take_names(reader: &mut ColumnReader<'_>) -> Result<Vec<String>, BadRecording> {
    let count: usize = reader.take_number("number of names")?;
    (0..count).map(|_| reader.take_name().map(str::to_owned)).collect()
}

fn write_sessions(writer: &mut ColumnWriter, sessions: &[Session]) {
    writer.put_number(sessions.len() as i64);
    writer.put_keys(sessions.iter().map(|it| i64::from(it.calls)));
    let texts: [fn(&Session) -> &str; 6] = [
        |it| &it.id,
        |it| &it.file,
        |it| &it.pipeline,
        |it| &it.step,
        |it| &it.version,
        |it| &it.source,
    ];
    for text in texts {
        writer.put_named(sessions.iter().map(text), |text| text);
    }
    writer.put_named(sessions.iter().map(|it| it.role), Role::name);
    let bases: [fn(&Session) -> Basis; 3] =
        [|it| it.usage_basis, |it| it.blocks_basis, |it| it.times_basis];
    for basis in bases {
        writer.put_named(sessions.iter().map(basis), Basis::name);
    }
    let numbers: [fn(&Session) -> i64; 12] = [
        |it| i64::from(it.records),
        |it| it.static_prefix,
        |it| it.warm_prefix,
        |it| i64::from(it.harness_totals.unfinished),
        // What is not told is told apart from a zero.
        |it| i64::from(it.harness_totals.start_ms.is_some()),
        |it| it.harness_totals.start_ms.unwrap_or_default(),
        |it| i64::from(it.harness_totals.calls.is_some()),
        |it| i64::from(it.harness_totals.calls.unwrap_or_default()),
        |it| i64::from(it.harness_totals.peak_context.is_some()),
        |it| it.harness_totals.peak_context.unwrap_or_default(),
        |it| i64::from(it.harness_totals.duration_ms.is_some()),
        |it| it.harness_totals.duration_ms.unwrap_or_default(),
    ];
    for of in numbers {
        writer.put_column(sessions.iter().map(of));
    }
}

fn take_bases(
    reader: &mut ColumnReader<'_>,
    column: &'static str,
    rows: usize,
) -> Result<Vec<Basis>, BadRecording> {
    reader.take_named(column, rows, |at, name| parse_named(&Basis::NAMED, column, at, name))
}

fn read_sessions(reader: &mut ColumnReader<'_>) -> Result<Vec<Session>, BadRecording> {
    let rows: usize = reader.take_number("number of sessions")?;
    let calls: Vec<u32> = reader.take_keys("calls", rows)?;
    let mut texts =
        |column| reader.take_named(column, rows, |_, text| Ok(text)).map(Vec::into_iter);
    let (mut id, mut file, mut pipeline) = (texts("id")?, texts("file")?, texts("pipeline")?);
    let (mut step, mut version, mut source) = (texts("step")?, texts("version")?, texts("source")?);
    let role =
        reader.take_named("role", rows, |at, name| parse_named(&Role::NAMED, "role", at, name))?;
    let usage = take_bases(reader, "usage", rows)?;
    let blocks = take_bases(reader, "blocks", rows)?;
    let times = take_bases(reader, "times", rows)?;
    let records: Vec<u32> = reader.take_column("records", rows)?;
    let static_prefix: Vec<i64> = reader.take_column("static_prefix", rows)?;
    let warm_prefix: Vec<i64> = reader.take_column("warm_prefix", rows)?;
    let unfinished: Vec<u8> = reader.take_column("unfinished", rows)?;
    let start_ms = take_told::<i64>(reader, "start_ms", rows)?;
    let told_calls = take_told::<u32>(reader, "told calls", rows)?;
    let peak_context = take_told::<i64>(reader, "peak_context", rows)?;
    let duration_ms = take_told::<i64>(reader, "duration_ms", rows)?;
    let mut first_call = 0_u32;
    let mut sessions = Vec::with_capacity(rows);
    for row in 0..rows {
        sessions.push(Session {
            id: next_name(&mut id),
            file: next_name(&mut file),
            pipeline: next_name(&mut pipeline),
            step: next_name(&mut step),
            version: next_name(&mut version),
            role: role[row],
            first_call,
            calls: calls[row],
            records: records[row],
            static_prefix: static_prefix[row],
            warm_prefix: warm_prefix[row],
            usage_basis: usage[row],
            blocks_basis: blocks[row],
            times_basis: times[row],
            source: next_name(&mut source),
            harness_totals: HarnessTotals {
                start_ms: start_ms[row],
                calls: told_calls[row],
                peak_context: peak_context[row],
                duration_ms: duration_ms[row],
                unfinished: unfinished[row] == 1,
            },
        });
        // A file may claim any number; the check that follows refuses what does not fit.
        first_call = first_call.saturating_add(calls[row]);
    }
    Ok(sessions)
}

/// A column of what may not be told.
fn take_told<T: TryFrom<i64> + Copy>(
    reader: &mut ColumnReader<'_>,
    column: &'static str,
    rows: usize,
) -> Result<Vec<Option<T>>, BadRecording> {
    let is_told: Vec<u8> = reader.take_column(column, rows)?;
    let told: Vec<T> = reader.take_column(column, rows)?;
    Ok(is_told
        .into_iter()
        .zip(told)
        .map(|(is_told, told)| (is_told == 1).then_some(told))
        .collect())
}

fn write_invocations(writer: &mut ColumnWriter, invocations: &[Invocation]) {
    writer.put_number(invocations.len() as i64);
    writer.put_keys(invocations.iter().map(|it| i64::from(it.call)));
    let names: [fn(&Packet) -> &str; 5] =
        [|it| &it.id, |it| &it.agent, |it| &it.kind, |it| &it.root, |it| &it.source];
    for name in names {
        writer.put_named(invocations.iter().map(|it| name(&it.packet)), |name| name);
    }
}

fn read_invocations(reader: &mut ColumnReader<'_>) -> Result<Vec<Invocation>, BadRecording> {
    let rows: usize = reader.take_number("number of invocations")?;
    let calls: Vec<u32> = reader.take_keys("invocation's call", rows)?;
    let mut names =
        |column| reader.take_named(column, rows, |_, name| Ok(name)).map(Vec::into_iter);
    let (mut id, mut agent, mut kind) = (names("id")?, names("agent")?, names("kind")?);
    let (mut root, mut source) = (names("root")?, names("source")?);
    let packets = calls.into_iter().map(|call| Invocation {
        call,
        packet: Packet {
            id: next_name(&mut id),
            agent: next_name(&mut agent),
            kind: next_name(&mut kind),
            root: next_name(&mut root),
            source: next_name(&mut source),
        },
    });
    Ok(packets.collect())
}

fn write_remainders(writer: &mut ColumnWriter, remainders: &[Remainder]) {
    writer.put_number(remainders.len() as i64);
    writer.put_keys(remainders.iter().map(|it| i64::from(it.session)));
    writer.put_column(remainders.iter().map(|it| i64::from(it.model)));
    for class in 0..5 {
        writer.put_column(remainders.iter().map(|it| it.usage.by_class()[class]));
    }
    writer.put_named(remainders.iter().map(|it| it.why.as_str()), |why| why);
    writer.put_named(remainders.iter().map(|it| it.modifiers), |it| bitflags_text(it.iter_names()));
}

fn read_remainders(reader: &mut ColumnReader<'_>) -> Result<Vec<Remainder>, BadRecording> {
    let rows: usize = reader.take_number("number of remainders")?;
    let session: Vec<u32> = reader.take_keys("remainder's session", rows)?;
    let model: Vec<u16> = reader.take_column("remainder's model", rows)?;
    let fresh: Vec<i64> = reader.take_column("fresh", rows)?;
    let read: Vec<i64> = reader.take_column("read", rows)?;
    let write_5m: Vec<i64> = reader.take_column("write_5m", rows)?;
    let write_1h: Vec<i64> = reader.take_column("write_1h", rows)?;
    let output: Vec<i64> = reader.take_column("output", rows)?;
    let why = reader.take_named("why", rows, |_, why| Ok(why))?;
    let modifiers = reader.take_named("modifiers", rows, |at, text| {
        parse_flags("modifiers", at, text, PriceModifiers::from_name)
    })?;
    let remainders = (0..rows).map(|row| Remainder {
        session: session[row],
        model: model[row],
        usage: Usage {
            fresh: fresh[row],
            read: read[row],
            write_5m: write_5m[row],
            write_1h: write_1h[row],
            output: output[row],
        },
        why: why[row].to_owned(),
        modifiers: modifiers[row],
    });
    Ok(remainders.collect())
}

/// The next of some names that stand in a column.
fn next_name(names: &mut std::vec::IntoIter<&str>) -> String {
    names.next().unwrap_or_default().to_owned()
}
