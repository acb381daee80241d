//! One context window on its way from records to a raw session.

use super::call_lookup::CallLookup;
use super::cleared_results::ResultPlaces;
use super::hidden_thinking::WithheldThinking;
use super::prompt_text::opens_turn;
use super::tool_uses::{
    content_hash, describe_result, describe_tool_use, dispatch_of, leading_sample,
};
use super::wire::{ContentItem, MessageContent, TranscriptMessage, TranscriptRecord};
use super::wire_usage::WireUsage;
use crate::import::copied_calls::is_fuller;
use crate::import::dispatches::{self, OrderDispatch};
use crate::import::parsed_file::{
    CallIdentity, CallKey, SessionDraft, intern_name, prompt_classes,
};
use crate::import::transcript::{ToldTimes, TranscriptCore, plain_call};
use crate::kinds::NamedValue;
use crate::models::harness_version::HarnessVersion;
use crate::recording::{
    BlockKind, CallFacts, CallMarks, RawBlock, RawCall, RawSession, Role, ToldMissReason, estimate,
};
use crate::units::Usage;
use std::borrow::Cow;

/// Collects the records of one context window.
pub(super) struct TranscriptSessionBuilder {
    core: TranscriptCore,
    calls: CallLookup,
    /// Version of the harness, for records that do not name it.
    version: String,
    /// Only another session's records tell of this one.
    is_retold: bool,
    /// What enters the context with the next call, and when the last of it came.
    pending: Vec<RawBlock>,
    pending_ms: Option<i64>,
    /// Whether thinking was on at the last call, and whether a prompt since asked for it.
    thinking: Option<bool>,
    thinking_wanted: Option<bool>,
    withheld: WithheldThinking,
    results: ResultPlaces,
    dispatches: Vec<OrderDispatch>,
    sidechain: bool,
    stream: bool,
}

impl TranscriptSessionBuilder {
    /// An empty window. `stream`: its usage of output is always a placeholder.
    pub(super) fn new(id: String, file: &str, role: Role, sidechain: bool, stream: bool) -> Self {
        Self {
            core: TranscriptCore::new(RawSession::new(id, file, role)),
            calls: CallLookup::default(),
            version: String::new(),
            is_retold: false,
            pending: Vec::new(),
            pending_ms: None,
            thinking: None,
            thinking_wanted: None,
            withheld: WithheldThinking::default(),
            results: ResultPlaces::default(),
            dispatches: Vec::new(),
            sidechain,
            stream,
        }
    }

    /// Names the session, once its own id is known.
    pub(super) fn set_ids(&mut self, id: String, pipeline: String) {
        self.core.session.id = id;
        self.core.session.pipeline = pipeline;
    }

    /// Names a subagent's session after the session that holds it.
    pub(super) fn set_ids_under(&mut self, session: &str) {
        self.set_ids(format!("{session}/{}", self.core.session.id), session.to_owned());
    }

    /// Says that another session's records tell of this one, and which version wrote them.
    pub(super) fn mark_retold(&mut self, version: &str) {
        self.is_retold = true;
        version.clone_into(&mut self.version);
    }

    /// What leaves the context between calls: all of it, or some results.
    pub(super) fn add_system_record(&mut self, record: &TranscriptRecord<'_>) {
        match (record.subtype.0, &record.microcompact_metadata.0) {
            (b"compact_boundary", _) => {
                let metadata = record.compact_metadata.0.as_ref();
                self.core.note_compaction(metadata.is_some_and(|data| data.trigger.0 == b"manual"));
            }
            (b"microcompact_boundary", Some(metadata)) => {
                self.results.end_cleared_results(metadata, &mut self.core);
            }
            _ => {}
        }
    }

    /// A session start hook or a synthetic record: the history was sent anew.
    pub(super) fn note_resume(&mut self) {
        self.core.transition.resumed = true;
    }

    /// Context that the harness adds beside the messages.
    pub(super) fn add_attachment(&mut self, record: &TranscriptRecord<'_>) {
        let Some(attachment) = &record.attachment.0 else { return };
        if attachment.hook_event.0 == b"SessionStart" {
            self.note_resume();
        }
        match attachment.kind.0 {
            // Shown to the person, not sent. Source: MODEL.md, "Content rates".
            b"hook_success" | b"hook_system_message" | b"command_permissions" => return,
            b"queued_command" => self.core.human |= !self.sidechain,
            _ => {}
        }
        // The same text may stand in several fields: the longest of them is what was sent.
        let lengths = [
            attachment.content.0,
            attachment.prompt.0,
            attachment.added_lines.0,
            attachment.snippet.0,
            attachment.added_blocks.0,
            attachment.files.0,
        ];
        let chars = lengths.into_iter().max().unwrap_or(0);
        if chars > 0 {
            self.pending.push(RawBlock::from_size(BlockKind::Unattributed, chars, 0));
        }
    }

    /// A message from outside: a prompt, a tool's result, a summary.
    pub(super) fn add_user_record(&mut self, record: &TranscriptRecord<'_>) {
        let Some(message) = &record.message.0 else { return };
        let summary = record.is_compact_summary == Some(true);
        // Shown to the person and never sent, unless it is the summary itself.
        if record.is_visible_in_transcript_only == Some(true) && !summary {
            return;
        }
        let at_ms = record.timestamp.0;
        // The next call leaves when the last of its inputs is there.
        self.pending_ms = at_ms.or(self.pending_ms);
        let meta = record.is_meta == Some(true);
        let kind = if summary { BlockKind::Summary } else { BlockKind::User };
        // What the harness says in the user's name, and a summary, are no words of a person.
        let may_be_human = !meta && !summary && !self.sidechain;
        let (mut has_prompt, mut has_result) = (false, false);
        if message.content.items.is_empty() && message.content.text.chars > 0 {
            has_prompt = true;
            let text = &message.content.text;
            self.core.human |= may_be_human && opens_turn(text.leading_sample());
            self.pending.push(RawBlock::from_size(kind, text.chars, 0));
        }
        for item in &message.content.items {
            match item.kind.0 {
                b"tool_result" => {
                    has_result = true;
                    self.add_tool_result(item, at_ms);
                }
                b"text" => {
                    has_prompt = true;
                    self.core.human |= may_be_human && opens_turn(item.text.leading_sample());
                    self.pending.push(RawBlock::from_size(kind, item.text.chars, 0));
                }
                b"image" | b"document" => {
                    self.pending.push(RawBlock::from_size(kind, 0, estimate::PER_IMAGE));
                }
                _ => {}
            }
        }
        // Text beside a result is a reminder of the harness: it switches nothing.
        if has_prompt && !has_result && !summary {
            self.note_thinking_switch(record, meta);
        }
    }

    fn add_tool_result(&mut self, item: &ContentItem<'_>, at_ms: Option<i64>) {
        let content: &MessageContent<'_> = &item.content;
        // Without a time in any response the calls' times are made up, and no duration is known.
        let at_ms = at_ms.filter(|_| self.core.timed);
        let (block, learned) = self.core.add_tool_result(
            &describe_result(item, at_ms),
            || content_hash(content),
            || Cow::Borrowed(leading_sample(content)),
        );
        if let Some((place, marks)) = learned {
            self.core.mark_output(place, marks);
        }
        let tool_use = item.tool_use_id.text_hash();
        self.results.note_result(tool_use, self.core.next_call(), self.pending.len());
        self.pending.push(block);
    }

    /// Versions 2.1.12 to 2.1.38 lost the cache when thinking was switched; a prompt says which.
    fn note_thinking_switch(&mut self, record: &TranscriptRecord<'_>, meta: bool) {
        // A plan that was accepted and a skill's own prompt are sent with thinking off.
        let skill = meta && !record.source_tool_use_id.0.is_empty();
        let switch = match &record.thinking_metadata.0 {
            Some(metadata) => Some(metadata.is_on()),
            None => (record.plan_content.0 > 0 || skill).then_some(false),
        };
        let version = HarnessVersion::parse(&record.version.to_text());
        let switches = HarnessVersion(2, 1, 12)..HarnessVersion(2, 1, 39);
        if switch.is_some() && version.is_some_and(|version| switches.contains(&version)) {
            self.thinking_wanted = switch;
        }
    }

    /// A record of a response. Records of one call share a key and may lie apart.
    pub(super) fn add_response_record(
        &mut self,
        record: &TranscriptRecord<'_>,
        message: &TranscriptMessage<'_>,
        wire_usage: &WireUsage,
        is_known_row: bool,
    ) {
        let key = self.call_key(record, message);
        let told = wire_usage.billed_usage();
        let at_ms = record.timestamp.0;
        self.core.note_time(at_ms);
        let version_text = match record.version.0 {
            b"" => Cow::Owned(self.version.clone()),
            _ => record.version.to_text(),
        };
        if self.core.session.version.is_empty() {
            self.core.session.version = version_text.to_string();
        }
        let index = match self.calls.find_call(key, prompt_classes(&told)) {
            Some(index) => index,
            None => {
                // Newer versions tell the effort of a response.
                self.core.note_effort(&record.effort);
                self.begin_call(key, message, at_ms, told)
            }
        };
        self.core.identities[index as usize].add_time(at_ms);
        self.take_usage(index, told, message, wire_usage);
        // A row that is there again adds nothing to its call but what it may know of the usage.
        if is_known_row {
            return;
        }
        self.core.note_call_end(index, at_ms);
        let call = &mut self.core.session.calls[index as usize];
        call.records += 1;
        // Before this version, and in streams, the output of a response is a placeholder.
        let old = HarnessVersion::parse(&version_text)
            .is_some_and(|version| version < HarnessVersion(2, 1, 69));
        call.placeholder |= self.stream || old;
        if message.content.text.chars > 0 {
            call.outputs.push(RawBlock::from_size(BlockKind::Text, message.content.text.chars, 0));
        }
        for item in &message.content.items {
            self.add_output(index, item);
        }
        self.note_call_facts(index, record, message);
    }

    /// What a record says of its call beside usage, times and content.
    fn note_call_facts(
        &mut self,
        index: u32,
        record: &TranscriptRecord<'_>,
        message: &TranscriptMessage<'_>,
    ) {
        if let Some(tokens) = message.usage.0.as_ref().and_then(WireUsage::thinking_tokens) {
            self.withheld.note_told(index, tokens);
        }
        let session = &mut self.core.session;
        let [skill, server] =
            [&record.attribution_skill, &record.attribution_mcp_server].map(|name| {
                (!name.0.is_empty()).then(|| intern_name(&mut session.labels, &name.to_text()))
            });
        let reason =
            message.diagnostics.0.as_ref().and_then(|said| said.cache_miss_reason.0.as_ref());
        let facts = &mut session.calls[index as usize].facts;
        // Of several records of one call not all need say it.
        facts.skill = skill.or(facts.skill);
        facts.server = server.or(facts.server);
        if let Some(reason) = reason {
            let told = ToldMissReason::from_name(&reason.kind.to_text());
            facts.told_miss = told.unwrap_or(ToldMissReason::Other);
        }
    }

    /// Takes what a record says of the usage of its call, if it says more than those before it.
    fn take_usage(
        &mut self,
        index: u32,
        told: Usage,
        message: &TranscriptMessage<'_>,
        wire_usage: &WireUsage,
    ) {
        let identity: &mut CallIdentity = &mut self.core.identities[index as usize];
        let call = &mut self.core.session.calls[index as usize];
        // Usage grows while a response streams: the fullest has what was billed.
        let is_more = is_fuller(&told, &identity.told);
        // So do the conditions that stand beside it. Equal statements may each tell some of them.
        if is_more || told == identity.told {
            let facts = wire_usage.price_facts(&message.model.to_text());
            let known = if is_more { CallFacts::default() } else { call.facts };
            call.facts.modifiers = known.modifiers | facts.modifiers;
            call.facts.web_searches = known.web_searches.max(facts.web_searches);
        }
        // An equal statement counts only where it brings the list of samplings.
        let has_samplings = !wire_usage.iterations.0.is_empty();
        if !is_more && (told != identity.told || !has_samplings) {
            return;
        }
        let (usage, further) = wire_usage.split_samplings(&message.model.to_text());
        (identity.told, call.usage) = (told, usage);
        // What an earlier statement told beyond the call goes with it.
        self.core.beyond.remove(&index);
        if !further.is_empty() {
            self.core.beyond.insert(index, further);
        }
    }

    /// What identifies the response; one without any id stands for itself.
    fn call_key(&self, record: &TranscriptRecord<'_>, message: &TranscriptMessage<'_>) -> CallKey {
        let ids = [message.id.0, record.request_id.0, record.uuid.0];
        if let Some(id) = ids.into_iter().find(|id| !id.is_empty()) {
            return CallKey::new(id, record.request_id.0);
        }
        let own = format!("{} {}", self.core.session.file, self.core.next_call());
        CallKey::new(own.as_bytes(), record.request_id.0)
    }

    fn begin_call(
        &mut self,
        key: CallKey,
        message: &TranscriptMessage<'_>,
        at_ms: Option<i64>,
        usage: Usage,
    ) -> u32 {
        let index = self.core.next_call();
        let session = &mut self.core.session;
        let model = intern_name(&mut session.models, &message.model.to_text());
        // A call leaves when the last of its inputs is there, and never before the one before it.
        let before = session.calls.last().map_or(i64::MIN, |call| call.start_ms);
        let told = ToldTimes { start_ms: self.pending_ms.take().or(at_ms), end_ms: None };
        let start_ms = told.start_ms.unwrap_or(0).max(before);
        let mut call = plain_call(model, start_ms, start_ms, usage);
        // Its records are counted as they come, this one included.
        call.records = 0;
        call.marks.set(CallMarks::HUMAN, std::mem::take(&mut self.core.human));
        call.inputs = std::mem::take(&mut self.pending);
        // The first prompt that says so switches nothing: there must be a state before it.
        if let Some(on) = self.thinking_wanted.take() {
            let before = self.thinking.replace(on);
            self.core.transition.effort_switched |= before.is_some_and(|before| before != on);
        }
        self.core.push_call(key, call, told);
        self.calls.insert_call(key, prompt_classes(&usage), index);
        index
    }

    fn add_output(&mut self, index: u32, item: &ContentItem<'_>) {
        let output = self.core.session.calls[index as usize].outputs.len() as u32;
        let block = match item.kind.0 {
            b"text" => RawBlock::from_size(BlockKind::Text, item.text.chars, 0),
            b"thinking" | b"redacted_thinking" => {
                self.thinking = Some(true);
                // Thinking that is withheld or summed up shows in the length of its signature.
                let signature = item.signature.0.max(item.data.0);
                if item.thinking.0 == 0 || signature > 0 {
                    self.withheld.add_block(index, output, signature);
                }
                RawBlock::from_size(BlockKind::Thinking, item.thinking.0, 0)
            }
            b"tool_use" | b"server_tool_use" | b"mcp_tool_use" => {
                self.add_tool_use((index, output), item)
            }
            _ => return,
        };
        self.core.session.calls[index as usize].outputs.push(block);
    }

    fn add_tool_use(&mut self, place: (u32, u32), item: &ContentItem<'_>) -> RawBlock {
        let name = item.name.to_text();
        let used = describe_tool_use(item, &name);
        // A copied record repeats its tool use, which dispatches nothing a second time.
        if !self.core.has_tool_use(used.id) {
            self.dispatches.extend(dispatch_of(item, &name, place.0));
        }
        let started_ms = self.core.session.calls[place.0 as usize].end_ms;
        self.core.add_tool_use(place, &used, Some(started_ms))
    }

    /// The calls so far.
    pub(super) fn calls(&self) -> &[RawCall] {
        &self.core.session.calls
    }

    /// The finished session.
    pub(super) fn into_draft(mut self) -> SessionDraft {
        let hidden = self.withheld.share_told();
        self.core.complete_session(&hidden);
        dispatches::make_orchestrator(&mut self.core.session, self.dispatches);
        let draft = self.core.into_draft(self.sidechain, None);
        SessionDraft { is_retold: self.is_retold, ..draft }
    }
}
