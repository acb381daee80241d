//! One context window on its way from records to a raw session.

mod tools;

use super::wire::{ContentItem, MessageContent, TranscriptMessage, TranscriptRecord};
use crate::import::dispatches::{self, OrderDispatch};
use crate::import::session_completion::{self, CallTransition};
use crate::import::{CallKey, SessionDraft, intern_name, timestamps};
use crate::recording::estimate;
use crate::recording::{
    Basis, BlockKind, CacheBreak, CallMarks, ContextRestart, RawBlock, RawCall, RawSession, Role,
};
use crate::units::Usage;
use std::collections::HashMap;

/// Collects the records of one context window.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not a state")]
pub struct TranscriptSessionBuilder {
    session: RawSession,
    keys: Vec<CallKey>,
    transitions: Vec<CallTransition>,
    call_by_key: HashMap<CallKey, u32>,
    uses: HashMap<u64, tools::TranscriptToolUse>,
    files: HashMap<u64, u32>,
    reads: HashMap<u64, u64>,
    pending: Vec<RawBlock>,
    pending_ms: Option<i64>,
    human: bool,
    transition: CallTransition,
    /// Whether thinking was on at the last call, and whether a prompt since asked for it.
    thinking: Option<bool>,
    thinking_wanted: Option<bool>,
    /// Fingerprint of the effort of the last call that told one.
    effort: Option<u64>,
    tool_uses: u32,
    last_forge_question: Option<(u32, u64)>,
    last_ms: i64,
    timed: bool,
    /// Signature characters of hidden thinking, by (call, output): tokens depend on the model.
    hidden: Vec<(u32, u32, u64)>,
    dispatches: Vec<OrderDispatch>,
    sidechain: bool,
    stream: bool,
}

impl TranscriptSessionBuilder {
    /// An empty window. `stream`: its usage of output is always a placeholder.
    pub fn new(id: String, file: &str, role: Role, sidechain: bool, stream: bool) -> Self {
        let session = RawSession::new(id, file, role);
        Self {
            session,
            keys: Vec::new(),
            transitions: Vec::new(),
            call_by_key: HashMap::new(),
            uses: HashMap::new(),
            files: HashMap::new(),
            reads: HashMap::new(),
            pending: Vec::new(),
            pending_ms: None,
            human: false,
            transition: CallTransition::default(),
            thinking: None,
            thinking_wanted: None,
            effort: None,
            tool_uses: 0,
            last_forge_question: None,
            last_ms: i64::MIN,
            timed: false,
            hidden: Vec::new(),
            dispatches: Vec::new(),
            sidechain,
            stream,
        }
    }

    /// Names the session, once its own id is known.
    pub fn set_ids(&mut self, id: String, pipeline: String) {
        self.session.id = id;
        self.session.pipeline = pipeline;
    }

    /// Names a side thread after the session that holds it.
    pub fn set_ids_under(&mut self, session: &str) {
        self.session.id = format!("{session}/{}", self.session.id);
        session.clone_into(&mut self.session.pipeline);
    }

    /// Compaction, resume: what stands between calls.
    pub fn add_system_record(&mut self, record: &TranscriptRecord<'_>) {
        if record.subtype.0 == b"compact_boundary" {
            let trigger = record.compact_metadata.0.as_ref().map(|meta| &meta.trigger.0);
            let manual = trigger.is_some_and(|trigger| trigger == b"manual");
            let restart = if manual {
                ContextRestart::ManualCompacted
            } else {
                ContextRestart::AutoCompacted
            };
            self.transition.compacted = Some(restart);
            self.reads.clear();
        }
    }

    /// A session start hook or a synthetic record: the history was sent anew.
    pub fn note_resume(&mut self) {
        self.transition.resumed = true;
    }

    /// Context that the harness adds beside the messages.
    pub fn add_attachment(&mut self, record: &TranscriptRecord<'_>) {
        let Some(attachment) = &record.attachment.0 else {
            return;
        };
        if attachment.hook_event.0 == b"SessionStart" {
            self.note_resume();
        }
        match attachment.kind.0 {
            // Shown to the person, not sent. Source: MODEL.md, "Content rates".
            b"hook_success" | b"hook_system_message" | b"command_permissions" => return,
            b"queued_command" => self.human |= !self.sidechain,
            _ => {}
        }
        let lengths = [attachment.content.0, attachment.prompt.0, attachment.added_lines.0];
        let chars = lengths.into_iter().max().unwrap_or(0);
        if chars > 0 {
            self.pending.push(RawBlock::from_size(BlockKind::Unattributed, chars, 0));
        }
    }

    /// A message from outside: a prompt, a tool's result, a summary.
    pub fn add_user_record(&mut self, record: &TranscriptRecord<'_>) {
        let Some(message) = &record.message.0 else {
            return;
        };
        let summary = record.is_compact_summary == Some(true);
        if record.is_visible_in_transcript_only == Some(true) && !summary {
            return;
        }
        let at_ms = timestamps::parse_ms(record.timestamp.0);
        self.pending_ms = at_ms.or(self.pending_ms);
        let meta = record.is_meta == Some(true);
        let kind = if summary { BlockKind::Summary } else { BlockKind::User };
        let mut prompt = false;
        if message.content.items.is_empty() {
            prompt |= self.add_prompt(kind, &message.content, meta);
        }
        let mut results = false;
        for item in &message.content.items {
            match item.kind.0 {
                b"tool_result" => {
                    results = true;
                    self.add_tool_result(item, at_ms);
                }
                b"text" => {
                    let human = !meta && !summary && opens_turn(item.text.leading_sample());
                    prompt = true;
                    self.human |= human && !self.sidechain;
                    self.pending.push(RawBlock::from_size(kind, item.text.chars, 0));
                }
                b"image" | b"document" => {
                    self.pending.push(RawBlock::from_size(kind, 0, estimate::PER_IMAGE));
                }
                _ => {}
            }
        }
        if prompt && !results && !summary {
            self.note_thinking_switch(record, meta);
        }
    }

    fn add_prompt(&mut self, kind: BlockKind, content: &MessageContent<'_>, meta: bool) -> bool {
        if content.text.chars == 0 {
            return false;
        }
        self.human |= !meta
            && kind == BlockKind::User
            && !self.sidechain
            && opens_turn(content.text.leading_sample());
        self.pending.push(RawBlock::from_size(kind, content.text.chars, 0));
        true
    }

    /// Versions 2.1.12 to 2.1.38 lost the cache when thinking was switched; a prompt says which.
    fn note_thinking_switch(&mut self, record: &TranscriptRecord<'_>, meta: bool) {
        let skill = meta && !record.source_tool_use_id.0.is_empty();
        let switch = match &record.thinking_metadata.0 {
            Some(metadata) => Some(metadata.is_on()),
            None => (record.plan_content.0 > 0 || skill).then_some(false),
        };
        let version = parse_version(&record.version.to_text());
        if let Some(on) = switch
            && ((2, 1, 12)..(2, 1, 39)).contains(&version)
        {
            self.thinking_wanted = Some(on);
        }
    }

    /// A record of a response. Records of one call share a key and may lie apart.
    pub fn add_response_record(
        &mut self,
        record: &TranscriptRecord<'_>,
        message: &TranscriptMessage<'_>,
        usage: Usage,
    ) {
        let key = self.call_key(record, message);
        let at_ms = timestamps::parse_ms(record.timestamp.0);
        self.timed |= at_ms.is_some();
        let version_text = record.version.to_text();
        if self.session.version.is_empty() {
            self.session.version = version_text.to_string();
        }
        let index = match self.call_by_key.get(&key) {
            Some(&index) => index,
            None => {
                self.note_effort(record);
                self.begin_call(key, message, at_ms, usage)
            }
        };
        let call = &mut self.session.calls[index as usize];
        call.records += 1;
        call.usage = usage;
        let old = !version_text.is_empty() && parse_version(&version_text) < (2, 1, 69);
        call.placeholder |= self.stream || old;
        if let Some(at_ms) = at_ms {
            call.end_ms = call.end_ms.max(at_ms);
            self.last_ms = self.last_ms.max(at_ms);
        }
        if message.content.text.chars > 0 {
            call.outputs.push(RawBlock::from_size(BlockKind::Text, message.content.text.chars, 0));
        }
        for item in &message.content.items {
            self.add_output(index, item);
        }
    }

    /// Newer versions tell the effort of a response; it belongs to the key of the cache.
    fn note_effort(&mut self, record: &TranscriptRecord<'_>) {
        let name = record.effort.0;
        if !name.0.is_empty() {
            let effort = name.text_hash();
            self.transition.effort_switched |= self.effort.is_some_and(|before| before != effort);
            self.effort = Some(effort);
        }
    }

    /// What identifies the response; one without any id stands for itself.
    fn call_key(&self, record: &TranscriptRecord<'_>, message: &TranscriptMessage<'_>) -> CallKey {
        let ids = [message.id.0, record.uuid.0];
        if let Some(id) = ids.into_iter().find(|id| !id.is_empty()) {
            return CallKey::new(id, record.request_id.0);
        }
        let own = format!("{} {}", self.session.file, self.session.calls.len());
        CallKey::new(own.as_bytes(), record.request_id.0)
    }

    fn begin_call(
        &mut self,
        key: CallKey,
        message: &TranscriptMessage<'_>,
        at_ms: Option<i64>,
        usage: Usage,
    ) -> u32 {
        let index = self.session.calls.len() as u32;
        let model = intern_name(&mut self.session.models, &message.model.to_text());
        let before = self.session.calls.last().map_or(i64::MIN, |call| call.start_ms);
        let start_ms = self.pending_ms.or(at_ms).unwrap_or(0).max(before);
        let mut marks = CallMarks::empty();
        marks.set(CallMarks::HUMAN, std::mem::take(&mut self.human));
        self.session.calls.push(RawCall {
            model,
            start_ms,
            end_ms: start_ms,
            records: 0,
            usage,
            placeholder: false,
            marks,
            restart: ContextRestart::No,
            cache_break: CacheBreak::No,
            inputs: std::mem::take(&mut self.pending),
            outputs: Vec::new(),
        });
        self.pending_ms = None;
        if let Some(on) = self.thinking_wanted.take() {
            self.transition.effort_switched |= self.thinking.is_some_and(|before| before != on);
            self.thinking = Some(on);
        }
        self.transitions.push(std::mem::take(&mut self.transition));
        self.keys.push(key);
        self.call_by_key.insert(key, index);
        index
    }

    fn add_output(&mut self, index: u32, item: &ContentItem<'_>) {
        let place = (index, self.session.calls[index as usize].outputs.len() as u32);
        let block = match item.kind.0 {
            b"text" => RawBlock::from_size(BlockKind::Text, item.text.chars, 0),
            b"thinking" | b"redacted_thinking" => {
                self.thinking = Some(true);
                if item.thinking.0 == 0 {
                    self.hidden.push((place.0, place.1, item.signature.0.max(item.data.0)));
                }
                RawBlock::from_size(BlockKind::Thinking, item.thinking.0, 0)
            }
            b"tool_use" | b"server_tool_use" | b"mcp_tool_use" => self.add_tool_use(place, item),
            _ => return,
        };
        self.session.calls[index as usize].outputs.push(block);
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.session.calls.is_empty()
    }

    /// The finished session.
    pub fn into_draft(mut self) -> SessionDraft {
        self.session.records = self.session.calls.iter().map(|call| call.records).sum();
        if !self.timed {
            self.session.times_basis = Basis::Estimated;
        }
        session_completion::complete_session(&mut self.session, &self.transitions, &self.hidden);
        dispatches::make_orchestrator(&mut self.session, self.dispatches);
        SessionDraft {
            session: self.session,
            keys: self.keys,
            sidechain: self.sidechain,
            last_ms: self.last_ms,
            lineage: None,
        }
    }
}

/// Whether a prompt is a person's and opens a turn: not the output of a command, not a notice.
fn opens_turn(text: &[u8]) -> bool {
    const NOTICES: [&[u8]; 8] = [
        b"<local-command-",
        b"<bash-stdout>",
        b"<bash-stderr>",
        b"<task-notification>",
        b"<system-reminder>",
        b"<command-stdout>",
        b"Caveat: The messages below",
        b"[Request interrupted",
    ];
    let text = text.trim_ascii_start();
    !text.is_empty() && !NOTICES.iter().any(|notice| text.starts_with(notice))
}

/// A version as a triple; unknown counts as oldest.
fn parse_version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}
