//! The lower bound: a cache that never hits.

use super::{CacheLookup, Policy};

/// Never hits.
#[derive(Clone, Copy, Debug)]
pub struct NeverHitPolicy;

impl Policy for NeverHitPolicy {
    fn read_tokens(&self, _: &CacheLookup) -> i64 {
        0
    }

    fn read_tokens_if_alive(&self, _: &CacheLookup) -> i64 {
        0
    }
}
