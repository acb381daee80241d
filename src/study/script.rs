//! What agentic-cockpit's `rollout-metrics` script makes of rollouts, errors and all.
//!
//! Old figures were made by it, so that new ones can only be laid beside them if its arithmetic is
//! known: the first count of a file is a baseline and lost, a count without information is a zero,
//! a fork is counted with its parent, the table of sources sums over all agents. None of that is
//! right, and nothing else of the program uses it.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08), `scripts/rollout-metrics.mjs`.

use crate::recording::DIGEST;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Tokens and invocations by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// In the order in which names first had tokens.
    tokens: Vec<(String, i64)>,
    invocations: BTreeMap<String, i64>,
}

/// Tokens and invocations of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally<'a> {
    /// The name.
    pub name: &'a str,
    /// Sum of the rises of the running totals.
    pub tokens: i64,
    /// Prompts with a packet.
    pub invocations: i64,
}

impl Tally<'_> {
    /// Tokens an invocation, rounded half up; 0 without any.
    #[must_use]
    pub fn average(&self) -> i64 {
        let Self { tokens, invocations: count, .. } = *self;
        if count > 0 { (2 * tokens + count).div_euclid(2 * count) } else { 0 }
    }
}

impl Tallies {
    fn count(&mut self, name: &str) {
        *self.invocations.entry(name.to_owned()).or_default() += 1;
    }

    fn add(&mut self, name: &str, tokens: i64) {
        match self.tokens.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(tokens),
            None => self.tokens.push((name.to_owned(), tokens)),
        }
    }

    /// Those with tokens, dearest first; of equals the one that had tokens first.
    #[must_use]
    pub fn dearest(&self) -> Vec<Tally<'_>> {
        let tallies = self.tokens.iter().map(|(name, tokens)| Tally {
            name,
            tokens: *tokens,
            invocations: self.invocations.get(name).copied().unwrap_or(0),
        });
        let mut dearest: Vec<Tally<'_>> = tallies.collect();
        dearest.sort_by_key(|tally| Reverse(tally.tokens));
        dearest
    }
}

/// What the script prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Files that were read.
    pub files: i64,
    /// Tokens of all agents.
    pub tokens: i64,
    /// By agent.
    pub agents: Tallies,
    /// By kind, of each agent.
    pub kinds: BTreeMap<String, Tallies>,
    /// By root.
    pub roots: Tallies,
    /// By source of a digest, over all agents.
    pub sources: Tallies,
}

/// What a prompt says of the packet in it; empty for what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
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

impl Prompt {
    /// The row of the table of sources that it belongs to.
    fn source(&self) -> Option<String> {
        let completed = if self.completed.is_empty() { "*" } else { &self.completed };
        let is_told = self.kind == DIGEST && !self.source.is_empty();
        is_told.then(|| format!("{}:{completed}", self.source))
    }
}

/// One file on its way through the script.
#[derive(Debug, Default)]
pub struct File {
    total: Option<i64>,
    prompt: Prompt,
}

impl Metrics {
    /// A file begins.
    pub fn file(&mut self) -> File {
        self.files += 1;
        File::default()
    }
}

impl File {
    /// A prompt with a packet; `None` if it is filtered out.
    pub fn prompt(&mut self, metrics: &mut Metrics, prompt: Option<Prompt>) {
        let Some(prompt) = prompt else {
            self.prompt = Prompt::default();
            return;
        };
        if !prompt.agent.is_empty() {
            metrics.agents.count(&prompt.agent);
            metrics.kinds.entry(prompt.agent.clone()).or_default().count(&prompt.kind);
        }
        if !prompt.root.is_empty() {
            metrics.roots.count(&prompt.root);
        }
        if let Some(source) = prompt.source() {
            metrics.sources.count(&source);
        }
        self.prompt = prompt;
    }

    /// A running total.
    pub fn total(&mut self, metrics: &mut Metrics, total: i64) {
        let Some(before) = self.total.replace(total) else { return };
        let more = total.saturating_sub(before);
        let prompt = &self.prompt;
        if more <= 0 || prompt.agent.is_empty() {
            return;
        }
        metrics.tokens = metrics.tokens.saturating_add(more);
        metrics.agents.add(&prompt.agent, more);
        metrics.kinds.entry(prompt.agent.clone()).or_default().add(&prompt.kind, more);
        if !prompt.root.is_empty() {
            metrics.roots.add(&prompt.root, more);
        }
        if let Some(source) = prompt.source() {
            metrics.sources.add(&source, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_total_of_a_file_is_lost_and_equals_keep_their_order() {
        let mut metrics = Metrics::default();
        for agent in ["b", "a"] {
            let mut file = metrics.file();
            let prompt = Prompt { agent: agent.to_owned(), ..Prompt::default() };
            file.prompt(&mut metrics, Some(prompt));
            for total in [100, 150, 150, 120, 171] {
                file.total(&mut metrics, total);
            }
        }
        let met: Vec<_> = metrics.agents.dearest().iter().map(|it| (it.name, it.tokens)).collect();
        assert_eq!(
            (metrics.files, metrics.tokens, &met[..]),
            (2, 202, &[("b", 101), ("a", 101)][..])
        );
    }

    #[test]
    fn averages_are_rounded_half_up() {
        let of = |tokens, invocations| Tally { name: "", tokens, invocations }.average();
        assert_eq!([of(5, 2), of(4, 3), of(9, 0)], [3, 1, 0]);
    }
}
