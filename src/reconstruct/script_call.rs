//! One call of a script: its tool use, what stands beside it, and the result that it brings.

use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{BlockKind, BlockMarks, CallMarks};

/// The tools that a script names; the first stands for every tool that no text names.
pub(crate) const TOOLS: [&str; 6] = ["unstated", "Read", "Edit", "Grep", "Bash", "Task"];
const UNSTATED: u16 = 0;
pub(super) const READ: u16 = 1;
pub(super) const EDIT: u16 = 2;
pub(super) const GREP: u16 = 3;
pub(super) const BASH: u16 = 4;
pub(super) const TASK: u16 = 5;

/// What a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseContent {
    /// A tool use alone.
    Tool,
    /// Prose and a tool use.
    ProseAndTool,
    /// Thinking and a tool use.
    ThinkingAndTool,
    /// Thinking, prose and a tool use.
    AllThree,
    /// Prose alone.
    Prose,
    /// Thinking alone.
    Thinking,
}

impl ResponseContent {
    /// Whether a tool is used.
    #[must_use]
    pub(crate) fn uses_tool(self) -> bool {
        !matches!(self, Self::Prose | Self::Thinking)
    }
}

/// An event's tokens that enter the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultArrival {
    /// What it is.
    pub kind: BlockKind,
    /// Characters as published.
    pub chars: u64,
    /// Tokens by the fitted rates.
    pub tokens: i64,
    /// The call whose tool use it answers.
    pub answers: usize,
}

/// One call of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptCall {
    /// Index into [`TOOLS`].
    pub tool: u16,
    /// What it says.
    pub response: ResponseContent,
    /// Marks of the call.
    pub marks: CallMarks,
    /// Marks of its tool input and of the result.
    pub block_marks: BlockMarks,
    /// The file that the tool use concerns.
    pub file: Option<u32>,
    /// The result of its tool use, where its size is known, and how many calls later it enters.
    pub result: Option<(KnownResult, usize)>,
    /// How long its tool runs, milliseconds, where known.
    pub wait_ms: i64,
    /// Whether that time holds the call itself.
    pub wait_holds_call: bool,
}

/// A tool result of known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownResult {
    /// What it is.
    pub kind: BlockKind,
    /// Characters.
    pub chars: u64,
}

impl KnownResult {
    /// A result of so many published characters.
    pub(super) fn of_size(kind: BlockKind, chars: i64) -> Self {
        Self { kind, chars: u64::try_from(chars).unwrap_or(0) }
    }
}

impl ScriptCall {
    /// A tool call of which nothing is known.
    pub(super) fn unknown_tool_call() -> Self {
        Self {
            tool: UNSTATED,
            response: ResponseContent::Tool,
            marks: CallMarks::empty(),
            block_marks: BlockMarks::empty(),
            file: None,
            result: None,
            wait_ms: 0,
            wait_holds_call: false,
        }
    }

    /// A tool call that concerns a file, or does something known.
    pub(super) fn known_tool_call(tool: u16, block_marks: BlockMarks, file: Option<u32>) -> Self {
        Self { tool, block_marks, file, ..Self::unknown_tool_call() }
    }

    /// Whether nothing is known of it yet.
    pub(super) fn is_free(&self) -> bool {
        *self == Self::unknown_tool_call()
    }

    /// The result of known size as it enters, if it does.
    pub(super) fn result_arrival(&self, answers: usize) -> Option<(ResultArrival, usize)> {
        let (result, delay) = self.result?;
        let tool = TOOLS[usize::from(self.tool)];
        let arrival = ResultArrival {
            kind: result.kind,
            chars: result.chars,
            tokens: estimate::estimate_tokens(Tokenizer::Other, result.kind, tool, result.chars),
            answers,
        };
        Some((arrival, answers + delay))
    }
}

/// A published count as a number of calls: no session has more than the cap.
pub(super) fn capped_count(value: i64) -> usize {
    // What a file says must not decide how much memory is taken.
    usize::try_from(value).unwrap_or(0).min(100_000)
}
