//! What is known of the models by their names: one row a model, and what follows from it.
//!
//! [`MODELS`] is the only table that knows a model by its name. A name is first reduced to its bare
//! form ([`names::bare_name`]); of the rows that it starts with the longest one counts, and a name
//! that no row starts gets [`UNKNOWN`]. So `us.anthropic.claude-opus-4-7-v1:0` and a dated id both
//! find the row `claude-opus-4-7`, and a Claude that is younger than this table counts as one of
//! the newest family. Prices stand in a dated book of their own (`crate::price`).

pub mod harness_version;
pub mod names;

use crate::units::{BASIS_POINTS, scale_by_ratio};
use std::cell::RefCell;
use std::collections::HashMap;

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

/// What is known of the models whose bare names start alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// How their bare names start.
    pub starts_with: &'static str,
    /// How they count text.
    pub tokenizer: Tokenizer,
    /// Tokens below which a prompt is silently not cached; 0 where no rule is known.
    /// Source: the provider's prompt-caching page, 2026-08-22.
    pub smallest_prefix: i64,
    /// The window that the harness takes them to have, tokens, unless a session shows another one
    /// ([`TRIGGERS`]); 0 where none is known. What their makers offer at most is in the price book.
    pub harness_window: i64,
    /// Whether the harness drops a turn's reasoning from the context at the next prompt.
    /// Source: MODEL.md, "Models by name".
    pub drops_reasoning: bool,
    /// Chances, in ten-thousandths, that an automatic cache still has an entry after a wait below a
    /// minute, five, an hour, and beyond. Source: MODEL.md, "Automatic caches".
    pub automatic_hits_bp: [i64; 4],
    /// Hits on an automatic cache lie this many tokens apart within a session.
    /// Source: likewise.
    pub hit_step: i64,
}

/// An automatic cache is looked up in steps of so many tokens. Source: MODEL.md, "Cache law".
pub(crate) const AUTOMATIC_LOOKUP_STEP: i64 = 128;

/// Automatic caches of a model that nobody looked at by itself.
/// Source: MODEL.md, "Automatic caches", 82 Codex rollouts of five repositories, 2026-11-28.
pub const AUTOMATIC_HITS_BP: [i64; 4] = [9_770, 9_280, 5_860, 230];

/// Of gpt-5.4. Source: likewise, 2026-11-29.
const AUTOMATIC_HITS_GPT_5_4_BP: [i64; 4] = [9_800, 9_200, 3_670, 230];

/// Of gpt-5.5. Source: likewise.
const AUTOMATIC_HITS_GPT_5_5_BP: [i64; 4] = [9_840, 9_310, 8_640, 230];

/// Of gpt-5.6. Source: likewise.
const AUTOMATIC_HITS_GPT_5_6_BP: [i64; 4] = [9_980, 9_280, 5_860, 230];

/// Contexts from which on the harness compacts: window - 33,000 of the two window sizes.
/// Source: MODEL.md, "Laws" L5, 2026-08; windows of 200,000 and 1,000,000 tokens.
pub const TRIGGERS: [(i64, i64); 2] = [(167_000, 200_000), (967_000, 1_000_000)];

/// A row of the older Claude family.
const fn claude_4(starts_with: &'static str, smallest_prefix: i64) -> ModelFacts {
    let (tokenizer, harness_window) = (Tokenizer::Claude4, TRIGGERS[0].1);
    ModelFacts { starts_with, tokenizer, smallest_prefix, harness_window, ..UNKNOWN }
}

/// A row of the newer Claude family.
const fn claude_47(starts_with: &'static str, smallest_prefix: i64) -> ModelFacts {
    let (tokenizer, harness_window) = (Tokenizer::Claude47, TRIGGERS[1].1);
    ModelFacts { starts_with, tokenizer, smallest_prefix, harness_window, ..UNKNOWN }
}

/// A row of a model of Codex.
const fn gpt(
    starts_with: &'static str,
    smallest_prefix: i64,
    drops_reasoning: bool,
    automatic_hits_bp: [i64; 4],
    hit_step: i64,
) -> ModelFacts {
    let tokenizer = Tokenizer::Gpt;
    ModelFacts {
        starts_with,
        tokenizer,
        smallest_prefix,
        drops_reasoning,
        automatic_hits_bp,
        hit_step,
        ..UNKNOWN
    }
}

/// The models, in any order: the longest start of a name decides.
///
/// A smallest prefix of 0 for the models of 5.5 means that it was looked for and not found.
pub const MODELS: [ModelFacts; 28] = [
    claude_4("claude-1", 0),
    claude_4("claude-2", 0),
    claude_4("claude-instant", 0),
    claude_4("claude-3", 0),
    claude_4("claude-3-5-haiku", 2_048),
    claude_4("claude-sonnet-4", 1_024),
    claude_4("claude-opus-4", 1_024),
    claude_4("claude-opus-4-5", 4_096),
    claude_4("claude-opus-4-6", 4_096),
    claude_4("claude-haiku-4", 4_096),
    claude_47("claude-opus-4-7", 2_048),
    claude_47("claude-opus-4-8", 1_024),
    claude_47("claude-opus-5", 512),
    claude_47("claude-opus-5-5", 0),
    claude_47("claude-sonnet-5", 1_024),
    claude_47("claude-sonnet-5-5", 0),
    claude_47("claude-haiku-5", 0),
    claude_47("claude-haiku-5-5", 0),
    claude_47("claude-fable-5", 512),
    claude_47("claude-mythos-5", 512),
    // The rule for a Claude that no row above names: it is younger than the table.
    claude_47("claude-", 0),
    gpt("gpt-", 1_024, false, AUTOMATIC_HITS_BP, AUTOMATIC_LOOKUP_STEP),
    gpt("gpt-5.3", 1_024, true, AUTOMATIC_HITS_BP, AUTOMATIC_LOOKUP_STEP),
    gpt("gpt-5.4", 1_024, true, AUTOMATIC_HITS_GPT_5_4_BP, 512),
    gpt("gpt-5.5", 1_024, true, AUTOMATIC_HITS_GPT_5_5_BP, 512),
    gpt("gpt-5.6", 1_024, false, AUTOMATIC_HITS_GPT_5_6_BP, 512),
    gpt("gpt-5.6-sol", 1_024, false, AUTOMATIC_HITS_GPT_5_6_BP, 1_024),
    gpt("codex-", 0, false, AUTOMATIC_HITS_BP, AUTOMATIC_LOOKUP_STEP),
];

/// What is taken of a model that no row names: nothing but the rates of the older Claude family.
pub const UNKNOWN: ModelFacts = ModelFacts {
    starts_with: "",
    tokenizer: Tokenizer::Other,
    smallest_prefix: 0,
    harness_window: 0,
    drops_reasoning: false,
    automatic_hits_bp: AUTOMATIC_HITS_BP,
    hit_step: AUTOMATIC_LOOKUP_STEP,
};

/// Names whose rows a thread remembers, at most: a recording has a handful, foreign input may have
/// any number.
const MOST_REMEMBERED: usize = 256;

thread_local! {
    /// Rows found so far: they are asked for call by call, and reducing a name takes far longer
    /// than looking it up.
    static REMEMBERED: RefCell<HashMap<String, ModelFacts>> = RefCell::default();
    /// The last one of them: neighbouring calls mostly ask for the same.
    static LAST: RefCell<(String, ModelFacts)> = const { RefCell::new((String::new(), UNKNOWN)) };
}

/// The row of a model.
#[must_use]
pub fn facts_of_model(model: &str) -> ModelFacts {
    LAST.with_borrow_mut(|(last, facts)| {
        if last != model {
            *facts = look_facts_up(model);
            model.clone_into(last);
        }
        *facts
    })
}

fn look_facts_up(model: &str) -> ModelFacts {
    REMEMBERED.with_borrow_mut(|remembered| {
        if let Some(facts) = remembered.get(model) {
            return *facts;
        }
        // Names come from files, and there may be any number of them.
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        let facts = find_facts(model);
        remembered.insert(model.to_owned(), facts);
        facts
    })
}

fn find_facts(model: &str) -> ModelFacts {
    let bare = names::bare_name(model);
    // Routers put words in front of the vendor's own name that no list has.
    let name = bare.find("claude-").map_or(bare.as_str(), |at| &bare[at..]);
    let rows = MODELS.iter().filter(|row| name.starts_with(row.starts_with));
    rows.max_by_key(|row| row.starts_with.len()).copied().unwrap_or(UNKNOWN)
}

impl Tokenizer {
    /// The family of a model.
    #[must_use]
    pub(crate) fn of_model(model: &str) -> Self {
        facts_of_model(model).tokenizer
    }
}

/// Tokens of the newer Claude family for what is 10,000 tokens of the older one.
///
/// Source: the provider's pricing and model pages, "approximately 30 %", 2026-08-22. Between what
/// was measured: 13,250 on Claude Code content (one weighing, 2026), and our own rates, 12,190 for
/// Bash output to 16,540 for small tool inputs, most of them 13,000 to 13,400 (MODEL.md, "Content
/// rates"); rates scaled by 13,000 were 2.6 % too high on the one repository that could tell.
pub(crate) const NEW_FROM_OLD_BP: i64 = 13_000;

/// Tokens that one model counts where another counts 10,000 for the same text; `None` where nobody
/// measured it (from Claude to another vendor and back, between other vendors).
#[must_use]
pub(crate) fn tokenizer_ratio_bp(from_model: &str, to_model: &str) -> Option<i64> {
    match (Tokenizer::of_model(from_model), Tokenizer::of_model(to_model)) {
        (Tokenizer::Claude4, Tokenizer::Claude47) => Some(NEW_FROM_OLD_BP),
        (Tokenizer::Claude47, Tokenizer::Claude4) => {
            Some(scale_by_ratio(BASIS_POINTS, BASIS_POINTS, NEW_FROM_OLD_BP))
        }
        (Tokenizer::Claude4, Tokenizer::Claude4) | (Tokenizer::Claude47, Tokenizer::Claude47) => {
            Some(BASIS_POINTS)
        }
        // Other vendors are told apart by their names alone, and one vendor counts all text alike.
        (Tokenizer::Other | Tokenizer::Gpt, Tokenizer::Other | Tokenizer::Gpt) => {
            (names::vendor_name(from_model) == names::vendor_name(to_model)).then_some(BASIS_POINTS)
        }
        (Tokenizer::Other | Tokenizer::Gpt, _) | (_, Tokenizer::Other | Tokenizer::Gpt) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: &str, tokenizer: Tokenizer, smallest_prefix: i64) {
        let facts = facts_of_model(model);
        assert_eq!(
            (facts.tokenizer, facts.smallest_prefix),
            (tokenizer, smallest_prefix),
            "{model}"
        );
    }

    #[test]
    fn the_longest_start_of_a_name_decides() {
        check("claude-opus-4-6", Tokenizer::Claude4, 4_096);
        check("claude-opus-4-5-20251101", Tokenizer::Claude4, 4_096);
        check("claude-opus-4-20250514", Tokenizer::Claude4, 1_024);
        check("claude-opus-4@20250514", Tokenizer::Claude4, 1_024);
        check("claude-3-5-sonnet-20241022", Tokenizer::Claude4, 0);
        check("claude-3-5-haiku-20241022", Tokenizer::Claude4, 2_048);
        check("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Tokenizer::Claude4, 1_024);
        check("openrouter/anthropic/claude-sonnet-4.5", Tokenizer::Claude4, 1_024);
        check("claude-opus-4-7", Tokenizer::Claude47, 2_048);
        check("claude-sonnet-5", Tokenizer::Claude47, 1_024);
        check("claude-opus-5", Tokenizer::Claude47, 512);
        check("claude-opus-5-5", Tokenizer::Claude47, 0);
        check("claude-fable-5-1", Tokenizer::Claude47, 512);
        check("claude-saga-7", Tokenizer::Claude47, 0);
        check("gpt-5.4", Tokenizer::Gpt, 1_024);
        check("openai/gpt-6-sol", Tokenizer::Gpt, 1_024);
        check("codex-mini-latest", Tokenizer::Gpt, 0);
        check("glm-4.7", Tokenizer::Other, 0);
        check("unknown", Tokenizer::Other, 0);
    }

    #[test]
    fn no_row_is_hidden_by_another() {
        for row in MODELS {
            assert_eq!(facts_of_model(row.starts_with), row, "{}", row.starts_with);
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
