//! The foreign shape: lines as Codex writes them. Every field may be absent or null.
//!
//! Texts are borrowed raw and measured only where they enter a context; what nobody asks for
//! (encrypted reasoning, copies of messages for the screen) is passed over unread.

use super::pieces::{History, Pieces, Subagent, Words};
use crate::import::text::{Lenient, Short};
use crate::units::Usage;
use serde::Deserialize;

/// One line of a rollout.
#[derive(Debug, Default)]
pub struct Record<'a> {
    pub timestamp: Short<'a>,
    pub kind: Short<'a>,
    /// Its place among the lines of the thread, in newer versions.
    pub ordinal: Option<f64>,
    pub body: Body<'a>,
}

/// What a line holds, by its type.
#[derive(Debug, Default)]
pub enum Body<'a> {
    /// `session_meta`
    Head(Box<Head<'a>>),
    /// `turn_context`
    Turn(Turn<'a>),
    /// `response_item`
    Item(Item<'a>),
    /// `event_msg`
    Event(Event<'a>),
    /// `compacted`
    Compacted(Compacted<'a>),
    /// Anything else.
    #[default]
    Other,
}

/// The head of a thread.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head<'a> {
    #[serde(borrow)]
    pub id: Short<'a>,
    #[serde(borrow)]
    pub session_id: Short<'a>,
    #[serde(borrow)]
    pub timestamp: Short<'a>,
    #[serde(borrow)]
    pub cli_version: Short<'a>,
    #[serde(borrow)]
    pub forked_from_id: Short<'a>,
    #[serde(borrow)]
    pub parent_thread_id: Short<'a>,
    #[serde(borrow)]
    pub source: Lenient<Source<'a>>,
    #[serde(borrow)]
    pub base_instructions: Lenient<Instructions<'a>>,
    /// The name of `base_instructions` in older versions.
    #[serde(borrow)]
    pub instructions: Short<'a>,
    pub subagent_history_start_ordinal: Option<f64>,
    pub history_base: Lenient<HistoryBase>,
}

/// Model and effort of what follows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Turn<'a> {
    #[serde(borrow)]
    pub model: Short<'a>,
    #[serde(borrow)]
    pub effort: Short<'a>,
}

/// A piece of the conversation; which fields are set depends on `kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    #[serde(borrow)]
    pub role: Short<'a>,
    #[serde(borrow)]
    pub name: Short<'a>,
    #[serde(borrow)]
    pub call_id: Short<'a>,
    #[serde(borrow)]
    pub content: Pieces<'a>,
    /// JSON in a string.
    #[serde(borrow)]
    pub arguments: Short<'a>,
    #[serde(borrow)]
    pub input: Short<'a>,
    #[serde(borrow)]
    pub output: Pieces<'a>,
    #[serde(borrow)]
    pub action: Lenient<Action<'a>>,
}

/// What happened beside the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    pub info: Lenient<Box<Info>>,
}

/// What was put in the place of a context.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Compacted<'a> {
    #[serde(borrow)]
    pub message: Short<'a>,
    #[serde(borrow)]
    pub replacement_history: History<'a>,
}

/// Who started a thread, where that is no plain word.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Source<'a> {
    #[serde(borrow)]
    pub subagent: Subagent<'a>,
}

/// The system prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Instructions<'a> {
    #[serde(borrow)]
    pub text: Short<'a>,
}

/// What a thread copied from another one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HistoryBase {
    pub end_ordinal_exclusive: Option<f64>,
}

/// What a shell or a search was asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Action<'a> {
    #[serde(borrow)]
    pub command: Words<'a>,
    #[serde(borrow)]
    pub query: Short<'a>,
}

/// The arguments of a tool, once decoded; each tool knows some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arguments<'a> {
    #[serde(borrow)]
    pub cmd: Short<'a>,
    #[serde(borrow)]
    pub command: Words<'a>,
    #[serde(borrow)]
    pub chars: Short<'a>,
    #[serde(borrow)]
    pub input: Short<'a>,
    #[serde(borrow)]
    pub patch: Short<'a>,
}

/// The running total of a thread and the usage of its last response.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct Info {
    pub total_token_usage: Option<Counts>,
    pub last_token_usage: Option<Counts>,
    pub model_context_window: Option<f64>,
}

/// Token counts; cached and written input are parts of the input, reasoning one of the output.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Counts {
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
pub struct Tokens {
    pub input: i64,
    pub cached: i64,
    pub written: i64,
    pub output: i64,
    pub reasoning: i64,
    /// As told; input and output where it is not.
    pub total: i64,
}

/// No call holds more tokens of a class, no thread a thousand times more: beyond reason.
const MOST_IN_CALL: f64 = 1e9;

/// Likewise, for a thread's total.
const MOST_IN_THREAD: f64 = 1e12;

impl Counts {
    /// As integers; `None` if a count is below zero or beyond reason.
    fn tokens(&self, most: f64) -> Option<Tokens> {
        let count = |count: Option<f64>| {
            let count = count.unwrap_or(0.0);
            (0.0..=most).contains(&count).then_some(count as i64)
        };
        let (input, output) = (count(self.input)?, count(self.output)?);
        Some(Tokens {
            input,
            cached: count(self.cached)?,
            written: count(self.written)?,
            output,
            reasoning: count(self.reasoning)?,
            total: if self.total.is_some() { count(self.total)? } else { input + output },
        })
    }
}

impl Info {
    /// Total and last usage.
    ///
    /// # Errors
    /// Why they cannot be counted.
    pub fn tokens(&self) -> Result<(Option<Tokens>, Option<Tokens>), &'static str> {
        const RANGE: &str = "a token count below zero or beyond reason";
        let within = |counts: Option<Counts>, most| match counts {
            None => Ok(None),
            Some(counts) => counts.tokens(most).map(Some).ok_or(RANGE),
        };
        let total = within(self.total_token_usage, MOST_IN_THREAD)?;
        let last = within(self.last_token_usage, MOST_IN_CALL)?;
        let parts =
            |tokens: Tokens| tokens.cached <= tokens.input && tokens.reasoning <= tokens.output;
        if last.is_some_and(|last| !parts(last)) {
            return Err("a part of the usage is larger than the whole");
        }
        Ok((total, last))
    }
}

impl Tokens {
    /// As token classes. Written input is billed as a write, what is neither read nor written is
    /// fresh.
    #[must_use]
    pub fn usage(&self) -> Usage {
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
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        let more = Self {
            input: self.input - before.input,
            cached: self.cached - before.cached,
            written: self.written - before.written,
            output: self.output - before.output,
            reasoning: self.reasoning - before.reasoning,
            total: self.total - before.total,
        };
        let counts = [more.input, more.cached, more.written, more.output, more.reasoning];
        let whole = more.cached <= more.input && more.reasoning <= more.output;
        (whole && counts.iter().all(|&count| count >= 0)).then_some(more)
    }
}
