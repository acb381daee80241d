//! The cache that the gate replays with: the law alone.
//!
//! What the law did not explain when a pipeline was recorded is set aside, and of an automatic
//! cache the average look is taken instead of the recorded one, so that two recordings of the same
//! work cost the same whatever luck either had. What is no luck stays: waits as they were, switches
//! of the model, compactions, rewinds.

use crate::cache::{CachePolicy, Lookup, Policy, luck, ttl::Ttl};
use crate::plan::{Plan, Subset};
use crate::recording::{Tier, name_of};
use crate::replay::{self, CallRow, Outcome};

/// What decides what a call reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cache {
    /// The law alone, without luck.
    #[default]
    Law,
    /// What was recorded.
    Billed,
    /// Nothing is ever read: a bound.
    None,
    /// Everything is read: a bound.
    Perfect,
}

impl Cache {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::Law, "law"),
        (Self::Billed, "billed"),
        (Self::None, "none"),
        (Self::Perfect, "perfect"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMED, self)
    }

    /// The one that a scenario's policy stands for; the measured law is the law alone.
    #[must_use]
    pub fn of(policy: CachePolicy) -> Self {
        match policy {
            CachePolicy::Measured => Self::Law,
            CachePolicy::None => Self::None,
            CachePolicy::Perfect => Self::Perfect,
        }
    }

    /// A replay under a subset, added up.
    #[must_use]
    pub fn outcome(self, plan: &Plan, subset: Subset) -> Outcome {
        match self {
            Self::Law => replay::replay_with(plan, subset, &Average),
            _ => replay::replay(plan, subset),
        }
    }

    /// Every call that is made under a subset, in the order of the plan.
    #[must_use]
    pub fn replay(self, plan: &Plan, subset: Subset) -> Vec<CallRow> {
        if self != Self::Law {
            return replay::replay_rows(plan, subset);
        }
        let mut rows = Vec::with_capacity(plan.rows.len());
        replay::pass(plan, subset, &Average, &mut rows);
        rows
    }

    /// The policy of a plan that is replayed with it.
    #[must_use]
    pub fn policy(self) -> CachePolicy {
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
struct Average;

impl Average {
    fn warm(lookup: &Lookup) -> Lookup {
        Lookup { warm_prefix: lookup.static_prefix, ..*lookup }
    }
}

impl Policy for Average {
    fn read(&self, lookup: &Lookup) -> i64 {
        let lookup = Self::warm(lookup);
        let automatic = lookup.prior.filter(|prior| prior.tier == Tier::Automatic);
        let average = automatic.and_then(|_| luck::expected(&lookup));
        average.unwrap_or_else(|| Ttl.read(&lookup))
    }

    fn read_alive(&self, lookup: &Lookup) -> i64 {
        Ttl.read_alive(&Self::warm(lookup))
    }
}
