//! One island under many subsets, one after the other.

use super::schedule::Schedule;
use super::{OutcomeTotals, ReplayOutcome, pass_on_schedule, schedule_with_plan_cache};
use crate::plan::{Island, Plan, ToggleSubset};

/// An island that is replayed under one subset after the other: where contexts start over by
/// themselves is found once for all subsets that share what decides it.
#[derive(Clone, Debug)]
pub struct IslandReplays<'a> {
    plan: &'a Plan,
    island: &'a Island,
    schedules: Vec<(ToggleSubset, Schedule)>,
}

impl<'a> IslandReplays<'a> {
    /// Of one island, none replayed yet.
    #[must_use]
    pub fn new(plan: &'a Plan, island: &'a Island) -> Self {
        Self { plan, island, schedules: Vec::new() }
    }

    /// Replays the island under a subset of its bits, as [`replay_island`](super::replay_island)
    /// does.
    #[must_use]
    pub fn replay_subset(&mut self, subset: ToggleSubset) -> ReplayOutcome {
        let Self { plan, island, .. } = *self;
        let mut totals = OutcomeTotals::new(plan);
        let schedule = self.schedule_for_subset(subset);
        pass_on_schedule(plan, (island, subset), schedule, &mut totals);
        totals.into_outcome()
    }

    fn schedule_for_subset(&mut self, subset: ToggleSubset) -> Option<&Schedule> {
        if !self.plan.needs_schedule(self.island, subset) {
            return None;
        }
        let placing = subset & self.island.placed_by;
        let known = self.schedules.iter().position(|(of, _)| *of == placing);
        let at = known.unwrap_or_else(|| {
            let schedule = schedule_with_plan_cache(self.plan, self.island, placing);
            self.schedules.push((placing, schedule));
            self.schedules.len() - 1
        });
        Some(&self.schedules[at].1)
    }
}
