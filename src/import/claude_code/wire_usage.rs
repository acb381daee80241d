//! The usage of a response as Claude Code writes it, and what of it was billed.

use crate::import::measured_text::{LenientObject, visit_scalars_as};
use crate::import::price_words::PriceWord;
use crate::models::names;
use crate::recording::{CallFacts, PriceModifiers};
use crate::units::Usage;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Provider usage of one response, or what a process used of one model.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    /// Of a sampling within a response: what it was for, and its model.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub model: Option<String>,
    /// The samplings of a response.
    pub iterations: UsageIterations,
    #[serde(rename = "speed")]
    speed: PriceWord,
    service_tier: PriceWord,
    inference_geo: PriceWord,
    server_tool_use: LenientObject<ServerToolUse>,
    #[serde(alias = "inputTokens")]
    input_tokens: Option<f64>,
    #[serde(alias = "outputTokens")]
    output_tokens: Option<f64>,
    #[serde(alias = "cacheReadInputTokens")]
    cache_read_input_tokens: Option<f64>,
    #[serde(alias = "cacheCreationInputTokens")]
    cache_creation_input_tokens: Option<f64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputTokensDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct OutputTokensDetails {
    thinking_tokens: Option<f64>,
}

/// The samplings of a response, in their order.
#[derive(Debug, Default, Clone)]
pub(super) struct UsageIterations(pub Vec<WireUsage>);

/// Tools that the provider runs and bills.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Option<f64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<f64>,
    ephemeral_1h_input_tokens: Option<f64>,
}

/// No call holds more tokens of a class: a thousand times the largest context window.
pub(super) const MOST_IN_CALL: f64 = 1e9;

/// No process used more tokens of a class.
pub(super) const MOST_IN_PROCESS: f64 = 1e12;

/// A count of tokens of a record that [`super::wire::TranscriptRecord`] let through.
fn token_count(value: Option<f64>) -> i64 {
    value.unwrap_or(0.0) as i64
}

impl WireUsage {
    /// Every count, where it is told.
    fn counts(&self) -> [Option<f64>; 6] {
        let split = self.cache_creation.unwrap_or_default();
        [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
            split.ephemeral_5m_input_tokens,
            split.ephemeral_1h_input_tokens,
        ]
    }

    /// Whether it tells any count.
    pub fn names_count(&self) -> bool {
        self.counts().iter().any(Option::is_some)
    }

    /// Whether no count of it is beyond `most`.
    pub fn is_within(&self, most: f64) -> bool {
        self.counts().iter().flatten().all(|count| (0.0..=most).contains(count))
            && self.iterations.0.iter().all(|sampling| sampling.is_within(most))
    }

    /// Whether it says to which tier it wrote.
    pub fn names_tier(&self) -> bool {
        self.cache_creation.is_some()
    }

    /// What it tells of the price beside tokens; `model` is the model's name as written.
    pub fn price_facts(&self, model: &str) -> CallFacts {
        let searches = self.server_tool_use.0.unwrap_or_default().web_search_requests;
        let mut modifiers = self.speed.0 | self.service_tier.0 | self.inference_geo.0;
        modifiers.set(PriceModifiers::REGIONAL, names::is_regional_profile(model));
        // No call makes a million searches: what says so is damage.
        let searches = searches.filter(|count| (0.0..1e6).contains(count)).unwrap_or(0.0);
        CallFacts { modifiers, web_searches: searches as u32, ..CallFacts::default() }
    }

    /// Tokens of the output that were thinking, where that is told.
    pub fn thinking_tokens(&self) -> Option<i64> {
        let told = self.output_tokens_details?.thinking_tokens?;
        (0.0..=MOST_IN_CALL).contains(&told).then_some(told as i64)
    }

    /// As token classes. Writes whose tier is not told belong to the five-minute cache.
    pub fn billed_usage(&self) -> Usage {
        let split = self.cache_creation.unwrap_or_default();
        // The total counts where both are told: versions differ in what the split leaves out.
        let write = match self.cache_creation_input_tokens {
            None => {
                token_count(split.ephemeral_5m_input_tokens)
                    + token_count(split.ephemeral_1h_input_tokens)
            }
            total => token_count(total),
        };
        // The split may name more than the total: then all of it went to the longer tier.
        let write_1h = token_count(split.ephemeral_1h_input_tokens).min(write);
        Usage {
            fresh: token_count(self.input_tokens),
            read: token_count(self.cache_read_input_tokens),
            write_5m: write - write_1h,
            write_1h,
            output: token_count(self.output_tokens),
        }
    }
}

impl<'de> Deserialize<'de> for UsageIterations {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(UsageIterationsVisitor)
    }
}

struct UsageIterationsVisitor;

impl<'de> Visitor<'de> for UsageIterationsVisitor {
    type Value = UsageIterations;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut iterations = Vec::new();
        // An item that is no object bills nothing.
        while let Some(LenientObject(item)) = seq.next_element::<LenientObject<WireUsage>>()? {
            iterations.extend(item);
        }
        Ok(UsageIterations(iterations))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(UsageIterations::default())
    }
    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(UsageIterations::default())
    }
    visit_scalars_as!(UsageIterations::default());
}
