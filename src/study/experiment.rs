//! What is compared: a world, toggles, prices, claims and chance.

use super::backtest::Observed;
use super::headline::Headline;
use super::published::PublishedClaim;
use crate::cache::CachePolicy;
use crate::intervene::Params;
use crate::plan::{Patch, Plan};
use crate::price::{MissingPrice, Pricing};
use crate::reconstruct::routes::Laid;
use crate::reconstruct::{Lens, Reconstruction, Reported, Routes};
use crate::recording::Recording;
use crate::scenario::Chosen;
use crate::seed::Seed;

/// Where the calls come from.
#[derive(Clone, Copy, Debug)]
pub enum World<'a> {
    /// They were recorded.
    Recorded(&'a Recording),
    /// They follow from published totals, and some counts are open.
    Reported {
        /// What was published.
        reported: &'a Reported,
        /// How published calls are read.
        lens: Lens,
        /// The likeliest calls.
        fit: &'a Reconstruction,
    },
    /// They follow from published totals of routes and from unknowns.
    Routes {
        /// What was published.
        routes: &'a Routes,
        /// The calls where every unknown is at its mode.
        laid: &'a Laid,
    },
}

/// Everything that a comparison depends on.
#[derive(Clone, Debug)]
pub struct Experiment<'a> {
    /// Where the calls come from.
    pub world: World<'a>,
    /// The toggles; toggle k is bit k.
    pub chosen: &'a [Chosen],
    /// Toggles that take no part before the user gives a number: they have bounds.
    pub waiting: &'a [Chosen],
    /// Prices.
    pub pricing: &'a Pricing,
    /// The cache that is replayed with.
    pub cache: CachePolicy,
    /// What is claimed.
    pub claims: &'a [PublishedClaim],
    /// What was seen after rollouts.
    pub observed: &'a [Observed],
    /// Seed of all draws.
    pub seed: Seed,
    /// How many draws; none for a comparison at the modes alone.
    pub draws: u32,
}

impl<'a> Experiment<'a> {
    /// The calls, where counts are open the likeliest ones.
    #[must_use]
    pub fn recording(&self) -> &'a Recording {
        match self.world {
            World::Recorded(recording) => recording,
            World::Reported { fit, .. } => &fit.recording,
            World::Routes { laid, .. } => &laid.recording,
        }
    }

    /// What was published, if anything was.
    #[must_use]
    pub fn reported(&self) -> Option<&'a Reported> {
        match self.world {
            World::Recorded(_) | World::Routes { .. } => None,
            World::Reported { reported, .. } => Some(reported),
        }
    }

    /// What the comparison is told in: sources of routes publish all tokens together.
    #[must_use]
    pub fn headline(&self) -> Headline {
        match self.world {
            World::Recorded(_) | World::Reported { .. } => Headline::Reads,
            World::Routes { .. } => Headline::Tokens,
        }
    }

    /// Whether dollars can be said.
    #[must_use]
    pub fn has_dollars(&self) -> bool {
        match self.world {
            World::Recorded(_) | World::Reported { .. } => true,
            World::Routes { laid, .. } => laid.has_dollars(),
        }
    }

    /// The patch of a toggle with some parameters.
    #[must_use]
    pub fn patch(&self, recording: &Recording, index: usize, params: &Params) -> Patch {
        self.chosen[index].toggle.patch(recording, params)
    }

    /// The patches of all toggles at their modes.
    #[must_use]
    pub fn patches(&self, recording: &Recording) -> Vec<Patch> {
        self.chosen.iter().map(|one| one.toggle.patch(recording, &one.params)).collect()
    }

    /// The plan of some patches.
    ///
    /// # Errors
    /// A model without a price.
    pub fn plan(&self, recording: &Recording, patches: &[Patch]) -> Result<Plan, MissingPrice> {
        Ok(Plan::compile(recording, patches, self.pricing)?.with_cache(self.cache))
    }

    /// The bit of a toggle.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.chosen.iter().position(|one| one.id() == id)
    }

    /// The bits of several toggles; `None` if one of them does not take part.
    #[must_use]
    pub fn indexes_of(&self, ids: &[String]) -> Option<Vec<usize>> {
        ids.iter().map(|id| self.index_of(id)).collect()
    }
}
