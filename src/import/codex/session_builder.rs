//! One rollout on its way from lines to a raw session.
//!
//! A response is written piece by piece, its tools may have answered before its usage is told: what
//! enters after the first piece belongs to the next call.

use super::lenient_shapes::ContentPieces;
use super::message_inputs::{is_added_by_harness, read_message};
use super::session_identity::SessionIdentity;
use super::tool_uses::{content_hash, describe_result, describe_tool_use, leading_output};
use super::usage_counter::UsageCounter;
use super::wire::{CompactedRecord, RolloutItem, SessionHead, ThreadSettings, TurnContext};
use crate::import::json_escapes::count_chars;
use crate::import::measured_text::ShortText;
use crate::import::parsed_file::intern_name;
use crate::import::price_words::PriceWord;
use crate::import::skip::SkipReason;
use crate::import::transcript::{OutputPlace, TranscriptCore};
use crate::recording::{
    BlockKind, BlockMarks, CacheTier, Packet, PriceModifiers, RawBlock, RawSession, Role,
};
use std::borrow::Cow;

/// A compaction below so many percent of the window, in a turn without a prompt, was asked for by
/// hand. Source: MODEL.md, "Accounting".
const AUTO_PERCENT: i64 = 75;

/// Collects the lines of one rollout.
#[derive(Debug)]
pub(super) struct RolloutSessionBuilder {
    pub core: TranscriptCore,
    pub identity: SessionIdentity,
    pub counter: UsageCounter,
    /// Reasoning tokens of each call.
    pub reasoning: Vec<i64>,
    /// What stands before all else that the call in flight was sent: system prompt and summary.
    pub head: Vec<RawBlock>,
    /// What the call in flight was sent, what it produced, and what came since.
    pub inputs: Vec<RawBlock>,
    /// So many of the first inputs are prompts that an earlier compaction has left.
    pub kept_prompts: usize,
    pub outputs: Vec<RawBlock>,
    pub later: Vec<RawBlock>,
    /// Tool uses of the call in flight without a result.
    pub unanswered: i64,
    pub input_ms: Option<i64>,
    pub later_ms: Option<i64>,
    pub output_ms: Option<i64>,
    /// Packets that wait for the call that is made for them, with their lines.
    pub packets: Vec<(u64, Packet)>,
    pub model: u16,
    /// The service tier of what follows.
    pub tier: PriceModifiers,
    /// The context window, tokens.
    pub window: i64,
    /// A prompt or a call has come since the turn began.
    pub prompted: bool,
    /// Characters of the system prompt, and of what the harness added before anybody spoke.
    base_chars: u64,
    added_chars: u64,
    /// The line that is being read.
    pub line: u64,
}

impl RolloutSessionBuilder {
    /// A session of which nothing is known but its file.
    pub fn new(label: &str) -> Self {
        let mut session = RawSession::new(String::new(), label, Role::Main);
        session.tier = Some(CacheTier::Automatic);
        Self {
            core: TranscriptCore::new(session),
            identity: SessionIdentity::new(label),
            counter: UsageCounter::default(),
            reasoning: Vec::new(),
            head: Vec::new(),
            inputs: Vec::new(),
            kept_prompts: 0,
            outputs: Vec::new(),
            later: Vec::new(),
            unanswered: 0,
            input_ms: None,
            later_ms: None,
            output_ms: None,
            packets: Vec::new(),
            model: 0,
            tier: PriceModifiers::empty(),
            window: 0,
            prompted: false,
            base_chars: 0,
            added_chars: 0,
            line: 1,
        }
    }

    /// Notes the line that comes next.
    pub fn note_line(&mut self, number: u64, line: &[u8]) {
        self.line = number;
        self.identity.note_line(line);
    }

    /// The head of a session.
    pub fn add_head(&mut self, head: &SessionHead<'_>, at_ms: Option<i64>) {
        // Heads of other sessions come with what was copied from these.
        if !self.identity.take_head(head, at_ms) {
            return;
        }
        self.core.session.version = head.cli_version.to_text().into_owned();
        let base = head.base_instructions.0.as_ref().map_or(head.instructions, |base| base.text);
        self.base_chars = count_chars(base.0);
        if self.base_chars > 0 {
            self.head.push(RawBlock::from_size(BlockKind::System, self.base_chars, 0));
        }
    }

    /// Model, effort and service tier of what follows.
    pub fn add_turn_context(&mut self, turn: &TurnContext<'_>) {
        // A turn that tells no tier keeps the one that was set for the thread.
        if let Some(tier) = turn.service_tier {
            self.set_service_tier(tier);
        }
        self.set_model(turn.model);
        self.core.note_effort(&turn.effort);
    }

    /// Settings are told whole: where they tell no tier, none is set any more.
    pub fn add_thread_settings(&mut self, settings: &ThreadSettings<'_>) {
        self.set_service_tier(settings.service_tier.unwrap_or_default());
        self.set_model(settings.model);
    }

    fn set_model(&mut self, model: ShortText<'_>) {
        if !model.0.is_empty() {
            self.model = intern_name(&mut self.core.session.models, &model.to_text());
        }
    }

    /// The tier of what follows. Priority processing has two names, of which the newer is fast.
    fn set_service_tier(&mut self, PriceWord(mut tier): PriceWord) {
        if tier.contains(PriceModifiers::FAST) {
            tier = PriceModifiers::PRIORITY;
        }
        self.tier = tier;
    }

    /// A piece of the conversation; the answer is what is wrong with it, if anything is.
    pub fn add_item(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) -> Option<SkipReason> {
        let before = self.outputs.len();
        match item.kind.0 {
            // What the assistant says is output; every other message enters the next prompt.
            b"message" if item.role.0 == b"assistant" => {
                self.outputs.extend(item.content.0.iter().map(|piece| {
                    RawBlock::from_size(BlockKind::Text, count_chars(piece.text.0), 0)
                }));
            }
            b"message" => return self.add_message(item, at_ms),
            // It is encrypted: its size comes from the usage of its call.
            b"reasoning" => self.outputs.push(RawBlock::from_size(BlockKind::Thinking, 0, 0)),
            b"function_call" => self.add_tool_use(&item.name, item.arguments.0, item, at_ms),
            b"custom_tool_call" => self.add_tool_use(&item.name, item.input.0, item, at_ms),
            b"local_shell_call" => self.add_local_shell_call(item, at_ms),
            b"web_search_call" => {
                let query = item.action.0.as_ref().map_or(&b""[..], |action| action.query.0);
                self.add_tool_use(&ShortText(b"web_search"), query, item, at_ms);
            }
            b"function_call_output" | b"custom_tool_call_output" | b"local_shell_call_output" => {
                self.add_tool_result(item, at_ms);
            }
            b"agent_message" => {
                let chars = total_chars(&item.content);
                self.add_input(RawBlock::from_size(BlockKind::Report, chars, 0), at_ms);
            }
            _ => {}
        }
        // The response lasts as long as it produces anything.
        if self.outputs.len() > before {
            self.output_ms = at_ms.or(self.output_ms);
        }
        None
    }

    /// A message from outside; the answer is what is wrong with it, if anything is.
    fn add_message(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) -> Option<SkipReason> {
        // Somebody speaks although all tools have answered: the response was broken off.
        if item.role.0 == b"user" && self.is_answered() {
            self.abandon_response();
        }
        let inputs = read_message(item, self.core.session.calls.is_empty());
        for block in inputs.blocks {
            self.add_input(block, at_ms);
        }
        self.added_chars += inputs.added_chars;
        // A packet wakes the session: the next call is made for it.
        self.packets.extend(inputs.packets.into_iter().map(|packet| (self.line, packet)));
        inputs.fault
    }

    /// A tool use of the response in flight.
    fn add_tool_use(
        &mut self,
        name: &ShortText<'_>,
        raw_arguments: &[u8],
        item: &RolloutItem<'_>,
        at_ms: Option<i64>,
    ) {
        let name = name.to_text();
        let used = describe_tool_use(&name, raw_arguments, item.call_id.0);
        // The call has no usage yet: it will be the next one, and this its output.
        let place = (self.core.next_call(), self.outputs.len() as u32);
        let block = self.core.add_tool_use(place, &used, at_ms);
        self.outputs.push(block);
        self.unanswered += 1;
    }

    /// Older shells name their words in a list.
    fn add_local_shell_call(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) {
        let words = item.action.0.as_ref().map_or(&[][..], |action| &action.command.0);
        let words: Vec<_> = words.iter().map(|word| word.to_text()).collect();
        // As newer ones write them: arguments are JSON in a JSON string, here without its quotes.
        let arguments = serde_json::json!({ "command": words }).to_string();
        let quoted = serde_json::Value::from(arguments).to_string();
        let raw = &quoted.as_bytes()[1..quoted.len() - 1];
        self.add_tool_use(&ShortText(b"local_shell"), raw, item, at_ms);
    }

    fn add_tool_result(&mut self, item: &RolloutItem<'_>, at_ms: Option<i64>) {
        let ContentPieces(pieces) = &item.output;
        let (block, learned) = self.core.add_tool_result(
            &describe_result(item, at_ms),
            || content_hash(pieces),
            || Cow::Owned(leading_output(pieces)),
        );
        // Whether a read was a repetition is known only by what it brought.
        if let Some((place, marks)) = learned {
            self.mark_output(place, marks);
        }
        self.add_input(block, at_ms);
    }

    /// Marks an output of a call, which may still be in flight.
    fn mark_output(&mut self, place: OutputPlace, marks: BlockMarks) {
        if !self.core.mark_output(place, marks)
            && let Some(block) = self.outputs.get_mut(place.1 as usize)
        {
            block.marks |= marks;
        }
    }

    /// What happened beside the conversation.
    pub fn add_event(&mut self, kind: &[u8]) {
        match kind {
            b"user_message" => {
                self.core.human = true;
                self.prompted = true;
            }
            // A response that is in flight when a turn starts will never be told of.
            b"task_started" | b"turn_started" => {
                self.abandon_response();
                self.prompted = false;
            }
            b"turn_aborted" => self.abandon_response(),
            b"thread_rolled_back" => {
                // What nobody has sent yet goes with the turns that are taken back.
                self.abandon_response();
                self.take_inputs();
                self.packets.clear();
            }
            b"context_compacted"
                if self.core.transition.compacted.is_none() && !self.was_just_compacted() =>
            {
                self.note_compaction();
            }
            _ => {}
        }
    }

    /// Newer versions tell of a compaction after it has taken its place.
    fn was_just_compacted(&self) -> bool {
        self.outputs.is_empty() && self.core.last_call_was_compacted()
    }

    /// A history was put in the place of the context.
    pub fn replace_history(&mut self, compacted: &CompactedRecord<'_>) {
        self.abandon_response();
        let summary_chars = count_chars(compacted.message.0);
        // The call that wrote the summary, where it was counted, shows nothing else.
        let last_call = self.core.session.calls.last_mut();
        if let Some(last) = last_call.filter(|call| summary_chars > 0 && call.outputs.is_empty()) {
            last.outputs.push(RawBlock::from_size(BlockKind::Text, summary_chars, 0));
        }
        self.note_compaction();
        let (mut system, mut summary) = (self.base_chars, summary_chars);
        let history = &compacted.replacement_history.0;
        if history.is_empty() {
            // A record without a history names its summary alone: what was added before stays.
            system += self.added_chars;
        }
        for message in history {
            let is_added = is_added_by_harness(message.role.0, &message.content.0);
            let part = if is_added { &mut system } else { &mut summary };
            *part += total_chars(&message.content);
        }
        // What came before the history belongs to it; a prompt that waits comes after it.
        let new = self.inputs.split_off(self.kept_prompts);
        self.inputs.extend(new.into_iter().filter(|block| block.kind == BlockKind::User));
        (self.kept_prompts, self.head) = (self.inputs.len(), Vec::new());
        if system > 0 {
            self.head.push(RawBlock::from_size(BlockKind::System, system, 0));
        }
        self.head.push(RawBlock::from_size(BlockKind::Summary, summary, 0));
    }

    /// Takes what the call in flight was sent.
    pub fn take_inputs(&mut self) -> Vec<RawBlock> {
        self.kept_prompts = 0;
        // What a context starts with stands before everything that entered since.
        self.inputs.splice(0..0, self.head.drain(..));
        std::mem::take(&mut self.inputs)
    }

    fn note_compaction(&mut self) {
        let last_call = self.core.session.calls.last();
        let context = last_call.map_or(0, |call| call.usage.context_tokens());
        // The harness compacts late in the window, or in a turn with a prompt.
        let is_early = context * 100 < self.window * AUTO_PERCENT;
        self.core.note_compaction(is_early && !self.prompted);
    }

    /// Whether a response is in flight of which nothing more can come but its usage.
    fn is_answered(&self) -> bool {
        !self.outputs.is_empty() && self.unanswered <= 0
    }

    /// A response whose usage is never told (broken off, or copied from another session): what it
    /// left stays in the context.
    fn abandon_response(&mut self) {
        if self.outputs.is_empty() {
            return;
        }
        let lost = self.core.next_call();
        let chars = self.outputs.drain(..).map(|block| block.chars).sum();
        self.inputs.push(RawBlock::from_size(BlockKind::Unattributed, chars, 0));
        // Results stay, but what they answer is no output of any call.
        for mut block in self.later.drain(..) {
            block.peer = block.peer.filter(|peer| peer.0 != lost);
            self.inputs.push(block);
        }
        self.core.drop_tool_uses();
        self.unanswered = 0;
        self.input_ms = self.later_ms.take().or(self.input_ms);
        self.output_ms = None;
    }

    /// Something that enters the context.
    fn add_input(&mut self, block: RawBlock, at_ms: Option<i64>) {
        // Between the outputs of a response and its usage, what enters belongs to the call after
        // it.
        let (blocks, last_ms) = if self.outputs.is_empty() {
            (&mut self.inputs, &mut self.input_ms)
        } else {
            let in_flight = self.core.next_call();
            self.unanswered -= i64::from(block.peer.is_some_and(|peer| peer.0 == in_flight));
            (&mut self.later, &mut self.later_ms)
        };
        blocks.push(block);
        *last_ms = at_ms.or(*last_ms);
    }
}

fn total_chars(content: &ContentPieces<'_>) -> u64 {
    content.0.iter().map(|piece| count_chars(piece.text.0)).sum()
}
