//! Messages that enter a context: prompts, packets, skills, and what the harness adds.

use super::lenient_shapes::TextPiece;
use super::packet;
use super::wire::RolloutItem;
use crate::import::json_escapes::count_chars;
use crate::import::skip::SkipReason;
use crate::recording::{BlockKind, BlockMarks, Packet, RawBlock, estimate};

/// What the harness says in a user's name begins with one of these.
const ADDED: [&[u8]; 9] = [
    b"<environment_context>",
    b"<user_instructions>",
    b"<INSTRUCTIONS>",
    b"# AGENTS.md instructions",
    b"<turn_aborted>",
    b"<user_shell_command>",
    b"<permissions instructions>",
    b"<collaboration_mode>",
    b"<model_switch>",
];

/// A skill's body, which a `$skill` of the prompt before it calls for.
const SKILL: &[u8] = b"<skill>";

/// A subagent's report to the session that spawned it.
const REPORT: &[u8] = b"<subagent_notification>";

/// What a message from outside brings.
#[derive(Default)]
pub(super) struct MessageInputs {
    /// What enters the context.
    pub blocks: Vec<RawBlock>,
    /// Task packets: they wake the session.
    pub packets: Vec<Packet>,
    /// Characters that the harness adds before anybody has spoken.
    pub added_chars: u64,
    /// What is wrong with the message, if anything is.
    pub fault: Option<SkipReason>,
}

/// Reads a message; `is_first` says that no call has been made yet.
pub(super) fn read_message(item: &RolloutItem<'_>, is_first: bool) -> MessageInputs {
    let is_user = item.role.0 == b"user";
    let mut inputs = MessageInputs::default();
    for piece in &item.content.0 {
        let text = piece.text.0;
        if piece.is_image() {
            inputs.blocks.push(RawBlock::from_size(BlockKind::User, 0, estimate::PER_IMAGE));
        } else if text.is_empty() {
            // Pieces of types that are not known show no text.
        } else if is_user && let Some(prompt) = packet::read_packet_prompt(text) {
            if !prompt.readable {
                inputs.fault = Some(SkipReason::PacketWithoutFrontMatter);
            }
            inputs.blocks.extend(prompt.parts.into_iter().map(|(marks, chars)| RawBlock {
                marks,
                ..RawBlock::from_size(BlockKind::User, chars, 0)
            }));
            // What could not be read of a packet still wakes its agent.
            inputs.packets.push(prompt.packet);
        } else {
            let chars = count_chars(text);
            let (kind, marks) = kind_of_text(text, is_user, is_first);
            if kind == BlockKind::System {
                inputs.added_chars += chars;
            }
            inputs.blocks.push(RawBlock { marks, ..RawBlock::from_size(kind, chars, 0) });
        }
    }
    inputs
}

/// What a text is, by how it begins and by who is named as its author.
fn kind_of_text(text: &[u8], is_user: bool, is_first: bool) -> (BlockKind, BlockMarks) {
    let text = text.trim_ascii_start();
    if is_user && text.starts_with(SKILL) {
        (BlockKind::User, BlockMarks::SKILLS)
    } else if is_user && text.starts_with(REPORT) {
        (BlockKind::Report, BlockMarks::empty())
    } else if is_user && !begins_as_added(text) {
        (BlockKind::User, BlockMarks::empty())
    } else if is_first {
        (BlockKind::System, BlockMarks::empty())
    } else {
        // A reminder in the middle of a session: sent, but nobody's word.
        (BlockKind::Unattributed, BlockMarks::empty())
    }
}

fn begins_as_added(text: &[u8]) -> bool {
    ADDED.iter().any(|opening| text.starts_with(opening))
}

/// Whether a message of a compacted history is the harness's own and not a part of the summary.
pub(super) fn is_added_by_harness(role: &[u8], pieces: &[TextPiece<'_>]) -> bool {
    role != b"user" || begins_as_added(pieces.first().map_or(b"", |piece| piece.text.0))
}
