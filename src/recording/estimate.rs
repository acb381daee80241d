//! Tokens from characters, where usage does not say: the fitted rates of MODEL.md.
//!
//! Rates are tokens per 1,000 characters, integers, one column per tokenizer family. They were
//! fitted on one part of the public transcripts and their error is reported on another
//! (MODEL.md, "Content rates").

use super::BlockKind;

/// Models of one family count the same text with the same number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokenizer {
    /// Claude up to opus-4-6, sonnet-4-6, haiku-4-5.
    Claude4,
    /// Claude from opus-4-7, sonnet-5, fable-5 on: about 30 % more tokens.
    Claude47,
    /// Everybody else, counted like the older Claude family.
    Other,
}

impl Tokenizer {
    /// The family of a model, by its name.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let Some(rest) = model.find("claude-").map(|at| &model[at + "claude-".len()..]) else {
            return Self::Other;
        };
        // Release dates stand where a version could (claude-opus-4-20250514): they are longer.
        let mut version = rest.split('-').filter_map(|part| part.parse().ok()).filter(|n| *n < 100);
        match (version.next(), version.next().unwrap_or(0)) {
            (Some(major), minor) if (major, minor) >= (4_u32, 7_u32) => Self::Claude47,
            _ => Self::Claude4,
        }
    }
}

/// Fixed tokens around every tool result, beyond its text. Source: DESIGN.md L4.
pub const PER_RESULT: i64 = 30;

/// Estimated tokens of a block of `chars` characters.
#[must_use]
pub fn tokens(tokenizer: Tokenizer, kind: BlockKind, tool: &str, chars: u64) -> i64 {
    let chars = i64::try_from(chars).unwrap_or(i64::MAX / 10_000);
    let text = (chars * per_thousand(tokenizer, kind, tool) + 500) / 1_000;
    match kind {
        BlockKind::ToolResult | BlockKind::Report => text + PER_RESULT,
        _ => text,
    }
}

/// Tokens per 1,000 characters.
fn per_thousand(tokenizer: Tokenizer, kind: BlockKind, tool: &str) -> i64 {
    let new = tokenizer == Tokenizer::Claude47;
    let (old_rate, new_rate) = match (kind, tool) {
        (BlockKind::ToolResult, "Read") => (333, 441),
        (BlockKind::ToolResult, "Grep") => (370, 476),
        (BlockKind::ToolResult, _) => (357, 455),
        (BlockKind::ToolInput, _) => (303, 400),
        _ => (286, 357),
    };
    if new { new_rate } else { old_rate }
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
            ("gpt-5.4", Tokenizer::Other),
        ] {
            assert_eq!(Tokenizer::of(model), family, "{model}");
        }
    }
}
