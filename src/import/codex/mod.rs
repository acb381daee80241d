//! Codex rollouts: sessions, archived sessions, plain or compressed.
//!
//! Rules (MODEL.md, "Accounting"): a call is a change of the thread's running total and has the
//! last usage; what a fork or a subagent replays of its parent is not its own; types that are not
//! known are normal.

mod account;
mod call;
mod identity;
mod message;
mod packet;
mod pieces;
mod record;
mod thread;
mod tools;
mod wire;

use super::json::{self, Fault};
use super::lines::{Line, Lines};
use super::text::{Lenient, Short};
use super::{FileInfo, Importer, Parsed, time};
use serde::Deserialize;
use thread::Thread;
use wire::{Body, Record};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub struct Codex;

/// What tells the format.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sniff<'a> {
    #[serde(borrow)]
    timestamp: Short<'a>,
    #[serde(borrow, rename = "type")]
    kind: Short<'a>,
    payload: Lenient<Ignored>,
}

/// An object whose content does not matter.
#[derive(Debug, Default, Deserialize)]
struct Ignored {}

impl Importer for Codex {
    fn id(&self) -> &'static str {
        "codex"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".jsonl", ".jsonl.zst"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let one = |line: &&[u8]| {
            json::from_slice::<Sniff>(line).is_ok_and(|sniff| {
                let told = matches!(sniff.payload.0, Some(Ignored {}));
                told && !sniff.timestamp.0.is_empty() && is_known(sniff.kind.0)
            })
        };
        // A head may end within its only line: then its type alone has to do.
        head.iter().any(one) || head.first().is_some_and(|line| opens_a_rollout(line))
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut Lines<'_>, parsed: &mut Parsed) {
        let mut thread = Thread::new(file.label);
        loop {
            let last = lines.number();
            let (number, reason) = match lines.next_numbered() {
                Ok(None) => break,
                Ok(Some((number, Line::Text(line)))) => {
                    thread.line = number;
                    let reason = match record::read(line) {
                        Ok(record) => take(&mut thread, &record).map(str::to_owned),
                        Err(fault) => reason(line, fault),
                    };
                    (number, reason)
                }
                Ok(Some((number, Line::TooLong(bytes)))) => {
                    (number, Some(format!("line of {bytes} bytes, longer than 64 MiB")))
                }
                Err(error) => {
                    parsed.skip(last + 1, format!("cannot be read further: {error}"));
                    break;
                }
            };
            if let Some(reason) = reason {
                parsed.skip(number, reason);
            }
        }
        thread.finish(parsed);
    }
}

/// Hands a line to the thread; the answer is what of it is passed over and why, if anything is.
fn take(thread: &mut Thread, record: &Record<'_>) -> Option<&'static str> {
    let at_ms = time::parse_ms(record.timestamp.0);
    if !matches!(record.body, Body::Other) {
        thread.met(at_ms);
    }
    match &record.body {
        Body::Head(head) => thread.head(head, at_ms),
        Body::Turn(turn) => thread.turn(turn),
        Body::Item(item) => return thread.item(item, at_ms),
        Body::Compacted(compacted) => thread.compacted(compacted),
        Body::Event(event) if event.kind.0 == b"token_count" => {
            return thread.token_count(event.info.0.as_deref(), record.ordinal, at_ms);
        }
        Body::Event(event) => thread.event(event.kind.0),
        Body::Other => {}
    }
    None
}

/// Why a line is skipped; types that are not known are passed over in silence.
fn reason(line: &[u8], fault: Fault) -> Option<String> {
    if fault != Fault::Shape {
        return Some(fault.to_string());
    }
    match json::from_slice::<Sniff>(line) {
        Ok(sniff) if is_known(sniff.kind.0) => {
            Some(format!("{} line of an unknown shape", sniff.kind.text()))
        }
        Ok(_) => None,
        Err(fault) => Some(fault.to_string()),
    }
}

fn is_known(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"session_meta" | b"turn_context" | b"response_item" | b"event_msg" | b"compacted"
    )
}

/// Whether a line that may be cut begins like the first line of a rollout.
fn opens_a_rollout(line: &[u8]) -> bool {
    const START: usize = 256;
    let start = &line[..line.len().min(START)];
    let has = |what: &[u8]| memchr::memmem::find(start, what).is_some();
    start.starts_with(b"{") && has(b"\"session_meta\"") && has(b"\"payload\"")
}
