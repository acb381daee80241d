//! The contexts of an orchestrator that only totals tell of, and what it reads where its dispatches
//! are laid otherwise.
//!
//! What is told (calls or records, reads, the context at the start and at the end, dispatches)
//! leaves open whether the figures are sums over records and how the context rose. Every such way
//! to read them is a list of reads, call by call, on which a change is laid exactly. With `C(k)`
//! what call k of N reads and `D` dispatches,
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

use crate::plan::DispatchChange;
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::night::ReportedNight;
use crate::reconstruct::orchestrator_reads::ContextTelling;
use crate::reconstruct::reported::ReportedOrchestrator;
use crate::reconstruct::whole_reads::{UnitTelling, tellings_of_unit};
use crate::units::{ratio_bp, scale_by_ratio, share_of};

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

/// One way to read the figures of an orchestrator.
#[derive(Clone, Debug)]
struct ToldReads {
    /// Records a call, hundredths; 100 where its figures are sums over calls.
    records_a_call: i64,
    /// How likely it is, ten-thousandths; none for a way that stands at an end of a range alone.
    chance: i64,
    /// What each call reads.
    reads: Vec<i64>,
}

/// The contexts of an orchestrator, in every way in which its figures can be read.
#[derive(Clone, Debug)]
pub(crate) struct OrchestratorContexts {
    /// Sessions that it dispatched, and those of them for the pipeline itself.
    dispatches: usize,
    own: usize,
    /// The share of its reads that is laid at the pipeline's door, ten-thousandths.
    attributed_share: i64,
    /// The most tokens that the result of a dispatch can have: the growth a dispatch.
    largest_result: i64,
    /// Turns that serve no single order, out of all.
    shared: (i64, i64),
    told: Vec<ToldReads>,
}

/// What orchestrators read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OrchestratorReads {
    /// Those of all orders.
    all: i64,
    /// What is laid at the pipeline's door.
    own: i64,
}

impl OrchestratorContexts {
    /// The contexts of a published orchestrator; `None` where nothing is told of one, or where no
    /// growth of a context meets what is told.
    #[must_use]
    pub(crate) fn from_reported(reported: &ReportedPipeline) -> Option<Self> {
        let (night, orchestrator) = (reported.night.as_ref()?, reported.orchestrator.as_ref()?);
        let dispatches = usize::try_from(night.dispatches.value()).unwrap_or(1).max(1);
        let attributed_share = orchestrator.attributed_share.value();
        // The attributed share is one of dispatches: 14 of 26 are 54 %, 12 are 46 %.
        let own = usize::try_from(share_of(dispatches as i64, attributed_share)).unwrap_or(0);
        let growth = orchestrator.context_last.value() - orchestrator.context_first.value();
        let told = told_reads(orchestrator, night);
        (!told.is_empty()).then(|| Self {
            dispatches,
            own: own.min(dispatches),
            attributed_share,
            largest_result: growth / dispatches as i64,
            shared: (orchestrator.shared_calls.value(), orchestrator.calls.value()),
            told,
        })
    }

    fn reads_under(&self, told: &ToldReads, change: DispatchChange) -> OrchestratorReads {
        if change.one_per_order {
            let dispatches = [self.own, self.dispatches - self.own];
            let all = self.reads_of_orchestrators(told, change, &dispatches);
            // The pipeline's own orchestrator is nobody else's: nothing is shared out.
            let own = self.reads_of_orchestrators(told, change, &dispatches[..1]);
            return OrchestratorReads { all, own };
        }
        let all = self.reads_of_orchestrators(told, change, &[self.dispatches]);
        OrchestratorReads { all, own: share_of(all, self.attributed_share) }
    }

    /// What orchestrators with so many dispatches each read together.
    fn reads_of_orchestrators(
        &self,
        told: &ToldReads,
        change: DispatchChange,
        orchestrators: &[usize],
    ) -> i64 {
        let layout = DispatchLayout {
            orchestrators,
            fresh_after: usize::try_from(change.fresh_after).unwrap_or(0),
            handoff: change.handoff,
            // No result can be larger than what the context grows a dispatch.
            less_a_result: change.less_a_result.min(self.largest_result),
        };
        let reads = reads_of_layout(&told.reads, self.dispatches, layout);
        reads - self.reads_of_dropped_turns(told, reads, change.shared_turns_dropped)
    }

    /// What is not read where a share of the shared turns is not made, out of `reads`. As records
    /// they share their call with a tool use, and nothing but their own words goes; as calls each
    /// reads the whole context, and they are spread evenly.
    fn reads_of_dropped_turns(&self, told: &ToldReads, reads: i64, dropped: i64) -> i64 {
        let (shared, all) = self.shared;
        match told.records_a_call {
            100 => share_of(scale_by_ratio(reads, shared.min(all), all.max(1)), dropped),
            _ => 0,
        }
    }

    /// What any of these changes saves for all orders: least and most over everything that is open,
    /// as tokens and as shares of what is read, and what is expected of `mean`.
    pub(crate) fn saving_of(&self, changes: &[DispatchChange], mean: DispatchChange) -> SavedReads {
        // Ways without a chance of their own stand at the ends of the whole alone.
        let likely = self.told.iter().filter(|told| told.chance > 0);
        let (mut saved, mut share_bp, mut expected) = (Vec::new(), Vec::new(), 0);
        for told in likely {
            let of = told.reads.iter().sum::<i64>();
            for &change in changes {
                let tokens = of - self.reads_under(told, change).all;
                saved.push(tokens);
                share_bp.push(ratio_bp(tokens, of));
            }
            expected += share_of(of - self.reads_under(told, mean).all, told.chance);
        }
        SavedReads { saved: both_ends(&saved), share_bp: both_ends(&share_bp), expected }
    }

    /// What is read at the pipeline's door under changes: at the least, what is expected of
    /// `mean`, at the most.
    pub(crate) fn own_reads(&self, changes: &[DispatchChange], mean: DispatchChange) -> [i64; 3] {
        let mut ends = Vec::new();
        let mut expected = 0;
        for told in &self.told {
            let reads = changes.iter().map(|&change| self.reads_under(told, change).own);
            ends.extend(reads);
            // Chances of the ways add up to one; ways without one stand at the ends alone.
            expected += share_of(self.reads_under(told, mean).own, told.chance);
        }
        let [low, high] = both_ends(&ends);
        [low, expected, high]
    }
}

/// The reads of the calls in every way in which they can be told.
fn told_reads(orchestrator: &ReportedOrchestrator, night: &ReportedNight) -> Vec<ToldReads> {
    let mut told = Vec::new();
    for UnitTelling { records_a_call, chance } in tellings_of_unit(night.orchestrator_over_records)
    {
        let rises =
            ContextTelling::BOTH.map(|rise| orchestrator.reads_by_call(records_a_call, rise));
        let rises: Vec<Vec<i64>> = rises.into_iter().flatten().collect();
        // Nobody tells how the context rose: both ways alike.
        let chance = chance / (rises.len().max(1)) as i64;
        told.extend(rises.into_iter().map(|reads| ToldReads { records_a_call, chance, reads }));
    }
    told
}

/// What is saved of an orchestrator's reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SavedReads {
    /// The least and the most, tokens.
    pub(crate) saved: [i64; 2],
    /// The same as shares of what is read, ten-thousandths.
    pub(crate) share_bp: [i64; 2],
    /// By the chances of what is open, tokens.
    pub(crate) expected: i64,
}

/// The least and the most; nothing of nothing.
fn both_ends(values: &[i64]) -> [i64; 2] {
    [values.iter().min(), values.iter().max()].map(|end| end.copied().unwrap_or(0))
}

#[cfg(test)]
impl OrchestratorContexts {
    /// One orchestrator of `own + others` dispatches in one telling, `shared` of its calls shared,
    /// with figures over calls.
    pub(crate) fn for_tests(reads: &[i64], (own, others): (usize, usize), shared: i64) -> Self {
        use crate::units::BASIS_POINTS;
        let dispatches = own + others;
        Self {
            dispatches,
            own,
            attributed_share: BASIS_POINTS * own as i64 / dispatches as i64,
            largest_result: i64::MAX,
            shared: (shared, reads.len() as i64),
            told: vec![ToldReads {
                records_a_call: 100,
                chance: BASIS_POINTS,
                reads: reads.to_vec(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BASIS_POINTS;

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
    fn nothing_changed_is_what_is_told_and_no_change_saves_more_than_is_read() {
        let reported = crate::reconstruct::builtin_pipeline("order-774").unwrap();
        let contexts = OrchestratorContexts::from_reported(&reported).unwrap();
        assert_eq!((contexts.dispatches, contexts.own, contexts.largest_result), (26, 14, 3_192));
        let nothing = DispatchChange::default();
        let whole = reported.whole_by_part();
        let [low, expected, high] = whole[1].reads.unwrap();
        let [least, mean, most] = contexts.own_reads(&[nothing], nothing);
        assert_eq!((least, most), (low, high));
        assert!((mean - expected).abs() <= 2, "{mean} {expected}");
        assert_eq!(contexts.saving_of(&[nothing], nothing).saved, [0, 0]);
        let everything = DispatchChange {
            one_per_order: true,
            fresh_after: 1,
            less_a_result: i64::MAX,
            shared_turns_dropped: BASIS_POINTS,
            ..nothing
        };
        let saved = contexts.saving_of(&[everything], everything);
        assert!(0 < saved.saved[0] && saved.saved[1] < 8_700_000, "{saved:?}");
        // One an order: a fifth, whichever way the context rose.
        let own = DispatchChange { one_per_order: true, ..nothing };
        let [low, high] = contexts.saving_of(&[own], own).share_bp;
        assert!(1_900 <= low && high <= 2_400, "{low} to {high}");
    }
}
