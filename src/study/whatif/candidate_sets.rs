//! Sets of toggles among which the choice of what to build is looked at, draw by draw.

use super::build_order::{SweptSets, order_building};
use super::experiment::Experiment;
use super::lattice::{SubsetLattice, spread_bits};
use super::marginal_savings::savings_alone;
use super::savings::Saving;
use super::swept_subset::{SweepEntry, SweepMetric, SweepToggle};
use crate::plan::{Plan, ToggleSubset};
use crate::units::{PicoUsd, saturate_to_i64};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Toggles that take part, those that move most alone: all subsets of them are looked at.
const MOST_TOGGLES: usize = 10;
/// Sets that are looked at in each draw, the best ones.
const MOST_SETS: usize = 64;

/// Sets of no more effort than the order of building takes until one may stop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandidateSets {
    /// Points of work.
    pub(crate) effort: u32,
    /// Their toggles.
    pub(crate) subsets: Vec<ToggleSubset>,
}

impl CandidateSets {
    /// The sets of an experiment at its quoted figures; `None` where nothing saves.
    pub(crate) fn from_plan(experiment: &Experiment<'_>, plan: &Plan) -> Option<Self> {
        let metric = SweepMetric::default_for(experiment);
        let alone = savings_alone(plan, experiment.chosen.len());
        let mut order: Vec<usize> = (0..alone.len()).collect();
        // Those that move most: a set of more toggles than a few would make too many sets.
        order.sort_by_key(|&at| (Reverse(saved_amount(metric, &alone[at]).abs()), at));
        order.retain(|&at| saved_amount(metric, &alone[at]) != 0);
        order.truncate(MOST_TOGGLES);
        // In the order of their bits, so that entry k of the sets is subset k of these toggles.
        order.sort_unstable();
        let bits = order.iter().fold(0, |bits, at| bits | 1 << at);
        let lattice = SubsetLattice::for_bits(plan, alone.len(), bits);
        let toggles: Vec<SweepToggle> =
            order.iter().map(|&at| SweepToggle::from_chosen(&experiment.chosen[at], 1)).collect();
        let entries: Vec<SweepEntry> = (0..1 << order.len())
            .map(|set| {
                let saving = lattice.saving_of_subset(spread_bits(set, bits));
                SweepEntry::from_saving(set, &saving, &toggles)
            })
            .collect();
        let sets = SweptSets { toggles: &toggles, entries: &entries, metric };
        let order = order_building(&sets);
        // What the decision would build tells what effort the sets may take.
        let last = &order.steps[..order.enough].last()?;
        let effort = entries[last.subset as usize].effort;
        let mut affordable: Vec<&SweepEntry> =
            entries.iter().filter(|entry| entry.effort <= effort).collect();
        affordable.sort_by_key(|entry| (Reverse(entry.saved_amount(metric)), entry.subset));
        let subsets = affordable.iter().take(MOST_SETS);
        let subsets = subsets.map(|entry| spread_bits(entry.subset, bits)).collect();
        Some(Self { effort, subsets })
    }
}

fn saved_amount(metric: SweepMetric, saving: &Saving) -> i64 {
    rounded_amount(metric, metric.amount_in_saving(saving))
}

/// What a set saves in a draw: millionths of a dollar, or tokens.
pub(super) fn rounded_amount(metric: SweepMetric, amount: i128) -> i64 {
    match metric {
        // Sums over draws are sums of millionths: pico-dollars would not fit.
        SweepMetric::Dollars => PicoUsd(amount).micro_usd(),
        _ => saturate_to_i64(amount),
    }
}
