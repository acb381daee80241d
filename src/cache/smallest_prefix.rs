//! The smallest prefix that a model caches; below it a prompt is silently not cached.
//!
//! Source: the provider's prompt-caching page as of 2026-08-22 (confidence high).
//! Models that the page does not name get 0: no rule is known, so none is applied.

/// Smallest cacheable prefix by the start of the model's bare name, longest start first.
const SMALLEST_PREFIXES: [(&str, i64); 17] = [
    ("claude-haiku-4-5", 4_096),
    ("claude-opus-4-8", 1_024),
    ("claude-opus-4-7", 2_048),
    ("claude-opus-4-6", 4_096),
    ("claude-opus-4-5", 4_096),
    ("claude-opus-4-1", 1_024),
    ("claude-sonnet-4", 1_024),
    ("claude-opus-4-2", 1_024),
    ("claude-opus-5-5", 0),
    ("claude-sonnet-5-5", 0),
    ("claude-haiku-5-5", 0),
    ("claude-sonnet-5", 1_024),
    ("claude-opus-5", 512),
    ("claude-fable-5", 512),
    ("claude-mythos-5", 512),
    ("claude-3-5-haiku", 2_048),
    ("gpt-", 1_024),
];

/// Tokens below which `model` caches nothing.
#[must_use]
pub fn smallest_cacheable_prefix(model: &str) -> i64 {
    let bare = crate::price::alias::bare_name(model);
    SMALLEST_PREFIXES
        .iter()
        .find(|(start, _)| bare.starts_with(start))
        .map_or(0, |(_, tokens)| *tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimums_follow_the_page() {
        for (model, want) in [
            ("claude-opus-4-6", 4_096),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1_024),
            ("claude-opus-4-20250514", 1_024),
            ("claude-opus-5", 512),
            ("claude-opus-5-5", 0),
            ("gpt-5.4", 1_024),
            ("glm-4.7", 0),
        ] {
            assert_eq!(smallest_cacheable_prefix(model), want, "{model}");
        }
    }
}
