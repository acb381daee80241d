//! The cache that the gate replays with: the law alone.
//!
//! What the law did not explain when a pipeline was recorded is set aside, and of an automatic
//! cache the average look is taken instead of the recorded one, so that two recordings of the same
//! work cost the same whatever luck either had. What is no luck stays: waits as they were, switches
//! of the model, compactions, rewinds.

use crate::cache::{CacheLookup, CachePolicy, Policy, entry_lifetime, ttl::TtlPolicy};
use crate::models::AUTOMATIC_HITS_BP;
use crate::plan::{Plan, ToggleSubset};
use crate::recording::CacheTier;
use crate::replay::{self, ReplayOutcome, ReplayedCall};

crate::kinds::named_values! {
    /// What decides what a call reads.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum GateCache {
        /// The law alone, without luck.
        #[default]
        Law = "law",
        /// What was recorded.
        Billed = "billed",
        /// Nothing is ever read: a bound.
        None = "none",
        /// Everything is read: a bound.
        Perfect = "perfect",
    }
}

impl GateCache {
    /// The one that a scenario's policy stands for; the measured law is the law alone.
    #[must_use]
    pub(crate) fn from_policy(policy: CachePolicy) -> Self {
        match policy {
            CachePolicy::Measured => Self::Law,
            CachePolicy::None => Self::None,
            CachePolicy::Perfect => Self::Perfect,
        }
    }

    /// A replay under a subset, added up.
    #[must_use]
    pub(crate) fn replay_outcome(self, plan: &Plan, subset: ToggleSubset) -> ReplayOutcome {
        match self {
            Self::Law => replay::replay_with_policy(plan, subset, &AverageLuckPolicy),
            _ => replay::replay_plan(plan, subset),
        }
    }

    /// Every call that is made under a subset, in the order of the plan.
    #[must_use]
    pub fn replay_calls(self, plan: &Plan, subset: ToggleSubset) -> Vec<ReplayedCall> {
        if self != Self::Law {
            return replay::replay_calls(plan, subset);
        }
        // The pass takes any policy, while the replay by rows knows those of scenarios alone.
        let mut rows = Vec::with_capacity(plan.rows.len());
        replay::pass_over_plan(plan, subset, &AverageLuckPolicy, &mut rows);
        rows
    }

    /// The policy of a plan that is replayed with it.
    #[must_use]
    pub(crate) fn plan_policy(self) -> CachePolicy {
        match self {
            Self::Law | Self::Billed => CachePolicy::Measured,
            Self::None => CachePolicy::None,
            Self::Perfect => CachePolicy::Perfect,
        }
    }
}

/// The measured law, the average look into an automatic cache, and a static prefix that is always
/// warm: whether other sessions keep it so is luck, and mostly they do. It has no shocks.
#[derive(Clone, Copy, Debug)]
struct AverageLuckPolicy;

impl AverageLuckPolicy {
    fn with_warm_prefix(lookup: &CacheLookup) -> CacheLookup {
        CacheLookup { warm_prefix: lookup.static_prefix, ..*lookup }
    }
}

impl Policy for AverageLuckPolicy {
    fn read_tokens(&self, lookup: &CacheLookup) -> i64 {
        let lookup = Self::with_warm_prefix(lookup);
        // The average look is of automatic caches only; others hit or miss by their lifetime.
        let automatic = lookup.prior.filter(|prior| prior.tier == CacheTier::Automatic);
        let average =
            automatic.and_then(|_| entry_lifetime::expected_read(&lookup, &AUTOMATIC_HITS_BP));
        average.unwrap_or_else(|| TtlPolicy.read_tokens(&lookup))
    }

    fn read_tokens_if_alive(&self, lookup: &CacheLookup) -> i64 {
        TtlPolicy.read_tokens_if_alive(&Self::with_warm_prefix(lookup))
    }
}
