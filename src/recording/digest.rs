//! Digests: what a report names so that a number can be traced to its recording.

use super::Recording;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

impl Recording {
    /// SHA-256 over the canonical form on disk.
    #[must_use]
    pub fn recording_digest(&self) -> [u8; 32] {
        Sha256::digest(super::format::to_json(self)).into()
    }

    /// SHA-256 over the content of one session, independent of its place in the recording.
    #[cfg(test)]
    pub(super) fn session_digest(&self, session: &super::Session) -> [u8; 32] {
        let mut hash = Sha256::new();
        for at in session.call_range() {
            let call = &self.calls[at];
            let mut numbers = vec![call.start_ms];
            numbers.extend(call.usage.by_class());
            for block in self.blocks_of_call(at) {
                let marks = i64::from(block.marks.bits());
                numbers.extend([block.kind as i64, block.tokens, marks]);
            }
            for number in numbers {
                hash.update(number.to_le_bytes());
            }
        }
        hash.update(session.id.as_bytes());
        hash.finalize().into()
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
