//! The core under both transcript readers: one session on its way from records to a draft.
//!
//! A reader knows its source's records; what they come to is decided here: which tool use a result
//! belongs to, what is a poll, what was read again, which test run died before its first test.

pub(super) use super::call_times::ToldTimes;
use super::call_times::fill_call_times;
use super::measured_text::ShortText;
use super::parsed_file::{
    BeyondCalls, CallIdentity, CallKey, ForkLineage, SessionDraft, intern_name,
};
use super::session_completion::{self, CallTransition, HiddenThinking};
use super::tool_marks;
use crate::recording::{
    Basis, BlockKind, BlockMarks, CacheBreak, CallFacts, CallMarks, ContextRestart, RawBlock,
    RawCall, RawSession, estimate,
};
use crate::units::Usage;
use std::borrow::Cow;
use std::collections::HashMap;

/// How many tool uses may lie between two looks at a forge for the second to be a poll.
/// Source: MODEL.md, "Marks".
const STATE_WINDOW: u32 = 3;

/// A place among the outputs of a session: call and output.
pub(super) type OutputPlace = (u32, u32);

/// A tool use as a reader understood it.
pub(super) struct ToolUse<'a> {
    /// Fingerprint of the id that its result will name.
    pub id: u64,
    /// Name of the tool.
    pub name: &'a str,
    /// Characters of its input.
    pub chars: u64,
    /// Marks of its input and its result.
    pub marks: BlockMarks,
    /// Whether its result is a subagent's report.
    pub is_report: bool,
    /// Fingerprint of the question, where it asks a forge for the state of something.
    pub forge_question: Option<u64>,
    /// Fingerprint of the path of its file.
    pub path: Option<u64>,
    /// Fingerprint of path and range, for reads.
    pub read: Option<u64>,
}

/// A tool use that waits for its result.
#[derive(Clone, Copy, Debug)]
struct PendingToolUse {
    place: OutputPlace,
    tool: u16,
    marks: BlockMarks,
    is_report: bool,
    file: Option<u32>,
    read: Option<u64>,
    /// The same for a read of its whole file.
    whole_read: Option<u64>,
    started_ms: Option<i64>,
}

/// The fingerprint of a read: path and range; a read without a range is of the whole file.
pub(super) fn read_fingerprint(path: u64, range: u64) -> u64 {
    path.rotate_left(1) ^ range
}

/// The result of a tool use as a reader measured it.
pub(super) struct ToolResult {
    /// Fingerprint of the id of the tool use.
    pub id: u64,
    /// Characters of its texts.
    pub chars: u64,
    /// Pictures in it.
    pub images: usize,
    /// Whether the tool reports a failure.
    pub failed: bool,
    /// When it came.
    pub at_ms: Option<i64>,
}

/// What both readers collect of one session.
#[derive(Debug)]
pub(super) struct TranscriptCore {
    /// The session with its calls so far.
    pub session: RawSession,
    /// What has happened since the last call.
    pub transition: CallTransition,
    /// Whether a person has spoken since the last call.
    pub human: bool,
    /// Time of the last record that has one.
    pub last_ms: i64,
    /// Whether any record has a time.
    pub timed: bool,
    /// The identity of each call.
    pub identities: Vec<CallIdentity>,
    /// What its records tell of its times.
    pub told_times: Vec<ToldTimes>,
    /// What responses billed beyond their calls.
    pub beyond: BeyondCalls,
    transitions: Vec<CallTransition>,
    /// Fingerprint of the effort of the last call that told one.
    effort: Option<u64>,
    /// By fingerprint of their ids.
    tool_uses: HashMap<u64, PendingToolUse>,
    /// The call that tool uses were added for last, and the fingerprints of their ids.
    last_used: (u32, Vec<u64>),
    tool_use_count: u32,
    /// The last question to a forge, and how many tool uses there had been by then.
    last_forge_question: Option<(u32, u64)>,
    /// Numbers of files, by fingerprint of their paths.
    files: HashMap<u64, u32>,
    /// What reads brought, by fingerprint of path and range.
    read_contents: HashMap<u64, u64>,
}

impl TranscriptCore {
    /// A session of which no record has come.
    pub fn new(session: RawSession) -> Self {
        Self {
            session,
            transition: CallTransition::default(),
            human: false,
            last_ms: i64::MIN,
            timed: false,
            identities: Vec::new(),
            told_times: Vec::new(),
            beyond: BeyondCalls::new(),
            transitions: Vec::new(),
            effort: None,
            tool_uses: HashMap::new(),
            last_used: (0, Vec::new()),
            tool_use_count: 0,
            last_forge_question: None,
            files: HashMap::new(),
            read_contents: HashMap::new(),
        }
    }

    /// Notes the time of a record.
    pub fn note_time(&mut self, at_ms: Option<i64>) {
        self.timed |= at_ms.is_some();
        self.last_ms = self.last_ms.max(at_ms.unwrap_or(i64::MIN));
    }

    /// Notes the effort that what follows is asked for with; it belongs to the key of the cache.
    pub fn note_effort(&mut self, name: &ShortText<'_>) {
        if !name.0.is_empty() {
            let effort = name.text_hash();
            // The first effort that is told switches nothing: there is none to compare with.
            let before = self.effort.replace(effort);
            self.transition.effort_switched |= before.is_some_and(|before| before != effort);
        }
    }

    /// Notes that the context was compacted before the next call.
    pub fn note_compaction(&mut self, by_hand: bool) {
        let restart =
            if by_hand { ContextRestart::ManualCompacted } else { ContextRestart::AutoCompacted };
        self.transition.compacted = Some(restart);
        // What was read before is gone from the context: to read it anew is no repetition.
        self.read_contents.clear();
    }

    /// Forgets the read of a tool use whose result has left the context.
    pub fn forget_read(&mut self, tool_use: u64) {
        let read = self.tool_uses.get(&tool_use).and_then(|used| used.read);
        read.map(|read| self.read_contents.remove(&read));
    }

    /// Whether the last call followed a compaction.
    pub fn last_call_was_compacted(&self) -> bool {
        self.transitions.last().is_some_and(|last| last.compacted.is_some())
    }

    /// The index that the next call will have.
    pub fn next_call(&self) -> u32 {
        self.session.calls.len() as u32
    }

    /// Adds a call, with the times that its records tell, and what happened before it.
    pub fn push_call(&mut self, key: CallKey, call: RawCall, told: ToldTimes) {
        self.identities.push(CallIdentity::new(key, call.usage, None));
        self.told_times.push(told);
        self.session.calls.push(call);
        self.transitions.push(std::mem::take(&mut self.transition));
    }

    /// Notes when one more record of a call was written.
    pub fn note_call_end(&mut self, call: u32, at_ms: Option<i64>) {
        let told = &mut self.told_times[call as usize];
        told.end_ms = told.end_ms.max(at_ms);
        let call = &mut self.session.calls[call as usize];
        call.end_ms = call.end_ms.max(at_ms.unwrap_or(call.end_ms));
    }

    /// Whether a tool use of this id has come already.
    pub fn has_tool_use(&self, id: u64) -> bool {
        self.tool_uses.contains_key(&id)
    }

    /// Notes a tool use whose output will stand at `place`; the answer is that output.
    pub fn add_tool_use(
        &mut self,
        place: OutputPlace,
        used: &ToolUse<'_>,
        started_ms: Option<i64>,
    ) -> RawBlock {
        self.tool_use_count += 1;
        let mut marks = used.marks;
        if let Some(question) = used.forge_question {
            // One look at a forge is a question; the same look soon after it waits for an answer.
            let before = self.last_forge_question.replace((self.tool_use_count, question));
            if before.is_some_and(|(at, asked)| {
                asked == question && self.tool_use_count - at <= STATE_WINDOW
            }) {
                marks |= BlockMarks::POLL;
            }
        }
        // Files are numbered in the order in which tools first touch them.
        let next_file = self.files.len() as u32;
        let file = used.path.map(|path| *self.files.entry(path).or_insert(next_file));
        let tool = intern_name(&mut self.session.tools, used.name);
        let (is_report, read) = (used.is_report, used.read);
        let whole_read = used.path.map(|path| read_fingerprint(path, 0));
        let pending =
            PendingToolUse { place, tool, marks, is_report, file, read, whole_read, started_ms };
        self.tool_uses.insert(used.id, pending);
        if self.last_used.0 != place.0 {
            self.last_used = (place.0, Vec::new());
        }
        self.last_used.1.push(used.id);
        let block = RawBlock::from_size(BlockKind::ToolInput, used.chars, 0);
        RawBlock { tool: Some(tool), marks, file, ..block }
    }

    /// The block of a result, and the marks that its tool use learns from it.
    ///
    /// `content_hash` and `sample` look at the text of the result, which most results are spared:
    /// the fingerprint is asked for where a file was read, the sample where a test run failed.
    pub fn add_tool_result<'a>(
        &mut self,
        result: &ToolResult,
        content_hash: impl FnOnce() -> u64,
        sample: impl FnOnce() -> Cow<'a, [u8]>,
    ) -> (RawBlock, Option<(OutputPlace, BlockMarks)>) {
        let images = result.images as i64 * estimate::PER_IMAGE;
        let mut block = RawBlock::from_size(BlockKind::ToolResult, result.chars, images);
        let mut learned = None;
        // A result may lack its tool use: the file may begin within a conversation.
        if let Some(used) = self.tool_uses.get(&result.id).copied() {
            let mut marks = BlockMarks::empty();
            if let Some(read) = used.read.filter(|_| !result.failed) {
                let content = content_hash();
                // Lines of a file that was read whole were read before, whatever range is asked.
                let mut reads = [Some(read), used.whole_read].into_iter().flatten();
                let seen = reads.any(|read| self.read_contents.contains_key(&read));
                marks.set(BlockMarks::SEEN_BEFORE, seen);
                // Read again with another content, it was edited in between: no repetition.
                let before = self.read_contents.insert(read, content);
                marks.set(BlockMarks::REREAD, before == Some(content));
            }
            if result.failed && used.marks.contains(BlockMarks::TEST_RUN) {
                let took_ms = result.at_ms.zip(used.started_ms).map(|(at, start)| at - start);
                let aborted = tool_marks::is_aborted_run(&sample(), result.chars, took_ms);
                marks.set(BlockMarks::ABORTED_RUN, aborted);
            }
            if used.is_report {
                block.kind = BlockKind::Report;
            }
            block.tool = Some(used.tool);
            block.file = used.file;
            block.peer = Some(used.place);
            block.marks = used.marks | marks;
            learned = Some((used.place, marks));
        }
        block.marks.set(BlockMarks::ERROR, result.failed);
        (block, learned)
    }

    /// Marks an output of a call that is complete; false where that call has yet to come.
    pub fn mark_output(&mut self, (call, output): OutputPlace, marks: BlockMarks) -> bool {
        let Some(call) = self.session.calls.get_mut(call as usize) else { return false };
        if marks.contains(BlockMarks::ABORTED_RUN) {
            call.marks |= CallMarks::ABORTED_RUN;
        }
        // The place was taken when the tool use came, before its block was pushed.
        if let Some(block) = call.outputs.get_mut(output as usize) {
            block.marks |= marks;
        }
        true
    }

    /// Moves the tool uses of the call in flight to the one after it.
    pub fn move_tool_uses(&mut self) {
        let call = self.next_call();
        // Only the last call's may be in flight; those of earlier calls stay where they are.
        if self.last_used.0 == call {
            self.last_used.0 += 1;
            for id in &self.last_used.1 {
                if let Some(used) = self.tool_uses.get_mut(id)
                    && used.place.0 == call
                {
                    used.place.0 += 1;
                }
            }
        }
    }

    /// Forgets the tool uses of the call in flight, which never came to be.
    pub fn drop_tool_uses(&mut self) {
        if self.last_used.0 == self.next_call() {
            for id in std::mem::take(&mut self.last_used.1) {
                self.tool_uses.remove(&id);
            }
        }
    }

    /// Completes the session, in which so much thinking is withheld.
    pub fn complete_session(&mut self, hidden_thinking: &[HiddenThinking]) {
        self.session.records = self.session.calls.iter().map(|call| call.records).sum();
        if !self.timed {
            self.session.times_basis = Basis::Estimated;
        } else if fill_call_times(&mut self.session.calls, &self.told_times) {
            self.session.times_basis = Basis::Filled;
            // The last record may be one whose time cannot be.
            self.last_ms = self.session.calls.last().map_or(self.last_ms, |call| call.end_ms);
        }
        session_completion::complete_session(&mut self.session, &self.transitions, hidden_thinking);
    }

    /// The completed session as a draft.
    pub fn into_draft(self, sidechain: bool, lineage: Option<ForkLineage>) -> SessionDraft {
        let Self { mut session, mut identities, beyond, last_ms, .. } = self;
        // All drafts lie in memory until they are merged: none keeps room that it does not need.
        for names in [&mut session.models, &mut session.tools, &mut session.labels] {
            names.shrink_to_fit();
        }
        session.calls.shrink_to_fit();
        for call in &mut session.calls {
            call.inputs.shrink_to_fit();
            call.outputs.shrink_to_fit();
        }
        identities.shrink_to_fit();
        SessionDraft { session, identities, beyond, is_retold: false, sidechain, last_ms, lineage }
    }
}

/// A call of which nothing is known but its model, its times and its usage.
pub(super) fn plain_call(model: u16, start_ms: i64, end_ms: i64, usage: Usage) -> RawCall {
    RawCall {
        model,
        start_ms,
        end_ms,
        records: 1,
        usage,
        placeholder: false,
        marks: CallMarks::empty(),
        facts: CallFacts::default(),
        restart: ContextRestart::No,
        cache_break: CacheBreak::No,
        inputs: Vec::new(),
        outputs: Vec::new(),
    }
}
