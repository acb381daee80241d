//! The whole of a published pipeline: what its summary holds, what it leaves out, and what another
//! orchestrator would read.
//!
//! Nothing here moves a figure of the toggles: their claims are about the sessions of the summary.
//! With `C(k)` what call k of the orchestrator reads, `D` its dispatches over `N` calls,
//!
//! ```text
//! one an order       sum over all - sum over the orders of the first N d / D calls
//! fresh after n      sum over all - sum over the segments of (the first N n / D calls, each with
//!                    what is handed over)
//! results to files   what each result is smaller, times the results that stand before each call
//! fewer shared       share of the calls that serve no single order, where these are calls
//! ```
//!
//! MODEL.md, "Orchestrators".

use super::experiment::Experiment;
use super::other_orders::{OtherOrderSaving, savings_on_other_orders};
use crate::plan::Plan;
use crate::reconstruct::event::ReportedEvent;
use crate::reconstruct::night::ReportedNight;
use crate::reconstruct::orchestrator_reads::ContextTelling;
use crate::reconstruct::reported::ReportedOrchestrator;
use crate::reconstruct::{Figure, Lens, ReportedPipeline};
use crate::units::{BASIS_POINTS, ratio_bp, scale_by_ratio, share_of};

/// Records a call, hundredths: 5 %, median, 95 %. Source: MODEL.md, law L1. Confidence: M.
const RECORDS_A_CALL: [i64; 3] = [146, 199, 283];
/// Dispatches after which a fresh orchestrator goes on. Confidence: J.
const FRESH_AFTER: [usize; 3] = [13, 8, 5];
/// Tokens less a result, to show what each thousand of them is worth.
const A_THOUSAND: i64 = 1_000;
/// What one hands over to the next, tokens. Confidence: J.
const HANDOFF: [i64; 2] = [0, 2_000];

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

/// Another orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrchestratorChange {
    /// One an order.
    OnePerOrder,
    /// A fresh one after so many dispatches, also with one an order.
    FreshAfter {
        /// Dispatches.
        dispatches: usize,
        /// Whether each order has its own.
        one_per_order: bool,
    },
    /// Results of dispatches that are so many tokens smaller.
    SmallerResults {
        /// Tokens.
        tokens: i64,
        /// Whether that is the most that a result can be.
        is_bound: bool,
    },
    /// None of the turns that serve no single order.
    NoSharedTurns,
}

/// What another orchestrator would save of its cache reads, over everything that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrchestratorWhatIf {
    /// What is changed.
    pub change: OrchestratorChange,
    /// The least and the most, tokens.
    pub saved: [i64; 2],
    /// The same as shares of its reads, ten-thousandths.
    pub share_bp: [i64; 2],
}

/// The whole of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholePipeline {
    /// Its parts, the sum last.
    pub parts: Vec<PartReads>,
    /// What the orchestrator reads for all orders: as a sum over records, and over calls.
    pub orchestrator_reads: [i64; 2],
    /// What-ifs of the orchestrator.
    pub what_ifs: Vec<OrchestratorWhatIf>,
    /// What the toggles would yield on the orders that ran beside it.
    pub other_orders: Vec<OtherOrderSaving>,
}

/// Adds the whole up; `None` where nothing is told of the hours and their orchestrator.
#[must_use]
pub fn whole_of_pipeline(
    experiment: &Experiment<'_>,
    plan: &Plan,
    toggles: &[&str],
) -> Option<WholePipeline> {
    let (reported, recording) = (experiment.published_pipeline()?, experiment.base_recording());
    let (night, orchestrator) = (reported.night.as_ref()?, reported.orchestrator.as_ref()?);
    let lenses = [Lens::Message, Lens::Record];
    Some(WholePipeline {
        parts: parts_of_whole(reported, night, orchestrator, recording.total_usage().read),
        orchestrator_reads: lenses.map(|lens| orchestrator.reads_of_calls(lens)),
        what_ifs: orchestrator_what_ifs(orchestrator, night),
        other_orders: savings_on_other_orders(reported, recording, plan, toggles),
    })
}

/// The parts, their sum last.
fn parts_of_whole(
    reported: &ReportedPipeline,
    night: &ReportedNight,
    orchestrator: &ReportedOrchestrator,
    summary_reads: i64,
) -> Vec<PartReads> {
    let share = orchestrator.attributed_share.value();
    let own = reads_of_unit(&orchestrator.read, night.orchestrator_over_records);
    let mut parts = vec![
        PartReads { part: WholePart::Summary, reads: Some([summary_reads; 3]) },
        PartReads {
            part: WholePart::Orchestrator,
            reads: Some(own.map(|reads| share_of(reads, share))),
        },
    ];
    let rows = reported.inventory.iter().flat_map(|inventory| &inventory.rows);
    parts.extend(rows.filter(|row| row.step.is_empty()).map(|row| PartReads {
        part: WholePart::LeftOut(row.label.clone()),
        reads: Some(reads_of_unit(&row.read, night.excluded_over_records)),
    }));
    let known = parts.iter().filter_map(|part| part.reads);
    let whole = known.fold([0; 3], |sum, part| [0, 1, 2].map(|at| sum[at] + part[at]));
    let reports = reported.events.iter();
    let reports = reports.filter(|event| matches!(event, ReportedEvent::Report { .. })).count();
    if reports > 0 {
        parts.push(PartReads { part: WholePart::Subagents(reports), reads: None });
    }
    parts.push(PartReads { part: WholePart::Whole, reads: Some(whole) });
    parts
}

/// A sum that is one over records with some chance: at the least, what is expected, at the most.
fn reads_of_unit(told: &Figure, over_records: i64) -> [i64; 3] {
    let told = told.value();
    let [_, median, most] = RECORDS_A_CALL.map(|records| scale_by_ratio(told, 100, records));
    let expected = share_of(median, over_records) + share_of(told, BASIS_POINTS - over_records);
    // Where it is sure to be one or the other the range is that of the records alone, or none.
    let low = if over_records > 0 { most } else { told };
    let high = if over_records < BASIS_POINTS {
        told
    } else {
        scale_by_ratio(told, 100, RECORDS_A_CALL[0])
    };
    [low, expected, high]
}

/// How dispatches are laid on contexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchLayout<'a> {
    /// Dispatches of each orchestrator.
    pub orchestrators: &'a [usize],
    /// Dispatches after which a fresh one goes on; 0 for never.
    pub fresh_after: usize,
    /// What it is told of what was before, tokens.
    pub handoff: i64,
    /// How much smaller the result of a dispatch is, tokens.
    pub less_a_result: i64,
}

/// What orchestrators read whose calls are laid like this: `reads` are those of one orchestrator
/// with `dispatches`, spread evenly over its calls.
#[must_use]
pub fn reads_of_layout(reads: &[i64], dispatches: usize, layout: DispatchLayout<'_>) -> i64 {
    let mut sum = 0;
    for &own in layout.orchestrators {
        let segment = if layout.fresh_after == 0 { own } else { layout.fresh_after };
        let mut done = 0;
        while done < own {
            let count = segment.min(own - done);
            let handoff = if done == 0 { 0 } else { layout.handoff };
            for (call, read) in reads[..calls_of(reads, count, dispatches)].iter().enumerate() {
                // Results of the dispatches before this call stand in its context.
                let results = (call * dispatches / reads.len()) as i64;
                sum += read + handoff - layout.less_a_result * results;
            }
            done += count;
        }
    }
    sum
}

/// The calls of the first so many dispatches, to the nearest whole.
fn calls_of(reads: &[i64], count: usize, dispatches: usize) -> usize {
    let calls = (2 * reads.len() * count + dispatches) / (2 * dispatches);
    calls.min(reads.len())
}

/// The what-ifs of an orchestrator, over both units of its figures and both tellings.
fn orchestrator_what_ifs(
    orchestrator: &ReportedOrchestrator,
    night: &ReportedNight,
) -> Vec<OrchestratorWhatIf> {
    let dispatches = usize::try_from(night.dispatches.value()).unwrap_or(1).max(1);
    // The attributed share is one of dispatches: 14 of 26 are 54 %, 12 are 46 %.
    let own = share_of(dispatches as i64, orchestrator.attributed_share.value());
    let own = usize::try_from(own).unwrap_or(0).min(dispatches);
    let (one, two) = ([dispatches], [own, dispatches - own]);
    let growth = orchestrator.context_last.value() - orchestrator.context_first.value();
    let lenses = [Lens::Message, Lens::Record];
    let tellings = lenses.into_iter().flat_map(|lens| {
        ContextTelling::BOTH.map(|telling| orchestrator.reads_by_call(lens, telling))
    });
    let tellings: Vec<Vec<i64>> = tellings.flatten().collect();
    // Figures that no growth meets tell nothing of another orchestrator.
    if tellings.is_empty() {
        return Vec::new();
    }
    let saved_by = |layout: DispatchLayout<'_>| -> Vec<(i64, i64)> {
        let sums = tellings.iter().map(|reads| (reads.iter().sum::<i64>(), reads));
        sums.map(|(sum, reads)| (sum - reads_of_layout(reads, dispatches, layout), sum)).collect()
    };
    let whole = DispatchLayout { orchestrators: &one, ..DispatchLayout::default() };
    let each = DispatchLayout { orchestrators: &two, ..whole };
    let mut rows = vec![what_if(OrchestratorChange::OnePerOrder, &saved_by(each))];
    for (base, one_per_order) in [(whole, false), (each, true)] {
        for fresh_after in FRESH_AFTER {
            let ends = HANDOFF
                .map(|handoff| saved_by(DispatchLayout { fresh_after, handoff, ..base }))
                .concat();
            let dispatches = fresh_after;
            rows.push(what_if(OrchestratorChange::FreshAfter { dispatches, one_per_order }, &ends));
        }
    }
    let bound = growth / dispatches as i64;
    for (tokens, is_bound) in [(A_THOUSAND, false), (bound, true)] {
        let saved = saved_by(DispatchLayout { less_a_result: tokens, ..whole });
        rows.push(what_if(OrchestratorChange::SmallerResults { tokens, is_bound }, &saved));
    }
    rows.push(fewer_shared_calls(orchestrator));
    rows
}

fn what_if(change: OrchestratorChange, saved: &[(i64, i64)]) -> OrchestratorWhatIf {
    let tokens = saved.iter().map(|(saved, _)| *saved);
    let shares = saved.iter().map(|(saved, of)| ratio_bp(*saved, *of));
    OrchestratorWhatIf { change, saved: both_ends(tokens), share_bp: both_ends(shares) }
}

/// The least and the most.
fn both_ends(values: impl Iterator<Item = i64> + Clone) -> [i64; 2] {
    [values.clone().min(), values.max()].map(|end| end.unwrap_or(0))
}

/// Turns that serve no single order. As records they share their call with a tool use, and nothing
/// but their own words would go; as calls each reads the whole context.
fn fewer_shared_calls(orchestrator: &ReportedOrchestrator) -> OrchestratorWhatIf {
    let (shared, calls) = (orchestrator.shared_calls.value(), orchestrator.calls.value());
    let most = scale_by_ratio(orchestrator.read.value(), shared.min(calls), calls);
    let rows = [(0, 1), (most, orchestrator.read.value())];
    what_if(OrchestratorChange::NoSharedTurns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::builtin_pipeline;

    /// `C(j) = 10 + j`, one call a dispatch, in tenths of thousands.
    const READS: [i64; 4] = [110, 120, 130, 140];

    fn check(layout: DispatchLayout<'_>, want: i64) {
        assert_eq!(reads_of_layout(&READS, 4, layout), want, "{layout:?}");
    }

    #[test]
    fn layouts_by_hand() {
        let one = DispatchLayout { orchestrators: &[4], ..DispatchLayout::default() };
        // 11 + 12 + 13 + 14; two orders of two: twice 11 + 12.
        check(one, 500);
        check(DispatchLayout { orchestrators: &[2, 2], ..one }, 460);
        // Four fresh ones, three of which are told half a thousand tokens.
        check(DispatchLayout { fresh_after: 1, handoff: 5, ..one }, 455);
        // Each later call carries 0.4 less of every result before it: 1 + 2 + 3 pairs.
        check(DispatchLayout { less_a_result: 4, ..one }, 500 - 24);
        // A segment longer than all there is changes nothing.
        check(DispatchLayout { fresh_after: 9, handoff: 5, ..one }, 500);
    }

    #[test]
    fn the_whole_is_its_parts_and_the_orchestrator_saves_no_more_than_it_reads() {
        let reported = builtin_pipeline("order-774").unwrap();
        let (night, orchestrator) = (reported.night.as_ref(), reported.orchestrator.as_ref());
        let (night, orchestrator) = (night.unwrap(), orchestrator.unwrap());
        let parts = parts_of_whole(&reported, night, orchestrator, 22_800_000);
        let [low, expected, high] = parts.last().unwrap().reads.unwrap();
        assert!(low < expected && expected < high);
        assert_eq!(high, 22_800_000 + 4_698_000 + 2_800_000);
        let what_ifs = orchestrator_what_ifs(orchestrator, night);
        for one in &what_ifs {
            assert!(0 <= one.saved[0] && one.saved[1] < 8_700_000, "{one:?}");
        }
        // One an order: a fifth, whichever way the context rose.
        let [low, high] = what_ifs[0].share_bp;
        assert!(1_900 <= low && high <= 2_400, "{low} to {high}");
    }
}
