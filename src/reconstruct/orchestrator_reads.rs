//! What each call of a reported orchestrator reads.
//!
//! Told are the number of its calls or records, the sum of its reads, and its context at the start
//! and at the end. These exclude a straight line, whose mean is lower: the context rose early. Two
//! tellings meet the sum to the token: a curve (`solve_growth`), or a load at the start and a
//! straight line behind it. They differ in what a fresh orchestrator pays again.

use super::context_growth::{GrowthProblem, solve_growth};
use super::reported::ReportedOrchestrator;
use crate::fixed_point::ONE;

/// Orchestrators of more calls than this are not laid out.
const MOST_CALLS: usize = 10_000;

/// How the context rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextTelling {
    /// Along one curve.
    Curve,
    /// With a load that enters with the first call, then evenly.
    EarlyLoad,
}

impl ContextTelling {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Curve, Self::EarlyLoad];
}

impl ReportedOrchestrator {
    /// The reads of its calls, in their order, with so many records a call, hundredths. `None`
    /// where no such growth meets them.
    #[must_use]
    pub fn reads_by_call(&self, records_a_call: i64, telling: ContextTelling) -> Option<Vec<i64>> {
        let calls = usize::try_from(self.calls_at(records_a_call)).ok();
        let calls = calls.filter(|calls| (2..=MOST_CALLS).contains(calls))?;
        let growth = self.context_last.value() - self.context_first.value();
        let mut entering = vec![0; calls];
        if telling == ContextTelling::EarlyLoad {
            entering[0] = self.load_before_straight_line(records_a_call, calls, growth)?;
        }
        let problem = self.growth_problem(records_a_call, growth, &entering);
        let smooth = solve_growth(&problem).ok()?.smooth_growth;
        let mut context = problem.start;
        let reads = entering.iter().zip(&smooth).map(|(load, grown)| {
            let read = context;
            context += load + grown;
            read
        });
        Some(reads.collect())
    }

    fn growth_problem<'a>(
        &self,
        records_a_call: i64,
        write: i64,
        entering: &'a [i64],
    ) -> GrowthProblem<'a> {
        let (start, read) = (self.context_first.value(), self.reads_at(records_a_call));
        GrowthProblem { start, read, write, entering }
    }

    /// The largest load at the first call behind which the rest grows no steeper than a line.
    fn load_before_straight_line(
        &self,
        records_a_call: i64,
        calls: usize,
        growth: i64,
    ) -> Option<i64> {
        let mut entering = vec![0; calls];
        let mut is_straight_or_less = |load: i64| {
            entering[0] = load;
            let solved = solve_growth(&self.growth_problem(records_a_call, growth, &entering));
            solved.is_ok_and(|solved| solved.exponent <= ONE)
        };
        // The more there is at once, the later the rest has to come: bisection finds the line.
        if !is_straight_or_less(0) {
            return None;
        }
        let (mut low, mut high) = (0, growth);
        while high - low > 1 {
            let middle = i64::midpoint(low, high);
            if is_straight_or_less(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::builtin_pipeline;

    #[test]
    fn both_tellings_meet_the_published_sum() {
        let reported = builtin_pipeline("order-774").unwrap();
        let orchestrator = reported.orchestrator.as_ref().unwrap();
        for (records_a_call, calls) in [(283, 44), (199, 62), (146, 85), (100, 124)] {
            for telling in ContextTelling::BOTH {
                let reads = orchestrator.reads_by_call(records_a_call, telling).unwrap();
                assert_eq!(reads.len(), calls);
                assert_eq!(reads.iter().sum::<i64>(), orchestrator.reads_at(records_a_call));
                assert_eq!(reads[0], 15_000);
                assert!(reads.is_sorted() && reads[calls - 1] <= 98_000);
                let load = reads[1] - reads[0];
                // With a load L: mean read - 15 K = (n - 1) / n (L + (83 K - L) / 2), which makes L
                // 29.8 K for 62 calls and 28.2 K for 124, and a call's growth beside it.
                let met = telling == ContextTelling::Curve || (28_000..32_000).contains(&load);
                assert!(met, "{load}");
            }
        }
    }
}
