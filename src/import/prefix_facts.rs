//! The static prefixes that first calls show, by harness version, model and role: what sessions
//! without one of their own take theirs from.
//!
//! They are facts of all files together. A file tells its part as rows, so that the files of an
//! import may be read in different places.

use super::copied_calls::{DraftRank, rank_of_draft};
use super::parsed_file::ParsedFile;
use crate::recording::{RawSession, Role};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A first read of at least this many percent of the context is no static prefix: the session
/// goes on from another one. Source: MODEL.md, "Cache law".
const WARM_PERCENT: i64 = 95;

/// Static prefix where no session of the same harness and model shows one, percent of the first
/// context. Source: as above.
const STATIC_PERCENT: i64 = 60;

/// Harness version, model, and whether it is a subagent's.
type PrefixGroup<'a> = (Cow<'a, str>, Cow<'a, str>, bool);

/// The rank of a draft, its file, and which of that it is.
type PlacedRank<'a> = (DraftRank, Cow<'a, str>, usize);

/// What one draft of a session tells.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct PrefixFact<'a> {
    /// The session; a nameless one is the same only within its file.
    #[serde(borrow)]
    session: (Cow<'a, str>, Cow<'a, str>),
    /// Of several drafts of a session the one of the least rank counts, then of the first place.
    #[serde(borrow)]
    rank: PlacedRank<'a>,
    #[serde(borrow)]
    group: PrefixGroup<'a>,
    /// The prefix that its first call shows, tokens.
    prefix: Option<i64>,
}

/// What the drafts of a file tell.
pub(super) fn facts_of_file<'a>(
    label: &'a str,
    parsed: &'a ParsedFile,
) -> impl Iterator<Item = PrefixFact<'a>> {
    let file_calls = parsed.call_count();
    parsed.drafts.iter().enumerate().map(move |(index, draft)| {
        let session = &draft.session;
        let id = session.id.as_str();
        PrefixFact {
            // Sessions without an id are told apart by their files.
            session: (id.into(), if id.is_empty() { label.into() } else { "".into() }),
            rank: (rank_of_draft(draft, file_calls), label.into(), index),
            group: prefix_group(session),
            prefix: observed_prefix(session),
        }
    })
}

/// The lower medians of all groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ObservedPrefixes(BTreeMap<(String, String, bool), i64>);

impl ObservedPrefixes {
    /// The medians over sessions, each as its fullest draft shows it; facts may be repeated.
    pub(super) fn from_facts<'a>(facts: impl IntoIterator<Item = PrefixFact<'a>>) -> Self {
        let mut by_session: BTreeMap<_, (PlacedRank<'a>, PrefixGroup<'a>, Option<i64>)> =
            BTreeMap::new();
        for PrefixFact { session, rank, group, prefix } in facts {
            match by_session.entry(session) {
                Entry::Vacant(free) => drop(free.insert((rank, group, prefix))),
                // The least rank is the fullest draft of a session.
                Entry::Occupied(mut kept) if rank < kept.get().0 => {
                    kept.insert((rank, group, prefix));
                }
                Entry::Occupied(_) => {}
            }
        }
        let mut shown: BTreeMap<PrefixGroup<'a>, Vec<i64>> = BTreeMap::new();
        for (_, group, prefix) in by_session.into_values() {
            shown.entry(group).or_default().extend(prefix);
        }
        // The lower of two in the middle: a size that was observed.
        let medians = shown.into_iter().filter_map(|((version, model, is_subagent), mut all)| {
            all.sort_unstable();
            let median = *all.get(all.len().checked_sub(1)? / 2)?;
            Some(((version.into_owned(), model.into_owned(), is_subagent), median))
        });
        Self(medians.collect())
    }

    /// The static prefix of a session: its own, else the lower median of its kind, else a share.
    pub(super) fn prefix_of_session(&self, session: &RawSession) -> Option<i64> {
        let first = session.calls.first()?.usage.context_tokens();
        let prefix = observed_prefix(session).or_else(|| {
            let (version, model, is_subagent) = prefix_group(session);
            self.0.get(&(version.into_owned(), model.into_owned(), is_subagent)).copied()
        });
        Some(prefix.unwrap_or(first * STATIC_PERCENT / 100))
    }
}

/// Between machines.
#[cfg(feature = "fleet")]
impl ObservedPrefixes {
    /// The groups with their medians, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, &str, bool, i64)> {
        self.0.iter().map(|((version, model, is_subagent), median)| {
            (version.as_str(), model.as_str(), *is_subagent, *median)
        })
    }

    /// The same from its rows.
    pub(super) fn from_rows(rows: impl IntoIterator<Item = (String, String, bool, i64)>) -> Self {
        let rows = rows.into_iter();
        Self(rows.map(|(version, model, sub, median)| ((version, model, sub), median)).collect())
    }
}

fn observed_prefix(session: &RawSession) -> Option<i64> {
    let usage = session.calls.first()?.usage;
    // What a first call reads is the prefix that other sessions wrote, unless it reads everything.
    let is_cold = usage.read > 0 && usage.read * 100 < usage.context_tokens() * WARM_PERCENT;
    is_cold.then_some(usage.read)
}

fn prefix_group(session: &RawSession) -> PrefixGroup<'_> {
    let model = session.calls.first().and_then(|call| session.models.get(usize::from(call.model)));
    let is_subagent = session.role == Role::Subagent;
    (session.version.as_str().into(), model.map_or("", String::as_str).into(), is_subagent)
}
