//! Names of models: the ways in which one model is written.
//!
//! Tried in order, each one a stated rule; nothing is matched by similarity.
//!
//! 1. the id itself;
//! 2. without a cloud's prefix and suffix: `us.anthropic.claude-x-v1:0`, `anthropic/claude-x`,
//!    `claude-x@20250929`, and without a context-window tag: `claude-x[1m]`;
//! 3. with the only release date that the book has for it, or without its own date;
//! 4. behind the vendor that the book files it under: `glm-4.7` is `zai/glm-4.7`.

/// The suffix of model ids that a router serves without charge.
/// Source: OpenRouter's documentation of model variants, 2026.
pub(crate) const FREE_SUFFIX: &str = ":free";

/// Prefixes that clouds and routers put before an id.
const PREFIXES: [&str; 9] =
    ["us.", "eu.", "apac.", "jp.", "au.", "global.", "anthropic.", "anthropic/", "openai/"];

/// The id without prefixes, suffixes and tags.
#[must_use]
pub fn bare_name(model: &str) -> String {
    let mut rest = model;
    while let Some(shorter) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = shorter;
    }
    // `[1m]` names a window, `-v1:0` a deployment, and `@` stands where others write a hyphen.
    let rest = rest.split('[').next().unwrap_or(rest);
    let rest = match rest.rfind("-v") {
        Some(at) if rest[at + 2..].chars().all(|c| c.is_ascii_digit() || c == ':') => &rest[..at],
        _ => rest,
    };
    rest.replace('@', "-")
}

/// The id without a release date at its end.
#[must_use]
pub(crate) fn without_date(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((head, date)) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => head,
        _ => model,
    }
}

/// Whether two names are two ways to write one model, by the rules above.
#[must_use]
pub(crate) fn is_same_model(one: &str, other: &str) -> bool {
    one == other || without_date(&bare_name(one)) == without_date(&bare_name(other))
}

/// The first word of a model's name: who made it.
#[must_use]
pub(crate) fn vendor_name(model: &str) -> String {
    let bare = bare_name(model);
    bare.split(['-', '/']).next().unwrap_or_default().to_owned()
}

/// Finds `model` among `known` ids.
pub(crate) fn find_known_id<'a>(
    model: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let bare = bare_name(model);
    let undated = without_date(&bare);
    // A dated or vendor's id must be the only one of its kind, else the name could mean either.
    known
        .clone()
        .find(|id| *id == model)
        .or_else(|| known.clone().find(|id| *id == bare))
        .or_else(|| only_one(known.clone().filter(|id| without_date(id) == bare)))
        .or_else(|| known.clone().find(|id| *id == undated))
        .or_else(|| {
            only_one(known.filter(|id| id.rsplit_once('/').is_some_and(|(_, tail)| tail == bare)))
        })
}

/// The id that all of these are; `None` if there is none, or two.
fn only_one<'a>(mut ids: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = ids.next()?;
    ids.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_way_to_write_a_model_is_found() {
        let known = ["claude-opus-4-6", "claude-sonnet-4-5-20250929", "zai/glm-4.7", "gpt-5"];
        for (written, want) in [
            ("claude-opus-4-6", Some("claude-opus-4-6")),
            ("claude-opus-4-6[1m]", Some("claude-opus-4-6")),
            ("claude-opus-4-6-20260205", Some("claude-opus-4-6")),
            ("claude-sonnet-4-5", Some("claude-sonnet-4-5-20250929")),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some("claude-sonnet-4-5-20250929")),
            ("claude-sonnet-4-5@20250929", Some("claude-sonnet-4-5-20250929")),
            ("openai/gpt-5", Some("gpt-5")),
            ("glm-4.7", Some("zai/glm-4.7")),
            ("claude-opus-4", None),
            ("gpt-5-mini", None),
            ("opus", None),
            ("", None),
        ] {
            assert_eq!(find_known_id(written, known.into_iter()), want, "{written}");
        }
    }

    #[test]
    fn one_model_written_twice_is_one_model() {
        for (one, other, want) in [
            ("claude-opus-4-6", "claude-opus-4-6-20260205", true),
            ("claude-opus-4-6[1m]", "us.anthropic.claude-opus-4-6-v1:0", true),
            ("claude-opus-4", "claude-opus-4-20250514", true),
            ("claude-opus-4", "claude-opus-4-6", false),
            ("gpt-5", "openai/gpt-5", true),
            ("gpt-5", "gpt-5-mini", false),
        ] {
            assert_eq!(is_same_model(one, other), want, "{one} {other}");
        }
    }
}
