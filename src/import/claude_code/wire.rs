//! The foreign shape: records as Claude Code writes them. Every field may be absent or null.

use crate::import::text::{Input, JsonLength, Length, Lenient, Short, Text, Word};
use crate::units::Usage;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// One line of a transcript or of stream-json.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    #[serde(borrow)]
    pub subtype: Short<'a>,
    #[serde(borrow)]
    pub uuid: Short<'a>,
    #[serde(borrow)]
    pub parent_uuid: Short<'a>,
    #[serde(borrow)]
    pub timestamp: Short<'a>,
    #[serde(borrow)]
    pub request_id: Short<'a>,
    #[serde(borrow)]
    pub version: Short<'a>,
    /// The effort that a response was asked for with.
    #[serde(borrow)]
    pub effort: Word<'a>,
    #[serde(borrow)]
    pub session_id: Short<'a>,
    #[serde(borrow)]
    pub agent_id: Short<'a>,
    pub is_sidechain: Option<bool>,
    pub is_meta: Option<bool>,
    pub is_compact_summary: Option<bool>,
    pub is_visible_in_transcript_only: Option<bool>,
    pub is_api_error_message: Option<bool>,
    #[serde(borrow)]
    pub message: Lenient<Message<'a>>,
    #[serde(borrow)]
    pub attachment: Lenient<Attachment<'a>>,
    #[serde(borrow)]
    pub compact_metadata: Lenient<CompactMetadata<'a>>,
    #[serde(borrow)]
    pub data: Lenient<Hook<'a>>,
    pub thinking_metadata: Lenient<ThinkingMetadata>,
    pub plan_content: Length,
    #[serde(borrow, rename = "sourceToolUseID")]
    pub source_tool_use_id: Short<'a>,
    /// stream-json: the tool use that a subagent's record belongs to.
    #[serde(borrow, rename = "parent_tool_use_id")]
    pub parent_tool_use_id: Short<'a>,
    /// stream-json's name for the session.
    #[serde(borrow, rename = "session_id")]
    pub stream_session_id: Short<'a>,
    /// stream-json's name for the version of the harness.
    #[serde(borrow, rename = "claude_code_version")]
    pub stream_version: Short<'a>,
    #[serde(rename = "duration_ms")]
    pub duration_ms: Option<f64>,
    #[serde(rename = "total_cost_usd")]
    pub total_cost_usd: Option<f64>,
    pub usage: Lenient<WireUsage>,
    pub model_usage: Option<BTreeMap<String, ModelUsage>>,
}

/// A message of either side.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message<'a> {
    #[serde(borrow)]
    pub id: Short<'a>,
    #[serde(borrow)]
    pub model: Short<'a>,
    #[serde(borrow)]
    pub content: Content<'a>,
    pub usage: Lenient<WireUsage>,
}

/// One piece of content; which fields are set depends on `kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    #[serde(borrow)]
    pub text: Text<'a>,
    pub thinking: Length,
    pub signature: Length,
    /// Of redacted thinking.
    pub data: Length,
    #[serde(borrow)]
    pub id: Short<'a>,
    #[serde(borrow)]
    pub name: Short<'a>,
    pub input: Input,
    #[serde(borrow)]
    pub tool_use_id: Short<'a>,
    #[serde(borrow)]
    pub content: Content<'a>,
    pub is_error: Option<bool>,
}

/// Content: a string, or a list of items.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// The string, if it is one.
    pub text: Text<'a>,
    /// The items, if it is a list.
    pub items: Vec<Item<'a>>,
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
    pub kind: Short<'a>,
    #[serde(borrow)]
    pub hook_event: Short<'a>,
    pub content: JsonLength,
    pub prompt: JsonLength,
    pub added_lines: JsonLength,
}

/// Why a conversation was compacted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompactMetadata<'a> {
    #[serde(borrow)]
    pub trigger: Short<'a>,
}

/// The part of a progress record that matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Hook<'a> {
    #[serde(borrow)]
    pub hook_event: Short<'a>,
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
    pub fn on(&self) -> bool {
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

/// A count of tokens of a record that [`Record::is_counted_in_range`] let through.
fn count(value: Option<f64>) -> i64 {
    value.unwrap_or(0.0) as i64
}

impl Record<'_> {
    /// Why its usage cannot be counted, if it cannot.
    pub fn fault(&self) -> Option<&'static str> {
        if !self.is_counted_in_range() {
            return Some("a token count below zero or beyond reason");
        }
        let message = self.message.0.as_ref()?;
        let told = message.usage.0.as_ref()?;
        let made_up = message.model.0 == b"<synthetic>" || self.is_api_error_message == Some(true);
        let nothing = self.kind.0 == b"assistant" && told.usage().is_zero() && !made_up;
        nothing.then_some("a response whose usage is all zero")
    }

    /// Whether every token count is one that a call, or a process, can have.
    fn is_counted_in_range(&self) -> bool {
        let within = |counts: &[Option<f64>], most: f64| {
            counts.iter().flatten().all(|count| (0.0..=most).contains(count))
        };
        let message = self.message.0.as_ref().and_then(|message| message.usage.0.as_ref());
        let processes = self.model_usage.iter().flatten();
        message.is_none_or(|usage| within(&usage.counts(), MOST_IN_CALL))
            && self.usage.0.as_ref().is_none_or(|usage| within(&usage.counts(), MOST_IN_PROCESS))
            && processes.map(|(_, used)| used.counts()).all(|c| within(&c, MOST_IN_PROCESS))
    }
}

impl ModelUsage {
    fn counts(&self) -> [Option<f64>; 4] {
        [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
        ]
    }
}

impl WireUsage {
    fn counts(&self) -> [Option<f64>; 6] {
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
    pub fn usage(&self) -> Usage {
        let split = self.cache_creation.unwrap_or_default();
        let told = count(split.ephemeral_5m_input_tokens) + count(split.ephemeral_1h_input_tokens);
        let write = match self.cache_creation_input_tokens {
            None => told,
            total => count(total),
        };
        let write_1h = count(split.ephemeral_1h_input_tokens).min(write);
        Usage {
            fresh: count(self.input_tokens),
            read: count(self.cache_read_input_tokens),
            write_5m: write - write_1h,
            write_1h,
            output: count(self.output_tokens),
        }
    }
}

impl ModelUsage {
    /// As token classes, all writes in the tier that `one_hour` names.
    pub fn usage(&self, one_hour: bool) -> Usage {
        let write = count(self.cache_creation_input_tokens);
        Usage {
            fresh: count(self.input_tokens),
            read: count(self.cache_read_input_tokens),
            write_5m: if one_hour { 0 } else { write },
            write_1h: if one_hour { write } else { 0 },
            output: count(self.output_tokens),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content items")
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
    fn visit_borrowed_bytes<E: Error>(self, raw: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Content { text: Text::of(raw), items: Vec::new() })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Lenient(item)) = seq.next_element::<Lenient<Item<'de>>>()? {
            items.extend(item);
        }
        Ok(Content { text: Text::default(), items })
    }
}
