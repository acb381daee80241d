//! The measured law (MODEL.md, "Cache law"): a lifetime that starts over with every touch.
//!
//! The first line that applies decides:
//!
//! * first call of a session: the prefix that other sessions keep warm;
//! * broken to zero (model switch): nothing;
//! * expired on the five-minute tier: nothing; on the one-hour tier and on an
//!   automatic cache: the warm prefix;
//! * broken to static (compaction, resume, rewind): the static prefix;
//! * alive: everything that the call before cached.

use super::{Lookup, Policy, Prior};
use crate::recording::{CacheBreak, Tier};

/// The measured law.
#[derive(Clone, Copy, Debug)]
pub struct Ttl;

impl Policy for Ttl {
    const HAS_SHOCKS: bool = true;

    #[inline]
    fn read(&self, lookup: &Lookup) -> i64 {
        match (lookup.prior, lookup.cache_break) {
            (Some(prior), CacheBreak::No | CacheBreak::ToStatic) if expired(&prior) => {
                match prior.tier {
                    Tier::OneHour | Tier::Automatic => lookup.warm_prefix.min(lookup.context),
                    Tier::FiveMinutes | Tier::Uncached => 0,
                }
            }
            _ => self.read_alive(lookup),
        }
    }

    #[inline]
    fn read_alive(&self, lookup: &Lookup) -> i64 {
        let position = match (lookup.prior, lookup.cache_break) {
            (None, _) => lookup.warm_prefix,
            (Some(_), CacheBreak::ToZero) => 0,
            (Some(_), CacheBreak::ToStatic) => lookup.static_prefix,
            (Some(prior), CacheBreak::No) => prior.cached,
        };
        position.min(lookup.context)
    }
}

#[inline]
fn expired(prior: &Prior) -> bool {
    prior.gap_ms >= prior.tier.ttl_ms()
}
