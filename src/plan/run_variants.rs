//! What a toggle changes about all calls of a run: its model, or what comes before its messages.

use super::PlanRun;
use crate::recording::Session;

/// A change to a run. Variants stand in the order in which they are applied, and of several the
/// last one counts: of models in the alphabet, of leaner prefixes the leanest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunVariant {
    /// Another model.
    Model {
        /// Index of its price in `Plan::prices`.
        price: u16,
        /// Contexts below this size, in recorded tokens, are not cached.
        min_cached: i64,
        /// Contexts above this size, in its own tokens, are priced in the long band.
        long_above: i64,
        /// Its tokens per 10,000 recorded ones.
        scale_bp: i64,
    },
    /// Prefixes of the session of another size.
    Leaner {
        /// The static prefix that stays.
        static_prefix: i64,
        /// The warm prefix that stays.
        warm_prefix: i64,
    },
}

impl RunVariant {
    /// The prefixes of a session with so many tokens less, or more where that is below zero.
    pub(super) fn with_smaller_prefixes(session: &Session, less: i64) -> Self {
        // Of what nobody keeps nothing is kept either way.
        let shrink = |prefix: i64| if prefix == 0 { 0 } else { (prefix - less).max(0) };
        Self::Leaner {
            static_prefix: shrink(session.static_prefix),
            warm_prefix: shrink(session.warm_prefix),
        }
    }

    /// Changes a run.
    pub(crate) fn apply_to_run(&self, run: &mut PlanRun) {
        match *self {
            Self::Model { price, min_cached, long_above, scale_bp } => {
                run.price = price;
                run.min_cached = min_cached;
                run.long_above = long_above;
                run.scale_bp = scale_bp;
            }
            Self::Leaner { static_prefix, warm_prefix } => {
                run.static_prefix = static_prefix;
                run.warm_prefix = warm_prefix;
            }
        }
    }
}
