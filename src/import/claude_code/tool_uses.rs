//! Tool uses and their results as Claude Code writes them.

use super::wire::{ContentItem, MessageContent};
use crate::import::dispatches::OrderDispatch;
use crate::import::measured_text::MeasuredText;
use crate::import::tool_marks::{self, canonical_step};
use crate::import::transcript::{ToolResult, ToolUse, read_fingerprint};
use crate::recording::BlockMarks;
use xxhash_rust::xxh3::xxh3_64;

/// What a tool use is for, by its name and its input.
pub(super) fn describe_tool_use<'a>(item: &ContentItem<'_>, name: &'a str) -> ToolUse<'a> {
    let input = &item.input;
    let purpose = tool_marks::purpose_of_tool_use(name, &input.command, input.path_is_file);
    let marks = purpose.marks;
    let has_file = marks.intersects(BlockMarks::EDIT | BlockMarks::READ | BlockMarks::SEARCH);
    // Only marks that concern a file make its path one: a shell's `path` may be anything.
    let path = Some(input.path).filter(|&path| path != 0);
    ToolUse {
        id: item.id.text_hash(),
        name,
        chars: input.chars,
        marks,
        is_report: purpose.report,
        forge_question: purpose.asks_state.then(|| xxh3_64(input.command.as_bytes())),
        path: path.filter(|_| has_file),
        // The same file at another offset is another read.
        read: path
            .filter(|_| marks.contains(BlockMarks::READ))
            .map(|path| read_fingerprint(path, input.range)),
    }
}

/// The dispatch that a tool use of call `call` is, if it is one.
pub(super) fn dispatch_of(item: &ContentItem<'_>, name: &str, call: u32) -> Option<OrderDispatch> {
    let input = &item.input;
    (name.ends_with("run_skill") && !input.order.is_empty()).then(|| OrderDispatch {
        call,
        order: input.order.clone(),
        step: canonical_step(&input.step),
    })
}

/// Sizes of a result.
pub(super) fn describe_result(item: &ContentItem<'_>, at_ms: Option<i64>) -> ToolResult {
    let content = &item.content;
    ToolResult {
        id: item.tool_use_id.text_hash(),
        chars: content.text.chars + texts(content).map(|text| text.chars).sum::<u64>(),
        images: content.items.iter().filter(|inner| inner.kind.0 == b"image").count(),
        failed: item.is_error == Some(true),
        at_ms,
    }
}

/// A fingerprint of all texts of a result, in their order.
pub(super) fn content_hash(content: &MessageContent<'_>) -> u64 {
    texts(content)
        .fold(content.text.text_hash(), |hash, text| hash.rotate_left(7) ^ text.text_hash())
}

/// The start of a result's first text.
pub(super) fn leading_sample<'a>(content: &MessageContent<'a>) -> &'a [u8] {
    texts(content).next().unwrap_or(&content.text).leading_sample()
}

/// The texts of a list of items that say anything.
fn texts<'a, 'b>(content: &'b MessageContent<'a>) -> impl Iterator<Item = &'b MeasuredText<'a>> {
    content.items.iter().map(|inner| &inner.text).filter(|text| text.chars > 0)
}
