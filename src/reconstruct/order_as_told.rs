//! An order as the source of another one tells it: which sessions it had had when the orchestrator
//! of both ended, beside its own table of when it was finished.
//!
//! No tokens of these sessions are told. The finished table counts the same sessions and later
//! ones: a step of which all sessions are told has its figure there, and of a step with later ones
//! the told sessions have between `SESSION_SPREAD_BP` of their even part, and no more than the
//! step. MODEL.md, "Orchestrators".

use super::reported::ReportedPipeline;
use crate::units::{scale_by_ratio, share_of};

/// What some sessions of a step have of their even part of it, ten-thousandths. Source: judgement,
/// as for the minutes of repairs in `recorded/order-774.json`. Confidence: J.
pub(crate) const SESSION_SPREAD_BP: [i64; 2] = [7_000, 14_000];

/// A step of an order as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldStep {
    /// Its name.
    pub step: String,
    /// Sessions that are told, part by part of the work.
    pub parts: Vec<(String, i64)>,
    /// Where told: the part of one of them, and how it ended.
    pub ended: Vec<(String, String)>,
    /// Sessions that are told.
    pub sessions: i64,
    /// Sessions of the finished table.
    pub finished: i64,
    /// Cache reads of those that are told, the least and the most, tokens.
    pub reads: [i64; 2],
    /// Cache reads of the finished table.
    pub finished_reads: i64,
    /// How long those that are told took, the least and the most, milliseconds.
    pub time_ms: [i64; 2],
}

impl ReportedPipeline {
    /// The pipeline whose source tells of this one while it ran.
    #[must_use]
    pub fn pipeline_beside(&self) -> Option<ReportedPipeline> {
        super::builtin_pipeline(&self.ran_beside)
    }

    /// The steps of this order as `beside` tells them, those of its own table in their order; empty
    /// where nothing is told there.
    #[must_use]
    pub fn steps_as_told(&self, beside: &ReportedPipeline) -> Vec<ToldStep> {
        let stages = beside.night.iter().flat_map(|night| &night.stages);
        let told: Vec<_> = stages.filter(|stage| stage.order == self.name).collect();
        if told.is_empty() {
            return Vec::new();
        }
        let steps = self.steps.rows.iter().map(|row| {
            let mut step = ToldStep {
                step: row.step.clone(),
                parts: Vec::new(),
                ended: Vec::new(),
                sessions: 0,
                finished: row.sessions.value(),
                reads: [0; 2],
                finished_reads: row.read.value(),
                time_ms: [0; 2],
            };
            for stage in told.iter().filter(|stage| stage.step == row.step) {
                step.sessions += 1;
                step.time_ms[0] += stage.time.low;
                step.time_ms[1] += stage.time.high;
                match step.parts.iter_mut().find(|(part, _)| *part == stage.part) {
                    Some((_, sessions)) => *sessions += 1,
                    None => step.parts.push((stage.part.clone(), 1)),
                }
                if !stage.ended.is_empty() {
                    step.ended.push((stage.part.clone(), stage.ended.clone()));
                }
            }
            step.reads = reads_of_told(row.read.value(), step.sessions, step.finished);
            step
        });
        steps.collect()
    }
}

/// What some of a step's sessions read, out of what all of them do.
fn reads_of_told(reads: i64, told: i64, all: i64) -> [i64; 2] {
    if told >= all {
        return [reads; 2];
    }
    let even = scale_by_ratio(reads, told, all.max(1));
    SESSION_SPREAD_BP.map(|spread| share_of(even, spread).min(reads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::builtin_pipeline;

    #[test]
    fn order_775_had_had_twelve_sessions() {
        let order = builtin_pipeline("order-775").unwrap();
        let steps = order.steps_as_told(&order.pipeline_beside().unwrap());
        let sum = |of: fn(&ToldStep) -> i64| steps.iter().map(of).sum::<i64>();
        assert_eq!((sum(|it| it.sessions), sum(|it| it.finished)), (12, 19));
        let repairs = steps.iter().find(|step| step.step == "assess").unwrap();
        assert_eq!(repairs.parts, [("A".to_owned(), 1), ("B".to_owned(), 4)]);
        assert_eq!((repairs.sessions, repairs.finished), (5, 7));
        // 9.9 M x 5 / 7 = 7,071,429, and 0.7 of that; 1.4 of it is the whole step.
        assert_eq!(repairs.reads, [4_950_000, 9_900_000]);
        // All other told steps are finished: 0.9621 + 1.5 + 0.4242 + 3.6 + 11.6 M.
        assert_eq!(sum(|it| it.reads[0]) - repairs.reads[0], 18_086_300);
        let unknown = ReportedPipeline { name: "order-776".into(), ..order };
        assert_eq!(unknown.steps_as_told(&builtin_pipeline("order-774").unwrap()), []);
    }
}
