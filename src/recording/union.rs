//! Several recordings as one: names are interned again, and a session counts once.

use super::name_tables::NameTables;
use super::{BalanceError, Recording, Session};
use crate::ids::NO_INDEX;
use crate::units::Usage;
use std::collections::{HashMap, HashSet};

/// Recordings put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingUnion {
    /// All of it.
    pub recording: Recording,
    /// Sessions that are in more than one of them, beyond the first time.
    pub repeated: u32,
}

/// What tells whether two sessions are the same: the id, and how it starts. The output of the first
/// call is left out: an older copy may end while it streams.
type SessionMergeKey = (String, i64, [i64; 5]);

impl Recording {
    /// The sessions of `parts`, in their order, as one recording.
    ///
    /// Two sessions are the same where their ids and their first calls are (for sessions without
    /// calls: what was billed). Of these the fullest stays: the one with the most calls, then with
    /// the most output, at equality the first.
    /// Crash records of a part count unless all of its sessions are in others.
    ///
    /// # Errors
    /// Together they are too large to be added up.
    pub(crate) fn merge_recordings(
        name: &str,
        parts: &[&Self],
    ) -> Result<RecordingUnion, BalanceError> {
        // A session may have its own id in one part and in another the one that is shared.
        let all = parts.iter().flat_map(|part| &part.sessions);
        let known: HashSet<&str> = all.map(|session| session.id.as_str()).collect();
        let identities: Vec<Vec<SessionMergeKey>> =
            parts.iter().map(|part| part.session_identities(&known)).collect();
        // Of each session the part that has the most of it; parts are asked in order, so that the
        // first one stays where several are equal.
        let mut best: HashMap<&SessionMergeKey, ((u32, i64), usize)> = HashMap::new();
        for (part, (recording, identities)) in parts.iter().zip(&identities).enumerate() {
            for (session, identity) in recording.sessions.iter().zip(identities) {
                let calls = &recording.calls[session.call_range()];
                let output = calls.iter().map(|call| call.usage.output).sum();
                let fullness = (session.calls, output);
                let kept = best.entry(identity).or_insert((fullness, part));
                if fullness > kept.0 {
                    *kept = (fullness, part);
                }
            }
        }
        let source = match parts {
            [] => "",
            [first, rest @ ..] if rest.iter().all(|part| part.source == first.source) => {
                &first.source
            }
            _ => "mixed",
        };
        let mut whole =
            Self { name: name.to_owned(), source: source.to_owned(), ..Self::default() };
        let mut names = NameTables::default();
        for (part, recording) in parts.iter().enumerate() {
            let taken: Vec<bool> =
                identities[part].iter().map(|identity| best[identity].1 == part).collect();
            let ids = names.intern_part(&mut whole, recording);
            let first = whole.sessions.len();
            whole.append_sessions(recording, &taken, &ids);
            for session in &mut whole.sessions[first..] {
                session.source = source_in(&whole.source, &recording.source, session);
            }
            // A part all of whose sessions stand elsewhere is a copy: what it has beside sessions,
            // crashes and unassigned usage, was counted there.
            if taken.is_empty() || taken.contains(&true) {
                whole.append_sessionless(recording, &ids.models);
            }
        }
        // Where it is known of some parts only, the whole has lost at least that much.
        whole.skips = parts.iter().filter_map(|part| part.skips).reduce(|mut sum, more| {
            sum += more;
            sum
        });
        whole.check_balance()?;
        let all: usize = parts.iter().map(|part| part.sessions.len()).sum();
        let repeated = (all - whole.sessions.len()) as u32;
        Ok(RecordingUnion { recording: whole, repeated })
    }

    fn session_identities(&self, known: &HashSet<&str>) -> Vec<SessionMergeKey> {
        let mut billed = vec![Usage::default(); self.sessions.len()];
        for rest in &self.remainders {
            // What was billed with no session tells none apart.
            if let Some(sum) = billed.get_mut(rest.session as usize) {
                *sum += rest.usage;
            }
        }
        let mut identities = Vec::with_capacity(self.sessions.len());
        let shared = self.public_session_ids();
        for ((session, billed), shared) in self.sessions.iter().zip(billed).zip(shared) {
            // A copy may be known by its own id, or by the one under which it was shared.
            let id = if known.contains(&*shared) { shared } else { session.id.clone() };
            let first = self.calls[session.call_range()].first();
            // Output may still have been growing when one of two copies was written.
            let (start_ms, usage) = first.map_or((i64::MIN, billed), |call| {
                (call.start_ms, Usage { output: 0, ..call.usage })
            });
            identities.push((id, start_ms, usage.by_class()));
        }
        identities
    }

    /// Adds what belongs to no session.
    fn append_sessionless(&mut self, other: &Self, models: &[u16]) {
        for rest in other.remainders.iter().filter(|rest| rest.session == NO_INDEX) {
            let model = models[usize::from(rest.model)];
            self.remainders.push(super::Remainder { model, ..rest.clone() });
        }
        self.crashes += other.crashes;
    }
}

/// The source that a session names in a recording of source `whole`; it came from one of `part`.
fn source_in(whole: &str, part: &str, session: &Session) -> String {
    let own = if session.source.is_empty() { part } else { &session.source };
    if own == whole { String::new() } else { own.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::recording::SkipCounts;

    fn order(name: &str) -> Recording {
        let reported = builtin_pipeline(name).expect("built in");
        reconstruct(&reported, Lens::Message).expect("fits").recording
    }

    #[test]
    fn different_recordings_add_up() {
        let (a, b) = (order("order-774"), order("order-775"));
        let RecordingUnion { recording, repeated } =
            Recording::merge_recordings("both", &[&a, &b]).expect("fits");
        assert_eq!((repeated, recording.sessions.len()), (0, a.sessions.len() + b.sessions.len()));
        assert_eq!(recording.total_usage(), a.total_usage() + b.total_usage());
        assert_eq!(recording.crashes.records, a.crashes.records + b.crashes.records);
        let parts = [a.session_digests(), b.session_digests()].concat();
        assert_eq!(recording.session_digests(), parts);
        // What one part lost stays known where nothing is known of the other.
        assert_eq!(recording.skips, None);
        let lost = Some(SkipCounts { damage: 9, harmless: 2 });
        let cut = Recording { skips: lost, ..a.clone() };
        let one = Recording::merge_recordings("both", &[&cut, &b]).expect("fits").recording;
        assert_eq!(one.skips, lost);
        assert_eq!(cut.filter_sessions(|session| session.id == cut.sessions[0].id).skips, lost);
        let names = |of: &Recording| -> Vec<String> {
            of.calls.iter().map(|call| of.model_name(call.model).to_owned()).collect()
        };
        assert_eq!(names(&recording), [names(&a), names(&b)].concat());
        let tools = |of: &Recording| -> Vec<String> {
            of.blocks.iter().map(|block| of.tool_name(block.tool).to_owned()).collect()
        };
        assert_eq!(tools(&recording), [tools(&a), tools(&b)].concat());
    }

    #[test]
    fn a_session_in_two_parts_counts_once_and_the_longer_one_stays() {
        let whole = order("order-774");
        let some: Vec<String> = whole.sessions[..3].iter().map(|one| one.id.clone()).collect();
        let part = whole.filter_sessions(|session| some.contains(&session.id));
        for parts in [[&whole, &part], [&part, &whole]] {
            let union = Recording::merge_recordings("both", &parts).expect("fits");
            assert_eq!(union.repeated, 3);
            assert_eq!(union.recording.total_usage(), whole.total_usage());
            assert_eq!(union.recording.crashes, whole.crashes);
        }
        let mut cut = part.clone();
        cut.calls[0].usage.output -= 1;
        let first = cut.calls[0].block_range().end - 1;
        cut.blocks[first].tokens -= 1;
        for parts in [[&whole, &cut], [&cut, &whole]] {
            let union = Recording::merge_recordings("both", &parts).expect("fits");
            assert_eq!((union.repeated, union.recording.total_usage()), (3, whole.total_usage()));
        }
        let twice = Recording::merge_recordings("order-774", &[&whole, &whole]).expect("fits");
        assert_eq!((twice.recording, twice.repeated), (whole.clone(), 12));
        let mut live = part.clone();
        live.source = "elsewhere".to_owned();
        let cut = live.sessions[2].call_range();
        live.sessions[2].calls -= 1;
        live.calls.truncate(cut.end - 1);
        live.blocks.truncate(live.calls.last().expect("a call").block_range().end);
        for block in &mut live.blocks {
            block.peer = crate::ids::NO_INDEX;
        }
        live.check_balance().expect("balanced");
        let union = Recording::merge_recordings("both", &[&live, &whole]).expect("fits");
        assert_eq!((union.repeated, union.recording.total_usage()), (3, whole.total_usage()));
        let sources: Vec<&str> =
            union.recording.sessions.iter().map(|s| union.recording.source_of_session(s)).collect();
        assert_eq!((sources[0], sources[2]), ("elsewhere", "reported"));
    }
}
