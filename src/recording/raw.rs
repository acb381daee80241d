//! What importers and reconstructions deliver: sessions as they were seen, not calibrated yet.

use super::{
    Basis, BlockKind, BlockMarks, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart,
    HarnessTotals, Packet, Role,
};
use crate::units::Usage;

/// A block as an importer saw it: sized in characters, tokens only estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// What it is.
    pub kind: BlockKind,
    /// Index into the session's own table of tools.
    pub tool: Option<u16>,
    /// Its length in characters.
    pub chars: u64,
    /// Its estimated tokens ([`super::estimate`]).
    pub estimate: i64,
    /// What is known about it.
    pub marks: BlockMarks,
    /// The file it concerns, numbered by first appearance in its session.
    pub file: Option<u32>,
    /// For a tool result: (call, output) positions of the tool input in this raw session.
    pub peer: Option<(u32, u32)>,
    /// The call of this raw session that is the first without it, where it left the context alone.
    pub left: Option<u32>,
}

impl RawBlock {
    /// A block of so many characters and estimated tokens, with nothing else known.
    #[must_use]
    pub fn from_size(kind: BlockKind, chars: u64, estimate: i64) -> Self {
        let marks = BlockMarks::empty();
        Self { kind, tool: None, chars, estimate, marks, file: None, peer: None, left: None }
    }
}

/// A call as an importer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawCall {
    /// Index into the session's own table of models.
    pub model: u16,
    /// When the request left, milliseconds since the epoch.
    pub start_ms: i64,
    /// When the response was complete.
    pub end_ms: i64,
    /// Records that held it.
    pub records: u32,
    /// Its billed usage.
    pub usage: Usage,
    /// Whether the recorded output is a streaming placeholder.
    pub placeholder: bool,
    /// What is known about it.
    pub marks: CallMarks,
    /// What its record says beside usage, times and content; labels are the session's own.
    pub facts: CallFacts,
    /// Whether the context starts over here. The first call always does.
    pub restart: ContextRestart,
    /// A known event that breaks the cache here.
    pub cache_break: CacheBreak,
    /// What entered the context before it (its predecessor's output not included).
    pub inputs: Vec<RawBlock>,
    /// What it produced.
    pub outputs: Vec<RawBlock>,
}

/// A session as an importer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSession {
    /// The source's own id.
    pub id: String,
    /// The file it was read from, relative to what was imported.
    pub file: String,
    /// Pipeline, if known.
    pub pipeline: String,
    /// Step, if known.
    pub step: String,
    /// Version of the harness.
    pub version: String,
    /// What it was in its pipeline.
    pub role: Role,
    /// Records it was read from.
    pub records: u32,
    /// The static prefix, if the importer knows it; else it is derived from the first call.
    pub static_prefix: Option<i64>,
    /// The cache tier, where the usage of its calls does not show it.
    pub tier: Option<CacheTier>,
    /// Model names by the calls' `model`.
    pub models: Vec<String>,
    /// Tool names by the blocks' `tool`.
    pub tools: Vec<String>,
    /// Names of skills and MCP servers by the calls' facts.
    pub labels: Vec<String>,
    /// The calls in order of time.
    pub calls: Vec<RawCall>,
    /// Packets that woke it, with the position of the first call made for each, in order.
    pub invocations: Vec<(u32, Packet)>,
    /// Where its usage comes from.
    pub usage_basis: Basis,
    /// Where its block sizes come from.
    pub blocks_basis: Basis,
    /// Where its times come from.
    pub times_basis: Basis,
    /// The format it came from, where a recording may hold several.
    pub source: String,
    /// What a ledger says of it beside its calls.
    pub harness_totals: HarnessTotals,
}

impl RawSession {
    /// A session without calls, as transcripts are read: usage and times are theirs, block sizes
    /// are estimates until calibration scales them.
    #[must_use]
    pub fn new(id: String, file: &str, role: Role) -> Self {
        Self {
            id,
            file: file.to_owned(),
            pipeline: String::new(),
            step: String::new(),
            version: String::new(),
            role,
            records: 0,
            static_prefix: None,
            tier: None,
            models: Vec::new(),
            tools: Vec::new(),
            labels: Vec::new(),
            calls: Vec::new(),
            invocations: Vec::new(),
            usage_basis: Basis::Billed,
            blocks_basis: Basis::Estimated,
            times_basis: Basis::Billed,
            source: String::new(),
            harness_totals: HarnessTotals::default(),
        }
    }
}
