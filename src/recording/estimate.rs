//! Tokens from characters, where usage does not say: the fitted rates of MODEL.md.
//!
//! Rates are tokens per 1,000 characters, integers, one column per tokenizer family: the rounded
//! fit over all public transcripts at hand. Refits on some repositories were reported on the others
//! (MODEL.md, "Content rates").

use super::BlockKind;
pub use crate::models::Tokenizer;

/// Framing of a tool use, beyond the text of its input. Source: MODEL.md, "Content rates".
pub(crate) const PER_TOOL_USE: i64 = 43;

/// The same in the newer Claude family. Source: as above.
pub(crate) const PER_TOOL_USE_NEW: i64 = 78;

/// Framing of a person's prompt, beyond its text. Source: as above.
pub(crate) const PER_PROMPT: i64 = 75;

/// Both of GPT: framing of a tool use, and of a prompt. Source: as above.
pub(crate) const GPT_PER_TOOL_USE: i64 = 16;
/// See [`GPT_PER_TOOL_USE`].
pub(crate) const GPT_PER_PROMPT: i64 = 5;

/// An image, whatever its size. Source: judgement, too few cases to fit.
pub(crate) const PER_IMAGE: i64 = 1_500;

/// Tokens around every tool result, beyond its text: framing and the mean hidden reminder.
///
/// Source: fitted with output hidden, 110 and 90 per tool step, of which [`PER_TOOL_USE`] stand
/// with the tool's input.
fn framing_of_result(tokenizer: Tokenizer) -> i64 {
    match tokenizer {
        Tokenizer::Claude47 => 16,
        Tokenizer::Claude4 | Tokenizer::Other => 67,
        Tokenizer::Gpt => 14,
    }
}

/// Estimated tokens of a block of `chars` characters.
#[must_use]
pub fn estimate_tokens(tokenizer: Tokenizer, kind: BlockKind, tool: &str, chars: u64) -> i64 {
    // A rate knows the text alone. What stands around it, a frame and for results the reminders
    // that nobody sees, comes on top once for each block.
    let text = tokens_at_rate(tokens_per_thousand_chars(tokenizer, kind, tool), chars);
    let (per_tool_use, per_prompt) = match tokenizer {
        Tokenizer::Gpt => (GPT_PER_TOOL_USE, GPT_PER_PROMPT),
        Tokenizer::Claude47 => (PER_TOOL_USE_NEW, PER_PROMPT),
        Tokenizer::Claude4 | Tokenizer::Other => (PER_TOOL_USE, PER_PROMPT),
    };
    match kind {
        BlockKind::ToolResult | BlockKind::Report => text + framing_of_result(tokenizer),
        BlockKind::ToolInput => text + per_tool_use,
        BlockKind::User => text + per_prompt,
        _ => text,
    }
}

/// Estimated tokens of thinking by the length of its signature, which holds all of it where the
/// text is withheld or a summary. Source: MODEL.md, "Content rates".
#[must_use]
pub(crate) fn hidden_thinking_tokens(tokenizer: Tokenizer, signature_chars: u64) -> i64 {
    match tokenizer {
        Tokenizer::Claude47 => tokens_at_rate(265, signature_chars),
        Tokenizer::Claude4 | Tokenizer::Gpt | Tokenizer::Other => {
            tokens_at_rate(250, signature_chars)
        }
    }
}

/// Kinds of input and tools whose rates differ: what a text of unknown kind may be read like.
const INPUT_KINDS: [(BlockKind, &str); 7] = [
    (BlockKind::System, ""),
    (BlockKind::Report, ""),
    (BlockKind::ToolResult, "Read"),
    (BlockKind::ToolResult, "Bash"),
    (BlockKind::ToolResult, "Grep"),
    (BlockKind::ToolResult, "Edit"),
    (BlockKind::ToolResult, ""),
];

/// Estimated tokens of a part of a start that has so many characters: at the lowest rate of any
/// input, at that of system prompts, and at the highest.
#[must_use]
pub fn estimate_start_band(tokenizer: Tokenizer, chars: u64) -> [i64; 3] {
    let rates = INPUT_KINDS.map(|(kind, tool)| tokens_per_thousand_chars(tokenizer, kind, tool));
    let [own, ..] = rates;
    let ends = rates.iter().fold((own, own), |ends, rate| (ends.0.min(*rate), ends.1.max(*rate)));
    [ends.0, own, ends.1].map(|rate| tokens_at_rate(rate, chars))
}

fn tokens_at_rate(per_thousand: i64, chars: u64) -> i64 {
    let chars = i64::try_from(chars).unwrap_or(i64::MAX).min(i64::MAX / 10_000);
    (chars * per_thousand + 500) / 1_000
}

/// Tokens per 1,000 characters. Source: fitted on 144 sessions of five public repositories; held
/// out by repository, summed reads are off by 1.0 % median and 5.1 % at the 90th percentile.
#[must_use]
pub fn tokens_per_thousand_chars(tokenizer: Tokenizer, kind: BlockKind, tool: &str) -> i64 {
    // Tools are told apart where their texts are of another kind: code, paths, plain prose.
    let (old_rate, new_rate) = match (kind, tool) {
        (BlockKind::ToolInput, "Edit" | "Write" | "MultiEdit" | "NotebookEdit") => (305, 450),
        (BlockKind::ToolInput, _) => (260, 350),
        (BlockKind::ToolResult, "Read") => (345, 450),
        (BlockKind::ToolResult, "Bash") => (365, 460),
        (BlockKind::ToolResult, "Grep" | "Glob") => (370, 460),
        (BlockKind::ToolResult, "Edit" | "Write" | "MultiEdit") => (370, 330),
        (BlockKind::ToolResult, "TaskOutput" | "WebFetch" | "WebSearch")
        | (BlockKind::Report, _) => (290, 375),
        (BlockKind::ToolResult, _) => (250, 325),
        (BlockKind::Text, _) => (275, 370),
        (BlockKind::Thinking, _) => (295, 390),
        (BlockKind::Unattributed, _) => (290, 350),
        (BlockKind::System | BlockKind::User | BlockKind::Summary, _) => (300, 400),
    };
    match tokenizer {
        Tokenizer::Claude47 => new_rate,
        Tokenizer::Claude4 | Tokenizer::Other => old_rate,
        Tokenizer::Gpt => gpt_tokens_per_thousand_chars(kind),
    }
}

/// The same for GPT. Source: fitted on 748 tool steps and 793 outputs of ten public rollouts
/// (gpt-5.5, gpt-5.6), 2026-11-21.
fn gpt_tokens_per_thousand_chars(kind: BlockKind) -> i64 {
    match kind {
        BlockKind::ToolResult | BlockKind::ToolInput => 280,
        _ => 250,
    }
}
