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
    /// Of the last replay: kept, so that the next one finds its memory.
    totals: OutcomeTotals,
}

impl<'a> IslandReplays<'a> {
    /// Of one island, none replayed yet.
    #[must_use]
    pub fn new(plan: &'a Plan, island: &'a Island) -> Self {
        Self { plan, island, schedules: Vec::new(), totals: OutcomeTotals::new(plan) }
    }

    /// Replays the island under a subset of its bits, as [`replay_island`](super::replay_island)
    /// does.
    pub fn replay_subset(&mut self, subset: ToggleSubset) -> &ReplayOutcome {
        let known = self.schedule_for_subset(subset);
        let Self { plan, island, ref schedules, ref mut totals } = *self;
        totals.clear();
        pass_on_schedule(plan, (island, subset), known.map(|at| &schedules[at].1), totals);
        totals.close()
    }

    /// Where the schedule of a subset stands, if it needs one.
    fn schedule_for_subset(&mut self, subset: ToggleSubset) -> Option<usize> {
        if !self.plan.needs_schedule(self.island, subset) {
            return None;
        }
        let placing = subset & self.island.placed_by;
        // Few subsets place anything in one island, so that a list will do.
        let known = self.schedules.iter().position(|(of, _)| *of == placing);
        Some(known.unwrap_or_else(|| {
            let schedule = schedule_with_plan_cache(self.plan, self.island, placing);
            self.schedules.push((placing, schedule));
            self.schedules.len() - 1
        }))
    }
}
