//! The whole of a published pipeline, part by part: what its summary holds and what it leaves out.
//!
//! What is no sum over calls for sure is a range: with some chance a figure is a sum over records,
//! of which a call has two or three. MODEL.md, "Orchestrators".

use super::call_tally::RECORDS_PER_CALL_HUNDREDTHS;
use super::event::ReportedEvent;
use super::figure::Figure;
use super::reported::ReportedPipeline;
use crate::units::{BASIS_POINTS, scale_by_ratio, share_of};

/// Records a call, hundredths: 5 %, median, 95 %. Source: MODEL.md, law L1. Confidence: M.
pub const RECORDS_A_CALL: [i64; 3] = [146, RECORDS_PER_CALL_HUNDREDTHS, 283];

/// One way to read a sum of which nobody tells whether it is over records or over calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnitTelling {
    /// Records a call, hundredths; 100 where the sum is over calls.
    pub(crate) records_a_call: i64,
    /// How likely it is, ten-thousandths; none for a way that ends the range alone.
    pub(crate) chance: i64,
}

/// The ways to read a sum that is one over records with some chance, the most records a call first.
pub(crate) fn tellings_of_unit(over_records: i64) -> Vec<UnitTelling> {
    let [fewest, median, most] = RECORDS_A_CALL;
    let telling = |records_a_call, chance| UnitTelling { records_a_call, chance };
    let mut ways = Vec::new();
    if over_records > 0 {
        ways.extend([telling(most, 0), telling(median, over_records)]);
    }
    // A sum over records for sure has the fewest records at its high end; else calls are there.
    if over_records >= BASIS_POINTS {
        ways.push(telling(fewest, 0));
    } else {
        ways.push(telling(100, BASIS_POINTS - over_records));
    }
    ways
}

/// A part of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WholePart {
    /// The sessions of the summary.
    Summary,
    /// The orchestrator's share.
    Orchestrator,
    /// A session that the summary leaves out, by its name.
    LeftOut(String),
    /// Subagents, of which so many are named: their tokens stand nowhere.
    Subagents(usize),
    /// All parts that are known.
    Whole,
}

/// Cache reads of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReads {
    /// The part.
    pub part: WholePart,
    /// At the least, what is expected, and at the most, tokens; `None` where nothing is told.
    pub reads: Option<[i64; 3]>,
}

impl ReportedPipeline {
    /// The parts of the whole, their sum last; empty where nothing is told of the hours and their
    /// orchestrator.
    #[must_use]
    pub fn whole_by_part(&self) -> Vec<PartReads> {
        let (Some(night), Some(orchestrator)) = (&self.night, &self.orchestrator) else {
            return Vec::new();
        };
        let summary: i64 = self.steps.rows.iter().map(|row| row.read.value()).sum();
        let share = orchestrator.attributed_share.value();
        let own = reads_of_unit(&orchestrator.read, night.orchestrator_over_records);
        let mut parts = vec![
            PartReads { part: WholePart::Summary, reads: Some([summary; 3]) },
            PartReads {
                part: WholePart::Orchestrator,
                reads: Some(own.map(|reads| share_of(reads, share))),
            },
        ];
        parts.extend(self.sessions_of_step("").map(|row| PartReads {
            part: WholePart::LeftOut(row.label.clone()),
            reads: Some(reads_of_unit(&row.read, night.excluded_over_records)),
        }));
        let whole = sum_of_parts(parts.iter().map(|part| part.reads));
        let reports = self.events.iter();
        let reports = reports.filter(|event| matches!(event, ReportedEvent::Report { .. })).count();
        if reports > 0 {
            parts.push(PartReads { part: WholePart::Subagents(reports), reads: None });
        }
        parts.push(PartReads { part: WholePart::Whole, reads: Some(whole) });
        parts
    }

    /// What of the orchestrator's reads is laid at the door of other orders: the least and the
    /// most.
    #[must_use]
    pub fn other_orders_of_orchestrator(&self) -> Option<[i64; 2]> {
        let (night, orchestrator) = (self.night.as_ref()?, self.orchestrator.as_ref()?);
        let share = BASIS_POINTS - orchestrator.attributed_share.value();
        let [low, _, high] = reads_of_unit(&orchestrator.read, night.orchestrator_over_records);
        Some([low, high].map(|reads| share_of(reads, share)))
    }

    /// The whole: at the least, what is expected, at the most, tokens.
    #[must_use]
    pub fn whole_reads(&self) -> Option<[i64; 3]> {
        self.whole_by_part().last().and_then(|whole| whole.reads)
    }
}

/// The sum of what is known of parts, point by point.
pub(crate) fn sum_of_parts(parts: impl Iterator<Item = Option<[i64; 3]>>) -> [i64; 3] {
    parts.flatten().fold([0; 3], |sum, part| [0, 1, 2].map(|at| sum[at] + part[at]))
}

/// A sum that is one over records with some chance: at the least, what is expected, at the most.
fn reads_of_unit(told: &Figure, over_records: i64) -> [i64; 3] {
    let ways = tellings_of_unit(over_records);
    let reads = ways.iter().map(|way| scale_by_ratio(told.value(), 100, way.records_a_call));
    let reads: Vec<i64> = reads.collect();
    let expected = ways.iter().zip(&reads).map(|(way, reads)| share_of(*reads, way.chance)).sum();
    // More records a call are fewer reads: the ways stand in ascending order.
    [reads[0], expected, reads[reads.len() - 1]]
}

#[cfg(test)]
mod tests {
    use super::{UnitTelling, tellings_of_unit};
    use crate::reconstruct::builtin_pipeline;

    #[test]
    fn the_whole_is_the_sum_of_its_parts() {
        let reported = builtin_pipeline("order-774").unwrap();
        let [low, expected, high] = reported.whole_reads().unwrap();
        assert!(low < expected && expected < high);
        // 22,644,800 of the rows, 54 % of 8.7 M, and 2.8 M of review-pr, all taken for calls.
        assert_eq!(high, 22_644_800 + 4_698_000 + 2_800_000);
        assert_eq!(builtin_pipeline("order-775").unwrap().whole_reads(), None);
    }

    #[test]
    fn a_unit_is_told_in_every_way_that_is_open() {
        let ways = |over_records| -> Vec<(i64, i64)> {
            let ways = tellings_of_unit(over_records).into_iter();
            ways.map(|UnitTelling { records_a_call, chance }| (records_a_call, chance)).collect()
        };
        assert_eq!(ways(0), [(100, 10_000)]);
        assert_eq!(ways(5_000), [(283, 0), (199, 5_000), (100, 5_000)]);
        assert_eq!(ways(10_000), [(283, 0), (199, 10_000), (146, 0)]);
    }
}
