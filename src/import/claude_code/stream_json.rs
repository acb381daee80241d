//! `claude -p --output-format stream-json`: the events of headless runs.
//!
//! Records have the shape of transcripts, keyed by `message.id`, without request ids and times.
//! Their `output_tokens` is a placeholder. A `result` says by model what the process billed,
//! subagents and hidden calls included: what the calls do not show becomes a remainder.
//!
//! Results of one session restate a running total: the last one counts. Where a total falls, a new
//! process began, and both count.

use super::session_builder::TranscriptSessionBuilder;
use super::wire::TranscriptRecord;
use super::wire_usage::WireUsage;
use super::{KnownRows, TranscriptSniff, add_response, for_each_record};
use crate::import::importer::Importer;
use crate::import::json_reader;
use crate::import::line_reader::LineReader;
use crate::import::parsed_file::{FileInfo, ParsedFile, StatedBill};
use crate::recording::{RawSession, Role};
use crate::units::{Usage, scale_by_ratio};
use std::collections::{BTreeMap, HashMap};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamJson;

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
        head.iter().any(|line| {
            json_reader::from_slice::<TranscriptSniff>(line).is_ok_and(|record| {
                let names_session = !record.stream_session_id.0.is_empty();
                let states_usage = record.model_usage.0.is_some() || record.usage.0.is_some();
                match record.kind.0 {
                    b"system" | b"assistant" | b"user" => names_session,
                    // A result may stand alone in a file, and is enough for totals.
                    b"result" => names_session || states_usage,
                    _ => false,
                }
            })
        })
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
    /// Their places, by fingerprint of their ids.
    session_places: HashMap<u64, usize>,
    version: String,
    rows: KnownRows,
}

/// One session of the file: its calls, its subagents' and what its results say.
struct StreamSession {
    id: String,
    /// The main session, then subagents by the tool use that started them.
    builders: Vec<(Vec<u8>, TranscriptSessionBuilder)>,
    /// Their places, by that tool use.
    builder_places: HashMap<Vec<u8>, usize>,
    /// Totals of the processes before the current one.
    earlier_processes: BTreeMap<String, Usage>,
    current_process: BTreeMap<String, Usage>,
    /// Tokens of the calls shown before the current process began, and by the last result.
    shown_by_earlier: i64,
    shown_at_result: i64,
    /// How many calls of each builder were shown by then.
    calls_at_result: Vec<usize>,
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
        // Several runs may be appended to one file, and one session may go on in a later run.
        let id = &record.stream_session_id;
        let at = *self.session_places.entry(id.text_hash()).or_insert(self.sessions.len());
        if at == self.sessions.len() {
            self.sessions.push(StreamSession::new(&id.to_text()));
        }
        // Asked of every record, so that a later copy of it is known.
        let is_known_row = self.rows.has_come(record);
        let session = &mut self.sessions[at];
        let parent = record.parent_tool_use_id.0;
        match kind {
            b"result" => session.add_result(line, record),
            b"system" | b"user" if is_known_row => {}
            b"system" => session.builder_for_parent(file, b"").add_system_record(record),
            b"user" => session.builder_for_parent(file, parent).add_user_record(record),
            _ => add_response(session.builder_for_parent(file, parent), record, is_known_row),
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
            builder_places: HashMap::new(),
            earlier_processes: BTreeMap::new(),
            current_process: BTreeMap::new(),
            shown_by_earlier: 0,
            shown_at_result: 0,
            calls_at_result: Vec::new(),
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
        // Records of a subagent name the tool use that started it; those of the session name none.
        let known = self.builder_places.get(parent).copied();
        let at = known.unwrap_or_else(|| {
            let is_subagent = !parent.is_empty();
            let role = if is_subagent { Role::Subagent } else { Role::Main };
            let agent = format!("agent-{}", String::from_utf8_lossy(parent));
            let mut builder =
                TranscriptSessionBuilder::new(agent.clone(), file.label, role, is_subagent, true);
            let id = if is_subagent { format!("{}/{agent}", self.id) } else { self.id.clone() };
            builder.set_ids(id, self.id.clone());
            self.builder_places.insert(parent.to_vec(), self.builders.len());
            self.builders.push((parent.to_vec(), builder));
            self.builders.len() - 1
        });
        &mut self.builders[at].1
    }

    fn add_result(&mut self, line: u64, record: &TranscriptRecord<'_>) {
        let usage = record.usage.0.as_ref().map(WireUsage::billed_usage).unwrap_or_default();
        let mut total: BTreeMap<String, Usage> = BTreeMap::new();
        for (model, used) in record.model_usage.iter().flatten() {
            let mut billed = used.billed_usage();
            // Totals by model name no tier: all writes are of the tier that the sum names.
            if usage.write_1h > 0 {
                (billed.write_5m, billed.write_1h) = (0, billed.write_tokens());
            }
            total.insert(model.clone(), billed);
        }
        // Totals of a process only grow, and hold all that it has shown. A smaller one is a new
        // process's, which starts at zero.
        let shown = self.shown_at_result + self.tokens_since_result();
        let stated = total.values().map(all_tokens).sum::<i64>();
        let is_short = !total.is_empty() && stated < shown - self.shown_by_earlier;
        if is_short || any_total_falls(&self.current_process, &total) {
            self.shown_by_earlier = self.shown_at_result;
            add_usage_by_model(&mut self.earlier_processes, &self.current_process);
        } else {
            // The same process goes on: this result restates what the one before said.
            self.restated += u64::from(self.costs.pop().is_some());
        }
        self.shown_at_result = shown;
        self.duration_ms += record.duration_ms.unwrap_or(0.0).clamp(0.0, 1e12) as i64;
        if !total.is_empty() {
            self.current_process = total;
            self.billed = true;
        }
        self.costs.extend(record.total_cost_usd.map(|usd| (line, usd)));
    }

    /// What the calls since the last result show; they are not asked for again.
    fn tokens_since_result(&mut self) -> i64 {
        let mut shown = 0;
        self.calls_at_result.resize(self.builders.len(), 0);
        for ((_, builder), seen) in self.builders.iter().zip(&mut self.calls_at_result) {
            shown +=
                builder.calls()[*seen..].iter().map(|call| all_tokens(&call.usage)).sum::<i64>();
            *seen = builder.calls().len();
        }
        shown
    }

    fn push_drafts_and_bill(mut self, version: &str, parsed: &mut ParsedFile) {
        let first = parsed.drafts.len();
        // The main session first; the sort is stable, so that subagents keep their order.
        self.builders.sort_by_key(|(tool_use, _)| !tool_use.is_empty());
        for (_, builder) in
            self.builders.into_iter().filter(|(_, builder)| !builder.calls().is_empty())
        {
            let mut draft = builder.into_draft();
            if draft.session.version.is_empty() {
                version.clone_into(&mut draft.session.version);
            }
            parsed.drafts.push(draft);
        }
        // Durations of results are all that tells of time.
        for draft in &mut parsed.drafts[first..] {
            if draft.last_ms == i64::MIN {
                spread_call_times(&mut draft.session, self.duration_ms);
            }
        }
        add_usage_by_model(&mut self.earlier_processes, &self.current_process);
        // A run that was killed states nothing.
        if !self.billed && self.costs.is_empty() {
            return;
        }
        let models: Vec<(String, Usage)> = self.earlier_processes.into_iter().collect();
        let (session, costs, restated) = (self.id, self.costs, self.restated);
        let drafts = first..parsed.drafts.len();
        parsed.bills.push(StatedBill { session, drafts, models, costs, restated });
    }
}

fn all_tokens(usage: &Usage) -> i64 {
    usage.context_tokens() + usage.output
}

/// Whether a later total is below an earlier one in any class of any model.
fn any_total_falls(earlier: &BTreeMap<String, Usage>, later: &BTreeMap<String, Usage>) -> bool {
    earlier.iter().any(|(model, before)| {
        let after = later.get(model).copied().unwrap_or_default();
        let more = after - *before;
        more.fresh < 0 || more.read < 0 || more.write_tokens() < 0 || more.output < 0
    })
}

fn add_usage_by_model(sum: &mut BTreeMap<String, Usage>, more: &BTreeMap<String, Usage>) {
    for (model, usage) in more {
        *sum.entry(model.clone()).or_default() += *usage;
    }
}

/// Times for calls without any: spread over the session's duration, or by the usual durations.
fn spread_call_times(session: &mut RawSession, duration_ms: i64) {
    let usual: Vec<i64> = session
        .calls
        .iter()
        .map(|call| CALL_MS + TOKEN_MS * call.usage.output.min(100_000))
        .collect();
    // The usual durations are the weights by which the session's own is shared out.
    let usual_sum: i64 = usual.iter().sum();
    let mut now = 0;
    for (call, usual_ms) in session.calls.iter_mut().zip(usual) {
        call.start_ms = now;
        now += if duration_ms > 0 {
            scale_by_ratio(usual_ms, duration_ms, usual_sum)
        } else {
            usual_ms
        };
        call.end_ms = now;
    }
}
