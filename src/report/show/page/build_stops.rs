//! The stops of the slider of effort: the order of building, set by set.

use super::PageSource;
use crate::plan::ToggleSubset;
use crate::study::whatif::measured_steps::comparison_subset;
use crate::study::whatif::subset_lookup::SubsetLookup;

/// What stands after a step of the order of building.
pub(super) struct BuildStop {
    /// All that is built then: bits of the comparison.
    pub subset: ToggleSubset,
    /// What this step builds: bits of the comparison, in the order of the step.
    pub built: Vec<usize>,
}

/// What is ticked when the page opens: the best set; everything where no sweep was made.
pub(super) fn opening_subset(lookup: &SubsetLookup, stops: &[BuildStop]) -> ToggleSubset {
    stops.last().map_or(lookup.bits, |stop| stop.subset)
}

impl PageSource<'_> {
    /// The set that saves most, as bits of the comparison; empty where no sweep was made.
    pub(super) fn best_subset(&self) -> ToggleSubset {
        let shown = &self.report.comparison_report;
        let comparison = shown.comparison;
        shown.sweep.map_or(0, |sweep| comparison_subset(comparison, sweep, sweep.best_subset()))
    }

    /// Nothing, then the sets of the order of building, the best of all at the end; none where no
    /// sweep was made. A set that the page has no tables for is left out.
    pub(super) fn build_stops(&self, lookup: &SubsetLookup) -> Vec<BuildStop> {
        let shown = &self.report.comparison_report;
        let Ok(sweep) = shown.sweep else { return Vec::new() };
        let steps = sweep.order.steps.iter().chain(&sweep.order.best_of_all);
        let stops = steps.map(|step| BuildStop {
            subset: comparison_subset(shown.comparison, sweep, step.subset),
            built: step
                .built
                .iter()
                .filter_map(|&at| bit_of_toggle(shown.comparison, sweep.toggles[at].id))
                .collect(),
        });
        let nothing = BuildStop { subset: 0, built: Vec::new() };
        let all = std::iter::once(nothing).chain(stops);
        all.filter(|stop| stop.subset & !lookup.bits == 0).collect()
    }
}

fn bit_of_toggle(comparison: &crate::study::whatif::Comparison, id: &str) -> Option<usize> {
    comparison.toggles.iter().position(|toggle| toggle.id == id)
}
