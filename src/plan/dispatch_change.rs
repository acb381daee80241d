//! What would change about an orchestrator of which a source tells totals, and no calls.

/// How an orchestrator would hand out work, and what would stand in its context. Its calls are in
/// no recording, so that no replay of sessions meets this: `study/whatif/other_orchestrator.rs`
/// lays its contexts out. Nothing changes by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchChange {
    /// Whether each order would have an orchestrator of its own.
    pub one_per_order: bool,
    /// Dispatches after which a fresh one would go on; 0 for never.
    pub fresh_after: i64,
    /// What a fresh one would be told of what was before, tokens.
    pub handoff: i64,
    /// How much smaller the result of each dispatch would be, tokens.
    pub less_a_result: i64,
    /// Of the turns that serve no single order, the share that would not be made,
    /// ten-thousandths.
    pub shared_turns_dropped: i64,
}

impl DispatchChange {
    /// Both at once: where both speak of one thing, the one that goes further counts.
    #[must_use]
    pub fn combined_with(self, other: Self) -> Self {
        let fresh_after = match (self.fresh_after, other.fresh_after) {
            // Zero is never, and no limit that could be met first.
            (0, after) | (after, 0) => after,
            (one, another) => one.min(another),
        };
        Self {
            one_per_order: self.one_per_order || other.one_per_order,
            fresh_after,
            handoff: self.handoff.max(other.handoff),
            less_a_result: self.less_a_result.max(other.less_a_result),
            shared_turns_dropped: self.shared_turns_dropped.max(other.shared_turns_dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_changes_the_one_that_goes_further_counts() {
        let own = DispatchChange { one_per_order: true, ..DispatchChange::default() };
        let fresh = |fresh_after| DispatchChange { fresh_after, handoff: 7, ..own };
        assert_eq!(own.combined_with(DispatchChange::default()), own);
        assert_eq!(own.combined_with(fresh(8)), fresh(8));
        assert_eq!(fresh(8).combined_with(fresh(5)), fresh(5));
        assert_eq!(fresh(8).combined_with(own), fresh(8), "never is no limit");
    }
}
