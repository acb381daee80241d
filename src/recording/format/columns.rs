//! The columns of calls and blocks: from rows to columns and back, every value checked.

use super::super::{
    Block, BlockKind, BlockMarks, CacheBreak, CacheTier, Call, CallMarks, ContextRestart,
    Recording, Shock, name_of_value, value_of_name,
};
use super::BadRecording;
use crate::units::Usage;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallColumns {
    pub(super) model: Vec<u16>,
    start_ms: Vec<i64>,
    end_ms: Vec<i64>,
    touched_ms: Vec<i64>,
    records: Vec<u32>,
    fresh: Vec<i64>,
    read: Vec<i64>,
    write_5m: Vec<i64>,
    write_1h: Vec<i64>,
    output: Vec<i64>,
    output_hidden: Vec<i64>,
    tier: Vec<String>,
    marks: Vec<String>,
    restart: Vec<String>,
    cut: Vec<i64>,
    cache_break: Vec<String>,
    shock: Vec<String>,
    blocks: Vec<u32>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockColumns {
    kind: Vec<String>,
    tool: Vec<Option<u16>>,
    chars: Vec<u32>,
    estimate: Vec<i64>,
    tokens: Vec<i64>,
    marks: Vec<String>,
    file: Vec<Option<u32>>,
    peer: Vec<Option<u32>>,
}

/// A shock in words: its kind and tokens; empty for none.
#[must_use]
pub fn shock_text(shock: Shock) -> String {
    match shock {
        Shock::None => String::new(),
        Shock::Shift(by) => format!("shift {by}"),
        Shock::EvictedTo(at) => format!("evicted {at}"),
        Shock::Survived(by) => format!("survived {by}"),
        Shock::SurvivedTo(at) => format!("survived-to {at}"),
    }
}

impl CallColumns {
    pub(super) fn push_call(&mut self, call: &Call) {
        self.model.push(call.model);
        self.start_ms.push(call.start_ms);
        self.end_ms.push(call.end_ms);
        self.touched_ms.push(call.touched_ms);
        self.records.push(call.records);
        self.fresh.push(call.usage.fresh);
        self.read.push(call.usage.read);
        self.write_5m.push(call.usage.write_5m);
        self.write_1h.push(call.usage.write_1h);
        self.output.push(call.usage.output);
        self.output_hidden.push(call.output_hidden);
        self.tier.push(name_of_value(&CacheTier::NAMED, call.tier).to_owned());
        self.marks.push(bitflags_text(call.marks.iter_names()));
        self.restart.push(name_of_value(&ContextRestart::NAMED, call.restart).to_owned());
        self.cut.push(call.cut);
        self.cache_break.push(name_of_value(&CacheBreak::NAMED, call.cache_break).to_owned());
        self.shock.push(shock_text(call.shock));
        self.blocks.push(call.blocks);
    }

    pub(super) fn read_calls(
        self,
        session_of: &[u32],
        recording: &mut Recording,
    ) -> Result<(), BadRecording> {
        let rows = session_of.len();
        for (column, length) in [
            ("model", self.model.len()),
            ("start_ms", self.start_ms.len()),
            ("end_ms", self.end_ms.len()),
            ("touched_ms", self.touched_ms.len()),
            ("records", self.records.len()),
            ("fresh", self.fresh.len()),
            ("read", self.read.len()),
            ("write_5m", self.write_5m.len()),
            ("write_1h", self.write_1h.len()),
            ("output", self.output.len()),
            ("output_hidden", self.output_hidden.len()),
            ("tier", self.tier.len()),
            ("marks", self.marks.len()),
            ("restart", self.restart.len()),
            ("cut", self.cut.len()),
            ("cache_break", self.cache_break.len()),
            ("shock", self.shock.len()),
            ("blocks", self.blocks.len()),
        ] {
            require_length(column, length, rows)?;
        }
        let mut first_block = 0_u32;
        for (row, &session) in session_of.iter().enumerate() {
            recording.calls.push(Call {
                session,
                model: self.model[row],
                start_ms: self.start_ms[row],
                end_ms: self.end_ms[row],
                touched_ms: self.touched_ms[row],
                records: self.records[row],
                usage: Usage {
                    fresh: self.fresh[row],
                    read: self.read[row],
                    write_5m: self.write_5m[row],
                    write_1h: self.write_1h[row],
                    output: self.output[row],
                },
                output_hidden: self.output_hidden[row],
                tier: parse_named(&CacheTier::NAMED, "tier", row, &self.tier[row])?,
                marks: parse_flags("marks", row, &self.marks[row], CallMarks::from_name)?,
                restart: parse_named(&ContextRestart::NAMED, "restart", row, &self.restart[row])?,
                cut: self.cut[row],
                cache_break: parse_named(
                    &CacheBreak::NAMED,
                    "cache_break",
                    row,
                    &self.cache_break[row],
                )?,
                shock: parse_shock(row, &self.shock[row])?,
                first_block,
                blocks: self.blocks[row],
            });
            first_block = first_block.saturating_add(self.blocks[row]);
        }
        Ok(())
    }
}

impl BlockColumns {
    pub(super) fn push_block(&mut self, block: &Block) {
        self.kind.push(block.kind.name().to_owned());
        self.tool.push((block.tool != crate::ids::NO_TOOL).then_some(block.tool));
        self.chars.push(block.chars);
        self.estimate.push(block.estimate);
        self.tokens.push(block.tokens);
        self.marks.push(bitflags_text(block.marks.iter_names()));
        self.file.push(block.file_number());
        self.peer.push((block.peer != crate::ids::NO_INDEX).then_some(block.peer));
    }

    pub(super) fn read_blocks(self, recording: &mut Recording) -> Result<(), BadRecording> {
        let rows = recording.calls.iter().map(|call| call.blocks as usize).sum();
        for (column, length) in [
            ("kind", self.kind.len()),
            ("tool", self.tool.len()),
            ("chars", self.chars.len()),
            ("estimate", self.estimate.len()),
            ("tokens", self.tokens.len()),
            ("block marks", self.marks.len()),
            ("file", self.file.len()),
            ("peer", self.peer.len()),
        ] {
            require_length(column, length, rows)?;
        }
        let mut row = 0;
        for call in 0..recording.calls.len() {
            for _ in 0..recording.calls[call].blocks {
                recording.blocks.push(Block {
                    call: call as u32,
                    kind: parse_named(&BlockKind::NAMED, "kind", row, &self.kind[row])?,
                    tool: self.tool[row].unwrap_or(crate::ids::NO_TOOL),
                    chars: self.chars[row],
                    estimate: self.estimate[row],
                    tokens: self.tokens[row],
                    marks: parse_flags(
                        "block marks",
                        row,
                        &self.marks[row],
                        BlockMarks::from_name,
                    )?,
                    file: self.file[row].unwrap_or(crate::ids::NO_INDEX),
                    peer: self.peer[row].unwrap_or(crate::ids::NO_INDEX),
                });
                row += 1;
            }
        }
        Ok(())
    }
}

pub(super) fn require_length(
    column: &'static str,
    length: usize,
    rows: usize,
) -> Result<(), BadRecording> {
    if length == rows {
        return Ok(());
    }
    let what = format!("{length} values for {rows} rows");
    Err(BadRecording::Column { column, row: length.min(rows), what })
}

pub(super) fn parse_named<T: Copy>(
    names: &[(T, &'static str)],
    column: &'static str,
    row: usize,
    text: &str,
) -> Result<T, BadRecording> {
    value_of_name(names, text).ok_or_else(|| {
        let known: Vec<_> = names.iter().map(|(_, name)| format!("'{name}'")).collect();
        let what = format!("'{text}' is none of {}", known.join(", "));
        BadRecording::Column { column, row, what }
    })
}

/// Marks in words: their names in lower case, parted by blanks.
pub fn bitflags_text<T>(names: impl Iterator<Item = (&'static str, T)>) -> String {
    names.map(|(name, _)| name.to_lowercase()).collect::<Vec<_>>().join(" ")
}

fn parse_flags<T: Default + std::ops::BitOrAssign>(
    column: &'static str,
    row: usize,
    text: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, BadRecording> {
    let mut flags = T::default();
    for name in text.split_whitespace() {
        flags |= from_name(&name.to_uppercase()).ok_or_else(|| BadRecording::Column {
            column,
            row,
            what: format!("unknown mark '{name}'"),
        })?;
    }
    Ok(flags)
}

fn parse_shock(row: usize, text: &str) -> Result<Shock, BadRecording> {
    let wrong = || BadRecording::Column {
        column: "shock",
        row,
        what: format!("'{text}' is not 'shift N', 'evicted N' or 'survived N'"),
    };
    if text.is_empty() {
        return Ok(Shock::None);
    }
    let (kind, number) = text.split_once(' ').ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    match kind {
        "shift" => Ok(Shock::Shift(number)),
        "evicted" => Ok(Shock::EvictedTo(number)),
        "survived" => Ok(Shock::Survived(number)),
        "survived-to" => Ok(Shock::SurvivedTo(number)),
        _ => Err(wrong()),
    }
}
