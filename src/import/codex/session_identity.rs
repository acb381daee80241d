//! Which session a file holds, and which sessions it comes from.
//!
//! The first head of a file is its own; others are heads of sessions that it copied, or its own
//! again where it was resumed.

use super::lenient_shapes::SubagentOrigin;
use super::wire::SessionHead;
use crate::import::fork_lineage::BURST_MS;
use crate::import::measured_text::ShortText;
use crate::import::parsed_file::{CallFingerprint, ForkLineage};
use crate::import::timestamps;
use crate::recording::Role;
use crate::store;
use xxhash_rust::xxh3::xxh3_64;

/// Ids are cut to so many characters: longer ones are none.
const ID: usize = 200;

fn shorten_id(id: &str) -> String {
    id.chars().take(ID).collect()
}

/// What is known about the session of a file.
#[derive(Debug)]
pub(super) struct SessionIdentity {
    lineage: ForkLineage,
    has_head: bool,
    /// Neither its name nor its head told an id so far.
    is_unnamed: bool,
    /// Fingerprint of its first line.
    first_line: Option<u64>,
    /// It was spawned by another session to work for it.
    pub subagent: bool,
    /// Lines of a lower place are another session's.
    first_own: Option<f64>,
    /// Leading calls are still looked at.
    leading: bool,
    last_ms: i64,
}

impl SessionIdentity {
    /// The session of a file that tells nothing: `rollout-<time>-<id>.jsonl` holds its id.
    pub fn new(label: &str) -> Self {
        let name = label.rsplit('/').next().unwrap_or(label);
        // A file without a head still has an id in its name, where it was not renamed.
        let stem = store::strip_packed_ending(name);
        let stem = stem.strip_suffix(".jsonl").unwrap_or(stem);
        const UUID: usize = 36;
        let tail = stem.len().checked_sub(UUID).and_then(|at| stem.get(at..));
        let id = tail.filter(|id| {
            id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
                && id.matches('-').count() == 4
        });
        let lineage = ForkLineage {
            session_id: id.unwrap_or(stem).to_owned(),
            started_ms: i64::MIN,
            ..ForkLineage::default()
        };
        Self {
            lineage,
            has_head: false,
            is_unnamed: id.is_none(),
            first_line: None,
            subagent: false,
            first_own: None,
            leading: true,
            last_ms: i64::MIN,
        }
    }

    /// Notes a line; the first one counts.
    pub fn note_line(&mut self, line: &[u8]) {
        self.first_line.get_or_insert_with(|| xxh3_64(line));
    }

    /// Takes a head; whether it is the session's own and first.
    pub fn take_head(&mut self, head: &SessionHead<'_>, at_ms: Option<i64>) -> bool {
        let id = [head.id, head.session_id].into_iter().find(|id| !id.0.is_empty());
        let Some(id) = id.map(|id| shorten_id(&id.to_text())) else {
            return false;
        };
        if self.has_head {
            // A copied history brings the heads of those who wrote it.
            if id != self.lineage.session_id {
                self.lineage.copies = true;
                self.add_parent(&id);
            }
            return false;
        }
        (self.has_head, self.is_unnamed) = (true, false);
        self.lineage.session_id = id;
        let began = timestamps::parse_stamp_ms(head.timestamp.0).or(at_ms);
        self.lineage.started_ms = began.unwrap_or(i64::MIN);
        self.last_ms = at_ms.or(began).unwrap_or(i64::MIN);
        let origin = head.source.0.as_ref().map_or(SubagentOrigin::No, |source| source.subagent);
        let spawner = match origin {
            SubagentOrigin::No => ShortText::default(),
            SubagentOrigin::Of(parent) => parent,
        };
        self.lineage.copies = !head.forked_from_id.0.is_empty();
        self.subagent = origin != SubagentOrigin::No || !head.parent_thread_id.0.is_empty();
        // Versions differ in which of the three they write; what one was forked from is nearest.
        for parent in [head.forked_from_id, spawner, head.parent_thread_id] {
            self.add_parent(&shorten_id(&parent.to_text()));
        }
        let base = head.history_base.0.as_ref().and_then(|base| base.end_ordinal_exclusive);
        self.first_own = head.subagent_history_start_ordinal.or(base);
        true
    }

    fn add_parent(&mut self, id: &str) {
        let ForkLineage { session_id, parents, .. } = &mut self.lineage;
        if !id.is_empty() && id != session_id && !parents.iter().any(|parent| parent == id) {
            parents.push(id.to_owned());
        }
    }

    /// Notes a call: `starts` says whether the counter stood at zero before it.
    pub fn note_call(&mut self, call: CallFingerprint, starts: bool, ordinal: Option<f64>) {
        let lineage = &mut self.lineage;
        if lineage.call_fingerprints.is_empty() {
            lineage.own_counter = starts;
            // A file without any id is told by how it begins: so are its copies, whole or cut,
            // whatever their names are, and files of one name that are others.
            if self.is_unnamed {
                let start = (self.first_line, call.fingerprint, call.at_ms);
                lineage.session_id =
                    format!("unnamed-{:016x}", xxh3_64(format!("{start:?}").as_bytes()));
            }
        }
        // Newer versions number the lines of a session: lower numbers are its parent's.
        let stands_before = self.first_own.zip(ordinal).is_some_and(|(first, own)| own < first);
        let is_older = stands_before || call.at_ms < lineage.started_ms;
        if self.leading && is_older && lineage.older_calls == lineage.call_fingerprints.len() {
            lineage.older_calls += 1;
        }
        // The first call that took its time is the session's own, and so are all after it.
        let is_fast = call.at_ms.saturating_sub(self.last_ms) < BURST_MS;
        self.leading &= is_older || is_fast;
        lineage.burst_calls += usize::from(self.leading);
        self.last_ms = call.at_ms;
        lineage.call_fingerprints.push(call);
    }

    /// Whether calls of other sessions, which may be copied in part, are behind it.
    pub fn is_beyond_copies(&self) -> bool {
        !self.leading || self.lineage.parents.is_empty()
    }

    /// The session's id.
    pub fn session_id(&self) -> &str {
        &self.lineage.session_id
    }

    /// Everything together; a root has neither bursts nor calls older than itself.
    pub fn into_lineage(self) -> (ForkLineage, Role) {
        let mut lineage = self.lineage;
        if lineage.parents.is_empty() {
            (lineage.older_calls, lineage.burst_calls, lineage.copies) = (0, 0, false);
        }
        let role = if self.subagent { Role::Subagent } else { Role::Main };
        (lineage, role)
    }
}
