//! The columns of the tables: name, unit, meaning, value.

use super::RecordingExport;
use crate::ids::NO_INDEX;
use crate::recording::format::{bitflags_text, shock_text};
use crate::recording::{
    Basis, Block, CacheBreak, CacheTier, Call, ContextRestart, Invocation, Remainder, Role,
    Session, name_of_value,
};
use crate::report::columns::{CellInput, ColumnField, fields_of_part};
use crate::report::show::{CLASS_MEANINGS, HIDDEN_OUTPUT, usage_fields};
use crate::study::inspect::summary::RecordingTotals;
use crate::units::Usage;

/// A row of a table: which of the recording's sessions, calls, blocks, ... it is.
#[derive(Clone, Copy)]
pub(super) struct ExportRow<'a> {
    /// What is exported.
    pub export: &'a RecordingExport,
    /// The number of the row, from 0.
    pub row: usize,
}

pub(super) type ExportField<'a> = ColumnField<'a, ExportRow<'a>>;

const TOKENS: &str = "tokens";

/// A column of whole numbers, some of which may be unknown.
fn number_field<'a, V: CellInput>(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    value: impl Fn(&ExportRow<'a>) -> V + 'a,
) -> ExportField<'a> {
    ColumnField::count(name, "", about, value).in_unit(unit)
}

/// Tokens by class.
fn class_fields<'a>(
    meanings: [&'static str; 5],
    usage: fn(&ExportRow<'a>) -> Usage,
) -> impl Iterator<Item = ExportField<'a>> {
    fields_of_part(usage_fields([""; 5], meanings), usage)
}

/// A column of words.
fn text_field<'a>(
    name: &'static str,
    about: &'static str,
    value: impl Fn(&ExportRow<'a>) -> String + 'a,
) -> ExportField<'a> {
    ColumnField::text(name, "", about, value)
}

impl<'a> ExportRow<'a> {
    fn session(self) -> &'a Session {
        &self.export.recording.sessions[self.row]
    }

    fn totals(self) -> &'a RecordingTotals {
        &self.export.sessions[self.row].totals
    }

    fn calls_of_session(self) -> &'a [Call] {
        &self.export.recording.calls[self.session().call_range()]
    }

    fn call(self) -> &'a Call {
        &self.export.recording.calls[self.row]
    }

    fn block(self) -> &'a Block {
        &self.export.recording.blocks[self.row]
    }

    fn invocation(self) -> &'a Invocation {
        &self.export.recording.invocations[self.row]
    }

    fn remainder(self) -> &'a Remainder {
        &self.export.recording.remainders[self.row]
    }
}

fn basis_name(basis: Basis) -> String {
    name_of_value(&Basis::NAMED, basis).to_owned()
}

fn optional_index(at: u32) -> Option<i64> {
    (at != NO_INDEX).then_some(i64::from(at))
}

/// Sessions with their totals, remainders included.
pub(super) fn session_fields<'a>() -> Vec<ExportField<'a>> {
    let mut fields = vec![
        number_field("session", "", "its number, from 0", |x| x.row),
        text_field("id", "the source's own id", |x| x.session().id.clone()),
        text_field("file", "where it was read, relative to what was imported", |x| {
            x.session().file.clone()
        }),
        text_field("source", "the format it came from", |x| {
            x.export.recording.source_of_session(x.session()).to_owned()
        }),
        text_field("pipeline", "the pipeline; empty if unknown", |x| x.session().pipeline.clone()),
        text_field("step", "the step of the pipeline; empty if unknown", |x| {
            x.session().step.clone()
        }),
        text_field("role", "main, subagent or orchestrator", |x| {
            name_of_value(&Role::NAMED, x.session().role).to_owned()
        }),
        text_field("harness", "version of the harness; empty if unknown", |x| {
            x.session().version.clone()
        }),
        text_field("models", "the models that it used, in order of first use", |x| {
            x.export.sessions[x.row].models.join(", ")
        }),
        number_field("calls", "", "calls", |x| x.totals().calls),
        number_field("records", "", "records that it was read from", |x| x.totals().records),
    ];
    fields.extend(class_fields(CLASS_MEANINGS, |x| x.totals().usage));
    fields.extend([
        number_field("output_hidden", TOKENS, HIDDEN_OUTPUT, |x| x.totals().hidden_output),
        number_field("peak_context", TOKENS, "the largest prompt of a call", |x| {
            x.totals().peak_context
        }),
        number_field(
            "cost_pico_usd",
            "10^-12 USD",
            "money for the recorded classes; null where a model has no price",
            |x| x.totals().cost().and_then(|cost| i64::try_from(cost.0).ok()),
        ),
        number_field(
            "start_ms",
            "ms since 1970",
            "start of its first call; null without calls",
            |x| x.calls_of_session().first().map(|call| call.start_ms),
        ),
        number_field("end_ms", "ms since 1970", "end of its last call; null without calls", |x| {
            x.calls_of_session().last().map(|call| call.end_ms)
        }),
        number_field("static_prefix", TOKENS, "system prompt and tools", |x| {
            x.session().static_prefix
        }),
        number_field("warm_prefix", TOKENS, "the part of it that other sessions keep warm", |x| {
            x.session().warm_prefix
        }),
        text_field("usage_basis", "billed, published, estimated or reconstructed", |x| {
            basis_name(x.session().usage_basis)
        }),
        text_field("blocks_basis", "the same of its block sizes", |x| {
            basis_name(x.session().blocks_basis)
        }),
        text_field("times_basis", "the same of its times", |x| basis_name(x.session().times_basis)),
        number_field("told_start_ms", "ms since 1970", "start that a ledger tells", |x| {
            x.session().harness_totals.start_ms
        }),
        number_field("told_calls", "", "calls that a ledger tells; null if it tells none", |x| {
            x.session().harness_totals.calls.map(i64::from)
        }),
        number_field("told_peak", TOKENS, "largest cache read that a ledger tells", |x| {
            x.session().harness_totals.peak_context
        }),
        number_field("told_duration_ms", "ms", "duration that a ledger tells", |x| {
            x.session().harness_totals.duration_ms
        }),
        ExportField::flag(
            "unfinished",
            "",
            "it ended without a final statement of its usage",
            |x| x.session().harness_totals.unfinished,
        ),
        number_field("first_call", "", "number of its first call", |x| {
            i64::from(x.session().first_call)
        }),
    ]);
    fields
}

/// Calls.
pub(super) fn call_fields<'a>() -> Vec<ExportField<'a>> {
    let mut fields = vec![
        number_field("call", "", "its number, from 0", |x| x.row),
        number_field("session", "", "number of its session", |x| x.call().session),
        text_field("model", "its model", |x| {
            x.export.recording.model_name(x.call().model).to_owned()
        }),
        number_field("start_ms", "ms since 1970", "when the request left", |x| x.call().start_ms),
        number_field("end_ms", "ms since 1970", "when the response was complete", |x| {
            x.call().end_ms
        }),
        number_field("touched_ms", "ms since 1970", "from when its cache entry ages", |x| {
            x.call().touched_ms
        }),
        number_field("records", "", "records that held it", |x| i64::from(x.call().records)),
    ];
    fields.extend(class_fields(CLASS_MEANINGS, |x| x.call().usage));
    fields.extend([
        number_field("output_hidden", TOKENS, HIDDEN_OUTPUT, |x| x.call().output_hidden),
        text_field("tier", "the cache that it writes to: none, 5m, 1h or auto", |x| {
            name_of_value(&CacheTier::NAMED, x.call().tier).to_owned()
        }),
        text_field(
            "restart",
            "whether the context starts over: auto, manual, fresh; empty if not",
            |x| name_of_value(&ContextRestart::NAMED, x.call().restart).to_owned(),
        ),
        number_field("cut", TOKENS, "context that vanished before it without a restart", |x| {
            x.call().cut
        }),
        text_field(
            "cache_break",
            "a known event that breaks the cache: static, zero; empty if none",
            |x| name_of_value(&CacheBreak::NAMED, x.call().cache_break).to_owned(),
        ),
        text_field(
            "shock",
            "what the cache law does not explain: kind and tokens; empty if nothing",
            |x| shock_text(x.call().shock),
        ),
        text_field("marks", "what is known about it, parted by blanks", |x| {
            bitflags_text(x.call().marks.iter_names())
        }),
        number_field("first_block", "", "number of its first block", |x| {
            i64::from(x.call().first_block)
        }),
        number_field("blocks", "", "how many blocks it has", |x| i64::from(x.call().blocks)),
    ]);
    fields
}

/// Blocks.
pub(super) fn block_fields<'a>() -> Vec<ExportField<'a>> {
    vec![
        number_field("block", "", "its number, from 0", |x| x.row),
        number_field("call", "", "number of its call", |x| i64::from(x.block().call)),
        text_field("kind", "what it is: system, user, tool_result, report, ...", |x| {
            x.block().kind.name().to_owned()
        }),
        text_field("tool", "the tool it belongs to; empty if none", |x| {
            x.export.recording.tool_name(x.block().tool).to_owned()
        }),
        number_field("chars", "characters", "its length as recorded; 0 where hidden", |x| {
            i64::from(x.block().chars)
        }),
        number_field("estimate", TOKENS, "as estimated from its content alone", |x| {
            x.block().estimate
        }),
        number_field(
            "tokens",
            TOKENS,
            "the estimate, scaled until the books meet the usage",
            |x| x.block().tokens,
        ),
        number_field("re_read", TOKENS, "tokens times the later calls that carried them", |x| {
            x.export.re_read_tokens[x.row]
        }),
        text_field("marks", "what is known about it, parted by blanks", |x| {
            bitflags_text(x.block().marks.iter_names())
        }),
        number_field("file", "", "the file it concerns, numbered in its session", |x| {
            optional_index(x.block().file)
        }),
        number_field("peer", "", "the block at the other end of its tool use", |x| {
            optional_index(x.block().peer)
        }),
    ]
}

/// Invocations with the packets that woke them.
pub(super) fn invocation_fields<'a>() -> Vec<ExportField<'a>> {
    vec![
        number_field("invocation", "", "its number, from 0", |x| x.row),
        number_field("session", "", "number of its session", |x| {
            i64::from(x.export.recording.calls[x.invocation().call as usize].session)
        }),
        number_field("first_call", "", "number of the first call made for it", |x| {
            i64::from(x.invocation().call)
        }),
        number_field("calls", "", "calls made for it", |x| {
            x.export.recording.calls_of_invocation(x.row).len() as i64
        }),
        text_field("id", "the source's id of its packet", |x| x.invocation().packet.id.clone()),
        text_field("agent", "the agent that it wakes", |x| x.invocation().packet.agent.clone()),
        text_field("kind", "what it asks for", |x| x.invocation().packet.kind.clone()),
        text_field("root", "the piece of work that it belongs to", |x| {
            x.invocation().packet.root.clone()
        }),
        text_field("source", "for a digest: what it tells of", |x| {
            x.invocation().packet.source.clone()
        }),
    ]
}

/// Remainders.
pub(super) fn remainder_fields<'a>() -> Vec<ExportField<'a>> {
    let mut fields = vec![
        number_field("remainder", "", "its number, from 0", |x| x.row),
        number_field("session", "", "number of its session; null if it belongs to none", |x| {
            optional_index(x.remainder().session)
        }),
        text_field("model", "its model", |x| {
            x.export.recording.model_name(x.remainder().model).to_owned()
        }),
    ];
    let [fresh, read, write_5m, write_1h, _] = CLASS_MEANINGS;
    fields
        .extend(class_fields([fresh, read, write_5m, write_1h, "output"], |x| x.remainder().usage));
    fields.push(text_field("why", "why it is there", |x| x.remainder().why.clone()));
    fields
}
