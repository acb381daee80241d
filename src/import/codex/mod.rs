//! Codex rollouts: sessions, archived sessions, plain or compressed.
//!
//! Rules (MODEL.md, "Accounting"): a call is a change of the session's running total and has the
//! last usage, or a usage record that no such change repeats; what a fork or a subagent replays of
//! its parent is not its own; types that are not known are normal.

mod call_builder;
mod lenient_shapes;
mod message_inputs;
mod packet;
mod record_reader;
mod session_builder;
mod session_identity;
mod tool_uses;
mod usage_counter;
mod wire;

use super::importer::Importer;
use super::json_reader;
use super::line_reader::LineReader;
use super::measured_text::{IgnoredObject, LenientObject, ShortText};
use super::parsed_file::{FileInfo, ParsedFile};
use super::record_lines::{for_each_line, skip_reason};
use super::skip::SkipReason;
use serde::Deserialize;
use session_builder::RolloutSessionBuilder;
use wire::{RolloutPayload, RolloutRecord};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codex;

/// What tells the format.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RolloutSniff<'a> {
    #[serde(borrow)]
    timestamp: ShortText<'a>,
    #[serde(borrow, rename = "type")]
    kind: ShortText<'a>,
    payload: LenientObject<IgnoredObject>,
}

impl Importer for Codex {
    fn id(&self) -> &'static str {
        "codex"
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let has_rollout_line = head.iter().any(|line| {
            json_reader::from_slice::<RolloutSniff>(line).is_ok_and(|record| {
                let has_payload = record.payload.0.is_some();
                has_payload && !record.timestamp.0.is_empty() && is_known_kind(record.kind.0)
            })
        });
        // A head may end within its only line: then its type alone has to do.
        has_rollout_line || head.first().is_some_and(|line| opens_rollout(line))
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut session = RolloutSessionBuilder::new(file.label);
        for_each_line(
            lines,
            &mut |number, line| {
                session.note_line(number, line);
                match record_reader::read_record(line) {
                    Ok(record) => take_record(&mut session, &record),
                    Err(fault) => {
                        skip_reason(line, fault, is_known_kind, SkipReason::RolloutLineShape)
                    }
                }
            },
            &mut |number, reason| parsed.add_skip(number, reason),
        );
        session.push_draft(parsed);
    }
}

/// Hands a record to the session; the answer is what of it is passed over and why, if anything is.
fn take_record(
    session: &mut RolloutSessionBuilder,
    record: &RolloutRecord<'_>,
) -> Option<SkipReason> {
    let at_ms = record.timestamp.0;
    // Only records that are understood tell the session's times.
    if !matches!(record.body, RolloutPayload::Other) {
        session.core.note_time(at_ms);
    }
    match &record.body {
        RolloutPayload::Head(head) => session.add_head(head, at_ms),
        RolloutPayload::Turn(turn) => session.add_turn_context(turn),
        RolloutPayload::Item(item) => return session.add_item(item, at_ms),
        RolloutPayload::Compacted(compacted) => session.replace_history(compacted),
        // The one event that is counted; all others say when something happened.
        RolloutPayload::Event(event) if event.kind.0 == b"token_count" => {
            return session.add_token_count(event.info.0.as_deref(), record.ordinal, at_ms);
        }
        RolloutPayload::UsageRecord(told) => {
            return session.add_usage_record(told, record.ordinal, at_ms);
        }
        RolloutPayload::Event(event) => {
            let settings =
                event.thread_settings.0.filter(|_| event.kind.0 == b"thread_settings_applied");
            if let Some(settings) = settings {
                session.add_thread_settings(&settings);
            }
            session.add_event(event.kind.0);
        }
        RolloutPayload::Other => {}
    }
    None
}

fn is_known_kind(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"session_meta"
            | b"turn_context"
            | b"response_item"
            | b"event_msg"
            | b"compacted"
            | b"token_usage_record"
    )
}

/// Whether a line that may be cut begins like the first line of a rollout.
fn opens_rollout(line: &[u8]) -> bool {
    const START: usize = 256;
    let start = &line[..line.len().min(START)];
    start.starts_with(b"{")
        && memchr::memmem::find(start, b"\"session_meta\"").is_some()
        && memchr::memmem::find(start, b"\"payload\"").is_some()
}
