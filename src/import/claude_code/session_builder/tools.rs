//! Tool uses and their results: what they are for, which file, which belongs to which.

use super::TranscriptSessionBuilder;
use crate::import::claude_code::wire::ContentItem;
use crate::import::dispatches::OrderDispatch;
use crate::import::intern_name;
use crate::import::tool_marks::{self, ToolPurpose};
use crate::recording::estimate;
use crate::recording::{BlockKind, BlockMarks, CallMarks, RawBlock};

/// How many tool uses may lie between two looks at a forge for the second to be a poll.
const STATE_WINDOW: u32 = 3;

/// A tool use that waits for its result.
pub struct TranscriptToolUse {
    peer: (u32, u32),
    tool: u16,
    purpose: ToolPurpose,
    file: Option<u32>,
    /// Fingerprint of path and range, for reads.
    read: Option<u64>,
    at_ms: i64,
}

impl TranscriptSessionBuilder {
    pub(super) fn add_tool_result(&mut self, item: &ContentItem<'_>, at_ms: Option<i64>) {
        let used = self.uses.get(&item.tool_use_id.text_hash());
        let report = used.is_some_and(|used| used.purpose.report);
        let kind = if report { BlockKind::Report } else { BlockKind::ToolResult };
        let texts = item.content.items.iter().filter(|inner| inner.text.chars > 0);
        let own = &item.content.text;
        let chars = own.chars + texts.clone().map(|inner| inner.text.chars).sum::<u64>();
        let hash = || {
            let inner = texts.clone().map(|inner| inner.text.text_hash());
            inner.fold(own.text_hash(), |hash, inner| hash.rotate_left(7) ^ inner)
        };
        let images = item.content.items.iter().filter(|i| i.kind.0 == b"image").count();
        let mut block = RawBlock::from_size(kind, chars, images as i64 * estimate::PER_IMAGE);
        let failed = item.is_error == Some(true);
        if let Some(used) = used {
            block.tool = Some(used.tool);
            block.marks = used.purpose.marks;
            block.file = used.file;
            block.peer = Some(used.peer);
            if let Some(read) = used.read
                && !failed
                && let hash = hash()
                && self.reads.insert(read, hash) == Some(hash)
            {
                block.marks |= BlockMarks::REREAD;
            }
            let first = texts.clone().next().map_or(own, |inner| &inner.text);
            let took_ms = at_ms.map(|at| at - used.at_ms).filter(|_| self.timed);
            let peer = used.peer;
            if failed
                && used.purpose.marks.contains(BlockMarks::TEST_RUN)
                && tool_marks::is_aborted_run(first.leading_sample(), chars, took_ms)
            {
                block.marks |= BlockMarks::ABORTED_RUN;
                let call = &mut self.session.calls[peer.0 as usize];
                call.marks |= CallMarks::ABORTED_RUN;
                call.outputs[peer.1 as usize].marks |= BlockMarks::ABORTED_RUN;
            }
            if block.marks.contains(BlockMarks::REREAD) {
                let call = &mut self.session.calls[peer.0 as usize];
                call.outputs[peer.1 as usize].marks |= BlockMarks::REREAD;
            }
        }
        block.marks.set(BlockMarks::ERROR, failed);
        self.pending.push(block);
    }

    pub(super) fn add_tool_use(&mut self, place: (u32, u32), item: &ContentItem<'_>) -> RawBlock {
        let name = item.name.to_text();
        let input = &item.input;
        let mut purpose =
            tool_marks::purpose_of_tool_use(&name, &input.command, input.path_is_file);
        self.tool_uses += 1;
        if purpose.asks_state {
            let question = xxhash_rust::xxh3::xxh3_64(input.command.as_bytes());
            let again =
                |(at, asked): (u32, u64)| asked == question && self.tool_uses - at <= STATE_WINDOW;
            if self.last_forge_question.is_some_and(again) {
                purpose.marks |= BlockMarks::POLL;
            }
            self.last_forge_question = Some((self.tool_uses, question));
        }
        let concerns_file =
            purpose.marks.intersects(BlockMarks::EDIT | BlockMarks::READ | BlockMarks::SEARCH);
        let file = (concerns_file && input.path != 0).then(|| {
            let next = self.files.len() as u32;
            *self.files.entry(input.path).or_insert(next)
        });
        let is_read = purpose.marks.contains(BlockMarks::READ);
        let read = (is_read && input.path != 0).then_some(input.path.rotate_left(1) ^ input.range);
        let tool = intern_name(&mut self.session.tools, &name);
        let at_ms = self.session.calls[place.0 as usize].end_ms;
        let used = TranscriptToolUse { peer: place, tool, purpose, file, read, at_ms };
        let known = self.uses.insert(item.id.text_hash(), used);
        if known.is_none() && name.ends_with("run_skill") && !input.order.is_empty() {
            let (order, step) = (input.order.clone(), tool_marks::canonical_step(&input.step));
            self.dispatches.push(OrderDispatch { call: place.0, order, step });
        }
        let mut block = RawBlock::from_size(BlockKind::ToolInput, input.chars, 0);
        block.tool = Some(tool);
        block.marks = purpose.marks;
        block.file = file;
        block
    }
}
