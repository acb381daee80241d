//! Codex rollouts: sessions, archived sessions, plain or compressed.
//!
//! Rules (MODEL.md, "Accounting"): a call is a change of the thread's running total and has the
//! last usage; what a fork or a subagent replays of its parent is not its own; types that are not
//! known are normal.

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

use super::json_reader::{self, JsonFault};
use super::line_reader::{LineReader, SourceLine};
use super::measured_text::{LenientObject, ShortText};
use super::{FileInfo, Importer, ParsedFile, timestamps};
use serde::Deserialize;
use session_builder::RolloutSessionBuilder;
use wire::{RolloutPayload, RolloutRecord};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub struct Codex;

/// What tells the format.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RolloutSniff<'a> {
    #[serde(borrow)]
    timestamp: ShortText<'a>,
    #[serde(borrow, rename = "type")]
    kind: ShortText<'a>,
    payload: LenientObject<IgnoredPayload>,
}

/// An object whose content does not matter.
#[derive(Debug, Default, Deserialize)]
struct IgnoredPayload {}

impl Importer for Codex {
    fn id(&self) -> &'static str {
        "codex"
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl", ".jsonl.zst"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let one = |line: &&[u8]| {
            json_reader::from_slice::<RolloutSniff>(line).is_ok_and(|sniff| {
                let told = matches!(sniff.payload.0, Some(IgnoredPayload {}));
                told && !sniff.timestamp.0.is_empty() && is_known_kind(sniff.kind.0)
            })
        };
        // A head may end within its only line: then its type alone has to do.
        head.iter().any(one) || head.first().is_some_and(|line| opens_rollout(line))
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut thread = RolloutSessionBuilder::new(file.label);
        loop {
            let last = lines.line_number();
            let (number, reason) = match lines.next_numbered_line() {
                Ok(None) => break,
                Ok(Some((number, SourceLine::Text(line)))) => {
                    thread.line = number;
                    let reason = match record_reader::read_record(line) {
                        Ok(record) => take_record(&mut thread, &record).map(str::to_owned),
                        Err(fault) => skip_reason(line, fault),
                    };
                    (number, reason)
                }
                Ok(Some((number, SourceLine::TooLong(bytes)))) => {
                    (number, Some(format!("line of {bytes} bytes, longer than 64 MiB")))
                }
                Err(error) => {
                    parsed.add_skip(last + 1, format!("cannot be read further: {error}"));
                    break;
                }
            };
            if let Some(reason) = reason {
                parsed.add_skip(number, reason);
            }
        }
        thread.push_draft(parsed);
    }
}

/// Hands a line to the thread; the answer is what of it is passed over and why, if anything is.
fn take_record(
    thread: &mut RolloutSessionBuilder,
    record: &RolloutRecord<'_>,
) -> Option<&'static str> {
    let at_ms = timestamps::parse_ms(record.timestamp.0);
    if !matches!(record.body, RolloutPayload::Other) {
        thread.note_time(at_ms);
    }
    match &record.body {
        RolloutPayload::Head(head) => thread.add_head(head, at_ms),
        RolloutPayload::Turn(turn) => thread.add_turn_context(turn),
        RolloutPayload::Item(item) => return thread.add_item(item, at_ms),
        RolloutPayload::Compacted(compacted) => thread.replace_history(compacted),
        RolloutPayload::Event(event) if event.kind.0 == b"token_count" => {
            return thread.add_token_count(event.info.0.as_deref(), record.ordinal, at_ms);
        }
        RolloutPayload::Event(event) => thread.add_event(event.kind.0),
        RolloutPayload::Other => {}
    }
    None
}

/// Why a line is skipped; types that are not known are passed over in silence.
fn skip_reason(line: &[u8], fault: JsonFault) -> Option<String> {
    if fault != JsonFault::Shape {
        return Some(fault.to_string());
    }
    match json_reader::from_slice::<RolloutSniff>(line) {
        Ok(sniff) if is_known_kind(sniff.kind.0) => {
            Some(format!("{} line of an unknown shape", sniff.kind.to_text()))
        }
        Ok(_) => None,
        Err(fault) => Some(fault.to_string()),
    }
}

fn is_known_kind(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"session_meta" | b"turn_context" | b"response_item" | b"event_msg" | b"compacted"
    )
}

/// Whether a line that may be cut begins like the first line of a rollout.
fn opens_rollout(line: &[u8]) -> bool {
    const START: usize = 256;
    let start = &line[..line.len().min(START)];
    let has = |what: &[u8]| memchr::memmem::find(start, what).is_some();
    start.starts_with(b"{") && has(b"\"session_meta\"") && has(b"\"payload\"")
}
