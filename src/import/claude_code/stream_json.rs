//! `claude -p --output-format stream-json`: the events of headless runs.
//!
//! Records have the shape of transcripts, keyed by `message.id`, without request ids and times.
//! Their `output_tokens` is a placeholder. A `result` says by model what the process billed,
//! subagents and hidden calls included: what the calls do not show becomes a remainder.
//!
//! Results of one session restate a running total: the last one counts. Where a total falls, a new
//! process began, and both count.

use super::super::line_reader::LineReader;
use super::super::{FileInfo, Importer, ParsedFile, StatedBill, json_reader};
use super::session_builder::TranscriptSessionBuilder;
use super::wire::{TranscriptRecord, WireUsage};
use super::{IgnoredUsage, TranscriptSniff, add_response, for_each_record};
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

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl", ".ndjson"]
    }

    fn loose_file_endings(&self) -> &'static [&'static str] {
        &[".json", ".log", ".txt", ".out"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let one = |line: &&[u8]| {
            json_reader::from_slice::<TranscriptSniff>(line).is_ok_and(|sniff| {
                let named = !sniff.stream_session_id.0.is_empty();
                let told =
                    matches!(sniff.model_usage.0, Some(IgnoredUsage {})) || sniff.usage.0.is_some();
                match sniff.kind.0 {
                    b"system" | b"assistant" | b"user" => named,
                    b"result" => named || told,
                    _ => false,
                }
            })
        };
        head.iter().any(one)
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut reading = StreamReader::default();
        for_each_record(lines, parsed, &mut |line, record| {
            reading.add_record(file, line, record);
        });
        reading.push_drafts(parsed);
    }
}

#[derive(Default)]
struct StreamReader {
    sessions: Vec<StreamSession>,
    version: String,
}

/// One session of the file: its threads and what its results say.
struct StreamSession {
    id: String,
    /// The main thread, then subagents by the tool use that started them.
    builders: Vec<(Vec<u8>, TranscriptSessionBuilder)>,
    /// Totals of the processes before the current one.
    earlier_processes: BTreeMap<String, Usage>,
    current_process: BTreeMap<String, Usage>,
    costs: Vec<(u64, f64)>,
    restated: u64,
    duration_ms: i64,
    billed: bool,
}

impl StreamReader {
    fn add_record(&mut self, file: &FileInfo<'_>, line: u64, record: &TranscriptRecord<'_>) {
        if !record.stream_version.0.is_empty() {
            self.version = record.stream_version.to_text().into_owned();
        }
        let kind = record.kind.0;
        if !matches!(kind, b"assistant" | b"user" | b"system" | b"result") {
            return;
        }
        let id = record.stream_session_id.to_text();
        let at = if let Some(at) = self.sessions.iter().rposition(|session| session.id == id) {
            at
        } else {
            self.sessions.push(StreamSession::new(&id));
            self.sessions.len() - 1
        };
        let session = &mut self.sessions[at];
        match kind {
            b"result" => session.add_result(line, record),
            b"system" => session.builder_for_parent(file, b"").add_system_record(record),
            b"user" => session
                .builder_for_parent(file, record.parent_tool_use_id.0)
                .add_user_record(record),
            _ => {
                add_response(session.builder_for_parent(file, record.parent_tool_use_id.0), record);
            }
        }
    }

    fn push_drafts(self, parsed: &mut ParsedFile) {
        for session in self.sessions {
            session.push_drafts_and_bill(&self.version, parsed);
        }
    }
}

impl StreamSession {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            builders: Vec::new(),
            earlier_processes: BTreeMap::new(),
            current_process: BTreeMap::new(),
            costs: Vec::new(),
            restated: 0,
            duration_ms: 0,
            billed: false,
        }
    }

    fn builder_for_parent(
        &mut self,
        file: &FileInfo<'_>,
        parent: &[u8],
    ) -> &mut TranscriptSessionBuilder {
        let known = self.builders.iter().position(|(of, _)| of == parent);
        let at = known.unwrap_or_else(|| {
            let (id, role) = if parent.is_empty() {
                (self.id.clone(), Role::Main)
            } else {
                let agent = String::from_utf8_lossy(parent);
                (format!("{}/agent-{agent}", self.id), Role::Subagent)
            };
            let mut thread = TranscriptSessionBuilder::new(
                id.clone(),
                file.label,
                role,
                !parent.is_empty(),
                true,
            );
            thread.set_ids(id, self.id.clone());
            self.builders.push((parent.to_vec(), thread));
            self.builders.len() - 1
        });
        &mut self.builders[at].1
    }

    fn add_result(&mut self, line: u64, record: &TranscriptRecord<'_>) {
        let usage = record.usage.0.as_ref().map(WireUsage::billed_usage).unwrap_or_default();
        let one_hour = usage.write_1h > 0;
        let mut total: BTreeMap<String, Usage> = BTreeMap::new();
        for (model, used) in record.model_usage.iter().flatten() {
            total.insert(model.clone(), used.billed_usage(one_hour));
        }
        let duration_ms = record.duration_ms.unwrap_or(0.0).clamp(0.0, 1e12) as i64;
        if any_total_falls(&self.current_process, &total) {
            add_usage_by_model(&mut self.earlier_processes, &self.current_process);
        } else {
            // The same process goes on: this result restates what the one before said.
            self.restated += u64::from(self.costs.pop().is_some());
        }
        self.duration_ms += duration_ms;
        if !total.is_empty() {
            self.current_process = total;
            self.billed = true;
        }
        self.costs.extend(record.total_cost_usd.map(|usd| (line, usd)));
    }

    fn push_drafts_and_bill(mut self, version: &str, parsed: &mut ParsedFile) {
        let first = parsed.drafts.len();
        self.builders.sort_by(|(a, _), (b, _)| a.is_empty().cmp(&b.is_empty()).reverse());
        for (_, thread) in self.builders.into_iter().filter(|(_, thread)| !thread.is_empty()) {
            let mut draft = thread.into_draft();
            if draft.session.version.is_empty() {
                version.clone_into(&mut draft.session.version);
            }
            parsed.drafts.push(draft);
        }
        for draft in &mut parsed.drafts[first..] {
            if draft.last_ms == i64::MIN {
                spread_call_times(&mut draft.session, self.duration_ms);
            }
        }
        add_usage_by_model(&mut self.earlier_processes, &self.current_process);
        if !self.billed && self.costs.is_empty() {
            return;
        }
        let models: Vec<(String, Usage)> = self.earlier_processes.into_iter().collect();
        let (session, costs, restated) = (self.id, self.costs, self.restated);
        let drafts = first..parsed.drafts.len();
        parsed.bills.push(StatedBill { session, drafts, models, costs, restated });
    }
}

/// Whether a later total is below an earlier one in any class of any model.
fn any_total_falls(earlier: &BTreeMap<String, Usage>, later: &BTreeMap<String, Usage>) -> bool {
    earlier.iter().any(|(model, before)| {
        let after = later.get(model).copied().unwrap_or_default();
        let rest = after - *before;
        rest.fresh < 0 || rest.read < 0 || rest.write_tokens() < 0 || rest.output < 0
    })
}

fn add_usage_by_model(sum: &mut BTreeMap<String, Usage>, more: &BTreeMap<String, Usage>) {
    for (model, usage) in more {
        *sum.entry(model.clone()).or_default() += *usage;
    }
}

/// Times for calls without any: spread over the session's duration, or by the usual durations.
fn spread_call_times(session: &mut RawSession, duration_ms: i64) {
    let lengths: Vec<i64> = session
        .calls
        .iter()
        .map(|call| CALL_MS + TOKEN_MS * call.usage.output.min(100_000))
        .collect();
    let usual: i64 = lengths.iter().sum();
    let mut now = 0;
    for (call, length) in session.calls.iter_mut().zip(lengths) {
        let length = if duration_ms > 0 {
            crate::units::scale_by_ratio(length, duration_ms, usual)
        } else {
            length
        };
        call.start_ms = now;
        now += length;
        call.end_ms = now;
    }
}
