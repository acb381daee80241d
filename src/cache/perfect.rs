//! The upper bound: a cache that forgets nothing.

use super::{Lookup, Policy};

/// Never expires and never breaks.
#[derive(Clone, Copy, Debug)]
pub struct Forever;

impl Policy for Forever {
    fn read(&self, lookup: &Lookup) -> i64 {
        self.read_alive(lookup)
    }

    fn read_alive(&self, lookup: &Lookup) -> i64 {
        let cached = lookup.prior.map_or(lookup.warm_prefix, |prior| prior.cached);
        cached.min(lookup.context)
    }
}
