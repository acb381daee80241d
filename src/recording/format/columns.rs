//! The columns of calls and blocks: from rows to columns and back, every value checked.

use super::super::{
    Block, BlockKind, BlockMarks, CacheBreak, CacheTier, Call, CallFacts, CallMarks,
    ContextRestart, PriceModifiers, Recording, Shock, ToldMissReason, value_of_name,
};
use super::BadRecording;
use crate::units::Usage;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

/// A value of few that has a name: most are the model's own words.
type ColumnName = Cow<'static, str>;

/// Declares columns with the label that each has in errors and where its values come from. An
/// optional column is left out where nothing of it differs from its default, and is then filled
/// with it when it is read. What is written is never more than one row of one column.
macro_rules! columns {
    (
        struct $table:ident, $rows:ident of |$row:ident: $of:ident| {
            $($column:ident: $value:ty = $label:literal, $from:expr;)+
        }
        optional { $($extra:ident: $extra_value:ty = $extra_label:literal, $extra_from:expr;)* }
    ) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $table {
            $($column: Vec<$value>,)+
            $(
                #[serde(default)]
                $extra: Vec<$extra_value>,
            )*
        }

        /// The same columns of rows, on their way out.
        pub(super) struct $rows<'a>(pub(super) &'a [$of]);

        impl Serialize for $rows<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut columns = serializer.serialize_map(None)?;
                $({
                    let column = ColumnOf(self.0, |$row: &$of| -> $value { $from });
                    columns.serialize_entry(stringify!($column), &column)?;
                })+
                $({
                    let column = ColumnOf(self.0, |$row: &$of| -> $extra_value { $extra_from });
                    // A column in which every row has the default is left out of the file.
                    if !column.is_default() {
                        columns.serialize_entry(stringify!($extra), &column)?;
                    }
                })*
                columns.end()
            }
        }

        impl $table {
            /// Fills what is left out; an error unless all columns then have so many rows.
            fn require_rows(&mut self, rows: usize) -> Result<(), BadRecording> {
                $(require_length($label, self.$column.len(), rows)?;)+
                $(
                    // Left out as a whole: written by an older version, or all of it the default.
                    if self.$extra.is_empty() {
                        self.$extra.resize(rows, Default::default());
                    }
                    require_length($extra_label, self.$extra.len(), rows)?;
                )*
                Ok(())
            }
        }
    };
}

/// One column: rows, and what of a row it holds.
struct ColumnOf<'a, R, F>(&'a [R], F);

impl<R, V: Default + PartialEq, F: Fn(&R) -> V> ColumnOf<'_, R, F> {
    fn is_default(&self) -> bool {
        self.0.iter().all(|row| self.1(row) == V::default())
    }
}

impl<R, V: Serialize, F: Fn(&R) -> V> Serialize for ColumnOf<'_, R, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

columns! {
    struct CallColumns, CallRows of |call: Call| {
        model: u16 = "model", call.model;
        start_ms: i64 = "start_ms", call.start_ms;
        end_ms: i64 = "end_ms", call.end_ms;
        touched_ms: i64 = "touched_ms", call.touched_ms;
        records: u32 = "records", call.records;
        fresh: i64 = "fresh", call.usage.fresh;
        read: i64 = "read", call.usage.read;
        write_5m: i64 = "write_5m", call.usage.write_5m;
        write_1h: i64 = "write_1h", call.usage.write_1h;
        output: i64 = "output", call.usage.output;
        output_hidden: i64 = "output_hidden", call.output_hidden;
        tier: ColumnName = "tier", call.tier.name().into();
        marks: ColumnName = "marks", bitflags_text(call.marks.iter_names()).into();
        restart: ColumnName = "restart", call.restart.name().into();
        cut: i64 = "cut", call.cut;
        cache_break: ColumnName = "cache_break", call.cache_break.name().into();
        shock: ColumnName = "shock", shock_text(call.shock).into();
        blocks: u32 = "blocks", call.blocks;
    }
    optional {
        modifiers: ColumnName = "modifiers",
            bitflags_text(call.facts.modifiers.iter_names()).into();
        web_searches: u32 = "web_searches", call.facts.web_searches;
        told_miss: ColumnName = "told_miss", call.facts.told_miss.name().into();
        skill: Option<u16> = "skill", call.facts.skill;
        server: Option<u16> = "server", call.facts.server;
    }
}

columns! {
    struct BlockColumns, BlockRows of |block: Block| {
        kind: ColumnName = "kind", block.kind.name().into();
        tool: Option<u16> = "tool", (block.tool != crate::ids::NO_TOOL).then_some(block.tool);
        chars: u32 = "chars", block.chars;
        estimate: i64 = "estimate", block.estimate;
        tokens: i64 = "tokens", block.tokens;
        marks: ColumnName = "block marks", bitflags_text(block.marks.iter_names()).into();
        file: Option<u32> = "file", block.file_number();
        peer: Option<u32> = "peer", (block.peer != crate::ids::NO_INDEX).then_some(block.peer);
    }
    optional {
        carried: Option<u32> = "carried", block.carried_calls();
    }
}

/// A shock in words: its kind and tokens; empty for none.
#[must_use]
pub(crate) fn shock_text(shock: Shock) -> String {
    match shock {
        Shock::None => String::new(),
        Shock::Shift(by) => format!("shift {by}"),
        Shock::EvictedTo(at) => format!("evicted {at}"),
        Shock::Survived(by) => format!("survived {by}"),
        Shock::SurvivedTo(at) => format!("survived-to {at}"),
    }
}

impl CallColumns {
    /// How many calls its first column has.
    pub(super) fn len(&self) -> usize {
        self.model.len()
    }

    /// What the record of a call says; labels must be among those of the recording.
    fn read_facts(&self, row: usize, labels: usize) -> Result<CallFacts, BadRecording> {
        let modifiers =
            parse_flags("modifiers", row, &self.modifiers[row], PriceModifiers::from_name)?;
        let told_miss =
            parse_named(&ToldMissReason::NAMED, "told_miss", row, &self.told_miss[row])?;
        let (skill, server) = (self.skill[row], self.server[row]);
        for (column, label) in [("skill", skill), ("server", server)] {
            if label.is_some_and(|label| usize::from(label) >= labels) {
                let what = format!("{labels} labels only");
                return Err(BadRecording::Column { column, row, what });
            }
        }
        Ok(CallFacts { modifiers, web_searches: self.web_searches[row], told_miss, skill, server })
    }

    pub(super) fn read_calls(
        mut self,
        session_of: &[u32],
        recording: &mut Recording,
    ) -> Result<(), BadRecording> {
        let rows = session_of.len();
        self.require_rows(rows)?;
        // Where the blocks of a call begin is not in the file: it follows from their numbers. A sum
        // that overflows is met again when the books are checked.
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
                facts: self.read_facts(row, recording.labels.len())?,
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
    pub(super) fn read_blocks(mut self, recording: &mut Recording) -> Result<(), BadRecording> {
        let rows = recording.calls.iter().map(|call| call.blocks as usize).sum();
        self.require_rows(rows)?;
        // Blocks stand call by call, so that their calls need no column.
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
                    carried: self.carried[row].unwrap_or(crate::ids::NO_INDEX),
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
pub(crate) fn bitflags_text<T>(names: impl Iterator<Item = (&'static str, T)>) -> String {
    names.map(|(name, _)| name.to_lowercase()).collect::<Vec<_>>().join(" ")
}

pub(super) fn parse_flags<T: Default + std::ops::BitOrAssign>(
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
    if text.is_empty() {
        return Ok(Shock::None);
    }
    let (kind, number) = text.split_once(' ').unwrap_or((text, ""));
    match (kind, number.parse()) {
        ("shift", Ok(by)) => Ok(Shock::Shift(by)),
        ("evicted", Ok(to)) => Ok(Shock::EvictedTo(to)),
        ("survived", Ok(by)) => Ok(Shock::Survived(by)),
        ("survived-to", Ok(to)) => Ok(Shock::SurvivedTo(to)),
        _ => Err(BadRecording::Column {
            column: "shock",
            row,
            what: format!("'{text}' is not 'shift N', 'evicted N' or 'survived N'"),
        }),
    }
}
