//! Calls and blocks as binary columns.

use super::super::{
    Block, BlockKind, BlockMarks, CacheBreak, CacheTier, Call, CallFacts, CallMarks,
    ContextRestart, PriceModifiers, Recording, Shock, ToldMissReason,
};
use super::BadRecording;
use super::column_bytes::{ColumnReader, ColumnWriter, fit};
use super::columns::{bitflags_text, parse_flags, parse_named};
use crate::ids::{NO_INDEX, NO_TOOL};
use crate::units::Usage;

pub(super) fn write_calls(writer: &mut ColumnWriter, calls: &[Call]) {
    writer.put_keys(calls.iter().map(|it| it.start_ms));
    let numbers: [fn(&Call) -> i64; 15] = [
        |it| i64::from(it.model),
        // Times of a call lie near each other.
        |it| it.end_ms.wrapping_sub(it.start_ms),
        |it| it.touched_ms.wrapping_sub(it.start_ms),
        |it| i64::from(it.records),
        |it| it.usage.fresh,
        |it| it.usage.read,
        |it| it.usage.write_5m,
        |it| it.usage.write_1h,
        |it| it.usage.output,
        |it| it.output_hidden,
        |it| it.cut,
        |it| i64::from(it.blocks),
        |it| i64::from(it.facts.web_searches),
        |it| it.facts.skill.map_or(-1, i64::from),
        |it| it.facts.server.map_or(-1, i64::from),
    ];
    for number in numbers {
        writer.put_column(calls.iter().map(number));
    }
    writer.put_named(calls.iter().map(|it| it.tier), CacheTier::name);
    writer.put_named(calls.iter().map(|it| it.marks), |it| bitflags_text(it.iter_names()));
    writer.put_named(calls.iter().map(|it| it.restart), ContextRestart::name);
    writer.put_named(calls.iter().map(|it| it.cache_break), CacheBreak::name);
    writer
        .put_named(calls.iter().map(|it| it.facts.modifiers), |it| bitflags_text(it.iter_names()));
    writer.put_named(calls.iter().map(|it| it.facts.told_miss), ToldMissReason::name);
    let shocks: Vec<(&str, i64)> = calls.iter().map(|it| shock_parts(it.shock)).collect();
    writer.put_named(shocks.iter().map(|(kind, _)| *kind), |kind| kind);
    writer.put_column(shocks.iter().map(|(_, tokens)| *tokens));
}

fn shock_parts(shock: Shock) -> (&'static str, i64) {
    match shock {
        Shock::None => ("", 0),
        Shock::Shift(by) => ("shift", by),
        Shock::EvictedTo(to) => ("evicted", to),
        Shock::Survived(by) => ("survived", by),
        Shock::SurvivedTo(to) => ("survived-to", to),
    }
}

pub(super) fn read_calls(
    reader: &mut ColumnReader<'_>,
    recording: &Recording,
) -> Result<Vec<Call>, BadRecording> {
    let rows = recording.sessions.iter().map(|session| session.calls as usize).sum();
    let start_ms: Vec<i64> = reader.take_keys("start_ms", rows)?;
    let model: Vec<u16> = reader.take_column("model", rows)?;
    let end_ms: Vec<i64> = reader.take_column("end_ms", rows)?;
    let touched_ms: Vec<i64> = reader.take_column("touched_ms", rows)?;
    let records: Vec<u32> = reader.take_column("records", rows)?;
    let fresh: Vec<i64> = reader.take_column("fresh", rows)?;
    let read: Vec<i64> = reader.take_column("read", rows)?;
    let write_5m: Vec<i64> = reader.take_column("write_5m", rows)?;
    let write_1h: Vec<i64> = reader.take_column("write_1h", rows)?;
    let output: Vec<i64> = reader.take_column("output", rows)?;
    let output_hidden: Vec<i64> = reader.take_column("output_hidden", rows)?;
    let cut: Vec<i64> = reader.take_column("cut", rows)?;
    let blocks: Vec<u32> = reader.take_column("blocks", rows)?;
    let web_searches: Vec<u32> = reader.take_column("web_searches", rows)?;
    let labels = recording.labels.len();
    let skill = take_labels(reader, "skill", rows, labels)?;
    let server = take_labels(reader, "server", rows, labels)?;
    let tier = reader
        .take_named("tier", rows, |at, name| parse_named(&CacheTier::NAMED, "tier", at, name))?;
    let marks = reader.take_named("marks", rows, |at, text| {
        parse_flags("marks", at, text, CallMarks::from_name)
    })?;
    let restart = reader.take_named("restart", rows, |at, name| {
        parse_named(&ContextRestart::NAMED, "restart", at, name)
    })?;
    let cache_break = reader.take_named("cache_break", rows, |at, name| {
        parse_named(&CacheBreak::NAMED, "cache_break", at, name)
    })?;
    let modifiers = reader.take_named("modifiers", rows, |at, text| {
        parse_flags("modifiers", at, text, PriceModifiers::from_name)
    })?;
    let told_miss = reader.take_named("told_miss", rows, |at, name| {
        parse_named(&ToldMissReason::NAMED, "told_miss", at, name)
    })?;
    let shock = reader.take_named("shock", rows, shock_of_kind)?;
    let shock_tokens: Vec<i64> = reader.take_column("shock", rows)?;
    // Calls stand in the order of their sessions, as many as each one has.
    let session_of = recording.sessions.iter().enumerate();
    let session_of =
        session_of.flat_map(|(at, session)| std::iter::repeat_n(at as u32, session.calls as usize));
    let mut first_block = 0_u32;
    let mut calls = Vec::with_capacity(rows);
    for (row, session) in session_of.enumerate() {
        calls.push(Call {
            session,
            model: model[row],
            start_ms: start_ms[row],
            // Kept as spans from the start, which are small; wrapping, since a file may hold
            // anything.
            end_ms: start_ms[row].wrapping_add(end_ms[row]),
            touched_ms: start_ms[row].wrapping_add(touched_ms[row]),
            records: records[row],
            usage: Usage {
                fresh: fresh[row],
                read: read[row],
                write_5m: write_5m[row],
                write_1h: write_1h[row],
                output: output[row],
            },
            output_hidden: output_hidden[row],
            tier: tier[row],
            marks: marks[row],
            facts: CallFacts {
                modifiers: modifiers[row],
                web_searches: web_searches[row],
                told_miss: told_miss[row],
                skill: skill[row],
                server: server[row],
            },
            restart: restart[row],
            cut: cut[row],
            cache_break: cache_break[row],
            shock: shock[row](shock_tokens[row]),
            first_block,
            blocks: blocks[row],
        });
        first_block = first_block.saturating_add(blocks[row]);
    }
    Ok(calls)
}

/// A column of labels, which must be among those of the recording.
fn take_labels(
    reader: &mut ColumnReader<'_>,
    column: &'static str,
    rows: usize,
    labels: usize,
) -> Result<Vec<Option<u16>>, BadRecording> {
    let numbers: Vec<i32> = reader.take_column(column, rows)?;
    let told = numbers.into_iter().enumerate().map(|(row, number)| match u16::try_from(number) {
        Ok(label) if usize::from(label) < labels => Ok(Some(label)),
        // Written for none.
        Err(_) if number == -1 => Ok(None),
        _ => Err(BadRecording::Column { column, row, what: format!("{labels} labels only") }),
    });
    told.collect()
}

/// The shocks of a kind, by their tokens.
fn shock_of_kind(row: usize, kind: &str) -> Result<fn(i64) -> Shock, BadRecording> {
    match kind {
        "" => Ok(|_| Shock::None),
        "shift" => Ok(Shock::Shift),
        "evicted" => Ok(Shock::EvictedTo),
        "survived" => Ok(Shock::Survived),
        "survived-to" => Ok(Shock::SurvivedTo),
        _ => {
            let what = format!("'{kind}' is no kind of shock");
            Err(BadRecording::Column { column: "shock", row, what })
        }
    }
}

/// An index as it is written: -1 where there is none.
fn index_number(index: u32) -> i64 {
    if index == NO_INDEX { -1 } else { i64::from(index) }
}

fn index_from_number(column: &'static str, row: usize, number: i64) -> Result<u32, BadRecording> {
    if number == -1 { Ok(NO_INDEX) } else { fit(number, column, row) }
}

pub(super) fn write_blocks(writer: &mut ColumnWriter, blocks: &[Block]) {
    writer.put_keys(blocks.iter().map(|it| i64::from(it.chars)));
    writer.put_column(blocks.iter().map(|it| it.estimate));
    writer.put_column(blocks.iter().map(|it| it.tokens));
    writer.put_column(blocks.iter().map(|it| if it.tool == NO_TOOL { -1 } else { it.tool.into() }));
    writer.put_column(blocks.iter().map(|it| index_number(it.file)));
    // A peer lies near its block.
    writer.put_column(blocks.iter().enumerate().map(|(at, it)| match index_number(it.peer) {
        -1 => 0,
        peer => peer - at as i64,
    }));
    writer.put_column(blocks.iter().map(|it| index_number(it.carried)));
    writer.put_named(blocks.iter().map(|it| it.kind), BlockKind::name);
    writer.put_named(blocks.iter().map(|it| it.marks), |it| bitflags_text(it.iter_names()));
}

pub(super) fn read_blocks(
    reader: &mut ColumnReader<'_>,
    calls: &[Call],
) -> Result<Vec<Block>, BadRecording> {
    let rows = calls.iter().map(|call| call.blocks as usize).sum();
    let chars: Vec<u32> = reader.take_keys("chars", rows)?;
    let estimate: Vec<i64> = reader.take_column("estimate", rows)?;
    let tokens: Vec<i64> = reader.take_column("tokens", rows)?;
    let tool: Vec<i32> = reader.take_column("tool", rows)?;
    let file: Vec<i64> = reader.take_column("file", rows)?;
    let peer: Vec<i64> = reader.take_column("peer", rows)?;
    let carried: Vec<i64> = reader.take_column("carried", rows)?;
    let kind = reader
        .take_named("kind", rows, |at, name| parse_named(&BlockKind::NAMED, "kind", at, name))?;
    let marks = reader.take_named("block marks", rows, |at, text| {
        parse_flags("block marks", at, text, BlockMarks::from_name)
    })?;
    let mut blocks = Vec::with_capacity(rows);
    for (at, call) in calls.iter().enumerate() {
        for _ in 0..call.blocks {
            let row = blocks.len();
            // Kept as the distance from its block; 0, which would be itself, is none.
            let peer = match peer[row] {
                0 => -1,
                away => away.wrapping_add(row as i64),
            };
            blocks.push(Block {
                call: at as u32,
                kind: kind[row],
                tool: match tool[row] {
                    -1 => NO_TOOL,
                    tool => fit(tool.into(), "tool", row)?,
                },
                chars: chars[row],
                estimate: estimate[row],
                tokens: tokens[row],
                marks: marks[row],
                file: index_from_number("file", row, file[row])?,
                peer: index_from_number("peer", row, peer)?,
                carried: index_from_number("carried", row, carried[row])?,
            });
        }
    }
    Ok(blocks)
}
