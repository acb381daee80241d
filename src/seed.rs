//! Randomness as a value: named, portable, and keyed by content.
//!
//! A draw depends on (seed, intervention id, session digest) alone, so that adding a toggle or a
//! session never shifts the luck of another one. The generator is ChaCha12 by name, because the
//! default generators of `rand` may change between its versions.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The seed of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The key of one intervention in one draw.
    #[must_use]
    pub fn draw_key(self, intervention: &str, draw: u32) -> u64 {
        let key = [self.0, u64::from(draw)].map(u64::to_le_bytes).concat();
        xxh3_64(&[key.as_slice(), intervention.as_bytes()].concat())
    }

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

/// A number below 65,536 that depends on a key, a session and a place in it alone.
#[must_use]
pub(crate) fn place_number(key: u64, session: &str, place: u64) -> i64 {
    let own = xxh3_64_with_seed(session.as_bytes(), key);
    // The highest bits of a hash are as good as any.
    (xxh3_64_with_seed(&place.to_le_bytes(), own) >> 48) as i64
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
