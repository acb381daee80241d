//! Claude Code transcripts: project trees, single sessions, subagents in their own files or, in
//! older versions, inside their parent's.
//!
//! Rules (MODEL.md, "Laws" L1): records of one `message.id` (and `requestId`) are
//! one call and the last usage counts; `<synthetic>` and API errors are no calls; unknown record
//! types are normal.

mod session_builder;
pub(super) mod stream_json;
mod wire;

use super::json_reader::{self, JsonFault};
use super::line_reader::{LineReader, SourceLine};
use super::measured_text::{LenientObject, ShortText};
use super::{FileInfo, Importer, ParsedFile};
use crate::recording::Role;
use serde::Deserialize;
use session_builder::TranscriptSessionBuilder;
use std::collections::HashMap;
use wire::{TranscriptRecord, WireUsage};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub struct ClaudeCode;

/// What tells the formats of one family apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TranscriptSniff<'a> {
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
    pub model_usage: LenientObject<IgnoredUsage>,
    pub usage: LenientObject<IgnoredUsage>,
}

/// The type of a record, whatever its other fields are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TranscriptRecordKind<'a> {
    #[serde(borrow, rename = "type")]
    kind: ShortText<'a>,
}

/// An object whose content does not matter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct IgnoredUsage {}

impl TranscriptSniff<'_> {
    fn is_transcript_record(&self) -> bool {
        let kind = !self.kind.0.is_empty();
        let marked = !self.session_id.0.is_empty() || !self.leaf_uuid.0.is_empty();
        let message = !self.uuid.0.is_empty() && !self.timestamp.0.is_empty();
        let request = !self.request_id.0.is_empty();
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
        let one = |line: &&[u8]| {
            json_reader::from_slice::<TranscriptSniff>(line).is_ok_and(|s| s.is_transcript_record())
        };
        head.iter().any(one)
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut reading = TranscriptReader::new(file);
        for_each_record(lines, parsed, &mut |_, record| reading.add_record(record));
        reading.push_drafts(parsed);
    }
}

/// Hands every record to `take`; what is none is skipped with its reason.
pub(super) fn for_each_record(
    lines: &mut LineReader<'_>,
    parsed: &mut ParsedFile,
    take: &mut dyn FnMut(u64, &TranscriptRecord<'_>),
) {
    loop {
        let number = lines.line_number() + 1;
        let line = match lines.next_line() {
            Ok(None) => return,
            Ok(Some(SourceLine::Text(line))) => line,
            Ok(Some(SourceLine::TooLong(bytes))) => {
                let reason = format!("line of {bytes} bytes, longer than 64 MiB");
                parsed.add_skip(lines.line_number(), reason);
                continue;
            }
            Err(error) => {
                parsed.add_skip(number, format!("cannot be read further: {error}"));
                return;
            }
        };
        match json_reader::from_slice::<TranscriptRecord>(line) {
            Ok(record) => match record.usage_fault() {
                None => take(number, &record),
                Some(reason) => parsed.add_skip(lines.line_number(), reason),
            },
            Err(fault) => {
                if let Some(reason) = skip_reason(line, fault) {
                    parsed.add_skip(lines.line_number(), reason);
                }
            }
        }
    }
}

/// Why a line is skipped; records of unknown types are passed over in silence.
fn skip_reason(line: &[u8], fault: JsonFault) -> Option<String> {
    if fault != JsonFault::Shape {
        return Some(fault.to_string());
    }
    match json_reader::from_slice::<TranscriptRecordKind>(line) {
        Ok(record) if is_known_kind(record.kind.0) => {
            Some(format!("{} record of an unknown shape", record.kind.to_text()))
        }
        Ok(_) => None,
        Err(fault) => Some(fault.to_string()),
    }
}

fn is_known_kind(kind: &[u8]) -> bool {
    matches!(kind, b"user" | b"assistant" | b"system" | b"attachment" | b"result")
}

/// One file on its way.
struct TranscriptReader {
    sessions: Vec<TranscriptSessionBuilder>,
    /// Side threads by agent, and by the records that belong to them.
    agents: HashMap<u64, usize>,
    members: HashMap<u64, usize>,
    session: String,
    label: String,
    /// The whole file is one subagent's.
    agent_file: Option<String>,
}

impl TranscriptReader {
    fn new(file: &FileInfo<'_>) -> Self {
        let name = file.label.rsplit('/').next().unwrap_or(file.label);
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
            agents: HashMap::new(),
            members: HashMap::new(),
            session: stem.to_owned(),
            label: file.label.to_owned(),
            agent_file,
        }
    }

    fn add_record(&mut self, record: &TranscriptRecord<'_>) {
        if !record.session_id.0.is_empty() {
            let id = record.session_id.to_text();
            if id != self.session {
                self.session = id.into_owned();
            }
        }
        let at = self.session_of_record(record);
        let thread = &mut self.sessions[at];
        match record.kind.0 {
            b"assistant" => add_response(thread, record),
            b"user" => thread.add_user_record(record),
            b"system" => thread.add_system_record(record),
            b"attachment" => thread.add_attachment(record),
            b"progress" => {
                let hook = record.data.0.as_ref().map(|data| &data.hook_event.0);
                if hook.is_some_and(|event| event == b"SessionStart") {
                    thread.note_resume();
                }
            }
            _ => {}
        }
    }

    /// The side thread that a record belongs to, by its agent or by its parent; 0 is the main one.
    fn session_of_record(&mut self, record: &TranscriptRecord<'_>) -> usize {
        if record.is_sidechain != Some(true) || self.agent_file.is_some() {
            return 0;
        }
        let agent = (!record.agent_id.0.is_empty()).then(|| record.agent_id.text_hash());
        let known = match agent {
            Some(agent) => self.agents.get(&agent),
            None => self.members.get(&record.parent_uuid.text_hash()),
        };
        let at = known.copied().unwrap_or_else(|| {
            let at = self.sessions.len();
            let name = match agent {
                Some(_) => format!("agent-{}", record.agent_id.to_text()),
                None => format!("sidechain-{at}"),
            };
            self.sessions.push(TranscriptSessionBuilder::new(
                name,
                &self.label,
                Role::Subagent,
                true,
                false,
            ));
            at
        });
        if let Some(agent) = agent {
            self.agents.insert(agent, at);
        } else if !record.uuid.0.is_empty() {
            self.members.insert(record.uuid.text_hash(), at);
        }
        at
    }

    fn push_drafts(mut self, parsed: &mut ParsedFile) {
        let session = std::mem::take(&mut self.session);
        for (at, mut thread) in self.sessions.into_iter().enumerate() {
            if thread.is_empty() {
                continue;
            }
            match &self.agent_file {
                Some(agent) => thread.set_ids(format!("{session}/{agent}"), session.clone()),
                None if at == 0 => thread.set_ids(session.clone(), session.clone()),
                None => thread.set_ids_under(&session),
            }
            parsed.drafts.push(thread.into_draft());
        }
    }
}

/// A record of a response, unless the harness made it up.
pub(super) fn add_response(thread: &mut TranscriptSessionBuilder, record: &TranscriptRecord<'_>) {
    let Some(message) = &record.message.0 else {
        return;
    };
    if message.model.0 == b"<synthetic>" {
        return thread.note_resume();
    }
    if record.is_api_error_message == Some(true) {
        return;
    }
    if let Some(usage) = message.usage.0.as_ref().map(WireUsage::billed_usage)
        && !usage.is_zero()
    {
        thread.add_response_record(record, message, usage);
    }
}
