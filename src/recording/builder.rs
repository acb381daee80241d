//! Assembling a recording from the raw sessions that importers deliver.

use super::calibrate;
use super::name_tables::{NameTables, NewIds};
use super::raw::{RawBlock, RawCall, RawSession};
use super::{Block, Call, CrashCounts, Invocation, PriceModifiers, Recording, Remainder, Session};
use crate::ids::{NO_INDEX, NO_TOOL};
use crate::units::Usage;

/// Builds a recording session by session.
#[derive(Debug, Default)]
pub struct RecordingBuilder {
    recording: Recording,
    names: NameTables,
    /// The lists of the sessions that were pushed, where somebody wants them back.
    lists: Option<BlockLists>,
}

/// What a recording that nobody needs any more leaves to the next one.
#[derive(Debug, Default)]
pub(crate) struct SpareMemory {
    /// That recording.
    pub(crate) recording: Recording,
    lists: BlockLists,
}

/// Lists of blocks that nobody needs any more: each call has two, and most are short.
#[derive(Debug, Default)]
pub(crate) struct BlockLists(Vec<Vec<RawBlock>>);

impl BlockLists {
    /// An empty list.
    pub(crate) fn take_empty(&mut self) -> Vec<RawBlock> {
        let mut list = self.0.pop().unwrap_or_default();
        list.clear();
        list
    }

    fn keep_lists_of(&mut self, calls: Vec<RawCall>) {
        self.0.extend(calls.into_iter().flat_map(|call| [call.inputs, call.outputs]));
    }
}

impl RecordingBuilder {
    /// An empty recording with a name and a source format.
    #[must_use]
    pub fn new(name: &str, source: &str) -> Self {
        let recording =
            Recording { name: name.to_owned(), source: source.to_owned(), ..Recording::default() };
        Self { recording, ..Self::default() }
    }

    /// Makes room for what these sessions hold: to grow would hold it twice.
    pub(crate) fn reserve_for<'a>(&mut self, sessions: impl Iterator<Item = &'a RawSession>) {
        let calls = sessions.flat_map(|session| &session.calls);
        let (calls, blocks) = calls.fold((0, 0), |(calls, blocks), call| {
            (calls + 1, blocks + call.inputs.len() + call.outputs.len())
        });
        self.recording.calls.reserve(calls);
        self.recording.blocks.reserve(blocks);
    }

    /// The same in the memory of a recording that nobody needs any more.
    #[must_use]
    pub(crate) fn in_memory_of(spare: &mut SpareMemory, name: &str, source: &str) -> Self {
        let SpareMemory { recording, lists } = std::mem::take(spare);
        let Recording { mut calls, mut blocks, .. } = recording;
        calls.clear();
        blocks.clear();
        let empty = Self::new(name, source);
        let recording = Recording { calls, blocks, ..empty.recording };
        Self { recording, lists: Some(lists), ..empty }
    }

    /// Lists for the blocks of sessions that are laid out one after the other.
    pub(crate) fn spare_lists(&mut self) -> &mut BlockLists {
        self.lists.get_or_insert_default()
    }

    /// The id of a model in this recording.
    pub(crate) fn model_id(&mut self, name: &str) -> u16 {
        self.names.intern_model(&mut self.recording, name)
    }

    /// How many sessions there are so far: the index that the next one will get.
    #[must_use]
    pub(crate) fn session_count(&self) -> u32 {
        self.recording.sessions.len() as u32
    }

    /// The sessions so far.
    pub(crate) fn sessions(&self) -> &[Session] {
        &self.recording.sessions
    }

    /// The model of all calls of a session, where it is one.
    pub(crate) fn only_model_of(&self, session: u32) -> Option<&str> {
        let calls = &self.recording.calls[self.recording.sessions[session as usize].call_range()];
        let model = calls.first()?.model;
        let is_only = calls.iter().all(|call| call.model == model);
        is_only.then(|| self.recording.models[usize::from(model)].as_str())
    }

    /// Adds usage that was billed beyond the calls of `session` (an index, or [`NO_INDEX`]).
    pub fn push_remainder(&mut self, session: u32, model: &str, usage: Usage, why: &str) {
        self.push_remainder_under(session, model, usage, why, PriceModifiers::empty());
    }

    /// The same, where it was billed under conditions that a record tells.
    pub(crate) fn push_remainder_under(
        &mut self,
        session: u32,
        model: &str,
        usage: Usage,
        why: &str,
        modifiers: PriceModifiers,
    ) {
        let (model, why) = (self.model_id(model), why.to_owned());
        self.recording.remainders.push(Remainder { session, model, usage, why, modifiers });
    }

    /// The conditions under which all calls by some models in a session were priced; none where
    /// they differ.
    pub(crate) fn modifiers_in_session(
        &self,
        session: u32,
        is_model: impl Fn(&str) -> bool,
    ) -> PriceModifiers {
        let Recording { sessions, calls, models, .. } = &self.recording;
        let calls = &calls[sessions[session as usize].call_range()];
        let told = calls.iter().filter(|call| is_model(&models[usize::from(call.model)]));
        let mut told = told.map(|call| call.facts.modifiers);
        let first = told.next().unwrap_or_default();
        if told.all(|other| other == first) { first } else { PriceModifiers::empty() }
    }

    /// Up to `stated` tokens of the output that a session's calls by some models hide are told
    /// after all; how many.
    pub(crate) fn confirm_hidden_output(
        &mut self,
        session: u32,
        is_model: impl Fn(&str) -> bool,
        stated: i64,
    ) -> i64 {
        let Recording { sessions, calls, models, .. } = &mut self.recording;
        let mut left = stated.max(0);
        for call in &mut calls[sessions[session as usize].call_range()] {
            if left == 0 {
                break;
            }
            if call.output_hidden > 0 && is_model(&models[usize::from(call.model)]) {
                let told = call.output_hidden.min(left);
                call.usage.output += told;
                call.output_hidden -= told;
                left -= told;
            }
        }
        stated.max(0) - left
    }

    /// Sets the crash records of the source.
    pub(crate) fn set_crashes(&mut self, crashes: CrashCounts) {
        self.recording.crashes = crashes;
    }

    /// Calibrates a session against its billed usage and appends it.
    pub fn push_session(&mut self, raw: RawSession) {
        let recording = &mut self.recording;
        let NewIds { models, tools, labels } =
            self.names.intern_all(recording, &raw.models, &raw.tools, &raw.labels);
        let session = recording.sessions.len() as u32;
        let first_call = recording.calls.len() as u32;
        // Where the outputs of each call of this session begin among the blocks of the recording:
        // a result names its tool input by call and output.
        let mut outputs_at = Vec::with_capacity(raw.calls.len());
        let (static_prefix, warm_prefix) = calibrate::calibrate_session(&raw, |call, done| {
            let at = recording.calls.len() as u32;
            let first_block = recording.blocks.len() as u32;
            outputs_at.push(first_block + done.inputs as u32);
            for (block, tokens) in &done.blocks {
                push_block(&mut recording.blocks, at, block, *tokens, &tools, &outputs_at);
            }
            recording.calls.push(Call {
                session,
                model: models[usize::from(call.model)],
                facts: call.facts.with_labels(&labels),
                first_block,
                blocks: done.blocks.len() as u32,
                ..call.clone()
            });
        });
        let invocations = raw.invocations.into_iter();
        let invocations = invocations
            .map(|(at, packet)| Invocation { call: first_call.saturating_add(at), packet });
        self.recording.invocations.extend(invocations);
        // Most sessions came from the recording's own format, and need not say so.
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
        if let Some(lists) = &mut self.lists {
            lists.keep_lists_of(raw.calls);
        }
    }

    /// The finished recording; the lists of its sessions stay with `spare`.
    ///
    /// # Panics
    /// As [`Self::finish`].
    #[must_use]
    pub(crate) fn finish_sparing(mut self, spare: &mut SpareMemory) -> Recording {
        spare.lists = self.lists.take().unwrap_or_default();
        self.finish()
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

#[inline]
fn push_block(
    blocks: &mut Vec<Block>,
    call: u32,
    raw: &RawBlock,
    tokens: i64,
    tools: &[u16],
    outputs_at: &[u32],
) {
    let index = blocks.len() as u32;
    // A peer must stand before its result; one that points forward or nowhere is dropped. Both
    // ends then know each other.
    let peer = raw
        .peer
        .and_then(|(call, output)| Some(outputs_at.get(call as usize)? + output))
        .filter(|&peer| peer < index);
    if let Some(peer) = peer {
        blocks[peer as usize].peer = index;
    }
    // The outputs of its own call were noted last.
    let next_in_session = outputs_at.len() as u32;
    blocks.push(Block {
        call,
        kind: raw.kind,
        tool: raw.tool.map_or(NO_TOOL, |tool| tools[usize::from(tool)]),
        chars: u32::try_from(raw.chars).unwrap_or(u32::MAX),
        estimate: raw.estimate,
        tokens,
        marks: raw.marks,
        file: raw.file.unwrap_or(NO_INDEX),
        peer: peer.unwrap_or(NO_INDEX),
        carried: raw.left.map_or(NO_INDEX, |left| left.saturating_sub(next_in_session)),
    });
}
