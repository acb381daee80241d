//! Digests: what a report names so that a number can be traced to its recording.

use super::{Recording, Session};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

impl Recording {
    /// SHA-256 over the canonical form on disk.
    #[must_use]
    pub fn recording_digest(&self) -> [u8; 32] {
        Sha256::digest(super::format::to_json(self)).into()
    }

    /// SHA-256 over the content of one session, independent of its place in the recording.
    #[must_use]
    pub fn session_digest(&self, session: &Session) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut number = |value: i64| hash.update(value.to_le_bytes());
        for at in session.call_range() {
            let call = &self.calls[at];
            number(call.start_ms);
            call.usage.by_class().into_iter().for_each(&mut number);
            for block in self.blocks_of_call(at) {
                number(block.kind as i64);
                number(block.tokens);
                number(i64::from(block.marks.bits()));
            }
        }
        hash.update(session.id.as_bytes());
        hash.finalize().into()
    }
}

/// The first `bytes` bytes of a digest in hexadecimal.
#[must_use]
pub fn hex_prefix(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
