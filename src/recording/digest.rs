//! Digests: what a report names so that a number can be traced to its recording.
//!
//! A recording's digest is taken over the sorted digests of its sessions, so that a recording in
//! parts has the digest of the whole whatever sessions stand in which part and in which order. It
//! depends on content alone: not on the recording's name, nor on where files lay.

use super::{Call, CrashCounts, Recording, Remainder, Session};
use crate::ids::NO_INDEX;
use crate::units::Usage;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// What is hashed first, so that another way to take the digest gives another digest.
const DIGEST_VERSION: &[u8] = b"windtunnel.recording/2";

/// What is hashed: numbers and names, each with its own end. They are put together in memory, since
/// a hash that is fed number by number takes three times as long.
#[derive(Default)]
struct HashedBytes(Vec<u8>);

impl HashedBytes {
    fn add_number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// The length goes first: `ab` + `c` is not `a` + `bc`.
    fn add_name(&mut self, name: &str) {
        self.add_number(name.len() as i64);
        self.0.extend_from_slice(name.as_bytes());
    }

    fn add_usage(&mut self, usage: &Usage) {
        usage.by_class().into_iter().for_each(|tokens| self.add_number(tokens));
    }

    /// Feeds a hash with what was added since the last time.
    fn feed(&mut self, hash: &mut Sha256) {
        hash.update(&self.0);
        self.0.clear();
    }
}

/// A recording's digest, of the digests of its parts.
fn digest_of_whole(mut parts: Vec<[u8; 32]>, crashes: CrashCounts) -> [u8; 32] {
    parts.sort_unstable();
    let mut whole = new_hash();
    whole.update(parts.as_flattened());
    let mut bytes = HashedBytes::default();
    for count in [crashes.records, crashes.pid_reuse, crashes.orphans] {
        bytes.add_number(i64::from(count));
    }
    bytes.feed(&mut whole);
    whole.finalize().into()
}

fn new_hash() -> Sha256 {
    Sha256::new_with_prefix(DIGEST_VERSION)
}

impl Recording {
    /// SHA-256 over the content of all sessions, in whatever order they stand.
    #[must_use]
    pub fn recording_digest(&self) -> [u8; 32] {
        let mut parts = self.session_digests();
        // What belongs to no session is a part of its own.
        let mut bytes = HashedBytes::default();
        for rest in self.remainders.iter().filter(|rest| rest.session == NO_INDEX) {
            let mut hash = new_hash();
            self.add_remainder(&mut bytes, rest);
            bytes.feed(&mut hash);
            parts.push(hash.finalize().into());
        }
        digest_of_whole(parts, self.crashes)
    }

    /// The digests that parts of it have as recordings of their own; `part_of_session` says which
    /// of so many takes a session.
    pub(super) fn digests_of_parts(
        &self,
        part_of_session: &[usize],
        count: usize,
    ) -> Vec<[u8; 32]> {
        let mut parts = vec![Vec::new(); count];
        for (digest, part) in self.session_digests().into_iter().zip(part_of_session) {
            parts[*part].push(digest);
        }
        parts.into_iter().map(|part| digest_of_whole(part, CrashCounts::default())).collect()
    }

    /// The digests of the sessions in their order: their content, wherever they stand.
    pub(super) fn session_digests(&self) -> Vec<[u8; 32]> {
        let mut bytes = HashedBytes::default();
        let mut hashes: Vec<Sha256> = Vec::with_capacity(self.sessions.len());
        for session in &self.sessions {
            let mut hash = new_hash();
            self.add_session(&mut bytes, session);
            bytes.feed(&mut hash);
            hashes.push(hash);
        }
        // Packets and remainders stand in lists of their own and belong to the session they name.
        for invocation in &self.invocations {
            let call = &self.calls[invocation.call as usize];
            let session = call.session as usize;
            // By its place in the session, which is the same in every recording.
            bytes.add_number(i64::from(invocation.call - self.sessions[session].first_call));
            let packet = &invocation.packet;
            for name in [&packet.id, &packet.agent, &packet.kind, &packet.root, &packet.source] {
                bytes.add_name(name);
            }
            bytes.feed(&mut hashes[session]);
        }
        for rest in &self.remainders {
            // What was billed with no session is part of none.
            if let Some(hash) = hashes.get_mut(rest.session as usize) {
                self.add_remainder(&mut bytes, rest);
                bytes.feed(hash);
            }
        }
        hashes.into_iter().map(|hash| hash.finalize().into()).collect()
    }

    fn add_remainder(&self, bytes: &mut HashedBytes, rest: &Remainder) {
        bytes.add_name(self.model_name(rest.model));
        bytes.add_usage(&rest.usage);
        bytes.add_name(&rest.why);
        // Most have none; then nothing is added, and the digest is that of older versions.
        for (name, _) in rest.modifiers.iter_names() {
            bytes.add_name(name);
        }
    }

    fn add_session(&self, bytes: &mut HashedBytes, session: &Session) {
        let names = [&session.id, &session.pipeline, &session.step, &session.version];
        for name in names {
            bytes.add_name(name);
        }
        bytes.add_name(self.source_of_session(session));
        bytes.add_name(session.role.name());
        for basis in [session.usage_basis, session.blocks_basis, session.times_basis] {
            bytes.add_name(basis.name());
        }
        let told = session.harness_totals;
        // What is not told is told apart from a zero.
        let told = [
            told.start_ms,
            told.calls.map(i64::from),
            told.peak_context,
            told.duration_ms,
            Some(i64::from(told.unfinished)),
        ];
        for number in told {
            bytes.add_number(number.unwrap_or(i64::MIN));
        }
        for number in [
            i64::from(session.records),
            session.static_prefix,
            session.warm_prefix,
            i64::from(session.calls),
        ] {
            bytes.add_number(number);
        }
        session.call_range().for_each(|at| self.add_call(bytes, at));
    }

    fn add_call(&self, bytes: &mut HashedBytes, at: usize) {
        let call: &Call = &self.calls[at];
        bytes.add_name(self.model_name(call.model));
        bytes.add_usage(&call.usage);
        for number in [
            call.start_ms,
            call.end_ms,
            call.touched_ms,
            i64::from(call.records),
            call.output_hidden,
            i64::from(call.marks.bits()),
            call.cut,
            i64::from(call.facts.modifiers.bits()),
            i64::from(call.facts.web_searches),
            i64::from(call.blocks),
        ] {
            bytes.add_number(number);
        }
        for name in [
            call.tier.name(),
            call.restart.name(),
            call.cache_break.name(),
            call.facts.told_miss.name(),
            &super::format::shock_text(call.shock),
        ] {
            bytes.add_name(name);
        }
        for label in [call.facts.skill, call.facts.server] {
            bytes.add_name(label.map_or("", |label| &self.labels[usize::from(label)]));
        }
        // Blocks are numbered within their session: the same in every recording.
        let first =
            self.calls[self.sessions[call.session as usize].first_call as usize].first_block;
        for block in self.blocks_of_call(at) {
            bytes.add_name(block.kind.name());
            bytes.add_name(self.tool_name(block.tool));
            for number in [
                i64::from(block.chars),
                block.estimate,
                block.tokens,
                i64::from(block.marks.bits()),
                block.file_number().map_or(-1, i64::from),
                block.peer_block().map_or(-1, |peer| peer as i64 - i64::from(first)),
            ] {
                bytes.add_number(number);
            }
            // Most blocks stay: nothing is added for them, so that older digests stand.
            if let Some(carried) = block.carried_calls() {
                bytes.add_name("carried");
                bytes.add_number(i64::from(carried));
            }
        }
    }
}

/// The first `bytes` bytes of a digest in hexadecimal.
#[must_use]
pub(crate) fn hex_prefix(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};

    #[test]
    fn a_recording_in_parts_has_the_digest_of_the_whole() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let whole = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let halves: Vec<Recording> = [0, 1]
            .map(|half| {
                let mut part = whole.filter_sessions(|session| {
                    let index = whole.sessions.iter().position(|one| one == session);
                    index.is_some_and(|index| index % 2 == half)
                });
                part.name = format!("half {half}");
                part
            })
            .into();
        assert_ne!(halves[0].recording_digest(), whole.recording_digest());
        // Crashes and usage of no session stay with the whole; here it has neither.
        let mut whole = whole;
        (whole.crashes, whole.remainders) = Default::default();
        let united = Recording::merge_recordings("other", &[&halves[1], &halves[0]]);
        let mut united = united.expect("adds up").recording;
        (united.crashes, united.remainders) = Default::default();
        assert_eq!(united.recording_digest(), whole.recording_digest());
    }

    #[test]
    fn any_figure_moves_the_digest() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let whole = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let digest = whole.recording_digest();
        let changes: [fn(&mut Recording); 5] = [
            |it| it.calls[3].usage.output += 1,
            |it| it.blocks[5].tokens += 1,
            |it| it.sessions[0].static_prefix += 1,
            |it| it.tools[0].push('x'),
            |it| it.calls[0].facts.web_searches += 1,
        ];
        for change in changes {
            let mut other = whole.clone();
            change(&mut other);
            assert_ne!(other.recording_digest(), digest);
        }
    }
}
