//! The columns of the tables: name, unit, meaning, value.

use super::RecordingExport;
use crate::ids::NO_INDEX;
use crate::recording::format::{bitflags_text, shock_text};
use crate::recording::{
    Basis, Block, CacheBreak, CacheTier, Call, ContextRestart, Invocation, Remainder, Role,
    Session, name_of_value,
};
use crate::report::columns::{ColumnField, ColumnGetter};
use crate::study::inspect::summary::RecordingTotals;

type ExportField = ColumnField<RecordingExport>;

const TOKENS: &str = "tokens";

const fn number_field(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    of: fn(&RecordingExport, usize) -> i64,
) -> ExportField {
    ColumnField { name, unit, about, getter: ColumnGetter::Number(of) }
}

const fn optional_number_field(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    of: fn(&RecordingExport, usize) -> Option<i64>,
) -> ExportField {
    ColumnField { name, unit, about, getter: ColumnGetter::OptionalNumber(of) }
}

const fn text_field(
    name: &'static str,
    about: &'static str,
    of: fn(&RecordingExport, usize) -> String,
) -> ExportField {
    ColumnField { name, unit: "", about, getter: ColumnGetter::Text(of) }
}

fn session_at(export: &RecordingExport, row: usize) -> &Session {
    &export.recording.sessions[row]
}

fn totals_at(export: &RecordingExport, row: usize) -> &RecordingTotals {
    &export.sessions[row].totals
}

fn calls_of_session(export: &RecordingExport, row: usize) -> &[Call] {
    &export.recording.calls[session_at(export, row).call_range()]
}

fn call_at(export: &RecordingExport, row: usize) -> &Call {
    &export.recording.calls[row]
}

fn block_at(export: &RecordingExport, row: usize) -> &Block {
    &export.recording.blocks[row]
}

fn invocation_at(export: &RecordingExport, row: usize) -> &Invocation {
    &export.recording.invocations[row]
}

fn remainder_at(export: &RecordingExport, row: usize) -> &Remainder {
    &export.recording.remainders[row]
}

fn basis_name(basis: Basis) -> String {
    name_of_value(&Basis::NAMED, basis).to_owned()
}

fn optional_index(at: u32) -> Option<i64> {
    (at != NO_INDEX).then_some(i64::from(at))
}

pub(super) static SESSIONS: [ExportField; 32] = [
    number_field("session", "", "its number, from 0", |_, row| row as i64),
    text_field("id", "the source's own id", |x, row| session_at(x, row).id.clone()),
    text_field("file", "where it was read, relative to what was imported", |x, row| {
        session_at(x, row).file.clone()
    }),
    text_field("source", "the format it came from", |x, row| {
        x.recording.source_of_session(session_at(x, row)).to_owned()
    }),
    text_field("pipeline", "the pipeline; empty if unknown", |x, row| {
        session_at(x, row).pipeline.clone()
    }),
    text_field("step", "the step of the pipeline; empty if unknown", |x, row| {
        session_at(x, row).step.clone()
    }),
    text_field("role", "main, subagent or orchestrator", |x, row| {
        name_of_value(&Role::NAMED, session_at(x, row).role).to_owned()
    }),
    text_field("harness", "version of the harness; empty if unknown", |x, row| {
        session_at(x, row).version.clone()
    }),
    text_field("models", "the models that it used, in order of first use", |x, row| {
        x.sessions[row].models.join(", ")
    }),
    number_field("calls", "", "calls", |x, row| totals_at(x, row).calls),
    number_field("records", "", "records that it was read from", |x, row| {
        totals_at(x, row).records
    }),
    number_field("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        totals_at(x, row).usage.fresh
    }),
    number_field("read", TOKENS, "input read from a cache", |x, row| totals_at(x, row).usage.read),
    number_field("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        totals_at(x, row).usage.write_5m
    }),
    number_field("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        totals_at(x, row).usage.write_1h
    }),
    number_field("output", TOKENS, "output as the source recorded it", |x, row| {
        totals_at(x, row).usage.output
    }),
    number_field(
        "output_hidden",
        TOKENS,
        "output that usage does not show, estimated",
        |x, row| totals_at(x, row).hidden_output,
    ),
    number_field("peak_context", TOKENS, "the largest prompt of a call", |x, row| {
        totals_at(x, row).peak_context
    }),
    optional_number_field(
        "cost_pico_usd",
        "10^-12 USD",
        "money for the recorded classes; null where a model has no price",
        |x, row| totals_at(x, row).cost.and_then(|cost| i64::try_from(cost.0).ok()),
    ),
    optional_number_field(
        "start_ms",
        "ms since 1970",
        "start of its first call; null without calls",
        |x, row| calls_of_session(x, row).first().map(|call| call.start_ms),
    ),
    optional_number_field(
        "end_ms",
        "ms since 1970",
        "end of its last call; null without calls",
        |x, row| calls_of_session(x, row).last().map(|call| call.end_ms),
    ),
    number_field("static_prefix", TOKENS, "system prompt and tools", |x, row| {
        session_at(x, row).static_prefix
    }),
    number_field(
        "warm_prefix",
        TOKENS,
        "the part of it that other sessions keep warm",
        |x, row| session_at(x, row).warm_prefix,
    ),
    text_field("usage_basis", "billed, published, estimated or reconstructed", |x, row| {
        basis_name(session_at(x, row).usage_basis)
    }),
    text_field("blocks_basis", "the same of its block sizes", |x, row| {
        basis_name(session_at(x, row).blocks_basis)
    }),
    text_field("times_basis", "the same of its times", |x, row| {
        basis_name(session_at(x, row).times_basis)
    }),
    optional_number_field(
        "told_start_ms",
        "ms since 1970",
        "start that a ledger tells",
        |x, row| session_at(x, row).harness_totals.start_ms,
    ),
    optional_number_field(
        "told_calls",
        "",
        "calls that a ledger tells; null if it tells none",
        |x, row| session_at(x, row).harness_totals.calls.map(i64::from),
    ),
    optional_number_field(
        "told_peak",
        TOKENS,
        "largest cache read that a ledger tells",
        |x, row| session_at(x, row).harness_totals.peak_context,
    ),
    optional_number_field("told_duration_ms", "ms", "duration that a ledger tells", |x, row| {
        session_at(x, row).harness_totals.duration_ms
    }),
    ColumnField {
        name: "unfinished",
        unit: "",
        about: "it ended without a final statement of its usage",
        getter: ColumnGetter::Flag(|x, row| session_at(x, row).harness_totals.unfinished),
    },
    number_field("first_call", "", "number of its first call", |x, row| {
        i64::from(session_at(x, row).first_call)
    }),
];

pub(super) static CALLS: [ExportField; 21] = [
    number_field("call", "", "its number, from 0", |_, row| row as i64),
    number_field("session", "", "number of its session", |x, row| {
        i64::from(call_at(x, row).session)
    }),
    text_field("model", "its model", |x, row| {
        x.recording.model_name(call_at(x, row).model).to_owned()
    }),
    number_field("start_ms", "ms since 1970", "when the request left", |x, row| {
        call_at(x, row).start_ms
    }),
    number_field("end_ms", "ms since 1970", "when the response was complete", |x, row| {
        call_at(x, row).end_ms
    }),
    number_field("touched_ms", "ms since 1970", "from when its cache entry ages", |x, row| {
        call_at(x, row).touched_ms
    }),
    number_field("records", "", "records that held it", |x, row| {
        i64::from(call_at(x, row).records)
    }),
    number_field("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        call_at(x, row).usage.fresh
    }),
    number_field("read", TOKENS, "input read from a cache", |x, row| call_at(x, row).usage.read),
    number_field("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        call_at(x, row).usage.write_5m
    }),
    number_field("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        call_at(x, row).usage.write_1h
    }),
    number_field("output", TOKENS, "output as the source recorded it", |x, row| {
        call_at(x, row).usage.output
    }),
    number_field(
        "output_hidden",
        TOKENS,
        "output that usage does not show, estimated",
        |x, row| call_at(x, row).output_hidden,
    ),
    text_field("tier", "the cache that it writes to: none, 5m, 1h or auto", |x, row| {
        name_of_value(&CacheTier::NAMED, call_at(x, row).tier).to_owned()
    }),
    text_field(
        "restart",
        "whether the context starts over: auto, manual, fresh; empty if not",
        |x, row| name_of_value(&ContextRestart::NAMED, call_at(x, row).restart).to_owned(),
    ),
    number_field("cut", TOKENS, "context that vanished before it without a restart", |x, row| {
        call_at(x, row).cut
    }),
    text_field(
        "cache_break",
        "a known event that breaks the cache: static, zero; empty if none",
        |x, row| name_of_value(&CacheBreak::NAMED, call_at(x, row).cache_break).to_owned(),
    ),
    text_field(
        "shock",
        "what the cache law does not explain: kind and tokens; empty if nothing",
        |x, row| shock_text(call_at(x, row).shock),
    ),
    text_field("marks", "what is known about it, parted by blanks", |x, row| {
        bitflags_text(call_at(x, row).marks.iter_names())
    }),
    number_field("first_block", "", "number of its first block", |x, row| {
        i64::from(call_at(x, row).first_block)
    }),
    number_field("blocks", "", "how many blocks it has", |x, row| {
        i64::from(call_at(x, row).blocks)
    }),
];

pub(super) static BLOCKS: [ExportField; 11] = [
    number_field("block", "", "its number, from 0", |_, row| row as i64),
    number_field("call", "", "number of its call", |x, row| i64::from(block_at(x, row).call)),
    text_field("kind", "what it is: system, user, tool_result, report, ...", |x, row| {
        block_at(x, row).kind.name().to_owned()
    }),
    text_field("tool", "the tool it belongs to; empty if none", |x, row| {
        x.recording.tool_name(block_at(x, row).tool).to_owned()
    }),
    number_field("chars", "characters", "its length as recorded; 0 where hidden", |x, row| {
        i64::from(block_at(x, row).chars)
    }),
    number_field("estimate", TOKENS, "as estimated from its content alone", |x, row| {
        block_at(x, row).estimate
    }),
    number_field(
        "tokens",
        TOKENS,
        "the estimate, scaled until the books meet the usage",
        |x, row| block_at(x, row).tokens,
    ),
    number_field("re_read", TOKENS, "tokens times the later calls that carried them", |x, row| {
        x.re_read_tokens[row]
    }),
    text_field("marks", "what is known about it, parted by blanks", |x, row| {
        bitflags_text(block_at(x, row).marks.iter_names())
    }),
    optional_number_field("file", "", "the file it concerns, numbered in its session", |x, row| {
        optional_index(block_at(x, row).file)
    }),
    optional_number_field("peer", "", "the block at the other end of its tool use", |x, row| {
        optional_index(block_at(x, row).peer)
    }),
];

pub(super) static INVOCATIONS: [ExportField; 9] = [
    number_field("invocation", "", "its number, from 0", |_, row| row as i64),
    number_field("session", "", "number of its session", |x, row| {
        i64::from(call_at(x, invocation_at(x, row).call as usize).session)
    }),
    number_field("first_call", "", "number of the first call made for it", |x, row| {
        i64::from(invocation_at(x, row).call)
    }),
    number_field("calls", "", "calls made for it", |x, row| {
        x.recording.calls_of_invocation(row).len() as i64
    }),
    text_field("id", "the source's id of its packet", |x, row| {
        invocation_at(x, row).packet.id.clone()
    }),
    text_field("agent", "the agent that it wakes", |x, row| {
        invocation_at(x, row).packet.agent.clone()
    }),
    text_field("kind", "what it asks for", |x, row| invocation_at(x, row).packet.kind.clone()),
    text_field("root", "the piece of work that it belongs to", |x, row| {
        invocation_at(x, row).packet.root.clone()
    }),
    text_field("source", "for a digest: what it tells of", |x, row| {
        invocation_at(x, row).packet.source.clone()
    }),
];

pub(super) static REMAINDERS: [ExportField; 9] = [
    number_field("remainder", "", "its number, from 0", |_, row| row as i64),
    optional_number_field(
        "session",
        "",
        "number of its session; null if it belongs to none",
        |x, row| optional_index(remainder_at(x, row).session),
    ),
    text_field("model", "its model", |x, row| {
        x.recording.model_name(remainder_at(x, row).model).to_owned()
    }),
    number_field("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        remainder_at(x, row).usage.fresh
    }),
    number_field("read", TOKENS, "input read from a cache", |x, row| {
        remainder_at(x, row).usage.read
    }),
    number_field("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        remainder_at(x, row).usage.write_5m
    }),
    number_field("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        remainder_at(x, row).usage.write_1h
    }),
    number_field("output", TOKENS, "output", |x, row| remainder_at(x, row).usage.output),
    text_field("why", "why it is there", |x, row| remainder_at(x, row).why.clone()),
];
