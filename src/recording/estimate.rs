//! Tokens from characters, where usage does not say: the fitted rates of MODEL.md.
//!
//! Rates are tokens per 1,000 characters, integers, one column per tokenizer family: the rounded
//! fit over all public transcripts at hand. Refits on some repositories were reported on the others
//! (MODEL.md, "Content rates").

use super::BlockKind;
use crate::price::alias;
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// Models of one family count the same text with the same number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokenizer {
    /// Claude up to opus-4-6, sonnet-4-6, haiku-4-5.
    Claude4,
    /// Claude from opus-4-7, sonnet-5, fable-5 on: about 30 % more tokens.
    Claude47,
    /// GPT and the models of Codex.
    Gpt,
    /// Everybody else, counted like the older Claude family.
    Other,
}

impl Tokenizer {
    /// The family of a model, by its name.
    #[must_use]
    pub fn of_model(model: &str) -> Self {
        let Some(rest) = model.find("claude-").map(|at| &model[at + "claude-".len()..]) else {
            let gpt =
                ["gpt-", "codex-"].iter().any(|line| alias::bare_name(model).starts_with(line));
            return if gpt { Self::Gpt } else { Self::Other };
        };
        let mut parts = rest.split('-');
        let (line, major, minor) = (parts.next(), parts.next(), parts.next());
        let number = |part: Option<&str>| part.and_then(|p| p.parse::<u32>().ok());
        if number(line).is_some() {
            // The old order of names: claude-3-5-sonnet-20241022.
            return Self::Claude4;
        }
        match (line, number(major), number(minor)) {
            // Dates stand where a minor version could: claude-opus-4-20250514.
            (Some(_), Some(major), Some(minor)) if minor < 100 => match (major, minor) {
                (..=3, _) | (4, ..=6) => Self::Claude4,
                _ => Self::Claude47,
            },
            (Some(_), Some(major), _) if (5..100).contains(&major) => Self::Claude47,
            _ => Self::Claude4,
        }
    }
}

/// Tokens of the newer Claude family for what is 10,000 tokens of the older one.
///
/// Source: the provider's pricing and model pages, "approximately 30 %", 2026-08-22. Between what
/// was measured: 13,250 on Claude Code content (one weighing, 2026), and our own rates, 12,190 for
/// Bash output to 16,540 for small tool inputs, most of them 13,000 to 13,400 (MODEL.md, "Content
/// rates"); rates scaled by 13,000 were 2.6 % too high on the one repository that could tell.
pub const NEW_FROM_OLD_BP: i64 = 13_000;

/// Tokens that one model counts where another counts 10,000 for the same text; `None` where nobody
/// measured it (from Claude to another vendor and back, between other vendors).
#[must_use]
pub fn tokenizer_ratio_bp(from_model: &str, to_model: &str) -> Option<i64> {
    match (Tokenizer::of_model(from_model), Tokenizer::of_model(to_model)) {
        (Tokenizer::Other | Tokenizer::Gpt, Tokenizer::Other | Tokenizer::Gpt) => {
            (vendor_name(from_model) == vendor_name(to_model)).then_some(BASIS_POINTS)
        }
        (Tokenizer::Other | Tokenizer::Gpt, _) | (_, Tokenizer::Other | Tokenizer::Gpt) => None,
        (Tokenizer::Claude4, Tokenizer::Claude47) => Some(NEW_FROM_OLD_BP),
        (Tokenizer::Claude47, Tokenizer::Claude4) => {
            Some(scale_by_ratio(BASIS_POINTS, BASIS_POINTS, NEW_FROM_OLD_BP))
        }
        (Tokenizer::Claude4, Tokenizer::Claude4) | (Tokenizer::Claude47, Tokenizer::Claude47) => {
            Some(BASIS_POINTS)
        }
    }
}

/// The first word of a model's name: who made it.
fn vendor_name(model: &str) -> String {
    let bare = alias::bare_name(model);
    bare.split(['-', '/']).next().unwrap_or_default().to_owned()
}

/// Framing of a tool use, beyond the text of its input. Source: MODEL.md, "Content rates".
pub const PER_TOOL_USE: i64 = 43;

/// Framing of a person's prompt, beyond its text. Source: as above.
pub const PER_PROMPT: i64 = 75;

/// Both of GPT: framing of a tool use, and of a prompt. Source: as above.
pub const GPT_PER_TOOL_USE: i64 = 16;
/// See [`GPT_PER_TOOL_USE`].
pub const GPT_PER_PROMPT: i64 = 5;

/// An image, whatever its size. Source: judgement, too few cases to fit.
pub const PER_IMAGE: i64 = 1_500;

/// Tokens around every tool result, beyond its text: framing and the mean hidden reminder.
///
/// Source: fitted with output hidden, 110 and 90 per tool step, of which [`PER_TOOL_USE`] stand
/// with the tool's input.
fn framing_of_result(tokenizer: Tokenizer) -> i64 {
    match tokenizer {
        Tokenizer::Claude47 => 47,
        Tokenizer::Claude4 | Tokenizer::Other => 67,
        Tokenizer::Gpt => 14,
    }
}

/// Estimated tokens of a block of `chars` characters.
#[must_use]
pub fn estimate_tokens(tokenizer: Tokenizer, kind: BlockKind, tool: &str, chars: u64) -> i64 {
    let text = tokens_at_rate(tokens_per_thousand_chars(tokenizer, kind, tool), chars);
    let (per_tool_use, per_prompt) = match tokenizer {
        Tokenizer::Gpt => (GPT_PER_TOOL_USE, GPT_PER_PROMPT),
        _ => (PER_TOOL_USE, PER_PROMPT),
    };
    match kind {
        BlockKind::ToolResult | BlockKind::Report => text + framing_of_result(tokenizer),
        BlockKind::ToolInput => text + per_tool_use,
        BlockKind::User => text + per_prompt,
        _ => text,
    }
}

/// Estimated tokens of thinking whose text is withheld, by the length of its signature.
#[must_use]
pub fn hidden_thinking_tokens(tokenizer: Tokenizer, signature_chars: u64) -> i64 {
    match tokenizer {
        Tokenizer::Claude47 => tokens_at_rate(245, signature_chars),
        Tokenizer::Claude4 | Tokenizer::Gpt | Tokenizer::Other => {
            tokens_at_rate(100, signature_chars)
        }
    }
}

fn tokens_at_rate(per_thousand: i64, chars: u64) -> i64 {
    let chars = i64::try_from(chars).unwrap_or(i64::MAX).min(i64::MAX / 10_000);
    (chars * per_thousand + 500) / 1_000
}

/// Tokens per 1,000 characters. Source: fitted on 144 sessions of five public repositories; held
/// out by repository, summed reads are off by 1.0 % median and 5.1 % at the 90th percentile.
#[must_use]
pub fn tokens_per_thousand_chars(tokenizer: Tokenizer, kind: BlockKind, tool: &str) -> i64 {
    let (old_rate, new_rate) = match (kind, tool) {
        (BlockKind::ToolInput, "Edit" | "Write" | "MultiEdit" | "NotebookEdit") => (305, 410),
        (BlockKind::ToolInput, _) => (260, 430),
        (BlockKind::ToolResult, "Read") => (345, 450),
        (BlockKind::ToolResult, "Bash") => (365, 445),
        (BlockKind::ToolResult, "Grep" | "Glob") => (370, 480),
        (BlockKind::ToolResult, "Edit" | "Write" | "MultiEdit") => (370, 485),
        (BlockKind::ToolResult, "TaskOutput" | "WebFetch" | "WebSearch")
        | (BlockKind::Report, _) => (290, 375),
        (BlockKind::ToolResult, _) => (250, 325),
        (BlockKind::Text, _) => (275, 360),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_follow_the_version_in_the_name() {
        for (model, family) in [
            ("claude-opus-4-6", Tokenizer::Claude4),
            ("claude-opus-4-5-20251101", Tokenizer::Claude4),
            ("claude-opus-4-20250514", Tokenizer::Claude4),
            ("claude-3-5-sonnet-20241022", Tokenizer::Claude4),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Tokenizer::Claude4),
            ("claude-opus-4-7", Tokenizer::Claude47),
            ("claude-sonnet-5", Tokenizer::Claude47),
            ("claude-opus-5-5", Tokenizer::Claude47),
            ("claude-fable-5", Tokenizer::Claude47),
            ("gpt-5.4", Tokenizer::Gpt),
            ("openai/gpt-6-sol", Tokenizer::Gpt),
            ("codex-mini-latest", Tokenizer::Gpt),
            ("unknown", Tokenizer::Other),
        ] {
            assert_eq!(Tokenizer::of_model(model), family, "{model}");
        }
    }

    #[test]
    fn ratios_are_those_of_the_families() {
        for (from, to, ratio) in [
            ("claude-opus-4-6", "claude-opus-4-7", Some(13_000)),
            ("claude-opus-4-7", "claude-opus-4-6", Some(7_692)),
            ("claude-opus-4-6", "claude-haiku-4-5-20251001", Some(10_000)),
            ("us.anthropic.claude-sonnet-5-v1:0", "claude-opus-5-5", Some(10_000)),
            ("gpt-5.4", "openai/gpt-6-sol", Some(10_000)),
            ("zai/glm-4.7", "zai/glm-5", Some(10_000)),
            ("gpt-5.4", "zai/glm-5", None),
            ("claude-opus-4-6", "gpt-5.4", None),
            ("gpt-5.4", "claude-opus-4-7", None),
        ] {
            assert_eq!(tokenizer_ratio_bp(from, to), ratio, "{from} to {to}");
        }
    }
}
