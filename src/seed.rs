//! Randomness as a value: named, portable, and keyed by content.
//!
//! A draw depends on (seed, intervention id, session digest) alone, so that adding a toggle or a
//! session never shifts the luck of another one. The generator is ChaCha12 by name, because the
//! default generators of `rand` may change between its versions.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};

/// The seed of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The generator of one intervention on one session.
    #[must_use]
    pub fn random_stream(self, intervention: &str, session_digest: &[u8]) -> ChaCha12Rng {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update((intervention.len() as u64).to_le_bytes());
        hash.update(intervention.as_bytes());
        hash.update(session_digest);
        ChaCha12Rng::from_seed(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_depend_on_every_part_of_the_key() {
        let draw = |seed, id: &str, digest: &[u8]| Seed(seed).random_stream(id, digest).next_u64();
        let base = draw(774, "R3", b"a");
        assert_eq!(base, draw(774, "R3", b"a"));
        assert_ne!(base, draw(775, "R3", b"a"));
        assert_ne!(base, draw(774, "R4", b"a"));
        assert_ne!(base, draw(774, "R3", b"b"));
        assert_ne!(draw(1, "R1", b"2x"), draw(1, "R12", b"x"));
    }
}
