//! The foreign shape: lines as Codex writes them. Every field may be absent or null.
//!
//! Texts are borrowed raw and measured only where they enter a context; what nobody asks for
//! (encrypted reasoning, copies of messages for the screen) is passed over unread.

use super::lenient_shapes::{CompactedHistory, ContentPieces, SubagentOrigin, WordList};
use crate::import::measured_text::{LenientObject, ShortText};
use crate::import::price_words::PriceWord;
use crate::import::skip::SkipReason;
use crate::import::timestamps::StampMs;
use crate::units::Usage;
use serde::Deserialize;

/// One line of a rollout.
#[derive(Debug, Default)]
pub(super) struct RolloutRecord<'a> {
    pub timestamp: StampMs,
    pub kind: ShortText<'a>,
    /// Its place among the lines of the session, in newer versions.
    pub ordinal: Option<f64>,
    pub body: RolloutPayload<'a>,
}

/// What a line holds, by its type.
#[derive(Debug, Default)]
pub(super) enum RolloutPayload<'a> {
    /// `session_meta`
    Head(Box<SessionHead<'a>>),
    /// `turn_context`
    Turn(TurnContext<'a>),
    /// `response_item`
    Item(RolloutItem<'a>),
    /// `event_msg`
    Event(RolloutEvent<'a>),
    /// `compacted`
    Compacted(CompactedRecord<'a>),
    /// `token_usage_record`
    UsageRecord(Box<UsageRecord<'a>>),
    /// Anything else.
    #[default]
    Other,
}

/// The head of a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionHead<'a> {
    #[serde(borrow)]
    pub id: ShortText<'a>,
    #[serde(borrow)]
    pub session_id: ShortText<'a>,
    #[serde(borrow)]
    pub timestamp: ShortText<'a>,
    #[serde(borrow)]
    pub cli_version: ShortText<'a>,
    #[serde(borrow)]
    pub forked_from_id: ShortText<'a>,
    #[serde(borrow)]
    pub parent_thread_id: ShortText<'a>,
    #[serde(borrow)]
    pub source: LenientObject<SpawnSource<'a>>,
    #[serde(borrow)]
    pub base_instructions: LenientObject<BaseInstructions<'a>>,
    /// The name of `base_instructions` in older versions.
    #[serde(borrow)]
    pub instructions: ShortText<'a>,
    pub subagent_history_start_ordinal: Option<f64>,
    pub history_base: LenientObject<HistoryBase>,
}

/// Model, effort and service tier of what follows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TurnContext<'a> {
    #[serde(borrow)]
    pub model: ShortText<'a>,
    #[serde(borrow)]
    pub effort: ShortText<'a>,
    pub service_tier: Option<PriceWord>,
}

/// A piece of the conversation; which fields are set depends on `kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RolloutItem<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub role: ShortText<'a>,
    #[serde(borrow)]
    pub name: ShortText<'a>,
    #[serde(borrow)]
    pub call_id: ShortText<'a>,
    #[serde(borrow)]
    pub content: ContentPieces<'a>,
    /// JSON in a string.
    #[serde(borrow)]
    pub arguments: ShortText<'a>,
    #[serde(borrow)]
    pub input: ShortText<'a>,
    #[serde(borrow)]
    pub output: ContentPieces<'a>,
    #[serde(borrow)]
    pub action: LenientObject<ItemAction<'a>>,
}

/// What happened beside the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RolloutEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    pub info: LenientObject<Box<TokenCountInfo>>,
    #[serde(borrow)]
    pub thread_settings: LenientObject<ThreadSettings<'a>>,
}

/// What was set for the thread.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct ThreadSettings<'a> {
    #[serde(borrow)]
    pub model: ShortText<'a>,
    pub service_tier: Option<PriceWord>,
}

/// What one response billed, in newer versions: also of requests that no event tells of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageRecord<'a> {
    #[serde(borrow)]
    pub response_id: ShortText<'a>,
    usage: Option<RawTokenCounts>,
    thread_token_usage: Option<RawTokenCounts>,
}

impl UsageRecord<'_> {
    /// The usage of the response and the running total behind it; nothing where neither is told.
    ///
    /// # Errors
    /// Why they cannot be counted.
    pub fn usage_and_total(&self) -> Result<Option<(RolloutTokens, RolloutTokens)>, SkipReason> {
        let usage = checked_statement(self.usage, MOST_IN_CALL)?;
        let total = checked_statement(self.thread_token_usage, MOST_IN_THREAD)?;
        let usage = usage.filter(|usage| usage.input + usage.output > 0);
        if usage.is_some_and(|usage| !usage.has_parts_within_whole()) {
            return Err(SkipReason::PartBeyondWhole);
        }
        Ok(usage.map(|usage| (usage, total.unwrap_or(usage))))
    }
}

/// What was put in the place of a context.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CompactedRecord<'a> {
    #[serde(borrow)]
    pub message: ShortText<'a>,
    #[serde(borrow)]
    pub replacement_history: CompactedHistory<'a>,
}

/// Who started a session, where that is no plain word.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SpawnSource<'a> {
    #[serde(borrow)]
    pub subagent: SubagentOrigin<'a>,
}

/// The system prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BaseInstructions<'a> {
    #[serde(borrow)]
    pub text: ShortText<'a>,
}

/// What a session copied from another one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HistoryBase {
    pub end_ordinal_exclusive: Option<f64>,
}

/// What a shell or a search was asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemAction<'a> {
    #[serde(borrow)]
    pub command: WordList<'a>,
    #[serde(borrow)]
    pub query: ShortText<'a>,
}

/// The arguments of a tool, once decoded; each tool knows some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolArguments<'a> {
    #[serde(borrow)]
    pub cmd: ShortText<'a>,
    #[serde(borrow)]
    pub command: WordList<'a>,
    #[serde(borrow)]
    pub chars: ShortText<'a>,
    #[serde(borrow)]
    pub input: ShortText<'a>,
    #[serde(borrow)]
    pub patch: ShortText<'a>,
}

/// The running total of a session and the usage of its last response.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct TokenCountInfo {
    pub total_token_usage: Option<RawTokenCounts>,
    pub last_token_usage: Option<RawTokenCounts>,
    pub model_context_window: Option<f64>,
}

/// Token counts; cached and written input are parts of the input, reasoning one of the output.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub(super) struct RawTokenCounts {
    #[serde(rename = "input_tokens")]
    input: Option<f64>,
    #[serde(rename = "cached_input_tokens")]
    cached: Option<f64>,
    #[serde(rename = "cache_write_input_tokens")]
    written: Option<f64>,
    #[serde(rename = "output_tokens")]
    output: Option<f64>,
    #[serde(rename = "reasoning_output_tokens")]
    reasoning: Option<f64>,
    #[serde(rename = "total_tokens")]
    total: Option<f64>,
}

/// Token counts as integers, in range.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct RolloutTokens {
    pub input: i64,
    pub cached: i64,
    pub written: i64,
    pub output: i64,
    pub reasoning: i64,
    /// As told; input and output where it is not.
    pub total: i64,
}

/// No call holds more tokens of a class, no session a thousand times more: beyond reason.
const MOST_IN_CALL: f64 = 1e9;

/// Likewise, for a session's total.
const MOST_IN_THREAD: f64 = 1e12;

impl RawTokenCounts {
    /// As integers; `None` if a count is below zero or beyond reason.
    fn checked_tokens(&self, most: f64) -> Option<RolloutTokens> {
        // Input holds what was cached and written, output what was reasoned: parts, not addends.
        let (input, output) = (checked_count(self.input, most)?, checked_count(self.output, most)?);
        Some(RolloutTokens {
            input,
            cached: checked_count(self.cached, most)?,
            written: checked_count(self.written, most)?,
            output,
            reasoning: checked_count(self.reasoning, most)?,
            total: match self.total {
                Some(_) => checked_count(self.total, most)?,
                None => input + output,
            },
        })
    }
}

fn checked_count(count: Option<f64>, most: f64) -> Option<i64> {
    let count = count.unwrap_or(0.0);
    (0.0..=most).contains(&count).then_some(count as i64)
}

fn checked_statement(
    counts: Option<RawTokenCounts>,
    most: f64,
) -> Result<Option<RolloutTokens>, SkipReason> {
    let tokens =
        counts.map(|counts| counts.checked_tokens(most).ok_or(SkipReason::CountOutOfRange));
    tokens.transpose()
}

impl TokenCountInfo {
    /// Total and last usage.
    ///
    /// # Errors
    /// Why they cannot be counted.
    pub fn total_and_last(
        &self,
    ) -> Result<(Option<RolloutTokens>, Option<RolloutTokens>), SkipReason> {
        let total = checked_statement(self.total_token_usage, MOST_IN_THREAD)?;
        let last = checked_statement(self.last_token_usage, MOST_IN_CALL)?;
        // A total may have been set by hand: only the last usage has to hold together.
        if last.is_some_and(|last| !last.has_parts_within_whole()) {
            return Err(SkipReason::PartBeyondWhole);
        }
        Ok((total, last))
    }
}

impl RolloutTokens {
    fn has_parts_within_whole(&self) -> bool {
        self.cached <= self.input && self.reasoning <= self.output
    }

    /// Whether it is what another statement tells, whichever of the two names what was written.
    pub fn is_same_usage(&self, other: &Self) -> bool {
        let parts = |it: &Self| [it.input, it.cached, it.output, it.reasoning];
        parts(self) == parts(other)
    }

    /// As token classes. Written input is billed as a write, what is neither read nor written is
    /// fresh.
    pub fn billed_usage(&self) -> Usage {
        // A statement that names more written than was left uncached is cut to that.
        let written = self.written.min(self.input - self.cached);
        Usage {
            fresh: self.input - self.cached - written,
            read: self.cached,
            write_5m: written,
            write_1h: 0,
            output: self.output,
        }
    }

    /// What came in addition to `before`; `None` if anything fell.
    pub fn increase_since(&self, before: &Self) -> Option<Self> {
        let more = Self {
            input: self.input - before.input,
            cached: self.cached - before.cached,
            written: self.written - before.written,
            output: self.output - before.output,
            reasoning: self.reasoning - before.reasoning,
            total: self.total - before.total,
        };
        // A counter that starts over falls somewhere: the difference is no call's usage.
        let counts = [more.input, more.cached, more.written, more.output, more.reasoning];
        let is_whole = more.has_parts_within_whole() && counts.iter().all(|&count| count >= 0);
        is_whole.then_some(more)
    }
}
