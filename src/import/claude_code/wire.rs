//! The foreign shape: records as Claude Code writes them. Every field may be absent or null.

use crate::import::measured_text::{
    JsonLength, LenientObject, LenientWord, MeasuredInput, MeasuredText, ShortText, TextLength,
};
use crate::units::Usage;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// One line of a transcript or of stream-json.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TranscriptRecord<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub subtype: ShortText<'a>,
    #[serde(borrow)]
    pub uuid: ShortText<'a>,
    #[serde(borrow)]
    pub parent_uuid: ShortText<'a>,
    #[serde(borrow)]
    pub timestamp: ShortText<'a>,
    #[serde(borrow)]
    pub request_id: ShortText<'a>,
    #[serde(borrow)]
    pub version: ShortText<'a>,
    /// The effort that a response was asked for with.
    #[serde(borrow)]
    pub effort: LenientWord<'a>,
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
    #[serde(borrow)]
    pub compact_metadata: LenientObject<CompactMetadata<'a>>,
    #[serde(borrow)]
    pub data: LenientObject<HookProgress<'a>>,
    pub thinking_metadata: LenientObject<ThinkingMetadata>,
    pub plan_content: TextLength,
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
    pub model_usage: Option<BTreeMap<String, ModelUsage>>,
}

/// A message of either side.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TranscriptMessage<'a> {
    #[serde(borrow)]
    pub id: ShortText<'a>,
    #[serde(borrow)]
    pub model: ShortText<'a>,
    #[serde(borrow)]
    pub content: MessageContent<'a>,
    pub usage: LenientObject<WireUsage>,
}

/// One piece of content; which fields are set depends on `kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContentItem<'a> {
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
pub struct MessageContent<'a> {
    /// The string, if it is one.
    pub text: MeasuredText<'a>,
    /// The items, if it is a list.
    pub items: Vec<ContentItem<'a>>,
}

/// Provider usage of one response.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct WireUsage {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    cache_read_input_tokens: Option<f64>,
    cache_creation_input_tokens: Option<f64>,
    cache_creation: Option<CacheCreation>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<f64>,
    ephemeral_1h_input_tokens: Option<f64>,
}

/// What a process used of one model.
#[expect(clippy::struct_field_names, reason = "the source's names")]
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ModelUsage {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    cache_read_input_tokens: Option<f64>,
    cache_creation_input_tokens: Option<f64>,
}

/// Context that the harness adds without a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub hook_event: ShortText<'a>,
    pub content: JsonLength,
    pub prompt: JsonLength,
    pub added_lines: JsonLength,
}

/// Why a conversation was compacted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompactMetadata<'a> {
    #[serde(borrow)]
    pub trigger: ShortText<'a>,
}

/// The part of a progress record that matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HookProgress<'a> {
    #[serde(borrow)]
    pub hook_event: ShortText<'a>,
}

/// Whether a prompt was sent with thinking on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ThinkingMetadata {
    max_thinking_tokens: Option<f64>,
    level: Option<String>,
    disabled: Option<bool>,
}

impl ThinkingMetadata {
    /// Whether thinking is on.
    pub fn is_on(&self) -> bool {
        match self.max_thinking_tokens {
            Some(tokens) => tokens > 0.0,
            None => self.level.as_deref() != Some("none") && self.disabled != Some(true),
        }
    }
}

/// No call holds more tokens of a class: a thousand times the largest context window.
const MOST_IN_CALL: f64 = 1e9;

/// No process used more tokens of a class.
const MOST_IN_PROCESS: f64 = 1e12;

/// A count of tokens of a record that [`TranscriptRecord::is_counted_in_range`] let through.
fn token_count(value: Option<f64>) -> i64 {
    value.unwrap_or(0.0) as i64
}

impl TranscriptRecord<'_> {
    /// Why its usage cannot be counted, if it cannot.
    pub fn usage_fault(&self) -> Option<&'static str> {
        if !self.is_counted_in_range() {
            return Some("a token count below zero or beyond reason");
        }
        let message = self.message.0.as_ref()?;
        let told = message.usage.0.as_ref()?;
        let made_up = message.model.0 == b"<synthetic>" || self.is_api_error_message == Some(true);
        let nothing = self.kind.0 == b"assistant" && told.billed_usage().is_zero() && !made_up;
        nothing.then_some("a response whose usage is all zero")
    }

    /// Whether every token count is one that a call, or a process, can have.
    fn is_counted_in_range(&self) -> bool {
        let within = |counts: &[Option<f64>], most: f64| {
            counts.iter().flatten().all(|count| (0.0..=most).contains(count))
        };
        let message = self.message.0.as_ref().and_then(|message| message.usage.0.as_ref());
        let processes = self.model_usage.iter().flatten();
        message.is_none_or(|usage| within(&usage.raw_counts(), MOST_IN_CALL))
            && self
                .usage
                .0
                .as_ref()
                .is_none_or(|usage| within(&usage.raw_counts(), MOST_IN_PROCESS))
            && processes.map(|(_, used)| used.raw_counts()).all(|c| within(&c, MOST_IN_PROCESS))
    }
}

impl ModelUsage {
    fn raw_counts(&self) -> [Option<f64>; 4] {
        [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
        ]
    }
}

impl WireUsage {
    fn raw_counts(&self) -> [Option<f64>; 6] {
        let split = self.cache_creation.unwrap_or_default();
        [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
            split.ephemeral_5m_input_tokens,
            split.ephemeral_1h_input_tokens,
        ]
    }

    /// As token classes. Writes whose tier is not told belong to the five-minute cache.
    pub fn billed_usage(&self) -> Usage {
        let split = self.cache_creation.unwrap_or_default();
        let told = token_count(split.ephemeral_5m_input_tokens)
            + token_count(split.ephemeral_1h_input_tokens);
        let write = match self.cache_creation_input_tokens {
            None => told,
            total => token_count(total),
        };
        let write_1h = token_count(split.ephemeral_1h_input_tokens).min(write);
        Usage {
            fresh: token_count(self.input_tokens),
            read: token_count(self.cache_read_input_tokens),
            write_5m: write - write_1h,
            write_1h,
            output: token_count(self.output_tokens),
        }
    }
}

impl ModelUsage {
    /// As token classes, all writes in the tier that `one_hour` names.
    pub fn billed_usage(&self, one_hour: bool) -> Usage {
        let write = token_count(self.cache_creation_input_tokens);
        Usage {
            fresh: token_count(self.input_tokens),
            read: token_count(self.cache_read_input_tokens),
            write_5m: if one_hour { 0 } else { write },
            write_1h: if one_hour { write } else { 0 },
            output: token_count(self.output_tokens),
        }
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
        while let Some(LenientObject(item)) =
            seq.next_element::<LenientObject<ContentItem<'de>>>()?
        {
            items.extend(item);
        }
        Ok(MessageContent { text: MeasuredText::default(), items })
    }
}
