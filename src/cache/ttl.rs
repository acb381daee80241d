//! The measured law (DESIGN.md L3): a lifetime that starts over with every touch.
//!
//! * Alive: everything that the call before cached.
//! * Expired on the one-hour tier: the static prefix, which other sessions keep warm.
//! * Expired on the five-minute tier: nothing.
//! * Broken by a known event: the static prefix, or nothing after a model switch.
//! * First call of a session: the static prefix.

use super::{Lookup, Policy};
use crate::recording::{CacheBreak, Tier};

/// The measured law.
#[derive(Clone, Copy, Debug)]
pub struct Ttl;

impl Policy for Ttl {
    #[inline]
    fn read(&self, lookup: &Lookup) -> i64 {
        let Some(prior) = lookup.prior else {
            return self.read_alive(lookup);
        };
        if prior.gap_ms < prior.tier.ttl_ms() || lookup.cache_break != CacheBreak::No {
            return self.read_alive(lookup);
        }
        match prior.tier {
            Tier::OneHour => lookup.static_prefix.min(lookup.context),
            Tier::FiveMinutes | Tier::Uncached => 0,
        }
    }

    #[inline]
    fn read_alive(&self, lookup: &Lookup) -> i64 {
        match (lookup.cache_break, lookup.prior) {
            (CacheBreak::ToZero, _) => 0,
            (CacheBreak::ToStatic, _) | (_, None) => lookup.static_prefix.min(lookup.context),
            (CacheBreak::No, Some(prior)) => prior.cached.min(lookup.context),
        }
    }
}
