//! The prompt cache: what one call can read of what the call before it left behind.
//!
//! A policy is one file that answers [`Policy::read_tokens`]; [`ttl`] is the measured law, [`none`]
//! and [`perfect`] are the bounds that no real cache leaves.

pub mod entry_lifetime;
pub mod none;
pub mod perfect;
pub mod ttl;

use crate::kinds::{CacheBreak, CacheTier, Shock, named_values};
use crate::models::AUTOMATIC_LOOKUP_STEP;
use crate::models::harness_version::HarnessVersion;

/// What the call before left in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedPrefix {
    /// Prefix that it cached, tokens.
    pub cached: i64,
    /// Time from its last touch (see [`Call::touched_ms`]) to the start of this call.
    ///
    /// [`Call::touched_ms`]: crate::recording::Call::touched_ms
    pub gap_ms: i64,
    /// The tier that it wrote to.
    pub tier: CacheTier,
    /// Its answer, which stands cached behind the prefix once a side request has read it
    /// (`SIDE_REQUEST_MS`); 0 where no side request follows.
    pub answer: i64,
}

impl CachedPrefix {
    /// What a call can read while the entry lives, tokens.
    #[inline]
    #[must_use]
    pub(crate) fn alive_tokens(&self) -> i64 {
        self.cached + if self.gap_ms >= SIDE_REQUEST_MS { self.answer } else { 0 }
    }
}

/// So long after the end of a turn its answer stands in the cache: the harness sends the whole
/// conversation once more on the side. Source: MODEL.md, "Cache law".
pub(crate) const SIDE_REQUEST_MS: i64 = 8_000;

/// From which version of the harness on the side request caches the answer too. Source: likewise.
const CACHES_ANSWER_FROM: HarnessVersion = HarnessVersion(2, 1, 200);

/// From which version on an expired five-minute entry leaves the warm prefix. Source: likewise.
const WARM_AFTER_5M_FROM: HarnessVersion = HarnessVersion(2, 1, 70);

/// The same for the one-hour tier. Source: likewise.
const WARM_AFTER_1H_FROM: HarnessVersion = HarnessVersion(2, 1, 112);

/// Up to which version of Codex, this one not included, an automatic cache keeps the answer too.
/// Source: MODEL.md, "Automatic caches".
const KEEPS_ANSWER_UNTIL: HarnessVersion = HarnessVersion(0, 121, 0);

/// The versions in which these rules change, oldest first.
pub(crate) const RULES_CHANGED_IN: [HarnessVersion; 4] =
    [KEEPS_ANSWER_UNTIL, WARM_AFTER_5M_FROM, WARM_AFTER_1H_FROM, CACHES_ANSWER_FROM];

/// What the version of a harness decides about the cache of its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheRules {
    /// An expired five-minute entry leaves the warm prefix, not nothing.
    pub warm_after_5m: bool,
    /// An expired one-hour entry leaves the warm prefix, not nothing.
    pub warm_after_1h: bool,
    /// The answer that ends a turn is cached by a side request.
    pub caches_answer: bool,
    /// An automatic cache keeps what a call produced behind what it sent.
    pub keeps_answer: bool,
}

impl CacheRules {
    /// Of a harness of which no version is known.
    pub const UNKNOWN: Self = Self {
        warm_after_5m: false,
        warm_after_1h: true,
        caches_answer: false,
        keeps_answer: false,
    };

    /// By the version as a session tells it.
    #[must_use]
    #[inline]
    pub fn of_version(text: &str) -> Self {
        HarnessVersion::parse(text).map_or(Self::UNKNOWN, |version| Self {
            warm_after_5m: version >= WARM_AFTER_5M_FROM,
            warm_after_1h: version >= WARM_AFTER_1H_FROM,
            caches_answer: version >= CACHES_ANSWER_FROM,
            keeps_answer: version < KEEPS_ANSWER_UNTIL,
        })
    }

    /// Whether an expired entry of a tier leaves the warm prefix.
    #[inline]
    #[must_use]
    pub fn is_warm_after_expiry(self, tier: CacheTier) -> bool {
        match tier {
            CacheTier::Uncached => false,
            CacheTier::FiveMinutes => self.warm_after_5m,
            CacheTier::OneHour => self.warm_after_1h,
            CacheTier::Automatic => true,
        }
    }
}

/// The prefix that a call leaves in the cache.
#[inline]
#[must_use]
pub(crate) fn cached_prefix_tokens(tier: CacheTier, context: i64, fresh: i64) -> i64 {
    // An automatic cache keeps whole steps of whatever was sent; of the others the last breakpoint
    // decides, and what stands behind it was billed as fresh.
    if tier == CacheTier::Automatic {
        context - context % AUTOMATIC_LOOKUP_STEP
    } else {
        context - fresh
    }
}

/// One look into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLookup {
    /// The call before in this session; `None` for its first call.
    pub prior: Option<CachedPrefix>,
    /// Prompt size of this call, tokens.
    pub context: i64,
    /// System prompt and tools, tokens.
    pub static_prefix: i64,
    /// The part of it that other sessions keep warm, tokens.
    pub warm_prefix: i64,
    /// A known event that breaks the cache here.
    pub cache_break: CacheBreak,
    /// What the harness of the session decides.
    pub rules: CacheRules,
}

/// A cache policy.
pub trait Policy {
    /// Whether what the measured law did not explain happens under this policy too. A bound that no
    /// real cache leaves knows no accidents.
    const HAS_SHOCKS: bool = false;

    /// Tokens read from the cache, between 0 and the context.
    fn read_tokens(&self, lookup: &CacheLookup) -> i64;
    /// Tokens read if the entry were still alive, whatever its age.
    fn read_tokens_if_alive(&self, lookup: &CacheLookup) -> i64;
}

named_values! {
    /// The policies that a scenario can choose.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum CachePolicy {
        /// The measured law ([`ttl`]).
        #[default]
        Measured = "measured",
        /// Never hits ([`none`]).
        None = "none",
        /// Never expires and never breaks ([`perfect`]).
        Perfect = "perfect",
    }
}

/// The policy's read, corrected by what it did not explain when the call was recorded.
#[must_use]
#[inline]
pub(crate) fn read_with_shock<P: Policy>(policy: &P, lookup: &CacheLookup, shock: Shock) -> i64 {
    let read = match shock {
        _ if !P::HAS_SHOCKS => policy.read_tokens(lookup),
        Shock::None => policy.read_tokens(lookup),
        Shock::Shift(by) => policy.read_tokens(lookup) + by,
        Shock::EvictedTo(at_most) => policy.read_tokens(lookup).min(at_most),
        Shock::Survived(by) => policy.read_tokens_if_alive(lookup) + by,
        Shock::SurvivedTo(at_least) => policy.read_tokens(lookup).max(at_least),
    };
    read.clamp(0, lookup.context)
}

/// The shock that makes `with_shock` return `read` for this very lookup under the measured law.
///
/// A loss down to the static prefix or below is an eviction (it would have hit any context);
/// a read beyond an expired entry is a survival, up to the static prefix one of an early part only;
/// anything else is a plain difference.
#[must_use]
#[inline]
pub(crate) fn shock_of_read(lookup: &CacheLookup, read: i64) -> Shock {
    // The order matters: a read may have several of these shapes, and the first one is the cause
    // that moves least when a what-if changes the context or the wait.
    let law = ttl::TtlPolicy.read_tokens(lookup);
    let alive = ttl::TtlPolicy.read_tokens_if_alive(lookup);
    if read == law {
        Shock::None
    } else if read < law && read <= lookup.static_prefix {
        Shock::EvictedTo(read)
    } else if read > law && alive > law && read <= lookup.static_prefix {
        Shock::SurvivedTo(read)
    } else if read > law && alive > law {
        Shock::Survived(read - alive)
    } else {
        Shock::Shift(read - law)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(gap_ms: i64, tier: CacheTier) -> CacheLookup {
        CacheLookup {
            prior: Some(CachedPrefix { cached: 80_000, gap_ms, tier, answer: 0 }),
            context: 82_000,
            static_prefix: 16_000,
            warm_prefix: 16_000,
            cache_break: CacheBreak::No,
            rules: CacheRules::UNKNOWN,
        }
    }

    #[test]
    fn every_read_is_explained_exactly() {
        for (gap_ms, tier) in [
            (1_000, CacheTier::FiveMinutes),
            (400_000, CacheTier::FiveMinutes),
            (400_000, CacheTier::OneHour),
            (4_000_000, CacheTier::OneHour),
        ] {
            for cache_break in [CacheBreak::No, CacheBreak::ToStatic, CacheBreak::ToZero] {
                let lookup = CacheLookup { cache_break, ..lookup(gap_ms, tier) };
                for read in [0, 9_000, 16_000, 30_000, 80_000, 82_000] {
                    let shock = shock_of_read(&lookup, read);
                    assert_eq!(
                        read_with_shock(&ttl::TtlPolicy, &lookup, shock),
                        read,
                        "{lookup:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn shocks_have_the_shape_of_their_cause() {
        let live = lookup(1_000, CacheTier::FiveMinutes);
        assert_eq!(shock_of_read(&live, 80_000), Shock::None);
        assert_eq!(shock_of_read(&live, 16_000), Shock::EvictedTo(16_000));
        assert_eq!(shock_of_read(&live, 79_000), Shock::Shift(-1_000));
        let late = lookup(400_000, CacheTier::FiveMinutes);
        assert_eq!(shock_of_read(&late, 79_500), Shock::Survived(-500));
        assert_eq!(shock_of_read(&late, 9_000), Shock::SurvivedTo(9_000));
        // What outlived a lifetime in part says nothing about a cache that is kept alive.
        assert_eq!(read_with_shock(&ttl::TtlPolicy, &live, Shock::SurvivedTo(9_000)), 80_000);
    }

    #[test]
    fn versions_decide_what_an_expired_entry_leaves() {
        for (version, after_5m, after_1h) in [
            ("", 0, 16_000),
            ("2.1.69", 0, 0),
            ("2.1.70", 16_000, 0),
            ("2.1.111", 16_000, 0),
            ("2.1.112", 16_000, 16_000),
            ("2.1.219", 16_000, 16_000),
        ] {
            let rules = CacheRules::of_version(version);
            let read = |tier| {
                ttl::TtlPolicy.read_tokens(&CacheLookup { rules, ..lookup(4_000_000, tier) })
            };
            let reads = (read(CacheTier::FiveMinutes), read(CacheTier::OneHour));
            assert_eq!(reads, (after_5m, after_1h), "{version}");
        }
    }

    #[test]
    fn an_answer_is_cached_when_the_side_request_is_over() {
        for (gap_ms, read) in [(0, 80_000), (7_999, 80_000), (8_000, 81_500), (299_999, 81_500)] {
            let mut lookup = lookup(gap_ms, CacheTier::FiveMinutes);
            lookup.prior.as_mut().expect("a call before").answer = 1_500;
            assert_eq!(ttl::TtlPolicy.read_tokens(&lookup), read, "{gap_ms}");
            assert_eq!(perfect::PerfectPolicy.read_tokens(&lookup), read, "{gap_ms}");
        }
    }

    #[test]
    fn bounds_know_no_accidents() {
        let lookup = lookup(1_000, CacheTier::OneHour);
        for shock in [Shock::Shift(500), Shock::EvictedTo(9), Shock::SurvivedTo(9_000)] {
            assert_eq!(read_with_shock(&none::NeverHitPolicy, &lookup, shock), 0, "{shock:?}");
            assert_eq!(
                read_with_shock(&perfect::PerfectPolicy, &lookup, shock),
                80_000,
                "{shock:?}"
            );
        }
    }

    #[test]
    fn the_bounds_hold_every_policy_between_them() {
        for gap_ms in [1, 299_999, 300_000, 10_000_000] {
            let lookup = lookup(gap_ms, CacheTier::FiveMinutes);
            let read = ttl::TtlPolicy.read_tokens(&lookup);
            assert!(none::NeverHitPolicy.read_tokens(&lookup) <= read);
            assert!(read <= perfect::PerfectPolicy.read_tokens(&lookup));
        }
    }
}
