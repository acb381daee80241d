//! What importers hand over: the sessions, bills and skips of one file.

use super::skip::SkipReason;
use crate::recording::{PriceModifiers, RawSession, SkipCounts};
use crate::store;
use crate::units::Usage;
use std::collections::BTreeMap;
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Everything that one file gave, with the name of its importer; none where no format fits.
pub(super) type ReadFile = (Option<&'static str>, ParsedFile);

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileInfo<'a> {
    /// Its label: relative to the argument it was found under.
    pub label: &'a str,
}

impl FileInfo<'_> {
    /// The name of the file without its folders and without what a compressor added.
    pub(super) fn file_name(&self) -> &str {
        store::strip_packed_ending(self.label.rsplit('/').next().unwrap_or(self.label))
    }
}

/// Identifies a response across files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallKey {
    /// Fingerprint of the response's id.
    pub id: u128,
    /// Fingerprint of the request's id; 0 where the source has none.
    pub request: u64,
}

impl CallKey {
    /// The key of a response and its request; either may be empty.
    pub(super) fn new(id: &[u8], request: &[u8]) -> Self {
        let request = if request.is_empty() { 0 } else { xxh3_64(request).max(1) };
        Self { id: xxh3_128(id), request }
    }
}

/// What tells a call from all others: its ids, what it was sent, and when its records came.
///
/// Ids alone do not: a gateway may give one id to all responses, or count from one in every
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallIdentity {
    /// Its ids.
    pub key: CallKey,
    /// Its usage as its fullest record tells it.
    pub told: Usage,
    /// When the first and the last of its records were written, where they say so.
    pub times: Option<(i64, i64)>,
    /// Nothing but a running total tells of it.
    pub is_untold: bool,
}

impl CallIdentity {
    /// The identity of a call of which one record has come.
    pub(super) fn new(key: CallKey, told: Usage, at_ms: Option<i64>) -> Self {
        Self { key, told, times: at_ms.map(|at_ms| (at_ms, at_ms)), is_untold: false }
    }

    /// Takes the time of one more record.
    pub(super) fn add_time(&mut self, at_ms: Option<i64>) {
        let Some(at_ms) = at_ms else { return };
        let (first, last) = self.times.unwrap_or((at_ms, at_ms));
        self.times = Some((first.min(at_ms), last.max(at_ms)));
    }

    /// Whether its records were written while those of another call were, as far as is known.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let both = self.times.zip(other.times);
        both.is_none_or(|((first, last), (begin, end))| first <= end && begin <= last)
    }
}

/// What was sent with a call, by class: it tells calls of one id apart. Zero where only the end of
/// the response told its usage.
pub(super) fn prompt_classes(usage: &Usage) -> [i64; 3] {
    [usage.fresh, usage.read, usage.write_tokens()]
}

/// What calls billed beyond themselves, by position in their session.
pub(super) type BeyondCalls = BTreeMap<u32, Vec<UsageBeyondCall>>;

/// Usage that a response billed beside the one sampling that its call stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsageBeyondCall {
    /// The model that was billed.
    pub model: String,
    /// The tokens, of one request.
    pub usage: Usage,
    /// What it was for.
    pub why: &'static str,
    /// Conditions of its price.
    pub modifiers: PriceModifiers,
}

/// A session as one file shows it, copies of other files' calls included.
#[derive(Debug)]
pub(super) struct SessionDraft {
    /// The session.
    pub session: RawSession,
    /// The identity of each of its calls.
    pub identities: Vec<CallIdentity>,
    /// What responses billed beyond its calls, in the order of these.
    pub beyond: BeyondCalls,
    /// Only another session's records tell of it: its own file, where there is one, knows better.
    pub is_retold: bool,
    /// A subagent's: where it shares a response with a main session, the main session keeps it.
    pub sidechain: bool,
    /// Time of its last record; of two copies the session that ended first keeps the call.
    pub last_ms: i64,
    /// Where it comes from, where the source tells.
    pub lineage: Option<ForkLineage>,
}

/// Where a session comes from and what tells its calls from copies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ForkLineage {
    /// The source's id of the session.
    pub session_id: String,
    /// The sessions that it may have copied from, the nearest first; empty for a root.
    pub parents: Vec<String>,
    /// It says that it copied: a fork, or its file holds the head of another session.
    pub copies: bool,
    /// Its counter was at zero before its first call.
    pub own_counter: bool,
    /// Leading calls that are older than the session, by their times or places.
    pub older_calls: usize,
    /// Leading calls that were written in a burst, older ones included.
    pub burst_calls: usize,
    /// When it began.
    pub started_ms: i64,
    /// Its calls as its file shows them, copies included.
    pub call_fingerprints: Vec<CallFingerprint>,
}

impl ForkLineage {
    /// Sessions in the order of their beginning: a copy is always the younger one's.
    pub(super) fn age_order(&self) -> (i64, &str) {
        (self.started_ms, &self.session_id)
    }
}

/// What identifies a call among the calls of a session and of its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallFingerprint {
    /// Fingerprint of its usage and of the running total behind it.
    pub fingerprint: u64,
    /// The running total behind it, tokens.
    pub total: i64,
    /// When it was told.
    pub at_ms: i64,
    /// Its line.
    pub line: u64,
}

/// What a source says it billed for a session, by model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StatedBill {
    /// The source's id of the session.
    pub session: String,
    /// The file's drafts of this session and its subagents.
    pub drafts: Range<usize>,
    /// Total usage by model.
    pub models: Vec<(String, Usage)>,
    /// The line that says so, and the cost it names.
    pub costs: Vec<(u64, f64)>,
    /// Statements that a later one of the same process repeated or replaced.
    pub restated: u64,
}

/// Everything that one file gave.
#[derive(Debug, Default)]
pub(super) struct ParsedFile {
    /// Its sessions, the main one first.
    pub drafts: Vec<SessionDraft>,
    /// Its statements of what was billed.
    pub bills: Vec<StatedBill>,
    /// Subagents that reported to its sessions: the ids of their sessions and the tokens of their
    /// last context.
    pub reported_agents: Vec<(String, i64)>,
    /// What was passed over, line by line, up to a limit for each class.
    pub(super) skips: Vec<(u64, SkipReason)>,
    /// How much was passed over, listed or not.
    pub(super) skip_counts: SkipCounts,
}

/// So many skips of one class are told one by one of a file.
const SKIPS_PER_FILE: u64 = 100;

impl ParsedFile {
    /// The calls of all its drafts.
    pub(super) fn call_count(&self) -> usize {
        self.drafts.iter().map(|draft| draft.session.calls.len()).sum()
    }

    /// Notes that line `line` was passed over; 0 stands for the whole file.
    pub(super) fn add_skip(&mut self, line: u64, reason: impl Into<SkipReason>) {
        let reason = reason.into();
        let SkipCounts { damage, harmless } = &mut self.skip_counts;
        // Each class has a list of its own length: what is harmless must not crowd out damage.
        let count = if reason.is_damage() { damage } else { harmless };
        *count += 1;
        if *count <= SKIPS_PER_FILE {
            self.skips.push((line, reason));
        }
    }

    /// Takes the list, with one entry for those of each class that are beyond its limit.
    pub(super) fn take_skips(&mut self) -> Vec<(u64, SkipReason)> {
        let mut skips = std::mem::take(&mut self.skips);
        // Those that were not kept stand behind the last one that was.
        let last = skips.last().map_or(0, |(line, _)| *line);
        let SkipCounts { damage, harmless } = self.skip_counts;
        for (count, is_damage) in [(damage, true), (harmless, false)] {
            let lines = count.saturating_sub(SKIPS_PER_FILE);
            if lines > 0 {
                skips.push((last, SkipReason::FurtherLines { lines, is_damage }));
            }
        }
        skips
    }
}

/// The index of a name in a session's own table of names.
pub(super) fn intern_name(names: &mut Vec<String>, name: &str) -> u16 {
    // A table of names is small; one that is not shares its last slot.
    const MOST: usize = 4_096;
    let known = names.iter().position(|known| known == name);
    let at = known.unwrap_or_else(|| {
        if names.len() < MOST {
            names.push(name.to_owned());
        }
        names.len() - 1
    });
    at as u16
}
