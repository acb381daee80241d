//! What is compared: a source of calls, toggles, prices, claims and chance.

use super::draw_count::draws_for_recording;
use super::headline::HeadlineMetric;
use super::published_claims::PublishedClaim;
use crate::cache::CachePolicy;
use crate::intervene::ToggleParams;
use crate::plan::{Patch, Plan, ToggleSubset};
use crate::price::coverage::has_priced_calls;
use crate::price::{MissingPrice, Pricing};
use crate::reconstruct::{RecordingSource, ReportedPipeline};
use crate::recording::Recording;
use crate::scenario::{ChosenToggle, Scenario};
use crate::seed::Seed;
use crate::study::backtest::ObservedEffect;
use crate::study::progress::ProgressListener;

/// The subset of the first `n` toggles.
#[must_use]
pub fn subset_of_first(n: usize) -> ToggleSubset {
    // A shift by all 64 bits is an overflow.
    if n >= 64 { ToggleSubset::MAX } else { (1 << n) - 1 }
}

/// Everything that a comparison depends on.
#[derive(Clone, Debug)]
pub struct Experiment<'a> {
    /// Where the calls come from.
    pub source: &'a RecordingSource,
    /// The toggles; toggle k is bit k.
    pub chosen: &'a [ChosenToggle],
    /// Toggles that take no part before the user gives a number: they have bounds.
    pub waiting: &'a [ChosenToggle],
    /// Prices.
    pub pricing: &'a Pricing,
    /// The cache that is replayed with.
    pub cache: CachePolicy,
    /// What is claimed.
    pub claims: &'a [PublishedClaim],
    /// What was seen after rollouts.
    pub observed: &'a [ObservedEffect],
    /// Seed of all draws.
    pub seed: Seed,
    /// How many draws; none for a comparison at the means alone.
    pub draws: u32,
    /// Sets of toggles whose savings are drawn, beside each toggle and all of them.
    pub sets: &'a [ToggleSubset],
    /// Requests that the provider lets through in any minute; `None` if that is not known.
    pub requests_a_minute: Option<u32>,
    /// Who hears how many draws are made.
    pub progress: ProgressListener<'a>,
}

impl<'a> Experiment<'a> {
    /// An experiment as a scenario has it, with nothing claimed and nothing seen yet: `toggles` are
    /// those of [`Scenario::split_awaiting_toggles`].
    #[must_use]
    pub fn for_scenario(
        source: &'a RecordingSource,
        scenario: &Scenario,
        (chosen, waiting): &'a (Vec<ChosenToggle>, Vec<ChosenToggle>),
        pricing: &'a Pricing,
    ) -> Self {
        Self {
            source,
            chosen,
            waiting,
            pricing,
            cache: scenario.cache,
            claims: &[],
            observed: &[],
            seed: Seed(scenario.seed),
            draws: scenario.draws.unwrap_or_else(|| draws_for_recording(source.recording())),
            sets: &[],
            // Zero stands for a limit that is not known.
            requests_a_minute: Some(scenario.requests_a_minute).filter(|most| *most > 0),
            progress: ProgressListener::default(),
        }
    }

    /// The calls, where counts are open the likeliest ones.
    #[must_use]
    pub fn base_recording(&self) -> &'a Recording {
        self.source.recording()
    }

    /// What was published, if anything was.
    #[must_use]
    pub fn published_pipeline(&self) -> Option<&'a ReportedPipeline> {
        self.source.pipeline()
    }

    /// What the comparison is told in: sources of routes publish all tokens together.
    #[must_use]
    pub fn headline_metric(&self) -> HeadlineMetric {
        // Routes publish tokens, and nothing of their classes.
        match self.source.routes() {
            Some(_) => HeadlineMetric::Tokens,
            None => HeadlineMetric::Reads,
        }
    }

    /// Whether dollars can be said.
    #[must_use]
    pub fn has_dollars(&self) -> bool {
        self.source.can_be_priced() && has_priced_calls(self.source.recording(), self.pricing)
    }

    /// The patch of a toggle with some parameters.
    #[must_use]
    pub fn patch_for_toggle(
        &self,
        recording: &Recording,
        index: usize,
        params: &ToggleParams,
    ) -> Patch {
        self.chosen[index].toggle.build_patch(recording, params)
    }

    /// The patches of all toggles at their means.
    #[must_use]
    pub fn patches_at_means(&self, recording: &Recording) -> Vec<Patch> {
        self.chosen.iter().map(|one| one.toggle.build_patch(recording, &one.params)).collect()
    }

    /// The plan of some patches.
    ///
    /// # Errors
    /// A model without a price.
    pub fn compile_plan(
        &self,
        recording: &Recording,
        patches: &[Patch],
    ) -> Result<Plan, MissingPrice> {
        Ok(Plan::compile(recording, patches, self.pricing)?.with_cache(self.cache))
    }

    /// The same of the sessions alone in which a patch changes anything.
    pub(super) fn compile_touched(
        &self,
        recording: &Recording,
        patches: &[Patch],
    ) -> Result<Plan, MissingPrice> {
        Ok(Plan::compile_touched(recording, patches, self.pricing)?.with_cache(self.cache))
    }

    /// The same of some sessions alone, which are given in order.
    pub(super) fn compile_sessions(
        &self,
        recording: &Recording,
        sessions: &[u32],
    ) -> Result<Plan, MissingPrice> {
        Ok(Plan::compile_sessions(recording, sessions, &[], self.pricing)?.with_cache(self.cache))
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
