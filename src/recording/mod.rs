//! The recording: a canonical, content-free capture of one or many sessions.
//!
//! A recording holds sizes, kinds, times, marks and usage; never text. Every importer and every
//! reconstruction ends in this form, and everything below the doors starts from it.
//!
//! The books of a checked recording balance ([`Recording::check_balance`]):
//!
//! * context: `context[i] = context[i-1] - cut[i] + produced[i-1] + sum(inputs of i)`, or just
//!   `sum(inputs of i)` where the context restarts;
//! * output: `produced[i] = output[i] + output_hidden[i] = sum(outputs of i)`;
//! * cache: the law's read, corrected by the call's shock, is the recorded read.

mod builder;
mod calibrate;
mod check;
mod digest;
pub mod estimate;
pub mod format;
mod harness_totals;
mod invocation;
mod remainder;
mod session_filter;
mod union;

pub use builder::{RawBlock, RawCall, RawSession, RecordingBuilder};
pub use check::BalanceError;
pub use digest::hex_prefix;
pub use harness_totals::HarnessTotals;
pub use invocation::{DIGEST_KIND, Invocation, Packet};
pub use remainder::{CrashCounts, Remainder};
pub use union::RecordingUnion;

use crate::ids::{ModelId, NO_INDEX, ToolId};
use crate::units::Usage;
use bitflags::bitflags;
use std::ops::Range;

/// Where a figure comes from, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Read from the source's own records: the provider's usage, the harness's time stamps.
    Billed,
    /// Read from a published text.
    Published,
    /// Derived from measured sizes by a fitted rate.
    Estimated,
    /// Derived from totals so that they are met.
    Reconstructed,
}

impl Basis {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::Billed, "billed"),
        (Self::Published, "published"),
        (Self::Estimated, "estimated"),
        (Self::Reconstructed, "reconstructed"),
    ];
}

/// What a session was in its pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A main thread.
    Main,
    /// A subagent of another session.
    Subagent,
    /// The session that dispatches the others.
    Orchestrator,
}

impl Role {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Main, "main"), (Self::Subagent, "subagent"), (Self::Orchestrator, "orchestrator")];
}

/// The cache tier that a call writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CacheTier {
    /// Nothing is written: what is not read is fresh.
    Uncached,
    /// The five-minute cache.
    FiveMinutes,
    /// The one-hour cache.
    OneHour,
    /// The provider caches every prompt by itself and keeps it as long as it likes.
    Automatic,
}

impl CacheTier {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::Uncached, "none"),
        (Self::FiveMinutes, "5m"),
        (Self::OneHour, "1h"),
        (Self::Automatic, "auto"),
    ];

    /// Lifetime of an entry in milliseconds, counted from the start of the call that touched it.
    #[must_use]
    pub fn ttl_ms(self) -> i64 {
        match self {
            Self::Uncached => 0,
            Self::FiveMinutes | Self::Automatic => 300_000,
            Self::OneHour => 3_600_000,
        }
    }
}

/// Whether the context starts over with this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextRestart {
    /// It goes on from the call before.
    No,
    /// Compacted by the harness because a threshold was reached: replay decides afresh.
    AutoCompacted,
    /// Compacted by hand: happens in every what-if.
    ManualCompacted,
    /// Rewound, cleared, or the first call of a session.
    Fresh,
}

impl ContextRestart {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::No, ""),
        (Self::AutoCompacted, "auto"),
        (Self::ManualCompacted, "manual"),
        (Self::Fresh, "fresh"),
    ];
}

/// A recorded event that makes the cache unusable at this call, whatever its age; of several that
/// meet at one call the largest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CacheBreak {
    /// None known.
    No,
    /// The messages are lost, the static prefix survives (compaction, resume, rewind).
    ToStatic,
    /// Everything is lost (model switch).
    ToZero,
}

impl CacheBreak {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::No, ""), (Self::ToStatic, "static"), (Self::ToZero, "zero")];
}

/// What the cache law does not explain about one call's read.
///
/// Kept so that an untouched replay is exact and a what-if meets the same weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shock {
    /// The law is right.
    None,
    /// The read differs from the law's by so many tokens.
    Shift(i64),
    /// The cache was lost down to an early position: the read is at most so many tokens.
    EvictedTo(i64),
    /// The cache outlived its lifetime; the read differs from a live one by so many tokens.
    Survived(i64),
    /// An early part of the cache outlived its lifetime: the read is at least so many tokens.
    SurvivedTo(i64),
}

bitflags! {
    /// What the importer or a reconstruction knows about a call.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct CallMarks: u16 {
        /// A person's prompt opens it.
        const HUMAN = 1;
        /// Its response holds prose only: no tool use, yet the loop goes on.
        const NARRATION = 1 << 1;
        /// Its response holds thinking only, yet the loop goes on.
        const THINKING_ONLY = 1 << 2;
        /// Every tool use of it looks at something that is still running.
        const POLL = 1 << 3;
        /// It starts a test run.
        const TEST_RUN = 1 << 4;
        /// It starts a run of the whole test suite.
        const FULL_SUITE = 1 << 5;
        /// The test run it starts died on its environment: no test ran.
        const ABORTED_RUN = 1 << 6;
        /// The recorded output is a streaming placeholder; `output_hidden` holds the rest.
        const PLACEHOLDER = 1 << 7;
        /// A switch of effort or thinking, and nothing else, broke the cache here.
        const EFFORT_SWITCH = 1 << 8;
    }
}

bitflags! {
    /// What is known about a block.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct BlockMarks: u16 {
        /// Prose in a response that also uses a tool.
        const PROSE = 1;
        /// A tool use that looks at something still running, or its result.
        const POLL = 1 << 1;
        /// A test command, or its output.
        const TEST_RUN = 1 << 2;
        /// It concerns the whole test suite.
        const FULL_SUITE = 1 << 3;
        /// A test run that died on its environment.
        const ABORTED_RUN = 1 << 4;
        /// A read of a file whose same content is still in the context.
        const REREAD = 1 << 5;
        /// It edits file `file`.
        const EDIT = 1 << 6;
        /// It reads file `file`.
        const READ = 1 << 7;
        /// It searches in file `file`.
        const SEARCH = 1 << 8;
        /// The tool reported an error.
        const ERROR = 1 << 9;
        /// Skills that a prompt calls for: their lines and the bodies that these bring in.
        const SKILLS = 1 << 10;
        /// A snapshot of the orchestrator's state that a prompt carries: open tasks, receipts.
        const SNAPSHOT = 1 << 11;
        /// The packet of an invocation: front matter and body.
        const PACKET = 1 << 12;
    }
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockKind {
    /// System prompt, tool definitions, project files: the context before anybody spoke.
    System,
    /// Text from a person or the orchestrator.
    User,
    /// The result of a tool.
    ToolResult,
    /// The report of a subagent.
    Report,
    /// The summary that a compaction left.
    Summary,
    /// Growth that no recorded text explains: reminders, attachments, hidden messages.
    Unattributed,
    /// Prose of the model.
    Text,
    /// Thinking of the model.
    Thinking,
    /// The arguments of a tool use.
    ToolInput,
}

impl BlockKind {
    /// All of them with their names, inputs first.
    pub const NAMED: [(Self, &'static str); 9] = [
        (Self::System, "system"),
        (Self::User, "user"),
        (Self::ToolResult, "tool_result"),
        (Self::Report, "report"),
        (Self::Summary, "summary"),
        (Self::Unattributed, "unattributed"),
        (Self::Text, "text"),
        (Self::Thinking, "thinking"),
        (Self::ToolInput, "tool_input"),
    ];

    /// Whether the model produced it (it joins the context of the next call).
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self, Self::Text | Self::Thinking | Self::ToolInput)
    }

    /// Its name in files and tables.
    #[must_use]
    pub fn kind_name(self) -> &'static str {
        name_of_value(&Self::NAMED, self)
    }
}

/// The name of a value in a table of names.
#[must_use]
pub fn name_of_value<T: Copy + PartialEq>(named: &[(T, &'static str)], value: T) -> &'static str {
    named.iter().find(|(v, _)| *v == value).map_or("", |(_, name)| name)
}

/// The value of a name in a table of names.
#[must_use]
pub fn value_of_name<T: Copy>(named: &[(T, &'static str)], name: &str) -> Option<T> {
    named.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

/// One context window's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The source's own id.
    pub id: String,
    /// The file it was read from, relative to what was imported; empty if there is none.
    pub file: String,
    /// Pipeline it belongs to; empty if unknown.
    pub pipeline: String,
    /// Step of the pipeline; empty if unknown.
    pub step: String,
    /// Version of the harness that ran it; empty if unknown.
    pub version: String,
    /// What it was in its pipeline.
    pub role: Role,
    /// Index of its first call.
    pub first_call: u32,
    /// How many calls it made.
    pub calls: u32,
    /// Records it was read from.
    pub records: u32,
    /// System prompt and tools: what survives a loss of the messages, tokens.
    pub static_prefix: i64,
    /// The part of it that other sessions of this harness keep warm, tokens.
    pub warm_prefix: i64,
    /// Where its usage comes from.
    pub usage_basis: Basis,
    /// Where its block sizes come from.
    pub blocks_basis: Basis,
    /// Where its times come from.
    pub times_basis: Basis,
    /// The format it came from; empty where that is the recording's.
    pub source: String,
    /// What a ledger says of it beside its calls.
    pub harness_totals: HarnessTotals,
}

impl Session {
    /// The indexes of its calls.
    #[must_use]
    pub fn call_range(&self) -> Range<usize> {
        let first = self.first_call as usize;
        first..first + self.calls as usize
    }
}

/// One model request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Index of its session.
    pub session: u32,
    /// Its model.
    pub model: ModelId,
    /// When the request left, milliseconds since the epoch (or since the pipeline's start).
    pub start_ms: i64,
    /// When the response was complete.
    pub end_ms: i64,
    /// From when its cache entry ages: its start, or its end if it ended the turn, because the
    /// harness then re-reads everything once more on the side (MODEL.md, "Cache law").
    pub touched_ms: i64,
    /// Records that held it.
    pub records: u32,
    /// Its usage.
    pub usage: Usage,
    /// Tokens that it produced beyond the recorded output (placeholder counts).
    pub output_hidden: i64,
    /// The cache tier it wrote to.
    pub tier: CacheTier,
    /// What is known about it.
    pub marks: CallMarks,
    /// Whether the context starts over here.
    pub restart: ContextRestart,
    /// Context that vanished before it without a restart (stripped thinking, cleared results).
    pub cut: i64,
    /// A known event that breaks the cache here.
    pub cache_break: CacheBreak,
    /// What the law does not explain.
    pub shock: Shock,
    /// Index of its first block.
    pub first_block: u32,
    /// How many blocks it has: inputs first, then outputs.
    pub blocks: u32,
}

impl Call {
    /// The indexes of its blocks.
    #[must_use]
    pub fn block_range(&self) -> Range<usize> {
        let first = self.first_block as usize;
        first..first + self.blocks as usize
    }

    /// Everything it produced, recorded or not.
    #[must_use]
    pub fn produced_tokens(&self) -> i64 {
        self.usage.output + self.output_hidden
    }
}

/// A piece of context: an input that enters with its call, or an output that its call produces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Index of its call.
    pub call: u32,
    /// What it is.
    pub kind: BlockKind,
    /// The tool it belongs to.
    pub tool: ToolId,
    /// Its length in characters, as recorded (0 where hidden).
    pub chars: u32,
    /// Its tokens as estimated from its content alone.
    pub estimate: i64,
    /// Its tokens: the estimate, scaled until the books meet the usage.
    pub tokens: i64,
    /// What is known about it.
    pub marks: BlockMarks,
    /// The file it concerns, numbered by first appearance in its session; [`NO_INDEX`] if none.
    pub file: u32,
    /// A tool result's tool input and the other way round; [`NO_INDEX`] if none.
    pub peer: u32,
}

impl Block {
    /// Its file, if it has one.
    #[must_use]
    pub fn file_number(&self) -> Option<u32> {
        (self.file != NO_INDEX).then_some(self.file)
    }

    /// The block at the other end of its tool use, if there is one.
    #[must_use]
    pub fn peer_block(&self) -> Option<usize> {
        (self.peer != NO_INDEX).then_some(self.peer as usize)
    }
}

/// A canonical capture of one or many sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// A short name for tables.
    pub name: String,
    /// The format it came from, e.g. `claude-code`.
    pub source: String,
    /// Model names, by [`ModelId`].
    pub models: Vec<String>,
    /// Tool names, by [`ToolId`].
    pub tools: Vec<String>,
    /// The sessions; each one's calls are contiguous.
    pub sessions: Vec<Session>,
    /// The calls, session by session, in order of time.
    pub calls: Vec<Call>,
    /// The blocks, call by call.
    pub blocks: Vec<Block>,
    /// Agents woken by packets, in the order of their calls.
    pub invocations: Vec<Invocation>,
    /// What was billed beyond the calls.
    pub remainders: Vec<Remainder>,
    /// Crash records, where the source has them.
    pub crashes: CrashCounts,
}

impl Recording {
    /// Usage of all calls (remainders not included).
    #[must_use]
    pub fn total_usage(&self) -> Usage {
        self.calls.iter().map(|call| call.usage).sum()
    }

    /// The format that a session came from.
    #[must_use]
    pub fn source_of_session<'a>(&'a self, session: &'a Session) -> &'a str {
        if session.source.is_empty() { &self.source } else { &session.source }
    }

    /// The blocks of call `index`.
    #[must_use]
    pub fn blocks_of_call(&self, index: usize) -> &[Block] {
        &self.blocks[self.calls[index].block_range()]
    }

    /// The name of a tool; empty for blocks of no tool.
    #[must_use]
    pub fn tool_name(&self, id: ToolId) -> &str {
        self.tools.get(usize::from(id)).map_or("", String::as_str)
    }

    /// The name of a model.
    #[must_use]
    pub fn model_name(&self, id: ModelId) -> &str {
        &self.models[usize::from(id)]
    }
}
