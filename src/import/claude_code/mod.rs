//! Claude Code transcripts: project trees, single sessions, subagents in their own files or, in
//! older versions, inside their parent's.
//!
//! Rules (MODEL.md, "Laws" L1): records of one `message.id` (and `requestId`) are
//! one call and the last usage counts; `<synthetic>` and API errors are no calls; unknown record
//! types are normal.

pub(super) mod stream_json;
mod thread;
mod wire;

use super::json::{self, Fault};
use super::lines::{Line, Lines};
use super::text::{Lenient, Short};
use super::{FileInfo, Importer, Parsed};
use crate::recording::Role;
use serde::Deserialize;
use std::collections::HashMap;
use thread::Thread;
use wire::{Record, WireUsage};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub struct ClaudeCode;

/// What tells the formats of one family apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sniff<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    #[serde(borrow, rename = "sessionId")]
    session_id: Short<'a>,
    #[serde(borrow, rename = "session_id")]
    pub stream_session_id: Short<'a>,
    #[serde(borrow)]
    uuid: Short<'a>,
    #[serde(borrow, rename = "leafUuid")]
    leaf_uuid: Short<'a>,
    #[serde(borrow, rename = "messageId")]
    message_id: Short<'a>,
    #[serde(borrow, rename = "requestId")]
    request_id: Short<'a>,
    #[serde(borrow)]
    timestamp: Short<'a>,
    #[serde(rename = "modelUsage")]
    pub model_usage: Lenient<Ignored>,
    pub usage: Lenient<Ignored>,
}

/// The type of a record, whatever its other fields are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Short<'a>,
}

/// An object whose content does not matter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ignored {}

impl Sniff<'_> {
    fn is_transcript(&self) -> bool {
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

    fn endings(&self) -> &'static [&'static str] {
        &[".jsonl"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        let one = |line: &&[u8]| json::from_slice::<Sniff>(line).is_ok_and(|s| s.is_transcript());
        head.iter().any(one)
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut Lines<'_>, parsed: &mut Parsed) {
        let mut reading = Reading::new(file);
        for_each_record(lines, parsed, &mut |_, record| reading.record(record));
        reading.finish(parsed);
    }
}

/// Hands every record to `take`; what is none is skipped with its reason.
pub(super) fn for_each_record(
    lines: &mut Lines<'_>,
    parsed: &mut Parsed,
    take: &mut dyn FnMut(u64, &Record<'_>),
) {
    loop {
        let number = lines.number() + 1;
        let line = match lines.next_line() {
            Ok(None) => return,
            Ok(Some(Line::Text(line))) => line,
            Ok(Some(Line::TooLong(bytes))) => {
                let reason = format!("line of {bytes} bytes, longer than 64 MiB");
                parsed.skip(lines.number(), reason);
                continue;
            }
            Err(error) => {
                parsed.skip(number, format!("cannot be read further: {error}"));
                return;
            }
        };
        match json::from_slice::<Record>(line) {
            Ok(record) => match record.fault() {
                None => take(number, &record),
                Some(reason) => parsed.skip(lines.number(), reason),
            },
            Err(fault) => {
                if let Some(reason) = reason(line, fault) {
                    parsed.skip(lines.number(), reason);
                }
            }
        }
    }
}

/// Why a line is skipped; records of unknown types are passed over in silence.
fn reason(line: &[u8], fault: Fault) -> Option<String> {
    if fault != Fault::Shape {
        return Some(fault.to_string());
    }
    match json::from_slice::<Kind>(line) {
        Ok(record) if is_known(record.kind.0) => {
            Some(format!("{} record of an unknown shape", record.kind.text()))
        }
        Ok(_) => None,
        Err(fault) => Some(fault.to_string()),
    }
}

fn is_known(kind: &[u8]) -> bool {
    matches!(kind, b"user" | b"assistant" | b"system" | b"attachment" | b"result")
}

/// One file on its way.
struct Reading {
    threads: Vec<Thread>,
    /// Side threads by agent, and by the records that belong to them.
    agents: HashMap<u64, usize>,
    members: HashMap<u64, usize>,
    session: String,
    label: String,
    /// The whole file is one subagent's.
    agent_file: Option<String>,
}

impl Reading {
    fn new(file: &FileInfo<'_>) -> Self {
        let name = file.label.rsplit('/').next().unwrap_or(file.label);
        let stem = name.strip_suffix(".jsonl").unwrap_or(name);
        let in_folder = file.label.contains("subagents/");
        let agent_file = (in_folder || stem.starts_with("agent-")).then(|| stem.to_owned());
        let role = if agent_file.is_some() { Role::Subagent } else { Role::Main };
        let main = Thread::new(stem.to_owned(), file.label, role, agent_file.is_some(), false);
        Self {
            threads: vec![main],
            agents: HashMap::new(),
            members: HashMap::new(),
            session: stem.to_owned(),
            label: file.label.to_owned(),
            agent_file,
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        if !record.session_id.0.is_empty() {
            let id = record.session_id.text();
            if id != self.session {
                self.session = id.into_owned();
            }
        }
        let at = self.thread_of(record);
        let thread = &mut self.threads[at];
        match record.kind.0 {
            b"assistant" => assistant(thread, record),
            b"user" => thread.user(record),
            b"system" => thread.system(record),
            b"attachment" => thread.attachment(record),
            b"progress" => {
                let hook = record.data.0.as_ref().map(|data| &data.hook_event.0);
                if hook.is_some_and(|event| event == b"SessionStart") {
                    thread.resumed();
                }
            }
            _ => {}
        }
    }

    /// The side thread that a record belongs to, by its agent or by its parent; 0 is the main one.
    fn thread_of(&mut self, record: &Record<'_>) -> usize {
        if record.is_sidechain != Some(true) || self.agent_file.is_some() {
            return 0;
        }
        let agent = (!record.agent_id.0.is_empty()).then(|| record.agent_id.hash());
        let known = match agent {
            Some(agent) => self.agents.get(&agent),
            None => self.members.get(&record.parent_uuid.hash()),
        };
        let at = known.copied().unwrap_or_else(|| {
            let at = self.threads.len();
            let name = match agent {
                Some(_) => format!("agent-{}", record.agent_id.text()),
                None => format!("sidechain-{at}"),
            };
            self.threads.push(Thread::new(name, &self.label, Role::Subagent, true, false));
            at
        });
        if let Some(agent) = agent {
            self.agents.insert(agent, at);
        } else if !record.uuid.0.is_empty() {
            self.members.insert(record.uuid.hash(), at);
        }
        at
    }

    fn finish(mut self, parsed: &mut Parsed) {
        let session = std::mem::take(&mut self.session);
        for (at, mut thread) in self.threads.into_iter().enumerate() {
            if thread.is_empty() {
                continue;
            }
            match &self.agent_file {
                Some(agent) => thread.name(format!("{session}/{agent}"), session.clone()),
                None if at == 0 => thread.name(session.clone(), session.clone()),
                None => thread.name_under(&session),
            }
            parsed.drafts.push(thread.finish());
        }
    }
}

/// A record of a response, unless the harness made it up.
pub(super) fn assistant(thread: &mut Thread, record: &Record<'_>) {
    let Some(message) = &record.message.0 else {
        return;
    };
    if message.model.0 == b"<synthetic>" {
        return thread.resumed();
    }
    if record.is_api_error_message == Some(true) {
        return;
    }
    if let Some(usage) = message.usage.0.as_ref().map(WireUsage::usage)
        && !usage.is_zero()
    {
        thread.assistant(record, message, usage);
    }
}
