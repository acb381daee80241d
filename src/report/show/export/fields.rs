//! The columns of the tables: name, unit, meaning, value.

use super::Export;
use crate::ids::NONE;
use crate::recording::format::{bitflags_text, shock_text};
use crate::recording::{
    Basis, Block, CacheBreak, Call, Invocation, Remainder, Restart, Role, Session, Tier, name_of,
};
use crate::report::columns::{Field, Of};
use crate::study::summary::Totals;

type Column = Field<Export>;

const TOKENS: &str = "tokens";

const fn number(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    of: fn(&Export, usize) -> i64,
) -> Column {
    Field { name, unit, about, of: Of::Number(of) }
}

const fn known(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    of: fn(&Export, usize) -> Option<i64>,
) -> Column {
    Field { name, unit, about, of: Of::Known(of) }
}

const fn text(name: &'static str, about: &'static str, of: fn(&Export, usize) -> String) -> Column {
    Field { name, unit: "", about, of: Of::Text(of) }
}

fn session(export: &Export, row: usize) -> &Session {
    &export.recording.sessions[row]
}

fn totals(export: &Export, row: usize) -> &Totals {
    &export.sessions[row].totals
}

fn calls(export: &Export, row: usize) -> &[Call] {
    &export.recording.calls[session(export, row).range()]
}

fn call(export: &Export, row: usize) -> &Call {
    &export.recording.calls[row]
}

fn block(export: &Export, row: usize) -> &Block {
    &export.recording.blocks[row]
}

fn invocation(export: &Export, row: usize) -> &Invocation {
    &export.recording.invocations[row]
}

fn rest(export: &Export, row: usize) -> &Remainder {
    &export.recording.remainders[row]
}

fn basis(basis: Basis) -> String {
    name_of(&Basis::NAMED, basis).to_owned()
}

fn index(at: u32) -> Option<i64> {
    (at != NONE).then_some(i64::from(at))
}

pub(super) static SESSIONS: [Column; 32] = [
    number("session", "", "its number, from 0", |_, row| row as i64),
    text("id", "the source's own id", |x, row| session(x, row).id.clone()),
    text("file", "where it was read, relative to what was imported", |x, row| {
        session(x, row).file.clone()
    }),
    text("source", "the format it came from", |x, row| {
        x.recording.source_of(session(x, row)).to_owned()
    }),
    text("pipeline", "the pipeline; empty if unknown", |x, row| session(x, row).pipeline.clone()),
    text("step", "the step of the pipeline; empty if unknown", |x, row| {
        session(x, row).step.clone()
    }),
    text("role", "main, subagent or orchestrator", |x, row| {
        name_of(&Role::NAMED, session(x, row).role).to_owned()
    }),
    text("harness", "version of the harness; empty if unknown", |x, row| {
        session(x, row).version.clone()
    }),
    text("models", "the models that it used, in order of first use", |x, row| {
        x.sessions[row].models.join(", ")
    }),
    number("calls", "", "calls", |x, row| totals(x, row).calls),
    number("records", "", "records that it was read from", |x, row| totals(x, row).records),
    number("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        totals(x, row).usage.fresh
    }),
    number("read", TOKENS, "input read from a cache", |x, row| totals(x, row).usage.read),
    number("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        totals(x, row).usage.write_5m
    }),
    number("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        totals(x, row).usage.write_1h
    }),
    number("output", TOKENS, "output as the source recorded it", |x, row| {
        totals(x, row).usage.output
    }),
    number("output_hidden", TOKENS, "output that usage does not show, estimated", |x, row| {
        totals(x, row).hidden_output
    }),
    number("peak_context", TOKENS, "the largest prompt of a call", |x, row| {
        totals(x, row).peak_context
    }),
    known(
        "cost_pico_usd",
        "10^-12 USD",
        "money for the recorded classes; null where a model has no price",
        |x, row| totals(x, row).cost.and_then(|cost| i64::try_from(cost.0).ok()),
    ),
    known("start_ms", "ms since 1970", "start of its first call; null without calls", |x, row| {
        calls(x, row).first().map(|call| call.start_ms)
    }),
    known("end_ms", "ms since 1970", "end of its last call; null without calls", |x, row| {
        calls(x, row).last().map(|call| call.end_ms)
    }),
    number("static_prefix", TOKENS, "system prompt and tools", |x, row| {
        session(x, row).static_prefix
    }),
    number("warm_prefix", TOKENS, "the part of it that other sessions keep warm", |x, row| {
        session(x, row).warm_prefix
    }),
    text("usage_basis", "billed, published, estimated or reconstructed", |x, row| {
        basis(session(x, row).usage_basis)
    }),
    text("blocks_basis", "the same of its block sizes", |x, row| {
        basis(session(x, row).blocks_basis)
    }),
    text("times_basis", "the same of its times", |x, row| basis(session(x, row).times_basis)),
    known("told_start_ms", "ms since 1970", "start that a ledger tells", |x, row| {
        session(x, row).told.start_ms
    }),
    known("told_calls", "", "calls that a ledger tells; null if it tells none", |x, row| {
        session(x, row).told.calls.map(i64::from)
    }),
    known("told_peak", TOKENS, "largest cache read that a ledger tells", |x, row| {
        session(x, row).told.peak_context
    }),
    known("told_duration_ms", "ms", "duration that a ledger tells", |x, row| {
        session(x, row).told.duration_ms
    }),
    Field {
        name: "unfinished",
        unit: "",
        about: "it ended without a final statement of its usage",
        of: Of::Flag(|x, row| session(x, row).told.unfinished),
    },
    number("first_call", "", "number of its first call", |x, row| {
        i64::from(session(x, row).first_call)
    }),
];

pub(super) static CALLS: [Column; 21] = [
    number("call", "", "its number, from 0", |_, row| row as i64),
    number("session", "", "number of its session", |x, row| i64::from(call(x, row).session)),
    text("model", "its model", |x, row| x.recording.model(call(x, row).model).to_owned()),
    number("start_ms", "ms since 1970", "when the request left", |x, row| call(x, row).start_ms),
    number("end_ms", "ms since 1970", "when the response was complete", |x, row| {
        call(x, row).end_ms
    }),
    number("touched_ms", "ms since 1970", "from when its cache entry ages", |x, row| {
        call(x, row).touched_ms
    }),
    number("records", "", "records that held it", |x, row| i64::from(call(x, row).records)),
    number("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        call(x, row).usage.fresh
    }),
    number("read", TOKENS, "input read from a cache", |x, row| call(x, row).usage.read),
    number("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        call(x, row).usage.write_5m
    }),
    number("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        call(x, row).usage.write_1h
    }),
    number("output", TOKENS, "output as the source recorded it", |x, row| {
        call(x, row).usage.output
    }),
    number("output_hidden", TOKENS, "output that usage does not show, estimated", |x, row| {
        call(x, row).output_hidden
    }),
    text("tier", "the cache that it writes to: none, 5m, 1h or auto", |x, row| {
        name_of(&Tier::NAMED, call(x, row).tier).to_owned()
    }),
    text(
        "restart",
        "whether the context starts over: auto, manual, fresh; empty if not",
        |x, row| name_of(&Restart::NAMED, call(x, row).restart).to_owned(),
    ),
    number("cut", TOKENS, "context that vanished before it without a restart", |x, row| {
        call(x, row).cut
    }),
    text(
        "cache_break",
        "a known event that breaks the cache: static, zero; empty if none",
        |x, row| name_of(&CacheBreak::NAMED, call(x, row).cache_break).to_owned(),
    ),
    text(
        "shock",
        "what the cache law does not explain: kind and tokens; empty if nothing",
        |x, row| shock_text(call(x, row).shock),
    ),
    text("marks", "what is known about it, parted by blanks", |x, row| {
        bitflags_text(call(x, row).marks.iter_names())
    }),
    number("first_block", "", "number of its first block", |x, row| {
        i64::from(call(x, row).first_block)
    }),
    number("blocks", "", "how many blocks it has", |x, row| i64::from(call(x, row).blocks)),
];

pub(super) static BLOCKS: [Column; 11] = [
    number("block", "", "its number, from 0", |_, row| row as i64),
    number("call", "", "number of its call", |x, row| i64::from(block(x, row).call)),
    text("kind", "what it is: system, user, tool_result, report, ...", |x, row| {
        block(x, row).kind.name().to_owned()
    }),
    text("tool", "the tool it belongs to; empty if none", |x, row| {
        x.recording.tool(block(x, row).tool).to_owned()
    }),
    number("chars", "characters", "its length as recorded; 0 where hidden", |x, row| {
        i64::from(block(x, row).chars)
    }),
    number("estimate", TOKENS, "as estimated from its content alone", |x, row| {
        block(x, row).estimate
    }),
    number("tokens", TOKENS, "the estimate, scaled until the books meet the usage", |x, row| {
        block(x, row).tokens
    }),
    number("re_read", TOKENS, "tokens times the later calls that carried them", |x, row| {
        x.carried[row]
    }),
    text("marks", "what is known about it, parted by blanks", |x, row| {
        bitflags_text(block(x, row).marks.iter_names())
    }),
    known("file", "", "the file it concerns, numbered in its session", |x, row| {
        index(block(x, row).file)
    }),
    known("peer", "", "the block at the other end of its tool use", |x, row| {
        index(block(x, row).peer)
    }),
];

pub(super) static INVOCATIONS: [Column; 9] = [
    number("invocation", "", "its number, from 0", |_, row| row as i64),
    number("session", "", "number of its session", |x, row| {
        i64::from(call(x, invocation(x, row).call as usize).session)
    }),
    number("first_call", "", "number of the first call made for it", |x, row| {
        i64::from(invocation(x, row).call)
    }),
    number("calls", "", "calls made for it", |x, row| x.recording.calls_of(row).len() as i64),
    text("id", "the source's id of its packet", |x, row| invocation(x, row).packet.id.clone()),
    text("agent", "the agent that it wakes", |x, row| invocation(x, row).packet.agent.clone()),
    text("kind", "what it asks for", |x, row| invocation(x, row).packet.kind.clone()),
    text("root", "the piece of work that it belongs to", |x, row| {
        invocation(x, row).packet.root.clone()
    }),
    text("source", "for a digest: what it tells of", |x, row| {
        invocation(x, row).packet.source.clone()
    }),
];

pub(super) static REMAINDERS: [Column; 9] = [
    number("remainder", "", "its number, from 0", |_, row| row as i64),
    known("session", "", "number of its session; null if it belongs to none", |x, row| {
        index(rest(x, row).session)
    }),
    text("model", "its model", |x, row| x.recording.model(rest(x, row).model).to_owned()),
    number("fresh", TOKENS, "input neither read from nor written to a cache", |x, row| {
        rest(x, row).usage.fresh
    }),
    number("read", TOKENS, "input read from a cache", |x, row| rest(x, row).usage.read),
    number("write_5m", TOKENS, "input written to the five-minute cache", |x, row| {
        rest(x, row).usage.write_5m
    }),
    number("write_1h", TOKENS, "input written to the one-hour cache", |x, row| {
        rest(x, row).usage.write_1h
    }),
    number("output", TOKENS, "output", |x, row| rest(x, row).usage.output),
    text("why", "why it is there", |x, row| rest(x, row).why.clone()),
];
