//! The measured law (MODEL.md, "Cache law"): a lifetime that starts over with every touch.
//!
//! The first line that applies decides:
//!
//! * first call of a session: the prefix that other sessions keep warm;
//! * broken to zero (model switch): nothing;
//! * expired: the warm prefix or nothing, by tier and version of the harness
//!   ([`super::CacheRules`]); on an automatic cache the warm prefix;
//! * broken to static (compaction, resume, rewind, first tool load, lookback): the static prefix;
//! * alive: everything that the call before cached, and its answer where a side request cached it.

use super::{CacheLookup, CachedPrefix, Policy};
use crate::kinds::CacheBreak;

/// The measured law.
#[derive(Clone, Copy, Debug)]
pub struct TtlPolicy;

impl Policy for TtlPolicy {
    const HAS_SHOCKS: bool = true;

    #[inline]
    fn read_tokens(&self, lookup: &CacheLookup) -> i64 {
        match (lookup.prior, lookup.cache_break) {
            (Some(prior), CacheBreak::No | CacheBreak::ToStatic) if is_expired(&prior) => {
                // Other sessions may have kept the start of the prompt warm.
                if lookup.rules.is_warm_after_expiry(prior.tier) {
                    lookup.warm_prefix.min(lookup.context)
                } else {
                    0
                }
            }
            _ => self.read_tokens_if_alive(lookup),
        }
    }

    #[inline]
    fn read_tokens_if_alive(&self, lookup: &CacheLookup) -> i64 {
        let position = match (lookup.prior, lookup.cache_break) {
            (None, _) => lookup.warm_prefix,
            (Some(_), CacheBreak::ToZero) => 0,
            (Some(_), CacheBreak::ToStatic) => lookup.static_prefix,
            (Some(prior), CacheBreak::No) => prior.alive_tokens(),
        };
        position.min(lookup.context)
    }
}

#[inline]
fn is_expired(prior: &CachedPrefix) -> bool {
    prior.gap_ms >= prior.tier.ttl_ms()
}
