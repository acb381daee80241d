//! The lower bound: a cache that never hits.

use super::{Lookup, Policy};

/// Never hits.
#[derive(Clone, Copy, Debug)]
pub struct Never;

impl Policy for Never {
    fn read(&self, _: &Lookup) -> i64 {
        0
    }

    fn read_alive(&self, _: &Lookup) -> i64 {
        0
    }
}
