//! What agentic-cockpit's `rollout-metrics` script makes of rollouts, errors and all.
//!
//! Old figures were made by it, so that new ones can only be laid beside them if its arithmetic is
//! known: the first count of a file is a baseline and lost, a count without information is a zero,
//! a fork is counted with its parent, the table of sources sums over all agents. None of that is
//! right, and nothing else of the program uses it.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08), `scripts/rollout-metrics.mjs`.

use crate::recording::DIGEST_KIND;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Tokens and invocations by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameTallies {
    /// In the order in which names first had tokens.
    tokens: Vec<(String, i64)>,
    /// The place of each name in `tokens`.
    places: BTreeMap<String, usize>,
    invocations: BTreeMap<String, i64>,
}

/// Tokens and invocations of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTally<'a> {
    /// The name.
    pub name: &'a str,
    /// Sum of the rises of the running totals.
    pub tokens: i64,
    /// Prompts with a packet.
    pub invocations: i64,
}

impl NameTally<'_> {
    /// Tokens an invocation, rounded half up; 0 without any.
    #[must_use]
    pub fn tokens_per_invocation(&self) -> i64 {
        let Self { tokens, invocations: count, .. } = *self;
        if count > 0 { (2 * tokens + count).div_euclid(2 * count) } else { 0 }
    }
}

impl NameTallies {
    fn count_invocation(&mut self, name: &str) {
        *self.invocations.entry(name.to_owned()).or_default() += 1;
    }

    fn add_tokens(&mut self, name: &str, tokens: i64) {
        if let Some(&place) = self.places.get(name) {
            let sum = &mut self.tokens[place].1;
            *sum = sum.saturating_add(tokens);
        } else {
            self.places.insert(name.to_owned(), self.tokens.len());
            self.tokens.push((name.to_owned(), tokens));
        }
    }

    /// Those with tokens, dearest first; of equals the one that had tokens first.
    #[must_use]
    pub fn dearest_tallies(&self) -> Vec<NameTally<'_>> {
        let tallies = self.tokens.iter().map(|(name, tokens)| NameTally {
            name,
            tokens: *tokens,
            invocations: self.invocations.get(name).copied().unwrap_or(0),
        });
        let mut dearest: Vec<NameTally<'_>> = tallies.collect();
        dearest.sort_by_key(|tally| Reverse(tally.tokens));
        dearest
    }
}

/// What the script prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptMetrics {
    /// Files that were read.
    pub files: i64,
    /// Tokens of all agents.
    pub tokens: i64,
    /// By agent.
    pub agents: NameTallies,
    /// By kind, of each agent.
    pub kinds: BTreeMap<String, NameTallies>,
    /// By root.
    pub roots: NameTallies,
    /// By source of a digest, over all agents.
    pub sources: NameTallies,
}

/// What a prompt says of the packet in it; empty for what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketPrompt {
    /// The agent.
    pub agent: String,
    /// The kind; `UNKNOWN` where none is found.
    pub kind: String,
    /// The root.
    pub root: String,
    /// What a digest tells of.
    pub source: String,
    /// What was completed.
    pub completed: String,
}

impl PacketPrompt {
    /// The row of the table of sources that it belongs to.
    fn source_row_name(&self) -> Option<String> {
        let completed = if self.completed.is_empty() { "*" } else { &self.completed };
        let is_told = self.kind == DIGEST_KIND && !self.source.is_empty();
        is_told.then(|| format!("{}:{completed}", self.source))
    }
}

/// One file on its way through the script.
#[derive(Debug, Default)]
pub struct ScriptFile {
    total: Option<i64>,
    prompt: PacketPrompt,
}

impl ScriptMetrics {
    /// A file begins.
    pub fn begin_file(&mut self) -> ScriptFile {
        self.files += 1;
        ScriptFile::default()
    }
}

impl ScriptFile {
    /// A prompt with a packet; `None` if it is filtered out.
    pub fn read_prompt(&mut self, metrics: &mut ScriptMetrics, prompt: Option<PacketPrompt>) {
        let Some(prompt) = prompt else {
            self.prompt = PacketPrompt::default();
            return;
        };
        if !prompt.agent.is_empty() {
            metrics.agents.count_invocation(&prompt.agent);
            metrics.kinds.entry(prompt.agent.clone()).or_default().count_invocation(&prompt.kind);
        }
        if !prompt.root.is_empty() {
            metrics.roots.count_invocation(&prompt.root);
        }
        if let Some(source) = prompt.source_row_name() {
            metrics.sources.count_invocation(&source);
        }
        self.prompt = prompt;
    }

    /// A running total.
    pub fn read_running_total(&mut self, metrics: &mut ScriptMetrics, total: i64) {
        // The script takes the first total of a file for a baseline and loses it.
        let Some(before) = self.total.replace(total) else { return };
        let more = total.saturating_sub(before);
        let prompt = &self.prompt;
        // A total that falls, or of no agent, is passed over; the next rise counts from it.
        if more <= 0 || prompt.agent.is_empty() {
            return;
        }
        metrics.tokens = metrics.tokens.saturating_add(more);
        metrics.agents.add_tokens(&prompt.agent, more);
        metrics.kinds.entry(prompt.agent.clone()).or_default().add_tokens(&prompt.kind, more);
        if !prompt.root.is_empty() {
            metrics.roots.add_tokens(&prompt.root, more);
        }
        if let Some(source) = prompt.source_row_name() {
            metrics.sources.add_tokens(&source, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_total_of_a_file_is_lost_and_equals_keep_their_order() {
        let mut metrics = ScriptMetrics::default();
        for agent in ["b", "a"] {
            let mut file = metrics.begin_file();
            let prompt = PacketPrompt { agent: agent.to_owned(), ..PacketPrompt::default() };
            file.read_prompt(&mut metrics, Some(prompt));
            for total in [100, 150, 150, 120, 171] {
                file.read_running_total(&mut metrics, total);
            }
        }
        let met: Vec<_> =
            metrics.agents.dearest_tallies().iter().map(|it| (it.name, it.tokens)).collect();
        assert_eq!(
            (metrics.files, metrics.tokens, &met[..]),
            (2, 202, &[("b", 101), ("a", 101)][..])
        );
    }

    #[test]
    fn averages_are_rounded_half_up() {
        let of = |tokens, invocations| {
            NameTally { name: "", tokens, invocations }.tokens_per_invocation()
        };
        assert_eq!([of(5, 2), of(4, 3), of(9, 0)], [3, 1, 0]);
    }
}
