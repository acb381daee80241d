//! One context window on its way from records to a raw session.

mod tools;

use super::wire::{Content, Item, Message, Record};
use crate::import::dispatch::{self, Dispatch};
use crate::import::finish::{self, Between};
use crate::import::{CallKey, Draft, intern, time};
use crate::recording::estimate;
use crate::recording::{
    Basis, BlockKind, CacheBreak, CallMarks, RawBlock, RawCall, RawSession, Restart, Role,
};
use crate::units::Usage;
use std::collections::HashMap;

/// Collects the records of one context window.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not a state")]
pub struct Thread {
    session: RawSession,
    keys: Vec<CallKey>,
    between: Vec<Between>,
    open: HashMap<CallKey, u32>,
    uses: HashMap<u64, tools::Use>,
    files: HashMap<u64, u32>,
    reads: HashMap<u64, u64>,
    pending: Vec<RawBlock>,
    pending_ms: Option<i64>,
    human: bool,
    now: Between,
    /// Whether thinking was on at the last call, and whether a prompt since asked for it.
    thinking: Option<bool>,
    thinking_wanted: Option<bool>,
    /// Fingerprint of the effort of the last call that told one.
    effort: Option<u64>,
    tool_uses: u32,
    asked: Option<(u32, u64)>,
    last_ms: i64,
    timed: bool,
    /// Signature characters of hidden thinking, by (call, output): tokens depend on the model.
    hidden: Vec<(u32, u32, u64)>,
    dispatches: Vec<Dispatch>,
    sidechain: bool,
    stream: bool,
}

impl Thread {
    /// An empty window. `stream`: its usage of output is always a placeholder.
    pub fn new(id: String, file: &str, role: Role, sidechain: bool, stream: bool) -> Self {
        let session = RawSession::new(id, file, role);
        Self {
            session,
            keys: Vec::new(),
            between: Vec::new(),
            open: HashMap::new(),
            uses: HashMap::new(),
            files: HashMap::new(),
            reads: HashMap::new(),
            pending: Vec::new(),
            pending_ms: None,
            human: false,
            now: Between::default(),
            thinking: None,
            thinking_wanted: None,
            effort: None,
            tool_uses: 0,
            asked: None,
            last_ms: i64::MIN,
            timed: false,
            hidden: Vec::new(),
            dispatches: Vec::new(),
            sidechain,
            stream,
        }
    }

    /// Names the session, once its own id is known.
    pub fn name(&mut self, id: String, pipeline: String) {
        self.session.id = id;
        self.session.pipeline = pipeline;
    }

    /// Names a side thread after the session that holds it.
    pub fn name_under(&mut self, session: &str) {
        self.session.id = format!("{session}/{}", self.session.id);
        session.clone_into(&mut self.session.pipeline);
    }

    /// Compaction, resume: what stands between calls.
    pub fn system(&mut self, record: &Record<'_>) {
        if record.subtype.0 == b"compact_boundary" {
            let trigger = record.compact_metadata.0.as_ref().map(|meta| &meta.trigger.0);
            let manual = trigger.is_some_and(|trigger| trigger == b"manual");
            let restart = if manual { Restart::ManualCompacted } else { Restart::AutoCompacted };
            self.now.compacted = Some(restart);
            self.reads.clear();
        }
    }

    /// A session start hook or a synthetic record: the history was sent anew.
    pub fn resumed(&mut self) {
        self.now.resumed = true;
    }

    /// Context that the harness adds beside the messages.
    pub fn attachment(&mut self, record: &Record<'_>) {
        let Some(attachment) = &record.attachment.0 else {
            return;
        };
        if attachment.hook_event.0 == b"SessionStart" {
            self.resumed();
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
            self.pending.push(RawBlock::plain(BlockKind::Unattributed, chars, 0));
        }
    }

    /// A message from outside: a prompt, a tool's result, a summary.
    pub fn user(&mut self, record: &Record<'_>) {
        let Some(message) = &record.message.0 else {
            return;
        };
        let summary = record.is_compact_summary == Some(true);
        if record.is_visible_in_transcript_only == Some(true) && !summary {
            return;
        }
        let at_ms = time::parse_ms(record.timestamp.0);
        self.pending_ms = at_ms.or(self.pending_ms);
        let meta = record.is_meta == Some(true);
        let kind = if summary { BlockKind::Summary } else { BlockKind::User };
        let mut prompt = false;
        if message.content.items.is_empty() {
            prompt |= self.prompt(kind, &message.content, meta);
        }
        let mut results = false;
        for item in &message.content.items {
            match item.kind.0 {
                b"tool_result" => {
                    results = true;
                    self.result(item, at_ms);
                }
                b"text" => {
                    let human = !meta && !summary && opens_turn(item.text.sample());
                    prompt = true;
                    self.human |= human && !self.sidechain;
                    self.pending.push(RawBlock::plain(kind, item.text.chars, 0));
                }
                b"image" | b"document" => {
                    self.pending.push(RawBlock::plain(kind, 0, estimate::PER_IMAGE));
                }
                _ => {}
            }
        }
        if prompt && !results && !summary {
            self.think(record, meta);
        }
    }

    fn prompt(&mut self, kind: BlockKind, content: &Content<'_>, meta: bool) -> bool {
        if content.text.chars == 0 {
            return false;
        }
        self.human |= !meta
            && kind == BlockKind::User
            && !self.sidechain
            && opens_turn(content.text.sample());
        self.pending.push(RawBlock::plain(kind, content.text.chars, 0));
        true
    }

    /// Versions 2.1.12 to 2.1.38 lost the cache when thinking was switched; a prompt says which.
    fn think(&mut self, record: &Record<'_>, meta: bool) {
        let skill = meta && !record.source_tool_use_id.0.is_empty();
        let switch = match &record.thinking_metadata.0 {
            Some(metadata) => Some(metadata.on()),
            None => (record.plan_content.0 > 0 || skill).then_some(false),
        };
        let version = version(&record.version.text());
        if let Some(on) = switch
            && ((2, 1, 12)..(2, 1, 39)).contains(&version)
        {
            self.thinking_wanted = Some(on);
        }
    }

    /// A record of a response. Records of one call share a key and may lie apart.
    pub fn assistant(&mut self, record: &Record<'_>, message: &Message<'_>, usage: Usage) {
        let key = self.key(record, message);
        let at_ms = time::parse_ms(record.timestamp.0);
        self.timed |= at_ms.is_some();
        let version_text = record.version.text();
        if self.session.version.is_empty() {
            self.session.version = version_text.to_string();
        }
        let index = match self.open.get(&key) {
            Some(&index) => index,
            None => {
                self.effort(record);
                self.begin(key, message, at_ms, usage)
            }
        };
        let call = &mut self.session.calls[index as usize];
        call.records += 1;
        call.usage = usage;
        let old = !version_text.is_empty() && version(&version_text) < (2, 1, 69);
        call.placeholder |= self.stream || old;
        if let Some(at_ms) = at_ms {
            call.end_ms = call.end_ms.max(at_ms);
            self.last_ms = self.last_ms.max(at_ms);
        }
        if message.content.text.chars > 0 {
            call.outputs.push(RawBlock::plain(BlockKind::Text, message.content.text.chars, 0));
        }
        for item in &message.content.items {
            self.output(index, item);
        }
    }

    /// Newer versions tell the effort of a response; it belongs to the key of the cache.
    fn effort(&mut self, record: &Record<'_>) {
        let name = record.effort.0;
        if !name.0.is_empty() {
            let effort = name.hash();
            self.now.effort_switched |= self.effort.is_some_and(|before| before != effort);
            self.effort = Some(effort);
        }
    }

    /// What identifies the response; one without any id stands for itself.
    fn key(&self, record: &Record<'_>, message: &Message<'_>) -> CallKey {
        let ids = [message.id.0, record.uuid.0];
        if let Some(id) = ids.into_iter().find(|id| !id.is_empty()) {
            return CallKey::new(id, record.request_id.0);
        }
        let own = format!("{} {}", self.session.file, self.session.calls.len());
        CallKey::new(own.as_bytes(), record.request_id.0)
    }

    fn begin(
        &mut self,
        key: CallKey,
        message: &Message<'_>,
        at_ms: Option<i64>,
        usage: Usage,
    ) -> u32 {
        let index = self.session.calls.len() as u32;
        let model = intern(&mut self.session.models, &message.model.text());
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
            restart: Restart::No,
            cache_break: CacheBreak::No,
            inputs: std::mem::take(&mut self.pending),
            outputs: Vec::new(),
        });
        self.pending_ms = None;
        if let Some(on) = self.thinking_wanted.take() {
            self.now.effort_switched |= self.thinking.is_some_and(|before| before != on);
            self.thinking = Some(on);
        }
        self.between.push(std::mem::take(&mut self.now));
        self.keys.push(key);
        self.open.insert(key, index);
        index
    }

    fn output(&mut self, index: u32, item: &Item<'_>) {
        let place = (index, self.session.calls[index as usize].outputs.len() as u32);
        let block = match item.kind.0 {
            b"text" => RawBlock::plain(BlockKind::Text, item.text.chars, 0),
            b"thinking" | b"redacted_thinking" => {
                self.thinking = Some(true);
                if item.thinking.0 == 0 {
                    self.hidden.push((place.0, place.1, item.signature.0.max(item.data.0)));
                }
                RawBlock::plain(BlockKind::Thinking, item.thinking.0, 0)
            }
            b"tool_use" | b"server_tool_use" | b"mcp_tool_use" => self.tool_use(place, item),
            _ => return,
        };
        self.session.calls[index as usize].outputs.push(block);
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.session.calls.is_empty()
    }

    /// The finished session.
    pub fn finish(mut self) -> Draft {
        self.session.records = self.session.calls.iter().map(|call| call.records).sum();
        if !self.timed {
            self.session.times_basis = Basis::Estimated;
        }
        finish::finish(&mut self.session, &self.between, &self.hidden);
        dispatch::orchestrate(&mut self.session, self.dispatches);
        Draft {
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
fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}
