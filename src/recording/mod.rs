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
mod call_facts;
mod check;
mod digest;
pub mod estimate;
pub mod format;
mod harness_totals;
mod import_order;
mod invocation;
mod marks;
mod name_tables;
mod project_folder;
pub(crate) mod public_names;
mod queue_session;
mod raw;
mod remainder;
mod session_filter;
mod session_groups;
mod union;

pub use builder::RecordingBuilder;
pub(crate) use builder::{BlockLists, SpareMemory};
pub use call_facts::{CallFacts, PriceModifiers, ToldMissReason};
pub use check::BalanceError;
pub(crate) use digest::hex_prefix;
pub use harness_totals::HarnessTotals;
pub(crate) use invocation::DIGEST_KIND;
pub use invocation::{Invocation, Packet};
pub use marks::{BlockMarks, CallMarks};
pub(crate) use project_folder::HARNESS_FOLDERS;
pub use queue_session::QueueReason;
pub(crate) use queue_session::QueueReasons;
pub(crate) use queue_session::{QUEUE_KIND, StopLoss};
pub use raw::{RawBlock, RawCall, RawSession};
pub use remainder::{CrashCounts, Remainder, SkipCounts};
pub(crate) use session_groups::{RecordingCut, Ties};
pub use union::RecordingUnion;

pub use crate::kinds::{Basis, BlockKind, CacheBreak, CacheTier, ContextRestart, Role, Shock};
pub(crate) use crate::kinds::{name_of_value, value_of_name};

use crate::cache::entry_lifetime::{self, HitCurve};
use crate::cache::{self, CacheLookup, CacheRules, CachedPrefix};
use crate::ids::{ModelId, NO_INDEX, ToolId};
use crate::models;
use crate::units::Usage;
use std::ops::Range;

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

    /// What its harness decides about its cache.
    #[must_use]
    pub fn cache_rules(&self) -> CacheRules {
        CacheRules::of_version(&self.version)
    }

    /// The recorded look of a call of it into the cache; `before` is the call before.
    #[must_use]
    pub fn lookup_of_call(&self, before: Option<&Call>, call: &Call) -> CacheLookup {
        CacheLookup {
            prior: before.map(|before| before.left_in_cache(call.start_ms)),
            context: call.usage.context_tokens(),
            static_prefix: self.static_prefix,
            warm_prefix: self.warm_prefix,
            cache_break: call.cache_break,
            rules: self.cache_rules(),
        }
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
    /// What its record says beside usage, times and content.
    pub facts: CallFacts,
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

    /// The prefix that it left in the cache, tokens.
    #[must_use]
    pub(crate) fn cached_tokens(&self) -> i64 {
        let (context, fresh) = (self.usage.context_tokens(), self.usage.fresh);
        cache::cached_prefix_tokens(self.tier, context, fresh)
    }

    /// What it left in the cache, as a call finds it that starts at an instant.
    #[must_use]
    pub(crate) fn left_in_cache(&self, start_ms: i64) -> CachedPrefix {
        CachedPrefix {
            cached: self.cached_tokens(),
            gap_ms: start_ms - self.touched_ms,
            tier: self.tier,
            answer: self.cached_answer_tokens(),
        }
    }

    /// Its answer, where a side request of the harness caches that too.
    #[must_use]
    pub(crate) fn cached_answer_tokens(&self) -> i64 {
        let is_cached = self.marks.contains(CallMarks::ANSWER_CACHED);
        if is_cached { self.produced_tokens() } else { 0 }
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
    /// How many later calls carried it, where it then left the context alone; [`NO_INDEX`] where it
    /// stays until its session ends or starts over.
    pub carried: u32,
}

impl Block {
    /// Its file, if it has one.
    #[must_use]
    pub fn file_number(&self) -> Option<u32> {
        (self.file != NO_INDEX).then_some(self.file)
    }

    /// How many later calls carried it, where it then left the context alone.
    #[must_use]
    pub fn carried_calls(&self) -> Option<u32> {
        (self.carried != NO_INDEX).then_some(self.carried)
    }

    /// The block at the other end of its tool use, if there is one.
    #[must_use]
    pub fn peer_block(&self) -> Option<usize> {
        (self.peer != NO_INDEX).then_some(self.peer as usize)
    }
}

/// Calls whose times are not those of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsWithoutTimes {
    /// Of sessions that have times, and miss that of the call.
    pub filled: u64,
    /// Of sessions without any time.
    pub untimed: u64,
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
    /// Names of skills and MCP servers, by the calls' facts.
    pub labels: Vec<String>,
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
    /// What was passed over at the import; `None` where that is not known.
    pub skips: Option<SkipCounts>,
}

impl Recording {
    /// Usage of all calls (remainders not included).
    #[must_use]
    pub fn total_usage(&self) -> Usage {
        self.calls.iter().map(|call| call.usage).sum()
    }

    /// Calls whose times are not those of the source.
    #[must_use]
    pub(crate) fn calls_without_times(&self) -> CallsWithoutTimes {
        let mut counts = CallsWithoutTimes::default();
        for session in &self.sessions {
            // A reconstruction lays calls by a stated rule: its times are of the model.
            if session.times_basis == Basis::Estimated {
                counts.untimed += u64::from(session.calls);
                continue;
            }
            let calls = self.calls[session.call_range()].iter();
            let filled = calls.filter(|call| call.marks.contains(CallMarks::TIME_FILLED));
            counts.filled += filled.count() as u64;
        }
        counts
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

    /// The chances of a call's look into an automatic cache.
    #[must_use]
    pub(crate) fn hit_curve_of_call(&self, call: usize) -> HitCurve {
        let session = &self.sessions[self.calls[call].session as usize];
        let place = u32::try_from(call).unwrap_or(u32::MAX).saturating_sub(session.first_call);
        let model = self.model_name(self.calls[call].model);
        let is_young = session.role == Role::Subagent && !self.is_fork(session);
        entry_lifetime::hit_curve(model, is_young, place)
    }

    /// Whether a session starts with the history of another: most of its first prompt is nobody's.
    fn is_fork(&self, session: &Session) -> bool {
        let first = session.first_call as usize;
        let history = self.blocks_of_call(first).iter();
        let history = history.filter(|block| block.kind == BlockKind::Unattributed);
        let history: i64 = history.map(|block| block.tokens).sum();
        history * 2 > self.calls[first].usage.context_tokens()
    }

    /// The call that began the turn before this prompt, where the harness drops what was thought in
    /// that turn: the prompts of both agree up to there, and no automatic cache knows more. `None`
    /// where nothing is dropped. Source: MODEL.md, "Automatic caches".
    #[must_use]
    pub(crate) fn turn_dropped_at(&self, at: usize) -> Option<usize> {
        let call = &self.calls[at];
        let first = self.sessions[call.session as usize].first_call as usize;
        let drops = models::facts_of_model(self.model_name(call.model)).drops_reasoning;
        if !drops || call.restart != ContextRestart::No || !self.begins_turn(at) {
            return None;
        }
        // Back to the call that began the turn, looking for anything that it thought.
        let (mut thought, mut began) = (false, at);
        while began > first {
            began -= 1;
            thought |= self.blocks_of_call(began).iter().any(is_thinking);
            let restarts = self.calls[began].restart != ContextRestart::No;
            if restarts || self.begins_turn(began) {
                break;
            }
        }
        (thought && began < at).then_some(began)
    }

    /// Whether a call answers a prompt, and the call before had ended its turn: what is said while
    /// tools are at work belongs to the turn.
    pub(crate) fn begins_turn(&self, at: usize) -> bool {
        let first = self.sessions[self.calls[at].session as usize].first_call as usize;
        self.call_has_block(at, BlockKind::User)
            && (at == first || !self.call_has_block(at - 1, BlockKind::ToolInput))
    }

    fn call_has_block(&self, at: usize, kind: BlockKind) -> bool {
        self.blocks_of_call(at).iter().any(|block| block.kind == kind)
    }
}

/// Whether a block is thinking that costs anything to send again.
fn is_thinking(block: &Block) -> bool {
    block.kind == BlockKind::Thinking && block.tokens > 0
}
