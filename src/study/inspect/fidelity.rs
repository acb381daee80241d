//! The model's own error, measured on the recording at hand: its honesty figure.
//!
//! *Law*: billed contexts are given, shocks are set aside, and the cache law alone predicts every
//! call's read but the first. *Content*: usage is hidden; contexts follow from the sizes of blocks
//! alone (the first context is given, because no transcript holds the system prompt), and the law
//! reads from those. Both errors are of a session's summed reads.

use crate::cache::entry_lifetime::{self, HitCurve, HitGrid};
use crate::cache::ttl::TtlPolicy;
use crate::cache::{CacheLookup, CachedPrefix, Policy};
use crate::models::{self, Tokenizer};
use crate::recording::{BlockKind, CacheTier, Call, CallMarks, ContextRestart, Recording, Session};
use crate::study::stats::quantile::quantile_of_sorted;
use std::collections::BTreeMap;

/// What a compaction leaves beside its summary: files that the harness reads again.
/// Source: MODEL.md, "Content rates": median 12.5 K over 9 compactions, 2026-11-20.
const RESTORED: i64 = 13_000;

/// A first context above this holds more than a system prompt. Source: MODEL.md, "Content rates".
const MAX_BASE: i64 = 45_000;

/// Errors of summed reads as shares, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorQuantiles {
    /// Half of the sessions are better.
    pub median: f64,
    /// Nine of ten are better.
    pub p90: f64,
    /// 99 of 100 are better.
    pub p99: f64,
}

impl ErrorQuantiles {
    /// Of any shares in any order; zeros where there is none.
    #[must_use]
    pub fn from_shares(mut shares: Vec<f64>) -> Self {
        shares.sort_by(f64::total_cmp);
        let [median, p90, p99] =
            [0.5, 0.9, 0.99].map(|share| quantile_of_sorted(&shares, share).unwrap_or(0.0));
        Self { median, p90, p99 }
    }
}

/// The errors of one group of sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupFidelity {
    /// The group: a folder, or `all`.
    pub group: String,
    /// Sessions with at least two calls and some read.
    pub sessions: usize,
    /// Error of the cache law alone.
    pub law: ErrorQuantiles,
    /// Error with usage hidden.
    pub content: ErrorQuantiles,
    /// Sum of predicted minus sum of billed reads over sum of billed reads: the law's bias.
    pub law_bias: f64,
    /// The same with usage hidden.
    pub content_bias: f64,
}

/// What the law and the contents say of each call of a session, in its order.
pub(super) struct SessionPrediction {
    /// Billed contexts and outputs, reads by the law.
    pub(super) law: Vec<PredictedCall>,
    /// Contexts and outputs from the sizes of blocks, reads by the law.
    pub(super) content: Vec<PredictedCall>,
}

/// One predicted call, tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PredictedCall {
    /// Its prompt.
    pub(super) context: i64,
    /// What it reads of that from the cache.
    pub(super) read: i64,
    /// What it produces.
    pub(super) output: i64,
}

/// The errors of one session's summed reads.
struct SessionReadError {
    folder: String,
    billed: i64,
    law: i64,
    content: i64,
    calls: u32,
}

/// Measures a recording: all sessions, those of 20 calls or more, and each folder of files.
#[must_use]
pub fn measure_fidelity(recording: &Recording) -> Vec<GroupFidelity> {
    let errors: Vec<SessionReadError> = recording
        .sessions
        .iter()
        .filter(|session| session.calls >= 2)
        .map(|session| measure_session(recording, session))
        // An error is a share of what was billed.
        .filter(|error| error.billed > 0)
        .collect();
    let groups = group_by_folder(&errors, |error| (&error.folder, error.calls));
    groups.into_iter().map(|(group, errors)| summarise_session_errors(group, &errors)).collect()
}

/// The groups that errors are told of, from the folder and the calls of each session: all, those
/// of 20 calls or more, and each folder by name where there are several.
pub fn group_by_folder<'a, T>(
    sessions: &'a [T],
    about: impl Fn(&'a T) -> (&'a str, u32),
) -> Vec<(&'a str, Vec<&'a T>)> {
    let mut folders: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for session in sessions {
        folders.entry(about(session).0).or_default().push(session);
    }
    let long = sessions.iter().filter(|session| about(session).1 >= 20).collect();
    let mut groups = vec![("all sessions", sessions.iter().collect()), ("20 calls or more", long)];
    // One folder is the same as all of it.
    if folders.len() > 1 {
        groups.extend(folders);
    }
    groups
}

/// The folder that a session was read from; empty if there is none.
#[must_use]
pub fn session_folder(session: &Session) -> &str {
    session.file.split_once('/').map_or("", |(folder, _)| folder)
}

fn measure_session(recording: &Recording, session: &Session) -> SessionReadError {
    let predicted = predict_session(recording, session);
    let [law, content] =
        [predicted.law, predicted.content].map(|calls| calls.iter().map(|call| call.read).sum());
    SessionReadError {
        folder: session_folder(session).to_owned(),
        billed: recording.calls[session.call_range()].iter().map(|call| call.usage.read).sum(),
        law,
        content,
        calls: session.calls,
    }
}

/// Predicts every call of a session from the ones before.
pub(super) fn predict_session(recording: &Recording, session: &Session) -> SessionPrediction {
    let contents = contexts_by_content(recording, session);
    let mut predicted = SessionPrediction { law: Vec::new(), content: Vec::new() };
    let first = session.first_call as usize;
    for at in session.call_range() {
        let call = &recording.calls[at];
        let context = call.usage.context_tokens();
        let estimated = estimated_block_tokens(recording, at, true);
        // What a first call reads depends on other sessions: it is given.
        let (mut law, mut content) = (call.usage.read, call.usage.read);
        if let Some(before) = (at > first).then(|| &recording.calls[at - 1]) {
            // The law gets the billed contexts and what the call before is known to have cached; of
            // contents neither is known, so that all of the estimated context before stands for it.
            let lookup = session.lookup_of_call(Some(before), call);
            let curve = recording.hit_curve_of_call(at);
            let turn = recording.turn_dropped_at(at);
            // A hit on an automatic cache ends at one of the steps of its session.
            let is_automatic = before.tier == CacheTier::Automatic;
            let grid = is_automatic.then(|| {
                let model = recording.model_name(before.model);
                HitGrid::of_call(lookup.rules, model, recording.calls[first].usage.read)
            });
            let found = |cached: i64, context: i64, answer: i64| {
                grid.map_or(cached, |grid| grid.found_tokens(context, answer))
            };
            let left = |call: &Call, answer: i64| {
                found(call.cached_tokens(), call.usage.context_tokens(), answer)
            };
            let cached = left(before, before.produced_tokens());
            let known = CacheLookup {
                prior: lookup.prior.map(|prior| CachedPrefix { cached, ..prior }),
                ..lookup
            };
            let kept = turn.map(|began| left(&recording.calls[began], 0));
            law = read_by_law(&keep_at_most(known, kept), &curve);
            let produced = estimated_block_tokens(recording, at - 1, true);
            let is_answer_cached = before.marks.contains(CallMarks::ANSWER_CACHED);
            let answer = if is_answer_cached { produced } else { 0 };
            let left = |at: usize, answer: i64| {
                let context = contents[at - first];
                found(context, context, answer)
            };
            let cached = left(at - 1, produced);
            let hidden = CacheLookup {
                prior: lookup.prior.map(|prior| CachedPrefix { cached, answer, ..prior }),
                context: contents[at - first],
                ..lookup
            };
            let kept = turn.map(|began| left(began, 0));
            content = read_by_law(&keep_at_most(hidden, kept), &curve);
        }
        predicted.law.push(PredictedCall { context, read: law, output: call.produced_tokens() });
        predicted.content.push(PredictedCall {
            context: contents[at - first],
            read: content,
            output: estimated,
        });
    }
    predicted
}

/// A look that finds no more than what a prompt left of the entry.
fn keep_at_most(lookup: CacheLookup, kept: Option<i64>) -> CacheLookup {
    let prior = lookup.prior.map(|prior| CachedPrefix {
        cached: kept.map_or(prior.cached, |kept| prior.cached.min(kept)),
        ..prior
    });
    CacheLookup { prior, ..lookup }
}

/// What the cache law lets a look read, shocks set aside.
fn read_by_law(lookup: &CacheLookup, curve: &HitCurve) -> i64 {
    // An automatic cache keeps an entry by chance: its law has an average only.
    let is_automatic = lookup.prior.is_some_and(|prior| prior.tier == CacheTier::Automatic);
    let average = is_automatic.then(|| entry_lifetime::expected_read(lookup, curve)).flatten();
    average.unwrap_or_else(|| TtlPolicy.read_tokens(lookup))
}

/// Every context of a session from the sizes of its blocks alone; the first one is given.
fn contexts_by_content(recording: &Recording, session: &Session) -> Vec<i64> {
    let mut contexts: Vec<i64> = Vec::with_capacity(session.calls as usize);
    let (mut base, mut reasoning) = (0, 0);
    for at in session.call_range() {
        let call = &recording.calls[at];
        let inputs = estimated_block_tokens(recording, at, false);
        let context = match (contexts.last(), call.restart) {
            (None, _) => {
                let first = call.usage.context_tokens();
                // What no block accounts for is the system prompt, which no transcript holds.
                base = (first - inputs).clamp(0, MAX_BASE);
                first
            }
            (Some(before), ContextRestart::No) => {
                reasoning += estimated_reasoning_tokens(recording, at - 1);
                // What was thought since the last prompt leaves the context with the next one.
                let drops =
                    models::facts_of_model(recording.model_name(call.model)).drops_reasoning;
                let drops = drops && recording.begins_turn(at);
                let dropped = if drops { std::mem::take(&mut reasoning) } else { 0 };
                before + estimated_block_tokens(recording, at - 1, true) + inputs - dropped
            }
            (Some(_), ContextRestart::Fresh) => base + inputs,
            (Some(_), ContextRestart::AutoCompacted | ContextRestart::ManualCompacted) => {
                let blocks = recording.blocks_of_call(at);
                let summary = blocks.iter().any(|block| block.kind == BlockKind::Summary);
                // Codex sends its instructions again, which are among the inputs, and no files.
                let model = models::facts_of_model(recording.model_name(call.model));
                let restores = summary && model.tokenizer != Tokenizer::Gpt;
                base + inputs + if restores { RESTORED } else { 0 }
            }
        };
        if call.restart != ContextRestart::No {
            reasoning = 0;
        }
        contexts.push(context);
    }
    contexts
}

/// The estimated tokens of what a call thought.
fn estimated_reasoning_tokens(recording: &Recording, call: usize) -> i64 {
    let blocks = recording.blocks_of_call(call).iter();
    blocks.filter(|block| block.kind == BlockKind::Thinking).map(|block| block.estimate).sum()
}

/// The estimated tokens of a call's blocks: of those that it produced, or of its inputs.
fn estimated_block_tokens(recording: &Recording, call: usize, output: bool) -> i64 {
    let blocks = recording.blocks_of_call(call).iter();
    blocks.filter(|block| block.kind.is_output() == output).map(|block| block.estimate).sum()
}

fn summarise_session_errors(group: &str, errors: &[&SessionReadError]) -> GroupFidelity {
    let (law, law_bias) = read_errors(errors, |error| error.law);
    let (content, content_bias) = read_errors(errors, |error| error.content);
    GroupFidelity {
        group: group.to_owned(),
        sessions: errors.len(),
        law,
        content,
        law_bias,
        content_bias,
    }
}

/// How far predicted reads are off: by session, as shares of what was billed, and all together
/// with their sign.
fn read_errors(
    errors: &[&SessionReadError],
    predicted: impl Fn(&SessionReadError) -> i64,
) -> (ErrorQuantiles, f64) {
    let shares = errors
        .iter()
        .map(|error| (predicted(error) - error.billed).unsigned_abs() as f64 / error.billed as f64);
    let billed: i64 = errors.iter().map(|error| error.billed).sum();
    let sum: i64 = errors.iter().map(|error| predicted(error)).sum();
    // With its sign: errors of single sessions may cancel each other out.
    let bias = if billed == 0 { 0.0 } else { (sum - billed) as f64 / billed as f64 };
    (ErrorQuantiles::from_shares(shares.collect()), bias)
}
