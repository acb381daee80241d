//! The foreign shape: records as Claude Code writes them. Every field may be absent or null.

use super::wire_usage::{MOST_IN_CALL, MOST_IN_PROCESS, WireUsage};
use crate::import::measured_text::{
    JsonLength, LenientObject, MeasuredInput, MeasuredText, ShortText, TextLength,
};
use crate::import::skip::SkipReason;
use crate::import::timestamps::StampMs;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// One line of a transcript or of stream-json.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TranscriptRecord<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub subtype: ShortText<'a>,
    #[serde(borrow)]
    pub uuid: ShortText<'a>,
    #[serde(borrow)]
    pub parent_uuid: ShortText<'a>,
    pub timestamp: StampMs,
    #[serde(borrow)]
    pub request_id: ShortText<'a>,
    #[serde(borrow)]
    pub version: ShortText<'a>,
    /// The effort that a response was asked for with.
    #[serde(borrow)]
    pub effort: ShortText<'a>,
    #[serde(borrow)]
    pub session_id: ShortText<'a>,
    #[serde(borrow)]
    pub agent_id: ShortText<'a>,
    pub is_sidechain: Option<bool>,
    pub is_meta: Option<bool>,
    pub is_compact_summary: Option<bool>,
    pub is_visible_in_transcript_only: Option<bool>,
    pub is_api_error_message: Option<bool>,
    #[serde(borrow)]
    pub message: LenientObject<TranscriptMessage<'a>>,
    #[serde(borrow)]
    pub attachment: LenientObject<Attachment<'a>>,
    #[serde(borrow, alias = "compact_metadata")]
    pub compact_metadata: LenientObject<CompactMetadata<'a>>,
    #[serde(borrow, alias = "microcompact_metadata")]
    pub microcompact_metadata: LenientObject<MicrocompactMetadata<'a>>,
    #[serde(borrow)]
    pub data: LenientObject<ProgressData<'a>>,
    /// What the harness knows of a tool's result beside its text.
    #[serde(borrow)]
    pub tool_use_result: LenientObject<AgentReport<'a>>,
    pub thinking_metadata: LenientObject<ThinkingMetadata>,
    pub plan_content: TextLength,
    /// The skill and the MCP server on whose behalf a response was asked for.
    #[serde(borrow)]
    pub attribution_skill: ShortText<'a>,
    #[serde(borrow)]
    pub attribution_mcp_server: ShortText<'a>,
    #[serde(borrow, rename = "sourceToolUseID")]
    pub source_tool_use_id: ShortText<'a>,
    /// stream-json: the tool use that a subagent's record belongs to.
    #[serde(borrow, rename = "parent_tool_use_id")]
    pub parent_tool_use_id: ShortText<'a>,
    /// stream-json's name for the session.
    #[serde(borrow, rename = "session_id")]
    pub stream_session_id: ShortText<'a>,
    /// stream-json's name for the version of the harness.
    #[serde(borrow, rename = "claude_code_version")]
    pub stream_version: ShortText<'a>,
    #[serde(rename = "duration_ms")]
    pub duration_ms: Option<f64>,
    #[serde(rename = "total_cost_usd")]
    pub total_cost_usd: Option<f64>,
    pub usage: LenientObject<WireUsage>,
    pub model_usage: Option<BTreeMap<String, WireUsage>>,
}

/// A message of either side.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TranscriptMessage<'a> {
    #[serde(borrow)]
    pub id: ShortText<'a>,
    #[serde(borrow)]
    pub model: ShortText<'a>,
    #[serde(borrow)]
    pub content: MessageContent<'a>,
    pub usage: LenientObject<WireUsage>,
    #[serde(borrow)]
    pub diagnostics: LenientObject<Diagnostics<'a>>,
}

/// What the provider says of a response beside it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Diagnostics<'a> {
    #[serde(borrow)]
    pub cache_miss_reason: LenientObject<CacheMissReason<'a>>,
}

/// Why the provider read less than it had.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CacheMissReason<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
}

/// One piece of content; which fields are set depends on `kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContentItem<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub text: MeasuredText<'a>,
    pub thinking: TextLength,
    pub signature: TextLength,
    /// Of redacted thinking.
    pub data: TextLength,
    #[serde(borrow)]
    pub id: ShortText<'a>,
    #[serde(borrow)]
    pub name: ShortText<'a>,
    pub input: MeasuredInput,
    #[serde(borrow)]
    pub tool_use_id: ShortText<'a>,
    #[serde(borrow)]
    pub content: MessageContent<'a>,
    pub is_error: Option<bool>,
}

/// Content: a string, or a list of items.
#[derive(Debug, Default)]
pub(super) struct MessageContent<'a> {
    /// The string, if it is one.
    pub text: MeasuredText<'a>,
    /// The items, if it is a list.
    pub items: Vec<ContentItem<'a>>,
}

/// Context that the harness adds without a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub hook_event: ShortText<'a>,
    pub content: JsonLength,
    pub prompt: JsonLength,
    pub added_lines: JsonLength,
    /// Of a file that was edited outside the conversation.
    pub snippet: JsonLength,
    /// Instructions of MCP servers.
    pub added_blocks: JsonLength,
    /// Findings of language servers, by file.
    pub files: JsonLength,
}

/// Why a conversation was compacted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CompactMetadata<'a> {
    #[serde(borrow)]
    pub trigger: ShortText<'a>,
}

/// What left a context that was not compacted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MicrocompactMetadata<'a> {
    /// Tool uses whose results left.
    #[serde(borrow, alias = "compacted_tool_ids")]
    pub compacted_tool_ids: Option<Vec<ShortText<'a>>>,
}

/// The part of a progress record that matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProgressData<'a> {
    #[serde(borrow)]
    pub hook_event: ShortText<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    /// The subagent that makes progress.
    #[serde(borrow)]
    pub agent_id: ShortText<'a>,
    /// A record of that subagent.
    #[serde(borrow)]
    pub message: LenientObject<Box<TranscriptRecord<'a>>>,
}

/// What the harness knows of a subagent that has reported.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AgentReport<'a> {
    #[serde(borrow)]
    pub agent_id: ShortText<'a>,
    pub total_tokens: Option<f64>,
}

/// Whether a prompt was sent with thinking on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ThinkingMetadata {
    max_thinking_tokens: Option<f64>,
    level: Option<String>,
    disabled: Option<bool>,
}

impl ThinkingMetadata {
    /// Whether thinking is on.
    pub fn is_on(&self) -> bool {
        // A budget decides where there is one; other versions write a level or a switch.
        match self.max_thinking_tokens {
            Some(tokens) => tokens > 0.0,
            None => self.level.as_deref() != Some("none") && self.disabled != Some(true),
        }
    }
}

impl TranscriptRecord<'_> {
    /// Why its usage cannot be counted, if it cannot.
    pub fn usage_fault(&self) -> Option<SkipReason> {
        if !self.is_counted_in_range() {
            return Some(SkipReason::CountOutOfRange);
        }
        let message = self.message.0.as_ref()?;
        // What the harness writes in the model's place was never billed, and need not be.
        let made_up = message.model.0 == b"<synthetic>" || self.is_api_error_message == Some(true);
        if self.kind.0 != b"assistant" || made_up {
            return None;
        }
        match &message.usage.0 {
            // Zeros say that nothing was billed; where nothing is said a bill may be lost.
            Some(usage) if usage.names_count() => {
                usage.billed_usage().is_zero().then_some(SkipReason::ZeroUsage)
            }
            _ => Some(SkipReason::MissingUsage),
        }
    }

    /// Whether every token count is one that a call, or a process, can have.
    fn is_counted_in_range(&self) -> bool {
        let mut in_call = self.message.0.iter().flat_map(|message| &message.usage.0);
        let by_model = self.model_usage.iter().flat_map(BTreeMap::values);
        let mut in_process = self.usage.0.iter().chain(by_model);
        in_call.all(|usage| usage.is_within(MOST_IN_CALL))
            && in_process.all(|usage| usage.is_within(MOST_IN_PROCESS))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MessageContent<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(MessageContentVisitor)
    }
}

struct MessageContentVisitor;

impl<'de> Visitor<'de> for MessageContentVisitor {
    type Value = MessageContent<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content items")
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(MessageContent::default())
    }
    fn visit_borrowed_bytes<E: Error>(self, raw: &'de [u8]) -> Result<Self::Value, E> {
        Ok(MessageContent { text: MeasuredText::from_raw(raw), items: Vec::new() })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        // An item that is no object says nothing that counts.
        while let Some(LenientObject(item)) =
            seq.next_element::<LenientObject<ContentItem<'de>>>()?
        {
            items.extend(item);
        }
        Ok(MessageContent { text: MeasuredText::default(), items })
    }
}
