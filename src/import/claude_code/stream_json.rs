//! `claude -p --output-format stream-json`: the events of headless runs.
//!
//! Records have the shape of transcripts, keyed by `message.id`, without request ids and times.
//! Their `output_tokens` is a placeholder. A `result` says by model what the process billed,
//! subagents and hidden calls included: what the calls do not show becomes a remainder.
//!
//! Results of one session restate a running total: the last one counts. Where a total falls, a new
//! process began, and both count.

use super::super::lines::Lines;
use super::super::{Bill, FileInfo, Importer, Parsed, json};
use super::thread::Thread;
use super::wire::{Record, WireUsage};
use super::{Ignored, Sniff, assistant, for_each_record};
use crate::recording::{RawSession, Role};
use crate::units::Usage;
use std::collections::BTreeMap;

/// The importer.
#[derive(Clone, Copy, Debug)]
pub struct StreamJson;

/// Duration of a call without times: a fixed part and one for each token.
/// Source: MODEL.md, "Durations" (4,522 calls).
const CALL_MS: i64 = 2_500;
const TOKEN_MS: i64 = 15;

impl Importer for StreamJson {
    fn id(&self) -> &'static str {
        "stream-json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".jsonl", ".ndjson"]
    }

    fn loose_endings(&self) -> &'static [&'static str] {
        &[".json", ".log", ".txt", ".out"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let one = |line: &&[u8]| {
            json::from_slice::<Sniff>(line).is_ok_and(|sniff| {
                let named = !sniff.stream_session_id.0.is_empty();
                let told =
                    matches!(sniff.model_usage.0, Some(Ignored {})) || sniff.usage.0.is_some();
                match sniff.kind.0 {
                    b"system" | b"assistant" | b"user" => named,
                    b"result" => named || told,
                    _ => false,
                }
            })
        };
        head.iter().any(one)
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut Lines<'_>, parsed: &mut Parsed) {
        let mut reading = Reading::default();
        for_each_record(lines, parsed, &mut |line, record| {
            reading.record(file, line, record);
        });
        reading.finish(parsed);
    }
}

#[derive(Default)]
struct Reading {
    sessions: Vec<Session>,
    version: String,
}

/// One session of the file: its threads and what its results say.
struct Session {
    id: String,
    /// The main thread, then subagents by the tool use that started them.
    threads: Vec<(Vec<u8>, Thread)>,
    /// Totals of the processes before the current one.
    before: BTreeMap<String, Usage>,
    now: BTreeMap<String, Usage>,
    costs: Vec<(u64, f64)>,
    restated: u64,
    duration_ms: i64,
    billed: bool,
}

impl Reading {
    fn record(&mut self, file: &FileInfo<'_>, line: u64, record: &Record<'_>) {
        if !record.stream_version.0.is_empty() {
            self.version = record.stream_version.text().into_owned();
        }
        let kind = record.kind.0;
        if !matches!(kind, b"assistant" | b"user" | b"system" | b"result") {
            return;
        }
        let id = record.stream_session_id.text();
        let at = if let Some(at) = self.sessions.iter().rposition(|session| session.id == id) {
            at
        } else {
            self.sessions.push(Session::new(&id));
            self.sessions.len() - 1
        };
        let session = &mut self.sessions[at];
        match kind {
            b"result" => session.result(line, record),
            b"system" => session.thread(file, b"").system(record),
            b"user" => session.thread(file, record.parent_tool_use_id.0).user(record),
            _ => assistant(session.thread(file, record.parent_tool_use_id.0), record),
        }
    }

    fn finish(self, parsed: &mut Parsed) {
        for session in self.sessions {
            session.finish(&self.version, parsed);
        }
    }
}

impl Session {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            threads: Vec::new(),
            before: BTreeMap::new(),
            now: BTreeMap::new(),
            costs: Vec::new(),
            restated: 0,
            duration_ms: 0,
            billed: false,
        }
    }

    fn thread(&mut self, file: &FileInfo<'_>, parent: &[u8]) -> &mut Thread {
        let known = self.threads.iter().position(|(of, _)| of == parent);
        let at = known.unwrap_or_else(|| {
            let (id, role) = if parent.is_empty() {
                (self.id.clone(), Role::Main)
            } else {
                let agent = String::from_utf8_lossy(parent);
                (format!("{}/agent-{agent}", self.id), Role::Subagent)
            };
            let mut thread = Thread::new(id.clone(), file.label, role, !parent.is_empty(), true);
            thread.name(id, self.id.clone());
            self.threads.push((parent.to_vec(), thread));
            self.threads.len() - 1
        });
        &mut self.threads[at].1
    }

    fn result(&mut self, line: u64, record: &Record<'_>) {
        let usage = record.usage.0.as_ref().map(WireUsage::usage).unwrap_or_default();
        let one_hour = usage.write_1h > 0;
        let mut total: BTreeMap<String, Usage> = BTreeMap::new();
        for (model, used) in record.model_usage.iter().flatten() {
            total.insert(model.clone(), used.usage(one_hour));
        }
        let duration_ms = record.duration_ms.unwrap_or(0.0).clamp(0.0, 1e12) as i64;
        if falls(&self.now, &total) {
            add(&mut self.before, &self.now);
        } else {
            // The same process goes on: this result restates what the one before said.
            self.restated += u64::from(self.costs.pop().is_some());
        }
        self.duration_ms += duration_ms;
        if !total.is_empty() {
            self.now = total;
            self.billed = true;
        }
        self.costs.extend(record.total_cost_usd.map(|usd| (line, usd)));
    }

    fn finish(mut self, version: &str, parsed: &mut Parsed) {
        let first = parsed.drafts.len();
        self.threads.sort_by(|(a, _), (b, _)| a.is_empty().cmp(&b.is_empty()).reverse());
        for (_, thread) in self.threads.into_iter().filter(|(_, thread)| !thread.is_empty()) {
            let mut draft = thread.finish();
            if draft.session.version.is_empty() {
                version.clone_into(&mut draft.session.version);
            }
            parsed.drafts.push(draft);
        }
        for draft in &mut parsed.drafts[first..] {
            if draft.last_ms == i64::MIN {
                spread(&mut draft.session, self.duration_ms);
            }
        }
        add(&mut self.before, &self.now);
        if !self.billed && self.costs.is_empty() {
            return;
        }
        let models: Vec<(String, Usage)> = self.before.into_iter().collect();
        let (session, costs, restated) = (self.id, self.costs, self.restated);
        let drafts = first..parsed.drafts.len();
        parsed.bills.push(Bill { session, drafts, models, costs, restated });
    }
}

/// Whether a later total is below an earlier one in any class of any model.
fn falls(earlier: &BTreeMap<String, Usage>, later: &BTreeMap<String, Usage>) -> bool {
    earlier.iter().any(|(model, before)| {
        let after = later.get(model).copied().unwrap_or_default();
        let rest = after - *before;
        rest.fresh < 0 || rest.read < 0 || rest.write() < 0 || rest.output < 0
    })
}

fn add(sum: &mut BTreeMap<String, Usage>, more: &BTreeMap<String, Usage>) {
    for (model, usage) in more {
        *sum.entry(model.clone()).or_default() += *usage;
    }
}

/// Times for calls without any: spread over the session's duration, or by the usual durations.
fn spread(session: &mut RawSession, duration_ms: i64) {
    let lengths: Vec<i64> = session
        .calls
        .iter()
        .map(|call| CALL_MS + TOKEN_MS * call.usage.output.min(100_000))
        .collect();
    let usual: i64 = lengths.iter().sum();
    let mut now = 0;
    for (call, length) in session.calls.iter_mut().zip(lengths) {
        let length =
            if duration_ms > 0 { crate::units::scaled(length, duration_ms, usual) } else { length };
        call.start_ms = now;
        now += length;
        call.end_ms = now;
    }
}
