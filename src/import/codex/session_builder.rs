//! One rollout on its way from lines to a raw session.
//!
//! A response is written piece by piece, its tools may have answered before its usage is told: what
//! enters after the first piece belongs to the next call.

use super::lenient_shapes::ContentPieces;
use super::message_inputs::is_added_by_harness;
use super::session_identity::SessionIdentity;
use super::tool_uses::RolloutToolUse;
use super::usage_counter::UsageCounter;
use super::wire::{CompactedRecord, RolloutItem, SessionHead, TurnContext};
use crate::import::json_escapes::count_chars;
use crate::import::session_completion::CallTransition;
use crate::import::{CallKey, intern_name};
use crate::recording::{
    BlockKind, BlockMarks, CacheTier, CallMarks, ContextRestart, Packet, RawBlock, RawSession, Role,
};
use std::collections::HashMap;

/// A compaction below so many percent of the window, in a turn without a prompt, was asked for by
/// hand. Source: MODEL.md, "Accounting".
const AUTO_PERCENT: i64 = 75;

/// Collects the lines of one rollout.
#[derive(Debug)]
pub struct RolloutSessionBuilder {
    pub(super) session: RawSession,
    pub(super) identity: SessionIdentity,
    pub(super) counter: UsageCounter,
    pub(super) keys: Vec<CallKey>,
    pub(super) transitions: Vec<CallTransition>,
    /// Reasoning tokens of each call.
    pub(super) reasoning: Vec<i64>,
    pub(super) uses: HashMap<u64, RolloutToolUse>,
    pub(super) files: HashMap<u64, u32>,
    pub(super) reads: HashMap<u64, u64>,
    pub(super) tool_uses: u32,
    pub(super) last_forge_question: Option<(u32, u64)>,
    /// What the call in flight was sent, what it produced, and what came since.
    pub(super) inputs: Vec<RawBlock>,
    pub(super) outputs: Vec<RawBlock>,
    pub(super) later: Vec<RawBlock>,
    pub(super) input_ms: Option<i64>,
    pub(super) later_ms: Option<i64>,
    pub(super) output_ms: Option<i64>,
    pub(super) packets: Vec<(u64, Packet)>,
    pub(super) human: bool,
    pub(super) transition: CallTransition,
    pub(super) model: u16,
    effort: Option<u64>,
    pub(super) window: i64,
    /// A prompt or a call has come since the turn began.
    pub(super) prompted: bool,
    /// Characters of the system prompt, and of what the harness added before anybody spoke.
    base_chars: u64,
    pub(super) added_chars: u64,
    pub(super) last_ms: i64,
    pub(super) timed: bool,
    /// The line that is being read.
    pub line: u64,
}

impl RolloutSessionBuilder {
    /// A thread of which nothing is known but its file.
    pub fn new(label: &str) -> Self {
        let mut session = RawSession::new(String::new(), label, Role::Main);
        session.tier = Some(CacheTier::Automatic);
        Self {
            session,
            identity: SessionIdentity::new(label),
            counter: UsageCounter::default(),
            keys: Vec::new(),
            transitions: Vec::new(),
            reasoning: Vec::new(),
            uses: HashMap::new(),
            files: HashMap::new(),
            reads: HashMap::new(),
            tool_uses: 0,
            last_forge_question: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            later: Vec::new(),
            input_ms: None,
            later_ms: None,
            output_ms: None,
            packets: Vec::new(),
            human: false,
            transition: CallTransition::default(),
            model: 0,
            effort: None,
            window: 0,
            prompted: false,
            base_chars: 0,
            added_chars: 0,
            last_ms: i64::MIN,
            timed: false,
            line: 1,
        }
    }

    /// Notes the time of a line.
    pub fn note_time(&mut self, at_ms: Option<i64>) {
        self.timed |= at_ms.is_some();
        self.last_ms = self.last_ms.max(at_ms.unwrap_or(i64::MIN));
    }

    /// The head of a thread.
    pub fn add_head(&mut self, head: &SessionHead<'_>, at_ms: Option<i64>) {
        if !self.identity.take_head(head, at_ms) {
            return;
        }
        self.session.version = head.cli_version.to_text().into_owned();
        let told = head.base_instructions.0.as_ref();
        let base = told.map_or(head.instructions, |base| base.text);
        self.base_chars = count_chars(base.0);
        if self.base_chars > 0 {
            self.inputs.insert(0, RawBlock::from_size(BlockKind::System, self.base_chars, 0));
        }
    }

    /// Model and effort of what follows.
    pub fn add_turn_context(&mut self, turn: &TurnContext<'_>) {
        if !turn.model.0.is_empty() {
            self.model = intern_name(&mut self.session.models, &turn.model.to_text());
        }
        if !turn.effort.0.is_empty() {
            let effort = turn.effort.text_hash();
            self.transition.effort_switched |= self.effort.is_some_and(|before| before != effort);
            self.effort = Some(effort);
        }
    }

    /// A piece of the conversation; the answer is what is wrong with it, if anything is.
    pub fn add_item(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) -> Option<&'static str> {
        let before = self.outputs.len();
        match item.kind.0 {
            b"message" if item.role.0 == b"assistant" => {
                for piece in &item.content.0 {
                    self.add_output(RawBlock::from_size(
                        BlockKind::Text,
                        count_chars(piece.text.0),
                        0,
                    ));
                }
            }
            b"message" => return self.add_message(item, at_ms),
            b"reasoning" => self.add_output(RawBlock::from_size(BlockKind::Thinking, 0, 0)),
            b"function_call" => {
                let name = item.name.to_text();
                self.add_tool_use(&name, item.arguments.0, item.call_id.0, at_ms);
            }
            b"custom_tool_call" => {
                self.add_tool_use(&item.name.to_text(), item.input.0, item.call_id.0, at_ms);
            }
            b"local_shell_call" => self.add_local_shell_call(item, at_ms),
            b"web_search_call" => {
                let query = item.action.0.as_ref().map_or(&b""[..], |action| action.query.0);
                self.add_tool_use("web_search", query, item.call_id.0, at_ms);
            }
            b"function_call_output" | b"custom_tool_call_output" | b"local_shell_call_output" => {
                self.add_tool_result(item, at_ms);
            }
            b"agent_message" => {
                let size = item.content.0.iter().map(|piece| count_chars(piece.text.0)).sum();
                self.add_input(RawBlock::from_size(BlockKind::Report, size, 0), at_ms);
            }
            _ => {}
        }
        if self.outputs.len() > before {
            self.output_ms = at_ms.or(self.output_ms);
        }
        None
    }

    /// Older shells name their words in a list.
    fn add_local_shell_call(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) {
        let words = item.action.0.as_ref().map_or(&[][..], |action| &action.command.0);
        let words: Vec<_> =
            words.iter().map(crate::import::measured_text::ShortText::to_text).collect();
        let arguments = serde_json::json!({ "command": words }).to_string();
        let raw = serde_json::Value::from(arguments).to_string();
        self.add_tool_use("local_shell", &raw.as_bytes()[1..raw.len() - 1], item.call_id.0, at_ms);
    }

    /// What happened beside the conversation.
    pub fn add_event(&mut self, kind: &[u8]) {
        match kind {
            b"user_message" => {
                self.human = true;
                self.prompted = true;
            }
            b"task_started" | b"turn_started" => {
                self.abandon_response();
                self.prompted = false;
            }
            b"turn_aborted" => self.abandon_response(),
            b"thread_rolled_back" => {
                // What nobody has sent yet goes with the turns that are taken back.
                self.abandon_response();
                self.inputs.clear();
                self.packets.clear();
            }
            b"context_compacted"
                if self.transition.compacted.is_none() && !self.was_just_compacted() =>
            {
                self.note_compaction();
            }
            _ => {}
        }
    }

    /// Newer versions tell of a compaction after it has taken its place.
    fn was_just_compacted(&self) -> bool {
        self.outputs.is_empty()
            && self.transitions.last().is_some_and(|last| last.compacted.is_some())
    }

    /// A history was put in the place of the context.
    pub fn replace_history(&mut self, compacted: &CompactedRecord<'_>) {
        self.abandon_response();
        // The call that wrote the summary, where it was counted, shows nothing else.
        if let Some(last) = self.session.calls.last_mut().filter(|call| call.outputs.is_empty()) {
            let summary = count_chars(compacted.message.0);
            if summary > 0 {
                last.outputs.push(RawBlock::from_size(BlockKind::Text, summary, 0));
            }
        }
        self.note_compaction();
        let (mut system, mut summary) = (self.base_chars, count_chars(compacted.message.0));
        let history = &compacted.replacement_history.0;
        if history.is_empty() {
            system += self.added_chars;
        }
        for message in history {
            let ContentPieces(pieces) = &message.content;
            let size: u64 = pieces.iter().map(|piece| count_chars(piece.text.0)).sum();
            let part = if is_added_by_harness(message.role.0, pieces) {
                &mut system
            } else {
                &mut summary
            };
            *part += size;
        }
        let mut inputs = Vec::new();
        if system > 0 {
            inputs.push(RawBlock::from_size(BlockKind::System, system, 0));
        }
        inputs.push(RawBlock::from_size(BlockKind::Summary, summary, 0));
        // What came before the history belongs to it; a prompt that waits comes after it.
        let waiting = std::mem::take(&mut self.inputs);
        inputs.extend(waiting.into_iter().filter(|block| block.kind == BlockKind::User));
        self.inputs = inputs;
    }

    fn note_compaction(&mut self) {
        let before = self.session.calls.last().map_or(0, |call| call.usage.context_tokens());
        let early = before * 100 < self.window * AUTO_PERCENT;
        let by_hand = early && !self.prompted;
        let restart =
            if by_hand { ContextRestart::ManualCompacted } else { ContextRestart::AutoCompacted };
        self.transition.compacted = Some(restart);
        self.reads.clear();
    }

    /// Whether a response is in flight of which nothing more can come but its usage.
    pub(super) fn is_answered(&self) -> bool {
        let index = self.session.calls.len() as u32;
        let uses = self.outputs.iter().filter(|block| block.kind == BlockKind::ToolInput).count();
        let results = self.later.iter().filter_map(|block| block.peer);
        !self.outputs.is_empty() && results.filter(|peer| peer.0 == index).count() >= uses
    }

    /// A response whose usage is never told (broken off, or copied from another thread): what it
    /// left stays in the context.
    pub(super) fn abandon_response(&mut self) {
        if self.outputs.is_empty() {
            return;
        }
        let lost = self.session.calls.len() as u32;
        let chars = self.outputs.drain(..).map(|block| block.chars).sum();
        self.inputs.push(RawBlock::from_size(BlockKind::Unattributed, chars, 0));
        for mut block in self.later.drain(..) {
            block.peer = block.peer.filter(|peer| peer.0 != lost);
            self.inputs.push(block);
        }
        self.uses.retain(|_, used| used.peer.0 != lost);
        self.input_ms = self.later_ms.take().or(self.input_ms);
        self.output_ms = None;
    }

    /// Something that enters the context.
    pub(super) fn add_input(&mut self, block: RawBlock, at_ms: Option<i64>) {
        if self.outputs.is_empty() {
            self.inputs.push(block);
            self.input_ms = at_ms.or(self.input_ms);
        } else {
            self.later.push(block);
            self.later_ms = at_ms.or(self.later_ms);
        }
    }

    /// Something that the call in flight produced.
    pub(super) fn add_output(&mut self, block: RawBlock) {
        self.outputs.push(block);
    }

    /// The place of the next output.
    pub(super) fn next_output_place(&self) -> (u32, u32) {
        (self.session.calls.len() as u32, self.outputs.len() as u32)
    }

    /// Marks an output of a call, which may still be in flight.
    pub(super) fn mark_output(&mut self, (call, output): (u32, u32), marks: BlockMarks) {
        let aborted = marks.contains(BlockMarks::ABORTED_RUN);
        let outputs = match self.session.calls.get_mut(call as usize) {
            Some(call) => {
                call.marks.set(
                    CallMarks::ABORTED_RUN,
                    aborted || call.marks.contains(CallMarks::ABORTED_RUN),
                );
                &mut call.outputs
            }
            None => &mut self.outputs,
        };
        if let Some(block) = outputs.get_mut(output as usize) {
            block.marks |= marks;
        }
    }

    /// A packet wakes the thread: the next call is made for it.
    pub(super) fn add_packet(&mut self, packet: Packet) {
        self.packets.push((self.line, packet));
    }
}
