//! The upper bound: a cache that forgets nothing.

use super::{CacheLookup, Policy};

/// Never expires and never breaks.
#[derive(Clone, Copy, Debug)]
pub struct PerfectPolicy;

impl Policy for PerfectPolicy {
    fn read_tokens(&self, lookup: &CacheLookup) -> i64 {
        self.read_tokens_if_alive(lookup)
    }

    fn read_tokens_if_alive(&self, lookup: &CacheLookup) -> i64 {
        let cached = lookup.prior.map_or(lookup.warm_prefix, |prior| prior.alive_tokens());
        cached.min(lookup.context)
    }
}
