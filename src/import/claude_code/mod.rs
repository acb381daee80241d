//! Claude Code transcripts: project trees, single sessions, subagents in their own files or, in
//! older versions, inside their parent's.
//!
//! Rules (MODEL.md, "Laws" L1): records of one `message.id` (and `requestId`) are one call and the
//! fullest usage counts; a row whose `uuid` is known is the same row; `<synthetic>` and API errors
//! are no calls; unknown record types are normal.

mod call_lookup;
mod cleared_results;
mod hidden_thinking;
mod prompt_text;
mod session_builder;
pub(super) mod stream_json;
mod tool_uses;
mod usage_iterations;
mod wire;
mod wire_usage;

use super::importer::Importer;
use super::json_reader;
use super::line_reader::LineReader;
use super::measured_text::{IgnoredObject, LenientObject, ShortText};
use super::parsed_file::{FileInfo, ParsedFile};
use super::record_lines::{for_each_line, skip_reason};
use super::skip::SkipReason;
use crate::recording::Role;
use serde::Deserialize;
use session_builder::TranscriptSessionBuilder;
use std::collections::{HashMap, HashSet};
use wire::{ProgressData, TranscriptRecord};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaudeCode;

/// What tells the formats of one family apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TranscriptSniff<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow, rename = "sessionId")]
    session_id: ShortText<'a>,
    #[serde(borrow, rename = "session_id")]
    pub stream_session_id: ShortText<'a>,
    #[serde(borrow)]
    uuid: ShortText<'a>,
    #[serde(borrow, rename = "leafUuid")]
    leaf_uuid: ShortText<'a>,
    #[serde(borrow, rename = "messageId")]
    message_id: ShortText<'a>,
    #[serde(borrow, rename = "requestId")]
    request_id: ShortText<'a>,
    #[serde(borrow)]
    timestamp: ShortText<'a>,
    #[serde(rename = "modelUsage")]
    pub model_usage: LenientObject<IgnoredObject>,
    pub usage: LenientObject<IgnoredObject>,
}

impl TranscriptSniff<'_> {
    fn is_transcript_record(&self) -> bool {
        let kind = !self.kind.0.is_empty();
        let marked = !self.session_id.0.is_empty() || !self.leaf_uuid.0.is_empty();
        let message = !self.uuid.0.is_empty() && !self.timestamp.0.is_empty();
        let request = !self.request_id.0.is_empty();
        // stream-json names its session in another style, and is another importer's.
        let streamed = !self.stream_session_id.0.is_empty() && self.session_id.0.is_empty();
        kind && !streamed && (marked || message || request || !self.message_id.0.is_empty())
    }
}

impl Importer for ClaudeCode {
    fn id(&self) -> &'static str {
        "claude-code"
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        head.iter().any(|line| {
            json_reader::from_slice::<TranscriptSniff>(line)
                .is_ok_and(|record| record.is_transcript_record())
        })
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut reading = TranscriptReader::new(file);
        for_each_record(lines, parsed, &mut |_, record| reading.add_record(record));
        reading.push_drafts(parsed);
    }
}

/// Hands every record to `take` with its line; what is none is skipped with its reason.
fn for_each_record(
    lines: &mut LineReader<'_>,
    parsed: &mut ParsedFile,
    take: &mut dyn FnMut(u64, &TranscriptRecord<'_>),
) {
    for_each_line(
        lines,
        &mut |number, line| match json_reader::from_slice::<TranscriptRecord>(line) {
            Ok(record) => {
                let fault = record.usage_fault();
                if fault.is_none() {
                    take(number, &record);
                }
                fault
            }
            Err(fault) => skip_reason(line, fault, is_known_kind, SkipReason::RecordShape),
        },
        &mut |line, reason| parsed.add_skip(line, reason),
    );
}

fn is_known_kind(kind: &[u8]) -> bool {
    matches!(kind, b"user" | b"assistant" | b"system" | b"attachment" | b"result")
}

/// One file on its way to drafts.
struct TranscriptReader {
    /// The main session, then those of subagents that the file holds inside its parent's records.
    sessions: Vec<TranscriptSessionBuilder>,
    /// Places of subagents' sessions, by agent and by the records that belong to them.
    by_agent: HashMap<u64, usize>,
    by_record: HashMap<u64, usize>,
    session_id: String,
    label: String,
    /// The whole file is one subagent's.
    agent_file: Option<String>,
    /// The subagent that the records of such a file name.
    agent_of_file: Option<String>,
    rows: KnownRows,
    /// Subagents that reported, and the tokens of their last calls.
    reported_agents: Vec<(String, i64)>,
}

/// Rows by their `uuid`: a copy of a row in its own file is the same row.
#[derive(Default)]
struct KnownRows(HashSet<u64>);

impl KnownRows {
    /// Whether a row has come before; from now on it has.
    fn has_come(&mut self, record: &TranscriptRecord<'_>) -> bool {
        !record.uuid.0.is_empty() && !self.0.insert(record.uuid.text_hash())
    }
}

impl TranscriptReader {
    fn new(file: &FileInfo<'_>) -> Self {
        let name = file.file_name();
        let stem = name.strip_suffix(".jsonl").unwrap_or(name);
        let in_folder = file.label.contains("subagents/");
        let agent_file = (in_folder || stem.starts_with("agent-")).then(|| stem.to_owned());
        let role = if agent_file.is_some() { Role::Subagent } else { Role::Main };
        let main = TranscriptSessionBuilder::new(
            stem.to_owned(),
            file.label,
            role,
            agent_file.is_some(),
            false,
        );
        Self {
            sessions: vec![main],
            by_agent: HashMap::new(),
            by_record: HashMap::new(),
            session_id: stem.to_owned(),
            label: file.label.to_owned(),
            agent_file,
            agent_of_file: None,
            rows: KnownRows::default(),
            reported_agents: Vec::new(),
        }
    }

    fn add_record(&mut self, record: &TranscriptRecord<'_>) {
        if !record.session_id.0.is_empty() {
            // A resumed file opens with records of its predecessor: the last id is its own.
            let id = record.session_id.to_text();
            if id != self.session_id {
                self.session_id = id.into_owned();
            }
        }
        let is_known_row = self.rows.has_come(record);
        let at = self.session_of_record(record);
        let session = &mut self.sessions[at];
        match record.kind.0 {
            // Of a row that is there again only the usage may be news.
            b"assistant" => add_response(session, record, is_known_row),
            _ if is_known_row => {}
            b"user" => {
                session.add_user_record(record);
                self.note_reported_agent(record);
            }
            b"system" => session.add_system_record(record),
            b"attachment" => session.add_attachment(record),
            b"progress" => {
                if let Some(data) = &record.data.0 {
                    self.add_progress(at, record, data);
                }
            }
            _ => {}
        }
    }

    /// Progress of hooks tells of starts that no other record shows, and progress of subagents of
    /// calls whose own file may be missing.
    fn add_progress(&mut self, at: usize, record: &TranscriptRecord<'_>, data: &ProgressData<'_>) {
        if data.hook_event.0 == b"SessionStart" {
            self.sessions[at].note_resume();
        }
        let Some(inner) = data.message.0.as_deref() else { return };
        let is_agents = data.kind.0 == b"agent_progress" && !data.agent_id.0.is_empty();
        if !is_agents || inner.usage_fault().is_some() {
            return;
        }
        let is_known_row = self.rows.has_come(inner);
        let sessions = self.sessions.len();
        let at = self.session_of_agent(&data.agent_id);
        let session = &mut self.sessions[at];
        // No record of its own has shown it so far.
        if at == sessions {
            session.mark_retold(&record.version.to_text());
        }
        match inner.kind.0 {
            b"assistant" => add_response(session, inner, is_known_row),
            b"user" if !is_known_row => session.add_user_record(inner),
            _ => {}
        }
    }

    /// Notes what a subagent used whose report has come.
    fn note_reported_agent(&mut self, record: &TranscriptRecord<'_>) {
        let Some(report) = &record.tool_use_result.0 else { return };
        // Counts beyond reason are none.
        let tokens = report.total_tokens.filter(|tokens| (1.0..1e12).contains(tokens));
        if let (Some(tokens), false) = (tokens, report.agent_id.0.is_empty()) {
            self.reported_agents.push((report.agent_id.to_text().into_owned(), tokens as i64));
        }
    }

    /// The session that a record belongs to: that of its agent, else that of its parent's record,
    /// else a new one. 0 is the main session.
    fn session_of_record(&mut self, record: &TranscriptRecord<'_>) -> usize {
        if self.agent_file.is_some() {
            if self.agent_of_file.is_none() && !record.agent_id.0.is_empty() {
                self.agent_of_file = Some(record.agent_id.to_text().into_owned());
            }
            return 0;
        }
        if record.is_sidechain != Some(true) {
            return 0;
        }
        if !record.agent_id.0.is_empty() {
            return self.session_of_agent(&record.agent_id);
        }
        // Versions before agents had ids tell only from which record a record follows. A parent
        // that is no member is a record of the main session: a subagent begins here.
        let known = self.by_record.get(&record.parent_uuid.text_hash()).copied();
        let at = known.unwrap_or_else(|| {
            let name = format!("sidechain-{}", self.sessions.len());
            self.begin_subagent(name)
        });
        if !record.uuid.0.is_empty() {
            self.by_record.insert(record.uuid.text_hash(), at);
        }
        at
    }

    /// The session of a subagent within this file.
    fn session_of_agent(&mut self, agent: &ShortText<'_>) -> usize {
        let known = self.by_agent.get(&agent.text_hash()).copied();
        known.unwrap_or_else(|| {
            let at = self.begin_subagent(format!("agent-{}", agent.to_text()));
            self.by_agent.insert(agent.text_hash(), at);
            at
        })
    }

    fn begin_subagent(&mut self, name: String) -> usize {
        let role = Role::Subagent;
        self.sessions.push(TranscriptSessionBuilder::new(name, &self.label, role, true, false));
        self.sessions.len() - 1
    }

    fn push_drafts(self, parsed: &mut ParsedFile) {
        let id = self.session_id;
        // A copy may have another name: what its records say counts before it.
        let agent_file =
            self.agent_of_file.map(|agent| format!("agent-{agent}")).or(self.agent_file);
        let reported = self.reported_agents.into_iter();
        parsed.reported_agents =
            reported.map(|(agent, tokens)| (format!("{id}/agent-{agent}"), tokens)).collect();
        for (at, mut session) in self.sessions.into_iter().enumerate() {
            if session.calls().is_empty() {
                continue;
            }
            // In newer versions a subagent's file names the session that it belongs to.
            match &agent_file {
                Some(agent) => session.set_ids(format!("{id}/{agent}"), id.clone()),
                None if at == 0 => session.set_ids(id.clone(), id.clone()),
                None => session.set_ids_under(&id),
            }
            parsed.drafts.push(session.into_draft());
        }
    }
}

/// A record of a response, unless the harness made it up.
fn add_response(
    session: &mut TranscriptSessionBuilder,
    record: &TranscriptRecord<'_>,
    is_known_row: bool,
) {
    let Some(message) = &record.message.0 else { return };
    if message.model.0 == b"<synthetic>" {
        // The harness answered in the model's place, and sends the history anew after it.
        if !is_known_row {
            session.note_resume();
        }
        return;
    }
    if record.is_api_error_message == Some(true) {
        return;
    }
    if let Some(usage) = &message.usage.0
        && !usage.billed_usage().is_zero()
    {
        session.add_response_record(record, message, usage, is_known_row);
    }
}
