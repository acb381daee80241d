//! Names of models: the ways in which one model is written.
//!
//! Every name is reduced to a canonical one by stated rules; nothing is matched by similarity:
//!
//! 1. capitals, a tag in brackets (`claude-x[1m]`) and a mark of a router (`:beta`) say nothing;
//! 2. an ARN is what stands behind its last stroke, and vendors, clouds and routers may stand
//!    before a stroke: `openrouter/anthropic/claude-x`, `vertex_ai/claude-x`, `azure/gpt-5`;
//! 3. so may regions and vendors before a dot, `us.anthropic.claude-x-v1:0`, and hosts before a
//!    dash, `databricks-claude-x`; the number of a deployment at the end says nothing;
//! 4. a release date stands at the end, `-20250929`, `@20250929` or `-2025-08-07`; `-latest` is the
//!    newest release, and so is a name without a date;
//! 5. dots are dashes, and Claude's family stands before its number: `claude-4.5-sonnet` is
//!    `claude-sonnet-4-5`.
//!
//! Two names with one canonical name and no contradicting dates are one model. What a reseller
//! (`RESELLERS`) charges is found by the reseller's own spelling alone.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The suffix of model ids that a router serves without charge.
/// Source: OpenRouter's documentation of model variants, 2026.
pub(crate) const FREE_SUFFIX: &str = ":free";

/// Regional inference profiles, which cost more than the global one.
const REGIONS: [&str; 7] = ["us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov."];

/// What else clouds put before an id with a dot or a dash.
const HOSTS: [&str; 3] = ["global.", "anthropic.", "databricks-"];

/// Vendors, clouds and routers that stand before a stroke.
const PATHS: [&str; 27] = [
    "anthropic",
    "openai",
    "google",
    "gemini",
    "deepseek",
    "moonshot",
    "moonshotai",
    "zai",
    "z-ai",
    "zhipuai",
    "minimax",
    "qwen",
    "dashscope",
    "xai",
    "x-ai",
    "mistral",
    "mistralai",
    "openrouter",
    "bedrock",
    "converse",
    "invoke",
    "vertex_ai",
    "vertex",
    "azure",
    "azure_ai",
    "databricks",
    "github_copilot",
];

/// Those whose rows in a book are their own prices and not the maker's.
const RESELLERS: [&str; 1] = ["openrouter/"];

/// Families of Claude, which older names put behind the number.
const CLAUDE_FAMILIES: [&str; 3] = ["haiku", "sonnet", "opus"];

/// A name by the rules above.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CanonicalName {
    name: String,
    /// The eight digits of its release; empty where it tells none.
    date: String,
}

/// The id without prefixes, suffixes and tags, in small letters and with its date.
#[must_use]
pub fn bare_name(model: &str) -> String {
    let lower = model.trim().to_lowercase();
    let mut rest = lower.split('[').next().unwrap_or_default();
    // Only a resource name may hold strokes and colons of an account before the model.
    if rest.starts_with("arn:") {
        rest = rest.rsplit('/').next().unwrap_or_default();
    }
    rest = rest.strip_suffix(":beta").unwrap_or(rest);
    while let Some(shorter) = without_prefix(rest) {
        rest = shorter;
    }
    // `@` stands where others write a hyphen. Behind it a version may say nothing as well.
    let (head, release) = rest.split_once('@').map_or((rest, None), |(a, b)| (a, Some(b)));
    let head = without_deployment(head);
    match release {
        None | Some("latest" | "default" | "") => head.to_owned(),
        Some(release) => format!("{head}-{release}"),
    }
}

fn without_prefix(name: &str) -> Option<&str> {
    let dotted = REGIONS.iter().chain(&HOSTS).find_map(|prefix| name.strip_prefix(prefix));
    dotted.or_else(|| {
        let (path, rest) = name.split_once('/')?;
        PATHS.contains(&path).then_some(rest)
    })
}

/// Without `-v1:0` or `-v2`. Other vendors name models so: only Claude's names lose it.
fn without_deployment(name: &str) -> &str {
    match name.rfind("-v").filter(|_| name.starts_with("claude-")) {
        Some(at) if name[at + 2..].chars().all(|c| c.is_ascii_digit() || c == ':') => &name[..at],
        _ => name,
    }
}

impl CanonicalName {
    fn from_written(model: &str) -> Self {
        let bare = bare_name(model);
        let bare = bare.strip_suffix("-latest").unwrap_or(&bare);
        let (head, date) = split_release_date(bare);
        let name = family_first(&head.replace('.', "-")).into_owned();
        // The maker's alias of a first minor version.
        let first = name.strip_suffix("-0").filter(|_| name.starts_with("claude-"));
        Self { name: first.map(str::to_owned).unwrap_or(name), date }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        self.name == other.name && dates_agree(&self.date, &other.date)
    }
}

/// Whether two release dates do not contradict each other; an empty one says nothing.
fn dates_agree(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

/// A name and the digits of the release date at its end.
fn split_release_date(name: &str) -> (&str, String) {
    // `20250929` and `2025-09-29`.
    for length in [8, 10] {
        let Some(at) = name.len().checked_sub(length + 1) else { continue };
        let Some((head, date)) = name.split_at_checked(at) else { continue };
        let Some(date) = date.strip_prefix('-') else { continue };
        let parts: Vec<&str> = date.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let digits = parts.concat();
        let is_date = matches!(lengths[..], [8] | [4, 2, 2]);
        if is_date && digits.starts_with("20") && digits.bytes().all(|b| b.is_ascii_digit()) {
            return (head, digits);
        }
    }
    (name, String::new())
}

/// `claude-3-5-sonnet` as `claude-sonnet-3-5`; anything else as it is.
fn family_first(name: &str) -> Cow<'_, str> {
    let Some(rest) = name.strip_prefix("claude-") else { return Cow::Borrowed(name) };
    let mut words: Vec<&str> = rest.split('-').collect();
    let family = words.iter().position(|word| CLAUDE_FAMILIES.contains(word));
    let is_number = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    match family.filter(|&at| at > 0 && words[..at].iter().all(is_number)) {
        // Older names have their version first.
        Some(at) => {
            let family = words.remove(at);
            words.insert(0, family);
            Cow::Owned(format!("claude-{}", words.join("-")))
        }
        None => Cow::Borrowed(name),
    }
}

/// Whether two names are two ways to write one model, by the rules above.
#[must_use]
pub(crate) fn is_same_model(one: &str, other: &str) -> bool {
    one == other
        || CanonicalName::from_written(one).agrees_with(&CanonicalName::from_written(other))
}

/// Whether a price of one name is one of the other too: resellers and regions have their own.
#[must_use]
pub(crate) fn is_priced_alike(one: &str, other: &str) -> bool {
    let is_own = |name| is_resold(name) || is_regional_profile(name);
    !is_own(one) && !is_own(other) && is_same_model(one, other)
}

/// Whether a name is that of a regional profile of a cloud.
#[must_use]
pub(crate) fn is_regional_profile(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default().to_lowercase();
    REGIONS.iter().any(|region| name.strip_prefix(region).is_some_and(|rest| rest.contains('.')))
}

/// The first word of a model's name: who made it.
#[must_use]
pub(crate) fn vendor_name(model: &str) -> String {
    let bare = bare_name(model);
    bare.split(['-', '/']).next().unwrap_or_default().to_owned()
}

/// The ids that a price book knows, found by any way to write them. Made once a book: a name is
/// looked up for every sample of a gate, and taking all ids apart each time costs more than the
/// sample itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownIds {
    ids: BTreeSet<String>,
    /// Release date and id by canonical name, makers' rows only.
    by_name: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl KnownIds {
    /// These ids, in any order and as often as they like.
    pub fn from_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known = Self::default();
        for id in ids {
            // A reseller names a model in its own way, which says nothing of other names.
            if !known.ids.insert(id.to_owned()) || is_resold(id) {
                continue;
            }
            let CanonicalName { name, date } = CanonicalName::from_written(id);
            known.by_name.entry(name).or_default().insert((date, id.to_owned()));
        }
        known
    }

    /// All of them, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// The id that `model` is a way to write.
    pub fn find(&self, model: &str) -> Option<&str> {
        // What is written most alike goes first, then the newest release, at last the alphabet. A
        // reseller's row is found by its own spelling alone.
        let lower = model.to_lowercase();
        if let Some(id) = self.ids.get(model).or_else(|| self.ids.get(&lower)) {
            return Some(id);
        }
        let wanted = CanonicalName::from_written(model);
        let mut releases = self.by_name.get(&wanted.name)?.iter().rev();
        releases.find(|(date, _)| dates_agree(date, &wanted.date)).map(|(_, id)| id.as_str())
    }
}

fn is_resold(id: &str) -> bool {
    RESELLERS.iter().any(|reseller| id.starts_with(reseller))
}

/// The known id that a model is most likely a slip of the pen for: of the same vendor, and at most
/// three letters off.
pub(crate) fn nearest_known_id<'a>(
    model: &str,
    known: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let (bare, vendor) = (bare_name(model), vendor_name(model));
    known
        .filter(|id| vendor_name(id) == vendor && vendor != bare)
        .map(|id| (strsim::osa_distance(&bare_name(id), &bare), id))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_way_to_write_a_model_is_found() {
        let known = [
            "claude-3-sonnet-20240229",
            "claude-3-5-sonnet-20240620",
            "claude-3-5-sonnet-20241022",
            "claude-opus-4-6",
            "claude-sonnet-4-20250514",
            "claude-sonnet-4-5-20250929",
            "zai/glm-4.7",
            "gpt-5",
            "openrouter/qwen/qwen3-coder-plus",
            "codex-mini-latest",
        ];
        for (written, want) in [
            ("claude-opus-4-6", Some("claude-opus-4-6")),
            ("claude-opus-4-6[1m]", Some("claude-opus-4-6")),
            ("claude-opus-4-6-20260205", Some("claude-opus-4-6")),
            ("claude-opus-4-6@default", Some("claude-opus-4-6")),
            ("claude-sonnet-4-5", Some("claude-sonnet-4-5-20250929")),
            ("claude-sonnet-4-0", Some("claude-sonnet-4-20250514")),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some("claude-sonnet-4-5-20250929")),
            ("claude-sonnet-4-5@20250929", Some("claude-sonnet-4-5-20250929")),
            ("claude-sonnet-4-5-20240101", None),
            // The place where a date would begin lies within a character, or behind one.
            ("claude-x\u{9b}2Jx\u{202e}y", None),
            ("claude-\u{202e}20250929", None),
            ("claude-4-sonnet-20250514", Some("claude-sonnet-4-20250514")),
            ("claude-4.5-sonnet", Some("claude-sonnet-4-5-20250929")),
            ("claude-3-5-sonnet", Some("claude-3-5-sonnet-20241022")),
            ("claude-3-5-sonnet-latest", Some("claude-3-5-sonnet-20241022")),
            ("claude-3-5-sonnet-v2@20241022", Some("claude-3-5-sonnet-20241022")),
            ("anthropic.claude-3-5-sonnet-20240620-v1:0", Some("claude-3-5-sonnet-20240620")),
            ("openai/gpt-5", Some("gpt-5")),
            ("openrouter/openai/GPT-5", Some("gpt-5")),
            ("gpt-5-2025-08-07", Some("gpt-5")),
            ("glm-4.7", Some("zai/glm-4.7")),
            ("codex-mini", Some("codex-mini-latest")),
            ("OpenRouter/qwen/qwen3-coder-plus", Some("openrouter/qwen/qwen3-coder-plus")),
            ("qwen3-coder-plus", None),
            ("claude-opus-4", None),
            ("claude-opus-4-6-fast", None),
            ("somebody/gpt-5", None),
            ("gpt-5-mini", None),
            ("gpt-5-codex-high", None),
            ("opus", None),
            ("", None),
        ] {
            assert_eq!(KnownIds::from_ids(known).find(written), want, "{written}");
            let backwards = KnownIds::from_ids(known.into_iter().rev());
            assert_eq!(backwards.find(written), want, "{written}");
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
            ("claude-3-5-sonnet", "claude-3-sonnet", false),
            ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", false),
        ] {
            assert_eq!(is_same_model(one, other), want, "{one} {other}");
        }
    }

    #[test]
    fn regional_profiles_are_told_from_the_global_one() {
        for (model, want) in [
            ("us.anthropic.claude-sonnet-4-6", true),
            ("bedrock/eu.anthropic.claude-opus-5-v1:0", true),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/us-gov.anthropic.claude-x", true),
            ("global.anthropic.claude-sonnet-4-6", false),
            ("anthropic.claude-sonnet-4-6", false),
            ("us.model", false),
            ("claude-sonnet-4-6", false),
        ] {
            assert_eq!(is_regional_profile(model), want, "{model}");
        }
    }

    #[test]
    fn a_hint_stays_with_the_vendor() {
        let known = ["gpt-5.2", "o3", "zai/glm-5.1", "claude-opus-4-6"];
        for (model, want) in [
            ("glm-5.2", Some("zai/glm-5.1")),
            ("opus", None),
            ("gpt", None),
            ("claude-opus-4-66", Some("claude-opus-4-6")),
        ] {
            assert_eq!(nearest_known_id(model, known.into_iter()), want, "{model}");
        }
    }
}
