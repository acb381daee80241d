//! Assembling a recording from the raw sessions that importers deliver.

use super::calibrate::{self, CalibratedSession};
use super::{
    Basis, Block, BlockKind, BlockMarks, CacheBreak, CacheTier, Call, CallMarks, ContextRestart,
    CrashCounts, HarnessTotals, Invocation, Packet, Recording, Remainder, Role, Session,
};
use crate::ids::{NO_INDEX, NO_TOOL};
use crate::units::Usage;
use std::collections::HashMap;

/// A block as an importer saw it: sized in characters, tokens only estimated.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl RawBlock {
    /// A block of so many characters and estimated tokens, with nothing else known.
    #[must_use]
    pub fn from_size(kind: BlockKind, chars: u64, estimate: i64) -> Self {
        let marks = BlockMarks::empty();
        Self { kind, tool: None, chars, estimate, marks, file: None, peer: None }
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

/// Builds a recording session by session.
#[derive(Debug, Default)]
pub struct RecordingBuilder {
    recording: Recording,
    models: HashMap<String, u16>,
    tools: HashMap<String, u16>,
}

impl RecordingBuilder {
    /// An empty recording with a name and a source format.
    #[must_use]
    pub fn new(name: &str, source: &str) -> Self {
        let recording =
            Recording { name: name.to_owned(), source: source.to_owned(), ..Recording::default() };
        Self { recording, ..Self::default() }
    }

    /// The id of a model in this recording.
    pub fn model_id(&mut self, name: &str) -> u16 {
        intern_name(&mut self.models, &mut self.recording.models, name)
    }

    /// How many sessions there are so far: the index that the next one will get.
    #[must_use]
    pub fn session_count(&self) -> u32 {
        self.recording.sessions.len() as u32
    }

    /// Adds usage that was billed beyond the calls of `session` (an index, or [`NO_INDEX`]).
    pub fn push_remainder(&mut self, session: u32, model: &str, usage: Usage, why: &str) {
        let model = self.model_id(model);
        self.recording.remainders.push(Remainder { session, model, usage, why: why.to_owned() });
    }

    /// Sets the crash records of the source.
    pub fn set_crashes(&mut self, crashes: CrashCounts) {
        self.recording.crashes = crashes;
    }

    /// Calibrates a session against its billed usage and appends it.
    pub fn push_session(&mut self, raw: RawSession) {
        let models: Vec<u16> = raw.models.iter().map(|name| self.model_id(name)).collect();
        let tools: Vec<u16> = raw
            .tools
            .iter()
            .map(|name| intern_name(&mut self.tools, &mut self.recording.tools, name))
            .collect();
        let session = self.session_count();
        let first_call = self.recording.calls.len() as u32;
        let CalibratedSession { static_prefix, warm_prefix, calls } =
            calibrate::calibrate_session(&raw);
        let mut outputs_at = Vec::with_capacity(calls.len());
        for done in calls {
            let at = self.recording.calls.len() as u32;
            let first_block = self.recording.blocks.len() as u32;
            let inputs = done.inputs.len() as u32;
            outputs_at.push(first_block + inputs);
            for (block, tokens) in done.inputs.into_iter().chain(done.outputs) {
                self.push_block(at, &block, tokens, &tools, &outputs_at);
            }
            let blocks = self.recording.blocks.len() as u32 - first_block;
            self.recording.calls.push(Call {
                session,
                model: models[usize::from(done.call.model)],
                first_block,
                blocks,
                ..done.call
            });
        }
        let invocations = raw.invocations.into_iter();
        let invocations = invocations
            .map(|(at, packet)| Invocation { call: first_call.saturating_add(at), packet });
        self.recording.invocations.extend(invocations);
        let source = if raw.source == self.recording.source { String::new() } else { raw.source };
        self.recording.sessions.push(Session {
            id: raw.id,
            file: raw.file,
            pipeline: raw.pipeline,
            step: raw.step,
            version: raw.version,
            role: raw.role,
            first_call,
            calls: self.recording.calls.len() as u32 - first_call,
            records: raw.records,
            static_prefix,
            warm_prefix,
            usage_basis: raw.usage_basis,
            blocks_basis: raw.blocks_basis,
            times_basis: raw.times_basis,
            source,
            harness_totals: raw.harness_totals,
        });
    }

    fn push_block(
        &mut self,
        call: u32,
        raw: &RawBlock,
        tokens: i64,
        tools: &[u16],
        outputs_at: &[u32],
    ) {
        let index = self.recording.blocks.len() as u32;
        let peer = raw
            .peer
            .and_then(|(call, output)| Some(outputs_at.get(call as usize)? + output))
            .filter(|&peer| peer < index);
        if let Some(peer) = peer {
            self.recording.blocks[peer as usize].peer = index;
        }
        self.recording.blocks.push(Block {
            call,
            kind: raw.kind,
            tool: raw.tool.map_or(NO_TOOL, |tool| tools[usize::from(tool)]),
            chars: u32::try_from(raw.chars).unwrap_or(u32::MAX),
            estimate: raw.estimate,
            tokens,
            marks: raw.marks,
            file: raw.file.unwrap_or(NO_INDEX),
            peer: peer.unwrap_or(NO_INDEX),
        });
    }

    /// The finished recording.
    ///
    /// # Panics
    /// If its books do not balance: that is a bug in calibration, never in the input.
    #[must_use]
    pub fn finish(self) -> Recording {
        if let Err(unbalanced) = self.recording.check_balance() {
            panic!("calibration left the books unbalanced: {unbalanced}");
        }
        self.recording
    }
}

pub(super) fn intern_name(
    ids: &mut HashMap<String, u16>,
    names: &mut Vec<String>,
    name: &str,
) -> u16 {
    if let Some(&id) = ids.get(name) {
        return id;
    }
    // The last id is reserved for "no tool"; beyond it all names share the last slot.
    let id = names.len().min(usize::from(NO_TOOL) - 1) as u16;
    if usize::from(id) == names.len() {
        names.push(name.to_owned());
    }
    ids.insert(name.to_owned(), id);
    id
}
