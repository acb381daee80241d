//! Messages that enter a context: prompts, packets, skills, and what the harness adds.

use super::lenient_shapes::TextPiece;
use super::packet;
use super::session_builder::RolloutSessionBuilder;
use super::wire::RolloutItem;
use crate::import::json_escapes::count_chars;
use crate::recording::estimate;
use crate::recording::{BlockKind, BlockMarks, RawBlock};

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

/// A subagent's report to the thread that spawned it.
const REPORT: &[u8] = b"<subagent_notification>";

impl RolloutSessionBuilder {
    /// A message from outside; the answer is what is wrong with it, if anything is.
    pub(super) fn add_message(
        &mut self,
        item: &RolloutItem<'_>,
        at_ms: Option<i64>,
    ) -> Option<&'static str> {
        let said = item.role.0 == b"user";
        if said && self.is_answered() {
            self.abandon_response();
        }
        let mut wrong = None;
        for piece in &item.content.0 {
            if piece.is_image() {
                self.add_input(RawBlock::from_size(BlockKind::User, 0, estimate::PER_IMAGE), at_ms);
            } else if piece.text.0.is_empty() {
            } else if let Some(prompt) =
                said.then(|| packet::read_packet_prompt(piece.text.0)).flatten()
            {
                if !prompt.readable {
                    wrong = Some("a task packet without JSON front matter");
                }
                for (marks, chars) in prompt.parts {
                    let mut block = RawBlock::from_size(BlockKind::User, chars, 0);
                    block.marks = marks;
                    self.add_input(block, at_ms);
                }
                self.add_packet(prompt.packet);
            } else {
                self.add_message_piece(piece, said, at_ms);
            }
        }
        wrong
    }

    fn add_message_piece(&mut self, piece: &TextPiece<'_>, said: bool, at_ms: Option<i64>) {
        let text = piece.text.0;
        let starts = |what: &[u8]| text.trim_ascii_start().starts_with(what);
        let chars = count_chars(text);
        let (kind, marks) = if said && starts(SKILL) {
            (BlockKind::User, BlockMarks::SKILLS)
        } else if said && starts(REPORT) {
            (BlockKind::Report, BlockMarks::empty())
        } else if said && !ADDED.iter().any(|what| starts(what)) {
            (BlockKind::User, BlockMarks::empty())
        } else if self.session.calls.is_empty() {
            self.added_chars += chars;
            (BlockKind::System, BlockMarks::empty())
        } else {
            (BlockKind::Unattributed, BlockMarks::empty())
        };
        let mut block = RawBlock::from_size(kind, chars, 0);
        block.marks = marks;
        self.add_input(block, at_ms);
    }
}

/// Whether a message of a compacted history is the harness's own and not a part of the summary.
pub fn is_added_by_harness(role: &[u8], pieces: &[TextPiece<'_>]) -> bool {
    let first = pieces.first().map_or(&b""[..], |piece| piece.text.0);
    role != b"user" || ADDED.iter().any(|what| first.starts_with(what))
}
