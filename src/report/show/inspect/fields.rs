//! What an inspection has in its tables and in its JSON, each column once.

use super::bill_fields::{bills_field, key_fields};
use super::error_fields::{fidelity_fields, harness_error_fields, holdout_fields};
use super::source_recordings::{SharedCounts, SourceRecording};
use super::{InspectReport, SkippedLine};
use crate::recording::{Recording, Role, Session, name_of_value};
use crate::report::TableCell;
use crate::report::columns::{ColumnField, fields_of_part, list_schema, object_schema, rows_json};
use crate::report::show::{
    CLASS_MEANINGS, HIDDEN_OUTPUT, Provenance, money_fields, short_id, usage_fields,
};
use crate::report::view::ColumnKind;
use crate::study::inspect::cache_misses::{
    CacheMiss, LawCoverage, MissTotals, sum_misses_by_cause,
};
use crate::study::inspect::summary::{BlockGroup, RecordingTotals, SessionTotals, ToggleFinding};
use crate::units::TOKEN_CLASSES;

/// What calls add up to.
pub(super) fn totals_fields<'a>() -> Vec<ColumnField<'a, &'a RecordingTotals>> {
    type Field<'a> = ColumnField<'a, &'a RecordingTotals>;
    let mut fields = vec![
        Field::count("calls", "calls", "calls", |it| it.calls),
        Field::count("records", "records", "records that they were read from", |it| it.records),
    ];
    let usage = usage_fields(TOKEN_CLASSES, CLASS_MEANINGS);
    fields.extend(fields_of_part(usage, |it: &&'a RecordingTotals| it.usage));
    fields.extend([
        Field::tokens("output_hidden", "", HIDDEN_OUTPUT, |it| it.hidden_output),
        Field::tokens("peak_context", "peak", "the largest prompt of a call", |it| it.peak_context),
        Field::money("cost_usd", "cost", "money; null where a model has no price", |it| it.cost()),
        Field::pico_usd("cost_pico_usd", "", "the same in pico-dollars", |it| it.cost()),
    ]);
    fields
}

/// One session of the recording.
#[derive(Clone, Copy)]
pub(super) struct SessionRow<'a> {
    pub recording: &'a Recording,
    pub totals: &'a SessionTotals,
}

impl<'a> SessionRow<'a> {
    fn session(self) -> &'a Session {
        &self.recording.sessions[self.totals.index]
    }

    fn role(self) -> &'static str {
        name_of_value(&Role::NAMED, self.session().role)
    }

    /// The start of its id, and its role where that is not the usual one.
    fn label(self) -> String {
        let id = &self.session().id;
        let id = short_id(id.strip_prefix("agent-").unwrap_or(id));
        match self.session().role {
            Role::Main => id,
            _ => format!("{id} ({})", self.role()),
        }
    }
}

pub(super) fn session_fields<'a>() -> Vec<ColumnField<'a, SessionRow<'a>>> {
    type Field<'a> = ColumnField<'a, SessionRow<'a>>;
    let mut fields = vec![
        Field::text("", "session", "the start of its id, and its role", |row| row.label()),
        Field::text("id", "", "the source's own id", |row| row.session().id.as_str()),
        Field::text("file", "", "where it was read", |row| row.session().file.as_str()),
        Field::text("pipeline", "", "the pipeline; empty if unknown", |row| {
            row.session().pipeline.as_str()
        }),
        Field::text("step", "step", "the step of the pipeline; empty if unknown", |row| {
            row.session().step.as_str()
        }),
        Field::text("role", "", "main, subagent or orchestrator", |row| row.role()),
        Field::text("model", "", "the model that it used first", |row| {
            row.totals.models.first().map_or("", String::as_str)
        }),
        Field::texts("models", "model", "the models that it used, in order of first use", |row| {
            row.totals.models.clone()
        }),
    ];
    fields.extend(fields_of_part(totals_fields(), |row: &SessionRow<'a>| &row.totals.totals));
    fields
}

/// One recording of several, or all of them together.
pub(super) fn recording_fields<'a>() -> Vec<ColumnField<'a, &'a SourceRecording>> {
    type Field<'a> = ColumnField<'a, &'a SourceRecording>;
    let mut fields = vec![
        Field::text("name", "recording", "its name", |part| part.name.as_str()),
        Field::text("source", "source", "the formats that it came from", |part| {
            part.source.as_deref()
        }),
        Field::count("sessions", "sessions", "its sessions", |part| part.sessions),
    ];
    fields.extend(fields_of_part(totals_fields(), |part: &&'a SourceRecording| &part.totals));
    fields.push(Field::fraction("cached_share", "", "of prompts, read from a cache", |part| {
        let usage = &part.totals.usage;
        let context = usage.context_tokens();
        (context != 0).then(|| usage.read as f64 / context as f64)
    }));
    // For people the same share is rounded from the integers.
    fields.push(Field::from_cells(ColumnKind::Share, "", "cached", "the same", |part| {
        let usage = &part.totals.usage;
        TableCell::share_of_whole(usage.read, usage.context_tokens())
    }));
    fields
}

/// Blocks that have something in common.
#[derive(Clone, Copy)]
pub(super) struct GroupRow<'a> {
    pub name: &'a str,
    pub group: &'a BlockGroup,
    /// What all blocks cost in re-reads.
    pub all: i64,
}

fn block_fields<'a>() -> Vec<ColumnField<'a, &'a BlockGroup>> {
    type Field<'a> = ColumnField<'a, &'a BlockGroup>;
    vec![
        Field::count("blocks", "blocks", "blocks", |group| group.blocks),
        Field::tokens("tokens", "tokens", "their tokens, each counted once", |group| group.tokens),
        Field::tokens("re_read", "re-read", "tokens times the later calls of them", |group| {
            group.re_read_tokens
        }),
    ]
}

pub(super) fn group_fields<'a>(heading: &'static str) -> Vec<ColumnField<'a, GroupRow<'a>>> {
    type Field<'a> = ColumnField<'a, GroupRow<'a>>;
    let mut fields = vec![Field::text("name", heading, "kind of block or tool", |row| row.name)];
    fields.extend(fields_of_part(block_fields(), |row: &GroupRow<'a>| row.group));
    fields.push(Field::from_cells(
        ColumnKind::Share,
        "",
        "of all re-reads",
        "its share of all re-reads",
        |row| TableCell::share_of_whole(row.group.re_read_tokens, row.all),
    ));
    fields
}

/// Blocks grouped by keys that the user chose.
pub(super) fn pivot_fields<'a>(
    keys: &[&'static str],
) -> Vec<ColumnField<'a, &'a (Vec<String>, BlockGroup)>> {
    let mut fields = key_fields(keys, |row: &&'a (Vec<String>, BlockGroup)| row.0.as_slice());
    fields.extend(fields_of_part(block_fields(), |row: &&'a (Vec<String>, BlockGroup)| &row.1));
    fields
}

/// What a toggle finds.
#[derive(Clone, Copy)]
pub(super) struct ToggleRow<'a> {
    pub toggle: &'a ToggleFinding,
    /// Cache reads of the whole recording.
    pub read: i64,
}

pub(super) fn toggle_fields<'a>() -> Vec<ColumnField<'a, ToggleRow<'a>>> {
    type Field<'a> = ColumnField<'a, ToggleRow<'a>>;
    vec![
        Field::text("id", "", "its id", |row| row.toggle.id),
        Field::text("title", "", "its title", |row| row.toggle.title),
        Field::text("", "toggle", "its id and title", |row| {
            format!("{} {}", row.toggle.id, row.toggle.title)
        }),
        Field::count("found", "found", "places where it applies", |row| row.toggle.found),
        Field::tokens("tokens_touched", "touched", "tokens that it touches", |row| {
            row.toggle.touched
        }),
        Field::tokens("saved_read", "saves reads, alone", "reads that it saves alone", |row| {
            row.toggle.saved_read
        })
        .with_sign(),
        Field::from_cells(ColumnKind::Share, "", "of reads", "the same of all reads", |row| {
            match row.toggle.saved_read {
                Some(saved) => TableCell::share_of_whole(saved, row.read),
                None => TableCell::missing(),
            }
        }),
        Field::optional_object(
            "saved",
            "money saved alone, hidden output included",
            money_fields(),
            |row| row.toggle.saved_cost,
        ),
        Field::money("", "saves, alone", "the same", |row| row.toggle.saved_cost).with_sign(),
    ]
}

/// A call that missed the cache, with its recording.
#[derive(Clone, Copy)]
pub(super) struct MissRow<'a> {
    pub recording: &'a Recording,
    pub miss: &'a CacheMiss,
}

/// Misses of the cache by cause.
pub(super) fn miss_total_fields<'a>() -> Vec<ColumnField<'a, MissTotals>> {
    type Field<'a> = ColumnField<'a, MissTotals>;
    vec![
        Field::text("cause", "cause", "why calls missed the cache", |row| row.cause.name()),
        Field::count("calls", "calls", "calls that missed", |row| row.calls),
        Field::tokens("tokens", "not read", "tokens that stood cached and were not read", |row| {
            row.tokens
        }),
        Field::optional_object("cost", "what they cost beyond a read", money_fields(), |row| {
            row.cost
        }),
        Field::money("", "cost", "the same", |row| row.cost),
    ]
}

/// Single calls that missed the cache.
pub(super) fn miss_fields<'a>() -> Vec<ColumnField<'a, MissRow<'a>>> {
    type Field<'a> = ColumnField<'a, MissRow<'a>>;
    vec![
        Field::text("session", "session", "the id of its session", |row| {
            row.recording.sessions[row.miss.session].id.as_str()
        }),
        Field::count("call", "call", "its number in the session, from 0", |row| {
            row.miss.call - row.recording.sessions[row.miss.session].first_call as usize
        }),
        Field::text("cause", "cause", "why it missed", |row| row.miss.cause.name()),
        Field::text("told", "", "what the provider says", |row| {
            row.recording.calls[row.miss.call].facts.told_miss.name()
        }),
        Field::tokens("tokens", "not read", "tokens that stood cached and were not read", |row| {
            row.miss.tokens
        }),
        Field::optional_object("cost", "what they cost beyond a read", money_fields(), |row| {
            row.miss.cost
        }),
        Field::money("", "cost", "the same", |row| row.miss.cost),
    ]
}

pub(super) fn skip_fields<'a>() -> Vec<ColumnField<'a, &'a SkippedLine>> {
    type Field<'a> = ColumnField<'a, &'a SkippedLine>;
    vec![
        Field::text("file", "file", "label of the file", |it| it.file.as_str()),
        Field::count("line", "line", "from 1; 0 is the whole file", |it| it.line),
        Field::text("reason", "reason", "why it was passed over", |it| it.reason.as_str()),
    ]
}

pub(in crate::report::show) type ReportField<'a> = ColumnField<'a, &'a InspectReport<'a>>;

/// The whole recording.
fn whole_fields<'a>() -> Vec<ReportField<'a>> {
    let mut fields =
        vec![ReportField::count("sessions", "", "sessions", |it| it.summary.sessions.len())];
    fields.extend(fields_of_part(totals_fields(), |it: &&'a InspectReport<'a>| &it.summary.totals));
    fields.push(
        ReportField::fraction("billed_usd", "", "dollars that the source itself names", |it| {
            it.billed_usd
        })
        .left_out_if_missing(),
    );
    fields
}

/// What `inspect --format json` has.
pub(in crate::report::show) fn report_fields<'a>() -> Vec<ReportField<'a>> {
    type Shared<'a> = ColumnField<'a, SharedCounts>;
    let shared_fields = vec![
        Shared::count("sessions", "", "sessions", |it| it.sessions),
        Shared::count("calls", "", "calls", |it| it.calls),
    ];
    vec![
        ReportField::text("recording", "", "its name", |it| it.recording.name.as_str()),
        ReportField::object("totals", "the whole recording", whole_fields(), |it| *it),
        ReportField::optional_rows(
            "parts",
            "each of several recordings on its own",
            recording_fields(),
            |it| (!it.parts.is_empty()).then(|| it.parts.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::optional_object(
            "shared",
            "what they have in common, counted beyond the first time",
            shared_fields,
            |it| (!it.parts.is_empty()).then(|| SharedCounts::from_parts(it.parts, it.summary)),
        )
        .left_out_if_missing(),
        ReportField::rows("sessions", "session by session", session_fields(), |it| {
            it.session_rows()
        }),
        ReportField::rows("kinds", "blocks by kind", group_fields("kind"), |it| it.kind_rows()),
        ReportField::rows("tools", "blocks by tool", group_fields("tool"), |it| it.tool_rows()),
        ReportField::rows("toggles", "what each toggle finds", toggle_fields(), |it| {
            it.toggle_rows()
        }),
        ReportField::rows(
            "misses_by_cause",
            "calls that missed the cache, by cause",
            miss_total_fields(),
            |it| sum_misses_by_cause(&it.summary.misses),
        ),
        ReportField::rows("misses", "each of them, dearest first", miss_fields(), |it| {
            it.miss_rows()
        }),
        ReportField::count(
            "repeated",
            "",
            "billed calls whose reads the cache law repeats",
            |it| {
                LawCoverage::of_recording(it.recording, &it.summary.misses).map(|law| law.repeated)
            },
        ),
        ReportField::rows(
            "unexplained_by_cause",
            "misses that the cache law does not expect, by cause",
            miss_total_fields(),
            |it| {
                let law = LawCoverage::of_recording(it.recording, &it.summary.misses);
                law.map_or_else(Vec::new, |law| law.misses)
            },
        ),
        bills_field(),
        pivot_field(),
        ReportField::optional_object(
            "fidelity",
            "the model's own error, over all sessions",
            fidelity_fields(),
            |it| it.fidelity.and_then(|all| all.first()),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "fidelity_by_group",
            "the same by folder",
            fidelity_fields(),
            |it| it.fidelity.map(|all| all.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "errors_by_harness",
            "the error by harness and its versions: reads, fresh input, dollars",
            harness_error_fields(),
            |it| it.by_harness.map(|all| all.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::optional_rows(
            "held_out",
            "the error on calls that were hidden",
            holdout_fields(),
            |it| it.held_out.map(|all| all.iter().collect()),
        )
        .left_out_if_missing(),
        ReportField::rows("skipped", "what was passed over, up to a limit", skip_fields(), |it| {
            it.skips.iter().collect()
        }),
        ReportField::count("skips", "", "how much was passed over", |it| it.skip_count),
        ReportField::count("copies", "", "copies that were counted once", |it| it.copies),
        ReportField::texts("unpriced", "", "models without a price", |it| {
            it.provenance.unpriced_models()
        }),
        Provenance::field(|it: &&'a InspectReport<'a>| it.provenance),
    ]
}

/// Blocks grouped as asked for: the keys are those of the request.
fn pivot_field<'a>() -> ReportField<'a> {
    let schema = list_schema(object_schema(&pivot_fields(&[])));
    ReportField::nested("by", "blocks grouped as asked for", schema, |it| {
        let pivot = it.pivot?;
        let rows = pivot.rows.iter();
        Some(rows_json(&pivot_fields(&pivot.keys), rows))
    })
    .left_out_if_missing()
}
