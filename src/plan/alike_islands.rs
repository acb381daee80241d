//! Islands that are alike: sessions of one call each, with the same amounts under every subset.
//!
//! A queue has a thousand sessions of few kinds. When a session of one call starts moves nothing
//! that is summed, so that one of each kind is replayed and counts as often as the kind has
//! sessions.

use super::{CallEvent, Island, Plan, PlanRow, PlanRun};

/// Kinds that an island is held against, the last ones: neighbours are alike or of few kinds.
/// Confidence: J.
const MOST_KINDS: usize = 8;

impl Plan {
    /// Islands of which each stands for so many alike ones, in their order.
    pub(crate) fn group_alike_islands<'a>(
        &self,
        islands: impl IntoIterator<Item = &'a Island>,
    ) -> Vec<(&'a Island, i64)> {
        let mut groups: Vec<(&Island, i64)> = Vec::new();
        // Where the kinds stand among the groups.
        let mut kinds: Vec<usize> = Vec::new();
        for island in islands {
            // Larger islands are rarely alike, and dear to compare.
            if self.only_row(island).is_none() {
                groups.push((island, 1));
                continue;
            }
            // The last kinds only: what is alike mostly stands together, and the search stays
            // short.
            let known = kinds.iter().rev().take(MOST_KINDS);
            let known = known.copied().find(|&at| self.are_alike(groups[at].0, island));
            match known {
                Some(at) => groups[at].1 += 1,
                None => {
                    kinds.push(groups.len());
                    groups.push((island, 1));
                }
            }
        }
        groups
    }

    /// The only row of an island of one session of one call that follows no rule, brings no other
    /// price and no fee, and goes on from none.
    fn only_row(&self, island: &Island) -> Option<(usize, &PlanRun)> {
        let [planned] = self.sessions_of_island(island) else { return None };
        let [run] = self.runs_of_session(planned) else { return None };
        let is_plain = planned.rules.is_empty()
            && planned.resumes.is_empty()
            && (run.rows, run.variants) == (1, 0)
            // Fees and results are lists beside the rows: with any of them alike rows need not cost
            // the same.
            && self.search_fees.is_empty()
            && self.results.is_empty();
        is_plain.then_some((run.first_row as usize, run))
    }

    /// Whether two islands of one row each give the same under every subset.
    fn are_alike(&self, one: &Island, other: &Island) -> bool {
        let (Some((at, run)), Some((to, other_run))) = (self.only_row(one), self.only_row(other))
        else {
            return false;
        };
        let (row, other_row) = (&self.rows[at], &self.rows[to]);
        // When a row is made and where its terms and its event stand decides nothing in an island
        // of one row.
        let placeless = |row: &PlanRow| PlanRow { start_ms: 0, first_term: 0, event: 0, ..*row };
        let [event, other_event] = [row, other_row].map(|row| self.event_of_row(row));
        let of_any_drop = |event: &CallEvent| CallEvent { first_uncertain: 0, ..*event };
        (one.touched_by, one.placed_by, one.ruled_by, one.compacts)
            == (other.touched_by, other.placed_by, other.ruled_by, other.compacts)
            && placeless(row) == placeless(other_row)
            && PlanRun { first_row: 0, first_variant: 0, ..run.clone() }
                == PlanRun { first_row: 0, first_variant: 0, ..other_run.clone() }
            && self.duration_ms[at] == self.duration_ms[to]
            && of_any_drop(event) == of_any_drop(other_event)
            // What the numbers point to is compared itself.
            && self.terms_of_row(row).eq(self.terms_of_row(other_row))
            && self
                .uncertain_drops_of_event(event, event.perhaps_dropped_by)
                .eq(self.uncertain_drops_of_event(other_event, event.perhaps_dropped_by))
    }
}
